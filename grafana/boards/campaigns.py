"""Campaigns: window, budget and pace, goal and results, and what was there before."""

from typing import Final

from grafana.boards.channels import NAME, TO_JOURNEYS
from grafana.panel import Board, Column, Link, Mark, Panel, Row, Step, Variable
from grafana.query import COMMON, MODEL, NAMED, OF_SITE, PERIOD, SCOPE, SINCE, TIME, UNTIL, ZONE, cut, name_of
from grafana.words import STAGES, Text, Word

CHOSEN: Final = "$__conditionalAll(campaign IN (${campaign:singlequote}), $campaign)"
CAMPAIGN: Final = Column("label", Text("캠페인", "Campaign"), "string")
TO_CHANNELS: Final = Link("channels", Text("채널 전체와 비교하면?", "And against the whole channel?"))
STATUS: Final = {
    "planned": Word(Text("시작 전", "Not started"), "blue"),
    "running": Word(Text("진행 중", "Running"), "green"),
    "ended": Word(Text("끝남", "Ended")),
}
PACE: Final = {
    "over": Word(Text("예산보다 빠름", "Over pace"), "red"),
    "on": Word(Text("예산대로", "On pace"), "green"),
    "under": Word(Text("예산보다 느림", "Under pace"), "orange"),
    "no_budget": Word(Text("예산 없음", "No budget")),
    "no_spend": Word(Text("비용 미입력", "Spend not entered"), "yellow"),
    "planned": Word(Text("시작 전", "Not started")),
}
GOAL: Final = {
    "reached": Word(Text("달성", "Reached"), "green"),
    "open": Word(Text("아직", "Not yet"), "orange"),
    "missed": Word(Text("미달", "Missed"), "red"),
    "none": Word(Text("목표 없음", "No goal")),
    "elsewhere": Word(Text("측정값으로 판단", "By a recorded measure")),
}
LABEL: Final = "if(name = '', toString(campaign), name)"

# Each campaign with what was spent on it until the end of the period, and how far its own window has run.
_WINDOWS: Final = f"""
    SELECT
        {LABEL} AS label, channel, campaign, starts_on, ends_on, budget, goal_metric, goal_count,
        inquiries, consults, registrations, revenue, visits, scans, calls, to_date.won AS spent_to_date,
        multiIf(starts_on > {UNTIL}, 'planned', ends_on < {UNTIL}, 'ended', 'running') AS status,
        if(isNull(starts_on) OR isNull(ends_on), NULL,
            greatest(least({UNTIL}, ends_on) - starts_on + 1, 0) / (ends_on - starts_on + 1)) AS elapsed,
        if(budget > 0, to_date.won / budget, NULL) AS used,
        multiIf(
            goal_metric = 'inquiry', inquiries, goal_metric = 'consult', consults,
            goal_metric = 'registration', registrations, goal_metric = 'visit', toFloat64(visits),
            goal_metric = 'scan', toFloat64(scans), goal_metric = 'call', toFloat64(calls),
            goal_metric = 'revenue', toFloat64(revenue), NULL
        ) AS reached
    FROM (SELECT * FROM headwater.campaign_windows WHERE {OF_SITE} AND model = {MODEL} AND {CHOSEN}) AS windows
    LEFT JOIN
    (
        SELECT campaign, sum(amount) AS won
        FROM headwater.spend_daily
        WHERE {OF_SITE} AND campaign != '' AND day <= {UNTIL} AND kind IN ('media', 'agency', 'staff', 'reward')
        GROUP BY campaign
    ) AS to_date USING (campaign)
"""

CAMPAIGNS: Final = Panel(
    "campaigns",
    "table",
    Text("캠페인", "Campaigns"),
    Text(
        "기간의 끝 날을 기준으로 봅니다. 예산 속도는 (쓴 돈 ÷ 예산)을 (지난 날 ÷ 전체 날)과 견준 것으로, 10% 넘게 다르면 빠르거나 느립니다."
        " 결과는 캠페인 기간 안의 것만 셉니다.",
        "As of the last day of the period. Pace sets spent ÷ budget against elapsed ÷ whole; more than 10% off is over or"
        " under. Results are those inside the campaign's window.",
    ),
    f"""
WITH {NAMED}
SELECT
    label, {name_of()} AS name, status, starts_on, ends_on, elapsed, nullIf(spent_to_date, 0) AS spent, nullIf(budget, 0) AS planned,
    if(spent_to_date > 0, used, NULL) AS used_share,
    multiIf(
        status = 'planned', 'planned', budget = 0, 'no_budget', spent_to_date = 0, 'no_spend',
        used > elapsed * 1.1, 'over', used < elapsed * 0.9, 'under', 'on'
    ) AS pace,
    if(goal_metric = '', '', toString(goal_metric)) AS goal, goal_count, reached,
    multiIf(
        goal_metric = '' OR isNull(goal_count), 'none', isNull(reached), 'elsewhere', reached >= goal_count, 'reached',
        status = 'ended', 'missed', 'open'
    ) AS verdict,
    visits + scans + calls AS contacts, inquiries, registrations,
    if(spent_to_date > 0 AND registrations > 0, spent_to_date / registrations, NULL) AS cac, revenue
FROM
({_WINDOWS})
ORDER BY status = 'ended', starts_on DESC, campaign
""",
    (
        CAMPAIGN,
        NAME,
        Column("status", Text("상태", "Status"), "string", STATUS),
        Column("starts_on", Text("시작", "Starts"), "date"),
        Column("ends_on", Text("끝", "Ends"), "date"),
        Column("elapsed", Text("지난 기간", "Elapsed"), "percentunit"),
        Column("spent", Text("쓴 돈", "Spent"), "currencyKRW"),
        Column("planned", Text("예산", "Budget"), "currencyKRW"),
        Column("used_share", Text("예산 사용", "Budget used"), "percentunit"),
        Column("pace", Text("속도", "Pace"), "string", PACE),
        Column("goal", Text("목표", "Goal"), "string", STAGES),
        Column("goal_count", Text("목표 수", "Target")),
        Column("reached", Text("지금", "So far")),
        Column("verdict", Text("목표 달성", "Reached?"), "string", GOAL),
        Column("contacts", Text("방문·스캔·전화", "Visits, scans, calls")),
        Column("inquiries", Text("문의", "Inquiries")),
        Column("registrations", Text("등록", "Registered")),
        Column("cac", Text("CAC", "CAC"), "currencyKRW"),
        Column("revenue", Text("매출", "Revenue"), "currencyKRW"),
    ),
    TO_CHANNELS,
    height=9,
    empty=Text(
        "정의된 캠페인이 없습니다. headwater define 으로 정의합니다.",
        "No campaign is defined; headwater define defines one.",
    ),
)

PROGRESS: Final = Panel(
    "progress",
    "bars",
    Text("지난 기간, 쓴 예산, 이룬 목표", "Elapsed, spent, reached"),
    Text(
        "세 막대가 비슷하면 계획대로입니다. 예산이 목표보다 먼저 차면 멈추고 살펴보세요.",
        "Three bars alike: as planned. When the budget fills before the goal, stop and look.",
    ),
    f"""
SELECT
    label, {cut("elapsed")} AS gone, if(spent_to_date > 0, {cut("used")}, NULL) AS spent,
    if(goal_count > 0, {cut("reached / goal_count")}, NULL) AS done
FROM
({_WINDOWS})
WHERE isNotNull(elapsed)
ORDER BY status = 'ended', starts_on DESC, campaign
LIMIT 12
""",
    (
        CAMPAIGN,
        Column("gone", Text("지난 기간", "Elapsed"), "percentunit"),
        Column("spent", Text("쓴 예산", "Budget used"), "percentunit"),
        Column("done", Text("이룬 목표", "Goal reached"), "percentunit"),
    ),
    TO_CHANNELS,
    "percentunit",
    width=12,
    height=9,
)


def _trend(slug: str, title: Text, description: Text, counted: str) -> Panel:
    return Panel(
        slug,
        "time",
        title,
        description,
        f"""
SELECT time, label, sum(counted) AS value
FROM
(
    SELECT {TIME} AS time, campaign, {counted} AS counted
    FROM headwater.channel_funnel_daily AS funnel
    WHERE {SCOPE} AND model = {MODEL} AND {PERIOD} AND campaign != '' AND {CHOSEN}
) AS results
INNER JOIN (SELECT campaign, {LABEL} AS label FROM headwater.campaigns WHERE {OF_SITE}) AS known USING (campaign)
GROUP BY time, label
HAVING value > 0
ORDER BY time, label
""",
        (Column("time", Text("날짜", "Day"), "date"), CAMPAIGN, Column("value", title)),
        TO_JOURNEYS,
        width=12,
        height=9,
        stacked=True,
    )


CONTACTS: Final = _trend(
    "campaign_contacts",
    Text("캠페인이 부른 방문·스캔·전화", "Visits, scans and calls of campaigns"),
    Text("캠페인마다 하루·주·달의 접점 수입니다.", "Touches of each campaign by day, week or month."),
    "visits + scans + calls",
)
INQUIRIES: Final = _trend(
    "campaign_inquiries",
    Text("캠페인이 부른 문의", "Inquiries of campaigns"),
    Text("선택한 모델로 캠페인에 돌아간 문의입니다.", "Inquiries credited to campaigns by the chosen model."),
    "funnel.inquiries",
)

BEFORE_AFTER: Final = Panel(
    "campaign_before_after",
    "table",
    Text("캠페인 전과 후", "Before and during"),
    Text(
        "캠페인의 채널 전체를 (채널이 없으면 모든 채널을) 캠페인 기간과 바로 앞의 같은 길이의 기간으로 견줍니다."
        " 계절의 영향은 빠지지 않습니다. 앞 기간의 첫 주에 기록이 없으면 –입니다.",
        "The campaign's whole channel (all channels where it names none), inside the window against the same length of"
        " time before. The season is not removed. – where the record does not reach back to the first week of it.",
    ),
    f"""
SELECT
    label, days,
    if(recorded, asked_before, NULL) AS inquiries_before, asked_during AS inquiries_during,
    if(recorded, asked_during - asked_before, NULL) AS inquiries_change,
    if(recorded, registered_before, NULL) AS registrations_before, registered_during AS registrations_during,
    if(recorded, registered_during - registered_before, NULL) AS registrations_change
FROM
(
    SELECT
        label, campaign, starts_on, any(length) AS days,
        min(day) <= starts_on - any(length) + 7 AS recorded,
        sumIf(inquiries, ours AND day < starts_on) AS asked_before, sumIf(inquiries, ours AND day >= starts_on) AS asked_during,
        sumIf(registrations, ours AND day < starts_on) AS registered_before,
        sumIf(registrations, ours AND day >= starts_on) AS registered_during
    FROM
    (
        SELECT
            label, known.campaign AS campaign, starts_on, day, inquiries, registrations, length,
            known.channel = '' OR known.channel = funnel.channel AS ours
        FROM (SELECT * FROM headwater.channel_funnel_daily WHERE {SCOPE} AND model = {MODEL}) AS funnel
        CROSS JOIN
        (
            SELECT
                {LABEL} AS label, campaign, channel, starts_on, least(ifNull(ends_on, {UNTIL}), {UNTIL}) AS last_on,
                last_on - starts_on + 1 AS length
            FROM headwater.campaigns
            WHERE {OF_SITE} AND {CHOSEN} AND starts_on <= {UNTIL}
        ) AS known
        WHERE day BETWEEN starts_on - length AND last_on
    )
    GROUP BY label, campaign, starts_on
)
ORDER BY starts_on DESC, campaign
""",
    (
        CAMPAIGN,
        Column("days", Text("날수", "Days")),
        Column("inquiries_before", Text("문의 전", "Inquiries before")),
        Column("inquiries_during", Text("문의 중", "Inquiries during")),
        Column(
            "inquiries_change",
            Text("변화", "Change"),
            steps=(Step(-1e9, "red"), Step(0, "text"), Step(0.0001, "green")),
        ),
        Column("registrations_before", Text("등록 전", "Registered before")),
        Column("registrations_during", Text("등록 중", "Registered during")),
        Column(
            "registrations_change",
            Text("변화", "Change"),
            steps=(Step(-1e9, "red"), Step(0, "text"), Step(0.0001, "green")),
        ),
    ),
    TO_CHANNELS,
    width=12,
    height=9,
)

_MARK: Final = "SELECT toDateTime({day}, {zone}) AS time, concat({label}, ' {sign}') AS text, 'campaign' AS tags FROM headwater.campaigns WHERE {scope} AND {day} BETWEEN {since} AND {until}"
_MARKED: Final = {
    "zone": ZONE,
    "label": LABEL,
    "scope": f"{OF_SITE} AND {CHOSEN}",
    "since": SINCE,
    "until": UNTIL,
}

BOARD: Final = Board(
    "campaigns",
    Text("캠페인", "Campaigns"),
    Text("예산은 제 속도로 쓰이는지, 목표에 닿는지.", "Whether budgets run at their pace and goals are reached."),
    (
        Row(Text("한눈에", "At a glance"), (CAMPAIGNS,)),
        Row(Text("진행", "Progress"), (PROGRESS, BEFORE_AFTER)),
        Row(Text("결과", "Results"), (CONTACTS, INQUIRIES)),
    ),
    (
        *COMMON,
        Variable(
            "campaign", Text("캠페인", "Campaign"),
            sql=f"SELECT toString(campaign) AS campaign, {LABEL} AS label FROM headwater.campaigns WHERE {OF_SITE} ORDER BY campaign",
            several=True,
        ),
    ),
    (
        Mark("starts", Text("캠페인 시작", "Campaign starts"), _MARK.format(day="starts_on", sign="▶", **_MARKED), "green"),
        Mark("ends", Text("캠페인 끝", "Campaign ends"), _MARK.format(day="ends_on", sign="■", **_MARKED), "orange"),
    ),
)  # fmt: skip

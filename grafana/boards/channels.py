"""Channels: what each channel costs and brings, on- and offline on one screen, and what to do about it."""

from typing import Final

from grafana.panel import Board, Column, Link, Panel, Row, Step
from grafana.query import (
    BEFORE_SINCE,
    BEFORE_UNTIL,
    COMMON,
    FEWEST,
    MODEL,
    NAMED,
    PERIOD,
    SCOPE,
    SINCE,
    TIME,
    UNTIL,
    cut,
    name_of,
    rate,
    scoreboard,
    worded,
)
from grafana.words import ACTIONS, CHANNELS, TOO_FEW, Text, Word

NAME: Final = Column("name", Text("채널", "Channel"), "string", CHANNELS)
NOTES: Final = {
    "too_few": Word(Text("자료 부족: 개수만 보세요", "Too few: look at the counts"), "orange"),
    "no_spend": Word(Text("비용을 입력하세요", "Enter its spend"), "yellow"),
    "no_registration": Word(Text("아직 등록 없음", "No registration yet"), "orange"),
    "depends": Word(Text("모델에 따라 다름", "Depends on the rule"), "orange"),
}
TO_ATTRIBUTION: Final = Link(
    "attribution", Text("다른 모델로 보면 어떨까요?", "What do the other models say?")
)
TO_CAMPAIGNS: Final = Link("campaigns", Text("어느 캠페인이 이끌었나요?", "Which campaign brought it?"))
TO_JOURNEYS: Final = Link("journeys", Text("어떤 길로 왔나요?", "Which paths did they take?"))

_WHOLE: Final = f"""
SELECT
    sum(board.inquiries) AS inquiries, sum(board.consults) AS consults, sum(board.registrations) AS registrations,
    sum(board.spend) AS spend, if(registrations > 0 AND spend > 0, spend / registrations, NULL) AS cac,
    sum(board.revenue) AS revenue,
    if(countIf(action != 'no_payments' AND board.spend > 0) > 0,
        {cut("(sumIf(board.revenue, board.spend > 0) - sum(board.spend)) / sum(board.spend)")}, NULL) AS paid_roi
FROM {scoreboard()} AS board
HAVING count() > 0
"""

OVERVIEW: Final = Panel(
    "totals",
    "stat",
    Text("한눈에", "At a glance"),
    Text(
        "기간 안의 모든 채널 합계입니다. CAC는 지출 ÷ 등록, ROI는 지출이 있는 채널만의 (매출 − 지출) ÷ 지출입니다.",
        "All channels of the period together. CAC is spend ÷ registrations; ROI is (revenue − spend) ÷ spend of the"
        " channels with spend alone.",
    ),
    _WHOLE,
    (
        Column("inquiries", Text("문의", "Inquiries")),
        Column("consults", Text("상담", "Consults")),
        Column("registrations", Text("등록", "Registrations")),
        Column("spend", Text("지출", "Spend"), "currencyKRW"),
        Column("cac", Text("CAC", "CAC"), "currencyKRW", empty=Text("등록 없음", "no registration")),
        Column("revenue", Text("매출", "Revenue"), "currencyKRW"),
        Column(
            "paid_roi",
            Text("유료 채널 ROI", "ROI of paid channels"),
            "percentunit",
            empty=Text("지출·결제 없음", "no spend or payments"),
        ),
    ),
    TO_ATTRIBUTION,
    width=18,
    height=4,
)

UNATTRIBUTED: Final = Panel(
    "unattributed",
    "stat",
    Text("출처를 모르는 문의", "Inquiries from nowhere"),
    Text(
        f"출처를 모르는 문의의 비율입니다. 문의가 {FEWEST}건보다 적으면 비율을 보이지 않습니다.",
        f"Share of inquiries whose source is unknown. With fewer than {FEWEST} inquiries no share is shown.",
    ),
    f"""
SELECT
    {rate("unknown", "inquiries")} AS share,
    sumIf(board.inquiries, channel = 'unattributed') AS unknown,
    sum(board.inquiries) AS inquiries
FROM headwater.channel_funnel_daily AS board
WHERE {SCOPE} AND {PERIOD} AND model = {MODEL}
HAVING count() > 0
""",
    (
        Column(
            "share",
            Text("비율", "Share"),
            "percentunit",
            empty=TOO_FEW,
            steps=(Step(0, "green"), Step(0.1, "orange"), Step(0.3, "red")),
        ),
        Column("unknown", Text("출처 모름", "Unknown")),
        Column("inquiries", Text("전체 문의", "All inquiries")),
    ),
    TO_JOURNEYS,
    "percentunit",
    width=6,
    height=4,
)

SCOREBOARD: Final = Panel(
    "scoreboard",
    "table",
    Text("채널 점수판", "Channel scoreboard"),
    Text(
        "온라인과 오프라인의 모든 채널입니다. 판단: ROI 100% 미만 중단, 300% 미만 유지, 그 이상 증액 (기관 설정이 우선)."
        " ‘출처 모름’은 늘 보입니다. ∞는 비용 없이 매출이 있다는 뜻이고, –는 정할 수 없다는 뜻입니다.",
        "Every channel, online and offline. Action: ROI below 100% stop, below 300% keep, else increase (the site's own"
        " thresholds go first). Unattributed is always there. ∞ is revenue without spend, – cannot be said.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name, action,
    multiIf(
        channel IN ('unattributed', 'direct'), '',
        action = 'too_little_data', 'too_few',
        action = 'no_spend', 'no_spend',
        spend > 0 AND registrations = 0, 'no_registration',
        action_agreement < 5, 'depends',
        ''
    ) AS note,
    if(action = 'none', '', concat(toString(action_agreement), ' / 5')) AS agreement,
    if(action = 'no_spend', NULL, spend) AS spent, visits, scans, calls, inquiries, consults, registrations,
    {cut("inquiry_to_registration")} AS registered, cac, loaded_cac, revenue,
    {cut("roi")} AS roi, {cut("ltv_roi")} AS ltv_roi, ltv_to_cac
FROM {scoreboard()}
ORDER BY channel = 'unattributed', spend DESC, registrations DESC, channel
""",
    (
        NAME,
        Column("action", Text("판단", "Action"), "string", ACTIONS),
        Column("note", Text("비고", "Note"), "string", NOTES),
        Column("agreement", Text("같은 판단 모델", "Models agreed"), "string"),
        Column("spent", Text("지출", "Spend"), "currencyKRW"),
        Column("visits", Text("방문", "Visits")),
        Column("scans", Text("스캔", "Scans")),
        Column("calls", Text("전화", "Calls")),
        Column("inquiries", Text("문의", "Inquiries")),
        Column("consults", Text("상담", "Consults")),
        Column("registrations", Text("등록", "Registered"), bar=True),
        Column("registered", Text("등록률", "Rate"), "percentunit"),
        Column("cac", Text("CAC", "CAC"), "currencyKRW"),
        Column("loaded_cac", Text("총비용 CAC", "Loaded CAC"), "currencyKRW"),
        Column("revenue", Text("매출", "Revenue"), "currencyKRW"),
        Column("roi", Text("ROI", "ROI"), "percentunit"),
        Column("ltv_roi", Text("LTV 기준 ROI", "ROI by LTV"), "percentunit"),
        Column("ltv_to_cac", Text("LTV:CAC", "LTV:CAC"), "none"),
    ),
    TO_ATTRIBUTION,
    height=12,
)


def _trend(slug: str, title: Text, description: Text, counted: str) -> Panel:
    return Panel(
        slug,
        "time",
        title,
        description,
        f"""
WITH {NAMED}
SELECT time, {worded()} AS name, value
FROM
(
    SELECT {TIME} AS time, channel, sum({counted}) AS value
    FROM headwater.channel_funnel_daily
    WHERE {SCOPE} AND model = {MODEL} AND {PERIOD}
    GROUP BY time, channel
    HAVING value > 0
)
ORDER BY time, name
""",
        (Column("time", Text("날짜", "Day"), "date"), NAME, Column("value", title)),
        TO_CAMPAIGNS,
        width=12,
        height=9,
        stacked=True,
    )


INQUIRY_TREND: Final = _trend(
    "inquiry_trend",
    Text("채널별 문의 추이", "Inquiries by channel over time"),
    Text(
        "선택한 모델로 나눈 문의 수입니다. 기간이 길면 주나 달로 묶습니다. 첫·마지막 묶음은 기간에 잘릴 수 있습니다.",
        "Inquiries as the chosen model credits them. Longer periods by week or month; the first and last bar may be cut"
        " by the period.",
    ),
    "inquiries",
)
REGISTRATION_TREND: Final = _trend(
    "registration_trend",
    Text("채널별 등록 추이", "Registrations by channel over time"),
    Text(
        "선택한 모델로 나눈 등록 수입니다. 최근의 문의는 아직 등록하지 않았을 수 있습니다.",
        "Registrations as the chosen model credits them. Recent inquiries may still register.",
    ),
    "registrations",
)

FUNNEL: Final = Panel(
    "funnel",
    "table",
    Text("채널별 깔때기", "Funnel of each channel"),
    Text(
        f"방문·스캔·전화에서 문의, 상담, 등록까지의 수와 비율입니다. 바탕이 {FEWEST}건보다 적은 비율은 ‘자료 부족’입니다."
        " 기다림이 있으면 비율이 100%를 넘을 수 있습니다.",
        f"From visits, scans and calls to inquiries, consults and registrations, counts beside rates. A rate of fewer"
        f" than {FEWEST} is “too few”. Waiting lists can push a rate over 100%.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name, visits + scans + calls AS contacts, {rate("inquiries", "contacts")} AS to_inquiry, inquiries,
    {rate("consults", "inquiries")} AS to_consult, consults,
    {rate("registrations", "consults")} AS to_registration, registrations
FROM {scoreboard()}
WHERE visits + scans + calls + inquiries + consults + registrations > 0
ORDER BY channel = 'unattributed', inquiries DESC, channel
""",
    (
        NAME,
        Column("contacts", Text("방문·스캔·전화", "Visits, scans, calls"), bar=True),
        Column("to_inquiry", Text("→ 문의", "→ inquiry"), "percentunit", empty=TOO_FEW),
        Column("inquiries", Text("문의", "Inquiries"), bar=True),
        Column("to_consult", Text("→ 상담", "→ consult"), "percentunit", empty=TOO_FEW),
        Column("consults", Text("상담", "Consults"), bar=True),
        Column("to_registration", Text("→ 등록", "→ registered"), "percentunit", empty=TOO_FEW),
        Column("registrations", Text("등록", "Registered"), bar=True),
    ),
    TO_JOURNEYS,
    height=10,
)

CAC: Final = Panel(
    "cac",
    "bars",
    Text("등록 한 명의 비용 (CAC)", "Cost of a registration (CAC)"),
    Text(
        "지출 ÷ 등록. 총비용은 영업·도구·관리·교육 비용까지 나눈 것입니다. 등록이나 지출이 없는 채널은 여기 없습니다.",
        "Spend ÷ registrations; loaded adds sales, tool, upkeep and training cost. Channels without spend or"
        " registrations are not here.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, cac, loaded_cac
FROM {scoreboard()}
WHERE cac > 0
ORDER BY cac DESC
""",
    (
        NAME,
        Column("cac", Text("CAC", "CAC"), "currencyKRW"),
        Column("loaded_cac", Text("총비용 CAC", "Loaded CAC"), "currencyKRW"),
    ),
    TO_CAMPAIGNS,
    "currencyKRW",
    width=12,
    height=9,
)

ROI: Final = Panel(
    "roi",
    "bars",
    Text("ROI: 실제 매출과 LTV 기준", "ROI: realised and by LTV"),
    Text(
        "실제 ROI는 지금까지의 결제로, LTV 기준은 등록 × 생애가치로 계산합니다. 판단의 근거는 실제 ROI뿐입니다."
        " 지출이 없는 채널은 여기 없습니다.",
        "Realised by payments so far; by LTV by registrations × lifetime value. Only the realised one grounds an"
        " action. Channels without spend are not here.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, {cut("roi")} AS roi, {cut("ltv_roi")} AS ltv_roi
FROM {scoreboard()}
WHERE spend > 0 AND roi IS NOT NULL
ORDER BY roi DESC
""",
    (
        NAME,
        Column("roi", Text("실제 ROI", "Realised ROI"), "percentunit"),
        Column("ltv_roi", Text("LTV 기준 ROI", "ROI by LTV"), "percentunit"),
    ),
    TO_ATTRIBUTION,
    "percentunit",
    width=12,
    height=9,
)

LTV: Final = Panel(
    "ltv_to_cac",
    "bars",
    Text("LTV : CAC", "LTV : CAC"),
    Text(
        "한 사람의 생애가치가 그 사람을 얻는 비용의 몇 배인지입니다. 기관 설정에 LTV가 없으면 비어 있습니다.",
        "How many times its acquisition cost a customer is worth. Empty where the site has no LTV set.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, ltv_to_cac
FROM {scoreboard()}
WHERE isFinite(ltv_to_cac) AND cac > 0
ORDER BY ltv_to_cac DESC
""",
    (NAME, Column("ltv_to_cac", Text("LTV ÷ CAC", "LTV ÷ CAC"), "none")),
    TO_CAMPAIGNS,
    "none",
    width=12,
    height=9,
)

KNOWN_TREND: Final = Panel(
    "known_trend",
    "time",
    Text("출처를 아는 문의와 모르는 문의", "Inquiries with and without a source"),
    Text(
        "출처를 모르는 문의가 늘면 태그·번호·질문 메뉴를 점검하세요.",
        "When the unknown ones grow, check tags, numbers and the question at the desk.",
    ),
    f"""
SELECT
    {TIME} AS time,
    sumIf(inquiries, channel != 'unattributed') AS known,
    sumIf(inquiries, channel = 'unattributed') AS unknown
FROM headwater.channel_funnel_daily
WHERE {SCOPE} AND model = {MODEL} AND {PERIOD}
GROUP BY time
ORDER BY time
""",
    (
        Column("time", Text("날짜", "Day"), "date"),
        Column("known", Text("출처를 앎", "Source known")),
        Column("unknown", Text("출처 모름", "Unattributed")),
    ),
    TO_JOURNEYS,
    width=12,
    height=9,
    stacked=True,
)


def _of_period(since: str, until: str, now: int) -> str:
    """The scoreboard of a period, null where the record does not reach back to its first week: no data is no zero."""
    return f"""
    SELECT
        channel, {now} AS now,
        (SELECT min(day) FROM headwater.channel_funnel_daily WHERE {SCOPE} AND model = {MODEL}) <= {since} + 7 AS recorded,
        if(recorded, spend, NULL) AS spent, if(recorded, inquiries, NULL) AS asked,
        if(recorded, registrations, NULL) AS registered, if(recorded, cac, NULL) AS cost
    FROM {scoreboard(since, until)}
"""


BEFORE_AFTER: Final = Panel(
    "before_after",
    "table",
    Text("앞선 같은 길이의 기간과 비교", "Against the period before, of the same length"),
    Text(
        "선택한 기간 바로 앞의 같은 길이의 기간과 비교합니다. 계절의 영향은 빠지지 않습니다. 기간의 첫 주부터 기록이 없으면 –입니다.",
        "Against the same number of days just before. The season is not removed. – where the record does not reach back to the first week.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name,
    maxIf(spent, now = 0) AS spend_before, maxIf(spent, now = 1) AS spend_now,
    maxIf(asked, now = 0) AS inquiries_before, maxIf(asked, now = 1) AS inquiries_now,
    maxIf(registered, now = 0) AS registrations_before, maxIf(registered, now = 1) AS registrations_now,
    registrations_now - registrations_before AS registrations_change,
    maxIf(cost, now = 0) AS cac_before, maxIf(cost, now = 1) AS cac_now
FROM
(
{_of_period(BEFORE_SINCE, BEFORE_UNTIL, 0)}
    UNION ALL
{_of_period(SINCE, UNTIL, 1)}
)
GROUP BY channel
ORDER BY channel = 'unattributed', spend_now DESC, inquiries_now DESC, channel
""",
    (
        NAME,
        Column("spend_before", Text("지출 전", "Spend before"), "currencyKRW"),
        Column("spend_now", Text("지출 후", "Spend now"), "currencyKRW"),
        Column("inquiries_before", Text("문의 전", "Inquiries before")),
        Column("inquiries_now", Text("문의 후", "Inquiries now")),
        Column("registrations_before", Text("등록 전", "Registered before")),
        Column("registrations_now", Text("등록 후", "Registered now")),
        Column(
            "registrations_change", Text("등록 변화", "Change"),
            steps=(Step(-1e9, "red"), Step(0, "text"), Step(0.0001, "green")),
        ),
        Column("cac_before", Text("CAC 전", "CAC before"), "currencyKRW"),
        Column("cac_now", Text("CAC 후", "CAC now"), "currencyKRW"),
    ),
    TO_CAMPAIGNS,
    height=10,
)  # fmt: skip


def _matured(months: int) -> str:
    """Of a month's inquiries, the share registered so many months later; null while the youngest may still register."""
    counted = f"sum(after_{months}_month{'s' if months > 1 else ''})"
    return f"if(addMonths(toLastDayOfMonth(cohort), {months}) <= {UNTIL}, {rate(counted, 'sum(inquiries)')}, NULL)"


COHORTS: Final = Panel(
    "cohorts",
    "table",
    Text("문의 월별 등록률", "Registration by month of inquiry"),
    Text(
        f"그 달에 문의한 사람 중 1·2·3·6개월 안에 등록한 비율입니다. 아직 기간이 차지 않았거나 문의가 {FEWEST}건보다 적으면 –입니다.",
        f"Of those who inquired in a month, how many registered within 1, 2, 3, 6 months. – while the cohort is still"
        f" maturing or has fewer than {FEWEST} inquiries.",
    ),
    f"""
SELECT
    cohort, sum(inquiries) AS asked, sum(registrations) AS registered,
    {_matured(1)} AS after_1, {_matured(2)} AS after_2, {_matured(3)} AS after_3, {_matured(6)} AS after_6
FROM headwater.inquiry_cohorts_monthly
WHERE {SCOPE} AND model = {MODEL} AND cohort <= {UNTIL} AND cohort >= addMonths(toStartOfMonth({UNTIL}), -12)
GROUP BY cohort
ORDER BY cohort DESC
""",
    (
        Column("cohort", Text("문의한 달", "Month of inquiry"), "date"),
        Column("asked", Text("문의", "Inquiries"), bar=True),
        Column("registered", Text("지금까지 등록", "Registered so far"), bar=True),
        Column("after_1", Text("1개월 안", "Within 1 month"), "percentunit"),
        Column("after_2", Text("2개월 안", "Within 2 months"), "percentunit"),
        Column("after_3", Text("3개월 안", "Within 3 months"), "percentunit"),
        Column("after_6", Text("6개월 안", "Within 6 months"), "percentunit"),
    ),
    TO_JOURNEYS,
    height=8,
)

BOARD: Final = Board(
    "channels",
    Text("채널", "Channels"),
    Text(
        "어느 채널이 얼마를 쓰고 무엇을 가져오는지, 그래서 무엇을 할지.",
        "What each channel costs, what it brings, and what to do about it.",
    ),
    (
        Row(Text("점수판", "Scoreboard"), (OVERVIEW, UNATTRIBUTED, SCOREBOARD)),
        Row(Text("추이", "Over time"), (INQUIRY_TREND, REGISTRATION_TREND)),
        Row(Text("비용과 수익", "Cost and return"), (CAC, ROI, LTV, KNOWN_TREND)),
        Row(Text("깔때기와 비교", "Funnel and comparison"), (FUNNEL, BEFORE_AFTER, COHORTS)),
    ),
    COMMON,
)

"""What reports ask ClickHouse: statements over public views, server-side parameters only."""

from typing import Final

from grafana.reports.report import Question
from grafana.reports.telling import FEWEST
from grafana.words import Text

OF_SITE: Final = "run = {run:String} AND site = {site:String}"
BASE_COST: Final = "kind IN ('media', 'agency', 'staff', 'reward')"
_COLUMNS: Final = (
    "site, channel, kind, spend, visits, scans, calls, inquiries, consults, registrations, inquiry_to_registration, cac,"
    " loaded_cac, revenue, cash, roi, ltv, ltv_roi, ltv_to_cac, action, action_agreement"
)


def within(since: str = "since", until: str = "until", column: str = "day") -> str:
    """Two names of parameters -> the condition that a day lies between them."""
    return f"{column} BETWEEN {{{since}:Date}} AND {{{until}:Date}}"


def board(slug: str, title: Text, since: str = "since", until: str = "until") -> Question:
    """The scoreboard of a period."""
    return Question(
        slug,
        title,
        f"""SELECT {_COLUMNS}
FROM headwater.channel_scoreboard(
    sites = [{{site:String}}], branches = [], since = {{{since}:Date}}, until = {{{until}:Date}},
    run = {{run:String}}, model = {{model:String}}
)
ORDER BY channel = 'unattributed', spend DESC, inquiries DESC, registrations DESC, channel""",
    )


BOARD: Final = board("board", Text("채널 점수판", "Scoreboard of the channels"))

SITE: Final = Question(
    "site",
    Text("기관", "The business"),
    f"SELECT name, time_zone, currency, payments > 0 AS paid FROM headwater.sites WHERE {OF_SITE}",
)

NAMES: Final = Question(
    "names",
    Text("채널의 이름과 한도", "Names and limits of channels"),
    f"""SELECT channel, names, free, hours_limit, hours_limit_cost
FROM headwater.channels
WHERE {OF_SITE} AND (names != '{{}}' OR hours_limit_cost IS NOT NULL)
ORDER BY channel""",
)


def recorded(*periods: tuple[str, str, str]) -> Question:
    """Whether anything was recorded in the period, and whether the record reaches back to the first week of others.

    A period is the column's name and the names of its two parameters.
    """
    others = "".join(
        f",\n    min(day) <= {{{since}:Date}} + 7 AND countIf({within(since, until)}) > 0 AS {name}"
        for name, since, until in periods
    )
    return Question(
        "recorded",
        Text("기록이 있는지", "Whether there is a record"),
        f"""SELECT
    countIf({within()}) > 0 AS recorded{others}
FROM
(
    SELECT day FROM headwater.channel_funnel_daily WHERE {OF_SITE} AND model = {{model:String}}
    UNION ALL
    SELECT day FROM headwater.spend_daily WHERE {OF_SITE}
)
HAVING count() > 0""",
    )


THERE_IS: Final = Question(
    "there_is",
    Text("무엇이 정의되고 기록되었는지", "What is defined and recorded"),
    f"""SELECT DISTINCT what
FROM
(
    SELECT if(kind = 'goal' AND JSONHas(definition, 'metric'), 'index_goal', toString(kind)) AS what
    FROM headwater.definitions
    WHERE {OF_SITE}
    UNION ALL
    SELECT toString(type) AS what
    FROM headwater.activities
    WHERE {OF_SITE} AND {within()} AND type IN ('message_tracked', 'content_engaged')
    UNION ALL
    SELECT 'search_volume' AS what
    FROM headwater.search_volumes
    WHERE site = {{site:String}} AND {within(column="month")}
    UNION ALL
    SELECT 'search_query' AS what
    FROM headwater.search_queries
    WHERE site = {{site:String}} AND period_start >= {{since:Date}} AND period_end <= {{until:Date}}
    UNION ALL
    SELECT 'leads' AS what
    FROM headwater.leads
    WHERE {OF_SITE}
    HAVING count() >= {FEWEST}
)
ORDER BY what""",
)


def by_model(slug: str, title: Text) -> Question:
    """What each rule of credit gives each channel in the period."""
    return Question(
        slug,
        title,
        f"""SELECT
    channel, model, sum(inquiries_parts) / 1000000000 AS inquiries,
    sum(registrations_parts) / 1000000000 AS registrations, sum(revenue) AS revenue
FROM headwater.channel_funnel_daily
WHERE {OF_SITE} AND {within()} AND model IN ('first', 'last', 'linear', 'time_decay', 'position')
GROUP BY channel, model
HAVING sum(inquiries_parts) + sum(registrations_parts) > 0
ORDER BY channel, model""",
    )


MODELS: Final = by_model("models", Text("모델마다 본 채널", "Channels under each model"))


def over_time(slug: str, title: Text, grain: str) -> Question:
    """Inquiries and registrations by day, week (`toMonday(day)`) or month (`toStartOfMonth(day)`)."""
    return Question(
        slug,
        title,
        f"""SELECT
    {grain} AS time, sum(inquiries_parts) / 1000000000 AS inquiries,
    sum(registrations_parts) / 1000000000 AS registrations
FROM headwater.channel_funnel_daily
WHERE {OF_SITE} AND model = {{model:String}} AND {within()}
GROUP BY time
ORDER BY time""",
    )


def calls(slug: str, title: Text, since: str = "since", until: str = "until") -> Question:
    """Inbound calls of people not marked as customers, and those nobody reached again."""
    return Question(
        slug,
        title,
        f"""SELECT
    count() AS calls, countIf(outcome = 'answered') AS answered, countIf(outcome = 'abandoned') AS abandoned,
    countIf(NOT reached) AS not_reached, avgIf(talk_seconds, outcome = 'answered') AS average_talk
FROM
(
    SELECT
        outcome, talk_seconds,
        outcome = 'answered' OR arrayExists(one -> one >= started_at AND one <= started_at + 86400, returned_at) AS reached
    FROM
    (
        SELECT person_id, started_at, outcome, talk_seconds
        FROM headwater.calls
        WHERE {OF_SITE} AND {within(since, until)} AND counted = 1 AND subject != 'existing'
    ) AS call
    LEFT JOIN
    (
        SELECT person_id, groupArrayIf(started_at, direction = 'outbound' OR outcome = 'answered') AS returned_at
        FROM headwater.calls
        WHERE {OF_SITE}
        GROUP BY person_id
    ) AS caller USING (person_id)
)
HAVING count() > 0""",
    )


CALLS: Final = calls("calls", Text("전화", "Calls"))

OPEN_SLOTS: Final = Question(
    "open_slots",
    Text("빈자리 (가장 새 측정값)", "Open slots (newest measures)"),
    """SELECT sum(slots) AS open_slots
FROM
(
    SELECT argMax(value, (period_end, period_start, recorded_at, event_id)) AS slots
    FROM headwater.measures
    WHERE site = {site:String} AND metric = 'open_slots' AND period_start <= {until:Date} AND period_end >= {since:Date}
    GROUP BY branch, channel
)
HAVING count() > 0""",
)

COHORTS: Final = Question(
    "cohorts",
    Text("문의한 달마다의 등록", "Registration by month of inquiry"),
    f"""SELECT
    cohort, sum(inquiries) AS asked, sum(registrations) AS registered,
    if(addMonths(toLastDayOfMonth(cohort), 1) <= {{until:Date}}, sum(after_1_month), NULL) AS after_1,
    if(addMonths(toLastDayOfMonth(cohort), 2) <= {{until:Date}}, sum(after_2_months), NULL) AS after_2,
    if(addMonths(toLastDayOfMonth(cohort), 3) <= {{until:Date}}, sum(after_3_months), NULL) AS after_3
FROM headwater.inquiry_cohorts_monthly
WHERE {OF_SITE} AND model = {{model:String}} AND cohort BETWEEN addMonths(toStartOfMonth({{until:Date}}), -5) AND {{until:Date}}
GROUP BY cohort
ORDER BY cohort""",
)

CAMPAIGNS: Final = Question(
    "campaigns",
    Text("기간에 걸친 캠페인", "Campaigns that touch the period"),
    f"""SELECT
    campaign, name, channel, starts_on, ends_on, budget, goal_metric, goal_count, visits + scans + calls AS contacts,
    inquiries, registrations, revenue, visits, scans, calls, consults, to_date.won AS spent
FROM
(
    SELECT *
    FROM headwater.campaign_windows
    WHERE {OF_SITE} AND model = {{model:String}} AND ifNull(starts_on <= {{until:Date}}, 0) AND ifNull(ends_on >= {{since:Date}}, 1)
) AS windows
LEFT JOIN
(
    SELECT campaign, sum(amount) AS won
    FROM headwater.spend_daily
    WHERE {OF_SITE} AND campaign != '' AND day <= {{until:Date}} AND {BASE_COST}
    GROUP BY campaign
) AS to_date USING (campaign)
ORDER BY starts_on, campaign""",
)

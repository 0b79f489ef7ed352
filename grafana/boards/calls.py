"""Calls: the eight figures of call tracking, by every way of asking, and what missed calls cost."""

from typing import Final

from grafana.boards.channels import TO_JOURNEYS
from grafana.panel import Board, Column, Link, Panel, Row, Step
from grafana.query import (
    BRANCHES,
    COMMON,
    FEWEST,
    IN_BRANCH,
    NAMED,
    OF_SITE,
    PERIOD,
    RUN,
    SINCE,
    SITE,
    TIME,
    UNTIL,
    ZONE,
    cut,
    name_of,
    rate,
    scoreboard,
)
from grafana.words import CHANNELS, TOO_FEW, VERDICTS, Text, Word

TO_TODAY: Final = Link("today", Text("누구에게 다시 걸까요?", "Whom to call back?"))
TO_EXPERIMENTS: Final = Link("experiments", Text("무작위로 나눠 시험하면?", "And in a test at random?"))
TO_CHANNELS: Final = Link("channels", Text("채널 전체로는 어떤가요?", "And for the whole channel?"))
SOURCE: Final = Column(
    "name", Text("출처", "Source"), "string", {**CHANNELS, "": Word(Text("모름", "Unknown"))}
)
UNKNOWN: Final = {"": Word(Text("모름", "Unknown"))}
WEEKDAYS: Final = {
    str(number): Word(Text(ko, en))
    for number, (ko, en) in enumerate(
        (("월", "Mon"), ("화", "Tue"), ("수", "Wed"), ("목", "Thu"), ("금", "Fri"), ("토", "Sat"), ("일", "Sun")), 1
    )
}  # fmt: skip
_APART: Final = Text(
    "스팸, 잘못 건 전화, 기존 이용자(표시했거나 전화 전에 등록)는 이 화면에서 뺍니다.",
    "Spam, wrong numbers and existing customers (tagged, or registered before the call) are apart on this page.",
)


def _about(ko: str, en: str) -> Text:
    return Text(f"{ko} {_APART.ko}", f"{en} {_APART.en}")


# Inbound calls of people who are not customers yet: first (no call before), reached (answered, or an answered or
# outbound call within 24 hours), converted (registered after it).
_CALLS: Final = f"""
    SELECT
        call_id, call.person_id AS person_id, started_at, call.day AS day, outcome, talk_seconds, channel, campaign, ad_group,
        keyword, started_at = first_at AS first, registered_at > started_at AS converted,
        outcome = 'answered' OR arrayExists(one -> one >= started_at AND one <= started_at + 86400, returned_at) AS reached
    FROM
    (
        SELECT * FROM headwater.calls
        WHERE {OF_SITE} AND {IN_BRANCH} AND {PERIOD} AND counted = 1 AND direction = 'inbound' AND subject != 'existing'
    ) AS call
    LEFT JOIN
    (
        SELECT
            person_id, minIf(started_at, counted = 1) AS first_at,
            groupArrayIf(started_at, direction = 'outbound' OR outcome = 'answered') AS returned_at
        FROM headwater.calls
        WHERE {OF_SITE}
        GROUP BY person_id
    ) AS caller USING (person_id)
    LEFT JOIN
    (
        SELECT person_id, min(converted_at) AS registered_at
        FROM headwater.conversions
        WHERE {OF_SITE} AND stage = 'registration'
        GROUP BY person_id
    ) AS registration USING (person_id)
    WHERE toUnixTimestamp(registered_at) = 0 OR registered_at >= started_at
"""

# The same, each with the session that came last before it, and what the first event of that session says.
_CALLS_WITH_SESSION: Final = f"""
    SELECT
        said.call_id AS call_id, said.person_id AS person_id, said.outcome AS outcome, said.reached AS reached,
        said.converted AS converted, said.first AS first, said.ad_group AS ad_group,
        if(said.keyword = '', session.keyword, said.keyword) AS keyword, session.landing_page AS landing_page,
        opened.region AS region, opened.ad AS ad
    FROM
    ({_CALLS}
    ) AS said
    ASOF LEFT JOIN
    (
        SELECT person_id, touched_at, touch_id, landing_page, keyword
        FROM headwater.touches
        WHERE {OF_SITE} AND kind = 'session'
    ) AS session ON said.person_id = session.person_id AND said.started_at >= session.touched_at
    LEFT JOIN
    (
        SELECT
            event_id, JSONExtractString(payload, 'region') AS region,
            if(JSONExtractString(payload, 'utm_content') = '',
                extractURLParameter(JSONExtractString(payload, 'url'), 'utm_content'),
                JSONExtractString(payload, 'utm_content')) AS ad
        FROM headwater.events
        WHERE site = {SITE} AND type = 'visit_seen'
            AND event_id IN (SELECT touch_id FROM headwater.touches WHERE {OF_SITE} AND kind = 'session' AND person_id IN
                (SELECT person_id FROM headwater.calls WHERE {OF_SITE} AND {PERIOD}))
    ) AS opened ON session.touch_id = opened.event_id
"""

KPIS: Final = Panel(
    "kpis",
    "stat",
    Text("통화 지표", "Call figures"),
    _about(
        f"신규: 처음 건 사람의 전화. 전환: 전화한 사람 중 등록한 사람. 이탈: 받기 전에 끊은 전화. 비율은 {FEWEST}건보다 적으면 보이지 않습니다."
        " 전환당 비용은 전화가 온 채널의 지출 ÷ 전환입니다.",
        f"First-time: by somebody's first call. Conversion: callers who registered. Abandoned: hung up before an answer."
        f" Rates of fewer than {FEWEST} are not shown. Cost per conversion: spend of the channels that calls came from.",
    ),
    f"""
SELECT
    count() AS total, uniqExact(person_id) AS callers, avgIf(talk_seconds, outcome = 'answered') AS talk,
    {rate("countIf(first)", "count()")} AS first_share, countIf(first) AS first_calls,
    {rate("uniqExactIf(person_id, converted)", "uniqExact(person_id)")} AS conversion_rate,
    uniqExactIf(person_id, converted) AS conversions,
    {rate("countIf(outcome = 'abandoned')", "count()")} AS abandonment_rate, countIf(outcome = 'abandoned') AS abandoned,
    if(conversions > 0 AND any(paid) > 0, any(paid) / conversions, NULL) AS cost,
    {rate("countIf(keyword != '')", "count()")} AS keyword_share, countIf(keyword != '') AS with_keyword
FROM
({_CALLS}
) AS calls
CROSS JOIN (SELECT sumIf(spend, calls > 0) AS paid FROM {scoreboard()}) AS costs
HAVING count() > 0
""",
    (
        Column("total", Text("전화", "Calls")),
        Column("callers", Text("건 사람", "Callers")),
        Column("talk", Text("평균 통화", "Average talk"), "s"),
        Column("first_share", Text("신규 비율", "First-time share"), "percentunit", empty=TOO_FEW),
        Column("first_calls", Text("신규 전화", "First-time calls")),
        Column("conversion_rate", Text("전환율", "Conversion rate"), "percentunit", empty=TOO_FEW),
        Column("conversions", Text("등록한 사람", "Registered")),
        Column(
            "abandonment_rate",
            Text("이탈률", "Abandonment"),
            "percentunit",
            empty=TOO_FEW,
            steps=(Step(0, "green"), Step(0.1, "orange"), Step(0.2, "red")),
        ),
        Column("abandoned", Text("끊긴 전화", "Abandoned")),
        Column(
            "cost",
            Text("전환당 비용", "Cost per conversion"),
            "currencyKRW",
            empty=Text("전환·비용 없음", "no conversion or spend"),
        ),
        Column("keyword_share", Text("키워드를 아는 비율", "Keyword known"), "percentunit", empty=TOO_FEW),
        Column("with_keyword", Text("키워드를 아는 전화", "With a keyword")),
    ),
    TO_CHANNELS,
    height=5,
    empty=Text("이 기간에 전화 기록이 없습니다", "No calls recorded in this period"),
)

VOLUME: Final = Panel(
    "call_volume",
    "time",
    Text("통화량", "Calls over time"),
    _about(
        "닿음: 받았거나 24시간 안에 다시 통화했습니다.",
        "Reached: answered, or spoken with within 24 hours.",
    ),
    f"""
SELECT {TIME} AS time, countIf(reached) AS reached_calls, countIf(NOT reached) AS lost_calls
FROM
({_CALLS}
)
GROUP BY time
ORDER BY time
""",
    (
        Column("time", Text("날짜", "Day"), "date"),
        Column("reached_calls", Text("닿음", "Reached")),
        Column("lost_calls", Text("놓침", "Lost")),
    ),
    TO_TODAY,
    width=12,
    height=9,
    stacked=True,
)

MISSED: Final = Panel(
    "missed_as_money",
    "table",
    Text("놓친 전화의 값", "Missed calls as money"),
    _about(
        "놓친 전화: 처음 건 사람이고 24시간 안에 아무도 통화하지 못했습니다. 값은 놓친 전화 × 그 채널의 문의당 비용입니다."
        " 영업 시간은 가리지 않습니다.",
        "Lost: a first call that nobody answered or returned within 24 hours. The money is lost calls × what an inquiry"
        " of that channel costs. Opening hours are not told apart.",
    ),
    f"""
WITH {NAMED}
SELECT
    if(channel = '', '', {name_of()}) AS name, first_calls, lost, {rate("lost", "first_calls")} AS lost_share,
    if(costs.inquiries > 0 AND costs.spend > 0, costs.spend / costs.inquiries, NULL) AS per_inquiry, lost * per_inquiry AS money
FROM
(
    SELECT toString(channel) AS channel, countIf(first) AS first_calls, countIf(first AND NOT reached) AS lost
    FROM
    ({_CALLS}
    )
    GROUP BY channel
    HAVING first_calls > 0
) AS calls
LEFT JOIN (SELECT toString(channel) AS channel, spend, inquiries FROM {scoreboard()}) AS costs USING (channel)
ORDER BY money DESC NULLS LAST, lost DESC, channel
""",
    (
        SOURCE,
        Column("first_calls", Text("신규 전화", "First-time calls")),
        Column("lost", Text("놓침", "Lost"), bar=True),
        Column("lost_share", Text("놓친 비율", "Share lost"), "percentunit", empty=TOO_FEW),
        Column("per_inquiry", Text("문의당 비용", "Cost of an inquiry"), "currencyKRW"),
        Column("money", Text("놓친 값", "Money lost"), "currencyKRW"),
    ),
    TO_TODAY,
    width=12,
    height=9,
    empty=Text("이 기간에 전화 기록이 없습니다", "No calls recorded in this period"),
)

SOURCES: Final = Panel(
    "call_sources",
    "table",
    Text("출처별 통화", "Calls by source"),
    _about(
        "출처마다 전체에서 차지하는 몫과 등록으로 이어진 수입니다.",
        "Each source's share of all calls, and how many registered.",
    ),
    f"""
WITH {NAMED}
SELECT
    if(channel = '', '', {name_of()}) AS name, calls.total AS total, {cut("calls.total / sum(calls.total) OVER ()")} AS share,
    talk, first_calls, conversions, {rate("conversions", "callers")} AS conversion_rate,
    {rate("abandoned", "total")} AS abandonment_rate, if(conversions > 0 AND costs.spend > 0, costs.spend / conversions, NULL) AS cost
FROM
(
    SELECT
        toString(channel) AS channel, count() AS total, avgIf(talk_seconds, outcome = 'answered') AS talk_average,
        if(isNaN(talk_average), NULL, talk_average) AS talk, countIf(first) AS first_calls, uniqExact(person_id) AS callers,
        uniqExactIf(person_id, converted) AS conversions, countIf(outcome = 'abandoned') AS abandoned
    FROM
    ({_CALLS}
    )
    GROUP BY channel
) AS calls
LEFT JOIN (SELECT toString(channel) AS channel, spend FROM {scoreboard()}) AS costs USING (channel)
ORDER BY total DESC, channel
""",
    (
        SOURCE,
        Column("total", Text("전화", "Calls"), bar=True),
        Column("share", Text("몫", "Share"), "percentunit"),
        Column("talk", Text("평균 통화", "Average talk"), "s"),
        Column("first_calls", Text("신규", "First-time")),
        Column("conversions", Text("등록한 사람", "Registered")),
        Column("conversion_rate", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
        Column("abandonment_rate", Text("이탈률", "Abandonment"), "percentunit", empty=TOO_FEW),
        Column("cost", Text("전환당 비용", "Cost per conversion"), "currencyKRW"),
    ),
    TO_CHANNELS,
    height=10,
    empty=Text("이 기간에 전화 기록이 없습니다", "No calls recorded in this period"),
)


def _by(slug: str, title: Text, column: str, description: Text, width: int = 8) -> Panel:
    return Panel(
        slug,
        "table",
        title,
        description,
        f"""
SELECT
    toString({column}) AS label, count() AS total, countIf(NOT reached) AS lost, uniqExactIf(person_id, converted) AS conversions,
    {rate("uniqExactIf(person_id, converted)", "uniqExact(person_id)")} AS conversion_rate
FROM
({_CALLS_WITH_SESSION}
)
GROUP BY label
ORDER BY label = '' DESC, total DESC, label
LIMIT 12
""",
        (
            Column("label", title, "string", UNKNOWN),
            Column("total", Text("전화", "Calls"), bar=True),
            Column("lost", Text("놓침", "Lost")),
            Column("conversions", Text("등록한 사람", "Registered")),
            Column("conversion_rate", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
        ),
        TO_JOURNEYS,
        width=width,
        height=9,
        empty=Text("이 기간에 전화 기록이 없습니다", "No calls recorded in this period"),
    )


_SESSION: Final = _about(
    "전화 바로 앞의 홈페이지 방문에서 알 수 있는 것입니다.", "As the website visit just before the call says."
)
BY_KEYWORD: Final = _by(
    "by_keyword",
    Text("키워드", "Keyword"),
    "keyword",
    _about("번호나 방문이 알려 준 키워드입니다.", "The keyword that the number or the visit tells."),
)
BY_AD_GROUP: Final = _by(
    "by_ad_group",
    Text("광고 그룹", "Ad group"),
    "ad_group",
    _about("번호에 정해 둔 광고 그룹입니다.", "The ad group assigned to the number."),
)
BY_AD: Final = _by("by_ad", Text("광고 버전", "Ad version"), "ad", _SESSION)
BY_LANDING_PAGE: Final = _by(
    "by_landing_page",
    Text("처음 본 페이지", "Landing page"),
    "replaceRegexpOne(cutQueryStringAndFragment(landing_page), '^https?://', '')",
    _SESSION,
    width=16,
)
BY_REGION: Final = _by("by_region", Text("지역", "Region"), "region", _SESSION)


def _hours(slug: str, title: Text, description: Text, counted: str) -> Panel:
    return Panel(
        slug,
        "matrix",
        title,
        description,
        f"""
SELECT weekday, hour, if(total = 0, NULL, total) AS calls
FROM
(
    SELECT
        toString(toDayOfWeek(started_at, 0, {ZONE})) AS weekday,
        leftPad(toString(toHour(started_at, {ZONE})), 2, '0') AS hour, {counted} AS total
    FROM
    ({_CALLS}
    )
    GROUP BY weekday, hour
)
ORDER BY hour, weekday
""",
        (
            Column("weekday", Text("요일", "Weekday"), "string", WEEKDAYS),
            Column("hour", Text("시", "Hour"), "string"),
            Column("calls", Text("전화", "Calls")),
        ),
        TO_TODAY,
        width=12,
        height=9,
        empty=Text("이 기간에 전화 기록이 없습니다", "No calls recorded in this period"),
    )


BY_HOUR: Final = _hours(
    "by_hour",
    Text("언제 걸려 오나", "When they call"),
    _about("요일과 시각마다 걸려 온 전화입니다.", "Calls by weekday and hour."),
    "count()",
)
LOST_BY_HOUR: Final = _hours(
    "lost_by_hour", Text("언제 놓치나", "When they are lost"),
    _about("24시간 안에 통화하지 못한 전화입니다. 진한 칸에 사람을 두세요.", "Calls nobody returned within 24 hours. Staff the dark cells."),
    "countIf(NOT reached)",
)  # fmt: skip

BESIDE: Final = {
    "better": Word(Text("나머지보다 나음", "Better than the others"), "green"),
    "worse": Word(Text("나머지보다 못함", "Worse than the others"), "red"),
    "no_difference": Word(Text("차이를 가릴 수 없음", "No difference shown"), "blue"),
    "too_few": VERDICTS["too_few"],
}


def _beside(slug: str, title: Text, compare: str) -> Panel:
    return Panel(
        slug,
        "table",
        title,
        _about(
            "사람마다 이 기간에 처음 건 전화로 한 번 셉니다. 나머지 모두와 견주며, 여럿을 견주는 만큼 문턱을 높입니다 (본페로니). 무작위로 나눈 것이 아니므로"
            " 까닭까지 말해 주지는 않습니다.",
            "Each person counts once, for the first call of the period. Each is compared with all others, the bar being raised for their number"
            " (Bonferroni). It was not assigned at random: it does not say why.",
        ),
        f"""
SELECT
    value, verdict, callers, conversions, {rate("conversions", "callers")} AS converted_share, other_callers,
    {rate("other_conversions", "other_callers")} AS other_share, if(verdict = 'too_few', NULL, round(difference * 100, 1)) AS difference_points,
    if(verdict = 'too_few', NULL, round(difference_low * 100, 1)) AS low_points, if(verdict = 'too_few', NULL, round(difference_high * 100, 1)) AS high_points
FROM headwater.call_ab(
    sites = [{SITE}], branches = {BRANCHES}, since = {SINCE}, until = {UNTIL}, run = {RUN}, compare = '{compare}', among = []
)
ORDER BY callers DESC, value
LIMIT 20
""",
        (
            Column("value", title, "string"),
            Column("verdict", Text("판정", "Verdict"), "string", BESIDE),
            Column("callers", Text("건 사람", "Callers"), bar=True),
            Column("conversions", Text("등록한 사람", "Registered")),
            Column("converted_share", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
            Column("other_callers", Text("나머지", "Others")),
            Column(
                "other_share", Text("나머지의 전환율", "Others' conversion"), "percentunit", empty=TOO_FEW
            ),
            Column("difference_points", Text("차이 (%p)", "Difference (points)"), "none"),
            Column("low_points", Text("아래 끝 (%p)", "Low end (points)"), "none"),
            Column("high_points", Text("위 끝 (%p)", "High end (points)"), "none"),
        ),
        TO_EXPERIMENTS,
        height=9,
        empty=Text("이 기간에 견줄 전화가 없습니다", "No calls to compare in this period"),
    )


AD_AB: Final = _beside("call_ab_ads", Text("광고 버전 비교", "Ad versions compared"), "ad_version")
KEYWORD_AB: Final = _beside("call_ab_keywords", Text("키워드 비교", "Keywords compared"), "keyword")

TAGS: Final = Panel(
    "call_tags",
    "table",
    Text("통화에서 나온 말", "What the calls were about"),
    _about(
        "밖의 음성 분석이 통화마다 붙여 보낸 태그입니다. 여기서는 녹음도 받아 적기도 하지 않습니다.",
        "Tags that an outside speech analysis sent with each call. Nothing is recorded or transcribed here.",
    ),
    f"""
SELECT
    tag, count() AS total, {cut("count() / any(tagged_calls)")} AS share, uniqExact(person_id) AS callers,
    uniqExactIf(person_id, converted) AS conversions, {rate("uniqExactIf(person_id, converted)", "uniqExact(person_id)")} AS conversion_rate,
    countIf(NOT reached) AS lost
FROM
({_CALLS}
) AS said
INNER JOIN
(
    SELECT call_id, tag, uniqExact(call_id) OVER () AS tagged_calls
    FROM headwater.call_tags
    WHERE {OF_SITE} AND {IN_BRANCH} AND {PERIOD} AND counted = 1 AND subject != 'existing'
) AS tags USING (call_id)
GROUP BY tag
ORDER BY total DESC, tag
LIMIT 30
""",
    (
        Column("tag", Text("태그", "Tag"), "string"),
        Column("total", Text("전화", "Calls"), bar=True),
        Column("share", Text("태그 있는 전화 중", "Of calls with tags"), "percentunit"),
        Column("callers", Text("건 사람", "Callers")),
        Column("conversions", Text("등록한 사람", "Registered")),
        Column("conversion_rate", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
        Column("lost", Text("놓침", "Lost")),
    ),
    TO_JOURNEYS,
    height=9,
    empty=Text("이 기간에 태그가 붙은 전화가 없습니다", "No call of this period has a tag"),
)

BOARD: Final = Board(
    "calls",
    Text("전화", "Calls"),
    Text(
        "어디서 걸려 오고, 얼마나 등록으로 이어지고, 놓치면 얼마인지.",
        "Where calls come from, how many register, and what a missed one costs.",
    ),
    (
        Row(Text("한눈에", "At a glance"), (KPIS, VOLUME, MISSED)),
        Row(Text("출처", "Sources"), (SOURCES,)),
        Row(
            Text("무엇이 불렀나", "What made them call"),
            (BY_KEYWORD, BY_AD_GROUP, BY_AD, BY_LANDING_PAGE, BY_REGION),
        ),
        Row(Text("어느 쪽이 나은가", "Which does better"), (AD_AB, KEYWORD_AB)),
        Row(Text("무슨 이야기였나", "What it was about"), (TAGS,)),
        Row(Text("언제", "When"), (BY_HOUR, LOST_BY_HOUR)),
    ),
    COMMON,
)

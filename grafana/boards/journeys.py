"""Journeys: the paths people take as a graph, and one customer's path explained touch by touch."""

from typing import Final

from grafana.boards.channels import NAME
from grafana.panel import Board, Column, Link, Panel, Row, Variable
from grafana.query import (
    BRANCHES,
    COMMON,
    FEWEST,
    LANGUAGE,
    MODEL,
    NAMED,
    OF_SITE,
    PERIOD,
    RUN,
    SCOPE,
    SINCE,
    SITE,
    STAGE,
    STAGE_VARIABLE,
    UNTIL,
    ZONE,
    in_words,
    name_of,
    rate,
    worded,
)
from grafana.words import (
    CHANNELS,
    JOURNEY_STEPS,
    MODELS,
    STAGES,
    TOO_FEW,
    TOUCH_KINDS,
    VIAS,
    Text,
    Word,
    Words,
)

LEAD: Final = "${lead:singlequote}"
TO_ATTRIBUTION: Final = Link("attribution", Text("모두의 길을 모델로 보면?", "And everybody's, by model?"))
TO_CHANNELS: Final = Link("channels", Text("채널로는 어떤가요?", "And by channel?"))
TO_PIPELINE: Final = Link("pipeline", Text("이 기록은 어디서 왔나요?", "Where does this record come from?"))
EXPLAIN: Final = Link("journeys", Text("왜 이렇게 계산됐나요?", "Why is it credited so?"), "lead", "lead_key")
LEFT_OUT: Final = {
    "": Word(Text("길에 있음", "On the path"), "green"),
    "before_window": Word(Text("기간보다 오래됨", "Before the window"), "orange"),
    "after_conversion": Word(Text("전환 뒤", "After the conversion")),
    "direct_dropped": Word(Text("직접 방문은 빼기로 함", "Direct is dropped"), "orange"),
    "told_ignored": Word(Text("대답은 쓰지 않기로 함", "Told sources are ignored"), "orange"),
    "told_not_needed": Word(
        Text("추적된 것이 있어 대답은 쓰지 않음", "Told, and not needed: something was tracked"), "orange"
    ),
    "call_joined": Word(Text("방문자와 이어진 전화", "Call joined to a visitor")),
    "call_outbound": Word(Text("건 전화", "Outbound call")),
    "call_spam": Word(Text("스팸 전화", "Spam call")),
    "call_wrong_number": Word(Text("잘못 건 전화", "Wrong number")),
    "number_unknown": Word(Text("정의되지 않은 번호", "Number not defined"), "orange"),
    "not_on_path": Word(Text("길에 없음", "Not on the path")),
}
_STEPS: Final = 4

# The last four touches of each path, the same channel in a row counted once; the stage is the fifth step.
_PATHS: Final = f"""
    SELECT arraySlice(if(empty(channels), ['unattributed'], arrayCompact(channels)), -{_STEPS}) AS path,
        {_STEPS} - length(path) AS skipped
    FROM headwater.conversions
    WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD}
"""
GRAPH: Final = Panel(
    "path_graph",
    "nodes",
    Text("사람들이 지나온 길", "The paths people took"),
    Text(
        "전환 전 마지막 네 접점입니다 (같은 채널이 이어지면 하나). 숫자는 사람 수입니다.",
        "The last four touches before the conversion (the same channel in a row counts as one). Figures are people.",
    ),
    f"""
WITH {NAMED}
SELECT
    concat(toString(step), ':', channel) AS id,
    if(step = {_STEPS + 1}, {in_words(STAGE, STAGES)}, {worded()}) AS title,
    count() AS mainstat, step AS detail__step
FROM
(
    SELECT
        arrayJoin(arrayZip(arrayPushBack(path, ''), arrayMap(one -> one + skipped, arrayEnumerate(arrayPushBack(path, ''))))) AS passed,
        passed.1 AS channel, passed.2 AS step
    FROM
    ({_PATHS})
)
GROUP BY channel, step
ORDER BY step, mainstat DESC, channel
LIMIT 60
""",
    (
        Column("id", Text("마디", "Node"), "string"),
        Column("title", Text("채널", "Channel"), "string"),
        Column("mainstat", Text("사람", "People")),
        Column("detail__step", Text("순서", "Step")),
    ),
    TO_ATTRIBUTION,
    height=13,
    edges=f"""
SELECT concat(source, ' → ', target) AS id, source, target, count() AS mainstat
FROM
(
    SELECT
        arrayMap((one, at) -> concat(toString(at + skipped), ':', one), arrayPushBack(path, ''), arrayEnumerate(arrayPushBack(path, '')))
            AS passed,
        arrayJoin(arrayZip(arrayPopBack(passed), arrayPopFront(passed))) AS pair, pair.1 AS source, pair.2 AS target
    FROM
    ({_PATHS})
)
GROUP BY source, target
ORDER BY mainstat DESC, id
LIMIT 200
""",
)

CUSTOMERS: Final = Panel(
    "customers",
    "table",
    Text("사람들", "Customers"),
    Text(
        "이 기간에 문의한 사람입니다. 사람을 누르면 그 사람의 길과 그렇게 계산된 까닭이 위에 나옵니다.",
        "Who inquired in the period. A click on one shows their path, and why it is credited so, above.",
    ),
    f"""
WITH {NAMED}
SELECT
    lead_key, toString(stage) AS now_at, if(first_touch_channel = '', 'unattributed', {name_of("first_touch_channel")}) AS name,
    first_touch_at, toString(via) AS came_by, inquiry_at, consult_at, registration_at, service, paid, branch
FROM headwater.leads
WHERE {SCOPE} AND toDate(inquiry_at, {ZONE}) BETWEEN {SINCE} AND {UNTIL}
ORDER BY registration_at DESC NULLS LAST, inquiry_at DESC, lead_key
LIMIT 100
""",
    (
        Column("lead_key", Text("사람", "Lead"), "string", link=EXPLAIN),
        Column("now_at", Text("단계", "Stage"), "string", STAGES),
        NAME,
        Column("first_touch_at", Text("첫 접점", "First touch"), "dateTimeAsIso"),
        Column("came_by", Text("문의 방법", "By"), "string", VIAS),
        Column("inquiry_at", Text("문의", "Inquiry"), "dateTimeAsIso"),
        Column("consult_at", Text("상담", "Consult"), "dateTimeAsIso"),
        Column("registration_at", Text("등록", "Registration"), "dateTimeAsIso"),
        Column("service", Text("서비스", "Service"), "string"),
        Column("paid", Text("결제액", "Paid"), "currencyKRW"),
        Column("branch", Text("지점", "Branch"), "string"),
    ),
    TO_CHANNELS,
    height=12,
)

# The chosen lead's conversion; without a choice, the one with the longest path.
_CONVERSION: Final = f"""if({LEAD} = '', (
    SELECT conversion_id FROM headwater.conversions WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD}
    ORDER BY touches DESC, converted_at DESC, conversion_id LIMIT 1
), concat({LEAD}, ':', {STAGE}))"""

CHOSEN_LEAD: Final = Panel(
    "chosen",
    "stat",
    Text("선택한 사람", "The chosen customer"),
    Text(
        "아래 표나 변수에서 고른 사람의 전환입니다. 고르지 않으면 길이 가장 긴 사람입니다.",
        "The conversion of whom was chosen in the table below; without a choice, the one with the longest path.",
    ),
    f"""
SELECT lead_id AS lead, touches, converted_at, cash
FROM headwater.conversions
WHERE {OF_SITE} AND conversion_id = {_CONVERSION}
""",
    (
        Column("lead", Text("사람", "Lead"), "string"),
        Column("touches", Text("길의 접점", "Touches on the path")),
        Column("converted_at", Text("전환한 때", "Converted at"), "dateTimeAsIso"),
        Column("cash", Text("따라온 결제", "Payments that follow"), "currencyKRW"),
    ),
    TO_ATTRIBUTION,
    height=4,
    empty=Text("이 사람은 이 단계에 이르지 않았습니다", "This customer has not reached the stage"),
)
_WEIGHTS: Final = ", ".join(f"sumIf(weight, explained.model = '{model}') AS {model}" for model in MODELS)
EXPLANATION: Final = Panel(
    "explanation",
    "table",
    Text("왜 이렇게 계산됐나요", "Why it is credited so"),
    Text(
        "그 사람의 모든 접점입니다: 채널을 정한 규칙, 길에 들지 못한 까닭, 모델마다의 몫. 같은 답: headwater explain.",
        "Every touch of that customer: the rule that set its channel, why it is not on the path, its share by model."
        " The same answer: headwater explain.",
    ),
    f"""
WITH {NAMED}
SELECT
    counted_at, toString(kind) AS by, {name_of("channel")} AS name, campaign, toString(rule) AS decided, toString(left_out) AS why,
    {", ".join(f"toFloat64({model}) AS share_{model}" for model in MODELS)}, won, event
FROM
(
    SELECT
        any(counted_at) AS counted_at, any(kind) AS kind, any(channel) AS channel, any(campaign) AS campaign, any(rule) AS rule,
        any(left_out) AS left_out, min(place) AS place, {_WEIGHTS}, sumIf(cash, explained.model = {MODEL}) AS won,
        any(if(topic = '', '', concat(toString(partition), ':', toString(offset)))) AS event
    FROM headwater.explanations AS explained
    WHERE {OF_SITE} AND conversion_id = {_CONVERSION}
    GROUP BY touch_id
)
ORDER BY counted_at, place
""",
    (
        Column("counted_at", Text("때", "When"), "dateTimeAsIso"),
        Column(
            "by", Text("접점", "Touch"), "string", {**TOUCH_KINDS, "": Word(Text("접점 없음", "No touch"))}
        ),
        NAME,
        Column("campaign", Text("캠페인", "Campaign"), "string"),
        Column("decided", Text("채널을 정한 규칙", "Rule"), "string"),
        Column("why", Text("길에 있나", "On the path?"), "string", LEFT_OUT),
        *(Column(f"share_{model}", word.text, "percentunit") for model, word in MODELS.items()),
        Column("won", Text("결제 (선택한 모델)", "Payments (chosen model)"), "currencyKRW"),
        Column("event", Text("기록의 자리", "Place in the log"), "string"),
    ),
    TO_PIPELINE,
    height=10,
    empty=Text("이 사람은 이 단계에 이르지 않았습니다", "This customer has not reached the stage"),
)

TO_GROWTH: Final = Link("growth", Text("다섯 단계로 보면요?", "And in the five stages?"))
SEGMENTED_BY: Final[Words] = {
    "site": Word(Text("모두 함께", "Everybody together")),
    "channel": Word(Text("처음 온 채널", "First channel")),
    "customer": Word(Text("고객의 종류", "Kind of customer")),
    "cohort": Word(Text("처음 온 달", "Month they came")),
    "service": Word(Text("서비스", "Service")),
    "branch": Word(Text("지점", "Branch")),
    "via": Word(Text("문의 방법", "Way of inquiry")),
}
_KINDS: Final[Words] = {
    "prospect": Word(Text("아직 고객 아님", "No customer yet")),
    "new": Word(Text("신규", "New")),
    "repeat": Word(Text("반복", "Repeat")),
    "dormant": Word(Text("휴면", "Dormant")),
}
_BY: Final = "${segmented_by:singlequote}"
_SEGMENT: Final = "${segment:singlequote}"


def _asked(view: str, since: str = SINCE, until: str = UNTIL, by: str = _BY) -> str:
    return f"headwater.{view}(sites = [{SITE}], branches = {BRANCHES}, since = {since}, until = {until}, run = {RUN}, by = {by})"


def _segment_named(known_as: str) -> str:
    """A segment -> its name in words: a channel's of the catalog, else that of a kind or way, else as it is."""
    everybody = f"if({LANGUAGE} = 'ko', '모두', 'everybody')"
    unknown = f"if({LANGUAGE} = 'ko', '모름', 'unknown')"
    return f"""multiIf(
        segment = '', if({_BY} = 'site', {everybody}, {unknown}),
        {_BY} = 'channel', {known_as},
        {_BY} = 'customer', {in_words("segment", _KINDS)},
        {_BY} = 'via', {in_words("segment", VIAS)},
        {_BY} = 'cohort', substring(segment, 1, 7),
        segment
    )"""


_EVER: Final = "toDate('1970-01-01')"
_EVER_UNTIL: Final = "toDate('2149-06-06')"
SEGMENTED_VARIABLE: Final = Variable(
    "segmented_by", Text("나누는 기준", "Segmented by"), choices=SEGMENTED_BY, default="site"
)
SEGMENT_VARIABLE: Final = Variable(
    "segment",
    Text("세그먼트", "Segment"),
    sql=f"SELECT segment, {_segment_named(in_words('segment', CHANNELS))} AS named"
    f" FROM {_asked('journey_steps', _EVER, _EVER_UNTIL)}"
    " WHERE step = 'first_touch' ORDER BY reached DESC, segment",
)


def _titled(column: str) -> str:
    """A step -> its words, a first touch's channel by its name."""
    return (
        f"if(startsWith({column}, 'first_touch:'), {worded(f'substring({column}, 13)')},"
        f" {in_words(column, JOURNEY_STEPS)})"
    )


JOURNEY: Final = Panel(
    "journey_map",
    "nodes",
    Text("첫 접점에서 갱신까지", "From first touch to renewal"),
    Text(
        "이 기간에 처음 온 사람이 지금까지 간 길입니다. 왼쪽은 처음 온 채널, 선 옆은 사람 수와 가운데 값의 시간입니다. 떠남: 더 간 데가"
        " 없고, 포기했거나 기록의 마지막 30일 동안 보이지 않은 사람. 그 밖에는 가는 중입니다.",
        "How far persons who first came in the period have gone. On the left the channel they came by; on the lines persons and median"
        " time. Left: no further step, and given up or unseen in the record's last 30 days; else under way.",
    ),
    f"""
WITH {NAMED}
SELECT toString(hop.1) AS id, {_titled("id")} AS title, count() AS mainstat, any(hop.2) AS detail__step
FROM
(
    SELECT arrayJoin(arrayConcat(arrayZip(steps, places), if(ending = 'finished', [], [(ending, toUInt16(99))]))) AS hop
    FROM {_asked("journeys")}
    WHERE segment = {_SEGMENT}
)
GROUP BY id
ORDER BY detail__step, mainstat DESC, id
LIMIT 60
""",
    (
        Column("id", Text("마디", "Node"), "string"),
        Column("title", Text("단계", "Step"), "string"),
        Column("mainstat", Text("사람", "Persons")),
        Column("detail__step", Text("순서", "Place")),
    ),
    TO_GROWTH,
    height=14,
    edges=f"""
SELECT
    concat(source, ' → ', target) AS id, source, target, people AS mainstat,
    if(median_seconds IS NULL, '', concat(toString(round(median_seconds / 86400, 1)), if({LANGUAGE} = 'ko', '일', ' days')))
        AS secondarystat
FROM {_asked("journey_edges")}
WHERE segment = {_SEGMENT}
ORDER BY people DESC, id
LIMIT 200
""",
)

LEAVING: Final = Panel(
    "journey_points",
    "table",
    Text("어디서 떠나나", "Where they leave"),
    Text(
        "고른 기준의 세그먼트마다, 각 지점에 이른 사람과 거기서 떠난 사람, 다음까지 걸린 시간의 가운데 값입니다. 표시: 떠난 사람이 가장 많은"
        f" 곳과 떠난 비율이 가장 높은 곳 ({FEWEST}명 이상).",
        "Of each segment as chosen: who reached each point, who left there, and the median time to the next. Marked: where most left,"
        f" and where the highest share did ({FEWEST} or more).",
    ),
    f"""
WITH {NAMED}
SELECT
    {_segment_named(worded("segment"))} AS of_segment, {in_words("step", JOURNEY_STEPS)} AS point, reached, went_on, leavers, given_up,
    under_way, if(reached >= {FEWEST}, leave_rate, NULL) AS leave_rate, median_seconds,
    multiIf(is_most_left AND is_highest_rate, 'both', is_most_left, 'most', is_highest_rate, 'rate', '') AS worst
FROM {_asked("journey_steps")}
ORDER BY max(reached) OVER (PARTITION BY segment) DESC, segment, position, step
LIMIT 200
""",
    (
        Column("of_segment", Text("세그먼트", "Segment"), "string"),
        Column("point", Text("지점", "Point"), "string"),
        Column("reached", Text("온 사람", "Came"), bar=True),
        Column("went_on", Text("더 간 사람", "Went on")),
        Column("leavers", Text("떠난 사람", "Left"), bar=True),
        Column("given_up", Text("그중 포기", "Of these, given up")),
        Column("under_way", Text("가는 중", "Under way")),
        Column("leave_rate", Text("떠난 비율", "Share that left"), "percentunit", empty=TOO_FEW),
        Column("median_seconds", Text("다음까지 (가운데 값)", "Median to the next"), "s"),
        Column("worst", Text("가장 큰 곳", "Worst"), "string", {
            "both": Word(Text("사람도 비율도 가장 큼", "Most persons and highest share"), "red"),
            "most": Word(Text("가장 많은 사람", "Most persons"), "red"),
            "rate": Word(Text("가장 높은 비율", "Highest share"), "orange"),
        }),
    ),
    TO_GROWTH,
    height=11,
)  # fmt: skip

BY_SEGMENT: Final = Panel(
    "journey_segments",
    "table",
    Text("고객 세그먼트의 길", "The way of each customer segment"),
    Text(
        "기간의 마지막 날에 세그먼트(신규, 반복, 휴면. 규칙은 카탈로그)에 드는 사람들이 지나온 길입니다. 떠난 사람: 거기서 더 가지 않고,"
        " 포기했거나 기록의 마지막 30일 동안 보이지 않은 사람.",
        "The way of those who belong to a segment (new, repeat, dormant, by the catalog's rules) on the period's last day. Left: took no"
        " further step there, and gave up or were unseen in the record's last 30 days.",
    ),
    f"""
SELECT
    if(named.name = '', kind, named.name) AS of_segment, {in_words("step", JOURNEY_STEPS)} AS point, reached, leavers,
    {rate("leavers", "reached")} AS leave_rate, median_seconds
FROM
(
    SELECT
        belongs, any(kind) AS kind, splitByChar(':', hop.1)[1] AS step, any(hop.2) AS place, count() AS reached,
        countIf(hop.3 = 'left') AS leavers,
        if(countIf(hop.3 = 'on') = 0, NULL, quantileExactInclusiveIf(0.5)(hop.4, hop.3 = 'on')) AS median_seconds
    FROM
    (
        SELECT
            belongs, kind,
            arrayJoin(arrayMap(
                (step, place, number, began, ended) -> (
                    step, place, if(number < length(steps), 'on', ending),
                    greatest(0, toUnixTimestamp64Micro(ended) - toUnixTimestamp64Micro(began)) / 1e6
                ),
                steps, places, arrayEnumerate(steps), steps_at, arrayPushBack(arrayPopFront(steps_at), steps_at[-1])
            )) AS hop
        FROM
        (
            SELECT person_id, segment AS belongs, toString(base) AS kind
            FROM headwater.segment_members(
                sites = [{SITE}], branches = {BRANCHES}, since = {UNTIL}, until = {UNTIL}, run = {RUN}
            )
        ) AS member
        INNER JOIN
        (
            SELECT person_id, steps, places, steps_at, ending
            FROM {_asked("journeys", _EVER, UNTIL, "'site'")}
        ) AS walked USING (person_id)
    )
    GROUP BY belongs, step
) AS points
LEFT JOIN
(
    SELECT segment AS belongs, if({LANGUAGE} = 'ko', name_ko, name_en) AS name FROM headwater.segments WHERE {OF_SITE}
) AS named USING (belongs)
ORDER BY indexOf(['new', 'repeat', 'dormant'], kind), belongs, place
LIMIT 200
""",
    (
        Column("of_segment", Text("세그먼트", "Segment"), "string", _KINDS),
        Column("point", Text("지점", "Point"), "string"),
        Column("reached", Text("온 사람", "Came"), bar=True),
        Column("leavers", Text("떠난 사람", "Left"), bar=True),
        Column("leave_rate", Text("떠난 비율", "Share that left"), "percentunit", empty=TOO_FEW),
        Column("median_seconds", Text("다음까지 (가운데 값)", "Median to the next"), "s"),
    ),
    Link("crm", Text("세그먼트마다 목표는요?", "And each segment's goal?")),
    height=10,
)

TIMES: Final = Panel(
    "journey_times",
    "table",
    Text("걸음마다 몇 명, 얼마나 걸려", "Each step: how many, how long"),
    Text(
        "고른 기준의 세그먼트마다, 한 지점에서 바로 다음 지점으로 간 사람과 걸린 시간의 가운데 값입니다.",
        "Of each segment as chosen: who went from one point straight to the next, and the median time it took.",
    ),
    f"""
WITH {NAMED}
SELECT
    {_segment_named(worded("segment"))} AS of_segment, {_titled("source")} AS from_point, {_titled("target")} AS to_point, people,
    median_seconds
FROM {_asked("journey_edges")}
ORDER BY sum(people) OVER (PARTITION BY segment) DESC, segment, people DESC, source, target
LIMIT 200
""",
    (
        Column("of_segment", Text("세그먼트", "Segment"), "string"),
        Column("from_point", Text("어디서", "From"), "string"),
        Column("to_point", Text("어디로", "To"), "string"),
        Column("people", Text("사람", "Persons"), bar=True),
        Column("median_seconds", Text("걸린 시간 (가운데 값)", "Median time"), "s"),
    ),
    TO_GROWTH,
    height=11,
)

BOARD: Final = Board(
    "journeys",
    Text("길", "Journeys"),
    Text(
        "사람들이 어떤 길로 어디까지 갔고 어디서 떠났는지, 한 사람의 공은 왜 그렇게 나뉘었는지.",
        "Which paths people took, how far they went and where they left, and why one customer is credited so.",
    ),
    (
        Row(Text("처음부터 갱신까지", "From first touch to renewal"), (JOURNEY, LEAVING, TIMES, BY_SEGMENT)),
        Row(Text("전환까지의 길", "Paths to conversion"), (GRAPH,)),
        Row(Text("한 사람의 길", "One customer's path"), (CHOSEN_LEAD, EXPLANATION)),
        Row(Text("사람", "Customers"), (CUSTOMERS,)),
    ),
    (
        *COMMON,
        STAGE_VARIABLE,
        Variable("lead", Text("사람", "Lead"), typed=True),
        SEGMENTED_VARIABLE,
        SEGMENT_VARIABLE,
    ),
)

"""Journeys: the paths people take as a graph, and one customer's path explained touch by touch."""

from typing import Final

from grafana.boards.channels import NAME
from grafana.panel import Board, Column, Link, Panel, Row, Variable
from grafana.query import (
    COMMON,
    MODEL,
    NAMED,
    OF_SITE,
    PERIOD,
    SCOPE,
    SINCE,
    STAGE,
    STAGE_VARIABLE,
    UNTIL,
    ZONE,
    in_words,
    name_of,
    worded,
)
from grafana.words import MODELS, STAGES, TOUCH_KINDS, VIAS, Text, Word

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

BOARD: Final = Board(
    "journeys",
    Text("길", "Journeys"),
    Text(
        "사람들이 어떤 길로 왔는지, 한 사람의 공은 왜 그렇게 나뉘었는지.",
        "Which paths people took, and why one customer is credited so.",
    ),
    (
        Row(Text("모두의 길", "Everybody's paths"), (GRAPH,)),
        Row(Text("한 사람의 길", "One customer's path"), (CHOSEN_LEAD, EXPLANATION)),
        Row(Text("사람", "Customers"), (CUSTOMERS,)),
    ),
    (*COMMON, STAGE_VARIABLE, Variable("lead", Text("사람", "Lead"), typed=True)),
)

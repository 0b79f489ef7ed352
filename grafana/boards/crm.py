"""CRM: messages from sent to converted, sender reputation, frequency beside results, segments and their goals."""

from typing import Final

from grafana.boards.channels import TO_JOURNEYS
from grafana.panel import Board, Column, Link, Panel, Row, Step, Variable
from grafana.query import (
    BRANCH_VARIABLE,
    BRANCHES,
    FEWEST,
    IN_BRANCH,
    LANGUAGE,
    OF_SITE,
    PERIOD,
    RUN,
    RUN_VARIABLE,
    SINCE,
    SITE,
    SITE_VARIABLE,
    TIME,
    UNTIL,
    cut,
    rate,
)
from grafana.words import NOTHING, STAGES, TOO_FEW, Text, Word

TO_CAMPAIGNS: Final = Link("campaigns", Text("캠페인 전체로는 어떤가요?", "And the whole campaign?"))
TO_EXPERIMENTS: Final = Link("experiments", Text("차이가 우연일까요?", "Is the difference chance?"))
TO_CHANNELS: Final = Link("channels", Text("다른 채널과 견주면?", "And against the other channels?"))
GOAL: Final = "${goal:singlequote}"
WINDOW: Final = "${window:singlequote}"
MEDIA: Final = {
    "email": Word(Text("이메일", "E-mail")),
    "sms": Word(Text("문자", "SMS")),
    "alimtalk": Word(Text("알림톡", "Alimtalk")),
    "push": Word(Text("앱 푸시", "App push")),
    "": Word(Text("모름", "Unknown")),
}
NONE: Final = {"": Word(Text("적지 않음", "Not said"))}
STEPS: Final = {
    "sent": Word(Text("보냄", "Sent")),
    "delivered": Word(Text("도착", "Delivered")),
    "opened": Word(Text("열림 (알려 주는 매체만)", "Opened (where told)")),
    "clicked": Word(Text("클릭", "Clicked")),
    "converted": Word(Text("목표 달성", "Converted"), "green"),
}
GOALS: Final = {
    "own": Word(Text("고객군마다 제 목표", "Each segment's own")),
    "payment": Word(Text("결제", "Payment")),
    "registration": Word(Text("등록", "Registration")),
    "consult": Word(Text("상담", "Consult")),
    "visit": Word(Text("다시 방문", "A visit")),
}
WINDOWS: Final = {days: Word(Text(f"{days}일", f"{days} days")) for days in ("7", "14", "30", "90")}
METRICS: Final = {
    **STAGES,
    "visit": Word(Text("방문", "Visit")),
    "revenue": Word(Text("매출 (원)", "Revenue (won)")),
    "members": Word(Text("고객 수", "Members")),
    "": Word(Text("목표 없음", "No goal")),
}
REACHED: Final = {
    "reached": Word(Text("달성", "Reached"), "green"),
    "open": Word(Text("아직", "Not yet"), "orange"),
    "none": Word(Text("목표 없음", "No goal")),
    "elsewhere": Word(Text("측정값으로 판단", "By a recorded measure")),
}
GOAL_VARIABLE: Final = Variable("goal", Text("목표", "Goal"), choices=GOALS, default="own")
WINDOW_VARIABLE: Final = Variable("window", Text("며칠 안에", "Within"), choices=WINDOWS, default="30")
NO_MESSAGES: Final = Text("이 기간에 보낸 메시지 기록이 없습니다", "No messages recorded in this period")
_SENT: Final = Text(
    "이 기간에 보낸 메시지를 셉니다. 그 뒤의 일은 언제 일어났든 그 메시지에 붙습니다.",
    "Messages sent in this period; what came of them counts whenever it happened.",
)


def _about(ko: str, en: str) -> Text:
    return Text(f"{ko} {_SENT.ko}", f"{en} {_SENT.en}")


def _funnel(part: str) -> str:
    return (
        f"headwater.message_funnel(sites = [{SITE}], branches = {BRANCHES}, since = {SINCE}, until = {UNTIL},"
        f" run = {RUN}, part = '{part}', goal = {GOAL}, window_days = {WINDOW})"
    )


def _per_thousand(part: str, whole: str) -> str:
    return f"if({whole} >= {FEWEST}, round({part} * 1000 / {whole}, 1), NULL)"


_OPEN_RATE: Final = f"if(openable >= {FEWEST}, {cut('open_rate')}, NULL)"
_OPENS: Final = Text("열림을 알 수 없음", "opens not told")
_BOUNCES: Final = (Step(0, "green"), Step(0.02, "orange"), Step(0.05, "red"))
_COMPLAINTS: Final = (Step(0, "green"), Step(1, "orange"), Step(3, "red"))

KPIS: Final = Panel(
    "crm_kpis", "stat", Text("메시지 지표", "Message figures"),
    _about(
        "비율은 도착한 메시지로 나눕니다. 문자와 알림톡은 열림을 알려 주지 않으므로 열림률에서 뺍니다."
        " 돌아온 고객: 받기 전에 등록했거나 결제한 사람 중 정한 날 안에 다시 방문·전화·결제한 사람."
        " 수신 거부 뒤 발송은 0이어야 합니다.",
        "Rates are of delivered messages. SMS and alimtalk do not tell of opens and are left out of the open rate."
        " Customers back: of those who had registered or paid before, who visited, called or paid again within the days."
        " Sent after an unsubscribe should be 0.",
    ),
    f"""
SELECT
    sent, people, {rate("delivered", "sent")} AS arrived, {_OPEN_RATE} AS open_share, {rate("clicked", "delivered")} AS click_share,
    {rate("converted", "delivered")} AS conversion, {rate("customers_back", "customers")} AS returning, messages_a_month AS a_month,
    unsubscribed, sent_after_unsubscribe AS unwanted
FROM {_funnel("all")}
""",
    (
        Column("sent", Text("보낸 메시지", "Messages sent")),
        Column("people", Text("받은 사람", "People reached")),
        Column("arrived", Text("도착률", "Delivered"), "percentunit", empty=TOO_FEW),
        Column("open_share", Text("열림률", "Open rate"), "percentunit", empty=_OPENS),
        Column("click_share", Text("클릭률", "Click rate"), "percentunit", empty=TOO_FEW),
        Column("conversion", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
        Column("returning", Text("돌아온 고객", "Customers back"), "percentunit", empty=TOO_FEW),
        Column("a_month", Text("한 사람 한 달", "A person a month"), "none"),
        Column("unsubscribed", Text("수신 거부", "Unsubscribed")),
        Column("unwanted", Text("수신 거부 뒤 발송", "Sent after unsubscribe"), steps=(Step(0, "green"), Step(1, "red"))),
    ),
    TO_CHANNELS, height=5, empty=NO_MESSAGES,
)  # fmt: skip

STEPS_PANEL: Final = Panel(
    "crm_steps", "bars", Text("보냄에서 목표까지", "From sent to the goal"),
    _about(
        "클릭은 열림을, 열림은 도착을 뜻합니다. 목표 달성은 도착한 뒤 정한 날 안에 그 사람이 목표를 이룬 메시지입니다.",
        "A click means opened, an open delivered. Converted: messages whose person reached the goal within the days after delivery.",
    ),
    f"""
SELECT steps.1 AS step, steps.2 AS messages
FROM {_funnel("all")}
ARRAY JOIN [
    ('sent', toNullable(sent)), ('delivered', toNullable(delivered)), ('opened', opened), ('clicked', toNullable(clicked)),
    ('converted', toNullable(converted))
] AS steps
WHERE isNotNull(messages)
""",
    (
        Column("step", Text("단계", "Step"), "string", STEPS),
        Column("messages", Text("메시지", "Messages")),
    ),
    TO_JOURNEYS, width=12, height=9, empty=NO_MESSAGES,
)  # fmt: skip

OVER_TIME: Final = Panel(
    "crm_over_time", "time", Text("언제 보냈나", "Messages over time"),
    Text("보낸 날마다 도착한 메시지와 그중 클릭된 메시지입니다.", "By the day sent: messages delivered, and of these clicked."),
    f"""
SELECT {TIME} AS time, countIf(isNotNull(delivered_at) AND isNull(clicked_at)) AS unclicked, countIf(isNotNull(clicked_at)) AS clicked
FROM headwater.messages
WHERE {OF_SITE} AND {IN_BRANCH} AND {PERIOD}
GROUP BY time
ORDER BY time
""",
    (
        Column("time", Text("날짜", "Day"), "date"),
        Column("unclicked", Text("도착", "Delivered")),
        Column("clicked", Text("클릭", "Clicked")),
    ),
    TO_CHANNELS, width=12, height=9, stacked=True, empty=NO_MESSAGES,
)  # fmt: skip

_RESULTS: Final = f"""
    sent, delivered, opened, {_OPEN_RATE} AS open_share, clicked, {rate("clicked", "delivered")} AS click_share,
    converted, {rate("converted", "delivered")} AS conversion, customers, {rate("customers_back", "customers")} AS returning,
    unsubscribed, revenue
"""
_COLUMNS: Final = (
    Column("sent", Text("보냄", "Sent")),
    Column("delivered", Text("도착", "Delivered")),
    Column("opened", Text("열림", "Opened"), empty=NOTHING),
    Column("open_share", Text("열림률", "Open rate"), "percentunit", empty=NOTHING),
    Column("clicked", Text("클릭", "Clicked")),
    Column("click_share", Text("클릭률", "Click rate"), "percentunit", empty=TOO_FEW),
    Column("converted", Text("전환", "Converted")),
    Column("conversion", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
    Column("customers", Text("고객", "Customers")),
    Column("returning", Text("돌아온 고객", "Back"), "percentunit", empty=TOO_FEW),
    Column("unsubscribed", Text("수신 거부", "Unsubscribed")),
    Column("revenue", Text("뒤따른 매출", "Revenue after"), "currencyKRW"),
)

CAMPAIGNS: Final = Panel(
    "crm_campaigns", "table", Text("캠페인별", "By campaign"),
    _about(
        "뒤따른 매출은 받은 뒤 정한 날 안의 결제에서 환불을 뺀 것으로, 메시지가 불렀다는 뜻은 아닙니다.",
        "Revenue after: payments within the days after a message less refunds; it does not say that the message brought them.",
    ),
    f"""
SELECT label, {_RESULTS}
FROM
(
    SELECT *, if(name = '', part, name) AS label
    FROM {_funnel("campaign")} AS funnel
    LEFT JOIN (SELECT toString(campaign) AS part, name FROM headwater.campaigns WHERE {OF_SITE}) AS named USING (part)
)
ORDER BY sent DESC, label
LIMIT 30
""",
    (Column("label", Text("캠페인", "Campaign"), "string", NONE), *_COLUMNS),
    TO_CAMPAIGNS, height=9, empty=NO_MESSAGES,
)  # fmt: skip

MEDIA_PANEL: Final = Panel(
    "crm_media", "table", Text("매체와 발송 평판", "Media and sender reputation"),
    _about(
        "반송이 5%를, 스팸 신고가 천 통에 3통을 넘으면 보낸 주소의 평판이 나빠져 다음 메시지가 스팸함으로 갑니다. 주소를 정리하고 덜 보내세요.",
        "More than 5% bounced, or 3 of 1,000 called spam, and the sender's reputation suffers: the next messages end in the"
        " spam folder. Clean the addresses and send less.",
    ),
    f"""
SELECT
    part AS label, sent, {rate("delivered", "sent")} AS arrived, bounced, {rate("bounced", "sent")} AS bounces,
    complained, {_per_thousand("complained", "delivered")} AS complaints, unsubscribed,
    {_per_thousand("unsubscribed", "delivered")} AS unsubscribes, sent_after_unsubscribe AS unwanted,
    {_OPEN_RATE} AS open_share, {rate("clicked", "delivered")} AS click_share, {rate("converted", "delivered")} AS conversion
FROM {_funnel("medium")}
ORDER BY sent DESC, label
""",
    (
        Column("label", Text("매체", "Medium"), "string", MEDIA),
        Column("sent", Text("보냄", "Sent"), bar=True),
        Column("arrived", Text("도착률", "Delivered"), "percentunit", empty=TOO_FEW),
        Column("bounced", Text("반송", "Bounced")),
        Column("bounces", Text("반송률", "Bounce rate"), "percentunit", empty=TOO_FEW, steps=_BOUNCES),
        Column("complained", Text("스팸 신고", "Called spam")),
        Column("complaints", Text("천 통에 신고", "Per 1,000"), "none", empty=TOO_FEW, steps=_COMPLAINTS),
        Column("unsubscribed", Text("수신 거부", "Unsubscribed")),
        Column("unsubscribes", Text("천 통에 거부", "Per 1,000"), "none", empty=TOO_FEW),
        Column("unwanted", Text("거부 뒤 발송", "Sent after it"), steps=(Step(0, "green"), Step(1, "red"))),
        Column("open_share", Text("열림률", "Open rate"), "percentunit", empty=NOTHING),
        Column("click_share", Text("클릭률", "Click rate"), "percentunit", empty=TOO_FEW),
        Column("conversion", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
    ),
    TO_CHANNELS, height=7, empty=NO_MESSAGES,
)  # fmt: skip

VARIANTS: Final = Panel(
    "crm_variants", "table", Text("실험의 안별", "By variant"),
    _about(
        "실험에 든 메시지만 봅니다. 차이가 우연인지는 실험 화면이 판단합니다.",
        "Messages of experiments alone. Whether a difference is chance is judged on the page of experiments.",
    ),
    f"""
SELECT
    experiment, part AS variant, sent, delivered, {_OPEN_RATE} AS open_share, clicked, {rate("clicked", "delivered")} AS click_share,
    converted, {rate("converted", "delivered")} AS conversion, unsubscribed
FROM {_funnel("variant")}
WHERE experiment != '' OR part != ''
ORDER BY experiment, variant
LIMIT 40
""",
    (
        Column("experiment", Text("실험", "Experiment"), "string", NONE),
        Column("variant", Text("안", "Variant"), "string", NONE),
        Column("sent", Text("보냄", "Sent")),
        Column("delivered", Text("도착", "Delivered")),
        Column("open_share", Text("열림률", "Open rate"), "percentunit", empty=NOTHING),
        Column("clicked", Text("클릭", "Clicked")),
        Column("click_share", Text("클릭률", "Click rate"), "percentunit", empty=TOO_FEW),
        Column("converted", Text("전환", "Converted")),
        Column("conversion", Text("전환율", "Conversion"), "percentunit", empty=TOO_FEW),
        Column("unsubscribed", Text("수신 거부", "Unsubscribed")),
    ),
    TO_EXPERIMENTS, height=7,
    empty=Text("이 기간에 실험에 든 메시지가 없습니다", "No message of this period is part of an experiment"),
)  # fmt: skip

FREQUENCY: Final = Panel(
    "crm_frequency", "table", Text("얼마나 자주, 얼마나 효과", "Frequency beside results"),
    _about(
        "한 사람이 그달에 받은 메시지 수로 나눕니다. 더 보낼수록 거부가 늘고 전환이 늘지 않는 줄부터가 너무 잦은 것입니다.",
        "By how many messages a person was sent in that month. Where more messages bring more unsubscribes and no more"
        " conversions, it is too often.",
    ),
    f"""
SELECT
    part AS label, people, sent, {rate("clicked", "delivered")} AS click_share, people_converted,
    {rate("people_converted", "people")} AS conversion, {rate("customers_back", "customers")} AS returning,
    {_per_thousand("unsubscribed", "delivered")} AS unsubscribes, {_per_thousand("complained", "delivered")} AS complaints
FROM {_funnel("frequency")}
ORDER BY toUInt32OrZero(extract(part, '^[0-9]+'))
""",
    (
        Column("label", Text("한 달에", "A month"), "string"),
        Column("people", Text("사람", "People"), bar=True),
        Column("sent", Text("메시지", "Messages")),
        Column("click_share", Text("클릭률", "Click rate"), "percentunit", empty=TOO_FEW),
        Column("people_converted", Text("전환한 사람", "Converted")),
        Column("conversion", Text("사람 전환율", "Of people"), "percentunit", empty=TOO_FEW),
        Column("returning", Text("돌아온 고객", "Back"), "percentunit", empty=TOO_FEW),
        Column("unsubscribes", Text("천 통에 거부", "Unsubscribes per 1,000"), "none", empty=TOO_FEW),
        Column("complaints", Text("천 통에 신고", "Complaints per 1,000"), "none", empty=TOO_FEW, steps=_COMPLAINTS),
    ),
    TO_JOURNEYS, height=7, empty=NO_MESSAGES,
)  # fmt: skip

_SEGMENT_NAMES: Final = f"""
    SELECT toString(segment) AS part, if(if({LANGUAGE} = 'ko', name_ko, name_en) = '', part, if({LANGUAGE} = 'ko', name_ko, name_en)) AS name
    FROM headwater.segments
    WHERE {OF_SITE}
"""
BY_SEGMENT: Final = Panel(
    "crm_by_segment", "table", Text("고객군별 메시지", "Messages by segment"),
    _about(
        "보낸 쪽이 적은 고객군입니다. 고객군마다 제 목표로 전환을 셉니다 (목표가 없으면 결제).",
        "The segment as the sender said it. Conversions are by each segment's own goal, by payment where it has none.",
    ),
    f"""
SELECT label, {_RESULTS}
FROM
(
    SELECT *, if(name = '', part, name) AS label
    FROM {_funnel("segment")} AS funnel
    LEFT JOIN
    ({_SEGMENT_NAMES}
    ) AS named USING (part)
)
ORDER BY sent DESC, label
LIMIT 30
""",
    (Column("label", Text("고객군", "Segment"), "string", NONE), *_COLUMNS),
    TO_CAMPAIGNS, height=8, empty=NO_MESSAGES,
)  # fmt: skip

SEGMENTS: Final = Panel(
    "crm_segments", "table", Text("고객군과 목표", "Segments and their goals"),
    Text(
        "고객군은 결제와 방문으로 정하고 카탈로그에서 바꿉니다. 지금: 기간의 마지막 날. 거쳐 간 사람: 기간 앞날부터 하루라도 든 사람."
        " 목표는 그 사람들이 든 뒤 이 기간에 이룬 것을 셉니다.",
        "Segments are by payments and visits, and set in the catalog. Now: on the last day of the period. People: who belonged"
        " on any day from the eve of it on. A goal counts what they did since, in this period.",
    ),
    f"""
SELECT
    if(if({LANGUAGE} = 'ko', name_ko, name_en) = '', segment, if({LANGUAGE} = 'ko', name_ko, name_en)) AS label, members,
    toInt64(members) - toInt64(members_before) AS change, people, returned, {rate("returned", "people")} AS returning, paying, revenue,
    goal_metric AS goal, goal_count AS target, reached, if(progress > 0, {cut("progress")}, progress) AS done,
    multiIf(goal_metric = '' OR isNull(goal_count), 'none', isNull(reached), 'elsewhere', reached >= goal_count, 'reached', 'open') AS verdict
FROM headwater.customer_segments(sites = [{SITE}], branches = {BRANCHES}, since = {SINCE}, until = {UNTIL}, run = {RUN})
WHERE (SELECT count() FROM headwater.leads WHERE {OF_SITE}) > 0
ORDER BY indexOf(['new', 'repeat', 'dormant'], base), segment
""",
    (
        Column("label", Text("고객군", "Segment"), "string"),
        Column("members", Text("지금", "Now"), bar=True),
        Column("change", Text("변화", "Change")),
        Column("people", Text("거쳐 간 사람", "People")),
        Column("returned", Text("다시 온 사람", "Came back")),
        Column("returning", Text("다시 온 비율", "Came back"), "percentunit", empty=TOO_FEW),
        Column("paying", Text("결제한 사람", "Paid")),
        Column("revenue", Text("결제", "Payments"), "currencyKRW"),
        Column("goal", Text("목표", "Goal"), "string", METRICS),
        Column("target", Text("목표 수", "Target")),
        Column("reached", Text("지금까지", "So far")),
        Column("done", Text("진행", "Progress"), "percentunit"),
        Column("verdict", Text("목표 달성", "Reached?"), "string", REACHED),
    ),
    TO_JOURNEYS, height=7, empty=Text("고객 기록이 없습니다", "No customers recorded"),
)  # fmt: skip

BOARD: Final = Board(
    "crm",
    Text("고객 관리", "CRM"),
    Text(
        "누구에게 얼마나 자주 보냈고, 열고 누르고 돌아왔는지, 고객군마다 목표까지 얼마나 남았는지.",
        "Who was written to and how often, who opened, clicked and came back, and how far each segment's goal is.",
    ),
    (
        Row(Text("한눈에", "At a glance"), (KPIS, STEPS_PANEL, OVER_TIME)),
        Row(Text("고객군", "Segments"), (SEGMENTS, BY_SEGMENT)),
        Row(Text("무엇을 보냈나", "What was sent"), (CAMPAIGNS, MEDIA_PANEL, FREQUENCY, VARIANTS)),
    ),
    (SITE_VARIABLE, BRANCH_VARIABLE, RUN_VARIABLE, GOAL_VARIABLE, WINDOW_VARIABLE),
)

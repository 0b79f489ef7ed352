"""Attribution: who gets the credit under each model, what customers say against what was tracked, run against run."""

from typing import Final

from grafana.boards.channels import NAME
from grafana.panel import Board, Column, Link, Panel, Row, Step, Variable
from grafana.query import (
    COMMON,
    IN_BRANCH,
    LANGUAGE,
    MODEL,
    NAMED,
    OF_SITE,
    PERIOD,
    RUN,
    RUN_VARIABLE,
    SCOPE,
    SITE,
    STAGE,
    STAGE_VARIABLE,
    name_of,
    worded,
)
from grafana.words import DATA_DRIVEN_MODELS, MODELS, TOO_FEW, Text, Word

COMPARE: Final = "${compare:singlequote}"
TO_CHANNELS: Final = Link("channels", Text("그래서 무엇을 할까요?", "So what should be done?"))
TO_JOURNEYS: Final = Link("journeys", Text("한 사람의 길을 보려면", "See one customer's path"))
NOT_IN_RUN: Final = Text("이 실행에 없음", "not in this run")
_NO_ANSWER: Final = Text("대답 없음", "No answer")
_NOT_TRACKED: Final = Text("추적 안 됨", "Not tracked")
_ALL_MODELS: Final = {**MODELS, **DATA_DRIVEN_MODELS}
_MEASURE: Final = f"multiIf({STAGE} = 'inquiry', inquiries, {STAGE} = 'consult', consults, registrations)"


def _either(text: Text) -> str:
    """A text -> SQL that says it in the language of the page."""
    return f"if({LANGUAGE} = 'ko', '{text.ko}', '{text.en}')"


def _by_model(value: str) -> str:
    """A figure of the daily funnel -> one column a model, null where the run has no such model."""
    rule = ", ".join(f"sumIf({value}, model = '{model}') AS {model}" for model in MODELS)
    driven = ", ".join(
        f"if(countIf(model = '{model}') = 0, NULL, sumIf({value}, model = '{model}')) AS {model}"
        for model in DATA_DRIVEN_MODELS
    )
    return f"{rule}, {driven}"


def _model_columns(unit: str) -> tuple[Column, ...]:
    return tuple(
        Column(model, word.text, "currencyKRW" if unit == "currencyKRW" else "short",
               empty=NOT_IN_RUN if model in DATA_DRIVEN_MODELS else Text("–", "–"))
        for model, word in _ALL_MODELS.items()
    )  # fmt: skip


_SPREAD: Final = "arrayMax([first, last, linear, time_decay, position]) - arrayMin([first, last, linear, time_decay, position])"

MODELS_SIDE_BY_SIDE: Final = Panel(
    "models",
    "table",
    Text("모델 나란히 보기", "All models side by side"),
    Text(
        "같은 전환을 모델마다 다르게 나눈 수입니다. 차이가 큰 채널은 한 모델만 보고 판단하지 마세요."
        " 자료 기반 모델은 재계산(replay)한 실행에만 있습니다.",
        "The same conversions, credited by each model. Do not judge a channel with a wide spread by one model alone."
        " Data-driven models exist in replayed runs only.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, {", ".join(_ALL_MODELS)}, spread
FROM
(
    SELECT channel, {_by_model(_MEASURE)}, {_SPREAD} AS spread
    FROM headwater.channel_funnel_daily
    WHERE {SCOPE} AND {PERIOD}
    GROUP BY channel
    HAVING arrayMax([first, last, linear, time_decay, position]) > 0
)
ORDER BY channel = 'unattributed', last DESC, channel
""",
    (NAME, *_model_columns("short"), Column("spread", Text("차이", "Spread"), bar=True)),
    TO_CHANNELS,
    height=10,
)

MODELS_CHART: Final = Panel(
    "models_chart",
    "bars",
    Text("모델별 채널", "Channels by model"),
    Text(
        "규칙 모델 다섯 가지로 본 상위 여덟 채널입니다.",
        "The first eight channels under the five rule models.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, first, last, linear, time_decay, position
FROM
(
    SELECT channel, {_by_model(_MEASURE)}
    FROM headwater.channel_funnel_daily
    WHERE {SCOPE} AND {PERIOD}
    GROUP BY channel
    HAVING arrayMax([first, last, linear, time_decay, position]) > 0
)
ORDER BY linear DESC, channel
LIMIT 8
""",
    (NAME, *(Column(model, word.text) for model, word in MODELS.items())),
    TO_CHANNELS,
    width=12,
    height=14,
)

REVENUE: Final = Panel(
    "revenue_by_model",
    "table",
    Text("모델별 매출", "Revenue by model"),
    Text(
        "기간 안에 등록한 사람들의 지금까지의 결제를 모델마다 나눈 금액입니다. 합계는 어느 모델이나 같습니다.",
        "Payments so far of those registered in the period, as each model credits them. The total is the same under all.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, {", ".join(_ALL_MODELS)}
FROM
(
    SELECT channel, {_by_model("funnel.revenue")}
    FROM headwater.channel_funnel_daily AS funnel
    WHERE {SCOPE} AND {PERIOD}
    GROUP BY channel
    HAVING arrayMax([first, last, linear, time_decay, position]) > 0
)
ORDER BY channel = 'unattributed', last DESC, channel
""",
    (NAME, *_model_columns("currencyKRW")),
    TO_CHANNELS,
    "currencyKRW",
    height=10,
)

TOLD_AND_TRACKED: Final = Panel(
    "told_tracked",
    "matrix",
    Text("고객의 대답 × 추적", "Told × tracked"),
    Text(
        "줄은 고객이 말한 곳, 칸은 전환 전 마지막으로 추적된 채널 (직접 방문은 뺌). 대각선 밖이 많으면 한쪽만 믿을 수 없습니다.",
        "Rows: what the customer said. Columns: the last channel tracked before the conversion, direct left out. Much"
        " off the diagonal means neither can be trusted alone.",
    ),
    f"""
WITH {NAMED}
SELECT
    if(said = '', {_either(_NO_ANSWER)}, {worded("said")}) AS told,
    if(seen = '', {_either(_NOT_TRACKED)}, {worded("seen")}) AS tracked,
    count() AS leads
FROM
(
    SELECT
        argMaxIf(touch.channel, (touched_at, touch_id), told = 1) AS said,
        argMaxIf(touch.channel, (touched_at, touch_id), told = 0 AND touch.channel != 'direct' AND touched_at <= converted_at)
            AS seen
    FROM (SELECT conversion_id, person_id, converted_at FROM headwater.conversions WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD})
        AS conversion
    LEFT JOIN (SELECT person_id, channel, touched_at, touch_id, told FROM headwater.touches WHERE {OF_SITE}) AS touch
        USING (person_id)
    GROUP BY conversion_id
)
GROUP BY said, seen
ORDER BY said = '', sum(leads) OVER (PARTITION BY said) DESC, seen = '', seen
""",
    (
        Column("told", Text("대답", "Told"), "string"),
        Column("tracked", Text("추적", "Tracked"), "string"),
        Column("leads", Text("사람", "Leads")),
    ),
    TO_JOURNEYS,
    height=11,
)

ASSISTED: Final = Panel(
    "assisted",
    "table",
    Text("도운 전환", "Assisted conversions"),
    Text(
        "마지막 접점은 아니지만 길에 있던 전환입니다. 마지막보다 도운 것이 많은 채널은 ‘씨를 뿌리는’ 채널입니다.",
        "Conversions with the channel on the path, but not as the last touch. More assisted than last: it sows what"
        " others harvest.",
    ),
    f"""
WITH {NAMED}
SELECT {name_of()} AS name, on_path, as_last, assisted, if(as_last > 0, assisted / as_last, NULL) AS per_last
FROM
(
    SELECT channel, count() AS on_path, countIf(channel = last) AS as_last, on_path - as_last AS assisted
    FROM
    (
        SELECT arrayJoin(arrayDistinct(path)) AS channel, path[-1] AS last
        FROM
        (
            SELECT if(empty(channels), ['unattributed'], channels) AS path
            FROM headwater.conversions
            WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD}
        )
    )
    GROUP BY channel
)
ORDER BY channel = 'unattributed', assisted DESC, on_path DESC, channel
""",
    (
        NAME,
        Column("on_path", Text("길에 있음", "On the path"), bar=True),
        Column("as_last", Text("마지막 접점", "As the last")),
        Column("assisted", Text("도움", "Assisted"), bar=True),
        Column("per_last", Text("마지막 1건당 도움", "Assisted per last"), "none"),
    ),
    TO_JOURNEYS,
    width=12,
    height=14,
)

PATHS: Final = Panel(
    "paths",
    "table",
    Text("가장 많은 길", "Most frequent paths"),
    Text(
        "같은 채널이 이어지면 하나로 셉니다. 일수는 첫 접점부터 전환까지의 가운데값입니다.",
        "The same channel in a row counts as one. Days: the median from the first touch to the conversion.",
    ),
    f"""
WITH {NAMED}
SELECT
    arrayStringConcat(arrayMap(one -> {worded("one")}, path), ' → ') AS way, count() AS leads,
    median(days) AS days, sum(won) AS revenue
FROM
(
    SELECT
        if(empty(channels), ['unattributed'], arrayCompact(channels)) AS path, revenue AS won,
        if(empty(touched_at), NULL, dateDiff('second', touched_at[1], converted_at) / 86400) AS days
    FROM headwater.conversions
    WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD}
)
GROUP BY path
ORDER BY leads DESC, way
LIMIT 15
""",
    (
        Column("way", Text("길", "Path"), "string"),
        Column("leads", Text("사람", "Leads"), bar=True),
        Column("days", Text("일", "Days"), "none"),
        Column("revenue", Text("매출", "Revenue"), "currencyKRW"),
    ),
    TO_JOURNEYS,
    width=12,
    height=10,
)

LENGTHS: Final = Panel(
    "path_lengths",
    "bars",
    Text("길의 길이", "Length of the paths"),
    Text(
        "전환까지의 접점 수입니다. 대부분 하나라면 어느 모델이나 같은 답을 줍니다.",
        "Touches before the conversion. When most have one, all models say the same.",
    ),
    f"""
SELECT if(touches >= 6, '6+', toString(touches)) AS length, count() AS leads
FROM headwater.conversions
WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD}
GROUP BY length
ORDER BY length
""",
    (Column("length", Text("접점 수", "Touches"), "string"), Column("leads", Text("사람", "Leads"))),
    TO_JOURNEYS,
    width=6,
    height=10,
)

_LAG: Final = "dateDiff('second', touched_at[1], converted_at) / 86400"
LAGS: Final = Panel(
    "time_to_convert",
    "bars",
    Text("첫 접점부터 전환까지", "From the first touch to the conversion"),
    Text(
        "며칠이 걸렸는지입니다. 기간(window)보다 긴 것은 보이지 않습니다. 접점이 없는 전환은 뺐습니다.",
        "How many days it took. Nothing longer than the lookback window shows. Conversions without touches are left out.",
    ),
    f"""
SELECT
    multiIf(days < 1, '0', days < 4, '1–3', days < 8, '4–7', days < 15, '8–14', days < 31, '15–30', days < 61, '31–60', '61+')
        AS bucket,
    count() AS leads
FROM (SELECT {_LAG} AS days FROM headwater.conversions WHERE {SCOPE} AND stage = {STAGE} AND {PERIOD} AND touches > 0)
GROUP BY bucket
ORDER BY min(days)
""",
    (Column("bucket", Text("일", "Days"), "string"), Column("leads", Text("사람", "Leads"))),
    TO_JOURNEYS,
    width=6,
    height=10,
)

_OF_RUN: Final = f"site = {SITE} AND {IN_BRANCH} AND model = {MODEL} AND {PERIOD}"
RUN_AGAINST_RUN: Final = Panel(
    "run_against_run",
    "table",
    Text("실행 대 실행", "Run against run"),
    Text(
        "같은 기간과 모델을 두 실행으로 봅니다: 왼쪽은 ‘실행’, 오른쪽은 ‘비교할 실행’. 같은 실행을 고르면 차이가 없습니다.",
        "The same period and model in two runs: left the run, right the one compared. The same run twice differs in nothing.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name,
    inquiries_here, inquiries_there, registrations_here, registrations_there,
    registrations_there - registrations_here AS registrations_change,
    revenue_here, revenue_there, revenue_there - revenue_here AS revenue_change
FROM
(
    SELECT
        channel,
        sumIf(inquiries, run = {RUN}) AS inquiries_here, sumIf(inquiries, run = {COMPARE}) AS inquiries_there,
        sumIf(registrations, run = {RUN}) AS registrations_here, sumIf(registrations, run = {COMPARE}) AS registrations_there,
        sumIf(revenue, run = {RUN}) AS revenue_here, sumIf(revenue, run = {COMPARE}) AS revenue_there
    FROM headwater.channel_funnel_daily
    WHERE run IN ({RUN}, {COMPARE}) AND {_OF_RUN}
    GROUP BY channel
    HAVING inquiries_here + inquiries_there + registrations_here + registrations_there > 0
)
ORDER BY channel = 'unattributed', abs(registrations_change) DESC, registrations_here DESC, channel
""",
    (
        NAME,
        Column("inquiries_here", Text("문의", "Inquiries")),
        Column("inquiries_there", Text("문의 (비교)", "Inquiries (compared)")),
        Column("registrations_here", Text("등록", "Registered")),
        Column("registrations_there", Text("등록 (비교)", "Registered (compared)")),
        Column(
            "registrations_change",
            Text("등록 차이", "Difference"),
            steps=(Step(-1e9, "red"), Step(0, "text"), Step(0.0001, "green")),
        ),
        Column("revenue_here", Text("매출", "Revenue"), "currencyKRW"),
        Column("revenue_there", Text("매출 (비교)", "Revenue (compared)"), "currencyKRW"),
        Column("revenue_change", Text("매출 차이", "Difference"), "currencyKRW"),
    ),
    TO_CHANNELS,
    height=10,
)

RUNS: Final = Panel(
    "runs",
    "table",
    Text("실행 목록", "Runs"),
    Text(
        "live는 워커가 계속 쓰는 것, 나머지는 다른 규칙으로 다시 계산한 것입니다. 설정이 비어 있으면 기관의 설정 그대로입니다.",
        "live is what the worker keeps writing; the others are histories computed again under other rules. Empty"
        " settings: the site's own.",
    ),
    """
SELECT
    run, toString(status) AS status, arrayStringConcat(models, ', ') AS has, if(length(settings) > 160, concat(substringUTF8(settings, 1, 160), '…'), settings) AS given,
    nullIf(event_count, 0) AS events, if(run = 'live', NULL, finished_at) AS ended, nullIf(seconds, 0) AS took, substring(digest, 1, 12) AS figures
FROM headwater.runs
ORDER BY run != 'live', finished_at DESC, run
""",
    (
        Column("run", Text("실행", "Run"), "string"),
        Column("status", Text("상태", "Status"), "string", {
            "running": Word(Text("진행 중", "Running"), "blue"), "done": Word(Text("끝남", "Done"), "green"),
            "dropping": Word(Text("지우는 중", "Dropping"), "orange"), "failed": Word(Text("실패", "Failed"), "red"),
        }),
        Column("has", Text("모델", "Models"), "string"),
        Column("given", Text("설정", "Settings"), "string"),
        Column("events", Text("이벤트", "Events")),
        Column("ended", Text("끝난 때", "Ended"), "dateTimeAsIso"),
        Column("took", Text("걸린 시간", "Took"), "s"),
        Column("figures", Text("결과 지문", "Digest"), "string"),
    ),
    Link("pipeline", Text("기록은 온전한가요?", "Is the record whole?")),
    height=7,
)  # fmt: skip

WEIGHTS: Final = Panel(
    "model_weights",
    "table",
    Text("자료 기반 모델의 몫과 구간", "Shares of the data-driven models, with intervals"),
    Text(
        "몫은 그 채널에 돌아간 전환의 비율, 구간은 다시 뽑아 본 결과입니다. 제거 효과는 그 채널이 없었다면 잃었을 전환의 비율입니다.",
        "Share: of the conversions credited. Interval: by resampling. Removal effect: what would be lost without it.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name, toString(model) AS by_model, if(too_few, NULL, weight) AS share, if(too_few, NULL, low) AS least,
    if(too_few, NULL, high) AS most, if(too_few, NULL, removal_effect) AS removal, conversions, journeys
FROM headwater.model_weights
WHERE {OF_SITE} AND stage = {STAGE}
ORDER BY by_model, weight DESC, channel
""",
    (
        NAME,
        Column("by_model", Text("모델", "Model"), "string", DATA_DRIVEN_MODELS),
        Column("share", Text("몫", "Share"), "percentunit", empty=TOO_FEW),
        Column("least", Text("적어도", "At least"), "percentunit", empty=TOO_FEW),
        Column("most", Text("많아도", "At most"), "percentunit", empty=TOO_FEW),
        Column("removal", Text("제거 효과", "Removal effect"), "percentunit", empty=TOO_FEW),
        Column("conversions", Text("전환", "Conversions")),
        Column("journeys", Text("길", "Journeys")),
    ),
    TO_CHANNELS,
    height=9,
    empty=Text(
        "이 실행에는 자료 기반 모델이 없습니다. headwater replay --run NAME --models last,markov,shapley 로 만듭니다.",
        "This run has no data-driven model. headwater replay --run NAME --models last,markov,shapley makes one.",
    ),
)

COMPARE_VARIABLE: Final = Variable(
    "compare", Text("비교할 실행", "Run compared"), sql=RUN_VARIABLE.sql, default="live"
)

BOARD: Final = Board(
    "attribution",
    Text("기여", "Attribution"),
    Text(
        "공을 누구에게 돌릴지, 규칙을 바꾸면 무엇이 달라지는지.",
        "Who gets the credit, and what changes with the rule.",
    ),
    (
        Row(Text("모델", "Models"), (MODELS_SIDE_BY_SIDE, REVENUE, MODELS_CHART, ASSISTED, WEIGHTS)),
        Row(Text("대답과 추적", "Told and tracked"), (TOLD_AND_TRACKED,)),
        Row(Text("길", "Paths"), (PATHS, LENGTHS, LAGS)),
        Row(Text("실행", "Runs"), (RUN_AGAINST_RUN, RUNS)),
    ),
    (*COMMON, STAGE_VARIABLE, COMPARE_VARIABLE),
)

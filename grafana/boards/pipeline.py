"""Pipeline: whether the record is whole, in the order of the line: collector, topic, agent, sink, dead letters, audit."""

from typing import Final

from grafana.panel import Board, Column, Link, Panel, Row, Step
from grafana.query import RUN_VARIABLE, SITE, SITE_VARIABLE, ZONE
from grafana.words import Text, Word

TO_TODAY: Final = Link("today", Text("오늘 무엇이 들어왔나요?", "What came in today?"))
TO_RUNS: Final = Link("attribution", Text("실행을 비교하려면", "Compare runs"))
TO_CALLS: Final = Link("calls", Text("전화 기록은 어떤가요?", "And the calls?"))
TO_JOURNEYS: Final = Link("journeys", Text("한 사람의 기록을 보려면", "See one customer's record"))
_SPAN: Final = "occurred_at BETWEEN $__fromTime AND $__toTime"
_SLOT: Final = (
    f"toDateTime(multiIf(dateDiff('day', $__fromTime, $__toTime) > 370, toStartOfMonth(occurred_at, {ZONE}),"
    f" dateDiff('day', $__fromTime, $__toTime) > 45, toMonday(occurred_at, {ZONE}), toDate(occurred_at, {ZONE})), {ZONE})"
)
_AGE: Final = "greatest(dateDiff('second', {0}, least(now(), $__toTime)), 0)"
_OLD: Final = (Step(0, "green"), Step(86_400, "orange"), Step(604_800, "red"))

ARRIVALS: Final = Panel(
    "arrivals", "time", Text("수집: 들어온 이벤트", "Collector: events that came in"),
    Text("이 기관의 이벤트를 종류별로, 일어난 날에 셉니다.", "Events of the site by type, on the day they happened."),
    f"""
SELECT {_SLOT} AS time, toString(type) AS kind, count() AS value
FROM headwater.events
WHERE site = {SITE} AND {_SPAN}
GROUP BY time, kind
ORDER BY time, kind
""",
    (Column("time", Text("날짜", "Day"), "date"), Column("kind", Text("종류", "Type"), "string"), Column("value", Text("이벤트", "Events"))),
    TO_TODAY, width=12, height=10, stacked=True,
)  # fmt: skip
SOURCES: Final = Panel(
    "event_types", "table", Text("수집: 종류별 신선도", "Collector: freshness by type"),
    Text(
        "종류마다 마지막으로 일어난 때와 지난 시간 (기간의 끝까지)입니다.",
        "When each type happened last, and how long ago (up to the end of the period).",
    ),
    f"""
SELECT toString(type) AS kind, count() AS events, countIf({_SPAN}) AS in_period, max(occurred_at) AS newest, {_AGE.format("newest")} AS age
FROM headwater.events
WHERE site = {SITE} AND occurred_at <= $__toTime
GROUP BY kind
ORDER BY events DESC, kind
""",
    (
        Column("kind", Text("종류", "Type"), "string"),
        Column("events", Text("모두", "In all"), bar=True),
        Column("in_period", Text("기간 안", "In the period")),
        Column("newest", Text("마지막", "Newest"), "dateTimeAsIso"),
        Column("age", Text("지난 시간", "Ago"), "s"),
    ),
    TO_CALLS, width=12, height=10,
)  # fmt: skip
TOPICS: Final = Panel(
    "topics", "table", Text("토픽: 파티션", "Topic: partitions"),
    Text(
        "파티션마다 워커가 읽은 자리와, 관측기가 마지막으로 본 남은 이벤트 수입니다.",
        "By partition: up to where the worker has read, and how many events were left when the observer last looked.",
    ),
    """
SELECT part, if(read_to = 0, NULL, read_to) AS read_up_to, if(seen, lag, NULL) AS waiting, if(seen, read_at, NULL) AS looked_at
FROM
(
    SELECT tupleElement(place, 1) AS part, JSONExtractUInt(tupleElement(place, 2), 2) AS read_to
    FROM (SELECT arrayJoin(JSONExtractKeysAndValuesRaw(offsets, 'events')) AS place FROM headwater.runs WHERE run = 'live')
) AS worker
FULL JOIN
(
    SELECT label AS part, argMax(pipeline.value, at) AS lag, max(at) AS read_at, 1 AS seen
    FROM headwater.pipeline
    WHERE name = 'lag_events' AND at <= $__toTime
    GROUP BY part
) AS looked USING (part)
ORDER BY toUInt32OrZero(part)
""",
    (
        Column("part", Text("파티션", "Partition"), "string"),
        Column("read_up_to", Text("읽은 자리", "Read up to")),
        Column("waiting", Text("남은 이벤트", "Left"), steps=(Step(0, "green"), Step(10_000, "orange"))),
        Column("looked_at", Text("본 때", "Looked at"), "dateTimeAsIso"),
    ),
    TO_TODAY, width=12, height=8, empty=Text("워커가 아직 아무것도 계산하지 않았습니다", "The worker has not computed anything yet"),
)  # fmt: skip
DOOR: Final = Panel(
    "collector", "stat", Text("수집기: 지금", "Collector: now"),
    Text(
        "수집기의 마지막 상태입니다. 대기열은 Kafka가 답하지 않는 동안 디스크에 안전하게 둔 것입니다. 관측기가 꺼져 있으면 비어 있습니다.",
        "The collector's last readings. Spooled: kept safe on disk while Kafka does not answer. Empty when no observer runs.",
    ),
    """
SELECT
    if(argMaxIf(pipeline.value, at, name = 'answers') = 1, 'up', 'down') AS state,
    sumIf(pipeline.value, name = 'spool_records') AS spooled,
    if(countIf(name = 'spool_oldest_seconds') > 0, argMaxIf(pipeline.value, at, name = 'spool_oldest_seconds'), NULL) AS oldest,
    countIf(name = 'numbers_exhausted_total') AS pools,
    max(at) AS read_at
FROM
(
    SELECT name, label, argMax(reading.value, reading.at) AS value, max(reading.at) AS at
    FROM headwater.pipeline AS reading
    WHERE part = 'collector' AND reading.at <= $__toTime
    GROUP BY name, label
) AS pipeline
HAVING count() > 0
""",
    (
        Column("state", Text("수집기", "Collector"), "string", {
            "up": Word(Text("응답함", "Answers"), "green"), "down": Word(Text("응답 없음", "Does not answer"), "red"),
        }),
        Column("spooled", Text("대기열", "Spooled"), steps=(Step(0, "green"), Step(1, "orange"))),
        Column("oldest", Text("가장 오래된 것", "Oldest of them"), "s"),
        Column("pools", Text("번호가 모자란 적 있는 묶음", "Number pools that ran out")),
        Column("read_at", Text("읽은 때", "Read at"), "dateTimeAsIso"),
    ),
    TO_CALLS, height=4, empty=Text("관측기가 아직 읽지 않았습니다", "No observer has read anything yet"),
)  # fmt: skip
LAG: Final = Panel(
    "lag", "time", Text("남은 이벤트", "Lag"),
    Text(
        "기록에 있으나 아직 계산되지 않은 이벤트의 수, 그때그때의 가장 큰 값입니다.",
        "Events of the log that are not computed yet: the most of each slot of time.",
    ),
    """
SELECT
    toDateTime(toStartOfInterval(at, toIntervalSecond(greatest(intDiv(dateDiff('second', $__fromTime, $__toTime), 300), 15)))) AS time,
    max(pipeline.value) AS lag
FROM headwater.pipeline
WHERE name = 'lag_events_total' AND at BETWEEN $__fromTime AND $__toTime
GROUP BY time
ORDER BY time
""",
    (Column("time", Text("때", "Time"), "dateTimeAsIso"), Column("lag", Text("남은 이벤트", "Events left"))),
    TO_TODAY, height=6, empty=Text("이 기간에 읽은 것이 없습니다", "Nothing was read in this period"),
)  # fmt: skip
AGENTS: Final = Panel(
    "agents", "table", Text("워커: 어디까지 계산했나", "Worker: how far it has computed"),
    Text(
        "실행마다 어느 자리까지 읽었는지입니다. live는 워커가 쓰는 것입니다. 저장된 마지막 자리와 하나 넘게 다르면 워커가 뒤처진 것입니다.",
        "Up to which offset each run has read; live is the worker's. More than one behind the newest stored offset: it lags.",
    ),
    """
SELECT run, place.1 AS part, place.3 AS read_to, place.2 AS read_from
FROM
(
    SELECT
        toString(run) AS run,
        arrayJoin(arrayMap(
            one -> (one.1, JSONExtractUInt(one.2, 1), JSONExtractUInt(one.2, 2)),
            JSONExtractKeysAndValuesRaw(offsets, 'events')
        )) AS place
    FROM headwater.runs
    WHERE run = ${run:singlequote}
)
ORDER BY run != 'live', run, toUInt32OrZero(part)
""",
    (
        Column("run", Text("실행", "Run"), "string"),
        Column("part", Text("파티션", "Partition"), "string"),
        Column("read_to", Text("읽은 곳", "Read up to")),
        Column("read_from", Text("처음", "From")),
    ),
    TO_RUNS, width=12, height=8, empty=Text("워커가 아직 아무것도 계산하지 않았습니다", "The worker has not computed anything yet"),
)  # fmt: skip
SINK: Final = Panel(
    "results", "stat", Text("저장: 계산된 결과", "Sink: what was computed"),
    Text("이 기관에서 계산된 것들의 수입니다.", "How much was computed for the site."),
    f"""
SELECT *
FROM
(
    SELECT
        (SELECT count() FROM headwater.touches WHERE run = ${{run:singlequote}} AND site = {SITE}) AS touches,
        (SELECT count() FROM headwater.conversions WHERE run = ${{run:singlequote}} AND site = {SITE}) AS conversions,
        (SELECT count() FROM headwater.leads WHERE run = ${{run:singlequote}} AND site = {SITE}) AS leads,
        (SELECT count() FROM headwater.calls WHERE run = ${{run:singlequote}} AND site = {SITE}) AS calls,
        (SELECT count() FROM headwater.payments WHERE run = ${{run:singlequote}} AND site = {SITE}) AS payments
)
WHERE touches + conversions + leads + calls + payments > 0
""",
    (
        Column("touches", Text("접점", "Touches")),
        Column("conversions", Text("전환", "Conversions")),
        Column("leads", Text("사람", "Leads")),
        Column("calls", Text("전화", "Calls")),
        Column("payments", Text("결제", "Payments")),
    ),
    TO_JOURNEYS, height=4,
)  # fmt: skip
REFUSED: Final = Panel(
    "dead_letters", "table", Text("쓰지 못한 것: 까닭별", "Dead letters by reason"),
    Text(
        "기록되지 못한 이벤트입니다. headwater dead-letters show 로 보고, 고친 뒤 requeue 로 다시 넣습니다. 기관을 읽지 못한 것도 셉니다.",
        "Events that could not be used. headwater dead-letters show lists them; requeue puts them back once the cause is"
        " gone. Those whose site cannot be read are counted too.",
    ),
    f"""
SELECT
    toString(reason) AS cause, any(field) AS at, count() AS letters, countIf(requeued = 0) AS waiting, max(failed_at) AS newest,
    argMax(detail, failed_at) AS example
FROM headwater.dead_letters
WHERE site IN ({SITE}, '')
GROUP BY cause
ORDER BY letters DESC, cause
""",
    (
        Column("cause", Text("까닭", "Reason"), "string"),
        Column("at", Text("칸", "Field"), "string"),
        Column("letters", Text("모두", "In all"), bar=True),
        Column("waiting", Text("다시 넣지 않음", "Not requeued"), steps=(Step(0, "green"), Step(1, "orange"))),
        Column("newest", Text("마지막", "Newest"), "dateTimeAsIso"),
        Column("example", Text("보기", "Example"), "string"),
    ),
    TO_TODAY, width=12, height=8, empty=Text("쓰지 못한 것이 없습니다", "No dead letters"),
)  # fmt: skip
REFUSED_TREND: Final = Panel(
    "dead_letter_trend", "time", Text("쓰지 못한 것: 추이", "Dead letters over time"),
    Text("거절된 때에 셉니다. 갑자기 늘면 보내는 쪽이 바뀐 것입니다.", "By when they were refused. A sudden rise: a sender has changed."),
    f"""
SELECT {_SLOT.replace("occurred_at", "failed_at")} AS time, toString(reason) AS cause, count() AS value
FROM headwater.dead_letters
WHERE site IN ({SITE}, '') AND failed_at BETWEEN $__fromTime AND $__toTime
GROUP BY time, cause
ORDER BY time, cause
""",
    (Column("time", Text("날짜", "Day"), "date"), Column("cause", Text("까닭", "Reason"), "string"), Column("value", Text("수", "Letters"))),
    TO_TODAY, width=12, height=8, stacked=True, empty=Text("이 기간에 쓰지 못한 것이 없습니다", "No dead letters in this period"),
)  # fmt: skip

_CLEAN: Final = "differences = repaired"
AUDIT: Final = Panel(
    "last_clean_audit", "stat", Text("감사: 마지막으로 깨끗했던 때", "Audit: when it was last clean"),
    Text(
        "기록을 처음부터 다시 계산해 저장된 것과 맞춰 봅니다. 가장 오래된 파티션을 보입니다. 하루가 넘으면 주황입니다.",
        "The log computed anew and compared with what is stored: the partition whose clean audit is oldest. Orange after a day.",
    ),
    f"""
SELECT {_AGE.format("oldest")} AS age, min(clean_at) AS oldest, count() AS partitions, sum(found_ever) AS found
FROM
(
    SELECT partition, maxIf(finished_at, {_CLEAN}) AS clean_at, sum(differences) AS found_ever
    FROM headwater.audits
    GROUP BY partition
)
HAVING count() > 0
""",
    (
        Column("age", Text("지난 시간", "Ago"), "s", steps=_OLD),
        Column("oldest", Text("가장 오래된 깨끗한 감사", "Oldest clean audit"), "dateTimeAsIso"),
        Column("partitions", Text("감사한 파티션", "Partitions audited")),
        Column("found", Text("찾은 차이", "Differences ever found"), steps=(Step(0, "green"), Step(1, "orange"))),
    ),
    TO_RUNS, width=8, height=8, empty=Text("아직 감사하지 않았습니다. headwater audit 로 합니다.", "Not audited yet; headwater audit does it."),
)  # fmt: skip
AUDITS: Final = Panel(
    "audits", "table", Text("감사: 최근 것", "Audit: the latest"),
    Text("차이가 있었다면 어느 줄인지 headwater audit 가 말합니다.", "Where rows differed, headwater audit names them."),
    """
SELECT
    finished_at, toString(partition) AS part, sites_compared, sites_skipped, differences, repaired,
    multiIf(differences = 0, 'clean', differences = repaired, 'repaired', 'open') AS verdict
FROM headwater.audits
ORDER BY finished_at DESC, partition
LIMIT 20
""",
    (
        Column("finished_at", Text("끝난 때", "Ended"), "dateTimeAsIso"),
        Column("part", Text("파티션", "Partition"), "string"),
        Column("sites_compared", Text("견준 기관", "Sites compared")),
        Column("sites_skipped", Text("바뀌는 중이라 건너뜀", "Skipped, changing")),
        Column("differences", Text("차이", "Differences")),
        Column("repaired", Text("고침", "Repaired")),
        Column("verdict", Text("결과", "Result"), "string", {
            "clean": Word(Text("깨끗함", "Clean"), "green"), "repaired": Word(Text("고쳤음", "Repaired"), "orange"),
            "open": Word(Text("남은 차이 있음", "Differences left"), "red"),
        }),
    ),
    TO_RUNS, width=16, height=8, empty=Text("아직 감사하지 않았습니다", "Not audited yet"),
)  # fmt: skip

BOARD: Final = Board(
    "pipeline",
    Text("흐름", "Pipeline"),
    Text("기록이 온전한지, 줄의 순서대로.", "Whether the record is whole, in the order of the line."),
    (
        Row(Text("수집기", "Collector"), (DOOR, ARRIVALS, SOURCES)),
        Row(Text("토픽과 워커", "Topic and worker"), (LAG, TOPICS, AGENTS)),
        Row(Text("저장", "Sink"), (SINK,)),
        Row(Text("쓰지 못한 것", "Dead letters"), (REFUSED, REFUSED_TREND)),
        Row(Text("감사", "Audit"), (AUDIT, AUDITS)),
    ),
    (SITE_VARIABLE, RUN_VARIABLE),
)

"""Today: what came in, whom to call back, what changed since yesterday. The last day of the period counts as today."""

from typing import Final

from grafana.boards.calls import SOURCE
from grafana.boards.channels import NAME
from grafana.panel import Board, Column, Link, Panel, Row, Step
from grafana.query import COMMON, IN_BRANCH, NAMED, OF_SITE, SCOPE, SITE, UNTIL, ZONE, name_of
from grafana.words import OUTCOMES, STAGES, VIAS, Text, Word

TO_CALLS: Final = Link("calls", Text("왜 놓쳤을까요?", "Why were they missed?"))
TO_CHANNELS: Final = Link("channels", Text("어디서 왔나요?", "Where do they come from?"))
TO_PIPELINE: Final = Link("pipeline", Text("기록은 온전한가요?", "Is the record whole?"))
TO_JOURNEYS: Final = Link("journeys", Text("어떤 길로 왔나요?", "Which path did they take?"))
EXPLAIN: Final = Link("journeys", Text("이 사람의 길", "This one's path"), "lead", "lead_key")
THINGS: Final = {
    "inquiry": Word(Text("문의", "Inquiries")),
    "consult": Word(Text("상담", "Consults")),
    "registration": Word(Text("등록", "Registrations")),
    "visits": Word(Text("홈페이지 방문", "Website visits")),
    "scans": Word(Text("QR 스캔", "QR scans")),
    "calls": Word(Text("전화", "Calls")),
    "unanswered": Word(Text("받지 못한 전화", "Unanswered calls")),
    "payments": Word(Text("결제", "Payments")),
}
USUAL: Final = {
    "more": Word(Text("평소보다 많음", "More than usual"), "blue"),
    "less": Word(Text("평소보다 적음", "Less than usual"), "orange"),
    "usual": Word(Text("평소와 같음", "As usual")),
    "few": Word(Text("비교하기에 자료 부족", "Too few to compare"), "orange"),
}
_LAST_DAY: Final = Text(
    "‘오늘’은 선택한 기간의 마지막 날입니다.", "“Today” is the last day of the chosen period."
)


def _about(ko: str, en: str) -> Text:
    return Text(f"{ko} {_LAST_DAY.ko}", f"{en} {_LAST_DAY.en}")


def _counted(stage: str) -> str:
    return f"""
SELECT
    countIf(day = {UNTIL}) AS today, countIf(day = {UNTIL} - 1) AS yesterday,
    countIf(day BETWEEN {UNTIL} - 28 AND {UNTIL} - 1) / 28 AS usual
FROM headwater.conversions
WHERE {SCOPE} AND stage = '{stage}' AND day <= {UNTIL}
HAVING count() > 0
"""


_TODAY: Final = (
    Column("today", Text("오늘", "Today")),
    Column("yesterday", Text("어제", "Yesterday")),
    Column("usual", Text("지난 4주 하루 평균", "Daily average of 4 weeks"), "none"),
)
INQUIRIES: Final = Panel(
    "new_inquiries", "stat", Text("새 문의", "New inquiries"),
    _about("오늘 처음 문의한 사람입니다.", "People who inquired first today."),
    _counted("inquiry"), _TODAY, TO_CHANNELS, width=6, height=4,
)  # fmt: skip
REGISTRATIONS: Final = Panel(
    "new_registrations", "stat", Text("새 등록", "New registrations"),
    _about("오늘 등록한 사람입니다.", "People who registered today."),
    _counted("registration"), _TODAY, TO_CHANNELS, width=6, height=4,
)  # fmt: skip

# Inbound calls of the last two days that nobody answered, and no call with that person was answered or made since.
_UNRETURNED: Final = f"""
    SELECT call_id, call.person_id AS person_id, started_at, branch, number, outcome, wait_seconds, channel, day, tries
    FROM
    (
        SELECT * FROM headwater.calls
        WHERE {SCOPE} AND counted = 1 AND direction = 'inbound' AND outcome != 'answered' AND day BETWEEN {UNTIL} - 1 AND {UNTIL}
    ) AS call
    LEFT JOIN
    (
        SELECT
            person_id, maxIf(started_at, direction = 'outbound' OR outcome = 'answered') AS spoken_at,
            countIf(direction = 'inbound' AND outcome != 'answered') AS tries
        FROM headwater.calls
        WHERE {OF_SITE} AND day <= {UNTIL}
        GROUP BY person_id
    ) AS caller USING (person_id)
    WHERE spoken_at < started_at
"""
TO_RETURN: Final = Panel(
    "calls_to_return", "stat", Text("다시 걸어야 할 전화", "Calls to return"),
    _about("오늘과 어제 받지 못했고 그 뒤로도 통화하지 못한 전화입니다.", "Unanswered today or yesterday, and not spoken with since."),
    f"""
SELECT count() AS waiting, countIf(day = {UNTIL}) AS of_today, countIf(day < {UNTIL}) AS of_yesterday
FROM
({_UNRETURNED})
HAVING (SELECT count() FROM headwater.calls WHERE {OF_SITE} AND {IN_BRANCH}) > 0
""",
    (
        Column("waiting", Text("모두", "In all"), steps=(Step(0, "green"), Step(1, "orange"), Step(5, "red"))),
        Column("of_today", Text("오늘", "Today")),
        Column("of_yesterday", Text("어제", "Yesterday")),
    ),
    TO_CALLS, width=6, height=4, empty=Text("전화 기록이 없습니다", "No calls recorded"),
)  # fmt: skip
FRESHNESS: Final = Panel(
    "freshness", "stat", Text("기록의 신선도", "Freshness"),
    Text(
        "마지막 이벤트가 일어난 때와 그 뒤로 지난 시간 (기간의 끝까지)입니다.",
        "When the newest event happened, and how long ago (up to the end of the period).",
    ),
    f"""
SELECT
    greatest(dateDiff('second', max(occurred_at), least(now(), $__toTime)), 0) AS age,
    max(occurred_at) AS newest, count() AS events
FROM headwater.events
WHERE site = {SITE} AND occurred_at <= $__toTime
HAVING count() > 0
""",
    (
        Column("age", Text("지난 시간", "Ago"), "s", steps=(Step(0, "green"), Step(21_600, "orange"), Step(86_400, "red"))),
        Column("newest", Text("마지막 이벤트", "Newest event"), "dateTimeAsIso"),
        Column("events", Text("모든 이벤트", "Events in all")),
    ),
    TO_PIPELINE, width=6, height=4,
)  # fmt: skip

RETURN_LIST: Final = Panel(
    "return_list", "table", Text("누구에게 다시 걸까요", "Whom to call back"),
    _about("오래 기다린 순서입니다. 전화번호는 저장하지 않으므로 통화 id로 교환기에서 찾습니다.",
           "Longest waiting first. Telephone numbers are not kept: look the call id up in the exchange."),
    f"""
WITH {NAMED}
SELECT started_at, call_id, outcome, wait_seconds AS waited, tries, if(channel = '', '', {name_of()}) AS name, branch, number
FROM
({_UNRETURNED})
ORDER BY started_at
LIMIT 50
""",
    (
        Column("started_at", Text("걸려 온 때", "Rang at"), "dateTimeAsIso"),
        Column("call_id", Text("통화 id", "Call id"), "string"),
        Column("outcome", Text("결과", "Outcome"), "string", OUTCOMES),
        Column("waited", Text("기다린 시간", "Waited"), "s"),
        Column("tries", Text("받지 못한 횟수", "Unanswered tries")),
        SOURCE,
        Column("branch", Text("지점", "Branch"), "string"),
        Column("number", Text("건 번호", "Number dialled"), "string"),
    ),
    TO_CALLS, width=12, height=10, empty=Text("다시 걸 전화가 없습니다", "No call to return"),
)  # fmt: skip

_DAYS: Final = f"day <= {UNTIL}"
CHANGES: Final = Panel(
    "changes", "table", Text("어제와 달라진 것", "What changed since yesterday"),
    _about(
        "‘평소’는 지난 4주 하루 평균이고, 두 배 넘게 다르면 표시합니다. 한 번도 기록된 적이 없는 것은 보이지 않습니다.",
        "Usual: the daily average of four weeks; marked when off by a factor of two. What was never recorded is not shown.",
    ),
    f"""
SELECT
    what, today, yesterday, today - yesterday AS change, total / 28 AS usual,
    multiIf(total < 14, 'few', today > 2 * usual AND today - usual >= 2, 'more', today < usual / 2 AND usual - today >= 2, 'less', 'usual')
        AS verdict
FROM
(
    SELECT
        what, any(place) AS place, sumIf(counted, day = {UNTIL}) AS today, sumIf(counted, day = {UNTIL} - 1) AS yesterday,
        sumIf(counted, day BETWEEN {UNTIL} - 28 AND {UNTIL} - 1) AS total
    FROM
    (
        SELECT
            toString(stage) AS what, indexOf(['inquiry', 'consult', 'registration'], what) AS place, day, toInt64(1) AS counted
        FROM headwater.conversions
        WHERE {SCOPE} AND {_DAYS} AND stage IN ('inquiry', 'consult', 'registration')
        UNION ALL
        SELECT things.1 AS what, things.3 AS place, day, things.2 AS counted
        FROM headwater.channel_funnel_daily
        ARRAY JOIN [('visits', visits, 4), ('scans', scans, 5), ('calls', calls, 6)] AS things
        WHERE {SCOPE} AND {_DAYS} AND model = 'last' AND things.2 > 0
        UNION ALL
        SELECT 'unanswered' AS what, 7 AS place, day, toInt64(outcome != 'answered') AS counted
        FROM headwater.calls
        WHERE {SCOPE} AND {_DAYS} AND counted = 1 AND direction = 'inbound'
        UNION ALL
        SELECT 'payments' AS what, 8 AS place, day, toInt64(1) AS counted
        FROM headwater.payments
        WHERE {SCOPE} AND {_DAYS}
    )
    GROUP BY what
)
ORDER BY place
""",
    (
        Column("what", Text("무엇", "What"), "string", THINGS),
        Column("today", Text("오늘", "Today")),
        Column("yesterday", Text("어제", "Yesterday")),
        Column("change", Text("변화", "Change")),
        Column("usual", Text("평소", "Usual"), "none"),
        Column("verdict", Text("평소와 비교", "Against usual"), "string", USUAL),
    ),
    TO_CHANNELS, width=12, height=10,
)  # fmt: skip

LATEST: Final = Panel(
    "latest_inquiries", "table", Text("오늘과 어제의 문의", "Inquiries of today and yesterday"),
    _about("새것부터입니다. 출처는 그 사람의 첫 접점입니다.", "Newest first. The source is the first touch of that person."),
    f"""
WITH {NAMED}
SELECT
    inquiry_at, lead_key, toString(via) AS came_by, service, toString(stage) AS now_at,
    if(first_touch_channel = '', 'unattributed', {name_of("first_touch_channel")}) AS name, branch
FROM headwater.leads
WHERE {SCOPE} AND toDate(inquiry_at, {ZONE}) BETWEEN {UNTIL} - 1 AND {UNTIL}
ORDER BY inquiry_at DESC, lead_key
LIMIT 50
""",
    (
        Column("inquiry_at", Text("문의한 때", "Inquired at"), "dateTimeAsIso"),
        Column("lead_key", Text("사람", "Lead"), "string", link=EXPLAIN),
        Column("came_by", Text("어떻게", "By"), "string", VIAS),
        Column("service", Text("서비스", "Service"), "string"),
        Column("now_at", Text("단계", "Stage"), "string", STAGES),
        NAME,
        Column("branch", Text("지점", "Branch"), "string"),
    ),
    TO_JOURNEYS, height=9, empty=Text("오늘과 어제는 문의가 없습니다", "No inquiry today or yesterday"),
)  # fmt: skip

BOARD: Final = Board(
    "today",
    Text("오늘", "Today"),
    Text(
        "오늘 들어온 것, 다시 걸 전화, 어제와 달라진 것.",
        "What came in, whom to call back, what changed since yesterday.",
    ),
    (
        Row(Text("지금", "Now"), (INQUIRIES, REGISTRATIONS, TO_RETURN, FRESHNESS)),
        Row(Text("할 일", "To do"), (RETURN_LIST, CHANGES)),
        Row(Text("새로 온 사람", "Who came"), (LATEST,)),
    ),
    COMMON,
)

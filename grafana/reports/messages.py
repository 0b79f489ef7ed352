"""Messages to customers and the segments they are in, where there are any."""

from typing import Any, Final

from grafana.reports.questions import OF_SITE
from grafana.reports.report import Block, Name, Question, Section, Sentence, Table
from grafana.reports.telling import FEWEST, Telling
from grafana.words import STAGES, Text

WINDOW_DAYS: Final = 30
"""So long after the delivery something that somebody does counts as what the message brought."""
MANY_UNSUBSCRIBE: Final = 0.02
_COUNTS: Final = (
    "sent, bounced, delivered, openable, opened, clicked, converted, complained, unsubscribed, sent_after_unsubscribe, people,"
    " customers, customers_back"
)


def _asked(part: str) -> str:
    return (
        "headwater.message_funnel(\n"
        "    sites = [{site:String}], branches = [], since = {since:Date}, until = {until:Date}, run = {run:String},"
        f" part = '{part}', goal = '', window_days = {WINDOW_DAYS}\n)"
    )


TOTAL: Final = Question(
    "messages",
    Text("보낸 메시지", "Messages sent"),
    f"SELECT {_COUNTS}\nFROM {_asked('all')}\nWHERE sent > 0\nORDER BY sent",
    ("message_tracked",),
)
BY_CAMPAIGN: Final = Question(
    "messages_by_campaign",
    Text("캠페인마다의 메시지", "Messages by campaign"),
    f"""SELECT sent.part AS campaign, known.name AS name, {_COUNTS}
FROM
(
    SELECT *
    FROM {_asked("campaign")}
    WHERE sent > 0
) AS sent
LEFT JOIN (SELECT campaign, name FROM headwater.campaigns WHERE {OF_SITE}) AS known ON sent.part = known.campaign
ORDER BY sent DESC, campaign
LIMIT 12""",
    ("message_tracked",),
)
SEGMENTS: Final = Question(
    "segments",
    Text("고객군", "Customer segments"),
    """SELECT segment, base, name_ko, name_en, members, members_before, goal_metric, goal_count, reached, progress
FROM headwater.customer_segments(
    sites = [{site:String}], branches = [], since = {since:Date}, until = {until:Date}, run = {run:String}
)
WHERE people > 0
ORDER BY members DESC, segment""",
    ("message_tracked", "segment"),
)
QUESTIONS: Final = (TOTAL, BY_CAMPAIGN, SEGMENTS)
BASES: Final = {
    "new": Text("신규", "New"),
    "repeat": Text("재이용", "Repeat"),
    "dormant": Text("휴면", "Dormant"),
}
GOALS: Final = {
    "payment": Text("결제", "Payments"),
    "visit": Text("방문", "Visits"),
    **{stage: word.text for stage, word in STAGES.items()},
}


def messages(tell: Telling) -> list[Section]:
    """What was sent and what came of it, and how the segments moved; nothing where there is neither."""
    blocks: list[Block] = [*_opening(tell), *_campaigns(tell), *_segments(tell)]
    title = Text("고객에게 보낸 메시지", "Messages to customers")
    return [Section(tell.say(title), tuple(blocks))] if blocks else []


def _opening(tell: Telling) -> list[Sentence]:
    row = tell.row("messages")
    if not row:
        return []
    told = [
        tell.sentence(
            Text(
                "{people}명에게 메시지 {sent}통을 보내 {delivered}통이 도착했고, {clicked}통이 클릭되었습니다.",
                "{sent} messages went to {people} people; {delivered} arrived and {clicked} were clicked.",
            ),
            "plain",
            **{
                name: tell.count(row[name], "messages") for name in ("people", "sent", "delivered", "clicked")
            },
        )
    ]
    if row["customers"]:
        told.append(
            tell.sentence(
                Text(
                    "그중 이미 고객인 {customers}명 가운데 {back}명이 {days}일 안에 다시 왔습니다 ({rate}).",
                    "Of {customers} who were customers already, {back} came back within {days} days ({rate}).",
                ),
                customers=tell.count(row["customers"], "messages"),
                back=tell.count(row["customers_back"], "messages"),
                days=str(WINDOW_DAYS),
                rate=tell.rate(row["customers_back"], row["customers"], "messages"),
            )
        )
    if row["delivered"] >= FEWEST and row["unsubscribed"] / row["delivered"] >= MANY_UNSUBSCRIBE:
        told.append(
            tell.sentence(
                Text(
                    "수신 거부가 {unsubscribed}건입니다 ({rate}). 덜 자주, 더 맞는 분께 보내 보세요.",
                    "{unsubscribed} unsubscribed ({rate}). Send less often, and to those it concerns.",
                ),
                "careful",
                unsubscribed=tell.count(row["unsubscribed"], "messages"),
                rate=tell.rate(row["unsubscribed"], row["delivered"], "messages"),
            )
        )
    if row["sent_after_unsubscribe"]:
        told.append(
            tell.sentence(
                Text(
                    "수신을 거부한 분께 {count}통이 나갔습니다. 보내는 명단을 바로 고쳐 주세요.",
                    "{count} went to people who had unsubscribed. Correct the list at once.",
                ),
                "bad",
                count=tell.count(row["sent_after_unsubscribe"], "messages"),
            )
        )
    return told


def _campaigns(tell: Telling) -> list[Table]:
    rows = tell.rows("messages_by_campaign")
    if not rows:
        return []
    heads = tell.heads(
        (Text("캠페인", "Campaign"), False, 2.2), (Text("보냄", "Sent"), True, 1.0), (Text("도착", "Delivered"), True, 1.2),
        (Text("열림", "Opened"), True, 1.2), (Text("클릭", "Clicked"), True, 1.2), (Text("전환", "Converted"), True, 1.2),
        (Text("전환율", "Conversion"), True, 1.3), (Text("수신 거부", "Unsubscribed"), True, 1.5),
    )  # fmt: skip
    lines = []
    for row in rows:
        lines.append(
            (
                tell.cell(_campaign(tell, row)),
                tell.figure(tell.count(row["sent"], "messages_by_campaign")),
                tell.figure(tell.rate(row["delivered"], row["sent"], "messages_by_campaign")),
                tell.figure(
                    tell.rate(row["opened"], row["openable"], "messages_by_campaign")
                    if row["openable"]
                    else tell.say(Text("알 수 없음", "not told"))
                ),
                tell.figure(tell.rate(row["clicked"], row["delivered"], "messages_by_campaign")),
                tell.figure(tell.count(row["converted"], "messages_by_campaign")),
                tell.figure(tell.rate(row["converted"], row["delivered"], "messages_by_campaign")),
                tell.figure(tell.count(row["unsubscribed"], "messages_by_campaign")),
            )
        )
    note = Text(
        "전환은 도착한 뒤 {days}일 안에 목표를 이룬 것으로, 고객군에 목표가 없으면 결제입니다. 문자와 알림톡은 열림을 알려 주지 않습니다."
        " 메시지 때문에 한 일이라는 뜻은 아닙니다. 바탕이 {fewest}건보다 적은 비율은 내지 않습니다.",
        "Converted: who reached the goal within {days} days of the delivery, a payment where the segment has none. SMS and"
        " alimtalk do not tell of opens. It does not say that the message made them do it. No rate of fewer than {fewest}.",
    )
    title = tell.say(Text("캠페인마다", "By campaign"))
    told = tell.say(note, days=str(WINDOW_DAYS), fewest=str(FEWEST))
    return [Table(title, heads, tuple(lines), told)]


def _campaign(tell: Telling, row: Any) -> Name | str:
    if not row["campaign"]:
        return tell.say(Text("캠페인 없음", "no campaign"))
    return Name(str(row["name"] or row["campaign"]))


def _segments(tell: Telling) -> list[Table]:
    rows = tell.rows("segments")
    if not rows:
        return []
    heads = tell.heads(
        (Text("고객군", "Segment"), False, 2.0), (Text("사람", "People"), True, 1.0), (Text("기간 전날", "The day before"), True, 1.2),
        (Text("변화", "Change"), True, 1.0), (Text("목표", "Goal"), False, 1.6), (Text("이룬 것", "Reached"), True, 1.0),
        (Text("달성", "Done"), True, 0.9),
    )  # fmt: skip
    lines = []
    for row in rows:
        done = row["progress"]
        lines.append(
            (
                tell.cell(_segment(tell, row)),
                tell.figure(tell.count(row["members"], "segments")),
                tell.figure(tell.count(row["members_before"], "segments")),
                tell.figure(tell.signed(row["members"] - row["members_before"], "short", "segments")),
                tell.cell(_goal(tell, row)),
                tell.figure(tell.count(row["reached"], "segments")),
                tell.figure(
                    tell.percent(done, "segments"), "green" if done is not None and done >= 1 else "text"
                ),
            )
        )
    note = Text(
        "기간의 마지막 날에 그 고객군에 드는 사람입니다. 이룬 것은 기간 안의 것만 셉니다.",
        "Who belongs to a segment on the last day of the period. Reached: within the period.",
    )
    return [Table(tell.say(Text("고객군", "Customer segments")), heads, tuple(lines), tell.say(note))]


def _segment(tell: Telling, row: Any) -> Name | str:
    named = row[f"name_{tell.language}"]
    if named:
        return Name(str(named))
    return tell.say(BASES[row["base"]]) if row["base"] in BASES else Name(str(row["segment"]))


def _goal(tell: Telling, row: Any) -> Any:
    if not row["goal_metric"] or row["goal_count"] is None:
        return tell.say(Text("목표 없음", "no goal"))
    metric = str(row["goal_metric"])
    return (
        tell.say(GOALS[metric]) if metric in GOALS else Name(metric),
        " ",
        tell.count(row["goal_count"], "segments"),
    )

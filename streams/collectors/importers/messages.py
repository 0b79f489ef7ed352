"""What a sender reports of its messages -> message_tracked, each joined by 관리번호, phone or e-mail of whom it went to.

Two shapes: one row a message with a column for each step's time (발송일시, 열람일시, 클릭일시 …), or one row a step (상태
with 일시). In the first a word in 상태 says what became of it where no column does, and then it is dated like its sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from streams.collectors.importers.cells import (
    Moment,
    Unreadable,
    email,
    folded,
    moment,
    only_set,
    phone,
    text,
    word,
)
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Occurrences, Outcome, Setting, digest
from streams.collectors.importers.records import Reader, refused_cell

ACTIONS = {
    folded(said): action
    for action, words in {
        "sent": "발송 발송완료 전송 전송완료 접수 sent send processed",
        "delivered": "도달 도달완료 수신 수신완료 성공 발송성공 전송성공 정상 전달 delivered delivery success ok",
        "opened": "열람 오픈 확인 읽음 개봉 opened open read viewed",
        "clicked": "클릭 링크클릭 clicked click",
        "bounced": "반송 실패 발송실패 전송실패 수신실패 오류 bounced bounce failed failure dropped error",
        "complained": "스팸신고 신고 complained complaint spam spamreport",
        "unsubscribed": "수신거부 거부 구독취소 구독해지 unsubscribed unsubscribe optout",
    }.items()
    for said in words.split()
}
MEDIA = {
    folded(said): medium
    for medium, words in {
        "email": "이메일 메일 뉴스레터 email e-mail mail newsletter",
        "sms": "문자 문자메시지 단문 장문 sms lms mms text",
        "alimtalk": "알림톡 친구톡 카카오 카카오톡 카카오알림톡 브랜드메시지 alimtalk friendtalk kakao kakaotalk ata cta",
        "push": "푸시 앱푸시 푸쉬 앱알림 push apppush",
    }.items()
    for said in words.split()
}
STEPS = tuple(dict.fromkeys(ACTIONS.values()))


def messages(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a sender's report -> message_tracked drafts."""
    unnamed = Occurrences()
    for record in records:
        reader = Reader(record, setting)
        yield from reader.read(lambda reader=reader: _messages(reader, unnamed))  # type: ignore[misc]


def _messages(reader: Reader, unnamed: Occurrences) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    whose = only_set(lead_id=reader.cell("lead_id", text), **_addressed(reader))
    if not whose:
        field = next((name for name in ("lead_id", "phone", "email") if record.has(name)), "phone")
        raise refused_cell(record, field, Unreadable("nothing", "관리번호, 수신번호 or 이메일"))
    steps = _steps(reader)
    said = only_set(
        medium=reader.cell("medium", lambda value: word(value, reader.words("medium", MEDIA), "medium")),
        campaign=reader.cell("campaign", text),
        segment=reader.cell("segment", text),
        experiment=reader.cell("experiment", text),
        variant=reader.cell("variant", text),
    )
    recipient = setting.keyed(*(f"{name}:{value}" for name, value in sorted(whose.items())))
    message_id = reader.cell("message_id", text)
    if not message_id:
        message_id = _named(reader, steps, said, recipient, unnamed)
    branch = reader.branch()
    for action, at, nth in steps:
        body: dict[str, Any] = only_set(
            type="message_tracked",
            site=setting.site,
            branch=branch,
            occurred_at=at.at.isoformat(),
            message_id=message_id,
            action=action,
            **whose,
            **said,
        )
        yield Draft(record.line, body, (message_id, recipient, action, nth))


def _addressed(reader: Reader) -> dict[str, str | None]:
    """The phone and e-mail it went to; a column for the recipient may hold either."""
    address = reader.cell("email", email)
    if "@" in str(reader.record.get("phone") or ""):
        return {"email": reader.cell("phone", email) or address}
    return {
        "phone": reader.cell("phone", lambda value: phone(value, reader.setting.region)),
        "email": address,
    }


def _steps(reader: Reader) -> list[tuple[str, Moment, str]]:
    """What the row says of its message: the step, when, and which of several of one step it is."""
    record, zone = reader.record, reader.setting.zone

    def when(value: object) -> Moment:
        return moment(value, zone)

    found = [
        (step, reader.needed(f"{step}_at", when), "")
        for step in STEPS
        if str(record.get(f"{step}_at") or "").strip() not in ("", "-", "–")
    ]
    action = reader.cell("action", lambda value: word(value, reader.words("action", ACTIONS), "action"))
    if action is not None and record.get("at") is not None:
        at = reader.needed("at", lambda value: moment(value, zone, time_of_day=record.get("time")))
        found.append((action, at, at.at.isoformat()))
    elif action is not None and found and action not in {step for step, _, _ in found}:
        found.append((action, found[0][1], ""))
    if not found:
        field = next((f"{step}_at" for step in STEPS if record.has(f"{step}_at")), "at")
        raise refused_cell(record, field, Unreadable("nothing", "when it was sent, like 2026-03-02 14:05:00"))
    return found


def _named(
    reader: Reader,
    steps: list[tuple[str, Moment, str]],
    said: dict[str, str],
    recipient: str,
    unnamed: Occurrences,
) -> str:
    """A message without an id of its own -> one of whom it went to, its campaign and when it was sent."""
    sent = next((at for step, at, _ in steps if step == "sent"), None)
    if sent is None:
        fix = "the sender's own id of the message, or 발송일시 in the same row"
        raise refused_cell(reader.record, "message_id", Unreadable("nothing", fix))
    key = reader.setting.keyed(
        recipient, said.get("campaign", ""), said.get("medium", ""), sent.at.isoformat()
    )
    nth = unnamed.nth(digest(key.encode()))
    return f"message-{key}" + (f"-{nth + 1}" if nth else "")

"""A call log of any carrier, 050 number or Smart Call portal -> call_ended.

Such a row gives the time the call began; the event is dated to its end: start + wait + talk. Without a column for the
call's own id one is made of start, numbers and the nth equal row, so a corrected result keeps its call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from streams.collectors.importers.cells import (
    Unreadable,
    folded,
    moment,
    only_set,
    phone,
    seconds,
    text,
    word,
)
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Occurrences, Outcome, Setting, digest
from streams.collectors.importers.records import Reader, refused_cell

_WORDS = {
    "answered": "정상 통화 응답 연결 성공 완료 수신 통화완료 통화성공 정상통화 정상종료 연결됨 연결성공 연결완료 응답완료 받음 Y answered "
    "answer completed connected success ok",
    "missed": "부재중 미응답 무응답 부재 부재중전화 미수신 응답없음 안받음 못받음 미연결 N missed noanswer unanswered "
    "no-answer notanswered",
    "busy": "통화중 통화중실패 사용중 busy",
    "abandoned": "포기 중도포기 고객포기 포기호 대기중종료 대기중포기 발신자종료 abandoned abandon hangup canceled cancelled cancel",
    "voicemail": "음성사서함 사서함 음성메시지 음성메세지 voicemail vm",
    "failed": "실패 오류 결번 연결실패 통화실패 장애 없는번호 거절 차단 failed failure error congestion rejected",
}
OUTCOMES = {folded(said): outcome for outcome, words in _WORDS.items() for said in words.split()}
DIRECTIONS = {
    folded(said): direction
    for direction, words in {
        "inbound": "수신 인바운드 착신 인입 걸려온전화 in inbound incoming received",
        "outbound": "발신 아웃바운드 발신호 건전화 out outbound outgoing made",
    }.items()
    for said in words.split()
}


def calls(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a call log -> call_ended drafts."""
    occurrences = Occurrences()
    for record in records:
        reader = Reader(record, setting)
        draft = reader.read(lambda reader=reader: _call(reader, occurrences))  # type: ignore[misc]
        yield from draft


def _call(reader: Reader, occurrences: Occurrences) -> Iterator[Draft]:
    setting, record = reader.setting, reader.record
    talk = reader.cell(
        "duration", lambda value: seconds(value, minutes=record.unit("duration") in _MINUTES), 0
    )
    wait = reader.cell("wait", lambda value: seconds(value, minutes=record.unit("wait") in _MINUTES), None)
    direction = reader.cell(
        "direction", lambda value: word(value, reader.words("direction", DIRECTIONS), "direction")
    )
    outcome = reader.cell("outcome", lambda value: word(value, reader.words("outcome", OUTCOMES), "outcome"))
    if outcome is None:
        if not record.has("duration"):
            raise refused_cell(
                record, "outcome", Unreadable("nothing", "how the call ended, like 정상 or 부재중")
            )
        outcome = "answered" if talk else "missed"
    if direction == "outbound":
        own, customer = (
            reader.one_of(("phone",), _shown_number),
            reader.one_of(("number",), _customer(setting)),
        )
        own = own or setting.defaults.get("number")
        number = f"{customer[:3]}**" if customer else own
    else:
        customer = reader.cell("phone", _customer(setting))
        number = reader.one_of(("tracking_number", "number"), _customer(setting)) or reader.default_number()
    if not number:
        fix = "the number that was called; where no row has it, give --number"
        raise refused_cell(record, "number", Unreadable("nothing", fix))
    if record.has("started_at", "date") or not record.has("ended_at"):
        field = "started_at" if record.get("started_at") is not None else "date"
        started = _started(reader, field)
        ended = started + timedelta(seconds=talk + (wait or 0))
    else:
        ended = reader.needed("ended_at", lambda value: moment(value, setting.zone)).at
        started = ended - timedelta(seconds=talk + (wait or 0))
    call_id = reader.cell("call_id", text)
    if not call_id:
        key = setting.keyed(started.isoformat(), number, customer or "", direction or "")
        nth = occurrences.nth(digest(key.encode()))
        call_id = f"call-{key}" + (f"-{nth + 1}" if nth else "")
    body: dict[str, Any] = only_set(
        type="call_ended",
        site=setting.site,
        branch=reader.branch(),
        occurred_at=ended.isoformat(),
        phone=customer,
        call_id=call_id,
        number=number,
        direction=direction,
        outcome=outcome,
        duration_seconds=talk,
        wait_seconds=wait,
        keyword=reader.cell("keyword", text),
        ad_group=reader.cell("ad_group", text),
        tags=reader.cell("tags", _tags),
    )
    yield Draft(record.line, body, (call_id,))


_MINUTES = frozenset({"분", "min", "minutes", "minute", "m"})


def _tags(value: object) -> list[str] | None:
    """What a speech analysis found: labels with commas, semicolons or bars between them."""
    return [tag for part in re.split(r"[,;|]", text(value)) if (tag := part.strip())] or None


def _started(reader: Reader, field: str) -> Any:
    """The start, whose time may stand in a cell of its own beside the day."""
    record, zone = reader.record, reader.setting.zone
    if field == "started_at" and record.has("date"):
        value = record.get("started_at")
        try:
            return moment(value, zone).at
        except Unreadable:
            return reader.needed("date", lambda day: moment(day, zone, time_of_day=value)).at
    return reader.needed(field, lambda value: moment(value, zone, time_of_day=record.get("time"))).at


def _customer(setting: Setting) -> Any:
    return lambda value: phone(value, setting.region)


def _shown_number(value: object) -> str | None:
    try:
        return phone(value)
    except Unreadable:
        return None

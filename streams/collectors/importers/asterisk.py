"""Asterisk and FreePBX call detail records -> call_ended: the legs of one linkedid are one call.

Legs lie apart in the file, in either order of time; a call is given out once four hours of the file lie between it
and the row at hand. Calls from extension to extension are nobody's business and are skipped, with a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from streams.collectors.importers.cells import (
    Unreadable,
    folded,
    masked_phone,
    moment,
    only_set,
    phone,
    seconds,
    text,
    word,
)
from streams.collectors.importers.columns import Column, Columns, Record
from streams.collectors.importers.drafts import Draft, Outcome, Refusal, Setting, Skipped
from streams.collectors.importers.records import Reader, RefusedCell, refused_cell

_MASTER = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "calldate",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
]
_READ = frozenset(
    [
        "src",
        "dst",
        "dcontext",
        "dstchannel",
        "lastapp",
        "calldate",
        "answer",
        "end",
        "duration",
        "billsec",
        "disposition",
        "uniqueid",
        "linkedid",
        "sequence",
    ]
)
_APART = timedelta(hours=4)
_DISPOSITIONS = {
    "answered": "answered",
    "noanswer": "missed",
    "busy": "busy",
    "failed": "failed",
    "congestion": "failed",
    "cancel": "missed",
}
_RANK = ("answered", "voicemail", "abandoned", "missed", "busy", "failed")
_TALKING = frozenset({"dial", "queue", "followme", "bridge", "appdial", "appqueue", "appdial2", ""})


def master_columns(cells: list[Any]) -> Columns | None:
    """The first row of a Master.csv, which has no header -> its columns by position; None when it is no such row."""
    if not 14 <= len(cells) <= len(_MASTER):
        return None
    if folded(str(cells[14])) not in _DISPOSITIONS or not re.match(r"\d{4}-\d\d-\d\d", str(cells[9])):
        return None
    of = {name: Column(at, name, "") for at, name in enumerate(_MASTER[: len(cells)]) if name in _READ}
    if "uniqueid" not in of:
        return None
    ignored = tuple(name for name in _MASTER[: len(cells)] if name not in _READ)
    return Columns("asterisk", of, ignored, len(cells), 0)


@dataclass(slots=True)
class Leg:
    """One CDR row: one leg of a call, with what it says of both ends."""

    line: int
    started: datetime
    talk: int
    rang: int
    outcome: str
    source: str | None
    target: str | None
    internal_source: bool
    unique: str


def asterisk(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """CDR rows -> call_ended drafts, one a linked call."""
    waiting: dict[str, list[Leg]] = {}
    checked = 0
    for record in records:
        reader = Reader(record, setting)
        try:
            leg, linked = read_leg(reader)
        except RefusedCell as refused:
            yield refused.refusal
            continue
        waiting.setdefault(linked, []).append(leg)
        checked += 1
        if checked % 512 == 0:
            for name in [
                name for name, legs in waiting.items() if abs(legs[-1].started - leg.started) > _APART
            ]:
                yield _call(name, waiting.pop(name), setting)
    for name, legs in waiting.items():
        yield _call(name, legs, setting)


def read_leg(reader: Reader) -> tuple[Leg, str]:
    """One CDR row -> its leg and the linkedid of its call; raises RefusedCell."""
    record, setting = reader.record, reader.setting
    started = reader.needed("calldate", lambda value: moment(value, setting.zone)).at
    total = reader.cell("duration", seconds, None)
    talk = reader.cell("billsec", seconds, None)
    answered = record.get("answer")
    ended = record.get("end")
    if total is None and ended is not None:
        total = _between(started, reader.needed("end", lambda value: moment(value, setting.zone)).at)
    if talk is None:
        talk = 0
        if answered is not None and ended is not None:
            at = reader.needed("answer", lambda value: moment(value, setting.zone)).at
            talk = _between(at, reader.needed("end", lambda value: moment(value, setting.zone)).at)
    total = max(total or 0, talk)
    outcome = reader.needed(
        "disposition", lambda value: word(value, reader.words("outcome", _DISPOSITIONS), "disposition")
    )
    application = folded(reader.cell("lastapp", text, ""))
    if outcome == "answered":
        if application.startswith("voicemail"):
            outcome = "voicemail"
        elif application not in _TALKING or (record.has("dstchannel") and record.get("dstchannel") is None):
            outcome = "abandoned"  # a menu or music picked up, no person did
    source_said = reader.cell("src", text, "")
    internal = bool(re.fullmatch(r"\d{2,6}", source_said))
    source = None if internal else _number(reader, "src")
    target = _number(reader, "did") or _outside(reader.cell("dst", text, ""), setting)
    if internal:
        target = _outside(reader.cell("dst", text, ""), setting)
    unique = reader.cell("uniqueid", text) or ""
    linked = reader.cell("linkedid", text) or unique
    if not linked:
        raise refused_cell(record, "uniqueid", Unreadable("nothing", "the call's uniqueid or linkedid"))
    return Leg(record.line, started, talk, total - talk, outcome, source, target, internal, unique), linked


def _between(first: datetime, last: datetime) -> int:
    return max(0, round((last - first).total_seconds()))


def _number(reader: Reader, field: str) -> str | None:
    """A caller's or called number; a name in its place is no number and nobody's fault."""
    try:
        found: str | None = reader.cell(field, lambda value: phone(value, reader.setting.region))
    except RefusedCell:
        return None
    return found


def _outside(said: str, setting: Setting) -> str | None:
    """What was dialled, when it is a number of the outside; a leading 9 for an outside line is dropped."""
    for candidate in (said, said[1:] if said.startswith("9") else ""):
        if re.fullmatch(r"\+?\d{8,15}", candidate):
            try:
                return phone(candidate, setting.region)
            except Unreadable:
                continue
    return None


def _call(linked: str, legs: list[Leg], setting: Setting) -> Outcome:
    legs = sorted(legs, key=lambda leg: (leg.started, leg.unique, leg.line))
    first = legs[0]
    line = min(leg.line for leg in legs)
    outbound = first.internal_source
    outcome = min((leg.outcome for leg in legs), key=_RANK.index)
    best = max((leg for leg in legs if leg.outcome == outcome), key=lambda leg: (leg.talk, -leg.line))
    talk = best.talk if outcome in ("answered", "voicemail") else 0
    if outcome in ("answered", "voicemail"):
        wait = _between(first.started, best.started) + best.rang
    else:
        wait = max(_between(first.started, leg.started) + leg.rang + leg.talk for leg in legs)
    target = next((leg.target for leg in legs if leg.target), None)
    own = setting.defaults.get("number")
    own_number = phone(own, setting.region) if own else None
    number: str | None
    if outbound:
        if target is None:
            return Skipped(line, "internal call")
        customer: str | None = target
        number = f"{target[:3]}**"
    else:
        customer, number = next((leg.source for leg in legs if leg.source), None), target or own_number
        if number is None:
            fix = "a did, or a dst that is a number of yours; where the file has neither, give --number"
            return Refusal(line, "did", masked_phone(""), fix)
    ended = first.started + timedelta(seconds=wait + talk)
    body = only_set(
        type="call_ended",
        site=setting.site,
        branch=setting.branch,
        occurred_at=ended.isoformat(),
        phone=customer,
        call_id=linked,
        number=number,
        direction="outbound" if outbound else "inbound",
        outcome=outcome,
        duration_seconds=talk,
        wait_seconds=wait,
    )
    return Draft(line, body, (linked,))

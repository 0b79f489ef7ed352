"""Calls as JSON from any telephone system, under our own names or mapped: signed by Standard Webhooks.

    {"call_id": "c-1", "status": "completed", "from": "010-1234-5678", "to": "070-1234-5678",
     "started_at": "2026-03-02T10:00:00+09:00", "answered_at": "…", "ended_at": "…"}

Systems that name things otherwise get `fields` (our name: path) and `values.status` in the source's settings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from schemas.problems import Problem
from streams.collectors.importers.calls import DIRECTIONS, OUTCOMES
from streams.collectors.importers.cells import Unreadable, folded, only_set, phone, seconds, text
from streams.collectors.importers.mapping import BadMapping, check_known, object_of, words_of
from streams.collectors.payloads import PayloadMapping, at_path, checked_zone, instant
from streams.collectors.phone.calls import NoCall, Said, State, masked_number
from streams.domain.phones import e164

SETTINGS: Final = ("fields", "values", "each", "number", "branch", "time_zone")
FIELDS: Final = (
    "call_id", "leg_id", "sequence", "status", "direction", "from", "to", "started_at", "answered_at", "ended_at",
    "talk_seconds", "wait_seconds", "keyword", "ad_group", "branch",
)  # fmt: skip
STATES: Final[Mapping[str, State]] = {
    **{said: cast(State, outcome) for said, outcome in OUTCOMES.items()},
    **dict.fromkeys(
        ("ringing", "initiated", "queued", "started", "callstarted", "벨울림", "호출중"), "ringing"
    ),
    **dict.fromkeys(("talking", "inprogress", "connected"), "talking"),
    **dict.fromkeys(("ended", "over", "callended", "hungup"), "over"),
}
"""What a status may be called, folded; `over` leaves it to answered_at and talk_seconds how the call went."""

_ID: Final = re.compile(r"[!-~]{1,100}\Z")


@dataclass(frozen=True)
class CallMapping:
    """How a telephone system names its fields and states."""

    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    items: PayloadMapping = field(default_factory=PayloadMapping)
    number: str | None = None
    branch: str | None = None
    time_zone: str | None = None


def read_settings(said: Mapping[str, Any]) -> CallMapping:
    """The settings of a source of calls -> the mapping; raises BadMapping."""
    for name in said:
        check_known(str(name), SETTINGS, "setting")
    fields = words_of(said.get("fields"), "fields")
    for name in fields:
        check_known(name, FIELDS, "field in fields")
    values = object_of(said.get("values"), "values")
    for name in values:
        check_known(str(name), ("status",), "field in values")
    states = {folded(cell): meant for cell, meant in words_of(values.get("status"), "values.status").items()}
    for meant in states.values():
        check_known(meant, tuple(sorted(set(STATES.values()))), "meaning in values.status")
    number = e164(str(said["number"])) if said.get("number") else None
    if said.get("number") and number is None:
        raise BadMapping("number must be a telephone number, such as 02-555-0000")
    return CallMapping(
        fields,
        states,
        PayloadMapping(each=str(said.get("each") or "")),
        number,
        str(said["branch"]) if said.get("branch") else None,
        checked_zone(said.get("time_zone")),
    )


def said_of(payload: Any, mapping: CallMapping, zone: ZoneInfo) -> Said:
    """One payload -> its word on a call; raises NoCall."""
    if not isinstance(payload, dict):
        raise NoCall(Problem("the body", "no JSON object", "one JSON object a call"))
    given = {name: at_path(payload, mapping.fields.get(name, name)) for name in FIELDS}
    call_id, leg = (_id(given, name) for name in ("call_id", "leg_id"))
    if not call_id:
        raise NoCall(Problem("call_id", "nothing", "the system's own id of the call"))
    state = _state(given["status"], mapping.states)
    outbound = DIRECTIONS.get(folded(str(given["direction"] or "")), "inbound") == "outbound"
    caller, called = _phone(given["from"]), _phone(given["to"])
    customer = called if outbound else caller
    number = (masked_number(called) if called else None) if outbound else called or mapping.number
    started, answered, ended = (
        _instant(given, name, zone) for name in ("started_at", "answered_at", "ended_at")
    )
    talk, wait = _seconds(given, "talk_seconds"), _seconds(given, "wait_seconds")
    if talk is None and answered and ended and ended >= answered:
        talk = round((ended - answered).total_seconds())
    if wait is None and started and answered and answered >= started:
        wait = round((answered - started).total_seconds())
    if ended is None and started is not None and state not in ("ringing", "talking") and (talk or wait):
        ended = started + timedelta(seconds=(talk or 0) + (wait or 0))
    if state == "over" and (talk or answered is not None):
        state = "answered"
    if number is None and state not in ("ringing", "talking"):
        fix = "the number that was called, or `number` in the source's settings"
        raise NoCall(Problem("to", "no telephone number", fix))
    more = only_set(
        branch=_text(given["branch"]) or mapping.branch,
        keyword=_text(given["keyword"]),
        ad_group=_text(given["ad_group"]),
    )
    order = given["sequence"] if isinstance(given["sequence"], int) else 0
    return Said(
        call_id,
        leg,
        state,
        number,
        customer,
        "outbound" if outbound else "inbound",
        started,
        ended,
        talk,
        wait,
        max(0, min(order, 1_000_000)),
        more=more,
    )


def _state(said: Any, own: Mapping[str, str]) -> State:
    word = folded(said) if isinstance(said, str) else ""
    state = own.get(word) or STATES.get(word)
    if state is None:
        known = ", ".join(sorted(set(STATES.values())))
        raise NoCall(
            Problem("status", "none that is known", f"one of {known}, or its meaning in values.status")
        )
    return cast(State, state)


def _id(given: Mapping[str, Any], name: str) -> str:
    said = str(given[name]) if isinstance(given[name], (str, int)) else ""
    if said and not _ID.match(said):
        raise NoCall(Problem(name, "nothing that is an id", "1 to 100 visible characters without blanks"))
    return said


def _phone(said: Any) -> str | None:
    """A number; what is none (an extension, a name, a withheld caller) is nobody's fault."""
    try:
        return phone(said) if isinstance(said, (str, int)) else None
    except Unreadable:
        return None


def _instant(given: Mapping[str, Any], name: str, zone: ZoneInfo) -> Any:
    return _parsed(given, name, lambda value: instant(value, zone))


def _seconds(given: Mapping[str, Any], name: str) -> Any:
    return _parsed(given, name, seconds)


def _parsed(given: Mapping[str, Any], name: str, parse: Any) -> Any:
    if given[name] in (None, ""):
        return None
    try:
        return parse(given[name])
    except Unreadable as unreadable:
        raise NoCall(Problem(name, "nothing that is one", unreadable.fix)) from None


def _text(said: Any) -> str | None:
    try:
        return text(said)[:200] or None if isinstance(said, str) else None
    except Unreadable:
        return None

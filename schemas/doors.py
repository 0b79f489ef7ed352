"""What a door admits: known fields only, everything wrong named at once, nothing personal repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.catalog import RULE_FIELDS, CatalogEntry, ChannelEntry, GoalEntry
from schemas.envelope import Event, Spoken
from schemas.problems import Problem, masked, problems_of, shown, unknown_field
from schemas.reading import _ENTRIES, _EVENTS, CLOCK_AHEAD, Reader, Saying, is_pseudonym, raw_identifiers

DEEPEST = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_BYTES_OF_AN_EVENT = 65_536
MOST_BYTES_OF_AN_ENTRY = 786_432
IDENTIFIERS = (
    "event_id",
    "visitor_id",
    "session_id",
    "lead_id",
    "call_id",
    "scan_id",
    "spend_id",
    "message_id",
)


class Refused(Exception):
    """A body a door does not take, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        """The problems, at least one."""
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def admit_event(body: Mapping[str, Any], *, now: datetime) -> Event:
    """The body of an event as a client sent it -> event, phones and emails still as typed; raises Refused."""
    problems = list(_envelope_problems(body))
    event = _admitted(_EVENTS, body, problems, MOST_BYTES_OF_AN_EVENT)
    problems += _clock_problems("occurred_at", event.occurred_at if event else None, now)
    if event is None or problems:
        raise Refused(problems)
    return event


def admit_entry(body: Mapping[str, Any], *, now: datetime) -> CatalogEntry:
    """A catalog entry as an operator wrote it -> entry, defined now unless it says when; raises Refused."""
    dated = {"defined_at": now.isoformat(), **body} if isinstance(body, Mapping) else body
    problems: list[Problem] = []
    entry = _admitted(_ENTRIES, dated, problems, MOST_BYTES_OF_AN_ENTRY)
    problems += _clock_problems("defined_at", entry.defined_at if entry else None, now)
    problems += _rule_problems(entry)
    if entry is None or problems:
        raise Refused(problems)
    return entry


def require_pseudonyms(said: Event | CatalogEntry) -> None:
    """Refuse an event or entry in which a phone or email is not `hmac:<key version>:<hex>` yet."""
    fix = "hmac:<key version>:<hex> of the normalised value"
    problems = [Problem(field, "a phone or email as typed", fix) for field in raw_identifiers(said)]
    if problems:
        raise Refused(problems)


def _admitted(reader: Reader[Saying], body: Any, problems: list[Problem], most: int) -> Saying | None:
    """The model, or None; whatever stands in its way is added to the problems."""
    if not isinstance(body, Mapping):
        problems.append(Problem("the body", shown("", body), "one JSON object"))
        return None
    raw = orjson.dumps(_sayable(body, (), problems))
    if len(raw) > most:
        problems.append(Problem("the body", f"{len(raw)} bytes", f"at most {most} bytes"))
        return None
    try:
        return reader.adapter.validate_json(raw, extra="forbid")
    except ValidationError as error:
        already = {problem.field for problem in problems}
        found = problems_of(error, reader.known, reader.tag, reader.nested)
        problems += [problem for problem in found if problem.field not in already]
        return None


def _sayable(value: Any, path: tuple[str, ...], problems: list[Problem]) -> Any:
    """The value with null for all that JSON cannot say or no field may hold; each is a problem."""
    if len(path) > DEEPEST:
        return _null(path, f"more than {DEEPEST} levels", f"JSON of at most {DEEPEST} levels", problems)
    if isinstance(value, Mapping):
        said = {}
        for name, inner in value.items():
            if isinstance(name, str) and _encodable(name):
                said[name] = _sayable(inner, (*path, name), problems)
            else:
                _null(path, "a name that is no text", "names in quotes", problems)
        return said
    if isinstance(value, (list, tuple)):
        return [_sayable(inner, (*path, str(place)), problems) for place, inner in enumerate(value)]
    if isinstance(value, str):
        if not _encodable(value):
            return _null(path, "half of a surrogate pair", "whole characters", problems)
        if _CONTROL.search(value):
            return _null(
                path, "a control character", "text on one line, without control characters", problems
            )
    elif isinstance(value, float) and not isfinite(value):
        return _null(path, "a number that is not finite", "a finite number", problems)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _null(path, "a number of too many digits", "a number within ±10^15", problems)
    elif not isinstance(value, (int, float, date, type(None))):
        return _null(path, f"a {type(value).__name__}", "text, number, true, false, list or object", problems)
    return value


def _null(path: tuple[str, ...], found: str, fix: str, problems: list[Problem]) -> None:
    field = ".".join(masked(part) for part in path) or "the body"
    problems.append(Problem(field, found, fix))


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _envelope_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    """What only a door minds in an event."""
    if not isinstance(body, Mapping):
        return
    if body.get("received_at") is not None:
        yield Problem("received_at", "a value", "to leave it out: the door sets it")
    if body.get("bot") is not None:
        yield Problem("bot", "a value", "to leave it out: the door sets it")
    for name in IDENTIFIERS:
        value = body.get(name)
        if isinstance(value, str) and value != value.strip():
            yield Problem(name, "blanks around it", "the same without blanks")
    for name in ("phone_aliases", "email_aliases"):
        aliases = body.get(name)
        if isinstance(aliases, list) and any(
            isinstance(one, str) and not is_pseudonym(one) for one in aliases
        ):
            yield Problem(
                name, "values as typed", f"to leave it out: the door sets it from {name.split('_')[0]}"
            )


def _clock_problems(field: str, instant: datetime | None, now: datetime) -> Iterator[Problem]:
    if instant is not None and instant - now > CLOCK_AHEAD:
        ahead = timedelta(seconds=int((instant - now).total_seconds()))
        yield Problem(
            field, f"a clock {ahead} ahead", "at most 24 h after now: set the clock or the offset right"
        )


def _rule_problems(entry: Spoken | None) -> Iterator[Problem]:
    """Rules on fields that no visit has would never hold."""
    conditions: list[Any] = []
    if isinstance(entry, ChannelEntry):
        conditions = [condition for rules in entry.rule_sets for condition in rules]
    elif isinstance(entry, GoalEntry):
        conditions = list(entry.rules or ())
    for condition in conditions:
        if condition.field not in RULE_FIELDS:
            fix = unknown_field(condition.field, RULE_FIELDS).fix
            if fix == "to leave it out":
                fix = "one of " + ", ".join(RULE_FIELDS)
            yield Problem("rules.field", shown("field", condition.field), fix)

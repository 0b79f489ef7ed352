"""Bytes behind the log -> event or catalog entry, or the reason why not; never anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar, Union

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from schemas.catalog import ENTRY_KINDS, NESTED, CatalogEntry, SiteEntry
from schemas.envelope import Event, Spoken
from schemas.event import EVENT_TYPES
from schemas.leads import InvitationSent, PersonForgotten, ReferralMade
from schemas.problems import Problem, problems_of, shown
from schemas.scalars import PSEUDONYM_PATTERN
from schemas.upcasts import Upcasts, upcast

MOST_BYTES = 1_048_576
CLOCK_AHEAD = timedelta(hours=24)
NOT_COMPARED = (
    "received_at",
    *("phone", "phone_aliases", "email", "email_aliases"),
    # what a browser says of a phone or email: hashed by a door, with a key that may have been rotated since
    *("claimed_phone", "claimed_phone_aliases", "claimed_email", "claimed_email_aliases"),
)
Saying = TypeVar("Saying", bound=Spoken)


class Reason(StrEnum):
    """Why something on the log could not be used; the closed list of dead letters and fates."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    NEWER_VERSION = "newer_version"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    RAW_IDENTIFIER = "raw_identifier"
    CLOCK_AHEAD = "clock_ahead"
    ID_CONFLICT = "id_conflict"
    WRONG_PARTITION = "wrong_partition"
    WRONG_KEY = "wrong_key"
    TOMBSTONE = "tombstone"


class Unusable(Exception):
    """Bytes that are no event or entry; the detail repeats nothing personal."""

    def __init__(self, reason: Reason, field: str | None, detail: str) -> None:
        """The reason, the field it lies in if any, and what was found and would be right."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.field = field
        self.detail = detail


class Reader(Generic[Saying]):
    """Reads one union of models told apart by a tag field, raising old versions first."""

    def __init__(self, models: Mapping[str, type[Saying]], tag: str, upcasts: Upcasts) -> None:
        """The models by tag, the name of the tag field, and the steps from older versions."""
        self.tag = tag
        self.upcasts = upcasts
        self.known = {name: fields_of(model) for name, model in models.items()}
        self.nested = {name: fields_of(model) for name, model in NESTED.items()}
        self.versions = {name: current_version(model) for name, model in models.items()}
        union: Any = Union[tuple(models.values())]  # noqa: UP007 - built from what is known, not written out
        tagged: Any = Annotated.__class_getitem__((union, Field(discriminator=tag)))  # type: ignore[attr-defined]
        self.adapter: TypeAdapter[Saying] = TypeAdapter(tagged)
        self._validate: Callable[[bytes], Any] = self.adapter.validator.validate_json

    def read(self, raw: bytes) -> Saying:
        """Bytes -> model; raises Unusable and nothing else."""
        if len(raw) > MOST_BYTES:
            raise Unusable(
                Reason.TOO_LARGE, None, f"found {len(raw)} bytes; right would be at most {MOST_BYTES}"
            )
        try:
            said: Saying = self._validate(raw)
        except ValidationError as error:
            said = self._second_look(raw, error)
        if b"NaN" in raw or b"Infinity" in raw:
            _parsed(raw)
        return said

    def _second_look(self, raw: bytes, error: ValidationError) -> Saying:
        """The old version raised, or the reason."""
        body = _parsed(raw)
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise Unusable(
                Reason.NOT_JSON, None, "found JSON beyond any limit; right would be one flat object"
            )
        name = body.get(self.tag)
        if name is None:
            raise _unusable(
                Reason.MISSING_FIELD, Problem(self.tag, "nothing", "one of " + ", ".join(self.known))
            )
        if not isinstance(name, str) or name not in self.known:
            problem = self._problems(error)[0] if isinstance(name, str) else None
            fix = problem.fix if problem else "one of " + ", ".join(self.known)
            raise _unusable(Reason.UNKNOWN_TYPE, Problem(self.tag, shown(self.tag, name), fix))
        version = body.get("v", 1)
        if type(version) is int and version > self.versions[name]:
            fix = f"at most {self.versions[name]}, or a newer reader"
            raise _unusable(Reason.NEWER_VERSION, Problem("v", f"version {str(version)[:20]}", fix))
        if type(version) is int and 1 <= version < self.versions[name]:
            if not self.upcasts.knows(name, version, self.versions[name]):
                raise _unusable(
                    Reason.INVALID_FIELD, Problem("v", f"version {version}", "a version with an upcast")
                )
            return self._raised(body, name, version)
        raise self._refusal(error)

    def _raised(self, body: dict[str, Any], name: str, version: int) -> Saying:
        """The body of an older version, raised and validated."""
        try:
            raised = self.upcasts.raised(body, name, version, self.versions[name])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as trouble:
            found = f"version {version}, in which {type(trouble).__name__} came up"
            raise _unusable(
                Reason.INVALID_FIELD, Problem("v", found, "every field that version had")
            ) from None
        try:
            said: Saying = self._validate(json.dumps(raised).encode())
        except ValidationError as error:
            raise self._refusal(error) from None
        return said

    def _problems(self, error: ValidationError) -> list[Problem]:
        return problems_of(error, self.known, self.tag, self.nested)

    def _refusal(self, error: ValidationError) -> Unusable:
        kinds = {
            each["type"]
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        }
        missing = kinds <= {"missing", "rule_missing"}
        problems = self._problems(error)
        refusal = _unusable(Reason.MISSING_FIELD if missing else Reason.INVALID_FIELD, problems[0])
        refusal.detail = "; ".join(str(problem) for problem in problems[:20])
        return refusal


def fields_of(model: type[Spoken]) -> list[str]:
    """The names of a model's fields as JSON spells them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def current_version(model: type[Spoken]) -> int:
    """The version a model is of."""
    return int(getattr(model, "VERSION", 1))


def _unusable(reason: Reason, problem: Problem) -> Unusable:
    return Unusable(reason, problem.field, str(problem))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _parsed(raw: bytes) -> dict[str, Any]:
    """Bytes -> object by the strictest reading; raises Unusable."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"found a byte that is no UTF-8 at {error.start}; right would be UTF-8"
        raise Unusable(Reason.NOT_UTF8, None, detail) from None
    try:
        body = json.loads(text, parse_constant=_no_constant, parse_int=_bounded_int)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Unusable(Reason.NOT_JSON, None, "found no JSON; right would be one JSON object") from None
    if not isinstance(body, dict):
        raise Unusable(Reason.NOT_AN_OBJECT, None, f"found {shown('', body)}; right would be one JSON object")
    return body


def _bounded_int(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else float("inf")


_EVENTS: Reader[Event] = Reader(EVENT_TYPES, "type", upcast)
_ENTRIES: Reader[CatalogEntry] = Reader(ENTRY_KINDS, "kind", upcast)
_read_event = _EVENTS.read
_PSEUDONYM = re.compile(PSEUDONYM_PATTERN.removesuffix("$") + r"\Z")


def read_event(raw: bytes) -> Event:
    """The value of one record of headwater.events -> event; raises Unusable and nothing else."""
    event = _read_event(raw)
    if (
        event.phone is not None
        or event.email is not None
        or event.__class__ in _WITH_PERSONS
        or _aliased(event)
    ):
        raw_one = next(raw_identifiers(event), None)
        if raw_one is not None:
            raise _raw(raw_one)
    received = event.received_at
    if received is not None and event.occurred_at > received and event.occurred_at - received > CLOCK_AHEAD:
        problem = Problem("occurred_at", "more than 24 h after received_at", "a clock that is right")
        raise _unusable(Reason.CLOCK_AHEAD, problem)
    return event


def read_entry(raw: bytes) -> CatalogEntry:
    """The value of one record of headwater.catalog -> entry; raises Unusable and nothing else."""
    entry = _ENTRIES.read(raw)
    raw_one = next(raw_identifiers(entry), None)
    if raw_one is not None:
        raise _raw(raw_one)
    return entry


_WITH_PERSONS = frozenset({PersonForgotten, InvitationSent, ReferralMade})


def _aliased(event: Event) -> bool:
    return event.phone_aliases is not None or event.email_aliases is not None


def _raw(field: str) -> Unusable:
    fix = "hmac:<key version>:<hex> of the normalised value"
    return _unusable(Reason.RAW_IDENTIFIER, Problem(field, "a phone or email that is no pseudonym", fix))


def is_pseudonym(value: str) -> bool:
    """Whether a phone or email is `hmac:<key version>:<hex>`."""
    return _PSEUDONYM.match(value) is not None


def raw_identifiers(said: Event | CatalogEntry) -> Iterator[str]:
    """The fields in which a phone or email is still as it was typed."""
    for field, value in personal_values(said):
        if not is_pseudonym(value):
            yield field


def personal_values(said: Event | CatalogEntry) -> Iterator[tuple[str, str]]:
    """Every phone and email in an event or entry, with the field it stands in."""
    if isinstance(said, Event):
        for field in ("phone", "email"):
            if (value := getattr(said, field)) is not None:
                yield field, value
            for alias in getattr(said, f"{field}_aliases") or ():
                yield f"{field}_aliases", alias
        if isinstance(said, (InvitationSent, ReferralMade)) and said.referrer_phone is not None:
            yield "referrer_phone", said.referrer_phone
        if isinstance(said, PersonForgotten):
            yield from _named_values("identifiers", said.identifiers)
    elif isinstance(said, SiteEntry):
        yield from _named_values("shared_identifiers", said.shared_identifiers or [])


def _named_values(field: str, named: list[Any]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(named):
        for name, value in one.items():
            if name in ("phone", "email"):
                yield f"{field}.{place}.{name}", value


def body_of(raw: bytes) -> dict[str, Any]:
    """The JSON object of bytes that read_event or read_entry accepted, unknown fields and all."""
    try:
        body: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = json.loads(raw)
    return body


def canonical_body(body: Mapping[str, Any]) -> bytes:
    """What two events of one event_id must share: v absent as 1, without what a door or key changes."""
    compared = {"v": 1, **body}
    for name in NOT_COMPARED:
        compared.pop(name, None)
    try:
        return orjson.dumps(compared, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(compared, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def canonical_entry(body: Mapping[str, Any]) -> bytes:
    """The bytes that order entries of one defined_at: sorted keys, no white space, UTF-8, least escaping."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

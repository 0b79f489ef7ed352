"""Bytes of the log <-> event or catalog entry, or the reason why they are of no use.

The schemas decide what is valid. Beside them stands a short cut for the events that make up nearly all of a log
(visits, page views and stages that say no more than the usual): it takes only what the schemas would take, gives the
same fact four times faster, and hands everything it is not sure of to them.
"""

import re
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from schemas.catalog import CatalogEntry
from schemas.reading import (
    CLOCK_AHEAD,
    MOST_BYTES,
    Unusable,
    body_of,
    canonical_body,
    canonical_entry,
    read_entry,
    read_event,
)
from schemas.scalars import EARLIEST, END_OF_TIME, SLUG_PATTERN
from streams.domain.days import micros
from streams.domain.facts import (
    PAGE,
    STATUS,
    VISIT,
    ClaimingFact,
    Fact,
    Status,
    Visit,
    claims_of,
    fact_of,
    source_of_link,
)
from streams.domain.partition import Refusal

DIGEST_BYTES: Final = 16
_ENVELOPE: Final = frozenset(
    [
        "event_id",
        "type",
        "site",
        "branch",
        "occurred_at",
        "received_at",
        "visitor_id",
        "session_id",
        "lead_id",
    ]
)
_LANES: Final = {
    "visit_seen": _ENVELOPE | {"url", "referrer"},
    "page_viewed": _ENVELOPE | {"url"},
    "status_changed": _ENVELOPE | {"stage", "service", "via"},
}
_TEXTS: Final = {str}
_SHORT: Final = 128  # characters that every text field may have; a longer link is read by the schemas
_SLUG: Final = re.compile(SLUG_PATTERN.strip("^$"))
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_EARLIEST_US: Final = micros(EARLIEST)
_END_US: Final = micros(END_OF_TIME)
_AHEAD_US: Final = int(CLOCK_AHEAD.total_seconds()) * 1_000_000


class Decoded(NamedTuple):
    """A valid event: its site, its type, and what the core keeps of it, the digest of its canonical body with it."""

    site: str
    type: str
    fact: Fact


def decode_event(raw: bytes) -> Decoded | Refusal:
    """The event that bytes hold, or why they hold none."""
    return _usual(raw) or _any(raw)


def _any(raw: bytes) -> Decoded | Refusal:
    """Any event, as the schemas read it."""
    try:
        event = read_event(raw)
    except Unusable as unusable:
        return _refusal(raw, unusable)
    fact = fact_of(event)
    body = body_of(raw)
    nobodys = event.type == "number_shown" or getattr(event, "bot", None) is not None
    if b'"claimed_' in raw and not nobodys and (claims := claims_of(body)):
        fact = ClaimingFact(fact, claims)
    fact.digest = _digest(canonical_body(body))
    return Decoded(event.site, event.type, fact)


def _digest(canonical: bytes) -> bytes:
    return blake2b(canonical, digest_size=DIGEST_BYTES).digest()


@lru_cache(maxsize=65_536)
def _is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def _instant(text: str) -> int | None:
    """Epoch microseconds of an instant in its plainest spelling; None: let the schemas decide."""
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        at = round(datetime.fromisoformat(text).timestamp() * 1e6)
    except ValueError:
        return None
    return at if _EARLIEST_US <= at < _END_US else None


def _usual(raw: bytes) -> Decoded | None:
    """An event of a usual type that says no more than usual; None: not sure."""
    try:
        body: Any = orjson.loads(raw)
        kind = body["type"]
        fields = _LANES[kind]
        version = body.pop("v", 1)
        if type(version) is not int or version != 1 or not body.keys() <= fields or len(raw) > MOST_BYTES:
            return None
        values = body.values()
        if set(map(type, values)) != _TEXTS or "" in values or max(map(len, values)) > _SHORT:
            return None
        id, site, branch = body["event_id"], body["site"], body.get("branch", "")
        at = _instant(body["occurred_at"])
        if at is None or not _is_slug(site) or (branch and not _is_slug(branch)):
            return None
        received = body.pop("received_at", None)
        if received is not None:
            received_at = _instant(received)
            if received_at is None or at - received_at > _AHEAD_US:
                return None
        visitor, session, lead = body.get("visitor_id"), body.get("session_id"), body.get("lead_id")
        ids: tuple[str, ...] = ("visitor_id:" + visitor,) if visitor else ()
        if session:
            ids = (*ids, "session_id:" + session)
        if lead:
            ids = (*ids, "lead_id:" + lead)
        if kind == "status_changed":
            stage, via = body["stage"], body.get("via", "")
            if not _is_slug(stage) or (via and not _is_slug(via)):
                return None
            said = Status(stage, ids[-1] if lead else "", body.get("service", ""), via)
            fact = Fact(STATUS, id, at, branch, ids, said)
        else:
            cut_by = ids[0] if visitor or session else ""
            if kind == "visit_seen":
                source = source_of_link(body["url"], body.get("referrer", ""))
                fact = Fact(VISIT, id, at, branch, ids, Visit(cut_by, source, source.url))
            else:
                fact = Fact(PAGE, id, at, branch, ids, Visit(cut_by, None, body["url"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    body["v"] = 1
    fact.digest = _digest(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
    return Decoded(site, kind, fact)


def decode_entry(raw: bytes) -> tuple[CatalogEntry, bytes] | Refusal:
    """A catalog entry and its canonical bytes."""
    try:
        entry = read_entry(raw)
    except Unusable as unusable:
        return _refusal(raw, unusable)
    return entry, canonical_entry(body_of(raw))


def _refusal(raw: bytes, unusable: Unusable) -> Refusal:
    site, event_id = _named(raw)
    return Refusal(unusable.reason, unusable.field or "", unusable.detail, site, event_id)


def _named(raw: bytes) -> tuple[str, str]:
    """Site and event_id of a refused body, where it has such as may be shown."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    site, event_id = body.get("site"), body.get("event_id")
    return (
        site if isinstance(site, str) and len(site) <= 64 else "",
        event_id if isinstance(event_id, str) and len(event_id) <= 128 else "",
    )

"""Bytes of the log <-> event or catalog entry, or the reason why they are of no use."""

from hashlib import blake2b
from typing import Final

import orjson

from schemas.catalog import CatalogEntry
from schemas.event import Event
from schemas.reading import Unusable, body_of, canonical_body, canonical_entry, read_entry, read_event
from streams.domain.partition import Refusal

DIGEST_BYTES: Final = 16


def decode_event(raw: bytes) -> tuple[Event, bytes] | Refusal:
    """An event and the digest of what must not differ between copies of it."""
    try:
        event = read_event(raw)
    except Unusable as unusable:
        return _refusal(raw, unusable)
    return event, blake2b(canonical_body(body_of(raw)), digest_size=DIGEST_BYTES).digest()


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

"""Status changes, payments, told sources and messages as signed JSON -> event bodies, by the source's mapping."""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from streams.collectors.payloads import PayloadMapping, Unmapped, bodies_of, items_of, read_payload_mapping

Fact = tuple[Any, dict[str, Any] | Unmapped | None, str]
"""A payload, its event's fields or what is wrong with it (None: no rule is for it), the sender's id of it."""


def read_settings(said: Mapping[str, Any]) -> PayloadMapping:
    """The settings of a CRM source -> its mapping; raises BadMapping."""
    return read_payload_mapping(said)


def facts_of(body: Any, mapping: PayloadMapping, zone: ZoneInfo) -> Iterator[Fact]:
    """A parsed body -> its facts; raises Unmapped when it as a whole cannot be read."""
    for payload in items_of(body, mapping):
        try:
            found = list(bodies_of(payload, mapping, zone))
        except Unmapped as wrong:
            yield payload, wrong, ""
            continue
        if not found:
            yield payload, None, ""
        for fields, named in found:
            yield payload, fields, named

"""What a visit says of where it came from: the one thing taken from the product, its table of channel rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streams.domain import phones
from streams.domain.channels import ChannelRules
from streams.domain.sources import CLICK_IDS, Source, read_source

__all__ = ["Source", "channel_reader", "e164", "source_of"]

NAMED = (
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "in_app",
    "region",
    "device",
    "scan_id",
)


def e164(text: str) -> str:
    """A number as dialled -> E.164; what is no number stays as it is."""
    return phones.e164(text) or text


def source_of(body: Mapping[str, Any]) -> Source:
    """The source of a visit_seen."""
    said = {name: body[name] for name in NAMED if body.get(name)}
    ids = {name: body[name] for name in CLICK_IDS if body.get(name)}
    return read_source(body["url"], body.get("referrer") or "", click_ids=ids, **said)


def channel_reader(entries: Sequence[Mapping[str, Any]]) -> Callable[[Source], str]:
    """A site's own channel entries -> the channel of each source."""
    return ChannelRules([(entry["id"], entry.get("rules") or []) for entry in entries]).channel_of

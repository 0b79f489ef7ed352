"""How much a request may hold, and how often: checked before anything is believed."""

import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

BODY_BYTES: Final = 1024 * 1024
HEADER_BYTES: Final = 16 * 1024
GZIP_RATIO: Final = 100
EVENTS: Final = 500
DEPTH: Final = 32
FIELDS: Final = 200
ITEMS: Final = 10_000
STRING_BYTES: Final = 8 * 1024
FIELD_NAME_CHARACTERS: Final = 64

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_INFLATE_STEP = 64 * 1024
_RATIO_COUNTS_FROM = 16 * 1024


class TooLarge(Exception):
    """A body over the limit, before or after decompression."""


class NotGzip(Exception):
    """A body that says it is gzip and is not, or ends too early."""


def inflated(body: bytes) -> bytes:
    """A gzip body -> its content, never more than the limit in memory and never beyond 100 : 1."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    content = bytearray()
    waiting = body
    while True:
        try:
            step = inflater.decompress(waiting, _INFLATE_STEP)
        except zlib.error as error:
            raise NotGzip from error
        content += step
        if len(content) > BODY_BYTES or len(content) > max(_RATIO_COUNTS_FROM, GZIP_RATIO * len(body)):
            raise TooLarge
        waiting = inflater.unconsumed_tail
        if inflater.eof:
            if inflater.unused_data:
                raise NotGzip
            return bytes(content)
        if not waiting and not step:
            raise NotGzip


def excess(value: object) -> tuple[str, str, str] | None:
    """A parsed JSON value -> the first (field, what was found, what is allowed) over a limit, or None.

    Walks without recursion; a field is named by its path, cut short so that an answer stays small.
    """
    if isinstance(value, dict) and _is_small_and_flat(value):
        return None
    items = 0
    waiting: list[tuple[object, str, int]] = [(value, "", 1)]
    while waiting:
        item, path, depth = waiting.pop()
        if isinstance(item, str):
            if len(item) > STRING_BYTES or len(item.encode("utf-8", "surrogatepass")) > STRING_BYTES:
                return (
                    path or "the body",
                    f"a text of {len(item)} characters",
                    f"at most {STRING_BYTES} bytes",
                )
            if control := _CONTROL.search(item):
                return (
                    path or "the body",
                    f"a control character (U+{ord(control[0]):04X})",
                    "text without control characters",
                )
        elif isinstance(item, dict):
            if depth > DEPTH:
                return path or "the body", f"nested deeper than {DEPTH}", f"at most {DEPTH} levels"
            if len(item) > FIELDS:
                return path or "the body", f"more than {FIELDS} fields", f"at most {FIELDS} fields"
            for name, child in item.items():
                if len(name) > FIELD_NAME_CHARACTERS or _CONTROL.search(name):
                    return (
                        path or "the body",
                        "a field name that is too long or holds control characters",
                        f"field names of at most {FIELD_NAME_CHARACTERS} plain characters",
                    )
                waiting.append((child, f"{path}.{name}" if path else name, depth + 1))
        elif isinstance(item, list):
            if depth > DEPTH:
                return path or "the body", f"nested deeper than {DEPTH}", f"at most {DEPTH} levels"
            items += len(item)
            if items > ITEMS:
                return path or "the body", f"more than {ITEMS} list items", f"at most {ITEMS} list items"
            waiting.extend(
                (child, f"{path}.{index}" if path else str(index), depth + 1)
                for index, child in enumerate(item)
            )
    return None


def _is_small_and_flat(value: dict[str, object]) -> bool:
    """Whether one look at all texts together is enough: true of nearly every event."""
    texts = list(value)
    if len(texts) > FIELDS or max(map(len, texts), default=0) > FIELD_NAME_CHARACTERS:
        return False
    for child in value.values():
        if isinstance(child, str):
            texts.append(child)
        elif isinstance(child, (dict, list)):
            return False
    together = "".join(texts)
    return 4 * len(together) <= STRING_BYTES and _CONTROL.search(together) is None


@dataclass(frozen=True)
class Rate:
    """A token bucket's size: how many a second for ever, and how many at once."""

    per_second: float
    burst: float


class Buckets:
    """One token bucket per name; names unused the longest are forgotten, so memory stays bounded."""

    def __init__(self, rate: Rate, *, kept: int = 20_000) -> None:
        """A rate -> full buckets for every name."""
        self._rate = rate
        self._kept = kept
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, name: str, cost: float, now_seconds: float) -> float:
        """A name and a cost -> 0 when taken, else the seconds until it would be there (nothing taken)."""
        level, since = self._levels.pop(name, (self._rate.burst, now_seconds))
        level = min(self._rate.burst, level + max(0.0, now_seconds - since) * self._rate.per_second)
        taken = level >= min(cost, self._rate.burst)
        self._levels[name] = (level - cost if taken else level, now_seconds)
        if len(self._levels) > self._kept:
            self._levels.popitem(last=False)
        return 0.0 if taken else (min(cost, self._rate.burst) - level) / self._rate.per_second

    def left_seconds(self, name: str, cost: float, now_seconds: float) -> float:
        """A name and a cost -> the seconds until it could be taken; nothing is taken, nothing remembered."""
        level, since = self._levels.get(name, (self._rate.burst, now_seconds))
        level = min(self._rate.burst, level + max(0.0, now_seconds - since) * self._rate.per_second)
        return max(0.0, min(cost, self._rate.burst) - level) / self._rate.per_second


def client_network(peer: str, forwarded_for: str, trusted: frozenset[str]) -> str:
    """The peer, its X-Forwarded-For and the trusted proxies -> whom to count: an IPv4 address or an IPv6 /64.

    The header is read from the right and only as far as trusted proxies wrote it; from anyone else it is
    nothing.
    """
    chain = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    address = peer
    while address in trusted and chain:
        address = chain.pop()
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return peer
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((parsed, 64), strict=False))
    return str(parsed)

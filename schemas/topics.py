"""Every topic: its name, key, retention and what it carries; named nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

PARTITIONS = 16
FOR_EVER = -1


@dataclass(frozen=True)
class Topic:
    """One topic of the log; `partitions` must be the same for all, so that a site's parts lie together."""

    name: str
    key: str
    retention_ms: int
    carries: str

    @property
    def config(self) -> dict[str, str]:
        """The broker's topic settings."""
        return {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms), "retention.bytes": "-1"}


EVENTS = Topic("headwater.events", "site", FOR_EVER, "every event type")
CATALOG = Topic("headwater.catalog", "site|kind|id", FOR_EVER, "every catalog entry kind")
DEAD_LETTERS = Topic("headwater.dead-letters", "site", 30 * 86_400_000, "what could not be processed")
TOPICS: dict[str, Topic] = {topic.name: topic for topic in (EVENTS, CATALOG, DEAD_LETTERS)}


def key_of_entry(site: str, kind: str, entry_id: str) -> bytes:
    """The Kafka key of a catalog entry."""
    return f"{site}|{kind}|{entry_id}".encode()


def site_of_key(key: bytes) -> str:
    """The part of a key before the first `|`; bytes that are no UTF-8 come out as no site anyone has."""
    return key.partition(b"|")[0].decode("utf-8", "replace")


@lru_cache(maxsize=65_536)
def partition_of(site: str, partitions: int = PARTITIONS) -> int:
    """The partition a site lives on, exactly as Kafka's default partitioner chooses it for the key `site`."""
    return (murmur2(site.encode("utf-8", "surrogatepass")) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2 of the bytes, unsigned."""
    multiplier, length = 0x5BD1E995, len(data)
    mixed = 0x9747B28C ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * multiplier & 0xFFFFFFFF
        word = (word ^ (word >> 24)) * multiplier & 0xFFFFFFFF
        mixed = (mixed * multiplier & 0xFFFFFFFF) ^ word
    if length > whole:
        mixed = (mixed ^ int.from_bytes(data[whole:], "little")) * multiplier & 0xFFFFFFFF
    mixed = (mixed ^ (mixed >> 13)) * multiplier & 0xFFFFFFFF
    return mixed ^ (mixed >> 15)

"""What a replay consists of: an order, and units of it that are worked out apart, each as large as memory allows."""

from collections.abc import Mapping
from math import ceil
from typing import Final, NamedTuple
from zlib import crc32

from schemas.topics import partition_of
from streams.domain.ruling import Ruling

MOST_EVENTS_AT_ONCE: Final = 1_000_000


class Ends(NamedTuple):
    """The offsets of one partition, in both topics, at which a replay stops."""

    events: int
    catalog: int

    @property
    def version(self) -> int:
        """Of every row worked out from here: what the worker's own steps give their rows at this place."""
        return self.events + self.catalog


class Order(NamedTuple):
    """What is to be worked out: under which label and ruling, with which models, from what part of the log."""

    label: str
    ruling: Ruling
    models: tuple[str, ...]
    partitions: int
    ends: Mapping[int, Ends]


class Unit(NamedTuple):
    """The sites of one partition that fall into one of its buckets: nothing of them lies in any other unit."""

    partition: int
    bucket: int
    buckets: int

    def holds(self, site: str) -> bool:
        """Whether a site of the partition is in this bucket."""
        return self.buckets == 1 or crc32(site.encode("utf-8", "surrogatepass")) % self.buckets == self.bucket


def units_of(order: Order, most_events: int = MOST_EVENTS_AT_ONCE) -> list[Unit]:
    """Every unit of an order, the largest first; the same for the same order, whoever works them out."""
    ruling, units = order.ruling, []
    wanted = set(order.ends)
    if ruling.sites is not None:
        wanted &= {partition_of(site, order.partitions) for site in ruling.sites}
    for partition in sorted(wanted, key=lambda number: (-order.ends[number].events, number)):
        ends = order.ends[partition]
        if ends.events or ends.catalog or ruling.catalog or ruling.rules:
            buckets = max(1, ceil(ends.events / most_events))
            units += [Unit(partition, bucket, buckets) for bucket in range(buckets)]
    return units

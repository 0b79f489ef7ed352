"""Reading the log in bulk: whole ranges of offsets of one partition, outside any consumer group.

The fold on assignment, the gaps a worker finds and every replay read through here.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

FETCH_BYTES: Final = 8 << 20
GLANCE_BYTES: Final = 64 << 10


@dataclass(frozen=True)
class Brokers:
    """Where Kafka is and how to speak to it; `security` goes to the client as it is."""

    bootstrap: str
    security: Mapping[str, Any] = field(default_factory=dict)


class LogDamaged(Exception):
    """The log no longer holds what was read of it before; the message says what to do."""


class Extent(NamedTuple):
    """One partition of a topic as it lies there: its first offset, its end, and its first record's digest ('' if none)."""

    first: int
    end: int
    mark: str

    def refuse_another(self, topic: str, partition: int, mark: str, end: int) -> None:
        """Raise LogDamaged unless this is the log whose first record had `mark`, whole, and read before up to `end`."""
        where = f"{topic}, partition {partition}"
        if self.first > 0:
            raise LogDamaged(
                f"{where}: the log begins at offset {self.first}; what came before is gone, and nothing can be worked"
                " out of the rest alone. Restore the log from its backup."
            )
        if mark and self.mark != mark:
            raise LogDamaged(
                f"{where}: the log begins with another record than when it was first read: the topic was made anew."
                " Restore the log from its backup, or drop the database `headwater` to have it written anew from this"
                " log."
            )
        if self.end < end:
            raise LogDamaged(
                f"{where}: the log ends at offset {self.end}, but was read up to {end} before: it was cut or made anew."
                " Restore the log from its backup, or drop the database `headwater` to have it written anew from this"
                " log."
            )


def mark_of_record(record: ConsumerRecord) -> str:
    """The digest by which the first record of a log is known again, on whatever broker it lies."""
    key, value = record.key, record.value
    digest = blake2b(digest_size=16)
    for part in (key, value):
        digest.update(b"-" if part is None else b"+%d:" % len(part) + part)
    return digest.hexdigest()


class LogReader:
    """One consumer without a group, moved from range to range; `fetch_bytes` is the most that it asks for at once."""

    def __init__(self, brokers: Brokers, fetch_bytes: int = FETCH_BYTES) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            group_id=None,
            max_partition_fetch_bytes=fetch_bytes,
            fetch_max_bytes=fetch_bytes,
            fetch_max_wait_ms=100,
            **brokers.security,
        )

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Let go of the connection."""
        await self._consumer.stop()

    async def ends(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """The offset after the last record of each partition."""
        found = await self._consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
        return {tp.partition: offset for tp, offset in found.items()}

    async def begins(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """The offset of the first record of each partition."""
        found = await self._consumer.beginning_offsets(
            [TopicPartition(topic, number) for number in partitions]
        )
        return {tp.partition: offset for tp, offset in found.items()}

    async def extents(self, topic: str, partitions: Sequence[int]) -> dict[int, Extent]:
        """Where each partition begins and ends now, and with which record it begins."""
        begins, ends = await self.begins(topic, partitions), await self.ends(topic, partitions)
        found = {}
        for number in partitions:
            first = None
            async with aclosing(self.read(topic, number, begins[number], ends[number])) as chunks:
                async for records in chunks:
                    first = records[0]
                    break
            mark = "" if first is None else mark_of_record(first)
            found[number] = Extent(begins[number], ends[number], mark)
        return found

    async def read(
        self, topic: str, partition: int, first: int, end: int
    ) -> AsyncGenerator[list[ConsumerRecord], None]:
        """Records of [first, end) in chunks, in order; an offset that Kafka itself uses yields nothing."""
        if first >= end:
            return
        tp = TopicPartition(topic, partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, first)
        while await self._consumer.position(tp) < end:
            fetched = await self._consumer.getmany(tp, timeout_ms=1000)
            records = fetched.get(tp, [])
            if records and records[-1].offset >= end:
                records = [record for record in records if record.offset < end]
            if records:
                yield records

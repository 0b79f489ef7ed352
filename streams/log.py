"""Reading the log in bulk: whole ranges of offsets of one partition, outside any consumer group.

The fold on assignment, the gaps a worker finds and every replay read through here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

FETCH_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class Brokers:
    """Where Kafka is and how to speak to it; `security` goes to the client as it is."""

    bootstrap: str
    security: Mapping[str, Any] = field(default_factory=dict)


class LogDamaged(Exception):
    """The log no longer holds what was read of it before; the message says what to do."""


class LogReader:
    """One consumer without a group, moved from range to range."""

    def __init__(self, brokers: Brokers) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            group_id=None,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
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

    async def read(
        self, topic: str, partition: int, first: int, end: int
    ) -> AsyncIterator[list[ConsumerRecord]]:
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

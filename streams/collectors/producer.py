"""Records -> the log: the one place that appends; "acknowledged" means by all in-sync replicas.

Large lots go as ready-made record batches (one future a batch), small ones through the client's own batching,
so that many small requests share a batch. Records of one site keep their order within a call. A lot whose
outcome is not known in time counts as not acknowledged: it may still arrive, and the log then drops it by its
event_id.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.catalog import CatalogEntry
from schemas.event import Event, to_json
from schemas.topics import CATALOG, DEAD_LETTERS, EVENTS, TOPICS, key_of_entry, partition_of, site_of_key

LARGEST_RECORD = 1_000_000
_READY_MADE_FROM = 64
_BATCH_BYTES = 512 * 1024
_log = logging.getLogger(__name__)


class NotAcknowledged(Exception):
    """The log did not confirm the records in time, or refused them; they may still arrive."""


@dataclass(frozen=True)
class ProducerSettings:
    """Where the log is, how to speak to it, and how long to wait; `security` goes to the client as it is."""

    brokers: str = "127.0.0.1:19092"
    security: Mapping[str, Any] = field(default_factory=dict)
    linger_ms: int = 2
    delivery_seconds: float = 10.0
    in_flight_records: int = 20_000
    in_flight_bytes: int = 64 * 1024 * 1024


class Record(NamedTuple):
    """One record to append: its topic, its key, its value."""

    topic: str
    key: bytes
    value: bytes


class Position(NamedTuple):
    """Where an acknowledged record lies; offset -1 when the broker only knows that it already had it."""

    topic: str
    partition: int
    offset: int


class LogProducer:
    """An idempotent producer, bounded in flight; made anew after an error it cannot retry."""

    def __init__(self, settings: ProducerSettings) -> None:
        """The settings; nothing is opened before start."""
        self._settings = settings
        self._client: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._records = 0
        self._bytes = 0
        self._opening = asyncio.Lock()
        self._broken = False
        self._unsettled: set[asyncio.Future[Any]] = set()
        self._gone: asyncio.Future[None] | None = None

    @property
    def in_flight(self) -> tuple[int, int]:
        """Records and bytes handed over and not yet settled, those of timed-out requests too."""
        return self._records, self._bytes

    def has_room(self, records: int, size: int) -> bool:
        """A lot's records and bytes -> whether it may be handed over now; a lot alone always may."""
        if self._records == 0:
            return True
        return (
            self._records + records <= self._settings.in_flight_records
            and self._bytes + size <= self._settings.in_flight_bytes
        )

    async def start(self) -> None:
        """Opens the connection and learns the partitions; raises NotAcknowledged without a log."""
        await self._open()

    async def reachable(self, timeout_seconds: float = 3.0) -> bool:
        """Whether a broker answers now and leads every partition of our topics."""
        try:
            async with asyncio.timeout(timeout_seconds):
                client = await self._open()
                cluster = await client.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError, NotAcknowledged):
            return False
        return all(cluster.available_partitions_for_topic(topic) for topic in TOPICS)

    async def append_events(self, events: Sequence[Event]) -> list[Position]:
        """Events -> where each now lies, in their order; returns once all are acknowledged."""
        return await self.append(
            [Record(EVENTS.name, event.site.encode("utf-8"), to_json(event)) for event in events]
        )

    async def append_entries(self, entries: Sequence[CatalogEntry]) -> list[Position]:
        """Catalog entries -> where each now lies; returns once all are acknowledged."""
        return await self.append(
            [
                Record(CATALOG.name, key_of_entry(entry.site, entry.kind, entry.id), to_json(entry))
                for entry in entries
            ]
        )

    async def append_dead_letters(self, letters: Sequence[tuple[str, bytes]]) -> list[Position]:
        """(site, JSON) of what was refused -> where each now lies; returns once all are acknowledged."""
        return await self.append(
            [Record(DEAD_LETTERS.name, site.encode("utf-8"), letter) for site, letter in letters]
        )

    async def append(self, records: Sequence[Record]) -> list[Position]:
        """Records -> where each now lies, in their order; raises NotAcknowledged unless all of them are."""
        if not records:
            return []
        size = 0
        for record in records:
            if len(record.value) > LARGEST_RECORD:
                raise ValueError(f"a record of {len(record.value)} bytes: at most {LARGEST_RECORD}")
            size += len(record.value) + len(record.key)
        self._records += len(records)
        self._bytes += size
        delivery = asyncio.ensure_future(self._deliver(records))
        self._unsettled.add(delivery)

        def settled(done: asyncio.Future[Any]) -> None:
            self._records -= len(records)
            self._bytes -= size
            self._unsettled.discard(done)
            if not done.cancelled():
                done.exception()  # a caller that stopped waiting leaves nobody else to look at it

        delivery.add_done_callback(settled)
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        ending: set[asyncio.Future[Any]] = {delivery, self._gone}
        done, _ = await asyncio.wait(
            ending,
            timeout=self._settings.delivery_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if delivery not in done:
            raise NotAcknowledged("the log did not answer in time")
        try:
            return delivery.result()
        except (KafkaError, OSError) as error:
            raise NotAcknowledged(f"the log refused: {type(error).__name__}") from error

    def give_up_waiting(self) -> None:
        """Whoever waits for an acknowledgement now is told NotAcknowledged at once: the log is away."""
        gone, self._gone = self._gone, None
        if gone is not None:
            gone.set_result(None)

    async def stop(self, timeout_seconds: float = 10.0) -> None:
        """Waits for what is in flight, at most this long, and closes; what is left was never acknowledged."""
        if self._unsettled:
            await asyncio.wait(set(self._unsettled), timeout=timeout_seconds)
        for delivery in self._unsettled:
            delivery.cancel()
        client, self._client = self._client, None
        if client is not None:
            await _close(client, 1.0)

    async def _deliver(self, records: Sequence[Record]) -> list[Position]:
        client = await self._open()
        try:
            if len(records) < _READY_MADE_FROM:
                return await self._deliver_singly(client, records)
            return await self._deliver_ready_made(client, records)
        except KafkaError as error:
            _log.warning("the log refused records: %s; the producer is made anew", type(error).__name__)
            self._broken = self._broken or client is self._client
            raise

    async def _deliver_singly(self, client: AIOKafkaProducer, records: Sequence[Record]) -> list[Position]:
        waiting: list[Awaitable[Any]] = []
        for topic, key, value in records:
            partition = partition_of(site_of_key(key), self._partitions[topic])
            waiting.append(await client.send(topic, value, key, partition=partition))
        return [Position(one.topic, one.partition, one.offset) for one in await _all_settled(waiting)]

    async def _deliver_ready_made(
        self, client: AIOKafkaProducer, records: Sequence[Record]
    ) -> list[Position]:
        lots: dict[tuple[str, int], list[int]] = defaultdict(list)
        for index, (topic, key, _) in enumerate(records):
            lots[topic, partition_of(site_of_key(key), self._partitions[topic])].append(index)
        positions: list[Position | None] = [None] * len(records)
        await _all_settled(
            [
                asyncio.ensure_future(
                    self._deliver_lot(client, topic, partition, records, indexes, positions)
                )
                for (topic, partition), indexes in lots.items()
            ]
        )
        return [position for position in positions if position is not None]

    async def _deliver_lot(
        self,
        client: AIOKafkaProducer,
        topic: str,
        partition: int,
        records: Sequence[Record],
        indexes: list[int],
        positions: list[Position | None],
    ) -> None:
        sent: list[tuple[list[int], Awaitable[Any]]] = []
        batch, members = client.create_batch(), list[int]()
        for index in indexes:
            _, key, value = records[index]
            if batch.append(key=key, value=value, timestamp=None) is None:
                batch.close()
                sent.append((members, await client.send_batch(batch, topic, partition=partition)))
                batch, members = client.create_batch(), []
                if batch.append(key=key, value=value, timestamp=None) is None:
                    raise ValueError("a record does not fit an empty batch")
            members.append(index)
        batch.close()
        sent.append((members, await client.send_batch(batch, topic, partition=partition)))
        for (members, _), metadata in zip(sent, await _all_settled([one for _, one in sent]), strict=True):
            for place, index in enumerate(members):
                offset = metadata.offset + place if metadata.offset >= 0 else -1
                positions[index] = Position(topic, partition, offset)

    async def _open(self) -> AIOKafkaProducer:
        if self._client is not None and not self._broken:
            return self._client
        async with self._opening:
            if self._client is not None and not self._broken:
                return self._client
            old, self._client, self._broken = self._client, None, False
            if old is not None:
                await _close(old, 1.0)
            client = AIOKafkaProducer(
                bootstrap_servers=self._settings.brokers,
                client_id="headwater-collector",
                acks="all",
                enable_idempotence=True,
                linger_ms=self._settings.linger_ms,
                max_batch_size=_BATCH_BYTES,
                max_request_size=LARGEST_RECORD + 64 * 1024,
                request_timeout_ms=int(self._settings.delivery_seconds * 1000),
                retry_backoff_ms=250,
                metadata_max_age_ms=60_000,
                **self._settings.security,
            )
            try:
                await client.start()
                self._partitions = {topic: len(await client.partitions_for(topic)) for topic in TOPICS}
            except BaseException as error:
                await _close(client, 1.0)
                if isinstance(error, (KafkaError, OSError)):
                    raise NotAcknowledged(f"the log cannot be reached: {type(error).__name__}") from error
                raise
            self._client = client
            return client


@asynccontextmanager
async def appending(settings: ProducerSettings) -> AsyncIterator[LogProducer]:
    """Settings -> a started producer for the length of the block; raises NotAcknowledged without a log."""
    producer = LogProducer(settings)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _all_settled(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """Waits for every one of them before raising the first error: nothing may settle unseen."""
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _close(client: AIOKafkaProducer, timeout_seconds: float) -> None:
    """Closes the client, which itself would wait for ever for batches that nobody takes.

    Whoever is told to stop meanwhile hears it here: inside, the client would take the cancellation for its own.
    """
    closing = asyncio.ensure_future(client.stop())
    try:
        async with asyncio.timeout(timeout_seconds):
            await asyncio.shield(closing)
    except (KafkaError, OSError, TimeoutError):
        closing.cancel()
        with contextlib.suppress(KafkaError, OSError):
            await client._sender.close()
            await client.client.close()

"""Where accepted records go: the log once all in-sync replicas have them, else the spool once the disk has them.

While the log answers, lots go to it directly; what the spool holds follows in its own order beside them. A lot of
unknown outcome goes to the spool as well, with its ids unchanged: the log drops what comes twice.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final, Literal

from streams.collectors.producer import LogProducer, NotAcknowledged, Record
from streams.collectors.spool import Spool, SpoolFull

Durability = Literal["log", "spool"]
PROBE_SECONDS: Final = 1.0
DRAINED_AT_ONCE: Final = 1_000
_DRAINED_BYTES: Final = 512 * 1024
_log = logging.getLogger(__name__)


class NotDelivered(Exception):
    """Neither log nor spool has the records for sure; they may still arrive in the log."""


class Delivery:
    """Lots of records into safety, and the spool's into the log when it is back."""

    def __init__(self, producer: LogProducer, spool: Spool) -> None:
        """The log's producer and the spool; nothing is opened before start."""
        self._producer = producer
        self._spool = spool
        self._up = asyncio.Event()
        self._spooled = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def log_is_up(self) -> bool:
        """Whether the log answered when it was asked last."""
        return self._up.is_set()

    @property
    def open(self) -> bool:
        """Whether a lot could be made safe now."""
        return self.log_is_up or self._spool.has_room

    async def start(self) -> None:
        """Looks for the log and for what a process before has spooled."""
        await self._spool.open()
        self._spooled.set()
        self._tell(await self._producer.reachable(), at_start=True)
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._drain())]

    async def stop(self, seconds: float) -> None:
        """Lets a lot that is on its way into the log arrive, at most this long, and closes the spool."""
        self._stopping = True
        if self._tasks:
            watching, draining = self._tasks
            watching.cancel()
            self._spooled.set()
            if self.log_is_up:
                await asyncio.wait({draining}, timeout=seconds)
            draining.cancel()
            for task in self._tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._spool.close()

    async def deliver(self, records: Sequence[Record], *, spool_first: bool = False) -> Durability:
        """Records -> where they are safe now; raises NotDelivered. `spool_first` takes the log only without a spool."""
        if not spool_first:
            if await self._into_log(records):
                return "log"
            if self._stopping:
                raise NotDelivered
        try:
            await self._spool.add(records)
        except SpoolFull:
            if spool_first and await self._into_log(records):
                return "log"
            raise NotDelivered from None
        self._spooled.set()
        return "spool"

    async def _into_log(self, records: Sequence[Record]) -> bool:
        size = sum(len(record.value) for record in records)
        if not self.log_is_up or not self._producer.has_room(len(records), size):
            return False
        try:
            await self._producer.append(records)
        except NotAcknowledged:
            self._tell(False)
            return False
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            self._tell(await self._producer.reachable())
            await self._spool.open()

    def _tell(self, up: bool, *, at_start: bool = False) -> None:
        if up is not self.log_is_up or at_start:
            words = "reachable" if up else "not reachable: events go to the spool"
            _log.log(logging.INFO if up else logging.WARNING, "the log is %s", words)
        if up:
            self._up.set()
        else:
            self._up.clear()
            self._producer.give_up_waiting()

    async def _drain(self) -> None:
        """What the spool holds -> the log, oldest first, one lot after the other, for ever."""
        while not self._stopping:
            await self._up.wait()
            lot = await self._spool.next(DRAINED_AT_ONCE, _DRAINED_BYTES)
            if lot is None:
                self._spooled.clear()
                try:
                    await asyncio.wait_for(self._spooled.wait(), PROBE_SECONDS)
                except TimeoutError:
                    await self._spool.tidy()
                continue
            try:
                await self._producer.append(lot.records)
            except NotAcknowledged:
                self._tell(False)
                continue
            await self._spool.remove(lot)

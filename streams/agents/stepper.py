"""Group commit: whatever chunks have come in of all partitions become one step each, written and acknowledged together.

Per step: announce, check that nobody else owns the partition, fold, write every row, mark done, acknowledge. A step
found announced and not done is done again with the very same records, so that a row that only its half-way state had
is written or deleted by whoever comes after.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiokafka import ConsumerRecord

from schemas.topics import CATALOG, EVENTS
from streams.agents.follower import DeadLetter, Follower, Written
from streams.log import LogDamaged, LogReader
from streams.sinks.clickhouse_sink import ClickHouseError, ClickHouseSink, Step
from streams.sinks.rows import Row
from streams.snapshots import MOST_EVENTS, Snapshots, mark_of

log = logging.getLogger(__name__)

MOST_RECORDS: Final = 20_000
FULL_ENOUGH: Final = 5_000
LINGER_SECONDS: Final = 0.2
REVOKE_SECONDS: Final = 3.0
WORTH_SAVING: Final = 5_000
STOP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

Result = TypeVar("Result")
Acknowledge = Callable[[], Awaitable[None]]
Bury = Callable[[list[DeadLetter]], Awaitable[list[Row]]]


@dataclass(slots=True)
class Waiting:
    """What has come in for one partition and is not yet written."""

    events: list[ConsumerRecord] = field(default_factory=list)
    entries: list[ConsumerRecord] = field(default_factory=list)
    acknowledge: list[Acknowledge] = field(default_factory=list)


class Stepper:
    """All partitions of one worker; `clock` gives epoch seconds for the columns that say when something was written."""

    def __init__(
        self,
        sink: ClickHouseSink,
        reader: LogReader,
        bury: Bury,
        clock: Callable[[], float],
        partitions: int,
        linger_seconds: float = LINGER_SECONDS,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._bury = bury
        self._clock = clock
        self._partitions = partitions
        self._linger = linger_seconds
        self._snapshots = snapshots
        self._assigned: set[int] = set()
        self._followers: dict[int, Follower] = {}
        self._waiting: dict[int, Waiting] = {}
        self._records = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._step = asyncio.Lock()
        self._stopping = False
        self._moving = False
        self.steps = 0
        self._folded = 0
        self.opened = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether something waits to be folded or written."""
        return bool(self._waiting) or self._step.locked()

    @property
    def progress(self) -> int:
        """Grows whenever something was achieved, the fold of a long log included."""
        return self.steps + self._folded

    # -- what comes from Kafka ----------------------------------------------------------------------------------------

    async def offer(self, records: list[ConsumerRecord], acknowledge: Acknowledge) -> None:
        """Hand a partition's chunk over; waits while too much waits already."""
        await self._room.wait()
        waiting = self._waiting.setdefault(records[0].partition, Waiting())
        (waiting.events if records[0].topic == EVENTS.name else waiting.entries).extend(records)
        waiting.acknowledge.append(acknowledge)
        self._records += len(records)
        if self._records >= MOST_RECORDS:
            self._room.clear()
        self._wake.set()

    async def assign(self, partitions: Iterable[int]) -> None:
        """These partitions are ours from now on, and no others; the state of one that was ours before is kept."""
        self._assigned = set(partitions)
        self.opened.clear()
        self._moving = False
        self._wake.set()

    async def revoke(self) -> None:
        """Begin no step until it is said what is ours; the one under way may end, if it can soon."""
        self._moving = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_SECONDS), self._step:
                pass

    def _forget(self, partitions: set[int]) -> None:
        for number in partitions:
            self._followers.pop(number, None)
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                self._make_room(len(waiting.events) + len(waiting.entries))

    def _make_room(self, records: int) -> None:
        self._records -= records
        if self._records < MOST_RECORDS:
            self._room.set()

    async def stop(self) -> None:
        """Finish the step under way, if it can soon, and begin no other."""
        self._stopping = True
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._step.acquire()
            self._save()

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Step for ever; only a damaged log or a bug of ours leaves this, and ends the process."""
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            async with self._step:
                if self._stopping or self._moving:
                    continue
                self._forget((set(self._followers) | set(self._waiting)) - self._assigned)
                await self._open(self._assigned - set(self._followers))
                taken, self._waiting = self._waiting, {}
                if taken:
                    await self._advance(taken)
            if taken and self._records < FULL_ENOUGH:
                await asyncio.sleep(self._linger)

    async def _open(self, partitions: set[int]) -> None:
        """Claim partitions and fold their logs up to the newest step; do that step again if it was cut short."""
        if not partitions:
            self.opened.set()
            return
        owners = await self._until_done(lambda: self._sink.claim(partitions, self._clock()))
        tips = await self._until_done(lambda: self._sink.tips(partitions))
        await self._check_log(partitions, tips)
        for number in sorted(partitions):
            follower = Follower(number, self._partitions, owners[number])
            tip = tips.get(number)
            self._followers[number] = follower
            if tip is not None:
                await self._fold(follower, tip)
            if self._holds(follower):
                await self._catch_up(follower)
        self.opened.set()

    def _holds(self, follower: Follower) -> bool:
        """Whether the partition was not lost meanwhile: who goes on from where it stood would announce a false step."""
        return self._followers.get(follower.number) is follower

    async def _catch_up(self, follower: Follower) -> None:
        """Step through what the log already holds, in bulk."""
        number = follower.number
        end = (await self._reader.ends(EVENTS.name, [number]))[number]
        catalog_end = (await self._reader.ends(CATALOG.name, [number]))[number]
        entries = await self._collect(CATALOG.name, number, follower.catalog_next, catalog_end)
        if follower.events_next >= end and not entries:
            return
        async for records in self._in_lots(number, follower.events_next, end):
            await self._step_through(follower, entries, records)
            if not self._holds(follower):
                return
            entries = []

    async def _in_lots(self, number: int, first: int, end: int) -> AsyncIterator[list[ConsumerRecord]]:
        """Events of [first, end) in lots of a step each; one empty lot where there are none."""
        lot: list[ConsumerRecord] = []
        async for chunk in self._reader.read(EVENTS.name, number, first, end):
            lot += chunk
            if len(lot) >= MOST_RECORDS:
                yield lot
                lot = []
        if lot or first >= end:
            yield lot

    async def _step_through(
        self, follower: Follower, entries: list[ConsumerRecord], events: list[ConsumerRecord]
    ) -> None:
        step = _step_of(follower, entries, events)
        await self._write({follower.number: (follower, step, entries + events)})

    async def _collect(self, topic: str, number: int, first: int, end: int) -> list[ConsumerRecord]:
        return [record async for chunk in self._reader.read(topic, number, first, end) for record in chunk]

    async def _check_log(self, partitions: set[int], tips: dict[int, Step]) -> None:
        written = {number: (tip.end, tip.catalog_end) for number, tip in tips.items()}
        for number in sorted(partitions):
            end, catalog_end = written.get(number, (0, 0))
            await self._check_reaches(EVENTS.name, number, end)
            await self._check_reaches(CATALOG.name, number, catalog_end)

    async def _check_reaches(self, topic: str, number: int, written: int) -> None:
        """Refuse a log that does not hold everything from the beginning to what was written of it."""
        begin = (await self._reader.begins(topic, [number]))[number]
        end = (await self._reader.ends(topic, [number]))[number]
        if begin > 0 or end < written:
            raise LogDamaged(
                f"{topic}, partition {number}: the log holds offsets {begin} to {end}, but"
                f" ClickHouse was written from 0 to {written}: the topic was cut or made anew. Restore the"
                " log from its backup, or drop the database `headwater` to have it written anew from this log."
            )

    async def _fold(self, follower: Follower, tip: Step) -> None:
        """Fold silently up to the step; a step that was announced only is done again, its very records."""
        first, catalog_first = (tip.end, tip.catalog_end) if tip.done else (tip.first, tip.catalog_first)
        await self._restore(follower, first, catalog_first)
        async for records in self._reader.read(
            CATALOG.name, follower.number, follower.catalog_next, catalog_first
        ):
            follower.fold_only(records)
        async for records in self._reader.read(EVENTS.name, follower.number, follower.events_next, first):
            follower.fold_only(records)
            self._folded += len(records)
            await asyncio.sleep(0)
        follower.settle_only()
        follower.skip_to(first, catalog_first)
        if not tip.done:
            entries = await self._collect(CATALOG.name, follower.number, catalog_first, tip.catalog_end)
            events = await self._collect(EVENTS.name, follower.number, first, tip.end)
            step = tip._replace(owner=follower.owner)
            await self._write({follower.number: (follower, step, entries + events)})

    async def _restore(self, follower: Follower, events_next: int, catalog_next: int) -> None:
        """Begin from a snapshot that lies before an offset of each topic, if the log still holds what it ends with."""
        if self._snapshots is None:
            return
        number = follower.number
        snapshot = self._snapshots.load(number, self._partitions, events_next, catalog_next)
        if snapshot is None:
            return
        last = await self._collect(EVENTS.name, number, snapshot.events_next - 1, snapshot.events_next)
        if last and mark_of(last[0].value) == snapshot.mark:
            follower.restore(snapshot)
        else:
            self._snapshots.drop(number)

    def _save(self) -> None:
        """Save the partitions that grew, the smallest first, as far as leaving may take."""
        if self._snapshots is None:
            return
        room = MOST_EVENTS
        for follower in sorted(self._followers.values(), key=lambda one: one.events_next):
            room -= follower.events_next
            if room < 0:
                return
            if follower.events_next - follower.saved_next >= WORTH_SAVING:
                self._snapshots.save(follower.number, follower.snapshot())

    async def _advance(self, taken: dict[int, Waiting]) -> None:
        """One step of each partition something came for."""
        steps: dict[int, tuple[Follower, Step, list[ConsumerRecord]]] = {}
        for number, waiting in taken.items():
            if number not in self._followers:
                continue  # claimed by another worker while it was opened: tried again
            follower = self._followers[number]
            entries = await self._following(CATALOG.name, number, follower.catalog_next, waiting.entries)
            events = await self._following(EVENTS.name, number, follower.events_next, waiting.events)
            if entries or events:
                step = _step_of(follower, entries, events)
                steps[number] = (follower, step, entries + events)
        lost = await self._write(steps) if steps else set()
        for number, waiting in taken.items():
            if number not in lost and number in self._followers:
                for acknowledge in waiting.acknowledge:
                    await acknowledge()
            self._make_room(len(waiting.events) + len(waiting.entries))

    async def _following(
        self, topic: str, number: int, expected: int, records: list[ConsumerRecord]
    ) -> list[ConsumerRecord]:
        """The records from the expected offset on: what is known dropped, what is missing read from the log."""
        if not records:
            return []
        if records[-1].offset < expected:
            await self._check_reaches(topic, number, expected)
            return []
        fresh = [record for record in records if record.offset >= expected]
        contiguous = fresh[0].offset == expected and fresh[-1].offset - expected == len(fresh) - 1
        if contiguous:
            return fresh
        return await self._collect(topic, number, expected, records[-1].offset + 1)

    async def _write(self, steps: dict[int, tuple[Follower, Step, list[ConsumerRecord]]]) -> set[int]:
        """Announce, check, fold, write, mark done; the partitions that turned out to be another worker's."""
        await self._until_done(
            lambda: self._sink.announce([step for _, step, _ in steps.values()], self._clock())
        )
        owners = {number: follower.owner for number, (follower, _, _) in steps.items()}
        lost = await self._until_done(lambda: self._sink.fenced(owners))
        if lost:
            log.warning("partitions %s are another worker's now", sorted(lost))
            self._forget(lost)
            self._wake.set()
        rows: dict[str, list[Row]] = {}
        dead: list[DeadLetter] = []
        done: list[Step] = []
        for number, (follower, step, records) in steps.items():
            if number in lost:
                continue
            written: Written = follower.advance(records, step)
            follower.skip_to(step.end, step.catalog_end)
            for table, some in written.rows.items():
                rows.setdefault(table, []).extend(some)
            dead += written.dead_letters
            done.append(step)
            await asyncio.sleep(0)
        if dead:
            buried = await self._until_done(lambda: self._bury(dead))
            rows.setdefault("dead_letter_rows", []).extend(buried)
        await self._until_done(lambda: self._sink.write(rows))
        if done:
            await self._until_done(lambda: self._sink.finish(done, self._clock()))
            self.steps += 1
        return lost

    async def _until_done(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Try until it succeeds: what is outside may be down for as long as it likes, nothing is lost by waiting."""
        tries = 0
        while True:
            try:
                return await attempt()
            except (ClickHouseError, OSError) as trouble:
                pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                log.warning("trying again in %s s: %s", pause, _short(trouble))
                await asyncio.sleep(pause)


def _step_of(follower: Follower, entries: list[ConsumerRecord], events: list[ConsumerRecord]) -> Step:
    """The step from where the follower is to the end of these records."""
    return Step(
        follower.number,
        follower.events_next,
        events[-1].offset + 1 if events else follower.events_next,
        follower.catalog_next,
        entries[-1].offset + 1 if entries else follower.catalog_next,
        follower.owner,
        False,
    )


def _short(trouble: BaseException) -> str:
    """An error without what was sent."""
    return f"{type(trouble).__name__}: {str(trouble)[:200]!r}"

"""Group commit: whatever chunks have come in of all partitions become one step each, written and acknowledged together.

Per step: announce, check that nobody else owns the partition, fold, write every row, mark done, acknowledge. A step
found announced and not done is done again with the very same records, so that a row that only its half-way state had
is written or deleted by whoever comes after.

Rows go under live's current label. It is asked for in the question that stands before every step anyway, and now and
then when nothing comes; when a rebuilt live was swapped in, every partition is opened anew at that one's end.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from schemas.topics import CATALOG, EVENTS
from streams.agents.follower import DeadLetter, FateRanges, Follower, Written
from streams.log import LogDamaged, LogReader, mark_of_record
from streams.sinks.clickhouse_sink import BEGINNING, LIVE, ClickHouseError, ClickHouseSink, Place, Step, Tip
from streams.sinks.rows import Row
from streams.snapshots import MOST_EVENTS, Snapshots, mark_of

log = logging.getLogger(__name__)

MOST_RECORDS: Final = 20_000
FULL_ENOUGH: Final = 5_000
LINGER_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 2.0
REVOKE_SECONDS: Final = 3.0
WORTH_SAVING: Final = 5_000
STOP_SECONDS: Final = 5.0
NAMED_AT_ONCE: Final = 200
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

    def __len__(self) -> int:
        return len(self.events) + len(self.entries)

    def extend(self, later: "Waiting") -> None:
        """Take in what came after."""
        self.events += later.events
        self.entries += later.entries
        self.acknowledge += later.acknowledge


class Stepper:
    """All partitions of one worker; `clock` gives epoch seconds for the columns that say when something was written.

    `reader` reads the log in bulk, `glance` only its first records.
    """

    def __init__(
        self,
        sink: ClickHouseSink,
        reader: LogReader,
        bury: Bury,
        clock: Callable[[], float],
        partitions: int,
        glance: LogReader,
        linger_seconds: float = LINGER_SECONDS,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._glance = glance
        self._bury = bury
        self._clock = clock
        self._partitions = partitions
        self._linger = linger_seconds
        self._snapshots = snapshots
        self._label = LIVE
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
                self._make_room(len(waiting))

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
            await self._woken()
            self._wake.clear()
            async with self._step:
                if self._stopping or self._moving:
                    continue
                self._forget((set(self._followers) | set(self._waiting)) - self._assigned)
                opening, taken = self._assigned - set(self._followers), {}
                try:
                    await self._open(opening)
                    opening, taken, self._waiting = set(), self._waiting, {}
                    await self._advance(taken)
                except KafkaError as trouble:
                    self._drop(opening)
                    self._put_back(taken)
                    log.warning("reading again in %s s: %s", RETRY_SECONDS[2], _short(trouble))
                    await asyncio.sleep(RETRY_SECONDS[2])
            if taken and self._records < FULL_ENOUGH:
                await asyncio.sleep(self._linger)

    async def _woken(self) -> None:
        """Returns once something is to be done; while there is not, looks whether live has another label."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
                    return
            with contextlib.suppress(ClickHouseError, OSError):
                if self._followers and await self._sink.live_label() != self._label:
                    self._reopen()

    def _reopen(self) -> None:
        """Drop every state, to fold it anew up to where live's label, whichever it now is, has everything written."""
        self._drop(set(self._followers))
        self.opened.clear()

    def _drop(self, partitions: set[int]) -> None:
        """Forget how these stand; what waits for them goes on waiting, until they are opened again."""
        for number in partitions:
            self._followers.pop(number, None)
        self._wake.set()

    def _put_back(self, taken: dict[int, Waiting]) -> None:
        """What was taken and not done waits again, before what came meanwhile."""
        for number, waiting in taken.items():
            later = self._waiting.get(number)
            if later is not None:
                waiting.extend(later)
            self._waiting[number] = waiting

    async def _open(self, partitions: set[int]) -> None:
        """Claim partitions and fold their logs up to the newest step; do that step again if it was cut short."""
        if not partitions:
            self.opened.set()
            return
        label = await self._until_done(self._sink.live_label)
        if label != self._label:
            self._reopen()  # the others too go on from where the new label's chain ends
            self._label = label
            return
        owners = await self._until_done(lambda: self._sink.claim(label, partitions, self._clock()))
        tips = await self._until_done(lambda: self._sink.tips(label, partitions))
        await self._check_log(partitions, tips)
        for number in sorted(partitions):
            tip = tips.get(number, Tip(None, BEGINNING))
            follower = self._followers[number] = Follower(number, self._partitions, owners[number], tip.told)
            if tip.step is not None:
                await self._fold(follower, tip.step)
            if self._holds(follower):
                await self._catch_up(follower)
            if not self._followers:
                return  # live has another label since: all are opened anew
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
        step = _step_of(self._label, follower, entries, events)
        await self._write({follower.number: (follower, step, entries + events)})

    async def _collect(self, topic: str, number: int, first: int, end: int) -> list[ConsumerRecord]:
        return [record async for chunk in self._reader.read(topic, number, first, end) for record in chunk]

    async def _check_log(self, partitions: set[int], tips: dict[int, Tip]) -> None:
        for number in sorted(partitions):
            step, told = tips.get(number, Tip(None, BEGINNING))
            end, catalog_end = (step.end, step.catalog_end) if step else (0, 0)
            await self._check_reaches(EVENTS.name, number, max(end, told.events))
            await self._check_reaches(CATALOG.name, number, max(catalog_end, told.catalog))
        await self._check_marks(partitions)

    async def _check_marks(self, partitions: set[int]) -> None:
        """Refuse a log that begins with another record than it did; remember those that are seen first."""
        known = await self._until_done(lambda: self._sink.marks(partitions))
        fresh = {}
        for topic in (EVENTS.name, CATALOG.name):
            for number, extent in (await self._glance.extents(topic, sorted(partitions))).items():
                extent.refuse_another(topic, number, known.get((topic, number), ""), 0)
                if extent.mark and (topic, number) not in known:
                    fresh[topic, number] = extent.mark
        if fresh:
            await self._until_done(lambda: self._sink.note_marks(fresh, self._clock()))

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
        written, told = tip.written, follower.told
        await self._restore(follower, min(written.events, told.events), min(written.catalog, told.catalog))
        await self._fold_to(follower, Place(*map(min, written, told)))
        if follower.catalog_next < written.catalog or follower.events_next < written.events:
            await self._tell_to(follower, tip)
        follower.settle_only()
        follower.skip_to(*written)
        if not tip.done:
            entries = await self._collect(CATALOG.name, follower.number, written.catalog, tip.catalog_end)
            events = await self._collect(EVENTS.name, follower.number, written.events, tip.end)
            step = tip._replace(owner=follower.owner)
            await self._write({follower.number: (follower, step, entries + events)})

    async def _fold_to(self, follower: Follower, place: Place) -> None:
        number = follower.number
        async for records in self._reader.read(CATALOG.name, number, follower.catalog_next, place.catalog):
            follower.fold_only(records)
        async for records in self._reader.read(EVENTS.name, number, follower.events_next, place.events):
            follower.fold_only(records)
            self._folded += len(records)
            await asyncio.sleep(0)
        follower.skip_to(*place)

    async def _tell_to(self, follower: Follower, tip: Step) -> None:
        """Fold on to where a rebuild left off; it wrote the results, archive and fates are written here."""
        number, place, version = follower.number, tip.written, tip.version
        fates = FateRanges(number, version)
        for topic, first, end in (
            (CATALOG.name, follower.catalog_next, place.catalog),
            (EVENTS.name, follower.events_next, place.events),
        ):
            async for records in self._reader.read(topic, number, first, end):
                told = follower.tell(records, fates, version)
                self._folded += len(records)
                await self._put({"event_archive": told.archive}, told.dead_letters)
                await self._erase(follower, told.forgotten, version)
        await self._put({"fate_rows": fates.rows()}, [])
        start = Place(*map(min, follower.told, place))
        step = tip._replace(first=start.events, catalog_first=start.catalog, owner=follower.owner)
        await self._until_done(lambda: self._sink.finish([step], self._clock()))
        follower.told = Place(*map(max, follower.told, place))

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
            if follower.remembers_forgotten:
                self._snapshots.drop(follower.number)
            elif follower.events_next - follower.saved_next >= WORTH_SAVING:
                self._snapshots.save(follower.number, follower.snapshot())

    async def _advance(self, taken: dict[int, Waiting]) -> None:
        """One step of each partition something came for."""
        steps: dict[int, tuple[Follower, Step, list[ConsumerRecord]]] = {}
        for number, waiting in taken.items():
            if number not in self._followers:
                continue  # lost while it was opened: tried again
            follower = self._followers[number]
            entries = await self._following(CATALOG.name, number, follower.catalog_next, waiting.entries)
            events = await self._following(EVENTS.name, number, follower.events_next, waiting.events)
            if entries or events:
                step = _step_of(self._label, follower, entries, events)
                steps[number] = (follower, step, entries + events)
        if steps:
            await self._write(steps)
        for number, waiting in taken.items():
            if number in self._followers:
                for acknowledge in waiting.acknowledge:
                    await acknowledge()
                self._make_room(len(waiting))
            else:
                self._put_back({number: waiting})

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

    async def _write(self, steps: dict[int, tuple[Follower, Step, list[ConsumerRecord]]]) -> None:
        """Announce, check, fold, write, mark done; the state of what turned out to be another worker's is dropped."""
        await self._until_done(
            lambda: self._sink.announce([step for _, step, _ in steps.values()], self._clock())
        )
        owners = {number: follower.owner for number, (follower, _, _) in steps.items()}
        lost, moved = await self._until_done(lambda: self._sink.fenced(self._label, owners))
        if moved:
            log.info("live was rebuilt: its rows have another label now")
            self._reopen()
            return
        if lost:
            log.warning("partitions %s are another worker's now", sorted(lost))
            self._drop(lost)
        rows: dict[str, list[Row]] = {}
        dead: list[DeadLetter] = []
        erasing: list[tuple[Follower, dict[str, list[str]], int]] = []
        done: list[Step] = []
        for number, (follower, step, records) in steps.items():
            if number in lost:
                continue
            written: Written = follower.advance(records, step)
            follower.skip_to(step.end, step.catalog_end)
            for table, some in written.rows.items():
                rows.setdefault(table, []).extend(some)
            dead += written.dead_letters
            erasing.append((follower, written.forgotten, step.version))
            done.append(step)
            await asyncio.sleep(0)
        await self._put(rows, dead)
        for who, forgotten, version in erasing:
            await self._erase(who, forgotten, version)
        if done:
            await self._until_done(lambda: self._sink.finish(done, self._clock()))
            self.steps += 1
        marks = {
            (record.topic, record.partition): mark_of_record(record)
            for _, step, records in steps.values()
            if 0 in (step.first, step.catalog_first)
            for record in records
            if record.offset == 0
        }
        if marks:
            await self._until_done(lambda: self._sink.note_marks(marks, self._clock()))

    async def _put(self, rows: dict[str, list[Row]], dead: list[DeadLetter]) -> None:
        """Bury the dead letters and write all rows, theirs among them."""
        if dead:
            rows["dead_letter_rows"] = await self._until_done(lambda: self._bury(dead))
        await self._until_done(lambda: self._sink.write(rows))

    async def _erase(self, follower: Follower, forgotten: dict[str, list[str]], version: int) -> None:
        """What was archived before of people who are forgotten now, written anew without them."""
        for site, identifiers in forgotten.items():
            named = follower.written_names(site, identifiers)
            for start in range(0, len(named), NAMED_AT_ONCE):
                lot = named[start : start + NAMED_AT_ONCE]
                held = await self._until_done(partial(self._sink.archived, site, lot))
                anew = follower.without_forgotten(site, held, version)
                await self._until_done(partial(self._sink.write, {"event_archive": anew}))

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


def _step_of(
    label: str, follower: Follower, entries: list[ConsumerRecord], events: list[ConsumerRecord]
) -> Step:
    """The step from where the follower is to the end of these records."""
    return Step(
        follower.number,
        follower.events_next,
        events[-1].offset + 1 if events else follower.events_next,
        follower.catalog_next,
        entries[-1].offset + 1 if entries else follower.catalog_next,
        follower.owner,
        False,
        label,
    )


def _short(trouble: BaseException) -> str:
    """An error without what was sent."""
    return f"{type(trouble).__name__}: {str(trouble)[:200]!r}"

"""One partition of live audited: folded anew from the log up to where live has written it, compared, put right."""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from infra.audit.results import HIDDEN, Compared, Difference, Findings, Offsets, Results
from infra.audit.telling import Ledgers, Telling
from infra.live import live_label
from infra.local import stack
from infra.replays import reach_of
from infra.settings import Settings
from schemas.topics import CATALOG, EVENTS
from streams.domain.attribution import MODELS
from streams.domain.ruling import AS_DEFINED
from streams.log import Extent, LogReader
from streams.replay.fold import UnitFold
from streams.replay.units import Ends, Order, Unit, units_of
from streams.replay.writer import BlockWriter
from streams.sinks.clickhouse_sink import BEGINNING, ClickHouseSink, Place, Tip
from streams.snapshots import Snapshots

MOST_EVENTS: Final = 200_000
FETCH_BYTES: Final = 2 << 20


class Moved(Exception):
    """Live is not any more what the audit began to compare: nothing can be said."""


class Audited(NamedTuple):
    """What an audit of a partition came to; the fields but the last are the columns of audit_rows, in order."""

    partition: int
    events_end: int
    catalog_end: int
    started_at: datetime
    finished_at: datetime
    sites_compared: int
    sites_skipped: int
    differences: int
    repaired: int
    found: str
    named: list[Difference]


class Pace:
    """Rests after each piece of work, so that work has only its share of the time; a share of 1 never rests."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.begin()

    def begin(self) -> None:
        """Work begins now."""
        self._since = time.monotonic()

    async def rest(self) -> None:
        """Rest for what was worked since the last rest."""
        if self._share < 1:
            await asyncio.sleep((time.monotonic() - self._since) * (1 / self._share - 1))
        self.begin()


class Auditor:
    """Audits partitions of one installation, one at a time; `repair` says whether to put right what is found."""

    def __init__(
        self,
        settings: Settings,
        client: Any,
        sink: ClickHouseSink,
        reader: LogReader,
        pace: Pace,
        repair: bool,
    ) -> None:
        self.client = self._client = client
        self._sink = sink
        self._reader = reader
        self._pace = pace
        self._repair = repair
        self._partitions = settings.partitions
        self._snapshots = Snapshots(settings.home / "snapshots")
        self._lock = settings.run / "audit.lock"
        self._results = Results(client)

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: Settings, share: float, repair: bool) -> AsyncIterator[Self]:
        """An auditor with its connections."""
        reach = reach_of(settings)
        client = stack.writer(settings)
        reader = LogReader(reach.brokers(), FETCH_BYTES)
        sink = await ClickHouseSink.connect(reach.clickhouse, "audit")
        try:
            await reader.start()
            yield cls(settings, client, sink, reader, Pace(share), repair)
        finally:
            await reader.stop()
            await sink.close()
            client.close()

    def clear(self) -> None:
        """Remove the hidden rows of audits that were cut short."""
        with _alone(self._lock):
            self._results.drop_hidden()

    def forget(self, days: int) -> None:
        """Remove the records of clean audits older than that."""
        self._client.command(
            "ALTER TABLE headwater.audit_rows DELETE WHERE differences = 0 AND finished_at < now() - toIntervalDay({days:UInt16})",
            parameters={"days": days},
        )

    async def audit(self, partition: int) -> Audited:
        """One pass over a partition, recorded; raises Moved when live was rebuilt or emptied meanwhile."""
        with _alone(self._lock):
            audited = await self._audited(partition)
        columns = Audited._fields[:-1]
        version = time.time_ns() // 1_000
        self._client.insert(
            "audit_rows",
            [(*audited[:-1], version, 0)],
            column_names=(*columns, "version", "deleted"),
            database="headwater",
        )
        return audited

    async def _audited(self, partition: int) -> Audited:
        self._pace.begin()
        started_at = datetime.now(UTC)
        findings = Findings()
        self._check_snapshot(partition, findings)
        await self._refuse_cut_log(partition)
        label = live_label(self._client)
        tip = (await self._sink.tips(label, [partition])).get(partition, Tip(None, BEGINNING))
        ends = Ends(*(tip.step.written if tip.step is not None else BEGINNING))
        hidden = f"{HIDDEN}{partition}"
        order = Order(hidden, AS_DEFINED, MODELS, self._partitions, {partition: ends})
        telling = Telling(partition, self._partitions, Ends(*map(min, ends, tip.told)))
        what = Compared(label, hidden, ends.version, self._partitions)
        sites = 0
        for unit in units_of(order, MOST_EVENTS) or [Unit(partition, 0, 1)]:
            self._results.drop_hidden(hidden)
            try:
                await self._work_out(order, unit, telling)
                sites += await self._compare(what, unit, tip, findings)
            finally:
                self._results.drop_hidden(hidden)
        now = time.time()
        await Ledgers(self._client, self._reader, findings, self._repair, now).compare(telling)
        await self._pace.rest()
        findings.locate(self._offsets(partition, ends, {one.site for one in findings.named}))
        skipped = len(findings.skipped)
        return Audited(
            partition, *ends, started_at, datetime.now(UTC), max(0, sites - skipped), skipped, findings.count,
            findings.repaired, findings.json(), findings.named,
        )  # fmt: skip

    def _offsets(self, partition: int, ends: Ends, sites: set[str]) -> dict[str, Offsets]:
        """Where the events of sites begin and end in the partition, and all of its entries that were read."""
        entries = (CATALOG.name, partition, 0, ends.catalog)
        found = self._client.query(
            "SELECT site, min(offset), max(offset) + 1 FROM headwater.event_archive FINAL"
            " WHERE site IN {sites:Array(String)} AND partition = {partition:UInt16} AND offset < {end:UInt64}"
            " GROUP BY site",
            parameters={"sites": sorted(sites), "partition": partition, "end": ends.events},
        ).result_rows
        spans = {site: (first, end) for site, first, end in found}
        return {
            site: ((EVENTS.name, partition, *spans.get(site, (0, ends.events))), entries)
            for site in {*sites, ""}
        }

    def _check_snapshot(self, partition: int, findings: Findings) -> None:
        """A snapshot whose bytes are not those that were saved is thrown away."""
        if self._snapshots.is_damaged(partition):
            findings.add([Difference("", "snapshots", f"partition-{partition}.snapshot", "differs")], 1)
            if self._repair:
                self._snapshots.drop(partition)
                findings.repaired += 1

    async def _refuse_cut_log(self, partition: int) -> None:
        """A log that does not begin at its beginning is no measure of anything."""
        for topic in (EVENTS.name, CATALOG.name):
            begin = (await self._reader.begins(topic, [partition]))[partition]
            Extent(begin, begin, "").refuse_another(topic, partition, "", 0)

    async def _work_out(self, order: Order, unit: Unit, telling: Telling) -> None:
        """Fold a unit and write its rows under the hidden label; what became of its offsets goes into the telling."""
        ends, partition = order.ends[unit.partition], unit.partition
        fold = UnitFold(unit, order)
        telling.begin(unit)
        async for records in self._reader.read(CATALOG.name, partition, 0, ends.catalog):
            telling.entries(records)
            fold.define([record.value for record in records])
            await self._pace.rest()
        async for records in self._reader.read(EVENTS.name, partition, 0, ends.events):
            telling.events(records)
            fold.take([record.value for record in records])
            await self._pace.rest()
        if telling.forgets:
            async for records in self._reader.read(EVENTS.name, partition, 0, ends.events):
                telling.erase(records)
                await self._pace.rest()
        writer = BlockWriter(self._sink)
        for block in fold.blocks():
            await writer.put(block)
            await self._pace.rest()
        await writer.flush()

    async def _compare(self, what: Compared, unit: Unit, tip: Tip, findings: Findings) -> int:
        """Name and put right what differs in a unit; what changed meanwhile is looked for after what differs."""
        results = self._results
        results.remove_beyond(what, unit, findings, self._repair)
        sites = results.sites(what, unit)
        differing = results.differing(what, unit, sites)
        changed = results.changed(what, unit, {site for apart in differing.values() for site in apart})
        await self._refuse_moved(what.live, unit.partition, tip)
        findings.skipped |= changed
        for table, apart in differing.items():
            unchanged = [site for site in apart if site not in changed]
            if not unchanged:
                continue
            before = findings.count
            results.name(what, unit, table, unchanged, findings)
            if self._repair:
                results.repair(what, unit, table, unchanged)
                findings.repaired += findings.count - before
        await self._pace.rest()
        return len(sites)

    async def _refuse_moved(self, label: str, partition: int, before: Tip) -> None:
        now = (await self._sink.tips(label, [partition])).get(partition, Tip(None, BEGINNING))
        began, ended = _written(before), _written(now)
        if live_label(self._client) != label or ended.events < began.events or ended.catalog < began.catalog:
            raise Moved


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One audit at a time on a home: two would write under the same hidden label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _written(tip: Tip) -> Place:
    return BEGINNING if tip.step is None else tip.step.written

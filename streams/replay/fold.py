"""One unit folded: the bytes of its entries and events in, blocks of finished rows out; pure.

The same core as the worker's, settled once at the end. Plain people, who only visited and reached stages, are worked
out by column beside it (`plain_people`); both pour their sums into the same cells, and nobody is in both.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from schemas.topics import partition_of
from streams.codec import Decoded, decode_entry, decode_event
from streams.domain.attribution import DATA_DRIVEN
from streams.domain.catalog import SiteCatalog
from streams.domain.facts import Fact
from streams.domain.partition import Partition, Refusal
from streams.domain.site import Fate, Site
from streams.replay.columns import days_of
from streams.replay.persons import People, first_of_each_id, not_plain, taken
from streams.replay.plain_people import PlainSite
from streams.replay.units import Order, Unit
from streams.replay.usual_columns import Numbers, Usual, joined_usual, read_usual
from streams.replay.widen import widened
from streams.sinks.rows import Row, rows_of

BLOCK_ROWS: Final = 50_000
WORTH_COLUMNS: Final = 500  # usual events of a site from which on it is worth setting columns up


class Block(NamedTuple):
    """Rows of one table, each whole and of a key of its own: as tuples or, from plain people, by column."""

    table: str
    rows: list[Row] | pa.Table


class UnitFold:
    """Entries first, then events in the order of the log, then the blocks; `applied` events so far."""

    def __init__(self, unit: Unit, order: Order, worth_columns: int = WORTH_COLUMNS) -> None:
        self._unit = unit
        self._order = order
        self._version = order.ends[unit.partition].version
        self._partition = Partition(unit.partition, order.partitions, order.ruling)
        self._data_driven = tuple(model for model in DATA_DRIVEN if model in order.models)
        self._worth_columns = worth_columns
        self._values: list[bytes] = []
        self._usual: list[Usual] = []
        self._unusual: list[Numbers] = []
        self.applied = 0

    def define(self, values: Iterable[bytes | None]) -> None:
        """Take catalog entries as they lie in the log; a tombstone or what cannot be read is nothing."""
        for value in values:
            entry = decode_entry(value) if value is not None else None
            if entry is not None and not isinstance(entry, Refusal) and self._unit.holds(entry[0].site):
                self._partition.take_entry(*entry)

    def take(self, values: Iterable[bytes | None]) -> None:
        """Take the next events as they lie in the log; without data-driven models the usual ones by column."""
        some = [value for value in values if value is not None]
        if self._unit.buckets > 1 or self._order.ruling.sites is not None:
            some = [value for value in some if self._is_here(value)]
        if self._data_driven:
            for value in some:
                self._take(value)
            return
        if not some:
            return
        begin = len(self._values)
        self._values += some
        unusual = np.ones(len(some), np.bool_)
        usual = read_usual(some)
        if usual is not None:
            unusual[usual.place] = False
            self._usual.append(usual._replace(place=usual.place + begin))
        self._unusual.append(np.flatnonzero(unusual) + begin)

    def _is_here(self, value: bytes) -> bool:
        """Whether an event may be of a site of this unit: what is not is never held in memory."""
        try:
            site = orjson.loads(value)["site"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return False
        return isinstance(site, str) and self._unit.holds(site) and not self._order.ruling.leaves_out(site)

    def _take(self, value: bytes) -> None:
        event = decode_event(value)
        if not isinstance(event, Refusal):
            self._take_decoded(event)

    def _take_decoded(self, event: Decoded) -> None:
        if not self._unit.holds(event.site):
            return
        if self._partition.take_event(event.site, event.fact) is Fate.APPLIED:
            self.applied += 1

    def blocks(self) -> Iterator[Block]:
        """Every row of the unit, in blocks worth an insert each; what they came from is let go of on the way."""
        yield from self._plain_blocks()
        held: dict[str, list[Row]] = {}
        for site, changes in self._partition.settle():
            folded = self._partition.sites.pop(site)
            if self._unit.holds(site):
                rows = rows_of(self._order.label, site, changes, folded.payments, self._version)
                for table, some in self._finished(rows, folded.catalog).items():
                    held.setdefault(table, []).extend(some)
            for table in [table for table, some in held.items() if len(some) >= BLOCK_ROWS]:
                yield Block(table, held.pop(table))
        for table, some in held.items():
            yield Block(table, some)

    def _finished(self, rows: Mapping[str, list[Row]], catalog: SiteCatalog) -> dict[str, list[Row]]:
        """What exists, with the further models where they are asked for: a row that came and went is none."""
        kept = {table: [row for row in some if not row[-1]] for table, some in rows.items()}
        if self._data_driven:
            kept = widened(kept, catalog, self._data_driven)
        return {table: some for table, some in kept.items() if some}

    # -- plain people -------------------------------------------------------------------------------------------------

    def _plain_blocks(self) -> Iterator[Block]:
        """The rows of plain people; everybody else goes to the core in the order of the log."""
        usual = joined_usual(self._usual)
        self._usual = []
        to_core = [*self._unusual]
        decoded = self._decoded(np.concatenate(self._unusual)) if self._unusual else {}
        others: dict[str, list[Fact]] = {}
        for event in decoded.values():
            others.setdefault(event.site, []).append(event.fact)
        held: dict[str, list[pa.Table]] = {}
        size = 0
        if usual is not None:
            for name, indices in _by_site(usual):
                if (
                    not self._unit.holds(name)
                    or partition_of(name, self._order.partitions) != self._unit.partition
                ):
                    continue
                if len(indices) < self._worth_columns:
                    to_core.append(usual.place[indices])
                    continue
                site = self._partition.site_of(name)
                if site is None:
                    continue
                tables, left = self._plain(site, taken(usual, indices), others.get(name, []))
                to_core.append(left)
                for table, rows in tables.items():
                    size += rows.num_rows
                    held.setdefault(table, []).append(self._whole(rows, name))
                if size >= BLOCK_ROWS:
                    yield from _joined(held)
                    held, size = {}, 0
        yield from _joined(held)
        for place in np.sort(np.concatenate(to_core)).tolist() if to_core else ():
            if place in decoded:
                self._take_decoded(decoded[place])
            else:
                self._take(self._values[place])
        self._values = []

    def _decoded(self, places: Numbers) -> dict[int, Decoded]:
        """Places in order -> the events there that can be read."""
        events = {}
        for place in places.tolist():
            event = decode_event(self._values[place])
            if not isinstance(event, Refusal):
                events[place] = event
        return events

    def _plain(self, site: Site, usual: Usual, others: list[Fact]) -> tuple[dict[str, pa.Table], Numbers]:
        """Rows of a site's plain people, and the places of what the core has to take."""
        ruling = self._order.ruling
        if ruling.has_range:
            covered = [ruling.covers(day) for day in days_of(usual.at, site.catalog.calendar).tolist()]
            usual = taken(usual, np.flatnonzero(np.array(covered, np.bool_)))
        usual = taken(usual, first_of_each_id(usual, others))
        people = People(usual)
        left = not_plain(people, others, site.catalog)
        if left.all():
            return {}, usual.place
        self._partition.touch(site)
        self.applied += int(len(left) - left.sum())
        plain = PlainSite(site.site, people, ~left, site.catalog, site.funnel, self._fact_at)
        return plain.work_out(), usual.place[left]

    def _fact_at(self, place: int) -> Fact:
        event = decode_event(self._values[place])
        assert not isinstance(event, Refusal)
        return event.fact

    def _whole(self, rows: pa.Table, site: str) -> pa.Table:
        """With the columns that are the same in every row."""
        count = rows.num_rows
        for name, value in (("site", site), ("run", self._order.label)):
            same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [value])
            rows = rows.add_column(0, name, same)
        rows = rows.append_column("version", pa.array(np.full(count, self._version, np.uint64)))
        return rows.append_column("deleted", pa.array(np.zeros(count, np.uint8)))


def _by_site(usual: Usual) -> Iterator[tuple[str, Numbers]]:
    """The indices of each site's events, in order."""
    coded = usual.columns["site"].dictionary_encode()
    codes = coded.indices.to_numpy()
    ordered = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(coded.dictionary)))
    begin = 0
    for name, end in zip(coded.dictionary.to_pylist(), ends.tolist(), strict=True):
        yield name, ordered[begin:end]
        begin = end


def _joined(held: Mapping[str, list[pa.Table]]) -> Iterator[Block]:
    for table, some in held.items():
        yield Block(table, pa.concat_tables(some))

"""What became of every offset, worked out of the log anew, against what archive, fates and dead letters tell of it.

These belong to no run: a worker writes each offset's once, in the order of the log, so that nothing below the place
compared at can change meanwhile. But for who is forgotten: their events in the archive are written once more, by the
step that forgets them.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import md5
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord

from infra.audit.results import MOST_NAMED, Difference, Findings
from schemas.reading import Reason
from schemas.topics import CATALOG, EVENTS, partition_of
from streams.codec import Decoded, decode_entry, decode_event
from streams.domain.erasing import erased
from streams.domain.facts import FORGOTTEN
from streams.domain.forgetting import Forgettings
from streams.domain.partition import Partition, Refusal, conflict
from streams.domain.site import Fate
from streams.log import LogReader
from streams.replay.units import Ends, Unit
from streams.sinks.clickhouse_sink import ALL_COLUMNS, columns_json
from streams.sinks.rows import Row

CHUNK: Final = 4_096
NOBODY: Final = Forgettings()
_FATES: Final = (
    (Fate.APPLIED, ""),
    (Fate.DUPLICATE, ""),
    (Fate.FILTERED, Reason.TOMBSTONE),
    *((Fate.DEAD_LETTERED, reason) for reason in Reason),
)
_CODES: Final = {(str(fate), str(reason)): number for number, (fate, reason) in enumerate(_FATES, start=1)}
_APPLIED: Final = _CODES[Fate.APPLIED, ""]
_ARCHIVED: Final = (
    "site, event_id, type, branch, toUnixTimestamp64Micro(occurred_at) AS at, partition, offset, payload"
)
_MARK: Final = (
    "MD5(concat(site, '\\0', event_id, '\\0', type, '\\0', branch, '\\0',"
    " toString(toUnixTimestamp64Micro(occurred_at)), '\\0', toString(partition), '\\0', toString(offset), '\\0', payload))"
)
_HOME: Final = "bitAnd(kafkaMurmurHash(site), 2147483647) % {partitions:UInt32} = {partition:UInt32}"
_SETTINGS: Final = {"max_threads": 1, "mutations_sync": 2}


class Range(NamedTuple):
    """A row of fate_rows: offsets, both included, of one fate."""

    first: int
    last: int
    fate: str
    reason: str

    @property
    def code(self) -> int:
        """Of its fate; 0 for one that does not exist."""
        return _CODES.get((self.fate, self.reason), 0)


class Newest(NamedTuple):
    """How far the newest step of a partition goes that was announced under any label."""

    version: int
    events: int
    catalog: int


class Telling:
    """What became of the offsets of one partition, gathered unit by unit; memory grows by a byte an offset."""

    def __init__(self, partition: int, partitions: int, ends: Ends) -> None:
        self.partition = partition
        self.partitions = partitions
        self.ends = ends
        self.fates = {EVENTS.name: bytearray(ends.events), CATALOG.name: bytearray(ends.catalog)}
        self.marks = [0] * (ends.events // CHUNK + 1)
        self.letters: dict[tuple[str, int], Refusal] = {}
        self._nobody = Partition(partition, partitions)
        self._bodies: dict[tuple[str, str], bytes] = {}
        self._unit = Unit(partition, 0, 1)
        self.forgotten: dict[str, Forgettings] = {}

    def begin(self, unit: Unit) -> None:
        """The next records are read for this unit."""
        self._unit = unit
        self._bodies = {}

    @property
    def forgets(self) -> bool:
        """Whether somebody of this unit is forgotten, so that what was read of it has to be read once more."""
        return any(self._unit.holds(site) for site in self.forgotten)

    def erase(self, records: Iterable[ConsumerRecord]) -> None:
        """Take event records once more: the archive has those of forgotten people otherwise than they came."""
        codes = self.fates[EVENTS.name]
        for record in records:
            if record.offset >= len(codes) or codes[record.offset] != _APPLIED:
                continue
            event = decode_event(record.value)
            if isinstance(event, Decoded) and event.site in self.forgotten and self._unit.holds(event.site):
                raw, kept = (
                    archived(event, record, NOBODY),
                    archived(event, record, self.forgotten[event.site]),
                )
                if raw != kept:
                    change = int.from_bytes(_mark(kept), "little") - int.from_bytes(_mark(raw), "little")
                    self.marks[record.offset // CHUNK] += change

    def entries(self, records: Iterable[ConsumerRecord]) -> None:
        """Take catalog records; the first unit's reading tells of all of them."""
        if self._unit.bucket == 0:
            for record in records:
                entry = decode_entry(record.value) if record.value is not None else Fate.FILTERED
                self._note(
                    record, entry if isinstance(entry, Fate | Refusal) else self._nobody.take_entry(*entry)
                )

    def events(self, records: Iterable[ConsumerRecord]) -> None:
        """Take event records: each site's in its unit, those of no site of the partition in the first."""
        unit = self._unit
        for record in records:
            event = decode_event(record.value) if record.value is not None else Fate.FILTERED
            if not isinstance(event, Decoded):
                if unit.bucket == 0:
                    self._note(record, event)
            elif partition_of(event.site, self.partitions) != self.partition:
                if unit.bucket == 0:
                    self._note(record, self._nobody.take_event(event.site, event.fact))
            elif unit.holds(event.site):
                self._note(record, self._fate(record, event))

    def _fate(self, record: ConsumerRecord, event: Decoded) -> Fate | Refusal:
        key = (event.site, event.fact.id)
        held = self._bodies.get(key)
        if held is None:
            self._bodies[key] = event.fact.digest
            if record.offset < self.ends.events:
                mark = int.from_bytes(_mark(archived(event, record, NOBODY)), "little")
                self.marks[record.offset // CHUNK] += mark
                fact = event.fact
                if fact.kind == FORGOTTEN:
                    self.forgotten.setdefault(event.site, Forgettings()).note(fact.id, fact.at, fact.body)
            return Fate.APPLIED
        return Fate.DUPLICATE if held == event.fact.digest else conflict(event.site, event.fact.id)

    def _note(self, record: ConsumerRecord, fate: Fate | Refusal) -> None:
        codes = self.fates[record.topic]
        if record.offset >= len(codes):
            return
        if isinstance(fate, Refusal):
            self.letters[record.topic, record.offset] = fate
            codes[record.offset] = _CODES[Fate.DEAD_LETTERED, fate.reason]
        else:
            codes[record.offset] = _CODES[fate, Reason.TOMBSTONE if fate is Fate.FILTERED else ""]


def archived(event: Decoded, record: ConsumerRecord, forgotten: Forgettings) -> Row:
    """An event as the archive has it once these are forgotten, its instant in epoch microseconds."""
    fact = event.fact
    payload = erased(record.value, fact.at, forgotten)
    return (
        event.site, fact.id, event.type, fact.branch, fact.at, record.partition, record.offset, payload,
    )  # fmt: skip


def _mark(row: Row) -> bytes:
    return md5("\0".join(map(str, row)).encode(), usedforsecurity=False).digest()


def right_ranges(codes: Sequence[int], held: Iterable[Range]) -> tuple[list[Range], list[Range]]:
    """Fates of the offsets, and the ranges that are stored -> those that are wrong, and what is missing without them.

    A range is wrong when one of its offsets has another fate or lies in a range before it.
    """
    wrong: list[Range] = []
    missing: list[Range] = []
    at = 0
    for one in sorted(held):
        run = codes[one.first : one.last + 1]
        if one.first < at or len(run) != one.last + 1 - one.first or run.count(one.code) != len(run):
            wrong.append(one)
            continue
        missing += _ranges(codes, at, one.first)
        at = one.last + 1
    return wrong, missing + list(_ranges(codes, at, len(codes)))


def _ranges(codes: Sequence[int], first: int, end: int) -> Iterator[Range]:
    """The offsets of [first, end) as ranges of one fate each; an offset without a record lies in none."""
    while first < end:
        code, last = codes[first], first
        while last + 1 < end and codes[last + 1] == code:
            last += 1
        if code:
            fate, reason = _FATES[code - 1]
            yield Range(first, last, str(fate), str(reason))
        first = last + 1


class Ledgers:
    """Archive, fates and dead letters of one ClickHouse, against what a telling says; `now` is epoch seconds."""

    def __init__(self, client: Any, reader: LogReader, findings: Findings, repair: bool, now: float) -> None:
        self._client = client
        self._reader = reader
        self._findings = findings
        self._repair = repair
        self._now = now

    async def compare(self, telling: Telling) -> None:
        """Name and put right what is not as the telling says."""
        for topic in (EVENTS.name, CATALOG.name):
            self._compare_fates(topic, telling)
        self._compare_letters(telling)
        self._remove_strays(telling)
        await self._compare_archive(telling)

    # -- fates --------------------------------------------------------------------------------------------------------

    def _compare_fates(self, topic: str, telling: Telling) -> None:
        codes, version = telling.fates[topic], telling.ends.version
        rows = self._asked(
            "SELECT first, last, fate, reason, version FROM headwater.fate_rows FINAL"
            " WHERE topic = {topic:String} AND partition = {partition:UInt32} ORDER BY first",
            topic=topic,
            partition=telling.partition,
        )
        newest = self._newest(telling.partition)
        end = newest.events if topic == EVENTS.name else newest.catalog
        believed = {
            Range(*row[:4]): row[4]
            for row in rows
            if row[1] < end and row[1] >= row[0] and row[4] <= newest.version
        }
        wrong, missing = right_ranges(codes, [one for one in believed if one.first < len(codes)])
        wrong += [one for row in rows if (one := Range(*row[:4])) not in believed]
        if not wrong and not missing:
            return
        at = dict.fromkeys(
            [*((one.first, "wrong") for one in wrong), *((one.first, "missing") for one in missing)]
        )
        self._found("fate_rows", [("", f"{topic}|{telling.partition}|{first}", what) for first, what in at])
        versions = {row[0]: row[4] for row in rows}
        keys = [(topic, telling.partition, one.first) for one in wrong]
        beyond = [(*key, versions[key[2]]) for key in keys if versions[key[2]] > version]
        self._delete("fate_rows", "topic, partition, first", beyond)
        self._insert("fate_rows", [(*key, 0, "", "", version, 1) for key in keys])
        right = [(topic, telling.partition, *one, version, 0) for one in missing]
        self._insert("fate_rows", right)

    # -- dead letters -------------------------------------------------------------------------------------------------

    def _compare_letters(self, telling: Telling) -> None:
        rows = self._asked(
            "SELECT topic, offset, site, event_id, reason, field, detail, toUnixTimestamp64Micro(failed_at), requeued,"
            " version FROM headwater.dead_letter_rows FINAL WHERE partition = {partition:UInt32}",
            partition=telling.partition,
        )
        held = {(row[0], row[1]): row[2:] for row in rows}
        newest = self._newest(telling.partition)
        ends = {EVENTS.name: newest.events, CATALOG.name: newest.catalog}
        found, beyond, written = [], [], []
        for place in sorted(held.keys() | telling.letters.keys()):
            topic, offset = place
            right, row = telling.letters.get(place), held.get(place)
            if right is None and offset < ends.get(topic, 0) and offset >= len(telling.fates[topic]):
                continue  # told of since
            said = (
                None
                if right is None
                else (right.site, right.event_id, right.reason, right.field, right.detail)
            )
            if row is not None and row[:5] == said and row[7] <= offset + 1:
                continue
            failed_at, requeued, version = row[5:] if row else (self._now * 1e6, 0, offset)
            what = "missing" if row is None else "extra" if right is None else "differs"
            found.append(("" if right is None else right.site, f"{topic}|{telling.partition}|{offset}", what))
            if version > offset + 1:
                beyond.append((topic, telling.partition, offset, version))
            version = min(version, offset + 1)
            key = (topic, telling.partition, offset)
            written.append((*key, *(said or ("",) * 5), failed_at / 1e6, requeued, version, 0 if said else 1))
        self._found("dead_letter_rows", found)
        self._delete("dead_letter_rows", "topic, partition, offset", beyond)
        self._insert("dead_letter_rows", written)

    # -- the archive --------------------------------------------------------------------------------------------------

    def _remove_strays(self, telling: Telling) -> None:
        """Archived events of the partition's sites that lie where no step ever was, or under another's number."""
        rows = self._asked(
            f"SELECT site, event_id, version, partition, offset FROM headwater.event_archive FINAL WHERE {_HOME}"
            " AND (partition != {partition:UInt32} OR offset >= {end:UInt64} OR version > {version:UInt64})",
            **self._home(telling),
            end=telling.ends.events,
            version=telling.ends.version,
        )
        newest = self._newest(telling.partition)
        strays = [
            (site, id, version)
            for site, id, version, partition, offset in rows
            if partition != telling.partition or offset >= newest.events or version > newest.version
        ]
        self._found("event_archive", [(site, id, "extra") for site, id, _ in strays])
        self._remove_events(strays, telling.ends.version)

    async def _compare_archive(self, telling: Telling) -> None:
        sums = self._asked(
            f"SELECT intDiv(offset, {CHUNK}), toString(sum(reinterpretAsUInt128({_MARK})))"
            f" FROM headwater.event_archive FINAL WHERE {_HOME} AND partition = {{partition:UInt32}}"
            " AND offset < {end:UInt64} GROUP BY 1",
            **self._home(telling),
            end=telling.ends.events,
        )
        held = {chunk: int(total) for chunk, total in sums}
        for chunk, right in enumerate(telling.marks):
            if held.get(chunk, 0) != right % (1 << 128):
                await self._mend_chunk(telling, chunk * CHUNK, min((chunk + 1) * CHUNK, telling.ends.events))

    async def _mend_chunk(self, telling: Telling, first: int, end: int) -> None:
        codes, version = telling.fates[EVENTS.name], telling.ends.version
        right: dict[tuple[str, str], Row] = {}
        async for records in self._reader.read(EVENTS.name, telling.partition, first, end):
            for record in records:
                if codes[record.offset] == _APPLIED:
                    event = decode_event(record.value)
                    assert isinstance(event, Decoded)
                    forgotten = telling.forgotten.get(event.site, NOBODY)
                    right[event.site, event.fact.id] = archived(event, record, forgotten)
        rows = self._asked(
            f"SELECT {_ARCHIVED}, version FROM headwater.event_archive FINAL WHERE {_HOME}"
            " AND partition = {partition:UInt32} AND offset >= {first:UInt64} AND offset < {end:UInt64}",
            **self._home(telling),
            first=first,
            end=end,
        )
        held = {(row[0], row[1]): row for row in rows}
        newest = self._newest(telling.partition).version
        wrong = [
            key
            for key in held.keys() | right.keys()
            if held.get(key, (None,))[:-1] != right.get(key)
            and not (key in held and version < held[key][-1] <= newest)  # somebody was forgotten since
        ]
        found = [
            (*key, "missing" if key not in held else "extra" if key not in right else "differs")
            for key in sorted(wrong)
        ]
        self._found("event_archive", found)
        self._remove_events([(*key, held[key][-1]) for key in wrong if key in held], version)
        written = [right[key] for key in wrong if key in right]
        self._insert("event_archive", [(*row[:4], row[4] / 1e6, *row[5:], version, 0) for row in written])

    def _remove_events(self, doomed: list[tuple[str, str, int]], version: int) -> None:
        self._delete("event_archive", "site, event_id", [row for row in doomed if row[2] > version])
        rows = [(site, id, "", "", 0, 0, 0, "", version, 1) for site, id, _ in doomed]
        self._insert("event_archive", rows)

    # -- ClickHouse ---------------------------------------------------------------------------------------------------

    def _home(self, telling: Telling) -> dict[str, int]:
        return {"partition": telling.partition, "partitions": telling.partitions}

    def _newest(self, partition: int) -> Newest:
        sql = (
            "SELECT max(last + catalog_last), max(last), max(catalog_last) FROM headwater.step_rows"
            " WHERE partition = {partition:UInt32}"
        )
        return Newest(*self._asked(sql, partition=partition)[0])

    def _found(self, table: str, found: Sequence[tuple[str, str, str]]) -> None:
        self._findings.add((Difference(site, table, key, what) for site, key, what in found), len(found))
        if self._repair:
            self._findings.repaired += len(found)

    def _delete(self, table: str, key: str, doomed: Sequence[Row]) -> None:
        """Remove rows whose version stands above any that would be written over them; each is its key and version."""
        if not doomed or not self._repair:
            return
        names = [*key.split(", "), "version"]
        texts = [[str(value) for value in row] for row in doomed]
        said = ", ".join(f"toString({name})" for name in names)
        sql = f"ALTER TABLE headwater.{table} DELETE WHERE [{said}] IN {{doomed:Array(Array(String))}}"
        for start in range(0, len(texts), MOST_NAMED):
            lot = {"doomed": texts[start : start + MOST_NAMED]}
            self._client.command(sql, parameters=lot, settings=_SETTINGS)

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if not rows or not self._repair:
            return
        self._client.raw_insert(
            f"headwater.{table}",
            column_names=ALL_COLUMNS[table],
            insert_block=columns_json(table, rows),
            fmt="JSONColumns",
        )

    def _asked(self, sql: str, **asked: Any) -> list[Row]:
        found: list[Row] = self._client.query(sql, parameters=asked, settings=_SETTINGS).result_rows
        return found

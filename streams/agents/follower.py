"""One partition followed: its folded state, how far it goes in both topics, and what one step of it writes."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord

from schemas.reading import Reason
from schemas.topics import CATALOG, EVENTS
from streams.codec import Decoded, decode_entry, decode_event
from streams.domain.erasing import erased
from streams.domain.facts import FORGOTTEN
from streams.domain.partition import Partition, Refusal
from streams.domain.site import Fate
from streams.sinks.clickhouse_sink import BEGINNING, Place, Step
from streams.sinks.rows import COLUMNS, Row, rows_of
from streams.snapshots import Snapshot, mark_of

_OCCURRED: Final = COLUMNS["event_archive"].index("occurred_at")
_PAYLOAD: Final = COLUMNS["event_archive"].index("payload")


class DeadLetter(NamedTuple):
    """A record of no use: where it lay, why, and its bytes as they were."""

    topic: str
    partition: int
    offset: int
    refusal: Refusal
    key: bytes
    value: bytes


class Written(NamedTuple):
    """What one step of a partition puts out; `forgotten` names, by site, who is to leave the archive."""

    rows: dict[str, list[Row]]
    dead_letters: list[DeadLetter]
    forgotten: dict[str, list[str]]


class Told(NamedTuple):
    """The archive's rows and dead letters of some records, and by site the identifiers that were forgotten in them."""

    archive: list[Row]
    dead_letters: list[DeadLetter]
    forgotten: dict[str, list[str]]


class Follower:
    """The state of one partition at (`events_next`, `catalog_next`), a function of the records before.

    `told` is the place up to which archive, fates and dead letters tell of the log already: they are of no run, and a
    rebuilt live goes on from another place than the one it replaces.
    """

    def __init__(self, number: int, partitions: int, owner: int, told: Place = BEGINNING) -> None:
        self.number = number
        self.owner = owner
        self.told = told
        self.fold = Partition(number, partitions)
        self.events_next = 0
        self.catalog_next = 0
        self.saved_next = 0
        self._last: bytes | None = None

    def snapshot(self) -> Snapshot:
        """The state as it stands."""
        return Snapshot(self.fold, self.events_next, self.catalog_next, mark_of(self._last))

    @property
    def remembers_forgotten(self) -> bool:
        """Whether the state holds identifiers that only the log may still hold."""
        return any(site.forgotten for site in self.fold.sites.values())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a state that was saved."""
        self.fold = snapshot.fold
        self.events_next = self.saved_next = snapshot.events_next
        self.catalog_next = snapshot.catalog_next

    def skip_to(self, events_next: int, catalog_next: int) -> None:
        """Move past offsets that hold no record."""
        self.events_next = max(self.events_next, events_next)
        self.catalog_next = max(self.catalog_next, catalog_next)

    def fold_only(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in records whose rows are written already."""
        for record in records:
            self._take(record)

    def settle_only(self) -> None:
        """Work out what the records folded so far come to, and publish nothing."""
        for _ in self.fold.settle():
            pass

    def advance(self, records: Sequence[ConsumerRecord], step: Step) -> Written:
        """Take the records of a step in: its rows, under the step's label and version."""
        label, version = step.label, step.version
        fates = FateRanges(self.number, version)
        told = self.tell(records, fates, version)
        rows: dict[str, list[Row]] = {}
        for site, changes in self.fold.settle():
            payments = self.fold.sites[site].payments
            for table, written in rows_of(label, site, changes, payments, version).items():
                rows.setdefault(table, []).extend(written)
        if told.archive:
            rows["event_archive"] = told.archive
        if records:
            rows["fate_rows"] = fates.rows()
        return Written(rows, told.dead_letters, told.forgotten)

    def tell(self, records: Iterable[ConsumerRecord], fates: "FateRanges", version: int) -> Told:
        """Take records in: the archive's rows and the dead letters of those nobody told of, and their fates."""
        applied: list[tuple[Decoded, int, bytes]] = []
        forgotten: dict[str, list[str]] = {}
        dead: list[DeadLetter] = []
        told_events, told_entries = self.told
        for record in records:
            event, fate, refusal = self._take(record)
            topic, offset = record.topic, record.offset
            if offset < (told_events if topic == EVENTS.name else told_entries):
                continue
            if refusal is not None:
                dead.append(DeadLetter(topic, self.number, offset, refusal, record.key or b"", record.value))
                fates.add(topic, offset, Fate.DEAD_LETTERED, refusal.reason)
                continue
            fates.add(topic, offset, fate, Reason.TOMBSTONE if fate is Fate.FILTERED else "")
            if event is not None and fate is Fate.APPLIED:
                applied.append((event, offset, record.value))
                if event.fact.kind == FORGOTTEN:
                    forgotten.setdefault(event.site, []).extend(event.fact.body)
        archive = [self._archived(*one, version) for one in applied]
        return Told(archive, dead, forgotten)

    def written_names(self, site: str, identifiers: Iterable[str]) -> list[str]:
        """Identifiers that were forgotten -> the texts under which the archive may hold them."""
        names = self.fold.sites[site].forgotten.written_names(identifiers)
        return sorted({name.partition(":")[2] for name in names})

    def without_forgotten(self, site: str, rows: Iterable[Row], version: int) -> list[Row]:
        """Rows of the archive -> those of them that name somebody who is forgotten now, written anew without."""
        forgettings = self.fold.sites[site].forgotten
        anew = []
        for row in rows:
            at = round(row[_OCCURRED] * 1e6)
            payload = erased(row[_PAYLOAD].encode(), at, forgettings)
            if payload != row[_PAYLOAD]:
                anew.append((*row[:_PAYLOAD], payload, version, 0))
        return anew

    def _take(self, record: ConsumerRecord) -> tuple[Decoded | None, Fate, Refusal | None]:
        if record.topic == EVENTS.name:
            self.events_next = record.offset + 1
            self._last = record.value
            if record.value is None:
                return None, Fate.FILTERED, None
            event = decode_event(record.value)
            if isinstance(event, Refusal):
                return None, Fate.DEAD_LETTERED, event
            fate = self.fold.take_event(event.site, event.fact)
            if isinstance(fate, Refusal):
                return None, Fate.DEAD_LETTERED, fate
            return event, fate, None
        assert record.topic == CATALOG.name
        self.catalog_next = record.offset + 1
        if record.value is None:
            return None, Fate.FILTERED, None
        entry = decode_entry(record.value)
        if isinstance(entry, Refusal):
            return None, Fate.DEAD_LETTERED, entry
        fate = self.fold.take_entry(*entry)
        return (None, Fate.DEAD_LETTERED, fate) if isinstance(fate, Refusal) else (None, fate, None)

    def _archived(self, event: Decoded, offset: int, value: bytes, version: int) -> Row:
        fact = event.fact
        payload = erased(value, fact.at, self.fold.sites[event.site].forgotten)
        return (
            event.site, fact.id, event.type, fact.branch, fact.at / 1e6, self.number, offset, payload, version, 0,
        )  # fmt: skip


class FateRanges:
    """Fates in order of offsets -> rows, a run of one fate each."""

    def __init__(self, partition: int, version: int) -> None:
        self._partition = partition
        self._version = version
        self._rows: list[Row] = []
        self._run: tuple[str, Fate, str] | None = None
        self._first = self._last = 0

    def add(self, topic: str, offset: int, fate: Fate, reason: str) -> None:
        """The fate of the next record."""
        run = self._run
        if (
            run is not None
            and offset == self._last + 1
            and run[1] is fate
            and run[0] == topic
            and run[2] == reason
        ):
            self._last = offset
            return
        self._end()
        self._run = (topic, fate, reason)
        self._first = self._last = offset

    def _end(self) -> None:
        if self._run is not None:
            topic, fate, reason = self._run
            self._rows.append(
                (topic, self._partition, self._first, self._last, fate, reason, self._version, 0)
            )

    def rows(self) -> list[Row]:
        """Every run."""
        self._end()
        self._run = None
        return self._rows

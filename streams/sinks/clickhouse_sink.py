"""Rows -> ClickHouse over HTTP, whole columns at a time; and the chain of steps by which a worker knows what is in.

A step is announced before its first row and marked done after its last; steps follow each other without a gap, from
the beginning of both topics. The newest step of the highest owner therefore says up to where everything is written.

There is a chain for each label that live has had (`live`, then `live~2`, …): a rebuild of live is written under the
next one and swapped in by one row of live_rows, whereupon the workers go on from the end of that label's chain.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import clickhouse_connect
import orjson
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.sinks.rows import COLUMNS, Row

log = logging.getLogger(__name__)

DATABASE: Final = "headwater"
LIVE: Final = "live"
FATES: Final = ("topic", "partition", "first", "last", "fate", "reason", "version", "deleted")
DEAD_LETTERS: Final = (
    "topic", "partition", "offset", "site", "event_id", "reason", "field", "detail", "failed_at", "requeued", "version",
    "deleted",
)  # fmt: skip
STEPS: Final = (
    "label", "partition", "first", "catalog_first", "last", "catalog_last", "owner", "writer", "done", "at", "version",
)  # fmt: skip
OWNERS: Final = ("label", "partition", "owner", "writer", "at")
LOGS: Final = ("topic", "partition", "first", "mark", "seen_at", "version", "deleted")
ALL_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    **COLUMNS,
    "fate_rows": FATES,
    "dead_letter_rows": DEAD_LETTERS,
    "step_rows": STEPS,
    "owner_rows": OWNERS,
    "log_rows": LOGS,
}
LIVE_LABEL: Final = "(SELECT if(count() = 0, 'live', argMax(label, number)) FROM headwater.live_rows WHERE swapped_at <= now64(6))"
"""Which label live's rows have now, as a subquery: a rebuild is swapped in by one row of live_rows."""
_SETTINGS: Final = {"async_insert": 0, "input_format_parallel_parsing": 0}


@dataclass(frozen=True)
class ClickHouse:
    """Where ClickHouse is; the password is never shown."""

    url: str
    user: str
    password: str
    ca_file: str = ""


class Place(NamedTuple):
    """A place in both topics of one partition: the offsets that come next."""

    events: int
    catalog: int


BEGINNING: Final = Place(0, 0)


class Step(NamedTuple):
    """One step of a partition under a label of live: half-open ranges of both topics, and who wrote it."""

    partition: int
    first: int
    end: int
    catalog_first: int
    catalog_end: int
    owner: int
    done: bool
    label: str = LIVE

    @property
    def version(self) -> int:
        """Of every row the step writes: grows along the chain with the offsets of both topics."""
        return self.end + self.catalog_end

    @property
    def written(self) -> Place:
        """Up to where everything is written, by this step and those before it."""
        return Place(self.end, self.catalog_end) if self.done else Place(self.first, self.catalog_first)


class Tip(NamedTuple):
    """Where a partition stands: the last step of a label, and up to where archive and fates tell of the log."""

    step: Step | None
    told: Place


class Lost(NamedTuple):
    """What may not be written any more: partitions of another owner; all of them, when live's label has changed."""

    partitions: set[int]
    moved: bool


class _Claim(NamedTuple):
    """The greatest claim on a partition, and live's label as it was read with it."""

    owner: int
    writer: str
    live: str


def columns_json(table: str, rows: Sequence[Row]) -> bytes:
    """Rows -> one JSONColumns block, the columns in the table's order."""
    return orjson.dumps(dict(zip(ALL_COLUMNS[table], zip(*rows, strict=True), strict=True)))


class ClickHouseSink:
    """Writes what the core worked out; every write is one synchronous insert a table."""

    def __init__(self, client: AsyncClient, writer: str) -> None:
        self._client = client
        self._writer = writer

    @classmethod
    async def connect(cls, where: ClickHouse, writer: str) -> Self:
        """Open the client; `writer` names this worker in steps and claims."""
        client = await clickhouse_connect.get_async_client(
            dsn=where.url,
            username=where.user,
            password=where.password,
            database=DATABASE,
            compress="lz4",
            autogenerate_session_id=False,
            ca_cert=where.ca_file or None,
        )
        return cls(client, writer)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.close()

    async def insert(self, table: str, rows: Sequence[Row]) -> None:
        """One insert, durable when it returns."""
        await self.insert_block(table, ALL_COLUMNS[table], columns_json(table, rows), "JSONColumns")

    async def insert_block(self, table: str, columns: Sequence[str], block: bytes, format: str) -> None:
        """One insert of what is in ClickHouse's format already."""
        await self._client.raw_insert(
            f"{DATABASE}.{table}",
            column_names=columns,
            insert_block=block,
            settings=_SETTINGS,
            fmt=format,
        )

    async def write(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """All rows of a step, table by table, side by side."""
        await asyncio.gather(*(self.insert(table, written) for table, written in rows.items() if written))

    async def archived(self, site: str, texts: Sequence[str]) -> list[Row]:
        """The archive's rows of a site whose payload may hold one of these texts, occurred_at in epoch seconds."""
        result = await self._client.query(
            "SELECT site, event_id, type, branch, toUnixTimestamp64Micro(occurred_at) / 1e6, partition, offset, payload"
            " FROM headwater.event_archive FINAL WHERE site = {site:String}"
            " AND (multiSearchAny(payload, {texts:Array(String)}) OR position(payload, char(92)) > 0)",
            parameters={"site": site, "texts": list(texts)},
        )
        return [tuple(row) for row in result.result_rows]

    async def live_label(self) -> str:
        """The label under which live's rows are read now."""
        result = await self._client.query(f"SELECT {LIVE_LABEL} AS label")
        return str(result.result_rows[0][0])

    async def claim(self, label: str, partitions: Iterable[int], at: float) -> dict[int, int]:
        """Take partitions over: the number of the new ownership of each; whoever held one before is fenced."""
        owners: dict[int, int] = {}
        wanted = set(partitions)
        while wanted:
            held = await self._owners(label, wanted)
            # Numbers of a database that was emptied meanwhile are not given again: its steps are nobody's.
            taken = {number: held[number].owner if number in held else 0 for number in wanted}
            claimed = {number: max(owner + 1, int(at * 1000)) for number, owner in taken.items()}
            rows = [(label, number, owner, self._writer, at) for number, owner in sorted(claimed.items())]
            await self.insert("owner_rows", rows)
            now = await self._owners(label, wanted)
            won = {number for number in wanted if self._holds(now.get(number), claimed[number])}
            owners.update((number, claimed[number]) for number in won)
            wanted -= won
        return owners

    async def _owners(self, label: str, partitions: Iterable[int]) -> dict[int, _Claim]:
        """The greatest claim of each partition, of two equal ones the greater writer's; and live's label now."""
        result = await self._client.query(
            f"SELECT partition, max((owner, writer)) AS greatest, {LIVE_LABEL} FROM headwater.owner_rows"
            " WHERE label = {label:String} AND partition IN {partitions:Array(UInt16)} GROUP BY partition",
            parameters={"label": label, "partitions": sorted(partitions)},
        )
        return {number: _Claim(owner, writer, now) for number, (owner, writer), now in result.result_rows}

    def _holds(self, claim: _Claim | None, owner: int) -> bool:
        return claim is not None and (claim.owner, claim.writer) == (owner, self._writer)

    async def fenced(self, label: str, owners: Mapping[int, int]) -> Lost:
        """What of our partitions is not ours to write any more: one question before every step."""
        now = await self._owners(label, owners)
        lost = {number for number, owner in owners.items() if not self._holds(now.get(number), owner)}
        return Lost(lost, any(claim.live != label for claim in now.values()))

    async def tips(self, label: str, partitions: Iterable[int]) -> dict[int, Tip]:
        """Where each partition stands that has a step under any label; an empty step, a rebuild's, tells nothing."""
        result = await self._client.query(
            "SELECT partition, first, last, catalog_first, catalog_last, owner, done = 1, label"
            " FROM headwater.step_rows FINAL WHERE partition IN {partitions:Array(UInt16)}"
            " AND (label, partition, owner) IN (SELECT label, partition, owner FROM headwater.owner_rows)"
            " ORDER BY first + catalog_first, owner, writer",
            parameters={"partitions": sorted(set(partitions))},
        )
        found: dict[int, Tip] = {}
        for step in (Step(*row) for row in result.result_rows):
            newest, told = found.get(step.partition, Tip(None, BEGINNING))
            if (step.first, step.catalog_first) != (step.end, step.catalog_end):
                events, catalog = step.written
                told = Place(max(told.events, events), max(told.catalog, catalog))
            found[step.partition] = Tip(step if step.label == label else newest, told)
        return found

    async def marks(self, partitions: Iterable[int]) -> dict[tuple[str, int], str]:
        """The digest of the first record that was ever read, by topic and partition."""
        result = await self._client.query(
            "SELECT topic, partition, mark FROM headwater.log_rows FINAL"
            " WHERE partition IN {partitions:Array(UInt16)} AND mark != ''",
            parameters={"partitions": sorted(set(partitions))},
        )
        return {(topic, number): mark for topic, number, mark in result.result_rows}

    async def note_marks(self, marks: Mapping[tuple[str, int], str], at: float) -> None:
        """Remember by which first record, at offset 0, a partition of a topic is known again."""
        version = round(at * 1e6)
        await self.insert(
            "log_rows", [(topic, number, 0, mark, at, version, 0) for (topic, number), mark in marks.items()]
        )

    async def announce(self, steps: Sequence[Step], at: float) -> None:
        """Say what is about to be written, before any row of it."""
        await self.insert("step_rows", [self._step_row(step, 0, at) for step in steps])

    async def finish(self, steps: Sequence[Step], at: float) -> None:
        """Say that all rows of the steps are in."""
        await self.insert("step_rows", [self._step_row(step, 1, at) for step in steps])

    def _step_row(self, step: Step, done: int, at: float) -> Row:
        version = 2 * (step.first + step.catalog_first) + done
        return (
            step.label, step.partition, step.first, step.catalog_first, step.end, step.catalog_end, step.owner, self._writer, done,
            at, version,
        )  # fmt: skip


__all__ = [
    "BEGINNING",
    "LIVE",
    "ClickHouse",
    "ClickHouseError",
    "ClickHouseSink",
    "Lost",
    "Place",
    "Step",
    "Tip",
    "columns_json",
]

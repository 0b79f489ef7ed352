"""Rows -> ClickHouse over HTTP, whole columns at a time; and the chain of steps by which a worker knows what is in.

A step is announced before its first row and marked done after its last; steps follow each other without a gap, from
the beginning of both topics. The newest step of the highest owner therefore says up to where everything is written.
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
FATES: Final = ("topic", "partition", "first", "last", "fate", "reason", "version", "deleted")
DEAD_LETTERS: Final = (
    "topic", "partition", "offset", "site", "event_id", "reason", "field", "detail", "failed_at", "requeued", "version",
    "deleted",
)  # fmt: skip
STEPS: Final = (
    "partition", "first", "catalog_first", "last", "catalog_last", "owner", "writer", "done", "at", "version",
)  # fmt: skip
OWNERS: Final = ("partition", "owner", "writer", "at")
ALL_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    **COLUMNS,
    "fate_rows": FATES,
    "dead_letter_rows": DEAD_LETTERS,
    "step_rows": STEPS,
    "owner_rows": OWNERS,
}
_SETTINGS: Final = {"async_insert": 0, "input_format_parallel_parsing": 0}


@dataclass(frozen=True)
class ClickHouse:
    """Where ClickHouse is; the password is never shown."""

    url: str
    user: str
    password: str
    ca_file: str = ""


class Step(NamedTuple):
    """One step of a partition: half-open ranges of both topics, and who wrote it."""

    partition: int
    first: int
    end: int
    catalog_first: int
    catalog_end: int
    owner: int
    done: bool

    @property
    def version(self) -> int:
        """Of every row the step writes: grows along the chain with the offsets of both topics."""
        return self.end + self.catalog_end


class Fenced(Exception):
    """Another worker owns the partition now."""


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
        await self._client.raw_insert(
            f"{DATABASE}.{table}",
            column_names=ALL_COLUMNS[table],
            insert_block=columns_json(table, rows),
            settings=_SETTINGS,
            fmt="JSONColumns",
        )

    async def write(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """All rows of a step, table by table, side by side."""
        await asyncio.gather(*(self.insert(table, written) for table, written in rows.items() if written))

    async def claim(self, partitions: Iterable[int], at: float) -> dict[int, int]:
        """Take partitions over: the number of the new ownership of each; whoever held one before is fenced."""
        owners: dict[int, int] = {}
        wanted = set(partitions)
        while wanted:
            held = await self._owners(wanted)
            # Numbers of a database that was emptied meanwhile are not given again: its steps are nobody's.
            claimed = {number: max(held.get(number, (0, ""))[0] + 1, int(at * 1000)) for number in wanted}
            await self.insert(
                "owner_rows", [(number, owner, self._writer, at) for number, owner in sorted(claimed.items())]
            )
            now = await self._owners(wanted)
            won = {number for number in wanted if now[number] == (claimed[number], self._writer)}
            owners.update((number, claimed[number]) for number in won)
            wanted -= won
        return owners

    async def _owners(self, partitions: set[int]) -> dict[int, tuple[int, str]]:
        """The greatest claim of each partition; of two equal ones the greater writer's."""
        result = await self._client.query(
            "SELECT partition, max((owner, writer)) FROM headwater.owner_rows"
            " WHERE partition IN {partitions:Array(UInt16)} GROUP BY partition",
            parameters={"partitions": sorted(partitions)},
        )
        return {number: (greatest[0], greatest[1]) for number, greatest in result.result_rows}

    async def fenced(self, owners: Mapping[int, int]) -> set[int]:
        """Those of our partitions that somebody else has claimed since."""
        now = await self._owners(set(owners))
        return {number for number, owner in owners.items() if now.get(number) != (owner, self._writer)}

    async def tips(self, partitions: Iterable[int]) -> dict[int, Step]:
        """The last step of each partition that has one."""
        result = await self._client.query(
            "SELECT partition, first, last, catalog_first, catalog_last, owner, done = 1 FROM headwater.step_rows FINAL"
            " WHERE partition IN {partitions:Array(UInt16)}"
            " AND (partition, owner) IN (SELECT partition, owner FROM headwater.owner_rows)"
            " ORDER BY first + catalog_first, owner, writer",
            parameters={"partitions": sorted(set(partitions))},
        )
        return {row[0]: Step(*row) for row in result.result_rows}

    async def announce(self, steps: Sequence[Step], at: float) -> None:
        """Say what is about to be written, before any row of it."""
        await self.insert("step_rows", [self._step_row(step, 0, at) for step in steps])

    async def finish(self, steps: Sequence[Step], at: float) -> None:
        """Say that all rows of the steps are in."""
        await self.insert("step_rows", [self._step_row(step, 1, at) for step in steps])

    def _step_row(self, step: Step, done: int, at: float) -> Row:
        version = 2 * (step.first + step.catalog_first) + done
        return (
            step.partition, step.first, step.catalog_first, step.end, step.catalog_end, step.owner, self._writer, done,
            at, version,
        )  # fmt: skip


__all__ = ["ClickHouse", "ClickHouseError", "ClickHouseSink", "Fenced", "Step", "columns_json"]

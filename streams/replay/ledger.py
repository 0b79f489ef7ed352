"""What is known of runs: a row for each, a row for each unit of it that is in, and by what the log is known again."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from streams.log import Extent
from streams.replay.units import Unit

RUNNING: Final = "running"
DONE: Final = "done"
DROPPING: Final = "dropping"
_INSERT_MS: Final = 300  # an insert of one row takes 10 to 30 ms
_POLL_SECONDS: Final = 0.05


class Run(NamedTuple):
    """One run as its row says it; the fields are the columns of run_rows, in order."""

    run: str
    settings: str
    catalog: str
    catalog_hash: str
    code_version: str
    offsets: str
    models: Sequence[str]
    started_at: datetime
    finished_at: datetime | None
    status: str
    event_count: int
    seconds: float
    digest: str


_RUN: Final = ", ".join(Run._fields)


class Ledger:
    """Runs of one ClickHouse; `now_us` is the clock in epoch microseconds, by which a later row replaces an earlier."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, label: str) -> Run | None:
        """What is written of a run; None when nothing is."""
        found = self._client.query(
            f"SELECT {_RUN} FROM headwater.run_rows FINAL WHERE run = {{label:String}}",
            parameters={"label": label},
        ).result_rows
        if not found:
            return None
        run = Run(*found[0])
        return run._replace(
            started_at=_in_utc(run.started_at),
            finished_at=None if run.finished_at is None else _in_utc(run.finished_at),
        )

    def labels(self) -> list[str]:
        """Of every run there is a row of, also of hidden ones."""
        return [row[0] for row in self._client.query("SELECT run FROM headwater.run_rows FINAL").result_rows]

    def write(self, run: Run, now_us: int) -> None:
        """Say how a run stands from now on: readers see all its rows when it is done, and none of them before.

        What readers see turns with a second that comes after the insert; when this returns it has turned.
        """
        turns = run.status in (DONE, DROPPING) and "~" not in run.run
        second = coming_second(self._client) if turns else 0
        self.insert(
            "run_rows", (*Run._fields, "counts_from", "version", "deleted"), [(*run, second, now_us, 0)]
        )
        await_second(self._client, second)

    def remove(self, run: Run, now_us: int) -> None:
        """Take a run's row out."""
        self.insert("run_rows", (*Run._fields, "version", "deleted"), [(*run, now_us, 1)])

    def finished(self, label: str) -> dict[Unit, int]:
        """Events applied in each unit of a run whose rows are all in."""
        found = self._client.query(
            "SELECT partition, bucket, buckets, events FROM headwater.run_part_rows FINAL WHERE run = {label:String}",
            parameters={"label": label},
        ).result_rows
        return {Unit(*row[:3]): row[3] for row in found}

    def finish(self, label: str, unit: Unit, events: int, now_us: int) -> None:
        """Say that every row of a unit is in."""
        columns = ("run", "partition", "bucket", "buckets", "events", "finished_at", "version", "deleted")
        self.insert("run_part_rows", columns, [(label, *unit, events, now_us / 1e6, now_us, 0)])

    def marks(self) -> dict[tuple[str, int], str]:
        """(topic, partition) -> the digest of the first record that was ever read there."""
        found = self._client.query("SELECT topic, partition, mark FROM headwater.log_rows FINAL").result_rows
        return {(topic, partition): mark for topic, partition, mark in found}

    def note_marks(self, extents: Mapping[str, Mapping[int, Extent]], now_us: int) -> None:
        """Remember by which first record each partition is known again, where that is not known yet."""
        known = self.marks()
        rows = [
            (topic, partition, extent.first, extent.mark, now_us / 1e6, now_us, 0)
            for topic, found in extents.items()
            for partition, extent in found.items()
            if extent.mark and not known.get((topic, partition))
        ]
        self.insert(
            "log_rows", ("topic", "partition", "first", "mark", "seen_at", "version", "deleted"), rows
        )

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """One insert of a few rows; the client's own way would load pandas first."""
        written = [tuple(map(_said, row)) for row in rows]
        if written:
            self._client.raw_insert(
                f"headwater.{table}",
                column_names=columns,
                insert_block=orjson.dumps(dict(zip(columns, zip(*written, strict=True), strict=True))),
                fmt="JSONColumns",
            )


def coming_second(client: Any) -> int:
    """A whole second of ClickHouse's clock that an insert sent now is in before, in epoch seconds."""
    found = client.query(f"SELECT toUnixTimestamp(now64(3) + toIntervalMillisecond({_INSERT_MS})) + 1")
    return int(found.result_rows[0][0])


def await_second(client: Any, second: int) -> None:
    """Return when ClickHouse's clock has come to this second."""
    while client.query("SELECT toUnixTimestamp(now())").result_rows[0][0] < second:
        time.sleep(_POLL_SECONDS)


def _said(value: Any) -> Any:
    """A value as ClickHouse reads it: an instant as seconds."""
    return value.timestamp() if isinstance(value, datetime) else value


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

"""What the benchmarks share: a stack of their own, a topic to fill, CPU seconds by process, and when all is written."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from infra.local import processes, stack
from infra.settings import Settings
from schemas.topics import EVENTS
from streams.collectors.producer import ProducerSettings, Record, appending
from tests.infra.conftest import home_at

LOT = 20_000


@contextlib.contextmanager
def own_stack(directory: Path, **given: object) -> Iterator[Settings]:
    """A stack of the benchmark's own, on free ports."""
    settings = home_at(directory, **({"partitions": 16, "workers": 1} | given))
    stack.up(settings, lambda _: None)
    try:
        yield settings
    finally:
        stack.down(settings, lambda _: None)


async def append(settings: Settings, made: Iterable[tuple[str, bytes]]) -> int:
    """Fill the topic with (site, JSON); how many."""
    lot: list[Record] = []
    count = 0
    async with appending(ProducerSettings(brokers=settings.bootstrap)) as producer:
        for site, value in made:
            lot.append(Record(EVENTS.name, site.encode(), value))
            if len(lot) == LOT:
                await producer.append(lot)
                count += len(lot)
                lot = []
        if lot:
            await producer.append(lot)
            count += len(lot)
    return count


def cpu_seconds(settings: Settings, part: str) -> float:
    """CPU seconds that a part of the stack has used."""
    process = processes.running(part, settings.home)
    assert process is not None, part
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def megabytes(settings: Settings, part: str) -> float:
    """Resident memory of a part of the stack."""
    process = processes.running(part, settings.home)
    assert process is not None, part
    return float(psutil.Process(process.pid).memory_info().rss / 1e6)


def written(settings: Settings) -> int:
    """How many offsets of the events topic are written to the last row."""
    rows = (
        stack.writer(settings)
        .query("SELECT sum(last - first + 1) FROM headwater.fate_rows FINAL")
        .result_rows
    )
    return int(rows[0][0] or 0)


class Measured(NamedTuple):
    """Wall and CPU seconds of one run."""

    events: int
    wall: float
    worker: float
    engine: float

    def __str__(self) -> str:
        return (
            f"{self.events:,} events: {self.events / self.wall:,.0f} a second,"
            f" {self.events / self.worker:,.0f} per CPU-second of the worker"
            f" (engine: {self.engine:.1f} CPU-seconds, {self.events / self.engine:,.0f} a CPU-second)"
        )


def measure(settings: Settings, made: Iterable[tuple[str, bytes]], seconds: float = 900) -> Measured:
    """Append while the worker follows; until every row is in."""
    before = written(settings)
    began, worker, engine = (
        time.monotonic(),
        cpu_seconds(settings, "worker-1"),
        cpu_seconds(settings, "clickhouse"),
    )
    count = asyncio.run(append(settings, made))
    deadline = began + seconds
    while written(settings) < before + count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{written(settings) - before} of {count} written after {seconds} s")
        time.sleep(0.2)
    return Measured(
        count,
        time.monotonic() - began,
        cpu_seconds(settings, "worker-1") - worker,
        cpu_seconds(settings, "clickhouse") - engine,
    )

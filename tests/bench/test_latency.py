"""From an event appended to the event visible in ClickHouse, at 500 events a second. Printed, never asserted."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from infra.local import stack
from infra.settings import Settings
from schemas.topics import EVENTS, partition_of
from streams.collectors.producer import ProducerSettings, Record, appending
from tests.bench.live import own_stack
from tests.bench.workload import small_job

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
A_SECOND = 500
LOTS_A_SECOND = 20
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))


async def trickle(settings: Settings, made: list[tuple[str, bytes]]) -> dict[int, list[tuple[int, float]]]:
    """Append at an even pace; per partition the (offset, when it was acknowledged) of each lot's last record."""
    acknowledged: dict[int, list[tuple[int, float]]] = {}
    size = A_SECOND // LOTS_A_SECOND
    async with appending(ProducerSettings(brokers=settings.bootstrap)) as producer:
        begin = time.monotonic()
        for number in range(0, len(made), size):
            due = begin + number / A_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            lot = [Record(EVENTS.name, site.encode(), value) for site, value in made[number : number + size]]
            for position in await producer.append(lot):
                acknowledged.setdefault(position.partition, []).append((position.offset, time.monotonic()))
    return acknowledged


async def watch(settings: Settings, ended: asyncio.Event) -> dict[int, list[tuple[int, float]]]:
    """Per partition (offset before which all is written, when that was seen first)."""
    client = stack.writer(settings)
    seen: dict[int, list[tuple[int, float]]] = {}
    idle = 0
    while idle < 20:
        rows = await asyncio.to_thread(
            lambda: (
                client.query(
                    "SELECT partition, max(last) FROM headwater.step_rows FINAL WHERE done GROUP BY partition"
                ).result_rows
            )
        )
        now = time.monotonic()
        moved = False
        for partition, last in rows:
            held = seen.setdefault(partition, [])
            if not held or held[-1][0] < last:
                held.append((last, now))
                moved = True
        idle = 0 if moved or not ended.is_set() else idle + 1
        await asyncio.sleep(0.02)
    return seen


async def both(settings: Settings, made: list[tuple[str, bytes]]) -> list[float]:
    """Seconds from acknowledged to visible, of every event, sorted."""
    ended = asyncio.Event()
    watching = asyncio.create_task(watch(settings, ended))
    acknowledged = await trickle(settings, made)
    ended.set()
    seen = await watching
    delays = []
    for partition, offsets in acknowledged.items():
        steps = iter(seen[partition])
        end, at = next(steps)
        for offset, when in offsets:
            while end <= offset:
                end, at = next(steps)
            delays.append(at - when)
    return sorted(delays)


@pytest.mark.parametrize("sites", [1, 16])
def test_latency(tmp_path: Path, sites: int) -> None:
    with own_stack(tmp_path) as settings:
        made = list(small_job(A_SECOND * SECONDS, 3000, sites))
        delays = asyncio.run(both(settings, made))
    partitions = len({partition_of(f"s{number}", settings.partitions) for number in range(sites)})
    p50, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.99))
    print(
        f"\nat {A_SECOND} events/s over {partitions} partitions, appended to visible:"
        f" p50 {p50:.2f} s, p99 {p99:.2f} s, largest {delays[-1]:.2f} s"
    )

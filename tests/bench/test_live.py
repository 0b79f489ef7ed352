"""From the topic to ClickHouse: all models, all rows; beside it the naive agent. Printed, never asserted."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.settings import Settings
from tests.bench.live import cpu_seconds, measure, megabytes, own_stack
from tests.bench.workload import small_job

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
EVENTS = int(os.environ.get("BENCH_EVENTS", "500000"))
NAIVE_EVENTS = 5_000


def test_live(tmp_path: Path) -> None:
    with own_stack(tmp_path) as settings:
        print(f"\nlive, {EVENTS // 5:,} persons: {measure(settings, small_job(EVENTS, EVENTS // 5))}")
        print(f"worker: {megabytes(settings, 'worker-1'):,.0f} MB")
        naive_seconds = naive(settings, tmp_path)
    print(
        f"naive agent, same domain work, a table write a row, no ClickHouse: {NAIVE_EVENTS / naive_seconds:,.0f} per CPU-second"
    )


async def make_changelogs(settings: Settings) -> None:
    """The topics of the naive agent's tables; Faust makes them too late for its first event."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        names = ("naive-rows-changelog", "naive-done-changelog")
        await admin.create_topics([NewTopic(name, settings.partitions, 1) for name in names])
    finally:
        await admin.close()


def naive(settings: Settings, directory: Path) -> float:
    """CPU seconds that the naive agent takes for the topic's first events."""
    asyncio.run(make_changelogs(settings))
    log = (directory / "naive.log").open("wb")
    environment = {
        **os.environ,
        "HEADWATER_BROKERS": settings.bootstrap,
        "HEADWATER_PARTITIONS": str(settings.partitions),
        "HEADWATER_DATADIR": str(directory / "naive"),
        "NAIVE_STOP_AFTER": str(NAIVE_EVENTS),
    }
    command = [sys.executable, "-m", "tests.bench.naive", "worker", "-l", "error", "--without-web"]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    watched = psutil.Process(process.pid)
    marks = {}
    try:
        deadline = time.monotonic() + 300
        while "end" not in marks:
            if time.monotonic() > deadline:
                raise TimeoutError((directory / "naive.log").read_text()[-2000:])
            if process.poll() is not None:
                raise RuntimeError((directory / "naive.log").read_text()[-2000:])
            said = re.findall(r"NAIVE (\w+)", (directory / "naive.log").read_text(errors="replace"))
            for mark in said:
                if mark not in marks:
                    times = watched.cpu_times()
                    marks[mark] = times.user + times.system
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
        log.close()
    return float(marks["end"] - marks["begin"])


def test_cpu_is_counted_for_the_right_process(tmp_path: Path) -> None:
    with own_stack(tmp_path, partitions=4) as settings:
        before = cpu_seconds(settings, "worker-1")
        measure(settings, small_job(2000, 100))
        assert cpu_seconds(settings, "worker-1") > before

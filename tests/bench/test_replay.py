"""A replay of all five rule models into ClickHouse; beside it the floor, and the same credits by hand. Printed only."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.bench.live import append, cpu_seconds, own_stack
from tests.bench.workload import small_job
from tests.infra.conftest import ROOT

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]
MILLIONS = [float(one) for one in os.environ.get("BENCH_MILLIONS", "1,3").split(",")]


def test_replay(tmp_path: Path) -> None:
    with own_stack(tmp_path, workers=0) as settings:
        before = 0
        for millions in MILLIONS:
            events = round(millions * 1e6)
            made = small_job(events - before, max(events - before, 10) // 10, 50, seed=events)
            asyncio.run(append(settings, made))
            before = events
            print(f"\n{events:,} events in the log")
            for what in ("consume", "parse", "credits"):
                records, seconds = by_hand(settings, what)
                print(f"  by hand, {what}: {records / seconds:,.0f} events per CPU-second")
            for processes in (1, 2):
                print(f"  replay, {processes} processes: {replayed(settings, events, processes)}")


def by_hand(settings: Settings, what: str) -> tuple[int, float]:
    """Records read and the CPU seconds it took."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.plain_loop",
        settings.bootstrap,
        str(settings.partitions),
        what,
    ]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.split()
    return int(said[0]), float(said[1])


def replayed(settings: Settings, events: int, processes: int) -> str:
    """Events a second, a CPU-second of the command with all its processes, and of the engine; memory at its peak."""
    environment = {**os.environ, "HEADWATER_HOME": str(settings.home), "HEADWATER_KAFKA_PORT": str(settings.kafka_port),
                   "HEADWATER_CLICKHOUSE_PORT": str(settings.clickhouse_port)}  # fmt: skip
    name = f"bench-{events}-{processes}"
    command = [sys.executable, "-m", "infra.cli", "replay", "--run", name, "--processes", str(processes)]
    engine, began = cpu_seconds(settings, "clickhouse"), time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.cpu_of", *command],
        check=False, env=environment, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    wall = time.monotonic() - began
    engine = cpu_seconds(settings, "clickhouse") - engine
    cpu, megabytes = (float(one) for one in ran.stdout.split()[-2:])
    digest = re.findall(r"[0-9a-f]{64}", ran.stdout + ran.stderr)
    return (
        f"{events / wall:,.0f} a second, {events / cpu:,.0f} per CPU-second (engine {engine:.1f} CPU-seconds,"
        f" {events / engine:,.0f} each); largest process {megabytes:,.0f} MB; digest {digest[0][:12]}"
    )

"""One collector, acks=all: throughput, latency, ten times too much; beside it the least that a door can do."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from infra.settings import as_environment, load_settings
from streams.collectors.keys import KeyKind, KeyRing
from tests.collectors.conftest import NOW, Broker, until
from tests.ports import free_port

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
OVERLOAD = 10


class Run(NamedTuple):
    """What a load came to, with the door's CPU seconds and resident bytes."""

    told: dict[str, Any]
    cpu_seconds: float
    resident_bytes: int

    def __str__(self) -> str:
        rate = self.told["events"] / self.told["seconds"]
        p50, p99 = (1000 * self.told[name].get("202", 0.0) for name in ("p50", "p99"))
        per_cpu = self.told["events"] / self.cpu_seconds
        return (
            f"{rate:,.0f} events/s, {per_cpu:,.0f} per CPU-second, p50 {p50:.0f} ms, p99 {p99:.0f} ms,"
            f" {self.resident_bytes / 1e6:.0f} MB"
        )


class Door:
    """A door in a process of its own."""

    def __init__(self, port: int, command: list[str], environment: dict[str, str], log: Path) -> None:
        """Starts it and waits until its port is open."""
        self.port = port
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=file, stderr=file
            )
        self._watched = psutil.Process(self._process.pid)
        until(lambda: any(one.laddr.port == port for one in self._watched.net_connections("tcp")))

    def under(self, keys: list[str], lot: int, connections: int, lots_a_second: float = 0) -> Run:
        """A load on it -> what that came to."""
        arguments = [self.port, ",".join(keys), lot, connections, SECONDS, lots_a_second]
        before = self._cpu_seconds()
        command = [sys.executable, "-m", "tests.bench.door_load", *map(str, arguments)]
        largest = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE) as load:
            while load.poll() is None:
                largest = max(largest, self._watched.memory_info().rss)
                time.sleep(0.2)
            assert load.stdout is not None
            told = json.loads(load.stdout.read())
        return Run(told, self._cpu_seconds() - before, largest)

    def kill(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()

    def _cpu_seconds(self) -> float:
        times = self._watched.cpu_times()
        return float(times.user + times.system)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A real Kafka of this benchmark's own."""
    ports = {"kafka_port": free_port(), "kafka_controller_port": free_port()}
    running = Broker(load_settings({}, tmp_path / "broker", partitions=16, **ports))
    yield running
    running.kill()


def test_collector(broker: Broker, tmp_path: Path) -> None:
    home = tmp_path / "home"
    keys = [KeyRing(home).create(KeyKind.SERVER, now=NOW, sites=["*"])[1] for _ in range(4)]
    port = free_port()
    settings = load_settings({}, home, home=home, collector_port=port)
    environment = as_environment(settings) | {"HEADWATER_BROKERS": broker.settings.bootstrap}
    collector = Door(
        port, [sys.executable, "-m", "infra.cli", "collector"], environment, tmp_path / "door.log"
    )
    bare_port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare_door", str(bare_port), broker.settings.bootstrap]
    bare = Door(bare_port, command, {}, tmp_path / "bare.log")
    try:
        for lot, connections in ((1, 64), (100, 8), (500, 8)):
            print(f"\nlots of {lot}, {connections} connections")
            for name, door in (("collector", collector), ("bare", bare)):
                print(f"  {name:<9} {door.under(keys, lot, connections)}")
        peak = collector.under(keys, 100, 8)
        lots_a_second = OVERLOAD * peak.told["statuses"]["202"] / peak.told["seconds"]
        print(f"overload, lots of 100: peak {peak}")
        over = collector.under(keys, 100, 900, lots_a_second)
        share = over.told["events"] / over.told["seconds"] / (peak.told["events"] / peak.told["seconds"])
        refused = {status: count for status, count in over.told["statuses"].items() if status != "202"}
        offered = over.told["offered"] / over.told["seconds"]
        print(f"  offered {offered:,.0f} of {lots_a_second:,.0f} lots/s: {over}")
        told = over.told["p99"].get("503", 0.0)
        print(
            f"  goodput {share:.0%} of peak, refused {refused} {over.told['broken']}, p99 of refusals {1000 * told:.0f} ms"
        )
        until(lambda: collector.under(keys, 1, 1).told["p99"]["202"] < 5, 60)
        after = collector.under(keys, 100, 8)
        print(f"  after it: {after}")
        print(f"one quiet key alone: {collector.under(keys[3:], 1, 1)}")
        with ThreadPoolExecutor(1) as pool:
            loud = pool.submit(collector.under, keys[:1], 100, 400, lots_a_second)
            print(f"  beside a loud one: {collector.under(keys[3:], 1, 1)}")
            print(f"  the loud one: {loud.result()}")
    finally:
        collector.kill()
        bare.kill()

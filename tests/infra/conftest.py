"""Homes of their own on free ports, and one running ClickHouse front for the tests that only talk to it."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local import stack
from infra.local.clickhouse import ingest_secret
from infra.settings import Settings, as_environment, load_settings
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for a condition, which is the only way these tests wait."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def home_at(path: Path, **given: object) -> Settings:
    """Settings of a new home on free ports."""
    kafka, controller, clickhouse, collector = free_ports(4)
    ports = {
        "kafka_port": kafka,
        "kafka_controller_port": controller,
        "clickhouse_port": clickhouse,
        "collector_port": collector,
    }
    few = {"partitions": 2, "workers": 0, "audit_percent": 0, "observe_seconds": 0, "reports": False}
    return load_settings({}, path, home=path / "home", **(few | ports | given))


def answers(port: int) -> bool:
    """True when the front on this port says it is there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def start_front(settings: Settings) -> "subprocess.Popen[bytes]":
    """A front of its own, answering when this returns."""
    log = settings.home / "logs" / "front.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "infra.local.clickhouse"],
            env={**os.environ, **as_environment(settings), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    until(lambda: answers(settings.clickhouse_port) or started.poll() is not None)
    assert started.poll() is None, log.read_text()
    return started


LIMITS = {"reader_seconds": 3, "reader_result_rows": 5000, "reader_memory_megabytes": 64}


class RunningFront:
    """A front that runs: its settings and its ingest secret."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = settings.clickhouse_port
        self.secret = ingest_secret(settings)


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFront]:
    """One front for all tests that leave it as they found it."""
    settings = home_at(tmp_path_factory.mktemp("front"), **LIMITS)
    started = start_front(settings)
    yield RunningFront(settings)
    started.terminate()
    assert started.wait(20) == 0


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home of the test's own; whatever it started is gone afterwards."""
    made = home_at(tmp_path)
    yield made
    stack.down(made, print)

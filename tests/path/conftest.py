"""The real engine in this process with the shipped schema, and a whole stack that runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import migrate
from infra.local import processes, stack
from infra.settings import Settings, as_environment
from tests.infra.conftest import home_at


@pytest.fixture(scope="package")
def engine(engine_folder: Path) -> Iterator[Client]:
    """A client of an engine with the shipped schema; histories stay apart by their run."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(engine_folder))
    client.command("DROP DATABASE IF EXISTS headwater SYNC")
    migrate(client, embedded=True)
    yield client
    client.close()


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A stack of its own that runs, worker and collector included; tests stay apart by their site."""
    settings = home_at(tmp_path_factory.mktemp("line"), workers=1)
    try:
        stack.up(settings, print)
        yield settings
    finally:
        stack.down(settings, print)
        for process in processes.marked(settings.home):
            processes.stop(process, 20)


def headwater(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as a person types it."""
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", *arguments],
        env={**os.environ, **as_environment(settings)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks the engine in this process goes with the others that do."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engine)

"""The real engine in this process with the shipped schema, and a whole stack that runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import migrate
from infra.demo.centre import SITE
from infra.demo.files import files_of, write_files
from infra.demo.simulator import simulate
from infra.local import processes, stack
from infra.settings import Settings, as_environment
from tests.demo.taken_in import taken_in
from tests.infra.conftest import home_at
from tests.path.published_rows import archive, publish

NASTY = "\"><script>document.title='ran'</script>"


@pytest.fixture(scope="package")
def engine(engine_folder: Path) -> Iterator[Client]:
    """A client of an engine with the shipped schema; histories stay apart by their run."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(engine_folder))
    client.command("DROP DATABASE IF EXISTS headwater SYNC")
    migrate(client, embedded=True)
    yield client
    client.close()


@pytest.fixture(scope="package")
def demo(engine: Client, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The demo's quarter as the core publishes it, and what beside it the pipeline's panels show."""
    folder = tmp_path_factory.mktemp("demo")
    write_files(files_of(simulate(1, 4000), 1), folder / "files")
    events, entries = taken_in(folder / "files", folder / "home")
    publish(engine, "live", entries, events)
    archive(engine, events)
    at = "2025-12-30 03:00:00"
    letter = {
        "topic": "headwater.events",
        "site": SITE,
        "reason": "not_json",
        "detail": NASTY,
        "failed_at": at,
    }
    audit = {"started_at": at, "finished_at": at, "sites_compared": 1, "differences": 2, "repaired": 2}
    wide = {
        "run": "wide",
        "settings": "{}",
        "models": ["last", "markov"],
        "status": "done",
        "finished_at": at,
    }
    weight = {"run": "wide", "site": SITE, "stage": "registration", "model": "markov", "channel": "naver_blog",
              "weight_parts": 10**9, "low": 0.2, "high": 1.0, "conversions": 9, "journeys": 40}  # fmt: skip
    step = {"label": "live", "partition": 0, "last": len(events), "owner": 1, "done": 1, "at": at}
    claim = {"label": "live", "partition": 0, "owner": 1, "at": at}
    for table, row in (
        ("dead_letter_rows", letter), ("audit_rows", audit), ("run_rows", wide), ("model_rows", weight),
        ("step_rows", step), ("owner_rows", claim),
    ):  # fmt: skip
        line = orjson.dumps({**row, "version": 1} if table != "owner_rows" else row)
        engine.raw_insert(f"headwater.{table}", insert_block=line, fmt="JSONEachRow")
    return engine


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

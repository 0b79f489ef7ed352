"""The real engine in this process."""

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import migrate


@pytest.fixture(scope="package")
def engine(engine_folder: Path) -> Iterator[Client]:
    """A client of an engine without any database of ours."""
    client = clickhouse_connect.get_client(interface="chdb", path=str(engine_folder))
    yield client
    client.close()


@pytest.fixture
def empty(engine: Client) -> Client:
    """The engine before the first migration."""
    engine.command("DROP DATABASE IF EXISTS headwater SYNC")
    return engine


@pytest.fixture(scope="module")
def migrated(engine: Client) -> Client:
    """The engine with the shipped schema; a test module's rows stay apart by their run."""
    engine.command("DROP DATABASE IF EXISTS headwater SYNC")
    migrate(engine, embedded=True)
    return engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here runs on the engine in this process."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engine)

"""The real engine in this process with the shipped schema."""

from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import migrate


@pytest.fixture(scope="package")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a migrated engine; histories stay apart by their run."""
    folder: Path = tmp_path_factory.mktemp("path-engine")
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder))
    migrate(client, embedded=True)
    yield client
    client.close()

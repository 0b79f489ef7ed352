"""One stack for replays on the real line; what its processes said is attached to a failure."""

from collections.abc import Iterator

import pytest

from infra.local import processes
from tests.line.conftest import pytest_runtest_makereport
from tests.line.harness import Line, settings_of


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Kafka and ClickHouse, up; nothing is left of them afterwards."""
    line = Line(settings_of(tmp_path_factory.mktemp("replay")))
    try:
        line.up()
        yield line
    finally:
        line.down()
        assert processes.marked(line.settings.home) == []


@pytest.fixture(scope="module")
def line(stores: Line) -> Iterator[Line]:
    """The line with nothing in it at the beginning of a module, and no worker left at its end."""
    stores.empty()
    yield stores
    for worker in stores.workers:
        if worker.alive:
            worker.kill()


__all__ = ["pytest_runtest_makereport"]

"""One stack for all tests of the line, emptied for each; what the processes said is attached to a failure."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from infra.local import processes
from tests.line.harness import Line, settings_of


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Kafka and ClickHouse, up; nothing is left of them afterwards."""
    line = Line(settings_of(tmp_path_factory.mktemp("line")))
    try:
        line.up()
        yield line
    finally:
        line.down()
        assert processes.marked(line.settings.home) == []


@pytest.fixture
def line(stores: Line) -> Iterator[Line]:
    """The line with nothing in it."""
    stores.empty()
    yield stores
    for worker in stores.workers:
        if worker.alive:
            worker.kill()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Attach the ends of the logs to a failed test."""
    outcome = yield
    report = outcome.get_result()
    line = getattr(item, "funcargs", {}).get("line")
    if report.failed and isinstance(line, Line):
        for log in sorted(line.settings.logs.glob("*.log")):
            said = log.read_text("utf-8", "replace").splitlines()
            report.sections.append((f"the end of {log.name}", "\n".join(said[-60:])))

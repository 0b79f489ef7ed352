"""One Kafka for all tests of backups, its two topics made anew for each."""

from collections.abc import Iterator

import pytest

from infra.local import processes, stack
from infra.settings import Settings
from tests.backup.given_logs import PARTITIONS, emptied
from tests.infra.conftest import home_at


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Kafka, up; nothing is left of it afterwards."""
    settings = home_at(tmp_path_factory.mktemp("backup"), partitions=PARTITIONS)
    try:
        with stack.kafka_alone(settings, print):
            yield settings
    finally:
        assert processes.marked(settings.home) == []


@pytest.fixture
def settings(broker: Settings) -> Settings:
    """The same with an empty log."""
    emptied(broker)
    (broker.home / "restore.json").unlink(missing_ok=True)
    return broker

"""One Kafka, one ClickHouse and one worker for the tests of a module, with a history in them."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from infra.audit.passes import Audited, Auditor
from infra.local import processes
from infra.settings import Settings, load_settings
from tests.line.harness import Line, settings_of
from tests.line.records import big_history, mixed, poison

State = dict[str, Any]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line with a worker at work and a history, poison in it, all written."""
    line = Line(settings_of(tmp_path_factory.mktemp("audit")))
    try:
        line.up()
        line.empty()
        line.worker()
        poisonous = [record for record, _ in poison()]
        line.append(mixed(random.Random(1), big_history(seed=41, events=500), poisonous))
        line.until_caught_up()
        yield line
    finally:
        line.down()
        assert processes.marked(line.settings.home) == []


def audits(line: Line, only: Sequence[int] | None = None) -> list[Audited]:
    """One pass over every partition, or some, in no time lost."""
    return pass_over(line.settings, 1.0, only)


def pass_over(
    settings: Settings | None = None, share: float = 1.0, only: Sequence[int] | None = None
) -> list[Audited]:
    """One pass over the partitions of the installation that settings, else the environment, name."""
    chosen = settings or load_settings()
    numbers = range(chosen.partitions) if only is None else only

    async def audited() -> list[Audited]:
        async with Auditor.opened(chosen, share, True) as auditor:
            auditor.clear()
            return [await auditor.audit(number) for number in numbers]

    return asyncio.run(audited())


def state(line: Line) -> State:
    """Everything that an audit looks after, as readers see it."""
    return {
        "published": line.published(),
        "fates": line.fates(),
        "archive": line.rows("SELECT * EXCEPT (version, deleted) FROM headwater.event_archive FINAL ORDER BY ALL"),
        "letters": line.rows(
            "SELECT * EXCEPT (version, deleted, failed_at) FROM headwater.dead_letter_rows FINAL ORDER BY ALL"
        ),
    }  # fmt: skip

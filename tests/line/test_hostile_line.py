"""Everything that may fail does, in the middle of it: what is published is still what the reference says."""

import random
import signal
import threading
import time
from collections.abc import Callable

import pytest

from schemas.topics import CATALOG, EVENTS
from tests.line.harness import Line, Record, Worker
from tests.line.judging import judge
from tests.line.records import big_history, mixed, poison, reasons_of

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

FROZEN_SECONDS = 9.0  # the session is 6 s


class Feeding(threading.Thread):
    """Appends records lot after lot beside the test, as far as it may."""

    def __init__(self, line: Line, records: list[Record], lot: int) -> None:
        super().__init__(daemon=True)
        self._line, self._records, self._lot = line, records, lot
        self._share = 0.0
        self._allowed = threading.Condition()
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            for start in range(0, len(self._records), self._lot):
                with self._allowed:
                    self._allowed.wait_for(lambda start=start: start < self._share * len(self._records))  # type: ignore[misc]
                self._line.append(self._records[start : start + self._lot])
        except BaseException as trouble:
            self.trouble = trouble
            raise

    def allow(self, share: float) -> None:
        """So much of the records may be appended by now."""
        with self._allowed:
            self._share = share
            self._allowed.notify_all()


def written(line: Line) -> int:
    """How many records of both topics are in ClickHouse, all rows of them."""
    return sum(tip.end + tip.catalog_end for tip in line.tips().values())


def until_writing(line: Line, since: int) -> None:
    """Wait until the line has got on: the next fault hits work under way, not a start."""
    deadline = time.monotonic() + 60
    while written(line) <= since and time.monotonic() < deadline:
        line.tend()
        time.sleep(0.02)


def frozen(line: Line, worker: Worker) -> None:
    """Freeze a worker past its session, then wake it."""
    worker.send(signal.SIGSTOP)
    thawing = time.monotonic() + FROZEN_SECONDS
    while time.monotonic() < thawing:
        line.tend()
        time.sleep(0.1)
    if worker.alive:
        worker.send(signal.SIGCONT)


def killed(line: Line, worker: Worker) -> None:
    """SIGKILL a worker and start it again."""
    if worker.alive:
        worker.kill()
    worker.start()


def store_killed(line: Line, name: str) -> None:
    """SIGKILL a store and start it again."""
    line.kill_part(name)
    line.start_part(name)
    line.until_part_answers(name)


def faults(line: Line, rng: random.Random, first: Worker, second: Worker) -> list[Callable[[], None]]:
    """Every fault there is, in an order drawn by the seed."""
    listed: list[Callable[[], None]] = [
        lambda: killed(line, first),
        lambda: killed(line, second),
        lambda: killed(line, rng.choice((first, second))),
        lambda: store_killed(line, "clickhouse"),
        lambda: store_killed(line, "kafka"),
        lambda: frozen(line, rng.choice((first, second))),
    ]
    rng.shuffle(listed)
    return listed


@pytest.mark.parametrize(
    ("seed", "events"),
    [
        (11, 10_000),
        pytest.param(12, 3_000, marks=pytest.mark.deep),
        pytest.param(13, 3_000, marks=pytest.mark.deep),
    ],
)
def test_kills_and_freezes_leave_no_trace(line: Line, seed: int, events: int) -> None:
    rng = random.Random(seed)
    poisonous = poison()
    records = mixed(rng, big_history(seed, events), [record for record, _ in poisonous])
    assert sum(one.topic == EVENTS.name for one in records) >= events
    assert any(one.topic == CATALOG.name for one in records)
    first, second = line.worker("w1"), line.worker("w2")
    feeding = Feeding(line, records, max(300, len(records) // 40))
    feeding.start()
    planned = faults(line, rng, first, second)
    for number, fault in enumerate(planned, 1):
        before = written(line)
        feeding.allow(number / (len(planned) + 1))
        until_writing(line, before)
        fault()
    feeding.allow(1.0)
    feeding.join(120)
    assert not feeding.is_alive() and feeding.trouble is None
    line.until_caught_up(120)
    judge(line, reasons_of(poisonous))
    assert set(first.codes) | set(second.codes) <= {70}

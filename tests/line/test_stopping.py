"""A worker ends when it is asked to, and by itself when it is stuck."""

import signal
import time

import pytest

from tests.line.harness import Line, until
from tests.line.judging import judge
from tests.line.proxy import Proxy
from tests.line.records import big_history

pytestmark = pytest.mark.stack

STOP_SECONDS = 12


def test_a_worker_at_work_stops_when_asked(line: Line) -> None:
    worker = line.worker()
    until(lambda: worker.ready, 60, "it follows")
    line.append(big_history(seed=31, events=1_500))
    until(lambda: any(line.tips().values()), 30, "it writes")
    worker.send(signal.SIGTERM)
    assert worker.wait(STOP_SECONDS) == 0
    worker.start()
    line.until_caught_up()
    judge(line)


@pytest.mark.parametrize(
    "silent",
    [pytest.param(False, id="refuses"), pytest.param(True, id="never answers", marks=pytest.mark.deep)],
)
def test_a_worker_stops_also_while_clickhouse_is_down(line: Line, silent: bool) -> None:
    worker = line.worker()
    until(lambda: worker.ready, 60, "it follows")
    if silent:
        line.signal_part("clickhouse", signal.SIGSTOP)
    else:
        line.kill_part("clickhouse")
    try:
        line.append(big_history(seed=32, events=100))
        until(lambda: silent or "trying again" in worker.said(), 30, "it tries")
        worker.send(signal.SIGTERM)
        assert worker.wait(STOP_SECONDS) == 0
    finally:
        if silent:
            line.signal_part("clickhouse", signal.SIGCONT)
        else:
            line.start_part("clickhouse")
            line.until_part_answers("clickhouse")
    worker.start()
    line.until_caught_up()
    judge(line)


def test_a_worker_that_never_got_to_clickhouse_stops_too(line: Line) -> None:
    line.kill_part("clickhouse")
    try:
        worker = line.worker()
        until(lambda: "does not answer yet" in worker.said(), 30, "it waits for ClickHouse")
        worker.send(signal.SIGTERM)
        assert worker.wait(STOP_SECONDS) == 0
    finally:
        line.start_part("clickhouse")
        line.until_part_answers("clickhouse")


def test_a_stuck_worker_ends_itself(line: Line) -> None:
    with Proxy(line.settings.clickhouse) as proxy:
        worker = line.worker(CLICKHOUSE_URL=proxy.url, STUCK_SECONDS="4")
        until(lambda: worker.ready, 60, "it follows")
        proxy.holds = lambda request: request.table == "touch_rows"
        line.append(big_history(seed=33, events=100))
        until(lambda: proxy.held > 0, 30, "its rows are on their way")
        began = time.monotonic()
        assert worker.wait(20) == 70
        assert time.monotonic() - began > 2
        assert "no progress" in worker.said()
        proxy.holds = lambda _: False
        worker.start()
        line.until_caught_up()
    judge(line)


def test_an_idle_worker_is_not_stuck(line: Line) -> None:
    worker = line.worker(STUCK_SECONDS="2")
    until(lambda: worker.ready, 60, "it follows")
    idle_until = time.monotonic() + 6
    until(lambda: time.monotonic() > idle_until, 10, "three times as long")
    assert worker.alive
    line.append(big_history(seed=34, events=50))
    line.until_caught_up()
    assert worker.codes == []


def test_what_is_acknowledged_is_written(line: Line) -> None:
    worker = line.worker()
    records = big_history(seed=35, events=1_200)
    for start in range(0, len(records), 200):
        line.append(records[start : start + 200])
        committed, tips = line.committed(), line.tips()
        for (topic, partition), offset in committed.items():
            tip = tips.get(partition)
            assert tip is not None or offset <= 0
            if tip is not None:
                assert offset <= (tip.end if topic.endswith("events") else tip.catalog_end), (
                    topic,
                    partition,
                )
    line.until_caught_up()
    ends = {place: end for place, end in line.ends().items() if end}
    until(
        lambda: {place: at for place, at in line.committed().items() if at} == ends, 30, "all is acknowledged"
    )
    assert worker.codes == []

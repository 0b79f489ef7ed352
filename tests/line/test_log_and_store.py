"""ClickHouse may be lost whole, the log may not: the one is written anew, the other's damage is refused."""

import signal

import pytest

from schemas.topics import EVENTS
from tests.line.harness import PARTITIONS, Line, Worker, until
from tests.line.judging import judge
from tests.line.proxy import Proxy
from tests.line.records import big_history

pytestmark = pytest.mark.stack


def filled(line: Line) -> Worker:
    """A line in which a worker has written a history and stopped."""
    line.append(big_history(seed=3, events=400))
    worker = line.worker()
    line.until_caught_up()
    until(
        lambda: line.committed() == {place: end for place, end in line.ends().items() if end},
        30,
        "all committed",
    )
    worker.send(signal.SIGTERM)
    assert worker.wait(12) == 0
    return worker


def refusal(worker: Worker) -> str:
    """What a worker says that ends with 70."""
    before = len(worker.said())
    worker.start()
    assert worker.wait(60) == 70
    return worker.said()[before:]


def test_a_wiped_clickhouse_is_written_anew_from_the_log_alone(line: Line) -> None:
    worker = filled(line)
    line.drop_database()
    assert not any(line.published().values())
    worker.start()
    line.until_caught_up()
    judge(line)


@pytest.mark.parametrize(("events", "why"), [(40, "cut or made anew"), (4_000, "begins with another record")])
def test_a_log_made_anew_is_refused(line: Line, events: int, why: str) -> None:
    worker = filled(line)
    before = line.published()
    line.make_topics_anew()
    line.append(big_history(seed=4, events=events))
    assert why in refusal(worker)
    assert line.published() == before


@pytest.mark.parametrize("wiped", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_a_cut_log_is_refused(line: Line, wiped: bool) -> None:
    worker = filled(line)
    if wiped:
        line.drop_database()
    line.cut_log(EVENTS.name, {number: 1 for number in range(PARTITIONS) if line.ends()[EVENTS.name, number]})
    said = refusal(worker)
    assert "headwater.events, partition" in said and "cut" in said
    assert not wiped or not any(line.published().values())


def test_a_log_made_anew_under_a_running_worker_is_refused(line: Line) -> None:
    line.append(big_history(seed=3, events=400))
    worker = line.worker()
    line.until_caught_up()
    line.make_topics_anew()
    line.append(big_history(seed=4, events=40))
    assert worker.wait(90) == 70
    assert "the topic was cut or made anew" in refusal(worker)


def test_an_emptied_clickhouse_under_a_running_worker_is_noticed(line: Line) -> None:
    records = big_history(seed=3, events=400)
    line.append(records[:200])
    worker = line.worker()
    line.until_caught_up()
    line.drop_database()
    line.append(records[200:])
    line.until_caught_up()
    judge(line)
    assert worker.codes in ([], [70])


@pytest.mark.deep
def test_a_broker_that_dies_while_partitions_are_opened_is_waited_for(line: Line) -> None:
    line.append(big_history(seed=3, events=200))
    with Proxy(line.settings.clickhouse) as proxy:
        proxy.holds = lambda request: request.table == "owner_rows"
        worker = line.worker(CLICKHOUSE_URL=proxy.url)
        until(lambda: proxy.held > 0, 60, "it claims its partitions")
        line.kill_part("kafka")
        proxy.holds = lambda _: False
        proxy.let_go()
        until(lambda: "reading again" in worker.said(), 90, "it cannot read")
        line.start_part("kafka")
        line.until_part_answers("kafka")
        line.until_caught_up()
    judge(line)
    assert worker.codes == []

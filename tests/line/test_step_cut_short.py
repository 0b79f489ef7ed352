"""A step that was announced and cut short: rows that only its half-way state had do not stay behind."""

import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.line.harness import Line, until
from tests.line.judging import judge
from tests.line.proxy import Proxy, Request
from tests.line.records import big_history, event_record
from tests.published import Row

pytestmark = pytest.mark.stack

NOON = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)
STEPS = {"step_rows", "owner_rows", ""}


def said(id: str, type: str, minutes: float, **fields: Any) -> Row:
    """An event of the center."""
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"event_id": id, "type": type, "site": "center", "occurred_at": at, **fields}


def visit(id: str, minutes: float, visitor: str, url: str = "https://center.example/?gclid=1") -> Row:
    """A visit of a visitor."""
    return said(id, "visit_seen", minutes, visitor_id=visitor, url=url)


FIRST = [
    visit("before", -600, "z9"),
]
HALF_WAY = [
    visit("t2", 20, "z1"),
    said("s1", "status_changed", 60, visitor_id="z1", phone="hmac:1:aa", stage="inquiry"),
    said("p1", "payment_received", 90, visitor_id="z1", amount=100_000),
    visit("t4", 600, "z2", "https://center.example/?utm_source=naver&utm_medium=cpc"),
    said("s2", "status_changed", 700, visitor_id="z2", stage="registration"),
]
LATER = [
    visit("t1", 10, "z1"),  # the session starts here
    said(
        "i1", "person_identified", 65, phone="hmac:1:aa", lead_id="A1"
    ),  # the person and the lead are called A1
    said("w1", "event_withdrawn", 800, withdraws="t4"),
    said("w2", "event_withdrawn", 801, withdraws="s2"),
]


def hold_all_but(proxy: Proxy, *tables: str) -> None:
    """Let a step's announcement and the rows of some tables through, and nothing else of it."""

    def holds(request: Request) -> bool:
        return request.says_done() or request.table not in STEPS | set(tables)

    proxy.holds = holds


@pytest.mark.parametrize(
    "tables",
    [
        ("touch_rows", "funnel_rows"),
        ("conversion_rows", "lead_rows", "payment_rows"),
        ("touch_rows", "conversion_rows", "lead_rows", "payment_rows", "funnel_rows", "fate_rows", "event_archive",
         "site_rows", "channel_rows", "campaign_rows"),
        (),
    ],
)  # fmt: skip
def test_nothing_half_way_stays_behind(line: Line, tables: tuple[str, ...]) -> None:
    with Proxy(line.settings.clickhouse) as proxy:
        line.append([event_record(one) for one in FIRST])
        worker = line.worker(CLICKHOUSE_URL=proxy.url)
        line.until_caught_up()
        hold_all_but(proxy, *tables)
        passed = len(proxy.passed)
        line.append([event_record(one) for one in HALF_WAY])
        until(
            lambda: proxy.held > 0 and set(tables[:3]) <= set(proxy.passed[passed:]),
            30,
            "half a step is written",
        )
        worker.kill()
    tips = [tip for tip in line.tips().values() if not tip.done]
    assert len(tips) == 1, "the step is announced, and not done"
    if "touch_rows" in tables:
        assert "center|t2" in line.published()["touch_rows"], "the half-way row is there"
    line.append([event_record(one) for one in LATER])
    line.worker("w2")
    line.until_caught_up()
    published = line.published()
    assert "center|t2" not in published["touch_rows"]
    assert "center|t4" not in published["touch_rows"]
    judge(line)


def test_a_half_way_step_that_nothing_comes_after(line: Line) -> None:
    with Proxy(line.settings.clickhouse) as proxy:
        worker = line.worker(CLICKHOUSE_URL=proxy.url)
        line.append([event_record(one) for one in FIRST])
        line.until_caught_up()
        hold_all_but(proxy, "touch_rows")
        line.append([event_record(one) for one in HALF_WAY])
        until(lambda: proxy.held > 0, 30, "half a step is written")
        worker.kill()
    line.worker("w2")
    line.until_caught_up()
    judge(line)


def test_a_frozen_worker_wakes_in_the_middle_of_its_step(line: Line) -> None:
    """The rows it then writes are older than what its successor wrote, and lose; it goes on with what it is given."""
    with Proxy(line.settings.clickhouse) as proxy:
        worker = line.worker(CLICKHOUSE_URL=proxy.url)
        line.append([event_record(one) for one in FIRST])
        line.until_caught_up()
        proxy.holds = lambda request: request.says_done() or request.table not in STEPS
        line.append([event_record(one) for one in HALF_WAY])
        until(lambda: proxy.held > 3, 30, "its rows wait")
        worker.send(signal.SIGSTOP)
        successor = line.worker("w2")
        line.append([event_record(one) for one in LATER])
        line.until_caught_up()
        proxy.holds = lambda _: False
        late = len(proxy.passed)
        proxy.let_go()
        until(lambda: "touch_rows" in proxy.passed[late:], 30, "the old rows arrive late")
        worker.send(signal.SIGCONT)
        until(lambda: "step_rows" in proxy.passed[late:], 60, "it marks its old step as done")
        judge(line)
        line.append(big_history(seed=6, events=200))
        line.until_caught_up()
    judge(line)
    assert worker.codes + successor.codes == []


@pytest.mark.deep
def test_many_steps_cut_short_at_every_table(line: Line) -> None:
    records = big_history(seed=5, events=900)
    tables = [
        "touch_rows",
        "conversion_rows",
        "funnel_rows",
        "fate_rows",
        "lead_rows",
        "event_archive",
        "done",
    ]
    lot = len(records) // (len(tables) + 1)
    with Proxy(line.settings.clickhouse) as proxy:
        worker = line.worker(CLICKHOUSE_URL=proxy.url)
        for number, table in enumerate(tables):
            held = proxy.held
            proxy.holds = lambda request, table=table: (  # type: ignore[misc]
                request.says_done() if table == "done" else request.table == table
            )
            line.append(records[number * lot : (number + 1) * lot])
            until(lambda held=held: proxy.held > held, 60, f"{table} is held")  # type: ignore[misc]
            worker.kill()
            proxy.drop()
            worker.start()
        proxy.holds = lambda _: False
        line.append(records[len(tables) * lot :])
        line.until_caught_up()
    judge(line)

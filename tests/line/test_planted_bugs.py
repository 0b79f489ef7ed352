"""The comparison has teeth: each planted bug passes while nothing fails, and is found as soon as something does."""

import pytest

from tests.line.harness import Line, until
from tests.line.proxy import Proxy, Request
from tests.line.records import big_history, right, told
from tests.published import differences

pytestmark = [pytest.mark.stack, pytest.mark.deep]


def wrong(line: Line) -> list[str]:
    """In what the published tables differ from the reference."""
    _, sites = told(line.log(), {})
    return differences(line.published(), right(sites))


def found_after_a_kill(line: Line, plant: str, held: str) -> tuple[list[str], list[str]]:
    """What is wrong with a plant's line before and after it was killed while `held` was on its way."""
    first, second = big_history(seed=21, events=250), big_history(seed=22, events=250)
    with Proxy(line.settings.clickhouse) as proxy:
        worker = line.worker(module=plant, CLICKHOUSE_URL=proxy.url)
        line.append(first)
        line.until_caught_up()
        before = wrong(line)

        def holds(request: Request) -> bool:
            return request.says_done() if held == "done" else request.table == held

        proxy.holds = holds
        line.append(second)
        until(lambda: proxy.held > 0, 30, f"{held} is held")
        worker.kill()
        proxy.drop()
        proxy.holds = lambda _: False
        worker.start()
        line.until_caught_up()
        until(lambda: worker.ready, 60, "it follows")
        return before, wrong(line)


def test_a_delta_in_place_of_a_state_is_found(line: Line) -> None:
    before, after = found_after_a_kill(line, "tests.line.plants.deltas", "done")
    assert before == []
    assert after and all(one.startswith("funnel_rows") and " visits: " in one for one in after)


def test_an_acknowledgement_before_the_sink_is_found(line: Line) -> None:
    before, after = found_after_a_kill(line, "tests.line.plants.early_acknowledgement", "touch_rows")
    assert before == []
    assert any(one.startswith("touch_rows") and "missing" in one for one in after)


def test_the_same_kill_leaves_no_trace_without_a_plant(line: Line) -> None:
    before, after = found_after_a_kill(line, "streams.worker", "done")
    assert before == after == []

"""Nothing fails, and everything that can be said arrives: what is published is what the reference says."""

import random
from typing import Any

import pytest

from tests.line.harness import Line, Record
from tests.line.judging import judge
from tests.line.records import big_history, entry_record, event_record, history_of, mixed, poison, reasons_of

pytestmark = pytest.mark.stack


def test_a_history_arrives_as_the_reference_says_it(line: Line) -> None:
    worker = line.worker()
    records = big_history(seed=1, events=1_500)
    for start in range(0, len(records), 300):
        line.append(records[start : start + 300])
    line.until_caught_up()
    judge(line)
    assert worker.codes == []


def test_entries_before_between_and_after_the_events(line: Line) -> None:
    line.worker()
    for seed in range(3):
        catalog, events = history_of(f"before{seed}", seed, 30)
        line.append([entry_record(one) for one in catalog])
        line.until_caught_up()
        line.append([event_record(one) for one in events])
    catalog, events = history_of("between", 7, 40)
    for start in range(0, len(events), 10):
        line.append([event_record(one) for one in events[start : start + 10]])
        line.until_caught_up()
        line.append([entry_record(one) for one in catalog[start // 10 :: 4]])
    catalog, events = history_of("after", 8, 40)
    line.append([event_record(one) for one in events])
    line.until_caught_up()
    line.append([entry_record(one) for one in catalog])
    line.until_caught_up()
    judge(line)


def test_a_forgetting_comes_after_a_later_one(line: Line) -> None:
    """What the archive names by the later forgetting, which came first, goes by the earlier one's name from then on."""
    line.worker()

    def said(id: str, day: int, type: str, **fields: Any) -> Record:
        at = f"2026-02-{day:02}T01:00:00Z"
        return event_record({"event_id": id, "type": type, "site": "center", "occurred_at": at, **fields})

    gone: dict[str, Any] = {"identifiers": [{"visitor_id": "v1"}]}
    for one in (
        said("first", 1, "visit_seen", visitor_id="v1", url="https://center.example/"),
        said("between", 5, "visit_seen", visitor_id="v1", url="https://center.example/"),
        said("later", 9, "person_forgotten", **gone),
        said("earlier", 3, "person_forgotten", **gone),
    ):
        line.append([one])
        line.until_caught_up()
    judge(line)


def test_poison_becomes_dead_letters_and_hurts_nobody(line: Line) -> None:
    poisonous = poison()
    records = mixed(random.Random(1), big_history(seed=2, events=200), [record for record, _ in poisonous])
    worker = line.worker()
    line.append(records)
    line.until_caught_up()
    judge(line, reasons_of(poisonous))
    assert worker.codes == []

"""What must hold of any history: order, copies and the shape of the rows do not matter, nothing is lost."""

import json
import random
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reading import read_entry, read_event
from tests.reference import canonical, reference, scoreboard
from tests.reference.differences import differences
from tests.reference.histories import EVERY_TYPE, History, histories, random_history
from tests.reference.splits import MODELS, PARTS

ALWAYS = (date(2025, 1, 1), date(2027, 12, 31))


@given(histories())
@settings(max_examples=50, deadline=None)
def test_histories_are_valid_behind_the_log(history: History) -> None:
    catalog, events = history
    for event in events:
        read_event(json.dumps(event, ensure_ascii=False).encode())
    for entry in catalog:
        read_entry(json.dumps(entry, ensure_ascii=False).encode())


def test_every_type_is_drawn() -> None:
    assert {event["type"] for event in random_history(1, 2000)[1]} == EVERY_TYPE


@given(histories(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_copies_matter(history: History, seed: int) -> None:
    catalog, events = history
    kept = without_conflicts(catalog, events)
    shuffled = kept + kept[::3]
    random.Random(seed).shuffle(shuffled)
    assert differences(reference(kept, catalog), reference(shuffled, catalog[::-1])) == []


@given(histories())
@settings(max_examples=60, deadline=None)
def test_conflicting_bodies_change_nothing(history: History) -> None:
    catalog, events = history
    with_them, without = reference(events, catalog), reference(without_conflicts(catalog, events), catalog)
    assert canonical({**with_them, "id_conflicts": []}) == canonical(without)


@given(histories())
@settings(max_examples=60, deadline=None)
def test_credits_and_money_are_conserved(history: History) -> None:
    catalog, events = history
    results = reference(events, catalog)
    for row in results["conversion_rows"]:
        assert {sum(row[f"w_{model}"]) for model in MODELS} == {PARTS}
        assert len({sum(row[f"c_{model}"]) for model in MODELS}) == 1
    paid = sum(row["amount"] for row in results["payment_rows"])
    revenue = sum(row["amount"] for row in results["payment_rows"] if row["in_revenue"])
    for model in range(len(MODELS)):
        assert sum(row["cash"][model] for row in results["funnel_rows"]) == paid
        assert sum(row["revenue"][model] for row in results["funnel_rows"]) == revenue


@given(histories(), st.sampled_from(MODELS))
@settings(max_examples=40, deadline=None)
def test_branches_add_up_to_the_whole(history: History, model: str) -> None:
    catalog, events = history
    results = reference(events, catalog)
    branches = (
        {row["branch"] for row in results["funnel_rows"]}
        | {row["branch"] for row in results["spend_rows"]}
        | {""}
    )
    whole = scoreboard(results, [], [], *ALWAYS, model)
    parts = [row for branch in branches for row in scoreboard(results, [], [branch], *ALWAYS, model)]
    for column in ("spend", "visits", "scans", "calls", "revenue", "cash"):
        sums: dict[Any, int] = {}
        for row in parts:
            sums[row["site"], row["channel"]] = sums.get((row["site"], row["channel"]), 0) + row[column]
        for row in whole:
            assert sums.get((row["site"], row["channel"]), 0) == row[column]


def without_conflicts(catalog: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The history without the bodies that lost."""
    lost = {row["index"] for row in reference(events, catalog)["id_conflicts"]}
    return [event for place, event in enumerate(events) if place not in lost]

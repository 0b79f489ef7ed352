"""The core against the independent reference: any history, any order, any cut into steps, any duplication."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.reading import Reason
from streams.domain.attribution import MODELS, PARTS
from tests.published import Published, differences, folded, judged, random_cuts
from tests.reference.cases import CASES
from tests.reference.histories import histories, random_history
from tests.reference.reference import reference

Row = dict[str, Any]
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def expected(catalog: list[Row], events: list[Row]) -> Published:
    return judged(reference(events, catalog))


def without_conflicts(events: list[Row]) -> list[Row]:
    """One body an event_id: only then is the log a set."""
    first: dict[tuple[str, str], Row] = {}
    kept = []
    for event in events:
        body = {name: value for name, value in event.items() if name not in APART}
        body.setdefault("v", 1)
        if first.setdefault((event["site"], event["event_id"]), body) == body:
            kept.append(event)
    return kept


APART = {"received_at", "phone", "phone_aliases", "email", "email_aliases"}
APART |= {f"claimed_{name}" for name in APART}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_ruling_holds_in_the_core(case: Any) -> None:
    if case.settings:
        pytest.skip("a replay's settings are not the live core's")
    published, _ = folded(case.catalog, case.events, range(len(case.events)))
    assert differences(published, expected(case.catalog, case.events)) == []


@pytest.mark.parametrize("seed", range(120))
def test_any_history_comes_out_as_the_reference_says(seed: int) -> None:
    catalog, events = random_history(seed, 20 if seed % 3 else 60)
    draw = random.Random(seed)
    entries_at = [draw.randrange(len(events) + 1) if draw.random() < 0.5 else 0 for _ in catalog]
    published, refused = folded(catalog, events, random_cuts(draw, len(events)), entries_at)
    results = reference(events, catalog)
    assert differences(published, judged(results)) == []
    assert refused == [
        (row["index"], Reason.ID_CONFLICT)
        for row in sorted(results["id_conflicts"], key=lambda r: r["index"])
    ]


@SLOW
@given(histories(30), st.randoms(use_true_random=False))
def test_arrival_order_batches_and_duplicates_leave_no_trace(
    history: tuple[list[Row], list[Row]], draw: random.Random
) -> None:
    catalog, events = history
    events = without_conflicts(events)
    published, _ = folded(catalog, events)
    shuffled = [*events, *draw.sample(events, min(5, len(events)))]
    draw.shuffle(shuffled)
    entries = draw.sample(catalog, len(catalog))
    again, refused = folded(
        entries,
        shuffled,
        random_cuts(draw, len(shuffled)),
        [draw.randrange(len(shuffled) + 1) for _ in entries],
    )
    assert refused == []
    assert differences(again, published) == []


@SLOW
@given(histories(40))
def test_no_part_and_no_won_is_lost(history: tuple[list[Row], list[Row]]) -> None:
    catalog, events = history
    published, _ = folded(catalog, events)
    paid: dict[tuple[str, str], int] = {}
    for payment in published.get("payment_rows", {}).values():
        at = (payment["site"], payment["conversion_id"])
        paid[at] = paid.get(at, 0) + payment["amount"]
    for conversion in published.get("conversion_rows", {}).values():
        for model in MODELS:
            assert sum(conversion[f"w_{model}"]) == PARTS
            assert sum(conversion[f"c_{model}"]) == paid.get(
                (conversion["site"], conversion["conversion_id"]), 0
            )
    for stage, column in (
        ("inquiry", "inquiries"),
        ("consult", "consults"),
        ("registration", "registrations"),
    ):
        reached = sum(row["stage"] == stage for row in published.get("conversion_rows", {}).values())
        for number in range(len(MODELS)):
            assert (
                sum(row[column][number] for row in published.get("funnel_rows", {}).values())
                == reached * PARTS
            )
    cash = [
        sum(row["cash"][number] for row in published.get("funnel_rows", {}).values()) for number in range(5)
    ]
    assert cash == [sum(paid.values())] * 5


@SLOW
@given(histories(25))
def test_a_withdrawn_event_leaves_no_trace(history: tuple[list[Row], list[Row]]) -> None:
    catalog, events = history
    events = without_conflicts(events)
    plain = [event for event in events if event["type"] not in ("event_withdrawn", "person_forgotten")]
    if not plain:
        return
    victim = plain[len(plain) // 2]
    withdrawal = {
        "event_id": "withdrawal",
        "type": "event_withdrawn",
        "site": victim["site"],
        "occurred_at": "2026-12-01T00:00:00+09:00",
        "withdraws": victim["event_id"],
    }
    same = [e for e in plain if (e["site"], e["event_id"]) != (victim["site"], victim["event_id"])]
    withdrawn, _ = folded(catalog, [*plain, withdrawal], range(len(plain)))
    never, _ = folded(catalog, same)
    of_the_site = ("site_rows", "channel_rows")  # it was heard of
    left, right = ({t: rows for t, rows in one.items() if t not in of_the_site} for one in (withdrawn, never))
    assert differences(left, right) == []

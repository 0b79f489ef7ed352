"""Random histories: what the core publishes, read through the view, equals what the reference makes of the events."""

import math
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from streams.domain.scoreboard import MODELS, ScoreRow
from tests.clickhouse.store import scoreboard
from tests.path.published_rows import publish
from tests.reference import reference
from tests.reference import scoreboard as reference_scoreboard
from tests.reference.histories import History, random_history

PERIODS = (
    (date(2025, 1, 1), date(2027, 12, 31)),
    (date(2026, 1, 1), date(2026, 1, 31)),
    (date(2026, 1, 29), date(2026, 4, 15)),
    (date(2026, 1, 2), date(2026, 1, 2)),
)
SEEDS = [seed if seed < 4 else pytest.param(seed, marks=pytest.mark.slow) for seed in range(7)]
BRANCHES: tuple[list[str], ...] = ([], ["gangnam"], ["bundang", ""], [""], ["unknown"])


def asked_of(seed: int) -> Iterator[dict[str, Any]]:
    """Every model of the whole history, then some periods, branches and models."""
    pick = random.Random(seed)
    for model in MODELS:
        yield {"since": PERIODS[0][0], "until": PERIODS[0][1], "branches": [], "model": model}
    for _ in range(5):
        since, until = pick.choice(PERIODS)
        yield {
            "since": since,
            "until": until,
            "branches": pick.choice(BRANCHES),
            "model": pick.choice(MODELS),
        }


# Ratios are unrounded doubles: what has the LTV in it is rounded more than once, every other figure once.
ROUNDED_MORE_THAN_ONCE = {"ltv_roi", "ltv_to_cac"}


def same(name: str, found: Any, wanted: Any) -> bool:
    """Equal to the last bit, but for the last bits of what is rounded more than once."""
    if name in ROUNDED_MORE_THAN_ONCE and found is not None and wanted is not None:
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return bool(found == wanted)


def differences(engine: Client, run: str, history: History, seed: int) -> list[str]:
    """Every column in which view and reference differ, in words."""
    catalog, events = history
    results = reference(events, catalog)
    found_differences = []
    for asked in asked_of(seed):
        found = {(row["site"], row["channel"]): row for row in scoreboard(engine, run=run, **asked)}
        wanted = {(row["site"], row["channel"]): row for row in reference_scoreboard(results, [], **asked)}
        if found.keys() != wanted.keys():
            found_differences.append(
                f"{asked}: rows {sorted(found.keys() ^ wanted.keys())} on one side alone"
            )
        for key in found.keys() & wanted.keys():
            found_differences += [
                f"{asked} {key} {name}: {found[key][name]!r} should be {wanted[key][name]!r}"
                for name in ScoreRow._fields
                if not same(name, found[key][name], wanted[key][name])
            ]
    return found_differences


@pytest.mark.parametrize("seed", SEEDS)
def test_the_view_equals_the_reference_from_events_on(engine: Client, seed: int) -> None:
    history = random_history(seed, size=(40, 120)[seed % 2])
    publish(engine, f"history-{seed}", *history)
    assert differences(engine, f"history-{seed}", history, seed) == []

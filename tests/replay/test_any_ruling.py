"""A unit's fold under any settings of a run against the independent reference under the same ones."""

import random
from datetime import timedelta
from typing import Any

import orjson
import pytest

from schemas.topics import partition_of
from streams.replay.fold import WORTH_COLUMNS, Block, UnitFold
from streams.replay.settings import settings_from
from streams.replay.units import Ends, Order, Unit, units_of
from streams.sinks.rows import COLUMNS
from tests.published import Published, differences, judged, taken
from tests.reference.cases import CASES
from tests.reference.histories import START, random_history
from tests.reference.reference import reference

pytestmark = pytest.mark.slow

PARTITIONS = 4
Row = dict[str, Any]


def tuples(block: Block) -> list[tuple[Any, ...]]:
    """The rows of a block, whichever way it holds them."""
    if isinstance(block.rows, list):
        return block.rows
    return list(zip(*(block.rows.column(name).to_pylist() for name in COLUMNS[block.table]), strict=True))


def replayed(
    catalog: list[Row], events: list[Row], settings: Row, buckets: int = 1, worth_columns: int = WORTH_COLUMNS
) -> Published:
    """Everything that a replay of a log writes, unit by unit."""
    entries_of: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    events_of: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    for entry in catalog:
        entries_of[partition_of(entry["site"], PARTITIONS)].append(orjson.dumps(entry))
    for event in events:
        events_of[partition_of(event["site"], PARTITIONS)].append(orjson.dumps(event))
    ends = {number: Ends(len(events_of[number]), len(entries_of[number])) for number in range(PARTITIONS)}
    asked = settings_from(orjson.dumps(settings))
    order = Order("mine", asked.ruling(), asked.asked_models, PARTITIONS, ends)
    published: Published = {}
    for whole in units_of(order):
        for bucket in range(buckets):
            unit = Unit(whole.partition, bucket, buckets)
            fold = UnitFold(unit, order, worth_columns)
            fold.define(entries_of[unit.partition])
            fold.take(events_of[unit.partition])
            for block in fold.blocks():
                taken(published, {block.table: tuples(block)})
    return {table: rows for table, rows in published.items() if rows}


def random_settings(draw: random.Random, others: list[Row]) -> Row:
    """Any of the settings, each now and then; `others` are entries for a catalog file or rules."""
    days = sorted(START + timedelta(days=draw.choice((0, 1, 7, 29, 59, 90, 100))) for _ in range(2))
    since, until = (day.date().isoformat() for day in days)
    channels = [entry for entry in others if entry["kind"] == "channel"]
    every: Row = {
        "window_days": draw.choice((1, 7, 30, 90, 365)),
        "windows": {
            draw.choice(("inquiry", "registration", "payment", "re_registration")): draw.choice((1, 30, 100))
        },
        "half_life_days": draw.choice((0.5, 7.0, 30.0)),
        "position": draw.choice(([50.0, 0.0, 50.0], [40.0, 20.0, 40.0], [10.0, 80.0, 10.5])),
        "direct": draw.choice(("drop", "keep")),
        "told": draw.choice(("fill", "ignore", "count")),
        "rules": [{**entry, "defined_at": "2020-01-01T00:00:00Z"} for entry in channels[:2]],
        "catalog": others,
        "sites": [draw.choice(("center", "second"))],
        "since": since,
        "until": until,
    }
    said = {name: value for name, value in every.items() if value and draw.random() < 0.3}
    if "sites" in said:
        for name in ("rules", "catalog"):
            said[name] = [entry for entry in said.get(name, ()) if entry["site"] in said["sites"]]
    return {name: value for name, value in said.items() if value}


@pytest.mark.parametrize("seed", range(90))
def test_any_ruling_gives_what_the_reference_gives(seed: int) -> None:
    draw = random.Random(seed)
    catalog, events = random_history(seed, 20 if seed % 3 else 60)
    others, _ = random_history(seed + 1_000, 0)
    settings = random_settings(draw, [_said(entry) for entry in others])
    mine = replayed(
        catalog, events, settings, buckets=draw.choice((1, 1, 3)), worth_columns=draw.choice((1, 1, 50))
    )
    assert differences(mine, judged(reference(events, catalog, settings))) == [], settings


def _said(entry: Row) -> Row:
    return {name: value for name, value in entry.items() if not name.startswith("_")}


@pytest.mark.parametrize("case", [case for case in CASES if case.settings], ids=lambda case: case.name)
def test_every_ruling_on_a_runs_settings_holds(case: Any) -> None:
    mine = replayed(case.catalog, case.events, case.settings)
    assert differences(mine, judged(reference(case.events, case.catalog, case.settings))) == []


def test_the_draw_meets_every_setting() -> None:
    others = [_said(entry) for entry in random_history(7, 0)[0]]
    met = {name for seed in range(60) for name in random_settings(random.Random(seed), others)}
    assert met == {
        "window_days", "windows", "half_life_days", "position", "direct", "told", "rules", "catalog", "sites", "since",
        "until",
    }  # fmt: skip

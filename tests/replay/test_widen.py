"""A run with data-driven models: the rule models stay as they are, and whatever is added adds up."""

from collections import Counter
from typing import Any

import orjson
import pytest

from streams.domain.attribution import DATA_DRIVEN, MODELS, PARTS, split_money
from streams.domain.data_driven.weighing import credit
from streams.replay.fold import UnitFold
from streams.replay.settings import settings_from
from streams.replay.units import Ends, Order, Unit
from streams.replay.widen import WIDE
from streams.sinks.rows import COLUMNS
from tests.published import KEYS as PUBLISHED_KEYS
from tests.reference.histories import random_history
from tests.replay.test_any_ruling import tuples

KEYS = {**PUBLISHED_KEYS, "model_rows": ("site", "stage", "model", "channel")}
Row = dict[str, Any]
Tables = dict[str, list[Row]]
EIGHT = (*MODELS, *DATA_DRIVEN)
STAGES = {
    "inquiries": "inquiry",
    "consults": "consult",
    "registrations": "registration",
    "re_registrations": "re_registration",
}


def run(catalog: list[Row], events: list[Row], models: tuple[str, ...], buckets: int = 1) -> Tables:
    """Every row of a replay of a log with one partition, as the writer names its columns, in order of the keys."""
    order = Order("mine", settings_from("{}").ruling(), models, 1, {0: Ends(len(events), len(catalog))})
    columns = {**COLUMNS, **WIDE} if set(models) & set(DATA_DRIVEN) else COLUMNS
    found: Tables = {}
    for bucket in range(buckets):
        fold = UnitFold(Unit(0, bucket, buckets), order)
        fold.define([orjson.dumps(entry) for entry in catalog])
        fold.take([orjson.dumps(event) for event in events])
        for block in fold.blocks():
            rows = [dict(zip(columns[block.table], row, strict=True)) for row in tuples(block)]
            found.setdefault(block.table, []).extend(rows)
    return {
        table: sorted(rows, key=lambda row: [row[name] for name in KEYS[table]])
        for table, rows in found.items()
    }


@pytest.mark.parametrize("seed", range(12))
def test_credits_money_and_sums_add_up_in_all_eight_models(seed: int) -> None:
    wide = run(*random_history(seed, 80), EIGHT)
    weights: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in wide.get("model_rows", ()):
        weights.setdefault((row["site"], row["stage"], row["model"]), {})[row["channel"]] = row[
            "weight_parts"
        ]
    assert {sum(parts.values()) for parts in weights.values()} <= {PARTS}
    paid: dict[tuple[str, str], list[Row]] = {}
    for payment in wide.get("payment_rows", ()):
        paid.setdefault((payment["site"], payment["conversion_id"]), []).append(payment)

    cells: Counter[tuple[str, ...]] = Counter()
    for row in wide["conversion_rows"]:
        steps = list(zip(row["channels"], row["campaigns"], strict=True))
        payments = paid.get((row["site"], row["conversion_id"]), [])
        for model in EIGHT:
            split = row[f"w_{model}"]
            assert sum(split) == PARTS
            if model in DATA_DRIVEN:
                parts = weights.get((row["site"], row["stage"], model), {})
                assert split == credit(tuple(row["channels"]), parts)
            for column, counted in (("c", payments), ("r", [one for one in payments if one["in_revenue"]])):
                shares = [split_money(one["amount"], split) for one in counted]
                assert list(row[f"{column}_{model}"]) == [sum(share) for share in zip(*shares, strict=True)]
            for place, (channel, campaign) in enumerate(steps):
                where = (row["site"], row["branch"], channel, campaign, model)
                cells[*where, row["day"], row["stage"]] += split[place]
                for one in payments:
                    won = split_money(one["amount"], split)[place]
                    cells[*where, one["day"], "cash"] += won
                    if one["in_revenue"]:
                        cells[*where, row["day"], "revenue"] += won

    told: Counter[tuple[str, ...]] = Counter()
    campaigns: Counter[tuple[str, ...]] = Counter()
    windows = {(row["site"], row["campaign"]): row for row in wide.get("campaign_rows", ())}
    for row in wide["funnel_rows"]:
        window = windows.get((row["site"], row["campaign"]))
        inside = window is not None and (
            (window["starts_on"] or "") <= row["day"] <= (window["ends_on"] or "9999")
        )
        for measure in (*STAGES, "revenue", "cash"):
            for model, value in zip(EIGHT, row[measure], strict=True):
                of = (row["site"], row["branch"], row["channel"], row["campaign"], model, row["day"])
                told[*of, STAGES.get(measure, measure)] += value
                if inside:
                    campaigns[row["site"], row["campaign"], measure, model] += value
    measured = {*STAGES.values(), "revenue", "cash"}
    expected = {key: value for key, value in cells.items() if key[-1] in measured and value}
    assert {key: value for key, value in told.items() if value} == expected
    for (site, id), row in windows.items():
        for measure in ("inquiries", "consults", "registrations", "revenue", "cash"):
            assert list(row[measure]) == [campaigns[site, id, measure, model] for model in EIGHT]


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_is_not_asked_is_empty_and_changes_nothing(seed: int) -> None:
    catalog, events = random_history(seed, 80)
    five, eight = run(catalog, events, MODELS), run(catalog, events, EIGHT)
    one = run(catalog, events, ("linear", "shapley"), buckets=3)
    assert {row["model"] for row in one["model_rows"]} == {"shapley"}
    assert one["model_rows"] == [row for row in eight["model_rows"] if row["model"] == "shapley"]
    for row, known in zip(one["conversion_rows"], eight["conversion_rows"], strict=True):
        unasked: Row = {f"{what}_{model}": [] for what in "wrc" for model in ("markov", "markov_2")}
        assert {name: list(row[name]) for name in unasked} == unasked
        assert {name: row[name] for name in row if name not in unasked} == {
            name: known[name] for name in known if name not in unasked
        }
    longer = {table: by_key(table, rows) for table, rows in eight.items()}
    some = {table: by_key(table, rows) for table, rows in one.items()}
    for table, rows in five.items():
        for key, row in by_key(table, rows).items():
            for name, value in row.items():
                if table in ("funnel_rows", "campaign_rows") and isinstance(value, list | tuple):
                    wide = longer[table][key][name]
                    assert wide[:5] == [*value]
                    assert some[table][key][name] == [*value, 0, 0, wide[7]]
                else:
                    assert longer[table][key][name] == some[table][key][name] == value
        for key in longer[table].keys() - by_key(table, rows).keys():  # a won that only they put there
            assert table == "funnel_rows" and not any(longer[table][key]["cash"][:5])


def by_key(table: str, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[name] for name in KEYS[table]): row for row in rows}

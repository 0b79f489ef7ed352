"""The data-driven models of one site beside its rule models: further columns, longer arrays, and their weights.

It works on finished rows, so that it does not matter how they were worked out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from streams.domain.attribution import DATA_DRIVEN, MODELS, Split, split_money
from streams.domain.catalog import SiteCatalog
from streams.domain.conversions import CONSULT, INQUIRY, RE_REGISTRATION, REGISTRATION
from streams.domain.data_driven.corpus import LedPath, Seen
from streams.domain.data_driven.weighing import Weighed, weigh
from streams.sinks.rows import COLUMNS, Row

WIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "conversion_rows": (
        *COLUMNS["conversion_rows"],
        *(f"{what}_{model}" for what in "wrc" for model in DATA_DRIVEN),
    ),
    "model_rows": (
        "run", "site", "stage", "model", "channel", "weight_parts", "low", "high", "removal_effect", "conversions",
        "journeys", "too_few", "version", "deleted",
    ),
}  # fmt: skip
_MEASURES: Final = ("inquiries", "consults", "registrations", "re_registrations", "revenue", "cash")
_STAGES: Final = {INQUIRY: 0, CONSULT: 1, REGISTRATION: 2, RE_REGISTRATION: 3}
_REVENUE: Final = 4
_CASH: Final = 5
_COUNTS: Final = ("visits", "scans", "calls")

Cell = list[list[int]]  # per measure, one value for each data-driven model
CellKey = tuple[str, str, str, str]  # day, branch, channel, campaign


def _places(table: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(COLUMNS[table])}


_TOUCH, _CONVERSION, _PAYMENT, _FUNNEL, _CAMPAIGN = (
    _places(table)
    for table in ("touch_rows", "conversion_rows", "payment_rows", "funnel_rows", "campaign_rows")
)


def widened(
    rows: Mapping[str, list[Row]], catalog: SiteCatalog, models: Sequence[str]
) -> dict[str, list[Row]]:
    """Every row of a site -> the same with the asked data-driven models, and model_rows."""
    conversions = rows.get("conversion_rows", [])
    weighed = _weighed(rows, catalog, models)
    paid: dict[str, list[Row]] = {}
    for payment in rows.get("payment_rows", ()):
        paid.setdefault(payment[_PAYMENT["conversion_id"]], []).append(payment)
    cells: dict[CellKey, Cell] = {}
    wide: dict[str, list[Row]] = {**rows, "conversion_rows": []}
    for conversion in conversions:
        id = conversion[_CONVERSION["conversion_id"]]
        credit = _by_model(models, weighed.credits[id])
        wide["conversion_rows"].append(_credited(conversion, credit, paid.get(id, ()), cells))
    if conversions:
        run, version = conversions[0][_CONVERSION["run"]], conversions[0][_CONVERSION["version"]]
        wide["model_rows"] = [
            (run, catalog.site, *one[:-1], 1 if one.too_few else 0, version, 0) for one in weighed.weights
        ]
        wide["funnel_rows"] = _funnel(rows.get("funnel_rows", ()), cells, run, catalog.site, version)
    else:
        wide["funnel_rows"] = [_longer(row, _FUNNEL, None) for row in rows.get("funnel_rows", ())]
    of_campaign: dict[str, list[tuple[str, Cell]]] = {}
    for (day, _, _, campaign), cell in cells.items():
        of_campaign.setdefault(campaign, []).append((day, cell))
    wide["campaign_rows"] = [_campaign(row, of_campaign) for row in rows.get("campaign_rows", ())]
    return wide


def _weighed(rows: Mapping[str, list[Row]], catalog: SiteCatalog, models: Sequence[str]) -> Weighed:
    touch, conversion = _TOUCH, _CONVERSION
    journeys: dict[str, list[Seen]] = {}
    for row in rows.get("touch_rows", ()):
        seen = Seen(
            round(row[touch["touched_at"]] * 1e6),
            row[touch["touch_id"]],
            row[touch["channel"]],
            bool(row[touch["told"]]),
        )
        journeys.setdefault(row[touch["person_id"]], []).append(seen)
    paths = [
        LedPath(
            row[conversion["conversion_id"]],
            row[conversion["stage"]],
            row[conversion["person_id"]],
            tuple(row[conversion["channels"]]),
        )
        for row in rows.get("conversion_rows", ())
    ]
    return weigh(catalog.site, paths, journeys, catalog.attribution, catalog.word_of_mouth, models)


def _by_model(models: Sequence[str], credit: Sequence[Split]) -> tuple[Split, ...]:
    """One split for each data-driven model there is; empty where it was not asked."""
    asked = dict(zip(models, credit, strict=True))
    return tuple(asked.get(model, ()) for model in DATA_DRIVEN)


def _credited(row: Row, credit: tuple[Split, ...], paid: Iterable[Row], cells: dict[CellKey, Cell]) -> Row:
    """A conversion with the further credits, which are counted in the cells of its path as well."""
    at = _CONVERSION
    day, branch, stage = row[at["day"]], row[at["branch"]], row[at["stage"]]
    steps = list(zip(row[at["channels"]], row[at["campaigns"]], strict=True))
    revenue: list[list[int]] = [[], [], []]
    cash: list[list[int]] = [[], [], []]
    if stage in _STAGES:
        _count(cells, day, branch, steps, _STAGES[stage], credit)
    for payment in paid:
        amount = payment[_PAYMENT["amount"]]
        splits = tuple(split_money(amount, split) if split else () for split in credit)
        _add(cash, splits)
        _count(cells, payment[_PAYMENT["day"]], branch, steps, _CASH, splits)
        if payment[_PAYMENT["in_revenue"]]:
            _add(revenue, splits)
            _count(cells, day, branch, steps, _REVENUE, splits)
    return (*row, *credit, *revenue, *cash)


def _add(sums: list[list[int]], splits: Sequence[Split]) -> None:
    for place, split in enumerate(splits):
        held = sums[place]
        sums[place] = [a + b for a, b in zip(held, split, strict=True)] if held else list(split)


def _count(
    cells: dict[CellKey, Cell],
    day: str,
    branch: str,
    steps: Iterable[tuple[str, str]],
    measure: int,
    splits: Sequence[Split],
) -> None:
    for place, (channel, campaign) in enumerate(steps):
        key = (day, branch, channel, campaign)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = [[0] * len(DATA_DRIVEN) for _ in _MEASURES]
        for model, split in enumerate(splits):
            if split:
                cell[measure][model] += split[place]


def _longer(row: Row, places: Mapping[str, int], cell: Cell | None) -> Row:
    """A row of cells' sums with an element more for each data-driven model."""
    values: list[Any] = list(row)
    for measure, name in enumerate(_MEASURES):
        place = places.get(name)
        if place is not None:
            further = [0] * len(DATA_DRIVEN) if cell is None else cell[measure]
            values[place] = [*values[place], *further]
    return tuple(values)


def _funnel(
    rows: Iterable[Row], cells: Mapping[CellKey, Cell], run: str, site: str, version: int
) -> list[Row]:
    """The cells of the funnel, those too in which only a data-driven model put something."""
    left = dict(cells)
    wide = []
    for row in rows:
        day, branch, channel, campaign = (
            row[_FUNNEL[name]] for name in ("day", "branch", "channel", "campaign")
        )
        wide.append(_longer(row, _FUNNEL, left.pop((day, branch, channel, campaign), None)))
    for key, cell in left.items():
        if any(map(any, cell)):
            nothing = [[0] * len(MODELS)] * len(_MEASURES)
            wide.append(_longer((run, site, *key, *[0] * len(_COUNTS), *nothing, version, 0), _FUNNEL, cell))
    return wide


def _campaign(row: Row, cells: Mapping[str, list[tuple[str, Cell]]]) -> Row:
    """A campaign with the sums of its cells inside its window; `cells` by campaign, with their day."""
    id, starts_on, ends_on = (row[_CAMPAIGN[name]] for name in ("campaign", "starts_on", "ends_on"))
    total = [[0] * len(DATA_DRIVEN) for _ in _MEASURES]
    for day, cell in cells.get(id, ()):
        if (starts_on is None or starts_on <= day) and (ends_on is None or day <= ends_on):
            for mine, theirs in zip(total, cell, strict=True):
                mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
    return _longer(row, _CAMPAIGN, total)

"""What no statement gives alone: totals, changes with their intervals, the reallocation. Figures in, figures out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import fmean
from typing import Any, Final

from grafana.reports.before_after import COUNTS
from grafana.reports.report import Figures, Rows
from grafana.reports.telling import FEWEST, paid, share
from streams.domain.intervals import (
    Interval,
    difference_interval,
    means_interval,
    rates_interval,
    ratio_interval,
    weighted_interval,
)
from streams.domain.scoreboard import (
    ScoreRow,
    add_up,
    months_between,
    rate_interval,
    reallocate,
    wasted_a_year,
)

_COUNTED: Final = ("contacts", "inquiries", "consults", "registrations")


def worked_out(figures: Figures) -> dict[str, Any]:
    """The answers of a report -> what its kind needs beyond them."""
    by_kind = {
        "campaign": _of_campaign,
        "monthly": _of_period,
        "quarterly": _of_quarter,
        "yearly": _of_period,
        "before-after": _of_two_periods,
    }
    return by_kind[figures.kind](figures)


def score_rows(rows: Rows) -> list[ScoreRow]:
    """Rows of a scoreboard as they are kept -> as the core's arithmetic takes them."""
    return [ScoreRow(**{name: row[name] for name in ScoreRow._fields}) for row in rows]


# Totals and changes of a period


def _of_period(figures: Figures) -> dict[str, Any]:
    rows = score_rows(figures.answers["board"])
    worked: dict[str, Any] = {
        "total": add_up(rows)._asdict(),
        "rates": {
            row.channel: list(rate_interval(row.registrations, row.inquiries))
            for row in rows
            if row.inquiries
        },
        "total_before": None,
        "change": None,
        "change_year": None,
    }
    reached = figures.answers["recorded"][0]
    for name, board, total, since, until in (
        ("before_recorded", "board_before", "change", "before_since", "before_until"),
        ("year_recorded", "board_year", "change_year", "year_since", "year_until"),
    ):
        if reached.get(name) and board in figures.answers:
            other = add_up(score_rows(figures.answers[board]))._asdict()
            if board == "board_before":
                worked["total_before"] = other
            worked[total] = _changes(other, worked["total"], figures.parameters, since, until)
    return worked


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], parameters: Mapping[str, Any], since: str, until: str
) -> dict[str, Any]:
    days_before, days = _days(parameters, since, until), _days(parameters, "since", "until")
    return {
        name: _change(float(before[name]), float(after[name]), days_before, days)
        for name in ("inquiries", "consults", "registrations")
    }


def _change(before: float, after: float, days_before: int, days: int) -> dict[str, Any]:
    """Two counts -> the change of the daily average as a ratio, with its interval; 0.5 is half as much again."""
    change = round(after * days_before / (before * days) - 1, 9) if before > 0 else None
    interval = ratio_interval(before, after, days_before, days)
    return {
        "before": before,
        "after": after,
        "change": change,
        "interval": None if interval is None else [end - 1 for end in interval],
    }


def _days(parameters: Mapping[str, Any], since: str, until: str) -> int:
    return (_day(parameters, until) - _day(parameters, since)).days + 1


def _day(parameters: Mapping[str, Any], name: str) -> date:
    return date.fromisoformat(str(parameters[name]))


# The quarter: reallocation


def _of_quarter(figures: Figures) -> dict[str, Any]:
    rows = score_rows(figures.answers["board"])
    since, until = _day(figures.parameters, "since"), _day(figures.parameters, "until")
    slots = figures.answers["open_slots"]
    return {
        **_of_period(figures),
        "wasted": wasted_a_year(rows, since, until),
        "reallocation": reallocation(
            rows,
            months=float(months_between(since, until)),
            hours_limits={
                str(row["channel"]): int(row["hours_limit_cost"] * months_between(since, until))
                for row in figures.answers["names"]
                if row["hours_limit_cost"] is not None
            },
            open_slots=float(slots[0]["open_slots"]) if slots else None,
            elasticity=float(figures.parameters["elasticity"]),
        ),
    }


def reallocation(
    rows: Sequence[ScoreRow],
    *,
    months: float,
    hours_limits: Mapping[str, int] | None = None,
    open_slots: float | None = None,
    elasticity: float,
) -> dict[str, Any]:
    """Rows of one site over so many months -> what to move, and the registrations a month to expect with their intervals.

    Won are those of the whole period, registrations those of a month. The intervals take today's counts as chance
    counts; the elasticity is an assumption and is in none of them.
    """
    moved = reallocate(rows, elasticity=elasticity, hours_limits=hours_limits, open_slots=open_slots)
    grown, constant = (_weights(rows, moved.after, power) for power in (elasticity, 1.0))
    return {
        "before": moved.before,
        "after": moved.after,
        "moved": moved.moved,
        "unplaced": moved.unplaced,
        "full": moved.full,
        "agreement": moved.agreement,
        "elasticity": elasticity,
        "open_slots": open_slots,
        "months": months,
        "registrations": moved.registrations / months,
        "expected": moved.expected / months,
        "expected_at_constant_cac": moved.expected_at_constant_cac / months,
        "expected_by_channel": {row.channel: row.registrations * grown[row.channel] / months for row in rows},
        "registrations_interval": _monthly(
            weighted_interval((row.registrations, 1.0) for row in rows), months
        ),
        "expected_interval": _monthly(_expected_interval(rows, grown), months),
        "constant_interval": _monthly(_expected_interval(rows, constant), months),
        "gain_interval": _monthly(_gain_interval(rows, grown), months),
        "constant_gain_interval": _monthly(_gain_interval(rows, constant), months),
    }


def _weights(rows: Iterable[ScoreRow], after: Mapping[str, int], power: float) -> dict[str, float]:
    """How many times its registrations each channel is expected to bring."""
    return {
        row.channel: 1.0 if row.spend == after[row.channel] else (after[row.channel] / row.spend) ** power
        for row in rows
    }


def _expected_interval(rows: Iterable[ScoreRow], weights: Mapping[str, float]) -> Interval:
    return weighted_interval((row.registrations, weights[row.channel]) for row in rows)


def _gain_interval(rows: Sequence[ScoreRow], weights: Mapping[str, float]) -> Interval:
    gained = [(row.registrations, weights[row.channel] - 1) for row in rows if weights[row.channel] > 1]
    lost = [(row.registrations, 1 - weights[row.channel]) for row in rows if weights[row.channel] < 1]
    return difference_interval(gained, lost)


def _monthly(interval: Interval, months: float) -> list[float]:
    return [end / months for end in interval]


# A campaign: before and during


def _of_campaign(figures: Figures) -> dict[str, Any]:
    if not figures.answers["recorded"][0]["before_recorded"]:
        return {"moved": None}
    rows = {bool(row["during"]): row for row in figures.answers["beside"]}
    days = _days(figures.parameters, "since", "until")
    return {
        "moved": {
            name: _change(_of(rows, False, name), _of(rows, True, name), days, days) for name in _COUNTED
        }
    }


def _of(rows: Mapping[bool, Mapping[str, Any]], during: bool, name: str) -> float:
    return float(rows[during][name]) if during in rows else 0.0


# Two periods


def _of_two_periods(figures: Figures) -> dict[str, Any]:
    reached = figures.answers["recorded"][0]
    counted = {str(row["period"]): row for row in figures.answers["counted"]}
    spent = {str(row["period"]): float(row["spent"]) for row in figures.answers["spent"]}
    seasons = bool(reached["year_recorded"] and reached["year_before_recorded"])
    recorded = {
        "before": bool(reached["before_recorded"]),
        "after": True,
        "year_before": seasons,
        "year_after": seasons,
    }
    return {
        "seasons": seasons,
        "indexes": [
            *_counts(figures, counted, recorded),
            *_rates(figures, counted, recorded),
            *_measures(figures, seasons),
        ],
        "costs": {name: _costs(figures, name, counted, spent, recorded) for name in ("before", "after")},
    }


_SINCE: Final = {
    "before": ("before_since", "before_until"),
    "after": ("since", "until"),
    "year_before": ("year_before_since", "year_before_until"),
    "year_after": ("year_since", "year_until"),
}


def _counts(
    figures: Figures, counted: Mapping[str, Any], recorded: Mapping[str, bool]
) -> list[dict[str, Any]]:
    days = {name: _days(figures.parameters, *parameters) for name, parameters in _SINCE.items()}
    told = []
    for slug in COUNTS:
        values = {name: float(counted[name][slug]) if name in counted else 0.0 for name in _SINCE}
        if not any(values[name] for name in ("before", "after")):
            continue
        one = _change(values["before"], values["after"], days["before"], days["after"])
        last = _change(values["year_before"], values["year_after"], days["year_before"], days["year_after"])
        told.append(
            {
                "slug": slug,
                "kind": "count",
                "few": False,
                "before": values["before"] if recorded["before"] else None,
                "after": values["after"],
                "change": one["change"] if recorded["before"] else None,
                "interval": one["interval"] if recorded["before"] else None,
                "year_change": last["change"] if recorded["year_before"] else None,
            }
        )
    return told


def _rates(
    figures: Figures, counted: Mapping[str, Any], recorded: Mapping[str, bool]
) -> list[dict[str, Any]]:
    wanted = (
        ("registration_rate", "registrations", "inquiries"),
        ("direct_rate", "direct_visits", "visits"),
        ("known_rate", "known_inquiries", "inquiries"),
    )
    told = []
    for slug, part, whole in wanted:
        pairs = {
            name: (float(row[part]), float(row[whole])) for name, row in counted.items() if recorded[name]
        }
        told.append(_rate(slug, pairs))
    calls = {
        name: (float(row["answered"]), float(row["calls"]))
        for name in ("before", "after")
        if recorded[name]
        for row in figures.answers[f"answered_{name}"]
    }
    told.append(_rate("answered_rate", calls))
    searches = {
        str(row["period"]): (float(row["own"]), float(row["every"])) for row in figures.answers["searches"]
    }
    if {"before", "after"} & set(searches):
        told.append({**_rate("share_of_search", searches), "interval": None})  # volumes are no sample
    return [one for one in told if one["before"] is not None or one["after"] is not None or one["few"]]


def _rate(slug: str, pairs: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    shares = {name: share(part, whole) for name, (part, whole) in pairs.items()}
    before, after = shares.get("before"), shares.get("after")
    both = before is not None and after is not None
    last = shares.get("year_before"), shares.get("year_after")
    interval = rates_interval(*pairs["before"], *pairs["after"]) if both else None
    return {
        "slug": slug,
        "kind": "rate",
        "few": any(0 < pairs.get(name, (0, 0))[1] < FEWEST for name in ("before", "after")),
        "before": before,
        "after": after,
        "change": after - before if before is not None and after is not None else None,
        "interval": None if interval is None else list(interval),
        "year_change": last[1] - last[0] if last[0] is not None and last[1] is not None else None,
    }


def _measures(figures: Figures, seasons: bool) -> list[dict[str, Any]]:
    found: dict[str, dict[str, list[float]]] = {}
    for row in figures.answers["measures"]:
        found.setdefault(str(row["metric"]), {}).setdefault(str(row["period"]), []).append(
            float(row["value"])
        )
    told = []
    for metric, values in sorted(found.items()):
        before, after = values.get("before", []), values.get("after", [])
        if not before and not after:
            continue
        last = [values.get(name, []) for name in ("year_before", "year_after")]
        interval = means_interval(before, after)
        told.append(
            {
                "slug": metric,
                "kind": "measure",
                "few": False,
                "before": fmean(before) if before else None,
                "after": fmean(after) if after else None,
                "before_count": len(before),
                "after_count": len(after),
                "change": fmean(after) - fmean(before) if before and after else None,
                "interval": None if interval is None else list(interval),
                "year_change": fmean(last[1]) - fmean(last[0]) if seasons and all(last) else None,
            }
        )
    return told


def _costs(
    figures: Figures,
    name: str,
    counted: Mapping[str, Any],
    spent: Mapping[str, float],
    recorded: Mapping[str, bool],
) -> dict[str, float | None]:
    if not recorded[name]:
        nothing = ("spent", "cac", "spend_a_month", "registrations_a_month", "revenue_a_month")
        return dict.fromkeys(nothing)
    months = float(months_between(*(_day(figures.parameters, one) for one in _SINCE[name])))
    row = counted.get(name, {})
    registered, cost = float(row.get("registrations", 0)), spent.get(name)
    return {
        "spent": cost,
        "cac": cost / registered if cost and registered else None,
        "spend_a_month": cost / months if cost is not None else None,
        "registrations_a_month": registered / months,
        "revenue_a_month": float(row.get("revenue", 0)) / months if paid(figures) else None,
    }

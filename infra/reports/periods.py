"""What a report is of: a month, quarter or year by name, the days beside it, and which reports are due on a day."""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

MODEL: Final = "last"
REVISED_DAYS: Final = 180
"""So long after its end a campaign's report is written again when its figures change."""
_MONTH, _QUARTER, _YEAR = (
    re.compile(r"(\d{4})-(\d{2})"),
    re.compile(r"(\d{4})-Q([1-4])"),
    re.compile(r"(\d{4})"),
)
_SAME_WEEKS: Final = timedelta(days=364)
_FIRST_YEAR, _LAST_YEAR = 1971, 2148


class PeriodRefused(Exception):
    """Why a period cannot be reported on, in words for people."""


class Asked(NamedTuple):
    """One report: its kind, the site, the name of its period, and the parameters of its questions."""

    kind: str
    site: str
    period: str
    parameters: dict[str, Any]


def month_of(site: str, period: str, today: date) -> Asked:
    """`2026-03` -> the monthly summary, beside the month before and the same month last year."""
    found = _MONTH.fullmatch(period)
    if not found or not 1 <= int(found[2]) <= 12:
        raise PeriodRefused(f"{period!r} is no month; right would be one such as 2026-03")
    first = _first(int(found[1]), int(found[2]))
    return _asked("monthly", site, period, first, 1, today)


def quarter_of(site: str, period: str, today: date) -> Asked:
    """`2026-Q1` -> the quarterly review, beside the quarter before and the same quarter last year."""
    found = _QUARTER.fullmatch(period)
    if not found:
        raise PeriodRefused(f"{period!r} is no quarter; right would be one such as 2026-Q1")
    first = _first(int(found[1]), 3 * int(found[2]) - 2)
    return _asked("quarterly", site, period, first, 3, today)


def year_of(site: str, period: str, today: date) -> Asked:
    """`2026` -> the year's plan against actual, beside the year before."""
    found = _YEAR.fullmatch(period)
    if not found:
        raise PeriodRefused(f"{period!r} is no year; right would be one such as 2026")
    first = _first(int(found[1]), 1)
    asked = _asked("yearly", site, period, first, 12, today)
    asked.parameters["year_end"] = last_of(first, 12).isoformat()
    return asked


def two_periods(site: str, before: tuple[date, date], after: tuple[date, date]) -> Asked:
    """Two periods -> their comparison, with the same weeks a year earlier for both."""
    for first, last in (before, after):
        if first > last:
            raise PeriodRefused(f"the period begins on {first}, after its end {last}")
    if before[1] >= after[0]:
        raise PeriodRefused(f"“before” ends on {before[1]}, and “after” begins on {after[0]}: they overlap")
    _in_range(before[0] - _SAME_WEEKS)
    _in_range(after[1])
    days = {
        "since": after[0], "until": after[1], "before_since": before[0], "before_until": before[1],
        "year_since": after[0] - _SAME_WEEKS, "year_until": after[1] - _SAME_WEEKS,
        "year_before_since": before[0] - _SAME_WEEKS, "year_before_until": before[1] - _SAME_WEEKS,
    }  # fmt: skip
    period = f"{before[0]}_{before[1]}_{after[0]}_{after[1]}"
    return Asked("before-after", site, period, {**_common(site), **_iso(days)})


def around(site: str, day: date, days: int | None, today: date) -> Asked:
    """A day and how many days from it -> their comparison with as many just before; None: until today."""
    last = today if days is None else min(day + timedelta(days=days - 1), today)
    if last < day:
        raise PeriodRefused(f"{day} lies ahead; there is nothing to compare yet")
    return two_periods(site, (day - (last - day) - timedelta(days=1), day - timedelta(days=1)), (day, last))


def judged_of(site: str, row: dict[str, Any], today: date) -> Asked:
    """A goal's or tool's row -> the comparison of its two periods, up to today where its days are not over."""
    days = [row[name] for name in ("baseline_from", "baseline_to", "judged_from")]
    if None in days:
        raise PeriodRefused(
            f"{row['id']!r} has no days in the catalog: give baseline_from, baseline_to, judged_from, judged_to"
        )
    if days[2] > today:
        raise PeriodRefused(f"{row['id']!r} is judged from {days[2]} on; there is nothing to compare yet")
    return two_periods(site, (days[0], days[1]), (days[2], min(row["judged_to"] or today, today)))


def campaign_of(site: str, row: dict[str, Any], today: date) -> Asked:
    """A campaign's row -> its report up to its end or today, beside as many days just before."""
    campaign, first, last = str(row["campaign"]), row["starts_on"], row["ends_on"]
    if first is None:
        raise PeriodRefused(f"campaign {campaign!r} has no first day (starts_on) in the catalog")
    if first > today:
        raise PeriodRefused(f"campaign {campaign!r} begins on {first}; there is nothing to report yet")
    until = min(last or today, today)
    length = until - first
    days = {
        "since": first, "until": until, "before_since": first - length - timedelta(days=1),
        "before_until": first - timedelta(days=1),
    }  # fmt: skip
    more = {
        "campaign": campaign,
        "channel": str(row["channel"]),
        "goal_metric": str(row["goal_metric"]),
        "running": last is None or today <= last,
    }
    return Asked("campaign", site, campaign, {**_common(site), **_iso(days), **more})


def due(site: str, campaigns: Iterable[dict[str, Any]], today: date, grace_days: int) -> list[Asked]:
    """What is written by itself on a day: campaigns after their grace, and the month, quarter and year that ended."""
    listed = []
    for row in campaigns:
        ended = row["ends_on"]
        if ended is None or row["starts_on"] is None:
            continue
        if grace_days < (today - ended).days <= grace_days + REVISED_DAYS:
            listed.append(campaign_of(site, row, today))
    month = today.replace(day=1) - timedelta(days=1)
    listed.append(month_of(site, f"{month:%Y-%m}", today))
    quarter = _first(today.year, 3 * ((today.month - 1) // 3) + 1) - timedelta(days=1)
    listed.append(quarter_of(site, f"{quarter.year}-Q{(quarter.month + 2) // 3}", today))
    listed.append(year_of(site, f"{today.year - 1:04}", today))
    return listed


def last_of(first: date, months: int) -> date:
    """The first day of a month -> the last day of so many months from there."""
    number = first.year * 12 + first.month - 1 + months - 1
    year, month = divmod(number, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def _asked(kind: str, site: str, period: str, first: date, months: int, today: date) -> Asked:
    if first > today:
        raise PeriodRefused(f"{period} begins on {first}; there is nothing to report yet")
    last = last_of(first, months)
    before = _first(*divmod(first.year * 12 + first.month - 1 - months, 12), plus=1)
    year = first.replace(year=first.year - 1)
    days = {
        "since": first, "until": min(last, today), "before_since": before, "before_until": last_of(before, months),
        "year_since": year, "year_until": last_of(year, months),
    }  # fmt: skip
    return Asked(kind, site, period, {**_common(site), **_iso(days), "running": last >= today})


def _first(year: int, month: int, plus: int = 0) -> date:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise PeriodRefused(f"{year} is out of range; right would be {_FIRST_YEAR} to {_LAST_YEAR}")
    return date(year, month + plus, 1)


def _in_range(day: date) -> None:
    _first(day.year, 1)


def _common(site: str) -> dict[str, Any]:
    return {"site": site, "run": "live", "model": MODEL, "running": False}


def _iso(days: dict[str, date]) -> dict[str, str]:
    return {name: day.isoformat() for name, day in days.items()}

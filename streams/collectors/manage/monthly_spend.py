"""What a channel costs a month -> spend_recorded with an id that is the same for ever: a correction is the newest.

The id is made of month, channel and branch alone, so the audit sheet, the grid and a second upload all speak of the
same spend. What files were imported has ids of its own and stands beside it.
"""

import calendar
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

MOST_MONTHS: Final = 36
MOST_WON_A_MONTH: Final = 10**12
PREFIX: Final = "monthly:"
_LONGEST_ID: Final = 128


class Cell(NamedTuple):
    """One month of one channel (of one branch, or of the whole business) and what it costs, in whole won."""

    month: date
    channel: str
    branch: str
    amount: int

    @property
    def spend_id(self) -> str:
        """The id of this month's cost."""
        return spend_id(self.month, self.channel, self.branch)


class GridCell(NamedTuple):
    """A cell as it is shown: what was typed here (None: nothing yet), and what other sources say beside it."""

    typed: int | None
    imported: int


def spend_id(month: date, channel: str, branch: str) -> str:
    """A month, a channel and a branch ('' for none) -> the id of what it costs."""
    named = f"{PREFIX}{month:%Y-%m}:{channel}:{branch}"
    if len(named) <= _LONGEST_ID:
        return named
    return f"{PREFIX}{month:%Y-%m}:{blake2b(named.encode(), digest_size=16).hexdigest()}"


def months_from(first: date, count: int) -> list[date]:
    """A day and a number -> the first days of so many months, that day's month first."""
    at = first.year * 12 + first.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(at, at + count)]


def last_day(month: date) -> date:
    """A month's first day -> its last."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def spend_events(site: str, cells: Iterable[Cell], now: datetime) -> Iterator[dict[str, Any]]:
    """Cells -> the bodies of their spend_recorded, said now; media cost, VAT included."""
    for cell in cells:
        body = {
            "type": "spend_recorded",
            "event_id": f"spend-{secrets.token_hex(16)}",
            "site": site,
            "occurred_at": now.isoformat(),
            "spend_id": cell.spend_id,
            "channel": cell.channel,
            "period_start": cell.month.isoformat(),
            "period_end": last_day(cell.month).isoformat(),
            "amount": cell.amount,
            "kind": "media",
            "vat": "included",
        }
        yield {**body, "branch": cell.branch} if cell.branch else body


SPEND_BY_MONTH: Final = """
    SELECT toStartOfMonth(day) AS month, channel, branch, startsWith(spend_id, {prefix:String}) AS typed, sum(amount) AS amount
    FROM headwater.spend_daily
    WHERE run = 'live' AND site = {site:String} AND day BETWEEN {since:Date} AND {until:Date} AND channel != ''
    GROUP BY month, channel, branch, typed
    ORDER BY month, channel, branch, typed
"""


def grid_of(
    rows: Iterable[Mapping[str, Any]], own: Mapping[tuple[date, str, str], int]
) -> dict[tuple[str, str], dict[date, GridCell]]:
    """Rows of SPEND_BY_MONTH, and what was typed a moment ago -> (channel, branch) -> month -> its cell."""
    found: dict[tuple[str, str], dict[date, GridCell]] = {}
    for row in rows:
        line = found.setdefault((row["channel"], row["branch"]), {})
        typed, imported = line.get(row["month"], GridCell(None, 0))
        if row["typed"]:
            typed = int(row["amount"])
        else:
            imported += int(row["amount"])
        line[row["month"]] = GridCell(typed, imported)
    for (month, channel, branch), amount in own.items():
        line = found.setdefault((channel, branch), {})
        line[month] = line.get(month, GridCell(None, 0))._replace(typed=amount)
    return found


class Typed:
    """What was typed in the last minutes, by site: the grid shows it before ClickHouse does."""

    def __init__(self, *, seconds: float = 600.0, kept: int = 20_000) -> None:
        """For how long and how many cells it is kept."""
        self._seconds = seconds
        self._kept = kept
        self._cells: dict[tuple[str, date, str, str], tuple[float, int]] = {}

    def note(self, site: str, cells: Iterable[Cell], at: float) -> None:
        """Cells that were taken at this second."""
        for cell in cells:
            key = (site, cell.month, cell.channel, cell.branch)
            self._cells.pop(key, None)
            self._cells[key] = (at, cell.amount)
        while len(self._cells) > self._kept:
            del self._cells[next(iter(self._cells))]

    def of(self, site: str, months: Sequence[date], at: float) -> dict[tuple[date, str, str], int]:
        """A site and months -> (month, channel, branch) -> what was typed there lately."""
        for key, (then, _) in list(self._cells.items()):
            if at - then <= self._seconds:
                break
            del self._cells[key]
        return {
            key[1:]: amount for key, (_, amount) in self._cells.items() if key[0] == site and key[1] in months
        }

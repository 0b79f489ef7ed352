"""Money spent: the newest word on each spend_id, gross, in whole won, over the days of its period."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from streams.domain.catalog import SiteCatalog
from streams.domain.facts import Fact

MARKETING: Final = frozenset(("media", "agency", "staff", "reward"))
VAT: Final = Decimal("1.1")


class SpendRow(NamedTuple):
    """`amounts` are won a day from `first_day` on; they add up to the gross amount."""

    spend_id: str
    channel: str
    campaign: str
    branch: str
    kind: str
    first_day: int
    amounts: tuple[int, ...]
    clicks: int | None
    impressions: int | None


def gross(amount: float | None, hours: float | None, vat_excluded: bool, hourly_rate: float) -> int:
    """Whole won, rounded once, half up (away from zero for a credit note)."""
    exact = (
        Decimal(str(amount)) if amount is not None else Decimal(str(hours or 0)) * Decimal(str(hourly_rate))
    )
    if vat_excluded:
        exact *= VAT
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def over_days(amount: int, days: int) -> tuple[int, ...]:
    """Evenly, the remainder to the earliest days; a negative amount is the mirror of its absolute value."""
    share, left = divmod(abs(amount), days)
    sign = -1 if amount < 0 else 1
    return tuple(sign * (share + (1 if index < left else 0)) for index in range(days))


def spend_row(fact: Fact, catalog: SiteCatalog) -> SpendRow:
    """What one spend comes to."""
    body = fact.body
    amount = gross(body.amount, body.hours, body.vat_excluded, catalog.staff_hourly_rate)
    return SpendRow(
        body.spend_id,
        body.channel,
        catalog.campaign_of(body.campaign),
        fact.branch,
        body.kind,
        body.first_day,
        over_days(amount, body.last_day - body.first_day + 1),
        body.clicks,
        body.impressions,
    )


def spent_in(row: SpendRow, first_day: int | None, last_day: int | None) -> int:
    """Won of a spend within inclusive local days (None: open)."""
    first = 0 if first_day is None else max(0, first_day - row.first_day)
    last = len(row.amounts) if last_day is None else max(0, last_day - row.first_day + 1)
    return sum(row.amounts[first:last])

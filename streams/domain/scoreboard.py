"""What the scoreboard's rows say together: the total, the wasted spend, and the spend moved to better channels."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import sqrt
from typing import Final, NamedTuple

MODELS: Final = ("first", "last", "linear", "time_decay", "position")
STOP: Final = "stop"
INCREASE: Final = "increase"
ELASTICITY: Final = 0.7
_Z_95: Final = 1.959963984540054


class ScoreRow(NamedTuple):
    """One channel of one site, as `channel_scoreboard` gives it; None is undefined."""

    site: str
    channel: str
    kind: str
    spend: int
    visits: int
    scans: int
    calls: int
    inquiries: float
    consults: float
    registrations: float
    inquiry_to_registration: float | None
    cac: float | None
    loaded_cac: float | None
    revenue: int
    cash: int
    roi: float | None
    ltv: float | None
    ltv_roi: float | None
    ltv_to_cac: float | None
    action: str
    action_agreement: int


class Total(NamedTuple):
    """All channels of a scoreboard together; `paid_roi` looks at the channels with spend alone."""

    spend: int
    visits: int
    scans: int
    calls: int
    inquiries: float
    consults: float
    registrations: float
    inquiry_to_registration: float | None
    cac: float | None
    revenue: int
    cash: int
    roi: float | None
    paid_roi: float | None


class Reallocation(NamedTuple):
    """The same total spent elsewhere: won a channel before and after, and the registrations to expect.

    `unplaced` is what no channel could take, `agreement` how many models at least give the actions it rests on
    (0 when nothing moves), `full` that it was held because no slot is open.
    """

    before: dict[str, int]
    after: dict[str, int]
    moved: int
    unplaced: int
    full: bool
    registrations: float
    expected: float
    expected_at_constant_cac: float
    elasticity: float
    agreement: int


def add_up(rows: Iterable[ScoreRow]) -> Total:
    """Rows of one site -> their total; its CAC is the site CAC, null without registrations."""
    rows = list(rows)
    spend, revenue = sum(row.spend for row in rows), sum(row.revenue for row in rows)
    inquiries = _sum_of_counts(row.inquiries for row in rows)
    registrations = _sum_of_counts(row.registrations for row in rows)
    without_payments = all(row.roi is None for row in rows if row.spend)
    paid_revenue = sum(row.revenue for row in rows if row.spend)
    return Total(
        spend=spend,
        visits=sum(row.visits for row in rows),
        scans=sum(row.scans for row in rows),
        calls=sum(row.calls for row in rows),
        inquiries=float(inquiries),
        consults=float(_sum_of_counts(row.consults for row in rows)),
        registrations=float(registrations),
        inquiry_to_registration=float(registrations / inquiries) if inquiries else None,
        cac=float(spend / registrations) if spend and registrations else None,
        revenue=revenue,
        cash=sum(row.cash for row in rows),
        roi=None if without_payments or not spend else (revenue - spend) / spend,
        paid_roi=None if without_payments or not spend else (paid_revenue - spend) / spend,
    )


def reallocate(
    rows: Sequence[ScoreRow],
    *,
    elasticity: float = ELASTICITY,
    hours_limits: Mapping[str, int] | None = None,
    open_slots: float | None = None,
) -> Reallocation:
    """Rows of one site -> the spend of its stop channels moved to its increase channels in proportion to their spend.

    `hours_limits` holds, for a channel of staff time, what its hours of the period cost at most: it takes what fits,
    the others take the rest, and what nobody can take stays unplaced. Without open slots nothing moves. A channel with
    `n` times the spend is expected to bring `n ** elasticity` times the registrations; one whose spend stays keeps its
    own, one that stops brings none.
    """
    before = {row.channel: row.spend for row in rows}
    full = open_slots is not None and open_slots <= 0
    given_up = [row for row in rows if row.action == STOP and row.spend > 0]
    takers = [row for row in rows if row.action == INCREASE and row.spend > 0]
    after = dict(before)
    freed = unplaced = 0
    if given_up and takers and not full:
        freed = sum(row.spend for row in given_up)
        after |= {row.channel: 0 for row in given_up}
        shares, unplaced = _place(freed, {row.channel: row.spend for row in takers}, hours_limits or {})
        for channel, share in shares.items():
            after[channel] += share
    return Reallocation(
        before=before,
        after=after,
        moved=freed - unplaced,
        unplaced=unplaced,
        full=full,
        registrations=float(_sum_of_counts(row.registrations for row in rows)),
        expected=_expected(rows, after, elasticity),
        expected_at_constant_cac=_expected(rows, after, 1.0),
        elasticity=elasticity,
        agreement=min((row.action_agreement for row in (*given_up, *takers)), default=0) if freed else 0,
    )


def wasted_a_year(rows: Iterable[ScoreRow], since: date, until: date) -> int:
    """Spend of the stop channels between two inclusive days -> won a year at that pace, half up."""
    spent = sum(row.spend for row in rows if row.action == STOP)
    yearly = Fraction(spent * 12) / months_between(since, until)
    return int(yearly + Fraction(1, 2))


def months_between(since: date, until: date) -> Fraction:
    """Inclusive days -> months, a day of a month counting as its share of that month."""
    months = Fraction((until.year - since.year) * 12 + until.month - since.month)
    months -= Fraction(since.day - 1, monthrange(since.year, since.month)[1])
    return months + Fraction(until.day, monthrange(until.year, until.month)[1])


def rate_interval(reached: float, asked: float) -> tuple[float, float]:
    """Registrations and inquiries -> the 95% interval of the rate (Wilson); more registrations count as inquiries.

    Credits in parts are taken as they are: the interval says how little is known, it is no test.
    """
    trials = max(reached, asked)
    if trials <= 0:
        return 0.0, 1.0
    share, square = reached / trials, _Z_95 * _Z_95
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    reach = (
        _Z_95 * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    )
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _place(amount: int, spends: Mapping[str, int], limits: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """An amount -> what each channel takes of it, and what is left when all are at their limits."""
    rooms = {channel: max(0, limits[channel] - spends[channel]) for channel in spends if channel in limits}
    taken: dict[str, int] = {}
    while True:
        takers = {channel: spend for channel, spend in spends.items() if channel not in taken}
        left = amount - sum(taken.values())
        if not takers:
            return taken, left
        shares = _split(left, takers)
        at_limit = {
            channel: rooms[channel] for channel in takers if shares[channel] > rooms.get(channel, left)
        }
        if not at_limit:
            return taken | shares, 0
        taken |= at_limit


def _split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Won in proportion to the weights; the remainder by largest fraction, ties by slug."""
    total = sum(weights.values())
    shares = {channel: amount * weight // total for channel, weight in weights.items()}
    order = sorted(weights, key=lambda channel: (-(amount * weights[channel] % total), channel.encode()))
    for channel in order[: amount - sum(shares.values())]:
        shares[channel] += 1
    return shares


def _expected(rows: Sequence[ScoreRow], after: Mapping[str, int], elasticity: float) -> float:
    expected = 0.0
    for row in rows:
        if row.spend == after[row.channel]:
            expected += row.registrations
        else:
            expected += row.registrations * (after[row.channel] / row.spend) ** elasticity
    return expected


def _sum_of_counts(counts: Iterable[float]) -> Fraction:
    """Counts in parts of 10^-9, each the nearest double -> their exact sum."""
    return sum((Fraction(round(count * 1_000_000_000), 1_000_000_000) for count in counts), Fraction(0))

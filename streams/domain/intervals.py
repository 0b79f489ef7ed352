"""How far chance alone may have moved a count, a rate or a change: 95% intervals.

Counts are taken as Poisson, rates as binomial. Credits in parts are taken as they are: an interval says how little is
known, it is no test.
"""

from collections.abc import Iterable, Sequence
from math import exp, inf, lgamma, log, log1p, pi, sqrt
from statistics import fmean, variance
from typing import Final

from streams.domain.scoreboard import rate_interval

Z: Final = 1.959963984540054
_OUTSIDE: Final = 0.05
Interval = tuple[float, float]


def count_interval(count: float) -> Interval:
    """A count -> the interval of what it is the count of (score); 0 has an upper end too."""
    if count < 0:
        return count_interval(0)
    middle, reach = count + Z * Z / 2, Z * sqrt(count + Z * Z / 4)
    return max(0.0, middle - reach), middle + reach


def weighted_interval(counted: Iterable[tuple[float, float]]) -> Interval:
    """Counts and their weights, none of them negative -> the interval of the weighted sum."""
    pairs = [(count, weight) for count, weight in counted if weight > 0]
    total = sum(count * weight for count, weight in pairs)
    squares = sum(count * weight * weight for count, weight in pairs)
    scale = squares / total if total else 0.0
    if scale <= 0:  # nothing counted, or weights too small to be squared
        return 0.0, count_interval(0)[1] * max((weight for _, weight in pairs), default=0.0)
    low, high = count_interval(total / scale)
    return low * scale, high * scale


def difference_interval(
    gained: Sequence[tuple[float, float]], lost: Sequence[tuple[float, float]]
) -> Interval:
    """Weighted counts gained and lost -> the interval of gain less loss (each end from the two intervals)."""
    gain, loss = (sum(count * weight for count, weight in side) for side in (gained, lost))
    (gain_low, gain_high), (loss_low, loss_high) = weighted_interval(gained), weighted_interval(lost)
    down, up = (
        sqrt((gain - gain_low) ** 2 + (loss_high - loss) ** 2),
        sqrt((gain_high - gain) ** 2 + (loss - loss_low) ** 2),
    )
    return gain - loss - down, gain - loss + up


def ratio_interval(before: float, after: float, days_before: float, days_after: float) -> Interval | None:
    """Two counts over so many days -> the interval of after ÷ before a day; None where nothing was counted at all."""
    if before + after <= 0 or min(before, after) < 0:
        return None
    low, high = rate_interval(after, before + after)
    longer = days_before / days_after
    return _odds(low) * longer, _odds(high) * longer


def rates_interval(reached: float, asked: float, reached_later: float, asked_later: float) -> Interval | None:
    """Two rates as counts -> the interval of the later less the earlier one (Newcombe); None without a whole."""
    if asked <= 0 or asked_later <= 0:
        return None
    first, second = _share(reached, asked), _share(reached_later, asked_later)
    (low, high), (low_later, high_later) = (
        rate_interval(reached, asked),
        rate_interval(reached_later, asked_later),
    )
    difference = second - first
    return (
        difference - sqrt((second - low_later) ** 2 + (high - first) ** 2),
        difference + sqrt((high_later - second) ** 2 + (first - low) ** 2),
    )


def means_interval(before: Sequence[float], after: Sequence[float]) -> Interval | None:
    """Values measured in two periods -> the interval of the later mean less the earlier (Welch); None below three each.

    None too where no value differs from its period's others: that says nothing of chance.
    """
    if min(len(before), len(after)) < 3:
        return None
    parts = [variance(values) / len(values) for values in (before, after)]
    difference, spread = fmean(after) - fmean(before), sum(parts)
    if spread == 0:
        return None
    freedom = spread**2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (before, after), strict=True)
    )
    reach = _student(freedom) * sqrt(spread)
    return difference - reach, difference + reach


def _share(reached: float, asked: float) -> float:
    return reached / max(reached, asked)


def _odds(share: float) -> float:
    return inf if share >= 1 else share / (1 - share)


def _student(freedom: float) -> float:
    """Degrees of freedom -> the two-sided 95% point of Student's t."""
    point = (
        Z
        + (Z**3 + Z) / (4 * freedom)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * freedom**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * freedom**3)
        + (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / (92160 * freedom**4)
    )  # Cornish and Fisher: exact to the last digits from some hundred degrees on, and where to begin below
    if freedom > 500:
        return point
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    for _ in range(20):
        density = scale * (1 + point**2 / freedom) ** (-(freedom + 1) / 2)
        step = (_beyond(point, freedom) - _OUTSIDE) / (2 * density)
        point += step
        if abs(step) < 1e-13 * point:
            break
    return point


def _beyond(point: float, freedom: float) -> float:
    """A point of Student's t -> how likely it is to be farther out on either side (an incomplete beta function)."""
    x, a, b = freedom / (freedom + point**2), freedom / 2, 0.5
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    whole = d
    for m in range(1, 1_000):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + part * d), 1 + part / c
            whole *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return whole

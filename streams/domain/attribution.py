"""Credit of one conversion over the touches of its path, and money over credit: integers that always add up.

Parts are 10⁻⁹ of one conversion. Every split is by largest remainder, ties to the earlier touch (rulings.md, metrics.md).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final, NamedTuple

PARTS: Final = 1_000_000_000
MODELS: Final = ("first", "last", "linear", "time_decay", "position")
DATA_DRIVEN: Final = ("markov", "markov_2", "shapley")
DAY_US: Final = 86_400_000_000

Split = tuple[int, ...]
Credit = tuple[Split, Split, Split, Split, Split]


class AttributionSettings(NamedTuple):
    """Rules of credit; `window_days` 1–365, `half_life_days` > 0, `position` in percent, `windows` days per stage."""

    window_days: int = 90
    half_life_days: float = 7.0
    position: tuple[float, float, float] = (40, 20, 40)
    direct: str = "drop"
    told: str = "fill"
    windows: Mapping[str, int] = {}

    def window_of(self, stage: str) -> int:
        """Days in which a touch may lie before a conversion of this stage."""
        return self.windows.get(stage, self.window_days) if self.windows else self.window_days


def split_whole(whole: int, weights: Sequence[int]) -> Split:
    """Split `whole` ≥ 0 in proportion to non-negative integer weights: largest remainder, ties to the earlier."""
    total = sum(weights)
    shares = [0] * len(weights)
    remainders = []
    left = whole
    for index, weight in enumerate(weights):
        product = whole * weight
        share = product // total
        shares[index] = share
        left -= share
        remainders.append((-(product - share * total), index))
    if left:
        remainders.sort()
        for _, index in remainders[:left]:
            shares[index] += 1
    return tuple(shares)


def split_money(amount: int, credit: Split) -> Split:
    """Split won over the parts of a conversion's credit; a refund is the mirror of its absolute value."""
    if len(credit) == 1:
        return (amount,)
    if amount < 0:
        return tuple([-share for share in split_whole(-amount, credit)])
    return split_whole(amount, credit)


@lru_cache(maxsize=4096)
def _first(touches: int) -> Split:
    return (PARTS,) + (0,) * (touches - 1)


@lru_cache(maxsize=4096)
def _last(touches: int) -> Split:
    return (0,) * (touches - 1) + (PARTS,)


@lru_cache(maxsize=4096)
def _linear(touches: int) -> Split:
    return split_whole(PARTS, (1,) * touches)


@lru_cache(maxsize=4096)
def _position(touches: int, shares: tuple[float, float, float]) -> Split:
    """First, middle and last shares; the middle evenly; two touches are always 50/50, one gets all."""
    if touches <= 2:
        return _linear(touches)
    first, middle, last = (Fraction(str(share)) for share in shares)
    between = touches - 2
    exact = [first * between, *[middle] * between, last * between]
    if not sum(exact):
        return _linear(touches)
    scale = lcm(*(share.denominator for share in exact))
    return split_whole(PARTS, [int(share * scale) for share in exact])


def time_decay(times: Sequence[int], half_life_days: float) -> Split:
    """2^(−(newest − t)/half-life) in float64, normalised; `times` are epoch microseconds."""
    count = len(times)
    if count == 1:
        return (PARTS,)
    newest = max(times)
    half_life = half_life_days * DAY_US
    # 62 bits keep a weight of 2⁻⁹ or more exact and one of 2⁻³² to a part in 2³⁰: the split itself is then exact.
    weights = [int(2.0 ** (-(newest - at) / half_life) * 4611686018427387904.0) for at in times]
    return split_whole(PARTS, weights)


def credit(times: Sequence[int], settings: AttributionSettings) -> Credit:
    """Parts per touch of all five rule models, in the order of `MODELS`, for a path in order of time."""
    count = len(times)
    return (
        _first(count),
        _last(count),
        _linear(count),
        time_decay(times, settings.half_life_days),
        _position(count, settings.position),
    )

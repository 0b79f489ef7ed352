"""Whole things split into whole parts: credits, won, days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

PARTS = 1_000_000_000
MODELS = ("first", "last", "linear", "time_decay", "position")


def split(total: int, weights: Sequence[Fraction]) -> list[int]:
    """A whole amount over weights by largest remainder; ties go to the earlier place; a refund is mirrored."""
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(weights)
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def credits_of(
    times: Sequence[datetime],
    channels: Sequence[str],
    *,
    half_life_days: Fraction,
    position: Sequence[Fraction],
    direct: str,
) -> list[list[int]]:
    """The parts of each touch of one ordered path under each of MODELS; dropped direct touches get 0."""
    kept = [place for place, channel in enumerate(channels) if channel != "direct" or direct == "keep"]
    kept = kept or list(range(len(channels)))
    weights = _weights([times[place] for place in kept], half_life_days, position)
    credit = []
    for model in MODELS:
        parts = [0] * len(channels)
        for place, part in zip(kept, split(PARTS, weights[model]), strict=True):
            parts[place] = part
        credit.append(parts)
    return credit


def _weights(
    times: Sequence[datetime], half_life_days: Fraction, position: Sequence[Fraction]
) -> dict[str, list[Fraction]]:
    count = len(times)
    one, none = Fraction(1), Fraction(0)
    half_life = float(half_life_days * 86_400_000_000)
    ages = [(times[-1] - time) // timedelta(microseconds=1) for time in times]
    if count <= 2:
        shaped = [one] * count
    else:
        first, middle, last = position
        shaped = [first, *[middle / (count - 2)] * (count - 2), last]
    return {
        "first": [one, *[none] * (count - 1)],
        "last": [*[none] * (count - 1), one],
        "linear": [one] * count,
        "time_decay": [Fraction(2.0 ** -(age / half_life)) for age in ages],
        "position": shaped,
    }

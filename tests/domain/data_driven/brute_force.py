"""The data-driven models once more, from their definitions alone: fractions, no cleverness, fit for small corpora."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import permutations

Path = tuple[str, ...]
Journeys = list[tuple[Path, bool]]  # the channels in order, and whether the journey ended in a conversion


def listed(converting: Mapping[Path, int], lost: Mapping[Path, int]) -> Journeys:
    """One item a journey."""
    return [
        (path, converted)
        for counted, converted in ((converting, True), (lost, False))
        for path, times in counted.items()
        for _ in range(times)
    ]


def conversion_probability(journeys: Journeys, order: int, removed: str | None = None) -> Fraction:
    """P(start reaches conversion) on the chain of this order; what enters a state of `removed` goes to null instead."""
    counted: dict[Path, dict[Path | bool, int]] = {}
    for path, converted in journeys:
        state: Path = ()
        for end in range(1, len(path) + 1):
            entered = path[max(0, end - order) : end]
            leaving = counted.setdefault(state, {})
            leaving[entered] = leaving.get(entered, 0) + 1
            state = entered
        leaving = counted.setdefault(state, {})
        leaving[converted] = leaving.get(converted, 0) + 1
    states = list(counted)
    place = {state: index for index, state in enumerate(states)}
    # p = Q p + r, one equation a state
    rows = []
    for state in states:
        row = [Fraction(0)] * (len(states) + 1)
        row[place[state]] += 1
        whole = sum(counted[state].values())
        for target, times in counted[state].items():
            if target is True:
                row[-1] += Fraction(times, whole)
            elif target is not False and target[-1] != removed:
                row[place[target]] -= Fraction(times, whole)
        rows.append(row)
    return _solved(rows)[place[()]]


def _solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """The solution of a square system, its right-hand side in the last column."""
    size = len(rows)
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [value / head for value in rows[column]]
        for row in range(size):
            if row != column and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def removal_effects(journeys: Journeys, order: int) -> dict[str, Fraction]:
    """By channel the part of the conversion probability that goes with it."""
    whole = conversion_probability(journeys, order)
    channels = {channel for path, _ in journeys for channel in path}
    return {c: 1 - conversion_probability(journeys, order, c) / whole for c in channels}


def shapley_values(journeys: Journeys) -> dict[str, Fraction]:
    """By channel what it adds on average over every order in which the channels could come."""
    channels = sorted({channel for path, _ in journeys for channel in path})

    def worth(present: set[str]) -> int:
        return sum(converted and set(path) <= present for path, converted in journeys)

    added = dict.fromkeys(channels, Fraction(0))
    orders = list(permutations(channels))
    for order in orders:
        present: set[str] = set()
        for channel in order:
            before = worth(present)
            present.add(channel)
            added[channel] += worth(present) - before
    return {channel: value / len(orders) for channel, value in added.items()}

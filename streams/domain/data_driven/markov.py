"""Removal effects on an absorbing Markov chain of order k, solved exactly, never simulated.

States are the last k channels of a journey, after `start`; every journey ends in `conversion` or `null`; transitions are
counted over all journeys, self-transitions among them. A channel's removal effect is the part of the conversions that
would be lost if every visit to it led to null instead: P(conversion and a visit to it) / P(conversion) (E. Anderl,
I. Becker, F. v. Wangenheim, J. H. Schumann, Mapping the customer journey, IJRM 33(3), 2016; the same reading of order k
as R's ChannelAttribution, which simulates it). For order 1 a self-transition changes nothing: how often a state is
repeated does not change where it leads.

The chain's rows are counts of journeys, not probabilities. A state is eliminated by handing what enters it on to where
it leads, in proportion (W. K. Grassmann, M. I. Taksar, D. P. Heyman, Operations Research 33(5), 1985): no subtraction, so
no digit is lost to one. What `start` then hands straight to `conversion` when only one channel's states are left is what
converts without that channel. Halving the channels again and again finds this for all of them at about the price of one.
Sums go in a fixed order and elementwise: the same bits on any machine.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.data_driven.corpus import Corpus, Path
from streams.domain.data_driven.resampling import Counts

Numbers = NDArray[np.float64]
Pattern = NDArray[np.bool_]
CELLS_AT_ONCE: Final = 1 << 21
GRAIN: Final = 2.0**40
MANY_STATES: Final = 200
_START: Final = 0


class Chain:
    """The chain of one corpus: which transitions there are, and which journeys make them."""

    def __init__(self, corpus: Corpus, channels: Sequence[str], order: int, draws: int) -> None:
        self._channels = len(channels)
        last = [_states(group.path, order) for group in corpus.groups]
        place = {channel: index for index, channel in enumerate(channels)}
        states = sorted({state for one in last for state in one}, key=lambda s: (place[s[-1]], s))
        number = {state: index for index, state in enumerate(states, start=1)}
        self.states = len(states)
        self.draws = draws if self.states <= MANY_STATES else draws // 5
        sizes = [0] * len(channels)
        for state in states:
            sizes[place[state[-1]]] += 1
        conversion, null = self.states + 1, self.states + 2
        found: dict[tuple[int, int], int] = {}
        steps: list[int] = []
        groups: list[int] = []
        for index, (group, one) in enumerate(zip(corpus.groups, last, strict=True)):
            at = _START
            for state in one:
                to = number[state]
                steps.append(found.setdefault((at, to), len(found)))
                groups.append(index)
                at = to
            steps.append(found.setdefault((at, conversion if group.converted else null), len(found)))
            groups.append(index)
        self._from = np.array([at for at, _ in found], dtype=np.int64)
        self._to = np.array([to for _, to in found], dtype=np.int64)
        self._steps = np.array(steps, dtype=np.int64)
        self._groups = np.array(groups, dtype=np.int64)
        pattern = np.zeros((self.states + 3, self.states + 3), dtype=np.bool_)
        pattern[self._from, self._to] = True
        self._plan = _plan(pattern, list(enumerate(sizes)), range(0))
        self._converted = np.array([group.converted for group in corpus.groups], dtype=np.int64)

    def values(self, counts: Counts) -> list[list[int]]:
        """Each draw's removal effects as whole numbers of a grain far above what rounding leaves in them."""
        at_once = max(1, CELLS_AT_ONCE // (self.states + 3) ** 2)
        rows: list[list[int]] = []
        for at in range(0, len(counts), at_once):
            effects = self._effects(counts[at : at + at_once])
            rows += np.floor(effects * GRAIN + 0.5).astype(np.int64).tolist()
        return rows

    def removal_effects(self, counts: Counts) -> list[list[float]]:
        """The effect of removing each channel, a row a draw; 0 for all in a draw without a conversion."""
        return [[value / GRAIN for value in row] for row in self.values(counts)]

    def _effects(self, counts: Counts) -> Numbers:
        draws = len(counts)
        steps = np.array(
            [np.bincount(self._steps, weights=one[self._groups], minlength=len(self._from)) for one in counts]
        )
        flow = np.zeros((self.states + 3, self.states + 3, draws))
        flow[self._from, self._to] = steps.T
        kept = np.zeros((self._channels, draws))
        _follow(self._plan, flow, kept)
        conversions = np.add.accumulate(counts * self._converted, axis=1)[:, -1].astype(np.float64)
        lost = np.maximum(conversions - kept, 0.0) / np.where(conversions > 0.0, conversions, 1.0)
        return lost.T


def _states(path: Path, order: int) -> list[Path]:
    return [path[max(0, end - order) : end] for end in range(1, len(path) + 1)]


class _Step(NamedTuple):
    """A state to eliminate, the states it is entered from, and where it leads."""

    state: int
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]


class _Plan(NamedTuple):
    """How to leave only the states of some channels: what to eliminate, what stays, and how to go on to each half."""

    channel: int
    steps: list[_Step]
    kept: NDArray[np.int64]
    halves: tuple["_Plan", ...]


def _plan(pattern: Pattern, channels: list[tuple[int, int]], eliminated: range) -> _Plan:
    """The plan for `channels` (number, how many states), whose states follow `start`, once `eliminated` are gone."""
    pattern = pattern.copy()
    steps: list[_Step] = []
    left = list(eliminated)
    while left:
        through = pattern[:, left].sum(axis=0) * pattern[left].sum(axis=1)
        state = left.pop(int(np.argmin(through)))
        pattern[state, state] = False
        step = _Step(state, np.flatnonzero(pattern[:, state]), np.flatnonzero(pattern[state]))
        pattern[:, state] = pattern[state] = False
        pattern[np.ix_(step.sources, step.targets)] = True
        steps.append(step)
    kept = np.delete(np.arange(len(pattern)), eliminated)
    if len(channels) == 1:
        return _Plan(channels[0][0], steps, kept, ())
    pattern = pattern[np.ix_(kept, kept)]
    half = len(channels) // 2
    middle = 1 + sum(size for _, size in channels[:half])
    end = 1 + sum(size for _, size in channels)
    first = _plan(pattern, channels[:half], range(middle, end))
    return _Plan(-1, steps, kept, (first, _plan(pattern, channels[half:], range(1, middle))))


def _follow(plan: _Plan, flow: Numbers, kept: Numbers) -> None:
    """Fill in `kept`, by channel: the conversions that never visit it; `flow` is used up."""
    for state, sources, targets in plan.steps:
        onward = flow[state, targets]
        total = np.add.accumulate(onward, axis=0)[-1]
        share = onward / np.where(total > 0.0, total, 1.0)
        flow[sources[:, None], targets] += flow[sources, state][:, None, :] * share
    if not plan.halves:
        kept[plan.channel] = flow[_START, -2]
        return
    flow = flow[np.ix_(plan.kept, plan.kept)]
    first, second = plan.halves
    _follow(first, flow.copy(), kept)
    _follow(second, flow, kept)

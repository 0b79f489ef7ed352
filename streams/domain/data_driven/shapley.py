"""Shapley values of the channels: each conversion shared evenly by the channels that its journey cannot do without.

The worth of a set of channels is the number of conversions whose journeys use no channel outside it: what would be left
if all the others were removed, as the Markov models remove one. That game is a sum of unanimity games, one a journey, so
its Shapley value is Σ conversions(T) / |T| over the channel sets T with the channel in them: exact for any number of
channels, without going through their 2ⁿ sets (K. Zhao, S. H. Mahboobi, S. R. Bagheri, Shapley Value Methods for
Attribution Modeling in Online Advertising, arXiv:1804.05327, 2018; L. S. Shapley, A Value for n-Person Games, 1953).
"""

from collections.abc import Sequence
from math import lcm

import numpy as np

from streams.domain.data_driven.corpus import Corpus
from streams.domain.data_driven.resampling import Counts


class Sharing:
    """Which channels share the conversions of which groups."""

    def __init__(self, corpus: Corpus, channels: Sequence[str], draws: int) -> None:
        self.draws = draws
        place = {channel: index for index, channel in enumerate(channels)}
        sets = [sorted(set(group.path)) if group.converted else [] for group in corpus.groups]
        self._channels = len(channels)
        self._sizes = max(len(one) for one in sets)
        self._unit = lcm(*range(1, self._sizes + 1))
        cells = [place[channel] * self._sizes + len(one) - 1 for one in sets for channel in one]
        self._cells = np.array(cells, dtype=np.int64)
        self._groups = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
        self._converted = np.array([group.converted for group in corpus.groups], dtype=np.int64)

    def values(self, counts: Counts) -> list[list[int]]:
        """Each draw's Shapley values in one unit that makes them all whole: exact."""
        parts = [self._unit // size for size in range(1, self._sizes + 1)]
        return [
            [sum(shared * part for shared, part in zip(row, parts, strict=True)) for row in self._shared(one)]
            for one in counts
        ]

    def removal_effects(self, counts: Counts) -> list[list[float]]:
        """Each draw's part of the conversions with the channel on their path: what the game loses without it."""
        conversions = [int(one) for one in np.add.accumulate(counts * self._converted, axis=1)[:, -1]]
        return [
            [sum(row) / (whole or 1) for row in self._shared(one)]
            for one, whole in zip(counts, conversions, strict=True)
        ]

    def _shared(self, counts: Counts) -> list[list[int]]:
        """Conversions of one draw by channel and by how many channels share them (1 …)."""
        found = np.bincount(self._cells, weights=counts[self._groups], minlength=self._channels * self._sizes)
        rows: list[list[int]] = found.astype(np.int64).reshape(self._channels, self._sizes).tolist()
        return rows

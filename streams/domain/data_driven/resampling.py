"""The bootstrap: journeys drawn again with replacement, by integers alone, the same on any machine."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.data_driven.corpus import Corpus

AT_ONCE: Final = 1 << 20  # journeys drawn, or counts kept, at a time: what bounds the memory
Counts = NDArray[np.int64]

_STEP: Final = 0x9E3779B97F4A7C15
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32))


def random_words(seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """Words `first` … of SplitMix64 begun at `seed` (Steele, Lea, Flood: OOPSLA 2014): word n is a function of n alone."""
    word = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    word *= np.uint64(_STEP)
    word += np.uint64(seed)
    word ^= word >> _SHIFTS[0]
    word *= _MIX[0]
    word ^= word >> _SHIFTS[1]
    word *= _MIX[1]
    word ^= word >> _SHIFTS[2]
    return word


def seed_of(*names: str) -> int:
    """A seed from names, so that each site and stage has its own and none depends on another."""
    return int.from_bytes(sha256("\0".join(names).encode()).digest()[:8], "little")


def counts_of(corpus: Corpus) -> Counts:
    """How many journeys there are of each group, as they are: one row."""
    return np.array([[group.times for group in corpus.groups]], dtype=np.int64)


def resampled(corpus: Corpus, seed: int, draws: int) -> Iterator[Counts]:
    """How many journeys of each group `draws` draws of as many journeys give: a row a draw, in blocks of rows."""
    counts = counts_of(corpus)[0]
    pool = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    at_once, drawn_at_once = max(1, AT_ONCE // len(counts)), max(1, AT_ONCE // len(pool))
    for first in range(0, draws, at_once):
        end = min(first + at_once, draws)
        pieces = [
            _drawn(pool, len(counts), seed, at, min(drawn_at_once, end - at))
            for at in range(first, end, drawn_at_once)
        ]
        yield np.concatenate(pieces)


def _drawn(pool: Counts, groups: int, seed: int, first: int, rows: int) -> Counts:
    """Draws `first` …: a random word's upper half, as a fraction, picks one journey of the pool."""
    journeys = len(pool)
    picked = random_words(seed, first * journeys, rows * journeys) >> _SHIFTS[3]
    picked *= np.uint64(journeys)
    picked >>= _SHIFTS[3]
    drawn = pool[picked.astype(np.int64)].reshape(rows, journeys)
    drawn += (np.arange(rows, dtype=np.int64) * groups)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups)

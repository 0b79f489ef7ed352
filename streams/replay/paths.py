"""Paths to conversions by column, and the parts of every rule model on them, equal to `streams.domain.attribution`."""

from typing import Any, Final, NamedTuple

import numpy as np

from streams.domain.attribution import DAY_US, MODELS, PARTS, AttributionSettings, credit, time_decay
from streams.replay.usual_columns import Mask, Numbers

_NOT_SURE: Final = 1e-4  # of a part: nearer than this to a tie, float64 leaves the split to whole numbers
_DECAY: Final = MODELS.index("time_decay")


class Sessions(NamedTuple):
    """Sessions in order of (person, at, id): `event` is the index of the first hit, the others are codes or numbers."""

    event: Numbers
    person: Numbers
    at: Numbers
    channel: Numbers
    campaign: Numbers


class Paths(NamedTuple):
    """Paths one after the other: conversion i has steps offsets[i]:offsets[i+1]; a touch beyond all is no touch."""

    offsets: Numbers
    conversion_of: Numbers
    touch: Numbers
    at: Numbers
    conversion: Numbers  # by stage and unit, -1 for none


def paths_to(
    touches: Sessions, person: Numbers, at: Numbers, window: Numbers, direct: Mask, keep: str
) -> Paths:
    """Touches in (at − window … at) of each conversion's person, direct dropped where others are there."""
    begin = np.searchsorted(touches.person, person, "left")
    end = np.searchsorted(touches.person, person, "right")
    low = _bisect(touches.at, begin, end, at - window)
    high = _bisect(touches.at, begin, end, at + 1)
    lengths = high - low
    conversions = len(at)
    of = np.repeat(np.arange(conversions), lengths)
    begun = np.cumsum(lengths) - lengths
    touch = np.arange(int(lengths.sum())) - np.repeat(begun - low, lengths)
    if keep == "drop" and len(touch):
        other = ~direct[touch]
        others = np.bincount(of[other], minlength=conversions)
        kept = other | (others[of] == 0)
        of, touch = of[kept], touch[kept]
        lengths = np.bincount(of, minlength=conversions)
    sizes = np.maximum(lengths, 1)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    conversion_of = np.repeat(np.arange(conversions), sizes)
    steps = np.full(int(offsets[-1]), len(touches.at))
    begun = np.cumsum(lengths) - lengths
    steps[offsets[of] + np.arange(len(of)) - begun[of]] = touch
    times = at[conversion_of]
    there = steps < len(touches.at)
    times[there] = touches.at[steps[there]]
    return Paths(offsets, conversion_of, steps, times, np.zeros((0, 0), np.int64))


def _bisect(values: Numbers, low: Numbers, high: Numbers, wanted: Numbers) -> Numbers:
    """The first place in each [low, high) of sorted values that is not below what is wanted."""
    low, high = low.copy(), high.copy()
    open_ = np.flatnonzero(low < high)
    while len(open_):
        middle = (low[open_] + high[open_]) // 2
        below = values[middle] < wanted[open_]
        low[open_[below]] = middle[below] + 1
        high[open_[~below]] = middle[~below]
        open_ = open_[low[open_] < high[open_]]
    return low


def credits_of(paths: Paths, settings: AttributionSettings) -> Numbers:
    """Parts per model and step."""
    sizes = np.diff(paths.offsets)
    credits = np.zeros((len(MODELS), len(paths.touch)), np.int64)
    newest = np.maximum.reduceat(paths.at, paths.offsets[:-1]) if len(sizes) else paths.at
    half_life = settings.half_life_days * DAY_US
    ages = (-(newest[paths.conversion_of] - paths.at) / half_life).tolist()
    weights = np.floor(np.array([2.0**age for age in ages]) * 4611686018427387904.0)
    for size in np.unique(sizes).tolist():
        of = np.flatnonzero(sizes == size)
        steps = paths.offsets[of][:, None] + np.arange(size)
        for model, parts in enumerate(credit((0,) * size, settings)):
            if model != _DECAY:
                credits[model][steps] = parts
        credits[_DECAY][steps] = _decayed(weights[steps], paths.at[steps], settings.half_life_days)
    return credits


def _decayed(weights: Any, at: Numbers, half_life_days: float) -> Numbers:
    """Largest remainder by float64 where it is sure, else by whole numbers, for paths of one length."""
    shares = weights * (PARTS / weights.sum(axis=1))[:, None]
    whole = np.floor(shares)
    rest = shares - whole
    parts: Numbers = whole.astype(np.int64)
    left = PARTS - parts.sum(axis=1)
    ordered = np.argsort(-rest, axis=1, kind="stable")
    ranks = np.empty_like(ordered)
    np.put_along_axis(ranks, ordered, np.broadcast_to(np.arange(ordered.shape[1]), ordered.shape), axis=1)
    parts += ranks < left[:, None]
    sorted_rest = np.take_along_axis(rest, ordered, axis=1)
    unsure = (rest < _NOT_SURE).any(axis=1) | (rest > 1 - _NOT_SURE).any(axis=1)
    unsure |= (np.abs(np.diff(sorted_rest, axis=1)) < _NOT_SURE).any(axis=1)
    for row in np.flatnonzero(unsure).tolist():
        parts[row] = time_decay(at[row].tolist(), half_life_days)
    return parts

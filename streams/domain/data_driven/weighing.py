"""A site's conversions and journeys in, the weight of every channel and the credit of every conversion out.

A model's weights are shares of 1,000,000,000 parts over the channels of one site and stage. The credit of a conversion
is these weights restricted to the channels on its path; touches of one channel share its part evenly. Where none of
them weighs anything, the touches share evenly.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import lcm
from typing import Final, NamedTuple

from streams.domain.attribution import PARTS, AttributionSettings, Split, split_whole
from streams.domain.data_driven.corpus import Corpus, LedPath, Path, Seen, corpora
from streams.domain.data_driven.markov import Chain
from streams.domain.data_driven.resampling import counts_of, resampled, seed_of
from streams.domain.data_driven.shapley import Sharing

ORDERS: Final = {"markov": 1, "markov_2": 2}
TOO_FEW: Final = 100  # conversions; there the 95% interval of a share near one half is ±10 points
OUTSIDE: Final = 40  # one draw in so many lies below the interval, one above: 95%
DRAWS: Final = 200  # of the bootstrap; a fifth of it for a chain of more than MANY_STATES states


class ModelWeight(NamedTuple):
    """What one channel weighs under one model, its bootstrap interval, and the corpus behind it."""

    stage: str
    model: str
    channel: str
    weight_parts: int
    low: float
    high: float
    removal_effect: float
    conversions: int
    journeys: int
    too_few: bool


class Weighed(NamedTuple):
    """Per conversion one split for each model asked, in its order, and the weights they come from."""

    credits: dict[str, tuple[Split, ...]]
    weights: list[ModelWeight]


def weigh(
    site: str,
    paths: Iterable[LedPath],
    journeys: Mapping[str, Sequence[Seen]],
    rules: AttributionSettings,
    word_of_mouth: frozenset[str],
    models: Sequence[str],
) -> Weighed:
    """Fit `models` to each stage of one site and credit each conversion; the order of what comes in is irrelevant."""
    paths = list(paths)
    weights: list[ModelWeight] = []
    for stage, corpus in corpora(paths, journeys, rules, word_of_mouth).items():
        weights += fit(site, stage, corpus, models)
    parts: dict[tuple[str, str], dict[str, int]] = {}
    for one in weights:
        parts.setdefault((one.stage, one.model), {})[one.channel] = one.weight_parts
    known: dict[tuple[str, Path], tuple[Split, ...]] = {}
    credits: dict[str, tuple[Split, ...]] = {}
    for path in paths:
        key = path.stage, path.channels
        if key not in known:
            known[key] = tuple(credit(path.channels, parts.get((path.stage, model), {})) for model in models)
        credits[path.conversion_id] = known[key]
    return Weighed(credits, weights)


def credit(channels: Path, parts: Mapping[str, int]) -> Split:
    """Parts per touch of a path from the parts of each channel."""
    touches = Counter(channels)
    even = lcm(*touches.values())
    weights = [parts.get(channel, 0) * (even // touches[channel]) for channel in channels]
    return split_whole(PARTS, weights if any(weights) else [1] * len(channels))


def fit(
    site: str, stage: str, corpus: Corpus, models: Sequence[str], draws: int = DRAWS
) -> list[ModelWeight]:
    """The weights of every channel of a corpus under each model, by model, then channel; none without a conversion."""
    if not corpus.conversions:
        return []
    channels = sorted({channel for group in corpus.groups for channel in group.path})
    learned = [_learned(model, corpus, channels, draws) for model in models]
    drawn: list[list[list[float]]] = [[] for _ in models]
    for counts in resampled(corpus, seed_of(site, stage), draws):
        for one, rows in zip(learned, drawn, strict=True):
            if len(rows) < one.draws:
                rows += [shares(values) for values in one.values(counts[: one.draws - len(rows)])]
    weights: list[ModelWeight] = []
    as_is = counts_of(corpus)
    for model, one, rows in zip(models, learned, drawn, strict=True):
        parts = split_whole(PARTS, one.values(as_is)[0])
        effects = one.removal_effects(as_is)[0]
        for channel, weight, between, effect in zip(channels, parts, intervals(rows), effects, strict=True):
            few = corpus.conversions < TOO_FEW
            low, high = between
            weights.append(
                ModelWeight(
                    stage, model, channel, weight, low, high, effect, corpus.conversions, corpus.journeys, few
                )
            )
    return weights


def _learned(model: str, corpus: Corpus, channels: Sequence[str], draws: int) -> Chain | Sharing:
    if model in ORDERS:
        return Chain(corpus, channels, ORDERS[model], draws)
    return Sharing(corpus, channels, draws)


def shares(values: Sequence[int]) -> list[float]:
    """Each value's part of their sum; all 0 where the sum is."""
    total = sum(values) or 1
    return [value / total for value in values]


def intervals(drawn: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """The middle 95% of each channel's drawn shares, by rank; `drawn` holds a row a draw."""
    cut = len(drawn) // OUTSIDE - 1
    ranked = [sorted(shares_drawn) for shares_drawn in zip(*drawn, strict=True)]
    return [(one[cut], one[-1 - cut]) for one in ranked]

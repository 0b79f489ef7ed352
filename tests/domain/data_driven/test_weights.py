"""Removal effects and Shapley values: figures worked out by hand, the definitions by brute force, and what must hold."""

import random
from collections import Counter
from fractions import Fraction

import pytest

from streams.domain.attribution import DATA_DRIVEN, PARTS
from streams.domain.data_driven.corpus import Corpus, corpus_of
from streams.domain.data_driven.markov import Chain
from streams.domain.data_driven.weighing import DRAWS, ModelWeight, fit
from tests.domain.data_driven.brute_force import (
    Path,
    conversion_probability,
    listed,
    removal_effects,
    shapley_values,
)

Counted = Counter[Path]
FEWEST = 40  # draws of which an interval can be told: enough where none is looked at


def counted(*paths: str) -> Counted:
    """`"a>b"` or `"a>b *3"`: paths and how often."""
    found: Counted = Counter()
    for one in paths:
        path, _, times = one.partition(" *")
        found[tuple(path.split(">"))] += int(times or 1)
    return found


def weights(corpus: Corpus, model: str, draws: int = DRAWS) -> dict[str, ModelWeight]:
    return {one.channel: one for one in fit("center", "inquiry", corpus, [model], draws)}


def effects(corpus: Corpus, model: str) -> dict[str, float]:
    return {channel: one.removal_effect for channel, one in weights(corpus, model, FEWEST).items()}


def parts(corpus: Corpus, model: str) -> dict[str, int]:
    return {channel: one.weight_parts for channel, one in weights(corpus, model, FEWEST).items()}


def random_journeys(draw: random.Random, channels: str = "abcde") -> tuple[Counted, Counted]:
    """Few short journeys with repeats and loops, at least one of which converts."""
    found: tuple[Counted, Counted] = (Counter(), Counter())
    for _ in range(draw.randint(1, 12)):
        path = tuple(draw.choices(channels, k=draw.randint(1, 6)))
        found[draw.random() < 0.5][path] += draw.randint(1, 4)
    found[0][tuple(draw.choices(channels, k=2))] += 1
    return found


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_the_textbook_example_of_three_paths() -> None:
    """P = ⅔·½·½ + ⅓·½ = ⅓; without c1 ⅓·½ = ⅙: half is lost; without c2 or c3 all is. ½ : 1 : 1 = 20 : 40 : 40%."""
    corpus = corpus_of(counted("c1>c2>c3"), counted("c1", "c2>c3"))
    assert effects(corpus, "markov") == {"c1": 0.5, "c2": 1.0, "c3": 1.0}
    assert parts(corpus, "markov") == {"c1": 200_000_000, "c2": 400_000_000, "c3": 400_000_000}


def test_the_example_of_four_converting_paths_and_a_lost_one() -> None:
    """P = ⅘(½ + ¼·1) + ⅕ = ⅘; without search ⅕: effect ¾; without mail ⅘·½ = ⅖: effect ½. 60 : 40%."""
    corpus = corpus_of(counted("search *2", "mail", "search>mail"), counted("search"))
    assert effects(corpus, "markov") == {"search": 0.75, "mail": 0.5}
    assert parts(corpus, "markov") == {"search": 600_000_000, "mail": 400_000_000}


def test_order_2_remembers_the_touch_before() -> None:
    """a>c always converts, b>c never. Order 1 sees c converting half the time, so b matters as much as a."""
    corpus = corpus_of(counted("a>c"), counted("b>c"))
    assert effects(corpus, "markov") == {"a": 0.5, "b": 0.5, "c": 1.0}
    assert effects(corpus, "markov_2") == {"a": 1.0, "b": 0.0, "c": 1.0}


def test_a_repeated_touch_is_a_state_of_its_own_in_order_2_alone() -> None:
    """Order 1, repeats or not: a converts ⅓ of the time, without c ½·⅓ of ½ is left: effect ⅔.

    Order 2: (a,a) goes on to b half the time, without c ½·½·½ is left: ¾. Collapsed: (a) does, ½·½ is left: ½.
    """
    repeated = corpus_of(counted("a>a>b", "c"), counted("a", "c>a>a"))
    collapsed = corpus_of(counted("a>b", "c"), counted("a", "c>a"))
    assert effects(repeated, "markov") == effects(collapsed, "markov")
    assert effects(repeated, "markov")["c"] == pytest.approx(2 / 3, abs=1e-12)
    assert effects(repeated, "markov_2")["c"] == 0.75
    assert effects(collapsed, "markov_2")["c"] == 0.5


def test_two_channels_share_by_shapley() -> None:
    """v(a) = 6, v(b) = 3, v(ab) = 15: a gets (6 + 15 − 3) / 2 = 9, b (3 + 15 − 6) / 2 = 6."""
    corpus = corpus_of(counted("a *6", "b *3", "a>b *4", "b>a>b *2"), counted("a *100"))
    assert parts(corpus, "shapley") == {"a": 600_000_000, "b": 400_000_000}
    assert effects(corpus, "shapley") == {"a": 12 / 15, "b": 9 / 15}


# -- by brute force ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
def test_removal_effects_are_those_of_the_chain_solved_in_fractions(order: int) -> None:
    draw = random.Random(order)
    for _ in range(60):
        converting, lost = random_journeys(draw)
        journeys = listed(converting, lost)
        found = weights(corpus_of(converting, lost), ("markov", "markov_2")[order - 1], FEWEST)
        expected = removal_effects(journeys, order)
        whole = sum(expected.values())
        assert found.keys() == expected.keys()
        for channel, effect in expected.items():
            assert found[channel].removal_effect == pytest.approx(float(effect), abs=1e-12)
            assert abs(found[channel].weight_parts - PARTS * effect / whole) <= 1


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_chain_converts_as_often_as_the_journeys_did(order: int) -> None:
    """What the removal effects are measured against needs no solving."""
    draw = random.Random(order)
    for _ in range(30):
        converting, lost = random_journeys(draw)
        journeys = listed(converting, lost)
        assert conversion_probability(journeys, order) == Fraction(converting.total(), len(journeys))


def test_shapley_values_are_those_of_every_order_of_coming() -> None:
    draw = random.Random(3)
    for _ in range(60):
        converting, lost = random_journeys(draw)
        corpus = corpus_of(converting, lost)
        expected = shapley_values(listed(converting, lost))
        assert sum(expected.values()) == corpus.conversions
        share = parts(corpus, "shapley")
        exact = {channel: PARTS * value / corpus.conversions for channel, value in expected.items()}
        assert all(abs(share[channel] - value) < 1 for channel, value in exact.items())


# -- what must hold ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", DATA_DRIVEN)
def test_weights_add_up_and_intervals_are_shares(model: str) -> None:
    draw = random.Random(4)
    for _ in range(20):
        corpus = corpus_of(*random_journeys(draw))
        found = weights(corpus, model)
        assert sum(one.weight_parts for one in found.values()) == PARTS
        assert all(0 <= one.low <= one.high <= 1 for one in found.values())
        assert all(0 <= one.removal_effect <= 1 for one in found.values())
        assert {one.journeys for one in found.values()} == {corpus.journeys}


@pytest.mark.parametrize("model", DATA_DRIVEN)
def test_a_channel_that_never_led_anywhere_weighs_nothing(model: str) -> None:
    corpus = corpus_of(counted("a>b *7", "b>a>b *3"), counted("dud>a *5", "a>dud *2", "dud *4", "b"))
    found = weights(corpus, model)["dud"]
    if model == "markov":
        assert (
            found.weight_parts > 0
        )  # order 1 forgets where a was entered from: what goes dud > a may convert
    else:
        assert (found.weight_parts, found.low, found.high, found.removal_effect) == (0, 0.0, 0.0, 0.0)
    lonely = weights(corpus_of(counted("a>b *7"), counted("dud *5", "a>dud")), model)["dud"]
    assert (lonely.weight_parts, lonely.low, lonely.high, lonely.removal_effect) == (0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("model", DATA_DRIVEN)
def test_channels_that_could_change_places_weigh_the_same(model: str) -> None:
    swap = str.maketrans("ad", "da")
    draw = random.Random(5)
    for _ in range(20):
        both: list[Counted] = []
        for half in random_journeys(draw):
            mirrored = Counter({tuple(c.translate(swap) for c in path): n for path, n in half.items()})
            both.append(half + mirrored)
        found = weights(corpus_of(*both), model, FEWEST)
        if "a" in found:
            assert found["a"].removal_effect == found["d"].removal_effect
            assert abs(found["a"].weight_parts - found["d"].weight_parts) <= 1


def test_other_names_for_the_channels_change_only_the_names() -> None:
    """States are eliminated in another order then."""
    draw = random.Random(6)
    names = dict(zip("abcde", "xwvzy", strict=True))
    for _ in range(20):
        converting, lost = random_journeys(draw)
        renamed = [
            Counter({tuple(names[c] for c in path): n for path, n in half.items()})
            for half in (converting, lost)
        ]
        for model in DATA_DRIVEN:
            here, there = effects(corpus_of(converting, lost), model), effects(corpus_of(*renamed), model)
            assert {names[channel]: effect for channel, effect in here.items()} == there


def test_a_stage_that_nobody_reached_by_a_touch_has_no_weights() -> None:
    assert fit("center", "inquiry", corpus_of(Counter(), counted("a>b *9")), DATA_DRIVEN) == []


def test_a_chain_of_many_states_is_solved_exactly_and_drawn_less_often() -> None:
    """20 channels, every pair of them: 420 states."""
    channels = [f"c{number:02}" for number in range(20)]
    pairs = [(a, b) for a in channels for b in channels]
    corpus = corpus_of(Counter({(a, b): 1 for a, b in pairs}), Counter({(b, a, b): 1 for a, b in pairs}))
    chain = Chain(corpus, channels, 2, DRAWS)
    assert (chain.states, chain.draws) == (420, 40)

"""From a site's paths and touches to the credit of each conversion: the corpus, the shares, and their repeatability."""

import os
import random
import subprocess
import sys
from hashlib import sha256
from typing import Any

import pytest

from streams.domain.attribution import DATA_DRIVEN, PARTS, AttributionSettings
from streams.domain.catalog import SiteCatalog
from streams.domain.data_driven.corpus import Group, LedPath, Seen, corpora, corpus_of, last_path
from streams.domain.data_driven.resampling import counts_of, random_words, resampled
from streams.domain.data_driven.weighing import Weighed, credit, fit, weigh
from streams.domain.journeys import path_to
from streams.domain.touches import SESSION, TOLD, Touch

RULES = AttributionSettings()
FRIENDS = frozenset({"referral"})
DAY = 86_400_000_000


def seen(channels: str, first_day: int = 1) -> list[Seen]:
    """One touch a day."""
    return [
        Seen((first_day + n) * DAY, f"{first_day}-{n}", channel, False)
        for n, channel in enumerate(channels.split())
    ]


def led(person: str, channels: str, stage: str = "inquiry") -> LedPath:
    return LedPath(f"{person}:{stage}", stage, person, tuple(channels.split()))


# -- the corpus -------------------------------------------------------------------------------------------------------


def test_whoever_reached_the_stage_leaves_its_path_and_everybody_else_a_lost_one() -> None:
    paths = [led("ann", "blog maps"), led("bob", "blog"), led("bob", "blog maps maps", "registration")]
    journeys = {"ann": seen("blog maps sms"), "bob": seen("blog maps maps"), "eve": seen("blog")}
    found = corpora(paths, journeys, RULES, FRIENDS)
    assert found["inquiry"].groups == (
        Group(("blog",), False, 1),
        Group(("blog",), True, 1),
        Group(("blog", "maps"), True, 1),
    )
    assert found["registration"].groups == (
        Group(("blog",), False, 1),
        Group(("blog", "maps", "maps"), True, 1),
        Group(("blog", "maps", "sms"), False, 1),
    )
    assert (found["registration"].conversions, found["registration"].journeys) == (1, 3)


def test_a_conversion_without_a_touch_teaches_nothing_and_stays_unattributed() -> None:
    paths = [led("ann", "unattributed"), led("bob", "blog")]
    weighed = weigh("center", paths, {"bob": seen("blog")}, RULES, FRIENDS, DATA_DRIVEN)
    assert weighed.credits["ann:inquiry"] == ((PARTS,),) * 3
    assert {one.channel for one in weighed.weights} == {"blog"}
    assert {one.conversions for one in weighed.weights} == {1}


def test_each_stage_has_its_own_window() -> None:
    rules = AttributionSettings(window_days=90, windows={"inquiry": 1})
    paths = [led("bob", "sms"), led("bob", "sms", "registration")]
    found = corpora(paths, {"eve": seen("blog maps qr")}, rules, FRIENDS)
    assert found["inquiry"].groups[0].path == ("maps", "qr")
    assert found["registration"].groups[0].path == ("blog", "maps", "qr")


@pytest.mark.parametrize("direct", ["drop", "keep"])
@pytest.mark.parametrize("told", ["fill", "ignore", "count"])
def test_a_lost_path_is_what_a_conversion_at_the_last_touch_would_have_had(direct: str, told: str) -> None:
    draw = random.Random(f"{direct} {told}")
    catalog = SiteCatalog("center", {})
    catalog.attribution = rules = AttributionSettings(window_days=5, direct=direct, told=told)
    for _ in range(300):
        touches = [
            Touch(
                f"t{number}", draw.choice([SESSION, SESSION, TOLD]), draw.randrange(20) * DAY // 2, 0, "",
                draw.choice(["direct", "direct", "blog", "maps", "referral"]), "", "p", "", "", False, "",
            )
            for number in range(draw.randrange(1, 7))
        ]  # fmt: skip
        tracked = sorted((t for t in touches if t.kind != TOLD), key=lambda t: (t.at, t.id))
        said = [t for t in touches if t.kind == TOLD]
        counted = tracked if told == "ignore" else touches
        found = last_path(
            [Seen(t.at, t.id, t.channel, t.kind == TOLD) for t in touches],
            rules.window_days * DAY,
            rules,
            catalog.word_of_mouth,
        )
        if not counted:
            assert found == ()
            continue
        last = max(touch.at for touch in counted)
        steps = path_to("inquiry", last, tracked, [t.at for t in tracked], said, catalog)
        assert found == tuple(step.channel for step in steps)


# -- the credit of one conversion -------------------------------------------------------------------------------------


def test_touches_of_one_channel_share_what_it_weighs_against_the_others_on_the_path() -> None:
    parts = {"blog": 600_000_000, "maps": 200_000_000, "sms": 200_000_000}
    assert credit(("blog", "maps"), parts) == (750_000_000, 250_000_000)
    assert credit(("blog", "maps", "blog"), parts) == (375_000_000, 250_000_000, 375_000_000)
    assert credit(("maps", "maps", "maps"), parts) == (333_333_334, 333_333_333, 333_333_333)


def test_a_path_whose_channels_weigh_nothing_is_shared_evenly() -> None:
    assert credit(("sms", "qr"), {"blog": PARTS}) == (500_000_000, 500_000_000)
    assert credit(("sms", "blog"), {"blog": PARTS}) == (0, PARTS)


def site(draw: random.Random, persons: int) -> tuple[list[LedPath], dict[str, list[Seen]]]:
    """Persons with touches, some of whom reach one or both stages."""
    paths: list[LedPath] = []
    journeys: dict[str, list[Seen]] = {}
    for number in range(persons):
        name = f"p{number}"
        channels = draw.choices(
            ["blog", "maps", "sms", "direct", "qr"], [5, 4, 3, 2, 1], k=draw.randint(1, 5)
        )
        journeys[name] = seen(" ".join(channels))
        kept = [channel for channel in channels if channel != "direct"] or channels
        for stage, chance in (("inquiry", 0.3), ("registration", 0.2)):
            if draw.random() < chance:
                paths.append(led(name, " ".join(kept), stage))
    return paths, journeys


def test_every_conversion_sums_to_one_in_every_model() -> None:
    paths, journeys = site(random.Random(1), 200)
    weighed = weigh("center", paths, journeys, RULES, FRIENDS, DATA_DRIVEN)
    assert weighed.credits.keys() == {path.conversion_id for path in paths}
    for path in paths:
        splits = weighed.credits[path.conversion_id]
        assert [(len(split), sum(split)) for split in splits] == [(len(path.channels), PARTS)] * 3


def test_asking_for_one_model_gives_what_asking_for_all_gives() -> None:
    paths, journeys = site(random.Random(2), 120)
    everything = weigh("center", paths, journeys, RULES, FRIENDS, DATA_DRIVEN)
    for place, model in enumerate(DATA_DRIVEN):
        alone = weigh("center", paths, journeys, RULES, FRIENDS, [model])
        assert alone.weights == [one for one in everything.weights if one.model == model]
        assert alone.credits == {id: (splits[place],) for id, splits in everything.credits.items()}


# -- the bootstrap ----------------------------------------------------------------------------------------------------


def test_the_generator_is_splitmix64() -> None:
    """The first words from seed 1234567, as published with the reference implementation's ports."""
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert random_words(1234567, 0, 4).tolist() == known
    assert random_words(1234567, 2, 2).tolist() == known[2:]


def test_a_draw_has_as_many_journeys_as_there_are_however_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = corpus_of({("a",): 30, ("a", "b"): 7}, {("b",): 63})
    whole = [row for block in resampled(corpus, 9, 50) for row in block.tolist()]
    assert {sum(row) for row in whole} == {100}
    assert len({tuple(row) for row in whole}) > 40
    monkeypatch.setattr("streams.domain.data_driven.resampling.AT_ONCE", 700)
    assert [row for block in resampled(corpus, 9, 50) for row in block.tolist()] == whole
    assert counts_of(corpus).tolist() == [[30, 7, 63]]


@pytest.mark.parametrize("model", DATA_DRIVEN)
def test_an_interval_is_as_wide_as_the_binomial_says(model: str) -> None:
    """One touch a journey: a share is that of the conversions, ±1.96·√(¼ / n); four times as many halve it."""
    for conversions, half in ((100, 0.098), (400, 0.049)):
        corpus = corpus_of({("a",): conversions // 2, ("b",): conversions // 2}, {("a",): conversions})
        one, other = fit("center", "inquiry", corpus, [model])
        assert one.low == pytest.approx(0.5 - half, abs=half / 3)
        assert one.high == pytest.approx(0.5 + half, abs=half / 3)
        assert (other.low, other.high) == pytest.approx((1 - one.high, 1 - one.low))


def test_few_conversions_are_marked() -> None:
    for conversions, few in ((99, True), (100, False)):
        corpus = corpus_of({("a",): conversions}, {("a",): 5_000})
        assert [one.too_few for one in fit("center", "inquiry", corpus, ["shapley"])] == [few]


# -- the same on any machine ------------------------------------------------------------------------------------------


def told(weighed: Weighed) -> str:
    """A digest of everything, to the last bit."""
    return sha256(repr((sorted(weighed.credits.items()), weighed.weights)).encode()).hexdigest()


def test_the_order_of_what_comes_in_is_irrelevant() -> None:
    draw = random.Random(3)
    paths, journeys = site(draw, 150)
    first = weigh("center", paths, journeys, RULES, FRIENDS, DATA_DRIVEN)
    for _ in range(2):
        names = draw.sample(sorted(journeys), len(journeys))
        shuffled = {name: draw.sample(journeys[name], len(journeys[name])) for name in names}
        again = weigh("center", draw.sample(paths, len(paths)), shuffled, RULES, FRIENDS, DATA_DRIVEN)
        assert told(again) == told(first)


KNOWN = "47ea7efba0eaa32d5c06f3e23f6c95cc3d8afac9a862fe385ec214df48e1dc92"


def known_site() -> dict[str, Any]:
    paths, journeys = site(random.Random(4), 150)
    return {"paths": paths, "journeys": journeys, "rules": RULES, "word_of_mouth": FRIENDS}


def test_any_hash_seed_on_any_machine_gives_the_same_bits() -> None:
    """The digest is of the first machine this ran on: a change of the models changes it, nothing else may."""
    said = (
        "from tests.domain.data_driven.test_credit import known_site, told\n"
        "from streams.domain.attribution import DATA_DRIVEN\n"
        "from streams.domain.data_driven.weighing import weigh\n"
        "print(told(weigh('center', models=DATA_DRIVEN, **known_site())))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", said],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Pacific/Apia"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == told(weigh("center", models=DATA_DRIVEN, **known_site())) == KNOWN

"""A pool of numbers: each visitor keeps one, nobody shares one, and an exhausted pool says so."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.doors import admit_entry
from streams.collectors.definitions import Definitions
from streams.collectors.phone.kept import Kept
from streams.collectors.phone.numbers import Given, NumberPool, as_dialled

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def number(place: int, **assignment: Any) -> dict[str, Any]:
    """A tracking number as the catalog defines it."""
    stands = {"id": f"a-{place}", "channel": "paid_search", **assignment}
    body = {"site": "haengbok", "kind": "tracking_number", "id": f"+8270123400{place:02d}"}
    return {**body, "defined_at": "2026-01-01T00:00:00+09:00", "assignments": [stands]}


def pool(home: Path, *numbers: dict[str, Any]) -> tuple[NumberPool, Kept]:
    """A pool of these numbers in a home."""
    definitions = Definitions(home)
    definitions.learn([admit_entry(one, now=NOW) for one in numbers])
    kept = Kept(home)
    return NumberPool(definitions, kept), kept


@pytest.fixture
def three(tmp_path: Path) -> Iterable[NumberPool]:
    """Three numbers in one pool."""
    made, kept = pool(tmp_path, *(number(place, pool="web") for place in range(3)))
    yield made
    kept.close()


def ask(numbers: NumberPool, visitor: str, at: datetime = NOW, wanted: str = "", network: str = "") -> Given:
    """One visitor asks from a network of their own, and what they see is safe in the log."""
    given = numbers.give("haengbok", visitor, wanted, network or f"10.0.0.{hash(visitor)}", now=at)
    numbers.said("haengbok", visitor, given, now=at)
    return given


def test_the_same_visitor_keeps_the_number_with_every_heartbeat(three: NumberPool) -> None:
    given = [ask(three, "v1", NOW + 5 * beat * MINUTE) for beat in range(40)]
    assert len({one.number for one in given}) == 1 and all(one.news for one in given)


def test_no_two_visitors_share_a_number(three: NumberPool) -> None:
    assert len({ask(three, visitor).number for visitor in ("v1", "v2", "v3")}) == 3


def test_an_exhausted_pool_says_so_and_gives_nobody_elses_number(three: NumberPool) -> None:
    for visitor in ("v1", "v2", "v3"):
        ask(three, visitor)
    assert ask(three, "v4") == Given(None, "none", exhausted="")
    assert ask(three, "v4", wanted="web") == Given(None, "none", exhausted="web")


def test_a_number_is_free_again_thirty_minutes_after_the_last_heartbeat(three: NumberPool) -> None:
    first = ask(three, "v1").number
    for visitor in ("v2", "v3"):
        ask(three, visitor, NOW + MINUTE)
    almost = NOW + 30 * MINUTE - timedelta(seconds=1)
    assert ask(three, "v4", almost).number is None
    assert ask(three, "v4", NOW + 30 * MINUTE).number == first


def test_a_visitor_who_returns_gets_the_old_number_while_nobody_else_has_it(three: NumberPool) -> None:
    first = ask(three, "v1").number
    assert ask(three, "v1", NOW + 24 * 60 * MINUTE).number == first
    for visitor in ("v2", "v3", "v4"):
        ask(three, visitor, NOW + 48 * 60 * MINUTE)
    assert ask(three, "v1", NOW + 48 * 60 * MINUTE).number is None


def test_the_number_longest_unseen_is_given_next(three: NumberPool) -> None:
    order = [ask(three, f"v{turn}", NOW + turn * 11 * MINUTE).number for turn in range(9)]
    assert order[:3] == order[3:6] == order[6:9] and len(set(order[:3])) == 3


def test_who_has_which_number_outlives_a_restart(tmp_path: Path) -> None:
    numbers = [number(place, pool=True) for place in range(3)]
    before, kept = pool(tmp_path, *numbers)
    first = [ask(before, visitor).number for visitor in ("v1", "v2")]
    kept.close()
    after, kept = pool(tmp_path, *numbers)
    assert [ask(after, visitor, NOW + MINUTE).number for visitor in ("v1", "v2")] == first
    assert ask(after, "v3", NOW + MINUTE).number not in first
    kept.close()


def test_a_fallback_is_shown_to_everybody_when_the_pool_is_exhausted(tmp_path: Path) -> None:
    numbers, kept = pool(tmp_path, number(1, pool="web"), number(2, fallback="web"), number(3, fallback=True))
    ask(numbers, "v1", wanted="web")
    for visitor in ("v2", "v3"):
        given = ask(numbers, visitor, wanted="web")
        assert given == Given("+827012340002", "fallback", exhausted="web", news=True)
    assert ask(numbers, "v2", NOW + timedelta(seconds=30), wanted="web").news is False
    assert ask(numbers, "v2", NOW + 5 * MINUTE, wanted="web").news is True
    kept.close()


def test_numbers_of_another_pool_day_or_site_are_not_given(tmp_path: Path) -> None:
    numbers, kept = pool(
        tmp_path,
        number(1, pool="blog"),
        number(2, pool="web", to="2026-03-01"),
        number(3, pool="web", **{"from": "2026-03-03"}),
        number(4),
        number(5, pool=False),
        {**number(6, pool="web"), "site": "other"},
    )
    assert ask(numbers, "v1", wanted="web") == Given(None, "none")
    # The local day decides: 15:30 UTC is already the third of March in Seoul.
    assert (
        ask(numbers, "v1", datetime(2026, 3, 2, 15, 30, tzinfo=UTC), wanted="web").number == "+827012340003"
    )
    kept.close()


def test_asked_again_at_once_nothing_is_written_again(three: NumberPool) -> None:
    assert ask(three, "v1").news is True
    assert ask(three, "v1", NOW + timedelta(seconds=20)).news is False
    assert ask(three, "v1", NOW + MINUTE).news is True


def test_what_could_not_be_made_safe_is_said_the_next_time(three: NumberPool) -> None:
    first = three.give("haengbok", "v1", "", "n", now=NOW)  # the log is away: never `said`
    again = three.give("haengbok", "v1", "", "n", now=NOW + timedelta(seconds=1))
    assert first.news and again.news and first.number == again.number


def test_one_network_holds_half_of_a_pool_at_most(tmp_path: Path) -> None:
    numbers, kept = pool(tmp_path, *(number(place, pool=True) for place in range(10)))
    given = [ask(numbers, f"v{turn}", network="203.0.113.9").number for turn in range(50)]
    assert len({one for one in given if one}) == 5
    assert ask(numbers, "someone", network="198.51.100.7").number is not None
    kept.close()


def test_two_hundred_visitors_at_once_on_two_collectors_never_share(tmp_path: Path) -> None:
    """Two collectors of one home, each with its own connection, asked from many threads' worth of requests."""
    numbers = [number(place, pool=True) for place in range(40)]

    def half(which: int) -> list[tuple[str, str | None]]:
        made, kept = pool(tmp_path / "home", *numbers)

        async def all_of_them() -> list[tuple[str, str | None]]:
            async def one(visitor: str) -> tuple[str, str | None]:
                await asyncio.sleep(0)
                return visitor, ask(made, visitor).number

            return await asyncio.gather(*(one(f"v{which}-{turn}") for turn in range(100)))

        try:
            return asyncio.run(all_of_them())
        finally:
            kept.close()

    with ThreadPoolExecutor(2) as both:
        given = [pair for found in both.map(half, (0, 1)) for pair in found]
    held = [shown for _, shown in given if shown is not None]
    assert len(held) == len(set(held)) == 40


@pytest.mark.parametrize(
    ("number", "display"),
    [
        ("+827012345678", "070-1234-5678"),
        ("+8250712345678", "0507-1234-5678"),
        ("+825075550001", "050-7555-0001"),
        ("+8215880001", "1588-0001"),
        ("+82315550101", "031-555-0101"),
        ("not a number", "not a number"),
    ],
)
def test_a_number_is_displayed_as_people_of_the_country_read_it(number: str, display: str) -> None:
    assert as_dialled(number) == display


def test_a_number_that_was_given_away_meanwhile_is_not_given_again(tmp_path: Path) -> None:
    """What another collector does between looking and giving."""
    kept = Kept(tmp_path)
    line = "+827012340001"
    assert kept.show("haengbok", line, b"v1", NOW, before=None)
    assert not kept.show("haengbok", line, b"v2", NOW, before=None)
    before = kept.shown("haengbok", [line])[line]
    assert kept.show("haengbok", line, b"v2", NOW + 31 * MINUTE, before=before)
    assert not kept.show("haengbok", line, b"v3", NOW + 31 * MINUTE, before=before)
    assert kept.shown("haengbok", [line])[line].visitor == b"v2"
    kept.close()

"""A month's cost has one id for ever, and what was typed is seen at once."""

from datetime import UTC, date, datetime

from schemas.doors import admit_event
from streams.collectors.manage.monthly_spend import (
    Cell,
    GridCell,
    Typed,
    grid_of,
    months_from,
    spend_events,
    spend_id,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MARCH = date(2026, 3, 1)


def test_a_correction_is_of_the_same_spend() -> None:
    first, again = (
        next(spend_events("center", [Cell(MARCH, "naver_blog", "", amount)], NOW)) for amount in (600_000, 0)
    )
    assert first["spend_id"] == again["spend_id"] == "monthly:2026-03:naver_blog:"
    assert first["event_id"] != again["event_id"]
    assert again["amount"] == 0


def test_each_month_channel_and_branch_has_its_own_id() -> None:
    cells = [
        (month, channel, branch)
        for month in months_from(MARCH, 3)
        for channel in ("a", "b")
        for branch in ("", "x")
    ]
    assert len({spend_id(*cell) for cell in cells}) == 12


def test_the_longest_names_fit() -> None:
    long = spend_id(MARCH, "c" * 64, "b" * 64)
    assert len(long) <= 128
    assert long != spend_id(MARCH, "c" * 64, "b" * 63 + "x")
    admit_event(next(spend_events("center", [Cell(MARCH, "c" * 64, "b" * 64, 1)], NOW)), now=NOW)


def test_months_run_over_the_year() -> None:
    assert months_from(date(2026, 11, 23), 3) == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


def test_a_month_may_lie_ahead() -> None:
    body = next(spend_events("center", [Cell(date(2027, 2, 1), "flyers", "gangnam", 5)], NOW))
    event = admit_event(body, now=NOW)
    assert (event.period_start, event.period_end) == (date(2027, 2, 1), date(2027, 2, 28))  # type: ignore[attr-defined]


def test_the_grid_tells_typed_from_imported_and_shows_what_was_typed_last() -> None:
    rows = [
        {"month": MARCH, "channel": "flyers", "branch": "", "typed": 1, "amount": 300_000},
        {"month": MARCH, "channel": "flyers", "branch": "", "typed": 0, "amount": 50_000},
        {"month": MARCH, "channel": "naver_blog", "branch": "", "typed": 0, "amount": 7},
    ]
    grid = grid_of(rows, {(MARCH, "flyers", ""): 250_000})
    assert grid["flyers", ""][MARCH] == GridCell(250_000, 50_000)
    assert grid["naver_blog", ""][MARCH] == GridCell(None, 7)


def test_what_was_typed_is_kept_a_while_for_its_site_alone() -> None:
    typed = Typed(seconds=60, kept=2)
    typed.note("center", [Cell(MARCH, "flyers", "", 1)], at=0)
    assert typed.of("center", [MARCH], at=59) == {(MARCH, "flyers", ""): 1}
    assert typed.of("other", [MARCH], at=59) == {}
    assert typed.of("center", [MARCH], at=61) == {}
    typed.note("center", [Cell(MARCH, channel, "", 1) for channel in "abc"], at=70)
    assert len(typed.of("center", [MARCH], at=70)) == 2

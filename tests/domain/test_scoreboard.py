"""Total, wasted spend and reallocation: the field document's figures, the limits, and the reference at random."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.scoreboard import (
    ScoreRow,
    add_up,
    months_between,
    rate_interval,
    reallocate,
    wasted_a_year,
)
from tests.reference.scoreboard import reallocation as reference_reallocation

YEAR = (date(2025, 1, 1), date(2025, 10, 31))


def row(
    channel: str, spend: int = 0, registrations: float = 0, action: str = "keep", *,
    agreement: int = 5, inquiries: float = 0, revenue: int = 0, roi: float | None = 1.0,
) -> ScoreRow:  # fmt: skip
    """A row, from what matters."""
    return ScoreRow(
        "center", channel, "", spend, 0, 0, 0, inquiries, 0, registrations, None, None, None, revenue, revenue, roi,
        None, None, None, action, agreement,
    )  # fmt: skip


FIELD = [
    row("naver_blog", 6_000_000, 21, "keep", inquiries=80, revenue=22_800_000),
    row("naver_place", 4_000_000, 34, "increase", inquiries=80, revenue=24_800_000),
    row("flyer", 3_000_000, 3, "stop", inquiries=20, revenue=4_200_000),
    row("mom_cafe", 2_000_000, 18, "increase", inquiries=40, revenue=13_200_000),
    row("referral", 0, 32, "strengthen", inquiries=40, revenue=27_200_000),
    row("unattributed", 0, 0, "none", roi=None),
]


def test_flyers_money_goes_to_place_and_cafe_two_to_one() -> None:
    moved = reallocate(FIELD)
    assert {channel: won - moved.before[channel] for channel, won in moved.after.items() if won} == {
        "naver_blog": 0, "naver_place": 2_000_000, "mom_cafe": 1_000_000,
    }  # fmt: skip
    assert moved.after["flyer"] == 0
    assert (moved.moved, moved.unplaced, moved.agreement) == (3_000_000, 0, 5)
    assert moved.registrations / 10 == 10.8
    assert round(moved.expected / 10, 1) == 12.2
    assert round(moved.expected_at_constant_cac / 10, 1) == 13.1
    assert moved.elasticity == 0.7


def test_the_total_of_the_table() -> None:
    total = add_up(FIELD)
    assert (total.spend, total.registrations, total.revenue) == (15_000_000, 108.0, 92_200_000)
    assert total.cac == 15_000_000 / 108
    assert total.inquiry_to_registration == 108 / 260
    assert total.paid_roi is not None
    assert int(total.paid_roi * 100) == 333


def test_parts_of_leads_add_up_exactly() -> None:
    total = add_up([row("a", 0, 0.333333334), row("b", 0, 0.333333333), row("c", 0, 0.333333333)])
    assert total.registrations == 1.0


def test_without_registrations_or_payments_a_total_is_undefined() -> None:
    total = add_up([row("email", 1000, 0, "no_payments", roi=None)])
    assert (total.cac, total.roi, total.paid_roi, total.inquiry_to_registration) == (None, None, None, None)


def test_wasted_spend_a_year_is_flyers_twelve_months() -> None:
    assert wasted_a_year(FIELD, *YEAR) == 3_600_000
    assert wasted_a_year([row("flyer", 280, 0, "stop")], date(2026, 2, 1), date(2026, 2, 7)) == 280 * 4 * 12
    assert wasted_a_year([row("email", 100, 5, "keep")], *YEAR) == 0


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (date(2025, 1, 1), date(2025, 10, 31), Fraction(10)),
        (date(2024, 2, 1), date(2024, 2, 29), Fraction(1)),
        (date(2026, 2, 15), date(2026, 2, 28), Fraction(1, 2)),
        (date(2025, 12, 31), date(2026, 1, 1), Fraction(2, 31)),
        (date(2026, 3, 2), date(2026, 3, 2), Fraction(1, 31)),
    ],
)
def test_months_of_a_period(since: date, until: date, months: Fraction) -> None:
    assert months_between(since, until) == months


def test_a_channel_of_staff_time_takes_what_its_hours_allow_and_the_others_the_rest() -> None:
    moved = reallocate(FIELD, hours_limits={"mom_cafe": 2_500_000})
    assert (moved.after["mom_cafe"], moved.after["naver_place"]) == (2_500_000, 6_500_000)
    both = reallocate(FIELD, hours_limits={"mom_cafe": 2_500_000, "naver_place": 4_000_000})
    assert (both.after["mom_cafe"], both.after["naver_place"]) == (2_500_000, 4_000_000)
    assert (both.moved, both.unplaced) == (500_000, 2_500_000)


def test_a_channel_over_its_hours_keeps_what_it_has() -> None:
    moved = reallocate(FIELD, hours_limits={"mom_cafe": 1})
    assert (moved.after["mom_cafe"], moved.after["naver_place"]) == (2_000_000, 7_000_000)


def test_without_open_slots_the_increase_is_held() -> None:
    held = reallocate(FIELD, open_slots=0)
    assert (held.full, held.after, held.expected, held.moved) == (True, held.before, 108.0, 0)
    assert reallocate(FIELD, open_slots=1).after["flyer"] == 0


def test_nothing_moves_without_a_channel_to_stop_or_one_to_increase() -> None:
    for action in ("stop", "increase"):
        rows = [one for one in FIELD if one.action != action]
        assert reallocate(rows).after == reallocate(rows).before


def test_the_agreement_is_that_of_the_least_sure_action() -> None:
    rows = [one._replace(action_agreement=3) if one.channel == "mom_cafe" else one for one in FIELD]
    assert reallocate(rows).agreement == 3
    others = [one._replace(action_agreement=1) if one.action == "keep" else one for one in FIELD]
    assert reallocate(others).agreement == 5


def test_the_last_won_goes_by_largest_fraction_then_slug() -> None:
    rows = [row("z", 1, 0, "stop"), row("b", 5, 0, "increase"), row("a", 5, 0, "increase")]
    assert reallocate(rows).after == {"z": 0, "b": 5, "a": 6}


def test_the_interval_of_a_rate() -> None:
    low, high = rate_interval(2, 8)
    assert (round(low, 3), round(high, 3)) == (0.071, 0.591)  # Wilson's own table for 2 of 8
    assert rate_interval(0, 0) == (0.0, 1.0)
    assert rate_interval(3, 1)[1] == 1.0


BOARDS = st.lists(
    st.builds(
        row,
        st.sampled_from([f"c{number}" for number in range(30)] + ["카페", "unattributed"]),
        st.integers(1, 10**12),
        st.integers(0, 10**13).map(lambda parts: parts / 10**9),
        st.sampled_from(["stop", "keep", "increase", "too_little_data"]),
        agreement=st.integers(1, 5),
    ),
    unique_by=lambda one: one.channel,
    max_size=12,
)


@given(BOARDS, st.dictionaries(st.integers(0, 11), st.integers(0, 2 * 10**12)), st.sampled_from([None, 0, 1]))
def test_it_equals_the_reference(board: list[ScoreRow], caps: dict[int, int], slots: int | None) -> None:
    limits = {board[number].channel: cap for number, cap in caps.items() if number < len(board)}
    moved = reallocate(board, hours_limits=limits, open_slots=slots)
    expected = reference_reallocation([one._asdict() for one in board], hours_cost=limits, open_slots=slots)
    assert (moved.after, moved.unplaced) == (expected["after"], expected["unplaced"])
    for name in ("registrations", "expected", "expected_at_constant_cac"):
        assert getattr(moved, name) == pytest.approx(expected[name], rel=1e-12)


@given(BOARDS, st.dictionaries(st.integers(0, 11), st.integers(0, 2 * 10**12)))
def test_no_won_is_lost(board: list[ScoreRow], caps: dict[int, int]) -> None:
    limits = {board[number].channel: cap for number, cap in caps.items() if number < len(board)}
    moved = reallocate(board, hours_limits=limits)
    assert sum(moved.after.values()) + moved.unplaced == sum(moved.before.values())
    for one in board:
        assert moved.after[one.channel] <= max(limits.get(one.channel, 10**14), one.spend)

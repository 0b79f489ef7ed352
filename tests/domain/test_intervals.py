"""Intervals against published values, and what must hold of every one."""

from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from streams.domain.intervals import (
    count_interval,
    difference_interval,
    means_interval,
    rates_interval,
    ratio_interval,
    weighted_interval,
)

counts = st.integers(0, 10_000)


def test_a_count_of_ten() -> None:
    assert count_interval(10) == pytest.approx((5.4320, 18.4095), abs=1e-4)
    assert count_interval(0) == pytest.approx((0, 3.8415), abs=1e-4)


def test_the_difference_of_rates_is_newcombes() -> None:
    # Newcombe 1998, method 10: 56/70 less 48/80 is 0.2, from 0.0524 to 0.3339.
    assert rates_interval(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert rates_interval(0, 0, 1, 2) is None


def test_a_difference_of_means_is_welchs() -> None:
    # t of 4 degrees of freedom is 2.7764; both variances 1, so the standard error is sqrt(2/3).
    found = means_interval([1, 2, 3], [4, 5, 6])
    assert found == pytest.approx((3 - 2.7764 * (2 / 3) ** 0.5, 3 + 2.7764 * (2 / 3) ** 0.5), rel=1e-3)
    assert means_interval([1, 2], [3, 4, 5]) is None
    assert means_interval([1, 1, 1], [2, 2, 2]) is None


values = st.lists(st.integers(-5_000, 5_000).map(lambda number: number / 100), min_size=3, max_size=30)


@given(values, values)
def test_a_difference_of_means_is_scipys(before: list[float], after: list[float]) -> None:
    found = means_interval(before, after)
    if found is None:
        assert len({*before}) == len({*after}) == 1
        return
    told = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert found == pytest.approx((told.low, told.high), rel=1e-9, abs=1e-9)


@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 500), st.integers(1, 500))
def test_a_difference_of_rates_is_statsmodels(part: int, whole: int, later: int, whole_later: int) -> None:
    part, later = min(part, whole), min(later, whole_later)
    told = confint_proportions_2indep(later, whole_later, part, whole, method="newcomb", compare="diff")
    assert rates_interval(part, whole, later, whole_later) == pytest.approx(told, abs=1e-9)


@given(counts, counts, st.integers(1, 400), st.integers(1, 400))
def test_a_ratio_of_counts_is_scipys_wilson_of_their_sum(
    before: int, after: int, days: int, days_later: int
) -> None:
    found = ratio_interval(before, after, days, days_later)
    if before + after == 0:
        assert found is None
        return
    told = stats.binomtest(after, before + after).proportion_ci(0.95, "wilson")
    low, high = (
        inf if share >= 1 else share / (1 - share) * days / days_later for share in (told.low, told.high)
    )
    assert found is not None
    assert found[0] == pytest.approx(low, rel=1e-9, abs=1e-12)
    assert found[1] == pytest.approx(high, rel=1e-9) or before == 0


def test_from_nothing_to_something_has_no_upper_end() -> None:
    found = ratio_interval(0, 5, 30, 30)
    assert found is not None
    assert found[0] > 1
    assert found[1] == inf
    assert ratio_interval(0, 0, 30, 30) is None


@given(counts, counts)
def test_a_ratio_lies_in_its_interval_and_turns_around(before: int, after: int) -> None:
    found, turned = ratio_interval(before, after, 30, 60), ratio_interval(after, before, 60, 30)
    if before + after == 0:
        assert found is None
        return
    assert found is not None and turned is not None
    if before:
        assert found[0] <= (after / 60) / (before / 30) * (1 + 1e-9) + 1e-12
        assert found[1] >= (after / 60) / (before / 30) * (1 - 1e-9)
    if found[0] > 1e-12:
        assert isclose(turned[1], 1 / found[0], rel_tol=1e-6)


@given(
    st.lists(
        st.tuples(counts, st.floats(0, 5).filter(lambda weight: weight == 0 or weight > 1e-6)), max_size=8
    )
)
def test_a_weighted_sum_lies_in_its_interval(counted: list[tuple[float, float]]) -> None:
    low, high = weighted_interval(counted)
    total = sum(count * weight for count, weight in counted)
    assert 0 <= low <= total * (1 + 1e-9) + 1e-9
    assert high >= total * (1 - 1e-9)


@given(counts, counts)
def test_a_gain_and_a_loss_are_each_others_mirror(gain: int, loss: int) -> None:
    low, high = difference_interval([(gain, 1.0)], [(loss, 1.0)])
    assert low <= gain - loss <= high
    assert difference_interval([(loss, 1.0)], [(gain, 1.0)]) == pytest.approx((-high, -low))
    assert difference_interval([], []) == (0, 0)

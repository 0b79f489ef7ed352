"""Periods by name, what lies beside them, and what is due on a day."""

from datetime import date
from typing import Any

import pytest

from infra.reports.periods import (
    PeriodRefused,
    around,
    campaign_of,
    due,
    judged_of,
    month_of,
    quarter_of,
    two_periods,
    year_of,
)
from tests.reports.given_figures import campaign

TODAY = date(2026, 4, 20)


def days(parameters: dict[str, Any], *names: str) -> list[str]:
    return [parameters[name] for name in names]


def test_a_month_beside_the_month_before_and_the_same_one_last_year() -> None:
    told = month_of("s", "2026-03", TODAY).parameters
    assert days(told, "since", "until", "before_since", "before_until", "year_since", "year_until") == [
        "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28", "2025-03-01", "2025-03-31",
    ]  # fmt: skip
    january = month_of("s", "2024-02", TODAY).parameters
    assert days(january, "until", "before_since", "year_until") == ["2024-02-29", "2024-01-01", "2023-02-28"]
    assert not told["running"]


def test_a_period_that_runs_ends_today() -> None:
    for asked in (
        month_of("s", "2026-04", TODAY),
        quarter_of("s", "2026-Q2", TODAY),
        year_of("s", "2026", TODAY),
    ):
        assert asked.parameters["until"] == "2026-04-20"
        assert asked.parameters["running"]
    assert year_of("s", "2026", TODAY).parameters["year_end"] == "2026-12-31"


def test_a_quarter_beside_the_one_before() -> None:
    told = quarter_of("s", "2026-Q1", TODAY).parameters
    assert days(told, "since", "until", "before_since", "before_until") == [
        "2026-01-01", "2026-03-31", "2025-10-01", "2025-12-31",
    ]  # fmt: skip


@pytest.mark.parametrize("named", ["2026-13", "2026-00", "26-03", "2026-3", "2026-03-01", "", "2026-03 ", "1969-01", "9999-01", "2026-05", "../x"])  # fmt: skip
def test_what_is_no_month_to_report_is_refused(named: str) -> None:
    with pytest.raises(PeriodRefused):
        month_of("s", named, TODAY)


@pytest.mark.parametrize("named", ["2026-Q0", "2026-Q5", "2026Q1", "2026-Q3", "Q1", "2026"])
def test_what_is_no_quarter_to_report_is_refused(named: str) -> None:
    with pytest.raises(PeriodRefused):
        quarter_of("s", named, TODAY)


@pytest.mark.parametrize("named", ["26", "2027", "0000", "20260", "x"])
def test_what_is_no_year_to_report_is_refused(named: str) -> None:
    with pytest.raises(PeriodRefused):
        year_of("s", named, TODAY)


def test_a_campaign_beside_as_many_days_before() -> None:
    told = campaign_of("s", campaign(), TODAY).parameters
    assert days(told, "since", "until", "before_since", "before_until") == [
        "2026-03-01", "2026-03-31", "2026-01-29", "2026-02-28",
    ]  # fmt: skip
    assert not told["running"]
    assert campaign_of("s", campaign(ends_on=None), TODAY).parameters["until"] == "2026-04-20"
    for refused in ({"starts_on": None}, {"starts_on": date(2026, 5, 1)}):
        with pytest.raises(PeriodRefused):
            campaign_of("s", campaign(**refused), TODAY)


def test_two_periods_do_not_overlap_and_their_weeks_lie_a_year_earlier() -> None:
    january, march = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 3, 1), date(2026, 3, 31))
    told = two_periods("s", january, march).parameters
    assert date.fromisoformat(told["year_since"]).weekday() == march[0].weekday()
    assert told["year_before_since"] == "2025-01-02"
    for before, after in ((march, january), (january, january), (january[::-1], march)):
        with pytest.raises(PeriodRefused):
            two_periods("s", before, after)


@pytest.mark.parametrize(
    ("today", "is_due"),
    [
        ("2026-04-07", False),
        ("2026-04-08", True),
        ("2026-10-04", True),
        ("2026-10-05", False),
        ("2026-03-15", False),
    ],
)
def test_a_campaign_is_due_after_its_grace_and_for_half_a_year(today: str, is_due: bool) -> None:
    found = due("s", [campaign()], date.fromisoformat(today), 7)
    assert ("campaign" in {one.kind for one in found}) == is_due


def test_what_has_ended_is_due_and_what_runs_is_not() -> None:
    found = {one.kind: one.period for one in due("s", [campaign(ends_on=None)], date(2026, 1, 1), 7)}
    assert found == {"monthly": "2025-12", "quarterly": "2025-Q4", "yearly": "2025"}
    assert {one.period for one in due("s", [], date(2026, 3, 1), 0)} == {"2026-02", "2025-Q4", "2025"}


def test_around_a_day_lie_as_many_days_before_it_as_from_it_on() -> None:
    told = around("s", date(2026, 3, 1), 28, TODAY).parameters
    assert days(told, "before_since", "before_until", "since", "until") == [
        "2026-02-01", "2026-02-28", "2026-03-01", "2026-03-28",
    ]  # fmt: skip
    young = around("s", date(2026, 4, 16), 90, TODAY).parameters
    assert days(young, "before_since", "until") == ["2026-04-11", "2026-04-20"]
    assert around("s", date(2026, 4, 16), None, TODAY).parameters == young
    with pytest.raises(PeriodRefused, match="lies ahead"):
        around("s", date(2026, 4, 21), None, TODAY)


def test_a_tool_is_compared_by_its_own_days_up_to_today() -> None:
    row: dict[str, Any] = {
        "id": "bot", "baseline_from": date(2026, 1, 1), "baseline_to": date(2026, 1, 31),
        "judged_from": date(2026, 3, 1), "judged_to": None,
    }  # fmt: skip
    told = judged_of("s", row, TODAY).parameters
    assert days(told, "before_since", "before_until", "since", "until") == [
        "2026-01-01", "2026-01-31", "2026-03-01", "2026-04-20",
    ]  # fmt: skip
    assert judged_of("s", {**row, "judged_to": date(2026, 3, 31)}, TODAY).parameters["until"] == "2026-03-31"
    for lacking, told_why in (({"baseline_to": None}, "has no days"), ({"judged_from": date(2026, 5, 1)}, "nothing to compare")):  # fmt: skip
        with pytest.raises(PeriodRefused, match=told_why):
            judged_of("s", {**row, **lacking}, TODAY)

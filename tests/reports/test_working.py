"""What is worked out of the answers: the field document's figures, holds, caps, changes, and no rate of too few."""

from typing import Any

import pytest

from infra.reports.working import reallocation, score_rows
from tests.reports.given_figures import FIELD, channel, counted, quarterly, two

ROWS = score_rows(FIELD)


def moved(**given: Any) -> dict[str, Any]:
    return reallocation(ROWS, **{"months": 10.0, "elasticity": 0.7, **given})


def test_flyers_money_to_place_and_cafe_as_on_the_page() -> None:
    found = moved()
    assert found["moved"] == 3_000_000
    assert (found["after"]["naver_place"], found["after"]["mom_cafe"], found["after"]["flyer"]) == (
        6_000_000,
        3_000_000,
        0,
    )
    assert found["registrations"] == 10.8
    assert round(found["expected"], 1) == 12.2
    assert round(found["expected_at_constant_cac"], 1) == 13.1
    assert sum(found["expected_by_channel"].values()) == pytest.approx(found["expected"])
    assert found["agreement"] == 5


def test_every_expectation_lies_in_its_interval() -> None:
    found = moved()
    gain = found["expected"] - found["registrations"]
    for value, interval in (
        (found["registrations"], "registrations_interval"), (found["expected"], "expected_interval"), (gain, "gain_interval"),
        (found["expected_at_constant_cac"], "constant_interval"),
        (found["expected_at_constant_cac"] - found["registrations"], "constant_gain_interval"),
    ):  # fmt: skip
        low, high = found[interval]
        assert low < value < high, interval


def test_less_elastic_is_less_to_expect_and_is_said() -> None:
    assert moved(elasticity=0.5)["expected"] < moved()["expected"] < moved(elasticity=1.0)["expected"]
    assert moved(elasticity=0.5)["elasticity"] == 0.5


def test_without_an_open_slot_nothing_moves() -> None:
    found = moved(open_slots=0.0)
    assert (found["full"], found["moved"], found["expected"]) == (True, 0, found["registrations"])
    assert found["gain_interval"] == [0, 0]


def test_hours_of_staff_are_a_ceiling() -> None:
    found = moved(hours_limits={"mom_cafe": 2_100_000, "naver_place": 4_500_000})
    assert (found["after"]["mom_cafe"], found["after"]["naver_place"]) == (2_100_000, 4_500_000)
    assert found["unplaced"] == 2_400_000


def test_limits_and_slots_come_from_the_answers() -> None:
    names = [
        {"channel": "mom_cafe", "names": "{}", "free": 0, "hours_limit": 40.0, "hours_limit_cost": 700_000}
    ]
    _, figures = quarterly(names=names, open_slots=[{"open_slots": 3.0}])
    found = figures.worked["reallocation"]
    assert found["after"]["mom_cafe"] == 2_100_000  # three months of 700,000
    assert found["open_slots"] == 3
    assert figures.worked["wasted"] == 12_000_000
    assert quarterly(open_slots=[{"open_slots": 0.0}])[1].worked["reallocation"]["full"]


def test_five_to_twelve_is_a_before_and_after() -> None:
    _, figures = two()
    costs = figures.worked["costs"]
    assert (costs["before"]["cac"], costs["after"]["cac"]) == (360_000, 150_000)
    assert round(costs["after"]["cac"] / costs["before"]["cac"] - 1, 3) == -0.583
    (registered,) = [row for row in figures.worked["indexes"] if row["slug"] == "registrations"]
    assert registered["change"] == pytest.approx(1.4)
    low, high = registered["interval"]
    assert low < 0 < registered["change"] < high  # five and twelve may be luck


def index(slug: str, **answers: Any) -> dict[str, Any]:
    found: list[dict[str, Any]] = [row for row in two(**answers)[1].worked["indexes"] if row["slug"] == slug]
    return found[0]


def test_a_rate_of_too_few_is_none_and_says_so() -> None:
    rate = index(
        "registration_rate", counted=[counted("before", inquiries=9.0), counted("after", inquiries=40.0)]
    )
    assert (rate["before"], rate["change"], rate["interval"], rate["few"]) == (None, None, None, True)
    assert index("registration_rate")["before"] == pytest.approx(5 / 30)


def test_measures_are_means_and_have_an_interval_from_three_on() -> None:
    def measures(period: str, *values: float) -> list[dict[str, Any]]:
        return [
            {"period": period, "metric": "satisfaction", "branch": "", "channel": "", "value": value}
            for value in values
        ]

    few = index("satisfaction", measures=measures("before", 4.0) + measures("after", 4.5, 4.7))
    assert (few["before"], few["after"], few["interval"]) == (4.0, 4.6, None)
    found = index(
        "satisfaction", measures=measures("before", 4.0, 4.1, 4.2) + measures("after", 4.6, 4.7, 4.8)
    )
    low, high = found["interval"]
    assert low < found["change"] < high
    assert found["change"] == pytest.approx(0.6)


def test_share_of_search_is_own_by_every_brand() -> None:
    volumes = [{"period": "after", "own": 1600, "every": 22_800}]
    found = index("share_of_search", searches=volumes)
    assert round(found["after"], 3) == 0.070
    assert found["before"] is None


def test_before_the_record_begins_is_no_zero() -> None:
    nothing = [{"recorded": 1, "before_recorded": 0, "year_recorded": 0, "year_before_recorded": 0}]
    _, figures = two(recorded=nothing, counted=[counted("after")])
    assert {row["before"] for row in figures.worked["indexes"]} == {None}
    assert {row["change"] for row in figures.worked["indexes"]} == {None}
    assert figures.worked["costs"]["before"]["cac"] is None


def test_last_years_weeks_stand_beside_only_where_both_are_recorded() -> None:
    both = [{"recorded": 1, "before_recorded": 1, "year_recorded": 1, "year_before_recorded": 1}]
    years = [counted(name) for name in ("before", "after", "year_before")] + [
        counted("year_after", registrations=10.0)
    ]
    assert index("registrations", recorded=both, counted=years)["year_change"] == pytest.approx(1.0)
    assert index("registrations", counted=years)["year_change"] is None


def test_a_channel_without_spend_takes_no_part() -> None:
    rows = score_rows([channel("a", action="increase"), channel("b", spend=100, action="stop", roi=0.1)])
    assert reallocation(rows, months=1.0, elasticity=0.7)["moved"] == 0

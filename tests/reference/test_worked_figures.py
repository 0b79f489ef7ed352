"""The worked figures of the metrics page for channel performance and attribution, on the reference itself."""

from typing import Any

import pytest

from tests.given import HOME, status, visit
from tests.path import field_example
from tests.reference import reallocation, reference, scoreboard
from tests.reference.splits import MODELS

COSTS = {
    "naver_blog": 285_714,
    "naver_place": 117_647,
    "flyer": 1_000_000,
    "mom_cafe": 111_111,
    "referral": 0,
}
ACTIONS = {
    "naver_blog": "keep",
    "naver_place": "increase",
    "flyer": "stop",
    "mom_cafe": "increase",
    "referral": "strengthen",
}


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return board(reference(field_example.events(), field_example.catalog()))


def board(results: Any, model: str = "last") -> dict[str, dict[str, Any]]:
    since, until = field_example.PERIOD
    return {row["channel"]: row for row in scoreboard(results, [field_example.SITE], [], since, until, model)}


def test_registrations_and_rates(rows: dict[str, dict[str, Any]]) -> None:
    assert {slug: rows[slug]["registrations"] for slug in COSTS} == {
        "naver_blog": 21.0,
        "naver_place": 34.0,
        "flyer": 3.0,
        "mom_cafe": 18.0,
        "referral": 32.0,
    }
    assert rows["naver_blog"]["inquiries"] == 80.0
    assert rows["naver_blog"]["inquiry_to_registration"] == 0.2625


def test_cac(rows: dict[str, dict[str, Any]]) -> None:
    assert {slug: int(rows[slug]["cac"]) for slug in COSTS} == COSTS


def test_roi(rows: dict[str, dict[str, Any]]) -> None:
    assert {slug: rows[slug]["roi"] for slug in COSTS} == {
        "naver_blog": 2.8,
        "naver_place": 5.2,
        "flyer": 0.4,
        "mom_cafe": 5.6,
        "referral": float("inf"),
    }


def test_actions_and_agreement(rows: dict[str, dict[str, Any]]) -> None:
    assert {slug: rows[slug]["action"] for slug in COSTS} == ACTIONS
    assert {rows[slug]["action_agreement"] for slug in COSTS} == {5}
    assert rows["unattributed"]["action"] == "none"


def test_ltv(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["naver_blog"]["ltv"] == 15_300_000
    assert round(rows["naver_blog"]["ltv_to_cac"], 2) == 53.55
    assert rows["referral"]["ltv_to_cac"] == float("inf")


def test_first_months_give_the_same_actions() -> None:
    found = board(reference(field_example.events(850_000), field_example.catalog_of_first_months()))
    cut = {slug: int(found[slug]["roi"] * 100) for slug in COSTS if slug != "referral"}
    assert cut == {"naver_blog": 197, "naver_place": 622, "flyer": -15, "mom_cafe": 665}
    assert {slug: found[slug]["action"] for slug in COSTS} == ACTIONS


def test_the_table_has_one_roi_of_333_percent(rows: dict[str, dict[str, Any]]) -> None:
    paid = [row for row in rows.values() if row["spend"]]
    spend, revenue = sum(row["spend"] for row in paid), sum(row["revenue"] for row in paid)
    assert int((revenue - spend) / spend * 100) == 333


def test_reallocation(rows: dict[str, dict[str, Any]]) -> None:
    found = reallocation(list(rows.values()))
    assert found["after"] == {
        **found["before"],
        "flyer": 0,
        "naver_place": 6_000_000,
        "mom_cafe": 3_000_000,
    }
    assert sum(found["after"].values()) == sum(found["before"].values())
    assert found["registrations"] / 10 == 10.8
    assert round(found["expected"] / 10, 1) == 12.2
    assert round(found["expected_at_constant_cac"] / 10, 1) == 13.1


def test_reallocation_holds_where_there_is_no_room(rows: dict[str, dict[str, Any]]) -> None:
    assert reallocation(list(rows.values()), open_slots=0)["after"] == {
        slug: row["spend"] for slug, row in rows.items()
    }
    capped = reallocation(list(rows.values()), hours_cost={"mom_cafe": 2_500_000})
    assert (capped["after"]["mom_cafe"], capped["after"]["naver_place"]) == (2_500_000, 6_500_000)


def test_the_example_path_of_attribution() -> None:
    journey = [
        visit("v1", "03-01 10:00", url=HOME + "?utm_source=naver&utm_medium=blog"),
        visit("v1", "03-05 10:00", url=HOME + "?utm_source=naver&utm_medium=cpc"),
        visit("v1", "03-10 10:00", url=HOME + "?utm_source=facebook&utm_medium=social"),
        visit("v1", "03-15 10:00"),
        status("registration", at="03-15 11:00", visitor_id="v1"),
    ]
    for direct, last in (("drop", "organic_social"), ("keep", "direct")):
        rows = reference(journey, [], {"direct": direct})["conversion_rows"]
        registration = next(row for row in rows if row["stage"] == "registration")
        credited = dict(zip(registration["channels"], registration["w_last"], strict=True))
        assert credited[last] == 1_000_000_000
        assert all(sum(registration[f"w_{model}"]) == 1_000_000_000 for model in MODELS)

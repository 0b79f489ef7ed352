"""Given events, then values: the rulings, line by line, on the reference itself."""

import json
from datetime import date

import pytest

from schemas.reading import read_entry, read_event
from tests.reference import reference
from tests.reference.cases import CASES, Case
from tests.reference.definitions import SiteDefinitions, months_later


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_reads_the_rulings_so(case: Case) -> None:
    assert case.probe(reference(case.events, case.catalog, case.settings)) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_are_valid_behind_the_log(case: Case) -> None:
    for event in case.events:
        read_event(json.dumps(event, ensure_ascii=False).encode())
    for entry in case.catalog:
        read_entry(json.dumps(entry, ensure_ascii=False).encode())


def test_a_bare_date_is_the_last_second_of_stages_and_payments_and_the_first_of_all_else() -> None:
    site = SiteDefinitions("center", [], {})
    assert site.instant("2026-03-02", end_of_day=True).isoformat() == "2026-03-02T14:59:59+00:00"
    assert site.instant("2026-03-02").isoformat() == "2026-03-01T15:00:00+00:00"


def test_months_are_clamped_to_the_months_end() -> None:
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2023, 12, 31), 2) == date(2024, 2, 29)
    assert months_later(date(2026, 3, 2), 22) == date(2028, 1, 2)

"""Local days of every zone, against the standard library's own arithmetic."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.days import (
    Calendar,
    add_months,
    date_of,
    day_of,
    day_of_iso,
    iso_day,
    micros,
    month_start,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = sorted(zone for zone in available_timezones() if not zone.startswith("posix") and zone != "localtime")
ODD = [
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Monrovia",
]
INSTANTS = st.integers(-10 * 365 * 86_400_000_000, 200 * 365 * 86_400_000_000)


def local_day(at_us: int, zone: str) -> int:
    """The slow and obvious way."""
    local = (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))
    return local.date().toordinal() - date(1970, 1, 1).toordinal()


def at(text: str) -> int:
    """Epoch microseconds of an ISO instant."""
    return micros(datetime.fromisoformat(text))


@given(INSTANTS, st.sampled_from(ZONES))
def test_the_day_is_the_local_date(at_us: int, zone: str) -> None:
    assert Calendar(zone).day(at_us) == local_day(at_us, zone)


@given(st.sampled_from(ZONES), st.integers(1970, 2036), st.integers(0, 365), st.integers(-3_600, 3_600))
def test_the_day_is_right_around_midnight(zone: str, year: int, day: int, seconds: int) -> None:
    midnight = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    at_us = micros(midnight) + seconds * 1_000_000
    assert Calendar(zone).day(at_us) == local_day(at_us, zone)


@pytest.mark.parametrize("zone", ODD)
def test_every_quarter_of_an_hour_of_some_odd_years(zone: str) -> None:
    calendar = Calendar(zone)
    for year in (1971, 1988, 2011):
        start = micros(datetime(year, 1, 1, tzinfo=UTC))
        for quarter in range(0, 366 * 96, 3):
            at_us = start + quarter * 900_000_000 - 1
            assert calendar.day(at_us) == local_day(at_us, zone)


@given(st.integers(0, 40_000), st.sampled_from([*ODD, "Asia/Seoul", "America/Havana", "Asia/Beirut"]))
def test_a_day_starts_where_the_day_before_ends(day: int, zone: str) -> None:
    calendar = Calendar(zone)
    start = calendar.start(day)
    assert calendar.day(start - 1) < day
    assert calendar.day(start) == day or (zone, day) == ("Pacific/Apia", day_of_iso("2011-12-30"))
    assert calendar.start(day + 1) - start <= 26 * 3_600_000_000


def test_seoul() -> None:
    calendar = Calendar("Asia/Seoul")
    day = day_of_iso("2026-03-01")
    assert calendar.start(day) == at("2026-02-28T15:00:00+00:00")
    assert calendar.end_of_day_second(day) == at("2026-03-01T23:59:59+09:00")
    assert calendar.day(at("2026-02-28T14:59:59.999999+00:00")) == day - 1
    assert calendar.day(at("2026-02-28T15:00:00+00:00")) == day


def test_a_midnight_that_is_skipped_starts_the_day_an_hour_later() -> None:
    day = day_of_iso("2018-11-04")  # Sao Paulo: 00:00 became 01:00
    assert Calendar("America/Sao_Paulo").start(day) == at("2018-11-04T01:00:00-02:00")


def test_a_gap_across_midnight_starts_the_day_in_its_middle() -> None:
    day = day_of_iso("1919-03-31")  # Toronto: 23:30 became 00:30
    assert Calendar("America/Toronto").start(day) == at("1919-03-31T00:30:00-04:00")


def test_a_midnight_that_comes_twice_starts_the_day_once() -> None:
    day = day_of_iso("2023-11-05")  # Havana: 01:00 became 00:00
    assert Calendar("America/Havana").start(day) == at("2023-11-05T00:00:00-04:00")


def test_a_day_that_never_was_is_empty() -> None:
    calendar, day = Calendar("Pacific/Apia"), day_of_iso("2011-12-30")
    assert calendar.start(day) == calendar.start(day + 1)


@pytest.mark.parametrize(
    ("start", "months", "then"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-05-31", 6, "2026-11-30"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-05-31", 0, "2026-05-31"),
    ],
)
def test_months_are_clamped_to_their_end(start: str, months: int, then: str) -> None:
    assert iso_day(add_months(day_of_iso(start), months)) == then


@given(st.integers(0, 80_000))
def test_a_day_is_its_date_and_back(day: int) -> None:
    assert day_of_iso(iso_day(day)) == day_of(date_of(day)) == day
    assert iso_day(month_start(day)) == iso_day(day)[:8] + "01"

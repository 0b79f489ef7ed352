"""How long a business was open."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from streams.domain.opening import is_open, open_minutes

SEOUL = ZoneInfo("Asia/Seoul")
HOURS = {"mon": ["09:30-12:00", "13:00-19:00"], "tue": ["09:00-24:00"], "sat": ["10:00-14:00"]}
TUESDAY_CLOSED = {date(2026, 3, 3)}


def at(text: str) -> datetime:
    """A local time of Seoul -> the instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:00", 60),
        ("2026-03-02T11:30", "2026-03-02T13:30", 60),  # over lunch
        ("2026-03-02T18:00", "2026-03-03T09:30", 90),  # over night
        ("2026-03-03T23:00", "2026-03-04T10:00", 60),  # 24:00 is the next day's start; Wednesday is closed
        ("2026-03-02T00:00", "2026-03-09T00:00", 150 + 360 + 900 + 240),
        ("2026-03-02T12:10", "2026-03-02T12:50", 0),
    ],
)
def test_minutes_open(since: str, until: str, minutes: int) -> None:
    assert open_minutes(at(since), at(until), HOURS, (), SEOUL) == minutes


def test_a_holiday_is_closed() -> None:
    assert open_minutes(at("2026-03-02T18:00"), at("2026-03-03T12:00"), HOURS, TUESDAY_CLOSED, SEOUL) == 60


def test_instants_of_another_zone_are_the_same_instants() -> None:
    since, until = at("2026-03-02T10:00").astimezone(UTC), at("2026-03-02T11:00").astimezone(UTC)
    assert open_minutes(since, until, HOURS, (), SEOUL) == 60


def test_open_now() -> None:
    assert is_open(at("2026-03-02T09:30"), HOURS, (), SEOUL)
    assert not is_open(at("2026-03-02T12:00"), HOURS, (), SEOUL)
    assert is_open(at("2026-03-03T23:59"), HOURS, (), SEOUL)
    assert not is_open(at("2026-03-03T10:00"), HOURS, TUESDAY_CLOSED, SEOUL)

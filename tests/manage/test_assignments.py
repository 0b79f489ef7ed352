"""What a code or number stands for from when: days that are taken are refused in words."""

from datetime import date
from typing import Any

import pytest

from schemas.catalog import Assignment
from streams.collectors.manage.definition_routes import assigned
from streams.collectors.manage.saying import NotTaken

NAMES = {"naver_blog": "네이버 블로그"}


def assignment(
    id: str, since: str | None, until: str | None = None, channel: str = "naver_blog"
) -> Assignment:
    return Assignment(
        id=id,
        from_day=date.fromisoformat(since) if since else None,
        to_day=date.fromisoformat(until) if until else None,
        channel=channel,
    )


def days(bodies: list[dict[str, Any]]) -> list[tuple[str | None, str | None, str]]:
    return [(one.get("from"), one.get("to"), one["channel"]) for one in bodies]


def test_days_that_are_taken_are_refused_and_whose_they_are_is_said() -> None:
    there = [assignment("1", "2026-01-01", "2026-06-30")]
    with pytest.raises(NotTaken) as refused:
        assigned(there, assignment("2", "2026-06-30", channel="flyers"), names=NAMES, replaces=False)
    assert refused.value.code == "overlap"
    assert refused.value.values == {"channel": "네이버 블로그", "from": "2026-01-01", "to": "2026-06-30"}


def test_the_day_after_is_free() -> None:
    there = [assignment("1", "2026-01-01", "2026-06-30")]
    bodies = assigned(there, assignment("2", "2026-07-01", channel="flyers"), names=NAMES, replaces=False)
    assert days(bodies) == [("2026-01-01", "2026-06-30", "naver_blog"), ("2026-07-01", None, "flyers")]


def test_ending_the_one_before_it_makes_room() -> None:
    there = [assignment("1", "2026-01-01")]
    bodies = assigned(there, assignment("2", "2026-07-01", channel="flyers"), names=NAMES, replaces=True)
    assert days(bodies) == [("2026-01-01", "2026-06-30", "naver_blog"), ("2026-07-01", None, "flyers")]


def test_one_that_began_the_same_day_is_replaced() -> None:
    there = [assignment("1", "2026-07-01")]
    bodies = assigned(there, assignment("2", "2026-07-01", channel="flyers"), names=NAMES, replaces=True)
    assert days(bodies) == [("2026-07-01", None, "flyers")]


def test_a_later_one_is_not_pushed_away() -> None:
    there = [assignment("1", None, "2026-05-31"), assignment("2", "2026-08-01")]
    with pytest.raises(NotTaken) as refused:
        assigned(there, assignment("3", "2026-05-01", channel="flyers"), names=NAMES, replaces=True)
    assert refused.value.values["from"] == "2026-08-01"

"""The weekly table for marketing-mix tools and its sufficiency check, from rows put in by hand."""

from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from tests.clickhouse.store import Row, put, read

LEAD = 1_000_000_000
MONDAY = date(2026, 1, 5)


def funnel(
    run: str, day: date, channel: str, *, came: int, asked: int, branch: str = "", paid: int = 0
) -> Row:
    """One day of a channel under all five models."""
    return {"run": run, "site": "clinic", "day": day, "branch": branch, "channel": channel, "campaign": "", "visits": 3,
            "inquiries": [asked * LEAD] * 5, "consults": [0] * 5, "registrations": [came * LEAD] * 5,
            "re_registrations": [0] * 5, "revenue": [paid] * 5, "cash": [paid] * 5}  # fmt: skip


def spend(
    run: str, first: date, channel: str, amounts: list[int], kind: str = "media", branch: str = ""
) -> Row:
    """A spend with an amount a day."""
    return {"run": run, "site": "clinic", "spend_id": f"{channel}{kind}{first}", "branch": branch, "channel": channel,
            "campaign": "", "kind": kind, "first_day": first, "amounts": amounts}  # fmt: skip


def site(run: str, holidays: list[date]) -> Row:
    """The site with its holidays."""
    settings = orjson.dumps({"holidays": holidays, "opening_hours": {"mon": ["09:30-19:00"]}}).decode()
    return {"run": run, "site": "clinic", "payments": 1, "settings": settings}


def weekly(client: Client, run: str, **where: Any) -> list[Row]:
    """The rows of the last model in order."""
    return read(client, "SELECT week, channel, branch, spend, visits, inquiries, registrations, revenue, holiday, days"
                " FROM headwater.marketing_mix_weekly WHERE run = {run:String} AND model = 'last'"
                " ORDER BY branch, channel, week", run=run)  # fmt: skip


def test_every_channel_has_every_week_with_holidays_and_zeros(migrated: Client) -> None:
    run = "mix"
    put(migrated, "funnel_rows", [
        funnel(run, MONDAY, "blog", came=1, asked=4, paid=900),
        funnel(run, MONDAY + timedelta(days=15), "cafe", came=2, asked=2),
    ])  # fmt: skip
    put(migrated, "spend_rows", [spend(run, MONDAY + timedelta(days=5), "blog", [10, 20, 30, 40]),
                                 spend(run, MONDAY, "blog", [5], kind="tool")])  # fmt: skip
    put(migrated, "site_rows", [site(run, [date(2026, 1, 6), date(2026, 1, 7), date(2026, 2, 1)])])
    rows = [tuple(row.values()) for row in weekly(migrated, run)]
    second, third = MONDAY + timedelta(days=7), MONDAY + timedelta(days=14)
    assert rows == [
        (MONDAY, "blog", "", 30, 3, 4.0, 1.0, 900, 2, 7),
        (second, "blog", "", 70, 0, 0.0, 0.0, 0, 0, 7),
        (third, "blog", "", 0, 0, 0.0, 0.0, 0, 0, 2),
        (MONDAY, "cafe", "", 0, 0, 0.0, 0.0, 0, 2, 7),
        (second, "cafe", "", 0, 0, 0.0, 0.0, 0, 0, 7),
        (third, "cafe", "", 0, 3, 2.0, 2.0, 0, 0, 2),
    ]


def test_sums_over_weeks_are_the_scoreboards_and_no_other_run_is_in_them(migrated: Client) -> None:
    put(migrated, "funnel_rows", [funnel("mix-b", MONDAY, "blog", came=1, asked=1, branch="a")])
    put(migrated, "spend_rows", [spend("mix-b", MONDAY, "blog", [7], branch="b")])
    rows = weekly(migrated, "mix-b")
    assert [(row["branch"], row["spend"], row["registrations"]) for row in rows] == [
        ("a", 0, 1.0),
        ("b", 7, 0.0),
    ]
    assert (
        read(migrated, "SELECT count() AS n FROM headwater.marketing_mix_weekly WHERE run = 'no-such'")[0][
            "n"
        ]
        == 0
    )


def judged(client: Client, run: str, weeks: int, amounts: list[int], came: int) -> Row:
    """One channel over so many weeks, its spend on Mondays repeating `amounts` -> its row."""
    put(client, "funnel_rows", [
        funnel(run, MONDAY + timedelta(days=7 * week), "blog", came=came, asked=came) for week in range(weeks)
    ] + [funnel(run, MONDAY + timedelta(days=7 * weeks - 1), "blog", came=0, asked=0)])  # fmt: skip
    daily = [amounts[day // 7 % len(amounts)] if day % 7 == 0 else 0 for day in range(7 * weeks)]
    put(client, "spend_rows", [spend(run, MONDAY, "blog", daily)])
    (row,) = read(client, "SELECT * FROM headwater.marketing_mix_sufficiency WHERE run = {run:String} AND model = 'last'", run=run)  # fmt: skip
    return row


@pytest.mark.parametrize(
    ("weeks", "amounts", "came", "lacking"),
    [
        (104, [100, 300], 1, []),
        (103, [100, 300], 1, ["weeks"]),
        (104, [100, 100], 1, ["variation"]),
        (104, [100, *[0] * 12], 1, ["weeks_with_spend"]),
        (9, [100, 300], 1, ["weeks", "weeks_per_channel", "weeks_with_spend", "registrations"]),
    ],
)
def test_sufficiency_names_what_is_lacking(
    migrated: Client, weeks: int, amounts: list[int], came: int, lacking: list[str]
) -> None:
    row = judged(migrated, f"judged-{weeks}-{len(amounts)}-{amounts[1]}", weeks, amounts, came)
    assert row["lacking"] == lacking
    assert row["sufficient"] == (not lacking)
    assert row["weeks"] == weeks
    assert row["registrations"] == weeks * came


def test_variation_is_the_coefficient_of_variation(migrated: Client) -> None:
    row = judged(migrated, "varied", 4, [100, 300], 0)
    assert row["spend_variation"] == pytest.approx(100 / 200)
    assert (row["weeks_with_spend"], row["spend"], row["weeks_per_channel"]) == (4, 800, 4.0)


def test_a_site_tells_its_hours_and_holidays(migrated: Client) -> None:
    put(migrated, "site_rows", [site("hours", [date(2026, 1, 6)])])
    (row,) = read(migrated, "SELECT opening_hours, holidays FROM headwater.sites WHERE run = 'hours'")
    assert row == {"opening_hours": {"mon": ["09:30-19:00"]}, "holidays": [date(2026, 1, 6)]}

"""The worked figures of the metrics page out of SQL, from events; those of the scoreboard are in test_field_example.py."""

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.path import worked_figures as worked
from tests.path.published_rows import archive, publish

RUN = "worked"
OF = "sites = ['{site}'], branches = [], since = '{since}', until = '{until}', run = '{run}'"


@pytest.fixture(scope="module")
def published(engine: Client) -> Client:
    events = worked.events()
    publish(engine, RUN, worked.catalog(), events)
    archive(engine, events)
    return engine


def asked(client: Client, columns: str, view: str, site: str, rest: str = "", **more: str) -> list[Any]:
    """The rows of a parameterised view over March 2026, or over `since` to `until`."""
    days = {"since": more.pop("since", worked.SINCE), "until": more.pop("until", worked.UNTIL)}
    given = [OF.format(site=site, run=RUN, **days), *(f"{name} = '{value}'" for name, value in more.items())]
    found = client.query(f"SELECT {columns} FROM headwater.{view}({', '.join(given)}) {rest}")
    return list(found.result_rows)


def test_lifetime_value_is_15_300_000_observed_and_assumed(published: Client) -> None:
    (row,) = asked(
        published,
        "average_payment, payments_per_month, months_of_use, ltv_observed, ltv_assumed",
        "aarrr", worked.VALUE, since="2025-01-01", until="2026-06-30", by="site",
    )  # fmt: skip
    assert row == (850_000, 1, 18, 15_300_000, 15_300_000)


def test_the_last_touch_is_social_unless_direct_is_kept(published: Client) -> None:
    found = published.query(
        "SELECT toString(site), groupArray((channel, toString(weight))) FROM headwater.credits"
        f" WHERE run = '{RUN}' AND model = 'last' AND weight > 0 AND site IN ('{worked.PATH}', '{worked.KEPT}') AND stage = 'registration'"
        " GROUP BY site ORDER BY site"
    ).result_rows
    assert {site: [channel for channel, _ in credited] for site, credited in found} == {
        worked.PATH: ["organic_social"],
        worked.KEPT: ["direct"],
    }


def test_a_goal_is_worth_1_152_000_or_price_by_close_rate(published: Client) -> None:
    rows = asked(published, "goal, value", "goal_conversions", worked.GOALS, "ORDER BY goal")
    assert rows == [("deal", 100_000), ("subscription", 1_152_000)]


def test_page_value_is_50_where_every_view_counts(published: Client) -> None:
    rows = asked(
        published,
        "splitByChar('/', page)[-1], unique_views, path_views, page_value, page_value_every_view",
        "page_values", worked.PAGES, "ORDER BY page",
    )  # fmt: skip
    assert {name: rest for name, *rest in rows}["page1"] == [1, 2, 100, 50]


def test_share_of_search_is_0_070_and_0_108_of_the_leader(published: Client) -> None:
    (row,) = asked(
        published,
        "own_search_volume, search_volume, leading_search_volume, round(share_of_search, 3), round(relative_share_of_search, 3)",
        "owned_media", worked.SEARCH, model="last",
    )  # fmt: skip
    assert row == (1_600, 22_800, 14_800, 0.070, 0.108)
    monthly = published.query(
        f"SELECT volume, round(share, 3), round(relative_share, 3) FROM headwater.share_of_search WHERE site = '{worked.SEARCH}' AND own = 1"
    )
    assert monthly.result_rows == [(1_600, 0.070, 0.108)]


def test_500_visits_of_search_are_worth_1_500_000_a_month(published: Client) -> None:
    (row,) = asked(
        published,
        "sessions, inflow_sessions, on_target_sessions, inflow_value",
        "owned_media",
        worked.INFLOW,
        model="last",
    )
    assert row == (500, 500, 500, 1_500_000)


def test_a_guide_breaks_even_after_5_months_and_is_cheaper_from_the_6th(published: Client) -> None:
    (row,) = asked(
        published,
        "content, months, sessions, monthly_inflow_value, break_even_months, cheaper_from_month",
        "content_value",
        worked.CONTENT,
    )
    assert row == ("guide", 1, 100, 100_000, 5, 6)


def test_owned_romi_is_0_667(published: Client) -> None:
    (row,) = asked(
        published,
        "goal_conversions, owned_goal_value, owned_cost, round(owned_romi, 3), conversion_rate",
        "owned_media",
        worked.ROMI,
        model="last",
    )
    assert row == (25, 25_000_000, 15_000_000, 0.667, 1)


def test_20_of_30_seconds_are_a_view_rate_of_66_7_percent(published: Client) -> None:
    (row,) = asked(
        published, "content, plays, seconds_watched, round(view_rate * 100, 1)", "content_value", worked.VIDEO
    )
    assert row == ("tour", 1, 20, 66.7)


def test_360_000_before_and_150_000_after_are_58_3_percent_less(published: Client) -> None:
    given = (
        f"sites = ['{worked.COST}'], branches = [], before_since = '2026-02-01', before_until = '2026-02-28',"
        f" since = '{worked.SINCE}', until = '{worked.UNTIL}', run = '{RUN}', model = 'last'"
    )
    found = published.query(
        f"SELECT metric, before, after, round(change_relative * 100, 1) FROM headwater.before_after({given})"
        " WHERE channel = '' AND metric IN ('cac', 'registrations') ORDER BY metric"
    ).result_rows
    assert found[0] == ("cac", 360_000, 150_000, -58.3)

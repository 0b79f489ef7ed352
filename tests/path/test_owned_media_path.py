"""Owned media: events -> core -> rows and archive -> engine -> views; the worked figures, and plain Python as the judge."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.given import (
    HOME,
    Entry,
    Event,
    channel,
    defined,
    engaged,
    happened,
    page,
    paid,
    site,
    spend,
    status,
    visit,
    withdrawn,
)
from tests.path.owned_figures import Owned, page_of, rows_of
from tests.path.published_rows import archive, publish
from tests.reference.histories import random_history

SEARCH = "https://search.naver.com/search.naver?query="
MARCH = ("2026-03-01", "2026-03-31")


def of_site(slug: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events or entries of the builders' site -> the same of a site of its own: the archive is shared by all tests."""
    return [{**row, "site": slug, **({"id": slug} if row.get("kind") == "site" else {})} for row in rows]


def known(client: Client, slug: str, catalog: list[Entry], events: list[Event]) -> None:
    """What the core and the archive hold of a history of one site, under a run of the site's name."""
    publish(client, slug, of_site(slug, catalog), of_site(slug, events))
    archive(client, of_site(slug, events))


def asked(
    client: Client,
    view: str,
    slug: str,
    columns: str = "*",
    since: str = MARCH[0],
    until: str = MARCH[1],
    branches: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """A view of a period -> its rows for one site and run."""
    model = ", model = 'last'" if view == "owned_media" else ""
    return rows_of(
        client,
        f"SELECT {columns} FROM headwater.{view}(sites = ['{slug}'], branches = {list(branches)}, since = '{since}',"
        f" until = '{until}', run = '{slug}'{model})",
    )


def volume(brand: str, searches: int, *, own: bool = False) -> Event:
    """A search_volume_measured of March."""
    return happened(
        "search_volume_measured", "04-01 09:00", brand, brand=brand, keyword=brand, own=own, volume=searches,
        month="2026-03",
    )  # fmt: skip


def query(text: str, clicks: int, at: str = "04-01 09:00", **fields: Any) -> Event:
    """A search_query_measured of a week of March."""
    return happened(
        "search_query_measured", at, f"{text}/{clicks}", query=text, clicks=clicks,
        **{"engine": "naver", "period_start": "2026-03-02", "period_end": "2026-03-08", **fields},
    )  # fmt: skip


def test_share_of_search_absolute_and_relative_to_the_leader(engine: Client) -> None:
    events = [
        volume("iphone", 14_800),
        volume("galaxy", 5_400),
        volume("optimus", 1_600, own=True),
        volume("vega", 1_000),
    ]
    known(engine, "searched", [site()], events)
    [own] = rows_of(
        engine,
        "SELECT share, relative_share FROM headwater.share_of_search WHERE site = 'searched' AND own = 1",
    )
    assert (round(own["share"], 3), round(own["relative_share"], 3)) == (0.070, 0.108)
    [row] = asked(
        engine, "owned_media", "searched", "share_of_search, relative_share_of_search, direct_visit_rate"
    )
    assert row == {
        "share_of_search": own["share"],
        "relative_share_of_search": own["relative_share"],
        "direct_visit_rate": None,
    }


def test_a_page_is_worth_the_goals_it_led_to_by_its_unique_views_or_by_every_view(engine: Client) -> None:
    path = ["/1", "/2", "/1", "/3"]
    events = [visit("v1", "09:00", f"{HOME}?utm_source=mail&utm_medium=email")]
    events += [page("v1", f"09:0{minute}", HOME + way[1:]) for minute, way in enumerate(path, start=1)]
    events += [
        page("v1", "09:05", f"{HOME}goal?paid=1#top"),
        page("v1", "09:06", f"{HOME}goal?paid=1"),  # the same goal again
        page("v1", "09:07", f"{HOME}2"),  # after it
        visit("v2", "09:00", f"{HOME}2"),
    ]
    goal = defined(
        "goal", "bought", value=100,
        rules=[{"field": "url_path", "equals": "/goal"}, {"field": "url_query", "contains": "PAID"}],
    )  # fmt: skip
    known(engine, "valued", [goal], events)
    values = {
        row["page"].removeprefix("center.example"): (row["page_value"], row["page_value_every_view"])
        for row in asked(engine, "page_values", "valued")
    }
    assert values == {
        "/": (100.0, 100.0),
        "/1": (100.0, 50.0),  # the document's figure counts every view on the path
        "/2": (50.0, 100.0),  # half of those who saw it
        "/3": (100.0, 100.0),
        "/goal": (0.0, None),
    }


def test_a_goal_is_worth_what_its_formula_says_once_a_session(engine: Client) -> None:
    events = [
        visit("v1", "09:00"),
        status("inquiry", "L1", "09:20", visitor_id="v1"),
        status("inquiry", "L2", "09:25", visitor_id="v1"),  # the same goals in the same session
        visit("v2", "09:00"),
        status("inquiry", "L3", "09:31", visitor_id="v2"),  # 1,860 s after its last page: no session's
        visit("v3", "10:00"),
    ]
    formulas: dict[str, dict[str, Any]] = {
        "months": {"monthly_price": 120_000, "months": 12, "retention": 0.8},
        "closing": {"price": 400_000, "close_rate": 0.25},
        "stated": {"value": 7, "price": 400_000, "close_rate": 0.25},
        "unknown": {},
    }
    catalog = [defined("goal", id, stage="inquiry", **formula) for id, formula in formulas.items()]
    known(engine, "worth", catalog, events)
    reached = asked(engine, "goal_conversions", "worth", "goal, channel, value")
    assert {row["goal"]: row["value"] for row in reached} == {
        "months": 1_152_000.0, "closing": 100_000.0, "stated": 7.0, "unknown": None
    }  # fmt: skip
    assert len(reached) == 4 and {row["channel"] for row in reached} == {"direct"}
    [row] = asked(engine, "owned_media", "worth", "converting_sessions, conversion_rate, goal_value")
    assert row == {"converting_sessions": 1, "conversion_rate": 1 / 3, "goal_value": 1_252_007.0}


def test_content_that_brings_visits_is_worth_what_clicks_cost_and_breaks_even(engine: Client) -> None:
    events = [
        *(
            visit(f"m{n}", f"03-{1 + n // 20:02} {9 + n % 10:02}:00", f"{HOME}mdm?x=1", referrer=f"{SEARCH}MDM")
            for n in range(500)
        ),
        *(visit(f"r{n}", f"03-{1 + n // 4:02} 09:30", f"{HOME}ryokan", referrer="https://www.google.com/") for n in range(100)),
        visit("o1", "09:30", f"{HOME}mdm", referrer=f"{SEARCH}master+data"),  # not what it aims at
        visit("o2", "09:30", f"{HOME}mdm"),  # direct
        *(
            engaged("intro.mp4", "video", "m1", f"11:0{n}", watched_seconds=watched, length_seconds=30)
            for n, watched in enumerate((5, 20))
        ),
        engaged("loved.mp4", "video", "m1", "11:00", watched_seconds=28, length_seconds=30),
        engaged("loved.mp4", "video", "m2", "11:00", watched_seconds=90, length_seconds=30),  # seen thrice
        engaged("paper.pdf", "download", "m1", "11:05"),
    ]  # fmt: skip
    catalog = [
        site(reference_cpc=3_000, reference_cpv=50),
        defined("keyword_list", "aim", list_kind="target", keywords=["m D m"]),
        defined(
            "content",
            "mdm",
            landing_pages=["https://WWW.Center.example/mdm"],
            files=["intro.mp4", "paper.pdf"],
        ),
        defined("content", "ryokan", landing_pages=["/ryokan"], reference_cpc=1_000, cost=500_000),
    ]
    known(engine, "content", catalog, events)
    rows = {row["content"]: row for row in asked(engine, "content_value", "content")}
    mdm, ryokan, loved = rows["mdm"], rows["ryokan"], rows["loved.mp4"]
    assert (mdm["sessions"], mdm["inflow_sessions"], mdm["monthly_inflow_value"]) == (502, 500, 1_500_000)
    assert (mdm["downloads"], mdm["plays"], mdm["view_rate"], mdm["video_value"]) == (1, 1, 20 / 30, 0)
    assert (ryokan["inflow_value"], ryokan["break_even_months"], ryokan["cheaper_from_month"]) == (
        100_000,
        5,
        6,
    )
    assert (loved["plays"], loved["video_value"]) == (2, 100)
    assert loved["view_rate"] == pytest.approx((28 / 30 + 1) / 2)
    [row] = asked(
        engine, "owned_media", "content", "inflow_value, on_target_sessions, video_value, view_rate"
    )
    assert (row["inflow_value"], row["on_target_sessions"], row["video_value"]) == (1_600_000, 600, 100)


def test_the_return_on_owned_media_by_each_formula(engine: Client) -> None:
    goal = defined("goal", "registered", stage="registration", value=5_000_000)
    events = [
        event
        for n in range(5)
        for event in (
            visit(f"v{n}", f"03-0{n + 1} 09:00", HOME, referrer="https://www.google.com/"),
            status("registration", f"L{n}", f"03-0{n + 1} 09:10", visitor_id=f"v{n}"),
            paid(4_000_000, f"L{n}", f"03-0{n + 1} 09:11"),
        )
    ]
    events += [
        spend("naver_blog", 10_000_000, kind="agency"),
        spend("email", 3_000_000),
        spend("paid_search", 1_000_000, clicks=1_000),
        spend(None, 9_000_000, kind="tool"),  # no marketing cost
    ]
    catalog = [
        site(baseline_monthly_revenue=2_000_000, contribution_margin=0.4),
        goal,
        channel("naver_blog", channel_kind="owned"),
        defined("content", "guide", cost=2_000_000, published_on="2026-03-31"),
        defined("content", "later", cost=2_000_000, published_on="2026-04-01"),
        defined("content", "landed", landing_pages=["/"]),
    ]
    known(engine, "returns", catalog, events)
    [row] = asked(engine, "owned_media", "returns")
    assert (row["owned_goal_value"], row["owned_cost"]) == (25_000_000, 15_000_000)
    assert round(row["owned_romi"], 3) == 0.667
    assert (row["owned_revenue"], row["inflow_value"]) == (20_000_000, 5 * 1_000)
    assert row["owned_romi_with_inflow"] == (20_005_000 - 15_000_000) / 15_000_000
    assert row["romi"] == pytest.approx(((20_000_000 - 2_000_000) * 0.4 - 16_000_000) / 16_000_000)
    [half] = asked(engine, "owned_media", "returns", branches=("gangnam",))
    assert (half["unplaced_cost"], half["owned_romi"], half["romi"]) == (16_000_000, None, None)


def test_a_goal_of_an_index_is_none_of_visits(engine: Client) -> None:
    known(engine, "index", [site(), defined("goal", "happy", metric="satisfaction", change=0.1)], [visit()])
    assert asked(engine, "owned_media", "index", "sessions, conversion_rate") == [
        {"sessions": 1, "conversion_rate": None}
    ]


def test_videos_watched_to_nine_tenths_are_not_watched_above(engine: Client) -> None:
    """Seven times 0.9 by seven is above 0.9 in floating point."""
    events = [
        engaged("tour", "video", f"v{number}", watched_seconds=27, length_seconds=30) for number in range(7)
    ]
    known(engine, "tenths", [site(reference_cpv=30)], events)
    for view in ("owned_media", "content_value"):
        assert asked(engine, view, "tenths", "plays, video_value") == [{"plays": 7, "video_value": 0}]


def test_a_video_view_is_the_same_before_and_after_as_in_owned_media(engine: Client) -> None:
    """A player tells what was watched so far each time it stops: one view, at the most, and at most all of it."""
    events = [
        engaged(
            "tour", "video", "v1", f"09:0{turn}", id=f"stop{turn}", watched_seconds=watched, length_seconds=30
        )
        for turn, watched in enumerate((10, 20, 45))
    ]
    events.append(engaged("tour", "video", "v2", id="unknown", length_seconds=30))
    known(engine, "stops", [site()], events)
    (owned,) = asked(engine, "owned_media", "stops", "plays, rated_plays, view_rate")
    assert owned == {"plays": 2, "rated_plays": 1, "view_rate": 1}
    series = rows_of(
        engine,
        "SELECT metric, sum(value) AS value, sum(base) AS base FROM headwater.metric_series(sites = ['stops'], run = 'stops',"
        " model = 'last') WHERE metric LIKE 'video%' GROUP BY metric ORDER BY metric",
    )
    assert [tuple(row.values()) for row in series] == [("video_view_rate", 1, 1), ("video_views", 2, 0)]


def test_rates_of_direct_visits_and_of_keywords_of_visits_and_of_clicks(engine: Client) -> None:
    events = [
        visit("v1", "09:00", referrer=f"{SEARCH}%EB%A7%88%EB%A3%A8+%EC%84%BC%ED%84%B0+%EB%B6%84%EB%8B%B9"),
        visit("v2", "09:00", referrer=f"{SEARCH}review+scam"),
        visit("v3", "09:00", referrer=f"{SEARCH}maru"),
        visit("v6", "09:00", f"{HOME}?n_media=1&n_query=maru", referrer=f"{SEARCH}maru"),  # an advertisement
        visit("v4", "09:00", referrer="https://www.google.com/"),  # which keyword nobody knows
        visit("v5", "09:00"),
        query("마루센터", 30),
        query("마루센터", 40, at="04-02 09:00"),  # the newest counts
        query("언어치료", 60),
        query("마루센터", 999, period_end="2026-04-05"),  # not inside the period
    ]
    events.append(withdrawn(wrong := query("scam", 7)))
    events.append(wrong)
    catalog = [
        site(),
        defined("keyword_list", "ours", list_kind="brand", keywords=["마루 센터", "MARU"]),
        defined("keyword_list", "bad", list_kind="negative", keywords=["scam"]),
    ]
    known(engine, "rates", catalog, events)
    [row] = asked(engine, "owned_media", "rates")
    assert (row["sessions"], row["direct_visit_rate"]) == (6, 1 / 6)
    assert (row["keyword_sessions"], row["brand_keyword_rate"], row["negative_keyword_rate"]) == (
        3,
        2 / 3,
        1 / 3,
    )
    assert (row["query_clicks"], row["brand_query_rate"], row["negative_query_rate"]) == (100, 0.4, 0.0)


def test_pages_of_a_replay_end_where_it_stopped_reading(engine: Client) -> None:
    events = [visit("v1", "09:00"), page("v1", "09:01"), page("v1", "09:02", f"{HOME}late")]
    known(engine, "stopped", [], events)
    engine.command(
        "INSERT INTO headwater.run_rows (run, settings, models, status, offsets, version) VALUES ('stopped', '{}',"
        """ ['last'], 'done', '{"events": {"0": [0, 2, "mark"]}}', 2)"""
    )
    rows = rows_of(
        engine, "SELECT page, position FROM headwater.hits WHERE site = 'stopped' AND run = 'stopped'"
    )
    assert [(row["page"], row["position"]) for row in rows] == [
        ("center.example/", 1),
        ("center.example/", 2),
    ]


PAGES = ("", "price", "price/", "done?a=1", "Done?OK=%20#x", "guide", "blog/guide?x")
HOSTS = (
    "https://center.example/",
    "http://WWW.center.example:8080/",
    "center.example/",
    "//m.center.example/",
    "/",
    "https://localhost/",
)
WORDS = ("마루 센터", "MARU  센터 후기", "scam", "언어치료", "Straße", "")


def visited(rng: random.Random, number: int) -> Event:
    """A page at one of few instants, so that many are equal; sometimes a program's."""
    at = f"{rng.choice(('02-27', '02-28', '03-01', '03-02'))} {rng.choice(('09:00', '09:10', '09:30', '09:59', '23:59'))}"
    who = rng.choice(
        ({"visitor_id": "v1"}, {"visitor_id": "v2"}, {"visitor_id": "kiosk"}, {"session_id": "s1"}, {})
    )
    referrer = rng.choice(
        (None, "https://www.google.com/", SEARCH + rng.choice(WORDS), "https://www.instagram.com/")
    )
    address = rng.choice(HOSTS) + rng.choice(PAGES)
    told = {"id": f"x{number:03}", "bot": {"reason": "named", "rule": "1"} if rng.random() < 0.08 else None}
    branch = rng.choice((None, "gangnam"))
    if rng.random() < 0.6:
        return happened("visit_seen", at, "", url=address, referrer=referrer, branch=branch, **who, **told)
    return happened("page_viewed", at, "", url=address, branch=branch, **who, **told)


def judged(seed: int) -> tuple[list[Entry], list[Event]]:
    """A hostile history with owned media in it: what the core's own has, and pages, goals, content, searches."""
    rng = random.Random(seed)
    catalog, events = random_history(seed, 120)
    catalog = [
        entry
        for entry in catalog
        if entry["kind"] not in ("goal", "keyword_list", "content") and entry["site"] == "center"
    ]
    events = [event for event in events if event["site"] == "center"]
    events += [visited(rng, number) for number in range(90)]
    for number in range(40):
        at = f"{rng.choice(('02-28', '03-01', '03-02'))} {rng.choice(('09:00', '09:20', '10:01', '10:29', '10:30'))}"
        kind = rng.choice(("goal", "goal", "video", "download"))
        watched = {"watched_seconds": rng.choice((0, 29, 31)), "length_seconds": rng.choice((30, 30, 0))}
        events.append(
            engaged(
                rng.choice(("guide", "tour", "a.pdf")), kind, rng.choice(("v1", "v2", "v3")), at, id=f"c{number:03}",
                branch=rng.choice((None, "gangnam")), value=rng.choice((None, 500)),
                **(watched if kind == "video" and rng.random() < 0.8 else {}),
            )
        )  # fmt: skip
    for number in range(12):
        first = date(2026, 2, 1) + timedelta(days=rng.choice((0, 7, 27, 28, 40)))
        events.append(
            query(
                rng.choice(WORDS[:-1]), rng.randrange(50), rng.choice(("03-05 09:00", "03-06 09:00")), id=f"q{number:02}",
                engine=rng.choice(("google", "naver")), period_start=f"{first}",
                period_end=f"{first + timedelta(days=rng.choice((0, 6)))}",
            )
        )  # fmt: skip
        events.append(
            {**volume(rng.choice(("maru", "abc", "def")), rng.randrange(500), own=rng.random() < 0.4),
             "event_id": f"s{number:02}", "month": rng.choice(("2026-02", "2026-03")), "keyword": rng.choice(("a", "b"))}
        )  # fmt: skip
    for number, amount in enumerate((70_000, 33_333)):
        events.append(
            spend(
                rng.choice(("paid_search", "organic_search", "naver_blog")), amount, "2026-02-20", "2026-03-05",
                spend_id=f"z{number}", clicks=rng.choice((None, 7)), branch=rng.choice((None, "gangnam")),
            )
        )  # fmt: skip
    events += [
        withdrawn(target, id=f"w{n}")
        for n, target in enumerate(rng.sample(events, 12))
        if target["type"] != "event_withdrawn"
    ]
    rng.shuffle(events)
    catalog += [
        site(
            at="2026-01-20 00:00", **{name: value for name, value in (
                ("reference_cpc", 900), ("reference_cpv", 30), ("contribution_margin", 0.35),
                ("baseline_monthly_revenue", 1_000_001),
            ) if rng.random() < 0.6}, shared_identifiers=[{"visitor_id": "kiosk"}],
        ),
        defined("goal", "done", value=100, rules=[{"field": "url_path", "equals": "/DONE "}]),
        defined("goal", "host", monthly_price=10, months=3, rules=[{"field": "url_host", "contains": "m.cent"}]),
        defined("goal", "asked", stage="inquiry", price=300, close_rate=0.5, rules=[{"field": "url_query", "equals": "a=1"}]),
        defined("goal", "watched", contents=["guide", "tour"]),
        defined("keyword_list", "ours", list_kind="brand", keywords=["마루센터", "STRASSE", " "]),
        defined("keyword_list", "bad", list_kind="negative", keywords=["후기", "scam"]),
        *[defined("keyword_list", "aim", list_kind="target", keywords=["언어"])][: rng.randrange(2)],
        defined("content", "guide", landing_pages=["/guide", "https://www.center.example/blog/guide?q"], cost=5_000,
                published_on="2026-02-20", files=["a.pdf"]),
        defined("content", "price", landing_pages=["/price"], reference_cpc=1_200, published_on="2026-03-02", cost=999),
        channel("naver_blog", channel_kind="owned"),
    ][: None if rng.random() < 0.8 else -3]  # fmt: skip
    return catalog, list({event["event_id"]: event for event in reversed(events)}.values())


def compared(rows: dict[str, Any], like: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Rows by key -> their numbers to nine digits, of the columns that the other side has."""
    return {
        key: {
            name: float(f"{value:.9g}") if isinstance(value, (int, float)) else value
            for name, value in sorted(row.items())
            if name not in ("site", "page") and (like is None or name in like.get(key, {}))
        }
        for key, row in sorted(rows.items())
    }


@pytest.mark.parametrize(("seed", "branches"), [(1, ()), (2, ("gangnam",))])
def test_every_figure_is_what_plain_python_finds(
    engine: Client, seed: int, branches: tuple[str, ...]
) -> None:
    slug = f"judged-{seed}"
    since, until = "2026-02-15", "2026-03-02"
    known(engine, slug, *judged(seed))
    told = Owned(engine, slug, slug, date.fromisoformat(since), date.fromisoformat(until), branches)
    rows = rows_of(engine, f"SELECT * FROM headwater.hits WHERE site = '{slug}' AND run = '{slug}'")
    expected = {
        (hit["event_id"], hit["session"]["touch_id"], hit["position"], "".join(page_of(hit["url"])))
        for hit in told.hits()
    }
    assert {(row["event_id"], row["session_id"], row["position"], row["page"]) for row in rows} == expected

    period: dict[str, Any] = {"since": since, "until": until, "branches": branches}
    sessions = {row["session_id"]: row for row in asked(engine, "owned_sessions", slug, **period)}
    for session in told.asked_sessions:
        row = sessions.pop(session["touch_id"])
        assert [row["has_keyword"], row["is_brand"], row["is_negative"], row["is_target"], row["on_target"]] == [
            bool(session["typed"]), session["brand"], session["negative"], session["target"], session["on_target"]
        ]  # fmt: skip
        assert (row["channel_class"], row["content"]) == (session["class"], session["content"])
    assert not sessions
    pages = {row["page"]: row for row in asked(engine, "page_values", slug, **period)}
    assert compared(pages) == compared(told.pages())
    contents = {row["content"]: row for row in asked(engine, "content_value", slug, **period)}
    found = told.contents()
    assert compared(contents, like=found) == compared(found)
    [row] = asked(engine, "owned_media", slug, **period)
    figures = told.figures()
    assert compared({"": row}, like={"": figures}) == compared({"": figures})
    assert row["sessions"] and row["goal_conversions"] and row["keyword_sessions"] and row["plays"]

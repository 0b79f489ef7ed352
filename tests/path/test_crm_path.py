"""Messages, what followed them, and customer segments: events -> core -> rows -> engine -> views.

The judge is a plain working out again from the reference's rows (tests/reference/crm.py), under random histories.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests import given
from tests.clickhouse.store import read
from tests.given import Entry, Event
from tests.path.published_rows import publish
from tests.published import Published, judged
from tests.reference import crm, reference

RUN = "crm"
START = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)  # midnight of February 1 in Seoul
SINCE, UNTIL = date(2026, 2, 1), date(2026, 3, 31)
ACTIONS = ("sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed")
WEIGHTS = (5, 5, 3, 3, 2, 1, 1)
PARTS = ("all", "campaign", "medium", "segment", "variant", "month", "frequency")

FUNNEL = (
    "SELECT * FROM headwater.message_funnel(sites = {sites:Array(String)}, branches = {branches:Array(String)},"
    " since = {since:Date}, until = {until:Date}, run = {run:String}, part = {part:String}, goal = {goal:String},"
    " window_days = {window_days:UInt16}) ORDER BY site, experiment, part"
)
OF_SEGMENTS = (
    "SELECT * FROM headwater.{view}(sites = {{sites:Array(String)}}, branches = {{branches:Array(String)}},"
    " since = {{since:Date}}, until = {{until:Date}}, run = {{run:String}})"
)


def funnel(
    engine: Client,
    run: str = RUN,
    *,
    part: str = "all",
    goal: str = "payment",
    window_days: int = 7,
    since: date = SINCE,
    until: date = UNTIL,
    sites: Sequence[str] = (),
    branches: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The rows of message_funnel."""
    return read(
        engine, FUNNEL, sites=list(sites), branches=list(branches), since=since.isoformat(), until=until.isoformat(),
        run=run, part=part, goal=goal, window_days=window_days,
    )  # fmt: skip


def of_segments(
    engine: Client,
    view: str,
    run: str = RUN,
    *,
    since: date = SINCE,
    until: date = UNTIL,
    branches: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The rows of segment_members or customer_segments."""
    return read(
        engine, OF_SEGMENTS.format(view=view), sites=[], branches=list(branches), since=since.isoformat(),
        until=until.isoformat(), run=run,
    )  # fmt: skip


def an_event(rng: random.Random, site: str, number: int) -> Event:
    """Something that happens to one of a few people who are known by several names."""
    at = START + timedelta(
        days=rng.choice((0, 1, 2, 6, 7, 8, 20, 27, 28, 40, 58, 59)), hours=rng.choice((0, 0, 9, 23))
    )
    at += timedelta(microseconds=rng.choice((0, 0, 0, 1, -1)))
    who = rng.choice(
        (
            {"lead_id": rng.choice(("L1", "L2", "L3"))},
            {"email": rng.choice(("hmac:1:e1", "hmac:1:e2"))},
            {"phone": rng.choice(("hmac:1:01", "hmac:1:02"))},
        )
    )
    more: dict[str, Any] = {"site": site, "id": f"e{number}", "branch": rng.choice((None, "a", "b"))}
    kind = rng.choices(("message", "paid", "status", "visit", "identified", "engaged"), (14, 5, 4, 5, 1, 3))[
        0
    ]
    if kind == "message":
        said = rng.choice(({}, who, who, who))
        return given.message(
            rng.choice(("m1", "m2", "m3", "m4", "m5", "m6")),
            rng.choices(ACTIONS, WEIGHTS)[0],
            at,
            rng.choice((None, "email", "email", "sms", "alimtalk", "push")),
            campaign=rng.choice((None, "spring", "summer")),
            segment=rng.choice((None, "new", "regulars", "sleepers")),
            experiment=rng.choice((None, "subject")),
            variant=rng.choice((None, "A", "B")),
            **said,
            **more,
        )
    if kind == "paid":
        lead, service = who.pop("lead_id", None), rng.choice((None, "speech", "speech", "play"))
        return given.paid(rng.choice((100, 100, 250, -100, -250)), lead, at, service=service, **who, **more)
    if kind == "status":
        stage, lead = rng.choice(("inquiry", "consult", "registration", "dormant")), who.pop("lead_id", None)
        return given.status(stage, lead, at, service=rng.choice((None, "speech")), **who, **more)
    if kind == "visit":
        return given.visit(rng.choice(("v1", "v2")), at, **rng.choice(({}, who)), **more)
    if kind == "engaged":
        content = rng.choice(("guide", "quiz", "other"))
        return given.engaged(content, rng.choice(("goal", "download")), "v1", at, **more)
    names = {"visitor_id": "v1", "lead_id": "L1", "email": "hmac:1:e1", "phone": "hmac:1:01"}
    return given.identified(at, **{name: names[name] for name in rng.sample(sorted(names), 2)}, **more)


def a_history(seed: int) -> tuple[list[Entry], list[Event]]:
    """A site of its own: its catalog, and its events in any order, with copies and withdrawals."""
    rng, site = random.Random(seed), f"crm-{seed:02}"
    events = [an_event(rng, site, number) for number in range(rng.choice((20, 60, 90)))]
    gone = [
        given.withdrawn(one, START + timedelta(days=80), site=site, id=f"w{number}")
        for number, one in enumerate(rng.sample(events, 4))
    ]
    events += [*gone, *rng.sample(events, 5)]
    rng.shuffle(events)
    catalog = [given.site(site=site)]
    for base, id in (
        ("new", "new"),
        ("repeat", "regulars"),
        (None, "repeat"),
        ("dormant", "sleepers"),
        (None, "odd"),
    ):
        if rng.random() < (0.7 if base else 0.2):
            said: dict[str, Any] = {
                "days": rng.choice((1, 7, 30)),
                "payments": rng.choice((0, 1, 2)),
                "visits": rng.choice((0, 1)),
                "service": rng.choice(("speech", "play")),
                "goal_metric": rng.choice(
                    ("payment", "visit", "revenue", "members", "consult", "read", "satisfaction")
                ),
                "goal_count": rng.choice((0, 2, 4)),
            }
            kept = {name: value for name, value in said.items() if rng.random() < 0.5}
            catalog.append(
                given.defined("segment", id, site=site, **({"base": base} if base else {}), **kept)
            )
    aim = rng.choice(({}, {"stage": "registration"}, {"contents": ["guide", "quiz"]}))
    catalog.append(given.defined("goal", rng.choice(("read", "quiz")), site=site, **aim))
    return catalog, events


@pytest.fixture(scope="module")
def tables(engine: Client) -> Published:
    """Many histories, each of a site of its own, in one run; and what the reference says of them."""
    catalog: list[Entry] = []
    events: list[Event] = []
    for seed in range(24):
        entries, happened = a_history(seed)
        catalog += entries
        events += happened
    publish(engine, RUN, catalog, events)
    return judged(reference(events, catalog))


def micros(value: Any) -> Any:
    """An instant -> µs; anything else as it is."""
    return (value - datetime(1970, 1, 1, tzinfo=value.tzinfo)) // timedelta(microseconds=1) if isinstance(value, datetime) else value  # fmt: skip


def unlike(found: dict[Any, Any], wanted: dict[Any, Any]) -> list[str]:
    """Every row and figure in which the engine and the judge differ, in words."""
    said = [f"{key} on one side alone" for key in sorted(found.keys() ^ wanted.keys())]
    return said + [
        f"{key} {name}: {found[key][name]!r} should be {value!r}"
        for key in found.keys() & wanted.keys()
        for name, value in wanted[key].items()
        if micros(found[key][name]) != value
    ]


def test_every_message_has_the_first_time_of_each_step(engine: Client, tables: Published) -> None:
    rows = read(engine, "SELECT * FROM headwater.messages WHERE run = {run:String}", run=RUN)
    found = {
        (row["site"], row["message_id"], row["person_id"]): row | {"day": row["day"].isoformat()}
        for row in rows
    }
    wanted = crm.messages(tables)
    assert len(wanted) > 100
    assert unlike(found, wanted) == []


@pytest.mark.parametrize(
    ("part", "asked"),
    [
        ("all", {"goal": "payment", "window_days": 7}),
        ("campaign", {"goal": "registration", "window_days": 0}),
        ("medium", {"goal": "visit", "window_days": 1, "branches": ["a"]}),
        ("segment", {"goal": "", "window_days": 30}),
        (
            "variant",
            {"goal": "read", "window_days": 20, "since": date(2026, 2, 7), "until": date(2026, 2, 28)},
        ),
        ("month", {"goal": "quiz", "window_days": 60, "branches": ["", "b"]}),
        ("frequency", {"goal": "consult", "window_days": 366}),
    ],
)
def test_the_funnel_is_what_the_judge_makes_of_the_same_events(
    engine: Client, tables: Published, part: str, asked: dict[str, Any]
) -> None:
    asked = {"since": SINCE, "until": UNTIL, "branches": [], "part": part, **asked}
    found = {(row["site"], row["experiment"], row["part"]): row for row in funnel(engine, **asked)}
    wanted = crm.funnel(tables, **asked)
    assert len(wanted) > 10
    assert unlike(found, wanted) == []


def test_the_rules_of_the_segments_are_the_definitions_and_the_shipped_ones(
    engine: Client, tables: Published
) -> None:
    rows = read(engine, "SELECT * FROM headwater.segments WHERE run = {run:String}", run=RUN)
    found = {(row["site"], row["segment"]): row for row in rows}
    assert unlike(found, {(one["site"], one["segment"]): one for one in crm.segments(tables)}) == []


@pytest.mark.parametrize("branches", [[], ["a"]])
def test_members_and_how_far_their_goals_are(engine: Client, tables: Published, branches: list[str]) -> None:
    asked: dict[str, Any] = {"since": date(2026, 2, 15), "until": date(2026, 3, 4), "branches": branches}
    daily = crm.members(tables, **asked)
    rows = of_segments(engine, "segment_members", **asked)
    found = {(row["site"], row["segment"], row["person_id"], row["day"]): row for row in rows}
    wanted = {
        key: row for key, row in daily.items() if key in found or key[3] in (asked["since"], asked["until"])
    }
    assert wanted
    assert unlike(found, wanted) == []

    rows = of_segments(engine, "customer_segments", **asked)
    progress = crm.customer_segments(tables, **asked)
    for row in rows:
        one = progress[row["site"], row["segment"]]
        doing, is_told = one.pop("doing"), one.pop("told")
        counted = {"payment": one["paying"], "revenue": one["revenue"], "members": one["members"]}
        one["reached"] = counted.get(row["goal_metric"], doing) if is_told else None
        one["progress"] = one["reached"] / row["goal_count"] if is_told and row["goal_count"] else None
    assert unlike({(row["site"], row["segment"]): row for row in rows}, progress) == []
    assert sum(row["people"] for row in rows) > 10

"""AARRR, cohorts, growth and journeys: events -> core -> rows -> engine -> views, judged by plain Python and by hand."""

import math
import random
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.surface import PARAMETERS
from tests.given import (
    SEOUL,
    Entry,
    Event,
    happened,
    invited,
    paid,
    referred,
    site,
    status,
    told,
    visit,
    withdrawn,
)
from tests.path import plain_growth
from tests.path.plain_growth import Found, Person
from tests.path.published_rows import archive, publish
from tests.published import Row, folded
from tests.reference.histories import random_history

SINCE, UNTIL = date(2026, 1, 10), date(2026, 12, 31)
SOURCES = ("utm_source=google&utm_medium=cpc&utm_campaign=spring", "utm_source=naver&utm_medium=cpc", "", "utm_source=blog&utm_medium=blog")  # fmt: skip
GROUPS = {
    "businesses": ("campaign", "landing_page", "channel_and_cohort", "branch"),
    "hostile": ("service",),
}
SEGMENTS = {"businesses": ("service", "via", "customer"), "hostile": ("branch",)}
OTHER_STAGES = ["inquiry", "trial", "registration"]


def a_business(seed: int, size: int) -> tuple[list[Entry], list[Event]]:
    """Persons who come, come again, inquire, register, pay, leave, invite and refer; the second business tries first."""
    rng = random.Random(seed)
    events: list[Event] = []
    for number in range(size):
        of = f"grown-{seed}" if number % 7 else f"other-{seed}"
        at = datetime(2026, 1, 1, 9, tzinfo=SEOUL) + timedelta(hours=rng.randrange(24 * 150))
        who: Row = {"visitor_id": f"v{number}"}
        branch = rng.choice((None, "mapo", "songpa"))
        for turn in range(rng.choice((0, 1, 1, 2, 4))):
            at += timedelta(seconds=rng.choice((600, 7_200, 90_000, 2_600_000)) * min(turn, 1))
            url = f"https://center.example/{rng.choice('ab')}?{rng.choice(SOURCES)}#top"
            events.append(visit(f"v{number}", at, url, site=of, branch=rng.choice((None, "bundang"))))
        lead = f"L{number}"
        more = {"site": of, "branch": branch, "via": rng.choice((None, "phone", "kakao")), "service": rng.choice((None, "speech", "play"))}  # fmt: skip
        if rng.random() < 0.6:
            for stage in rng.choice(
                (["inquiry"], ["inquiry", "lost"], ["inquiry", "consult"], ["registration"],
                 ["inquiry", "trial", "registration"], ["inquiry", "registration", "dormant"],
                 ["registration", "dormant", "registration"])
            ):  # fmt: skip
                at += timedelta(seconds=rng.randrange(1, 1_500_000))
                events.append(status(stage, lead, at, **more, **who))
        if rng.random() < 0.4:
            start = at + timedelta(days=rng.choice((-3, 0, 5)), hours=rng.choice((-2, 1)))
            for turn in range(rng.choice((1, 2, 2, 7))):
                when = start + timedelta(days=rng.choice((0, 30)) * turn, seconds=turn)
                events.append(paid(rng.choice((850_000, 1, -850_000)), lead, when, site=of, id=f"p{number}-{turn}", **who))  # fmt: skip
        if rng.random() < 0.3:  # comes again, however late
            events.append(visit(f"v{number}", at + timedelta(days=rng.choice((0, 40)), hours=3), site=of))
        if rng.random() < 0.3:
            events.append(told("referral", at, site=of, lead_id=lead))
        for _ in range(rng.choice((0, 0, 1, 3))):
            other = rng.randrange(size)
            at += timedelta(seconds=1)
            if rng.random() < 0.5:
                events.append(invited(f"L{other}", at=at, site=of, id=f"i{number}-{at.isoformat()}"))
            else:
                events.append(referred(lead, f"L{other}", at, site=of, id=f"r{number}-{at.isoformat()}"))
    for event in rng.sample(events, 5):
        events.append(withdrawn(event, datetime(2026, 7, 1, tzinfo=SEOUL), site=event["site"]))
    catalog = [site(site=f"other-{seed}", stages=OTHER_STAGES), site(site=f"grown-{seed}")]
    rng.shuffle(events)
    return catalog, events


def elsewhere(history: tuple[list[Row], list[Row]], name: str) -> tuple[list[Row], list[Row]]:
    """A history of sites of its own, which no other test has an archive of."""

    def moved(row: Row) -> Row:
        more = {"id": f"{name}-{row['id']}"} if row.get("kind") == "site" else {}
        return {**row, **more, "site": f"{name}-{row['site']}"}

    return [moved(entry) for entry in history[0]], [moved(event) for event in history[1]]


def together(*histories: tuple[list[Row], list[Row]]) -> tuple[list[Row], list[Row]]:
    """Histories of different sites as one."""
    return [entry for one in histories for entry in one[0]], [event for one in histories for event in one[1]]


HISTORIES = {
    "businesses": together(a_business(1, 160), a_business(2, 90)),
    "hostile": together(*(elsewhere(random_history(seed, 250), f"hostile-{seed}") for seed in range(3))),
}


@pytest.fixture(scope="module", params=HISTORIES)
def judged(request: pytest.FixtureRequest, engine: Client) -> tuple[str, list[Person], dict[str, list[str]]]:
    """A history under a run of its own: its name, its persons as plain Python finds them, and its sites' stages."""
    catalog, events = HISTORIES[request.param]
    publish(engine, request.param, catalog, events)
    published, _ = folded(catalog, events)
    stages = {row["site"]: settings_of(row)["stages"] for row in published.get("site_rows", {}).values()}
    return request.param, plain_growth.people(published), stages


def settings_of(row: Row) -> Row:
    """site_rows' settings."""
    said: Row = orjson.loads(row["settings"])
    return said


def asked(client: Client, view: str, run: str, **given: Any) -> list[Row]:
    """A view's rows under parameters; a period that holds everything unless said."""
    values = {"sites": [], "branches": [], "since": SINCE.isoformat(), "until": UNTIL.isoformat(), "run": run, **given}  # fmt: skip
    parameters = PARAMETERS[view]
    call = ", ".join(f"{name} = {{{name}:{form}}}" for name, form in parameters.items())
    answer = client.query(
        f"SELECT * FROM headwater.{view}({call})", parameters={name: values[name] for name in parameters}
    )
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def same(mine: Any, theirs: Any) -> bool:
    """Two values are one; floats to 1e-9."""
    if isinstance(mine, float) and isinstance(theirs, float | int):
        return math.isclose(mine, theirs, rel_tol=1e-9)
    return bool(mine == theirs)


def check(rows: list[Row], expected: Found, *key: str) -> None:
    """Rows of a view are those expected, each once, under their key, and every figure is the same."""
    found = {tuple(row[name] for name in key): row for row in rows}
    assert len(found) == len(rows)
    assert found.keys() == expected.keys()
    for name, row in expected.items():
        wrong = {
            column: (found[name][column], value)
            for column, value in row.items()
            if not same(found[name][column], value)
        }
        assert wrong == {}, name


GROUP = ("site", "branch", "channel", "campaign", "landing_page", "service", "cohort")


def test_aarrr_is_what_plain_python_finds(
    engine: Client, judged: tuple[str, list[Person], dict[str, list[str]]]
) -> None:
    run, people, stages = judged
    for one in GROUPS[run]:
        some = plain_growth.within(people, SINCE, UNTIL)
        check(asked(engine, "aarrr", run, by=one), plain_growth.aarrr(some, one), *GROUP)
    some = plain_growth.within(people, SINCE, UNTIL, ["mapo", "gangnam"])
    rows = asked(engine, "aarrr_losses", run, by="channel", branches=["mapo", "gangnam"])
    check(rows, plain_growth.losses(some, "channel", stages), *GROUP, "position")


def test_losses_cohorts_and_growth_are_what_plain_python_finds(
    engine: Client, judged: tuple[str, list[Person], dict[str, list[str]]]
) -> None:
    run, people, stages = judged
    since, until = date(2026, 2, 3), date(2026, 5, 20)
    some = plain_growth.within(people, since, until)
    period = {"since": since.isoformat(), "until": until.isoformat()}
    check(asked(engine, "aarrr_losses", run, by="site", **period), plain_growth.losses(some, "site", stages), *GROUP, "position")  # fmt: skip
    check(asked(engine, "retention_cohorts", run, by="channel", **period), plain_growth.cohorts(people, since, until, "channel"),
          "site", "cohort_of", "channel", "cohort", "months_after")  # fmt: skip
    check(asked(engine, "growth_monthly", run, by="service", **period), plain_growth.growth(people, since, until, "service"),
          "site", "branch", "channel", "service", "month")  # fmt: skip


def test_journeys_are_what_plain_python_finds(
    engine: Client, judged: tuple[str, list[Person], dict[str, list[str]]]
) -> None:
    run, people, stages = judged
    some = plain_growth.within(people, SINCE, UNTIL)
    for one in SEGMENTS[run]:
        check(asked(engine, "journey_steps", run, by=one), plain_growth.points(some, one, stages), "site", "segment", "step")  # fmt: skip
    check(asked(engine, "journey_edges", run, by="channel"), plain_growth.edges(some, "channel", stages),
          "site", "segment", "source", "target")  # fmt: skip


# Worked by hand


def one(client: Client, view: str, run: str, **given: Any) -> Row:
    """The only row of a view."""
    (row,) = asked(client, view, run, **{"by": "site", **given})
    return row


def test_ltv_assumed_and_observed_is_18_months_of_850_000(engine: Client) -> None:
    months = [f"{2024 + month // 12}-{month % 12 + 1:02}-15 10:00" for month in range(3, 21)]
    events = [status("registration", "L1", at="2024-04-10 10:00")]
    events += [paid(850_000, "L1", at=at, id=f"month-{at}") for at in months]
    publish(engine, "ltv", [site(ltv_months=18, ltv_monthly_revenue=850_000)], events)
    row = one(engine, "aarrr", "ltv", since="2024-01-01")
    assert (row["average_payment"], row["payments_per_month"], row["months_of_use"]) == (850_000, 1, 18)
    assert row["ltv_observed"] == row["ltv_assumed"] == row["arpu"] == 15_300_000
    assert (row["payers"], row["repeat_payers"], row["payment_days_per_payer"]) == (1, 1, 18)


def test_an_ltv_that_the_site_does_not_state_is_none(engine: Client) -> None:
    publish(engine, "ltv-unstated", [site(ltv_months=18)], [status("inquiry", "L1", at="2026-03-02 10:00")])
    row = one(engine, "aarrr", "ltv-unstated")
    assert (row["ltv_assumed"], row["ltv_observed"], row["arpu"], row["viral_k"], row["revisit_rate"]) == (None,) * 5  # fmt: skip
    assert (row["people"], row["inquirers"], row["revenue_per_person"]) == (1, 1, 0)


def test_k_is_invitations_a_customer_by_their_conversion_also_by_telephone(engine: Client) -> None:
    of = "by-telephone"
    customers = [status("registration", f"L{number}", at="2026-03-02 10:00", site=of) for number in range(4)]
    named = status("inquiry", "L1", at="2026-03-01 10:00", site=of, phone="hmac:2:77", phone_aliases=["hmac:1:77"])  # fmt: skip
    sent = [invited("L0", at=f"2026-03-0{day} 12:00", site=of) for day in (3, 4, 5, 6, 7)]
    sent += [happened("invitation_sent", f"2026-03-0{day} 12:00", "L1", referrer_phone="hmac:1:77", site=of) for day in (3, 4, 5)]  # fmt: skip
    came = [
        referred("N0", "L0", at="2026-03-08 09:00", site=of),
        happened(
            "referral_made", "2026-03-08 09:00", "N1", lead_id="N1", referrer_phone="hmac:2:77", site=of
        ),
        status("registration", "N1", at="2026-03-09 09:00", site=of),
        status("inquiry", "N0", at="2026-03-09 09:00", site=of),
    ]
    wrong = status("inquiry", "L3", at="2026-03-01 11:00", site=of, phone="hmac:2:77")
    events = [*customers, named, *sent, *came, wrong, withdrawn(wrong, at="2026-03-10 09:00", site=of)]
    publish(engine, "k", [], events)
    archive(engine, events)
    row = one(engine, "aarrr", "k")
    # 5 customers: L0 to L3 and N1; 8 invitations; one of the two who came became a customer
    assert (row["customers"], row["invitations"], row["referrers"], row["referrals"]) == (5, 8, 2, 2)
    assert (row["referred_customers"], row["referred_people"]) == (1, 2)
    assert (row["invitations_per_customer"], row["invitation_conversion"]) == (8 / 5, 1 / 8)
    assert row["viral_k"] == pytest.approx(0.2, rel=1e-12)
    by_channel = {row["channel"]: row for row in asked(engine, "aarrr", "k", by="channel")}
    assert (by_channel["unattributed"]["viral_k"], by_channel["referral"]["viral_k"]) == (pytest.approx(0.25), None)  # fmt: skip


def test_who_a_telephone_meant_is_what_a_replay_had_read(engine: Client) -> None:
    of = "later-beside"
    read = [
        status("registration", "L1", at="2026-03-01 10:00", site=of, phone="hmac:2:77"),
        happened(
            "referral_made", "2026-03-08 09:00", "N1", lead_id="N1", referrer_phone="hmac:2:77", site=of
        ),
    ]
    later = status("inquiry", "A0", at="2026-03-09 09:00", site=of, phone="hmac:2:88", phone_aliases=["hmac:2:77"])  # fmt: skip
    publish(engine, "stopped-before", [], [*read, status("inquiry", "A0", at="2026-03-09 09:00", site=of)])
    archive(engine, [*read, later])
    engine.command(
        "INSERT INTO headwater.run_rows (run, settings, models, status, offsets, version) VALUES ('stopped-before', '{}',"
        """ ['last'], 'done', '{"events": {"0": [0, 2, "mark"]}}', 2)"""
    )
    people = {row["person_id"]: row["referrals"] for row in asked(engine, "people", "stopped-before")}
    assert people == {"lead_id:L1": 1, "lead_id:A0": 0, "lead_id:N1": 0}


def test_reviews_are_those_of_the_period_the_channel_and_the_month(engine: Client) -> None:
    of = "reviewed"
    events = [
        visit("v1", "2026-03-05 09:00", site=of),
        visit("v2", "2026-04-05 09:00", "https://x.example/?gclid=1", site=of),
    ]
    for month, value, more in ((3, 7, {}), (4, 5, {"channel": "naver_place"}), (5, 100, {})):
        events.append(
            happened(
                "measure_recorded",
                f"2026-06-0{month} 09:00",
                f"{month}",
                metric="reviews",
                value=value,
                period_start=f"2026-0{month}-01",
                period_end=f"2026-0{month}-28",
                site=of,
                **more,
            )
        )
    publish(engine, "reviewed", [], events)
    archive(engine, events)
    period = {"since": "2026-03-01", "until": "2026-04-30"}
    assert one(engine, "aarrr", "reviewed", **period)["reviews"] == 12
    rows = asked(engine, "aarrr", "reviewed", by="cohort", **period)
    assert {row["cohort"].isoformat(): row["reviews"] for row in rows} == {"2026-03-01": 7, "2026-04-01": 5}
    assert {row["reviews"] for row in asked(engine, "aarrr", "reviewed", by="branch", **period)} == {None}


def test_the_largest_loss_is_named_by_persons_and_by_rate(engine: Client) -> None:
    events = [
        visit(f"v{number}", f"2026-03-02 {9 + number // 60:02}:{number % 60:02}") for number in range(100)
    ]
    for number in range(60):
        events.append(status("inquiry", f"L{number}", at="2026-03-03 09:00", visitor_id=f"v{number}"))
    for number in range(30):
        events.append(status("registration", f"L{number}", at="2026-03-04 09:00"))
    events += [paid(1000, f"L{number}", at="2026-03-05 09:00") for number in range(9)]
    publish(engine, "losses", [], events)
    rows = asked(engine, "aarrr_losses", "losses", by="site")
    told = {
        row["from_step"]: (row["entered"], row["went_on"], row["is_most_lost"], row["is_highest_rate"])
        for row in rows
    }
    assert told == {
        "acquired": (100, 60, 1, 0),  # 40 lost
        "inquiry": (60, 30, 0, 0),
        "consult": (30, 30, 0, 0),
        "registration": (30, 9, 0, 1),  # 70% of 30
        "payment": (9, 0, 0, 0),  # all, but of fewer than 10
    }


def test_a_journey_from_first_touch_to_renewal_and_where_others_leave(engine: Client) -> None:
    ad = "https://center.example/?utm_source=google&utm_medium=cpc"
    events = [
        visit("v1", "2026-03-02 09:00", ad),
        visit("v1", "2026-03-04 09:00"),
        status("inquiry", "L1", at="2026-03-04 10:00", visitor_id="v1"),
        status("registration", "L1", at="2026-03-06 10:00"),
        paid(850_000, "L1", at="2026-03-06 09:00"),  # of that day: after the registration, 0 s later
        paid(850_000, "L1", at="2026-04-05 09:00", id="again"),
        visit("v2", "2026-03-02 09:00", ad),
        status("inquiry", "L2", at="2026-03-02 13:00", visitor_id="v2"),
        status("lost", "L2", at="2026-04-04 13:00"),  # given up, however lately
        visit("v3", "2026-03-02 09:00", ad),
        visit("v4", "2026-03-28 09:00", ad),  # seen in the last thirty days
    ]
    publish(engine, "walked", [], events)
    edges = {
        (row["source"], row["target"]): (row["people"], row["median_seconds"])
        for row in asked(engine, "journey_edges", "walked", by="site")
    }
    hour, day = 3600, 86_400
    assert edges == {
        ("first_touch:paid_search", "return"): (1, 2 * day),
        ("return", "inquiry"): (1, hour),
        ("first_touch:paid_search", "inquiry"): (1, 4 * hour),
        ("first_touch:paid_search", "left"): (1, None),
        ("first_touch:paid_search", "under_way"): (1, None),
        ("inquiry", "left"): (1, None),
        ("inquiry", "consult"): (1, 2 * day),
        ("consult", "registration"): (1, 0),
        ("registration", "payment"): (1, 0),
        ("payment", "renewal"): (1, 30 * day),
    }
    points = {row["step"]: row for row in asked(engine, "journey_steps", "walked", by="channel")}
    first = points["first_touch"]
    assert (first["reached"], first["went_on"], first["leavers"], first["under_way"]) == (4, 2, 1, 1)
    assert (first["median_seconds"], first["is_most_left"]) == ((2 * day + 4 * hour) / 2, 1)
    assert (points["inquiry"]["leavers"], points["inquiry"]["given_up"], points["inquiry"]["leave_rate"]) == (1, 1, 0.5)  # fmt: skip


@pytest.mark.parametrize("view", ["aarrr", "aarrr_losses", "growth_monthly", "journeys", "retention_cohorts"])
def test_what_it_cannot_be_asked_by_is_said(engine: Client, view: str) -> None:
    with pytest.raises(Exception, match="by is site"):
        asked(engine, view, "businesses", by="moon")

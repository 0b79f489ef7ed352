"""Messages and customer segments by hand: small stories, and the figures that anybody can count."""

from datetime import UTC, timedelta

import pytest
from clickhouse_connect.driver.client import Client

from tests.clickhouse.store import read
from tests.given import Event, defined, identified, instant, message, paid, status, visit, withdrawn
from tests.path.published_rows import publish
from tests.path.test_crm_path import funnel, of_segments

WHO = {"email": "hmac:1:a"}
MICROSECOND = timedelta(microseconds=1)


def steps(*actions: str, medium: str | None = "email", **fields: str) -> list[Event]:
    """One message whose steps are an hour apart, from nine on."""
    return [
        message("m1", action, f"{9 + hour:02}:00", medium, id=f"{action}{hour}", **(fields or WHO))
        for hour, action in enumerate(actions)
    ]


STORIES = [
    ("click_alone", steps("clicked"), {"sent_at": 9, "delivered_at": 9, "opened_at": 9, "clicked_at": 9}),
    ("no_opens", steps("clicked", medium="alimtalk"), {"sent_at": 9, "delivered_at": 9, "clicked_at": 9}),
    ("unknown", steps("sent", "clicked", medium=None), {"sent_at": 9, "delivered_at": 10, "clicked_at": 10}),
    ("not_opened", steps("sent", "unsubscribed"), {"sent_at": 9, "delivered_at": 10, "unsubscribed_at": 10}),
    ("bounced", steps("sent", "delivered", "bounced"), {"sent_at": 9, "bounced_at": 11}),
    ("another_try", steps("sent", "bounced", "delivered"), {"sent_at": 9, "delivered_at": 11}),
    ("to_and_fro", steps("delivered", "bounced", "delivered"), {"sent_at": 9, "delivered_at": 9}),
    ("fro_and_to", steps("bounced", "delivered", "bounced"), {"sent_at": 9, "bounced_at": 9}),
    ("opened_bounce", steps("delivered", "bounced", "opened"), {"sent_at": 9, "delivered_at": 9, "opened_at": 11}),
    ("bounce_alone", steps("sent", "bounced"), {"sent_at": 9, "bounced_at": 10}),
    ("in_one_moment", [*steps("bounced"), *steps("delivered")], {"sent_at": 9, "delivered_at": 9}),
    ("withdrawn", [*steps("sent", "opened"), withdrawn("opened1")], {"sent_at": 9}),
]  # fmt: skip


def of_site(site: str, events: list[Event]) -> list[Event]:
    """The same events at a site of their own."""
    return [{**event, "site": site} for event in events]


def test_what_became_of_a_message(engine: Client) -> None:
    publish(
        engine, "stories", [], [event for name, events, _ in STORIES for event in of_site(name, events[::-1])]
    )
    rows = read(engine, "SELECT * FROM headwater.messages WHERE run = 'stories'")
    found = {
        row["site"]: {
            key: value.replace(tzinfo=UTC)
            for key, value in row.items()
            if key.endswith("_at") and value is not None
        }
        for row in rows
    }
    assert found == {
        name: {key: instant(f"{hour:02}:00") for key, hour in told.items()} for name, _, told in STORIES
    }


def test_a_report_that_names_nobody_is_of_the_messages_only_person(engine: Client) -> None:
    events = [
        *steps("sent", "delivered"),
        message("m1", "opened", "11:00"),
        message("m2", "sent", lead_id="L1"),
        message("m2", "sent", "09:30", lead_id="L2", id="another"),
        message("m2", "clicked", "10:00"),
        message("m3", "sent", "10:00"),
        message("m3", "delivered", "11:00"),
    ]
    publish(engine, "nobody", [], events)
    rows = read(
        engine,
        "SELECT message_id, count() AS people, countIf(isNotNull(clicked_at)) AS clicked, countIf(isNotNull(opened_at)) AS opened"
        " FROM headwater.messages WHERE run = 'nobody' GROUP BY message_id ORDER BY message_id",
    )
    assert [tuple(row.values()) for row in rows] == [("m1", 1, 0, 1), ("m2", 3, 1, 1), ("m3", 1, 0, 0)]


def test_the_window_has_both_ends_and_a_refund_in_it_takes_the_payment_back(engine: Client) -> None:
    delivered = instant("09:00")
    last = delivered + timedelta(days=7)
    paid_at = {
        "L1": [(100, delivered)],
        "L2": [(100, last)],
        "L3": [(100, last + MICROSECOND)],
        "L4": [(100, delivered - MICROSECOND)],
        "L5": [(100, delivered), (-100, last)],
        "L6": [(100, last), (-100, last + MICROSECOND)],
        "L7": [(100, delivered), (-40, last)],
    }
    events = [message(f"m{lead}", "delivered", delivered, lead_id=lead) for lead in paid_at]
    events += [paid(amount, lead, at) for lead, money in paid_at.items() for amount, at in money]
    publish(engine, "message-window", [], events)
    (row,) = funnel(engine, "message-window")
    assert (row["delivered"], row["converted"], row["conversion_rate"]) == (7, 4, 4 / 7)
    assert row["revenue"] == 100 + 100 + 0 + 100 + 60
    assert (row["customers"], row["customers_back"]) == (1, 0)


def test_a_payment_counts_once_however_many_messages_came_before_it(engine: Client) -> None:
    events = [
        *(message(f"m{number}", "delivered", f"03-0{number} 09:00", lead_id="L1") for number in (1, 2, 3)),
        message("m4", "delivered", "03-03 09:00", lead_id="L2"),
        paid(500, "L1", "03-04 09:00"),
    ]
    publish(engine, "once", [], events)
    (row,) = funnel(engine, "once")
    assert (row["delivered"], row["converted"], row["people"], row["people_converted"]) == (4, 3, 2, 1)
    assert row["revenue"] == 500
    by_frequency = {row["part"]: row for row in funnel(engine, "once", part="frequency")}
    assert {part: (row["people"], row["people_converted"], row["messages_a_month"]) for part, row in by_frequency.items()} == {
        "1": (1, 0, 1.0), "3": (1, 1, 3.0)}  # fmt: skip


def test_names_that_turn_out_to_be_one_person_bring_the_goal_to_the_message(engine: Client) -> None:
    story = [
        message("m1", "delivered", "09:00", segment="sleepers", **WHO),
        status("registration", "L1", "03-05 10:00"),
        visit("v1", "03-05 09:00"),
    ]
    joins = [identified("03-06 09:00", lead_id="L1", **WHO), identified(visitor_id="v1", lead_id="L1")]
    publish(engine, "messages-joined", [], [*of_site("apart", story), *of_site("one", [*story, *joins])])
    for goal, converted in (("registration", 1), ("visit", 1), ("payment", 0)):
        rows = funnel(engine, "messages-joined", goal=goal)
        assert {row["site"]: row["converted"] for row in rows} == {"apart": 0, "one": converted}


def test_media_without_opens_have_no_open_rate_and_do_not_weigh_on_that_of_others(engine: Client) -> None:
    events = [
        message("m1", "delivered", **WHO), message("m1", "opened", "10:00", **WHO), message("m2", "delivered", **WHO),
        message("s1", "delivered", medium="sms", **WHO), message("s1", "clicked", "10:00", medium="sms", **WHO),
        message("a1", "bounced", medium="alimtalk", **WHO), message("m3", "complained", "11:00", **WHO),
    ]  # fmt: skip
    publish(engine, "media", [], events)
    by_medium = {row["part"]: row for row in funnel(engine, "media", part="medium")}
    assert {name: (row["opened"], row["open_rate"], row["click_rate"], row["bounce_rate"]) for name, row in by_medium.items()} == {
        "email": (1, 1 / 3, 0.0, 0.0),
        "sms": (None, None, 1.0, 0.0),
        "alimtalk": (None, None, None, 1.0),
    }  # fmt: skip
    (everything,) = funnel(engine, "media")
    assert (everything["open_rate"], everything["click_rate"], everything["complaint_rate"]) == (
        1 / 3,
        1 / 4,
        1 / 4,
    )


def test_who_unsubscribed_from_a_medium_should_get_no_more_of_it(engine: Client) -> None:
    events = [
        message("m1", "unsubscribed", "03-01 09:00", **WHO),
        message("m2", "sent", "03-02 09:00", **WHO),
        message("m3", "sent", "03-02 09:00", medium="sms", **WHO),
        message("m4", "sent", "03-02 09:00", email="hmac:1:b"),
    ]
    publish(engine, "unwanted", [], events)
    assert {
        row["part"]: row["sent_after_unsubscribe"] for row in funnel(engine, "unwanted", part="medium")
    } == {
        "email": 1,
        "sms": 0,
    }
    (later,) = funnel(engine, "unwanted", since=instant("03-02 09:00").date())
    assert (later["sent"], later["unsubscribed"], later["sent_after_unsubscribe"]) == (3, 0, 1)


def test_customers_who_came_back_are_those_who_had_registered_or_paid_before(engine: Client) -> None:
    events = [
        status("registration", "L1", "01-10 09:00"), message("m1", "delivered", "03-01 09:00", lead_id="L1"),
        paid(100, "L1", "03-02 09:00"),
        paid(100, "L2", "01-10 09:00"), message("m2", "delivered", "03-01 09:00", lead_id="L2"),
        status("inquiry", "L3", "01-10 09:00"), message("m3", "delivered", "03-01 09:00", lead_id="L3"),
        paid(100, "L3", "03-02 09:00"),
    ]  # fmt: skip
    publish(engine, "back", [], events)
    (row,) = funnel(engine, "back")
    assert (row["customers"], row["customers_back"], row["return_rate"]) == (2, 1, 0.5)


def test_an_unknown_way_to_part_the_messages_is_refused(engine: Client) -> None:
    with pytest.raises(Exception, match="part is all, campaign, medium"):
        funnel(engine, "nothing", part="weather")


def test_new_repeat_and_dormant_by_the_shipped_rules(engine: Client) -> None:
    events = [
        status("inquiry", "L1", "03-10 09:00"),  # known for 21 days
        status("inquiry", "L2", "03-02 09:00"),  # the 30th day back
        status("inquiry", "L3", "03-01 09:00"),  # the 31st
        paid(100, "L4", "03-20 09:00"), paid(100, "L4", "03-21 09:00", id="p2"),  # two payments
        paid(100, "L5", "2025-12-20 09:00"), paid(100, "L5", "2025-12-31 23:59", id="p3"),  # nothing for 90 days
        paid(100, "L6", "2025-12-20 09:00"), paid(100, "L6", "01-01 00:00", id="p4"),  # the 90th day back
        paid(100, "L7", "2025-12-20 09:00"), visit("v7", "03-01 09:00", lead_id="L7"),  # came back to look
        paid(100, "L8", "2025-12-20 09:00"), paid(-100, "L8", "2025-12-21 09:00"),  # got everything back
    ]  # fmt: skip
    publish(engine, "shipped", [], events)
    day = instant("03-31 09:00").date()
    rows = of_segments(engine, "segment_members", "shipped", since=day, until=day)
    assert sorted((row["segment"], row["person_id"]) for row in rows) == [
        ("dormant", "lead_id:L5"),
        ("new", "lead_id:L1"),
        ("new", "lead_id:L2"),
        ("repeat", "lead_id:L4"),
        ("repeat", "lead_id:L6"),
    ]


def test_a_segment_has_its_own_rules_and_a_goal_of_which_it_tells_how_far_it_is(engine: Client) -> None:
    catalog = [
        defined("segment", "sleepers", base="dormant", days=60, goal_metric="payment", goal_count=4,
                name={"ko": "쉬는 가족", "en": "Sleeping families"}),
        defined("segment", "hopefuls", base="new", payments=0, goal_metric="registration", goal_count=2),
    ]  # fmt: skip
    events = [
        # dormant on the eve of March; back in March: one pays, one looks and pays later, one gets it back
        *(paid(100, f"L{number}", f"2025-12-2{number} 09:00") for number in range(1, 6)),
        paid(300, "L1", "03-03 09:00"),
        visit("v2", "03-05 09:00", lead_id="L2"), paid(200, "L2", "03-20 09:00"),
        paid(500, "L3", "03-05 09:00"), paid(-500, "L3", "03-06 09:00"),
        # still awake on the eve, dormant from March 6 on, and back on the 10th
        paid(100, "L6", "01-05 09:00"), visit("v6", "03-10 09:00", lead_id="L6"), paid(100, "L6", "03-20 09:00"),
        # new without a payment; one registers, one pays before and is no hopeful any more
        status("inquiry", "N1", "03-10 09:00"), status("registration", "N1", "03-12 09:00"),
        status("inquiry", "N2", "03-10 09:00"),
        paid(100, "N3", "03-11 09:00"), status("registration", "N3", "03-12 09:00"),
    ]  # fmt: skip
    publish(engine, "segments-with-goals", catalog, events)
    rows = of_segments(
        engine, "customer_segments", "segments-with-goals", since=instant("03-01 09:00").date()
    )
    found = {row["segment"]: row for row in rows}
    assert set(found) == {
        "sleepers",
        "hopefuls",
        "repeat",
    }  # the shipped rules of the base that nobody defined
    sleepers, hopefuls = found["sleepers"], found["hopefuls"]
    assert (sleepers["name_ko"], sleepers["name_en"]) == ("쉬는 가족", "Sleeping families")
    assert (sleepers["members_before"], sleepers["members"], sleepers["people"]) == (5, 2, 6)
    assert (sleepers["returned"], sleepers["paying"], sleepers["revenue"]) == (4, 3, 600)
    assert (sleepers["reached"], sleepers["progress"]) == (3, 0.75)
    assert (hopefuls["members_before"], hopefuls["members"], hopefuls["reached"], hopefuls["progress"]) == (
        0,
        2,
        1,
        0.5,
    )


def test_a_day_of_the_site_is_the_day_and_a_service_is_that_service(engine: Client) -> None:
    catalog = [defined("segment", "speakers", base="repeat", days=10, payments=1, service="speech")]
    events = [
        paid(100, "L1", "03-21 00:00", service="speech"),
        paid(100, "L2", "03-21 23:59", service="play"),
        status("inquiry", "L3", "03-01 09:00", service="speech"), paid(100, "L3", "03-21 09:00"),
    ]  # fmt: skip
    publish(engine, "service", catalog, events)

    def of(since: str, until: str) -> list[tuple[str, str]]:
        days = [instant(f"{day} 09:00").date() for day in (since, until)]
        rows = of_segments(engine, "segment_members", "service", since=days[0], until=days[1])
        mine = {(f"{row['day']:%m-%d}", row["person_id"]) for row in rows if row["segment"] == "speakers"}
        return sorted(one for one in mine if one[0] in (since, until))

    assert of("03-20", "03-21") == [("03-21", "lead_id:L1"), ("03-21", "lead_id:L3")]
    assert of("03-30", "03-31") == [("03-30", "lead_id:L1"), ("03-30", "lead_id:L3")]
    since = instant("03-21 09:00").date()
    found = {row["segment"]: row for row in of_segments(engine, "customer_segments", "service", since=since)}
    assert (found["speakers"]["people"], found["speakers"]["revenue"]) == (2, 200)


def test_somebody_who_asked_yesterday_is_not_dormant_even_when_no_payment_is_asked_for(
    engine: Client,
) -> None:
    catalog = [defined("segment", "silent", base="dormant", days=10, payments=0)]
    events = [
        status("inquiry", "L1", "03-01 09:00"),
        status("inquiry", "L2", "03-01 09:00"), status("consult", "L2", "03-30 09:00"),
        paid(100, "L3", "03-30 09:00"), paid(-100, "L3", "03-30 10:00"),
        status("inquiry", "L4", "03-01 09:00"), visit("v4", "03-30 09:00", lead_id="L4"),
    ]  # fmt: skip
    publish(engine, "silent", catalog, events)
    day = instant("03-31 09:00").date()
    rows = of_segments(engine, "segment_members", "silent", since=day, until=day)
    assert [row["person_id"] for row in rows if row["segment"] == "silent"] == ["lead_id:L1"]


def test_a_segment_that_has_the_id_of_a_shipped_one_stands_alone(engine: Client) -> None:
    """Else every message to it would be two."""
    events = [message("m1", "delivered", "09:00", segment="new", **WHO)]
    publish(engine, "named", [defined("segment", "new", base="repeat")], events)
    rows = read(
        engine,
        "SELECT segment, base FROM headwater.segments WHERE run = 'named' AND site = 'center' ORDER BY segment",
    )
    assert [tuple(row.values()) for row in rows] == [("dormant", "dormant"), ("new", "repeat")]
    assert [row["sent"] for row in funnel(engine, "named", goal="own")] == [1]


def test_an_open_counts_for_the_rate_only_where_the_medium_tells_of_all_opens(engine: Client) -> None:
    told = [message(f"k{n}", "opened", "09:00", "alimtalk", **WHO) for n in range(3)]
    publish(engine, "opens", [], [message("m1", "delivered", "09:00", **WHO), *told])
    rows = read(
        engine, "SELECT sum(value) AS opened, sum(base) AS told FROM headwater.metric_series(sites = [], run = 'opens', model = 'last')"
        " WHERE metric = 'message_open_rate'",
    )  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [(0, 1)]

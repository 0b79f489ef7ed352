"""What is behind a conversion: hand-made histories for every reason of leaving out, on the real engine."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from infra.commands.explain import as_json, render
from infra.explanation.reading import NotExplained, explain, find
from infra.explanation.said import Explanation
from streams.codec import decode_entry, decode_event
from streams.domain.attribution import MODELS, PARTS
from streams.domain.forgetting import renamed
from streams.domain.identity import Person
from streams.domain.partition import Partition, Refusal
from streams.domain.site import Fate
from tests.given import (
    HOME,
    LINE,
    POOL_LINE,
    Entry,
    Event,
    assignment,
    call,
    channel,
    clicked,
    forgotten,
    identified,
    message,
    page,
    paid,
    qr_code,
    referred,
    scan,
    shown,
    site,
    status,
    tagged,
    told,
    tracking_number,
    visit,
    withdrawn,
)
from tests.path.published_rows import archive, publish, show
from tests.reference.histories import random_history

NAVER = HOME + "?utm_source=naver&utm_medium=cpc"
REASONS = {
    "before_window", "after_conversion", "direct_dropped", "told_ignored", "told_not_needed", "call_joined",
    "call_outbound", "call_spam", "call_wrong_number", "number_unknown",
}  # fmt: skip
MAIL = HOME + "?utm_source=letter&utm_medium=email"


def keep(client: Client, name: str, catalog: Sequence[Entry], events: Sequence[Event]) -> None:
    """A history as live's of a site of its own; its archive with it."""
    renamed = [{**one, "site": name} for one in events]
    entries = [{**one, "site": name, "id": name if one["kind"] == "site" else one["id"]} for one in catalog]
    publish(client, "live", entries, renamed)
    archive(client, renamed)


def explained(client: Client, name: str, id: str) -> Explanation:
    return explain(client, find(client, id, "live", name))


def reasons(explanation: Explanation) -> dict[str, str]:
    return {touch.id: touch.left_out for touch in explanation.touches if touch.left_out}


def became_no_touch(explanation: Explanation) -> dict[str, tuple[str, str]]:
    return {one.id: (one.reason, one.by) for one in explanation.left_out_events}


# Touches that are left out


def test_what_is_outside_of_the_window_and_direct_beside_others_is_left_out(engine: Client) -> None:
    old = visit("v1", "02-01 09:00", NAVER)
    ad = visit("v1", "09:00", NAVER)
    direct = visit("v1", "10:00")
    late = visit("v1", "15:00", NAVER)
    reached = status("inquiry", "L1", "12:00", visitor_id="v1")
    keep(engine, "window", [site(attribution={"window_days": 20})], [old, ad, direct, late, reached])
    found = explained(engine, "window", "L1:inquiry")
    assert reasons(found) == {
        old["event_id"]: "before_window",
        direct["event_id"]: "direct_dropped",
        late["event_id"]: "after_conversion",
    }
    [credited] = [touch for touch in found.touches if touch.place]
    assert (credited.id, credited.rule, credited.where.topic, credited.where.offset) == (
        ad["event_id"],
        "ga4:paid_search",
        "headwater.events",
        1,
    )
    assert credited.matched == {"utm_source": "naver", "utm_medium": "cpc"}
    assert (found.event_id, found.event_where.offset) == (reached["event_id"], 4)
    assert found.rules_of_credit["window_days"] == 20


@pytest.mark.parametrize(
    ("setting", "expected"), [("ignore", "told_ignored"), ("fill", "told_not_needed"), ("count", None)]
)
def test_a_told_source_is_left_out_as_the_site_says(
    engine: Client, setting: str, expected: str | None
) -> None:
    answered = told(None, "12:00", lead_id="L1", answer="전단지")
    catalog = [site(attribution={"told": setting}, answers={"전단지": "flyer"})]
    events = [visit("v1", "09:00", NAVER), status("inquiry", "L1", "12:30", visitor_id="v1"), answered]
    keep(engine, f"told-{setting}", catalog, events)
    found = explained(engine, f"told-{setting}", "L1:inquiry")
    assert reasons(found).get(answered["event_id"]) == expected
    [touch] = [touch for touch in found.touches if touch.id == answered["event_id"]]
    assert (touch.channel, touch.rule, touch.matched) == ("flyer", "told:answer", {"answer": "전단지"})


def test_word_of_mouth_counts_before_the_first_tracked_touch_and_says_so(engine: Client) -> None:
    events = [
        visit("v1", "09:00", NAVER),
        told("referral", "12:00", lead_id="L1"),
        status("inquiry", "L1", "12:30", visitor_id="v1"),
    ]
    keep(engine, "mouth", [], events)
    first, second = explained(engine, "mouth", "L1:inquiry").touches
    assert (first.channel, first.place, second.place) == ("referral", 1, 2)
    assert first.counted_at == second.at - 1_000_000
    assert first.at > second.at


def test_calls_that_are_no_touch_say_why(engine: Client) -> None:
    catalog = [tracking_number(POOL_LINE, assignment(pool=True)), tracking_number(LINE, assignment())]
    joined = call("joined", "09:10", POOL_LINE, phone="hmac:1:aa")
    spam = call("spam", "10:00", phone="hmac:1:aa")
    wrong = call("wrong", "10:10", phone="hmac:1:aa")
    outbound = call("out", "10:20", phone="hmac:1:aa", direction="outbound")
    unknown = call("unknown", "10:30", "031-777-8888", phone="hmac:1:aa")
    early, newest = (
        call("twice", "10:40", phone="hmac:1:aa"),
        call("twice", "10:40", phone="hmac:1:aa", talk=90),
    )
    events = [
        visit("v1", "09:00", NAVER), shown("v1", "09:05"), joined, spam, tagged("spam", "spam"), wrong,
        tagged("wrong", "wrong_number"), outbound, unknown, early, newest,
        status("inquiry", "L1", "12:00", phone="hmac:1:aa"),
    ]  # fmt: skip
    keep(engine, "calls", catalog, events)
    found = explained(engine, "calls", "L1:inquiry")
    assert reasons(found) == {
        joined["event_id"]: "call_joined",
        spam["event_id"]: "call_spam",
        wrong["event_id"]: "call_wrong_number",
        outbound["event_id"]: "call_outbound",
        unknown["event_id"]: "number_unknown",
    }
    [touch] = [touch for touch in found.touches if touch.id == newest["event_id"]]
    assert (touch.place, touch.rule) == (2, "number:+8225551234:a1")
    [whose] = [touch.matched for touch in found.touches if touch.id == joined["event_id"]]
    assert whose == {"joined": "visitor_id:v1", "through": "number_shown"}
    assert became_no_touch(found)[early["event_id"]] == ("call_superseded", "")
    assert "visitor_id:v1" in found.identifiers
    assert joined["event_id"] in [one.id for one in found.joins]


# Events that became no touch


def test_what_a_session_absorbed_is_found_in_the_archive(engine: Client) -> None:
    catalog = [qr_code("poster", assignment("spring", channel="flyer"))]
    read = scan("poster", "09:00", "q1")
    again = scan("poster", "09:01", "q1")
    arrived = visit("v1", "09:02", HOME, scan_id="q1")
    letter = message("m1", at="10:00", visitor_id="v1")
    mailed = visit("v1", "10:10", MAIL)
    hit = page("v1", "10:11")
    inquiry = status("inquiry", "L1", "12:00", visitor_id="v1")
    keep(engine, "absorbed", catalog, [read, again, arrived, letter, mailed, hit, inquiry])
    found = explained(engine, "absorbed", "L1:inquiry")
    assert [(one.id, one.rule) for one in found.touches] == [
        (arrived["event_id"], "scan:poster:spring"),
        (mailed["event_id"], "ga4:email"),
    ]
    assert became_no_touch(found) == {
        read["event_id"]: ("scan_absorbed", arrived["event_id"]),
        again["event_id"]: ("scan_absorbed", arrived["event_id"]),
        letter["event_id"]: ("message_absorbed", mailed["event_id"]),
        hit["event_id"]: ("in_session", mailed["event_id"]),
    }
    assert {one.where.offset for one in found.left_out_events} == {0, 1, 3, 5}


def test_the_statements_of_the_page_say_the_same(engine: Client) -> None:
    catalog = [qr_code("poster", assignment("spring", channel="flyer"))]
    read, arrived = scan("poster", "09:00", "q1"), visit("v1", "09:02", HOME, scan_id="q1")
    mistake = visit("v1", "10:00", NAVER)
    reached = status("registration", "L17", "12:00", visitor_id="v1")
    keep(
        engine, "stated", catalog, [read, arrived, mistake, visit("v1", "11:00"), reached, withdrawn(mistake)]
    )
    page_of_docs = (Path(__file__).parents[2] / "docs" / "explaining.md").read_text(encoding="utf-8")
    credited, counted, scans, undone = (
        engine.query(statement.replace("maru", "stated")).result_rows
        for statement in re.findall(r"```sql\n(.*?)```", page_of_docs, re.DOTALL)
    )
    assert [(row[0], row[2], row[6]) for row in credited] == [
        (1, "flyer", ""),
        (0, "direct", "direct_dropped"),
    ]
    assert [tuple(row) for row in counted] == [("direct_dropped", 1, 1)]
    assert [row[0] for row in scans] == [read["event_id"]]
    assert [row[0] for row in undone] == [mistake["event_id"]]


def test_another_reading_of_a_scan_is_none(engine: Client) -> None:
    first, again = scan("poster", "09:00", "q1", visitor_id="v1"), scan("poster", "09:05", "q1")
    keep(engine, "again", [], [first, again, status("inquiry", "L1", "12:00", visitor_id="v1")])
    found = explained(engine, "again", "L1:inquiry")
    assert [(one.id, one.rule) for one in found.touches] == [(first["event_id"], "scan:poster")]
    assert became_no_touch(found) == {again["event_id"]: ("scan_repeated", first["event_id"])}


def test_a_withdrawn_event_is_named_with_its_withdrawal(engine: Client) -> None:
    mistake = visit("v2", "09:00", NAVER)
    linked = identified("09:30", visitor_id="v2", phone="hmac:1:aa")
    undone = withdrawn(mistake)
    keep(engine, "undone", [], [mistake, linked, status("inquiry", "L1", "12:00", phone="hmac:1:aa"), undone])
    found = explained(engine, "undone", "L1:inquiry")
    assert [one.channel for one in found.touches] == ["unattributed"]
    assert became_no_touch(found) == {mistake["event_id"]: ("withdrawn", undone["event_id"])}
    assert {touch.credits["last"].parts for touch in found.touches} == {PARTS}


def test_events_outside_of_a_run_s_days_are_named(engine: Client) -> None:
    before, inside = visit("v1", "02-20 09:00", NAVER), visit("v1", "09:00", MAIL)
    events = [before, inside, status("inquiry", "L1", "12:00", visitor_id="v1")]
    renamed = [{**one, "site": "ranged"} for one in events]
    publish(engine, "march", [], renamed[1:])
    archive(engine, renamed)
    settings = '{"since":"2026-03-01"}'
    line = {"run": "march", "settings": settings, "models": ["last"], "status": "done", "version": 1}
    engine.raw_insert("headwater.run_rows", insert_block=json.dumps(line).encode(), fmt="JSONEachRow")
    found = explain(engine, find(engine, "L1:inquiry", "march"))
    assert found.models == ("last",)
    assert [one.id for one in found.touches] == [inside["event_id"]]
    assert became_no_touch(found) == {before["event_id"]: ("outside_run", "")}


# The person


def test_what_joined_the_person_is_named_and_a_later_self_is_somebody_else(engine: Client) -> None:
    arrived = visit("v1", "09:00", NAVER)
    linked = identified("09:30", visitor_id="v1", phone="hmac:1:aa")
    inquiry = status("inquiry", "L1", "10:00", phone="hmac:1:aa")
    events = [
        arrived, linked, inquiry,
        forgotten({"visitor_id": "v1"}, {"phone": "hmac:1:aa"}, {"lead_id": "L1"}, at="11:00", id="f"),
        visit("v1", "12:00", MAIL),
    ]  # fmt: skip
    keep(engine, "joined", [], events)
    visitor, phone, lead = (
        renamed(kind, "f", place) for place, kind in enumerate(("visitor_id", "phone", "lead_id"))
    )
    found = explained(engine, "joined", f"{lead}:inquiry")
    assert found.identifiers == [f"lead_id:{lead}", f"phone:{phone}", f"visitor_id:{visitor}"]
    assert [one.id for one in found.joins] == [linked["event_id"], inquiry["event_id"]]
    assert [one.id for one in found.touches] == [arrived["event_id"]]
    assert found.left_out_events == []


def test_a_shared_identifier_joins_nobody(engine: Client) -> None:
    catalog = [site(shared_identifiers=[{"phone": "hmac:1:dd"}])]
    events = [
        visit("v1", "09:00", NAVER, phone="hmac:1:dd"),
        status("inquiry", "L1", "10:00", visitor_id="v1"),
        withdrawn(visit("v2", "09:00", MAIL)),
        identified("09:30", visitor_id="v2", phone="hmac:1:dd"),
        visit("v2", "09:00", MAIL),
    ]
    keep(engine, "shared", catalog, events)
    found = explained(engine, "shared", "L1:inquiry")
    assert found.identifiers == ["lead_id:L1", "visitor_id:v1"]
    assert found.left_out_events == []


# Payments


def test_a_payment_says_which_conversion_it_follows_why_and_its_won(engine: Client) -> None:
    inside, after = paid(850_001, "L1", "03-10 12:00"), paid(-100_003, "L1", "05-10 12:00")
    before = paid(7, "L1", "03-01 12:00")
    own = paid(70_001, None, "12:00", visitor_id="v9")
    events = [
        visit("v1", "09:00", NAVER), referred("L1", at="09:30"), visit("v1", "10:00", MAIL),
        status("registration", "L1", "12:00", visitor_id="v1"), inside, after, before, own,
    ]  # fmt: skip
    keep(engine, "paid", [site(roi_months=1)], events)
    found = explained(engine, "paid", inside["event_id"])
    payment = found.payment
    assert payment is not None
    assert (found.asked.conversion_id, payment.follows, payment.counts, payment.names_lead) == (
        "L1:registration",
        "latest_registration_before",
        "",
        True,
    )
    told_of = {one.id: (one.follows, one.counts) for one in found.payments}
    assert told_of[before["event_id"]] == ("first_registration_after", "")
    assert told_of[after["event_id"]] == ("latest_registration_before", "after_roi_months")
    path = [touch for touch in found.touches if touch.place]
    for model in MODELS:
        assert sum(payment.splits[model]) == 850_001
        whole = [sum(won) for won in zip(*(one.splits[model] for one in found.payments), strict=True)]
        assert whole == [touch.credits[model].cash for touch in path]
    alone = explained(engine, "paid", own["event_id"])
    assert (alone.stage, alone.payments[0].follows, alone.payments[0].counts) == (
        "payment",
        "own_path",
        "no_registration",
    )


# In every form


def test_the_view_gives_the_weights_of_credits_and_a_reason_for_everything_else(engine: Client) -> None:
    for seed in range(12):
        catalog, events = random_history(seed, 150)
        publish(engine, f"random{seed}", catalog, events)
        show(engine, f"random{seed}")
    shape = (
        "run, site, conversion_id, stage, model, touch_id, counted, channel, campaign, weight, revenue, cash"
    )
    credits = f"SELECT {shape.replace('counted', 'touched_at')} FROM headwater.credits WHERE startsWith(run, 'random')"
    said = (
        f"SELECT {shape.replace('counted', 'counted_at')} FROM headwater.explanations"
        " WHERE startsWith(run, 'random') AND weight > 0"
    )
    expected = engine.query(credits).result_rows
    assert len(expected) > 500
    assert sorted(map(tuple, engine.query(said).result_rows)) == sorted(map(tuple, expected))
    reasons = engine.query(
        "SELECT left_out, countIf(weight != 0 OR revenue != 0 OR cash != 0), count() FROM headwater.explanations"
        " WHERE startsWith(run, 'random') AND place = 0 GROUP BY left_out"
    ).result_rows
    assert {reason for reason, credited, _ in reasons if credited} == set()
    said_of = {reason for reason, _, _ in reasons}
    assert said_of <= REASONS
    assert len(said_of) >= len(REASONS) - 1


@pytest.mark.parametrize("seed", range(3))
def test_the_person_found_in_the_archive_is_the_core_s(engine: Client, seed: int) -> None:
    """Of a history full of shared, forgotten and withdrawn identifiers and of joined calls.

    Nobody forgets what many share: under its new name the archive does not say any more that it was shared.
    """
    catalog, events = random_history(seed, 80)
    shared = ({"visitor_id": "kiosk"}, {"phone": "hmac:2:fa"}, {"phone": "hmac:1:fa"})
    events = [one for one in events if not any(listed in shared for listed in one.get("identifiers", ()))]
    events = list({(one["site"], one["event_id"]): one for one in reversed(events)}.values())[::-1]
    fold = Partition(0, 1)
    of_site = {"center": f"person-{seed}", "second": f"second-{seed}"}
    for event in events:
        event["site"] = of_site[event["site"]]
    for entry in catalog:
        entry["site"] = of_site[entry["site"]]
        entry["id"] = entry["site"] if entry["kind"] == "site" else entry["id"]
        read = decode_entry(orjson.dumps(entry))
        assert not isinstance(read, Refusal)
        fold.take_entry(*read)
    for event in events:
        known = decode_event(orjson.dumps(event))
        assert not isinstance(known, Refusal)
        assert fold.take_event(known.site, known.fact) is Fate.APPLIED
    list(fold.settle())
    publish(engine, "live", catalog, events)
    archive(engine, events)
    converted: list[tuple[str, Person]] = [
        (name, person)
        for name in of_site.values()
        for person in (fold.sites[name].people.everyone() if name in fold.sites else ())
        if person.conversions
    ]
    assert converted
    for name, person in sorted(converted, key=lambda one: -len(one[1].nodes))[:4]:
        found = explained(engine, name, next(iter(person.conversions or {})))
        nodes = sorted({node.partition("#")[0] for node in person.nodes if not node.startswith("event:")})
        assert (found.person, found.identifiers) == (person.name, nodes)
        said = {one.id for one in found.touches if one.rule}
        assert said == {one.id for one in (*person.touches, *person.told_touches)}


def test_a_site_s_own_rule_says_what_it_asks_and_what_it_found(engine: Client) -> None:
    rules = [[{"field": "utm_source", "equals": "x"}], [{"field": "utm_campaign", "contains": "spring"}]]
    arrived = visit("v1", "09:00", HOME + "?utm_campaign=Spring-12")
    events = [arrived, status("inquiry", "L1", "10:00", visitor_id="v1")]
    keep(engine, "ruled", [channel("own", rules=rules)], events)
    [touch] = explained(engine, "ruled", "L1:inquiry").touches
    assert (touch.channel, touch.rule) == ("own", "site:own:2")
    assert touch.matched == {"utm_campaign": "Spring-12 (contains spring)"}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_hostile_text_is_shown_as_text(engine: Client, language: Any) -> None:
    name = f"hostile-{language}"
    evil = visit(
        "\x1b[2Jv\u202e", "09:00", HOME, utm_source="\x9b31m<script>", utm_medium="\x07cpc", id="\x1b]0;x"
    )
    clicks = clicked("\x1b[2Jv\u202e", "09:10")
    hit = page("\x1b[2Jv\u202e", "09:10")
    lead = "L\x1b[1m"
    keep(engine, name, [], [evil, clicks, hit, status("inquiry", lead, "10:00", visitor_id="\x1b[2Jv\u202e")])
    found = explained(engine, name, f"{lead}:inquiry")
    assert became_no_touch(found) == {hit["event_id"]: ("in_session", evil["event_id"])}
    text = render(found, language)
    assert "<script>" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    told_of = as_json(found)
    assert all(letter.isprintable() or letter == "\n" for letter in told_of)
    assert json.loads(told_of)["touches"][0]["touch_id"] == "\x1b]0;x"


def test_a_page_of_text_says_all_of_it(engine: Client) -> None:
    events = [
        visit("v1", "09:00", NAVER), visit("v1", "11:00"), visit("v1", "11:30", MAIL),
        status("registration", "L1", "12:00", visitor_id="v1"), paid(850_001, "L1", "13:00"),
    ]  # fmt: skip
    keep(engine, "page", [], events)
    text = render(explained(engine, "page", "L1:registration"), "en")
    for words in (
        "page · L1:registration · run live",
        "window 90 days · half-life 7 days · position 40/20/40 · direct drop · told fill",
        "headwater.events 0@0",
        "ga4:paid_search · utm_source naver, utm_medium cpc",
        "direct, dropped as others are there",
        "425,001",
        "the latest registration up to it · in revenue",
        "lead_id:L1, visitor_id:v1",
    ):
        assert words in text, text


# Asked wrongly


@pytest.fixture(scope="module")
def doubled(engine: Client) -> Client:
    """One lead in two sites, and a payment whose id is a conversion's."""
    for name in ("twin-a", "twin-b"):
        keep(engine, name, [], [status("inquiry", "twin", "10:00"), status("lost", "twin", "11:00")])
    keep(engine, "same", [], [status("inquiry", "S", "10:00"), paid(5, "S", "11:00", id="S:inquiry")])
    return engine


@pytest.mark.parametrize(
    ("id", "run", "name", "ambiguous", "words"),
    [
        ("twin:inquiry", "live", "", True, "'twin:inquiry' is in 2 sites (twin-a, twin-b): say which with --site"),
        ("S:inquiry", "live", "", True, "say conversion=S:inquiry or payment=S:inquiry"),
        ("twin", "live", "twin-b", False, "have to do with it: twin:inquiry (twin-b)"),
        ("status_changed/twin/lost/2026-03-02T11:00:00+09:00", "live", "twin-a", False, "is a status_changed of site"),
        ("nobody", "live", "", False, "no conversion or payment 'nobody'"),
        ("twin:inquiry", "no-such", "", False, "no run 'no-such' that is done; known: live"),
        ("twin:inquiry", "live", "no-such", False, "no site 'no-such'"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_says_what_would_help(
    doubled: Client, id: str, run: str, name: str, ambiguous: bool, words: str
) -> None:
    with pytest.raises(NotExplained) as refused:
        find(doubled, id, run, name)
    assert words in str(refused.value)
    assert refused.value.ambiguous is ambiguous


def test_a_site_or_a_kind_decides(doubled: Client) -> None:
    assert find(doubled, "twin:inquiry", "live", "twin-b").site == "twin-b"
    assert find(doubled, "payment=S:inquiry", "live").payment_id == "S:inquiry"
    assert find(doubled, "conversion=S:inquiry", "live").payment_id == ""

"""What the desk's API shows and takes: its menu, its calls, and nothing but the few things a desk can say."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from schemas.catalog import SiteEntry
from schemas.reading import read_entry
from streams.collectors.desk import reference_of
from streams.collectors.desk.knowledge import calls_known
from streams.collectors.desk.menu import SHIPPED, largest_first, menu_of
from streams.collectors.edge import CollectorSettings
from streams.collectors.http import Collector
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from streams.collectors.store import StoreSettings

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SITE = "clinic"
Page = TestClient[web.Request, web.Application]

TAGGED: dict[str, Any] = {
    "type": "call_tagged",
    "event_id": "desk-0123456789abcdef",
    "occurred_at": "2026-03-02T11:59:00+09:00",
    "call_id": "c-1",
    "subject": "new",
}


def site(**fields: Any) -> SiteEntry:
    """The site's entry."""
    body = {"site": SITE, "kind": "site", "id": SITE, "defined_at": "2026-01-01T00:00:00Z", **fields}
    entry = read_entry(orjson.dumps(body))
    assert isinstance(entry, SiteEntry)
    return entry


DEFINED = site(
    name={"ko": "물길의원", "en": "Mulgil Clinic"},
    branches=["suji", {"id": "bundang", "name": {"ko": "분당점", "en": "Bundang"}}],
    answers={"지인 소개": "referral"},
    menu=[
        {"label": "현수막", "channel": "flyers"},
        {"label": "지인 소개", "channel": "referral"},
        {
            "label": {"ko": "인터넷", "en": "The internet"},
            "which": [
                {"label": "블로그", "channel": "naver_blog"},
                {"label": "지도", "channel": "naver_place"},
            ],
        },
    ],
    services=["언어치료"],
)


class Desk:
    """The desk's pages of a collector without Kafka and ClickHouse; what it takes goes into its spool."""

    def __init__(self, collector: Collector, page: Page, home: Path) -> None:
        self.collector = collector
        self.page = page
        self.home = home
        self.own = {"X-Headwater": "1", "Origin": str(page.make_url("/")).rstrip("/")}

    async def sign_in(self, role: str = "desk", site: str = SITE) -> None:
        """Somebody of the role signs in."""
        ring = KeyRing(self.home)
        _, text = ring.create(KeyKind.PERSON, now=NOW, sites=[site], role=role, label="창구 1")
        answer = await self.page.post("/sign-in/api/in", json={"key": text}, headers=self.own)
        assert answer.status == 200

    async def get(self, path: str) -> dict[str, Any]:
        """A page's JSON."""
        answer = await self.page.get(path)
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told

    async def say(self, *events: object, site: str = SITE) -> dict[str, Any]:
        """What the page says -> what became of it."""
        body = {"site": site, "events": list(events)}
        answer = await self.page.post("/desk/api/events", json=body, headers=self.own)
        assert answer.status == 202, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[Callable[[Desk], Awaitable[None]]], None]:
    """Runs a test's steps at a desk."""

    def run(steps: Callable[[Desk], Awaitable[None]]) -> None:
        async def serve() -> None:
            settings = CollectorSettings(
                home=tmp_path,
                producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
                store=StoreSettings(url="http://127.0.0.1:9"),
                spool=SpoolSettings(free_share=0.0),
            )
            collector = Collector(settings, clock=lambda: NOW)
            await collector.edge.start()
            try:
                async with TestClient(TestServer(collector._application())) as page:
                    await steps(Desk(collector, page, tmp_path))
            finally:
                await collector.edge.stop()

        asyncio.run(serve())

    return run


Run = Callable[[Callable[[Desk], Awaitable[None]]], None]


def test_only_the_desk_and_the_owner_may_see_or_say_anything(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        body = {"site": SITE, "events": [TAGGED]}
        for role, status in ((None, 401), ("analyst", 403), ("desk", 200), ("owner", 200)):
            if role is not None:
                await at.sign_in(role)
            for path in ("/desk/api/setup", "/desk/api/calls"):
                assert (await at.page.get(path)).status == status, (role, path)
            said = await at.page.post("/desk/api/events", json=body, headers=at.own)
            assert said.status == (202 if status == 200 else status)
        said = await at.page.post("/desk/api/events", json=body)
        assert said.status == 403  # no page of ours sent it

    desk(steps)


def test_without_clickhouse_the_page_has_its_menu_and_says_that_tracking_is_not_known(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        at.collector.edge.definitions.learn([DEFINED])
        await at.sign_in()
        setup = await at.get("/desk/api/setup")
        assert [item["label"]["ko"] for item in setup["menu"]] == ["현수막", "지인 소개", "인터넷"]
        assert [one["label"]["en"] for one in setup["menu"][2]["which"]] == ["블로그", "지도"]
        assert setup["name"] == {"ko": "물길의원", "en": "Mulgil Clinic"}
        assert setup["services"] == ["언어치료"]
        assert [one["slug"] for one in setup["stages"]] == [
            "inquiry",
            "consult",
            "registration",
            "lost",
            "dormant",
        ]
        assert setup["branches"][1] == {"id": "bundang", "name": {"ko": "분당점", "en": "Bundang"}}
        calls = await at.get("/desk/api/calls")
        assert (calls["tracking_known"], calls["calls"], calls["leads"]) == (False, [], [])

    desk(steps)


def test_a_ringing_call_is_shown_by_its_last_four_digits_and_by_what_its_number_says(desk: Run) -> None:
    number = {
        "site": SITE,
        "kind": "tracking_number",
        "id": "+8225550001",
        "defined_at": "2026-01-01T00:00:00Z",
        "name": "플레이스 번호",
        "assignments": [{"id": "a", "channel": "naver_place", "branch": "suji"}],
    }

    async def steps(at: Desk) -> None:
        edge = at.collector.edge
        edge.definitions.learn([DEFINED, read_entry(orjson.dumps(number))])
        edge.ringing.hears(SITE, "c-1", "ringing", now=NOW, number="+8225550001", caller="+821023456789")
        edge.ringing.hears("another", "c-2", "ringing", now=NOW, number="+8225550002", caller="+82102345000")
        await at.sign_in()
        (call,) = (await at.get("/desk/api/calls"))["calls"]
        assert (call["state"], call["last_four"], call["branch"]) == ("ringing", "6789", "suji")
        assert call["source"]["channel"] == "naver_place" and call["source"]["by"] == "number"
        assert call["line"] == {
            "number": "02-555-0001",
            "name": {"ko": "플레이스 번호", "en": "플레이스 번호"},
        }
        assert "23456789" not in orjson.dumps(call).decode()

    desk(steps)


def test_what_is_said_is_recorded_once_however_often_it_is_sent(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        at.collector.edge.definitions.learn([DEFINED])
        await at.sign_in()
        said = [
            TAGGED,
            {**TAGGED, "event_id": "desk-1123456789abcdef", "type": "source_told", "channel": "naver_blog"},
        ]
        del said[1]["subject"]
        first = await at.say(*said)
        assert first["accepted"] == [one["event_id"] for one in said] and first["durability"] == "spool"
        again = await at.say(*said)
        assert again["duplicate"] == first["accepted"] and not again["accepted"]

    desk(steps)


def test_a_desk_speaks_for_its_own_site_only(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        await at.sign_in()
        body = {"site": "another", "events": [TAGGED]}
        assert (await at.page.post("/desk/api/events", json=body, headers=at.own)).status == 403
        (refused,) = (await at.say({**TAGGED, "site": "another"}))["rejected"]
        assert refused["problems"][0]["field"] == "site"

    desk(steps)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "payment_received", "amount": 1}, "type"),
    ({"type": "person_forgotten"}, "type"),
    ({"type": ["call_tagged"]}, "type"),
    ({"event_id": "web-0123456789abcdef"}, "event_id"),
    ({"event_id": "desk-"}, "event_id"),
    ({"event_id": 1}, "event_id"),
    ({"occurred_at": "yesterday"}, "occurred_at"),
    ({"occurred_at": "2026-03-09T12:00:00+09:00"}, "occurred_at"),
    ({"subject": "rude"}, "subject"),
    ({"phone": "010-2345-6789"}, "phone"),
    ({"note": "김 씨, 자폐"}, "note"),
    ({"visitor_id": "v"}, "visitor_id"),
    ({"received_at": "2026-03-02T00:00:00Z"}, "received_at"),
    ({"branch": "elsewhere"}, "branch"),
    ({"type": "source_told", "subject": "new", "channel": "x"}, "subject"),
    ({"type": "source_told", "subject": None, "answer": "김 씨가 말해서"}, "answer"),
    ({"type": "source_told", "subject": None, "channel": "Not A Slug"}, "channel"),
    ({"type": "source_told", "subject": None, "call_id": None, "channel": "x"}, "call_id"),
    ({"type": "status_changed", "subject": None, "call_id": None, "stage": "vip", "lead_id": "l"}, "stage"),
    (
        {
            "type": "status_changed",
            "subject": None,
            "call_id": None,
            "stage": "inquiry",
            "lead_id": "l",
            "service": "자폐 의심",
        },
        "service",
    ),
    (
        {
            "type": "status_changed",
            "subject": None,
            "call_id": None,
            "stage": "inquiry",
            "lead_id": "l",
            "via": "tv",
        },
        "via",
    ),
    (
        {"type": "event_withdrawn", "subject": None, "call_id": None, "withdraws": "pay-1"},
        "withdraws",
    ),
    (
        {"type": "referral_code", "subject": None, "call_id": None, "lead_id": "l", "said": "123456"},
        "referrer",
    ),
    (
        {
            "type": "referral_code",
            "subject": None,
            "call_id": None,
            "lead_id": "l",
            "said": "ab",
            "occurred_at": "2026-03-02",
        },
        "occurred_at",
    ),
]


def test_nothing_else_can_be_said(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        at.collector.edge.definitions.learn([DEFINED])
        await at.sign_in()
        for place, (changed, field) in enumerate(REFUSED):
            said = {name: value for name, value in (TAGGED | changed).items() if value is not None}
            right = {**TAGGED, "event_id": f"desk-{place:016}"}
            told = await at.say(said, right)
            assert told["accepted"] == [right["event_id"]]  # the others are not held up
            (refused,) = told["rejected"]
            assert field in [problem["field"] for problem in refused["problems"]], changed
            assert "김" not in str(refused) and "2345-6789" not in str(refused)

    desk(steps)


def test_bodies_that_are_no_lists_of_events_are_refused(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        await at.sign_in()
        lists: list[object] = [None, [], {}, "x", [TAGGED] * 101]
        for events in lists:
            body = {"site": SITE, "events": events}
            answer = await at.page.post("/desk/api/events", json=body, headers=at.own)
            assert answer.status == 400, events
        things: list[object] = [None, 1, "x", [], {}]
        for odd in things:
            (refused,) = (await at.say(odd))["rejected"]
            assert refused["event_id"] is None

    desk(steps)


def test_a_mis_tap_is_taken_back_and_a_referral_code_becomes_a_referral(desk: Run) -> None:
    code = {
        "site": SITE,
        "kind": "qr_code",
        "id": "246802",
        "defined_at": "2026-01-01T00:00:00Z",
        "assignments": [{"id": "a", "channel": "referral", "referrer": "L-77"}],
    }

    async def steps(at: Desk) -> None:
        at.collector.edge.definitions.learn([DEFINED, read_entry(orjson.dumps(code))])
        await at.sign_in()
        clock = {"occurred_at": TAGGED["occurred_at"]}
        back = {"type": "event_withdrawn", "event_id": "desk-2123456789abcdef", **clock}
        code_said = {"type": "referral_code", "event_id": "desk-3123456789abcdef", **clock, "said": "246 802"}
        told = await at.say({**back, "withdraws": TAGGED["event_id"]}, {**code_said, "lead_id": "desk-lead"})
        assert told["rejected"] == [] and len(told["accepted"]) == 2
        again = await at.say({**code_said, "lead_id": "desk-lead"})
        assert again["duplicate"] == [code_said["event_id"]]
        (refused,) = (await at.say({**code_said, "lead_id": "L-77"}))["rejected"]
        assert refused["problems"][0]["found"] == "the new customer's own code"

    desk(steps)


def test_the_page_is_strict_and_writes_texts_as_text(desk: Run) -> None:
    async def steps(at: Desk) -> None:
        for path in ("", "/desk.js", "/words.js", "/queue.js", "/desk.css", "/worker.js"):
            answer = await at.page.get("/desk" + path)
            assert answer.status == 200
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            text = await answer.text()
            assert "http://" not in text and "https://" not in text
            for way_in in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
                assert way_in not in text

    desk(steps)


def test_every_word_is_there_in_both_languages() -> None:
    text = (Path(__file__).parents[2] / "streams/collectors/desk/words.js").read_text("utf-8")
    korean, english = text.split("  en: {")
    words = [
        [line.split(":")[0].strip().strip('"') for line in part.splitlines() if line.startswith("    ")]
        for part in (korean, english)
    ]
    assert words[0] == words[1] and len(words[0]) > 80


# ---- the menu -----------------------------------------------------------------------------------------------------


def labels(menu: Any) -> list[str]:
    """The Korean labels of a row."""
    return [item["label"]["ko"] for item in menu]


def test_the_menu_has_the_largest_first_and_ties_in_the_order_of_the_site() -> None:
    ordered = largest_first(menu_of(DEFINED), {"naver_place": 5, "naver_blog": 3, "referral": 6}, {})
    assert labels(ordered) == ["인터넷", "지인 소개", "현수막"]
    assert labels(ordered[0]["which"]) == ["지도", "블로그"]
    assert labels(largest_first(menu_of(DEFINED), {}, {})) == ["현수막", "지인 소개", "인터넷"]


def test_answers_become_a_menu_in_which_the_internet_asks_which() -> None:
    answers = {"블로그": "naver_blog", "소개": "referral", "인터넷": "internet", "전단지": "flyers"}
    menu = menu_of(site(answers=answers))
    assert labels(menu) == ["블로그", "소개", "인터넷", "전단지"]
    internet = menu[2]
    assert internet["answer"] == "" and labels(internet["which"]) == ["블로그", "인터넷 (더는 모름)"]
    assert [choice["answer"] for choice in internet["which"]] == ["블로그", "인터넷"]
    assert labels(largest_first(menu, {"flyers": 9, "referral": 8}, answers))[:2] == ["전단지", "소개"]


def test_without_answers_a_menu_ships() -> None:
    assert menu_of(None) == list(SHIPPED) == menu_of(site())
    assert any(item["which"] for item in SHIPPED)


# ---- what tracking knows ------------------------------------------------------------------------------------------


def call(**fields: Any) -> dict[str, Any]:
    """A row of `calls`."""
    return {
        "call_id": "c-1",
        "person_id": "p",
        "branch": "",
        "started_at": NOW.replace(tzinfo=None),
        "number": "+8225550001",
        "outcome": "answered",
        "talk_seconds": 60,
        "wait_seconds": 5,
        "subject": "",
        "channel": "",
        "campaign": "",
        "keyword": "",
        "visitor_id": "",
        "probable": 0,
        **fields,
    }


def touch(minutes: int, **fields: Any) -> dict[str, Any]:
    """A row of `touches`, so many minutes before the call."""
    return {
        "person_id": "p",
        "kind": "session",
        "touched_at": (NOW - timedelta(minutes=minutes)).replace(tzinfo=None),
        "channel": "naver_blog",
        "campaign": "",
        "keyword": "",
        "landing_page": "",
        "probable": 0,
        "told": 0,
        **fields,
    }


def lead(**fields: Any) -> dict[str, Any]:
    """A row of `leads`."""
    found = {"person_id": "p", "lead_id": "L-1", "stage": "inquiry", "service": "", "inquiry_at": None}
    return {**found, **fields}


def first(minutes: int = 0) -> dict[str, Any]:
    """When the person called first."""
    return {"person_id": "p", "first_at": NOW - timedelta(minutes=minutes)}


def known(*rows: Any, touches: Any = (), leads: Any = (), firsts: Any = ()) -> dict[str, Any]:
    """What is known of one call."""
    return calls_known(rows, touches, leads, firsts or [first()])[0]


def test_a_call_knows_its_source_from_its_number_or_its_visit() -> None:
    by_number = known(call(channel="naver_place", campaign="spring"))["source"]
    assert (by_number["channel"], by_number["campaign"], by_number["by"]) == (
        "naver_place",
        "spring",
        "number",
    )
    by_visit = known(call(channel="naver_blog", visitor_id="v", probable=1))["source"]
    assert (by_visit["by"], by_visit["probable"]) == ("visit", True)


def test_without_one_the_persons_newest_tracked_touch_before_the_call_is_its_source() -> None:
    touches = [
        touch(-5, channel="after"),
        touch(2, channel="direct", landing_page="/price"),
        touch(9, channel="told", told=1, kind="told"),
        touch(30, channel="qr_banner", kind="qr_scan", campaign="fair"),
    ]
    found = known(call(channel="phone"), touches=touches)
    assert found["source"] == {
        "channel": "qr_banner",
        "campaign": "fair",
        "keyword": "",
        "by": "qr_scan",
        "probable": False,
    }
    assert (found["landing_page"], found["told"]) == ("/price", ["told"])


@pytest.mark.parametrize("channel", ["", "direct", "unassigned", "phone"])
def test_what_says_nothing_leaves_the_question_open(channel: str) -> None:
    assert known(call(channel=channel), touches=[touch(5, channel="direct")])["source"] is None


def test_another_persons_touches_are_not_this_ones() -> None:
    found = known(call(), touches=[touch(5, person_id="q")], leads=[lead(person_id="q")])
    assert (found["source"], found["lead_id"], found["landing_page"]) == (None, "", "")


def test_somebody_is_returning_after_an_earlier_call_or_inquiry() -> None:
    assert known(call())["returning"] is False
    assert known(call(), firsts=[first(60)])["returning"] is True
    assert known(call(), leads=[lead(inquiry_at=NOW - timedelta(days=3))])["returning"] is True
    assert known(call(), leads=[lead(inquiry_at=NOW + timedelta(minutes=3))])["returning"] is False


def test_a_call_has_one_reference_that_names_nobody() -> None:
    assert reference_of("c-1") == reference_of("c-1") != reference_of("c-2")
    assert len(reference_of("x" * 128)) <= 64 and "c-1" not in reference_of("c-1")

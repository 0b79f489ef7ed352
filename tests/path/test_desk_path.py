"""The desk in a real browser: what a person taps, with and without a network, and the rows it makes in ClickHouse."""

import base64
import hmac
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from infra.local import stack
from infra.settings import Settings
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.signatures import Webhooks
from tests.browser import chromium
from tests.path.conftest import headwater

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SITE = "desk-centre"
NASTY = '"><img src=x onerror="document.title=\'ran\'">'
ENTRIES: list[dict[str, Any]] = [
    {
        "kind": "site",
        "id": SITE,
        "name": {"ko": "물길아동발달센터", "en": "Mulgil Child Development Centre"},
        "branches": [{"id": "bundang", "name": {"ko": "분당점", "en": "Bundang"}}],
        "services": ["언어치료", "놀이치료"],
        "menu": [
            {"label": {"ko": "현수막·전단지", "en": "Banner or flyer"}, "channel": "flyers"},
            {"label": {"ko": "지인 소개", "en": "Somebody I know"}, "channel": "referral"},
            {
                "label": {"ko": "인터넷", "en": "The internet"},
                "which": [
                    {"label": {"ko": "네이버 블로그", "en": "Naver Blog"}, "channel": "naver_blog"},
                    {"label": {"ko": "네이버 플레이스", "en": "Naver Place"}, "channel": "naver_place"},
                ],
            },
            {"label": NASTY, "channel": "events"},
        ],
    },
    {"kind": "channel", "id": "naver_place", "name": {"ko": "네이버 플레이스", "en": "Naver Place"}},
    {"kind": "channel", "id": "naver_blog", "name": {"ko": "네이버 블로그", "en": "Naver Blog"}},
    {
        "kind": "tracking_number",
        "id": "+8225550007",
        "name": {"ko": "플레이스 번호", "en": "Place number"},
        "assignments": [{"id": "p", "channel": "naver_place", "branch": "bundang"}],
    },
    {"kind": "tracking_number", "id": "+8225550009", "assignments": [{"id": "w", "pool": "web"}]},
    {"kind": "tracking_number", "id": "+8225550008", "name": {"ko": "대표번호", "en": "Main number"}},
    {
        "kind": "qr_code",
        "id": "246801",
        "assignments": [{"id": "a", "channel": "referral", "referrer": "L-9"}],
    },
]


def calls() -> list[dict[str, Any]]:
    """Six calls of the last half hour, the newest last; only the first came over a number that says a channel."""
    now = datetime.now(UTC)
    return [
        {
            "type": "call_ended",
            "event_id": f"ended-{nth}",
            "site": SITE,
            "occurred_at": (now - timedelta(minutes=30 - 4 * nth)).isoformat(),
            "call_id": f"call-{nth}",
            "number": "+8225550007" if nth == 1 else "+8225550008",
            "phone": f"010-2345-670{nth}",
            "outcome": "answered",
            "duration_seconds": 60,
        }
        for nth in range(1, 7)
    ]


class Desk:
    """One desk of the site: its key, its browser, and the rows that follow."""

    def __init__(self, settings: Settings, browser: "Browser") -> None:
        self.address = f"http://127.0.0.1:{settings.collector_port}"
        self._settings = settings
        self._browser = browser
        ring = KeyRing(settings.home)
        self.key, self.text = ring.create(
            KeyKind.PERSON, now=datetime.now(UTC), sites=[SITE], role="desk", label="창구 1"
        )

    @contextmanager
    def signed_in(self, language: str = "ko", width: int = 1280) -> Iterator["Page"]:
        """The desk's page of somebody who just signed in, its list of calls there."""
        context: BrowserContext = self._browser.new_context(
            locale={"ko": "ko-KR", "en": "en-US"}[language], viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if "Content Security" in said.text else None,
        )
        try:
            page.goto(f"{self.address}/desk")
            page.wait_for_url("**/sign-in?to=/desk")
            page.fill("#key", self.text)
            page.press("#key", "Enter")
            page.wait_for_selector("#calls li:nth-child(6)")
            yield page
            assert problems == []
        finally:
            context.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A question about the site -> rows."""
        client = stack.reader(self._settings)
        try:
            return list(client.query(sql, parameters={"site": SITE}).named_results())
        finally:
            client.close()

    def call(self, call_id: str) -> dict[str, Any]:
        """What ClickHouse knows of a call, its person's told sources and lead."""
        (row,) = self.rows(
            f"SELECT * FROM headwater.calls WHERE site = {{site:String}} AND call_id = '{call_id}'"
        )
        person = f"WHERE site = {{site:String}} AND person_id = '{row['person_id']}'"
        told = self.rows(f"SELECT channel FROM headwater.touches {person} AND told = 1 ORDER BY channel")
        leads = self.rows(f"SELECT stage, service, via, lead_id FROM headwater.leads {person}")
        return {"subject": row["subject"], "told": [one["channel"] for one in told], "leads": leads}

    def events(self, event_type: str) -> list[dict[str, Any]]:
        """The bodies of a type, in order of time."""
        found = self.rows(
            "SELECT payload FROM headwater.events WHERE site = {site:String}"
            f" AND type = '{event_type}' ORDER BY occurred_at, event_id"
        )
        return [orjson.loads(row["payload"]) for row in found]

    def posts(self, path: str, said: object, **headers: str) -> Any:
        """Something that posts JSON to the collector -> the answer."""
        body = said if isinstance(said, bytes) else orjson.dumps(said)
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.address + path, body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status in (200, 202)
            return orjson.loads(answer.read())

    def telephone(self, settings: Settings, call_id: str, number: str) -> Callable[..., None]:
        """A call of the telephone system -> what posts a word on it, signed as Standard Webhooks says."""
        ring = Webhooks(settings.home)
        secret = ring.create(SITE, f"pbx-{call_id}", kind="calls", now=datetime.now(UTC))[2]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        began = datetime.now(UTC).isoformat()
        said = {"call_id": call_id, "from": "010-2345-9876", "to": number, "started_at": began}

        def hears(status: str, **more: object) -> None:
            body = orjson.dumps({**said, "status": status, **more})
            sent = str(int(time.time()))
            content = f"{status}.{sent}.".encode() + body
            mac = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
            signed = {"webhook-id": status, "webhook-timestamp": sent, "webhook-signature": f"v1,{mac}"}
            self.posts(f"/hooks/{SITE}/pbx-{call_id}", body, **signed)

        return hears

    @staticmethod
    def becomes(found: Callable[[], object], right: object) -> None:
        """Waits until something is what it has to be."""
        give_up_at = time.monotonic() + 30
        while (last := found()) != right:
            assert time.monotonic() < give_up_at, f"{last} did not become {right}"
            time.sleep(0.1)

    @staticmethod
    def until(happened: Callable[[], bool]) -> None:
        """Waits for a condition."""
        give_up_at = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < give_up_at, "did not happen in time"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def desk(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A site with six calls on the running stack, and a desk that may answer for it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "catalog.yaml").write_bytes(orjson.dumps([{"site": SITE, **entry} for entry in ENTRIES]))
    (folder / "calls.jsonl").write_bytes(b"\n".join(orjson.dumps(call) for call in calls()))
    for command in (
        ("define", str(folder / "catalog.yaml")),
        ("emit", str(folder / "calls.jsonl")),
        ("wait", "--timeout", "60"),
    ):
        done = headwater(home, *command)
        assert done.returncode == 0, done.stderr
    with chromium() as browser:
        yield Desk(home, browser)


def pick(page: "Page", nth: int) -> None:
    """Chooses a call of the list; call-6 is the newest and so the first."""
    page.click(f"[data-key='pick-call:call-{nth}']")


def text(page: "Page", selector: str) -> str:
    """What stands there."""
    return page.inner_text(selector)


def connection(page: "Page", words: str) -> None:
    """Waits until the page says so of its connection."""
    page.locator("#connection", has_text=words).wait_for()


def test_two_taps_say_what_a_call_was_and_which_internet(desk: Desk) -> None:
    with desk.signed_in() as page:
        assert text(page, "#now-title").startswith("지난 전화")
        assert "모름" in text(page, "#known") and "처음" in text(page, "#known")
        page.click("[data-key='subject-new']")
        page.click("text=인터넷")
        assert [text(page, f"[data-key='which-{place}'] span") for place in (0, 1)] == [
            "네이버 블로그",
            "네이버 플레이스",
        ]
        page.click("[data-key='which-1']")
        page.wait_for_selector("#done")
        page.click("[data-key='service-언어치료']")
        connection(page, "연결됨")
    lead = {"stage": "inquiry", "service": "언어치료", "via": "phone", "lead_id": ""}
    desk.becomes(lambda: desk.call("call-6"), {"subject": "new", "told": ["naver_place"], "leads": [lead]})
    for event_type in ("call_tagged", "source_told"):
        (event,) = [one for one in desk.events(event_type) if one["call_id"] == "call-6"]
        assert event["event_id"].startswith("desk-") and "phone" not in event


def test_a_call_that_rings_is_there_at_once_and_may_be_tagged_before_it_ends(
    desk: Desk, home: Settings
) -> None:
    hears = desk.telephone(home, "live-1", "02-555-0007")
    with desk.signed_in() as page:
        hears("ringing")
        page.wait_for_selector("#now.ringing")
        assert "끝자리 9876" in text(page, "#now-title")
        assert "네이버 플레이스" in text(page, "#known") and "번호로 확인" in text(page, "#known")
        page.click("[data-key='subject-new']")
        page.wait_for_selector("#done")
        assert "9876" not in page.evaluate("JSON.stringify(localStorage)")
        hears("completed", ended_at=datetime.now(UTC).isoformat(), talk_seconds=1)
        page.wait_for_selector("#now:not(.ringing)")
    subject = "SELECT subject FROM headwater.calls WHERE site = {site:String} AND endsWith(call_id, 'live-1')"
    desk.becomes(lambda: desk.rows(subject), [{"subject": "new"}])


def test_who_was_shown_the_number_that_rings_is_known_before_the_call_ends(
    desk: Desk, home: Settings
) -> None:
    origin = "https://www.desk-centre.example"
    _, key = KeyRing(home.home).create(KeyKind.BROWSER, now=datetime.now(UTC), sites=[SITE], origins=[origin])
    browser = {"Origin": origin, "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0"}
    who = {"site": SITE, "visitor_id": "v-rings"}
    visit = {
        **who,
        "type": "visit_seen",
        "event_id": "visit-rings",
        "occurred_at": datetime.now(UTC).isoformat(),
        "url": f"{origin}/first-visit?utm_source=naver&utm_medium=blog&utm_campaign=autumn",
    }
    desk.posts(f"/v1/events?key={key}", visit, **browser)
    page_url = {"url": f"{origin}/first-visit"}
    assert desk.posts(f"/v1/number?key={key}", {**who, **page_url}, **browser)["number"] == "+8225550009"
    with desk.signed_in() as page:
        hears = desk.telephone(home, "live-2", "02-555-0009")
        hears("ringing")
        page.wait_for_selector("#now.ringing")
        page.locator("#known", has_text="홈페이지 방문으로 확인").wait_for()
        assert "/first-visit" in text(page, "#known") and "autumn" in text(page, "#known")
        assert page.query_selector("#sources") is None
        hears("missed", ended_at=datetime.now(UTC).isoformat())
        page.wait_for_selector("#now:not(.ringing)")


def test_what_tracking_knows_is_shown_and_not_asked_again(desk: Desk) -> None:
    with desk.signed_in() as page:
        pick(page, 1)
        page.locator("#known", has_text="네이버 플레이스").wait_for()
        assert "번호로 확인" in text(page, "#known") and "02-555-0007" in text(page, "#known")
        assert page.query_selector("#sources") is None
        page.click("[data-key='differs']")  # the customer says otherwise
        assert page.query_selector("#sources") is not None
        page.click("[data-key='subject-existing']")
        page.wait_for_selector("#done")
        assert page.query_selector("#sources") is None
    desk.becomes(lambda: desk.call("call-1")["subject"], "existing")


def test_a_wrong_tap_is_taken_back_by_keyboard(desk: Desk) -> None:
    with desk.signed_in() as page:
        pick(page, 2)
        page.keyboard.press("s")
        page.wait_for_selector("[data-key='subject-spam'][aria-pressed='true']")
        desk.becomes(lambda: desk.call("call-2")["subject"], "spam")
        page.keyboard.press("u")
        page.wait_for_selector("[data-key='subject-spam'][aria-pressed='false']")
        assert "되돌림" in text(page, "#said")
        page.keyboard.press("e")
        page.keyboard.press("w")  # a correction: the one before is withdrawn
        page.wait_for_selector("[data-key='subject-wrong_number'][aria-pressed='true']")
        desk.becomes(lambda: desk.call("call-2")["subject"], "wrong_number")
        pick(page, 3)
        page.keyboard.press("n")
        page.keyboard.press("3")
        page.wait_for_selector("#which")
        page.keyboard.press("Escape")
        page.wait_for_selector("#which", state="detached")
        page.keyboard.press("3")
        page.wait_for_selector("#which")
        page.keyboard.press("1")
        page.wait_for_selector("#done")
        page.keyboard.press("u")  # the source alone
        page.wait_for_selector("#done", state="detached")
        page.keyboard.press("2")
        page.wait_for_selector("#done")
        connection(page, "연결됨")
    desk.becomes(lambda: desk.call("call-3")["told"], ["referral"])
    assert desk.call("call-3")["subject"] == "new"
    withdrawn = {event["withdraws"] for event in desk.events("event_withdrawn")}
    tagged = [event["event_id"] for event in desk.events("call_tagged") if event["call_id"] == "call-2"]
    assert [event_id in withdrawn for event_id in tagged] == [True, True, False]


def test_an_inquiry_without_a_call_becomes_a_lead_that_moves_on(desk: Desk) -> None:
    with desk.signed_in() as page:
        page.click("[data-key='way-kakao']")
        page.locator("#now-title", has_text="카카오톡").wait_for()
        page.fill("#referral", "246802")
        page.click("[data-key='referral-enter']")
        page.wait_for_selector("#referral-form .wrong:not(:empty)")
        page.fill("#referral", "246 801")
        page.click("[data-key='referral-enter']")
        page.wait_for_selector("#done")
        page.click("[data-key='service-놀이치료']")
        page.click("[data-key='stage-consult']")
        connection(page, "연결됨")

        def lead() -> list[dict[str, Any]]:
            return desk.rows(
                "SELECT lead_id, stage, service, via, inquiry_at IS NOT NULL AS asked, consult_at IS NOT NULL"
                " AS consulted FROM headwater.leads WHERE site = {site:String} AND via = 'kakao'"
            )

        desk.until(lambda: bool(lead()) and lead()[0]["stage"] == "consult")
        (found,) = lead()
        assert re.fullmatch("desk-[0-9a-f]{32}", found["lead_id"])
        assert (found["service"], found["asked"], found["consulted"]) == ("놀이치료", 1, 1)
        (referral,) = desk.events("referral_made")
        assert (referral["lead_id"], referral["referrer_lead_id"]) == (found["lead_id"], "L-9")
        page.evaluate("for (const name of Object.keys(localStorage))"
                      " if (name.includes('marks')) localStorage.removeItem(name)")  # fmt: skip
        page.reload()  # another day, another device: the list comes from ClickHouse
        page.wait_for_selector(f"[data-key='pick-lead:{found['lead_id']}']")
        assert "상담" in text(page, "#leads") and "카카오톡" in text(page, "#leads")


def test_a_lost_network_queues_and_the_same_ids_are_sent_later(desk: Desk) -> None:
    with desk.signed_in() as page:
        state = "navigator.serviceWorker.ready.then(ready => ready.active.state)"
        desk.until(lambda: page.evaluate(state) == "activated")
        pick(page, 4)
        page.context.set_offline(True)
        page.click("[data-key='subject-new']")
        page.click("text=현수막·전단지")
        connection(page, "연결 끊김")
        assert re.search("연결 끊김 · 4건 대기 중", text(page, "#connection"))
        assert "대기 중" in text(page, "#said")
        page.fill("#referral", "010-2345-6789")  # a telephone number never waits on this device
        page.click("[data-key='referral-enter']")
        page.wait_for_selector("#referral-form .wrong:not(:empty)")
        kept = page.evaluate("JSON.stringify(localStorage)")
        assert "6789" not in kept
        ids = re.findall(r'event_id\\+":\\+"(desk-[0-9a-f]+)', kept)
        assert len(set(ids)) == 4
        page.reload()  # the page itself opens without a network, and what waits is still there
        connection(page, "4건 대기 중")
        page.context.set_offline(False)
        connection(page, "연결됨")
        assert page.get_attribute("#connection", "data-waiting") == "0"
    desk.becomes(lambda: desk.call("call-4")["told"], ["flyers"])
    assert desk.call("call-4")["subject"] == "new"
    sent = desk.rows(
        "SELECT event_id, count() AS times FROM headwater.events WHERE site = {site:String}"
        f" AND event_id IN ({', '.join(repr(one) for one in set(ids))}) GROUP BY event_id"
    )
    assert [row["times"] for row in sent] == [1, 1, 1, 1]


@pytest.mark.parametrize(("language", "width"), [("ko", 1280), ("ko", 360), ("en", 1280), ("en", 360)])
def test_it_fits_a_screen_and_a_phone_and_shows_labels_as_text(
    desk: Desk, language: str, width: int, tmp_path: Path
) -> None:
    with desk.signed_in(language, width) as page:
        pick(page, 5)
        title = {"ko": "물길아동발달센터 · 창구", "en": "Mulgil Child Development Centre · Desk"}[language]
        assert page.title() == title
        assert page.locator("#sources").get_by_text(NASTY, exact=True).count() == 1
        page.click(f"text={'인터넷' if language == 'ko' else 'The internet'}")
        page.wait_for_selector("#which")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        small = page.evaluate(
            "[...document.querySelectorAll('button')].filter(one => one.offsetHeight < 44).length"
        )
        assert small == 0
        english = text(page, "main").count("undefined") + text(page, "main").count("null")
        assert english == 0
        page.screenshot(path=tmp_path / f"desk-{language}-{width}.png", full_page=True)
        assert page.title() == title


def test_a_revoked_key_ends_the_desk_and_keeps_what_was_tapped(desk: Desk, home: Settings) -> None:
    ring = KeyRing(home.home)
    other, words = ring.create(
        KeyKind.PERSON, now=datetime.now(UTC), sites=[SITE], role="desk", label="창구 2"
    )
    own, desk.text = desk.text, words
    try:
        with desk.signed_in() as page:
            ring.revoke(other.id, now=datetime.now(UTC))
            pick(page, 5)
            page.click("[data-key='subject-existing']")
            page.wait_for_selector("a[href='/sign-in?to=/desk']")
            assert page.get_attribute("#connection", "data-waiting") == "1"
            page.click("a[href='/sign-in?to=/desk']")
            page.fill("#key", own)
            page.press("#key", "Enter")
            page.wait_for_url("**/desk")
            connection(page, "연결됨")
    finally:
        desk.text = own
    desk.becomes(lambda: desk.call("call-5")["subject"], "existing")

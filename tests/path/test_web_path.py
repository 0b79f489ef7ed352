"""A page of its own in a real browser, the script on it, and what of it arrives in ClickHouse."""

import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.local import stack
from infra.settings import Settings
from streams.collectors.keys import KeyKind, KeyRing
from tests.browser import chromium
from tests.path.conftest import headwater

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Mobile Safari/537.36"
)
AD = (
    "utm_source=naver&utm_medium=cpc&utm_campaign=spring&name=%EA%B9%80"
    "&NaPm=ct%3Dm1abc%7Cci%3D0zK0003%7Ctr%3Dsa%7Chk%3D9f8e&n_keyword=%EC%96%B8%EC%96%B4"
)

PAGE = """<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>물길언어센터</title>
<script>window.hw = window.hw || [];</script>
<script async src="{collector}/hw.js" data-site="{site}" data-key="{key}" {attributes}></script></head>
<body><h1>물길언어센터</h1>
<a id="next" href="/next?from=top&amp;NaPm=ct%3Dx%7Cci%3Dy">다음</a>
<a id="tel" href="tel:02-555-1234">02-555-1234</a>
<a id="line" data-hw-number href="tel:02-555-1234">02-555-1234</a>
<a id="kakao" href="https://pf.kakao.com/_abc/chat?x=1">카카오톡 상담</a>
<a id="talk" href="https://talk.naver.com/ct/w4abc">톡톡</a>
<a id="booking" href="https://m.place.naver.com/hospital/123/booking?entry=ple">예약</a>
<a id="map" href="https://map.naver.com/p/entry/place/123"><b id="inner">오시는 길</b></a>
<button id="chat" data-hw-contact="kakao">채팅</button>
<a id="file" href="/files/%EC%95%88%EB%82%B4.pdf">안내문</a>
<a id="other" href="https://blog.example/">블로그</a>
<form id="inquiry" data-hw-form="상담신청" action="/thanks">
<input type="hidden" name="visitor" data-hw="visitor">
<input type="tel" name="p1" value="010"><input type="tel" name="p2"><input type="tel" name="p3">
<input type="email" name="mail"><select name="s" data-hw="service"><option>언어치료</option></select>
<input name="guardian" value="김보호"><button>신청</button></form>
<form id="search" action="/found"><input name="q"><button>찾기</button></form>
</body></html>"""


def silence(seconds: int = 3) -> bytes:
    """A recording that any browser can play."""
    content = io.BytesIO()
    with wave.open(content, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(8_000)
        written.writeframes(b"\x80" * 8_000 * seconds)
    return content.getvalue()


class Website:
    """A tiny site on a port of its own: every address answers with the page; what was asked for is kept."""

    def __init__(self, collector: str) -> None:
        self.asked: list[str] = []
        self.attributes = ""
        self.key = self.site = ""
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                text = PAGE.format(
                    collector=collector, site=site.site, key=site.key, attributes=site.attributes
                )
                heard = self.path.endswith(".wav")
                content = silence() if heard else text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "audio/wav" if heard else "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Closes it."""
        self._server.shutdown()
        self._server.server_close()


class Watched:
    """One site of its own: its pages in a browser, its events in ClickHouse."""

    def __init__(self, settings: Settings, website: Website, browser: "Browser") -> None:
        self.website = website
        self._settings = settings
        self._browser = browser

    @property
    def site(self) -> str:
        """The site's slug."""
        return self.website.site

    @contextmanager
    def visitor(self, agent: str | None = PHONE, **options: Any) -> Iterator["BrowserContext"]:
        """A browser of one person: its storage is gone afterwards."""
        context = self._browser.new_context(user_agent=agent, **options)
        context.set_default_timeout(30_000)
        try:
            yield context
        finally:
            context.close()

    def opened(self, context: "BrowserContext", path: str = "/", referrer: str | None = None) -> "Page":
        """A page with the script running."""
        page = context.new_page()
        page.goto(self.website.origin + path, referer=referrer)
        page.wait_for_function("window.hw && !Array.isArray(window.hw)")
        return page

    def events(self) -> list[dict[str, Any]]:
        """What is in ClickHouse, in order of time."""
        client = stack.reader(self._settings)
        try:
            asked = "SELECT payload FROM headwater.events WHERE site = {site:String} ORDER BY occurred_at, event_id"
            rows = client.query(asked, parameters={"site": self.site}).result_rows
        finally:
            client.close()
        return [json.loads(payload) for (payload,) in rows]

    def arrived(self, *types: str) -> list[dict[str, Any]]:
        """The events once exactly these types, in any order, are in ClickHouse."""
        give_up_at = time.monotonic() + 60
        found = self.events()
        while sorted(event["type"] for event in found) != sorted(types):
            assert time.monotonic() < give_up_at, [event["type"] for event in found]
            time.sleep(0.1)
            found = self.events()
        return found

    def board(self) -> dict[str, dict[str, Any]]:
        """The scoreboard's row of each channel with anything on it."""
        client = stack.reader(self._settings)
        try:
            today = datetime.now(UTC)
            asked = (
                "SELECT channel, visits, calls, inquiries FROM headwater.channel_scoreboard(sites=[{site:String}],"
                " branches=[], since={since:Date}, until={until:Date}, run='live', model='last')"
            )
            days = {"since": f"{today.year - 1}-01-01", "until": f"{today.year + 1}-12-31"}
            rows = client.query(asked, parameters={"site": self.site, **days}).named_results()
            return {row["channel"]: row for row in rows}
        finally:
            client.close()

    def until(self, happened: Callable[[], bool]) -> None:
        """Waits for a condition."""
        give_up_at = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < give_up_at, "did not happen in time"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser whose videos play by themselves."""
    with chromium("--autoplay-policy=no-user-gesture-required") as opened:
        yield opened


@pytest.fixture
def watched(home: Settings, browser: "Browser", request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A site of the test's own on the running stack, with a browser key for its origin."""
    website = Website(f"http://127.0.0.1:{home.collector_port}")
    website.site = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")[:60]
    _, website.key = KeyRing(home.home).create(
        KeyKind.BROWSER,
        now=datetime.now(UTC),
        sites=[website.site],
        types=["*", "status_changed"],
        origins=[website.origin],
    )
    yield Watched(home, website, browser)
    website.stop()


def kept(page: "Page") -> dict[str, Any]:
    """What the page's origin keeps: localStorage, and the names of sessionStorage and cookies."""
    found: dict[str, Any] = page.evaluate(
        "({local: {...localStorage}, tab: Object.keys(sessionStorage), cookies: document.cookie})"
    )
    return found


def test_a_visit_before_consent_is_a_session_and_keeps_nothing_that_lasts(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person, f"/?{AD}", "https://m.search.naver.com/search.naver?query=x")
        (visit,) = watched.arrived("visit_seen")
        page.click("#next")
        page.wait_for_url("**/next*")
        _, second = watched.arrived("visit_seen", "page_viewed")
        assert kept(page) == {"local": {}, "tab": ["hw.session"], "cookies": ""}
    assert "visitor_id" not in visit and visit["session_id"] == second["session_id"]
    assert visit["referrer"] == "https://m.search.naver.com/search.naver"
    assert "in_app" not in visit and "bot" not in visit
    # the door cut what is on no list; what stays, NaPm too, kept its bytes; the page's own link was not touched
    assert visit["url"] == f"{watched.website.origin}/?{AD.replace('&name=%EA%B9%80', '')}"
    assert "/next?from=top&NaPm=ct%3Dx%7Cci%3Dy" in watched.website.asked
    assert second["url"].endswith("/next?NaPm=ct%3Dx%7Cci%3Dy")
    watched.until(lambda: watched.board().get("paid_search", {}).get("visits") == 1)


def test_consent_gives_a_visitor_that_lasts_and_one_visit_stays_one(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person, "/?utm_source=daum&utm_medium=organic")
        page.evaluate("hw.consent(true)")
        visitor = page.evaluate("hw.visitor()")
        watched.arrived("visit_seen", "person_identified")
        watched.opened(person, "/again")  # the same session in another tab
        page.click("#kakao", modifiers=["Control"])
        found = watched.arrived("visit_seen", "person_identified", "page_viewed", "contact_clicked")
        named = {event["type"]: event for event in found}
        session = named["visit_seen"]["session_id"]
        assert (named["person_identified"]["visitor_id"], named["person_identified"]["session_id"]) == (
            visitor,
            session,
        )
        assert named["page_viewed"]["session_id"] == session and "visitor_id" not in named["page_viewed"]
        assert named["contact_clicked"]["visitor_id"] == visitor
        watched.until(lambda: {"direct", "organic_search"} & set(watched.board()) == {"organic_search"})
        assert watched.board()["organic_search"]["visits"] == 1
        # a later session is the visitor's from its first page on
        page.evaluate("localStorage.removeItem('hw.session')")
        other = watched.opened(person, "/later")
        later = watched.arrived(*named, "visit_seen")[-1]
        assert (later["type"], later["visitor_id"], later.get("session_id")) == ("visit_seen", visitor, None)
        # and withdrawn consent, which every tab hears of, leaves nothing that joins what comes to what was
        page.evaluate("hw.consent(false)")
        other.wait_for_function("hw.visitor() === null")
        page.evaluate("hw.page()")
        last = watched.arrived(*named, "visit_seen", "page_viewed")[-1]
        assert "visitor_id" not in last and last["session_id"] != session
        assert kept(page)["local"] == {}


def test_consent_known_to_the_page_counts_from_the_first_event(watched: Watched) -> None:
    with watched.visitor() as person:
        person.add_init_script("window.hw = [null, ['assign', 'page', 'b'], ['consent', true]];")
        page = watched.opened(person)
        visit, shown = watched.arrived("visit_seen", "experiment_assigned")
        assert visit["visitor_id"] == page.evaluate("hw.visitor()") and "session_id" not in visit
        assert shown["visitor_id"] == visit["visitor_id"]
        assert (shown["experiment"], shown["variant"]) == ("page", "b")
        page.evaluate("hw.assign('page', 'b'); hw.assign('page', 'a'); hw.page()")
        said = watched.arrived("visit_seen", "experiment_assigned", "experiment_assigned", "page_viewed")
    assert sorted(one["variant"] for one in said if one["type"] == "experiment_assigned") == ["a", "b"]


def test_a_single_page_site_views_pages_without_loading_them(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person, "/")
        page.evaluate("history.pushState({}, '', '/prices')")
        page.evaluate("history.replaceState({}, '', '/prices?tab=2')")  # the same page, told more exactly
        page.evaluate("history.pushState({}, '', '/prices?tab=2')")  # and nothing new
        page.evaluate("history.pushState({}, '', '/about')")
        page.go_back()
        page.evaluate("location.hash = '#top'")
        found = watched.arrived("visit_seen", "page_viewed", "page_viewed", "page_viewed")
    paths = [event["url"].removeprefix(watched.website.origin) for event in found]
    assert paths == ["/", "/prices", "/about", "/prices"]
    assert watched.website.asked.count("/") == 1 and "/about" not in watched.website.asked


def test_ways_to_reach_the_business_are_clicks_and_other_links_are_not(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person)
        page.evaluate("addEventListener('click', event => event.preventDefault())")
        for link in ("tel", "kakao", "talk", "booking", "inner", "chat", "file", "other"):
            page.click(f"#{link}")
        found = watched.arrived("visit_seen", *["contact_clicked"] * 6, "content_engaged")
    clicks = {(one["kind"], one.get("target")) for one in found if one["type"] == "contact_clicked"}
    assert clicks == {
        ("tel", "+8225551234"),
        ("kakao", "https://pf.kakao.com/_abc/chat"),
        ("naver_talk", "https://talk.naver.com/ct/w4abc"),
        ("naver_booking", "https://m.place.naver.com/hospital/123/booking"),
        ("map", "https://map.naver.com/p/entry/place/123"),
        ("kakao", None),
    }
    (file,) = [one for one in found if one["type"] == "content_engaged"]
    assert (file["kind"], file["content"]) == ("download", "/files/안내.pdf")


def test_a_form_is_an_inquiry_and_its_phone_a_claim(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person, "/?utm_source=instagram&utm_medium=social")
        page.evaluate("hw.consent(true)")
        visitor = page.evaluate("hw.visitor()")
        page.fill("[name=q]", "가격")
        page.fill("[name=p2]", "2345")
        page.fill("[name=p3]", "6789")
        page.fill("[name=mail]", "parent@mail.example")
        page.click("#inquiry button")
        page.wait_for_url("**/thanks*")
        assert f"visitor={visitor}" in page.url
        found = watched.arrived(
            "visit_seen", "person_identified", "person_identified", "status_changed", "page_viewed"
        )
    (inquiry,) = [one for one in found if one["type"] == "status_changed"]
    assert (inquiry["stage"], inquiry["via"], inquiry["service"]) == ("inquiry", "web_form", "언어치료")
    assert inquiry["visitor_id"] == visitor
    claims = [one for one in found if one["type"] == "person_identified"][-1]
    assert claims["claimed_phone"].startswith("hmac:1:") and claims["claimed_email"].startswith("hmac:1:")
    told = json.dumps(found, ensure_ascii=False)
    for secret in ("2345", "parent@", "김보호", "가격"):
        assert secret not in told
    watched.until(lambda: watched.board().get("organic_social", {}).get("inquiries") == 1)


def test_a_form_before_consent_and_one_that_is_not_for_us(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person)
        page.evaluate("addEventListener('submit', event => event.preventDefault())")
        page.click("#search button")
        page.fill("[name=p2]", "2345")  # 010-2345: no number at all, which must not cost the inquiry
        page.click("#inquiry button")
        visit, inquiry = watched.arrived("visit_seen", "status_changed")
        page.fill("[name=p3]", "6789")
        page.click("#inquiry button")
        found = watched.arrived("visit_seen", "status_changed", "status_changed", "content_engaged")
    assert inquiry["session_id"] == visit["session_id"] and "visitor_id" not in inquiry
    (goal,) = [one for one in found if one["type"] == "content_engaged"]
    assert (goal["kind"], goal["content"]) == ("goal", "상담신청")
    assert goal["claimed_phone"].startswith("hmac:1:") and goal["session_id"] == visit["session_id"]


def test_a_recording_is_watched_as_long_as_it_ran(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person)
        page.evaluate(
            """async () => {
                const video = document.createElement("video");
                video.src = "/lectures/talk.wav";
                document.body.append(video);
                await video.play();
                await new Promise(run => video.addEventListener("timeupdate", () => {
                    if (video.currentTime > 1.2) run();
                }));
                video.pause();
            }"""
        )
        _, watching = watched.arrived("visit_seen", "content_engaged")
        page.evaluate("hw.engaged('소개 영상', {watched_seconds: 12.5, length_seconds: 60})")
        *_, told = watched.arrived("visit_seen", "content_engaged", "content_engaged")
    assert (watching["kind"], watching["content"]) == ("video", "/lectures/talk.wav")
    assert 1 <= watching["watched_seconds"] < 3 and watching["length_seconds"] == 3
    assert (told["content"], told["watched_seconds"], told["length_seconds"]) == ("소개 영상", 12.5, 60)


def test_a_number_of_the_pool_is_shown_with_consent_and_given_back(
    watched: Watched, home: Settings, tmp_path: Path
) -> None:
    entry = {
        "site": watched.site,
        "kind": "tracking_number",
        "id": "+827041234567",
        "assignments": [{"id": "a1", "channel": "paid_search", "pool": True}],
    }
    (file := tmp_path / "numbers.json").write_text(json.dumps([entry]))
    defined = headwater(home, "define", str(file))
    assert defined.returncode == 0, defined.stderr
    watched.website.attributes = "data-numbers"
    with watched.visitor() as person:
        page = watched.opened(person)
        watched.arrived("visit_seen")
        assert page.inner_text("#line") == "02-555-1234"
        page.evaluate("hw.consent(true)")
        page.wait_for_function("document.querySelector('#line').textContent === '070-4123-4567'")
        assert page.get_attribute("#line", "href") == "tel:+827041234567"
        page.evaluate(
            "document.querySelector('#line').outerHTML = '<b id=line data-hw-number>02-555-1234</b>'"
        )
        page.wait_for_function("document.querySelector('#line').textContent === '070-4123-4567'")
        assert page.inner_text("#tel") == "02-555-1234"
        found = watched.arrived("visit_seen", "person_identified", "number_shown")
        page.evaluate("hw.consent(false)")
        assert page.inner_text("#line") == "02-555-1234"
    (shown,) = [one for one in found if one["type"] == "number_shown"]
    (known,) = [one for one in found if one["type"] == "person_identified"]
    assert (shown["number"], shown["visitor_id"]) == ("+827041234567", known["visitor_id"])


def test_do_not_track_by_setting(watched: Watched) -> None:
    asks = "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'});"
    watched.website.attributes = 'data-dnt="respect"'
    with watched.visitor() as person:
        person.add_init_script(asks)
        page = watched.opened(person)
        page.evaluate("hw.consent(true); hw.page()")
        page.click("#chat")
        assert kept(page) == {"local": {}, "tab": [], "cookies": ""}
    watched.website.attributes = ""
    with watched.visitor() as person:
        person.add_init_script(asks)
        watched.opened(person, "/counted")
        (visit,) = watched.arrived("visit_seen")
        assert visit["url"].endswith("/counted")


def test_offline_events_wait_and_come_once_when_the_network_is_back(watched: Watched) -> None:
    with watched.visitor() as person:
        person.add_init_script("window.hw = [['consent', true]];")
        page = watched.opened(person)
        watched.arrived("visit_seen")
        person.set_offline(True)
        page.click("#chat")
        page.evaluate("history.pushState({}, '', '/offline')")
        page.wait_for_function(
            "Object.keys(localStorage).filter(n => n.startsWith('hw.queue.')).length === 2"
        )
        page.close()  # the beacon is lost too
        person.set_offline(False)
        page = watched.opened(person, "/back")
        found = watched.arrived("visit_seen", "contact_clicked", "page_viewed", "page_viewed")
        page.wait_for_function("Object.keys(localStorage).every(n => !n.startsWith('hw.queue.'))")
    assert len({event["event_id"] for event in found}) == 4
    pages = [event["url"].removeprefix(watched.website.origin) for event in found if "url" in event]
    assert pages == ["/", "/offline", "/back"]


def test_a_collector_that_is_away_is_asked_again(watched: Watched) -> None:
    with watched.visitor() as person:
        refusals = []

        def refuse(route: Any) -> None:
            refusals.append(route.request.post_data)
            if len(refusals) == 1:
                route.abort()
            else:
                route.fulfill(status=503, headers={"Access-Control-Allow-Origin": watched.website.origin})

        person.route("**/v1/events*", refuse)
        page = watched.opened(person)
        watched.until(lambda: bool(page.title()) and len(refusals) >= 2)  # asking the page lets it speak
        person.unroute("**/v1/events*")
        (visit,) = watched.arrived("visit_seen")
    assert len({json.loads(body)[0]["event_id"] for body in refusals} | {visit["event_id"]}) == 1


def test_a_page_that_closes_sends_what_is_left(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person)
        watched.arrived("visit_seen")
        page.evaluate("hw.page(); location.href = 'about:blank'")
        watched.arrived("visit_seen", "page_viewed")


@pytest.mark.parametrize(
    ("agent", "app", "channel"),
    [
        (PHONE + " KAKAOTALK/25.1.2 (INAPP)", "kakaotalk", "messenger"),
        (PHONE + " NAVER(inapp; search; 2000; 12.5.1)", "naver", "organic_search"),
    ],
    ids=["kakaotalk", "naver"],
)
def test_app_named(watched: Watched, agent: str, app: str, channel: str) -> None:
    with watched.visitor(agent) as person:
        watched.opened(person)
        (visit,) = watched.arrived("visit_seen")
    assert visit["in_app"] == app and "referrer" not in visit
    watched.until(lambda: watched.board().get(channel, {}).get("visits") == 1)


def test_a_scanned_code_comes_along_and_a_new_campaign_is_a_visit(watched: Watched) -> None:
    with watched.visitor() as person:
        page = watched.opened(person, "/?hw_scan=scan-77&utm_source=poster&utm_medium=qr")
        (visit,) = watched.arrived("visit_seen")
        page.goto(watched.website.origin + "/?utm_source=naver&utm_medium=cpc")
        page.reload()
        first, second, _ = watched.arrived("visit_seen", "visit_seen", "page_viewed")
    assert visit["scan_id"] == first["scan_id"] == "scan-77"
    assert "scan_id" not in second and first["session_id"] == second["session_id"]


def test_a_long_address_is_cut_between_two_parameters(watched: Watched) -> None:
    filler = "&".join(f"p{number}=" + "x" * 90 for number in range(90))
    with watched.visitor() as person:
        watched.opened(person, f"/?utm_source=naver&{filler}&utm_term=late")
        (visit,) = watched.arrived("visit_seen")
    assert visit["url"] == f"{watched.website.origin}/?utm_source=naver"


def test_a_program_is_marked_and_counted_nowhere(watched: Watched) -> None:
    with watched.visitor(agent=None) as program:  # it says HeadlessChrome
        page = watched.opened(program, "/?utm_source=daum&utm_medium=organic")
        page.click("#inquiry button")
        page.wait_for_url("**/thanks*")
        found = watched.arrived("visit_seen", "status_changed", "page_viewed")
    assert {event["bot"]["reason"] for event in found} == {"headless_browser"}
    with watched.visitor() as person:
        watched.opened(person, "/?utm_source=naver&utm_medium=blog")
        watched.until(lambda: watched.board().get("organic_social", {}).get("visits") == 1)
    assert "organic_search" not in watched.board()

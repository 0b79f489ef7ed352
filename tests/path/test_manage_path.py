"""The manage page in a real browser: an owner's sheet becomes links, codes, a menu and spend in ClickHouse."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from openpyxl import Workbook

from infra.local import stack
from infra.settings import Settings
from streams.collectors.keys import KeyKind, KeyRing
from tests.browser import chromium
from tests.path.conftest import headwater

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SITE = "manage-centre"
NASTY = "<img src=x onerror=document.title='ran'>"
RESPONSIBLE = "김하나"
HOME_PAGE = "https://www.manage-centre.example/"
ENTRY = {
    "site": SITE,
    "kind": "site",
    "id": SITE,
    "name": {"ko": "물길아동발달센터", "en": "Mulgil Centre"},
    "branches": [{"id": "bundang", "name": {"ko": "분당점", "en": "Bundang"}}],
}


class Manage:
    """The pages of one site, and the rows that follow."""

    def __init__(self, settings: Settings, browser: "Browser") -> None:
        self.port = settings.collector_port
        self.address = f"http://127.0.0.1:{self.port}"
        self.ring = KeyRing(settings.home)
        self._settings = settings
        self._browser = browser

    def key(self, role: str) -> str:
        """A new key of a person."""
        return self.ring.create(KeyKind.PERSON, now=datetime.now(UTC), sites=[SITE], role=role, label=role)[1]

    @contextmanager
    def signed_in(self, key: str, language: str = "ko", width: int = 1280) -> Iterator["Page"]:
        """The page of somebody who just signed in."""
        context: BrowserContext = self._browser.new_context(
            locale={"ko": "ko-KR", "en": "en-US"}[language], viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda said: problems.append(said.text) if "Content Security" in said.text else None
        )
        try:
            page.goto(f"{self.address}/manage")
            page.wait_for_url("**/sign-in?to=/manage")
            page.fill("#key", key)
            page.press("#key", "Enter")
            page.wait_for_selector('#work[data-section="audit"]')
            yield page
            assert problems == []
            assert page.title() != "ran"
        finally:
            context.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A question about the site -> rows."""
        client = stack.reader(self._settings)
        try:
            return list(client.query(sql, parameters={"site": SITE}).named_results())
        finally:
            client.close()

    def spend(self) -> dict[str, int]:
        """What ClickHouse says each channel costs in March 2031."""
        rows = self.rows(
            "SELECT channel, sum(amount) AS amount FROM headwater.spend_daily WHERE site = {site:String}"
            " AND toStartOfMonth(day) = '2031-03-01' GROUP BY channel"
        )
        return {row["channel"]: row["amount"] for row in rows}

    @staticmethod
    def becomes(found: Callable[[], Any], right: Any) -> None:
        """Waits until something is what it has to be."""
        give_up_at = time.monotonic() + 60
        while (last := found()) != right:
            assert time.monotonic() < give_up_at, f"{last} did not become {right}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def manage(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manage]:
    """A site on the running stack, and a browser."""
    catalog = tmp_path_factory.mktemp("manage") / "catalog.yaml"
    catalog.write_bytes(orjson.dumps(ENTRY))
    done = headwater(home, "define", str(catalog))
    assert done.returncode == 0, done.stderr
    with chromium() as browser:
        yield Manage(home, browser)


def audit_sheet(path: Path) -> Path:
    """The sheet of an owner who made a slip in one line."""
    book = Workbook()
    page = book.worksheets[0]
    for row in (
        ("채널", "월 비용", "게시 위치", "담당"),
        ("네이버 블로그", 600_000, "공식 블로그", RESPONSIBLE),
        ("현수막·전단지", "삼십만", "정문 앞", "실장"),
        (NASTY, 31_000, "동네 소식", None),
        ("지인 소개", 0, None, None),
    ):
        page.append(row)
    book.save(path)
    return path


def open_section(page: "Page", name: str) -> None:
    """Opens a section and waits for it."""
    page.click(f'nav a[href="#{name}"]')
    page.wait_for_selector(f'#work[data-section="{name}"]')


def test_a_sheet_becomes_links_codes_a_menu_and_spend(manage: Manage, tmp_path: Path) -> None:
    with manage.signed_in(manage.key("owner")) as page:
        page.fill("form input[type=url]", HOME_PAGE)
        page.fill("form input[type=month]", "2031-03")
        page.fill("form input[type=number]", "2")
        page.set_input_files("#audit-file", audit_sheet(tmp_path / "audit.xlsx"))
        page.wait_for_selector("#looked-at table")
        assert "2번째 줄 월 비용" in page.inner_text("#looked-at")
        assert NASTY in page.inner_text("#looked-at")
        assert manage.spend() == {}  # nothing is sent before it is confirmed
        page.fill('[aria-invalid="true"]', "30만원")
        page.press("form input[type=url]", "Enter")
        page.wait_for_selector("#looked-at:not(:has(ul.wrong)) #audit-confirm")
        assert "매달 931,000원, 2031-03부터 2031-04까지" in page.inner_text("#looked-at")
        page.click("#audit-confirm")
        page.wait_for_selector("#notice:has-text('저장했습니다')")
        assert RESPONSIBLE in page.inner_text("#looked-at")
        links = page.locator("#looked-at code").all_inner_texts()
        assert [link.partition("&")[0] for link in links[::2]] == [
            f"{HOME_PAGE}?utm_source={slug}" for slug in ("naver_blog", "flyers", manage_slug(page))
        ]
        short = links[1]
        open_section(page, "menu")
        labels = page.locator("#work .choice input").evaluate_all("all => all.map(one => one.value)")
        assert labels == ["네이버 블로그", "현수막·전단지", NASTY, "지인 소개"]

        open_section(page, "spend")
        page.fill("input[type=month]", "2031-01")
        page.press("input[type=month]", "Tab")
        cell = page.locator('[data-cell="2031-03 flyers "]')
        cell.wait_for()
        assert cell.input_value() == "300,000"
        cell.fill("250000")
        cell.press("Tab")
        assert cell.input_value() == "250,000"
        page.click("#spend-save")
        page.wait_for_selector("#notice:has-text('1칸')")
        assert page.locator('[data-cell="2031-03 flyers "]').input_value() == "250,000"
    expected = {"naver_blog": 600_000, "flyers": 250_000, "referral": 0}
    manage.becomes(lambda: {k: v for k, v in manage.spend().items() if k in expected}, expected)
    events = manage.rows("SELECT payload FROM headwater.events WHERE site = {site:String}")
    assert all(RESPONSIBLE not in one["payload"] for one in events)

    connection = http.client.HTTPConnection("127.0.0.1", manage.port, timeout=10)
    connection.request(
        "GET", short.removeprefix(manage.address), headers={"User-Agent": "Mozilla/5.0 (Linux)"}
    )
    answer = connection.getresponse()
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{HOME_PAGE}?utm_source=naver_blog&")


def manage_slug(page: "Page") -> str:
    """The slug that a hostile name was given."""
    found: str = (
        page.locator("#looked-at code").nth(4).inner_text().partition("utm_source=")[2].partition("&")[0]
    )
    assert found.replace("_", "").isalnum()
    return found


def test_a_file_is_confirmed_before_anything_is_sent(manage: Manage, tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("채널,월,금액\nevents,2025-05,70000\nevents,어느 달,1\n", encoding="utf-8")

    def costs() -> list[int]:
        sql = "SELECT sum(amount) AS won FROM headwater.spend_daily WHERE site = {site:String} AND channel = 'events'"
        return [row["won"] for row in manage.rows(sql)]

    with manage.signed_in(manage.key("owner")) as page:
        open_section(page, "files")
        page.select_option("#file-kind", "spend")
        page.set_input_files("#file", path)
        page.click("#file-look")
        page.wait_for_selector("#file-take")
        assert "3번째 줄" in page.inner_text("#file-looked-at")
        assert costs() == [0]
        page.click("#file-take")
        page.wait_for_selector("#notice:has-text('1개를 넣었습니다')")
        assert "거부된 줄" in page.inner_text("#file-looked-at")
    manage.becomes(costs, [70_000])


def test_a_number_and_a_campaign_by_hand_and_taken_days_in_words(manage: Manage) -> None:
    with manage.signed_in(manage.key("owner"), "en") as page:
        open_section(page, "places")
        page.click("summary:has-text('Add a number')")
        form = page.locator("details[open] form").last
        form.locator("input[type=tel]").fill("02-555-0303")
        form.locator("select").first.select_option("referral")
        form.locator("button[type=submit]").click()
        card = page.locator('[data-number="+8225550303"]')
        card.wait_for()
        card.locator("summary:has-text('Change what')").click()
        card.locator("input[type=checkbox]").uncheck()
        card.locator("button[type=submit]").click()
        page.wait_for_selector("#notice.wrong")
        assert "These days belong to" in page.inner_text("#notice")
        open_section(page, "campaigns")
        page.locator("details[open] input").first.fill("Spring")
        page.locator("details[open] input[inputmode=numeric]").first.fill("800,000")
        page.locator("details[open] button[type=submit]").click()
        page.wait_for_selector('[data-campaign="spring"]')
        assert "budget 800,000" in page.inner_text('[data-campaign="spring"]')


def test_an_owner_makes_a_key_that_may_only_look(manage: Manage) -> None:
    with manage.signed_in(manage.key("owner")) as page:
        open_section(page, "people")
        page.select_option("#key-role", "analyst")
        page.fill("#key-label", NASTY[:40])
        page.click("#key-make")
        page.wait_for_selector(".key code")
        key = page.inner_text(".key code")
        page.reload()
        page.wait_for_selector('#work[data-section="people"]')
        assert key not in page.content()
    with manage.signed_in(key, width=390) as page:
        assert page.locator('nav a[href="#people"]').count() == 0
        page.fill("form input[type=url]", HOME_PAGE)
        page.locator(".audit input").first.fill("전단지")
        page.click("#audit-look")
        page.wait_for_selector("#looked-at table")
        assert page.locator("#audit-confirm").count() == 0
        open_section(page, "spend")
        assert page.locator("[data-cell]").first.is_disabled()
        assert page.locator("#spend-save").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        refused = page.evaluate(
            "fetch('/manage/api/spend', {method: 'POST', headers: {'X-Headwater': '1', 'Content-Type':"
            " 'application/json'}, body: '{\"cells\": []}'}).then(answer => answer.status)"
        )
        assert refused == 403


def test_the_page_works_by_keyboard(manage: Manage) -> None:
    with manage.signed_in(manage.key("owner")) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "work"
        page.locator('nav a[href="#menu"]').focus()
        page.keyboard.press("Enter")
        page.wait_for_selector('#work[data-section="menu"]')
        assert page.evaluate("document.activeElement.id") == "work"

"""Reports in the browser: for the owner and analysts of their own site, and never a file beside them."""

import json
from pathlib import Path

import pytest

from streams.kept_reports import Shelf
from tests.collectors.test_sign_in import Door, Page

HOSTILE = "<img src=x onerror=alert(1)> \"'%2e%2e"


def written(home: Path, site: str, kind: str, period: str, number: int) -> None:
    """A revision as the reports' own room leaves it."""
    place = Shelf(home).folder(site, kind, period) / str(number)
    place.mkdir(parents=True)
    told = {"site": site, "kind": kind, "period": period, "made_at": f"2026-04-0{number}T09:00:00+09:00"}
    (place / "figures.json").write_text(json.dumps(told), encoding="utf-8")
    for language in ("ko", "en"):
        (place / f"{language}.html").write_text(f"<p>{period} {number} {language}</p>", encoding="utf-8")
        (place / f"{language}.pdf").write_bytes(b"%PDF-")


@pytest.fixture
def door(tmp_path: Path) -> Door:
    made = Door(tmp_path)
    written(tmp_path, "clinic", "monthly", "2026-03", 1)
    written(tmp_path, "clinic", "monthly", "2026-03", 2)
    written(tmp_path, "clinic", "campaign", HOSTILE, 1)
    written(tmp_path, "other", "monthly", "2026-02", 1)
    (tmp_path / "reports" / "clinic" / "secret.html").write_text("secret", encoding="utf-8")
    return made


async def signed(page: Page, text: str) -> None:
    answer = await page.post(
        "/sign-in/api/in", json={"key": text},
        headers={"X-Headwater": "1", "Origin": str(page.make_url("")).rstrip("/")},
    )  # fmt: skip
    assert answer.status == 200, await answer.text()


@pytest.mark.parametrize("role", ["owner", "analyst"])
def test_the_list_and_the_newest_revision_in_either_language(door: Door, role: str) -> None:
    _, text = door.made(role)

    async def steps(page: Page) -> None:
        await signed(page, text)
        listed = await (await page.get("/reports")).text()
        assert "/reports/monthly/2026-03/2/ko.pdf" in listed and "2026-02" not in listed
        assert "<img" not in listed and "&lt;img src=x" in listed
        newest = await page.get("/reports/monthly/2026-03")
        assert await newest.text() == "<p>2026-03 2 ko</p>"
        assert "script-src" not in newest.headers["Content-Security-Policy"]
        assert "default-src 'none'" in newest.headers["Content-Security-Policy"]
        assert await (await page.get("/reports/monthly/2026-03?language=en")).text() == "<p>2026-03 2 en</p>"
        older = await page.get("/reports/monthly/2026-03/1/en.pdf")
        assert (older.content_type, await older.read()) == ("application/pdf", b"%PDF-")
        odd = await page.get("/reports/campaign/" + "".join(f"%{byte:02X}" for byte in HOSTILE.encode()))
        assert (odd.status, await odd.text()) == (200, f"<p>{HOSTILE} 1 ko</p>")

    door.run(steps)


@pytest.mark.parametrize(
    "path",
    ["monthly/2026-02", "monthly/..%2f..%2fsecret", "monthly/2026-03/2/..%2f..%2f..%2fsecret.html", "monthly/2026-03/3/ko.html",
     "monthly/2026-03/2/figures.json%00", "..%2fother/monthly/2026-02/1/ko.html", "monthly/2026-03/02/ko.html"],
)  # fmt: skip
def test_what_is_not_a_report_of_the_site_is_not_there(door: Door, path: str) -> None:
    _, text = door.made("owner")

    async def steps(page: Page) -> None:
        await signed(page, text)
        answer = await page.get(f"/reports/{path}")
        assert answer.status == 404, await answer.text()
        assert "secret" not in (await answer.text()).replace("secret.html", "")

    door.run(steps)


def test_the_desk_may_not_and_nobody_signed_in_is_sent_to_sign_in(door: Door) -> None:
    async def steps(page: Page) -> None:
        away = await page.get("/reports", allow_redirects=False)
        assert (away.status, away.headers["Location"]) == (303, "/sign-in?to=/reports")
        await signed(page, door.text)
        for path in ("/reports", "/reports/monthly/2026-03", "/reports/monthly/2026-03/2/ko.pdf"):
            assert (await page.get(path)).status == 403

    door.run(steps)


def test_a_site_without_reports_says_so(tmp_path: Path) -> None:
    door = Door(tmp_path)
    _, text = door.made("owner")

    async def steps(page: Page) -> None:
        await signed(page, text)
        assert "아직 보고서가 없습니다" in await (await page.get("/reports")).text()

    door.run(steps)

"""Reports full of hostile text, opened in a real Chromium: nothing runs, nothing is fetched, all of it is text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.reports.given_figures import EVERY, FIELD, campaign, channel, monthly
from tests.reports.hostile import PAYLOADS
from tests.reports.test_documents import hostile, html_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def everything() -> str:
    """One page with each of the texts as a channel, a campaign and a branch."""
    board = [*FIELD, *(channel(text, action="too_little_data", spend=5) for text in PAYLOADS)]
    rows = [
        {**campaign(text, name=text, goal_metric=text), "starts_on": text, "ends_on": text, "spent": 5}
        for text in PAYLOADS
    ]
    return html_of(monthly(board=board, campaigns=rows)[1])


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "with scripts allowed"])
def test_nothing_runs_and_nothing_is_fetched(browser: Any, tmp_path: Path, policy: bool) -> None:
    pages = [
        everything(),
        *(html_of(hostile(make, PAYLOADS[number])) for number, make in enumerate(EVERY.values())),
    ]
    context = browser.new_context(java_script_enabled=True)
    for number, html in enumerate(pages):
        if not policy:  # the texts themselves must not run, policy or not
            html = html.replace(
                "default-src 'none'; style-src", "default-src * data: 'unsafe-inline'; style-src-elem"
            )
        path = tmp_path / f"{number}.html"
        path.write_text(html, encoding="utf-8")
        page = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request, kept=asked: kept.append(request.url))
        page.on("console", lambda message, kept=said: kept.append(message.text))
        page.on("dialog", lambda dialog, kept=said: kept.append(dialog.message))
        page.on("pageerror", lambda error, kept=said: kept.append(str(error)))
        page.goto(path.as_uri())
        assert page.title() != "ran"
        assert page.evaluate("window.ran") is None
        assert (
            page.evaluate("document.querySelectorAll('script,img,iframe,object,embed,form,base').length") == 0
        )
        assert asked == [path.as_uri()]
        assert said == []
        page.close()
    context.close()


def test_a_figure_leads_to_its_question(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "month.html"
    path.write_text(html_of(monthly()[1]), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.click(".summary a.n")
    assert page.evaluate("location.hash") == "#q-total"
    assert "채널 점수판" in page.inner_text("section:target")
    page.click("section:target a")
    assert "FROM headwater.channel_scoreboard" in page.inner_text("section:target pre")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()

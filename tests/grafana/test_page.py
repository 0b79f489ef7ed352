"""Pages: real charts of what was asked, words for what is missing, and any text only text."""

import math
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from grafana.boards import BOARDS
from grafana.page import Answer, Frame, Shown, page, without_gaps
from grafana.panel import Board, Column, Kind, Link, Panel, Row, Step
from grafana.words import ACTIONS, TOO_FEW, Language, Text
from grafana.writing import in_unit, said
from tests.browser import CHROMIUM

SHOWN = Shown("center", "2026-03-01", "2026-03-31", "Asia/Seoul", {}, "2026-04-01 09:00", ("ko", "en"))
NASTY = "\"'><script>document.title='ran'</script></title></svg><img src=x onerror=\"document.title='ran'\">\u202e\u200b"


def panel(kind: Kind, *columns: Column, **more: Any) -> Panel:
    return Panel(
        "one",
        kind,
        Text("제목", "Title"),
        Text("설명", "About"),
        "SELECT 1",
        columns,
        Link("channels", Text("다음", "Next")),
        **more,
    )


def drawn(one: Panel, rows: Sequence[tuple[Any, ...]], language: Language = "en", **more: Any) -> str:
    names = tuple(column.name for column in one.columns)
    board = Board(
        "today", Text("오늘", "Today"), Text("설명", "About"), (Row(Text("줄", "Row"), (one,)),), ()
    )
    return page(
        board, language, {"one": Answer(Frame(names, rows), **more)}, SHOWN, {**BOARDS, "today": board}
    )


def texts(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main>")[1].split("</main>")[0]))


NAME = Column("name", Text("이름", "Name"), "string", ACTIONS)
COUNT = Column(
    "count", Text("수", "Count"), empty=TOO_FEW, bar=True, steps=(Step(0, "green"), Step(5, "red"))
)
SHARE = Column("share", Text("몫", "Share"), "percentunit", empty=TOO_FEW)


def test_a_table_has_words_colours_units_and_names_what_is_missing() -> None:
    html = drawn(
        panel("table", NAME, COUNT, SHARE), [("stop", 7, 1.975), ("keep", 3, None), ("new", None, math.inf)]
    )
    said_there = texts(html)
    for told in ("Stop", "Keep", "new", "7", "197%", "too few", "∞"):
        assert f" {told} " in said_there
    assert re.search(r'<td class="text red"><bdi>Stop', html)
    assert re.search(r'<td class="number red">.*?7</td>', html)
    assert re.search(r'<td class="number green">.*?3</td>', html)
    assert "중단" in texts(drawn(panel("table", NAME), [("stop",)], "ko"))


def test_no_rows_and_only_nulls_are_said_and_never_zero() -> None:
    for rows in ([], [(None, None)]):
        told = texts(drawn(panel("stat", COUNT, SHARE), rows))
        assert "No data" in told
        assert "0" not in told


def test_what_could_not_be_answered_is_said() -> None:
    assert "could not be answered: Code 60" in texts(drawn(panel("table", NAME), [], failed="Code 60"))


def test_columns_of_a_chart_are_as_high_as_their_values() -> None:
    time = Column("time", Text("날", "Day"), "date")
    rows = [
        (datetime(2026, 3, 1, 15, tzinfo=UTC), "a", 10.0),
        (datetime(2026, 3, 3, 15, tzinfo=UTC), "a", 5.0),
    ]
    html = drawn(panel("time", time, NAME, Column("value", Text("수", "Count")), stacked=True), rows)
    heights = [
        float(found) for found in re.findall(r'<rect [^>]*height="([\d.]+)" fill="#2f6fb7"><title>2026', html)
    ]
    assert len(heights) == 2
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert "2026-03-02 · a: 10" in html  # the day of the zone, not of UTC


def test_a_mark_stands_at_its_day_and_one_before_the_chart_is_left_out() -> None:
    time = Column("time", Text("날", "Day"), "date")
    one = panel("time", time, Column("value", Text("수", "Count")))
    rows = [(datetime(2026, 3, day, tzinfo=UTC), 1) for day in (2, 4)]
    board = Board(
        "today", Text("오늘", "Today"), Text("설명", "About"), (Row(Text("줄", "Row"), (one,)),), ()
    )
    marks = [
        (datetime(2026, 3, 3, 1, tzinfo=UTC), f"spring{NASTY}"),
        (datetime(2026, 2, 1, tzinfo=UTC), "winter"),
    ]
    html = page(board, "en", {"one": Answer(Frame(("time", "value"), rows))}, SHOWN._replace(marks=marks), {})
    assert len(re.findall("stroke-dasharray", html)) == 1
    assert "<title>2026-03-03 spring&quot;" in html
    assert "winter" not in html


def test_a_negative_bar_goes_left_of_zero() -> None:
    html = drawn(
        panel("bars", NAME, SHARE, unit="percentunit"), [("up", 1.0), ("down", -0.5), ("endless", math.inf)]
    )
    zero = float(re.search(r'<line x1="([\d.]+)"', html)[1])  # type: ignore[index]
    starts = [float(found) for found in re.findall(r'<rect x="([\d.]+)"[^>]*height="14.0"', html)]
    assert starts[0] == zero > starts[1]
    assert len(starts) == 2


def test_days_without_anything_keep_their_place() -> None:
    assert without_gaps(["2026-03-01", "2026-03-04"]) == [f"2026-03-0{day}" for day in (1, 2, 3, 4)]
    assert without_gaps(["2026-03-02", "2026-03-16"]) == ["2026-03-02", "2026-03-09", "2026-03-16"]
    assert without_gaps(["2025-11-01", "2026-02-01"]) == [
        "2025-11-01",
        "2025-12-01",
        "2026-01-01",
        "2026-02-01",
    ]
    assert without_gaps([]) == []


@pytest.mark.parametrize(
    ("number", "unit", "ko", "en"),
    [
        (285714.28, "currencyKRW", "285,714원", "₩285,714"), (-1200.5, "currencyKRW", "−1,201원", "−₩1,201"),
        (0.29, "percentunit", "29%", "29%"), (1.975, "percentunit", "197%", "197%"), (-0.175, "percentunit", "-17%", "-17%"),
        (2.1, "short", "2.1", "2.1"), (1234.0, "short", "1,234", "1,234"), (-math.inf, "none", "−∞", "−∞"),
        (3725, "s", "1시간 2분", "1 h 2 min"), (0, "s", "0초", "0 s"),
    ],
)  # fmt: skip
def test_numbers_read_as_people_write_them(number: float, unit: Any, ko: str, en: str) -> None:
    assert (in_unit(number, unit, "ko"), in_unit(number, unit, "en")) == (ko, en)


def test_moments_are_told_in_the_zone_of_the_page() -> None:
    seoul = ZoneInfo("Asia/Seoul")
    naive = datetime(2026, 3, 1, 15, 30)  # noqa: DTZ001 - as the embedded engine gives an instant
    assert said(naive, "dateTimeAsIso", {}, "ko", seoul) == "2026-03-02 00:30"
    assert said(naive.replace(tzinfo=UTC), "date", {}, "ko", seoul) == "2026-03-02"
    assert said(date(2026, 3, 1), "date", {}, "ko", seoul) == "2026-03-01"


def everywhere(nasty: str) -> Mapping[str, str]:
    """A page of each kind of panel with a hostile text wherever data can stand."""
    time, value = Column("time", Text("날", "Day"), "date"), Column("value", Text("수", "Count"))
    node = (
        Column("id", Text("a", "a"), "string"),
        Column("title", Text("b", "b"), "string"),
        Column("mainstat", Text("c", "c")),
        Column("detail__step", Text("d", "d")),
    )
    edges = Frame(("id", "source", "target", "mainstat"), [("e", nasty, nasty, 1)])
    return {
        "stat": drawn(panel("stat", NAME), [(nasty,)]),
        "table": drawn(panel("table", NAME, COUNT), [(nasty, 1)]),
        "time": drawn(panel("time", time, NAME, value), [(datetime(2026, 3, 1, tzinfo=UTC), nasty, 1)]),
        "bars": drawn(panel("bars", NAME, value), [(nasty, 1)]),
        "matrix": drawn(
            panel("matrix", NAME, Column("b", Text("b", "b"), "string"), value), [(nasty, nasty, 1)]
        ),
        "nodes": drawn(panel("nodes", *node), [(nasty, nasty, 1, 1)], edges=edges),
        "failed": drawn(panel("table", NAME), [], failed=nasty),
        "shown": page(BOARDS["today"], "ko", {}, SHOWN._replace(site=nasty, chosen={nasty: nasty}), BOARDS),
    }


def test_hostile_text_is_shown_as_text_in_every_kind_of_panel() -> None:
    for kind, html in everywhere(NASTY).items():
        assert "&lt;script&gt;" in html, kind
        assert "⟨U+202E⟩" in html, kind
        assert not {"\u202e", "\u200b"} & set(html), kind
        assert not re.search(r"<(script|img|iframe|object|link|base|form)\b", html), kind
        assert not re.search(r"<[^>]*\s(on\w+|style)=", html), kind
        assert re.findall(r'(?:href|src)="([^"#]+)"', html) == [
            one
            for one in re.findall(r'(?:href|src)="([^"#]+)"', html)
            if re.fullmatch(r"(\.\./(ko|en)/)?[a-z]+\.html", one)
        ], kind


def test_a_page_allows_its_own_style_and_nothing_else() -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', drawn(panel("table", NAME), []))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_nothing_runs_in_a_browser(tmp_path: Path) -> None:
    pages = everywhere(NASTY)
    path = tmp_path / "all.html"
    laxer = "default-src 'none'; script-src 'unsafe-inline';"  # the text itself must not run, policy or not
    path.write_text("".join(pages.values()).replace("default-src 'none';", laxer), encoding="utf-8")
    shown = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert "<title>ran" not in shown
    assert shown.count("&lt;script&gt;") >= len(pages)

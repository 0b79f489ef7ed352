"""Every panel's SQL on the real engine, macros and variables expanded as Grafana does, and the pages drawn of it."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from grafana.boards import BOARDS
from grafana.macros import Chosen, expand
from grafana.page import Answer
from grafana.panel import Board, Panel
from infra.demo.centre import SINCE, SITE, UNTIL
from infra.previews import PreviewRefused, Wanted, answer, choose, span_of, write_previews
from tests import given
from tests.path.published_rows import archive, publish

ZONE = "Asia/Seoul"
SPAN = span_of(SINCE, UNTIL, ZONE)
GIVEN = {"run": "live", "zone": ZONE, "language": "en"}
PANELS = [(board, panel) for board in BOARDS.values() for panel in board.panels()]
OF_THE_INSTALLATION = {
    "collector",
    "lag",
    "runs",
    "agents",
    "topics",
    "last_clean_audit",
    "audits",
    "dead_letters",
    "dead_letter_trend",
}
MAY_BE_EMPTY = {"latest_inquiries", "collector", "lag"}
"""Nobody inquires in the demo's last two days; readings of so long ago are not kept."""
NASTY = [
    "\"><script>document.title='ran'</script>",
    "'; DROP TABLE x; --",
    '=HYPERLINK("http://evil.example")',
    "\u202eevil\u202c\u200b",
    "</svg><img src=x onerror=alert(1)>",
    "\\' OR 1=1 --",
    "${site:singlequote} $__fromTime",
]


usual: dict[tuple[str, str], dict[str, Chosen]] = {}
"""What is chosen on a board of a site, unless a test chooses otherwise."""


def asked(client: Client, board: Board, panel: Panel, **choices: Any) -> Answer:
    """A panel's answer under choices; a tuple is several values."""
    several = {name: Chosen(value) for name, value in choices.items() if isinstance(value, tuple)}
    single = {name: Chosen((value,)) for name, value in choices.items() if not isinstance(value, tuple)}
    site = choices.get("site", SITE)
    if (board.slug, site) not in usual:
        usual[board.slug, site] = choose(client, board, SPAN, {"site": site, **GIVEN})
    given_answer = answer(client, panel, SPAN, usual[board.slug, site] | single | several)
    assert given_answer.failed == ""
    return given_answer


def of(client: Client, slug: str, **choices: Any) -> list[dict[str, Any]]:
    """The rows of a panel by its slug."""
    ((board, panel),) = [(board, panel) for board, panel in PANELS if panel.slug == slug]
    frame = asked(client, board, panel, **choices).frame
    return [dict(zip(frame.names, row, strict=True)) for row in frame.rows]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda one: one.slug)
def test_every_panel_answers_on_the_demo_and_has_its_columns(
    demo: Client, board: Board, panel: Panel
) -> None:
    more = {"run": "wide"} if panel.slug == "model_weights" else {}
    branches = ("gangseo", "songpa") if panel.slug not in ("agents", "model_weights") else ()
    found = asked(demo, board, panel, branch=branches, model="position", **more)
    assert found.frame.names == tuple(column.name for column in panel.columns)
    for place, column in enumerate(panel.columns):
        values = [row[place] for row in found.frame.rows]
        told = [value for value in values if value is not None]
        if column.unit == "string":
            assert all(isinstance(value, str) for value in told), column.name
        elif column.unit not in ("dateTimeAsIso", "date"):
            assert all(isinstance(value, (int, float)) and not math.isnan(value) for value in told), (
                column.name
            )
    assert found.frame.rows or panel.slug in MAY_BE_EMPTY


@pytest.mark.parametrize(
    ("board", "panel"),
    [pytest.param(*one, marks=pytest.mark.deep if place % 3 else ()) for place, one in enumerate(PANELS)],
    ids=lambda one: one.slug,
)
def test_an_unknown_site_gives_no_error_and_no_zero(demo: Client, board: Board, panel: Panel) -> None:
    found = asked(demo, board, panel, site="nobody's")
    if panel.slug not in OF_THE_INSTALLATION:
        assert [value for row in found.frame.rows for value in row if value is not None] == []


def test_all_panels_tell_the_same_story(demo: Client) -> None:
    (totals,) = of(demo, "totals")
    registered = totals["registrations"]
    assert registered == sum(row["registrations"] for row in of(demo, "scoreboard")) > 100
    assert registered == pytest.approx(sum(row["position"] for row in of(demo, "models")))
    assert registered == sum(row["leads"] for row in of(demo, "told_tracked"))
    assert registered == sum(row["leads"] for row in of(demo, "path_lengths"))
    assert registered == sum(row["as_last"] for row in of(demo, "assisted"))
    assert registered == max(row["mainstat"] for row in of(demo, "path_graph"))
    assert totals["inquiries"] == pytest.approx(sum(row["value"] for row in of(demo, "inquiry_trend")))
    assert totals["revenue"] == sum(row["linear"] for row in of(demo, "revenue_by_model"))
    (kpis,) = of(demo, "kpis")
    assert kpis["total"] == sum(row["total"] for row in of(demo, "call_sources"))
    assert kpis["total"] == sum(row["calls"] for row in of(demo, "by_hour"))
    assert kpis["total"] == sum(row["reached_calls"] + row["lost_calls"] for row in of(demo, "call_volume"))
    for model in ("first", "last", "linear", "time_decay", "position"):
        assert sum(row[f"share_{model}"] for row in of(demo, "explanation")) == pytest.approx(1)


def test_several_branches_are_those_together_and_all_is_more_than_the_sum(demo: Client) -> None:
    def inquiries(**choices: Any) -> float:
        return float(of(demo, "totals", **choices)[0]["inquiries"])

    single = [inquiries(branch=(branch,)) for branch in ("gangseo", "mapo")]
    assert inquiries(branch=("gangseo", "mapo")) == sum(single) > max(single)
    assert inquiries() > inquiries(branch=("gangseo", "mapo"))


def test_a_chosen_lead_is_explained(demo: Client) -> None:
    somebody = of(demo, "customers")[0]["lead_key"]
    assert of(demo, "chosen", lead=somebody)[0]["lead"] == somebody
    assert of(demo, "explanation", lead=NASTY[1]) == []


def test_before_is_empty_where_the_record_does_not_reach(demo: Client) -> None:
    rows = of(demo, "before_after")
    assert {row["inquiries_before"] for row in rows} == {None}
    assert sum(row["inquiries_now"] for row in rows) > 300


def test_a_site_of_visits_alone_has_zeros_only_where_they_are_true(engine: Client) -> None:
    site = "visits-only"
    history = [
        given.visit("v1", at="2025-12-30 09:00", site=site),
        given.visit("v2", at="2025-12-31 09:00", site=site),
    ]
    publish(engine, "live", [given.site(site=site)], history)
    archive(engine, history)
    (totals,) = of(engine, "totals", site=site)
    assert (totals["inquiries"], totals["cac"], totals["paid_roi"]) == (0, None, None)
    assert [row["what"] for row in of(engine, "changes", site=site)] == ["visits"]
    assert of(engine, "unattributed", site=site)[0]["share"] is None
    for slug in ("kpis", "calls_to_return", "missed_as_money", "new_inquiries", "cohorts", "models", "paths"):
        assert of(engine, slug, site=site) == [], slug


@pytest.fixture(scope="module")
def nasty(engine: Client) -> str:
    """A site whose every name wants to be more than a name."""
    site = "nasty"
    catalog = [given.site(site=site, name=NASTY[0])]
    history = []
    for number, name in enumerate(NASTY):
        slug = f"c{number}"
        catalog.append(given.channel(slug, site=site, name={"ko": name, "en": name}))
        catalog.append(
            given.campaign(
                f"k{number}", site=site, name=name, channel=slug, starts_on="2025-12-01", ends_on="2025-12-31"
            )
        )
        for turn in range(2):
            at, lead = f"2025-12-{10 + turn:02} 1{number}:00", f"{name}{turn}"
            history.append(given.told(slug, at, lead_id=lead, site=site))
            history.append(given.status("inquiry", lead, at, site=site, service=name))
            history.append(
                given.status("registration", lead, f"2025-12-31 1{number}:00", site=site, service=name)
            )
    publish(engine, "live", catalog, history)
    archive(engine, history)
    return site


@pytest.mark.parametrize(
    "slow", [pytest.param(False, id="most"), pytest.param(True, id="the slow ones", marks=pytest.mark.deep)]
)
def test_hostile_names_stay_names_on_every_page(
    engine: Client, nasty: str, tmp_path: Path, slow: bool
) -> None:
    wanted = Wanted(nasty, date(2025, 12, 1), date(2025, 12, 31), ("ko",), ZONE)
    boards = {slug: one for slug, one in BOARDS.items() if (slug in ("goals", "growth", "journeys")) is slow}
    written = write_previews(engine, tmp_path, wanted, datetime(2026, 1, 1, tzinfo=UTC), boards)
    assert written.failed == {}
    text = "".join(path.read_text("utf-8") for path in written.pages)
    assert "&lt;script&gt;document.title=&#x27;ran&#x27;&lt;/script&gt;" in text
    assert "⟨U+202E⟩evil⟨U+202C⟩⟨U+200B⟩" in text
    assert not set(re.findall(r"<(\w+)", text)) & {
        "script",
        "img",
        "iframe",
        "object",
        "link",
        "base",
        "form",
    }
    assert not re.search(r"<[^>]*\son\w+=", text)
    assert not {"\u202e", "\u202c", "\u200b"} & set(text)
    assert not re.search(r"""(?:href|src|url)\s*[=(]\s*["']?\s*(?:https?:|//|javascript:)""", text)


def test_previews_refuse_what_they_cannot_know(demo: Client, nasty: str, tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for wanted, told in (
        (Wanted(), "--site one of"),
        (Wanted("nobody's"), "has no figures"),
        (Wanted(SITE, UNTIL, SINCE), "after its end"),
    ):
        with pytest.raises(PreviewRefused, match=told):
            write_previews(demo, tmp_path, wanted, now)
    assert not list(tmp_path.iterdir())


def test_the_marks_and_variables_answer(demo: Client) -> None:
    for board in BOARDS.values():
        chosen = choose(demo, board, SPAN, {"site": SITE, **GIVEN})
        queries = [mark.sql for mark in board.marks] + [one.sql for one in board.variables if one.sql]
        for sql in queries:
            assert demo.query(expand(sql, SPAN, chosen)).result_rows, sql


def test_the_pipeline_shows_what_the_observer_read(demo: Client) -> None:
    now = datetime.now(UTC)
    readings = [("topic", "lag_events_total", "", 7), ("topic", "lag_events", "3", 7), ("collector", "answers", "", 1),
                ("collector", "spool_records", "", 12)]  # fmt: skip
    lines = [
        orjson.dumps(
            {"at": f"{now:%F %T}", "part": part, "name": name, "label": label, "value": value, "version": 1}
        )
        for part, name, label, value in readings
    ]
    demo.raw_insert("headwater.pipeline_rows", insert_block=b"\n".join(lines), fmt="JSONEachRow")
    span = span_of(now.date(), now.date() + timedelta(days=1), ZONE)
    shown = {}
    for board, panel in PANELS:
        if panel.slug in ("collector", "lag", "topics"):
            chosen = choose(demo, board, span, {"site": SITE, **GIVEN})
            shown[panel.slug] = answer(demo, panel, span, chosen).frame.rows
    assert [row[:2] for row in shown["collector"]] == [("up", 12)]
    assert [row[1] for row in shown["lag"]] == [7]
    assert [row[2] for row in shown["topics"] if row[0] == "3"] == [7]

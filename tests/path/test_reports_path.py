"""Reports on the real engine: the field document's figures, revisions as events come, hostile names, and empty sites."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from grafana.reports import KINDS, besides
from grafana.reports.composing import Edition, document
from grafana.reports.page import page
from grafana.reports.report import Figures
from grafana.reports.telling import Telling
from grafana.words import LANGUAGES, Language
from infra.demo.centre import SITE as DEMO
from infra.reports.asking import NothingRecorded, ask, campaigns_of, sites_of
from infra.reports.keeping import digest
from infra.reports.periods import Asked, campaign_of, month_of, quarter_of, two_periods, year_of
from infra.reports.writing import write_report
from tests import given
from tests.path import field_example
from tests.path.published_rows import archive, publish
from tests.reports.hostile import PAYLOADS

TODAY = date(2026, 1, 10)
NOW = datetime(2026, 1, 10, 1, tzinfo=UTC)
SITE = field_example.SITE
YEAR_BEFORE = (date(2025, 1, 1), date(2025, 3, 31)), (date(2025, 4, 1), date(2025, 6, 30))


def measured(metric: str, value: float, since: str, until: str, at: str, site: str, **more: Any) -> Any:
    return given.happened(
        "measure_recorded",
        at,
        f"{site}/{metric}",
        site=site,
        metric=metric,
        value=value,
        period_start=since,
        period_end=until,
        **more,
    )


@pytest.fixture(scope="module")
def field(engine: Client) -> Client:
    """The field document's ten months, with a campaign and measures."""
    catalog = [
        *field_example.catalog(),
        given.campaign(
            "spring", site=SITE, name="봄 상담", channel="naver_place", budget=500_000, starts_on="2025-04-01",
            ends_on="2025-04-30", goal_metric="inquiry", goal_count=5, utm_campaign=["spring"],
        ),
    ]  # fmt: skip
    events = field_example.events()
    first = measured("satisfaction", 4.1, "2025-01-01", "2025-01-31", "2025-02-01 09:00", SITE)
    events += [
        first,
        measured("satisfaction", 4.2, "2025-01-01", "2025-01-31", "2025-02-02 09:00", SITE),  # newer: counts
        measured("satisfaction", 4.6, "2025-04-01", "2025-04-30", "2025-05-02 09:00", SITE),
        wrong := measured("satisfaction", 1.0, "2025-05-01", "2025-05-31", "2025-06-02 09:00", SITE),
        given.happened("event_withdrawn", "2025-06-03 09:00", "wrong", site=SITE, withdraws=wrong["event_id"]),
        *(
            given.happened(
                "search_volume_measured", "2025-07-01 09:00", brand, site=SITE, keyword=brand, brand=brand, own=own, volume=volume,
                month="2025-04",
            )
            for brand, own, volume in (("우리", True, 1600), ("남", False, 14_800), ("또 남", False, 6_400))
        ),
    ]  # fmt: skip
    publish(engine, "live", catalog, events)
    archive(engine, events)
    return engine


def asked_of(site: str) -> list[Asked]:
    return [
        month_of(site, "2025-04", TODAY),
        quarter_of(site, "2025-Q2", TODAY),
        year_of(site, "2025", TODAY),
        two_periods(site, *YEAR_BEFORE),
    ]


def html_of(figures: Figures, language: Language = "ko") -> str:
    """A report as a page, without what is kept."""
    return page(document(KINDS[figures.kind], figures, language, Edition(1, "now")))


def test_every_kind_answers_from_events_and_the_same_twice(field: Client) -> None:
    campaigns = [campaign_of(SITE, row, TODAY) for row in campaigns_of(field, SITE)]
    wanted = [*asked_of(SITE), *campaigns]
    assert {one.kind for one in wanted} == set(KINDS)
    for one in wanted:
        figures = ask(field, one, 0.7)
        for language in LANGUAGES:
            text = html_of(figures, language)
            assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r' id="([^"]+)"', text))
        if one.kind in ("campaign", "before-after"):
            assert digest(figures) == digest(ask(field, one, 0.7))


def test_a_month_of_the_field_document(field: Client) -> None:
    figures = ask(field, month_of(SITE, "2025-04", TODAY), 0.7)
    total = figures.worked["total"]
    rows = {row["channel"]: row for row in figures.answers["board"]}
    assert total["spend"] == sum(channel.spend for channel in field_example.TABLE)
    assert total["registrations"] == sum(row["registrations"] for row in rows.values())
    assert total["inquiries"] == sum(row["inquiries"] for row in figures.answers["weeks"])
    assert figures.worked["change"] is not None
    assert figures.worked["change_year"] is None
    assert figures.answers["calls"] == []


def test_the_ten_months_move_the_money_as_on_the_page(field: Client) -> None:
    asked = quarter_of(SITE, "2025-Q2", TODAY)
    since, until = (day.isoformat() for day in field_example.PERIOD)
    figures = ask(field, asked._replace(parameters={**asked.parameters, "since": since, "until": until}), 0.7)
    moved = figures.worked["reallocation"]
    found = moved["registrations"], moved["expected"], moved["expected_at_constant_cac"]
    assert [round(count, 1) for count in found] == [10.8, 12.2, 13.1]
    assert figures.worked["wasted"] == 3_600_000
    assert {row["channel"]: row["action"] for row in figures.answers["board"]}["flyer"] == "stop"
    # searches and leads alone: nothing is asked of messages, experiments, goals and tools
    beside = {question.slug for question in besides.QUESTIONS} & set(figures.answers)
    assert beside == {"there_is", "owned_media", "aarrr", "losses"}


def test_open_slots_of_zero_hold_the_increase(field: Client) -> None:
    site, history = "full-house", []
    for event in field_example.events():
        history.append({**event, "site": site})
    history.append(measured("open_slots", 4, "2025-04-01", "2025-04-30", "2025-04-30 09:00", site))
    publish(field, "live", [{**field_example.catalog()[0], "site": site, "id": site}], history)
    archive(field, history)
    asked = quarter_of(site, "2025-Q2", TODAY)
    assert ask(field, asked, 0.7).answers["open_slots"] == [{"open_slots": 4.0}]
    archive(field, [measured("open_slots", 0, "2025-04-01", "2025-04-30", "2025-05-30 09:00", site)])
    assert ask(field, asked, 0.7).worked["reallocation"]["full"]


def test_measures_are_the_newest_and_not_those_withdrawn(field: Client) -> None:
    figures = ask(field, two_periods(SITE, *YEAR_BEFORE), 0.7)
    assert [(row["period"], row["value"]) for row in figures.answers["measures"]] == [
        ("after", 4.6),
        ("before", 4.2),
    ]
    found = {row["slug"]: row for row in figures.worked["indexes"]}
    assert round(found["share_of_search"]["after"], 3) == 0.070
    assert found["satisfaction"]["change"] == pytest.approx(0.4)


def test_a_campaign_is_written_again_when_a_payment_comes_later(field: Client, tmp_path: Path) -> None:
    site = "revised"
    catalog = [
        given.site(site=site),
        given.campaign("fair", site=site, name="박람회", budget=100_000, starts_on="2025-04-01", ends_on="2025-04-30",
                       goal_metric="registration", goal_count=1, utm_campaign=["fair"]),
    ]  # fmt: skip
    history = [
        given.visit(
            "v1", at="2025-04-02 10:00", site=site, utm_source="x", utm_medium="cpc", utm_campaign="fair"
        ),
        given.status("inquiry", "l1", "2025-04-03 10:00", site=site, visitor_id="v1"),
        given.status("registration", "l1", "2025-04-05 10:00", site=site),
        given.paid(300_000, "l1", "2025-04-06 10:00", site=site),
    ]
    publish(field, "live", catalog, history)
    (row,) = campaigns_of(field, site)
    first = write_report(field, tmp_path, campaign_of(site, row, TODAY), NOW, 0.7)
    assert "목표(등록" in (first.path / "ko.html").read_text("utf-8")
    publish_again = [*history, given.paid(200_000, "l1", "2025-05-06 10:00", site=site)]
    _, events = catalog, publish_again
    publish(field, "live", catalog, events)
    second = write_report(field, tmp_path, campaign_of(site, row, TODAY), NOW, 0.7)
    assert (first.revision, second.revision, second.new) == (1, 2, True)
    text = (second.path / "ko.html").read_text("utf-8")
    assert "지난 판에서 바뀐 것" in text
    assert "300,000원" in text and "500,000원" in text and "+200,000원" in text
    assert first.path.exists()


def test_a_site_nobody_knows_and_a_month_without_record_are_no_report(field: Client, tmp_path: Path) -> None:
    for one in [month_of("nobody's", "2025-04", TODAY), month_of(SITE, "2024-01", TODAY)]:
        with pytest.raises(NothingRecorded):
            write_report(field, tmp_path, one, NOW, 0.7)
    assert list(tmp_path.iterdir()) == []
    assert "nobody's" not in sites_of(field)


def test_a_site_of_visits_alone_says_what_is_missing(field: Client) -> None:
    site = "only-visits"
    publish(field, "live", [given.site(site=site)], [given.visit("v1", at="2025-04-02 09:00", site=site)])
    for one in asked_of(site)[::2]:
        body = html_of(ask(field, one, 0.7), "en").split('<section class="source"')[0]
        assert "No spend was entered" in body
        assert "no payments" in body
        assert "₩0" not in body
        assert "0%" not in re.sub(r"<style>.*?</style>|width=\S+", "", body, flags=re.DOTALL).replace(
            "100%", ""
        )


def test_hostile_names_from_the_log_to_the_page(field: Client, tmp_path: Path) -> None:
    site, some = "nasty-report", [text for text in PAYLOADS[::12] if "\x00" not in text]
    catalog, history = [given.site(site=site, name=some[0])], []
    for number, name in enumerate(some):
        slug, lead, at = f"c{number}", name[:60], f"2025-04-1{number % 10} 10:00"
        catalog.append(given.channel(slug, site=site, name={"ko": name, "en": name}))
        catalog.append(
            given.campaign(
                name, site=site, name=name, channel=slug, starts_on="2025-04-01", ends_on="2025-04-30"
            )
        )
        history += [
            given.told(slug, at, lead_id=lead, site=site),
            given.status("inquiry", lead, at, site=site),
        ]
    publish(field, "live", catalog, history)
    rows = campaigns_of(field, site)
    assert {row["campaign"] for row in rows} == set(some)
    written = write_report(field, tmp_path, campaign_of(site, rows[-1], TODAY), NOW, 0.7)
    assert tmp_path in written.path.resolve().parents
    for one in [month_of(site, "2025-04", TODAY), *(campaign_of(site, row, TODAY) for row in rows[:3])]:
        text = html_of(ask(field, one, 0.7)).split("</style>")[1]
        assert not re.search(r"<(script|img|iframe|object|link|base|form|input|details|style)\b", text)
        assert not {"\u202e", "\u202c", "\u2066", "\u200b"} & set(text)


@pytest.mark.deep
def test_the_demos_quarter_tells_of_everything_besides_its_channels(demo: Client) -> None:
    figures = ask(demo, quarter_of(DEMO, "2025-Q4", TODAY), 0.7)
    assert {
        question.slug for question in besides.QUESTIONS if not figures.answers.get(question.slug)
    } == set()
    titles = [section.title for section in besides.besides(Telling(figures, "en"))]
    assert titles == [
        "Owned media", "How far did those go who came first?", "Messages to customers", "What was tried", "Goals and tools",
    ]  # fmt: skip
    came, *by_channel = figures.answers["aarrr"]
    for name in ("people", "payers", "referrers"):
        assert sum(row[name] for row in by_channel) == came[name]
    (whole,) = demo.query(
        "SELECT people, viral_k, arpu, round(ltv_observed), ltv_assumed"
        f" FROM headwater.aarrr(sites = ['{DEMO}'], branches = [], since = '2025-10-01', until = '2025-12-31', run = 'live', by = 'site')"
    ).result_rows
    assert tuple(
        came[name] for name in ("people", "viral_k", "arpu", "ltv_observed", "ltv_assumed")
    ) == pytest.approx(whole)

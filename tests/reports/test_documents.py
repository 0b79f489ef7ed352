"""Every kind of report in both languages: words, sources of figures, what is missing said, hostile text only text."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from clickhouse.surface import public_views
from grafana.reports import KINDS
from grafana.reports.composing import Edition, document
from grafana.reports.page import page
from grafana.reports.report import Document, Figures, Number
from grafana.words import LANGUAGES, Language
from infra.reports.paper import printed
from tests.reports.given_figures import (
    EVERY,
    FIELD,
    campaign,
    channel,
    monthly,
    of_campaign,
    quarterly,
    two,
    yearly,
)
from tests.reports.hostile import PAYLOADS

pytestmark = pytest.mark.slow

NOW = datetime(2026, 4, 20, 3, tzinfo=UTC)
EDITION = Edition(1, "2026-04-20 12:00")
Made = Callable[..., tuple[Any, Figures]]


def composed(figures: Figures, language: Language = "ko", edition: Edition = EDITION) -> Document:
    return document(KINDS[figures.kind], figures, language, edition)


def html_of(figures: Figures, language: Language = "ko") -> str:
    return page(composed(figures, language))


def words_of(html: str) -> str:
    body = html.split("<main>")[1].split('<section class="source"')[0]
    return re.sub(
        r"\s+",
        " ",
        re.sub(r"<[^>]+>", "", body.replace("</td>", " ").replace("</p>", " ").replace("</b>", " ")),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_leads_to_its_source(kind: str, language: Language) -> None:
    _, figures = EVERY[kind]()
    found = composed(figures, language)
    html = page(found)
    ids = set(re.findall(r' id="([^"]+)"', html))
    links = re.findall(r'href="#([^"]+)"', html)
    assert set(links) <= ids
    assert sum(link.startswith("q-") for link in links) > 20
    told = {source.slug for source in found.sources}
    pieces = [piece for sentence in found.summary for piece in sentence.pieces]
    assert {piece.source for piece in pieces if isinstance(piece, Number)} <= told
    assert 'href="#q-' in html.split('<div class="summary">')[1].split("</div>")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_appendix_has_the_sql_that_was_asked_with_its_values(kind: str) -> None:
    asked, figures = EVERY[kind]()
    for source in composed(figures).sources:
        if source.sql:
            assert dict(source.parameters) == {
                name: str(asked.parameters[name]) for name in dict(source.parameters)
            }
            assert {name for name, _ in re.findall(r"\{(\w+):(\w+)\}", source.sql)} == set(
                dict(source.parameters)
            )
        else:
            assert source.how
            assert set(source.of) <= {one.slug for one in KINDS[kind].questions}


@pytest.mark.parametrize("kind", KINDS)
def test_questions_ask_public_views_with_parameters_alone(kind: str) -> None:
    for question in KINDS[kind].questions:
        assert set(re.findall(r"headwater\.(\w+)", question.sql)) <= set(public_views())
        assert not re.search(r"\$|%\(|%s|;|SETTINGS|system\.", question.sql)
        assert "{site:String}" in question.sql


@pytest.mark.parametrize("kind", KINDS)
def test_korean_is_korean_and_english_english(kind: str) -> None:
    _, figures = of_campaign(campaign(name="spring")) if kind == "campaign" else EVERY[kind]()
    assert isinstance(figures, Figures)
    figures = replace(
        figures,
        answers={
            **figures.answers,
            "names": [],
            "site": [{"name": "Center", "time_zone": "UTC", "currency": "KRW", "paid": 1}],
        },
    )
    ko, en = (html_of(figures, language) for language in LANGUAGES)
    assert not re.search("[가-힣]", words_of(en))
    assert len(re.findall("[가-힣]", words_of(ko))) > 300
    assert 'lang="ko"' in ko and 'lang="en"' in en


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_one_file_that_fetches_and_runs_nothing(kind: str) -> None:
    html = html_of(EVERY[kind]()[1])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert not re.search(r"<(script|img|iframe|object|embed|link|base|form|style [^>])", html)
    assert not re.search(r"<[^>]*\s(on\w+|style)=", html)
    assert not re.findall(
        r"""(?:href|src|url|action)\s*[=(]\s*["']?(?!#)[^\s"'>#]""", html.split("</style>")[1]
    )


def test_the_proposal_is_that_of_the_field_document() -> None:
    told = words_of(html_of(quarterly()[1], "en"))
    # 9,000,000 won and 36 registrations a month of the same table in three months
    assert "with ₩3,000,000 moved, expect 40.7 registrations a month" in told
    assert "in place of 36" in told
    assert "All 5 models agree" in told
    assert "Moved, elasticity 0.7 40.7" in told
    assert "At this pace ₩12,000,000 a year go to channels to stop" in told


def test_a_full_house_holds_the_increase_and_disagreement_is_said() -> None:
    full = words_of(html_of(quarterly(open_slots=[{"open_slots": 0.0}])[1], "en"))
    assert "There are 0 open slots: hold the increase" in full
    assert "What to expect?" not in full
    split = [{**row, "action_agreement": 3} for row in FIELD]
    assert "at least 3 of 5 models agree" in words_of(html_of(quarterly(board=split)[1], "en"))
    capped = [
        {"channel": name, "names": "{}", "free": 0, "hours_limit": 9.0, "hours_limit_cost": 1}
        for name in ("mom_cafe", "naver_place")
    ]
    assert "at the limit of their hours" in words_of(html_of(quarterly(names=capped)[1], "en"))


def test_what_is_missing_is_said_and_is_no_zero() -> None:
    bare = [channel("naver_blog", revenue=0, roi=None, action="no_spend", inquiries=4.0, registrations=0.0)]
    nothing: dict[str, Any] = {
        "recorded": [{"recorded": 1, "before_recorded": 0, "year_recorded": 0}],
        "site": [{"name": "Center", "time_zone": "Asia/Seoul", "currency": "KRW", "paid": 0}],
    }
    told = words_of(html_of(monthly(board=bare, **nothing)[1], "en"))
    assert "No spend was entered" in told
    assert "Please enter the spend of: Naver Blog" in told
    assert "month before: no record" in told
    assert "does not reach back" in told
    assert "no payments" in told
    assert "₩0" not in told
    no_payments = [
        channel("naver_blog", spend=100, revenue=0, roi=None, action="no_payments", registrations=4.0)
    ]
    assert "Without payments there is no revenue" in words_of(html_of(monthly(board=no_payments)[1], "en"))


def test_too_few_is_said_with_counts_and_an_interval() -> None:
    few = [
        channel(
            "flyer", spend=300_000, inquiries=9.0, registrations=2.0, action="too_little_data", cac=150_000.0
        )
    ]
    told = words_of(html_of(monthly(board=few)[1], "en"))
    assert "flyer: 2 of 9 registered. The 95% interval of the rate is 6% to 54%" in told
    assert "too few" in told
    assert "Too few to judge yet: flyer" in told


def test_a_month_stops_nothing_alone() -> None:
    assert "Yet this is one month" in words_of(html_of(monthly()[1], "en"))
    assert "Yet this is one month" not in words_of(html_of(quarterly()[1], "en"))


def test_a_campaign_says_whether_its_goal_was_reached() -> None:
    assert "was not reached: 6" in words_of(html_of(of_campaign()[1], "en"))
    assert "was reached: 6" in words_of(html_of(of_campaign(campaign(goal_count=6.0))[1], "en"))
    assert "No goal was set" in words_of(
        html_of(of_campaign(campaign(goal_metric="", goal_count=None))[1], "en")
    )
    own = campaign(goal_metric="satisfaction", goal_count=4.5)
    assert "has no recorded value yet" in words_of(html_of(of_campaign(own)[1], "en"))
    reached = of_campaign(
        own, measured=[{"metric": "satisfaction", "value": 4.6, "period_start": "", "period_end": ""}]
    )
    assert "was reached: 4.6" in words_of(html_of(reached[1], "en"))
    assert "No spend names this campaign" in words_of(html_of(of_campaign(spent=[])[1], "en"))
    assert "of a budget of ₩800,000, ₩750,000 were spent (93%)" in words_of(
        html_of(of_campaign()[1], "en")
    ).replace("Of", "of")
    assert "Not one visit" in words_of(html_of(of_campaign(weeks=[])[1], "en"))


def test_a_year_says_what_its_plan_is() -> None:
    assert "There is no plan to compare with" in words_of(html_of(yearly()[1], "en"))
    plan = [{**campaign(), "starts_on": "2025-02-01", "ends_on": "2025-02-28", "spent": 700_000}]
    told = words_of(html_of(yearly(plan=plan, undated=[{"campaigns": 2}])[1], "en"))
    assert "The plan is what the catalog has: campaigns 1, budget ₩800,000. Spent on them: ₩700,000." in told
    assert "belong to no year and are left out: 2" in told
    assert "Q1 ₩800,000" in told


def test_before_and_after_warns_of_the_season() -> None:
    told = words_of(html_of(two()[1], "en"))
    assert "Registrations a month: 5 → 12" in told
    assert "₩360,000 → ₩150,000 (−58%)" in told
    assert "the season is not removed" in told
    both = [{"recorded": 1, "before_recorded": 1, "year_recorded": 1, "year_before_recorded": 1}]
    assert "the season is not removed" not in words_of(html_of(two(recorded=both)[1], "en"))
    none = [{"recorded": 1, "before_recorded": 0, "year_recorded": 0, "year_before_recorded": 0}]
    assert "what is counted is not compared" in words_of(html_of(two(recorded=none)[1], "en"))


# Revisions


def test_a_later_revision_says_what_changed() -> None:
    _, before = monthly()
    later = [
        {**row, "registrations": row["registrations"] + (row["channel"] == "naver_place")} for row in FIELD
    ]
    later[2] = {**later[2], "action": "keep", "roi": 1.1}
    _, after = monthly(board=later)
    edition = Edition(2, "2026-04-21 12:00", before, "2026-04-20 12:00")
    told = words_of(page(composed(after, "en", edition)))
    assert "Data that came in later changed figures after revision 1 (2026-04-20 12:00)" in told
    assert "Registrations 108 109 +1" in told
    assert "Maps · Registered" not in told
    assert "naver_place · Registered 34 35 +1" in told
    assert "flyer · Action Stop · 5 of 5 Keep · 5 of 5" in told
    assert "지난 판에서 바뀐 것" in words_of(page(composed(after, "ko", edition)))


def test_a_revision_of_small_print_names_the_question() -> None:
    _, before = monthly()
    _, after = monthly(
        calls=[{"calls": 5, "answered": 5, "abandoned": 0, "not_reached": 0, "average_talk": 60.0}]
    )
    told = words_of(page(composed(after, "en", Edition(2, "b", before, "a"))))
    assert "The main figures are the same; what changed is in: Calls." in told


# Hostile text


def hostile(make: Made, text: str) -> Figures:
    """A report with one text wherever data can stand."""
    names = '{"ko": ' + _json(text) + ', "en": ' + _json(text) + "}"
    site = [{"name": text, "time_zone": "Asia/Seoul", "currency": "KRW", "paid": 1}]
    named = [
        {"channel": "naver_blog", "names": names, "free": 0, "hours_limit": None, "hours_limit_cost": None}
    ]
    row = campaign(text, name=text, channel=text, goal_metric=text[:60] or "x")
    told = {**row, "starts_on": "2026-03-01", "ends_on": "2026-03-31", "spent": 5}
    board = [*FIELD, channel(text, action="too_little_data", spend=5), channel(text + "2", action="no_spend")]
    models = [{"channel": text, "model": "last", "inquiries": 1.0, "registrations": 1.0, "revenue": 1}]
    branches = [
        {"branch": name, "contacts": 1, "inquiries": 1.0, "registrations": 1.0} for name in (text, "")
    ]
    measures = [{"period": "after", "metric": text, "branch": text, "channel": text, "value": 1.0}]
    answers: dict[str, Any] = {
        "site": site, "names": named, "board": board, "board_before": board, "models": models, "campaigns": [told], "plan": [told],
        "branches": branches, "measures": measures,
    }  # fmt: skip
    if make is of_campaign:
        answers = {
            name: rows for name, rows in answers.items() if name not in ("plan", "campaigns", "measures")
        }
        return of_campaign(row, **answers)[1]
    return make(**answers)[1]


def _json(text: str) -> str:
    import json

    return json.dumps(text)


@pytest.mark.parametrize(("kind", "every"), [(kind, 1 if kind == "monthly" else 9) for kind in KINDS])
def test_hostile_text_is_shown_as_text(kind: str, every: int) -> None:
    for text in PAYLOADS[::every]:
        html = html_of(hostile(EVERY[kind], text))
        rest = html.split("</style>")[1]
        tags = set(re.findall(r"<([a-zA-Z][\w-]*)", rest))
        assert tags <= {
            "a", "article", "b", "bdi", "body", "circle", "code", "dd", "div", "dl", "dt", "footer", "g", "h1", "h2", "h3", "li",
            "line", "main", "nav", "p", "path", "pre", "rect", "section", "span", "svg", "table", "tbody", "td", "text", "th", "thead",
            "title", "tr", "ul",
        }, text  # fmt: skip
        assert not re.search(
            r"<[a-z][^>]*\s(on\w+|style|src|formaction)\s*=", re.sub(r'"[^"]*"', '""', rest)
        ), text
        assert not {"\u202e", "\u202d", "\u2066", "\u200b", "\u200f", "\x00"} & set(html), text


@pytest.mark.parametrize("kind", ["campaign", "quarterly"])
def test_a_paper_holds_no_action_and_its_figures_lead_to_the_appendix(kind: str) -> None:
    paper = printed(composed(hostile(EVERY[kind], "".join(PAYLOADS[:12])), "ko"), NOW)
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", paper, flags=re.DOTALL)
    for action in (
        rb"/JavaScript",
        rb"/JS\b",
        rb"/Launch",
        rb"/URI",
        rb"/SubmitForm",
        rb"/EmbeddedFile",
        rb"/AA\b",
        rb"/OpenAction (?!\[)",
    ):
        assert not re.search(action, outside), action
    assert outside.count(b"/Subtype /Link") > 40
    assert b"/Dest" in outside


def test_the_same_report_is_the_same_paper_to_the_byte() -> None:
    _, figures = monthly(models=[])
    assert printed(composed(figures), NOW) == printed(composed(figures), NOW)


def test_a_tool_is_told_with_its_cost_and_verdict_even_where_counts_cannot_be_compared() -> None:
    tool: dict[str, Any] = {
        "tool": "bot", "name_ko": "챗봇", "name_en": "Chatbot", "adopted_on": "2026-02-01", "judged_from": "2026-03-01",
        "judged_to": "2026-03-31", "licence": 1_000_000, "upkeep": 300_000, "training": 200_000, "staff_time": 500_000,
        "cost": 2_000_000, "gain": 8_000_000.0, "saving": 300_000.0, "roi": 3.15, "roi_low": None, "roi_high": None,
        "verdict": "expand", "goals": 0, "goals_reached": 0, "goals_missed": 0, "unmeasured": 0,
    }  # fmt: skip
    saving = {
        "tool": "bot", "name_ko": "챗봇", "name_en": "Chatbot", "item": "saving", "metric": "hours", "kind": "mean", "channel": "",
        "before": 40.0, "after": 25.0, "extra": -15.0, "unit_value": -20_000.0, "worth": 300_000.0, "worth_low": None, "worth_high": None,
    }  # fmt: skip
    none = [{"recorded": 1, "before_recorded": 0, "year_recorded": 0, "year_before_recorded": 0}]
    for recorded in ({}, {"recorded": none}):
        _, figures = two(tools=[tool], tool_changes=[saving], **recorded)
        told = words_of(html_of(figures, "en"))
        assert "Chatbot: total cost ₩2,000,000, ROI 315%: expand." in told
        assert "Chatbot Saving hours 40 25 −15 −₩20,000 ₩300,000" in told
        assert "챗봇: 총비용 2,000,000원, ROI 315% — 확대." in words_of(html_of(figures, "ko"))
        assert ("Money and registrations" in told) is not bool(recorded)

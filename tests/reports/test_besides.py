"""The sections besides the channels: told where there is something, absent where not, every figure with its source."""

import re
from typing import Any

import pytest

from grafana.reports import KINDS, besides
from grafana.reports.composing import Edition, document
from grafana.reports.page import page
from grafana.reports.report import Figures, Number, Section, Sentence, Table
from grafana.reports.telling import Telling
from grafana.words import LANGUAGES, Language
from tests.reports.given_besides import EVERYTHING, came, goal, sent, tool, variant
from tests.reports.given_figures import monthly, quarterly
from tests.reports.hostile import PAYLOADS


def sections(language: Language = "en", **answers: Any) -> list[Section]:
    """The sections of a month with these answers alone."""
    return besides.besides(Telling(monthly(**answers)[1], language))


def words(language: Language = "en", **answers: Any) -> str:
    """Their text."""
    pieces: list[str] = []
    for section in sections(language, **answers):
        pieces.append(section.title)
        for block in section.blocks:
            if isinstance(block, Sentence):
                pieces.append("".join(one if isinstance(one, str) else one.text for one in block.pieces))
            elif isinstance(block, Table):
                pieces.append(block.title)
                for row in block.rows:
                    cells = (
                        "".join(one if isinstance(one, str) else one.text for one in cell.pieces)
                        for cell in row
                    )
                    pieces.append(" | ".join(cells))
                pieces.append(block.note)
    return "\n".join(pieces)


def test_a_site_that_does_none_of_it_reads_nothing_of_it() -> None:
    assert sections() == []
    assert sections(aarrr=[came(9)], messages=[], goal_verdicts=[], experiments=[]) == []


@pytest.mark.parametrize("kind", ["monthly", "quarterly"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_the_question_that_gives_it(kind: str, language: Language) -> None:
    asked = {question.slug for question in KINDS[kind].questions}
    assert set(EVERYTHING) <= asked
    answers: dict[str, Any] = dict(EVERYTHING)
    _, figures = (monthly if kind == "monthly" else quarterly)(**answers)
    html = page(document(KINDS[kind], figures, language, Edition(1, "now")))
    links = set(re.findall(r'href="#(q-[^"]+)"', html))
    assert (
        {f"q-{slug}" for slug in EVERYTHING}
        <= links
        <= {f"q-{one}" for one in re.findall(r' id="q-([^"]+)"', html)}
    )
    for section in besides.besides(Telling(figures, language)):
        for block in section.blocks:
            if isinstance(block, Table):
                figure_cells = [
                    piece
                    for row in block.rows
                    for cell in row
                    for piece in cell.pieces
                    if isinstance(piece, Number)
                ]
                assert {piece.source for piece in figure_cells} <= asked


def test_korean_is_korean_and_english_english() -> None:
    answers: dict[str, Any] = {**EVERYTHING, "names": []}
    assert not re.search("[가-힣]", words("en", **answers))
    ko = words("ko", **answers)
    assert len(re.findall("[가-힣]", ko)) > 1_000
    assert not re.search(
        r"\b(inquiry|registration|acquired|payment|reached|improve|too_early|new|dormant)\b", ko
    )


def test_owned_media_tell_shares_with_their_counts_and_what_contents_save() -> None:
    told = words(owned_media=EVERYTHING["owned_media"], contents=EVERYTHING["contents"])
    assert "₩15,000,000 went into owned media and brought goals worth ₩25,000,000 (ROMI 66%)" in told
    assert "The 500 visits that search and social brought by themselves would have cost ₩1,500,000" in told
    assert "Share of search | 7% | 1,600 | 22,800" in told
    assert "Brand keyword rate, clicks | 70% | 210 | 300" in told
    assert "Against the leading brand | 10% | 1,600 | 14,800" in told
    assert "Guide | ₩500,000 | 120 | ₩100,000 | 5 months | 12 | – | –" in told
    assert "tour | – | 120 | – | – | 12 | 9 | 66%" in told
    bare = dict.fromkeys(EVERYTHING["owned_media"][0], 0) | {
        "sessions": 40,
        "direct_sessions": 30,
        "conversion_rate": None,
    }
    assert sections(owned_media=[{**bare, "owned_romi": None, "inflow_value": None}]) == []


def test_the_largest_loss_is_named() -> None:
    told = words(aarrr=EVERYTHING["aarrr"], losses=EVERYTHING["losses"])
    assert "Most are lost from “Came” to “Inquiry”: 140 of 200 have not gone on (70%)" in told
    assert "observed lifetime value of ₩1,280,000 (the settings say ₩15,300,000)" in told
    assert "viral index K 0.08" in told


def test_messages_to_those_who_unsubscribed_are_said() -> None:
    assert "had unsubscribed" in words(messages=[sent(sent_after_unsubscribe=2)])
    told = words(messages=[sent()], messages_by_campaign=EVERYTHING["messages_by_campaign"])
    assert "had unsubscribed" not in told
    assert "3 unsubscribed (2%)" in told
    assert "no campaign | 9 | too few | not told | too few" in told
    assert "Spring | 120 | 96% | 50% | 15% | 12 | 10% | 3" in told


def test_a_goal_within_chance_and_one_set_afterwards_are_said() -> None:
    told = words(goal_verdicts=EVERYTHING["goal_verdicts"])
    assert "Satisfaction up by 10%: the goal is met, but chance alone may do that" in told
    assert "it was set after the judged period had begun" in told
    assert "Call conversion rate | +5.0 pt | 20% | 28% | +8.0 pt | +1.0 pt to +15.0 pt | Reached" in told
    assert "Satisfaction | +10% | 4 | 4.5 | +12% | −2% to +27% | Reached" in told
    assert "chance alone" not in words(goal_verdicts=[goal(by_chance=0)])


def test_a_tool_tells_its_cost_by_part_and_what_is_not_measured() -> None:
    told = words(tools=EVERYTHING["tools"])
    assert (
        "Booking tool | ₩300,000 | ₩60,000 | ₩100,000 | ₩240,000 | ₩700,000 | ₩2,100,000 | 200% | Improve"
        in told
    )
    assert "−40% to +410%, on both sides of breaking even" in told
    assert "1 of its metrics lack a value" in told
    assert "breaking even" not in words(tools=[tool(roi_low=0.2)])


def test_an_experiment_has_no_verdict_before_its_time() -> None:
    told = words(experiments=EVERYTHING["experiments"])
    assert "b does better than a: +7.0 pt (interval +1.1 pt to +12.8 pt). Change to it." in told
    assert "it takes 380 people a variant" in told
    assert "3 people saw two variants" in told
    early = words(
        experiments=[
            variant("a", is_control=1, planned_size=None),
            variant("b", verdict="too_early", planned_size=None, difference=0.07, difference_low=0.011,
                    difference_high=0.128, p_value=0.0199),
        ]
    )  # fmt: skip
    assert "it is due on 2026-04-30" in early
    assert "pt" not in early and "0.020" not in early, "whoever sees it before its time is tempted to decide"
    assert "Change to it" not in early


def test_hostile_names_are_text() -> None:
    for text in PAYLOADS[::9]:
        hostile: dict[str, Any] = {}
        for slug, rows in EVERYTHING.items():
            named = (
                "name",
                "name_ko",
                "name_en",
                "hypothesis",
                "variant",
                "metric",
                "campaign",
                "channel",
                "verdict",
            )
            hostile[slug] = [
                {name: text if name in named and value else value for name, value in row.items()}
                for row in rows
            ]
        _, figures = quarterly(**hostile)
        assert isinstance(figures, Figures)
        html = page(document(KINDS["quarterly"], figures, "ko", Edition(1, "now"))).split("</style>")[1]
        assert not re.search(r"<(script|img|iframe|object|link|base|form|input|details|style)\b", html), text
        assert not re.search(
            r"<[a-z][^>]*\s(on\w+|style|src|formaction)\s*=", re.sub(r'"[^"]*"', '""', html)
        ), text
        assert not {"\u202e", "\u202d", "\u2066", "\u200b", "\x00"} & set(html), text

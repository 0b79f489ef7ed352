"""Programs are told from people by what a request says, on a labelled corpus and by each header that tells."""

import time
from pathlib import Path

import pytest
from multidict import CIMultiDict

from streams.collectors.bots import RULE, Bot, judged

_CORPUS = Path(__file__).parent / "agents"
PEOPLE = (_CORPUS / "people.txt").read_text("utf-8").splitlines()
PROGRAMS = [line.split("\t") for line in (_CORPUS / "programs.tsv").read_text("utf-8").splitlines()]
PHONE = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"


def found(agent: str, method: str = "POST", **headers: str) -> str | None:
    """The reason, with header names as a request carries them."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    bot = judged(method, CIMultiDict({"user-agent": agent, **said}))
    return bot.reason if bot else None


def test_of_a_thousand_people_at_most_five_are_taken_for_programs() -> None:
    assert len(PEOPLE) > 400
    mistaken = [agent for agent in PEOPLE if found(agent)]
    assert len(mistaken) <= len(PEOPLE) * 0.005, mistaken


def test_of_a_hundred_programs_at_least_ninety_five_are_found() -> None:
    assert len(PROGRAMS) > 150
    missed = [agent for _, agent in PROGRAMS if not found(agent)]
    assert len(missed) <= len(PROGRAMS) * 0.05, missed


def test_the_reason_is_the_labelled_one() -> None:
    other = [(reason, agent) for reason, agent in PROGRAMS if found(agent) not in (reason, None)]
    assert not other


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("Purpose", "prefetch"),
        ("X-Purpose", "preview"),
        ("X-Moz", "prefetch"),
    ],
)
def test_a_browser_that_fetches_ahead_is_no_visit_yet(name: str, value: str) -> None:
    assert judged("GET", CIMultiDict({"user-agent": PHONE, name: value})) == Bot("prefetch", RULE)


def test_nobody_reads_a_page_with_head() -> None:
    assert found(PHONE, "HEAD") == "head"
    assert found(PHONE, "GET") is None


@pytest.mark.parametrize("agent", ["", "-", "   "])
def test_who_names_no_user_agent_is_no_browser(agent: str) -> None:
    assert found(agent) == "no_user_agent"


def test_the_edition_names_the_list_it_used() -> None:
    reason, rule = judged("HEAD", {}) or ("", "")
    assert reason == "head"
    assert rule.startswith("1; crawler-user-agents 1.")
    assert len(rule) <= 128


@pytest.mark.parametrize(
    "piece", ["Mozilla/5.0 (compatible; ", "bot" * 3, "a" * 50, "+http://", "CUBOT ", "; ", "가"]
)
def test_no_user_agent_takes_long_to_read(piece: str) -> None:
    agents = [f"{piece * (8_000 // len(piece))}"[number:] for number in range(20)]
    found(agents[0])
    began = time.thread_time()
    for agent in agents[1:]:
        found(agent)
    assert (time.thread_time() - began) / 19 < 0.005

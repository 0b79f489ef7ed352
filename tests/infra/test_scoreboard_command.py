"""headwater scoreboard: for people and programs, in two languages, and what it says when asked wrongly."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from math import inf
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clickhouse.migrate import migrate
from infra.cli import headwater
from infra.commands.scoreboard import (
    Asked,
    as_csv,
    as_json,
    language_of,
    read_open_slots,
    read_scoreboard,
    render,
    width_of,
)
from infra.local import stack
from infra.settings import as_environment
from streams.domain.scoreboard import ScoreRow, reallocate
from tests.infra.conftest import RunningFront

pytestmark = pytest.mark.stack

MARCH = Asked("center", date(2026, 3, 1), date(2026, 3, 31))
CONTRACT = [
    "site",
    "channel",
    "kind",
    "spend",
    "visits",
    "scans",
    "calls",
    "inquiries",
    "consults",
    "registrations",
    "inquiry_to_registration",
    "cac",
    "loaded_cac",
    "revenue",
    "cash",
    "roi",
    "ltv",
    "ltv_roi",
    "ltv_to_cac",
    "action",
    "action_agreement",
]


def row(channel: str, **figures: Any) -> ScoreRow:
    """A row of zeros but for the figures given."""
    empty = ScoreRow(
        "center",
        channel,
        "",
        0,
        0,
        0,
        0,
        0.0,
        0.0,
        0.0,
        None,
        None,
        None,
        0,
        0,
        None,
        None,
        None,
        None,
        "none",
        5,
    )
    return empty._replace(**figures)


BLOG = row(
    "naver_blog", spend=600_000, inquiries=8.0, registrations=2.1, inquiry_to_registration=0.2625,
    cac=285_714.2857, loaded_cac=285_714.2857, revenue=2_280_000, roi=2.8, action="keep",
)  # fmt: skip
PLACE = row(
    "naver_place", spend=400_000, inquiries=8.0, registrations=3.4, inquiry_to_registration=0.425,
    cac=117_647.06, loaded_cac=117_647.06, revenue=2_480_000, roi=5.2, action="increase",
)  # fmt: skip
FLYER = row(
    "flyer", spend=300_000, inquiries=2.0, registrations=0.3, inquiry_to_registration=0.15,
    cac=1_000_000.0, loaded_cac=1_000_000.0, revenue=420_000, roi=0.4, action="stop", action_agreement=3,
)  # fmt: skip
REFERRAL = row(
    "referral", kind="word_of_mouth", inquiries=4.0, registrations=3.2, cac=0.0, loaded_cac=0.0,
    revenue=2_720_000, roi=inf, action="strengthen",
)  # fmt: skip
NOBODY = row("unattributed")
ROWS = [BLOG, PLACE, FLYER, REFERRAL, NOBODY]


def line_of(text: str, channel: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(channel))


# For people


def test_an_action_says_how_many_models_agree() -> None:
    korean, english = render(ROWS, "ko", MARCH), render(ROWS, "en", MARCH)
    assert line_of(korean, "naver_place").endswith("증액 · 5개 모델 중 5개")
    assert line_of(english, "naver_place").endswith("increase, 5 of 5")
    assert line_of(english, "flyer").endswith("stop, 3 of 5: depends on the rule")
    assert "모델에 따라 다름" in line_of(korean, "flyer")


def test_figures_read_as_people_write_them() -> None:
    line = line_of(render(ROWS, "en", MARCH), "naver_blog").split()
    assert line[1] == "600,000"
    assert line[7:13] == ["2.1", "26%", "285,714", "285,714", "2,280,000", "280%"]
    assert "∞" in line_of(render(ROWS, "en", MARCH), "Referral")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1.975, "197%"),
        (0.29, "29%"),
        (0.58, "58%"),
        (-0.15, "-15%"),
        (-0.004, "0%"),
        (26.5, "2,650%"),
        (1e-20, "0%"),
    ],
)
def test_percentages_are_cut_to_whole_ones(ratio: float, shown: str) -> None:
    assert f" {shown} " in line_of(render([row("email", roi=ratio)], "en", MARCH), "Email")


def test_what_is_undefined_says_why() -> None:
    rows = [
        row("email", spend=5, action="too_little_data", inquiries=8.0, registrations=2.0),
        row("sms", action="no_spend"),
        row("qr", spend=5, action="no_payments", action_agreement=5),
    ]
    text = render(rows, "en", MARCH)
    assert line_of(text, "Email").endswith("too little data: 2 of 8 registered, 95% interval 7% to 59%")
    assert "spend not entered" in line_of(text, "SMS")
    assert "no registration yet" in line_of(text, "QR")
    assert "등록 없음" in line_of(render(rows, "ko", MARCH), "QR")


def test_unattributed_is_shown_last_and_a_total_after_it() -> None:
    lines = render(ROWS, "en", MARCH).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("Unattributed"))
    assert set(lines[at + 1]) == {"-"}
    assert lines[at + 2].split()[:2] == ["Total", "1,300,000"]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_wide_characters_stand_in_line(language: Any) -> None:
    names = {"naver_blog": {"ko": "네이버 블로그", "en": "Naver Blog"}}
    lines = render(ROWS, language, MARCH, names=names).splitlines()
    table = lines[2 : lines.index("", 2)]
    ends = {width_of(line[: line.index(amount) + len(amount)])
            for line in table for amount in ("600,000", "400,000", "300,000") if f" {amount} " in line}  # fmt: skip
    assert len(ends) == 1
    assert width_of("네이버") == 6
    assert width_of("e\u0301") == 1


def test_the_paragraph_says_what_moves_where_and_what_to_expect() -> None:
    english = render(ROWS, "en", MARCH)
    assert (
        "move the 300,000 won of the channels to stop (flyer): naver_place 400,000 → 700,000. Same total"
        in english
    )
    assert "n^0.7" in english
    assert "3,600,000 won a year" in english
    assert "at least 3 of 5 models agree" in english
    assert "빈자리가 없어 증액을 보류합니다" in render(
        ROWS, "ko", MARCH, reallocation=reallocate(ROWS, open_slots=0)
    )
    assert "no channel to stop" in render([BLOG], "en", MARCH)
    assert "no channel to increase" in render([BLOG, FLYER], "en", MARCH)


def test_a_name_moves_no_cursor() -> None:
    text = render([row("email")], "en", MARCH, names={"email": {"en": "\x1b[2Jgone\r"}})
    assert "\x1b" not in text
    assert "\r" not in text


def test_the_language_is_that_of_the_environment() -> None:
    assert language_of({"LANG": "ko_KR.UTF-8"}) == "ko"
    assert language_of({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}) == "en"
    assert language_of({}) == "en"


# For programs


def test_json_has_the_columns_of_the_contract_and_says_inf_and_null() -> None:
    answered = json.loads(as_json(ROWS), parse_constant=lambda word: pytest.fail(word))
    assert [list(one) for one in answered] == [CONTRACT] * len(ROWS)
    assert (answered[3]["roi"], answered[4]["roi"], answered[0]["roi"]) == ("inf", None, 2.8)
    assert json.loads(as_json([])) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_of_the_csv_is_a_formula(start: str) -> None:
    read = list(csv.reader(io.StringIO(as_csv([row(start + "1+1", roi=-0.15, spend=-5)]), newline="")))
    assert read[0] == CONTRACT
    said = dict(zip(*read, strict=True))
    assert said["channel"] == "'" + start + "1+1"
    assert (said["roi"], said["spend"], said["cac"]) == ("-0.15", "-5", "")


def test_csv_keeps_quotes_and_commas() -> None:
    read = list(csv.reader(io.StringIO(as_csv([row('a,"b"', ltv_to_cac=inf)]))))
    assert (read[1][1], read[1][CONTRACT.index("ltv_to_cac")]) == ('a,"b"', "inf")


# On a running front


@pytest.fixture(scope="module")
def filled(front: RunningFront) -> Iterator[RunningFront]:
    """A site with one channel, and its open slots measured twice and once withdrawn."""
    client = stack.writer(front.settings)
    migrate(client, embedded=True)
    put(client, "site_rows", [{"site": "center", "name": "센터", "payments": 1, "threshold_stop": 1.0,
                               "threshold_increase": 3.0, "threshold_too_little": 3.0}])  # fmt: skip
    put(client, "spend_rows", [{"site": "center", "spend_id": "s1", "channel": "email", "kind": "media",
                                "first_day": date(2026, 3, 2), "amounts": [700]}])  # fmt: skip
    names = json.dumps({"ko": "편지", "en": "Letters"})
    put(client, "channel_rows", [{"site": "center", "channel": "letters", "names": names},
                                 {"site": "center", "channel": "sms", "names": "{}"}])  # fmt: skip
    put(client, "spend_rows", [{"site": "letters", "spend_id": "s2", "channel": "letters", "kind": "media",
                                "first_day": date(2026, 3, 2), "amounts": [5]}])  # fmt: skip
    put(client, "channel_rows", [{"site": "letters", "channel": "letters", "names": names}])
    client.close()
    yield front


def put(client: Any, table: str, rows: list[dict[str, Any]], run: str | None = "live") -> None:
    """Rows -> a private table."""
    full = [{**({"run": run} if run else {}), "version": 1, **one} for one in rows]
    client.insert(
        table, [list(one.values()) for one in full], column_names=list(full[0]), database="headwater"
    )


def ask(front: RunningFront, *arguments: str, **environment: str) -> Result:
    """`headwater scoreboard` with these arguments, March unless they say otherwise."""
    given = {**as_environment(front.settings), "LANG": "C", "LC_ALL": "", **environment}
    period = [] if "--since" in arguments else ["--since", "2026-03-01", "--until", "2026-03-31"]
    return CliRunner().invoke(headwater, ["scoreboard", *arguments, *period], env=given)


def test_the_command_prints_the_board_in_every_form(filled: RunningFront) -> None:
    table = ask(filled, "--site", "center")
    assert (table.exit_code, table.stderr) == (0, "")
    assert line_of(table.stdout, "Email").split()[1] == "700"
    assert "이메일" in ask(filled, "--site", "center", LANG="ko_KR.UTF-8").stdout
    assert "이메일" in ask(filled, "--site", "center", "--language", "ko").stdout
    answered = json.loads(ask(filled, "--site", "center", "--format", "json").stdout)
    assert [(one["channel"], one["spend"]) for one in answered] == [("email", 700), ("unattributed", 0)]
    assert ask(filled, "--site", "center", "--format", "csv").stdout.splitlines()[0] == ",".join(CONTRACT)


def test_a_channel_has_the_name_its_catalog_gives_it(filled: RunningFront) -> None:
    assert "편지" in ask(filled, "--site", "letters", "--language", "ko").stdout
    assert "Letters" in ask(filled, "--site", "letters", "--language", "en").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--site", "center", "--model", "lest"], "'lest' is not one of"),
        (["--site", "center", "--since", "2026-04-01", "--until", "2026-03-31"], "lies after"),
        (["--site", "center", "--since", "2026-02-30", "--until", "2026-03-31"], "right would be YYYY-MM-DD"),
        (["--site", "center", "--since", "0001-01-01", "--until", "2026-03-31"], "outside 1970-01-01"),
        ([], "Missing option '--site'"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_would_be_right(
    filled: RunningFront, arguments: list[str], words: str
) -> None:
    refused = ask(filled, *arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert words in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--site", "centre"], "no site 'centre'"),
        (["--site", "center', sites = []) --"], "no site"),
        (["--site", "center", "--run", "spring"], "no run 'spring'; known: live"),
        (
            ["--site", "center", "--model", "markov"],
            "run 'live' does not have the model 'markov'; known: first",
        ),
    ],
)
def test_what_is_unknown_exits_1_and_is_named(filled: RunningFront, arguments: list[str], words: str) -> None:
    refused = ask(filled, *arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert words in refused.stderr


def test_an_unknown_branch_is_pointed_out(filled: RunningFront) -> None:
    answered = ask(filled, "--site", "center", "--branch", "gangnma")
    assert answered.exit_code == 0
    assert "names branch 'gangnma'" in answered.stderr


def test_without_clickhouse_it_says_how_to_start_it(filled: RunningFront) -> None:
    refused = ask(filled, "--site", "center", HEADWATER_CLICKHOUSE_PORT="1025")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "`headwater up` starts it" in refused.stderr


# Open slots


@pytest.fixture(scope="module")
def measured(front: RunningFront, filled: RunningFront) -> Iterator[Any]:
    """Events of open slots: of two branches, an older one, a withdrawn one, one of another site and period."""
    client = stack.writer(front.settings)
    archive = [
        measure("m1", "a", 4, "2026-03-01", "2026-03-31", at=1),
        measure("m2", "a", 0, "2026-03-01", "2026-03-31", at=2),
        measure("m3", "a", 9, "2026-03-01", "2026-03-31", at=3),
        measure("m4", "b", 3, "2026-02-15", "2026-03-15", at=1),
        measure("m5", "b", 8, "2026-04-01", "2026-04-30", at=5),
        measure("m6", "a", 7, "2026-03-01", "2026-03-31", at=9, site="school"),
        {**measure("w1", "a", 0, "2026-03-01", "2026-03-31", at=4), "type": "event_withdrawn",
         "payload": json.dumps({"withdraws": "m3"})},
    ]  # fmt: skip
    put(client, "event_archive", archive, run=None)
    client.close()
    reader = stack.reader(front.settings)
    yield reader
    reader.close()


def measure(
    event_id: str, branch: str, value: int, since: str, until: str, *, at: int, site: str = "center"
) -> dict[str, Any]:
    """A row of event_archive with open slots."""
    said = {"metric": "open_slots", "value": value, "period_start": since, "period_end": until}
    return {
        "site": site, "event_id": event_id, "type": "measure_recorded", "branch": branch,
        "occurred_at": f"2026-03-01 00:00:0{at}", "payload": json.dumps(said),
    }  # fmt: skip


def test_open_slots_are_the_newest_measures_of_each_branch(measured: Any) -> None:
    assert read_open_slots(measured, MARCH) == 3.0
    assert read_open_slots(measured, MARCH._replace(branches=("a",))) == 0.0
    assert read_open_slots(measured, MARCH._replace(site="other")) is None


def test_a_full_branch_holds_the_increase(measured: Any, filled: RunningFront) -> None:
    assert "full: hold the increase" in ask(filled, "--site", "center", "--branch", "a").stdout


def test_the_reader_gives_the_rows_of_the_view(filled: RunningFront) -> None:
    client = stack.reader(filled.settings)
    rows = read_scoreboard(client, MARCH)
    client.close()
    assert [(one.channel, one.spend, type(one.spend)) for one in rows] == [
        ("email", 700, int),
        ("unattributed", 0, int),
    ]

"""What analysts do: the questions of docs/questions.md, and views as files for other tools."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.surface import PARAMETERS, public_views, view_columns
from infra.demo.centre import SITE
from infra.export import Asked, ExportRefused, export_view, exportable
from tests.clickhouse.store import read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"
QUESTIONS = re.findall(r"### (\d+)\. (.+?)\n\n```sql\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NOTHING_TO_SHOW = {"17"}
"""The demo has no channel that cost something in a month and brought nobody."""
BOARD: dict[str, Any] = {
    "sites": [SITE],
    "branches": [],
    "since": "2025-10-01",
    "until": "2025-12-31",
    "run": "live",
    "model": "last",
    "by": "channel",
    "part": "campaign",
    "goal": "",
    "window_days": 30,
    "as_of": "2025-12-31",
    "before_since": "2025-10-01",
    "before_until": "2025-11-15",
    "compare": "keyword",
    "among": [],
    "baseline_rate": 0.1,
    "minimal_effect": 0.05,
    "variants": 2,
    "alpha": 0.05,
    "power": 0.8,
}


def test_every_question_has_its_number() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 37))


@pytest.mark.parametrize(("number", "title", "sql"), QUESTIONS, ids=[number for number, _, _ in QUESTIONS])
def test_every_question_is_answered_from_published_views(
    demo: Client, number: str, title: str, sql: str
) -> None:
    assert set(re.findall(r"headwater\.(\w+)", sql)) <= set(public_views())
    rows = read(demo, sql)
    assert bool(rows) == (number not in NOTHING_TO_SHOW), title


def rows_of(demo: Client, number: int) -> list[dict[str, Any]]:
    return read(demo, QUESTIONS[number - 1][2])


def test_the_questions_agree_with_each_other(demo: Client) -> None:
    board = rows_of(demo, 1)
    models = rows_of(demo, 2)
    registrations = sum(row["registrations"] for row in board)
    for model in ("first", "linear", "time_decay", "position"):
        assert float(sum(row[model] for row in models)) == pytest.approx(registrations, abs=1)
    by_month = rows_of(demo, 6)
    assert sum(row["spend"] for row in by_month) == sum(row["spend"] for row in board)
    assert sum(row["registrations"] for row in by_month) == pytest.approx(registrations, abs=1)
    paid = rows_of(demo, 14)
    assert sum(row["won"] for row in paid) == read(
        demo, "SELECT sum(cash) AS won FROM headwater.channel_funnel_daily WHERE run = 'live' AND model = 'last'"
    )[0]["won"]  # fmt: skip
    mix = read(
        demo,
        "SELECT sum(spend) AS spend, sum(registrations) AS registrations, sum(revenue) AS revenue"
        " FROM headwater.marketing_mix_weekly WHERE run = 'live' AND model = 'last'",
    )[0]
    assert mix["spend"] == sum(row["spend"] for row in board)
    assert mix["registrations"] == pytest.approx(registrations)
    assert all(row["lacking"] and not row["sufficient"] for row in rows_of(demo, 19)), (
        "a quarter is too little"
    )


def quiet(written: int, rows: int) -> None:
    """Progress that nobody looks at."""


WORKED_OUT = {*PARAMETERS} - {"channel_scoreboard"}
"""Views of a question, which take long: one form of these is enough."""


@pytest.mark.parametrize("view", exportable())
def test_every_view_leaves_as_parquet_and_csv_whole(demo: Client, view: str, tmp_path: Path) -> None:
    asked = Asked(parameters=BOARD)
    names = [column.name for column in view_columns(view)]
    parquet, text = tmp_path / f"{view}.parquet", tmp_path / f"{view}.csv"
    rows = export_view(demo, view, text, "csv", asked, quiet)
    with text.open(encoding="utf-8", newline="") as file:
        read_back = list(csv.reader(file))
    assert (read_back[0], len(read_back) - 1) == (names, rows)
    if view not in WORKED_OUT:
        assert export_view(demo, view, parquet, "parquet", asked, quiet) == rows
        table = pq.read_table(parquet)
        assert (table.column_names, table.num_rows) == (names, rows)
    assert {path.name for path in tmp_path.iterdir()} <= {text.name, parquet.name}


def test_pieces_make_the_same_file_and_progress_is_told(
    demo: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = export_view(demo, "touches", tmp_path / "a.csv", "csv", Asked(SITE, "live"), quiet)
    monkeypatch.setattr("infra.export.MOST_ROWS_A_PIECE", 200)
    heard: list[tuple[int, int]] = []
    pieces = export_view(
        demo, "touches", tmp_path / "b.csv", "csv", Asked(SITE, "live"), lambda *said: heard.append(said)
    )
    assert pieces == whole > 500
    assert heard[0] == (0, whole) and heard[-1] == (whole, whole) and len(heard) > 3
    lines = [
        sorted((tmp_path / name).read_text(encoding="utf-8").splitlines()) for name in ("a.csv", "b.csv")
    ]
    assert lines[0] == lines[1]


HOSTILE = [
    '=HYPERLINK("x")',
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    '"; DROP',
    "<b>",
    "a,b\nc",
    "\u202ex",
]


def test_no_text_of_a_csv_is_a_formula_and_numbers_stay_numbers(demo: Client, tmp_path: Path) -> None:
    lines = "\n".join(
        json.dumps({"topic": "headwater.events", "partition": 9, "offset": number, "site": "hostile", "reason": "not_json",
                    "detail": text, "failed_at": "2025-12-30 03:00:00", "version": 1})
        for number, text in enumerate(HOSTILE)
    )  # fmt: skip
    demo.raw_insert("headwater.dead_letter_rows", insert_block=lines.encode(), fmt="JSONEachRow")
    out = tmp_path / "letters.csv"
    export_view(demo, "dead_letters", out, "csv", Asked("hostile"), quiet)
    with out.open(encoding="utf-8", newline="") as file:
        details = {int(row["offset"]): row["detail"] for row in csv.DictReader(file)}
    assert details == {
        number: f"'{text}" if number < 8 else text for number, text in enumerate(HOSTILE)
    }  # fmt: skip
    payments = tmp_path / "payments.csv"
    export_view(demo, "payments", payments, "csv", Asked(SITE), quiet)
    with payments.open(encoding="utf-8", newline="") as file:
        amounts = [int(row["amount"]) for row in csv.DictReader(file)]
    assert min(amounts) < 0 < max(amounts), "refunds are negative numbers, not texts"


def test_a_view_that_is_not_published_and_a_missing_day_are_refused_and_leave_nothing(
    demo: Client, tmp_path: Path
) -> None:
    with pytest.raises(ExportRefused, match="'funnel_rows' is no view; there are: aarrr, "):
        export_view(demo, "funnel_rows", tmp_path / "a", "csv", Asked(), quiet)
    with pytest.raises(ExportRefused, match="channel_scoreboard needs since, until"):
        export_view(
            demo, "channel_scoreboard", tmp_path / "a", "csv",
            Asked(parameters={**BOARD, "since": None, "until": None}), quiet,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []

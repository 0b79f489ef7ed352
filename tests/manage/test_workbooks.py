"""Sheets that go out run nothing, and say what was put in."""

import io
import zipfile

import pytest
from openpyxl import load_workbook

from streams.collectors.importers.cells import not_run
from streams.collectors.manage.workbooks import Sheet, workbook

HOSTILE = [
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "＠x",
    "<script>alert(1)</script>",
    "'quoted",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_a_text(text: str) -> None:
    content = workbook(Sheet("표", [("채널", 10)], [(text, 1)]))
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    cell = page["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


def test_what_begins_like_a_formula_is_marked_as_quoted() -> None:
    content = workbook(Sheet("표", [("채널", 10)], [("=1+1",), ("plain",)]))
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    assert page["A2"].quotePrefix
    assert not page["A3"].quotePrefix


def test_numbers_stay_numbers_and_hidden_characters_are_shown() -> None:
    content = workbook(Sheet("표", [("금액", 10)], [(-50_000, "블\u202e로그", None, "a\x00b")]))
    page = load_workbook(io.BytesIO(content)).worksheets[0]
    assert page["A2"].value == -50_000
    assert page["B2"].value == "블‹U+202E›로그"
    assert page["C2"].value is None
    assert "\x00" not in page["D2"].value


@pytest.mark.parametrize("text", [text for text in HOSTILE if text[0] in "=+-@＝＠"])
def test_a_csv_cell_that_would_run_is_quoted(text: str) -> None:
    assert not_run(text) == f"'{text}"
    assert not_run("문의 =1") == "문의 =1"

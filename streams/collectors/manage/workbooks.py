"""Tables -> XLSX that opens everywhere and runs nothing: a text stays a text, whatever it begins with."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from streams.collectors.importers.cells import RUN_BY_SPREADSHEETS
from streams.printing import printable

Value = str | int | float | date | None
LONGEST_CELL: Final = 32_000
_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class Sheet:
    """A title, headings with their widths in characters, and rows of values."""

    def __init__(
        self, title: str, headings: Sequence[tuple[str, int]], rows: Iterable[Sequence[Value]] = ()
    ) -> None:
        """What one page of the workbook holds."""
        self.title = title
        self.headings = headings
        self.rows = rows


def workbook(*sheets: Sheet) -> bytes:
    """Sheets -> the bytes of an .xlsx; numbers stay numbers, every other value is a text that no program runs."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "headwater"
    book.properties.created = book.properties.modified = _MADE
    for sheet in sheets:
        page = book.create_sheet(sheet.title)
        _head(page, sheet.headings)
        for row in sheet.rows:
            _append(page, row)
        page.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def audit_template() -> bytes:
    """The sheet of the channel audit, empty, with an example beside it that is not read."""
    return workbook(
        Sheet("홍보 채널", AUDIT_HEADINGS),
        Sheet(
            "예시 (읽지 않음)",
            AUDIT_HEADINGS,
            [
                ("네이버 블로그", 600_000, "공식 블로그 글 아래", "대행사", None, None),
                ("네이버 플레이스", 400_000, "플레이스 홈페이지 링크", "실장", None, None),
                ("현수막·전단지", 300_000, "정문 앞 사거리", "실장", None, None),
                ("맘카페 활동", 200_000, "지역 맘카페 게시판", "상담실", None, None),
                ("지인 소개", 0, None, None, None, None),
            ],
        ),
    )


AUDIT_HEADINGS: Final = (
    ("채널", 20),
    ("월 비용", 14),
    ("게시 위치", 28),
    ("담당", 12),
    ("지점", 12),
    ("연결 주소", 36),
)


def _head(page: Worksheet, headings: Sequence[tuple[str, int]]) -> None:
    for at, (text, width) in enumerate(headings, start=1):
        cell = page.cell(row=1, column=at)
        _put(cell, text)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE7F0")
        page.column_dimensions[get_column_letter(at)].width = width


def _append(page: Worksheet, values: Sequence[Value]) -> None:
    row = page.max_row + 1
    for at, value in enumerate(values, start=1):
        if value is not None:
            _put(page.cell(row=row, column=at), value)


def _put(cell: Cell | MergedCell, value: Value) -> None:
    assert isinstance(cell, Cell)  # nothing here is merged
    if isinstance(value, str):
        shown = printable(value)[:LONGEST_CELL]
        cell.value = shown
        cell.data_type = "s"
        cell.alignment = Alignment(vertical="top", wrap_text=len(shown) > 40)
        if shown.startswith(RUN_BY_SPREADSHEETS):
            cell.quotePrefix = True
    else:
        cell.value = value
        if isinstance(value, int):
            cell.number_format = "#,##0"

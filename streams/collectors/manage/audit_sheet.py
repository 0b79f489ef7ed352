"""An uploaded table -> the lines of the channel audit, as texts, with what its headings say of them."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.collectors.importers.columns import HEADER_WITHIN_ROWS, UnknownColumns, plain, unit_of
from streams.collectors.importers.tables import Row, read_table
from streams.collectors.manage.audit import COLUMNS, MOST_ROWS, RawRow

LONGEST_TEXT: Final = 500
_HEADINGS: Final[Mapping[str, str]] = {
    plain(name): column
    for column, names in {
        "name": "채널,채널명,홍보채널,홍보 매체,매체,매체명,광고채널,channel,channel name,media",
        "monthly_cost": "월 비용,월비용,비용,월 예산,월 금액,금액,월 홍보비,홍보비,광고비,monthly cost,cost,amount",
        "placement": "게시 위치,게시위치,위치,게시처,게시 장소,장소,노출 위치,placement,location,place,where",
        "responsible": "담당,담당자,책임자,responsible,owner,in charge",
        "branch": "지점,지점명,센터,branch",
        "link": "연결 주소,링크,주소,홈페이지,랜딩,랜딩페이지,url,link,destination,landing page",
    }.items()
    for name in (*names.split(","), column)
}
_MONEY_UNITS: Final = ("만원", "천원", "백만원")


class _Heading(NamedTuple):
    column: str
    unit: str


def read_audit_sheet(path: Path) -> list[RawRow]:
    """A CSV or XLSX -> its lines, one more than may be taken; raises NotATable or UnknownColumns."""
    rows = read_table(path)
    head = list(islice(rows, HEADER_WITHIN_ROWS))
    at, headings = _headings(head)
    below = [*head[at + 1 :], *islice(rows, MOST_ROWS + 1)]
    return [_raw(row, headings) for row in below[: MOST_ROWS + 1]]


def _headings(head: Sequence[Row]) -> tuple[int, dict[int, _Heading]]:
    """The row that names the most columns; it must name the channel's."""
    best: tuple[int, dict[int, _Heading]] = (0, {})
    for at, row in enumerate(head):
        found: dict[int, _Heading] = {}
        for index, cell in enumerate(row.cells):
            column = _HEADINGS.get(plain(cell))
            if column and column not in {one.column for one in found.values()}:
                found[index] = _Heading(column, unit_of(cell))
        if len(found) > len(best[1]):
            best = (at, found)
    columns = {one.column for one in best[1].values()}
    if "name" not in columns or len(columns) < 2:
        raise UnknownColumns("no line has the headings 채널, 월 비용, 게시 위치, 담당: the template has them")
    return best


def _raw(row: Row, headings: Mapping[int, _Heading]) -> RawRow:
    texts = {}
    for index, (column, unit) in headings.items():
        said = _text(row.cells[index]) if index < len(row.cells) else ""
        if said and column == "monthly_cost" and unit in _MONEY_UNITS and said[-1].isdecimal():
            said += unit
        if said:
            texts[column] = said
    assert texts.keys() <= set(COLUMNS)
    return RawRow(row.line, texts)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()[:LONGEST_TEXT]

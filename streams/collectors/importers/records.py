"""Reading one row field by field: a cell that cannot be read refuses its line, naming column and fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from streams.collectors.importers.cells import Unreadable, folded, phone, text, unknown_word
from streams.collectors.importers.columns import Columns, Record
from streams.collectors.importers.drafts import Draft, Outcome, Refusal, Setting
from streams.collectors.importers.tables import Row

T = TypeVar("T")


class RefusedCell(Exception):
    """Ends the reading of one row."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.fix)
        self.refusal = refusal


def refused_cell(record: Record, field: str, unreadable: Unreadable) -> RefusedCell:
    """A row, the field in question, what is wrong -> the refusal of that line."""
    return RefusedCell(Refusal(record.line, record.header(field), unreadable.found, unreadable.fix))


class Reader:
    """One row under one setting; every read either gives a value or refuses the line."""

    def __init__(self, record: Record, setting: Setting) -> None:
        """The row and what the file does not say itself."""
        self.record = record
        self.setting = setting

    def read(self, drafts: Callable[[], Iterable[Draft]]) -> list[Outcome]:
        """All drafts of the row, or its one refusal."""
        try:
            return list(drafts())
        except RefusedCell as refused:
            return [refused.refusal]

    def cell(self, field: str, parse: Callable[[Any], T | None], absent: Any = None) -> Any:
        """The parsed cell of a field; what the defaults say, else `absent`, where the cell is missing or empty."""
        value = self.record.get(field)
        if value is None:
            value = self.setting.defaults.get(field)
            if value is None:
                return absent
        try:
            parsed = parse(value)
        except Unreadable as unreadable:
            raise refused_cell(self.record, field, unreadable) from None
        return absent if parsed is None else parsed

    def needed(self, field: str, parse: Callable[[Any], T]) -> Any:
        """The parsed cell of a field that must be there."""
        value = self.record.get(field)
        if value is None:
            value = self.setting.defaults.get(field)
        try:
            return parse(value)
        except Unreadable as unreadable:
            raise refused_cell(self.record, field, unreadable) from None

    def one_of(self, fields: Iterable[str], parse: Callable[[Any], T | None]) -> Any:
        """The first of these fields that says something."""
        for field in fields:
            if self.record.get(field) is not None:
                found = self.cell(field, parse)
                if found is not None:
                    return found
        return None

    def words(self, field: str, known: Mapping[str, str]) -> Mapping[str, str]:
        """The closed list of a field with the mapping's own words before it."""
        own = self.setting.values.get(field)
        return {**known, **own} if own else known

    def default_number(self) -> str | None:
        """The line's own number where no row has one."""
        number = self.setting.defaults.get("number")
        return phone(number, self.setting.region) if number else None

    def branch(self) -> str | None:
        """The row's branch as a slug, else the one given for the whole file."""
        if self.record.get("branch") is None:
            return self.setting.branch or self.setting.defaults.get("branch")
        return self.slug("branch")

    def slug(self, field: str) -> str | None:
        """A cell that names something of the catalog, by its slug or by a name that the catalog or the mapping knows."""
        found: str | None = self.cell(
            field, lambda value: slug_of(value, self.setting.values.get(field) or {}, field)
        )
        return found


def slug_of(value: object, names: Mapping[str, str], what: str) -> str:
    """A slug, or a name of one -> the slug."""
    said = text(value)
    named = names.get(folded(said))
    if named:
        return named
    lowered = said.casefold().replace(" ", "_")
    if (
        lowered
        and len(lowered) <= 64
        and lowered.isascii()
        and lowered.replace("_", "").replace("-", "").isalnum()
    ):
        return lowered
    known = ", ".join(sorted(set(names.values()))[:20])
    example = f"like {_EXAMPLES.get(what, 'naver_blog')}" + (f" ({known})" if known else "")
    raise unknown_word(said, names, f"a {what} slug {example}, or its meaning in a mapping: values.{what}")


_EXAMPLES = {"branch": "gangnam", "via": "phone", "stage": "waiting", "metric": "satisfaction"}


def records_of(rows: Iterable[Row], columns: Columns) -> Iterator[Record | Refusal]:
    """The rows below the header -> records; rows that are broken or do not fit the header are refused."""
    for row in rows:
        if row.broken:
            yield Refusal(row.line, "", row.broken, "one row a line, saved as CSV UTF-8 or .xlsx")
            continue
        cells = row.cells
        if len(cells) > columns.width and any(cell not in (None, "") for cell in cells[columns.width :]):
            found = f"{len(cells)} cells under {columns.width} columns"
            yield Refusal(
                row.line,
                "",
                found,
                'as many cells as the header has; put a cell with the delimiter in "quotes"',
            )
            continue
        if _repeats_header(cells, columns):
            continue
        yield Record(row.line, cells, columns)


def _repeats_header(cells: list[Any], columns: Columns) -> bool:
    """A header that stands again in the middle, as in printed lists."""
    wanted = list(columns.of.values())
    return all(
        index < len(cells) and str(cells[index] or "").strip() == header for index, header, _ in wanted
    )

"""Which inclusive local days a row is about: its own columns, else what was said of the whole file."""

from __future__ import annotations

from datetime import date

from streams.collectors.importers.cells import Unreadable, day, month
from streams.collectors.importers.records import Reader, refused_cell


def period(reader: Reader) -> tuple[date, date]:
    """A row -> the first and last day of its 일자, of its 월, or from its 시작일 to its 종료일."""
    record, defaults = reader.record, reader.setting.defaults
    if record.get("day") is not None:
        single: date = reader.needed("day", day)
        return single, single
    if record.get("month") is not None:
        whole: tuple[date, date] = reader.needed("month", month)
        return whole
    if record.get("period_start") is None and "period_start" not in defaults:
        fix = "시작일 and 종료일, 월 or 일자; for the whole file --since and --until"
        field = next((name for name in ("period_start", "month", "day") if record.has(name)), "period_start")
        raise refused_cell(record, field, Unreadable("nothing", fix))
    first: date = reader.needed("period_start", day)
    last: date = reader.cell("period_end", day, first)
    if last < first:
        raise refused_cell(
            record, "period_end", Unreadable(f"{last} before {first}", "a day on or after the first")
        )
    return first, last

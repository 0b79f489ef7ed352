"""How often keywords are searched for, from a keyword planner or a list of one's own -> search_volume_measured.

A month is a row's (월), a column's (Searches: Oct 2025), or that of the whole file (--since). PC and mobile are added
up. Whose a keyword is stands in 브랜드 and 자사; without them a keyword that holds one of the site's brand keywords is its
own, and any other is a brand by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from streams.collectors.importers.cells import Unreadable, count, day, folded, month, only_set, text, word
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Outcome, Setting
from streams.collectors.importers.records import Reader, refused_cell

_OWN = {
    folded(said): meant
    for meant, words in {
        "yes": "예 네 y yes true 1 자사 우리 o own",
        "no": "아니오 아니요 n no false 0 경쟁 경쟁사 타사 x other competitor",
    }.items()
    for said in words.split()
}
FEWER_THAN_TEN = 5
"""What "< 10" is taken for: planners tell no more of small numbers."""


def search_volumes(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of keywords -> search_volume_measured drafts, one a month."""
    for record in records:
        reader = Reader(record, setting)
        yield from reader.read(lambda reader=reader: _volumes(reader))  # type: ignore[misc]


def _volumes(reader: Reader) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    keyword = reader.cell("keyword", text)
    if not keyword:
        raise refused_cell(record, "keyword", Unreadable("nothing", "what was searched for"))
    own, brand = _brand(reader, keyword)
    for first, volume in _months(reader):
        said = first.strftime("%Y-%m")
        body: dict[str, Any] = only_set(
            type="search_volume_measured",
            site=setting.site,
            occurred_at=datetime(first.year, first.month, 1, tzinfo=setting.zone).isoformat(),
            keyword=keyword,
            brand=brand,
            own=own,
            volume=volume,
            month=said,
        )
        yield Draft(record.line, body, (keyword, brand, said))


def _brand(reader: Reader, keyword: str) -> tuple[bool, str]:
    """Whether the keyword is the site's own, and of which brand."""
    named = reader.cell("brand", text)
    held = [one for one in reader.setting.brands if folded(one) and folded(one) in folded(named or keyword)]
    own = reader.cell("own", lambda value: word(value, reader.words("own", _OWN), "own (예 or 아니오)"))
    is_own = own == "yes" if own else bool(held)
    return is_own, named or (reader.setting.brands[0] if is_own and held else keyword)


def _months(reader: Reader) -> list[tuple[date, int]]:
    """The row's months with their volumes; a cell that is empty or a dash says nothing."""
    record = reader.record
    wide = sorted(field for field in record.columns.of if field.startswith("in_"))
    if wide:
        said = [(date.fromisoformat(f"{field[3:]}-01"), reader.cell(field, _volume)) for field in wide]
        return [(first, volume) for first, volume in said if volume is not None]
    parts = [reader.cell(field, _volume) for field in ("volume_pc", "volume_mobile")]
    known = [part for part in parts if part is not None] or [reader.cell("volume", _volume)]
    if known == [None]:
        field = next((name for name in ("volume", "volume_pc") if record.has(name)), "volume")
        raise refused_cell(record, field, Unreadable("nothing", "how often it was searched for, like 1,600"))
    if record.get("month") is not None:
        first: date = reader.needed("month", month)[0]
    elif "period_start" in reader.setting.defaults:
        first = reader.needed("period_start", day).replace(day=1)
    else:
        raise refused_cell(record, "month", Unreadable("nothing", "월, or for the whole file --since"))
    return [(first, sum(part for part in known if part is not None))]


def _volume(value: object) -> int | None:
    said = text(value)
    if said in ("", "-", "–"):
        return None
    if re.fullmatch(r"<\s*10", said):
        return FEWER_THAN_TEN
    return count(value)

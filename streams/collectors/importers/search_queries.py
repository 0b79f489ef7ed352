"""What a search engine's console says of queries (Search Console, Naver Search Advisor) -> search_query_measured.

Consoles export sums over the days that were chosen on their page and do not say which: then the import is told
(--since and --until, or the mapping's defaults). A file that tells places among the results is Search Console's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from streams.collectors.importers.cells import Unreadable, count, folded, only_set, text, word
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Outcome, Setting, Skipped
from streams.collectors.importers.periods import period
from streams.collectors.importers.records import Reader, refused_cell
from streams.collectors.privacy import names_somebody

ENGINES = {
    folded(said): engine
    for engine, words in {
        "google": "구글 google googlesearchconsole",
        "naver": "네이버 naver searchadvisor",
        "other": "기타 그외 다음 daum bing 빙 other",
    }.items()
    for said in words.split()
}


def search_queries(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a console's export -> search_query_measured drafts."""
    for record in records:
        reader = Reader(record, setting)
        if names_somebody(str(record.get("query") or "")):
            yield Skipped(record.line, "a query that names somebody")
            continue
        yield from reader.read(lambda reader=reader: _query(reader))  # type: ignore[misc]


def _query(reader: Reader) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    query = reader.cell("query", text)
    if not query:
        raise refused_cell(record, "query", Unreadable("nothing", "what was searched for"))
    engine = _engine(reader)
    first, last = period(reader)
    body: dict[str, Any] = only_set(
        type="search_query_measured",
        site=setting.site,
        occurred_at=datetime(first.year, first.month, first.day, tzinfo=setting.zone).isoformat(),
        query=query,
        engine=engine,
        clicks=reader.needed("clicks", count),
        impressions=reader.cell("impressions", count),
        period_start=first.isoformat(),
        period_end=last.isoformat(),
    )
    yield Draft(record.line, body, (engine, query, body["period_start"], body["period_end"]))


def _engine(reader: Reader) -> str:
    said: str | None = reader.cell(
        "engine", lambda value: word(value, reader.words("engine", ENGINES), "engine")
    )
    if said:
        return said
    if reader.record.has("position"):
        return "google"
    fix = "google, naver or other: in a column 검색엔진, or for the whole file with --engine"
    raise refused_cell(reader.record, "engine", Unreadable("nothing", fix))

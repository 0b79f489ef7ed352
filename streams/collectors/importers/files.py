"""A file of one of the kinds -> its outcomes, with the columns it was read by."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar, cast

from streams.collectors.importers.access_log import LONGEST_LINE, access_log
from streams.collectors.importers.asterisk import asterisk, master_columns
from streams.collectors.importers.calls import calls
from streams.collectors.importers.columns import HEADER_WITHIN_ROWS, Columns, Record, recognise
from streams.collectors.importers.drafts import Outcome, Refusal, Setting
from streams.collectors.importers.leads import leads
from streams.collectors.importers.mapping import FileMapping
from streams.collectors.importers.measures import measures
from streams.collectors.importers.messages import messages
from streams.collectors.importers.payments import payments
from streams.collectors.importers.records import records_of
from streams.collectors.importers.search_queries import search_queries
from streams.collectors.importers.search_volumes import search_volumes
from streams.collectors.importers.spend import spend
from streams.collectors.importers.tables import NotATable, Progress, Row, read_table

T = TypeVar("T")
TABLES: dict[str, Callable[[Iterable[Record], Setting], Iterator[Outcome]]] = {
    "calls": calls,
    "asterisk": asterisk,
    "leads": leads,
    "measures": measures,
    "messages": messages,
    "payments": payments,
    "search-queries": search_queries,
    "search-volumes": search_volumes,
    "spend": spend,
}


@dataclass
class OpenFile:
    """A file being read: its outcomes, once; `lines` counts the rows gone by."""

    kind: str
    columns: Columns | None
    outcomes: Iterator[Outcome] = field(default_factory=lambda: iter(()))
    lines: int = 0

    def fingerprint(self) -> str:
        """What a preview of this file is accepted for."""
        return self.columns.fingerprint() if self.columns else self.kind


def open_file(
    kind: str, path: Path, setting: Setting, mapping: FileMapping, *, progress: Progress | None = None
) -> OpenFile:
    """A file -> its outcomes; raises NotATable or UnknownColumns when it cannot be read as this kind."""
    if kind == "access-log":
        try:
            cookie_field = int(mapping.columns.get("visitor_id", "1"))
        except ValueError:
            raise NotATable(
                "columns.visitor_id of an access log is the number of the extra field, from 1"
            ) from None
        opened = OpenFile(kind, None)
        opened.outcomes = access_log(
            _counted(log_lines(path, progress), opened), setting, cookie_field=cookie_field
        )
        return opened
    rows = read_table(
        path, sheet=mapping.sheet, delimiter=mapping.delimiter, encoding=mapping.encoding, progress=progress
    )
    head = list(itertools.islice(rows, HEADER_WITHIN_ROWS + 1))
    columns = master_columns(head[0].cells) if kind == "asterisk" and head else None
    if columns is None:
        readable = [(row.line, row.cells) for row in head if not row.broken]
        columns = recognise(kind, readable, mapping.columns, mapping.ignore)
    below = (row for row in itertools.chain(head, rows) if row.line > columns.header_line)
    opened = OpenFile(kind, columns)
    opened.outcomes = _outcomes(TABLES[kind], _counted(below, opened), columns, setting)
    return opened


def _outcomes(
    importer: Callable[[Iterable[Record], Setting], Iterator[Outcome]],
    rows: Iterable[Row],
    columns: Columns,
    setting: Setting,
) -> Iterator[Outcome]:
    """The importer's outcomes, with the refusals of broken rows between them."""
    refused: list[Refusal] = []

    def records() -> Iterator[Record]:
        for one in records_of(rows, columns):
            if isinstance(one, Record):
                yield one
            else:
                refused.append(one)

    for outcome in importer(records(), setting):
        if refused:
            yield from refused
            refused.clear()
        yield outcome
    yield from refused


def _counted(rows: Iterable[T], opened: OpenFile) -> Iterator[T]:
    for row in rows:
        opened.lines += 1
        yield row


def log_lines(path: Path, progress: Progress | None = None) -> Iterator[tuple[int, str]]:
    """A log, gzipped or not -> its numbered lines; the rest of an overlong line is passed over, the line stays too long."""
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    with cast(IO[bytes], gzip.open(path) if packed else path.open("rb")) as file:
        number = 0
        try:
            while line := file.readline(LONGEST_LINE + 2):
                number += 1
                if progress:
                    progress(len(line))
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                        if progress:
                            progress(len(rest))
                yield number, line.decode("utf-8", "replace").rstrip("\r\n")
        except (OSError, EOFError, zlib.error) as error:
            raise NotATable(f"{path.name} breaks off after line {number} ({type(error).__name__})") from None

"""CSV and XLSX files -> rows of cells, streaming, with bounds on everything that a hostile file could blow up."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

LONGEST_LINE = 1 << 20
LONGEST_FIELD = 1 << 16
MOST_COLUMNS = 512
LARGEST_PART = 512 << 20
LARGEST_SHARED_STRINGS = 128 << 20
MOST_PARTS = 2_000
LARGEST_RATIO = 300

Progress = Callable[[int], None]


class NotATable(ValueError):
    """A file that cannot be read as a table at all; the message says what it is and how to save it."""


class Row(NamedTuple):
    """One row: its first line in the file (or row in the sheet), its cells, and what is wrong with it, if anything."""

    line: int
    cells: list[Any]
    broken: str = ""


def read_table(
    path: Path,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> Iterator[Row]:
    """A file -> its rows, blank ones left out. `progress` hears the bytes (CSV) or rows (XLSX) read."""
    with path.open("rb") as file:
        head = file.read(8192)
    if head.startswith(b"PK\x03\x04"):
        return _sheet_rows(path, sheet, progress)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotATable(f"{path.name} is an old .xls workbook (or has a password): save it as .xlsx or CSV")
    if re.match(rb"\s*(<!doctype|<html|<\?xml|<table|<meta)", head, re.IGNORECASE):
        raise NotATable(f"{path.name} is a web page named like a table: open it and save it as .xlsx or CSV")
    if head.startswith(b"%PDF"):
        raise NotATable(f"{path.name} is a PDF: export the table as CSV or .xlsx")
    return _csv_rows(path, delimiter, encoding or encoding_of(path), progress)


# --- CSV -------------------------------------------------------------------------------------------------------


def encoding_of(path: Path) -> str:
    """A text file -> its encoding.

    Its byte order mark, else UTF-8 where every byte fits, else CP949, else whichever of the two breaks fewer
    characters in the first 4 MB.
    """
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        for encoding in ("utf-8", "cp949"):
            file.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while block := file.read(1 << 20):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
        file.seek(0)
        sample = file.read(4 << 20)
    return min(("utf-8", "cp949"), key=lambda name: sample.decode(name, errors="replace").count("\ufffd"))


def _csv_rows(path: Path, delimiter: str | None, encoding: str, progress: Progress | None) -> Iterator[Row]:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise NotATable(f"unknown encoding '{encoding[:40]}': one of utf-8, cp949, utf-16") from None
    csv.field_size_limit(LONGEST_FIELD)
    with path.open("rb") as raw:
        lines = _Lines(raw, encoding, progress)
        first = lines.peek()
        reader = csv.reader(lines, delimiter=delimiter or sniffed(first))
        while True:
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                what = str(error)
                if "field limit" in what or "unexpected end" in what:
                    what = f'a cell longer than {LONGEST_FIELD:,} characters: a quote (") is opened and never closed?'
                yield Row(line, [], what)
                continue
            if lines.broken:
                broken, lines.broken = lines.broken, ""
                yield Row(line, [], broken)
            elif len(cells) > MOST_COLUMNS:
                yield Row(line, [], f"{len(cells):,} columns; at most {MOST_COLUMNS}")
            elif any(cells):
                yield Row(line, cells)


def sniffed(line: str) -> str:
    """The first lines of a file -> its delimiter: the one of , tab ; | that stands in them most often."""
    outside = re.sub(r'"[^"]*"', "", line)
    return max(",\t;|", key=lambda mark: (outside.count(mark), mark == ","))


class _Lines(Iterator[str]):
    """Text lines for the csv reader: long ones are cut and marked as broken instead of filling the memory."""

    def __init__(self, raw: io.BufferedIOBase, encoding: str, progress: Progress | None) -> None:
        self.number = 0
        self.broken = ""
        self._progress = progress
        self._ahead: list[str] = []
        self._text: io.TextIOWrapper = io.TextIOWrapper(raw, encoding, errors="replace", newline="")  # type: ignore[arg-type]

    def peek(self) -> str:
        """The first lines with anything in them, read ahead for the delimiter."""
        sample = ""
        for _ in range(5):
            line = self._text.readline(LONGEST_LINE + 1)
            if not line:
                break
            self._ahead.append(line)
            sample += line[:4096]
        return sample

    def __next__(self) -> str:
        line = self._ahead.pop(0) if self._ahead else self._text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if self._progress:
            self._progress(len(line))
        if len(line) > LONGEST_LINE and not line.endswith("\n"):
            self.broken = f"a line longer than {LONGEST_LINE:,} characters"
            while line and not line.endswith(("\n", "\r")):
                line = self._ahead.pop(0) if self._ahead else self._text.readline(LONGEST_LINE)
                if self._progress:
                    self._progress(len(line))
            return "\n"
        return line


# --- XLSX ------------------------------------------------------------------------------------------------------


def check_workbook(path: Path) -> None:
    """Refuses a workbook whose parts would unpack to more than they may (a zip bomb) before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise NotATable(f"{path.name} has {len(parts):,} parts; at most {MOST_PARTS:,}")
            if not any(part.filename == "xl/workbook.xml" for part in parts):
                raise NotATable(f"{path.name} is a zip file, not an .xlsx workbook")
            for part in parts:
                limit = LARGEST_SHARED_STRINGS if "sharedStrings" in part.filename else LARGEST_PART
                ratio = part.file_size / max(part.compress_size, 1)
                if part.file_size > limit or (part.file_size > 16 << 20 and ratio > LARGEST_RATIO):
                    raise NotATable(
                        f"{path.name} unpacks to {part.file_size:,} bytes in one part: too large to be a real table; "
                        "save it as CSV"
                    )
                if part.flag_bits & 1:
                    raise NotATable(f"{path.name} is protected by a password: save it without one")
    except zipfile.BadZipFile:
        raise NotATable(f"{path.name} is damaged: open it and save it again as .xlsx or CSV") from None


def _sheet_rows(path: Path, sheet: str | None, progress: Progress | None) -> Iterator[Row]:
    import openpyxl

    check_workbook(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever its parsers raise
        raise NotATable(
            f"{path.name} cannot be opened as a workbook ({type(error).__name__}): save it as CSV"
        ) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise NotATable(f"{path.name} has no sheet '{sheet}'; it has {', '.join(book.sheetnames[:20])}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        page.reset_dimensions()
        rows = page.iter_rows(values_only=True, max_col=MOST_COLUMNS)
        number = 0
        while True:
            number += 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001
                raise NotATable(
                    f"{path.name}: the sheet breaks off at row {number} ({type(error).__name__})"
                ) from None
            if progress:
                progress(1)
            if any(cell is not None and cell != "" for cell in cells):
                yield Row(number, list(cells))
    finally:
        book.close()

"""Published views -> files for other tools, Parquet or CSV: asked as a reader, in pieces, whole or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from clickhouse.surface import PARAMETERS, public_views, view_columns
from infra.whole_files import whole
from streams.collectors.importers.cells import RUN_BY_SPREADSHEETS

Form = Literal["parquet", "csv"]
MOST_ROWS_A_PIECE: Final = 250_000
_TEXTS: Final = ("String", "LowCardinality(String)")
_STARTS: Final = ", ".join(
    "'" + start.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n") + "'"
    for start in RUN_BY_SPREADSHEETS
)


class ExportRefused(Exception):
    """Why a view cannot be exported as asked, in words for people."""


class Asked(NamedTuple):
    """What is exported of a view; `parameters` are those of a view that takes some, "" and None no condition."""

    site: str = ""
    run: str = ""
    parameters: Mapping[str, Any] = {}


def exportable() -> list[str]:
    """The views there are to export: all that are published."""
    return public_views()


def export_view(
    client: Any, view: str, out: Path, form: Form, asked: Asked, say: Callable[[int, int], None]
) -> int:
    """A view -> the file, replaced in one step; how many rows. `say` hears rows written and rows there are.

    Pieces of at most 250,000 rows, one query each: a run that is done is the same in all of them, of live every
    piece is as of its own moment. Raises ExportRefused for a view that is not published or a parameter it lacks.
    """
    if view not in exportable():
        raise ExportRefused(f"{view!r} is no view; there are: {', '.join(exportable())}")
    source, parameters = _source(view, asked)
    rows = int(client.query(f"SELECT count() FROM {source}", parameters=parameters).result_rows[0][0])
    pieces = max(1, -(-rows // MOST_ROWS_A_PIECE))
    say(0, rows)
    written = 0
    with whole(out) as draft, _PARQUET_OR_CSV[form](draft) as write:
        for number in range(pieces):
            written += write(client, _piece(view, source, form, pieces), {**parameters, "piece": number})
            say(written, rows)
    return written


def missing(view: str, asked: Asked) -> list[str]:
    """Which parameters of a view are not given."""
    return [name for name in PARAMETERS.get(view, {}) if asked.parameters.get(name) is None]


def _source(view: str, asked: Asked) -> tuple[str, dict[str, Any]]:
    """The view with its conditions, and their values."""
    names = {column.name for column in view_columns(view)}
    parameters: dict[str, Any] = {}
    call = f"headwater.{view}"
    if view in PARAMETERS:
        lacks = missing(view, asked)
        if lacks:
            raise ExportRefused(f"{view} needs {', '.join(lacks)}")
        parameters |= {name: asked.parameters[name] for name in PARAMETERS[view]}
        given = ", ".join(f"{name} = {{{name}:{form}}}" for name, form in PARAMETERS[view].items())
        call = f"{call}({given})"
    conditions = []
    for name, value in (("site", asked.site), ("run", asked.run)):
        if value and name in names and name not in parameters:
            conditions.append(f"{name} = {{asked_{name}:String}}")
            parameters[f"asked_{name}"] = value
    return call + (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def _piece(view: str, source: str, form: Form, pieces: int) -> str:
    columns = view_columns(view)
    shown = [_shown(column.name, column.type, form) for column in columns]
    joined = "AND" if " WHERE " in source else "WHERE"
    part = (
        f" {joined} cityHash64({', '.join(c.name for c in columns)}) % {pieces} = {{piece:UInt32}}"
        if pieces > 1
        else ""
    )
    return f"SELECT {', '.join(shown)} FROM {source}{part}"


def _shown(name: str, type_name: str, form: Form) -> str:
    """A column as it is written; in a CSV no text is one that a spreadsheet runs."""
    if form == "csv" and type_name in _TEXTS:
        return f"if(multiSearchAny(substringUTF8({name}, 1, 1), [{_STARTS}]), concat('\\'', {name}), {name}) AS {name}"
    if form == "csv" and type_name.startswith(("Array", "Map")):
        return f"toJSONString({name}) AS {name}"
    return name


Write = Callable[[Any, str, dict[str, Any]], int]


@contextmanager
def _parquet(draft: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_writer: list[Any] = []

    def write(client: Any, sql: str, parameters: dict[str, Any]) -> int:
        table = pa.ipc.open_stream(client.raw_query(sql, parameters=parameters, fmt="ArrowStream")).read_all()
        if not open_writer:
            open_writer.append(pq.ParquetWriter(draft, table.schema, compression="zstd"))
        open_writer[0].write_table(table)
        return int(table.num_rows)

    try:
        yield write
    finally:
        for writer in open_writer:
            writer.close()


@contextmanager
def _csv(draft: Path) -> Iterator[Write]:
    with draft.open("wb") as file:
        began = [False]

        def write(client: Any, sql: str, parameters: dict[str, Any]) -> int:
            content = client.raw_query(sql, parameters=parameters, fmt="CSVWithNames")
            header, _, rows = content.partition(b"\n")
            file.write(rows if began[0] else header + b"\n" + rows)
            began[0] = True
            return _rows_of(rows)

        yield write


def _rows_of(content: bytes) -> int:
    """Rows of a CSV whose texts may hold line ends."""
    import csv
    import io

    return sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


_PARQUET_OR_CSV: Final = {"parquet": _parquet, "csv": _csv}

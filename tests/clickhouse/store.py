"""Rows into private tables, and the public views read back as dictionaries."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

Row = dict[str, Any]

SCOREBOARD = (
    "SELECT * FROM headwater.channel_scoreboard(sites = {sites:Array(String)}, "
    "branches = {branches:Array(String)}, since = {since:Date}, until = {until:Date}, run = {run:String}, "
    "model = {model:String}) ORDER BY site, channel"
)


RULE_MODELS = ("first", "last", "linear", "time_decay", "position")


def put(
    client: Client, table: str, rows: Sequence[Mapping[str, Any]], version: int = 1, *, done: bool = True
) -> None:
    """Rows of the same columns -> a table, in one synchronous insert; then their runs may be seen, unless not `done`."""
    if not rows:
        return
    _insert(client, table, rows, version)
    if done and table not in ("run_rows", "run_part_rows"):
        for run in sorted({row["run"] for row in rows if "run" in row} - {"live"}):
            show(client, run)


def show(
    client: Client, run: str, *, models: Sequence[str] = RULE_MODELS, status: str = "done", version: int = 1
) -> None:
    """The row of a run that lets its rows be seen, or no longer."""
    row = {"run": run, "models": list(models), "status": status, "started_at": utc("2026-03-02T09:00:00")}
    _insert(client, "run_rows", [row], version)


def _insert(client: Client, table: str, rows: Sequence[Mapping[str, Any]], version: int) -> None:
    names = [*rows[0], *(["version"] if "version" not in rows[0] else [])]
    client.insert(
        table,
        [[{"version": version, **row}[name] for name in names] for row in rows],
        column_names=names,
        database="headwater",
        settings={"async_insert": 0},
    )


def read(client: Client, statement: str, **parameters: Any) -> list[Row]:
    """A statement with server-side parameters -> its rows."""
    answer = client.query(statement, parameters=parameters)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def scoreboard(
    client: Client,
    *,
    sites: Sequence[str] = (),
    branches: Sequence[str] = (),
    since: date,
    until: date,
    run: str = "live",
    model: str = "last",
) -> list[Row]:
    """The rows of channel_scoreboard."""
    return read(
        client,
        SCOREBOARD,
        sites=list(sites),
        branches=list(branches),
        since=since.isoformat(),
        until=until.isoformat(),
        run=run,
        model=model,
    )


def utc(text: str) -> datetime:
    """ISO time without a zone -> the instant in UTC."""
    return datetime.fromisoformat(text + "+00:00")

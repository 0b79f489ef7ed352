"""What the core publishes of a history, written into the real engine's private tables under a run of its own."""

from collections.abc import Sequence
from typing import Any

import orjson
from clickhouse_connect.driver.client import Client

from tests.published import INSTANTS, Row, folded


def publish(client: Client, run: str, catalog: Sequence[Row], events: Sequence[Row]) -> None:
    """A history -> the core's rows of it in every result table."""
    published, _ = folded(catalog, events)
    for table, rows in published.items():
        lines = b"\n".join(
            orjson.dumps({**_written(row), "run": run, "version": 1, "deleted": 0}) for row in rows.values()
        )
        client.raw_insert(f"headwater.{table}", insert_block=lines, fmt="JSONEachRow")


def _written(row: Row) -> Row:
    return {name: _seconds(value) if name in INSTANTS else value for name, value in row.items()}


def _seconds(micros: Any) -> Any:
    if isinstance(micros, list):
        return [one / 1e6 for one in micros]
    return None if micros is None else micros / 1e6

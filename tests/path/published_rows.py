"""What the core publishes of a history, written into the real engine's private tables under a run of its own."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from clickhouse_connect.driver.client import Client

from streams.domain.attribution import MODELS
from streams.domain.days import micros
from streams.domain.erasing import erased
from streams.domain.forgetting import Forgettings
from tests.published import INSTANTS, Row, folded


def publish(client: Client, run: str, catalog: Sequence[Row], events: Sequence[Row]) -> None:
    """A history -> the core's rows of it in every result table, and readers see them."""
    published, _ = folded(catalog, events)
    for table, rows in published.items():
        lines = b"\n".join(
            orjson.dumps({**_written(row), "run": run, "version": 1, "deleted": 0}) for row in rows.values()
        )
        client.raw_insert(f"headwater.{table}", insert_block=lines, fmt="JSONEachRow")
    if run != "live":
        show(client, run)


def _written(row: Row) -> Row:
    return {name: _seconds(value) if name in INSTANTS else value for name, value in row.items()}


def _seconds(micros: Any) -> Any:
    if isinstance(micros, list):
        return [one / 1e6 for one in micros]
    return None if micros is None else micros / 1e6


def show(client: Client, run: str) -> None:
    """Make a run of the five rule models one that readers see."""
    row = {"run": run, "settings": "{}", "models": list(MODELS), "status": "done", "version": 1}
    client.raw_insert("headwater.run_rows", insert_block=orjson.dumps(row), fmt="JSONEachRow")


def archive(client: Client, events: Sequence[Row]) -> None:
    """Events -> the archive as workers leave it, each at the offset of its place among them on partition 0."""
    forgotten: dict[str, Forgettings] = defaultdict(Forgettings)
    for event in events:
        if event["type"] == "person_forgotten":
            named = tuple(f"{kind}:{value}" for one in event["identifiers"] for kind, value in one.items())
            forgotten[event["site"]].note(event["event_id"], _at(event), named)
    lines = b"\n".join(
        orjson.dumps(
            {
                "site": event["site"],
                "event_id": event["event_id"],
                "type": event["type"],
                "branch": event.get("branch", ""),
                "occurred_at": datetime.fromisoformat(event["occurred_at"]).timestamp(),
                "partition": 0,
                "offset": offset,
                "payload": erased(orjson.dumps(event), _at(event), forgotten[event["site"]]),
                "version": 1,
            }
        )
        for offset, event in enumerate(events)
    )
    client.raw_insert("headwater.event_archive", insert_block=lines, fmt="JSONEachRow")


def _at(event: Row) -> int:
    return micros(datetime.fromisoformat(event["occurred_at"]))

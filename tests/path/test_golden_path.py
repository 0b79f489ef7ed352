"""The whole line on a real Kafka and the real engine: define, emit, and the field document's table read back."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from infra.commands.scoreboard import Asked, read_scoreboard
from infra.local import stack
from infra.observer import Observer
from infra.settings import Settings
from tests.path import field_example
from tests.path.conftest import headwater
from tests.path.expected import check_field_example

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SINCE, UNTIL = field_example.PERIOD
PERIOD = ("--site", field_example.SITE, "--since", SINCE.isoformat(), "--until", UNTIL.isoformat())


@pytest.fixture(scope="module")
def told(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same, once the field example went through define and emit and its last lead is in ClickHouse."""
    folder: Path = tmp_path_factory.mktemp("given")
    catalog, events = folder / "catalog.yaml", folder / "events.jsonl"
    catalog.write_text(json.dumps(field_example.catalog(), ensure_ascii=False), encoding="utf-8")
    events.write_text("\n".join(map(json.dumps, field_example.events())), encoding="utf-8")
    for arguments in (("define", str(catalog)), ("emit", str(events)), ("emit", str(events))):
        done = headwater(home, *arguments)
        assert done.returncode == 0, done.stderr
    client = stack.reader(home)
    try:
        deadline = time.monotonic() + 120
        expected = len(field_example.events())
        statement = "SELECT count() FROM headwater.events WHERE site = {site:String}"
        while client.query(statement, parameters={"site": field_example.SITE}).result_rows[0][0] < expected:
            assert time.monotonic() < deadline, "the events did not arrive in ClickHouse"
            time.sleep(0.2)
        while sum(row.registrations for row in board(client)) < 108:
            assert time.monotonic() < deadline, "the registrations did not arrive in ClickHouse"
            time.sleep(0.2)
    finally:
        client.close()
    return home


def board(client: Any) -> list[Any]:
    """The rows of the field example's whole period."""
    return read_scoreboard(client, Asked(field_example.SITE, SINCE, UNTIL))


def test_the_figures_of_the_page_come_out_of_the_sql_surface(told: Settings) -> None:
    client = stack.reader(told)
    check_field_example({row.channel: row for row in board(client)})
    client.close()


def test_the_command_gives_them_to_programs(told: Settings) -> None:
    answered = headwater(told, "scoreboard", *PERIOD, "--format", "json")
    assert answered.returncode == 0, answered.stderr
    rows = {row["channel"]: row for row in json.loads(answered.stdout)}
    assert rows["referral"]["roi"] == "inf"
    assert rows["unattributed"]["cac"] is None
    assert int(rows["naver_blog"]["cac"]) == 285_714


def test_the_command_gives_them_to_people(told: Settings) -> None:
    answered = headwater(told, "scoreboard", *PERIOD, "--language", "en")
    assert answered.returncode == 0, answered.stderr
    assert "10.8 → 12.2" in answered.stdout
    assert "increase, 5 of 5" in answered.stdout


def test_the_observer_reads_the_lag_and_the_collector(home: Settings) -> None:
    client = stack.writer(home)
    try:
        assert asyncio.run(Observer(home, client).observe()) > 0
        found = dict(
            client.query("SELECT name, argMax(value, at) FROM headwater.pipeline GROUP BY name").result_rows
        )
    finally:
        client.close()
    assert found["answers"] == 1
    assert found["lag_events_total"] >= 0
    assert {"spool_records", "requests_total"} <= set(found)

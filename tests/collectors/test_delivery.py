"""Acknowledged means safe: in the log, else in the spool, which comes into the log with nothing changed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.collectors.edge import CollectorSettings
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Broker, Door, until
from tests.collectors.test_http import NO_SPOOL, ask, post, visit

NOWHERE = ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)
ANY_DISK = SpoolSettings(free_share=0.0)


def started(home: Path, producer: ProducerSettings, spool: SpoolSettings = ANY_DISK) -> Door:
    settings = CollectorSettings(home=home, port=0, producer=producer, spool=spool)
    return Door(settings, clock=lambda: NOW)


def figure(door: Door, name: str) -> float:
    """A number of /metrics."""
    page = ask(door, "GET", "/metrics")[2].decode()
    (line,) = [line for line in page.splitlines() if line.startswith(f"headwater_collector_{name} ")]
    return float(line.rpartition(" ")[2])


def test_without_the_log_the_spool_acknowledges_and_says_so(offline: Door) -> None:
    key, before = offline.key(), figure(offline, "spool_records")
    events = [visit(), visit(phone="nobody"), visit()]
    status, answer = post(offline, events, key)
    assert (status, answer["durability"]) == (202, "spool")
    assert answer["accepted"] == [events[0]["event_id"], events[2]["event_id"]]
    assert [one["index"] for one in answer["rejected"]] == [1]
    assert post(offline, events[0], key)[1]["duplicate"] == [events[0]["event_id"]]
    assert figure(offline, "spool_records") == before + 3
    assert figure(offline, "log_up") == 0
    status, _, told = ask(offline, "GET", "/ready")
    assert (status, json.loads(told)) == (200, {"status": "ready", "log": "away"})


def test_the_spool_holds_no_phone_and_no_address(offline: Door) -> None:
    canaries = ["010-7321-4321", "canary@secret.kr"]
    assert post(offline, visit(phone=canaries[0], email=canaries[1]), offline.key())[0] == 202
    held = b"".join(path.read_bytes() for path in offline.home.rglob("*") if path.is_file())
    assert b"visit_seen" in held
    for canary in ("010-7321-4321", "01073214321", "+821073214321", "canary@secret.kr"):
        assert canary.encode() not in held


def test_both_full_is_503_before_and_after_and_ready_says_so(tmp_path: Path) -> None:
    small = SpoolSettings(most_bytes=(1 << 20) + 4_000, free_share=0.0)
    door = started(tmp_path, NOWHERE, small)
    try:
        key = door.key()
        assert post(door, [visit() for _ in range(5)], key)[1]["durability"] == "spool"
        statuses = [post(door, [visit() for _ in range(10)], key)[0] for _ in range(5)]
        assert statuses[-1] == 503 and set(statuses) <= {202, 503}
        status, headers, _ = ask(door, "GET", "/ready")
        assert (status, int(headers["Retry-After"]) >= 1) == (503, True)
        assert figure(door, "spool_open") == 0
        assert ask(door, "GET", "/health")[0] == 200
    finally:
        door.stop()


def test_the_disk_floor_closes_the_spool(tmp_path: Path) -> None:
    door = started(tmp_path, NOWHERE, SpoolSettings(free_share=1.0))
    try:
        assert ask(door, "GET", "/ready")[0] == 503
        assert post(door, visit(), door.key())[0] == 503
    finally:
        door.stop()


@pytest.mark.stack
def test_what_the_spool_acknowledged_comes_into_the_log_in_order_and_unchanged(
    broker: Broker, tmp_path: Path
) -> None:
    producer = ProducerSettings(brokers=broker.settings.bootstrap, delivery_seconds=2.0)
    site = "spooled"
    door = started(tmp_path, producer)
    sent: list[dict[str, Any]] = []
    try:
        key = door.key(site)

        def say(count: int) -> str:
            lot = [visit(site=site, phone="010-1234-5678") for _ in range(count)]
            status, answer = post(door, lot, key)
            assert (status, len(answer["accepted"])) == (202, count)
            sent.extend(lot)
            return str(answer.get("durability", "log"))

        assert say(3) == "log"
        broker.freeze()
        try:
            assert [say(100) for _ in range(6)] == ["spool"] * 6
            assert figure(door, "spool_records") >= 600
            door.stop()
            door = started(tmp_path, replace(producer, brokers="127.0.0.1:9"))
            assert figure(door, "spool_records") >= 600
            assert say(2) == "spool"
            door.stop()
        finally:
            broker.thaw()
        door = started(tmp_path, producer)
        until(lambda: figure(door, "spool_records") == 0)
        until(lambda: figure(door, "spool_bytes") == 0)
        assert say(1) == "log"
    finally:
        door.stop()
    values = [value for value in broker.values("headwater.events") if value["site"] == site]
    first_of = {value["event_id"]: value for value in reversed(values)}
    assert list(dict.fromkeys(value["event_id"] for value in values)) == [one["event_id"] for one in sent]
    for value in values:
        assert value == first_of[value["event_id"]]  # once more, and then byte for byte, where nobody knew
    assert {value["received_at"] for value in values} == {"2026-03-02T03:00:00.000000Z"}


@pytest.mark.stack
def test_a_spool_of_another_process_is_left_alone_and_taken_over_when_it_ends(
    broker: Broker, tmp_path: Path
) -> None:
    first = started(tmp_path, NOWHERE)
    second = started(tmp_path, NOWHERE)
    try:
        assert post(second, visit(), second.key())[0] == 503
        assert post(first, visit(), first.key())[0] == 202
        first.stop()
        until(lambda: post(second, visit(), second.key())[0] == 202)
        assert figure(second, "spool_records") == 2
    finally:
        second.stop()


def test_no_spool_is_no_spool(tmp_path: Path) -> None:
    door = started(tmp_path, NOWHERE, NO_SPOOL)
    try:
        assert post(door, visit(), door.key())[0] == 503
        assert not list(tmp_path.rglob("*.spool"))
    finally:
        door.stop()

"""The catalog as the doors know it: newest wins, at once where it was defined, soon elsewhere, and without a log."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from schemas.catalog import QrCodeEntry
from schemas.doors import admit_entry
from streams.collectors.answers import Answer
from streams.collectors.definitions import Definitions
from streams.collectors.edge import CollectorSettings
from streams.collectors.entries import EntriesRefused
from streams.collectors.producer import ProducerSettings
from tests.collectors.conftest import NOW, Broker, Door, until


def code(site: str, id: str, minute: int = 0, **fields: Any) -> Any:
    """A QR code as somebody defined it."""
    at = f"2026-03-02T02:{minute:02d}:00Z"
    return admit_entry({"site": site, "kind": "qr_code", "id": id, "defined_at": at, **fields}, now=NOW)


def test_the_newest_wins_in_any_order_and_the_version_grows_with_each_change(tmp_path: Path) -> None:
    entries = [code("clinic", "a", minute, destination=f"https://clinic.kr/{minute}") for minute in range(6)]
    dice = random.Random(3)
    for _ in range(20):
        dice.shuffle(entries)
        definitions = Definitions(tmp_path)
        for entry in entries:
            before, held = definitions.version, definitions.entry("clinic", "qr_code", "a")
            definitions.learn([entry])
            changed = held is None or entry.defined_at > held.defined_at
            assert (definitions.version > before) is changed
        found = definitions.code("a")
        assert found is not None and (found[0], str(found[1].destination)) == (
            "clinic",
            "https://clinic.kr/5",
        )


def test_the_file_holds_them_for_a_start_without_a_log(tmp_path: Path) -> None:
    definitions = Definitions(tmp_path)
    definitions.learn([code("clinic", "a"), code("other", "b"), code("other", "c", disabled=True)])
    asyncio.run(definitions.keep())
    later = Definitions(tmp_path)
    assert later.sites() == ["clinic", "other"]
    assert [entry.id for entry in later.entries("other", "qr_code")] == ["b", "c"]
    assert later.entries("other", "qr_code") == definitions.entries("other", "qr_code")
    assert later.code("a") == ("clinic", code("clinic", "a"))
    assert later.entry("clinic", "qr_code", "b") is None and later.code("nothing") is None
    file = tmp_path / "collector" / "definitions.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(file.read_bytes()[:-20] + b'\n\xff{"site": 1}\n[]\n')
    assert Definitions(tmp_path).sites() == ["clinic", "other"]


def test_without_a_log_nothing_is_defined(offline: Door) -> None:
    with pytest.raises(Answer) as refused:
        asyncio.run(offline.collector.edge.define([{"site": "clinic", "kind": "qr_code", "id": "a"}]))
    assert refused.value.status == 503
    assert offline.collector.edge.definitions.code("a") is None


@pytest.mark.stack
def test_one_door_defines_and_every_other_knows_it(broker: Broker, tmp_path: Path) -> None:
    def started(name: str) -> Door:
        producer = ProducerSettings(brokers=broker.settings.bootstrap)
        return Door(CollectorSettings(home=tmp_path / name, port=0, producer=producer), clock=lambda: NOW)

    def define(door: Door, *bodies: dict[str, Any]) -> Any:
        return door._run(door.collector.edge.define(list(bodies)))

    first, second = started("first"), started("second")
    try:
        body = {"site": "defs", "kind": "qr_code", "id": "defs-a", "destination": "https://clinic.kr/a"}
        assert [entry.id for entry in define(first, body)] == ["defs-a"]
        own = first.collector.edge.definitions.code("defs-a")
        assert own is not None and isinstance(own[1], QrCodeEntry)
        known = second.collector.edge.definitions
        until(lambda: known.code("defs-a") is not None)
        assert known.code("defs-a") == own
        assert known.entries("defs", "qr_code") == [own[1]]
        with pytest.raises(EntriesRefused, match="1 problem"):
            define(second, body | {"site": "thief"})
        with pytest.raises(EntriesRefused):
            define(second, body, {"site": "defs", "kind": "no such kind", "id": "x"})
        assert known.code("defs-a") == own and known.entries("thief", "qr_code") == []
    finally:
        first.stop()
        second.stop()
    third = started("first")
    try:
        assert third.collector.edge.definitions.code("defs-a") == own
    finally:
        third.stop()


@pytest.mark.stack
def test_what_the_log_does_not_hold_is_forgotten_once_it_is_read(broker: Broker, tmp_path: Path) -> None:
    stale = Definitions(tmp_path)
    stale.learn([code("of-another-log", "stale")])
    asyncio.run(stale.keep())
    producer = ProducerSettings(brokers=broker.settings.bootstrap)
    door = Door(CollectorSettings(home=tmp_path, port=0, producer=producer), clock=lambda: NOW)
    try:
        until(lambda: door.collector.edge.definitions.code("stale") is None)
        assert "of-another-log" not in door.collector.edge.definitions.sites()
    finally:
        door.stop()

"""A snapshot saves folding again and changes nothing; in doubt it is thrown away."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from schemas.topics import EVENTS, partition_of
from streams import snapshots
from streams.agents.follower import Follower
from streams.sinks.clickhouse_sink import Step
from streams.snapshots import Snapshots
from tests.reference.histories import random_history

PARTITIONS = 4


def of_center(seed: int) -> list[ConsumerRecord]:
    """A history's events of one site, as records of its partition."""
    _, events = random_history(seed, 60)
    number = partition_of("center", PARTITIONS)
    mine = [event for event in events if event["site"] == "center"]
    return [
        ConsumerRecord(EVENTS.name, number, offset, 0, 0, b"center", orjson.dumps(event), None, 0, 0, ())
        for offset, event in enumerate(mine)
    ]


def follower() -> Follower:
    return Follower(partition_of("center", PARTITIONS), PARTITIONS, 1)


@pytest.mark.parametrize("seed", range(12))
def test_going_on_from_a_snapshot_is_going_on(seed: int, tmp_path: Path) -> None:
    records = of_center(seed)
    cut = random.Random(seed).randrange(1, len(records))
    kept, saved = follower(), Snapshots(tmp_path)
    kept.fold_only(records[:cut])
    kept.settle_only()
    saved.save(kept.number, kept.snapshot())
    restored = follower()
    snapshot = saved.load(kept.number, PARTITIONS, cut, 0)
    assert snapshot is not None
    assert snapshot.mark == snapshots.mark_of(records[cut - 1].value)
    restored.restore(snapshot)
    after: list[Any] = []
    for one in (kept, restored):
        step = Step(one.number, cut, len(records), 0, 0, 1, False)
        written = one.advance(records[cut:], step)
        after.append(
            ({table: sorted(map(repr, rows)) for table, rows in written.rows.items()}, written.dead_letters)
        )
    assert after[0] == after[1]


def saved_one(directory: Path) -> tuple[Snapshots, int, int]:
    records = of_center(1)
    one = follower()
    one.fold_only(records)
    one.settle_only()
    store = Snapshots(directory)
    store.save(one.number, one.snapshot())
    return store, one.number, len(records)


def test_a_snapshot_past_what_is_written_is_not_taken(tmp_path: Path) -> None:
    store, number, end = saved_one(tmp_path)
    assert store.load(number, PARTITIONS, end - 1, 0) is None
    assert store.load(number, PARTITIONS, end, 0) is not None


@pytest.mark.parametrize("place", [0, 30, 60, 5_000, -1])
def test_a_changed_byte_throws_it_away(tmp_path: Path, place: int) -> None:
    store, number, end = saved_one(tmp_path)
    (file,) = tmp_path.iterdir()
    held = bytearray(file.read_bytes())
    held[place] ^= 1
    file.write_bytes(held)
    assert store.load(number, PARTITIONS, end, 0) is None
    assert not file.exists()


def test_other_code_throws_it_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, number, end = saved_one(tmp_path)
    monkeypatch.setattr(snapshots, "code_version", lambda: b"another version")
    assert store.load(number, PARTITIONS, end, 0) is None


def test_another_number_of_partitions_throws_it_away(tmp_path: Path) -> None:
    store, number, end = saved_one(tmp_path)
    assert store.load(number, PARTITIONS * 2, end, 0) is None


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "snapshots"
    saved_one(directory)
    (file,) = directory.iterdir()
    assert (directory.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)

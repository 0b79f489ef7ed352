"""The spool's files: what was acknowledged survives every cut, every flipped byte costs one record at most."""

import asyncio
import errno
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.collectors.producer import Record
from streams.collectors.spool import (
    MARKER,
    Journal,
    Spool,
    SpoolFull,
    SpoolSettings,
    payload_of,
    record_of,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ROOMY = SpoolSettings(free_share=0.0)


def record(number: int, size: int = 20) -> Record:
    return Record("headwater.events", b"clinic", b"%d:" % number + b"x" * size)


def payloads(*numbers: int) -> list[bytes]:
    return [payload_of(record(number), NOW) for number in numbers]


def opened(directory: Path, limits: SpoolSettings = ROOMY) -> Journal:
    journal = Journal(directory, limits)
    assert journal.open()
    return journal


def everything(journal: Journal, at_once: int = 3) -> list[int]:
    """Reads and removes all there is -> the numbers of the records."""
    found = []
    while (lot := journal.read(at_once, 1 << 20)) is not None:
        found += [int(one.value.partition(b":")[0]) for one in lot.records]
        journal.remove(lot)
    return found


def segment(directory: Path) -> Path:
    (file,) = directory.glob("*.spool")
    return file


@contextmanager
def left_behind(directory: Path, lots: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """A directory as a killed process leaves it -> the durable size after each lot."""
    journal = opened(directory)
    sizes = [0]
    for lot in lots:
        journal.write(payloads(*lot))
        sizes.append(segment(directory).stat().st_size)
    journal.close()
    yield sizes


def reopened(content: bytes, name: str, directory: Path) -> Journal:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / name).write_bytes(content)
    return opened(directory)


def test_a_record_comes_back_as_it_was() -> None:
    said = Record("headwater.dead-letters", b"", bytes(range(256)))
    assert record_of(payload_of(said, NOW)) == (said, NOW)


@given(
    lots=st.lists(st.integers(1, 5), max_size=20),
    at_once=st.integers(1, 7),
    segment_bytes=st.integers(1, 600),
)
@settings(max_examples=25, deadline=None)
def test_records_come_in_order_once_over_any_number_of_segments_and_processes(
    tmp_path_factory: pytest.TempPathFactory, lots: list[int], at_once: int, segment_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("spool")
    limits = SpoolSettings(segment_bytes=segment_bytes, free_share=0.0)
    journal, written, found = opened(directory, limits), 0, []
    for turn, count in enumerate(lots):
        journal.write(payloads(*range(written, written + count)))
        written += count
        if turn % 3 == 1:
            lot = journal.read(at_once, 1 << 20)
            assert lot is not None
            found += [int(one.value.partition(b":")[0]) for one in lot.records]
            journal.remove(lot)
        if turn % 4 == 2:
            journal.close()
            journal = opened(directory, limits)
            assert journal.records == written - len(found)
    found += everything(journal, at_once)
    assert found == list(range(written))
    assert (journal.records, journal.oldest, journal.damaged_bytes) == (0, None, 0)
    journal.shrink()
    journal.close()
    assert not list(directory.glob("*.spool"))


def test_cut_at_every_byte_what_was_acknowledged_before_is_there_and_nothing_else(tmp_path: Path) -> None:
    lots = [(0, 1), (2,), (3, 4, 5)]
    with left_behind(tmp_path / "a", lots) as sizes:
        content, name = segment(tmp_path / "a").read_bytes(), segment(tmp_path / "a").name
    for cut in range(len(content) + 1):
        journal = reopened(content[:cut], name, tmp_path / "b")
        acknowledged = sum(len(lot) for lot, size in zip(lots, sizes[1:], strict=True) if size <= cut)
        found = everything(journal)
        assert found == list(range(len(found))) and len(found) >= acknowledged
        assert not found or len(payloads(0)[0]) * len(found) < cut
        journal.write(payloads(99))
        assert everything(journal) == [99]
        journal.close()


@pytest.mark.parametrize("tail", [b"\0" * 400, MARKER * 100, MARKER + b"\xff" * 300, bytes(range(256))])
def test_after_a_power_cut_the_last_block_may_hold_anything(tmp_path: Path, tail: bytes) -> None:
    with left_behind(tmp_path / "a", [(0, 1), (2,)]) as sizes:
        content, name = segment(tmp_path / "a").read_bytes(), segment(tmp_path / "a").name
    for torn in range(0, len(tail), 7):
        journal = reopened(content + tail[torn:], name, tmp_path / "b")
        assert journal.size == sizes[-1]
        assert everything(journal) == [0, 1, 2]
        journal.close()


def test_a_flipped_byte_costs_the_record_it_lies_in_and_is_told(tmp_path: Path) -> None:
    with left_behind(tmp_path / "a", [(0,), (1,), (2,), (3,)]) as sizes:
        content, name = segment(tmp_path / "a").read_bytes(), segment(tmp_path / "a").name
    for place in range(len(content)):
        broken = bytearray(content)
        broken[place] ^= 0x40
        journal = reopened(bytes(broken), name, tmp_path / "b")
        hit = next(number for number in range(4) if place < sizes[number + 1])
        assert everything(journal) == [number for number in range(4) if number != hit], place
        assert journal.records == 0
        assert (journal.damaged_bytes > 0) is (hit < 3)  # the last one looks like one never finished
        journal.close()


def test_an_old_file_that_lies_elsewhere_is_no_record(tmp_path: Path) -> None:
    with left_behind(tmp_path / "a", [(0, 1, 2)]):
        content = segment(tmp_path / "a").read_bytes()
    journal = reopened(content, "000000000007.spool", tmp_path / "b")
    assert everything(journal) == []
    journal.close()


def test_a_lost_mark_only_repeats_and_a_stale_one_hides_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write(payloads(0, 1, 2, 3))
    lot = journal.read(2, 1 << 20)
    assert lot is not None
    journal.remove(lot)
    journal.close()
    mark = (tmp_path / "front").read_bytes()
    (tmp_path / "front").write_bytes(b"{torn")
    journal = opened(tmp_path)
    assert everything(journal) == [0, 1, 2, 3]
    journal.shrink()
    journal.close()
    (tmp_path / "front").write_bytes(mark)
    journal = opened(tmp_path)
    journal.write(payloads(7, 8))
    assert everything(journal) == [7, 8]
    journal.close()


def test_cap_and_disk_floor_refuse_before_anything_is_written(tmp_path: Path) -> None:
    journal = opened(tmp_path / "cap", SpoolSettings(most_bytes=200, free_share=0.0))
    journal.write(payloads(0))
    with pytest.raises(SpoolFull):
        journal.write(payloads(1, 2, 3))
    assert everything(journal) == [0]
    journal.close()
    journal = opened(tmp_path / "floor", SpoolSettings(free_share=1.0))
    with pytest.raises(SpoolFull):
        journal.write(payloads(0))
    journal.close()


def test_a_disk_that_ends_in_the_middle_of_a_write_loses_nothing_that_counted(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.write(payloads(0, 1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (segment(tmp_path).stat().st_size + 30, hard))
    try:
        with pytest.raises(SpoolFull):
            journal.write(payloads(2, 3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.write(payloads(4))
    journal.close()
    journal = opened(tmp_path)
    assert everything(journal) == [0, 1, 4]
    journal.close()


def test_a_directory_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = opened(tmp_path), Journal(tmp_path, ROOMY)
    assert not second.open()
    assert not second.has_room(1)
    first.close()
    assert second.open()
    second.close()


def test_many_small_lots_at_once_are_all_there_in_their_order(tmp_path: Path) -> None:
    async def filled() -> list[int]:
        clock = iter(NOW + timedelta(seconds=second) for second in range(1000))
        spool = Spool(tmp_path, ROOMY, clock=lambda: next(clock))
        with pytest.raises(SpoolFull):
            await spool.add([record(0)])
        assert await spool.open()
        await asyncio.gather(*(spool.add([record(2 * n), record(2 * n + 1)]) for n in range(150)))
        assert spool.held.records == 300
        assert spool.held.oldest is not None and spool.held.oldest >= NOW
        found = []
        while (lot := await spool.next(64, 1 << 20)) is not None:
            found += [int(one.value.partition(b":")[0]) for one in lot.records]
            await spool.remove(lot)
        await spool.tidy()
        left = spool.held
        assert (left.records, left.bytes, left.oldest) == (0, 0, None)
        await spool.close()
        return found

    assert asyncio.run(filled()) == list(range(300))


def test_a_new_segment_whose_name_may_be_lost_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the file alone leaves a file that nobody finds after a power cut."""
    journal = opened(tmp_path)
    synced = os.fsync
    outcomes = [OSError(errno.EIO, "no"), None]

    def fsync(descriptor: int) -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if outcome is not None:
            raise outcome
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SpoolFull):
        journal.write(payloads(1))
    journal.write(payloads(2))
    assert outcomes == []  # the directory was synced again before the second lot counted
    journal.close()
    assert everything(opened(tmp_path)) == [2]


def test_a_directory_that_could_not_be_read_is_let_go_and_tried_again(tmp_path: Path) -> None:
    wrong = tmp_path / "000000000007.spool"
    (wrong / "something").mkdir(parents=True)
    journal = Journal(tmp_path, ROOMY)
    with pytest.raises(OSError):
        journal.open()
    shutil.rmtree(wrong)
    assert journal.open()
    journal.write(payloads(1))
    assert everything(journal) == [1]

"""Records on disk until the log can take them: segments of framed records, each lot fsynced before it counts.

A frame is `marker, length, CRC-32 of place and payload, payload`. The place (segment and position) is part of the
checksum, so that what an old file left on the disk is never taken for a record. Reading goes on at the next whole
frame after damage; a frame that was not written to its end was never acknowledged and is cut off.

Many small lots share one fsync: while one is under way the next ones gather. A directory belongs to one process
at a time; another one waits, without a spool, until it is free.
"""

import asyncio
import contextlib
import fcntl
import logging
import mmap
import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

import orjson

from streams.collectors.producer import LARGEST_RECORD, Record

MARKER: Final = b"\xf5hw\x01"
HEAD: Final = struct.Struct(">4sII")
_PLACE: Final = struct.Struct(">QQI")
_OPENING: Final = struct.Struct(">QHH")
_LONGEST: Final = LARGEST_RECORD + 4096
_WAITING_BYTES: Final = 64 << 20
_LEVELS_MADE: Final = 2
"""Directories above the spool's own that may be as new as it is: HOME/collector, and its entry in HOME."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)
Answered = TypeVar("Answered")


class SpoolFull(Exception):
    """The spool cannot take the records: its cap, the disk, or no spool at all; nothing of them counts."""


@dataclass(frozen=True)
class SpoolSettings:
    """How much the spool may hold, and the share of the disk that it leaves free; 0 bytes: there is none."""

    most_bytes: int = 1 << 30
    segment_bytes: int = 16 << 20
    free_share: float = 0.10


class Mark(NamedTuple):
    """A place in the spool: everything before it has been delivered."""

    segment: int
    position: int


class Lot(NamedTuple):
    """The oldest records, in order, and the mark behind them."""

    records: list[Record]
    end: Mark


class Held(NamedTuple):
    """What the spool holds: records, bytes on disk, and since when its oldest record waits."""

    records: int
    bytes: int
    oldest: datetime | None


class _Searchable(Protocol):
    """What frames are read from: bytes, or a file in memory."""

    def __getitem__(self, part: slice, /) -> bytes: ...
    def find(self, sub: bytes, start: int, end: int, /) -> int: ...


def framed(payload: bytes, segment: int, position: int) -> bytes:
    """A payload and where it will lie -> its frame."""
    return HEAD.pack(MARKER, len(payload), _checksum(payload, segment, position)) + payload


def frames(content: _Searchable, segment: int, position: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """A segment's content from a position on -> (first byte, byte behind, payload) of every whole frame."""
    while position + HEAD.size <= end:
        marker, length, checksum = HEAD.unpack(content[position : position + HEAD.size])
        behind = position + HEAD.size + length
        if marker == MARKER and length <= _LONGEST and behind <= end:
            payload = content[position + HEAD.size : behind]
            if _checksum(payload, segment, position) == checksum:
                yield position, behind, payload
                position = behind
                continue
        position = content.find(MARKER, position + 1, end)
        if position < 0:
            return


def _checksum(payload: bytes, segment: int, position: int) -> int:
    return zlib.crc32(payload, zlib.crc32(_PLACE.pack(segment, position, len(payload))))


def payload_of(record: Record, at: datetime) -> bytes:
    """A record and the instant -> the payload of its frame."""
    topic = record.topic.encode("ascii")
    opening = _OPENING.pack((at - _EPOCH) // timedelta(microseconds=1), len(topic), len(record.key))
    return b"".join((opening, topic, record.key, record.value))


def record_of(payload: bytes) -> tuple[Record, datetime]:
    """A frame's payload -> the record and since when it waits."""
    micros, topic_length, key_length = _OPENING.unpack_from(payload)
    key_at = _OPENING.size + topic_length
    value_at = key_at + key_length
    record = Record(
        payload[_OPENING.size : key_at].decode("ascii"), payload[key_at:value_at], payload[value_at:]
    )
    return record, _EPOCH + timedelta(microseconds=micros)


class Journal:
    """The files of a spool: appended to at the end, read and removed at the front; no call at the same time as itself."""

    def __init__(self, directory: Path, settings: SpoolSettings) -> None:
        """The directory and its limits; nothing is opened yet."""
        self.records = 0
        self.damaged_bytes = 0
        self.oldest: datetime | None = None
        self._directory = directory
        self._settings = settings
        self._lock: int | None = None
        self._sizes: dict[int, int] = {}  # durable bytes of every segment, oldest first
        self._front = Mark(0, 0)
        self._last = 0
        self._file: int | None = None  # of the segment that is written, which is the last one

    def open(self) -> bool:
        """Takes the directory and finds what a process before left -> whether it is ours now."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._lock = lock
        try:
            self._take_over()
        except OSError:  # let go, so that it can be asked again
            self.close()
            self._sizes.clear()
            self.records, self.oldest = 0, None
            raise
        return True

    def _take_over(self) -> None:
        """What a process before left -> counted, and the way to the directory on disk for sure."""
        for directory in (self._directory, *list(self._directory.parents)[:_LEVELS_MADE]):
            _sync(directory)
        self._front = self._read_mark()
        numbers = sorted(int(path.stem) for path in self._directory.glob("*.spool") if path.stem.isdecimal())
        self._last = max([self._front.segment, *numbers])
        for number in numbers:
            if number < self._front.segment:
                self._path(number).unlink()
            else:
                self._find(number)
        if self._sizes:
            first = next(iter(self._sizes))
            self._front = max(self._front, Mark(first, 0))

    def close(self) -> None:
        """Lets go of files and directory."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None

    @property
    def size(self) -> int:
        """Bytes of all segments on disk."""
        return sum(self._sizes.values())

    def has_room(self, size: int) -> bool:
        """Bytes to come -> whether cap and disk allow them."""
        if self._lock is None or self.size + size > self._settings.most_bytes:
            return False
        disk = os.statvfs(self._directory)
        return (
            disk.f_bavail * disk.f_frsize - size >= self._settings.free_share * disk.f_blocks * disk.f_frsize
        )

    def write(self, payloads: Sequence[bytes]) -> None:
        """Payloads -> on disk, all of them, after an fsync; raises SpoolFull, and then none of them counts."""
        size = sum(len(payload) + HEAD.size for payload in payloads)
        try:
            if not self.has_room(size):
                raise SpoolFull("cap or disk")
            segment, file = self._segment_for(size)
        except OSError as error:
            raise SpoolFull(error.strerror or "") from error
        begin = position = self._sizes[segment]
        content = bytearray()
        for payload in payloads:
            content += framed(payload, segment, position)
            position = begin + len(content)
        try:
            written = 0
            while written < len(content):
                written += os.pwrite(file, memoryview(content)[written:], begin + written)
            os.fdatasync(file)
        except OSError as error:
            self._give_up(file, begin)  # after a failed fsync nobody knows what the file holds
            raise SpoolFull(error.strerror or "") from error
        self._sizes[segment] = position
        if self.records == 0:
            self.oldest = record_of(payloads[0])[1]
        self.records += len(payloads)

    def read(self, most_records: int, most_bytes: int) -> Lot | None:
        """The oldest records not removed yet, in order, at least one; None when there is none."""
        while self._sizes:
            number = next(iter(self._sizes))
            position = self._front.position if self._front.segment == number else 0
            records: list[Record] = []
            size = 0
            for first, behind, payload in self._frames(number, position):
                if records and (len(records) >= most_records or size + len(payload) > most_bytes):
                    break
                record, at = record_of(payload)
                if not records:
                    self.oldest = at
                if first > position:
                    self._tell_damage(number, first - position)
                records.append(record)
                size += len(payload)
                position = behind
            if records:
                return Lot(records, Mark(number, position))
            if position < self._sizes[number]:
                self._tell_damage(number, self._sizes[number] - position)
                self._front = Mark(number, self._sizes[number])
            if number == self._last and self._file is not None:
                break
            self._drop(number)
        self.records, self.oldest = 0, None
        return None

    def remove(self, lot: Lot) -> None:
        """A lot that was read and is safe elsewhere -> gone from here, for the next process too."""
        self._front = lot.end
        self.records = max(0, self.records - len(lot.records))
        self._write_mark()
        if self.records == 0:
            self.oldest = None
        number = lot.end.segment
        if lot.end.position >= self._sizes[number] and number != self._last:
            self._drop(number)

    def shrink(self) -> None:
        """The files of an empty spool -> gone."""
        if self.records == 0 and self._sizes:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            for number in list(self._sizes):
                self._drop(number)

    def _segment_for(self, size: int) -> tuple[int, int]:
        if self._file is not None:
            if self._sizes[self._last] + size <= self._settings.segment_bytes or not self._sizes[self._last]:
                return self._last, self._file
            os.close(self._file)
            self._file = None
        number = self._last + 1
        file = os.open(self._path(number), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._last = number
        try:
            _sync(self._directory)
        except OSError:  # nobody knows whether the file would be found again: nothing is written to it
            os.close(file)
            self._path(number).unlink(missing_ok=True)
            raise
        self._file = file
        self._sizes[number] = 0
        return number, file

    def _give_up(self, file: int, size: int) -> None:
        self._file = None
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        with contextlib.suppress(OSError):
            os.close(file)

    def _find(self, number: int) -> None:
        """A segment of a process before -> its whole frames counted, what follows them cut off."""
        size = self._path(number).stat().st_size
        self._sizes[number] = size
        end = position = self._front.position if self._front.segment == number else 0
        for _, behind, payload in self._frames(number, position):
            if self.records == 0:
                self.oldest = record_of(payload)[1]
            self.records += 1
            end = behind
        if end < size:
            _log.warning("spool: %d bytes that were never finished are cut off", size - end)
            os.truncate(self._path(number), end)
            self._sizes[number] = end
        if end <= position:
            self._drop(number)

    def _frames(self, number: int, position: int) -> Iterator[tuple[int, int, bytes]]:
        end = self._sizes[number]
        if position >= end:
            return
        with (
            self._path(number).open("rb") as file,
            mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ) as content,
        ):
            yield from frames(content, number, position, end)

    def _tell_damage(self, number: int, size: int) -> None:
        self.damaged_bytes += size
        _log.error("spool: %d bytes of segment %d are damaged and were passed over", size, number)

    def _drop(self, number: int) -> None:
        del self._sizes[number]
        self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:012d}.spool"

    def _read_mark(self) -> Mark:
        try:
            content = orjson.loads((self._directory / "front").read_bytes())
            return Mark(int(content["segment"]), int(content["position"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Mark(0, 0)  # everything that is there is sent again, which the log drops by its ids

    def _write_mark(self) -> None:
        draft = self._directory / f".front.{secrets.token_hex(6)}"
        try:
            draft.write_bytes(orjson.dumps(self._front._asdict()))
            draft.replace(self._directory / "front")
        except OSError:
            draft.unlink(missing_ok=True)  # at worst something is sent again


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class Spool:
    """A journal that many requests share."""

    def __init__(self, directory: Path, settings: SpoolSettings, *, clock: Callable[[], datetime]) -> None:
        """The directory, its limits and the clock that says since when a record waits."""
        self._journal = Journal(directory, settings)
        self._settings = settings
        self._clock = clock
        self._opened = False
        self._told = False
        self._waiting: list[tuple[list[bytes], asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="spool")

    @property
    def held(self) -> Held:
        """What waits here."""
        return Held(self._journal.records, self._journal.size, self._journal.oldest)

    @property
    def damaged_bytes(self) -> int:
        """Bytes passed over because they were not what had been written."""
        return self._journal.damaged_bytes

    @property
    def has_room(self) -> bool:
        """Whether an ordinary lot could be taken now."""
        try:
            return self._opened and self._journal.has_room(1 << 20)
        except OSError:
            return False

    async def open(self) -> bool:
        """Takes the directory, if no other process has it -> whether it is ours; asked again it tries again."""
        if not self._opened and self._settings.most_bytes > 0:
            try:
                self._opened = await self._by_hand(self._journal.open)
            except OSError as error:
                if not self._told:
                    _log.error("spool: %s; without it nothing is taken while the log is away", error.strerror)
                self._told = True
        return self._opened

    async def close(self) -> None:
        """Writes what waits, and lets go."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait({self._writer})
        await self._by_hand(self._journal.close)
        self._opened = False
        self._hand.shutdown(wait=False)

    async def add(self, records: Sequence[Record]) -> None:
        """Records -> on disk for sure; raises SpoolFull."""
        now = self._clock()
        payloads = [payload_of(record, now) for record in records]
        size = sum(map(len, payloads))
        if not self._opened or self._waiting_bytes + size > _WAITING_BYTES:
            raise SpoolFull
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((payloads, written))
        self._waiting_bytes += size
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await written

    async def next(self, most_records: int, most_bytes: int) -> Lot | None:
        """The oldest records, in order; None when there are none."""
        if not self._opened or self._journal.records == 0:
            return None
        return await self._by_hand(lambda: self._journal.read(most_records, most_bytes))

    async def remove(self, lot: Lot) -> None:
        """A lot that is in the log -> gone from here."""
        await self._by_hand(lambda: self._journal.remove(lot))

    async def tidy(self) -> None:
        """The files of an empty spool -> gone."""
        if self._opened and self._journal.records == 0 and self._journal.size:
            await self._by_hand(self._journal.shrink)

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting, self._waiting_bytes = self._waiting, [], 0
            payloads = [payload for lot, _ in group for payload in lot]
            error: Exception | None = None
            try:
                await self._by_hand(partial(self._journal.write, payloads))
            except Exception as failed:  # noqa: BLE001 - whatever it was, nobody may believe that it was written
                error = failed if isinstance(failed, SpoolFull) else SpoolFull(type(failed).__name__)
            for _, written in group:
                if written.done():
                    continue
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)

    async def _by_hand(self, work: Callable[[], Answered]) -> Answered:
        return await asyncio.get_running_loop().run_in_executor(self._hand, work)

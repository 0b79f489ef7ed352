"""Segment files: records of one partition in order, compressed, each file whole or not there at all.

A file is one zstandard stream of `MAGIC`, then for each record `_HEAD` (offset, timestamp, length of the key, length of
the value, number of headers; a length of -1 is a null), its headers (`_HEADER`: length of the name, length of the
value; name, value), its key, its value. All integers are little-endian.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from io import BufferedReader
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import IO, Any, Final, NamedTuple

import zstandard

MAGIC: Final = b"headwater segment 1\n"
READ_BYTES: Final = 1 << 20
_LEVEL: Final = 3
_HEAD: Final = Struct("<qqiiH")
_HEADER: Final = Struct("<Hi")
_NULL: Final = -1


class BackupDamaged(Exception):
    """A file of a backup that is not what was written; the message names it."""


class Kept(NamedTuple):
    """One record of the log as a backup keeps it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Written(NamedTuple):
    """What a finished file holds and how it is known again."""

    records: int
    size: int
    sha256: str


def kept_of(record: Any) -> Kept:
    """A record as the client hands it over -> the record as it is kept."""
    return Kept(record.offset, record.timestamp, record.key, record.value, tuple(record.headers))


def mark_of(record: Kept) -> str:
    """The digest by which a record is known again, wherever it lies."""
    return blake2b(_body(record._replace(offset=0)), digest_size=16).hexdigest()


class SegmentWriter:
    """One segment being written; nothing bears its name before `finish`."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        self._making = path.with_name(path.name + ".making")
        for folder in reversed(path.parents):  # mkdir's own `parents` would leave those open to all
            folder.mkdir(exist_ok=True, mode=0o700)
        self._file = self._making.open("wb")
        os.fchmod(self._file.fileno(), 0o600)
        self._stream = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(
            self._file, closefd=False
        )
        self._stream.write(MAGIC)
        self._records = 0

    def write(self, records: Sequence[Kept]) -> None:
        """Records, in order; `size` grows by their bytes before compression."""
        body = b"".join(map(_body, records))
        self._stream.write(body)
        self._records += len(records)
        self.size += len(body)

    def finish(self) -> Written:
        """The file under its name, on the disk to stay -> what it holds."""
        self._stream.close()  # type: ignore[no-untyped-call]
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        written = Written(self._records, self._making.stat().st_size, digest_of(self._making))
        self._making.replace(self._path)
        sync_directory(self._path.parent)
        return written

    def abandon(self) -> None:
        """Nothing of it stays."""
        self._file.close()
        self._making.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as `sha256sum` tells it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory outlive a loss of power."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_segment(path: Path) -> Iterator[Kept]:
    """A file -> its records, one at a time; raises BackupDamaged where it cannot be read."""
    with path.open("rb") as file, _damage(path):
        stream = BufferedReader(zstandard.ZstdDecompressor().stream_reader(file), READ_BYTES)
        if stream.read(len(MAGIC)) != MAGIC:
            raise BackupDamaged(f"{path} is no segment of a headwater backup")
        while head := stream.read(_HEAD.size):
            offset, timestamp, key, value, headers = _HEAD.unpack(head)
            named = tuple(_header(stream) for _ in range(headers))
            yield Kept(offset, timestamp, _exactly(stream, key), _exactly(stream, value), named)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (zstandard.ZstdError, StructError, EOFError, OSError, ValueError) as broken:
        raise BackupDamaged(f"{path} cannot be read: {broken}") from None


def _body(record: Kept) -> bytes:
    parts = [
        _HEAD.pack(
            record.offset, record.timestamp, _length(record.key), _length(record.value), len(record.headers)
        )
    ]
    for name, value in record.headers:
        spelt = name.encode()
        parts += (_HEADER.pack(len(spelt), _length(value)), spelt, value or b"")
    parts += (record.key or b"", record.value or b"")
    return b"".join(parts)


def _length(content: bytes | None) -> int:
    return _NULL if content is None else len(content)


def _header(stream: IO[bytes]) -> tuple[str, bytes | None]:
    name, value = _HEADER.unpack(_exactly(stream, _HEADER.size) or b"")
    return (_exactly(stream, name) or b"").decode(), _exactly(stream, value)


def _exactly(stream: IO[bytes], length: int) -> bytes | None:
    if length == _NULL:
        return None
    content = stream.read(length)
    if len(content) != length:
        raise EOFError("it ends in the middle of a record")
    return content

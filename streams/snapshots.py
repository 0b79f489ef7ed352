"""A partition's folded state as a file: a cache that saves folding the log again, thrown away when in doubt.

A snapshot is trusted only if its digest is whole, it was written by this very code, it lies within what is written,
and the log still holds the very record it ends with. The files are pickles: they lie in a directory that nobody else
may write, and are never read from anywhere else.
"""

import contextlib
import os
import pickle
import platform
import sys
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import schemas
import streams
from streams.domain.partition import Partition

MAGIC: Final = b"headwater snapshot 2\n"
CODE_BYTES: Final = 16
DIGEST_BYTES: Final = 32
HEAD_BYTES: Final = len(MAGIC) + CODE_BYTES + DIGEST_BYTES
MOST_EVENTS: Final = 1_000_000
_LIBRARIES: Final = ("pydantic", "pydantic_core", "phonenumbers", "tzdata", "orjson")


class Snapshot(NamedTuple):
    """The state after (`events_next`, `catalog_next`); `mark` is the digest of the last event's bytes."""

    fold: Partition
    events_next: int
    catalog_next: int
    mark: bytes


def mark_of(value: bytes | None) -> bytes:
    """The digest by which a record of the log is known again."""
    return blake2b(value or b"", digest_size=16).digest()


@cache
def code_version() -> bytes:
    """A digest of everything that decides what a fold comes to: our source, the interpreter, the libraries."""
    digest = blake2b(digest_size=CODE_BYTES)
    for package in (schemas, streams):
        root = Path(str(package.__file__)).parent
        for file in sorted(root.rglob("*")):
            if file.suffix in (".py", ".csv"):
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    said = [sys.version, platform.machine(), *(f"{name} {version(name)}" for name in _LIBRARIES)]
    digest.update("\n".join(said).encode())
    return digest.digest()


def _head(code: bytes, body: bytes) -> bytes:
    """What stands before a snapshot's body: by which code it was written, and the digest of both."""
    return MAGIC + code + blake2b(code + body, digest_size=DIGEST_BYTES).digest()


class Snapshots:
    """The snapshots of one directory, one a partition."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, number: int, snapshot: Snapshot) -> None:
        """Write a partition's snapshot in place of the one before; readers see the old or the new one, whole."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        body = pickle.dumps(tuple(snapshot), protocol=5)
        path = self._path(number)
        making = path.with_suffix(".making")
        with making.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_head(code_version(), body))
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)

    def load(self, number: int, partitions: int, events_next: int, catalog_next: int) -> Snapshot | None:
        """A partition's snapshot, if it is whole, of this code, and not past what is written."""
        try:
            held = self._path(number).read_bytes()
        except OSError:
            return None
        body = held[HEAD_BYTES:]
        if held[:HEAD_BYTES] != _head(code_version(), body):
            self.drop(number)
            return None
        snapshot = Snapshot(*pickle.loads(body))
        if snapshot.events_next > events_next or snapshot.catalog_next > catalog_next:
            return None
        fold = snapshot.fold
        if (fold.number, fold.partitions) != (number, partitions):
            self.drop(number)
            return None
        return snapshot

    def is_damaged(self, number: int) -> bool:
        """Whether there is a snapshot, of whatever code, that is not what was saved."""
        try:
            held = self._path(number).read_bytes()
        except OSError:
            return False
        code = held[len(MAGIC) : len(MAGIC) + CODE_BYTES]
        return held[:HEAD_BYTES] != _head(code, held[HEAD_BYTES:])

    def drop(self, number: int) -> None:
        """Throw a snapshot away."""
        with contextlib.suppress(FileNotFoundError):
            self._path(number).unlink()

    def _path(self, number: int) -> Path:
        return self._directory / f"partition-{number}.snapshot"

"""What a backup holds: `manifest.json`, written last and in one step, and the journal of a backup under way.

A directory is a backup once it has a manifest. Finished segments of a backup under way stand in the journal, a line
each; the next run goes on after them.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.backup.segments import BackupDamaged, sync_directory
from schemas.topics import CATALOG, EVENTS

FORMAT: Final = 1
NAME: Final = "manifest.json"
JOURNAL: Final = "unfinished.jsonl"
LOCK: Final = "lock"
SAVED: Final = (EVENTS, CATALOG)
LEDGER: Final = "imports/ledger.sqlite"
_FILE = Annotated[str, Field(pattern=r"^(log|beside)(/[A-Za-z0-9][A-Za-z0-9._-]*){1,3}$")]
_HOME_FILE = Annotated[str, Field(pattern=rf"^(secrets(/[A-Za-z0-9][A-Za-z0-9._-]*){{1,2}}|{LEDGER})$")]


class BackupRefused(Exception):
    """Why a backup cannot be made or put back, and what to do."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Last(_Model):
    """The last record of a segment: where it lay, and the digest by which the log is known again."""

    offset: int
    mark: str


class File(_Model):
    """One file of the backup and how it is known again."""

    file: _FILE
    size: int
    sha256: str


class Segment(File):
    """One file: the offsets [first, end) of one partition."""

    topic: str
    partition: int
    first: int
    end: int
    records: int
    last: Last | None


class Beside(File):
    """A file of the home that is no part of the log: a secret, or the importers' memory."""

    name: _HOME_FILE


class Manifest(_Model):
    """A whole backup; `sha256` is over all the rest of it."""

    format: int = FORMAT
    made_at: str
    code_version: str
    partitions: int
    records: int
    segments: list[Segment]
    beside: list[Beside]
    sha256: str = ""

    @property
    def files(self) -> list[File]:
        """Every file of the backup but the manifest."""
        return [*self.segments, *self.beside]

    def of(self, topic: str, partition: int) -> list[Segment]:
        """The segments of a partition, in order."""
        return [one for one in self.segments if (one.topic, one.partition) == (topic, partition)]

    def sealed(self) -> "Manifest":
        """The same with its digest."""
        return self.model_copy(update={"sha256": self._digest()})

    def _digest(self) -> str:
        told = self.model_dump(mode="json", exclude={"sha256"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def check(self, path: Path) -> None:
        """Raises BackupDamaged unless the digest is right and every partition is there without a gap."""
        if self.format != FORMAT:
            raise BackupDamaged(f"{path} is of format {self.format}; this headwater reads {FORMAT}")
        if self.sha256 != self._digest():
            raise BackupDamaged(f"{path} was changed: its SHA-256 is not the one it names")
        for topic in SAVED:
            for partition in range(self.partitions):
                held = self.of(topic.name, partition)
                if held and (held[0].first or any(a.end != b.first for a, b in pairwise(held))):
                    raise BackupDamaged(f"{path}: {topic.name}, partition {partition} has a gap")


class Shelf:
    """The directory of a backup."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One writer at a time; the directory is made, and refused when it holds other things."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            held = {path.name for path in self.directory.iterdir()}
            if held and not held & {NAME, JOURNAL, LOCK}:
                raise BackupRefused(f"{self.directory} holds other things: name an empty or a new directory")
            lock = (self.directory / LOCK).open("a")
            os.fchmod(lock.fileno(), 0o600)
        except OSError as failed:
            raise BackupRefused(f"{self.directory} cannot be written: {failed.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BackupRefused(f"another backup into {self.directory} is under way") from None
            yield

    def manifest(self) -> Manifest | None:
        """What the backup holds; None where there is none yet."""
        path = self.directory / NAME
        try:
            read = Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as broken:
            raise BackupDamaged(f"{path} cannot be read: {broken}") from None
        read.check(path)
        return read

    def journal(self) -> list[Segment]:
        """Segments finished by a backup that was cut short; a torn last line was no segment yet."""
        found = []
        with suppress(FileNotFoundError):
            for line in (self.directory / JOURNAL).read_bytes().splitlines():
                try:
                    segment = Segment.model_validate_json(line)
                    whole = (self.directory / segment.file).stat().st_size == segment.size
                except (ValidationError, OSError):
                    break
                if not whole:
                    break
                found.append(segment)
        return found

    def begin_journal(self, segments: list[Segment]) -> None:
        """The journal with these segments and nothing else."""
        write_whole(
            self.directory / JOURNAL, b"".join(f"{one.model_dump_json()}\n".encode() for one in segments)
        )

    def note(self, segment: Segment) -> None:
        """One more finished segment."""
        with (self.directory / JOURNAL).open("ab") as journal:
            journal.write(f"{segment.model_dump_json()}\n".encode())
            journal.flush()
            os.fsync(journal.fileno())

    def publish(self, manifest: Manifest) -> None:
        """The manifest in place of the one before; the journal and what no manifest names goes."""
        write_whole(self.directory / NAME, manifest.model_dump_json(indent=1).encode() + b"\n")
        (self.directory / JOURNAL).unlink(missing_ok=True)
        named = {one.file for one in manifest.files}
        for folder in ("log", "beside"):
            for path in (self.directory / folder).rglob("*"):
                if path.is_file() and str(path.relative_to(self.directory)) not in named:
                    path.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """A file in place of the one before, in one step and on the disk to stay; readable by its owner alone."""
    draft = path.with_name(path.name + ".making")
    with draft.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


__all__ = ["BackupDamaged", "BackupRefused", "Beside", "Last", "Manifest", "Segment", "Shelf"]

"""What the log needs beside it: the keys that joins depend on and the importers' memory, copied only when asked.

Left out are the keys of dead letters, which must be gone after 30 days, and ClickHouse's own secret, which a new home
makes for itself.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from infra.backup.manifest import LEDGER, BackupRefused, Beside
from infra.backup.segments import digest_of, sync_directory
from streams.secret_files import secrets_directory

_LEFT_OUT: Final = ("dead-letters", "clickhouse-ingest")


def copy_beside(home: Path, directory: Path) -> list[Beside]:
    """The home's files -> copies in the backup, named by their content and readable by their owner alone."""
    folder = directory / "beside"
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / "copy.making"
    copies = []
    for path in _secrets(home):
        _copy(path, draft)
        copies.append(_named(draft, str(path.relative_to(home))))
    if (home / LEDGER).exists():
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with (
            closing(sqlite3.connect(f"file:{home / LEDGER}?mode=ro", uri=True)) as ledger,
            closing(sqlite3.connect(draft)) as copy,
        ):
            ledger.backup(copy)
        copies.append(_named(draft, LEDGER))
    return copies


def refuse_others(home: Path, beside: list[Beside]) -> None:
    """Raises BackupRefused when the home has one of the files with another content."""
    for one in beside:
        there = home / one.name
        if not there.exists() or digest_of(there) == one.sha256:
            continue
        if one.name == LEDGER:
            raise BackupRefused(f"{there} is another one: files were imported here before")
        raise BackupRefused(
            f"{there} is not the one of the backup: restore before the first `headwater up`, or move"
            f" {home / 'secrets'} away if nothing was recorded with it"
        )


def put_back(home: Path, directory: Path, beside: list[Beside]) -> None:
    """The backup's copies -> the home, each readable by its owner alone."""
    secrets_directory(home)
    for one in beside:
        place = home / one.name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.making")
        _copy(directory / one.file, draft)
        draft.replace(place)
        sync_directory(place.parent)


def _secrets(home: Path) -> Iterator[Path]:
    secrets = home / "secrets"
    for path in sorted(secrets.rglob("*")) if secrets.is_dir() else ():
        inner = path.relative_to(secrets)
        if path.is_file() and inner.parts[0] not in _LEFT_OUT and not path.name.startswith("."):
            yield path


def _copy(source: Path, draft: Path) -> None:
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as content, os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())


def _named(draft: Path, name: str) -> Beside:
    digest = digest_of(draft)
    file = f"beside/{digest}"
    size = draft.stat().st_size
    draft.replace(draft.parent / digest)
    return Beside(name=name, file=file, size=size, sha256=digest)

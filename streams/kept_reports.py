"""Reports on disk: HOME/reports/SITE/KIND/PERIOD/REVISION, each revision there whole or not at all, and never changed."""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

FIGURES: Final = "figures.json"
_LONGEST_NAME: Final = 120
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Kept(NamedTuple):
    """One revision that is kept."""

    site: str
    kind: str
    period: str
    revision: int
    made_at: str
    path: Path


class Shelf:
    """The reports of one home."""

    def __init__(self, home: Path) -> None:
        self._root = home / "reports"

    def folder(self, site: str, kind: str, period: str) -> Path:
        """Where the revisions of one report lie."""
        return self._root / folder_name(site) / folder_name(kind) / folder_name(period)

    @contextmanager
    def alone(self, site: str, kind: str, period: str) -> Iterator[Path]:
        """One writer at a time on a report; what a writer before left half done is gone."""
        folder = self.folder(site, kind, period)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in folder.glob(".new-*"):
                shutil.rmtree(left)
            yield folder

    def newest(self, site: str, kind: str, period: str) -> Kept | None:
        """The newest revision of a report; None where there is none."""
        kept = list(self._of(self.folder(site, kind, period)))
        return max(kept, key=lambda one: one.revision, default=None)

    def revision(self, site: str, kind: str, period: str, number: str) -> Path | None:
        """The folder of one revision by its number as it is written there; None where there is none."""
        if not number.isdecimal() or not number.isascii():
            return None
        place = self.folder(site, kind, period) / number
        return place if (place / FIGURES).is_file() else None

    def listed(self, site: str = "") -> list[Kept]:
        """Every revision of every report, of all sites or one, by site, kind, period and number."""
        folders = self._root.glob(f"{folder_name(site)}/*/*" if site else "*/*/*")
        found = [one for folder in folders for one in self._of(folder)]
        return sorted(found, key=lambda one: (one.site, one.kind, one.period, one.revision))

    def _of(self, folder: Path) -> Iterator[Kept]:
        for path in folder.glob("*"):
            if path.name.isdigit() and (path / FIGURES).is_file():
                told = json.loads((path / FIGURES).read_text(encoding="utf-8"))
                yield Kept(told["site"], told["kind"], told["period"], int(path.name), told["made_at"], path)


def folder_name(name: str) -> str:
    """Any name -> one that is safe as a folder's, another for another name."""
    if _PLAIN.fullmatch(name) and len(name) <= _LONGEST_NAME:
        return name
    written = quote(name, safe="").replace(".", "%2E")
    if len(written) <= _LONGEST_NAME:
        return written
    return (
        f"{written[:60].rpartition('%')[0] or written[:60]}%~{hashlib.sha256(name.encode()).hexdigest()[:24]}"
    )


def put_down(folder: Path, revision: int, files: Mapping[str, bytes]) -> Path:
    """Files -> a revision: written aside, synced, then renamed into its place; refuses to write over another."""
    making = folder / f".new-{secrets.token_hex(6)}"
    making.mkdir()
    try:
        for name, content in files.items():
            with (making / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(making)
        place = folder / str(revision)
        os.rename(making, place)  # a revision that is there is not empty, and is not replaced
    finally:
        shutil.rmtree(making, ignore_errors=True)
    _sync(folder)
    return place


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

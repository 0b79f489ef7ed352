"""What each imported file gave: the memory that makes a second import append nothing and a corrected one withdraw.

One SQLite file under the home. It is written only after the log has acknowledged, so an interrupted import may have
appended more than is remembered; the next run appends that again under the same ids, which the log drops. Losing the
ledger loses no event: an unchanged file still gives the same ids, only withdrawals are no longer found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    site TEXT NOT NULL, base TEXT NOT NULL, generation INTEGER NOT NULL, native BLOB NOT NULL,
    occurred_at TEXT NOT NULL, day TEXT NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (site, base)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, runs INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site, kind, name));
CREATE TABLE IF NOT EXISTS said (
    source INTEGER NOT NULL, base TEXT NOT NULL, first_run INTEGER NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (source, base)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mappings (
    site TEXT NOT NULL, kind TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (site, kind, fingerprint)) WITHOUT ROWID;
"""
_WITHDRAWN, _PLANNED = 1, 2


class Known(NamedTuple):
    """What the ledger holds of an id: how often it was given anew, and whether it is withdrawn now."""

    generation: int
    withdrawn: bool


class Entry(NamedTuple):
    """An appended event as the ledger keeps it; nothing of its body but when it happened."""

    base: str
    generation: int
    native: bytes
    occurred_at: str
    day: str

    @property
    def event_id(self) -> str:
        """The id in the log: the base, with a number from the second time on that the same fact is said anew."""
        return event_id(self.base, self.generation)


def event_id(base: str, generation: int) -> str:
    """An id given for ever; a fact that was withdrawn and is said again needs another one."""
    return base if generation == 1 else f"{base}-{generation}"


class Ledger:
    """The ledger of one home, for one source (a named file) at a time."""

    def __init__(self, path: Path, site: str, kind: str, name: str) -> None:
        """Opens or makes the ledger and begins a run of this source."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-65536")  # 64 MB: ids are spread evenly over the whole tree
        self._db.execute("PRAGMA wal_autocheckpoint=8000")
        self._db.executescript(_SCHEMA)
        self._site = site
        self._kind = kind
        self._source = self._source_id(name, make=True)
        row = self._db.execute("SELECT runs FROM sources WHERE id = ?", (self._source,)).fetchone()
        self._run = int(row[0]) + 1
        self._db.execute("UPDATE sources SET runs = ? WHERE id = ?", (self._run, self._source))

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def has_source(self, name: str) -> bool:
        """Whether a file was imported under this name."""
        return self._source_id(name, make=False) > 0

    def source_names(self) -> list[str]:
        """The names under which this kind was imported for this site."""
        rows = self._db.execute(
            "SELECT name FROM sources WHERE site = ? AND kind = ? ORDER BY name", (self._site, self._kind)
        )
        return [str(row[0]) for row in rows]

    def accepted(self, fingerprint: str) -> bool:
        """Whether these columns were accepted before."""
        row = self._db.execute(
            "SELECT 1 FROM mappings WHERE site = ? AND kind = ? AND fingerprint = ?",
            (self._site, self._kind, fingerprint),
        ).fetchone()
        return row is not None

    def accept(self, fingerprint: str) -> None:
        """Remembers that these columns were accepted."""
        self._db.execute(
            "INSERT OR IGNORE INTO mappings VALUES (?, ?, ?)", (self._site, self._kind, fingerprint)
        )

    def known(self, bases: Sequence[str]) -> dict[str, Known]:
        """Those of the ids that were appended before."""
        found = {}
        for at in range(0, len(bases), 500):
            part = bases[at : at + 500]
            rows = self._db.execute(
                f"SELECT base, generation, withdrawn FROM events WHERE site = ? AND base IN ({','.join('?' * len(part))})",
                (self._site, *part),
            )
            found.update({base: Known(generation, bool(withdrawn)) for base, generation, withdrawn in rows})
        return found

    def record(self, appended: Iterable[Entry], again: Iterable[str]) -> None:
        """Keeps what the log has acknowledged, and that the source says all of these, new and known, in this run."""
        entries = list(appended)
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT OR REPLACE INTO events (site, base, generation, native, occurred_at, day, withdrawn) "
            "VALUES (?, ?, ?, ?, ?, ?, 0)",
            ((self._site, *entry) for entry in entries),
        )
        db.executemany(
            "INSERT INTO said (source, base, first_run, run) VALUES (?1, ?2, ?3, ?3) "
            "ON CONFLICT (source, base) DO UPDATE SET run = excluded.run",
            ((self._source, base, self._run) for base in (*(entry.base for entry in entries), *again)),
        )
        db.execute("COMMIT")

    def span(self, *, this_run: bool) -> tuple[str, str, int]:
        """First day, last day and number of what the source says in this run, or said before and not withdrawn."""
        condition = "s.run = ?" if this_run else "s.run < ? AND NOT e.withdrawn"
        row = self._db.execute(
            "SELECT coalesce(min(e.day), ''), coalesce(max(e.day), ''), count(*) FROM said s "
            f"JOIN events e ON e.site = ? AND e.base = s.base WHERE s.source = ? AND {condition}",
            (self._site, self._source, self._run),
        ).fetchone()
        return row[0], row[1], row[2]

    def repeats(self) -> bool:
        """Whether something that the source says in this run it had said before."""
        row = self._db.execute(
            "SELECT 1 FROM said WHERE source = ? AND run = ? AND first_run < ? LIMIT 1",
            (self._source, self._run, self._run),
        ).fetchone()
        return row is not None

    def gone(self, replaces: str | None) -> Iterator[tuple[Entry, str | None, bool]]:
        """What the source, or the named other one, said before and does not say in this run.

        Each with the id that took its place (same native key), if any, and whether another source still says it.
        """
        old = self._source if replaces is None else self._source_id(replaces, make=False)
        natives = "CREATE TEMP TABLE IF NOT EXISTS successors (native BLOB PRIMARY KEY, event_id TEXT) WITHOUT ROWID"
        self._db.execute(natives)
        self._db.execute("DELETE FROM successors")
        self._db.execute(
            "INSERT OR IGNORE INTO successors SELECT e.native, CASE WHEN e.generation = 1 THEN e.base "
            "ELSE e.base || '-' || e.generation END FROM said s JOIN events e ON e.site = ? AND e.base = s.base "
            "WHERE s.source = ? AND s.run = ? AND e.native <> x'' ORDER BY e.base",
            (self._site, self._source, self._run),
        )
        last = ""
        while True:
            rows = self._db.execute(
                "SELECT e.base, e.generation, e.native, e.occurred_at, e.day, n.event_id, EXISTS (SELECT 1 FROM said o "
                "WHERE o.base = e.base AND o.source NOT IN (?2, ?3)) FROM said s "
                "JOIN events e ON e.site = ?1 AND e.base = s.base "
                "LEFT JOIN successors n ON n.native = e.native AND e.native <> x'' "
                "WHERE s.source = ?2 AND s.base > ?5 AND NOT e.withdrawn AND NOT EXISTS (SELECT 1 FROM said t "
                "WHERE t.source = ?3 AND t.base = s.base AND t.run = ?4) ORDER BY s.base LIMIT 500",
                (self._site, old, self._source, self._run, last),
            ).fetchall()
            if not rows:
                return
            for base, generation, native, occurred_at, day, successor, elsewhere in rows:
                yield Entry(base, generation, native, occurred_at, day), successor, bool(elsewhere)
            last = rows[-1][0]

    def plan_withdrawal(self, entries: Iterable[Entry]) -> None:
        """Notes, before the log is told, that these are about to be withdrawn."""
        self._set_withdrawn(_PLANNED, [entry.base for entry in entries])

    def planned_withdrawals(self) -> list[Entry]:
        """What an interrupted run was about to withdraw: the log may or may not know."""
        rows = self._db.execute(
            "SELECT base, generation, native, occurred_at, day FROM events WHERE site = ? AND withdrawn = ? ORDER BY base",
            (self._site, _PLANNED),
        )
        return [Entry(*row) for row in rows]

    def withdraw(self, entries: Iterable[Entry], replaces: str | None = None) -> None:
        """Keeps that the log has acknowledged the withdrawal of these; neither file says them any more."""
        old = self._source if replaces is None else self._source_id(replaces, make=False)
        bases = [entry.base for entry in entries]
        self._set_withdrawn(_WITHDRAWN, bases)
        self._db.executemany(
            "DELETE FROM said WHERE source = ? AND base = ?", ((old, base) for base in bases)
        )

    def _set_withdrawn(self, state: int, bases: list[str]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "UPDATE events SET withdrawn = ? WHERE site = ? AND base = ?",
            ((state, self._site, base) for base in bases),
        )
        self._db.execute("COMMIT")

    def _source_id(self, name: str, *, make: bool) -> int:
        key = (self._site, self._kind, name)
        if make:
            self._db.execute("INSERT OR IGNORE INTO sources (site, kind, name) VALUES (?, ?, ?)", key)
        row = self._db.execute(
            "SELECT id FROM sources WHERE site = ? AND kind = ? AND name = ?", key
        ).fetchone()
        return int(row[0]) if row else 0

"""What the telephone door keeps over a restart: who was shown which number, and what was said of each call.

One SQLite file under HOME/collector; lost, it costs only exactness (a number changes hands early, legs of one call
count alone). It names nobody: visitors and calls are digests under a salt of the file's own, callers are not in it.
"""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from streams.collectors.phone.calls import UNDER_WAY, Said

KEPT: Final = timedelta(days=30)
MOST_WORDS: Final = 200
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS salt (value BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS shown (site TEXT, number TEXT, visitor BLOB, at REAL, PRIMARY KEY (site, number))",
    "CREATE TABLE IF NOT EXISTS said (place INTEGER PRIMARY KEY, call BLOB, word BLOB, content BLOB, at REAL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS said_once ON said (call, word)",
    "CREATE TABLE IF NOT EXISTS first (name BLOB PRIMARY KEY, at REAL)",
    "CREATE INDEX IF NOT EXISTS said_at ON said (at)",
    "CREATE INDEX IF NOT EXISTS first_at ON first (at)",
)
_CLEARED: Final = (
    "DELETE FROM said WHERE at < ?",
    "DELETE FROM first WHERE at < ?",
    "DELETE FROM shown WHERE at < ?",
)


class Shown(NamedTuple):
    """Who was last shown a number, and when."""

    visitor: bytes
    at: datetime


class Kept:
    """One home's file; every change is one transaction, so that two collectors may share it."""

    def __init__(self, home: Path) -> None:
        """The home -> its file, opened at its first use, begun anew when it is damaged."""
        self._path = home / "collector" / "phone.sqlite3"
        self._opened_base: sqlite3.Connection | None = None
        self._cleared = datetime.min.replace(tzinfo=UTC)

    @property
    def _base(self) -> sqlite3.Connection:
        if self._opened_base is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self._opened_base = self._opened(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise  # locked or no room: not damaged
                for part in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + part).unlink(missing_ok=True)
                self._opened_base = self._opened(self._path)
            self._path.chmod(0o600)
        return self._opened_base

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        base = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
        with _alone(path):  # SQLite waits for no lock while it changes this mode
            base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute("PRAGMA secure_delete = ON")
        for table in _TABLES:
            base.execute(table)
        base.execute("BEGIN IMMEDIATE")
        if base.execute("SELECT value FROM salt").fetchone() is None:
            base.execute("INSERT INTO salt VALUES (?)", (secrets.token_bytes(32),))
        base.execute("COMMIT")
        return base

    def close(self) -> None:
        """Closes the file."""
        if self._opened_base is not None:
            self._opened_base.close()
            self._opened_base = None

    def named(self, *parts: str) -> bytes:
        """A visitor or a call -> what it is called in this file, and nowhere else."""
        (salt,) = self._base.execute("SELECT value FROM salt").fetchone()
        return blake2b(orjson.dumps(parts), digest_size=16, key=salt).digest()

    # ---- numbers ---------------------------------------------------------------------------------------------

    def shown(self, site: str, numbers: Sequence[str]) -> dict[str, Shown]:
        """A site's numbers -> who was last shown each; those that nobody was shown are absent."""
        rows = self._base.execute("SELECT number, visitor, at FROM shown WHERE site = ?", (site,))
        wanted = set(numbers)
        return {
            number: Shown(visitor, datetime.fromtimestamp(at, UTC))
            for number, visitor, at in rows
            if number in wanted
        }

    def show(self, site: str, number: str, visitor: bytes, at: datetime, *, before: Shown | None) -> bool:
        """A number for a visitor -> True; False when another collector gave it away since `before` was read."""
        if before is None:
            done = self._base.execute(
                "INSERT INTO shown VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (site, number, visitor, at.timestamp()),
            )
        else:
            done = self._base.execute(
                "UPDATE shown SET visitor = ?, at = ? WHERE site = ? AND number = ? AND visitor = ? AND at = ?",
                (visitor, at.timestamp(), site, number, before.visitor, before.at.timestamp()),
            )
        return done.rowcount == 1

    # ---- calls -----------------------------------------------------------------------------------------------

    def heard(self, site: str, source: str, said: Said, *, now: datetime) -> list[Said]:
        """A word on a call -> everything heard of the call, in order; a word that was heard before changes nothing.

        What rings late, after a final word, is no news. Without an end of its own a word ended when it first came.
        """
        self._clear(now)
        call = self.named(site, source, said.call_id)
        kept = _content(said, self.named(site, source, said.call_id, said.leg))
        word = blake2b(kept, digest_size=16).digest()
        if said.ended is None and said.state not in UNDER_WAY:
            kept = _content(
                replace(said, ended=now, clocked=True), self.named(site, source, said.call_id, said.leg)
            )
        self._base.execute("BEGIN IMMEDIATE")
        try:
            before = self._of(call, said.call_id)
            late = said.state in UNDER_WAY and any(one.state not in UNDER_WAY for one in before)
            if not late and len(before) < MOST_WORDS:
                self._base.execute(
                    "INSERT INTO said (call, word, content, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (call, word, kept, now.timestamp()),
                )
            found = self._of(call, said.call_id)
        finally:
            self._base.execute("COMMIT")
        return found

    def first_heard(self, *name: str, now: datetime) -> datetime:
        """The name of a fact that has no time of its own -> when it was heard first."""
        self._clear(now)
        key = self.named(*name)
        self._base.execute("INSERT INTO first VALUES (?, ?) ON CONFLICT DO NOTHING", (key, now.timestamp()))
        (at,) = self._base.execute("SELECT at FROM first WHERE name = ?", (key,)).fetchone()
        return datetime.fromtimestamp(at, UTC)

    def _of(self, call: bytes, call_id: str) -> list[Said]:
        rows = self._base.execute("SELECT content FROM said WHERE call = ? ORDER BY place", (call,))
        return [_read(content, call_id) for (content,) in rows]

    def _clear(self, now: datetime) -> None:
        """Once an hour: what is older than thirty days goes."""
        if now - self._cleared < timedelta(hours=1):
            return
        self._cleared = now
        oldest = (now - KEPT).timestamp()
        for clear in _CLEARED:
            self._base.execute(clear, (oldest,))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time, by a lock beside the file."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _content(said: Said, leg: bytes) -> bytes:
    content: dict[str, Any] = {
        "leg": leg.hex(),
        "state": said.state,
        "number": said.number,
        "direction": said.direction,
        "started": said.started.isoformat() if said.started else None,
        "ended": said.ended.isoformat() if said.ended else None,
        "talk": said.talk,
        "wait": said.wait,
        "order": said.order,
        "clocked": said.clocked,
        "more": said.more,
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _read(content: bytes, call_id: str) -> Said:
    fields = orjson.loads(content)
    for name in ("started", "ended"):
        if fields[name] is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    return Said(call_id=call_id, **fields)

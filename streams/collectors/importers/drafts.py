"""What every importer is given and what it gives: drafts of events, which get their ids here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

REMEMBERED_ROWS = 262_144


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a file does not say itself: whose it is, where it stands, and what its words mean.

    `secret` keys whatever is derived from a phone or an address; with the same secret a file gives the same ids.
    """

    site: str
    secret: bytes
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Seoul"))
    branch: str | None = None
    region: str = "KR"
    values: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # field -> what a cell says, folded -> what is meant
    defaults: Mapping[str, str] = field(
        default_factory=dict
    )  # field -> what holds where the file has no such column
    answers: frozenset[str] = frozenset()  # menu labels of the site, for told sources
    host: str | None = None
    brands: tuple[str, ...] = ()  # brand keywords of the site, for whose a searched keyword is

    def keyed(self, *parts: str) -> str:
        """Something personal -> 24 hex digits that only the holder of the secret can link back."""
        return blake2b("\x1f".join(parts).encode(), digest_size=12, key=self.secret[:64]).hexdigest()


class Draft(NamedTuple):
    """One event before it has an id. `native` is the source's own name for the fact, unique in its kind of file."""

    line: int
    body: dict[str, Any]
    native: tuple[str, ...] | None = None


class Refusal(NamedTuple):
    """One line that was not taken, fit to be printed: nothing in it is personal."""

    line: int
    column: str
    found: str
    fix: str


class Skipped(NamedTuple):
    """One line that is no event and need not be: a bot, an asset, a call inside the house."""

    line: int
    reason: str


Outcome = Draft | Refusal | Skipped


class Occurrences:
    """Counts how often each key came by, over the last 262,144 different ones."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._seen: dict[bytes, int] = {}

    def nth(self, key: bytes) -> int:
        """0 at the first time, 1 at the second, …"""
        before = self._seen.pop(key, 0)
        self._seen[key] = before + 1
        if len(self._seen) > REMEMBERED_ROWS:
            del self._seen[next(iter(self._seen))]
        return before


class Identified(NamedTuple):
    """A draft with the id that its content gives it for ever, and the digest of its native key (empty: none)."""

    line: int
    event_id: str
    body: dict[str, Any]
    native: bytes


def digest(*parts: bytes) -> bytes:
    """Bytes -> 16 bytes that name them."""
    return blake2b(b"\x1f".join(parts), digest_size=16).digest()


class Namer:
    """Gives drafts of one file their ids, in file order.

    The id is a digest of kind, native key, content and, without a native key, of how many equal rows came before:
    an unchanged row keeps its id in every export, a changed one gets a new one. Phones and e-mails go in under the
    secret, since a plain digest of a phone can be searched.
    """

    def __init__(self, kind: str, secret: bytes) -> None:
        """Names for one file of this kind."""
        self._kind = kind.encode()
        self._prefix = kind.replace("-", "_") + "-"
        self._secret = secret[:64]
        self._occurrences = Occurrences()
        self._given = Occurrences()

    def name(self, draft: Draft) -> Identified | None:
        """A draft -> itself with its id; None when the file said just this under this native key before."""
        body = draft.body
        personal = [name for name in ("phone", "email") if name in body]
        content = dict(body) if personal else body
        for name in personal:
            content[name] = blake2b(body[name].encode(), digest_size=16, key=self._secret).hexdigest()
        packed = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        if draft.native is None:
            key = digest(self._kind, packed)
            nth = self._occurrences.nth(key)
            named = digest(key, b"%d" % nth) if nth else key
            native = b""
        else:
            native = digest(self._kind, body["type"].encode(), *(part.encode() for part in draft.native))
            named = digest(native, packed)
            if self._given.nth(named):
                return None
        return Identified(draft.line, self._prefix + named.hex(), body, native)

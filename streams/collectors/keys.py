"""Who may speak to the collector: browser, server and person keys, hashed at rest, revocable at once.

The file holds SHA-256 digests of 256-bit random secrets; the secret itself is shown once, when it is made.
Every check looks whether the file changed, so a new or revoked key counts from the next request on.
"""

import fcntl
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from streams.secret_files import create_secret, secrets_directory, write_secret

ANY = "*"
BROWSER_TYPES = frozenset(
    [
        "visit_seen",
        "page_viewed",
        "contact_clicked",
        "number_shown",
        "qr_scanned",
        "content_engaged",
        "experiment_assigned",
        "person_identified",
    ]
)
"""What a public key may say: the touches of a visitor's own browser, which variant it was shown, which of its own
identifiers belong together, and nothing that is worth money."""

FORM_TYPES = frozenset({"status_changed"})
"""What it may say besides when it was made with that type: that a form was sent, which is an inquiry."""

ROLES = frozenset({"owner", "desk", "analyst"})
"""What a person may do: everything of the site, answer its telephone, or look."""

_KEY = re.compile(r"hw([bs])_([0-9a-f]{12})_([0-9a-f]{64})\Z")
_PERSON_KEY = re.compile(r"hw(p)_([0-9a-f]{12})_([0-9a-f]{64})\Z")
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:[0-9]{1,5})?\Z|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?\Z")
_SITE = re.compile(r"[a-z0-9_-]{1,64}\Z")
_NO_DIGEST = hashlib.sha256(b"no such key").hexdigest()
_log = logging.getLogger(__name__)


class KeyKind(StrEnum):
    """Public in a page, secret on a server, or a person's own: signs in to pages and sends no events."""

    BROWSER = "browser"
    SERVER = "server"
    PERSON = "person"


@dataclass(frozen=True)
class Key:
    """One key as it is kept: a digest and a scope, never the secret."""

    id: str
    kind: KeyKind
    digest: str
    sites: tuple[str, ...]
    types: tuple[str, ...]
    origins: tuple[str, ...]
    label: str
    created_at: str
    revoked_at: str | None = None
    role: str | None = None
    source: str | None = None

    @property
    def source_id(self) -> str:
        """The key that was first made for whoever sends with this one; rotated keys share it."""
        return self.source or self.id

    def covers_site(self, site: object) -> bool:
        """A site -> whether the key may speak for it."""
        return ANY in self.sites or site in self.sites

    def covers_type(self, event_type: object) -> bool:
        """An event type -> whether the key may say it; a browser key never leaves its two lists."""
        if self.kind is KeyKind.PERSON:
            return False  # people speak through pages, which say for them what a page can say
        if self.kind is KeyKind.BROWSER and event_type not in BROWSER_TYPES:
            return event_type in FORM_TYPES and event_type in self.types
        return ANY in self.types or event_type in self.types


class BadKeyRequest(ValueError):
    """A key that cannot be made as asked, in words for the person who asked."""


class KeyRing:
    """The keys of one home, read from its file and written back whole."""

    def __init__(self, home: Path) -> None:
        """The home -> its ring; an absent file is an empty ring."""
        self._path = secrets_directory(home) / "keys.json"
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, Key] = {}

    def find(self, text: str) -> Key | None:
        """A program's key as presented -> the active key it is, or None; compared in constant time."""
        return self._presented(_KEY, text)

    def find_person(self, text: str) -> Key | None:
        """A person's key as typed at the sign-in -> the active key it is, or None; nobody else's fits."""
        return self._presented(_PERSON_KEY, text)

    def active(self, key_id: str) -> Key | None:
        """A key's id -> the key while it is not revoked, or None."""
        self._refresh()
        key = self._keys.get(key_id)
        return key if key is not None and key.revoked_at is None else None

    def _presented(self, shape: re.Pattern[str], text: str) -> Key | None:
        parts = shape.match(text)
        self._refresh()
        key = self._keys.get(parts[2]) if parts else None
        presented = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        same = hmac.compare_digest(presented, key.digest if key else _NO_DIGEST)
        return key if key is not None and same and key.revoked_at is None else None

    def every_key(self) -> list[Key]:
        """Every key ever made, revoked ones too, oldest first."""
        self._refresh()
        return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))

    def allows_origin(self, origin: str) -> bool:
        """An origin -> whether any active browser key lists it (a preflight names no key)."""
        self._refresh()
        return any(origin in key.origins for key in self._keys.values() if key.revoked_at is None)

    def rotate(self, key_id: str, *, now: datetime) -> tuple[Key, str]:
        """An active key's id -> a second key of the same scope; both count until the old one is revoked."""
        text, secret_id = "", secrets.token_hex(6)
        with self._writing():
            old = self._keys.get(key_id)
            if old is None or old.revoked_at is not None:
                raise BadKeyRequest(f"no active key {key_id}; `headwater keys list` shows them")
            same = [
                key.id
                for key in self._keys.values()
                if key.source_id == old.source_id and key.revoked_at is None and key.id != key_id
            ]
            if same:
                raise BadKeyRequest(
                    f"{key_id} has a second active key, {same[0]}: revoke one of the two before the next"
                )
            text = f"hw{old.kind.value[0]}_{secret_id}_{secrets.token_hex(32)}"
            new = replace(
                old,
                id=secret_id,
                digest=hashlib.sha256(text.encode("ascii")).hexdigest(),
                created_at=now.isoformat(),
                source=old.source_id,
            )
            self._keys[new.id] = new
        return new, text

    def create(
        self,
        kind: KeyKind,
        *,
        now: datetime,
        sites: Iterable[str],
        types: Iterable[str] = (),
        origins: Iterable[str] = (),
        label: str = "",
        role: str | None = None,
    ) -> tuple[Key, str]:
        """A kind and a scope -> the key and its text, which is shown now and never again."""
        key_id = secrets.token_hex(6)
        text = f"hw{kind.value[0]}_{key_id}_{secrets.token_hex(32)}"
        key = Key(
            id=key_id,
            kind=kind,
            digest=hashlib.sha256(text.encode("ascii")).hexdigest(),
            sites=tuple(sorted(set(sites))),
            types=tuple(sorted(set(types))) or (ANY,),
            origins=tuple(sorted({origin.rstrip("/").lower() for origin in origins})),
            label=label,
            created_at=now.isoformat(),
            role=role,
        )
        _check_scope(key)
        with self._writing():
            self._keys[key.id] = key
        return key, text

    def revoke(self, key_id: str, *, now: datetime) -> Key | None:
        """A key's id -> the key, revoked (from its first revocation on), or None when there is none."""
        with self._writing():
            key = self._keys.get(key_id)
            if key is not None and key.revoked_at is None:
                key = self._keys[key_id] = replace(key, revoked_at=now.isoformat())
        return key

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = os.open(self._path.with_name("keys.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._seen = None
            if self._path.exists():
                self._keys = _read_keys(self._path)
            yield
            content = {"keys": [asdict(key) for key in self._keys.values()]}
            write_secret(self._path, json.dumps(content, indent=1).encode("utf-8"))
            self._seen = None
        finally:
            os.close(lock)

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._keys, self._seen = {}, None
            return
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen == self._seen:
            return
        try:
            self._keys = _read_keys(self._path)
        except (OSError, ValueError, TypeError, KeyError):
            self._keys = {}
            _log.error("the key file cannot be read: nobody is let in until it is repaired")
        self._seen = seen


def local_admin_key(home: Path, *, now: datetime) -> str:
    """The home -> the key its own commands speak with (every site, every type), made on first use."""
    path = secrets_directory(home) / "admin-key"
    ring = KeyRing(home)
    if path.exists():
        text = path.read_text(encoding="ascii").strip()
        if ring.find(text) is not None:
            return text
        path.unlink(missing_ok=True)
    key, text = ring.create(KeyKind.SERVER, sites=[ANY], label="local admin", now=now)
    if create_secret(path, text.encode("ascii")):
        return text
    ring.revoke(key.id, now=now)  # another command made one at the same moment
    return path.read_text(encoding="ascii").strip()


def _check_scope(key: Key) -> None:
    if not key.sites:
        raise BadKeyRequest("a key needs the sites it may speak for: --site SITE, or --site '*' on a server")
    for site in key.sites:
        if site != ANY and not _SITE.match(site):
            raise BadKeyRequest(f"{site!r} is not a site: small letters, digits, - and _")
    if (key.kind is KeyKind.PERSON) is not (key.role in ROLES):
        raise BadKeyRequest(f"a person's key, and no other, has a role: {', '.join(sorted(ROLES))}")
    if key.kind is KeyKind.PERSON:
        if len(key.sites) != 1 or ANY in key.sites:
            raise BadKeyRequest("a person's key belongs to exactly one site")
        if key.types != (ANY,):
            raise BadKeyRequest("a person's key sends no events: leave --type out")
    if key.kind is KeyKind.BROWSER:
        if len(key.sites) != 1 or ANY in key.sites:
            raise BadKeyRequest("a browser key belongs to exactly one site")
        if wrong := sorted(set(key.types) - BROWSER_TYPES - FORM_TYPES - {ANY}):
            allowed = ", ".join(sorted(BROWSER_TYPES | FORM_TYPES))
            raise BadKeyRequest(f"a browser key cannot say {', '.join(wrong)}; it can say {allowed}")
    elif key.origins:
        raise BadKeyRequest("origins belong to browser keys: a server key must never be in a page")
    for origin in key.origins:
        if not _ORIGIN.match(origin):
            raise BadKeyRequest(f"{origin!r} is not an origin: scheme and host, like https://www.example.kr")


def _read_keys(path: Path) -> dict[str, Key]:
    keys = {}
    for fields in json.loads(path.read_bytes())["keys"]:
        scope = {name: tuple(fields[name]) for name in ("sites", "types", "origins")}
        key = Key(**{**fields, **scope, "kind": KeyKind(fields["kind"])})
        keys[key.id] = key
    return keys

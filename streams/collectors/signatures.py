"""Who may post to a webhook: sources with their secrets, and the Standard Webhooks signature over raw bytes.

A source belongs to one site and has one kind, its settings and up to five secrets, two of which are active while a
secret is being changed. A secret must be readable to be compared, so the file lies in HOME/secrets and never leaves
it. The signature is HMAC-SHA256 over `id.timestamp.body`; the clock is the collector's own.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets as chance
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from multidict import CIMultiDictProxy, MultiMapping

from streams.secret_files import secrets_directory, write_secret

WINDOW: Final = timedelta(seconds=300)
KINDS: Final = {
    "twilio": "Twilio voice callbacks; the secret is the account's auth token",
    "asterisk": "Asterisk and FreePBX: CDR lines or JSON, AMI events; signed by Standard Webhooks",
    "calls": "any telephone system that posts JSON; signed by Standard Webhooks",
    "callrail": "CallRail's call webhooks; the secret is the company's signing key",
    "crm": "status changes, payments and messages as JSON; signed by Standard Webhooks",
    "sendgrid": "SendGrid's event webhook; the secret is its public verification key",
    "solapi": "Solapi's message reports; the secret is the webhook's secret",
}
"""What a source may be, and what its secret is."""

GIVEN_SECRETS: Final = frozenset({"twilio", "callrail", "sendgrid", "solapi"})
"""Kinds whose secret the provider makes; ours is made here."""

_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_SITE = re.compile(r"[a-z0-9_-]{1,64}\Z")
_ID = re.compile(r"[!-\-/-~]{1,256}\Z")  # visible, and no full stop: it parts id from timestamp
_SECONDS = re.compile(r"[0-9]{1,12}\Z")
_OURS = "whsec_"
_SHORTEST_GIVEN = 16
_MOST_SECRETS = 5
_NOBODY = hashlib.sha256(b"no such source").digest()


class SignatureRefused(Exception):
    """A request that is not taken; the reason is one of a few words and repeats nothing of it."""


class BadSource(ValueError):
    """A source that cannot be made or changed as asked, in words for the person who asked."""


class Message(NamedTuple):
    """A message whose signature is right: the sender's id of it and the time it says it was sent."""

    id: str
    sent_at: datetime


@dataclass(frozen=True)
class Secret:
    """One secret of a source; only its id is ever shown."""

    id: str
    value: str
    created_at: str
    revoked_at: str | None = None

    def __repr__(self) -> str:
        """Never the value."""
        return f"Secret({self.id})"


@dataclass(frozen=True)
class Source:
    """One sender of webhooks: whose site, what kind, its secrets and how its words are read."""

    site: str
    name: str
    kind: str
    secrets: tuple[Secret, ...] = ()
    settings: Mapping[str, Any] | None = None

    @property
    def active(self) -> list[str]:
        """The secrets that count now."""
        return [secret.value for secret in self.secrets if secret.revoked_at is None]


class Webhooks:
    """The sources of one home, one file each; read again whenever a file changed."""

    def __init__(self, home: Path) -> None:
        """The home -> its sources."""
        self._directory = secrets_directory(home) / "webhooks"
        self._read: dict[tuple[str, str], tuple[tuple[int, int, int], Source]] = {}

    def find(self, site: str, name: str) -> Source | None:
        """A site and a name -> the source, or None where there is none that can be read."""
        if not _SITE.match(site) or not _NAME.match(name):
            return None
        path = self._path(site, name)
        try:
            found = path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            held = self._read.get((site, name))
            if held is None or held[0] != seen:
                held = self._read[site, name] = (seen, _read(path))
            return held[1]
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def every(self) -> list[Source]:
        """Every source, by site and name."""
        paths = sorted(self._directory.glob("*/*.json"))
        found = (self.find(path.parent.name, path.stem) for path in paths)
        return [source for source in found if source is not None]

    def create(
        self,
        site: str,
        name: str,
        kind: str,
        *,
        now: datetime,
        given: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> tuple[Source, str, str]:
        """A source and the provider's secret, if it makes one -> the source, the new secret's id and its text.

        Of a source that is there already it gets a further secret: both count until the old one is revoked.
        """
        if not _SITE.match(site):
            raise BadSource(f"{site!r} is not a site: small letters, digits, - and _")
        if not _NAME.match(name):
            raise BadSource(f"{name!r} is not a name: 1 to 32 small letters, digits, - and _")
        if kind not in KINDS:
            raise BadSource(f"{kind!r} is not a kind: one of {', '.join(KINDS)}")
        value = _made(kind, given)
        with self._writing(site, name):
            source = self.find(site, name) or Source(site, name, kind)
            if source.kind != kind:
                raise BadSource(f"{name} of {site} is of kind {source.kind}: take another name")
            if value in source.active:
                raise BadSource("this secret is active already")
            if len(source.active) >= _MOST_SECRETS:
                raise BadSource(f"{_MOST_SECRETS} secrets are active: revoke one first")
            secret = Secret(chance.token_hex(6), value, now.isoformat())
            kept = source.settings if settings is None else settings
            source = replace(source, secrets=(*source.secrets, secret), settings=kept)
            self._write(source)
        return source, secret.id, value

    def configure(self, site: str, name: str, settings: Mapping[str, Any]) -> Source | None:
        """A source and its settings, checked before -> the source with them; None where there is none."""
        with self._writing(site, name):
            source = self.find(site, name)
            if source is not None:
                source = replace(source, settings=settings)
                self._write(source)
        return source

    def revoke(self, secret_id: str, *, now: datetime) -> Source | None:
        """A secret's id -> its source without it (it stays in the list, emptied); None where there is none."""
        for source in self.every():
            if any(secret.id == secret_id for secret in source.secrets):
                break
        else:
            return None
        with self._writing(source.site, source.name):
            source = self.find(source.site, source.name) or source
            ended = tuple(
                replace(one, value="", revoked_at=one.revoked_at or now.isoformat())
                if one.id == secret_id
                else one
                for one in source.secrets
            )
            source = replace(source, secrets=ended)
            self._write(source)
        return source

    def _path(self, site: str, name: str) -> Path:
        return self._directory / site / f"{name}.json"

    def _write(self, source: Source) -> None:
        content = json.dumps(asdict(source), ensure_ascii=False, indent=1)
        write_secret(self._path(source.site, source.name), content.encode("utf-8"))
        self._read.pop((source.site, source.name), None)

    @contextmanager
    def _writing(self, site: str, name: str) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read.pop((site, name), None)
            yield
        finally:
            os.close(lock)


def verified(
    headers: MultiMapping[str] | CIMultiDictProxy[str], body: bytes, secrets: Sequence[str], *, now: datetime
) -> Message:
    """Headers and raw body as they came, the active secrets, the clock -> Message; raises SignatureRefused.

    Each header must stand there once. Signatures are compared as text: of one signature base64 has several
    spellings, and only the usual one is taken.
    """
    message_id = one_header(headers, "webhook-id")
    sent = one_header(headers, "webhook-timestamp")
    signatures = one_header(headers, "webhook-signature")
    if not _ID.match(message_id) or not _SECONDS.match(sent) or len(signatures) > 2_048:
        raise SignatureRefused("the webhook-id, webhook-timestamp or webhook-signature header is malformed")
    check_window(sent, now=now)
    content = f"{message_id}.{sent}.".encode("ascii") + body
    parts = signatures.encode("utf-8", "surrogateescape").split(b" ")
    said = [part[3:] for part in parts if part.startswith(b"v1,")]
    right = False
    for key in [key_of(secret) for secret in secrets] or [_NOBODY]:
        wanted = base64.b64encode(hmac.digest(key, content, hashlib.sha256))
        for one in said:
            right |= hmac.compare_digest(one, wanted)
    if not right or not secrets:
        raise SignatureRefused("no signature is right")
    return Message(message_id, datetime.fromtimestamp(int(sent), UTC))


def check_window(sent: str, *, now: datetime) -> None:
    """The seconds a sender gives -> nothing when they lie within five minutes of the clock."""
    if not _SECONDS.match(sent):
        raise SignatureRefused("the timestamp is malformed")
    if abs(int(sent) - now.timestamp()) > WINDOW.total_seconds():
        raise SignatureRefused("the timestamp is more than 300 seconds away from the collector's clock")


def one_header(headers: MultiMapping[str] | CIMultiDictProxy[str], name: str) -> str:
    """A header that must be there exactly once -> its value; raises SignatureRefused."""
    found = headers.getall(name, [])
    if len(found) != 1:
        raise SignatureRefused(f"{name} stands there {len(found)} times, not once")
    return found[0]


def signed(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """A secret and a message -> the three headers a sender adds (documentation and tests)."""
    sent = str(int(at.timestamp()))
    content = f"{message_id}.{sent}.".encode("ascii") + body
    signature = base64.b64encode(hmac.digest(key_of(secret), content, hashlib.sha256)).decode("ascii")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{signature}",
    }


def key_of(secret: str) -> bytes:
    """`whsec_` and base64 -> the key's bytes; any other text stands for itself."""
    if not secret.startswith(_OURS):
        return secret.encode("utf-8")
    return base64.b64decode(secret.removeprefix(_OURS), validate=True)


def _made(kind: str, given: str | None) -> str:
    if given is None:
        if kind in GIVEN_SECRETS:
            raise BadSource(
                f"{kind} makes its secret itself: give it with --secret-file FILE, or - for standard input"
            )
        return _OURS + base64.b64encode(chance.token_bytes(32)).decode("ascii")
    value = given.strip()
    if kind == "sendgrid":  # a public key, as base64 or as the PEM file around it
        value = "".join(line for line in value.splitlines() if not line.startswith("-"))
    if value.startswith(_OURS):
        try:
            enough = len(key_of(value)) >= 24
        except (binascii.Error, ValueError):
            enough = False
        if not enough:
            raise BadSource("a secret of the form whsec_… holds at least 24 bytes in base64")
    elif kind not in GIVEN_SECRETS:
        raise BadSource("a secret of this kind has the form whsec_…; leave it out and one is made")
    elif (
        len(value) < _SHORTEST_GIVEN or len(set(value)) < 6 or not value.isascii() or not value.isprintable()
    ):
        raise BadSource(f"this is no secret: at least {_SHORTEST_GIVEN} characters that look random")
    return value


def _read(path: Path) -> Source:
    fields = json.loads(path.read_bytes())
    if fields["kind"] not in KINDS or fields["site"] != path.parent.name or fields["name"] != path.stem:
        raise ValueError("another source's file")
    kept = tuple(Secret(**secret) for secret in fields["secrets"])
    return Source(fields["site"], fields["name"], fields["kind"], kept, fields["settings"])

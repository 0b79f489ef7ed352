"""Bytes that could not be processed -> a sealed token, readable for 30 days and by nobody afterwards.

One AES-256-GCM key per UTC day lies under `HOME/secrets/dead-letters`; a day's tokens die with its key.
"""

import base64
import secrets
from datetime import date, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.secret_files import create_secret, read_key, secrets_directory

KEPT_DAYS = 30
_NONCE_BYTES = 12
_FORMAT = "sealed1"


class Unsealable(Exception):
    """A token that cannot be opened: its day's key is gone, or it was changed."""


class Sealer:
    """The day keys of one home; makes a day's key on first use and deletes the ones past their days."""

    def __init__(self, home: Path) -> None:
        """The home -> its keys; nothing is written before the first seal."""
        self._directory = secrets_directory(home) / "dead-letters"
        self._keys: dict[date, AESGCM] = {}
        self._swept: date | None = None

    def seal(self, content: bytes, day: date) -> str:
        """Bytes and the UTC day they failed on -> a token; the day is bound to it."""
        if self._swept != day:
            self.forget_before(day - timedelta(days=KEPT_DAYS))
            self._swept = day
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = self._key(day, create=True).encrypt(nonce, content, _bound_to(day))
        return _spelt(day, nonce + box)

    def open_sealed(self, token: str) -> bytes:
        """A token -> its bytes; raises Unsealable when the key has expired or the token was changed."""
        try:
            form, day_text, box_text = token.split(":")
            day = date.fromisoformat(day_text)
            box = base64.b64decode(box_text.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError as error:
            raise Unsealable("not a sealed token") from error
        if form != _FORMAT or len(box) < _NONCE_BYTES or _spelt(day, box) != token:
            raise Unsealable("not a sealed token")
        try:
            return self._key(day, create=False).decrypt(
                box[:_NONCE_BYTES], box[_NONCE_BYTES:], _bound_to(day)
            )
        except InvalidTag as error:
            raise Unsealable(f"the token of {day_text} was changed or sealed elsewhere") from error

    def forget_before(self, day: date) -> list[date]:
        """A day -> the days whose keys were deleted: all before it; their tokens never open again."""
        gone = []
        for path in sorted(self._directory.glob("????-??-??")):
            try:
                key_day = date.fromisoformat(path.name)
            except ValueError:
                continue
            if key_day < day:
                path.unlink(missing_ok=True)
                self._keys.pop(key_day, None)
                gone.append(key_day)
        return gone

    def _key(self, day: date, *, create: bool) -> AESGCM:
        path = self._directory / day.isoformat()
        if day in self._keys and path.exists():
            return self._keys[day]
        self._keys.pop(day, None)
        if create and not path.exists():
            create_secret(path, secrets.token_hex(32).encode("ascii"))
        if not path.exists():
            raise Unsealable(f"the key of {day.isoformat()} is gone: sealed bytes are kept {KEPT_DAYS} days")
        self._keys[day] = AESGCM(read_key(path))
        return self._keys[day]


def seal(content: bytes, day: date, *, home: Path) -> str:
    """Bytes, their UTC day and the home -> a token; a Sealer does the same with its keys at hand."""
    return Sealer(home).seal(content, day)


def open_sealed(token: str, *, home: Path) -> bytes:
    """A token and the home -> its bytes, or Unsealable."""
    return Sealer(home).open_sealed(token)


def _spelt(day: date, box: bytes) -> str:
    return f"{_FORMAT}:{day.isoformat()}:{base64.urlsafe_b64encode(box).decode('ascii')}"


def _bound_to(day: date) -> bytes:
    return f"headwater dead letter {day.isoformat()}".encode("ascii")

"""Secrets on disk -> bytes: one directory, mode 0700, every file 0600, made once and never half written."""

import os
import re
import secrets
from pathlib import Path

SHORTEST_SECRET = 32
_HEX = re.compile(r"[0-9a-f]+\Z")


class BadSecret(Exception):
    """A secret that must not be used: empty, too short, or readable by others."""


def secrets_directory(home: Path) -> Path:
    """The home -> its directory of secrets, made with mode 0700 when missing."""
    directory = home / "secrets"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if directory.stat().st_mode & 0o077:
        directory.chmod(0o700)
    return directory


def write_secret(path: Path, content: bytes) -> None:
    """A file and its bytes -> the file replaced in one step, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        _write_private(draft, content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def create_secret(path: Path, content: bytes) -> bool:
    """A file and its bytes -> True when this call made it, False when it was there; never half written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    _write_private(draft, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def read_key(path: Path) -> bytes:
    """A file of hexadecimal digits -> the key; refuses a short key and a file that others can read."""
    if path.stat().st_mode & 0o077:
        raise BadSecret(f"{path} can be read by others: chmod 600 it")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not _HEX.match(text) or len(text) % 2 or len(text) < 2 * SHORTEST_SECRET:
        raise BadSecret(f"{path} must hold at least {SHORTEST_SECRET} bytes in hexadecimal digits")
    key = bytes.fromhex(text)
    if len(set(key)) < 8:
        raise BadSecret(f"{path} does not look random: delete it only if nothing was recorded with it")
    return key


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

"""Phones and addresses made for a test, every form in which one could be told again, and a search of every byte."""

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

_KEY = 8


class Canary(NamedTuple):
    """Somebody who does not exist."""

    digits: str
    email: str

    @property
    def typed(self) -> str:
        """The phone as people write it."""
        return f"{self.digits[:3]}-{self.digits[3:7]}-{self.digits[7:]}"

    @property
    def e164(self) -> str:
        """The phone in its normal form."""
        return "+82" + self.digits[1:]


def made(count: int, seed: int) -> list[Canary]:
    """As many as are wanted, the same for a seed; no number is in another."""
    rng = random.Random(seed)
    numbers = rng.sample(range(10_000_000, 99_999_999), count)
    return [
        Canary(f"010{number}", f"canary{number}.{rng.getrandbits(40):x}@example.kr") for number in numbers
    ]


def forms_of(canary: Canary) -> Iterator[bytes]:
    """Plain, base64, hexadecimal, and MD5, SHA-1 and SHA-256 as bytes, in hexadecimal and in base64."""
    for text in (canary.digits, canary.typed, canary.e164, canary.e164[1:], canary.email):
        plain = text.encode()
        yield plain
        yield plain.hex().encode()
        yield from based(plain)
        for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            digest = algorithm(plain, usedforsecurity=False).digest()
            yield digest
            yield digest.hex().encode()
            yield digest.hex().upper().encode()
            yield from based(digest)


def based(plain: bytes) -> Iterator[bytes]:
    """What stays of bytes in base64 wherever they stand in the text that was encoded."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        begin = -(-before * 4 // 3)
        end = (before + len(plain)) * 4 // 3 - 1
        yield encoded[begin:end]
        yield base64.urlsafe_b64encode(b"\0" * before + plain)[begin:end]


class Search:
    """Many patterns looked for at every place of some bytes at once."""

    def __init__(self, patterns: Mapping[bytes, str]) -> None:
        """Patterns of eight bytes or more, each with what it is called."""
        assert all(len(pattern) >= _KEY for pattern in patterns)
        self._by_key: dict[int, list[tuple[bytes, str]]] = {}
        for pattern, name in patterns.items():
            key = int.from_bytes(pattern[:_KEY], "little")
            self._by_key.setdefault(key, []).append((pattern, name))
        self._keys = np.array(sorted(self._by_key), np.uint64)
        self._first = np.zeros(1 << 24, np.bool_)
        self._first[(self._keys & np.uint64(0xFFFFFF)).astype(np.int64)] = True

    def within(self, content: bytes) -> set[str]:
        """What is in some bytes."""
        found: set[str] = set()
        step = 1 << 24
        for start in range(0, len(content), step):
            found |= self._piece(content[start : start + step + 1024])
        return found

    def _piece(self, piece: bytes) -> set[str]:
        held = np.frombuffer(piece + b"\0" * _KEY, np.uint8)
        count = len(piece)
        three = held[:count].astype(np.int64)
        three |= held[1 : count + 1].astype(np.int64) << 8
        three |= held[2 : count + 2].astype(np.int64) << 16
        places = np.flatnonzero(self._first[three])
        keys = np.zeros(len(places), np.uint64)
        for byte in range(_KEY):
            keys |= held[places + byte].astype(np.uint64) << np.uint64(8 * byte)
        hits = np.flatnonzero(np.isin(keys, self._keys))
        found = set()
        for hit in hits.tolist():
            for pattern, name in self._by_key[int(keys[hit])]:
                if piece.startswith(pattern, int(places[hit])):
                    found.add(name)
        return found

    def below(self, directory: Path, leaving_out: Iterable[Path] = ()) -> dict[str, set[str]]:
        """Files below a directory -> what was found in each: its bytes and its name."""
        out = tuple(leaving_out)
        hits = {}
        for path in sorted(directory.rglob("*")):
            if not path.is_file() or any(path.is_relative_to(one) for one in out):
                continue
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a part that was merged away meanwhile
                continue
            found = self.within(str(path).encode() + b"\0" + content)
            if found:
                hits[str(path.relative_to(directory))] = found
        return hits


def search_for(canaries: Iterable[Canary]) -> Search:
    """A search for every form of these."""
    patterns = {}
    for number, canary in enumerate(canaries):
        for place, form in enumerate(forms_of(canary)):
            patterns[form] = f"canary {number}, form {place}"
    return Search(patterns)

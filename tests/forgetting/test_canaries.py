"""The search finds what it is for: every form of a canary, wherever it lies."""

import base64
import hashlib
from pathlib import Path

import pytest

from tests.forgetting.canaries import Canary, Search, made, search_for

pytestmark = pytest.mark.slow

CANARIES = made(100, seed=1)
SEARCH = search_for(CANARIES)
ONE = CANARIES[42]


@pytest.mark.parametrize("text", [ONE.digits, ONE.typed, ONE.e164, ONE.email])
@pytest.mark.parametrize("shift", range(3))
def test_every_form_is_found(text: str, shift: int) -> None:
    plain = text.encode()
    before = b"x" * shift
    for hidden in (
        plain,
        plain.hex().encode(),
        base64.b64encode(before + plain + b"tail"),
        base64.urlsafe_b64encode(before + plain + b"tail"),
        hashlib.md5(plain, usedforsecurity=False).digest(),
        hashlib.sha1(plain, usedforsecurity=False).hexdigest().encode(),
        base64.b64encode(hashlib.sha256(plain).digest()),
    ):
        assert SEARCH.within(b"\0" * 1000 + before + hidden + b"\n") != set(), hidden


def test_what_is_nobodys_is_not_found() -> None:
    stranger = Canary("01000000000", "stranger@example.kr")
    assert SEARCH.within(f"{stranger.digits} {stranger.email} {'ab' * 500}".encode()) == set()


def test_files_and_their_names_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"\0" * (1 << 24) + ONE.digits.encode())
    (tmp_path / f"of-{ONE.digits}.txt").write_bytes(b"")
    assert len(SEARCH.below(tmp_path)) == 2
    assert SEARCH.below(tmp_path, [tmp_path / "deep"]).keys() == {f"of-{ONE.digits}.txt"}


def test_a_pattern_at_the_border_of_two_pieces_is_found() -> None:
    search = Search({b"0123456789": "it"})
    for place in range((1 << 24) - 12, (1 << 24) + 2):
        assert search.within(b"." * place + b"0123456789...") == {"it"}

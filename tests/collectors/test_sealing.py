"""Sealed bytes open for their days, for nobody after, and not when changed."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from streams.sealing import KEPT_DAYS, Sealer, Unsealable, open_sealed, seal

DAY = date(2026, 3, 2)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)), b"010-1234-5678" * 1000])
def test_what_was_sealed_opens_again_also_for_another_process(tmp_path: Path, content: bytes) -> None:
    token = seal(content, DAY, home=tmp_path)
    assert open_sealed(token, home=tmp_path) == content
    assert b"1234" not in token.encode() or b"1234" not in content


def test_the_same_bytes_never_give_the_same_token(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path)
    assert len({sealer.seal(b"x", DAY) for _ in range(50)}) == 50


def test_a_changed_token_does_not_open(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path)
    token = sealer.seal(b"secret", DAY)
    sealer.seal(b"other", DAY + timedelta(days=1))
    start = token.rindex(":") + 1
    changed = [
        token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(start, len(token) - 1)
    ]
    changed += [
        "",
        "sealed1",
        token.replace("sealed1", "sealed2"),
        token.replace("-02:", "-03:"),
        token[:-4],
        token + "AAAA",
    ]
    for one in changed:
        with pytest.raises(Unsealable):
            sealer.open_sealed(one)


def test_a_key_lives_for_thirty_days_and_its_tokens_with_it(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path)
    token = sealer.seal(b"secret", DAY)
    sealer.seal(b"later", DAY + timedelta(days=KEPT_DAYS))
    assert sealer.open_sealed(token) == b"secret"
    sealer.seal(b"too late", DAY + timedelta(days=KEPT_DAYS + 1))
    with pytest.raises(Unsealable, match="gone"):
        sealer.open_sealed(token)
    assert not (tmp_path / "secrets/dead-letters" / DAY.isoformat()).exists()


def test_a_key_deleted_by_another_process_opens_nothing_more(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path)
    token = sealer.seal(b"secret", DAY)
    Sealer(tmp_path).forget_before(DAY + timedelta(days=1))
    with pytest.raises(Unsealable):
        sealer.open_sealed(token)


def test_day_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    seal(b"x", DAY, home=tmp_path)
    assert (tmp_path / "secrets/dead-letters" / DAY.isoformat()).stat().st_mode & 0o777 == 0o600

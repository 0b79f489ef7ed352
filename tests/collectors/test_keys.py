"""Keys are hashed at rest, scoped, revocable at once, and nothing near a key is one."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.collectors.keys import BROWSER_TYPES, BadKeyRequest, KeyKind, KeyRing, local_admin_key

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    """An empty ring."""
    return KeyRing(tmp_path)


def test_the_file_holds_digests_and_never_a_secret(ring: KeyRing, tmp_path: Path) -> None:
    _, text = ring.create(KeyKind.SERVER, now=NOW, sites=["clinic"])
    path = tmp_path / "secrets/keys.json"
    assert text.rpartition("_")[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_several_keys_are_active_until_revoked_and_a_second_ring_sees_it_at_once(
    ring: KeyRing, tmp_path: Path
) -> None:
    old, old_text = ring.create(KeyKind.SERVER, now=NOW, sites=["clinic"])
    _, new_text = ring.create(KeyKind.SERVER, now=NOW, sites=["clinic"])
    running = KeyRing(tmp_path)
    assert running.find(old_text) and running.find(new_text)
    ring.revoke(old.id, now=NOW)
    assert running.find(old_text) is None
    assert running.find(new_text)
    assert [key.revoked_at is None for key in ring.every_key() if key.id == old.id] == [False]


def test_a_rotated_key_counts_beside_the_old_one_and_there_are_never_three(ring: KeyRing) -> None:
    old, old_text = ring.create(KeyKind.SERVER, now=NOW, sites=["clinic"], types=["visit_seen"], label="form")
    new, new_text = ring.rotate(old.id, now=NOW)
    assert (new.sites, new.types, new.label, new.kind) == (old.sites, old.types, old.label, old.kind)
    assert ring.find(old_text) == old and ring.find(new_text) == new
    for one in (old.id, new.id):
        with pytest.raises(BadKeyRequest, match="second active key"):
            ring.rotate(one, now=NOW)
    ring.revoke(old.id, now=NOW)
    assert ring.find(old_text) is None and ring.find(new_text) == new
    third, _ = ring.rotate(new.id, now=NOW)
    assert third.source_id == old.id
    for gone in (old.id, "0" * 12):
        with pytest.raises(BadKeyRequest, match="no active key"):
            ring.rotate(gone, now=NOW)


def test_two_hundred_near_keys_open_nothing(ring: KeyRing) -> None:
    _, text = ring.create(KeyKind.SERVER, now=NOW, sites=["*"])
    dice = random.Random(7)
    near = {
        "",
        " ",
        text[:-1],
        text + "0",
        text.upper(),
        text + "\n",
        " " + text,
        "hwb" + text[3:],
        text[::-1],
    }
    while len(near) < 200:
        place = dice.randrange(len(text))
        near.add(text[:place] + dice.choice("0123456789abcdef_-é\x00") + text[place + 1 :])
    near.discard(text)
    assert [one for one in near if ring.find(one)] == []
    assert ring.find(text)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"keys": [{}]}', '{"keys": 1}', "\x00"])
def test_a_broken_key_file_lets_nobody_in(ring: KeyRing, tmp_path: Path, content: str) -> None:
    _, text = ring.create(KeyKind.SERVER, now=NOW, sites=["*"])
    (tmp_path / "secrets/keys.json").write_text(content)
    assert ring.find(text) is None


def test_a_missing_key_file_lets_nobody_in(ring: KeyRing, tmp_path: Path) -> None:
    _, text = ring.create(KeyKind.SERVER, now=NOW, sites=["*"])
    (tmp_path / "secrets/keys.json").unlink()
    assert ring.find(text) is None


def test_a_server_key_is_scoped_by_site_and_type(ring: KeyRing) -> None:
    key, _ = ring.create(KeyKind.SERVER, now=NOW, sites=["a", "b"], types=["call_ended"])
    assert key.covers_site("a") and key.covers_site("b") and not key.covers_site("c")
    assert key.covers_type("call_ended") and not key.covers_type("payment_received")


def test_a_browser_key_says_touches_only(ring: KeyRing) -> None:
    key, _ = ring.create(KeyKind.BROWSER, now=NOW, sites=["a"])
    assert all(key.covers_type(name) for name in BROWSER_TYPES)
    assert not key.covers_type("payment_received") and not key.covers_type("status_changed")


def test_a_browser_key_says_that_a_form_was_sent_only_when_made_so(ring: KeyRing) -> None:
    key, _ = ring.create(KeyKind.BROWSER, now=NOW, sites=["a"], types=["*", "status_changed"])
    assert key.covers_type("visit_seen") and key.covers_type("status_changed")
    only, _ = ring.create(KeyKind.BROWSER, now=NOW, sites=["a"], types=["status_changed"])
    assert not only.covers_type("visit_seen") and not only.covers_type("payment_received")


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (KeyKind.SERVER, {"sites": []}),
        (KeyKind.SERVER, {"sites": ["A B"]}),
        (KeyKind.SERVER, {"sites": ["a"], "origins": ["https://a.kr"]}),
        (KeyKind.BROWSER, {"sites": ["*"]}),
        (KeyKind.BROWSER, {"sites": ["a", "b"]}),
        (KeyKind.BROWSER, {"sites": ["a"], "types": ["payment_received"]}),
        (KeyKind.BROWSER, {"sites": ["a"], "origins": ["*"]}),
        (KeyKind.BROWSER, {"sites": ["a"], "origins": ["https://a.kr/path"]}),
        (KeyKind.BROWSER, {"sites": ["a"], "origins": ["null"]}),
        (KeyKind.BROWSER, {"sites": ["a"], "origins": ["https://a.kr\r\nX: y"]}),
    ],
)
def test_a_key_without_a_sound_scope_is_not_made(ring: KeyRing, kind: KeyKind, scope: dict[str, Any]) -> None:
    with pytest.raises(BadKeyRequest):
        ring.create(kind, now=NOW, **scope)
    assert ring.every_key() == []


def test_the_admin_key_is_made_once_and_anew_after_its_revocation(ring: KeyRing, tmp_path: Path) -> None:
    text = local_admin_key(tmp_path, now=NOW)
    assert local_admin_key(tmp_path, now=NOW) == text
    assert (tmp_path / "secrets/admin-key").stat().st_mode & 0o777 == 0o600
    admin = ring.find(text)
    assert admin is not None and admin.covers_site("any")
    ring.revoke(admin.id, now=NOW)
    assert local_admin_key(tmp_path, now=NOW) != text


def test_what_a_key_shows_of_itself_is_no_secret(ring: KeyRing) -> None:
    key, text = ring.create(KeyKind.SERVER, now=NOW, sites=["a"])
    assert text not in repr(key) and text not in json.dumps(key.__dict__, default=str)

"""A site's keys destroyed: nobody can make its pseudonyms again, and no other site notices."""

import hashlib
import hmac
import shutil
from pathlib import Path

import pytest

from streams.collectors.privacy import Pseudonyms, SiteKeysDestroyed, pseudonymised
from streams.secret_files import read_key

PHONE = "+821012345678"


def derivable(home: Path, site: str) -> set[str]:
    """Every pseudonym of the phone that somebody with all of the home's secrets could make for a site."""
    purpose = b"headwater identifiers of the site " + site.encode()
    keys = []
    for path in (home / "secrets").rglob("*"):
        if path.is_file() and path.name.isdecimal():
            held = read_key(path)
            keys += [held, hmac.digest(held, purpose, hashlib.sha256)]
    return {hmac.digest(key, PHONE.encode(), hashlib.sha256).hex() for key in keys}


def test_what_was_destroyed_cannot_be_made_and_the_others_stay_joined(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms(tmp_path)
    pseudonyms.rotate()
    gone, kept = pseudonyms.of("clinic", PHONE), pseudonyms.of("other", PHONE)
    assert {one.rpartition(":")[2] for one in gone} <= derivable(tmp_path, "clinic")  # the measure can fail
    pseudonyms.destroy_site("clinic", ["other"])
    assert not {one.rpartition(":")[2] for one in gone} & derivable(tmp_path, "clinic")
    for door in (pseudonyms, Pseudonyms(tmp_path)):
        assert door.of("other", PHONE) == kept
        with pytest.raises(SiteKeysDestroyed):
            door.of("clinic", PHONE)


def test_a_running_door_refuses_a_destroyed_site_at_once(tmp_path: Path) -> None:
    running = Pseudonyms(tmp_path)
    running.of("clinic", PHONE)
    Pseudonyms(tmp_path).destroy_site("clinic", [])
    running.refresh()
    event = {"event_id": "e1", "type": "visit_seen", "site": "clinic", "phone": "010-1234-5678"}
    _, problems = pseudonymised(event, running, public=False)
    assert [problem.field for problem in problems] == ["site"]
    event.pop("phone")
    assert pseudonymised(event, running, public=False)[1] == []


def test_rotation_goes_on_and_a_second_destruction_ends_that_site_too(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms(tmp_path)
    before = pseudonyms.of("other", PHONE)
    pseudonyms.destroy_site("clinic", ["other", "third"])
    pseudonyms.rotate()
    assert pseudonyms.of("other", PHONE)[1:] == before
    third = pseudonyms.of("third", PHONE)
    pseudonyms.destroy_site("other", ["third"])
    assert pseudonyms.of("third", PHONE) == third
    for site in ("clinic", "other"):
        with pytest.raises(SiteKeysDestroyed):
            pseudonyms.of(site, PHONE)


@pytest.mark.parametrize("left", ["copies", "copies and tombstone"])
def test_cut_short_it_is_done_again(tmp_path: Path, left: str) -> None:
    """Killed before the masters are made anew: nothing is lost, and the next call ends it."""
    pseudonyms = Pseudonyms(tmp_path)
    kept, gone = pseudonyms.of("other", PHONE), pseudonyms.of("clinic", PHONE)
    masters = tmp_path / "secrets" / "pseudonym-keys"
    shutil.copytree(masters, tmp_path / "before")
    pseudonyms.destroy_site("clinic", ["other"])
    shutil.rmtree(masters)
    shutil.copytree(tmp_path / "before", masters)
    if left == "copies":
        (tmp_path / "secrets" / "site-keys" / b"clinic".hex() / "destroyed").unlink()
    again = Pseudonyms(tmp_path)
    assert again.of("other", PHONE) == kept
    again.destroy_site("clinic", [])  # `other` has its copies: it need not be named again
    assert again.of("other", PHONE) == kept
    assert not {one.rpartition(":")[2] for one in gone} & derivable(tmp_path, "clinic")

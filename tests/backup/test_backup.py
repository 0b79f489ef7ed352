"""The log saved and put back on real Kafka: whole, in parts, killed, and refused where it would not be the same."""

import shutil
import threading
from pathlib import Path

import pytest

from infra.backup.manifest import BackupRefused
from infra.backup.restoring import Restored
from infra.backup.segments import BackupDamaged
from infra.settings import Settings
from tests.backup.given_logs import (
    PLACES,
    append,
    append_in_a_transaction,
    cut,
    drawn,
    emptied,
    files_of,
    killed,
    log_of,
    restore_and_die,
    restored,
    save_and_die,
    saved,
)
from tests.command import headwater

pytestmark = pytest.mark.stack


def test_a_backup_put_back_onto_an_empty_machine_is_the_same_log(settings: Settings, tmp_path: Path) -> None:
    append(settings, drawn(1, 900))
    keys = settings.secrets / "pseudonym-keys" / "1"
    keys.parent.mkdir(parents=True)
    keys.write_text("ab" * 32)
    made = headwater(settings, "backup", tmp_path / "b")
    assert made.returncode == 0, made.stderr
    assert f"NOT in it: {settings.secrets}" in made.stderr
    more = drawn(2, 300)
    meanwhile = threading.Thread(target=append, args=(settings, more))
    meanwhile.start()
    again = headwater(settings, "backup", tmp_path / "b", "--with-secrets")
    meanwhile.join()
    assert again.returncode == 0 and again.stdout != made.stdout, again.stderr
    saved(settings, tmp_path / "b")

    was = log_of(settings)
    assert sum(map(len, was.values())) == 1202
    emptied(settings)
    empty = settings.model_copy(update={"home": tmp_path / "elsewhere", "brokers": settings.bootstrap})
    back = headwater(empty, "restore", tmp_path / "b", "--with-secrets")
    assert back.returncode == 0, back.stderr
    assert log_of(settings) == was
    assert (empty.secrets / "pseudonym-keys" / "1").read_text() == "ab" * 32
    assert (empty.secrets / "pseudonym-keys" / "1").stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "b").rglob("*"))


def test_a_backup_writes_only_what_is_new_also_after_it_was_killed(
    settings: Settings, tmp_path: Path
) -> None:
    append(settings, drawn(3, 900))
    killed(save_and_die, settings, tmp_path / "b", 600)
    with pytest.raises(BackupRefused, match="no finished backup"):
        restored(settings, tmp_path / "b")
    finished = {name: told for name, told in files_of(tmp_path / "b").items() if name.endswith(".zst")}
    assert len(finished) >= 2
    first = saved(settings, tmp_path / "b")
    held = files_of(tmp_path / "b")
    assert finished.items() <= held.items() and first.new_records == first.manifest.records == 901

    append(settings, drawn(4, 400))
    killed(save_and_die, settings, tmp_path / "b", 250)
    assert restored_nothing(settings, tmp_path / "b")
    second = saved(settings, tmp_path / "b")
    left = {name: told for name, told in held.items() if name.startswith("log/")}
    assert left.items() <= files_of(tmp_path / "b").items() and second.new_records == 401
    was = log_of(settings)
    emptied(settings)
    assert restored(settings, tmp_path / "b").records == second.manifest.records == 1302
    assert log_of(settings) == was


def restored_nothing(settings: Settings, directory: Path) -> bool:
    """A log that holds anything is refused and stays as it is."""
    was = log_of(settings)
    with pytest.raises(BackupRefused, match="is not empty"):
        restored(settings, directory)
    return log_of(settings) == was


def test_a_killed_restore_goes_on_where_it_stopped(settings: Settings, tmp_path: Path) -> None:
    append(settings, drawn(5, 900))
    saved(settings, tmp_path / "b")
    was = log_of(settings)
    emptied(settings)
    killed(restore_and_die, settings, tmp_path / "b", 200)
    part = sum(map(len, log_of(settings).values()))
    assert 0 < part < 901
    shutil.copytree(tmp_path / "b", tmp_path / "moved")
    restored(settings, tmp_path / "moved")
    assert log_of(settings) == was
    assert restored_nothing(settings, tmp_path / "b")


def test_a_restore_does_not_go_on_over_something_else(settings: Settings, tmp_path: Path) -> None:
    append(settings, drawn(6, 900))
    saved(settings, tmp_path / "b")
    emptied(settings)
    killed(restore_and_die, settings, tmp_path / "b", 200)
    append(settings, {PLACES[0]: drawn(7, 5)[PLACES[0]][:1]})
    was = log_of(settings)
    with pytest.raises(
        BackupRefused, match=r"headwater\.events, partition 0, offset \d+ is no record of this"
    ):
        restored(settings, tmp_path / "b")
    append(settings, drawn(8, 20))
    other = tmp_path / "other"
    saved(settings, other)
    with pytest.raises(BackupRefused, match="restore of another backup was begun here"):
        restored(settings, other)
    assert all(log_of(settings)[place][: len(some)] == some for place, some in was.items())


def test_offsets_that_kafka_took_for_itself_are_told(settings: Settings, tmp_path: Path) -> None:
    append_in_a_transaction(settings, [b"1", b"2"])
    append_in_a_transaction(settings, [b"3"])
    saved(settings, tmp_path / "b")
    assert saved(settings, tmp_path / "b").new_records == 0
    was = log_of(settings)[PLACES[0]]
    emptied(settings)
    assert restored(settings, tmp_path / "b") == Restored(3, {PLACES[0]: 2})
    assert log_of(settings)[PLACES[0]] == [one._replace(offset=n) for n, one in enumerate(was)]


def test_damage_and_another_number_of_partitions_are_refused_and_change_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    append(settings, drawn(9, 300))
    saved(settings, tmp_path / "b")
    emptied(settings)
    path = next((tmp_path / "b" / "log").rglob("*.zst"))
    right = path.read_bytes()
    path.write_bytes(right[:60] + b"\0" + right[61:])
    refused = headwater(settings, "restore", tmp_path / "b", "--check")
    assert refused.returncode == 1 and f"{path} is damaged" in refused.stderr
    with pytest.raises(BackupDamaged):
        restored(settings, tmp_path / "b")
    path.write_bytes(right)
    with pytest.raises(BackupRefused, match="HEADWATER_PARTITIONS says 3: set it to 2"):
        restored(settings.model_copy(update={"partitions": 3}), tmp_path / "b")
    assert not any(log_of(settings).values())
    emptied(settings, partitions=3)
    with pytest.raises(BackupRefused, match="has 3 partitions, the backup 2"):
        restored(settings, tmp_path / "b")
    assert not (settings.home / "restore.json").exists()


def test_a_log_that_was_cut_or_made_anew_is_not_added_to_a_backup(settings: Settings, tmp_path: Path) -> None:
    append(settings, drawn(10, 300))
    saved(settings, tmp_path / "b")
    was = files_of(tmp_path / "b")
    cut(settings, 20)
    with pytest.raises(BackupRefused, match="begins at offset 20: what lay before was deleted"):
        saved(settings, tmp_path / "late")
    append(settings, drawn(11, 30))
    assert saved(settings, tmp_path / "b").new_records == 31
    held = files_of(tmp_path / "b")
    assert {name: told for name, told in was.items() if name != "manifest.json"}.items() <= held.items()
    emptied(settings)
    append(settings, drawn(12, 600))
    with pytest.raises(BackupRefused, match="is not the log of this backup"):
        saved(settings, tmp_path / "b")
    assert {name: told for name, told in held.items() if name != "unfinished.jsonl"} == files_of(
        tmp_path / "b"
    )

"""Files of a backup: what was written is read, and what was changed is named."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.backup.manifest import BackupRefused, Last, Manifest, Segment, Shelf
from infra.backup.restoring import whole_backup
from infra.backup.segments import BackupDamaged, Kept, SegmentWriter, mark_of, read_segment
from tests.backup.given_logs import PLACES, silent

nullable = st.none() | st.binary(max_size=200)
records = st.builds(
    Kept,
    st.integers(0, 2**62),
    st.integers(-1, 2**62),
    nullable,
    nullable,
    st.lists(st.tuples(st.text(st.characters(codec="utf-8"), max_size=9), nullable), max_size=3).map(tuple),
)


@given(st.lists(records, max_size=30))
def test_what_was_written_is_read(some: list[Kept]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log" / "one.zst"
        writer = SegmentWriter(path)
        writer.write(some[:10])
        writer.write(some[10:])
        assert not path.exists()
        assert writer.finish().records == len(some)
        assert list(read_segment(path)) == some
        assert path.stat().st_mode & 0o777 == 0o600


@given(records, records)
def test_a_record_is_known_by_all_it_says_and_not_by_where_it_lies(one: Kept, other: Kept) -> None:
    moved = other._replace(offset=one.offset)
    assert (mark_of(one) == mark_of(other)) == (one == moved)


def backup_of(directory: Path) -> Manifest:
    """A backup of three records."""
    some = [Kept(number, 7, b"site", b"value" * 30, ()) for number in range(3)]
    writer = SegmentWriter(directory / "log/one.zst")
    writer.write(some)
    written = writer.finish()
    topic, partition = PLACES[0]
    segment = Segment(
        topic=topic,
        partition=partition,
        file="log/one.zst",
        first=0,
        end=3,
        records=3,
        last=Last(offset=2, mark=mark_of(some[-1])),
        size=written.size,
        sha256=written.sha256,
    )
    made = Manifest(
        made_at="2026-03-01", code_version="1", partitions=1, records=3, segments=[segment], beside=[]
    ).sealed()
    Shelf(directory).publish(made)
    return made


def test_a_changed_byte_anywhere_is_found_and_its_file_named(tmp_path: Path) -> None:
    made = backup_of(tmp_path)
    assert whole_backup(tmp_path, silent) == made
    for name in ("log/one.zst", "manifest.json"):
        path = tmp_path / name
        right = path.read_bytes()
        for place in range(0, len(right), 1 if name.endswith("zst") else 7):
            path.write_bytes(right[:place] + bytes([right[place] ^ 1]) + right[place + 1 :])
            with pytest.raises(BackupDamaged, match=str(path)):
                whole_backup(tmp_path, silent)
        path.write_bytes(right[:-2])
        with pytest.raises(BackupDamaged, match=str(path)):
            whole_backup(tmp_path, silent)
        path.write_bytes(right)
    (tmp_path / "log/one.zst").unlink()
    with pytest.raises(BackupDamaged, match=r"log/one\.zst cannot be read: No such file"):
        whole_backup(tmp_path, silent)


@pytest.mark.parametrize("change", [{"first": 1}, {"file": "../../etc/passwd"}, {"file": "log/../../x"}])
def test_a_manifest_with_a_gap_or_a_path_that_leads_out_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    made = backup_of(tmp_path)
    forged = made.model_copy(update={"segments": [made.segments[0].model_copy(update=change)]})
    Shelf(tmp_path).publish(forged.sealed())
    with pytest.raises(BackupDamaged):
        whole_backup(tmp_path, silent)


def test_a_directory_of_other_things_is_no_backup_and_becomes_none(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(BackupRefused, match="no finished backup"):
        whole_backup(tmp_path, silent)
    with pytest.raises(BackupRefused, match="holds other things"), Shelf(tmp_path).alone():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_one_backup_into_a_directory_at_a_time(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "b")
    with shelf.alone(), pytest.raises(BackupRefused, match="under way"), shelf.alone():
        pass
    with shelf.alone():
        pass

"""What the line must have come to: the reference on the log as it now lies there, against every table."""

from pathlib import Path

from schemas.topics import CATALOG, EVENTS
from streams.sealing import Sealer
from tests.line.harness import Line, Log, assert_same
from tests.line.records import Fates, Reasons, archived, right, told


def judge(line: Line, reasons: Reasons | None = None) -> None:
    """Every published table, every fate, the archive and the dead letters are right."""
    log = line.log()
    fates, sites = told(log, reasons or {})
    assert_fates(line, fates)
    assert_archive(line, log, fates)
    assert_dead_letters(line, log, fates)
    assert_same(line.published(), right(sites))


def assert_fates(line: Line, fates: Fates) -> None:
    """Each offset has one fate, the right one."""
    found = line.fates()
    for place in sorted(fates.keys() | found.keys()):
        mine, theirs = found.get(place, []), fates.get(place, [])
        wrong = [f"{one} is none" for one in mine if one not in theirs]
        wrong += [f"{one} is missing" for one in theirs if one not in mine]
        assert mine == theirs, f"fates of {place}: {wrong[:20] or 'an offset has two'}"


def assert_archive(line: Line, log: Log, fates: Fates) -> None:
    """The archive holds every applied event, its bytes as they are in the log."""
    names = "site, event_id, partition, offset, payload, type, branch"
    found = line.rows(f"SELECT {names} FROM headwater.event_archive FINAL")
    mine = {(row["site"], row["event_id"]): row for row in found}
    theirs = {(row["site"], row["event_id"]): row for row in archived(log, fates)}
    assert len(mine) == len(found)
    wrong = [f"{key}: {mine.get(key)} should be {theirs.get(key)}" for key in mine.keys() | theirs.keys()
             if mine.get(key) != theirs.get(key)]  # fmt: skip
    assert not wrong, f"event_archive: {len(wrong)} differences\n" + "\n".join(sorted(wrong)[:10])


def assert_dead_letters(line: Line, log: Log, fates: Fates) -> None:
    """Every dead letter is in its topic, its bytes sealed as they were, and has its row."""
    sealer = Sealer(Path(line.settings.home))
    letters = {(one["topic"], one["partition"], one["offset"]): one for one in line.dead_letters()}
    rows = {
        (one["topic"], one["partition"], one["offset"]): one
        for one in line.rows("SELECT * FROM headwater.dead_letter_rows FINAL")
    }
    right_ones = {
        (*place, offset): reason
        for place, told_fates in fates.items()
        for offset, fate, reason in told_fates
        if fate == "dead_lettered"
    }
    assert {place: row["reason"] for place, row in rows.items()} == right_ones
    assert {place: letter["reason"] for place, letter in letters.items()} == right_ones
    for place in right_ones:
        record = log[place[0], place[1]][place[2]]
        assert record.offset == place[2]
        assert sealer.open_sealed(letters[place]["sealed"]) == record.value, place
        assert sealer.open_sealed(letters[place]["key"]) == (record.key or b""), place


__all__ = ["CATALOG", "EVENTS", "judge"]

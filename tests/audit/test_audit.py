"""Whatever is stored otherwise than the log says is found, named and put right; nothing else ever is."""

import os
import signal
import subprocess
import sys
import threading
from typing import NamedTuple

import pytest

from infra.local import stack
from infra.local.doctor import audit_finding
from schemas.topics import partition_of
from streams.agents.follower import Follower
from streams.snapshots import Snapshots
from tests.audit.conftest import audits, state
from tests.line.harness import PARTITIONS, ROOT, Line, until
from tests.line.records import big_history

pytestmark = pytest.mark.stack

CHANGED = "ALTER TABLE headwater.{table} UPDATE {what} WHERE {where} SETTINGS mutations_sync = 2"
GONE = "ALTER TABLE headwater.{table} DELETE WHERE {where} SETTINGS mutations_sync = 2"
COPIED = "INSERT INTO headwater.{table} SELECT * REPLACE ({what}) FROM headwater.{table} FINAL WHERE {where} LIMIT 1"
EMPTIED = "TRUNCATE TABLE headwater.{table}"
FAR = "version + 1000000000000 AS version"


class Damage(NamedTuple):
    """What somebody does to a table, and how an audit calls it."""

    sql: str
    table: str
    called: str
    what: str = ""
    where: str = "1"

    @property
    def statement(self) -> str:
        """The damage as SQL."""
        return self.sql.format(table=self.table, what=self.what, where=self.where)


def the(choice: str, key: str, table: str, where: str = "1") -> str:
    """A condition on one row: that of the least or greatest key."""
    return f"({key}) = (SELECT {choice}(({key})) FROM headwater.{table} FINAL WHERE {where})"


EVENT = "site, event_id"
LETTER = "topic, partition, offset"
RANGE = "topic, partition, first"
IN_ROWS = [
    Damage(CHANGED, "touch_rows", "differs", "channel = 'swapped'", the("min", "touch_id", "touch_rows")),
    Damage(CHANGED, "conversion_rows", "differs", "w_last = arrayMap(w -> w - 1, w_last)",
           the("min", "conversion_id", "conversion_rows", "notEmpty(w_last)")),
    Damage(CHANGED, "lead_rows", "differs", "inquiry_at = NULL",
           the("min", "lead_key", "lead_rows", "inquiry_at IS NOT NULL")),
    Damage(GONE, "lead_rows", "missing", where=the("max", "lead_key", "lead_rows")),
    Damage(COPIED, "payment_rows", "extra", "'bogus' AS payment_id, 1 AS version"),
    Damage(COPIED, "channel_rows", "extra", "'nobody' AS site, 1 AS version"),
    Damage(COPIED, "funnel_rows", "version", f"{FAR}, visits + 1 AS visits"),
    Damage(COPIED, "call_rows", "version", f"{FAR}, 1 AS deleted"),
    Damage(EMPTIED, "spend_rows", "missing"),
    Damage(CHANGED, "activity_rows", "differs", "variant = 'swapped'", the("min", "event_id", "activity_rows")),
    Damage(GONE, "definition_rows", "missing", where=the("max", "kind, id", "definition_rows")),
    Damage(CHANGED, "event_archive", "differs", "payload = concat(payload, ' ')", the("min", EVENT, "event_archive")),
    Damage(GONE, "event_archive", "missing", where=the("max", EVENT, "event_archive")),
    Damage(COPIED, "event_archive", "extra", "'bogus' AS event_id"),
    Damage(CHANGED, "fate_rows", "wrong", "fate = 'filtered'", the("min", RANGE, "fate_rows")),
    Damage(GONE, "fate_rows", "missing", where=the("max", RANGE, "fate_rows")),
    Damage(GONE, "dead_letter_rows", "missing", where=the("min", LETTER, "dead_letter_rows")),
    Damage(CHANGED, "dead_letter_rows", "differs", "reason = 'tombstone'", the("max", LETTER, "dead_letter_rows")),
]  # fmt: skip
IN_TABLES = [
    Damage(EMPTIED, "touch_rows", "missing"),
    Damage(EMPTIED, "site_rows", "missing"),
    Damage(EMPTIED, "event_archive", "missing"),
    Damage(EMPTIED, "dead_letter_rows", "missing"),
    Damage(COPIED, "fate_rows", "wrong", "last + 3 AS last", "last > first + 3"),
    Damage(COPIED, "conversion_rows", "version", f"{FAR}, 'x' AS stage"),
    Damage(COPIED, "call_rows", "extra", "'bogus' AS call_id"),
]


@pytest.mark.parametrize(
    "damages",
    [pytest.param(IN_ROWS, id="in rows"), pytest.param(IN_TABLES, id="in tables", marks=pytest.mark.deep)],
)
def test_damage_is_named_and_put_right(line: Line, damages: list[Damage]) -> None:
    before = state(line)
    for damage in damages:
        line.command(damage.statement)
    found = [one for audited in audits(line) for one in audited.named]
    named = {(one.table, one.what) for one in found}
    assert {(one.table, one.called) for one in damages} <= named
    # a range of fates that is wrong leaves offsets without one, and the two kinds of damage meet
    assert named <= {(one.table, one.called) for one in damages} | {("fate_rows", "missing")}
    assert all(one.key and one.offsets[0][3] > 0 for one in found)
    assert [one.columns for one in found if (one.table, one.what) == ("touch_rows", "differs")] in (
        [],
        [("channel",)],
    )
    assert state(line) == before
    again = audits(line)
    assert [one.differences for one in again] == [0] * PARTITIONS


def test_nothing_is_found_while_everything_moves(line: Line) -> None:
    """No false alarm: rows that come in during an audit are later, not wrong."""
    records = big_history(seed=42, events=1_200)
    ended = threading.Event()

    def ingest() -> None:
        for start in range(0, len(records), 40):
            line.append(records[start : start + 40])
        ended.set()

    thread = threading.Thread(target=ingest)
    thread.start()
    passes = [audits(line)]
    while not ended.is_set():
        passes.append(audits(line))
    thread.join()
    line.until_caught_up()
    passes.append(audits(line))
    assert [one.named for found in passes for one in found if one.differences] == []
    assert sum(one.sites_compared for one in passes[-1]) > 20
    assert passes[0][0].events_end < passes[-1][0].events_end
    assert "every partition found well" in audit_finding(line.settings).seen


def test_a_snapshot_with_another_byte_is_thrown_away(line: Line) -> None:
    number = partition_of("center", PARTITIONS)
    kept = Snapshots(line.settings.home / "snapshots")
    kept.save(number, Follower(number, PARTITIONS, 1).snapshot())
    assert not any(one.differences for one in audits(line, [number]))
    (file,) = (line.settings.home / "snapshots").iterdir()
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(held)
    (found,) = [one for audited in audits(line, [number]) for one in audited.named]
    assert (found.table, found.key) == ("snapshots", f"partition-{number}.snapshot")
    assert not file.exists()


HIDDEN = "SELECT DISTINCT run FROM headwater.touch_rows WHERE startsWith(run, 'audit~')"


@pytest.mark.deep
def test_an_audit_that_is_killed_leaves_nothing_to_be_seen(line: Line) -> None:
    audit = "from tests.audit.conftest import pass_over; pass_over(share=0.3)"
    environment = os.environ | stack.outward_environment(line.settings)
    process = subprocess.Popen([sys.executable, "-c", audit], env=environment, cwd=ROOT)
    try:
        until(lambda: bool(line.rows(HIDDEN)), 90, "the auditor has written hidden rows")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert line.rows(HIDDEN)
    for view in ("touches", "conversions", "channel_funnel_daily", "leads", "runs"):
        assert [row["run"] for row in line.rows(f"SELECT DISTINCT run FROM headwater.{view}")] == ["live"]
    assert not any(one.differences for one in audits(line, [0]))
    assert not line.rows(HIDDEN)

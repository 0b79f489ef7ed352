"""Rows are states under a key and a version: written twice, late or in any order they read the same."""

import itertools

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import columns_of, migrations
from tests.clickhouse.store import Row, put, read, utc


def touch(touch_id: str, run: str, channel: str = "email") -> Row:
    return {
        "run": run,
        "site": "clinic",
        "touch_id": touch_id,
        "channel": channel,
        "touched_at": utc("2026-03-02T09:00:00"),
        "campaign": "spring",
    }


def channels(client: Client, run: str) -> list[tuple[str, str]]:
    rows = read(
        client,
        "SELECT touch_id, channel FROM headwater.touches WHERE run = {run:String} ORDER BY touch_id",
        run=run,
    )
    return [(row["touch_id"], row["channel"]) for row in rows]


def test_a_batch_written_twice_reads_as_once(migrated: Client) -> None:
    batch = [touch("t1", "twice"), touch("t2", "twice")]
    put(migrated, "touch_rows", batch, version=5)
    put(migrated, "touch_rows", batch, version=5)
    assert channels(migrated, "twice") == [("t1", "email"), ("t2", "email")]


def test_a_deleted_row_vanishes_and_a_later_one_brings_it_back(migrated: Client) -> None:
    put(migrated, "touch_rows", [touch("t1", "gone")], version=5)
    put(
        migrated, "touch_rows", [{"run": "gone", "site": "clinic", "touch_id": "t1", "deleted": 1}], version=6
    )
    assert channels(migrated, "gone") == []
    put(migrated, "touch_rows", [touch("t1", "gone", "sms")], version=7)
    assert channels(migrated, "gone") == [("t1", "sms")]


@pytest.mark.parametrize("order", list(itertools.permutations([3, 5, 8])))
def test_the_greatest_version_counts_in_any_order(migrated: Client, order: tuple[int, ...]) -> None:
    run = f"order-{order}"
    for version in order:
        put(migrated, "touch_rows", [touch("t1", run, f"channel-{version}")], version=version)
    assert channels(migrated, run) == [("t1", "channel-8")]


def test_a_stale_lower_version_loses_to_a_deletion_even_after_a_merge(migrated: Client) -> None:
    put(migrated, "touch_rows", [touch("t1", "stale")], version=5)
    put(
        migrated,
        "touch_rows",
        [{"run": "stale", "site": "clinic", "touch_id": "t1", "deleted": 1}],
        version=9,
    )
    migrated.command("OPTIMIZE TABLE headwater.touch_rows FINAL")
    put(migrated, "touch_rows", [touch("t1", "stale")], version=5)
    assert channels(migrated, "stale") == []


def test_every_result_table_ends_in_version_and_deleted() -> None:
    for migration in migrations():
        table = migration.name[5:-4]
        if table not in ("step_rows", "owner_rows", "live_rows"):
            assert list(columns_of(table).items())[-2:] == [("version", "UInt64"), ("deleted", "UInt8")]


def test_a_step_that_is_done_counts_over_the_same_step_announced(migrated: Client) -> None:
    step = {
        "partition": 3,
        "first": 10,
        "catalog_first": 2,
        "last": 19,
        "catalog_last": 2,
        "owner": 1,
        "writer": "w",
        "at": utc("2026-03-02T09:00:00"),
    }
    for done in (1, 0):
        put(migrated, "step_rows", [{**step, "done": done}], version=24 + done)
    assert read(migrated, "SELECT done FROM headwater.step_rows FINAL") == [{"done": 1}]


@pytest.mark.parametrize("text", ["네이버 블로그", "' OR 1=1 --", "a\\'b", "tab\tnew\nline", "😀", "\x00"])
def test_any_text_comes_back_as_it_was(migrated: Client, text: str) -> None:
    put(migrated, "touch_rows", [touch(text, "text", text)])
    rows = read(
        migrated,
        "SELECT channel FROM headwater.touches WHERE run = 'text' AND touch_id = {text:String}",
        text=text,
    )
    assert rows == [{"channel": text}]

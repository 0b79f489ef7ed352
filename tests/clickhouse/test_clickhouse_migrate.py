"""Migrations: once each, in order, frozen, continued where they were cut off."""

import shutil
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse import migrate as shipped
from clickhouse.migrate import MigrationRefused, columns_of, migrate, migrations, views
from tests.clickhouse.store import read

TABLES = [migration.name[5:-4] for migration in migrations()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may change."""
    for part in ("migrations", "views"):
        shutil.copytree(shipped.HERE / part, tmp_path / part)
    return tmp_path


def tables(client: Client) -> set[str]:
    return {
        row["name"] for row in read(client, "SELECT name FROM system.tables WHERE database = 'headwater'")
    }


def test_an_empty_database_gets_every_table_and_view(empty: Client) -> None:
    assert migrate(empty, embedded=True) == [migration.name for migration in migrations()]
    assert tables(empty) == {*TABLES, *views(), "schema_migrations"}


def test_a_second_time_changes_nothing(empty: Client) -> None:
    migrate(empty, embedded=True)
    history = read(empty, "SELECT * FROM headwater.schema_migrations FINAL ORDER BY number")
    assert migrate(empty, embedded=True) == []
    assert read(empty, "SELECT * FROM headwater.schema_migrations FINAL ORDER BY number") == history


def test_rows_survive_a_second_time(empty: Client) -> None:
    migrate(empty, embedded=True)
    empty.command("INSERT INTO headwater.touch_rows (run, site, touch_id) VALUES ('live', 's', 't')")
    migrate(empty, embedded=True)
    assert read(empty, "SELECT touch_id FROM headwater.touches") == [{"touch_id": "t"}]


def test_a_run_cut_off_between_statement_and_record_is_continued(empty: Client, folder: Path) -> None:
    for migration in migrations()[7:]:
        (folder / "migrations" / migration.name).unlink()
    shutil.rmtree(folder / "views")
    migrate(empty, embedded=True, folder=folder)
    empty.command(migrations()[7].statement)  # made, not yet recorded
    assert migrate(empty, embedded=True) == [migration.name for migration in migrations()[7:]]
    assert tables(empty) == {*TABLES, *views(), "schema_migrations"}


def test_a_statement_that_fails_leaves_those_before_it_and_is_tried_again(
    empty: Client, folder: Path
) -> None:
    broken = folder / "migrations" / f"{len(TABLES) + 1:04d}_new_rows.sql"
    broken.write_text(
        "CREATE TABLE headwater.new_rows (a Nonsense) ENGINE = MergeTree ORDER BY a", encoding="utf-8"
    )
    with pytest.raises(Exception, match="Nonsense"):
        migrate(empty, embedded=True, folder=folder)
    broken.write_text(
        "CREATE TABLE headwater.new_rows (a UInt8) ENGINE = MergeTree ORDER BY a", encoding="utf-8"
    )
    assert migrate(empty, embedded=True, folder=folder) == [broken.name]


def test_a_changed_shipped_file_is_refused_before_anything_is_done(empty: Client, folder: Path) -> None:
    migrate(empty, embedded=True)
    changed = folder / "migrations" / migrations()[2].name
    changed.write_text(changed.read_text(encoding="utf-8") + "-- later\n", encoding="utf-8")
    next_one = folder / "migrations" / f"{len(TABLES) + 1:04d}_new_rows.sql"
    next_one.write_text(
        "CREATE TABLE headwater.new_rows (a UInt8) ENGINE = MergeTree ORDER BY a", encoding="utf-8"
    )
    with pytest.raises(MigrationRefused, match="0003_conversion_rows.sql .* frozen"):
        migrate(empty, embedded=True, folder=folder)
    assert "new_rows" not in tables(empty)


def test_a_newer_database_is_refused(empty: Client, folder: Path) -> None:
    migrate(empty, embedded=True)
    (folder / "migrations" / migrations()[-1].name).unlink()
    with pytest.raises(MigrationRefused, match="newer version"):
        migrate(empty, embedded=True, folder=folder)


def test_a_missing_number_is_refused(empty: Client, folder: Path) -> None:
    (folder / "migrations" / migrations()[3].name).unlink()
    with pytest.raises(MigrationRefused, match="expected number 0004"):
        migrate(empty, embedded=True, folder=folder)


@pytest.mark.parametrize("engine_name", ["Kafka", "KeeperMap('/x')", "ReplicatedMergeTree"])
def test_an_engine_that_would_break_the_embedded_directory_is_refused(
    empty: Client, folder: Path, engine_name: str
) -> None:
    path = folder / "migrations" / f"{len(TABLES) + 1:04d}_outside_rows.sql"
    path.write_text(f"CREATE TABLE headwater.outside_rows (a UInt8) ENGINE = {engine_name}", encoding="utf-8")
    with pytest.raises(MigrationRefused, match="not for the embedded engine"):
        migrate(empty, embedded=True, folder=folder)
    assert "headwater" not in {row["name"] for row in read(empty, "SELECT name FROM system.databases")}


def test_every_migration_begins_by_saying_what_one_row_is_and_is_one_statement() -> None:
    for migration in migrations():
        assert migration.statement.startswith("-- One row is ")
        assert ";" not in migration.statement.split("\n", 1)[1].replace("; ", "")


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_is_what_the_engine_has(migrated: Client, table: str) -> None:
    found = read(
        migrated,
        "SELECT name, type, comment FROM system.columns "
        "WHERE database = 'headwater' AND table = {table:String} ORDER BY position",
        table=table,
    )
    assert [(row["name"], row["type"].replace(" ", "")) for row in found] == [
        (name, declared.replace(" ", "")) for name, declared in columns_of(table).items()
    ]
    assert all(row["comment"] for row in found)


def test_columns_of_an_unknown_table_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        columns_of("unknown_rows")

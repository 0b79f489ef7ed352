"""Brings a ClickHouse database to the shipped schema: numbered migrations once each, views every time."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

HERE = Path(__file__).parent
DATABASE = "headwater"

_CREATE_DATABASE = "CREATE DATABASE IF NOT EXISTS headwater"
_CREATE_HISTORY = """
CREATE TABLE IF NOT EXISTS headwater.schema_migrations
(
    number UInt32 COMMENT 'Number of the migration',
    name String COMMENT 'File name of the migration',
    checksum String COMMENT 'SHA-256 of the file as it was applied, hex',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was applied, UTC'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
COMMENT 'One migration that was applied'
"""
_READ_HISTORY = "SELECT number, name, checksum FROM headwater.schema_migrations FINAL ORDER BY number"

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_COLUMN = re.compile(r"^    ([a-z_0-9]+) (.+?) COMMENT '((?:[^']|'')*)'(?: CODEC\([^,]*\))?,?$", re.MULTILINE)
_OUTSIDE_ENGINE = re.compile(
    r"\bENGINE\s*=\s*(Kafka|RabbitMQ|NATS|S3Queue|AzureQueue|KeeperMap|Replicated\w*)\b", re.IGNORECASE
)


class MigrationRefused(Exception):
    """Shipped files and database do not fit together; nothing was changed, the message says what to do."""


class Migration(NamedTuple):
    """One numbered, frozen statement."""

    number: int
    name: str
    statement: str
    checksum: str


class Column(NamedTuple):
    """One column of a table or view as its file declares it."""

    name: str
    type: str
    comment: str


def migrations(folder: Path = HERE / "migrations") -> list[Migration]:
    """The shipped migrations in order; refuses file names that do not count 0001, 0002, …."""
    shipped = []
    for path in sorted(folder.glob("*.sql")):
        matched = _FILE_NAME.fullmatch(path.name)
        if matched is None:
            raise MigrationRefused(f"{path.name}: a migration's file is named NNNN_name.sql")
        raw = path.read_bytes()
        checksum = hashlib.sha256(raw).hexdigest()
        shipped.append(Migration(int(matched.group(1)), path.name, raw.decode(), checksum))
    for expected, migration in enumerate(shipped, start=1):
        if migration.number != expected:
            raise MigrationRefused(f"{migration.name}: expected number {expected:04d} here")
    return shipped


def views(folder: Path = HERE / "views") -> dict[str, str]:
    """View name -> its statement."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


def migrate(client: Client, *, embedded: bool, folder: Path = HERE) -> list[str]:
    """Shipped schema -> database; returns the names of the migrations applied now.

    Everything is checked before anything is changed. A migration is recorded after it ran, and each can run
    again, so a run that was cut off is continued by the next one.
    """
    shipped = migrations(folder / "migrations")
    if embedded:
        _refuse_outside_engines(shipped)
    client.command(_CREATE_DATABASE)
    client.command(_CREATE_HISTORY)
    applied = _applied(client)
    _refuse_other_history(shipped, applied)
    done = []
    for migration in shipped:
        if migration.number in applied:
            continue
        client.command(migration.statement)
        client.insert(
            "schema_migrations",
            [[migration.number, migration.name, migration.checksum]],
            column_names=["number", "name", "checksum"],
            database=DATABASE,
            settings={"async_insert": 0},
        )
        done.append(migration.name)
    for statement in views(folder / "views").values():
        client.command(statement)
    return done


def columns_of(table: str) -> dict[str, str]:
    """Table -> its columns in order, name to type, as the migrations declare them."""
    return {column.name: column.type for column in declared_columns(_statement_of(table))}


def declared_columns(statement: str) -> list[Column]:
    """CREATE statement, one column a line -> its columns."""
    return [
        Column(name, declared.split(" DEFAULT ")[0], comment.replace("''", "'"))
        for name, declared, comment in _COLUMN.findall(statement)
    ]


def _applied(client: Client) -> dict[int, tuple[str, str]]:
    rows = client.query(_READ_HISTORY).result_rows
    return {int(number): (str(name), str(checksum)) for number, name, checksum in rows}


def _refuse_other_history(shipped: list[Migration], applied: dict[int, tuple[str, str]]) -> None:
    known = {migration.number: migration for migration in shipped}
    for number, (name, checksum) in applied.items():
        migration = known.get(number)
        if migration is None:
            raise MigrationRefused(
                f"the database has migration {name}, these programs end at {len(shipped):04d}: "
                "it was made by a newer version; update the programs"
            )
        if migration.name != name or migration.checksum != checksum:
            raise MigrationRefused(
                f"{migration.name} is not the file that was applied as {name}: shipped migrations are "
                "frozen; "
                "put the file back as it was and make the change with a new number"
            )


def _refuse_outside_engines(shipped: list[Migration]) -> None:
    """On the embedded engine such a CREATE fails and leaves a directory that can never be opened again."""
    for migration in shipped:
        matched = _OUTSIDE_ENGINE.search(migration.statement)
        if matched:
            raise MigrationRefused(
                f"{migration.name}: engine {matched.group(1)} is not for the embedded engine"
            )


def _statement_of(table: str) -> str:
    matches = [migration.statement for migration in migrations() if migration.name[5:-4] == table]
    if not matches:
        raise KeyError(table)
    return matches[0]

"""The users of a real server: grammar and completeness only, the embedded engine enforces none of it."""

import re
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import HERE, columns_of, migrations
from clickhouse.surface import public_views, view_columns
from infra.forgetting.leaving import ARCHIVE, COLUMNS
from infra.runs import result_tables
from tests.clickhouse.store import read

FILES = sorted((HERE / "users").glob("*.sql"))
PASSWORDS = {
    "ingest_password": "a",
    "analyst_password": "b",
    "grafana_password": "c",
    "tenant_password": "d",
    "tenant_user": "headwater_tenant_clinic",
}


def named(file: str) -> list[str]:
    """Tables and views that a file names, once each, in order."""
    text = next(path for path in FILES if path.stem.endswith(file)).read_text(encoding="utf-8")
    return list(dict.fromkeys(re.findall(r"headwater\.([a-z_]+)", text)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_engine_understands_it_and_it_says_that_it_is_not_enforced(engine: Client, path: Path) -> None:
    statement = path.read_text(encoding="utf-8")
    assert "\n-- Not enforced in our tests" in statement
    assert read(engine, f"EXPLAIN AST {statement}", **PASSWORDS)


def test_the_files_count_from_one() -> None:
    assert [int(path.name[:4]) for path in FILES] == list(range(1, len(FILES) + 1))


def test_readers_see_the_public_views_and_nothing_else() -> None:
    assert named("reader_grant") == public_views()


@pytest.mark.parametrize("file", ["tenant_grant", "tenant_policy", "everyone_policy"])
def test_tenants_see_every_public_view_that_has_a_site(file: str) -> None:
    with_site = [view for view in public_views() if "site" in {column.name for column in view_columns(view)}]
    assert named(file) == with_site


def test_the_worker_writes_every_private_table() -> None:
    assert named("ingest_grant") == [migration.name[5:-4] for migration in migrations()]


def test_the_worker_merges_every_table_that_names_people_so_that_the_forgotten_leave_it() -> None:
    text = next(path for path in FILES if path.stem.endswith("ingest_grant")).read_text(encoding="utf-8")
    naming = {table for table in result_tables() if columns_of(table).keys() & {*COLUMNS}}
    assert set(re.findall(r"OPTIMIZE ON headwater\.([a-z_]+)", text)) == naming | {ARCHIVE}


def test_readers_are_read_only_and_may_change_their_time_alone() -> None:
    text = next(path for path in FILES if path.stem.endswith("reader_limits")).read_text(encoding="utf-8")
    assert "readonly = 1," in text
    assert re.findall(r"(\w+) = .*CHANGEABLE_IN_READONLY", text) == ["max_execution_time"]


def test_no_password_is_written_down() -> None:
    for path in FILES:
        assert not re.search(r"BY\s+'", path.read_text(encoding="utf-8")), path.name

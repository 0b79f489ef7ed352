"""What is left of forgotten identifiers once the worker has renamed them: older row versions, older runs, snapshots.

The rows that count are renamed by the worker, as states at a higher version. Here the older versions leave the disk:
each table is merged whole, the rows of keys that ceased to be are deleted, and the engine's replaced parts waited for.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.exceptions import DatabaseError

from infra.forgetting.finding import TYPED
from infra.live import drop_replaced, live_label
from infra.runs import drop, result_tables
from infra.settings import Settings
from schemas.topics import partition_of
from streams.domain.days import micros
from streams.snapshots import Snapshots

ARCHIVE: Final = "event_archive"
FINDINGS: Final = "audit_rows"
COLUMNS: Final = ("person_id", "lead_id", "lead_key", "conversion_id", "call_id", "visitor_id", "referrer")
_BARE: Final[Mapping[str, str]] = {
    "lead_id": "lead_id",
    "lead_key": "lead_id",
    "call_id": "call_id",
    "visitor_id": "visitor_id",
}
_SYNC: Final = {"mutations_sync": 2}
_LOOK_SECONDS: Final = 0.5


def tables_naming_people(client: Any) -> dict[str, list[str]]:
    """Result tables -> their columns that hold an identifier or a name made of one."""
    found = client.query(
        "SELECT table, name FROM system.columns WHERE database = 'headwater'"
        " AND table IN {tables:Array(String)} AND name IN {names:Array(String)} ORDER BY table, position",
        parameters={"tables": result_tables(), "names": list(COLUMNS)},
    ).result_rows
    tables: dict[str, list[str]] = {}
    for table, name in found:
        tables.setdefault(table, []).append(name)
    return tables


def runs_naming(client: Any, site: str, identifiers: Sequence[str]) -> list[str]:
    """The runs beside live whose rows or catalog hold one of these identifiers, by name."""
    label = live_label(client)
    runs: set[str] = set()
    for table, where, asked in _naming(client, site, identifiers):
        found = client.query(
            f"SELECT DISTINCT run FROM headwater.{table} FINAL WHERE {where}", parameters=asked
        )
        runs.update(run for (run,) in found.result_rows)
    leads = [f'"referrer":"{one.partition(":")[2]}"' for one in identifiers if one.startswith("lead_id:")]
    if leads:  # a run keeps the catalog it was worked out with, the customer of a referral code in it
        found = client.query(
            "SELECT DISTINCT run FROM headwater.run_catalogs WHERE arrayExists(text -> position(catalog, text) > 0, {texts:Array(String)})",
            parameters={"texts": leads},
        )
        runs.update(run for (run,) in found.result_rows)
    return sorted(run for run in runs if run != label and not run.startswith(("live", "audit~")))


def rows_naming(client: Any, site: str, identifiers: Iterable[str], until: datetime) -> int:
    """How many rows, seen or not, of all runs and of events up to an instant, still hold one of these identifiers."""
    every = list(identifiers)
    count = 0
    for table, where, asked in _naming(client, site, every):
        count += client.query(
            f"SELECT count() FROM headwater.{table} WHERE {where}", parameters=asked
        ).result_rows[0][0]
    texts = [one.partition(":")[2] for one in every if one.partition(":")[0] in TYPED]
    if texts:
        count += client.query(
            f"SELECT count() FROM headwater.{ARCHIVE} WHERE site = {{site:String}}"
            " AND toUnixTimestamp64Micro(occurred_at) <= {until:Int64}"
            " AND arrayExists(text -> position(payload, text) > 0, {texts:Array(String)})",
            parameters={"site": site, "texts": texts, "until": micros(until)},
        ).result_rows[0][0]
    return int(count)


def _naming(client: Any, site: str, identifiers: Iterable[str]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Per table the condition that a row of the site holds one of the identifiers, and its parameters."""
    every = list(identifiers)
    asked: dict[str, Any] = {"site": site, "names": every}
    for kind in ("lead_id", "call_id", "visitor_id"):
        asked[kind] = [one.partition(":")[2] for one in every if one.startswith(f"{kind}:")]
    for table, columns in tables_naming_people(client).items():
        named = [
            f"{column} IN {{{_BARE[column]}:Array(String)}}"
            if column in _BARE
            else f"{column} IN {{names:Array(String)}}"
            for column in columns
            if column != "conversion_id"
        ]
        if named:
            yield table, f"site = {{site:String}} AND ({' OR '.join(named)})", asked


def drop_runs(settings: Settings, client: Any, runs: Iterable[str]) -> None:
    """Take runs away: what they came to was worked out before the person was forgotten."""
    for run in runs:
        drop(settings, client, run)
    drop_replaced(client)


def drop_findings(client: Any, identifiers: Iterable[str]) -> None:
    """Remove the records of audits that name a row by one of these identifiers."""
    texts = [
        f"|{text}{end}"
        for identifier in identifiers
        for text in (identifier, identifier.partition(":")[2])
        for end in ('"', "|", ":")
    ]
    found = client.query(
        "SELECT toUInt64(version) FROM headwater.audit_rows"
        " WHERE arrayExists(text -> position(found, text) > 0, {texts:Array(String)})",
        parameters={"texts": texts},
    ).result_rows
    if found:  # by version: what a deletion asks for stays in its file
        client.command(
            "ALTER TABLE headwater.audit_rows DELETE WHERE version IN {versions:Array(UInt64)}",
            parameters={"versions": [version for (version,) in found]},
            settings=_SYNC,
        )


def drop_snapshot(settings: Settings, site: str) -> None:
    """Throw the snapshot of the site's partition away; a worker writes none of a partition that forgot somebody."""
    Snapshots(settings.home / "snapshots").drop(partition_of(site, settings.partitions))


def merge(client: Any, site: str, say: Callable[[str], None]) -> None:
    """Let older versions of rows leave the tables: merged whole, then what ceased to be deleted."""
    label = live_label(client)
    for table in (*tables_naming_people(client), ARCHIVE):
        say(table)
        of_run = "" if table == ARCHIVE else " PARTITION {label:String}"
        asked = {"site": site, "label": label}
        whose = "site = {site:String}" + ("" if table == ARCHIVE else " AND run = {label:String}")
        newest = client.query(f"SELECT max(version) FROM headwater.{table} WHERE {whose}", parameters=asked)
        client.command(f"OPTIMIZE TABLE headwater.{table}{of_run} FINAL", parameters=asked)
        # merged, a row that ceased to be is the only one of its key; one written since may not be
        client.command(
            f"ALTER TABLE headwater.{table} DELETE WHERE {whose} AND deleted = 1 AND version <= {{newest:UInt64}}",
            parameters=asked | {"newest": newest.result_rows[0][0]},
            settings=_SYNC,
        )


def replaced_parts(client: Any) -> int:
    """How many parts that were merged away still lie on the disk."""
    found = client.query(
        "SELECT count() FROM system.parts WHERE database = 'headwater' AND NOT active AND table IN {tables:Array(String)}",
        parameters={"tables": [*tables_naming_people(client), ARCHIVE, FINDINGS]},
    )
    return int(found.result_rows[0][0])


def await_parts_gone(client: Any, seconds: float) -> bool:
    """Wait until replaced parts have left the disk; whether they have in time."""
    deadline = time.monotonic() + seconds
    while replaced_parts(client):
        if time.monotonic() >= deadline:
            return False
        for table in (*tables_naming_people(client), ARCHIVE, FINDINGS):
            with contextlib.suppress(DatabaseError):  # a server may not let us: its own pace is minutes
                client.command(f"SYSTEM START CLEANUP headwater.{table}")
        time.sleep(_LOOK_SECONDS)
    return True


def spooled(home: Path) -> int:
    """How many bytes the local collector holds that the log does not have yet."""
    return sum(path.stat().st_size for path in (home / "collector" / "spool").glob("*.spool"))

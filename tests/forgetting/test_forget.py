"""A person forgotten on a running stack: out of every table, archive and file but the log, and every total as it was."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from infra.live import live_label
from infra.local import stack
from infra.runs import digest_of
from infra.settings import Settings
from schemas.topics import partition_of
from streams.collectors.privacy import Pseudonyms
from tests.command import _environment, headwater
from tests.forgetting.canaries import Canary, Search, search_for
from tests.forgetting.conftest import SITE, Planted, done, emitted, happened

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def everything_in_tables(settings: Settings) -> bytes:
    """Every row of every table of the engine, its own logs too: on disk they are compressed."""
    client = stack.writer(settings)
    try:
        tables = client.query(
            "SELECT database, name FROM system.tables WHERE engine NOT LIKE '%View' AND (database = 'headwater'"
            " OR database = 'system' AND name LIKE '%log%')"
        ).result_rows
        return b"".join(
            client.raw_query(f"SELECT * FROM {database}.{name}", fmt="JSONEachRow")
            for database, name in tables
        )
    finally:
        client.close()


def hits(settings: Settings, search: Search, *, log: bool) -> dict[str, set[str]]:
    """Where patterns are found below the home, secrets apart, and in the tables."""
    left_out = [settings.home / "secrets"] if log else [settings.home / "secrets", settings.home / "kafka"]
    found = search.below(settings.home, left_out)
    in_tables = search.within(everything_in_tables(settings))
    return found | ({"tables": in_tables} if in_tables else {})


def identifiers_of(settings: Settings, canary: Canary, number: int) -> list[str]:
    """Everything that named a person, the pseudonyms under every key."""
    pseudonyms = Pseudonyms(settings.home)
    hashed = [*pseudonyms.of(SITE, canary.e164), *pseudonyms.of(SITE, canary.email)]
    return [one.rpartition(":")[2] for one in hashed] + [
        f"{kind}-of-{number}" for kind in ("visitor", "call", "lead")
    ]


def named(settings: Settings, canaries: list[Canary], numbers: Iterable[int]) -> Search:
    """A search for all that named some people, whole words only."""
    patterns = {}
    for number in numbers:
        for place, text in enumerate(identifiers_of(settings, canaries[number], number)):
            for end in ('"', "|") if text.endswith(str(number)) else ("",):
                patterns[(text + end).encode()] = f"{number}, identifier {place}"
    return Search(patterns)


def figures(settings: Settings) -> list[bytes]:
    """What must not change: every channel's figures, and every credit without the names of people."""
    client = stack.writer(settings)
    try:
        return [
            client.raw_query(sql, fmt="JSONEachRow")
            for sql in (
                "SELECT * EXCEPT (version, deleted) FROM headwater.funnel_rows FINAL WHERE run = 'live' ORDER BY ALL",
                "SELECT * EXCEPT (conversion_id) FROM headwater.credits WHERE run = 'live' ORDER BY ALL",
                "SELECT payment_id, amount, in_revenue FROM headwater.payment_rows FINAL WHERE run = 'live' ORDER BY ALL",
            )
        ]
    finally:
        client.close()


def asked(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """What the worker's own user reads."""
    client = stack.writer(settings)
    try:
        return [tuple(row) for row in client.query(sql).result_rows]
    finally:
        client.close()


def forget(settings: Settings, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    """`headwater forget`, a phone or address typed into it."""
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", "forget", *arguments, "--site", SITE, "--yes"],
        env=_environment(settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_no_byte_anywhere_holds_a_phone_or_an_address(planted: Planted) -> None:
    settings = planted.settings
    search = search_for(planted.canaries)
    assert hits(settings, search, log=True) == {}
    control = settings.home / "logs" / "control"
    control.write_text(f"somebody wrote {planted.canaries[7].typed} here")
    assert search.below(control.parent).keys() == {"control"}
    control.unlink()


def test_a_forgotten_person_leaves_everything_but_the_log(planted: Planted) -> None:
    settings, canaries = planted.settings, planted.canaries
    first, second, *others = planted.known
    gone = named(settings, canaries, (first, second))
    assert gone.within(everything_in_tables(settings)) != set()
    done(headwater(settings, "replay", "--run", "before"))
    snapshots = settings.home / "snapshots"
    snapshots.mkdir(exist_ok=True)
    snapshot = snapshots / f"partition-{partition_of(SITE, settings.partitions)}.snapshot"
    snapshot.write_bytes(identifiers_of(settings, canaries[first], first)[0].encode())
    found = f'[{{"table":"lead_rows","key":"{SITE}|lead-of-{first}","what":"differs"}}]'
    client = stack.writer(settings)
    client.insert(
        "audit_rows", [(0, found, 1)], column_names=["partition", "found", "version"], database="headwater"
    )
    client.close()
    before = figures(settings)

    told = [
        forget(settings, "phone", "--stdin", typed=canaries[first].typed + "\n"),
        forget(settings, "lead_id", f"lead-of-{second}"),
    ]
    for one in told:
        assert one.returncode == 0, one.stderr
        assert "1 person, 8 events" in one.stderr
        assert search_for(canaries).within((one.stdout + one.stderr).encode()) == set()
        assert gone.within((one.stdout + one.stderr).encode()) == set()
    assert "before" in told[0].stderr and "before" not in told[1].stderr

    assert figures(settings) == before
    assert hits(settings, gone, log=False) == {}
    assert gone.below(settings.home / "kafka") != {}  # said plainly: the log keeps keyed hashes
    assert named(settings, canaries, others[:1]).within(everything_in_tables(settings)) != set()
    again = forget(settings, "lead_id", f"lead-of-{second}")  # as after a command that was cut short
    assert (again.returncode, again.stdout) == (0, "") and "forgotten before" in again.stderr
    assert forget(settings, "lead_id", "nobody's").returncode == 1


def test_audit_replay_and_explain_agree(planted: Planted) -> None:
    settings = planted.settings
    audited = headwater(settings, "audit")
    assert audited.returncode == 0, audited.stdout
    done(headwater(settings, "replay", "--run", "after"))
    client = stack.writer(settings)
    try:
        assert digest_of(client, "after") == digest_of(client, live_label(client))
    finally:
        client.close()
    ids = asked(
        settings,
        "SELECT DISTINCT conversion_id FROM headwater.conversions"
        " WHERE run = 'live' AND stage = 'registration' AND startsWith(conversion_id, 'forgotten:')",
    )
    assert len(ids) == 2
    explained = orjson.loads(done(headwater(settings, "explain", ids[0][0], "--format", "json")))
    assert "paid_search" in orjson.dumps(explained).decode()


def test_a_later_event_of_the_same_phone_is_somebody_new(planted: Planted) -> None:
    settings, canary = planted.settings, planted.canaries[planted.known[0]]
    now = datetime.now(UTC).isoformat()
    later = happened(
        "status_changed", "again", "09:00:00", lead_id="lead-again", phone=canary.typed, stage="inquiry"
    )
    emitted(settings, [later | {"occurred_at": now}])
    done(headwater(settings, "wait"))
    of = "WHERE run = 'live' AND conversion_id = 'lead-again:inquiry'"
    assert asked(settings, f"SELECT person_id FROM headwater.conversions {of}") == [("lead_id:lead-again",)]
    assert asked(settings, f"SELECT DISTINCT channel FROM headwater.credits {of}") == [("unattributed",)]


def test_an_event_from_before_that_comes_late_is_the_forgotten_persons(planted: Planted) -> None:
    settings, number = planted.settings, planted.known[1]
    emitted(
        settings,
        [
            happened(
                "page_viewed",
                "late",
                "09:05:00",
                visitor_id=f"visitor-of-{number}",
                url="https://center.example/late",
            )
        ],
    )
    done(headwater(settings, "wait"))
    assert named(settings, planted.canaries, [number]).within(everything_in_tables(settings)) == set()


def test_destroyed_keys_lead_nowhere_and_other_sites_keep_theirs(planted: Planted) -> None:
    settings, canary = planted.settings, planted.canaries[planted.known[-1]]
    pseudonyms = Pseudonyms(settings.home)
    emitted_elsewhere = pseudonyms.of("elsewhere", canary.e164)
    assert headwater(settings, "keys", "destroy-site", "another", "--yes").returncode == 0
    kept = Pseudonyms(settings.home)
    assert kept.of(SITE, canary.e164) == pseudonyms.of(SITE, canary.e164)  # in the log: kept
    assert kept.of("elsewhere", canary.e164) != emitted_elsewhere  # never used: its keys are new ones

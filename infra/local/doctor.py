"""Looks at every part of the installation and says what is wrong and what to do."""

import asyncio
import difflib
import os
import shutil
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from infra.local import processes, progress, stack
from infra.settings import PREFIX, Settings

_LITTLE_DISK = 2 << 30
_MANY_PHONES = 5
_OWN_VARIABLES = {"HEADWATER_PART", "HEADWATER_READY_FILE", "HEADWATER_WORKER"}


class Finding(NamedTuple):
    """One check: whether it is well, what was seen, and what to do when it is not."""

    subject: str
    well: bool
    seen: str
    do: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check in the order of the line, each told as soon as it is known."""
    for check in (_settings, _disk, _jars, _processes, _kafka, _clickhouse, _audit, _collector):
        try:
            yield from check(settings)
        except Exception as failed:  # noqa: BLE001 -- a check that breaks is itself a finding
            seen = f"the check failed: {type(failed).__name__}: {str(failed)[:300]}"
            yield Finding(
                check.__name__.strip("_"), False, seen, "`headwater up`, then `headwater doctor` again"
            )


def _settings(settings: Settings) -> Iterator[Finding]:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _OWN_VARIABLES
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, 1, 0.8)
            if near:
                yield Finding("settings", False, f"{variable} is no setting", f"did you mean {near[0]}?")
    yield Finding("settings", True, f"home {settings.home}")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.home if settings.home.exists() else settings.home.parent
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    do = f"free some space: below {stack.SMALLEST_DISK >> 20} MB the stack does not start"
    yield Finding("disk", free > _LITTLE_DISK, f"{free >> 30} GB free at {place}", do)


def _jars(settings: Settings) -> Iterator[Finding]:
    if not settings.local_kafka:
        return
    from infra.local import kafka

    jars = kafka.locked_jars()
    here = [jar for jar in jars if kafka.jar_path(settings.cache / "maven", jar).exists()]
    seen = f"{len(here)} of {len(jars)} jars of Kafka {kafka.VERSION} in {settings.cache}"
    yield Finding(
        "jars", len(here) == len(jars), seen, "`headwater up` fetches them; that once it needs the network"
    )


def _processes(settings: Settings) -> Iterator[Finding]:
    for part in stack.status(settings):
        if part.state == "running":
            again = f", started again {part.restarts} times" if part.restarts else ""
            yield Finding(part.name, True, f"runs as process {part.pid}{again}")
            continue
        holders = [f"{port} is held by {who}" for port in part.ports if (who := processes.holder_of(port))]
        do = f"`headwater up`; its log is {settings.logs / f'{part.name}.log'}"
        if part.state == "stopped" and holders:
            do = f"port {'; '.join(holders)}: stop that, or set HEADWATER_{part.name.upper()}_PORT"
        yield Finding(part.name, False, f"{part.state} {part.detail}".strip(), do)


def _kafka(settings: Settings) -> Iterator[Finding]:
    from infra.local import kafka

    host, _, port = settings.bootstrap.split(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError as failed:
        yield Finding("log", False, f"{settings.bootstrap} does not answer ({failed})", "`headwater up`")
        return
    try:
        kafka.make_all_topics(settings)
    except kafka.KafkaRefused as refused:
        yield Finding("log", False, str(refused), "see the message")
        return
    ends = asyncio.run(progress.log_ends(settings))
    events = sum(place.events for place in ends.values())
    entries = sum(place.catalog for place in ends.values())
    yield Finding("log", True, f"{events:,} events and {entries:,} catalog entries on {len(ends)} partitions")
    client = stack.writer(settings)
    try:
        missing = progress.behind(ends, progress.written_places(client))
    finally:
        client.close()
    lag = sum(place.events + place.catalog for place in missing.values())
    do = "`headwater wait` waits for them; when the number does not fall, see logs/worker-1.log"
    yield Finding("lag", lag == 0, f"{lag:,} records not yet in ClickHouse", do)


_CROWDED = """
SELECT site, kind, identifier, uniqExact(phone) AS phones
FROM
(
    SELECT
        site,
        JSONExtractString(payload, 'phone') AS phone,
        arrayJoin([
            ('visitor_id', JSONExtractString(payload, 'visitor_id')),
            ('session_id', JSONExtractString(payload, 'session_id')),
            ('lead_id', JSONExtractString(payload, 'lead_id')),
            ('email', JSONExtractString(payload, 'email'))
        ]) AS named,
        named.1 AS kind,
        named.2 AS identifier
    FROM headwater.event_archive FINAL
    WHERE phone != '' AND identifier != ''
)
GROUP BY site, kind, identifier
HAVING phones > {many:UInt8}
ORDER BY phones DESC, site, kind, identifier
LIMIT 20
"""


def _clickhouse(settings: Settings) -> Iterator[Finding]:
    if not stack.clickhouse_answers(settings):
        do = (
            "`headwater up`"
            if settings.local_clickhouse
            else "check HEADWATER_CLICKHOUSE_URL and that server"
        )
        yield Finding("schema", False, f"{settings.clickhouse} does not answer", do)
        return
    client = stack.writer(settings)
    try:
        version = client.command("SELECT version()")
        applied = client.command("SELECT count() FROM headwater.schema_migrations FINAL")
        yield Finding("schema", True, f"ClickHouse {version}, {applied} migrations applied")
        unread = client.command("SELECT count() FROM headwater.dead_letter_rows FINAL WHERE requeued = 0")
        seen = f"{int(str(unread)):,} events could not be used"
        yield Finding("dead letters", int(str(unread)) == 0, seen, "`headwater dead-letters show` says why")
        crowded = client.query(_CROWDED, parameters={"many": _MANY_PHONES}).result_rows
    finally:
        client.close()
    for site, kind, identifier, phones in crowded:
        yield Finding(
            "identity",
            False,
            f"site {site}: {kind} {identifier} joins {phones} phones into one person",
            "if it is no one person's (reception, a shared computer), add it to the site's shared_identifiers",
        )
    if not crowded:
        yield Finding("identity", True, f"no identifier joins more than {_MANY_PHONES} phones")
    yield from _reader(settings)


_AUDITED = """
SELECT
    count(),
    min(clean_at),
    sum(unrepaired),
    sum(found)
FROM
(
    SELECT
        partition,
        maxIf(finished_at, differences = 0) AS clean_at,
        argMax(differences - repaired, finished_at) AS unrepaired,
        sum(differences) AS found
    FROM headwater.audit_rows FINAL
    GROUP BY partition
)
"""


def audit_finding(settings: Settings) -> Finding:
    """When live was last found to be what the log says."""
    client = stack.writer(settings)
    try:
        ((partitions, clean_at, unrepaired, found),) = client.query(_AUDITED).result_rows
    finally:
        client.close()
    if partitions < settings.partitions:
        seen = f"{partitions} of {settings.partitions} partitions audited so far"
    elif clean_at.year < 2000:
        seen = "a partition was never found well"
    else:
        seen = f"every partition found well, the longest ago at {clean_at:%Y-%m-%d %H:%M:%S} UTC"
    if found:
        seen += f"; {found:,} differences found in all, view audits names them"
    do = "`headwater audit` says what it could not put right"
    return Finding("audit", not unrepaired, seen, do)


def _audit(settings: Settings) -> Iterator[Finding]:
    yield audit_finding(settings)


def _reader(settings: Settings) -> Iterator[Finding]:
    client: Any = stack.reader(settings)
    try:
        level = int(str(client.command("SELECT getSetting('readonly')")))
    finally:
        client.close()
    do = f"give {settings.reader_user} readonly=1: clickhouse/users"
    yield Finding("readers", level == 1, f"readers work with readonly={level}", do)


def _collector(settings: Settings) -> Iterator[Finding]:
    well = stack.collector_ready(settings)
    yield Finding(
        "doors", well, f"collector on port {settings.collector_port}", "`headwater up`; logs/collector.log"
    )

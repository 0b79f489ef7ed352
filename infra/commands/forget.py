"""`headwater forget`: whoever asks to be forgotten, found, named in one event, and gone from everything but the log."""

import asyncio
import logging
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click
import orjson

from infra.commands.collector import producer_settings
from infra.settings import Settings, load_settings
from schemas.catalog import CatalogEntry
from schemas.doors import MOST_BYTES_OF_AN_EVENT

KINDS: Final = ("phone", "email", "lead_id", "visitor_id", "session_id", "call_id")
BYTES_AT_ONCE: Final = MOST_BYTES_OF_AN_EVENT - 2_048
"""Of the identifiers in one event, as JSON: what is left is for its other fields."""

_LOOK_SECONDS: Final = 0.2


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("value", required=False)
@click.option("--site", required=True, help="The business that the person is to be forgotten by.")
@click.option(
    "--stdin", "piped", is_flag=True, help="Read the value from standard input instead of asking for it."
)
@click.option("--yes", is_flag=True, help="Do not ask whether to.")
@click.option("--timeout", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Seconds.")
def forget(kind: str, value: str | None, site: str, piped: bool, yes: bool, timeout: float) -> None:
    """Forget a person: KIND says by what they are found; a phone or e-mail is asked for, never an argument."""
    if kind in ("phone", "email") and value is not None:
        raise click.UsageError(
            f"leave the {kind} out: it would stay in the shell's history. It is asked for; or --stdin"
        )

    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.forgetting.finding import BadIdentifier
    from infra.runs import RunRefused
    from streams.collectors.producer import NotAcknowledged
    from streams.secret_files import BadSecret

    for noisy in ("clickhouse_connect", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    text = value if value is not None else _typed(kind, piped)
    settings = load_settings()
    try:
        asyncio.run(_forget(settings, kind, text, site, yes, timeout))
    except BadIdentifier as refused:
        raise click.UsageError(str(refused)) from None
    except (KafkaError, ClickHouseError, OSError, NotAcknowledged) as failed:
        raise click.ClickException(
            f"{type(failed).__name__}: is it up? `headwater status`; then ask again"
        ) from None
    except (BadSecret, RunRefused) as refused:
        raise click.ClickException(str(refused)) from None


def _typed(kind: str, piped: bool) -> str:
    if piped:
        return sys.stdin.readline()
    typed: str = click.prompt(kind, hide_input=True, err=True)
    return typed


async def _forget(settings: Settings, kind: str, text: str, site: str, yes: bool, timeout: float) -> None:
    from infra.forgetting import finding, leaving
    from infra.local import stack
    from streams.collectors.privacy import Pseudonyms

    asked = finding.asked_for(kind, text, site, Pseudonyms(settings.home))
    if leaving.spooled(settings.home):
        raise click.ClickException(
            "the collector's spool holds events that the log lacks: wait until it is empty"
        )
    folded = await finding.folded_site(settings, site)
    found = None if folded is None else finding.found_in(folded, asked)
    entries = [] if folded is None else list(folded.entries.values())
    before = folded is not None and any(identifier in folded.forgotten for identifier in asked)
    del folded
    if found is None or not (found.persons or before):
        raise click.ClickException(f"the log of {site} names nobody by that {kind}: nothing was changed")
    now = datetime.now(UTC)
    at = max(now, found.newest or now)  # what is later than a forgetting is somebody new's
    event_ids: list[str] = []
    client = stack.writer(settings)
    try:
        identifiers = found.identifiers if found.persons else tuple(asked)
        names = [*identifiers, *found.nodes]
        runs = leaving.runs_naming(client, site, names)
        if found.persons:
            _confirm(found.counted(), found.persons, found.events, runs, yes)
            event_ids = await _append(settings, site, identifiers, entries, at, now)
        else:
            click.echo("forgotten before: what may be left of them on the disk goes now", err=True)
        await _until_written(settings, client, timeout)
        leaving.drop_runs(settings, client, runs)
        leaving.drop_findings(client, identifiers)
        leaving.drop_snapshot(settings, site)
        leaving.merge(client, site, lambda table: click.echo(f"merging {table}", err=True))
        gone = leaving.await_parts_gone(client, timeout)
        left = leaving.rows_naming(client, site, names, at)
    finally:
        client.close()
    for event_id in event_ids:
        click.echo(event_id)
    click.echo(
        "Forgotten. Totals and credits are as they were. The log and its backups keep keyed hashes of the identifiers;"
        f" `headwater keys destroy-site {site}` makes even these say nothing, of everybody of the site.",
        err=True,
    )
    if runs:
        click.echo(f"dropped, to be replayed anew: {', '.join(runs)}", err=True)
    if not gone:
        click.echo(
            "ClickHouse has not yet removed the parts that it replaced; it does so by itself", err=True
        )
    if left:
        raise click.ClickException(
            f"{left} rows still hold an identifier: run `headwater audit`, then forget again"
        )


def _confirm(kinds: Mapping[str, int], persons: int, events: int, runs: list[str], yes: bool) -> None:
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    click.echo(f"{persons} person{'s' * (persons > 1)}, {events} events, known by {counted}", err=True)
    if runs:
        click.echo(f"these runs name them too and will be dropped: {', '.join(runs)}", err=True)
    if not yes:
        click.confirm("Forget them? This cannot be taken back", abort=True, err=True)


def bodies_of(site: str, identifiers: Sequence[str], at: datetime) -> Iterator[dict[str, Any]]:
    """A site and `kind:value` identifiers -> the bodies of person_forgotten, each no larger than an event may be."""
    lots: list[list[dict[str, str]]] = [[]]
    size = 0
    for identifier in identifiers:
        kind, _, value = identifier.partition(":")
        more = len(orjson.dumps({kind: value})) + 1
        if lots[-1] and size + more > BYTES_AT_ONCE:
            lots.append([])
            size = 0
        lots[-1].append({kind: value})
        size += more
    for lot in lots:
        yield {
            "event_id": f"forget-{secrets.token_hex(16)}",
            "type": "person_forgotten",
            "site": site,
            "occurred_at": at.isoformat(),
            "identifiers": lot,
        }


async def _append(
    settings: Settings,
    site: str,
    identifiers: tuple[str, ...],
    entries: Sequence[CatalogEntry],
    at: datetime,
    now: datetime,
) -> list[str]:
    """One person_forgotten of all identifiers into the log (more where one record cannot hold them); its event_id.

    Referral codes of the person are nobody's and off from then on.
    """
    from schemas.topics import EVENTS
    from streams.collectors.admission import Refusal, admit
    from streams.collectors.entries import admit_entries
    from streams.collectors.keys import ANY, Key, KeyKind
    from streams.collectors.privacy import Pseudonyms
    from streams.collectors.producer import Record, appending
    from streams.collectors.qr.making import forgotten_bodies

    key = Key("local", KeyKind.SERVER, "", (ANY,), (ANY,), (), "headwater forget", now.isoformat())
    pseudonyms = Pseudonyms(settings.home)
    records = []
    ids = []
    for body in bodies_of(site, identifiers, at):
        admitted = admit(0, body, key=key, pseudonyms=pseudonyms, now=now, visitor_id=None)
        if isinstance(admitted, Refusal):
            raise click.ClickException(f"the event was refused: {admitted.problems[0].field}")
        records.append(Record(EVENTS.name, site.encode(), admitted.value))
        ids.append(admitted.event_id)
    leads = {value for kind, _, value in (one.partition(":") for one in identifiers) if kind == "lead_id"}
    codes = admit_entries(forgotten_bodies(entries, leads, now=now), pseudonyms, now=now)
    async with appending(producer_settings(settings)) as log:
        await log.append(records)
        await log.append_entries(codes)
    return ids


async def _until_written(settings: Settings, client: Any, timeout: float) -> None:
    """Wait until the worker has written what the log holds now."""
    from infra.local import progress

    ends = await progress.log_ends(settings)
    deadline = time.monotonic() + timeout
    while progress.behind(ends, progress.written_places(client)):
        if time.monotonic() >= deadline:
            raise click.ClickException(
                "the event is in the log, no worker has followed it yet: forget again later"
            )
        await asyncio.sleep(_LOOK_SECONDS)


COMMANDS = {"forget": forget}

"""`headwater qr`: codes for flyers and banners, personal referral codes, and the sheet for the printer."""

import asyncio
import csv
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra.commands.collector import producer_settings
from infra.commands.scoreboard import (
    CHANNEL_NAMES,
    Language,
    LocalDay,
    language_of,
    printable,
    width_of,
)
from infra.settings import Settings, load_settings
from schemas.catalog import CatalogEntry, QrCodeEntry, SiteEntry
from schemas.reading import Unusable, read_entry
from schemas.topics import CATALOG
from streams.collectors.definitions import Definitions
from streams.collectors.entries import EntriesRefused, admit_entries
from streams.collectors.importers.cells import not_run
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import NotAcknowledged, ProducerSettings, appending
from streams.collectors.qr.codes import CodesExhausted, are_digits, as_typed, in_groups, new_code, new_digits
from streams.collectors.qr.images import png, svg
from streams.collectors.qr.making import (
    STANDS_FOR,
    changed_body,
    code_body,
    personal_code,
    referral_code_body,
    referrer_of,
)
from streams.collectors.qr.sheet import business_name, link_of, print_sheet, printed_code
from streams.collectors.qr.targets import (
    BadTarget,
    allowed_target,
    assignment_on,
    destination_on,
    public_address,
)

_COLUMNS: Final = (
    "code", "link", "state", "channel", "campaign", "placement", "branch", "destination", "expires_on", "referrer"
)  # fmt: skip
_PUBLIC = click.option(
    "--public-url", default="", help="https address of the collector; the setting public_url when left out."
)
_SITE = click.option("--site", required=True, help="The business.")
_OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for a PNG and an SVG of each code.",
)


def _stands_for(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a code counts for."""
    for name, told in reversed(
        (
            ("channel", "Channel its scans count for."),
            ("campaign", "Campaign they belong to."),
            ("keyword", "Keyword they stand for."),
            ("branch", "Branch they belong to."),
            ("print-run", "Which printing this is."),
            ("name", "What people call the code."),
        )
    ):
        command = click.option(f"--{name}", default="", help=told)(command)
    return command


@click.group()
def qr() -> None:
    """QR codes: make, print, lead elsewhere, take out of use; personal referral codes."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is said here, once and in words


@qr.command()
@_SITE
@click.option("--to", "target", required=True, help="https page it leads to, on one of the site's hosts.")
@_stands_for
@click.option("--placement", "placements", multiple=True, help="Where it hangs or lies; one code for each.")
@click.option("--from", "first", type=LocalDay(), help="First local day of what it stands for; today.")
@click.option("--expires-on", type=LocalDay(), help="Last local day on which it leads anywhere.")
@_OUT
@_PUBLIC
def create(
    site: str,
    target: str,
    placements: tuple[str, ...],
    first: date | None,
    expires_on: date | None,
    out: Path | None,
    public_url: str,
    name: str,
    **stands_for: str,
) -> None:
    """Make a code, one for each --placement: it may lead elsewhere later without being printed again."""
    settings = load_settings()
    address = _public(settings, public_url)
    known = _known(settings)
    destination = _allowed(known, site, target)
    day = first or _today(known, site)
    made: set[str] = set()
    bodies = []
    for placement in placements or ("",):
        code = new_code(made)
        made.add(code)
        said = {**stands_for, "placement": placement}
        bodies.append(
            code_body(
                site,
                code,
                day=day,
                stands_for=said,
                destination=destination,
                name=name or None,
                expires_on=expires_on,
            )
        )
    _finish(settings, known, _defined(settings, bodies), address, out)


@qr.command("list")
@_SITE
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@_PUBLIC
def list_codes(site: str, form: str, public_url: str) -> None:
    """List every code of a site: whether it leads anywhere, what it stands for today, where it leads."""
    settings = load_settings()
    known = _known(settings)
    address = public_url or settings.public_url
    base = _public(settings, public_url) if address else ""
    rows = [_row(known, entry, base) for entry in _codes(known, site)]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif form == "csv":
        content = io.StringIO()
        writer = csv.writer(content, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([not_run(row[column]) for column in _COLUMNS] for row in rows)
        click.echo(content.getvalue(), nl=False)
    else:
        _table(rows)


@qr.command()
@_SITE
@click.argument("codes", nargs=-1)
@click.option("--channel", default="", help="Only codes of this channel today.")
@click.option("--campaign", default="", help="Only codes of this campaign today.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    default=Path("qr-sheet.pdf"),
    show_default=True,
    help="The PDF; - for standard output.",
)
@click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
@_PUBLIC
def sheet(
    site: str,
    codes: tuple[str, ...],
    channel: str,
    campaign: str,
    out: Path,
    language: Language,
    public_url: str,
) -> None:
    """Write a PDF for the printer: CODES, else every code of the site that leads somewhere."""
    settings = load_settings()
    address = _public(settings, public_url)
    known = _known(settings)
    day = _today(known, site)
    chosen = [_found(known, code, site) for code in codes] or [
        entry for entry in _codes(known, site) if _leads(known, entry, day)
    ]
    for entry in chosen:
        if not _leads(known, entry, day):
            raise click.ClickException(f"{entry.id} leads nowhere: {_state(known, entry, day)}")
    printed = [
        printed_code(known, entry, address, day=day, language=language, channel_names=CHANNEL_NAMES)
        for entry in chosen
        if (held := assignment_on(entry, day)) is not None or not (channel or campaign)
        if not channel or (held and held.channel == channel)
        if not campaign or (held and held.campaign == campaign)
    ]
    if not printed:
        raise click.ClickException(
            "no code to print; `headwater qr list` shows what there is, `headwater qr create` makes one"
        )
    content = print_sheet(
        printed,
        business=business_name(known, site, language),
        created=datetime.now(UTC),
        language=language,
    )
    if str(out) == "-":
        sys.stdout.buffer.write(content)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
        click.echo(str(out))
    click.echo(f"{len(printed)} codes", err=True)


@qr.command()
@click.argument("code")
@click.option("--to", "target", default="", help="https page it leads to from now on.")
@_stands_for
@click.option("--placement", default="", help="Where it hangs or lies.")
@click.option("--from", "first", type=LocalDay(), help="First local day of what it stands for now; today.")
@click.option("--expires-on", type=LocalDay(), help="Last local day on which it leads anywhere.")
@_SITE
def retarget(
    code: str,
    site: str,
    target: str,
    first: date | None,
    expires_on: date | None,
    name: str,
    **stands_for: str,
) -> None:
    """Let CODE lead elsewhere or stand for something else; what is printed stays as it is."""
    settings = load_settings()
    known = _known(settings)
    entry = _found(known, code, site)
    changes = {field: value for field, value in stands_for.items() if value}
    if not (target or changes or expires_on or name):
        raise click.UsageError("nothing to change: give --to, --channel, --campaign, …, or --expires-on")
    if target and are_digits(entry.id):
        raise click.UsageError(
            "six digits lead nowhere, for they can be guessed; make a code with `qr refer`"
        )
    body = changed_body(
        entry,
        now=datetime.now(UTC),
        day=first or _today(known, site),
        destination=_allowed(known, site, target) if target else None,
        stands_for=changes,
        expires_on=expires_on,
    )
    if name:
        body["name"] = name
    _tell(_defined(settings, [body]), known)


@qr.command()
@click.argument("codes", nargs=-1, required=True)
@_SITE
@click.option("--again", is_flag=True, help="Put them back into use.")
def disable(codes: tuple[str, ...], site: str, again: bool) -> None:
    """Take CODES out of use: whoever scans one is told the same as with a code that never was."""
    settings = load_settings()
    known = _known(settings)
    day, now = _today(known, site), datetime.now(UTC)
    bodies = [
        changed_body(_found(known, code, site), now=now, day=day, disabled=not again)
        for code in dict.fromkeys(codes)
    ]
    _tell(_defined(settings, bodies), known)


@qr.command()
@_SITE
@click.option("--lead", "leads", multiple=True, required=True, help="lead_id of a customer; may be repeated.")
@click.option("--digits", is_flag=True, help="Six digits to say at the desk, instead of a code to scan.")
@click.option("--to", "target", default="", help="https page a scanned one leads to.")
@_OUT
@_PUBLIC
def refer(
    site: str, leads: tuple[str, ...], digits: bool, target: str, out: Path | None, public_url: str
) -> None:
    """Give customers a personal code: told at the desk by whom they sent, it becomes a referral.

    A customer keeps the code they have. Only the lead_id is kept with it, no name and no number.
    """
    settings = load_settings()
    if digits and (target or out):
        raise click.UsageError("six digits are said, not scanned: leave --to and --out out")
    if not digits and not target:
        raise click.UsageError("--to: the page that a scanned code leads to; or --digits")
    address = "" if digits else _public(settings, public_url)
    known = _known(settings)
    day = _today(known, site)
    destination = None if digits else _allowed(known, site, target)
    taken = {entry.id for entry in known.entries(site, "qr_code")}
    there: list[CatalogEntry] = []
    bodies = []
    for lead_id in dict.fromkeys(leads):
        if (held := personal_code(known.entries(site, "qr_code"), lead_id, digits=digits)) is not None:
            there.append(held)
            continue
        try:
            code = new_digits(taken) if digits else new_code(taken)
        except CodesExhausted:
            raise click.ClickException("nearly all six digits are given out; leave --digits out") from None
        taken.add(code)
        bodies.append(referral_code_body(site, code, lead_id, day=day, destination=destination))
    _finish(settings, known, [*there, *_defined(settings, bodies)], address, out)


# What the commands share


def _known(settings: Settings) -> Definitions:
    try:
        return asyncio.run(_read(producer_settings(settings), Definitions(settings.home)))
    except (KafkaError, OSError, TimeoutError):
        raise click.ClickException("the log cannot be reached; is Kafka up? `headwater status`") from None


async def _read(settings: ProducerSettings, known: Definitions) -> Definitions:
    """The whole catalog of the log, learnt."""
    consumer = AIOKafkaConsumer(
        CATALOG.name, bootstrap_servers=settings.brokers, enable_auto_commit=False, **settings.security
    )
    try:
        await consumer.start()
        places = [
            TopicPartition(CATALOG.name, number)
            for number in consumer.partitions_for_topic(CATALOG.name) or ()
        ]
        consumer.unsubscribe()
        consumer.assign(places)
        if places:
            await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                known.learn([entry for record in records if (entry := _entry(record.value)) is not None])
        return known
    finally:
        await consumer.stop()


def _entry(raw: bytes | None) -> CatalogEntry | None:
    try:
        return read_entry(raw) if raw is not None else None
    except Unusable:
        return None


def _defined(settings: Settings, bodies: Sequence[Mapping[str, Any]]) -> list[CatalogEntry]:
    """Bodies -> entries, in the log; told in words when they are not."""
    try:
        entries = admit_entries(bodies, Pseudonyms(settings.home), now=datetime.now(UTC))
    except EntriesRefused as refused:
        for name, problem in refused.problems:
            click.echo(f"{name}: {problem}", err=True)
        raise click.ClickException("nothing was defined") from None

    async def append() -> None:
        async with appending(producer_settings(settings)) as producer:
            await producer.append_entries(entries)

    try:
        if entries:
            asyncio.run(append())
    except NotAcknowledged as error:
        raise click.ClickException(f"{error}; is Kafka up? `headwater status`") from None
    return entries


def _finish(
    settings: Settings, known: Definitions, entries: Sequence[CatalogEntry], address: str, out: Path | None
) -> None:
    """Images where asked for, then every code and its link."""
    known.learn(entries)
    for entry in entries:
        link = link_of(address, entry.id) if address else ""
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{entry.id}.png").write_bytes(png(link))
            (out / f"{entry.id}.svg").write_text(svg(link), encoding="ascii")
        click.echo(f"{entry.id}\t{link}".rstrip())
    if out is not None:
        click.echo(f"{2 * len(entries)} images in {out}; `headwater qr sheet` prints them", err=True)


def _tell(entries: Sequence[CatalogEntry], known: Definitions) -> None:
    known.learn(entries)
    _table([_row(known, entry, "") for entry in entries if isinstance(entry, QrCodeEntry)])


def _public(settings: Settings, given: str) -> str:
    try:
        return public_address(given or settings.public_url)
    except BadTarget as bad:
        raise click.UsageError(f"nothing is printed: {bad}") from None


def _allowed(known: Definitions, site: str, target: str) -> str:
    entry = known.entry(site, "site", site)
    hosts = (entry.hosts or []) if isinstance(entry, SiteEntry) else []
    try:
        return allowed_target(target, hosts)
    except BadTarget as bad:
        hint = "" if hosts else f"; list them in the entry of site {site}: `hosts: [www.example.kr]`"
        raise click.UsageError(f"{bad}{hint}") from None


def _found(known: Definitions, code: str, site: str) -> QrCodeEntry:
    for spelt in (code, as_typed(code)):
        entry = known.entry(site, "qr_code", spelt)
        if isinstance(entry, QrCodeEntry):
            return entry
    raise click.ClickException(f"no code {printable(code)} of site {site}; `headwater qr list` shows them")


def _codes(known: Definitions, site: str) -> list[QrCodeEntry]:
    return [entry for entry in known.entries(site, "qr_code") if isinstance(entry, QrCodeEntry)]


def _today(known: Definitions, site: str) -> date:
    entry = known.entry(site, "site", site)
    zone = (entry.time_zone if isinstance(entry, SiteEntry) else None) or "Asia/Seoul"
    return datetime.now(ZoneInfo(zone)).date()


def _leads(known: Definitions, entry: QrCodeEntry, day: date) -> bool:
    return destination_on(entry, known.entry(entry.site, "site", entry.site), day) is not None


def _state(known: Definitions, entry: QrCodeEntry, day: date) -> str:
    if entry.disabled:
        return "disabled"
    if entry.expires_on is not None and day > entry.expires_on:
        return "expired"
    if are_digits(entry.id) and referrer_of(entry):
        return "said"
    held = assignment_on(entry, day)
    if not ((held and held.destination) or entry.destination):
        return "no destination"
    return "active" if _leads(known, entry, day) else "host not listed"


def _row(known: Definitions, entry: QrCodeEntry, address: str) -> dict[str, str]:
    day = _today(known, entry.site)
    held = assignment_on(entry, day)
    said = {field: (getattr(held, field) or "") if held else "" for field in STANDS_FOR}
    state = _state(known, entry, day)
    return {
        **{column: said.get(column, "") for column in _COLUMNS},
        "code": entry.id,
        "link": link_of(address, entry.id) if address and state != "said" else "",
        "state": state,
        "destination": (held and held.destination) or entry.destination or "",
        "expires_on": str(entry.expires_on or ""),
    }


def _table(rows: Sequence[Mapping[str, str]]) -> None:
    shown = [column for column in _COLUMNS if any(row[column] for row in rows)]
    lines = [shown, *([_shown(column, row[column]) for column in shown] for row in rows)]
    widths = [max(width_of(line[place]) for line in lines) for place in range(len(shown))]
    for line in lines if rows else ():
        padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    click.echo(f"{len(rows)} codes", err=True)


def _shown(column: str, text: str) -> str:
    if column == "channel" and text in CHANNEL_NAMES:
        return printable(CHANNEL_NAMES[text][language_of(os.environ)])
    return in_groups(text) if column == "code" and are_digits(text) else printable(text)


COMMANDS = {"qr": qr}

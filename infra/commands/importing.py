"""`headwater import`: a file of one of the known kinds -> the log, with a preview before its columns are first used."""

from __future__ import annotations

import asyncio
import csv
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from aiokafka.errors import KafkaError
from tqdm import tqdm

from infra.commands.collector import producer_settings
from infra.settings import Settings, load_settings
from streams.collectors.importers.business import Business, read_business, setting_for
from streams.collectors.importers.cells import Unreadable, not_run
from streams.collectors.importers.columns import KINDS, UnknownColumns
from streams.collectors.importers.drafts import Namer, Refusal, Setting
from streams.collectors.importers.files import OpenFile, open_file
from streams.collectors.importers.import_key import import_key
from streams.collectors.importers.importing import Door, Import, Report
from streams.collectors.importers.ledger import Ledger
from streams.collectors.importers.mapping import BadMapping, FileMapping, read_mapping
from streams.collectors.importers.preview import preview_lines, preview_of, refusal_line
from streams.collectors.importers.tables import NotATable
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import NotAcknowledged, ProducerSettings, appending

SHOWN_REFUSALS = 20
PROGRESS_EVERY_SECONDS = 10.0


@click.command(
    "import",
    short_help="Take in a file: access log, calls, leads, payments, spend, messages, searches, measures.",
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", required=True, help="The business, a slug.")
@click.option("--branch", help="Branch of all rows that do not name their own.")
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML: what the file's own headers and words mean.",
)
@click.option("--host", help="Access logs: the website, like https://www.example.kr.")
@click.option("--number", help="Call logs: the number that was called, where the file has no column for it.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Search queries and volumes, measures: first day that the file is about, where it does not say.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Likewise the last day.")
@click.option(
    "--engine",
    type=click.Choice(["google", "naver", "other"]),
    help="Search queries: whose, where the file does not say.",
)
@click.option("--sheet", help="XLSX: the sheet; the first one unless given.")
@click.option("--time-zone", help="Zone of times without one; the site's unless given.")
@click.option("--source", help="Name under which the file is remembered; its file name unless given.")
@click.option("--replaces", help="Name of the earlier file that this one replaces wholly.")
@click.option(
    "--refused",
    "refused_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV to write the refused lines to.",
)
@click.option("--yes", is_flag=True, help="Import without showing a preview first.")
@click.option("--preview", "preview_only", is_flag=True, help="Show the preview and import nothing.")
def import_file(
    kind: str,
    file: Path,
    site: str,
    branch: str | None,
    mapping_file: Path | None,
    host: str | None,
    number: str | None,
    since: datetime | None,
    until: datetime | None,
    engine: str | None,
    sheet: str | None,
    time_zone: str | None,
    source: str | None,
    replaces: str | None,
    refused_file: Path | None,
    yes: bool,
    preview_only: bool,
) -> None:
    """Take in FILE, a file of KIND. Importing it again adds nothing; a corrected file withdraws what it replaces."""
    _need_slug("--site", site)
    if branch:
        _need_slug("--branch", branch)
    if host and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?/?", host):
        raise click.BadParameter("an address like https://www.example.kr", param_hint="--host")
    if time_zone:
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise click.BadParameter("a zone like Asia/Seoul", param_hint="--time-zone") from None
    settings = load_settings()
    try:
        mapping = read_mapping(kind, mapping_file.read_bytes()) if mapping_file else FileMapping()
    except BadMapping as bad:
        raise click.UsageError(str(bad)) from None
    if sheet:
        mapping = FileMapping(**{**vars(mapping), "sheet": sheet})
    now = datetime.now(UTC)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    reach = producer_settings(settings)
    business = _business(reach, site, offline=preview_only)
    setting = setting_for(
        site,
        business,
        mapping,
        import_key(settings.home),
        branch=branch,
        zone=time_zone,
        number=number,
        host=host,
        since=f"{since:%Y-%m-%d}" if since else None,
        until=f"{until:%Y-%m-%d}" if until else None,
        engine=engine,
    )
    name = source or "|".join(part for part in (branch, file.name) if part)
    ledger = Ledger(settings.home / "imports" / "ledger.sqlite", site, kind, name)
    try:
        if replaces is not None and not ledger.has_source(replaces):
            known = ", ".join(ledger.source_names()) or "none"
            raise click.UsageError(f"--replaces: nothing was imported under '{replaces}'; known: {known}")
        run = _Run(settings, kind, file, setting, mapping, ledger, now)
        if not run.looked_at(yes=yes, only=preview_only):
            return
        report = asyncio.run(run.taken_in(reach, replaces, refused_file))
    except UnknownColumns as unknown:
        raise click.UsageError(f"{file.name}: {unknown}") from None
    except NotATable as wrong:
        raise click.UsageError(str(wrong)) from None
    except Unreadable as unreadable:
        raise click.UsageError(f"found {unreadable.found}; right would be {unreadable.fix}") from None
    except NotAcknowledged as away:
        told = f"{away}. What was acknowledged is remembered; import the file again to go on."
        raise click.ClickException(told) from None
    finally:
        ledger.close()
    _tell(report, refused_file)
    if report.refused:
        raise SystemExit(1)


class _Run:
    """One file under one setting, opened once to look at it and once to take it in."""

    def __init__(
        self,
        settings: Settings,
        kind: str,
        file: Path,
        setting: Setting,
        mapping: FileMapping,
        ledger: Ledger,
        now: datetime,
    ) -> None:
        self._kind = kind
        self._file = file
        self._setting = setting
        self._mapping = mapping
        self._ledger = ledger
        self._now = now
        self._pseudonyms = Pseudonyms(settings.home)

    def looked_at(self, *, yes: bool, only: bool) -> bool:
        """Shows the preview where one is due -> whether to go on; ends the program where nobody can be asked."""
        opened = self._open(None)
        if not only and (yes or self._ledger.accepted(opened.fingerprint())):
            return True
        preview = preview_of(opened, self._namer(), self._door(opened))
        click.echo(f"{self._file.name} as {self._kind}:", err=True)
        for line in preview_lines(preview):
            click.echo(line, err=True)
        if only:
            return False
        if not sys.stdin.isatty():
            click.echo("nothing imported yet: run it again with --yes if this is right", err=True)
            raise SystemExit(1)
        if not click.confirm("Import?", err=True):
            raise SystemExit(1)
        return True

    async def taken_in(
        self, reach: ProducerSettings, replaces: str | None, refused_file: Path | None
    ) -> Report:
        """The whole file -> the log."""
        with _progress(self._file) as heard, _refusals(refused_file) as on_refused:
            opened = self._open(heard)
            async with appending(reach) as log:
                run = Import(
                    self._kind,
                    self._setting.site,
                    namer=self._namer(),
                    door=self._door(opened),
                    ledger=self._ledger,
                    log=log,
                    on_refused=on_refused,
                )
                await run.take(opened.outcomes)
                await run.withdraw_replaced(replaces)
            self._ledger.accept(opened.fingerprint())
            run.report.read = opened.lines
            return run.report

    def _open(self, heard: Callable[[int], None] | None) -> OpenFile:
        return open_file(self._kind, self._file, self._setting, self._mapping, progress=heard)

    def _namer(self) -> Namer:
        return Namer(self._kind, self._setting.secret)

    def _door(self, opened: OpenFile) -> Door:
        return Door(self._pseudonyms, self._now, opened.columns)


def _business(reach: ProducerSettings, site: str, *, offline: bool) -> Business:
    """What the catalog says of the site; a preview does without where the log is away."""
    try:
        return asyncio.run(asyncio.wait_for(read_business(reach, site), 30))
    except (KafkaError, OSError, TimeoutError) as error:
        if offline:
            return Business()
        told = f"the log cannot be reached at {reach.brokers} ({type(error).__name__}): `headwater up` starts the local one"
        raise click.ClickException(told) from None


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line every ten seconds elsewhere."""
    sheet = file.suffix.lower() in (".xlsx", ".xlsm", ".gz")
    total = None if sheet else file.stat().st_size
    if sys.stderr.isatty():
        with tqdm(
            total=total, unit="rows" if sheet else "B", unit_scale=True, desc=file.name[:30], file=sys.stderr
        ) as bar:
            yield lambda size: bar.update(size) and None
        return
    done = 0
    told_at = time.monotonic()

    def heard(size: int) -> None:
        nonlocal done, told_at
        done += size
        if time.monotonic() - told_at >= PROGRESS_EVERY_SECONDS:
            told_at = time.monotonic()
            share = f" of {total:,} ({100 * done // max(total, 1)}%)" if total else ""
            click.echo(f"{file.name}: {done:,}{share} read", err=True)

    yield heard


@contextmanager
def _refusals(path: Path | None) -> Iterator[Callable[[Refusal], None]]:
    """Where refused lines are written; cells that a spreadsheet would run are quoted."""
    if path is None:
        yield lambda refusal: None
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "column", "found", "right would be"])

        def write(refusal: Refusal) -> None:
            cells = (refusal.column, refusal.found, refusal.fix)
            writer.writerow([refusal.line, *(not_run(cell) for cell in cells)])

        yield write


def _tell(report: Report, refused_file: Path | None) -> None:
    for refusal in report.refusals[:SHOWN_REFUSALS]:
        click.echo(refusal_line(refusal), err=True)
    if report.refused > SHOWN_REFUSALS:
        where = (
            f"all of them are in {refused_file}" if refused_file else "--refused FILE.csv writes all of them"
        )
        click.echo(f"… and {report.refused - SHOWN_REFUSALS:,} more refused; {where}", err=True)
    for kept in report.kept:
        click.echo(
            f"not withdrawn although this file does not say them: {kept}; --replaces NAME withdraws all",
            err=True,
        )
    parts = [
        f"{report.read:,} rows read",
        f"{report.accepted:,} events accepted",
        f"{report.known + report.repeated:,} duplicates skipped",
        f"{report.withdrawn:,} withdrawn",
        *(f"{number:,} skipped ({reason})" for reason, number in sorted(report.skipped.items())),
        f"{report.refused:,} refused",
    ]
    click.echo(", ".join(parts), err=True)


def _need_slug(option: str, value: str) -> None:
    if not re.fullmatch(r"[a-z0-9_-]{1,64}", value):
        raise click.BadParameter("small letters, digits, - and _", param_hint=option)


COMMANDS = {"import": import_file}

"""headwater report."""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from grafana.words import Language
from infra.commands.scoreboard import LocalDay
from infra.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.reports.periods import Asked
    from infra.reports.writing import Written

Options = Callable[..., Any]


@click.group()
def report() -> None:
    """Write reports for the owner, as a page and as a PDF, in Korean and English; a new revision when figures changed."""


def _common(command: Options) -> Options:
    for option in (
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="Copy the files there as well. They are kept under the home.",
        ),
        click.option(
            "--language", type=click.Choice(["ko", "en"]), help="Which files to name. Default: both."
        ),
        click.option("--site", help="The business. Default: the only one there is."),
    ):
        command = option(command)
    return command


@report.command()
@click.argument("campaign")
@_common
def campaign(campaign: str, site: str | None, language: Language | None, out: Path | None) -> None:
    """Planned and actual of one campaign, with as many days before it beside it."""
    from infra.reports.asking import campaigns_of
    from infra.reports.periods import campaign_of

    def asked(client: Any, site: str, today: date) -> "Asked":
        known = {str(row["campaign"]): row for row in campaigns_of(client, site)}
        if campaign not in known:
            named = ", ".join(sorted(known)[:20]) or "none is defined"
            raise click.ClickException(f"site {site!r} has no campaign {campaign!r}; known: {named}")
        return campaign_of(site, known[campaign], today)

    _write(asked, site, language, out)


@report.command()
@click.argument("month")
@_common
def monthly(month: str, site: str | None, language: Language | None, out: Path | None) -> None:
    """The summary of a month, such as 2026-03."""
    from infra.reports.periods import month_of

    _write(lambda _, site, today: month_of(site, month, today), site, language, out)


@report.command()
@click.argument("quarter")
@_common
def quarterly(quarter: str, site: str | None, language: Language | None, out: Path | None) -> None:
    """The strategy review of a quarter, such as 2026-Q1, with the proposed reallocation."""
    from infra.reports.periods import quarter_of

    _write(lambda _, site, today: quarter_of(site, quarter, today), site, language, out)


@report.command()
@click.argument("year")
@_common
def yearly(year: str, site: str | None, language: Language | None, out: Path | None) -> None:
    """The plan of a year, such as 2026, against what came of it: budgets and goals of the campaigns in the catalog."""
    from infra.reports.periods import year_of

    _write(lambda _, site, today: year_of(site, year, today), site, language, out)


@report.command("before-after")
@click.option("--before", nargs=2, type=LocalDay(), metavar="FIRST LAST", help="The period before.")
@click.option("--after", nargs=2, type=LocalDay(), metavar="FIRST LAST", help="The period after.")
@click.option(
    "--on", type=LocalDay(), metavar="DAY", help="In place of both: before this day and from it on."
)
@click.option(
    "--days",
    type=click.IntRange(1, 3_660),
    help="With --on: so many days on either side. Default: up to today.",
)
@click.option("--tool", metavar="ID", help="In place of both: the days of a tool of the catalog.")
@click.option("--goal", metavar="ID", help="In place of both: the days of a goal of the catalog.")
@_common
def before_after(
    before: tuple[date, date] | None,
    after: tuple[date, date] | None,
    on: date | None,
    days: int | None,
    tool: str | None,
    goal: str | None,
    site: str | None,
    language: Language | None,
    out: Path | None,
) -> None:
    """Two periods beside each other: every index, its change and how far chance may have made it, goals and tools."""
    from infra.reports.asking import judged_of_kind
    from infra.reports.periods import around, judged_of, two_periods

    ways = [before or after, on, tool, goal]
    if sum(way is not None for way in ways) != 1 or (before is None) is not (after is None):
        raise click.UsageError("give --before and --after, or --on, or --tool, or --goal")
    if days is not None and on is None:
        raise click.UsageError("--days goes with --on")

    def asked(client: Any, site: str, today: date) -> "Asked":
        if before is not None and after is not None:
            return two_periods(site, before, after)
        if on is not None:
            return around(site, on, days, today)
        kind, id = ("tool", tool) if tool is not None else ("goal", goal)
        known = judged_of_kind(client, site, kind, today)
        if id not in known:
            named = ", ".join(sorted(known)[:20]) or "none is defined"
            raise click.ClickException(f"site {site!r} has no {kind} {id!r} to judge; known: {named}")
        return judged_of(site, known[id], today)

    _write(asked, site, language, out)


@report.command("list")
@click.option("--site", help="Only of this business.")
def list_reports(site: str | None) -> None:
    """Every revision that is kept: when it was made, of what, and where it lies."""
    from streams.kept_reports import Shelf

    kept = [one for one in Shelf(load_settings().home).listed() if site in (None, one.site)]
    for one in kept:
        told = (one.made_at, _shown(one.site), one.kind, _shown(one.period), str(one.revision), str(one.path))
        click.echo("\t".join(told))
    if not kept:
        click.echo("headwater report: none is written yet", err=True)


@report.command(hidden=True)
def always() -> None:
    """Go on for ever, looking for what is due: what the stack's own reporter does."""
    from infra.reports.always import go_on

    go_on(load_settings())


@report.command(hidden=True)
def due() -> None:
    """Write what is due today and was not looked at yet; 1 when it must be tried again."""
    import logging

    from infra.reports.always import look

    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=form)
    sys.exit(0 if look(load_settings(), lambda: datetime.now(UTC)) else 1)


def _write(
    asked: "Callable[[Any, str, date], Asked]", site: str | None, language: Language | None, out: Path | None
) -> None:
    from grafana.words import LANGUAGES
    from infra.reports.asking import NothingRecorded, sites_of
    from infra.reports.periods import PeriodRefused
    from infra.reports.writing import copied, write_report

    settings, now = load_settings(), datetime.now(UTC)
    with _reader() as client:
        known = sites_of(client)
        chosen = _site(site, known)
        today = now.astimezone(ZoneInfo(known[chosen] or "Asia/Seoul")).date()
        try:
            wanted = asked(client, chosen, today)
            written = write_report(client, settings.home, wanted, now, settings.report_elasticity)
        except (PeriodRefused, NothingRecorded) as refused:
            raise click.ClickException(str(refused)) from None
    languages = (language,) if language else LANGUAGES
    for path in copied(written, out, languages) if out else written.files(languages):
        click.echo(str(path))
    click.echo(f"headwater report: {_told(written)}", err=True)
    sys.stdout.flush()


def _told(written: "Written") -> str:
    if written.new:
        return f"revision {written.revision} is written"
    return f"no figure changed; revision {written.revision} stays the newest"


def _site(site: str | None, known: dict[str, str]) -> str:
    if site is not None:
        if site not in known:
            named = ", ".join(sorted(known)[:20]) or "none yet; `headwater wait` waits for the worker"
            raise click.ClickException(f"no site {site!r}; known: {named}")
        return site
    if len(known) == 1:
        return next(iter(known))
    if not known:
        raise click.ClickException(
            "no figures yet, so there is nothing to report; `headwater wait` waits for the worker"
        )
    raise click.ClickException(f"which site? --site one of: {', '.join(sorted(known)[:20])}")


@contextmanager
def _reader() -> "Iterator[Any]":
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.local import stack

    try:
        client = stack.reader(load_settings())
        try:
            yield client
        finally:
            client.close()
    except ClickHouseError as failed:
        raise click.ClickException(_plain(str(failed))) from None


def _plain(message: str) -> str:
    if "Connection refused" in message or "Max retries" in message:
        return "ClickHouse does not answer; `headwater up` starts it"
    return message.partition("server response: ")[2] or message


def _shown(text: str) -> str:
    """A name on one line of a terminal, whatever it holds."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


COMMANDS = {"report": report}

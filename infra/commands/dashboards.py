"""headwater dashboards."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from grafana.words import Language
from infra.commands.scoreboard import LocalDay
from infra.settings import load_settings

DEFAULT_ZONE = "Asia/Seoul"


@click.group()
def dashboards() -> None:
    """Dashboards as code: build them for Grafana, push them into one, or preview them as pages that open offline."""


@dashboards.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Default: grafana/dashboards of these sources.",
)
@click.option("--time-zone", "zone", default=DEFAULT_ZONE, show_default=True, help="Whose days count.")
def build(out: Path | None, zone: str) -> None:
    """Write every dashboard as JSON, in Korean and English."""
    from grafana.files import COMMITTED, write_dashboards

    _known_zone(zone)
    changed = write_dashboards(out or COMMITTED, zone)
    for path in changed:
        click.echo(str(path))
    click.echo(f"headwater dashboards: {len(changed)} of the files changed", err=True)


@dashboards.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Default: previews under the home."
)
@click.option("--site", help="The business. Default: the only one there is.")
@click.option("--since", type=LocalDay(), help="First local day. Default: 89 days before the last.")
@click.option("--until", type=LocalDay(), help="Last local day. Default: the site's newest.")
@click.option("--model", help="Attribution model. Default: last.")
@click.option("--run", default="live", show_default=True, help="A replay's name.")
@click.option("--language", type=click.Choice(["ko", "en"]), help="Default: both.")
@click.option("--time-zone", "zone", default=DEFAULT_ZONE, show_default=True, help="Whose days count.")
def preview(
    out: Path | None,
    site: str | None,
    since: date | None,
    until: date | None,
    model: str | None,
    run: str,
    language: Language | None,
    zone: str,
) -> None:
    """Write every dashboard with the data of now as one HTML page each; the pages' paths on standard output."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from grafana.words import LANGUAGES
    from infra.local import stack
    from infra.previews import PreviewRefused, Wanted, write_previews

    _known_zone(zone)
    settings = load_settings()
    choices = {"run": run, **({"model": model} if model else {})}
    languages = (language,) if language else LANGUAGES
    wanted = Wanted(site or "", since, until, languages, zone, choices)
    try:
        client = stack.reader(settings)
        try:
            written = write_previews(
                client, out or settings.home / "previews", wanted, datetime.now(UTC), at_once=2
            )
        finally:
            client.close()
    except PreviewRefused as refused:
        raise click.ClickException(str(refused)) from None
    except ClickHouseError as failed:
        raise click.ClickException(_plain(str(failed))) from None
    for path in written.pages:
        click.echo(str(path))
    for panel, reason in written.failed.items():
        click.echo(f"headwater dashboards: {panel} could not be answered: {reason}", err=True)
    if written.failed:
        sys.exit(1)


@dashboards.command()
@click.option("--url", required=True, help="Where Grafana is, such as https://grafana.example.")
@click.option(
    "--token-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a service account's token; a token on the command line would be seen by others.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--language", type=click.Choice(["ko", "en"]), help="Default: both.")
@click.option("--time-zone", "zone", default=DEFAULT_ZONE, show_default=True, help="Whose days count.")
@click.option("--clickhouse-url", help="ClickHouse as Grafana reaches it. Default: as this machine does.")
@click.option("--clickhouse-user", help="Its user. Default: the reader of the settings.")
@click.option(
    "--clickhouse-password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with its password. Default: the reader's of the settings.",
)
@click.option("--set-password", is_flag=True, help="Send the password again though Grafana has one.")
@click.option(
    "--alerts",
    type=click.Choice(["ko", "en", "none"]),
    default="ko",
    show_default=True,
    help="Language of the alert rules.",
)
@click.option(
    "--contact-email", default="", help="Whom alerts tell. Default: as that Grafana's own policies say."
)
@click.option("--contact-webhook", default="", help="The same by webhook.")
def push(
    url: str,
    token_file: Path,
    dry_run: bool,
    language: Language | None,
    zone: str,
    clickhouse_url: str | None,
    clickhouse_user: str | None,
    clickhouse_password_file: Path | None,
    set_password: bool,
    alerts: str,
    contact_email: str,
    contact_webhook: str,
) -> None:
    """Bring folders, data source, dashboards and alerts of a Grafana (11.6 or newer) to what these sources say."""
    from grafana.board_json import board_json
    from grafana.boards import BOARDS
    from grafana.words import LANGUAGES
    from infra.grafana_push import Alerting, PushRefused, Source, grafana_at, push_all

    _known_zone(zone)
    settings = load_settings()
    reports = f"{settings.public_url.rstrip('/') or f'http://127.0.0.1:{settings.collector_port}'}/reports"
    source = Source(
        clickhouse_url or settings.clickhouse,
        clickhouse_user or settings.reader_user,
        _secret(clickhouse_password_file) if clickhouse_password_file else settings.reader_password,
    )
    if contact_email and contact_webhook:
        raise click.UsageError("--contact-email or --contact-webhook, not both")
    alerting = (
        None
        if alerts == "none"
        else Alerting("en" if alerts == "en" else "ko", contact_email, contact_webhook)
    )
    wanted = {
        (one, slug): board_json(board, one, zone, reports)
        for one in ((language,) if language else LANGUAGES)
        for slug, board in BOARDS.items()
    }
    try:
        count = 0
        with grafana_at(url, _secret(token_file)) as grafana:
            for change in push_all(
                grafana, source, wanted, alerting=alerting, dry_run=dry_run, set_password=set_password
            ):
                count += 1
                click.echo(f"{change.verb} {change.what}", err=not dry_run)
                if dry_run and change.difference:
                    click.echo(change.difference)
    except PushRefused as refused:
        raise click.ClickException(str(refused)) from None
    told = "would change" if dry_run else "changed"
    click.echo(f"headwater dashboards: {count} {told}", err=True)


def _secret(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise click.UsageError(f"{path} is empty")
    return text


def _known_zone(zone: str) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"{zone!r} is no time zone; right would be one such as Asia/Seoul") from None


def _plain(message: str) -> str:
    if "Connection refused" in message or "Max retries" in message:
        return "ClickHouse does not answer; `headwater up` starts it"
    return message.partition("server response: ")[2] or message


COMMANDS = {"dashboards": dashboards}

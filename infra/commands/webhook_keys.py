"""`headwater keys webhook`: the senders of webhooks, their secrets and how their words are read."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from infra.settings import load_settings
from streams.collectors.hooks import check_settings
from streams.collectors.importers.mapping import BadMapping
from streams.collectors.payloads import LARGEST_BYTES, read_yaml
from streams.collectors.signatures import GIVEN_SECRETS, KINDS, BadSource, Source, Webhooks


@click.group()
def webhook() -> None:
    """Senders of webhooks: telephone systems, CRM systems, senders of messages."""


_SITE = click.option("--site", required=True, help="Site whose events it sends.")
_SOURCE = click.option("--source", "name", required=True, help="Its name, the last part of its URL.")


@webhook.command()
@_SITE
@_SOURCE
@click.option("--kind", type=click.Choice(list(KINDS)), help="What it is; not needed for a further secret.")
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="File with the secret that the provider made (- for standard input); ours is made when left out.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML with the source's settings: field mapping, contexts, time zone.",
)
def create(
    site: str, name: str, kind: str | None, secret_file: str | None, settings_file: Path | None
) -> None:
    """Make a source, or a further secret of one: both count until the old one is revoked."""
    sources = Webhooks(load_settings().home)
    known = sources.find(site, name)
    kind = kind or (known.kind if known is not None else None)
    if kind is None:
        raise click.UsageError(f"--kind says what {name} is: one of {', '.join(KINDS)}")
    settings = _settings(kind, settings_file) if settings_file is not None else None
    given = _secret(secret_file) if secret_file is not None else None
    try:
        source, secret_id, text = sources.create(
            site, name, kind, now=datetime.now(UTC), given=given, settings=settings
        )
    except BadSource as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{source.kind} source {source.name} of {site}, secret {secret_id}; it posts to", err=True)
    click.echo(_address(source), err=True)
    if kind in GIVEN_SECRETS:
        click.echo("it signs with the secret that you gave", err=True)
        return
    click.echo("its secret, shown now and never again:", err=True)
    click.echo(text)


@webhook.command()
@_SITE
@_SOURCE
@click.argument("settings_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def configure(site: str, name: str, settings_file: Path) -> None:
    """Put the settings of a source in place of those it had; they count from its next request on."""
    sources = Webhooks(load_settings().home)
    source = sources.find(site, name)
    if source is None:
        raise click.ClickException(f"no source {name} of {site}; `headwater keys webhook list` shows them")
    sources.configure(site, name, _settings(source.kind, settings_file))
    click.echo(f"settings of {name} of {site} are in force", err=True)


@webhook.command("list")
@click.option("--site", help="Only this site's.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_sources(site: str | None, form: str) -> None:
    """List the sources and the ids of their secrets; never a secret."""
    rows: list[dict[str, Any]] = [
        {
            "site": source.site,
            "source": source.name,
            "kind": source.kind,
            "secrets": [
                {"id": one.id, "created_at": one.created_at, "revoked_at": one.revoked_at}
                for one in source.secrets
            ],
            "settings": source.settings or {},
        }
        for source in Webhooks(load_settings().home).every()
        if site in (None, source.site)
    ]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        states = ", ".join(
            f"{one['id']} {'revoked ' + one['revoked_at'] if one['revoked_at'] else 'active'}"
            for one in row["secrets"]
        )
        click.echo(f"{row['site']}  {row['source']}  {row['kind']:<8}  {states}")


@webhook.command()
@click.argument("secret_id")
def revoke(secret_id: str) -> None:
    """End a secret, from the collector's next request on."""
    source = Webhooks(load_settings().home).revoke(secret_id, now=datetime.now(UTC))
    if source is None:
        raise click.ClickException(f"no secret {secret_id}; `headwater keys webhook list` shows them")
    click.echo(f"revoked {secret_id} of {source.name} of {source.site}", err=True)


def _address(source: Source) -> str:
    settings = load_settings()
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{settings.collector_port}"
    return f"{base}/hooks/{source.site}/{source.name}"


def _settings(kind: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        raw = file.read(LARGEST_BYTES + 1)
    try:
        said = read_yaml(raw)
        check_settings(kind, said)
    except BadMapping as error:
        raise click.UsageError(f"{path.name}: {error}") from None
    return said


def _secret(path: str) -> str:
    if path == "-":
        return sys.stdin.read(16_384)
    try:
        return Path(path).read_text(encoding="utf-8")[:16_384]
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--secret-file cannot be read: {type(error).__name__}") from None

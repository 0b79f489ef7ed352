"""`headwater keys`: make, list and revoke the keys of the collector; add a pseudonym key."""

import json
from datetime import UTC, datetime

import click

from infra.settings import load_settings
from streams.collectors.keys import BadKeyRequest, KeyKind, KeyRing
from streams.collectors.privacy import Pseudonyms
from streams.secret_files import BadSecret


@click.group()
def keys() -> None:
    """Keys of the collector: browser keys (public) and server keys (secret)."""


@keys.command()
@click.option("--kind", type=click.Choice([kind.value for kind in KeyKind]), required=True)
@click.option(
    "--site", "sites", multiple=True, required=True, help="Site it may speak for; '*' for all (server)."
)
@click.option("--type", "types", multiple=True, help="Event type it may send; all of its kind when left out.")
@click.option(
    "--origin", "origins", multiple=True, help="Origin whose pages may use it (browser), https://host."
)
@click.option("--label", default="", help="What it is for.")
def create(
    kind: str, sites: tuple[str, ...], types: tuple[str, ...], origins: tuple[str, ...], label: str
) -> None:
    """Make a key; it is printed once and never again."""
    ring = KeyRing(load_settings().home)
    try:
        key, text = ring.create(
            KeyKind(kind), now=datetime.now(UTC), sites=sites, types=types, origins=origins, label=label
        )
    except BadKeyRequest as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{key.kind.value} key {key.id}; keep it now, it is not stored:", err=True)
    click.echo(text)


@keys.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_keys(form: str) -> None:
    """List every key, revoked ones too; never the secret."""
    rows = [
        {
            "id": key.id,
            "kind": key.kind.value,
            "sites": list(key.sites),
            "types": list(key.types),
            "origins": list(key.origins),
            "label": key.label,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        for key in KeyRing(load_settings().home).every_key()
    ]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        scope = (
            f"{','.join(row['sites'] or [])} {','.join(row['types'] or [])} {','.join(row['origins'] or [])}"
        )
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "active"
        click.echo(f"{row['id']}  {row['kind']:<7}  {state}  {scope.strip()}  {row['label']}".rstrip())


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key, from the collector's next request on."""
    key = KeyRing(load_settings().home).revoke(key_id, now=datetime.now(UTC))
    if key is None:
        raise click.ClickException(f"no key {key_id}; `headwater keys list` shows them")
    click.echo(f"revoked {key.id}", err=True)


@keys.command("rotate-pseudonyms")
def rotate_pseudonyms() -> None:
    """Add a pseudonym key: the newest goes into phone and email, older ones into their aliases."""
    try:
        version = Pseudonyms(load_settings().home).rotate()
    except BadSecret as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"pseudonym key {version} is the newest now; back up HOME/secrets", err=True)


COMMANDS = {"keys": keys}

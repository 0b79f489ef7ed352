"""`headwater keys`: make, list and revoke the keys of the collector; add a pseudonym key."""

import asyncio
import json
from datetime import UTC, datetime

import click

from infra.commands.webhook_keys import webhook
from infra.settings import load_settings
from streams.collectors.keys import ROLES, BadKeyRequest, KeyKind, KeyRing
from streams.collectors.privacy import Pseudonyms
from streams.secret_files import BadSecret


@click.group()
def keys() -> None:
    """Keys of the collector: of browsers (public), of servers (secret), of people (to sign in)."""


@keys.command()
@click.argument("word", metavar="[KIND]", type=click.Choice([kind.value for kind in KeyKind]), required=False)
@click.option("--kind", type=click.Choice([kind.value for kind in KeyKind]), help="The same as KIND.")
@click.option(
    "--site", "sites", multiple=True, required=True, help="Site it may speak for; '*' for all (server)."
)
@click.option("--type", "types", multiple=True, help="Event type it may send; all of its kind when left out.")
@click.option(
    "--origin", "origins", multiple=True, help="Origin whose pages may use it (browser), https://host."
)
@click.option("--role", type=click.Choice(sorted(ROLES)), help="What the person may do (person).")
@click.option("--label", default="", help="What it is for; no name of a person.")
def create(
    word: str | None,
    kind: str | None,
    sites: tuple[str, ...],
    types: tuple[str, ...],
    origins: tuple[str, ...],
    role: str | None,
    label: str,
) -> None:
    """Make a key; it is printed once and never again."""
    if (kind is None) is (word is None):
        raise click.UsageError("say once which kind: browser, server or person")
    ring = KeyRing(load_settings().home)
    try:
        key, text = ring.create(
            KeyKind(kind or word or ""),
            now=datetime.now(UTC),
            sites=sites,
            types=types,
            origins=origins,
            label=label,
            role=role,
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
            "role": key.role,
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
            f"{','.join(row['sites'] or [])} {row['role'] or ','.join(row['types'] or [])}"
            f" {','.join(row['origins'] or [])}"
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


@keys.command()
@click.argument("key_id")
def rotate(key_id: str) -> None:
    """Make a second key of the same scope; both count until `headwater keys revoke` ends the old one."""
    try:
        key, text = KeyRing(load_settings().home).rotate(key_id, now=datetime.now(UTC))
    except BadKeyRequest as error:
        raise click.ClickException(str(error)) from None
    told = f"{key.kind.value} key {key.id} beside {key_id}; keep it now, it is not stored."
    click.echo(f"{told} When its sender uses it: headwater keys revoke {key_id}", err=True)
    click.echo(text)


@keys.command("rotate-pseudonyms")
def rotate_pseudonyms() -> None:
    """Add a pseudonym key: the newest goes into phone and email, older ones into their aliases."""
    try:
        version = Pseudonyms(load_settings().home).rotate()
    except BadSecret as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"pseudonym key {version} is the newest now; back up HOME/secrets", err=True)


@keys.command("destroy-site")
@click.argument("site")
@click.option("--yes", is_flag=True, help="Do not ask for the site's name once more.")
def destroy_site(site: str, yes: bool) -> None:
    """Destroy a site's pseudonym keys: what the log keeps of its phones and e-mails leads nowhere from then on."""
    from infra.forgetting.sites import NotAllKnown, sites_with_pseudonyms

    settings = load_settings()
    try:
        pseudonyms = Pseudonyms(settings.home)
        others = asyncio.run(sites_with_pseudonyms(settings)) - {site}
        click.echo(
            f"The phones and e-mails of {site} can never be joined again: old events stay, a returning customer is a"
            " new person, and events with a phone are refused. Other sites stay as they are. This cannot be taken back;"
            " copies of HOME/secrets made before undo it, so delete those too.",
            err=True,
        )
        if not yes and click.prompt("The site's name once more", err=True) != site:
            raise click.Abort
        pseudonyms.destroy_site(site, others)
    except (BadSecret, NotAllKnown) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"destroyed the keys of {site}; back up HOME/secrets anew", err=True)


keys.add_command(webhook)

COMMANDS = {"keys": keys}

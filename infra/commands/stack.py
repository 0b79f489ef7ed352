"""headwater up, down, status."""

import json
import sys
import time

import click

from infra.local import stack
from infra.local.kafka import KafkaRefused
from infra.settings import load_settings


def _say(words: str) -> None:
    click.echo(words, err=True)


@click.command()
def up() -> None:
    """Start Kafka, ClickHouse, worker and collector in the background; ready when it returns."""
    settings = load_settings()
    begun = time.monotonic()
    try:
        stack.up(settings, _say)
    except (stack.StackRefused, KafkaRefused, OSError) as refused:
        _say(f"headwater up: {refused}")
        sys.exit(1)
    _say(f"ready after {time.monotonic() - begun:.1f} s; data and logs in {settings.home}")


@click.command()
def down() -> None:
    """Stop every process of this home."""
    try:
        stack.down(load_settings(), _say)
    except (stack.StackRefused, OSError) as refused:
        _say(f"headwater down: {refused}")
        sys.exit(1)


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(form: str) -> None:
    """What runs, on which port, and how often it was started again; exit 1 unless everything runs."""
    listed = stack.status(load_settings())
    if form == "json":
        click.echo(json.dumps([part._asdict() for part in listed], indent=2))
    else:
        for part in listed:
            ports = ",".join(str(port) for port in part.ports)
            again = f"restarted {part.restarts}×" if part.restarts else ""
            line = f"{part.name:12} {part.state:9} {part.pid or '-':>8} {ports:12} {again} {part.detail}"
            click.echo(line.rstrip())
    sys.exit(0 if all(part.state == "running" for part in listed) else 1)


COMMANDS = {"up": up, "down": down, "status": status}

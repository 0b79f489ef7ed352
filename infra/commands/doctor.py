"""headwater doctor."""

import logging
import sys

import click

from infra.local.doctor import examine
from infra.settings import load_settings


@click.command()
def doctor() -> None:
    """Check every part and say what to do; exit 1 when something needs doing."""
    for library in ("clickhouse_connect", "aiokafka"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what failed is told as a finding
    ill = 0
    for finding in examine(load_settings()):
        click.echo(f"{'ok ' if finding.well else 'NO '} {finding.subject:13} {finding.seen}")
        if not finding.well:
            ill += 1
            click.echo(f"    {'':13} -> {finding.do}")
    sys.exit(1 if ill else 0)


COMMANDS = {"doctor": doctor}

"""headwater alerts."""

import json
import sys
from typing import Literal

import click

from infra.settings import load_settings


@click.command()
@click.option(
    "--language", type=click.Choice(["ko", "en"]), default="en", show_default=True, help="Of the sentences."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def alerts(language: Literal["ko", "en"], form: str) -> None:
    """What somebody should look at now; exit 1 when there is anything. The rules are those that Grafana is given."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from grafana.alerts import RUNBOOKS
    from infra.alerting import firing
    from infra.local import stack

    try:
        client = stack.reader(load_settings())
        try:
            found = firing(client)
        finally:
            client.close()
    except (ClickHouseError, OSError):
        raise click.ClickException("ClickHouse does not answer; `headwater up` starts it") from None
    if form == "json":
        told = [
            {"alert": one.alert.slug, "severity": one.alert.severity, **one.names, "value": one.value}
            for one in found
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    for one in found if form == "table" else ():
        click.echo(f"{one.alert.severity:6} {one.said_in(language)}  ({RUNBOOKS}#{one.alert.slug})")
    if form == "table" and not found:
        click.echo("headwater alerts: nothing to look at", err=True)
    sys.exit(1 if found else 0)


COMMANDS = {"alerts": alerts}

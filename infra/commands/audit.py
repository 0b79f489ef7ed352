"""headwater audit."""

import asyncio
import json
import logging
import sys
from typing import Any

import click

from infra.settings import Settings, load_settings


@click.command()
@click.option("--partition", type=click.IntRange(min=0), help="Only this partition of the topics.")
@click.option("--no-repair", is_flag=True, help="Only say what is wrong.")
@click.option(
    "--always", is_flag=True, help="Go on for ever, quietly and slowly: what the stack's own auditor does."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def audit(partition: int | None, no_repair: bool, always: bool, form: str) -> None:
    """Work live out anew from the log, name what is stored otherwise and put it right; 1 when anything was."""
    from infra.audit.always import go_on

    for library in ("clickhouse_connect", "aiokafka"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    settings = load_settings()
    if partition is not None and partition >= settings.partitions:
        raise click.BadParameter(f"there are {settings.partitions}, 0 to {settings.partitions - 1}")
    if always:
        go_on(settings)
        return
    sys.exit(asyncio.run(_once(settings, partition, not no_repair, form)))


async def _once(settings: Settings, partition: int | None, repair: bool, form: str) -> int:
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.audit.passes import Auditor, Moved
    from streams.log import LogDamaged

    asked = range(settings.partitions) if partition is None else [partition]
    audits = []
    try:
        async with Auditor.opened(settings, 1.0, repair) as auditor:
            auditor.clear()
            for number in asked:
                audits.append(await auditor.audit(number))
                if form == "table":
                    _show(audits[-1])
    except Moved:
        click.echo("headwater audit: live was rebuilt or emptied meanwhile; once more, please", err=True)
        return 1
    except LogDamaged as damaged:
        click.echo(f"headwater audit: {damaged}", err=True)
        return 1
    except (ClickHouseError, KafkaError, OSError) as failed:
        click.echo(f"headwater audit: {type(failed).__name__}: {str(failed)[:300]}", err=True)
        click.echo("`headwater status` shows what runs", err=True)
        return 1
    if form == "json":
        click.echo(json.dumps([_told(one) for one in audits], indent=2))
    return 1 if any(one.differences for one in audits) else 0


def _told(audited: Any) -> dict[str, Any]:
    said: dict[str, Any] = audited._asdict()
    said["found"] = [one._asdict() for one in said.pop("named")]
    return said | {name: said[name].isoformat() for name in ("started_at", "finished_at")}


def _show(audited: Any) -> None:
    span = f"events to {audited.events_end:,}, entries to {audited.catalog_end:,}"
    sites = f"{audited.sites_compared:,} sites compared, {audited.sites_skipped:,} changed meanwhile"
    said = (
        f"{audited.differences:,} differences, {audited.repaired:,} put right"
        if audited.differences
        else "well"
    )
    click.echo(f"partition {audited.partition}: {span}: {sites}: {said}")
    for one in audited.named:
        columns = f" ({', '.join(one.columns)})" if one.columns else ""
        where = "; ".join(f"{topic}/{number} {first}–{end}" for topic, number, first, end in one.offsets)
        click.echo(f"  {one.what:8} {one.table} {one.key}{columns}  [{where}]")


COMMANDS = {"audit": audit}

"""headwater wait."""

import asyncio
import logging
import sys
import time

import click

from infra.local import progress, stack
from infra.settings import load_settings

_LOOK_SECONDS = 0.2


@click.command()
@click.option("--timeout", type=click.FloatRange(min=0), default=600.0, show_default=True, help="Seconds.")
def wait(timeout: float) -> None:
    """Wait until everything appended before this call is in ClickHouse; 0 when it is, 1 when time is up."""
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what failed is told below
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = load_settings()
    deadline = time.monotonic() + timeout
    try:
        ends = asyncio.run(progress.log_ends(settings))
    except (KafkaError, OSError) as failed:
        click.echo(f"headwater wait: Kafka at {settings.bootstrap} does not answer ({failed!r})", err=True)
        sys.exit(1)
    told = ""
    while True:
        try:
            client = stack.writer(settings)
            try:
                missing = progress.behind(ends, progress.written_places(client))
                while missing and time.monotonic() < deadline:
                    time.sleep(_LOOK_SECONDS)
                    missing = progress.behind(ends, progress.written_places(client))
            finally:
                client.close()
            if not missing:
                return
            told = ", ".join(
                f"partition {partition}: {lacks.events} events and {lacks.catalog} catalog entries"
                for partition, lacks in sorted(missing.items())
            )
        except (ClickHouseError, OSError) as failed:
            told = (
                f"ClickHouse at {settings.clickhouse} does not answer ({failed})"  # it may come back in time
            )
        if time.monotonic() >= deadline:
            click.echo(f"headwater wait: not done after {timeout:g} s. Missing: {told}", err=True)
            click.echo(
                "`headwater status` shows whether a worker runs, logs/worker-1.log what it does", err=True
            )
            sys.exit(1)
        time.sleep(_LOOK_SECONDS)


COMMANDS = {"wait": wait}

"""`python -m infra.provisioning`: topics on an existing Kafka, tables and views on an existing ClickHouse.

`headwater up` does both for the local stack. Here the servers are the ones that HEADWATER_BROKERS and
HEADWATER_CLICKHOUSE_URL name; what is there already is checked and left as it is.
"""

import asyncio
import sys
from collections.abc import Callable

import click

from clickhouse.migrate import MigrationRefused, migrate
from infra.local.kafka import KafkaRefused, TopicWanted, make_topics, wanted_topics
from infra.local.stack import writer
from infra.settings import Settings, SettingsRefused, load_settings


async def make_safe_topics(settings: Settings, replication: int) -> list[str]:
    """Makes the topics that are missing, on a cluster that acknowledges by all but one copy -> their names."""
    safe = {"min.insync.replicas": str(max(1, replication - 1))}
    topics = [TopicWanted(one.name, one.config | safe) for one in wanted_topics()]
    return await make_topics(settings, topics, replication)


def provision(settings: Settings, replication: int, say: Callable[[str], None]) -> None:
    """Brings both servers to what the programs need."""
    for name in asyncio.run(make_safe_topics(settings, replication)):
        say(f"made topic {name}")
    client = writer(settings)
    try:
        for name in migrate(client, embedded=settings.local_clickhouse):
            say(f"applied {name}")
    finally:
        client.close()


@click.command()
@click.option(
    "--replication", default=1, show_default=True, help="Copies of each partition; 3 on a real cluster."
)
def main(replication: int) -> None:
    """Make topics, tables and views on the servers that HEADWATER_BROKERS and HEADWATER_CLICKHOUSE_URL name."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        provision(load_settings(), replication, lambda words: click.echo(words, err=True))
    except SettingsRefused as refused:
        click.echo(f"headwater: {refused}", err=True)
        sys.exit(2)
    except (KafkaRefused, MigrationRefused, ClickHouseError, OSError) as refused:
        click.echo(f"headwater provisioning: {refused}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

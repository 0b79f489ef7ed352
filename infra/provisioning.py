"""`python -m infra.provisioning`: topics on an existing Kafka, tables and views on an existing ClickHouse.

`headwater up` does both for the local stack. Here the servers are the ones that HEADWATER_BROKERS and
HEADWATER_CLICKHOUSE_URL name; what is there already is checked and left as it is.
"""

import asyncio
import sys
from collections.abc import Callable

import click
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from clickhouse.migrate import MigrationRefused, migrate
from infra.commands.collector import producer_settings
from infra.local.kafka import KafkaRefused, TopicWanted, wanted_topics
from infra.local.stack import writer
from infra.settings import Settings, SettingsRefused, load_settings


async def make_topics(settings: Settings, replication: int) -> list[str]:
    """Makes the topics that are missing -> their names; refuses one that is there with other partitions."""
    reach = producer_settings(settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=reach.brokers, request_timeout_ms=15_000, **reach.security)
    await admin.start()
    try:
        present = set(await admin.list_topics())
        topics = wanted_topics()
        missing = [one for one in topics if one.name not in present]
        there = [one.name for one in topics if one.name in present]
        for described in await admin.describe_topics(there) if there else []:
            _refuse_other_partitions(settings, described["topic"], len(described["partitions"]))
        if missing:
            _refuse_errors(await admin.create_topics(_new(missing, settings.partitions, replication)))
        return [one.name for one in missing]
    except KafkaError as failed:
        raise KafkaRefused(f"Kafka at {reach.brokers}: {type(failed).__name__}") from None
    finally:
        await admin.close()


def _new(topics: list[TopicWanted], partitions: int, replication: int) -> list[NewTopic]:
    safe = {"min.insync.replicas": str(max(1, replication - 1))}
    return [NewTopic(one.name, partitions, replication, topic_configs=one.config | safe) for one in topics]


def _refuse_other_partitions(settings: Settings, name: str, found: int) -> None:
    if found != settings.partitions:
        raise KafkaRefused(
            f"Topic {name} has {found} partitions, HEADWATER_PARTITIONS says {settings.partitions}:"
            f" the number is fixed when a topic is made; set it to {found}"
        )


def _refuse_errors(answer: object) -> None:
    for name, code, *rest in getattr(answer, "topic_errors", ()):
        if code:
            raise KafkaRefused(f"Topic {name} cannot be made: {for_code(code).__name__} {rest}")


def provision(settings: Settings, replication: int, say: Callable[[str], None]) -> None:
    """Brings both servers to what the programs need."""
    for name in asyncio.run(make_topics(settings, replication)):
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

"""How far ClickHouse is behind the log: end offsets of both topics against what the workers wrote down as done."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from infra.settings import Settings
from schemas.topics import CATALOG, EVENTS


class Place(NamedTuple):
    """A place in both topics of one partition: the offsets that come next."""

    events: int
    catalog: int


def behind(ends: Mapping[int, Place], done: Mapping[int, Place]) -> dict[int, Place]:
    """Partitions that are not yet there -> how many records of each topic are missing."""
    missing = {}
    for partition, end in ends.items():
        at = done.get(partition, Place(0, 0))
        lacks = Place(max(0, end.events - at.events), max(0, end.catalog - at.catalog))
        if lacks != (0, 0):
            missing[partition] = lacks
    return missing


async def log_ends(settings: Settings) -> dict[int, Place]:
    """The end of both topics on every partition now."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from infra.local.kafka import security

    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        enable_auto_commit=False,
        request_timeout_ms=15_000,
        **security(settings),
    )
    try:
        await consumer.start()
        asked = [
            TopicPartition(topic.name, partition)
            for topic in (EVENTS, CATALOG)
            for partition in range(settings.partitions)
        ]
        ends = await consumer.end_offsets(asked)
    finally:
        await consumer.stop()
    return {
        partition: Place(
            ends[TopicPartition(EVENTS.name, partition)], ends[TopicPartition(CATALOG.name, partition)]
        )
        for partition in range(settings.partitions)
    }


# An owner's newest step is announced (done 0: everything before its first offsets is written) or done. Results are
# written as far as the chain of live's label goes; archive and fates as far as a worker went under any label, which
# the empty steps of a rebuild do not say.
_DONE = """
WITH
    (SELECT if(count() = 0, 'live', argMax(label, number)) FROM headwater.live_rows
        WHERE swapped_at <= now64(6)) AS live,
    first != last OR catalog_first != catalog_last AS tells,
    if(done, last, first) AS events,
    if(done, catalog_last, catalog_first) AS entries
SELECT
    partition,
    least(maxIf(events, label = live), maxIf(events, tells)),
    least(maxIf(entries, label = live), maxIf(entries, tells))
FROM headwater.step_rows FINAL
WHERE (label, partition, owner) IN (SELECT label, partition, owner FROM headwater.owner_rows)
GROUP BY partition
"""


def written_places(client: Any) -> dict[int, Place]:
    """What is in ClickHouse, by partition."""
    return {int(row[0]): Place(int(row[1]), int(row[2])) for row in client.query(_DONE).result_rows}

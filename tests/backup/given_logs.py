"""A Kafka of the tests' own, logs to save, and saving and restoring that die in the middle."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from infra.backup.restoring import Restored, restore, whole_backup
from infra.backup.saving import Saved, Saving, save
from infra.backup.segments import Kept, kept_of
from infra.local import kafka
from infra.settings import Settings
from schemas.topics import CATALOG, EVENTS

PARTITIONS = 2
PLACES = [(topic.name, number) for topic in (EVENTS, CATALOG) for number in range(PARTITIONS)]
SEGMENT_BYTES = 20_000
Log = dict[tuple[str, int], list[Kept]]


def silent(_: int) -> None:
    """Whoever does not want to hear."""


def saved(settings: Settings, directory: Path, with_beside: bool = False) -> Saved:
    """The log in small files."""
    return asyncio.run(save(_asked(settings, directory, with_beside), silent, silent))


def _asked(settings: Settings, directory: Path, with_beside: bool = False) -> Saving:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Saving(settings, directory, now, with_beside, SEGMENT_BYTES)


def restored(settings: Settings, directory: Path, with_beside: bool = False) -> Restored:
    """A backup put back."""
    return asyncio.run(restore(settings, directory, whole_backup(directory, silent), with_beside, silent))


def killed(work: Callable[..., None], *told: Any) -> None:
    """`work(*told)` in a process of its own, which must end by SIGKILL."""
    process = get_context("spawn").Process(target=work, args=told)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def save_and_die(settings: Settings, directory: Path, after: int) -> None:
    """Saves, and is killed once that many records are in a file."""
    asyncio.run(save(_asked(settings, directory), silent, _dying(after)))


def restore_and_die(settings: Settings, directory: Path, after: int) -> None:
    """Restores, and is killed once that many records were acknowledged."""
    asyncio.run(restore(settings, directory, whole_backup(directory, silent), False, _dying(after)))


def _dying(after: int) -> Callable[[int], None]:
    heard = 0

    def hear(records: int) -> None:
        nonlocal heard
        heard += records
        if heard >= after:
            os.kill(os.getpid(), signal.SIGKILL)

    return hear


def drawn(seed: int, count: int) -> Log:
    """Records of every shape the log may hold, offsets not yet known."""
    rng = random.Random(seed)
    found: Log = {place: [] for place in PLACES}
    for number in range(count):
        value = rng.choice(
            (b"", None, rng.randbytes(rng.randrange(300)), b'{"site":"s"}' * rng.randrange(40))
        )
        headers = tuple((f"h{n}", rng.choice((b"", b"\xff", b"v"))) for n in range(rng.choice((0, 0, 0, 2))))
        key = rng.choice((None, b"", b"site", b"site|channel|\xff"))
        place = PLACES[0] if rng.random() < 0.6 else rng.choice(PLACES)
        found[place].append(Kept(-1, 1_700_000_000_000 + 977 * number, key, value, headers))
    found[PLACES[0]].append(Kept(-1, 1, b"large", rng.randbytes(2_000_000), ()))
    return found


async def _append(settings: Settings, log: Log) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, acks="all", max_request_size=4 << 20, max_batch_size=4 << 20
    )
    await producer.start()
    try:
        for (topic, partition), records in log.items():
            batch = producer.create_batch()
            sent = []
            for one in records:
                told = {"key": one.key, "value": one.value, "timestamp": one.timestamp}
                if batch.record_count() == 100 or batch.size() + len(one.value or b"") > 1_000_000:
                    sent.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                assert batch.append(**told, headers=list(one.headers))
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _append_in_a_transaction(settings: Settings, records: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, transactional_id="t")
    await producer.start()
    try:
        async with producer.transaction():
            for value in records:
                await producer.send(PLACES[0][0], value, b"site", partition=PLACES[0][1], timestamp_ms=1)
    finally:
        await producer.stop()


def append_in_a_transaction(settings: Settings, records: list[bytes]) -> None:
    """Appends values to the first partition, after which Kafka itself takes an offset for its mark."""
    asyncio.run(_append_in_a_transaction(settings, records))


def append(settings: Settings, log: Log) -> None:
    """Appends records; returns once all are acknowledged."""
    asyncio.run(_append(settings, log))


async def _log(settings: Settings) -> Log:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=8 << 20
    )
    await consumer.start()
    found: Log = {place: [] for place in PLACES}
    try:
        tps = [TopicPartition(*place) for place in PLACES]
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                for at, records in (await consumer.getmany(timeout_ms=500)).items():
                    found[at.topic, at.partition] += map(kept_of, records)
    finally:
        await consumer.stop()
    return found


def log_of(settings: Settings) -> Log:
    """Everything the log holds: offset, time, key, value and headers of each record."""
    return asyncio.run(_log(settings))


async def _emptied(settings: Settings, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        names = {name for name, _ in PLACES}
        if doomed := names & set(await admin.list_topics()):
            await admin.delete_topics(list(doomed))
        while names & set(await admin.list_topics()):
            await asyncio.sleep(0.05)
        wanted = [one for one in kafka.wanted_topics() if one.name in names]
        while True:
            answer = await admin.create_topics(
                [NewTopic(one.name, partitions, 1, topic_configs=one.config) for one in wanted]
            )
            if not any(code for _, code, *_ in answer.topic_errors):
                return
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


def emptied(settings: Settings, partitions: int = PARTITIONS) -> None:
    """Both topics made anew."""
    asyncio.run(_emptied(settings, partitions))


async def _cut(settings: Settings, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(*PLACES[0]): RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


def cut(settings: Settings, before: int) -> None:
    """Deletes the first records of the first partition."""
    asyncio.run(_cut(settings, before))


def files_of(directory: Path) -> dict[str, tuple[int, int]]:
    """Every file of a backup with what tells whether it was written again."""
    return {
        str(path.relative_to(directory)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file() and path.name != "lock"
    }

"""A backup -> an empty log: every record in its partition and order, with its key, value, headers and time.

Nothing is changed before all is known to be right: every checksum, the number of partitions, that both topics are
empty. A restore that was cut short left a note in the home; then the log may hold the beginning of each partition,
which is compared record by record before the rest follows.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from infra.backup.beside import put_back, refuse_others
from infra.backup.manifest import NAME, SAVED, BackupRefused, File, Manifest, Shelf, write_whole
from infra.backup.saving import Place, partitions_there, reading
from infra.backup.segments import BackupDamaged, Kept, digest_of, kept_of, read_segment
from infra.local.kafka import LARGEST_MESSAGE, make_topics, security, wanted_topics
from infra.settings import Settings
from streams.log import LogReader

BATCH_BYTES: Final = 512 << 10
_BATCHES_IN_FLIGHT: Final = 8
_NOTE: Final = "restore.json"


class Restored(NamedTuple):
    """What was put back: how many records, and of each partition with gaps how many offsets held none."""

    records: int
    moved: dict[Place, int]


def whole_backup(directory: Path, heard: Callable[[int], None]) -> Manifest:
    """A directory -> its manifest, every file of it checked; tells the bytes read; raises BackupDamaged with the name."""
    manifest = Shelf(directory).manifest()
    if manifest is None:
        raise BackupRefused(f"{directory} is no finished backup: it has no {NAME}")
    for one in manifest.files:
        _check_file(directory / one.file, one)
        heard(one.size)
    return manifest


def _check_file(path: Path, told: File) -> None:
    try:
        size, digest = path.stat().st_size, digest_of(path)
    except OSError as failed:
        raise BackupDamaged(f"{path} cannot be read: {failed.strerror}") from None
    if (size, digest) != (told.size, told.sha256):
        raise BackupDamaged(
            f"{path} is damaged: {size} bytes with SHA-256 {digest}, written were {told.size} with {told.sha256}"
        )


async def restore(
    settings: Settings, directory: Path, manifest: Manifest, with_beside: bool, heard: Callable[[int], None]
) -> Restored:
    """A checked backup -> the log of these settings; tells each lot of records as it is acknowledged or found there."""
    if settings.partitions != manifest.partitions:
        raise BackupRefused(
            f"the backup is of a log with {manifest.partitions} partitions, HEADWATER_PARTITIONS says"
            f" {settings.partitions}: set it to {manifest.partitions}"
        )
    if with_beside:
        refuse_others(settings.home, manifest.beside)
    note = settings.home / _NOTE
    begun = _begun(note, manifest)
    there = await partitions_there(settings)
    for name, partitions in there.items():
        if partitions != manifest.partitions:
            raise BackupRefused(
                f"topic {name} has {partitions} partitions, the backup {manifest.partitions}: the number is fixed when"
                " a topic is made. Name a new HEADWATER_HOME"
            )
    places = [(topic.name, number) for topic in SAVED for number in range(manifest.partitions)]
    present: dict[Place, int] = {}
    if there:
        async with reading(settings) as reader:
            present = await _present(reader, [place for place in places if place[0] in there], begun)
            for place, end in present.items():
                await _compare(reader, directory, manifest, place, end, heard)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_whole(note, json.dumps({"backup": manifest.sha256}).encode())
    if with_beside:
        put_back(settings.home, directory, manifest.beside)
    await make_topics(settings, wanted_topics())
    async with _producing(settings) as producer:
        for place in places:
            rest = islice(_records(directory, manifest, place), present.get(place, 0), None)
            await _append(producer, place, present.get(place, 0), rest, heard)
    async with reading(settings) as reader:
        await _check_ends(reader, manifest, places)
    note.unlink()
    return Restored(manifest.records, _moved(manifest, places))


def _begun(note: Path, manifest: Manifest) -> bool:
    with suppress(FileNotFoundError):
        if json.loads(note.read_text(encoding="ascii"))["backup"] == manifest.sha256:
            return True
        raise BackupRefused(
            f"{note} says that the restore of another backup was begun here: finish that, or begin with an empty home"
        )
    return False


async def _present(reader: LogReader, places: list[Place], begun: bool) -> dict[Place, int]:
    """How many records each partition has already; raises BackupRefused where there should be none."""
    present = {}
    for topic, partition in places:
        begin = (await reader.begins(topic, [partition]))[partition]
        end = (await reader.ends(topic, [partition]))[partition]
        if begin or (end and not begun):
            raise BackupRefused(
                f"{topic}, partition {partition} is not empty ({end} offsets were used): a backup is put back onto an"
                " empty machine alone. Name a new HEADWATER_HOME"
            )
        present[topic, partition] = end
    return present


async def _compare(
    reader: LogReader,
    directory: Path,
    manifest: Manifest,
    place: Place,
    end: int,
    heard: Callable[[int], None],
) -> None:
    """Raises BackupRefused unless the partition begins exactly as the backup does."""
    backed = _records(directory, manifest, place)
    async for records in reader.read(*place, 0, end):
        for record in records:
            there, right = kept_of(record), next(backed, None)
            if right is None or there != right._replace(offset=there.offset):
                raise BackupRefused(
                    f"{place[0]}, partition {place[1]}, offset {there.offset} is no record of this backup: something"
                    " else was appended. Begin anew with an empty home"
                )
        heard(len(records))


def _records(directory: Path, manifest: Manifest, place: Place) -> Iterator[Kept]:
    """The records of a partition in order; raises BackupDamaged when a file has others than its manifest says."""
    for segment in manifest.of(*place):
        count, offset = 0, segment.first - 1
        for record in read_segment(directory / segment.file):
            if not offset < record.offset < segment.end:
                raise BackupDamaged(f"{directory / segment.file}: offset {record.offset} is out of place")
            count, offset = count + 1, record.offset
            yield record
        if count != segment.records:
            raise BackupDamaged(
                f"{directory / segment.file} holds {count} records, {segment.records} were written"
            )


@asynccontextmanager
async def _producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        client_id="headwater-restore",
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * LARGEST_MESSAGE,
        request_timeout_ms=60_000,
        **security(settings),
    )
    try:
        await producer.start()
        yield producer
    except KafkaError as failed:
        raise BackupRefused(
            f"Kafka at {settings.bootstrap}: {failed!r}; the same command goes on where it stopped"
        ) from None
    finally:
        await producer.stop()


async def _append(
    producer: AIOKafkaProducer,
    place: Place,
    first: int,
    records: Iterator[Kept],
    heard: Callable[[int], None],
) -> None:
    """Records -> the end of a partition, batch by batch in order; each must come to lie where it belongs."""
    in_flight: deque[tuple[int, int, asyncio.Future[Any]]] = deque()

    async def settle() -> None:
        offset, count, sent = in_flight.popleft()
        lies = (await sent).offset
        if lies not in (offset, -1):  # -1: the broker had it already, from a try whose answer was lost
            raise BackupRefused(
                f"{place[0]}, partition {place[1]}: something else appends to it (offset {offset} was taken). Stop the"
                " collector and begin anew with an empty home"
            )
        heard(count)

    offset = first
    record = next(records, None)
    while record is not None:
        batch = producer.create_batch()
        while record is not None and batch.append(
            key=record.key, value=record.value, timestamp=record.timestamp, headers=list(record.headers)
        ):
            record = next(records, None)
        batch.close()
        count = batch.record_count()
        if not count:
            raise BackupRefused(f"{place[0]}, partition {place[1]}: a record does not fit an empty batch")
        sent = await producer.send_batch(batch, place[0], partition=place[1])
        in_flight.append((offset, count, sent))
        offset += count
        if len(in_flight) == _BATCHES_IN_FLIGHT:
            await settle()
    while in_flight:
        await settle()


async def _check_ends(reader: LogReader, manifest: Manifest, places: list[Place]) -> None:
    for topic, partition in places:
        end = (await reader.ends(topic, [partition]))[partition]
        right = sum(one.records for one in manifest.of(topic, partition))
        if end != right:
            raise BackupRefused(
                f"{topic}, partition {partition} ends at {end}, {right} records were put back: something else appends"
                " to it. Stop the collector and begin anew with an empty home"
            )


def _moved(manifest: Manifest, places: list[Place]) -> dict[Place, int]:
    gaps = {place: sum(one.end - one.first - one.records for one in manifest.of(*place)) for place in places}
    return {place: gap for place, gap in gaps.items() if gap}

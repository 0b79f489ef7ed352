"""The log -> a directory: every record up to end offsets fixed at the start, while others go on appending.

What the directory holds already, of an earlier backup or of one that was cut short, is not written again; the log is
first recognised by the last record that was saved of each partition.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from infra import VERSION
from infra.backup.beside import copy_beside
from infra.backup.manifest import SAVED, BackupRefused, Last, Manifest, Segment, Shelf
from infra.backup.segments import Kept, SegmentWriter, kept_of, mark_of
from infra.local.kafka import security
from infra.settings import Settings
from streams.log import Brokers, LogReader

SEGMENT_BYTES: Final = 64 << 20
_LOT: Final = 256
Place = tuple[str, int]


class Saving(NamedTuple):
    """What is asked: the log of which settings, into which directory, what time it is, and whether with secrets."""

    settings: Settings
    directory: Path
    now: datetime
    with_beside: bool = False
    segment_bytes: int = SEGMENT_BYTES


class Saved(NamedTuple):
    """The backup as it now is, and how much of it is new."""

    manifest: Manifest
    new_records: int


async def save(asked: Saving, begun: Callable[[int], None], heard: Callable[[int], None]) -> Saved:
    """Everything the log holds now -> a whole backup; tells how many records there are to write, then each lot."""
    shelf = Shelf(asked.directory)
    with shelf.alone():
        before = shelf.manifest()
        there = await partitions_there(asked.settings)
        numbers = {there.get(topic.name, 0) for topic in SAVED}
        if len(numbers) > 1 or not (partitions := numbers.pop()):
            raise BackupRefused(f"the log is not whole: the topics and their partitions are {there}")
        if before is not None and before.partitions != partitions:
            raise BackupRefused(
                f"{asked.directory} is of a log with {before.partitions} partitions, this one has {partitions}"
            )
        async with reading(asked.settings) as reader:
            held = _held(before, shelf)
            ends = await _ends(reader, partitions)
            await _recognise(reader, held, ends)
            named = {one.file for one in before.segments} if before else set()
            shelf.begin_journal([one for some in held.values() for one in some if one.file not in named])
            begun(sum(end - _end(held, place) for place, end in ends.items()))
            for place, end in ends.items():
                async for segment in _segments(reader, asked, place, _end(held, place), end, heard):
                    shelf.note(segment)
                    held.setdefault(place, []).append(segment)
        segments = [one for place in ends for one in held.get(place, [])]
        beside = before.beside if before else []
        if asked.with_beside:
            beside = copy_beside(asked.settings.home, asked.directory)
        records = sum(one.records for one in segments)
        manifest = Manifest(
            made_at=asked.now.isoformat(),
            code_version=VERSION,
            partitions=partitions,
            records=records,
            segments=segments,
            beside=beside,
        ).sealed()
        shelf.publish(manifest)
        return Saved(manifest, records - (before.records if before else 0))


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[LogReader]:
    """A reader of the log for the length of the block; the client's errors come out as BackupRefused."""
    reader = LogReader(Brokers(settings.bootstrap, security(settings)))
    try:
        await reader.start()
        yield reader
    except OffsetOutOfRangeError as cut:
        raise BackupRefused(f"the log was cut while it was read: {cut}") from None
    except KafkaError as failed:
        raise BackupRefused(f"Kafka at {settings.bootstrap}: {failed!r}") from None
    finally:
        await reader.stop()


async def partitions_there(settings: Settings) -> dict[str, int]:
    """The topics of the log that are there -> how many partitions each has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap, **security(settings))
    try:
        await admin.start()
        names = {topic.name for topic in SAVED} & set(await admin.list_topics())
        described = await admin.describe_topics(sorted(names)) if names else []
    except KafkaError as failed:
        raise BackupRefused(
            f"Kafka at {settings.bootstrap} does not answer ({failed!r}): `headwater status`"
        ) from None
    finally:
        await admin.close()
    return {one["topic"]: len(one["partitions"]) for one in described}


async def first_record(reader: LogReader, place: Place, offset: int) -> Kept | None:
    """The record at an offset; None when none lies there."""
    async for records in reader.read(*place, offset, offset + 1):
        return kept_of(records[0])
    return None


def _held(before: Manifest | None, shelf: Shelf) -> dict[Place, list[Segment]]:
    held: dict[Place, list[Segment]] = {}
    for segment in before.segments if before else []:
        held.setdefault((segment.topic, segment.partition), []).append(segment)
    for segment in shelf.journal():
        mine = held.setdefault((segment.topic, segment.partition), [])
        if segment.first == (mine[-1].end if mine else 0):
            mine.append(segment)
    return held


def _end(held: Mapping[Place, list[Segment]], place: Place) -> int:
    return held[place][-1].end if held.get(place) else 0


async def _ends(reader: LogReader, partitions: int) -> dict[Place, int]:
    return {
        (topic.name, partition): end
        for topic in SAVED
        for partition, end in sorted((await reader.ends(topic.name, range(partitions))).items())
    }


async def _recognise(
    reader: LogReader, held: Mapping[Place, list[Segment]], ends: Mapping[Place, int]
) -> None:
    """Raises BackupRefused unless the log goes on from what is held: not cut before it, not another log."""
    for (topic, partition), end in ends.items():
        place = (topic, partition)
        begin = (await reader.begins(topic, [partition]))[partition]
        if begin > _end(held, place):
            raise BackupRefused(
                f"{topic}, partition {partition} begins at offset {begin}: what lay before was deleted and is in no"
                " backup here. A copy of Kafka's own files keeps what is left"
            )
        last = next((one.last for one in reversed(held.get(place, [])) if one.last), None)
        if last is None:
            continue
        found = None
        if begin <= last.offset < end:
            found = await first_record(reader, place, last.offset)
        if found is None or mark_of(found) != last.mark:
            raise BackupRefused(
                f"{topic}, partition {partition} is not the log of this backup: at offset {last.offset} lies not what"
                " was saved. The topic was cut or made anew; back it up into another directory"
            )


async def _segments(
    reader: LogReader, asked: Saving, place: Place, first: int, end: int, heard: Callable[[int], None]
) -> AsyncIterator[Segment]:
    """Offsets [first, end) of a partition -> finished segments."""
    if first == end:
        return
    topic, partition = place
    last: Kept | None = None
    writer, file = _open(asked, place, first)
    try:
        async for records in reader.read(topic, partition, first, end):
            for kept in _lots(records):
                writer.write(kept)
                last = kept[-1]
                heard(len(kept))
                if writer.size >= asked.segment_bytes and last.offset + 1 < end:
                    yield _finished(writer, place, file, first, last.offset + 1, last)
                    first, last = last.offset + 1, None
                    writer, file = _open(asked, place, first)
        yield _finished(writer, place, file, first, end, last)
    except BaseException:
        writer.abandon()
        raise


def _lots(records: list[Any]) -> Iterator[list[Kept]]:
    for start in range(0, len(records), _LOT):
        yield [kept_of(record) for record in records[start : start + _LOT]]


def _open(asked: Saving, place: Place, first: int) -> tuple[SegmentWriter, str]:
    file = f"log/{place[0]}/{place[1]}/{first:020d}.zst"
    return SegmentWriter(asked.directory / file), file


def _finished(
    writer: SegmentWriter, place: Place, file: str, first: int, end: int, last: Kept | None
) -> Segment:
    written = writer.finish()
    return Segment(
        topic=place[0],
        partition=place[1],
        file=file,
        first=first,
        end=end,
        records=written.records,
        last=Last(offset=last.offset, mark=mark_of(last)) if last else None,
        size=written.size,
        sha256=written.sha256,
    )

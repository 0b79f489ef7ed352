"""`headwater dead-letters`: what could not be used, why, and putting it back into the log after a fix."""

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import click

from infra.commands.collector import producer_settings
from infra.commands.scoreboard import csv_line, printable, width_of
from infra.local import stack
from infra.settings import Settings, load_settings
from schemas.reading import Reason
from schemas.topics import CATALOG, DEAD_LETTERS, EVENTS
from streams.collectors.producer import NotAcknowledged, Record, appending
from streams.log import Brokers, LogReader
from streams.sealing import Sealer, Unsealable
from streams.secret_files import BadSecret

# Shown without --raw; every other value of a payload may hold a person.
OPEN_FIELDS: Final = frozenset(
    (
        *(
            "event_id",
            "type",
            "v",
            "site",
            "branch",
            "occurred_at",
            "received_at",
            "kind",
            "id",
            "defined_at",
        ),
        *("stage", "outcome", "action", "medium", "channel", "campaign", "currency", "funding", "amount"),
        *("period_start", "period_end"),
    )
)
_HARMLESS: Final = re.compile(r"[A-Za-z0-9_.:+/-]{1,128}")
_READ: Final = """
SELECT
    topic, partition, offset, site, event_id, reason, field, detail,
    formatDateTime(failed_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS failed_at, requeued
FROM headwater.dead_letters
WHERE ({reason:String} = '' OR reason = {reason:String}) AND ({site:String} = '' OR site = {site:String})
    AND (empty({places:Array(String)}) OR has({places:Array(String)}, concat(topic, ':', toString(partition), ':',
        toString(offset))))
ORDER BY failed_at DESC, topic, partition, offset
LIMIT {most:UInt32}
"""
# `offset + 1` stands above the worker's own version of the row, which is the offset, however often it is written.
_MARK: Final = """
INSERT INTO headwater.dead_letter_rows
    (topic, partition, offset, site, event_id, reason, field, detail, failed_at, requeued, version, deleted)
SELECT topic, partition, offset, site, event_id, reason, field, detail, failed_at, 1, offset + 1, 0
FROM headwater.dead_letter_rows FINAL
WHERE has({places:Array(String)}, concat(topic, ':', toString(partition), ':', toString(offset)))
"""
_MOST: Final = 100_000


class Letter(NamedTuple):
    """One dead letter as the view shows it."""

    topic: str
    partition: int
    offset: int
    site: str
    event_id: str
    reason: str
    field: str
    detail: str
    failed_at: str
    requeued: int

    @property
    def place(self) -> str:
        """topic:partition:offset of the record that could not be used."""
        return f"{self.topic}:{self.partition}:{self.offset}"


class Original(NamedTuple):
    """The record as it was; `trouble` says why its bytes are not to be had."""

    key: bytes
    value: bytes
    trouble: str = ""


class Place(click.ParamType):
    """topic:partition:offset."""

    name = "topic:partition:offset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Text -> the same text, if it names a place in the log."""
        topic, _, rest = str(value).partition(":")
        numbers = rest.split(":")
        if (
            topic not in (EVENTS.name, CATALOG.name)
            or len(numbers) != 2
            or not all(map(str.isdecimal, numbers))
        ):
            right = f"{EVENTS.name}:3:1207"
            self.fail(f"{value!r} is no place in the log; right would be like {right}", param, ctx)
        return f"{topic}:{int(numbers[0])}:{int(numbers[1])}"


@click.group("dead-letters")
def dead_letters() -> None:
    """Show events that could not be used, and put them back after a fix."""


@dead_letters.command()
@click.option("--reason", type=click.Choice([str(reason) for reason in Reason]), help="Only of this reason.")
@click.option("--site", default="", help="Only of this site.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=100, show_default=True, help="The newest ones."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.option("--payload", is_flag=True, help="Open the sealed bytes, what may name a person masked.")
@click.option("--raw", is_flag=True, help="With --payload: mask nothing.")
def show(reason: str | None, site: str, limit: int, form: str, payload: bool, raw: bool) -> None:
    """Show the newest dead letters: where they lay, why they failed, what was found."""
    if raw and not payload:
        raise click.UsageError("--raw goes with --payload")
    settings = load_settings()
    with _plain_words():
        letters = read_letters(settings, reason=reason or "", site=site, most=limit)
        originals = asyncio.run(read_originals(settings, letters)) if payload else {}
    shown = [
        {**letter._asdict(), **({"payload": _told(originals[letter.place], raw)} if payload else {})}
        for letter in letters
    ]
    if form == "json":
        click.echo("[" + ",\n ".join(json.dumps(one, ensure_ascii=False) for one in shown) + "]")
    elif form == "csv":
        names = [*Letter._fields, *(["payload"] if payload else [])]
        click.echo("\n".join([csv_line(names), *(csv_line(one.values()) for one in shown)]))
    else:
        _print_table(
            letters, {letter.place: one.get("payload") for letter, one in zip(letters, shown, strict=True)}
        )


@dead_letters.command()
@click.option("--reason", type=click.Choice([str(reason) for reason in Reason]), help="All of this reason.")
@click.option("--offset", "places", type=Place(), multiple=True, help="This one; several may be given.")
@click.option("--site", default="", help="Only of this site.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def requeue(reason: str | None, places: tuple[str, ...], site: str, yes: bool) -> None:
    """Put dead letters back into the log they came from, byte for byte; what was put back stays put back."""
    if not reason and not places:
        raise click.UsageError("say which: --reason REASON or --offset topic:partition:offset")
    settings = load_settings()
    with _plain_words():
        found = read_letters(settings, reason=reason or "", site=site, places=places)
    if not found:
        raise click.ClickException(
            "no dead letter is meant by this; `headwater dead-letters show` lists them"
        )
    letters = [letter for letter in found if not letter.requeued]
    already = len(found) - len(letters)
    if letters and not yes:
        _print_table(letters, {}, err=True)
        click.confirm(f"Put {len(letters)} back into the log?", abort=True, err=True)
    with _plain_words():
        lost = asyncio.run(put_back(settings, letters)) if letters else {}
    for place, trouble in lost.items():
        click.echo(f"{place}: {trouble}", err=True)
    told = f"{len(letters) - len(lost)} put back, {already} were before"
    click.echo(f"{told}, {len(lost)} not to be had" if lost else told, err=True)
    if lost:
        sys.exit(1)


def read_letters(
    settings: Settings, *, reason: str = "", site: str = "", places: Sequence[str] = (), most: int = _MOST
) -> list[Letter]:
    """What is asked for -> the dead letters ClickHouse knows, newest first; empty means any."""
    client = stack.reader(settings)
    try:
        asked = {"reason": reason, "site": site, "places": list(places), "most": most}
        return [Letter(*row) for row in client.query(_READ, parameters=asked).result_rows]
    finally:
        client.close()


async def read_originals(settings: Settings, letters: Sequence[Letter]) -> dict[str, Original]:
    """Dead letters -> the records as they were, by place, opened with the keys of this home."""
    gone = Original(b"", b"", f"gone from {DEAD_LETTERS.name}: letters are kept 30 days")
    found = {letter.place: gone for letter in letters}
    sealer = Sealer(settings.home)
    reader = LogReader(Brokers(settings.bootstrap, producer_settings(settings).security))
    await reader.start()
    try:
        numbers = range(settings.partitions)
        begins = await reader.begins(DEAD_LETTERS.name, numbers)
        ends = await reader.ends(DEAD_LETTERS.name, numbers)
        for number in numbers:
            async for records in reader.read(DEAD_LETTERS.name, number, begins[number], ends[number]):
                for record in records:
                    said = json.loads(record.value or b"{}")
                    place = f"{said.get('topic')}:{said.get('partition')}:{said.get('offset')}"
                    if place in found and "sealed" in said:
                        found[place] = _opened(sealer, said)
    finally:
        await reader.stop()
    return found


async def put_back(settings: Settings, letters: Sequence[Letter]) -> dict[str, str]:
    """Dead letters -> appended again where they came from and marked so; place -> why not, for those not to be had.

    Marked after the log has them: cut off in between, the next call appends them again, which their event_id absorbs.
    """
    originals = await read_originals(settings, letters)
    lost = {place: original.trouble for place, original in originals.items() if original.trouble}
    usable = [letter for letter in reversed(letters) if letter.place not in lost]
    if usable:
        async with appending(producer_settings(settings)) as producer:
            await producer.append(
                [
                    Record(letter.topic, originals[letter.place].key, originals[letter.place].value)
                    for letter in usable
                ]
            )
        client = stack.writer(settings)
        try:
            client.command(_MARK, parameters={"places": [letter.place for letter in usable]})
        finally:
            client.close()
    return lost


def _opened(sealer: Sealer, said: Mapping[str, Any]) -> Original:
    try:
        return Original(sealer.open_sealed(said["key"]), sealer.open_sealed(said["sealed"]))
    except Unsealable as sealed:
        return Original(b"", b"", str(sealed))


def _told(original: Original, raw: bool) -> str:
    """A record's bytes as text; without `raw` only what can name nobody."""
    if original.trouble:
        return f"({original.trouble})"
    if raw:
        return original.value.decode("utf-8", "backslashreplace")
    try:
        body = json.loads(original.value)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        digest = hashlib.sha256(original.value).hexdigest()[:16]
        return f"({len(original.value)} bytes that are no JSON object, SHA-256 {digest}…)"
    return json.dumps(
        {name if _HARMLESS.fullmatch(name) else "***": _masked(name, value) for name, value in body.items()}
    )


def _masked(name: str, value: Any) -> Any:
    """A value that can name nobody, or stars: a free text is none, whatever field it was put into."""
    harmless = isinstance(value, int) or (isinstance(value, str) and _HARMLESS.fullmatch(value))
    return value if name in OPEN_FIELDS and harmless else "***"


def _print_table(letters: Sequence[Letter], payloads: Mapping[str, str | None], *, err: bool = False) -> None:
    headings = ("Failed at", "Place", "Site", "Event", "Reason", "Field", "Found", "Requeued")
    rows = [
        (
            letter.failed_at, letter.place, letter.site, letter.event_id, letter.reason, letter.field, letter.detail,
            "yes" if letter.requeued else "",
        )
        for letter in letters
    ]  # fmt: skip
    cells = [headings, *(tuple(map(printable, row)) for row in rows)]
    widths = [max(width_of(row[number]) for row in cells) for number in range(len(headings))]
    for number, row in enumerate(cells):
        line = "  ".join(
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        )
        click.echo(line.rstrip(), err=err)
        payload = payloads.get(letters[number - 1].place) if number else None
        if payload is not None:
            click.echo(f"    {printable(payload)}", err=err)


@contextmanager
def _plain_words() -> Iterator[None]:
    """What can go wrong outside, in a sentence and with exit code 1."""
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as failed:
        raise click.ClickException(f"ClickHouse: {failed}; `headwater status` shows what runs") from None
    except (KafkaError, NotAcknowledged) as failed:
        words = f"Kafka: {failed or type(failed).__name__}; `headwater status` shows what runs."
        raise click.ClickException(f"{words} Calling again is harmless") from None
    except (BadSecret, ValueError) as failed:
        raise click.ClickException(str(failed)) from None


COMMANDS = {"dead-letters": dead_letters}

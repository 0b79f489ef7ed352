"""headwater backup, headwater restore."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
from tqdm import tqdm

from infra.backup.manifest import BackupRefused, Manifest
from infra.backup.restoring import Restored, restore, whole_backup
from infra.backup.saving import SEGMENT_BYTES, Saving, save
from infra.backup.segments import BackupDamaged
from infra.local import stack
from infra.local.kafka import KafkaRefused
from infra.settings import load_settings

PROGRESS_EVERY_SECONDS = 10.0
_FAILED = (BackupRefused, BackupDamaged, KafkaRefused, stack.StackRefused, OSError)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option(
    "--with-secrets", is_flag=True, help="Also the keys and the importers' memory, readable by you alone."
)
@click.option(
    "--segment-megabytes",
    type=click.IntRange(1, 1024),
    default=SEGMENT_BYTES >> 20,
    show_default=True,
    help="Size of a file before compression: what an interrupted backup has to write again.",
)
def backup(directory: Path, with_secrets: bool, segment_megabytes: int) -> None:
    """Copy the log to DIR, what is new of it when DIR is a backup already; events may go on coming in.

    The manifest is written last: without it there is no backup yet. An interrupted backup goes on when called
    again. The SHA-256 of the whole is printed.
    """
    settings = load_settings()
    asked = Saving(settings, directory.resolve(), datetime.now(UTC), with_secrets, segment_megabytes << 20)
    with _told("backup"), _progress("backup", "records") as bar:
        saved = asyncio.run(save(asked, bar.begin, bar.heard))
    kept = saved.manifest
    _say(f"{saved.new_records:,} new of {kept.records:,} records of the log are in {asked.directory}")
    if kept.beside:
        _say("the keys are in it too: whoever has this directory can join phones and e-mails; keep it locked")
    else:
        _say(
            f"NOT in it: {settings.secrets} (without its keys new events do not meet the old ones) and"
            f" {settings.home / 'imports'}; keep them apart from it, or add --with-secrets"
        )
    click.echo(kept.sha256)


@click.command("restore")
@click.argument("directory", metavar="DIR", type=_DIRECTORY)
@click.option("--with-secrets", is_flag=True, help="Also put the backup's keys into the home.")
@click.option("--check", is_flag=True, help="Only read every file and compare its checksum.")
def restore_log(directory: Path, with_secrets: bool, check: bool) -> None:
    """Put a backup back onto an empty machine: every record where it lay.

    Refused, with nothing changed, when the log is not empty, has another number of partitions, or a file is damaged.
    An interrupted restore goes on when called again. Where no local Kafka runs, one is started for as long as it takes.
    """
    settings = load_settings()
    directory = directory.resolve()
    with _told("restore"):
        with _progress("check", "B") as bar:
            bar.begin(_size_of(directory))
            manifest = whole_backup(directory, bar.heard)
        if check:
            _say(f"every file is whole: {manifest.records:,} records, made at {manifest.made_at}")
            click.echo(manifest.sha256)
            return
        if with_secrets and not manifest.beside:
            raise BackupRefused(f"{directory} was made without --with-secrets: there are no keys in it")
        with (
            stack.kafka_alone(settings, _say) if settings.local_kafka else nullcontext(),
            _progress("restore", "records") as bar,
        ):
            bar.begin(manifest.records)
            restored = asyncio.run(restore(settings, directory, manifest, with_secrets, bar.heard))
    _tell(restored, manifest, with_secrets)


def _tell(restored: Restored, manifest: Manifest, with_secrets: bool) -> None:
    _say(f"{restored.records:,} records are back; `headwater up` writes ClickHouse from them")
    for (topic, partition), gap in restored.moved.items():
        _say(
            f"{topic}, partition {partition}: {gap} offsets held no record (marks of transactions, or deleted), so what"
            " came after them lies that much earlier now"
        )
    if not with_secrets:
        _say("the keys are not: put HOME/secrets and HOME/imports back before the first `headwater up`")
    click.echo(manifest.sha256)


class _Bar:
    """How far it is: a bar on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, name: str, unit: str) -> None:
        self._name = name
        self._bar = tqdm(
            total=0,
            unit=unit if unit == "B" else f" {unit}",
            unit_scale=True,
            desc=name,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
        )
        self._done = self._total = 0
        self._told_at = time.monotonic()

    def begin(self, total: int) -> None:
        """How much there is."""
        self._total = total
        self._bar.reset(total=total)

    def heard(self, done: int) -> None:
        """That much more is done."""
        self._done += done
        self._bar.update(done)
        if self._bar.disable and time.monotonic() - self._told_at >= PROGRESS_EVERY_SECONDS:
            self._told_at = time.monotonic()
            _say(
                f"{self._name}: {self._done:,} of {self._total:,} ({100 * self._done // max(self._total, 1)}%)"
            )

    def close(self) -> None:
        """Leaves the terminal as it was."""
        self._bar.close()


@contextmanager
def _progress(name: str, unit: str) -> Iterator[_Bar]:
    bar = _Bar(name, unit)
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def _told(command: str) -> Iterator[None]:
    """Failures as words and exit 1, an interruption as 130; SIGTERM interrupts like Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what failed is told below
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        _say(f"headwater {command}: interrupted; the same command goes on where it stopped")
        sys.exit(130)
    except _FAILED as failed:
        _say(f"headwater {command}: {failed}")
        sys.exit(1)


def _size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _say(words: str) -> None:
    tqdm.write(words, file=sys.stderr)


COMMANDS = {"backup": backup, "restore": restore_log}

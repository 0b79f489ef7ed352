"""`headwater replay`: the log credited again, under other settings, as a run beside live."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Self

import click
import orjson
from tqdm import tqdm

from infra.settings import Settings, load_settings

LINE_SECONDS: Final = 5.0
LARGEST_FILE: Final = 4 * 1024 * 1024
_UNDATED: Final = "1971-01-01T00:00:00Z"  # where a file does not say when: the same file is the same settings


class Day(click.ParamType):
    """A local day."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """`2026-03-01`."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-03-01", param, ctx)


class Listed(click.ParamType):
    """Values with commas between them."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """`a,b`."""
        return sorted({one.strip() for one in value.split(",") if one.strip()})


class Shares(click.ParamType):
    """First, middle and last shares of position."""

    name = "first,middle,last"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        """`40,20,40`."""
        try:
            first, middle, last = map(float, value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not three numbers such as 40,20,40", param, ctx)
        return first, middle, last


class StageDays(click.ParamType):
    """A window of one stage."""

    name = "stage=days"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """`registration=30`."""
        stage, _, days = value.partition("=")
        if not stage or not days.isdecimal():
            self.fail(f"{value!r} is not a stage and days such as registration=30", param, ctx)
        return stage, int(days)


@click.command()
@click.option("--run", "name", required=True, help="Name of the run; live: build live anew and swap it in.")
@click.option("--settings-of", metavar="RUN", help="Begin from the settings of this run (live: none).")
@click.option("--offsets-of", metavar="RUN", help="Read the log up to where this run did, not to its end.")
@click.option("--window", "window_days", type=int, metavar="DAYS", help="Lookback window, 1 to 365 days.")
@click.option(
    "--window-of", "windows", type=StageDays(), multiple=True, help="Window of one stage; repeatable."
)
@click.option("--half-life", "half_life_days", type=float, metavar="DAYS", help="Half-life of time_decay.")
@click.option("--position", type=Shares(), help="Shares of position, such as 40,20,40.")
@click.option(
    "--direct", type=click.Choice(["drop", "keep"]), help="Whether direct is credited beside others."
)
@click.option(
    "--told", type=click.Choice(["fill", "ignore", "count"]), help="How what customers told counts."
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML of channel entries: newer than the log's.",
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML of a whole catalog in place of the log's.",
)
@click.option("--sites", type=Listed(), metavar="A,B", help="Only these sites.")
@click.option("--since", type=Day(), help="Only events from this local day on.")
@click.option("--until", type=Day(), help="Only events up to this local day, included.")
@click.option(
    "--models",
    type=Listed(),
    metavar="A,B",
    help="first, last, linear, time_decay, position, markov, markov_2, shapley; the first five unless said.",
)
@click.option(
    "--processes", type=click.IntRange(1, 256), help="How many at once; the CPUs there are unless said."
)
def replay(
    name: str, settings_of: str | None, offsets_of: str | None, processes: int | None, **given: Any
) -> None:
    """Credit the whole log again under other settings, as run NAME beside live.

    Interrupted, the same command goes on where it stopped.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

    from infra import replays
    from streams.replay.settings import RunSettings, SettingsRefused, changed

    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what failed is told below
    settings = load_settings()
    given["windows"] = dict(given["windows"]) or None
    for option in ("rules", "catalog"):
        if given[option] is not None:
            given[option] = _entries_of(settings, given[option])
    shown = _Bar(name) if sys.stderr.isatty() else _Lines(name)
    try:
        base = RunSettings()
        if settings_of is not None:
            from infra.local import stack

            with closing(stack.writer(settings)) as client:
                base = replays.settings_of(client, settings_of)
        asked = changed(base, **given)
        with shown, _stopped_by_signals() as stopping:
            run = replays.replay(
                settings, name, asked, processes or _cpus(), shown.tell, stopping, offsets_of
            )
    except SettingsRefused as refused:
        raise click.UsageError(str(refused)) from None
    except replays.Interrupted:
        raise click.ClickException(
            f"{name} was interrupted; the same command goes on where it stopped"
        ) from None
    except (replays.ReplayRefused, replays.ReplayFailed) as why:
        raise click.ClickException(str(why)) from None
    except (OperationalError, OSError) as failed:
        raise click.ClickException(
            f"ClickHouse at {settings.clickhouse} does not answer ({type(failed).__name__}): `headwater status`;"
            " the same command goes on"
        ) from None
    except ClickHouseError as failed:
        first_line = str(failed).strip().partition("\n")[0][:500]
        raise click.ClickException(f"ClickHouse at {settings.clickhouse} says: {first_line}") from None
    rate = f", {run.event_count / run.seconds:,.0f} a second" if run.seconds else ""
    click.echo(f"{name}: {run.event_count:,} events in {run.seconds:.1f} s{rate}", err=True)
    click.echo(f"{name} {run.digest}")


def _cpus() -> int:
    return len(os.sched_getaffinity(0))


@contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM has come meanwhile."""
    came: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in signals}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _entries_of(settings: Settings, file: Path) -> list[dict[str, Any]]:
    """The entries of a YAML file as the log would hold them."""
    from infra.commands.define import BadYaml, read_entries
    from schemas.event import to_json
    from streams.collectors.entries import EntriesRefused, admit_entries
    from streams.collectors.privacy import Pseudonyms
    from streams.secret_files import BadSecret

    try:
        bodies = [
            {"defined_at": _UNDATED, **body} if isinstance(body, dict) else body
            for body in read_entries(file.read_bytes())
        ]
        entries = admit_entries(bodies, Pseudonyms(settings.home), now=datetime.now(UTC))
    except OSError as failed:
        raise click.UsageError(f"{file}: {failed.strerror}") from None
    except (BadYaml, BadSecret) as error:
        raise click.UsageError(f"{file}: {error}") from None
    except EntriesRefused as refused:
        for name, problem in refused.problems:
            click.echo(f"{name}: {problem}", err=True)
        raise click.UsageError(f"{file}: {refused}") from None
    return [orjson.loads(to_json(entry)) for entry in entries]


class _Bar:
    """How far it is, on a terminal: a bar with the time left."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def tell(self, read: int, total: int) -> None:
        """So many records are read, of so many."""
        if self._bar is None:
            self._bar = tqdm(
                total=total, initial=read, unit=" events", unit_scale=True, desc=self._name, file=sys.stderr
            )
        self._bar.update(read - self._bar.n)


class _Lines:
    """How far it is, in a log: a line every few seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began: tuple[float, int] | None = None
        self._told = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def tell(self, read: int, total: int) -> None:
        """So many records are read, of so many."""
        now = time.monotonic()
        if self._began is None:
            self._began = (now, read)
            self._told = now
        if now - self._told < LINE_SECONDS:
            return
        self._told = now
        began, before = self._began
        left = (now - began) * (total - read) / (read - before) if read > before else None
        time_left = f", about {left:.0f} s left" if left is not None else ""
        click.echo(
            f"{self._name}: {read:,} of {total:,} events ({read * 100 // max(total, 1)}%){time_left}",
            err=True,
        )


COMMANDS = {"replay": replay}

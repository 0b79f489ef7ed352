"""headwater demo."""

import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Literal

import click

from infra.settings import Settings, load_settings


@click.command()
@click.option("--exit", "stop", is_flag=True, help="Stop everything at the end.")
@click.option("--language", type=click.Choice(["ko", "en"]), help="Of the screen. Default: by LANG.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, other people."
)
@click.option(
    "--events", type=click.IntRange(min=1, max=2_000_000), default=100_000, show_default=True,
    help="About how many in all; the people alone make some 4,000.",
)  # fmt: skip
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the raw files. Default: the home.",
)
def demo(stop: bool, language: Literal["ko", "en"] | None, seed: int, events: int, keep: Path | None) -> None:
    """A quarter of a therapy centre, from raw files to the scoreboard, with the truth beside it."""
    from infra.commands.scoreboard import language_of
    from infra.demo.running import Asking, DemoFailed
    from infra.demo.running import demo as run_demo
    from infra.demo.screen import WORDS, look_further
    from infra.demo.truth import harvested
    from infra.local import stack
    from infra.local.kafka import KafkaRefused

    settings = load_settings()
    spoken = language or language_of(os.environ)
    directory = (keep or settings.home / "demo").resolve()
    asking = Asking(seed, events, spoken, directory)
    words, command = WORDS[spoken], _command(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        quarter, shown = run_demo(asking, settings, _say)
        click.echo(shown)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as failed:
        if _interrupted(failed):
            _say(words["interrupted"].format(down=f"{command} down"))
            sys.exit(130)
        if not isinstance(failed, (DemoFailed, stack.StackRefused, KafkaRefused, OSError)):
            raise
        _say(f"headwater demo: {failed}")
        sys.exit(1)
    finally:
        if stop:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stack.down(settings, _say)
    if stop:
        _say(words["stopped"].format(home=settings.home))
        return
    _say("")
    _say(look_further(command, str(directory), harvested(quarter), spoken))
    _say(words["stays"].format(down=f"{command} down"))


def _say(words: str) -> None:
    click.echo(words, err=True)


def _interrupted(failed: BaseException | None) -> bool:
    """Whether an interruption stands behind a failure: a library may have turned it into an error of its own."""
    while failed is not None and not isinstance(failed, KeyboardInterrupt):
        failed = failed.__cause__ or failed.__context__
    return failed is not None


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)  # asyncio, too, knows how to be interrupted by that


def _command(settings: Settings) -> str:
    """How the user calls headwater again on this same stack."""
    told = [name for name in sorted(os.environ) if name.startswith("HEADWATER_") and os.environ[name]]
    shown = [f"{name}={shlex.quote(os.environ[name])}" for name in told if not name.endswith("PASSWORD")]
    return " ".join([*shown, sys.argv[0] if sys.argv[0].endswith("headwater") else "headwater"])


COMMANDS = {"demo": demo}

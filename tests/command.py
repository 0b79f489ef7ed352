"""The `headwater` command as a user calls it."""

import os
import subprocess
import sys
from pathlib import Path

from infra.settings import Settings, as_environment

ROOT = Path(__file__).resolve().parents[1]


def headwater(
    settings: Settings, *arguments: object, seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """The command, once it ended."""
    return subprocess.run(
        _command(*arguments),
        env=_environment(settings),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def begun(settings: Settings, *arguments: object) -> "subprocess.Popen[str]":
    """The command, under way."""
    return subprocess.Popen(
        _command(*arguments),
        env=_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "infra.cli", *map(str, arguments)]


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **as_environment(settings), "PYTHONPATH": str(ROOT)}

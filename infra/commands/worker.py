"""headwater worker."""

import os
import sys

import click

from infra.local.stack import outward_environment
from infra.settings import load_settings


@click.command()
def worker() -> None:
    """Run one worker in the foreground until it is interrupted; several share the partitions."""
    environment = {**os.environ, **outward_environment(load_settings())}
    os.execve(sys.executable, [sys.executable, "-m", "streams.worker"], environment)


COMMANDS = {"worker": worker}

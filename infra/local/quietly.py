"""How a part of the stack that only watches runs: at low priority, its words in its log, until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import psutil


def until_told(work: Callable[[], Coroutine[Any, Any, None]], niceness: int) -> None:
    """Work that does not end by itself -> it runs until SIGTERM or SIGINT, giving way to everything else."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    os.nice(niceness)
    with contextlib.suppress(AttributeError, OSError, psutil.Error):
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_cancelled_by_signals(work))


async def _cancelled_by_signals(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await work()

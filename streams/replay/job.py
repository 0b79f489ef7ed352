"""Units worked out by several processes: each reads its part of the log, folds it, writes its rows, and takes the next.

The processes live as long as the one that started them: they end with it, however it ends. What they need is loaded
once, in the server that they are forked from, and never here.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from streams.replay.pipe import Failed, Reach, Read
from streams.replay.units import Order, Unit

LOOK_SECONDS: Final = 0.2
STOP_SECONDS: Final = 5.0


class Interrupted(Exception):
    """It was asked to stop; what is in is in."""


class UnitFailed(Exception):
    """A unit could not be worked out; the message says why."""


def run_units(
    order: Order,
    units: Iterable[Unit],
    reach: Reach,
    processes: int,
    finished: Callable[[Unit, int], None],
    tell: Callable[[int], None],
    stop: Callable[[], bool],
) -> None:
    """Work units out, the first ones first; `finished` hears of each with its applied events, `tell` of records read.

    Raises Interrupted soon after `stop` is true, UnitFailed when one cannot be worked out; no process is left then.
    """
    waiting = deque(units)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["streams.replay.process"])
    working: dict[Connection, Any] = {}
    try:
        for _ in range(min(processes, len(waiting))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, order, reach), daemon=True)
            try:
                process.start()
            except (EOFError, OSError) as trouble:
                raise UnitFailed(f"no process of this replay could be started ({trouble!r})") from None
            theirs.close()
            working[ours] = process
            ours.send(waiting.popleft())
        while working:
            if stop():
                raise Interrupted
            for pipe in wait(list(working), LOOK_SECONDS):
                assert isinstance(pipe, Connection)
                try:
                    said = pipe.recv()
                except (EOFError, OSError):
                    raise UnitFailed(_how_it_ended(working[pipe])) from None
                if isinstance(said, Read):
                    tell(said.records)
                elif isinstance(said, Failed):
                    raise UnitFailed(said.why)
                else:
                    finished(*said)
                    if waiting:
                        pipe.send(waiting.popleft())
                    else:
                        pipe.send(None)
                        _end(pipe, working.pop(pipe))
    finally:
        for process in working.values():
            process.kill()
        for process in working.values():
            process.join()


def _end(pipe: Connection, process: Any) -> None:
    """See a process off that has nothing more to do."""
    process.join(STOP_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    pipe.close()


def _how_it_ended(process: Any) -> str:
    process.join(STOP_SECONDS)
    code = process.exitcode
    if code is not None and code < 0:
        why = f"was ended by {signal.Signals(-code).name}"
        more = "; was there too little memory?" if code == -signal.SIGKILL else ""
        return f"a process of this replay {why}{more}"
    return f"a process of this replay ended with exit code {code}"


def _work(pipe: Connection, order: Order, reach: Reach) -> None:
    """What a process begins with."""
    from streams.replay.process import work

    work(pipe, order, reach)

"""Watches the parts of one home and starts again what ended, waiting longer after each failure."""

import json
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local import processes
from infra.local.stack import Part, parts, start_part
from infra.settings import Settings, load_settings

LOOK_SECONDS = 0.5
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
STEADY_SECONDS = 60.0


@dataclass
class Watched:
    """What the supervisor knows of one part."""

    part: Part
    restarts: int = 0
    wait: float = FIRST_WAIT_SECONDS
    next_try: float = 0.0
    alive_since: float | None = None
    detail: str = ""


def look(watched: Watched, settings: Settings, now: float) -> bool:
    """One look at one part: starts it again when it ended and its time has come; True when something changed."""
    process = processes.running(watched.part.name, settings.home)
    if process is not None:
        if watched.alive_since is None:
            watched.alive_since = now
        if now - watched.alive_since > STEADY_SECONDS and watched.wait > FIRST_WAIT_SECONDS:
            watched.wait, watched.detail = FIRST_WAIT_SECONDS, ""
            return True
        return False
    if watched.alive_since is not None or watched.next_try == 0.0:
        watched.alive_since = None
        watched.next_try = now + watched.wait
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        watched.detail = f"ended at {ended}; trying again in {watched.wait:g} s"
        return True
    if now < watched.next_try:
        return False
    watched.restarts += 1
    watched.wait = min(watched.wait * 2, LONGEST_WAIT_SECONDS)
    watched.next_try = now + watched.wait
    try:
        start_part(watched.part, settings)
        watched.alive_since = now
        watched.detail = f"started again at {datetime.now(UTC).isoformat(timespec='seconds')}"
    except Exception as failed:  # noqa: BLE001 -- whatever keeps a part from starting must not end the watch over the others
        watched.detail = f"cannot be started: {failed}"
    print(f"{watched.part.name}: {watched.detail}", flush=True)
    return True


def watch(settings: Settings, stopping: threading.Event) -> None:
    """Looks at every part until told to stop; what it knows stands in HOME/run/supervisor.json."""
    every = [Watched(part) for part in parts(settings)]
    _write(settings, every)
    while not stopping.wait(LOOK_SECONDS):
        processes.reap()
        changed = [look(watched, settings, time.monotonic()) for watched in every]
        if any(changed):
            _write(settings, every)


def _write(settings: Settings, every: list[Watched]) -> None:
    notes: dict[str, Any] = {
        watched.part.name: {"restarts": watched.restarts, "detail": watched.detail} for watched in every
    }
    written = settings.home / "run" / "supervisor.json.new"
    try:
        written.write_text(json.dumps(notes), encoding="utf-8")
        written.replace(settings.home / "run" / "supervisor.json")
    except OSError as failed:
        print(f"the state cannot be written: {failed}", file=sys.stderr, flush=True)


def main() -> int:
    """Entry point of the process: `python -m infra.local.supervisor`, told by HEADWATER_* variables."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    watch(load_settings(), stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())

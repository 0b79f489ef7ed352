"""Processes of a home: started apart from the terminal, noted in pid files, never mistaken for a stranger's.

A pid file holds the process id and when that process started; each process also carries `HEADWATER_PART` in its
environment (`<part>@<home>`), so a process whose file was lost is found again and one that took over a dead
process's id is left alone.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

MARK = "HEADWATER_PART"
_LARGEST_LOG = 20 << 20


def pid_file(run: Path, part: str) -> Path:
    """Where the process of a part is noted."""
    return run / f"{part}.pid"


def start(part: str, command: Sequence[str], home: Path, environment: Mapping[str, str]) -> psutil.Process:
    """Starts a part in a session of its own, output to HOME/logs/<part>.log, and notes it."""
    run, logs = home / "run", home / "logs"
    run.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{part}.log"
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        started = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **environment, MARK: f"{part}@{home}"},
        )
    _children[started.pid] = started
    process = psutil.Process(started.pid)
    note(run, part, process)
    return process


_children: dict[int, "subprocess.Popen[bytes]"] = {}


def reap() -> None:
    """Takes leave of children that ended, so that none stays behind as a zombie."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def note(run: Path, part: str, process: psutil.Process) -> None:
    """Writes a part's pid file, whole or not at all."""
    written = pid_file(run, part).with_suffix(".pid.new")
    written.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}), encoding="ascii")
    written.replace(pid_file(run, part))


def running(part: str, home: Path) -> psutil.Process | None:
    """The living process of a part of this home, or None; finds it again when its pid file was lost."""
    process = _noted(part, home)
    if process is not None:
        return process
    for candidate in marked(home):
        if _mark(candidate) == f"{part}@{home}":
            note(home / "run", part, candidate)
            return candidate
    return None


def _noted(part: str, home: Path) -> psutil.Process | None:
    try:
        noted = json.loads(pid_file(home / "run", part).read_text(encoding="ascii"))
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["started"])) < 2
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    if not same or not is_alive(process):
        return None
    return process if _mark(process) in (None, f"{part}@{home}") else None


def is_alive(process: psutil.Process) -> bool:
    """False once a process ended, the last of its threads too, also while nobody has taken leave of it yet."""
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return bool(process.is_running()) and not ended
    except psutil.NoSuchProcess:
        return False


def marked(home: Path) -> list[psutil.Process]:
    """Every living process that was started as a part of this home."""
    return [
        process
        for process in psutil.process_iter()
        if (_mark(process) or "").endswith(f"@{home}") and is_alive(process) and process.pid != os.getpid()
    ]


def part_of(process: psutil.Process) -> str:
    """The part a marked process is."""
    return (_mark(process) or "").partition("@")[0]


def _mark(process: psutil.Process) -> str | None:
    """`<part>@<home>`, "" for a process without it, None while it cannot be read (another user's, just starting)."""
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return None
    return str(environment.get(MARK, "")) if environment else None


def stop(process: psutil.Process, seconds: float) -> bool:
    """Asks a process to end and ends it after `seconds`; True when it ended by itself."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
    if _gone(process, seconds):
        return True
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
    _gone(process, 10)
    return False


def _gone(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        reap()
        with contextlib.suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
            process.wait(0.05)
    reap()
    return True


class Holder(NamedTuple):
    """Who listens on a port, in words, and whether the system names the process: not one of another user, or dying."""

    words: str
    named: bool

    def __str__(self) -> str:
        return self.words


def holder_of(port: int) -> Holder | None:
    """Who listens on a loopback port, as far as the system tells: 'java (process 4711)'."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    return Holder("a process of another user", named=False)
                holder = psutil.Process(connection.pid)
                mark = _mark(holder)
                return Holder(f"{mark or holder.name()} (process {holder.pid})", named=True)
    return None


def log_tail(home: Path, part: str, lines: int = 12) -> str:
    """The last lines of a part's log."""
    try:
        with (home / "logs" / f"{part}.log").open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""

"""The local stack as one thing: Kafka, ClickHouse, schema and topics, workers and collector; up, down, status."""

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from infra.local import processes
from infra.settings import Settings, as_environment

SUPERVISOR = "supervisor"
AUDITOR = "auditor"
REPORTER = "reporter"
OBSERVER = "observer"
SMALLEST_DISK = 512 << 20
_START_SECONDS = {"kafka": 90, "clickhouse": 60, "collector": 30}
_WORKER_SECONDS = 120
_PASSING_SECONDS = 5
_STOP_SECONDS = {"kafka": 20, "clickhouse": 20, SUPERVISOR: 10}
_ROOT = Path(__file__).resolve().parents[2]


class StackRefused(Exception):
    """Why the stack cannot be brought up or down, and what to do."""


class Part(NamedTuple):
    """One process of the stack: how it is started and when it is ready."""

    name: str
    command: Callable[[Settings], list[str]]
    ready: Callable[[Settings], bool]
    ports: tuple[int, ...]
    environment: dict[str, str]


def parts(settings: Settings) -> list[Part]:
    """The parts this home runs, in the order in which they need each other."""
    listed: list[Part] = []
    own = own_environment(settings)
    if settings.local_kafka:
        ports = (settings.kafka_port, settings.controller_port)
        listed.append(Part("kafka", _kafka_command, lambda s: _port_open(s.kafka_port), ports, {}))
    if settings.local_clickhouse:
        command = _module("infra.local.clickhouse")
        listed.append(Part("clickhouse", command, clickhouse_answers, (settings.clickhouse_port,), own))
    outward = outward_environment(settings)
    if importlib.util.find_spec("streams.worker") is not None:
        for number in range(1, settings.workers + 1):
            listed.append(_worker(f"worker-{number}", settings, outward))
    if importlib.util.find_spec("infra.commands.collector") is not None:
        command = _module("infra.cli", "collector")
        listed.append(Part("collector", command, collector_ready, (settings.collector_port,), outward))
    if settings.audit_percent:
        command = _module("infra.cli", "audit", "--always")
        listed.append(Part(AUDITOR, command, _runs(AUDITOR), (), own))
    if settings.reports:
        command = _module("infra.cli", "report", "always")
        listed.append(Part(REPORTER, command, _runs(REPORTER), (), own))
    if settings.observe_seconds:
        listed.append(Part(OBSERVER, _module("infra.observer"), _runs(OBSERVER), (), own))
    return listed


def _worker(name: str, settings: Settings, outward: dict[str, str]) -> Part:
    file = ready_file(settings.home, name)
    environment = outward | {"HEADWATER_READY_FILE": str(file), "HEADWATER_WORKER": name}

    def is_ready(asked: Settings) -> bool:
        process = processes.running(name, asked.home)
        with contextlib.suppress(OSError):
            return process is not None and file.read_text(encoding="ascii").strip() == str(process.pid)
        return False

    return Part(name, _module("streams.worker"), is_ready, (), environment)


def _runs(part: str) -> Callable[[Settings], bool]:
    return lambda settings: processes.running(part, settings.home) is not None


def ready_file(home: Path, part: str) -> Path:
    """Where a worker writes its process id once it follows its partitions."""
    return home / "run" / f"{part}.ready"


def own_environment(settings: Settings) -> dict[str, str]:
    """What a part of the stack itself is told: the settings as they are."""
    return as_environment(settings) | {"PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"}


def outward_environment(settings: Settings) -> dict[str, str]:
    """What a worker or collector is told: the settings, with the addresses and the secret spelt out."""
    from infra.local.clickhouse import ingest_secret

    password = ingest_secret(settings) if settings.local_clickhouse else settings.clickhouse_password
    return own_environment(settings) | {
        "HEADWATER_BROKERS": settings.bootstrap,
        "HEADWATER_CLICKHOUSE_URL": settings.clickhouse,
        "HEADWATER_CLICKHOUSE_USER": settings.clickhouse_user,
        "HEADWATER_CLICKHOUSE_PASSWORD": password,
    }


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))


def _module(name: str, *arguments: str) -> Callable[[Settings], list[str]]:
    return lambda _: [sys.executable, "-m", name, *arguments]


def _kafka_command(settings: Settings) -> list[str]:
    from infra.local import kafka

    return kafka.command(settings)


def _port_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def clickhouse_answers(settings: Settings) -> bool:
    """True when ClickHouse, local or not, answers a ping."""
    return _answers(f"{settings.clickhouse}/ping")


def collector_ready(settings: Settings) -> bool:
    """True when the collector takes events."""
    return _answers(f"http://127.0.0.1:{settings.collector_port}/ready")


# ---- up -----------------------------------------------------------------------------------------------------


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Brings up what does not run yet and returns once everything is ready; leaves nothing half up when it fails."""
    home = settings.home
    _make_home(home)
    with _alone(home):
        wanted = parts(settings)
        _stop_moved(settings, wanted)
        missing = [part for part in wanted if processes.running(part.name, home) is None]
        _refuse_taken_ports(settings, missing, say)
        started: list[str] = []
        try:
            with ThreadPoolExecutor(4) as pool:
                stores = [part for part in wanted if part.name in ("kafka", "clickhouse")]
                others = [part for part in wanted if part not in stores]
                after = {"kafka": _make_topics, "clickhouse": _make_schema}

                def bring_up(part: Part) -> None:
                    _bring_up(part, settings, part in missing, started, say)
                    if part.name in after:
                        after[part.name](settings, say)

                list(pool.map(bring_up, stores))
                if not settings.local_kafka:
                    _make_topics(settings, say)
                if not settings.local_clickhouse:
                    _make_schema(settings, say)
                list(pool.map(bring_up, others))
        except BaseException:
            for name in reversed(started):
                _stop_part(name, home)
            raise
        _remember(settings)
        if processes.running(SUPERVISOR, home) is None:
            supervise = [sys.executable, "-m", "infra.local.supervisor"]
            processes.start(SUPERVISOR, supervise, home, own_environment(settings))


@contextmanager
def kafka_alone(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """The local Kafka for the length of the block: left as it is when it runs, else started and ended again."""
    if processes.running("kafka", settings.home) is not None:
        yield
        return
    part = next(part for part in parts(settings) if part.name == "kafka")
    _make_home(settings.home)
    with _alone(settings.home):
        _refuse_taken_ports(settings, [part], say)
        try:
            _bring_up(part, settings, True, [], say)
            yield
        finally:
            _stop_part(part.name, settings.home)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        probe = home / ".writable"
        probe.write_bytes(b"headwater" * 512)
        probe.unlink()
        free = shutil.disk_usage(home).free
    except OSError as failed:
        raise StackRefused(f"HEADWATER_HOME {home} cannot be written: {failed.strerror}") from None
    if free < SMALLEST_DISK:
        raise StackRefused(
            f"Only {free >> 20} MB are free on the disk of {home}; the stack needs {SMALLEST_DISK >> 20} MB to start."
            " Free some, or set HEADWATER_HOME to another disk"
        )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One up or down at a time on a home; the second is told who is first."""
    (home / "run").mkdir(parents=True, exist_ok=True)
    with (home / "run" / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise StackRefused(
                f"Another `headwater up` or `down` works on {home} (process {lock.read().strip() or 'unknown'});"
                " wait until it is done"
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _remember(settings: Settings) -> None:
    kept = settings.home / "run" / "ports.json"
    kept.write_text(json.dumps({part.name: part.ports for part in parts(settings)}), encoding="ascii")


def _stop_moved(settings: Settings, wanted: list[Part]) -> None:
    """When a part runs on other ports than the settings say now, the whole home is stopped to start anew."""
    try:
        before = json.loads((settings.home / "run" / "ports.json").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    moved = [part.name for part in wanted if list(part.ports) != before.get(part.name, list(part.ports))]
    if any(processes.running(name, settings.home) is not None for name in moved):
        for name in (SUPERVISOR, *[part.name for part in reversed(wanted)]):
            _stop_part(name, settings.home)


def _refuse_taken_ports(settings: Settings, missing: list[Part], say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _PASSING_SECONDS
    for part, port in [(each, port) for each in missing for port in each.ports]:
        told = False
        while not _can_bind(port):
            holder = processes.holder_of(port)
            if (holder is not None and holder.named) or time.monotonic() > deadline:
                raise StackRefused(
                    f"Port {port}, which {part.name} needs, is taken by {holder or 'another process'}. Stop that, or"
                    f" give {part.name} another port: HEADWATER_{part.name.upper()}_PORT=…"
                )
            if not told:  # a connection that passes, or the last moments of a process that was killed
                say(f"waiting for port {port}, which nobody seems to listen on")
                told = True
            time.sleep(0.05)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _bring_up(
    part: Part, settings: Settings, missing: bool, started: list[str], say: Callable[[str], None]
) -> None:
    if missing:
        say(f"starting {part.name}")
        start_part(part, settings)
        started.append(part.name)
    limit = _START_SECONDS.get(part.name, _WORKER_SECONDS)
    deadline = time.monotonic() + limit
    while not part.ready(settings):
        process = processes.running(part.name, settings.home)
        if process is None:
            raise StackRefused(f"{part.name} ended while it started: {_why(part.name, settings.home)}")
        if time.monotonic() > deadline:
            raise StackRefused(f"{part.name} is not ready after {limit} s: {_why(part.name, settings.home)}")
        with contextlib.suppress(psutil.TimeoutExpired, psutil.Error):
            process.wait(0.05)


def start_part(part: Part, settings: Settings) -> None:
    """Starts one part now, with what it needs made ready first."""
    ready_file(settings.home, part.name).unlink(missing_ok=True)
    processes.start(part.name, part.command(settings), settings.home, part.environment)


def _why(part: str, home: Path) -> str:
    tail = processes.log_tail(home, part)
    told = [
        (("No space left", "NOT_ENOUGH_SPACE"), "the disk is full: free some space"),
        (
            ("Cannot lock file", "already running", "Failed to acquire lock"),
            "its data is in use by another instance",
        ),
        (("Address already in use", "cannot be opened"), "its port is taken"),
        (("OutOfMemoryError",), "it ran out of memory"),
    ]
    meaning = next((words for signs, words in told if any(sign in tail for sign in signs)), "")
    return f"{meaning or 'the end of its log says'}\n{tail}\n(whole log: {home / 'logs' / f'{part}.log'})"


def _make_topics(settings: Settings, say: Callable[[str], None]) -> None:
    from infra.local import kafka

    for name in kafka.make_all_topics(settings):
        say(f"made topic {name}")


def _make_schema(settings: Settings, say: Callable[[str], None]) -> None:
    from clickhouse.migrate import MigrationRefused, migrate

    client = writer(settings)
    try:
        applied = migrate(client, embedded=settings.local_clickhouse)
    except MigrationRefused as refused:
        raise StackRefused(str(refused)) from None
    finally:
        client.close()
    if applied:
        say(f"applied {len(applied)} migrations")


def writer(settings: Settings) -> Any:
    """A clickhouse-connect client with every right, on the ClickHouse of these settings."""
    from infra.local.clickhouse import ingest_secret

    password = ingest_secret(settings) if settings.local_clickhouse else settings.clickhouse_password
    return _client(settings, settings.clickhouse_user, password)


def reader(settings: Settings) -> Any:
    """A clickhouse-connect client that may only read."""
    return _client(settings, settings.reader_user, settings.reader_password, database="headwater")


def _client(settings: Settings, user: str, password: str, database: str = "__default__") -> Any:
    import clickhouse_connect

    more: dict[str, Any] = {"ca_cert": settings.clickhouse_ca_file} if settings.clickhouse_ca_file else {}
    return clickhouse_connect.get_client(
        dsn=None,
        **_host(settings),
        username=user,
        password=password,
        database=database,
        autogenerate_session_id=False,
        **more,
    )


def _host(settings: Settings) -> dict[str, Any]:
    from urllib.parse import urlsplit

    url = urlsplit(settings.clickhouse)
    secure = url.scheme == "https"
    return {"host": url.hostname, "port": url.port or (8443 if secure else 8123), "secure": secure}


# ---- down, status -------------------------------------------------------------------------------------------


def down(settings: Settings, say: Callable[[str], None]) -> None:
    """Ends every process of this home, supervisor first and Kafka last, and returns once none is left."""
    home = settings.home
    if not (home / "run").exists():
        return
    with _alone(home):
        found = {processes.part_of(process) for process in processes.marked(home)}
        order = [SUPERVISOR, "collector", *sorted(name for name in found if name.startswith("worker"))]
        rest = sorted(found - {*order, "clickhouse", "kafka"})
        for name in [*order, *rest, "clickhouse", "kafka"]:
            if name in found:
                say(f"stopping {name}")
                if not _stop_part(name, home):
                    say(f"{name} did not end by itself and was killed")
        left = processes.marked(home)
        if left:
            raise StackRefused(f"still running: {', '.join(str(process.pid) for process in left)}")


def _stop_part(name: str, home: Path) -> bool:
    process = processes.running(name, home)
    ended = True if process is None else processes.stop(process, _STOP_SECONDS.get(name, 20))
    processes.pid_file(home / "run", name).unlink(missing_ok=True)
    ready_file(home, name).unlink(missing_ok=True)
    return ended


class PartStatus(NamedTuple):
    """How one part is now."""

    name: str
    state: str
    pid: int | None
    ports: tuple[int, ...]
    restarts: int
    detail: str


def status(settings: Settings) -> list[PartStatus]:
    """Every part and the supervisor: running, starting, stopped or failing, with what is known."""
    watched = supervisor_notes(settings.home)
    listed = []
    for part in parts(settings):
        process = processes.running(part.name, settings.home)
        noted = watched.get(part.name, {})
        detail = str(noted.get("detail", ""))
        if part.name == AUDITOR and not detail:
            detail = _audited(settings.home)
        if part.name == REPORTER and not detail:
            detail = _reported(settings.home)
        if process is None:
            state = "failing" if noted.get("restarts") and detail else "stopped"
        else:
            state = "running" if part.ready(settings) else "starting"
        pid = process.pid if process else None
        listed.append(PartStatus(part.name, state, pid, part.ports, int(noted.get("restarts", 0)), detail))
    process = processes.running(SUPERVISOR, settings.home)
    state = "running" if process else "stopped"
    listed.append(PartStatus(SUPERVISOR, state, process.pid if process else None, (), 0, ""))
    return listed


def _audited(home: Path) -> str:
    """What the auditor found in its last round."""
    try:
        said = json.loads((home / "run" / "audit.json").read_text(encoding="utf-8"))
        found = int(said["differences"])
        return f"{said['ended_at']}: {f'{found} differences put right' if found else 'all well'}"
    except (OSError, ValueError, KeyError):
        return "first round"


def _reported(home: Path) -> str:
    """What the reporter wrote in its last round."""
    try:
        said = json.loads((home / "run" / "reports.json").read_text(encoding="utf-8"))
        return f"{said['ended_at']}: {int(said['written'])} written"
    except (OSError, ValueError, KeyError):
        return "first round"


def supervisor_notes(home: Path) -> dict[str, dict[str, Any]]:
    """What the supervisor noted last about each part."""
    try:
        notes = json.loads((home / "run" / "supervisor.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}

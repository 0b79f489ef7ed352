"""The local stack as a user has it: up, up again, killed, moved, down."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local import kafka, processes, stack
from infra.settings import Settings, as_environment
from tests.infra.conftest import ROOT, home_at, until
from tests.ports import free_port

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def headwater(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", *arguments],
        env={**os.environ, **as_environment(settings), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def pid_of(settings: Settings, part: str) -> int:
    process = processes.running(part, settings.home)
    assert process is not None, part
    return int(process.pid)


def all_run(settings: Settings) -> bool:
    return all(part.state == "running" for part in stack.status(settings))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home for many tests; whatever they started is gone afterwards."""
    made = home_at(tmp_path_factory.mktemp("shared"))
    yield made
    stack.down(made, print)
    assert processes.marked(made.home) == []


@pytest.fixture
def running(shared: Settings) -> Settings:
    """The shared home, up however the test before left it."""
    stack.up(shared, print)
    return shared


def test_up_status_up_down(settings: Settings) -> None:
    up = headwater(settings, "up")
    assert up.returncode == 0, up.stderr
    first = {part.name: part.pid for part in stack.status(settings)}
    assert {"kafka", "clickhouse", "collector", "supervisor"} <= set(first)
    assert all_run(settings), headwater(settings, "status").stdout
    assert headwater(settings, "up").returncode == 0
    assert {part.name: part.pid for part in stack.status(settings)} == first

    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for pid in first.values()
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    ours = {settings.kafka_port, settings.controller_port, settings.clickhouse_port, settings.collector_port}
    assert {port for _, port in listening} == ours
    assert {address.removeprefix("::ffff:") for address, _ in listening} == {"127.0.0.1"}

    asked = headwater(settings, "sql", "SELECT 1 AS one", "--format", "json")
    assert json.loads(asked.stdout)["data"] == [{"one": 1}]
    own = headwater(settings, "sql", "SELECT 1 AS one FORMAT CSV;", "--format", "json")
    assert own.stdout == "1\n"
    refused = headwater(settings, "sql", "DROP DATABASE headwater")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "DROP is not for readers" in refused.stderr

    assert headwater(settings, "wait", "--timeout", "30").returncode == 0
    examined = headwater(settings, "doctor")
    assert examined.returncode == 0, examined.stdout

    down = headwater(settings, "down")
    assert down.returncode == 0, down.stderr
    assert processes.marked(settings.home) == []
    for port in ours:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert headwater(settings, "down").returncode == 0
    assert headwater(settings, "status").returncode == 1
    assert "`headwater up` starts it" in headwater(settings, "sql", "SELECT 1").stderr
    assert headwater(settings, "wait", "--timeout", "1").returncode == 1
    examined = headwater(settings, "doctor")
    assert examined.returncode == 1
    assert "-> `headwater up`" in examined.stdout


def test_what_was_written_is_there_after_down_and_up(running: Settings) -> None:
    client = stack.writer(running)
    client.command("CREATE TABLE headwater.kept_rows (n UInt8) ENGINE = MergeTree ORDER BY n")
    client.insert("headwater.kept_rows", [[7]], ["n"])
    client.close()
    stack.down(running, print)
    assert processes.marked(running.home) == []
    stack.up(running, print)
    client = stack.writer(running)
    assert client.command("SELECT groupArray(n) FROM headwater.kept_rows") == "[7]"
    client.close()


def test_data_in_use_by_another_instance_is_named(running: Settings) -> None:
    second = running.model_copy(update={"clickhouse_port": free_port()})
    part = next(part for part in stack.parts(second) if part.name == "clickhouse")
    failed = subprocess.run(
        part.command(second),
        env={**os.environ, **part.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert failed.returncode == 1
    assert "does not open" in failed.stderr
    assert all_run(running)


def test_another_number_of_partitions_is_refused(running: Settings) -> None:
    with pytest.raises(kafka.KafkaRefused, match="has 2 partitions, HEADWATER_PARTITIONS says 3"):
        stack.up(running.model_copy(update={"partitions": 3}), print)
    assert all_run(running)  # what ran before a refused `up` still runs


def test_two_homes_run_side_by_side(running: Settings, settings: Settings) -> None:
    stack.up(settings, print)
    assert all_run(running)
    assert all_run(settings)
    stack.down(settings, print)
    assert all_run(running)


def test_whatever_is_killed_comes_back(running: Settings) -> None:
    names = [part.name for part in stack.status(running) if part.name != "supervisor"]
    before = {name: pid_of(running, name) for name in names}
    for name in names:
        os.kill(before[name], signal.SIGKILL)
    until(lambda: all_run(running), 120)
    assert all(pid_of(running, name) != before[name] for name in names)
    assert all(part.restarts >= 1 for part in stack.status(running) if part.name in ("kafka", "clickhouse"))

    os.kill(pid_of(running, "supervisor"), signal.SIGKILL)
    os.kill(pid_of(running, "clickhouse"), signal.SIGKILL)
    until(lambda: processes.running("clickhouse", running.home) is None)
    stack.up(running, print)
    assert all_run(running)


def test_moved_ports_start_the_home_anew_once_a_passing_connection_is_gone(running: Settings) -> None:
    before = pid_of(running, "kafka")
    moved = running.model_copy(update={"clickhouse_port": free_port()})
    with socket.socket() as passing:
        passing.bind(("127.0.0.1", moved.clickhouse_port))

        def leave(said: str) -> None:
            if f"port {moved.clickhouse_port}" in said:
                passing.close()

        stack.up(moved, leave)
        assert passing.fileno() == -1
    assert all_run(moved)
    assert pid_of(moved, "kafka") != before


def test_a_lost_pid_file_loses_no_process(running: Settings) -> None:
    kept = pid_of(running, "kafka")
    for file in (running.home / "run").glob("*.pid"):
        file.unlink()
    stack.up(running, print)
    assert pid_of(running, "kafka") == kept
    (running.home / "run" / "kafka.pid").unlink()
    stack.down(running, print)
    assert processes.marked(running.home) == []


def test_a_port_that_stays_taken_is_refused_also_when_nobody_listens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "_PASSING_SECONDS", 0.1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.clickhouse_port))
        with pytest.raises(stack.StackRefused, match=f"{settings.clickhouse_port}.* by another process"):
            stack.up(settings, print)


def test_a_frozen_part_is_ended_by_down(running: Settings) -> None:
    os.kill(pid_of(running, "clickhouse"), signal.SIGSTOP)
    told: list[str] = []
    stack.down(running, told.append)
    assert processes.marked(running.home) == []
    assert [line for line in told if "killed" in line] == []


def test_a_strangers_process_id_is_left_alone(settings: Settings) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    run = settings.home / "run"
    run.mkdir(parents=True)
    processes.note(run, "kafka", psutil.Process(stranger.pid))
    assert processes.running("kafka", settings.home) is None
    stack.down(settings, print)
    assert stranger.poll() is None
    stranger.communicate(b"")


@pytest.mark.parametrize("part", ["kafka", "clickhouse", "collector"])
def test_a_taken_port_is_named_with_who_has_it(settings: Settings, part: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", getattr(settings, f"{part}_port")))
        taken.listen()
        refused = headwater(settings, "up")
    assert refused.returncode == 1
    assert f"Port {getattr(settings, f'{part}_port')}, which {part} needs, is taken by" in refused.stderr
    assert f"process {os.getpid()}" in refused.stderr
    assert f"HEADWATER_{part.upper()}_PORT" in refused.stderr
    assert processes.marked(settings.home) == []


def test_a_second_up_meanwhile_is_told_of_the_first(settings: Settings) -> None:
    run = settings.home / "run"
    run.mkdir(parents=True)
    with (run / "lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = headwater(settings, "up")
    assert refused.returncode == 1
    assert "Another `headwater up` or `down` works on" in refused.stderr
    assert "4711" in refused.stderr


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    refused = headwater(settings.model_copy(update={"home": tmp_path / "file" / "home"}), "up")
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr


def test_wrong_usage_exits_with_two(settings: Settings) -> None:
    assert headwater(settings, "sql").returncode == 2
    assert headwater(settings, "no-such-command").returncode == 2
    refused = subprocess.run(
        [sys.executable, "-m", "infra.cli", "status"],
        env={**os.environ, "HEADWATER_KAFKA_PORT": "x", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "HEADWATER_KAFKA_PORT" in refused.stderr


class TestJars:
    def test_every_jar_is_pinned(self) -> None:
        jars = kafka.locked_jars()
        assert len(jars) > 40
        assert all(len(jar.sha256) == 64 for jar in jars)
        assert any((jar.artifact, jar.version) == ("kafka_2.13", kafka.VERSION) for jar in jars)

    def test_a_changed_jar_is_refused_and_removed(self, tmp_path: Path) -> None:
        jar = kafka.locked_jars()[0]
        path = tmp_path.joinpath("maven", *jar.group.split("."), jar.artifact, jar.version)
        path.mkdir(parents=True)
        file = path / f"{jar.artifact}-{jar.version}.jar"
        file.write_bytes(b"not what was released")
        with pytest.raises(kafka.KafkaRefused, match="expected " + jar.sha256):
            kafka.class_path(tmp_path, [jar])
        assert not file.exists()

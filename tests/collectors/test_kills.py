"""Broker and collector killed under load: what was acknowledged is in the log, and counts once."""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.settings import as_environment, load_settings
from schemas.reading import canonical_body
from streams.collectors.keys import KeyKind, KeyRing
from tests.collectors.conftest import NOW, Broker, until
from tests.ports import free_port

pytestmark = pytest.mark.stack
SENDERS = 4
LOT = 25
ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
"""Each kills the broker once and the collector twice: while the broker is away, and while the spool drains."""


class Process:
    """`headwater collector` as the stack runs it, killed and started again."""

    def __init__(self, home: Path, port: int, broker: Broker) -> None:
        """Starts it and waits until it takes events."""
        self.port = port
        settings = load_settings({}, home, home=home, collector_port=port, spool_free_percent=0)
        self._environment = {**os.environ, **as_environment(settings)}
        self._environment["HEADWATER_BROKERS"] = broker.settings.bootstrap
        self._log = (home / "collector.log").open("ab")
        self.start()

    def start(self) -> None:
        """Starts it and waits until it takes events."""
        command = [sys.executable, "-m", "infra.cli", "collector"]
        self._process = subprocess.Popen(
            command, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        until(lambda: self.told("/ready") is not None)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """SIGTERM, and then it ends by itself."""
        self._process.terminate()
        assert self._process.wait(30) == 0
        self._log.close()

    def told(self, path: str) -> bytes | None:
        """What a page says, None when there is no good answer."""
        assert self._process.poll() is None, "the collector ended by itself"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def spooled(self) -> int:
        """Records in its spool."""
        for line in (self.told("/metrics") or b"").splitlines():
            if line.startswith(b"headwater_collector_spool_records "):
                return int(float(line.split()[1]))
        return -1


class Sender(threading.Thread):
    """Sends lots until told to end, each again until it is answered for good: what a careful client does."""

    def __init__(self, number: int, port: int, key: str) -> None:
        """Its number, the collector's port and a key."""
        super().__init__(daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.unsure: set[str] = set()
        self.where: defaultdict[str, int] = defaultdict(int)
        self.ending = threading.Event()
        self._number = number
        self._port = port
        self._key = key

    def run(self) -> None:
        """Lot after lot."""
        turn = 0
        while not self.ending.is_set():
            turn += 1
            self._send([self._event(f"s{self._number}-{turn}-{place}") for place in range(LOT)])

    def _event(self, name: str) -> dict[str, Any]:
        phone = f"010-55{self._number:02d}-{random.Random(name).randrange(10_000):04d}"
        return {
            "event_id": name,
            "type": "visit_seen",
            "site": f"kills-{self._number}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "visitor_id": f"v{name}",
            "phone": phone,
            "url": "https://clinic.kr/?utm_source=naver",
        }

    def _send(self, lot: list[dict[str, Any]]) -> None:
        body = json.dumps(lot).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        while not self.ending.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                connection.request("POST", "/v1/events", body, headers)
                answer = connection.getresponse()
                status, told = answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                status, told = 0, {}
            finally:
                connection.close()
            if status == 202:
                assert not told["rejected"]
                for name in (*told["accepted"], *told["duplicate"]):
                    self.acknowledged[name] = told.get("durability", "log")
                self.where[told.get("durability", "log")] += len(lot)
                return
            assert status in (0, 429, 503), (status, told)
            self.ending.wait(0.05)
        self.unsure.update(event["event_id"] for event in lot)


@pytest.mark.timeout(600)
def test_no_acknowledged_event_is_lost_and_none_counts_twice(broker: Broker, tmp_path: Path) -> None:
    key = KeyRing(tmp_path).create(KeyKind.SERVER, now=NOW, sites=["*"])[1]
    collector = Process(tmp_path, free_port(), broker)
    senders = [Sender(number, collector.port, key) for number in range(SENDERS)]

    def progress(count: int, where: str) -> None:
        """Waits until so many more events were acknowledged from there."""
        goal = sum(sender.where[where] for sender in senders) + count
        until(lambda: sum(sender.where[where] for sender in senders) >= goal)
        assert all(sender.is_alive() for sender in senders)

    for sender in senders:
        sender.start()
    try:
        for _ in range(ROUNDS):
            progress(10 * LOT, "log")
            broker.kill()
            try:
                progress(20 * LOT, "spool")
                collector.kill()
                collector.start()
                progress(20 * LOT, "spool")
            finally:
                broker.start()
            progress(2 * LOT, "log")
            collector.kill()
            collector.start()
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join()
    until(lambda: collector.spooled() == 0)
    collector.end()

    acknowledged: dict[str, str] = {}
    unsure: set[str] = set()
    for sender in senders:
        acknowledged |= sender.acknowledged
        unsure |= sender.unsure
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    records = 0
    for value in broker.values("headwater.events"):
        if str(value["site"]).startswith("kills-"):
            bodies[value["event_id"]].add(canonical_body(value))
            records += 1
    spooled = sum(where == "spool" for where in acknowledged.values())
    print(
        f"\n{len(acknowledged)} acknowledged ({spooled} by the spool), {records} records of {len(bodies)} ids"
    )
    assert spooled >= 40 * LOT * ROUNDS
    assert acknowledged.keys() <= bodies.keys()
    assert bodies.keys() <= acknowledged.keys() | unsure
    assert all(len(same) == 1 for same in bodies.values()), "the log would take one of two for another event"
    log = (tmp_path / "collector.log").read_bytes()
    assert all(b'"level":' in line for line in log.splitlines())
    assert b"010-55" not in log and b"clinic.kr" not in log

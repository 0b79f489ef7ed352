"""`/q/{code}` at an even pace: with Kafka, with Kafka hanging, without it; and whether a miss tells why. Printed."""

import asyncio
import contextlib
import math
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from yarl import URL

from infra.settings import as_environment, load_settings
from streams.collectors.entries import admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import ProducerSettings, appending
from streams.collectors.qr.codes import new_code
from streams.collectors.qr.making import code_body
from tests.collectors.conftest import Broker, until
from tests.ports import free_port

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))
A_SECOND = 100
LOOKS = 5_000
CONNECTIONS = 32
PHONE = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
}
CODE, UNKNOWN, EXPIRED, DISABLED = (new_code() for _ in range(4))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Kafka to be ill-treated."""
    settings = load_settings(
        {},
        tmp_path,
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        partitions=4,
        kafka_heap_megabytes=256,
    )
    running = Broker(settings)
    yield running
    running.thaw()
    running.kill()


@contextlib.contextmanager
def collector(broker: Broker, home: Path, port: int) -> Iterator[None]:
    """`headwater collector` in a process of its own, believing what the proxy in front says of networks."""
    settings = load_settings({}, home, home=home, collector_port=port, brokers=broker.settings.bootstrap)
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.cli", "collector", "--trusted-proxy", "127.0.0.1"],
        env={**os.environ, **as_environment(settings)},
        stderr=(home / "collector.log").open("wb"),
    )
    try:
        until(lambda: _listens(port))
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def define(broker: Broker, home: Path) -> None:
    """A site, a code that leads somewhere, and two that do no longer."""
    today = date.today()  # noqa: DTZ011 - a day more or less plays no part
    to = {
        "day": today,
        "stands_for": {"channel": "flyer", "campaign": "봄"},
        "destination": "https://www.example.kr/",
    }
    bodies = [
        {"kind": "site", "site": "clinic", "id": "clinic", "hosts": ["www.example.kr"]},
        code_body("clinic", CODE, **to),  # type: ignore[arg-type]
        {**code_body("clinic", EXPIRED, **to), "expires_on": str(today - timedelta(days=9))},  # type: ignore[arg-type]
        {**code_body("clinic", DISABLED, **to), "disabled": True},  # type: ignore[arg-type]
    ]
    async with appending(ProducerSettings(brokers=broker.settings.bootstrap)) as log:
        await log.append_entries(admit_entries(bodies, Pseudonyms(home), now=datetime.now(UTC)))


async def scans(session: aiohttp.ClientSession, address: str, seconds: int) -> tuple[list[float], list[str]]:
    """Scans at an even pace, whatever the answers do -> seconds from due to answered, and the ids of the scans."""
    took: list[float] = []
    ids: list[str] = []

    async def one(due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        async with session.get(f"{address}/q/{CODE}", headers=PHONE, allow_redirects=False) as answer:
            assert answer.status == 302
            ids.append(URL(answer.headers["Location"]).query["hw_scan"])
        took.append(time.monotonic() - due)

    begin = time.monotonic() + 0.2
    await asyncio.gather(*(one(begin + number / A_SECOND) for number in range(seconds * A_SECOND)))
    return sorted(took), ids


async def misses(session: aiohttp.ClientSession, address: str) -> dict[str, list[float]]:
    """Each kind of miss, one after another in a random order -> seconds of each."""
    took: dict[str, list[float]] = {UNKNOWN: [], EXPIRED: [], DISABLED: []}
    order = list(took) * LOOKS
    random.shuffle(order)
    for number, code in enumerate(order):
        network = number // 15
        headers = {
            **PHONE,
            "X-Forwarded-For": f"10.{network >> 16 & 255}.{network >> 8 & 255}.{network & 255}",
        }
        begin = time.perf_counter()
        async with session.get(f"{address}/q/{code}", headers=headers) as answer:
            await answer.read()
        took[code].append(time.perf_counter() - begin)
        assert answer.status == 404
    return took


def likeness(one: list[float], other: list[float]) -> float:
    """Two samples -> Mann-Whitney's p, two-sided."""
    ranks = np.concatenate([one, other]).argsort().argsort() + 1.0
    n, m = len(one), len(other)
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def told(name: str, took: list[float]) -> None:
    """A line of percentiles in milliseconds."""
    at = {share: took[min(len(took) - 1, int(len(took) * share))] * 1000 for share in (0.5, 0.99, 0.999)}
    print(
        f"\n{name}: {len(took)} redirects at {A_SECOND}/s,"
        f" load {os.getloadavg()[0]:.1f}:"
        f" p50 {at[0.5]:.1f}, p99 {at[0.99]:.1f}, p99.9 {at[0.999]:.1f}, most {took[-1] * 1000:.1f} ms",
        end="",
    )


def test_redirects_with_and_without_kafka(broker: Broker, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    port = free_port()
    asyncio.run(define(broker, home))

    async def run() -> list[str]:
        every: list[str] = []
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as session:
            address = f"http://127.0.0.1:{port}"

            async def leads() -> bool:
                async with session.get(f"{address}/q/{CODE}", headers=PHONE, allow_redirects=False) as answer:
                    if answer.status == 302:
                        every.append(URL(answer.headers["Location"]).query["hw_scan"])
                    return answer.status == 302

            while not await leads():
                await asyncio.sleep(0.2)
            for name, fault, mend in (
                ("Kafka there", None, None),
                ("Kafka hangs (SIGSTOP)", broker.freeze, broker.thaw),
                ("Kafka killed", broker.kill, broker.start),
            ):
                if fault is not None:
                    fault()
                took, ids = await scans(session, address, SECONDS)
                every += ids
                told(name, took)
                if mend is not None:
                    await asyncio.to_thread(mend)
            seen = await misses(session, address)
        for name, code in (("expired", EXPIRED), ("disabled", DISABLED)):
            print(
                f"\nunknown against {name}: {LOOKS} each, p = {likeness(seen[UNKNOWN], seen[code]):.3f}",
                end="",
            )
        return every

    with collector(broker, home, port):
        ids = asyncio.run(run())

        def arrived() -> Counter[str]:
            values = broker.values("headwater.events")
            return Counter({value["event_id"]: value["scan_id"] for value in values}.values())

        until(lambda: len(arrived()) >= len(ids), 120)
    found = arrived()
    lost = [one for one in ids if one not in found]
    print(f"\n{len(ids)} scans led on: {len(lost)} lost, {sum(found.values()) - len(found)} twice", end="")
    assert not lost

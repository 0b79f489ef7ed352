"""A real broker and a running collector for the tests of the doors."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.local import kafka
from infra.settings import Settings, load_settings
from streams.collectors.edge import CollectorSettings
from streams.collectors.http import Collector
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.ports import free_port

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for a condition, and fails when it does not come."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "the condition did not come"
        time.sleep(0.05)


class Broker:
    """One real Kafka of its own, killed and started again as a test likes."""

    def __init__(self, settings: Settings) -> None:
        """Starts it and makes the topics."""
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        kafka.make_all_topics(settings)

    def start(self) -> None:
        """Starts the broker and waits for its port."""
        self._process = subprocess.Popen(
            kafka.command(self.settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(self._listens)

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Stops it where it stands: connections stay open and nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def values(self, topic: str) -> list[dict[str, Any]]:
        """Every value of a topic, by partition and offset."""
        return [orjson.loads(value) for _, value in self.records(topic)]

    def records(self, topic: str) -> list[tuple[int, bytes]]:
        """Every (partition, value) of a topic."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> list[tuple[int, bytes]]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(self.settings.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[tuple[int, bytes]] = []
            await consumer.seek_to_beginning(*places)
            while [place for place in places if await consumer.position(place) < ends[place]]:
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    found += [(place.partition, record.value) for record in records]
            return found
        finally:
            await consumer.stop()

    def _listens(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.settings.kafka_port), 1),
        ):
            return True
        assert self._process is not None
        assert self._process.poll() is None, "the broker ended"
        return False


class Door:
    """A collector on a loop of its own thread, so that tests speak to it over a real socket."""

    def __init__(self, settings: CollectorSettings, clock: Callable[[], datetime]) -> None:
        """Starts it."""
        self.home = settings.home
        self.ring = KeyRing(settings.home)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.collector = self._run(self._made(settings, clock))
        self.port = self.collector.port

    def key(self, *sites: str, **scope: Any) -> str:
        """A server key for the sites, all when none is named."""
        return self.ring.create(KeyKind.SERVER, now=NOW, sites=sites or ("*",), **scope)[1]

    def browser_key(self, site: str, *origins: str) -> str:
        """A browser key of the site."""
        return self.ring.create(KeyKind.BROWSER, now=NOW, sites=[site], origins=origins)[1]

    def stop(self) -> None:
        """Stops the collector and its loop."""
        self._run(self.collector.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    @staticmethod
    async def _made(settings: CollectorSettings, clock: Callable[[], datetime]) -> Collector:
        collector = Collector(settings, clock=clock)
        await collector.start()
        return collector


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector whose log is away for good: everything goes into its spool, and no test has to wait for Kafka."""
    settings = CollectorSettings(
        home=tmp_path_factory.mktemp("offline"),
        port=0,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
    )
    running = Door(settings, clock=lambda: NOW)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka for the whole session."""
    settings = load_settings(
        {},
        tmp_path_factory.mktemp("broker"),
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        partitions=4,
        kafka_heap_megabytes=256,
    )
    running = Broker(settings)
    yield running
    running.thaw()
    running.kill()


@pytest.fixture(scope="module")
def door(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector in front of the broker; its clock stands at NOW."""
    home: Path = tmp_path_factory.mktemp("home")
    producer = ProducerSettings(brokers=broker.settings.bootstrap, delivery_seconds=5.0)
    running = Door(CollectorSettings(home=home, port=0, producer=producer), clock=lambda: NOW)
    yield running
    running.stop()

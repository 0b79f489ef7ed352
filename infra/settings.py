"""What this installation is told from outside: HEADWATER_* variables, then headwater.toml, then defaults."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "HEADWATER_"
CONFIG_FILE = "headwater.toml"


class SettingsRefused(Exception):
    """A setting that cannot be used; the message names it, where it came from and what would be right."""


class Settings(BaseModel):
    """Every setting with its default; `HEADWATER_<NAME>` or `<name>` in headwater.toml sets it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Path = Field(Path(".headwater"), description="Data, logs and secrets of the local stack")
    cache: Path = Field(
        Path("~/.cache/headwater"), description="Downloads shared by all local stacks of this user"
    )

    kafka_port: int = Field(19092, ge=1024, le=65534, description="Loopback port of the local Kafka")
    kafka_controller_port: int = Field(
        0, ge=0, le=65535, description="Loopback port of Kafka's controller; 0: kafka_port + 1"
    )
    kafka_heap_megabytes: int = Field(512, ge=256, description="Java heap of the local Kafka")
    clickhouse_port: int = Field(
        18123, ge=1024, le=65535, description="Loopback port of the local ClickHouse"
    )
    collector_port: int = Field(18080, ge=1024, le=65535, description="Loopback port of the collector")
    public_url: str = Field(
        "",
        pattern="^(https?://[^/?#@ ]+/?)?$",
        description="https://host where the world reaches the collector; printed codes need it",
    )
    spool_megabytes: int = Field(
        1024, ge=0, description="Most that the collector keeps on disk while Kafka is away; 0: nothing"
    )
    spool_free_percent: int = Field(
        10, ge=0, le=99, description="Share of the disk that the collector leaves free of it"
    )
    partitions: int = Field(
        16, ge=1, le=1000, description="Partitions of every topic, fixed when they are made"
    )
    workers: int = Field(
        1, ge=0, le=32, description="Worker processes of the local stack; 0: they run elsewhere"
    )

    audit_percent: int = Field(
        5,
        ge=0,
        le=100,
        description="Share of the time that the local stack's auditor works; 0: there is none",
    )

    observe_seconds: int = Field(
        15,
        ge=0,
        le=3600,
        description="How often the local stack's observer reads Kafka's lag and the collector's metrics; 0: there is none",
    )
    reports: bool = Field(True, description="Whether the local stack writes reports that are due by itself")
    report_grace_days: int = Field(
        7, ge=0, le=365, description="Days after a campaign's end until its report is written"
    )
    report_elasticity: float = Field(
        0.7,
        gt=0,
        le=1,
        description="n times the spend is taken to bring n to the power of this times the registrations",
    )

    brokers: str = Field("", description="host:port,… of an existing Kafka; empty: the local one")
    kafka_security_protocol: str = Field(
        "PLAINTEXT", pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$", description="How Kafka is spoken to"
    )
    kafka_sasl_mechanism: str = Field(
        "SCRAM-SHA-512", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$", description="SASL mechanism"
    )
    kafka_username: str = Field("", description="SASL user name")
    kafka_password: str = Field("", repr=False, description="SASL password")
    kafka_ca_file: str = Field("", description="PEM file of the authority that signed Kafka's certificate")

    clickhouse_url: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="http(s)://host:port of an existing server; empty: the local one",
    )
    clickhouse_user: str = Field("ingest", description="User of worker and migrations")
    clickhouse_password: str = Field(
        "", repr=False, description="Its password; local: made at the first start"
    )
    clickhouse_ca_file: str = Field("", description="PEM file of the authority that signed the certificate")

    reader_user: str = Field("reader", description="User of `headwater sql`")
    reader_password: str = Field("", repr=False, description="Its password; the local front asks for none")
    reader_seconds: int = Field(30, ge=1, le=3600, description="Longest a reader's query may run")
    reader_result_rows: int = Field(1_000_000, ge=1, description="Most rows a reader's query may return")
    reader_memory_megabytes: int = Field(2048, ge=16, description="Most memory a reader's query may use")
    reader_threads: int = Field(
        1, ge=1, le=64, description="Most threads a reader's query may use; a dashboard asks a dozen at once"
    )

    @property
    def local_kafka(self) -> bool:
        """True when no other Kafka is named."""
        return not self.brokers

    @property
    def local_clickhouse(self) -> bool:
        """True when no other ClickHouse is named."""
        return not self.clickhouse_url

    @property
    def bootstrap(self) -> str:
        """host:port,… of the Kafka to use."""
        return self.brokers or f"127.0.0.1:{self.kafka_port}"

    @property
    def controller_port(self) -> int:
        """Port of the local Kafka's controller."""
        return self.kafka_controller_port or self.kafka_port + 1

    @property
    def clickhouse(self) -> str:
        """URL of the ClickHouse to use."""
        return self.clickhouse_url or f"http://127.0.0.1:{self.clickhouse_port}"

    @property
    def logs(self) -> Path:
        """Where every part writes its log."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Where running parts are noted: process ids and states."""
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        """Where secrets of this home are kept, readable by their owner alone."""
        return self.home / "secrets"


def load_settings(
    environment: Mapping[str, str] | None = None, directory: Path | None = None, **given: Any
) -> Settings:
    """Environment and headwater.toml -> Settings with absolute paths; `given` stands above both."""
    environment = os.environ if environment is None else environment
    directory = Path.cwd() if directory is None else directory
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    config = directory / CONFIG_FILE
    for name, value in _from_file(config).items():
        values[name], sources[name] = value, f"{name} in {config}"
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if environment.get(variable, "") != "":
            values[name], sources[name] = environment[variable], variable
    for name, value in given.items():
        values[name], sources[name] = value, name
    try:
        settings = Settings.model_validate(values)
    except ValidationError as refused:
        raise SettingsRefused("; ".join(_told(problem, sources) for problem in refused.errors())) from None
    absolute = {
        name: (directory / Path(getattr(settings, name)).expanduser()).resolve() for name in ("home", "cache")
    }
    settings = settings.model_copy(update=absolute)
    _refuse_shared_ports(settings)
    return settings


def as_environment(settings: Settings) -> dict[str, str]:
    """Settings -> the HEADWATER_* variables that give the same settings in a child process."""
    return {
        PREFIX + name.upper(): str(value) for name, value in settings.model_dump().items() if str(value) != ""
    }


def _from_file(config: Path) -> dict[str, Any]:
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise SettingsRefused(f"{config} is not valid TOML: {broken}") from None
    for name in read:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(Settings.model_fields)}"
            raise SettingsRefused(f"{name} in {config} is no setting; {hint}")
    return read


def _told(problem: Any, sources: Mapping[str, str]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else ""
    field = Settings.model_fields.get(name)
    secret = field is not None and not field.repr
    found = "" if secret else f" (found {problem.get('input')!r})"
    meaning = f" It is: {field.description}." if field is not None else ""
    return f"{sources.get(name, name)}: {problem['msg']}{found}.{meaning}"


def _refuse_shared_ports(settings: Settings) -> None:
    taken: dict[int, str] = {}
    ports = {
        "kafka_port": settings.kafka_port,
        "kafka_controller_port": settings.controller_port,
        "clickhouse_port": settings.clickhouse_port,
        "collector_port": settings.collector_port,
    }
    for name, port in ports.items():
        if port in taken:
            raise SettingsRefused(
                f"{name} and {taken[port]} are both {port}; each part needs a port of its own"
            )
        taken[port] = name

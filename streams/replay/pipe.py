"""What goes between a replay and its processes."""

from typing import NamedTuple

from streams.kafka_security import client_security
from streams.log import Brokers
from streams.replay.units import Unit
from streams.sinks.clickhouse_sink import ClickHouse


class Reach(NamedTuple):
    """How Kafka and ClickHouse are reached; unlike a client's own settings it can be handed to another process."""

    bootstrap: str
    clickhouse: ClickHouse
    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    username: str = ""
    password: str = ""
    ca_file: str = ""

    def brokers(self) -> Brokers:
        """Kafka, as a reader of the log takes it."""
        return Brokers(self.bootstrap, client_security(*self[2:]))


class Read(NamedTuple):
    """A process has read that many further records of its unit."""

    records: int


class Finished(NamedTuple):
    """Every row of a unit is in."""

    unit: Unit
    applied: int


class Failed(NamedTuple):
    """A process gave up."""

    why: str

"""The Faust app: agents are fed a partition's chunk at a time, and offsets move only when a chunk is acknowledged.

Faust spends about 130 µs on delivering one message, before any work. Its consumer is therefore subclassed so that
`getmany` hands over all records that a fetch brought of one partition as one message (ADR 0003). This leans on the
private names listed in `PRIVATE_NAMES`; faust-streaming is pinned and a test fails when they change.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import faust
from aiokafka import ConsumerRecord
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from schemas.topics import CATALOG, EVENTS

PRIVATE_NAMES: Final = (
    "_wait_next_records", "_to_message", "_new_offset", "_add_gap", "_committed_offset", "_acked", "_acked_index",
)  # fmt: skip
FETCH_BYTES: Final = 4 << 20


class Chunk(bytes):
    """What one fetch brought of one partition, in order of offsets; the bytes themselves are empty."""

    records: list[ConsumerRecord]


def chunk_of(records: list[ConsumerRecord]) -> Chunk:
    """Records of one partition as one value."""
    chunk = Chunk()
    chunk.records = records
    return chunk


class BulkConsumer(Consumer):
    """Hands over one message a partition and fetch: its offset is the last record's."""

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Chunks of what a fetch brought, until partitions move."""
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if not records or self.should_stop:
            return
        for tp, some in records.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if some and (active is None or tp in active):
                message = self._to_message(tp, some[-1])
                message.key = None
                message.value = chunk_of(list(some))
                yield tp, message

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets inside a chunk are no gap."""

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit: after the last acknowledged chunk, as chunks are acknowledged in order."""
        acked = self._acked[tp]
        if not acked:
            return None
        last: int = max(acked)
        self._acked_index[tp].difference_update(acked)
        acked.clear()
        return last + 1


class BulkTransport(Transport):
    """Faust's own driver with the bulk consumer."""

    Consumer = BulkConsumer


@dataclass(frozen=True)
class AppSettings:
    """What the app needs to know; `instance` names this worker's slot, the same after every restart."""

    bootstrap: str
    instance: str
    group: str = "headwater"
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    session_seconds: float = 10.0
    extra: Mapping[str, Any] = field(default_factory=dict)


def credentials(settings: AppSettings) -> Any:
    """Faust's credentials for a broker that asks for TLS or SASL; None for a plain one."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    if settings.security_protocol == "SSL":
        return faust.SSLCredentials(context=context)
    return faust.SASLCredentials(
        mechanism=settings.sasl_mechanism,
        username=settings.username,
        password=settings.password,
        ssl_context=context if settings.security_protocol == "SASL_SSL" else None,
    )


def make_app(settings: AppSettings) -> faust.App:
    """The app, with everything switched off that could publish, store or lose something on its own."""
    brokers = ";".join(f"kafka://{one}" for one in settings.bootstrap.split(","))
    app = faust.App(
        settings.group,
        broker=brokers,
        broker_credentials=credentials(settings),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        # A standby replica of no table: it makes Faust use its own assignor, which keeps the partitions of co-subscribed
        # topics with one number together; without tables it would fall back to round robin.
        table_standby_replicas=1,
        consumer_group_instance_id=settings.instance or None,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCH_BYTES,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=min(2.0, settings.session_seconds / 4),
        broker_request_timeout=90.0,
        broker_max_poll_interval=3600.0,
        broker_commit_interval=1.0,
        broker_commit_every=1_000_000,
        stream_buffer_maxsize=64,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_processing_timeout=3600.0,
        producer_acks=-1,
        web_enabled=False,
        web_tables_enabled=False,
        worker_redirect_stdouts=False,
        **settings.extra,
    )
    app.transport = BulkTransport(app.conf.broker, app, app.loop)
    return app


def topics_of(app: faust.App) -> tuple[Any, Any]:
    """Events and catalog as raw bytes; parsing is ours."""
    events, catalog = (
        app.topic(one.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        for one in (EVENTS, CATALOG)
    )
    return events, catalog

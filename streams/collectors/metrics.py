"""What the collector counts of itself, for Prometheus; nothing in it names a person, a key or an address."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PAGE_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The collector's own counters in a registry to which every door may add its own."""

    def __init__(self) -> None:
        """An empty registry with the edge's counters."""
        self.registry = CollectorRegistry(auto_describe=True)
        self.requests = Counter(
            "headwater_collector_requests",
            "Requests answered, by route and status",
            ["path", "status"],
            registry=self.registry,
        )
        self.events = Counter(
            "headwater_collector_events", "Events by what became of them", ["outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "headwater_collector_request_seconds",
            "Seconds from a request's head to its answer, by route",
            ["path"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        for outcome in ("accepted", "duplicate", "rejected", "spooled", "unacknowledged"):
            self.events.labels(outcome)

    def gauge(self, name: str, told: str, read: Callable[[], float]) -> None:
        """A name, its meaning and how to read it -> a gauge that is read when asked for."""
        Gauge(f"headwater_collector_{name}", told, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """Everything counted, in Prometheus' text form."""
        return generate_latest(self.registry)

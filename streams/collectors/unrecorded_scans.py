"""Scans led on although nothing could record them, by code: the one lossy path, counted in a file that stays."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from streams.secret_files import write_secret

_log = logging.getLogger(__name__)


class UnrecordedScans(Collector):
    """How many, by site and code, since this home exists; only codes that are defined are counted."""

    def __init__(self, home: Path, registry: CollectorRegistry) -> None:
        """The home that keeps the counts and the registry that shows them."""
        self._path = home / "collector" / "unrecorded_scans.json"
        self._counts: Counter[tuple[str, str]] = Counter()
        self._changed = False
        try:
            for site, code, count in orjson.loads(self._path.read_bytes()):
                self._counts[str(site), str(code)] = int(count)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError):
            _log.error("the counts of unrecorded scans cannot be read: they begin at 0")
        registry.register(self)

    def add(self, site: str, code: str) -> None:
        """One more."""
        self._counts[site, code] += 1
        self._changed = True

    async def keep(self) -> None:
        """Writes the file when anything was counted since; on a full disk it is tried again later."""
        if not self._changed:
            return
        self._changed = False
        content = orjson.dumps([[site, code, count] for (site, code), count in sorted(self._counts.items())])
        try:
            await asyncio.to_thread(write_secret, self._path, content)
        except OSError:
            self._changed = True

    def collect(self) -> Iterable[CounterMetricFamily]:
        """The counts, for Prometheus."""
        family = CounterMetricFamily(
            "headwater_collector_scans_unrecorded",
            "Scans led on although nothing could record them",
            labels=["site", "code"],
        )
        for (site, code), count in sorted(self._counts.items()):
            family.add_metric([site, code], count)
        yield family

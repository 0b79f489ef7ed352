"""What only Kafka and the collector know, read every few seconds and kept in ClickHouse, where panels and alerts ask."""

import asyncio
import logging
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from infra.local import stack
from infra.local.progress import behind, log_ends, written_places
from infra.local.quietly import until_told
from infra.settings import Settings
from streams.domain.opening import is_open, open_minutes

log = logging.getLogger("headwater.observer")

PREFIX: Final = "headwater_collector_"
SAID_AGAIN_SECONDS: Final = 300.0
SITES_SECONDS: Final = 60.0
SILENT_DAYS: Final = 7
RETRY_SECONDS: Final = 10.0
_NICE: Final = 5
_COLUMNS: Final = ("at", "part", "name", "label", "value", "version")
_SITES: Final = """
SELECT site, time_zone, opening_hours, holidays FROM headwater.sites WHERE run = 'live' AND notEmpty(opening_hours)
"""
_NEWEST: Final = """
SELECT site, max(occurred_at) FROM headwater.events
WHERE site IN {sites:Array(String)} AND occurred_at > now() - toIntervalDay({days:UInt8}) AND occurred_at <= now()
GROUP BY site
"""


class Reading(NamedTuple):
    """One number of one part of the line."""

    part: str
    name: str
    label: str
    value: float


class Observer:
    """The readings of one installation; a number that stays is said again every five minutes only."""

    def __init__(self, settings: Settings, client: Any) -> None:
        """The settings and a client that may write."""
        self._settings = settings
        self._client = client
        self._said: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._sites_read = 0.0

    async def observe(self) -> int:
        """Reads everything once and writes what is new -> how many rows."""
        readings = [*await self._lag(), *_collector(self._settings.collector_port)]
        if time.monotonic() - self._sites_read >= SITES_SECONDS or not self._sites_read:
            readings += self._silence(datetime.now(UTC))
            self._sites_read = time.monotonic()
        now = time.monotonic()
        new = [one for one in readings if self._is_new(one, now)]
        if new:
            at = datetime.now(UTC)
            version = time.time_ns() // 1000
            rows = [[at, one.part, one.name, one.label, one.value, version] for one in new]
            self._client.insert("pipeline_rows", rows, column_names=_COLUMNS, database="headwater")
        return len(new)

    def _is_new(self, one: Reading, now: float) -> bool:
        value, said_at = self._said.get(one[:3], (float("nan"), 0.0))
        if value == one.value and now - said_at < SAID_AGAIN_SECONDS:
            return False
        self._said[one[:3]] = (one.value, now)
        return True

    async def _lag(self) -> list[Reading]:
        ends = await log_ends(self._settings)
        left = behind(ends, written_places(self._client))
        lags = [
            Reading("topic", "lag_events", str(number), left[number].events if number in left else 0)
            for number in ends
        ]
        total = float(sum(one.value for one in lags))
        return [Reading("topic", "lag_events_total", "", total), *lags]

    def _silence(self, now: datetime) -> Iterator[Reading]:
        sites = self._client.query(_SITES).result_rows
        asked = {"sites": [site for site, *_ in sites], "days": SILENT_DAYS}
        newest = dict(self._client.query(_NEWEST, parameters=asked).result_rows)
        for site, zone_name, hours, holidays in sites:
            zone = ZoneInfo(zone_name)
            last = newest.get(site)
            since = last.replace(tzinfo=UTC) if last else now - timedelta(days=SILENT_DAYS)
            minutes = (
                open_minutes(since, now, hours, set(holidays), zone)
                if is_open(now, hours, holidays, zone)
                else 0
            )
            yield Reading("site", "open_minutes_silent", site, minutes)


def _collector(port: int) -> Iterator[Reading]:
    """The collector's own metrics; none when it does not answer, which is a reading too."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode("utf-8")
    except OSError:
        yield Reading("collector", "answers", "", 0)
        return
    yield Reading("collector", "answers", "", 1)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith(PREFIX) and not sample.name.endswith(("_bucket", "_created")):
                label = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                yield Reading("collector", sample.name.removeprefix(PREFIX), label, sample.value)


def go_on(settings: Settings) -> None:
    """Observe until asked to stop."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # trouble is told below
    until_told(lambda: _observe_for_ever(settings), _NICE)


async def _observe_for_ever(settings: Settings) -> None:
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    while True:
        try:
            observer = Observer(settings, stack.writer(settings))
            while True:
                await observer.observe()
                await asyncio.sleep(settings.observe_seconds)
        except (ClickHouseError, KafkaError, OSError) as trouble:
            log.warning("once more in %d s: %s", RETRY_SECONDS, type(trouble).__name__)
        await asyncio.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    from infra.settings import load_settings

    go_on(load_settings())

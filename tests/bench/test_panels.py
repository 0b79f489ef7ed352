"""Every panel's query as a reader sends it, over many businesses: seconds and rows read. Printed only.

BENCH_PANEL_MILLIONS events (1) of BENCH_PANEL_SITES sites (1000); BENCH_PANEL_HOME keeps the stack's home and uses it again.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from grafana.boards import BOARDS
from grafana.macros import expand
from infra.local import stack
from infra.previews import choose, span_of
from infra.settings import Settings, load_settings
from schemas.doors import admit_entry
from streams.collectors.http import utc_now
from streams.collectors.producer import ProducerSettings, appending
from tests.bench.business import businesses, definitions
from tests.bench.live import cpu_seconds, measure, own_stack, written

pytestmark = [pytest.mark.bench, pytest.mark.timeout(14_400)]
MILLIONS = float(os.environ.get("BENCH_PANEL_MILLIONS", "1"))
SITES = int(os.environ.get("BENCH_PANEL_SITES", "1000"))
HOME = os.environ.get("BENCH_PANEL_HOME", "")
ASKED_SITES = 5


@contextmanager
def kept_stack(directory: Path) -> Iterator[Settings]:
    """A stack of the benchmark's own, or the one of the kept home."""
    if not HOME:
        with own_stack(directory) as settings:
            yield settings
        return
    settings = load_settings({}, Path(HOME), home=HOME, kafka_port=24100, clickhouse_port=24110,
                             collector_port=24120, audit_percent=0, workers=0,
                             reports=False, observe_seconds=0)  # fmt: skip
    stack.up(settings, lambda _: None)
    try:
        yield settings
    finally:
        stack.down(settings, lambda _: None)


async def define(settings: Settings) -> None:
    """The catalog of all sites into the log."""
    async with appending(ProducerSettings(brokers=settings.bootstrap)) as producer:
        entries = [admit_entry(body, now=utc_now()) for body in definitions(SITES)]
        for start in range(0, len(entries), 1000):
            await producer.append_entries(entries[start : start + 1000])


def test_panels(tmp_path: Path) -> None:
    with kept_stack(tmp_path) as settings:
        if not written(settings):
            asyncio.run(define(settings))
            events = round(MILLIONS * 1e6)
            print("\n", measure(settings, businesses(events, SITES), seconds=7200))
        client = stack.reader(settings)
        draw = random.Random(7)
        span = span_of(date(2026, 1, 1), date(2026, 3, 22), "Asia/Seoul")
        seconds: list[float] = []
        cpu: list[float] = []
        slowest: dict[str, tuple[float, float]] = {}
        for site in draw.sample([f"s{number}" for number in range(SITES)], ASKED_SITES):
            for board in BOARDS.values():
                given = {"site": site, "run": "live", "zone": "Asia/Seoul", "language": "ko"}
                chosen = choose(client, board, span, given)
                for panel in board.panels():
                    for sql in (panel.sql, panel.edges):
                        if sql:
                            before, began = cpu_seconds(settings, "clickhouse"), time.perf_counter()
                            client.query(expand(sql, span, chosen))
                            seconds.append(time.perf_counter() - began)
                            cpu.append(cpu_seconds(settings, "clickhouse") - before)
                            name = f"{board.slug}/{panel.slug}"
                            slowest[name] = max(slowest.get(name, (0.0, 0.0)), (cpu[-1], seconds[-1]))
        print(f"\n{len(seconds)} queries of {len(slowest)} panels, {rows_kept(client):,} rows kept")
        for what, took in (("wall", seconds), ("CPU of the engine", cpu)):
            cuts = quantiles(took, n=100)
            print(f"  {what}: p50 {cuts[49] * 1000:.0f} ms, p95 {cuts[94] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms,"
                  f" most {max(took) * 1000:.0f} ms")  # fmt: skip
        for name, (spent, took_longest) in sorted(slowest.items(), key=lambda one: -one[1][0])[:20]:
            print(f"  {name}: CPU {spent * 1000:.0f} ms, wall {took_longest * 1000:.0f} ms")


def rows_kept(client: Any) -> int:
    """Rows of all results and of the archive."""
    views = ("events", "touches", "conversions", "leads", "calls", "payments", "spend_daily")
    return sum(int(client.query(f"SELECT count() FROM headwater.{view}").result_rows[0][0]) for view in views)

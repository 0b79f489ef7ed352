"""Live is rebuilt from the log and swapped in: readers see the one or the other, whole, and workers go over."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from infra.live import live_label
from infra.local import progress, stack
from tests.audit.conftest import audits
from tests.line.harness import ROOT, Line, until
from tests.line.judging import judge
from tests.line.records import big_history, poison, reasons_of

pytestmark = pytest.mark.stack

BASE = "startsWith(site, 's41')"  # the sites of the fixture's history: nothing comes for them any more
MARKS = {
    "touch_rows": "keyword = 'before'",
    "lead_rows": "service = 'before'",
    "payment_rows": "service = 'before'",
    "call_rows": "keyword = 'before'",
    "activity_rows": "variant = 'before'",
    "funnel_rows": "visits = visits + 1",
    "site_rows": "currency = 'OLD'",
}
PROBES = (
    f"SELECT count(), countIf(keyword = 'before'), sum(cityHash64(*)) FROM headwater.touches WHERE {BASE}",
    f"SELECT count(), countIf(service = 'before'), sum(cityHash64(*)) FROM headwater.leads WHERE {BASE}",
    "SELECT count(), sum(visits), sum(revenue), sum(cityHash64(*)) FROM headwater.channel_scoreboard (sites = [{sites}],"
    + " branches = [], since = '2020-01-01', until = '2030-01-01', run = 'live', model = 'last')",
)


def rebuild(line: Line) -> "subprocess.Popen[str]":
    """`headwater replay --run live`, begun."""
    command = [sys.executable, "-m", "infra.cli", "replay", "--run", "live", "--processes", "1"]
    environment = os.environ | stack.outward_environment(line.settings)
    return subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_readers_see_one_whole_live_while_it_is_rebuilt(line: Line) -> None:
    sites = ", ".join(
        f"'{row['site']}'" for row in line.rows(f"SELECT DISTINCT site FROM headwater.touches WHERE {BASE}")
    )
    probes = [probe.replace("{sites}", sites) for probe in PROBES]
    right = [line.rows(probe) for probe in probes]
    for table, mark in MARKS.items():
        line.command(f"ALTER TABLE headwater.{table} UPDATE {mark} WHERE {BASE} SETTINGS mutations_sync = 2")
    marked = [line.rows(probe) for probe in probes]
    assert all(one != other for one, other in zip(marked, right, strict=True))
    seen: list[list[object]] = [[] for _ in probes]
    ended = threading.Event()

    def read(number: int) -> None:
        client = stack.reader(line.settings)
        while not ended.is_set():
            found = client.query(probes[number]).result_rows
            if not seen[number] or seen[number][-1] != found:
                seen[number].append(found)
        client.close()

    records = big_history(seed=43, events=600)

    def ingest() -> None:
        for start in range(0, len(records), 20):
            line.append(records[start : start + 20])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(probes))]
    threads.append(threading.Thread(target=ingest))
    for thread in threads:
        thread.start()
    process = rebuild(line)
    _, said = process.communicate(timeout=200)
    threads[-1].join()
    line.until_caught_up()
    ended.set()
    for thread in threads:
        thread.join()
    assert process.returncode == 0, said
    client = stack.writer(line.settings)
    assert live_label(client) == "live~2"
    assert [len(found) for found in seen] == [2] * len(probes), "readers saw the one, then the other"
    assert [line.rows(probe) for probe in probes] == right
    client.close()
    judge(line, reasons_of(poison()))
    assert not any(one.differences for one in audits(line))
    assert line.rows("SELECT DISTINCT run FROM headwater.touch_rows") == [{"run": "live~2"}]


@pytest.mark.deep
def test_a_rebuild_that_is_ahead_of_the_worker_loses_nothing(line: Line) -> None:
    """What the worker had not come to is in the results already; archive, fates and dead letters are told of it too."""
    (worker,) = line.workers
    worker.send(signal.SIGTERM)
    assert worker.wait(12) == 0
    line.append([record for record, _ in poison()] + big_history(seed=44, events=300))
    process = rebuild(line)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    ends = asyncio.run(progress.log_ends(line.settings))
    client = stack.writer(line.settings)
    assert progress.behind(ends, progress.written_places(client)), "the archive is behind"
    worker.start()
    until(lambda: not progress.behind(ends, progress.written_places(client)), 60, "the archive is there")
    client.close()
    line.append(big_history(seed=45, events=100))
    line.until_caught_up()
    until(lambda: worker.ready, 60, "it follows")
    judge(line, reasons_of(poison()))
    assert not any(one.differences for one in audits(line))

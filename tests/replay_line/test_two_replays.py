"""Two replays at once while events come in, one of them killed: whole runs or none, and what each would be alone."""

from collections import Counter

import pytest

from infra.local import stack
from infra.local.clickhouse import ingest_secret
from tests.command import begun
from tests.line.harness import Line, Record, until
from tests.line.judging import judge
from tests.line.proxy import Proxy, Request
from tests.line.records import big_history, event_record
from tests.replay_line.running import Load, Probe, Seen, commanded, digest_told, seen

pytestmark = [pytest.mark.stack, pytest.mark.deep, pytest.mark.timeout(400)]

UNTIL = ("--until", "2026-12-31")  # what comes in meanwhile is of the year after
SETTINGS = {
    "short": ("--window", 7, "--told", "count", *UNTIL),
    "keeping": ("--direct", "keep", "--models", "last,linear,markov", "--half-life", 3, *UNTIL),
}


def later(sites: list[str], number: int) -> list[Record]:
    """A lot of visits and inquiries of known visitors, after everything else."""
    return [
        event_record(
            {
                "event_id": f"later{number}/{index}",
                "type": "visit_seen" if index % 3 else "status_changed",
                "site": sites[index % len(sites)],
                "occurred_at": f"2027-01-{index % 28 + 1:02}T00:00:00Z",
                "visitor_id": f"v{index % 3 + 1}",
                **({"url": "https://center.example/"} if index % 3 else {"stage": "inquiry"}),
            }
        )
        for index in range(30)
    ]


def parts(line: Line, run: str) -> set[tuple[int, ...]]:
    """The units of a run that are in, as they were written."""
    rows = line.rows(
        f"SELECT partition, bucket, version FROM headwater.run_part_rows FINAL WHERE run = '{run}'"
    )
    return {tuple(map(int, row.values())) for row in rows}


def seen_now(line: Line) -> Seen:
    """What a reader sees of each run."""
    client = stack.reader(line.settings)
    try:
        return seen(client)
    finally:
        client.close()


def test_two_replays_one_of_them_killed_while_events_come_in(line: Line) -> None:
    records = big_history(seed=71, events=1_200)
    sites = sorted({one.key.decode() for one in records if one.key and b"|" not in one.key})
    worker = line.worker()
    line.append(records)
    units: Counter[str] = Counter()

    def second_unit(request: Request) -> bool:
        """Each run comes to a halt when its second unit's rows are in and not yet noted."""
        if request.table != "run_part_rows":
            return False
        run = next(name for name in SETTINGS if name.encode() in request.body)
        units[run] += 1
        return units[run] == 2

    with (
        Proxy(line.settings.clickhouse) as proxy,
        Probe(line) as probe,
        Load(line, lambda n: later(sites, n)) as load,
    ):
        proxy.holds = second_unit
        through = {"clickhouse_url": proxy.url, "clickhouse_password": ingest_secret(line.settings)}
        settings = line.settings.model_copy(update=through)
        running = {
            run: begun(settings, "replay", "--run", run, "--processes", 1, *options)
            for run, options in SETTINGS.items()
        }
        until(lambda: proxy.held == 2, 90, "both are in the middle")
        halfway = {run: parts(line, run) for run in SETTINGS}
        assert all(halfway.values())
        stored = line.rows("SELECT run, count() AS rows FROM headwater.touch_rows GROUP BY run")
        assert {row["run"] for row in stored} >= set(SETTINGS)
        looks = len(probe.looks)
        until(lambda: len(probe.looks) > looks + 2, 60, "a reader looks")
        running["keeping"].kill()
        running["keeping"].communicate()
        proxy.let_go()
        said, trouble = running["short"].communicate(timeout=90)
        assert running["short"].returncode == 0, trouble
        digests = {"short": digest_told(said, "short")}
        assert not any(run == "keeping" for _, run in seen_now(line))
        digests["keeping"] = commanded(line, "keeping", *SETTINGS["keeping"])
        assert halfway["keeping"] <= parts(line, "keeping")
        until(lambda: {run for _, run in probe.looks[-1]} == set(SETTINGS), 60, "a reader sees both")
    assert not probe.failures and not load.failures and load.lots > 3
    line.until_caught_up()

    final = seen_now(line)
    for run in SETTINGS:
        whole = {view: rows for (view, name), rows in final.items() if name == run}
        looks_at = [
            {view: rows for (view, name), rows in look.items() if name == run} for look in probe.looks
        ]
        assert all(look in ({}, whole) for look in looks_at), "a torn or mixed look"
        shown = [bool(look) for look in looks_at]
        assert shown == sorted(shown) and not shown[0] and shown[-1]
    for run, options in SETTINGS.items():
        assert commanded(line, f"{run}-alone", *options) == digests[run]
    assert digests["short"] != digests["keeping"]
    assert worker.codes == []
    judge(line)

"""A run is read whole or not at all, while it is written, dropped or swapped in.

Every reader here stops for a while whenever it is about to look up which rows a table has: what happens meanwhile
would show in one table and not in the other.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Self

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from infra import runs
from infra.live import swap
from streams.replay.ledger import Ledger, Run
from tests.clickhouse.store import RULE_MODELS, Row, put, read, show, utc

NINE = utc("2026-03-02T09:00:00")
ROWS = 7
LOOK = " UNION ALL ".join(
    [
        *(
            f"SELECT '{view}' AS view, count() AS found FROM headwater.{view} WHERE run = {{run:String}}"
            for view in ("touches", "credits", "payments", "channel_funnel_daily")
        ),
        """
        SELECT 'channel_scoreboard', count() FROM headwater.channel_scoreboard(sites = [], branches = [],
            since = '2026-03-01', until = '2026-03-31', run = {run:String}, model = 'last')
        """,
    ]
)
WHOLE = {
    "touches": ROWS,
    "payments": ROWS,
    "credits": ROWS * 5,
    "channel_funnel_daily": ROWS * 5,
    "channel_scoreboard": ROWS + 1,
}
NOTHING = dict.fromkeys(WHOLE, 0)


class Looking:
    """Somebody who looks at every view of a run in one question, again and again."""

    def __init__(self, folder: Path, run: str) -> None:
        self.looks: list[dict[str, int]] = []
        self._folder, self._run = folder, run
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.look_again()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def look_again(self) -> dict[str, int]:
        """What a question shows that is asked from now on."""
        wanted, deadline = len(self.looks) + 2, time.monotonic() + 60
        while len(self.looks) < wanted:
            assert time.monotonic() < deadline and self._thread.is_alive()
            time.sleep(0.01)
        return self.looks[wanted - 1]

    def _look_on(self) -> None:
        client = clickhouse_connect.get_client(interface="chdb", path=str(self._folder))
        client.command("SET merge_tree_storage_snapshot_sleep_ms = 5")
        while not self._stopping.is_set():
            self.looks.append({row["view"]: row["found"] for row in read(client, LOOK, run=self._run)})
        client.close()


@pytest.fixture
def looking(migrated: Client, engine_folder: Path) -> Iterator[Callable[[str], Looking]]:
    """A run's name -> somebody who looks at it."""
    yield lambda run: Looking(engine_folder, run)


def write(client: Client, label: str, rows: int = ROWS) -> None:
    """All rows of a run but the one that says that they may be seen, table by table and in two halves."""
    numbers = range(rows)
    own = {"run": label, "site": "clinic"}
    tables: dict[str, list[Row]] = {
        "touch_rows": [{**own, "touch_id": f"t{n}", "touched_at": NINE} for n in numbers],
        "conversion_rows": [
            {
                **own,
                "conversion_id": f"c{n}",
                "touch_ids": ["t1"],
                "touched_at": [NINE],
                "channels": ["email"],
                "campaigns": [""],
                **{f"w_{model}": [10**9] for model in ("first", "last", "linear", "time_decay", "position")},
            }
            for n in numbers
        ],
        "payment_rows": [{**own, "payment_id": f"p{n}"} for n in numbers],
        "funnel_rows": [{**own, "day": date(2026, 3, 2), "channel": f"c{n}", "visits": 1} for n in numbers],
        "site_rows": [{**own, "name": "clinic"}],
    }
    for table, written in tables.items():
        half = len(written) // 2
        put(client, table, written[:half], done=False)
        put(client, table, written[half:], done=False)


def done(run: str) -> Run:
    """What the ledger has of a run that is done."""
    return Run(run, "{}", "", "", "", "{}", RULE_MODELS, NINE, NINE, "done", ROWS, 1.0, "")


def test_a_run_appears_whole_and_vanishes_whole(migrated: Client, looking: Callable[[str], Looking]) -> None:
    for number in range(2):
        run = f"probed-{number}"
        with looking(run) as reader:
            write(migrated, run)
            entry = done(run)
            Ledger(migrated).write(entry, now_us=1)
            assert reader.look_again() == WHOLE
            runs.clear(migrated, entry)
            assert reader.look_again() == NOTHING
        assert [look for look in reader.looks if look not in (NOTHING, WHOLE)] == []
        assert read(
            migrated, "SELECT count() AS n FROM headwater.touch_rows WHERE run = {run:String}", run=run
        ) == [{"n": 0}]


def test_a_rebuilt_live_takes_the_place_of_the_other_at_once(
    migrated: Client, looking: Callable[[str], Looking]
) -> None:
    write(migrated, "live", rows=3)
    with looking("live") as reader:
        before = reader.look_again()
        write(migrated, "live~2")
        show(migrated, "live~2", status="done")  # what a rebuild says of itself lets nobody see it
        assert reader.look_again() == before
        swap(migrated, "live~2")
        assert reader.look_again() == WHOLE
        runs.drop_rows(migrated, "live")
        assert reader.look_again() == WHOLE
    assert [look for look in reader.looks if look not in (before, WHOLE)] == []
    assert before["touches"] == 3


def test_a_run_that_is_not_done_shows_nowhere_but_among_the_runs(migrated: Client) -> None:
    write(migrated, "begun")
    for version, status in enumerate(("running", "failed", "dropping")):
        show(migrated, "begun", status=status, version=version + 2)
        assert {row["view"]: row["found"] for row in read(migrated, LOOK, run="begun")} == NOTHING
        assert read(migrated, "SELECT status FROM headwater.runs WHERE run = 'begun'") == [{"status": status}]
    show(migrated, "audit~1")
    assert read(migrated, "SELECT run FROM headwater.runs WHERE position(run, '~')") == []

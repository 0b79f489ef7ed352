"""The core alone, in one process: how its cost an event depends on persons, history and the length of a journey.

`python -m tests.bench.core [EVENTS]`: CPU microseconds an event of decode, fold, settling and rows as they go out.
"""

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import orjson
from aiokafka import ConsumerRecord

from schemas.topics import EVENTS
from streams.agents.follower import Follower
from streams.sinks.clickhouse_sink import Step, columns_json
from streams.snapshots import Snapshots
from tests.bench.workload import START, small_job

CHUNK = 10_000


def records(made: Iterable[tuple[str, bytes]]) -> Iterator[ConsumerRecord]:
    """Values as they come from the log, all on one partition."""
    for offset, (site, value) in enumerate(made):
        yield ConsumerRecord(EVENTS.name, 0, offset, 0, 0, site.encode(), value, None, 0, 0, ())


def journeys(persons: int, touches: int) -> Iterator[tuple[str, bytes]]:
    """Persons with so many touches each and then an inquiry, a registration and a payment, interleaved."""
    for number in range(touches + 3):
        for person in range(persons):
            at = (START + timedelta(hours=4 * number, seconds=person)).isoformat()
            body: dict[str, object] = {"event_id": f"{person}.{number}", "site": "s0", "occurred_at": at}
            if number < touches:
                url = "https://c.kr/?utm_source=naver&utm_medium=cpc&utm_campaign=" + str(number % 3)
                body |= {"type": "visit_seen", "visitor_id": f"v{person}", "url": url}
            elif number == touches + 2:
                body |= {"type": "payment_received", "lead_id": f"L{person}", "amount": 850_000}
            else:
                stage = "inquiry" if number == touches else "registration"
                ids = {"lead_id": f"L{person}", "visitor_id": f"v{person}"}
                body |= {"type": "status_changed", "stage": stage, **ids}
            yield "s0", orjson.dumps(body)


def advanced(made: Iterable[tuple[str, bytes]], chunk: int = CHUNK) -> tuple[int, float]:
    """Events, and CPU seconds to decode, fold, settle and serialise them in steps."""
    follower = Follower(0, 1, 1)
    lot: list[ConsumerRecord] = []
    events, seconds = 0, 0.0

    def step() -> float:
        began = time.process_time()
        written = follower.advance(lot, Step(0, events, events + len(lot), 0, 0, 1, False))
        for table, rows in written.rows.items():
            columns_json(table, rows)
        return time.process_time() - began

    for record in records(made):
        lot.append(record)
        if len(lot) == chunk:
            seconds += step()
            events += len(lot)
            lot = []
            gc.freeze()
    if lot:
        seconds += step()
        events += len(lot)
    return events, seconds


def folded(made: Iterable[tuple[str, bytes]]) -> tuple[int, float, float]:
    """Events, and CPU seconds to fold them as on assignment, from the log and from a snapshot of its whole."""
    held = list(records(made))
    follower = Follower(0, 1, 1)
    began = time.process_time()
    follower.fold_only(held)
    follower.settle_only()
    from_log = time.process_time() - began
    with tempfile.TemporaryDirectory() as directory:
        store = Snapshots(Path(directory))
        store.save(0, follower.snapshot())
        began = time.process_time()
        assert store.load(0, 1, len(held), 0) is not None
        return len(held), from_log, time.process_time() - began


def main(events: int) -> None:
    """Print the lot."""
    gc.disable()
    for persons in (1_000, 10_000, 100_000, 1_000_000):
        if persons <= events * 2:
            count, seconds = advanced(small_job(events, persons, 1))
            print(f"{persons:>9,} persons: {count / seconds:>9,.0f} events per CPU-second", flush=True)
    for touches, persons in ((5, 2_000), (50, 300), (500, 40)):
        count, seconds = advanced(journeys(persons, touches), 2_000)
        print(f"{touches:>9} touches a person: {seconds / count * 1e6:>6.1f} us an event", flush=True)
    count, seconds, restored = folded(small_job(events, events // 5, 1))
    print(f"fold on assignment from the log: {count / seconds:,.0f} events per CPU-second", flush=True)
    print(f"fold on assignment from a snapshot: {count / restored:,.0f} events per CPU-second", flush=True)
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)

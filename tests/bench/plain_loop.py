"""The same credits by hand: one consumer, plain dicts, nothing durable, nothing checked, nobody joined.

What a competent hour makes of the small job: sessions are single visits, a visitor is its person, and a lead's stages
are credited by all five models to the visits of the last 90 days. It knows no catalog, no corrections and no copies
but by event_id. It stands beside the replay to say what all of that costs.

`python -m tests.bench.plain_loop BOOTSTRAP PARTITIONS consume|parse|credits`: prints records and CPU seconds.
"""

import asyncio
import gc
import sys
import time
from datetime import datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import EVENTS

PARTS = 1_000_000_000
WINDOW = 90 * 86_400.0
HALF_LIFE = 7 * 86_400.0
STAGES = ("inquiry", "consult", "registration")


def channel_of(url: str) -> str:
    """A channel by what the link holds."""
    if "utm_medium=cpc" in url:
        return "paid"
    if "utm_source=instagram" in url:
        return "social"
    return "blog" if "utm_" in url else "direct"


def credit(path: list[tuple[float, str]]) -> dict[str, list[int]]:
    """Parts per channel and model of one path."""
    sums: dict[str, list[int]] = {}
    count = len(path)
    newest = path[-1][0]
    decay = [2.0 ** ((at - newest) / HALF_LIFE) for at, _ in path]
    total = sum(decay)
    for index, (_, channel) in enumerate(path):
        edge = index in (0, count - 1)
        position = PARTS // count if count < 3 else PARTS * 2 // 5 if edge else PARTS // 5 // (count - 2)
        cell = sums.setdefault(channel, [0] * 5)
        cell[0] += PARTS if index == 0 else 0
        cell[1] += PARTS if index == count - 1 else 0
        cell[2] += PARTS // count
        cell[3] += int(PARTS * decay[index] / total)
        cell[4] += position
    return sums


class Loop:
    """The dicts."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.visits: dict[tuple[str, str], list[tuple[float, str]]] = {}
        self.visitor_of: dict[tuple[str, str], str] = {}
        self.reached: dict[tuple[str, str], dict[str, float]] = {}
        self.funnel: dict[tuple[str, str, str], list[int]] = {}
        self.counts: dict[tuple[str, str], int] = {}

    def take(self, body: dict[str, Any]) -> None:
        """One event."""
        site = body["site"]
        id = (site, body["event_id"])
        if id in self.seen:
            return
        self.seen.add(id)
        at = datetime.fromisoformat(body["occurred_at"]).timestamp()
        if body["type"] == "visit_seen":
            channel = channel_of(body["url"])
            self.visits.setdefault((site, body["visitor_id"]), []).append((at, channel))
            key = (site, channel)
            self.counts[key] = self.counts.get(key, 0) + 1
            return
        lead = (site, body["lead_id"])
        visitor = body.get("visitor_id")
        if visitor:
            self.visitor_of[lead] = visitor
        reached = self.reached.setdefault(lead, {})
        for stage in STAGES[: STAGES.index(body["stage"]) + 1]:
            if stage in reached:
                continue
            reached[stage] = at
            visits = self.visits.get((site, self.visitor_of.get(lead, "")), ())
            path = [visit for visit in visits if at - WINDOW <= visit[0] <= at]
            path = [visit for visit in path if visit[1] != "direct"] or path or [(at, "unattributed")]
            for channel, parts in credit(path).items():
                cell = self.funnel.setdefault((site, channel, stage), [0] * 5)
                for model in range(5):
                    cell[model] += parts[model]


async def run(bootstrap: str, count: int, what: str) -> None:
    """Read the whole topic of `count` partitions once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=8 << 20,
        fetch_max_bytes=8 << 20,
    )  # fmt: skip
    await consumer.start()
    partitions = [TopicPartition(EVENTS.name, number) for number in range(count)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    left = sum(ends.values())
    loop = Loop()
    gc.disable()
    records = 0
    began = time.process_time()
    while records < left:
        for batch in (await consumer.getmany(timeout_ms=1000)).values():
            records += len(batch)
            if what == "consume":
                continue
            for record in batch:
                body = orjson.loads(record.value)
                if what == "credits":
                    loop.take(body)
    print(records, time.process_time() - began)
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3]))

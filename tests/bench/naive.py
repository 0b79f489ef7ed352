"""The naive Faust agent: one event at a time through the same core, a table write for every changed row.

Run as `python -m tests.bench.naive` with HEADWATER_BROKERS and HEADWATER_DATADIR; it writes no ClickHouse.
"""

import os
from typing import Any

import faust

from schemas.topics import EVENTS
from streams.codec import decode_event
from streams.domain.partition import Partition, Refusal
from streams.sinks.rows import rows_of

PARTITIONS = int(os.environ.get("HEADWATER_PARTITIONS", "16"))

app = faust.App(
    "naive",
    broker=f"kafka://{os.environ.get('HEADWATER_BROKERS', '127.0.0.1:19092')}",
    datadir=os.environ.get("HEADWATER_DATADIR", "/tmp/naive"),
    store="memory://",
    topic_partitions=PARTITIONS,
    topic_disable_leader=True,
    table_standby_replicas=0,
    broker_session_timeout=10,
    worker_redirect_stdouts=False,
    autodiscover=False,
)
events = app.topic(
    EVENTS.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
)
rows = app.Table("rows", partitions=PARTITIONS)
done = app.Table("done", default=int, partitions=PARTITIONS)
folds: dict[int, Partition] = {}
STOP_AFTER = int(os.environ.get("NAIVE_STOP_AFTER", "0"))
seen = 0


@app.agent(events)
async def follow(stream: Any) -> None:
    """Each event: decoded, folded, settled, every changed row into the table."""
    global seen
    async for event in stream.events():
        seen += 1
        if seen in (1, STOP_AFTER):
            os.write(2, b"NAIVE begin\n" if seen == 1 else b"NAIVE end\n")  # past Faust's own streams
        number = event.message.partition
        fold = folds.setdefault(number, Partition(number, PARTITIONS))
        known = decode_event(event.value)
        if isinstance(known, Refusal):
            continue
        fold.take_event(known.site, known.fact)
        for site, changes in fold.settle():
            for table, written in rows_of("live", site, changes, 0, event.message.offset).items():
                for row in written:
                    rows[f"{table}|{row[1]}|{row[2]}"] = list(row)
        done[str(number)] = event.message.offset + 1


if __name__ == "__main__":
    app.main()

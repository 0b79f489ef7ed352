"""Senders for the benchmark of the doors, in a process of their own: as fast as answered, or so many lots a second.

`python -m tests.bench.door_load PORT KEY,… EVENTS_A_LOT CONNECTIONS SECONDS LOTS_A_SECOND`: 0 lots a second is as
fast as answered. Prints one JSON object.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter, defaultdict
from typing import Any

import uvloop

MARK = b"@@@@@@@@@@@@"


def template(events: int, site: str) -> bytes:
    """A lot of ordinary visits whose ids hold MARK."""
    lot = [
        {
            "event_id": f"{MARK.decode()}-{number}",
            "type": "visit_seen",
            "site": site,
            "occurred_at": "2026-03-02T11:00:00+09:00",
            "visitor_id": f"v{number}-{random.Random(number).randrange(10**9)}",
            "session_id": f"s{number}",
            "url": "https://clinic.kr/speech?utm_source=naver&utm_medium=cpc&utm_campaign=spring&n_keyword=a",
            "referrer": "https://m.search.naver.com/search.naver?query=a",
        }
        for number in range(events)
    ]
    return json.dumps(lot).encode()


class Load:
    """All connections of one run and what they saw."""

    def __init__(self, port: int, keys: list[str], events: int, seconds: float, pause: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.waits: defaultdict[int, list[float]] = defaultdict(list)
        self.broken: Counter[str] = Counter()
        self.offered = 0
        self._port = port
        self._events = events
        self._ends_at = time.monotonic() + seconds
        self._pause = pause
        bodies = [template(events, f"bench-{number}") for number in range(len(keys))]
        self._requests = [
            (
                f"POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
            for key, body in zip(keys, bodies, strict=True)
        ]
        self._lot = random.SystemRandom().randrange(10**11)

    async def connection(self, number: int, connections: int) -> None:
        """One connection, lot after lot; made anew whenever it was closed."""
        request = self._requests[number % len(self._requests)]
        next_at = time.monotonic() + self._pause * random.random()
        streams: Any = None
        while time.monotonic() < self._ends_at:
            if self._pause:
                behind = time.monotonic() - next_at
                if behind < 0:
                    await asyncio.sleep(-behind)
                else:  # slots that passed while an answer was awaited were offered all the same
                    missed = int(behind / self._pause)
                    self.offered += missed
                    next_at += missed * self._pause
                next_at += self._pause
            self.offered += 1
            self._lot += 1
            began = time.monotonic()
            try:
                if streams is None:
                    streams = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = streams
                writer.write(request.replace(MARK, b"%012d" % self._lot))
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head[9:12])
                lowered = head.lower()
                length = int(lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                if b"connection: close" in lowered:
                    writer.close()
                    streams = None
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.broken[type(error).__name__] += 1
                if streams is not None:
                    streams[1].close()
                streams, status = None, 0
                await asyncio.sleep(0.05)
            self.statuses[status] += 1
            self.waits[status].append(time.monotonic() - began)

    def told(self, seconds: float) -> dict[str, Any]:
        """What a run came to."""
        return {
            "seconds": seconds,
            "offered": self.offered,
            "events": self.statuses[202] * self._events,
            "statuses": dict(self.statuses),
            "broken": dict(self.broken),
            "p50": {status: quantile(waits, 0.5) for status, waits in self.waits.items()},
            "p99": {status: quantile(waits, 0.99) for status, waits in self.waits.items()},
        }


def quantile(waits: list[float], share: float) -> float:
    """The wait that this share of them does not exceed."""
    return sorted(waits)[min(len(waits) - 1, int(len(waits) * share))]


async def main(
    port: int, keys: list[str], events: int, connections: int, seconds: float, lots_a_second: float
) -> None:
    """One run."""
    pause = connections / lots_a_second if lots_a_second else 0.0
    began = time.monotonic()
    load = Load(port, keys, events, seconds, pause)
    await asyncio.gather(*(load.connection(number, connections) for number in range(connections)))
    print(json.dumps(load.told(time.monotonic() - began)))


if __name__ == "__main__":
    where, texts, lot, many, lasting, rate = sys.argv[1:]
    uvloop.run(main(int(where), texts.split(","), int(lot), int(many), float(lasting), float(rate)))

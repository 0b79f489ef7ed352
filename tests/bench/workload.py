"""The small job that the peers were measured on: visits and stages of many persons, about 133 bytes of JSON each.

20% are status events, 1% duplicates; every person has one visitor_id, its lead, and takes part at random, so that an
event mostly meets another person than the one before.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

START = datetime(2026, 1, 1, tzinfo=UTC)
URLS = (
    "https://c.kr/",
    "https://c.kr/",
    "https://c.kr/?utm_source=naver&utm_medium=cpc",
    "https://c.kr/?utm_source=google&utm_medium=cpc",
    "https://c.kr/?utm_source=instagram",
    "https://c.kr/?utm_source=blog&utm_medium=blog",
)
STAGES = ("inquiry", "consult", "registration")


def small_job(events: int, persons: int, sites: int = 16, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """(site, JSON) of each event, in order of time; the same for a seed."""
    draw = random.Random(seed)
    before: list[tuple[str, bytes]] = []
    step = timedelta(days=80) / events
    for number in range(events):
        if before and draw.random() < 0.01:
            yield draw.choice(before)
            continue
        person = draw.randrange(persons)
        site = f"s{person % sites}"
        body: dict[str, str] = {
            "event_id": f"e{number}",
            "site": site,
            "occurred_at": (START + step * number).isoformat(),
        }
        if draw.random() < 0.2:
            body |= {"type": "status_changed", "lead_id": f"L{person}", "stage": draw.choice(STAGES)}
            if draw.random() < 0.5:
                body["visitor_id"] = f"v{person}"
        else:
            body |= {"type": "visit_seen", "visitor_id": f"v{person}", "url": draw.choice(URLS)}
        made = (site, orjson.dumps(body))
        if len(before) < 1000:
            before.append(made)
        else:
            before[draw.randrange(1000)] = made
        yield made

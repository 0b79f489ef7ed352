"""Many businesses of a quarter: the visits and stages of `small_job`, and beside them calls, payments, spend, campaigns."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import orjson

from tests.bench.workload import START, small_job

CHANNELS = ("paid_search", "organic_social", "blog", "referral", "phone")
MONTHS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
CALL_SHARE = 0.01
PAYMENT_SHARE = 0.01
TOLD_SHARE = 0.005


def businesses(events: int, sites: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """(site, JSON) of about as many events, a tenth as many persons; spend first, then in order of time."""
    draw = random.Random(seed)
    persons = max(events // 10, sites)
    yield from _spend(sites)
    step = timedelta(days=80) / events
    for number, (site, value) in enumerate(small_job(events, persons, sites, seed)):
        yield site, value
        chance = draw.random()
        if chance > CALL_SHARE + PAYMENT_SHARE + TOLD_SHARE:
            continue
        person = draw.randrange(persons // sites) * sites + int(site[1:])
        body = {"event_id": f"x{number}", "site": site, "occurred_at": (START + step * number).isoformat()}
        if chance < CALL_SHARE:
            outcome = draw.choice(("answered", "answered", "answered", "missed", "abandoned"))
            body |= {
                "type": "call_ended",
                "call_id": f"c{number}",
                "number": f"+82215{int(site[1:]):06d}",
                "outcome": outcome,
                "lead_id": f"L{person}",
                "keyword": draw.choice(("a", "b", "c")),
            }
            body |= {"duration_seconds": draw.randrange(30, 600)} if outcome == "answered" else {}  # type: ignore[dict-item]
        elif chance < CALL_SHARE + PAYMENT_SHARE:
            body |= {"type": "payment_received", "lead_id": f"L{person}", "amount": 850_000}  # type: ignore[dict-item]
        else:
            body |= {"type": "source_told", "lead_id": f"L{person}", "channel": draw.choice(CHANNELS)}
        yield site, orjson.dumps(body)


def definitions(sites: int) -> Iterator[dict[str, object]]:
    """Catalog entries of every site: the site, its number, a campaign a month."""
    for number in range(sites):
        site = f"s{number}"
        entry = {"site": site, "defined_at": START.isoformat()}
        yield entry | {"kind": "site", "id": site, "ltv_months": 18, "ltv_monthly_revenue": 850_000}
        yield entry | {
            "kind": "tracking_number",
            "id": f"+82215{number:06d}",
            "assignments": [{"id": "a", "channel": "phone", "keyword": "k"}],
        }
        for month in MONTHS:
            yield entry | {
                "kind": "campaign",
                "id": f"campaign-{month:%m}",
                "channel": "paid_search",
                "budget": 600_000,
                "starts_on": month.isoformat(),
                "ends_on": (month + timedelta(days=27)).isoformat(),
                "goal_metric": "registration",
                "goal_count": 5,
            }


def _spend(sites: int) -> Iterator[tuple[str, bytes]]:
    for number in range(sites):
        for month in MONTHS:
            for channel in CHANNELS:
                name = f"{month:%m}-{channel}"
                body = {
                    "event_id": f"spend-{name}",
                    "type": "spend_recorded",
                    "site": f"s{number}",
                    "spend_id": name,
                    "channel": channel,
                    "amount": 300_000,
                    "occurred_at": START.isoformat(),
                    "period_start": month.isoformat(),
                    "period_end": (month + timedelta(days=27)).isoformat(),
                }
                if channel == "paid_search":
                    body["campaign"] = f"campaign-{month:%m}"
                yield f"s{number}", orjson.dumps(body)

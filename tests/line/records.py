"""Histories as records of the log, poison among them, and what must become of whatever the log then holds."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import orjson

from schemas.reading import Reason, canonical_body, canonical_entry
from schemas.topics import CATALOG, EVENTS, key_of_entry, partition_of
from streams.codec import Decoded, decode_event
from streams.domain.days import micros
from streams.domain.erasing import erased
from streams.domain.facts import FORGOTTEN
from streams.domain.forgetting import Forgettings
from tests.line.harness import PARTITIONS, Log, Record
from tests.published import Published, Row, judged
from tests.reference.histories import random_history
from tests.reference.reference import reference

Fates = dict[tuple[str, int], list[tuple[int, str, str]]]
Sites = dict[str, tuple[list[Row], list[Row]]]
Reasons = dict[tuple[str, int, bytes | None], Reason]

_VISIT = {
    "type": "visit_seen",
    "occurred_at": "2026-02-01T00:00:00Z",
    "visitor_id": "v1",
    "url": "https://center.example/",
}


def event_record(event: Row) -> Record:
    """An event where it belongs."""
    site = event["site"]
    return Record(EVENTS.name, partition_of(site, PARTITIONS), site.encode(), orjson.dumps(event))


def entry_record(entry: Row) -> Record:
    """A catalog entry where it belongs."""
    key = key_of_entry(entry["site"], entry["kind"], entry["id"])
    return Record(CATALOG.name, partition_of(entry["site"], PARTITIONS), key, orjson.dumps(entry))


def history_of(name: str, seed: int, size: int) -> tuple[list[Row], list[Row]]:
    """A random history whose sites nobody else has."""
    catalog, events = random_history(seed, size)
    renamed = [{**event, "site": f"{name}-{event['site']}"} for event in events]
    defined = [
        {**entry, "site": f"{name}-{entry['site']}"}
        | ({"id": f"{name}-{entry['site']}"} if entry["kind"] == "site" else {})
        for entry in catalog
    ]
    return defined, renamed


def big_history(seed: int, events: int, size: int = 60) -> list[Record]:
    """At least `events` events of many sites in one log: entries before, between and after, 5% copies, out of order."""
    rng = random.Random(seed)
    queues: list[list[Record]] = []
    count = 0
    while count < events:
        catalog, happened = history_of(f"s{seed}x{len(queues)}", rng.getrandbits(32), size)
        queue = [event_record(event) for event in happened]
        count += len(queue)
        for entry in catalog:
            queue.insert(rng.randrange(len(queue) + 1), entry_record(entry))
        queues.append(queue)
    records = _merged(rng, queues)
    for record in rng.sample(records, len(records) // 20):
        records.insert(rng.randrange(len(records) + 1), record)
    return records


def _merged(rng: random.Random, queues: list[list[Record]]) -> list[Record]:
    """All queues in one, a few of them advancing at a time."""
    waiting = [iter(queue) for queue in queues]
    rng.shuffle(waiting)
    active, records = waiting[:20], []
    waiting = waiting[20:]
    while active:
        one = rng.choice(active)
        record = next(one, None)
        if record is not None:
            records.append(record)
            continue
        active.remove(one)
        if waiting:
            active.append(waiting.pop())
    return records


def poison() -> list[tuple[Record, Reason]]:
    """Records of no use, and why."""
    site = "poisoned"
    here = partition_of(site, PARTITIONS)
    visit = {"event_id": "p1", "site": site, **_VISIT}
    entry = {"site": site, "kind": "channel", "id": "flyer", "defined_at": "2026-01-01T00:00:00Z"}

    def event(reason: Reason, *left_out: str, **said: Any) -> tuple[Record, Reason]:
        body = {name: value for name, value in {**visit, **said}.items() if name not in left_out}
        return Record(EVENTS.name, here, site.encode(), orjson.dumps(body)), reason

    def raw(topic: str, value: bytes | None, reason: Reason) -> tuple[Record, Reason]:
        return Record(topic, here, site.encode(), value), reason

    found = [
        event(Reason.MISSING_FIELD, "url"),
        event(Reason.MISSING_FIELD, "type"),
        event(Reason.UNKNOWN_TYPE, type="visit_sene"),
        event(Reason.NEWER_VERSION, v=99),
        event(Reason.INVALID_FIELD, url=7),
        event(Reason.INVALID_FIELD, occurred_at="yesterday"),
        event(Reason.INVALID_FIELD, site="No Slug"),
        event(Reason.INVALID_FIELD, v=0),
        event(Reason.INVALID_FIELD, type="payment_received", amount="100"),
        event(Reason.RAW_IDENTIFIER, phone="010-1234-5678"),
        event(Reason.CLOCK_AHEAD, occurred_at="2026-02-03T00:00:00Z", received_at="2026-02-01T00:00:00Z"),
        (Record(CATALOG.name, here, b"", orjson.dumps({**entry, "kind": "chanel"})), Reason.UNKNOWN_TYPE),
        (Record(CATALOG.name, here, None, orjson.dumps({**entry, "rules": 1})), Reason.INVALID_FIELD),
    ]
    for topic in (EVENTS.name, CATALOG.name):
        found += [
            raw(topic, b"no json", Reason.NOT_JSON),
            raw(topic, b"", Reason.NOT_JSON),
            raw(topic, b'{"site": "poisoned"', Reason.NOT_JSON),
            raw(topic, b'{"event_id": "p2", "v": NaN}', Reason.NOT_JSON),
            raw(topic, b"[" * 100_000, Reason.NOT_JSON),
            raw(topic, b'{"site": "\xff"}', Reason.NOT_UTF8),
            raw(topic, b"[1, 2]", Reason.NOT_AN_OBJECT),
            raw(topic, b"null", Reason.NOT_AN_OBJECT),
            raw(topic, b'{"url": "' + b"x" * 1_100_000 + b'"}', Reason.TOO_LARGE),
            raw(topic, random.Random(1).randbytes(2_000_000), Reason.TOO_LARGE),
            raw(topic, None, Reason.TOMBSTONE),
        ]
    elsewhere = (here + 1) % PARTITIONS
    found += [
        (Record(EVENTS.name, elsewhere, site.encode(), orjson.dumps(visit)), Reason.WRONG_PARTITION),
        (Record(CATALOG.name, elsewhere, None, orjson.dumps(entry)), Reason.WRONG_PARTITION),
    ]
    return found


def mixed(rng: random.Random, records: list[Record], among: Sequence[Record]) -> list[Record]:
    """Records with others put in at random places."""
    found = list(records)
    for record in among:
        found.insert(rng.randrange(len(found) + 1), record)
    return found


def told(log: Log, reasons: Reasons) -> tuple[Fates, Sites]:
    """What must become of each offset, and each site's entries and events that are of use, as they lie there."""
    fates: Fates = {}
    sites: Sites = {}
    for (topic, partition), records in log.items():
        bodies: dict[tuple[str, str], bytes] = {}
        newest: dict[tuple[str, str, str], tuple[datetime, bytes]] = {}
        fates[topic, partition] = []
        for offset, _, value in records:
            fate = ("applied", "")
            if value is None:
                fate = ("filtered", str(Reason.TOMBSTONE))
            elif (topic, partition, value) in reasons:
                fate = ("dead_lettered", str(reasons[topic, partition, value]))
            else:
                body = orjson.loads(value)
                entries, events = sites.setdefault(body["site"], ([], []))
                if topic == EVENTS.name:
                    events.append(body)
                    known = bodies.setdefault((body["site"], body["event_id"]), said := canonical_body(body))
                    if known != said:
                        fate = ("dead_lettered", str(Reason.ID_CONFLICT))
                    elif known is not said:
                        fate = ("duplicate", "")
                else:
                    entries.append(body)
                    name = (body["site"], body["kind"], body["id"])
                    mine = (datetime.fromisoformat(body["defined_at"]).astimezone(UTC), canonical_entry(body))
                    if newest.get(name) == mine:
                        fate = ("duplicate", "")
                    newest[name] = max(mine, newest.get(name, mine))
            fates[topic, partition].append((offset, *fate))
    return fates, sites


def reasons_of(poisonous: Iterable[tuple[Record, Reason]]) -> Reasons:
    """Which values are of no use, and why."""
    return {(one.topic, one.partition, one.value): reason for one, reason in poisonous}


def right(sites: Sites) -> Published:
    """What the reference says of every site, in one shape; worked out beside whoever waits."""
    found: Published = {}
    if sum(len(events) for _, events in sites.values()) < 2_000:
        for site in sites.values():
            for table, rows in _judged(site).items():
                found.setdefault(table, {}).update(rows)
        return found
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for one in pool.map(_judged, sites.values(), chunksize=8):
            for table, rows in one.items():
                found.setdefault(table, {}).update(rows)
    return found


def _judged(site: tuple[list[Row], list[Row]]) -> Published:
    entries, events = site
    return judged(reference(events, entries))


def archived(log: Log, fates: Fates) -> list[Row]:
    """The archive's rows: every event that was applied, with its bytes, but for who is forgotten."""
    forgotten: dict[str, Forgettings] = defaultdict(Forgettings)
    for (topic, partition), records in log.items():
        for one, (_, fate, _) in zip(records, fates[topic, partition], strict=True):
            event = (
                decode_event(one.value) if topic == EVENTS.name and fate == "applied" and one.value else None
            )
            if isinstance(event, Decoded) and event.fact.kind == FORGOTTEN:
                forgotten[event.site].note(event.fact.id, event.fact.at, event.fact.body)
    return [
        {"site": body["site"], "event_id": body["event_id"], "partition": partition, "offset": one.offset}
        | {"payload": erased(one.value, _at(body), forgotten[body["site"]])}
        | {"type": body["type"], "branch": body.get("branch", "")}
        for (topic, partition), records in log.items()
        if topic == EVENTS.name
        for one, (_, fate, _) in zip(records, fates[topic, partition], strict=True)
        if fate == "applied" and one.value is not None
        for body in [orjson.loads(one.value)]
    ]


def _at(body: Row) -> int:
    return micros(datetime.fromisoformat(body["occurred_at"]))

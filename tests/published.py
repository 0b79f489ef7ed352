"""What the core publishes, and what the reference says, brought to one shape: table -> key -> row, instants in µs."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from schemas.topics import partition_of
from streams.codec import decode_entry, decode_event
from streams.domain.partition import Partition, Refusal
from streams.sinks.rows import COLUMNS, rows_of

Row = dict[str, Any]
Published = dict[str, dict[str, Row]]

KEYS = {
    "touch_rows": ("site", "touch_id"),
    "conversion_rows": ("site", "conversion_id"),
    "payment_rows": ("site", "payment_id"),
    "lead_rows": ("site", "lead_key"),
    "call_rows": ("site", "call_id"),
    "spend_rows": ("site", "spend_id"),
    "funnel_rows": ("site", "day", "branch", "channel", "campaign"),
    "campaign_rows": ("site", "campaign"),
    "site_rows": ("site",),
    "channel_rows": ("site", "channel"),
    "activity_rows": ("site", "event_id"),
    "definition_rows": ("site", "kind", "id"),
}
INSTANTS = {"touched_at", "converted_at", "paid_at", "started_at", "first_touch_at", "inquiry_at", "consult_at",
            "registration_at", "happened_at", "defined_at"}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_APART = {"run", "version", "deleted"}


def _micros(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_micros(one) for one in value]
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return round(value * 1e6) if isinstance(value, (int, float)) else value


def _plain(name: str, value: Any) -> Any:
    if name in INSTANTS:
        return _micros(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain("", one) for one in value]
    return value


def shaped(row: Row) -> Row:
    """A row in the common shape, without what says who wrote it."""
    return {name: _plain(name, value) for name, value in row.items() if name not in _APART}


def key_of(table: str, row: Row) -> str:
    """The row's key within its table."""
    return "|".join(str(row[name]) for name in KEYS[table])


def taken(published: Published, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """Take written rows in, as the engine does: the newest of a key counts, a deleted one is none."""
    for table, written in rows.items():
        held = published.setdefault(table, {})
        for values in written:
            row = dict(zip(COLUMNS[table], values, strict=True))
            shape = shaped(row)
            if row["deleted"]:
                held.pop(key_of(table, shape), None)
            else:
                held[key_of(table, shape)] = shape


def folded(
    catalog: Sequence[Row],
    events: Sequence[Row],
    cuts: Iterable[int] = (),
    entries_at: Sequence[int] | None = None,
) -> tuple[Published, list[tuple[int, str]]]:
    """Everything the core publishes of a history, settled after each of `cuts`; and (index, reason) of what it refused.

    `entries_at` says before which event each entry comes (before all of them unless said).
    """
    partitions = {}
    published: Published = {}
    refused: list[tuple[int, str]] = []
    stops = set(cuts) | {len(events)}
    arrives: dict[int, list[Row]] = {}
    for number, entry in enumerate(catalog):
        arrives.setdefault(entries_at[number] if entries_at else 0, []).append(entry)

    def partition(site: str) -> Partition:
        number = partition_of(site, 4)
        if number not in partitions:
            partitions[number] = Partition(number, 4)
        return partitions[number]

    for index in range(len(events) + 1):
        for entry in arrives.get(index, ()):
            read = decode_entry(orjson.dumps(entry))
            assert not isinstance(read, Refusal), read
            partition(entry["site"]).take_entry(*read)
        if index in stops:
            for one in partitions.values():
                for site, changes in one.settle():
                    taken(published, rows_of("live", site, changes, one.sites[site].payments, index))
        if index < len(events):
            known = decode_event(orjson.dumps(events[index]))
            assert not isinstance(known, Refusal), known
            fate = partition(events[index]["site"]).take_event(known.site, known.fact)
            if isinstance(fate, Refusal):
                refused.append((index, str(fate.reason)))
    return {table: rows for table, rows in published.items() if rows}, refused


def judged(results: dict[str, list[Row]]) -> Published:
    """The reference's results in the common shape."""
    published: Published = {}
    for table, rows in results.items():
        if table not in KEYS:
            continue
        for row in rows:
            shape = shaped(row)
            if table == "conversion_rows":
                _only_credited(shape)
            published.setdefault(table, {})[key_of(table, shape)] = shape
    return published


def _only_credited(row: Row) -> None:
    """Touches that no model may credit (direct, dropped) are not on the published path."""
    kept = [index for index, weight in enumerate(row["w_linear"]) if weight]
    for name, value in row.items():
        if isinstance(value, list) and value:
            row[name] = [value[index] for index in kept]


def differences(mine: Published, theirs: Published) -> list[str]:
    """Every row and column in which the two differ, in words."""
    found = []
    for table in KEYS:
        left, right = mine.get(table, {}), theirs.get(table, {})
        for key in sorted(left.keys() | right.keys()):
            one, other = left.get(key), right.get(key)
            if one is None or other is None:
                found.append(f"{table} {key}: {'missing' if one is None else 'extra'}: {one or other}")
                continue
            for name in other:
                if name == "definition" and orjson.loads(one[name]) == orjson.loads(other[name]):
                    continue  # 1 and 1.0 say the same
                if one.get(name) != other[name]:
                    found.append(f"{table} {key} {name}: {one.get(name)!r} should be {other[name]!r}")
    return found


def random_cuts(rng: random.Random, size: int) -> list[int]:
    """Where a history of `size` events is settled."""
    return sorted({rng.randrange(size + 1) for _ in range(rng.choice((0, 1, 3, size)))})

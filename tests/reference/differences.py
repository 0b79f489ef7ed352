"""Two results compared table by table, row by row, in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.reference.splits import MODELS

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
DECAY = MODELS.index("time_decay")


def differences(
    expected: Mapping[str, Sequence[Mapping[str, Any]]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    tables: Iterable[str] = tuple(KEYS),
    *,
    allow_decay: int = 0,
) -> list[str]:
    """What is missing, too much or other in `found`; columns that `expected` lacks are not looked at.

    `allow_decay` is how far a number of the time decay model may be off.
    """
    said = []
    for table in tables:
        wanted, there = (_keyed(table, results.get(table, ())) for results in (expected, found))
        said += [f"{table} {key}: missing" for key in wanted.keys() - there.keys()]
        said += [f"{table} {key}: too much" for key in there.keys() - wanted.keys()]
        for key in wanted.keys() & there.keys():
            for column, value in wanted[key].items():
                if column not in there[key]:
                    said.append(f"{table} {key} {column}: no such column")
                elif not _same(column, value, there[key][column], allow_decay):
                    said.append(f"{table} {key} {column}: expected {value!r}, found {there[key][column]!r}")
    return sorted(said)


def _keyed(table: str, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    keyed = {tuple(row[name] for name in KEYS[table]): row for row in rows}
    assert len(keyed) == len(rows), f"{table} has a key twice"
    return keyed


def _same(column: str, wanted: Any, there: Any, allow_decay: int) -> bool:
    if wanted == there:
        return True
    if not isinstance(wanted, list) or len(wanted) != len(there):
        return False
    if list(wanted) == list(there):
        return True
    far = [place for place, (a, b) in enumerate(zip(wanted, there, strict=True)) if a != b]
    if column in ("w_time_decay", "r_time_decay", "c_time_decay"):
        return all(abs(wanted[place] - there[place]) <= allow_decay for place in far)
    if len(wanted) == len(MODELS) and far == [DECAY]:
        return bool(abs(wanted[DECAY] - there[DECAY]) <= allow_decay)
    return False

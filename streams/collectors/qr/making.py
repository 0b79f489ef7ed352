"""Codes as catalog entries: a new one, one that stands for something else from a day on, one that is off.

Bodies for `edge.define` or `headwater define`. What was printed stays; where it leads and what it counts for may
change any day, and scans of the days before keep what they stood for.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import orjson

from schemas.catalog import Assignment, CatalogEntry, QrCodeEntry
from schemas.event import to_json
from streams.collectors.qr.codes import are_digits

REFERRAL: Final = "referral"
"""The channel of a personal code; it ships as word of mouth, and free."""

STANDS_FOR: Final = (
    "channel",
    "campaign",
    "keyword",
    "ad_group",
    "branch",
    "placement",
    "print_run",
    "referrer",
)
"""What an assignment says beside its days and its destination."""


def code_body(
    site: str,
    code: str,
    *,
    day: date,
    stands_for: Mapping[str, str | None],
    destination: str | None = None,
    name: str | None = None,
    expires_on: date | None = None,
) -> dict[str, Any]:
    """A site, a new code, what it stands for from a local day on and where it leads -> its catalog entry."""
    assignment = {"id": str(day), "from": str(day), **_given(stands_for)}
    return {
        "site": site,
        "kind": "qr_code",
        "id": code,
        **_given({"name": name, "destination": destination, "expires_on": _said(expires_on)}),
        "assignments": [assignment],
    }


def referral_code_body(
    site: str, code: str, lead_id: str, *, day: date, destination: str | None = None
) -> dict[str, Any]:
    """A site, a new code or six digits, and the customer's lead_id -> the entry of their personal code.

    Six digits lead nowhere: whoever guesses some learns nothing from the redirect.
    """
    return code_body(
        site,
        code,
        day=day,
        stands_for={"channel": REFERRAL, "referrer": lead_id},
        destination=None if are_digits(code) else destination,
    )


def changed_body(
    entry: QrCodeEntry,
    *,
    now: datetime,
    day: date,
    destination: str | None = None,
    stands_for: Mapping[str, str | None] | None = None,
    disabled: bool | None = None,
    expires_on: date | None = None,
) -> dict[str, Any]:
    """A code as it is defined and what changes from a local day on -> its new entry; None changes nothing.

    A new destination counts at once, for every assignment of that day and later. What the code stands for
    changes on the day: the assignment there ends the day before, a new one takes its other words and its end.
    """
    body = _body(entry)
    body["defined_at"] = _after(entry, now).isoformat()
    assignments = [_assignment(one) for one in entry.assignments or ()]
    if destination is not None:
        body["destination"] = destination
        for one in assignments:
            if one.get("to") is None or one["to"] >= str(day):
                one.pop("destination", None)
    if changes := _given(stands_for or {}):
        assignments = _from_day_on(assignments, day, changes)
    if assignments:
        body["assignments"] = assignments
    if disabled is not None:
        body["disabled"] = disabled
    if expires_on is not None:
        body["expires_on"] = str(expires_on)
    return body


def referrer_of(entry: QrCodeEntry) -> str | None:
    """A code -> the lead_id of the customer whose personal code it is, today or ever; None for all others."""
    return next((one.referrer for one in reversed(entry.assignments or []) if one.referrer), None)


def personal_code(entries: Iterable[CatalogEntry], lead_id: str, *, digits: bool) -> QrCodeEntry | None:
    """A site's codes and a customer -> the personal code there is already, to scan or to say; None without one."""
    for entry in entries:
        if (
            isinstance(entry, QrCodeEntry)
            and not entry.disabled
            and referrer_of(entry) == lead_id
            and are_digits(entry.id) is digits
        ):
            return entry
    return None


def forgotten_bodies(
    entries: Iterable[CatalogEntry], lead_ids: Container[str], *, now: datetime
) -> list[dict[str, Any]]:
    """A site's codes and the lead_ids of somebody forgotten -> their codes once more: off, and nobody's."""
    bodies = []
    for entry in entries:
        if not isinstance(entry, QrCodeEntry):
            continue
        assignments = [_assignment(one) for one in entry.assignments or ()]
        if not any(one.get("referrer") in lead_ids for one in assignments):
            continue
        for one in assignments:
            one.pop("referrer", None)
        later = {"defined_at": _after(entry, now).isoformat(), "disabled": True, "assignments": assignments}
        bodies.append({**_body(entry), **later})
    return bodies


def _from_day_on(
    assignments: list[dict[str, Any]], day: date, changes: Mapping[str, str]
) -> list[dict[str, Any]]:
    first = str(day)
    kept: list[dict[str, Any]] = []
    new: dict[str, Any] = {"from": first}
    following = [one["from"] for one in assignments if one.get("from") is not None and one["from"] > first]
    if following:
        new["to"] = str(date.fromisoformat(min(following)) - timedelta(days=1))
    for one in assignments:
        begins, ends = one.get("from") or "", one.get("to")
        if not (begins <= first and (ends is None or first <= ends)):
            kept.append(one)
            continue
        new |= {name: value for name, value in one.items() if name not in ("id", "from")}
        if begins < first:
            kept.append({**one, "to": str(day - timedelta(days=1))})
    used = {one["id"] for one in kept}
    number, id = 1, first
    while id in used:
        number += 1
        id = f"{first}-{number}"
    return [*kept, {"id": id, **new, **changes}]


def _body(entry: CatalogEntry) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(to_json(entry))
    return {name: value for name, value in body.items() if value is not None}


def _assignment(one: Assignment) -> dict[str, Any]:
    return one.model_dump(mode="json", by_alias=True, exclude_none=True)


def _after(entry: CatalogEntry, now: datetime) -> datetime:
    """Now, or just after the entry where its clock was ahead: the newest entry is the one that counts."""
    return max(now, entry.defined_at + timedelta(microseconds=1))


def _given(fields: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _said(day: date | None) -> str | None:
    return str(day) if day is not None else None

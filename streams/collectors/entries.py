"""Catalog entries as an operator wrote them -> entries for the log, all of them or none.

Numbers become E.164, shared phones and e-mails pseudonyms (one per retained key version), and the id may be
left out where another field already says it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.catalog import CatalogEntry
from schemas.doors import Refused, admit_entry
from schemas.problems import Problem, masked
from schemas.reading import is_pseudonym
from streams.collectors.privacy import Pseudonyms, normalised_email, normalised_phone
from streams.domain.phones import e164

_ID_ELSEWHERE = {"site": "site", "qr_code": "code", "tracking_number": "number"}


class EntriesRefused(Exception):
    """Nothing was defined: every problem, with the entry it belongs to."""

    def __init__(self, problems: list[tuple[str, Problem]]) -> None:
        """(entry, problem) pairs, at least one."""
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def admit_entries(bodies: Sequence[object], pseudonyms: Pseudonyms, *, now: datetime) -> list[CatalogEntry]:
    """Entries as written -> entries for the log, defined now unless they say when; raises EntriesRefused."""
    entries: list[CatalogEntry] = []
    problems: list[tuple[str, Problem]] = []
    places: dict[tuple[str, str, str, datetime], str] = {}
    for place, body in enumerate(bodies, start=1):
        name = _name_of(place, body)
        if not isinstance(body, Mapping):
            problems.append(
                (name, Problem("the entry", "no list of fields", "site, kind, id and what they define"))
            )
            continue
        entry, wrong = _admitted(body, pseudonyms, now)
        problems += [(name, problem) for problem in wrong]
        if entry is None:
            continue
        same = (entry.site, entry.kind, entry.id, entry.defined_at)
        if same in places:
            found = f"the same site, kind, id and defined_at as {places[same]}"
            problems.append((name, Problem("id", found, "one entry, or another defined_at")))
        places.setdefault(same, name)
        entries.append(entry)
    if problems:
        raise EntriesRefused(problems)
    return entries


def _admitted(
    body: Mapping[str, Any], pseudonyms: Pseudonyms, now: datetime
) -> tuple[CatalogEntry | None, list[Problem]]:
    written = dict(body)
    kind = written.get("kind")
    elsewhere = _ID_ELSEWHERE.get(kind) if isinstance(kind, str) else None
    for field in ("id", elsewhere or "id"):
        if type(written.get(field)) is int:
            written[field] = str(written[field])  # YAML reads 15771577 as a number
    if elsewhere is not None and "id" not in written and elsewhere in written:
        written["id"] = written[elsewhere]
    if kind == "site" and "site" not in written and "id" in written:
        written["site"] = written["id"]
    if kind == "tracking_number":
        for field in ("id", "number"):
            if isinstance(written.get(field), str):
                written[field] = e164(written[field]) or written[field]
    problems: list[Problem] = []
    site = written.get("site")
    if isinstance(written.get("shared_identifiers"), list) and isinstance(site, str):
        written["shared_identifiers"] = _shared(written["shared_identifiers"], site, pseudonyms, problems)
    try:
        return admit_entry(written, now=now), problems
    except Refused as refused:
        return None, problems + refused.problems


def _shared(listed: list[Any], site: str, pseudonyms: Pseudonyms, problems: list[Problem]) -> list[Any]:
    shared: list[Any] = []
    for index, one in enumerate(listed):
        named = one
        if isinstance(one, str):
            named = {"email" if "@" in one else "phone": one}
        if not isinstance(named, Mapping) or len(named) != 1:
            shared.append(one)
            continue
        ((name, text),) = named.items()
        if name not in ("phone", "email") or not isinstance(text, str) or is_pseudonym(text):
            shared.append({name: text})
            continue
        value = normalised_phone(text) if name == "phone" else normalised_email(text)
        if value is None:
            fix = "a number like 02-555-1234" if name == "phone" else "an address like name@example.kr"
            found = f"{len(text)} characters that are none"
            problems.append(Problem(f"shared_identifiers.{index}.{name}", found, fix))
            continue
        shared += [{name: pseudonym} for pseudonym in pseudonyms.of(site, value)]
    return shared


def _name_of(place: int, body: object) -> str:
    if not isinstance(body, Mapping):
        return f"entry {place}"
    kind, name = body.get("kind"), body.get("id", body.get("number", body.get("code", body.get("site", ""))))
    said = " ".join(masked(str(part)) for part in (kind, name) if part not in (None, ""))
    return f"entry {place} ({said})" if said else f"entry {place}"

"""What an import would do, for a person to look at before it does: columns, first events (masked), counts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.collectors.importers.columns import Columns
from streams.collectors.importers.drafts import Draft, Namer, Refusal, Skipped
from streams.collectors.importers.files import OpenFile
from streams.collectors.importers.importing import Door

LOOKED_AT_ROWS = 2_000
SHOWN_EVENTS = 5


@dataclass
class Preview:
    """The first rows of a file as they would be taken in."""

    columns: Columns | None
    events: list[dict[str, Any]] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0
    looked_at: int = 0
    whole: bool = False


def preview_of(opened: OpenFile, namer: Namer, door: Door, *, refusals: int = SHOWN_EVENTS) -> Preview:
    """A file just opened -> its preview; at most 2,000 outcomes are looked at and nothing is appended.

    Of the refusals the first few are kept, or as many as asked for.
    """
    preview = Preview(opened.columns)
    outcomes = itertools.islice(opened.outcomes, LOOKED_AT_ROWS)
    count = 0
    for count, outcome in enumerate(outcomes, start=1):  # noqa: B007 - the last count is what is wanted
        refusal: Refusal | None = None
        if isinstance(outcome, Skipped):
            preview.skipped[outcome.reason] += 1
        elif isinstance(outcome, Draft):
            named = namer.name(outcome)
            if named is None:
                preview.skipped["repeated line"] += 1
                continue
            admitted = door.admit(named.line, named.event_id, named.body)
            if isinstance(admitted, Refusal):
                refusal = admitted
            else:
                preview.types[outcome.body["type"]] += 1
                if len(preview.events) < SHOWN_EVENTS:
                    preview.events.append(masked(outcome.body))
        else:
            refusal = outcome
        if refusal is not None:
            preview.refused += 1
            if len(preview.refusals) < refusals:
                preview.refusals.append(refusal)
    preview.looked_at = opened.lines
    preview.whole = count < LOOKED_AT_ROWS
    return preview


def masked(body: dict[str, Any]) -> dict[str, Any]:
    """An event's body with the phone cut to its last four digits, and an e-mail without its name."""
    shown = dict(body)
    if "phone" in body:
        shown["phone"] = f"…{body['phone'][-4:]}"
    if "email" in body:
        shown["email"] = f"…@{body['email'].rpartition('@')[2]}"
    return shown


def preview_lines(preview: Preview) -> Iterator[str]:
    """A preview -> lines for people."""
    if preview.columns is not None:
        yield (
            f"header in line {preview.columns.header_line}"
            if preview.columns.header_line
            else "no header: columns by position"
        )
        width = max(len(name) for name in preview.columns.of)
        for name, column in preview.columns.of.items():
            unit = f" [{column.unit}]" if column.unit else ""
            yield f"  {name:<{width}}  <- {column.header}{unit}"
        if preview.columns.ignored:
            yield f"  never read: {', '.join(preview.columns.ignored)}"
    yield "the first events, phones masked:" if preview.events else "no event in the rows looked at"
    for event in preview.events:
        yield f"  {orjson.dumps(event).decode()}"
    scope = "the whole file" if preview.whole else f"the first {preview.looked_at:,} rows"
    counts = [f"{number:,} {kind}" for kind, number in sorted(preview.types.items())]
    counts += [f"{number:,} skipped ({reason})" for reason, number in sorted(preview.skipped.items())]
    counts += [f"{preview.refused:,} refused"]
    yield f"in {scope}: {', '.join(counts)}"
    for refusal in preview.refusals:
        yield f"  {refusal_line(refusal)}"


def refusal_line(refusal: Refusal) -> str:
    """A refusal -> one line for people."""
    where = f"line {refusal.line}" + (f", {refusal.column}" if refusal.column else "")
    return f"{where}: found {refusal.found}; right would be {refusal.fix}"

"""Outcomes of a file -> the log: named, admitted, appended in lots, remembered, and withdrawn where corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from schemas.doors import Refused, admit_event
from schemas.event import Event
from streams.collectors.importers.columns import Columns
from streams.collectors.importers.drafts import Draft, Identified, Namer, Outcome, Refusal, Skipped, digest
from streams.collectors.importers.ledger import Entry, Ledger, event_id
from streams.collectors.privacy import Pseudonyms, pseudonymised

LOT = 2_000
_CLEANED = frozenset({"visit_seen", "page_viewed"})  # access_log cleans its URLs itself, each once
KEPT_REFUSALS = 1_000

# What a problem of the schema means in the file: event field -> importer's field, where they differ.
_FIELD_OF = {
    "occurred_at": (
        "started_at",
        "ended_at",
        "date",
        "calldate",
        "paid_at",
        "period_start",
        "month",
        "at_inquiry",
    ),
    "duration_seconds": ("duration", "billsec"),
    "wait_seconds": ("wait",),
    "answer": ("source",),
    "url": ("url",),
}


class Log(Protocol):
    """Where events go; returns once they are acknowledged."""

    def append_events(self, events: Sequence[Event]) -> Awaitable[Any]:
        """Events -> the log."""


@dataclass
class Report:
    """What became of a file."""

    read: int = 0
    accepted: int = 0
    known: int = 0
    repeated: int = 0
    withdrawn: int = 0
    kept: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class Door:
    """Drafts that have an id -> events fit for the log: pseudonyms for phones, cleaned URLs, the schema's own checks."""

    def __init__(self, pseudonyms: Pseudonyms, now: datetime, columns: Columns | None) -> None:
        """`now` is when the file is received; `columns` name a field as the file does."""
        self._pseudonyms = pseudonyms
        self._now = now
        self._columns = columns

    def admit(self, line: int, said: str, body: dict[str, Any]) -> Event | Refusal:
        """A body and its id -> event, or the line's refusal."""
        try:
            return self.admitted(said, body)
        except Refused as refused:
            first = refused.problems[0]
            return Refusal(line, self._header(first.field), first.found, first.fix)

    def admitted(self, said: str, body: dict[str, Any]) -> Event:
        """A body and its id -> event; raises Refused."""
        event = {"event_id": said, **body}
        if body["type"] not in _CLEANED:
            event, problems = pseudonymised(event, self._pseudonyms, public=False)
            if problems:
                raise Refused(problems)
        return admit_event(event, now=self._now).model_copy(update={"received_at": self._now})

    def _header(self, name: str) -> str:
        if self._columns is None:
            return name
        for candidate in (name, *_FIELD_OF.get(name, ())):
            column = self._columns.of.get(candidate)
            if column is not None:
                return column.header
        return name


class Import:
    """One run of one source: hand it outcomes, then let it finish."""

    def __init__(
        self,
        kind: str,
        site: str,
        *,
        namer: Namer,
        door: Door,
        ledger: Ledger,
        log: Log,
        on_refused: Callable[[Refusal], None] = lambda refusal: None,
    ) -> None:
        """Everything a run speaks to; `on_refused` hears every refusal as it happens."""
        self.report = Report()
        self._kind = kind
        self._site = site
        self._namer = namer
        self._door = door
        self._ledger = ledger
        self._log = log
        self._on_refused = on_refused
        self._lot: list[Identified] = []

    async def take(self, outcomes: Iterable[Outcome]) -> None:
        """All outcomes of the file, appended in lots; each lot is acknowledged, then remembered."""
        await self._withdraw_planned()
        for outcome in outcomes:
            if isinstance(outcome, Draft):
                named = self._namer.name(outcome)
                if named is None:
                    self.report.repeated += 1
                    continue
                self._lot.append(named)
                if len(self._lot) >= LOT:
                    await self._flush()
            elif isinstance(outcome, Skipped):
                self.report.skipped[outcome.reason] += 1
            else:
                self._refuse(outcome)
        await self._flush()

    async def _flush(self) -> None:
        lot, self._lot = self._lot, []
        if not lot:
            return
        known = self._ledger.known([one.event_id for one in lot])
        entries: list[Entry] = []
        events: list[Event] = []
        again: list[str] = []
        for one in lot:
            before = known.get(one.event_id)
            if before is not None and not before.withdrawn:
                again.append(one.event_id)
                continue
            generation = before.generation + 1 if before else 1
            admitted = self._door.admit(one.line, event_id(one.event_id, generation), one.body)
            if isinstance(admitted, Refusal):
                self._refuse(admitted)
                continue
            occurred_at = one.body["occurred_at"]
            entries.append(Entry(one.event_id, generation, one.native, occurred_at, occurred_at[:10]))
            events.append(admitted)
        if events:
            await self._log.append_events(events)
        self._ledger.record(entries, again)
        self.report.accepted += len(entries)
        self.report.known += len(again)

    def _refuse(self, refusal: Refusal) -> None:
        self.report.refused += 1
        if len(self.report.refusals) < KEPT_REFUSALS:
            self.report.refusals.append(refusal)
        self._on_refused(refusal)

    async def withdraw_replaced(self, replaces: str | None) -> None:
        """Withdraws what an earlier file said and this one does not.

        With `replaces`, all of it. Without, this must be the same file again (the same name, and rows in common);
        where it begins later and ends later, as an export of the last three months does, what lies before its first day
        stays; what has no successor stays also while lines are refused or where another file still says it.
        """
        forced = replaces is not None
        if (
            not forced
            and not self._ledger.repeats()
            and not any(new for _, new, _ in self._ledger.gone(None))
        ):
            return
        first, last, number = self._ledger.span(this_run=True)
        _, old_last, _ = self._ledger.span(this_run=False)
        rolling = not forced and number > 0 and last > old_last
        reasons: Counter[str] = Counter()
        lot: list[tuple[Entry, str | None]] = []
        for entry, successor, elsewhere in self._ledger.gone(replaces):
            if successor is None and not forced:
                if self.report.refused:
                    reasons["because lines were refused"] += 1
                    continue
                if rolling and entry.day < first:
                    reasons[f"from before {first}, where this file begins"] += 1
                    continue
            if successor is None and elsewhere:
                reasons["because another file says them too"] += 1
                continue
            lot.append((entry, successor))
            if len(lot) >= LOT:
                await self._withdraw(lot, replaces)
                lot = []
        await self._withdraw(lot, replaces)
        self.report.kept = [f"{number:,} {reason}" for reason, number in sorted(reasons.items())]

    async def _withdraw_planned(self) -> None:
        planned = self._ledger.planned_withdrawals()
        if planned:
            await self._withdraw([(entry, None) for entry in planned], None)

    async def _withdraw(self, lot: list[tuple[Entry, str | None]], replaces: str | None) -> None:
        if not lot:
            return
        entries = [entry for entry, _ in lot]
        self._ledger.plan_withdrawal(entries)
        events = []
        for entry, successor in lot:
            body = {
                "type": "event_withdrawn",
                "site": self._site,
                "occurred_at": entry.occurred_at,
                "withdraws": entry.event_id,
            }
            if successor:
                body["replaced_by"] = successor
            said = "withdrawal-" + digest(entry.event_id.encode(), (successor or "").encode()).hex()
            events.append(self._door.admitted(said, body))
        await self._log.append_events(events)
        self._ledger.withdraw(entries, replaces)
        self.report.withdrawn += len(entries)

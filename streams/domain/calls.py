"""Calls: the newest word on each, and whose website visit made the phone ring."""

from bisect import bisect_left, insort
from typing import Final, NamedTuple

from streams.domain.facts import Fact

SHOWN_US: Final = 1_800_000_000
CLICKED_US: Final = 120_000_000
NOT_NEW_BUSINESS: Final = ("spam", "wrong_number")


class CallRow(NamedTuple):
    """One call as published; `start` epoch µs, `talk` and `wait` seconds."""

    call_id: str
    person: str
    start: int
    day: int
    branch: str
    number: str
    inbound: bool
    outcome: str
    talk: float
    wait: float
    subject: str
    channel: str
    campaign: str
    keyword: str
    ad_group: str
    visitor: str
    probable: bool
    counted: bool
    event_id: str


class CallGroup:
    """Everything said of one call_id; the newest call_ended and the newest tag count."""

    __slots__ = ("ended", "newest", "probable", "tags", "told", "visitor")

    def __init__(self) -> None:
        self.ended: list[Fact] = []
        self.tags: list[Fact] = []
        self.told: list[Fact] = []
        self.newest: Fact | None = None
        self.visitor = ""
        self.probable = False

    @property
    def start(self) -> int | None:
        """When the call started, epoch µs, once it has ended."""
        return None if self.newest is None else int(self.newest.body.start)

    @property
    def subject(self) -> str:
        """What the newest tag says ('' if none)."""
        return max(self.tags, key=_at).body.subject if self.tags else ""


def _at(fact: Fact) -> tuple[int, str]:
    return fact.at, fact.id


def newest(facts: list[Fact]) -> Fact | None:
    """The greatest by (occurred_at, event_id)."""
    return max(facts, key=_at) if facts else None


class NumberLog:
    """Per number, in order of time: who saw it, who clicked it, which calls came in on it."""

    def __init__(self) -> None:
        self.shown: dict[str, list[tuple[int, str, str]]] = {}
        self.clicked: dict[str, list[tuple[int, str, str]]] = {}
        self.called: dict[str, list[tuple[int, str]]] = {}

    def saw(self, fact: Fact, *, present: bool) -> list[str]:
        """Note (or take back) that a visitor sees a number; the call_ids that it may concern."""
        return self._note(self.shown, fact, SHOWN_US, present)

    def clicks(self, fact: Fact, *, present: bool) -> list[str]:
        """Note (or take back) a click on a number; the call_ids that it may concern."""
        return self._note(self.clicked, fact, CLICKED_US, present)

    def _note(
        self, log: dict[str, list[tuple[int, str, str]]], fact: Fact, reach: int, present: bool
    ) -> list[str]:
        number, visitor = fact.body.number, fact.body.visitor
        entries = log.setdefault(number, [])
        if present:
            insort(entries, (fact.at, fact.id, visitor))
        else:
            entries.remove((fact.at, fact.id, visitor))
        calls = self.called.get(number)
        if not calls:
            return []
        first, last = bisect_left(calls, (fact.at, "")), bisect_left(calls, (fact.at + reach + 1, ""))
        return [call_id for _, call_id in calls[first:last]]

    def rings(self, number: str, start: int, call_id: str) -> None:
        """Note an inbound call."""
        insort(self.called.setdefault(number, []), (start, call_id))

    def hangs_up(self, number: str, start: int, call_id: str) -> None:
        """Take an inbound call back."""
        self.called[number].remove((start, call_id))

    def visitor_of(self, number: str, start: int, *, pool: bool) -> tuple[str, bool]:
        """(visitor, probable): the latest in 30 min to be shown a pool's number, else its only clicker in 120 s."""
        shown = self.shown.get(number) if pool else None
        if shown:
            index = bisect_left(shown, (start + 1, "", "")) - 1
            if index >= 0 and shown[index][0] >= start - SHOWN_US and shown[index][2]:
                return shown[index][2], False
        clicked = self.clicked.get(number)
        if clicked:
            first, last = (
                bisect_left(clicked, (start - CLICKED_US, "", "")),
                bisect_left(clicked, (start + 1, "", "")),
            )
            visitors = {visitor for _, _, visitor in clicked[first:last]}
            if len(visitors) == 1 and "" not in visitors:
                return visitors.pop(), True
        return "", False

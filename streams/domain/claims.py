"""What browsers say of a visitor's phone and e-mail: worth nothing until a server says the same number soon after.

A key in a page is public, so anybody may claim anybody's number. A claim of a visitor joins the visitor and the number
when an event that carries the number among its identifiers happened at or after the claim and at most 30 days later,
and neither was forgotten in between. That is a function of the set of events.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable
from typing import Final

from streams.domain.facts import Fact
from streams.domain.forgetting import Forgettings

CONFIRMED_US: Final = 30 * 86_400_000_000
VISITOR: Final = "visitor_id:"
SESSION: Final = "session_id:"


class Said:
    """One phone or e-mail that somebody claimed: who claims it, and when servers said it."""

    __slots__ = ("claimants", "times")

    def __init__(self, times: Iterable[int]) -> None:
        self.claimants: list[Fact] = []
        self.times = sorted(times)


class Claims(dict[str, tuple[str, ...]]):
    """The claims of one site by event, and which of them are confirmed."""

    def __init__(self, forgettings: Forgettings) -> None:
        super().__init__()
        self._forgettings = forgettings
        self._said: dict[str, Said] = {}
        self.confirmed: dict[str, tuple[str, ...]] = {}

    def note(self, fact: Fact, claims: Collection[str], said_at: Callable[[str], Iterable[int]]) -> bool:
        """An event claims these; `said_at` finds when servers said one that nobody claimed yet. Whether any is new."""
        held = self.get(fact.id, ())
        fresh = tuple(claim for claim in dict.fromkeys(claims) if claim not in held)
        if not fresh or visitor_of(fact) is None:
            return False
        self[fact.id] = held + fresh
        for claim in fresh:
            said = self._said.get(claim)
            if said is None:
                said = self._said[claim] = Said(said_at(claim))
            said.claimants.append(fact)
        return True

    def drop(self, fact: Fact) -> None:
        """An event that claimed is withdrawn."""
        if fact.id in self:
            for claim in self[fact.id]:
                self._said[claim].claimants.remove(fact)
            self[fact.id] = ()
            self.confirmed.pop(fact.id, None)

    def says(self, identifiers: Iterable[str], at: int, *, present: bool) -> list[Fact]:
        """A server says these identifiers at an instant (or never said them): the claimants that it may concern."""
        concerned = []
        for identifier in dict.fromkeys(identifiers):
            said = self._said.get(identifier)
            if said is None:
                continue
            if present:
                insort(said.times, at)
            elif (
                at in said.times
            ):  # of a shared one not all are known; they are counted anew when it no longer is
                said.times.remove(at)
            concerned += [fact for fact in said.claimants if 0 <= at - fact.at <= CONFIRMED_US]
        return concerned

    def confirmed_of(self, fact: Fact, shared: Collection[str]) -> tuple[str, ...]:
        """What of an event's claims is confirmed."""
        visitor = visitor_of(fact)
        if visitor is None or visitor in shared:
            return ()
        return tuple(
            claim
            for claim in self.get(fact.id, ())
            if claim not in shared and self._is_confirmed(claim, visitor, fact.at)
        )

    def _is_confirmed(self, claim: str, visitor: str, at: int) -> bool:
        times = self._said[claim].times
        first = bisect_left(times, at)
        if first == len(times) or times[first] - at > CONFIRMED_US:
            return False
        past = self._forgettings.past
        return all(past(one, at) == past(one, times[first]) for one in (claim, visitor))

    def settle(self, fact: Fact, confirmed: tuple[str, ...]) -> None:
        """Keep what of an event's claims is confirmed."""
        if confirmed:
            self.confirmed[fact.id] = confirmed
        else:
            self.confirmed.pop(fact.id, None)

    def recount(self, facts: Iterable[Fact]) -> list[Fact]:
        """Take anew from all facts that count when each claimed number was said; every claimant."""
        for said in self._said.values():
            said.times = []
        for fact in facts:
            for identifier in fact.ids:
                if identifier in self._said:
                    self._said[identifier].times.append(fact.at)
        claimants = {}
        for said in self._said.values():
            said.times.sort()
            claimants.update({fact.id: fact for fact in said.claimants})
        return list(claimants.values())


def visitor_of(fact: Fact) -> str | None:
    """The visitor an event names; before consent there is only a session."""
    for kind in (VISITOR, SESSION):
        for identifier in fact.ids:
            if identifier.startswith(kind):
                return identifier
    return None

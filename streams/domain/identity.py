"""Who is who: identifiers seen in one event join, and a person is a component, named by its smallest identifier.

Facts are kept with their person, so that a component can be taken apart and put together again when a fact is
withdrawn, an identifier is shared or forgotten, or a call turns out to be another visitor's.
"""

from collections.abc import Callable
from typing import Any

from streams.domain.activities import ACTIVE, ActivityRow
from streams.domain.facts import (
    CALL,
    MESSAGE,
    PAGE,
    PAYMENT,
    REFERRAL,
    SCAN,
    STATUS,
    TOLD,
    VISIT,
    Fact,
)
from streams.domain.sessions import Session
from streams.domain.touches import Touch

LEAD: str = "lead_id:"
_NEWLY: int = 2**63 - 1


class Stream:
    """One visitor's hits in order, and the session that runs at their end."""

    __slots__ = ("hits", "last", "sessions")

    def __init__(self) -> None:
        self.hits: list[Fact] = []
        self.last: Session | None = None
        self.sessions: list[Touch] = []


class Person:
    """A component: its identifiers, its facts by what they are for, and what was last worked out of them."""

    __slots__ = (
        "activities",
        "calls",
        "conversions",
        "facts",
        "leads",
        "name",
        "nodes",
        "payments",
        "rows",
        "special",
        "stages",
        "stale",
        "streams",
        "told",
        "told_touches",
        "touches",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[str] = []
        self.facts: list[Fact] = []
        self.leads: list[str] = []
        self.streams: dict[str, Stream] = {}
        self.special: (
            list[Fact] | tuple[()]
        ) = ()  # scans, clicked messages, referrals, a shared visitor's hits
        self.calls: list[Fact] | tuple[()] = ()
        self.told: list[Fact] | tuple[()] = ()
        self.stages: list[Fact] | tuple[()] = ()
        self.payments: list[Fact] | tuple[()] = ()
        self.activities: dict[Fact, ActivityRow | None] | None = None  # and what was published of each
        self.touches: list[Touch] = []
        self.told_touches: list[Touch] | tuple[()] = ()
        self.conversions: dict[str, Any] | None = None
        self.rows: dict[tuple[str, str], Any] | None = None
        self.stale = _NEWLY  # conversions at or after this instant are out of date; _NEWLY: none is

    def stream(self, visitor: str) -> Stream:
        """The hits of one of the person's visitors, begun if there are none."""
        stream = self.streams.get(visitor)
        if stream is None:
            stream = self.streams[visitor] = Stream()
        return stream

    @property
    def plain(self) -> bool:
        """Whether its touches are sessions only, so that a later session changes no other touch."""
        return not self.special and not self.calls


def _append(person: Person, field: str, fact: Fact) -> None:
    held = getattr(person, field)
    if held:
        held.append(fact)
    else:
        setattr(person, field, [fact])


_FIELDS = {
    SCAN: "special",
    MESSAGE: "special",
    REFERRAL: "special",
    CALL: "calls",
    TOLD: "told",
    STATUS: "stages",
    PAYMENT: "payments",
}


class People:
    """The components of one site.

    `nodes_of` gives a fact's identifiers with sharing, forgetting and joins applied, `stream_of` the visitor whose
    sessions a hit belongs to ('' for one that many people share).
    """

    def __init__(
        self,
        nodes_of: Callable[[Fact], tuple[str, ...]],
        let_go: Callable[[Person], None],
        stream_of: Callable[[Fact], str],
    ) -> None:
        self._nodes_of = nodes_of
        self._stream_of = stream_of
        self._let_go = let_go
        self.by_node: dict[str, Person] = {}

    def everyone(self) -> list[Person]:
        """Every person once."""
        return list({id(person): person for person in self.by_node.values()}.values())

    def of(self, fact: Fact) -> Person | None:
        """The person a fact belongs to."""
        nodes = self._nodes_of(fact)
        return self.by_node.get(nodes[0] if nodes else "event:" + fact.id)

    def place(self, fact: Fact) -> Person:
        """Put a fact with its person, joining the persons that its identifiers name."""
        nodes = self._nodes_of(fact) or ("event:" + fact.id,)
        person = self.alone(nodes[0])
        for node in nodes[1:]:
            person = self._join(person, node)
        self.keep(person, fact)
        return person

    def alone(self, node: str) -> Person:
        """The person of one identifier."""
        person = self.by_node.get(node)
        if person is None:
            person = Person(node)
            self._add_node(person, node)
        return person

    def join(self, fact: Fact, node: str) -> Person:
        """Join the person of a fact that is already placed with an identifier."""
        person = self.of(fact)
        assert person is not None
        return self._join(person, node)

    def _join(self, person: Person, node: str) -> Person:
        other = self.by_node.get(node)
        if other is person:
            return person
        if other is None:
            self._add_node(person, node)
            return person
        if len(other.facts) > len(person.facts):
            person, other = other, person
        self._let_go(other)
        for moved in other.nodes:
            self._add_node(person, moved)
        for fact in other.facts:
            self.keep(person, fact)
        return person

    def _add_node(self, person: Person, node: str) -> None:
        self.by_node[node] = person
        person.nodes.append(node)
        person.name = min(person.name, node)
        if node.startswith(LEAD):
            person.leads.append(node)

    def keep(self, person: Person, fact: Fact) -> None:
        """File a fact with its person."""
        person.facts.append(fact)
        kind = fact.kind
        if kind in (VISIT, PAGE):
            key = self._stream_of(fact)
            if not key:
                _append(person, "special", fact)
                return
            person.stream(key).hits.append(fact)
        else:
            field = _FIELDS.get(kind)
            if field is not None:
                _append(person, field, fact)
            if kind in ACTIVE:
                if person.activities is None:
                    person.activities = {}
                person.activities[fact] = None

    def dissolve(self, person: Person) -> list[Fact]:
        """Take a person apart; the caller places the facts again."""
        self._let_go(person)
        for node in person.nodes:
            if self.by_node.get(node) is person:
                del self.by_node[node]
        return person.facts

"""A person's events in the archive: those that never became a row, and why; who joined whom.

The search goes from the person's own events along the identifiers that they name, as the core joins them. The archive
names the forgotten otherwise than those who came after them, so an identifier means one person in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.exceptions import DatabaseError

from infra.explanation.said import NOWHERE, Asked, EventSaid, JoinSaid, TouchSaid, Where
from streams.codec import decode_event
from streams.domain.catalog import MESSAGE_CHANNELS
from streams.domain.claims import CONFIRMED_US, visitor_of
from streams.domain.days import Calendar
from streams.domain.facts import CALL, FORGOTTEN, MESSAGE, PAGE, SCAN, VISIT, WITHDRAWN, Fact
from streams.domain.partition import Refusal
from streams.domain.sessions import IDLE_US
from streams.domain.touches import SESSION

MOST_EVENTS: Final = 20_000  # of one person; beyond, the archive is not searched
MOST_ROUNDS: Final = 12
CHUNK: Final = 200
_NAMED: Final = ("visitor_id", "session_id", "lead_id", "phone", "email", "call_id")

_READ_OWN_EVENTS: Final = """
SELECT DISTINCT id FROM
(
    SELECT touch_id AS id FROM headwater.touches
    WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String}
    UNION ALL
    SELECT event_id AS id FROM headwater.conversions
    WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String}
    UNION ALL
    SELECT payment_id AS id FROM headwater.payments
    WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String}
    UNION ALL
    SELECT event_id AS id FROM headwater.calls
    WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String}
    UNION ALL
    SELECT event_id AS id FROM headwater.activities
    WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String}
)
WHERE id != '' LIMIT {most:UInt32}
"""
_READ_JOINED_CALLS: Final = """
SELECT event_id, visitor_id, probable FROM headwater.calls
WHERE run = {run:String} AND site = {site:String} AND person_id = {person:String} AND visitor_id != ''
"""
_EVENT: Final = "event_id, type, partition, offset, payload FROM headwater.events WHERE site = {site:String}"
_READ_EVENTS: Final = f"SELECT {_EVENT} AND event_id IN {{ids:Array(String)}}"
_READ_FORGETTINGS: Final = f"SELECT {_EVENT} AND type = 'person_forgotten'"
_READ_WITHDRAWALS: Final = f"""
SELECT {_EVENT} AND type = 'event_withdrawn' AND JSONExtractString(payload, 'withdraws') IN {{ids:Array(String)}}
"""
_READ_SCANS: Final = f"""
SELECT {_EVENT} AND type = 'qr_scanned' AND JSONExtractString(payload, 'scan_id') IN {{ids:Array(String)}}
"""
# A payload without a backslash holds its texts as they are: only what names somebody, or is escaped, has to be parsed.
_READ_NAMING: Final = f"""
WITH JSONExtract(payload, 'Tuple(visitor_id String, session_id String, lead_id String, phone String, email String,
    call_id String, phone_aliases Array(String), email_aliases Array(String), claimed_phone String, claimed_email String,
    claimed_phone_aliases Array(String), claimed_email_aliases Array(String))') AS named
SELECT {_EVENT}
    AND type != 'number_shown'
    AND (multiSearchAny(payload, {{values:Array(String)}}) OR position(payload, char(92)) > 0)
    AND (named.visitor_id IN {{visitor_id:Array(String)}} OR named.session_id IN {{session_id:Array(String)}}
        OR named.lead_id IN {{lead_id:Array(String)}} OR named.phone IN {{phone:Array(String)}}
        OR named.email IN {{email:Array(String)}} OR named.call_id IN {{call_id:Array(String)}}
        OR hasAny(named.phone_aliases, {{phone:Array(String)}})
        OR hasAny(named.email_aliases, {{email:Array(String)}})
        OR named.claimed_phone IN {{phone:Array(String)}} OR named.claimed_email IN {{email:Array(String)}}
        OR hasAny(named.claimed_phone_aliases, {{phone:Array(String)}})
        OR hasAny(named.claimed_email_aliases, {{email:Array(String)}}))
LIMIT {{most:UInt32}}
"""
_READ_CONFLICTS: Final = """
SELECT event_id, reason, topic, partition, offset FROM headwater.dead_letters
WHERE site = {site:String} AND event_id IN {ids:Array(String)}
ORDER BY topic, partition, offset
"""


def rows(client: Any, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """A statement with server-side parameters -> its rows."""
    return list(client.query(statement, parameters=parameters).result_rows)


class Days(NamedTuple):
    """The local days whose events are in a run's set, both included; None: open."""

    calendar: Calendar
    since: int | None
    until: int | None

    def holds(self, fact: Fact) -> bool:
        """Whether an event is in the set."""
        day = self.calendar.day(fact.at)
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Membership:
    """Which events are in the set, and which identifiers link; until when the forgotten were known, by their new names."""

    shared: frozenset[str]
    days: Days | None
    ended: dict[str, int] = field(default_factory=dict)

    def holds(self, fact: Fact) -> bool:
        """Whether an event is in the set."""
        return self.days is None or self.days.holds(fact)

    def node(self, identifier: str) -> str:
        """Whom it means: '' if many share it."""
        return "" if identifier in self.shared else identifier


class Archived(NamedTuple):
    """An event of the archive as the core reads it, and where it lies."""

    type: str
    where: Where
    fact: Fact


class Archive:
    """Events of one site by id, as far as they were asked for."""

    def __init__(self, client: Any, site: str) -> None:
        self._client = client
        self._site = site
        self.events: dict[str, Archived] = {}

    def fetch(self, ids: Iterable[str]) -> None:
        """Read what is not known yet."""
        wanted = [id for id in dict.fromkeys(ids) if id and id not in self.events]
        self.ask_in_chunks(_READ_EVENTS, wanted)

    def ask_in_chunks(self, statement: str, ids: Sequence[str]) -> list[str]:
        """A statement over ids -> the ids of the events found."""
        found: list[str] = []
        for start in range(0, len(ids), CHUNK):
            found += self.ask(statement, ids=list(ids[start : start + CHUNK]))
        return found

    def ask(self, statement: str, **parameters: Any) -> list[str]:
        """Take in what a statement finds; the ids in order of time."""
        found = []
        for id, type, partition, offset, payload in rows(
            self._client, statement, site=self._site, **parameters
        ):
            read = decode_event(payload.encode())
            if not isinstance(read, Refusal):
                self.events[id] = Archived(type, Where("headwater.events", partition, offset), read.fact)
                found.append((read.fact.at, id))
        return [id for _, id in sorted(found)]

    def where(self, id: str) -> Where:
        """Where an event lies."""
        held = self.events.get(id)
        return held.where if held is not None else NOWHERE


class Search:
    """A person's events in the archive: from its own rows along the identifiers that they name."""

    def __init__(self, client: Any, archive: Archive, member: Membership, asked: Asked, person: str) -> None:
        self._client = client
        self._archive = archive
        self._member = member
        self._site = asked.site
        self.withdrawn: dict[str, str] = {}
        self.whole = True
        named = {"run": asked.run, "site": asked.site, "person": person}
        self._joined = {
            id: (f"visitor_id:{visitor}", bool(probable))
            for id, visitor, probable in rows(client, _READ_JOINED_CALLS, **named)
        }
        self._read_forgettings()
        own = [id for (id,) in rows(client, _READ_OWN_EVENTS, **named, most=MOST_EVENTS + 1)]
        if len(own) > MOST_EVENTS:
            own, self.whole = own[:0], False
        archive.fetch(own)
        self._nodes: set[str] = set()
        self.facts: dict[str, Fact] = {}
        self._outside: dict[str, Fact] = {}
        self._grow([id for id in own if id in archive.events], own_rows=True)
        self._follow()
        ordered = sorted(self.facts.values(), key=lambda fact: (fact.at, fact.id))
        self.identifiers = sorted(self._nodes)
        self.joins = self._spanning(ordered)

    def joined_to(self, call: str) -> dict[str, str]:
        """Whose call it was, and what joined the visitor to it."""
        visitor, probable = self._joined.get(call, ("", False))
        return {"joined": visitor, "through": "contact_clicked" if probable else "number_shown"}

    def _read_forgettings(self) -> None:
        for id in self._archive.ask(_READ_FORGETTINGS):
            fact = self._archive.events[id].fact
            if fact.kind == FORGOTTEN and self._member.holds(fact):
                self._member.ended.update(dict.fromkeys(fact.body, fact.at))

    def _nodes_of(self, fact: Fact) -> list[str]:
        ids = fact.ids
        if fact.id in self._joined:
            ids = (*ids, self._joined[fact.id][0])
        ids = (*ids, *self._confirmed(fact))
        return [node for id in dict.fromkeys(ids) if (node := self._member.node(id))]

    def _confirmed(self, fact: Fact) -> list[str]:
        """What a browser claimed in an event that a server said soon enough, as far as the archive was asked."""
        visitor = visitor_of(fact) if fact.claims else None
        if visitor is None or not self._member.node(visitor):
            return []
        until = min(fact.at + CONFIRMED_US, self._member.ended.get(visitor, fact.at + CONFIRMED_US))
        return [
            claim
            for claim in fact.claims
            if any(
                claim in other.ids and fact.at <= other.at <= until and self._counts(other)
                for other in (held.fact for held in self._archive.events.values())
            )
        ]

    def _counts(self, fact: Fact) -> bool:
        """Whether an event is in the set and not withdrawn."""
        irrevocable = fact.kind in (WITHDRAWN, FORGOTTEN)
        return (irrevocable or fact.id not in self.withdrawn) and self._member.holds(fact)

    def _grow(self, ids: Sequence[str], *, own_rows: bool = False) -> set[str]:
        """Take events in that name somebody known; the nodes that they add."""
        unknown = [id for id in ids if id not in self.facts and id not in self._outside]
        self._read_withdrawals(unknown)
        added: set[str] = set()
        for id in unknown:
            fact = self._archive.events[id].fact
            nodes = set(self._nodes_of(fact))
            if not own_rows and not nodes & self._nodes:
                continue
            if not self._counts(fact):
                self._outside[id] = fact
                continue
            self.facts[id] = fact
            added |= nodes - self._nodes
            self._nodes |= nodes
        return added

    def _read_withdrawals(self, ids: Sequence[str]) -> None:
        for id in self._archive.ask_in_chunks(_READ_WITHDRAWALS, ids):
            fact = self._archive.events[id].fact
            if self._member.holds(fact):
                self.withdrawn.setdefault(fact.body, id)

    def _follow(self) -> None:
        """Ask the archive for whoever names a known identifier, until nobody new does."""
        asked: set[str] = set()
        for _ in range(MOST_ROUNDS):
            claimed = {claim for fact in self.facts.values() for claim in fact.claims}
            bare = (self._nodes | claimed) - asked
            if not bare or not self.whole:
                return
            asked |= bare
            found: list[str] = []
            wanted = sorted(bare)
            for start in range(0, len(wanted), CHUNK):
                found += self._naming(wanted[start : start + CHUNK])
            if len(self._archive.events) > MOST_EVENTS:
                self.whole = False
                return
            self._read_withdrawals(found)
            for fact in self.facts.values():
                if fact.claims:
                    self._nodes.update(self._nodes_of(fact))
            # an event found may name somebody whom only another event of the same answer makes known
            while self._grow(found):
                pass
        self.whole = False

    def _naming(self, identifiers: Sequence[str]) -> list[str]:
        """Ids of the events that name one of some identifiers; none where that takes longer than a reader may."""
        lists: dict[str, list[str]] = {kind: [] for kind in _NAMED}
        for identifier in identifiers:
            kind, _, value = identifier.partition(":")
            if kind in lists:
                lists[kind].append(value)
        values = [value for some in lists.values() for value in some]
        try:
            return self._archive.ask(_READ_NAMING, **lists, values=values, most=MOST_EVENTS + 1)
        except DatabaseError as failed:
            if "TIMEOUT_EXCEEDED" not in str(failed):
                raise
            self.whole = False
            return []

    def _spanning(self, ordered: Sequence[Fact]) -> list[JoinSaid]:
        """In order of time, the events that joined what was apart."""
        parent: dict[str, str] = {}

        def root(node: str) -> str:
            while parent.setdefault(node, node) != node:
                node = parent[node]
            return node

        joins = []
        for fact in ordered:
            nodes = self._nodes_of(fact)
            roots = {root(node) for node in nodes}
            if len(roots) > 1:
                first = root(nodes[0])
                for other in roots:
                    parent[other] = first
                held = self._archive.events[fact.id]
                joins.append(JoinSaid(fact.id, held.type, fact.at, tuple(nodes), held.where))
        return joins

    def left_out(self, touches: Sequence[TouchSaid]) -> list[EventSaid]:
        """Events that could have been a touch, or had been one but for a withdrawal, and why they are none."""
        told_of = {touch.id for touch in touches}
        said: dict[str, tuple[str, str]] = {}
        for id in self._outside:
            said[id] = ("withdrawn", self.withdrawn[id]) if id in self.withdrawn else ("outside_run", "")
        sessions = [touch for touch in touches if touch.kind == SESSION]
        carrying: dict[str, str] = {}
        for touch in touches:
            held = self._archive.events.get(touch.id)
            if held is not None and held.fact.kind == VISIT and held.fact.body.source.scan_id:
                carrying.setdefault(held.fact.body.source.scan_id, touch.id)
            elif held is not None and held.fact.kind == SCAN and held.fact.body.scan_id:
                carrying.setdefault(held.fact.body.scan_id, touch.id)
        for fact in self.facts.values():
            if fact.id not in told_of:
                reason = self._why(fact, sessions, carrying)
                if reason is not None:
                    said[fact.id] = reason
        for id in self._archive.ask_in_chunks(_READ_SCANS, sorted(carrying)):
            fact = self._archive.events[id].fact
            mine = fact.kind == SCAN and id not in told_of and id not in said  # a bot's is nobody's
            if mine and self._member.holds(fact):
                said[id] = self._why_scan(fact, carrying)
        found = [
            EventSaid(id, held.type, held.fact.at, reason, by, held.where)
            for id, (reason, by) in said.items()
            if (held := self._archive.events.get(id)) is not None
        ]
        found += self._conflicts(sorted({*told_of, *self.facts} - {""}))
        return sorted(found, key=lambda one: (one.at, one.id, one.where))

    def _why(
        self, fact: Fact, sessions: Sequence[TouchSaid], carrying: Mapping[str, str]
    ) -> tuple[str, str] | None:
        if fact.kind in (VISIT, PAGE):
            return "in_session", self._session_of(fact, sessions)
        if fact.kind == SCAN:
            return self._why_scan(fact, carrying)
        if fact.kind == MESSAGE:
            channel = MESSAGE_CHANNELS.get(fact.body.medium, "unassigned")
            by = [one.id for one in sessions if one.channel == channel and 0 <= one.at - fact.at <= IDLE_US]
            return "message_absorbed", by[0] if by else ""
        if fact.kind == CALL:
            return "call_superseded", ""
        return None

    def _why_scan(self, fact: Fact, carrying: Mapping[str, str]) -> tuple[str, str]:
        by = carrying.get(fact.body.scan_id, "")
        held = self._archive.events.get(by)
        if held is not None and held.fact.kind == SCAN:
            return "scan_repeated", by
        return "scan_absorbed", by

    def _session_of(self, fact: Fact, sessions: Sequence[TouchSaid]) -> str:
        """The session that a hit belongs to: its visitor's latest that had begun."""
        visitor = self._member.node(fact.body.visitor) if fact.body.visitor else ""
        begun = ""
        for session in sessions:
            held = self._archive.events.get(session.id)
            if held is None or (session.at, session.id) > (fact.at, fact.id):
                continue
            if self._member.node(held.fact.body.visitor) == visitor:
                begun = session.id
        return begun

    def _conflicts(self, ids: Sequence[str]) -> list[EventSaid]:
        found = []
        for start in range(0, len(ids), CHUNK):
            for id, reason, topic, partition, offset in rows(
                self._client, _READ_CONFLICTS, site=self._site, ids=list(ids[start : start + CHUNK])
            ):
                held = self._archive.events.get(id)
                if held is not None:
                    where = Where(topic, partition, offset)
                    found.append(EventSaid(id, held.type, held.fact.at, f"dead_letter:{reason}", "", where))
        return found

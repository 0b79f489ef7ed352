"""One site: events and entries in, in any order; what changed of everything published, out.

The order of arrival leaves no trace: a fact is placed with its person, what it concerns is marked, and `settle` works
out anew what was marked. Visits that come in order, which is nearly all, extend their session without that.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final

from schemas.catalog import CatalogEntry
from streams.domain.activities import ACTIVE, ActivityRow, activity_row, mentions_of
from streams.domain.calls import CallGroup, CallRow, NumberLog, newest
from streams.domain.campaign_windows import CampaignWindows
from streams.domain.catalog import EntryKey, SiteCatalog, defined_anew
from streams.domain.channel_funnel import CALLS, SCANS, VISITS, ChannelFunnel, Key
from streams.domain.claims import Claims
from streams.domain.conversions import Conversion, LeadRow, PaymentRow, work_out
from streams.domain.facts import (
    ACTIVITY,
    CALL,
    CLICK,
    FORGOTTEN,
    OTHER,
    PAGE,
    PAYMENT,
    SCAN,
    SHOWN,
    SPEND,
    STATUS,
    TAG,
    TOLD,
    VISIT,
    WITHDRAWN,
    Fact,
)
from streams.domain.forgetting import Forgettings
from streams.domain.identity import People, Person
from streams.domain.journeys import Kiosk, order, rebuild_touches
from streams.domain.ruling import AS_DEFINED, Ruling
from streams.domain.scans import Scans, scan_key
from streams.domain.sessions import open_session
from streams.domain.spend import SpendRow, spend_row
from streams.domain.touches import SESSION, Touch

TOUCHES: Final = 1
LEADS: Final = 2
ACTIVITIES: Final = 4
_NEVER: Final = 2**63 - 1

Published = tuple[str, str]  # (table, key)


class Fate(StrEnum):
    """What became of one offset."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    DEAD_LETTERED = "dead_lettered"
    FILTERED = "filtered"


class Changes:
    """What one settling changed: per table the rows by key, None for one that ceased to be."""

    __slots__ = (
        "activities",
        "calls",
        "campaigns",
        "catalog",
        "conversions",
        "definitions",
        "funnel",
        "leads",
        "payments",
        "spends",
        "touches",
    )

    def __init__(self) -> None:
        self.touches: dict[str, Touch | None] = {}
        self.conversions: dict[str, Conversion | None] = {}
        self.payments: dict[str, PaymentRow | None] = {}
        self.leads: dict[str, LeadRow | None] = {}
        self.calls: dict[str, CallRow | None] = {}
        self.activities: dict[str, ActivityRow | None] = {}
        self.spends: dict[str, SpendRow | None] = {}
        self.funnel: dict[Key, Any] = {}
        self.campaigns: dict[str, Any] = {}
        self.catalog: SiteCatalog | None = None
        self.definitions: dict[EntryKey, CatalogEntry] = {}


def _drop(table: dict[str, Any], key: str, old: Any) -> None:
    """Mark a row as gone, unless another person has published it anew meanwhile."""
    if table.get(key) is None or table[key] is old:
        table[key] = None


class Site:
    """The state of one site under a ruling; `facts` holds every event ever applied, withdrawn ones too."""

    def __init__(self, site: str, ruling: Ruling = AS_DEFINED) -> None:
        self.site = site
        self.ruling = ruling
        self.entries: dict[tuple[str, str], CatalogEntry] = {}
        self.catalog = SiteCatalog(site, {}, ruling)
        self.facts: dict[str, Fact] = {}
        self.withdrawn: set[str] = set()
        self.forgotten = Forgettings()
        self.claims = Claims(self.forgotten)
        self.anew: dict[str, str] = {}
        self.people = People(self._nodes_of, self._let_go, self._stream_of)
        self.kiosks: dict[str, Kiosk] = {}
        self.calls: dict[str, CallGroup] = {}
        self.numbers = NumberLog()
        self.scans = Scans()
        self.scan_counts: dict[str, Key] = {}
        self.mentions: dict[str, dict[Fact, None]] = {}
        self.spends: dict[str, list[Fact]] = {}
        self.spend_rows: dict[str, SpendRow] = {}
        self.funnel = ChannelFunnel()
        self.windows = CampaignWindows()
        self.payments = 0
        self._dirty: dict[Person, int] = {}
        self._loose: dict[Published, Any] = {}
        self._stale_scans: set[str] = set()
        self._stale_kiosks: set[str] = set()
        self._stale_spends: set[str] = set()
        self._fresh = True
        self._changes = Changes()

    # -- what comes in ------------------------------------------------------------------------------------------------

    def take(self, fact: Fact) -> Fate | None:
        """Apply one event: applied, duplicate, or None for another body under a known id."""
        held = self.facts.get(fact.id)
        if held is not None:
            if held.digest != fact.digest:
                return None
            more = tuple(id for id in fact.ids if id not in held.ids)
            if more:
                self._identify(held, more)
            if fact.claims and held.id not in self.withdrawn:
                self._claim(held, fact.claims)
            return Fate.DUPLICATE
        self.facts[fact.id] = fact
        if fact.kind == WITHDRAWN or fact.kind == FORGOTTEN:
            if fact.kind == WITHDRAWN:
                self._withdraw(fact.body)
            else:
                self._forget(fact)
            if fact.ids:
                self._link(fact)
        elif fact.id not in self.withdrawn:
            self._enter(fact)
        else:
            return Fate.APPLIED
        if self.claims:
            self._confirm(self.claims.says(fact.ids, fact.at, present=True))
        if fact.claims:
            self._claim(fact, fact.claims)
        return Fate.APPLIED

    def define(self, entries: Mapping[tuple[str, str], CatalogEntry]) -> None:
        """Take the newest entries of the site; what they reclassify is worked out anew."""
        self._changes.definitions.update(defined_anew(entries, self.entries))
        before, self.entries = self.catalog, dict(entries)
        self.catalog = now = SiteCatalog(self.site, self.entries, self.ruling)
        self._changes.catalog = now
        if not now.same_people(before):
            self.kiosks = {}
            self.mentions = {}
            for fact in self.facts.values():
                if fact.id not in self.withdrawn:
                    self._mention(fact)
            for fact in self.facts.values():
                if (
                    fact.kind in (VISIT, PAGE)
                    and self._is_shared(fact.body.visitor)
                    and fact.id not in self.withdrawn
                ):
                    self._kiosk(fact).hits.append(fact)
            for fact in self.claims.recount(self._living()) if self.claims else ():
                self.claims.settle(fact, self.claims.confirmed_of(fact, now.shared))
            self._replace(self.people.everyone())
        elif not now.same_touches(before):
            for person in self.people.everyone():
                self._mark(person, TOUCHES | LEADS, 0)
        self._redirect(before)
        self._stale_kiosks |= set(self.kiosks)
        self._stale_spends |= set(self.spends)
        if not now.same_touches(before):
            self._stale_scans |= set(self.scans.readings)
        self.windows.define(now, self.funnel.cells)

    def _redirect(self, before: SiteCatalog) -> None:
        """Codes and numbers may stand for something else: mark who used them."""
        now = self.catalog
        redirected: set[str] = set()
        moved = now.time_zone != before.time_zone
        for code in now.codes.keys() | before.codes.keys():
            if now.codes.get(code) != before.codes.get(code):
                for key in self.scans.by_code.get(code, ()):
                    self._mark_scan(key)
        for number in now.numbers.keys() | before.numbers.keys():
            if moved or now.numbers.get(number) != before.numbers.get(number):
                redirected.add(number)
        if redirected:
            for call_id, group in self.calls.items():
                if group.newest is not None and group.newest.body.number in redirected:
                    self._mark_fact(group.newest, TOUCHES)
                    self._recheck(call_id)

    # -- identity -----------------------------------------------------------------------------------------------------

    def _node(self, identifier: str, at: int) -> str:
        """An identifier as a node at an instant: '' if shared, another after each forgetting before the instant."""
        if identifier in self.catalog.shared:
            return ""
        node = self.forgotten.node(identifier, at)
        if "#" in node and node != identifier:
            self.anew[node] = identifier
        return node

    def _name(self, identifier: str, at: int) -> str:
        """What an identifier said at an instant is called in what is published."""
        return self.forgotten.name(identifier, at) if self.forgotten else identifier

    def _nodes_of(self, fact: Fact) -> tuple[str, ...]:
        ids = fact.ids
        if fact.kind == CALL:
            group = self.calls[fact.body.call_id]
            if group.visitor and group.newest is fact:
                ids = (*ids, group.visitor)
        if self.claims.confirmed:
            ids = (*ids, *self.claims.confirmed.get(fact.id, ()))
        if self.forgotten or self.catalog.shared:
            return tuple([node for id in ids if (node := self._node(id, fact.at))])
        return ids

    def _let_go(self, person: Person) -> None:
        """A person ceases to be: what it published is loose until somebody claims it."""
        self._dirty.pop(person, None)
        loose = self._loose
        for touch in person.touches:
            loose["touch", touch.id] = touch
        for touch in person.told_touches:
            loose["touch", touch.id] = touch
        for id, conversion in (person.conversions or {}).items():
            loose["conversion", id] = conversion
        for fact, row in (person.activities or {}).items():
            if row is not None:
                loose["activity", fact.id] = row
        loose.update(person.rows or {})

    def _identify(self, fact: Fact, more: tuple[str, ...]) -> None:
        """A copy of an event names more identifiers."""
        ids = fact.ids + more
        if fact.kind not in (WITHDRAWN, FORGOTTEN) and fact.id in self.withdrawn:
            fact.ids = ids
            return
        person = self.people.of(fact)
        self._replace([person] if person is not None else [], lambda: setattr(fact, "ids", ids), fact)
        if self.claims:
            self._confirm(self.claims.says(more, fact.at, present=True))

    def _claim(self, fact: Fact, claims: tuple[str, ...]) -> None:
        """A browser gave a phone or e-mail with this event."""
        if self.claims.note(fact, claims, self._said_at):
            self._confirm([fact])

    def _said_at(self, identifier: str) -> list[int]:
        """When events named an identifier."""
        nodes = self.forgotten.nodes(identifier)
        persons = {id(person): person for node in nodes if (person := self.people.by_node.get(node))}
        return [fact.at for person in persons.values() for fact in person.facts if identifier in fact.ids]

    def _confirm(self, claimants: Iterable[Fact]) -> None:
        """What servers say has changed for these: join each with what is confirmed, take apart what is not any more."""
        for fact in claimants:
            now = self.claims.confirmed_of(fact, self.catalog.shared)
            before = self.claims.confirmed.get(fact.id, ())
            if now == before:
                continue
            person = self.people.of(fact)
            assert person is not None
            if all(claim in now for claim in before):
                self.claims.settle(fact, now)
                for claim in now:
                    if node := self._node(claim, fact.at):
                        person = self.people.join(fact, node)
                self._mark(person, TOUCHES | LEADS, 0)
            else:
                self._replace([person], partial(self.claims.settle, fact, now))

    def _living(self) -> Iterator[Fact]:
        """Every event that counts."""
        for fact in self.facts.values():
            if fact.kind in (WITHDRAWN, FORGOTTEN) or fact.id not in self.withdrawn:
                yield fact

    def _replace(self, persons: Iterable[Person], change: Any = None, fact: Fact | None = None) -> None:
        """Take persons apart, change what joins them, and place their facts again."""
        facts = [fact for person in persons for fact in self.people.dissolve(person)]
        if change is not None:
            change()
        if fact is not None and not facts:
            facts = [fact]
        for one in facts:
            self._mark(self.people.place(one), TOUCHES | LEADS, 0)

    def _withdraw(self, id: str) -> None:
        """Take an event out of the set, now or when it comes; withdrawals and forgettings stay."""
        if id in self.withdrawn:
            return
        self.withdrawn.add(id)
        fact = self.facts.get(id)
        if fact is None or fact.kind in (WITHDRAWN, FORGOTTEN):
            return
        if fact.kind != SHOWN:
            person = self.people.of(fact)
            if person is not None:
                remaining = [one for one in self.people.dissolve(person) if one is not fact]
                concerned = self._leave(fact)
                for one in remaining:
                    self._mark(self.people.place(one), TOUCHES | LEADS, 0)
                self._ring_again(concerned)
                self._rejoin_calls(fact)
                return
        self._ring_again(self._leave(fact))
        self._rejoin_calls(fact)

    def _forget(self, fact: Fact) -> None:
        """From this instant on the listed identifiers are somebody else."""
        persons: dict[Person, None] = {}
        for identifier in fact.body:
            for node in self.forgotten.nodes(identifier):
                person = self.people.by_node.get(node)
                if person is not None:
                    persons[person] = None

        def forget() -> None:
            self.forgotten.note(fact.id, fact.at, fact.body)
            if self.claims.confirmed:
                for one in [one for person in persons for one in person.facts]:
                    if one.id in self.claims.confirmed:
                        self.claims.settle(one, self.claims.confirmed_of(one, self.catalog.shared))

        self._replace(persons, forget)
        for identifier in fact.body:
            for mentioning in self.mentions.get(identifier, ()):
                self._mark_fact(mentioning, ACTIVITIES)
        if not self.catalog.shared.isdisjoint(fact.body):  # it links nobody, yet a call says whose it was
            for group in self.calls.values():
                self._touch_call(group)

    # -- facts come and go --------------------------------------------------------------------------------------------

    def _mention(self, fact: Fact) -> None:
        """Note whom an activity names that is not of its person: somebody who invited, or whom many share."""
        if fact.kind not in ACTIVE:
            return
        for identifier in mentions_of(fact):
            if identifier not in fact.ids or identifier in self.catalog.shared:
                self.mentions.setdefault(identifier, {})[fact] = None

    def _enter(self, fact: Fact) -> None:
        kind = fact.kind
        if kind in (VISIT, PAGE):
            self._visit(fact)
            return
        if kind == SPEND:
            self.spends.setdefault(fact.body.spend_id, []).append(fact)
            self._stale_spends.add(fact.body.spend_id)
            if fact.ids:
                self._link(fact)
            return
        if kind == SHOWN:
            self._ring_again(self.numbers.saw(fact, present=True))
            return
        if kind == OTHER:
            if fact.ids:
                self._link(fact)
            return
        if kind == CALL:
            self._call_group(fact.body.call_id).ended.append(fact)
        elif kind == TAG:
            group = self._call_group(fact.body.call_id)
            group.tags.append(fact)
        elif kind == TOLD and fact.body.call_id:
            self._call_group(fact.body.call_id).told.append(fact)
        elif kind == SCAN:
            self.scans.note(fact, present=True)
        elif kind == PAYMENT:
            self.payments += 1
            self._changes.catalog = self.catalog
        if kind in ACTIVE:
            self._mention(fact)
        person = self._link(fact)
        if kind in (STATUS, PAYMENT, TOLD):
            self._mark(person, LEADS, 0 if kind == TOLD else _NEVER)
        elif kind in (ACTIVITY, CLICK):
            self._mark(person, ACTIVITIES, _NEVER)
        elif kind != TAG:
            self._mark(person, TOUCHES | LEADS, _NEVER)
        if kind == CALL:
            self._recheck(fact.body.call_id)
        elif kind == TAG:
            self._touch_call(self.calls[fact.body.call_id])
        elif kind == CLICK:
            self._ring_again(self.numbers.clicks(fact, present=True))
        elif kind == SCAN:
            self._mark_scan(scan_key(fact))

    def _leave(self, fact: Fact) -> list[str]:
        """Undo what `_enter` noted outside the person; the call_ids to be joined anew once everybody is in place."""
        kind = fact.kind
        if self.claims:
            self.claims.drop(fact)
            for one in self.claims.says(fact.ids, fact.at, present=False):
                self.claims.settle(one, self.claims.confirmed_of(one, self.catalog.shared))
        if kind in (VISIT, PAGE) and self._is_shared(fact.body.visitor):
            self._kiosk(fact).hits.remove(fact)
        if kind in ACTIVE:
            for identifier in mentions_of(fact):
                self.mentions.get(identifier, {}).pop(fact, None)
        if kind == VISIT:
            scan_id = fact.body.source.scan_id
            if scan_id:
                self.scans.visits[scan_id].remove(fact)
                self._mark_scan(scan_id)
        elif kind == SPEND:
            self.spends[fact.body.spend_id].remove(fact)
            self._stale_spends.add(fact.body.spend_id)
        elif kind == SHOWN:
            return self.numbers.saw(fact, present=False)
        elif kind == CLICK:
            return self.numbers.clicks(fact, present=False)
        elif kind == CALL:
            self.calls[fact.body.call_id].ended.remove(fact)
        elif kind == TAG:
            group = self.calls[fact.body.call_id]
            group.tags.remove(fact)
            self._touch_call(group)
        elif kind == TOLD and fact.body.call_id:
            self.calls[fact.body.call_id].told.remove(fact)
        elif kind == SCAN:
            self.scans.note(fact, present=False)
            self._mark_scan(scan_key(fact))
        elif kind == PAYMENT:
            self.payments -= 1
            self._changes.catalog = self.catalog
        return []

    def _link(self, fact: Fact) -> Person:
        """Place a fact; a person that grew by another's facts is worked out whole."""
        people = self.people
        nodes = self._nodes_of(fact)
        if len(nodes) < 2:
            alone = people.alone(nodes[0] if nodes else "event:" + fact.id)
            people.keep(alone, fact)
            return alone
        before = len(people.by_node)
        known = people.by_node.get(nodes[0]) if nodes else None
        size = len(known.facts) if known is not None else 0
        name = known.name if known is not None else ""
        leads = len(known.leads) if known is not None else 0
        person = people.place(fact)
        if (
            known is not None
            and (
                person is not known
                or len(person.facts) != size + 1
                or person.name != name
                or len(person.leads) != leads
            )
            or known is None
            and len(people.by_node) - before != len(nodes or ("",))
        ):
            self._mark(person, TOUCHES | LEADS, 0)
        return person

    def _is_shared(self, identifier: str) -> bool:
        return identifier in self.catalog.shared

    def _stream_of(self, fact: Fact) -> str:
        """The visitor by which a hit is cut into sessions, another after each forgetting; '' if many share it."""
        visitor: str = fact.body.visitor
        if not visitor:
            return "event:" + fact.id
        if self.forgotten or self.catalog.shared:
            return self._node(visitor, fact.at)
        return visitor

    def _kiosk(self, fact: Fact) -> Kiosk:
        """The shared visitor of a hit, whose sessions are to be cut anew."""
        kiosk = self.kiosks.setdefault(fact.body.visitor, Kiosk())
        self._stale_kiosks.add(fact.body.visitor)
        return kiosk

    def _visit(self, fact: Fact) -> None:
        source = fact.body.source
        if self.catalog.shared and self._is_shared(fact.body.visitor):
            self._kiosk(fact).hits.append(fact)
        if source is not None and source.scan_id:
            self.scans.visits.setdefault(source.scan_id, []).append(fact)
            person = self._link(fact)
            self._mark(person, TOUCHES | LEADS, _NEVER)
            self._mark_scan(source.scan_id)
            return
        if len(fact.ids) == 1 and not self.forgotten and not self.catalog.shared:
            person = self.people.alone(fact.ids[0])
            person.facts.append(fact)
            stream = person.stream(fact.body.visitor or "event:" + fact.id)
            stream.hits.append(fact)
        else:
            person = self._link(fact)
            visitor = self._stream_of(fact)
            if not visitor:
                self._mark(person, TOUCHES | LEADS, _NEVER)
                return
            stream = person.streams[visitor]
        if self._dirty.get(person, 0) & TOUCHES:
            return
        if not person.plain:
            self._mark(person, TOUCHES | LEADS, _NEVER)
            return
        running = stream.last
        if running is not None:
            if (fact.at, fact.id) < (running.last_at, running.last_id):
                self._mark(person, TOUCHES | LEADS, _NEVER)
                return
            if not running.cut_by(fact):
                running.follow(fact)
                return
        elif len(stream.hits) > 1:
            self._mark(person, TOUCHES | LEADS, _NEVER)
            return
        if person.touches and (fact.at, fact.id) < order(person.touches[-1]):
            self._mark(person, TOUCHES | LEADS, _NEVER)
            return
        session = open_session(fact, person.name, self.catalog, self.scans.known)
        stream.last = session
        stream.sessions.append(session.touch)
        person.touches.append(session.touch)
        self._publish_touch(session.touch, None)
        conversions = person.conversions
        if conversions and any(conversion.at >= fact.at for conversion in conversions.values()):
            self._mark(person, LEADS, fact.at)

    # -- calls and scans ----------------------------------------------------------------------------------------------

    def _call_group(self, call_id: str) -> CallGroup:
        group = self.calls.get(call_id)
        if group is None:
            group = self.calls[call_id] = CallGroup()
        return group

    def _ring_again(self, call_ids: Iterable[str]) -> None:
        for call_id in call_ids:
            self._recheck(call_id)

    def _rejoin_calls(self, fact: Fact) -> None:
        if fact.kind == CALL:
            self._recheck(fact.body.call_id)

    def _recheck(self, call_id: str) -> None:
        """Find again which call_ended of a call counts and which visitor it belongs to."""
        group = self.calls[call_id]
        now, before = newest(group.ended), group.newest
        if now is not before:
            if before is not None and before.body.inbound:
                self.numbers.hangs_up(before.body.number, before.body.start, call_id)
            if now is not None and now.body.inbound:
                self.numbers.rings(now.body.number, now.body.start, call_id)
        visitor, probable = "", False
        if now is not None and now.body.inbound:
            day = self.catalog.calendar.day(now.body.start)
            stands_for = self.catalog.number_on(now.body.number, day)
            pool = stands_for is not None and stands_for.pool
            visitor, probable = self.numbers.visitor_of(now.body.number, now.body.start, pool=pool)
        if now is not before or visitor != group.visitor:
            joined = bool(group.visitor)
            person = self.people.of(before) if before is not None and joined else None

            def change() -> None:
                group.newest, group.visitor, group.probable = now, visitor, probable

            if person is not None:
                self._replace([person], change)
            else:
                change()
            if now is not None:
                if visitor and (node := self._node(visitor, now.at)):
                    self._mark(self.people.join(now, node), TOUCHES | LEADS, 0)
                self._mark_fact(now, TOUCHES)
            if before is not None and before.id not in self.withdrawn:
                self._mark_fact(before, TOUCHES)
            for told in group.told:
                self._mark_fact(told, LEADS)
        elif probable != group.probable:
            group.probable = probable
            self._touch_call(group)

    def _touch_call(self, group: CallGroup) -> None:
        if group.newest is not None:
            self._mark_fact(group.newest, TOUCHES)

    def _mark_scan(self, key: str) -> None:
        """A scan's first reading, its code or its visits changed."""
        self._stale_scans.add(key)
        for fact in self.scans.readings.get(key, ()):
            self._mark_fact(fact, TOUCHES)
        for fact in self.scans.visits.get(key, ()):
            self._mark_fact(fact, TOUCHES)
            if fact.body.visitor in self.kiosks:
                self._kiosk(fact)

    # -- what is out of date ------------------------------------------------------------------------------------------

    def _mark(self, person: Person, what: int, stale: int) -> None:
        self._dirty[person] = self._dirty.get(person, 0) | what
        person.stale = min(person.stale, stale)

    def _mark_fact(self, fact: Fact, what: int) -> None:
        person = self.people.of(fact)
        if person is not None:
            more = 0 if what == ACTIVITIES else LEADS
            self._mark(person, what | more, 0 if what == LEADS else _NEVER)

    def settle(self) -> Changes:
        """Work out everything marked; what of it is published differently than before."""
        if self._fresh:
            self._fresh = False
            self._changes.catalog = self.catalog
        self._settle_kiosks()
        for person, what in self._dirty.items():
            if what & TOUCHES:
                self._settle_touches(person)
            if person.activities and what & (TOUCHES | ACTIVITIES):
                self._settle_activities(person.activities, person.name)
            if what == ACTIVITIES:
                continue
            if person.stages or person.payments or person.told or person.conversions or person.rows:
                self._settle_leads(person)
            person.stale = _NEVER
        self._dirty = {}
        self._settle_scans()
        self._settle_spends()
        self._drop_loose()
        changes, self._changes = self._changes, Changes()
        changes.funnel = self.funnel.take()
        for key, cell in changes.funnel.items():
            self.windows.move(key, cell)
        changes.campaigns = self.windows.take()
        return changes

    def _settle_kiosks(self) -> None:
        for visitor in self._stale_kiosks:
            kiosk = self.kiosks.get(visitor)
            if kiosk is not None:
                kiosk.cut(self.catalog, self.scans)
                for fact in kiosk.hits:
                    self._mark_fact(fact, TOUCHES)
                for group in self.calls.values():
                    if group.visitor == visitor:
                        self._touch_call(group)
        self._stale_kiosks = set()

    def _settle_touches(self, person: Person) -> None:
        touches, calls = rebuild_touches(
            person, self.catalog, self.scans, self.calls, self.kiosks, self._node, self._name
        )
        before = {touch.id: touch for touch in person.touches}
        stale = person.stale
        for touch in touches:
            old = before.pop(touch.id, None)
            if old is None:
                old = self._loose.pop(("touch", touch.id), None)
            if old != touch:
                self._publish_touch(touch, old)
                if old is None or (old.at, old.channel, old.campaign) != (
                    touch.at,
                    touch.channel,
                    touch.campaign,
                ):
                    stale = min(stale, touch.at, touch.at if old is None else old.at)
        for id, touch in before.items():
            self._loose["touch", id] = touch
            stale = min(stale, touch.at)
        person.touches = touches
        person.stale = stale
        rows = person.rows
        if calls or rows:
            held = rows or {}
            kept = {key: row for key, row in held.items() if key[0] != "call"}
            for call in calls:
                key = ("call", call.call_id)
                before_call = held.pop(key, None)
                if before_call is None:
                    before_call = self._loose.pop(key, None)
                if before_call != call:
                    self._publish_call(call, before_call)
                kept[key] = call
            for key, row in held.items():
                if key[0] == "call" and key not in kept:
                    self._loose[key] = row
            person.rows = kept or None

    def _settle_activities(self, activities: dict[Fact, ActivityRow | None], person: str) -> None:
        for fact, old in activities.items():
            if old is None:
                old = self._loose.pop(("activity", fact.id), None)
            row = activity_row(fact, person, self.catalog, self._name)
            if row != old:
                self._changes.activities[fact.id] = row
            activities[fact] = row

    def _settle_leads(self, person: Person) -> None:
        if person.told or self.catalog.call_inquiries:
            person.stale = 0
        worked = work_out(person, self.catalog, self.calls, self._node, self.anew)
        held = {touch.id: touch for touch in person.told_touches}
        for touch in worked.told:
            old = held.pop(touch.id, None)
            if old is None:
                old = self._loose.pop(("touch", touch.id), None)
            if old != touch:
                self._publish_touch(touch, old)
        for id, touch in held.items():
            self._loose["touch", id] = touch
        person.told_touches = worked.told or ()
        before = person.conversions or {}
        for id, conversion in worked.conversions.items():
            old_conversion = before.pop(id, None)
            if old_conversion is None:
                old_conversion = self._loose.pop(("conversion", id), None)
            if old_conversion != conversion:
                self._publish_conversion(conversion, old_conversion)
        for id, gone in before.items():
            self._loose["conversion", id] = gone
        person.conversions = worked.conversions or None
        rows = dict(person.rows or {})
        kept: dict[Published, Any] = {key: row for key, row in rows.items() if key[0] == "call"}
        for key, row in worked.rows.items():
            old_row = rows.pop(key, None)
            if old_row is None:
                old_row = self._loose.pop(key, None)
            if old_row != row:
                table: dict[str, Any] = self._changes.payments if key[0] == "payment" else self._changes.leads
                table[key[1]] = row
            kept[key] = row
        for key, row in rows.items():
            if key not in kept:
                self._loose[key] = row
        person.rows = kept or None

    def _settle_scans(self) -> None:
        for key in self._stale_scans:
            first = self.scans.first(key)
            cell: Key | None = None
            if first is not None:
                day = self.catalog.calendar.day(first.at)
                cell = (day, first.branch, *self.catalog.code_on(first.body.code, day)[:2])
            old = self.scan_counts.pop(key, None)
            if cell is not None:
                self.scan_counts[key] = cell
            if old != cell:
                if old is not None:
                    self.funnel.count(old, SCANS, -1)
                if cell is not None:
                    self.funnel.count(cell, SCANS, 1)
        self._stale_scans = set()

    def _settle_spends(self) -> None:
        for id in self._stale_spends:
            fact = newest(self.spends[id])
            row = spend_row(fact, self.catalog) if fact is not None else None
            old = self.spend_rows.pop(id, None)
            if row is not None:
                self.spend_rows[id] = row
            if row != old:
                self._changes.spends[id] = row
                self.windows.spend(old, row)
        self._stale_spends = set()

    def _drop_loose(self) -> None:
        """What nobody claimed ceases to be."""
        for (table, key), old in self._loose.items():
            if table == "touch":
                self._publish_touch(None, old)
            elif table == "conversion":
                self._publish_conversion(None, old)
            elif table == "call":
                self._publish_call(None, old)
            elif table == "payment":
                _drop(self._changes.payments, key, old)
            elif table == "activity":
                _drop(self._changes.activities, key, old)
            else:
                _drop(self._changes.leads, key, old)
        self._loose = {}

    # -- what goes out ------------------------------------------------------------------------------------------------

    def _publish_touch(self, touch: Touch | None, old: Touch | None) -> None:
        if old is not None:
            _drop(self._changes.touches, old.id, old)
            if old.kind == SESSION:
                self.funnel.count((old.day, old.branch, old.channel, old.campaign), VISITS, -1)
        if touch is not None:
            self._changes.touches[touch.id] = touch
            if touch.kind == SESSION:
                self.funnel.count((touch.day, touch.branch, touch.channel, touch.campaign), VISITS, 1)

    def _publish_conversion(self, conversion: Conversion | None, old: Conversion | None) -> None:
        if old is not None:
            _drop(self._changes.conversions, old.id, old)
            self.funnel.add(old, -1)
        if conversion is not None:
            self._changes.conversions[conversion.id] = conversion
            self.funnel.add(conversion, 1)

    def _publish_call(self, call: CallRow | None, old: CallRow | None) -> None:
        if old is not None:
            _drop(self._changes.calls, old.call_id, old)
            if old.counted and old.channel:
                self.funnel.count((old.day, old.branch, old.channel, old.campaign), CALLS, -1)
        if call is not None:
            self._changes.calls[call.call_id] = call
            if call.counted and call.channel:
                self.funnel.count((call.day, call.branch, call.channel, call.campaign), CALLS, 1)

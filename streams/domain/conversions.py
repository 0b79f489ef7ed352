"""Leads reach stages, payments follow registrations: the conversions of one person, each with its credit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from streams.domain.attribution import DAY_US, Credit, Split, credit, split_money
from streams.domain.calls import CallGroup
from streams.domain.catalog import SiteCatalog
from streams.domain.days import add_months, month_start
from streams.domain.facts import Fact
from streams.domain.identity import LEAD, Person
from streams.domain.journeys import SECOND_US, Step, path_to, told_touch
from streams.domain.touches import Touch

INQUIRY: Final = "inquiry"
CONSULT: Final = "consult"
REGISTRATION: Final = "registration"
RE_REGISTRATION: Final = "re_registration"
PAYMENT: Final = "payment"
DORMANT: Final = "dormant"
ANSWERED_SECONDS: Final = 30
MELTS_US: Final = 90 * DAY_US

Money = tuple[Split, Split, Split, Split, Split]
NodeOf = Callable[[str, int], str]


class Paid(NamedTuple):
    """A payment on its conversion: `splits` are its won per model and step of the path."""

    day: int
    in_revenue: bool
    splits: Money


class Conversion(NamedTuple):
    """A stage a lead (else a person) reached, the path to it and its credit in parts per model and step."""

    id: str
    lead: str
    person: str
    stage: str
    at: int
    day: int
    branch: str
    event_id: str
    path: tuple[Step, ...]
    credit: Credit
    paid: tuple[Paid, ...]


class PaymentRow(NamedTuple):
    """One payment and the conversion it follows."""

    id: str
    at: int
    day: int
    branch: str
    lead: str
    person: str
    amount: int
    currency: str
    funding: str
    service: str
    conversion_id: str
    in_revenue: bool


class LeadRow(NamedTuple):
    """One lead, or a person without one, and how far it came; instants epoch µs, `cohort` the first day of a month."""

    key: str
    lead: str
    person: str
    branch: str
    service: str
    via: str
    stage: str
    first_touch: Step | None
    inquiry_at: int | None
    consult_at: int | None
    registration_at: int | None
    paid: int
    cohort: int | None


class StageEvent(NamedTuple):
    """A stage that a lead was said to be in; the order of the fields is the order of events."""

    at: int
    order: int
    event_id: str
    stage: str
    branch: str
    service: str
    via: str


@dataclass(slots=True)
class Reached:
    """A stage reached, before it is credited."""

    id: str
    stage: str
    at: int
    event_id: str
    unit: str


@dataclass(slots=True)
class Unit:
    """A lead (its identifier), or '' for the person without one, in order of events."""

    key: str
    events: list[StageEvent] = field(default_factory=list)
    reached: list[Reached] = field(default_factory=list)
    branch: str = ""
    paid: int = 0


@dataclass(slots=True)
class Worked:
    """What a person's leads come to."""

    conversions: dict[str, Conversion]
    rows: dict[tuple[str, str], PaymentRow | LeadRow]
    told: list[Touch]


def lead_name(node: str) -> str:
    """A lead's name as a key: its own, or one apart from it after a forgetting."""
    return node[len(LEAD) :]


def _lead_id(node: str, names: Mapping[str, str]) -> str:
    """A lead's own name, also after a forgetting; '' for a person without one."""
    return lead_name(names.get(node, node)) if node else ""


def work_out(
    person: Person,
    catalog: SiteCatalog,
    calls: Mapping[str, CallGroup],
    node_of: NodeOf,
    names: Mapping[str, str],
) -> Worked:
    """Every conversion, payment and lead of a person from its touches and facts.

    `node_of` gives the identifier a fact names at its instant as the person's own ('' where it links nobody),
    `names` the identifier behind one that was made anew by a forgetting.
    """
    units = _units(person, catalog, calls, node_of)
    told = [_dated(fact, person, units, catalog, calls, node_of) for fact in person.told]
    times = [touch.at for touch in person.touches]
    held: dict[str, Conversion] = person.conversions or {}
    stale = person.stale
    calendar = catalog.calendar
    name = person.name

    def credited(reached: Reached, branch: str, paid: Sequence[tuple[Fact, bool]]) -> Conversion:
        old = held.get(reached.id)
        if old is not None and old.at == reached.at and reached.at < stale:
            same = old.branch == branch and old.person == name and old.event_id == reached.event_id
            if same and not paid and not old.paid:
                return old
            path, parts = old.path, old.credit
        else:
            path = path_to(reached.stage, reached.at, person.touches, times, told, catalog)
            parts = credit([step.at for step in path], catalog.attribution)
        money = tuple(
            [Paid(calendar.day(fact.at), counts, _splits(fact.body.amount, parts)) for fact, counts in paid]
        )
        return Conversion(
            reached.id,
            _lead_id(reached.unit, names),
            name,
            reached.stage,
            reached.at,
            calendar.day(reached.at),
            branch,
            reached.event_id,
            path,
            parts,
            money,
        )

    conversions: dict[str, Conversion] = {}
    rows: dict[tuple[str, str], PaymentRow | LeadRow] = {}
    following: dict[str, list[tuple[Fact, bool]]] = {}
    if person.payments:
        for fact in sorted(person.payments, key=lambda fact: (fact.at, fact.id)):
            _follow(fact, person, units, catalog, node_of, names, following, conversions, rows, credited)
    for unit in units.values():
        for reached in unit.reached:
            conversions[reached.id] = credited(reached, unit.branch, following.get(reached.id, ()))
        if unit.events:
            row = _lead_row(unit, name, conversions, catalog, names)
            rows["lead", row.key] = row
    return Worked(conversions, rows, told)


def _splits(amount: int, parts: Credit) -> Money:
    first, last, linear, time_decay, position = parts
    if len(first) == 1:
        one = (amount,)
        return (one, one, one, one, one)
    return (
        split_money(amount, first),
        split_money(amount, last),
        split_money(amount, linear),
        split_money(amount, time_decay),
        split_money(amount, position),
    )


def _unit_of(lead: str, at: int, person: Person, node_of: NodeOf) -> str:
    """The unit a fact belongs to: the lead it names, else the only one, else the person ('')."""
    node = node_of(lead, at) if lead else ""
    if node:
        return node
    return person.leads[0] if len(person.leads) == 1 else ""


def _units(
    person: Person, catalog: SiteCatalog, calls: Mapping[str, CallGroup], node_of: NodeOf
) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for fact in person.stages:
        body = fact.body
        key = _unit_of(body.lead, fact.at, person, node_of)
        unit = units.get(key)
        if unit is None:
            unit = units[key] = Unit(key)
        place = catalog.stage_order.get(body.stage, catalog.unlisted_order)
        unit.events.append(
            StageEvent(fact.at, place, fact.id, body.stage, fact.branch, body.service, body.via)
        )
    for unit in units.values():
        unit.events.sort()
    if catalog.call_inquiries and person.calls:
        _answered_calls(person, units, catalog, calls)
    for unit in units.values():
        _reach(unit, person.name, catalog)
    return units


def _answered_calls(
    person: Person, units: dict[str, Unit], catalog: SiteCatalog, calls: Mapping[str, CallGroup]
) -> None:
    """An answered call of 30 s or more from a non-customer is an inquiry; it melts into the lead that follows."""
    listed = len(catalog.stages)
    registration = catalog.stage_order.get(REGISTRATION, listed)
    registered = min(
        (
            event.at
            for unit in units.values()
            for event in unit.events
            if registration <= event.order < listed
        ),
        default=None,
    )
    firsts = sorted((unit.events[0].at, key) for key, unit in units.items() if key)
    for fact in person.calls:
        group = calls[fact.body.call_id]
        call = fact.body
        if group.newest is not fact or not call.inbound or call.outcome != "answered":
            continue
        if call.talk < ANSWERED_SECONDS or group.subject not in ("", "new"):
            continue
        if registered is not None and registered <= call.start:
            continue
        begun = [lead for at, lead in firsts if at <= call.start]
        following = [lead for at, lead in firsts if call.start < at <= call.start + MELTS_US]
        key = begun[-1] if begun else following[0] if following else ""
        unit = units.get(key)
        if unit is None:
            unit = units[key] = Unit(key)
        place = catalog.stage_order.get(INQUIRY, catalog.unlisted_order)
        unit.events.append(StageEvent(call.start, place, fact.id, INQUIRY, fact.branch, "", ""))
        unit.events.sort()


def _reach(unit: Unit, person: str, catalog: SiteCatalog) -> None:
    """Each listed stage at the earliest of it or of a later one; a registration after dormancy anew."""
    name = lead_name(unit.key) if unit.key else person
    order = catalog.stage_order
    listed = len(catalog.stages)
    earliest: list[StageEvent | None] = [None] * listed
    registration = order.get(REGISTRATION, listed)
    registered = dormant = False
    returns = 0
    for event in unit.events:
        if event.order < listed:
            for index in range(event.order + 1):
                if earliest[index] is None:
                    earliest[index] = event
            if event.order >= registration:
                if registered and dormant and event.stage == REGISTRATION:
                    returns += 1
                    suffix = f":{returns}" if returns > 1 else ""
                    unit.reached.append(
                        Reached(
                            f"{name}:{RE_REGISTRATION}{suffix}",
                            RE_REGISTRATION,
                            event.at,
                            event.event_id,
                            unit.key,
                        )
                    )
                    dormant = False
                registered = True
        elif event.stage == DORMANT and registered:
            dormant = True
    for stage, first in zip(catalog.stages, earliest, strict=True):
        if first is not None:
            unit.reached.append(Reached(f"{name}:{stage}", stage, first.at, first.event_id, unit.key))
    own = earliest[registration] if registration < listed else None
    if own is not None and own.branch:
        unit.branch = own.branch
    else:
        unit.branch = next((event.branch for event in unit.events if event.branch), "")


def _dated(
    fact: Fact,
    person: Person,
    units: Mapping[str, Unit],
    catalog: SiteCatalog,
    calls: Mapping[str, CallGroup],
    node_of: NodeOf,
) -> Touch:
    """A told source at its call's start, else just before its lead's first stage where that is earlier."""
    at = fact.at
    group = calls.get(fact.body.call_id) if fact.body.call_id else None
    start = group.start if group is not None else None
    if start is not None:
        at = start
    else:
        key = _unit_of(fact.body.lead, fact.at, person, node_of)
        firsts = [
            unit.events[0].at for unit in units.values() if unit.events and (not key or unit.key == key)
        ]
        if firsts:
            at = min(at, min(firsts) - SECOND_US)
    return told_touch(fact, person.name, at, catalog)


def _follow(
    fact: Fact,
    person: Person,
    units: Mapping[str, Unit],
    catalog: SiteCatalog,
    node_of: NodeOf,
    names: Mapping[str, str],
    following: dict[str, list[tuple[Fact, bool]]],
    conversions: dict[str, Conversion],
    rows: dict[tuple[str, str], PaymentRow | LeadRow],
    credited: Callable[[Reached, str, Sequence[tuple[Fact, bool]]], Conversion],
) -> None:
    """A payment follows the latest registration at or before it, else the first after, else its own path."""
    body = fact.body
    key = _unit_of(body.lead, fact.at, person, node_of)
    registrations = sorted(
        (
            reached
            for unit in units.values()
            if not key or unit.key == key
            for reached in unit.reached
            if reached.stage in (REGISTRATION, RE_REGISTRATION)
        ),
        key=lambda reached: (reached.at, reached.event_id, reached.id),
    )
    calendar = catalog.calendar
    day = calendar.day(fact.at)
    target: Reached | None = None
    if registrations:
        before = [reached for reached in registrations if reached.at <= fact.at]
        target = before[-1] if before else registrations[0]
    lead = _lead_id(key, names)
    if target is None:
        own = Reached(f"{fact.id}:{PAYMENT}", PAYMENT, fact.at, fact.id, key)
        branch, conversion_id, counts = fact.branch, own.id, False
        conversions[own.id] = credited(own, branch, [(fact, False)])
        unit = units.get(key)
    else:
        unit = units[target.unit]
        branch, conversion_id, lead = unit.branch, target.id, _lead_id(target.unit, names)
        counts = target.stage == REGISTRATION and (
            catalog.roi_months is None or day < add_months(calendar.day(target.at), catalog.roi_months)
        )
        following.setdefault(target.id, []).append((fact, counts))
    if unit is not None:
        unit.paid += body.amount
    rows["payment", fact.id] = PaymentRow(
        fact.id,
        fact.at,
        day,
        branch,
        lead,
        person.name,
        body.amount,
        body.currency or catalog.currency,
        body.funding,
        body.service,
        conversion_id,
        counts,
    )


def _lead_row(
    unit: Unit,
    person: str,
    conversions: Mapping[str, Conversion],
    catalog: SiteCatalog,
    names: Mapping[str, str],
) -> LeadRow:
    at = {reached.stage: reached.at for reached in unit.reached}
    place, unlisted = catalog.stage_order, catalog.unlisted_order
    first = min(
        unit.reached, key=lambda reached: (reached.at, place.get(reached.stage, unlisted)), default=None
    )
    path = conversions[first.id].path if first is not None else ()
    inquiry = at.get(INQUIRY)
    calendar = catalog.calendar
    return LeadRow(
        lead_name(unit.key) if unit.key else person,
        _lead_id(unit.key, names),
        person,
        unit.branch,
        next((event.service for event in reversed(unit.events) if event.service), ""),
        next((event.via for event in unit.events if event.via), ""),
        unit.events[-1].stage,
        path[0] if path and path[0].touch_id else None,
        inquiry,
        at.get(CONSULT),
        at.get(REGISTRATION),
        unit.paid,
        None if inquiry is None else month_start(calendar.day(inquiry)),
    )

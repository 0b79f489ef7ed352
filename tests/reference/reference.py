"""Events and a catalog in, every published row out: the pages read aloud, one paragraph a function."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.reference.definitions import Row, SiteDefinitions, canonical_bytes, exact, months_later
from tests.reference.sources import Source, channel_reader, e164, source_of
from tests.reference.splits import MODELS, PARTS, credits_of, split

Results = dict[str, list[Row]]
Node = tuple[str, str, int]

RECEIVING_APART = {"received_at", "phone", "phone_aliases", "email", "email_aliases"}
RECEIVING_APART |= {f"claimed_{name}" for name in RECEIVING_APART - {"received_at"}}
IRREVOCABLE = {"event_withdrawn", "person_forgotten"}
BROWSED = {"visit_seen", "page_viewed", "contact_clicked", "qr_scanned", "number_shown", "content_engaged"}
BROWSED |= {"person_identified", "status_changed", "experiment_assigned"}
CALL_EVENTS = {"call_ended", "call_tagged", "source_told", "person_identified", "experiment_assigned"}
ACTIVITIES = ["message_tracked", "content_engaged", "experiment_assigned", "invitation_sent", "referral_made"]
ACTIVITIES += ["contact_clicked"]
DEFINED = ("goal", "segment", "experiment", "keyword_list", "tool", "content")
SPEND_KINDS = {"media", "agency", "staff", "reward"}
MESSAGE_CHANNELS = {"email": "email", "sms": "sms", "alimtalk": "messenger", "push": "push"}
SESSION_GAP = timedelta(seconds=1800)
SHOWN_WITHIN = timedelta(minutes=30)
CLICKED_WITHIN = timedelta(seconds=120)
CONFIRMED_WITHIN = timedelta(days=30)
ABSORBED_WITHIN = timedelta(seconds=1800)
MELTS_WITHIN = timedelta(days=90)
A_SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)


@dataclass
class Happening:
    """One event that counts: its body, its instant, what it says of a person."""

    body: Row
    at: datetime
    said: list[tuple[str, str]]
    claimed: list[tuple[str, str]]
    nodes: list[Node] = field(default_factory=list)
    person: str = ""

    @property
    def id(self) -> str:
        """The event_id."""
        return str(self.body["event_id"])

    @property
    def type(self) -> str:
        """The event type."""
        return str(self.body["type"])

    @property
    def branch(self) -> str:
        """The branch, "" when absent."""
        return str(self.body.get("branch") or "")

    @property
    def age(self) -> tuple[datetime, bytes]:
        """The newest event is the greatest (occurred_at, event_id)."""
        return self.at, self.id.encode()


@dataclass
class Touch:
    """One touch of a person's journey."""

    touch_id: str
    person: str
    kind: str
    at: datetime
    branch: str
    channel: str
    campaign: str = ""
    keyword: str = ""
    landing_page: str = ""
    told: bool = False


@dataclass
class Session:
    """A web session: its touch, and what a new visit is compared with."""

    touch: Touch
    visitor: Node | None
    source: Source | None
    latest: datetime


@dataclass
class Call:
    """One call_id: its newest call_ended, its newest tag and the visitor joined to it."""

    ended: Happening
    started: datetime
    subject: str
    visitor_id: str = ""
    probable: bool = False

    @property
    def inbound(self) -> bool:
        """Without direction a call is inbound."""
        return (self.ended.body.get("direction") or "inbound") == "inbound"

    @property
    def counted(self) -> bool:
        """Inbound, neither spam nor a wrong number."""
        return self.inbound and self.subject not in ("spam", "wrong_number")


@dataclass
class Unit:
    """What reaches stages: a lead, or a person where no single lead is known."""

    key: str
    lead_id: str
    person: str


@dataclass
class StageEvent:
    """A stage said by a status, or an inquiry made of an answered call."""

    unit: Unit
    stage: str
    at: datetime
    event_id: str
    branch: str
    body: Row
    order: int

    @property
    def age(self) -> tuple[datetime, int, bytes]:
        """Ties: (occurred_at, stage order, event_id)."""
        return self.at, self.order, self.event_id.encode()


@dataclass
class Conversion:
    """A stage reached once, with its path and its credits in parts."""

    conversion_id: str
    unit: Unit
    stage: str
    at: datetime
    event_id: str
    branch: str
    path: list[Touch] = field(default_factory=list)
    credit: list[list[int]] = field(default_factory=list)
    revenue: list[list[int]] = field(default_factory=list)
    cash: list[list[int]] = field(default_factory=list)


def reference(
    events: Sequence[Row], catalog: Sequence[Row], settings: Mapping[str, Any] | None = None
) -> Results:
    """Events in log order and catalog entries in any order -> the rows of every table, and the conflicts.

    Settings of a run: those of a site's attribution, `windows` (stage -> days), `sites`, `since` and `until` (local
    days as ISO dates, both included), `rules` (entries newer than all others), `catalog` (the only entries).
    """
    results: Results = defaultdict(list)
    asked = settings or {}
    catalog = _in_force(
        catalog if asked.get("catalog") is None else asked["catalog"], asked.get("rules") or ()
    )
    sites = {event["site"] for event in events} | {entry["site"] for entry in catalog}
    if asked.get("sites") is not None:
        sites &= set(asked["sites"])
    for site in sorted(sites, key=str.encode):
        definitions = SiteDefinitions(site, catalog, asked)
        of_site = [
            (index, event)
            for index, event in enumerate(events)
            if event["site"] == site and definitions.in_range(event)
        ]
        if of_site or any(entry["site"] == site for entry in catalog):
            _Site(definitions, of_site, results).fold()
    for table in (
        "touch_rows",
        "conversion_rows",
        "payment_rows",
        "lead_rows",
        "call_rows",
        "spend_rows",
        "funnel_rows",
        "campaign_rows",
        "site_rows",
        "channel_rows",
        "activity_rows",
        "definition_rows",
        "id_conflicts",
    ):
        results[table].sort(key=_canonical_row)
    return dict(results)


def _in_force(catalog: Sequence[Row], rules: Sequence[Row]) -> list[Row]:
    """The catalog without the entries that a rule stands in place of, and the rules."""
    ruled = {(entry["site"], entry["kind"], entry["id"]) for entry in rules}
    kept = [entry for entry in catalog if (entry["site"], entry["kind"], entry["id"]) not in ruled]
    return [*kept, *rules]


def canonical(results: Results) -> bytes:
    """Every table in a fixed order of tables, rows and columns: equal results are equal bytes."""
    lines = []
    for table in sorted(results):
        lines += [table.encode() + b"\t" + row for row in sorted(map(_canonical_row, results[table]))]
    return b"\n".join(lines) + b"\n"


def _canonical_row(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


class _Site:
    """One site folded from nothing, step by step in the order of the page."""

    def __init__(self, definitions: SiteDefinitions, events: list[tuple[int, Row]], results: Results) -> None:
        self.definitions = definitions
        self.events = events
        self.results = results
        self.funnel: dict[tuple[date, str, str, str], Row] = {}
        self.channel_of = channel_reader(definitions.entries("channel"))

    def fold(self) -> None:
        """Every table of the site, each step from what the steps before it found."""
        self.happenings = self.live_events()
        self.by_type: dict[str, list[Happening]] = defaultdict(list)
        for event in self.happenings:
            self.by_type[event.type].append(event)
        self.calls = self.joined_calls()
        self.name_people()
        self.scans = self.first_scans()
        self.sessions = self.cut_sessions()
        self.find_stages()
        self.touches = self.all_touches()
        self.conversions = self.reached_stages()
        self.count_touches()
        self.count_calls()
        self.follow_payments()
        self.count_conversions()
        self.list_leads()
        self.spread_spend()
        self.list_funnel()
        self.measure_campaigns()
        self.describe_site()
        self.list_activities()
        self.list_definitions()

    def of_type(self, *types: str) -> list[Happening]:
        """The live events of these types, oldest first."""
        return sorted((event for type in types for event in self.by_type[type]), key=lambda event: event.age)

    # -- which events count ------------------------------------------------------------------------------

    def live_events(self) -> list[Happening]:
        """Copies merged, conflicts named, withdrawn events gone; sorted by (occurred_at, event_id)."""
        kept: dict[str, Happening] = {}
        for index, raw in self.events:
            body = {key: value for key, value in raw.items() if not key.startswith("_")}
            first = kept.get(body["event_id"])
            if first is None:
                late = body["type"] in ("status_changed", "payment_received")
                at = self.definitions.instant(body["occurred_at"], end_of_day=late)
                kept[body["event_id"]] = Happening(body, at, _identifiers(body), _claims(body))
            elif _comparable(first.body) == _comparable(body):
                first.said += [pair for pair in _identifiers(body) if pair not in first.said]
                first.claimed += [pair for pair in _claims(body) if pair not in first.claimed]
            else:
                row = {"site": self.definitions.site, "event_id": body["event_id"], "index": index}
                self.results["id_conflicts"].append(row)
        withdrawn = {event.body["withdraws"] for event in kept.values() if event.type == "event_withdrawn"}
        live = [event for event in kept.values() if event.id not in withdrawn or event.type in IRREVOCABLE]
        live = [event for event in live if not (event.type in BROWSED and event.body.get("bot"))]
        return sorted(live, key=lambda event: event.age)

    # -- calls and the visitors joined to them -----------------------------------------------------------

    def joined_calls(self) -> dict[str, Call]:
        """call_id -> its call, with the visitor of the pool number or of the only click before it."""
        newest: dict[str, Happening] = {}
        tags: dict[str, str] = {}
        for event in self.happenings:  # oldest first: the newest stays
            if event.type == "call_ended":
                newest[event.body["call_id"]] = event
            if event.type == "call_tagged":
                tags[event.body["call_id"]] = event.body["subject"]
        calls = {}
        for call_id, ended in newest.items():
            spoken = timedelta(seconds=ended.body.get("duration_seconds") or 0)
            waited = timedelta(seconds=ended.body.get("wait_seconds") or 0)
            call = Call(ended, ended.at - waited - spoken, tags.get(call_id, ""))
            if call.inbound:
                call.visitor_id, call.probable = self.visitor_of(call)
            calls[call_id] = call
        return calls

    def visitor_of(self, call: Call) -> tuple[str, bool]:
        """The visitor who was shown the pool number last, else the only one who clicked the number."""
        number = e164(call.ended.body["number"])
        assignment = self.number_assignment(call)
        if assignment is not None and assignment.get("pool"):
            shown = [
                event
                for event in self.by_type["number_shown"]
                if e164(event.body["number"]) == number and NOTHING <= call.started - event.at <= SHOWN_WITHIN
            ]
            if shown and shown[-1].body.get("visitor_id"):
                return str(shown[-1].body["visitor_id"]), False
        clickers = {
            event.body.get("visitor_id") or None
            for event in self.by_type["contact_clicked"]
            if event.body["kind"] == "tel"
            and e164(event.body.get("target") or "") == number
            and NOTHING <= call.started - event.at <= CLICKED_WITHIN
        }
        if len(clickers) == 1:
            (clicker,) = clickers
            if clicker is not None:
                return clicker, True
        return "", False

    def number_assignment(self, call: Call) -> Row | None:
        """What the dialled number stood for on the local day of the call's start."""
        number = e164(call.ended.body["number"])
        for entry in self.definitions.entries("tracking_number"):
            if e164(entry["id"]) == number:
                assignment = self.definitions.assignment(entry, self.definitions.day(call.started))
                if assignment is not None:
                    return assignment
        return None

    # -- people ------------------------------------------------------------------------------------------

    def name_people(self) -> None:
        """Identifiers seen in one event are an edge; a component is a person, named by its smallest."""
        self.forgotten = self.read_forgettings()
        newest_ended = {id(call.ended): call for call in self.calls.values()}
        for event in self.happenings:
            said = list(event.said)
            call = newest_ended.get(id(event))
            if call is not None and call.visitor_id:
                said.append(("visitor_id", call.visitor_id))
            event.nodes = [
                self.node(kind, value, event.at)
                for kind, value in said
                if not self.definitions.is_shared(kind, value)
            ]
            event.nodes += self.confirmed_claims(event)
        component: dict[Node, set[Node]] = {}
        for event in self.happenings:
            sets = [component.setdefault(node, {node}) for node in event.nodes]
            if not sets or event.type == "number_shown":  # makes no edge
                continue
            together = max(sets, key=len)
            for other in sets:
                if other is not together:
                    together |= other
                    for node in other:
                        component[node] = together
        names = {id(nodes): min(map(self.spelled, nodes), key=str.encode) for nodes in component.values()}
        self.name_of = {node: names[id(nodes)] for node, nodes in component.items()}
        for event in self.happenings:
            event.person = self.person_of(event.nodes[0]) if event.nodes else f"event:{event.id}"
        self.leads_of: dict[str, set[Node]] = defaultdict(set)
        for node in component:
            if node[0] == "lead_id":
                self.leads_of[self.person_of(node)].add(node)

    def read_forgettings(self) -> dict[tuple[str, str], list[tuple[datetime, bytes, int]]]:
        """(kind, value) -> when it was forgotten, by which event and at which place of its list, an instant once."""
        every: dict[tuple[str, str], dict[datetime, tuple[bytes, int]]] = defaultdict(dict)
        for event in self.of_type("person_forgotten"):
            for place, one in enumerate(event.body["identifiers"]):
                for kind, value in one.items():
                    said = event.id.encode(), place
                    every[kind, value][event.at] = min(said, every[kind, value].get(event.at, said))
        return {
            pair: sorted((at, *said) for at, said in instants.items()) for pair, instants in every.items()
        }

    def node(self, kind: str, value: str, at: datetime) -> Node:
        """An identifier as it was meant at an instant: somebody else after each forgetting."""
        return kind, value, sum(1 for when, *_ in self.forgotten.get((kind, value), ()) if when < at)

    def confirmed_claims(self, event: Happening) -> list[Node]:
        """What a browser claimed of its visitor, where a server said it at that time or at most 30 days later."""
        kind = "visitor_id" if event.body.get("visitor_id") else "session_id"
        visitor = event.body.get(kind)
        if event.type == "number_shown" or not visitor or self.definitions.is_shared(kind, visitor):
            return []
        return [
            self.node(claim[0], claim[1], event.at)
            for claim in event.claimed
            if not self.definitions.is_shared(*claim)
            and any(
                claim in other.said
                and other.type != "number_shown"
                and NOTHING <= other.at - event.at <= CONFIRMED_WITHIN
                and all(
                    self.node(one[0], one[1], event.at) == self.node(one[0], one[1], other.at)
                    for one in (claim, (kind, visitor))
                )
                for other in self.happenings
            )
        ]

    def value_shown(self, node: Node) -> str:
        """An identifier's value; of one that was forgotten since, a name made of the forgetting and the place in it."""
        kind, value, generation = node
        forgettings = self.forgotten.get((kind, value), [])
        if generation == len(forgettings):
            return value
        _, event_id, place = forgettings[generation]
        digest = hashlib.sha256(event_id + b"\0" + str(place).encode()).hexdigest()
        return f"hmac:forgotten:{digest}" if kind in ("phone", "email") else f"forgotten:{digest[:32]}"

    def spelled(self, node: Node) -> str:
        """kind:value, told apart from what it was before the last forgetting."""
        kind, value, generation = node
        shown = self.value_shown(node)
        return f"{kind}:{shown}" + (f"#{generation}" if generation and shown == value else "")

    def lead_key(self, node: Node) -> str:
        return self.spelled(node).removeprefix("lead_id:")

    def person_of(self, node: Node) -> str:
        return self.name_of[node]

    def unit_of(self, event: Happening) -> Unit:
        """The lead an event names, else its person's only lead, else its person."""
        named = [node for node in event.nodes if node[0] == "lead_id"]
        known = named or sorted(self.leads_of[event.person])
        if len(known) == 1:
            return Unit(self.lead_key(known[0]), self.value_shown(known[0]), event.person)
        return Unit(event.person, "", event.person)

    # -- touches -----------------------------------------------------------------------------------------

    def first_scans(self) -> dict[str, Happening]:
        """scan_id (else event_id) -> the first scan of it."""
        scans: dict[str, Happening] = {}
        for event in self.of_type("qr_scanned"):
            scans.setdefault(event.body.get("scan_id") or f"\0{event.id}", event)
        return scans

    def code_of(self, scan: Happening) -> tuple[str, str, str]:
        """Channel, campaign and keyword of what the code stood for on the scan's day."""
        entries = {entry["id"]: entry for entry in self.definitions.entries("qr_code")}
        assignment = (
            self.definitions.assignment(entries.get(scan.body["code"]), self.definitions.day(scan.at)) or {}
        )
        return (
            assignment.get("channel") or "qr",
            assignment.get("campaign") or "",
            assignment.get("keyword") or "",
        )

    def cut_sessions(self) -> list[Session]:
        """visit_seen and page_viewed, per visitor_id (else session_id), cut by gaps and new campaigns."""
        by_visitor: dict[Any, list[Happening]] = defaultdict(list)
        for event in self.of_type("visit_seen", "page_viewed"):
            by_visitor[self.visitor_node(event) or event.id].append(event)
        sessions: list[Session] = []
        for events in by_visitor.values():
            running: Session | None = None
            for event in events:
                source = source_of(event.body) if event.type == "visit_seen" else None
                if (
                    running is None
                    or event.at - running.latest > SESSION_GAP
                    or _starts_anew(source, running.source)
                ):
                    running = self.session_from(event, source)
                    sessions.append(running)
                running.latest = event.at
        return sessions

    def visitor_node(self, event: Happening) -> Node | None:
        """Who a web event is cut under, a forgotten visitor's later self apart."""
        for kind in ("visitor_id", "session_id"):
            if event.body.get(kind):
                own = [node for node in event.nodes if node[:2] == (kind, event.body[kind])]
                return own[0] if own else (kind, event.body[kind], 0)  # a shared one has no node
        return None

    def session_from(self, event: Happening, source: Source | None) -> Session:
        touch = Touch(
            event.id,
            event.person,
            "session",
            event.at,
            event.branch,
            "direct",
            landing_page=event.body["url"],
        )
        if source is not None:
            touch.channel = self.channel_of(source)
            touch.campaign = self.definitions.campaign(source.utm_campaign)
            touch.keyword = source.keyword
            if source.scan_id in self.scans:
                touch.channel, touch.campaign, touch.keyword = self.code_of(self.scans[source.scan_id])
        return Session(touch, self.visitor_node(event), source, event.at)

    def all_touches(self) -> list[Touch]:
        """Sessions, scans, calls, message clicks, referrals and told sources that nothing absorbed."""
        touches = [session.touch for session in self.sessions]
        visited = {source_of(event.body).scan_id for event in self.of_type("visit_seen")}
        for scan_id, scan in self.scans.items():
            if scan_id not in visited:
                channel, campaign, keyword = self.code_of(scan)
                touches.append(
                    Touch(scan.id, scan.person, "qr_scan", scan.at, scan.branch, channel, campaign, keyword)
                )
        for call in self.calls.values():
            touches += self.call_touch(call)
        sessions_of: dict[str, list[Session]] = defaultdict(list)
        for session in self.sessions:
            sessions_of[session.touch.person].append(session)
        for event in self.of_type("message_tracked"):
            channel = MESSAGE_CHANNELS.get(event.body.get("medium") or "", "unassigned")
            absorbed = any(
                session.touch.channel == channel and NOTHING <= session.touch.at - event.at <= ABSORBED_WITHIN
                for session in sessions_of[event.person]
            )
            if event.body["action"] == "clicked" and not absorbed:
                campaign = self.definitions.campaign(event.body.get("campaign") or "")
                touches.append(
                    Touch(event.id, event.person, "message_click", event.at, event.branch, channel, campaign)
                )
        for event in self.of_type("referral_made"):
            touches.append(Touch(event.id, event.person, "referral", event.at, event.branch, "referral"))
        for event in self.of_type("source_told"):
            touches.append(self.told_touch(event))
        return touches

    def call_touch(self, call: Call) -> list[Touch]:
        """A counted call to a catalogued number, unless a visitor was joined to it."""
        assignment = self.number_assignment(call)
        if assignment is None or not call.counted or call.visitor_id:
            return []
        return [
            Touch(
                call.ended.id,
                call.ended.person,
                "call",
                call.started,
                call.ended.branch,
                assignment.get("channel") or "phone",
                assignment.get("campaign") or "",
                call.ended.body.get("keyword") or assignment.get("keyword") or "",
            )
        ]

    def told_touch(self, event: Happening) -> Touch:
        """Dated to its call's start, else 1 s before its lead's first stage where that is earlier."""
        channel = event.body.get("channel")
        if not channel:
            channel = self.definitions.own["answers"].get(event.body.get("answer"), "unassigned")
        at = event.at
        call = self.calls.get(event.body.get("call_id") or "")
        if call is not None:
            at = call.started
        else:
            firsts = [stage.at for stage in self.stages_behind(self.unit_of(event))]
            at = min([at, *(first - A_SECOND for first in firsts)])
        return Touch(event.id, event.person, "told", at, event.branch, channel, told=True)

    # -- stages and conversions --------------------------------------------------------------------------

    def find_stages(self) -> None:
        """Every status_changed, and the inquiries made of answered calls, by unit and by person."""
        self.stages_of_unit: dict[str, list[StageEvent]] = defaultdict(list)
        self.stages_of_person: dict[str, list[StageEvent]] = defaultdict(list)
        said = [
            self.stage_event(self.unit_of(event), event.body["stage"], event.at, event)
            for event in self.of_type("status_changed")
        ]
        made = []
        if self.definitions.own["call_inquiries"] == "answered":
            for call in self.calls.values():
                if self.is_inquiry(call, said):
                    made.append(
                        self.stage_event(self.melted(call, said), "inquiry", call.started, call.ended)
                    )
        for stage in sorted(said + made, key=lambda stage: stage.age):
            self.stages_of_unit[stage.unit.key].append(stage)
            self.stages_of_person[stage.unit.person].append(stage)

    def stage_event(self, unit: Unit, stage: str, at: datetime, event: Happening) -> StageEvent:
        return StageEvent(
            unit, stage, at, event.id, event.branch, event.body, self.definitions.stage_order(stage)
        )

    def is_inquiry(self, call: Call, said: list[StageEvent]) -> bool:
        """Answered, 30 s or more, inbound, not tagged otherwise, and nobody registered before it."""
        registered = any(
            stage.unit.person == call.ended.person
            and stage.at <= call.started
            and self.registers(stage.stage)
            for stage in said
        )
        return (
            call.inbound
            and call.ended.body["outcome"] == "answered"
            and (call.ended.body.get("duration_seconds") or 0) >= 30
            and call.subject in ("", "new")
            and not registered
        )

    def melted(self, call: Call, said: list[StageEvent]) -> Unit:
        """The lead an answered call melts into, else its person."""
        person = call.ended.person
        begun: dict[str, tuple[datetime, bytes]] = {}
        units: dict[str, Unit] = {}
        for node in self.leads_of[person]:
            unit = Unit(self.lead_key(node), self.value_shown(node), person)
            units[unit.key] = unit
            own = [stage.at for stage in said if stage.unit.key == unit.key]
            if own:
                begun[unit.key] = (min(own), unit.key.encode())
        nobody = Unit(person, "", person)
        before = [key for key, (at, _) in begun.items() if at <= call.started]
        after = [key for key, (at, _) in begun.items() if call.started < at <= call.started + MELTS_WITHIN]
        if before:
            return units[max(before, key=lambda key: begun[key])]
        if not after:
            return nobody
        return units[min(after, key=lambda key: begun[key])]

    def registers(self, stage: str) -> bool:
        """Whether a stage is registration or implies it."""
        stages = self.definitions.stages
        return "registration" in stages and stage in stages[stages.index("registration") :]

    def stages_behind(self, unit: Unit) -> list[StageEvent]:
        """The stages of a lead; of a person, those of all its leads as well."""
        return self.stages_of_unit[unit.key] if unit.lead_id else self.stages_of_person[unit.person]

    def by_unit(self) -> list[tuple[str, list[StageEvent]]]:
        """Every unit that has stages, with them."""
        return [(key, events) for key, events in self.stages_of_unit.items() if events]

    def reached_stages(self) -> list[Conversion]:
        """Each listed stage once, at the earliest of it or a later one; and every return after dormant."""
        self.touches_of: dict[str, list[Touch]] = defaultdict(list)
        for touch in self.touches:
            self.touches_of[touch.person].append(touch)
        conversions = []
        for key, events in self.by_unit():
            branch = self.branch_of(events)
            listed = [event for event in events if event.stage in self.definitions.stages]
            for order, stage in enumerate(self.definitions.stages):
                reached = [event for event in listed if event.order >= order]
                if reached:
                    conversions.append(
                        self.conversion(
                            f"{key}:{stage}",
                            reached[0].unit,
                            stage,
                            reached[0].at,
                            reached[0].event_id,
                            branch,
                        )
                    )
            returns = _returns(
                [event for event in events if event.stage == "dormant" or self.registers(event.stage)]
            )
            for number, event in enumerate(returns, start=1):
                name = f"{key}:re_registration" + (f":{number}" if number > 1 else "")
                conversions.append(
                    self.conversion(name, event.unit, "re_registration", event.at, event.event_id, branch)
                )
        return conversions

    def branch_of(self, events: list[StageEvent]) -> str:
        """The branch of the registration, else of the first stage that has one."""
        registered = [event.branch for event in events if self.registers(event.stage)][:1]
        return next((branch for branch in registered + [event.branch for event in events] if branch), "")

    def conversion(
        self, conversion_id: str, unit: Unit, stage: str, at: datetime, event_id: str, branch: str
    ) -> Conversion:
        """A conversion with its path and the credits of each model."""
        conversion = Conversion(conversion_id, unit, stage, at, event_id, branch)
        conversion.path = self.path(unit.person, stage, at)
        if conversion.path:
            conversion.credit = credits_of(
                [touch.at for touch in conversion.path],
                [touch.channel for touch in conversion.path],
                half_life_days=self.definitions.half_life_days,
                position=self.definitions.position,
                direct=self.definitions.direct,
            )
        else:
            conversion.path = [Touch("", unit.person, "", at, "", "unattributed")]
            conversion.credit = [[PARTS] for _ in MODELS]
        return conversion

    def path(self, person: str, stage: str, at: datetime) -> list[Touch]:
        """The person's touches in the stage's window, told ones as the site wants them, in order."""
        window = self.definitions.window_of(stage)
        inside = [touch for touch in self.touches_of[person] if NOTHING <= at - touch.at <= window]
        tracked = [touch for touch in inside if not touch.told]
        told = [touch for touch in inside if touch.told]
        sown = [touch for touch in told if self.definitions.is_word_of_mouth(touch.channel)]
        others = [touch for touch in told if touch not in sown]
        if self.definitions.told == "ignore":
            sown, others = [], []
        if self.definitions.told == "fill" and any(touch.channel != "direct" for touch in tracked):
            others = []
        if tracked:
            before = min(touch.at for touch in tracked) - A_SECOND
            sown = [replace(touch, at=min(touch.at, before)) for touch in sown]
        return sorted(tracked + others + sown, key=lambda touch: (touch.at, touch.touch_id.encode()))

    # -- payments ----------------------------------------------------------------------------------------

    def follow_payments(self) -> None:
        """Each payment to its registration, else on its own path, split alone over the credits."""
        of_unit: dict[str, list[Conversion]] = defaultdict(list)
        of_person: dict[str, list[Conversion]] = defaultdict(list)
        for conversion in self.conversions:
            if conversion.stage in ("registration", "re_registration"):
                of_unit[conversion.unit.key].append(conversion)
                of_person[conversion.unit.person].append(conversion)
        for event in self.of_type("payment_received"):
            unit = self.unit_of(event)
            followed = self.followed(event, of_unit[unit.key] if unit.lead_id else of_person[unit.person])
            in_revenue = (
                followed is not None and followed.stage == "registration" and self.in_time(event, followed)
            )
            if followed is None:
                followed = self.conversion(
                    f"{event.id}:payment", unit, "payment", event.at, event.id, event.branch
                )
                self.conversions.append(followed)
            amount = int(event.body["amount"])
            shares = [split(amount, [Fraction(part) for part in credit]) for credit in followed.credit]
            followed.cash = _added(followed.cash, shares)
            self.add_split(self.definitions.day(event.at), followed, "cash", shares)
            if in_revenue:
                followed.revenue = _added(followed.revenue, shares)
                self.add_split(self.definitions.day(followed.at), followed, "revenue", shares)
            self.results["payment_rows"].append(
                {
                    "site": self.definitions.site,
                    "payment_id": event.id,
                    "paid_at": event.at,
                    "day": self.definitions.day(event.at),
                    "branch": followed.branch,
                    "lead_id": followed.unit.lead_id,
                    "person_id": event.person,
                    "amount": amount,
                    "currency": event.body.get("currency") or self.definitions.own["currency"],
                    "funding": event.body.get("funding") or "",
                    "service": event.body.get("service") or "",
                    "conversion_id": followed.conversion_id,
                    "in_revenue": int(in_revenue),
                }
            )

    def followed(self, event: Happening, own: list[Conversion]) -> Conversion | None:
        """The latest registration at or before the payment, else the first after."""
        ordered = sorted(own, key=lambda each: (each.at, each.event_id.encode(), each.conversion_id.encode()))
        before = [conversion for conversion in ordered if conversion.at <= event.at]
        after = [conversion for conversion in ordered if conversion.at > event.at]
        return before[-1] if before else (after[0] if after else None)

    def in_time(self, event: Happening, followed: Conversion) -> bool:
        """Before the local day of registration + roi_months, where the site limits them."""
        months = self.definitions.own.get("roi_months")
        if not months:
            return True
        return self.definitions.day(event.at) < months_later(self.definitions.day(followed.at), int(months))

    # -- what is counted ---------------------------------------------------------------------------------

    def count(self, day: date, branch: str, channel: str, campaign: str) -> Row:
        empty = {
            **dict.fromkeys(("visits", "scans", "calls"), 0),
            **{
                name: [0] * len(MODELS)
                for name in ("inquiries", "consults", "registrations", "re_registrations", "revenue", "cash")
            },
        }
        return self.funnel.setdefault((day, branch, channel, campaign), empty)

    def add_split(self, day: date, conversion: Conversion, name: str, shares: list[list[int]]) -> None:
        for place, touch in enumerate(conversion.path):
            counts = self.count(day, conversion.branch, touch.channel, touch.campaign)
            for model in range(len(MODELS)):
                counts[name][model] += shares[model][place]

    def count_touches(self) -> None:
        """Touch rows; visits are sessions, scans distinct scans, absorbed ones included."""
        for touch in self.touches:
            self.results["touch_rows"].append(
                {
                    "site": self.definitions.site,
                    "touch_id": touch.touch_id,
                    "person_id": touch.person,
                    "kind": touch.kind,
                    "touched_at": touch.at,
                    "day": self.definitions.day(touch.at),
                    "branch": touch.branch,
                    "channel": touch.channel,
                    "campaign": touch.campaign,
                    "keyword": touch.keyword,
                    "landing_page": touch.landing_page,
                    "probable": 0,
                    "told": int(touch.told),
                }
            )
        for session in self.sessions:
            touch = session.touch
            self.count(self.definitions.day(touch.at), touch.branch, touch.channel, touch.campaign)[
                "visits"
            ] += 1
        for scan in self.scans.values():
            channel, campaign, _ = self.code_of(scan)
            self.count(self.definitions.day(scan.at), scan.branch, channel, campaign)["scans"] += 1

    def count_calls(self) -> None:
        """Call rows; a counted call counts on its touch's channel, or the joined visitor's latest session's."""
        for call_id, call in self.calls.items():
            body = call.ended.body
            assignment = self.number_assignment(call) or {}
            on = self.call_touch(call)[0] if self.call_touch(call) else None
            if call.counted and call.visitor_id:
                on = self.session_before(call)
            if on is not None:
                self.count(self.definitions.day(call.started), call.ended.branch, on.channel, on.campaign)[
                    "calls"
                ] += 1
            self.results["call_rows"].append(
                {
                    "site": self.definitions.site,
                    "call_id": self.value_shown(self.node("call_id", call_id, call.ended.at)),
                    "person_id": call.ended.person,
                    "started_at": call.started,
                    "day": self.definitions.day(call.started),
                    "branch": call.ended.branch,
                    "number": e164(body["number"]),
                    "direction": body.get("direction") or "inbound",
                    "outcome": body["outcome"],
                    "talk_seconds": body.get("duration_seconds") or 0,
                    "wait_seconds": body.get("wait_seconds") or 0,
                    "subject": call.subject,
                    "channel": on.channel if on else "",
                    "campaign": on.campaign if on else "",
                    "keyword": body.get("keyword") or assignment.get("keyword") or (on.keyword if on else ""),
                    "ad_group": body.get("ad_group") or assignment.get("ad_group") or "",
                    "visitor_id": self.value_shown(self.node("visitor_id", call.visitor_id, call.ended.at)),
                    "probable": int(call.probable),
                    "counted": int(call.counted),
                }
            )

    def session_before(self, call: Call) -> Touch | None:
        """The joined visitor's latest session at or before the call's start."""
        joined = [node for node in call.ended.nodes if node[:2] == ("visitor_id", call.visitor_id)]
        visitor = joined[0] if joined else ("visitor_id", call.visitor_id, 0)
        before = [
            session.touch
            for session in self.sessions
            if session.visitor == visitor and session.touch.at <= call.started
        ]
        return max(before, key=lambda touch: (touch.at, touch.touch_id.encode()), default=None)

    def count_conversions(self) -> None:
        """Conversion rows and the stages of the funnel."""
        named = {
            "inquiry": "inquiries",
            "consult": "consults",
            "registration": "registrations",
            "re_registration": "re_registrations",
        }
        for conversion in self.conversions:
            day = self.definitions.day(conversion.at)
            if conversion.stage in named:
                self.add_split(day, conversion, named[conversion.stage], conversion.credit)
            row = {
                "site": self.definitions.site,
                "conversion_id": conversion.conversion_id,
                "lead_id": conversion.unit.lead_id,
                "person_id": conversion.unit.person,
                "stage": conversion.stage,
                "converted_at": conversion.at,
                "day": day,
                "branch": conversion.branch,
                "event_id": conversion.event_id,
                "touch_ids": [touch.touch_id for touch in conversion.path],
                "touched_at": [touch.at for touch in conversion.path],
                "channels": [touch.channel for touch in conversion.path],
                "campaigns": [touch.campaign for touch in conversion.path],
            }
            for place, model in enumerate(MODELS):
                row[f"w_{model}"] = conversion.credit[place]
                row[f"r_{model}"] = conversion.revenue[place] if conversion.revenue else []
                row[f"c_{model}"] = conversion.cash[place] if conversion.cash else []
            self.results["conversion_rows"].append(row)

    def list_leads(self) -> None:
        """One row per unit that reached or was said to be at any stage."""
        paid: dict[str, int] = defaultdict(int)
        for row in self.results["payment_rows"]:
            if row["site"] == self.definitions.site:
                paid[row["conversion_id"]] += row["amount"]
        conversions_of: dict[str, list[Conversion]] = defaultdict(list)
        for conversion in self.conversions:
            conversions_of[conversion.unit.key].append(conversion)
        for key, events in self.by_unit():
            reached = {
                conversion.stage: conversion
                for conversion in conversions_of[key]
                if conversion.stage not in ("re_registration", "payment")
            }
            unit = events[0].unit
            inquiry, consult, registration = (
                reached[stage].at if stage in reached else None
                for stage in ("inquiry", "consult", "registration")
            )
            first = min(
                reached.values(), key=lambda each: self.definitions.stage_order(each.stage), default=None
            )
            touch = None
            if first is not None and first.path[0].touch_id:
                touch = first.path[first.credit[MODELS.index("first")].index(PARTS)]
            services = [event.body["service"] for event in events if event.body.get("service")]
            ways = [event.body["via"] for event in events if event.body.get("via")]
            self.results["lead_rows"].append(
                {
                    "site": self.definitions.site,
                    "lead_key": key,
                    "lead_id": unit.lead_id,
                    "person_id": unit.person,
                    "branch": self.branch_of(events),
                    "service": services[-1] if services else "",
                    "via": ways[0] if ways else "",
                    "stage": events[-1].stage,
                    "first_touch_id": touch.touch_id if touch else "",
                    "first_touch_at": touch.at if touch else None,
                    "first_touch_channel": touch.channel if touch else "",
                    "first_touch_campaign": touch.campaign if touch else "",
                    "inquiry_at": inquiry,
                    "consult_at": consult,
                    "registration_at": registration,
                    "paid": sum(paid[conversion.conversion_id] for conversion in conversions_of[key]),
                    "cohort": self.definitions.day(inquiry).replace(day=1) if inquiry else None,
                }
            )

    # -- money spent -------------------------------------------------------------------------------------

    def spread_spend(self) -> None:
        """The newest of each spend_id, gross, to the won, over its days, the remainder to the earliest."""
        newest = {event.body["spend_id"]: event for event in self.of_type("spend_recorded")}
        for spend_id, event in newest.items():
            body = event.body
            begins, ends = date.fromisoformat(body["period_start"]), date.fromisoformat(body["period_end"])
            if body.get("amount") is not None:
                cost = exact(body["amount"])
            else:
                cost = exact(body.get("hours") or 0) * exact(self.definitions.own["staff_hourly_rate"] or 0)
            if body.get("vat") == "excluded":
                cost = cost * Fraction(11, 10)
            won = (cost + Fraction(1, 2)).__floor__()
            self.results["spend_rows"].append(
                {
                    "site": self.definitions.site,
                    "spend_id": spend_id,
                    "channel": body.get("channel") or "",
                    "campaign": self.definitions.campaign(body.get("campaign") or ""),
                    "branch": event.branch,
                    "kind": body.get("kind") or "media",
                    "first_day": begins,
                    "amounts": split(won, [Fraction(1)] * ((ends - begins).days + 1)),
                    "clicks": body.get("clicks"),
                    "impressions": body.get("impressions"),
                }
            )

    # -- aggregates --------------------------------------------------------------------------------------

    def list_funnel(self) -> None:
        """Only rows with any value other than zero exist."""
        for (day, branch, channel, campaign), counts in self.funnel.items():
            if any(any(value) if isinstance(value, list) else value for value in counts.values()):
                self.results["funnel_rows"].append(
                    {
                        "site": self.definitions.site,
                        "day": day,
                        "branch": branch,
                        "channel": channel,
                        "campaign": campaign,
                        **counts,
                    }
                )

    def measure_campaigns(self) -> None:
        """Results of a campaign inside its window, by event time."""
        for entry in self.definitions.entries("campaign"):
            begins = date.fromisoformat(entry["starts_on"]) if entry.get("starts_on") else None
            ends = date.fromisoformat(entry["ends_on"]) if entry.get("ends_on") else None

            def inside(day: date, begins: date | None = begins, ends: date | None = ends) -> bool:
                return (begins is None or begins <= day) and (ends is None or day <= ends)

            rows = [
                counts
                for (day, _, _, campaign), counts in self.funnel.items()
                if campaign == entry["id"] and inside(day)
            ]
            self.results["campaign_rows"].append(
                {
                    "site": self.definitions.site,
                    "campaign": entry["id"],
                    "name": entry.get("name") or "",
                    "channel": entry.get("channel") or "",
                    "budget": entry.get("budget") or 0,
                    "starts_on": begins,
                    "ends_on": ends,
                    "goal_metric": entry.get("goal_metric") or "",
                    "goal_count": entry.get("goal_count"),
                    "spent": sum(
                        amount
                        for row in self.results["spend_rows"]
                        if row["site"] == self.definitions.site
                        and row["campaign"] == entry["id"]
                        and row["kind"] in SPEND_KINDS
                        for place, amount in enumerate(row["amounts"])
                        if inside(row["first_day"] + timedelta(days=place))
                    ),
                    **{name: sum(row[name] for row in rows) for name in ("visits", "scans", "calls")},
                    **{
                        name: [sum(row[name][model] for row in rows) for model in range(len(MODELS))]
                        for name in ("inquiries", "consults", "registrations", "revenue", "cash")
                    },
                }
            )

    def describe_site(self) -> None:
        """The site's own settings and its channels, as the scoreboard needs them."""
        own = self.definitions.own
        self.results["site_rows"].append(
            {
                "site": self.definitions.site,
                "name": own["name"],
                "time_zone": own["time_zone"],
                "currency": own["currency"],
                "branches": [_slug(branch) for branch in own["branches"]],
                "ltv_months": own.get("ltv_months"),
                "ltv_monthly_revenue": own.get("ltv_monthly_revenue"),
                "roi_months": own.get("roi_months"),
                **{f"threshold_{key}": float(value) for key, value in self.definitions.thresholds.items()},
                "payments": len(self.of_type("payment_received")),
            }
        )
        slugs = {"referral"} | {entry["id"] for entry in self.definitions.entries("channel")}
        for slug in slugs:
            channel = self.definitions.channel(slug)
            self.results["channel_rows"].append(
                {
                    "site": self.definitions.site,
                    "channel": slug,
                    "kind": channel["channel_kind"],
                    "free": int(channel["free"]),
                }
            )

    # -- what is no touch --------------------------------------------------------------------------------

    def list_activities(self) -> None:
        """What people did, or were sent or shown, that is no touch, under the names that are published."""
        for event in self.of_type(*ACTIVITIES):
            body = event.body
            message, content = event.type == "message_tracked", event.type == "content_engaged"
            assigned = event.type == "experiment_assigned"
            named = {"visitor_id": body.get("visitor_id"), "lead_id": body.get("lead_id"), "call_id": None}
            if event.type == "referral_made":  # only lead_id identifies in it
                named["visitor_id"] = None
            if assigned:
                named["call_id"] = body.get("call_id")
            self.results["activity_rows"].append(
                {
                    "site": self.definitions.site,
                    "event_id": event.id,
                    "type": event.type,
                    "happened_at": event.at,
                    "day": self.definitions.day(event.at),
                    "branch": event.branch,
                    "person_id": event.person,
                    **{
                        kind: self.value_shown(self.node(kind, value, event.at)) if value else ""
                        for kind, value in named.items()
                    },
                    "subject": body["message_id"]
                    if message
                    else body["content"]
                    if content
                    else body["experiment"]
                    if assigned
                    else "",
                    "action": body["action"]
                    if message
                    else body["kind"]
                    if content or event.type == "contact_clicked"
                    else "",
                    "medium": body.get("medium") or "" if message else "",
                    "campaign": self.definitions.campaign(body.get("campaign") or "") if message else "",
                    "segment": body.get("segment") or "" if message else "",
                    "experiment": body.get("experiment") or "" if message or assigned else "",
                    "variant": body.get("variant") or "" if message or assigned else "",
                    "referrer": self.referrer_of(event),
                    **{
                        name: float(body[name]) if content and body.get(name) is not None else None
                        for name in ("value", "watched_seconds", "length_seconds")
                    },
                }
            )

    def referrer_of(self, event: Happening) -> str:
        """Who invited or referred: a lead, else a phone."""
        if event.type not in ("invitation_sent", "referral_made"):
            return ""
        for kind in ("lead_id", "phone"):
            value = event.body.get("referrer_" + kind)
            if value:
                return f"{kind}:{self.value_shown(self.node(kind, value, event.at))}"
        return ""

    def list_definitions(self) -> None:
        """The newest goals, segments, experiments, keyword lists, tools and content, as they were said."""
        for kind in DEFINED:
            for entry in self.definitions.entries(kind):
                said = {"v": 1, **entry}
                names = entry.get("name") or {}
                if isinstance(names, str):
                    names = {"ko": names, "en": names}
                self.results["definition_rows"].append(
                    {
                        "site": self.definitions.site,
                        "kind": kind,
                        "id": entry["id"],
                        "defined_at": self.definitions.instant(entry["defined_at"]),
                        "name_ko": names.get("ko") or names.get("en") or "",
                        "name_en": names.get("en") or names.get("ko") or "",
                        "definition": canonical_bytes(said).decode(),
                    }
                )


def _identifiers(body: Row) -> list[tuple[str, str]]:
    """Every (kind, value) an event says; of a referral only its lead."""
    if body["type"] == "referral_made":
        return [("lead_id", body["lead_id"])]
    kinds = ["visitor_id", "session_id", "lead_id", "phone", "email"]
    if body["type"] in CALL_EVENTS:
        kinds.append("call_id")
    said = [(kind, body[kind]) for kind in kinds if body.get(kind)]
    said += [("phone", alias) for alias in body.get("phone_aliases") or []]
    said += [("email", alias) for alias in body.get("email_aliases") or []]
    return said


def _claims(body: Row) -> list[tuple[str, str]]:
    """What a browser says of itself without being believed."""
    claimed = [(kind, body[f"claimed_{kind}"]) for kind in ("phone", "email") if body.get(f"claimed_{kind}")]
    for kind in ("phone", "email"):
        claimed += [(kind, alias) for alias in body.get(f"claimed_{kind}_aliases") or []]
    return claimed


def _comparable(body: Row) -> Row:
    return {"v": 1, **{key: value for key, value in body.items() if key not in RECEIVING_APART}}


def _slug(branch: Any) -> str:
    return str(branch["id"] if isinstance(branch, dict) else branch)


def _starts_anew(source: Source | None, running: Source | None) -> bool:
    """Whether a visit's campaign, click ids or scan are present and differ from the session's."""
    if source is None:
        return False
    said, known = _marks(source), _marks(running)
    return any(value and value != known.get(name) for name, value in said.items())


def _marks(source: Source | None) -> dict[str, str]:
    if source is None:
        return {}
    return {
        "utm_source": source.utm_source,
        "utm_medium": source.utm_medium,
        "utm_campaign": source.utm_campaign,
        "scan_id": source.scan_id,
        **dict(source.click_ids),
    }


def _returns(events: Iterable[StageEvent]) -> list[StageEvent]:
    """The registrations that come after a dormant that followed a registration."""
    returns, registered, left = [], False, False
    for event in events:
        if event.stage == "dormant":
            left = registered
        elif left:
            returns.append(event)
            left = False
        registered = registered or event.stage != "dormant"
    return returns


def _added(sums: list[list[int]], shares: list[list[int]]) -> list[list[int]]:
    if not sums:
        return shares
    return [[a + b for a, b in zip(one, other, strict=True)] for one, other in zip(sums, shares, strict=True)]

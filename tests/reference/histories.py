"""Small hostile histories: few identifiers that collide, ties in time, edges of windows, copies and conflicts.

Every event is drawn from its own seed, so that a failing history shrinks by leaving events out:

    @given(histories())
    def test_...(history): catalog, events = history

    catalog, events = random_history(seed=7, size=200)
"""

import random
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
History = tuple[list[Row], list[Row]]

START = datetime(2026, 1, 30, 15, 0, tzinfo=UTC)  # midnight of January 31 in Seoul
SITES = ("center",) * 9 + ("second",)
BRANCHES = (None, None, "gangnam", "bundang", "목동".encode().hex()[:6])
VISITORS = ("v1", "v2", "v3", "kiosk")
SESSIONS = ("s1", "s2")
LEADS = ("L1", "L2", "L3", "L4", "가나")
PHONES = ("hmac:2:01", "hmac:2:02", "hmac:2:03", "hmac:2:fa")
ALIASES = {"hmac:2:01": "hmac:1:01", "hmac:2:02": "hmac:1:02", "hmac:2:fa": "hmac:1:fa"}
EMAILS = ("hmac:2:e1", "hmac:2:e2")
CALLS = ("c1", "c2", "c3")
LINES = ("02-555-1234", "+82 2-555-1234", "070-4123-4567", "+827041234567", "031-777-8888", "1577-1577")
CODES = ("poster", "flyer", "unknown")
SCANS = ("q1", "q2", None)
CHANNELS = ("paid_search", "organic_search", "flyer", "referral", "friend", "direct", "phone", "naver_blog")
CAMPAIGNS = ("spring", "Spring 2026", "summer", None)
STAGES = (
    "inquiry",
    "consult",
    "registration",
    "inquiry",
    "registration",
    "lost",
    "dormant",
    "trial",
    "noted",
)
URLS = (
    "https://center.example/",
    "https://center.example/?utm_source=naver&utm_medium=cpc&utm_campaign=Spring%202026",
    "https://center.example/?utm_source=naver&utm_medium=cpc&utm_campaign=summer",
    "https://center.example/?gclid=abc",
    "https://center.example/?utm_source=letter&utm_medium=email&utm_campaign=spring",
    "https://center.example/?utm_source=blog&utm_medium=blog",
)
REFERRERS = (
    None,
    None,
    "https://www.google.com/",
    "https://search.naver.com/search.naver?query=x",
    "https://a.example/",
)
AMOUNTS = (850_000, 100_001, 1, -100_001, -850_000, 7)

BROWSED = frozenset(
    {"visit_seen", "page_viewed", "contact_clicked", "qr_scanned", "number_shown", "content_engaged"}
    | {"person_identified", "status_changed", "experiment_assigned"}
)
TYPES = (
    ("visit_seen", 20),
    ("page_viewed", 6),
    ("contact_clicked", 4),
    ("qr_scanned", 5),
    ("number_shown", 5),
    ("call_ended", 8),
    ("call_tagged", 3),
    ("source_told", 5),
    ("status_changed", 18),
    ("payment_received", 8),
    ("spend_recorded", 6),
    ("person_identified", 4),
    ("message_tracked", 5),
    ("referral_made", 2),
    ("invitation_sent", 2),
    ("content_engaged", 2),
    ("experiment_assigned", 2),
    ("measure_recorded", 1),
    ("search_volume_measured", 1),
    ("search_query_measured", 1),
    ("event_withdrawn", 3),
    ("person_forgotten", 1),
)
EVERY_TYPE = frozenset(name for name, _ in TYPES)


@st.composite
def histories(draw: st.DrawFn, max_events: int = 40, without: Collection[str] = ()) -> History:
    """A strategy for (catalog, events in log order); `without` leaves out event types."""
    catalog = random_catalog(random.Random(draw(st.integers(0, 2**32))))
    seeds = draw(st.lists(st.integers(0, 2**40), max_size=max_events))
    return catalog, _linked(_drawn(seeds, without))


def random_history(seed: int, size: int = 40, without: Collection[str] = ()) -> History:
    """The history of a seed: the same on every machine."""
    rng = random.Random(seed)
    catalog = random_catalog(rng)
    return catalog, _linked(_drawn([rng.getrandbits(40) for _ in range(size)], without))


def random_instant(rng: random.Random) -> datetime:
    """An instant on a coarse grid, or at the very edge of a window."""
    day = rng.choice((0, 0, 0, 0, 1, 1, 2, 7, 28, 29, 30, 59, 89, 90, 91, 100, 180))
    half_hours = rng.choice((0, 18, 18, 19, 19, 20, 21, 22, 46, 47))
    edge = rng.choice(
        (
            *[timedelta(0)] * 8,
            timedelta(microseconds=1),
            timedelta(microseconds=-1),
            timedelta(seconds=1),
            timedelta(seconds=-1),
            timedelta(seconds=30),
            timedelta(seconds=60),
            timedelta(seconds=119),
            timedelta(seconds=120),
            timedelta(seconds=121),
            timedelta(minutes=10),
        )
    )
    return START + timedelta(days=day, minutes=30 * half_hours) + edge


def _drawn(seeds: list[int], without: Collection[str]) -> list[Row]:
    """The events of each seed: mostly one, sometimes a handful that belong together at the edge of a rule."""
    events: list[Row] = []
    for seed in seeds:
        rng = random.Random(seed)
        if rng.random() < 0.15:
            events += [event for event in rng.choice(_TOGETHER)(rng) if event["type"] not in without]
        else:
            events.append(random_event(rng, without))
    return events


def random_event(rng: random.Random, without: Collection[str] = ()) -> Row:
    """One event; `withdraws` and copies are linked to the history afterwards."""
    names = [name for name, _ in TYPES if name not in without]
    type = rng.choices(names, [weight for name, weight in TYPES if name not in without])[0]
    return _event(rng, type, random_instant(rng))


def _event(rng: random.Random, type: str, at: datetime, **said: Any) -> Row:
    offset = rng.choice((UTC, UTC, UTC, None))
    shown = at if offset else at.astimezone(tz=_SEOUL)
    event: Row = {
        "event_id": f"e{rng.randrange(100_000):05d}",
        "type": type,
        "site": rng.choice(SITES),
        "branch": rng.choice(BRANCHES),
        "occurred_at": shown.isoformat(),
        "received_at": (at + timedelta(seconds=rng.randrange(5))).isoformat(),
        **_FIELDS[type](rng),
        **said,
        "_seed": rng.getrandbits(32),
    }
    if type in BROWSED and event["_seed"] % 25 == 0:
        event["bot"] = {"reason": "crawler", "rule": "1"}
    if type in BROWSED:
        event.update(_claimed(random.Random(event["_seed"])))
    return {name: value for name, value in event.items() if value is not None}


def _edge(rng: random.Random, *seconds: float) -> timedelta:
    return timedelta(seconds=rng.choice(seconds)) + timedelta(microseconds=rng.choice((0, 0, 0, 0, 1, -1)))


def _pool_call(rng: random.Random) -> list[Row]:
    """A call on a pool number and those who were shown it about half an hour before."""
    start = random_instant(rng)
    shown = [
        _event(
            rng, "number_shown", start - _edge(rng, 0, 60, 1800, 1800), site="center", number="070-4123-4567"
        )
        for _ in range(rng.choice((1, 1, 2)))
    ]
    return [*shown, *_call_from(rng, start, "+82 70-4123-4567")]


def _clicked_call(rng: random.Random) -> list[Row]:
    """A call and those who pressed its number about two minutes before."""
    start = random_instant(rng)
    clicks = [
        _event(
            rng,
            "contact_clicked",
            start - _edge(rng, 0, 60, 120, 120),
            site="center",
            kind="tel",
            target=rng.choice(LINES[:2]),
        )
        for _ in range(rng.choice((1, 1, 2)))
    ]
    return [*clicks, *_call_from(rng, start, "02-555-1234")]


def _call_from(rng: random.Random, start: datetime, number: str) -> list[Row]:
    talk, wait = rng.choice((0, 29, 30, 600)), rng.choice((0, 10))
    call = _event(
        rng,
        "call_ended",
        start + timedelta(seconds=talk + wait),
        site="center",
        number=number,
        direction=None,
        duration_seconds=talk,
        wait_seconds=wait,
        outcome="answered",
    )
    visit = _event(rng, "visit_seen", start - _edge(rng, 0, 90), site="center")
    told = _event(rng, "source_told", start + _edge(rng, 900), site="center", call_id=call["call_id"])
    lead = _event(
        rng,
        "status_changed",
        start + rng.choice((-1, 1, 1)) * _edge(rng, 0, 3600, 90 * 86400),
        site="center",
        phone=call.get("phone"),
        stage="inquiry",
    )
    return [call, *rng.sample([visit, told, lead], rng.choice((0, 1, 2, 3)))]


def _return(rng: random.Random) -> list[Row]:
    """A registration, a dormancy, a return, and payments around them."""
    at, lead, site = random_instant(rng), rng.choice(LEADS), rng.choice(SITES)
    events = []
    for stage in ("registration", "dormant", "registration", "dormant", "registration")[
        : rng.choice((2, 3, 3, 5))
    ]:
        events.append(_event(rng, "status_changed", at, site=site, lead_id=lead, stage=stage))
        if rng.random() < 0.6:
            events.append(
                _event(
                    rng, "payment_received", at + _edge(rng, -1, 0, 0, 86_400 * 31), site=site, lead_id=lead
                )
            )
        at += rng.choice((timedelta(0), timedelta(hours=1), timedelta(days=20)))
    return events


def _scanned_visit(rng: random.Random) -> list[Row]:
    """A scan and the visits that carry it."""
    at, visitor = random_instant(rng), rng.choice(VISITORS)
    visits = [
        _event(
            rng,
            "visit_seen",
            at + _edge(rng, 1, 60, 1800, -5, 7200),
            site="center",
            visitor_id=visitor,
            scan_id="q3",
        )
        for _ in range(rng.choice((1, 2, 3)))
    ]
    return [_event(rng, "qr_scanned", at, site="center", scan_id="q3"), *visits]


def _gap(rng: random.Random) -> list[Row]:
    """Visits of one visitor at the edge of the idle time."""
    at, visitor = random_instant(rng), rng.choice(VISITORS)
    events = []
    for _ in range(rng.choice((2, 3, 4))):
        type = rng.choice(("visit_seen", "visit_seen", "page_viewed"))
        events.append(_event(rng, type, at, site="center", visitor_id=visitor))
        at += _edge(rng, 0, 900, 1800, 1800)
    return events


def _mailed_visit(rng: random.Random) -> list[Row]:
    """A clicked message and the visit it led to, perhaps."""
    at, email = random_instant(rng), rng.choice(EMAILS)
    return [
        _event(rng, "message_tracked", at, site="center", email=email, action="clicked", medium="email"),
        _event(
            rng,
            "visit_seen",
            at + _edge(rng, 0, 1, 1800, 1800),
            site="center",
            email=email,
            url=URLS[4],
            scan_id=None,
        ),
    ]


def _journey(rng: random.Random) -> list[Row]:
    """Visits of one lead, what it told, its stages and its payment, about a window apart."""
    at, visitor, lead, site = (
        random_instant(rng),
        rng.choice(VISITORS[:3]),
        rng.choice(LEADS),
        rng.choice(SITES),
    )
    visits = [
        _event(
            rng,
            "visit_seen",
            at + timedelta(days=rng.choice((0, 0, 1, 3, 7, 30))),
            site=site,
            visitor_id=visitor,
        )
        for _ in range(rng.choice((1, 2, 4)))
    ]
    known = _event(rng, "person_identified", at, site=site, visitor_id=visitor, lead_id=lead)
    asked = at + _edge(rng, 0, 3600, 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
    told = _event(rng, "source_told", asked + _edge(rng, -1, 0, 60), site=site, lead_id=lead)
    stages = [
        _event(rng, "status_changed", asked, site=site, lead_id=lead, stage="inquiry"),
        _event(
            rng,
            "status_changed",
            asked + _edge(rng, 0, 86_400),
            site=site,
            lead_id=lead,
            stage="registration",
        ),
        _event(rng, "payment_received", asked + _edge(rng, 0, 86_400, 40 * 86_400), site=site, lead_id=lead),
    ]
    return [*visits, known, *rng.sample([told, *stages], rng.choice((2, 3, 4)))]


def _claim(rng: random.Random) -> list[Row]:
    """A form's claim and what a server says of the number, at the edges of the time that it has."""
    at, visitor, phone, site = (
        random_instant(rng),
        rng.choice(VISITORS),
        rng.choice(PHONES),
        rng.choice(SITES),
    )
    claim = _event(
        rng, rng.choice(("visit_seen", "content_engaged", "status_changed")), at, site=site, visitor_id=visitor,
        claimed_phone=phone,
    )  # fmt: skip
    later = at + rng.choice((1, 1, 1, -1)) * _edge(rng, 0, 3600, 30 * 86_400)
    type = rng.choice(("call_ended", "payment_received", "status_changed", "spend_recorded"))
    server = _event(rng, type, later, site=site, phone=rng.choice((phone, ALIASES.get(phone, phone))))
    named = [{"visitor_id": visitor}, {"phone": phone}]
    forgotten = _event(
        rng,
        "person_forgotten",
        at + _edge(rng, -1, 0, 60, 31 * 86_400),
        site=site,
        identifiers=rng.sample(named, rng.choice((1, 2))),
    )
    return [claim, server, *([forgotten] if rng.random() < 0.2 else [])]


def _named_and_forgotten(rng: random.Random) -> list[Row]:
    """Activities that name somebody who is not of their person, and the forgetting of those named."""
    at, by, phone, visitor = random_instant(rng), rng.choice(LEADS), rng.choice(PHONES), rng.choice(VISITORS)
    said = [
        _event(rng, "referral_made", at, site="center", referrer_lead_id=by),
        _event(rng, "invitation_sent", at, site="center", referrer_lead_id=None, referrer_phone=phone),
        _event(rng, "content_engaged", at, site="center", visitor_id=visitor),
        _event(rng, "experiment_assigned", at, site="center", visitor_id=visitor),
    ]
    named = [{"lead_id": by}, {"phone": phone}, {"visitor_id": visitor}]
    forgotten = _event(
        rng, "person_forgotten", at + _edge(rng, -1, 0, 60), site="center", identifiers=rng.sample(named, 2)
    )
    return [*rng.sample(said, 2), forgotten]


_TOGETHER = (
    _named_and_forgotten,
    _claim,
    _pool_call,
    _clicked_call,
    _return,
    _scanned_visit,
    _gap,
    _mailed_visit,
    _journey,
    _journey,
)


def _linked(drawn: list[Row]) -> list[Row]:
    """Withdrawals get a target, some events a copy or a conflicting body somewhere later in the log."""
    taken: set[tuple[str, str]] = set()
    events: list[Row] = []
    copies: list[tuple[int, Row]] = []
    for place, event in enumerate(drawn):
        rng = random.Random(event.pop("_seed"))
        while (event["site"], event["event_id"]) in taken:
            event["event_id"] += "x"
        taken.add((event["site"], event["event_id"]))
        if event["type"] == "event_withdrawn":
            target = rng.choice(drawn)
            event["withdraws"] = "nothing" if target["event_id"] == event["event_id"] else target["event_id"]
        events.append(event)
        what = rng.random()
        if what < 0.10:
            copies.append((rng.randrange(place + 1, len(drawn) + 1), _copy(event, rng)))
        elif what < 0.13:
            copies.append((rng.randrange(place + 1, len(drawn) + 1), _conflict(event, rng)))
    for place, copy in sorted(copies, key=lambda one: -one[0]):
        events.insert(place, copy)
    return events


def _copy(event: Row, rng: random.Random) -> Row:
    """The same event again: later received, perhaps under another phone key, perhaps with v."""
    copy = {**event, "received_at": (START + timedelta(days=2000)).isoformat()}
    if rng.random() < 0.3:
        copy["v"] = 1
    if rng.random() < 0.4:
        copy["phone"] = rng.choice(PHONES)
    if rng.random() < 0.3 and event["type"] != "person_identified":
        copy.pop("phone", None)
    if event["type"] in BROWSED and rng.random() < 0.3:
        copy["claimed_phone"] = rng.choice(PHONES)
    return copy


def _conflict(event: Row, rng: random.Random) -> Row:
    """Another body under the same event_id."""
    other = {**event, "branch": "elsewhere"}
    if rng.random() < 0.5:
        other["visitor_id"] = "v-conflict"
    return other


def _claimed(rng: random.Random) -> Row:
    """What a browser says of its visitor's phone or e-mail, now and then."""
    claimed: Row = {}
    if rng.random() < 0.12:
        claimed["claimed_phone"] = rng.choice(PHONES)
        if claimed["claimed_phone"] in ALIASES and rng.random() < 0.5:
            claimed["claimed_phone_aliases"] = [ALIASES[claimed["claimed_phone"]]]
    if rng.random() < 0.06:
        claimed["claimed_email"] = rng.choice(EMAILS)
    return claimed


def _who(rng: random.Random, *likely: str, least: int = 0) -> Row:
    """A few identifiers; `likely` ones more often."""
    pool = {
        "visitor_id": VISITORS,
        "session_id": SESSIONS,
        "lead_id": LEADS,
        "phone": PHONES,
        "email": EMAILS,
    }
    said: Row = {}
    while True:
        for kind, values in pool.items():
            odds = 0.75 if kind in likely else 0.06
            if rng.random() < odds:
                said[kind] = rng.choice(values)
        if len(said) >= least:
            break
    if said.get("phone") in ALIASES and rng.random() < 0.5:
        said["phone_aliases"] = [ALIASES[said["phone"]]]
    if said.get("phone") in ALIASES and rng.random() < 0.2:  # as an old event has it
        said["phone"] = ALIASES[said["phone"]]
        said.pop("phone_aliases", None)
    return said


def _visit(rng: random.Random) -> Row:
    clicks = {"fbclid": "f1"} if rng.random() < 0.05 else {}
    return {
        **_who(rng, "visitor_id"),
        "url": rng.choice(URLS),
        "referrer": rng.choice(REFERRERS),
        "scan_id": rng.choice(SCANS) if rng.random() < 0.3 else None,
        "utm_campaign": rng.choice(CAMPAIGNS) if rng.random() < 0.1 else None,
        **clicks,
    }


def _call(rng: random.Random) -> Row:
    direction = rng.choice(("inbound", None, None, None, "outbound"))
    return {
        **_who(rng, "phone"),
        "call_id": rng.choice(CALLS),
        "number": "010-9999-8888" if direction == "outbound" else rng.choice(LINES),
        "direction": direction,
        "outcome": rng.choice(("answered", "answered", "missed")),
        "duration_seconds": rng.choice((None, 0, 29, 30, 60, 600)),
        "wait_seconds": rng.choice((None, 0, 10, 60)),
        "keyword": rng.choice((None, None, "언어치료")),
        "ad_group": rng.choice((None, None, "g1")),
    }


def _told(rng: random.Random) -> Row:
    source: Row = (
        {"channel": rng.choice(CHANNELS)} if rng.random() < 0.7 else {"answer": rng.choice(("지인", "몰라"))}
    )
    call: Row = {"call_id": rng.choice(CALLS)} if rng.random() < 0.25 else {}
    return {**_who(rng, "lead_id"), **source, **call}


def _spend(rng: random.Random) -> Row:
    kind = rng.choice((None, "media", "agency", "staff", "reward", "sales", "tool", "upkeep", "training"))
    may_lack = kind in ("sales", "tool", "upkeep", "training")
    first = START.date() + timedelta(days=rng.choice((0, 1, 2, 29, 60)))
    cost: Row = (
        {"hours": rng.choice((1, 2.5, 0.1))}
        if rng.random() < 0.2
        else {"amount": rng.choice((600_000, 100_001, 7, 0))}
    )
    return {
        **(_who(rng, "visitor_id", "phone") if rng.random() < 0.1 else {}),
        "spend_id": rng.choice(("m1", "m2", "m3", "m4", "m5", "m6", "m7")),
        "channel": rng.choice((None, "paid_search")) if may_lack else rng.choice(CHANNELS),
        "campaign": rng.choice(CAMPAIGNS),
        "period_start": first.isoformat(),
        "period_end": (first + timedelta(days=rng.choice((0, 1, 6, 30)))).isoformat(),
        **cost,
        "kind": kind,
        "vat": rng.choice((None, "included", "excluded")),
        "clicks": rng.choice((None, 5)),
        "impressions": rng.choice((None, 100)),
    }


def _identified(rng: random.Random) -> Row:
    call: Row = {"call_id": rng.choice(CALLS)} if rng.random() < 0.25 else {}
    return {**_who(rng, "visitor_id", "lead_id", least=2), **call}


def _forgotten(rng: random.Random) -> Row:
    named: list[Row] = [{"visitor_id": rng.choice(VISITORS[:3])}]
    if rng.random() < 0.6:
        phone = rng.choice(PHONES[:3])
        named += [{"phone": phone}, *([{"phone": ALIASES[phone]}] if phone in ALIASES else [])]
    if rng.random() < 0.4:
        named.append({"lead_id": rng.choice(LEADS)})
    if rng.random() < 0.3:
        named.append({"call_id": rng.choice(CALLS)})
    own = _who(rng, "visitor_id", "lead_id") if rng.random() < 0.2 else {}
    return {**own, "identifiers": named, "branch": None}


def _by(rng: random.Random) -> Row:
    """Who invited or referred."""
    lead, phone = {"referrer_lead_id": rng.choice(LEADS)}, {"referrer_phone": rng.choice(PHONES)}
    return rng.choice((lead, lead, phone, {**lead, **phone}))


def _content(rng: random.Random) -> Row:
    kind = rng.choice(("download", "video", "goal"))
    watched = {"watched_seconds": rng.choice((0, 20, 30.5)), "length_seconds": rng.choice((30, 30.5))}
    return {
        **_who(rng, "visitor_id"),
        "content": rng.choice(("guide", "tour")),
        "kind": kind,
        "value": rng.choice((None, 0, 1000.5)),
        **(watched if kind == "video" and rng.random() < 0.8 else {}),
    }


_FIELDS: dict[str, Any] = {
    "visit_seen": _visit,
    "page_viewed": lambda rng: {**_who(rng, "visitor_id"), "url": rng.choice(URLS)},
    "contact_clicked": lambda rng: {
        **_who(rng, "visitor_id"),
        "kind": rng.choice(("tel", "tel", "tel", "kakao")),
        "target": rng.choice(LINES),
    },
    "qr_scanned": lambda rng: {
        **_who(rng, "visitor_id"),
        "code": rng.choice(CODES),
        "scan_id": rng.choice(SCANS),
    },
    "number_shown": lambda rng: {"visitor_id": rng.choice(VISITORS), "number": rng.choice(LINES)},
    "call_ended": _call,
    "call_tagged": lambda rng: {
        "call_id": rng.choice(CALLS),
        "subject": rng.choice(("new", "existing", "spam", "wrong_number")),
    },
    "source_told": _told,
    "status_changed": lambda rng: {
        **_who(rng, "lead_id"),
        "stage": rng.choice(STAGES),
        "service": rng.choice((None, "speech", "sensory")),
        "via": rng.choice((None, "phone", "web_form")),
    },
    "payment_received": lambda rng: {
        **_who(rng, "lead_id"),
        "amount": rng.choice(AMOUNTS),
        "funding": rng.choice((None, "self", "voucher")),
    },
    "spend_recorded": _spend,
    "person_identified": _identified,
    "message_tracked": lambda rng: {
        **_who(rng, "email"),
        "message_id": rng.choice(("m1", "m2")),
        "action": rng.choice(("clicked", "clicked", "clicked", "opened", "delivered", "unsubscribed")),
        "medium": rng.choice((None, "email", "email", "sms", "alimtalk", "push")),
        "campaign": rng.choice(CAMPAIGNS),
        "segment": rng.choice((None, "dormant-90")),
        **rng.choice(({}, {"experiment": "greeting", "variant": "a"})),
    },
    "referral_made": lambda rng: {
        **(_who(rng, "visitor_id") if rng.random() < 0.2 else {}),
        "lead_id": rng.choice(LEADS),
        **_by(rng),
        "phone": rng.choice((None, PHONES[0])),
    },
    "invitation_sent": lambda rng: {**_who(rng), **_by(rng)},
    "content_engaged": _content,
    "experiment_assigned": lambda rng: {
        **_who(rng, "visitor_id"),
        **({"call_id": rng.choice(CALLS)} if rng.random() < 0.25 else {}),
        "experiment": rng.choice(("greeting", "page")),
        "variant": rng.choice(("a", "b")),
    },
    "search_query_measured": lambda rng: {
        "query": "언어치료",
        "engine": "naver",
        "clicks": 3,
        "period_start": "2026-02-01",
        "period_end": "2026-02-28",
    },
    "measure_recorded": lambda rng: {
        "metric": "open_slots",
        "value": 3.0,
        "period_start": "2026-02-01",
        "period_end": "2026-02-28",
    },
    "search_volume_measured": lambda rng: {
        "keyword": "언어치료",
        "brand": "센터",
        "own": True,
        "volume": 100,
        "month": "2026-02",
    },
    "event_withdrawn": lambda rng: {
        **(_who(rng, "visitor_id", "phone") if rng.random() < 0.1 else {}),
        "branch": None,
        "withdraws": "nothing",
    },
    "person_forgotten": _forgotten,
}


def random_catalog(rng: random.Random) -> list[Row]:
    """Definitions of the two sites, older and newer ones, in any order."""
    entries: list[Row] = []

    def define(kind: str, id: str, odds: float, site: str = "center", **fields: Any) -> None:
        if rng.random() < odds:
            said = {name: value for name, value in fields.items() if value is not None}
            defined_at = rng.choice(
                ("2026-01-01T00:00:00+09:00", "2025-12-31T15:00:00Z", "2026-01-02T00:00:00+09:00")
            )
            entries.append({"site": site, "kind": kind, "id": id, "defined_at": defined_at, **said})

    def days() -> Row:
        first = START.date() + timedelta(days=1)
        return rng.choice(
            (
                {},
                {"from": first.isoformat()},
                {"to": first.isoformat()},
                {"from": first.isoformat(), "to": (first + timedelta(days=rng.choice((0, 29)))).isoformat()},
            )
        )

    for site in ("center", "center", "second"):
        define(
            "site",
            site,
            0.8,
            site,
            branches=["gangnam", "bundang"],
            time_zone=rng.choice(("Asia/Seoul", "America/New_York")),
            attribution=rng.choice(
                (
                    None,
                    {"window_days": rng.choice((1, 7, 30, 90))},
                    {"direct": "keep"},
                    {"told": "count"},
                    {"told": "ignore"},
                    {"position": [50.0, 0.0, 50.0], "half_life_days": 1.5},
                    {"half_life_days": 30.0, "told": "count", "direct": "keep"},
                )
            ),
            stages=rng.choice(
                (None, None, ["inquiry", "trial", "consult", "registration"], ["registration"])
            ),
            roi_months=rng.choice((None, None, 1, 2)),
            call_inquiries=rng.choice((None, "off", "answered")),
            shared_identifiers=rng.choice(
                (None, [{"visitor_id": "kiosk"}, {"phone": "hmac:2:fa"}, {"phone": "hmac:1:fa"}])
            ),
            answers={"지인": rng.choice(("referral", "friend", "flyer"))},
            staff_hourly_rate=rng.choice((None, 15_001.0)),
            thresholds=rng.choice((None, {"stop": 0.5}, {"too_little": 1.0})),
            ltv_months=rng.choice((None, 18.0)),
            ltv_monthly_revenue=rng.choice((None, 850_000.0)),
        )
    define(
        "channel", "referral", 0.3, free=rng.choice((None, False)), channel_kind=rng.choice((None, "paid"))
    )
    define("channel", "friend", 0.6, channel_kind="word_of_mouth", free=rng.choice((None, True)))
    define("channel", "flyer", 0.4, free=True)
    define("channel", "naver_blog", 0.5, rules=[[{"field": "utm_source", "equals": "blog"}]])
    for _ in range(2):
        define(
            "campaign",
            "c-spring",
            0.6,
            utm_campaign=rng.choice((["Spring 2026", "spring"], ["spring"])),
            name="봄",
            channel="paid_search",
            budget=1_000_000,
            starts_on="2026-02-01",
            ends_on=rng.choice((None, "2026-02-28")),
            goal_metric="registration",
            goal_count=10.0,
        )
    define("campaign", "a-other", 0.3, utm_campaign=["spring"])
    for code in ("poster", "flyer"):
        define(
            "qr_code",
            code,
            0.7,
            assignments=[
                {
                    "id": "a1",
                    **days(),
                    **rng.choice(({}, {"channel": "flyer"}, {"channel": "flyer", "campaign": "c-spring"})),
                }
            ],
        )
    for number, pool in (("02-555-1234", False), ("07041234567", True), ("1577-1577", False)):
        define(
            "tracking_number",
            number,
            0.8,
            assignments=[
                {
                    "id": "n1",
                    **days(),
                    **({"pool": True} if pool else {}),
                    **rng.choice(({}, {"channel": "flyer", "keyword": "k"})),
                }
            ],
        )
    for _ in range(2):
        define("goal", "booking", 0.3, name="예약", value=rng.choice((50_000.0, 0.5)))
        define("experiment", "greeting", 0.3, name={"en": "Greeting"}, variants=["a", "b"])
        define("keyword_list", "brand", 0.3, keywords=["센터"], list_kind="brand")
        define("segment", "dormant-90", 0.2, days=90, name={"ko": "휴면", "en": "Dormant"})
        define("tool", "bot", 0.2, gains=[{"metric": "registration", "unit_value": 850_000.0}])
        define("content", "guide", 0.2, landing_pages=["/guide"], cost=500_000)
    rng.shuffle(entries)
    return entries


_SEOUL = datetime.fromisoformat("2026-01-01T00:00:00+09:00").tzinfo

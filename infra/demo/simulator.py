"""Seed -> a quarter of the centre: what everybody did, what the desk wrote down, and what was true.

Pure: the same seed and size give the same quarter in every process. Counts that the owner decides by are dealt, not
drawn (so many people of a channel take each way), or another seed would tell another story.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar

from infra.demo.centre import (
    AD_VERSIONS,
    AUTUMN,
    BRANCHES,
    CLOSES,
    CODES,
    HOST,
    KST,
    LINES,
    MAIN,
    OPENS,
    PLANS,
    POOL,
    RECEPTION,
    SERVICES,
    SINCE,
    SITE,
    UNTIL,
)
from infra.demo.people import BACKGROUND, BOTS, BROWSERS, PAGES, TOLD, WAYS, Way

T = TypeVar("T")
DAYS = (UNTIL - SINCE).days + 1
EVENTS = 100_000


class Request(NamedTuple):
    """One line of the access log."""

    at: datetime
    address: str
    path: str
    status: int
    referrer: str
    agent: str
    cookie: str


class Call(NamedTuple):
    """One call as the exchange saw it; `phone` is "" when the caller withheld it."""

    call_id: str
    started: datetime
    phone: str
    number: str
    branch: str
    outcome: str
    talk_seconds: int
    wait_seconds: int


@dataclass
class Lead:
    """One child on the desk's list, with what the desk knows and what is true."""

    lead_id: str
    phone: str
    branch: str
    service: str
    via: str
    inquired: datetime
    channel: str
    told: str
    told_in_list: bool
    listed_on: date
    consulted_on: date | None = None
    waiting_on: date | None = None
    registered_on: date | None = None
    lost_on: date | None = None
    closed_on: date | None = None


class Payment(NamedTuple):
    """One line of the card terminal's list; a refund is negative."""

    payment_id: str
    lead_id: str
    branch: str
    service: str
    paid_at: datetime
    amount: int
    method: str


@dataclass
class Showing:
    """One visitor looking at a number of the website's pool."""

    visitor: str
    first: datetime
    last: datetime
    number: str = ""


@dataclass
class Quarter:
    """Everything that happened, in the order in which it was made up; files sort it."""

    requests: list[Request] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    live: list[dict[str, Any]] = field(default_factory=list)
    page_views: int = 0


class _Visitor(NamedTuple):
    cookie: str
    address: str
    agent: str


def simulate(seed: int = 1, events: int = EVENTS) -> Quarter:
    """Seed and about how many events in all -> the quarter; never fewer than the people themselves make."""
    return _Simulation(seed, events).run()


class _Simulation:
    def __init__(self, seed: int, events: int) -> None:
        self._rng = random.Random(f"headwater demo {seed}")
        self._events = events
        self._made = Quarter()
        self._people = 0
        self._visitors = 0
        self._scans = 0
        self._showings: list[Showing] = []
        self._pool_calls: list[tuple[Showing, Call]] = []

    def run(self) -> Quarter:
        for channel in PLANS:
            self._people_of(channel)
        self._other_calls()
        self._background()
        self._bots()
        self._hand_out_numbers()
        return self._made

    # ---- people -------------------------------------------------------------------------------------------------

    def _people_of(self, channel: str) -> None:
        rng, plan = self._rng, PLANS[channel]
        for number, registers in ((plan.registrations, True), (plan.inquiries - plan.registrations, False)):
            ways = self._dealt([(way.share, way) for way in WAYS[channel]], number)
            told = self._dealt(TOLD[channel], number)
            branches = self._dealt([(1, branch) for branch in BRANCHES], number)
            last_day = 68 if registers else DAYS - 2
            days = [4 + (nth * (last_day - 4)) // max(number, 1) for nth in range(number)]
            rng.shuffle(days)
            before: Lead | None = None
            for nth in range(number):
                sibling = before if before is not None and nth % 17 == 5 else None
                lead = self._lead(channel, ways[nth], told[nth], branches[nth], days[nth], sibling)
                self._go_on(lead, registers, nth)
                before = lead

    def _lead(self, channel: str, way: Way, told: str, branch: str, day: int, sibling: Lead | None) -> Lead:
        """One child's inquiry; a sibling's comes with the first child's call and leaves no other trace."""
        rng = self._rng
        if sibling is not None:
            phone, branch, inquired, via = sibling.phone, sibling.branch, sibling.inquired, sibling.via
            told, contact = sibling.told, ""
        else:
            phone, via, contact = self._phone(), way.contact, way.contact
            if contact == "walk_in" and rng.random() < 0.5:
                phone = RECEPTION
            inquired = _opening_time(SINCE + timedelta(days=day), rng)
        late = rng.choice((1, 2, 3)) if rng.random() < 0.1 else 0
        lead = Lead(
            lead_id=f"M{len(self._made.leads) + 1:04d}",
            phone=phone,
            branch=branch,
            service=rng.choice(SERVICES),
            via=via,
            inquired=inquired,
            channel=channel,
            told=told,
            told_in_list=via == "walk_in" or rng.random() < 0.4,
            listed_on=min(inquired.date() + timedelta(days=late), UNTIL),
        )
        self._made.leads.append(lead)
        if contact:
            self._journey(lead, way.visits, contact)
        return lead

    def _journey(self, lead: Lead, visits: tuple[str, ...], contact: str) -> None:
        rng = self._rng
        visitor = self._visitor()
        starts: list[datetime] = []
        for before in range(len(visits), 0, -1):
            days = 0 if before == 1 else sum(rng.randint(1, 6) for _ in range(before - 1))
            at = lead.inquired - timedelta(days=days, minutes=rng.randint(4, 18))
            if days:
                at = _waking_time(at.date(), rng)
            starts.append(max(at, OPENS + timedelta(minutes=len(starts) * 45)))
        last = lead.inquired
        for source, start in zip(visits, starts, strict=True):
            last = self._session(visitor, source, start, pages=rng.randint(2, 5), known=start > starts[0])
        if visits:
            lead.inquired = max(lead.inquired, last + timedelta(seconds=45))
        call_id = self._contact(lead, visitor, contact, starts[-1] if starts else lead.inquired)
        if lead.told and not lead.told_in_list:
            asked = {"call_id": call_id} if call_id else {"lead_id": lead.lead_id}
            self._say(
                "source_told",
                lead.inquired + timedelta(minutes=9),
                answer=lead.told,
                branch=lead.branch,
                **asked,
            )
        if rng.random() < 0.12:
            later = lead.inquired.date() + timedelta(days=rng.randint(1, 4))
            if later < UNTIL:
                self._session(
                    visitor,
                    rng.choice(("direct", "direct", "search")),
                    _waking_time(later, rng),
                    2,
                    known=True,
                )

    def _contact(self, lead: Lead, visitor: _Visitor, contact: str, session_start: datetime) -> str:
        """The inquiry itself -> the call's id, "" when nobody called."""
        rng, at = self._rng, lead.inquired
        if contact == "form":
            self._say("person_identified", at, visitor_id=visitor.cookie, phone=lead.phone)
            return ""
        if contact == "kakao":
            self._say("contact_clicked", at, kind="kakao", visitor_id=visitor.cookie)
            if rng.random() < 0.5:
                self._say(
                    "person_identified",
                    at + timedelta(minutes=20),
                    visitor_id=visitor.cookie,
                    phone=lead.phone,
                )
            return ""
        if contact in ("walk_in", "cafe_message"):
            return ""
        if contact == "pool":
            showing = Showing(visitor.cookie, session_start, at - timedelta(seconds=20))
            self._showings.append(showing)
            call = self._call(lead.phone, "", lead.branch, at)
            self._pool_calls.append((showing, call))
        elif contact == "tap":
            number = MAIN[lead.branch]
            tapped = at - timedelta(seconds=rng.randint(3, 20))
            self._say("contact_clicked", tapped, kind="tel", target=number, visitor_id=visitor.cookie)
            call = self._call(lead.phone, number, lead.branch, at)
        elif contact == "main":
            call = self._call(lead.phone, MAIN[lead.branch], lead.branch, at)
        else:
            channel = "naver_place" if contact == "place_call" else lead.channel
            call = self._call(lead.phone, LINES[channel][lead.branch], lead.branch, at)
        if rng.random() < 0.5:
            self._say("call_tagged", at + timedelta(minutes=12), call_id=call.call_id, subject="new")
        return call.call_id

    def _go_on(self, lead: Lead, registers: bool, nth: int) -> None:
        """What became of the inquiry: consult, waiting list, registration with its payments, or nothing."""
        rng = self._rng
        if not registers:
            if rng.random() < 0.45:
                lead.consulted_on = lead.listed_on + timedelta(days=rng.randint(1, 9))
                if rng.random() < 0.3:
                    lead.waiting_on = lead.consulted_on + timedelta(days=rng.randint(1, 4))
            if lead.waiting_on is None and rng.random() < 0.6:
                lead.lost_on = (lead.consulted_on or lead.listed_on) + timedelta(days=rng.randint(3, 14))
            for name in ("consulted_on", "waiting_on", "lost_on"):
                if (on := getattr(lead, name)) is not None and on > UNTIL:
                    setattr(lead, name, None)
            return
        lead.consulted_on = lead.listed_on + timedelta(days=rng.randint(1, 5))
        wait = rng.randint(2, 6)
        if nth % 6 == 2:
            lead.waiting_on = lead.consulted_on + timedelta(days=1)
            wait = rng.randint(9, 12)
        lead.registered_on = min(lead.consulted_on + timedelta(days=wait), UNTIL - timedelta(days=2))
        fee = (140_000, 160_000, 160_000, 180_000)[nth % 4]
        cancelled = nth % 14 == 9
        on, month = lead.registered_on, 0
        while on <= UNTIL and (month == 0 or not cancelled):
            paid = _opening_time(on, rng)
            self._pay(lead, paid, fee)
            if month == 0 and nth % 9 == 4:  # a session that fell through
                self._pay(lead, min(paid + timedelta(days=3), CLOSES - timedelta(hours=3)), -fee // 4)
            on, month = on + timedelta(days=30), month + 1
        if cancelled:
            gone = min(lead.registered_on + timedelta(days=rng.randint(2, 6)), UNTIL)
            lead.closed_on = gone
            self._pay(lead, _opening_time(gone, rng), -fee)
        if lead.phone != RECEPTION and rng.random() < 0.35:
            self._existing_call(lead)

    def _pay(self, lead: Lead, at: datetime, amount: int) -> None:
        method = self._rng.choice(("바우처", "신용카드", "신용카드", "계좌이체"))
        payment_id = f"{20250000 + len(self._made.payments) + 1}"
        self._made.payments.append(
            Payment(payment_id, lead.lead_id, lead.branch, lead.service, at, amount, method)
        )

    # ---- calls --------------------------------------------------------------------------------------------------

    def _call(self, phone: str, number: str, branch: str, at: datetime, outcome: str = "answered") -> Call:
        rng = self._rng
        talk = rng.randint(60, 540) if outcome == "answered" else 0
        wait = rng.randint(3, 25) if outcome != "abandoned" else rng.randint(20, 60)
        call_id = f"c{100_000 + len(self._made.calls) + len(self._pool_calls)}"
        call = Call(call_id, at.replace(microsecond=0), phone, number, branch, outcome, talk, wait)
        if number:
            self._made.calls.append(call)
        return call

    def _existing_call(self, lead: Lead) -> None:
        """A customer calls about an appointment, on whatever number is at hand."""
        rng = self._rng
        assert lead.registered_on is not None
        on = min(lead.registered_on + timedelta(days=rng.randint(4, 25)), UNTIL)
        number = rng.choice((MAIN[lead.branch], MAIN[lead.branch], LINES["naver_place"][lead.branch]))
        call = self._call(lead.phone, number, lead.branch, _opening_time(on, rng))
        self._say(
            "call_tagged", call.started + timedelta(minutes=15), call_id=call.call_id, subject="existing"
        )

    def _other_calls(self) -> None:
        """Old customers, spam, wrong numbers, and calls that nobody took."""
        rng = self._rng
        kinds = [("existing", 120), ("spam", 70), ("wrong_number", 30), ("", 60)]
        for subject, number_of in kinds:
            for _ in range(number_of):
                at = _opening_time(SINCE + timedelta(days=rng.randrange(DAYS)), rng)
                branch = rng.choice(list(BRANCHES))
                lines = [MAIN[branch], *(numbers[branch] for numbers in LINES.values())]
                outcome = rng.choice(("missed", "abandoned", "busy")) if not subject else "answered"
                phone = "" if rng.random() < 0.1 else self._phone()
                call = self._call(phone, rng.choice(lines), branch, at, outcome)
                if subject:
                    tagged = at + timedelta(minutes=10)
                    self._say("call_tagged", tagged, call_id=call.call_id, subject=subject)

    # ---- the website --------------------------------------------------------------------------------------------

    def _visitor(self) -> _Visitor:
        rng = self._rng
        self._visitors += 1
        address = f"100.{rng.randint(64, 127)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
        return _Visitor(f"v{self._visitors:06d}.{rng.getrandbits(32):08x}", address, rng.choice(BROWSERS))

    def _session(
        self, visitor: _Visitor, source: str, start: datetime, pages: int, *, known: bool = False
    ) -> datetime:
        """One visit of some pages -> when its last page was opened; the very first request has no cookie yet."""
        rng = self._rng
        at = start.replace(microsecond=0)
        path, referrer = self._landing(source, at)
        cookie = visitor.cookie if known or rng.random() < 0.6 else "-"
        self._request(Request(at, visitor.address, path, 200, referrer, visitor.agent, cookie))
        here = path
        for _ in range(pages - 1):
            at += timedelta(seconds=rng.randint(12, 95))
            referrer, here = HOST + here.partition("?")[0], rng.choice(PAGES)
            self._request(Request(at, visitor.address, here, 200, referrer, visitor.agent, visitor.cookie))
        return at

    def _request(self, request: Request) -> None:
        if request.at < CLOSES:
            self._made.requests.append(request)
            self._made.page_views += 1

    def _landing(self, source: str, at: datetime) -> tuple[str, str]:
        """Where a visit lands and what its referrer says; a scan of printed paper is an event of its own."""
        rng = self._rng
        page = rng.choice(PAGES)
        if source == "blog":
            post = 223_000_000_000 + rng.randint(0, 60)
            tagged = f"{page}?utm_source=naver_blog&utm_medium=blog&utm_campaign=post-{post % 100}"
            return tagged if rng.random() < 0.5 else page, f"https://m.blog.naver.com/maru-example/{post}"
        if source == "place":
            if rng.random() < 0.6:
                autumn = "&utm_campaign=autumn" if at.date() >= AUTUMN[0] and at.date() <= AUTUMN[1] else ""
                version = AD_VERSIONS[at.minute % len(AD_VERSIONS)]
                return f"{page}?utm_source=naver_place&utm_medium=cpc{autumn}&utm_content={version}", "-"
            return page, "https://m.place.naver.com/place/10000001/home"
        if source == "cafe":
            return page, f"https://cafe.naver.com/mapomoms-example/{rng.randint(10_000, 99_999)}"
        if source == "search":
            return page, "https://search.naver.com/search.naver?query=" + rng.choice(_QUERIES)
        if source in ("flyer_scan", "fair_scan"):
            code = (
                "maru-fair"
                if source == "fair_scan"
                else rng.choice(("maru-flyer", "maru-flyer", "maru-banner"))
            )
            assert code in CODES
            self._scans += 1
            scan_id = f"s{self._scans:05d}"
            self._say("qr_scanned", at - timedelta(seconds=1), code=code, scan_id=scan_id)
            return f"/start?hw_scan={scan_id}", "-"
        referrers = {
            "google": "https://www.google.com/",
            "kakao": "https://pf.kakao.com/_example",
            "website": "https://www.ganseo-family.example/links",
        }
        return page, referrers.get(source, "-")

    def _background(self) -> None:
        """Those who look and never ask, until the quarter has the size that was asked for."""
        rng = self._rng
        sources = [source for share, source in BACKGROUND for _ in range(share)]
        nth = 0
        while self._size() < self._events:
            nth += 1
            visitor = self._visitor()
            start = _waking_time(SINCE + timedelta(days=rng.randrange(DAYS)), rng)
            source = rng.choice(sources)
            pages = rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 7))
            last = self._session(visitor, source, start, pages)
            if nth % 12 == 0:
                self._showings.append(Showing(visitor.cookie, start, last))
            if nth % 25 == 0:
                kind = rng.choice(("kakao", "map", "naver_booking"))
                self._say("contact_clicked", last, kind=kind, visitor_id=visitor.cookie)
            if nth % 5 == 0:
                back = start.date() + timedelta(days=rng.randint(1, 9))
                if back <= UNTIL:
                    again = _waking_time(back, rng)
                    self._session(visitor, rng.choice(("direct", "search", source)), again, 2, known=True)

    def _size(self) -> int:
        """About how many events there are already: what a lead, a payment and a showing come to."""
        made = self._made
        return (
            made.page_views
            + len(made.calls)
            + len(self._pool_calls)
            + len(made.live)
            + 2 * len(self._showings)
            + len(made.payments)
            + 4 * len(made.leads)
        )

    def _bots(self) -> None:
        """Crawlers, and files that are no pages: lines of the log that are no visits."""
        rng = self._rng
        for _ in range(len(self._made.requests) // 14):
            at = OPENS + timedelta(seconds=rng.randrange(DAYS * 86_400))
            address = f"100.64.0.{rng.randint(1, 254)}"
            self._made.requests.append(
                Request(at, address, rng.choice(PAGES), 200, "-", rng.choice(BOTS), "-")
            )
        for _ in range(len(self._made.requests) // 30):
            request = self._made.requests[rng.randrange(len(self._made.requests))]
            self._made.requests.append(
                request._replace(path="/assets/site.css", referrer=HOST + request.path.partition("?")[0])
            )

    def _hand_out_numbers(self) -> None:
        """Each visitor gets the number of the pool that has rested longest; when all are in use, it is shared."""
        free_since = {number: OPENS for number in POOL}
        for showing in sorted(self._showings, key=lambda one: (one.first, one.visitor)):
            number = min(free_since, key=lambda one: (free_since[one], one))
            free_since[number] = max(free_since[number], showing.last) + timedelta(minutes=30)
            showing.number = number
            at = showing.first + timedelta(seconds=2)
            while at <= showing.last:
                self._say("number_shown", at, number=number, visitor_id=showing.visitor)
                at += timedelta(minutes=5)
        for showing, call in self._pool_calls:
            self._made.calls.append(call._replace(number=showing.number))

    # ---- small things -------------------------------------------------------------------------------------------

    def _say(self, what: str, at: datetime, **fields: Any) -> None:
        """An event that the website or the desk sends live."""
        if not OPENS <= at < CLOSES:
            return
        event_id = f"live-{len(self._made.live) + 1:06d}"
        body = {
            "event_id": event_id,
            "type": what,
            "site": SITE,
            "occurred_at": at.replace(microsecond=0).isoformat(),
        }
        self._made.live.append(body | fields)

    def _phone(self) -> str:
        self._people += 1
        return f"010-000{self._people // 10_000}-{self._people % 10_000:04d}"

    def _dealt(self, shares: Sequence[tuple[int, T]], number: int) -> list[T]:
        """`number` things in these shares, as exactly as whole things allow, in random order."""
        whole = sum(share for share, _ in shares)
        counts = [number * share // whole for share, _ in shares]
        by_rest = sorted(range(len(shares)), key=lambda at: (-(number * shares[at][0] % whole), at))
        for at in by_rest[: number - sum(counts)]:
            counts[at] += 1
        dealt = [thing for (_, thing), count in zip(shares, counts, strict=True) for _ in range(count)]
        self._rng.shuffle(dealt)
        return dealt


_QUERIES = (
    "%EB%A7%88%EB%A3%A8%20%EC%95%84%EB%8F%99%EB%B0%9C%EB%8B%AC%EC%84%BC%ED%84%B0",
    "%EA%B0%95%EC%84%9C%EA%B5%AC%20%EC%96%B8%EC%96%B4%EC%B9%98%EB%A3%8C",
    "%EB%86%80%EC%9D%B4%EC%B9%98%EB%A3%8C%20%EB%B0%94%EC%9A%B0%EC%B2%98",
)


def _opening_time(on: date, rng: random.Random) -> datetime:
    """A time of that day while the centre is open; on a Sunday, of the Saturday before."""
    if on.weekday() == 6 and on > SINCE:
        on -= timedelta(days=1)
    return datetime.combine(on, time(10), KST) + timedelta(seconds=rng.randrange(8 * 3600))


def _waking_time(on: date, rng: random.Random) -> datetime:
    return datetime.combine(max(on, SINCE), time(8), KST) + timedelta(seconds=rng.randrange(15 * 3600))

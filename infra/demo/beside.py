"""Quarter, seed -> what the centre did beside advertising: messages, content, two tests, invitations.

None of it moves a credit: who gets a message has every stage behind them, what is done on a page is no touch, and
friends are written down after the registration.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from infra.demo.centre import CLOSES, KST, RECEPTION, SITE, UNTIL
from infra.demo.simulator import Lead, Quarter

NEWSLETTER: Final = date(2025, 11, 18)
WINTER: Final = date(2025, 12, 2)
COME_BACK: Final = date(2025, 12, 9)
QUIET_DAYS: Final = 21
FORM_TEST: Final = (date(2025, 10, 6), date(2025, 12, 14))
FORM_SUBJECTS: Final = {"long": (22, 53), "short": (40, 35)}
"""variant -> how many of its visitors send the form, and how many do not."""
GREETING_TEST: Final = (date(2025, 12, 1), date(2026, 1, 31))
TOUR_WATCHED: Final = (30, 10, 20, 25, 15)
"""Seconds of the half-minute film that visitors watch in turn: two thirds of it on average."""
TALK_WATCHED: Final = (60, 54, 58, 57, 56)
FRIENDS: Final = 12


class Sent(NamedTuple):
    """One message to one person and when what became of it; `phone` where the sender knows no 관리번호."""

    message_id: str
    lead_id: str
    phone: str
    medium: str
    campaign: str
    segment: str
    experiment: str
    variant: str
    steps: Mapping[str, datetime]


class Beside(NamedTuple):
    """What the sender's files say, and what website and desk send live."""

    sent: list[Sent]
    live: list[dict[str, Any]]


def beside(quarter: Quarter, seed: int) -> Beside:
    """A quarter -> what happened in it beside advertising; the same for a seed in every process."""
    return _Beside(quarter, random.Random(f"headwater demo beside {seed}")).made()


class _Person(NamedTuple):
    """Somebody on the desk's list: their leads, and the day after which nothing more is decided of them."""

    leads: tuple[Lead, ...]
    settled_on: date


class _Beside:
    def __init__(self, quarter: Quarter, rng: random.Random) -> None:
        self._quarter = quarter
        self._rng = rng
        self._sent: list[Sent] = []
        self._live: list[dict[str, Any]] = []
        self._gone: set[str] = set()  # who wants no more messages, by the first lead
        self._people = _people(quarter.leads)
        self._payments: dict[str, list[datetime]] = {}
        for paid in quarter.payments:
            if paid.amount > 0:
                self._payments.setdefault(paid.lead_id, []).append(paid.paid_at)

    def made(self) -> Beside:
        self._newsletter()
        self._winter_classes()
        self._come_back()
        self._content()
        self._form_test()
        self._greeting_test()
        self._friends()
        return Beside(self._sent, self._live)

    # ---- messages -----------------------------------------------------------------------------------------------

    def _newsletter(self) -> None:
        """Mail to every customer: the only medium that tells who opened it."""
        for nth, (lead, segment) in enumerate(self._customers(NEWSLETTER)):
            steps = {"sent": 0}
            if nth % 29 == 7:
                steps["bounced"] = 40
            else:
                steps["delivered"] = 5
                if nth % 9 in (0, 2, 5, 7):
                    steps["opened"] = self._rng.randint(300, 80_000)
                    if nth % 9 == 2:
                        steps["clicked"] = steps["opened"] + self._rng.randint(5, 90)
                    if nth % 36 == 5:
                        steps["unsubscribed"] = steps["opened"] + 30
                    if nth % 54 == 9:
                        steps["complained"] = steps["opened"] + 60
            self._send(lead, NEWSLETTER, nth, steps, "email", "newsletter", segment)

    def _winter_classes(self) -> None:
        """Alimtalk of the holidays' classes to customers, whose next month's fee follows or does not."""
        for nth, (lead, segment) in enumerate(self._customers(WINTER)):
            steps = {"sent": 0}
            if nth % 31 == 11:
                steps["bounced"] = 20
            else:
                steps["delivered"] = self._rng.randint(1, 20)
                if nth % 10 in (1, 4, 8):
                    steps["clicked"] = self._rng.randint(120, 40_000)
            self._send(lead, WINTER, nth, steps, "alimtalk", "winter-classes", segment)

    def _come_back(self) -> None:
        """A text to those who asked and never came, in two wordings: a test by message."""
        asked = [
            one.leads[-1]
            for one in self._people
            if all(lead.registered_on is None for lead in one.leads)
            and one.settled_on < COME_BACK - timedelta(days=QUIET_DAYS)
            and one.leads[0].phone != RECEPTION
        ]
        for nth, lead in enumerate(asked[:124]):
            variant = ("offer", "question")[nth % 2]
            clicks = (0, 4) if variant == "offer" else (0, 3, 5, 8, 11)
            steps = {"sent": 0}
            if nth % 21 == 13:
                steps["bounced"] = 15
            else:
                steps["delivered"] = self._rng.randint(2, 30)
                if (nth // 2) % 13 in clicks:
                    steps["clicked"] = self._rng.randint(60, 30_000)
                elif (nth // 2) % 31 == 10:
                    steps["unsubscribed"] = self._rng.randint(60, 3_000)
            self._send(lead, COME_BACK, nth, steps, "sms", "come-back", "quiet", "come-back-words", variant)

    def _customers(self, on: date) -> Iterable[tuple[Lead, str]]:
        """Each family that is a customer that day, nothing of it still to be decided, with its segment."""
        for one in self._people:
            leads = [lead for lead in one.leads if lead.registered_on is not None and lead.closed_on is None]
            if not leads or one.settled_on >= on or leads[0].lead_id in self._gone:
                continue
            paid = sum(at.date() < on for lead in leads for at in self._payments.get(lead.lead_id, ()))
            yield leads[0], "regulars" if paid >= 2 else "new-customers"

    def _send(
        self, lead: Lead, on: date, nth: int, after: Mapping[str, int], medium: str, campaign: str, segment: str,
        experiment: str = "", variant: str = "",
    ) -> None:  # fmt: skip
        at = datetime.combine(on, time(10, 30), KST) + timedelta(seconds=nth)
        if "unsubscribed" in after or "complained" in after:
            self._gone.add(lead.lead_id)
        by_phone = medium == "sms"
        self._sent.append(
            Sent(
                f"{campaign}-{nth + 1:04d}",
                "" if by_phone else lead.lead_id,
                lead.phone if by_phone else "",
                medium,
                campaign,
                segment,
                experiment,
                variant,
                {step: at + timedelta(seconds=seconds) for step, seconds in after.items()},
            )
        )

    # ---- the website --------------------------------------------------------------------------------------------

    def _content(self) -> None:
        """Downloads, films, and forms that were sent, each by a visitor who was on the page."""
        readers = self._visits(("/blog/first-words",))
        for cookie, at in self._some(readers, 36):
            self._say(
                "content_engaged",
                at + timedelta(seconds=25),
                visitor_id=cookie,
                content="first-words-checklist.pdf",
                kind="download",
            )
        for cookie, at in self._some(self._visits(("/voucher",)), 20):
            self._say(
                "content_engaged",
                at + timedelta(seconds=20),
                visitor_id=cookie,
                content="voucher-guide.pdf",
                kind="download",
            )
        for films, watched, length, page, most in (
            (
                "centre-tour",
                TOUR_WATCHED,
                30,
                ("/", "/branches/gangseo", "/branches/mapo", "/branches/songpa"),
                40,
            ),
            ("therapist-talk", TALK_WATCHED, 60, ("/therapists",), 20),
        ):
            seen = self._some(self._visits(page), most)
            for nth, (cookie, at) in enumerate(seen[: len(seen) // 5 * 5]):
                self._say(
                    "content_engaged", at + timedelta(seconds=watched[nth % 5]), visitor_id=cookie, content=films, kind="video",
                    watched_seconds=watched[nth % 5], length_seconds=length,
                )  # fmt: skip
        for cookie, sent in self._forms():
            self._say("content_engaged", sent, visitor_id=cookie, content="consult-request", kind="goal")

    def _form_test(self) -> None:
        """Half of some visitors saw a short form: who sent it is what really happened, who saw which is dealt."""
        forms = dict(self._forms())
        first: dict[str, datetime] = {}
        for cookie, at in self._visits(None):
            first.setdefault(cookie, at)
        since, until = FORM_TEST
        taking_part = [cookie for cookie, at in first.items() if since <= at.date() <= until]
        sent = [one for one in taking_part if one in forms and first[one] <= forms[one]]
        looked = [one for one in taking_part if one not in forms]
        for people, number in ((sent, 0), (looked, 1)):
            self._rng.shuffle(people)
            for variant, counts in FORM_SUBJECTS.items():
                for cookie in people[: counts[number]]:
                    self._say(
                        "experiment_assigned",
                        first[cookie],
                        visitor_id=cookie,
                        experiment="form-length",
                        variant=variant,
                    )
                del people[: counts[number]]

    def _visits(self, pages: Sequence[str] | None) -> list[tuple[str, datetime]]:
        """Visitors with a cookie and when they opened one of these pages, in the order of time."""
        return sorted(
            (request.cookie, request.at)
            for request in self._quarter.requests
            if request.cookie != "-" and (pages is None or request.path.partition("?")[0] in pages)
        )

    def _forms(self) -> list[tuple[str, datetime]]:
        return [
            (event["visitor_id"], datetime.fromisoformat(event["occurred_at"]))
            for event in self._quarter.live
            if event["type"] == "person_identified"
        ]

    def _some(self, seen: list[tuple[str, datetime]], most: int) -> list[tuple[str, datetime]]:
        """At most so many of them, each visitor once."""
        once = list(dict(reversed(seen)).items())
        return sorted(self._rng.sample(once, min(most, len(once))), key=lambda one: (one[1], one[0]))

    # ---- telephone and friends ----------------------------------------------------------------------------------

    def _greeting_test(self) -> None:
        """Two ways to answer the telephone, begun in December: too few calls yet to tell."""
        asked_on: dict[str, date] = {}
        for lead in self._quarter.leads:
            asked_on[lead.phone] = min(lead.listed_on, asked_on.get(lead.phone, lead.listed_on))
        asked_on.pop(RECEPTION, None)
        calls = [
            call
            for call in sorted(self._quarter.calls, key=lambda call: (call.started, call.call_id))
            if call.outcome == "answered"
            and GREETING_TEST[0] <= call.started.date() <= asked_on.get(call.phone, date.min)
        ]
        for nth, call in enumerate(calls[:40]):
            variant = ("as_before", "by_name")[nth % 2]
            at = call.started + timedelta(seconds=call.wait_seconds)
            self._say(
                "experiment_assigned", at, call_id=call.call_id, experiment="call-greeting", variant=variant
            )

    def _friends(self) -> None:
        """Customers invite friends; of those who came by a friend, the desk writes down later who it was."""
        customers = [
            one
            for one in self._people
            if one.leads[0].phone != RECEPTION and one.leads[0].registered_on is not None
        ]
        came = [
            one
            for one in self._people
            if one.leads[0].channel == "referral"
            and one.leads[0].registered_on is not None
            and one.settled_on < UNTIL
        ]
        inviters: dict[str, int] = {}
        written = 0
        for one in came:
            asked_on = one.leads[0].listed_on
            before = [
                other
                for other in customers
                if other.settled_on + timedelta(days=10) < asked_on
                and inviters.get(other.leads[0].lead_id, 0) < 2
            ]
            if not before or written == FRIENDS:
                continue
            written += 1
            inviter = self._rng.choice(before)
            inviters[inviter.leads[0].lead_id] = inviters.get(inviter.leads[0].lead_id, 0) + 1
            self._invite(inviter, asked_on - timedelta(days=self._rng.randint(1, 6)))
            at = datetime.combine(one.settled_on + timedelta(days=1), time(18), KST)
            referrer = inviter.leads[0].lead_id
            self._say("referral_made", at, lead_id=one.leads[0].lead_id, referrer_lead_id=referrer)
        others = [one for one in customers if one.settled_on + timedelta(days=3) < UNTIL]
        for one in self._rng.sample(others, min(2 * FRIENDS, len(others))):
            self._invite(one, one.settled_on + timedelta(days=self._rng.randint(1, 3)))

    def _invite(self, one: _Person, on: date) -> None:
        at = datetime.combine(on, time(13), KST) + timedelta(minutes=self._rng.randrange(300))
        self._say("invitation_sent", at, referrer_lead_id=one.leads[0].lead_id)

    # ---- small things -------------------------------------------------------------------------------------------

    def _say(self, what: str, at: datetime, **fields: Any) -> None:
        """An event that the website or the desk sends live; its number goes on where the quarter's end."""
        if at >= CLOSES:
            return
        number = len(self._quarter.live) + len(self._live) + 1
        body = {"event_id": f"live-{number:06d}", "type": what, "site": SITE, "occurred_at": at.isoformat()}
        self._live.append(body | fields)


def _people(leads: Sequence[Lead]) -> list[_Person]:
    """The desk's list -> its people, by telephone; who gave none is somebody of their own."""
    together: dict[str, list[Lead]] = {}
    for lead in leads:
        together.setdefault(lead.lead_id if lead.phone == RECEPTION else lead.phone, []).append(lead)
    return [_Person(tuple(one), max(on for lead in one for on in _stages(lead))) for one in together.values()]


def _stages(lead: Lead) -> list[date]:
    dates = (lead.listed_on, lead.inquired.date(), lead.consulted_on, lead.waiting_on, lead.registered_on)
    return [on for on in dates if on is not None]

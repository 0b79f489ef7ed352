"""What the core keeps of an event: one small fact a type, identifiers as `kind:value`, instants in epoch microseconds.

A fact is a function of the event alone; what depends on the catalog (channel, campaign, local day) is worked out later,
so that a changed catalog reclassifies history.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.envelope import Browsed
from schemas.event import Event
from schemas.reading import is_pseudonym
from streams.domain.days import day_of, micros
from streams.domain.phones import e164
from streams.domain.sources import CLICK_IDS, Source, read_source

(
    VISIT,
    PAGE,
    CLICK,
    SCAN,
    SHOWN,
    CALL,
    TAG,
    TOLD,
    STATUS,
    PAYMENT,
    SPEND,
    IDENTIFIED,
    MESSAGE,
    REFERRAL,
    WITHDRAWN,
    FORGOTTEN,
    OTHER,
    ACTIVITY,
) = range(18)


class Fact:
    """One applied event: `at` epoch µs, `ids` its identifiers as `kind:value`, `body` what its type says."""

    __slots__ = ("at", "body", "branch", "digest", "id", "ids", "kind")
    claims: tuple[str, ...] = ()  # phones and e-mails that a browser gave: of a ClaimingFact

    def __init__(self, kind: int, id: str, at: int, branch: str, ids: tuple[str, ...], body: Any) -> None:
        self.kind = kind
        self.id = id
        self.at = at
        self.branch = branch
        self.ids = ids
        self.body = body
        self.digest = b""  # of the event's canonical body, once applied

    def __repr__(self) -> str:
        return f"Fact({self.kind}, {self.id!r}, {self.at}, {self.ids})"


class ClaimingFact(Fact):
    """A fact whose browser gave a phone or e-mail, as `kind:value`: no identifiers until a server says them too."""

    __slots__ = ("claims",)

    def __init__(self, fact: Fact, claims: tuple[str, ...]) -> None:
        super().__init__(fact.kind, fact.id, fact.at, fact.branch, fact.ids, fact.body)
        self.claims = claims


class Visit(NamedTuple):
    """`visitor` is the identifier sessions are cut by ('' if none)."""

    visitor: str
    source: Source | None  # None: a page view
    url: str


class Scan(NamedTuple):
    """One reading of a QR code."""

    code: str
    scan_id: str


class Shown(NamedTuple):
    """A number on a visitor's screen; `visitor` '' is somebody unknown."""

    number: str
    visitor: str


class Activity(NamedTuple):
    """What somebody did, or was sent or shown, that is no touch; `referrer` as `kind:value`, '' for all not said."""

    type: str
    subject: str = ""
    action: str = ""
    medium: str = ""
    campaign: str = ""
    segment: str = ""
    experiment: str = ""
    variant: str = ""
    referrer: str = ""
    value: float | None = None
    watched_seconds: float | None = None
    length_seconds: float | None = None


class Click(NamedTuple):
    """A click on a number; `visitor` '' is somebody unknown."""

    number: str
    visitor: str
    activity: Activity


class Call(NamedTuple):
    """A finished call; `start` is epoch µs."""

    call_id: str
    number: str
    inbound: bool
    outcome: str
    talk: int
    wait: int
    start: int
    keyword: str
    ad_group: str


class Tag(NamedTuple):
    """What the desk says a call was."""

    call_id: str
    subject: str


class Told(NamedTuple):
    """What a caller said: a channel, or a label of the site's menu."""

    channel: str
    answer: str
    call_id: str
    lead: str


class Status(NamedTuple):
    """A lead's (`lead` an identifier, or '') new stage."""

    stage: str
    lead: str
    service: str
    via: str


class Payment(NamedTuple):
    """Whole won; a refund is negative."""

    amount: int
    lead: str
    currency: str
    funding: str
    service: str


class Spend(NamedTuple):
    """Money or hours over inclusive local days (days since 1970)."""

    spend_id: str
    channel: str
    campaign: str
    kind: str
    first_day: int
    last_day: int
    amount: float | None
    hours: float | None
    vat_excluded: bool
    clicks: int | None
    impressions: int | None


def _dialled(number: str) -> str:
    return e164(number) or number


def _identifiers(event: Event) -> tuple[str, ...]:
    ids = []
    if event.visitor_id:
        ids.append("visitor_id:" + event.visitor_id)
    if event.session_id:
        ids.append("session_id:" + event.session_id)
    if event.lead_id:
        ids.append("lead_id:" + event.lead_id)
    if event.phone:
        ids.append("phone:" + event.phone)
        if event.phone_aliases:
            ids.extend(["phone:" + alias for alias in event.phone_aliases])
    elif event.phone_aliases:
        ids.extend(["phone:" + alias for alias in event.phone_aliases])
    if event.email:
        ids.append("email:" + event.email)
    if event.email_aliases:
        ids.extend(["email:" + alias for alias in event.email_aliases])
    return tuple(ids)


def _visitor(event: Event) -> str:
    if event.visitor_id:
        return "visitor_id:" + event.visitor_id
    return "session_id:" + event.session_id if event.session_id else ""


def _lead(event: Event) -> str:
    return "lead_id:" + event.lead_id if event.lead_id else ""


def _with_call(ids: tuple[str, ...], call_id: str | None) -> tuple[str, ...]:
    return (*ids, "call_id:" + call_id) if call_id else ids


Body = tuple[int, tuple[str, ...], Any]


_SOURCE_FIELDS: Final = frozenset(
    ("in_app", "region", "device", "scan_id", *CLICK_IDS)
    + ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
)


@lru_cache(maxsize=16_384)
def source_of_link(url: str, referrer: str) -> Source:
    """The source of a visit that says no more than its link; visits of one link share it."""
    return read_source(url, referrer)


def _visit(e: Any) -> Body:
    if _SOURCE_FIELDS.isdisjoint(e.__pydantic_fields_set__):
        source = source_of_link(e.url, e.referrer or "")
        return VISIT, _identifiers(e), Visit(_visitor(e), source, source.url)
    source = read_source(
        e.url,
        e.referrer or "",
        e.in_app or "",
        e.region or "",
        e.device or "",
        e.scan_id or "",
        e.utm_source,
        e.utm_medium,
        e.utm_campaign,
        e.utm_term,
        e.utm_content,
        e.utm_id,
        {name: value for name in CLICK_IDS if (value := getattr(e, name))},
    )
    return VISIT, _identifiers(e), Visit(_visitor(e), source, e.url)


def _page(e: Any) -> Body:
    return PAGE, _identifiers(e), Visit(_visitor(e), None, e.url)


def _click(e: Any) -> Body:
    activity = Activity(e.type, action=e.kind)
    number = e164(e.target) if e.target and e.kind == "tel" else None
    if number is None:
        return ACTIVITY, _identifiers(e), activity
    visitor = "visitor_id:" + e.visitor_id if e.visitor_id else ""
    return CLICK, _identifiers(e), Click(number, visitor, activity)


def _scan(e: Any) -> Body:
    return SCAN, _identifiers(e), Scan(e.code, e.scan_id or "")


def _shown(e: Any) -> Body:
    visitor = "visitor_id:" + e.visitor_id if e.visitor_id else ""
    return SHOWN, (), Shown(_dialled(e.number), visitor)


def _call(e: Any) -> Body:
    talk, wait = e.duration_seconds or 0, e.wait_seconds or 0
    start = micros(e.occurred_at) - round((talk + wait) * 1_000_000)
    inbound = e.direction != "outbound"
    body = Call(
        e.call_id,
        _dialled(e.number),
        inbound,
        e.outcome,
        talk,
        wait,
        start,
        e.keyword or "",
        e.ad_group or "",
    )
    return CALL, _with_call(_identifiers(e), e.call_id), body


def _tag(e: Any) -> Body:
    return TAG, _with_call(_identifiers(e), e.call_id), Tag(e.call_id, e.subject)


def _told(e: Any) -> Body:
    body = Told(e.channel or "", e.answer or "", e.call_id or "", _lead(e))
    return TOLD, _with_call(_identifiers(e), e.call_id), body


def _status(e: Any) -> Body:
    return STATUS, _identifiers(e), Status(e.stage, _lead(e), e.service or "", e.via or "")


def _payment(e: Any) -> Body:
    body = Payment(e.amount, _lead(e), e.currency or "", e.funding or "", e.service or "")
    return PAYMENT, _identifiers(e), body


def _spend(e: Any) -> Body:
    body = Spend(
        e.spend_id,
        e.channel or "",
        e.campaign or "",
        e.kind or "media",
        day_of(e.period_start),
        day_of(e.period_end),
        e.amount,
        e.hours,
        e.vat == "excluded",
        e.clicks,
        e.impressions,
    )
    return SPEND, _identifiers(e), body


def _identified(e: Any) -> Body:
    return IDENTIFIED, _with_call(_identifiers(e), e.call_id), None


def _message(e: Any) -> Body:
    body = Activity(
        e.type,
        e.message_id,
        e.action,
        e.medium or "",
        e.campaign or "",
        e.segment or "",
        e.experiment or "",
        e.variant or "",
    )
    return MESSAGE if e.action == "clicked" else ACTIVITY, _identifiers(e), body


def _content(e: Any) -> Body:
    body = Activity(
        e.type,
        e.content,
        e.kind,
        value=e.value,
        watched_seconds=e.watched_seconds,
        length_seconds=e.length_seconds,
    )
    return ACTIVITY, _identifiers(e), body


def _assigned(e: Any) -> Body:
    body = Activity(e.type, e.experiment, experiment=e.experiment, variant=e.variant)
    return ACTIVITY, _with_call(_identifiers(e), e.call_id), body


def _referrer(e: Any) -> str:
    lead: str | None = e.referrer_lead_id
    return f"lead_id:{lead}" if lead else f"phone:{e.referrer_phone}"


def _invitation(e: Any) -> Body:
    return ACTIVITY, _identifiers(e), Activity(e.type, referrer=_referrer(e))


def _referral(e: Any) -> Body:
    return REFERRAL, ("lead_id:" + e.lead_id,), Activity(e.type, referrer=_referrer(e))


def _withdrawn(e: Any) -> Body:
    return WITHDRAWN, _identifiers(e), e.withdraws


def _forgotten(e: Any) -> Body:
    return FORGOTTEN, _identifiers(e), tuple(named(one) for one in e.identifiers)


def named(identifier: Mapping[str, str]) -> str:
    """An identifier given as a one-key object, as `kind:value`."""
    return next(f"{kind}:{value}" for kind, value in identifier.items())


def claims_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What a browser claimed in an event as it lies in the log, as `kind:value`; what is no pseudonym is nothing."""
    claims = []
    for kind in ("phone", "email"):
        aliases = body.get(f"claimed_{kind}_aliases")
        values = [body.get(f"claimed_{kind}"), *(aliases if isinstance(aliases, list) else ())]
        claims += [f"{kind}:{one}" for one in values if isinstance(one, str) and is_pseudonym(one)]
    return tuple(claims)


_READERS: Final[dict[str, Callable[[Any], Body]]] = {
    "visit_seen": _visit,
    "page_viewed": _page,
    "contact_clicked": _click,
    "qr_scanned": _scan,
    "number_shown": _shown,
    "call_ended": _call,
    "call_tagged": _tag,
    "source_told": _told,
    "status_changed": _status,
    "payment_received": _payment,
    "spend_recorded": _spend,
    "person_identified": _identified,
    "message_tracked": _message,
    "content_engaged": _content,
    "experiment_assigned": _assigned,
    "invitation_sent": _invitation,
    "referral_made": _referral,
    "event_withdrawn": _withdrawn,
    "person_forgotten": _forgotten,
}


def _other(e: Any) -> Body:
    return OTHER, _identifiers(e), None


def fact_of(event: Event) -> Fact:
    """What the core keeps of a valid event; of one that a bot sent, that it came."""
    if isinstance(event, Browsed) and event.bot is not None:
        return Fact(OTHER, event.event_id, micros(event.occurred_at), event.branch or "", (), None)
    kind, ids, body = _READERS.get(event.type, _other)(event)
    return Fact(kind, event.event_id, micros(event.occurred_at), event.branch or "", ids, body)

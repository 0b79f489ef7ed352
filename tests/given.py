"""Events and definitions built from what matters: a fixed day, a fixed site, ids made of what is said.

Every builder gives a plain dict that is valid behind the log. `at` is "09:00" of DAY in Seoul, "03-05 09:00" of its
year, "2026-03-05 09:00" or a datetime. Two events that say the same of the same moment have the same event_id: they
are one event delivered twice.
"""

from datetime import datetime, timedelta, timezone
from typing import Any

Event = dict[str, Any]
Entry = dict[str, Any]
At = str | datetime

SITE = "center"
DAY = "2026-03-02"
SEOUL = timezone(timedelta(hours=9))
LINE = "02-555-1234"
POOL_LINE = "070-4123-4567"
HOME = "https://center.example/"


def instant(at: At) -> datetime:
    """The moment meant by `at`."""
    if isinstance(at, datetime):
        return at
    day, _, time = at.rpartition(" ")
    if len(day) == 5:
        day = f"{DAY[:4]}-{day}"
    return datetime.fromisoformat(f"{day or DAY}T{time}").replace(tzinfo=SEOUL)


def happened(type: str, at: At, name: str, **fields: Any) -> Event:
    """Any event: absent fields are left out; `id` and `site` may be given."""
    moment = instant(at)
    event_id = fields.pop("id", None) or f"{type}/{name}/{moment.isoformat()}"
    event = {"event_id": event_id, "type": type, "site": SITE, "occurred_at": moment.isoformat(), **fields}
    return {key: value for key, value in event.items() if value is not None}


def visit(visitor: str | None = "v1", at: At = "09:00", url: str = HOME, **fields: Any) -> Event:
    """A visit_seen."""
    return happened("visit_seen", at, f"{visitor}", visitor_id=visitor, url=url, **fields)


def page(visitor: str | None = "v1", at: At = "09:00", url: str = HOME, **fields: Any) -> Event:
    """A page_viewed."""
    return happened("page_viewed", at, f"{visitor}", visitor_id=visitor, url=url, **fields)


def clicked(
    visitor: str | None = "v1", at: At = "09:00", target: str | None = LINE, kind: str = "tel", **fields: Any
) -> Event:
    """A contact_clicked."""
    return happened(
        "contact_clicked", at, f"{visitor}", visitor_id=visitor, target=target, kind=kind, **fields
    )


def scan(code: str = "poster", at: At = "09:00", scan_id: str | None = None, **fields: Any) -> Event:
    """A qr_scanned."""
    return happened("qr_scanned", at, f"{code}/{scan_id}", code=code, scan_id=scan_id, **fields)


def shown(visitor: str | None = "v1", at: At = "09:00", number: str = POOL_LINE, **fields: Any) -> Event:
    """A number_shown."""
    return happened("number_shown", at, f"{visitor}", visitor_id=visitor, number=number, **fields)


def call(
    call_id: str = "c1",
    at: At = "09:00",
    number: str = LINE,
    *,
    talk: int = 60,
    wait: int = 0,
    outcome: str = "answered",
    **fields: Any,
) -> Event:
    """A call_ended of a call that started `at`."""
    ended = instant(at) + timedelta(seconds=talk + wait)
    return happened(
        "call_ended",
        ended,
        call_id,
        call_id=call_id,
        number=number,
        outcome=outcome,
        duration_seconds=talk,
        wait_seconds=wait,
        **fields,
    )


def tagged(call_id: str = "c1", subject: str = "new", at: At = "18:00", **fields: Any) -> Event:
    """A call_tagged."""
    return happened("call_tagged", at, call_id, call_id=call_id, subject=subject, **fields)


def told(channel: str | None = "referral", at: At = "12:00", **fields: Any) -> Event:
    """A source_told; give `answer` with channel None for a menu label."""
    who = fields.get("lead_id") or fields.get("phone") or fields.get("visitor_id") or fields.get("call_id")
    return happened("source_told", at, f"{who}", channel=channel, **fields)


def status(stage: str = "inquiry", lead: str | None = "L1", at: At = "12:00", **fields: Any) -> Event:
    """A status_changed."""
    who = lead or fields.get("visitor_id") or fields.get("phone")
    return happened("status_changed", at, f"{who}/{stage}", lead_id=lead, stage=stage, **fields)


def paid(amount: int = 100_000, lead: str | None = "L1", at: At = "12:00", **fields: Any) -> Event:
    """A payment_received; a refund is negative."""
    who = lead or fields.get("visitor_id") or fields.get("phone")
    return happened("payment_received", at, f"{who}/{amount}", lead_id=lead, amount=amount, **fields)


def spend(
    channel: str | None = "paid_search",
    amount: int | None = 100_000,
    since: str = "2026-03-01",
    until: str = "2026-03-31",
    *,
    spend_id: str | None = None,
    at: At = "00:00",
    **fields: Any,
) -> Event:
    """A spend_recorded."""
    spend_id = spend_id or f"{channel}/{fields.get('branch')}/{fields.get('kind')}/{since}"
    return happened(
        "spend_recorded",
        at,
        spend_id,
        spend_id=spend_id,
        channel=channel,
        amount=amount,
        period_start=since,
        period_end=until,
        **fields,
    )


def identified(at: At = "09:00", **identifiers: Any) -> Event:
    """A person_identified: these are one person."""
    return happened("person_identified", at, "+".join(map(str, identifiers.values())), **identifiers)


def message(
    message_id: str = "m1",
    action: str = "clicked",
    at: At = "09:00",
    medium: str | None = "email",
    **fields: Any,
) -> Event:
    """A message_tracked."""
    return happened(
        "message_tracked",
        at,
        f"{message_id}/{action}",
        message_id=message_id,
        action=action,
        medium=medium,
        **fields,
    )


def engaged(
    content: str = "guide",
    kind: str = "download",
    visitor: str | None = "v1",
    at: At = "09:00",
    **fields: Any,
) -> Event:
    """A content_engaged."""
    return happened(
        "content_engaged",
        at,
        f"{visitor}/{content}",
        visitor_id=visitor,
        content=content,
        kind=kind,
        **fields,
    )


def assigned(
    experiment: str = "greeting",
    variant: str = "a",
    visitor: str | None = "v1",
    at: At = "09:00",
    **fields: Any,
) -> Event:
    """An experiment_assigned."""
    who = visitor or fields.get("lead_id") or fields.get("call_id")
    return happened(
        "experiment_assigned",
        at,
        f"{experiment}/{who}",
        visitor_id=visitor,
        experiment=experiment,
        variant=variant,
        **fields,
    )


def invited(by: str | None = "L0", at: At = "09:00", **fields: Any) -> Event:
    """An invitation_sent; give `referrer_phone` with `by` None for somebody without a lead."""
    return happened(
        "invitation_sent",
        at,
        f"{by or fields.get('referrer_phone')}",
        referrer_lead_id=by,
        **fields,
    )


def referred(lead: str = "L1", by: str = "L0", at: At = "09:00", **fields: Any) -> Event:
    """A referral_made."""
    return happened("referral_made", at, lead, lead_id=lead, referrer_lead_id=by, **fields)


def withdrawn(event: Event | str, at: At = "20:00", **fields: Any) -> Event:
    """An event_withdrawn."""
    target = event if isinstance(event, str) else event["event_id"]
    return happened("event_withdrawn", at, target, withdraws=target, **fields)


def forgotten(*identifiers: dict[str, str], at: At = "20:00", **fields: Any) -> Event:
    """A person_forgotten."""
    named = "+".join(value for one in identifiers for value in one.values())
    return happened("person_forgotten", at, named, identifiers=list(identifiers), **fields)


def defined(kind: str, id: str, at: At = "2026-01-01 00:00", **fields: Any) -> Entry:
    """Any catalog entry."""
    return {"site": SITE, "kind": kind, "id": id, "defined_at": instant(at).isoformat(), **fields}


def site(**fields: Any) -> Entry:
    """The site's own entry."""
    return defined("site", fields.get("site", SITE), **fields)


def channel(slug: str, **fields: Any) -> Entry:
    """A channel entry."""
    return defined("channel", slug, **fields)


def campaign(id: str, **fields: Any) -> Entry:
    """A campaign entry."""
    return defined("campaign", id, **fields)


def assignment(
    id: str = "a1", since: str | None = None, until: str | None = None, **fields: Any
) -> dict[str, Any]:
    """What a code or number stands for from `since` to `until`, both included."""
    said = {"id": id, "from": since, "to": until, **fields}
    return {key: value for key, value in said.items() if value is not None}


def qr_code(code: str = "poster", *assignments: dict[str, Any], **fields: Any) -> Entry:
    """A QR code entry."""
    return defined("qr_code", code, assignments=list(assignments), **fields)


def tracking_number(number: str = LINE, *assignments: dict[str, Any], **fields: Any) -> Entry:
    """A tracking number entry."""
    return defined("tracking_number", number, assignments=list(assignments), **fields)

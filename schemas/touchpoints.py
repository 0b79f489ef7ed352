"""Where a customer meets the business: visits, clicks, scans, calls, and what people say themselves."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from schemas.envelope import Browsed, Event, refuse_missing
from schemas.scalars import CallSeconds, Code, Identifier, Label, MaybeUrl, Number, Slug, Tags, Text, Url


class VisitSeen(Browsed):
    """A page was opened from outside; utm_* and click ids are read from the url when absent."""

    type: Literal["visit_seen"] = "visit_seen"
    url: Url
    referrer: MaybeUrl | None = None
    in_app: Text | None = None
    region: Text | None = None
    device: Text | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    utm_term: Text | None = None
    utm_content: Text | None = None
    utm_id: Text | None = None
    gclid: Text | None = None
    gbraid: Text | None = None
    wbraid: Text | None = None
    msclkid: Text | None = None
    fbclid: Text | None = None
    ttclid: Text | None = None
    n_click_id: Text | None = None
    scan_id: Identifier | None = None


class PageViewed(Browsed):
    """A further page of a session was opened."""

    type: Literal["page_viewed"] = "page_viewed"
    url: Url


class ContactClicked(Browsed):
    """A visitor pressed a way of reaching the business; with kind `tel` the target is the number."""

    type: Literal["contact_clicked"] = "contact_clicked"
    kind: Literal["tel", "kakao", "naver_talk", "naver_booking", "map"]
    target: MaybeUrl | None = None


class QrScanned(Browsed):
    """A printed code was scanned; the visit that follows carries the same scan_id."""

    type: Literal["qr_scanned"] = "qr_scanned"
    code: Code
    scan_id: Identifier | None = None


class NumberShown(Browsed):
    """This visitor sees this number now; every heartbeat is one."""

    type: Literal["number_shown"] = "number_shown"
    number: Number


class CallEnded(Event):
    """A call is over; it started at occurred_at - wait_seconds - duration_seconds (talk)."""

    type: Literal["call_ended"] = "call_ended"
    call_id: Identifier
    number: Number
    direction: Literal["inbound", "outbound"] | None = None
    outcome: Literal["answered", "missed", "abandoned", "voicemail", "busy", "failed"]
    duration_seconds: CallSeconds | None = None
    wait_seconds: CallSeconds | None = None
    keyword: Text | None = None
    ad_group: Text | None = None
    tags: Tags | None = None


class CallTagged(Event):
    """A person says what a call was."""

    type: Literal["call_tagged"] = "call_tagged"
    call_id: Identifier
    subject: Literal["new", "existing", "spam", "wrong_number"]


class SourceTold(Event):
    """Someone says where they heard of the business: a channel, or a menu label of the site."""

    type: Literal["source_told"] = "source_told"
    channel: Slug | None = None
    answer: Label | None = None
    call_id: Identifier | None = None
    referrer_lead_id: Identifier | None = None

    @model_validator(mode="after")
    def _names_a_source(self) -> Self:
        if self.channel is None and self.answer is None:
            refuse_missing("channel", "give channel (a slug), or answer (a label of the site's answers)")
        return self

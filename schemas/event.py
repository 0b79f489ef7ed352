"""Every event by its type; the one import for those who read or write events."""

from __future__ import annotations

from schemas.envelope import Event, Spoken
from schemas.leads import (
    EventWithdrawn,
    InvitationSent,
    PersonForgotten,
    PersonIdentified,
    ReferralMade,
    StatusChanged,
)
from schemas.messages import ContentEngaged, ExperimentAssigned, MessageTracked
from schemas.money import (
    MeasureRecorded,
    PaymentReceived,
    SearchQueryMeasured,
    SearchVolumeMeasured,
    SpendRecorded,
)
from schemas.touchpoints import (
    CallEnded,
    CallTagged,
    ContactClicked,
    NumberShown,
    PageViewed,
    QrScanned,
    SourceTold,
    VisitSeen,
)

__all__ = [
    "EVENT_TYPES",
    "CallEnded",
    "CallTagged",
    "ContactClicked",
    "ContentEngaged",
    "Event",
    "EventWithdrawn",
    "ExperimentAssigned",
    "InvitationSent",
    "MeasureRecorded",
    "MessageTracked",
    "NumberShown",
    "PageViewed",
    "PaymentReceived",
    "PersonForgotten",
    "PersonIdentified",
    "QrScanned",
    "ReferralMade",
    "SearchQueryMeasured",
    "SearchVolumeMeasured",
    "SourceTold",
    "SpendRecorded",
    "StatusChanged",
    "VisitSeen",
    "to_json",
]

EVENT_TYPES: dict[str, type[Event]] = {
    "visit_seen": VisitSeen,
    "page_viewed": PageViewed,
    "contact_clicked": ContactClicked,
    "qr_scanned": QrScanned,
    "number_shown": NumberShown,
    "call_ended": CallEnded,
    "call_tagged": CallTagged,
    "source_told": SourceTold,
    "status_changed": StatusChanged,
    "payment_received": PaymentReceived,
    "spend_recorded": SpendRecorded,
    "person_identified": PersonIdentified,
    "message_tracked": MessageTracked,
    "content_engaged": ContentEngaged,
    "experiment_assigned": ExperimentAssigned,
    "search_volume_measured": SearchVolumeMeasured,
    "search_query_measured": SearchQueryMeasured,
    "measure_recorded": MeasureRecorded,
    "invitation_sent": InvitationSent,
    "referral_made": ReferralMade,
    "event_withdrawn": EventWithdrawn,
    "person_forgotten": PersonForgotten,
}


def to_json(spoken: Spoken) -> bytes:
    """An event or entry as its JSON bytes for the log: type and version always, absent fields never."""
    return spoken.__pydantic_serializer__.to_json(spoken, exclude_none=True, by_alias=True)

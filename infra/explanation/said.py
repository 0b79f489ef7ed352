"""What an explanation says, as values; and these as plain data for programs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Where(NamedTuple):
    """Where an event lies in the log; no topic: the archive does not hold it."""

    topic: str
    partition: int
    offset: int


NOWHERE: Final = Where("", 0, 0)


class Asked(NamedTuple):
    """One conversion of one site under one run, the payment that was asked for ('' for none), the run's settings."""

    run: str
    site: str
    conversion_id: str
    payment_id: str = ""
    settings: str = "{}"


class Credited(NamedTuple):
    """What one model gives a touch: parts of 10⁻⁹ of the conversion, and won."""

    parts: int
    revenue: int
    cash: int


class TouchSaid(NamedTuple):
    """A touch of the person: `place` on the path from 1, or 0 and why it was left out."""

    id: str
    kind: str
    at: int
    counted_at: int
    channel: str
    campaign: str
    rule: str
    matched: dict[str, str]
    place: int
    left_out: str
    credits: dict[str, Credited]
    where: Where


class EventSaid(NamedTuple):
    """An event that became no touch, why, and the event that it was for ('' if none)."""

    id: str
    type: str
    at: int
    reason: str
    by: str
    where: Where


class JoinSaid(NamedTuple):
    """An event that joined identifiers which nothing before it had joined."""

    id: str
    type: str
    at: int
    identifiers: tuple[str, ...]
    where: Where


class PaymentSaid(NamedTuple):
    """A payment that follows the conversion, why, and its won per model and place on the path."""

    id: str
    at: int
    amount: int
    currency: str
    lead: str
    names_lead: bool
    follows: str
    counts: str
    splits: dict[str, list[int]]
    where: Where


@dataclass(frozen=True)
class Explanation:
    """Everything behind one conversion; instants epoch µs."""

    asked: Asked
    time_zone: str
    rules_of_credit: dict[str, Any]
    stage: str
    at: int
    lead: str
    person: str
    branch: str
    event_id: str
    event_where: Where
    revenue: int
    cash: int
    models: tuple[str, ...]
    touches: list[TouchSaid]
    left_out_events: list[EventSaid]
    payments: list[PaymentSaid]
    identifiers: list[str]
    joins: list[JoinSaid]
    searched: bool = True

    @property
    def payment(self) -> PaymentSaid | None:
        """The payment that was asked for."""
        return next((one for one in self.payments if one.id == self.asked.payment_id), None)


def instant(at: int, time_zone: str) -> str:
    """Epoch µs -> RFC 3339 in a site's own zone."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(time_zone)).isoformat()


def as_data(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain values, for programs."""
    zone = explanation.time_zone

    def place(where: Where) -> dict[str, Any]:
        return where._asdict() if where.topic else {"topic": None, "partition": None, "offset": None}

    payment = explanation.payment
    return {
        "run": explanation.asked.run,
        "site": explanation.asked.site,
        "conversion": {
            "conversion_id": explanation.asked.conversion_id,
            "stage": explanation.stage,
            "converted_at": instant(explanation.at, zone),
            "lead_id": explanation.lead,
            "branch": explanation.branch,
            "revenue": explanation.revenue,
            "cash": explanation.cash,
            "event": {"event_id": explanation.event_id, **place(explanation.event_where)},
        },
        "rules_of_credit": explanation.rules_of_credit,
        "models": list(explanation.models),
        "touches": [
            {
                "touch_id": touch.id,
                "kind": touch.kind,
                "touched_at": instant(touch.at, zone),
                "counted_at": instant(touch.counted_at, zone),
                "channel": touch.channel,
                "campaign": touch.campaign,
                "rule": touch.rule,
                "matched": touch.matched,
                "place": touch.place,
                "left_out": touch.left_out,
                "credits": {
                    model: {"weight": one.parts / 1e9, "revenue": one.revenue, "cash": one.cash}
                    for model, one in touch.credits.items()
                }
                if touch.place
                else {},
                **place(touch.where),
            }
            for touch in explanation.touches
        ],
        "left_out_events": [
            {
                "event_id": one.id,
                "type": one.type,
                "occurred_at": instant(one.at, zone),
                "reason": one.reason,
                "by": one.by,
                **place(one.where),
            }
            for one in explanation.left_out_events
        ],
        "payments": [_payment_data(one, zone, place(one.where)) for one in explanation.payments],
        "payment": None if payment is None else _payment_data(payment, zone, place(payment.where)),
        "person": {
            "person_id": explanation.person,
            "identifiers": explanation.identifiers,
            "joined_by": [
                {
                    "event_id": one.id,
                    "type": one.type,
                    "occurred_at": instant(one.at, zone),
                    "identifiers": list(one.identifiers),
                    **place(one.where),
                }
                for one in explanation.joins
            ],
            "searched": explanation.searched,
        },
    }


def _payment_data(payment: PaymentSaid, zone: str, place: dict[str, Any]) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "paid_at": instant(payment.at, zone),
        "amount": payment.amount,
        "currency": payment.currency,
        "lead_id": payment.lead,
        "names_lead": payment.names_lead,
        "follows": payment.follows,
        "in_revenue": not payment.counts,
        "not_in_revenue": payment.counts,
        "splits": payment.splits,
        **place,
    }

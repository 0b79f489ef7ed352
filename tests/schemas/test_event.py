"""The rules of each event type: what is taken, what is refused, and the field that is named."""

import json
from typing import Any

import pytest

from schemas.event import EVENT_TYPES, PaymentReceived, VisitSeen, to_json
from schemas.reading import Reason, Unusable, read_event

OWN: dict[str, dict[str, Any]] = {
    "visit_seen": {"url": "/"},
    "page_viewed": {"url": "/"},
    "contact_clicked": {"kind": "tel"},
    "qr_scanned": {"code": "A-1"},
    "number_shown": {"number": "1588-0000"},
    "call_ended": {"call_id": "c", "number": "02-123-4567", "outcome": "busy"},
    "call_tagged": {"call_id": "c", "subject": "spam"},
    "source_told": {"channel": "referral"},
    "status_changed": {"stage": "inquiry"},
    "payment_received": {"amount": 1},
    "spend_recorded": {
        "spend_id": "s",
        "channel": "flyer",
        "period_start": "2026-03-01",
        "period_end": "2026-03-31",
        "amount": 1,
    },
    "person_identified": {"lead_id": "l", "visitor_id": "v"},
    "message_tracked": {"message_id": "m", "action": "sent"},
    "content_engaged": {"content": "c", "kind": "goal"},
    "experiment_assigned": {"experiment": "x", "variant": "a"},
    "search_query_measured": {
        "query": "q",
        "engine": "google",
        "clicks": 0,
        "period_start": "2026-03-01",
        "period_end": "2026-03-01",
    },
    "search_volume_measured": {"keyword": "k", "brand": "b", "own": True, "volume": 0, "month": "2026-03"},
    "measure_recorded": {
        "metric": "reach",
        "value": 1,
        "period_start": "2026-03-01",
        "period_end": "2026-03-01",
    },
    "invitation_sent": {"referrer_lead_id": "l"},
    "referral_made": {"lead_id": "l", "referrer_lead_id": "r"},
    "event_withdrawn": {"withdraws": "e9"},
    "person_forgotten": {"identifiers": [{"lead_id": "l"}]},
}


def raw(type_: str, **fields: Any) -> bytes:
    """An event of a type with its required fields, changed by `fields`; None takes a field away."""
    body = {"event_id": "e1", "type": type_, "site": "s1", "occurred_at": "2026-03-02T09:00:00+09:00"}
    body = {**body, **OWN[type_], **fields}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def refusal(type_: str, **fields: Any) -> Unusable:
    """Why that event is not read."""
    with pytest.raises(Unusable) as refused:
        read_event(raw(type_, **fields))
    return refused.value


def test_every_type_of_the_contract_has_a_model() -> None:
    assert set(OWN) == set(EVENT_TYPES)
    for name, model in EVENT_TYPES.items():
        assert type(read_event(raw(name))) is model


@pytest.mark.parametrize("type_", OWN)
def test_every_required_field_is_named_when_it_is_missing(type_: str) -> None:
    for field in ("event_id", "site", "occurred_at", *OWN[type_]):
        why = refusal(type_, **{field: None})
        assert why.reason is Reason.MISSING_FIELD
        assert field in why.detail


BAD: list[tuple[str, str, Any]] = [
    ("visit_seen", "event_id", ""),
    ("visit_seen", "event_id", "x" * 129),
    ("visit_seen", "event_id", 5),
    ("visit_seen", "site", "Mulgil"),
    ("visit_seen", "site", "s1\n"),
    ("visit_seen", "site", "x" * 65),
    ("visit_seen", "branch", ""),
    ("visit_seen", "v", 0),
    ("visit_seen", "v", "1"),
    ("visit_seen", "v", True),
    ("visit_seen", "v", 1.0),
    ("visit_seen", "occurred_at", "2026-03-02T09:00:00"),
    ("visit_seen", "occurred_at", "2026-03-02"),
    ("visit_seen", "occurred_at", "2026-02-30T00:00:00Z"),
    ("visit_seen", "occurred_at", "1700000000"),
    ("visit_seen", "occurred_at", 1_700_000_000),
    ("visit_seen", "occurred_at", "1969-12-31T23:59:59Z"),
    ("visit_seen", "occurred_at", "2149-01-01T00:00:00Z"),
    ("visit_seen", "occurred_at", "9999-12-31T23:59:59-12:00"),
    ("visit_seen", "visitor_id", ""),
    ("visit_seen", "lead_id", 7),
    ("visit_seen", "url", ""),
    ("visit_seen", "url", "x" * 4097),
    ("visit_seen", "gclid", "x" * 513),
    ("visit_seen", "phone_aliases", "hmac:1:aa"),
    ("contact_clicked", "kind", "fax"),
    ("qr_scanned", "code", "a b"),
    ("number_shown", "number", "call me"),
    ("call_ended", "outcome", "Answered"),
    ("call_ended", "direction", "in"),
    ("call_ended", "duration_seconds", -1),
    ("call_ended", "duration_seconds", 1.5),
    ("call_ended", "duration_seconds", "60"),
    ("call_ended", "wait_seconds", 604_801),
    ("call_ended", "tags", ["x"] * 51),
    ("call_tagged", "subject", "old"),
    ("source_told", "channel", "Naver Blog"),
    ("status_changed", "stage", "등록"),
    ("payment_received", "amount", "850000"),
    ("payment_received", "amount", 850000.0),
    ("payment_received", "amount", True),
    ("payment_received", "amount", 10**15 + 1),
    ("payment_received", "amount", -(10**15) - 1),
    ("payment_received", "currency", "won"),
    ("payment_received", "funding", "cash"),
    ("spend_recorded", "period_start", "2026-02-30"),
    ("spend_recorded", "period_start", "0"),
    ("spend_recorded", "period_start", "2026-03-01T00:00:00Z"),
    ("spend_recorded", "period_end", "2026-02-28"),
    ("spend_recorded", "period_end", "2036-03-10"),
    ("spend_recorded", "kind", "bribe"),
    ("spend_recorded", "vat", "none"),
    ("spend_recorded", "clicks", -1),
    ("spend_recorded", "hours", -0.5),
    ("message_tracked", "action", "read"),
    ("message_tracked", "medium", "fax"),
    ("content_engaged", "watched_seconds", -1),
    ("search_volume_measured", "own", "yes"),
    ("search_volume_measured", "month", "2026-13"),
    ("search_volume_measured", "month", "2026-03-01"),
    ("measure_recorded", "value", "5"),
    ("measure_recorded", "value", True),
    ("measure_recorded", "period_end", "2026-02-01"),
    ("search_query_measured", "engine", "yahoo"),
    ("search_query_measured", "clicks", -1),
    ("search_query_measured", "impressions", 1.5),
    ("search_query_measured", "period_end", "2026-02-01"),
    ("experiment_assigned", "variant", ""),
    ("experiment_assigned", "call_id", 7),
    ("event_withdrawn", "withdraws", "e1"),
    ("person_forgotten", "identifiers", []),
    ("person_forgotten", "identifiers", [{}]),
    ("person_forgotten", "identifiers", [{"lead_id": "l", "visitor_id": "v"}]),
    ("person_forgotten", "identifiers", [{"name": "x"}]),
    ("person_forgotten", "identifiers", {"lead_id": "l"}),
]


@pytest.mark.parametrize(("type_", "field", "value"), BAD)
def test_a_wrong_value_is_refused_by_field(type_: str, field: str, value: Any) -> None:
    why = refusal(type_, **{field: value})
    assert why.reason is Reason.INVALID_FIELD
    assert why.field is not None and why.field.split(".")[0] == field


def test_what_only_rules_can_say_is_missing() -> None:
    assert refusal("source_told", channel=None).field == "channel"
    assert refusal("person_identified", visitor_id=None).field == "lead_id"
    assert refusal("spend_recorded", amount=None).field == "amount"
    assert refusal("spend_recorded", channel=None, kind="media").field == "channel"
    assert refusal("referral_made", referrer_lead_id=None).field == "referrer_lead_id"
    for kind in ("sales", "tool", "upkeep", "training"):
        read_event(raw("spend_recorded", channel=None, kind=kind))
    read_event(raw("spend_recorded", amount=None, hours=2))
    read_event(raw("source_told", channel=None, answer="지인"))


def test_the_longest_period_is_taken() -> None:
    read_event(raw("spend_recorded", period_start="2026-03-01", period_end="2036-03-07"))


def test_instants_are_kept_to_the_microsecond() -> None:
    event = read_event(raw("visit_seen", occurred_at="2026-03-02T09:00:00.1234569+09:00"))
    assert event.occurred_at.isoformat() == "2026-03-02T09:00:00.123456+09:00"
    assert read_event(to_json(event)) == event


def test_unknown_fields_are_ignored_behind_the_log() -> None:
    event = read_event(raw("payment_received", memo={"x": [1]}, surname="y"))
    assert isinstance(event, PaymentReceived) and event.amount == 1


def test_null_is_absent() -> None:
    body = json.loads(raw("visit_seen"))
    event = read_event(json.dumps({**body, "branch": None, "phone": None}).encode())
    assert event == read_event(raw("visit_seen"))


def test_what_is_written_holds_type_and_version_and_nothing_absent() -> None:
    event = read_event(raw("visit_seen"))
    assert isinstance(event, VisitSeen)
    assert json.loads(to_json(event)) == {**json.loads(raw("visit_seen")), "v": 1}

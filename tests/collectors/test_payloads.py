"""What CRM systems and senders of messages post, in the shapes that they post it, and the events that come of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.doors import admit_event
from streams.collectors.crm import messages, webhooks
from streams.collectors.crm.webhooks import Fact
from streams.collectors.importers.mapping import BadMapping
from streams.collectors.payloads import Unmapped, read_payload_mapping, read_yaml

NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
MAPPING = """
each: data.items
branch: bundang
events:
  - type: status_changed
    when: {event: [deal.updated, deal.created]}
    id: event_id
    fields:
      lead_id: deal.id
      stage: deal.stage.name
      occurred_at: deal.changed_at
      phone: deal.contacts.0.phone
      service: deal.product
    values:
      stage: {신규 문의: inquiry, 상담완료: consult, 등록: registration, 취소: lost}
    defaults: {via: phone}
  - type: payment_received
    when: {event: payment.approved}
    id: payment.approval_no
    fields: {lead_id: deal.id, amount: payment.amount, occurred_at: payment.approved_at, funding: payment.kind}
    values:
      funding: {바우처: voucher, 본인부담: self}
  - type: payment_received
    when: {event: payment.cancelled}
    id: payment.cancel_no
    fields: {lead_id: deal.id, refund: payment.amount, occurred_at: payment.cancelled_at}
"""
DEAL: dict[str, Any] = {
    "event_id": "ev-1",
    "event": "deal.updated",
    "deal": {
        "id": 4711,
        "name": "김민지 어머니",
        "stage": {"id": 3, "name": "상담완료"},
        "changed_at": "2026-03-05 14:00:00",
        "contacts": [{"name": "김민지", "phone": "010-1234-5678"}],
        "product": "언어치료",
        "memo": "아이가 말이 늦어요",
    },
}


def facts(body: Any, mapping: str = MAPPING) -> list[Fact]:
    """A parsed body -> its facts under a mapping."""
    return list(webhooks.facts_of(body, read_payload_mapping(read_yaml(mapping.encode())), SEOUL))


def one(body: Any, mapping: str = MAPPING) -> dict[str, Any]:
    """The one event of a body, admitted by the schema."""
    ((_, fields, _),) = facts(body, mapping)
    assert isinstance(fields, dict), fields
    event = {"event_id": "e", "site": "haengbok", "occurred_at": NOW.isoformat(), **fields}
    admit_event(event, now=NOW + timedelta(days=1))
    return fields


def wrong(body: Any, mapping: str = MAPPING) -> Unmapped:
    """What is wrong with a body's one payload."""
    ((_, problem, _),) = facts(body, mapping)
    assert isinstance(problem, Unmapped), problem
    return problem


def items(*payloads: Any) -> dict[str, Any]:
    """Payloads where the mapping looks for them."""
    return {"data": {"items": list(payloads)}}


def test_a_status_change_is_read_by_the_sites_mapping() -> None:
    assert one(items(DEAL)) == {
        "type": "status_changed",
        "branch": "bundang",
        "lead_id": "4711",
        "stage": "consult",
        "occurred_at": "2026-03-05T14:00:00+09:00",
        "phone": "+821012345678",
        "service": "언어치료",
        "via": "phone",
    }


def test_nothing_but_the_mapped_is_ever_read() -> None:
    assert "김민지" not in str(one(items(DEAL))) and "말이 늦어요" not in str(one(items(DEAL)))


def test_payments_and_their_refunds() -> None:
    paid = {
        "event": "payment.approved",
        "deal": {"id": 4711},
        "payment": {"amount": "850,000", "approved_at": 1772686200, "kind": "바우처", "approval_no": "A-1"},
    }
    found = one(items(paid))
    assert (found["amount"], found["funding"], found["lead_id"]) == (850_000, "voucher", "4711")
    assert datetime.fromisoformat(found["occurred_at"]) == datetime(2026, 3, 5, 4, 50, tzinfo=UTC)
    back = {
        "event": "payment.cancelled",
        "deal": {"id": 4711},
        "payment": {"amount": 850000, "cancelled_at": "2026-03-06", "cancel_no": "C-1"},
    }
    found = one(items(back))
    assert (found["amount"], found["occurred_at"]) == (-850_000, "2026-03-06T23:59:59+09:00")


def test_each_item_of_a_list_is_a_fact_and_what_no_rule_is_for_is_skipped() -> None:
    found = facts(items(DEAL, {"event": "note.added"}, {**DEAL, "event": "deal.created"}))
    assert [type(fact).__name__ for _, fact, _ in found] == ["dict", "NoneType", "dict"]
    assert [named for _, _, named in found] == ["ev-1", "", "ev-1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"stage": {"name": "대기중"}}, "stage"),
        ({"stage": None}, "stage"),
        ({"changed_at": "last week"}, "occurred_at"),
        ({"contacts": [{"phone": "call me"}]}, "phone"),
        ({"id": None, "contacts": []}, "lead_id"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field_and_never_quoted(
    change: dict[str, Any], field: str
) -> None:
    problem = wrong(items({**DEAL, "deal": {**DEAL["deal"], **change}})).problem
    assert problem.field == field
    assert "call me" not in str(problem) and "대기중" not in str(problem)


def test_without_a_mapping_a_body_is_in_our_own_words() -> None:
    body = {"type": "payment_received", "id": "p-1", "lead_id": "L-1", "amount": 850_000}
    assert one(body, "") == {"type": "payment_received", "lead_id": "L-1", "amount": 850_000}
    assert facts(body, "")[0][2] == "p-1"
    assert wrong({**body, "memo": "x"}, "").problem.found == "an unknown field"
    assert wrong({**body, "type": "person_forgotten"}, "").problem.field == "type"
    assert wrong([1], "").problem.found == "no JSON object"


def test_messages_of_any_sender_come_by_a_mapping() -> None:
    mapping = """
events:
  - type: message_tracked
    when: {kind: message}
    fields: {message_id: id, action: state, occurred_at: at, email: to, campaign: list}
    values: {action: {gelesen: opened}}
    defaults: {medium: email}
"""
    body = {
        "kind": "message",
        "id": "m-1",
        "state": "gelesen",
        "at": "2026-03-05T15:00:00Z",
        "to": "Kim@Example.kr",
    }
    assert one(body, mapping)["action"] == "opened"
    assert wrong({**body, "state": "verschollen"}, mapping).problem.field == "action"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("evnts: []", "did you mean 'events'"),
        ("events: {a: b}", "events must be a list"),
        ("events: [{type: call_ended}]", "events[0].type must be one of"),
        ("events: [{type: status_changed, fields: {lead: a, stage: b}}]", "did you mean 'lead_id'"),
        ("events: [{type: status_changed, fields: {lead_id: a}}]", "must give stage"),
        ("events: [{type: status_changed, fields: {stage: a}}]", "must give lead_id or phone or email"),
        ("events: [{type: status_changed, fields: {stage: a b, lead_id: c}}]", "is no path"),
        (
            "events: [{type: status_changed, fields: {stage: a, lead_id: c}, values: {stage: {x: 등록}}}]",
            "no slug",
        ),
        (
            "events: [{type: payment_received, fields: {amount: a, phone: c}, values: {funding: {x: mine}}}]",
            "mine",
        ),
        (
            "events: [{type: status_changed, fields: {stage: a, lead_id: c}, when: {e: []}}]",
            "a value or a list",
        ),
        ("time_zone: Mars", "time_zone"),
        ("each: 'a b'", "is no path"),
        ("a: [", "not readable YAML"),
        ("- 1", "YAML object"),
    ],
)
def test_a_mapping_that_would_not_work_is_refused_in_words(mapping: str, said: str) -> None:
    with pytest.raises(BadMapping) as refused:
        read_payload_mapping(read_yaml(mapping.encode()))
    assert said in str(refused.value)


# ---- SendGrid ------------------------------------------------------------------------------------------------


def grid(event: str, **own: Any) -> dict[str, Any]:
    """One event as SendGrid posts it."""
    return {
        "email": "mother@example.kr",
        "timestamp": 1772686200,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": event,
        "category": ["spring", "newsletter"],
        "sg_event_id": "hqFbp3HH9WxIM0R2-x2M1Q==",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **own,
    }


def of(found: Any, body: Any, settings: Mapping[str, Any] | None = None) -> list[Any]:
    """Facts of a sender's body, those that are events admitted by the schema."""
    fields = [fact for _, fact, _ in found(body, settings or {}, SEOUL)]
    for fact in fields:
        if isinstance(fact, dict):
            event = {"event_id": "e", "site": "haengbok", "occurred_at": NOW.isoformat(), **fact}
            admit_event(event, now=NOW + timedelta(days=1))
    return fields


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("processed", "sent"),
        ("delivered", "delivered"),
        ("open", "opened"),
        ("click", "clicked"),
        ("bounce", "bounced"),
        ("dropped", "bounced"),
        ("spamreport", "complained"),
        ("unsubscribe", "unsubscribed"),
        ("group_unsubscribe", "unsubscribed"),
    ],
)
def test_sendgrids_events(event: str, action: str) -> None:
    (fact,) = of(
        messages.sendgrid_facts, [grid(event, url="https://haengbok.kr/?phone=010", ip="203.0.113.7")]
    )
    assert fact == {
        "type": "message_tracked",
        "message_id": "14c5d75ce93",
        "action": action,
        "medium": "email",
        "occurred_at": "2026-03-05T04:50:00+00:00",
        "email": "mother@example.kr",
        "campaign": "spring",
    }


def test_what_sendgrid_defers_or_a_machine_opens_is_no_event() -> None:
    body = [grid("deferred"), grid("open", sg_machine_open=True), grid("group_resubscribe")]
    assert of(messages.sendgrid_facts, body) == [None, None, None]


def test_own_arguments_name_campaign_segment_and_variant() -> None:
    (fact,) = of(messages.sendgrid_facts, grid("click", campaign="return", segment="dormant", variant="B"))
    assert (fact["campaign"], fact["segment"], fact["variant"]) == ("return", "dormant", "B")


@pytest.mark.parametrize("own", [{"event": "sung"}, {"sg_message_id": None}, {"timestamp": "soon"}])
def test_what_is_none_of_sendgrids_is_refused(own: dict[str, Any]) -> None:
    assert isinstance(of(messages.sendgrid_facts, [{**grid("open"), **own}])[0], Unmapped)


# ---- Solapi --------------------------------------------------------------------------------------------------


def report(code: str, **own: Any) -> dict[str, Any]:
    """One report as Solapi posts it (SINGLE-REPORT)."""
    return {
        "messageId": "M4V20260305135000ABCDEFGHIJKLMNO",
        "groupId": "G4V20260305135000ABCDEFGHIJKLMNO",
        "accountId": "12345678901234",
        "to": "01012345678",
        "from": "0315550101",
        "type": "ATA",
        "statusCode": code,
        "statusMessage": "정상",
        "dateReceived": "2026-03-05T04:50:01.000Z",
        "dateReported": "2026-03-05T04:50:02.000Z",
        "customFields": {"campaign": "return", "variant": "A"},
        **own,
    }


@pytest.mark.parametrize(
    ("code", "action"),
    [("2000", "sent"), ("3000", "sent"), ("4000", "delivered"), ("3104", "bounced"), ("1026", "bounced")],
)
def test_solapis_reports(code: str, action: str) -> None:
    (fact,) = of(messages.solapi_facts, [report(code)])
    assert fact == {
        "type": "message_tracked",
        "message_id": "M4V20260305135000ABCDEFGHIJKLMNO",
        "action": action,
        "medium": "alimtalk",
        "occurred_at": "2026-03-05T13:50:02+09:00",
        "phone": "+821012345678",
        "campaign": "return",
        "variant": "A",
    }


def test_a_text_message_is_sms_and_the_setting_names_the_campaign() -> None:
    (fact,) = of(messages.solapi_facts, report("4000", type="LMS", customFields=None), {"campaign": "spring"})
    assert (fact["medium"], fact["campaign"]) == ("sms", "spring")


@pytest.mark.parametrize("own", [{"messageId": None}, {"statusCode": "ok"}, {"dateReported": "now"}])
def test_what_is_none_of_solapis_is_refused(own: dict[str, Any]) -> None:
    assert isinstance(of(messages.solapi_facts, [{**report("4000"), **own}])[0], Unmapped)


@pytest.mark.parametrize("body", [1, "x", None, [1], [[]], [{}] * 501])
def test_a_body_of_another_shape_is_refused_whole(body: Any) -> None:
    for found in (messages.sendgrid_facts, messages.solapi_facts):
        with pytest.raises(Unmapped):
            list(found(body, {}, SEOUL))

"""Whatever a signed body says, the readers of webhooks give words, events or reasons, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.doors import Refused, admit_event
from schemas.problems import Problem
from streams.collectors.crm import messages, webhooks
from streams.collectors.payloads import Unmapped, check_depth, read_payload_mapping, read_yaml
from streams.collectors.phone import asterisk, callrail, generic, twilio
from streams.collectors.phone.calls import UNDER_WAY, NoCall, Said, call_ended, event_of
from streams.collectors.signatures import SignatureRefused
from tests.collectors.test_payloads import DEAL, MAPPING, grid, items, report
from tests.collectors.test_phone_words import CUSTOM, OWN, POST_CALL, cdr, child, completed, dialled

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MANY = settings(max_examples=60, deadline=None)
ODD = st.sampled_from(
    [None, True, False, 0, -1, 10**18, 1e308, -0.5, "", " ", "0", "-", "\x00", "\ud7ff", "=cmd()", "010-1234-5678", "9" * 40,
     "2026-03-02", "2026-13-45T99:99", "Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 01 Jan 0001 00:00:00 +1400", "2099-12-31",
     "1e9", "infinity", "0001-01-01T00:00:00Z", "completed", "kim@example.kr", [], {}, [1], {"a": None}, "k" * 9_000]
)  # fmt: skip


def changed(payload: Any) -> st.SearchStrategy[Any]:
    """A payload in which some values are odd ones."""
    if isinstance(payload, dict):
        return st.fixed_dictionaries({name: changed(value) for name, value in payload.items()})
    if isinstance(payload, list):
        return st.lists(changed(payload[0]), max_size=3) if payload else st.just(payload)
    return st.one_of(st.just(payload), st.just(payload), ODD, st.text(max_size=12))


def one_call(words: list[Said]) -> None:
    """Words on one call -> an event that the schema takes or refuses by name."""
    heard = [word for word in words if word.ended is not None or word.state in UNDER_WAY]
    body = call_ended("haengbok", heard) if heard else None
    if body is not None:
        event = event_of("phone", heard, body, None)
        try:
            admit_event(event, now=NOW)
        except Refused as refused:
            assert refused.problems


@MANY
@given(changed(dict(OWN)))
def test_generic_calls(payload: Any) -> None:
    try:
        one_call([generic.said_of(payload, generic.CallMapping(), SEOUL)])
    except NoCall as wrong:
        assert isinstance(wrong.problem, Problem)


@MANY
@given(changed(dict(POST_CALL)))
def test_callrail(payload: Any) -> None:
    try:
        one_call(callrail.said_of(payload, {}, SEOUL))
    except NoCall as wrong:
        assert isinstance(wrong.problem, Problem)


@MANY
@given(
    st.sampled_from(
        [completed(), dialled("completed", 5), child("completed", "03:00:09", CallDuration="5")]
    ).flatmap(
        lambda form: st.fixed_dictionaries(
            {
                name: st.one_of(
                    st.just(value), ODD.filter(lambda one: isinstance(one, str)), st.text(max_size=8)
                )
                for name, value in form.items()
            }
        )
    )
)
def test_twilio(form: dict[str, str]) -> None:
    try:
        one_call(twilio.said_of(list(form.items()), {"number": form["To"]}, {}))
    except NoCall as wrong:
        assert isinstance(wrong.problem, Problem)


@MANY
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda one: one.encode("utf-8", "ignore")))
)
def test_any_bytes(body: bytes) -> None:
    with suppress(SignatureRefused):
        assert isinstance(twilio.parameters(body), list)
    try:
        for _, word in asterisk.said_of(body, "haengbok", asterisk.AsteriskSettings(), SEOUL):
            assert word is None or isinstance(word, (Said, NoCall))
    except NoCall as wrong:
        assert isinstance(wrong.problem, Problem)


@MANY
@given(
    changed(dict(zip(CUSTOM, cdr().split(","), strict=True))).map(
        lambda fields: {name: value for name, value in fields.items() if not isinstance(value, (list, dict))}
    ),
    st.booleans(),
)
def test_cdr_fields_and_ami_events(fields: dict[str, Any], event: bool) -> None:
    body = orjson.dumps({**fields, **({"Event": "Cdr"} if event else {})})
    try:
        words = [word for _, word in asterisk.said_of(body, "haengbok", asterisk.AsteriskSettings(), SEOUL)]
    except NoCall:
        return
    one_call([word for word in words if isinstance(word, Said)])


@MANY
@given(changed(items(DEAL)))
def test_crm_payloads(body: Any) -> None:
    mapping = read_payload_mapping(read_yaml(MAPPING.encode()))
    try:
        facts = list(webhooks.facts_of(body, mapping, SEOUL))
    except Unmapped:
        return
    for _, fact, _ in facts:
        assert fact is None or isinstance(fact, Unmapped) or fact["type"] == "status_changed"


@MANY
@given(changed(grid("open")), changed(report("4000")))
def test_reports_of_senders(opened: Any, delivered: Any) -> None:
    for found, body in ((messages.sendgrid_facts, opened), (messages.solapi_facts, delivered)):
        for _, fact, named in found([body], {}, SEOUL):
            assert isinstance(named, str) and (fact is None or isinstance(fact, (dict, Unmapped)))


@pytest.mark.parametrize(("depth", "taken"), [(31, True), (32, True), (33, False), (900, False)])
def test_how_deep_a_body_may_be(depth: int, taken: bool) -> None:
    body = orjson.loads(b"[" * depth + b"]" * depth)
    if taken:
        check_depth(body)
    else:
        with pytest.raises(Unmapped):
            check_depth(body)

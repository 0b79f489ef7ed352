"""Any bytes at all: an event, or one reason of the closed list."""

import json
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Event
from schemas.event import to_json
from schemas.reading import (
    MOST_BYTES,
    Reader,
    Reason,
    Unusable,
    body_of,
    canonical_body,
    canonical_entry,
    read_entry,
    read_event,
)
from schemas.scalars import Url
from schemas.upcasts import Raw, Upcasts
from tests.schemas.test_event import OWN, raw

GOOD = raw("visit_seen", phone="hmac:k1:0a1b", url="/?a=1")
CLOSED = {
    "not_utf8": b'{"type":"\xff"}',
    "not_json": b"{",
    "not_an_object": b"[]",
    "too_large": GOOD + b" " * MOST_BYTES,
    "unknown_type": raw("visit_seen", type="visit_sen"),
    "newer_version": raw("visit_seen", v=2),
    "missing_field": raw("visit_seen", url=None),
    "invalid_field": raw("visit_seen", url=5),
    "raw_identifier": raw("visit_seen", phone="01012345678"),
    "clock_ahead": raw("visit_seen", received_at="2026-03-01T08:59:59+09:00"),
}
GIVEN_ELSEWHERE = {"id_conflict", "wrong_partition", "wrong_key", "tombstone"}


def reason_of(body: bytes) -> Reason:
    """Why the bytes are no event."""
    with pytest.raises(Unusable) as refused:
        read_event(body)
    return refused.value.reason


@pytest.mark.parametrize(("reason", "body"), CLOSED.items(), ids=CLOSED)
def test_every_reason_of_the_closed_list(reason: str, body: bytes) -> None:
    assert reason_of(body) == reason


def test_the_list_is_closed() -> None:
    assert {*CLOSED, *GIVEN_ELSEWHERE} == {reason.value for reason in Reason}


MUTATIONS: list[tuple[bytes, Reason]] = [
    (b"", Reason.NOT_JSON),
    (b" ", Reason.NOT_JSON),
    (b"\x00", Reason.NOT_JSON),
    (b"\xef\xbb\xbf" + GOOD, Reason.NOT_JSON),
    (GOOD[:-1], Reason.NOT_JSON),
    (GOOD + b"x", Reason.NOT_JSON),
    (GOOD + GOOD, Reason.NOT_JSON),
    (GOOD + b"\x00", Reason.NOT_JSON),
    (GOOD.replace(b"{", b"{,", 1), Reason.NOT_JSON),
    (GOOD.replace(b'"', b"'"), Reason.NOT_JSON),
    (GOOD.replace(b'"/?a=1"', b"NaN"), Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":NaN}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":-Infinity}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":nan}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":01}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":"\\ud800"}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":"\t"}', Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":' + b"[" * 300 + b"]" * 300 + b"}", Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.NOT_JSON),
    (GOOD[:-1] + b',"extra":"\xed\xa0\x80"}', Reason.NOT_UTF8),
    (GOOD[:-1] + b',"\xc0\x80":1}', Reason.NOT_UTF8),
    (GOOD.decode().encode("utf-16"), Reason.NOT_UTF8),
    ("{'가'".encode("cp949"), Reason.NOT_UTF8),
    (b"\x1f\x8b\x08\x00", Reason.NOT_UTF8),
    (b"null", Reason.NOT_AN_OBJECT),
    (b"5", Reason.NOT_AN_OBJECT),
    (b'"text"', Reason.NOT_AN_OBJECT),
    (b"[" + GOOD + b"]", Reason.NOT_AN_OBJECT),
    (b"{}", Reason.MISSING_FIELD),
    (b'{"type":null}', Reason.MISSING_FIELD),
    (b'{"type":5}', Reason.UNKNOWN_TYPE),
    (b'{"type":{}}', Reason.UNKNOWN_TYPE),
    (b'{"type":["visit_seen"]}', Reason.UNKNOWN_TYPE),
    (b'{"type":""}', Reason.UNKNOWN_TYPE),
    (b'{"type":"Visit_Seen"}', Reason.UNKNOWN_TYPE),
    (b'{"type":"visit_seen"}', Reason.MISSING_FIELD),
    (raw("visit_seen", v=99), Reason.NEWER_VERSION),
    (raw("visit_seen", v=10**300), Reason.NEWER_VERSION),
    (GOOD[:-1] + b',"v":' + b"9" * 5_000 + b"}", Reason.NOT_JSON),
    (raw("visit_seen", v=-1), Reason.INVALID_FIELD),
    (raw("visit_seen", v="2"), Reason.INVALID_FIELD),
    (raw("visit_seen", v=2.0), Reason.INVALID_FIELD),
    (GOOD[:-1] + b',"v":null}', Reason.INVALID_FIELD),
    (raw("payment_received", amount=10**400), Reason.INVALID_FIELD),
    (raw("measure_recorded")[:-1] + b',"value":1e400}', Reason.INVALID_FIELD),
    (raw("visit_seen", phone="+821012345678"), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", phone="hmac:k1:"), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", phone="hmac:k1:0A"), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", phone="hmac:k1:0a\n"), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", phone_aliases=["hmac:k1:0a", "010"]), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", email="a@b.example"), Reason.RAW_IDENTIFIER),
    (raw("visit_seen", email_aliases=["a@b.example"]), Reason.RAW_IDENTIFIER),
    (raw("invitation_sent", referrer_phone="010-1234-5678"), Reason.RAW_IDENTIFIER),
    (raw("referral_made", referrer_phone="010-1234-5678"), Reason.RAW_IDENTIFIER),
    (raw("person_forgotten", identifiers=[{"lead_id": "l"}, {"phone": "010"}]), Reason.RAW_IDENTIFIER),
]


@pytest.mark.parametrize(("body", "reason"), MUTATIONS, ids=range(len(MUTATIONS)))
def test_mutations_have_their_exact_reason(body: bytes, reason: Reason) -> None:
    assert reason_of(body) is reason


@pytest.mark.parametrize(
    "extra",
    [b"1e999", b"123456789012345678901234567890", b'"NaN Infinity"', b'"\\u0000"', b"-0.0", b'{"a":{"a":1}}'],
)
def test_harmless_oddities_in_unknown_fields_are_read_and_compared(extra: bytes) -> None:
    body = GOOD[:-1] + b',"extra":' + extra + b"}"
    assert read_event(body) == read_event(GOOD)
    assert canonical_body(body_of(body)) != canonical_body(body_of(GOOD))


def test_of_a_duplicate_name_the_last_value_counts_everywhere() -> None:
    twice = GOOD[:-1] + b',"url":"/last"}'
    assert json.loads(to_json(read_event(twice)))["url"] == "/last" == body_of(twice)["url"]
    assert read_event(GOOD[:-1] + b',"type":"page_viewed"}').type == "page_viewed"


def test_exactly_24_hours_ahead_of_the_door_is_taken() -> None:
    read_event(raw("visit_seen", received_at="2026-03-01T00:00:00Z"))
    assert reason_of(raw("visit_seen", received_at="2026-02-28T23:59:59.999999Z")) is Reason.CLOCK_AHEAD


def test_what_is_refused_is_never_repeated() -> None:
    secrets = {
        "phone": 821012345678,
        "email": ["kim@mail.example"],
        "lead_id": {"name": "김하늘"},
        "url": None,
    }
    with pytest.raises(Unusable) as refused:
        read_event(raw("visit_seen", **secrets, service="발달 지연"))
    assert not any(each in str(refused.value) for each in ("8210", "kim", "김하늘", "발달"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(OWN)), st.data())
def test_any_event_with_any_value_in_any_field_is_read_or_has_a_reason(
    type_: str, data: st.DataObject
) -> None:
    body = json.loads(raw(type_))
    names = [*body, "v", "phone", "branch", "received_at", "extra", *OWN["call_ended"], "identifiers"]
    changed = data.draw(st.dictionaries(st.sampled_from(names), json_values, max_size=3))
    read_or_refused(json.dumps({**body, **changed}).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(noise: bytes) -> None:
    read_or_refused(noise)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 3))
def test_any_damaged_event_is_read_or_has_a_reason(place: int, byte: int, cut: int) -> None:
    read_or_refused(GOOD[:place] + bytes([byte]) + GOOD[place + cut :])


def read_or_refused(body: bytes) -> None:
    """Nothing but an event or Unusable comes out, and what is read can be compared and written."""
    for read in (read_event, read_entry):
        try:
            said = read(body)
        except Unusable as refused:
            assert refused.reason in Reason and refused.detail
        else:
            assert canonical_body(body_of(body)) and read(to_json(said)) == said


def test_the_comparison_leaves_out_what_a_door_or_a_rotated_key_changes() -> None:
    body = json.loads(GOOD)
    same: dict[str, Any] = {
        **dict(reversed(body.items())),
        "v": 1,
        "received_at": "2026-03-02T00:00:00Z",
        "phone": "hmac:k2:ff",
        "phone_aliases": ["hmac:k1:0a1b"],
        "email": "hmac:k1:1",
        "email_aliases": [],
    }
    assert canonical_body(same) == canonical_body(body)
    for change in ({"v": 2}, {"url": "/b"}, {"extra": 1}, {"lead_id": "l"}):
        assert canonical_body({**body, **change}) != canonical_body(body)


def test_the_canonical_bytes_of_an_entry() -> None:
    entry = {"b": "가\u2028/\x7f<", "a": [1, 2.5, {"z": None, "y": True}], "é": '"\n'}
    assert (
        canonical_entry(entry)
        == '{"a":[1,2.5,{"y":true,"z":null}],"b":"가\u2028/\x7f<","é":"\\"\\n"}'.encode()
    )


class ShopVisited2(Event):
    """A shape of the test's own in its second version: `address` became `url`."""

    VERSION: ClassVar[int] = 2
    type: Literal["shop_visited"] = "shop_visited"
    v: Literal[2]
    url: Url


steps = Upcasts()


@steps("shop_visited", 1)
def shop_visited_1_to_2(raw: Raw) -> Raw:
    """v2 spells `address` as `url`."""
    raw["url"] = raw.pop("address")
    return raw


SHOPS = Reader({"shop_visited": ShopVisited2}, "type", steps)
SHOP = {"event_id": "e", "type": "shop_visited", "site": "s", "occurred_at": "2026-03-02T00:00:00Z"}


@pytest.mark.parametrize("version", [{}, {"v": 1}])
def test_an_old_version_is_raised(version: dict[str, int]) -> None:
    old = SHOPS.read(json.dumps({**SHOP, **version, "address": "/a"}).encode())
    assert old == SHOPS.read(json.dumps({**SHOP, "v": 2, "url": "/a"}).encode())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"v": 3, "url": "/"}, Reason.NEWER_VERSION),
        ({"v": 1}, Reason.INVALID_FIELD),
        ({"v": 1, "address": 5}, Reason.INVALID_FIELD),
        ({"v": 0, "address": "/"}, Reason.INVALID_FIELD),
        ({"v": 2}, Reason.MISSING_FIELD),
    ],
)
def test_a_version_that_cannot_be_raised_has_its_reason(fields: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Unusable) as refused:
        SHOPS.read(json.dumps({**SHOP, **fields}).encode())
    assert refused.value.reason is reason


def test_a_version_without_a_step_is_refused_and_a_step_is_declared_once() -> None:
    with pytest.raises(Unusable, match="a version with an upcast"):
        Reader({"shop_visited": ShopVisited2}, "type", Upcasts()).read(json.dumps({**SHOP, "v": 1}).encode())
    with pytest.raises(ValueError, match="already"):
        steps("shop_visited", 1)(shop_visited_1_to_2)

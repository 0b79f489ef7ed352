"""The HTTP door over a real socket in front of a real Kafka: what it takes, refuses and never says."""

import gzip
import http.client
import json
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from schemas.reading import read_event
from streams.collectors import limits
from streams.collectors.edge import CollectorSettings
from streams.collectors.limits import Rate
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Broker, Door, until

pytestmark = pytest.mark.stack

NO_SPOOL = SpoolSettings(most_bytes=0)
_made = iter(range(10**9))


def visit(**fields: Any) -> dict[str, Any]:
    """A visit with an id of its own; None takes a field away."""
    body = {
        "event_id": f"e{next(_made)}",
        "type": "visit_seen",
        "site": "clinic",
        "occurred_at": "2026-03-02T11:00:00+09:00",
        "visitor_id": "v1",
        "url": "https://clinic.kr/",
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


def ask(
    door: Door, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own -> status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def post(door: Door, body: Any, key: str | None, **headers: str) -> tuple[int, dict[str, Any]]:
    """A post of a value as JSON, or of bytes as they are -> status and answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    status, _, answer = ask(door, "POST", "/v1/events", content, sent)
    return status, json.loads(answer)


def ndjson(*events: Any) -> bytes:
    """One event a line."""
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in events)


def test_accepted_events_are_in_the_log_as_readers_read_them(door: Door, broker: Broker) -> None:
    event = visit(phone="010-1234-5678", url="https://clinic.kr/?utm_source=naver&name=kim")
    assert post(door, event, door.key()) == (
        202,
        {"accepted": [event["event_id"]], "duplicate": [], "rejected": []},
    )
    (value,) = [
        value for _, value in broker.records("headwater.events") if event["event_id"].encode() in value
    ]
    read = read_event(value)
    assert read.received_at == NOW
    assert read.phone is not None and read.phone.startswith("hmac:1:")
    assert b"kim" not in value and b"1234-5678" not in value


def test_a_site_lies_on_the_partition_kafka_would_choose(door: Door, broker: Broker) -> None:
    from schemas.topics import partition_of

    events = [visit(site=site) for site in ("a", "clinic", "seoul-1", "x_9") for _ in range(30)]
    assert post(door, events, door.key())[0] == 202
    of_id = {json.loads(value)["event_id"]: place for place, value in broker.records("headwater.events")}
    for event in events:
        assert of_id[event["event_id"]] == partition_of(event["site"], broker.settings.partitions)


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson", "text/plain", ""])
def test_lines_are_read_under_every_type_that_may_carry_them(door: Door, media_type: str) -> None:
    status, answer = post(door, ndjson(visit(), visit(), b""), door.key(), Content_Type=media_type)
    assert (status, len(answer["accepted"])) == (202, 2)


def test_gzip_is_read(door: Door) -> None:
    body = gzip.compress(json.dumps([visit() for _ in range(500)]).encode(), 1)
    status, answer = post(door, body, door.key(), Content_Encoding="gzip")
    assert (status, len(answer["accepted"])) == (202, 500)


def test_what_was_acknowledged_is_named_a_duplicate_and_a_changed_body_is_left_to_the_log(
    door: Door, broker: Broker
) -> None:
    key, event = door.key(), visit()
    name = event["event_id"]
    assert post(door, [event, event], key)[1] == {"accepted": [name], "duplicate": [name], "rejected": []}
    assert post(door, event, key)[1]["duplicate"] == [name]
    assert post(door, {**event, "url": "https://clinic.kr/other"}, key)[1]["accepted"] == [name]
    assert post(door, {**event, "phone": "010-1234-5678"}, key)[1]["accepted"] == [name]
    assert sum(value["event_id"] == name for value in broker.values("headwater.events")) == 3


def test_of_a_mixed_lot_every_refusal_says_where_what_and_how_to_mend(door: Door, broker: Broker) -> None:
    good = visit()
    lot = ndjson(
        good, visit(typ="x"), b"{nonsense", visit(occurred_at="2026-03-02"), [1], visit(phone="nobody")
    )
    status, answer = post(door, lot, door.key(), Content_Type="application/x-ndjson")
    assert (status, answer["accepted"]) == (202, [good["event_id"]])
    named = [(one["index"], one["problems"][0]["field"]) for one in answer["rejected"]]
    assert named == [(1, "typ"), (2, "the body"), (3, "occurred_at"), (4, "the body"), (5, "phone")]
    assert all(p["found"] and p["fix"] for one in answer["rejected"] for p in one["problems"])
    letters = broker.values("headwater.dead-letters")[-5:]
    assert all(set(one) == {"door", "reason", "field", "sha256", "size", "site", "at"} for one in letters)


def test_a_browser_key_says_its_own_visitors_touches_only(door: Door, broker: Broker) -> None:
    key = door.browser_key("clinic")
    told = visit(phone="010-9876-5432")
    assert post(door, told, key)[0] == 202
    (value,) = [one for one in broker.values("headwater.events") if one["event_id"] == told["event_id"]]
    assert "phone" not in value and value["claimed_phone"].startswith("hmac:1:")
    for wrong, field in (
        (visit(site="other"), "site"),
        (visit(lead_id="L1"), "lead_id"),
        (visit(visitor_id=None), "visitor_id"),
        ({**visit(type="payment_received", amount=1), "url": None}, "type"),
        (visit(type="event_withdrawn", withdraws="e1", url=None), "type"),
    ):
        status, answer = post(door, wrong, key)
        assert status == 403
        assert field in {problem["field"] for problem in answer["rejected"][0]["problems"]}
    status, answer = post(door, [visit(), visit(visitor_id="v2")], key)
    assert (status, len(answer["accepted"]), answer["rejected"][0]["index"]) == (202, 1, 1)
    assert post(door, visit(phone="hmac:1:" + "a" * 64), key)[0] == 400


def test_a_server_key_keeps_to_its_sites_and_types(door: Door) -> None:
    key = door.key("clinic", types=["visit_seen"])
    assert post(door, visit(), key)[0] == 202
    assert post(door, visit(site="other"), key)[0] == 403
    assert post(door, visit(type="page_viewed"), key)[0] == 403


def test_a_revoked_key_is_no_key(door: Door) -> None:
    key = door.key()
    found = door.ring.find(key)
    assert found is not None and post(door, visit(), key)[0] == 202
    door.ring.revoke(found.id, now=NOW)
    assert post(door, visit(), key)[0] == 401


def test_pages_of_listed_origins_only(door: Door) -> None:
    home, elsewhere = "https://www.clinic.kr", "https://evil.example"
    key, server = door.browser_key("clinic", home), door.key()
    body = json.dumps(visit()).encode()

    def from_origin(origin: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return ask(door, "POST", path, body, {"Origin": origin, "Content-Type": "text/plain", **headers})

    status, headers, _ = from_origin(home, f"/v1/events?key={key}")
    assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (202, home, "Origin")
    for origin in (
        elsewhere,
        "null",
        home + ".evil.example",
        "http://www.clinic.kr",
        home.upper(),
        home + "/",
    ):
        status, headers, _ = from_origin(origin, f"/v1/events?key={key}")
        assert (status, headers.get("Access-Control-Allow-Origin")) == (403, None)
    assert from_origin(home, "/v1/events", Authorization=f"Bearer {server}")[0] == 403
    status, headers, _ = ask(door, "OPTIONS", "/v1/events", None, {"Origin": home})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, home)
    assert "Access-Control-Allow-Credentials" not in headers
    assert ask(door, "OPTIONS", "/v1/events", None, {"Origin": elsewhere})[0] == 403


def test_a_server_key_in_a_url_is_no_key(door: Door) -> None:
    key = door.key()
    assert ask(door, "POST", f"/v1/events?key={key}", b"{}", {})[0] == 401


def test_every_answer_carries_the_security_headers(door: Door) -> None:
    for path in ("/health", "/nowhere", "/v1/events"):
        headers = ask(door, "GET", path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "aiohttp" not in headers["Server"].lower()


def test_what_is_no_path_is_not_found(door: Door) -> None:
    for path in ("/q/abc", "/hw.js/", "/", "/../etc/passwd", "/v1/events/", "/V1/EVENTS"):
        assert ask(door, "GET", path)[0] == 404
    assert ask(door, "PUT", "/v1/events")[0] == 405


def test_health_ready_metrics_and_the_description(door: Door) -> None:
    assert ask(door, "GET", "/health")[0] == 200
    assert ask(door, "GET", "/ready")[0] == 200
    assert b"headwater_collector_log_up 1" in ask(door, "GET", "/metrics")[2]
    described = json.loads(ask(door, "GET", "/openapi.json")[2])
    assert {"VisitSeen", "PersonForgotten", "Outcome"} <= set(described["components"]["schemas"])
    assert "received_at" not in described["components"]["schemas"]["VisitSeen"]["properties"]


LONG = "x" * 200
HOSTILE: dict[str, tuple[int, Any]] = {
    "nothing": (400, b""),
    "blank": (400, b" \n\n"),
    "empty list": (400, []),
    "null": (400, b"null"),
    "number": (400, b"1"),
    "text": (400, b'"event"'),
    "half an object": (400, b'{"event_id": "e1"'),
    "trailing comma": (400, b'{"a":1,}'),
    "two values": (400, b"{}{}"),
    "not utf-8": (400, b'{"event_id": "\xff\xfe"}'),
    "utf-16": (400, '{"event_id": "e1"}'.encode("utf-16")),
    "lone surrogate": (400, b'{"event_id": "\\ud800"}'),
    "NaN": (400, b'{"event_id": NaN}'),
    "Infinity": (400, b'{"event_id": Infinity}'),
    "comment": (400, b"// {}"),
    "pickle": (400, b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00"),
    "xml": (400, b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    "very deep": (400, b"[" * 2000 + b"]" * 2000),
    "deep object": (
        400,
        visit(url={"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}),
    ),
    "many fields": (400, {f"f{n}": 1 for n in range(300)}),
    "long text": (400, visit(url="https://clinic.kr/" + "a" * 9000)),
    "long field name": (400, {"x" * 100: 1}),
    "too many": (413, [{} for _ in range(limits.EVENTS + 1)]),
    "too many lines": (413, b"{}\n" * (limits.EVENTS + 1)),
    "too large": (413, b'"' + b"x" * limits.BODY_BYTES + b'"'),
    "unknown type": (400, visit(type="visit_sen")),
    "type as list": (400, visit(type=["visit_seen"])),
    "no type": (400, visit(type=None)),
    "no id": (400, visit(event_id=None)),
    "empty id": (400, visit(event_id="")),
    "long id": (400, visit(event_id="x" * 129)),
    "number id": (400, visit(event_id=7)),
    "null id": (400, b'{"event_id": null, "type": "visit_seen"}'),
    "blank id": (400, visit(event_id=" e1 ")),
    "no site": (400, visit(site=None)),
    "site with a bar": (400, visit(site="clinic|site|x")),
    "site with capitals": (400, visit(site="Clinic")),
    "site as path": (400, visit(site="../clinic")),
    "site as list": (400, visit(site=["clinic"])),
    "no time": (400, visit(occurred_at=None)),
    "bare date": (400, visit(occurred_at="2026-03-02")),
    "time without offset": (400, visit(occurred_at="2026-03-02T11:00:00")),
    "time as number": (400, visit(occurred_at=1772416800)),
    "no such day": (400, visit(occurred_at="2026-02-30T11:00:00+09:00")),
    "clock ahead": (400, visit(occurred_at="2026-03-03T12:00:01+09:00")),
    "year 9999": (400, visit(occurred_at="9999-12-31T23:59:59Z")),
    "received_at": (400, visit(received_at="2026-03-02T11:00:00+09:00")),
    "unknown field": (400, visit(diagnosis="adhd")),
    "prototype": (400, visit(__proto__={"admin": True})),
    "version 2": (400, visit(v=2)),
    "version as text": (400, visit(v="1")),
    "control character": (400, visit(visitor_id="a\r\nSet-Cookie: x")),
    "terminal colours": (400, visit(visitor_id="\x1b[31mred")),
    "zero byte": (400, visit(visitor_id="a\x00b")),
    "phone as number": (400, visit(phone=1012345678)),
    "phone as object": (400, visit(phone={"$ne": 1})),
    "no phone": (400, visit(phone="no phone")),
    "false pseudonym": (400, visit(phone="hmac:1:abc")),
    "raw alias": (400, visit(phone_aliases=["010-1234-5678"])),
    "no email": (400, visit(email="kim at example")),
    "phone as lead": (400, visit(lead_id="010-1234-5678")),
    "no url": (400, visit(url=None)),
    "url as list": (400, visit(url=["https://clinic.kr"])),
    "amount as text": (400, visit(type="payment_received", url=None, amount="1000")),
    "amount with decimals": (400, visit(type="payment_received", url=None, amount=10.5)),
    "amount beyond all": (400, visit(type="payment_received", url=None, amount=10**30)),
    "unknown outcome": (
        400,
        visit(type="call_ended", url=None, call_id="c", number="02-555-1234", outcome="ok"),
    ),
    "one identifier": (400, visit(type="person_identified", url=None)),
    "forget nobody": (400, visit(type="person_forgotten", url=None, identifiers=[])),
    "forget two in one": (
        400,
        visit(type="person_forgotten", url=None, identifiers=[{"phone": "1", "email": "2"}]),
    ),
    "sql": (400, visit(site="clinic'; DROP TABLE event_archive; --")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused_with_field_and_fix_and_never_stored(door: Door, name: str) -> None:
    expected, body = HOSTILE[name]
    status, answer = post(door, body, door.key())
    assert status == expected, answer
    assert answer["accepted"] == [] and answer["duplicate"] == []
    problems = [problem for one in answer["rejected"] for problem in one["problems"]]
    assert problems and all(p["field"] and p["found"] and p["fix"] for p in problems)


@pytest.mark.parametrize(
    ("expected", "headers", "body"),
    [
        (415, {"Content-Type": "application/x-www-form-urlencoded"}, b"{}"),
        (415, {"Content-Type": "multipart/form-data; boundary=x"}, b"{}"),
        (415, {"Content-Type": "application/x-python-pickle"}, b"{}"),
        (415, {"Content-Encoding": "br"}, b"{}"),
        (415, {"Content-Encoding": "gzip, gzip"}, b"{}"),
        (400, {"Content-Encoding": "gzip"}, b"{}"),
        (400, {"Content-Encoding": "gzip"}, gzip.compress(b"{}" * 100, mtime=0)[:-6]),
        (413, {"Content-Encoding": "gzip"}, gzip.compress(bytes(64 * 1024 * 1024), 9, mtime=0)),
        (413, {"Content-Encoding": "gzip"}, gzip.compress(b" " * (limits.BODY_BYTES + 1), 1, mtime=0)),
        (400, {"X-Long": "x" * 9000}, b"{}"),
    ],
)
def test_hostile_headers_are_refused(door: Door, expected: int, headers: dict[str, str], body: bytes) -> None:
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {door.key()}", **headers}
    assert ask(door, "POST", "/v1/events", body, sent)[0] == expected


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer null",
        "Bearer hws_",
        "Bearer " + "hws_" + "0" * 12 + "_" + "0" * 64,
    ],
)
def test_without_a_key_nothing_is_read(door: Door, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    status, answered, _ = ask(door, "POST", "/v1/events", json.dumps(visit()).encode(), headers)
    assert (status, answered["WWW-Authenticate"]) == (401, "Bearer")


def raw(door: Door, request: bytes) -> bytes:
    """Bytes on a socket -> the bytes that came back until it was closed or still."""
    with socket.create_connection(("127.0.0.1", door.port), 5) as connection:
        connection.sendall(request)
        connection.settimeout(1.0)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            pass
        return answer


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/events HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost : a\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"POST /v1/events HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n",
    ],
)
def test_smuggling_and_broken_requests_never_end_well(door: Door, head: bytes) -> None:
    answer = raw(door, head)
    assert b" 2" not in answer.split(b"\r\n")[0]
    assert ask(door, "GET", "/health")[0] == 200


def test_nothing_personal_reaches_a_log_line_or_a_dead_letter(
    door: Door, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canaries = [f"010-7{n:03d}-4321" for n in range(40)] + [f"canary{n}@secret.kr" for n in range(40)]
    key = door.key()
    for canary in canaries:
        for body in (
            visit(phone=canary),
            visit(email=canary),
            visit(lead_id=canary),
            visit(**{f"name {canary}"[:60]: canary}),
            visit(url=f"https://{canary}:x@clinic.kr/?name={canary}&utm_term={canary}#{canary}"),
            visit(occurred_at=canary),
            visit(
                type="call_ended",
                url=None,
                call_id="c",
                number=canary,
                phone=canary,
                direction="outbound",
                outcome="busy",
            )
            if canary.startswith("0")
            else {canary: 1},
            f'{{"phone": "{canary}"'.encode(),
        ):
            post(door, body, key)
    written = b"".join(
        value
        for topic in ("headwater.events", "headwater.dead-letters")
        for _, value in broker.records(topic)
    )
    told = caplog.text + ask(door, "GET", "/metrics")[2].decode()
    for canary in canaries:
        for form in {canary, canary.replace("-", ""), "+8210" + canary[4:].replace("-", "")}:
            assert form.encode() not in written
            assert form not in told


def test_too_many_requests_are_told_to_wait(broker: Broker, tmp_path: Any) -> None:
    settings = CollectorSettings(
        home=tmp_path,
        port=0,
        producer=ProducerSettings(brokers=broker.settings.bootstrap),
        events_a_server_key=Rate(per_second=1, burst=10),
        refused_keys_a_network=Rate(per_second=0.01, burst=3),
    )
    door = Door(settings, clock=lambda: NOW)
    try:
        key = door.key()
        assert post(door, [visit() for _ in range(10)], key)[0] == 202
        assert post(door, [visit() for _ in range(10)], key)[0] == 429
        assert post(door, visit(), door.key())[0] == 202
        assert [post(door, visit(), "guess", X_Forwarded_For=f"9.9.9.{n}")[0] for n in range(5)] == [
            401
        ] * 3 + [429] * 2
    finally:
        door.stop()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_without_log_and_spool_there_is_no_2xx(broker: Broker, tmp_path: Any, fault: str) -> None:
    producer = ProducerSettings(brokers=broker.settings.bootstrap, delivery_seconds=2.0)
    door = Door(CollectorSettings(tmp_path, port=0, producer=producer, spool=NO_SPOOL), clock=lambda: NOW)
    mend: Callable[[], None] = broker.start if fault == "kill" else broker.thaw
    try:
        key = door.key()
        accepted = [visit() for _ in range(3)]
        assert post(door, accepted, key)[0] == 202
        getattr(broker, fault)()
        try:
            began = time.monotonic()
            unsure = [visit() for _ in range(3)]
            for event in unsure:
                status, answer = post(door, event, key)
                assert (status, answer["accepted"]) == (503, [])
            assert time.monotonic() - began < 20
            until(lambda: ask(door, "GET", "/ready")[0] == 503)
            status, headers, _ = ask(door, "POST", "/v1/events", b"{}", {"Authorization": f"Bearer {key}"})
            assert status == 503 and int(headers["Retry-After"]) >= 1
            assert ask(door, "GET", "/health")[0] == 200
        finally:
            mend()
        until(lambda: ask(door, "GET", "/ready")[0] == 200)
        until(lambda: post(door, unsure, key)[0] == 202)
        stored = {value["event_id"] for value in broker.values("headwater.events")}
        assert {event["event_id"] for event in accepted + unsure} <= stored
    finally:
        door.stop()


def test_a_collector_without_log_and_spool_listens_and_says_so(tmp_path: Any) -> None:
    producer = ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)
    door = Door(CollectorSettings(tmp_path, port=0, producer=producer, spool=NO_SPOOL), clock=lambda: NOW)
    try:
        assert ask(door, "GET", "/health")[0] == 200
        assert ask(door, "GET", "/ready")[0] == 503
        assert post(door, visit(), door.key())[0] == 503
    finally:
        door.stop()


def test_slow_idle_and_too_many_connections_are_ended(broker: Broker, tmp_path: Any) -> None:
    producer = ProducerSettings(brokers=broker.settings.bootstrap)
    settings = CollectorSettings(
        home=tmp_path, port=0, producer=producer, body_seconds=0.5, idle_seconds=0.5, connections=5
    )
    door = Door(settings, clock=lambda: NOW)
    try:
        key = f"Authorization: Bearer {door.key()}"
        head = f"POST /v1/events HTTP/1.1\r\nHost: a\r\n{key}\r\nContent-Length: 99\r\n\r\n"
        for begun, answered in ((b"", b""), (b"POST /v1/ev", b""), (head.encode() + b"{", b"HTTP/1.1 408")):
            with socket.create_connection(("127.0.0.1", door.port), 5) as slow:
                slow.settimeout(10)
                slow.sendall(begun)
                assert slow.recv(65536).startswith(answered)
                while slow.recv(65536):
                    pass
        held = [socket.create_connection(("127.0.0.1", door.port), 5) for _ in range(5)]
        with socket.create_connection(("127.0.0.1", door.port), 5) as one_more:
            one_more.settimeout(5)
            assert one_more.recv(1) == b""
        for connection in held:
            connection.close()

        def answers() -> bool:
            try:
                return ask(door, "GET", "/health")[0] == 200
            except (
                ConnectionError,
                http.client.HTTPException,
            ):  # it has not yet seen that the others are gone
                return False

        until(answers)
    finally:
        door.stop()

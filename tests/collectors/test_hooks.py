"""The door of webhooks and numbers over a real socket, with its log away: what is taken, refused and kept."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from schemas.doors import admit_entry
from streams.collectors.edge import CollectorSettings
from streams.collectors.phone.ringing import RingingCall
from streams.collectors.producer import ProducerSettings, Record
from streams.collectors.signatures import Webhooks, signed
from streams.collectors.spool import SpoolSettings, frames, record_of
from tests.collectors.conftest import NOW, Door
from tests.collectors.test_numbers import number
from tests.collectors.test_phone_words import (
    CALLER,
    OWN,
    POST_CALL,
    SECOND,
    TRACKING,
    child,
    completed,
    dialled,
)

PUBLIC = "https://in.haengbok.kr"
TOKEN = "f2a9c4d1e8b76350a1b2c3d4e5f60718"


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector behind a public address, its log away for good."""
    settings = CollectorSettings(
        home=tmp_path_factory.mktemp("hooked"),
        port=0,
        public_url=PUBLIC,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
    )
    running = Door(settings, clock=lambda: NOW)
    yield running
    running.stop()


class Sender:
    """A source at the collector, and somebody who posts to it."""

    def __init__(self, door: Door, kind: str, *, given: str | None = None, **settings: Any) -> None:
        """Makes the source under a name of its own."""
        self.door = door
        self.sources = Webhooks(door.home)
        self.name = f"{kind}-{len(self.sources.every())}"
        _, _, self.secret = self.sources.create(
            "haengbok", self.name, kind, now=NOW, given=given, settings=settings
        )
        self.path = f"/hooks/haengbok/{self.name}"
        self._count = 0

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=30)
        try:
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def send(self, value: Any, *, message_id: str | None = None) -> tuple[int, dict[str, Any]]:
        """A value as JSON (bytes as they are), signed by Standard Webhooks."""
        self._count += 1
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        status, answer = self.post(body, signed(self.secret, message_id or f"msg_{self._count}", NOW, body))
        return status, json.loads(answer)

    def form(self, form: dict[str, str], query: str = "") -> tuple[int, bytes]:
        """A form as Twilio posts and signs it."""
        content = PUBLIC + self.path + query + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.digest(TOKEN.encode(), content.encode(), "sha1")).decode()
        path, self.path = self.path, self.path + query
        try:
            headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
            return self.post(urlencode(form).encode(), headers)
        finally:
            self.path = path


def spooled(door: Door) -> list[Record]:
    """Everything the collector made safe, in order."""
    found = []
    for path in sorted((door.home / "collector/spool").glob("*.spool")):
        content = path.read_bytes()
        found += [record_of(payload)[0] for _, _, payload in frames(content, int(path.stem), 0, len(content))]
    return found


def events(door: Door, field: str, value: str) -> list[dict[str, Any]]:
    """The events that were made safe with this value of a field."""
    read = (orjson.loads(record.value) for record in spooled(door) if record.topic == "headwater.events")
    return [event for event in read if event.get(field) == value]


def letters(door: Door) -> list[dict[str, Any]]:
    """The dead letters of the webhooks' door."""
    read = (
        orjson.loads(record.value) for record in spooled(door) if record.topic == "headwater.dead-letters"
    )
    return [letter for letter in read if letter["door"] == "hooks"]


def test_a_signed_call_becomes_an_event_with_a_pseudonym(hooked: Door) -> None:
    status, answer = Sender(hooked, "calls").send({**OWN, "call_id": "first"})
    assert status == 202
    (event,) = events(hooked, "call_id", "first")
    assert [event["event_id"]] == answer["accepted"]
    assert (event["outcome"], event["number"], event["site"]) == ("answered", TRACKING, "haengbok")
    assert event["phone"].startswith("hmac:1:") and "12345678" not in json.dumps(event).replace(TRACKING, "")


def test_a_repetition_is_answered_and_counted_once(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    first = sender.send({**OWN, "call_id": "twice"}, message_id="msg_a")[1]["accepted"]
    for message_id in ("msg_a", "msg_b"):
        status, answer = sender.send({**OWN, "call_id": "twice"}, message_id=message_id)
        assert (status, answer["accepted"], answer["duplicate"]) == (202, [], first)
    assert len(events(hooked, "call_id", "twice")) == 1


def test_a_ringing_call_is_the_desks_and_no_event(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    ringing = {"call_id": "rings", "status": "ringing", "from": "010-9999-4321", "to": "07012345678"}
    assert sender.send(ringing)[0] == 202
    shown = [one for one in hooked.collector.edge.ringing.of("haengbok", NOW) if one.call_id == "rings"]
    assert shown == [RingingCall("haengbok", "rings", TRACKING, "4321", NOW, "ringing")]
    assert events(hooked, "call_id", "rings") == []
    sender.send({**OWN, "call_id": "rings"})
    (over,) = [one for one in hooked.collector.edge.ringing.of("haengbok", NOW) if one.call_id == "rings"]
    assert over.state == "over"


def test_what_is_not_signed_rightly_leaves_nothing_at_all(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    other = Sender(hooked, "calls")
    body = json.dumps({**OWN, "call_id": "forged"}).encode()
    before = len(spooled(hooked))
    statuses = [
        sender.post(body, {})[0],
        sender.post(body, signed(other.secret, "msg_1", NOW, body))[0],
        sender.post(body, signed(sender.secret, "msg_1", NOW - timedelta(seconds=301), body))[0],
        sender.post(body + b" ", signed(sender.secret, "msg_1", NOW, body))[0],
    ]
    sender.path = "/hooks/haengbok/nobody"
    statuses.append(sender.post(body, signed(sender.secret, "msg_1", NOW, body))[0])
    sender.path = f"/hooks/other/{sender.name}"
    statuses.append(sender.post(body, signed(sender.secret, "msg_1", NOW, body))[0])
    assert statuses == [401] * 6
    assert len(spooled(hooked)) == before


def test_a_header_sent_twice_over_a_real_socket_is_refused(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    body = json.dumps({**OWN, "call_id": "twice-sent"}).encode()
    headers = signed(sender.secret, "msg_1", NOW, body)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"POST {sender.path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines])
    twice = ("Webhook-Id: msg_1", f"WEBHOOK-SIGNATURE: {headers['webhook-signature']}")
    others = [head.encode() + f"\r\n{extra}".encode() for extra in twice]
    for name in headers:  # bytes that are no text
        others.append(head.encode().replace(f"{name}: ".encode(), f"{name}: ".encode() + b"\xff"))
    for sent in others:
        with socket.create_connection(("127.0.0.1", hooked.port), 10) as raw:
            raw.sendall(sent + b"\r\nConnection: close\r\n\r\n" + body)
            assert raw.recv(64).startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))
    assert events(hooked, "call_id", "twice-sent") == []


def test_a_revoked_secret_is_none(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    assert sender.send({**OWN, "call_id": "before"})[0] == 202
    source = sender.sources.find("haengbok", sender.name)
    assert source is not None
    sender.sources.revoke(source.secrets[0].id, now=NOW)
    assert sender.send({**OWN, "call_id": "after"})[0] == 401


def test_a_signed_body_that_says_nothing_leaves_reason_and_hash_only(hooked: Door) -> None:
    sender = Sender(hooked, "crm")
    before = len(letters(hooked))
    for body in (
        b"{",
        b'"text"',
        json.dumps({"type": "secret_kind", "name": "김민지", "phone": "010-7777-8888"}).encode(),
    ):
        status, answer = sender.send(body)
        assert status == 400 and answer["rejected"]
        assert "김민지" not in json.dumps(answer, ensure_ascii=False)
    left = letters(hooked)[before:]
    assert [set(one) for one in left] == [{"door", "reason", "field", "sha256", "size", "site", "at"}] * 3
    assert b"7777" not in b"".join(record.value for record in spooled(hooked))


def test_of_a_mixed_list_the_good_are_taken_and_the_bad_are_named(hooked: Door) -> None:
    good = {
        "type": "status_changed",
        "id": "f-1",
        "lead_id": "mixed",
        "stage": "inquiry",
        "occurred_at": "2026-03-02",
    }
    status, answer = Sender(hooked, "crm").send(
        [good, {**good, "id": "f-2", "stage": None}, {**good, "id": "010-1234-5678"}]
    )
    assert status == 202 and len(answer["accepted"]) == 1
    assert [(one["index"], one["problems"][0]["field"]) for one in answer["rejected"]] == [
        (1, "stage"),
        (2, "id"),
    ]
    (event,) = events(hooked, "lead_id", "mixed")
    assert event["occurred_at"] in ("2026-03-02T14:59:59Z", "2026-03-02T23:59:59+09:00")


def test_a_fact_without_a_time_is_dated_to_when_it_was_heard_first(hooked: Door) -> None:
    sender = Sender(hooked, "crm")
    body = {"type": "payment_received", "lead_id": "timeless", "amount": 850_000}
    first = sender.send(body, message_id="msg_p")[1]["accepted"]
    assert sender.send(body, message_id="msg_p")[1]["duplicate"] == first
    assert sender.send(body, message_id="msg_q")[1]["accepted"] not in ([], first)
    assert [event["amount"] for event in events(hooked, "lead_id", "timeless")] == [850_000, 850_000]


def test_twilio_is_answered_with_an_empty_document_and_the_dial_status_counts(hooked: Door) -> None:
    sender = Sender(hooked, "twilio", given=TOKEN)
    for form in (dialled("no-answer"), completed()):
        assert sender.form(form) == (200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>')
    found = events(hooked, "call_id", completed()["CallSid"])
    assert {(event["outcome"], event["number"]) for event in found} == {("missed", TRACKING)}
    wrong = {**dialled("completed", 60), "CallSid": "CA" + "f" * 32}
    assert sender.form(wrong, "?number=%2B827012340001")[0] == 200  # the query is signed too
    sender.path += "?number=070"
    assert sender.form(wrong)[0] == 200
    assert sender.post(urlencode(wrong).encode(), {"X-Twilio-Signature": "x"})[0] == 401


def test_at_the_desk_one_of_several_phones_that_stops_ringing_ends_no_call(hooked: Door) -> None:
    sender = Sender(hooked, "twilio", given=TOKEN)
    call_id = "CA" + "d" * 32

    def state(form: dict[str, str]) -> list[str]:
        parent = {"ParentCallSid": call_id} if "ParentCallSid" in form else {"CallSid": call_id}
        assert sender.form({**form, **parent})[0] == 200
        return [
            one.state for one in hooked.collector.edge.ringing.of("haengbok", NOW) if one.call_id == call_id
        ]

    assert state(child("ringing", "03:00:01")) == ["ringing"]
    assert state(child("no-answer", "03:00:20")) == ["ringing"]
    assert state(child("in-progress", "03:00:21", SECOND)) == ["talking"]
    assert state(completed()) == ["over"]


def test_without_a_public_address_twilio_is_told_to_come_again(offline: Door) -> None:
    sender = Sender(offline, "twilio", given=TOKEN)
    assert sender.form(completed())[0] == 503


def test_callrail_asterisk_sendgrid_and_solapi_come_in_by_the_same_door(hooked: Door) -> None:
    rail = Sender(hooked, "callrail", given=TOKEN)
    body = json.dumps({**POST_CALL, "resource_id": "CALrail"}).encode()
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), body, "sha1")).decode()
    assert rail.post(body, {"Signature": signature})[0] == 202
    assert events(hooked, "call_id", "CALrail")[0]["outcome"] == "answered"

    exchange = Sender(hooked, "asterisk")
    line = (
        '"","01012345678","07012345678","from-trunk","","PJSIP/t","PJSIP/201-0a","Dial","","2026-03-02 11:00:00",'
        '"2026-03-02 11:00:09","2026-03-02 11:01:00",60,51,"ANSWERED","3","1772416800.1","","","1772416800.1",1'
    )
    assert exchange.send(line.encode())[0] == 202
    assert events(hooked, "call_id", "1772416800.1")[0]["duration_seconds"] == 51

    solapi = Sender(hooked, "solapi", given=TOKEN)
    report = [{"messageId": "M4Vx", "to": "01012345678", "type": "ATA", "statusCode": "4000"}]
    headers = {
        "X-Solapi-Secret": hashlib.sha1(TOKEN.encode()).hexdigest(),
        "X-Solapi-Event-Name": "SINGLE-REPORT",
    }
    assert solapi.post(json.dumps(report).encode(), headers)[0] == 202
    assert events(hooked, "message_id", "M4Vx")[0]["action"] == "delivered"


def test_reports_without_an_id_of_their_own_are_told_apart_by_what_they_say(hooked: Door) -> None:
    sender = Sender(hooked, "solapi", given=TOKEN)
    crm = Sender(hooked, "crm")
    assert crm.send({"type": "message_tracked", "message_id": "no-id", "action": "sent"})[0] == 202
    headers = {"X-Solapi-Secret": hashlib.sha1(TOKEN.encode()).hexdigest()}
    for code in ("3000", "4000", "4000"):
        report = {"messageId": "M4Vy", "to": "01012345678", "type": "SMS", "statusCode": code}
        assert sender.post(json.dumps(report).encode(), headers)[0] == 202
    assert [event["action"] for event in events(hooked, "message_id", "M4Vy")] == ["sent", "delivered"]


def test_what_cannot_be_kept_is_sent_again_later(tmp_path: Path) -> None:
    settings = CollectorSettings(
        home=tmp_path,
        port=0,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
    )
    (tmp_path / "collector/phone.sqlite3").mkdir(parents=True)  # no file can be there
    door = Door(settings, clock=lambda: NOW)
    try:
        door.collector.edge.definitions.learn([admit_entry(number(1, pool=True), now=NOW)])
        assert Sender(door, "calls").send(OWN)[0] == 503
        key = door.browser_key("haengbok", PAGE)
        assert ask_number(door, key, {"visitor_id": "v-1"})[2]["number"] is None
    finally:
        door.stop()


def test_a_body_beyond_the_limits_is_refused_by_its_status(hooked: Door) -> None:
    sender = Sender(hooked, "crm")
    assert sender.send(b"[" + b" " * (1 << 20) + b"]")[0] == 413
    assert sender.send(b"[" * 60 + b"]" * 60)[0] == 400
    assert sender.send([{"type": "status_changed"}] * 501)[0] == 400


def test_settings_that_were_broken_by_hand_are_an_error_of_ours_and_say_nothing(hooked: Door) -> None:
    sender = Sender(hooked, "crm", events="nonsense")
    status, answer = sender.send({"type": "status_changed"})
    assert (status, answer["rejected"][0]["problems"][0]["field"]) == (500, "the source")


def test_nobody_is_named_in_any_file_of_the_home(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    sender.send({**OWN, "call_id": "canary", "from": "010-5353-9797", "caller_name": "카나리아"})
    held = b"".join(path.read_bytes() for path in hooked.home.rglob("*") if path.is_file())
    for canary in (b"53539797", b"5353-9797", "카나리아".encode(), CALLER.encode()):
        assert canary not in held


# ---- numbers -------------------------------------------------------------------------------------------------

PAGE = "https://www.haengbok.kr"


def ask_number(door: Door, key: str, body: Any, **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """The script's request."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=30)
    browser = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
    sent = {
        "Content-Type": "text/plain",
        "User-Agent": browser,
        "Accept-Language": "ko-KR",
        "Accept": "*/*",
        **headers,
    }
    try:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", f"/v1/number?key={key}", content, sent)
        response = connection.getresponse()
        return response.status, dict(response.headers), json.loads(response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def script(hooked: Door) -> str:
    """A browser key of a site with a pool of one number and a fallback."""
    defined = (number(1, pool=True), number(2, fallback=True))
    hooked.collector.edge.definitions.learn([admit_entry(one, now=NOW) for one in defined])
    return hooked.browser_key("haengbok", PAGE)


def test_a_page_is_given_a_number_and_the_door_says_that_it_is_shown(hooked: Door, script: str) -> None:
    asked = {"site": "haengbok", "visitor_id": "v-1", "url": PAGE}
    status, headers, answer = ask_number(hooked, script, asked, Origin=PAGE)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert answer == {
        "number": "+827012340001",
        "display": "070-1234-0001",
        "source": "pool",
        "shown_seconds": 1800,
        "heartbeat_seconds": 300,
    }
    (event,) = events(hooked, "visitor_id", "v-1")
    assert (event["type"], event["number"], event["site"]) == ("number_shown", "+827012340001", "haengbok")
    assert ask_number(hooked, script, asked)[2]["number"] == "+827012340001"
    assert len(events(hooked, "visitor_id", "v-1")) == 1  # asked again at once

    status, _, answer = ask_number(hooked, script, {"visitor_id": "v-2"})
    assert (answer["number"], answer["source"]) == ("+827012340002", "fallback")
    connection = http.client.HTTPConnection("127.0.0.1", hooked.port, timeout=30)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    assert 'headwater_collector_numbers_exhausted_total{pool="",site="haengbok"} 1.0' in page
    assert 'headwater_collector_numbers_given_total{site="haengbok",source="fallback"} 1.0' in page


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"visitor_id": ""}, 400),
        ({}, 400),
        ({"visitor_id": 7}, 400),
        ({"visitor_id": "v" * 129}, 400),
        ({"visitor_id": "v-3", "pool": 1}, 400),
        ({"visitor_id": "v-3", "site": "other"}, 403),
        (b"[]", 400),
        (b"{", 400),
    ],
)
def test_what_is_no_question_for_a_number_is_refused(
    hooked: Door, script: str, body: Any, status: int
) -> None:
    assert ask_number(hooked, script, body)[0] == status


def test_only_pages_and_keys_that_may_are_given_a_number(hooked: Door, script: str) -> None:
    asked = {"visitor_id": "v-4"}
    assert ask_number(hooked, script, asked, Origin="https://evil.example")[0] == 403
    assert ask_number(hooked, "hwb_" + "0" * 12 + "_" + "0" * 64, asked)[0] == 401
    narrow = hooked.ring.create(
        next(iter(hooked.ring.every_key())).kind, now=NOW, sites=["haengbok"], types=["visit_seen"]
    )[1]
    assert ask_number(hooked, narrow, asked)[0] == 403


def test_a_program_gets_no_number_that_a_person_could_have_had(hooked: Door, script: str) -> None:
    _, _, answer = ask_number(hooked, script, {"visitor_id": "bot"}, **{"User-Agent": "Googlebot/2.1"})
    assert (answer["number"], answer["source"]) == (None, "none")
    assert events(hooked, "visitor_id", "bot") == []

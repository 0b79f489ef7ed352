"""The edge over a real socket without a log: every limit from both sides, the parser, and what is told of it all."""

import asyncio
import gzip
import io
import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.event import EVENT_TYPES
from streams.collectors import limits
from streams.collectors.answers import Answer
from streams.collectors.edge import CollectorSettings, Edge
from streams.collectors.http import DOORS
from streams.collectors.json_lines import JsonLines
from streams.collectors.keys import KeyKind
from streams.collectors.limits import Rate
from streams.collectors.openapi import example_of
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Door
from tests.collectors.test_http import ask, post, raw, visit

NOWHERE = ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)


@pytest.fixture(scope="module")
def key(offline: Door) -> str:
    """A server key of every site."""
    return offline.key()


def body_of(size: int) -> bytes:
    """One event in exactly so many bytes."""
    event = json.dumps(visit()).encode()
    return event + b" " * (size - len(event))


def deep(levels: int) -> dict[str, Any]:
    """An event nested so deep, itself counted."""
    inner: Any = 1
    for _ in range(levels - 1):
        inner = [inner]
    return visit(url=inner)


def found(answer: dict[str, Any]) -> str:
    """What the first problem says was found."""
    return str(answer["rejected"][0]["problems"][0]["found"])


@pytest.mark.parametrize(("over", "status"), [(-1, 202), (0, 202), (1, 413)])
def test_a_body_has_a_mebibyte_before_and_after_inflation(
    offline: Door, key: str, over: int, status: int
) -> None:
    body = body_of(limits.BODY_BYTES + over)
    assert post(offline, body, key)[0] == status
    filled = b"".join(b"%09d\n" % n for n in range(len(body) // 10))  # no ratio beyond the limit
    lines = json.dumps(visit()).encode() + b"\n" + filled
    lines = lines[: limits.BODY_BYTES + over]
    packed = gzip.compress(lines, 1)
    assert len(packed) < limits.BODY_BYTES
    answered, answer = post(offline, packed, key, Content_Encoding="gzip")
    assert answered == 413
    assert ("events" in found(answer)) is (over <= 0)  # read whole, and then too many lines


@pytest.mark.parametrize(("count", "status"), [(499, 202), (500, 202), (501, 413)])
def test_a_batch_has_five_hundred_events(offline: Door, key: str, count: int, status: int) -> None:
    assert post(offline, [visit() for _ in range(count)], key)[0] == status


@pytest.mark.parametrize(
    ("event", "beyond"),
    [
        (deep(limits.DEPTH - 1), False),
        (deep(limits.DEPTH), False),
        (deep(limits.DEPTH + 1), True),
        ({f"f{n}": 1 for n in range(limits.FIELDS - 1)}, False),
        ({f"f{n}": 1 for n in range(limits.FIELDS)}, False),
        ({f"f{n}": 1 for n in range(limits.FIELDS + 1)}, True),
        (visit(note="x" * (limits.STRING_BYTES - 1)), False),
        (visit(note="x" * limits.STRING_BYTES), False),
        (visit(note="x" * (limits.STRING_BYTES + 1)), True),
        (visit(note="가" * (limits.STRING_BYTES // 3)), False),
        (visit(note="가" * (limits.STRING_BYTES // 3 + 1)), True),
        ({"x" * limits.FIELD_NAME_CHARACTERS: 1}, False),
        ({"x" * (limits.FIELD_NAME_CHARACTERS + 1): 1}, True),
    ],
)
def test_depth_fields_and_texts_end_where_they_are_said_to(
    offline: Door, key: str, event: dict[str, Any], beyond: bool
) -> None:
    status, answer = post(offline, event, key)
    told = [p["fix"] for p in answer["rejected"][0]["problems"]]
    of_a_limit = ("levels", "fields", "bytes", "plain characters")
    assert status == 400
    assert (
        len(told) == 1 and told[0].startswith(("at most", "field names")) and told[0].endswith(of_a_limit)
    ) is beyond


@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 431)])
def test_headers_have_sixteen_kibibytes(offline: Door, over: int, status: int) -> None:
    given = {"Host": "a", "Accept-Encoding": "identity", "X-A": "x" * 8000, "X-C": "x" * 4000}
    size = sum(len(name) + len(value) for name, value in given.items())
    given["X-B"] = "x" * (limits.HEADER_BYTES + over - size - 3)
    assert ask(offline, "GET", "/health", None, given)[0] == status


def test_bombs_leave_no_mark_on_memory(offline: Door, key: str) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9, mtime=0)
    assert len(bomb) < limits.BODY_BYTES
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    for _ in range(10):
        assert post(offline, bomb, key, Content_Encoding="gzip")[0] == 413
    assert process.memory_info().rss - before < 50 * 1024 * 1024


def test_the_ratio_ends_at_a_hundred_to_one(offline: Door, key: str) -> None:
    event = json.dumps(visit()).encode()
    assert post(offline, gzip.compress(event + b" " * 15_000, 9), key, Content_Encoding="gzip")[0] == 202
    assert post(offline, gzip.compress(event + b" " * 900_000, 9), key, Content_Encoding="gzip")[0] == 413


_POST = b"POST /v1/events HTTP/1.1\r\nHost: a\r\n"
_SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
BROKEN: dict[str, bytes] = {
    "length and chunks": _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": _POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + _SMUGGLED,
    "two lengths": _POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "two equal lengths in one": _POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a list of lengths": _POST + b"Content-Length: 5, 6\r\n\r\nhello!",
    "a negative length": _POST + b"Content-Length: -1\r\n\r\n",
    "a length with a sign": _POST + b"Content-Length: +5\r\n\r\nhello",
    "a length in hexadecimal": _POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a point": _POST + b"Content-Length: 5.0\r\n\r\nhello",
    "a length with an underscore": _POST + b"Content-Length: 1_0\r\n\r\nhellohello",
    "a length with other digits": _POST + "Content-Length: ٥\r\n\r\nhello".encode(),
    "a length without digits": _POST + b"Content-Length: \r\n\r\n",
    "a length beyond all": _POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "blank before the colon": _POST + b"Content-Length : 5\r\n\r\nhello",
    "unknown coding": _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + _SMUGGLED,
    "chunked twice": _POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two codings": _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "coding with a vertical tab": _POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "coding in quotes": _POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a folded header": _POST + b"X: a\r\n b\r\n\r\n",
    "a folded first header": b"POST /v1/events HTTP/1.1\r\n Host: a\r\n\r\n",
    "a folded coding": _POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"POST /v1/events HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
    "a bare line feed": _POST + b"X: a\nContent-Length: 5\r\n\r\nhello",
    "a bare carriage return": _POST + b"X: a\rContent-Length: 5\r\n\r\nhello",
    "a zero byte in a value": _POST + b"X: a\x00b\r\n\r\n",
    "a zero byte in a name": _POST + b"X\x00: a\r\n\r\n",
    "a name without a colon": _POST + b"Content-Length\r\n\r\n",
    "an empty name": _POST + b": a\r\n\r\n",
    "a name in brackets": _POST + b"X(a): b\r\n\r\n",
    "no such version": b"POST /v1/events HTTP/9.9\r\nHost: a\r\n\r\n",
    "no version": b"POST /v1/events\r\nHost: a\r\n\r\n",
    "version 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two blanks": b"POST  /v1/events HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab": b"POST\t/v1/events\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a method with a slash": b"PO/ST /v1/events HTTP/1.1\r\nHost: a\r\n\r\n",
    "greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "many headers": b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n",
    "a chunk without a size": _POST + b"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
    "a negative chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a chunk beyond all": _POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\nhello\r\n",
    "a chunk that is too long": _POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_request_that_two_parsers_may_read_differently_is_refused_and_the_connection_ends(
    offline: Door, key: str, name: str
) -> None:
    request = BROKEN[name].replace(b"Host: a\r\n", f"Host: a\r\nAuthorization: Bearer {key}\r\n".encode(), 1)
    answer = raw(offline, request)
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer[:80]
    assert answer.count(b"Server: headwater") <= 1, "what was smuggled was answered"
    assert b"headwater_collector_requests" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//evil.example/",
        "/v1/events/..",
        "/.git/config",
        "/v1/events%00",
        "/desk/../../keys.json",
    ],
)
def test_no_path_leads_out(offline: Door, path: str) -> None:
    for method in ("GET", "POST"):
        answer = raw(
            offline,
            f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode(),
        )
        assert answer.split(b" ")[1] in (b"401", b"403", b"404", b"405", b"400"), answer[:80]
        assert b"root:" not in answer


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "HEAD", "GET", "X"])
def test_only_a_post_records(offline: Door, key: str, method: str) -> None:
    headers = (
        f"Host: a\r\nAuthorization: Bearer {key}\r\nX-HTTP-Method-Override: POST\r\nConnection: close\r\n"
    )
    body = json.dumps(visit()).encode()
    answer = raw(
        offline,
        f"{method} /v1/events HTTP/1.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body,
    )
    assert answer.split(b" ")[1] in (b"405", b"400", b"404"), answer[:80]


def test_whoever_forges_where_it_comes_from_is_counted_all_the_same(tmp_path: Path) -> None:
    settings = CollectorSettings(
        home=tmp_path,
        port=0,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
        requests_a_network=Rate(per_second=0.001, burst=20),
    )
    door = Door(settings, clock=lambda: NOW)
    try:
        forged = [{"X-Forwarded-For": f"10.{n}.0.1"} for n in range(25)]
        forged += [{"Forwarded": f"for=10.{n}.0.2"} for n in range(25)]
        statuses = [ask(door, "GET", "/health", None, headers)[0] for headers in forged]
        assert statuses == [200] * 20 + [429] * 30
    finally:
        door.stop()


def test_one_key_over_its_rate_is_told_so_and_no_other_key_is(tmp_path: Path) -> None:
    settings = CollectorSettings(
        home=tmp_path,
        port=0,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
        events_a_server_key=Rate(per_second=0.001, burst=50),
    )
    door = Door(settings, clock=lambda: NOW)
    try:
        loud, quiet = door.key(), door.key()
        for count, status in ((49, 202), (1, 202), (1, 429)):
            assert post(door, [visit() for _ in range(count)], loud)[0] == status
        assert post(door, visit(), quiet)[0] == 202
    finally:
        door.stop()


def test_too_much_at_once_is_refused_at_once_and_what_was_taken_is_safe(offline: Door, key: str) -> None:
    lots = [json.dumps([visit() for _ in range(limits.EVENTS)]).encode() for _ in range(16)]
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    together = threading.Barrier(len(lots))
    before = spooled(offline)

    def post_one(lot: bytes) -> tuple[int, dict[str, str], bytes]:
        together.wait(30)
        return ask(offline, "POST", "/v1/events", lot, sent)

    with ThreadPoolExecutor(len(lots)) as pool:
        answers = list(pool.map(post_one, lots))
    taken = [json.loads(told)["accepted"] for status, _, told in answers if status == 202]
    refused = [headers for status, headers, _ in answers if status == 503]
    assert len(taken) + len(refused) == len(lots)
    assert taken and refused and all(int(headers["Retry-After"]) >= 1 for headers in refused)
    assert spooled(offline) == before + sum(map(len, taken))
    assert post(offline, visit(), key)[0] == 202


def test_what_keys_send_never_keeps_a_telephone_or_a_desk_out(tmp_path: Path) -> None:
    """The key in a page is public, and few telephone systems send a webhook twice."""

    async def at_once() -> None:
        settings = CollectorSettings(tmp_path, producer=NOWHERE, spool=SpoolSettings(free_share=0.0))
        edge = Edge(settings, clock=lambda: NOW)
        await edge.start()
        loud = [replace(edge.door_key("", "clinic"), id=f"key-{number}") for number in range(4)]
        lots = [asyncio.create_task(edge.take([visit() for _ in range(500)], key=one)) for one in loud]
        while not edge.overloaded:
            assert not lots[0].done()
            await asyncio.sleep(0)
        with pytest.raises(Answer):
            edge.require_ready(loud[0])
        edge.require_ready()
        await asyncio.gather(*lots)
        await edge.stop()

    asyncio.run(at_once())


def spooled(door: Door) -> int:
    """Records in a collector's spool."""
    (line,) = lines_of(ask(door, "GET", "/metrics")[2], "headwater_collector_spool_records")
    return int(float(line.split()[1]))


def test_unknown_revoked_and_foreign_keys_store_nothing(offline: Door) -> None:
    edge = offline.collector.edge
    revoked, text = offline.ring.create(KeyKind.SERVER, now=NOW, sites=["clinic"])
    offline.ring.revoke(revoked.id, now=NOW)
    other = offline.key("other")
    person = offline.ring.create(KeyKind.PERSON, now=NOW, sites=["clinic"], role="owner")[1]
    before = edge.counts.page()
    near = other[:-1] + ("1" if other.endswith("0") else "0")
    for presented in (text, person, near, "hws_" + "0" * 12 + "_" + "0" * 64):
        assert post(offline, visit(), presented)[0] == 401
    assert lines_of(before, "headwater_collector_events_total") == lines_of(
        edge.counts.page(), "headwater_collector_events_total"
    )
    assert post(offline, visit(), other)[0] == 403


def lines_of(page: bytes, name: str) -> list[bytes]:
    """The lines of one metric."""
    return [line for line in page.splitlines() if line.startswith(name.encode())]


def test_metrics_are_what_prometheus_reads_and_name_nobody(offline: Door, key: str) -> None:
    assert post(offline, visit(phone="010-7654-4321"), key)[0] == 202
    status, headers, page = ask(offline, "GET", "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = {family.name: family for family in text_string_to_metric_families(page.decode())}
    for name in (
        "requests", "events", "request_seconds", "spool_records", "spool_bytes", "spool_oldest_seconds", "spool_open",
        "log_up", "in_flight_records", "in_flight_bytes", "scans_unrecorded",
    ):  # fmt: skip
        assert f"headwater_collector_{name}" in families, name
    outcomes = {sample.labels.get("outcome") for sample in families["headwater_collector_events"].samples}
    assert {"accepted", "duplicate", "rejected", "spooled", "unacknowledged"} <= outcomes
    ask(offline, "GET", "/unknown/010-7654-4321")
    page = ask(offline, "GET", "/metrics")[2]
    assert b"4321" not in page and b"127.0.0.1" not in page and key.split("_")[1].encode() not in page


def test_unrecorded_scans_are_counted_for_good(tmp_path: Path) -> None:
    settings = CollectorSettings(home=tmp_path, port=0, producer=ProducerSettings(brokers="127.0.0.1:9"))
    for total in (2, 4):
        door = Door(settings, clock=lambda: NOW)
        for _ in range(2):
            door.collector.edge.scan_unrecorded("clinic", "FLYER-01")
        page = ask(door, "GET", "/metrics")[2].decode()
        door.stop()
        assert (
            f'headwater_collector_scans_unrecorded_total{{code="FLYER-01",site="clinic"}} {total}.0' in page
        )


@pytest.mark.parametrize(
    "hostile", ["a\r\nb", "\x1b[31mred", "a\x00b", "\u2028", '"},{"level":"x', "%s%n", "가"]
)
def test_a_log_line_is_one_json_object_whatever_it_says(hostile: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("doors")
    log.addHandler(handler)
    try:
        raise ValueError("010-1234-5678")
    except ValueError:
        log.exception("failed: %s", hostile)
    finally:
        log.removeHandler(handler)
    written = stream.getvalue()
    assert written.count("\n") == 1 and "\x1b" not in written and "\r" not in written
    line = json.loads(written)
    assert (line["level"], line["part"], line["message"]) == ("error", "doors", f"failed: {hostile}")
    assert line["error"].startswith("ValueError at test_edge.py:")
    assert "1234" not in written


def test_every_example_of_the_document_is_taken_as_it_stands(offline: Door, key: str) -> None:
    for event_type in EVENT_TYPES:
        event = example_of(event_type) | {"occurred_at": "2026-03-02T11:00:00+09:00"}
        status, answer = post(offline, event, key)
        assert status == 202, (event_type, answer)


def test_the_document_names_every_route_and_no_other(offline: Door) -> None:
    document = json.loads(ask(offline, "GET", "/openapi.json")[2])
    app = offline.collector.app
    assert app is not None
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method not in ("HEAD", "OPTIONS")
    }
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert described == routes
    for door in DOORS:
        for path, methods in getattr(door, "OPENAPI", {}).items():
            for method, operation in methods.items():
                assert operation["summary"] and operation["responses"], (path, method)


def references(value: Any, found_in: Callable[[str], None]) -> None:
    """Every $ref below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            found_in(value["$ref"])
        for inner in value.values():
            references(inner, found_in)
    elif isinstance(value, list):
        for inner in value:
            references(inner, found_in)


def test_every_reference_of_the_document_leads_somewhere(offline: Door) -> None:
    document = json.loads(ask(offline, "GET", "/openapi.json")[2])
    named: list[str] = []
    references(document, named.append)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert named and set(named) <= known


def test_the_answer_to_everybody_has_the_headers_that_protect(offline: Door) -> None:
    for path in ("/health", "/ready", "/metrics", "/openapi.json", "/v1/events", "/nowhere"):
        headers = ask(offline, "GET", path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "headwater"
    with socket.create_connection(("127.0.0.1", offline.port), 5) as connection:
        connection.sendall(b"NONSENSE 010-1234-5678\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.") and b"Server: headwater" in answer
    assert b"1234" not in answer and b"Python" not in answer

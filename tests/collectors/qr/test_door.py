"""`/q/{code}` over a real socket: recorded, then sent on; one answer for every code that leads nowhere."""

import asyncio
import random
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from schemas.catalog import CatalogEntry, QrCodeEntry
from streams.collectors.definitions import Definitions
from streams.collectors.edge import CollectorSettings
from streams.collectors.entries import admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import ProducerSettings, appending
from streams.collectors.qr.codes import ALPHABET, new_code, new_digits
from streams.collectors.qr.door import lookup
from streams.collectors.qr.making import changed_body, code_body, referral_code_body
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Broker, Door, until
from tests.collectors.test_http import ask

NOWHERE = ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
TODAY = date(2026, 3, 2)
CODE = "7kgmw3xd9hpn"
TO = "https://www.example.kr/봄?NaPm=ct%3dx%7cci#top"
SITE = {"kind": "site", "site": "clinic", "id": "clinic", "hosts": ["www.example.kr"]}
_networks = (f"198.51.100.{number}" for number in range(1, 255))


def started(home: Path, producer: ProducerSettings, spool: SpoolSettings) -> Door:
    """A collector behind a proxy, so that each test comes from a network of its own."""
    settings = CollectorSettings(
        home=home, port=0, producer=producer, spool=spool, trusted_proxies=frozenset({"127.0.0.1"})
    )
    return Door(settings, clock=lambda: NOW)


def define(door: Door, *bodies: dict[str, Any]) -> None:
    """What the log would have told it."""
    edge = door.collector.edge
    edge.definitions.learn(admit_entries(bodies, edge.pseudonyms, now=NOW))


def flyer(code: str = CODE, to: str = TO, **fields: Any) -> dict[str, Any]:
    """A code of a flyer."""
    stands_for = {"channel": "flyer", "campaign": "봄", "placement": "정자동 상가", "branch": "bundang"}
    return {**code_body("clinic", code, day=TODAY, stands_for=stands_for, destination=to), **fields}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector whose log is away for good, with one code; it waits for the disk however slow the machine is."""
    patient = pytest.MonkeyPatch()
    patient.setattr("streams.collectors.qr.door.PATIENCE_SECONDS", 30.0)
    running = started(tmp_path_factory.mktemp("home"), NOWHERE, SpoolSettings(free_share=0.0))
    define(running, SITE, flyer())
    yield running
    running.stop()
    patient.undo()


@pytest.fixture
def network() -> str:
    """A network that has asked for nothing yet."""
    return next(_networks)


def scan(
    door: Door, path: str, network: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One reading of a code by a telephone, unless the headers say otherwise."""
    sent = {
        "User-Agent": PHONE,
        "X-Forwarded-For": network,
        **{n.replace("_", "-"): v for n, v in headers.items()},
    }
    return ask(door, method, path, headers=sent)


def recorded(door: Door) -> list[dict[str, Any]]:
    """Every scan on disk: in the spool, for the log is away."""
    held = b"".join(
        path.read_bytes() for path in sorted((door.home / "collector").rglob("*")) if path.is_file()
    )
    found = []
    for piece in held.split(b'{"type":"qr_scanned"')[1:]:
        text = b'{"type":"qr_scanned"' + piece
        end = text.index(b"}", text.index(b'"received_at"')) + 1
        while True:
            try:
                found.append(orjson.loads(text[:end]))
                break
            except orjson.JSONDecodeError:
                end = text.index(b"}", end) + 1
    return found


def test_a_scan_is_on_disk_before_the_phone_is_sent_on(door: Door, network: str) -> None:
    status, headers, body = scan(door, f"/q/{CODE}", network)
    assert (status, body, headers["Cache-Control"]) == (302, b"", "no-store")
    led = urlsplit(headers["Location"])
    assert (led.scheme, led.netloc, led.path, led.fragment) == (
        "https",
        "www.example.kr",
        "/%EB%B4%84",
        "top",
    )
    assert led.query.startswith("NaPm=ct%3dx%7cci&utm_source=flyer&utm_medium=qr&")
    said = {name: value for name, (value,) in parse_qs(led.query).items()}
    assert (said["utm_campaign"], said["utm_content"]) == ("봄", "정자동 상가")
    (event,) = [one for one in recorded(door) if one["scan_id"] == said["hw_scan"]]
    assert (event["site"], event["code"], event["branch"]) == ("clinic", CODE, "bundang")
    assert event["occurred_at"].startswith("2026-03-02T03:00:00") and "bot" not in event
    assert not {"visitor_id", "session_id", "phone"} & set(event)


def test_every_scan_has_an_id_of_its_own_and_capitals_are_read(door: Door, network: str) -> None:
    paths = [f"/q/{CODE}", f"/q/{CODE}", f"/q/{CODE.upper()}"]
    locations = [scan(door, path, network)[1]["Location"] for path in paths]
    assert len({parse_qs(urlsplit(one).query)["hw_scan"][0] for one in locations}) == 3


def test_what_reads_ahead_is_marked_and_sent_on(door: Door, network: str) -> None:
    asked: list[dict[str, str]] = [
        {"method": "HEAD"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"User_Agent": "kakaotalk-scrap/1.0; +https://devtalk.kakao.com/"},
    ]
    reasons = []
    for one in asked:
        status, headers, _ = scan(door, f"/q/{CODE}", network, **one)
        assert status == 302
        scan_id = parse_qs(urlsplit(headers["Location"]).query)["hw_scan"][0]
        (event,) = [each for each in recorded(door) if each["scan_id"] == scan_id]
        reasons.append(event["bot"]["reason"])
    assert reasons == ["head", "prefetch", "link_preview"]


def test_a_code_leads_elsewhere_without_being_printed_again(door: Door, network: str) -> None:
    code = new_code()
    define(door, flyer(code))
    assert "/%EB%B4%84?" in scan(door, f"/q/{code}", network)[1]["Location"]
    entry = door.collector.edge.definitions.entry("clinic", "qr_code", code)
    assert isinstance(entry, QrCodeEntry)
    define(door, changed_body(entry, now=NOW, day=TODAY, destination="https://www.example.kr/summer"))
    assert scan(door, f"/q/{code}", network)[1]["Location"].startswith("https://www.example.kr/summer?")


def test_the_query_decides_nothing(door: Door, network: str) -> None:
    for query in (
        "url=https://evil.example",
        "to=//evil.example",
        "next=https:evil.example&hw_scan=old",
        "%0d%0aX:1",
    ):
        status, headers, _ = scan(door, f"/q/{CODE}?{query}", network)
        led = urlsplit(headers["Location"])
        assert (status, led.hostname, "evil" in led.query, "old" in led.query) == (
            302,
            "www.example.kr",
            False,
            False,
        )


def test_unknown_expired_disabled_misdirected_and_six_digits_are_one_answer(door: Door, network: str) -> None:
    off, past, astray, empty, digits = new_code(), new_code(), new_code(), new_code(), new_digits()
    define(
        door,
        flyer(off, disabled=True),
        flyer(past, expires_on=str(TODAY - timedelta(days=1))),
        flyer(astray, to="https://evil.example/"),
        flyer(empty, destination=None),
        referral_code_body("clinic", digits, "L-1", day=TODAY),
        {**flyer("elsewhere"), "site": "without-hosts"},
    )
    codes = [
        new_code(),
        off,
        past,
        astray,
        empty,
        digits,
        "elsewhere",
        "x" * 200,
        "%2e%2e%2f",
        "a%20b",
        "-",
        "nobodys",
    ]
    answers = set()
    for code in codes:
        status, headers, body = scan(door, f"/q/{code}", network)
        headers.pop("Date")
        answers.add((status, tuple(sorted(headers.items())), body))
    ((status, told, body),) = answers
    assert status == 404 and "Location" not in dict(told)
    assert "사용할 수 없는 코드" in body.decode() and "leads nowhere" in body.decode()
    assert not [one for one in recorded(door) if one["code"] in codes]


def test_a_code_still_leads_on_its_last_day(door: Door, network: str) -> None:
    code = new_code()
    define(door, flyer(code, expires_on=str(TODAY)))
    assert scan(door, f"/q/{code}", network)[0] == 302


def test_twenty_misses_and_a_network_waits_whatever_it_asks_for(door: Door, network: str) -> None:
    assert [scan(door, f"/q/{new_code()}", network)[0] for _ in range(20)] == [404] * 20
    status, headers, _ = scan(door, f"/q/{CODE}", network)
    assert (status, int(headers["Retry-After"]) >= 1) == (429, True)
    assert scan(door, f"/q/{CODE}", next(_networks))[0] == 302
    assert ask(door, "GET", "/health")[0] == 200


def test_a_hundred_thousand_guesses_find_none_of_ten_thousand_codes(tmp_path: Path) -> None:
    definitions = Definitions(tmp_path)
    definitions.learn(admit_entries([SITE], Pseudonyms(tmp_path), now=NOW))
    codes = {new_code() for _ in range(10_000)}
    definitions.learn(
        [
            QrCodeEntry(site="clinic", id=code, defined_at=NOW, destination="https://www.example.kr/")
            for code in codes
        ]
    )
    luck = random.Random(7)
    near = luck.sample(sorted(codes), 1_000)
    guesses = ["".join(luck.choices(ALPHABET, k=12)) for _ in range(60_000)]
    guesses += [new_code(pick=luck.choice) for _ in range(20_000)]  # with the right check character
    guesses += [f"{number:06}" for number in range(10_000)]
    guesses += [code[:place] + luck.choice("2345abcd") for code in near for place in range(1, 11)]
    assert len(guesses) == 100_000
    assert not [code for code in guesses if lookup(definitions, code, NOW) is not None]
    assert lookup(definitions, near[0], NOW) is not None


INJECTED = [
    f"{code}{end}"
    for code in (CODE, "none")
    for end in ("%0d%0aX-Evil:%201", "%0aX-Evil:1", "%0dX-Evil:1", "%250d%250aX-Evil:1", "%00", "%E5%98%8A%E5%98%8DX-Evil:1",
                "%c4%8d%c4%8aX-Evil:1", "?a=%0d%0aX-Evil:1", "?%0d%0aX-Evil:1", "%23%0d%0aX-Evil:1", "%2f%0d%0aX-Evil:1",
                ";%0d%0aX-Evil:1", "%09X-Evil:1", "%0b%0aX-Evil:1", "%3f%0d%0aX-Evil:1", "//evil.example", "%5c%0d%0aX-Evil:1",
                "/..%0d%0aX-Evil:1", "?hw_scan=%0d%0aX-Evil:1", "&%0d%0aX-Evil:1")
]  # fmt: skip


def test_no_path_puts_a_header_into_the_answer(door: Door) -> None:
    assert len(INJECTED) >= 40
    for path in INJECTED:
        with socket.create_connection(("127.0.0.1", door.port), 10) as raw:
            raw.sendall(
                f"GET /q/{path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {random.Random(path).randint(1, 255)}.9.9.9\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: raw.recv(65_536), b""))
        head = answer.partition(b"\r\n\r\n")[0].lower()
        names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
        assert b"x-evil" not in names and head.count(b"location:") <= 1
        assert b"evil.example" not in head


def test_no_definition_puts_a_header_into_the_answer(door: Door, network: str) -> None:
    for number, text in enumerate(
        ("a b", "a&b=c#d", "é%0d%0a", "한글", "'\"<>", "%", "+", "//evil.example", "\u2028")
    ):
        code = f"words-{number}"
        assignment = {"id": "1", "channel": "flyer", "campaign": text, "placement": text, "keyword": text}
        define(door, flyer(code, to="https://www.example.kr/", assignments=[assignment]))
        led = urlsplit(scan(door, f"/q/{code}", network)[1]["Location"])
        assert led.hostname == "www.example.kr"
        assert parse_qs(led.query)["utm_campaign"] == [text]


def test_with_nowhere_to_record_the_phone_is_sent_on_and_the_loss_is_counted_for_good(tmp_path: Path) -> None:
    full = SpoolSettings(free_share=1.0)
    door = started(tmp_path, NOWHERE, full)
    define(door, SITE, flyer())
    counted = f'headwater_collector_scans_unrecorded_total{{code="{CODE}",site="clinic"}} 3.0'
    try:
        assert [scan(door, f"/q/{CODE}", "203.0.113.9")[0] for _ in range(3)] == [302] * 3
        until(lambda: counted in ask(door, "GET", "/metrics")[2].decode())
    finally:
        door.stop()
    again = started(tmp_path, NOWHERE, full)
    try:
        assert counted in ask(again, "GET", "/metrics")[2].decode()
    finally:
        again.stop()


def test_codes_resolve_after_a_restart_without_the_log(tmp_path: Path) -> None:
    first = started(tmp_path, NOWHERE, SpoolSettings(free_share=0.0))
    define(first, SITE, flyer())
    first.stop()
    second = started(tmp_path, NOWHERE, SpoolSettings(free_share=0.0))
    try:
        assert scan(second, f"/q/{CODE}", "203.0.113.9")[0] == 302
    finally:
        second.stop()


async def appended(producer: ProducerSettings, entries: list[CatalogEntry]) -> None:
    """Definitions into the log."""
    async with appending(producer) as log:
        await log.append_entries(entries)


@pytest.mark.stack
def test_scans_go_on_while_the_broker_hangs_and_come_into_the_log_once(
    broker: Broker, tmp_path: Path
) -> None:
    producer = ProducerSettings(brokers=broker.settings.bootstrap, delivery_seconds=5.0)
    door = started(tmp_path, producer, SpoolSettings(free_share=0.0))
    site = "clinic-hangs"
    ids: list[str] = []

    def scanned(count: int) -> None:
        for _ in range(count):
            status, headers, _ = scan(door, "/q/hangs", "203.0.113.9")
            assert status == 302
            ids.append(parse_qs(urlsplit(headers["Location"]).query)["hw_scan"][0])

    def arrived() -> list[str]:
        return [one["scan_id"] for one in broker.values("headwater.events") if one["site"] == site]

    bodies = [{**SITE, "site": site, "id": site}, {**flyer("hangs"), "site": site}]
    definitions = door.collector.edge.definitions
    try:
        asyncio.run(appended(producer, admit_entries(bodies, door.collector.edge.pseudonyms, now=NOW)))
        until(lambda: definitions.code("hangs") is not None and site in definitions.sites())
        scanned(5)
        broker.freeze()
        try:
            scanned(50)
        finally:
            broker.thaw()
        scanned(5)
        until(lambda: set(arrived()) == set(ids))
        assert list(dict.fromkeys(arrived())) == ids
    finally:
        door.stop()

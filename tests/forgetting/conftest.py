"""One whole stack for the tests of forgetting, and the canaries that were planted through its doors."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from infra.local import processes, stack
from infra.settings import Settings
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.privacy import Pseudonyms
from streams.collectors.signatures import Webhooks, key_of
from tests.command import headwater
from tests.forgetting.canaries import Canary, made
from tests.infra.conftest import home_at

SITE = "center"
ORIGIN = "https://center.example"
PEOPLE = 100  # a tenth of the 1,000 that are promised: twice as many canaries, a phone and an address each
DAY = "2026-03-02"


class Planted(NamedTuple):
    """A stack with canaries in it: their settings, all canaries, and those who came through the front door."""

    settings: Settings
    canaries: list[Canary]
    known: list[int]


@pytest.fixture(scope="package")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A tenth of the canaries through every door, a key rotated in between, all of it written."""
    settings = home_at(tmp_path_factory.mktemp("forgetting"), workers=1)
    try:
        stack.up(settings, print)
        canaries = made(PEOPLE, seed=1)
        lots = [range(start, PEOPLE, 5) for start in range(5)]
        half = len(lots[0]) // 2
        through_events(settings, canaries, lots[0][:half])
        Pseudonyms(settings.home).rotate()
        through_events(settings, canaries, lots[0][half // 2 :])
        through_a_browser(settings, canaries, lots[1])
        through_files(settings, canaries, lots[2])
        through_webhooks(settings, canaries, lots[3])
        refused(settings, canaries, lots[4])
        done(headwater(settings, "wait"))
        yield Planted(settings, canaries, list(lots[0]))
    finally:
        stack.down(settings, print)
        for process in processes.marked(settings.home):
            processes.stop(process, 20)


def done(ended: Any) -> str:
    """A command that has to have worked -> what it said."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return str(ended.stdout)


def post(settings: Settings, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """One request to the collector -> its status and answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", settings.collector_port, timeout=20)
    try:
        connection.request("POST", path, body=body, headers=named)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def emitted(settings: Settings, events: Sequence[dict[str, Any]]) -> None:
    """Events through the front door with a server's key; every one of them is accepted."""
    _, key = KeyRing(settings.home).create(KeyKind.SERVER, now=datetime.now(UTC), sites=[SITE])
    status, answer = sent(settings, events, key)
    assert status == 202 and not answer["rejected"], answer


def sent(settings: Settings, events: Sequence[dict[str, Any]], key: str, **headers: str) -> tuple[int, Any]:
    """Events through the front door -> the answer."""
    body = "\n".join(json.dumps(event) for event in events).encode()
    given = {"Authorization": f"Bearer {key}", "Content_Type": "application/x-ndjson", **headers}
    return post(settings, "/v1/events", body, **given)


def happened(type: str, name: str, time: str, **fields: Any) -> dict[str, Any]:
    """An event of the day."""
    occurred_at = f"{DAY}T{time}+09:00"
    return {"event_id": f"{type}-{name}", "type": type, "site": SITE, "occurred_at": occurred_at, **fields}


def through_events(settings: Settings, canaries: list[Canary], lot: Sequence[int]) -> None:
    """A whole journey each, the phone written in three ways."""
    events = []
    for number in lot:
        one = canaries[number]
        who = {"visitor_id": f"visitor-of-{number}"}
        url = "https://center.example/?utm_source=naver&utm_medium=cpc&utm_campaign=spring"
        events += [
            happened("visit_seen", str(number), "09:00:00", **who, url=url),
            happened("person_identified", str(number), "09:10:00", **who, phone=one.typed, email=one.email.upper()),
            happened(
                "call_ended", str(number), "10:00:00", call_id=f"call-of-{number}", number="02-555-1234",
                outcome="answered", duration_seconds=60, phone=one.digits,
            ),
            happened("status_changed", str(number), "11:00:00", lead_id=f"lead-of-{number}", phone=one.e164, stage="registration"),
            happened("payment_received", str(number), "12:00:00", lead_id=f"lead-of-{number}", amount=850_000 + number),
            happened("message_tracked", str(number), "13:00:00", message_id=f"m{number}", action="clicked", medium="email", email=one.email),
            happened("experiment_assigned", str(number), "13:30:00", **who, experiment="page", variant="a"),
            happened("invitation_sent", str(number), "14:00:00", lead_id=f"lead-of-{number}", referrer_phone=one.typed),
        ]  # fmt: skip
    emitted(settings, events)


def through_a_browser(settings: Settings, canaries: list[Canary], lot: Sequence[int]) -> None:
    """What a form claims, with a public key."""
    _, key = KeyRing(settings.home).create(
        KeyKind.BROWSER, now=datetime.now(UTC), sites=[SITE], origins=[ORIGIN]
    )
    for number in lot:
        one = canaries[number]
        claim = happened(
            "visit_seen", f"b{number}", "09:00:00", visitor_id=f"visitor-of-{number}",
            url=f"https://center.example/form?tel={one.digits}&mail={one.email}#{one.typed}",
            referrer=f"https://someone:{one.digits}@other.example/?q={one.email}", phone=one.typed, email=one.email,
        )  # fmt: skip
        status, answer = sent(settings, [claim], key, Origin=ORIGIN)
        assert status == 202 and not answer["rejected"], answer


def through_files(settings: Settings, canaries: list[Canary], lot: Sequence[int]) -> None:
    """Leads and calls as their programs export them; the files themselves are deleted."""
    leads = ["lead id\tphone\tstage\tstatus date\tservice\tname"]
    calls = ["발신번호,착신번호,통화일시,통화시간,대기시간,결과,이름,메모"]
    for number in lot:
        one = canaries[number]
        leads.append(f"file-{number}\t{one.typed}\tinquiry\t{DAY}\tspeech\t김지우")
        calls.append(f"{one.typed},0507-1234-5678,{DAY} 11:00:00,1:25,12,정상,김지우,상담")
    for kind, name, lines in (("leads", "leads.tsv", leads), ("calls", "cdr.csv", calls)):
        file = settings.home.parent / name
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done(headwater(settings, "import", kind, file, "--site", SITE, "--yes"))
        file.unlink()


def through_webhooks(settings: Settings, canaries: list[Canary], lot: Sequence[int]) -> None:
    """Calls as a telephone system posts them."""
    _, _, secret = Webhooks(settings.home).create(SITE, "pbx", "calls", now=datetime.now(UTC))
    for number in lot:
        said = {
            "call_id": f"hook-{number}", "status": "completed", "from": canaries[number].typed, "to": "070-4123-4567",
            "started_at": f"{DAY}T10:00:00+09:00", "ended_at": f"{DAY}T10:01:00+09:00", "talk_seconds": 50,
        }  # fmt: skip
        body = json.dumps(said).encode()
        at = str(int(time.time()))
        signed = hmac.digest(key_of(secret), f"msg-{number}.{at}.".encode() + body, hashlib.sha256)
        status, answer = post(
            settings, f"/hooks/{SITE}/pbx", body, webhook_id=f"msg-{number}", webhook_timestamp=at,
            webhook_signature="v1," + base64.b64encode(signed).decode(), Content_Type="application/json",
        )  # fmt: skip
        assert status < 300, answer


def refused(settings: Settings, canaries: list[Canary], lot: Sequence[int]) -> None:
    """What no door takes: it leaves a reason and a hash behind, and nothing that was said."""
    _, key = KeyRing(settings.home).create(KeyKind.SERVER, now=datetime.now(UTC), sites=[SITE])
    for number in lot:
        one = canaries[number]
        wrong = [
            happened("visit_seen", f"r1{number}", "09:00:00", visitor_id=one.digits, url="https://center.example/"),
            happened("visit_seen", f"r2{number}", "09:00:00", url="https://center.example/", note=f"{one.typed} {one.email}"),
            happened("visit_seen", f"r3{number}", "09:00:00", url="https://center.example/", **{one.email: one.digits}),
            happened("status_changed", f"r4{number}", "09:00:00", lead_id=one.email, stage="inquiry"),
            happened("status_changed", f"r5{number}", "09:00:00", stage="inquiry", phone=one.typed + "0000"),
        ]  # fmt: skip
        status, answer = sent(settings, wrong, key)
        assert status < 500 and len(answer["rejected"]) == len(wrong), answer
        assert (
            post(
                settings, "/v1/events", f'{{"phone": "{one.typed}", '.encode(), Authorization=f"Bearer {key}"
            )[0]
            < 500
        )
        assert post(settings, f"/hooks/{SITE}/nobody?phone={one.digits}", one.email.encode())[0] in (
            401,
            403,
            404,
        )

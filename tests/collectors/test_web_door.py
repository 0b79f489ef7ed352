"""What the door does for websites: the script, one browser a request, forms, and programs that are marked."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.collectors.admission import Admitted, Refusal, admit, own_browser
from streams.collectors.bots import Bot
from streams.collectors.edge import CollectorSettings
from streams.collectors.importers.columns import KINDS
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Door
from tests.collectors.test_http import ask, post, visit

SCRIPT = Path(__file__).parents[2] / "streams/collectors/web/hw.js"


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector whose log is away: what needs no log works all the same."""
    producer = ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)
    home = tmp_path_factory.mktemp("web")
    settings = CollectorSettings(home, port=0, producer=producer, spool=SpoolSettings(free_share=0.0))
    door = Door(settings, clock=lambda: NOW)
    yield door
    door.stop()


class Judge:
    """The door's judgement of one event after the other, without a door."""

    def __init__(self, home: Path) -> None:
        """A home with its secrets."""
        self.ring, self.pseudonyms = KeyRing(home), Pseudonyms(home)

    def __call__(
        self,
        event: dict[str, Any],
        kind: KeyKind = KeyKind.BROWSER,
        bot: Bot | None = None,
        types: Sequence[str] = (),
    ) -> Admitted | Refusal:
        """An event as the first of a request of a key of that kind and scope."""
        key, _ = self.ring.create(kind, now=NOW, sites=["clinic"], types=types)
        who = own_browser(event)
        return admit(0, event, key=key, pseudonyms=self.pseudonyms, now=NOW, visitor_id=who, bot=bot)


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """A judge of a home of its own."""
    return Judge(tmp_path)


def fields(refused: Admitted | Refusal) -> list[str]:
    """The fields that stand in the way."""
    assert isinstance(refused, Refusal)
    return [problem.field for problem in refused.problems]


def said(admitted: Admitted | Refusal) -> dict[str, Any]:
    """What goes into the log."""
    assert isinstance(admitted, Admitted), admitted
    body: dict[str, Any] = orjson.loads(admitted.value)
    return body


def test_the_script_is_for_every_page_and_asked_for_by_its_tag(offline: Door) -> None:
    status, headers, content = ask(offline, "GET", "/hw.js")
    assert (status, content) == (200, SCRIPT.read_bytes())
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=600"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, again, nothing = ask(offline, "GET", "/hw.js", None, {"If-None-Match": headers["ETag"]})
    assert (status, nothing, again["ETag"]) == (304, b"", headers["ETag"])
    assert ask(offline, "GET", "/hw.js", None, {"If-None-Match": '"another"'})[0] == 200


def test_the_script_loads_nothing_and_names_no_third_party() -> None:
    text = SCRIPT.read_text("utf-8")
    assert not re.search(
        r"\bimport\b|createElement|eval\(|new Function|innerHTML|document\.write|cookie", text
    )
    addresses = re.findall(r"""["'`]https?://[^"'`]*""", text)
    assert addresses == []
    assert text.count("fetch(") == 1 and text.count("sendBeacon(") == 1
    assert len(text) < 24_000


def test_a_session_alone_may_speak_before_consent(judge: Judge) -> None:
    assert said(judge(visit(visitor_id=None, session_id="s1")))["session_id"] == "s1"
    assert fields(judge(visit(visitor_id=None))) == ["visitor_id"]
    assert fields(judge(visit(visitor_id=7))) == ["visitor_id"]


def test_a_request_speaks_for_one_browser(judge: Judge) -> None:
    key, _ = judge.ring.create(KeyKind.BROWSER, now=NOW, sites=["clinic"])

    def beside(first: str | None, event: dict[str, Any]) -> Admitted | Refusal:
        return admit(1, event, key=key, pseudonyms=judge.pseudonyms, now=NOW, visitor_id=first)

    assert said(beside("v1", visit(session_id="s9")))["visitor_id"] == "v1"
    assert fields(beside("v1", visit(visitor_id="v2"))) == ["visitor_id"]
    assert fields(beside("v1", visit(visitor_id=None, session_id="s1"))) == ["session_id"]
    assert fields(beside("s1", visit(visitor_id=None, session_id="s2"))) == ["session_id"]
    assert fields(beside(None, visit(visitor_id=None, session_id="s2"))) == ["session_id"]


def test_a_form_is_an_inquiry_of_its_own_visitor_and_nothing_else(judge: Judge) -> None:
    form = visit(type="status_changed", url=None, stage="inquiry", via="web_form")
    assert fields(judge(form)) == ["type"]
    types = ["*", "status_changed"]
    assert said(judge(form, types=types))["stage"] == "inquiry"
    assert fields(judge({**form, "stage": "registration"}, types=types)) == ["stage"]
    assert fields(judge({**form, "lead_id": "L1"}, types=types)) == ["lead_id"]
    known = visit(type="person_identified", url=None, session_id="s1", phone="010-1234-5678")
    told = said(judge(known))
    assert "phone" not in told and told["claimed_phone"].startswith("hmac:1:")


def test_a_page_says_which_variant_its_own_visitor_got_and_joins_no_call_or_lead(judge: Judge) -> None:
    shown = visit(type="experiment_assigned", url=None, experiment="page", variant="b")
    assert (said(judge(shown))["experiment"], said(judge(shown))["visitor_id"]) == ("page", "v1")
    assert said(judge(shown, bot=Bot("crawler", "1")))["bot"]["reason"] == "crawler"
    assert fields(judge({**shown, "call_id": "c1"})) == ["call_id"]
    assert fields(judge({**shown, "lead_id": "L1"})) == ["lead_id"]
    assert fields(judge({**shown, "visitor_id": None})) == ["visitor_id"]
    assert said(judge({**shown, "call_id": "c1"}, kind=KeyKind.SERVER))["call_id"] == "c1"


def test_the_door_writes_who_is_a_program_and_nobody_else_may(judge: Judge) -> None:
    marked = said(judge(visit(), bot=Bot("crawler", "1; list 2")))
    assert marked["bot"] == {"reason": "crawler", "rule": "1; list 2"}
    assert "bot" not in said(judge(visit()))
    for kind in (KeyKind.BROWSER, KeyKind.SERVER):
        assert fields(judge(visit(bot={"reason": "crawler", "rule": "1"}), kind)) == ["bot"]
    call = {**visit(type="call_ended", url=None, visitor_id=None), "call_id": "c", "number": "02-555-1234"}
    assert "bot" not in said(judge({**call, "outcome": "missed"}, KeyKind.SERVER, Bot("crawler")))


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)", "crawler"),
        (
            "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
            "link_preview",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S911N) Chrome/126.0.0.0 Mobile Safari/537.36 KAKAOTALK/25.1.2",
            None,
        ),
    ],
)
def test_a_browsers_request_is_judged_by_its_user_agent_and_a_servers_is_not(
    offline: Door, agent: str, reason: str | None
) -> None:
    for key, expected in ((offline.browser_key("clinic"), reason), (offline.key("clinic"), None)):
        event = visit()
        headers = {"User-Agent": agent, "Content-Type": "text/plain", "Authorization": f"Bearer {key}"}
        assert ask(offline, "POST", "/v1/events", json.dumps(event).encode(), headers)[0] == 202
        held = b"".join(path.read_bytes() for path in offline.home.rglob("*") if path.is_file())
        place = held.index(event["event_id"].encode() + b'"')
        found = re.search(
            rb'"bot":\{"reason":"([a-z_]+)"', held[place : held.index(b"received_at", place) + 150]
        )
        assert (found.group(1).decode() if found else None) == expected
        assert agent.encode() not in held


@pytest.mark.parametrize("prefix", ["hook", "call", "desk", "scan", "spend", "forget", "withdrawal", *KINDS])
def test_a_page_takes_no_id_that_a_server_will_use(judge: Judge, prefix: str) -> None:
    """Of two bodies under one id the first in the log stays: a public key must not be there before the payment."""
    event = visit(event_id=f"{prefix.replace('-', '_')}-{'0' * 32}")
    refused = judge(event)
    assert isinstance(refused, Refusal) and refused.out_of_scope
    assert [problem.field for problem in refused.problems] == ["event_id"]
    assert isinstance(judge(event, KeyKind.SERVER), Admitted)


@pytest.mark.parametrize("depth", [250, 300, 1000])
def test_what_is_nested_deeper_than_can_be_written_is_refused_like_any_depth(
    offline: Door, depth: int
) -> None:
    deep = "[" * depth + "]" * depth
    for body in (f'{{"a": {deep}}}', f"[{deep}]"):
        assert post(offline, body.encode(), offline.key())[0] == 400

"""Only a person's own key signs in, the cookie dies with it, and no page elsewhere can use it."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner

from infra.commands.keys import keys
from streams.collectors.answers import Answer, json_answer, problem_answer
from streams.collectors.edge import CollectorSettings
from streams.collectors.http import Collector
from streams.collectors.keys import BadKeyRequest, Key, KeyKind, KeyRing
from streams.collectors.sign_in import SIGNED_IN_SECONDS, signed_in

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
Page = TestClient[web.Request, web.Application]


@dataclass
class Door:
    """A collector's pages without a log, a clock that the test sets, and keys of one site."""

    home: Path
    public_url: str = ""
    trusted: frozenset[str] = frozenset()
    now: datetime = NOW
    key: Key = field(init=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.key, self.text = self.made("desk")

    def made(self, role: str, site: str = "clinic") -> tuple[Key, str]:
        """A role -> a person's key and its text."""
        ring = KeyRing(self.home)
        return ring.create(KeyKind.PERSON, now=NOW, sites=[site], role=role, label="창구 1")

    def run(self, steps: Callable[[Page], Awaitable[None]]) -> None:
        """Runs the steps against the pages, and two of the test's own: /only-owner and /an/api/change."""

        async def serve() -> None:
            settings = CollectorSettings(
                home=self.home, public_url=self.public_url, trusted_proxies=self.trusted
            )
            collector = Collector(settings, clock=lambda: self.now)
            app = collector._application()

            async def only_owner(request: web.Request) -> web.Response:
                return json_answer(200, {"site": signed_in(collector.edge, request, "owner").site})

            async def change(request: web.Request) -> web.Response:
                try:
                    return json_answer(200, {"role": signed_in(collector.edge, request).role})
                except Answer as answer:
                    return problem_answer(answer)

            app.router.add_get("/only-owner", only_owner)
            app.router.add_post("/an/api/change", change)
            async with TestClient(TestServer(app)) as page:
                await steps(page)

        asyncio.run(serve())


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def own(page: Page, **more: str) -> dict[str, str]:
    """The headers that a page of this host sends with a change."""
    return {"X-Headwater": "1", "Origin": str(page.make_url("/")).rstrip("/"), **more}


async def sign_in(page: Page, text: str, **headers: str) -> ClientResponse:
    return await page.post("/sign-in/api/in", json={"key": text}, headers=own(page, **headers))


def cookie(key: Key, until: float, *, home: Path, digest: str | None = None, role: str | None = None) -> str:
    """The value a signer with the home's secret would make of a key; made here from the rules alone."""
    secret = bytes.fromhex((home / "secrets" / "sign-in-key").read_text("ascii"))
    said = f"1.{key.id}.{int(until)}"
    content = f"{said} {digest or key.digest} {key.sites[0]} {role or key.role}".encode()
    return f"{said}.{hmac.new(secret, content, hashlib.sha256).hexdigest()}"


def test_the_key_is_posted_once_and_a_cookie_stands_for_it_for_twelve_hours(door: Door) -> None:
    async def steps(page: Page) -> None:
        answer = await sign_in(page, f" {door.text} ")
        assert answer.status == 200
        assert (await answer.json())["to"] == "/desk"
        said = answer.headers["Set-Cookie"]
        assert "HttpOnly" in said and "SameSite=Strict" in said and "Path=/" in said and "Secure" not in said
        assert f"Max-Age={12 * 3600}" in said
        assert door.text.rpartition("_")[2] not in said
        who = await page.get("/sign-in/api/who")
        assert await who.json() == {
            "site": "clinic",
            "role": "desk",
            "label": "창구 1",
            "until": "2026-03-02T15:00:00+00:00",
        }
        door.now = NOW + timedelta(seconds=SIGNED_IN_SECONDS - 1)
        assert (await page.get("/sign-in/api/who")).status == 200
        door.now = NOW + timedelta(seconds=SIGNED_IN_SECONDS)
        assert (await page.get("/sign-in/api/who")).status == 401

    door.run(steps)


def test_the_cookie_dies_with_the_key(door: Door) -> None:
    async def steps(page: Page) -> None:
        await sign_in(page, door.text)
        assert (await page.get("/sign-in/api/who")).status == 200
        KeyRing(door.home).revoke(door.key.id, now=NOW)
        assert (await page.get("/sign-in/api/who")).status == 401
        assert (await sign_in(page, door.text)).status == 401

    door.run(steps)


def test_signing_out_ends_it(door: Door) -> None:
    async def steps(page: Page) -> None:
        await sign_in(page, door.text)
        assert (await page.post("/sign-in/api/out", headers=own(page))).status == 200
        assert (await page.get("/sign-in/api/who")).status == 401

    door.run(steps)


def test_nothing_but_a_persons_active_key_signs_in(door: Door) -> None:
    ring = KeyRing(door.home)
    _, server = ring.create(KeyKind.SERVER, now=NOW, sites=["*"])
    _, browser = ring.create(KeyKind.BROWSER, now=NOW, sites=["clinic"], origins=["https://clinic.example"])

    async def steps(page: Page) -> None:
        wrong = [server, browser, "", door.text[:-1], door.text + "0", door.text.upper(), "hwp_", "\x00"]
        wrong += ["hws" + door.text[3:], "hwb" + door.text[3:]]
        for text in wrong:
            assert (await sign_in(page, text)).status in (400, 401), text
        for body in ("[]", "1", '{"key": 1}', '{"key": ["a"]}', "{}", "{"):
            answer = await page.post(
                "/sign-in/api/in", data=body, headers=own(page, **{"Content-Type": "application/json"})
            )
            assert answer.status == 400, body
        assert (await page.get("/sign-in/api/who")).status == 401

    door.run(steps)


def test_a_persons_key_sends_no_events(door: Door) -> None:
    async def steps(page: Page) -> None:
        answer = await page.post("/v1/events", json=[{}], headers={"Authorization": f"Bearer {door.text}"})
        assert answer.status == 401

    door.run(steps)
    assert not door.key.covers_type("status_changed")


def test_three_hundred_forged_cookies_open_nothing(door: Door) -> None:
    async def steps(page: Page) -> None:
        await sign_in(page, door.text)
        other, _ = door.made("owner", "another-clinic")
        end = NOW.timestamp() + 3600
        good = cookie(door.key, end, home=door.home)
        assert (await page.get("/sign-in/api/who", headers={"Cookie": f"headwater={good}"})).status == 200
        page.session.cookie_jar.clear()
        forged = {
            cookie(door.key, end, home=door.home, role="owner"),
            cookie(door.key, end, home=door.home, digest="0" * 64),
            cookie(door.key, NOW.timestamp() - 1, home=door.home),
            cookie(door.key, NOW.timestamp() + 10 * SIGNED_IN_SECONDS, home=door.home),
            good.replace(door.key.id, other.id),
            good.replace(str(int(end)), str(int(end) + 1)),
            good.upper(),
            good + "0",
            "1.." + good.rpartition(".")[2],
            door.text,
            "",
        }
        place, digits = good.rindex(".") + 1, "0123456789abcdef"
        for at in range(place, len(good)):
            forged |= {good[:at] + digit + good[at + 1 :] for digit in digits[:5] if digit != good[at]}
        assert len(forged) >= 300
        for value in forged:
            answer = await page.get("/sign-in/api/who", headers={"Cookie": f"headwater={value}"})
            assert answer.status == 401, value

    door.run(steps)


def test_a_page_elsewhere_can_neither_sign_in_nor_change_anything(door: Door) -> None:
    async def steps(page: Page) -> None:
        await sign_in(page, door.text)
        here = own(page)["Origin"]
        host = here.removeprefix("http://")
        assert (await page.post("/an/api/change", headers=own(page))).status == 200
        elsewhere: list[dict[str, str]] = [
            {"Origin": origin, "X-Headwater": "1"}
            for origin in (
                "https://evil.example",
                "null",
                "",
                here + ".evil.example",
                "http://evil.example#" + host,
                "http://evil.example/" + host,
                "http://" + host + "@evil.example",
                "http://x@" + host,
                host,
                "http://127.0.0.1:1",
            )
        ]
        elsewhere += [{"X-Headwater": "1"}, {"Origin": here}, {"Origin": here, "X-Headwater": "0"}, {}]
        for headers in elsewhere:
            assert (await page.post("/an/api/change", headers=headers)).status == 403, headers
            answer = await page.post("/sign-in/api/in", json={"key": door.text}, headers=headers)
            assert answer.status == 403 and "Set-Cookie" not in answer.headers, headers

    door.run(steps)


def test_a_role_goes_only_where_it_may_and_others_are_sent_to_sign_in(door: Door) -> None:
    async def steps(page: Page) -> None:
        answer = await page.get("/only-owner", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?to=/only-owner")
        assert (await page.post("/an/api/change", headers=own(page))).status == 401
        for role, status in (("desk", 403), ("analyst", 403), ("owner", 200)):
            await sign_in(page, door.made(role)[1])
            assert (await page.get("/only-owner")).status == status, role

    door.run(steps)


def test_behind_https_the_cookie_is_secure_and_a_plain_one_is_not_read(tmp_path: Path) -> None:
    door = Door(tmp_path, public_url="https://in.clinic.example", trusted=frozenset({"127.0.0.1"}))
    proxied = {"X-Forwarded-Proto": "https", "Origin": "https://in.clinic.example"}

    async def steps(page: Page) -> None:
        answer = await sign_in(page, door.text, **proxied)
        assert answer.status == 200
        said = answer.headers["Set-Cookie"]
        assert said.startswith("__Host-headwater=") and "; Secure" in said and "Domain" not in said
        value = said.partition("=")[2].partition(";")[0]
        page.session.cookie_jar.clear()
        for name, status in (("__Host-headwater", 200), ("headwater", 401)):
            headers = {"Cookie": f"{name}={value}", "X-Forwarded-Proto": "https"}
            assert (await page.get("/sign-in/api/who", headers=headers)).status == status, name

    door.run(steps)


def test_the_page_itself_is_strict_and_needs_nobody_else(door: Door) -> None:
    async def steps(page: Page) -> None:
        for path in ("/sign-in", "/sign-in.js", "/sign-in.css"):
            answer = await page.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert answer.status == 200 and "default-src 'none'" in policy and "unsafe" not in policy
            text = await answer.text()
            assert "http://" not in text and "https://" not in text and "innerHTML" not in text
            again = await page.get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert again.status == 304

    door.run(steps)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (KeyKind.PERSON, {}),
        (KeyKind.PERSON, {"role": "king"}),
        (KeyKind.PERSON, {"role": "desk", "sites": ["*"]}),
        (KeyKind.PERSON, {"role": "desk", "sites": ["a", "b"]}),
        (KeyKind.PERSON, {"role": "desk", "types": ["call_tagged"]}),
        (KeyKind.PERSON, {"role": "desk", "origins": ["https://a.example"]}),
        (KeyKind.SERVER, {"role": "owner"}),
    ],
)
def test_a_persons_key_has_one_site_and_one_role_and_nothing_else(
    tmp_path: Path, kind: KeyKind, more: dict[str, object]
) -> None:
    with pytest.raises(BadKeyRequest):
        KeyRing(tmp_path).create(kind, now=NOW, **{"sites": ["clinic"], **more})  # type: ignore[arg-type]


def test_a_persons_key_is_made_and_listed_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path))
    run = CliRunner().invoke
    made = run(keys, ["create", "person", "--role", "desk", "--site", "clinic", "--label", "창구 1"])
    assert made.exit_code == 0
    key = KeyRing(tmp_path).find_person(made.stdout.strip())
    assert key is not None and (key.role, key.sites) == ("desk", ("clinic",))
    assert "clinic desk  창구 1" in run(keys, ["list"]).stdout
    for wrong in (["person"], ["person", "--kind", "person"], ["server", "--role", "desk"], []):
        assert run(keys, ["create", *wrong, "--site", "clinic"]).exit_code == 2, wrong

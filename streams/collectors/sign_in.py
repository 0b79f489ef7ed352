"""People sign in with a key of their own: the key is posted once, a signed cookie stands for it afterwards.

The cookie holds the key's id and an end, never the key. Its signature covers the key's digest, so it dies with
the key: revoked, nobody stays signed in. A page elsewhere can neither sign somebody in nor change anything:
changes need a header that forms cannot set and an Origin that is this host, and the cookie is SameSite=Strict.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import Answer, json_answer
from streams.collectors.edge import Edge
from streams.collectors.keys import Key
from streams.collectors.pages import fixed_file
from streams.secret_files import create_secret, read_key, secrets_directory

SIGNED_IN_SECONDS: Final = 12 * 3600
FIRST_PAGES: Final = {"desk": "/desk", "owner": "/manage", "analyst": "/manage"}
"""Where a role goes after signing in, unless it came from another page of ours."""

_COOKIE: Final = "headwater"
_SECURE_COOKIE: Final = "__Host-headwater"
_VALUE = re.compile(r"1\.([0-9a-f]{12})\.([0-9]{1,12})\.([0-9a-f]{64})\Z")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in: the key, the one site it belongs to, what it may do there, and until when."""

    key: Key
    site: str
    role: str
    until: int


def signed_in(edge: Edge, request: web.Request, *roles: str) -> Person:
    """A request and the roles that may -> who sends it; any role when none is named.

    Nobody signed in: 401 under `/…/api/`, elsewhere a redirect to the sign-in page. Another role: 403. A request
    that changes something must also come from a page of this host (see the module).
    """
    if request.method not in _SAFE_METHODS:
        check_own_page(edge, request)
    person = _person_of(edge, request)
    if person is None:
        if "/api/" in request.path or request.method not in _SAFE_METHODS:
            raise Answer(401, Problem("the sign-in", "nobody signed in", "sign in at /sign-in"))
        raise web.HTTPSeeOther(f"/sign-in?to={quote(request.path, safe='/')}")
    if roles and person.role not in roles:
        raise Answer(
            403, Problem("the role", person.role, f"a key with the role {' or '.join(sorted(roles))}")
        )
    return person


def check_own_page(edge: Edge, request: web.Request) -> None:
    """Refuses 403 what a page of another origin could have made a browser send."""
    origins, hosts = (request.headers.getall(name, []) for name in ("Origin", "Host"))
    ours = {f"{scheme}://{host}" for host in hosts if len(hosts) == 1 for scheme in ("http", "https")}
    same = len(origins) == 1 and origins[0] in ours | ({_public_origin(edge)} - {""})
    if not same or request.headers.getall("X-Headwater", []) != ["1"]:
        raise Answer(403, Problem("Origin", "not a page of this host", "use the page itself"))


def routes(edge: Edge) -> list[web.RouteDef]:
    """The sign-in page, signing in and out, and who is signed in."""

    async def sign_in(request: web.Request) -> web.Response:
        """A person's key -> the cookie of somebody signed in."""
        edge.charge(request)
        check_own_page(edge, request)
        typed = (await edge.json(request)).get("key")
        if not isinstance(typed, str):
            raise Answer(400, Problem("key", "no text", "the key of this desk, whole"))
        key = edge.keys.find_person(typed.strip())
        if key is None:
            edge.charge_miss(request)
            raise Answer(401, Problem("key", "no key that is active", "the key of this desk, whole"))
        until = int(edge.clock().timestamp()) + SIGNED_IN_SECONDS
        assert key.role is not None
        answer = json_answer(200, {"to": FIRST_PAGES[key.role], **_told(_person(key, until))})
        _set_cookie(answer, edge, request, _signed(edge, key, until), SIGNED_IN_SECONDS)
        return answer

    async def sign_out(request: web.Request) -> web.Response:
        """Nobody is signed in any more."""
        edge.charge(request)
        check_own_page(edge, request)
        answer = json_answer(200, {})
        _set_cookie(answer, edge, request, "", 0)
        return answer

    async def who(request: web.Request) -> web.Response:
        """Who is signed in."""
        return json_answer(200, _told(signed_in(edge, request)))

    return [
        web.get("/sign-in", fixed_file(_HERE / "sign_in.html")),
        web.get("/sign-in.js", fixed_file(_HERE / "sign_in.js")),
        web.get("/sign-in.css", fixed_file(_HERE / "sign_in.css")),
        web.post("/sign-in/api/in", sign_in),
        web.post("/sign-in/api/out", sign_out),
        web.get("/sign-in/api/who", who),
    ]


def _person_of(edge: Edge, request: web.Request) -> Person | None:
    name = _SECURE_COOKIE if _is_https(edge, request) else _COOKIE
    parts = _VALUE.match(request.cookies.get(name, ""))
    if parts is None:
        return None
    key = edge.keys.active(parts[1])
    if key is None or key.role is None:
        return None
    until = int(parts[2])
    if not hmac.compare_digest(_signed(edge, key, until), parts[0]):
        return None
    now = edge.clock().timestamp()
    return _person(key, until) if now < until <= now + SIGNED_IN_SECONDS + 60 else None


def _person(key: Key, until: int) -> Person:
    assert key.role is not None
    return Person(key, key.sites[0], key.role, until)


def _told(person: Person) -> dict[str, Any]:
    return {
        "site": person.site,
        "role": person.role,
        "label": person.key.label,
        "until": datetime.fromtimestamp(person.until, UTC).isoformat(),
    }


def _signed(edge: Edge, key: Key, until: int) -> str:
    said = f"1.{key.id}.{until}"
    content = f"{said} {key.digest} {key.sites[0]} {key.role}".encode()
    return f"{said}.{hmac.digest(_secret(edge.settings.home), content, hashlib.sha256).hex()}"


def _secret(home: Path) -> bytes:
    path = secrets_directory(home) / "sign-in-key"
    if not path.exists():
        create_secret(path, secrets.token_hex(32).encode("ascii"))
    return read_key(path)


def _set_cookie(answer: web.Response, edge: Edge, request: web.Request, value: str, seconds: int) -> None:
    secure = _is_https(edge, request)
    answer.set_cookie(
        _SECURE_COOKIE if secure else _COOKIE,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=secure,
    )


def _is_https(edge: Edge, request: web.Request) -> bool:
    """Whether the person's browser speaks https: as a trusted proxy says, or as the public address tells."""
    if (request.remote or "") in edge.settings.trusted_proxies:
        return request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
    public = _public_origin(edge)
    return public.startswith("https://") and urlsplit(public).netloc == request.headers.get("Host", "")


def _public_origin(edge: Edge) -> str:
    parts = urlsplit(edge.settings.public_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


_PERSON: Final = {
    "type": "object",
    "required": ["site", "role", "label", "until"],
    "properties": {
        "site": {"type": "string"},
        "role": {"enum": ["owner", "desk", "analyst"]},
        "label": {"type": "string"},
        "until": {"type": "string", "format": "date-time"},
        "to": {"type": "string", "description": "The page to go to"},
    },
    "example": {"site": "clinic", "role": "desk", "label": "창구 1", "until": "2026-03-02T15:00:00+00:00"},
}
OWN_PAGE_PARAMETER: Final = {
    "name": "X-Headwater",
    "in": "header",
    "required": True,
    "description": "1; with an Origin that is this host",
    "schema": {"const": "1"},
}
OPENAPI: Final[dict[str, Any]] = {
    "/sign-in/api/in": {
        "post": {
            "summary": "A person's key -> the cookie of somebody signed in",
            "parameters": [OWN_PAGE_PARAMETER],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["key"],
                            "properties": {"key": {"type": "string"}},
                            "example": {"key": "hwp_…"},
                        }
                    }
                },
            },
            "responses": {
                "200": {"description": "signed in", "content": {"application/json": {"schema": _PERSON}}},
                "400": {"description": "no key in the body"},
                "401": {"description": "no key that is active"},
                "403": {"description": "not from a page of this host"},
                "413": {"description": "too large"},
                "415": {"description": "another content type"},
                "429": {"description": "too often; see Retry-After"},
            },
        }
    },
    "/sign-in/api/out": {
        "post": {
            "summary": "Nobody is signed in any more",
            "parameters": [OWN_PAGE_PARAMETER],
            "responses": {
                "200": {"description": "signed out"},
                "403": {"description": "not from a page of this host"},
                "429": {"description": "too often; see Retry-After"},
            },
        }
    },
    "/sign-in/api/who": {
        "get": {
            "summary": "Who is signed in",
            "responses": {
                "200": {"description": "somebody", "content": {"application/json": {"schema": _PERSON}}},
                "401": {"description": "nobody"},
                "429": {"description": "too often; see Retry-After"},
            },
        }
    },
}

"""`POST /hooks/{site}/{source}`: signed webhooks of telephone systems, CRM systems and senders -> events.

What a source is (its kind), who signs for it and how its words are read is kept under its name
(`headwater keys webhook`). The signature is checked over the raw bytes before anything is parsed; what is wrong
behind it leaves a reason and a hash. A repetition gives the same event ids, so the log drops it, after a restart too.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web

from schemas.catalog import SiteEntry
from schemas.problems import Problem
from schemas.reading import Reason
from streams.collectors.admission import Refusal, refusal
from streams.collectors.answers import Answer, json_answer, told
from streams.collectors.crm import messages, webhooks
from streams.collectors.crm.webhooks import Fact
from streams.collectors.edge import Edge, Taken
from streams.collectors.importers.mapping import BadMapping
from streams.collectors.keys import Key
from streams.collectors.payloads import MOST_ITEMS, Unmapped, check_depth, items_of
from streams.collectors.phone import asterisk, callrail, generic, twilio
from streams.collectors.phone.calls import UNDER_WAY, NoCall, Said, call_ended, event_of
from streams.collectors.phone.kept import Kept
from streams.collectors.signatures import KINDS, SignatureRefused, Source, Webhooks, verified
from streams.domain.phones import is_mobile

PATH: Final = "/hooks/{site}/{source}"
DOOR: Final = "hooks"
_log = logging.getLogger(__name__)


@dataclass
class _Heard:
    """What one request said: words on calls, other facts, and payloads that could not be read."""

    words: list[Said] = field(default_factory=list)
    facts: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    skipped: int = 0


def check_settings(kind: str, said: Mapping[str, Any]) -> None:
    """A kind and the settings of a source -> nothing when they are sound; raises BadMapping."""
    _SETTINGS[kind](said)


_SETTINGS: Final[Mapping[str, Any]] = {
    "twilio": twilio.read_settings,
    "asterisk": asterisk.read_settings,
    "calls": generic.read_settings,
    "callrail": callrail.read_settings,
    "crm": webhooks.read_settings,
    "sendgrid": messages.read_settings,
    "solapi": messages.read_settings,
}


def routes(edge: Edge) -> list[web.RouteDef]:
    """The edge -> the door's one route."""
    sources = Webhooks(edge.settings.home)
    kept = Kept(edge.settings.home)

    async def hook(request: web.Request) -> web.StreamResponse:
        """Take a signed webhook of a telephone system, a CRM system or a sender of messages."""
        return await _hooked(edge, sources, kept, request)

    async def close_at_the_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            kept.close()

    edge.beside(close_at_the_end())
    return [web.post(PATH, hook)]


async def _hooked(edge: Edge, sources: Webhooks, kept: Kept, request: web.Request) -> web.Response:
    edge.charge(request)
    edge.require_ready()
    source = sources.find(request.match_info["site"], request.match_info["source"])
    body = await edge.body(request)
    try:
        sender_id = _checked(edge, source, request, body)
    except SignatureRefused as refused:
        edge.charge_miss(request)
        fix = "the signature that this kind of source makes over the raw body; see docs/phone.md and docs/crm.md"
        raise Answer(401, Problem("the signature", str(refused), fix)) from None
    assert source is not None
    key = edge.door_key(DOOR, source.site)
    edge.charge_events(request, key, 1)
    try:
        heard = _heard(edge, source, request, body)
    except BadMapping as wrong:
        _log.error("the settings of a webhook source cannot be used: %s", type(wrong).__name__)
        problem = Problem("the source", "settings that cannot be used", "`headwater keys webhook configure`")
        raise Answer(500, problem) from None
    if heard.refused:
        await edge.refuse(heard.refused, DOOR)
    try:
        bodies = await _calls(edge, kept, source, heard)
        bodies += _facts(edge, kept, source, heard, sender_id)
    except sqlite3.Error as away:
        _log.error("what is said of calls cannot be kept: %s", type(away).__name__)
        problem = Problem(
            "the request", "a file of the collector that cannot be written", "send it again later"
        )
        raise Answer(503, problem, retry_after=5) from None
    taken = await _taken(edge, bodies, key)
    if source.kind == "twilio" and not heard.refused and not taken.rejected:
        return web.Response(body=twilio.ACCEPTED, content_type="text/xml")
    return _answer(taken, heard)


async def _taken(edge: Edge, bodies: list[dict[str, Any]], key: Key) -> Taken:
    return await edge.take(bodies, key=key) if bodies else Taken([], [], [], "log")


def _checked(edge: Edge, source: Source | None, request: web.Request, body: bytes) -> str:
    """Source, request and raw body -> the sender's id of the message ("": its kind has none); SignatureRefused.

    A source that is not there takes as long as one that is.
    """
    secrets = source.active if source is not None else []
    kind = source.kind if source is not None else ""
    if kind == "twilio":
        if not edge.settings.public_url:
            problem = Problem(
                "public_url", "nothing", "HEADWATER_PUBLIC_URL: Twilio signs the address it calls"
            )
            raise Answer(503, problem)
        url = edge.settings.public_url.rstrip("/") + request.raw_path
        twilio.check_signature(request.headers, url, twilio.parameters(body), secrets)
        return ""
    if kind == "callrail":
        callrail.check_signature(request.headers, body, secrets)
        return ""
    if kind == "sendgrid":
        messages.check_sendgrid(request.headers, body, secrets, now=edge.clock())
        return ""
    if kind == "solapi":
        messages.check_solapi(request.headers, secrets)
        return ""
    return verified(request.headers, body, secrets, now=edge.clock()).id


def _heard(edge: Edge, source: Source, request: web.Request, body: bytes) -> _Heard:
    """A request whose signature is right -> what it said; raises BadMapping for a source that is set up wrongly."""
    settings = dict(source.settings or {})
    zone = _zone(edge, source.site, settings)
    heard = _Heard()
    try:
        if source.kind == "twilio":
            found = twilio.parameters(body)
            heard.words += twilio.said_of(found, request.query, settings)
        elif source.kind == "asterisk":
            _hear_lines(heard, source, body, asterisk.read_settings(settings), zone)
        elif source.kind in ("calls", "callrail"):
            _hear_calls(heard, source, body, settings, zone)
        else:
            _hear_facts(heard, source, body, settings, zone)
    except (NoCall, Unmapped) as wrong:
        heard.refused.append(_refused(source.site, 0, body, wrong.problem))
    return heard


def _hear_lines(
    heard: _Heard, source: Source, body: bytes, settings: asterisk.AsteriskSettings, zone: ZoneInfo
) -> None:
    for index, (raw, word) in enumerate(asterisk.said_of(body, source.site, settings, zone)):
        if word is None:
            heard.skipped += 1
        elif isinstance(word, NoCall):
            heard.refused.append(_refused(source.site, index, raw, word.problem))
        else:
            heard.words.append(word)


def _hear_calls(
    heard: _Heard, source: Source, body: bytes, settings: Mapping[str, Any], zone: ZoneInfo
) -> None:
    mapping = generic.read_settings(settings) if source.kind == "calls" else generic.CallMapping()
    for index, payload in enumerate(items_of(_parsed(body), mapping.items)):
        try:
            if source.kind == "calls":
                heard.words.append(generic.said_of(payload, mapping, zone))
            else:
                heard.words += callrail.said_of(payload, settings, zone)
        except NoCall as wrong:
            heard.refused.append(_refused(source.site, index, orjson.dumps(payload), wrong.problem))


def _hear_facts(
    heard: _Heard, source: Source, body: bytes, settings: Mapping[str, Any], zone: ZoneInfo
) -> None:
    parsed = _parsed(body)
    found: Iterable[Fact]
    if source.kind == "sendgrid":
        found = messages.sendgrid_facts(parsed, settings, zone)
    elif source.kind == "solapi":
        found = messages.solapi_facts(parsed, settings, zone)
    else:
        found = webhooks.facts_of(parsed, webhooks.read_settings(settings), zone)
    for index, (payload, fact, named) in enumerate(found):
        if fact is None:
            heard.skipped += 1
        elif isinstance(fact, Unmapped):
            heard.refused.append(_refused(source.site, index, orjson.dumps(payload), fact.problem))
        elif is_mobile(named) or "@" in named:
            problem = Problem("id", "a phone number or e-mail address", "an id that names nobody")
            heard.refused.append(_refused(source.site, index, orjson.dumps(payload), problem))
        else:
            heard.facts.append((fact, named))


async def _calls(edge: Edge, kept: Kept, source: Source, heard: _Heard) -> list[dict[str, Any]]:
    """Words on calls -> the calls' events so far; who rings is told to the desk. Others have their turn between."""
    now = edge.clock()
    bodies = []
    for word in heard.words:
        await asyncio.sleep(0)
        _tell_the_desk(edge, source.site, word, now)
        if word.desk_only:
            continue
        words = kept.heard(source.site, source.name, word, now=now)
        if word.state in UNDER_WAY:
            continue
        ended = call_ended(source.site, words)
        if ended is not None:
            bodies.append(event_of(source.name, words, ended, word.phone))
        else:
            heard.skipped += 1  # waits for the leg that knows the number
    return bodies


def _tell_the_desk(edge: Edge, site: str, word: Said, now: datetime) -> None:
    """A word on a call that came in -> who rings, talks or is gone; one of several legs that ends ends no call."""
    if word.direction == "outbound":
        return
    state: Literal["ringing", "talking", "over"] = "over"
    if word.state == "ringing" or word.state == "talking":
        state = word.state
    elif word.direction is None and word.state not in ("answered", "voicemail"):
        return
    edge.ringing.hears(site, word.call_id, state, now=now, number=word.number, caller=word.phone)


def _facts(edge: Edge, kept: Kept, source: Source, heard: _Heard, sender_id: str) -> list[dict[str, Any]]:
    """Facts -> events with the ids that source, kind and the sender's own id give them for ever."""
    bodies = []
    for place, (fact, named) in enumerate(heard.facts):
        whose: list[Any] = [source.name, fact["type"]]
        if named or sender_id:
            whose += [named] if named else [sender_id, place]
        else:  # neither the fact nor the message has an id: what it says, but for whom
            whose += sorted((name, str(fact[name])) for name in fact if name not in ("phone", "email"))
        digest = blake2b(orjson.dumps(whose), digest_size=16).hexdigest()
        event_id = f"hook-{digest}"
        body = {"event_id": event_id, "site": source.site, **fact}
        if "occurred_at" not in body:
            body["occurred_at"] = kept.first_heard(source.site, event_id, now=edge.clock()).isoformat()
        bodies.append(body)
    return bodies


def _parsed(body: bytes) -> Any:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NoCall(Problem("the body", "what is not JSON in UTF-8", "one JSON object, or a list")) from None
    check_depth(parsed)
    return parsed


def _refused(site: str, index: int, raw: bytes, problem: Problem) -> Refusal:
    reason = Reason.NOT_JSON if "not JSON" in problem.found else Reason.INVALID_FIELD
    if problem.found == "nothing":
        reason = Reason.MISSING_FIELD
    refused = refusal(index, raw, [problem], reason)
    return Refusal(refused.index, None, refused.problems, refused.reason, site, refused.size, refused.sha256)


def _zone(edge: Edge, site: str, settings: Mapping[str, Any]) -> ZoneInfo:
    entry = edge.definitions.entry(site, "site", site)
    own = entry.time_zone if isinstance(entry, SiteEntry) else None
    return ZoneInfo(str(settings.get("time_zone") or own or "Asia/Seoul"))


def _answer(taken: Taken, heard: _Heard) -> web.Response:
    """What became of a request -> 202 when anything of it is safe or was no news, 400 when all of it was refused."""
    rejected = [*heard.refused, *taken.rejected]
    nothing = not taken.accepted and not taken.duplicate and not heard.skipped and not heard.words
    content: dict[str, Any] = {
        "accepted": taken.accepted,
        "duplicate": taken.duplicate,
        "rejected": [
            {
                "index": one.index,
                "event_id": one.event_id,
                "problems": [told(problem) for problem in one.problems],
            }
            for one in rejected
        ],
        "skipped": heard.skipped,
    }
    if taken.durability == "spool":
        content["durability"] = "spool"
    return json_answer(400 if rejected and nothing else 202, content)


OPENAPI: Final[dict[str, Any]] = {
    PATH: {
        "post": {
            "summary": "A signed webhook of a telephone system, a CRM system or a sender of messages",
            "description": "The source's kind decides signature and shape: "
            + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()),
            "parameters": [
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "pattern": pattern},
                }
                for name, pattern in (("site", "^[a-z0-9_-]{1,64}$"), ("source", "^[a-z0-9_-]{1,32}$"))
            ]
            + [
                {
                    "name": name,
                    "in": "header",
                    "required": False,
                    "schema": {"type": "string", "maxLength": 2048},
                }
                for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "oneOf": [
                                {"type": "object"},
                                {"type": "array", "items": {"type": "object"}, "maxItems": MOST_ITEMS},
                            ]
                        },
                        "examples": {
                            "call": {
                                "value": {
                                    "call_id": "c-1001",
                                    "status": "completed",
                                    "from": "010-1234-5678",
                                    "to": "070-1234-5678",
                                    "started_at": "2026-03-02T10:00:00+09:00",
                                    "answered_at": "2026-03-02T10:00:09+09:00",
                                    "ended_at": "2026-03-02T10:03:09+09:00",
                                }
                            },
                            "status change": {
                                "value": {
                                    "type": "status_changed",
                                    "id": "deal-77-registration",
                                    "lead_id": "L-77",
                                    "stage": "registration",
                                    "occurred_at": "2026-03-05T15:00:00+09:00",
                                }
                            },
                            "payment": {
                                "value": {
                                    "type": "payment_received",
                                    "id": "pay-9001",
                                    "lead_id": "L-77",
                                    "amount": 850000,
                                    "occurred_at": "2026-03-05T15:10:00+09:00",
                                }
                            },
                        },
                    },
                    "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            "responses": {
                "200": {"description": "Taken from Twilio: an empty TwiML document"},
                "202": {"description": "Safe in the log or the spool; `skipped` counts what is no news"},
                "400": {
                    "description": "Signed rightly, but nothing of it can be used; nothing of it is kept"
                },
                "401": {
                    "description": "No such source, a wrong signature, or a timestamp beyond 300 seconds"
                },
                "408": {"description": "The body came too slowly"},
                "413": {"description": "More than 1 MiB inflated"},
                "415": {"description": "Another content encoding"},
                "429": {"description": "Too many; see Retry-After"},
                "500": {"description": "The source's settings cannot be used"},
                "503": {"description": "Nothing could be made safe; send it again later"},
            },
        }
    }
}

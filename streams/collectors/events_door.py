"""`POST /v1/events`: events of anybody with a key -> the log or the spool, answered 202 once they are safe."""

from typing import Final

import orjson
from aiohttp import web

from schemas.problems import Problem
from streams.collectors import limits
from streams.collectors.admission import own_browser
from streams.collectors.answers import Answer, json_answer, told
from streams.collectors.bots import judged
from streams.collectors.edge import Edge, Taken
from streams.collectors.keys import KeyKind

PATH: Final = "/v1/events"
_JSON_TYPES: Final = frozenset({"application/json", "text/plain", ""})
_LINE_TYPES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


def routes(edge: Edge) -> list[web.RouteDef]:
    """The edge -> the door's routes."""

    async def record(request: web.Request) -> web.StreamResponse:
        return await _recorded(edge, request)

    return [web.post(PATH, record), web.options(PATH, edge.preflight)]


async def _recorded(edge: Edge, request: web.Request) -> web.Response:
    """Events -> 202 with what became of each; 503 whenever nothing confirmed them."""
    key = edge.authenticated(request)
    edge.check_origin(request, key)
    if key.kind is KeyKind.BROWSER:
        edge.charge(request)
    edge.require_ready(key)
    items = await _items(edge, request)
    if not items:
        raise Answer(400, Problem("the body", "no event", "one event, a JSON array or NDJSON"))
    if len(items) > limits.EVENTS:
        raise Answer(
            413, Problem("the body", f"{len(items)} events", f"at most {limits.EVENTS} in a request")
        )
    edge.charge_events(request, key, len(items))
    bot = judged(request.method, request.headers) if key.kind is KeyKind.BROWSER else None
    return outcome(await edge.take(items, key=key, visitor_id=own_browser(items[0]), bot=bot))


async def _items(edge: Edge, request: web.Request) -> list[object]:
    """The body -> parsed events; a line that is no JSON stays bytes, to be refused by its index."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON_TYPES and media_type not in _LINE_TYPES:
        raise Answer(415, Problem("Content-Type", "another type", "application/json or application/x-ndjson"))
    body = await edge.body(request)
    if media_type not in _LINE_TYPES:
        try:
            parsed = orjson.loads(body)
            return parsed if isinstance(parsed, list) else [parsed]
        except orjson.JSONDecodeError:
            lines = [line for line in body.split(b"\n") if line.strip()]
            if len(lines) < 2 or not isinstance(_parsed(lines[0]), dict):
                return [body] if body.strip() else []
    lines = [line for line in body.split(b"\n") if line.strip()]
    return [_parsed(line) for line in lines[: limits.EVENTS + 1]]


def outcome(taken: Taken) -> web.Response:
    """What became of events -> 202 when any is accepted or known, 403 when all were out of scope, else 400."""
    status = 202
    if not taken.accepted and not taken.duplicate:
        status = 403 if all(one.out_of_scope for one in taken.rejected) else 400
    content: dict[str, object] = {
        "accepted": taken.accepted,
        "duplicate": taken.duplicate,
        "rejected": [
            {"index": one.index, "event_id": one.event_id, "problems": [told(p) for p in one.problems]}
            for one in taken.rejected
        ],
    }
    if taken.durability == "spool":
        content["durability"] = "spool"
    return json_answer(status, content)


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line

"""The HTTP door: `POST /v1/events` -> the log, answered 202 once every accepted event is acknowledged."""

import asyncio
import contextlib
import logging
import random
import signal
import socket
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from schemas.problems import Problem
from schemas.reading import Reason
from schemas.topics import DEAD_LETTERS, EVENTS
from streams.collectors import limits
from streams.collectors.admission import Admitted, Refusal, admit, dead_letter, refusal
from streams.collectors.keys import Key, KeyKind, KeyRing
from streams.collectors.limits import Buckets, NotGzip, Rate, TooLarge
from streams.collectors.openapi import openapi
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import LogProducer, NotAcknowledged, ProducerSettings, Record

STOP_SECONDS: Final = 10.0
BODIES_AT_ONCE: Final = 128
REMEMBERED: Final = 100_000
PROBE_SECONDS: Final = 1.0
REQUESTS_A_NETWORK: Final = Rate(per_second=200, burst=2_000)
REFUSED_KEYS_A_NETWORK: Final = Rate(per_second=2, burst=60)
EVENTS_A_SERVER_KEY: Final = Rate(per_second=20_000, burst=200_000)
EVENTS_A_BROWSER_KEY: Final = Rate(per_second=1_000, burst=10_000)
_EVENTS_A_TURN: Final = 25

_JSON_TYPES: Final = frozenset({"application/json", "text/plain", ""})
_LINE_TYPES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_PATHS: Final = frozenset({"/health", "/ready", "/metrics", "/openapi.json", "/v1/events"})
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-site",
    "Server": "headwater",
}
_ORIGIN: Final = web.RequestKey("origin", str)
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class CollectorSettings:
    """What one collector needs to know."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 18080
    producer: ProducerSettings = field(default_factory=ProducerSettings)
    trusted_proxies: frozenset[str] = frozenset()
    requests_a_network: Rate = REQUESTS_A_NETWORK
    refused_keys_a_network: Rate = REFUSED_KEYS_A_NETWORK
    events_a_server_key: Rate = EVENTS_A_SERVER_KEY
    events_a_browser_key: Rate = EVENTS_A_BROWSER_KEY
    body_seconds: float = 30.0
    idle_seconds: float = 15.0
    connections: int = 1000


class _Answer(Exception):
    """Ends a request with a status and problems."""

    def __init__(self, status: int, problem: Problem, *, retry_after: float | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


class Collector:
    """One running door: keys, pseudonyms and limits in front, the log behind."""

    def __init__(self, settings: CollectorSettings, *, clock: Callable[[], datetime]) -> None:
        """The settings and the clock; keys and secrets of the home are made when missing."""
        self._settings = settings
        self._clock = clock
        self._keys = KeyRing(settings.home)
        self._pseudonyms = Pseudonyms(settings.home)
        self._producer = LogProducer(settings.producer)
        self._requests = Buckets(settings.requests_a_network)
        self._refused_keys = Buckets(settings.refused_keys_a_network)
        self._server_events = Buckets(settings.events_a_server_key)
        self._browser_events = Buckets(settings.events_a_browser_key)
        self._acknowledged: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._bodies = 0
        self._log_is_up = False
        self._stopping = False
        self._probe: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._openapi = orjson.dumps(openapi(), option=orjson.OPT_INDENT_2)

    @property
    def port(self) -> int:
        """The port it listens on, also when 0 was asked for."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listens, whether or not the log can be reached: without it every post is answered 503."""
        app = web.Application(middlewares=[self._guarded], client_max_size=limits.BODY_BYTES)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/openapi.json", self._described)
        app.router.add_post("/v1/events", self._events)
        app.router.add_options("/v1/events", self._preflight)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            auto_decompress=False,
            keepalive_timeout=self._settings.idle_seconds,
            lingering_time=2.0,
            max_headers=64,
            shutdown_timeout=STOP_SECONDS,
        )
        await self._runner.setup()
        door = self._runner.server
        assert door is not None

        def connection() -> asyncio.Protocol:
            return door() if len(door.connections) < self._settings.connections else _Full()

        listening = socket.create_server(
            (self._settings.host, self._settings.port),
            family=socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET,
            backlog=256,
        )
        self._server = await asyncio.get_running_loop().create_server(connection, sock=listening)
        self._log_is_up = await self._producer.reachable()
        self._probe = asyncio.create_task(self._watch_the_log())

    async def stop(self) -> None:
        """Stops accepting, lets requests under way end, waits for the log, closes."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._probe is not None:
            self._probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probe
        await self._producer.stop(STOP_SECONDS)

    async def _watch_the_log(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            up = await self._producer.reachable()
            if up is not self._log_is_up:
                _log.warning(
                    "the log is %s", "reachable" if up else "not reachable: every post is answered 503"
                )
            self._log_is_up = up

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request -> an answer with the security headers; nothing that was sent reaches a log line."""
        try:
            if request.method != "POST":
                self._charge_request(request)
            response = await handler(request)
        except _Answer as answer:
            response = _problem_answer(answer)
        except web.HTTPException as error:
            known = {404: "a path of /openapi.json", 405: "a method of /openapi.json"}
            fix = known.get(error.status, "a request as /openapi.json describes it")
            response = _problem_answer(
                _Answer(error.status, Problem("the request", f"HTTP {error.status}", fix))
            )
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug: told by type and place only
            _log.error("a request failed: %s at %s", type(error).__name__, _place_of(error))
            response = _problem_answer(
                _Answer(500, Problem("the request", "an error of the collector", "try again later"))
            )
        path = request.path if request.path in _PATHS else "other"
        self._counts["requests", f'path="{path}",status="{response.status}"'] += 1
        response.headers.update(_HEADERS)
        if (origin := request.get(_ORIGIN)) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Vary"] = "Origin"
        return response

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return _json(200, {"status": "ok"})

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        if self._stopping:
            return _json(503, {"status": "stopping"})
        if not self._log_is_up:
            return _json(503, {"status": "the log cannot be reached"}, {"Retry-After": _retry_after(2)})
        return _json(200, {"status": "ready"})

    async def _described(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._openapi, content_type="application/json")

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        records, size = self._producer.in_flight
        lines = []
        for name in ("requests", "events"):
            lines.append(f"# TYPE headwater_collector_{name}_total counter")
            for (counted, labels), count in sorted(self._counts.items()):
                if counted == name:
                    lines.append(f"headwater_collector_{name}_total{{{labels}}} {count}")
        for name, value in (
            ("in_flight_records", records),
            ("in_flight_bytes", size),
            ("log_up", int(self._log_is_up)),
            ("bodies_being_read", self._bodies),
        ):
            lines += [f"# TYPE headwater_collector_{name} gauge", f"headwater_collector_{name} {value}"]
        return web.Response(
            text="\n".join(lines) + "\n", headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    async def _preflight(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if not self._keys.allows_origin(origin):
            raise _Answer(
                403, Problem("Origin", "an origin of no key", "list it with `headwater keys create --origin`")
            )
        request[_ORIGIN] = origin
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "authorization, content-type, content-encoding",
                "Access-Control-Max-Age": "600",
            },
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Events -> 202 with what became of each; 503 whenever the log did not confirm."""
        key = self._authenticated(request)
        self._check_origin(request, key)
        if key.kind is KeyKind.BROWSER:
            self._charge_request(request)
        if self._stopping or not self._log_is_up:
            raise self._unavailable()
        items = await self._items(request)
        if not items:
            raise _Answer(400, Problem("the body", "no event", "one event, a JSON array or NDJSON"))
        if len(items) > limits.EVENTS:
            raise _Answer(
                413, Problem("the body", f"{len(items)} events", f"at most {limits.EVENTS} in a request")
            )
        self._charge(request, key, len(items))
        now = self._clock()
        self._pseudonyms.refresh()
        admitted, refused = await self._judged(items, key, now)
        fresh, repeated = self._parted(admitted)
        letters = [
            Record(DEAD_LETTERS.name, (one.site or "").encode("ascii"), dead_letter(one, now))
            for one in refused
        ]
        records = [Record(EVENTS.name, one.site.encode("utf-8"), one.value) for one in fresh]
        await self._append(records + letters)
        for one in fresh:
            self._remember(one)
        self._count_events(accepted=len(fresh), duplicate=len(repeated), rejected=len(refused))
        return _outcome(fresh, repeated, refused)

    def _authenticated(self, request: web.Request) -> Key:
        header = request.headers.getall("Authorization", [])
        text = ""
        if len(header) == 1:
            scheme, _, token = header[0].partition(" ")
            text = token.strip() if scheme.lower() == "bearer" else ""
        elif not header and len(request.query.getall("key", [])) == 1:
            text = request.query["key"]
        key = self._keys.find(text) if text else None
        if key is not None and not header and key.kind is not KeyKind.BROWSER:
            key = None  # a secret in a URL ends in somebody's log
        if key is None:
            network = self._network(request)
            if wait := self._refused_keys.wait_seconds(network, 1, self._seconds()):
                raise _Answer(
                    429, Problem("Authorization", "too many unknown keys", "wait"), retry_after=wait
                )
            fix = "Authorization: Bearer KEY, a key of `headwater keys create`"
            raise _Answer(401, Problem("Authorization", "no key that is active", fix))
        return key

    def _check_origin(self, request: web.Request, key: Key) -> None:
        """A page elsewhere may only use a browser key that lists it; what is no page sends no Origin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return
        if key.kind is not KeyKind.BROWSER or origin not in key.origins:
            raise _Answer(
                403, Problem("Origin", "an origin this key does not list", "a browser key made with --origin")
            )
        request[_ORIGIN] = origin

    def _charge_request(self, request: web.Request) -> None:
        """Anybody's requests are counted by network; a server's are counted by its key and its events."""
        if wait := self._requests.wait_seconds(self._network(request), 1, self._seconds()):
            fix = "fewer requests, more events in each"
            raise _Answer(429, Problem("the request", "too many requests", fix), retry_after=wait)

    def _charge(self, request: web.Request, key: Key, events: int) -> None:
        if key.kind is KeyKind.BROWSER:
            wait = self._browser_events.wait_seconds(
                f"{key.id} {self._network(request)}", events, self._seconds()
            )
        else:
            wait = self._server_events.wait_seconds(key.id, events, self._seconds())
        if wait:
            raise _Answer(
                429, Problem("the request", "too many events", "wait as Retry-After says"), retry_after=wait
            )

    async def _items(self, request: web.Request) -> list[object]:
        """The body -> parsed events; a line that is no JSON stays bytes, to be refused by its index."""
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in _JSON_TYPES and media_type not in _LINE_TYPES:
            raise _Answer(
                415, Problem("Content-Type", "another type", "application/json or application/x-ndjson")
            )
        body = await self._body(request)
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

    async def _body(self, request: web.Request) -> bytes:
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise _Answer(415, Problem("Content-Encoding", "another encoding", "gzip, or none"))
        too_large = _Answer(
            413,
            Problem("the body", "a body that is too large", f"at most {limits.BODY_BYTES} bytes inflated"),
        )
        if (request.content_length or 0) > limits.BODY_BYTES:
            raise too_large
        if self._bodies >= BODIES_AT_ONCE:
            raise self._unavailable()
        self._bodies += 1
        try:
            body = bytearray()
            async with asyncio.timeout(self._settings.body_seconds):
                async for piece in request.content.iter_any():
                    body += piece
                    if len(body) > limits.BODY_BYTES:
                        raise too_large
        except TimeoutError:
            fix = f"the whole body within {self._settings.body_seconds:.0f} seconds"
            raise _Answer(408, Problem("the body", "a body that came too slowly", fix)) from None
        except web.RequestPayloadError:
            raise _Answer(400, Problem("the body", "a body that ends too early", "the whole body")) from None
        finally:
            self._bodies -= 1
        if encoding == "identity":
            return bytes(body)
        try:
            return limits.inflated(bytes(body))
        except TooLarge:
            raise too_large from None
        except NotGzip:
            raise _Answer(
                400, Problem("Content-Encoding", "a body that is not gzip", "gzip, or no encoding")
            ) from None

    async def _judged(
        self, items: list[object], key: Key, now: datetime
    ) -> tuple[list[Admitted], list[Refusal]]:
        first = items[0].get("visitor_id") if isinstance(items[0], dict) else None
        visitor_id = first if isinstance(first, str) else None
        admitted: list[Admitted] = []
        refused: list[Refusal] = []
        for index, item in enumerate(items):
            if isinstance(item, bytes):
                one: Admitted | Refusal = refusal(index, item, [_not_json(item)], Reason.NOT_JSON)
            else:
                one = admit(index, item, key=key, pseudonyms=self._pseudonyms, now=now, visitor_id=visitor_id)
            if isinstance(one, Admitted):
                admitted.append(one)
            else:
                refused.append(one)
            if index % _EVENTS_A_TURN == _EVENTS_A_TURN - 1:
                await asyncio.sleep(0)  # other requests have their turn
        return admitted, refused

    def _parted(self, admitted: list[Admitted]) -> tuple[list[Admitted], list[Admitted]]:
        """Admitted events -> those to append and those acknowledged before, body for body.

        Best effort: the log drops what slips through. The same id with another body is appended: which of the
        two stays is the log's to say.
        """
        fresh: list[Admitted] = []
        repeated: list[Admitted] = []
        here: dict[tuple[str, str], bytes] = {}
        for one in admitted:
            name = (one.site, one.event_id)
            if one.digest in (here.get(name), self._acknowledged.get(name)):
                repeated.append(one)
            else:
                here[name] = one.digest
                fresh.append(one)
        return fresh, repeated

    def _remember(self, one: Admitted) -> None:
        name = (one.site, one.event_id)
        self._acknowledged[name] = one.digest
        self._acknowledged.move_to_end(name)
        if len(self._acknowledged) > REMEMBERED:
            self._acknowledged.popitem(last=False)

    async def _append(self, records: list[Record]) -> None:
        if not self._producer.has_room(len(records), sum(len(record.value) for record in records)):
            raise self._unavailable()
        try:
            await self._producer.append(records)
        except NotAcknowledged:
            self._counts["events", 'outcome="unacknowledged"'] += len(records)
            raise self._unavailable() from None

    def _count_events(self, **counts: int) -> None:
        for outcome, count in counts.items():
            self._counts["events", f'outcome="{outcome}"'] += count

    def _unavailable(self) -> _Answer:
        return _Answer(
            503,
            Problem("the request", "the log did not confirm", "send the same events again later"),
            retry_after=2,
        )

    def _network(self, request: web.Request) -> str:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return limits.client_network(request.remote or "", forwarded, self._settings.trusted_proxies)

    @staticmethod
    def _seconds() -> float:
        return asyncio.get_running_loop().time()


class _Full(asyncio.Protocol):
    """A connection too many: closed before it says anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def serve(settings: CollectorSettings, *, clock: Callable[[], datetime]) -> None:
    """Settings and the clock -> a running collector, until SIGTERM or SIGINT."""
    collector = Collector(settings, clock=clock)
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, told_to_stop.set)
    await collector.start()
    _log.info("collector listens on %s port %d", settings.host, collector.port)
    try:
        await told_to_stop.wait()
    finally:
        await collector.stop()
    _log.info("collector stopped")


def _outcome(fresh: list[Admitted], repeated: list[Admitted], refused: list[Refusal]) -> web.Response:
    status = 202
    if not fresh and not repeated:
        status = 403 if all(one.out_of_scope for one in refused) else 400
    return _json(
        status,
        {
            "accepted": [one.event_id for one in fresh],
            "duplicate": [one.event_id for one in repeated],
            "rejected": [
                {"index": one.index, "event_id": one.event_id, "problems": [_told(p) for p in one.problems]}
                for one in refused
            ],
        },
    )


def _problem_answer(answer: _Answer) -> web.Response:
    rejected = {"index": None, "event_id": None, "problems": [_told(answer.problem)]}
    headers = {}
    if answer.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if answer.retry_after is not None:
        headers["Retry-After"] = _retry_after(answer.retry_after)
    return _json(answer.status, {"accepted": [], "duplicate": [], "rejected": [rejected]}, headers)


def _told(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "found": problem.found, "fix": problem.fix}


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(content), status=status, content_type="application/json", headers=headers or {}
    )


def _retry_after(seconds: float) -> str:
    return str(max(1, round(seconds * random.uniform(0.75, 1.5))))  # spreads retries


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line


def _not_json(content: bytes) -> Problem:
    place = ""
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        place = f" at line {error.lineno}, column {error.colno}"
    return Problem("the body", f"what is not JSON in UTF-8{place}", "one event, a JSON array, or NDJSON")


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"


def utc_now() -> datetime:
    """The real clock of the door, in UTC."""
    return datetime.now(UTC)

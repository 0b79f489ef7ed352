"""The HTTP server in front of every door: what it listens on, what all answers have in common, and its own pages."""

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from schemas.problems import Problem
from streams.collectors import desk, events_door, hooks, limits, manage, reports_door, sign_in
from streams.collectors.answers import Answer, json_answer, problem_answer, retry_after
from streams.collectors.edge import ORIGIN, STOP_SECONDS, CollectorSettings, Edge, unavailable
from streams.collectors.metrics import PAGE_TYPE
from streams.collectors.openapi import Route, openapi
from streams.collectors.phone import numbers
from streams.collectors.qr import door as qr_door
from streams.collectors.web import door as web_door

DOORS: Final = (events_door, sign_in, qr_door, web_door, desk, hooks, numbers, manage, reports_door)
"""Every door: a module or package with `routes(edge)` and, if it wants to be described, `OPENAPI`."""

BACKLOG: Final = 1024
"""Connections that wait to be accepted: with fewer, a burst is reset in place of refused."""

ACCEPT_AGAIN_SECONDS: Final = 0.25

_FORCED: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Server": "headwater",
}
_UNLESS_SET: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-site",
}
_KNOWN_STATUS: Final = {404: "a path of /openapi.json", 405: "a method of /openapi.json"}
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Collector:
    """One running collector: the server, and the edge that its doors share."""

    def __init__(self, settings: CollectorSettings, *, clock: Callable[[], datetime]) -> None:
        """The settings and the clock; keys and secrets of the home are made when missing."""
        self._settings = settings
        self.edge = Edge(settings, clock=clock)
        self.app: web.Application | None = None
        self._runner: web.AppRunner | None = None
        self._listening: socket.socket | None = None
        self._greeted: set[asyncio.Task[Any]] = set()

    @property
    def port(self) -> int:
        """The port it listens on, also when 0 was asked for."""
        assert self._listening is not None
        return int(self._listening.getsockname()[1])

    def _application(self) -> web.Application:
        """Every door behind the one middleware."""
        app = web.Application(middlewares=[self._guarded], client_max_size=limits.BODY_BYTES)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)

        async def describe(request: web.Request) -> web.StreamResponse:
            return web.Response(body=described, content_type="application/json")

        app.router.add_get("/openapi.json", describe)
        for door in DOORS:
            app.router.add_routes(door.routes(self.edge))
        parts = [getattr(door, "OPENAPI", {}) for door in DOORS]
        described = orjson.dumps(openapi(parts, _routes_of(app)), option=orjson.OPT_INDENT_2)
        return app

    async def start(self) -> None:
        """Listens, whether or not the log can be reached."""
        self.app = self._application()
        self._runner = web.AppRunner(
            self.app,
            access_log=None,
            handle_signals=False,
            auto_decompress=False,
            keepalive_timeout=self._settings.idle_seconds,
            lingering_time=2.0,
            max_headers=64,
            shutdown_timeout=STOP_SECONDS,
        )
        await self._runner.setup()
        listening = socket.create_server(
            (self._settings.host, self._settings.port),
            family=socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET,
            backlog=BACKLOG,
        )
        listening.setblocking(False)
        self._listening = listening
        self._listen()
        await self.edge.start()

    def _listen(self) -> None:
        if self._listening is not None and not self.edge.stopping:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Every connection that waits -> accepted, one too many closed; uvloop's own server takes one a turn."""
        assert self._runner is not None and self._runner.server is not None and self._listening is not None
        loop, door = asyncio.get_running_loop(), self._runner.server
        for _ in range(BACKLOG):
            try:
                accepted, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no file descriptor is left: they wait a moment
                _log.error("connections cannot be accepted now: %s", error.strerror)
                loop.remove_reader(self._listening)
                loop.call_later(ACCEPT_AGAIN_SECONDS, self._listen)
                return
            if len(door.connections) + len(self._greeted) >= self._settings.connections:
                accepted.close()
                continue
            accepted.setblocking(False)
            greeting = loop.create_task(
                loop.connect_accepted_socket(lambda: _Connection(door, self.edge, loop), accepted)
            )
            self._greeted.add(greeting)
            greeting.add_done_callback(self._greeted.discard)

    async def stop(self) -> None:
        """Stops accepting, lets requests under way end, waits for the log, closes."""
        self.edge.stopping = True
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.edge.stop()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request -> an answer with the security headers; nothing that was sent reaches a log line."""
        began = asyncio.get_running_loop().time()
        try:
            if sum(len(name) + len(value) for name, value in request.raw_headers) > limits.HEADER_BYTES:
                fix = f"at most {limits.HEADER_BYTES} bytes of headers"
                raise Answer(431, Problem("the headers", "too much of them", fix))
            if request.method != "POST":
                self.edge.charge(request)
            response = await handler(request)
        except Answer as answer:
            response = problem_answer(answer)
        except web.HTTPException as error:
            response = _plain_answer(error)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug: told by type and place only
            _log.error("a request failed: %s at %s", type(error).__name__, _place_of(error))
            response = problem_answer(
                Answer(500, Problem("the request", "an error of the collector", "try again later"))
            )
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else "other"
        self.edge.counts.requests.labels(path, response.status).inc()
        self.edge.counts.seconds.labels(path).observe(asyncio.get_running_loop().time() - began)
        _protect(response)
        if (origin := request.get(ORIGIN)) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Vary"] = "Origin"
        return response

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return json_answer(200, {"status": "ok"})

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        if self.edge.stopping:
            return json_answer(503, {"status": "stopping"})
        log = "reachable" if self.edge.log_is_up else "away"
        if not self.edge.ready:
            return json_answer(
                503,
                {"status": "the log is away and the spool is full", "log": log},
                {"Retry-After": retry_after(2)},
            )
        return json_answer(200, {"status": "ready", "log": log})

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.edge.counts.page(), headers={"Content-Type": PAGE_TYPE})


class _Connection(web.RequestHandler):
    """A connection that refuses cheaply: events while too many are under way, and what is no HTTP without its words."""

    def __init__(self, door: web.Server, edge: Edge, loop: asyncio.AbstractEventLoop) -> None:
        """The server it belongs to and the edge that knows how much is under way."""
        super().__init__(door, loop=loop, **door._kwargs)
        handle = self._request_handler
        assert handle is not None

        async def unless_overloaded(request: web.BaseRequest) -> web.StreamResponse:
            if edge.overloaded and request.method == "POST" and request.raw_path.startswith(events_door.PATH):
                edge.counts.requests.labels(events_door.PATH, 503).inc()
                response = problem_answer(unavailable())
                _protect(response)
                return response
            return await handle(request)

        self._request_handler = unless_overloaded

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What the parser refused -> a problem, and the end of the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError
        fix = "a request as HTTP/1.1 has it"
        response = problem_answer(Answer(status, Problem("the request", "what is no HTTP", fix)))
        _protect(response)
        response.force_close()
        return response


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


def _protect(response: web.StreamResponse) -> None:
    """The headers that every answer carries."""
    response.headers.update(_FORCED)
    for name, value in _UNLESS_SET.items():
        response.headers.setdefault(name, value)


def _routes_of(app: web.Application) -> list[Route]:
    """Every route that a page or program may ask for, with the first line of its handler."""
    return [
        Route(route.method, route.resource.canonical, (route.handler.__doc__ or "").partition("\n")[0])
        for route in app.router.routes()
        if route.resource is not None and route.method not in ("HEAD", "OPTIONS", "*")
    ]


def _plain_answer(error: web.HTTPException) -> web.Response:
    """aiohttp's own end of a request -> a redirect as it is, any other with a problem in place of its text."""
    if error.status < 400:
        return web.Response(status=error.status, headers={"Location": error.headers.get("Location", "/")})
    fix = _KNOWN_STATUS.get(error.status, "a request as /openapi.json describes it")
    response = problem_answer(Answer(error.status, Problem("the request", f"HTTP {error.status}", fix)))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"


def utc_now() -> datetime:
    """The real clock of the door, in UTC."""
    return datetime.now(UTC)

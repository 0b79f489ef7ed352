"""An HTTP proxy before the ClickHouse front that lets through what it is told to and keeps the rest waiting."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import lz4.frame
from aiohttp import web

Rule = Callable[["Request"], bool]


class Request:
    """One request to ClickHouse: its statement, and its rows if it is an insert."""

    def __init__(self, query: str, body: bytes) -> None:
        said = query or body.decode("utf-8", "replace")
        self.statement = said.strip()
        self.body = body

    @property
    def table(self) -> str:
        """The table it inserts into, "" for none."""
        words = self.statement.replace("`", "").replace("(", " ").split()
        if words[:2] != ["INSERT", "INTO"]:
            return ""
        return words[2].removeprefix("headwater.")

    def says_done(self) -> bool:
        """Whether it marks steps as done."""
        return self.table == "step_rows" and b'"done":[1' in self.body


class Proxy:
    """Passes requests on as long as `holds` is false for them; what it holds waits to be let go, late, or dropped."""

    def __init__(self, url: str) -> None:
        self.holds: Rule = lambda _: False
        self.held = 0
        self._kept: list[asyncio.Future[bool]] = []
        self.passed: list[str] = []
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def let_go(self) -> None:
        """Do now what was held."""
        self._loop.call_soon_threadsafe(self._decide, True)

    def drop(self) -> None:
        """Never do what was held."""
        self._loop.call_soon_threadsafe(self._decide, False)

    def _decide(self, done: bool) -> None:
        kept, self._kept = self._kept, []
        for one in kept:
            one.set_result(done)

    def __exit__(self, *_: object) -> None:
        self.drop()
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        self._ended = asyncio.Event()
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(app, auto_decompress=False, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server: Any = site._server
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._ended.wait()
            await runner.cleanup()

    async def _pass(self, asked: web.Request) -> web.StreamResponse:
        body = await asked.read()
        plain = (
            lz4.frame.decompress(body) if asked.headers.get("Content-Encoding") == "lz4" and body else body
        )
        request = Request(asked.query.get("query", ""), plain)
        if self.holds(request):
            verdict = self._loop.create_future()
            self._kept.append(verdict)
            self.held += 1
            if not await verdict:
                return web.Response(status=500)
        headers = {k: v for k, v in asked.headers.items() if k.lower() not in ("host", "content-length")}
        async with self._session.request(
            asked.method, f"{self._url}{asked.rel_url}", data=body, headers=headers
        ) as answer:
            content = await answer.read()
            kept = {
                k: v
                for k, v in answer.headers.items()
                if k.lower() not in ("transfer-encoding", "content-length")
            }
            self.passed.append(request.table)
            return web.Response(status=answer.status, body=content, headers=kept)

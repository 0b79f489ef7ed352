"""What every door shares: keys, limits and pseudonyms in front, the log or the spool behind.

A door is a module with `routes(edge)`; it reads what came, turns it into events and hands them to `take`, which
returns once every accepted one is safe.
"""

import asyncio
import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from schemas.catalog import CatalogEntry
from schemas.problems import Problem
from schemas.reading import Reason
from schemas.topics import DEAD_LETTERS, EVENTS
from streams.collectors import limits
from streams.collectors.admission import Admitted, Refusal, admit, dead_letter, refusal
from streams.collectors.answers import Answer
from streams.collectors.bots import Bot
from streams.collectors.definitions import Definitions
from streams.collectors.delivery import Delivery, NotDelivered
from streams.collectors.entries import EntriesRefused, admit_entries
from streams.collectors.keys import ANY, Key, KeyKind, KeyRing
from streams.collectors.limits import Buckets, NotGzip, Rate, TooLarge
from streams.collectors.metrics import Metrics
from streams.collectors.phone.ringing import RingingCalls
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import LogProducer, NotAcknowledged, ProducerSettings, Record
from streams.collectors.spool import Spool, SpoolSettings
from streams.collectors.store import Store, StoreSettings
from streams.collectors.unrecorded_scans import UnrecordedScans

STOP_SECONDS: Final = 10.0
KEPT_EVERY_SECONDS: Final = 1.0
BODIES_AT_ONCE: Final = 128
EVENTS_UNDER_WAY: Final = 2_000
"""Events of keys being judged and delivered at once; of one key half of them, so that a loud one leaves room for
others. Doors of ours may take as many again: telephones and pages do not wait behind somebody's import."""

REMEMBERED: Final = 100_000
REQUESTS_A_NETWORK: Final = Rate(per_second=200, burst=2_000)
REFUSED_KEYS_A_NETWORK: Final = Rate(per_second=2, burst=60)
EVENTS_A_SERVER_KEY: Final = Rate(per_second=20_000, burst=200_000)
EVENTS_A_BROWSER_KEY: Final = Rate(per_second=1_000, burst=10_000)
ORIGIN: Final = web.RequestKey("origin", str)
"""The origin that a request was allowed for; the middleware names it in the answer."""

LARGE_LOTS_AT_ONCE: Final = 2
"""Lots that are judged turn by turn at once: between two turns of one, everybody else waits for the others' turns."""

_OWN: Final = "door-"
_EVENTS_A_TURN: Final = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CollectorSettings:
    """What one collector needs to know; without `store` the pages say that they know nothing of the past."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 18080
    public_url: str = ""
    producer: ProducerSettings = field(default_factory=ProducerSettings)
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    store: StoreSettings | None = None
    trusted_proxies: frozenset[str] = frozenset()
    requests_a_network: Rate = REQUESTS_A_NETWORK
    refused_keys_a_network: Rate = REFUSED_KEYS_A_NETWORK
    events_a_server_key: Rate = EVENTS_A_SERVER_KEY
    events_a_browser_key: Rate = EVENTS_A_BROWSER_KEY
    body_seconds: float = 30.0
    idle_seconds: float = 15.0
    connections: int = 1000


@dataclass(frozen=True)
class Taken:
    """What became of bodies: ids accepted now and known before, every refusal, and where the accepted ones are."""

    accepted: list[str]
    duplicate: list[str]
    rejected: list[Refusal]
    durability: Literal["log", "spool"]


class Edge:
    """One collector's share in every request; made before its doors and started with it."""

    def __init__(self, settings: CollectorSettings, *, clock: Callable[[], datetime]) -> None:
        """The settings and the clock (UTC); keys and secrets of the home are made when missing."""
        self.settings = settings
        self.clock = clock
        self.keys = KeyRing(settings.home)
        self.pseudonyms = Pseudonyms(settings.home)
        self.definitions = Definitions(settings.home)
        self.store = Store(settings.store) if settings.store is not None else None
        self.ringing = RingingCalls()
        self.counts = Metrics()
        self.metrics = self.counts.registry
        self._unrecorded = UnrecordedScans(settings.home, self.metrics)
        self.stopping = False
        self._producer = LogProducer(settings.producer)
        self._spool = Spool(settings.home / "collector" / "spool", settings.spool, clock=clock)
        self._delivery = Delivery(self._producer, self._spool)
        self._requests = Buckets(settings.requests_a_network)
        self._refused_keys = Buckets(settings.refused_keys_a_network)
        self._server_events = Buckets(settings.events_a_server_key)
        self._browser_events = Buckets(settings.events_a_browser_key)
        self._acknowledged: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bodies = 0
        self._under_way: Counter[str] = Counter()
        self._all_under_way = 0
        self._large_lots = asyncio.Semaphore(LARGE_LOTS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._works: list[Coroutine[Any, Any, None]] = []
        for name, told, read in (
            (
                "in_flight_records",
                "Records handed to the log and not settled",
                lambda: self._producer.in_flight[0],
            ),
            (
                "in_flight_bytes",
                "Bytes handed to the log and not settled",
                lambda: self._producer.in_flight[1],
            ),
            ("log_up", "Whether the log can be reached", lambda: self._delivery.log_is_up),
            ("bodies_being_read", "Bodies being read", lambda: self._bodies),
            ("events_under_way", "Events being judged and delivered", lambda: self._all_under_way),
            ("spool_records", "Records that wait in the spool", lambda: self._spool.held.records),
            ("spool_bytes", "Bytes of the spool on disk", lambda: self._spool.held.bytes),
            ("spool_oldest_seconds", "Age of the oldest record in the spool", self._oldest_seconds),
            ("spool_open", "Whether the spool could take a lot", lambda: self._spool.has_room),
            (
                "spool_damaged_bytes",
                "Bytes of the spool that were passed over",
                lambda: self._spool.damaged_bytes,
            ),
        ):
            self.counts.gauge(name, told, read)

    # ---- life ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Looks for the log and the spool, and begins what runs beside requests."""
        await self._delivery.start()
        for work in (self.definitions.follow(self.settings.producer), self._keep_counts(), *self._works):
            self._begin(work)
        self._works.clear()

    async def stop(self) -> None:
        """Ends what runs beside requests, waits for what is in flight, closes."""
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._delivery.stop(STOP_SECONDS)
        await self._producer.stop(STOP_SECONDS if self.log_is_up else 0.5)  # else the spool has it all
        await self.definitions.keep()
        await self._unrecorded.keep()
        if self.store is not None:
            await self.store.stop()

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Work of a door that runs as long as the collector does; cancelled when it stops."""
        self._works.append(work)

    @property
    def log_is_up(self) -> bool:
        """Whether the log answers; definitions need it."""
        return self._delivery.log_is_up

    @property
    def ready(self) -> bool:
        """Whether an event could be made safe now."""
        return not self.stopping and self._delivery.open

    async def _keep_counts(self) -> None:
        while True:
            await asyncio.sleep(KEPT_EVERY_SECONDS)
            await self._unrecorded.keep()

    def _oldest_seconds(self) -> float:
        oldest = self._spool.held.oldest
        return max(0.0, (self.clock() - oldest).total_seconds()) if oldest is not None else 0.0

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            if not done.cancelled() and (error := done.exception()) is not None:
                _log.error("work beside the doors ended: %s", type(error).__name__)

        task.add_done_callback(ended)

    # ---- in front --------------------------------------------------------------------------------------------

    def authenticated(self, request: web.Request) -> Key:
        """A request -> the key it presents (a browser's also as ?key=); Answer 401, or 429 after too many misses."""
        header = request.headers.getall("Authorization", [])
        text = ""
        if len(header) == 1:
            scheme, _, token = header[0].partition(" ")
            text = token.strip() if scheme.lower() == "bearer" else ""
        elif not header and len(request.query.getall("key", [])) == 1:
            text = request.query["key"]
        key = self.keys.find(text) if text else None
        if key is not None and not header and key.kind is not KeyKind.BROWSER:
            key = None  # a secret in a URL ends in somebody's log
        if key is None:
            self.charge_miss(request)
            fix = "Authorization: Bearer KEY, a key of `headwater keys create`"
            raise Answer(401, Problem("Authorization", "no key that is active", fix))
        return key

    def charge_miss(self, request: web.Request) -> None:
        """A secret that was wrong -> counted by network; Answer 429 after too many."""
        if wait := self._refused_keys.wait_seconds(self.network(request), 1, _seconds()):
            raise Answer(429, Problem("Authorization", "too many unknown keys", "wait"), retry_after=wait)

    def check_origin(self, request: web.Request, key: Key) -> None:
        """A page elsewhere may only use a browser key that lists it; what is no page sends no Origin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return
        if key.kind is not KeyKind.BROWSER or origin not in key.origins:
            raise Answer(
                403, Problem("Origin", "an origin this key does not list", "a browser key made with --origin")
            )
        request[ORIGIN] = origin

    async def preflight(self, request: web.Request) -> web.Response:
        """OPTIONS of a page elsewhere -> 204 for an origin that any active browser key lists, else Answer 403."""
        origin = request.headers.get("Origin", "")
        if not self.keys.allows_origin(origin):
            raise Answer(
                403, Problem("Origin", "an origin of no key", "list it with `headwater keys create --origin`")
            )
        request[ORIGIN] = origin
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "authorization, content-type, content-encoding",
                "Access-Control-Max-Age": "600",
            },
        )

    def charge(self, request: web.Request) -> None:
        """Anybody's request -> counted by network; Answer 429. The middleware does it for all but POST."""
        if wait := self._requests.wait_seconds(self.network(request), 1, _seconds()):
            fix = "fewer requests, more events in each"
            raise Answer(429, Problem("the request", "too many requests", fix), retry_after=wait)

    def charge_events(self, request: web.Request, key: Key, events: int) -> None:
        """A lot of events -> counted by key, a browser key's by network too; Answer 429."""
        if key.kind is KeyKind.BROWSER:
            wait = self._browser_events.wait_seconds(f"{key.id} {self.network(request)}", events, _seconds())
        else:
            wait = self._server_events.wait_seconds(key.id, events, _seconds())
        if wait:
            raise Answer(
                429, Problem("the request", "too many events", "wait as Retry-After says"), retry_after=wait
            )

    def network(self, request: web.Request) -> str:
        """A request -> whom to count: an IPv4 address or an IPv6 /64, never to be written anywhere."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return limits.client_network(request.remote or "", forwarded, self.settings.trusted_proxies)

    def require_ready(self, key: Key | None = None) -> None:
        """Answer 503 when nothing could be made safe now, or too much is under way: asked before a body is read.

        Without a key a door of ours asks, for which there is room that no key can take.
        """
        if key is None:
            full = self._all_under_way >= 2 * EVENTS_UNDER_WAY
        else:
            full = self.overloaded or self._under_way[key.id] >= EVENTS_UNDER_WAY // 2
        if not self.ready or full:
            raise unavailable()

    @property
    def overloaded(self) -> bool:
        """Whether as much is under way as may be: what keys send is refused before anything is looked at."""
        return self._all_under_way >= EVENTS_UNDER_WAY

    async def body(self, request: web.Request) -> bytes:
        """A request -> its body, inflated and within the limits; Answer 400, 408, 413, 415 or 503."""
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise Answer(415, Problem("Content-Encoding", "another encoding", "gzip, or none"))
        too_large = Answer(
            413,
            Problem("the body", "a body that is too large", f"at most {limits.BODY_BYTES} bytes inflated"),
        )
        if (request.content_length or 0) > limits.BODY_BYTES:
            raise too_large
        if self._bodies >= BODIES_AT_ONCE:
            raise unavailable()
        self._bodies += 1
        try:
            body = bytearray()
            if request.content.is_eof() and request.content.exception() is None:  # it is here already
                body += request.content.read_nowait()
            else:
                async with asyncio.timeout(self.settings.body_seconds):
                    async for piece in request.content.iter_any():
                        body += piece
                        if len(body) > limits.BODY_BYTES:
                            raise too_large
            if len(body) > limits.BODY_BYTES:
                raise too_large
        except TimeoutError:
            fix = f"the whole body within {self.settings.body_seconds:.0f} seconds"
            raise Answer(408, Problem("the body", "a body that came too slowly", fix)) from None
        except web.RequestPayloadError:
            raise Answer(400, Problem("the body", "a body that ends too early", "the whole body")) from None
        finally:
            self._bodies -= 1
        if encoding == "identity":
            return bytes(body)
        try:
            return limits.inflated(bytes(body))
        except TooLarge:
            raise too_large from None
        except NotGzip:
            raise Answer(
                400, Problem("Content-Encoding", "a body that is not gzip", "gzip, or no encoding")
            ) from None

    async def json(self, request: web.Request) -> dict[str, Any]:
        """A request -> the one JSON object that is its body, within the limits; application/json only."""
        if request.content_type != "application/json":
            raise Answer(415, Problem("Content-Type", "another type", "application/json"))
        try:
            parsed = orjson.loads(await self.body(request))
        except orjson.JSONDecodeError:
            raise Answer(400, Problem("the body", "what is not JSON in UTF-8", "one JSON object")) from None
        if not isinstance(parsed, dict):
            raise Answer(400, Problem("the body", "no JSON object", "one JSON object"))
        if (over := limits.excess(parsed)) is not None:
            raise Answer(400, Problem(*over))
        return parsed

    # ---- behind ----------------------------------------------------------------------------------------------

    @staticmethod
    def door_key(name: str, site: str) -> Key:
        """A door of ours and a site -> the key it speaks with: a server's, for that site, every type."""
        return Key(
            id=f"{_OWN}{name}",
            kind=KeyKind.SERVER,
            digest="",
            sites=(site,),
            types=(ANY,),
            origins=(),
            label=name,
            created_at="",
        )

    async def take(
        self,
        bodies: Sequence[object],
        *,
        key: Key,
        visitor_id: str | None = None,
        spool_first: bool = False,
        bot: Bot | None = None,
    ) -> Taken:
        """Events as they came -> what became of each, once all accepted ones are safe; Answer 503 when they are not.

        A body that is still bytes was no JSON. `visitor_id` is the one visitor to whom a browser's events are
        held; None for servers. `bot` says that a program sent them. `spool_first` does not wait for the log: the
        spool is a matter of milliseconds.
        """
        count = len(bodies)
        most = 2 * EVENTS_UNDER_WAY if key.id.startswith(_OWN) else EVENTS_UNDER_WAY
        if self._all_under_way and self._all_under_way + count > most:
            raise unavailable()
        self._under_way[key.id] += count
        self._all_under_way += count
        try:
            return await self._take(bodies, key, visitor_id, spool_first, bot)
        finally:
            self._all_under_way -= count
            self._under_way[key.id] -= count
            if not self._under_way[key.id]:
                del self._under_way[key.id]

    async def _take(
        self, bodies: Sequence[object], key: Key, visitor_id: str | None, spool_first: bool, bot: Bot | None
    ) -> Taken:
        now = self.clock()
        self.pseudonyms.refresh()
        admitted, refused = await self._judged(bodies, key, now, visitor_id, bot)
        fresh, repeated = self._parted(admitted)
        door = key.label if key.id.startswith(_OWN) else "http"
        letters = [
            Record(DEAD_LETTERS.name, (one.site or "").encode("ascii"), dead_letter(one, now, door=door))
            for one in refused
        ]
        records = [Record(EVENTS.name, one.site.encode("utf-8"), one.value) for one in fresh]
        durability: Literal["log", "spool"] = "log"
        if records or letters:
            try:
                durability = await self._delivery.deliver(records + letters, spool_first=spool_first)
            except NotDelivered:
                self.counts.events.labels("unacknowledged").inc(len(records) + len(letters))
                raise unavailable() from None
        for one in fresh:
            self._remember(one)
        for outcome, count in (
            ("accepted", len(fresh)),
            ("duplicate", len(repeated)),
            ("rejected", len(refused)),
            ("spooled", len(fresh) if durability == "spool" else 0),
        ):
            self.counts.events.labels(outcome).inc(count)
        accepted, duplicate = [one.event_id for one in fresh], [one.event_id for one in repeated]
        return Taken(accepted, duplicate, refused, durability)

    async def refuse(self, refusals: Sequence[Refusal], door: str) -> None:
        """What a door refused before it was an event -> dead letters of that door; Answer 503 when not recorded."""
        now = self.clock()
        letters = [
            Record(DEAD_LETTERS.name, (one.site or "").encode("ascii"), dead_letter(one, now, door=door))
            for one in refusals
        ]
        try:
            await self._delivery.deliver(letters)
        except NotDelivered:
            raise unavailable() from None
        self.counts.events.labels("rejected").inc(len(letters))

    def scan_unrecorded(self, site: str, code: str) -> None:
        """A scan that was led on although nothing could record it -> counted, for its code, for good."""
        self._unrecorded.add(site, code)

    async def define(self, bodies: Sequence[object]) -> list[CatalogEntry]:
        """Entries as an operator wrote them -> the entries, in the log and visible here; all of them or none.

        Raises EntriesRefused, and Answer 503 when the log did not confirm: definitions are never spooled.
        """
        self.pseudonyms.refresh()
        entries = admit_entries(bodies, self.pseudonyms, now=self.clock())
        taken = []
        for place, entry in enumerate(entries, start=1):
            owner = self.definitions.code(entry.id) if entry.kind == "qr_code" else None
            if owner is not None and owner[0] != entry.site:
                found = Problem(
                    "id", "a code that another site has", "another code: `headwater qr create` makes one"
                )
                taken.append((f"entry {place} (qr_code)", found))
        if taken:
            raise EntriesRefused(taken)
        if self.stopping or not self._delivery.log_is_up:
            raise unavailable()
        try:
            await self._producer.append_entries(entries)
        except NotAcknowledged:
            raise unavailable() from None
        self.definitions.learn(entries)
        return entries

    async def _judged(
        self, bodies: Sequence[object], key: Key, now: datetime, visitor_id: str | None, bot: Bot | None
    ) -> tuple[list[Admitted], list[Refusal]]:
        if len(bodies) <= _EVENTS_A_TURN:
            return await self._judged_in_turns(bodies, key, now, visitor_id, bot)
        async with self._large_lots:
            return await self._judged_in_turns(bodies, key, now, visitor_id, bot)

    async def _judged_in_turns(
        self, bodies: Sequence[object], key: Key, now: datetime, visitor_id: str | None, bot: Bot | None
    ) -> tuple[list[Admitted], list[Refusal]]:
        admitted: list[Admitted] = []
        refused: list[Refusal] = []
        for index, body in enumerate(bodies):
            if isinstance(body, bytes):
                one: Admitted | Refusal = refusal(index, body, [not_json(body)], Reason.NOT_JSON)
            else:
                one = admit(
                    index,
                    body,
                    key=key,
                    pseudonyms=self.pseudonyms,
                    now=now,
                    visitor_id=visitor_id,
                    bot=bot,
                )
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


def unavailable() -> Answer:
    """The Answer 503 of a door that cannot make anything safe."""
    return Answer(
        503,
        Problem("the request", "the log did not confirm", "send the same events again later"),
        retry_after=2,
    )


def not_json(content: bytes) -> Problem:
    """Bytes that are no JSON -> where they stop being it."""
    place = ""
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        place = f" at line {error.lineno}, column {error.colno}"
    return Problem("the body", f"what is not JSON in UTF-8{place}", "one event, a JSON array, or NDJSON")


def _seconds() -> float:
    return asyncio.get_running_loop().time()

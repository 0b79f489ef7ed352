"""`POST /v1/number`: a number of the site's pool for a visitor's page, so that a call on it is that visitor's.

A visitor keeps a number for 30 minutes after each heartbeat and gets the same one again while nobody else has it;
the number longest unseen is given next, as late calls still come in on it. Who has which number outlives a restart.
When the pool is exhausted the page shows the pool's fallback number, else its own. `number_shown` is written here,
once a heartbeat.
"""

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson
import phonenumbers
from aiohttp import web
from prometheus_client import Counter

from schemas.catalog import SiteEntry, TrackingNumberEntry
from schemas.problems import Problem
from streams.collectors import bots
from streams.collectors.answers import Answer, json_answer
from streams.collectors.definitions import Definitions
from streams.collectors.edge import Edge
from streams.collectors.keys import Key, KeyKind
from streams.collectors.phone.kept import Kept, Shown

PATH: Final = "/v1/number"
SHOWN: Final = timedelta(minutes=30)
HEARTBEAT: Final = timedelta(minutes=5)
AGAIN: Final = timedelta(seconds=60)
"""Asked again within this time, a visitor gets the same answer and nothing is written."""

LEAST_A_NETWORK: Final = 3
_REMEMBERED: Final = 20_000
_log = logging.getLogger(__name__)
_VISITOR_CHARACTERS: Final = 128
_TYPES: Final = frozenset({"application/json", "text/plain", "", "application/octet-stream"})


@dataclass(frozen=True)
class Given:
    """What a page is to show: a number and whose it is, or none; `news` when the visitor sees it anew.

    `exhausted` is the pool that had no number left, "" for any pool.
    """

    number: str | None
    source: Literal["pool", "fallback", "none"]
    exhausted: str | None = None
    news: bool = False


class NumberPool:
    """The numbers of every site and who sees them."""

    def __init__(self, definitions: Definitions, kept: Kept) -> None:
        """The catalog as the doors know it, and what outlives a restart."""
        self._definitions = definitions
        self._kept = kept
        self._networks: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._others: OrderedDict[tuple[str, bytes], tuple[str, datetime]] = OrderedDict()
        self._unsaid: set[tuple[str, bytes]] = set()

    def give(self, site: str, visitor_id: str, pool: str, network: str, *, now: datetime) -> Given:
        """A visitor of a site and the pool asked for ("": any) -> the number to show.

        One network may hold half of a pool, at least three numbers: the key in the page is public.
        """
        numbers, fallback, named = self._numbers(site, pool, now)
        visitor = self._kept.named(site, "visitor", visitor_id)
        for _ in range(len(numbers) + 1):
            shown = self._kept.shown(site, numbers)
            mine = [number for number in numbers if number in shown and shown[number].visitor == visitor]
            number = max(mine, key=lambda one: shown[one].at) if mine else None
            if number is None:
                number = self._free(site, numbers, shown, network, now)
            if number is None:
                break
            before = shown.get(number)
            told = before is not None and before.visitor == visitor and now - before.at < AGAIN
            if told and (site, visitor) not in self._unsaid:
                return Given(number, "pool")
            if told or self._kept.show(site, number, visitor, now, before=before):
                self._remember_network(site, number, network)
                self._unsaid.add((site, visitor))
                return Given(number, "pool", news=True)
        exhausted = (pool if named else "") if numbers else None
        if fallback is None:
            return Given(None, "none", exhausted)
        seen = self._others.get((site, visitor))
        if seen is not None and seen[0] == fallback and timedelta() <= now - seen[1] < AGAIN:
            return Given(fallback, "fallback", exhausted)
        return Given(fallback, "fallback", exhausted, news=True)

    def said(self, site: str, visitor_id: str, given: Given, *, now: datetime) -> None:
        """That a visitor sees a number is safe in the log: nothing is said again before the next heartbeat."""
        visitor = self._kept.named(site, "visitor", visitor_id)
        self._unsaid.discard((site, visitor))
        if given.source == "fallback" and given.number is not None:
            self._others[site, visitor] = (given.number, now)
            self._others.move_to_end((site, visitor))
            if len(self._others) > _REMEMBERED:
                self._others.popitem(last=False)

    def _numbers(self, site: str, pool: str, now: datetime) -> tuple[list[str], str | None, bool]:
        """A site and a pool -> its numbers today, the one shown when all are taken, whether the pool is a known one."""
        entry = self._definitions.entry(site, "site", site)
        zone = entry.time_zone if isinstance(entry, SiteEntry) else None
        today = now.astimezone(ZoneInfo(zone or "Asia/Seoul")).date()
        numbers: list[str] = []
        fallbacks: list[tuple[bool, str]] = []
        named = False
        for defined in self._definitions.entries(site, "tracking_number"):
            if not isinstance(defined, TrackingNumberEntry):
                continue
            today_is = next((one for one in defined.assignments or () if one.covers(today)), None)
            if today_is is None:
                continue
            if _serves(today_is.pool, pool):
                numbers.append(defined.id)
                named = named or today_is.pool == pool
            elif _serves(today_is.fallback, pool):
                fallbacks.append((today_is.fallback is True, defined.id))
        return numbers, min(fallbacks)[1] if fallbacks else None, named

    def _free(
        self, site: str, numbers: Sequence[str], shown: Mapping[str, Shown], network: str, now: datetime
    ) -> str | None:
        taken = {number for number, one in shown.items() if now - one.at < SHOWN}
        held = sum(self._networks.get((site, number)) == network for number in taken)
        if held >= max(LEAST_A_NETWORK, len(numbers) // 2):
            return None
        free = [number for number in numbers if number not in taken]
        return min(
            free, key=lambda one: (shown[one].at.timestamp() if one in shown else 0.0, one), default=None
        )

    def _remember_network(self, site: str, number: str, network: str) -> None:
        """In memory only: an address is never written."""
        self._networks[site, number] = network
        self._networks.move_to_end((site, number))
        if len(self._networks) > _REMEMBERED:
            self._networks.popitem(last=False)


def _serves(said: bool | str | None, pool: str) -> bool:
    return bool(said) and (not pool or said is True or said == pool)


def routes(edge: Edge) -> list[web.RouteDef]:
    """The edge -> the door's routes."""
    kept = Kept(edge.settings.home)
    pool = NumberPool(edge.definitions, kept)
    given_out = Counter(
        "headwater_collector_numbers_given",
        "Numbers for pages, by what they were",
        ["site", "source"],
        registry=edge.metrics,
    )
    exhausted = Counter(
        "headwater_collector_numbers_exhausted",
        "Visitors for whom the site's pool had no number left",
        ["site", "pool"],
        registry=edge.metrics,
    )

    async def number(request: web.Request) -> web.StreamResponse:
        """Give a page the telephone number that its visitor is to see."""
        key = edge.authenticated(request)
        edge.check_origin(request, key)
        edge.charge(request)
        if not key.covers_type("number_shown"):
            raise Answer(403, Problem("the key", "one that may not say number_shown", "a key with that type"))
        site, visitor_id, wanted = await _asked(edge, request, key)
        bot = bots.judged(request.method, request.headers)
        if bot is not None:
            given_out.labels(site, "bot").inc()
            return _answer(Given(None, "none"))  # a program gets no number that a person could have had
        now = edge.clock()
        try:
            given = pool.give(site, visitor_id, wanted, edge.network(request), now=now)
        except sqlite3.Error as away:
            _log.error("who sees which number cannot be kept: %s", type(away).__name__)
            given = Given(None, "none")
        given_out.labels(site, given.source).inc()
        if given.exhausted is not None:
            exhausted.labels(site, given.exhausted).inc()
        if given.news and given.number is not None:
            edge.charge_events(request, key, 1)
            await edge.take([_shown(site, visitor_id, given.number, now)], key=key, visitor_id=visitor_id)
            pool.said(site, visitor_id, given, now=now)
        if given.source == "pool" and given.number is not None:
            edge.ringing.sees(site, given.number, visitor_id, now=now)
        return _answer(given)

    async def close_at_the_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            kept.close()

    edge.beside(close_at_the_end())
    return [web.post(PATH, number), web.options(PATH, edge.preflight)]


async def _asked(edge: Edge, request: web.Request, key: Key) -> tuple[str, str, str]:
    """A request and its key -> site, visitor and the pool asked for."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise Answer(415, Problem("Content-Type", "another type", "application/json or text/plain"))
    try:
        asked = orjson.loads(await edge.body(request))
    except orjson.JSONDecodeError:
        raise Answer(400, Problem("the body", "what is not JSON in UTF-8", "one JSON object")) from None
    if not isinstance(asked, dict):
        raise Answer(400, Problem("the body", "no JSON object", "one JSON object"))
    site = asked.get("site", key.sites[0] if key.kind is KeyKind.BROWSER else None)
    visitor_id, pool = asked.get("visitor_id"), asked.get("pool") or ""
    if not isinstance(site, str) or not key.covers_site(site):
        raise Answer(403, Problem("site", "another site", f"a site of this key: {', '.join(key.sites)}"))
    if not isinstance(visitor_id, str) or not 0 < len(visitor_id) <= _VISITOR_CHARACTERS:
        fix = (
            f"the visitor's id, 1 to {_VISITOR_CHARACTERS} characters: without consent no number is asked for"
        )
        raise Answer(400, Problem("visitor_id", "nothing that is one", fix))
    if not isinstance(pool, str):
        raise Answer(400, Problem("pool", "no text", "the name of a pool in the catalog, or nothing"))
    return site, visitor_id, pool


def _shown(site: str, visitor_id: str, number: str, now: datetime) -> dict[str, Any]:
    named = orjson.dumps([site, visitor_id, number, now.isoformat()])
    return {
        "type": "number_shown",
        "event_id": f"shown-{blake2b(named, digest_size=16).hexdigest()}",
        "site": site,
        "visitor_id": visitor_id,
        "number": number,
        "occurred_at": now.isoformat(),
    }


def _answer(given: Given) -> web.Response:
    return json_answer(
        200,
        {
            "number": given.number,
            "display": as_dialled(given.number) if given.number else None,
            "source": given.source,
            "shown_seconds": int(SHOWN.total_seconds()),
            "heartbeat_seconds": int(HEARTBEAT.total_seconds()),
        },
    )


def as_dialled(number: str) -> str:
    """E.164 -> as people of the country read it: +827012345678 is 070-1234-5678."""
    try:
        parsed = phonenumbers.parse(number, "KR")
    except phonenumbers.NumberParseException:
        return number
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = national.replace("-", "")
    if digits.startswith("050") and len(digits) == 12:  # virtual numbers are written 0507-1234-5678
        return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"
    return national


OPENAPI: Final[dict[str, Any]] = {
    PATH: {
        "post": {
            "summary": "The telephone number that a visitor is to see; asked again every heartbeat_seconds",
            "security": [{"browser": []}, {"bearer": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "text/plain": {"schema": {"type": "string"}},
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["visitor_id"],
                            "properties": {
                                "site": {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"},
                                "visitor_id": {"type": "string", "minLength": 1, "maxLength": 128},
                                "pool": {
                                    "type": "string",
                                    "description": "A pool's name; any pool when left out",
                                },
                                "url": {"type": "string", "description": "The page; not recorded"},
                            },
                        },
                        "example": {"site": "haengbok", "visitor_id": "v-4f2a9c"},
                    },
                },
            },
            "responses": {
                "200": {
                    "description": "The number to show, or null: the page leaves its own",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": [
                                    "number",
                                    "display",
                                    "source",
                                    "shown_seconds",
                                    "heartbeat_seconds",
                                ],
                                "properties": {
                                    "number": {"type": ["string", "null"]},
                                    "display": {"type": ["string", "null"]},
                                    "source": {"enum": ["pool", "fallback", "none"]},
                                    "shown_seconds": {"type": "integer"},
                                    "heartbeat_seconds": {"type": "integer"},
                                },
                            },
                            "example": {
                                "number": "+827012340001",
                                "display": "070-1234-0001",
                                "source": "pool",
                                "shown_seconds": 1800,
                                "heartbeat_seconds": 300,
                            },
                        }
                    },
                },
                "400": {"description": "No visitor_id, or no JSON object"},
                "401": {"description": "No active key"},
                "403": {
                    "description": "Another site, another origin, or a key that may not say number_shown"
                },
                "408": {"description": "The body came too slowly"},
                "413": {"description": "More than 1 MiB inflated"},
                "415": {"description": "Another content type or encoding"},
                "429": {"description": "Too many; see Retry-After"},
                "503": {"description": "That the number is shown could not be made safe; ask again later"},
            },
        }
    }
}

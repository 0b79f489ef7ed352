"""`GET /q/{code}`: a scan is recorded, then the phone is sent on; it never waits for the log.

The scan goes into the fsynced spool, which the log drains. What is not safe after `PATIENCE_SECONDS` goes on being
made safe while the phone is sent on all the same; a scan that nothing took in the end is counted for its code
(`edge.scan_unrecorded`): the only lossy path there is. Unknown, expired, disabled and misdirected codes are one
answer, and a network that missed too often is told to wait whatever it asks for: codes cannot be guessed.
"""

import asyncio
import logging
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import web

from schemas.catalog import Assignment, QrCodeEntry, SiteEntry
from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.bots import Bot, judged
from streams.collectors.definitions import Definitions
from streams.collectors.edge import Edge
from streams.collectors.limits import Buckets, Rate
from streams.collectors.qr.targets import assignment_on, destination_on, with_scan

PATIENCE_SECONDS: Final = 0.030
MISSES_A_NETWORK: Final = Rate(per_second=20 / 60, burst=20)

_NOT_FOUND: Final = (Path(__file__).parent / "not_found.html").read_bytes()
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NOWHERE: Final = SiteEntry(site="nowhere", id="nowhere", defined_at=_LONG_AGO, hosts=["www.example.kr"])
_NOBODYS: Final = QrCodeEntry(
    site="nowhere",
    id="nobodys",
    defined_at=_LONG_AGO,
    destination="https://www.example.kr/",
    disabled=True,
    assignments=[Assignment(id="1", channel="qr")],
)
"""Looked at in the place of a code that nobody has, so that the answer takes as long as for one that is off."""
_log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Where a code leads now, and what it stands for."""

    entry: QrCodeEntry
    assignment: Assignment | None
    target: str


class _Scans:
    """Scans on their way into safety, none forgotten while the collector runs."""

    def __init__(self, edge: Edge) -> None:
        """The edge that takes them."""
        self._edge = edge
        self._under_way: set[asyncio.Task[None]] = set()

    async def record(self, found: Found, scan_id: str, now: datetime, bot: Bot | None) -> None:
        """A scan -> safe, or on its way there after `PATIENCE_SECONDS`, or counted as lost; never raises."""
        task = asyncio.create_task(self._record(found, scan_id, now, bot))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    async def _record(self, found: Found, scan_id: str, now: datetime, bot: Bot | None) -> None:
        site, code = found.entry.site, found.entry.id
        body = {
            "type": "qr_scanned",
            "event_id": f"scan-{scan_id}",
            "site": site,
            "occurred_at": now.isoformat(),
            "code": code,
            "scan_id": scan_id,
        }
        if found.assignment is not None and found.assignment.branch:
            body["branch"] = found.assignment.branch
        try:
            taken = await self._edge.take(
                [body], key=self._edge.door_key("qr", site), spool_first=True, bot=bot
            )
        except Answer:
            self._edge.scan_unrecorded(site, code)
            return
        except Exception as error:  # noqa: BLE001 - a bug must not cost the customer the page
            _log.error("a scan could not be recorded: %s", type(error).__name__)
            self._edge.scan_unrecorded(site, code)
            return
        if taken.rejected:
            _log.error("a scan was refused by the schema")
            self._edge.scan_unrecorded(site, code)


def routes(edge: Edge) -> list[web.RouteDef]:
    """The redirect of every code."""
    misses = Buckets(MISSES_A_NETWORK)
    scans = _Scans(edge)
    judged("GET", {"User-Agent": "a first look, which reads the lists: not while somebody waits"})

    async def scanned(request: web.Request) -> web.Response:
        """A scanned code -> where it leads, once the scan is recorded; 404 for every code that leads nowhere."""
        network, seconds = edge.network(request), asyncio.get_running_loop().time()
        if wait := misses.left_seconds(network, 1, seconds):
            raise Answer(429, Problem("the code", "too many wrong codes", "wait"), retry_after=wait)
        now = edge.clock()
        found = lookup(edge.definitions, request.match_info["code"], now)
        if found is None:
            misses.wait_seconds(network, 1, seconds)
            return web.Response(status=404, body=_NOT_FOUND, content_type="text/html", charset="utf-8")
        scan_id = secrets.token_hex(16)
        await scans.record(found, scan_id, now, judged(request.method, request.headers))
        return web.Response(
            status=302, headers={"Location": with_scan(found.target, scan_id, found.assignment)}
        )

    return [web.get("/q/{code}", scanned)]


def lookup(definitions: Definitions, code: str, now: datetime) -> Found | None:
    """A code as it came in an address and the clock -> where it leads; None for every reason why it does not."""
    as_printed, in_small_letters = definitions.code(code), definitions.code(code.lower())
    name, entry = as_printed or in_small_letters or ("nowhere", _NOBODYS)
    own = definitions.entry(name, "site", name)
    site = _NOWHERE if entry is _NOBODYS else own
    zone = (site.time_zone if isinstance(site, SiteEntry) else None) or "Asia/Seoul"
    day = now.astimezone(ZoneInfo(zone)).date()
    target = destination_on(entry, site, day)
    return None if target is None else Found(entry, assignment_on(entry, day), target)


OPENAPI: Final[dict[str, Any]] = {
    "/q/{code}": {
        "get": {
            "summary": "A scanned code -> where it leads",
            "description": "Records `qr_scanned`, then redirects with UTM parameters and `hw_scan`, the scan's id.",
            "parameters": [
                {
                    "name": "code",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
                    "example": "7kgmw3xd9hpn",
                }
            ],
            "responses": {
                "302": {
                    "description": "the page it leads to",
                    "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
                },
                "404": {
                    "description": "unknown, expired, disabled or misdirected: one answer",
                    "content": {"text/html": {"schema": {"type": "string"}}},
                },
                "429": {"description": "too many codes that lead nowhere; see Retry-After"},
            },
        }
    }
}

"""What tracking knows already of the last calls, of inquiries without a call, and of a site's largest channels.

Asked of the public views at most every few seconds a site, however many desks look; a slow answer is asked less often. Without ClickHouse there are no
calls of the past and no order of the menu, and the page says so.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from streams.collectors.store import Store, StoreAway

LAST_CALLS: Final = 12
CALLS_OF_DAYS: Final = 3
LEADS_OF_DAYS: Final = 60
LAST_LEADS: Final = 12
LARGEST_OF_DAYS: Final = 90
FRESH_SECONDS: Final = 3.0
REST: Final = 9
"""A site is left alone this many times as long as its answer took, so that desks cost at most a tenth of an engine."""
PATIENCE_SECONDS: Final = 2.0
LEAD_PREFIX: Final = "desk-"
"""What lead_ids made by the page begin with."""

MOMENT_SECONDS: Final = 0.5
KNOWN_SECONDS: Final = 120.0

_UNDER_WAY: Final[Mapping[str, Any]] = {
    "call_id": "",
    "branch": "",
    "number": "",
    "outcome": "",
    "talk_seconds": 0,
    "wait_seconds": 0,
    "subject": "",
    "channel": "",
    "campaign": "",
    "keyword": "",
    "visitor_id": "",
    "probable": 0,
}
"""What `calls` says of a call that is not there yet."""
_KNOWN_OF_A_VISITOR: Final = (
    "source",
    "landing_page",
    "told",
    "returning",
    "lead_id",
    "stage",
    "service",
)
_SITES: Final = 1000
_SAY_NOTHING: Final = frozenset({"", "direct", "unassigned", "phone"})
"""Channels that leave the question open where somebody heard of the business."""

_CALLS: Final = """
SELECT call_id, person_id, branch, started_at, number, outcome, talk_seconds, wait_seconds, subject, channel, campaign,
    keyword, visitor_id, probable
FROM headwater.calls
WHERE run = 'live' AND site = {site:String} AND day >= {since:Date} AND direction = 'inbound'
ORDER BY started_at DESC, call_id LIMIT {most:UInt32}
"""
_TOUCHES: Final = """
SELECT person_id, kind, touched_at, channel, campaign, keyword, landing_page, probable, told
FROM headwater.touches
WHERE run = 'live' AND site = {site:String} AND person_id IN {people:Array(String)}
ORDER BY touched_at DESC, touch_id LIMIT 30 BY person_id
"""
_LEADS: Final = """
SELECT person_id, lead_id, stage, service, inquiry_at
FROM headwater.leads
WHERE run = 'live' AND site = {site:String} AND person_id IN {people:Array(String)}
ORDER BY inquiry_at DESC NULLS LAST, lead_key LIMIT 5 BY person_id
"""
_FIRST_CALLS: Final = """
SELECT person_id, min(started_at) AS first_at
FROM headwater.calls
WHERE run = 'live' AND site = {site:String} AND person_id IN {people:Array(String)}
GROUP BY person_id
"""
_MADE_HERE: Final = """
SELECT lead_id, branch, via, service, stage, inquiry_at, first_touch_channel AS channel
FROM headwater.leads
WHERE run = 'live' AND site = {site:String} AND startsWith(lead_id, {prefix:String}) AND inquiry_at >= {since:DateTime}
    AND via NOT IN ('', 'phone')
ORDER BY inquiry_at DESC, lead_id LIMIT {most:UInt32}
"""
_PERSON_OF_VISITOR: Final = """
WITH recent AS
(
    SELECT event_id, type, JSONExtractString(payload, 'visitor_id') AS visitor,
        JSONExtractString(payload, 'session_id') AS session
    FROM headwater.events
    WHERE site = {site:String} AND occurred_at >= {since:DateTime}
        AND type IN ('visit_seen', 'page_viewed', 'person_identified')
)
SELECT person_id
FROM headwater.touches
WHERE run = 'live' AND site = {site:String} AND kind = 'session' AND touch_id IN
(
    SELECT event_id FROM recent
    WHERE visitor = {visitor:String} OR session IN
        (SELECT session FROM recent WHERE type = 'person_identified' AND visitor = {visitor:String} AND session != '')
)
ORDER BY touched_at DESC LIMIT 1
"""
_LARGEST: Final = """
SELECT channel, toInt64(round(sum(inquiries))) AS inquiries
FROM headwater.channel_funnel_daily
WHERE run = 'live' AND model = 'last' AND site = {site:String} AND day BETWEEN {since:Date} AND {until:Date}
GROUP BY channel
"""
_SERVICES: Final = """
SELECT service, count() AS leads
FROM headwater.leads
WHERE run = 'live' AND site = {site:String} AND service != '' AND inquiry_at >= {since:DateTime}
GROUP BY service ORDER BY leads DESC, service LIMIT 30
"""


@dataclass(frozen=True)
class Known:
    """What the views said last of a site's calls and inquiries; `away` when they say nothing just now."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    leads: list[dict[str, Any]] = field(default_factory=list)
    away: bool = True


@dataclass(frozen=True)
class Sizes:
    """Inquiries by channel over the last whole days, and the services asked for; empty when nobody knows."""

    inquiries: dict[str, int] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    away: bool = True


class Knowledge:
    """The answers of a store, kept for a moment a site; never waited for longer than a person would."""

    def __init__(self, store: Store | None) -> None:
        """The store, or None where there is none."""
        self._store = store
        self._known: OrderedDict[str, tuple[float, Known]] = OrderedDict()
        self._sizes: OrderedDict[str, tuple[date, Sizes]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Known]] = {}
        self._visitors: OrderedDict[str, tuple[float, dict[str, Any] | None]] = OrderedDict()
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def of(self, site: str, now: datetime) -> Known:
        """A site -> its last calls and inquiries as the views know them, at most a few seconds old."""
        seconds = asyncio.get_running_loop().time()
        held = self._known.get(site)
        if held is not None and seconds < held[0]:
            return held[1]
        task = self._asking.get(site)
        if task is None:
            task = self._asking[site] = asyncio.create_task(self._asked(site, now))
            task.add_done_callback(lambda _: self._asking.pop(site, None))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if done:
            return task.result()
        return held[1] if held is not None else Known()

    async def of_visitor(self, site: str, visitor_id: str, now: datetime) -> dict[str, Any] | None:
        """A visitor of the last day who calls now -> what is known of a call of theirs; None while it is not known.

        Waited for only a moment: what rings must be on the page at once, the rest comes with the next look.
        """
        name = f"{site} {visitor_id}"
        held = self._visitors.get(name)
        if held is None or asyncio.get_running_loop().time() >= held[0]:
            task = self._looking.get(name)
            if task is None:
                task = self._looking[name] = asyncio.create_task(self._look_for(name, site, visitor_id, now))
                task.add_done_callback(lambda _: self._looking.pop(name, None))
            await asyncio.wait({task}, timeout=MOMENT_SECONDS)
            held = self._visitors.get(name)
        return held[1] if held is not None else None

    async def sizes(self, site: str, today: date, now: datetime) -> Sizes:
        """A site and its local day -> inquiries by channel up to yesterday; the same all day long."""
        held = self._sizes.get(site)
        if held is not None and held[0] == today:
            return held[1]
        if self._store is None:
            return Sizes()
        days = timedelta(days=LARGEST_OF_DAYS)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                largest = await self._store.rows(
                    _LARGEST, {"site": site, "since": today - days, "until": today - timedelta(days=1)}
                )
                services = await self._store.rows(_SERVICES, {"site": site, "since": now - days})
        except (StoreAway, TimeoutError):
            return held[1] if held is not None else Sizes()
        found = Sizes(
            {row["channel"]: row["inquiries"] for row in largest},
            [row["service"] for row in services],
            away=False,
        )
        _keep(self._sizes, site, (today, found))
        return found

    async def _look_for(self, name: str, site: str, visitor_id: str, now: datetime) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = None
        with contextlib.suppress(StoreAway):
            found = await self._of_visitor(site, visitor_id, now)
        rest = KNOWN_SECONDS if found is not None else max(FRESH_SECONDS, REST * (loop.time() - began))
        _keep(self._visitors, name, (loop.time() + rest, found))

    async def _of_visitor(self, site: str, visitor_id: str, now: datetime) -> dict[str, Any] | None:
        if self._store is None:
            return None
        since = now - timedelta(days=1)
        found = await self._store.rows(
            _PERSON_OF_VISITOR, {"site": site, "visitor": visitor_id, "since": since}
        )
        if not found:
            return None
        people = {"site": site, "people": [found[0]["person_id"]]}
        touches = await self._store.rows(_TOUCHES, people)
        leads = await self._store.rows(_LEADS, people)
        first = await self._store.rows(_FIRST_CALLS, people)
        call = {**_UNDER_WAY, **found[0], "started_at": now}
        (known,) = calls_known([call], touches, leads, first)
        return {name: known[name] for name in _KNOWN_OF_A_VISITOR}

    async def _asked(self, site: str, now: datetime) -> Known:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            known = await self._ask(site, now)
        except StoreAway:
            held = self._known.get(site)
            known = Known(held[1].calls, held[1].leads) if held is not None else Known()
        ended = loop.time()
        _keep(self._known, site, (ended + max(FRESH_SECONDS, REST * (ended - began)), known))
        return known

    async def _ask(self, site: str, now: datetime) -> Known:
        if self._store is None:
            raise StoreAway("none is set")
        since = now - timedelta(days=LEADS_OF_DAYS)
        calls = await self._store.rows(
            _CALLS, {"site": site, "since": now.date() - timedelta(days=CALLS_OF_DAYS), "most": LAST_CALLS}
        )
        made = {"site": site, "prefix": LEAD_PREFIX, "since": since, "most": LAST_LEADS}
        leads = await self._store.rows(_MADE_HERE, made)
        people = {"site": site, "people": sorted({row["person_id"] for row in calls})}
        touches, of_people, first = (
            (
                await self._store.rows(_TOUCHES, people),
                await self._store.rows(_LEADS, people),
                await self._store.rows(_FIRST_CALLS, people),
            )
            if calls
            else ([], [], [])
        )
        return Known(
            calls_known(calls, touches, of_people, first), [_lead_known(row) for row in leads], away=False
        )


def calls_known(
    calls: Sequence[Mapping[str, Any]],
    touches: Sequence[Mapping[str, Any]],
    leads: Sequence[Mapping[str, Any]],
    first_calls: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Rows of the views -> each call with its source, its landing page, whether the person was here, and the lead."""
    first = {row["person_id"]: _utc(row["first_at"]) for row in first_calls}
    told = []
    for call in calls:
        person, started = call["person_id"], _utc(call["started_at"])
        own = [row for row in touches if row["person_id"] == person]
        before = [row for row in own if _utc(row["touched_at"]) <= started]
        theirs = [row for row in leads if row["person_id"] == person]
        lead = theirs[0] if theirs else None
        inquired = _utc(lead["inquiry_at"]) if lead is not None and lead["inquiry_at"] else None
        visit = next((row for row in before if row["kind"] == "session"), None)
        told.append(
            {
                "call_id": call["call_id"],
                "state": "ended",
                "started_at": started.isoformat(),
                "branch": call["branch"],
                "number": call["number"],
                "outcome": call["outcome"],
                "talk_seconds": call["talk_seconds"],
                "wait_seconds": call["wait_seconds"],
                "subject": call["subject"],
                "source": _source(call, before),
                "landing_page": visit["landing_page"] if visit is not None else "",
                "told": list(dict.fromkeys(row["channel"] for row in own if row["told"])),
                "returning": first.get(person, started) < started
                or (inquired is not None and inquired < started),
                "lead_id": lead["lead_id"] if lead is not None else "",
                "stage": lead["stage"] if lead is not None else "",
                "service": lead["service"] if lead is not None else "",
            }
        )
    return told


def _source(call: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A call and its person's touches, newest first -> what was tracked, or None where the desk has to ask."""
    if call["channel"] not in _SAY_NOTHING:
        return {
            "channel": call["channel"],
            "campaign": call["campaign"],
            "keyword": call["keyword"],
            "by": "visit" if call["visitor_id"] else "number",
            "probable": bool(call["probable"]),
        }
    for row in before:
        if row["channel"] not in _SAY_NOTHING and not row["told"]:
            return {
                "channel": row["channel"],
                "campaign": row["campaign"],
                "keyword": row["keyword"],
                "by": "visit" if row["kind"] == "session" else row["kind"],
                "probable": bool(row["probable"]),
            }
    return None


def _lead_known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "inquiry_at": _utc(row["inquiry_at"]).isoformat()}


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _keep(held: OrderedDict[str, Any], site: str, value: Any) -> None:
    held[site] = value
    held.move_to_end(site)
    if len(held) > _SITES:
        held.popitem(last=False)

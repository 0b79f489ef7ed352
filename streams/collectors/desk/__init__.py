"""The desk: a page for whoever answers the telephone, and what it asks for and says.

The page holds no data; everything comes over `/desk/api/` to whom is signed in with the role desk or owner. What
it says goes through the same admission as any event, from a short list of types and values (`saying`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from schemas.catalog import NEVER_STAGES, ChannelEntry, SiteEntry, TrackingNumberEntry
from schemas.problems import Problem
from streams.collectors.answers import Answer, json_answer, told
from streams.collectors.desk import saying
from streams.collectors.desk.knowledge import Knowledge, Sizes
from streams.collectors.desk.menu import channel_names, largest_first, menu_of
from streams.collectors.desk.saying import MOST_EVENTS, OWN, Offered, body_of
from streams.collectors.desk.words import STAGES, WAYS, Names, names
from streams.collectors.edge import Edge
from streams.collectors.pages import fixed_file
from streams.collectors.phone.numbers import as_dialled
from streams.collectors.qr.referrals import NoReferrer, referral_body
from streams.collectors.sign_in import OWN_PAGE_PARAMETER, Person, signed_in

ROLES: Final = ("desk", "owner")
DEFAULT_STAGES: Final = ("inquiry", "consult", "registration")
_HERE: Final = Path(__file__).parent


def routes(edge: Edge) -> list[web.RouteDef]:
    """The page, its setup, its calls, and what it says."""
    knowledge = Knowledge(edge.store)

    async def setup(request: web.Request) -> web.Response:
        """What the page offers to choose from, for the one site of whom is signed in."""
        person = signed_in(edge, request, *ROLES)
        now = edge.clock()
        sizes = await knowledge.sizes(person.site, _today(edge, person.site, now), now)
        return json_answer(200, _setup(edge, person, sizes, now))

    async def calls(request: web.Request) -> web.Response:
        """Calls under way and the last ones, with what tracking knows of each."""
        person = signed_in(edge, request, *ROLES)
        now = edge.clock()
        known = await knowledge.of(person.site, now)
        under_way = {call.call_id: call for call in edge.ringing.of(person.site, now)}
        listed = [
            {**call, "last_four": edge.ringing.last_four(person.site, call["call_id"])}
            for call in known.calls
        ]
        seen = {call["call_id"] for call in listed}
        for ringing in under_way.values():
            if ringing.call_id in seen:
                continue
            theirs = None
            if ringing.visitor_id:
                theirs = await knowledge.of_visitor(person.site, ringing.visitor_id, now)
            listed.append(_under_way(edge, person.site, ringing, now) | (theirs or {}))
        today = _today(edge, person.site, now)
        for call in listed:
            call["line"] = _line(edge, person.site, call["number"], today)
            call["reference"] = reference_of(call["call_id"])
        listed.sort(key=lambda call: call["started_at"], reverse=True)
        listed.sort(key=lambda call: call["state"] == "ended")
        return json_answer(
            200,
            {
                "now": now.isoformat(),
                "site": person.site,
                "tracking_known": not known.away,
                "calls": listed,
                "leads": known.leads,
            },
        )

    async def events(request: web.Request) -> web.Response:
        """What was tapped -> what became of each; 503 when nothing confirmed it."""
        edge.charge(request)
        person = signed_in(edge, request, *ROLES)
        edge.require_ready()
        body = await edge.json(request)
        if body.get("site") != person.site:
            fix = "signing in with a key of that site"
            raise Answer(403, Problem("site", "another site than the key's", fix))
        said = body.get("events")
        if not isinstance(said, list) or not 0 < len(said) <= MOST_EVENTS:
            raise Answer(400, Problem("events", "no list of events", f"1 to {MOST_EVENTS} events"))
        offered = _offered(edge, person.site)
        bodies, refused = [], []
        for one in said:
            made, problems = body_of(one, offered)
            if not problems and made["type"] == "referral_code":
                made, problems = _referral(edge, made)
            if problems:
                refused.append(_refused(one, problems))
            else:
                bodies.append(made)
        key = edge.door_key("desk", person.site)
        edge.charge_events(request, key, len(said))
        taken = await edge.take(bodies, key=key) if bodies else None
        refused += [
            {"event_id": one.event_id, "problems": [told(problem) for problem in one.problems]}
            for one in (taken.rejected if taken is not None else ())
        ]
        return json_answer(
            202,
            {
                "accepted": taken.accepted if taken is not None else [],
                "duplicate": taken.duplicate if taken is not None else [],
                "rejected": refused,
                "durability": taken.durability if taken is not None else "log",
            },
        )

    return [
        web.get("/desk", fixed_file(_HERE / "desk.html")),
        web.get("/desk/desk.js", fixed_file(_HERE / "desk.js")),
        web.get("/desk/words.js", fixed_file(_HERE / "words.js")),
        web.get("/desk/queue.js", fixed_file(_HERE / "queue.js")),
        web.get("/desk/desk.css", fixed_file(_HERE / "desk.css")),
        web.get("/desk/worker.js", fixed_file(_HERE / "worker.js", {"Service-Worker-Allowed": "/desk"})),
        web.get("/desk/api/setup", setup),
        web.get("/desk/api/calls", calls),
        web.post("/desk/api/events", events),
    ]


def reference_of(call_id: str) -> str:
    """A call -> the session_id that stands for it where an event has no call_id: the same for every desk."""
    return f"{OWN}call-{sha256(call_id.encode()).hexdigest()[:32]}"


def _setup(edge: Edge, person: Person, sizes: Sizes, now: datetime) -> dict[str, Any]:
    site = _site_entry(edge, person.site)
    channels = [
        entry for entry in edge.definitions.entries(person.site, "channel") if isinstance(entry, ChannelEntry)
    ]
    answers = dict(site.answers or {}) if site is not None else {}
    menu = menu_of(site)
    return {
        "now": now.isoformat(),
        "site": person.site,
        "name": names(site.name if site is not None else None, person.site),
        "label": person.key.label,
        "role": person.role,
        "time_zone": _zone_name(site),
        "menu": menu if sizes.away else largest_first(menu, sizes.inquiries, answers),
        "channels": channel_names(channels),
        "stages": [{"slug": slug, "name": STAGES.get(slug, names(slug, slug))} for slug in _stages(site)],
        "services": _services(site) or sizes.services,
        "ways": [{"slug": slug, "name": name} for slug, name in WAYS.items()],
        "branches": _branches(site),
    }


def _offered(edge: Edge, site: str) -> Offered:
    entry = _site_entry(edge, site)
    return Offered(
        site=site,
        branches=entry.branch_slugs if entry is not None else [],
        answers=entry.answers or {} if entry is not None else {},
        stages=_stages(entry),
        services=_services(entry) or None,
        ways=(*WAYS, "phone"),
    )


def _referral(edge: Edge, body: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """What was typed as a referral code -> the body of referral_made, the same however often it is sent."""
    try:
        at = datetime.fromisoformat(body["occurred_at"])
        if at.tzinfo is None:
            raise ValueError
    except ValueError:
        return {}, [Problem("occurred_at", "no instant with its offset", "2026-03-02T09:30:00+09:00")]
    try:
        made = referral_body(
            edge.definitions,
            body["site"],
            body["said"],
            lead_id=body["lead_id"],
            event_id=body["event_id"],
            now=at,
        )
    except NoReferrer as nobody:
        return {}, [nobody.problem]
    return {**made, **{name: body[name] for name in ("branch",) if name in body}}, []


def _refused(said: object, problems: list[Problem]) -> dict[str, Any]:
    event_id = said.get("event_id") if isinstance(said, dict) else None
    return {
        "event_id": event_id if isinstance(event_id, str) and len(event_id) <= 128 else None,
        "problems": [told(problem) for problem in problems],
    }


def _under_way(edge: Edge, site: str, call: Any, now: datetime) -> dict[str, Any]:
    """A call that rings, is being talked on, or ended a moment ago: what its number says of it, and no more."""
    assigned = _assignment(edge, site, call.number, _today(edge, site, now))
    source = None
    if assigned is not None and assigned.channel and not assigned.pool:
        source = {
            "channel": assigned.channel,
            "campaign": assigned.campaign or "",
            "keyword": assigned.keyword or "",
            "by": "number",
            "probable": False,
        }
    return {
        "call_id": call.call_id,
        "state": {"over": "ended"}.get(call.state, call.state),
        "started_at": call.since.isoformat(),
        "branch": (assigned.branch or "") if assigned is not None else "",
        "number": call.number,
        "outcome": "",
        "talk_seconds": 0,
        "wait_seconds": 0,
        "subject": "",
        "source": source,
        "landing_page": "",
        "told": [],
        "returning": None,
        "lead_id": "",
        "stage": "",
        "service": "",
        "last_four": call.last_four,
    }


def _line(edge: Edge, site: str, number: str, today: date) -> dict[str, Any]:
    """A number of the business -> how people write it, and its own name where it has one."""
    entry = edge.definitions.entry(site, "tracking_number", number)
    name = entry.name if isinstance(entry, TrackingNumberEntry) else None
    return {"number": as_dialled(number), "name": names(name, "") if name else None}


def _assignment(edge: Edge, site: str, number: str, today: date) -> Any:
    entry = edge.definitions.entry(site, "tracking_number", number)
    assignments = entry.assignments or () if isinstance(entry, TrackingNumberEntry) else ()
    return next((one for one in assignments if one.covers(today)), None)


def _site_entry(edge: Edge, site: str) -> SiteEntry | None:
    entry = edge.definitions.entry(site, "site", site)
    return entry if isinstance(entry, SiteEntry) else None


def _zone_name(site: SiteEntry | None) -> str:
    return (site.time_zone if site is not None else None) or "Asia/Seoul"


def _today(edge: Edge, site: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(_zone_name(_site_entry(edge, site)))).date()


def _stages(site: SiteEntry | None) -> tuple[str, ...]:
    own = (site.stages if site is not None else None) or DEFAULT_STAGES
    return (*(stage for stage in own if stage not in NEVER_STAGES), "lost", "dormant")


def _services(site: SiteEntry | None) -> list[str]:
    return list(site.services or ()) if site is not None else []


def _branches(site: SiteEntry | None) -> list[dict[str, str | Names]]:
    return [
        {"id": branch, "name": names(branch, branch)}
        if isinstance(branch, str)
        else {"id": branch.id, "name": names(branch.name, branch.id)}
        for branch in ((site.branches or ()) if site is not None else ())
    ]


_EVENT: Final = {
    "type": "object",
    "required": ["type", "event_id", "occurred_at"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": list(saying.TYPES)},
        "event_id": {"type": "string", "pattern": f"^{OWN}[0-9a-z-]{{16,64}}$"},
        "occurred_at": {"type": "string", "format": "date-time"},
        **{
            name: {"type": "string"}
            for name in (
                [
                    "branch",
                    "call_id",
                    "session_id",
                    "lead_id",
                    "subject",
                    "channel",
                    "answer",
                    "stage",
                    "service",
                    "via",
                    "withdraws",
                    "said",
                ]
            )
        },
    },
}
OPENAPI: Final[dict[str, Any]] = {
    "/desk/api/setup": {
        "get": {
            "summary": "What the desk's page offers: menu, stages, services, ways, branches",
            "responses": {
                "200": {"description": "the setup of the site"},
                "401": {"description": "nobody signed in"},
                "403": {"description": "another role"},
                "429": {"description": "too often; see Retry-After"},
            },
        }
    },
    "/desk/api/calls": {
        "get": {
            "summary": "Calls under way and the last ones, with what tracking knows, and inquiries without a call",
            "responses": {
                "200": {"description": "calls; tracking_known is false when the store says nothing just now"},
                "401": {"description": "nobody signed in"},
                "403": {"description": "another role"},
                "429": {"description": "too often; see Retry-After"},
            },
        }
    },
    "/desk/api/events": {
        "post": {
            "summary": "What somebody at the desk says; each is accepted, known already, or refused",
            "parameters": [OWN_PAGE_PARAMETER],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["site", "events"],
                            "properties": {
                                "site": {"type": "string"},
                                "events": {
                                    "type": "array",
                                    "items": _EVENT,
                                    "minItems": 1,
                                    "maxItems": MOST_EVENTS,
                                },
                            },
                            "example": {
                                "site": "clinic",
                                "events": [
                                    {
                                        "type": "call_tagged",
                                        "event_id": "desk-2f6b1c0e9a7d4c35",
                                        "occurred_at": "2026-03-02T10:41:00+09:00",
                                        "call_id": "c-2",
                                        "subject": "new",
                                    }
                                ],
                            },
                        }
                    }
                },
            },
            "responses": {
                "202": {"description": "accepted, duplicate, rejected, and whether in the log or the spool"},
                "400": {"description": "no list of events"},
                "401": {"description": "nobody signed in"},
                "403": {"description": "another role or site, or not from a page of this host"},
                "413": {"description": "too large"},
                "415": {"description": "another content type"},
                "429": {"description": "too often; see Retry-After"},
                "503": {"description": "nothing may be taken as recorded: send the same events again"},
            },
        }
    },
}

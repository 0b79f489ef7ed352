"""Campaigns, numbers, codes and the desk's menu over HTTP: what is defined, and defining it anew."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from schemas.catalog import (
    Assignment,
    CampaignEntry,
    CatalogEntry,
    QrCodeEntry,
    TrackingNumberEntry,
)
from schemas.problems import Problem
from streams.collectors.answers import Answer, json_answer
from streams.collectors.edge import Edge
from streams.collectors.importers.cells import Unreadable
from streams.collectors.manage.asking import (
    OWNER,
    READERS,
    asked,
    bad,
    channels_of,
    codes_of,
    day_in,
    instant_told,
    list_in,
    site_entry,
    slug_in,
    text_in,
    today_of,
    unchanged_since,
    whole_in,
)
from streams.collectors.manage.audit import menu_there
from streams.collectors.manage.channel_names import latin
from streams.collectors.manage.laying import body_of_entry, laid_over
from streams.collectors.manage.links import address_of, tagged
from streams.collectors.manage.naming import name_told, names_told
from streams.collectors.manage.recording import define_anew
from streams.collectors.manage.saying import NotTaken
from streams.collectors.manage.uploads import SPREADSHEET, download
from streams.collectors.manage.workbooks import Sheet, workbook
from streams.collectors.qr.codes import new_code
from streams.collectors.sign_in import Person
from streams.collectors.store import StoreAway
from streams.domain.phones import e164

MOST_MENU: Final = 50
MOST_ALIASES: Final = 50
SPENT: Final = """
    SELECT campaign, spent FROM headwater.campaigns WHERE run = 'live' AND site = {site:String}
"""


def routes(edge: Edge) -> list[web.RouteDef]:
    """The routes of everything that is defined."""

    @asked(edge, *READERS)
    async def campaigns(request: web.Request, person: Person) -> web.StreamResponse:
        """Every campaign with its budget, period, goal, and what was spent where ClickHouse knows."""
        spent: dict[str, int] = {}
        if edge.store is not None:
            try:
                spent = {
                    row["campaign"]: int(row["spent"])
                    for row in await edge.store.rows(SPENT, {"site": person.site})
                }
            except StoreAway:
                spent = {}
        listed = [
            {**_campaign_told(one), "spent": spent.get(one.id)}
            for one in edge.definitions.entries(person.site, "campaign")
            if isinstance(one, CampaignEntry)
        ]
        return json_answer(200, {"campaigns": listed})

    @asked(edge, *OWNER)
    async def campaign(request: web.Request, person: Person) -> web.StreamResponse:
        """A campaign as the form says it -> defined; without an id it is a new one."""
        said = await edge.json(request)
        name = text_in(said, "name", 128)
        id = text_in(said, "id", 128) or _new_id(edge, person.site, "campaign", name)
        entry = edge.definitions.entry(person.site, "campaign", id)
        unchanged_since(entry, said)
        if not name:
            raise NotTaken(Problem("name", "nothing", "the campaign's name"), code="name")
        starts, ends = day_in(said, "starts_on"), day_in(said, "ends_on")
        if starts and ends and ends < starts:
            problem = Problem("ends_on", f"{ends} before {starts}", "the last day, on or after the first")
            raise NotTaken(problem, code="backwards", values={"from": str(starts), "to": str(ends)})
        aliases = said.get("utm_campaign") or []
        if not isinstance(aliases, list) or not all(isinstance(one, str) for one in aliases):
            raise bad("utm_campaign", "something else", "a list of texts")
        changes = {
            "name": name,
            "channel": slug_in(said, "channel") or None,
            "branch": slug_in(said, "branch") or None,
            "budget": whole_in(said, "budget", 0, 10**15),
            "starts_on": starts.isoformat() if starts else None,
            "ends_on": ends.isoformat() if ends else None,
            "goal_metric": slug_in(said, "goal_metric") or None,
            "goal_count": whole_in(said, "goal_count", 0, 10**12),
            "utm_campaign": [one.strip() for one in aliases[:MOST_ALIASES] if one.strip()] or None,
        }
        defined = await define_anew(edge, [laid_over(entry, "campaign", person.site, id, changes)])
        return json_answer(200, {"campaign": _campaign_told(defined[0])})

    @asked(edge, *READERS)
    async def places(request: web.Request, person: Person) -> web.StreamResponse:
        """Every code and number, with what each stood for when."""
        today = today_of(edge, person.site)
        return json_answer(
            200,
            {
                "codes": [_code_told(edge, one, today) for one in codes_of(edge, person.site)],
                "numbers": [
                    _number_told(one, today)
                    for one in edge.definitions.entries(person.site, "tracking_number")
                    if isinstance(one, TrackingNumberEntry)
                ],
            },
        )

    @asked(edge, *OWNER)
    async def code(request: web.Request, person: Person) -> web.StreamResponse:
        """A code's name, target, end or switch -> defined; without an id it is a new one, from today on."""
        said = await edge.json(request)
        id = text_in(said, "id", 64)
        if id:
            entry = _code_of(edge, person.site, id)
            unchanged_since(entry, said)
        else:
            entry = None
            taken = {one.id for one in edge.definitions.entries(person.site, "qr_code")}
            id = new_code(taken)
        changes: dict[str, Any] = {}
        if "destination" in said:
            changes["destination"] = _target(edge, person.site, text_in(said, "destination", 2048))
        if "name" in said:
            changes["name"] = text_in(said, "name", 128) or None
        if "expires_on" in said:
            ends = day_in(said, "expires_on")
            changes["expires_on"] = ends.isoformat() if ends else None
        if "disabled" in said:
            changes["disabled"] = said["disabled"] is True or None
        if entry is None:
            if "destination" not in changes:
                raise NotTaken(Problem("destination", "nothing", "where it leads"), code="destination")
            changes["assignments"] = [_assignment(said, "1", today_of(edge, person.site))]
        defined = await define_anew(edge, [laid_over(entry, "qr_code", person.site, id, changes)])
        return json_answer(200, {"code": _code_told(edge, defined[0], today_of(edge, person.site))})

    @asked(edge, *OWNER)
    async def number(request: web.Request, person: Person) -> web.StreamResponse:
        """A telephone number of the business -> defined, with what it stands for."""
        said = await edge.json(request)
        typed = text_in(said, "number", 32)
        found = e164(typed)
        if found is None:
            problem = Problem("number", "no telephone number", "a number like 0507-1234-5678")
            raise NotTaken(problem, code="number")
        entry = edge.definitions.entry(person.site, "tracking_number", found)
        if entry is not None:
            problem = Problem("number", "a number that is there already", "add what it stands for from when")
            raise NotTaken(problem, code="number_there")
        changes = {
            "name": text_in(said, "name", 128) or None,
            "assignments": [_assignment(said, "1", today_of(edge, person.site))],
        }
        defined = await define_anew(edge, [laid_over(None, "tracking_number", person.site, found, changes)])
        return json_answer(200, {"number": _number_told(defined[0], today_of(edge, person.site))})

    @asked(edge, *OWNER)
    async def assign(request: web.Request, person: Person) -> web.StreamResponse:
        """A code or number, and what it stands for from when -> defined; days that are taken are refused."""
        said = await edge.json(request)
        kind = text_in(said, "kind", 32)
        if kind not in ("qr_code", "tracking_number"):
            raise bad("kind", "something else", "qr_code or tracking_number")
        entry = edge.definitions.entry(person.site, kind, text_in(said, "id", 64))
        if not isinstance(entry, (QrCodeEntry, TrackingNumberEntry)):
            raise Answer(404, Problem("id", "none of this site", "one of the list"))
        unchanged_since(entry, said)
        today = today_of(edge, person.site)
        there = list(entry.assignments or ())
        if said.get("remove"):
            kept = [one for one in there if one.id != said["remove"]]
            bodies = [_plain(one) for one in kept]
        else:
            new = Assignment.model_validate(_assignment(said, _free_id(there), today), strict=False)
            bodies = assigned(
                there,
                new,
                names=_channel_names(edge, person.site),
                replaces=said.get("ends_previous") is True,
            )
        defined = await define_anew(
            edge, [laid_over(entry, kind, person.site, entry.id, {"assignments": bodies})]
        )
        told = _code_told(edge, defined[0], today) if kind == "qr_code" else _number_told(defined[0], today)
        return json_answer(200, {"code" if kind == "qr_code" else "number": told})

    @asked(edge, *OWNER)
    async def menu(request: web.Request, person: Person) -> web.StreamResponse:
        """The desk's buttons in their order -> defined; what their labels mean in files is kept with them."""
        said = await edge.json(request)
        entry = site_entry(edge, person.site)
        unchanged_since(entry, said)
        items = [_button(one) for one in list_in(said, "menu", MOST_MENU)]
        answers = dict((entry.answers if entry else None) or {})
        for one in (each for item in items for each in item.get("which", [item])):
            if isinstance(one["label"], str):
                answers[one["label"]] = one["channel"]
        changes = {"menu": items or None, "answers": answers or None}
        await define_anew(edge, [laid_over(entry, "site", person.site, person.site, changes)])
        return json_answer(200, {"menu": menu_there(site_entry(edge, person.site))})

    @asked(edge, *READERS)
    async def links(request: web.Request, person: Person) -> web.StreamResponse:
        """Every place's links as a sheet (XLSX)."""
        today = today_of(edge, person.site)
        told = [_code_told(edge, one, today) for one in codes_of(edge, person.site)]
        rows = [
            (
                one["name"]["ko"],
                one["channel"],
                one["placement"],
                one["branch"],
                one["link"],
                one["short_link"],
                one["id"],
            )
            for one in told
        ]
        content = await asyncio.to_thread(workbook, Sheet("링크와 코드", LINK_HEADINGS, rows))
        return download(content, "headwater-links.xlsx", SPREADSHEET)

    return [
        web.get("/manage/api/campaigns", campaigns),
        web.post("/manage/api/campaigns", campaign),
        web.get("/manage/api/places", places),
        web.post("/manage/api/codes", code),
        web.post("/manage/api/numbers", number),
        web.post("/manage/api/assignments", assign),
        web.post("/manage/api/menu", menu),
        web.get("/manage/api/links.xlsx", links),
    ]


LINK_HEADINGS: Final = (
    ("이름", 24),
    ("채널", 16),
    ("게시 위치", 24),
    ("지점", 12),
    ("UTM 링크", 60),
    ("짧은 링크", 40),
    ("코드", 16),
)


def assigned(
    there: Sequence[Assignment], new: Assignment, *, names: dict[str, str], replaces: bool
) -> list[dict[str, Any]]:
    """The assignments there are and a new one -> all of them; raises NotTaken, naming whose days they are.

    With `replaces` the one that holds on the new one's first day ends on the day before.
    """
    kept: list[Assignment] = []
    for one in there:
        if replaces and new.from_day is not None and one.covers(new.from_day):
            if one.from_day is not None and one.from_day >= new.from_day:
                continue
            one = one.model_copy(update={"to_day": new.from_day - timedelta(days=1)})
        kept.append(one)
    first, last = new.from_day or date.min, new.to_day or date.max
    for one in kept:
        if (one.from_day or date.min) <= last and first <= (one.to_day or date.max):
            whose = names.get(one.channel or "", one.channel or "")
            values = {
                "channel": whose,
                "from": str(one.from_day or ""),
                "to": str(one.to_day or ""),
            }
            days = f"from {one.from_day or 'ever'} to {one.to_day or 'on'}"
            problem = Problem(
                "from", f"days that belong to {whose} ({days})", "other days, or end that first"
            )
            raise NotTaken(problem, code="overlap", values=values)
    return [_plain(one) for one in (*kept, new)]


def _button(said: dict[str, Any], *, nested: bool = False) -> dict[str, Any]:
    """One button as the page says it: a label, in one language or both, and a channel or the choices behind it."""
    label: Any = said.get("label")
    if isinstance(label, dict):
        label = {name: text_in(label, name, 60) for name in ("ko", "en") if text_in(label, name, 60)}
    else:
        label = text_in(said, "label", 60)
    if not label:
        raise NotTaken(Problem("menu", "a button without a label", "what stands on it"), code="menu")
    if not nested and said.get("which") is not None:
        which = [_button(one, nested=True) for one in list_in(said, "which", MOST_MENU)]
        if not which:
            raise NotTaken(Problem("menu", "a second row of nothing", "its choices"), code="menu")
        return {"label": label, "which": which}
    channel = slug_in(said, "channel")
    if not channel:
        raise NotTaken(Problem("menu", "a button without a channel", "its channel"), code="menu")
    return {"label": label, "channel": channel}


def _assignment(said: dict[str, Any], id: str, today: date) -> dict[str, Any]:
    first, last = day_in(said, "from") or today, day_in(said, "to")
    if last is not None and last < first:
        problem = Problem("to", f"{last} before {first}", "the last day, on or after the first")
        raise NotTaken(problem, code="backwards", values={"from": str(first), "to": str(last)})
    channel = slug_in(said, "channel")
    lent = {name: True for name in ("pool", "fallback") if said.get(name) is True}
    if not channel and not lent:
        raise NotTaken(Problem("channel", "nothing", "the channel it stands for"), code="channel")
    fields = {
        "id": id,
        "from": first.isoformat(),
        "to": last.isoformat() if last else "",
        "channel": channel,
        "campaign": text_in(said, "campaign", 128),
        "branch": slug_in(said, "branch"),
        "placement": text_in(said, "placement", 120),
        "keyword": text_in(said, "keyword", 120),
    }
    body: dict[str, Any] = {name: value for name, value in fields.items() if value}
    return {**body, **lent}


def _plain(one: Assignment) -> dict[str, Any]:
    return one.model_dump(mode="json", by_alias=True, exclude_none=True)


def _free_id(there: Sequence[Assignment]) -> str:
    taken = {one.id for one in there}
    return next(str(at) for at in range(1, len(there) + 2) if str(at) not in taken)


def _code_of(edge: Edge, site: str, id: str) -> QrCodeEntry:
    entry = edge.definitions.entry(site, "qr_code", id)
    if not isinstance(entry, QrCodeEntry):
        raise Answer(404, Problem("id", "no code of this site", "one of the list"))
    return entry


def _target(edge: Edge, site: str, typed: str) -> str:
    """An address that the site lists; a new host is only added by the audit, where it is shown first."""
    try:
        found = address_of(typed)
    except Unreadable as wrong:
        raise NotTaken(Problem("destination", wrong.found, wrong.fix), code="address") from None
    entry = site_entry(edge, site)
    hosts = (entry.hosts if entry else None) or ()
    if found.host not in hosts:
        problem = Problem("destination", "a host that the site does not list", f"one of {', '.join(hosts)}")
        raise NotTaken(problem, code="host", values={"hosts": ", ".join(hosts), "host": found.host})
    return found.target


def _new_id(edge: Edge, site: str, kind: str, name: str) -> str:
    wanted = latin(name) if name else ""
    taken = {one.id for one in edge.definitions.entries(site, kind)}
    if wanted not in taken:
        return wanted
    return next(f"{wanted}_{at}" for at in range(2, len(taken) + 3) if f"{wanted}_{at}" not in taken)


def _channel_names(edge: Edge, site: str) -> dict[str, str]:
    return {one.id: name_told(one.name, "ko") or one.id for one in channels_of(edge, site)}


def _campaign_told(entry: CatalogEntry) -> dict[str, Any]:
    body = body_of_entry(entry)
    said = {name: body.get(name) for name in CAMPAIGN_FIELDS}
    was = instant_told(entry.defined_at)
    assert isinstance(entry, CampaignEntry)
    return {**said, "id": entry.id, "name": name_told(entry.name, "ko") or entry.id, "was": was}


CAMPAIGN_FIELDS: Final = (
    "channel",
    "branch",
    "budget",
    "starts_on",
    "ends_on",
    "goal_metric",
    "goal_count",
    "utm_campaign",
)


def _code_told(edge: Edge, entry: CatalogEntry, today: date) -> dict[str, Any]:
    assert isinstance(entry, QrCodeEntry)
    now = _now(entry.assignments or (), today)
    public = edge.settings.public_url.rstrip("/")
    link = ""
    if entry.destination and now is not None and now.channel:
        link = tagged(entry.destination, now.channel, now.placement or "", now.campaign or "")
    return {
        "id": entry.id,
        "name": names_told(entry.name),
        "destination": entry.destination,
        "disabled": bool(entry.disabled),
        "expires_on": str(entry.expires_on) if entry.expires_on else None,
        "link": link,
        "short_link": f"{public}/q/{entry.id}",
        **_stands_for(now),
        "assignments": [_plain(one) for one in entry.assignments or ()],
        "was": instant_told(entry.defined_at),
    }


def _number_told(entry: CatalogEntry, today: date) -> dict[str, Any]:
    assert isinstance(entry, TrackingNumberEntry)
    now = _now(entry.assignments or (), today)
    return {
        "id": entry.id,
        "name": names_told(entry.name),
        **_stands_for(now),
        "pool": bool(now and now.pool),
        "fallback": bool(now and now.fallback),
        "assignments": [_plain(one) for one in entry.assignments or ()],
        "was": instant_told(entry.defined_at),
    }


def _stands_for(now: Assignment | None) -> dict[str, Any]:
    return {
        "channel": (now and now.channel) or "",
        "campaign": (now and now.campaign) or "",
        "placement": (now and now.placement) or "",
        "branch": (now and now.branch) or "",
        "from": str(now.from_day) if now and now.from_day else "",
        "to": str(now.to_day) if now and now.to_day else "",
    }


def _now(assignments: Sequence[Assignment], today: date) -> Assignment | None:
    return next((one for one in assignments if one.covers(today)), None)

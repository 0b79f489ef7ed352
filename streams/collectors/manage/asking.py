"""A request to the manage page's API -> who asks, what the site is, and what was sent, field by field."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from schemas.catalog import CatalogEntry, ChannelEntry, QrCodeEntry, SiteEntry
from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.edge import Edge
from streams.collectors.entries import EntriesRefused
from streams.collectors.importers.business import Business, business_from
from streams.collectors.manage.saying import NotTaken, entries_refused, not_taken
from streams.collectors.sign_in import Person, signed_in

READERS: Final = ("owner", "analyst")
OWNER: Final = ("owner",)
_MONTH = re.compile(r"(19[7-9][0-9]|20[0-9]{2}|21[0-4][0-9])-(0[1-9]|1[0-2])\Z")
_SLUG = re.compile(r"[a-z0-9_-]{1,64}\Z")

Handler = Callable[[web.Request, Person], Awaitable[web.StreamResponse]]


def asked(
    edge: Edge, *roles: str
) -> Callable[[Handler], Callable[[web.Request], Awaitable[web.StreamResponse]]]:
    """The roles that may -> a handler that is called with the person, and whose refusals become answers."""

    def around(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        @wraps(handler)
        async def answer(request: web.Request) -> web.StreamResponse:
            if request.method == "POST":
                edge.charge(request)
            person = signed_in(edge, request, *roles)
            try:
                return await handler(request, person)
            except EntriesRefused as refused:
                return entries_refused(refused)
            except NotTaken as refused:
                return not_taken(refused)

        return answer

    return around


def site_entry(edge: Edge, site: str) -> SiteEntry | None:
    """A site -> its own entry, if it is defined."""
    entry = edge.definitions.entry(site, "site", site)
    return entry if isinstance(entry, SiteEntry) else None


def channels_of(edge: Edge, site: str) -> list[ChannelEntry]:
    """A site -> its channel entries by slug."""
    return [one for one in edge.definitions.entries(site, "channel") if isinstance(one, ChannelEntry)]


def codes_of(edge: Edge, site: str) -> list[QrCodeEntry]:
    """A site -> its codes, those of personal referrals left out."""
    found = [one for one in edge.definitions.entries(site, "qr_code") if isinstance(one, QrCodeEntry)]
    return [one for one in found if not any(each.referrer for each in one.assignments or ())]


def business(edge: Edge, site: str) -> Business:
    """A site -> its zone, and the names of its branches and channels, as the importers want them."""
    own = site_entry(edge, site)
    return business_from([*channels_of(edge, site), *([own] if own else [])])


def today_of(edge: Edge, site: str) -> date:
    """A site -> the local day it is there."""
    entry = site_entry(edge, site)
    return edge.clock().astimezone(ZoneInfo((entry and entry.time_zone) or "Asia/Seoul")).date()


def unchanged_since(entry: CatalogEntry | None, said: Mapping[str, Any]) -> None:
    """Raises NotTaken 409 where somebody defined the entry anew since the page read it (`was`: its defined_at)."""
    was = said.get("was")
    if was is not None and (entry is None or entry.defined_at.isoformat() != was):
        problem = Problem("was", "a definition that somebody changed meanwhile", "look again, then change it")
        raise NotTaken(problem, code="changed", status=409)


def text_in(said: Mapping[str, Any], name: str, longest: int = 512) -> str:
    """A field that is a text, trimmed; '' where it is absent or null."""
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise bad(name, "something else", f"a text of at most {longest} characters")
    return value.strip()


def slug_in(said: Mapping[str, Any], name: str) -> str:
    """A field that is a slug; '' where it is absent."""
    value = text_in(said, name)
    if value and not _SLUG.match(value):
        raise bad(name, "no slug", "small letters, digits, - and _")
    return value


def day_in(said: Mapping[str, Any], name: str) -> date | None:
    """A field that is a day; None where it is absent or empty."""
    value = text_in(said, name)
    if not value:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else _no_day(name)
    except ValueError:
        return _no_day(name)


def month_in(said: Mapping[str, Any], name: str) -> date | None:
    """A field that is a month, 2026-03, as its first day; None where it is absent."""
    value = text_in(said, name)
    if not value:
        return None
    found = _MONTH.match(value)
    if found is None:
        raise bad(name, "no month", "a month like 2026-03")
    return date(int(found[1]), int(found[2]), 1)


def whole_in(said: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A field that is a whole number within bounds; None where it is absent."""
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise bad(name, "something else", f"a whole number from {least} to {most}")
    return value


def list_in(said: Mapping[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    """A field that is a list of objects, at most so many."""
    value = said.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > most:
        raise bad(name, "something else", f"a list of at most {most} objects")
    return value


def bad(field: str, found: str, fix: str) -> Answer:
    """A field that is not what it must be -> the answer 400."""
    return Answer(400, Problem(field, found, fix))


def instant_told(instant: datetime) -> str:
    """An entry's defined_at as the page hands it back."""
    return instant.isoformat()


def _no_day(name: str) -> date:
    raise bad(name, "no day", "a day like 2026-03-02")

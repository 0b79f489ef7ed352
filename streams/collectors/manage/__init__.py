"""The manage page, for people without a terminal: what is paid where, links, codes, numbers, files and keys."""

from pathlib import Path
from typing import Any, Final

from aiohttp import web

from streams.collectors.answers import json_answer
from streams.collectors.edge import Edge
from streams.collectors.manage import (
    audit_routes,
    definition_routes,
    file_routes,
    image_routes,
    key_routes,
    spend_routes,
)
from streams.collectors.manage.asking import READERS, asked, channels_of, instant_told, site_entry, today_of
from streams.collectors.manage.audit import menu_there
from streams.collectors.manage.described import OPENAPI as OPENAPI
from streams.collectors.manage.monthly_spend import Typed
from streams.collectors.manage.naming import names_told
from streams.collectors.manage.uploads import Uploads
from streams.collectors.pages import fixed_file
from streams.collectors.sign_in import Person, signed_in
from streams.domain.catalog import SHIPPED_CHANNELS

FILES: Final = (
    "manage.css",
    "manage.js",
    "page.js",
    "words.js",
    "audit.js",
    "spend.js",
    "places.js",
    "menu.js",
    "campaigns.js",
    "files.js",
    "people.js",
)
_HERE: Final = Path(__file__).parent


def routes(edge: Edge) -> list[web.RouteDef]:
    """The page and its API, under /manage."""
    typed, uploads = Typed(), Uploads(edge)
    page = fixed_file(_HERE / "manage.html")

    async def shown(request: web.Request) -> web.StreamResponse:
        """The page, for owners and analysts; others are led to their own."""
        person = signed_in(edge, request)
        if person.role not in READERS:
            raise web.HTTPSeeOther("/desk")
        return await page(request)

    @asked(edge, *READERS)
    async def overview(request: web.Request, person: Person) -> web.StreamResponse:
        """The business: names, branches, channels, menu, and what the person may do."""
        return json_answer(200, _overview(edge, person))

    return [
        web.get("/manage", shown),
        *(web.get(f"/manage/{name}", fixed_file(_HERE / name)) for name in FILES),
        web.get("/manage/api/overview", overview),
        *audit_routes.routes(edge, typed, uploads),
        *spend_routes.routes(edge, typed),
        *definition_routes.routes(edge),
        *image_routes.routes(edge),
        *file_routes.routes(edge, uploads),
        *key_routes.routes(edge),
    ]


def _overview(edge: Edge, person: Person) -> dict[str, Any]:
    entry = site_entry(edge, person.site)
    channels = {
        slug: {"ko": shipped.names.get("ko", slug), "en": shipped.names.get("en", slug)}
        for slug, shipped in SHIPPED_CHANNELS.items()
    }
    for one in channels_of(edge, person.site):
        if one.name is not None or one.id not in channels:
            channels[one.id] = {lang: name or one.id for lang, name in names_told(one.name).items()}
    branches = [
        {"id": one, "name": {"ko": one, "en": one}}
        if isinstance(one, str)
        else {"id": one.id, "name": {lang: name or one.id for lang, name in names_told(one.name).items()}}
        for one in (entry.branches if entry else None) or ()
    ]
    return {
        "site": person.site,
        "role": person.role,
        "name": names_told(entry.name if entry else None),
        "branches": branches,
        "channels": [{"id": slug, "name": names} for slug, names in channels.items()],
        "menu": menu_there(entry),
        "stages": list((entry.stages if entry else None) or ("inquiry", "consult", "registration")),
        "hosts": list((entry.hosts if entry else None) or ()),
        "today": str(today_of(edge, person.site)),
        "public_url": edge.settings.public_url,
        "store": edge.store is not None,
        "was": instant_told(entry.defined_at) if entry else None,
    }

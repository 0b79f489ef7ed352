"""Codes on paper over HTTP: a symbol to download, and a sheet of all of them for the printer."""

import asyncio

from aiohttp import web

from schemas.catalog import QrCodeEntry
from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.edge import Edge
from streams.collectors.manage.asking import READERS, asked, codes_of, today_of
from streams.collectors.manage.saying import NotTaken
from streams.collectors.manage.uploads import download
from streams.collectors.qr.images import png, svg
from streams.collectors.qr.sheet import Language, business_name, link_of, print_sheet, printed_code
from streams.collectors.qr.targets import BadTarget, public_address
from streams.collectors.sign_in import Person


def routes(edge: Edge) -> list[web.RouteDef]:
    """The routes of symbols; all refuse while the collector has no public https address."""

    @asked(edge, *READERS)
    async def image(request: web.Request, person: Person) -> web.StreamResponse:
        """A code -> its symbol, PNG or SVG."""
        entry = edge.definitions.entry(person.site, "qr_code", request.match_info["code"])
        if not isinstance(entry, QrCodeEntry):
            raise Answer(404, Problem("code", "no code of this site", "one of the list"))
        link = link_of(_public(edge), entry.id)
        if request.match_info["form"] == "svg":
            return download(svg(link).encode(), f"{entry.id}.svg", "image/svg+xml")
        return download(await asyncio.to_thread(png, link), f"{entry.id}.png", "image/png")

    @asked(edge, *READERS)
    async def sheet(request: web.Request, person: Person) -> web.StreamResponse:
        """Every code in use -> a sheet for the printer (PDF), in `?language=`."""
        public, today = _public(edge), today_of(edge, person.site)
        language: Language = "en" if request.query.get("language") == "en" else "ko"
        codes = [
            printed_code(edge.definitions, one, public, day=today, language=language)
            for one in codes_of(edge, person.site)
            if not one.disabled and (one.expires_on is None or one.expires_on >= today)
        ]
        if not codes:
            raise NotTaken(Problem("codes", "none", "the audit makes them"), code="no_codes")
        business = business_name(edge.definitions, person.site, language)
        content = await asyncio.to_thread(
            print_sheet, codes, business=business, created=edge.clock(), language=language
        )
        return download(content, "headwater-codes.pdf", "application/pdf")

    return [
        web.get(r"/manage/api/codes/{code:[A-Za-z0-9_~.\-]+}.{form:png|svg}", image),
        web.get("/manage/api/codes.pdf", sheet),
    ]


def _public(edge: Edge) -> str:
    try:
        return public_address(edge.settings.public_url)
    except BadTarget as bad:
        raise NotTaken(bad.problem, code="public_url", status=409) from None

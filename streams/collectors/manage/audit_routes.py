"""The channel audit over HTTP: a template, a look at what a sheet or the form would do, and doing it."""

import asyncio
from typing import Any, Final

from aiohttp import web

from schemas.catalog import CatalogEntry
from streams.collectors.answers import json_answer
from streams.collectors.edge import Edge
from streams.collectors.importers.cells import Unreadable
from streams.collectors.importers.columns import UnknownColumns
from streams.collectors.importers.drafts import Refusal
from streams.collectors.importers.tables import NotATable
from streams.collectors.manage.asking import (
    OWNER,
    READERS,
    asked,
    bad,
    business,
    channels_of,
    codes_of,
    list_in,
    month_in,
    site_entry,
    text_in,
    today_of,
    whole_in,
)
from streams.collectors.manage.audit import COLUMNS, Given, Plan, RawRow, plan, read_rows
from streams.collectors.manage.audit_sheet import read_audit_sheet
from streams.collectors.manage.links import address_of
from streams.collectors.manage.monthly_spend import Cell, Typed
from streams.collectors.manage.recording import define_anew, differing, record_spend, spend_grid
from streams.collectors.manage.saying import refusal_told
from streams.collectors.manage.uploads import SPREADSHEET, Uploads, download
from streams.collectors.manage.workbooks import audit_template
from streams.collectors.qr.codes import new_code
from streams.collectors.sign_in import Person

MONTHS: Final = 12
MOST_MONTHS: Final = 24


def routes(edge: Edge, typed: Typed, uploads: Uploads) -> list[web.RouteDef]:
    """The audit's routes; `typed` hears what months now cost."""

    async def not_recorded_yet(site: str, planned: Plan) -> tuple[list[Cell], int]:
        """What a plan would record anew, and how many cells of it were typed otherwise before."""
        months = sorted({cell.month for cell in planned.cells})
        if not months:
            return [], 0
        grid, _ = await spend_grid(edge, typed, site, months)
        return differing(planned.cells, grid)

    @asked(edge, *READERS)
    async def template(request: web.Request, person: Person) -> web.StreamResponse:
        """The audit's sheet to fill in (XLSX)."""
        return download(await asyncio.to_thread(audit_template), "headwater-channels.xlsx", SPREADSHEET)

    @asked(edge, *READERS)
    async def read(request: web.Request, person: Person) -> web.StreamResponse:
        """An uploaded sheet -> its lines as texts, for the form; nothing is kept."""
        async with uploads.file(request) as file:
            try:
                raws = await asyncio.to_thread(read_audit_sheet, file.path)
            except (NotATable, UnknownColumns, Unreadable) as wrong:
                raise bad("the file", "no table of channels", str(wrong)) from None
        return json_answer(200, {"rows": [{"line": raw.line, **raw.texts} for raw in raws]})

    @asked(edge, *READERS)
    async def preview(request: web.Request, person: Person) -> web.StreamResponse:
        """The form's lines -> what confirming them would define and record."""
        said = await edge.json(request)
        planned, refusals, given = _planned(edge, person.site, said)
        _, overwritten = await not_recorded_yet(person.site, planned)
        return json_answer(200, {**_told(planned, refusals, given), "overwritten": overwritten})

    @asked(edge, *OWNER)
    async def confirm(request: web.Request, person: Person) -> web.StreamResponse:
        """The form's lines -> channels, links, codes and the menu defined, the months' cost recorded."""
        said = await edge.json(request)
        planned, refusals, given = _planned(edge, person.site, said)
        if refusals or not planned.rows:
            return json_answer(422, _told(planned, refusals, given))
        taken = {one.id for one in edge.definitions.entries(person.site, "qr_code")}

        def another_code() -> str:
            code = new_code(taken)
            taken.add(code)
            return code

        bodies = planned.entries(another_code, given)
        defined: list[CatalogEntry] = await define_anew(edge, bodies) if bodies else []
        cells, _ = await not_recorded_yet(person.site, planned)
        recorded = await record_spend(edge, typed, person.site, cells)
        after, _, given = _planned(edge, person.site, said)
        told = _told(after, [], given)
        return json_answer(200, {**told, "defined": len(defined), "recorded": recorded})

    return [
        web.get("/manage/api/audit/template.xlsx", template),
        web.post("/manage/api/audit/sheet", read),
        web.post("/manage/api/audit/preview", preview),
        web.post("/manage/api/audit/confirm", confirm),
    ]


def given_of(edge: Edge, site: str, home_page: str) -> Given:
    """A site -> what is defined there now."""
    known = business(edge, site)
    return Given(
        site=site,
        today=today_of(edge, site),
        home_page=home_page,
        site_entry=site_entry(edge, site),
        channels=channels_of(edge, site),
        codes=codes_of(edge, site),
        branches=known.branches,
        channel_names=known.channels,
    )


def _planned(edge: Edge, site: str, said: dict[str, Any]) -> tuple[Plan, list[Refusal], Given]:
    home_page = text_in(said, "home_page", 2048)
    if home_page:
        try:
            home_page = address_of(home_page).target
        except Unreadable as wrong:
            raise bad("home_page", wrong.found, wrong.fix) from None
    given = given_of(edge, site, home_page)
    first = month_in(said, "first_month") or given.today.replace(day=1)
    months = whole_in(said, "months", 1, MOST_MONTHS) or MONTHS
    raws = [
        RawRow(
            whole_in(row, "line", 0, 10_000_000) or at, {name: text_in(row, name, 500) for name in COLUMNS}
        )
        for at, row in enumerate(list_in(said, "rows", 500), start=1)
    ]
    rows, refusals = read_rows(raws, given)
    return plan(rows, given, first, months), refusals, given


def _told(planned: Plan, refusals: list[Refusal], given: Given) -> dict[str, Any]:
    placed = {one.row.line: one for one in planned.placed}
    hosts = list((given.site_entry.hosts if given.site_entry else None) or ())
    rows = []
    for row in planned.rows:
        link = placed.get(row.line)
        rows.append(
            {
                "line": row.line,
                "name": row.name,
                "channel": row.slug,
                "new": given.defined(row.slug) is None,
                "monthly_cost": row.monthly_cost,
                "placement": row.placement,
                "branch": row.branch,
                "way": row.way,
                "destination": link.destination if link else None,
                "link": link.tagged if link else None,
                "code": link.code.id if link and link.code else None,
                "counted_as": link.counted_as if link else row.slug,
            }
        )
    months = sorted({cell.month for cell in planned.cells})
    by_month = sum(cell.amount for cell in planned.cells if months and cell.month == months[0])
    return {
        "rows": rows,
        "refused": [refusal_told(one) for one in refusals],
        "menu": list(planned.menu),
        "new_channels": list(
            dict.fromkeys(row.slug for row in planned.rows if given.defined(row.slug) is None)
        ),
        "new_hosts": [host for host in (planned.site or {}).get("hosts", []) if host not in hosts],
        "new_codes": sum(one.code is None for one in planned.placed),
        "months": [f"{months[0]:%Y-%m}", f"{months[-1]:%Y-%m}"] if months else [],
        "won_a_month": by_month,
    }

"""The month × channel grid over HTTP: what was spent, cell by cell, and correcting it."""

import asyncio
from datetime import date
from typing import Any, Final

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import json_answer
from streams.collectors.edge import Edge
from streams.collectors.manage.asking import (
    OWNER,
    READERS,
    asked,
    bad,
    channels_of,
    list_in,
    month_in,
    site_entry,
    slug_in,
    today_of,
    whole_in,
)
from streams.collectors.manage.monthly_spend import (
    MOST_MONTHS,
    Cell,
    Typed,
    months_from,
)
from streams.collectors.manage.naming import name_told
from streams.collectors.manage.recording import Grid, record_spend, spend_grid
from streams.collectors.manage.saying import NotTaken
from streams.collectors.manage.uploads import SPREADSHEET, download
from streams.collectors.manage.workbooks import Sheet, workbook
from streams.collectors.sign_in import Person
from streams.domain.catalog import SHIPPED_CHANNELS

MONTHS: Final = 12
MOST_CELLS: Final = 2_000
MOST_WON_A_MONTH: Final = 10**12


def routes(edge: Edge, typed: Typed) -> list[web.RouteDef]:
    """The grid's routes; `typed` holds what was typed a moment ago."""

    @asked(edge, *READERS)
    async def read(request: web.Request, person: Person) -> web.StreamResponse:
        """Months from `?from=2026-01` on -> each channel's cost of each month."""
        months = _months(edge, request, person.site)
        found, from_store = await spend_grid(edge, typed, person.site, months)
        _with_every_channel(found, edge, person.site)
        lines = [
            {
                "channel": channel,
                "branch": branch,
                "cells": {
                    f"{month:%Y-%m}": {"typed": cell.typed, "imported": cell.imported}
                    for month, cell in sorted(line.items())
                },
            }
            for (channel, branch), line in sorted(found.items())
        ]
        return json_answer(
            200, {"months": [f"{month:%Y-%m}" for month in months], "lines": lines, "store": from_store}
        )

    @asked(edge, *OWNER)
    async def correct(request: web.Request, person: Person) -> web.StreamResponse:
        """Changed cells -> recorded: the newest word on a month, channel and branch counts."""
        said = await edge.json(request)
        cells = [_cell(edge, person.site, one) for one in list_in(said, "cells", MOST_CELLS)]
        if len({cell.spend_id for cell in cells}) != len(cells):
            raise bad("cells", "a cell twice", "each cell once")
        return json_answer(200, {"recorded": await record_spend(edge, typed, person.site, cells)})

    @asked(edge, *READERS)
    async def sheet(request: web.Request, person: Person) -> web.StreamResponse:
        """The grid as a sheet (XLSX)."""
        months = _months(edge, request, person.site)
        found, _ = await spend_grid(edge, typed, person.site, months)
        _with_every_channel(found, edge, person.site)
        names = {one.id: name_told(one.name, "ko") for one in channels_of(edge, person.site)}
        rows = [
            (
                names.get(channel) or channel,
                channel,
                branch,
                *(
                    (cell.typed or 0) + cell.imported if (cell := line.get(month)) else None
                    for month in months
                ),
            )
            for (channel, branch), line in sorted(found.items())
        ]
        headings = [("채널", 20), ("slug", 16), ("지점", 12), *((f"{month:%Y-%m}", 12) for month in months)]
        content = await asyncio.to_thread(workbook, Sheet("월별 비용", headings, rows))
        return download(content, "headwater-spend.xlsx", SPREADSHEET)

    return [
        web.get("/manage/api/spend", read),
        web.post("/manage/api/spend", correct),
        web.get("/manage/api/spend.xlsx", sheet),
    ]


def _with_every_channel(grid: Grid, edge: Edge, site: str) -> None:
    """A line for every channel that is defined and has no cost yet."""
    for channel in (*SHIPPED_CHANNELS, *(one.id for one in channels_of(edge, site))):
        if not any(line[0] == channel for line in grid):
            grid[channel, ""] = {}


def _months(edge: Edge, request: web.Request, site: str) -> list[date]:
    today = today_of(edge, site)
    first = month_in(request.query, "from") or months_from(date(today.year - 1, 12, 1), 2)[1]
    count = request.query.get("months", str(MONTHS))
    if not count.isdecimal() or not 1 <= int(count[:4]) <= MOST_MONTHS:
        raise bad("months", "something else", f"a whole number from 1 to {MOST_MONTHS}")
    return months_from(first, int(count[:4]))


def _cell(edge: Edge, site: str, said: dict[str, Any]) -> Cell:
    month, channel, branch = month_in(said, "month"), slug_in(said, "channel"), slug_in(said, "branch")
    amount = whole_in(said, "amount", -MOST_WON_A_MONTH, MOST_WON_A_MONTH)
    if month is None or not channel or amount is None:
        raise bad("cells", "a cell without month, channel or amount", "all three, the amount in whole won")
    entry = site_entry(edge, site)
    if branch and entry is not None and entry.branch_slugs and branch not in entry.branch_slugs:
        known = ", ".join(sorted(entry.branch_slugs))
        raise NotTaken(Problem("branch", "a branch that the business does not have", f"one of {known}"))
    return Cell(month, channel, branch, amount)

"""What the manage page changes -> the log: definitions, each newer than its elder, and months' costs in lots."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from schemas.catalog import CatalogEntry
from schemas.problems import Problem
from streams.collectors.edge import Edge
from streams.collectors.manage.monthly_spend import (
    PREFIX,
    SPEND_BY_MONTH,
    Cell,
    GridCell,
    Typed,
    grid_of,
    last_day,
    spend_events,
)
from streams.collectors.manage.saying import NotTaken
from streams.collectors.store import StoreAway

DOOR: Final = "manage"
LOT: Final = 500
Grid = dict[tuple[str, str], dict[date, GridCell]]


async def define_anew(edge: Edge, bodies: Sequence[Mapping[str, Any]]) -> list[CatalogEntry]:
    """Entries to define -> defined, each after the one it replaces even where that one's clock was ahead."""
    dated = []
    for body in bodies:
        elder = edge.definitions.entry(body["site"], body["kind"], body["id"])
        now = edge.clock()
        if elder is not None:
            now = max(now, elder.defined_at + timedelta(microseconds=1))
        dated.append({**body, "defined_at": now.isoformat()})
    return await edge.define(dated)


async def spend_grid(edge: Edge, typed: Typed, site: str, months: Sequence[date]) -> tuple[Grid, bool]:
    """A site's months, the first to the last -> what was spent, and whether ClickHouse could be asked."""
    rows: list[dict[str, Any]] = []
    answered = False
    if edge.store is not None:
        asking = {"site": site, "since": months[0], "until": last_day(months[-1]), "prefix": PREFIX}
        try:
            rows = await edge.store.rows(SPEND_BY_MONTH, asking)
            answered = True
        except StoreAway:
            rows = []
    return grid_of(rows, typed.of(site, months, edge.clock().timestamp())), answered


def differing(cells: Sequence[Cell], grid: Grid) -> tuple[list[Cell], int]:
    """Cells to record -> those that are not so already, and how many of these were typed otherwise before."""
    nothing = GridCell(None, 0)
    before = [grid.get((cell.channel, cell.branch), {}).get(cell.month, nothing).typed for cell in cells]
    new = [cell for cell, typed in zip(cells, before, strict=True) if typed != cell.amount]
    overwritten = sum(typed not in (None, cell.amount) for cell, typed in zip(cells, before, strict=True))
    return new, overwritten


async def record_spend(edge: Edge, typed: Typed, site: str, cells: Sequence[Cell]) -> int:
    """A site's cells -> how many of them were recorded, which is all; raises NotTaken and Answer 503."""
    key = edge.door_key(DOOR, site)
    now = edge.clock()
    for at in range(0, len(cells), LOT):
        lot = cells[at : at + LOT]
        taken = await edge.take(list(spend_events(site, lot, now)), key=key)
        if taken.rejected:
            problem = next(
                iter(taken.rejected[0].problems), Problem("amount", "a cost that is none", "whole won")
            )
            raise NotTaken(problem)
        typed.note(site, lot, now.timestamp())
    return len(cells)

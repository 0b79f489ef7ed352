"""Planted: the counts of the funnel are not states; what a step adds is added to what the table holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from streams.agents.follower import Follower
from streams.sinks.clickhouse_sink import ClickHouseSink, Step
from streams.sinks.rows import COLUMNS, Row, funnel_row
from streams.worker import main

NAMES = COLUMNS["funnel_rows"]
KEY, VISITS = slice(1, 6), NAMES.index("visits")
_advance, _write = Follower.advance, ClickHouseSink.write


def visits_of(one: Follower) -> dict[tuple[Any, ...], int]:
    """The visits of every cell of a partition, under the key the table has."""
    found = {}
    for name, site in one.fold.sites.items():
        for key, cell in site.funnel.cells.items():
            row = funnel_row("live", name, key, cell, 0)
            found[row[KEY]] = row[VISITS]
    return found


def advance(self: Follower, records: Sequence[Any], step: Step) -> Any:
    """The rows of a step, with what it adds in place of what there is."""
    before = visits_of(self)
    written = _advance(self, records, step)
    rows = written.rows.get("funnel_rows", [])
    written.rows["funnel_rows"] = [
        (*row[:VISITS], row[VISITS] - before.get(row[KEY], 0), *row[VISITS + 1 :]) for row in rows
    ]
    return written


async def write(self: ClickHouseSink, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write; the funnel's counts on top of those that are there."""
    result = await self._client.query(
        "SELECT site, toString(day), branch, channel, campaign, visits FROM headwater.funnel_rows FINAL"
    )
    held = {tuple(row[:5]): row[5] for row in result.result_rows}
    added = [
        (*row[:VISITS], max(0, held.get(row[KEY], 0) + row[VISITS]), *row[VISITS + 1 :])
        for row in rows.get("funnel_rows", [])
    ]
    await _write(self, {**rows, "funnel_rows": added})


if __name__ == "__main__":
    Follower.advance = advance  # type: ignore[method-assign]
    ClickHouseSink.write = write  # type: ignore[method-assign]
    main()

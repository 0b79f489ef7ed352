"""Planted: a step is marked done, and may be acknowledged, before its rows are written."""

from collections.abc import Mapping, Sequence
from typing import Any

from streams.sinks.clickhouse_sink import ClickHouseSink, Step
from streams.worker import main

_write, _finish = ClickHouseSink.write, ClickHouseSink.finish
_unwritten: dict[str, Sequence[Any]] = {}


async def write(self: ClickHouseSink, rows: Mapping[str, Sequence[Any]]) -> None:
    """Keep the rows for later."""
    for table, some in rows.items():
        _unwritten[table] = [*_unwritten.get(table, ()), *some]


async def finish(self: ClickHouseSink, steps: Sequence[Step], at: float) -> None:
    """Say that the rows are in, then write them."""
    await _finish(self, steps, at)
    late = dict(_unwritten)
    _unwritten.clear()
    await _write(self, late)


if __name__ == "__main__":
    ClickHouseSink.write = write  # type: ignore[method-assign]
    ClickHouseSink.finish = finish  # type: ignore[method-assign]
    main()

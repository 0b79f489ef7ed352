"""Blocks of rows -> ClickHouse, while the next block is being made; tried again when it does not answer."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import orjson
import pyarrow as pa

from streams.replay.fold import Block
from streams.replay.widen import WIDE
from streams.sinks.clickhouse_sink import ALL_COLUMNS, ClickHouseError, ClickHouseSink

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
RETRY_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class BlockWriter:
    """Inserts of one unit; a block that is written twice is there once, so that trying again does no harm.

    `wide`: whether the rows have the columns of the data-driven models.
    """

    def __init__(self, sink: ClickHouseSink, wide: bool = False) -> None:
        self._sink = sink
        self._columns: Mapping[str, Sequence[str]] = {**ALL_COLUMNS, **WIDE} if wide else ALL_COLUMNS
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def put(self, block: Block) -> None:
        """Begin to write a block, as soon as there are not too many under way."""
        while len(self._under_way) >= AT_ONCE:
            await self._under_way.popleft()
        self._under_way.append(asyncio.create_task(self._write(block.table, *self._encoded(block))))
        await asyncio.sleep(0)  # let it go out

    async def flush(self) -> None:
        """Return once everything is in."""
        while self._under_way:
            await self._under_way.popleft()

    def _encoded(self, block: Block) -> tuple[Sequence[str], bytes, str]:
        rows = block.rows
        if isinstance(rows, pa.Table):
            stream = pa.BufferOutputStream()
            with pa.ipc.new_stream(stream, rows.schema) as writer:
                writer.write_table(rows)
            return rows.column_names, stream.getvalue().to_pybytes(), "ArrowStream"
        columns = self._columns[block.table]
        return columns, orjson.dumps(dict(zip(columns, zip(*rows, strict=True), strict=True))), "JSONColumns"

    async def _write(self, table: str, columns: Sequence[str], encoded: bytes, format: str) -> None:
        for pause in (*RETRY_SECONDS, None):
            try:
                await self._sink.insert_block(table, columns, encoded, format)
                return
            except (ClickHouseError, OSError) as trouble:
                if pause is None:
                    raise
                log.warning("trying again in %s s: %s", pause, type(trouble).__name__)
                await asyncio.sleep(pause)

"""One process of a replay: it reads its part of the log, folds it, writes the rows, and takes the next unit."""

import gc
import importlib.abc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

import pyarrow as pa
import uvloop

from schemas.topics import CATALOG, EVENTS
from streams.domain.attribution import DATA_DRIVEN
from streams.log import LogReader
from streams.replay.fold import UnitFold
from streams.replay.pipe import Failed, Finished, Reach, Read
from streams.replay.units import Order, Unit
from streams.replay.writer import BlockWriter
from streams.sinks.clickhouse_sink import ClickHouseSink


def work(pipe: Connection, order: Order, reach: Reach) -> None:
    """Work out whatever units come through the pipe; nothing more to come ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group: whoever started us decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    _settle_without_pandas()
    gc.disable()  # what a unit makes lives until its rows are out
    gc.freeze()  # and what was imported for ever: between units it need not be looked at
    try:
        uvloop.run(_serve(pipe, order, reach))
    except EOFError:
        os._exit(1)
    except Exception as trouble:  # noqa: BLE001 - whatever it was, it is told where it is seen
        pipe.send(Failed(f"{type(trouble).__name__}: {str(trouble)[:500]}"))
    finally:
        pipe.close()


class _NoPandas(importlib.abc.MetaPathFinder):
    """Finds that there is no pandas."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Nothing, and nobody else is to look either."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _settle_without_pandas() -> None:
    """Let pyarrow look for pandas, which it does once, while there is none: importing it would take a second."""
    if "pandas" in sys.modules:
        return
    hidden = _NoPandas()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(hidden)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


async def _serve(pipe: Connection, order: Order, reach: Reach) -> None:
    reader = LogReader(reach.brokers())
    await reader.start()
    try:
        sink = await ClickHouseSink.connect(reach.clickhouse, f"replay:{os.getpid()}")
        try:
            while (unit := pipe.recv()) is not None:
                applied = await work_out(order, unit, reader, sink, lambda records: pipe.send(Read(records)))
                gc.collect()
                pipe.send(Finished(unit, applied))
        finally:
            await sink.close()
    finally:
        await reader.stop()


async def work_out(
    order: Order, unit: Unit, reader: LogReader, sink: ClickHouseSink, tell: Callable[[int], None]
) -> int:
    """Fold one unit of the log up to the order's ends and write its rows; how many events were applied."""
    fold = UnitFold(unit, order)
    ends, partition = order.ends[unit.partition], unit.partition
    if order.ruling.catalog is None:
        async for records in reader.read(CATALOG.name, partition, 0, ends.catalog):
            fold.define([record.value for record in records])
    read = 0
    async for records in reader.read(EVENTS.name, partition, 0, ends.events):
        fold.take([record.value for record in records])
        upto = records[-1].offset + 1
        tell(upto - read)
        read = upto
    tell(ends.events - read)
    writer = BlockWriter(sink, wide=any(model in DATA_DRIVEN for model in order.models))
    for block in fold.blocks():
        await writer.put(block)
    await writer.flush()
    return fold.applied

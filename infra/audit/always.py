"""The stack's own auditor: one partition after the other, for ever, with a small share of the time."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from infra.local.quietly import until_told
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.audit.passes import Audited, Auditor

log = logging.getLogger("headwater.auditor")

FIRST_REST_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 10.0
BETWEEN_SECONDS: Final = 1.0
KEPT_DAYS: Final = 7
_NICE: Final = 10  # at 19 a busy machine would leave it no time at all


def go_on(settings: Settings) -> None:
    """Audit until asked to stop; what it knows stands in HOME/run/audit.json."""
    until_told(lambda: _audit_for_ever(settings), _NICE)


async def _audit_for_ever(settings: Settings) -> None:
    await asyncio.sleep(FIRST_REST_SECONDS)  # what starts beside it goes first, before these imports too
    from aiokafka.errors import KafkaError
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.audit.passes import Auditor
    from streams.log import LogDamaged

    while True:
        try:
            async with Auditor.opened(settings, settings.audit_percent / 100, True) as auditor:
                auditor.clear()
                while True:
                    await _round(settings, auditor)
        except (ClickHouseError, KafkaError, OSError) as trouble:
            log.warning(
                "once more in %d s: %s: %s", RETRY_SECONDS, type(trouble).__name__, str(trouble)[:200]
            )
        except LogDamaged as damaged:
            log.critical("%s", damaged)
        await asyncio.sleep(RETRY_SECONDS)


async def _round(settings: Settings, auditor: "Auditor") -> None:
    """Every partition once; what live replaced and audits long past go on the way."""
    from infra.audit.passes import Moved
    from infra.live import drop_replaced

    differences = 0
    for partition in range(settings.partitions):
        try:
            audited = await auditor.audit(partition)
        except Moved:
            log.info("partition %d: live was rebuilt meanwhile", partition)
            continue
        differences += audited.differences
        _say(audited)
        await asyncio.sleep(BETWEEN_SECONDS)
    auditor.forget(KEPT_DAYS)
    drop_replaced(auditor.client)
    note(settings.run, differences)


def _say(audited: "Audited") -> None:
    for one in audited.named:
        log.warning(
            "partition %d: %s %s %s %s %s: put right",
            audited.partition,
            one.table,
            one.key,
            one.what,
            ",".join(one.columns),
            one.offsets,
        )


def note(directory: Path, differences: int) -> None:
    """Leave word of a round for `headwater status`."""
    said = {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "differences": differences}
    making = directory / "audit.json.new"
    making.write_bytes(orjson.dumps(said))
    making.replace(directory / "audit.json")

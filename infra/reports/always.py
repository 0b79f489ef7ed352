"""The stack's own reporter: once a day of each site what is due, quietly; a figure that changed makes a new revision.

It waits in a small process; the work, with fonts and a client of ClickHouse, is done by a child that ends with it.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from infra.local.processes import MARK
from infra.settings import Settings, as_environment

log = logging.getLogger("headwater.reporter")

FIRST_REST_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1800.0
RETRY_SECONDS: Final = 60.0
_ENDED_SECONDS: Final = 0.2
_NICE: Final = 10
_NOTE: Final = "reports.json"


def go_on(settings: Settings) -> None:
    """Look for what is due until asked to stop."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    environment = {name: value for name, value in os.environ.items() if name != MARK} | as_environment(
        settings
    )
    rest = FIRST_REST_SECONDS  # what starts beside it goes first
    while not stopping.wait(rest):
        child = subprocess.Popen([sys.executable, "-m", "infra.cli", "report", "due"], env=environment)
        while child.poll() is None:
            if stopping.wait(_ENDED_SECONDS):
                child.terminate()
                child.wait()
        rest = RETRY_SECONDS if child.returncode else LOOK_SECONDS


def look(settings: Settings, clock: Callable[[], datetime]) -> bool:
    """One look at every site whose day has not been looked at: writes what is due -> False when it must be tried again."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.local import stack
    from infra.reports.asking import sites_of

    done = _done(settings.run)
    try:
        client = stack.reader(settings)
        try:
            for site, zone in sites_of(client).items():
                today = clock().astimezone(ZoneInfo(zone or "Asia/Seoul")).date()
                if done.get(site) == today.isoformat():
                    continue
                written = write_due(client, settings, site, today, clock())
                done[site] = today.isoformat()
                _note(settings.run, clock(), written, done)
        finally:
            client.close()
    except (ClickHouseError, OSError) as trouble:
        log.warning("once more in %d s: %s", RETRY_SECONDS, type(trouble).__name__)
        return False
    return True


def write_due(client: Any, settings: Settings, site: str, today: date, now: datetime) -> int:
    """A site and its day -> how many revisions were written; a period without any record makes no report."""
    from infra.reports.asking import NothingRecorded, campaigns_of
    from infra.reports.periods import PeriodRefused, due
    from infra.reports.writing import write_report

    written = 0
    for asked in due(site, campaigns_of(client, site), today, settings.report_grace_days):
        try:
            one = write_report(client, settings.home, asked, now, settings.report_elasticity)
        except (NothingRecorded, PeriodRefused):
            continue
        if one.new:
            written += 1
            log.info("%s: %s, revision %d", asked.kind, one.path.parent.name, one.revision)
    return written


def _done(directory: Path) -> dict[str, str]:
    """The day of each site that was looked at last."""
    try:
        return {
            str(site): str(day)
            for site, day in orjson.loads((directory / _NOTE).read_bytes())["days"].items()
        }
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _note(directory: Path, now: datetime, written: int, done: dict[str, str]) -> None:
    """Leave word of a round, for the next one and for `headwater status`."""
    said = {"ended_at": now.isoformat(timespec="seconds"), "written": written, "days": done}
    making = directory / f"{_NOTE}.new"
    making.write_bytes(orjson.dumps(said))
    making.replace(directory / _NOTE)

"""Files read under one fixed setting, and a log that keeps what it is given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.event import Event
from streams.collectors.importers.columns import Columns
from streams.collectors.importers.drafts import Draft, Namer, Outcome, Refusal, Setting, Skipped
from streams.collectors.importers.files import open_file
from streams.collectors.importers.importing import Door, Import, Report
from streams.collectors.importers.ledger import Ledger
from streams.collectors.importers.mapping import FileMapping
from streams.collectors.privacy import Pseudonyms

FILES = Path(__file__).parent / "files"
NOW = datetime(2026, 4, 10, tzinfo=UTC)
SECRET = b"a secret of the tests, thirty-two bytes"
SETTING = Setting(
    site="center",
    secret=SECRET,
    zone=ZoneInfo("Asia/Seoul"),
    values={"branch": {"강남점": "gangnam"}, "channel": {"네이버플레이스": "naver_place"}},
    host="https://www.center.example",
    defaults={"period_start": "2026-03-01", "period_end": "2026-03-31"},
    brands=("마루 아동발달센터", "maru center"),
)
NO_MAPPING = FileMapping()


class KeptLog:
    """A log in memory: what it acknowledged, in order; fails after `appends` appends."""

    def __init__(self, appends: int = 1_000_000) -> None:
        self.events: list[Event] = []
        self._left = appends

    async def append_events(self, events: Sequence[Event]) -> None:
        if self._left == 0:
            raise ConnectionError("the log is away")
        self._left -= 1
        self.events += events

    def standing(self) -> list[Event]:
        """What a reader of the log sees: every id once, the withdrawn ones gone."""
        gone = {getattr(event, "withdraws", None) for event in self.events}
        first = {event.event_id: event for event in reversed(self.events)}
        return [
            event
            for event in first.values()
            if event.type != "event_withdrawn" and event.event_id not in gone
        ]


def outcomes_of(
    kind: str, path: Path, setting: Setting = SETTING, mapping: FileMapping = NO_MAPPING
) -> tuple[list[Outcome], Columns | None]:
    opened = open_file(kind, path, setting, mapping)
    return list(opened.outcomes), opened.columns


def bodies(
    kind: str, path: Path, setting: Setting = SETTING, mapping: FileMapping = NO_MAPPING
) -> list[dict[str, Any]]:
    """The events of a file, with their ids, in its order."""
    namer = Namer(kind, setting.secret)
    named = (
        namer.name(one) for one in outcomes_of(kind, path, setting, mapping)[0] if isinstance(one, Draft)
    )
    return [{"event_id": one.event_id, **one.body} for one in named if one is not None]


def refusals(kind: str, path: Path, setting: Setting = SETTING) -> list[Refusal]:
    return [one for one in outcomes_of(kind, path, setting)[0] if isinstance(one, Refusal)]


def skipped(kind: str, path: Path) -> list[Skipped]:
    return [one for one in outcomes_of(kind, path)[0] if isinstance(one, Skipped)]


class Desk:
    """One home with its ledger and log, to import files one after the other."""

    def __init__(self, home: Path, log: KeptLog | None = None) -> None:
        self.home = home
        self.log = log or KeptLog()
        self.pseudonyms = Pseudonyms(home)

    async def take(
        self,
        kind: str,
        path: Path,
        *,
        name: str = "",
        replaces: str | None = None,
        setting: Setting = SETTING,
    ) -> Report:
        opened = open_file(kind, path, setting, NO_MAPPING)
        ledger = Ledger(self.home / "imports" / "ledger.sqlite", setting.site, kind, name or path.name)
        try:
            run = Import(
                kind,
                setting.site,
                namer=Namer(kind, setting.secret),
                door=Door(self.pseudonyms, NOW, opened.columns),
                ledger=ledger,
                log=self.log,
            )
            await run.take(opened.outcomes)
            await run.withdraw_replaced(replaces)
            return run.report
        finally:
            ledger.close()

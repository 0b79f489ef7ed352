"""The demo's files through the importers' own reading, without a log: what would be in it afterwards."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from infra.commands.define import read_entries
from infra.demo.centre import SITE
from infra.demo.files import CATALOG, IMPORTS, LIVE
from schemas.doors import Refused, admit_event
from schemas.event import Event, to_json
from schemas.reading import canonical_entry
from streams.collectors.entries import admit_entries
from streams.collectors.importers.business import business_of, setting_for
from streams.collectors.importers.drafts import Draft, Namer, Skipped
from streams.collectors.importers.files import open_file
from streams.collectors.importers.importing import Door
from streams.collectors.importers.mapping import FileMapping
from streams.collectors.privacy import Pseudonyms, pseudonymised

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def taken_in(directory: Path, home: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A directory of the demo's files -> bodies of events and of catalog entries, as the doors would append them."""
    pseudonyms = Pseudonyms(home)
    entries = admit_entries(read_entries((directory / CATALOG).read_bytes()), pseudonyms, now=NOW)
    raws = [entry.model_dump_json(by_alias=True, exclude_unset=True).encode() for entry in entries]
    business = business_of(SITE, raws)
    events: list[Event] = []
    for one in IMPORTS:
        options = dict(zip(one.options[::2], one.options[1::2], strict=True))
        setting = setting_for(
            SITE,
            business,
            FileMapping(),
            b"k" * 32,
            branch=options.get("--branch"),
            host=options.get("--host"),
            since=options.get("--since"),
            until=options.get("--until"),
        )
        opened = open_file(one.kind, directory / one.file, setting, FileMapping())
        namer, door = Namer(one.kind, setting.secret), Door(pseudonyms, NOW, opened.columns)
        for outcome in opened.outcomes:
            if isinstance(outcome, Skipped):
                continue
            assert isinstance(outcome, Draft), outcome
            named = namer.name(outcome)
            assert named is not None
            admitted = door.admit(named.line, named.event_id, named.body)
            assert isinstance(admitted, Event), admitted
            events.append(admitted)
    for line in (directory / LIVE).read_bytes().splitlines():
        body, problems = pseudonymised(orjson.loads(line), pseudonyms, public=False)
        assert not problems
        try:
            events.append(admit_event(body, now=NOW))
        except Refused as refused:
            raise AssertionError(refused.problems) from None
    return [orjson.loads(to_json(event)) for event in events], [orjson.loads(raw) for raw in raws]


__all__ = ["canonical_entry", "taken_in"]

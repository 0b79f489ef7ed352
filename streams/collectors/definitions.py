"""The catalog as the doors know it: followed from the log, kept in a file, so that codes resolve without a log.

The newest entry of each (site, kind, id) is the greatest (defined_at, canonical bytes), as for the core. The log
is read from its beginning at every start; once its end is reached, what it does not hold is forgotten.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.catalog import CatalogEntry, QrCodeEntry
from schemas.event import to_json
from schemas.reading import Unusable, body_of, canonical_entry, read_entry
from schemas.topics import CATALOG
from streams.collectors.producer import ProducerSettings
from streams.secret_files import write_secret

AGAIN_SECONDS: Final = 1.0
_ENTRIES_A_TURN: Final = 50
_log = logging.getLogger(__name__)


class _Held(NamedTuple):
    defined_at: datetime
    canonical: bytes
    entry: CatalogEntry


_Entries = dict[tuple[str, str, str], _Held]


class Definitions:
    """Every site's entries, readable at any time; `version` grows with each change."""

    def __init__(self, home: Path) -> None:
        """The home -> the entries as they were last known there."""
        self.version = 0
        self._path = home / "collector" / "definitions.jsonl"
        self._entries: _Entries = {}
        self._of_site: dict[str, dict[str, dict[str, CatalogEntry]]] = {}
        self._codes: dict[str, tuple[str, QrCodeEntry]] = {}
        self._kept_version = 0
        self._read_file()
        self._kept_version = self.version

    def entry(self, site: str, kind: str, id: str) -> CatalogEntry | None:
        """A site, a kind and an id -> what is defined there."""
        return self._of_site.get(site, {}).get(kind, {}).get(id)

    def entries(self, site: str, kind: str) -> list[CatalogEntry]:
        """A site and a kind -> its entries by id."""
        found = self._of_site.get(site, {}).get(kind, {})
        return [found[id] for id in sorted(found)]

    def sites(self) -> list[str]:
        """Every site of which anything is defined, in order."""
        return sorted(self._of_site)

    def code(self, code: str) -> tuple[str, QrCodeEntry] | None:
        """A QR code -> its site and entry; of two sites with one code (the doors refuse that), the first by name."""
        return self._codes.get(code)

    def learn(self, entries: Sequence[CatalogEntry]) -> None:
        """Entries that the log has acknowledged -> visible from now on."""
        for entry in entries:
            raw = to_json(entry)
            self._hold(_Held(entry.defined_at, canonical_entry(body_of(raw)), entry))

    async def follow(self, settings: ProducerSettings) -> None:
        """Reads the catalog's topic for ever, through every absence of the log; ends only when cancelled."""
        trouble = ""
        while True:
            try:
                await self._follow(settings)
            except (KafkaError, OSError, TimeoutError) as error:
                if type(error).__name__ != trouble:
                    trouble = type(error).__name__
                    _log.info("the catalog cannot be followed now: %s", trouble)
            await asyncio.sleep(AGAIN_SECONDS)

    async def keep(self) -> None:
        """Writes the file when anything changed since it was written."""
        if self.version == self._kept_version:
            return
        version = self.version
        content = b"".join(held.canonical + b"\n" for held in self._entries.values())
        try:
            await asyncio.to_thread(write_secret, self._path, content)
        except OSError as error:
            _log.warning("the definitions cannot be kept in a file: %s", error.strerror)
            return
        self._kept_version = version

    async def _follow(self, settings: ProducerSettings) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers,
            client_id="headwater-collector",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **settings.security,
        )
        try:
            await consumer.start()
            numbers = consumer.partitions_for_topic(CATALOG.name) or await _partitions(consumer)
            places = [TopicPartition(CATALOG.name, number) for number in sorted(numbers)]
            if not places:
                return
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            seen: set[tuple[str, str, str]] | None = set()
            begun_with = set(self._entries)
            while True:
                if seen is not None and all(
                    [await consumer.position(place) >= ends[place] for place in places]
                ):
                    self._forget(begun_with - seen)
                    seen = None
                fetched = await consumer.getmany(timeout_ms=250 if seen is not None else 1000)
                count = 0
                for records in fetched.values():
                    for record in records:
                        key = self._take(record.value)
                        if seen is not None and key is not None:
                            seen.add(key)
                        count += 1
                        if count % _ENTRIES_A_TURN == 0:
                            await asyncio.sleep(0)
                await self.keep()
        finally:
            await consumer.stop()

    def _take(self, raw: bytes | None) -> tuple[str, str, str] | None:
        if raw is None:
            return None
        try:
            body = body_of(raw)
            canonical = canonical_entry(body)
            key = (body["site"], body["kind"], body["id"])
            held = self._entries.get(key)
            if held is None or held.canonical != canonical:
                entry = read_entry(raw)
                key = (entry.site, entry.kind, entry.id)
                self._hold(_Held(entry.defined_at, canonical, entry))
            return key
        except (Unusable, ValueError, KeyError, TypeError, AttributeError):
            return None  # the worker makes it a dead letter

    def _hold(self, new: _Held) -> None:
        entry = new.entry
        key = (entry.site, entry.kind, entry.id)
        held = self._entries.get(key)
        if held is not None and (held.defined_at, held.canonical) >= (new.defined_at, new.canonical):
            return
        self._entries[key] = new
        self._of_site.setdefault(entry.site, {}).setdefault(entry.kind, {})[entry.id] = entry
        if isinstance(entry, QrCodeEntry):
            self._index_code(entry.id)
        self.version += 1

    def _forget(self, keys: set[tuple[str, str, str]]) -> None:
        for key in keys:
            site, kind, id = key
            del self._entries[key]
            kinds = self._of_site[site]
            del kinds[kind][id]
            if not kinds[kind]:
                del kinds[kind]
            if not kinds:
                del self._of_site[site]
            if kind == "qr_code":
                self._index_code(id)
            self.version += 1

    def _index_code(self, code: str) -> None:
        for site in self.sites():
            entry = self.entry(site, "qr_code", code)
            if isinstance(entry, QrCodeEntry):
                self._codes[code] = (site, entry)
                return
        self._codes.pop(code, None)

    def _read_file(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            self._take(line)


async def _partitions(consumer: AIOKafkaConsumer) -> set[int]:
    cluster = await consumer._client.fetch_all_metadata()
    found: set[int] = cluster.partitions_for_topic(CATALOG.name) or set()
    return found

"""One partition of the log: raw records in, a fate for each, and what they changed of every site on it.

The same fold serves the live worker and a replay; nothing here knows which.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.catalog import CatalogEntry
from schemas.reading import Reason
from schemas.scalars import END_OF_TIME
from schemas.topics import partition_of
from streams.domain.days import micros
from streams.domain.facts import Fact
from streams.domain.ruling import AS_DEFINED, Ruling
from streams.domain.site import Changes, Fate, Site

_EntryKey = tuple[str, str]
_AFTER_ALL: Final = micros(END_OF_TIME)


class Refusal(NamedTuple):
    """Why a record is of no use; the detail repeats nothing personal."""

    reason: Reason
    field: str
    detail: str
    site: str
    event_id: str


def conflict(site: str, id: str) -> Refusal:
    """An event whose id another body has."""
    detail = "found another body under an event_id that is taken; right would be an id of its own"
    return Refusal(Reason.ID_CONFLICT, "event_id", detail, site, id)


class Partition:
    """The sites of one partition; `partitions` is how many the topics have, `ruling` what is ruled otherwise."""

    def __init__(self, number: int, partitions: int, ruling: Ruling = AS_DEFINED) -> None:
        self.number = number
        self.partitions = partitions
        self.ruling = ruling
        self.sites: dict[str, Site] = {}
        self._entries: dict[str, dict[_EntryKey, tuple[int, bytes, CatalogEntry]]] = {}
        self._redefined: dict[str, None] = {}
        self._touched: dict[str, Site] = {}
        self._has_range = ruling.has_range
        for entry, canonical in ruling.catalog or ():
            if partition_of(entry.site, partitions) == number and not ruling.leaves_out(entry.site):
                self._hold(entry, micros(entry.defined_at), canonical)
        for entry, canonical in ruling.rules:
            if partition_of(entry.site, partitions) == number and not ruling.leaves_out(entry.site):
                self._hold(entry, _AFTER_ALL, canonical)

    def take_event(self, name: str, fact: Fact) -> Fate | Refusal:
        """Apply what a valid event of a site says."""
        site = self.sites.get(name)
        if site is None:
            if partition_of(name, self.partitions) != self.number:
                return self._misplaced(name, fact.id)
            if self.ruling.leaves_out(name):
                return Fate.FILTERED
            site = self.sites[name] = Site(name, self.ruling)
            self._define(name)
        if self._has_range and not self.ruling.covers(site.catalog.calendar.day(fact.at)):
            return Fate.FILTERED
        self._touched[name] = site
        fate = site.take(fact)
        if fate is None:
            return conflict(name, fact.id)
        return fate

    def site_of(self, name: str) -> Site | None:
        """The site, begun if there is none; None where it has no place here or is left out."""
        if partition_of(name, self.partitions) != self.number or self.ruling.leaves_out(name):
            return None
        site = self.sites.get(name)
        if site is None:
            site = self.sites[name] = Site(name, self.ruling)
            self._define(name)
        return site

    def touch(self, site: Site) -> None:
        """Something came for a site that it did not have to take: it is to be settled."""
        self._touched[site.site] = site

    def take_entry(self, entry: CatalogEntry, canonical: bytes) -> Fate | Refusal:
        """Apply a valid catalog entry; an older one than the newest known changes nothing."""
        name = entry.site
        if partition_of(name, self.partitions) != self.number:
            return self._misplaced(name, entry.id)
        if self.ruling.catalog is not None or self.ruling.leaves_out(name):
            return Fate.FILTERED
        return self._hold(entry, micros(entry.defined_at), canonical)

    def _hold(self, entry: CatalogEntry, defined_at: int, canonical: bytes) -> Fate:
        held = self._entries.setdefault(entry.site, {})
        key = (entry.kind, entry.id)
        newest = held.get(key)
        mine = (defined_at, canonical)
        if newest is not None and (newest[0], newest[1]) == mine:
            return Fate.DUPLICATE
        if newest is None or (newest[0], newest[1]) < mine:
            held[key] = (*mine, entry)
            self._redefined[entry.site] = None
        return Fate.APPLIED

    def definitions(self) -> list[bytes]:
        """The canonical bytes of every entry that counts."""
        return [canonical for held in self._entries.values() for _, canonical, _ in held.values()]

    def _misplaced(self, site: str, id: str) -> Refusal:
        right = partition_of(site, self.partitions)
        detail = f"found on partition {self.number}; right would be {right}: key the record by its site"
        return Refusal(Reason.WRONG_PARTITION, "site", detail, site, id)

    def _define(self, name: str) -> None:
        entries = self._entries.get(name)
        if entries:
            self.sites[name].define({key: entry for key, (_, _, entry) in entries.items()})

    def settle(self) -> Iterator[tuple[str, Changes]]:
        """Work out every site that something came for; what changed, by site."""
        for name in self._redefined:
            site = self.sites.get(name)
            if site is None:
                site = self.sites[name] = Site(name, self.ruling)
            self._define(name)
            self._touched[name] = site
        self._redefined = {}
        touched, self._touched = self._touched, {}
        for name, site in touched.items():
            yield name, site.settle()

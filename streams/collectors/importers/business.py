"""What the catalog says of a site -> how its files are to be read: time zone, branches, channels, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.catalog import CatalogEntry, ChannelEntry, KeywordListEntry, Names, SiteEntry
from schemas.reading import Unusable, body_of, canonical_entry, read_entry
from schemas.topics import CATALOG, partition_of, site_of_key
from streams.collectors.importers.cells import folded
from streams.collectors.importers.drafts import Setting
from streams.collectors.importers.mapping import FileMapping
from streams.collectors.producer import ProducerSettings


@dataclass(frozen=True)
class Business:
    """Zone, names of branches and channels (folded -> slug), menu labels of told sources, keywords of its brand."""

    zone: str = "Asia/Seoul"
    branches: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    answers: frozenset[str] = frozenset()
    brands: tuple[str, ...] = ()


def business_of(site: str, raws: Iterable[bytes]) -> Business:
    """Every record of a catalog, in any order -> the business; the newest of each id counts, unusable ones do not."""
    newest: dict[tuple[str, str], tuple[datetime, bytes, CatalogEntry]] = {}
    for raw in raws:
        try:
            said = read_entry(raw)
        except Unusable:
            continue
        aged = said.defined_at, canonical_entry(body_of(raw)), said
        before = newest.get((said.kind, said.id))
        if said.site == site and (before is None or aged[:2] > before[:2]):
            newest[said.kind, said.id] = aged
    return business_from(entry for _, _, entry in newest.values())


def business_from(entries: Iterable[CatalogEntry]) -> Business:
    """The entries in force of one site -> the business."""
    zone, answers = "Asia/Seoul", frozenset[str]()
    branches: dict[str, str] = {}
    channels: dict[str, str] = {}
    brands: dict[str, list[str]] = {}
    for entry in entries:
        if isinstance(entry, SiteEntry):
            zone = entry.time_zone or zone
            answers = frozenset(entry.answers or ())
            for branch in entry.branches or ():
                slug = branch if isinstance(branch, str) else branch.id
                branches.update(_names(slug, None if isinstance(branch, str) else branch.name))
        elif isinstance(entry, ChannelEntry):
            channels.update(_names(entry.id, entry.name))
        elif isinstance(entry, KeywordListEntry) and entry.list_kind == "brand":
            brands[entry.id] = entry.keywords or []
    of_brand = tuple(word for id in sorted(brands) for word in brands[id])  # in whichever order lists came
    return Business(zone, branches, channels, answers, of_brand)


def setting_for(
    site: str,
    business: Business,
    mapping: FileMapping,
    secret: bytes,
    *,
    branch: str | None = None,
    zone: str | None = None,
    number: str | None = None,
    host: str | None = None,
    since: str | None = None,
    until: str | None = None,
    engine: str | None = None,
) -> Setting:
    """The catalog, the mapping and the command's options, the later ones above the earlier -> the setting."""
    values: dict[str, Mapping[str, str]] = {"branch": business.branches, "channel": business.channels}
    for name, words in mapping.values.items():
        values[name] = {**values.get(name, {}), **words}
    options = {"number": number, "period_start": since, "period_end": until, "engine": engine}
    defaults = {**mapping.defaults, **{name: said for name, said in options.items() if said}}
    return Setting(
        site=site,
        secret=secret,
        zone=ZoneInfo(zone or business.zone),
        branch=branch,
        values=values,
        defaults=defaults,
        answers=business.answers,
        host=(host or mapping.host or "").rstrip("/") or None,
        brands=business.brands,
    )


async def read_business(settings: ProducerSettings, site: str) -> Business:
    """The log's catalog as it stands now -> the business of one site."""
    consumer = AIOKafkaConsumer(
        CATALOG.name, bootstrap_servers=settings.brokers, enable_auto_commit=False, **settings.security
    )
    try:
        await consumer.start()
        partitions = consumer.partitions_for_topic(CATALOG.name)
        if not partitions:
            return Business()
        consumer.unsubscribe()
        here = TopicPartition(CATALOG.name, partition_of(site, len(partitions)))
        consumer.assign([here])
        await consumer.seek_to_beginning(here)
        end = (await consumer.end_offsets([here]))[here]
        raws: list[bytes] = []
        while await consumer.position(here) < end:
            for message in (await consumer.getmany(here, timeout_ms=1_000)).get(here, ()):
                if message.value and site_of_key(message.key or b"") == site:
                    raws.append(message.value)
        return business_of(site, raws)
    finally:
        await consumer.stop()


def _names(slug: str, name: Names | None) -> dict[str, str]:
    names = [slug, *([name] if isinstance(name, str) else (name or {}).values())]
    return {folded(one): slug for one in names}

"""Whom an identifier means: the site's whole log folded by the core, and every identifier of the persons it names."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from infra.replays import reach_of
from infra.settings import Settings
from schemas.topics import CATALOG, EVENTS, partition_of
from streams.codec import decode_entry, decode_event
from streams.collectors.privacy import Pseudonyms, normalised_email, normalised_phone
from streams.domain.partition import Partition, Refusal
from streams.domain.ruling import Ruling
from streams.domain.site import Site
from streams.log import LogReader

KINDS: Final = ("phone", "email", "lead_id", "visitor_id", "session_id", "call_id")
TYPED: Final = ("phone", "email")
"""What is never an argument of a command: it would stay in the shell's history and in the list of processes."""


class BadIdentifier(ValueError):
    """What was given is no identifier of its kind; never quotes it."""


class Found(NamedTuple):
    """Every identifier of who is asked for, as `kind:value`, of how many persons and events they are, until when."""

    identifiers: tuple[str, ...]
    persons: int
    events: int
    nodes: frozenset[str]
    newest: datetime | None
    """When the last of the events happened: a payment known by its day alone happens at the end of that day."""

    def counted(self) -> dict[str, int]:
        """How many identifiers of each kind."""
        kinds = [identifier.partition(":")[0] for identifier in self.identifiers]
        return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}


def asked_for(kind: str, text: str, site: str, pseudonyms: Pseudonyms) -> list[str]:
    """An identifier as it was typed -> as `kind:value`, a phone or e-mail under every retained key."""
    text = text.strip()
    if kind not in TYPED:
        if not text or len(text) > 128 or not text.isprintable():
            raise BadIdentifier(f"found {len(text)} characters that are no {kind}; right would be 1 to 128")
        return [f"{kind}:{text}"]
    normalised = normalised_phone(text) if kind == "phone" else normalised_email(text)
    if normalised is None:
        right = (
            "a number like 010-1234-5678 or +82…" if kind == "phone" else "an address like name@example.kr"
        )
        raise BadIdentifier(f"found {len(text)} characters that are no {kind}; right would be {right}")
    return [f"{kind}:{pseudonym}" for pseudonym in pseudonyms.of(site, normalised)]


async def folded_site(settings: Settings, name: str) -> Site | None:
    """Everything the log says of a site, folded; None where it says nothing."""
    partition = partition_of(name, settings.partitions)
    fold = Partition(partition, settings.partitions, Ruling(sites=frozenset({name})))
    reader = LogReader(reach_of(settings).brokers())
    await reader.start()
    try:
        ends = {
            topic: (await reader.ends(topic, [partition]))[partition] for topic in (CATALOG.name, EVENTS.name)
        }
        spelt = name.encode()
        async for records in reader.read(CATALOG.name, partition, 0, ends[CATALOG.name]):
            for record in records:
                entry = decode_entry(record.value) if record.value is not None else None
                if entry is not None and not isinstance(entry, Refusal):
                    fold.take_entry(*entry)
        async for records in reader.read(EVENTS.name, partition, 0, ends[EVENTS.name]):
            for record in records:
                if record.value is None or spelt not in record.value:
                    continue
                event = decode_event(record.value)
                if not isinstance(event, Refusal) and event.site == name:
                    fold.take_event(name, event.fact)
    finally:
        await reader.stop()
    return fold.sites.get(name)


def found_in(site: Site, asked: Iterable[str]) -> Found:
    """Who the identifiers mean now -> all that names them; nobody: no persons."""
    identifiers = list(asked)
    persons = {}
    for identifier in identifiers:
        person = site.people.by_node.get(site.forgotten.nodes(identifier)[-1])
        if person is not None:
            persons[id(person)] = person
    nodes: set[str] = set()
    for person in persons.values():
        nodes.update(person.nodes)
    gone = {ending.name for endings in site.forgotten.values() for ending in endings}
    named = {site.anew.get(node, node) for node in nodes - gone}
    shared = {identifier for identifier in identifiers if identifier in site.catalog.shared}
    every = sorted({*named, *(identifiers if persons else ())} - shared)
    events = sum(len(person.facts) for person in persons.values())
    newest = max((fact.at for person in persons.values() for fact in person.facts), default=None)
    return Found(
        tuple(one for one in every if one.partition(":")[0] in KINDS),
        len(persons),
        events,
        frozenset(nodes),
        None if newest is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=newest),
    )

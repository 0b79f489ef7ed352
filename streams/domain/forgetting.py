"""Who was forgotten: the identifiers a `person_forgotten` lists, under names that say nothing of them from then on.

An identifier is somebody else after each forgetting. What it named before is renamed: the new name is made of the
forgetting's own id and the place in its list, so it is the same in every table and every replay, and leads nowhere.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

PERSONAL: Final = ("phone", "email")


class Ending(NamedTuple):
    """From when on an identifier is somebody else, and what it is called before that instant; in order of time."""

    at: int
    event_id: str
    place: int
    name: str


def renamed(kind: str, event_id: str, place: int) -> str:
    """What an identifier is called once the forgetting of that id has listed it at that place."""
    digest = sha256(f"{event_id}\0{place}".encode()).hexdigest()
    return f"hmac:forgotten:{digest}" if kind in PERSONAL else f"forgotten:{digest[:32]}"


class Forgettings(dict[str, list[Ending]]):
    """Every forgetting of one site, by identifier (`kind:value`); order of arrival leaves no trace.

    `given` are all names that were ever given, those that an earlier forgetting since took the place of too, each with
    the identifier it stands for: what was written under one of them is found again, and named anew.
    """

    def __init__(self) -> None:
        self.given: dict[str, str] = {}

    def note(self, event_id: str, at: int, identifiers: tuple[str, ...]) -> None:
        """From `at` on these identifiers are somebody else."""
        for place, identifier in enumerate(identifiers):
            kind = identifier.partition(":")[0]
            ending = Ending(at, event_id, place, f"{kind}:{renamed(kind, event_id, place)}")
            self.given[ending.name] = identifier
            held = self.setdefault(identifier, [])
            same = next((one for one in held if one.at == at), None)
            if same is None:
                held.append(ending)
            elif ending < same:
                held[held.index(same)] = ending
            held.sort()

    def past(self, identifier: str, at: int) -> int:
        """How often an identifier was forgotten before an instant."""
        return sum(1 for ending in self.get(identifier, ()) if ending.at < at)

    def name(self, identifier: str, at: int) -> str:
        """What an identifier said at an instant is called: itself, unless it was forgotten at or after."""
        endings = self.get(identifier, ())
        past = self.past(identifier, at)
        return endings[past].name if past < len(endings) else identifier

    def written_name(self, written: str, at: int) -> str:
        """As `name`, of what was perhaps written under a name given before; that name stays where none is due."""
        identifier = self.given.get(written, written)
        name = self.name(identifier, at)
        return written if name == identifier else name

    def written_names(self, identifiers: Iterable[str]) -> set[str]:
        """Identifiers -> under what they may stand in what was written: themselves and every name given to them."""
        wanted = set(identifiers)
        return wanted | {name for name, identifier in self.given.items() if identifier in wanted}

    def node(self, identifier: str, at: int) -> str:
        """Whom an identifier means at an instant: another after each forgetting before it."""
        name = self.name(identifier, at)
        if name is identifier and (past := self.past(identifier, at)):
            return f"{identifier}#{past}"
        return name

    def nodes(self, identifier: str) -> list[str]:
        """Everybody an identifier ever meant."""
        endings = self.get(identifier, [])
        now = f"{identifier}#{len(endings)}" if endings else identifier
        return [*(ending.name for ending in endings), now]

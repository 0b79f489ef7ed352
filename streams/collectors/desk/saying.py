"""What the desk's page wants to say -> bodies of events, or why not: a few types, a few fields, its own ids.

The page makes event_ids, so that what waited for the network counts once. It can say nothing personal: no names, no
notes, no free text. It can take back only what a desk said.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.problems import Problem, masked
from streams.collectors.desk.knowledge import LEAD_PREFIX

OWN: Final = LEAD_PREFIX
"""What every id that the page makes begins with."""
MOST_EVENTS: Final = 100
LONGEST_SERVICE: Final = 40
MARKS: Final = ("new", "existing", "spam", "wrong_number")

_EVERY: Final = frozenset({"type", "event_id", "occurred_at", "branch"})
_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "call_tagged": frozenset({"call_id", "subject"}),
    "source_told": frozenset(),
    "status_changed": frozenset({"stage"}),
    "person_identified": frozenset({"call_id"}),
    "event_withdrawn": frozenset({"withdraws"}),
    "referral_code": frozenset({"lead_id", "said"}),
}
_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "call_tagged": frozenset({"call_id", "subject"}),
    "source_told": frozenset({"call_id", "session_id", "lead_id", "channel", "answer"}),
    "status_changed": frozenset({"session_id", "lead_id", "stage", "service", "via"}),
    "person_identified": frozenset({"call_id", "session_id", "lead_id"}),
    "event_withdrawn": frozenset({"withdraws"}),
    "referral_code": frozenset({"lead_id", "said"}),
}
TYPES: Final = tuple(_ALLOWED)
_OWN_ID: Final = re.compile(rf"{OWN}[0-9a-z-]{{16,64}}\Z")
_ANSWER: Final = "a value the page offers: reload the page"


@dataclass(frozen=True)
class Offered:
    """What the page of a site offers to choose from; without `services` any short word that leads were about."""

    site: str
    branches: Collection[str]
    answers: Collection[str]
    stages: Collection[str]
    services: Collection[str] | None
    ways: Collection[str]


def body_of(said: object, offered: Offered) -> tuple[dict[str, Any], list[Problem]]:
    """One thing the page said -> the event's body with the site in it, and everything that is wrong with it.

    `referral_code` is no event: whoever calls makes `referral_made` of it.
    """
    if not isinstance(said, dict):
        return {}, [Problem("the event", "no JSON object", "one JSON object")]
    kind = said.get("type")
    if not isinstance(kind, str) or kind not in _ALLOWED:
        return {}, [Problem("type", "a type no desk says", "one of " + ", ".join(_ALLOWED))]
    problems = [
        Problem(masked(str(name)), "a field no desk gives", "to leave it out")
        for name in said
        if name not in _EVERY and name not in _ALLOWED[kind]
    ]
    problems += [
        Problem(name, "nothing", "a value")
        for name in sorted(_NEEDED[kind] | {"event_id", "occurred_at"})
        if name not in said
    ]
    problems += [
        Problem(name, "no text", "a text")
        for name, value in said.items()
        if isinstance(name, str) and name in _EVERY | _ALLOWED[kind] and not isinstance(value, str)
    ]
    if not problems:
        problems = _beyond(said, offered)
    return {**said, "site": offered.site}, problems


def _beyond(said: Mapping[str, str], offered: Offered) -> list[Problem]:
    """Values that no page of ours would send."""
    problems = []
    for name in ("event_id", "withdraws"):
        if name in said and not _OWN_ID.match(said[name]):
            problems.append(Problem(name, "no id made by a desk", f"{OWN} and 16 to 64 of 0-9, a-z and -"))
    for name, choice in (
        ("branch", offered.branches),
        ("answer", offered.answers),
        ("subject", MARKS),
        ("stage", offered.stages),
        ("via", offered.ways),
    ):
        if name in said and said[name] not in choice:
            problems.append(Problem(name, "a value that is not offered", _ANSWER))
    service = said.get("service", "")
    known = offered.services is None or not service or service in offered.services
    if not known or len(service) > LONGEST_SERVICE:
        problems.append(Problem("service", "a value that is not offered", _ANSWER))
    if said["type"] != "event_withdrawn" and not any(
        name in said for name in ("call_id", "session_id", "lead_id")
    ):
        problems.append(Problem("call_id", "nobody it is about", "call_id, session_id or lead_id"))
    return problems

"""What people do, or are sent or shown, that is no touch: one row an event, under the names of its person."""

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.domain.catalog import SiteCatalog
from streams.domain.facts import ACTIVITY, CLICK, MESSAGE, REFERRAL, Activity, Fact

ACTIVE: Final = frozenset((ACTIVITY, CLICK, MESSAGE, REFERRAL))
VISITOR: Final = "visitor_id:"
LEAD: Final = "lead_id:"
CALL_ID: Final = "call_id:"


class ActivityRow(NamedTuple):
    """One activity as published; `at` epoch µs, `campaign` by its id."""

    event_id: str
    at: int
    day: int
    branch: str
    person: str
    visitor: str
    lead: str
    call_id: str
    campaign: str
    referrer: str
    said: Activity


def activity_of(fact: Fact) -> Activity:
    """What a fact of a kind that is an activity says."""
    activity: Activity = fact.body.activity if fact.kind == CLICK else fact.body
    return activity


def mentions_of(fact: Fact) -> tuple[str, ...]:
    """Every identifier that an activity's row names, as `kind:value`: forgotten, it is called otherwise."""
    referrer = activity_of(fact).referrer
    return (*fact.ids, referrer) if referrer else fact.ids


def activity_row(
    fact: Fact, person: str, catalog: SiteCatalog, name_of: Callable[[str, int], str]
) -> ActivityRow:
    """The row of an activity, forgotten identifiers renamed."""
    said = activity_of(fact)
    visitor = lead = call_id = ""
    for identifier in fact.ids:
        if identifier.startswith(VISITOR):
            visitor = name_of(identifier, fact.at).removeprefix(VISITOR)
        elif identifier.startswith(LEAD):
            lead = name_of(identifier, fact.at).removeprefix(LEAD)
        elif identifier.startswith(CALL_ID):
            call_id = name_of(identifier, fact.at).removeprefix(CALL_ID)
    return ActivityRow(
        fact.id,
        fact.at,
        catalog.calendar.day(fact.at),
        fact.branch,
        person,
        visitor,
        lead,
        call_id,
        catalog.campaign_of(said.campaign),
        name_of(said.referrer, fact.at) if said.referrer else "",
        said,
    )

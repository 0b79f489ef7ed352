"""Small histories in which the line once differed from the reference, each kept as the core sees it."""

from typing import Any

from tests.published import Row, differences, folded, judged
from tests.reference.reference import reference

SITE = "center"


def said(id: str, type: str, at: str, **fields: Any) -> Row:
    return {"event_id": id, "type": type, "site": SITE, "occurred_at": at, **fields}


def test_a_call_of_a_visitor_who_was_forgotten_between_session_and_call() -> None:
    """After the forgetting the visitor is another, though a lead joins both: the old session is not the new one's."""
    pool = {"id": "n1", "from": "2026-01-31", "pool": True}
    catalog = [
        {"site": SITE, "kind": "tracking_number", "id": "07041234567", "defined_at": "2026-01-02T00:00:00Z"}
        | {"assignments": [pool]}
    ]
    url = "https://center.example/?utm_campaign=spring"
    events = [
        said("visit", "visit_seen", "2026-01-31T01:30:00Z", visitor_id="v3", url=url),
        said("old", "person_identified", "2026-01-31T01:30:00Z", visitor_id="v3", lead_id="L4"),
        said("gone", "person_forgotten", "2026-03-02T14:30:30Z", identifiers=[{"visitor_id": "v3"}]),
        said("shown", "number_shown", "2026-04-30T01:00:30Z", visitor_id="v3", number="070-4123-4567"),
        said(
            "call",
            "call_ended",
            "2026-04-30T01:00:30Z",
            call_id="c1",
            number="070-4123-4567",
            outcome="answered",
        ),
        said("new", "person_identified", "2026-05-01T00:32:01Z", visitor_id="v3", lead_id="L4"),
    ]
    published, _ = folded(catalog, events)
    assert differences(published, judged(reference(events, catalog))) == []

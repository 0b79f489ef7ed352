"""What people do that is no touch, and what a business defines, on the real engine: as the reference says it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.given import SITE, assigned, defined, engaged, identified, invited, message, site, withdrawn
from tests.path.published_rows import publish
from tests.reference.histories import random_history
from tests.reference.reference import reference

pytestmark = pytest.mark.engine


def seen(engine: Client, view: str, run: str) -> list[dict[str, Any]]:
    """A run's rows of a view, without what every row of it shares."""
    asked = f"SELECT * EXCEPT run FROM headwater.{view} WHERE run = {{run:String}}"
    return list(engine.query(asked, parameters={"run": run}).named_results())


def told(value: Any) -> Any:
    """A value as the engine gives it or the reference says it -> one spelling."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    return value


def test_views_show_what_the_reference_says_of_any_history(engine: Client) -> None:
    wanted: dict[str, int] = {}
    for seed in range(3):
        catalog, events = random_history(seed, 150)
        publish(engine, f"acts-{seed}", catalog, events)
        right = reference(events, catalog)
        for view, table, key in (
            ("activities", "activity_rows", ("site", "event_id")),
            ("definitions", "definition_rows", ("site", "kind", "id")),
        ):
            rows = {tuple(row[name] for name in key): row for row in seen(engine, view, f"acts-{seed}")}
            said = {tuple(row[name] for name in key): row for row in right[table]}
            assert rows.keys() == said.keys()
            for place, row in said.items():
                mine = {name: told(rows[place][name]) for name in row}
                assert mine == {name: told(value) for name, value in row.items()}
            wanted[view] = wanted.get(view, 0) + len(said)
    assert wanted["activities"] > 30 and wanted["definitions"] > 3


def test_a_reader_follows_a_message_and_a_variant_to_their_person(engine: Client) -> None:
    letter = {"email": "hmac:2:e1", "campaign": "spring", "segment": "dormant-90"}
    events = [
        message("m1", "sent", "09:00", **letter),
        message("m1", "opened", "09:20", **letter),
        assigned("page", "b", at="10:00"),
        engaged("tour", "video", at="10:05", watched_seconds=20.0, length_seconds=30.0),
        engaged("mistake", at="10:06"),
        withdrawn(engaged("mistake", at="10:06")),
        identified("11:00", visitor_id="v1", email="hmac:2:e1", lead_id="L1"),
        invited("L1", "12:00"),
    ]
    publish(engine, "acts-one", [site(time_zone="Asia/Seoul"), defined("goal", "tour", value=50.0)], events)
    rows = seen(engine, "activities", "acts-one")
    known = [row for row in rows if row["type"] != "invitation_sent"]
    assert {row["person_id"] for row in known} == {"email:hmac:2:e1"}
    assert {(row["subject"], row["action"]) for row in known} == {
        ("m1", "sent"), ("m1", "opened"), ("page", ""), ("tour", "video"),
    }  # fmt: skip
    (video,) = [row for row in rows if row["subject"] == "tour"]
    assert (video["day"], video["watched_seconds"] / video["length_seconds"]) == (date(2026, 3, 2), 20 / 30)
    (invitation,) = [row for row in rows if row["type"] == "invitation_sent"]
    assert invitation["referrer"] == "lead_id:L1" and invitation["person_id"].startswith("event:")
    worth = "SELECT JSONExtractFloat(definition, 'value') FROM headwater.definitions WHERE run = 'acts-one' AND site = {site:String}"
    assert engine.query(worth, parameters={"site": SITE}).result_rows == [(50.0,)]

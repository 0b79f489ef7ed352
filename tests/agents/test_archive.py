"""What a follower archives of people who are forgotten: in the step that forgets them, before it, and after."""

from typing import Any

import orjson
from aiokafka import ConsumerRecord

from schemas.topics import EVENTS, partition_of
from streams.agents.follower import Follower
from streams.domain.forgetting import renamed
from streams.sinks.clickhouse_sink import Step
from streams.sinks.rows import COLUMNS
from tests.given import SITE, forgotten, visit

PARTITIONS = 4
NUMBER = partition_of(SITE, PARTITIONS)
GONE = renamed("visitor_id", "f", 0)
FORGETTING = forgotten({"visitor_id": "v1"}, at="11:00", id="f")


def records(events: list[dict[str, Any]], first: int = 0) -> list[ConsumerRecord]:
    """Events as they lie in the log."""
    return [
        ConsumerRecord(EVENTS.name, NUMBER, offset, 0, 0, SITE.encode(), orjson.dumps(event), None, 0, 0, ())
        for offset, event in enumerate(events, first)
    ]


def archived(
    follower: Follower, events: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """One step: the archive's rows by column, and who is forgotten in it."""
    first = follower.events_next
    step = Step(NUMBER, first, first + len(events), 0, 0, 1, False)
    written = follower.advance(records(events, first), step)
    names = COLUMNS["event_archive"]
    return [dict(zip(names, row, strict=True)) for row in written.rows["event_archive"]], written.forgotten


def visitors(rows: list[dict[str, Any]]) -> list[str | None]:
    """The visitor each payload names."""
    return [orjson.loads(row["payload"]).get("visitor_id") for row in rows]


def test_events_of_the_same_step_and_late_ones_are_archived_renamed() -> None:
    follower = Follower(NUMBER, PARTITIONS, 1)
    rows, named = archived(
        follower, [visit("v1", "09:00"), FORGETTING, visit("v2", "09:00"), visit("v1", "12:00")]
    )
    assert visitors(rows) == [GONE, None, "v2", "v1"]
    assert orjson.loads(rows[1]["payload"])["identifiers"] == [{"visitor_id": GONE}]
    assert named == {SITE: ["visitor_id:v1"]}
    assert visitors(archived(follower, [visit("v1", "10:00", id="late")])[0]) == [GONE]


def test_what_was_archived_before_is_written_again_at_the_step_s_version() -> None:
    follower = Follower(NUMBER, PARTITIONS, 1)
    before, _ = archived(follower, [visit("v1", "09:00"), visit("v2", "09:00")])
    assert visitors(before) == ["v1", "v2"]
    archived(follower, [FORGETTING])
    held = [tuple(row[name] for name in COLUMNS["event_archive"][:-2]) for row in before]
    again = follower.without_forgotten(SITE, held, 77)
    assert [(row[1], row[-2], row[-1]) for row in again] == [(before[0]["event_id"], 77, 0)]
    assert again[0][:7] == held[0][:7]
    assert orjson.loads(again[0][7])["visitor_id"] == GONE
    assert follower.without_forgotten(SITE, [row[:8] for row in again], 78) == []


def test_a_state_that_remembers_the_forgotten_says_so() -> None:
    follower = Follower(NUMBER, PARTITIONS, 1)
    archived(follower, [visit("v1", "09:00")])
    assert not follower.remembers_forgotten
    archived(follower, [FORGETTING])
    assert follower.remembers_forgotten

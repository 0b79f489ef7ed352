"""A record that cannot be used, shown, and put back: after the fix it counts as if it had never failed."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from infra.local import stack
from infra.settings import Settings
from schemas.topics import EVENTS, partition_of
from tests import given
from tests.path.conftest import headwater

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SITE = "lost-letters"


async def append(settings: Settings, value: bytes, partition: int) -> str:
    """Bytes straight into a partition of the log -> where they lie."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all")
    await producer.start()
    try:
        done = await producer.send_and_wait(EVENTS.name, value, key=SITE.encode(), partition=partition)
        return f"{EVENTS.name}:{partition}:{done.offset}"
    finally:
        await producer.stop()


def letters(settings: Settings) -> dict[str, dict[str, Any]]:
    """Dead letters of all sites as the command shows them, by place."""
    shown = headwater(settings, "dead-letters", "show", "--format", "json", "--payload")
    assert shown.returncode == 0, shown.stderr
    return {f"{one['topic']}:{one['partition']}:{one['offset']}": one for one in json.loads(shown.stdout)}


def count(settings: Settings, condition: str) -> int:
    """How many dead letters are in ClickHouse of which this is true."""
    client = stack.reader(settings)
    try:
        return int(client.command(f"SELECT count() FROM headwater.dead_letters WHERE {condition}"))
    finally:
        client.close()


def until_lost(settings: Settings, place: str) -> None:
    """Until what lies there is shown as a dead letter."""
    topic, partition, offset = place.split(":")
    where = f"topic = '{topic}' AND partition = {partition} AND offset = {offset}"
    until(lambda: count(settings, where) == 1)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def archived(settings: Settings) -> list[str]:
    """Ids of the events of the site that were applied."""
    client = stack.reader(settings)
    try:
        statement = "SELECT event_id FROM headwater.events WHERE site = {site:String}"
        return [event_id for (event_id,) in client.query(statement, parameters={"site": SITE}).result_rows]
    finally:
        client.close()


def test_a_letter_on_the_wrong_partition_counts_once_it_is_put_back(home: Settings) -> None:
    event = given.visit("kim-chulsoo", url="https://center.example/?name=kim", site=SITE)
    wrong = 1 - partition_of(SITE, home.partitions)
    place = asyncio.run(append(home, json.dumps(event).encode(), wrong))
    until_lost(home, place)
    letter = letters(home)[place]
    assert (letter["reason"], letter["requeued"]) == ("wrong_partition", 0)
    assert "kim" not in json.dumps(letter["payload"].replace(event["event_id"], ""))
    raw = headwater(home, "dead-letters", "show", "--payload", "--raw")
    assert "name=kim" in raw.stdout

    first = headwater(home, "dead-letters", "requeue", "--offset", place, "--yes")
    assert (first.returncode, first.stderr) == (0, "1 put back, 0 were before\n")
    until(lambda: archived(home) == [event["event_id"]])
    again = headwater(home, "dead-letters", "requeue", "--offset", place, "--yes")
    assert (again.returncode, again.stderr) == (0, "0 put back, 1 were before\n")
    assert letters(home)[place]["requeued"] == 1


@pytest.mark.deep
def test_what_is_still_unusable_comes_back_as_another_letter(home: Settings) -> None:
    place = asyncio.run(append(home, b"{no json", partition_of(SITE, home.partitions)))
    until_lost(home, place)
    assert "no JSON object" in letters(home)[place]["payload"]
    done = headwater(home, "dead-letters", "requeue", "--reason", letters(home)[place]["reason"], "--yes")
    assert (done.returncode, done.stderr) == (0, "1 put back, 0 were before\n")
    until(lambda: count(home, "reason = 'not_json'") == 2)
    assert [one["reason"] for one in letters(home).values()].count("not_json") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("requeue",), 2, "say which"),
        (("requeue", "--offset", "headwater.events:0"), 2, "right would be like"),
        (("requeue", "--reason", "not_jsn"), 2, "not_json"),
        (("requeue", "--offset", "headwater.events:0:99999999", "--yes"), 1, "no dead letter"),
        (("show", "--raw"), 2, "--raw goes with --payload"),
    ],
)
def test_what_is_asked_wrongly(home: Settings, arguments: tuple[str, ...], code: int, words: str) -> None:
    refused = headwater(home, "dead-letters", *arguments)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert words in refused.stderr

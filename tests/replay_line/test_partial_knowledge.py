"""What is learned late: live and a fresh replay end up the same, and the diff of the runs names what moved."""

import json
from datetime import date
from typing import NamedTuple

import pytest

from infra.local import stack
from infra.runs import compare, digest_of_run
from tests import given
from tests.command import headwater
from tests.line.harness import Line, Record
from tests.line.judging import judge
from tests.line.records import big_history, entry_record, event_record
from tests.replay_line.running import replayed

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

PAID_SEARCH = f"{given.HOME}?utm_source=google&utm_medium=cpc"


Moved = dict[str, dict[str, tuple[int, int]]]  # stage -> channel -> credits and won that came to it


class Case(NamedTuple):
    """What was known of a site of its own, what came months after, and what it moves under `first`.

    A registration implies an inquiry and a consult.
    """

    known: list[Record]
    learned: list[Record]
    moved: Moved
    spend: dict[str, tuple[int, int]] = {}  # noqa: RUF012 -- never changed


def events(site: str, *said: given.Event) -> list[Record]:
    """Events of a site."""
    return [event_record({**event, "site": site}) for event in said]


def entries(site: str, *said: given.Entry) -> list[Record]:
    """Definitions of a site."""
    return [entry_record({**entry, "site": site}) for entry in said]


registered = given.status("registration", "L1", "02-12 10:00", visitor_id="v1")
usual = (
    given.visit("v1", "02-10 10:00", PAID_SEARCH),
    given.status("inquiry", "L1", "02-11 10:00", visitor_id="v1"),
    registered,
    given.paid(850_000, "L1", "02-13 10:00"),
)
bought = given.spend(amount=600_000, since="2026-02-01", until="2026-02-28", spend_id="m1", at="02-28 10:00")
poster = given.qr_code("poster", given.assignment(channel="flyer"))
reprinted = given.qr_code("poster", given.assignment(channel="bus"))

CASES = {
    "late-visit": Case(
        events("late-visit", *usual),
        events(
            "late-visit",
            given.visit("v1", "2025-12-20 10:00", referrer="https://search.naver.com/search?q=a"),
        ),
        {
            "inquiry": {"paid_search": (-1, 0), "organic_search": (1, 0)},
            "consult": {"paid_search": (-1, 0), "organic_search": (1, 0)},
            "registration": {"paid_search": (-1, -850_000), "organic_search": (1, 850_000)},
        },
    ),
    "two-persons": Case(
        events(
            "two-persons",
            given.visit("v1", "01-05 10:00", PAID_SEARCH),
            given.status("registration", "L2", "01-20 10:00", phone="hmac:2:02"),
            given.paid(500_000, "L2", "01-21 10:00"),
        ),
        events("two-persons", given.identified("06-30 10:00", visitor_id="v1", phone="hmac:2:02")),
        {
            "inquiry": {"unattributed": (-1, 0), "paid_search": (1, 0)},
            "consult": {"unattributed": (-1, 0), "paid_search": (1, 0)},
            "registration": {"unattributed": (-1, -500_000), "paid_search": (1, 500_000)},
        },
    ),
    "refund": Case(
        events("refund", *usual),
        events("refund", given.paid(-850_000, "L1", "05-01 10:00")),
        {"registration": {"paid_search": (0, -850_000)}},
    ),
    "spend": Case(
        events("spend", *usual, bought),
        events(
            "spend", {**bought, "event_id": "again", "occurred_at": "2026-05-01T00:00:00Z", "amount": 300_000}
        ),
        {},
        {"paid_search": (600_000, 300_000)},
    ),
    "code": Case(
        entries("code", poster)
        + events(
            "code",
            given.scan("poster", "02-10 10:00", scan_id="q1"),
            given.visit("v1", "02-10 10:01", scan_id="q1"),
            *usual[1:],
        ),
        entries("code", {**reprinted, "defined_at": "2026-05-01T00:00:00Z"}),
        {
            "inquiry": {"flyer": (-1, 0), "bus": (1, 0)},
            "consult": {"flyer": (-1, 0), "bus": (1, 0)},
            "registration": {"flyer": (-1, -850_000), "bus": (1, 850_000)},
        },
    ),
    "stage": Case(
        events("stage", *usual[:3]),
        events("stage", given.withdrawn(registered, "05-01 10:00")),
        {"consult": {"paid_search": (-1, 0)}, "registration": {"paid_search": (-1, 0)}},
    ),
}


class Known(NamedTuple):
    """The line with everything known, and the newest run of it."""

    line: Line
    runs: list[str]


@pytest.fixture(scope="module")
def known(line: Line) -> Known:
    """Every case as it was before anything was learned, among others' events."""
    line.append(
        [record for case in CASES.values() for record in case.known] + big_history(seed=61, events=300)
    )
    line.worker()
    line.until_caught_up()
    replayed(line, "before")
    return Known(line, ["before"])


@pytest.mark.parametrize("site", CASES)
def test_live_and_a_fresh_replay_end_up_the_same_and_the_diff_names_what_moved(
    known: Known, site: str
) -> None:
    line, case, before = known.line, CASES[site], known.runs[-1]
    line.append(case.learned)
    line.until_caught_up()
    after = f"after-{site}"
    digest = replayed(line, after)
    known.runs.append(after)
    client = stack.writer(line.settings)
    try:
        assert digest_of_run(client, "live") == digest != digest_of_run(client, before)
        found = compare(
            client,
            before,
            after,
            model="first",
            site="",
            since=date(2025, 1, 1),
            until=date(2027, 1, 1),
            most=100,
        )
    finally:
        client.close()
    assert {one.site for one in found.conversions} | {one.site for one in found.channels if one.differs} == {
        site
    }
    assert found.moved == len(found.conversions) == len(case.moved)
    assert case.moved == {
        one.stage: {share.channel: (share.credits.difference, share.cash.difference) for share in one.shares}
        for one in found.conversions
    }
    spent = {one.channel: (one.spend.a or 0, one.spend.b or 0) for one in found.channels if one.site == site}
    assert case.spend == {channel: (a, b) for channel, (a, b) in spent.items() if a != b}


def test_the_command_says_it_and_live_is_right(known: Known) -> None:
    said = headwater(known.line.settings, "runs", "diff", "before", known.runs[-1], "--format", "json")
    assert said.returncode == 0, said.stderr
    assert {one["site"] for one in json.loads(said.stdout)["conversions"]} <= CASES.keys() - {"spend"}
    judge(known.line)

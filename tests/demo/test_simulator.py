"""The demo's quarter without any service: the same for ever, true to its plan, and readable by the importers."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from infra.demo.centre import LINES, MAIN, PLANS, POOL, RECEPTION, SINCE, SITE, UNTIL
from infra.demo.files import IMPORTS, PLANTED, files_of, write_files
from infra.demo.simulator import simulate
from infra.demo.truth import ELSEWHERE, asked_alone, misplaced, truth_of
from streams.domain.phones import e164
from tests.demo.taken_in import taken_in
from tests.reference.reference import reference
from tests.reference.scoreboard import scoreboard

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = {
    "naver_blog": "keep",
    "naver_place": "increase",
    "flyers": "stop",
    "mom_cafe": "increase",
    "referral": "strengthen",
}
_DIGESTS = """
import hashlib
from infra.demo.files import files_of
from infra.demo.simulator import simulate
for name, content in sorted(files_of(simulate({seed}, 6000), {seed}).items()):
    print(name, hashlib.sha256(content).hexdigest())
"""


def digests(seed: int, hash_seed: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", _DIGESTS.format(seed=seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return run.stdout


def test_a_seed_gives_the_same_bytes_of_every_file_in_every_process() -> None:
    once = digests(7, "0")
    assert len(once.splitlines()) == len({one.file for one in IMPORTS}) + 2
    assert digests(7, "12345") == once


def test_another_seed_gives_other_people() -> None:
    one, other = (files_of(simulate(seed, 6000), seed) for seed in (1, 2))
    same = {name for name in one if one[name] == other[name]}
    assert same == {
        "catalog.yaml",
        "ad-spend.xlsx",
        "tool-costs.csv",
        "surveys.csv",
        "keyword-volumes.csv",
        "search-console.csv",
    }


def test_the_truth_adds_up_to_what_was_planned_and_paid() -> None:
    quarter = simulate(3, 6000)
    truth = truth_of(quarter)
    for channel, plan in PLANS.items():
        assert truth[channel].inquiries == plan.inquiries
        assert truth[channel].registrations == plan.registrations
    assert sum(true.revenue for true in truth.values()) == sum(paid.amount for paid in quarter.payments)
    assert len({paid.payment_id for paid in quarter.payments}) == len(quarter.payments)
    registered = {lead.lead_id for lead in quarter.leads if lead.registered_on is not None}
    assert {paid.lead_id for paid in quarter.payments} == registered
    assert sum(asked_alone(quarter).values()) == len(registered)


def test_everything_happens_within_the_quarter_and_calls_have_ids_of_their_own() -> None:
    quarter = simulate(2, 6000)
    assert all(SINCE <= request.at.date() <= UNTIL for request in quarter.requests)
    assert all(SINCE <= call.started.date() <= UNTIL for call in quarter.calls)
    assert all(SINCE <= paid.paid_at.date() <= UNTIL for paid in quarter.payments)
    assert len({call.call_id for call in quarter.calls}) == len(quarter.calls)
    assert all(call.number for call in quarter.calls)


def test_nobody_is_misplaced_by_the_truth_itself() -> None:
    truth = truth_of(simulate(1, 6000))
    counts = {channel: float(true.registrations) for channel, true in truth.items()}
    assert misplaced(counts, truth) == 0
    assert misplaced({ELSEWHERE: 107.0}, truth) == sum(true.registrations for true in truth.values())


def test_telephone_numbers_come_from_blocks_that_nobody_has() -> None:
    quarter = simulate(1, 6000)
    people = {call.phone for call in quarter.calls} | {lead.phone for lead in quarter.leads} - {""}
    own = {
        *POOL,
        *MAIN.values(),
        RECEPTION,
        *(number for numbers in LINES.values() for number in numbers.values()),
    }
    for phone in people - {""} - own:
        assert re.fullmatch(r"010-000\d-\d{4}", phone)
    for number in own:
        assert re.fullmatch(r"0507-0000-\d{4}|070-0000-\d{4}", number)
    assert all(e164(number) for number in (people | own) - {""})


@pytest.mark.parametrize("events", [20_000])
def test_the_quarter_has_about_as_many_events_as_asked_for(events: int, tmp_path: Path) -> None:
    write_files(files_of(simulate(1, events), 1), tmp_path / "files")
    found, _ = taken_in(tmp_path / "files", tmp_path / "home")
    assert events * 0.95 < len(found) < events * 1.05


def test_what_stands_in_columns_nobody_reads_stays_in_the_files(tmp_path: Path) -> None:
    files = files_of(simulate(1, 3000), 1)
    write_files(files, tmp_path / "files")
    events, entries = taken_in(tmp_path / "files", tmp_path / "home")
    assert PLANTED[0] in files["payments.csv"].decode()
    behind = orjson.dumps([events, entries]).decode()
    assert [cell for cell in PLANTED if cell in behind] == []
    assert re.findall(r"010-?000\d-?\d{4}|\+8210000\d", behind) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_seed_tells_the_field_documents_story(seed: int, tmp_path: Path) -> None:
    quarter = simulate(seed, 3000)
    write_files(files_of(quarter, seed), tmp_path / "files")
    events, entries = taken_in(tmp_path / "files", tmp_path / "home")
    rows = {row["channel"]: row for row in scoreboard(reference(events, entries), [SITE], [], SINCE, UNTIL)}
    assert {channel: rows[channel]["action"] for channel in ACTIONS} == ACTIONS
    for channel, plan in PLANS.items():
        assert rows[channel]["spend"] == 3 * plan.monthly_cost
    assert sum(row["inquiries"] for row in rows.values()) == len(quarter.leads)
    assert sum(row["revenue"] for row in rows.values()) == sum(paid.amount for paid in quarter.payments)
    truth = truth_of(quarter)
    counts = {channel: row["registrations"] for channel, row in rows.items()}
    assert misplaced(counts, truth) < misplaced(asked_alone(quarter), truth) / 2


def test_a_file_is_the_same_whenever_it_is_made() -> None:
    quarter = simulate(1, 3000)
    first, again = files_of(quarter, 1), files_of(quarter, 1)
    for name, content in first.items():
        assert hashlib.sha256(content).digest() == hashlib.sha256(again[name]).digest(), name


def test_an_interruption_that_a_library_turned_into_an_error_is_one() -> None:
    from infra.commands.demo import _interrupted

    def failure(kind: type[BaseException]) -> BaseException:
        try:
            try:
                raise kind
            except kind as inner:
                raise ValueError("a callback failed") from inner
        except ValueError as outer:
            return outer

    assert _interrupted(KeyboardInterrupt())
    assert _interrupted(failure(KeyboardInterrupt))
    assert not _interrupted(failure(OSError))

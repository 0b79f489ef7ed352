"""A code keeps what it stood for: changes count from a day on, and nothing is printed again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import QrCodeEntry
from streams.collectors.entries import admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.qr.making import (
    changed_body,
    code_body,
    forgotten_bodies,
    personal_code,
    referral_code_body,
    referrer_of,
)
from streams.collectors.qr.targets import assignment_on

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
FIRST = date(2026, 3, 2)
CODE = "7kgmw3xd9hpn"


@pytest.fixture(scope="module")
def pseudonyms(tmp_path_factory: pytest.TempPathFactory) -> Pseudonyms:
    return Pseudonyms(tmp_path_factory.mktemp("home"))


def entry_of(body: dict[str, Any], pseudonyms: Pseudonyms, now: datetime = NOW) -> QrCodeEntry:
    """Through the door, as every definition goes."""
    (entry,) = admit_entries([body], pseudonyms, now=now)
    assert isinstance(entry, QrCodeEntry)
    return entry


def flyer(pseudonyms: Pseudonyms) -> QrCodeEntry:
    body = code_body(
        "clinic",
        CODE,
        day=FIRST,
        stands_for={"channel": "flyer", "campaign": "spring", "placement": "상가", "keyword": ""},
        destination="https://www.example.kr/spring",
    )
    return entry_of(body, pseudonyms)


def test_a_new_code(pseudonyms: Pseudonyms) -> None:
    entry = flyer(pseudonyms)
    held = assignment_on(entry, FIRST)
    assert held is not None and (held.channel, held.campaign, held.placement, held.keyword) == (
        "flyer",
        "spring",
        "상가",
        None,
    )
    assert assignment_on(entry, FIRST - timedelta(days=1)) is None


def test_it_leads_elsewhere_at_once_and_stands_for_the_same(pseudonyms: Pseudonyms) -> None:
    before = flyer(pseudonyms)
    later = FIRST + timedelta(days=9)
    body = changed_body(
        before, now=NOW + timedelta(days=9), day=later, destination="https://www.example.kr/summer"
    )
    after = entry_of(body, pseudonyms, NOW + timedelta(days=9))
    assert after.destination == "https://www.example.kr/summer"
    assert after.assignments == before.assignments
    assert after.defined_at > before.defined_at


def test_it_stands_for_something_else_from_a_day_on(pseudonyms: Pseudonyms) -> None:
    before, day = flyer(pseudonyms), FIRST + timedelta(days=30)
    now = NOW + timedelta(days=30)
    after = entry_of(changed_body(before, now=now, day=day, stands_for={"channel": "bus"}), pseudonyms, now)
    yesterday, today = assignment_on(after, day - timedelta(days=1)), assignment_on(after, day)
    assert yesterday is not None and today is not None
    assert (yesterday.channel, yesterday.id) == ("flyer", "2026-03-02")
    assert (today.channel, today.campaign, today.placement) == ("bus", "spring", "상가")
    assert today.to_day is None


def test_a_destination_of_an_assignment_gives_way_only_from_the_day_on(pseudonyms: Pseudonyms) -> None:
    body = code_body("clinic", CODE, day=FIRST, stands_for={"channel": "flyer"}, destination="https://a.kr/")
    body["assignments"] = [
        {"id": "1", "to": "2026-03-01", "destination": "https://www.example.kr/old"},
        {"id": "2", "from": "2026-03-02", "destination": "https://www.example.kr/now"},
    ]
    after = entry_of(
        changed_body(
            entry_of(body, pseudonyms), now=NOW, day=FIRST, destination="https://www.example.kr/new"
        ),
        pseudonyms,
    )
    held = {one.id: one.destination for one in after.assignments or ()}
    assert (after.destination, held) == (
        "https://www.example.kr/new",
        {"1": "https://www.example.kr/old", "2": None},
    )


def test_a_code_goes_out_of_use_and_comes_back(pseudonyms: Pseudonyms) -> None:
    off = entry_of(changed_body(flyer(pseudonyms), now=NOW, day=FIRST, disabled=True), pseudonyms)
    on = entry_of(changed_body(off, now=NOW, day=FIRST, disabled=False), pseudonyms)
    assert (off.disabled, on.disabled) == (True, False)
    assert on.defined_at > off.defined_at > NOW  # the same moment thrice, and still the last one counts


_DAYS = st.integers(0, 60).map(lambda number: FIRST + timedelta(days=number))


@given(st.lists(st.tuples(_DAYS, st.sampled_from(["bus", "flyer", "banner"])), max_size=8))
def test_any_changes_in_any_order_leave_days_that_the_door_admits(changes: list[tuple[date, str]]) -> None:
    entry = QrCodeEntry(site="clinic", id=CODE, defined_at=NOW)
    for number, (day, channel) in enumerate(changes):
        now = NOW + timedelta(minutes=number)
        before = {at: assignment_on(entry, at) for at in (FIRST + timedelta(days=n) for n in range(61))}
        body = changed_body(entry, now=now, day=day, stands_for={"channel": channel})
        entry = QrCodeEntry.model_validate_json(orjson.dumps(body))
        held = assignment_on(entry, day)
        assert held is not None and held.channel == channel
        for at, one in before.items():  # what came before the day stays
            kept = assignment_on(entry, at)
            if at < day:
                assert (kept and kept.channel) == (one and one.channel)


def test_a_personal_code_names_a_lead_and_nobody_else(pseudonyms: Pseudonyms) -> None:
    to = "https://www.example.kr/"
    scanned = entry_of(referral_code_body("clinic", CODE, "L-1", day=FIRST, destination=to), pseudonyms)
    said = entry_of(referral_code_body("clinic", "024517", "L-1", day=FIRST, destination=to), pseudonyms)
    assert (referrer_of(scanned), referrer_of(said), referrer_of(flyer(pseudonyms))) == ("L-1", "L-1", None)
    assert (scanned.destination, said.destination) == (to, None)
    entries = [scanned, said, flyer(pseudonyms)]
    assert personal_code(entries, "L-1", digits=False) is scanned
    assert personal_code(entries, "L-1", digits=True) is said
    assert personal_code(entries, "L-2", digits=True) is None
    off = entry_of(changed_body(scanned, now=NOW, day=FIRST, disabled=True), pseudonyms)
    assert personal_code([off], "L-1", digits=False) is None


def test_the_codes_of_somebody_forgotten_are_off_and_nobodys(pseudonyms: Pseudonyms) -> None:
    entries = [
        entry_of(referral_code_body("clinic", "024517", "L-1", day=FIRST), pseudonyms),
        entry_of(referral_code_body("clinic", "092569", "L-2", day=FIRST), pseudonyms),
        flyer(pseudonyms),
    ]
    (body,) = forgotten_bodies(entries, {"L-1"}, now=NOW)
    after = entry_of(body, pseudonyms)
    assert (after.id, after.disabled, referrer_of(after)) == ("024517", True, None)
    assert b"L-1" not in orjson.dumps(body) and after.defined_at > NOW

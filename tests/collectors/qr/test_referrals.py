"""A code, link, six digits or phone told at the desk -> referral_made, as the door admits it."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from schemas.catalog import SiteEntry
from streams.collectors.admission import Admitted, admit
from streams.collectors.definitions import Definitions
from streams.collectors.edge import Edge
from streams.collectors.entries import admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.qr.making import changed_body, code_body, referral_code_body
from streams.collectors.qr.referrals import NoReferrer, referral_body

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
FIRST = date(2026, 3, 2)
CODE, OTHER, OFF, PAST, DIGITS = "2x7srdcnj642", "7kgmw3xd9hpn", "off", "past", "024517"


@pytest.fixture(scope="module")
def pseudonyms(tmp_path_factory: pytest.TempPathFactory) -> Pseudonyms:
    return Pseudonyms(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory, pseudonyms: Pseudonyms) -> Definitions:
    known = Definitions(tmp_path_factory.mktemp("definitions"))
    home = "https://www.example.kr/"
    bodies = [
        referral_code_body("clinic", CODE, "L-1", day=FIRST, destination=home),
        referral_code_body("clinic", DIGITS, "L-2", day=FIRST),
        referral_code_body("clinic", OFF, "L-3", day=FIRST, destination=home),
        {**referral_code_body("clinic", PAST, "L-4", day=FIRST), "expires_on": "2026-03-01"},
        code_body("clinic", OTHER, day=FIRST, stands_for={"channel": "flyer"}, destination=home),
    ]
    entries = admit_entries(bodies, pseudonyms, now=NOW)
    known.learn([SiteEntry(site="clinic", id="clinic", defined_at=NOW), *entries])
    off = known.entry("clinic", "qr_code", OFF)
    assert off is not None
    body = changed_body(off, now=NOW, day=FIRST, disabled=True)  # type: ignore[arg-type]
    known.learn(admit_entries([body], pseudonyms, now=NOW))
    return known


@pytest.mark.parametrize(
    ("said", "referrer"),
    [
        (CODE, "L-1"),
        (" 2X7S RDCN J642 ", "L-1"),
        ("https://hw.example.kr/q/2x7srdcnj642", "L-1"),
        ("hw.example.kr/q/2x7srdcnj642/", "L-1"),
        ("024517", "L-2"),
        ("024-517", "L-2"),
    ],
)
def test_a_code_names_the_referrer(
    definitions: Definitions, pseudonyms: Pseudonyms, said: str, referrer: str
) -> None:
    body = referral_body(definitions, "clinic", said, lead_id="L-9", event_id="r1", now=NOW)
    admitted = admit(
        0, body, key=Edge.door_key("desk", "clinic"), pseudonyms=pseudonyms, now=NOW, visitor_id=None
    )
    assert isinstance(admitted, Admitted)
    event = orjson.loads(admitted.value)
    assert (event["type"], event["lead_id"], event["referrer_lead_id"]) == ("referral_made", "L-9", referrer)


@pytest.mark.parametrize("said", ["010-7321-4321", "01073214321", "+82 10 7321 4321"])
def test_a_phone_becomes_a_pseudonym_before_anything_is_written(
    definitions: Definitions, pseudonyms: Pseudonyms, said: str
) -> None:
    body = referral_body(definitions, "clinic", said, lead_id="L-9", event_id="r1", now=NOW)
    admitted = admit(
        0, body, key=Edge.door_key("desk", "clinic"), pseudonyms=pseudonyms, now=NOW, visitor_id=None
    )
    assert isinstance(admitted, Admitted)
    assert orjson.loads(admitted.value)["referrer_phone"] == pseudonyms.of("clinic", "+821073214321")[0]
    assert b"7321" not in admitted.value


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("024518", "a wrong one"),
        ("092569", "nobody has"),
        ("2x7srdcnj643", "neither a code nor"),
        ("7kgmw3xd9hpm", "neither a code nor"),
        (OFF, "no longer in use"),
        (PAST, "no longer in use"),
        (OTHER, "no customer's"),
        ("", "nothing that can be read"),
        ("x" * 500, "nothing that can be read"),
        ("https://[", "neither"),
        ("김지인", "neither"),
        ("'; DROP TABLE--", "neither"),
    ],
)
def test_what_names_nobody_is_told_without_repeating_it(
    definitions: Definitions, said: str, found: str
) -> None:
    with pytest.raises(NoReferrer) as refused:
        referral_body(definitions, "clinic", said, lead_id="L-9", event_id="r1", now=NOW)
    assert found in str(refused.value)
    assert not said or said not in str(refused.value)


def test_nobody_refers_themselves_and_no_site_knows_anothers_codes(definitions: Definitions) -> None:
    with pytest.raises(NoReferrer, match="own code"):
        referral_body(definitions, "clinic", CODE, lead_id="L-1", event_id="r1", now=NOW)
    for said in (CODE, DIGITS):
        with pytest.raises(NoReferrer):
            referral_body(definitions, "other", said, lead_id="L-9", event_id="r1", now=NOW)


def test_a_code_counts_from_its_day_on(definitions: Definitions) -> None:
    with pytest.raises(NoReferrer):
        referral_body(definitions, "clinic", CODE, lead_id="L-9", event_id="r1", now=NOW - timedelta(days=1))

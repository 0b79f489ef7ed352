"""Whom an identifier means: everything that names the person now, and nothing of anybody else."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from infra.commands.forget import bodies_of, forget
from infra.forgetting.finding import BadIdentifier, Found, asked_for, found_in
from schemas.doors import admit_event
from streams.codec import Decoded, decode_entry, decode_event
from streams.collectors.privacy import Pseudonyms
from streams.domain.partition import Refusal
from streams.domain.site import Site
from tests import given
from tests.given import call, clicked, forgotten, identified, site, status, tracking_number, visit

PHONE, OLD, MAIL = (f"hmac:{version}:{digit * 8}" for version, digit in ((2, "a"), (1, "b"), (2, "c")))


def found(events: list[given.Event], *asked: str, catalog: list[given.Entry] | None = None) -> Found:
    """Who is found in a site that these events happened at."""
    folded = Site(given.SITE)
    entries = [decode_entry(orjson.dumps(entry)) for entry in catalog or []]
    folded.define({(one[0].kind, one[0].id): one[0] for one in entries if not isinstance(one, Refusal)})
    for event in events:
        read = decode_event(orjson.dumps(event))
        assert isinstance(read, Decoded)
        folded.take(read.fact)
    return found_in(folded, asked)


JOURNEY = [
    visit("v1", "09:00"),
    visit("v2", "09:30"),
    identified("09:40", visitor_id="v1", phone=PHONE, phone_aliases=[OLD], email=MAIL),
    clicked("v2", "09:59", target=given.LINE),
    call("c1", "10:00", phone=PHONE),
    status(lead="L1", at="11:00", phone=PHONE),
    visit("v9", "09:00"),
    status(lead="L9", at="11:00", visitor_id="v9"),
]
ALL = {
    "visitor_id:v1", "visitor_id:v2", "call_id:c1", "lead_id:L1", f"phone:{PHONE}", f"phone:{OLD}", f"email:{MAIL}",
}  # fmt: skip


@pytest.mark.parametrize("asked", sorted(ALL))
def test_any_identifier_finds_all_of_the_person_and_nobody_else(asked: str) -> None:
    person = found(JOURNEY, asked)
    assert set(person.identifiers) == ALL
    assert (person.persons, person.events) == (1, 6)
    assert person.counted() == {"phone": 2, "email": 1, "lead_id": 1, "visitor_id": 2, "call_id": 1}


def test_a_pseudonym_of_a_retained_key_is_listed_though_the_log_lacks_it() -> None:
    older = "phone:hmac:9:" + "d" * 8
    assert set(found(JOURNEY, f"phone:{PHONE}", older).identifiers) == {*ALL, older}


def test_what_many_share_is_not_listed() -> None:
    shared = [site(shared_identifiers=[{"phone": PHONE}, {"phone": OLD}])]
    person = found(
        [*JOURNEY, visit("v1", "12:00", phone=PHONE)], "visitor_id:v1", f"phone:{PHONE}", catalog=shared
    )
    assert set(person.identifiers) == {"visitor_id:v1", f"email:{MAIL}"}


def test_who_was_forgotten_is_found_no_more_and_who_came_back_is_found_alone() -> None:
    gone = forgotten(
        {"phone": PHONE}, {"phone": OLD}, {"visitor_id": "v1"}, {"lead_id": "L1"}, at="12:00", id="f"
    )
    assert found([*JOURNEY, gone], f"phone:{PHONE}").persons == 0
    back = [*JOURNEY, gone, status(lead="L2", at="13:00", phone=PHONE)]
    person = found(back, f"phone:{PHONE}")
    assert (set(person.identifiers), person.events) == ({f"phone:{PHONE}", "lead_id:L2"}, 1)


def test_the_forgetting_takes_along_what_is_dated_to_the_end_of_the_day() -> None:
    """A payment known by its day alone is later than the command on that day; its money must stay with them."""
    paid = given.paid(320_000, at="23:59:59")
    newest = found([*JOURNEY, paid], f"phone:{PHONE}").newest
    assert newest is not None
    gone = forgotten(*(dict([one.split(":", 1)]) for one in sorted(ALL)), at=newest, id="f")
    assert found([*JOURNEY, paid, gone], "lead_id:L1").persons == 0


def test_a_number_that_a_visitor_only_claimed_is_not_listed() -> None:
    claims = [visit("v1", "09:00", claimed_phone=PHONE), status(lead="L9", at="08:00", phone=PHONE)]
    assert set(found(claims, "visitor_id:v1").identifiers) == {"visitor_id:v1"}
    confirmed = [*claims, status("consult", lead="L9", at="10:00", phone=PHONE)]
    assert set(found(confirmed, "visitor_id:v1").identifiers) == {
        "visitor_id:v1",
        f"phone:{PHONE}",
        "lead_id:L9",
    }


def test_a_phone_is_asked_for_under_every_retained_key(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms(tmp_path)
    pseudonyms.rotate()
    asked = asked_for("phone", " 010-1234-5678\n", "center", pseudonyms)
    assert asked == [f"phone:{one}" for one in pseudonyms.of("center", "+821012345678")]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("kind", "text"), [("phone", "0000-secret"), ("email", "secret"), ("lead_id", "secret\n\x00")]
)
def test_what_is_none_is_refused_and_not_repeated(tmp_path: Path, kind: str, text: str) -> None:
    with pytest.raises(BadIdentifier) as refused:
        asked_for(kind, text, "center", Pseudonyms(tmp_path))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("kind", ["phone", "email"])
def test_a_phone_is_never_an_argument(kind: str) -> None:
    ended = CliRunner().invoke(forget, [kind, "010-1234-5678", "--site", "center"])
    assert ended.exit_code == 2
    assert "1234" not in ended.output


def test_a_pool_call_belongs_to_who_saw_the_number() -> None:
    pool = [tracking_number(given.POOL_LINE, given.assignment(pool=True, channel="paid_search"))]
    events = [visit("v1", "09:00"), given.shown("v1", "09:59"), call("c1", "10:00", number=given.POOL_LINE)]
    assert set(found(events, "visitor_id:v1", catalog=pool).identifiers) == {"visitor_id:v1", "call_id:c1"}


def test_somebody_with_more_identifiers_than_one_event_holds_is_forgotten_in_several() -> None:
    """The doors refuse an event of more than 64 KiB: nobody may be too well known to be forgotten."""
    at = datetime(2026, 3, 2, 3, tzinfo=UTC)
    identifiers = [f"phone:hmac:1:{number:064x}" for number in range(900)]
    identifiers += [f"call_id:{number:0128}" for number in range(900)]
    told = [admit_event(body, now=at) for body in bodies_of(given.SITE, identifiers, at)]
    assert len({event.event_id for event in told}) == len(told) > 1
    named = [one for event in told for one in event.model_dump()["identifiers"]]
    assert [f"{kind}:{value}" for one in named for kind, value in one.items()] == identifiers

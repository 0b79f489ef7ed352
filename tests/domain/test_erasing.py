"""What the archive keeps of an event of somebody who was forgotten, and names that lead nowhere."""

import random

import orjson
import pytest

from schemas.reading import is_pseudonym
from streams.domain.erasing import erased
from streams.domain.forgetting import Forgettings, renamed

PHONE, OLD, MAIL = (f"hmac:{version}:{digit * 64}" for version, digit in ((2, "a"), (1, "b"), (2, "c")))
ALL = (
    "visitor_id:v1",
    "session_id:s1",
    "lead_id:L1",
    "call_id:c1",
    f"phone:{PHONE}",
    f"phone:{OLD}",
    f"email:{MAIL}",
)


def forgotten(at: int = 1_000, *identifiers: str) -> Forgettings:
    """Somebody with these identifiers, forgotten at an instant."""
    made = Forgettings()
    made.note("f", at, identifiers or ALL)
    return made


def test_every_field_that_names_the_forgotten_is_renamed_and_nothing_else() -> None:
    body = {
        "type": "call_ended", "event_id": "e1", "occurred_at": "2026-03-02T09:00:00Z", "url": "https://a.example/?x=v1",
        "visitor_id": "v1", "session_id": "s1", "lead_id": "L1", "call_id": "c1", "phone": PHONE, "phone_aliases": [OLD],
        "email": MAIL, "email_aliases": [MAIL], "claimed_phone": PHONE, "claimed_phone_aliases": [OLD],
        "claimed_email": MAIL, "claimed_email_aliases": [], "referrer_phone": PHONE, "referrer_lead_id": "L1",
        "note": "kept", "amount": 7,
    }  # fmt: skip
    kept = orjson.loads(erased(orjson.dumps(body), 900, forgotten()))
    assert {name for name, said in kept.items() if said != body[name]} == {
        "visitor_id", "session_id", "lead_id", "call_id", "phone", "phone_aliases", "email", "email_aliases",
        "claimed_phone", "claimed_phone_aliases", "claimed_email", "referrer_phone", "referrer_lead_id",
    }  # fmt: skip
    assert kept["phone"] == kept["claimed_phone"] == kept["referrer_phone"] == renamed("phone", "f", 4)
    assert is_pseudonym(kept["phone"])
    text = orjson.dumps(kept).decode()
    assert not any(one.partition(":")[2] in text for one in ALL if len(one) > 20)


def test_a_list_of_a_forgetting_is_renamed_too() -> None:
    body = {"type": "person_forgotten", "identifiers": [{"visitor_id": "v1"}, {"phone": PHONE}]}
    kept = orjson.loads(erased(orjson.dumps(body), 1_000, forgotten()))
    assert kept["identifiers"] == [
        {"visitor_id": renamed("visitor_id", "f", 0)},
        {"phone": renamed("phone", "f", 4)},
    ]


def test_what_names_nobody_forgotten_stays_byte_for_byte() -> None:
    raw = '{ "visitor_id" : "v2", "n": 1.50, "t": "가" }'.encode()
    assert erased(raw, 900, forgotten()) == raw.decode()
    assert erased(raw, 900, Forgettings()) == raw.decode()


@pytest.mark.parametrize(("at", "renames"), [(999, True), (1_000, True), (1_001, False)])
def test_what_comes_after_is_somebody_new(at: int, renames: bool) -> None:
    kept = orjson.loads(erased(b'{"visitor_id":"v1"}', at, forgotten()))
    assert (kept["visitor_id"] != "v1") is renames


def test_numbers_beyond_any_limit_survive() -> None:
    raw = b'{"visitor_id":"v1","n":123456789012345678901234567890}'
    assert '"n":123456789012345678901234567890' in erased(raw, 900, forgotten())


def test_an_identifier_is_another_after_each_forgetting_whatever_the_order() -> None:
    first, second = Forgettings(), Forgettings()
    for made, order in ((first, (1, 2, 3)), (second, (3, 1, 2))):
        for number in order:
            made.note(f"f{number}", 1_000 if number < 3 else 2_000, ("lead_id:L1",))
    assert first == second
    assert first.node("lead_id:L1", 1_000) == f"lead_id:{renamed('lead_id', 'f1', 0)}"
    assert first.node("lead_id:L1", 1_500) == f"lead_id:{renamed('lead_id', 'f3', 0)}"
    assert first.node("lead_id:L1", 2_001) == "lead_id:L1#2"
    assert first.nodes("lead_id:L1") == [
        first.node("lead_id:L1", 1_000), first.node("lead_id:L1", 1_500), "lead_id:L1#2",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_what_was_kept_is_the_same_in_whichever_order_the_forgettings_came(seed: int) -> None:
    """As an agent does it: what was written before is found by the names it may stand under, and written anew."""
    rng = random.Random(seed)
    visitors = ["v1", "v2", renamed("visitor_id", "f0", 0), "가"]
    said = [
        (rng.randrange(6), orjson.dumps({"n": n, "visitor_id": rng.choice(visitors), "phone_aliases": rng.choices([PHONE, OLD], k=2)}))
        for n in range(8)
    ]  # fmt: skip
    identifiers = ["visitor_id:v1", "visitor_id:v2", "visitor_id:가", f"phone:{PHONE}", f"phone:{OLD}"]
    ended = [(f"f{n}", rng.randrange(6), tuple(rng.sample(identifiers, rng.randint(1, 3)))) for n in range(4)]
    known, kept = Forgettings(), dict[int, str]()
    came: list[tuple[int, bytes] | tuple[str, int, tuple[str, ...]]] = [*said, *ended]
    for one in rng.sample(came, len(came)):
        if len(one) == 2:
            kept[said.index(one)] = erased(one[1], one[0], known)
            continue
        known.note(*one)
        written = [name.partition(":")[2] for name in known.written_names(one[2])]
        for n, payload in kept.items():
            if any(name in payload for name in written):
                kept[n] = erased(payload.encode(), said[n][0], known)
    assert kept == {n: erased(value, at, known) for n, (at, value) in enumerate(said)}

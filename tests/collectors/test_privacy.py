"""Phones and e-mails become pseudonyms, URLs lose what may name a person, rotation keeps people joined."""

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.collectors.privacy import (
    Pseudonyms,
    claims_apart,
    normalised_email,
    pseudonymised,
    without_private_parts,
)
from streams.secret_files import BadSecret


def event(**fields: Any) -> dict[str, Any]:
    """A visit of the site `clinic`."""
    return {"event_id": "e1", "type": "visit_seen", "site": "clinic", **fields}


@pytest.fixture
def pseudonyms(tmp_path: Path) -> Pseudonyms:
    """The pseudonyms of a new home."""
    return Pseudonyms(tmp_path)


@pytest.mark.parametrize(
    "typed", ["010-1234-5678", "01012345678", "+82 10 1234 5678", "+821012345678", " 010 1234 5678 "]
)
def test_every_way_of_writing_a_phone_is_one_pseudonym(pseudonyms: Pseudonyms, typed: str) -> None:
    written, problems = pseudonymised(event(phone=typed), pseudonyms, public=False)
    assert not problems
    assert written["phone"] == pseudonyms.of("clinic", "+821012345678")[0]


def test_an_email_is_trimmed_and_lower_case(pseudonyms: Pseudonyms) -> None:
    written, problems = pseudonymised(event(email="  Kim@Example.KR "), pseudonyms, public=False)
    assert not problems
    assert written["email"] == pseudonyms.of("clinic", "kim@example.kr")[0]


def test_a_pseudonym_is_hmac_sha256_under_a_key_of_the_site(pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    master = bytes.fromhex((tmp_path / "secrets/pseudonym-keys/1").read_text())
    site_key = hmac.digest(master, b"headwater identifiers of the site clinic", "sha256")
    expected = hmac.digest(site_key, b"+821012345678", hashlib.sha256).hex()
    assert pseudonyms.of("clinic", "+821012345678") == [f"hmac:1:{expected}"]
    assert pseudonyms.of("clinic", "+821012345678") != pseudonyms.of("other", "+821012345678")


def test_rotation_keeps_every_retained_version(pseudonyms: Pseudonyms) -> None:
    (first,) = pseudonyms.of("clinic", "+821012345678")
    pseudonyms.rotate()
    pseudonyms.rotate()
    written, _ = pseudonymised(event(phone="010-1234-5678"), pseudonyms, public=False)
    assert written["phone"].startswith("hmac:3:")
    assert [alias.split(":")[1] for alias in written["phone_aliases"]] == ["2", "1"]
    assert written["phone_aliases"][-1] == first


def test_a_running_door_sees_a_rotation(tmp_path: Path) -> None:
    running, other = Pseudonyms(tmp_path), Pseudonyms(tmp_path)
    other.rotate()
    running.refresh()
    assert running.versions == [2, 1]


def test_two_doors_that_start_at_once_share_one_master(tmp_path: Path) -> None:
    assert Pseudonyms(tmp_path).of("s", "x") == Pseudonyms(tmp_path).of("s", "x")


def test_masters_are_readable_by_their_owner_alone(pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    assert (tmp_path / "secrets/pseudonym-keys/1").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 32, "password", "zz" * 32])
def test_an_empty_short_or_default_master_is_refused(tmp_path: Path, content: str) -> None:
    Pseudonyms(tmp_path)
    (tmp_path / "secrets/pseudonym-keys/1").write_text(content)
    with pytest.raises(BadSecret):
        Pseudonyms(tmp_path)


def test_a_master_others_can_read_is_refused(tmp_path: Path) -> None:
    Pseudonyms(tmp_path)
    (tmp_path / "secrets/pseudonym-keys/1").chmod(0o644)
    with pytest.raises(BadSecret):
        Pseudonyms(tmp_path)


def test_servers_may_send_ready_made_pseudonyms_and_browsers_may_not(pseudonyms: Pseudonyms) -> None:
    ready = pseudonyms.of("clinic", "+821012345678")[0]
    written, problems = pseudonymised(event(phone=ready), pseudonyms, public=False)
    assert (written["phone"], problems) == (ready, [])
    _, problems = pseudonymised(event(phone=ready), pseudonyms, public=True)
    assert [problem.field for problem in problems] == ["phone"]


@pytest.mark.parametrize(
    "typed", ["anonymous", "", "114", "010", "발신번호표시제한", "hmac:1:xyz", "hmac:0:" + "a" * 64]
)
def test_what_is_no_phone_is_refused_and_not_repeated(pseudonyms: Pseudonyms, typed: str) -> None:
    written, (problem,) = pseudonymised(event(phone=typed), pseudonyms, public=False)
    assert problem.field == "phone"
    assert "phone" not in written
    assert not typed or typed not in problem.found


@pytest.mark.parametrize(
    "typed", ["kim", "kim@", "@example.kr", "a@b", "a b@c.kr", "a@b@c.kr", "x" * 65 + "@example.kr"]
)
def test_what_is_no_email_is_none(typed: str) -> None:
    assert normalised_email(typed) is None


def test_a_browsers_phone_is_a_claim_and_no_identifier(pseudonyms: Pseudonyms) -> None:
    pseudonyms.rotate()
    written, problems = pseudonymised(event(phone="010-1234-5678", email="a@b.kr"), pseudonyms, public=True)
    claims = claims_apart(written)
    assert not problems
    assert not written.keys() & {"phone", "email", "phone_aliases", "email_aliases"}
    assert claims["claimed_phone"] == pseudonyms.of("clinic", "+821012345678")[0]
    assert set(claims) == {"claimed_phone", "claimed_phone_aliases", "claimed_email", "claimed_email_aliases"}


def test_a_forgotten_phone_is_listed_once_per_retained_version(pseudonyms: Pseudonyms) -> None:
    pseudonyms.rotate()
    told = [{"phone": "010-1234-5678"}, {"visitor_id": "v1"}, {"phone": "01012345678"}, {"email": "a@b.kr"}]
    written, problems = pseudonymised(event(identifiers=told), pseudonyms, public=False)
    assert not problems
    phones = pseudonyms.of("clinic", "+821012345678")
    emails = pseudonyms.of("clinic", "a@b.kr")
    named = [{"phone": phones[0]}, {"phone": phones[1]}, {"visitor_id": "v1"}]
    assert written["identifiers"] == [*named, {"email": emails[0]}, {"email": emails[1]}]


def test_a_referrers_phone_is_a_pseudonym_too(pseudonyms: Pseudonyms) -> None:
    pseudonyms.rotate()
    written, _ = pseudonymised(event(referrer_phone="010-1234-5678"), pseudonyms, public=False)
    assert written["referrer_phone"] == pseudonyms.of("clinic", "+821012345678")[0]
    assert "referrer_phone_aliases" not in written


def test_the_business_number_becomes_e164_and_the_customers_is_masked(pseudonyms: Pseudonyms) -> None:
    inbound = event(type="call_ended", number="02-555-1234")
    outbound = event(type="call_ended", direction="outbound", number="010-1234-5678", phone="010-1234-5678")
    assert pseudonymised(inbound, pseudonyms, public=False)[0]["number"] == "+8225551234"
    written = pseudonymised(outbound, pseudonyms, public=False)[0]
    assert b"1234" not in orjson.dumps({**written, "phone": ""})


@pytest.mark.parametrize("field", ["lead_id", "visitor_id", "event_id", "call_id"])
@pytest.mark.parametrize("value", ["010-1234-5678", "+821012345678", "kim@example.kr"])
def test_a_phone_or_email_as_another_identifier_is_refused(
    pseudonyms: Pseudonyms, field: str, value: str
) -> None:
    _, (problem,) = pseudonymised(event(**{field: value}), pseudonyms, public=False)
    assert problem.field == field
    assert value not in str(problem)


@pytest.mark.parametrize(
    "value", ["L-2026-0001", "1700000000.123", "0b7f3c0e-1111-4222-8333-010123456789", "20260302001"]
)
def test_ordinary_ids_are_no_phones(pseudonyms: Pseudonyms, value: str) -> None:
    assert pseudonymised(event(lead_id=value), pseudonyms, public=False)[1] == []


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.kr/", "https://a.kr/"),
        ("https://a.kr/x?name=kim&utm_source=naver", "https://a.kr/x?utm_source=naver"),
        ("https://a.kr/x?name=kim&diagnosis=adhd", "https://a.kr/x"),
        ("https://a.kr/x?utm_source=naver#name=kim", "https://a.kr/x?utm_source=naver"),
        ("https://kim:secret@a.kr/x", "https://a.kr/x"),
        ("//kim@a.kr/x", "//a.kr/x"),
        (
            "https://a.kr/x?NaPm=ct%3Dlbwpirco%7Cci%3D0z%7Ctr%3Dsa",
            "https://a.kr/x?NaPm=ct%3Dlbwpirco%7Cci%3D0z%7Ctr%3Dsa",
        ),
        ("https://a.kr/?n_keyword=%C8%C4&n_query=speech", "https://a.kr/?n_keyword=%C8%C4&n_query=speech"),
        (f"https://a.kr/?DMKW=a&DMSKW={'b' * 41}&DMCOL=PM", "https://a.kr/?DMKW=a&DMCOL=PM"),
        ("https://a.kr/?UTM_Source=x&utm%5Fmedium=y", "https://a.kr/?UTM_Source=x&utm%5Fmedium=y"),
        ("https://a.kr/?utm_content=kim@b.kr&utm_term=010-1234-5678&gclid=1", "https://a.kr/?gclid=1"),
        ("https://a.kr/?utm_content=kim%40b.kr", "https://a.kr/"),
        ("https://a.kr/?utm_source=a;token=b", "https://a.kr/?utm_source=a"),
        ("https://a.kr/?a=1?utm_source=x", "https://a.kr/"),
        ("android-app://com.kakao.talk/x?user=1", "android-app://com.kakao.talk/x"),
        ("https://search.naver.com/search.naver?query=adhd", "https://search.naver.com/search.naver"),
        ("?utm_source=a&b=c", "?utm_source=a"),
        ("https://a.kr/thanks/010-1234-5678/end", "https://a.kr/thanks/*/end"),
        ("https://a.kr/u/kim@example.kr?utm_source=x", "https://a.kr/u/*?utm_source=x"),
        ("https://a.kr/u/kim%40example.kr", "https://a.kr/u/*"),
        ("https://a.kr/%EA%B9%80/%2B82%2010%201234%205678", "https://a.kr/%EA%B9%80/*"),
        ("/u/kim@example.kr", "/u/*"),
        ("https://a.kr/@kim.kr/20260302001", "https://a.kr/@kim.kr/20260302001"),
        ("", ""),
    ],
)
def test_of_a_url_only_campaign_parameters_stay(url: str, kept: str) -> None:
    assert without_private_parts(url) == kept


def test_cleaning_a_url_twice_changes_nothing_more() -> None:
    url = "https://u@a.kr/p?utm_source=%EC%84%9C&x=1&&gclid=#z"
    assert without_private_parts(without_private_parts(url)) == without_private_parts(url)


@pytest.mark.parametrize(
    "piece", ["a", "1", "a.", "%40", "a@", "@", "01", "010-", "82-", "utm_term=a@&", ";", "//", "%"]
)
def test_no_url_takes_long_to_clean(piece: str) -> None:
    url = "https://clinic.kr/?utm_term=" + piece * (8000 // len(piece))
    began = time.process_time()
    without_private_parts(url)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("hostile", ["a%2540", "%2540", "a%2540.", "a%40", "a", "a@b.", "010-1234-", "%EA"])
@pytest.mark.parametrize("where", ["https://a.kr/?utm_source=", "https://a.kr/"])
def test_a_url_made_to_be_slow_holds_nobody_up(hostile: str, where: str) -> None:
    """The key in a page is public, and while one URL is looked at every other request waits."""
    url = (where + hostile * 8192)[:8192]
    begun = time.thread_time()
    without_private_parts(url)
    assert time.thread_time() - begun < 0.05


@pytest.mark.parametrize("personal", ["010-1234-5678", "kim@example.kr"])
def test_what_goes_from_a_url_goes_from_the_fields_beside_it_too(
    pseudonyms: Pseudonyms, personal: str
) -> None:
    said = event(utm_source="naver", utm_content=personal, utm_term=f"to {personal}")
    assert pseudonymised(said, pseudonyms, public=True) == (event(utm_source="naver"), [])
    opened = event(type="content_engaged", content=f"/files/{personal}.pdf")
    assert pseudonymised(opened, pseudonyms, public=True)[0]["content"] == "/files/*"


def test_a_label_that_names_somebody_is_a_star(pseudonyms: Pseudonyms) -> None:
    said = event(
        type="message_tracked", campaign="봄 010-1234-5678", segment="kim@example.kr", experiment="인사", variant="A/01012345678"
    )  # fmt: skip
    kept = {"campaign": "*", "segment": "*", "experiment": "인사", "variant": "A/*"}
    assert pseudonymised(said, pseudonyms, public=False) == ({**said, **kept}, [])
    call = event(
        type="call_ended", keyword="언어치료", ad_group="+82 10 1234 5678", tags=["예약", "kim@example.kr", 7]
    )
    cleaned, _ = pseudonymised(call, pseudonyms, public=False)
    assert (cleaned["keyword"], cleaned["ad_group"], cleaned["tags"]) == ("언어치료", "*", ["예약", "*", 7])


@pytest.mark.parametrize(
    ("query", "stays"),
    [("언어치료 010-1234-5678", False), ("jiwoo@example.kr 센터", False), ("강서구 언어치료 2025", True)],
)
def test_a_search_query_that_names_somebody_stays_outside(
    pseudonyms: Pseudonyms, query: str, stays: bool
) -> None:
    event = {"type": "search_query_measured", "site": "center", "query": query}
    cleaned, problems = pseudonymised(event, pseudonyms, public=False)
    assert (problems == []) == stays
    assert not any(query in str(problem) for problem in problems)
    assert cleaned["query"] == query

"""What a door refuses, in which words, and what it never repeats."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import RULE_FIELDS, CampaignEntry, QrCodeEntry, SiteEntry
from schemas.doors import Refused, admit_entry, admit_event, require_pseudonyms
from schemas.event import EVENT_TYPES, to_json
from schemas.problems import Problem
from schemas.reading import read_event
from streams.domain import channels
from tests.schemas.test_event import OWN, raw

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ENTRY = {"site": "s1", "defined_at": "2026-03-01T00:00:00+09:00"}


def event(type_: str = "visit_seen", **fields: Any) -> dict[str, Any]:
    """An event body as a client sends it."""
    return {**json.loads(raw(type_)), **fields}


def problems(body: Any) -> dict[str, Problem]:
    """What the door says of an event, by field."""
    with pytest.raises(Refused) as refused:
        admit_event(body, now=NOW)
    return {problem.field: problem for problem in refused.value.problems}


def entry_problems(**fields: Any) -> dict[str, Problem]:
    """What the door says of an entry, by field."""
    with pytest.raises(Refused) as refused:
        admit_entry({**ENTRY, **fields}, now=NOW)
    return {problem.field: problem for problem in refused.value.problems}


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_what_a_door_admits_is_read_behind_the_log(type_: str) -> None:
    admitted = admit_event(event(type_), now=NOW)
    assert read_event(to_json(admitted)) == admitted


def test_everything_wrong_is_named_at_once() -> None:
    found = problems(
        event(site="A B", branch=5, occured_at="x", visitor_id=" v", gclid="\x00", received_at="2026")
    )
    assert set(found) == {"site", "branch", "occured_at", "visitor_id", "gclid", "received_at"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("visiter_id", "visitor_id"),
        ("utm_campagin", "utm_campaign"),
        ("refferer", "referrer"),
        ("phonenumber", "phone"),
    ],
)
def test_an_unknown_field_is_named_with_the_nearest_known_one(wrong: str, right: str) -> None:
    assert problems(event(**{wrong: "x"}))[wrong] == Problem(
        wrong, "an unknown field", f"{right}, if that was meant"
    )


def test_an_unknown_type_is_named_with_the_nearest_one() -> None:
    assert problems(event(type="visit_sen"))["type"].fix == "visit_seen"


def test_a_client_does_not_set_received_at_nor_aliases() -> None:
    assert "the door sets it" in problems(event(received_at="2026-03-02T00:00:00Z"))["received_at"].fix
    assert "the door sets it" in problems(event(phone_aliases=["010-1234-5678"]))["phone_aliases"].fix
    assert admit_event(event(phone_aliases=["hmac:k1:0a"]), now=NOW).phone_aliases == ["hmac:k1:0a"]


def test_a_clock_may_be_a_day_ahead_and_no_more() -> None:
    admit_event(event(occurred_at="2026-03-03T12:00:00Z"), now=NOW)
    late = problems(event(occurred_at="2026-03-03T12:00:01Z"))["occurred_at"]
    assert late.found == "a clock 1 day, 0:00:01 ahead"
    assert "defined_at" in entry_problems(kind="channel", id="a", defined_at="2026-03-04T00:00:00Z")


def test_a_naive_instant_is_refused_with_the_form_that_is_right() -> None:
    naive = problems(event(occurred_at="2026-03-02T09:00:00"))["occurred_at"]
    assert naive.found == '"2026-03-02T09:00:00"' and "+09:00" in naive.fix


PERSONAL = ["010-1234-5678", "+821012345678", "01012345678", "kim@mail.example", "김하늘 발달지연"]


@pytest.mark.parametrize("secret", PERSONAL)
def test_nothing_personal_is_repeated(secret: str) -> None:
    places: list[dict[str, Any]] = [
        {"phone": [secret]},
        {"email": {secret: secret}},
        {"memo": secret},
        {secret: 1},
        {"type": secret},
        {"site": secret + "!"},
        {"branch": secret + "!"},
        {"v": secret},
        {"occurred_at": secret},
        {"url": [secret]},
        {"phone": secret, "lead_id": secret + "\n"},
    ]
    for place in places:
        with pytest.raises(Refused) as refused:
            admit_event(event(**place), now=NOW)
        words = str(refused.value)
        assert (
            secret not in words
            and "12345678" not in words
            and "1234-5678" not in words
            and "kim@mail" not in words
        )
    for type_, field in (
        ("contact_clicked", "kind"),
        ("source_told", "channel"),
        ("status_changed", "stage"),
    ):
        assert secret not in str(problems({**event(type_), field: secret + "!"}))


@pytest.mark.parametrize("body", [None, 5, "text", [], [{}], b"{}"])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert problems(body)["the body"].fix == "one JSON object"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**63, -(2**200), b"x", {1}, "\ud800", object(), {5: 1}, {"\ud800": 1}],
)
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    assert any(field.startswith("amount") for field in problems(event("payment_received", amount=value)))


def test_deep_and_large_bodies_are_refused() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert problems(event(url=deep))
    assert problems(event(memo="x" * 70_000))["the body"].fix == "at most 65536 bytes"


any_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(OWN)), st.data())
def test_any_body_is_admitted_or_refused(type_: str, data: st.DataObject) -> None:
    body = event(type_)
    names = st.sampled_from([*body, "phone", "v", "received_at", "branch"]) | st.text(max_size=10)
    changed = data.draw(st.dictionaries(names, any_value, max_size=3))
    try:
        admitted = admit_event({**body, **changed}, now=NOW)
    except Refused as refused:
        assert refused.problems and all(problem.fix for problem in refused.problems)
    else:
        assert admitted.type == body["type"] or "type" in changed


def test_raw_identifiers_pass_the_door_only_as_pseudonyms() -> None:
    named = [{"phone": "010-1234-5678"}, {"email": "hmac:k1:0a"}, {"lead_id": "l"}]
    typed = admit_event(event("person_forgotten", phone="010-1234-5678", identifiers=named), now=NOW)
    with pytest.raises(Refused) as refused:
        require_pseudonyms(typed)
    assert [problem.field for problem in refused.value.problems] == ["phone", "identifiers.0.phone"]
    require_pseudonyms(admit_event(event(phone="hmac:k1:0a"), now=NOW))


def test_an_entry_is_defined_now_unless_it_says_when() -> None:
    entry = admit_entry({"site": "s1", "kind": "channel", "id": "flyer"}, now=NOW)
    assert entry.defined_at == NOW


def test_an_entry_as_yaml_reads_it() -> None:
    body = {**ENTRY, "kind": "site", "id": "s1", "call_inquiries": False, "holidays": [date(2026, 5, 5)]}
    entry = admit_entry({**body, "defined_at": NOW, "shared_identifiers": ["hmac:k1:0a"]}, now=NOW)
    assert isinstance(entry, SiteEntry)
    assert (entry.call_inquiries, entry.holidays) == ("off", [date(2026, 5, 5)])
    assert entry.shared_identifiers == [{"phone": "hmac:k1:0a"}]


def test_two_assignments_of_one_day_are_refused_naming_both() -> None:
    rows = [{"id": "spring", "from": "2026-03-01", "to": "2026-03-31"}, {"id": "late", "from": "2026-03-31"}]
    for kind, id_ in (("qr_code", "A1"), ("tracking_number", "02-123-4567")):
        found = entry_problems(kind=kind, id=id_, assignments=rows)["assignments"].found
        assert "'spring'" in found and "'late'" in found


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ((None, None), ("2026-01-01", "2026-01-01"), True),
        ((None, "2026-01-01"), ("2026-01-01", None), True),
        ((None, "2026-01-01"), ("2026-01-02", None), False),
        (("2026-01-01", "2026-01-31"), ("2026-01-05", "2026-01-06"), True),
        (("2026-01-05", "2026-01-06"), ("2026-01-01", "2026-01-31"), True),
        (("2026-02-01", None), (None, "2026-01-31"), False),
        ((None, "2026-01-01"), (None, "2025-01-01"), True),
    ],
)
def test_which_assignments_overlap(
    first: tuple[str | None, str | None], second: tuple[str | None, str | None], overlap: bool
) -> None:
    rows = [{"id": id_, "from": days[0], "to": days[1]} for id_, days in (("a", first), ("b", second))]
    body = {**ENTRY, "kind": "qr_code", "id": "A1", "assignments": rows}
    if overlap:
        assert "assignments" in entry_problems(**body)
    else:
        entry = admit_entry(body, now=NOW)
        assert isinstance(entry, QrCodeEntry) and len(entry.assignments or ()) == 2


def test_three_assignments_of_which_the_outer_holds_the_last() -> None:
    rows = [
        {"id": "year", "from": "2026-01-01", "to": "2026-12-31"},
        {"id": "may", "from": "2026-05-01", "to": "2026-05-31"},
        {"id": "june", "from": "2026-06-01", "to": "2026-06-30"},
    ]
    assert "assignments" in entry_problems(kind="qr_code", id="A1", assignments=rows)


ENTRY_BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "site", "id": "other"}, "id"),
    ({"kind": "site", "id": "s1", "time_zone": "Asia/Soul"}, "time_zone"),
    ({"kind": "site", "id": "s1", "time_zone": "../../etc/passwd"}, "time_zone"),
    ({"kind": "site", "id": "s1", "time_zone": "Asia"}, "time_zone"),
    ({"kind": "site", "id": "s1", "stages": ["inquiry", "lost"]}, "stages"),
    ({"kind": "site", "id": "s1", "stages": ["inquiry", "inquiry"]}, "stages"),
    ({"kind": "site", "id": "s1", "branches": ["a", {"id": "a"}]}, "branches"),
    ({"kind": "site", "id": "s1", "attribution": {"window_days": 0}}, "attribution.window_days"),
    ({"kind": "site", "id": "s1", "attribution": {"window_days": 366}}, "attribution.window_days"),
    ({"kind": "site", "id": "s1", "attribution": {"half_life_days": 0}}, "attribution.half_life_days"),
    ({"kind": "site", "id": "s1", "attribution": {"position": [40, 20]}}, "attribution.position"),
    ({"kind": "site", "id": "s1", "attribution": {"position": [0, 0, 0]}}, "attribution.position"),
    ({"kind": "site", "id": "s1", "attribution": {"direct": "maybe"}}, "attribution.direct"),
    ({"kind": "site", "id": "s1", "attribution": {"windowdays": 9}}, "attribution.windowdays"),
    ({"kind": "site", "id": "s1", "thresholds": {"stop": 4, "increase": 3}}, "thresholds.stop"),
    ({"kind": "site", "id": "s1", "opening_hours": {"mon": ["9-18"]}}, "opening_hours.mon.0"),
    ({"kind": "site", "id": "s1", "answers": {"지인": "Friend!"}}, "answers"),
    ({"kind": "channel", "id": "Naver Blog"}, "id"),
    ({"kind": "channel", "id": "a", "rules": [{"field": "url"}]}, "rules"),
    ({"kind": "channel", "id": "a", "rules": [{"field": "url", "equals": "a", "contains": "b"}]}, "rules"),
    ({"kind": "channel", "id": "a", "rules": [{"field": "url", "matches": "("}]}, "rules.0.matches"),
    ({"kind": "channel", "id": "a", "rules": [[{"field": "url", "matches": "(a+)+"}]]}, "rules.0.0.matches"),
    ({"kind": "channel", "id": "a", "rules": [{"field": "url", "matches": "a" * 257}]}, "rules.0.matches"),
    ({"kind": "channel", "id": "a", "rules": [{"field": "refferer", "equals": "a"}]}, "rules.field"),
    ({"kind": "campaign", "id": "c", "starts_on": "2026-02-02", "ends_on": "2026-02-01"}, "ends_on"),
    ({"kind": "campaign", "id": "c", "budget": -1}, "budget"),
    ({"kind": "campaign", "id": "c", "utm_campaign": "spring"}, "utm_campaign"),
    ({"kind": "qr_code", "id": "a/b"}, "id"),
    ({"kind": "qr_code", "id": "a", "channel": "flyer"}, "channel"),
    ({"kind": "qr_code", "id": "a", "assignments": [{"id": "1"}, {"id": "1"}]}, "assignments"),
    (
        {"kind": "qr_code", "id": "a", "assignments": [{"id": "1", "form": "2026-01-01"}]},
        "assignments.0.form",
    ),
    ({"kind": "tracking_number", "id": "call"}, "id"),
    ({"kind": "tracking_number", "id": "02-123-4567", "number": "02-1"}, "number"),
    ({"kind": "experiment", "id": "x", "variants": ["a"]}, "variants"),
    ({"kind": "experiment", "id": "x", "variants": ["a", "b"], "control": "c"}, "control"),
    ({"kind": "experiment", "id": "x", "starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "ends_on"),
    ({"kind": "experiment", "id": "x", "minimal_effect": 0}, "minimal_effect"),
    ({"kind": "experiment", "id": "x", "alpha": 1}, "alpha"),
    ({"kind": "experiment", "id": "x", "assigned_by": "coin"}, "assigned_by"),
    ({"kind": "goal", "id": "x", "rules": [{"field": "keyword", "equals": "a"}]}, "rules"),
    ({"kind": "goal", "id": "x", "rules": [{"field": "url", "matches": "a"}]}, "rules"),
    ({"kind": "goal", "id": "x", "change_kind": "double"}, "change_kind"),
    ({"kind": "goal", "id": "x", "judged_from": "2026-03-02", "judged_to": "2026-03-01"}, "judged_to"),
    ({"kind": "tool", "id": "x", "baseline_from": "2026-03-02", "baseline_to": "2026-03-01"}, "baseline_to"),
    ({"kind": "tool", "id": "x", "gains": [{"metric": "reach"}]}, "gains.0.unit_value"),
    (
        {"kind": "tool", "id": "x", "savings": [{"metric": "reach", "unit_value": 1, "unit": "h"}]},
        "savings.0.unit",
    ),
    ({"kind": "content", "id": "x", "cost": -1}, "cost"),
    ({"kind": "site", "id": "s1", "contribution_margin": 1.1}, "contribution_margin"),
    ({"kind": "chanel", "id": "x"}, "kind"),
]


@pytest.mark.parametrize(("body", "field"), ENTRY_BAD, ids=range(len(ENTRY_BAD)))
def test_a_wrong_entry_is_refused_by_field(body: dict[str, Any], field: str) -> None:
    found = entry_problems(**body)
    assert field in {name[: len(field)] for name in found}


@pytest.mark.parametrize(
    ("pattern", "safe"),
    [
        (r"^https?://(m\.)?blog\.naver\.com/", True),
        (r"(?i)(naver|daum|kakao)\.com", True),
        (r"/event.*spring", True),
        (r"[가-힣]{2}", True),
        (r"(?:ab){3}", True),
        (r"(a+)+$", False),
        (r"(a|aa)+$", False),
        (r"(a?a?)*$", False),
        (r"(?:a{1,40}){2}", False),
        (r"a*b*c*", False),
        ("a?" * 40 + "a" * 40, False),
        ("a{0,9}" * 3, False),
        (r"(a)\1", False),
        (r"(?P<x>a)(?P=x)", False),
        (r"(a)?(?(1)b|c)", False),
        (r"(?=(a+)+)", False),
        (r"[", False),
        ("(" * 120 + ")" * 120, True),
    ],
)
def test_a_pattern_that_could_run_for_ever_is_refused(pattern: str, safe: bool) -> None:
    body = {**ENTRY, "kind": "channel", "id": "a", "rules": [{"field": "url", "matches": pattern}]}
    if safe:
        admit_entry(body, now=NOW)
    else:
        assert entry_problems(**body)["rules.0.matches"].fix.startswith("a ")


def test_a_field_that_belongs_into_an_assignment_is_sent_there() -> None:
    assert "inside an assignment" in entry_problems(kind="qr_code", id="a", channel="flyer")["channel"].fix


def test_a_goal_may_be_given_as_an_object() -> None:
    goal = {"metric": "registration", "count": 5}
    entry = admit_entry({**ENTRY, "kind": "campaign", "id": "c", "goal": goal}, now=NOW)
    assert isinstance(entry, CampaignEntry)
    assert (entry.goal_metric, entry.goal_count) == ("registration", 5)


def test_a_rule_may_look_at_exactly_what_channels_can_see() -> None:
    assert set(RULE_FIELDS) == set(channels.RULE_FIELDS)

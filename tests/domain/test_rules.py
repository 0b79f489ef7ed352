"""The rule that set each touch's channel, by name."""

from streams.domain.touches import CALL, MESSAGE_CLICK, QR_SCAN, REFERRAL, SESSION, TOLD
from tests.given import (
    HOME,
    LINE,
    assignment,
    call,
    channel,
    message,
    page,
    qr_code,
    referred,
    scan,
    site,
    told,
    tracking_number,
    visit,
)
from tests.published import Row, folded

BLOG = HOME + "?utm_source=naver&utm_medium=blog"
EVENTS = [
    page("v0"),
    visit("v1", url=BLOG),
    visit("v2", url=HOME + "?utm_source=naver&utm_medium=cpc"),
    scan("poster", scan_id="q1"),
    visit("v3", "09:01", BLOG, scan_id="q1"),
    scan("poster", "03-20 09:00", visitor_id="v4"),
    call("c1", phone="hmac:1:aa"),
    message("m1", medium="alimtalk", visitor_id="v5"),
    message("m2", medium=None, visitor_id="v6"),
    referred("L1"),
    told("referral", lead_id="L1"),
    told(None, lead_id="L2", answer="flyer seen"),
    told(None, lead_id="L3", answer="no such label"),
]
CATALOG = [
    site(answers={"flyer seen": "flyer"}),
    channel("naver_blog", rules=[[{"field": "region", "equals": "x"}], [{"field": "utm_medium", "equals": "blog"}]]),
    qr_code("poster", assignment("spring", "2026-03-01", "2026-03-10", channel="flyer")),
    tracking_number(LINE, assignment("desk")),
]  # fmt: skip
EXPECTED = {
    (SESSION, "direct", "first_page"),
    (SESSION, "naver_blog", "site:naver_blog:2"),
    (SESSION, "paid_search", "ga4:paid_search"),
    (SESSION, "flyer", "scan:poster:spring"),
    (QR_SCAN, "qr", "scan:poster"),
    (CALL, "phone", "number:+8225551234:desk"),
    (MESSAGE_CLICK, "messenger", "message:alimtalk"),
    (MESSAGE_CLICK, "unassigned", "message"),
    (REFERRAL, "referral", "referral"),
    (TOLD, "referral", "told"),
    (TOLD, "flyer", "told:answer"),
    (TOLD, "unassigned", "told"),
}


def named(rows: dict[str, Row]) -> set[tuple[str, str, str]]:
    return {(row["kind"], row["channel"], row["rule"]) for row in rows.values()}


def test_every_touch_names_the_rule_that_set_its_channel() -> None:
    published, _ = folded(CATALOG, EVENTS)
    assert named(published["touch_rows"]) == EXPECTED


def test_a_definition_that_comes_after_the_events_renames_them() -> None:
    published, _ = folded(CATALOG, EVENTS, range(len(EVENTS)), [len(EVENTS)] * len(CATALOG))
    assert named(published["touch_rows"]) == EXPECTED


def test_another_assignment_of_the_same_channel_is_another_rule() -> None:
    again = qr_code(
        "poster",
        assignment("autumn", "2026-03-01", "2026-03-10", channel="flyer"),
        defined_at="2026-06-01T00:00:00+09:00",
    )
    published, _ = folded([*CATALOG, again], EVENTS, range(len(EVENTS) + 1), [0, 0, 0, 0, len(EVENTS)])
    renamed = {(SESSION, "flyer", "scan:poster:autumn")}
    assert named(published["touch_rows"]) == EXPECTED - {(SESSION, "flyer", "scan:poster:spring")} | renamed


def test_channels_publish_the_rule_sets_in_force() -> None:
    published, _ = folded(CATALOG, EVENTS)
    rules = published["channel_rows"]["center|naver_blog"]["rules"]
    assert rules == '[[{"field":"region","equals":"x"}],[{"field":"utm_medium","equals":"blog"}]]'
    assert published["channel_rows"]["center|referral"]["rules"] == "[]"

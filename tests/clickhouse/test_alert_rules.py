"""Every alert rule on the real engine: silent where nothing is, firing for what was planted, and for that alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from grafana.alerts import ALERTS, Alert
from infra.alerting import firing
from tests.clickhouse.store import Row, put

LEAD = 1_000_000_000
NOW = datetime.now(UTC).replace(tzinfo=None)
TODAY = NOW.date()
BY_SLUG = {alert.slug: alert for alert in ALERTS}


def fires(client: Client, slug: str) -> list[dict[str, Any]]:
    """The names of what a rule fires for, with its value."""
    return [{**one.names, "value": one.value} for one in firing(client, [BY_SLUG[slug]])]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.slug)
def test_an_empty_store_fires_nothing_but_what_silence_means(migrated: Client, alert: Alert) -> None:
    assert [one.value for one in firing(migrated, [alert])] == ([None] if alert.silence_fires else [])


def reading(name: str, value: float, label: str = "", *, age: timedelta = timedelta()) -> Row:
    """A reading so long ago."""
    return {"at": NOW - age, "part": "topic", "name": name, "label": label, "value": value}


def test_readings_of_the_line(migrated: Client) -> None:
    old = timedelta(minutes=5)
    put(migrated, "pipeline_rows", [
        reading("lag_events_total", 50_000, age=old), reading("lag_events_total", 10_000),
        reading("open_minutes_silent", 121, "quiet"), reading("open_minutes_silent", 120, "alive"),
        reading("open_minutes_silent", 500, "closed-now", age=old), reading("open_minutes_silent", 0, "closed-now"),
        reading("numbers_exhausted_total", 3, "site=clinic,pool=main", age=old),
        reading("numbers_exhausted_total", 5, "site=clinic,pool=main"),
        reading("numbers_exhausted_total", 9, "site=clinic,pool=calm", age=old),
        reading("numbers_exhausted_total", 9, "site=clinic,pool=calm"),
    ])  # fmt: skip
    assert fires(migrated, "lag") == []
    put(migrated, "pipeline_rows", [reading("lag_events_total", 10_001, age=-timedelta(seconds=1))])
    assert fires(migrated, "lag") == [{"value": 10_001}]
    assert fires(migrated, "silent_site") == [{"site": "quiet", "value": 121}]
    assert fires(migrated, "numbers_exhausted") == [{"pool": "site=clinic,pool=main", "value": 2}]


def letters(site: str, ages: Sequence[timedelta]) -> list[Row]:
    """Dead letters that failed so long ago."""
    return [
        {"topic": "headwater.events", "partition": 1, "offset": number, "site": site, "reason": "not_json",
         "detail": "", "failed_at": NOW - age}
        for number, age in enumerate(ages)
    ]  # fmt: skip


def test_dead_letters_that_rise(migrated: Client) -> None:
    hour = timedelta(hours=1)
    put(migrated, "dead_letter_rows", letters("rising", [hour / 2] * 11 + [hour * 5] * 10))
    put(migrated, "dead_letter_rows", [{**one, "partition": 2} for one in letters("few", [hour / 2] * 10)])
    put(migrated, "dead_letter_rows", [{**one, "partition": 3} for one in letters("usual", [hour / 2] * 11 + [hour * 5] * 100)])  # fmt: skip
    assert fires(migrated, "dead_letters_rising") == [{"site": "rising", "value": 11}]


def test_an_audit_older_than_a_day(migrated: Client) -> None:
    def audit(partition: int, age: timedelta, differences: int = 0) -> Row:
        at = NOW - age
        return {"partition": partition, "started_at": at, "finished_at": at, "differences": differences}

    put(migrated, "audit_rows", [audit(0, timedelta(hours=23)), audit(1, timedelta(hours=23))])
    assert fires(migrated, "audit_old") == []
    put(migrated, "audit_rows", [audit(2, timedelta(hours=30)), audit(2, timedelta(hours=1), differences=3)])
    (found,) = fires(migrated, "audit_old")
    assert 30 * 3600 <= found["value"] < 31 * 3600


def call(site: str, number: int, outcome: str) -> Row:
    """An inbound call of yesterday."""
    return {"run": "live", "site": site, "call_id": str(number), "person_id": f"p{number}", "outcome": outcome,
            "started_at": NOW - timedelta(days=1), "day": TODAY, "counted": 1}  # fmt: skip


def test_a_share_of_missed_calls(migrated: Client) -> None:
    for site, missed, answered in (("bad", 3, 7), ("well", 2, 8), ("few", 9, 0)):
        rows = [call(site, number, "missed") for number in range(missed)]
        put(
            migrated, "call_rows", rows + [call(site, 100 + number, "answered") for number in range(answered)]
        )
    assert fires(migrated, "missed_calls") == [{"site": "bad", "value": 0.3}]


def funnel(site: str, channel: str, *, asked: int, came: int, day: date = TODAY) -> Row:
    """A day of a channel."""
    return {"run": "live", "site": site, "day": day, "branch": "", "channel": channel, "campaign": "",
            "inquiries": [asked * LEAD] * 5, "consults": [0] * 5, "registrations": [came * LEAD] * 5,
            "re_registrations": [0] * 5, "revenue": [0] * 5, "cash": [0] * 5}  # fmt: skip


def spend(site: str, channel: str, amounts: list[int], campaign: str = "", first: date = TODAY) -> Row:
    """A spend with an amount a day."""
    return {"run": "live", "site": site, "spend_id": f"{channel}{campaign}", "branch": "", "channel": channel,
            "campaign": campaign, "kind": "media", "first_day": first, "amounts": amounts}  # fmt: skip


def test_spend_without_inquiry_and_cac_above_its_target(migrated: Client) -> None:
    put(migrated, "spend_rows", [spend("a", "flyers", [300]), spend("a", "blog", [400]), spend("a", "cafe", [800]),
                                 spend("b", "blog", [900]), spend("a", "later", [0, 500])])  # fmt: skip
    put(migrated, "funnel_rows", [funnel("a", "blog", asked=9, came=4), funnel("a", "cafe", asked=9, came=4),
                                  funnel("b", "blog", asked=9, came=2)])  # fmt: skip
    put(migrated, "site_rows", [
        {"run": "live", "site": site, "payments": 1, "settings": orjson.dumps({"cac_target": 160}).decode()} for site in "ab"
    ])  # fmt: skip
    assert fires(migrated, "spend_without_inquiry") == [{"site": "a", "channel": "flyers", "value": 300}]
    assert fires(migrated, "cac_above_target") == [{"site": "a", "channel": "cafe", "value": 1.25}]


def test_a_campaign_ahead_of_its_budget(migrated: Client) -> None:
    def window(campaign: str, budget: int, first: date, last: date) -> Row:
        return {
            "run": "live",
            "site": "a",
            "campaign": campaign,
            "budget": budget,
            "starts_on": first,
            "ends_on": last,
        }

    day = timedelta(days=1)
    put(migrated, "campaign_rows", [
        window("fast", 1000, TODAY - 4 * day, TODAY + 5 * day), window("even", 1000, TODAY - 4 * day, TODAY + 5 * day),
        window("over", 1000, TODAY - 9 * day, TODAY - 5 * day),
    ])  # fmt: skip
    put(migrated, "spend_rows", [
        spend("a", "x", [700], "fast"), spend("a", "x", [500, 500], "even"), spend("a", "x", [9000], "over", TODAY - 9 * day),
    ])  # fmt: skip
    assert fires(migrated, "budget_overpace") == [
        {"site": "a", "campaign": "fast", "value": pytest.approx(1.4)}
    ]

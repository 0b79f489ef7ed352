"""Inquiries of a month and how many registered 1, 2, 3 and 6 months later: events -> core -> rows -> engine -> view."""

from clickhouse_connect.driver.client import Client

from tests.given import Event, status, visit
from tests.path.published_rows import publish


def journey(lead: str, source: str, inquired: str, registered: str | None) -> list[Event]:
    events = [
        visit(
            f"v-{lead}",
            at=f"{inquired} 09:00",
            url=f"https://center.example/?utm_source={source}&utm_medium=cpc",
        ),
        status("inquiry", lead, at=f"{inquired} 10:00", visitor_id=f"v-{lead}"),
    ]
    return events if registered is None else [*events, status("registration", lead, at=f"{registered} 10:00")]


def test_a_cohort_counts_who_registered_before_so_many_months_were_over(engine: Client) -> None:
    events = [
        *journey("L1", "google", "2026-01-31", "2026-02-27"),  # before February 28, a month later clamped
        *journey("L2", "google", "2026-01-31", "2026-02-28"),  # on that day: after two months only
        *journey("L3", "google", "2026-01-10", "2026-04-09"),
        *journey("L4", "google", "2026-01-10", "2026-12-01"),
        *journey("L5", "google", "2026-01-12", None),
        *journey("L6", "google", "2026-02-02", "2026-02-02"),
    ]
    publish(engine, "cohorts", [], events)
    rows = engine.query(
        "SELECT toString(cohort), channel, inquiries, after_1_month, after_2_months, after_3_months, after_6_months,"
        " registrations FROM headwater.inquiry_cohorts_monthly WHERE run = 'cohorts' AND model = 'last' ORDER BY cohort"
    ).result_rows
    assert rows == [
        ("2026-01-01", "paid_search", 5.0, 1.0, 2.0, 3.0, 3.0, 4.0),
        ("2026-02-01", "paid_search", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    ]

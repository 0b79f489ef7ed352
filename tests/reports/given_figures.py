"""Figures of reports from what matters, without asking anybody: what the questions would answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from grafana.reports.report import Figures
from infra.reports.periods import Asked, campaign_of, month_of, quarter_of, two_periods, year_of
from infra.reports.working import worked_out

SITE = "center"
TODAY = date(2026, 4, 20)
Row = dict[str, Any]


def channel(slug: str, **fields: Any) -> Row:
    """A row of the scoreboard."""
    row: Row = {
        "site": SITE, "channel": slug, "kind": "", "spend": 0, "visits": 10, "scans": 0, "calls": 2, "inquiries": 20.0,
        "consults": 10.0, "registrations": 5.0, "inquiry_to_registration": 0.25, "cac": None, "loaded_cac": None,
        "revenue": 1_000_000, "cash": 1_000_000, "roi": 1.5, "ltv": None, "ltv_roi": None, "ltv_to_cac": None,
        "action": "keep", "action_agreement": 5,
    }  # fmt: skip
    return {**row, **fields}


def campaign(slug: str = "spring", **fields: Any) -> Row:
    """A row of a campaign, with the day as ClickHouse gives it."""
    row: Row = {
        "campaign": slug, "name": "봄 캠페인", "channel": "naver_place", "budget": 800_000,
        "starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31), "goal_metric": "registration", "goal_count": 12.0,
        "visits": 90, "scans": 10, "calls": 20, "contacts": 120, "inquiries": 16.0, "consults": 9.0, "registrations": 6.0,
        "revenue": 1_680_000, "cash": 1_680_000,
    }  # fmt: skip
    return {**row, **fields}


FIELD = (
    channel("naver_blog", spend=6_000_000, registrations=21.0, inquiries=80.0, revenue=22_800_000, action="keep", roi=2.8),
    channel("naver_place", spend=4_000_000, registrations=34.0, inquiries=120.0, revenue=24_800_000, action="increase", roi=5.2),
    channel("flyer", spend=3_000_000, registrations=3.0, inquiries=20.0, revenue=4_200_000, action="stop", roi=0.4),
    channel("mom_cafe", spend=2_000_000, registrations=18.0, inquiries=60.0, revenue=13_200_000, action="increase", roi=5.6),
    channel("referral", registrations=32.0, inquiries=50.0, revenue=27_200_000, action="strengthen", roi=float("inf")),
    channel("unattributed", registrations=0.0, inquiries=4.0, revenue=0, action="none", roi=None),
)  # fmt: skip
"""The table of the field document over ten months, as a scoreboard."""


def figures(asked: Asked, **answers: Sequence[Mapping[str, Any]]) -> Figures:
    """What a report was asked for and some of its answers -> its figures, the others as of a site with little."""
    common: dict[str, Any] = {
        "site": [{"name": "봄날 언어치료센터", "time_zone": "Asia/Seoul", "currency": "KRW", "paid": 1}],
        "names": [_names("naver_blog", "네이버 블로그", "Naver Blog")],
        "board": FIELD, "board_before": FIELD[:2], "board_year": (), "models": _models(), "calls": [], "campaigns": [], "weeks": _weeks(),
        "months": _weeks(), "open_slots": [], "cohorts": [], "recorded": [{"recorded": 1, "before_recorded": 1, "year_recorded": 0}],
        "plan": [], "undated": [], "spend_months": [{"month": "2026-01-01", "spent": 900_000, "in_campaigns": 0}],
        "campaign": [], "spent": [], "branches": [], "beside": [], "measured": [],
        "counted": [], "answered_before": [], "answered_after": [], "measures": [], "searches": [],
    }  # fmt: skip
    made = Figures(
        asked.kind, asked.site, asked.period, {**asked.parameters, "elasticity": 0.7}, {**common, **answers}
    )
    return replace(made, worked=worked_out(made))


def monthly(**answers: Any) -> tuple[Asked, Figures]:
    """The summary of March 2026."""
    asked = month_of(SITE, "2026-03", TODAY)
    return asked, figures(asked, **answers)


def quarterly(**answers: Any) -> tuple[Asked, Figures]:
    """The review of the first quarter of 2026."""
    asked = quarter_of(SITE, "2026-Q1", TODAY)
    return asked, figures(asked, **answers)


def yearly(**answers: Any) -> tuple[Asked, Figures]:
    """The plan of 2025 against actual."""
    asked = year_of(SITE, "2025", TODAY)
    return asked, figures(asked, **answers)


def of_campaign(row: Row | None = None, **answers: Any) -> tuple[Asked, Figures]:
    """The report of a campaign, alike under every model."""
    row = row or campaign()
    asked = campaign_of(SITE, row, TODAY)
    told = {**row, "starts_on": row["starts_on"].isoformat(), "ends_on": row["ends_on"].isoformat()}
    models = [{**told, "model": model} for model in ("first", "last", "linear", "position", "time_decay")]
    beside = [
        {"during": 0, "contacts": 80, "inquiries": 10.0, "consults": 6.0, "registrations": 3.0},
        {"during": 1, "contacts": 120, "inquiries": 16.0, "consults": 9.0, "registrations": 6.0},
    ]
    common: dict[str, Any] = {"campaign": models, "spent": [{"spent": 750_000}], "beside": beside}
    return asked, figures(asked, **{**common, **answers})


def two(**answers: Any) -> tuple[Asked, Figures]:
    """January against March of 2026: 5 registrations for 1,800,000 won, then 12 for as much."""
    asked = two_periods(SITE, (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 3, 1), date(2026, 3, 31)))
    common: dict[str, Any] = {
        "counted": [counted("before", registrations=5.0), counted("after", registrations=12.0)],
        "spent": [{"period": "before", "spent": 1_800_000}, {"period": "after", "spent": 1_800_000}],
        "recorded": [{"recorded": 1, "before_recorded": 1, "year_recorded": 0, "year_before_recorded": 0}],
    }
    return asked, figures(asked, **{**common, **answers})


def counted(period: str, **fields: Any) -> Row:
    """What was counted in a period."""
    row: Row = {
        "period": period, "visits": 400, "scans": 0, "calls": 30, "inquiries": 30.0, "consults": 15.0, "registrations": 5.0,
        "revenue": 4_250_000, "direct_visits": 80, "known_inquiries": 24.0,
    }  # fmt: skip
    return {**row, **fields}


def _names(slug: str, ko: str, en: str) -> Row:
    names = json.dumps({"ko": ko, "en": en}, ensure_ascii=False)
    return {"channel": slug, "names": names, "free": 0, "hours_limit": None, "hours_limit_cost": None}


def _models() -> list[Row]:
    return [
        {"channel": "naver_place", "model": model, "inquiries": 12.0, "registrations": count, "revenue": 0}
        for model, count in (
            ("first", 3.0),
            ("last", 4.0),
            ("linear", 3.5),
            ("position", 3.4),
            ("time_decay", 3.6),
        )
    ]


def _weeks() -> list[Row]:
    return [
        {"time": day, "contacts": 10, "inquiries": 4.0, "registrations": 1.0}
        for day in ("2026-03-02", "2026-03-09", "2026-03-23")
    ]


EVERY = {
    "monthly": monthly,
    "quarterly": quarterly,
    "yearly": yearly,
    "campaign": of_campaign,
    "before-after": two,
}

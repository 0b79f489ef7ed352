"""Answers of the questions besides the channels, as a centre that does all of it would have them."""

from typing import Any

Row = dict[str, Any]


def came(people: int = 200, **fields: Any) -> Row:
    """A row of AARRR."""
    row: Row = {
        "came_by": "", "people": people, "inquirers": 60, "consulted": 40, "registered": 24, "payers": 22, "customers": 25,
        "repeat_payers": 14, "invitations": 8, "referrers": 5, "referred_customers": 2, "viral_k": 0.08,
        "arpu": 640_000.0, "ltv_observed": 1_280_000.0, "ltv_assumed": 15_300_000.0,
    }  # fmt: skip
    return {**row, **fields}


def loss(position: int, from_step: str, to_step: str, entered: int, went_on: int, **fields: Any) -> Row:
    """A step of AARRR with who did not go on."""
    lost = entered - went_on
    row: Row = {
        "position": position, "from_step": from_step, "to_step": to_step, "entered": entered, "went_on": went_on, "lost": lost,
        "loss_rate": lost / entered, "is_most_lost": 0, "is_highest_rate": 0,
    }  # fmt: skip
    return {**row, **fields}


def sent(**fields: Any) -> Row:
    """What came of messages."""
    row: Row = {
        "sent": 120, "bounced": 4, "delivered": 116, "openable": 60, "opened": 30, "clicked": 18, "converted": 12, "complained": 0,
        "unsubscribed": 3, "sent_after_unsubscribe": 0, "people": 80, "customers": 50, "customers_back": 11,
    }  # fmt: skip
    return {**row, **fields}


def segment(base: str, **fields: Any) -> Row:
    """A customer segment."""
    row: Row = {
        "segment": base, "base": base, "name_ko": "", "name_en": "", "members": 30, "members_before": 26, "goal_metric": "payment",
        "goal_count": 12.0, "reached": 9.0, "progress": 0.75,
    }  # fmt: skip
    return {**row, **fields}


def goal(slug: str = "happier", **fields: Any) -> Row:
    """A goal set beforehand."""
    row: Row = {
        "goal": slug, "name_ko": "만족도 10% 올리기", "name_en": "Satisfaction up by 10%", "tool": "booking", "metric": "satisfaction", "kind": "mean",
        "channel": "", "set_beforehand": 1, "judged_from": "2026-01-01", "judged_to": "2026-03-31", "change_wanted": 0.1,
        "change_kind": "relative", "before": 4.0, "after": 4.5, "change": 0.125, "change_low": -0.02, "change_high": 0.27,
        "by_chance": 1, "verdict": "reached",
    }  # fmt: skip
    return {**row, **fields}


def tool(slug: str = "booking", **fields: Any) -> Row:
    """A tool that was paid for."""
    row: Row = {
        "tool": slug, "name_ko": "예약 도구", "name_en": "Booking tool", "adopted_on": "2026-01-01", "judged_from": "2026-01-01",
        "judged_to": "2026-03-31", "licence": 300_000, "upkeep": 60_000, "training": 100_000, "staff_time": 240_000,
        "cost": 700_000, "gain": 900_000.0, "saving": 1_200_000.0, "roi": 2.0, "roi_low": -0.4, "roi_high": 4.1, "verdict": "improve",
        "goals": 1, "goals_reached": 1, "goals_missed": 0, "unmeasured": 0,
    }  # fmt: skip
    return {**row, **fields}


def variant(name: str, **fields: Any) -> Row:
    """A variant of an experiment."""
    row: Row = {
        "experiment": "greeting", "name_ko": "첫 인사", "name_en": "Greeting", "hypothesis": "a shorter greeting books more",
        "place": 1, "variant": name, "is_control": 0, "subjects": 420, "judged": 400, "converted": 80, "rate": 0.2,
        "difference": None, "difference_low": None, "difference_high": None, "p_value": None, "planned_size": 380.0,
        "decides_on": "2026-04-30", "crossed": 0, "verdict": "control",
    }  # fmt: skip
    return {**row, **fields}


def media(**fields: Any) -> Row:
    """Figures of owned media."""
    row: Row = {
        "sessions": 1_400, "direct_sessions": 350, "keyword_sessions": 80, "brand_keyword_sessions": 60, "negative_keyword_sessions": 2, "query_clicks": 300,
        "brand_query_clicks": 210, "negative_query_clicks": 3,
        "own_search_volume": 1_600, "search_volume": 22_800, "leading_search_volume": 14_800, "converting_sessions": 25,
        "conversion_rate": 25 / 1_400, "goal_conversions": 25, "goal_value": 25_000_000.0, "owned_goal_value": 25_000_000.0,
        "on_target_sessions": 500, "inflow_value": 1_500_000.0, "owned_cost": 15_000_000.0, "owned_romi": 2 / 3,
        "owned_romi_with_inflow": None, "romi": None,
    }  # fmt: skip
    return {**row, **fields}


def content(slug: str = "guide", **fields: Any) -> Row:
    """A content and what it brought."""
    row: Row = {
        "content": slug, "name_ko": "안내서", "name_en": "Guide", "published_on": "2026-03-01", "cost": 500_000.0, "sessions": 120,
        "inflow_sessions": 100, "reference_cpc": 1_000.0, "inflow_value": 100_000.0, "break_even_months": 5.0, "downloads": 12,
        "plays": 0, "view_rate": None,
    }  # fmt: skip
    return {**row, **fields}


EVERYTHING: dict[str, list[Row]] = {
    "owned_media": [media()],
    "contents": [content(), content("tour", name_ko="", name_en="", cost=None, inflow_value=None, break_even_months=None, plays=9, view_rate=0.667)],
    "aarrr": [came(), came(120, came_by="naver_place"), came(9, came_by="referral")],
    "losses": [
        loss(1, "acquired", "inquiry", 200, 60, is_most_lost=1, is_highest_rate=1),
        loss(2, "inquiry", "consult", 60, 40),
        loss(3, "consult", "registration", 40, 24),
        loss(4, "registration", "payment", 24, 22),
        loss(5, "payment", "renewal", 22, 14),
        loss(6, "renewal", "referral", 14, 5),
    ],
    "messages": [sent(sent_after_unsubscribe=1)],
    "messages_by_campaign": [
        {"campaign": "spring", "name": "Spring", **sent()},
        {"campaign": "", "name": "", **sent(sent=9, delivered=9, openable=0, opened=None)},
    ],
    "segments": [segment("new"), segment("repeat", goal_metric="", goal_count=None, progress=None), segment("dormant")],
    "goal_verdicts": [
        goal(),
        goal("rate", metric="call_conversion_rate", kind="rate", change_kind="absolute", change_wanted=0.05, before=0.2, after=0.28,
             change=0.08, change_low=0.01, change_high=0.15, by_chance=0),
        goal("late", verdict="set_afterwards", change=None, change_low=None, change_high=None, by_chance=None),
    ],
    "tools": [tool(), tool("crm", unmeasured=1, roi=None, roi_low=None, roi_high=None, verdict="not_measured", gain=None, saving=None)],
    "experiments": [
        variant("a", is_control=1),
        variant("b", place=2, converted=108, rate=0.27, difference=0.07, difference_low=0.011, difference_high=0.128,
                p_value=0.0199, verdict="better", crossed=3),
        variant("c", place=3, verdict="too_early", judged=6, converted=2, rate=0.33),
    ],
}  # fmt: skip

"""channel_scoreboard: each line of the rules by hand, the field document's table, the reference at random."""

import math
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.surface import view_columns
from tests.clickhouse.store import Row, put, scoreboard, show
from tests.reference.scoreboard import scoreboard as reference_scoreboard

LEAD = 1_000_000_000
DAY = date(2026, 3, 2)
MARCH = {"since": date(2026, 3, 1), "until": date(2026, 3, 31)}
MODELS = ("first", "last", "linear", "time_decay", "position")
CONTRACT = """
site channel kind spend visits scans calls inquiries consults registrations inquiry_to_registration cac
loaded_cac revenue cash roi ltv ltv_roi ltv_to_cac action action_agreement
"""


def five(value: float | Sequence[float]) -> list[int]:
    """Leads, the same under every model or one for each -> parts."""
    values = [value] * 5 if isinstance(value, (int, float)) else list(value)
    return [round(each * LEAD) for each in values]


def funnel(
    channel: str,
    *,
    branch: str = "",
    day: date = DAY,
    site: str = "clinic",
    campaign: str = "",
    inquiries: float | Sequence[float] = 0,
    consults: float = 0,
    registrations: float | Sequence[float] = 0,
    revenue: int | list[int] = 0,
    cash: int = 0,
    visits: int = 0,
    scans: int = 0,
    calls: int = 0,
) -> Row:
    """One row of funnel_rows, from what matters."""
    return {
        "site": site,
        "day": day,
        "branch": branch,
        "channel": channel,
        "campaign": campaign,
        "visits": visits,
        "scans": scans,
        "calls": calls,
        "inquiries": five(inquiries),
        "consults": five(consults),
        "registrations": five(registrations),
        "re_registrations": five(0),
        "revenue": revenue if isinstance(revenue, list) else [revenue] * 5,
        "cash": [cash] * 5,
    }


def spend(
    channel: str,
    *amounts: int,
    branch: str = "",
    kind: str = "media",
    first_day: date = DAY,
    site: str = "clinic",
    spend_id: str = "",
) -> Row:
    """One row of spend_rows; its id is all of it unless given."""
    row = {"site": site, "channel": channel, "branch": branch, "kind": kind, "first_day": first_day}
    return {"spend_id": spend_id or repr((*row.values(), amounts)), **row, "amounts": list(amounts)}


def site_row(site: str = "clinic", **settings: Any) -> Row:
    """One row of site_rows with the shipped settings unless given."""
    return {
        "site": site,
        "name": site,
        "time_zone": "Asia/Seoul",
        "currency": "KRW",
        "branches": [],
        "ltv_months": None,
        "ltv_monthly_revenue": None,
        "roi_months": None,
        "threshold_stop": 1.0,
        "threshold_increase": 3.0,
        "threshold_too_little": 3.0,
        "payments": 1,
        "settings": "{}",
        **settings,
    }


def channel_row(channel: str, *, kind: str = "", free: int = 0, site: str = "clinic") -> Row:
    """One row of channel_rows."""
    return {"site": site, "channel": channel, "kind": kind, "free": free, "names": "{}"}


REFERRAL = channel_row("referral", kind="word_of_mouth", free=1)


class Board:
    """The rows of one run, written under a name of its own, and its scoreboard."""

    def __init__(
        self, client: Client, run: str, rows: Iterable[Row], sites: Iterable[Row] | None = None
    ) -> None:
        self.client, self.run = client, run
        given = [*rows, *([site_row()] if sites is None else sites)]
        tables = {
            "day": "funnel_rows",
            "spend_id": "spend_rows",
            "names": "channel_rows",
            "settings": "site_rows",
        }
        self.tables: dict[str, list[Row]] = {table: [] for table in tables.values()}
        for row in given:
            self.tables[next(tables[name] for name in tables if name in row)].append(row)
        for table, of_table in self.tables.items():
            put(client, table, [{"run": run, **row} for row in of_table])

    def rows(self, **asked: Any) -> list[Row]:
        """The scoreboard of March unless asked otherwise."""
        return scoreboard(self.client, **{**MARCH, "run": self.run, **asked})

    def column(self, name: str, **asked: Any) -> dict[str, Any]:
        """Channel -> one figure."""
        return {row["channel"]: row[name] for row in self.rows(**asked)}


@pytest.fixture
def board(migrated: Client, request: pytest.FixtureRequest) -> Any:
    """Rows -> their Board, under the test's own run."""

    def write(*rows: Row, sites: Iterable[Row] | None = None) -> Board:
        return Board(migrated, request.node.name, rows, sites)

    return write


# The surface


def test_its_columns_are_the_contracts_and_additions_come_after(migrated: Client) -> None:
    names = [column.name for column in view_columns("channel_scoreboard")]
    assert names[: len(CONTRACT.split())] == CONTRACT.split()
    assert names[len(CONTRACT.split()) :] == [
        "loaded_cost",
        "inquiries_parts",
        "consults_parts",
        "registrations_parts",
    ]


def test_unattributed_is_there_without_any_result(board: Any) -> None:
    assert board().column("action") == {"unattributed": "none"}


def test_the_period_holds_its_first_and_last_day(board: Any) -> None:
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    given = board(*[funnel("email", day=day, visits=1) for day in days])
    assert given.column("visits")["email"] == 2
    assert given.column("visits", since=days[0], until=days[0])["email"] == 1


def test_spend_counts_by_its_days_in_the_period(board: Any) -> None:
    given = board(spend("email", 1, 20, 300, 4000, first_day=date(2026, 2, 28)))
    assert given.column("spend", since=date(2026, 3, 1), until=date(2026, 3, 2))["email"] == 320
    assert given.column("spend", since=date(2026, 2, 1), until=date(2026, 2, 28))["email"] == 1
    assert given.column("spend", since=date(2026, 3, 4), until=date(2026, 3, 4)) == {"unattributed": 0}


def test_runs_and_sites_are_apart(board: Any) -> None:
    given = board(
        funnel("email", visits=1),
        funnel("email", visits=5, site="school"),
        sites=[site_row(), site_row("school")],
    )
    assert [(row["site"], row["channel"], row["visits"]) for row in given.rows()] == [
        ("clinic", "email", 1),
        ("clinic", "unattributed", 0),
        ("school", "email", 5),
        ("school", "unattributed", 0),
    ]
    assert [row["site"] for row in given.rows(sites=["school"])] == ["school", "school"]
    assert given.rows(run="another") == []


def test_a_channel_without_a_result_under_the_asked_model_is_not_shown(board: Any) -> None:
    given = board(
        funnel("social", inquiries=[1, 0, 0.5, 0.4, 0.5]), funnel("email", inquiries=[0, 1, 0.5, 0.6, 0.5])
    )
    assert set(given.column("inquiries", model="first")) == {"social", "unattributed"}
    assert set(given.column("inquiries", model="last")) == {"email", "unattributed"}
    assert given.column("inquiries", model="linear") == {"social": 0.5, "email": 0.5, "unattributed": 0}


def test_an_unknown_model_is_refused(board: Any) -> None:
    with pytest.raises(Exception, match="model is first, last, linear, time_decay, position, markov"):
        board().rows(model="lest")


def test_a_data_driven_model_is_judged_like_a_rule_and_agreement_counts_the_five_rules(board: Any) -> None:
    registrations, revenue = [3, 3, 3, 3, 3, 3, 3, 1], [250, 250, 100, 100, 100, 250, 700, 700]
    email = funnel("email", registrations=registrations, revenue=revenue)
    given = board(spend("email", 100), email, funnel("sms", registrations=2))
    assert given.rows(model="markov") == []  # the run does not list it
    show(given.client, given.run, models=["first", "markov", "markov_2", "shapley"], version=2)
    assert {
        model: [row[name] for name in ("registrations", "revenue", "action", "action_agreement")]
        for model in ("first", "markov", "markov_2", "shapley")
        for row in given.rows(model=model)[:1]
    } == {
        "first": [3, 250, "keep", 2],
        "markov": [3, 250, "keep", 2],
        "markov_2": [3, 700, "increase", 0],
        "shapley": [1, 700, "too_little_data", 0],
    }
    assert given.rows(model="last") == []


def test_a_run_that_is_not_done_has_no_board(board: Any) -> None:
    given = board(funnel("email", visits=1))
    show(given.client, given.run, status="dropping", version=2)
    assert given.rows() == []


# Spend and branches


def test_spend_is_media_agency_staff_and_reward(board: Any) -> None:
    kinds = ("media", "agency", "staff", "reward", "sales", "tool", "upkeep", "training")
    given = board(*[spend("email", 10**place, kind=kind) for place, kind in enumerate(kinds)])
    assert given.column("spend") == {"email": 1111, "unattributed": 0}
    assert given.column("loaded_cost") == {"email": 11111111, "unattributed": 0}


def test_spend_without_branch_is_split_by_the_channels_inquiries(board: Any) -> None:
    given = board(
        spend("email", 100),
        spend("email", 7, branch="a"),
        funnel("email", branch="a", inquiries=1),
        funnel("email", branch="b", inquiries=2),
        funnel("email", branch="", inquiries=1),
        funnel("social", branch="a", inquiries=50),  # another channel's inquiries decide nothing
    )
    assert given.column("spend")["email"] == 107
    assert given.column("spend", branches=["a"])["email"] == 25 + 7
    assert given.column("spend", branches=["b"])["email"] == 50
    assert given.column("spend", branches=[""])["email"] == 25
    assert given.column("spend", branches=["b", "a"])["email"] == 82


def test_the_remainder_goes_by_largest_fraction_then_by_branch(board: Any) -> None:
    given = board(
        spend("email", 5), *[funnel("email", branch=branch, inquiries=1) for branch in ("a", "b", "c")]
    )
    assert [given.column("spend", branches=[branch])["email"] for branch in ("a", "b", "c")] == [2, 2, 1]
    uneven = board(
        spend("sms", 10), funnel("sms", branch="a", inquiries=1), funnel("sms", branch="b", inquiries=5)
    )
    assert uneven.column("spend", branches=["a"])["sms"] == 2  # 1.67: the larger fraction
    assert uneven.column("spend", branches=["b"])["sms"] == 8  # 8.33


def test_spend_is_split_once_over_the_period_not_by_day(board: Any) -> None:
    given = board(spend("email", 1, 1, 1, 1), *[funnel("email", branch=b, inquiries=1) for b in ("a", "b")])
    assert [given.column("spend", branches=[branch])["email"] for branch in ("a", "b")] == [2, 2]


def test_a_credit_note_is_split_as_the_mirror(board: Any) -> None:
    given = board(
        spend("email", -5), *[funnel("email", branch=branch, inquiries=1) for branch in ("a", "b", "c")]
    )
    assert [given.column("spend", branches=[branch])["email"] for branch in ("a", "b", "c")] == [-2, -2, -1]


def test_spend_without_branch_stays_there_without_inquiries(board: Any) -> None:
    given = board(
        spend("email", 5), funnel("email", branch="a", visits=1), funnel("social", branch="a", inquiries=1)
    )
    assert given.column("spend", branches=["a"])["email"] == 0
    assert given.column("spend", branches=[""]) == {"email": 5, "unattributed": 0}


def test_the_split_follows_the_asked_model(board: Any) -> None:
    given = board(
        spend("email", 100),
        funnel("email", branch="a", inquiries=[1, 0, 0.5, 0.25, 0.5], visits=1),
        funnel("email", branch="b", inquiries=[0, 1, 0.5, 0.75, 0.5], visits=1),
    )
    spent = [given.column("spend", branches=["a"], model=model)["email"] for model in MODELS]
    assert spent == [100, 0, 50, 25, 50]


def test_large_amounts_are_exact(board: Any) -> None:
    given = board(
        spend("email", 10**15 - 1),
        funnel("email", branch="a", inquiries=2_000_000),
        funnel("email", branch="b", inquiries=1_000_000),
    )
    assert given.column("spend", branches=["a"])["email"] == 666_666_666_666_666
    assert given.column("spend", branches=["b"])["email"] == 333_333_333_333_333


# Loaded cost


def test_loaded_cost_without_channel_is_shared_by_inquiries(board: Any) -> None:
    given = board(
        spend("", 101, kind="tool"),
        funnel("email", inquiries=1),
        funnel("direct", inquiries=1),
        funnel("unattributed", inquiries=2),
        funnel("social", visits=1),
    )
    assert given.column("loaded_cost") == {"direct": 25, "email": 25, "social": 0, "unattributed": 51}
    assert set(given.column("spend").values()) == {0}


def test_loaded_cost_ties_by_slug(board: Any) -> None:
    given = board(spend("", 2, kind="sales"), *[funnel(channel, inquiries=1) for channel in ("c", "b", "a")])
    assert given.column("loaded_cost") == {"a": 1, "b": 1, "c": 0, "unattributed": 0}


def test_loaded_cost_with_a_channel_goes_to_it(board: Any) -> None:
    given = board(spend("email", 10, kind="training"), funnel("social", inquiries=1))
    assert given.column("loaded_cost") == {"email": 10, "social": 0, "unattributed": 0}


def test_loaded_cost_without_any_inquiry_is_unattributed(board: Any) -> None:
    given = board(spend("", 10, kind="tool"), funnel("email", visits=1))
    assert given.column("loaded_cost") == {"email": 0, "unattributed": 10}
    assert given.column("loaded_cost", branches=["a"]) == {"unattributed": 0}
    assert given.column("loaded_cost", branches=[""]) == {"email": 0, "unattributed": 10}


def test_loaded_cost_of_a_branch_without_inquiries_there_is_unattributed(board: Any) -> None:
    given = board(spend("", 10, kind="tool", branch="a"), funnel("email", branch="b", inquiries=1))
    assert given.column("loaded_cost", branches=["a"]) == {"unattributed": 10}
    assert given.column("loaded_cost", branches=["a", "b"]) == {"email": 10, "unattributed": 0}


def test_loaded_cost_of_the_site_reaches_a_branch_over_channels_then_branches(board: Any) -> None:
    given = board(
        spend("", 100, kind="tool"),
        funnel("email", branch="a", inquiries=1),
        funnel("email", branch="b", inquiries=1),
        funnel("social", branch="b", inquiries=2),
    )
    assert given.column("loaded_cost", branches=["a"]) == {"email": 25, "unattributed": 0}
    assert given.column("loaded_cost", branches=["b"]) == {"email": 25, "social": 50, "unattributed": 0}


def test_loaded_cost_of_a_branch_is_shared_by_the_asked_branches_inquiries(board: Any) -> None:
    given = board(
        spend("", 100, kind="tool", branch="a"),
        funnel("email", branch="a", inquiries=1),
        funnel("sms", branch="a", inquiries=1),
        funnel("social", branch="b", inquiries=2),
    )
    assert given.column("loaded_cost", branches=["a"]) == {"email": 50, "sms": 50, "unattributed": 0}
    assert given.column("loaded_cost", branches=["b"]) == {"social": 0, "unattributed": 0}
    assert given.column("loaded_cost") == {"email": 25, "sms": 25, "social": 50, "unattributed": 0}


# Ratios


def test_cac_follows_its_rules(board: Any) -> None:
    given = board(
        spend("email", 100),
        funnel("email", registrations=0.3),
        spend("social", 100),
        funnel("social", inquiries=1),
        funnel("organic_search", registrations=1),
        REFERRAL,
        funnel("referral", registrations=1),
        channel_row("blog", free=1),
        spend("blog", 50),
        funnel("blog", registrations=2),
    )
    assert given.column("cac") == {
        "blog": 25.0,
        "email": pytest.approx(1000 / 3, rel=1e-15),
        "organic_search": None,
        "referral": 0.0,
        "social": None,
        "unattributed": None,
    }


def test_loaded_cac_follows_the_same_rules_with_the_larger_cost(board: Any) -> None:
    given = board(
        REFERRAL,
        spend("", 300, kind="tool"),
        spend("email", 100),
        funnel("referral", inquiries=1, registrations=2),
        funnel("email", inquiries=2),
        channel_row("blog", free=1),
        funnel("blog", visits=1),
    )
    assert given.column("loaded_cac") == {"blog": 0.0, "email": None, "referral": 50.0, "unattributed": None}


def test_roi_is_infinite_for_a_free_channel_with_revenue_and_null_without_spend(board: Any) -> None:
    given = board(
        REFERRAL,
        channel_row("blog", free=1),
        funnel("referral", registrations=1, revenue=5),
        funnel("blog", visits=1),
        funnel("email", revenue=5),
        spend("social", 100),
        funnel("social", revenue=[40, 50, 60, 70, 80]),
    )
    assert given.column("roi") == {
        "blog": None,
        "email": None,
        "referral": math.inf,
        "social": -0.5,
        "unattributed": None,
    }
    assert given.column("roi", model="position")["social"] == -0.2


def test_inquiry_to_registration_is_null_without_inquiries(board: Any) -> None:
    given = board(funnel("email", inquiries=8, registrations=2.1), funnel("social", registrations=1))
    assert given.column("inquiry_to_registration") == {"email": 0.2625, "social": None, "unattributed": None}


def test_ltv_needs_both_settings(board: Any) -> None:
    rows = (
        REFERRAL,
        spend("email", 600_000),
        funnel("email", registrations=2.1),
        funnel("referral", registrations=1),
    )
    both = site_row(ltv_months=18.0, ltv_monthly_revenue=850_000.0, payments=0)
    given = board(*rows, sites=[both, site_row("half", ltv_months=18.0)])
    by_channel = {row["channel"]: row for row in given.rows(sites=["clinic"])}
    assert {row["ltv"] for row in by_channel.values()} == {15_300_000.0}
    assert by_channel["email"]["ltv_to_cac"] == pytest.approx(53.55)
    assert by_channel["email"]["ltv_roi"] == pytest.approx((2.1 * 15_300_000 - 600_000) / 600_000)
    assert by_channel["referral"]["ltv_to_cac"] == by_channel["referral"]["ltv_roi"] == math.inf
    assert by_channel["unattributed"]["ltv_to_cac"] is None
    half = given.rows(sites=["half"])[0]
    assert (half["ltv"], half["ltv_roi"], half["ltv_to_cac"]) == (None, None, None)


# Action


@pytest.mark.parametrize(
    ("revenue", "action"),
    [(0, "stop"), (199, "stop"), (200, "keep"), (399, "keep"), (400, "increase"), (10**9, "increase")],
)
def test_the_roi_bands(board: Any, revenue: int, action: str) -> None:
    given = board(spend("email", 100), funnel("email", registrations=3, revenue=revenue))
    assert given.column("action") == {"email": action, "unattributed": "none"}


def test_the_sites_thresholds_decide(board: Any) -> None:
    rows = [spend("email", 100), funnel("email", registrations=1, revenue=160)]
    settings = site_row(threshold_stop=0.5, threshold_increase=0.6, threshold_too_little=1.0)
    assert board(*rows, sites=[settings]).column("action")["email"] == "increase"  # ROI is exactly 0.6


def test_actions_that_need_no_roi(board: Any) -> None:
    given = board(
        REFERRAL,
        channel_row("blog", free=1),
        channel_row("idle", kind="word_of_mouth", free=1),
        funnel("referral", registrations=0.5),
        funnel("blog", registrations=9),
        funnel("idle", visits=1),
        funnel("email", registrations=9, revenue=9),
        spend("direct", 100),
        funnel("direct", registrations=9),
        spend("unattributed", 100),
    )
    assert given.column("action") == {
        "blog": "keep",
        "direct": "none",
        "email": "no_spend",
        "idle": "keep",
        "referral": "strengthen",
        "unattributed": "none",
    }


def test_a_free_channel_with_spend_is_judged_like_a_paid_one(board: Any) -> None:
    given = board(REFERRAL, spend("referral", 100), funnel("referral", registrations=5, revenue=700))
    assert given.column("action")["referral"] == "increase"


def test_a_site_without_any_payment(board: Any) -> None:
    given = board(
        REFERRAL,
        spend("email", 100),
        funnel("email", registrations=5),
        funnel("social", registrations=5),
        funnel("referral", registrations=5),
        sites=[site_row(payments=0)],
    )
    assert given.column("action") == {
        "email": "no_payments",
        "referral": "strengthen",
        "social": "no_spend",
        "unattributed": "none",
    }
    assert set(given.column("roi").values()) == {None}


def test_too_little_data_looks_at_registrations_and_at_spend_by_site_cac(board: Any) -> None:
    # site CAC 400 ÷ 4 = 100: flyers spent three registrations' worth and had none, email neither
    given = board(
        spend("flyers", 300),
        spend("email", 100),
        funnel("email", registrations=2, revenue=900),
        funnel("unattributed", registrations=2),
    )
    assert given.column("action") == {"email": "too_little_data", "flyers": "stop", "unattributed": "none"}


def test_without_any_registration_everything_is_too_little_data(board: Any) -> None:
    given = board(spend("flyers", 10**9), funnel("flyers", inquiries=50))
    assert given.column("action")["flyers"] == "too_little_data"


def test_agreement_counts_the_models_with_this_action(board: Any) -> None:
    given = board(spend("email", 100), funnel("email", registrations=3, revenue=[100, 250, 250, 500, 260]))
    found = {model: given.rows(model=model)[0] for model in MODELS}
    assert {model: (row["action"], row["action_agreement"]) for model, row in found.items()} == {
        "first": ("stop", 1),
        "last": ("keep", 3),
        "linear": ("keep", 3),
        "time_decay": ("increase", 1),
        "position": ("keep", 3),
    }
    assert given.column("action_agreement")["unattributed"] == 5


def test_a_site_without_settings_has_the_defaults(board: Any) -> None:
    given = board(spend("email", 100), funnel("email", registrations=3), sites=[])
    assert given.column("action") == {"email": "no_payments", "unattributed": "none"}


# The field document

FIELD = [  # channel, spend a month, inquiries, registrations, revenue by spend
    ("naver_blog", 600_000, 8.0, 2.1, 3.8),
    ("naver_place", 400_000, 11.0, 3.4, 6.2),
    ("flyer", 300_000, 3.0, 0.3, 1.4),
    ("mom_cafe", 200_000, 5.0, 1.8, 6.6),
]


def test_the_field_documents_table(board: Any) -> None:
    months = [date(2026, month, 1) for month in range(1, 11)]
    given = board(
        REFERRAL,
        *[funnel("referral", day=day, inquiries=4, registrations=3.2, revenue=2_720_000) for day in months],
        *[spend(channel, won, first_day=day) for channel, won, *_ in FIELD for day in months],
        *[
            funnel(
                channel,
                day=day,
                inquiries=inquiries,
                registrations=registrations,
                revenue=round(won * gained),
            )
            for channel, won, inquiries, registrations, gained in FIELD
            for day in months
        ],
        sites=[site_row(ltv_months=18.0, ltv_monthly_revenue=850_000.0)],
    )
    rows = {row["channel"]: row for row in given.rows(since=months[0], until=date(2026, 10, 31))}
    order = [channel for channel, *_ in FIELD] + ["referral"]
    assert [round(rows[channel]["cac"]) for channel in order] == [285_714, 117_647, 1_000_000, 111_111, 0]
    assert [rows[channel]["registrations"] for channel in order] == [21.0, 34.0, 3.0, 18.0, 32.0]
    assert [rows[channel]["roi"] for channel in order] == [2.8, 5.2, 0.4, 5.6, math.inf]
    assert [rows[channel]["action"] for channel in order] == [
        "keep",
        "increase",
        "stop",
        "increase",
        "strengthen",
    ]
    assert [rows[channel]["action_agreement"] for channel in order] == [5] * 5
    assert rows["naver_blog"]["inquiry_to_registration"] == 0.2625
    assert rows["naver_blog"]["ltv_to_cac"] == pytest.approx(53.55)
    assert sum(row["spend"] for row in rows.values()) == 15_000_000


# The reference, at random

START = MARCH["since"]


def random_site(site: str) -> list[Row]:
    """Small tables of one site, with many ties, gaps and empty branches, out of its name."""
    pick = random.Random(site)
    branches = ["", "a", "b", "c"]
    channels = ["blog", "direct", "email", "flyers", "referral", "unattributed"]
    rows: list[Row] = [
        site_row(
            site,
            payments=pick.choice([0, 1, 1]),
            threshold_stop=pick.choice([1.0, 0.5]),
            threshold_too_little=pick.choice([3.0, 0.5]),
            ltv_months=pick.choice([None, 18.0]),
            ltv_monthly_revenue=850_000.0,
        ),
        {**REFERRAL, "site": site},
        channel_row("blog", free=pick.randint(0, 1), site=site),
    ]
    for channel in pick.sample(channels, pick.randint(0, 6)):
        for branch in pick.sample(branches, pick.randint(1, 4)):
            for offset in pick.sample(range(-1, 4), pick.randint(1, 3)):
                credited = {
                    name: [pick.choice([0, 0, 1, 2, 333_333_333]) * pick.choice([1, LEAD]) for _ in MODELS]
                    for name in ("inquiries", "consults", "registrations")
                }
                rows.append(
                    {
                        **funnel(channel, site=site, branch=branch, day=START + timedelta(days=offset)),
                        **credited,
                        "visits": pick.randint(0, 3),
                        "calls": pick.randint(0, 1),
                        "revenue": [pick.choice([0, 0, 500, 100_003]) for _ in MODELS],
                        "cash": [pick.choice([0, 7, -7]) for _ in MODELS],
                    }
                )
    for number in range(pick.randint(0, 12)):
        kind = pick.choice(["media", "agency", "staff", "reward", "sales", "tool", "upkeep", "training"])
        loose = kind in ("sales", "tool", "upkeep", "training")
        rows.append(
            spend(
                pick.choice([*channels, "", ""] if loose else channels),
                *[pick.choice([0, 1, 7, 100, 99_999, -50]) for _ in range(pick.randint(1, 4))],
                branch=pick.choice(branches),
                kind=kind,
                site=site,
                spend_id=str(number),
                first_day=START + timedelta(days=pick.randint(-2, 3)),
            )
        )
    return rows


@pytest.fixture(scope="module")
def random_board(migrated: Client) -> Board:
    """Eighty random sites in one run."""
    return Board(
        migrated, "random", [row for number in range(80) for row in random_site(f"site{number}")], []
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("branches", [[], ["a"], ["b", "c"], ["", "c"], ["unknown"]], ids="-".join)
def test_the_view_equals_the_reference(random_board: Board, branches: list[str], model: str) -> None:
    asked: dict[str, Any] = {
        "since": START,
        "until": START + timedelta(days=MODELS.index(model)),
        "model": model,
        "branches": branches,
        "sites": [],
    }
    expected = reference_scoreboard(random_board.tables, **asked)
    found = random_board.rows(**asked)
    assert [(row["site"], row["channel"]) for row in found] == [
        (row["site"], row["channel"]) for row in expected
    ]
    for row, wanted in zip(found, expected, strict=True):
        assert {name: row[name] for name in wanted} == {
            name: pytest.approx(value, rel=1e-12)
            if isinstance(value, float) and math.isfinite(value)
            else value
            for name, value in wanted.items()
        }, (asked, row["site"], row["channel"])

"""Before and after, goals, tools: against scipy and statsmodels over random and edge cases, and small ones by hand."""

import math
import random
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.rates import test_poisson_2indep as poisson_test

from streams.domain.intervals import means_interval, rates_interval, ratio_interval
from tests import given
from tests.clickhouse.store import put, utc
from tests.given import Entry, Event
from tests.path.published_rows import archive, publish

Row = dict[str, Any]
BEFORE: Final = (date(2026, 1, 1), date(2026, 1, 31))
AFTER: Final = (date(2026, 3, 2), date(2026, 3, 21))
DAYS, DAYS_LATER = 31, 20
LEAD: Final = 1_000_000_000
ONE, OTHER = "hmac:1:" + "a" * 64, "hmac:1:" + "b" * 64
LINE: Final = given.tracking_number(given.LINE, given.assignment(channel="phone"))
EXACT: Final[dict[str, Any]] = {"rel": 1e-9, "abs": 1e-9}


def read(client: Client, statement: str, **parameters: Any) -> list[Row]:
    """A statement -> its rows."""
    answer = client.query(statement, parameters=parameters)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def compared(
    client: Client,
    run: str,
    site: str,
    before: tuple[date, date] = BEFORE,
    after: tuple[date, date] = AFTER,
    branches: Sequence[str] = (),
) -> dict[tuple[str, str], Row]:
    """The rows of before_after by metric and channel."""
    rows = read(
        client,
        "SELECT * FROM headwater.before_after(sites = [{site:String}], branches = {branches:Array(String)},"
        " before_since = {a:Date}, before_until = {b:Date}, since = {c:Date}, until = {d:Date}, run = {run:String}, model = 'last')",
        site=site, branches=list(branches), a=str(before[0]), b=str(before[1]), c=str(after[0]), d=str(after[1]), run=run,
    )  # fmt: skip
    return {(row["metric"], row["channel"]): row for row in rows}


def asked(client: Client, view: str, run: str, site: str, as_of: str = "2026-06-01") -> list[Row]:
    """The rows of a view that looks at goals and tools on a day."""
    return read(
        client,
        f"SELECT * FROM headwater.{view}(sites = [{{site:String}}], as_of = {{as_of:Date}}, run = {{run:String}},"
        " model = 'last')",
        site=site, as_of=as_of, run=run,
    )  # fmt: skip


# The statistics


class Case(NamedTuple):
    """What a channel had in both periods: inquiries, registrations, won spent, daily revenue, measured values."""

    asked: tuple[int, int]
    came: tuple[int, int]
    spent: tuple[int, int]
    earned: tuple[list[int], list[int]]
    measured: tuple[list[float], list[float]]


def cases() -> Iterator[Case]:
    """Edges, then random ones."""
    for counts in (
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (0, 7),
        (7, 0),
        (30, 20),
        (5, 12),
        (1_000_000, 900_000),
        (31, 20),
    ):
        yield Case(counts, (0, 0), (0, 0), ([], []), ([], []))
    for whole, part in (
        ((10, 10), (0, 0)),
        ((10, 10), (10, 10)),
        ((9, 4), (0, 4)),
        ((3, 900), (3, 0)),
        ((80, 70), (48, 56)),
    ):
        yield Case(whole, part, (500_000, 1), ([], []), ([], []))  # fmt: skip
    for values in (
        ([4.0, 4.0, 4.0], [4.5, 4.5, 4.5]), ([4.0, 4.1, 3.9], [4.4, 4.5]), ([4.0, 4.1, 3.9], [4.4, 4.5, 4.6]),
        ([4.0, 4.0, 4.0], [4.4, 4.5, 4.6]), ([1e6, 1e6 + 1, 1e6 - 1], [1e6 + 3, 1e6 + 5, 1e6 + 4]), ([-3.0, 5.0, 0.0], [0.0, 0.5, -9.0, 4.0]),
    ):  # fmt: skip
        yield Case((4, 4), (1, 1), (1, 0), ([5, 5], [0]), values)
    rng = random.Random(3)
    for _ in range(80):
        size = rng.choice((5, 60, 4_000))
        whole = rng.randint(1, size), rng.randint(1, size)
        share = rng.choice((0.02, 0.3, 0.5, 0.97))
        some = [sum(rng.random() < share for _ in range(one)) for one in whole]
        yield Case(
            whole,
            (some[0], some[1]),
            (rng.randint(1, 9_000_000), rng.randint(1, 9_000_000)),
            tuple(
                [rng.choice((0, rng.randint(1, 3_000_000))) for _ in range(rng.randint(0, 20))]
                for _ in range(2)
            ),  # type: ignore[arg-type]
            tuple([round(rng.gauss(4, 0.5), 2) for _ in range(rng.randint(0, 12))] for _ in range(2)),  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def told(engine: Client) -> tuple[list[Case], dict[tuple[str, str], Row]]:
    """Every case as a channel of its own, and what before_after says of them."""
    known, run, site = list(cases()), "statistics", "statistics"
    funnel, spends, measures = [_funnel(run, site, BEFORE[0], "first", 1, 1)], [], []
    for number, case in enumerate(known):
        channel = f"c{number}"
        for place, first in enumerate((BEFORE[0], AFTER[0])):
            days = max(len(case.earned[place]), 1)
            for day in range(days):
                earned = case.earned[place][day] if case.earned[place] else 0
                counts = (case.asked[place], case.came[place]) if day == 0 else (0, 0)
                funnel.append(_funnel(run, site, first + timedelta(days=day), channel, *counts, earned))
            spends.append(
                {"run": run, "site": site, "spend_id": f"{channel}/{place}", "channel": channel, "kind": "media",
                 "first_day": first, "amounts": [case.spent[place]]}
            )  # fmt: skip
            for turn, value in enumerate(case.measured[place]):
                on = str(first + timedelta(days=turn))
                said = {
                    "metric": "satisfaction",
                    "channel": channel,
                    "value": value,
                    "period_start": on,
                    "period_end": on,
                }
                measures.append(
                    {"site": site, "event_id": f"{channel}/{place}/{turn}", "type": "measure_recorded",
                     "occurred_at": utc("2026-04-01T00:00:00"), "payload": orjson.dumps(said).decode()}
                )  # fmt: skip
    put(engine, "funnel_rows", funnel)
    put(engine, "spend_rows", spends)
    put(engine, "event_archive", measures)
    return known, compared(engine, run, site)


def _funnel(run: str, site: str, day: date, channel: str, inquired: int, came: int, earned: int = 0) -> Row:
    return {"run": run, "site": site, "day": day, "branch": "", "channel": channel, "campaign": "", "visits": 0,
            "inquiries": [inquired * LEAD] * 5, "consults": [0] * 5, "registrations": [came * LEAD] * 5,
            "re_registrations": [0] * 5, "revenue": [earned] * 5, "cash": [0] * 5}  # fmt: skip


def _same(found: float | None, wanted: float | None) -> None:
    if wanted is None or math.isnan(wanted):
        assert found is None
    else:
        assert found == pytest.approx(wanted, **EXACT)


def _wilson(before: int, after: int, exposed: float, exposed_later: float) -> tuple[float, float]:
    low, high = proportion_confint(after, before + after, 0.05, "wilson")
    odds = [math.inf if before == 0 and share == high else share / (1 - share) for share in (low, high)]
    return odds[0] * exposed / exposed_later, odds[1] * exposed / exposed_later


def _score(before: int, after: int, exposed: float, exposed_later: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it divides by a rate of 0 beside the test
        return float(
            poisson_test(after, exposed_later, before, exposed, method="score", compare="ratio").pvalue
        )


def test_counts_are_scipys_wilson_of_their_sum_and_statsmodels_score_test(
    told: tuple[list[Case], dict[tuple[str, str], Row]],
) -> None:
    checked = 0
    for number, case in enumerate(told[0]):
        row = told[1].get(("inquiries", f"c{number}"))
        before, after = case.asked
        if before + after == 0:
            assert row is None
            continue
        assert row is not None
        assert (row["before"], row["after"], row["change_kind"]) == (before, after, "relative")
        low, high = _wilson(before, after, DAYS, DAYS_LATER)
        _same(row["change_low"], low - 1)
        _same(row["change_high"], high - 1)
        _same(row["change"], after / DAYS_LATER / (before / DAYS) - 1 if before else None)
        _same(row["p_value"], _score(before, after, DAYS, DAYS_LATER))
        ours = ratio_interval(before, after, DAYS, DAYS_LATER)
        assert ours is not None
        assert row["change_low"] == pytest.approx(ours[0] - 1, **EXACT)
        if before:
            assert row["change_high"] == pytest.approx(ours[1] - 1, **EXACT)
        checked += 1
    assert checked > 90


def test_rates_are_statsmodels_newcombe_and_pooled_test(
    told: tuple[list[Case], dict[tuple[str, str], Row]],
) -> None:
    checked = 0
    for number, case in enumerate(told[0]):
        if min(case.asked) == 0:
            continue
        row = told[1]["inquiry_to_registration", f"c{number}"]
        (whole, whole_later), (part, part_later) = case.asked, case.came
        low, high = confint_proportions_2indep(
            part_later, whole_later, part, whole, method="newcomb", compare="diff"
        )
        _same(row["change_low"], float(low))
        _same(row["change_high"], float(high))
        assert (row["change_low"], row["change_high"]) == pytest.approx(
            rates_interval(part, whole, part_later, whole_later), **EXACT
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it divides by 0 where all or none came
            _, p = proportions_ztest([part_later, part], [whole_later, whole])
        _same(row["p_value"], float(p))
        _same(row["change"], part_later / whole_later - part / whole)
        checked += 1
    assert checked > 80


def test_a_cost_moves_against_registrations_a_won(
    told: tuple[list[Case], dict[tuple[str, str], Row]],
) -> None:
    checked = 0
    for number, case in enumerate(told[0]):
        row = told[1].get(("cac", f"c{number}"))
        (came, came_later), (spent, spent_later) = case.came, case.spent
        if row is None or min(spent, spent_later) == 0 or min(came, came_later) == 0:
            continue
        low, high = _wilson(came, came_later, spent, spent_later)
        _same(row["change_low"], 1 / high - 1)
        _same(row["change_high"], 1 / low - 1)
        _same(row["change"], spent_later / came_later / (spent / came) - 1)
        _same(row["p_value"], _score(came, came_later, spent, spent_later))
        checked += 1
    assert checked > 60


def test_means_and_daily_sums_are_scipys_welch(told: tuple[list[Case], dict[tuple[str, str], Row]]) -> None:
    checked = 0
    for number, case in enumerate(told[0]):
        for metric, samples, days in (
            ("satisfaction", case.measured, 1),
            ("revenue", tuple(one + [0] * (n - len(one)) for one, n in zip(case.earned, (DAYS, DAYS_LATER), strict=True)), DAYS_LATER),
        ):  # fmt: skip
            row = told[1].get((metric, f"c{number}"))
            before, after = samples
            if row is None or not before or not after:
                continue
            if min(len(before), len(after)) < 3 or len({*before}) == len({*after}) == 1:
                assert (row["change_low"], row["change_high"], row["p_value"]) == (None, None, None)
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # one period may be all alike
                found = stats.ttest_ind(after, before, equal_var=False)
            ends = found.confidence_interval(0.95)
            scale = 1.0 if metric == "satisfaction" else sum(before) / DAYS * DAYS_LATER
            if scale == 0:
                assert row["change_low"] is None
                continue
            _same(row["change_low"], ends.low * days / scale)
            _same(row["change_high"], ends.high * days / scale)
            _same(row["p_value"], float(found.pvalue))
            if metric == "satisfaction":
                assert (ends.low, ends.high) == pytest.approx(means_interval(before, after), **EXACT)
            checked += 1
    assert checked > 100


# Periods, records, seasons


def came(lead: str, day: str, **fields: Any) -> list[Event]:
    """Somebody who asks at nine and registers at ten."""
    return [given.status("inquiry", lead, f"{day} 09:00", **fields), given.status("registration", lead, f"{day} 10:00", **fields)]  # fmt: skip


def measured(metric: str, day: str, value: float, until: str | None = None, **fields: Any) -> Event:
    """A measure_recorded of a day or more."""
    return given.happened(
        "measure_recorded", f"{until or day} 18:00", f"{metric}/{day}", metric=metric, value=value,
        period_start=day, period_end=until or day, **fields,
    )  # fmt: skip


def history(site: str, catalog: Sequence[Entry], events: Sequence[Event]) -> tuple[list[Entry], list[Event]]:
    """The same of another site."""
    entries = [{**one, "site": site, "id": site if one["kind"] == "site" else one["id"]} for one in catalog]
    return entries, [{**one, "site": site} for one in events]


def published(client: Client, run: str, site: str, catalog: Sequence[Entry], events: Sequence[Event]) -> None:
    """A history of one site -> rows and archive."""
    entries, said = history(site, catalog, events)
    publish(client, run, entries, said)
    archive(client, said)


def test_what_was_never_recorded_is_no_zero_and_seasons_stand_beside_only_where_recorded(
    engine: Client,
) -> None:
    events = [
        *came("L1", "2026-01-02"), *came("L2", "2026-01-20"), *came("L3", "2026-03-03"), *came("L4", "2026-03-04"),
        given.call("c1", "2026-03-04 11:00"),
    ]  # fmt: skip
    published(engine, "records", "records", [LINE], events)
    rows = compared(engine, "records", "records")
    assert (rows["registrations", ""]["before"], rows["registrations", ""]["after"]) == (2, 2)
    assert rows["registrations", ""]["change"] == pytest.approx(31 / 20 - 1)
    # calls are recorded since March alone
    assert (rows["calls", ""]["before"], rows["calls", ""]["after"], rows["calls", ""]["change"]) == (None, 1, None)  # fmt: skip
    assert {row["season"] for row in rows.values()} == {0}
    # before the record begins, nothing is compared
    early = compared(engine, "records", "records", (date(2025, 11, 1), date(2025, 11, 30)))
    assert {row["before"] for row in early.values()} == {None}
    year = [*events, *came("L5", "2025-01-03"), *came("L6", "2025-03-05"), *came("L7", "2025-03-07")]
    published(engine, "years", "years", [], year)
    (row,) = (row for (metric, channel), row in compared(engine, "years", "years").items() if (metric, channel) == ("registrations", ""))  # fmt: skip
    assert (row["season"], row["year_before"], row["year_after"]) == (1, 1, 2)
    assert row["year_change"] == pytest.approx(2 / 20 / (1 / 31) - 1)


def test_a_withdrawn_measure_and_one_over_the_edge_do_not_count_and_a_branch_is_itself(
    engine: Client,
) -> None:
    wrong = measured("satisfaction", "2026-01-05", 1.0)
    events = [
        wrong, given.withdrawn(wrong, "2026-01-06 09:00"),
        measured("satisfaction", "2026-01-07", 4.0, branch="a"), measured("satisfaction", "2026-01-08", 3.0, branch="b"),
        measured("satisfaction", "2026-01-30", 1.0, "2026-02-02", branch="a"),  # reaches out of the period
        measured("satisfaction", "2026-03-05", 4.4, branch="a"),
        measured("visits", "2026-03-05", 77.0),  # the name of something that is counted
    ]  # fmt: skip
    published(engine, "edges", "edges", [], events)
    everywhere, here = (compared(engine, "edges", "edges", branches=one) for one in ([], ["a"]))
    assert (everywhere["satisfaction", ""]["before"], everywhere["satisfaction", ""]["before_base"]) == (3.5, 2)  # fmt: skip
    assert (here["satisfaction", ""]["before"], here["satisfaction", ""]["after"]) == (4.0, 4.4)
    assert here["satisfaction", ""]["change_relative"] == pytest.approx(0.1)
    assert ("visits", "") not in everywhere


def test_a_caller_who_calls_five_times_is_one_of_the_callers(engine: Client) -> None:
    events = [given.call(f"a{n}", f"2026-01-0{n} 11:00", phone=ONE) for n in range(1, 6)]
    events += [given.call("b1", "2026-01-09 11:00", phone=OTHER, outcome="abandoned")]
    events += [given.status("registration", "L1", "2026-01-10 09:00", phone=OTHER)]
    published(engine, "caller-rates", "caller-rates", [LINE], events)
    rows = compared(engine, "caller-rates", "caller-rates")
    rate = rows["call_conversion_rate", ""]
    assert (rate["before_value"], rate["before_base"], rate["before"]) == (1, 2, 0.5)
    assert rows["abandonment_rate", ""]["before"] == pytest.approx(1 / 6)
    assert rows["first_time_caller_share", ""]["before"] == pytest.approx(2 / 6)


# Goals


WINDOWS: Final = {
    "baseline_from": "2026-01-01", "baseline_to": "2026-01-31", "judged_from": "2026-03-01", "judged_to": "2026-03-31",
}  # fmt: skip


def goal(id: str, metric: str, change: float, **fields: Any) -> Entry:
    """A goal of an index, set in February unless said."""
    at = fields.pop("at", "2026-02-10 09:00")
    return given.defined("goal", id, at, metric=metric, change=change, **{**WINDOWS, **fields})


def test_goals_are_judged_when_their_days_are_over_and_only_when_set_beforehand(engine: Client) -> None:
    catalog = [
        goal("ten", "satisfaction", 0.1, change_kind="relative", name={"ko": "만족도 10%", "en": "Satisfaction +10%"}),
        goal("eleven", "satisfaction", 0.11), goal("points", "satisfaction", 0.3, change_kind="absolute"),
        goal("fewer", "complaints", -0.5), goal("less_fewer", "complaints", -0.6),
        goal("late", "satisfaction", 0.1, at="2026-03-01 00:00"), goal("eve", "satisfaction", 0.1, at="2026-02-28 23:59"),
        goal("ghost", "nobody_measures", 0.1), goal("endless", "satisfaction", 0.1, judged_to=None),
        goal("channelled", "reviews", 0.5, channel="naver_place"), goal("undated", "satisfaction", 0.1, **dict.fromkeys(WINDOWS)),
        goal("more", "registrations", 1.0), goal("three_more", "registrations", 2.0, change_kind="absolute"),
        given.defined("goal", "no_index", stage="inquiry", value=1_000),
    ]  # fmt: skip
    events = [
        measured("satisfaction", "2026-01-10", 3.0), measured("satisfaction", "2026-03-10", 3.3),
        measured("complaints", "2026-01-10", 8.0), measured("complaints", "2026-03-10", 4.0),
        measured("reviews", "2026-01-10", 2.0, channel="naver_place"), measured("reviews", "2026-03-10", 3.0, channel="naver_place"),
        measured("reviews", "2026-01-11", 9.0, channel="google"),
        *came("L1", "2026-01-02"), *came("L2", "2026-03-05"), *came("L3", "2026-03-06"),
    ]  # fmt: skip
    catalog = [{name: value for name, value in one.items() if value is not None} for one in catalog]
    published(engine, "goals", "goals", catalog, events)
    found = {row["goal"]: row for row in asked(engine, "goal_verdicts", "goals", "goals")}
    assert {name: row["verdict"] for name, row in found.items()} == {
        "ten": "reached", "eleven": "missed", "points": "reached", "fewer": "reached", "less_fewer": "missed",
        "late": "set_afterwards", "eve": "reached", "ghost": "not_measured", "endless": "open", "channelled": "reached",
        "undated": "not_measured", "more": "reached", "three_more": "missed",
    }  # fmt: skip
    assert found["ten"]["change"] == pytest.approx(0.1)
    assert (found["ten"]["name_ko"], found["ten"]["name_en"]) == ("만족도 10%", "Satisfaction +10%")
    assert (found["late"]["is_reached"], found["late"]["set_beforehand"]) == (1, 0)
    assert found["more"]["by_chance"] == 1  # one, then two
    assert found["three_more"]["change"] == 1
    early = {row["goal"]: row["verdict"] for row in asked(engine, "goal_verdicts", "goals", "goals", "2026-03-30")}  # fmt: skip
    assert {early[name] for name in ("ten", "eleven", "late", "more")} == {"open"}
    assert asked(engine, "goal_verdicts", "goals", "nobody") == []


# Tools


def tool(id: str, **fields: Any) -> Entry:
    """A tool adopted in February."""
    at = fields.pop("at", "2026-02-01 09:00")
    return given.defined("tool", id, at, adopted_on="2026-02-01", **{**WINDOWS, **fields})


def costs(id: str, scale: int = 1) -> list[Event]:
    """Two million won of a tool: licence 1,000,000, upkeep 300,000, training 200,000, and 20 hours at 25,000."""
    return [
        given.spend(None, 1_000_000 * scale, "2026-02-01", "2026-03-31", kind="tool", campaign=id, spend_id=f"{id}/licence"),
        given.spend(None, 300_000 * scale, "2026-02-01", "2026-03-31", kind="upkeep", campaign=id, spend_id=f"{id}/upkeep"),
        given.spend(None, 200_000 * scale, "2026-01-25", "2026-01-26", kind="training", campaign=id, spend_id=f"{id}/training"),
        given.spend(None, None, "2026-02-02", "2026-02-03", kind="training", campaign=id, hours=12.0 * scale, spend_id=f"{id}/hours"),
        given.spend("phone", None, "2026-02-02", "2026-02-03", kind="staff", campaign=id, hours=8.0 * scale, spend_id=f"{id}/staff"),
    ]  # fmt: skip


def tools() -> tuple[list[Entry], list[Event]]:
    """A site with tools of every verdict; ten registrations in January, sixteen in March; 40 hours a month, then 25."""
    hours = {"metric": "hours", "unit_value": -20_000}
    more = {"metric": "registrations", "unit_value": 500_000}
    catalog = [
        given.site(staff_hourly_rate=25_000),
        tool("bot", name={"ko": "챗봇", "en": "Chatbot"}, gains=[more], savings=[hours]),
        tool("good", gains=[{**more, "unit_value": 1_000_000}]), tool("best", gains=[{**more, "unit_value": 1_333_334}]),
        tool("free", gains=[more]), tool("mood"), tool("blind", gains=[{"metric": "nobody_measures", "unit_value": 5}]),
        tool("late", gains=[more], judged_to="2026-12-31"), tool("few", gains=[{"metric": "referrals", "unit_value": 9_000_000}]),
        goal("happy", "satisfaction", 0.1, tool="bot"), goal("quick", "hours", -0.5, tool="bot"),
    ]  # fmt: skip
    events = [
        *(one for n in range(10) for one in came(f"A{n}", f"2026-01-{n + 2:02}")),
        *(one for n in range(16) for one in came(f"B{n}", f"2026-03-{n + 2:02}")),
        measured("hours", "2026-01-01", 40.0, "2026-01-31"), measured("hours", "2026-03-01", 25.0, "2026-03-31"),
        measured("satisfaction", "2026-01-15", 4.0), measured("satisfaction", "2026-03-15", 4.4),
        *(one for id in ("bot", "good", "best", "mood", "blind", "late", "few") for one in costs(id)),
        given.spend(None, 900_000, "2026-04-01", "2026-04-30", kind="tool", campaign="bot", spend_id="bot/later"),
        given.spend("phone", 900_000, "2026-03-01", "2026-03-31", kind="media", campaign="bot", spend_id="bot/media"),
        given.referred("A1", "A0", "2026-01-05 09:00"), given.referred("B1", "A0", "2026-03-05 09:00"),
    ]  # fmt: skip
    return catalog, events


def test_a_tools_cost_gain_saving_and_verdict(engine: Client) -> None:
    catalog, events = tools()
    published(engine, "tools", "tools", catalog, events)
    found = {row["tool"]: row for row in asked(engine, "tool_roi", "tools", "tools")}
    bot = found["bot"]
    assert (bot["licence"], bot["upkeep"], bot["training"], bot["staff_time"]) == (1_000_000, 300_000, 200_000, 500_000)  # fmt: skip
    # (6 × 500,000 + 15 × 20,000 − 2,000,000) ÷ 2,000,000
    assert (bot["cost"], bot["gain"], bot["saving"], bot["roi"]) == (2_000_000, 3_000_000, 300_000, 0.65)
    assert (bot["goals"], bot["goals_reached"], bot["goals_missed"]) == (2, 1, 1)
    assert (bot["name_ko"], bot["name_en"]) == ("챗봇", "Chatbot")
    assert bot["roi_low"] is None  # hours were measured once a period: no interval of their saving
    assert {name: row["verdict"] for name, row in found.items()} == {
        "bot": "stop", "good": "improve", "best": "expand", "free": "no_cost", "mood": "no_value",
        "blind": "not_measured", "late": "open", "few": "stop",
    }  # fmt: skip
    assert found["good"]["roi"] == 2
    low, high = (end - 1 for end in _wilson(10, 16, 31, 31))
    assert (found["good"]["roi_low"], found["good"]["roi_high"]) == pytest.approx(
        ((low * 10_000_000 - 2_000_000) / 2_000_000, (high * 10_000_000 - 2_000_000) / 2_000_000), **EXACT
    )
    assert found["blind"]["unmeasured"] == 1
    changes = asked(engine, "tool_changes", "tools", "tools")
    worth = {(row["tool"], row["item"], row["metric"]): row for row in changes}
    assert worth["bot", "gain", "registrations"]["extra"] == 6
    assert worth["bot", "saving", "hours"]["worth"] == 300_000
    beside = worth["mood", "index", "satisfaction"]
    assert (beside["before"], beside["after"], beside["worth"]) == (4.0, 4.4, None)


def test_of_too_little_nothing_is_said_unless_much_was_spent(engine: Client) -> None:
    catalog = [tool("dear", gains=[{"metric": "referrals", "unit_value": 1}]), tool("cheap", gains=[{"metric": "referrals", "unit_value": 1}])]  # fmt: skip
    events = [
        *(one for n in range(4) for one in came(f"L{n}", f"2026-03-{n + 2:02}")), *came("L9", "2026-01-02"),
        given.spend("phone", 400_000, "2026-03-01", "2026-03-31", kind="media"),  # a registration costs 100,000
        given.referred("L9", "L0", "2026-01-05 09:00"), given.referred("L1", "L0", "2026-03-05 09:00"),
        given.spend(None, 299_999, "2026-03-01", "2026-03-31", kind="tool", campaign="cheap"),
        given.spend(None, 300_000, "2026-03-01", "2026-03-31", kind="upkeep", campaign="dear"),
    ]  # fmt: skip
    published(engine, "little", "little", catalog, events)
    found = {row["tool"]: row["verdict"] for row in asked(engine, "tool_roi", "little", "little")}
    assert found == {"cheap": "too_little_data", "dear": "stop"}


def test_goals_and_tools_are_a_function_of_the_set_of_events(engine: Client) -> None:
    catalog, events = tools()
    turned = [*events, *events[:9]]
    random.Random(5).shuffle(turned)
    entries, said = history("tools", catalog, turned)
    publish(engine, "tools-again", entries, said)
    once, again = (
        sorted(map(str, asked(engine, "tool_roi", run, "tools"))) for run in ("tools", "tools-again")
    )
    assert once == again
    before_after = compared(engine, "tools", "tools")
    assert before_after == compared(engine, "tools-again", "tools")
    assert len(before_after) > 10


def test_a_goal_without_days_has_its_tools_and_a_tool_without_days_those_around_its_adoption(
    engine: Client,
) -> None:
    catalog = [
        given.defined("tool", "plain", "2026-02-01 09:00", adopted_on="2026-02-15", judged_to="2026-03-16"),
        given.defined("goal", "of_it", "2026-02-01 09:00", metric="satisfaction", change=0.1, tool="plain"),
    ]
    events = [measured("satisfaction", "2026-01-20", 4.0), measured("satisfaction", "2026-03-01", 4.5)]
    published(engine, "plain", "plain", catalog, events)
    (row,) = asked(engine, "goal_verdicts", "plain", "plain")
    days = [row[name] for name in ("baseline_from", "baseline_to", "judged_from", "judged_to")]
    assert days == [date(2026, 1, 16), date(2026, 2, 14), date(2026, 2, 15), date(2026, 3, 16)]
    assert (row["verdict"], row["change"]) == ("reached", 0.125)

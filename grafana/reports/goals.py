"""A campaign's goal in words: what was wanted, what was reached, whether that was enough."""

from collections.abc import Mapping
from typing import Any, Final

from grafana.panel import Unit
from grafana.reports import parts
from grafana.reports.report import Name, Piece, Section, Table
from grafana.reports.telling import Telling
from grafana.words import STAGES, Text

METRICS: Final = {
    "visit": Text("방문", "Visits"),
    "scan": Text("QR 스캔", "QR scans"),
    "call": Text("전화", "Calls"),
    "revenue": Text("매출", "Revenue"),
    **{stage: word.text for stage, word in STAGES.items()},
}
_REACHED: Final = {
    "inquiry": "inquiries",
    "consult": "consults",
    "registration": "registrations",
    "visit": "visits",
    "scan": "scans",
    "call": "calls",
    "revenue": "revenue",
}


def name_of(row: Mapping[str, Any]) -> Name:
    """A campaign by its name, else its slug."""
    return Name(str(row["name"] or row["campaign"]))


def unit_of(row: Mapping[str, Any]) -> Unit:
    """The unit of a campaign's goal."""
    return "currencyKRW" if row["goal_metric"] == "revenue" else "short"


def metric_of(tell: Telling, row: Mapping[str, Any]) -> Piece:
    """What a goal counts; a measure of the business by its slug."""
    metric = str(row["goal_metric"])
    return tell.say(METRICS[metric]) if metric in METRICS else Name(metric)


def goal_of(tell: Telling, row: Mapping[str, Any], source: str) -> tuple[Piece, ...]:
    """A goal: what, and how many."""
    if not row["goal_metric"] or row["goal_count"] is None:
        return (tell.say(Text("목표 없음", "no goal")),)
    return (metric_of(tell, row), " ", tell.number(row["goal_count"], unit_of(row), source))


def reached_of(row: Mapping[str, Any]) -> float | None:
    """What was reached of the goal inside the window; None where a measure decides it or there is no goal."""
    column = _REACHED.get(str(row["goal_metric"]))
    return float(row[column]) if column else None


def campaigns(tell: Telling) -> list[Section]:
    """The campaigns that touch the period, with their budget, goal and results; nothing where there are none."""
    rows = tell.rows("campaigns")
    if not rows:
        return []
    heads = tell.heads(
        (Text("캠페인", "Campaign"), False, 2.2), (Text("기간", "Days"), False, 2.4), (Text("예산", "Budget"), True, 1.5),
        (Text("쓴 돈", "Spent"), True, 1.5), (Text("목표", "Goal"), False, 1.5), (Text("이룬 것", "Reached"), True, 1.1),
        (Text("문의", "Inquiries"), True, 1.0), (Text("등록", "Registered"), True, 1.1),
    )  # fmt: skip
    lines = [
        (
            tell.cell(name_of(row)),
            tell.cell(tell.days(row["starts_on"] or "", row["ends_on"] or "")),
            tell.figure(tell.won(row["budget"] or None, "campaigns")),
            tell.figure(tell.won(row["spent"] or None, "campaigns", parts.NO_SPEND)),
            tell.cell(goal_of(tell, row, "campaigns")),
            tell.figure(tell.number(reached_of(row), unit_of(row), "campaigns")),
            tell.figure(tell.count(row["inquiries"], "campaigns")),
            tell.figure(tell.count(row["registrations"], "campaigns")),
        )
        for row in rows
    ]
    note = Text("결과는 캠페인 기간 전체의 것이며, 쓴 돈은 이 기간의 끝까지입니다.", "Results are those of the campaign's whole window; spend is up to the end of this period.")  # fmt: skip
    title = tell.say(Text("캠페인", "Campaigns"))
    return [Section(title, (Table(title, heads, tuple(lines), tell.say(note)),))]

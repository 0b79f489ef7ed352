"""The questions of a report, asked of ClickHouse as a reader -> its figures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from grafana.reports import KINDS
from grafana.reports.questions import THERE_IS
from grafana.reports.report import Figures, Kind
from infra.reports.periods import Asked
from infra.reports.working import worked_out

_READ_CAMPAIGNS: Final = (
    "SELECT campaign, channel, starts_on, ends_on, goal_metric FROM headwater.campaigns"
    " WHERE run = 'live' AND site = {site:String} ORDER BY campaign"
)
_READ_JUDGED: Final = {
    kind: f"SELECT {kind} AS id, baseline_from, baseline_to, judged_from, judged_to FROM headwater.{view}"
    "(sites = [{site:String}], as_of = {today:Date}, run = 'live', model = 'last') ORDER BY id"
    for kind, view in (("tool", "tool_roi"), ("goal", "goal_verdicts"))
}
_READ_SITES: Final = "SELECT toString(site), time_zone FROM headwater.sites WHERE run = 'live' ORDER BY site"


class NothingRecorded(Exception):
    """There is nothing to report: not one figure lies in the period."""


def ask(client: Any, asked: Asked, elasticity: float) -> Figures:
    """A reader of ClickHouse -> the figures of a report; raises NothingRecorded where its period is empty."""
    kind = KINDS[asked.kind]
    recorded = _rows(client, kind, "recorded", asked.parameters)
    if not recorded or not recorded[0]["recorded"]:
        if asked.kind != "campaign":
            first, last = asked.parameters["since"], asked.parameters["until"]
            raise NothingRecorded(f"nothing was recorded at site {asked.site!r} from {first} to {last}")
        if not recorded:
            raise NothingRecorded(f"nothing was recorded at site {asked.site!r} yet")
    answers = {"recorded": recorded}
    there_is: set[str] = set()
    for question in kind.questions:
        if question.slug == "recorded" or (question.given and there_is.isdisjoint(question.given)):
            continue
        answers[question.slug] = _rows(client, kind, question.slug, asked.parameters)
        if question is THERE_IS:
            there_is = {str(row["what"]) for row in answers[question.slug]}
    figures = Figures(
        asked.kind, asked.site, asked.period, {**asked.parameters, "elasticity": elasticity}, answers
    )
    return replace(figures, worked=worked_out(figures))


def campaigns_of(client: Any, site: str) -> list[dict[str, Any]]:
    """A reader of ClickHouse -> the campaigns of a site, as the catalog has them."""
    found = client.query(_READ_CAMPAIGNS, parameters={"site": site})
    return [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]


def judged_of_kind(client: Any, site: str, kind: str, today: date) -> dict[str, dict[str, Any]]:
    """A reader of ClickHouse -> the days of every tool, or of every goal of an index, by its id."""
    found = client.query(_READ_JUDGED[kind], parameters={"site": site, "today": today.isoformat()})
    rows = [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]
    return {str(row["id"]): row for row in rows}


def sites_of(client: Any) -> dict[str, str]:
    """A reader of ClickHouse -> sites that have figures, each with its time zone."""
    return {str(site): str(zone) for site, zone in client.query(_READ_SITES).result_rows}


def _rows(client: Any, kind: Kind, slug: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    question = kind.question(slug)
    found = client.query(question.sql, parameters={name: parameters[name] for name in question.parameters()})
    names = found.column_names
    return [{name: _kept(value) for name, value in zip(names, row, strict=True)} for row in found.result_rows]


def _kept(value: Any) -> Any:
    """A value as it is kept: days and instants as text, numbers as they are."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [_kept(one) for one in value]
    return value

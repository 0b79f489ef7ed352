"""Previews of the dashboards: every panel's SQL asked of ClickHouse as a reader, written as pages that open offline."""

from collections.abc import Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.exceptions import ClickHouseError

from grafana.boards import BOARDS
from grafana.macros import Chosen, Span, expand
from grafana.page import Answer, Frame, Shown, page
from grafana.panel import Board, Panel, Variable
from grafana.words import LANGUAGES, Language, Text
from infra.whole_files import whole

_READ_SITES: Final = "SELECT DISTINCT site FROM headwater.events ORDER BY site LIMIT 101"
_READ_LAST_DAY: Final = (
    "SELECT max(day), count() FROM headwater.channel_funnel_daily"
    " WHERE run = {run:String} AND site = {site:String} AND model = 'last'"
)
_ALL: Final = Text("전체", "all")


class PreviewRefused(Exception):
    """Why there is nothing to preview, in words for people."""


class Wanted(NamedTuple):
    """What previews are of; no period means the ninety days up to the site's last one."""

    site: str = ""
    since: date | None = None
    until: date | None = None
    languages: tuple[Language, ...] = LANGUAGES
    zone: str = "Asia/Seoul"
    choices: Mapping[str, str] = {}


class Written(NamedTuple):
    """The pages, and the panels that could not be answered with the reason."""

    pages: list[Path]
    failed: dict[str, str]


def span_of(since: date, until: date, zone: str) -> Span:
    """Inclusive local days -> the period as Grafana's time picker gives it."""
    local = ZoneInfo(zone)
    return Span(datetime.combine(since, time(), local), datetime.combine(until, time(23, 59, 59), local))


def choose(client: Any, board: Board, span: Span, given: Mapping[str, str]) -> dict[str, Chosen]:
    """A board's variables -> what is chosen: as given, else All, the default, or the first there is."""
    chosen = {name: Chosen((value,)) for name, value in given.items()}
    for variable in board.variables:
        if variable.name not in chosen:
            chosen[variable.name] = _first(client, variable, span, chosen)
    return chosen


def _first(client: Any, variable: Variable, span: Span, chosen: Mapping[str, Chosen]) -> Chosen:
    if not variable.sql:
        return Chosen((variable.default,))
    found = [str(row[0]) for row in client.query(expand(variable.sql, span, chosen)).result_rows]
    if variable.several:
        return Chosen(tuple(found), everything=True)
    return Chosen((variable.default if variable.default in found or not found else found[0],))


Asked = tuple[str, str]  # the SQL of a panel and of its edges, expanded


def answer(
    client: Any,
    panel: Panel,
    span: Span,
    chosen: Mapping[str, Chosen],
    known: MutableMapping[Asked, Answer] | None = None,
) -> Answer:
    """A panel -> its frames as ClickHouse answers; a failure is part of the answer.

    What is `known` is not asked again: most panels ask the same in every language.
    """
    asked = (expand(panel.sql, span, chosen), expand(panel.edges, span, chosen) if panel.edges else "")
    if known is not None and asked in known:
        return known[asked]
    try:
        frame = _frame(client, asked[0], panel)
        edges = _frame(client, asked[1], panel) if panel.edges else Frame((), ())
    except ClickHouseError as failed:
        return Answer(failed=str(failed).partition("\n")[0][:300])
    found = Answer(frame, edges)
    if known is not None:
        known[asked] = found
    return found


def marks_of(
    client: Any, board: Board, span: Span, chosen: Mapping[str, Chosen]
) -> list[tuple[datetime, str]]:
    """A board -> what happened when, for the axis of time."""
    asked = [expand(mark.sql, span, chosen) for mark in board.marks]
    return [(row[0], str(row[1])) for sql in asked for row in client.query(sql).result_rows]


def _frame(client: Any, sql: str, panel: Panel) -> Frame:
    found = client.query(sql)
    names = tuple(found.column_names) or tuple(column.name for column in panel.columns)
    return Frame(names, found.result_rows)


def write_previews(
    client: Any,
    out: Path,
    wanted: Wanted,
    made_at: datetime,
    boards: Mapping[str, Board] = BOARDS,
    at_once: int = 1,
) -> Written:
    """A reader of ClickHouse -> `out/LANGUAGE/BOARD.html` of every board, each written whole or not at all.

    Of a server several panels may be asked `at_once`, as a dashboard does; an engine in this process answers one.
    """
    site = wanted.site or _only_site(client)
    since, until = _period(client, site, wanted)
    span = span_of(since, until, wanted.zone)
    written = Written([], {})
    known: dict[Asked, Answer] = {}
    for language in wanted.languages:
        given = {"site": site, "run": "live", "zone": wanted.zone, "language": language, **wanted.choices}
        for board in boards.values():
            chosen = choose(client, board, span, given)
            panels = list(board.panels())
            with ThreadPoolExecutor(at_once) as pool:
                found = pool.map(lambda panel: answer(client, panel, span, chosen, known), panels)  # noqa: B023 - heard here
                answers = {panel.slug: one for panel, one in zip(panels, found, strict=True)}
            shown = Shown(
                site, since.isoformat(), until.isoformat(), wanted.zone, _told(board, chosen, language),
                made_at.astimezone(ZoneInfo(wanted.zone)).strftime("%Y-%m-%d %H:%M"), wanted.languages,
                marks_of(client, board, span, chosen),
            )  # fmt: skip
            path = out / language / f"{board.slug}.html"
            with whole(path) as draft:
                draft.write_text(page(board, language, answers, shown, boards), encoding="utf-8")
            written.pages.append(path)
            written.failed.update(
                {f"{board.slug}/{slug}": one.failed for slug, one in answers.items() if one.failed}
            )
    return written


def _only_site(client: Any) -> str:
    sites = [site for (site,) in client.query(_READ_SITES).result_rows]
    if len(sites) == 1:
        return str(sites[0])
    if not sites:
        raise PreviewRefused("no events yet, so there is no site to show")
    raise PreviewRefused(f"which site? --site one of: {', '.join(map(str, sites[:20]))}")


def _period(client: Any, site: str, wanted: Wanted) -> tuple[date, date]:
    until = wanted.until
    if until is None:
        parameters = {"site": site, "run": wanted.choices.get("run", "live")}
        (last, count) = client.query(_READ_LAST_DAY, parameters=parameters).result_rows[0]
        if not count:
            raise PreviewRefused(f"site {site!r} has no figures yet; `headwater wait` waits for the worker")
        until = last
    since = wanted.since or until - timedelta(days=89)
    if since > until:
        raise PreviewRefused(f"the period begins on {since}, after its end {until}")
    return since, until


def _told(board: Board, chosen: Mapping[str, Chosen], language: Language) -> dict[str, str]:
    told = {}
    for variable in board.variables:
        one = chosen[variable.name]
        if variable.name == "site" or one.values == ("",):
            continue
        told[variable.label.said_in(language)] = (
            _ALL.said_in(language) if one.everything else ", ".join(_words(one.values, variable, language))
        )
    return told


def _words(values: Iterable[str], variable: Variable, language: Language) -> list[str]:
    return [
        variable.choices[value].text.said_in(language) if value in variable.choices else value
        for value in values
    ]

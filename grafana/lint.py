"""What every dashboard must have, checked on its JSON: names, units, links, and variables that cannot break out."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from grafana.board_json import DATA_SOURCE, SCHEMA_VERSION, TAG

Json = Mapping[str, Any]

MACROS: Final = frozenset({
    "fromTime", "toTime", "fromTime_ms", "toTime_ms", "timeFilter", "timeFilter_ms", "dateFilter", "interval_s", "timeInterval",
    "conditionalAll",
})  # fmt: skip
_UID: Final = re.compile(r"[a-z0-9-]{1,40}")
_DOLLAR: Final = re.compile(r"\$__(?P<macro>\w+)|\$\{(?P<braced>[^}]*)\}|\$(?P<bare>\w+)|\$")
_CONDITION: Final = re.compile(r"\$__conditionalAll\((?:[^()]|\([^()]*\))*, \$(\w+)\)")
_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+([A-Za-z_][\w.]*)", re.IGNORECASE)


def problems(dashboard: Json, views: Collection[str], uids: Collection[str]) -> list[str]:
    """A dashboard, the public views and every dashboard's uid -> what is wrong with it, in words."""
    return [*_whole(dashboard), *_places(dashboard), *_panels(dashboard, uids), *_queries(dashboard, views)]


def _whole(dashboard: Json) -> Iterator[str]:
    if not _UID.fullmatch(dashboard["uid"]):
        yield f"uid {dashboard['uid']!r} is not made of at most 40 small letters, digits and dashes"
    for name in ("title", "description", "timezone"):
        if not dashboard.get(name):
            yield f"no {name}"
    if "id" in dashboard or "version" in dashboard:
        yield "id and version are Grafana's own"
    if TAG not in dashboard["tags"]:
        yield f"no tag {TAG}: nobody would know it for ours"
    if dashboard["schemaVersion"] != SCHEMA_VERSION or dashboard["editable"]:
        yield "another schema version, or editable"
    if not any(link["keepTime"] and link["includeVars"] for link in dashboard["links"]):
        yield "no menu that keeps period and variables"
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    if len(set(names)) != len(names):
        yield "a variable twice"
    for variable in dashboard["templating"]["list"]:
        if variable["hide"] != 2 and not variable.get("label"):
            yield f"variable {variable['name']}: no label"


def _places(dashboard: Json) -> Iterator[str]:
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield "a panel id twice"
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        if at["x"] < 0 or at["x"] + at["w"] > 24:
            yield f"{panel['title']}: reaches out of the grid"
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                if (x, y) in taken:
                    yield f"{panel['title']}: lies over {taken[x, y]}"
                    return
                taken[x, y] = panel["title"]


def _panels(dashboard: Json, uids: Collection[str]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        name = panel["title"] or f"panel {panel['id']}"
        if not panel["title"] or not panel["description"]:
            yield f"{name}: no title or no description"
        if panel["datasource"] != DATA_SOURCE:
            yield f"{name}: another data source"
        defaults = panel["fieldConfig"]["defaults"]
        if not defaults.get("unit") or not defaults.get("noValue"):
            yield f"{name}: no unit, or no word for no data"
        if not panel["links"]:
            yield f"{name}: no next question"
        for url in _urls(panel):
            led_to = re.match(r"/d/([a-z0-9-]+)\?", url)
            if led_to is None or led_to[1] not in uids:
                yield f"{name}: {url} leads nowhere"
            if "${__url_time_range}" not in url:
                yield f"{name}: {url} forgets the period"
            if re.search(r"\$\{__data\.fields\.\w+(:(?!percentencode)\w+)?\}", url):
                yield f"{name}: {url} has a value that is not encoded"


def _urls(panel: Json) -> Iterator[str]:
    for link in panel["links"]:
        yield link["url"]
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            if one["id"] == "links":
                yield from (link["url"] for link in one["value"])


def queries(dashboard: Json) -> Iterator[tuple[str, str]]:
    """A dashboard -> every query in it, with where it stands."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["rawSql"]
    for mark in dashboard["annotations"]["list"]:
        if not mark.get("builtIn"):
            yield f"marks {mark['name']}", mark["target"]["rawSql"]
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} ({target['refId']})", target["rawSql"]


def _queries(dashboard: Json, views: Collection[str]) -> Iterator[str]:
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    for place, sql in queries(dashboard):
        yield from (f"{place}: {problem}" for problem in sql_problems(sql, known, views))


def sql_problems(sql: str, variables: Collection[str], views: Collection[str]) -> Iterator[str]:
    """A query, the variables there are and the public views -> what could break out of it, or read what is private."""
    conditional = {found.end(1) for found in _CONDITION.finditer(sql)}
    for found in _DOLLAR.finditer(sql):
        macro, braced, bare = found["macro"], found["braced"], found["bare"]
        if macro:
            if macro not in MACROS:
                yield f"there is no macro $__{macro}"
        elif braced is not None:
            name, _, form = braced.partition(":")
            if form != "singlequote":
                yield f"${{{braced}}} is not quoted"
            if name not in variables:
                yield f"there is no variable {name}"
            if "'" in (sql[found.start() - 1 : found.start()], sql[found.end() : found.end() + 1]):
                yield f"${{{braced}}} is quoted twice"
        elif bare is None or found.end() not in conditional or bare not in variables:
            yield f"{found[0]} is interpolated raw"
    if re.search(r"\bSETTINGS\b", sql):
        yield "a reader may not change settings"
    if ";" in sql:
        yield "more than one statement"
    named = {one for one in re.findall(r"\bheadwater\.(\w+)", sql)}
    for private in sorted(named - set(views)):
        yield f"headwater.{private} is no public view"
    for table in _READ.findall(sql):
        if not table.startswith("headwater."):
            yield f"{table} is no public view"

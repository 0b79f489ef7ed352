"""A board as Grafana 11.6 reads it: classic dashboard JSON, one of each language, the same bytes every time."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from grafana.panel import Board, Column, Link, Panel, Row, Step, Variable
from grafana.words import NOTHING, Language, Text, Words

Json = dict[str, Any]

SCHEMA_VERSION: Final = 41
PLUGIN: Final = "grafana-clickhouse-datasource"
PLUGIN_VERSION: Final = "4.20.0"
DATA_SOURCE: Final = {"type": PLUGIN, "uid": "headwater"}
ZONE: Final = "Asia/Seoul"
REPORTS: Final = "http://127.0.0.1:18080/reports"
TAG: Final = "headwater"
_TIME_SERIES, _TABLE = 0, 1
_TYPES: Final = {
    "stat": "stat",
    "table": "table",
    "time": "timeseries",
    "bars": "barchart",
    "matrix": "table",
    "nodes": "nodeGraph",
}
_DECIMALS: Final = {"percentunit": 0, "currencyKRW": 0}
_MENU: Final = Text("다른 화면", "Other dashboards")
_REPORTS: Final = Text("보고서", "Reports")
_ALL: Final = Text("전체", "All")


def uid_of(slug: str, language: Language) -> str:
    """A board's slug and language -> its uid, the same in every Grafana."""
    return f"headwater-{slug}-{language}"


def board_json(board: Board, language: Language, zone: str = ZONE, reports: str = REPORTS) -> Json:
    """A board -> the dashboard. Its days are those of `zone`; `reports` is where the collector shows reports."""
    return {
        "uid": uid_of(board.slug, language),
        "title": board.title.said_in(language),
        "description": board.description.said_in(language),
        "tags": [TAG, f"{TAG}-{language}"],
        "timezone": zone,
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "1m",
        "time": {"from": "now-89d/d", "to": "now/d"},
        "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m", "1h"]},
        "weekStart": "monday",
        "links": [_menu(language), _to_reports(language, reports)],
        "annotations": {"list": [_own_marks(), *_marks(board, language)]},
        "templating": {"list": [*_variables(board, language), *_constants(language, zone)]},
        "panels": [*_panels(board, language)],
    }


def as_bytes(dashboard: Json) -> bytes:
    """A dashboard -> its file."""
    return orjson.dumps(
        dashboard, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    )


def _menu(language: Language) -> Json:
    return {
        "type": "dashboards",
        "title": _MENU.said_in(language),
        "tags": [f"{TAG}-{language}"],
        "asDropdown": True,
        "keepTime": True,
        "includeVars": True,
        "icon": "external link",
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def _to_reports(language: Language, address: str) -> Json:
    return {
        "type": "link",
        "title": _REPORTS.said_in(language),
        "tags": [],
        "asDropdown": False,
        "keepTime": False,
        "includeVars": False,
        "icon": "doc",
        "targetBlank": True,
        "tooltip": "",
        "url": address,
    }


def _own_marks() -> Json:
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "blue",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def _marks(board: Board, language: Language) -> Iterator[Json]:
    for mark in board.marks:
        yield {
            "datasource": DATA_SOURCE,
            "enable": True,
            "hide": False,
            "iconColor": mark.colour,
            "name": mark.title.said_in(language),
            "target": _target(mark.sql, mark.slug, _TABLE),
        }


# Variables


def _variables(board: Board, language: Language) -> Iterator[Json]:
    for variable in board.variables:
        about = {
            "name": variable.name,
            "label": variable.label.said_in(language),
            "hide": 0,
            "skipUrlSync": False,
        }
        if variable.typed:
            current = {"text": variable.default, "value": variable.default}
            yield {**about, "type": "textbox", "query": variable.default, "current": current}
        elif variable.choices and not variable.sql:
            yield {**about, **_chosen_from_list(variable, language)}
        else:
            yield {**about, **_asked_for(variable, language)}


def _chosen_from_list(variable: Variable, language: Language) -> Json:
    named = {value: word.text.said_in(language) for value, word in variable.choices.items()}
    options = [
        {"selected": value == variable.default, "text": text, "value": value} for value, text in named.items()
    ]
    return {
        "type": "custom",
        "query": ",".join(f"{text} : {value}" for value, text in named.items()),
        "options": options,
        "current": next(option for option in options if option["selected"]),
        "multi": False,
        "includeAll": False,
    }


def _asked_for(variable: Variable, language: Language) -> Json:
    current: Json = {}
    if variable.several:
        current = {"selected": True, "text": [_ALL.said_in(language)], "value": ["$__all"]}
    elif variable.default:
        current = {"selected": True, "text": variable.default, "value": variable.default}
    return {
        "type": "query",
        "datasource": DATA_SOURCE,
        "definition": variable.sql,
        "query": query(variable.sql, _TABLE) | {"refId": f"variable-{variable.name}"},
        "refresh": 2,
        "sort": 0,
        "regex": "",
        "options": [],
        "current": current,
        "multi": variable.several,
        "includeAll": variable.several,
    }


def _constants(language: Language, zone: str) -> Iterator[Json]:
    for name, value in (("language", language), ("zone", zone)):
        yield {
            "name": name,
            "type": "constant",
            "query": value,
            "current": {"text": value, "value": value},
            "hide": 2,
            "skipUrlSync": True,
        }


# Panels


def _panels(board: Board, language: Language) -> Iterator[Json]:
    number = top = 0
    for row in board.rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title.said_in(language),
            "collapsed": False,
            "gridPos": {"h": 1, "w": 24, "x": 0, "y": top},
            "panels": [],
        }
        top += 1
        for panel, left, above in placed(row):
            number += 1
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top + above}
            yield {"id": number, "gridPos": place, **_panel(panel, language)}
        top += max(above + panel.height for panel, _, above in placed(row))


def placed(row: Row) -> list[tuple[Panel, int, int]]:
    """A row -> its panels with where each begins: left to right, a full line after the other."""
    found, left, above, deepest = [], 0, 0, 0
    for panel in row.panels:
        if left + panel.width > 24:
            left, above, deepest = 0, above + deepest, 0
        found.append((panel, left, above))
        left, deepest = left + panel.width, max(deepest, panel.height)
    return found


def _panel(panel: Panel, language: Language) -> Json:
    targets = [_target(panel.sql, "A", _TIME_SERIES if panel.kind == "time" else _TABLE)]
    if panel.kind == "nodes":
        targets = [_target(panel.sql, "nodes", _TABLE), _target(panel.edges, "edges", _TABLE)]
    made = {
        "type": _TYPES[panel.kind],
        "title": panel.title.said_in(language),
        "description": panel.description.said_in(language),
        "datasource": DATA_SOURCE,
        "targets": targets,
        "links": [{"title": panel.next.title.said_in(language), "url": _url(panel.next, language)}],
        "options": _options(panel),
        "fieldConfig": {"defaults": _defaults(panel, language), "overrides": [*_overrides(panel, language)]},
    }
    if panel.kind == "matrix":
        row, column, value = (one.name for one in panel.columns)
        made["transformations"] = [
            {
                "id": "groupingToMatrix",
                "options": {
                    "rowField": row,
                    "columnField": column,
                    "valueField": value,
                    "emptyValue": "null",
                },
            }
        ]
    return made


def _target(sql: str, reference: str, form: int) -> Json:
    return {"datasource": DATA_SOURCE, "refId": reference, **query(sql, form)}


def query(sql: str, form: int) -> Json:
    """SQL and the plugin's number of a form (0 time series, 1 table) -> what the ClickHouse plugin is asked."""
    return {
        "editorType": "sql",
        "rawSql": sql.strip(),
        "format": form,
        "queryType": "timeseries" if form == _TIME_SERIES else "table",
        "pluginVersion": PLUGIN_VERSION,
    }


def _url(link: Link, language: Language) -> str:
    url = f"/d/{uid_of(link.board, language)}?${{__url_time_range}}"
    if link.variable:
        others = "&".join(f"${{{name}:queryparam}}" for name in ("site", "run"))
        return f"{url}&{others}&var-{quote(link.variable)}=${{__data.fields.{link.column}:percentencode}}"
    return f"{url}&${{__all_variables}}"


def _defaults(panel: Panel, language: Language) -> Json:
    defaults: Json = {
        "unit": panel.unit,
        "noValue": panel.empty.said_in(language),
        "color": {"mode": "palette-classic"},
        "mappings": [],
        "thresholds": _thresholds(()),
    }
    if panel.unit in _DECIMALS:
        defaults["decimals"] = _DECIMALS[panel.unit]
    if panel.kind == "stat":
        defaults["color"] = {"mode": "thresholds"}
    if panel.kind == "time":
        stacking = {"group": "A", "mode": "normal" if panel.stacked else "none"}
        defaults["custom"] = {"drawStyle": "bars", "fillOpacity": 70, "lineWidth": 1, "stacking": stacking}
        if len(panel.columns) == 3 and panel.columns[1].unit == "string":
            defaults["displayName"] = f"${{__field.labels.{panel.columns[1].name}}}"
    if panel.kind in ("table", "matrix"):
        defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    return defaults


def _options(panel: Panel) -> Json:
    if panel.kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False},
            "textMode": "value_and_name",
            "wideLayout": True,
        }
    if panel.kind == "time":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "bars":
        return {
            "orientation": "horizontal",
            "xField": panel.columns[0].name,
            "showValue": "auto",
            "stacking": "normal" if panel.stacked else "none",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": len(panel.columns) > 2},
            "tooltip": {"mode": "multi", "sort": "none"},
        }
    if panel.kind == "nodes":
        return {"nodes": {}, "edges": {}, "zoomMode": "cooperative"}
    return {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}


def _overrides(panel: Panel, language: Language) -> Iterator[Json]:
    if panel.kind == "matrix":
        yield _override(panel.columns[0], panel, language) | {
            "matcher": {"id": "byRegexp", "options": f"^{panel.columns[0].name}\\\\.*"}
        }
        return
    for column in panel.columns:
        yield _override(column, panel, language)


def _override(column: Column, panel: Panel, language: Language) -> Json:
    properties: list[tuple[str, Any]] = []
    labelled = panel.kind == "time" and len(panel.columns) == 3 and panel.columns[1].unit == "string"
    if panel.kind != "nodes" and not labelled:
        properties.append(("displayName", column.title.said_in(language)))
    properties.append(("unit", column.unit))
    if column.unit in _DECIMALS:
        properties.append(("decimals", _DECIMALS[column.unit]))
    mappings = _mappings(column.words, language)
    if column.empty != NOTHING or panel.kind == "table":
        said = {"match": "null", "result": {"index": len(mappings), "text": column.empty.said_in(language)}}
        mappings.append({"type": "special", "options": said})
    if mappings:
        properties.append(("mappings", mappings))
    if column.steps:
        properties.append(("thresholds", _thresholds(column.steps)))
    if panel.kind == "table":
        properties.extend(_cell(column))
    if column.link:
        link = {"title": column.link.title.said_in(language), "url": _url(column.link, language)}
        properties.append(("links", [link]))
    return {
        "matcher": {"id": "byName", "options": column.name},
        "properties": [{"id": name, "value": value} for name, value in properties],
    }


def _cell(column: Column) -> Iterator[tuple[str, Any]]:
    if column.bar:
        yield "custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    elif column.steps or any(word.colour != "text" for word in column.words.values()):
        yield "custom.cellOptions", {"type": "color-text"}
    if column.steps:
        yield "color", {"mode": "thresholds"}


def _mappings(words: Words, language: Language) -> list[Json]:
    if not words:
        return []
    options = {
        value: {"color": word.colour, "index": number, "text": word.text.said_in(language)}
        for number, (value, word) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


def _thresholds(steps: tuple[Step, ...]) -> Json:
    marks = [
        {"color": step.colour, "value": None if number == 0 else step.value}
        for number, step in enumerate(steps)
    ]
    return {"mode": "absolute", "steps": marks or [{"color": "text", "value": None}]}


def built(boards: Mapping[str, Board], zone: str = ZONE) -> dict[str, bytes]:
    """Boards -> `LANGUAGE/SLUG.json` to its bytes."""
    return {
        f"{language}/{slug}.json": as_bytes(board_json(board, language, zone))
        for language in ("ko", "en")
        for slug, board in boards.items()
    }

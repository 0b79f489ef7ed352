"""A board with its data as one HTML file: real charts, nothing fetched, nothing that runs, any text only text."""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from grafana.charts import Edge, Node, Series, bars_chart, cell_bar, columns_chart, graph_chart, swatch
from grafana.panel import Board, Column, Panel
from grafana.words import Language, Text
from grafana.writing import in_unit, is_number, safe, said, word_for

MOST_ROWS: Final = 200
_TALL: Final = 30
_LONG: Final = 28


class Frame(NamedTuple):
    """The answer to a panel's SQL."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Answer(NamedTuple):
    """What a panel shows: its frame, the edges of a graph, or why there is none."""

    frame: Frame = Frame((), ())
    edges: Frame = Frame((), ())
    failed: str = ""


class Shown(NamedTuple):
    """What a page was asked for: the site, the period, and each variable as it is told to people."""

    site: str
    since: str
    until: str
    zone: str
    chosen: Mapping[str, str]
    made_at: str
    languages: Sequence[Language]
    marks: Sequence[tuple[datetime, str]] = ()


_SAY: Final = {
    "period": Text("기간", "Period"),
    "made": Text("만든 때", "Made at"),
    "failed": Text("이 질문에 답하지 못했습니다", "This question could not be answered"),
    "more": Text("처음 {most}줄만 보입니다. 전체 {all}줄.", "The first {most} of {all} rows."),
    "other": Text("English", "한국어"),
    "preview": Text("미리보기 · 이 파일은 인터넷 없이 열립니다", "Preview · this file opens offline"),
}
_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f3f5f8;color:#222a36;font:14px/1.5 "Pretendard","Apple SD Gothic Neo","Noto Sans KR","NanumGothic","Malgun Gothic",system-ui,sans-serif;word-break:keep-all;overflow-wrap:anywhere}
header{background:#fff;border-bottom:1px solid #dde2e9;padding:18px 24px}
header h1{margin:0 0 2px;font-size:22px}
header p{margin:0;color:#5a6475}
nav{margin:10px 0 0;display:flex;flex-wrap:wrap;gap:6px}
nav a{padding:3px 12px;border:1px solid #d3dae3;border-radius:14px;color:#2b5d9b;text-decoration:none;background:#fff}
nav a.here{background:#2b5d9b;color:#fff;border-color:#2b5d9b}
dl.asked{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 0}
dl.asked div{display:flex;gap:6px}
dl.asked dt{color:#7b8494}
dl.asked dd{margin:0;font-weight:600}
main{padding:8px 24px 40px;max-width:1680px;margin:0 auto}
h2{font-size:16px;margin:22px 0 8px}
.row{display:grid;grid-template-columns:repeat(24,minmax(0,1fr));gap:12px}
article{background:#fff;border:1px solid #dde2e9;border-radius:8px;padding:12px 14px;min-width:0;display:flex;flex-direction:column}
article h3{margin:0;font-size:15px}
article .about{margin:2px 0 10px;color:#667085;font-size:12.5px}
article .next{margin:auto 0 0;padding-top:8px;font-size:12.5px}
article .next a{color:#2b5d9b}
.w3{grid-column:span 3}.w4{grid-column:span 4}.w6{grid-column:span 6}.w8{grid-column:span 8}.w12{grid-column:span 12}.w16{grid-column:span 16}.w18{grid-column:span 18}.w24{grid-column:span 24}
@media(max-width:1000px){.w3,.w4,.w6,.w8,.w12,.w16,.w18,.w24{grid-column:span 24}}
.stats{display:flex;flex-wrap:wrap;gap:8px 26px}
.stats div{min-width:84px}
.stats b{display:block;font-size:22px;font-weight:650;line-height:1.3}
.stats span{color:#667085;font-size:12.5px}
.scroll{overflow-x:auto}
.scroll.tall{overflow:auto;max-height:560px}
table{border-collapse:collapse;width:100%;font-size:13px}
th{position:sticky;top:0;background:#f7f9fb;text-align:left;color:#5a6475;font-weight:600;border-bottom:1px solid #dde2e9;padding:5px 6px;white-space:nowrap}
td{border-bottom:1px solid #eef1f5;padding:5px 6px;vertical-align:middle}
td.number,th.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.text{overflow-wrap:normal}
td.long{overflow-wrap:anywhere;min-width:180px;max-width:380px}
td.moment{white-space:nowrap}
td.null{color:#98a1b0;text-align:right;white-space:nowrap}
td.null.text{text-align:left}
.cellbar{margin-right:8px;vertical-align:middle}
.chart{width:100%;height:auto;display:block}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 0 0;padding:0;font-size:12.5px;color:#3b4351}
.nothing{color:#7b8494;padding:18px 0}
.failed{color:#a8322a}
.red{color:#b3261e;font-weight:600}.orange{color:#a85a00;font-weight:600}.yellow{color:#806000;font-weight:600}.green{color:#1b7a3d;font-weight:600}.blue{color:#1f5fae;font-weight:600}.purple{color:#6b3fa0;font-weight:600}
.heat1{background:#eef4fb}.heat2{background:#dbe8f6}.heat3{background:#c2d8ef}.heat4{background:#a3c4e6}.heat5{background:#7fabdb}
.more{color:#7b8494;font-size:12px;margin:6px 0 0}
footer{color:#7b8494;padding:0 24px 24px;text-align:center;font-size:12.5px}
@media print{body{background:#fff}nav,.next{display:none}article{break-inside:avoid}}
""".strip()
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'"
)


def page(
    board: Board,
    language: Language,
    answers: Mapping[str, Answer],
    shown: Shown,
    boards: Mapping[str, Board],
) -> str:
    """A board, its answers by panel, and what was asked -> the page."""
    drawing = _Drawing(language, ZoneInfo(shown.zone), shown.marks)
    title = safe(board.title.said_in(language))
    menu = "".join(
        f'<a href="{slug}.html"{" class=here" if slug == board.slug else ""}>{safe(one.title.said_in(language))}</a>'
        for slug, one in boards.items()
    )
    other = "en" if language == "ko" else "ko"
    if other in shown.languages:
        menu += f'<a href="../{other}/{board.slug}.html" lang="{other}">{_SAY["other"].said_in(language)}</a>'
    asked = {_SAY["period"].said_in(language): f"{shown.since} ~ {shown.until}", **shown.chosen}
    asked[_SAY["made"].said_in(language)] = shown.made_at
    told = "".join(
        f"<div><dt>{safe(name)}</dt><dd><bdi>{safe(value)}</bdi></dd></div>" for name, value in asked.items()
    )
    body = "".join(
        f'<h2>{safe(row.title.said_in(language))}</h2><section class="row">'
        + "".join(drawing.article(panel, answers.get(panel.slug, Answer()), boards) for panel in row.panels)
        + "</section>"
        for row in board.rows
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · {safe(shown.site)}</title><style>{_STYLE}</style></head>"
        f"<body><header><h1>{title} · <bdi>{safe(shown.site)}</bdi></h1><p>{safe(board.description.said_in(language))}</p>"
        f'<nav>{menu}</nav><dl class="asked">{told}</dl></header><main>{body}</main>'
        f"<footer>headwater · {_SAY['preview'].said_in(language)}</footer></body></html>\n"
    )


def without_gaps(days: Sequence[str]) -> list[str]:
    """Days, weeks or months in order -> the same with those between on which nothing happened."""
    moments = [date.fromisoformat(day) for day in days]
    steps = [(later - earlier).days for earlier, later in pairwise(moments)]
    if not steps:
        return list(days)
    if all(moment.day == 1 for moment in moments) and min(steps) >= 28:
        first, count = (
            moments[0],
            12 * (moments[-1].year - moments[0].year) + moments[-1].month - moments[0].month,
        )
        months = [divmod(first.year * 12 + first.month - 1 + number, 12) for number in range(count + 1)]
        return [date(year, month + 1, 1).isoformat() for year, month in months]
    step = 7 if all(one % 7 == 0 for one in steps) else 1
    return [
        (moments[0] + timedelta(days=at)).isoformat()
        for at in range(0, (moments[-1] - moments[0]).days + 1, step)
    ]


class _Drawing:
    def __init__(self, language: Language, zone: ZoneInfo, marks: Sequence[tuple[datetime, str]]) -> None:
        self._language = language
        self._marks = [(said(at, "date", {}, language, zone), told) for at, told in marks]
        self._zone = zone
        self._colours: dict[str, int] = {}

    def article(self, panel: Panel, answer: Answer, boards: Mapping[str, Board]) -> str:
        link = f'<a href="{panel.next.board}.html">{safe(panel.next.title.said_in(self._language))} →</a>'
        next_one = f'<p class="next">{link}</p>' if panel.next.board in boards else ""
        return (
            f'<article class="w{panel.width}" id="{panel.slug}"><h3>{safe(panel.title.said_in(self._language))}</h3>'
            f'<p class="about">{safe(panel.description.said_in(self._language))}</p>'
            f"{self._content(panel, answer)}{next_one}</article>"
        )

    def _content(self, panel: Panel, answer: Answer) -> str:
        if answer.failed:
            told = f"{_SAY['failed'].said_in(self._language)}: {answer.failed}"
            return f'<p class="failed">{safe(told)}</p>'
        if not any(value is not None for row in answer.frame.rows for value in row):
            return f'<p class="nothing">{safe(panel.empty.said_in(self._language))}</p>'
        draw = {
            "stat": self._stat, "table": self._table, "time": self._time, "bars": self._bars, "matrix": self._matrix,
        }  # fmt: skip
        if panel.kind == "nodes":
            return self._nodes(panel, answer)
        return draw[panel.kind](panel, answer.frame)

    # One value in words

    def _said(self, value: Any, column: Column) -> str:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return column.empty.said_in(self._language)
        return said(value, column.unit, column.words, self._language, self._zone)

    def _colour(self, value: Any, column: Column) -> str:
        if isinstance(value, str) and value in column.words:
            colour = column.words[value].colour
        elif is_number(value) and column.steps:
            reached = [step.colour for step in column.steps if value >= step.value]
            colour = reached[-1] if reached else column.steps[0].colour
        else:
            return ""
        return "" if colour == "text" else colour

    # Kinds of panels

    def _stat(self, panel: Panel, frame: Frame) -> str:
        cells = []
        for column in panel.columns:
            value = frame.rows[0][frame.names.index(column.name)]
            colour = self._colour(value, column)
            number = f"<b class={colour}>" if colour else "<b>"
            cells.append(
                f"<div>{number}<bdi>{safe(self._said(value, column))}</bdi></b>"
                f"<span>{safe(column.title.said_in(self._language))}</span></div>"
            )
        return f'<div class="stats">{"".join(cells)}</div>'

    def _table(self, panel: Panel, frame: Frame) -> str:
        places = [frame.names.index(column.name) for column in panel.columns]
        numeric = [column.unit not in ("string", "dateTimeAsIso", "date") for column in panel.columns]
        most = [
            max((float(row[place]) for row in frame.rows if is_number(row[place])), default=0.0)
            for place in places
        ]
        head = "".join(
            f"<th{' class=number' if number else ''}>{safe(column.title.said_in(self._language))}</th>"
            for column, number in zip(panel.columns, numeric, strict=True)
        )
        lines = []
        for row in frame.rows[:MOST_ROWS]:
            cells = []
            for column, place, number, top in zip(panel.columns, places, numeric, most, strict=True):
                cells.append(self._cell(row[place], column, number, top))
            lines.append(f"<tr>{''.join(cells)}</tr>")
        more = ""
        if len(frame.rows) > MOST_ROWS:
            told = _SAY["more"].said_in(self._language).format(most=MOST_ROWS, all=f"{len(frame.rows):,}")
            more = f'<p class="more">{told}</p>'
        tall = " tall" if len(frame.rows) > _TALL else ""
        return (
            f'<div class="scroll{tall}"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table></div>{more}"
        )

    def _cell(self, value: Any, column: Column, number: bool, most: float) -> str:
        text = safe(self._said(value, column))
        if value is None:
            return f'<td class="null{"" if number else " text"}">{text}</td>'
        colour = self._colour(value, column)
        if not number:
            kind = "moment" if column.unit != "string" else "text long" if len(text) > _LONG else "text"
            return f'<td class="{kind}{f" {colour}" if colour else ""}"><bdi>{text}</bdi></td>'
        bar = cell_bar(float(value) / most) if column.bar and most > 0 and math.isfinite(float(value)) else ""
        return f'<td class="number{f" {colour}" if colour else ""}">{bar}{text}</td>'

    def _time(self, panel: Panel, frame: Frame) -> str:
        of_row = [said(row[0], "date", {}, self._language, self._zone) for row in frame.rows]
        days = without_gaps(sorted(set(of_row)))
        place = {day: number for number, day in enumerate(days)}
        series: dict[str, list[float | None]] = {}
        labelled = len(panel.columns) == 3 and panel.columns[1].unit == "string"
        for day, row in zip(of_row, frame.rows, strict=True):
            if labelled:
                name = word_for(str(row[1]), panel.columns[1].words, self._language)
                pairs = [(name, row[2])]
            else:
                pairs = [
                    (column.title.said_in(self._language), value)
                    for column, value in zip(panel.columns[1:], row[1:], strict=True)
                ]
            for name, value in pairs:
                values = series.setdefault(name, [None] * len(days))
                values[place[day]] = None if value is None else float(value)
        if labelled:
            series = dict(sorted(series.items(), key=lambda one: -sum(value or 0 for value in one[1])))
        drawn = [Series(name, values, self._number(name, labelled)) for name, values in series.items()]
        width = 1400 if panel.width > 16 else 700
        return columns_chart(
            days,
            drawn,
            panel.unit,
            self._language,
            width=width,
            stacked=panel.stacked,
            marks=self._marks,
        ) + self._legend(drawn)

    def _number(self, name: str, labelled: bool) -> int | None:
        """The colour of a label, the same in every chart of the page."""
        return self._colours.setdefault(name, len(self._colours)) if labelled else None

    def _bars(self, panel: Panel, frame: Frame) -> str:
        names = [self._said(row[0], panel.columns[0]) for row in frame.rows]
        drawn = [
            Series(
                column.title.said_in(self._language),
                [None if row[number] is None else float(row[number]) for row in frame.rows],
            )
            for number, column in enumerate(panel.columns[1:], start=1)
        ]
        width = 1400 if panel.width > 16 else 700 if panel.width > 8 else 460
        chart = bars_chart(names, drawn, panel.unit, self._language, width=width, stacked=panel.stacked)
        return chart + (self._legend(drawn) if len(drawn) > 1 else "")

    def _legend(self, drawn: Sequence[Series]) -> str:
        lines = "".join(
            f"<li>{swatch(one.colour_at(place))} <bdi>{safe(one.name)}</bdi></li>"
            for place, one in enumerate(drawn)
        )
        return f'<ul class="legend">{lines}</ul>'

    def _matrix(self, panel: Panel, frame: Frame) -> str:
        down, across, value = panel.columns
        cells = {(row[0], row[1]): row[2] for row in frame.rows}
        lines = list(dict.fromkeys(row[0] for row in frame.rows))
        heads = list(dict.fromkeys(row[1] for row in frame.rows))
        most = max((float(one) for one in cells.values() if one is not None), default=0.0)
        corner = f"{down.title.said_in(self._language)} ↓ · {across.title.said_in(self._language)}"
        head = "".join(f'<th class="number"><bdi>{safe(self._said(one, across))}</bdi></th>' for one in heads)
        body = []
        for line in lines:
            parts = [f'<td class="text"><bdi>{safe(self._said(line, down))}</bdi></td>']
            for one in heads:
                found = cells.get((line, one))
                heat = math.ceil(5 * float(found) / most) if found and most else 0
                text = safe(in_unit(float(found), value.unit, self._language)) if found is not None else ""
                parts.append(f'<td class="number{f" heat{heat}" if heat else ""}">{text}</td>')
            body.append(f"<tr>{''.join(parts)}</tr>")
        return (
            f'<div class="scroll"><table><thead><tr><th>{safe(corner)}</th>{head}</tr></thead>'
            f"<tbody>{''.join(body)}</tbody></table></div>"
        )

    def _nodes(self, panel: Panel, answer: Answer) -> str:
        words = {column.name: column.words for column in panel.columns}
        nodes = []
        for row in answer.frame.rows:
            of = dict(zip(answer.frame.names, row, strict=True))
            name = word_for(str(of["title"]), words["title"], self._language)
            size = float(of["mainstat"])
            nodes.append(Node(str(of["id"]), int(of["detail__step"]), name, size, f"{name}: {size:,.0f}"))
        edges = []
        for row in answer.edges.rows:
            of = dict(zip(answer.edges.names, row, strict=True))
            took = str(of.get("secondarystat", ""))
            edges.append(Edge(str(of["source"]), str(of["target"]), float(of["mainstat"]), took))
        return graph_chart(nodes, edges, width=1400)

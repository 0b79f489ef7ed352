"""A document as one HTML file: nothing fetched, nothing that runs, any text only text; every figure leads to its source."""

import base64
import hashlib
from typing import Final

from grafana.charts import Series, bars_chart, columns_chart, swatch
from grafana.page import without_gaps
from grafana.reports.report import (
    Block,
    Cell,
    Chart,
    Document,
    Name,
    Number,
    Piece,
    Section,
    Sentence,
    Source,
    Stats,
    Table,
)
from grafana.words import Language, Text
from grafana.writing import safe

SAY: Final = {
    "sources": Text("부록: 이 숫자들은 어디에서 왔나요?", "Appendix: where these figures come from"),
    "sources_about": Text(
        "모든 숫자는 눌러서 아래의 질문으로 갈 수 있습니다. 질문은 공개된 뷰에만 묻는 SQL이며, 적힌 값을 넣어 headwater sql 로 누구나 다시 물을 수 있습니다.",
        "Every figure leads to its question below. Each is SQL over the public views; with the values given, anybody can ask it again with headwater sql.",
    ),
    "parameters": Text("넣은 값", "Parameters"),
    "of": Text("바탕이 된 질문", "Worked out of"),
    "foot": Text("headwater · 이 파일은 인터넷 없이 열리며 아무것도 실행하지 않습니다", "headwater · this file opens offline and runs nothing"),
    "contents": Text("차례", "Contents"),
}  # fmt: skip
_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f3f5f8;color:#222a36;font:15px/1.65 "Pretendard","Apple SD Gothic Neo","Noto Sans KR","NanumGothic","Malgun Gothic",system-ui,sans-serif;word-break:keep-all;overflow-wrap:anywhere}
main{max-width:1000px;margin:24px auto;background:#fff;border:1px solid #dde2e9;border-radius:8px;padding:36px 44px 44px}
h1{margin:0 0 6px;font-size:27px;line-height:1.3}
h2{margin:38px 0 10px;font-size:19px;border-bottom:2px solid #2b5d9b;padding-bottom:5px}
h3{margin:22px 0 6px;font-size:15px}
dl.about{display:flex;flex-wrap:wrap;gap:2px 20px;margin:0 0 18px;color:#5a6475;font-size:13.5px}
dl.about div{display:flex;gap:6px}
dl.about dt{color:#667085}
dl.about dd{margin:0;font-weight:600}
.summary{background:#f4f8fd;border-left:4px solid #2b5d9b;border-radius:4px;padding:12px 18px}
.summary p{margin:5px 0}
p{margin:7px 0}
p.good{border-left:3px solid #1b7a3d;padding-left:10px}
p.bad{border-left:3px solid #b3261e;padding-left:10px}
p.careful{border-left:3px solid #a85a00;padding-left:10px}
a{color:inherit;text-decoration:underline;text-decoration-color:#b9c4d3;text-underline-offset:3px}
a:hover{text-decoration-color:#2b5d9b}
a.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.summary a.n,p a.n{font-weight:650}
nav{font-size:13.5px;margin:16px 0 0;display:flex;flex-wrap:wrap;gap:4px 16px}
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:12px 0 16px}
.stats div{border:1px solid #e3e6ea;border-radius:6px;padding:9px 11px;min-width:0}
.stats span{display:block;color:#5a6475;font-size:12.5px}
.stats b{display:block;white-space:nowrap;font-size:18px;font-weight:650;overflow-wrap:anywhere}
.stats b a{text-decoration:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;margin:4px 0}
th{background:#f7f9fb;text-align:left;color:#5a6475;font-weight:600;border-bottom:1px solid #dde2e9;padding:6px 7px;vertical-align:bottom;overflow-wrap:normal}
td{border-bottom:1px solid #eef1f5;padding:6px 7px;vertical-align:top}
td.r,th.r{text-align:right;font-variant-numeric:tabular-nums}
td.r a.n{text-decoration:none}
td.r a.n:hover{text-decoration:underline}
tr.total td{border-top:2px solid #cfd6df;border-bottom:0;font-weight:650}
.note{color:#667085;font-size:12.5px;margin:4px 0 0}
.chart{width:100%;height:auto;display:block}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:4px 0 0;padding:0;font-size:12.5px;color:#3b4351}
.red{color:#b3261e;font-weight:600}.orange{color:#a85a00;font-weight:600}.yellow{color:#806000;font-weight:600}.green{color:#1b7a3d;font-weight:600}.blue{color:#1f5fae;font-weight:600}.purple{color:#6b3fa0;font-weight:600}
section.source{border-top:1px solid #e3e6ea;padding:6px 0 10px}
section.source:target{background:#fffbe8}
pre{background:#f7f9fb;border:1px solid #e3e6ea;border-radius:4px;padding:9px 12px;font:12px/1.5 "NanumGothicCoding",ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;margin:4px 0}
ul.values{margin:2px 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12.5px}
code{font:12px "NanumGothicCoding",ui-monospace,monospace}
footer{color:#7b8494;padding:0 24px 24px;text-align:center;font-size:12.5px}
@media(max-width:700px){main{margin:0;padding:20px 16px;border:0;border-radius:0}}
@media print{body{background:#fff;font-size:12px}main{border:0;margin:0;max-width:none;padding:0}nav{display:none}table,.chart,.stats{break-inside:avoid}}
""".strip()
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'"
)


def page(document: Document) -> str:
    """A document -> the whole file."""
    drawing = _Drawing(document)
    title = safe(document.title)
    about = "".join(
        f"<div><dt>{safe(name)}</dt><dd>{drawing.piece(value)}</dd></div>" for name, value in document.about
    )
    summary = "".join(map(drawing.block, document.summary))
    listed = [*(section.title for section in document.sections), drawing.say("sources")]
    contents = "".join(f'<a href="#s{number}">{safe(one)}</a>' for number, one in enumerate(listed, 1))
    sections = "".join(drawing.section(number, one) for number, one in enumerate(document.sections, 1))
    sources = "".join(map(drawing.source, document.sources))
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1><bdi>{title}</bdi></h1><dl class="about">{about}</dl><div class="summary">{summary}</div>'
        f'<nav aria-label="{drawing.say("contents")}">{contents}</nav>{sections}'
        f'<h2 id="s{len(listed)}">{drawing.say("sources")}</h2><p class="note">{drawing.say("sources_about")}</p>{sources}'
        f"</main><footer>{drawing.say('foot')}</footer></body></html>\n"
    )


class _Drawing:
    def __init__(self, document: Document) -> None:
        self._language: Language = document.language
        self._titles = {source.slug: source.title for source in document.sources}

    def say(self, name: str) -> str:
        return safe(SAY[name].said_in(self._language))

    def piece(self, piece: Piece) -> str:
        if isinstance(piece, Number):
            if piece.source not in self._titles:
                return safe(piece.text)
            return f'<a class="n" href="#q-{piece.source}" title="{safe(self._titles[piece.source])}">{safe(piece.text)}</a>'
        return f"<bdi>{safe(piece.text)}</bdi>" if isinstance(piece, Name) else safe(piece)

    def section(self, number: int, section: Section) -> str:
        return f'<h2 id="s{number}">{safe(section.title)}</h2>' + "".join(
            self.block(block, section.title) for block in section.blocks
        )

    def block(self, block: Block, above: str = "") -> str:
        if isinstance(block, Sentence):
            tone = f' class="{block.tone}"' if block.tone != "plain" else ""
            return f"<p{tone}>{''.join(map(self.piece, block.pieces))}</p>"
        if isinstance(block, Stats):
            return self._stats(block)
        return self._table(block, above) if isinstance(block, Table) else self._chart(block)

    def _stats(self, stats: Stats) -> str:
        cells = "".join(
            f"<div><span>{safe(one.title)}</span><b>{self.piece(one.number)}</b><span><bdi>{safe(one.beside)}</bdi></span></div>"
            for one in stats.stats
        )
        return f'<div class="stats">{cells}</div>'

    def _table(self, table: Table, above: str) -> str:
        head = "".join(f"<th{' class=r' if one.right else ''}>{safe(one.text)}</th>" for one in table.heads)
        last = len(table.rows) - 1 if table.total else -1
        body = "".join(
            f"<tr{' class=total' if number == last else ''}>{''.join(map(self._cell, row))}</tr>"
            for number, row in enumerate(table.rows)
        )
        note = f'<p class="note">{safe(table.note)}</p>' if table.note else ""
        title = f"<h3>{safe(table.title)}</h3>" if table.title != above else ""
        return (
            f'{title}<div class="scroll"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{note}"
        )

    def _cell(self, cell: Cell) -> str:
        named = " ".join(
            filter(None, ("r" if cell.right else "", cell.colour if cell.colour != "text" else ""))
        )
        kind = f' class="{named}"' if named else ""
        return f"<td{kind}>{''.join(map(self.piece, cell.pieces))}</td>"

    def _chart(self, chart: Chart) -> str:
        if not chart.names:
            return ""
        names, lines = filled(chart)
        series = [Series(line.name, values) for line, values in zip(chart.lines, lines, strict=True)]
        if chart.kind == "time":
            drawn = columns_chart(names, series, chart.unit, self._language, width=850, stacked=False)
        else:
            drawn = bars_chart(names, series, chart.unit, self._language, width=850)
        legend = "".join(
            f"<li>{swatch(place)} <bdi>{safe(one.name)}</bdi></li>" for place, one in enumerate(series)
        )
        note = f'<p class="note">{safe(chart.note)}</p>' if chart.note else ""
        title = f'<h3><a href="#q-{chart.source}">{safe(chart.title)}</a></h3>'
        return f'{title}{drawn}<ul class="legend">{legend}</ul>{note}'

    def source(self, source: Source) -> str:
        parts = [f'<section class="source" id="q-{source.slug}"><h3>{safe(source.title)}</h3>']
        if source.how:
            parts.append(f"<p>{safe(source.how)}</p>")
        if source.of:
            links = ", ".join(
                f'<a href="#q-{slug}">{safe(self._titles[slug])}</a>'
                for slug in source.of
                if slug in self._titles
            )
            parts.append(f'<p class="note">{self.say("of")}: {links}</p>')
        if source.sql:
            lines = "\n".join(map(safe, source.sql.split("\n")))
            parts.append(f"<pre>{lines}</pre>")
        if source.parameters:
            values = "".join(
                f"<li><code>{safe(name)}</code> = <code><bdi>{safe(value)}</bdi></code></li>"
                for name, value in source.parameters
            )
            parts.append(f'<p class="note">{self.say("parameters")}</p><ul class="values">{values}</ul>')
        return "".join([*parts, "</section>"])


def filled(chart: Chart) -> tuple[list[str], list[list[float | None]]]:
    """A chart's names and values; over time also those days between on which nothing happened."""
    if chart.kind == "bars":
        return list(chart.names), [list(line.values) for line in chart.lines]
    names = without_gaps(list(chart.names))
    places = {day: number for number, day in enumerate(chart.names)}
    return names, [
        [line.values[places[day]] if day in places else None for day in names] for line in chart.lines
    ]

"""A document as a PDF: the same words, tables and charts as the page, every figure a link to its source."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from fpdf import FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from grafana.charts import PALETTE
from grafana.reports.page import SAY, filled
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
from grafana.writing import in_unit, short_number
from streams.printing import FONT, Paper

_COLOURS: Final = {
    "red": (179, 38, 30), "orange": (168, 90, 0), "yellow": (128, 96, 0), "green": (27, 122, 61),
    "blue": (31, 95, 174), "purple": (107, 63, 160), "text": (34, 42, 54),
}  # fmt: skip
_TONES: Final = {"good": _COLOURS["green"], "bad": _COLOURS["red"], "careful": _COLOURS["orange"]}
_ACCENT: Final = (43, 93, 155)
_PALE: Final = (102, 112, 133)
_MOST_BARS: Final = 14
_KEPT_TOGETHER: Final = 12
_PADDING: Final = 0.8
_SIZES: Final = (7.8, 7.3, 6.8, 6.3)


def printed(document: Document, made_at: datetime) -> bytes:
    """A document -> its PDF; the same document made at the same time gives the same bytes."""
    return _Printing(document, made_at).content()


class _Printing:
    def __init__(self, document: Document, made_at: datetime) -> None:
        self._document = document
        self._paper = Paper(document.title, created=made_at, language=document.language)
        self._links = {source.slug: self._paper.add_link(page=1) for source in document.sources}
        self._titles = {source.slug: source.title for source in document.sources}

    def content(self) -> bytes:
        paper, document = self._paper, self._document
        paper.add_page()
        paper.heading(document.title)
        paper.paragraph(
            "  ·  ".join(f"{name}: {_text((value,))}" for name, value in document.about),
            points=8.5,
            grey=True,
        )
        self._summary(document.summary)
        for section in document.sections:
            self._section(section)
        self._sources(document.sources)
        return paper.content()

    # Words

    def _summary(self, sentences: Sequence[Sentence]) -> None:
        paper = self._paper
        begun_on, top = paper.page, paper.get_y()
        for sentence in sentences:
            self._running(sentence.pieces, indent=5)
            paper.ln(1)
        if paper.page == begun_on:
            paper.set_fill_color(*_ACCENT)
            paper.rect(paper.l_margin, top, 1.2, paper.get_y() - top - 1, style="F")
        paper.ln(2)

    def _running(self, pieces: Sequence[Piece], *, points: float = 10, indent: float = 0.0) -> None:
        """Text over the width with figures in bold that lead to their source."""
        paper = self._paper
        left = paper.l_margin
        paper.set_left_margin(left + indent)
        paper.set_x(left + indent)
        for piece in pieces:
            is_number = isinstance(piece, Number)
            paper.set_font(FONT, "B" if is_number else "", points)
            text = _text((piece,))
            if (
                is_number
                and left + indent
                < paper.get_x()
                > paper.w - paper.r_margin - paper.get_string_width(text) - 1
            ):
                paper.ln(points * 0.55)  # a figure is not broken
            paper.write(points * 0.55, text, link=self._link(piece) or "")
        paper.set_left_margin(left)
        paper.ln(points * 0.55)
        paper.set_font(FONT, size=10)

    def _link(self, piece: Piece) -> Any:
        return self._links.get(piece.source) if isinstance(piece, Number) else None

    def _section(self, section: Section) -> None:
        first = next(iter(section.blocks), None)
        self._room(16 + (self._needs(first) if first is not None else 0))
        self._paper.ln(2)
        self._paper.heading(section.title, 2)
        for block in section.blocks:
            self._block(block, section.title)

    def _needs(self, block: Block) -> float:
        """The room that a block must have to begin on this page, in mm."""
        if isinstance(block, Table):
            return 24 + 5.6 * len(block.rows) if len(block.rows) <= _KEPT_TOGETHER else 50.0
        if isinstance(block, Chart):
            return 66.0
        return 38.0 if isinstance(block, Stats) else 12.0

    def _block(self, block: Block, above: str) -> None:
        if isinstance(block, Sentence):
            self._sentence(block)
        elif isinstance(block, Stats):
            self._stats(block)
        elif isinstance(block, Table):
            self._table(block, above)
        else:
            self._chart(block)

    def _sentence(self, sentence: Sentence) -> None:
        paper = self._paper
        begun_on, top = paper.page, paper.get_y()
        self._running(sentence.pieces, indent=4 if sentence.tone in _TONES else 0)
        if sentence.tone in _TONES and paper.page == begun_on:
            paper.set_fill_color(*_TONES[sentence.tone])
            paper.rect(paper.l_margin, top + 0.6, 0.8, paper.get_y() - top - 1.2, style="F")
        paper.ln(1.5)

    def _title(self, title: str, needed: float, link: Any = None) -> None:
        paper = self._paper
        self._room(needed)
        paper.set_font(FONT, "B", 10)
        paper.cell(0, 6, paper.fitted(title, paper.epw), link=link or "", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        paper.set_font(FONT, size=10)

    def _note(self, note: str) -> None:
        if note:
            self._paper.paragraph(_words(note), points=7.5, grey=True)
        self._paper.ln(1)

    def _room(self, needed: float) -> None:
        if self._paper.will_page_break(needed):
            self._paper.add_page()

    # Figures

    def _stats(self, stats: Stats) -> None:
        paper, across = self._paper, 4
        wide, high = paper.epw / across, 17.0
        for first in range(0, len(stats.stats), across):
            self._room(high + 2)
            top = paper.get_y()
            for place, one in enumerate(stats.stats[first : first + across]):
                left = paper.l_margin + place * wide
                paper.rect(left, top, wide - 2, high)
                paper.set_xy(left + 2, top + 1.2)
                paper.set_font(FONT, size=7.5)
                paper.set_text_color(*_PALE)
                paper.cell(wide - 6, 4, paper.fitted(one.title, wide - 6))
                paper.set_xy(left + 2, top + 5.4)
                paper.set_text_color(*_COLOURS["text"])
                paper.set_font(FONT, "B", 12)
                if paper.get_string_width(_words(one.number.text)) > wide - 6:
                    paper.set_font(FONT, "B", 9)
                paper.cell(
                    wide - 6,
                    5.5,
                    paper.fitted(_words(one.number.text), wide - 6),
                    link=self._link(one.number) or "",
                )
                paper.set_xy(left + 2, top + 11.4)
                paper.set_font(FONT, size=7.5)
                paper.set_text_color(*_PALE)
                paper.cell(wide - 6, 4, paper.fitted(_words(one.beside), wide - 6))
                paper.set_text_color(0)
            paper.set_xy(paper.l_margin, top + high + 2)
        paper.set_font(FONT, size=10)
        paper.ln(1)

    def _table(self, table: Table, above: str) -> None:
        paper = self._paper
        self._room(self._needs(table))
        if table.title != above:
            self._title(table.title, 26)
        points, widths = self._fitting(table)
        paper.set_font(FONT, size=points)
        paper.set_fill_color(255)
        with paper.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=widths,
            text_align=tuple("RIGHT" if head.right else "LEFT" for head in table.heads),
            headings_style=FontFace(emphasis="BOLD", fill_color=(240, 242, 245), color=_PALE),
            line_height=points * 0.52,
            padding=(0.9, _PADDING),
        ) as drawn:
            row = drawn.row()
            for head in table.heads:
                row.cell(head.text)
            last = len(table.rows) - 1 if table.total else -1
            for number, cells in enumerate(table.rows):
                row = drawn.row()
                for cell in cells:
                    row.cell(
                        _text(cell.pieces),
                        style=_face(cell, total=number == last),
                        link=self._cell_link(cell),
                    )
        paper.set_font(FONT, size=10)
        paper.ln(1)
        self._note(table.note)

    def _fitting(self, table: Table) -> tuple[float, tuple[float, ...]]:
        """A table -> the size of its letters and its columns in mm: no cell is broken, or at least no figure."""
        room, spread = self._paper.epw, sum(head.wide for head in table.heads)
        for whole, sizes in ((True, _SIZES[:3]), (False, _SIZES)):
            for points in sizes:
                needed = self._needed(table, points, whole)
                left = room - sum(needed)
                if left >= 0:
                    return points, tuple(
                        width + left * head.wide / spread
                        for width, head in zip(needed, table.heads, strict=True)
                    )
        return _SIZES[-1], tuple(room * head.wide / spread for head in table.heads)

    def _needed(self, table: Table, points: float, whole: bool) -> list[float]:
        """The widths that hold every figure and word in one line, or every cell `whole`."""
        paper, needed = self._paper, []
        paper.set_font(FONT, "B", points)
        for place, head in enumerate(table.heads):
            texts = [_text(row[place].pieces) for row in table.rows]
            kept = texts if whole or head.right else [word for text in texts for word in text.split()]
            longest = max((paper.get_string_width(text) for text in (*kept, *head.text.split())), default=0.0)
            needed.append(longest + 2 * _PADDING + 0.6)
        return needed

    def _cell_link(self, cell: Cell) -> Any:
        return next((self._link(piece) for piece in cell.pieces if isinstance(piece, Number)), None)

    # Charts

    def _chart(self, chart: Chart) -> None:
        if not chart.names:
            return
        names, lines = filled(chart)
        if chart.kind == "time":
            self._columns(chart, names, lines)
        else:
            self._bars(chart, names[:_MOST_BARS], [line[:_MOST_BARS] for line in lines])
        self._legend(chart)
        self._note(chart.note)

    def _columns(self, chart: Chart, names: Sequence[str], lines: Sequence[Sequence[float | None]]) -> None:
        paper, high = self._paper, 42.0
        self._title(chart.title, high + 22, self._links.get(chart.source))
        top, left, wide = paper.get_y() + 3, paper.l_margin, paper.epw
        most = max((value or 0 for line in lines for value in line), default=0) or 1
        slot = wide / len(names)
        thin = slot * 0.8 / max(len(lines), 1)
        paper.line(left, top + high, left + wide, top + high)
        every = max(1, -(-len(names) * 13 // int(wide)))
        for number, name in enumerate(names):
            x = left + number * slot
            for place, line in enumerate(lines):
                value = line[number]
                if not value:
                    continue
                tall = value / most * (high - 5)
                paper.set_fill_color(*_rgb(place))
                paper.rect(x + slot * 0.1 + place * thin, top + high - tall, thin, tall, style="F")
                if len(names) <= 16:
                    paper.set_font(FONT, size=6.5)
                    paper.set_xy(x + slot * 0.1 + (place - 0.5) * thin, top + high - tall - 3)
                    paper.cell(
                        thin * 2,
                        2.6,
                        _words(short_number(value, chart.unit, self._document.language)),
                        align="C",
                    )
            if number % every == 0:
                paper.set_font(FONT, size=7)
                paper.set_xy(x, top + high + 0.6)
                paper.cell(slot, 3.4, name[5:], align="C")
        paper.set_xy(left, top + high + 5)

    def _bars(self, chart: Chart, names: Sequence[str], lines: Sequence[Sequence[float | None]]) -> None:
        paper, thick = self._paper, 3.4
        slot = thick * len(lines) + 2.4
        self._title(chart.title, min(slot * len(names) + 20, 120), self._links.get(chart.source))
        most = max((abs(value or 0) for line in lines for value in line), default=0) or 1
        room = paper.epw - 45 - 28
        for number, name in enumerate(names):
            self._room(slot + 2)
            top = paper.get_y()
            paper.set_font(FONT, size=7.5)
            paper.set_xy(paper.l_margin, top + (thick * len(lines) - 4) / 2)
            paper.cell(43, 4, paper.fitted(name, 42), align="R")
            for place, line in enumerate(lines):
                value = line[number]
                if value is None:
                    continue
                paper.set_fill_color(*_rgb(place))
                long = abs(value) / most * room
                paper.rect(paper.l_margin + 45, top + place * thick, max(long, 0.3), thick - 0.6, style="F")
                paper.set_xy(paper.l_margin + 46 + long, top + place * thick - 0.4)
                paper.set_font(FONT, size=7)
                paper.cell(26, thick, _words(in_unit(value, chart.unit, self._document.language)))
            paper.set_xy(paper.l_margin, top + slot)
        paper.ln(1)

    def _legend(self, chart: Chart) -> None:
        paper = self._paper
        top, left = paper.get_y(), paper.l_margin
        paper.set_font(FONT, size=7.5)
        for place, line in enumerate(chart.lines):
            paper.set_fill_color(*_rgb(place))
            paper.rect(left, top + 1, 3, 2.4, style="F")
            paper.set_xy(left + 4, top)
            text = paper.fitted(line.name, 60)
            paper.cell(paper.get_string_width(text) + 3, 4.4, text)
            left = paper.get_x() + 3
        paper.set_xy(paper.l_margin, top + 5.5)
        paper.set_font(FONT, size=10)

    # The appendix

    def _sources(self, sources: Sequence[Source]) -> None:
        paper = self._paper
        paper.add_page()
        paper.heading(self._say("sources"), 2)
        paper.paragraph(self._say("sources_about"), points=8, grey=True)
        for source in sources:
            self._room(24)
            paper.set_link(self._links[source.slug], y=paper.get_y(), page=paper.page)
            self._title(source.title, 20)
            if source.how:
                paper.paragraph(_words(source.how), points=8.5)
            if source.of:
                paper.set_font(FONT, size=8)
                paper.write(4.4, f"{self._say('of')}: ")
                for number, slug in enumerate(one for one in source.of if one in self._links):
                    paper.write(4.4, ", " if number else "")
                    paper.write(4.4, self._titles[slug], link=self._links[slug])
                paper.ln(6)
            if source.sql:
                paper.set_font(FONT, size=7)
                paper.set_fill_color(247, 249, 251)
                paper.multi_cell(
                    0, 3.5, source.sql, fill=True, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
                )
                paper.ln(0.8)
            if source.parameters:
                told = "   ".join(f"{name} = {value}" for name, value in source.parameters)
                paper.paragraph(f"{self._say('parameters')}: {told}", points=7, grey=True)
            paper.ln(2)

    def _say(self, name: str) -> str:
        return SAY[name].said_in(self._document.language)


def _text(pieces: Sequence[Piece]) -> str:
    """Pieces -> text of one line; a line feed in a name is no line of ours."""
    return "".join(
        piece.text.replace("\n", " ")
        if isinstance(piece, Name)
        else _words(piece if isinstance(piece, str) else piece.text)
        for piece in pieces
    )


def _words(text: str) -> str:
    """Words of ours with signs that the font has: it lacks the minus."""
    return text.replace("−", "-").replace("\n", " ")


def _face(cell: Cell, *, total: bool) -> FontFace | None:
    if cell.colour != "text":
        return FontFace(emphasis="BOLD", color=_COLOURS[cell.colour])
    return FontFace(emphasis="BOLD") if total else None


def _rgb(place: int) -> Any:
    text = PALETTE[place % len(PALETTE)]
    return tuple(int(text[at : at + 2], 16) for at in (1, 3, 5))

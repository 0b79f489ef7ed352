"""Text, tables and pictures -> a PDF, Korean and English, in a font that ships with headwater.

Every text passes `printable` on its way: what a page cannot show, or shows as something it is not (marks
that turn the direction of writing, characters of no width, control characters), stands there by its code
point. The same content and `created` give the same bytes.
"""

import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

FONT: Final = "NanumGothic"
_FONTS: Final = Path(__file__).parent / "fonts"
_FILES: Final = {"": "NanumGothic.ttf", "B": "NanumGothicBold.ttf"}
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mc", "Me", "Mn", "Zl", "Zp"})
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_PAGES: Final = "\ue000\ue001"  # for private use, hence in no text that `printable` lets through
_HEADING_POINTS: Final = {1: 18.0, 2: 13.0, 3: 11.0}

logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it tells of tables it leaves out

Side = Literal["left", "center", "right"]


def printable(text: str) -> str:
    """Any text -> the same to be read on paper, line feeds kept; what is not to be seen becomes ‹U+202E›."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    return "".join(_shown(character) for character in composed)


class Paper(FPDF):
    """A document of A4 pages with margins of 18 mm, its title and page numbers at the foot."""

    def __init__(
        self,
        title: str,
        *,
        created: datetime,
        language: str = "ko",
        landscape: bool = False,
        numbered: bool = True,
    ) -> None:
        """The title (PDF's own and at the foot), the day it says it was made, its language tag."""
        super().__init__(orientation="landscape" if landscape else "portrait", unit="mm", format="A4")
        for style, name in _FILES.items():
            self.add_font(FONT, style, _FONTS / name)
        self._foot = title
        self._numbered = numbered
        self._as_it_is = False
        self.alias_nb_pages(_PAGES)
        self.set_title(printable(title))
        self.set_lang(language)
        self.set_creator("headwater")
        self.set_producer("headwater")
        self.set_creation_date(created)
        self.set_margins(18, 18)
        self.set_auto_page_break(True, margin=18)
        self.set_draw_color(170)
        self.set_font(FONT, size=10)

    def normalize_text(self, text: str) -> str:
        """Every text that fpdf sets, in cells, tables and running text, comes through here."""
        return text if self._as_it_is else printable(text)

    def heading(self, text: str, level: int = 1) -> None:
        """A line (or more) in bold; 1 is the title, 3 the least."""
        points = _HEADING_POINTS[level]
        if self.will_page_break(points):
            self.add_page()
        self.start_section(printable(text).replace("\n", " "), level=level - 1)
        self.set_font(FONT, "B", points)
        self.multi_cell(0, points * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(points * 0.12)
        self.set_font(FONT, size=10)

    def paragraph(self, text: str, *, points: float = 10, bold: bool = False, grey: bool = False) -> None:
        """Running text over the whole width."""
        self.set_font(FONT, "B" if bold else "", points)
        with self.ink(110 if grey else 0):
            self.multi_cell(0, points * 0.55, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(1.5)
        self.set_font(FONT, size=10)

    def columns(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[float] | None = None,
        sides: Sequence[Side] | None = None,
        points: float = 9,
    ) -> None:
        """A table; its headings are said again on every page. `widths` are shares, `sides` the alignment."""
        self.set_font(FONT, size=points)
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=tuple(widths) if widths else None,
            text_align=tuple(side.upper() for side in sides or ["left"] * len(headings)),
            headings_style=FontFace(emphasis="BOLD", fill_color=(240, 242, 245)),
            line_height=points * 0.55,
            padding=1.2,
        ) as table:
            for line in (headings, *rows):
                row = table.row()
                for cell in line:
                    row.cell(cell)
        self.ln(3)
        self.set_font(FONT, size=10)

    def fitted(self, text: str, width: float) -> str:
        """A text -> as much of it as fits the width in one line of the font set now, cut with …."""
        line = printable(text).replace("\n", " ")
        if self.get_string_width(line) <= width:
            return line
        least, most = 0, len(line)
        while least < most:
            middle = (least + most + 1) // 2
            if self.get_string_width(line[:middle] + "…") <= width:
                least = middle
            else:
                most = middle - 1
        return line[:least].rstrip() + "…"

    @contextmanager
    def ink(self, grey: int) -> Iterator[None]:
        """Text in a shade, 0 black to 255 white, for the length of the block."""
        before = self.text_color
        self.set_text_color(grey)
        try:
            yield
        finally:
            self.text_color = before

    def footer(self) -> None:
        """The title and `page / pages`, on every page."""
        if not self._numbered:
            return
        self.set_y(-12)
        self.set_font(FONT, size=8)
        with self.ink(110):
            self.cell(self.epw - 30, 5, self.fitted(self._foot, self.epw - 32))
            self._as_it_is = True
            try:
                self.cell(30, 5, f"{self.page_no()} / {_PAGES}", align="R")
            finally:
                self._as_it_is = False

    def content(self) -> bytes:
        """The finished PDF."""
        return bytes(self.output())


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return "    "
    point = ord(character)
    if (
        point not in _glyphs()
        or unicodedata.category(character) in _HIDDEN
        or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
    ):
        return f"‹U+{point:04X}›"
    return character


@cache
def _glyphs() -> frozenset[int]:
    """Code points that both weights of the font can show."""
    shown: list[set[Any]] = []
    for name in _FILES.values():
        with TTFont(_FONTS / name, lazy=True) as font:
            shown.append(set(font.getBestCmap()))
    return frozenset(set.intersection(*shown))

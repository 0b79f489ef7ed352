"""What a written report is made of: questions in SQL, the figures they give, and a document of words, tables, charts.

A kind holds its questions and composes a document from figures alone, so the same figures give the same words in every
language and on every medium; `page` and infra's paper only draw it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from grafana.panel import Unit
from grafana.words import Colour, Language, Text

_PARAMETER: Final = re.compile(r"\{(\w+):([\w()]+)\}")
Tone = Literal["plain", "good", "bad", "careful"]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """One statement over public views with server-side parameters only, and what it answers in words.

    `given`: it is asked only where the question `there_is` names one of these, so that a site pays for what it does.
    """

    slug: str
    title: Text
    sql: str
    given: tuple[str, ...] = ()

    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, each once, as they come."""
        return tuple(dict.fromkeys(name for name, _ in _PARAMETER.findall(self.sql)))


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A figure that no statement gives alone: how it is worked out, and from which questions."""

    slug: str
    title: Text
    how: Text
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All a report says: what was asked for, the rows of every question by slug, and what was worked out of them."""

    kind: str
    site: str
    period: str
    parameters: Mapping[str, Any]
    answers: Mapping[str, Rows]
    worked: Mapping[str, Any] = field(default_factory=dict)


class Number(NamedTuple):
    """A figure as people read it, and the question or reckoning that gives it."""

    text: str
    source: str


class Name(NamedTuple):
    """A text of the data: shown as it is, whatever it holds."""

    text: str


Piece = str | Number | Name


class Sentence(NamedTuple):
    """Words with figures and names in them."""

    pieces: tuple[Piece, ...]
    tone: Tone = "plain"


class Cell(NamedTuple):
    """What stands in a table; figures stand to the right."""

    pieces: tuple[Piece, ...]
    colour: Colour = "text"
    right: bool = False


class Head(NamedTuple):
    """A column's heading; `wide` is its share of the width."""

    text: str
    right: bool = False
    wide: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; a last row of totals stands out."""

    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    total: bool = False


class Line(NamedTuple):
    """One series of a chart."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over days as columns, or of names as bars."""

    kind: Literal["time", "bars"]
    title: str
    names: tuple[str, ...]
    lines: tuple[Line, ...]
    source: str
    unit: Unit = "short"
    note: str = ""


class Stat(NamedTuple):
    """A large figure with what it is, and what stood there before."""

    title: str
    number: Number
    beside: str = ""


class Stats(NamedTuple):
    """Large figures in a row."""

    stats: tuple[Stat, ...]


Block = Sentence | Table | Chart | Stats


class Section(NamedTuple):
    """Blocks under a heading."""

    title: str
    blocks: tuple[Block, ...]


class Headline(NamedTuple):
    """A figure that a reader would miss if it changed: compared from revision to revision."""

    slug: str
    title: Text
    value: float | None
    unit: Unit
    source: str


class Source(NamedTuple):
    """An entry of the appendix: what was asked and with which parameters, or how it was worked out and of what."""

    slug: str
    title: str
    sql: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    how: str = ""
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A report in one language, ready to be drawn."""

    language: Language
    title: str
    about: tuple[tuple[str, Piece], ...]
    summary: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of report, defined once for both languages and both media; its parts take a `Telling` of the figures."""

    slug: str
    name: Text
    title: Callable[[Any], str]
    questions: tuple[Question, ...]
    reckonings: tuple[Reckoning, ...]
    headlines: Callable[[Figures], Sequence[Headline]]
    summary: Callable[[Any], Sequence[Sentence]]
    sections: Callable[[Any], Sequence[Section]]

    def question(self, slug: str) -> Question:
        """The question of that slug."""
        return next(one for one in self.questions if one.slug == slug)

"""What a dashboard is made of: panels, columns, variables, rows. Definitions only; `board_json` and `page` render them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grafana.words import NO_DATA, NOTHING, Colour, Text, Words

Kind = Literal["stat", "table", "time", "bars", "matrix", "nodes"]
Unit = Literal["string", "short", "percentunit", "currencyKRW", "s", "dateTimeAsIso", "date", "none"]


@dataclass(frozen=True, slots=True)
class Link:
    """The next question: a dashboard of ours, and a variable it opens with, taken from a column of the row."""

    board: str
    title: Text
    variable: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on, this colour."""

    value: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a panel's result: its heading, unit, words for its values, and what null is called."""

    name: str
    title: Text
    unit: Unit = "short"
    words: Words = field(default_factory=dict)
    empty: Text = NOTHING
    steps: tuple[Step, ...] = ()
    bar: bool = False
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One question with its answer in SQL. `edges` is the second query of a node graph.

    time: first column the time, then either one label and one value, or several values.
    bars: first column the label. matrix: row label, column label, value. stat: one row, first column large.
    """

    slug: str
    kind: Kind
    title: Text
    description: Text
    sql: str
    columns: tuple[Column, ...]
    next: Link
    unit: Unit = "short"
    width: int = 24
    height: int = 8
    stacked: bool = False
    edges: str = ""
    empty: Text = NO_DATA


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, laid out from left to right, 24 columns wide."""

    title: Text
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What a viewer chooses: by a query (value, or value and text), from a list of words, or by typing."""

    name: str
    label: Text
    sql: str = ""
    choices: Words = field(default_factory=dict)
    default: str = ""
    several: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Marks on the time axis: `time` in ms, `text` and `tags` of each row."""

    slug: str
    title: Text
    sql: str
    colour: Colour = "blue"


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard, in both languages."""

    slug: str
    title: Text
    description: Text
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    marks: tuple[Mark, ...] = ()

    def panels(self) -> Sequence[Panel]:
        """All panels in order."""
        return [panel for row in self.rows for panel in row.panels]


Boards = Mapping[str, Board]

"""Figures -> words: numbers in their unit with the question that gives them, names as they are, sentences around both."""

import json
import math
import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from grafana.panel import Unit
from grafana.reports.report import Cell, Figures, Head, Name, Number, Piece, Rows, Sentence, Tone
from grafana.words import ACTIONS, CHANNELS, NOTHING, TOO_FEW, Colour, Language, Text, Word
from grafana.writing import in_unit

NO_PAYMENTS: Final = Text("결제 자료 없음", "no payments")
FEWEST: Final = 10
"""A rate of fewer is not shown: too few."""
ALL_MODELS: Final = 5
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FORMAT: Final = string.Formatter()
Said = Piece | Sequence[Piece]


class Telling:
    """The figures of one report in one language."""

    def __init__(self, figures: Figures, language: Language) -> None:
        self.figures = figures
        self.language = language
        self._names = {str(row["channel"]): json.loads(row["names"] or "{}") for row in self.rows("names")}

    # The figures

    def rows(self, slug: str) -> Rows:
        """The rows of a question; none where it was not asked."""
        return self.figures.answers.get(slug, ())

    def row(self, slug: str) -> Mapping[str, Any]:
        """The only row of a question, empty where there is none."""
        found = self.rows(slug)
        return found[0] if found else {}

    def worked(self, slug: str) -> Any:
        """What was worked out; None where it could not be."""
        return self.figures.worked.get(slug)

    def day(self, parameter: str) -> date:
        """A parameter that is a day."""
        return date.fromisoformat(str(self.figures.parameters[parameter]))

    # Words

    def say(self, text: Text, **values: str) -> str:
        """A text in this language; `values` are words of ours."""
        return text.said_in(self.language).format(**values) if values else text.said_in(self.language)

    def sentence(self, text: Text, tone: Tone = "plain", **values: Said) -> Sentence:
        """A text with figures and names where it has {places}."""
        return Sentence(self.pieces(text, **values), tone)

    def pieces(self, text: Text, **values: Said) -> tuple[Piece, ...]:
        """The same as pieces alone."""
        made: list[Piece] = []
        for words, place, _, _ in _FORMAT.parse(text.said_in(self.language)):
            if words:
                made.append(words)
            if place:
                value = values[place]
                made += [value] if isinstance(value, (str, Number, Name)) else value
        return tuple(made)

    def channel(self, slug: str) -> Piece:
        """A channel by the name people know it by: the catalog's, else ours, else its slug."""
        named = self._names.get(slug, {}).get(self.language)
        if named:
            return Name(str(named))
        return CHANNELS[slug].text.said_in(self.language) if slug in CHANNELS else Name(slug)

    def listed(self, things: Iterable[Said]) -> tuple[Piece, ...]:
        """Things in a row, with commas."""
        made: list[Piece] = []
        for number, one in enumerate(things):
            made += [", "] if number else []
            made += [one] if isinstance(one, (str, Number, Name)) else one
        return tuple(made)

    def action(self, row: Mapping[str, Any]) -> Cell:
        """What to do about a channel, and how many models say so."""
        word: Word = ACTIONS.get(str(row["action"]), Word(Text(str(row["action"]), str(row["action"]))))
        told = word.text.said_in(self.language)
        if row["action"] in ("none", "no_spend", "no_payments", "too_little_data"):
            return Cell((told,), word.colour)
        agreed = self.number(row["action_agreement"], "short", "board")
        form = Text("{told} · 5개 모델 중 {agreed}", "{told} · {agreed} of 5")
        return Cell(self.pieces(form, told=told, agreed=agreed), word.colour)

    # Numbers

    def number(self, value: Any, unit: Unit, source: str, empty: Text = NOTHING) -> Piece:
        """A figure in its unit; what is not there is said by `empty`, never by a zero."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return empty.said_in(self.language)
        return Number(in_unit(_rounded(float(value)), unit, self.language), source)

    def count(self, value: Any, source: str, empty: Text = NOTHING) -> Piece:
        """A number of things or people."""
        return self.number(value, "short", source, empty)

    def won(self, value: Any, source: str, empty: Text = NOTHING) -> Piece:
        """Money."""
        return self.number(value, "currencyKRW", source, empty)

    def revenue(self, value: Any, source: str) -> Piece:
        """Money that came in; a site without one payment ever has none to speak of, which is no zero."""
        return self.won(value, source) if paid(self.figures) else self.say(NO_PAYMENTS)

    def percent(self, value: Any, source: str, empty: Text = NOTHING) -> Piece:
        """A ratio, cut to whole percent."""
        return self.number(value, "percentunit", source, empty)

    def rate(self, part: Any, whole: Any, source: str) -> Piece:
        """Two counts as a share: nothing where there is no whole, “too few” where it is too small to say."""
        return self.percent(share(part, whole), source, TOO_FEW if whole else NOTHING)

    def signed(self, value: Any, unit: Unit, source: str, empty: Text = NOTHING) -> Piece:
        """A change, with its sign."""
        found = self.number(None if value is None else abs(value), unit, source, empty)
        if not isinstance(found, Number):
            return found
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return Number(sign + found.text, source)

    def span(self, interval: Any, unit: Unit, source: str, *, signs: bool = False) -> Piece:
        """An interval, from low to high."""
        if interval is None:
            return self.say(NOTHING)
        low, high = (
            self.signed(end, unit, source) if signs else self.number(end, unit, source) for end in interval
        )
        ends = [one.text if isinstance(one, (Number, Name)) else one for one in (low, high)]
        return Number((" ~ " if self.language == "ko" else " to ").join(ends), source)

    def cell(self, piece: Said, colour: Colour = "text") -> Cell:
        """A cell of words, to the left."""
        return Cell((piece,) if isinstance(piece, (str, Number, Name)) else tuple(piece), colour)

    def figure(self, piece: Said, colour: Colour = "text") -> Cell:
        """A cell of a figure, to the right."""
        return self.cell(piece, colour)._replace(right=True)

    def heads(self, *heads: tuple[Text, bool, float]) -> tuple[Head, ...]:
        """Headings of a table: text, whether to the right, share of the width."""
        return tuple(Head(self.say(text), right, wide) for text, right, wide in heads)

    # Days

    def month(self, first: date) -> str:
        """A month by name."""
        return (
            f"{first.year}년 {first.month}월"
            if self.language == "ko"
            else f"{_MONTHS[first.month - 1]} {first.year}"
        )

    def days(self, first: date | str, last: date | str) -> str:
        """A period, both days included."""
        return f"{first} ~ {last}" if self.language == "ko" else f"{first} to {last}"


def _rounded(value: float) -> float:
    """Counts in parts come as nearest doubles: what is whole but for the last bit is whole."""
    return float(round(value)) if math.isfinite(value) and abs(value - round(value)) < 1e-9 else value


def paid(figures: Figures) -> bool:
    """Whether the site ever had a payment, without which revenue and ROI are nothing."""
    rows = figures.answers.get("site", ())
    return bool(rows and rows[0].get("paid"))


def share(part: Any, whole: Any, fewest: int = FEWEST) -> float | None:
    """Two counts -> their ratio; None where the whole is too few."""
    return part / whole if whole is not None and part is not None and whole >= fewest else None

"""Values as people read them: numbers in their unit, times in the zone of the page, hostile text as harmless text."""

import html
import math
import unicodedata
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from grafana.panel import Unit
from grafana.words import Language, Word, Words

_TURNS_OR_HIDES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(text: str) -> str:
    """Any text -> HTML that shows it; letters that turn the line or cannot be seen are shown by their code."""
    return html.escape("".join(map(_visible, text)), quote=True)


def _visible(letter: str) -> str:
    if letter in "\n\t":
        return " "
    return f"⟨U+{ord(letter):04X}⟩" if unicodedata.category(letter) in _TURNS_OR_HIDES else letter


def is_number(value: Any) -> bool:
    """Whether a value is measured: neither text nor moment nor null."""
    return not isinstance(value, (str, date, type(None), bool, list, tuple))


def said(value: Any, unit: Unit, words: Words, language: Language, zone: ZoneInfo) -> str:
    """A value that is not null -> how people read it, not yet safe for HTML."""
    if isinstance(value, str):
        return word_for(value, words, language)
    if isinstance(value, datetime):
        moment = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
        return moment.strftime("%Y-%m-%d" if unit == "date" else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return in_unit(float(value), unit, language)


def word_for(value: str, words: Words, language: Language) -> str:
    """A text -> its word, where it has one."""
    known: Word | None = words.get(value)
    return known.text.said_in(language) if known else value


def in_unit(number: float, unit: Unit, language: Language) -> str:
    """A number -> its text with the unit."""
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if unit == "percentunit":
        return f"{int(Fraction(repr(number)) * 100):,}%"
    if unit == "currencyKRW":
        won = f"{math.floor(abs(number) + 0.5):,}"
        return ("−" if number < 0 else "") + (f"{won}원" if language == "ko" else f"₩{won}")
    if unit == "s":
        return _duration(number, language)
    if number == int(number):
        return f"{int(number):,}"
    if unit == "none":
        return f"{number:,.2f}"
    return f"{number:,.1f}"


def _duration(seconds: float, language: Language) -> str:
    words = ("일", "시간", "분", "초") if language == "ko" else ("d", "h", "min", "s")
    left, parts = round(abs(seconds)), []
    for size, word in zip((86_400, 3_600, 60, 1), words, strict=True):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{word}" if language == "ko" else f"{count} {word}")
    return " ".join(parts[:2]) or ("0초" if language == "ko" else "0 s")


def short_number(number: float, unit: Unit, language: Language) -> str:
    """A number on an axis, where room is short."""
    if unit == "currencyKRW" and language == "ko" and abs(number) >= 10_000:
        return f"{number / 10_000:,.0f}만원"
    if unit in ("currencyKRW", "short", "none") and abs(number) >= 1_000_000:
        return f"{number / 1_000_000:,.1f}M"
    if unit in ("currencyKRW", "short", "none") and abs(number) >= 10_000:
        return f"{number / 1_000:,.0f}k"
    return in_unit(number, unit, language)

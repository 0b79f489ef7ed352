"""Paper: text as it is, nothing hidden in it, the font inside, the same bytes for the same content."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.printing import Paper, printable

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
FONTS = Path(__file__).resolve().parents[2] / "streams" / "fonts"


def paper(*texts: str) -> bytes:
    """A page with each text as heading, paragraph and cell."""
    made = Paper("보고서", created=NOW)
    made.add_page()
    for text in texts:
        made.heading(text, 2)
        made.paragraph(text)
    made.columns(
        ["채널", "금액"], [[text, "1,000"] for text in texts], widths=[3, 1], sides=["left", "right"]
    )
    return made.content()


def points(content: bytes) -> set[int]:
    """Every code point that the page's text has, by the maps a reader copies text with."""
    found: set[int] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        if b"begincmap" in stream:
            found |= {
                int(point, 16) for point in re.findall(rb"<([0-9A-Fa-f]{4})>\s*$", stream, re.MULTILINE)
            }
    return found


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("가나다 abc", "가나다 abc"),
        ("\u1100\u1161", "가"),
        ("a\u202eb", "a‹U+202E›b"),
        ("a\u200bb\ufeff", "a‹U+200B›b‹U+FEFF›"),
        ("\x00\x1b[31m", "‹U+0000›‹U+001B›[31m"),
        ("שלום", "‹U+05E9›‹U+05DC›‹U+05D5›‹U+05DD›"),
        ("a\tb\r\nc\rd", "a    b\nc‹U+000D›d"),
        ("😀", "‹U+1F600›"),
        ("\ue000\ue001", "‹U+E000›‹U+E001›"),
        ("\ud800", "‹U+D800›"),
        ("a\u00adb", "a‹U+00AD›b"),
    ],
)
def test_what_cannot_be_seen_is_shown(said: str, shown: str) -> None:
    assert printable(said) == shown
    assert printable(shown) == shown


def test_hostile_text_is_text() -> None:
    content = paper("**굵게** __x__ {nb} <b>태그</b>", "a\u202eb\u200bc\x07 אב", "=1+1", "--x--")
    there = points(content)
    assert {ord(one) for one in "굵게태그보고서채널금액{}<>*_=‹›"} <= there
    assert not {0x202E, 0x200B, 0x07, 0x5D0, 0xE000, 0xE001} & there


def test_only_the_glyphs_used_are_inside() -> None:
    assert len(paper("가나다")) < 60_000 < sum(path.stat().st_size for path in FONTS.glob("*.ttf"))


def test_the_same_content_gives_the_same_bytes() -> None:
    assert paper("가나다") == paper("가나다") != paper("라마바")


def test_a_text_is_cut_to_its_room() -> None:
    made = Paper("보고서", created=NOW)
    made.add_page()
    cut = made.fitted("가" * 500, 40)
    assert cut.endswith("…") and made.get_string_width(cut) <= 40 < made.get_string_width(cut[:-1] + "가…")
    assert made.fitted("가", 40) == "가"


def test_the_fonts_come_with_their_licence() -> None:
    licence = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in licence and "NAVER Corporation" in licence

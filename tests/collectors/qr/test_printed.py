"""What is printed is read by a decoder that is not ours: the PNG, the SVG, and every symbol of the PDF's pages."""

import io
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from schemas.catalog import Branch, CampaignEntry, ChannelEntry, QrCodeEntry, SiteEntry
from streams.collectors.definitions import Definitions
from streams.collectors.entries import admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.qr.codes import in_groups, new_code
from streams.collectors.qr.images import MARGIN, modules, png, svg
from streams.collectors.qr.making import code_body, referral_code_body
from streams.collectors.qr.sheet import (
    PrintedCode,
    business_name,
    link_of,
    print_sheet,
    printed_code,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ADDRESS = "https://hw.example.kr"
LINK = f"{ADDRESS}/q/7kgmw3xd9hpn"
_RECTANGLE = re.compile(rb"(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) re")
_FILLED = re.compile(rb"q ([\d.]+) 0 0 -\1 0 ([\d.]+) cm(.*?) f Q Q", re.DOTALL)


def read(image: Image.Image) -> list[zxingcpp.Barcode]:
    """Every QR symbol in an image."""
    return list(zxingcpp.read_barcodes(image))


def test_the_png_is_read_and_has_level_m_and_a_margin_of_four() -> None:
    image = Image.open(io.BytesIO(png(LINK, pixels_a_module=10))).convert("L")
    (found,) = read(image)
    assert (found.text, found.ec_level) == (LINK, "M")
    side = len(modules(LINK))
    assert image.size == (side * 10, side * 10)
    edge = MARGIN * 10
    assert (MARGIN, image.getbbox()) == (4, (0, 0, *image.size))
    assert Image.eval(image, lambda light: 255 - light).getbbox() == (
        edge,
        edge,
        *(size - edge for size in image.size),
    )


@pytest.mark.parametrize("turned", [0, 90, 180, 37])
def test_the_png_is_read_small_and_turned(turned: int) -> None:
    small = Image.open(io.BytesIO(png(LINK, pixels_a_module=3))).convert("L")
    assert [one.text for one in read(small.rotate(turned, expand=True, fillcolor=255))] == [LINK]


def test_the_svg_is_read() -> None:
    drawing = svg(LINK)
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', drawing)[1])  # type: ignore[index]
    scale = 6
    image = Image.new("L", (side * scale, side * scale), 255)
    pen = ImageDraw.Draw(image)
    for left, top, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", drawing):
        assert width == back
        x, y = int(left) * scale, int(top) * scale
        pen.rectangle((x, y, x + int(width) * scale - 1, y + scale - 1), fill=0)
    (found,) = read(image)
    assert (found.text, found.ec_level) == (LINK, "M")
    assert not re.search(r"script|href|on\w+=|<!", drawing)


def pages(content: bytes) -> Iterator[Image.Image]:
    """A PDF -> its filled shapes, page by page, as anybody draws them who knows `re` and `f`."""
    scale = 3
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            drawn = zlib.decompress(stream)
        except zlib.error:
            continue
        if b" Tj " not in drawn:
            continue
        image = Image.new("L", (596 * scale, 842 * scale), 255)
        pen = ImageDraw.Draw(image)
        for unit, height, shape in _FILLED.findall(drawn):
            assert float(height) == pytest.approx(841.89)
            for rectangle in _RECTANGLE.findall(shape):
                x, y, width, depth = (float(one) * float(unit) * scale for one in rectangle)
                pen.rectangle((round(x), round(y), round(x + width) - 1, round(y + depth) - 1), fill=0)
        yield image


def sheet_of(count: int) -> tuple[list[PrintedCode], bytes]:
    """So many codes and their sheet."""
    codes = []
    for number in range(count):
        code = new_code()
        codes.append(
            PrintedCode(
                code,
                link_of(ADDRESS, code),
                channel="전단지",
                campaign="봄 신학기",
                placement=f"상가 {number}",
            )
        )
    return codes, print_sheet(codes, business="물길아동발달센터", created=NOW)


def test_every_symbol_of_the_sheet_is_read_page_by_page() -> None:
    codes, content = sheet_of(11)
    found = [sorted(one.text for one in read(page)) for page in pages(content)]
    links = [one.link for one in codes]
    assert found == [sorted(links[:8]), sorted(links[8:])]


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) is not there")
def test_the_sheet_is_read_as_poppler_draws_it(tmp_path: Path) -> None:
    codes, content = sheet_of(3)
    (tmp_path / "sheet.pdf").write_bytes(content)
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "sheet.pdf", "page"], cwd=tmp_path, check=True, timeout=60
    )
    (page,) = tmp_path.glob("page*.png")
    assert sorted(one.text for one in read(Image.open(page))) == sorted(one.link for one in codes)


def test_a_field_has_the_names_that_people_know(tmp_path: Path) -> None:
    definitions = Definitions(tmp_path)
    body = code_body(
        "clinic",
        "7kgmw3xd9hpn",
        day=date(2026, 3, 2),
        stands_for={
            "channel": "flyer",
            "campaign": "spring",
            "placement": "정자동 상가",
            "branch": "bundang",
        },
        destination="https://www.example.kr/",
        expires_on=date(2026, 12, 31),
    )
    personal = referral_code_body("clinic", "2x7srdcnj642", "L-1", day=date(2026, 3, 2))
    entries = admit_entries([body, personal], Pseudonyms(tmp_path), now=NOW)
    definitions.learn(
        [
            SiteEntry(
                site="clinic",
                id="clinic",
                defined_at=NOW,
                name={"ko": "물길센터", "en": "Mulgil"},
                branches=[Branch(id="bundang", name="분당점")],
            ),
            ChannelEntry(site="clinic", id="flyer", defined_at=NOW, name="전단지"),
            CampaignEntry(
                site="clinic", id="spring", defined_at=NOW, name={"ko": "봄 신학기", "en": "Spring"}
            ),
            *entries,
        ]
    )
    flyer, friend = (one for one in entries if isinstance(one, QrCodeEntry))
    field = printed_code(definitions, flyer, ADDRESS, day=date(2026, 3, 2))
    assert field == PrintedCode(
        code="7kgmw3xd9hpn",
        link=LINK,
        channel="전단지",
        campaign="봄 신학기",
        placement="정자동 상가",
        branch="분당점",
        expires_on=date(2026, 12, 31),
    )
    english = printed_code(definitions, flyer, ADDRESS, day=date(2026, 3, 2), language="en")
    assert (english.campaign, english.channel) == ("Spring", "전단지")
    assert replace(
        printed_code(definitions, friend, ADDRESS, day=date(2026, 3, 2)), code="", link=""
    ) == PrintedCode("", "", channel="지인 소개", referrer="L-1")
    assert (business_name(definitions, "clinic"), business_name(definitions, "other")) == (
        "물길센터",
        "other",
    )
    assert in_groups(field.code) == "7kgm w3xd 9hpn"


def test_hostile_names_do_not_break_the_sheet() -> None:
    hostile = [
        "\u202eevil",
        "<b>&amp;",
        "=cmd()",
        "{nb}",
        "가" * 4_000,
        "a" * 4_000,
        "\x00\x1b[31m",
        "😀",
        "\n\n\n",
        "(a) Tj",
    ]
    codes = []
    for text in hostile:
        code = new_code()
        codes.append(PrintedCode(code, link_of(ADDRESS, code), text, text, text, text, text, text, text))
    content = print_sheet(codes, business="\u202e)" * 50, created=NOW)
    assert sorted(one.text for page in pages(content) for one in read(page)) == sorted(
        one.link for one in codes
    )

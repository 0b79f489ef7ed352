"""Codes -> a sheet for the printer: each symbol with the channel, campaign and place it is for, and cutting lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, cast

from schemas.catalog import CampaignEntry, CatalogEntry, ChannelEntry, QrCodeEntry, SiteEntry
from streams.collectors.definitions import Definitions
from streams.collectors.qr.codes import in_groups
from streams.collectors.qr.images import runs
from streams.collectors.qr.targets import assignment_on
from streams.domain.catalog import SHIPPED_CHANNELS, names_of
from streams.printing import FONT, Paper

Language = Literal["ko", "en"]

_ACROSS: Final = 2
_DOWN: Final = 4
_MARGIN: Final = 12.0
_TOP: Final = 26.0
_HEIGHT: Final = 63.0
_SYMBOL: Final = 42.0
_PADDING: Final = 4.0
_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "ko": {
        "title": "QR 인쇄 시트",
        "printer": "인쇄소: 검은색 100%, 한 변 20 mm 이상, 흰 여백(4칸) 유지, 늘이거나 기울이지 마세요.",
        "channel": "채널",
        "campaign": "캠페인",
        "placement": "위치",
        "until": "{day}까지",
        "referral": "소개 코드",
    },
    "en": {
        "title": "QR codes to print",
        "printer": "Printer: solid black, at least 20 mm wide, keep the white margin, do not stretch or slant.",
        "channel": "Channel",
        "campaign": "Campaign",
        "placement": "Place",
        "until": "until {day}",
        "referral": "Referral code",
    },
}


@dataclass(frozen=True)
class PrintedCode:
    """One field of the sheet: what the symbol says and the words beside it."""

    code: str
    link: str
    name: str = ""
    channel: str = ""
    campaign: str = ""
    placement: str = ""
    branch: str = ""
    print_run: str = ""
    referrer: str = ""
    expires_on: date | None = None


def link_of(public_url: str, code: str) -> str:
    """The collector's public address and a code -> what the symbol says."""
    return f"{public_url}/q/{code}"


def printed_code(
    definitions: Definitions,
    entry: QrCodeEntry,
    public_url: str,
    *,
    day: date,
    language: Language = "ko",
    channel_names: Mapping[str, Mapping[str, str]] | None = None,
) -> PrintedCode:
    """A code as it is defined -> its field of the sheet, ids replaced by the names that people know."""
    site = entry.site
    held = assignment_on(entry, day)
    channel = (held and held.channel) or ""
    campaign = (held and held.campaign) or ""
    branch = (held and held.branch) or ""
    known = {**{slug: one.names for slug, one in SHIPPED_CHANNELS.items()}, **(channel_names or {})}
    return PrintedCode(
        code=entry.id,
        link=link_of(public_url, entry.id),
        name=_said(entry.name, language),
        channel=_named(definitions.entry(site, "channel", channel), language)
        or _said(dict(known.get(channel) or {}), language)
        or channel,
        campaign=_named(definitions.entry(site, "campaign", campaign), language) or campaign,
        placement=(held and held.placement) or "",
        branch=_branch(definitions.entry(site, "site", site), branch, language),
        print_run=(held and held.print_run) or "",
        referrer=(held and held.referrer) or "",
        expires_on=entry.expires_on,
    )


def business_name(definitions: Definitions, site: str, language: Language = "ko") -> str:
    """A site -> its name, else its slug."""
    return _named(definitions.entry(site, "site", site), language) or site


def print_sheet(
    codes: Sequence[PrintedCode], *, business: str, created: datetime, language: Language = "ko"
) -> bytes:
    """Codes -> a PDF, eight to a page, the symbols as shapes that no printer blurs."""
    words = _WORDS[language]
    paper = Paper(f"{business} · {words['title']}", created=created, language=language)
    paper.set_auto_page_break(False)
    width = (paper.w - 2 * _MARGIN) / _ACROSS
    for place, code in enumerate(codes):
        on_page = place % (_ACROSS * _DOWN)
        if on_page == 0:
            _begin_page(paper, business, words)
        down, across = divmod(on_page, _ACROSS)
        _field(paper, code, words, _MARGIN + across * width, _TOP + down * _HEIGHT, width)
    return paper.content()


def _begin_page(paper: Paper, business: str, words: Mapping[str, str]) -> None:
    paper.add_page()
    paper.set_xy(_MARGIN, 10)
    paper.set_font(FONT, "B", 14)
    paper.cell(0, 7, paper.fitted(f"{business} · {words['title']}", paper.w - 2 * _MARGIN))
    paper.set_xy(_MARGIN, 17.5)
    paper.set_font(FONT, size=8)
    with paper.ink(90):
        paper.cell(0, 5, words["printer"])


def _field(
    paper: Paper, code: PrintedCode, words: Mapping[str, str], left: float, top: float, width: float
) -> None:
    paper.set_draw_color(190)
    paper.set_line_width(0.2)
    paper.rect(left, top, width, _HEIGHT)
    _symbol(paper, code.link, left + _PADDING, top + _PADDING)
    beside = left + 2 * _PADDING + _SYMBOL
    room = left + width - _PADDING - beside
    y = top + _PADDING + 1
    heading = code.name or code.channel or words["referral"]
    y = _lines(paper, heading, beside, y, room, points=12, bold=True, most=2)
    if code.channel and code.channel != heading:
        y = _told(paper, words["channel"], code.channel, beside, y, room, most=1)
    for word, text, most in (("campaign", code.campaign, 1), ("placement", code.placement, 2)):
        if text:
            y = _told(paper, words[word], text, beside, y, room, most=most)
    until = words["until"].format(day=code.expires_on) if code.expires_on is not None else ""
    if last := " · ".join(part for part in (code.referrer, code.branch, code.print_run, until) if part):
        _lines(paper, last, beside, y + 0.5, room, points=8, grey=True, most=2)
    below = top + _PADDING + _SYMBOL + 1
    paper.set_font(FONT, "B", 10)
    paper.set_xy(left + _PADDING, below)
    paper.cell(_SYMBOL, 5, in_groups(code.code), align="C")
    _lines(paper, code.link, left + _PADDING, below + 6, width - 2 * _PADDING, points=7, grey=True, most=2)


def _symbol(paper: Paper, link: str, left: float, top: float) -> None:
    modules, dark = runs(link)
    side = _SYMBOL / modules
    with paper.new_path() as path:  # one shape: between several, a screen shows hairlines
        path.style.fill_color = "#000000"
        path.style.stroke_color = None
        for run in dark:
            path.rectangle(left + run.left * side, top + run.top * side, run.width * side, side)


def _told(paper: Paper, word: str, text: str, left: float, top: float, width: float, *, most: int) -> float:
    below = _lines(paper, word, left, top, width, points=7, grey=True)
    return _lines(paper, text, left, below - 0.6, width, points=9.5, most=most) + 0.8


def _lines(
    paper: Paper,
    text: str,
    left: float,
    top: float,
    width: float,
    *,
    points: float,
    bold: bool = False,
    grey: bool = False,
    most: int = 1,
) -> float:
    """A text in at most so many lines -> the height below it."""
    paper.set_font(FONT, "B" if bold else "", points)
    height = points * 0.46
    broken = paper.multi_cell(width, height, text, dry_run=True, output="LINES")
    lines = cast("list[str]", broken)
    if len(lines) > most:
        rest = " ".join(line.strip() for line in lines[most - 1 :])
        lines = [*lines[: most - 1], paper.fitted(rest, width - 2 * paper.c_margin)]
    with paper.ink(110 if grey else 0):
        for line in lines:
            paper.set_xy(left, top)
            paper.cell(width, height, line.strip())
            top += height
    return top


def _named(entry: CatalogEntry | None, language: Language) -> str:
    return _said(entry.name, language) if isinstance(entry, (SiteEntry, ChannelEntry, CampaignEntry)) else ""


def _said(name: object, language: Language) -> str:
    names = names_of(name)
    return names.get(language) or next(iter(names.values()), "")


def _branch(site: CatalogEntry | None, slug: str, language: Language) -> str:
    branches = (site.branches or ()) if isinstance(site, SiteEntry) else ()
    for branch in branches:
        if not isinstance(branch, str) and branch.id == slug:
            return _said(branch.name, language) or slug
    return slug

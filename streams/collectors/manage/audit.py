"""The channel audit: what is paid where -> channels, links and codes, the desk's menu, and what it costs a month.

Rows come from a sheet or from the form, always as texts; both are read here and refused cell by cell. The person
responsible (담당) is shown back to whoever sent it and goes nowhere else: no entry and no event has a field for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import orjson
from yarl import URL

from schemas.catalog import CatalogEntry, ChannelEntry, QrCodeEntry, SiteEntry
from schemas.reading import read_entry
from streams.collectors.importers.cells import Unreadable, folded, masked_digits, text, won
from streams.collectors.importers.drafts import Refusal
from streams.collectors.importers.records import slug_of
from streams.collectors.manage.channel_names import Way, slug_for, way_of
from streams.collectors.manage.laying import laid_over
from streams.collectors.manage.links import address_of, channel_found, tagged
from streams.collectors.manage.monthly_spend import Cell, months_from
from streams.collectors.qr.making import code_body

MOST_ROWS: Final = 200
LONGEST_NAME: Final = 60
LONGEST_PLACEMENT: Final = 120
COLUMNS: Final = ("name", "monthly_cost", "placement", "responsible", "branch", "link", "way")
INTERNET: Final = "internet"
"""The channel of somebody who says "the internet" and no more."""
_THE_INTERNET: Final = {"ko": "인터넷", "en": "The internet"}
_ONLY_TOLD: Final = {"ko": "인터넷 (답변)", "en": "The internet (told)"}
_NOT_SURE: Final = {"ko": "인터넷 (더는 모름)", "en": "The internet (no more known)"}
WAYS: Final[Mapping[str, Way]] = {"print": "print", "link": "link", "told": "told"}


class RawRow(NamedTuple):
    """One line as somebody typed it: column -> text; what is not said is absent."""

    line: int
    texts: Mapping[str, str]


@dataclass(frozen=True)
class AuditRow:
    """One line that could be read; a cost of None was not said, a cost of 0 means it is free."""

    line: int
    name: str
    slug: str
    monthly_cost: int | None
    placement: str
    branch: str
    link: str
    way: Way


@dataclass(frozen=True)
class Given:
    """What is defined already, and where links lead that say nothing else."""

    site: str
    today: date
    home_page: str = ""
    site_entry: SiteEntry | None = None
    channels: Sequence[ChannelEntry] = ()
    codes: Sequence[QrCodeEntry] = ()
    branches: Mapping[str, str] = field(default_factory=dict)
    channel_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def branch_slugs(self) -> frozenset[str]:
        """The branches that the site declares."""
        return frozenset(self.site_entry.branch_slugs if self.site_entry else ())

    def defined(self, slug: str) -> ChannelEntry | None:
        """A channel's entry, if there is one."""
        return next((one for one in self.channels if one.id == slug), None)


@dataclass(frozen=True)
class Placed:
    """A row's own link: the address it leads to, its UTM form, and the code that stands for it already, if any."""

    row: AuditRow
    destination: str
    tagged: str
    code: QrCodeEntry | None
    counted_as: str


@dataclass(frozen=True)
class Plan:
    """What confirming would define and record."""

    rows: Sequence[AuditRow]
    channels: Sequence[dict[str, Any]]
    menu: Sequence[Mapping[str, Any]]
    site: dict[str, Any] | None
    placed: Sequence[Placed]
    cells: Sequence[Cell]

    def entries(self, new_code: Callable[[], str], given: Given) -> list[dict[str, Any]]:
        """The entries to define, with a new code for every place that has none."""
        made = [
            code_entry(given.site, new_code(), one, given.today) for one in self.placed if one.code is None
        ]
        moved = [
            laid_over(one.code, "qr_code", given.site, one.code.id, {"destination": one.destination})
            for one in self.placed
            if one.code is not None and one.code.destination != one.destination
        ]
        return [*([self.site] if self.site else []), *self.channels, *made, *moved]


def read_rows(raws: Iterable[RawRow], given: Given) -> tuple[list[AuditRow], list[Refusal]]:
    """Lines as typed -> those that can be read, and a refusal for each of the others."""
    rows: list[AuditRow] = []
    refusals: list[Refusal] = []
    names = dict(given.channel_names)
    taken = {one.id: _first_name(one) for one in given.channels}
    said: dict[tuple[str, str, str], int] = {}
    for raw in raws:
        if not any(value.strip() for name, value in raw.texts.items() if name != "responsible"):
            continue
        found = _row(raw, given, names, taken)
        if isinstance(found, AuditRow):
            key = (found.slug, found.branch, folded(found.placement))
            if key in said:
                fix = "each place once, or another placement"
                found = Refusal(
                    found.line, "placement", f"the same channel and place as line {said[key]}", fix
                )
            else:
                said[key] = found.line
                names[folded(found.name)] = found.slug
                taken.setdefault(found.slug, folded(found.name))
        if isinstance(found, Refusal):
            refusals.append(found)
        elif len(rows) >= MOST_ROWS:
            refusals.append(Refusal(found.line, "", "one line too many", f"at most {MOST_ROWS} lines"))
            break
        else:
            rows.append(found)
    return rows, refusals


def plan(rows: Sequence[AuditRow], given: Given, first_month: date, months: int) -> Plan:
    """Lines that can be read -> everything they ask for, beside what is defined already."""
    channels = _channels(rows, given)
    together: list[CatalogEntry] = [
        *(one for one in given.channels if one.id not in {body["id"] for body in channels})
    ]
    together += [_entry(body) for body in channels]
    placed = [_placed(row, given, together) for row in rows if row.way != "told"]
    menu = menu_of(rows, given)
    asked = {one["channel"] for item in menu for one in item.get("which", ())}
    if INTERNET in asked and given.defined(INTERNET) is None:
        channels = [*channels, laid_over(None, "channel", given.site, INTERNET, {"name": dict(_ONLY_TOLD)})]
    answers = answers_of(rows, given)
    return Plan(
        rows=rows,
        channels=channels,
        menu=menu,
        site=_site(given, menu, answers, placed),
        placed=placed,
        cells=list(_cells(rows, first_month, months)),
    )


def answers_of(rows: Sequence[AuditRow], given: Given) -> dict[str, str]:
    """What words mean, label -> channel: what is there stays, each new channel gets its name."""
    answers = dict((given.site_entry.answers if given.site_entry else None) or {})
    for row in rows:
        if row.slug not in answers.values():
            label = row.name if row.name not in answers else f"{row.name} ({row.slug})"
            answers[label] = row.slug
    return answers


def menu_of(rows: Sequence[AuditRow], given: Given) -> list[dict[str, Any]]:
    """The desk's buttons in their order: those that are there, then the new channels in the sheet's order.

    A first menu with several channels on the web ends with "the internet", which asks which of them it was.
    """
    menu = menu_there(given.site_entry)
    there = {one.get("channel") for item in menu for one in (item, *item.get("which", ()))}
    new = list({row.slug: row for row in reversed(rows) if row.slug not in there}.values())[::-1]
    menu += [{"label": row.name, "channel": row.slug} for row in new]
    online = {row.slug: {"label": row.name, "channel": row.slug} for row in rows if row.way == "link"}
    first = given.site_entry is None or not given.site_entry.menu
    if first and len(online) > 1 and INTERNET not in there:
        which = [*online.values(), {"label": dict(_NOT_SURE), "channel": INTERNET}]
        menu.append({"label": dict(_THE_INTERNET), "which": which})
    return menu


def menu_there(site: SiteEntry | None) -> list[dict[str, Any]]:
    """A site -> its desk's buttons as they are written: its menu, else one for each of its answers."""
    if site is None:
        return []
    if site.menu:
        return [one.model_dump(exclude_none=True) for one in site.menu]
    return [{"label": label, "channel": channel} for label, channel in (site.answers or {}).items()]


def code_entry(site: str, code: str, placed: Placed, today: date) -> dict[str, Any]:
    """A place -> the entry of a code of its own, from today on."""
    row = placed.row
    return code_body(
        site,
        code,
        day=today,
        stands_for={"channel": row.slug, "placement": row.placement, "branch": row.branch},
        destination=placed.destination,
        name=f"{row.name} · {row.placement}" if row.placement else row.name,
    )


def _row(raw: RawRow, given: Given, names: Mapping[str, str], taken: Mapping[str, str]) -> AuditRow | Refusal:
    column = "name"
    try:
        name = _plain(raw, "name", LONGEST_NAME)
        if not name:
            raise Unreadable("nothing", "the channel's name, like 네이버 블로그")
        column = "monthly_cost"
        cost = _cost(raw.texts.get("monthly_cost", ""))
        column = "placement"
        placement = _plain(raw, "placement", LONGEST_PLACEMENT)
        column = "branch"
        branch = _branch(raw.texts.get("branch", ""), given)
        column = "link"
        link = text(raw.texts.get("link", ""))
        if link:
            link = address_of(link).target
        column = "way"
        way = _way(text(raw.texts.get("way", ""))) or way_of(name, placement, bool(link))
        column = "link"
        if way != "told" and not (link or given.home_page):
            raise Unreadable("nothing", "where it leads: an address here, or the home page above")
    except Unreadable as wrong:
        return Refusal(raw.line, column, wrong.found, wrong.fix)
    slug = slug_for(name, names, taken)
    return AuditRow(raw.line, name, slug, cost, placement, branch, link, way)


def _plain(raw: RawRow, column: str, longest: int) -> str:
    """A text that will be seen by everybody: short, and no telephone number or address in it."""
    said = text(raw.texts.get(column, ""))
    if len(said) > longest:
        raise Unreadable(f"{len(said)} characters", f"at most {longest}")
    if any(not character.isprintable() for character in said):
        raise Unreadable("a character that cannot be seen", "letters, digits and spaces")
    if masked_digits(said) != said or "@" in said:
        raise Unreadable("a telephone number or an e-mail address", "words only; it is kept and shown")
    return said


def _cost(said: str) -> int | None:
    if not text(said) or text(said) in ("-", "–"):
        return None
    amount = won(said)
    if amount < 0:
        raise Unreadable("a negative amount", "what it costs a month, like 600,000")
    return amount


def _branch(said: str, given: Given) -> str:
    if not text(said):
        return ""
    found = slug_of(said, given.branches, "branch")
    if given.branch_slugs and found not in given.branch_slugs:
        known = ", ".join(sorted(given.branch_slugs))
        raise Unreadable("a branch that the business does not have", f"one of {known}")
    return found


def _way(said: str) -> Way | None:
    if not said:
        return None
    if said not in WAYS:
        raise Unreadable("something else", "print, link or told")
    return WAYS[said]


def _channels(rows: Sequence[AuditRow], given: Given) -> list[dict[str, Any]]:
    """The channels that are new, or that must learn something: a rule for their links, or that they are free."""
    bodies = []
    for slug in dict.fromkeys(row.slug for row in rows):
        own = [row for row in rows if row.slug == slug]
        entry = given.defined(slug)
        changes: dict[str, Any] = {}
        if entry is None or entry.name is None:
            changes["name"] = own[0].name
        costs = {row.monthly_cost for row in own}
        if costs == {0} and (entry is None or entry.free is None) and slug != "referral":
            changes["free"] = True
        if any(row.way != "told" for row in own):
            link = tagged("https://home.invalid/", slug)
            if channel_found(link, given.channels) != slug:
                sets = [
                    [one.model_dump(exclude_none=True) for one in rules]
                    for rules in (entry.rule_sets if entry else ())
                ]
                changes["rules"] = [*sets, [{"field": "utm_source", "equals": slug}]]
        if changes:
            bodies.append(laid_over(entry, "channel", given.site, slug, changes))
    return bodies


def _placed(row: AuditRow, given: Given, channels: Sequence[CatalogEntry]) -> Placed:
    code = next((one for one in given.codes if _stands_for(one, row, given.today)), None)
    destination = row.link or (code.destination if code else None) or given.home_page
    link = tagged(destination, row.slug, row.placement)
    return Placed(
        row=row,
        destination=destination,
        tagged=link,
        code=code,
        counted_as=channel_found(link, channels),
    )


def _stands_for(code: QrCodeEntry, row: AuditRow, today: date) -> bool:
    if code.disabled:
        return False
    return any(
        one.covers(today)
        and one.channel == row.slug
        and folded(one.placement or "") == folded(row.placement)
        and (one.branch or "") == row.branch
        and not one.referrer
        for one in code.assignments or ()
    )


def _site(
    given: Given,
    menu: Sequence[Mapping[str, Any]],
    answers: Mapping[str, str],
    placed: Sequence[Placed],
) -> dict[str, Any] | None:
    """The site's entry with answers, menu and the hosts its links lead to, if anything in it is new."""
    entry = given.site_entry
    hosts = list((entry.hosts if entry else None) or ())
    new = [URL(one.destination, encoded=True).raw_host for one in placed]
    wanted = [*hosts, *dict.fromkeys(host for host in new if host and host not in hosts)]
    changes: dict[str, Any] = {}
    if answers != ((entry.answers if entry else None) or {}):
        changes["answers"] = dict(answers)
    if menu and (entry is None or not entry.menu or list(menu) != menu_there(entry)):
        changes["menu"] = list(menu)
    if wanted != hosts:
        changes["hosts"] = wanted
    return laid_over(entry, "site", given.site, given.site, changes) if changes else None


def _cells(rows: Sequence[AuditRow], first_month: date, months: int) -> Iterator[Cell]:
    """A month's cost of each channel and branch: lines of one channel add up."""
    costs: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.monthly_cost is not None:
            key = (row.slug, row.branch)
            costs[key] = costs.get(key, 0) + row.monthly_cost
    for month in months_from(first_month, months):
        for (channel, branch), amount in costs.items():
            yield Cell(month, channel, branch, amount)


def _first_name(entry: ChannelEntry) -> str:
    name = entry.name
    if name is None:
        return ""
    return folded(name if isinstance(name, str) else next(iter(name.values())))


def _entry(body: Mapping[str, Any]) -> CatalogEntry:
    return read_entry(orjson.dumps({"defined_at": "2000-01-01T00:00:00Z", **body}))

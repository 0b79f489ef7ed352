"""A site's definitions as the core uses them: every entry laid over what ships, read once per change."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from schemas.catalog import CatalogEntry
from streams.domain.attribution import AttributionSettings
from streams.domain.channels import ChannelRules, Condition, rule_sets
from streams.domain.days import Calendar, day_of
from streams.domain.facts import Told, named
from streams.domain.phones import e164
from streams.domain.ruling import AS_DEFINED, Ruling

DEFAULT_STAGES: Final = ("inquiry", "consult", "registration")
NEVER_LISTED: Final = ("lost", "dormant")
MESSAGE_CHANNELS: Final = {"email": "email", "sms": "sms", "alimtalk": "messenger", "push": "push"}
WORD_OF_MOUTH: Final = "word_of_mouth"
DEFINED: Final = frozenset(("goal", "segment", "experiment", "keyword_list", "tool", "content"))
EntryKey = tuple[str, str]  # kind, id
OWNED_MEDIA: Final = ("reference_cpc", "reference_cpv", "contribution_margin", "baseline_monthly_revenue")


class Channel(NamedTuple):
    """A channel's own kind ('' if none), whether it is free, its name per language, staff hours a month, rule sets."""

    kind: str
    free: bool
    names: Mapping[str, str]
    hours_limit: float | None = None
    rules: tuple[tuple[Condition, ...], ...] = ()


SHIPPED_CHANNELS: Final[Mapping[str, Channel]] = {
    "referral": Channel(WORD_OF_MOUTH, True, {"ko": "지인 소개", "en": "Referral"}),
}


class Assignment(NamedTuple):
    """What a QR code or a number stood for from one local day to another, both inclusive."""

    first_day: int
    last_day: int
    channel: str
    campaign: str
    keyword: str
    ad_group: str
    pool: bool
    id: str


class Campaign(NamedTuple):
    """Budget in won, inclusive local days (None: open), and the goal."""

    id: str
    name: str
    channel: str
    budget: int
    starts_on: int | None
    ends_on: int | None
    goal_metric: str
    goal_count: float | None


class Thresholds(NamedTuple):
    """Bands of ROI, and the conversions below which nothing is said."""

    stop: float = 1.0
    increase: float = 3.0
    too_little: float = 3.0


def _day(date: Any, absent: int) -> int:
    return absent if date is None else day_of(date)


def _name(name: Any, language: str = "ko") -> str:
    if name is None:
        return ""
    if isinstance(name, str):
        return name
    names = names_of(name)
    return names.get(language) or next(iter(names.values()), "")


def names_of(name: Any) -> dict[str, str]:
    """A name per language from a plain string or an object of languages."""
    if name is None:
        return {}
    if isinstance(name, str):
        return {"ko": name, "en": name}
    return {str(key): str(value) for key, value in name.items()}


def _assignments(entry: Any) -> list[Assignment]:
    found = [
        Assignment(
            _day(one.from_day, -(10**9)),
            _day(one.to_day, 10**9),
            one.channel or "",
            one.campaign or "",
            one.keyword or "",
            one.ad_group or "",
            bool(one.pool),
            one.id or "",
        )
        for one in entry.assignments or ()
    ]
    return sorted(found)


def _on_day(assignments: Iterable[Assignment], day: int) -> Assignment | None:
    for one in assignments:
        if one.first_day <= day <= one.last_day:
            return one
    return None


def defined_anew(
    entries: Mapping[EntryKey, CatalogEntry], before: Mapping[EntryKey, CatalogEntry]
) -> dict[EntryKey, CatalogEntry]:
    """Those of a site's newest entries that are published as they were said, and are other ones than before.

    Equal is not enough: one instant may be spelt in two ways, and what is published must not depend on which came first.
    """
    return {
        key: entry for key, entry in entries.items() if key[0] in DEFINED and entry is not before.get(key)
    }


class SiteCatalog:
    """Everything a site's entries say under a ruling; `entries` maps (kind, id) to the newest entry of each."""

    def __init__(
        self, site: str, entries: Mapping[tuple[str, str], CatalogEntry], ruling: Ruling = AS_DEFINED
    ) -> None:
        self.site = site
        own: Any = next((entry for (kind, _), entry in sorted(entries.items()) if kind == "site"), None)
        self._read_site(own, ruling)
        self.channels: dict[str, Channel] = dict(SHIPPED_CHANNELS)
        rules = []
        self.campaigns: dict[str, Campaign] = {}
        self._aliases: dict[str, str] = {}
        self.codes: dict[str, list[Assignment]] = {}
        self.numbers: dict[str, list[Assignment]] = {}
        for (kind, id), entry in sorted(entries.items(), key=lambda item: item[0]):
            one: Any = entry
            if kind == "channel":
                shipped = SHIPPED_CHANNELS.get(id, Channel("", False, {}))
                self.channels[id] = Channel(
                    shipped.kind if one.channel_kind is None else one.channel_kind,
                    shipped.free if one.free is None else one.free,
                    names_of(one.name) or shipped.names,
                    one.hours_limit,
                    tuple(tuple(conditions) for conditions in rule_sets(one.rule_sets)),
                )
                if one.rule_sets:
                    rules.append((id, one.rule_sets))
            elif kind == "campaign":
                self.campaigns[id] = Campaign(
                    id,
                    _name(one.name),
                    one.channel or "",
                    one.budget or 0,
                    None if one.starts_on is None else _day(one.starts_on, 0),
                    None if one.ends_on is None else _day(one.ends_on, 0),
                    one.goal_metric or "",
                    None if one.goal_count is None else float(one.goal_count),
                )
                for alias in one.utm_campaign or ():
                    self._aliases.setdefault(alias, id)
            elif kind == "qr_code":
                self.codes[id] = _assignments(one)
            elif kind == "tracking_number":
                self.numbers[e164(id) or id] = _assignments(one)
        self._rules_key = tuple((id, repr(rule)) for id, rule in rules)
        self.rules = ChannelRules(rules)
        self.word_of_mouth = frozenset(
            slug for slug, one in self.channels.items() if one.kind == WORD_OF_MOUTH
        )

    def _read_site(self, own: Any, ruling: Ruling) -> None:
        self.name = _name(own.name) if own else ""
        self.branches: tuple[str, ...] = tuple(own.branch_slugs) if own else ()
        self.time_zone = (own and own.time_zone) or "Asia/Seoul"
        self.calendar = Calendar(self.time_zone)
        self.currency = (own and own.currency) or "KRW"
        self.ltv_months = own.ltv_months if own else None
        self.ltv_monthly_revenue = own.ltv_monthly_revenue if own else None
        self.staff_hourly_rate = (own and own.staff_hourly_rate) or 0
        self.roi_months: int | None = own.roi_months if own else None
        self.call_inquiries = bool(own and own.call_inquiries == "answered")
        self.answers: dict[str, str] = dict(own.answers or {}) if own else {}
        self.cac_target = own.cac_target if own else None
        self.owned = {name: getattr(own, name, None) for name in OWNED_MEDIA}
        self.opening_hours: dict[str, list[str]] = dict(own.opening_hours or {}) if own else {}
        self.holidays: tuple[str, ...] = (
            tuple(sorted({one.isoformat() for one in own.holidays or ()})) if own else ()
        )
        stages = tuple(own.stages or ()) if own else ()
        self.stages: tuple[str, ...] = tuple(s for s in stages or DEFAULT_STAGES if s not in NEVER_LISTED)
        order = {stage: index for index, stage in enumerate(self.stages)}
        self.stage_order = {**{s: len(order) + i for i, s in enumerate(NEVER_LISTED)}, **order}
        self.unlisted_order = len(order) + len(NEVER_LISTED)
        given: dict[str, Any] = (
            own.attribution.model_dump(exclude_none=True) if own and own.attribution else {}
        )
        if "position" in given:
            given["position"] = tuple(given["position"])
        self.attribution = AttributionSettings(**given | ruling.attribution)
        bands = own.thresholds.model_dump(exclude_none=True) if own and own.thresholds else {}
        self.thresholds = Thresholds(**{band: float(value) for band, value in bands.items()})
        self.shared = frozenset(named(one) for one in (own.shared_identifiers or ())) if own else frozenset()

    def same_people(self, other: "SiteCatalog") -> bool:
        """Whether no person of one catalog is another under the other."""
        return self.shared == other.shared

    def same_touches(self, other: "SiteCatalog") -> bool:
        """Whether every visit, message and told source keeps its channel, campaign, day and rule of credit."""
        mine, theirs = (
            (
                one.time_zone,
                one.answers,
                one.stages,
                one.attribution,
                one.roi_months,
                one.call_inquiries,
                one.word_of_mouth,
                one._rules_key,
                one._aliases,
                sorted(one.campaigns),
            )
            for one in (self, other)
        )
        return mine == theirs

    def campaign_of(self, raw: str) -> str:
        """The campaign whose aliases hold the raw name; without one the raw name itself."""
        return self._aliases.get(raw, raw) if raw else ""

    def told_channel(self, told: Told) -> tuple[str, str]:
        """A told source's channel and the rule that gave it; a label that no menu of the site has is `unassigned`."""
        if told.channel:
            return told.channel, "told"
        channel = self.answers.get(told.answer)
        return (channel, "told:answer") if channel else ("unassigned", "told")

    def code_on(self, code: str, day: int) -> tuple[str, str, str, str]:
        """Channel, campaign and keyword of a QR code on a local day, and the rule that gave them."""
        one = _on_day(self.codes.get(code, ()), day)
        if one is None:
            return "qr", "", "", f"scan:{code}"
        return one.channel or "qr", one.campaign, one.keyword, f"scan:{code}:{one.id}"

    def number_on(self, number: str, day: int) -> Assignment | None:
        """What a number stood for on a local day; None: uncatalogued that day."""
        return _on_day(self.numbers.get(number, ()), day)

"""What an operator defines: sites, channels, campaigns, codes, numbers, goals, segments, tests, keywords, tools, content.

Every field but the envelope may be absent: an entry is laid over the shipped one, field by field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.envelope import Spoken, refuse_invalid
from schemas.scalars import (
    Code,
    Currency,
    Day,
    First,
    Host,
    Hours,
    Instant,
    Label,
    NamedIdentifier,
    Number,
    PersonalText,
    Quantity,
    QuantityNotNegative,
    Share,
    Slug,
    Text,
    Url,
    WonNotNegative,
)

_constants: Any = import_module("re._constants")  # what re itself parses with; it has no types
_parser: Any = import_module("re._parser")
LONGEST_PATTERN = 256
MOST_OPEN_REPEATS = 2
MOST_OPTIONALS = 6
NEVER_STAGES = frozenset({"lost", "dormant", "re_registration", "payment"})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLICK_IDS = ("fbclid", "gbraid", "gclid", "msclkid", "n_click_id", "ttclid", "wbraid")
RULE_FIELDS = (
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    *CLICK_IDS,
    "click_ids",
    "referrer",
    "referrer_host",
    "referrer_path",
    "url",
    "url_host",
    "url_path",
    "url_query",
    "ad_kind",
    "in_app",
    "region",
    "device",
    "keyword",
    "scan_id",
)

ADDRESS_FIELDS = ("url", "url_host", "url_path", "url_query")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise PydanticCustomError("zone", "an IANA time zone, such as Asia/Seoul") from None
    return name


def _safe_pattern(pattern: str) -> str:
    """A regular expression whose search time stays bounded on any text a visitor can send."""
    try:
        parsed = _parser.parse(pattern)
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        raise PydanticCustomError("pattern", "a valid regular expression (Python's re)") from None
    counted = Counter(_costs(parsed, in_repeat=False))
    if counted["choice in a repeat"]:
        raise PydanticCustomError("pattern", "a regular expression without ?, *, +, {} or | inside a repeat")
    if counted["back reference"]:
        raise PydanticCustomError("pattern", "a regular expression without back references or conditions")
    if counted["open repeat"] > MOST_OPEN_REPEATS or counted["optional"] > MOST_OPTIONALS:
        most = f"at most {MOST_OPEN_REPEATS} of *, +, {{}} and {MOST_OPTIONALS} of ?, or several conditions"
        raise PydanticCustomError("pattern", "a regular expression with {most}", {"most": most})
    return pattern


_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_REFERENCES = (_constants.GROUPREF, _constants.GROUPREF_EXISTS)


def _costs(parsed: Any, in_repeat: bool) -> Iterator[str]:
    """What makes a parsed pattern slow, one word for each place it stands in."""
    for operation, argument in parsed:
        again = in_repeat
        if operation in _REPEATS:
            least, most = int(argument[0]), int(argument[1])
            again = again or most > 1
            if most > least:
                yield (
                    "choice in a repeat" if in_repeat else "optional" if most - least == 1 else "open repeat"
                )
        elif operation is _constants.BRANCH and in_repeat:
            yield "choice in a repeat"
        elif operation in _REFERENCES:
            yield "back reference"
        for part in _parts(argument):
            yield from _costs(part, again)


def _parts(argument: Any) -> Iterator[Any]:
    """The patterns inside an operation's argument."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            yield from _parts(part)


def _off_is_a_word(value: Any) -> Any:
    """YAML reads the bare word `off` as false."""
    return "off" if value is False else value


def _phone_when_bare(value: Any) -> Any:
    """A plain string among the shared identifiers is a phone."""
    return {"phone": value} if isinstance(value, str) else value


def _shape(value: Any) -> str:
    """Which of the shapes a value was given in; problems leave these words out of a field's name."""
    if isinstance(value, str):
        return "as_text"
    return (
        "as_sets" if isinstance(value, list) and all(isinstance(one, list) for one in value) else "as_object"
    )


NamesByLanguage = Annotated[dict[Literal["ko", "en"], Label], Field(min_length=1)]
Names = Annotated[
    Annotated[Label, Tag("as_text")] | Annotated[NamesByLanguage, Tag("as_object")], Discriminator(_shape)
]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_known_zone)]
Pattern = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_PATTERN), AfterValidator(_safe_pattern)
]
RuleField = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Hour = r"([01][0-9]|2[0-3]):[0-5][0-9]"
OpenHours = Annotated[str, StringConstraints(pattern=rf"^{Hour}-({Hour}|24:00)$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SharedIdentifier = Annotated[
    NamedIdentifier, BeforeValidator(_phone_when_bare, json_schema_input_type=PersonalText | NamedIdentifier)
]
OpenDay = Day | None


class Branch(Spoken):
    """A place of the business."""

    id: Slug
    name: Names | None = None


Place = Annotated[
    Annotated[Slug, Tag("as_text")] | Annotated[Branch, Tag("as_object")], Discriminator(_shape)
]


class Condition(Spoken):
    """One test on a visit's source: equals, contains, or matches (a regular expression, searched)."""

    field: RuleField
    equals: Text | None = None
    contains: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    matches: Pattern | None = None

    @model_validator(mode="after")
    def _tests_one_way(self) -> Self:
        ways = sum(way is not None for way in (self.equals, self.contains, self.matches))
        if ways != 1:
            refuse_invalid(
                "rules", f"{ways} of equals, contains, matches", "exactly one of equals, contains, matches"
            )
        return self


class Assignment(Spoken):
    """What a code or number stands for between two local days, both included; an absent day is open."""

    id: Label
    from_day: OpenDay = Field(default=None, alias="from")
    to_day: OpenDay = Field(default=None, alias="to")
    channel: Slug | None = None
    campaign: Label | None = None
    keyword: Text | None = None
    ad_group: Text | None = None
    pool: bool | Label | None = None
    fallback: bool | Label | None = None
    branch: Slug | None = None
    destination: Url | None = None
    placement: Text | None = None
    print_run: Text | None = None
    referrer: Text | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.from_day and self.to_day and self.from_day > self.to_day:
            refuse_invalid(
                "assignments", f"to {self.to_day} before from {self.from_day}", "to on or after from"
            )
        return self

    def covers(self, day: date) -> bool:
        """Whether the local day lies in the assignment."""
        return (self.from_day is None or self.from_day <= day) and (self.to_day is None or day <= self.to_day)


Assignments = Annotated[list[Assignment], Field(max_length=1_000)]
RuleSet = Annotated[list[Condition], Field(min_length=1, max_length=20)]
RuleSets = Annotated[list[RuleSet], Field(max_length=100)]
Rules = Annotated[
    Annotated[RuleSet, Tag("as_object")] | Annotated[RuleSets, Tag("as_sets")], Discriminator(_shape)
]


class CatalogEntry(Spoken):
    """The envelope of a definition; the newest is the greatest (defined_at, canonical bytes)."""

    kind: Any
    site: Slug
    id: Label
    v: First = 1
    defined_at: Instant


class Attribution(Spoken):
    """How a site gives credit."""

    window_days: Annotated[int, Field(ge=1, le=365)] | None = None
    half_life_days: Annotated[float, Field(gt=0, le=3_650)] | None = None
    position: Annotated[list[QuantityNotNegative], Field(min_length=3, max_length=3)] | None = None
    direct: Literal["drop", "keep"] | None = None
    told: Literal["fill", "ignore", "count"] | None = None

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        if self.position is not None and not sum(self.position) > 0:
            refuse_invalid(
                "attribution.position", "weights that add up to 0", "three weights such as [40, 20, 40]"
            )
        return self


class Thresholds(Spoken):
    """Where the action changes: ROI below stop, from increase on; too little data below too_little."""

    stop: Quantity | None = None
    increase: Quantity | None = None
    too_little: QuantityNotNegative | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.stop is not None and self.increase is not None and self.stop > self.increase:
            refuse_invalid("thresholds.stop", "stop above increase", "stop at most increase")
        return self


class MenuChoice(Spoken):
    """One button of the second row: which of them, and the channel it means."""

    label: Names
    channel: Slug


class MenuItem(Spoken):
    """One button of the desk: a channel, or a second row that asks which ("the internet")."""

    label: Names
    channel: Slug | None = None
    which: Annotated[list[MenuChoice], Field(min_length=1, max_length=50)] | None = None

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        if (self.channel is None) is (self.which is None):
            found = "neither channel nor which" if self.channel is None else "channel beside which"
            refuse_invalid("menu", found, "a channel, or which: the channels to choose from")
        return self


class SiteEntry(CatalogEntry):
    """The business itself; its id is its own slug."""

    kind: Literal["site"] = "site"
    id: Slug
    name: Names | None = None
    branches: Annotated[list[Place], Field(max_length=1_000)] | None = None
    time_zone: Zone | None = None
    currency: Currency | None = None
    opening_hours: dict[Weekday, Annotated[list[OpenHours], Field(max_length=8)]] | None = None
    holidays: Annotated[list[Day], Field(max_length=2_000)] | None = None
    ltv_months: Annotated[float, Field(gt=0, le=1_200)] | None = None
    ltv_monthly_revenue: QuantityNotNegative | None = None
    staff_hourly_rate: QuantityNotNegative | None = None
    stages: Annotated[list[Slug], Field(min_length=1, max_length=20)] | None = None
    roi_months: Annotated[int, Field(ge=1, le=1_200)] | None = None
    cac_target: WonNotNegative | None = None
    reference_cpc: WonNotNegative | None = None
    reference_cpv: WonNotNegative | None = None
    contribution_margin: Share | None = None
    baseline_monthly_revenue: WonNotNegative | None = None
    thresholds: Thresholds | None = None
    attribution: Attribution | None = None
    call_inquiries: Annotated[Literal["off", "answered"], BeforeValidator(_off_is_a_word)] | None = None
    shared_identifiers: Annotated[list[SharedIdentifier], Field(max_length=10_000)] | None = None
    answers: Annotated[dict[Label, Slug], Field(max_length=1_000)] | None = None
    hosts: Annotated[list[Host], Field(max_length=1_000)] | None = None
    menu: Annotated[list[MenuItem], Field(max_length=50)] | None = None
    services: Annotated[list[Label], Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _is_one_site(self) -> Self:
        if self.id != self.site:
            refuse_invalid("id", f"{self.id!r} beside site {self.site!r}", "a site's id is its own slug")
        for stage in self.stages or ():
            if stage in NEVER_STAGES:
                refuse_invalid(
                    "stages", repr(stage), "lost, dormant, re_registration and payment are never listed"
                )
        _need_unique("stages", self.stages or ())
        _need_unique("branches", self.branch_slugs)
        _need_unique("hosts", self.hosts or ())
        _need_unique("services", self.services or ())
        return self

    @property
    def branch_slugs(self) -> list[str]:
        """The slugs of the branches, however they were given."""
        return [branch if isinstance(branch, str) else branch.id for branch in self.branches or ()]


class ChannelEntry(CatalogEntry):
    """A channel: name, kind, and the rules that find it; a flat list of conditions is one rule set."""

    kind: Literal["channel"] = "channel"
    id: Slug
    name: Names | None = None
    channel_kind: Slug | None = None
    free: bool | None = None
    rules: Rules | None = None
    hours_limit: Hours | None = None

    @property
    def rule_sets(self) -> list[list[Condition]]:
        """The rule sets, any of which finds the channel; all conditions of one must hold."""
        sets: list[list[Condition]] = []
        flat: list[Condition] = []
        for rule in self.rules or ():
            if isinstance(rule, Condition):
                flat.append(rule)
            else:
                sets.append(rule)
        return [flat] if flat else sets


class CampaignEntry(CatalogEntry):
    """A budget, a period, a goal, and the utm_campaign values that mean this campaign."""

    kind: Literal["campaign"] = "campaign"
    name: Names | None = None
    channel: Slug | None = None
    branch: Slug | None = None
    budget: WonNotNegative | None = None
    starts_on: OpenDay = None
    ends_on: OpenDay = None
    goal_metric: Slug | None = None
    goal_count: QuantityNotNegative | None = None
    utm_campaign: Annotated[list[Text], Field(max_length=200)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _goal_is_flat(cls, raw: Any) -> Any:
        """`goal: {metric, count}` means goal_metric and goal_count."""
        if (
            isinstance(raw, dict)
            and isinstance(raw.get("goal"), dict)
            and set(raw["goal"]) <= {"metric", "count"}
        ):
            flat = {f"goal_{name}": value for name, value in raw["goal"].items()}
            return {**flat, **{name: value for name, value in raw.items() if name != "goal"}}
        return raw

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.starts_on and self.ends_on and self.starts_on > self.ends_on:
            refuse_invalid(
                "ends_on", f"{self.ends_on} before starts_on {self.starts_on}", "on or after starts_on"
            )
        return self


class QrCodeEntry(CatalogEntry):
    """A printed code: where it leads and what it stood for when."""

    kind: Literal["qr_code"] = "qr_code"
    id: Code
    code: Code | None = None
    name: Names | None = None
    destination: Url | None = None
    disabled: bool | None = None
    expires_on: OpenDay = None
    assignments: Assignments | None = None

    @model_validator(mode="after")
    def _is_one_code(self) -> Self:
        if self.code is not None and self.code != self.id:
            refuse_invalid("code", "another code than id", "leave code out: id is the code")
        refuse_overlaps(self.assignments or ())
        return self


class TrackingNumberEntry(CatalogEntry):
    """A telephone number of the business and what it stood for when."""

    kind: Literal["tracking_number"] = "tracking_number"
    id: Number
    number: Number | None = None
    name: Names | None = None
    assignments: Assignments | None = None

    @model_validator(mode="after")
    def _is_one_number(self) -> Self:
        if self.number is not None and self.number != self.id:
            refuse_invalid("number", "another number than id", "leave number out: id is the number")
        refuse_overlaps(self.assignments or ())
        return self


class ComparedEntry(CatalogEntry):
    """What is judged by one period against an earlier one, both of inclusive local days."""

    name: Names | None = None
    baseline_from: OpenDay = None
    baseline_to: OpenDay = None
    judged_from: OpenDay = None
    judged_to: OpenDay = None

    @model_validator(mode="after")
    def _periods_run_forward(self) -> Self:
        _need_order("baseline_from", self.baseline_from, "baseline_to", self.baseline_to)
        _need_order("judged_from", self.judged_from, "judged_to", self.judged_to)
        return self


class GoalEntry(ComparedEntry):
    """What a visit can achieve and what that is worth, or by how much an index is to change."""

    kind: Literal["goal"] = "goal"
    stage: Slug | None = None
    rules: RuleSet | None = None
    contents: Annotated[list[Text], Field(max_length=1_000)] | None = None
    value: QuantityNotNegative | None = None
    monthly_price: QuantityNotNegative | None = None
    months: QuantityNotNegative | None = None
    retention: Share | None = None
    price: QuantityNotNegative | None = None
    close_rate: Share | None = None
    metric: Slug | None = None
    channel: Slug | None = None
    branch: Slug | None = None
    change: Quantity | None = None
    change_kind: Literal["relative", "absolute"] | None = None
    tool: Label | None = None

    @model_validator(mode="after")
    def _is_found_by_address(self) -> Self:
        for rule in self.rules or ():
            if rule.field not in ADDRESS_FIELDS:
                refuse_invalid("rules", f"field {rule.field!r}", f"one of {', '.join(ADDRESS_FIELDS)}")
            if rule.matches is not None:
                refuse_invalid("rules", "matches", "equals or contains: a goal's page is found by these two")
        return self


class SegmentEntry(CatalogEntry):
    """A group of customers: new, repeat or dormant, by days, payments and visits, with its goal."""

    kind: Literal["segment"] = "segment"
    name: Names | None = None
    base: Literal["new", "repeat", "dormant"] | None = None
    days: Annotated[int, Field(ge=1, le=3_660)] | None = None
    payments: Annotated[int, Field(ge=0, le=10_000)] | None = None
    visits: Annotated[int, Field(ge=0, le=10_000)] | None = None
    service: Label | None = None
    goal_metric: Slug | None = None
    goal_count: QuantityNotNegative | None = None


class ExperimentEntry(CatalogEntry):
    """A hypothesis and why it is held, its variants, the metric that decides, and how large a result must be."""

    kind: Literal["experiment"] = "experiment"
    name: Names | None = None
    hypothesis: Text | None = None
    why: Text | None = None
    metric: Slug | None = None
    variants: Annotated[list[Label], Field(min_length=2, max_length=20)] | None = None
    control: Label | None = None
    minimal_effect: Annotated[float, Field(gt=0, le=1)] | None = None
    baseline_rate: Share | None = None
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    power: Annotated[float, Field(gt=0, lt=1)] | None = None
    assigned_by: Literal["event", "utm_content", "landing_page"] | None = None
    campaign: Label | None = None
    window_days: Annotated[int, Field(ge=1, le=3_660)] | None = None
    starts_on: OpenDay = None
    ends_on: OpenDay = None

    @model_validator(mode="after")
    def _is_a_test(self) -> Self:
        _need_unique("variants", self.variants or ())
        if self.control is not None and self.control not in (self.variants or ()):
            refuse_invalid("control", "no variant of the experiment", "one of variants")
        _need_order("starts_on", self.starts_on, "ends_on", self.ends_on)
        return self


class Worth(Spoken):
    """What one unit of a metric is worth in won; below 0 where less of it is better, as with hours of work."""

    metric: Slug
    unit_value: Quantity
    channel: Slug | None = None


Worths = Annotated[list[Worth], Field(max_length=100)]


class ToolEntry(ComparedEntry):
    """A tool or automation; its cost is the spend whose campaign is its id, its yield is worked out per unit."""

    kind: Literal["tool"] = "tool"
    adopted_on: OpenDay = None
    gains: Worths | None = None
    savings: Worths | None = None


class ContentEntry(CatalogEntry):
    """A piece of content: where visitors land on it, what it cost, and its files."""

    kind: Literal["content"] = "content"
    name: Names | None = None
    landing_pages: Annotated[list[Text], Field(max_length=1_000)] | None = None
    cost: WonNotNegative | None = None
    published_on: OpenDay = None
    reference_cpc: WonNotNegative | None = None
    files: Annotated[list[Text], Field(max_length=1_000)] | None = None


class KeywordListEntry(CatalogEntry):
    """Keywords that mean the same to the business: its brand, what harms it, what it aims at."""

    kind: Literal["keyword_list"] = "keyword_list"
    name: Names | None = None
    list_kind: Literal["brand", "negative", "target"] | None = None
    keywords: Annotated[list[Label], Field(max_length=10_000)] | None = None


ENTRY_KINDS: dict[str, type[CatalogEntry]] = {
    "site": SiteEntry,
    "channel": ChannelEntry,
    "campaign": CampaignEntry,
    "qr_code": QrCodeEntry,
    "tracking_number": TrackingNumberEntry,
    "goal": GoalEntry,
    "segment": SegmentEntry,
    "experiment": ExperimentEntry,
    "keyword_list": KeywordListEntry,
    "tool": ToolEntry,
    "content": ContentEntry,
}


NESTED: dict[str, type[Spoken]] = {
    "attribution": Attribution,
    "thresholds": Thresholds,
    "assignments": Assignment,
    "branches": Branch,
    "menu": MenuItem,
    "which": MenuChoice,
    "rules": Condition,
    "gains": Worth,
    "savings": Worth,
}


def refuse_overlaps(assignments: Sequence[Assignment]) -> None:
    """Refuse two assignments that hold on one day, or share an id."""
    _need_unique("assignments", [assignment.id for assignment in assignments])
    ordered = sorted(assignments, key=lambda each: each.from_day or date.min)
    for earlier, later in pairwise(ordered):
        if (later.from_day or date.min) <= (earlier.to_day or date.max):
            refuse_invalid(
                "assignments",
                f"{earlier.id!r} and {later.id!r} hold on the same day",
                f"let {earlier.id!r} end before {later.id!r} begins",
            )


def _need_unique(field: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            refuse_invalid(field, f"{name!r} twice", "each only once")
        seen.add(name)


def _need_order(first_name: str, first: date | None, last_name: str, last: date | None) -> None:
    if first and last and first > last:
        refuse_invalid(last_name, f"{last} before {first_name} {first}", f"on or after {first_name}")

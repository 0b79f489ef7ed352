"""JSON as other systems send it -> our fields, by a mapping per source, checked before it is kept.

    each: data.items                      # the list in the body, when there is one
    events:
      - type: status_changed
        when: {event: [deal.updated, deal.created]}
        id: event_id                      # the sender's own id of the fact
        fields: {lead_id: deal.id, stage: deal.stage, occurred_at: deal.changed_at, phone: deal.contact.phone}
        values: {stage: {신규문의: inquiry, 상담완료: consult, 등록: registration}}
        defaults: {via: phone}

A path is names and list places joined by full stops. What no rule matches is skipped, with a count. Without a
mapping a body is in our own words: `type` and the fields of that event.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from schemas.problems import Problem
from streams.collectors.importers.cells import Unreadable, folded, moment, phone, text, unknown_word, won
from streams.collectors.importers.mapping import BadMapping, check_known, object_of, words_of
from streams.collectors.importers.records import slug_of
from streams.collectors.limits import DEPTH

LARGEST_BYTES: Final = 256 * 1024
MOST_ITEMS: Final = 500
_WHOSE: Final = ("lead_id", "phone", "email", "visitor_id")
_COMMON: Final = (*_WHOSE, "branch", "occurred_at")
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "status_changed": (*_COMMON, "stage", "service", "via"),
    "payment_received": (*_COMMON, "amount", "refund", "currency", "funding", "service"),
    "source_told": (*_COMMON, "channel", "answer", "call_id", "referrer_lead_id"),
    "message_tracked": (
        *_COMMON,
        "message_id",
        "action",
        "medium",
        "campaign",
        "segment",
        "experiment",
        "variant",
    ),
}
"""What a webhook may say, and the fields of each."""

NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "status_changed": (("stage",), _WHOSE),
    "payment_received": (("amount", "refund"), _WHOSE),
    "source_told": (("channel", "answer"), (*_WHOSE, "call_id")),
    "message_tracked": (("message_id",), ("action",)),
}
"""Of each of these a mapping must give one."""

_KEYS: Final = ("each", "events", "branch", "time_zone")
_RULE_KEYS: Final = ("type", "when", "id", "fields", "values", "defaults")
_PATH: Final = re.compile(r"[^\s.]{1,64}(\.[^\s.]{1,64}){0,11}\Z")
_SLUGS: Final = frozenset({"stage", "via", "branch", "channel"})
_END_OF_DAY: Final = frozenset({"status_changed", "payment_received"})
_CLOSED: Final[Mapping[str, tuple[str, ...]]] = {
    "funding": ("self", "voucher", "education_office", "other"),
    "action": ("sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"),
    "medium": ("email", "sms", "alimtalk", "push"),
}
_MILLISECONDS_FROM: Final = 10**11
_ABSENT: Final = ("", None)


class Unmapped(Exception):
    """One payload that the mapping cannot read; the problem quotes nothing personal."""

    def __init__(self, problem: Problem) -> None:
        """Which field, what kind of thing was found, what would be right."""
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Rule:
    """How one kind of payload becomes one event."""

    type: str
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PayloadMapping:
    """A source's settings as a mapping; without rules the payloads are in our own words."""

    each: str = ""
    rules: tuple[Rule, ...] = ()
    branch: str | None = None
    time_zone: str | None = None


def read_yaml(raw: bytes) -> dict[str, Any]:
    """The bytes of a settings file -> its object, every scalar a text; raises BadMapping."""
    if len(raw) > LARGEST_BYTES:
        raise BadMapping(f"the file has {len(raw):,} bytes; at most {LARGEST_BYTES:,}")
    try:
        said = yaml.load(raw.decode("utf-8-sig"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadMapping(f"the file is not readable YAML: {str(error).splitlines()[0]}") from None
    if said in _ABSENT:
        return {}
    if not isinstance(said, dict):
        raise BadMapping("the file must hold a YAML object of `name: value` lines")
    return {str(name): value for name, value in said.items()}


def read_payload_mapping(said: Mapping[str, Any]) -> PayloadMapping:
    """A settings object -> the mapping; everything unknown, missing or of no use is refused by name."""
    for name in said:
        check_known(str(name), _KEYS, "key")
    rules = said.get("events") or []
    if not isinstance(rules, list):
        raise BadMapping("events must be a list of rules, each with type, when and fields")
    read = tuple(_rule(rule, f"events[{place}]") for place, rule in enumerate(rules))
    return PayloadMapping(
        _path(said.get("each") or "", "each") if said.get("each") else "",
        read,
        str(said["branch"]) if said.get("branch") else None,
        checked_zone(said.get("time_zone")),
    )


def checked_zone(said: Any) -> str | None:
    """A time zone of a setting -> its name, or None where none is given; raises BadMapping."""
    if said in _ABSENT:
        return None
    try:
        return ZoneInfo(str(said)).key
    except (OSError, ValueError, KeyError):
        raise BadMapping("time_zone must be a zone like Asia/Seoul") from None


def items_of(body: Any, mapping: PayloadMapping) -> list[Any]:
    """A parsed body -> its payloads; raises Unmapped when `each` leads to no list."""
    found = at_path(body, mapping.each) if mapping.each else body
    if isinstance(found, list):
        if len(found) > MOST_ITEMS:
            raise Unmapped(Problem("the body", f"{len(found)} items", f"at most {MOST_ITEMS} in a request"))
        return found
    if mapping.each:
        raise Unmapped(Problem("each", "no list", "the path of the list in the body"))
    return [found]


def bodies_of(payload: Any, mapping: PayloadMapping, zone: ZoneInfo) -> Iterator[tuple[dict[str, Any], str]]:
    """One payload -> the fields of its events without site, id and event_id, and the sender's id of each ("": none).

    Raises Unmapped for a payload that a rule is for and cannot read; yields nothing when no rule is for it.
    """
    if not isinstance(payload, dict):
        raise Unmapped(Problem("the body", "no JSON object", "one JSON object a fact"))
    if not mapping.rules:
        yield _own_words(payload, mapping, zone)
        return
    for rule in mapping.rules:
        if all(_said(at_path(payload, path)) in wanted for path, wanted in rule.when.items()):
            given = {name: at_path(payload, path) for name, path in rule.fields.items()}
            for name, value in rule.defaults.items():
                if given.get(name) in _ABSENT:
                    given[name] = value
            yield (
                _event(rule.type, given, rule.values, mapping, zone),
                _said(at_path(payload, rule.id or "\0")),
            )


def check_depth(value: Any) -> None:
    """A parsed body -> nothing when it is no deeper than bodies may be; raises Unmapped. Only paths are read in it."""
    level = [value]
    for _ in range(DEPTH + 1):
        if not level:
            return
        inner = [one for one in level if isinstance(one, (dict, list))]
        level = [child for one in inner for child in (one.values() if isinstance(one, dict) else one)]
    raise Unmapped(Problem("the body", f"nested deeper than {DEPTH}", f"at most {DEPTH} levels"))


def at_path(payload: Any, path: str) -> Any:
    """What stands at a path, None where nothing does."""
    found = payload
    for name in path.split("."):
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and len(name) < 4 and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def instant(value: Any, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime:
    """A time as systems write it (ISO 8601, `2026-03-02 14:05`, epoch seconds or milliseconds) -> an instant."""
    if isinstance(value, bool):
        raise Unreadable("no time", "a time like 2026-03-02T14:05:00+09:00")
    if isinstance(value, (int, float)) or re.fullmatch(r"[0-9]{9,14}", str(value)):
        number = float(value)
        if abs(number) >= _MILLISECONDS_FROM:
            number /= 1000
        if not 0 < number < 5_000_000_000:
            raise Unreadable("no time", "a time like 2026-03-02T14:05:00+09:00")
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(number * 1_000_000))
    return moment(value, zone, end_of_day=end_of_day).at


def _own_words(
    payload: Mapping[str, Any], mapping: PayloadMapping, zone: ZoneInfo
) -> tuple[dict[str, Any], str]:
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise Unmapped(
            Problem("type", "none that a webhook may say", f"one of {', '.join(FIELDS)}, or a mapping")
        )
    named = {name: value for name, value in payload.items() if name not in ("type", "id", "site")}
    for name in named:
        if name not in FIELDS[kind]:
            raise Unmapped(
                Problem("the body", "an unknown field", f"fields of {kind}: {', '.join(FIELDS[kind])}")
            )
    return _event(kind, named, {}, mapping, zone), _said(payload.get("id"))


def _event(
    kind: str,
    given: Mapping[str, Any],
    values: Mapping[str, Mapping[str, str]],
    mapping: PayloadMapping,
    zone: ZoneInfo,
) -> dict[str, Any]:
    body: dict[str, Any] = {"type": kind}
    if mapping.branch:
        body["branch"] = mapping.branch
    for name, value in given.items():
        if value in _ABSENT or isinstance(value, (dict, list)):
            continue
        try:
            read = _value(kind, name, value, values.get(name) or {}, zone)
        except Unreadable as unreadable:
            found = f"a value of the source that is none: {unreadable.found}" if _is_word(name) else "none"
            raise Unmapped(Problem(name, found, unreadable.fix)) from None
        if read not in _ABSENT:
            body[name] = read
    if kind == "payment_received":
        refund = body.pop("refund", None)
        if refund is not None:
            body["amount"] = body.get("amount", 0) - abs(refund)
    for wanted in NEEDED[kind]:
        if not any(name in body or name == "refund" and "amount" in body for name in wanted):
            raise Unmapped(Problem(wanted[0], "nothing", f"one of {', '.join(wanted)}"))
    return body


def _is_word(name: str) -> bool:
    return name in _SLUGS or name in _CLOSED


def _value(kind: str, name: str, value: Any, words: Mapping[str, str], zone: ZoneInfo) -> Any:
    if name == "occurred_at":
        return instant(value, zone, end_of_day=kind in _END_OF_DAY).isoformat()
    if name in ("amount", "refund"):
        return won(value)
    if name == "phone":
        return phone(value)
    if name in _SLUGS:
        return slug_of(value, words, name)
    said = text(value)
    meant = words.get(folded(said), said)
    if name in _CLOSED and meant not in _CLOSED[name]:
        raise unknown_word(
            said,
            {**words, **{folded(one): one for one in _CLOSED[name]}},
            f"one of {', '.join(_CLOSED[name])}",
        )
    return meant


def _said(value: Any) -> str:
    """A scalar as text, for comparing and naming; anything else is nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)[:256]
    return ""


def _rule(said: Any, where: str) -> Rule:
    if not isinstance(said, dict):
        raise BadMapping(f"{where} must be an object with type, when and fields")
    for name in said:
        check_known(str(name), _RULE_KEYS, f"key in {where}")
    kind = str(said.get("type") or "")
    if kind not in FIELDS:
        raise BadMapping(f"{where}.type must be one of {', '.join(FIELDS)}")
    fields = words_of(said.get("fields"), f"{where}.fields")
    defaults = words_of(said.get("defaults"), f"{where}.defaults")
    values: dict[str, dict[str, str]] = {}
    for name, words in object_of(said.get("values"), f"{where}.values").items():
        values[str(name)] = {
            folded(cell): meant for cell, meant in words_of(words, f"{where}.values.{name}").items()
        }
    for part, names in (("fields", fields), ("defaults", defaults), ("values", values)):
        for name in names:
            check_known(name, FIELDS[kind], f"field in {where}.{part}")
    for name, path in fields.items():
        _path(path, f"{where}.fields.{name}")
    for name, known in _CLOSED.items():
        meanings = {*values.get(name, {}).values(), *([defaults[name]] if name in defaults else [])}
        for meant in sorted(meanings - set(known)):
            raise BadMapping(f"{where}.{name}: '{meant}' is not one of {', '.join(known)}")
    for name in _SLUGS & {*values, *defaults}:
        for meant in [*values.get(name, {}).values(), *([defaults[name]] if name in defaults else [])]:
            if not re.fullmatch(r"[a-z0-9_-]{1,64}", meant):
                raise BadMapping(f"{where}.{name}: '{meant}' is no slug: small letters, digits, _ and -")
    for wanted in NEEDED[kind]:
        if not any(name in fields or name in defaults for name in wanted):
            raise BadMapping(f"{where}.fields must give {' or '.join(wanted)}")
    when = {}
    for path, meant in object_of(said.get("when"), f"{where}.when").items():
        listed: Iterable[Any] = meant if isinstance(meant, list) else [meant]
        wanted_values = frozenset(str(one) for one in listed if not isinstance(one, (dict, list)))
        if not wanted_values:
            raise BadMapping(f"{where}.when.{path} must be a value or a list of values")
        when[_path(path, f"{where}.when")] = wanted_values
    named = _path(said["id"], f"{where}.id") if said.get("id") else ""
    return Rule(kind, when, named, fields, values, defaults)


def _path(said: Any, where: str) -> str:
    path = str(said)
    if not _PATH.match(path):
        raise BadMapping(
            f"{where}: '{path[:60]}' is no path: names joined by full stops, like deal.contact.phone"
        )
    return path


def known_types(rules: Sequence[Rule]) -> list[str]:
    """The event types that rules can give, for telling a person what a source does."""
    return sorted({rule.type for rule in rules}) or sorted(FIELDS)

"""What is wrong with a body: the field, what was found, the fix; nothing personal is ever repeated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.scalars import (
    CODE_PATTERN,
    HOST_PATTERN,
    INSTANT_PATTERN,
    MONTH_PATTERN,
    NUMBER_PATTERN,
    SLUG_PATTERN,
)

ECHOED = frozenset(
    {
        "type",
        "v",
        "site",
        "branch",
        "kind",
        "direction",
        "outcome",
        "subject",
        "channel",
        "stage",
        "via",
        "currency",
        "funding",
        "vat",
        "action",
        "medium",
        "occurred_at",
        "received_at",
        "defined_at",
        "period_start",
        "period_end",
        "month",
        "amount",
        "hours",
        "clicks",
        "impressions",
        "duration_seconds",
        "wait_seconds",
        "watched_seconds",
        "length_seconds",
        "volume",
        "own",
        "metric",
        "channel_kind",
        "free",
        "budget",
        "starts_on",
        "ends_on",
        "expires_on",
        "from",
        "to",
        "time_zone",
        "stages",
        "roi_months",
        "window_days",
        "half_life_days",
        "position",
        "direct",
        "told",
        "stop",
        "increase",
        "too_little",
        "call_inquiries",
        "opening_hours",
        "holidays",
        "base",
        "days",
        "payments",
        "list_kind",
        "goal_metric",
        "goal_count",
        "ltv_months",
        "field",
        "equals",
        "contains",
        "matches",
        "ltv_monthly_revenue",
        "staff_hourly_rate",
        "hours_limit",
    }
)
FIX_OF_PATTERN = {
    SLUG_PATTERN: "a slug: lower-case letters, digits, _ and -, 1 to 64 of them",
    CODE_PATTERN: "letters, digits, _, -, . and ~, 1 to 64 of them",
    HOST_PATTERN: "a host in small letters, such as www.example.kr; a Korean name in its xn-- form",
    NUMBER_PATTERN: "a telephone number, such as +8221234567 or 02-123-4567",
    MONTH_PATTERN: "a month, such as 2026-03",
    INSTANT_PATTERN: "an instant with its offset, such as 2026-03-02T09:30:00+09:00",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day, such as 2026-03-02",
    r"^[A-Z]{3}$": "a currency of three capitals, such as KRW",
}
_LONG_DIGITS = re.compile(r"[0-9](?:[ .-]?[0-9]){5,}")
_DAY_OR_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}([Tt ][0-9:.,+Zz-]{0,30})?)?\Z")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_:.,+/ -]{1,64}\Z")


class Problem(NamedTuple):
    """One thing wrong: where, what was found, what would be right."""

    field: str
    found: str
    fix: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.field}: found {self.found}; right would be {self.fix}"


def masked(name: str) -> str:
    """A field's name as someone gave it, if it reads like a field's name, else only described."""
    if _NAME.match(name) and not _LONG_DIGITS.search(name):
        return name
    return f"(a name of {len(name)} characters)"


def shown(field: str, value: Any) -> str:
    """What was found, repeated only where the field cannot hold anything personal, else only described."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}" if field in ECHOED and abs(value) < 1e30 else "a number"
    if isinstance(value, str):
        plain = _PLAIN.match(value) and (_DAY_OR_INSTANT.match(value) or not _LONG_DIGITS.search(value))
        return f'"{value}"' if field in ECHOED and plain else f"a text of {len(value)} characters"
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"


def unknown_field(name: str, known: Sequence[str]) -> Problem:
    """A field nobody reads, with the nearest one that somebody does."""
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"{nearest[0]}, if that was meant" if nearest else "to leave it out"
    return Problem(masked(name), "an unknown field", hint)


def problems_of(
    error: ValidationError, known: Mapping[str, Sequence[str]], tag: str, nested: Mapping[str, Sequence[str]]
) -> list[Problem]:
    """Every problem pydantic found; `known` and `nested` list the fields by tag and by field."""
    return _once(_problem(each, known, tag, nested) for each in error.errors(include_url=False))


def _once(problems: Iterable[Problem]) -> list[Problem]:
    by_field: dict[str, Problem] = {}
    for problem in problems:
        by_field.setdefault(problem.field, problem)
    return list(by_field.values())


def field_of(location: tuple[int | str, ...], known: Mapping[str, Sequence[str]]) -> str:
    """The dotted name of a location, without the type and without pydantic's own words for unions."""
    parts = location[1:] if location and location[0] in known else location
    names = [masked(str(part)) for part in parts if isinstance(part, int) or _is_field(part)]
    return ".".join(names)


def _is_field(part: str) -> bool:
    return (
        bool(re.match(r"[a-z_][a-z0-9_]*\Z", part))
        and part not in ("str", "bool")
        and not part.startswith("as_")
    )


def _last_name(field: str) -> str:
    return next((part for part in reversed(field.split(".")) if not part.isdigit()), field)


def _problem(
    error: Any, known: Mapping[str, Sequence[str]], tag: str, nested: Mapping[str, Sequence[str]]
) -> Problem:
    """One of pydantic's errors in words."""
    kind, context = str(error["type"]), error.get("ctx", {})
    location = tuple(error["loc"])
    if kind in ("rule_missing", "rule_invalid"):
        return Problem(context["field"], context["found"], context["fix"])
    if kind == "union_tag_not_found":
        return Problem(tag, "nothing", "one of " + ", ".join(known))
    if kind == "union_tag_invalid":
        given = str(context.get("tag", ""))
        nearest = difflib.get_close_matches(given, list(known), n=1)
        return Problem(tag, shown(tag, given), nearest[0] if nearest else "one of " + ", ".join(known))
    if kind == "extra_forbidden":
        name = str(location[-1])
        above = field_of(location[:-1], known)
        siblings = nested.get(_last_name(above), ()) if above else known.get(str(location[0]), ())
        problem = unknown_field(name, siblings)
        if not above and "assignments" in siblings and name in nested.get("assignments", ()):
            problem = problem._replace(
                fix="that field inside an assignment: assignments: [{id, from, to, …}]"
            )
        return problem._replace(field=f"{above}.{problem.field}" if above else problem.field)
    field = field_of(location, known)
    found = "nothing" if kind == "missing" else shown(_last_name(field), error.get("input"))
    if kind in ("too_long", "too_short"):
        found = f"{context.get('actual_length', 'more')} of them"
    return Problem(field or "the body", found, _fix(kind, context, error, field))


def _fix(kind: str, context: dict[str, Any], error: Any, field: str) -> str:
    """What would be right, for one of pydantic's kinds of error."""
    match kind:
        case "missing":
            return "a value: the field is required"
        case "string_type":
            return "a text in quotes"
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "string_too_short":
            return f"at least {context['min_length']} character; leave the field out when there is none"
        case "string_pattern_mismatch":
            return FIX_OF_PATTERN.get(str(context["pattern"]), f"a text of the form {context['pattern']}")
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return "a whole number, without quotes or decimals"
        case "float_type":
            return "a number, without quotes"
        case "finite_number":
            return "a finite number"
        case "bool_type":
            return "true or false"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            word = {
                "greater_than_equal": "at least",
                "greater_than": "more than",
                "less_than_equal": "at most",
            }
            limit = next(iter(context.values()))
            return f"{word.get(kind, 'less than')} {limit}"
        case "literal_error":
            return "one of " + str(context["expected"]).replace(" or ", ", ").replace("'", "")
        case "timezone_aware" | "datetime_parsing" | "datetime_type" | "datetime_from_date_parsing":
            return FIX_OF_PATTERN[INSTANT_PATTERN]
        case "date_parsing" | "date_type" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            return "a day that exists, such as 2026-03-02"
        case "list_type":
            return "a list"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "an object"
        case "too_long":
            return f"at most {context['max_length']} of them"
        case "too_short":
            return f"at least {context['min_length']} of them"
        case "zone" | "pattern":
            return str(error["msg"])
    return "a value of this field's type"

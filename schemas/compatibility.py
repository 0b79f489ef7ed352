"""Whether a JSON Schema still takes everything its published self took: if not, it needs a new version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")


def breaks(before: Schema, after: Schema) -> list[str]:
    """Every way in which `after` refuses, or no longer reads, what `before` took."""
    return list(dict.fromkeys(_breaks(before, after, before, after, "")))


def _breaks(before: Schema, after: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    before, after = _resolved(before, old_root), _resolved(after, new_root)
    where = at or "the body"
    old_ways, new_ways = _ways(before, old_root), _ways(after, new_root)
    if len(old_ways) > 1 or len(new_ways) > 1:
        for old in old_ways:
            if all(any(_breaks(old, new, old_root, new_root, at)) for new in new_ways):
                same = [new for new in new_ways if new.get("type") == old.get("type")]
                if len(same) == 1:
                    yield from _breaks(old, same[0], old_root, new_root, at)
                else:
                    yield f"{where}: {_kind(old)} is no longer taken"
        return
    yield from _scalar_breaks(before, after, where)
    yield from _object_breaks(before, after, old_root, new_root, at)
    for part in ("items", "additionalProperties", "propertyNames"):
        old_part, new_part = before.get(part), after.get(part)
        if isinstance(new_part, dict):
            old_schema = old_part if isinstance(old_part, dict) else {}
            yield from _breaks(old_schema, new_part, old_root, new_root, f"{at}[]")
        elif new_part is False and old_part is not False:
            yield f"{where}: other fields are no longer taken"


def _scalar_breaks(before: Schema, after: Schema, where: str) -> Iterator[str]:
    old_type, new_type = before.get("type"), after.get("type")
    if new_type is not None and old_type != new_type and (old_type, new_type) != ("integer", "number"):
        yield f"{where}: type {old_type} became {new_type}"
        return
    allowed = _values(after)
    if allowed is not None:
        gone = (
            None
            if _values(before) is None
            else [each for each in _values(before) or () if each not in allowed]
        )
        if gone is None:
            yield f"{where}: any value became one of a list"
        elif gone:
            yield f"{where}: no longer takes {', '.join(map(str, gone))}"
    if after.get("pattern") not in (None, before.get("pattern")):
        yield f"{where}: pattern changed"
    if after.get("format") not in (None, before.get("format")):
        yield f"{where}: format changed"
    if after.get("uniqueItems") and not before.get("uniqueItems"):
        yield f"{where}: values must be unique now"
    for limit in _UPPER:
        if limit in after and (limit not in before or after[limit] < before[limit]):
            yield f"{where}: {limit} fell from {before.get(limit, 'none')} to {after[limit]}"
    for limit in _LOWER:
        if limit in after and (limit not in before or after[limit] > before[limit]):
            yield f"{where}: {limit} rose from {before.get(limit, 'none')} to {after[limit]}"


def _object_breaks(
    before: Schema, after: Schema, old_root: Schema, new_root: Schema, at: str
) -> Iterator[str]:
    old_fields, new_fields = before.get("properties", {}), after.get("properties", {})
    prefix = f"{at}." if at else ""
    for name in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        yield f"{prefix}{name}: required now"
    for name, old_field in old_fields.items():
        if name not in new_fields:
            yield f"{prefix}{name}: removed"
        else:
            yield from _breaks(old_field, new_fields[name], old_root, new_root, prefix + name)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _ways(schema: Schema, root: Schema) -> list[Schema]:
    ways = schema.get("anyOf") or schema.get("oneOf")
    if not ways:
        return [schema]
    return [way for each in ways for way in _ways(_resolved(each, root), root)]


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "some value"))

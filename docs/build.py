"""`python -m docs.build`: writes anew those parts of the pages that the code knows better than we do.

A page holds `<!-- built:NAME -->` and `<!-- /built -->`; what stands between is written here, the rest by hand.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from clickhouse.surface import PARAMETERS, public_views, view_columns, view_comment
from docs import figures
from infra.cli import COMMANDS, SUMMARIES
from infra.settings import PREFIX, Settings
from schemas.catalog import ENTRY_KINDS, RULE_FIELDS
from schemas.envelope import Event
from schemas.event import EVENT_TYPES
from schemas.generate import schema_of
from schemas.reading import Reason
from schemas.topics import TOPICS
from streams.collectors.importers.columns import SYNONYMS
from streams.domain.channels import RULES

HERE = Path(__file__).parent
PAGES = ("events.md", "sql.md", "metrics.md", "importing.md", "operations.md")
LATER: frozenset[str] = frozenset()
_BLOCK = re.compile(r"(<!-- built:(\w+) -->\n).*?(<!-- /built -->)", re.DOTALL)
_PATTERNS = {
    "^[a-z0-9_-]{1,64}$": "slug",
    "^[A-Z]{3}$": "currency code",
    "^[A-Za-z0-9_~.-]{1,64}$": "code",
    "^[+]?[0-9*#() .-]{2,32}$": "telephone number",
}
_FORMATS = {"date-time": "RFC 3339", "date": "date"}
_ENVELOPE = [name for name in Event.model_fields if name != "type"]
_ENTRY_ENVELOPE = ("site", "kind", "id", "v", "defined_at")


def meanings() -> dict[str, str]:
    """`field` or `type.field` -> what it means."""
    read: dict[str, str] = yaml.safe_load((HERE / "meanings.yaml").read_text(encoding="utf-8"))
    return read


def fields_named() -> set[tuple[str, str]]:
    """Every (type or kind, field) there is."""
    return {(name, field) for name in (*EVENT_TYPES, *ENTRY_KINDS) for field in schema_of(name)["properties"]}


def meaning_of(name: str, field: str, said: dict[str, str]) -> str:
    """What a field of a type or kind means; raises KeyError for one nobody has described."""
    return said[f"{name}.{field}"] if f"{name}.{field}" in said else said[field]


def _events() -> Iterator[str]:
    yield "### The envelope\n"
    yield from _fields("visit_seen", ["type", *_ENVELOPE])
    for name, model in EVENT_TYPES.items():
        own = [field for field in schema_of(name)["properties"] if field not in ("type", *_ENVELOPE)]
        wanted = {field for field in schema_of(name).get("required", ()) if field in ("lead_id",)}
        yield f"\n### `{name}`\n\n{_first_line(model)}\n"
        yield from _fields(name, [*sorted(wanted), *own])


def _entries() -> Iterator[str]:
    yield "### The envelope of an entry\n"
    yield from _fields("goal", list(_ENTRY_ENVELOPE))
    for name, model in ENTRY_KINDS.items():
        own = [field for field in schema_of(name)["properties"] if field not in _ENTRY_ENVELOPE]
        yield f"\n### `{name}`\n\n{_first_line(model)}\n"
        yield from _fields(name, own)


def _fields(name: str, fields: list[str]) -> Iterator[str]:
    schema, said = schema_of(name), meanings()
    if not fields:
        yield "No fields but those of the envelope.\n"
        return
    yield "\n| field | form | meaning |\n|---|---|---|\n"
    for field in fields:
        star = " \\*" if field in schema.get("required", ()) else ""
        form = "a type or kind below" if _tags(field, fields) else _form(schema["properties"][field], schema)
        yield f"| `{field}`{star} | {form} | {_cell(meaning_of(name, field, said))} |\n"


def _tags(field: str, fields: list[str]) -> bool:
    """Whether the field says which type or kind a body is: in the envelopes alone."""
    return field == "type" or (field == "kind" and "defined_at" in fields)


def _form(part: dict[str, Any], whole: dict[str, Any]) -> str:
    if "$ref" in part:
        part = whole["$defs"][part["$ref"].rsplit("/", 1)[-1]]
    ways = [one for one in part.get("anyOf", part.get("oneOf", ())) if one.get("type") != "null"]
    if ways:
        return " or ".join(dict.fromkeys(_form(one, whole) for one in ways))
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{one}`" for one in part["enum"])
    kind = part.get("type", "any")
    if kind == "array":
        return f"list of {_form(part.get('items', {}), whole)}"
    if kind == "string":
        return _FORMATS.get(part.get("format", "")) or _PATTERNS.get(part.get("pattern", "")) or _text(part)
    return {"boolean": "true, false", "integer": "integer", "number": "number", "object": "object"}[kind]


def _text(part: dict[str, Any]) -> str:
    if "pattern" in part:
        return "month" if part["pattern"].startswith("^(19") else "text"
    return f"text, at most {part['maxLength']}" if "maxLength" in part else "text"


def _topics() -> Iterator[str]:
    yield "| topic | key | kept | carries |\n|---|---|---|---|\n"
    for topic in TOPICS.values():
        kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days"
        yield f"| `{topic.name}` | `{_cell(topic.key)}` | {kept} | {topic.carries} |\n"


def _reasons() -> Iterator[str]:
    yield ", ".join(f"`{reason.value}`" for reason in Reason) + "\n"


def _channels() -> Iterator[str]:
    yield "Rules that ship, in order; the first that fits gives the channel: "
    yield ", ".join(dict.fromkeys(f"`{rule.channel}`" for rule in RULES)) + ".\n\n"
    yield "Fields that a site's own rules may test: " + ", ".join(f"`{one}`" for one in RULE_FIELDS) + ".\n"


def _views() -> Iterator[str]:
    for view in public_views():
        yield f"### `{view}`\n\nOne row is {view_comment(view)}.\n"
        if view in PARAMETERS:
            asked = ", ".join(f"`{name} {form}`" for name, form in PARAMETERS[view].items())
            yield f"\nParameters, all of them needed: {asked}.\n"
        yield "\n| column | type | meaning |\n|---|---|---|\n"
        for column in view_columns(view):
            yield f"| `{column.name}` | {_cell(column.type)} | {_cell(column.comment)} |\n"
        yield "\n"


def _columns() -> Iterator[str]:
    for kind, fields in SYNONYMS.items():
        yield f"### `{kind}`\n\n| field | headers |\n|---|---|\n"
        for field, headers in fields.items():
            yield f"| `{field}` | {_cell(', '.join(headers))} |\n"
        yield "\n"


def _settings() -> Iterator[str]:
    yield "| variable | default | meaning |\n|---|---|---|\n"
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if str(field.default) else ""
        yield f"| `{PREFIX}{name.upper()}` | {default} | {_cell(field.description or '')} |\n"


def _commands() -> Iterator[str]:
    yield "| command | what it does |\n|---|---|\n"
    for name in COMMANDS:
        later = " Not there yet." if name in LATER else ""
        yield f"| `headwater {name}` | {_cell(SUMMARIES[name])}{later} |\n"


def _first_line(model: type) -> str:
    return (model.__doc__ or "").strip().split("\n", 1)[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "events": _events,
    "entries": _entries,
    "topics": _topics,
    "reasons": _reasons,
    "channels": _channels,
    "views": _views,
    "columns": _columns,
    "settings": _settings,
    "commands": _commands,
    "metrics": figures.page,
}


def built(page: str) -> str:
    """The text of a page -> the same with every built part written anew."""
    return _BLOCK.sub(
        lambda found: found[1] + "".join(BLOCKS[found[2]]()).rstrip("\n") + "\n" + found[3], page
    )


def main() -> int:
    """Write the pages; with --check only say which of them are not as the code says (exit 1)."""
    stale = []
    for name in PAGES:
        path = HERE / name
        text = path.read_text(encoding="utf-8")
        if built(text) != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(built(text), encoding="utf-8")
    for name in stale:
        print(f"docs/{name}: {'stale' if '--check' in sys.argv else 'written'}", file=sys.stderr)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

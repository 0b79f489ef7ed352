"""`python -m schemas.generate`: the JSON Schema of every event type and entry kind, in generated/."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from schemas.catalog import ENTRY_KINDS
from schemas.compatibility import breaks
from schemas.envelope import Spoken
from schemas.event import EVENT_TYPES
from schemas.reading import current_version

GENERATED = Path(__file__).parent / "generated"
MODELS: dict[str, type[Spoken]] = {**EVENT_TYPES, **ENTRY_KINDS}


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of one event type or entry kind."""
    schema = MODELS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **_named(schema, name)}


def _named(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The tag is what tells a body's type: it is required, though the model fills it in."""
    tag = "type" if name in EVENT_TYPES else "kind"
    schema["required"] = sorted({*schema.get("required", []), tag})
    schema.pop("title", None)
    return schema


def file_name(name: str) -> str:
    """The generated file of a type or kind in its current version."""
    return f"{name}.v{current_version(MODELS[name])}.json"


def text_of(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def published(name: str, folder: Path = GENERATED) -> dict[str, Any] | None:
    """The committed schema of a type or kind in its current version, or None before its first publication."""
    path = folder / file_name(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def generate(folder: Path = GENERATED) -> list[str]:
    """Write every schema that breaks nothing; return the breaks of the others, whose files stay."""
    refused: list[str] = []
    for name in MODELS:
        schema, before = schema_of(name), published(name, folder)
        found = breaks(before, schema) if before else []
        if found:
            refused += [f"{file_name(name)}: {each}" for each in found]
        else:
            (folder / file_name(name)).write_text(text_of(schema), encoding="utf-8")
    return refused


if __name__ == "__main__":
    GENERATED.mkdir(exist_ok=True)
    trouble = generate()
    for line in trouble:
        print(f"{line}: needs a new version and an upcast", file=sys.stderr)
    sys.exit(1 if trouble else 0)

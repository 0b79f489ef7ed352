"""The committed JSON Schemas: up to date, and broken only by a new version."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.compatibility import breaks
from schemas.generate import GENERATED, MODELS, file_name, generate, published, schema_of, text_of
from schemas.reading import current_version

Schema = dict[str, Any]


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_schema_is_what_the_model_says(name: str) -> None:
    before = published(name)
    assert before is not None, f"{file_name(name)} is missing: run python -m schemas.generate"
    assert not breaks(before, schema_of(name)), "needs a new version and an upcast"
    committed = (GENERATED / file_name(name)).read_text("utf-8")
    assert committed == text_of(schema_of(name)), "run python -m schemas.generate"


def test_every_generated_file_belongs_to_a_model() -> None:
    assert {path.name.split(".v")[0] for path in GENERATED.glob("*.json")} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_models_version_is_the_one_it_reads(name: str) -> None:
    v = schema_of(name)["properties"]["v"]
    assert v["minimum"] == v["maximum"] == current_version(MODELS[name])


def field(schema: Schema, name: str) -> Schema:
    """The first way of a field: what it is when it is not null."""
    found: Schema = schema["properties"][name]
    return found["anyOf"][0] if "anyOf" in found else found


def changed(name: str, change: Callable[[Schema], Any]) -> list[str]:
    """The breaks of a published schema after a change."""
    before = schema_of(name)
    after = copy.deepcopy(before)
    change(after)
    return breaks(before, after)


BREAKS: dict[str, tuple[str, Callable[[Schema], Any], str]] = {
    "new required": ("visit_seen", lambda s: s["required"].append("referrer"), "referrer: required now"),
    "removed": ("visit_seen", lambda s: s["properties"].pop("referrer"), "referrer: removed"),
    "type": ("payment_received", lambda s: field(s, "amount").update(type="string"), "amount: type integer"),
    "narrowed enum": (
        "call_ended",
        lambda s: field(s, "outcome")["enum"].remove("busy"),
        "outcome: no longer takes",
    ),
    "enum where there was none": (
        "status_changed",
        lambda s: field(s, "stage").update(enum=["a"]),
        "stage: any",
    ),
    "optional enum": ("spend_recorded", lambda s: field(s, "kind")["enum"].remove("tool"), "kind: no longer"),
    "null": ("visit_seen", lambda s: s["properties"]["branch"]["anyOf"].pop(), "branch: null is no longer"),
    "maxLength": ("visit_seen", lambda s: field(s, "url").update(maxLength=10), "url: maxLength fell"),
    "minLength": ("visit_seen", lambda s: field(s, "gclid").update(minLength=1), "gclid: minLength rose"),
    "maximum": ("payment_received", lambda s: field(s, "amount").update(maximum=9), "amount: maximum fell"),
    "minimum": ("payment_received", lambda s: field(s, "amount").update(minimum=0), "amount: minimum rose"),
    "pattern": ("visit_seen", lambda s: field(s, "site").update(pattern="^a$"), "site: pattern changed"),
    "format": ("visit_seen", lambda s: field(s, "url").update(format="uri"), "url: format changed"),
    "maxItems": ("call_ended", lambda s: field(s, "tags").update(maxItems=1), "tags: maxItems fell"),
    "items": (
        "call_ended",
        lambda s: field(s, "tags")["items"].update(maxLength=1),
        "tags[]: maxLength fell",
    ),
    "closed": ("visit_seen", lambda s: s.update(additionalProperties=False), "the body: other fields"),
    "nested": (
        "site",
        lambda s: s["$defs"]["Attribution"]["properties"].pop("told"),
        "attribution.told: removed",
    ),
    "nested limit": (
        "site",
        lambda s: field(s["$defs"]["Attribution"], "window_days").update(maximum=90),
        "attribution.window_days: maximum fell",
    ),
    "one of two shapes": (
        "channel",
        lambda s: field(s, "rules")["oneOf"].pop(),
        "rules: maxItems fell",
    ),
    "map": (
        "person_forgotten",
        lambda s: field(s, "identifiers")["items"]["propertyNames"]["enum"].remove("call_id"),
        "identifiers[][]: no longer takes call_id",
    ),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_every_kind_of_break_is_reported(kind: str) -> None:
    name, change, words = BREAKS[kind]
    found = changed(name, change)
    assert any(each.startswith(words) for each in found), found


HARMLESS: dict[str, tuple[str, Callable[[Schema], Any]]] = {
    "new optional field": ("visit_seen", lambda s: s["properties"].update(new={"type": "string"})),
    "no longer required": ("visit_seen", lambda s: s["required"].remove("url")),
    "wider enum": ("call_ended", lambda s: field(s, "outcome")["enum"].append("rejected")),
    "wider limits": ("visit_seen", lambda s: field(s, "url").update(maxLength=9_999)),
    "no pattern": ("visit_seen", lambda s: field(s, "site").pop("pattern")),
    "number for integer": ("call_ended", lambda s: field(s, "wait_seconds").update(type="number")),
    "another shape": ("visit_seen", lambda s: s["properties"]["gclid"]["anyOf"].append({"type": "integer"})),
    "words": ("visit_seen", lambda s: s.update(description="other words")),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_breaks_nothing_passes(kind: str) -> None:
    assert changed(*HARMLESS[kind]) == []


def test_a_break_is_not_written_over_the_published_schema(tmp_path: Path) -> None:
    assert generate(tmp_path) == []
    path = tmp_path / file_name("page_viewed")
    wider = json.loads(path.read_text("utf-8"))
    wider["properties"]["url"]["maxLength"] = 5_000
    path.write_text(text_of(wider), encoding="utf-8")
    assert generate(tmp_path) == ["page_viewed.v1.json: url: maxLength fell from 5000 to 4096"]
    assert json.loads(path.read_text("utf-8")) == wider

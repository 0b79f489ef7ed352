"""Every example ever published is still read, by everyone, and says the same when written again."""

import json
from pathlib import Path

import pytest

import schemas
from schemas.envelope import Event
from schemas.event import EVENT_TYPES, to_json
from schemas.generate import MODELS
from schemas.reading import body_of, canonical_body, fields_of, read_entry, read_event

EXAMPLES = sorted((Path(schemas.__file__).parent / "examples").glob("*/v*/*.json"))
ENVELOPE = set(fields_of(Event))


def read(name: str, raw: bytes) -> object:
    """Read by the door of its topic."""
    return read_event(raw) if name in EVENT_TYPES else read_entry(raw)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_published_example_is_read(path: Path) -> None:
    name = path.parts[-3]
    said = read(name, path.read_bytes())
    assert type(said) is MODELS[name]
    again = to_json(said)
    assert read(name, again) == said
    assert to_json(read(name, again)) == again  # type: ignore[arg-type]
    assert canonical_body(body_of(again)) == canonical_body(body_of(again))


@pytest.mark.parametrize("name", MODELS)
def test_examples_show_the_least_and_every_own_field(name: str) -> None:
    bodies = [json.loads(path.read_text("utf-8")) for path in EXAMPLES if path.parts[-3] == name]
    assert any(path.parts[-3] == name and path.stem == "minimal" for path in EXAMPLES)
    shown = {field for body in bodies for field in body}
    own = set(fields_of(MODELS[name])) - ENVELOPE
    assert own <= shown


def test_no_example_holds_a_raw_phone() -> None:
    for path in EXAMPLES:
        body = json.loads(path.read_text("utf-8"))
        for field in ("phone", "email", "referrer_phone"):
            assert body.get(field, "hmac:").startswith("hmac:")

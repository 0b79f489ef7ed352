"""The short cut of the codec takes nothing that the schemas would not, and gives the very same fact."""

import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from streams import codec
from streams.domain.partition import Refusal
from tests.reference.histories import random_history

EXAMPLES = sorted((Path(schemas.__file__).parent / "examples").glob("*/v1/*.json"))
VALUES: list[Any] = [
    None, "", 0, 1, 1.0, True, [], {}, "x" * 129, "x" * 64, "x" * 65, "Upper", "a b", "한글", "\x00", "2026-03-01",
    "2026-03-01T10:00:00+09:00", "2026-03-01T10:00:00", "2026-03-01t10:00:00z", "2026-03-01T24:00:00Z",
    "2026-03-01T10:00:60Z", "2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00.123456+14:00", "1969-12-31T23:59:59Z",
    "2149-01-01T00:00:00Z", "2026-03-01T10:00:00+24:00", "2026-02-30T10:00:00Z", "hmac:1:ab", "visit_seen",
    "status_changed", "٢٠٢٦-03-01T10:00:00Z", "a" * 4097,
]  # fmt: skip


def agree(raw: bytes) -> bool:
    """Whether the short cut was taken; wherever it is, the schemas must say the same."""
    short = codec._usual(raw)
    if short is None:
        return False
    whole = codec._any(raw)
    assert not isinstance(whole, Refusal), whole
    assert (short.site, short.type) == (whole.site, whole.type)
    for name in ("kind", "id", "at", "branch", "ids", "body", "digest"):
        assert getattr(short.fact, name) == getattr(whole.fact, name), name
    return True


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: "/".join(path.parts[-3:]))
def test_every_frozen_example_reads_the_same_both_ways(example: Path) -> None:
    agree(example.read_bytes())


def test_most_of_a_history_takes_the_short_cut() -> None:
    _, events = random_history(5, 400)
    usual = [event for event in events if event["type"] in ("visit_seen", "page_viewed", "status_changed")]
    taken = sum(agree(orjson.dumps(event)) for event in usual)
    assert taken > len(usual) / 3


@pytest.mark.parametrize("seed", range(20))
def test_one_value_changed_reads_the_same_both_ways(seed: int) -> None:
    draw = random.Random(seed)
    _, events = random_history(seed, 60)
    for event in events:
        if event["type"] not in ("visit_seen", "page_viewed", "status_changed"):
            continue
        for _ in range(12):
            body = dict(event)
            name = draw.choice(
                [*body, "v", "received_at", "branch", "phone", "unknown", "referrer", "url", "stage"]
            )
            if draw.random() < 0.2:
                body.pop(name, None)
            else:
                body[name] = draw.choice(VALUES)
            agree(json.dumps(body, ensure_ascii=draw.random() < 0.5).encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_refusal(raw: bytes) -> None:
    agree(raw)
    assert isinstance(codec.decode_event(raw), (codec.Decoded, Refusal))

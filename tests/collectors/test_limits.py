"""Each limit at one below, at, and one above; buckets and proxies."""

import gzip
import random
import tracemalloc
import zlib

import pytest

from streams.collectors import limits
from streams.collectors.limits import Buckets, NotGzip, Rate, TooLarge, client_network, excess, inflated


def nested(depth: int) -> object:
    """Lists within lists, this many."""
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"a": "x" * limits.STRING_BYTES}, None),
        ({"a": "x" * (limits.STRING_BYTES + 1)}, "a"),
        ({"a": "가" * (limits.STRING_BYTES // 3)}, None),
        ({"a": "가" * (limits.STRING_BYTES // 3 + 1)}, "a"),
        ({str(n): 1 for n in range(limits.FIELDS)}, None),
        ({str(n): 1 for n in range(limits.FIELDS + 1)}, "the body"),
        ({"a": [1] * limits.ITEMS}, None),
        ({"a": [1] * (limits.ITEMS + 1)}, "a"),
        (nested(limits.DEPTH), None),
        (nested(limits.DEPTH + 1), ".".join("0" * limits.DEPTH)),
        ({"a" * limits.FIELD_NAME_CHARACTERS: 1}, None),
        ({"a" * (limits.FIELD_NAME_CHARACTERS + 1): 1}, "the body"),
        ({"a\n": 1}, "the body"),
        ({"a": "b\r\nSet-Cookie: x"}, "a"),
        ({"a": "\x1b[31m"}, "a"),
        ({"a": "\x00"}, "a"),
        ({"a": ["ok", {"b": "\u2028"}]}, "a.1.b"),
        ({"a": "한글 ok"}, None),
    ],
)
def test_limits_of_one_event(value: object, field: str | None) -> None:
    over = excess(value)
    assert (over and over[0]) == field


def test_a_very_deep_value_is_walked_without_recursion() -> None:
    assert excess(nested(900)) is not None


@pytest.mark.parametrize("size", [0, 1, limits.BODY_BYTES - 1, limits.BODY_BYTES])
def test_gzip_up_to_the_limit_is_inflated(size: int) -> None:
    content = random.Random(7).randbytes(size)
    assert inflated(gzip.compress(content, 1)) == content


def test_gzip_one_byte_over_the_limit_is_refused() -> None:
    with pytest.raises(TooLarge):
        inflated(gzip.compress(random.Random(7).randbytes(limits.BODY_BYTES + 1), 0))


def test_a_bomb_is_refused_early_and_takes_no_memory() -> None:
    bomb = gzip.compress(bytes(256 * 1024 * 1024), 9)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        inflated(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\x1f\x8b",
        gzip.compress(b"x" * 100, mtime=0)[:-4],
        gzip.compress(b"a", mtime=0) + b"tail",
        zlib.compress(b"{}"),
    ],
)
def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(NotGzip):
        inflated(body)


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    buckets = Buckets(Rate(per_second=2, burst=3))
    assert [buckets.wait_seconds("a", 1, 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.wait_seconds("a", 1, 0.0) == pytest.approx(0.5)
    assert buckets.wait_seconds("b", 1, 0.0) == 0
    assert buckets.wait_seconds("a", 1, 0.5) == 0
    assert buckets.wait_seconds("a", 1, 0.5) > 0


def test_buckets_forget_the_longest_unused_name() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), kept=2)
    assert buckets.wait_seconds("a", 1, 0.0) == 0
    for name in ("b", "c"):
        buckets.wait_seconds(name, 1, 0.0)
    assert buckets.wait_seconds("a", 1, 0.0) == 0


@pytest.mark.parametrize(
    ("peer", "header", "trusted", "counted"),
    [
        ("1.2.3.4", "", set(), "1.2.3.4"),
        ("1.2.3.4", "9.9.9.9", set(), "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9", {"10.0.0.1"}, "9.9.9.9"),
        ("10.0.0.1", "8.8.8.8, 9.9.9.9", {"10.0.0.1"}, "9.9.9.9"),
        ("10.0.0.1", "8.8.8.8, 10.0.0.2", {"10.0.0.1", "10.0.0.2"}, "8.8.8.8"),
        ("10.0.0.1", "nonsense", {"10.0.0.1"}, "10.0.0.1"),
        ("10.0.0.1", "", {"10.0.0.1"}, "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", set(), "2001:db8:1:2::/64"),
        ("::ffff:1.2.3.4", "", set(), "1.2.3.4"),
    ],
)
def test_only_trusted_proxies_say_who_asks(peer: str, header: str, trusted: set[str], counted: str) -> None:
    assert client_network(peer, header, frozenset(trusted)) == counted

"""Topics, their keys, and the partition every Kafka client would choose."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka
from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import (
    CATALOG,
    DEAD_LETTERS,
    EVENTS,
    TOPICS,
    key_of_entry,
    murmur2,
    partition_of,
    site_of_key,
)


@given(st.binary(max_size=64))
def test_murmur2_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == murmur2_of_aiokafka(data) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "hashed"),  # from Kafka's own UtilsTest
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_of_kafkas_own_test(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed & 0xFFFFFFFF


@given(st.text(max_size=64), st.integers(1, 100))
def test_a_site_lies_where_kafka_puts_its_key(site: str, partitions: int) -> None:
    everywhere = list(range(partitions))
    key = site.encode("utf-8", "surrogatepass")
    assert partition_of(site, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


def test_the_site_of_a_key_is_what_comes_before_the_first_bar() -> None:
    assert site_of_key(b"mulgil") == site_of_key(key_of_entry("mulgil", "campaign", "a|b")) == "mulgil"
    assert site_of_key(b"") == "" and site_of_key(b"\xff|x") == "\ufffd"


def test_the_log_is_kept_for_ever_and_dead_letters_for_thirty_days() -> None:
    assert {topic.name for topic in (EVENTS, CATALOG, DEAD_LETTERS)} == set(TOPICS)
    for topic in (EVENTS, CATALOG):
        assert topic.config == {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    assert DEAD_LETTERS.config["retention.ms"] == "2592000000"

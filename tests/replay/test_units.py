"""Units of a replay, and the log by which they know that it is the same."""

import pytest
from aiokafka import ConsumerRecord

from schemas.topics import EVENTS, partition_of
from streams.domain.ruling import AS_DEFINED, Ruling
from streams.log import Extent, LogDamaged, mark_of_record
from streams.replay.units import Ends, Order, Unit, units_of


def order_of(ruling: Ruling = AS_DEFINED, **ends: int) -> Order:
    every = {number: Ends(ends.get(f"p{number}", 0), 0) for number in range(4)}
    return Order("mine", ruling, ("last",), 4, every)


def test_every_site_is_in_one_unit_and_no_unit_is_of_more_than_its_share() -> None:
    units = units_of(order_of(p0=10, p1=35, p3=1), most_events=10)
    assert units == [*(Unit(1, bucket, 4) for bucket in range(4)), Unit(0, 0, 1), Unit(3, 0, 1)]
    for number in range(200):
        assert sum(unit.holds(f"s{number}") for unit in units if unit.partition == 1) == 1


def test_only_the_partitions_of_the_asked_sites_are_read() -> None:
    asked = order_of(Ruling(sites=frozenset({"center"})), p0=1, p1=1, p2=1, p3=1)
    assert units_of(asked) == [Unit(partition_of("center", 4), 0, 1)]


def record(key: bytes | None, value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord(EVENTS.name, 0, 0, 1_700_000_000_000, 0, key, value, None, 0, 0, ())


def test_a_record_is_known_again_by_its_bytes_alone() -> None:
    marks = [
        mark_of_record(record(*said))
        for said in ((b"a", b"bc"), (b"ab", b"c"), (None, b"abc"), (b"", b"abc"))
    ]
    assert len(set(marks)) == 4
    later = ConsumerRecord(EVENTS.name, 0, 0, 1_800_000_000_000, 0, b"a", b"bc", None, 0, 0, ())
    assert mark_of_record(later) == marks[0]


@pytest.mark.parametrize(
    ("extent", "reason"),
    [
        (Extent(5, 20, "m"), "begins at offset 5"),
        (Extent(0, 20, "other"), "made anew"),
        (Extent(0, 0, ""), "made anew"),
        (Extent(0, 19, "m"), "ends at offset 19"),
    ],
)
def test_another_log_than_the_one_read_before_is_refused(extent: Extent, reason: str) -> None:
    with pytest.raises(LogDamaged, match=reason):
        extent.refuse_another(EVENTS.name, 3, "m", 20)


def test_the_same_log_grown_longer_is_the_same() -> None:
    Extent(0, 21, "m").refuse_another(EVENTS.name, 3, "m", 20)
    Extent(0, 0, "").refuse_another(EVENTS.name, 3, "", 0)

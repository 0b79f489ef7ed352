"""How far ClickHouse is behind the log."""

from infra.local.progress import Place, behind


def test_nothing_is_behind_an_empty_log() -> None:
    assert behind({0: Place(0, 0), 1: Place(0, 0)}, {}) == {}


def test_both_topics_count_on_every_partition() -> None:
    ends = {0: Place(5, 2), 1: Place(3, 0), 2: Place(1, 1)}
    done = {0: Place(5, 1), 1: Place(4, 0)}
    assert behind(ends, done) == {0: Place(0, 1), 2: Place(1, 1)}

"""Distinct rows of columns, however wide the numbers are."""

import random

import numpy as np

from streams.replay.columns import distinct


def test_distinct_rows_are_told_apart_beyond_what_one_number_holds() -> None:
    draw = random.Random(1)
    wide = [0, 1, 2**40, 2**40 + 1]
    columns = [np.array([draw.choice(wide) for _ in range(500)]) for _ in range(4)]
    rows, which = distinct(*columns)
    given = list(zip(*(column.tolist() for column in columns), strict=True))
    assert [tuple(rows[one]) for one in which.tolist()] == given
    assert len(rows) == len(set(given))


def test_nothing_has_no_rows() -> None:
    rows, which = distinct(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert rows == [] and len(which) == 0

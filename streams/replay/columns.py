"""Columns of a site's events: instants, local days, few texts as codes, and the orders that rulings ask for."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.domain.days import DAY_US, Calendar
from streams.replay.usual_columns import Mask, Numbers

_MOST: Final = 2**62


class Words:
    """Few distinct texts, as codes into one list."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        """The code of a text, the same one each time."""
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code

    def column(self, codes: Numbers) -> pa.Array:
        """The texts of codes."""
        return pa.array(self.texts or [""], pa.string()).take(pa.array(codes))


def in_order(group: Numbers, at: Numbers, rank_of: Callable[[Numbers], Numbers]) -> Numbers:
    """Indices in order of group, then instant, then, where both are the same, rank."""
    ordered = np.lexsort((at, group))
    same = (group[ordered][1:] == group[ordered][:-1]) & (at[ordered][1:] == at[ordered][:-1])
    if not same.any():
        return ordered
    tied = np.zeros(len(ordered), np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    ties = np.sort(ordered[tied])
    rank = np.zeros(len(ordered), np.int64)
    rank[ties] = rank_of(ties)
    return np.lexsort((rank, at, group))


def distinct(*columns: Numbers) -> tuple[list[list[int]], Numbers]:
    """The distinct rows of columns, and which of them each row is."""
    if not len(columns[0]):
        return [], np.zeros(0, np.int64)
    packed, most = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        low, high = int(column.min()), int(column.max())
        if most * (high - low + 1) > _MOST:
            values, packed = np.unique(packed, return_inverse=True)
            most = len(values)
        packed = packed * (high - low + 1) + (column - low)
        most *= high - low + 1
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return np.stack([column[first] for column in columns], axis=1).tolist(), inverse


def ranks(texts: pa.Array, indices: Numbers) -> Numbers:
    """The place of each of these texts in their order, which is that of their code points."""
    ordered = pc.sort_indices(texts.take(pa.array(indices))).to_numpy()
    ranks = np.empty(len(indices), np.int64)
    ranks[ordered] = np.arange(len(indices))
    return ranks


def coded(column: pa.Array, words: Words) -> Numbers:
    """A column of few texts as codes of words, absent as ''."""
    coded = column.fill_null("").dictionary_encode()
    codes: Numbers = np.array([words.code(text) for text in coded.dictionary.to_pylist()] or [0])
    spread: Numbers = codes[coded.indices.to_numpy()]
    return spread


def first_said(codes: Numbers, said: Mask, place: Numbers, count: int, nothing: int) -> Numbers:
    """The first code that each of `count` places has, in the order given."""
    found = np.full(count, nothing)
    saying = np.flatnonzero(said)
    places, first = np.unique(place[saying], return_index=True)
    found[places] = codes[saying[first]]
    return found


def days_of(at: Numbers, calendar: Calendar) -> Numbers:
    """Local days of instants."""
    utc, inverse = np.unique(at // DAY_US, return_inverse=True)
    offsets = [calendar.offset_all_day(day) for day in utc.tolist()]
    known = np.array([0 if offset is None else offset for offset in offsets], np.int64)
    days = (at + known[inverse]) // DAY_US
    changing = np.array([offset is None for offset in offsets], np.bool_)[inverse]
    for index in np.flatnonzero(changing).tolist():
        days[index] = calendar.day(int(at[index]))
    return days


def instants(at: Numbers) -> pa.Array:
    """Epoch µs as instants."""
    return pa.array(at).cast(pa.timestamp("us", "UTC"))


def known_instants(at: Numbers) -> pa.Array:
    """Epoch µs as instants, a negative one as null."""
    return pa.array(at, mask=at < 0).cast(pa.timestamp("us", "UTC"))


def dates(days: Numbers) -> pa.Array:
    """Days since 1970-01-01 as dates."""
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def same(text: str, count: int) -> pa.Array:
    """One text `count` times."""
    return pa.repeat(pa.scalar(text, pa.string()), count)


def zeros(count: int) -> pa.Array:
    """As many 0 of one byte."""
    return pa.array(np.zeros(count, np.uint8))

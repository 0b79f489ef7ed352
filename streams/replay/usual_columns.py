"""The usual events of a log by column: what makes up nearly all of it, parsed a chunk at a time.

The same short cut that `streams.codec` takes for one event, taken for many: a record gets in only where it says no
more than the usual, and everything else is left to the codec. Nothing here decides what is valid.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from schemas.reading import CLOCK_AHEAD, MOST_BYTES
from schemas.scalars import EARLIEST, END_OF_TIME, SLUG_PATTERN
from streams.domain.days import day_of_iso, micros
from streams.domain.facts import PAGE, STATUS, VISIT

TEXTS: Final = (
    "event_id", "type", "site", "branch", "occurred_at", "received_at", "visitor_id", "session_id", "lead_id", "url",
    "referrer", "stage", "service", "via",
)  # fmt: skip
KEPT: Final = tuple(name for name in TEXTS if name not in ("type", "occurred_at", "received_at"))
_SCHEMA: Final = pa.schema([*((name, pa.string()) for name in TEXTS), ("v", pa.int64())])
_FIELDS: Final = frozenset(TEXTS)
_KINDS: Final = {"visit_seen": VISIT, "page_viewed": PAGE, "status_changed": STATUS}
_NEEDS: Final = {VISIT: ("url",), PAGE: ("url",), STATUS: ("stage",)}
_MAY_NOT: Final = {
    VISIT: ("stage", "service", "via"),
    PAGE: ("referrer", "stage", "service", "via"),
    STATUS: ("url", "referrer"),
}
_LONGEST: Final = 128  # bytes of a text, so that it has no more characters
_INSTANT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_EARLIEST_US: Final = micros(EARLIEST)
_END_US: Final = micros(END_OF_TIME)
_AHEAD_US: Final = int(CLOCK_AHEAD.total_seconds()) * 1_000_000

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Usual(NamedTuple):
    """Usual events in the order of the log: `columns` are texts (null: absent), `at` epoch µs, `place` their index."""

    columns: dict[str, pa.Array]
    kind: Numbers
    at: Numbers
    place: Numbers


def read_usual(values: Sequence[bytes]) -> Usual | None:
    """The usual ones among the bytes of events; None where none can be told apart."""
    places = np.arange(len(values))
    joined = b"\n".join(values)
    table = None
    if (
        b"\\" not in joined
        and b"null" not in joined
        and min(map(len, values))
        and max(map(len, values)) <= MOST_BYTES
    ):
        table = _parsed(joined, values)
    if table is None:  # one odd record spoils a chunk: only those that look usual, then
        kept = [place for place, value in enumerate(values) if _looks_usual(value)]
        if not kept:
            return None
        places = np.array(kept)
        values = [values[place] for place in kept]
        table = _parsed(b"\n".join(values), values)
        if table is None:
            return None
    found = {name: table.column(name).combine_chunks() for name in (*TEXTS, "v")}
    usual = _bounded(table, found)
    at, in_time = _instants(found, usual)
    usual &= in_time
    kind = np.zeros(len(values), np.int64)
    types = found["type"].dictionary_encode()
    codes = types.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    told = np.zeros(len(values), np.bool_)
    for code, name in enumerate(types.dictionary.to_pylist()):
        which = _KINDS.get(name)
        if which is None:
            continue
        these = codes == code
        kind[these] = which
        fits = these.copy()
        for needed in _NEEDS[which]:
            fits &= _present(found[needed])
        for excluded in _MAY_NOT[which]:
            fits &= ~_present(found[excluded])
        told |= fits
    usual &= told
    chosen = np.flatnonzero(usual)
    if len(chosen) == len(values):
        columns = {name: found[name] for name in KEPT}
    else:
        columns = {name: found[name].take(pa.array(chosen)) for name in KEPT}
    return Usual(columns, kind[chosen], at[chosen], places[chosen])


def _looks_usual(value: bytes) -> bool:
    """Whether a record is an object of the known fields, without what columns do not take."""
    if b"\\" in value or b"null" in value or len(value) > MOST_BYTES or not value.startswith(b"{"):
        return False
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    version = body.pop("v", 1)
    return (
        type(version) is int and body.keys() <= _FIELDS and all(type(text) is str for text in body.values())
    )


def _parsed(joined: bytes, values: Sequence[bytes]) -> pa.Table | None:
    """One row a record, or None when a record of the chunk is not one JSON object of plain texts."""
    if any(value[0] != 123 for value in values):
        return None
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(joined),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(joined) + 1),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=_SCHEMA, unexpected_field_behavior="infer"
            ),
        )
        # A record that begins with a brace yields a row or more: as many rows as records are one each.
        return table if table.num_rows == len(values) else None
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None


def _present(column: pa.Array) -> Mask:
    valid: Mask = column.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _bounded(table: pa.Table, found: dict[str, pa.Array]) -> Mask:
    """Rows of known fields only, every text neither empty nor long, slugs that are slugs, version 1."""
    good: Mask = np.ones(table.num_rows, np.bool_)
    for name in table.column_names:
        if name not in found:
            good &= ~_present(table.column(name).combine_chunks())
    for name in TEXTS:
        column = found[name]
        if column.null_count == len(column):
            continue
        lengths = pc.binary_length(column)
        if pc.min(lengths).as_py() < 1 or pc.max(lengths).as_py() > _LONGEST:
            fits = pc.and_(pc.greater(lengths, 0), pc.less_equal(lengths, _LONGEST)).fill_null(True)
            good &= fits.to_numpy(zero_copy_only=False)
    for name in ("site", "branch", "stage", "via"):
        column = found[name]
        if column.null_count == len(column):
            continue
        coded = column.dictionary_encode()
        slugs = pc.match_substring_regex(coded.dictionary, SLUG_PATTERN)
        if not pc.all(slugs).as_py():
            good &= slugs.take(coded.indices).fill_null(True).to_numpy(zero_copy_only=False)
    for name in ("event_id", "type", "site", "occurred_at"):
        good &= _present(found[name])
    version = found["v"]
    if version.null_count < len(version):
        good &= pc.equal(version, 1).fill_null(True).to_numpy(zero_copy_only=False)
    return good


def _instants(found: dict[str, pa.Array], usual: Mask) -> tuple[Numbers, Mask]:
    """Epoch µs of each row, and which rows have an instant, within bounds and not ahead of its receipt."""
    at, good = _epoch(found["occurred_at"])
    good &= (at >= _EARLIEST_US) & (at < _END_US)
    received = found["received_at"]
    if received.null_count < len(received):
        received_at, known = _epoch(received)
        known &= (received_at >= _EARLIEST_US) & (received_at < _END_US) & (at - received_at <= _AHEAD_US)
        good &= known | ~_present(received)
    return at, good


def _epoch(texts: pa.Array) -> tuple[Numbers, Mask]:
    good: Mask = pc.match_substring_regex(texts, _INSTANT).fill_null(False).to_numpy(zero_copy_only=False)
    if good.all():
        try:
            parsed = pc.cast(texts, pa.timestamp("us", "UTC"))
            return parsed.cast(pa.int64()).to_numpy(zero_copy_only=False), good
        except pa.ArrowInvalid:  # a 30th of February: let the codec say so
            pass
    days = pc.utf8_slice_codeunits(texts, 0, 10).fill_null("").dictionary_encode()
    known = np.array([_is_day(day) for day in days.dictionary.to_pylist()], np.bool_)
    good = good & known[days.indices.to_numpy()]
    parsed = pc.cast(pc.if_else(pa.array(good), texts, "2000-01-01T00:00:00Z"), pa.timestamp("us", "UTC"))
    return parsed.cast(pa.int64()).to_numpy(zero_copy_only=False), good


def _is_day(text: str) -> bool:
    try:
        day_of_iso(text)
    except ValueError:
        return False
    return True


def joined_usual(parts: Sequence[Usual]) -> Usual | None:
    """Chunks put one after the other."""
    if not parts:
        return None
    return Usual(
        {name: pa.concat_arrays([part.columns[name] for part in parts]) for name in KEPT},
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.place for part in parts]),
    )

"""A list of what is measured elsewhere (만족도, 후기, 도달 …) over days, weeks or months -> measure_recorded.

Either a row a value (지표 with 값) or a column a metric. The same metric, channel, branch and period said anew replaces
what the file said before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from streams.collectors.importers.cells import Unreadable, folded, only_set, shown, text
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Outcome, Setting
from streams.collectors.importers.periods import period
from streams.collectors.importers.records import Reader, refused_cell, slug_of

METRICS = {
    folded(said): metric
    for metric, words in {
        "satisfaction": "만족도 고객만족도 보호자만족도 만족도점수 satisfaction",
        "reach": "도달 도달수 reach",
        "reviews": "후기 후기수 리뷰 리뷰수 reviews",
        "open_slots": "빈자리 잔여석 openslots",
    }.items()
    for said in words.split()
}
_WIDE = ("satisfaction", "reach", "reviews", "open_slots")
NUMBER_FIX = "a number like 4.5 or 1,200, or a share like 85%"


def measures(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of measured values -> measure_recorded drafts."""
    for record in records:
        reader = Reader(record, setting)
        yield from reader.read(lambda reader=reader: _measures(reader))  # type: ignore[misc]


def _measures(reader: Reader) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    first, last = period(reader)
    channel, branch = reader.slug("channel"), reader.branch()
    found = _values(reader)
    if not found:
        field = next((name for name in ("value", *_WIDE) if record.has(name)), "value")
        raise refused_cell(record, field, Unreadable("nothing", NUMBER_FIX))
    for metric, value in found:
        body: dict[str, Any] = only_set(
            type="measure_recorded",
            site=setting.site,
            branch=branch,
            occurred_at=datetime(first.year, first.month, first.day, tzinfo=setting.zone).isoformat(),
            metric=metric,
            value=value,
            period_start=first.isoformat(),
            period_end=last.isoformat(),
            channel=channel,
        )
        native = (metric, channel or "", branch or "", first.isoformat(), last.isoformat())
        yield Draft(record.line, body, native)


def _values(reader: Reader) -> list[tuple[str, float]]:
    """The row's metrics with their values."""
    if reader.record.has("value"):
        value = reader.cell("value", _number)
        if value is None:
            return []
        return [(reader.needed("metric", lambda said: _metric(said, reader)), value)]
    said = [(metric, reader.cell(metric, _number)) for metric in _WIDE]
    return [(metric, value) for metric, value in said if value is not None]


def _metric(said: object, reader: Reader) -> str:
    names = {**METRICS, **(reader.setting.values.get("metric") or {})}
    return slug_of(said, names, "metric")


def _number(value: object) -> float | None:
    """A cell -> a number; 85% is 0.85, a dash is nothing."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.isfinite(value):
            return value
        raise Unreadable(shown(value), NUMBER_FIX)
    said = re.sub(r"[\s,]|[점건명회개]$", "", text(value))
    if said in ("", "-", "–"):
        return None
    match = re.fullmatch(r"([+-]?\d{1,13}(?:\.\d{1,9})?)(%?)", said)
    if not match:
        raise Unreadable(shown(value), NUMBER_FIX)
    number = float(match[1]) / (100 if match[2] else 1)
    return int(number) if number.is_integer() else number

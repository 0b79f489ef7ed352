"""Local days of a zone, as days since 1970-01-01, and the epoch microseconds they start at."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY_US: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR_US: Final = 3_600_000_000
_UTC_DAYS_KEPT: Final = 20_000


class Calendar:
    """The days of one IANA zone; an unknown name raises ZoneInfoNotFoundError or ValueError."""

    __slots__ = ("_offsets", "_zone", "time_zone")

    def __init__(self, time_zone: str) -> None:
        """Read the zone's rules."""
        self.time_zone = time_zone
        self._zone = ZoneInfo(time_zone)
        # UTC day -> the zone's offset all day long, or None on a day on which it changes
        self._offsets = _offsets_of(time_zone)

    def day(self, at_us: int) -> int:
        """Local day of an instant, days since 1970-01-01."""
        try:
            offset = self._offsets[at_us // DAY_US]
        except KeyError:
            offset = self._learn(at_us // DAY_US)
        if offset is None:
            offset = self._offset(at_us)
        return (at_us + offset) // DAY_US

    def offset_all_day(self, utc_day: int) -> int | None:
        """The zone's offset from UTC, µs, all through a UTC day; None on a day on which it changes."""
        if utc_day not in self._offsets:
            self._learn(utc_day)
        return self._offsets[utc_day]

    def start(self, day: int) -> int:
        """First instant of a local day; where midnight is skipped, the jump of the clock into the day."""
        midnight = self._instant(day, 0)
        if self.day(midnight - 1) < day:
            return midnight
        before, within = midnight - DAY_US, midnight
        while self.day(before) >= day:
            before -= DAY_US
        while within - before > 1:
            middle = (before + within) // 2
            if self.day(middle) < day:
                before = middle
            else:
                within = middle
        return within

    def end_of_day_second(self, day: int) -> int:
        """Instant of 23:59:59 local, the first of two where the clock is put back."""
        return self._instant(day, 86_399)

    def _instant(self, day: int, second: int) -> int:
        local = datetime.fromordinal(day + _EPOCH_ORDINAL).replace(tzinfo=self._zone) + timedelta(
            seconds=second
        )
        return micros(local)

    def _offset(self, at_us: int) -> int:
        try:
            local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(self._zone)
        except OverflowError:  # the first and last day that a datetime knows
            return 0
        return (local.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND - at_us

    def _learn(self, utc_day: int) -> int | None:
        start = utc_day * DAY_US
        offsets = {self._offset(start + hour * _HOUR_US) for hour in range(24)}
        offsets.add(self._offset(start + DAY_US - 1))
        if len(self._offsets) >= _UTC_DAYS_KEPT:
            self._offsets.clear()
        offset = offsets.pop() if len(offsets) == 1 else None
        self._offsets[utc_day] = offset
        return offset


@lru_cache(maxsize=256)
def _offsets_of(time_zone: str) -> dict[int, int | None]:
    """One memo a zone, shared by every site in it."""
    return {}


def micros(moment: datetime) -> int:
    """Epoch microseconds of an aware datetime, exact: a float64 tells microseconds apart up to the year 2242."""
    return round(moment.timestamp() * 1e6)


def add_months(day: int, months: int) -> int:
    """The same day of the month `months` later (or earlier), clamped to that month's end."""
    start = date.fromordinal(day + _EPOCH_ORDINAL)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last)).toordinal() - _EPOCH_ORDINAL


def month_start(day: int) -> int:
    """First day of the day's month."""
    return date.fromordinal(day + _EPOCH_ORDINAL).replace(day=1).toordinal() - _EPOCH_ORDINAL


def day_of(when: date) -> int:
    """Days since 1970-01-01 of a date."""
    return when.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """The date of a day."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def iso_day(day: int) -> str:
    """`2026-03-01` of a day."""
    return date.fromordinal(day + _EPOCH_ORDINAL).isoformat()


def day_of_iso(text: str) -> int:
    """The day of `2026-03-01`; ValueError for anything else."""
    return date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL

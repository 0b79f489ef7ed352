"""How long a business was open between two instants: its weekly hours in its own time zone, holidays left out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def open_minutes(
    since: datetime,
    until: datetime,
    hours: Mapping[str, Sequence[str]],
    holidays: Collection[date],
    zone: ZoneInfo,
) -> int:
    """Two instants, hours such as {"mon": ["09:30-12:00", "13:00-24:00"]} -> whole minutes it was open between them."""
    seconds = 0.0
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        if day not in holidays:
            for span in hours.get(WEEKDAYS[day.weekday()], ()):
                opens, _, closes = span.partition("-")
                begins = max(_instant(day, opens, zone), since)
                ends = min(_instant(day, closes, zone), until)
                seconds += max(0.0, (ends - begins).total_seconds())
        day += timedelta(days=1)
    return int(seconds // 60)


def is_open(
    at: datetime, hours: Mapping[str, Sequence[str]], holidays: Collection[date], zone: ZoneInfo
) -> bool:
    """An instant -> whether it lies in the opening hours."""
    return open_minutes(at, at + timedelta(minutes=1), hours, holidays, zone) == 1


def _instant(day: date, at: str, zone: ZoneInfo) -> datetime:
    """A local day and a time up to 24:00 -> the instant."""
    if at == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), zone)
    return datetime.combine(day, time.fromisoformat(at), zone)

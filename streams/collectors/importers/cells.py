"""Cells of spreadsheets and logs, as people and machines write them -> typed values, or what is wrong with them."""

from __future__ import annotations

import calendar
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from streams.collectors.privacy import normalised_email
from streams.domain.phones import restore_leading_zero

LONGEST_TEXT = 500


class Unreadable(ValueError):
    """A cell that cannot be taken: what was found (fit to be shown) and what would be right."""

    def __init__(self, found: str, fix: str) -> None:
        super().__init__(f"{found}: {fix}")
        self.found = found
        self.fix = fix


# --- showing what was found ------------------------------------------------------------------------------------

_LONG_DIGITS = re.compile(r"\+?\d(?:[\s().-]?\d){6,}")
_PLAIN_WORDS = re.compile(r"오전|오후|[AaPp][Mm]|[년월일시분초원만천TZeE]")
_LETTER = re.compile(r"[^\W\d_]")


def masked_digits(text: str) -> str:
    """Text with every run of seven or more digits cut to its last four."""

    def mask(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        return "…" + digits[-4:]

    return _LONG_DIGITS.sub(mask, text)


def shown(value: object, *, words: bool = False) -> str:
    """A cell as a report may print it: short, escaped, long digits masked, letters blotted out unless `words`.

    A shifted row puts names into any column, so letters are shown only where a closed list of words is expected.
    """
    if value is None or value == "":
        return "nothing"
    raw = str(value)
    text = "".join(c if c.isprintable() else "�" for c in raw[:40])
    if not words:
        text = "".join(
            part if _PLAIN_WORDS.fullmatch(part) else _LETTER.sub("○", part)
            for part in re.split(f"({_PLAIN_WORDS.pattern})", text)
        )
        # A date keeps its digits, a phone or an account does not.
        text = text if re.match(r"\s*(19|20)\d\d", text) else masked_digits(text)
    else:
        text = masked_digits(text)
    return f"'{text}{'…' if len(raw) > 40 else ''}'"


# --- text ------------------------------------------------------------------------------------------------------

_EXCEL_TEXT = re.compile(r'="([^"]*)"$')


def text(value: object) -> str:
    """A cell -> trimmed NFC text; `="010…"` (how Excel is made to keep a zero) is unwrapped, formulas are refused."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    found = unicodedata.normalize("NFC", str(value)).strip().strip("\ufeff\u200b").strip()
    if not found:
        return ""
    if found[0] == "=":
        wrapped = _EXCEL_TEXT.match(found)
        if not wrapped:
            raise Unreadable("a formula", "save the file with values in place of formulas")
        found = wrapped[1].strip()
    if len(found) > LONGEST_TEXT:
        raise Unreadable(f"{len(found):,} characters", f"at most {LONGEST_TEXT}")
    if "\x00" in found:
        raise Unreadable("a NUL character", "save the file again as CSV UTF-8")
    if "\ufffd" in found:
        raise Unreadable("unreadable characters", "save the file again as CSV UTF-8")
    return " ".join(found.split())


def word(value: object, known: Mapping[str, str], what: str) -> str:
    """A cell -> the value of the closed list it names, whatever its case and spaces; else refused with the nearest."""
    said = text(value)
    key = folded(said)
    if key in known:
        return known[key]
    hint = f"{what}: one of {', '.join(sorted(set(known.values())))}, or its meaning in a mapping: values"
    raise unknown_word(said, known, hint)


def unknown_word(said: str, known: Iterable[str], fix: str) -> Unreadable:
    """A word that no list knows -> what to say of it.

    It is quoted only where a known word is near: else it may be a name out of a shifted row.
    """
    nearest = get_close_matches(folded(said), list(known), n=1, cutoff=0.6)
    if not nearest:
        return Unreadable(f"{len(said)} characters that are none of them" if said else "nothing", fix)
    return Unreadable(shown(said, words=True), f"{fix}; did you mean '{nearest[0]}'?")


def folded(said: str) -> str:
    """A word without case, spaces and punctuation, for looking it up."""
    return re.sub(r"[\s_\-./·()\[\]]+", "", unicodedata.normalize("NFC", said)).casefold()


RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def not_run(said: str) -> str:
    """A text for a CSV -> itself, quoted with ' where a spreadsheet would run it as a formula."""
    return f"'{said}" if said.startswith(RUN_BY_SPREADSHEETS) else said


# --- time ------------------------------------------------------------------------------------------------------

_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d|\d\d)\s*(?:[-./]|년)\s*(?P<m>\d{1,2})\s*(?:[-./]|월)\s*(?P<d>\d{1,2})\s*(?:일|\.)?"
    r"(?:\s*\([^)]{1,3}\))?"
)
_COMPACT = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)")
_TIME = re.compile(
    r"(?P<half1>오전|오후|[AaPp]\.?[Mm]\.?)?\s*(?P<h>\d{1,2})\s*(?:[:]|시)\s*(?:(?P<mi>\d{1,2})\s*분?)?"
    r"(?:\s*:?\s*(?P<s>\d{1,2})(?:[.,](?P<f>\d{1,9}))?\s*초?)?\s*(?P<half2>[AaPp]\.?[Mm]\.?)?"
)
_COMPACT_TIME = re.compile(r"(?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)?")
_OFFSET = re.compile(r"\s*(?P<z>Z|[+-]\d\d:?\d\d)$")
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock, its zone is added by the caller
DATE_FIX = "a date like 2026-03-02"
INSTANT_FIX = "a date and time like 2026-03-02 14:05:00"


class Moment(NamedTuple):
    """A point in time and whether only its day was said."""

    at: datetime
    bare: bool


def moment(value: object, zone: ZoneInfo, *, end_of_day: bool = False, time_of_day: object = None) -> Moment:
    """A cell (with the time in a second cell, if any) -> instant; a bare date is 00:00:00 local, or 23:59:59."""
    day, clock, offset = _wall(value)
    if clock is None and text(time_of_day):
        clock = _clock(time_of_day)
    bare = clock is None
    local = datetime.combine(day, clock or (time(23, 59, 59) if end_of_day else time()))
    if offset is not None:
        return Moment((local - offset).replace(tzinfo=UTC).astimezone(zone), bare)
    return Moment(local.replace(tzinfo=zone), bare)


def day(value: object) -> date:
    """A cell -> the local day it names."""
    return _wall(value)[0]


def month(value: object) -> tuple[date, date]:
    """A cell naming a month (2026-03, 202603, 2026년 3월, any day of it) -> its first and last day."""
    said = text(value) if isinstance(value, (str, int, float)) else ""
    match = re.fullmatch(r"((?:19|20)\d\d)\s*(?:[-./]|년)?\s*(\d{1,2})\s*월?\.?", said)
    if match and 1 <= int(match[2]) <= 12:
        first = date(int(match[1]), int(match[2]), 1)
    else:
        try:
            first = day(value).replace(day=1)
        except Unreadable as unreadable:
            raise Unreadable(unreadable.found, "a month like 2026-03") from None
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _wall(value: object) -> tuple[date, time | None, timedelta | None]:
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date(), None if midnight else value.time(), value.utcoffset()
    if isinstance(value, date):
        return value, None, None
    said = text(value)
    if not said:
        raise Unreadable("nothing", DATE_FIX)
    if re.fullmatch(r"[2-7]\d{4}(\.\d+)?", said):  # the day number that Excel keeps
        serial = _EXCEL_EPOCH + timedelta(seconds=round(float(said) * 86_400))
        return serial.date(), None if "." not in said else serial.time(), None
    match = _DATE.match(said) or _COMPACT.match(said)
    if not match:
        raise Unreadable(shown(value), DATE_FIX)
    year = int(match["y"])
    try:
        found = date(year if year > 99 else 2000 + year, int(match["m"]), int(match["d"]))
    except ValueError:
        raise Unreadable(shown(value), DATE_FIX) from None
    rest = said[match.end() :].lstrip(" T\t,")
    if not rest:
        return found, None, None
    offset = None
    zoned = _OFFSET.search(rest)
    if zoned:
        rest = rest[: zoned.start()]
        sign = zoned["z"]
        offset = timedelta()
        if sign != "Z":
            hours, minutes = int(sign[1:3]), int(sign[-2:])
            offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign[0] == "-" else 1)
    try:
        return found, _clock(rest), offset
    except Unreadable:
        raise Unreadable(shown(value), INSTANT_FIX) from None


def _clock(value: object) -> time:
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, time):
        return value
    said = text(value)
    if isinstance(value, float) and 0 <= value < 1:  # a fraction of a day
        return (_EXCEL_EPOCH + timedelta(seconds=round(value * 86_400))).time()
    match = _TIME.fullmatch(said) or _COMPACT_TIME.fullmatch(said)
    if not match:
        raise Unreadable(shown(value), "a time like 14:05:00")
    found = match.groupdict()
    hour = int(found["h"])
    half = (found.get("half1") or found.get("half2") or "").lower().replace(".", "")
    if half in ("오후", "pm") and hour < 12:
        hour += 12
    if half in ("오전", "am") and hour == 12:
        hour = 0
    micro = int((found.get("f") or "0").ljust(6, "0")[:6])
    try:
        return time(hour, int(found["mi"] or 0), int(found["s"] or 0), micro)
    except ValueError:
        raise Unreadable(shown(value), "a time like 14:05:00") from None


_DURATION_WORDS = re.compile(
    r"(?:(\d+)\s*(?:시간|h(?:ours?|rs?)?))?\s*(?:(\d+)\s*(?:분|m(?:in(?:utes?|s)?)?))?"
    r"\s*(?:(\d+)\s*(?:초|s(?:ec(?:onds?|s)?)?))?",
    re.IGNORECASE,
)
DURATION_FIX = "seconds (85), mm:ss (1:25) or hh:mm:ss (0:01:25)"


def seconds(value: object, *, minutes: bool = False) -> int:
    """A duration (85, 1:25, 0:01:25, 1분 25초, a time cell) -> whole seconds; nothing or a dash is 0.

    `minutes`: the header says that plain numbers are minutes.
    """
    if isinstance(value, timedelta):
        return _sane(round(value.total_seconds()), value)
    if isinstance(value, datetime):
        return _sane(round((value - _EXCEL_EPOCH).total_seconds()), value)
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second
    said = text(value)
    if said in ("", "-", "–"):
        return 0
    if re.fullmatch(r"\d{1,7}(\.\d+)?", said):
        return _sane(round(float(said) * (60 if minutes else 1)), value)
    parts = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,5}):(\d{1,2})(?:\.\d+)?", said)
    if parts and int(parts[3]) < 60 and (parts[1] is None or int(parts[2]) < 60):
        return _sane(int(parts[1] or 0) * 3600 + int(parts[2]) * 60 + int(parts[3]), value)
    words = _DURATION_WORDS.fullmatch(said)
    if words and any(words.groups()):
        hours, mins, secs = (int(part or 0) for part in words.groups())
        return _sane(hours * 3600 + mins * 60 + secs, value)
    raise Unreadable(shown(value), DURATION_FIX)


def _sane(found: int, value: object) -> int:
    if 0 <= found <= 86_400:
        return found
    raise Unreadable(shown(value), f"{DURATION_FIX}, at most a day")


# --- numbers ---------------------------------------------------------------------------------------------------

_UNITS = {"천원": 1_000, "만원": 10_000, "백만원": 1_000_000, "천": 1_000, "만": 10_000}
MONEY_FIX = "whole won, like 600,000 (a refund: -50,000)"


def won(value: object, *, unit: int = 1) -> int:
    """An amount (600,000원, ₩600000, 60만원, (50,000), △50,000) -> whole won; `unit` is what the header says (천원)."""
    if isinstance(value, bool):
        raise Unreadable(shown(value), MONEY_FIX)
    if isinstance(value, (int, float)):
        amount = float(value) * unit
        if not math.isfinite(amount) or abs(amount) > 1e13 or amount != round(amount):
            raise Unreadable(shown(value), MONEY_FIX)
        return round(amount)
    said = text(value)
    bare = re.sub(r"[\s,₩￦]|KRW", "", said.replace("\u2212", "-"))
    negative = False
    if bare[:1] in ("-", "△", "▲"):
        negative, bare = True, bare[1:]
    elif bare.startswith("(") and bare.endswith(")"):
        negative, bare = True, bare[1:-1]
    match = re.fullmatch(r"\+?(\d{1,13})(?:\.(\d{1,4}))?(백만원|만원|천원|만|천|원)?", bare)
    if not match:
        raise Unreadable(shown(value), MONEY_FIX)
    scale = _UNITS.get(match[3] or "", 1) * (unit if (match[3] or "원") == "원" else 1)
    fraction = match[2] or ""
    amount = int(match[1]) * scale
    if fraction.strip("0"):
        extra, left = divmod(int(fraction) * scale, 10 ** len(fraction))
        if left:
            raise Unreadable(shown(value), MONEY_FIX)
        amount += extra
    if amount > 10**13:
        raise Unreadable(shown(value), MONEY_FIX)
    return -amount if negative else amount


def count(value: object) -> int:
    """A count (1,234, 1234회) -> a whole number of at least 0."""
    said = re.sub(r"[\s,]|[회건번개]$", "", text(value))
    if not re.fullmatch(r"\d{1,12}", said):
        raise Unreadable(shown(value), "a whole number, like 1234")
    return int(said)


def hours(value: object) -> float:
    """Hours (2.5, 2시간, 2:30, a time cell) -> a number of at least 0."""
    if isinstance(value, (time, timedelta)):
        return seconds(value) / 3600
    said = re.sub(r"\s|시간$|h(ours?)?$", "", text(value))
    if re.fullmatch(r"\d{1,5}(\.\d{1,4})?", said):
        return float(said)
    clock = re.fullmatch(r"(\d{1,4}):([0-5]\d)", said)
    if clock:
        return int(clock[1]) + int(clock[2]) / 60
    raise Unreadable(shown(value), "hours, like 2.5")


# --- phones ----------------------------------------------------------------------------------------------------

_ANONYMOUS = frozenset(
    folded(said)
    for said in (
        "발신번호표시제한",
        "발신자표시제한",
        "발신번호제한",
        "표시제한",
        "비공개",
        "번호없음",
        "없음",
        "미상",
        "알수없음",
        "anonymous",
        "unknown",
        "private",
        "restricted",
        "withheld",
        "unavailable",
        "blocked",
        "none",
        "null",
        "n/a",
        "-",
        "–",
        "*",
        "0",
    )
)
PHONE_FIX = "a phone number like 010-1234-5678; for an anonymous caller leave the cell empty"


def phone(value: object, region: str = "KR") -> str | None:
    """A cell -> E.164, or None for an anonymous caller; zeros that a spreadsheet dropped are restored."""
    if isinstance(value, float) and not value.is_integer():
        raise Unreadable("a number with decimals", PHONE_FIX)
    said = text(value)
    if not said or folded(said) in _ANONYMOUS or re.fullmatch(r"[*x]+|0+", folded(said)):
        return None
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", said):
        raise Unreadable(
            "a phone number that a spreadsheet rounded", "format the column as text and export it again"
        )
    number = restore_leading_zero(said, region)
    if number is None:
        raise Unreadable(masked_phone(said), PHONE_FIX)
    return number


def masked_phone(value: object) -> str:
    """A phone or whatever stands in its place -> its last four digits."""
    digits = re.sub(r"\D", "", str(value)[:60])
    return f"'…{digits[-4:]}'" if len(digits) >= 5 else "no phone number"


EMAIL_FIX = "an e-mail address like name@example.kr; for nobody's leave the cell empty"


def email(value: object) -> str | None:
    """A cell -> the e-mail address, or None where there is none; what is no address is refused unshown."""
    said = text(value)
    if not said or folded(said) in _ANONYMOUS:
        return None
    address = normalised_email(said)
    if address is None:
        raise Unreadable("no e-mail address", EMAIL_FIX)
    return address


def only_set(**fields: Any) -> dict[str, Any]:
    """The fields that have a value: what is not said is absent, not empty."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}

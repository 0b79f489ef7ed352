"""Phone numbers as people dial and type them, read into E.164, the one spelling they join by."""

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

# Korean numbers that are dialled without a leading zero: 15xx, 16xx, 18xx and four digits
_REPRESENTATIVE: Final = re.compile(r"1[568]\d{6}(?!\d)")
_MOBILE: Final = re.compile(r"(?:0|\+?82-?0?)10[-. ]?([2-9]\d{3})[-. ]?(\d{4})")
_SEPARATORS: Final = re.compile(r"[\s().\-/‐-―−ー－．　]+")
_TRUNK_IN_BRACKETS: Final = re.compile(r"\(0\)")
_EXCEL_FRACTION: Final = re.compile(r"\.0+$")
_LONGEST: Final = 64


@lru_cache(maxsize=65_536)
def e164(text: str, region: str = "KR") -> str | None:
    """E.164 of a number as written in `region`, None for what is none.

    In Korea a number without country code starts with 0 or is a representative one (1577-1577): `1012345678`
    is no number here, see `restore_leading_zero`. Inner extensions and short codes (114, 201) are none; an
    extension behind a number is dropped.
    """
    if region == "KR" and (mobile := _MOBILE.fullmatch(text)):
        return f"+8210{mobile[1]}{mobile[2]}"
    parsed = _parsed(text, region)
    return None if parsed is None else phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


@lru_cache(maxsize=65_536)
def restore_leading_zero(text: str, region: str = "KR") -> str | None:
    """E.164 of a number out of a spreadsheet, which may have lost its leading zero (1012345678, 25551234.0).

    Only for columns that hold phone numbers and nothing else: a number that is one as it stands is left as
    it is, so 15771577 stays the representative number and never becomes an area code.
    """
    trimmed = _EXCEL_FRACTION.sub("", text.strip())
    found = e164(trimmed, region)
    if found is not None or not trimmed[:1].isdecimal():
        return found
    return e164("0" + trimmed, region)


def is_mobile(text: str, region: str = "KR") -> bool:
    """Whether a number (E.164 or as dialled) is a mobile one."""
    parsed = _parsed(text, region)
    if parsed is None:
        return False
    return phonenumbers.number_type(parsed) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    if len(text) > _LONGEST:
        return None
    try:
        parsed = phonenumbers.parse(_spelt(text, region), region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def _spelt(text: str, region: str) -> str:
    """The text as the library reads it best; an empty one where Korea's own rule says it is no number."""
    bare = text.strip()
    if bare[:4].lower() == "tel:":
        bare = bare[4:].lstrip("/")
    if region != "KR" or ";" in bare:
        return bare
    digits = _SEPARATORS.sub("", _TRUNK_IN_BRACKETS.sub("", bare)).translate(_WIDE)
    if digits.startswith(("+", "0")):
        return bare
    if digits.startswith("82") and len(digits) >= 10:
        return "+" + digits
    return bare if _REPRESENTATIVE.match(digits) else ""


_WIDE: Final = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0B: "+"}

"""The bounded, strict value types of every field; constraints live in the core schema, for speed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # a call that began before it still lies within ClickHouse's Date
END_OF_TIME = datetime(2149, 1, 1, tzinfo=UTC)  # ClickHouse's Date ends in that year
MOST_WON = 10**15
MOST_COUNT = 10**12

SLUG_PATTERN = r"^[a-z0-9_-]{1,64}$"
PSEUDONYM_PATTERN = r"^hmac:[A-Za-z0-9_.-]{1,32}:[0-9a-f]{1,128}$"
CODE_PATTERN = r"^[A-Za-z0-9_~.-]{1,64}$"
NUMBER_PATTERN = r"^[+]?[0-9*#() .-]{2,32}$"
MONTH_PATTERN = r"^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])$"
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"
HOST_PATTERN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class _TextInJson:
    """In JSON a text of the given pattern, in Python the value itself: a number in quotes is no date."""

    def __init__(self, pattern: str, json_format: str, lax: CoreSchema, strict: CoreSchema) -> None:
        """The pattern the text must have before `lax` parses it; Python values pass `strict`."""
        self.json_format = json_format
        self.core_schema = core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([core_schema.str_schema(pattern=pattern, strict=True), lax]),
            python_schema=strict,
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Text first, then the parsed value with its bounds."""
        return self.core_schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string with its format."""
        return {"type": "string", "format": self.json_format}


def _instant(strict: bool) -> CoreSchema:
    return core_schema.datetime_schema(strict=strict, tz_constraint="aware", ge=EARLIEST, lt=END_OF_TIME)


def _day(strict: bool) -> CoreSchema:
    return core_schema.date_schema(strict=strict, ge=EARLIEST.date(), lt=END_OF_TIME.date())


Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Text = Annotated[str, StringConstraints(max_length=512)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
MaybeUrl = Annotated[str, StringConstraints(max_length=4096)]
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Number = Annotated[str, StringConstraints(pattern=NUMBER_PATTERN)]
Host = Annotated[str, StringConstraints(pattern=HOST_PATTERN, max_length=253)]
Month = Annotated[str, StringConstraints(pattern=MONTH_PATTERN)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
PersonalText = Annotated[str, StringConstraints(min_length=1, max_length=256)]
PersonalTexts = Annotated[list[PersonalText], Field(max_length=20)]

Instant = Annotated[datetime, _TextInJson(INSTANT_PATTERN, "date-time", _instant(False), _instant(True))]
Day = Annotated[date, _TextInJson(DAY_PATTERN, "date", _day(False), _day(True))]

Won = Annotated[int, Field(ge=-MOST_WON, le=MOST_WON)]
WonNotNegative = Annotated[int, Field(ge=0, le=MOST_WON)]
Count = Annotated[int, Field(ge=0, le=MOST_COUNT)]
CallSeconds = Annotated[int, Field(ge=0, le=7 * 86_400)]
MediaSeconds = Annotated[float, Field(ge=0, le=10_000_000)]
Hours = Annotated[float, Field(ge=0, le=1_000_000)]
Quantity = Annotated[float, Field(ge=-MOST_WON, le=MOST_WON)]
QuantityNotNegative = Annotated[float, Field(ge=0, le=MOST_WON)]
Share = Annotated[float, Field(ge=0, le=1)]
First = Annotated[int, Field(ge=1, le=1)]

IdentifierName = Literal["visitor_id", "session_id", "lead_id", "phone", "email", "call_id"]
NamedIdentifier = Annotated[dict[IdentifierName, PersonalText], Field(min_length=1, max_length=1)]
Tags = Annotated[list[Label], Field(max_length=50)]

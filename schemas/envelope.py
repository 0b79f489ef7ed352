"""The envelope of every event: whose it is, when it happened, and whom it names."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from schemas.scalars import First, Identifier, Instant, Label, PersonalText, PersonalTexts, Slug


class Spoken(BaseModel):
    """Anything said on a topic: strict types, unknown fields ignored, never changed once read."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )


class Event(Spoken):
    """The envelope; every event type adds its own fields.

    `v` absent means version 1. A type that reaches version 2 declares `v` without a default: an absent one is
    then seen as old.
    """

    VERSION: ClassVar[int] = 1
    type: Any
    event_id: Identifier
    v: First = 1
    site: Slug
    branch: Slug | None = None
    occurred_at: Instant
    received_at: Instant | None = None
    visitor_id: Identifier | None = None
    session_id: Identifier | None = None
    lead_id: Identifier | None = None
    phone: PersonalText | None = None
    phone_aliases: PersonalTexts | None = None
    email: PersonalText | None = None
    email_aliases: PersonalTexts | None = None


class Bot(Spoken):
    """Why a door takes the sender for a program, and by which edition of its rules."""

    reason: Slug
    rule: Label


class Browsed(Event):
    """What a browser may say; with `bot` a program said it: kept, but nobody's, and counted nowhere."""

    bot: Bot | None = None


def refuse_missing(field: str, fix: str) -> NoReturn:
    """End a model's own check: a field is needed that is not there."""
    raise PydanticCustomError("rule_missing", "{fix}", {"field": field, "found": "nothing", "fix": fix})


def refuse_invalid(field: str, found: str, fix: str) -> NoReturn:
    """End a model's own check: fields do not fit together; `found` must hold nothing personal."""
    raise PydanticCustomError("rule_invalid", "{fix}", {"field": field, "found": found, "fix": fix})

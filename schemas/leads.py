"""What becomes of a person: stages, identifiers, referrals, withdrawals, forgetting."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.envelope import Browsed, Event, refuse_invalid, refuse_missing
from schemas.scalars import Identifier, Label, NamedIdentifier, PersonalText, Slug


class StatusChanged(Browsed):
    """A lead, else its person, stands at a stage now."""

    type: Literal["status_changed"] = "status_changed"
    stage: Slug
    service: Label | None = None
    via: Slug | None = None


class PersonIdentified(Browsed):
    """Two or more identifiers belong to one person."""

    type: Literal["person_identified"] = "person_identified"
    call_id: Identifier | None = None

    @model_validator(mode="after")
    def _joins_two(self) -> Self:
        named = (self.visitor_id, self.session_id, self.lead_id, self.phone, self.email, self.call_id)
        if sum(one is not None for one in named) < 2:
            refuse_missing(
                "lead_id", "give at least two of visitor_id, session_id, lead_id, phone, email, call_id"
            )
        return self


class InvitationSent(Event):
    """A customer invited someone."""

    type: Literal["invitation_sent"] = "invitation_sent"
    referrer_lead_id: Identifier | None = None
    referrer_phone: PersonalText | None = None

    @model_validator(mode="after")
    def _names_the_referrer(self) -> Self:
        _need_a_referrer(self.referrer_lead_id, self.referrer_phone)
        return self


class ReferralMade(Event):
    """The lead was referred by another customer; only lead_id identifies, the two stay two persons."""

    type: Literal["referral_made"] = "referral_made"
    lead_id: Identifier
    referrer_lead_id: Identifier | None = None
    referrer_phone: PersonalText | None = None

    @model_validator(mode="after")
    def _names_the_referrer(self) -> Self:
        _need_a_referrer(self.referrer_lead_id, self.referrer_phone)
        return self


class EventWithdrawn(Event):
    """An event did not happen: a mis-tap, a corrected import. replaced_by only informs."""

    type: Literal["event_withdrawn"] = "event_withdrawn"
    withdraws: Identifier
    replaced_by: Identifier | None = None

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.withdraws == self.event_id:
            refuse_invalid("withdraws", "this event's own event_id", "name the event_id of another event")
        return self


class PersonForgotten(Event):
    """A person asked to be forgotten; every identifier of theirs, as one-key objects."""

    type: Literal["person_forgotten"] = "person_forgotten"
    identifiers: Annotated[list[NamedIdentifier], Field(min_length=1, max_length=10_000)]


def _need_a_referrer(lead_id: str | None, phone: str | None) -> None:
    if lead_id is None and phone is None:
        refuse_missing("referrer_lead_id", "give referrer_lead_id or referrer_phone")

"""What is sent to people, what they do with content, and which variant of an experiment they see."""

from __future__ import annotations

from typing import Literal

from schemas.envelope import Browsed, Event
from schemas.scalars import Identifier, Label, MediaSeconds, Quantity, Text


class MessageTracked(Event):
    """One step in the life of one message to one person."""

    type: Literal["message_tracked"] = "message_tracked"
    message_id: Identifier
    action: Literal["sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"]
    medium: Literal["email", "sms", "alimtalk", "push"] | None = None
    campaign: Label | None = None
    segment: Label | None = None
    experiment: Label | None = None
    variant: Label | None = None


class ContentEngaged(Browsed):
    """Someone downloaded, watched or completed something."""

    type: Literal["content_engaged"] = "content_engaged"
    content: Text
    kind: Literal["download", "video", "goal"]
    watched_seconds: MediaSeconds | None = None
    length_seconds: MediaSeconds | None = None
    value: Quantity | None = None


class ExperimentAssigned(Browsed):
    """This person (a visitor, a lead, a call) got this variant of an experiment."""

    type: Literal["experiment_assigned"] = "experiment_assigned"
    experiment: Label
    variant: Label
    call_id: Identifier | None = None

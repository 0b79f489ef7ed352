"""What is sent to people and what they do with content."""

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

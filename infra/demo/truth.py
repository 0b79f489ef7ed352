"""What is true of the quarter, channel by channel, and how far off each way of knowing it is."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.demo.centre import ANSWERS, PLANS
from infra.demo.simulator import Quarter

ELSEWHERE = "elsewhere"
"""Whatever is none of the centre's six channels: search, direct, "the internet", nothing."""


class Truth(NamedTuple):
    """A channel's own: inquiries, registrations, and what the registered paid until the quarter's end."""

    inquiries: int
    registrations: int
    revenue: int


def truth_of(quarter: Quarter) -> dict[str, Truth]:
    """The quarter -> each of the six channels as it truly was."""
    paid: dict[str, int] = {}
    for payment in quarter.payments:
        paid[payment.lead_id] = paid.get(payment.lead_id, 0) + payment.amount
    found = {}
    for channel in PLANS:
        leads = [lead for lead in quarter.leads if lead.channel == channel]
        registered = [lead for lead in leads if lead.registered_on is not None]
        found[channel] = Truth(
            len(leads), len(registered), sum(paid.get(lead.lead_id, 0) for lead in registered)
        )
    return found


def asked_alone(quarter: Quarter) -> dict[str, float]:
    """Registrations by what people answered, the only source of a centre that tracks nothing."""
    counts: dict[str, float] = {}
    for lead in quarter.leads:
        if lead.registered_on is not None:
            channel = ANSWERS.get(lead.told, ELSEWHERE)
            counts[channel] = counts.get(channel, 0) + 1
    return folded(counts)


def folded(counts: Mapping[str, float]) -> dict[str, float]:
    """Counts by channel -> the six channels, and all the rest as one."""
    six = {channel: float(counts.get(channel, 0)) for channel in PLANS}
    return six | {ELSEWHERE: sum(counts.values()) - sum(six.values())}


def misplaced(counts: Mapping[str, float], truth: Mapping[str, Truth]) -> float:
    """How many registrations a way of knowing leaves out of their own channels' counts, summed over channels."""
    return sum(max(0.0, true.registrations - counts.get(channel, 0)) for channel, true in truth.items())


def harvested(quarter: Quarter) -> str:
    """The lead_id of somebody whom a friend sent and the map's number brought; of somebody else where nobody is."""
    registered = [lead for lead in quarter.leads if lead.registered_on is not None]
    ways = [
        lead
        for lead in registered
        if lead.channel == "referral" and lead.via == "place_call" and lead.told == "지인 소개"
    ]
    return (ways or registered)[0].lead_id

"""What comes in and what it costs: payments, spend, measures, search volume."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from schemas.envelope import Event, refuse_invalid, refuse_missing
from schemas.scalars import Count, Currency, Day, Hours, Identifier, Label, Month, Quantity, Slug, Text, Won

LONGEST_PERIOD_DAYS = 3_660
KINDS_WITHOUT_CHANNEL = frozenset({"sales", "tool", "upkeep", "training"})


class PaymentReceived(Event):
    """Whole won came in (a refund: negative); dated on approval, not settlement."""

    type: Literal["payment_received"] = "payment_received"
    amount: Won
    currency: Currency | None = None
    funding: Literal["self", "voucher", "education_office", "other"] | None = None
    service: Label | None = None


class SpendRecorded(Event):
    """A cost over inclusive days, in won or in hours; the newest of a spend_id wins."""

    type: Literal["spend_recorded"] = "spend_recorded"
    spend_id: Identifier
    channel: Slug | None = None
    campaign: Label | None = None
    period_start: Day
    period_end: Day
    amount: Won | None = None
    hours: Hours | None = None
    kind: Literal["media", "agency", "staff", "reward", "sales", "tool", "upkeep", "training"] | None = None
    vat: Literal["included", "excluded"] | None = None
    clicks: Count | None = None
    impressions: Count | None = None

    @model_validator(mode="after")
    def _is_a_cost(self) -> Self:
        if self.amount is None and self.hours is None:
            refuse_missing(
                "amount", "give amount (whole won) or hours (paid at the site's staff_hourly_rate)"
            )
        if self.channel is None and self.kind not in KINDS_WITHOUT_CHANNEL:
            refuse_missing("channel", "give channel, or one of the kinds sales, tool, upkeep, training")
        need_a_period(self.period_start, self.period_end, "period_start", "period_end")
        return self


class MeasureRecorded(Event):
    """A number of the business over inclusive days; any metric may be a campaign's goal."""

    type: Literal["measure_recorded"] = "measure_recorded"
    metric: Slug
    value: Quantity
    period_start: Day
    period_end: Day
    channel: Slug | None = None

    @model_validator(mode="after")
    def _has_a_period(self) -> Self:
        need_a_period(self.period_start, self.period_end, "period_start", "period_end")
        return self


class SearchVolumeMeasured(Event):
    """How often a brand's keyword was searched for in a month."""

    type: Literal["search_volume_measured"] = "search_volume_measured"
    keyword: Label
    brand: Label
    own: bool
    volume: Count
    month: Month


class SearchQueryMeasured(Event):
    """How often a search engine showed the site for a query over inclusive days; the newest counts."""

    type: Literal["search_query_measured"] = "search_query_measured"
    query: Text
    engine: Literal["google", "naver", "other"]
    clicks: Count
    impressions: Count | None = None
    period_start: Day
    period_end: Day

    @model_validator(mode="after")
    def _has_a_period(self) -> Self:
        need_a_period(self.period_start, self.period_end, "period_start", "period_end")
        return self


def need_a_period(first: date, last: date, first_name: str, last_name: str) -> None:
    """Refuse days in the wrong order, or a period so long that it must be a slip."""
    if first > last:
        refuse_invalid(
            last_name, f"{last} before {first_name} {first}", f"{last_name} on or after {first_name}"
        )
    if (last - first).days >= LONGEST_PERIOD_DAYS:
        days = (last - first).days + 1
        refuse_invalid(
            last_name, f"a period of {days} days", f"a period of at most {LONGEST_PERIOD_DAYS} days"
        )

"""The field document's example table as ten months of events, so that 2.1 registrations a month are 21.

Every lead says where it heard of the business; costs stand at the first of each month, payments make the ROI column:
2,280,000 won a month of the blog, and so on. Read back over PERIOD it gives CAC 285,714; 117,647; 1,000,000;
111,111; 0 and ROI 280%, 520%, 40%, 560%, infinite.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from tests import given
from tests.given import SEOUL, Entry, Event

SITE = "field-example"
MONTHS = tuple(date(2025, month, 1) for month in range(1, 11))
PERIOD = (date(2025, 1, 1), date(2025, 10, 31))


class Channel(NamedTuple):
    """A row of the table: counts over ten months, won a month."""

    slug: str
    inquiries: int
    registrations: int
    spend: int
    revenue: int


TABLE = (
    Channel("naver_blog", 80, 21, 600_000, 2_280_000),
    Channel("naver_place", 80, 34, 400_000, 2_480_000),
    Channel("flyer", 20, 3, 300_000, 420_000),
    Channel("mom_cafe", 40, 18, 200_000, 1_320_000),
    Channel("referral", 40, 32, 0, 2_720_000),
)


def catalog() -> list[Entry]:
    """The site with its LTV settings; `referral` ships as a free channel of word of mouth."""
    return [given.site(site=SITE, name="언어치료센터", ltv_months=18.0, ltv_monthly_revenue=850_000.0)]


def catalog_of_first_months() -> list[Entry]:
    """The same with `roi_months: 1`, for payments of 850,000 a month."""
    return [{**catalog()[0], "roi_months": 1}]


def events(monthly_payment: int | None = None) -> list[Event]:
    """All events in order of time; `monthly_payment` pays that much of each lead in its first and second month."""
    said: list[Event] = []
    for channel in TABLE:
        left = channel.revenue * len(MONTHS)
        for number in range(channel.inquiries):
            lead = f"{channel.slug}-{number:02}"
            asked = datetime(2025, number % 10 + 1, 3 + number // 10, 10, tzinfo=SEOUL)
            said.append(given.status("inquiry", lead, asked, site=SITE))
            said.append(given.told(channel.slug, asked, lead_id=lead, site=SITE))
            if number >= channel.registrations:
                continue
            registered = asked + timedelta(days=5)
            said.append(given.status("registration", lead, registered, site=SITE))
            if monthly_payment:
                for later in (1, 32):
                    paid_at = registered + timedelta(days=later)
                    said.append(given.paid(monthly_payment, lead, paid_at, site=SITE))
            else:
                amount = -(-left // (channel.registrations - number))
                left -= amount
                said.append(given.paid(amount, lead, registered, site=SITE))
        if channel.spend:
            for first in MONTHS:
                last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
                said.append(
                    given.spend(
                        channel.slug,
                        channel.spend,
                        first.isoformat(),
                        last.isoformat(),
                        at=datetime(first.year, first.month, 1, tzinfo=SEOUL),
                        site=SITE,
                    )
                )
    return sorted(said, key=lambda event: (event["occurred_at"], event["event_id"]))

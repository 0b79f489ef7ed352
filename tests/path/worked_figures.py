"""The worked figures of the metrics page beyond the scoreboard as events: a site for each, so that none touches another."""

from datetime import datetime, timedelta

from tests import given
from tests.given import SEOUL, Entry, Event

SINCE, UNTIL = "2026-03-01", "2026-03-31"
SEARCH, GOALS, PAGES, INFLOW, CONTENT, ROMI, VIDEO, VALUE, PATH, KEPT, COST = (
    f"worked-{name}"
    for name in (
        "search", "goals", "pages", "inflow", "content", "romi", "video", "value", "path", "kept", "cost",
    )
)  # fmt: skip
HOME = "https://center.example"


def catalog() -> list[Entry]:
    """What each site defines."""
    return [
        given.site(site=SEARCH),
        given.site(site=GOALS),
        given.defined(
            "goal", "subscription", site=GOALS, monthly_price=120_000, months=12, retention=0.8, rules=_at("/paid")
        ),
        given.defined("goal", "deal", site=GOALS, price=400_000, close_rate=0.25, rules=_at("/asked")),
        given.site(site=PAGES),
        given.defined("goal", "order", site=PAGES, value=100, rules=_at("/goal")),
        given.site(site=INFLOW, reference_cpc=3_000),
        given.site(site=CONTENT),
        given.defined(
            "content", "guide", site=CONTENT, landing_pages=["/guide"], cost=500_000, reference_cpc=1_000,
            published_on=SINCE,
        ),
        given.site(site=ROMI),
        given.defined("goal", "contract", site=ROMI, value=1_000_000, rules=_at("/contract")),
        given.channel("naver_blog", site=ROMI, channel_kind="owned"),
        given.site(site=VIDEO, reference_cpv=50),
        given.site(site=VALUE, ltv_months=18.0, ltv_monthly_revenue=850_000.0),
        given.site(site=PATH),
        given.site(site=KEPT, attribution={"direct": "keep"}),
        given.site(site=COST),
    ]  # fmt: skip


def events() -> list[Event]:
    """All events, each site's in order of time."""
    return [
        *_searches(), *_goals(), *_pages(), *_inflow(), *_content(), *_romi(), *_video(), *_value(), *_path(PATH), *_path(KEPT), *_cost(),
    ]  # fmt: skip


def _at(path: str) -> list[dict[str, str]]:
    return [{"field": "url_path", "equals": path}]


def _minutes(number: int) -> datetime:
    """A time of its own in March, a session apart from the one before."""
    return datetime(2026, 3, 1, 9, tzinfo=SEOUL) + timedelta(minutes=61 * number)


def _searches() -> list[Event]:
    """1,600 of 22,800 searches; the leader has 14,800."""
    return [
        given.happened(
            "search_volume_measured", "04-01 00:00", brand, brand=brand, keyword=brand, own=brand == "center", volume=volume,
            month="2026-03", site=SEARCH,
        )
        for brand, volume in (("center", 1_600), ("leader", 14_800), ("other", 6_400))
    ]  # fmt: skip


def _goals() -> list[Event]:
    """One session reaches each goal."""
    return [
        given.visit("v1", "03-02 10:00", f"{HOME}/", site=GOALS),
        given.page("v1", "03-02 10:01", f"{HOME}/paid", site=GOALS),
        given.page("v1", "03-02 10:02", f"{HOME}/asked", site=GOALS),
    ]


def _pages() -> list[Event]:
    """page1 → page2 → page1 → page3 → goal."""
    first, *others = ("page1", "page2", "page1", "page3", "goal")
    return [
        given.visit("v1", "03-02 10:00", f"{HOME}/{first}", site=PAGES),
        *(
            given.page("v1", f"03-02 10:0{number}", f"{HOME}/{name}", site=PAGES)
            for number, name in enumerate(others, 1)
        ),
    ]


def _inflow() -> list[Event]:
    """500 sessions of organic search in a month."""
    return [
        given.visit(
            f"v{number}", _minutes(number), f"{HOME}/", referrer="https://search.naver.com/search.naver?query=center",
            site=INFLOW,
        )
        for number in range(500)
    ]  # fmt: skip


def _content() -> list[Event]:
    """100 sessions a month on a guide."""
    return [
        given.visit(
            f"v{number}", _minutes(number), f"{HOME}/guide", referrer="https://search.naver.com/search.naver?query=guide",
            site=CONTENT,
        )
        for number in range(100)
    ]  # fmt: skip


def _romi() -> list[Event]:
    """25 contracts of 1,000,000 out of the blog, which cost 15,000,000."""
    said = [given.spend("naver_blog", 15_000_000, SINCE, UNTIL, at="03-01 00:00", site=ROMI)]
    for number in range(25):
        url = f"{HOME}/?utm_source=naver&utm_medium=blog"
        said.append(given.visit(f"v{number}", _minutes(number), url, site=ROMI))
        said.append(
            given.page(f"v{number}", _minutes(number) + timedelta(minutes=1), f"{HOME}/contract", site=ROMI)
        )
    return said


def _video() -> list[Event]:
    """20 seconds of a video of 30."""
    return [
        given.visit("v1", "03-02 10:00", f"{HOME}/", site=VIDEO),
        given.engaged(
            "tour", "video", "v1", "03-02 10:01", watched_seconds=20, length_seconds=30, site=VIDEO
        ),
    ]


def _value() -> list[Event]:
    """850,000 a month for 18 months."""
    months = [f"{2025 + month // 12}-{month % 12 + 1:02}" for month in range(18)]
    return [
        given.status("inquiry", "L1", "2025-01-02 10:00", site=VALUE),
        given.status("registration", "L1", "2025-01-05 10:00", site=VALUE),
        *(given.paid(850_000, "L1", f"{month}-10 10:00", site=VALUE) for month in months),
    ]


def _path(site: str) -> list[Event]:
    """Blog (day 1) → search ad (5) → social (10) → direct (15) → purchase."""
    return [
        given.visit("v1", "03-01 10:00", f"{HOME}/?utm_source=naver&utm_medium=blog", site=site),
        given.visit("v1", "03-05 10:00", f"{HOME}/?utm_source=naver&utm_medium=cpc", site=site),
        given.visit("v1", "03-10 10:00", f"{HOME}/?utm_source=facebook&utm_medium=social", site=site),
        given.visit("v1", "03-15 10:00", f"{HOME}/", site=site),
        given.status("registration", at="03-15 11:00", visitor_id="v1", site=site),
    ]


def _cost() -> list[Event]:
    """5 registrations for 1,800,000 in February, 12 for as much in March."""
    said = []
    for month, days, count in (("2026-02", 28, 5), ("2026-03", 31, 12)):
        said.append(
            given.spend(
                "flyer", 1_800_000, f"{month}-01", f"{month}-{days}", at=f"{month}-01 00:00", site=COST
            )
        )
        for number in range(count):
            lead, at = f"{month}/{number}", f"{month}-{number + 2:02} 10:00"
            said.append(given.told("flyer", at, lead_id=lead, site=COST))
            said.append(given.status("registration", lead, at, site=COST))
    return said

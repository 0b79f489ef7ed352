"""Visits and page views of one visitor cut into sessions: the web's touches."""

from typing import Final, NamedTuple

from streams.domain.catalog import SiteCatalog
from streams.domain.facts import PAGE, Fact
from streams.domain.touches import SESSION, Touch

IDLE_US: Final = 1_800_000_000
FIRST_PAGE: Final = "first_page"


class ScanDay(NamedTuple):
    """The first reading of a scan_id: its code and when."""

    code: str
    at: int


class Session:
    """A running session: its touch, the last instant seen and what would have to differ to cut it."""

    __slots__ = ("last_at", "last_id", "start", "touch")

    def __init__(self, touch: Touch, start: Fact) -> None:
        self.touch = touch
        self.start = start
        self.last_at = start.at
        self.last_id = start.id

    def cut_by(self, hit: Fact) -> bool:
        """Whether a later hit starts a new session: a gap over 1,800 s, or another campaign; a new referrer alone not."""
        if hit.at - self.last_at > IDLE_US:
            return True
        source = hit.body.source
        if source is None:
            return False
        began = self.start.body.source
        if began is None:
            return bool(
                source.utm_source
                or source.utm_medium
                or source.utm_campaign
                or source.click_ids
                or source.scan_id
            )
        if source == began:
            return False
        return (
            (bool(source.utm_source) and source.utm_source != began.utm_source)
            or (bool(source.utm_medium) and source.utm_medium != began.utm_medium)
            or (bool(source.utm_campaign) and source.utm_campaign != began.utm_campaign)
            or (bool(source.scan_id) and source.scan_id != began.scan_id)
            or (bool(source.click_ids) and not set(source.click_ids) <= set(began.click_ids))
        )

    def follow(self, hit: Fact) -> None:
        """Keep a hit of this session."""
        self.last_at = hit.at
        self.last_id = hit.id


def open_session(hit: Fact, person: str, catalog: SiteCatalog, scans: "dict[str, ScanDay]") -> Session:
    """A session that starts at `hit`; a visit from a known scan carries the code's channel, a page view first is direct."""
    day = catalog.calendar.day(hit.at)
    channel, campaign, keyword, rule = "direct", "", "", FIRST_PAGE
    source = hit.body.source
    if hit.kind != PAGE and source is not None:
        scan = scans.get(source.scan_id) if source.scan_id else None
        if scan is not None:
            channel, campaign, keyword, rule = catalog.code_on(scan.code, catalog.calendar.day(scan.at))
        else:
            channel, rule = catalog.rules.decide(source)
            campaign, keyword = catalog.campaign_of(source.utm_campaign), source.keyword
    touch = Touch(
        hit.id, SESSION, hit.at, day, hit.branch, channel, campaign, person, keyword, hit.body.url, False, rule,
    )  # fmt: skip
    return Session(touch, hit)


def cut_sessions(
    hits: list[Fact], person: str, catalog: SiteCatalog, scans: "dict[str, ScanDay]"
) -> list[Session]:
    """All sessions of one visitor's hits, which are in order of (at, id)."""
    sessions: list[Session] = []
    running: Session | None = None
    for hit in hits:
        if running is None or running.cut_by(hit):
            running = open_session(hit, person, catalog, scans)
            sessions.append(running)
        else:
            running.follow(hit)
    return sessions

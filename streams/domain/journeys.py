"""A person's journey: every tracked touch in order of time, what they told, and the path to one conversion."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.domain.attribution import DAY_US
from streams.domain.calls import NOT_NEW_BUSINESS, CallGroup, CallRow
from streams.domain.catalog import MESSAGE_CHANNELS, SiteCatalog
from streams.domain.facts import MESSAGE, PAGE, REFERRAL, SCAN, VISIT, Fact
from streams.domain.identity import Person
from streams.domain.scans import Scans
from streams.domain.sessions import IDLE_US, Session, cut_sessions
from streams.domain.touches import (
    CALL,
    DIRECT,
    MESSAGE_CLICK,
    QR_SCAN,
    TOLD,
    UNATTRIBUTED,
    Touch,
)
from streams.domain.touches import REFERRAL as REFERRAL_TOUCH

SECOND_US: Final = 1_000_000


class Kiosk:
    """The hits of a visitor_id that many people share: cut into sessions as one, each its first hit's person's."""

    __slots__ = ("hits", "sessions")

    def __init__(self) -> None:
        self.hits: list[Fact] = []
        self.sessions: dict[str, Touch] = {}

    def cut(self, catalog: SiteCatalog, scans: Scans) -> None:
        """Cut the hits anew; sessions by their first hit's id, in order."""
        self.hits.sort(key=_in_order)
        cut = cut_sessions(self.hits, "", catalog, scans.known)
        self.sessions = {one.touch.id: one.touch for one in cut}


class Step(NamedTuple):
    """One touch on the path to a conversion, dated as it counts there."""

    touch_id: str
    at: int
    channel: str
    campaign: str


def order(touch: Touch) -> tuple[int, str]:
    """The order of touches: time, then id."""
    return touch.at, touch.id


def _in_order(fact: Fact) -> tuple[int, str]:
    return fact.at, fact.id


def rebuild_touches(
    person: Person,
    catalog: SiteCatalog,
    scans: Scans,
    calls: Mapping[str, CallGroup],
    kiosks: Mapping[str, Kiosk],
    node_of: Callable[[str, int], str],
    name_of: Callable[[str, int], str],
) -> tuple[list[Touch], list[CallRow]]:
    """All tracked touches of a person in order, and the rows of their calls, forgotten identifiers renamed."""
    sessions: list[Touch] = []
    for stream in person.streams.values():
        stream.hits.sort(key=_in_order)
        cut: list[Session] = cut_sessions(stream.hits, person.name, catalog, scans.known)
        stream.sessions = [one.touch for one in cut]
        stream.last = cut[-1]
        sessions += stream.sessions
    touches = sessions
    rows: list[CallRow] = []
    if not person.plain:
        for fact in person.special:
            if fact.kind in (VISIT, PAGE):
                begun = kiosks[fact.body.visitor].sessions.get(fact.id)
                if begun is not None:
                    sessions.append(begun._replace(person=person.name))
        touches = list(sessions)
        for fact in person.special:
            if fact.kind in (VISIT, PAGE):
                continue
            touch = _special_touch(fact, person.name, catalog, scans, sessions)
            if touch is not None:
                touches.append(touch)
        for fact in person.calls:
            group = calls[fact.body.call_id]
            if group.newest is fact:
                row, touch = _call(fact, group, person, catalog, kiosks, node_of, name_of)
                rows.append(row)
                if touch is not None:
                    touches.append(touch)
    touches.sort(key=order)
    return touches, rows


def _special_touch(
    fact: Fact, person: str, catalog: SiteCatalog, scans: Scans, sessions: Sequence[Touch]
) -> Touch | None:
    day = catalog.calendar.day(fact.at)
    keyword = ""
    if fact.kind == SCAN:
        if not scans.is_touch(fact):
            return None
        channel, campaign, keyword, rule = catalog.code_on(fact.body.code, day)
        kind = QR_SCAN
    elif fact.kind == MESSAGE:
        medium = fact.body.medium
        channel = MESSAGE_CHANNELS.get(medium, "unassigned")
        rule = f"message:{medium}" if medium else "message"
        campaign = catalog.campaign_of(fact.body.campaign)
        if any(s.channel == channel and 0 <= s.at - fact.at <= IDLE_US for s in sessions):
            return None
        kind = MESSAGE_CLICK
    else:
        assert fact.kind == REFERRAL
        channel, campaign, kind, rule = "referral", "", REFERRAL_TOUCH, "referral"
    return Touch(
        fact.id, kind, fact.at, day, fact.branch, channel, campaign, person, keyword, "", False, rule
    )


def _call(
    fact: Fact,
    group: CallGroup,
    person: Person,
    catalog: SiteCatalog,
    kiosks: Mapping[str, Kiosk],
    node_of: Callable[[str, int], str],
    name_of: Callable[[str, int], str],
) -> tuple[CallRow, Touch | None]:
    call = fact.body
    day = catalog.calendar.day(call.start)
    subject = group.subject
    counted = call.inbound and subject not in NOT_NEW_BUSINESS
    assignment = catalog.number_on(call.number, day)
    keyword, ad_group = call.keyword, call.ad_group
    if assignment is not None:
        keyword, ad_group = keyword or assignment.keyword, ad_group or assignment.ad_group
    touch = None
    channel = campaign = ""
    if counted and group.visitor:
        stream, kiosk = person.streams.get(node_of(group.visitor, fact.at)), kiosks.get(group.visitor)
        sessions = stream.sessions if stream else list(kiosk.sessions.values()) if kiosk else []
        before = [session for session in sessions if session.at <= call.start]
        if before:
            channel, campaign = before[-1].channel, before[-1].campaign
            keyword = keyword or before[-1].keyword
    elif counted and assignment is not None:
        channel, campaign = assignment.channel or "phone", assignment.campaign
        rule = f"number:{call.number}:{assignment.id}"
        touch = Touch(
            fact.id, CALL, call.start, day, fact.branch, channel, campaign, person.name, keyword, "", False, rule,
        )  # fmt: skip
    row = CallRow(
        name_of("call_id:" + call.call_id, fact.at).removeprefix("call_id:"),
        person.name,
        call.start,
        day,
        fact.branch,
        call.number,
        call.inbound,
        call.outcome,
        call.talk,
        call.wait,
        subject,
        channel,
        campaign,
        keyword,
        ad_group,
        name_of(group.visitor, fact.at) if group.visitor else "",
        group.probable,
        counted,
        fact.id,
    )
    return row, touch


def told_touch(fact: Fact, person: str, at: int, catalog: SiteCatalog) -> Touch:
    """What a caller said, dated `at`."""
    channel, rule = catalog.told_channel(fact.body)
    day = catalog.calendar.day(at)
    return Touch(fact.id, TOLD, at, day, fact.branch, channel, "", person, "", "", False, rule)


def path_to(
    stage: str,
    at: int,
    touches: Sequence[Touch],
    times: Sequence[int],
    told: Sequence[Touch],
    catalog: SiteCatalog,
) -> tuple[Step, ...]:
    """The path that a conversion of a stage at `at` is credited over, in order; nothing in the window: `unattributed`.

    `times` are the touches' own. Told sources count as the site's `told` says; word of mouth stands before the first
    tracked touch; direct is dropped unless nothing else is there or the site keeps it.
    """
    settings = catalog.attribution
    since = at - settings.window_of(stage) * DAY_US
    tracked = touches[bisect_left(times, since) : bisect_right(times, at)]
    path = [Step(touch.id, touch.at, touch.channel, touch.campaign) for touch in tracked]
    if told and settings.told != "ignore":
        fills = settings.told == "count" or all(touch.channel == DIRECT for touch in tracked)
        added = False
        for touch in told:
            if not since <= touch.at <= at:
                continue
            if touch.channel in catalog.word_of_mouth:
                moved = min(touch.at, tracked[0].at - SECOND_US) if tracked else touch.at
                path.append(Step(touch.id, moved, touch.channel, touch.campaign))
                added = True
            elif fills:
                path.append(Step(touch.id, touch.at, touch.channel, touch.campaign))
                added = True
        if added:
            path.sort(key=lambda step: (step.at, step.touch_id))
    if not path:
        return (Step("", at, UNATTRIBUTED, ""),)
    if settings.direct == "drop" and len(path) > 1:
        path = [step for step in path if step.channel != DIRECT] or path
    return tuple(path)

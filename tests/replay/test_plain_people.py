"""Plain people by column against the core event by event, on histories that are nearly all plain."""

import random
from datetime import timedelta
from typing import Any

import pytest

from streams.replay.plain_people import PlainSite
from tests.published import differences, judged
from tests.reference.histories import START, random_history
from tests.reference.reference import reference
from tests.replay.test_any_ruling import _said, random_settings, replayed

Row = dict[str, Any]
LINKS = (
    ("https://c.kr/", ""),
    ("https://c.kr/about", ""),
    ("https://c.kr/", "https://search.naver.com/search.naver?query=%EC%96%B8%EC%96%B4"),
    ("https://c.kr/?utm_source=naver&utm_medium=cpc&utm_campaign=spring", ""),
    ("https://c.kr/?utm_source=instagram", "https://l.instagram.com/"),
    ("https://c.kr/?gclid=abc", ""),
    ("https://c.kr/상담", "https://blog.naver.com/x"),
)
STAGES = ("inquiry", "inquiry", "consult", "registration", "registration", "lost", "dormant", "trial")


def plain_history(seed: int, size: int) -> list[Row]:
    """Visits, page views and stages of few people on a coarse grid of time, now and then something else or a copy."""
    draw = random.Random(seed)
    people = max(2, size // 8)
    rare = draw.choice((0.0, 0.0, 0.03, 0.1))
    events: list[Row] = []
    for number in range(size):
        if events and draw.random() < 0.05:
            copy = dict(draw.choice(events))
            if draw.random() < 0.3:
                copy["visitor_id"] = f"v{draw.randrange(people)}"
            events.append(copy)
            continue
        person = draw.randrange(people)
        minutes = draw.choice((0, 5, 29, 30, 31, 300)) + 60 * 24 * draw.choice(
            (0, 0, 0, 1, 7, 29, 30, 31, 90)
        )
        at = START + timedelta(minutes=minutes, microseconds=draw.choice((0, 0, 0, 1)))
        event: Row = {
            "event_id": f"e{number}" if draw.random() < 0.9 else f"x{draw.randrange(20)}",
            "site": draw.choice(("center", "center", "second")),
            "occurred_at": at.isoformat(),
        }
        if draw.random() < 0.3:
            event["branch"] = draw.choice(("gangnam", "bundang"))
        if draw.random() < 0.85:
            event["visitor_id"] = f"v{person}"
        if draw.random() < 0.3:
            event["session_id"] = f"s{draw.randrange(people * 3)}"
        kind = draw.random()
        if kind < rare:
            event = {name: event[name] for name in ("event_id", "site", "occurred_at")}
            event |= draw.choice(
                (
                    {"type": "payment_received", "amount": 10_000, "lead_id": f"L{person}"},
                    {"type": "event_withdrawn", "withdraws": f"e{draw.randrange(size)}"},
                    {"type": "person_identified", "visitor_id": f"v{person}", "lead_id": f"L{person}"},
                    {"type": "source_told", "channel": "referral", "lead_id": f"L{person}"},
                    {
                        "type": "call_ended",
                        "call_id": f"c{number}",
                        "number": "02-555-0000",
                        "outcome": "answered",
                    },
                    {"type": "person_forgotten", "identifiers": [{"visitor_id": f"v{person}"}]},
                    {"type": "person_forgotten", "identifiers": [{"phone": f"hmac:1:{person:02x}"}]},
                    {"type": "status_changed", "stage": "inquiry", "phone": f"hmac:1:{person:02x}"},
                    {"type": "page_viewed", "url": LINKS[0][0], "visitor_id": f"v{person}"}
                    | {"claimed_phone": f"hmac:1:{draw.choice((person, 0)):02x}"},
                )
            )
        elif kind < 0.4:
            event |= {"type": "status_changed", "stage": draw.choice(STAGES)}
            if draw.random() < 0.8:
                event["lead_id"] = f"L{draw.choice((person, person, person + people))}"
            if draw.random() < 0.3:
                event |= {"service": draw.choice(("언어", "감각")), "via": draw.choice(("phone", "kakao"))}
        elif kind < 0.6:
            event |= {"type": "page_viewed", "url": draw.choice(LINKS)[0]}
        else:
            url, referrer = draw.choice(LINKS)
            event |= {"type": "visit_seen", "url": url} | ({"referrer": referrer} if referrer else {})
            if draw.random() < 0.05:
                event["lead_id"] = f"L{person}"
        events.append(event)
    return events


@pytest.mark.parametrize("seed", range(32))
def test_columns_give_what_the_reference_gives(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []
    work_out = PlainSite.work_out

    def counted(self: PlainSite) -> Any:
        worked.append(int(self.chosen.sum()))
        return work_out(self)

    monkeypatch.setattr(PlainSite, "work_out", counted)
    draw = random.Random(seed)
    catalog = random_history(seed, 0)[0]
    others = [_said(entry) for entry in random_history(seed + 1_000, 0)[0]]
    settings = random_settings(draw, others) if seed % 2 else {}
    events = plain_history(seed, 40 if seed % 8 else 150)
    mine = replayed(catalog, events, settings, worth_columns=1)
    assert differences(mine, judged(reference(events, catalog, settings))) == [], settings
    if seed % 2 == 0:
        assert sum(worked) > 0

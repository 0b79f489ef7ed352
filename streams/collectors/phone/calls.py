"""What telephone systems say of the legs of a call -> one `call_ended`, however often and in whatever order.

A call is the sum of what was said of its legs: of each leg the latest final word counts, of the legs the best
outcome. Each further word may give another event of the same call_id, and of those the newest counts by ruling:
it is dated to the latest end that was heard and its id grows with the words, so that an earlier view of the call
never stands above a later one. A phone number is in no id: it could be searched for there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Literal

import orjson

from schemas.problems import Problem
from streams.collectors.importers.cells import only_set

Outcome = Literal["answered", "voicemail", "abandoned", "missed", "busy", "failed"]
State = Outcome | Literal["ringing", "talking", "over"]
"""`over`: the call has ended and its sender does not know whether anybody answered."""

OUTCOMES: Final = ("answered", "voicemail", "abandoned", "missed", "busy", "failed")
"""Of several legs the first of these that one of them had."""

UNDER_WAY: Final = frozenset({"ringing", "talking"})
WITHHELD: Final = frozenset(
    {"+266696687", "+7378742833", "+2562533", "+8566696", "+8656696", "+86282452253", "+464"}
)
"""What networks and Twilio write where the caller withheld the number: words spelt on a keypad."""

_LONGEST_SECONDS: Final = 86_400


class NoCall(Exception):
    """A signed request that says nothing of a call in a way we know."""

    def __init__(self, problem: Problem) -> None:
        """What is wrong with it; nothing of it is quoted."""
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Said:
    """One word on one leg of a call; without `ended` the door's clock says when. `order` counts words of one leg.

    `desk_only` words tell the desk who rings and are not kept.
    """

    call_id: str
    leg: str
    state: State
    number: str | None = None
    phone: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    started: datetime | None = None
    ended: datetime | None = None
    talk: int | None = None
    wait: int | None = None
    order: int = 0
    clocked: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    desk_only: bool = False


def call_ended(site: str, heard: Sequence[Said], *, branch: str | None = None) -> dict[str, Any] | None:
    """What was heard of one call, in order of arrival -> its event so far, without id and phone; None: not yet.

    Nothing can be said before a final word came and the dialled number is known.
    """
    final = [said for said in heard if said.state not in UNDER_WAY]
    number = next((said.number for said in [*final, *heard] if said.number), None)
    if not final or number is None:
        return None
    latest: dict[str, Said] = {}
    for said in final:
        if said.leg not in latest or said.order >= latest[said.leg].order:
            latest[said.leg] = said
    legs = [said for said in latest.values() if said.state in OUTCOMES]
    start = min((begun for said in heard if (begun := _began(said)) is not None), default=None)
    more: dict[str, Any] = {}
    for said in final:
        more.update(said.more)
    if legs:
        outcome = min((said.state for said in legs), key=OUTCOMES.index)
        best = max((said for said in legs if said.state == outcome), key=lambda said: said.talk or 0)
        # Not before the start: a leg may be dated by a clock that goes behind the sender's.
        end = max(at for at in (start, *(said.ended for said in legs)) if at is not None)
        talk = best.talk or 0 if outcome in ("answered", "voicemail") else 0
        wait = best.wait if start is None else round((end - start).total_seconds()) - talk
        if wait is not None:
            wait = min(max(0, wait), _LONGEST_SECONDS)
    else:
        # Only that it is over: hung up before it reached anybody. Dated to its start, any leg's word stands above.
        over = max(latest.values(), key=lambda said: said.order)
        assert over.ended is not None
        outcome, talk, wait, end = "abandoned", 0, None, start or over.ended
    return only_set(
        type="call_ended",
        site=site,
        branch=more.pop("branch", None) or branch,
        occurred_at=end.isoformat(),
        number=number,
        direction=next((said.direction for said in heard if said.direction), None),
        outcome=outcome,
        duration_seconds=talk,
        wait_seconds=wait,
        **more,
    )


def event_of(source: str, heard: Sequence[Said], body: dict[str, Any], phone: str | None) -> dict[str, Any]:
    """The event of a call so far -> the same with call_id, id and the caller that this request named.

    The same words give the same id for ever. A time of the door's own clock is left out of it: a repetition that
    reaches another collector is then the same event, of which the log keeps the first.
    """
    call_id = heard[0].call_id
    unsure = ("occurred_at", "wait_seconds") if any(said.clocked for said in heard) else ()
    content = {name: value for name, value in body.items() if name not in unsure}
    named = blake2b(orjson.dumps([source, call_id]), digest_size=8).hexdigest()
    told = blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
    return {
        **body,
        **({"phone": phone} if phone is not None else {}),
        "call_id": call_id,
        "event_id": f"call-{named}-{min(_views(heard), 999):03d}-{told}",
    }


def _views(heard: Sequence[Said]) -> int:
    """How often the view of a call changed so far; 0 while all that is known is that it is over."""
    views, before = 0, None
    for count, said in enumerate(heard, start=1):
        if said.state in UNDER_WAY or not any(one.state in OUTCOMES for one in heard[:count]):
            continue
        view = call_ended("", heard[:count])
        if view is not None and view != before:
            views, before = views + 1, view
    return views


def masked_number(number: str) -> str:
    """A customer's number that was dialled -> as much of it as may be kept."""
    return f"{number[:3]}**"


def _began(said: Said) -> datetime | None:
    """When the call began, as far as this word knows."""
    if said.started is not None:
        return said.started
    if said.ended is None or said.clocked or said.wait is None:
        return None
    return said.ended - timedelta(seconds=(said.talk or 0) + said.wait)

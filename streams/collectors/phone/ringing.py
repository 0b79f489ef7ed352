"""Calls that ring now or ended just now, for the desk: in memory only, of the caller the last four digits."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

LONGEST_RINGING: Final = timedelta(minutes=10)
LONGEST_TALK: Final = timedelta(hours=4)
KEPT_OVER: Final = timedelta(hours=1)
MOST_OF_A_SITE: Final = 200
SEEN_BEFORE: Final = timedelta(minutes=30)
MOST_SEEN: Final = 20_000


@dataclass(frozen=True, slots=True)
class RingingCall:
    """One call as the desk may see it; `since` is when it entered its state, `visitor_id` who saw its number last."""

    site: str
    call_id: str
    number: str
    last_four: str
    since: datetime
    state: Literal["ringing", "talking", "over"]
    visitor_id: str = ""


class RingingCalls:
    """What rings at which site; a call that is over is never called ringing again."""

    def __init__(self) -> None:
        """Nothing rings yet."""
        self._sites: dict[str, OrderedDict[str, RingingCall]] = {}
        self._seen: OrderedDict[tuple[str, str], tuple[str, datetime]] = OrderedDict()

    def sees(self, site: str, number: str, visitor_id: str, *, now: datetime) -> None:
        """A visitor sees a number of a pool now -> who rings on it is taken for this visitor."""
        self._seen[site, number] = (visitor_id, now)
        self._seen.move_to_end((site, number))
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)

    def hears(
        self,
        site: str,
        call_id: str,
        state: Literal["ringing", "talking", "over"],
        *,
        now: datetime,
        number: str | None = None,
        caller: str | None = None,
    ) -> None:
        """A word on a call -> remembered; what an earlier word said of number and caller stays."""
        calls = self._sites.setdefault(site, OrderedDict())
        held = calls.get(call_id)
        digits = "".join(sign for sign in caller or "" if sign.isdecimal())
        last_four = digits[-4:] if len(digits) >= 8 else ""
        visitor_id, seen_at = self._seen.get((site, number or ""), ("", now))
        if now - seen_at > SEEN_BEFORE:
            visitor_id = ""
        if held is None:
            held = RingingCall(site, call_id, number or "", last_four, now, state, visitor_id)
        else:
            backwards = held.state == "over" or (held.state == "talking" and state == "ringing")
            held = replace(
                held,
                number=held.number or number or "",
                last_four=held.last_four or last_four,
                visitor_id=held.visitor_id or visitor_id,
                state=held.state if backwards else state,
                since=held.since if backwards or held.state == state else now,
            )
        calls[call_id] = held
        while len(calls) > MOST_OF_A_SITE:
            calls.popitem(last=False)

    def of(self, site: str, now: datetime) -> list[RingingCall]:
        """A site -> its calls, the newest first: those under way, and those over for at most an hour."""
        calls = self._sites.get(site, OrderedDict())
        for call in list(calls.values()):
            if now - call.since > _LONGEST[call.state]:
                del calls[call.call_id]
        return sorted(calls.values(), key=lambda call: (call.state == "over", -call.since.timestamp()))

    def last_four(self, site: str, call_id: str) -> str:
        """A call of the last hour -> its caller's last four digits, "" when nobody knows."""
        call = self._sites.get(site, OrderedDict()).get(call_id)
        return call.last_four if call is not None else ""


_LONGEST: Final = {"ringing": LONGEST_RINGING, "talking": LONGEST_TALK, "over": KEPT_OVER}

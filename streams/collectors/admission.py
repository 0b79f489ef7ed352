"""One event as it came -> the bytes for the log, or every reason why not.

The order is fixed: size limits, then the key's scope, then privacy, then the schema; what is refused leaves
only a hash behind. A door's answer may quote the sender's own values, a log line or a dead letter never does.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from schemas.doors import Refused, admit_event
from schemas.envelope import Browsed
from schemas.event import EVENT_TYPES, to_json
from schemas.problems import Problem
from schemas.reading import Reason
from streams.collectors.bots import Bot
from streams.collectors.keys import Key, KeyKind
from streams.collectors.limits import excess
from streams.collectors.privacy import Pseudonyms, claims_apart, pseudonymised

_SLUG = re.compile(r"[a-z0-9_-]{1,64}\Z")
_OURS = re.compile(
    r"(?:hook|call|desk|scan|spend|forget|withdrawal|access_log|asterisk|calls|leads|payments"
    r"|messages|measures|search_queries|search_volumes)-"
)
"""How the ids begin that doors, importers and commands of ours make. Of two bodies under one id the first in the log
stays, and many of these can be worked out beforehand: whoever holds a page's public key could keep a payment out."""

_NOT_FROM_BROWSERS = ("lead_id", "call_id", "referrer_lead_id", "referrer_phone", "identifiers")
_OWN_FIELDS = frozenset({"claimed_phone", "claimed_email", "claimed_phone_aliases", "claimed_email_aliases"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that may enter the log; `digest` is of its body without received_at."""

    index: int
    event_id: str
    site: str
    value: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that may not, with every problem; of its bytes only size and hash are kept."""

    index: int
    event_id: str | None
    problems: tuple[Problem, ...]
    reason: Reason
    site: str | None
    size: int
    sha256: str
    out_of_scope: bool = False


def admit(
    index: int,
    raw: object,
    *,
    key: Key,
    pseudonyms: Pseudonyms,
    now: datetime,
    visitor_id: str | None,
    bot: Bot | None = None,
) -> Admitted | Refusal:
    """A parsed event, its sender's key and the clock -> Admitted or Refusal; never raises for what was sent.

    `visitor_id` is the one browser of the request (`own_browser` of its first event), to which a browser's
    events are held; None for servers. With `bot` a program sent it, which is written into the event.
    """
    if not isinstance(raw, dict):
        return refusal(
            index, raw, [Problem("the body", _kind_of(raw), "one JSON object an event")], Reason.NOT_AN_OBJECT
        )
    if (over := excess(raw)) is not None:
        return refusal(index, raw, [Problem(*over)], Reason.TOO_LARGE)
    if beyond := _beyond_scope(raw, key, visitor_id):
        return refusal(index, raw, beyond, Reason.INVALID_FIELD, out_of_scope=True)
    public = key.kind is KeyKind.BROWSER
    event, problems = pseudonymised(raw, pseudonyms, public=public)
    claims = claims_apart(event) if public else {}
    try:
        admitted = admit_event(event, now=now)
    except Refused as refused:
        problems += refused.problems
    if problems:
        return refusal(index, raw, problems, _reason_of(raw, problems))
    plain = to_json(admitted)
    extra = {
        "received_at": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        **claims,
    }
    if bot is not None and isinstance(admitted, Browsed):
        extra["bot"] = bot.said()
    value = plain[:-1] + b"," + orjson.dumps(extra)[1:]
    digest = hashlib.sha256(plain + orjson.dumps(claims)).digest()
    return Admitted(index, admitted.event_id, admitted.site, value, digest)


def own_browser(raw: object) -> str | None:
    """An event of a browser -> the visitor_id it names, else, before consent, its session_id."""
    if not isinstance(raw, dict):
        return None
    own = raw.get("visitor_id")
    own = raw.get("session_id") if own is None else own
    return own if isinstance(own, str) else None


def refusal(
    index: int, raw: object, problems: list[Problem], reason: Reason, *, out_of_scope: bool = False
) -> Refusal:
    """What came and what is wrong with it -> a Refusal that holds its event_id and site, if well formed."""
    content = raw if isinstance(raw, bytes) else _written(raw)
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    site = raw.get("site") if isinstance(raw, dict) else None
    return Refusal(
        index=index,
        event_id=event_id if isinstance(event_id, str) and len(event_id) <= 128 else None,
        problems=tuple(problems),
        reason=reason,
        site=site if isinstance(site, str) and _SLUG.match(site) else None,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        out_of_scope=out_of_scope,
    )


def _written(raw: object) -> bytes:
    """A parsed value -> its JSON; what is nested deeper than orjson writes (it reads deeper) -> its leaves' JSON."""
    try:
        return orjson.dumps(raw)
    except orjson.JSONEncodeError:
        leaves, waiting = [], [raw]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                waiting += [*one.values(), *one]
            elif isinstance(one, list):
                waiting += one
            else:
                leaves.append(orjson.dumps(one))
        return b",".join(leaves)


def dead_letter(refused: Refusal, now: datetime, *, door: str = "http") -> bytes:
    """A Refusal and the door it came to -> its dead letter: where and why, size and hash, nothing that was said."""
    first = refused.problems[0].field if refused.problems else ""
    return orjson.dumps(
        {
            "door": door,
            "reason": refused.reason,
            "field": _known_field(first),
            "sha256": refused.sha256,
            "size": refused.size,
            "site": refused.site or "",
            "at": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
    )


def _beyond_scope(raw: dict[str, Any], key: Key, visitor_id: str | None) -> list[Problem]:
    problems = []
    site, event_type = raw.get("site"), _type_of(raw)
    if isinstance(site, str) and not key.covers_site(site):
        problems.append(Problem("site", site, f"a site of this key: {', '.join(key.sites)}"))
    if event_type in EVENT_TYPES and not key.covers_type(event_type):
        problems.append(Problem("type", event_type, "a type this key may send; see `headwater keys list`"))
    if key.kind is KeyKind.BROWSER:
        if isinstance(raw.get("event_id"), str) and _OURS.match(raw["event_id"]):
            problems.append(Problem("event_id", "an id as only servers give them", "an id of the page's own"))
        for field in _NOT_FROM_BROWSERS:
            if field in raw:
                problems.append(Problem(field, "a field that only servers send", "leave it out"))
        named = "session_id" if raw.get("visitor_id") is None else "visitor_id"
        if raw.get(named) is None:
            fix = "the visitor_id of the browser that sends this, or before consent its session_id"
            problems.append(Problem("visitor_id", "nothing", fix))
        elif own_browser(raw) is None or own_browser(raw) != visitor_id:
            fix = "one visitor_id, or before consent one session_id, in a request: the browser's own"
            problems.append(Problem(named, "another visitor's", fix))
        if event_type == "status_changed" and raw.get("stage") != "inquiry":
            problems.append(Problem("stage", "a stage that only servers say", "inquiry, from a browser"))
    return problems


def _reason_of(raw: dict[str, Any], problems: list[Problem]) -> Reason:
    if _type_of(raw) not in EVENT_TYPES:
        return Reason.UNKNOWN_TYPE if "type" in raw else Reason.MISSING_FIELD
    if all(problem.found == "nothing" for problem in problems):
        return Reason.MISSING_FIELD
    late = problems[0].field == "occurred_at" and problems[0].found.startswith("a clock")
    return Reason.CLOCK_AHEAD if late else Reason.INVALID_FIELD


def _type_of(raw: dict[str, Any]) -> str:
    return raw["type"] if isinstance(raw.get("type"), str) else ""


def _known_field(path: str) -> str:
    """Only names of our own schemas: a sender's unknown field name may itself be a person's."""
    name = path.split(".")[0]
    known = _OWN_FIELDS.union(*(model.model_fields for model in EVENT_TYPES.values()))
    return name if name in known else ""


def _kind_of(value: object) -> str:
    kinds: dict[type, str] = {
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "null")

"""CallRail-shaped webhooks, for those who move: HMAC-SHA1 of the raw body in `Signature`, one JSON object a call.

post-call says how a call went, call-modified says it again (the same resource_id, so the later word counts), and
pre-call that it rings. Names, cities and recordings in the payload are never read.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from multidict import CIMultiDictProxy, MultiMapping

from schemas.problems import Problem
from streams.collectors.importers.cells import Unreadable, moment, only_set, phone, seconds
from streams.collectors.importers.mapping import BadMapping, check_known
from streams.collectors.phone.calls import WITHHELD, NoCall, Outcome, Said, masked_number
from streams.collectors.signatures import SignatureRefused, one_header
from streams.domain.phones import e164

SETTINGS: Final = ("number", "branch", "time_zone")
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
_CUSTOMER: Final = ("customer_phone_number", "customer_number", "callernum", "caller_id")
_OURS: Final = ("tracking_phone_number", "tracking_number", "trackingnum")


def read_settings(said: Mapping[str, Any]) -> None:
    """The settings of a CallRail source -> nothing when they are sound; raises BadMapping."""
    for name in said:
        check_known(str(name), SETTINGS, "setting")
    if "number" in said and e164(str(said["number"])) is None:
        raise BadMapping("number must be a telephone number, such as 02-555-0000")


def check_signature(
    headers: MultiMapping[str] | CIMultiDictProxy[str], body: bytes, secrets: Iterable[str]
) -> None:
    """Headers, the raw body, the active signing keys -> nothing; raises SignatureRefused."""
    said = one_header(headers, "Signature").encode("utf-8", "surrogateescape")
    right = False
    for secret in secrets:
        wanted = base64.b64encode(hmac.digest(secret.encode("utf-8"), body, hashlib.sha1))
        right |= hmac.compare_digest(said, wanted)
    if not right:
        raise SignatureRefused("no signature is right")


def said_of(payload: Any, settings: Mapping[str, Any], zone: ZoneInfo) -> list[Said]:
    """A payload -> words on its call; raises NoCall."""
    if not isinstance(payload, dict):
        raise NoCall(Problem("the body", "no JSON object", "one call of CallRail's"))
    call_id = str(payload.get("resource_id") or payload.get("id") or "")
    if not _ID.match(call_id):
        raise NoCall(Problem("resource_id", "nothing that is one", "the payload of a call webhook"))
    outbound = str(payload.get("direction") or "inbound").lower() == "outbound"
    customer = _phone(payload, _CUSTOMER)
    number = _phone(payload, _OURS) or e164(str(settings.get("number") or ""))
    if outbound:
        number = masked_number(customer) if customer else None
    if number is None:
        raise NoCall(Problem("tracking_phone_number", "no telephone number", "the number that was called"))
    started = _cell(payload, "start_time", lambda value: moment(value, zone).at)
    lasted = _cell(payload, "duration", seconds)
    more = only_set(
        branch=settings.get("branch"),
        keyword=_text(payload.get("keywords") or payload.get("keyword")),
        ad_group=_text(payload.get("ad_group")),
    )
    said = Said(
        call_id,
        "",
        "ringing",
        number,
        customer,
        "outbound" if outbound else "inbound",
        started,
        more=more,
    )
    if payload.get("duration") in (None, "") and "answered" not in payload:
        return [said]  # pre-call and routing: it rings
    outcome = _outcome(payload)
    talk = (lasted or 0) if outcome in ("answered", "voicemail") else 0
    wait = None if outcome in ("answered", "voicemail") else lasted or 0
    ended = started + timedelta(seconds=lasted or 0) if started is not None else None
    final = Said(
        call_id, "", outcome, number, customer, said.direction, started, ended, talk, wait, more=more
    )
    return [final]


def _outcome(payload: Mapping[str, Any]) -> Outcome:
    kind = str(payload.get("call_type") or "").lower()
    if _yes(payload.get("voicemail")) or kind == "voicemail_transcription":
        return "voicemail"
    if _yes(payload.get("answered")):
        return "answered"
    return "abandoned" if kind == "abandoned" else "missed"


def _yes(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "t", "yes", "1"))


def _phone(payload: Mapping[str, Any], fields: Iterable[str]) -> str | None:
    for field in fields:
        said = payload.get(field)
        if isinstance(said, str) and said and said not in WITHHELD:
            try:
                found = phone(said)
            except Unreadable:
                continue
            if found is not None:
                return found
    return None


def _cell(payload: Mapping[str, Any], field: str, parse: Any) -> Any:
    if payload.get(field) in (None, ""):
        return None
    try:
        return parse(payload[field])
    except Unreadable as unreadable:
        raise NoCall(Problem(field, "nothing that is one", unreadable.fix)) from None


def _text(value: Any) -> str | None:
    said = " ".join(value.split()) if isinstance(value, str) else ""
    return said[:200] or None

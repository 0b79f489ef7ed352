"""Twilio's voice callbacks: the signature over the public URL and the parameters, and what they say of a call.

Take the call's fate from `<Dial action>` (DialCallStatus) or from the status callbacks of the dialled numbers (they
carry ParentCallSid). The caller's own leg says `completed` also when nobody answered: it only tells that the call is
over. SignalWire and others that speak like Twilio fit too.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from multidict import CIMultiDictProxy, MultiMapping

from schemas.problems import Problem
from streams.collectors.importers.mapping import BadMapping, check_known
from streams.collectors.phone.calls import WITHHELD, NoCall, Outcome, Said, State, masked_number
from streams.collectors.signatures import SignatureRefused, one_header
from streams.domain.phones import e164

ACCEPTED: Final = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""What Twilio is answered: as the answer to a `<Dial action>` it ends the call, elsewhere it means nothing."""

SETTINGS: Final = ("over", "number", "branch")
_READ: Final = frozenset(
    [
        "AccountSid",
        "AnsweredBy",
        "CallDuration",
        "CallSid",
        "CallStatus",
        "DialBridged",
        "DialCallDuration",
        "DialCallSid",
        "DialCallStatus",
        "Direction",
        "From",
        "ParentCallSid",
        "RecordingDuration",
        "RecordingSid",
        "RecordingStatus",
        "RecordingUrl",
        "SequenceNumber",
        "Timestamp",
        "To",
    ]
)
_PLACES: Final = frozenset(
    f"{end}{part}" for end in ("From", "To") for part in ("City", "State", "Zip", "Country")
)
_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,63}\Z")
_SID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_UNDER_WAY: Final[Mapping[str, State]] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "talking",
    "answered": "talking",
}
_LEG: Final[Mapping[str, Outcome]] = {
    "completed": "answered",
    "answered": "answered",
    "no-answer": "missed",
    "busy": "busy",
    "failed": "failed",
    "canceled": "abandoned",
}
_MOST_PARAMETERS: Final = 200


def read_settings(said: Mapping[str, Any]) -> None:
    """The settings of a Twilio source -> nothing when they are sound; raises BadMapping."""
    for name in said:
        check_known(str(name), SETTINGS, "setting")
    if said.get("over", "abandoned") not in ("abandoned", "answered"):
        raise BadMapping(
            "over must be abandoned or answered: what a call is that never rang at a number of yours"
        )
    if "number" in said and e164(str(said["number"])) is None:
        raise BadMapping("number must be a telephone number, such as 02-555-0000")


def parameters(body: bytes) -> list[tuple[str, str]]:
    """A form body -> its parameters in order; raises SignatureRefused for what Twilio never sends."""
    try:
        found = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        raise SignatureRefused("the body is no form") from None
    names = [name for name, _ in found]
    for name in names:
        if not _NAME.match(name) or names.count(name) > 1 and name in _READ:
            raise SignatureRefused("a parameter's name is none of Twilio's")
        # The signature runs over names and values without a mark between them: a name that begins as one we read,
        # or ends before it, may be that one with a part of its value.
        if name not in _READ | _PLACES and any(
            read.startswith(name) or name.startswith(read) for read in _READ
        ):
            raise SignatureRefused("a parameter's name is none of Twilio's")
    return found


def check_signature(
    headers: MultiMapping[str] | CIMultiDictProxy[str],
    url: str,
    found: Sequence[tuple[str, str]],
    secrets: Iterable[str],
) -> None:
    """The public URL as Twilio called it, the parameters, the active auth tokens -> nothing; SignatureRefused."""
    said = one_header(headers, "X-Twilio-Signature").encode("utf-8", "surrogateescape")
    content = "".join(name + value for name, value in sorted(set(found)))
    right = False
    for secret in secrets:
        for spelt in _spellings(url):
            mac = hmac.digest(
                secret.encode("utf-8"), (spelt + content).encode("utf-8", "surrogateescape"), hashlib.sha1
            )
            right |= hmac.compare_digest(said, base64.b64encode(mac))
    if not right:
        raise SignatureRefused("no signature is right")


def said_of(
    found: Sequence[tuple[str, str]], query: Mapping[str, str], settings: Mapping[str, Any]
) -> list[Said]:
    """Signed parameters, the URL's query and the source's settings -> words on a call, or none; raises NoCall.

    `?number=` on the callback of a dialled number says which number was called, which that leg does not know.
    """
    told = dict(found)
    call_id, status = told.get("CallSid", ""), told.get("CallStatus", "").lower()
    if not _SID.match(call_id):
        raise NoCall(Problem("CallSid", "nothing that is one", "the parameters of a voice callback"))
    if told.get("RecordingStatus"):
        return []  # a recording is ready: no news of the call
    at = _instant(told.get("Timestamp"))
    order = _whole(told.get("SequenceNumber")) or 0
    parent = told.get("ParentCallSid", "")
    more = {"branch": settings["branch"]} if settings.get("branch") else {}
    own = query.get("number") or settings.get("number")
    if parent:
        if not _SID.match(parent):
            raise NoCall(
                Problem("ParentCallSid", "nothing that is one", "the parameters of a voice callback")
            )
        state = _UNDER_WAY.get(status) or _leg(status, told)
        talk = (_whole(told.get("CallDuration")) or 0) if state in ("answered", "voicemail") else None
        ended = None if state in ("ringing", "talking") else at
        started = at if state == "ringing" else None
        return [
            Said(
                parent, call_id, state, _number(own), None, None, started, ended, talk, None, order, more=more
            )
        ]
    outbound = told.get("Direction", "").startswith("outbound")
    customer = told.get("To" if outbound else "From")
    phone = _customer(customer)
    number: str | None
    if outbound:
        number = masked_number(phone) if phone else None
    else:
        number = e164(told.get("To", "")) or _number(own)
    if number is None:
        fix = "the number that was called; behind SIP give `number` in the source's settings or ?number= in the URL"
        raise NoCall(Problem("To", "no telephone number", fix))
    base = Said(
        call_id, "", "over", number, phone, "outbound" if outbound else "inbound", order=order, more=more
    )
    if "DialCallStatus" in told:
        leg = _dialled(told["DialCallStatus"].lower(), told)
        talk = (_whole(told.get("DialCallDuration")) or 0) if leg == "answered" else None
        return [replace(base, leg=told.get("DialCallSid") or "dial", state=leg, ended=at, talk=talk)]
    if told.get("RecordingUrl") or told.get("RecordingSid"):
        talk = _whole(told.get("RecordingDuration")) or 0
        return [replace(base, leg="record", state="voicemail", ended=at, talk=talk)]
    if status in _UNDER_WAY:
        return [replace(base, state=_UNDER_WAY[status], started=at if status == "ringing" else None)]
    lasted = _whole(told.get("CallDuration")) or 0
    if status == "completed" and not outbound and settings.get("over") != "answered":
        return [replace(base, ended=at, started=at - timedelta(seconds=lasted) if at else None)]
    return [replace(base, state=_leg(status, told), ended=at, talk=lasted if status == "completed" else None)]


def _leg(status: str, told: Mapping[str, str]) -> Outcome:
    outcome = _LEG.get(status)
    if outcome is None:
        raise NoCall(
            Problem("CallStatus", "none of Twilio's", "completed, busy, no-answer, failed, canceled, …")
        )
    machine = told.get("AnsweredBy", "").lower().startswith(("machine", "fax"))
    return "voicemail" if outcome == "answered" and machine else outcome


def _dialled(status: str, told: Mapping[str, str]) -> Outcome:
    outcome = _leg(status, told)
    unbridged = told.get("DialBridged", "").lower() == "false"
    return "missed" if outcome == "answered" and unbridged else outcome


def _customer(text: str | None) -> str | None:
    """The other end's number; none when it is withheld, a SIP address or a client's name."""
    if not text or text.strip() in WITHHELD:
        return None
    return e164(text)


def _number(text: Any) -> str | None:
    return e164(str(text)) if text else None


def _instant(text: str | None) -> datetime | None:
    """`Wed, 04 Mar 2026 01:02:03 +0000`, or ISO 8601; anything else is no time."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
    if not 1971 <= at.year < 2149:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,6}", text) else None


def _spellings(url: str) -> list[str]:
    """The URL as it is, and with the scheme's own port written or left out: Twilio does both."""
    parts = urlsplit(url)
    host = parts.netloc
    port = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    if not port:
        return [url]
    if host.endswith(port):
        other = host.removesuffix(port)
    elif ":" in host.rpartition("]")[2]:
        return [url]
    else:
        other = host + port
    return [url, urlunsplit(parts._replace(netloc=other))]

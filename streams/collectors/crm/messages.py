"""What senders report of messages -> message_tracked: SendGrid's event webhook and Solapi's reports (alimtalk, SMS).

Other senders speak through a `crm` source with a mapping to message_tracked. Addresses and numbers become
pseudonyms at the door; subjects, links and texts are never read.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from multidict import CIMultiDictProxy, MultiMapping

from schemas.problems import Problem
from streams.collectors.crm.webhooks import Fact
from streams.collectors.importers.cells import Unreadable, only_set, phone
from streams.collectors.importers.mapping import BadMapping, check_known
from streams.collectors.payloads import MOST_ITEMS, Unmapped, instant
from streams.collectors.signatures import SignatureRefused, check_window, one_header
from streams.domain.phones import e164

SETTINGS: Final = ("campaign", "branch", "time_zone")
_SENDGRID: Final[Mapping[str, str | None]] = {
    "processed": "sent",
    "deferred": None,
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "dropped": "bounced",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": None,
    "account_status_change": None,
}
_OWN_ARGUMENTS: Final = ("campaign", "segment", "experiment", "variant")
_MEDIA: Final = {"ATA": "alimtalk", "CTA": "alimtalk", "CTI": "alimtalk"}
_ID: Final = re.compile(r"[!-~]{1,128}\Z")


def read_settings(said: Mapping[str, Any]) -> None:
    """The settings of a sender -> nothing when they are sound; raises BadMapping."""
    for name in said:
        check_known(str(name), SETTINGS, "setting")
        if not isinstance(said[name], str):
            raise BadMapping(f"{name} must be one word")


def check_sendgrid(
    headers: MultiMapping[str] | CIMultiDictProxy[str], body: bytes, keys: Iterable[str], *, now: Any
) -> None:
    """Headers, the raw body, the public keys (base64) -> nothing; raises SignatureRefused. ECDSA over time + body."""
    said = one_header(headers, "X-Twilio-Email-Event-Webhook-Signature")
    sent = one_header(headers, "X-Twilio-Email-Event-Webhook-Timestamp")
    check_window(sent, now=now)
    try:
        signature = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused("the signature is malformed") from None
    if base64.b64encode(signature).decode("ascii") != said:
        raise SignatureRefused("the signature is malformed")
    for text in keys:
        try:
            key = load_der_public_key(base64.b64decode(text))
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, sent.encode("ascii") + body, ec.ECDSA(SHA256()))
                return
        except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
            continue
    raise SignatureRefused("no signature is right")


def check_solapi(headers: MultiMapping[str] | CIMultiDictProxy[str], secrets: Iterable[str]) -> None:
    """Headers, the active secrets -> nothing; raises SignatureRefused.

    Solapi signs nothing: it sends the SHA-1 of the secret along, so only https stands between it and a forger.
    """
    said = one_header(headers, "X-Solapi-Secret").lower().encode("utf-8", "surrogateescape")
    right = False
    for secret in secrets:
        wanted = hashlib.sha1(secret.encode("utf-8"), usedforsecurity=False).hexdigest()
        right |= hmac.compare_digest(said, wanted.encode("ascii"))
    if not right:
        raise SignatureRefused("no signature is right")


def sendgrid_facts(body: Any, settings: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Fact]:
    """SendGrid's list of events -> facts; raises Unmapped. What a machine opened (sg_machine_open) nobody read."""
    for payload in _listed(body):
        action = _SENDGRID.get(str(payload.get("event")), "")
        message_id = str(payload.get("sg_message_id") or "").partition(".")[0]
        if action is None or payload.get("sg_machine_open") is True:
            yield payload, None, ""
            continue
        if not action or not _ID.match(message_id):
            field = "sg_message_id" if action else "event"
            yield (
                payload,
                Unmapped(Problem(field, "none of SendGrid's", "an event of SendGrid's event webhook")),
                "",
            )
            continue
        category = payload.get("category")
        named = category[0] if isinstance(category, list) and category else category
        own = {name: _label(payload.get(name)) for name in _OWN_ARGUMENTS}
        own["campaign"] = own["campaign"] or settings.get("campaign") or _label(named)
        fields = _message(message_id, action, "email", payload.get("timestamp"), settings, zone)
        if isinstance(fields, dict):
            email = payload.get("email")
            fields |= only_set(email=email if isinstance(email, str) else None, **own)
        yield payload, fields, str(payload.get("sg_event_id") or "")[:128]


def solapi_facts(body: Any, settings: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Fact]:
    """Solapi's list of reports -> facts; raises Unmapped. 2000 and 3000: on its way, 4000: delivered, else not."""
    for payload in _listed(body):
        message_id = str(payload.get("messageId") or "")
        code = str(payload.get("statusCode") or "")
        if not _ID.match(message_id) or not re.fullmatch(r"[0-9]{4}", code):
            field = "statusCode" if _ID.match(message_id) else "messageId"
            yield (
                payload,
                Unmapped(Problem(field, "nothing that is one", "a report of Solapi's SINGLE-REPORT")),
                "",
            )
            continue
        action = {"2000": "sent", "3000": "sent", "4000": "delivered"}.get(code, "bounced")
        custom = payload.get("customFields")
        own = {name: _label(custom.get(name)) for name in _OWN_ARGUMENTS} if isinstance(custom, dict) else {}
        own["campaign"] = own.get("campaign") or settings.get("campaign")
        at = next(
            (payload[name] for name in ("dateReported", "dateReceived", "dateUpdated") if payload.get(name)),
            None,
        )
        medium = _MEDIA.get(str(payload.get("type") or "").upper(), "sms")
        fields = _message(message_id, action, medium, at, settings, zone)
        if isinstance(fields, dict):
            fields |= only_set(phone=_phone(payload.get("to")), **own)
        yield payload, fields, f"{message_id} {code}"


def _listed(body: Any) -> list[dict[str, Any]]:
    items = body if isinstance(body, list) else [body]
    if len(items) > MOST_ITEMS or not all(isinstance(one, dict) for one in items):
        raise Unmapped(Problem("the body", "no list of objects", f"a list of at most {MOST_ITEMS} reports"))
    return items


def _message(
    message_id: str, action: str, medium: str, at: Any, settings: Mapping[str, Any], zone: ZoneInfo
) -> dict[str, Any] | Unmapped:
    try:
        when = instant(at, zone).isoformat() if at not in (None, "") else None
    except Unreadable as unreadable:
        return Unmapped(Problem("occurred_at", "no time", unreadable.fix))
    return only_set(
        type="message_tracked",
        branch=settings.get("branch"),
        message_id=message_id,
        action=action,
        medium=medium,
        occurred_at=when,
    )


def _label(value: Any) -> str | None:
    said = " ".join(str(value).split()) if isinstance(value, (str, int)) else ""
    return said[:128] or None


def _phone(value: Any) -> str | None:
    try:
        return phone(value) if isinstance(value, (str, int)) and e164(str(value)) is not None else None
    except Unreadable:
        return None

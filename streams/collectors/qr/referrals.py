"""What a new customer says of the one who sent them -> `referral_made`: a code, six digits, or a telephone number."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from schemas.catalog import QrCodeEntry, SiteEntry
from schemas.problems import Problem
from streams.collectors.definitions import Definitions
from streams.collectors.qr.codes import are_digits, as_typed, is_code
from streams.collectors.qr.targets import assignment_on
from streams.domain.phones import e164

_LONGEST = 256


class NoReferrer(Exception):
    """Nobody is known by what was said; the problem tells the desk why, without repeating it."""

    def __init__(self, problem: Problem) -> None:
        """The problem."""
        super().__init__(str(problem))
        self.problem = problem


def referral_body(
    definitions: Definitions, site: str, said: str, *, lead_id: str, event_id: str, now: datetime
) -> dict[str, Any]:
    """A site, what was typed, and the lead who was referred -> the body of referral_made; raises NoReferrer.

    The phone is still as typed: `edge.take` makes it a pseudonym, as it does for every event.
    """
    body: dict[str, Any] = {
        "type": "referral_made",
        "event_id": event_id,
        "site": site,
        "occurred_at": now.isoformat(),
        "lead_id": lead_id,
    }
    referrer = referrer_said(definitions, site, said, now=now)
    if referrer.get("referrer_lead_id") == lead_id:
        raise NoReferrer(Problem("referrer", "the new customer's own code", "the code of who sent them"))
    return body | referrer


def referrer_said(definitions: Definitions, site: str, said: str, *, now: datetime) -> dict[str, str]:
    """A site and a code, link, six digits or phone as typed -> referrer_lead_id or referrer_phone."""
    text = said.strip()
    if not text or len(text) > _LONGEST:
        raise NoReferrer(Problem("referrer", "nothing that can be read", "a code, six digits or a phone"))
    typed = as_typed(_last_part(text))
    entry = definitions.entry(site, "qr_code", typed)
    if isinstance(entry, QrCodeEntry):
        return {"referrer_lead_id": _referrer(definitions, entry, now)}
    if e164(text) is not None:
        return {"referrer_phone": text}
    if typed.isdecimal() and len(typed) == 6:
        found = "six digits nobody has" if are_digits(typed) else "six digits with a wrong one among them"
        raise NoReferrer(Problem("referrer", found, "the digits read once more"))
    found = "a code nobody has" if is_code(typed) else "neither a code nor a telephone number"
    raise NoReferrer(Problem("referrer", found, "the code, six digits or phone read once more"))


def _referrer(definitions: Definitions, entry: QrCodeEntry, now: datetime) -> str:
    site = definitions.entry(entry.site, "site", entry.site)
    zone = (site.time_zone if isinstance(site, SiteEntry) else None) or "Asia/Seoul"
    day = now.astimezone(ZoneInfo(zone)).date()
    held = assignment_on(entry, day)
    if entry.disabled or (entry.expires_on is not None and day > entry.expires_on):
        raise NoReferrer(Problem("referrer", "a code that is no longer in use", "another, or a phone"))
    if held is None or not held.referrer:
        raise NoReferrer(Problem("referrer", "a code that is no customer's", "a customer's own code"))
    return held.referrer


def _last_part(text: str) -> str:
    """A link as it stands under a symbol -> the code at its end; anything else as it is."""
    if "/" not in text:
        return text
    try:
        return urlsplit(text).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return text

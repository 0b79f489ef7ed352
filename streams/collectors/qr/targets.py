"""Where a code may lead: https, to a host that the site itself lists, spelt so that nobody can be deceived.

A target is judged when it is defined and again at every scan: what reached the catalog by another way, or a host
that was taken off the list, leads nowhere.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

import idna
from yarl import URL

from schemas.catalog import Assignment, CatalogEntry, QrCodeEntry, SiteEntry
from schemas.problems import Problem

SCAN: Final = "hw_scan"
LONGEST: Final = 2048
LONGEST_UTM: Final = 100
"""Characters of a utm_… value: a Korean one takes nine bytes, and a header has room for some thousands."""
_OWN_PARAMETERS: Final = frozenset({SCAN, "scan_id"})
_START: Final = re.compile(r"https://([^/?#]*)([/?#].*)?\Z", re.IGNORECASE | re.DOTALL)
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_AS_IT_IS: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=|-]|%[0-9A-Fa-f]{2})*\Z")
_NO_DOTS: Final = frozenset("%\u3002\uff0e\uff61")
_PRIVATE_ENDS: Final = (".local", ".localhost", ".internal", ".lan", ".home", ".arpa", ".onion")
_DECODINGS: Final = 3


class BadTarget(Exception):
    """An address no code may lead to, with what is wrong with it."""

    def __init__(self, problem: Problem) -> None:
        """The problem."""
        super().__init__(str(problem))
        self.problem = problem


def allowed_target(text: str, hosts: Collection[str]) -> str:
    """An address and the hosts the site lists -> the address as it goes into a Location header; raises BadTarget."""
    host, rest = _parted(text)
    if host not in hosts:
        listed = ", ".join(sorted(hosts)) or "none yet"
        raise _bad("a host that the site does not list", f"one of the site's `hosts` ({listed})")
    found = _canonical(host, rest)
    if _OWN_PARAMETERS & {name.lower() for name in found.query}:
        raise _bad(f"{SCAN} or scan_id in the address", "the address without it: each scan adds its own")
    return str(found)


def public_address(text: str) -> str:
    """The collector's address as people reach it -> without a slash at its end; raises BadTarget unless https."""
    if not text:
        fix = "the public https address of the collector: --public-url or the setting public_url"
        raise BadTarget(Problem("public_url", "no public address", fix))
    try:
        host, rest = _parted(text)
    except BadTarget as bad:
        raise BadTarget(bad.problem._replace(field="public_url")) from None
    if rest not in ("", "/"):
        raise BadTarget(Problem("public_url", "more than a host", "https://host and nothing behind it"))
    return f"https://{host}"


def with_scan(target: str, scan_id: str, assignment: Assignment | None) -> str:
    """An allowed target -> the same with the scan's id, and UTM of the assignment where it has none of its own."""
    return str(with_source(target, assignment).extend_query({SCAN: scan_id}))


def with_source(target: str, assignment: Assignment | None) -> URL:
    """An allowed target -> with utm_* of the assignment; what the address says itself stays, byte for byte."""
    address = URL(target, encoded=True)
    wanted = {
        "utm_source": (assignment and assignment.channel) or "qr",
        "utm_medium": "qr",
        "utm_campaign": (assignment and assignment.campaign) or "",
        "utm_content": (assignment and assignment.placement) or "",
        "utm_term": (assignment and assignment.keyword) or "",
    }
    own = {name.lower() for name in address.query}
    if any(name.startswith("utm_") for name in own):
        return address  # half of another's tagging would be nobody's
    return address.extend_query({name: value[:LONGEST_UTM] for name, value in wanted.items() if value})


def assignment_on(entry: QrCodeEntry, day: date) -> Assignment | None:
    """A code and a local day -> what it stands for then."""
    return next((one for one in entry.assignments or () if one.covers(day)), None)


def destination_on(entry: QrCodeEntry, site: CatalogEntry | None, day: date) -> str | None:
    """A code, its site and a local day -> the allowed target it leads to; None: it leads nowhere."""
    assignment = assignment_on(entry, day)
    said = (assignment and assignment.destination) or entry.destination
    hosts = tuple(site.hosts or ()) if isinstance(site, SiteEntry) else ()
    target = _judged_before(said, hosts) if said else None
    if entry.disabled or (entry.expires_on is not None and day > entry.expires_on):
        return None
    return target


@lru_cache(maxsize=4096)
def _judged_before(text: str, hosts: tuple[str, ...]) -> str | None:
    try:
        return allowed_target(text, hosts)
    except BadTarget:
        return None


def _parted(text: str) -> tuple[str, str]:
    """An address -> its host in the form of the DNS and what follows; raises BadTarget for every trick known."""
    if not text or len(text) > LONGEST:
        raise _bad(f"{len(text)} characters", f"1 to {LONGEST} of them")
    if _CONTROL.search(text) or any(unicodedata.category(one)[0] in "CZ" for one in text):
        raise _bad("a blank or control character", "an address without them, or with %20")
    if "\\" in text:
        raise _bad("a backslash", "an address with / only")
    start = _START.match(text)
    if start is None:
        raise _bad("no https address", "an address that begins with https://")
    authority, rest = start[1], start[2] or ""
    if "@" in authority:
        raise _bad("a user name before the host", "the host alone")
    name, colon, port = authority.partition(":")
    if colon and port != "443":
        raise _bad("a port, or an address of numbers", "the host alone")
    if not name or set(name) & _NO_DOTS:
        raise _bad("no plain host", "a host such as www.example.kr")
    _refuse_hidden_controls(rest)
    return _host(name), rest


def _host(name: str) -> str:
    try:
        host = name.lower() if name.isascii() else idna.encode(name).decode("ascii")
        if "xn--" in host:
            idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        raise _bad("a host with letters that no address has", "the host as the DNS spells it") from None
    if len(host) > 253 or not _HOST.match(host):
        raise _bad("an address of numbers, or no public host", "a host such as www.example.kr")
    if host.endswith(_PRIVATE_ENDS):
        raise _bad("a host of a private network", "a host that everybody reaches")
    return host


def _refuse_hidden_controls(rest: str) -> None:
    seen = rest
    for _ in range(_DECODINGS):
        seen = unquote(seen, encoding="latin-1")
        if re.search(r"[\x00-\x1f\x7f]", seen):
            raise _bad("a control character behind %", "an address without it")


def _canonical(host: str, rest: str) -> URL:
    rest = "".join(one if one.isascii() else quote(one) for one in rest)
    try:
        found = URL(f"https://{host}{rest}", encoded=_AS_IT_IS.match(rest) is not None)
        same = found.scheme == "https" and found.raw_host == host and found.user is None
        if not same or found.explicit_port is not None or not str(found).isascii():
            raise ValueError
    except ValueError:
        raise _bad("an address that reads in two ways", "a plain https address") from None
    return found


def _bad(found: str, fix: str) -> BadTarget:
    return BadTarget(Problem("destination", found, fix))

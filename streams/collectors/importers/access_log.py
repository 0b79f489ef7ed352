"""A web server's combined access log -> visit_seen and page_viewed.

Counted as pages: GET requests answered 2xx or 3xx that ask for no asset, of no bot. A request whose referrer is not
the site itself is a landing (visit_seen), any other page_viewed.

The visitor is the cookie column where the log has one (an extra quoted field after the user agent, Apache's
`"%{hw_vid}C"`), else a keyed hash of IP prefix (/24, /48), user agent and local day: good enough to hold one visit
together, merging people who share both, and a new visitor every midnight. A first request, made before the cookie was set,
takes the cookie that the same address and user agent sends within the next half hour of the file.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import crawleruseragents

from streams.collectors.importers.drafts import Draft, Outcome, Refusal, Setting, Skipped
from streams.collectors.importers.tables import NotATable
from streams.collectors.privacy import without_private_parts

LONGEST_LINE = 32_768
WAITING_LANDINGS = 50_000
_COOKIE_WITHIN_SECONDS = 1_800

_LINE = re.compile(
    r'(?:(?P<vhost>[\w.-]+)(?::\d{1,5})? )?(?P<ip>[0-9a-fA-F:.]{3,45}) \S+ (?:\S+|"[^"]*") '
    r"\[(?P<day>\d{1,2})/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):(?P<clock>\d\d:\d\d:\d\d) (?P<zone>[+-]\d{4})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?:\d+|-) '
    r'"(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"(?P<more>.*)\s*',
    re.DOTALL,
)
_EXTRA = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_REQUEST = re.compile(r"([A-Z]+) (\S+)(?: HTTP/[\d.]+)?")
_MONTHS = {
    name: at
    for at, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_ASSET = re.compile(
    r"\.(?:css|js|mjs|map|json|xml|txt|ico|png|jpe?g|gif|svg|webp|avif|bmp|tiff?|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]|"
    r"wav|mov|avi|pdf|zip|gz|tgz|rar|7z|exe|dmg|apk|csv|xlsx?|docx?|pptx?|hwpx?|rss|atom|wasm|webmanifest|swf)$",
    re.IGNORECASE,
)
_NO_PAGE = re.compile(
    r"/(?:q/|v1/|api/|hw\.js|wp-json|wp-admin|wp-login|wp-cron|xmlrpc|\.well-known/|cgi-bin/|server-status|health|metrics)",
)
_FORM_FIX = 'a line of the combined format: IP - - [02/Mar/2026:14:05:00 +0900] "GET /page HTTP/1.1" 200 512 "referrer" "user agent"'
_COOKIE = re.compile(
    r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.:-]{8,128}"
)  # with a letter: it must not be a phone number
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")


class Request(NamedTuple):
    """One page request of a person, before it is known whose."""

    line: int
    at: datetime
    url: str
    host: str
    referrer: str
    fallback: str
    cookie: str


def access_log(
    lines: Iterable[tuple[int, str]], setting: Setting, *, cookie_field: int = 1
) -> Iterator[Outcome]:
    """Numbered lines of a log -> drafts in file order; first requests without a cookie wait for theirs."""
    waiting: OrderedDict[str, list[Request]] = OrderedDict()
    zone_of = _Local(setting)
    for number, line in lines:
        found = _request(number, line, setting, zone_of, cookie_field)
        if not isinstance(found, Request):
            if found is not None:
                yield found
            continue
        if found.cookie:
            for earlier in waiting.pop(found.fallback, ()):
                near = abs((found.at - earlier.at).total_seconds()) <= _COOKIE_WITHIN_SECONDS
                yield _draft(earlier, found.cookie if near else earlier.fallback, setting)
            yield _draft(found, found.cookie, setting)
        elif zone_of.has_cookies:
            waiting.setdefault(found.fallback, []).append(found)
            while waiting and (
                len(waiting) > WAITING_LANDINGS or _stale(next(iter(waiting.values())), found)
            ):
                for earlier in waiting.popitem(last=False)[1]:
                    yield _draft(earlier, earlier.fallback, setting)
        else:
            yield _draft(found, found.fallback, setting)
    for requests in waiting.values():
        for earlier in requests:
            yield _draft(earlier, earlier.fallback, setting)


def _stale(requests: list[Request], newest: Request) -> bool:
    return (
        abs((newest.at - requests[-1].at).total_seconds()) > _COOKIE_WITHIN_SECONDS or len(requests) > 1_000
    )


class _Local:
    """Log times -> instants and local days, each second computed once; and whether the log has a cookie column."""

    def __init__(self, setting: Setting) -> None:
        self.has_cookies = False
        self._zone = setting.zone
        self._last = ("", datetime.min.replace(tzinfo=UTC), "")

    def moment(self, match: re.Match[str]) -> tuple[datetime, str] | None:
        """The time of a line -> its instant and its local day; None when there is no such time."""
        said = match.group("day", "month", "year", "clock", "zone")
        key = "".join(said)
        if self._last[0] == key:
            return self._last[1], self._last[2]
        day, month, year, clock, offset = said
        try:
            hours, minutes, seconds = clock.split(":")
            east = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
            wall = datetime(
                int(year),
                _MONTHS[month],
                int(day),
                int(hours),
                int(minutes),
                min(int(seconds), 59),
                tzinfo=UTC,
            )
            at = (wall + east if offset[0] == "-" else wall - east).astimezone(self._zone)
        except (ValueError, KeyError, OverflowError):
            return None
        self._last = (key, at, at.date().isoformat())
        return self._last[1], self._last[2]


def _request(
    number: int, line: str, setting: Setting, local: _Local, cookie_field: int
) -> Request | Refusal | Skipped | None:
    if not line.strip():
        return None
    match = _LINE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    if match is None:
        what = "characters that do not follow the format"
        return Refusal(number, "", f"{len(line):,} {what}", _FORM_FIX)
    request = _REQUEST.fullmatch(match["request"])
    if request is None or request[1] != "GET" or match["status"][0] not in "23":
        return Skipped(number, "not a page")
    target = request[2]
    path = target.partition("?")[0]
    if path.startswith(("http://", "https://")):  # a proxy's form: the host stands in the target
        path = "/" + path.partition("://")[2].partition("/")[2]
        target = path + ("?" + target.partition("?")[2] if "?" in target else "")
    if not path.startswith("/") or _ASSET.search(path) or _NO_PAGE.match(path):
        return Skipped(number, "not a page")
    agent = match["agent"]
    if is_bot(agent):
        return Skipped(number, "bot")
    moment = local.moment(match)
    if moment is None:
        return Refusal(number, "time", "no such time", _FORM_FIX)
    host = match["vhost"] or ""
    base = f"https://{host}" if host and not setting.host else setting.host or ""
    if not base:
        raise NotATable(
            f"line {number} names no host: say whose log it is with --host https://www.example.kr"
        )
    cookie = ""
    if match["more"]:
        extras = [quoted or bare for quoted, bare in _EXTRA.findall(match["more"])]
        if len(extras) >= cookie_field:
            local.has_cookies = True
            said = extras[cookie_field - 1]
            cookie = said if _COOKIE.fullmatch(said) else ""
    address = prefix(match["ip"])
    if address is None:
        return Refusal(number, "address", "no IP address", _FORM_FIX)
    referrer = match["referrer"]
    return Request(
        line=number,
        at=moment[0],
        url=clean(base + target),
        host=host_of(base),
        referrer="" if referrer == "-" else clean(referrer),
        fallback=_fallback(setting, address, agent, moment[1]),
        cookie=cookie,
    )


def _draft(request: Request, visitor: str, setting: Setting) -> Draft:
    own = bool(request.referrer) and host_of(request.referrer) == request.host
    body: dict[str, Any] = {
        "type": "page_viewed" if own else "visit_seen",
        "site": setting.site,
        "occurred_at": request.at.isoformat(),
        "visitor_id": visitor,
        "url": request.url,
    }
    if setting.branch:
        body["branch"] = setting.branch
    if not own:
        if request.referrer:
            body["referrer"] = request.referrer
        if "scan" in request.url:
            scans = parse_qs(request.url.partition("?")[2])
            scan = (scans.get("hw_scan") or scans.get("scan_id") or [""])[0].strip()
            if scan and len(scan) <= 128:
                body["scan_id"] = scan
    return Draft(request.line, body)


@lru_cache(maxsize=65_536)
def is_bot(agent: str) -> bool:
    """A user agent -> whether the public list of crawlers knows it; none at all is no browser either."""
    return agent in ("", "-") or crawleruseragents.is_crawler(agent)


@lru_cache(maxsize=65_536)
def prefix(address: str) -> str | None:
    """An IP address -> its network: /24 of an IPv4 one, /48 of an IPv6 one; None for anything else."""
    if _IPV4.fullmatch(address):
        return f"{address.rpartition('.')[0]}.0/24"
    try:
        parsed = ip_address(address)
        return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def _fallback(setting: Setting, network: str, agent: str, day: str) -> str:
    return f"log-{setting.keyed(network, agent, day)}"


@lru_cache(maxsize=4_096)
def host_of(url: str) -> str:
    """A URL -> its host without www. and m., in lower case."""
    host = url.partition("//")[2].partition("/")[0].partition("?")[0].partition(":")[0].lower()
    return host.removeprefix("www.").removeprefix("m.")


@lru_cache(maxsize=16_384)
def clean(logged: str) -> str:
    """A logged URL -> what may be recorded of it."""
    return without_private_parts(unescaped(logged))[:4_096]


def unescaped(logged: str) -> str:
    r"""A field as the server escaped it (\" and \xHH) -> the URL, foreign bytes percent-encoded, no control signs."""
    if "\\" not in logged and logged.isascii() and logged.isprintable():
        return logged
    text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: f"%{m[1].upper()}", logged)
    text = re.sub(r"\\(.)", r"\1", text)
    return "".join(c if c > " " and c != "\x7f" and c != "\ufffd" else "%20" for c in text)

"""Which place a host, an app or a source name is: a search engine, social network, map, messenger …

Facts come from three files of `data/`: `korean_places.csv` and `world_places.csv` (made by hand, they win)
and `referrers.csv` (907 facts of a public-domain list). In the hand-made files `*.host` is a host with
everything under it, a bare `host` only itself (and its www. and m.), `host/path` only what lies under that
path, `{}` a country ending.
"""

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes


class Place(NamedTuple):
    """A known place.

    `kind` is search, social, video, shopping, maps, messenger, email, ai_assistant, search_ad or display_ad;
    a keyword parameter in slashes is a regular expression on path and query.
    """

    kind: str
    name: str
    keyword_params: tuple[str, ...] = ()
    charsets: tuple[str, ...] = ()


class Referrer(NamedTuple):
    """What a referrer says: host without www., path, place (None: nobody knows it), keyword."""

    host: str
    path: str
    place: Place | None
    keyword: str


class _Entry(NamedTuple):
    path: str
    everything_under: bool
    place: Place


NO_REFERRER: Final = Referrer("", "", None, "")
NOWHERE: Final = Place("", "")

# labels in front of a search engine's host that leave it the same engine
_SAME_HOST: Final = re.compile(r"(?:www\d?|m|mobile|amp|touch|search|images?)")
_COUNTRY: Final = re.compile(r"[a-z]{2}(?:-[a-z]{2})?|[a-z]{2}\d?")
_COUNTRY_ENDING: Final = re.compile(r"\.(?:(?:co|com|or|ne|net|org)\.)?[a-z]{2}$|\.com$")
_HOST: Final = re.compile(r"[^\s.:/]+(?:\.[^\s.:/]+)+")
_SCHEME: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//")
_IGNORED_IN_NAMES: Final = re.compile(r"[\s_\-./|:]+")

_hosts: Final[dict[str, list[_Entry]]] = {}
_names: Final[dict[str, Place]] = {}


def name_key(name: str) -> str:
    """A source name as it is compared: NFC, lower case, without spaces, dots, hyphens and underscores."""
    return _IGNORED_IN_NAMES.sub("", unicodedata.normalize("NFC", name).casefold())


@lru_cache(maxsize=8_192)
def place_named(name: str) -> Place | None:
    """The place that a utm_source or in_app value names: 'naver_blog', '인스타', or a host."""
    found = _names.get(name_key(name))
    if found is None and "." in name:
        host, path = host_and_path(name)
        found = place_of(host, path)
    return found


@lru_cache(maxsize=16_384)
def read_referrer(url: str) -> Referrer:
    """Host, place and keyword of a referrer; without a readable host it is none ('-', 'about:blank')."""
    host, path = host_and_path(url)
    if not host:
        return NO_REFERRER
    place = place_of(host, path)
    keyword = "" if place is None or not place.keyword_params else _keyword(url, place)
    return Referrer(host.removeprefix("www."), path, place, keyword)


def host_and_path(url: str) -> tuple[str, str]:
    """Lower-case host (no user, no port) and path of an address, with or without scheme; else ('', '')."""
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    end = len(rest)
    for mark in "/?#\\":
        if -1 < (at := rest.find(mark)) < end:
            end = at
    authority = rest[:end].rpartition("@")[2] if scheme else rest[:end]
    host = authority.partition(":")[0].strip().rstrip(".").lower()
    if not _HOST.fullmatch(host) and not (scheme and host.isalnum()):
        return "", ""
    path = rest[end:].partition("#")[0].partition("?")[0]
    return host, path or "/"


@lru_cache(maxsize=16_384)
def place_of(host: str, path: str = "/") -> Place | None:
    """The place of a host, the longest known ending first; of several paths the longest that fits."""
    labels = host.lower().split(".")
    for dropped in range(len(labels)):
        ending = ".".join(labels[dropped:])
        front = labels[:dropped]
        for key, country_in_front in _spellings(ending, front):
            for entry in _hosts.get(key, ()):
                if not path.startswith(entry.path):
                    continue
                rest = front[:-1] if country_in_front else front
                if entry.everything_under or all(_SAME_HOST.fullmatch(label) for label in rest):
                    return entry.place
    return None


def _spellings(ending: str, front: list[str]) -> Iterable[tuple[str, bool]]:
    yield ending, False
    if front and _COUNTRY.fullmatch(front[-1]):
        yield "{}." + ending, True
    if stem := _COUNTRY_ENDING.sub("", ending):
        yield stem + ".{}", False


def _keyword(url: str, place: Place) -> str:
    query = url.partition("#")[0].partition("?")[2]
    for param in place.keyword_params:
        if param.startswith("/"):
            found = re.search(param[1:-1], url)
            if found and found[1]:
                return decoded(found[1], place.charsets)
            continue
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if value and name == param:
                return decoded(value, place.charsets)
    return ""


def decoded(value: str, charsets: tuple[str, ...] = ()) -> str:
    """A query value as text: `+` is a space; UTF-8, else `charsets`, else cp949, else kept raw; NFC."""
    if "%" not in value and "+" not in value:
        return clean(value)
    spaced = value.replace("+", " ")
    if "%" not in spaced:
        return clean(spaced)
    try:
        raw = unquote_to_bytes(spaced)
    except UnicodeError:
        return clean(value)
    for charset in ("utf-8", *charsets, "cp949"):
        try:
            return clean(raw.decode(charset))
        except UnicodeError:
            continue
    return clean(value)


def clean(text: str) -> str:
    """Text without surrounding space, NFC, and always encodable (a lone surrogate becomes '?')."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8")).strip()


def _known_charsets(names: str) -> tuple[str, ...]:
    known = []
    for name in names.split():
        try:
            known.append(codecs.lookup(name).name)
        except LookupError:
            continue
    return tuple(one for one in known if one != "utf-8")


def _add(host: str, everything_under: bool, place: Place) -> None:
    host, slash, path = host.lower().partition("/")
    if ".{}." in host:
        host = "{}." + host.partition(".{}.")[2]
    _hosts.setdefault(host, []).append(_Entry(slash + path, everything_under, place))


def _read(name: str) -> list[dict[str, str]]:
    text = resources.files("streams.domain").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _load() -> None:
    for file in ("korean_places.csv", "world_places.csv"):
        for row in _read(file):
            params = tuple(row["keyword_params"].split())
            place = Place(row["kind"], row["name"], params, _known_charsets(row["charsets"]))
            for host in row["hosts"].split():
                _add(host.removeprefix("*."), host.startswith("*."), place)
            for written in row["names"].split():
                _names.setdefault(name_key(written), place)
    # the list has facebook.com and you.com as search engines too: a search engine comes last
    for row in sorted(_read("referrers.csv"), key=lambda row: row["kind"] == "search"):
        params = tuple(row["keyword_params"].split())
        host = row["host"]
        if host.startswith("android-app//"):
            host = host.removeprefix("android-app//").partition("/")[0]
        place = Place(row["kind"], row["name"], params, _known_charsets(row["charsets"]))
        _add(host.removeprefix("www."), row["kind"] != "search", place)
    for entries in _hosts.values():
        entries.sort(key=lambda entry: -len(entry.path))  # stable: a hand-made entry stays before the list's


_load()

"""Where a visit says it came from: utm_*, click ids, ad parameters of Naver and Kakao, referrer, app.

Read once from the event, without the catalog, so that a changed catalog reclassifies without reading again.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.referrers import NO_REFERRER, clean, decoded, host_and_path, read_referrer

CLICK_IDS: Final = ("fbclid", "gbraid", "gclid", "msclkid", "n_click_id", "ttclid", "wbraid")


class Source(NamedTuple):
    """What a visit says about where it came from; '' is absent.

    `referrer` is empty where it is the site's own host or holds none.

    `ad_kind` is search, shopping or display where Naver's or Kakao's ad parameters stood in for missing UTM.
    """

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    utm_id: str = ""
    click_ids: tuple[tuple[str, str], ...] = ()
    referrer: str = ""
    url: str = ""
    in_app: str = ""
    region: str = ""
    device: str = ""
    keyword: str = ""
    scan_id: str = ""
    ad_kind: str = ""


_NAVER: Final = frozenset(
    [
        "n_campaign_type",
        "n_media",
        "n_ad_group",
        "n_ad_group_type",
        "n_ad",
        "n_keyword",
        "n_keyword_id",
        "n_query",
        "n_match",
        "n_rank",
        "n_mall_id",
        "n_mall_pid",
        "n_contract",
        "n_network",
    ]
)
_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
_NAVER_SHOP: Final = ("nt_source", "nt_medium", "nt_detail", "nt_keyword")
_KAKAO: Final = ("dmkw", "dmskw", "dmcol", "bscpn", "mk")
_WANTED: Final = frozenset((*_UTM, *CLICK_IDS, *_NAVER, *_NAVER_SHOP, *_KAKAO, "napm"))
_NAVER_TYPES: Final = {"2": "shopping"}
_NAPM_KINDS: Final = {"sa": "search", "brnd": "search", "pla": "shopping", "gfa": "display"}
_NOTHING: Final[dict[str, str]] = {}


def read_source(
    url: str,
    referrer: str | None = "",
    in_app: str | None = "",
    region: str | None = "",
    device: str | None = "",
    scan_id: str | None = "",
    utm_source: str | None = None,
    utm_medium: str | None = None,
    utm_campaign: str | None = None,
    utm_term: str | None = None,
    utm_content: str | None = None,
    utm_id: str | None = None,
    click_ids: Mapping[str, str] | None = None,
) -> Source:
    """The source of a visit: each field of the event first, read from the url where it is absent or empty.

    Of a repeated parameter the first one with a value counts. Ad parameters of Naver (n_*, NaPm, nt_*) and
    Kakao (DMKW …) give source, medium and campaign only where the visit has neither utm_source nor
    utm_medium; where they name a keyword and utm_term is absent, they give that in any case. Never raises.
    """
    found = _NOTHING
    question = url.find("?")
    if question >= 0:
        found = _parameters(url, question)
    came_from = NO_REFERRER
    if referrer:
        came_from = read_referrer(referrer)
        if not came_from.host or _own(came_from.host, _host(url)):
            came_from, referrer = NO_REFERRER, ""
    if not found and not (
        utm_source or utm_medium or utm_campaign or utm_term or utm_content or utm_id or click_ids
    ):
        return Source(
            referrer=referrer or "",
            url=url,
            in_app=in_app or "",
            region=region or "",
            device=device or "",
            keyword=came_from.keyword,
            scan_id=scan_id or "",
        )
    source = clean(utm_source) if utm_source else found.get("utm_source", "")
    medium = clean(utm_medium) if utm_medium else found.get("utm_medium", "")
    campaign = clean(utm_campaign) if utm_campaign else found.get("utm_campaign", "")
    term = clean(utm_term) if utm_term else found.get("utm_term", "")
    ad_kind = ""
    if found and not found.keys() <= _PLAIN:
        ad = _ad(found)
        term = term or ad[3]
        campaign = campaign or ad[2]
        if not source and not medium:
            source, medium, ad_kind = ad[0], ad[1], ad[4]
    ids: tuple[tuple[str, str], ...] = ()
    if click_ids or found:
        own = click_ids or _NOTHING
        ids = tuple(
            [
                (name, value)
                for name in CLICK_IDS
                if (value := clean(own.get(name) or "") or found.get(name, ""))
            ]
        )
    return Source(
        source,
        medium,
        campaign,
        term,
        clean(utm_content) if utm_content else found.get("utm_content", ""),
        clean(utm_id) if utm_id else found.get("utm_id", ""),
        ids,
        referrer or "",
        url,
        in_app or "",
        region or "",
        device or "",
        term or came_from.keyword,
        scan_id or "",
        ad_kind,
    )


_PLAIN: Final = frozenset((*_UTM, *CLICK_IDS))


def _parameters(url: str, question: int) -> dict[str, str]:
    """The parameters we read, decoded, names in lower case; the first one with a value counts."""
    end = url.find("#", question)
    query = url[question + 1 :] if end < 0 else url[question + 1 : end]
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if not value:
            continue
        name = name.lower()
        if name not in _WANTED:
            name = name.removeprefix("amp;")  # a link copied out of HTML
            if "%" in name:
                name = decoded(name).lower()
            if name not in _WANTED:
                continue
        if name not in found:
            text = value if value.isalnum() and value.isascii() else _decoded(value)
            if text:
                found[name] = text
    return found


@lru_cache(maxsize=8_192)
def _decoded(value: str) -> str:
    return decoded(value)


def _ad(found: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """(source, medium, campaign, keyword, ad kind) of Smartstore's, Naver's and Kakao's own parameters."""
    get = found.get
    keyword = get("n_query") or get("n_keyword") or get("dmskw") or get("dmkw") or get("nt_keyword") or ""
    if "nt_source" in found or "nt_medium" in found:
        return get("nt_source", ""), get("nt_medium", ""), get("nt_detail", ""), keyword, ""
    premium_log = get("napm", "")
    kind = _premium_kind(premium_log) if premium_log else ""
    if not kind and not _NAVER.isdisjoint(found):
        kind = "search"
    if kind:
        kind = _NAVER_TYPES.get(get("n_campaign_type", ""), kind)
        return "naver", "display" if kind == "display" else "cpc", "", keyword, kind
    if (
        "dmkw" in found
        or "dmskw" in found
        or "dmcol" in found
        or "bscpn" in found
        or get("mk") in ("cpc", "cpd")
    ):
        return "daum", "cpc", get("bscpn", ""), keyword, "search"
    return "", "", "", keyword, ""


def _premium_kind(premium_log: str) -> str:
    """The kind of ad in Naver's NaPm (`ct=..|ci=..|tr=sa|hk=..`)."""
    for part in premium_log.split("|"):
        if part.startswith("tr="):
            return _NAPM_KINDS.get(part[3:], "")
    return ""


def _host(url: str) -> str:
    """The host of the page; quick for the usual shape, careful for the rest."""
    start = url.find("://") + 3
    end = url.find("/", start) if start > 2 else -1
    host = url[start:end] if end > 0 else ""
    return (
        host.lower() if host and host.replace(".", "").replace("-", "").isalnum() else host_and_path(url)[0]
    )


def _own(referrer: str, page: str) -> bool:
    """Whether the referrer is the page's own host or lies under it; www. and m. are ignored."""
    if referrer == page:
        return True
    page = page.removeprefix("www.").removeprefix("m.")
    return bool(page) and (referrer == page or referrer.endswith("." + page))

"""The channel of a visit: ordered named rules, the first that fits decides.

First a site's own rules, then the order of GA4's default channel grouping, then phone, QR, messenger, maps,
AI assistants and offline, then linking websites nobody knows, then `unassigned`. Where this differs from
GA4, and why:

- A referrer that is a messenger, a map or an AI assistant is that, and no `web_referral`: GA4 knows none of
  them. `web_referral` by utm_medium keeps GA4's place; by referrer it is what remains for hosts that nobody
  knows.
- A click id means paid only where the source is its own company or unknown: gclid, gbraid, wbraid for
  Google, msclkid for Bing, n_click_id for Naver, ttclid for TikTok. Links are copied with their ids, so
  `utm_source=facebook` (or a Facebook referrer without UTM) beside a gclid is not paid. fbclid stands on
  every link out of Facebook, paid or not: it is never paid, and names Facebook only where nothing else names
  a source.
- utm_source and utm_medium are read together first: `naver` + `blog` is Naver Blog, not Naver's search.
- Paid visits from a messenger (KakaoTalk) are `paid_social`, paid visits from a map or place are
  `paid_search`: the ads of Naver Place are bought and shown in its search.
- utm_source or utm_medium given: the referrer is not looked at, as in GA4; with utm_medium alone it names
  the source.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.domain.referrers import (
    NO_REFERRER,
    NOWHERE,
    Place,
    Referrer,
    host_and_path,
    name_key,
    place_named,
    read_referrer,
)
from streams.domain.sources import CLICK_IDS, Source, read_source

__all__ = ["CHANNELS", "RULES", "ChannelRules", "Source", "read_source"]

_MEMO_SIZE: Final = 16_384

_PAID: Final = re.compile(r".*cp.*|ppc|retargeting|paid.*", re.DOTALL)
_SHOP: Final = re.compile(r".*(([^a-df-z]|^)shop|shopping).*", re.DOTALL)
_ABSENT: Final = frozenset({"(direct)", "(none)", "(not set)", "(not_set)", "none", "direct"})


def _keys(words: str) -> frozenset[str]:
    return frozenset(name_key(word) for word in words.split())


# words in utm_medium or utm_source, compared by name_key; the Korean ones are ours
_DISPLAY: Final = _keys("display banner expandable interstitial cpm da gfa gdn bizboard 배너 디스플레이")
_PAID_SEARCH: Final = _keys(
    "paidsearch sa sem powerlink powercontents brandsearch searchad 파워링크 브랜드검색 검색광고"
)
_PAID_SOCIAL: Final = _keys("paidsocial socialad")
_PAID_VIDEO: Final = _keys("paidvideo cpv videoad")
_PAID_SHOPPING: Final = _keys("paidshopping shoppingad")
_SOCIAL: Final = _keys("social socialnetwork socialmedia sm sns blog cafe community 블로그 카페 커뮤니티")
_ORGANIC: Final = _keys("organic")
_REFERRAL: Final = _keys("referral app link")
_EMAIL: Final = _keys("email mail newsletter 이메일 뉴스레터")
_AFFILIATES: Final = _keys("affiliate affiliates 제휴")
_AUDIO: Final = _keys("audio podcast 팟캐스트")
_SMS: Final = _keys("sms lms mms 문자 문자메시지")
_PUSH: Final = _keys("firebase push webpush apppush 푸시")
_PHONE: Final = _keys("phone call tel 전화")
_QR: Final = _keys("qr qrcode qr코드 큐알 큐알코드")
_MESSENGER: Final = _keys(
    "messenger message chat alimtalk friendtalk brandmessage channelmessage talk talktalk kakaotalk dm"
    " 알림톡 친구톡 카톡 카카오톡 톡톡 메신저"
)
_MAPS: Final = _keys("map maps place booking localmap gbp gmb 지도 플레이스 예약")
_AI: Final = _keys("ai llm chatbot aiassistant aichat 챗봇")
_OFFLINE: Final = _keys(
    "offline print flyer flier leaflet brochure poster placard standbanner billboard signboard sign"
    " newspaper magazine directmail dm우편 postcard businesscard card outdoor ooh bus subway elevator apartment"
    " tv radio seminar event"
    " 오프라인 전단 전단지 리플렛 리플릿 브로슈어 포스터 현수막 간판 명함 신문 잡지 우편 버스 지하철 엘리베이터 아파트 박람회 설명회"
)


class _Facts(NamedTuple):
    """What the shipped rules look at; source and medium as keys (see name_key)."""

    given: bool
    source: str
    medium: str
    raw_medium: str
    campaign: str
    kind: str
    paid: bool
    paid_by_id: bool
    ad_kind: str
    linked: bool

    def said(self, words: frozenset[str]) -> bool:
        """Whether utm_medium or utm_source is one of the words."""
        return self.medium in words or self.source in words


class Rule(NamedTuple):
    """One shipped rule: its own name (`ga4:` where GA4 has it too), the channel it gives, and when."""

    name: str
    channel: str
    fits: Callable[[_Facts], bool]


_OTHER_AD: Final = _DISPLAY | _PAID_SOCIAL | _PAID_VIDEO

RULES: Final[tuple[Rule, ...]] = (
    Rule("ga4:direct", "direct", lambda f: not f.given),
    Rule(
        "ga4:cross_network",
        "cross_network",
        lambda f: "cross-network" in f.campaign or "cross_network" in f.campaign,
    ),
    Rule(
        "ga4:paid_shopping",
        "paid_shopping",
        lambda f: (
            f.ad_kind == "shopping"
            or (
                f.paid
                and (f.kind == "shopping" or bool(_SHOP.fullmatch(f.campaign)) or f.medium in _PAID_SHOPPING)
            )
        ),
    ),
    Rule(
        "ga4:paid_search",
        "paid_search",
        lambda f: (
            f.kind == "search_ad"
            or (f.kind in ("search", "maps") and f.paid and not (f.paid_by_id and f.medium in _OTHER_AD))
            or (f.kind in ("", "search", "maps") and f.medium in _PAID_SEARCH)
        ),
    ),
    Rule(
        "ga4:paid_social",
        "paid_social",
        lambda f: f.paid and (f.kind in ("social", "messenger") or f.medium in _PAID_SOCIAL),
    ),
    Rule(
        "ga4:paid_video",
        "paid_video",
        lambda f: (f.paid and f.kind == "video") or f.medium in _PAID_VIDEO,
    ),
    Rule(
        "ga4:display",
        "display",
        lambda f: f.medium in _DISPLAY or "display" in (f.ad_kind, f.kind.removesuffix("_ad")),
    ),
    Rule("ga4:paid_other", "paid_other", lambda f: f.paid),
    Rule(
        "ga4:organic_shopping",
        "organic_shopping",
        lambda f: f.kind == "shopping" or bool(_SHOP.fullmatch(f.campaign)),
    ),
    Rule("ga4:organic_social", "organic_social", lambda f: f.kind == "social" or f.medium in _SOCIAL),
    Rule("ga4:organic_video", "organic_video", lambda f: f.kind == "video" or "video" in f.raw_medium),
    Rule("ga4:organic_search", "organic_search", lambda f: f.kind == "search" or f.medium in _ORGANIC),
    Rule("ga4:web_referral_by_medium", "web_referral", lambda f: f.medium in _REFERRAL),
    Rule("ga4:email", "email", lambda f: f.kind == "email" or f.said(_EMAIL)),
    Rule("ga4:affiliates", "affiliates", lambda f: f.medium in _AFFILIATES),
    Rule("ga4:audio", "audio", lambda f: f.medium in _AUDIO),
    Rule("ga4:sms", "sms", lambda f: f.said(_SMS)),
    Rule(
        "ga4:push",
        "push",
        lambda f: (
            f.raw_medium.endswith("push")
            or "mobile" in f.raw_medium
            or "notification" in f.raw_medium
            or f.said(_PUSH)
        ),
    ),
    Rule("shipped:phone", "phone", lambda f: f.said(_PHONE)),
    Rule("shipped:qr", "qr", lambda f: f.said(_QR)),
    Rule("shipped:messenger", "messenger", lambda f: f.kind == "messenger" or f.said(_MESSENGER)),
    Rule("shipped:maps", "maps", lambda f: f.kind == "maps" or f.said(_MAPS)),
    Rule("shipped:ai_assistant", "ai_assistant", lambda f: f.kind == "ai_assistant" or f.said(_AI)),
    Rule("shipped:offline", "offline", lambda f: f.said(_OFFLINE)),
    Rule("shipped:web_referral_by_referrer", "web_referral", lambda f: f.linked),
    Rule("ga4:unassigned", "unassigned", lambda f: True),
)
CHANNELS: Final = tuple(dict.fromkeys(rule.channel for rule in RULES))


class _ClickId(NamedTuple):
    place: Place
    same_company: tuple[str, ...]  # how names of places of that company begin


_GOOGLE: Final = _ClickId(Place("search", "Google"), ("Google",))
_CLICK_IDS: Final[Mapping[str, _ClickId]] = {
    "gclid": _GOOGLE,
    "gbraid": _GOOGLE,
    "wbraid": _GOOGLE,
    "msclkid": _ClickId(Place("search", "Bing"), ("Bing",)),
    "n_click_id": _ClickId(Place("search", "Naver"), ("Naver",)),
    "ttclid": _ClickId(Place("social", "TikTok"), ("TikTok",)),
}
_FACEBOOK: Final = Place("social", "Facebook")


def _place_and_paid(
    source: str, medium: str, place: Place | None, ids: tuple[str, ...]
) -> tuple[Place, bool]:
    """The place of the visit, and whether a click id says it was paid."""
    for name in ids:
        id = _CLICK_IDS.get(name)
        if id is None:
            continue
        if source:
            if place is not None and place.name.startswith(id.same_company):
                return place, True
        elif (
            place is None
            or place.kind in ("search_ad", "display_ad")
            or place.name.startswith(id.same_company)
        ):
            return (place if place is not None and place.kind.endswith("_ad") else id.place), True
        elif place.name == "YouTube" and id is _GOOGLE:
            return place, True
    if place is None and not source and "fbclid" in ids:
        return _FACEBOOK, False
    return place or NOWHERE, False


class _Seen(NamedTuple):
    """The reduced key of the shipped rules: all they look at."""

    source: str
    medium: str
    campaign: str
    other_utm: bool
    ids: tuple[str, ...]
    host: str
    place: Place | None
    in_app: str
    ad_kind: str


def _facts(seen: _Seen) -> _Facts:
    source, medium = (_present(value) for value in (seen.source, seen.medium))
    raw_medium = unicodedata.normalize("NFC", medium).strip().lower()
    campaign = unicodedata.normalize("NFC", seen.campaign).strip().lower()
    place: Place | None
    if source:
        place = (place_named(source + " " + medium) if medium else None) or place_named(source)
    elif seen.host:
        place = seen.place
    else:
        place = place_named(seen.in_app) if seen.in_app else None
    found, paid_by_id = _place_and_paid(source, medium, place, seen.ids)
    return _Facts(
        given=bool(source or medium or campaign or seen.other_utm or seen.ids or seen.host or seen.in_app),
        source=name_key(source),
        medium=name_key(medium),
        raw_medium=raw_medium,
        campaign=campaign,
        kind=found.kind,
        paid=paid_by_id or bool(_PAID.fullmatch(raw_medium)),
        paid_by_id=paid_by_id,
        ad_kind=seen.ad_kind,
        linked=bool(seen.host) and not source and not medium and found is NOWHERE,
    )


def _present(value: str) -> str:
    stripped = value.strip()
    return "" if stripped.lower() in _ABSENT else stripped


class Condition(NamedTuple):
    """One condition of a site's rule set: `how` is equals, contains or matches."""

    field: str
    how: str
    text: str


_HOW: Final = ("equals", "contains", "matches")


def _conditions(rule: Any) -> list[Condition]:
    """The conditions of one `{field, equals | contains | matches}`, an object or a mapping."""
    get: Callable[[str], Any] = (
        rule.get if isinstance(rule, Mapping) else lambda name: getattr(rule, name, None)
    )
    field = get("field")
    found = [Condition(str(field), how, text) for how in _HOW if isinstance(text := get(how), str)]
    return found or [Condition(str(field), "", "")]


def rule_sets(rules: Iterable[Any]) -> list[list[Condition]]:
    """A flat list of conditions is one rule set; of a list of lists each is one, and any may hold."""
    flat: list[Condition] = []
    sets: list[list[Condition]] = []
    for rule in rules:
        if isinstance(rule, list | tuple) and not isinstance(rule, Condition):
            sets.append([condition for one in rule for condition in _conditions(one)])
        else:
            flat.extend(_conditions(rule))
    return [one for one in ([flat] if flat else []) + sets if one]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _holds(condition: Condition) -> Callable[[str], bool]:
    if condition.how == "equals":
        wanted = _folded(condition.text)
        return lambda value: _folded(value) == wanted
    if condition.how == "contains":
        part = _folded(condition.text)
        return lambda value: part in _folded(value)
    if condition.how == "matches":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pattern = re.compile(condition.text, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError):
            return lambda value: False
        return lambda value: pattern.search(value) is not None
    return lambda value: False


def _click_id(name: str) -> Callable[[Source], str]:
    return lambda source: next((value for id, value in source.click_ids if id == name), "")


_FIELDS: Final[Mapping[str, Callable[[Source], str]]] = {
    "utm_source": lambda s: s.utm_source,
    "utm_medium": lambda s: s.utm_medium,
    "utm_campaign": lambda s: s.utm_campaign,
    "utm_term": lambda s: s.utm_term,
    "utm_content": lambda s: s.utm_content,
    "utm_id": lambda s: s.utm_id,
    "referrer": lambda s: s.referrer,
    "url": lambda s: s.url,
    "in_app": lambda s: s.in_app,
    "region": lambda s: s.region,
    "device": lambda s: s.device,
    "keyword": lambda s: s.keyword,
    "scan_id": lambda s: s.scan_id,
    "ad_kind": lambda s: s.ad_kind,
    "click_ids": lambda s: " ".join(name for name, _ in s.click_ids),
    "referrer_host": lambda s: _referrer(s).host,
    "referrer_path": lambda s: _referrer(s).path,
    "url_host": lambda s: host_and_path(s.url)[0].removeprefix("www."),
    "url_path": lambda s: _path(s.url),
    "url_query": lambda s: s.url.partition("#")[0].partition("?")[2],
} | {name: _click_id(name) for name in CLICK_IDS}
RULE_FIELDS: Final = tuple(_FIELDS)


def said_in(source: Source, field: str) -> str:
    """What a source says in one of RULE_FIELDS."""
    return _FIELDS[field](source)


def _path(url: str) -> str:
    return host_and_path(url)[1] or url.partition("#")[0].partition("?")[0]


def _referrer(source: Source) -> Referrer:
    return read_referrer(source.referrer) if source.referrer else NO_REFERRER


class _SiteRule(NamedTuple):
    channel: str
    name: str
    conditions: tuple[
        tuple[int, Callable[[str], bool]], ...
    ]  # which looked-at field, and what must hold of it


class ChannelRules:
    """A site's channel rules before the shipped ones, compiled; answers are remembered by what rules look at.

    `site_rules` are (channel, its `rules`); channels are tried by slug, whatever order they come in.
    `equals` and `contains` ignore case, `matches` is a regular expression searched for anywhere, ignoring
    case; '' equals an absent field. A broken expression and an unknown field match nothing.
    """

    __slots__ = ("_fields", "_memo", "_site_rules")

    def __init__(self, site_rules: Sequence[tuple[str, Iterable[Any]]] = ()) -> None:
        """Compile the rules; nothing in them raises."""
        fields: dict[str, int] = {}
        compiled: list[_SiteRule] = []
        for channel, rules in sorted(site_rules, key=lambda one: one[0]):
            for number, conditions in enumerate(rule_sets(rules), start=1):
                if all(condition.field in _FIELDS for condition in conditions):
                    checks = [(fields.setdefault(one.field, len(fields)), _holds(one)) for one in conditions]
                    compiled.append(_SiteRule(channel, f"site:{channel}:{number}", tuple(checks)))
        self._site_rules = tuple(compiled)
        self._fields = tuple(_FIELDS[name] for name in fields)
        self._memo: dict[tuple[Any, ...], tuple[str, str]] = {}

    def channel_of(self, source: Source) -> str:
        """The channel's slug."""
        return self.decide(source)[0]

    def decide(self, source: Source) -> tuple[str, str]:
        """The channel's slug and the name of the rule that gave it: `site:<channel>:<number of its rule set, from 1>`
        or a shipped rule's own.
        """
        came_from = read_referrer(source.referrer) if source.referrer else NO_REFERRER
        seen = (
            source.utm_source,
            source.utm_medium,
            source.utm_campaign,
            bool(source.utm_term or source.utm_content or source.utm_id),
            tuple([name for name, _ in source.click_ids]) if source.click_ids else (),
            came_from.host,
            came_from.place,
            source.in_app,
            source.ad_kind,
        )
        key = (seen, tuple([field(source) for field in self._fields])) if self._fields else seen
        decided = self._memo.get(key)
        if decided is None:
            if len(self._memo) >= _MEMO_SIZE:
                self._memo.clear()
            decided = self._memo[key] = self._first_match(source, _Seen(*seen))
        return decided

    def _first_match(self, source: Source, seen: _Seen) -> tuple[str, str]:
        if self._site_rules:
            values = [field(source) for field in self._fields]
            for channel, name, conditions in self._site_rules:
                if all(holds(values[at]) for at, holds in conditions):
                    return channel, name
        facts = _facts(seen)
        for rule in RULES:
            if rule.fits(facts):
                return rule.channel, rule.name
        raise AssertionError("the last rule always fits")

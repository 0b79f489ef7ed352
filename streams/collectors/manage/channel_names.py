"""Names as people write them -> slugs, and what kind of place a channel is: printed, linked, or only told."""

import re
import unicodedata
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, Literal

from streams.collectors.importers.cells import folded

Way = Literal["print", "link", "told"]
"""How a channel can be followed: a code on paper, a link of its own, or only by what people say."""

LONGEST_SLUG: Final = 64


def _words(text: str) -> tuple[str, ...]:
    return tuple(folded(word) for word in text.split())


_KNOWN: Final = {
    slug: tuple(folded(name) for name in names.split(","))
    for slug, names in {
        "naver_blog": "네이버 블로그,네이버블로그 대행,블로그,naver blog,blog",
        "naver_place": "네이버 플레이스,플레이스,네이버 지도,스마트플레이스,naver place,place",
        "naver_cafe": "네이버 카페,카페,naver cafe",
        "mom_cafe": "맘카페,맘카페 활동,맘카페 광고,지역 맘카페,mom cafe",
        "naver_powerlink": "네이버 파워링크,파워링크,네이버 검색광고,naver powerlink",
        "google_ads": "구글 광고,구글 애즈,google ads",
        "instagram": "인스타그램,인스타,인스타그램 광고,instagram",
        "facebook": "페이스북,facebook",
        "youtube": "유튜브,youtube",
        "kakao_channel": "카카오톡 채널,카카오 채널,카톡 채널,kakao channel",
        "karrot": "당근,당근마켓,당근마켓 광고,karrot",
        "flyers": "전단지,전단,현수막·전단지,전단지·현수막,현수막 전단지,flyers,flyer",
        "banner": "현수막,거리 현수막,banner,banners",
        "poster": "포스터,poster,posters",
        "leaflet": "리플렛,리플릿,브로슈어,leaflet",
        "business_card": "명함,business card",
        "bus_ad": "버스 광고,버스,bus ad",
        "elevator_ad": "엘리베이터,엘리베이터 광고,elevator ad",
        "apartment_board": "아파트 게시판,아파트,apartment board",
        "events": "지역 행사,행사,events",
        "referral": "지인 소개,소개,지인,추천,referral,word of mouth",
        "signboard": "간판,signboard",
    }.items()
}
_SLUG_OF: Final = {name: slug for slug, names in _KNOWN.items() for name in (*names, folded(slug))}

_PRINTED: Final = _words(
    "현수막 전단 포스터 리플렛 리플릿 브로슈어 명함 버스 지하철 엘리베이터 게시판 간판 배너거치 입간판 우편 "
    "스티커 족자 flyer banner poster leaflet brochure card sticker sign bus elevator print"
)
_LINKED: Final = _words(
    "블로그 카페 플레이스 지도 인스타 페이스북 유튜브 카카오 카톡 당근 광고 링크 검색 밴드 홈페이지 스레드 틱톡 "
    "문자 이메일 예약 blog cafe place map instagram facebook youtube kakao karrot ads link search "
    "website mail sms booking"
)
_TOLD: Final = _words("소개 지인 추천 구전 referral mouth introduction")

_INITIALS: Final = _words("g kk n d tt r m b pp s ss - j jj ch k t p h")
_VOWELS: Final = _words("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i")
_FINALS: Final = _words("- k k k n n n t l k m l l l p l m p p t t ng t t k t p t")
_FIRST_SYLLABLE: Final = 0xAC00
_LAST_SYLLABLE: Final = 0xD7A3


def slug_for(name: str, known: Mapping[str, str], taken: Mapping[str, str]) -> str:
    """A channel's name -> its slug, always the same for the same name.

    `known` (folded name -> slug) is what the catalog calls its channels and stands first; `taken` (slug -> folded
    name) are the slugs that other names have, so that a new name never becomes somebody else's channel.
    """
    said = folded(name)
    if said in known:
        return known[said]
    slug = _SLUG_OF.get(said) or latin(name)
    if slug not in taken or taken[slug] == said:
        return slug
    mark = blake2b(said.encode(), digest_size=3).hexdigest()
    return f"{slug[: LONGEST_SLUG - 7]}_{mark}"


def latin(name: str) -> str:
    """A name in Hangul or Latin letters -> small letters, digits and _, syllable by syllable; never empty."""
    spelt = []
    for character in unicodedata.normalize("NFC", name):
        at = ord(character)
        if _FIRST_SYLLABLE <= at <= _LAST_SYLLABLE:
            first, rest = divmod(at - _FIRST_SYLLABLE, 21 * 28)
            spelt.append(_INITIALS[first] + _VOWELS[rest // 28] + _FINALS[rest % 28])
        else:
            spelt.append(character.casefold() if character.isascii() and character.isalnum() else "_")
    slug = re.sub(r"_+", "_", "".join(spelt)).strip("_")[:LONGEST_SLUG].strip("_")
    return slug or "name_" + blake2b(folded(name).encode(), digest_size=6).hexdigest()


def way_of(name: str, placement: str, has_link: bool) -> Way:
    """A channel's name and where it is -> how it can be followed; the person may say otherwise."""
    said = folded(name)
    if any(word in said for word in _TOLD):
        return "told"
    if any(word in said for word in _PRINTED):
        return "print"
    if has_link or any(word in said for word in _LINKED):
        return "link"
    return "print" if placement else "told"

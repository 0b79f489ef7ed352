"""The centre of the demo, fictional throughout: branches, channels, costs, numbers, and its catalog as YAML.

Telephone numbers come from blocks that are not given out (010-000x, 0507-0000, 070-0000), hosts end in `.example`.
Costs are those of the field document; three branches share them, and each has about the inquiries of its table.
"""

import json
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

SITE = "maru"
SITE_NAMES = {"ko": "마루 아동발달센터", "en": "Maru Child Development Centre"}
HOST = "https://www.maru.example"
KST = timezone(timedelta(hours=9))
SINCE = date(2025, 10, 1)
UNTIL = date(2025, 12, 31)
OPENS = datetime(2025, 10, 1, tzinfo=KST)
CLOSES = datetime(2026, 1, 1, tzinfo=KST)

BRANCH_NAMES = {
    "gangseo": {"ko": "강서점", "en": "Gangseo"},
    "mapo": {"ko": "마포점", "en": "Mapo"},
    "songpa": {"ko": "송파점", "en": "Songpa"},
}
BRANCHES = {branch: names["ko"] for branch, names in BRANCH_NAMES.items()}
"""What the desk's own files call the branches."""

CAC_TARGET = 200_000
SERVICES = ("언어치료", "놀이치료", "미술치료", "감각통합", "인지치료")

POOL = tuple(f"0507-0000-09{number:02d}" for number in range(12))
MAIN = {"gangseo": "070-0000-0101", "mapo": "070-0000-0102", "songpa": "070-0000-0103"}
RECEPTION = "070-0000-0199"
"""The desk's own telephone, typed into the list for people who gave none: it must join nobody."""


class Plan(NamedTuple):
    """What is true of a channel over the quarter: its people, those who register, its monthly cost."""

    inquiries: int
    registrations: int
    monthly_cost: int


PLANS = {
    "naver_blog": Plan(72, 19, 600_000),
    "naver_place": Plan(108, 31, 400_000),
    "flyers": Plan(18, 3, 300_000),
    "mom_cafe": Plan(54, 16, 200_000),
    "referral": Plan(45, 29, 0),
    "events": Plan(24, 9, 300_000),
}
NAMES = {
    "naver_blog": {"ko": "네이버 블로그", "en": "Naver Blog"},
    "naver_place": {"ko": "네이버 플레이스", "en": "Naver Place"},
    "flyers": {"ko": "현수막·전단지", "en": "Banners and flyers"},
    "mom_cafe": {"ko": "맘카페 활동", "en": "Mothers' café"},
    "referral": {"ko": "지인 소개", "en": "Introductions"},
    "events": {"ko": "기타 (지역 행사)", "en": "Other (local events)"},
    "internet": {"ko": "인터넷 (답변)", "en": '"The internet" (told)'},
}
ANSWERS = {
    "인터넷": "internet",
    "블로그": "naver_blog",
    "네이버 지도": "naver_place",
    "맘카페": "mom_cafe",
    "지인 소개": "referral",
    "전단지": "flyers",
    "지역 행사": "events",
}
LINES = {
    channel: {branch: f"0507-0000-0{at}0{nth}" for nth, branch in enumerate(BRANCHES, 1)}
    for at, channel in enumerate(("naver_blog", "naver_place", "flyers", "mom_cafe", "events"), 1)
}
"""channel -> branch -> the number that stands there and nowhere else."""
CODES = {"maru-flyer": "flyers", "maru-banner": "flyers", "maru-fair": "events"}

AUTUMN = (date(2025, 10, 15), date(2025, 11, 30))
"""The days of the one campaign, whose visits carry utm_campaign=autumn."""

AD_VERSIONS = ("family-photo", "price-list")
"""What the map's advertisement shows, as its visits say in utm_content."""

STAFF_HOURLY_RATE = 20_000
LTV_MONTHS = 18
LTV_MONTHLY_REVENUE = 160_000
REFERENCE_CPC = 900
REFERENCE_CPV = 50
CONTRIBUTION_MARGIN = 0.4
BASELINE_MONTHLY_REVENUE = 3_000_000
"""What the centre took in a month before it did any marketing."""


def catalog_yaml() -> str:
    """The centre's definitions, as one would write them by hand for `headwater define`."""
    lines = [
        "# 마루 아동발달센터 (fictional): what headwater must know of the business. `headwater define` reads it.",
        *_entry("site", SITE),
        f"  name: {{ko: {SITE_NAMES['ko']}, en: {SITE_NAMES['en']}}}",
        "  branches:",
        *[
            f"    - {{id: {branch}, name: {{ko: {names['ko']}, en: {names['en']}}}}}"
            for branch, names in BRANCH_NAMES.items()
        ],
        "  time_zone: Asia/Seoul",
        "  currency: KRW",
        "  opening_hours:",
        *[f"    {day}: ['10:00-19:00']" for day in ("mon", "tue", "wed", "thu", "fri", "sat")],
        f"  hosts: [{HOST.removeprefix('https://')}]",
        f"  services: [{', '.join(SERVICES)}]",
        "  menu:",
        *_menu(),
        f"  cac_target: {CAC_TARGET}",
        f"  staff_hourly_rate: {STAFF_HOURLY_RATE}",
        f"  ltv_months: {LTV_MONTHS}",
        f"  ltv_monthly_revenue: {LTV_MONTHLY_REVENUE}",
        f"  reference_cpc: {REFERENCE_CPC}",
        f"  reference_cpv: {REFERENCE_CPV}",
        f"  contribution_margin: {CONTRIBUTION_MARGIN}",
        f"  baseline_monthly_revenue: {BASELINE_MONTHLY_REVENUE}",
        f"  shared_identifiers: [{{phone: '{RECEPTION}'}}]",
        "  answers:",
        *[f"    {label}: {channel}" for label, channel in ANSWERS.items()],
    ]
    rules = {
        "naver_blog": (("utm_source", "naver_blog"), ("referrer_host", "blog.naver.com")),
        "naver_place": (("utm_source", "naver_place"), ("referrer_host", "place.naver.com")),
        "mom_cafe": (("utm_source", "mom_cafe"), ("referrer_host", "cafe.naver.com")),
        "flyers": (("utm_source", "flyers"),),
        "events": (("utm_source", "events"),),
    }
    for channel, names in NAMES.items():
        lines += _entry("channel", channel)
        ko, en = (json.dumps(names[language], ensure_ascii=False) for language in ("ko", "en"))
        lines.append(f"  name: {{ko: {ko}, en: {en}}}")
        if channel == "referral":
            lines += ["  channel_kind: word_of_mouth", "  free: true"]
        if channel == "naver_blog":
            lines.append("  channel_kind: owned")
        if channel in rules:
            lines.append("  rules:")
            lines += [f"    - [{{field: {field}, contains: {text}}}]" for field, text in rules[channel]]
    lines += _entry("campaign", "autumn-consult")
    lines += [
        "  name: {ko: 가을 무료 상담, en: Autumn consultations}",
        "  channel: naver_place",
        "  budget: 800000",
        f"  starts_on: {AUTUMN[0]}",
        f"  ends_on: {AUTUMN[1]}",
        "  goal_metric: registration",
        "  goal_count: 12",
        "  utm_campaign: [autumn]",
    ]
    for code, channel in CODES.items():
        lines += _entry("qr_code", code)
        lines += [
            f"  destination: {HOST}/start",
            f"  assignments: [{{id: {code}-1, from: {SINCE}, channel: {channel}, placement: {code}}}]",
        ]
    for channel, numbers in LINES.items():
        for branch, number in numbers.items():
            lines += _entry("tracking_number", number)
            assigned = f"id: {channel}-{branch}, from: {SINCE}, channel: {channel}, branch: {branch}"
            lines.append(f"  assignments: [{{{assigned}}}]")
    for number in POOL:
        lines += _entry("tracking_number", number)
        lines.append(f"  assignments: [{{id: pool-{number[-4:]}, from: {SINCE}, pool: website}}]")
    return "\n".join(lines) + "\n"


def _menu() -> list[str]:
    """The desk's buttons: those who know, then the internet with its second row."""

    def button(channel: str) -> str:
        ko, en = (json.dumps(NAMES[channel][language], ensure_ascii=False) for language in ("ko", "en"))
        return f"{{label: {{ko: {ko}, en: {en}}}, channel: {channel}}}"

    which = [f"        - {button(channel)}" for channel in ("naver_place", "naver_blog", "mom_cafe")]
    return [
        f"    - {button('referral')}",
        "    - label: {ko: 인터넷, en: The internet}",
        "      which:",
        *which,
        f"    - {button('flyers')}",
        f"    - {button('events')}",
    ]


def _entry(kind: str, name: str) -> list[str]:
    quoted = f"'{name}'" if name[0].isdigit() else name
    return [
        f"- kind: {kind}",
        f"  site: {SITE}",
        f"  id: {quoted}",
        "  defined_at: '2025-09-30T09:00:00+09:00'",
    ]

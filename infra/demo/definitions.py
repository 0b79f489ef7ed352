"""What the centre wants to know beside its channels, as catalog YAML: goals, segments, tests, keywords, a tool, content."""

from typing import Final, NamedTuple

from infra.demo.beside import FORM_TEST, GREETING_TEST
from infra.demo.centre import SINCE, SITE, UNTIL

TOOL: Final = "booking-reminder"
BRAND: Final = "마루 아동발달센터"
BASELINE: Final = ("2025-07-01", "2025-09-30")


class _Defined(NamedTuple):
    kind: str
    name: str
    fields: str
    on: str = "2025-09-30"


_DEFINITIONS: Final = (
    _Defined(
        "goal",
        "registered",
        """
  name: {ko: 등록, en: Registration}
  stage: registration
  monthly_price: 120000
  months: 12
  retention: 0.8""",
    ),
    _Defined(
        "goal",
        "consult-request",
        """
  name: {ko: 상담 신청서, en: Request for a consultation}
  contents: [consult-request]
  price: 640000
  close_rate: 0.3""",
    ),
    _Defined(
        "goal",
        "price-read",
        """
  name: {ko: 요금 안내 보기, en: Prices read}
  rules: [{field: url_path, equals: /price}]
  value: 3000""",
    ),
    _Defined(
        "goal",
        "happier-parents",
        f"""
  name: {{ko: 보호자 만족도 10% 높이기, en: Parents' satisfaction up by 10%}}
  metric: satisfaction
  change: 0.1
  change_kind: relative
  baseline_from: {BASELINE[0]}
  baseline_to: {BASELINE[1]}
  judged_from: {SINCE}
  judged_to: {UNTIL}
  tool: {TOOL}""",
    ),
    _Defined(
        "goal",
        "more-reviews",
        f"""
  name: {{ko: 후기 20% 늘리기, en: A fifth more reviews}}
  metric: reviews
  change: 0.2
  change_kind: relative
  baseline_from: {BASELINE[0]}
  baseline_to: {BASELINE[1]}
  judged_from: {SINCE}
  judged_to: {UNTIL}""",
    ),
    _Defined(
        "goal",
        "more-inquiries",
        f"""
  name: {{ko: 가을 문의 5% 늘리기, en: 5% more inquiries in autumn}}
  metric: inquiries
  change: 0.05
  change_kind: relative
  baseline_from: {SINCE}
  baseline_to: 2025-11-15
  judged_from: 2025-11-16
  judged_to: {UNTIL}""",
    ),
    _Defined(
        "tool",
        TOOL,
        f"""
  name: {{ko: 예약 알림 자동화, en: Automatic booking reminders}}
  adopted_on: {SINCE}
  baseline_from: {BASELINE[0]}
  baseline_to: {BASELINE[1]}
  judged_from: {SINCE}
  judged_to: {UNTIL}
  gains: [{{metric: kept_sessions, unit_value: 15000}}]
  savings: [{{metric: desk_hours, unit_value: -20000}}]""",
        "2025-06-20",
    ),
    _Defined(
        "content",
        "first-words",
        f"""
  name: {{ko: '첫 낱말, 언제 트일까 (글)', en: First words (article)}}
  landing_pages: [/blog/first-words]
  cost: 500000
  published_on: {SINCE}
  reference_cpc: 1000
  files: [first-words-checklist.pdf]""",
    ),
    _Defined(
        "content",
        "voucher-guide",
        f"""
  name: {{ko: 바우처 안내, en: Guide to vouchers}}
  landing_pages: [/voucher]
  cost: 300000
  published_on: {SINCE}
  files: [voucher-guide.pdf]""",
    ),
    _Defined(
        "content",
        "centre-tour",
        f"""
  name: {{ko: 센터 둘러보기 (영상 30초), en: A tour of the centre (film)}}
  cost: 900000
  published_on: {SINCE}
  files: [centre-tour]""",
    ),
    _Defined(
        "content",
        "therapist-talk",
        f"""
  name: {{ko: 치료사의 1분 이야기 (영상), en: A minute with a therapist (film)}}
  landing_pages: [/therapists]
  cost: 300000
  published_on: {SINCE}
  files: [therapist-talk]""",
    ),
    _Defined(
        "keyword_list",
        "brand",
        f"""
  name: {{ko: 브랜드, en: Brand}}
  list_kind: brand
  keywords: [{BRAND}, 마루센터]""",
    ),
    _Defined(
        "keyword_list",
        "negative",
        """
  name: {ko: 부정, en: Negative}
  list_kind: negative
  keywords: [불만, 환불]""",
    ),
    _Defined(
        "keyword_list",
        "target",
        """
  name: {ko: 목표, en: Target}
  list_kind: target
  keywords: [언어치료, 놀이치료]""",
    ),
    _Defined(
        "segment",
        "new-customers",
        """
  name: {ko: 새 가족, en: New families}
  base: new
  days: 60
  payments: 1
  goal_metric: payment
  goal_count: 100""",
    ),
    _Defined(
        "segment",
        "regulars",
        """
  name: {ko: 꾸준한 가족, en: Regulars}
  base: repeat
  days: 45
  payments: 2
  goal_metric: payment
  goal_count: 100""",
    ),
    _Defined(
        "segment",
        "quiet",
        """
  name: {ko: 문의 뒤 3주 넘게 조용한 분, en: 'Asked, then quiet for three weeks'}
  base: dormant
  days: 21
  payments: 0
  goal_metric: visit
  goal_count: 10""",
    ),
    _Defined(
        "experiment",
        "form-length",
        f"""
  name: {{ko: 상담 신청서 길이, en: Length of the request form}}
  hypothesis: 칸이 적은 신청서를 더 많이 보낸다
  why: 신청서를 연 사람의 절반 이상이 보내지 않고 나간다
  metric: consult-request
  variants: [long, short]
  control: long
  baseline_rate: 0.3
  minimal_effect: 0.25
  starts_on: {FORM_TEST[0]}
  ends_on: {FORM_TEST[1]}""",
    ),
    _Defined(
        "experiment",
        "come-back-words",
        """
  name: {ko: 다시 오시라는 문자의 말, en: Words of the text to come back}
  why: 지난 봄의 할인 문자는 열에 하나만 눌렀다
  hypothesis: 할인보다 안부를 묻는 문자를 더 누른다
  metric: clicked
  variants: [offer, question]
  control: offer
  baseline_rate: 0.12
  minimal_effect: 0.25
  campaign: come-back
  window_days: 14
  starts_on: 2025-12-09
  ends_on: 2025-12-10""",
    ),
    _Defined(
        "experiment",
        "call-greeting",
        f"""
  name: {{ko: 전화 첫인사, en: Greeting on the telephone}}
  why: 통화로 문의한 사람의 셋 중 하나만 등록한다
  hypothesis: 아이 이름을 부르며 받으면 더 등록한다
  metric: registration
  variants: [as_before, by_name]
  control: as_before
  baseline_rate: 0.35
  minimal_effect: 0.15
  starts_on: {GREETING_TEST[0]}
  ends_on: {GREETING_TEST[1]}""",
    ),
)


def definitions_yaml() -> list[str]:
    """The definitions -> lines of the catalog's YAML."""
    return [
        f"- kind: {one.kind}\n  site: {SITE}\n  id: {one.name}\n  defined_at: '{one.on}T09:00:00+09:00'{one.fields}"
        for one in _DEFINITIONS
    ]

"""What the desk calls things, in Korean and English: channels that ship, stages, and ways an inquiry comes in."""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict


class Names(TypedDict):
    """The same name in both languages."""

    ko: str
    en: str


def names(given: str | Mapping[Literal["ko", "en"], str] | None, fallback: str) -> Names:
    """A name as the catalog has it -> in both languages; where there is none, the fallback."""
    if isinstance(given, str):
        return {"ko": given, "en": given}
    said = dict(given or {})
    only = next(iter(said.values()), fallback)
    return {"ko": said.get("ko", only), "en": said.get("en", only)}


def _words(*lines: tuple[str, str, str]) -> dict[str, Names]:
    return {slug: {"ko": ko, "en": en} for slug, ko, en in lines}


CHANNELS: Final = _words(
    ("referral", "지인 소개", "Introduction"),
    ("direct", "직접 방문", "Direct"),
    ("unassigned", "분류 안 됨", "Unassigned"),
    ("web_referral", "다른 웹사이트", "Another website"),
    ("organic_search", "자연 검색", "Search"),
    ("paid_search", "검색 광고", "Search ad"),
    ("organic_social", "소셜", "Social"),
    ("paid_social", "소셜 광고", "Social ad"),
    ("organic_video", "동영상", "Video"),
    ("paid_video", "동영상 광고", "Video ad"),
    ("organic_shopping", "쇼핑", "Shopping"),
    ("paid_shopping", "쇼핑 광고", "Shopping ad"),
    ("paid_other", "기타 광고", "Other ad"),
    ("cross_network", "복합 네트워크 광고", "Cross-network ad"),
    ("display", "배너 광고", "Display ad"),
    ("affiliates", "제휴", "Affiliate"),
    ("audio", "오디오", "Audio"),
    ("email", "이메일", "E-mail"),
    ("sms", "문자", "SMS"),
    ("push", "푸시 알림", "Push"),
    ("messenger", "메신저", "Messenger"),
    ("maps", "지도", "Maps"),
    ("phone", "전화", "Phone"),
    ("qr", "QR", "QR"),
    ("ai_assistant", "AI 도우미", "AI assistant"),
    ("offline", "오프라인", "Offline"),
)
STAGES: Final = _words(
    ("inquiry", "문의", "Inquiry"),
    ("consult", "상담", "Consult"),
    ("registration", "등록", "Registered"),
    ("re_registration", "재등록", "Registered again"),
    ("lost", "이탈", "Lost"),
    ("dormant", "휴면", "Dormant"),
)
WAYS: Final = _words(
    ("kakao", "카카오톡", "KakaoTalk"),
    ("naver_talk", "네이버 톡톡", "Naver Talk"),
    ("naver_booking", "네이버 예약", "Naver Booking"),
    ("cafe_message", "카페 쪽지", "Café message"),
    ("walk_in", "방문", "Walk-in"),
)
"""Ways an inquiry comes in without a call, in the order of the buttons."""

"""Words for people in Korean and English: texts, names of channels, models, stages and actions."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Language = Literal["ko", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("ko", "en")
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "text"]


class Text(NamedTuple):
    """The same words in both languages."""

    ko: str
    en: str

    def said_in(self, language: Language) -> str:
        """Language -> the words."""
        return self.ko if language == "ko" else self.en


class Word(NamedTuple):
    """What a value of a column is called, and the colour that goes with the words, never alone."""

    text: Text
    colour: Colour = "text"


Words = Mapping[str, Word]

CHANNELS: Final[Words] = {
    slug: Word(Text(ko, en))
    for slug, ko, en in (
        ("unattributed", "출처 모름", "Unattributed"),
        ("direct", "직접 방문", "Direct"),
        ("unassigned", "분류 안 됨", "Unassigned"),
        ("referral", "지인 소개", "Referral"),
        ("web_referral", "다른 웹사이트", "Web referral"),
        ("organic_search", "자연 검색", "Organic search"),
        ("paid_search", "검색 광고", "Paid search"),
        ("organic_social", "소셜", "Organic social"),
        ("paid_social", "소셜 광고", "Paid social"),
        ("organic_video", "동영상", "Organic video"),
        ("paid_video", "동영상 광고", "Paid video"),
        ("organic_shopping", "쇼핑", "Organic shopping"),
        ("paid_shopping", "쇼핑 광고", "Paid shopping"),
        ("paid_other", "기타 광고", "Paid other"),
        ("cross_network", "복합 네트워크 광고", "Cross-network"),
        ("display", "배너 광고", "Display"),
        ("affiliates", "제휴", "Affiliates"),
        ("audio", "오디오", "Audio"),
        ("email", "이메일", "Email"),
        ("sms", "문자", "SMS"),
        ("push", "푸시 알림", "Push"),
        ("messenger", "메신저", "Messenger"),
        ("maps", "지도", "Maps"),
        ("phone", "전화", "Phone"),
        ("qr", "QR", "QR"),
        ("ai_assistant", "AI 도우미", "AI assistant"),
        ("offline", "오프라인", "Offline"),
    )
}
MODELS: Final[Words] = {
    "first": Word(Text("첫 접점", "First touch")),
    "last": Word(Text("마지막 접점", "Last touch")),
    "linear": Word(Text("균등", "Linear")),
    "time_decay": Word(Text("시간 감쇠", "Time decay")),
    "position": Word(Text("위치 (40/20/40)", "Position (40/20/40)")),
}
DATA_DRIVEN_MODELS: Final[Words] = {
    "markov": Word(Text("마르코프", "Markov")),
    "markov_2": Word(Text("마르코프 2차", "Markov, second order")),
    "shapley": Word(Text("섀플리", "Shapley")),
}
ACTIONS: Final[Words] = {
    "stop": Word(Text("중단", "Stop"), "red"),
    "keep": Word(Text("유지", "Keep"), "blue"),
    "increase": Word(Text("증액", "Increase"), "green"),
    "strengthen": Word(Text("강화", "Strengthen"), "purple"),
    "too_little_data": Word(Text("자료 부족", "Too few"), "orange"),
    "no_spend": Word(Text("비용 미입력", "Spend not entered"), "yellow"),
    "no_payments": Word(Text("결제 자료 없음", "No payments"), "yellow"),
    "none": Word(Text("판단 안 함", "No action")),
}
STAGES: Final[Words] = {
    "inquiry": Word(Text("문의", "Inquiry")),
    "consult": Word(Text("상담", "Consult")),
    "registration": Word(Text("등록", "Registration"), "green"),
    "re_registration": Word(Text("재등록", "Re-registration"), "green"),
    "payment": Word(Text("결제", "Payment"), "green"),
    "lost": Word(Text("이탈", "Lost"), "orange"),
    "dormant": Word(Text("휴면", "Dormant"), "orange"),
}
OUTCOMES: Final[Words] = {
    "answered": Word(Text("받음", "Answered"), "green"),
    "missed": Word(Text("못 받음", "Missed"), "red"),
    "abandoned": Word(Text("끊김", "Abandoned"), "red"),
    "voicemail": Word(Text("음성사서함", "Voicemail"), "orange"),
    "busy": Word(Text("통화 중", "Busy"), "orange"),
    "failed": Word(Text("연결 실패", "Failed"), "orange"),
}
TOUCH_KINDS: Final[Words] = {
    "session": Word(Text("홈페이지 방문", "Website visit")),
    "qr_scan": Word(Text("QR 스캔", "QR scan")),
    "call": Word(Text("전화", "Call")),
    "message_click": Word(Text("메시지 클릭", "Message click")),
    "referral": Word(Text("소개", "Referral")),
    "told": Word(Text("고객의 대답", "Told by the customer")),
}
VIAS: Final[Words] = {
    "phone": Word(Text("전화", "Phone")),
    "web_form": Word(Text("홈페이지 양식", "Web form")),
    "kakao": Word(Text("카카오톡", "KakaoTalk")),
    "naver_talk": Word(Text("네이버 톡톡", "Naver Talk")),
    "naver_booking": Word(Text("네이버 예약", "Naver Booking")),
    "cafe_message": Word(Text("카페 쪽지", "Café message")),
    "walk_in": Word(Text("방문", "Walk-in")),
    "": Word(Text("모름", "Unknown")),
}
TOO_FEW: Final = Text("자료 부족", "too few")
NOTHING: Final = Text("–", "–")
NO_DATA: Final = Text("자료가 없습니다", "No data")

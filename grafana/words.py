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
JOURNEY_STEPS: Final[Words] = {
    "acquired": Word(Text("처음 옴", "First came")),
    "first_touch": Word(Text("처음 옴", "First came")),
    "return": Word(Text("다시 옴", "Came again")),
    "inquiry": Word(Text("문의", "Inquiry")),
    "consult": Word(Text("상담", "Consult")),
    "registration": Word(Text("등록", "Registration")),
    "payment": Word(Text("첫 결제", "First payment")),
    "renewal": Word(Text("갱신", "Renewal")),
    "referral": Word(Text("추천", "Referral")),
    "left": Word(Text("떠남", "Left"), "orange"),
    "under_way": Word(Text("가는 중", "Under way")),
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
INDEXES: Final[Words] = {
    slug: Word(Text(ko, en))
    for slug, ko, en in (
        ("visits", "방문", "Visits"),
        ("scans", "QR 스캔", "QR scans"),
        ("calls", "전화", "Calls"),
        ("inquiries", "문의", "Inquiries"),
        ("consults", "상담", "Consults"),
        ("registrations", "등록", "Registrations"),
        ("re_registrations", "재등록", "Re-registrations"),
        ("revenue", "매출", "Revenue"),
        ("cash", "결제", "Payments"),
        ("spend", "지출", "Spend"),
        ("cac", "등록 한 명의 비용 (CAC)", "Cost of a registration (CAC)"),
        ("loaded_cac", "모든 비용을 더한 CAC", "Loaded CAC"),
        ("roi", "ROI", "ROI"),
        ("inquiry_to_registration", "등록률 (등록 ÷ 문의)", "Registration rate (registrations ÷ inquiries)"),
        ("direct_visit_rate", "직접 방문 비율", "Direct visit rate"),
        ("known_source_rate", "출처를 아는 문의의 비율", "Inquiries whose source is known"),
        ("answered_rate", "전화를 받은 비율", "Calls answered"),
        ("abandonment_rate", "전화 이탈률", "Calls abandoned"),
        ("first_time_caller_share", "처음 건 전화의 비율", "First-time callers"),
        ("call_conversion_rate", "전화 전환율", "Call conversion rate"),
        ("call_keyword_share", "키워드를 아는 전화의 비율", "Calls with a keyword"),
        ("average_talk", "평균 통화 (초)", "Average talk (seconds)"),
        ("share_of_search", "검색 점유율", "Share of search"),
        ("downloads", "내려받기", "Downloads"),
        ("video_views", "동영상 조회", "Video views"),
        ("video_view_rate", "동영상 시청률", "Video view rate"),
        ("invitations", "초대", "Invitations"),
        ("referrals", "소개", "Referrals"),
        ("messages_sent", "보낸 메시지", "Messages sent"),
        ("message_open_rate", "메시지 열림률", "Message open rate"),
        ("message_click_rate", "메시지 클릭률", "Message click rate"),
        ("message_unsubscribe_rate", "메시지 수신 거부율", "Message unsubscribe rate"),
        ("satisfaction", "만족도", "Satisfaction"),
        ("reviews", "후기", "Reviews"),
        ("reach", "도달", "Reach"),
        ("open_slots", "빈자리", "Open slots"),
    )
}
"""Metrics of before and after; what a business measures beside these has its slug for a name."""
GOAL_VERDICTS: Final[Words] = {
    "reached": Word(Text("달성", "Reached"), "green"),
    "missed": Word(Text("미달", "Missed"), "red"),
    "open": Word(Text("아직", "Not yet"), "blue"),
    "set_afterwards": Word(Text("나중에 정한 목표", "Set afterwards"), "orange"),
    "not_measured": Word(Text("측정값 없음", "Not measured"), "yellow"),
}
TOOL_VERDICTS: Final[Words] = {
    "expand": Word(Text("확대", "Expand"), "green"),
    "improve": Word(Text("개선", "Improve"), "blue"),
    "stop": Word(Text("중단", "Stop"), "red"),
    "too_little_data": Word(Text("자료 부족", "Too few"), "orange"),
    "no_cost": Word(Text("비용 미입력", "Cost not entered"), "yellow"),
    "no_value": Word(Text("값을 정하지 않음", "No value stated"), "yellow"),
    "not_measured": Word(Text("측정값 없음", "Not measured"), "yellow"),
    "open": Word(Text("아직", "Not yet"), "blue"),
}
VERDICTS: Final[Words] = {
    "control": Word(Text("기준", "Control")),
    "better": Word(Text("기준보다 나음", "Better than the control"), "green"),
    "worse": Word(Text("기준보다 못함", "Worse than the control"), "red"),
    "no_difference": Word(Text("찾던 만큼의 차이 없음", "No difference of the size sought"), "blue"),
    "inconclusive": Word(Text("가릴 수 없음", "Inconclusive"), "orange"),
    "too_early": Word(Text("아직 이름: 판단하지 않음", "Too early to judge"), "yellow"),
    "maturing": Word(Text("끝남: 늦은 결과를 기다림", "Over: late results are awaited"), "yellow"),
    "not_started": Word(Text("시작 전", "Not started")),
    "no_end": Word(Text("끝도 사람 수도 정하지 않음", "Neither end nor size planned"), "orange"),
    "too_few": Word(Text("자료 부족", "Too few"), "orange"),
    "no_metric": Word(Text("셀 수 있는 지표 없음", "No metric that can be counted"), "orange"),
    "unlisted": Word(Text("정의에 없는 안", "Not in the definition"), "orange"),
}
"""How a variant of an experiment did, in words; better and worse are said only where chance hardly does that."""
TOO_FEW: Final = Text("자료 부족", "too few")
NOTHING: Final = Text("–", "–")
NO_DATA: Final = Text("자료가 없습니다", "No data")

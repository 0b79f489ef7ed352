"""The header row of a table -> which column holds which field; only those columns are ever read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any, NamedTuple

HEADER_WITHIN_ROWS = 20

# kind -> field -> the headers it goes by. The first is the one that messages name.
SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "calls": {
        "phone": ("발신번호", "발신자번호", "발신자", "발신전화번호", "고객번호", "고객전화번호", "상대번호", "전화건번호",
                  "caller", "caller number", "caller id number", "from", "from number", "source number"),
        "tracking_number": ("050번호", "0507번호", "가상번호", "안심번호", "추적번호", "스마트콜번호", "스마트콜", "콜번호",
                            "tracking number", "virtual number"),
        "number": ("착신번호", "수신번호", "수신자번호", "대표번호", "받은번호", "수신전화번호", "called", "called number",
                   "to", "to number", "dialled", "dialed number", "destination number"),
        "started_at": ("통화시각", "통화일시", "통화시작시간", "통화시작시각", "시작시간", "시작시각", "시작일시", "발신시간",
                       "발신시각", "발신일시", "수신일시", "수신시간", "수신시각", "인입시간", "인입일시", "콜인입시간", "일시",
                       "start", "start time", "started at", "call time", "calltime", "call date", "datetime"),
        "ended_at": ("종료시간", "종료시각", "종료일시", "통화종료시간", "통화종료시각", "end", "end time", "ended at"),
        "date": ("통화일자", "통화일", "통화날짜", "일자", "날짜", "date"),
        "time": ("시각", "시간", "time"),
        "duration": ("통화시간", "통화초", "통화길이", "통화시간초", "실통화시간", "이용시간", "사용시간", "duration",
                     "talk time", "duration seconds", "billsec", "talk seconds"),
        "wait": ("대기시간", "연결대기시간", "벨시간", "링시간", "호출시간", "wait", "wait time", "wait seconds", "ring time"),
        "outcome": ("결과", "상태", "통화결과", "통화상태", "연결결과", "연결상태", "수신결과", "응답여부", "result", "status",
                    "outcome", "disposition"),
        "direction": ("방향", "발수신", "수발신", "수발신구분", "인아웃", "통화방향", "발신수신구분", "direction"),
        "keyword": ("키워드", "검색어", "검색키워드", "유입키워드", "keyword"),
        "ad_group": ("광고그룹", "애드그룹", "광고그룹명", "ad group", "adgroup"),
        "tags": ("태그", "통화태그", "분석태그", "상담태그", "tags", "call tags"),
        "call_id": ("통화ID", "콜ID", "통화고유번호", "통화번호ID", "호ID", "녹취ID", "call id", "uniqueid", "uuid"),
        "branch": ("지점", "지점명", "센터", "branch"),
    },
    "asterisk": {
        "src": ("src", "source"),
        "dst": ("dst", "destination"),
        "did": ("did", "did number"),
        "calldate": ("calldate", "call date", "start", "starttime"),
        "answer": ("answer", "answertime"),
        "end": ("end", "endtime"),
        "duration": ("duration",),
        "billsec": ("billsec", "billable seconds"),
        "disposition": ("disposition", "status"),
        "uniqueid": ("uniqueid", "unique id"),
        "linkedid": ("linkedid", "linked id"),
        "lastapp": ("lastapp",),
        "dcontext": ("dcontext",),
        "dstchannel": ("dstchannel",),
        "outbound_cnum": ("outbound_cnum",),
        "sequence": ("sequence",),
    },
    "leads": {
        "lead_id": ("관리번호", "고객관리번호", "접수번호", "이용자번호", "회원번호", "lead id", "lead", "crm id",
                    "customer id", "client id"),
        "phone": ("연락처", "전화번호", "보호자연락처", "보호자전화번호", "휴대폰", "휴대전화", "핸드폰", "휴대폰번호", "phone",
                  "phone number", "mobile", "tel", "contact"),
        "branch": ("지점", "지점명", "센터", "branch"),
        "service": ("서비스", "서비스명", "치료종류", "치료영역", "프로그램", "이용서비스", "service"),
        "source": ("유입경로", "유입채널", "알게된경로", "방문경로", "내원경로", "소개경로", "유입", "source", "channel",
                   "heard from", "lead source"),
        "via": ("접수방법", "문의방법", "문의경로", "접수경로", "접수채널", "via", "inquiry method"),
        "stage": ("단계", "상태", "진행상태", "진행단계", "stage", "status"),
        "stage_at": ("변경일", "상태변경일", "단계일", "일자", "변경일시", "date", "changed at", "status date"),
        "at_inquiry": ("문의일", "문의일자", "문의일시", "최초문의일", "접수일", "접수일자", "접수일시", "inquiry",
                       "inquiry date", "inquired at"),
        "at_consult": ("상담일", "상담일자", "상담일시", "초기상담일", "방문상담일", "consult", "consult date",
                       "consulted at", "consultation date"),
        "at_waiting": ("대기", "대기일", "대기일자", "대기등록일", "waiting", "waiting date", "wait date"),
        "at_registration": ("등록일", "등록일자", "등록일시", "계약일", "이용시작일", "치료시작일", "registration",
                            "registration date", "registered at"),
        "at_dormant": ("휴면", "휴면일", "휴면일자", "중단일", "휴지일", "dormant", "dormant date"),
        "at_lost": ("이탈일", "탈락일", "미등록일", "취소일", "포기일", "lost", "lost date"),
        "at_closed": ("종결", "종결일", "종결일자", "종료일", "closed", "closed date", "end date"),
        "at_re_registration": ("재등록일", "재등록일자", "재등록", "re registration date", "re registered at"),
    },
    "payments": {
        "payment_id": ("승인번호", "결제번호", "주문번호", "거래번호", "영수증번호", "payment id", "approval number",
                       "order number", "order id", "transaction id"),
        "lead_id": ("관리번호", "고객관리번호", "접수번호", "이용자번호", "회원번호", "lead id", "lead", "crm id",
                    "customer id", "client id"),
        "phone": ("연락처", "전화번호", "보호자연락처", "보호자전화번호", "휴대폰", "휴대전화", "핸드폰", "휴대폰번호", "phone",
                  "phone number", "mobile", "tel", "contact"),
        "paid_at": ("결제일", "결제일자", "결제일시", "승인일", "승인일자", "승인일시", "수납일", "수납일자", "입금일", "납부일",
                    "paid at", "payment date", "date", "approved at"),
        "time": ("결제시간", "결제시각", "승인시간", "승인시각", "time"),
        "amount": ("금액", "결제금액", "승인금액", "수납금액", "수납액", "입금액", "납부금액", "총금액", "합계", "합계금액",
                   "amount", "total"),
        "refund": ("환불", "환불금액", "취소금액", "환불액", "refund", "refund amount"),
        "transaction": ("구분", "거래구분", "결제구분", "거래종류", "승인구분", "상태", "결제상태", "transaction", "status"),
        "amount_self": ("본인부담", "본인부담금", "자부담", "자부담금", "self paid"),
        "amount_voucher": ("바우처", "바우처금액", "정부지원금", "바우처지원금", "voucher"),
        "amount_education_office": ("교육청", "교육청지원금", "치료지원비", "치료지원금", "education office"),
        "funding": ("재원", "재원구분", "결제재원", "지원구분", "funding"),
        "method": ("결제수단", "결제방법", "수납방법", "지불수단", "method", "payment method"),
        "service": ("서비스", "서비스명", "치료종류", "치료영역", "프로그램", "이용서비스", "상품", "상품명", "service"),
        "branch": ("지점", "지점명", "센터", "branch"),
        "currency": ("통화", "통화코드", "currency"),
    },
    "spend": {
        "spend_id": ("지출번호", "전표번호", "집행번호", "spend id", "invoice number"),
        "channel": ("채널", "채널명", "매체", "매체명", "홍보채널", "광고채널", "channel", "media"),
        "campaign": ("캠페인", "캠페인명", "campaign", "campaign name"),
        "branch": ("지점", "지점명", "센터", "branch"),
        "period_start": ("시작일", "집행시작일", "광고시작일", "기간시작", "시작", "start", "start date", "period start", "from"),
        "period_end": ("종료일", "집행종료일", "광고종료일", "기간종료", "종료", "end", "end date", "period end", "to"),
        "month": ("월", "집행월", "년월", "연월", "해당월", "month"),
        "day": ("일자", "날짜", "집행일", "일별", "date", "day"),
        "amount": ("금액", "집행금액", "광고비", "비용", "지출금액", "소진금액", "총비용", "집행액", "홍보비", "합계금액", "amount",
                   "cost", "spend"),
        "net": ("공급가액", "공급가", "net amount", "net"),
        "vat": ("부가세", "부가세여부", "부가세구분", "VAT", "vat included"),
        "kind": ("종류", "비용종류", "구분", "비용구분", "항목", "kind", "type", "cost type"),
        "hours": ("시간", "투입시간", "직원시간", "작업시간", "hours"),
        "clicks": ("클릭", "클릭수", "clicks"),
        "impressions": ("노출", "노출수", "impressions"),
    },
    "messages": {
        "message_id": ("메시지ID", "메세지ID", "메시지번호", "발송ID", "message id", "msg id", "sg message id"),
        "lead_id": ("관리번호", "고객관리번호", "접수번호", "이용자번호", "회원번호", "lead id", "lead", "crm id",
                    "customer id", "client id"),
        "phone": ("수신번호", "수신자번호", "수신자전화번호", "받는번호", "받는사람번호", "연락처", "전화번호", "휴대폰", "휴대전화",
                  "핸드폰", "휴대폰번호", "to", "recipient", "recipient number", "phone", "phone number", "mobile"),
        "email": ("이메일", "이메일주소", "메일주소", "수신이메일", "수신자이메일", "email", "email address", "e mail",
                  "recipient email", "to email"),
        "medium": ("매체", "메시지유형", "메시지종류", "발송유형", "발송종류", "발송수단", "medium", "message type"),
        "campaign": ("캠페인", "캠페인명", "발송명", "campaign", "campaign name"),
        "segment": ("세그먼트", "고객군", "대상군", "segment", "audience"),
        "experiment": ("실험", "실험명", "experiment"),
        "variant": ("시안", "변형", "실험안", "variant"),
        "sent_at": ("발송일시", "발송시각", "발송시간", "발송일", "전송일시", "전송시각", "sent at", "sent", "send time", "sent time"),
        "delivered_at": ("도달일시", "도달시각", "수신완료일시", "수신일시", "수신시각", "성공일시", "delivered at", "delivered",
                         "delivery time"),
        "opened_at": ("열람일시", "열람시각", "오픈일시", "오픈시각", "확인일시", "읽은일시", "opened at", "opened", "open time"),
        "clicked_at": ("클릭일시", "클릭시각", "링크클릭일시", "clicked at", "clicked", "click time"),
        "bounced_at": ("반송일시", "반송시각", "실패일시", "실패시각", "bounced at", "bounced", "bounce time"),
        "complained_at": ("스팸신고일시", "신고일시", "complained at", "complained", "spam report time"),
        "unsubscribed_at": ("수신거부일시", "수신거부시각", "수신거부일", "구독취소일시", "unsubscribed at", "unsubscribed",
                            "unsubscribe time"),
        "action": ("상태", "발송상태", "전송상태", "결과", "발송결과", "전송결과", "이벤트", "status", "result", "event", "action"),
        "at": ("일시", "발생일시", "이벤트일시", "일자", "날짜", "timestamp", "event time", "occurred at", "date"),
        "time": ("시각", "시간", "time"),
        "branch": ("지점", "지점명", "센터", "branch"),
    },
    "search-queries": {
        "query": ("검색어", "인기 검색어", "유입검색어", "검색 쿼리", "쿼리", "키워드", "top queries", "query", "queries",
                  "search query", "search term", "keyword"),
        "clicks": ("클릭수", "클릭", "clicks", "url clicks"),
        "impressions": ("노출수", "노출", "impressions"),
        "engine": ("검색엔진", "검색 엔진", "엔진", "포털", "engine", "search engine"),
        "day": ("일자", "날짜", "date", "day"),
        "month": ("월", "년월", "연월", "기준월", "month"),
        "period_start": ("시작일", "기간시작", "시작", "start", "start date", "period start", "from"),
        "period_end": ("종료일", "기간종료", "종료", "end", "end date", "period end", "to"),
        "position": ("게재순위", "게재 순위", "평균 게재순위", "position", "average position"),
    },
    "search-volumes": {
        "keyword": ("키워드", "연관키워드", "검색어", "keyword", "search term"),
        "brand": ("브랜드", "브랜드명", "상호", "업체", "brand"),
        "own": ("자사", "자사여부", "우리", "own", "is own"),
        "volume": ("검색량", "검색수", "조회수", "월간검색량", "월간검색수", "월간검색수합계", "월평균검색량", "평균월간검색량",
                   "avg monthly searches", "average monthly searches", "search volume", "volume", "searches"),
        "volume_pc": ("월간검색수PC", "월간검색수(PC)", "검색수PC", "PC검색량", "pc searches", "pc"),
        "volume_mobile": ("월간검색수모바일", "월간검색수(모바일)", "검색수모바일", "모바일검색량", "mobile searches", "mobile"),
        "month": ("월", "년월", "연월", "기준월", "해당월", "month", "date"),
    },
    "measures": {
        "metric": ("지표", "지표명", "항목", "측정항목", "metric", "measure", "index"),
        "value": ("값", "수치", "점수", "측정값", "결과값", "value", "score"),
        "satisfaction": ("만족도", "만족도점수", "satisfaction"),
        "reach": ("도달", "도달수", "reach"),
        "reviews": ("후기", "후기수", "리뷰", "리뷰수", "reviews"),
        "open_slots": ("빈자리", "잔여석", "open slots"),
        "day": ("일자", "날짜", "측정일", "date", "day"),
        "month": ("월", "년월", "연월", "기준월", "month"),
        "period_start": ("시작일", "기간시작", "시작", "start", "start date", "period start", "from"),
        "period_end": ("종료일", "기간종료", "종료", "end", "end date", "period end", "to"),
        "channel": ("채널", "채널명", "channel"),
        "branch": ("지점", "지점명", "센터", "branch"),
    },
}  # fmt: skip

KINDS = ("access-log", *SYNONYMS)


class UnknownColumns(ValueError):
    """The header row does not say enough, or the mapping names what is not there; the message says what to do."""


class Column(NamedTuple):
    """Where a field stands, under which header, and the unit that the header gives in brackets."""

    at: int
    header: str
    unit: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The recognised columns of one table, and the headers that are never read."""

    kind: str
    of: Mapping[str, Column]
    ignored: tuple[str, ...]
    width: int
    header_line: int

    def fingerprint(self) -> str:
        """What a preview was accepted for: the same fields under the same headers."""
        said = "\x1e".join(f"{field}\x1f{column.header}" for field, column in sorted(self.of.items()))
        return blake2b(f"{self.kind}\x1d{said}".encode(), digest_size=12).hexdigest()


class Record(NamedTuple):
    """One row of a table seen through its recognised columns."""

    line: int
    cells: Sequence[Any]
    columns: Columns

    def get(self, field: str) -> Any:
        """The cell of a field, None when the table has no such column or the row ends before it."""
        column = self.columns.of.get(field)
        if column is None or column.at >= len(self.cells):
            return None
        cell = self.cells[column.at]
        return None if cell == "" else cell

    def has(self, *fields: str) -> bool:
        """Whether the table has a column for one of these fields."""
        return any(field in self.columns.of for field in fields)

    def header(self, field: str) -> str:
        """What the file calls a field, for messages."""
        column = self.columns.of.get(field)
        return column.header if column else field

    def unit(self, field: str) -> str:
        """The unit that a field's header gives in brackets, "" for none."""
        column = self.columns.of.get(field)
        return column.unit if column else ""


def plain(header: object) -> str:
    """A header without brackets, case, spaces and punctuation."""
    said = unicodedata.normalize("NFC", str(header or ""))[:200]
    said = re.sub(r"[(\[（【].*?[)\]）】]", "", said) or said
    return re.sub(r"[\s_\-./*#:·'\"\ufeff\u200b()]+", "", said).casefold()


def whole(header: object) -> str:
    """A header likewise, with what stands in its brackets."""
    said = unicodedata.normalize("NFC", str(header or ""))[:200]
    return re.sub(r"[\s_\-./*#:·'\"\ufeff\u200b()（）\[\]【】]+", "", said).casefold()


_SEARCHES_OF = re.compile(
    r"(?:searches|검색수|검색량):(?:([a-z]{3})[a-z]*\.?((?:19|20)\d\d)|((?:19|20)\d\d)년(\d{1,2})월)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_of(kind: str, header: object) -> str | None:
    """A keyword planner's header of one month (Searches: Oct 2025) -> its field (in_2025-10)."""
    if kind != "search-volumes":
        return None
    match = _SEARCHES_OF.fullmatch(re.sub(r"\s+", "", str(header or "")[:80]).casefold())
    if match is None:
        return None
    if match[1]:
        return f"in_{match[2]}-{_MONTHS.index(match[1]) + 1:02d}" if match[1] in _MONTHS else None
    return f"in_{match[3]}-{int(match[4]):02d}" if 1 <= int(match[4]) <= 12 else None


def unit_of(header: object) -> str:
    """What a header says in brackets: 통화시간(분) -> 분."""
    match = re.search(r"[(\[（【](.*?)[)\]）】]", str(header or "")[:200])
    return re.sub(r"\s+", "", match[1]).casefold() if match else ""


_FIELD_OF: dict[str, dict[str, str]] = {
    kind: {whole(name): field for field, names in fields.items() for name in (*names, field)}
    for kind, fields in SYNONYMS.items()
}


def _shown_header(header: object) -> str:
    said = "".join(c if c.isprintable() else " " for c in str(header or "")[:40]).strip()
    return re.sub(r"\d{4,}", "…", said)


def recognise(
    kind: str,
    rows: Sequence[tuple[int, Sequence[Any]]],
    mapped: Mapping[str, str],
    ignore: Iterable[str] = (),
) -> Columns:
    """The first rows of a table (line, cells) -> its columns; `mapped` (field -> header) wins over the synonyms.

    The header is the row among the first 20 with the most known names; titles above it and a second header row under
    merged cells are understood.
    """
    best: Columns | None = None
    for position, (line, cells) in enumerate(rows[:HEADER_WITHIN_ROWS]):
        candidates = [(line, list(cells))]
        if position + 1 < len(rows):
            below = rows[position + 1]
            candidates.append((below[0], _merged(cells, below[1])))
        for at, headers in candidates:
            found = _columns(kind, headers, mapped, frozenset(plain(name) for name in ignore), at)
            if best is None or len(found.of) > len(best.of):
                best = found
    if best is None:
        raise UnknownColumns("the file has no rows")
    missing = sorted(header for field, header in mapped.items() if field not in best.of)
    if missing:
        raise UnknownColumns(
            f"the mapping names columns that the file does not have: {', '.join(missing)}; "
            f"the file has {_list(best)}"
        )
    problem = _lacking(best)
    if problem:
        raise UnknownColumns(f"{problem}; {_advice(best)}")
    return best


def _merged(upper: Sequence[Any], lower: Sequence[Any]) -> list[Any]:
    """Two header rows, the upper with merged cells -> one: the lower name, or both where that is the known one."""
    width = max(len(upper), len(lower))
    merged: list[Any] = []
    over: Any = None
    for index in range(width):
        top = upper[index] if index < len(upper) else None
        below = lower[index] if index < len(lower) else None
        over = top if top not in (None, "") else over
        if below in (None, ""):
            merged.append(top)
        else:
            merged.append((f"{over or ''}{below}", below))
    return merged


def _columns(
    kind: str, headers: Sequence[Any], mapped: Mapping[str, str], ignore: frozenset[str], line: int
) -> Columns:
    synonyms = _FIELD_OF[kind]
    wanted = {plain(header): field for field, header in mapped.items()}
    of: dict[str, Column] = {}
    ignored: list[str] = []
    for index, header in enumerate(headers[:512]):
        names = header if isinstance(header, tuple) else (header,)
        field = None
        for name in names:
            key = plain(name)
            if not key or key in ignore:
                continue
            known = synonyms.get(whole(name)) or synonyms.get(key) or month_of(kind, name)
            field = wanted.get(key) or (known if known not in mapped else None)
            if field and field not in of:
                of[field] = Column(index, _shown_header(name), unit_of(name))
                break
            field = None
        if field is None and any(plain(name) for name in names):
            ignored.append(_shown_header(names[-1]))
    return Columns(kind, of, tuple(ignored), len(headers), line)


# kind -> what must be there: each line names the fields of which one suffices, and how it is called.
_NEEDED: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "calls": (
        (("started_at", "ended_at", "date"), "when the call was (통화시각)"),
        (("outcome", "duration"), "how it ended or how long it took (결과, 통화시간)"),
    ),
    "asterisk": (
        (("calldate",), "when the call began (calldate or start)"),
        (("src",), "who called (src)"),
        (("dst", "did"), "who was called (dst or did)"),
        (("disposition",), "how it ended (disposition)"),
        (("uniqueid", "linkedid"), "which call it was (linkedid or uniqueid)"),
    ),
    "leads": ((("lead_id", "phone"), "whose row it is (관리번호 or 연락처)"),),
    "payments": (
        (("paid_at",), "when it was paid (결제일)"),
        (("amount", "amount_self", "amount_voucher", "amount_education_office", "refund"), "how much (금액)"),
        (("lead_id", "phone"), "who paid (관리번호 or 연락처)"),
    ),
    "spend": (
        (("amount", "net", "hours"), "how much (금액 or 시간)"),
        (("month", "period_start", "day"), "for which time (시작일 and 종료일, or 월)"),
    ),
    "messages": (
        (("lead_id", "phone", "email"), "whom it went to (관리번호, 수신번호 or 이메일)"),
        (
            ("sent_at", "delivered_at", "opened_at", "clicked_at", "bounced_at", "at"),
            "when what happened (발송일시, 열람일시, or 상태 with 일시)",
        ),
    ),
    "search-queries": (
        (("query",), "what was searched for (검색어)"),
        (("clicks",), "how often it was clicked (클릭수)"),
    ),
    "search-volumes": ((("keyword",), "what was searched for (키워드)"),),
    "measures": (
        (
            ("value", "satisfaction", "reach", "reviews", "open_slots"),
            "what was measured (지표 with 값, or 만족도)",
        ),
        (("month", "period_start", "day"), "for which time (시작일 and 종료일, or 월)"),
    ),
}


def _lacking(found: Columns) -> str:
    lacking = [what for fields, what in _NEEDED[found.kind] if not any(field in found.of for field in fields)]
    if found.kind == "leads" and not lacking:
        dated = any(field.startswith("at_") for field in found.of)
        if not dated and not ("stage" in found.of and "stage_at" in found.of):
            lacking = ["when a stage was reached (문의일, 상담일, 등록일, or 단계 with 변경일)"]
    volumes = any(field.startswith(("in_", "volume")) for field in found.of)
    if found.kind == "search-volumes" and not lacking and not volumes:
        lacking = ["how often (검색량)"]
    return f"no column says {', nor '.join(lacking)}" if lacking else ""


def _list(found: Columns) -> str:
    known = [f"{column.header} ({field})" for field, column in found.of.items()]
    return ", ".join([*known, *found.ignored]) or "no headers that could be read"


def _advice(found: Columns) -> str:
    names = sorted({name for names in SYNONYMS[found.kind].values() for name in names})
    plains = {plain(name): name for name in names}
    near = []
    for header in found.ignored:
        close = get_close_matches(plain(header), plains, n=1, cutoff=0.5)
        if close:
            near.append(f"'{header}' (nearest known: {plains[close[0]]})")
    hint = f"; near misses: {', '.join(near[:8])}" if near else ""
    return (
        f"the file has {_list(found)}{hint}. Rename a column, or name it in a mapping: "
        "--mapping FILE.yaml with `columns: {field: header}`"
    )

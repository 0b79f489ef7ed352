"""A quarter -> the files that such a business has, byte for byte the same each time.

They hold what such files really hold: names, birthdays, diagnoses and remarks stand in columns that must never
enter. PLANTED lists those cells, so that tests can look for them behind the doors.
"""

import calendar
import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook

from infra.demo.beside import Beside, Sent, beside
from infra.demo.centre import (
    BRANCHES,
    HOST,
    LINES,
    NAMES,
    PLANS,
    SINCE,
    UNTIL,
    catalog_yaml,
)
from infra.demo.definitions import BASELINE, BRAND, TOOL, definitions_yaml
from infra.demo.people import VIA
from infra.demo.simulator import Call, Lead, Quarter

CATALOG = "catalog.yaml"
LIVE = "live-events.jsonl"
MONTHS = ((2025, 10), (2025, 11), (2025, 12))

CHILDREN = ("도담솔", "라온별", "마루한", "새빛찬", "아란솔", "자올결", "차미르", "하늬봄")
DIAGNOSES = ("자폐스펙트럼 의심", "언어발달지연 2급", "주의력결핍 관찰", "발달지연 12개월")
REMARKS = (
    "조부모 동행, 통화 시 유의",
    "어린이집 담임 의뢰",
    "형제 중 둘째, 낯가림",
    "오후 네 시 이후만 가능",
)
BIRTHDAYS = ("2019-03-14", "2020-07-02", "2018-11-23", "2021-01-30")
CLIDS = ("Kim Demo", "Lee Demo", "Park Demo")
PLANTED = (*CHILDREN, *DIAGNOSES, *REMARKS, *BIRTHDAYS, *CLIDS)
"""Cells of columns that no importer may read."""


class Import(NamedTuple):
    """One file as it is given to `headwater import`."""

    kind: str
    file: str
    options: tuple[str, ...] = ()


IMPORTS = (
    Import("spend", "ad-spend.xlsx"),
    Import("spend", "tool-costs.csv"),
    Import("leads", "leads.xlsx"),
    Import("calls", "carrier-calls.csv"),
    Import("calls", "smart-call.xlsx"),
    Import("asterisk", "asterisk-master.csv", ("--branch", "songpa")),
    Import("payments", "payments.csv"),
    Import("messages", "messages.csv"),
    Import("measures", "surveys.csv"),
    Import("search-volumes", "keyword-volumes.csv"),
    Import(
        "search-queries", "search-console.csv", ("--since", SINCE.isoformat(), "--until", UNTIL.isoformat())
    ),
    Import("access-log", "access-2025-10.log", ("--host", HOST)),
    Import("access-log", "access-2025-11.log", ("--host", HOST)),
    Import("access-log", "access-2025-12.log.gz", ("--host", HOST)),
)


def files_of(quarter: Quarter, seed: int) -> dict[str, bytes]:
    """A quarter -> file name -> content; the seed only picks what stands in columns nobody reads."""
    rng = random.Random(f"headwater demo files {seed}")
    besides = beside(quarter, seed)
    catalog = catalog_yaml() + "\n".join(definitions_yaml()) + "\n"
    files = {CATALOG: catalog.encode(), LIVE: _live(quarter, besides)}
    for year, month in MONTHS:
        name = f"access-{year}-{month:02d}.log"
        lines = _access_log(quarter, month)
        files[name if name in {one.file for one in IMPORTS} else f"{name}.gz"] = lines
    for name in [name for name in files if name.endswith(".gz")]:
        files[name] = gzip.compress(files[name], 6, mtime=0)
    exchange = sorted(quarter.calls, key=lambda call: (call.started, call.call_id))
    place_numbers = set(LINES["naver_place"].values())
    smart = [call for call in exchange if call.number in place_numbers]
    others = [call for call in exchange if call.number not in place_numbers]
    files["smart-call.xlsx"] = _smart_call(smart)
    files["carrier-calls.csv"] = _carrier([call for call in others if call.branch != "songpa"], rng)
    files["asterisk-master.csv"] = _asterisk([call for call in others if call.branch == "songpa"], rng)
    files["leads.xlsx"] = _leads(quarter.leads, rng)
    files["payments.csv"] = _payments(quarter, rng)
    files["ad-spend.xlsx"] = _spend()
    files["tool-costs.csv"] = _tool_costs()
    files["messages.csv"] = _messages(besides.sent, rng)
    files["surveys.csv"] = _surveys()
    files["keyword-volumes.csv"] = _keyword_volumes()
    files["search-console.csv"] = _search_console()
    return files


def write_files(files: dict[str, bytes], directory: Path) -> None:
    """The files -> the directory, made when it is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)


def _live(quarter: Quarter, besides: Beside) -> bytes:
    events = sorted(
        [*quarter.live, *besides.live], key=lambda event: (event["occurred_at"], event["event_id"])
    )
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


_MONTH_NAMES = {10: "Oct", 11: "Nov", 12: "Dec"}


def _access_log(quarter: Quarter, month: int) -> bytes:
    """One month of the combined format with the visitor's cookie as an extra field."""
    of_month = [(at, nth) for nth, at in enumerate(quarter.requests) if at.at.month == month]
    lines = []
    for request, _ in sorted(of_month, key=lambda one: (one[0].at, one[1])):
        clock = f"{request.at.day:02d}/{_MONTH_NAMES[month]}/{request.at.year}:{request.at:%H:%M:%S} +0900"
        size = 900 + 37 * (len(request.path) + len(request.agent)) % 9_000
        lines.append(
            f'{request.address} - - [{clock}] "GET {request.path} HTTP/1.1" {request.status} {size} '
            f'"{request.referrer}" "{request.agent}" "{request.cookie}"\n'
        )
    return "".join(lines).encode()


_OUTCOMES = {"answered": "정상", "missed": "부재중", "abandoned": "포기", "busy": "통화중"}


def _carrier(calls: Sequence[Call], rng: random.Random) -> bytes:
    """A carrier's call log in cp949, some numbers without the zero that a spreadsheet dropped."""
    rows: list[list[Any]] = [
        [
            "통화ID",
            "지점",
            "발신번호",
            "착신번호",
            "통화시각",
            "통화시간",
            "대기시간",
            "결과",
            "태그",
            "고객명",
            "메모",
        ]
    ]
    for nth, call in enumerate(calls):
        caller = call.phone or "발신번호표시제한"
        if call.phone and nth % 9 == 4:
            caller = call.phone.replace("-", "").removeprefix("0")
        talk = f"{call.talk_seconds // 60}:{call.talk_seconds % 60:02d}"
        rows.append(
            [call.call_id, BRANCHES[call.branch], caller, call.number, f"{call.started:%Y-%m-%d %H:%M:%S}", talk,
             call.wait_seconds, _OUTCOMES[call.outcome], _tags(call), rng.choice(CHILDREN), rng.choice(REMARKS)]
        )  # fmt: skip
    return _csv(rows).encode("cp949")


def _smart_call(calls: Sequence[Call]) -> bytes:
    """The portal's sheet of calls to the map's numbers; a title stands above its header."""
    head = ["콜ID", "지점명", "스마트콜번호", "발신번호", "통화일시", "통화시간(초)", "통화결과", "키워드", "광고그룹",
            "태그"]  # fmt: skip
    rows: list[list[Any]] = [["통화 내역 2025-10-01 ~ 2025-12-31"], head]
    for call in calls:
        caller = int(call.phone.replace("-", "")) if call.phone else "발신번호표시제한"
        outcome = "연결" if call.outcome == "answered" else _OUTCOMES[call.outcome]
        started = call.started.replace(tzinfo=None)
        keyword, group = _ADS[call.talk_seconds % len(_ADS)] if call.outcome == "answered" else ("", "")
        rows.append(
            [call.call_id, BRANCHES[call.branch], call.number, caller, started, call.talk_seconds, outcome,
             keyword, group, _tags(call)]
        )  # fmt: skip
    return _xlsx("통화내역", rows)


_ADS = (("언어치료 센터", "지역"), ("아동 발달센터", "지역"), ("마루 아동발달센터", "브랜드"), ("", ""))
_TAGS = ("예약", "예약, 만족", "가격 문의", "바우처 문의", "가격 문의, 망설임", "대기 문의", "", "위치 문의")


def _tags(call: Call) -> str:
    """What the telephone service's speech analysis heard."""
    return _TAGS[call.talk_seconds % len(_TAGS)] if call.outcome == "answered" else ""


def _asterisk(calls: Sequence[Call], rng: random.Random) -> bytes:
    """Call detail records of the branch with its own exchange; one call in ten has two legs."""
    rows: list[list[Any]] = [
        ["calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration",
         "billsec", "disposition", "amaflags", "uniqueid", "did", "linkedid"]
    ]  # fmt: skip
    for nth, call in enumerate(calls):
        source = call.phone.replace("-", "") or "anonymous"
        did = call.number.replace("-", "")
        clid = f'"{rng.choice(CLIDS)}" <{source}>'
        at = call.started
        legs = [(at, call.talk_seconds, call.wait_seconds)]
        if nth % 10 == 3 and call.outcome == "answered":
            legs = [
                (at, 0, call.wait_seconds),
                (at + timedelta(seconds=call.wait_seconds), call.talk_seconds, 2),
            ]
        for leg, (started, talk, rang) in enumerate(legs):
            answered = talk > 0
            said = {"missed": "NO ANSWER", "busy": "BUSY", "abandoned": "ANSWERED"}.get(
                call.outcome, "NO ANSWER"
            )
            disposition = "ANSWERED" if answered else said
            target = "PJSIP/201-1" if call.outcome != "abandoned" else ""
            application = "Dial" if call.outcome != "abandoned" else "Playback"
            rows.append(
                [f"{started:%Y-%m-%d %H:%M:%S}", clid, source, "201", "from-trunk", "PJSIP/trunk-1", target,
                 application, "", talk + rang, talk, disposition, 3, f"{call.call_id}.{leg}", did, call.call_id]
            )  # fmt: skip
    return _csv(rows).encode()


def _leads(leads: Sequence[Lead], rng: random.Random) -> bytes:
    """The desk's list: one row a child, dates of its stages, and what is nobody's business."""
    head = ["관리번호", "이름", "생년월일", "진단", "연락처", "지점", "서비스", "유입경로", "접수방법", "문의일", "상담일",
            "대기일", "등록일", "이탈일", "종결일", "메모"]  # fmt: skip
    rows: list[list[Any]] = [head]
    for lead in sorted(leads, key=lambda one: (one.listed_on, one.lead_id)):
        dates = (
            lead.listed_on,
            lead.consulted_on,
            lead.waiting_on,
            lead.registered_on,
            lead.lost_on,
            lead.closed_on,
        )
        rows.append(
            [lead.lead_id, rng.choice(CHILDREN), rng.choice(BIRTHDAYS), rng.choice(DIAGNOSES), lead.phone,
             BRANCHES[lead.branch], lead.service, lead.told if lead.told_in_list else "", VIA[lead.via],
             *[on.isoformat() if on else "" for on in dates], rng.choice(REMARKS)]
        )  # fmt: skip
    return _xlsx("이용자", rows)


def _payments(quarter: Quarter, rng: random.Random) -> bytes:
    """The card terminal's list with the desk's 관리번호; a refund says 취소."""
    rows: list[list[Any]] = [
        ["승인번호", "관리번호", "이름", "지점", "결제일시", "금액", "구분", "결제수단", "서비스", "메모"]
    ]
    for paid in sorted(quarter.payments, key=lambda one: (one.paid_at, one.payment_id)):
        kind = "취소" if paid.amount < 0 else "승인"
        rows.append(
            [paid.payment_id, paid.lead_id, rng.choice(CHILDREN), BRANCHES[paid.branch],
             f"{paid.paid_at:%Y-%m-%d %H:%M}", f"{abs(paid.amount):,}", kind, paid.method, paid.service,
             rng.choice(REMARKS)]
        )  # fmt: skip
    return ("\ufeff" + _csv(rows)).encode()


def _spend() -> bytes:
    """What each channel cost, month by month; the café is staff time in hours."""
    rows: list[list[Any]] = [["월", "채널", "종류", "금액", "시간", "비고"]]
    kinds = {"naver_blog": "대행", "naver_place": "광고비", "flyers": "인쇄비", "events": "매체비"}
    for year, month in MONTHS:
        for channel, plan in PLANS.items():
            said = f"{year}-{month:02d}", NAMES[channel]["ko"]
            if channel == "mom_cafe":
                rows.append([*said, "직원시간", None, 10, "카페 활동 직원 시간"])
            elif plan.monthly_cost:
                rows.append([*said, kinds[channel], plan.monthly_cost, None, ""])
    return _xlsx("홍보비", rows)


def _tool_costs() -> bytes:
    """What the reminders cost before they began: licence, setting up, and the desk's hours of training."""
    rows: list[list[Any]] = [
        ["시작일", "종료일", "캠페인", "종류", "금액", "시간", "비고"],
        ["2025-09-15", "2025-09-30", TOOL, "이용료", "600,000", "", "석 달 이용료"],
        ["2025-09-22", "2025-09-22", TOOL, "유지비", "150,000", "", "연결 작업"],
        ["2025-09-24", "2025-09-25", TOOL, "교육", "", 8, "데스크 직원 넷"],
    ]
    return _csv(rows).encode("cp949")


def _surveys() -> bytes:
    """Week by week since before the reminders: satisfaction, the desk's hours, sessions kept; reviews by month."""
    rows: list[list[Any]] = [["지표", "시작일", "종료일", "값", "조사자"]]
    first = date.fromisoformat(BASELINE[0]) - timedelta(days=date.fromisoformat(BASELINE[0]).weekday() - 7)
    for week in range((UNTIL - first).days // 7 + 1):
        monday = first + timedelta(days=7 * week)
        sunday = min(monday + timedelta(days=6), UNTIL)
        if monday < SINCE <= sunday:
            continue  # the week in which the reminders began
        after = monday >= SINCE
        wave = (0, 2, -1, 1, -2)[week % 5]
        for metric, before, now, step in (
            ("만족도", 4.0, 4.5, 0.05), ("desk_hours", 30, 23, 0.5), ("kept_sessions", 204, 218, 1),
        ):  # fmt: skip
            value = round((now if after else before) + wave * step, 2)
            rows.append([metric, monday.isoformat(), sunday.isoformat(), value, CLIDS[week % len(CLIDS)]])
    for month, reviews in ((7, 9), (8, 7), (9, 10), (10, 12), (11, 14), (12, 13)):
        last = date(2025, month, calendar.monthrange(2025, month)[1])
        rows.append(["후기", f"2025-{month:02d}-01", last.isoformat(), reviews, CLIDS[0]])
    return _csv(rows).encode("cp949")


def _keyword_volumes() -> bytes:
    """A keyword planner's months of the own brand and of two others, fictional like it."""
    rows: list[list[Any]] = [
        [
            "키워드",
            "통화",
            "월평균 검색량",
            "검색량: 2025년 10월",
            "검색량: 2025년 11월",
            "검색량: 2025년 12월",
        ],
        [BRAND, "KRW", "1,600", "1,500", "1,600", "1,700"],
        ["가온누리 발달센터", "KRW", "14,800", "14,900", "14,800", "14,700"],
        ["솔빛마을 심리발달센터", "KRW", "6,400", "6,600", "6,400", "6,200"],
    ]
    return _csv(rows).encode()


def _search_console() -> bytes:
    """A search console's quarter: queries with their clicks, the days chosen on its page and not in the file."""
    rows: list[list[Any]] = [["인기 검색어", "클릭수", "노출", "CTR", "게재순위"]]
    for query, clicks, shown, place in (
        (BRAND, 412, 1_980, 1.2), ("마루센터", 188, 905, 1.4), ("강서구 언어치료", 96, 2_410, 6.4),
        ("놀이치료 바우처", 71, 1_750, 7.9), ("언어치료 비용", 54, 3_020, 9.1), ("아동 발달 검사", 38, 2_260, 11.3),
        ("첫 단어 시기", 33, 1_410, 5.6), ("마루센터 불만", 6, 41, 3.2),
    ):  # fmt: skip
        rows.append([query, clicks, f"{shown:,}", f"{100 * clicks / shown:.1f}%", place])
    return ("\ufeff" + _csv(rows)).encode()


def _messages(sent: Sequence[Sent], rng: random.Random) -> bytes:
    """The sender's report: a row a message, a column for each step's time; names stand there, too."""
    steps = {"sent": "발송일시", "delivered": "도달일시", "opened": "열람일시", "clicked": "클릭일시", "bounced": "반송일시",
             "complained": "스팸신고일시", "unsubscribed": "수신거부일시"}  # fmt: skip
    media = {"email": "이메일", "alimtalk": "알림톡", "sms": "LMS"}
    rows: list[list[Any]] = [
        [
            "메시지ID",
            "관리번호",
            "수신번호",
            "이름",
            "발송유형",
            "캠페인",
            "세그먼트",
            "실험",
            "시안",
            *steps.values(),
        ]
    ]
    for one in sent:
        times = [f"{one.steps[step]:%Y-%m-%d %H:%M:%S}" if step in one.steps else "" for step in steps]
        rows.append(
            [one.message_id, one.lead_id, one.phone, rng.choice(CHILDREN), media[one.medium], one.campaign,
             one.segment, one.experiment, one.variant, *times]
        )  # fmt: skip
    return ("\ufeff" + _csv(rows)).encode()


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _xlsx(sheet: str, rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows -> a workbook whose bytes do not say when it was made."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(list(row))
    saved = io.BytesIO()
    book.save(saved)
    packed = io.BytesIO()
    with zipfile.ZipFile(saved) as made, zipfile.ZipFile(packed, "w") as dated:
        for name in sorted(made.namelist()):
            content = made.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-02T00:00:00Z", content)
            info = zipfile.ZipInfo(name, (2026, 1, 2, 0, 0, 0))
            dated.writestr(info, content, zipfile.ZIP_DEFLATED, 6)
    return packed.getvalue()

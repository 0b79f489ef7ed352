"""Each known format -> its events; the expected ones are kept beside the files."""

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from streams.collectors.importers.business import Business, setting_for
from streams.collectors.importers.columns import UnknownColumns
from streams.collectors.importers.mapping import BadMapping, read_mapping
from tests.importers.given_files import FILES, SETTING, bodies, outcomes_of, refusals, skipped

GOLDEN = [
    ("access-log", "access.log"),
    ("calls", "calls_cp949.csv"),
    ("asterisk", "asterisk_master.csv"),
    ("asterisk", "freepbx.csv"),
    ("leads", "leads_cp949.csv"),
    ("leads", "leads_english.tsv"),
    ("messages", "messages.csv"),
    ("messages", "messages_steps.tsv"),
    ("messages", "messages_cp949.csv"),
    ("search-queries", "search_console.csv"),
    ("search-queries", "search_advisor_cp949.csv"),
    ("search-volumes", "keyword_planner.csv"),
    ("search-volumes", "keyword_tool.csv"),
    ("measures", "measures.csv"),
    ("measures", "measures_wide.csv"),
    ("payments", "payments.csv"),
    ("payments", "payments_wide.csv"),
    ("spend", "spend.csv"),
]


@pytest.mark.parametrize(("kind", "name"), GOLDEN)
def test_a_file_gives_its_events_and_ids_for_ever(kind: str, name: str) -> None:
    expected = [json.loads(line) for line in (FILES / f"{name}.expected.jsonl").read_text().splitlines()]
    assert bodies(kind, FILES / name) == expected


@pytest.mark.parametrize(
    ("kind", "name", "refused"),
    [
        ("access-log", "access.log", [(7, "")]),
        ("calls", "calls_cp949.csv", [(7, "통화일시"), (8, "발신번호"), (9, "결과")]),
        ("leads", "leads_cp949.csv", [(5, "문의일")]),
        ("messages", "messages.csv", [(7, "관리번호"), (8, "발송유형"), (9, "발송일시")]),
        ("messages", "messages_steps.tsv", [(6, "to")]),
        ("messages", "messages_cp949.csv", [(4, "수신번호")]),
        ("search-queries", "search_console.csv", [(5, "인기 검색어"), (6, "클릭수")]),
        ("search-queries", "search_advisor_cp949.csv", [(3, "종료일"), (4, "검색엔진")]),
        ("search-volumes", "keyword_planner.csv", [(6, "Searches: Feb …")]),
        ("search-volumes", "keyword_tool.csv", [(4, "자사")]),
        ("measures", "measures.csv", [(5, "지표"), (6, "값")]),
        ("measures", "measures_wide.csv", [(4, "만족도")]),
        ("payments", "payments.csv", [(8, "금액")]),
        ("spend", "spend.csv", [(7, "채널"), (8, "종료일")]),
    ],
)
def test_a_refusal_names_line_and_column(kind: str, name: str, refused: list[tuple[int, str]]) -> None:
    assert [(one.line, one.column) for one in refusals(kind, FILES / name)] == refused


def test_bots_and_assets_are_counted_and_are_no_visits() -> None:
    reasons = [one.reason for one in skipped("access-log", FILES / "access.log")]
    assert sorted(reasons) == ["bot", "not a page", "not a page", "not a page"]


def workbook(path: Path, *rows: list[object], sheet: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def test_a_workbook_says_the_same_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "calls.xlsx",
        ["3월 통화내역"],
        [],
        ["발신번호", "착신번호", "통화시각", "통화시간", "결과", "이름"],
        [1012345678, 25551234, datetime(2026, 3, 2, 9, 10), time(0, 1, 25), "정상", "김지우"],  # noqa: DTZ001
        [1098765432.0, "050712345678", "2026-03-02 09:20", timedelta(minutes=2), "통화", None],
        [None, 15881234, datetime(2026, 3, 2, 9, 30), 0, "부재중", None],  # noqa: DTZ001
    )
    found = [
        (b.get("phone"), b["number"], b["occurred_at"][11:19], b["duration_seconds"])
        for b in bodies("calls", path)
    ]
    assert found == [
        ("+821012345678", "+8225551234", "09:11:25", 85),
        ("+821098765432", "+8250712345678", "09:22:00", 120),
        (None, "+8215881234", "09:30:00", 0),
    ]


def test_a_header_of_two_rows_under_merged_cells(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "leads.xlsx",
        ["고객", None, "진행", None],
        ["관리번호", "연락처", "문의일", "등록일"],
        ["A-1", 1012345678, date(2026, 3, 2), date(2026, 3, 9)],
    )
    assert [b.get("stage") for b in bodies("leads", path)] == [None, "inquiry", "registration"]


def test_bare_dates_end_the_day_for_stages_and_payments_and_begin_it_for_all_else() -> None:
    at = {
        (b["type"], b.get("stage")): b["occurred_at"][11:19]
        for b in bodies("leads", FILES / "leads_cp949.csv")[:5]
    }
    assert at["status_changed", "inquiry"] == "23:59:59"
    assert at["source_told", None] == at["person_identified", None] == "00:00:00"
    assert bodies("payments", FILES / "payments.csv")[0]["occurred_at"][11:19] == "23:59:59"
    assert bodies("spend", FILES / "spend.csv")[0]["occurred_at"][11:19] == "00:00:00"


def test_a_list_with_a_line_for_each_stage_tells_its_source_once(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(
        "관리번호,단계,변경일,유입경로\nA,문의,2026-03-02,naver_blog\nA,상담,2026-03-03,naver_blog\nA,등록,2026-03-09,naver_blog\n"
    )
    types = [b["type"] for b in bodies("leads", path)]
    assert types.count("source_told") == 1
    assert types.count("status_changed") == 3


def test_closed_after_a_registration_is_dormant_and_registering_again_is_said(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("관리번호,등록일,종결일,재등록일\nA,2026-01-05,2026-03-02,2026-04-01\nB,,2026-03-02,\n")
    said = [(b["lead_id"], b["stage"], b["occurred_at"][:10]) for b in bodies("leads", path)]
    assert said == [
        ("A", "registration", "2026-01-05"),
        ("A", "dormant", "2026-03-02"),
        ("A", "registration", "2026-04-01"),
        ("B", "lost", "2026-03-02"),
    ]


@pytest.mark.parametrize(
    ("header", "cell", "field", "meant"),
    [
        ("통화시간(분)", "2", "duration_seconds", 120),
        ("통화시간(초)", "2", "duration_seconds", 2),
        ("통화시간", "1분 5초", "duration_seconds", 65),
    ],
)
def test_the_unit_in_a_header_is_read(tmp_path: Path, header: str, cell: str, field: str, meant: int) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"착신번호,통화시각,결과,{header}\n0507-1234-5678,2026-03-02 09:00,정상,{cell}\n")
    assert bodies("calls", path)[0][field] == meant


def test_amounts_in_thousands_and_net_of_vat(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("채널,월,공급가액(천원)\nflyer,2026-03,300\n")
    assert {name: bodies("spend", path)[0][name] for name in ("amount", "vat")} == {
        "amount": 300_000,
        "vat": "excluded",
    }


def test_unknown_columns_are_listed_with_the_nearest_known(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("발신번호들,착신번호,언제,통화결가\n01012345678,0507-1234-5678,2026-03-02,정상\n")
    with pytest.raises(UnknownColumns) as raised:
        outcomes_of("calls", path)
    told = str(raised.value)
    assert "착신번호 (number)" in told
    assert "언제" in told
    assert "'통화결가' (nearest known: 통화결과)" in told


def test_a_mapping_names_what_the_synonyms_do_not(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("who;when;how\n01012345678;2026-03-02 09:00;OK!\n")
    mapping = read_mapping(
        "calls",
        b"columns: {phone: who, started_at: when, outcome: how}\nvalues: {outcome: {'OK!': answered}}\n"
        b"defaults: {number: 02-555-1234}\n",
    )
    setting = setting_for("center", Business(), mapping, SETTING.secret)
    only = bodies("calls", path, setting, mapping)[0]
    assert (only["phone"], only["number"], only["outcome"]) == ("+821012345678", "+8225551234", "answered")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"colums: {}", "did you mean 'columns'?"),
        (b"columns: {fone: x}", "did you mean 'phone'?"),
        (b"values: [1]", "values must be an object"),
        (b"{", "not readable YAML"),
        (b"- 1", "must be a YAML object"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(raw: bytes, told: str) -> None:
    with pytest.raises(BadMapping, match=told.replace("?", r"\?")):
        read_mapping("calls", raw)


def test_further_stages_of_a_business_come_from_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("관리번호,문의일,평가일\nA,2026-03-02,2026-03-04\n")
    mapping = read_mapping("leads", "stages: {assessment: 평가일}".encode())
    assert [b["stage"] for b in bodies("leads", path, SETTING, mapping)] == ["inquiry", "assessment"]


def log_line(
    clock: str, path: str, *, cookie: str = "-", referrer: str = "-", agent: str = "Mozilla/5.0 Chrome/120"
) -> str:
    return f'203.0.113.7 - - [02/Mar/2026:{clock} +0900] "GET {path} HTTP/1.1" 200 1 "{referrer}" "{agent}" "{cookie}"\n'


def test_a_first_request_takes_the_cookie_that_follows_within_half_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(
        log_line("09:00:00", "/")
        + log_line("09:10:00", "/a", cookie="visitor-1")
        + log_line("11:00:00", "/b")  # too far from the next cookie
        + log_line("12:00:00", "/c", cookie="visitor-2")
    )
    who = {b["url"][-1]: b["visitor_id"] for b in bodies("access-log", path)}
    assert who["/"] == who["a"] == "visitor-1"
    assert who["b"].startswith("log-")
    assert who["c"] == "visitor-2"


def test_a_log_of_several_hosts_needs_no_host(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("center.example:443 " + log_line("09:00:00", "/"))
    only = bodies("access-log", path, replace(SETTING, host=None))[0]
    assert only["url"] == "https://center.example/"


def test_tags_of_a_speech_analysis_are_labels_of_the_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    head = "발신번호,착신번호,통화시각,결과,태그\n"
    path.write_text(
        head + '010-1234-5678,0507-1234-5678,2026-03-02 09:00,정상,"가격 문의, 예약 | 만족"\n'
        "010-1234-5678,0507-1234-5678,2026-03-02 10:00,정상,\n"
    )
    assert [b.get("tags") for b in bodies("calls", path)] == [["가격 문의", "예약", "만족"], None]


def test_days_and_engine_of_a_whole_file_are_said_once(tmp_path: Path) -> None:
    path = tmp_path / "queries.csv"
    path.write_text("검색어,클릭수\n언어치료,7\n010-1234-5678 누구,1\n")
    nothing = replace(SETTING, defaults={})
    assert [(one.line, one.column) for one in refusals("search-queries", path, nothing)] == [(2, "engine")]
    whole = setting_for(
        "center", Business(), read_mapping("search-queries", b""), b"k" * 32,
        since="2026-03-01", until="2026-03-31", engine="naver",
    )  # fmt: skip
    said = [
        (b["engine"], b["query"], b["period_start"], b["period_end"])
        for b in bodies("search-queries", path, whole)
    ]
    assert said == [("naver", "언어치료", "2026-03-01", "2026-03-31")]
    assert [one.line for one in skipped("search-queries", path)] == [3], (
        "a query with a phone number stays outside"
    )
    dated = replace(whole, defaults={"engine": "naver"})
    assert [one.column for one in refusals("search-queries", path, dated)] == ["period_start"]


def test_the_brand_of_a_keyword_is_known_from_the_catalogs_list(tmp_path: Path) -> None:
    path = tmp_path / "volumes.csv"
    path.write_text(
        "키워드,월간검색량,월\n마루 아동 발달센터 후기,90,2026-03\n가온발달센터,14800,2026-03\n,1,2026-03\n"
    )
    assert [(b["brand"], b["own"], b["volume"]) for b in bodies("search-volumes", path)] == [
        ("마루 아동발달센터", True, 90),
        ("가온발달센터", False, 14800),
    ]
    assert [one.column for one in refusals("search-volumes", path)] == ["키워드"]
    nothing = [b["own"] for b in bodies("search-volumes", path, replace(SETTING, brands=("-",)))]
    assert nothing == [False, False], "a keyword of the list that is but a dash is in no other"
    path.write_text("키워드,월\nx,2026-03\n")
    with pytest.raises(UnknownColumns, match="how often"):
        bodies("search-volumes", path)

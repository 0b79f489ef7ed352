"""A sheet of channels becomes entries, links, a menu and monthly costs."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import Workbook

from schemas.doors import admit_entry, admit_event
from streams.collectors.importers.columns import UnknownColumns
from streams.collectors.manage.audit import plan
from streams.collectors.manage.audit_sheet import read_audit_sheet
from streams.collectors.manage.links import channel_found
from streams.collectors.manage.monthly_spend import spend_events
from streams.collectors.manage.workbooks import audit_template
from tests.manage.given_site import HOME_PAGE, NOW, TODAY, entry, given, lines, read

SHEET = lines(
    {"name": "네이버 블로그", "monthly_cost": "600,000", "placement": "공식 블로그", "responsible": "김하나"},
    {"name": "현수막·전단지", "monthly_cost": "20만원", "placement": "정문 앞", "responsible": "이두리"},
    {"name": "현수막·전단지", "monthly_cost": "100000", "placement": "시장 입구"},
    {"name": "지인 소개", "monthly_cost": "0"},
)
MARCH = date(2026, 3, 1)


def codes() -> Any:
    made = iter(f"code{at}" for at in range(1, 100))
    return lambda: next(made)


def test_a_sheet_gives_channels_codes_menu_and_costs() -> None:
    site = given()
    rows, refusals = read(SHEET, site)
    assert refusals == []
    planned = plan(rows, site, MARCH, 2)
    entries = {(one["kind"], one["id"]): one for one in planned.entries(codes(), site)}
    assert set(entries) == {
        ("site", "center"),
        ("channel", "naver_blog"),
        ("channel", "flyers"),
        ("channel", "referral"),
        ("qr_code", "code1"),
        ("qr_code", "code2"),
        ("qr_code", "code3"),
    }
    assert entries["site", "center"]["answers"] == {
        "네이버 블로그": "naver_blog",
        "현수막·전단지": "flyers",
        "지인 소개": "referral",
    }
    assert entries["site", "center"]["hosts"] == ["www.center.example"]
    assert entries["qr_code", "code2"]["assignments"] == [
        {"id": "2026-03-02", "from": "2026-03-02", "channel": "flyers", "placement": "정문 앞"}
    ]
    assert [(cell.month, cell.channel, cell.amount) for cell in planned.cells] == [
        (date(2026, 3, 1), "naver_blog", 600_000),
        (date(2026, 3, 1), "flyers", 300_000),
        (date(2026, 3, 1), "referral", 0),
        (date(2026, 4, 1), "naver_blog", 600_000),
        (date(2026, 4, 1), "flyers", 300_000),
        (date(2026, 4, 1), "referral", 0),
    ]


def test_the_doors_take_every_entry_and_event() -> None:
    site = given()
    planned = plan(read(SHEET, site)[0], site, MARCH, 12)
    for body in planned.entries(codes(), site):
        admit_entry(body, now=NOW)
    for body in spend_events("center", planned.cells, NOW):
        admit_event(body, now=NOW)


def test_who_is_responsible_goes_nowhere() -> None:
    site = given()
    planned = plan(read(SHEET, site)[0], site, MARCH, 12)
    said = orjson.dumps(
        [*planned.entries(codes(), site), *spend_events("center", planned.cells, NOW)]
    ).decode()
    assert "정문 앞" in said
    assert "김하나" not in said
    assert "이두리" not in said


def test_a_link_is_counted_as_its_channel() -> None:
    site = given()
    planned = plan(read(SHEET, site)[0], site, MARCH, 1)
    blog = planned.placed[0]
    assert blog.tagged.startswith(HOME_PAGE + "?utm_source=naver_blog&utm_medium=link&utm_content=")
    channels = [entry("channel", body["id"], **{k: v for k, v in body.items() if k in ("name", "rules")})
                for body in planned.channels]  # fmt: skip
    assert channel_found(blog.tagged, channels) == blog.counted_as == "naver_blog"


def test_rules_that_are_there_stay_and_are_not_said_twice() -> None:
    rules = [[{"field": "referrer_host", "equals": "blog.naver.com"}]]
    knows_links = [[{"field": "utm_source", "contains": "flyers"}]]
    site = given(
        entry("channel", "naver_blog", name="네이버 블로그", rules=rules, hours_limit=5),
        entry("channel", "flyers", name="현수막·전단지", rules=knows_links),
    )
    planned = plan(read(SHEET, site)[0], site, MARCH, 1)
    bodies = {body["id"]: body for body in planned.channels}
    assert bodies["naver_blog"]["rules"] == [*rules, [{"field": "utm_source", "equals": "naver_blog"}]]
    assert bodies["naver_blog"]["hours_limit"] == 5
    assert "flyers" not in bodies


def test_a_rule_of_another_channel_that_takes_the_link_is_told() -> None:
    greedy = entry("channel", "all_blogs", rules=[[{"field": "utm_source", "contains": "blog"}]])
    site = given(greedy)
    planned = plan(read(SHEET, site)[0], site, MARCH, 1)
    assert planned.placed[0].counted_as == "all_blogs"
    assert planned.placed[1].counted_as == "flyers"


def test_the_same_sheet_again_makes_nothing_new() -> None:
    site = given()
    planned = plan(read(SHEET, site)[0], site, MARCH, 1)
    bodies = planned.entries(codes(), site)
    defined = [admit_entry(body, now=NOW) for body in bodies]
    again = given(*defined)
    planned = plan(read(SHEET, again)[0], again, MARCH, 1)
    assert planned.entries(codes(), again) == []
    assert [one.code.id for one in planned.placed if one.code] == ["code1", "code2", "code3"]


def test_a_place_that_leads_elsewhere_now_keeps_its_code() -> None:
    site = given()
    defined = [
        admit_entry(body, now=NOW)
        for body in plan(read(SHEET, site)[0], site, MARCH, 1).entries(codes(), site)
    ]
    again = given(*defined)
    moved = lines({**SHEET[0].texts, "link": "https://new.center.example/blog"})
    entries = plan(read(moved, again)[0], again, MARCH, 1).entries(codes(), again)
    assert [(one["kind"], one.get("destination")) for one in entries] == [
        ("site", None),
        ("qr_code", "https://new.center.example/blog"),
    ]
    assert entries[1]["id"] == "code1"


def test_what_the_site_says_besides_stays() -> None:
    site = given(
        entry(
            "site",
            "center",
            name="센터",
            branches=["gangnam"],
            answers={"인터넷": "internet", "블로그": "naver_blog"},
            hosts=["blog.center.example"],
            staff_hourly_rate=20_000,
            menu=[{"label": "블로그", "channel": "naver_blog"}],
        )
    )
    body = plan(read(SHEET, site)[0], site, MARCH, 1).site
    assert body is not None
    assert set(body["answers"]) == {"인터넷", "블로그", "현수막·전단지", "지인 소개"}
    assert body["hosts"] == ["blog.center.example", "www.center.example"]
    assert (body["name"], body["branches"], body["staff_hourly_rate"]) == ("센터", ["gangnam"], 20_000)
    assert body["menu"][1:] == [
        {"label": "현수막·전단지", "channel": "flyers"},
        {"label": "지인 소개", "channel": "referral"},
    ]


def test_a_first_menu_ends_with_the_internet_which_asks_which() -> None:
    site = given(entry("site", "center", answers={"지인 소개": "referral"}))
    web = lines({"name": "맘카페"}, {"name": "전단지", "placement": "정문"}, {"name": "네이버 블로그"})
    planned = plan(read(web, site)[0], site, MARCH, 1)
    menu = planned.menu
    assert "internet" in [body["id"] for body in planned.channels]
    assert [one.get("channel") for one in menu] == ["referral", "mom_cafe", "flyers", "naver_blog", None]
    assert [one["channel"] for one in menu[-1]["which"]] == ["mom_cafe", "naver_blog", "internet"]
    again = given(entry("site", "center", menu=menu))
    assert plan(read(web, again)[0], again, MARCH, 1).menu == menu


@pytest.mark.parametrize(
    ("texts", "column"),
    [
        ({"name": "", "monthly_cost": "1000"}, "name"),
        ({"name": "블로그", "monthly_cost": "육십만"}, "monthly_cost"),
        ({"name": "블로그", "monthly_cost": "-1000"}, "monthly_cost"),
        ({"name": "블로그", "placement": "담당 010-1234-5678"}, "placement"),
        ({"name": "블로그", "placement": "write to a@b.kr"}, "placement"),
        ({"name": "블로그", "placement": "x" * 121}, "placement"),
        ({"name": "=HYPERLINK(1)", "placement": "정문"}, "name"),
        ({"name": "블\u202e로그", "placement": "정문"}, "name"),
        ({"name": "블로그", "branch": "부산점"}, "branch"),
        ({"name": "블로그", "link": "http://www.center.example"}, "link"),
        ({"name": "블로그", "link": "https://user@evil.example/"}, "link"),
        ({"name": "블로그", "link": "https://127.0.0.1/"}, "link"),
        ({"name": "블로그", "link": "javascript:alert(1)"}, "link"),
        ({"name": "블로그", "way": "tattoo"}, "way"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_column(texts: dict[str, str], column: str) -> None:
    site = given(entry("site", "center", branches=["gangnam"]))
    rows, refusals = read(lines(texts), site)
    assert rows == []
    assert [(one.line, one.column) for one in refusals] == [(2, column)]
    assert "5678" not in refusals[0].found


def test_a_link_needs_somewhere_to_lead() -> None:
    site = given(home_page="")
    rows, refusals = read(lines({"name": "블로그"}, {"name": "지인 소개"}), site)
    assert [row.slug for row in rows] == ["referral"]
    assert [one.column for one in refusals] == ["link"]


def test_the_same_place_twice_is_refused() -> None:
    _, refusals = read(
        lines({"name": "전단지", "placement": "정문"}, {"name": "전단지", "placement": "정 문"}), given()
    )
    assert [(one.line, one.column) for one in refusals] == [(3, "placement")]


def test_markup_in_a_name_is_only_a_name() -> None:
    rows, refusals = read(lines({"name": "<b>블로그</b>", "placement": "<script>alert(1)</script>"}), given())
    assert refusals == []
    assert rows[0].name == "<b>블로그</b>"
    assert rows[0].slug == "b_beulrogeu_b"


def test_the_template_comes_back_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(audit_template())
    assert read_audit_sheet(path) == []


def test_a_sheet_with_a_title_and_units_is_read(tmp_path: Path) -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.append(["2026년 홍보 채널 현황"])
    page.append(["번호", "채널명", "월 비용(만원)", "게시 위치", "담당자"])
    page.append([1, "네이버 블로그", 60, "공식 블로그", "김하나"])
    page.append([2, "전단지", 12.5, "정문", None])
    path = tmp_path / "audit.xlsx"
    book.save(path)
    raws = read_audit_sheet(path)
    assert [raw.texts["monthly_cost"] for raw in raws] == ["60만원", "12.5만원"]
    rows, refusals = read(raws, given())
    assert refusals == []
    assert [row.monthly_cost for row in rows] == [600_000, 125_000]
    assert [row.line for row in rows] == [3, 4]


def test_a_korean_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    path.write_bytes("채널,월 비용,게시 위치,담당\n맘카페 활동,200000,지역 맘카페,상담실\n".encode("cp949"))
    rows, _ = read(read_audit_sheet(path), given())
    assert [(row.slug, row.way) for row in rows] == [("mom_cafe", "link")]


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("통화시각,결과\n2026-03-02 10:00,성공\n", encoding="utf-8")
    with pytest.raises(UnknownColumns):
        read_audit_sheet(path)


def test_today_is_the_first_day_of_a_new_code() -> None:
    site = given()
    bodies = plan(read(SHEET, site)[0], site, MARCH, 1).entries(codes(), site)
    assert {one["assignments"][0]["from"] for one in bodies if one["kind"] == "qr_code"} == {str(TODAY)}

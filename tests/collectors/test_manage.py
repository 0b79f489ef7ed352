"""The manage page's API: who may do what, and what a sheet, a cell, a number, a file and a key become."""

import hashlib
import http.client
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
import pytest
from openpyxl import Workbook, load_workbook

from schemas.doors import admit_entry
from schemas.topics import CATALOG, EVENTS
from streams.collectors.edge import CollectorSettings
from streams.collectors.keys import KeyKind
from streams.collectors.manage.uploads import LARGEST_UPLOAD
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from tests.collectors.conftest import NOW, Broker, Door

SITE = "center"
HOME_PAGE = "https://www.center.example/"
PUBLIC = "https://go.center.example"
READS = [
    "overview",
    "audit/template.xlsx",
    "spend",
    "spend.xlsx",
    "campaigns",
    "places",
    "links.xlsx",
]
CHANGES = ["audit/confirm", "spend", "campaigns", "codes", "numbers", "assignments", "menu", "files/take"]
OWNERS = ["keys", "keys/end"]
ROWS = [
    {"line": 1, "name": "네이버 블로그", "monthly_cost": "600,000", "placement": "공식 블로그"},
    {"line": 2, "name": "현수막·전단지", "monthly_cost": "30만원", "placement": "정문 앞"},
]


class Said(NamedTuple):
    """An answer: its status, its headers, its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        """The first problem of a refusal."""
        found: dict[str, Any] = self.json["rejected"][0]["problems"][0]
        return found


class Person:
    """Somebody signed in at the pages of a collector."""

    def __init__(self, door: Door, role: str, site: str = SITE) -> None:
        self.key, text = door.ring.create(KeyKind.PERSON, now=NOW, sites=[site], role=role, label="창구 1")
        self.text = text
        self._port = door.port
        self._cookie = ""
        answer = self._ask("POST", "/sign-in/api/in", orjson.dumps({"key": text}), "application/json")
        assert answer.status == 200, answer.body
        self._cookie = answer.headers["set-cookie"].partition(";")[0]

    def get(self, path: str) -> Said:
        """A GET under /manage/api/."""
        return self._ask("GET", f"/manage/api/{path}", None, "")

    def post(self, path: str, said: Any, **headers: str) -> Said:
        """A POST of JSON under /manage/api/."""
        return self._ask("POST", f"/manage/api/{path}", orjson.dumps(said), "application/json", **headers)

    def upload(self, path: str, content: bytes, **query: str) -> Said:
        """A POST of a file under /manage/api/."""
        address = f"/manage/api/{path}?{urlencode(query)}"
        return self._ask("POST", address, content, "application/octet-stream")

    def page(self, path: str) -> Said:
        """A GET of a page."""
        return self._ask("GET", path, None, "")

    def _ask(self, method: str, path: str, body: bytes | None, content_type: str, **more: str) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if method == "POST":
            headers |= {
                "X-Headwater": "1",
                "Origin": f"http://127.0.0.1:{self._port}",
                "Content-Type": content_type,
            }
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        headers = {name: value for name, value in headers.items() if value}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = Said(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return said


def defined(door: Door, *bodies: dict[str, Any]) -> None:
    """Entries that the collector knows, as if it had read them in the log."""
    entries = [admit_entry({"site": SITE, **body}, now=NOW - timedelta(days=1)) for body in bodies]
    door.collector.edge.definitions.learn(entries)


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A collector without a log: it spools what it is given, and defines nothing."""
    settings = CollectorSettings(
        home=tmp_path_factory.mktemp("manage"),
        port=0,
        public_url=PUBLIC,
        producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0),
        spool=SpoolSettings(free_share=0.0),
    )
    running = Door(settings, clock=lambda: NOW)
    defined(
        running,
        {"kind": "site", "id": SITE, "branches": ["gangnam"], "hosts": ["www.center.example"]},
        {"kind": "channel", "id": "naver_blog", "name": {"ko": "네이버 블로그", "en": "Naver Blog"}},
        {
            "kind": "qr_code",
            "id": "abc",
            "name": "정문 <b>현수막</b>",
            "destination": HOME_PAGE,
            "assignments": [{"id": "1", "channel": "flyers", "placement": "=HYPERLINK(1)"}],
        },
        {
            "kind": "qr_code",
            "id": "123456",
            "assignments": [{"id": "1", "referrer": "L-1", "channel": "referral"}],
        },
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def owner(away: Door) -> Person:
    return Person(away, "owner")


@pytest.fixture(scope="module")
def analyst(away: Door) -> Person:
    return Person(away, "analyst")


@pytest.fixture(scope="module")
def desk(away: Door) -> Person:
    return Person(away, "desk")


# ---- who may what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", READS)
def test_owner_and_analyst_read_and_the_desk_does_not(
    path: str, owner: Person, analyst: Person, desk: Person
) -> None:
    assert [who.get(path).status for who in (owner, analyst, desk)] == [200, 200, 403]


@pytest.mark.parametrize("path", [*CHANGES, *OWNERS])
def test_only_the_owner_changes_anything(path: str, analyst: Person, desk: Person) -> None:
    assert [who.post(path, {}).status for who in (analyst, desk)] == [403, 403]


def test_only_the_owner_sees_keys(owner: Person, analyst: Person) -> None:
    assert owner.get("keys").status == 200
    assert analyst.get("keys").status == 403


@pytest.mark.parametrize("path", [*READS, "keys"])
def test_nobody_reads_without_signing_in(path: str, away: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", away.port, timeout=10)
    connection.request("GET", f"/manage/api/{path}")
    assert connection.getresponse().status == 401


@pytest.mark.parametrize("headers", [{"X_Headwater": ""}, {"Origin": "https://evil.example"}, {"Origin": ""}])
def test_a_page_elsewhere_changes_nothing(owner: Person, headers: dict[str, str]) -> None:
    assert owner.post("spend", {"cells": []}, **headers).status == 403


def test_the_page_is_strict_and_the_desk_is_led_to_its_own(owner: Person, desk: Person) -> None:
    page = owner.page("/manage")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert b"<script src=" in page.body and b"onclick" not in page.body and b"style=" not in page.body
    led = desk.page("/manage")
    assert (led.status, led.headers["location"]) == (303, "/desk")


# ---- the audit --------------------------------------------------------------------------------------------------


def test_a_preview_says_what_confirming_would_do_and_does_nothing(away: Door, analyst: Person) -> None:
    version = away.collector.edge.definitions.version
    said = analyst.post(
        "audit/preview", {"rows": ROWS, "home_page": HOME_PAGE, "first_month": "2026-03"}
    ).json
    assert said["refused"] == []
    assert said["new_channels"] == ["flyers"]
    assert said["new_codes"] == 2
    assert (said["months"], said["won_a_month"]) == (["2026-03", "2027-02"], 900_000)
    assert [row["link"].partition("&")[0] for row in said["rows"]] == [
        f"{HOME_PAGE}?utm_source=naver_blog",
        f"{HOME_PAGE}?utm_source=flyers",
    ]
    assert away.collector.edge.definitions.version == version


def test_a_sheet_becomes_lines_of_the_form_and_is_gone(away: Door, owner: Person) -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.append(["채널", "월 비용", "게시 위치", "담당"])
    page.append(["맘카페 활동", "이십만", "지역 맘카페", "김하나"])
    content = io.BytesIO()
    book.save(content)
    said = owner.upload("audit/sheet", content.getvalue(), name="점검.xlsx").json
    assert said["rows"] == [
        {
            "line": 2,
            "name": "맘카페 활동",
            "monthly_cost": "이십만",
            "placement": "지역 맘카페",
            "responsible": "김하나",
        }
    ]
    looked = owner.post("audit/preview", {"rows": said["rows"], "home_page": HOME_PAGE}).json
    assert [(one["line"], one["column"]) for one in looked["refused"]] == [(2, "monthly_cost")]
    assert list((away.home / "collector" / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "said",
    [
        {"rows": "x"},
        {"rows": [1]},
        {"rows": [{"name": 1}]},
        {"rows": ROWS, "months": 0},
        {"rows": ROWS, "months": True},
        {"rows": ROWS, "first_month": "2026-13"},
        {"rows": ROWS, "home_page": "javascript:alert(1)"},
        {"rows": ROWS, "home_page": "https://user@www.center.example/"},
        {"rows": ROWS * 300},
        {},
    ],
)
def test_what_the_form_never_sends_is_a_bad_request(owner: Person, said: Any) -> None:
    assert owner.post("audit/preview", said).status == 400


def test_without_a_log_nothing_is_defined_and_that_is_said(owner: Person) -> None:
    answer = owner.post("audit/confirm", {"rows": ROWS, "home_page": HOME_PAGE})
    assert answer.status == 503
    assert "retry-after" in answer.headers


def test_a_refused_line_stops_the_whole_confirmation(owner: Person) -> None:
    rows = [*ROWS, {"line": 3, "name": "블로그", "monthly_cost": "많이"}]
    answer = owner.post("audit/confirm", {"rows": rows, "home_page": HOME_PAGE})
    assert answer.status == 422
    assert [one["line"] for one in answer.json["refused"]] == [3]


# ---- the grid ---------------------------------------------------------------------------------------------------


def test_a_typed_cell_is_recorded_and_shown_at_once(owner: Person, analyst: Person) -> None:
    cell = {"month": "2026-02", "channel": "naver_blog", "branch": "gangnam", "amount": 450_000}
    assert owner.post("spend", {"cells": [cell]}).json == {"recorded": 1}
    assert owner.post("spend", {"cells": [{**cell, "amount": 0}]}).json == {"recorded": 1}
    lines = analyst.get("spend?from=2026-01&months=3").json["lines"]
    (line,) = [one for one in lines if (one["channel"], one["branch"]) == ("naver_blog", "gangnam")]
    assert line["cells"] == {"2026-02": {"typed": 0, "imported": 0}}


def test_a_channel_without_spend_has_a_line_to_type_in(owner: Person) -> None:
    lines = owner.get("spend").json["lines"]
    assert {"channel": "referral", "branch": "", "cells": {}} in lines


@pytest.mark.parametrize(
    "cell",
    [
        {"month": "2026-02", "channel": "naver_blog"},
        {"month": "2026-2", "channel": "naver_blog", "amount": 1},
        {"month": "2026-02", "channel": "Naver Blog", "amount": 1},
        {"month": "2026-02", "channel": "naver_blog", "amount": 1.5},
        {"month": "2026-02", "channel": "naver_blog", "amount": "1"},
        {"month": "2026-02", "channel": "naver_blog", "amount": 10**16},
        {"month": "2026-02", "channel": "'; DROP TABLE x; --", "amount": 1},
    ],
)
def test_a_cell_that_is_none_is_refused(owner: Person, cell: dict[str, Any]) -> None:
    assert owner.post("spend", {"cells": [cell]}).status == 400


def test_a_branch_the_business_does_not_have_is_refused(owner: Person) -> None:
    cell = {"month": "2026-02", "channel": "naver_blog", "branch": "busan", "amount": 1}
    assert owner.post("spend", {"cells": [cell]}).status == 422


# ---- sheets that go out -----------------------------------------------------------------------------------------


def test_a_hostile_placement_is_a_text_in_the_sheet_of_links(owner: Person) -> None:
    answer = owner.get("links.xlsx")
    assert answer.headers["content-disposition"] == 'attachment; filename="headwater-links.xlsx"'
    page = load_workbook(io.BytesIO(answer.body)).worksheets[0]
    (row,) = page.iter_rows(min_row=2)
    assert [cell.data_type for cell in row if cell.value] == ["s"] * len([c for c in row if c.value])
    assert row[2].value == "=HYPERLINK(1)"
    assert row[0].value == "정문 <b>현수막</b>"
    assert row[5].value == f"{PUBLIC}/q/abc"


def test_personal_codes_are_not_among_the_places(owner: Person) -> None:
    assert [one["id"] for one in owner.get("places").json["codes"]] == ["abc"]


def test_a_symbol_is_drawn_for_the_sites_own_codes_only(owner: Person, away: Door) -> None:
    assert owner.get("codes/abc.png").body.startswith(b"\x89PNG")
    assert owner.get("codes/abc.svg").body.startswith(b"<svg")
    assert owner.get("codes/none.png").status == 404
    assert Person(away, "owner", "other").get("codes/abc.png").status == 404
    assert owner.get("codes.pdf").body.startswith(b"%PDF")


def test_refused_lines_go_out_as_texts(owner: Person) -> None:
    lines = [{"line": 3, "column": "=1+1", "found": "+cmd", "fix": "a date"}]
    answer = owner.post("files/refused.xlsx", {"refused": lines})
    page = load_workbook(io.BytesIO(answer.body)).worksheets[0]
    assert [cell.value for cell in page[2]] == [3, "=1+1", "+cmd", "a date"]
    assert [cell.data_type for cell in page[2]] == ["n", "s", "s", "s"]


# ---- files ------------------------------------------------------------------------------------------------------

CALLS = (
    "통화시각,발신번호,통화시간,결과,고객명\n"
    "2026-02-02 10:00:00,010-2345-6789,1:25,성공,김하나\n"
    "2026-02-02 11:00:00,010-2345-6780,어제,성공,이두리\n"
).encode()


def test_a_file_is_looked_at_and_nothing_is_kept(away: Door, analyst: Person) -> None:
    said = analyst.upload("files/preview", CALLS, kind="calls", name="calls.csv", number="02-555-0001").json
    assert said["types"] == {"call_ended": 1}
    assert [(one["line"], one["column"]) for one in said["refused"]] == [(3, "통화시간")]
    assert said["never_read"] == ["고객명"]
    assert said["events"][0]["phone"] == "…6789"
    assert said["sha256"] == hashlib.sha256(CALLS).hexdigest()
    assert list((away.home / "collector" / "uploads").iterdir()) == []
    told = orjson.dumps(said).decode()
    assert "김하나" not in told and "2345" not in told.replace("10:00", "")


def test_only_the_previewed_file_is_taken_in_and_twice_is_once(owner: Person) -> None:
    query = {"kind": "calls", "name": "taken.csv", "number": "02-555-0001"}
    other = owner.upload("files/take", CALLS, sha256="0" * 64, **query)
    assert (other.status, other.problem["code"]) == (422, "other_file")
    sha256 = hashlib.sha256(CALLS).hexdigest()
    first = owner.upload("files/take", CALLS, sha256=sha256, **query).json
    assert (first["accepted"], first["known"], first["refused_count"]) == (1, 0, 1)
    again = owner.upload("files/take", CALLS, sha256=sha256, **query).json
    assert (again["accepted"], again["known"]) == (0, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"%PDF-1.7", "no_table"), (b"a,b\n1,2\n", "columns"), (b"PK\x03\x04 no zip", "no_table")],
)
def test_a_file_that_is_no_such_table_is_refused_in_words(owner: Person, content: bytes, code: str) -> None:
    answer = owner.upload("files/preview", content, kind="calls", name="x.csv")
    assert (answer.status, answer.problem["code"]) == (422, code)


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "letters"},
        {"kind": "calls", "branch": "Gang Nam"},
        {"kind": "access-log", "host": "javascript:alert(1)"},
    ],
)
def test_a_question_that_is_none_is_refused(owner: Person, query: dict[str, str]) -> None:
    assert owner.upload("files/preview", CALLS, name="x.csv", **query).status == 400


def test_an_upload_has_a_size(owner: Person) -> None:
    assert owner.upload("files/preview", b"", kind="calls", name="x.csv").status == 400
    assert (
        owner.upload("files/preview", b"x" * (LARGEST_UPLOAD + 1), kind="calls", name="x.csv").status == 413
    )


def test_a_hostile_file_name_reaches_no_path(away: Door, owner: Person) -> None:
    query = {"kind": "calls", "name": "../../../secrets/keys.json", "number": "02-555-0001"}
    assert owner.upload("files/preview", CALLS, **query).status == 200
    assert (away.home / "secrets" / "keys.json").read_bytes().startswith(b"{")


def test_what_a_killed_collector_was_reading_is_deleted_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "collector" / "uploads" / "left.csv"
    left.parent.mkdir(parents=True)
    left.write_bytes(CALLS)
    settings = CollectorSettings(
        home=tmp_path, port=0, producer=ProducerSettings(brokers="127.0.0.1:9", delivery_seconds=1.0)
    )
    Door(settings, clock=lambda: NOW).stop()
    assert not left.exists()


# ---- keys -------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_ends_at_once(away: Door, owner: Person) -> None:
    made = owner.post("keys", {"role": "analyst", "label": "회의실"}).json
    text = made["text"]
    assert away.ring.find_person(text) is not None
    listed = owner.get("keys")
    assert text.rpartition("_")[2].encode() not in listed.body
    assert {one["id"]: one["role"] for one in listed.json["keys"]}[made["key"]["id"]] == "analyst"
    assert owner.post("keys/end", {"id": made["key"]["id"]}).status == 200
    assert away.ring.find_person(text) is None


def test_no_key_beyond_the_owners_own_people(away: Door, owner: Person) -> None:
    server, _ = away.ring.create(KeyKind.SERVER, now=NOW, sites=[SITE])
    elsewhere = Person(away, "owner", "other")
    for key in (server, elsewhere.key):
        assert owner.post("keys/end", {"id": key.id}).status == 404
        assert away.ring.active(key.id) is not None
        assert key.id.encode() not in owner.get("keys").body


def test_nobody_ends_the_key_they_hold(owner: Person) -> None:
    answer = owner.post("keys/end", {"id": owner.key.id})
    assert (answer.status, answer.problem["code"]) == (422, "own_key")


@pytest.mark.parametrize("role", ["admin", "", "server"])
def test_only_the_three_roles_are_made(owner: Person, role: str) -> None:
    assert owner.post("keys", {"role": role, "label": "x"}).status == 422


# ---- with a log -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logged(door: Door) -> Person:
    """An owner at a collector with a log."""
    return Person(door, "owner", "manage-centre")


@pytest.mark.stack
def test_confirming_defines_and_records_and_again_changes_nothing(logged: Person, broker: Broker) -> None:
    said = {"rows": ROWS, "home_page": HOME_PAGE, "first_month": "2026-03", "months": 2}
    done = logged.post("audit/confirm", said).json
    assert (done["defined"], done["recorded"]) == (5, 4)
    assert all(row["code"] for row in done["rows"])
    again = logged.post("audit/confirm", said).json
    assert (again["defined"], again["recorded"]) == (0, 0)
    logged.post("spend", {"cells": [{"month": "2026-04", "channel": "flyers", "amount": 1}]})
    assert logged.post("audit/preview", said).json["overwritten"] == 1
    assert logged.post("audit/confirm", said).json["recorded"] == 1
    entries = [one for one in broker.values(CATALOG.name) if one["site"] == "manage-centre"]
    assert {(one["kind"], one["id"]) for one in entries} == {
        ("site", "manage-centre"),
        ("channel", "naver_blog"),
        ("channel", "flyers"),
        *(("qr_code", row["code"]) for row in done["rows"]),
    }
    spends = [one for one in broker.values(EVENTS.name) if one["site"] == "manage-centre"]
    newest = {one["spend_id"]: one["amount"] for one in spends}
    assert set(newest.items()) == {
        ("monthly:2026-03:naver_blog:", 600_000),
        ("monthly:2026-03:flyers:", 300_000),
        ("monthly:2026-04:naver_blog:", 600_000),
        ("monthly:2026-04:flyers:", 300_000),
    }


@pytest.mark.stack
def test_a_number_stands_for_one_thing_a_day(logged: Person) -> None:
    number = {"number": "02-555-0101", "channel": "naver_blog", "from": "2026-01-01"}
    made = logged.post("numbers", number).json["number"]
    assert (made["id"], made["channel"]) == ("+8225550101", "naver_blog")
    assert logged.post("numbers", number).problem["code"] == "number_there"
    change = {
        "kind": "tracking_number",
        "id": made["id"],
        "was": made["was"],
        "channel": "flyers",
        "from": "2026-06-01",
    }
    refused = logged.post("assignments", change)
    assert (refused.status, refused.problem["code"]) == (422, "overlap")
    assert refused.problem["values"] == {"channel": "네이버 블로그", "from": "2026-01-01", "to": ""}
    changed = logged.post("assignments", {**change, "ends_previous": True}).json["number"]
    assert [(one["from"], one.get("to"), one["channel"]) for one in changed["assignments"]] == [
        ("2026-01-01", "2026-05-31", "naver_blog"),
        ("2026-06-01", None, "flyers"),
    ]
    late = logged.post("assignments", {**change, "from": "2026-09-01", "ends_previous": True})
    assert (late.status, late.problem["code"]) == (409, "changed")


@pytest.mark.stack
def test_a_number_may_stand_in_the_websites_pool(logged: Person) -> None:
    assert logged.post("numbers", {"number": "02-555-0102"}).problem["code"] == "channel"
    lent = logged.post("numbers", {"number": "02-555-0102", "pool": True}).json["number"]
    assert (lent["pool"], lent["fallback"], lent["channel"]) == (True, False, "")


@pytest.mark.stack
def test_a_code_is_pointed_elsewhere_only_where_the_site_says(logged: Person) -> None:
    logged.post("audit/confirm", {"rows": ROWS, "home_page": HOME_PAGE, "months": 1})
    (code, *_) = logged.get("places").json["codes"]
    away = logged.post("codes", {"id": code["id"], "destination": "https://evil.example/"})
    assert (away.status, away.problem["code"]) == (422, "host")
    moved = logged.post(
        "codes", {"id": code["id"], "was": code["was"], "destination": f"{HOME_PAGE}new", "disabled": True}
    ).json["code"]
    assert (moved["destination"], moved["disabled"]) == (f"{HOME_PAGE}new", True)
    assert moved["assignments"] == code["assignments"]


@pytest.mark.stack
def test_a_campaign_has_budget_period_and_goal(logged: Person) -> None:
    said = {
        "name": "봄 상담",
        "channel": "naver_blog",
        "budget": 800_000,
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
        "goal_metric": "registration",
        "goal_count": 12,
        "utm_campaign": ["spring"],
    }
    made = logged.post("campaigns", said).json["campaign"]
    assert {name: made[name] for name in said} == said
    backwards = logged.post("campaigns", {**said, "id": made["id"], "ends_on": "2026-02-01"})
    assert (backwards.status, backwards.problem["code"]) == (422, "backwards")
    assert [one["id"] for one in logged.get("campaigns").json["campaigns"]] == [made["id"]]
    assert logged.post("campaigns", {**said, "name": "봄 상담"}).json["campaign"]["id"] != made["id"]


@pytest.mark.stack
def test_the_menu_keeps_the_order_it_was_given(logged: Person) -> None:
    menu = [{"label": "전단지", "channel": "flyers"}, {"label": "블로그", "channel": "naver_blog"}]
    assert logged.post("menu", {"menu": menu}).json["menu"] == menu
    assert logged.get("overview").json["menu"] == menu
    asks = {"label": {"ko": "인터넷", "en": "The internet"}, "which": menu}
    assert logged.post("menu", {"menu": [asks, *menu]}).json["menu"] == [asks, *menu]
    for wrong in ({"label": "", "channel": "flyers"}, {"label": "x"}, {"label": "x", "which": []}):
        assert logged.post("menu", {"menu": [wrong]}).status == 422


@pytest.mark.stack
def test_sites_do_not_see_one_another(door: Door, logged: Person) -> None:
    logged.post("audit/confirm", {"rows": ROWS, "home_page": HOME_PAGE, "months": 1})
    other = Person(door, "owner", "another-centre")
    code = logged.get("places").json["codes"][0]["id"]
    assert other.get("places").json == {"codes": [], "numbers": []}
    assert other.post("codes", {"id": code, "disabled": True}).status == 404
    assert other.get("overview").json["menu"] == []


def test_a_wrong_key_signs_nobody_in(away: Door) -> None:
    person = Person(away, "owner")
    away.ring.revoke(person.key.id, now=NOW)
    assert person.get("overview").status == 401

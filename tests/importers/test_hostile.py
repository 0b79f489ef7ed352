"""Files that mean harm, or are only broken."""

import gzip
import zipfile
from pathlib import Path

import pytest

from streams.collectors.importers import tables
from streams.collectors.importers.drafts import Draft
from streams.collectors.importers.tables import NotATable, read_table
from tests.importers.given_files import bodies, outcomes_of, refusals

HEADER = "관리번호,문의일,서비스\n"
GOOD = "A-1,2026-03-02,언어치료\n"


def table(tmp_path: Path, content: str | bytes, name: str = "leads.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "bad",
    [
        "A-2,2026-03-02,\"=cmd|' /C calc'!A0\"\n",
        "A-2,2026-03-02,=1+1\n",
        "A-2,2026-03-02,치료\x00\n",
        "A-2,2026-03-02," + "가" * 600 + "\n",
        "A-2,2026-03-02,치료,한 칸,더\n",
        "=A1,2026-03-02,치료\n",
        "A-2,2026-03-02," + "가" * 70_000 + "\n",
        "A-2,2026-03-02," + "," * 600 + "x\n",
        "A-2,0000-00-00,치료\n",
    ],
)
def test_one_bad_line_is_refused_and_the_others_go_in(tmp_path: Path, bad: str) -> None:
    path = table(tmp_path, HEADER + GOOD + bad + GOOD.replace("A-1", "A-3"))
    assert [one.line for one in refusals("leads", path)] == [3]
    assert [b["lead_id"] for b in bodies("leads", path)] == ["A-1", "A-3"]


def test_a_quote_that_is_never_closed_is_one_refusal(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        HEADER + GOOD + 'A-2,2026-03-02,"치료\n' + "".join(f"B-{n},2026-03-02,x\n" for n in range(8_000)),
    )
    found = refusals("leads", path)
    assert found[0].line == 3
    assert "quote" in found[0].found


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LONGEST_LINE", 10_000)
    path = table(tmp_path, HEADER + GOOD + "A-2," + "x" * 500_000 + "\n" + GOOD.replace("A-1", "A-3"))
    assert [one.line for one in refusals("leads", path)] == [3]
    assert [b["lead_id"] for b in bodies("leads", path)] == ["A-1", "A-3"]


def test_an_overlong_log_line_is_refused(tmp_path: Path) -> None:
    good = (
        '203.0.113.7 - - [02/Mar/2026:09:00:00 +0900] "GET / HTTP/1.1" 200 1 "-" "Mozilla/5.0 Chrome/120"\n'
    )
    path = table(tmp_path, good + "x" * 3_000_000 + "\n" + good.replace("GET /", "GET /b"), "access.log")
    outcomes, _ = outcomes_of("access-log", path)
    assert [type(one).__name__ for one in outcomes] == ["Draft", "Refusal", "Draft"]
    assert outcomes[2].line == 3


def test_a_gzipped_log_is_read_and_a_cut_one_says_where(tmp_path: Path) -> None:
    good = (
        '203.0.113.7 - - [02/Mar/2026:09:00:00 +0900] "GET /%d HTTP/1.1" 200 1 "-" "Mozilla/5.0 Chrome/120"\n'
    )
    packed = gzip.compress("".join(good % n for n in range(100)).encode())
    outcomes, _ = outcomes_of("access-log", table(tmp_path, packed, "access.log.gz"))
    assert sum(isinstance(one, Draft) for one in outcomes) == 100
    with pytest.raises(NotATable, match="breaks off"):
        outcomes_of("access-log", table(tmp_path, packed[:-20], "access.log.gz"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0rest", "old .xls"),
        (b"<html><table><tr>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
def test_what_is_no_table_says_what_it_is(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(NotATable, match=told):
        list(read_table(table(tmp_path, content)))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\x00" * (64 << 20))
    with pytest.raises(NotATable, match="unpacks to"):
        list(read_table(path))


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(NotATable, match=r"not an \.xlsx"):
        list(read_table(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = table(tmp_path, (HEADER + GOOD).replace(",", delimiter).encode(encoding))
    assert bodies("leads", path)[0]["service"] == "언어치료"


def test_korean_only_at_the_end_of_a_long_file_is_still_found(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        ("lead id,inquiry,service\n" + "A,2026-03-02,x\n" * 20_000 + "B,2026-03-02,언어\n").encode("cp949"),
    )
    assert bodies("leads", path)[-1]["service"] == "언어"


def test_a_line_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        (HEADER + GOOD).encode()
        + "A-2,2026-03-02,언어\n".encode("cp949")
        + b"A-3,2026-03-02,\xff\xff\n"
        + GOOD.encode(),
    )
    assert refusals("leads", path)[0].line == 3
    assert "CSV UTF-8" in refusals("leads", path)[0].fix

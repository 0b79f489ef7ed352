"""Names, birthdays, diagnoses and notes stand in the files; they never enter, nor do raw phones."""

import asyncio
from pathlib import Path

import pytest

from schemas.event import to_json
from streams.collectors.importers.drafts import Draft, Namer
from streams.collectors.importers.files import open_file
from streams.collectors.importers.importing import Door
from streams.collectors.importers.preview import preview_lines, preview_of, refusal_line
from tests.importers.given_files import FILES, NO_MAPPING, NOW, SETTING, Desk
from tests.importers.test_formats import GOLDEN

PLANTED = [
    "김지우",
    "박민서",
    "최하늘",
    "이도윤",
    "김철수",
    "kim.",
    "Kim",
    "Jiwoo",
    "Park",
    "2019-05-05",
    "2020-01-01",
    "자폐",
    "ADHD",
    "지연",
    "조용함",
    "진단",
    "name=Kim",
    "재통화",
    "203.0.113",
    "198.51.100",
]
PHONES = [
    "12345678",
    "1234-5678",
    "98765432",
    "99998888",
    "55556666",
    "5555-6666",
    "1111-2222",
    "3333-4444",
    "1234567@",
]


@pytest.mark.parametrize(("kind", "name"), GOLDEN)
def test_nothing_personal_in_events_ledger_preview_or_report(tmp_path: Path, kind: str, name: str) -> None:
    desk = Desk(tmp_path)
    report = asyncio.run(desk.take(kind, FILES / name))
    opened = open_file(kind, FILES / name, SETTING, NO_MAPPING)
    preview = preview_of(opened, Namer(kind, SETTING.secret), Door(desk.pseudonyms, NOW, opened.columns))
    log = "\n".join(to_json(event).decode() for event in desk.log.events)
    looked_at = "\n".join(line for line in preview_lines(preview) if not line.startswith("  never read"))
    told = "\n".join(refusal_line(one) for one in report.refusals)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "imports").iterdir()).decode("utf-8", "replace")
    own = {"+8250712345678", "+82212345678"}  # numbers of the business itself stay readable
    for text in (log, looked_at, told, kept):
        for number in (*own, "like 010-1234-5678"):
            text = text.replace(number, "")
        for planted in (*PLANTED, *PHONES):
            assert planted not in text, planted
    assert log.count('"phone":"hmac:') == log.count('"phone":')


def test_a_shifted_row_does_not_put_a_name_into_the_report(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(
        "발신번호,착신번호,통화시각,결과,이름\n010-1234-5678,0507-1234-5678,2026-03-02 09:00,김지우\n010-1234-5678,0507-1234-5678,김지우,정상\n"
    )
    report = asyncio.run(Desk(tmp_path / "home").take("calls", path))
    assert report.refused == 2
    assert not any("김지우" in refusal_line(one) for one in report.refusals)


def test_an_outbound_call_keeps_the_customer_out_of_the_number(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    asyncio.run(desk.take("asterisk", FILES / "asterisk_master.csv"))
    outbound = [event for event in desk.log.events if getattr(event, "direction", "") == "outbound"]
    assert [getattr(event, "number", "") for event in outbound] == ["+82**"]


def test_ids_of_rows_with_phones_depend_on_the_secret() -> None:
    def ids(secret: bytes) -> set[str]:
        opened = open_file("calls", FILES / "calls_cp949.csv", SETTING, NO_MAPPING)
        namer = Namer("calls", secret)
        named = (namer.name(one) for one in opened.outcomes if isinstance(one, Draft))
        return {one.event_id for one in named if one is not None and "phone" in one.body}

    assert not ids(SETTING.secret) & ids(b"another secret of at least some length")

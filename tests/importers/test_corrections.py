"""Importing again, importing corrected files, and being interrupted."""

import asyncio
from pathlib import Path

import pytest

from tests.importers.given_files import FILES, Desk, KeptLog
from tests.importers.test_formats import GOLDEN

HEADER = "관리번호,문의일,등록일\n"


def write(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(("kind", "name"), GOLDEN)
def test_the_same_file_twice_appends_nothing(tmp_path: Path, kind: str, name: str) -> None:
    desk = Desk(tmp_path)
    first = asyncio.run(desk.take(kind, FILES / name))
    appended = list(desk.log.events)
    second = asyncio.run(desk.take(kind, FILES / name))
    assert first.accepted == len(appended) > 0
    assert (second.accepted, second.known, second.withdrawn) == (0, first.accepted, 0)
    assert desk.log.events == appended
    assert second.refused == first.refused


def test_without_its_ledger_a_file_gives_the_same_ids_and_bodies(tmp_path: Path) -> None:
    one, other = Desk(tmp_path / "one"), Desk(tmp_path / "other")
    for desk in (one, other):
        asyncio.run(desk.take("calls", FILES / "calls_cp949.csv"))
    assert [e.model_dump(exclude={"phone"}) for e in one.log.events] == [
        e.model_dump(exclude={"phone"}) for e in other.log.events
    ]


def test_a_corrected_row_withdraws_the_old_and_names_the_new(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-03-02,2026-03-09", "B,2026-03-03,")))
    report = asyncio.run(desk.take("leads", write(path, "A,2026-03-02,2026-03-10", "B,2026-03-03,")))
    assert (report.accepted, report.withdrawn) == (1, 1)
    *_, new, withdrawal = desk.log.events
    assert withdrawal.type == "event_withdrawn"
    assert getattr(withdrawal, "replaced_by", None) == new.event_id
    stages = sorted((e.lead_id, e.occurred_at.day) for e in desk.log.standing())
    assert stages == [("A", 2), ("A", 10), ("B", 3)]


def test_a_row_taken_out_is_withdrawn(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-03-02,", "B,2026-03-03,", "C,2026-03-04,")))
    for rest in (("A,2026-03-02,", "C,2026-03-04,"), ("A,2026-03-02,",)):
        assert asyncio.run(desk.take("leads", write(path, *rest))).withdrawn == 1
    assert [e.lead_id for e in desk.log.standing()] == ["A"]


def test_what_was_withdrawn_and_is_said_again_counts_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    for day in ("09", "10", "09", "10", "10"):
        asyncio.run(desk.take("leads", write(path, f"A,2026-03-02,2026-03-{day}")))
        assert sorted(e.occurred_at.day for e in desk.log.standing()) == [2, int(day)]
    ids = [e.event_id for e in desk.log.events]
    assert len(ids) == len(set(ids))  # no id with two bodies


def test_a_rolling_export_keeps_what_lies_before_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-01-02,", "B,2026-02-03,", "C,2026-02-04,")))
    report = asyncio.run(desk.take("leads", write(path, "B,2026-02-03,", "D,2026-03-04,")))
    assert report.withdrawn == 1  # C, inside the span of the new export
    assert report.kept
    assert sorted(e.lead_id or "" for e in desk.log.standing()) == ["A", "B", "D"]


def test_another_file_under_the_same_name_withdraws_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-01-02,")))
    assert asyncio.run(desk.take("leads", write(path, "B,2026-02-02,"))).withdrawn == 0
    assert len(desk.log.standing()) == 2


def test_replaces_withdraws_all_of_the_named_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    asyncio.run(desk.take("leads", write(tmp_path / "old.csv", "A,2026-01-02,", "B,2026-01-03,")))
    report = asyncio.run(
        desk.take("leads", write(tmp_path / "new.csv", "B,2026-01-03,", "C,2026-02-02,"), replaces="old.csv")
    )
    assert report.withdrawn == 1
    assert sorted(e.lead_id or "" for e in desk.log.standing()) == ["B", "C"]


def test_what_another_file_still_says_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    asyncio.run(desk.take("leads", write(tmp_path / "year.csv", "A,2026-01-02,", "B,2026-01-03,")))
    path = tmp_path / "january.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-01-02,", "B,2026-01-03,")))
    report = asyncio.run(desk.take("leads", write(path, "A,2026-01-02,")))
    assert (report.withdrawn, len(report.kept)) == (0, 1)
    assert len(desk.log.standing()) == 2


def test_refused_lines_withdraw_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "leads.csv"
    asyncio.run(desk.take("leads", write(path, "A,2026-01-02,", "B,2026-01-03,")))
    report = asyncio.run(desk.take("leads", write(path, "A,2026-01-02,", "B,03/01/2026,")))
    assert (report.refused, report.withdrawn) == (1, 0)


@pytest.mark.parametrize("appends", range(4))
def test_an_interrupted_import_heals_when_it_runs_again(tmp_path: Path, appends: int) -> None:
    calm, cut = Desk(tmp_path / "calm"), Desk(tmp_path / "cut")
    path = tmp_path / "leads.csv"
    first = ("A,2026-03-02,2026-03-09", "B,2026-03-03,", "C,2026-03-05,")
    second = ("A,2026-03-02,2026-03-10", "C,2026-03-05,")
    for desk in (calm, cut):
        asyncio.run(desk.take("leads", write(path, *first)))
    write(path, *second)
    asyncio.run(calm.take("leads", path))
    broken = KeptLog(appends)
    broken.events = cut.log.events
    cut.log = broken
    try:
        asyncio.run(cut.take("leads", path))
    except ConnectionError:
        healthy = KeptLog()
        healthy.events = broken.events
        cut.log = healthy
        asyncio.run(cut.take("leads", path))

    def said(desk: Desk) -> list[tuple[str | None, int]]:
        return sorted((e.lead_id, e.occurred_at.day) for e in desk.log.standing())

    assert said(cut) == said(calm) == [("A", 2), ("A", 10), ("C", 5)]
    assert asyncio.run(cut.take("leads", path)).accepted == 0


def test_an_equal_row_is_another_fact_and_stays_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "p.csv"
    path.write_text("관리번호,결제일,금액\nA,2026-03-02,1000\nA,2026-03-02,1000\n")
    assert asyncio.run(desk.take("payments", path)).accepted == 2
    path.write_text("관리번호,결제일,금액\nA,2026-03-02,1000\n")
    assert asyncio.run(desk.take("payments", path)).withdrawn == 1


def test_a_corrected_phone_is_another_event(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "l.csv"
    for phone in ("010-1234-5678", "010-1234-5679"):
        path.write_text(f"관리번호,연락처,문의일\nA,{phone},2026-03-02\n")
        asyncio.run(desk.take("leads", path))
    standing = [e for e in desk.log.standing() if e.type == "person_identified"]
    assert len(standing) == 1
    assert standing[0].phone == desk.pseudonyms.of("center", "+821012345679")[0]


def test_a_click_that_is_reported_later_is_added_and_what_was_wrong_of_a_message_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "sent.csv"
    head = "메시지ID,관리번호,발송일시,클릭일시\n"
    steps = {
        "m-1,A,2026-03-02 10:00,\nm-1,B,2026-03-02 10:00,\n": [("A", "sent", 10), ("B", "sent", 10)],
        "m-1,A,2026-03-02 10:00,2026-03-02 12:00\nm-1,B,2026-03-02 11:00,\n": [
            ("A", "clicked", 12), ("A", "sent", 10), ("B", "sent", 11),
        ],
    }  # fmt: skip
    for rows, standing in steps.items():
        path.write_text(head + rows)
        asyncio.run(desk.take("messages", path))
        said = sorted((e.lead_id, e.action, e.occurred_at.hour) for e in desk.log.standing())  # type: ignore[attr-defined]
        assert said == standing
    assert asyncio.run(desk.take("messages", path)).accepted == 0


@pytest.mark.parametrize(
    ("kind", "head", "value"),
    [
        (
            "measures",
            "지표,시작일,종료일,값\n만족도,2026-03-02,2026-03-08,{}\n후기,2026-03-02,2026-03-08,3\n",
            "value",
        ),
        ("search-volumes", "키워드,월,검색량\n가온,2026-03,{}\n나온,2026-03,3\n", "volume"),
        (
            "search-queries",
            "검색어,월,검색엔진,클릭수\n가온,2026-03,구글,{}\n나온,2026-03,구글,3\n",
            "clicks",
        ),
    ],
)
def test_a_corrected_value_takes_the_place_of_the_earlier_one(
    tmp_path: Path, kind: str, head: str, value: str
) -> None:
    desk = Desk(tmp_path / "home")
    path = tmp_path / "table.csv"
    for said in (5, 7):
        path.write_text(head.format(said))
        asyncio.run(desk.take(kind, path))
        assert sorted(getattr(e, value) for e in desk.log.standing()) == [3, said]
    assert asyncio.run(desk.take(kind, path)).accepted == 0

"""Revisions on disk: written once, whole or not at all, never changed, and another only when figures changed."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from grafana.reports.report import Figures
from infra.reports.keeping import as_json, digest, read_figures
from infra.reports.periods import Asked
from infra.reports.writing import copied, keep
from streams.kept_reports import FIGURES, Shelf, folder_name, put_down
from tests.reports.given_figures import SITE, campaign, monthly, of_campaign
from tests.reports.hostile import PAYLOADS

pytestmark = pytest.mark.slow

NOW = datetime(2026, 4, 20, 3, tzinfo=UTC)
FILES = {"ko.html", "en.html", "ko.pdf", "en.pdf", FIGURES}


def small(**answers: Any) -> tuple[Asked, Figures]:
    return monthly(models=[], weeks=[], **answers)


def later(figures: Figures, registrations: float) -> Figures:
    total = {**figures.worked["total"], "registrations": registrations}
    return replace(figures, worked={**figures.worked, "total": total})


def test_the_same_figures_are_one_revision_and_others_another(tmp_path: Path) -> None:
    asked, figures = small()
    first = keep(tmp_path, asked, figures, NOW)
    again = keep(tmp_path, asked, figures, NOW + timedelta(days=1))
    assert (first.revision, first.new, again.revision, again.new) == (1, True, 1, False)
    assert first.path == tmp_path / "reports" / SITE / "monthly" / "2026-03" / "1"
    assert {path.name for path in first.path.iterdir()} == FILES
    before = {path: path.read_bytes() for path in first.path.iterdir()}

    second = keep(tmp_path, asked, later(figures, 109.0), NOW + timedelta(days=2))
    assert (second.revision, second.new) == (2, True)
    told = (second.path / "en.html").read_text("utf-8")
    assert "after revision 1 (2026-04-20 12:00)" in told
    assert ">108</td>" in told and ">109</a>" in told
    assert {path: path.read_bytes() for path in before} == before
    assert [(one.period, one.revision) for one in Shelf(tmp_path).listed()] == [
        ("2026-03", 1),
        ("2026-03", 2),
    ]
    assert (second.path / "ko.pdf").read_bytes().startswith(b"%PDF-")


def test_what_is_kept_is_json_that_gives_the_figures_back(tmp_path: Path) -> None:
    _, figures = small()  # one ROI of them is infinite
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / FIGURES).write_bytes(as_json(figures, 1, "then"))
    json.loads((folder / FIGURES).read_text("utf-8"), parse_constant=lambda name: pytest.fail(name))
    read, made_at, known = read_figures(folder)
    assert made_at == "then"
    assert known == digest(figures) == digest(read)
    assert read.answers["board"][4]["roi"] == float("inf")


def test_a_writer_that_dies_leaves_no_half_revision(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        put_down(tmp_path, 1, {"ko.html": b"x", "en.html": None})  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []
    asked, figures = small()
    killed = Shelf(tmp_path).folder(asked.site, asked.kind, asked.period) / ".new-killed"
    killed.mkdir(parents=True)
    (killed / "ko.html").write_text("half")
    written = keep(tmp_path, asked, figures, NOW)
    assert not killed.exists()
    assert {path.name for path in written.path.parent.iterdir()} == {".lock", "1"}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    put_down(tmp_path, 1, {"a": b"first"})
    with pytest.raises(OSError):
        put_down(tmp_path, 1, {"a": b"second"})
    assert (tmp_path / "1" / "a").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_two_at_a_time_make_one_revision(tmp_path: Path) -> None:
    asked, figures = small()
    found: list[bool] = []
    writers = [
        threading.Thread(target=lambda: found.append(keep(tmp_path, asked, figures, NOW).new))
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(found) == [False, True]


def test_every_name_has_a_folder_of_its_own_inside_the_home(tmp_path: Path) -> None:
    more = ["spring", "봄 캠페인", "x" * 300, "x" * 301, "가" * 128, "가" * 127, "%2E%2E", "a%2Fb", "a/b"]
    names = list(dict.fromkeys([*PAYLOADS, *more]))
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    for folder in folders:
        assert folder and "/" not in folder and "\x00" not in folder and not folder.startswith(".")
        assert len(folder.encode()) <= 255
        (tmp_path / folder).mkdir()
    assert folder_name("autumn-consult") == "autumn-consult"


def test_copies_have_names_of_their_own(tmp_path: Path) -> None:
    row = campaign("../../가을")
    asked, figures = of_campaign(row, weeks=[])
    written = keep(tmp_path / "home", asked, figures, NOW)
    copies = copied(written, tmp_path / "out", ("ko",))
    assert [path.name.split(".", 1)[1] for path in copies] == ["ko.html", "ko.pdf"]
    assert {path.parent for path in copies} == {tmp_path / "out"}
    assert sorted((tmp_path / "out").iterdir()) == sorted(copies)

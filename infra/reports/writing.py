"""A report, asked and written: a new revision when its figures are new, else the one that is there."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from grafana.reports import KINDS
from grafana.reports.composing import Edition, document
from grafana.reports.page import page
from grafana.reports.report import Figures
from grafana.words import LANGUAGES, Language
from infra.reports.asking import ask
from infra.reports.keeping import as_json, digest, read_figures
from infra.reports.paper import printed
from infra.reports.periods import Asked
from infra.whole_files import whole
from streams.kept_reports import FIGURES, Shelf, folder_name, put_down

FORMS: Final = ("html", "pdf")


class Written(NamedTuple):
    """A revision of a report, and whether it was written now."""

    asked: Asked
    revision: int
    path: Path
    new: bool

    def files(self, languages: Sequence[Language] = LANGUAGES) -> list[Path]:
        """Its pages and papers in these languages."""
        return [self.path / f"{language}.{form}" for language in languages for form in FORMS]


def write_report(client: Any, home: Path, asked: Asked, made_at: datetime, elasticity: float) -> Written:
    """A reader of ClickHouse -> the report's newest revision, written now if its figures are not those kept."""
    figures = ask(client, asked, elasticity)
    return keep(home, asked, figures, made_at)


def keep(home: Path, asked: Asked, figures: Figures, made_at: datetime) -> Written:
    """Figures -> the revision that has them, in both languages, as page and paper."""
    shelf = Shelf(home)
    with shelf.alone(asked.site, asked.kind, asked.period) as folder:
        newest = shelf.newest(asked.site, asked.kind, asked.period)
        edition = Edition(1, told_at(made_at, figures))
        if newest is not None:
            before, before_made_at, known = read_figures(newest.path)
            if known == digest(figures):
                return Written(asked, newest.revision, newest.path, False)
            edition = Edition(
                newest.revision + 1,
                edition.made_at,
                before,
                told_at(datetime.fromisoformat(before_made_at), figures),
            )
        files = rendered(figures, edition, made_at)
        files[FIGURES] = as_json(figures, edition.revision, made_at.isoformat(timespec="seconds"))
        path = put_down(folder, edition.revision, files)
    return Written(asked, edition.revision, path, True)


def rendered(figures: Figures, edition: Edition, made_at: datetime) -> dict[str, bytes]:
    """Figures -> the files of a revision by name."""
    files = {}
    for language in LANGUAGES:
        composed = document(KINDS[figures.kind], figures, language, edition)
        files[f"{language}.html"] = page(composed).encode()
        files[f"{language}.pdf"] = printed(composed, made_at)
    return files


def told_at(moment: datetime, figures: Figures) -> str:
    """An instant as people of the site read it."""
    rows = figures.answers.get("site", ())
    zone = str(rows[0]["time_zone"]) if rows else "Asia/Seoul"
    return moment.astimezone(ZoneInfo(zone or "Asia/Seoul")).strftime("%Y-%m-%d %H:%M")


def copied(written: Written, out: Path, languages: Sequence[Language]) -> list[Path]:
    """The files of a revision -> copies under names of their own in another directory, each whole or not there."""
    out.mkdir(parents=True, exist_ok=True)
    asked = written.asked
    stem = "-".join((folder_name(asked.site), asked.kind, folder_name(asked.period), f"r{written.revision}"))
    copies = []
    for source in written.files(languages):
        target = out / f"{stem}.{source.name}"
        with whole(target) as draft:
            draft.write_bytes(source.read_bytes())
        copies.append(target)
    return copies

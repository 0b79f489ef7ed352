"""headwater report as a person types it, on a ClickHouse that runs, and the reporter's own rounds."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clickhouse.migrate import migrate
from infra.cli import headwater
from infra.local import stack
from infra.local.stack import REPORTER, parts
from infra.reports.always import look
from infra.settings import Settings, as_environment
from streams.kept_reports import Shelf
from tests.infra.conftest import RunningFront, home_at

SITE = "reported"


def report(settings: Settings, *asked: str) -> Result:
    return CliRunner().invoke(headwater, ["report", *asked], env=as_environment(settings))


def test_the_stack_has_a_reporter_unless_it_is_turned_off(tmp_path: Path) -> None:
    settings = home_at(tmp_path)
    assert REPORTER not in [part.name for part in parts(settings)]
    assert REPORTER in [part.name for part in parts(settings.model_copy(update={"reports": True}))]


def test_no_report_is_no_error(tmp_path: Path) -> None:
    found = report(home_at(tmp_path), "list")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "none is written yet" in found.stderr


@pytest.fixture(scope="module")
def recorded(front: RunningFront, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own on the running front, with a site on which little happened in March 2026."""
    writer = stack.writer(front.settings)
    migrate(writer, embedded=True)
    for statement in (
        f"INSERT INTO headwater.site_rows (run, site, name, time_zone, version) VALUES ('live', '{SITE}', '센터', 'Asia/Seoul', 1)",
        (
            "INSERT INTO headwater.funnel_rows (run, site, day, channel, visits, version)"
            f" VALUES ('live', '{SITE}', '2026-03-02', 'direct', 3, 1), ('live', '{SITE}', '2026-03-09', 'maps', 4, 1)"
        ),
        (
            "INSERT INTO headwater.campaign_rows (run, site, campaign, name, channel, starts_on, ends_on, version)"
            f" VALUES ('live', '{SITE}', 'spring', '봄', 'maps', '2026-03-02', '2026-03-15', 1)"
        ),
    ):
        writer.command(statement)
    writer.close()
    return front.settings.model_copy(update={"home": tmp_path_factory.mktemp("reported")})


@pytest.mark.stack
def test_a_report_is_written_once_named_and_listed(recorded: Settings, tmp_path: Path) -> None:
    first = report(recorded, "monthly", "2026-03", "--site", SITE)
    assert first.exit_code == 0, first.output
    paths = [Path(line) for line in first.stdout.splitlines()]
    assert [path.name for path in paths] == ["ko.html", "ko.pdf", "en.html", "en.pdf"]
    assert all(path.stat().st_size > 1000 for path in paths)
    assert "revision 1 is written" in first.stderr
    again = report(recorded, "monthly", "2026-03", "--site", SITE, "--language", "ko", "--out", str(tmp_path))
    assert "revision 1 stays the newest" in again.stderr
    assert [Path(line).name for line in again.stdout.splitlines()] == [
        f"{SITE}-monthly-2026-03-r1.ko.html", f"{SITE}-monthly-2026-03-r1.ko.pdf",
    ]  # fmt: skip
    listed = report(recorded, "list", "--site", SITE).stdout.splitlines()
    assert [line.split("\t")[1:5] for line in listed] == [[SITE, "monthly", "2026-03", "1"]]


@pytest.mark.stack
@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (["monthly", "2026-3", "--site", SITE], 1, "is no month"),
        (["monthly", "2025-01", "--site", SITE], 1, "nothing was recorded"),
        (["quarterly", "2026-01", "--site", SITE], 1, "is no quarter"),
        (["yearly", "26", "--site", SITE], 1, "is no year"),
        (["campaign", "nobody", "--site", SITE], 1, "has no campaign 'nobody'; known: spring"),
        (["monthly", "2026-03", "--site", "nobody's"], 1, "no site"),
        (["before-after", "--site", SITE], 2, "--before"),
        (["before-after", "--tool", "bot", "--on", "2026-03-01", "--site", SITE], 2, "or --on, or --tool"),
        (["before-after", "--tool", "bot", "--site", SITE], 1, "has no tool 'bot' to judge; known: none is defined"),
        (["before-after", "--before", "2026-03-01", "2026-03-08", "--after", "2026-03-05", "2026-03-20", "--site", SITE], 1, "overlap"),
    ],
)  # fmt: skip
def test_what_cannot_be_reported_is_said(recorded: Settings, asked: list[str], code: int, told: str) -> None:
    found = report(recorded, *asked)
    assert found.exit_code == code
    assert told in found.stderr


@pytest.mark.stack
def test_the_reporter_writes_what_is_due_once_a_day(recorded: Settings, tmp_path: Path) -> None:
    settings = recorded.model_copy(update={"home": tmp_path, "report_grace_days": 7})
    settings.run.mkdir(parents=True)
    now = datetime(2026, 3, 22, 3, tzinfo=UTC)

    def round_at(moment: datetime) -> list[tuple[str, str, int]]:
        assert look(settings, lambda: moment)
        return [(one.kind, one.period, one.revision) for one in Shelf(tmp_path).listed() if one.site == SITE]

    assert round_at(now) == []  # the campaign is in its grace, nothing else has ended
    later = [("campaign", "spring", 1)]
    assert round_at(now + timedelta(hours=1)) == []
    assert round_at(now + timedelta(days=1)) == later
    assert json.loads((settings.run / "reports.json").read_text())["days"][SITE] == "2026-03-23"
    april = [*later, ("monthly", "2026-03", 1), ("quarterly", "2026-Q1", 1)]
    assert round_at(datetime(2026, 4, 1, 3, tzinfo=UTC)) == april
    assert round_at(datetime(2026, 4, 2, 3, tzinfo=UTC)) == april  # no figure changed: no revision


@pytest.mark.stack
def test_a_reporter_without_clickhouse_tries_again(recorded: Settings, tmp_path: Path) -> None:
    away = home_at(tmp_path)
    assert not look(away, lambda: datetime(2026, 4, 1, tzinfo=UTC))

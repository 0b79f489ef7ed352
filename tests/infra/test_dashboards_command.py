"""headwater dashboards preview as a person types it, on a ClickHouse that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clickhouse.migrate import migrate
from grafana.boards import BOARDS
from infra.cli import headwater
from infra.local import stack
from infra.settings import as_environment
from tests.infra.conftest import RunningFront, home_at, start_front

pytestmark = pytest.mark.stack


def preview(front: RunningFront, out: Path, *more: str) -> Result:
    asked = ["dashboards", "preview", "--out", str(out), *more]
    return CliRunner().invoke(headwater, asked, env=as_environment(front.settings))


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[RunningFront]:
    """A front with the usual limits: on a busy machine the heaviest panels take longer than the tests' short ones."""
    settings = home_at(tmp_path)
    started = start_front(settings)
    yield RunningFront(settings)
    started.terminate()
    assert started.wait(20) == 0


def test_a_preview_says_what_is_missing_and_else_writes_its_pages(
    patient: RunningFront, tmp_path: Path
) -> None:
    writer = stack.writer(patient.settings)
    migrate(writer, embedded=True)
    unknown = preview(patient, tmp_path, "--site", "nobody")
    assert unknown.exit_code == 1
    assert "no figures yet" in unknown.stderr
    assert preview(patient, tmp_path, "--time-zone", "Mars/Olympus").exit_code == 2
    writer.command(
        "INSERT INTO headwater.funnel_rows (run, site, day, channel, visits, version)"
        " VALUES ('live', 'previewed', '2026-03-02', 'direct', 3, 1)"
    )
    writer.close()
    written = preview(patient, tmp_path, "--site", "previewed", "--language", "ko")
    assert written.exit_code == 0, written.output
    assert written.stdout.splitlines() == [str(tmp_path / "ko" / f"{slug}.html") for slug in BOARDS]
    text = (tmp_path / "ko" / "channels.html").read_text("utf-8")
    assert "2025-12-03 ~ 2026-03-02" in text
    assert 'lang="en"' not in text

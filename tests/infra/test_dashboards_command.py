"""headwater dashboards preview as a person types it, on a ClickHouse that runs."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clickhouse.migrate import migrate
from grafana.boards import BOARDS
from infra.cli import headwater
from infra.local import stack
from infra.settings import as_environment
from tests.infra.conftest import RunningFront

pytestmark = pytest.mark.stack


def preview(front: RunningFront, out: Path, *more: str) -> Result:
    asked = ["dashboards", "preview", "--out", str(out), *more]
    return CliRunner().invoke(headwater, asked, env=as_environment(front.settings))


def test_a_preview_says_what_is_missing_and_else_writes_its_pages(
    front: RunningFront, tmp_path: Path
) -> None:
    writer = stack.writer(front.settings)
    migrate(writer, embedded=True)
    unknown = preview(front, tmp_path, "--site", "nobody")
    assert unknown.exit_code == 1
    assert "no figures yet" in unknown.stderr
    assert preview(front, tmp_path, "--time-zone", "Mars/Olympus").exit_code == 2
    writer.command(
        "INSERT INTO headwater.funnel_rows (run, site, day, channel, visits, version)"
        " VALUES ('live', 'previewed', '2026-03-02', 'direct', 3, 1)"
    )
    writer.close()
    written = preview(front, tmp_path, "--site", "previewed", "--language", "ko")
    assert written.exit_code == 0, written.output
    assert written.stdout.splitlines() == [str(tmp_path / "ko" / f"{slug}.html") for slug in BOARDS]
    text = (tmp_path / "ko" / "channels.html").read_text("utf-8")
    assert "2025-12-03 ~ 2026-03-02" in text
    assert 'lang="en"' not in text

"""What `headwater export` understands of a view's parameters, before anything is asked."""

from pathlib import Path

from click.testing import CliRunner

from infra.cli import headwater
from infra.export import Asked, missing


def test_a_parameter_that_no_view_asks_for_is_refused_and_those_there_are_named(tmp_path: Path) -> None:
    for said in ("moon=full", "by"):
        told = CliRunner().invoke(headwater, ["export", "aarrr", "--out", str(tmp_path), "--parameter", said])
        assert told.exit_code == 2
        assert "by, " in told.output and "sites" in told.output
    assert list(tmp_path.iterdir()) == []


def test_what_a_view_still_lacks_is_known() -> None:
    asked = Asked("center", "live", {"sites": ["center"], "branches": [], "run": "live", "by": "channel"})
    assert missing("aarrr", asked) == ["since", "until"]
    assert missing("people", asked) == missing("leads", asked) == []

"""headwater dashboards push against a Grafana that answers as its API pages say."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grafana.alerts import ALERTS
from grafana.boards import BOARDS
from infra.cli import headwater
from tests.grafana.stand_in import TOKEN, StandIn, grafana

pytestmark = pytest.mark.slow

PASSWORD = "of-the-reader-only"
EVERYTHING = 1 + 2 + 2 * len(BOARDS) + len(ALERTS)


@pytest.fixture
def there() -> Iterator[StandIn]:
    with grafana() as held:
        yield held


@pytest.fixture
def push(there: StandIn, tmp_path: Path) -> "Push":
    return Push(there, tmp_path)


class Push:
    def __init__(self, there: StandIn, folder: Path) -> None:
        self._there = there
        self._token, self._password = folder / "token", folder / "password"
        self._token.write_text(TOKEN + "\n")
        self._password.write_text(PASSWORD + "\n")

    def __call__(self, *more: str, url: str = "", token: str = "") -> Result:
        if token:
            self._token.write_text(token)
        asked = [
            "dashboards", "push", "--url", url or self._there.url, "--token-file", str(self._token),
            "--clickhouse-url", "https://clickhouse.example", "--clickhouse-user", "headwater_grafana_user",
            "--clickhouse-password-file", str(self._password), *more,
        ]  # fmt: skip
        result = CliRunner().invoke(headwater, asked)
        assert TOKEN not in result.output
        assert PASSWORD not in result.output
        return result


def test_the_first_push_makes_everything_and_the_second_nothing(there: StandIn, push: Push) -> None:
    first = push()
    assert first.exit_code == 0, first.output
    assert len(there.writes) == EVERYTHING
    assert there.secrets == {"headwater": {"password": PASSWORD}}
    assert there.sources["headwater"]["jsonData"]["port"] == 8443
    assert {one["meta"]["folderUid"] for one in there.dashboards.values()} == {"headwater-ko", "headwater-en"}
    there.writes.clear()
    second = push()
    assert second.exit_code == 0, second.output
    assert there.writes == []
    assert "0 changed" in second.stderr


def test_a_dry_run_shows_what_would_change_and_writes_nothing(there: StandIn, push: Push) -> None:
    shown = push("--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "create data source headwater" in shown.stdout
    assert "+ password (not shown)" in shown.stdout
    assert there.writes == []
    push()
    panel = there.dashboards["headwater-channels-ko"]["dashboard"]["panels"][1]
    ours, panel["title"] = panel["title"], "somebody's title"
    there.writes.clear()
    shown = push("--dry-run")
    assert there.writes == []
    told = [line for line in shown.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line[0] for line in told] == ["-", "+"]
    assert "somebody's title" in told[0]
    assert ours in told[1]
    assert push().exit_code == 0
    assert there.writes == ["POST /api/dashboards/db"]
    assert (
        panel["title"] != there.dashboards["headwater-channels-ko"]["dashboard"]["panels"][1]["title"] == ours
    )


@pytest.mark.parametrize("at", [1, 3, 17])
def test_a_push_goes_on_where_a_failure_left_it(there: StandIn, push: Push, at: int) -> None:
    there.fail_at = at
    failed = push()
    assert failed.exit_code == 1
    assert "Server Error 500" in failed.stderr
    assert len(there.writes) == at
    there.fail_at, there.writes = None, []
    assert push().exit_code == 0
    assert len(there.writes) == EVERYTHING - (at - 1)
    there.writes = []
    assert push().exit_code == 0
    assert there.writes == []


def test_what_is_not_ours_is_never_touched(there: StandIn, push: Push) -> None:
    push()
    others = {"uid": "sales", "title": "Sales", "tags": [], "version": 3}
    there.dashboards["sales"] = {"dashboard": others, "meta": {"folderUid": ""}}
    there.sources["other"] = {"uid": "other", "name": "other", "type": "prometheus", "jsonData": {}}
    mine = {"uid": "headwater-calls-en", "title": "My calls", "tags": ["mine"], "panels": [], "version": 9}
    there.dashboards["headwater-calls-en"] = {"dashboard": mine, "meta": {"folderUid": "headwater-en"}}
    before = copy.deepcopy((there.sources, there.folders, there.dashboards))
    there.writes.clear()
    refused = push()
    assert refused.exit_code == 1
    assert "headwater did not make ('My calls'" in refused.stderr
    assert there.writes == []
    assert (there.sources, there.folders, there.dashboards) == before


def test_a_data_source_of_somebody_else_is_refused(there: StandIn, push: Push) -> None:
    there.sources["headwater"] = {"uid": "headwater", "name": "x", "type": "prometheus", "jsonData": {}}
    refused = push()
    assert refused.exit_code == 1
    assert "did not make" in refused.stderr
    assert there.writes == []


def test_the_password_is_sent_again_only_when_asked(there: StandIn, push: Push) -> None:
    push()
    there.secrets["headwater"]["password"] = "older"
    assert push().exit_code == 0
    assert there.secrets["headwater"]["password"] == "older"
    assert push("--set-password").exit_code == 0
    assert there.secrets["headwater"]["password"] == PASSWORD


@pytest.mark.parametrize(
    ("version", "taken"), [("11.5.9", False), ("11.6.0", True), ("13.3.1", True), ("", False)]
)
def test_a_grafana_older_than_the_json_is_refused(
    there: StandIn, push: Push, version: str, taken: bool
) -> None:
    there.version = version
    pushed = push("--language", "ko")
    assert (pushed.exit_code == 0) is taken
    assert bool(there.writes) is taken


def test_a_wrong_token_and_a_closed_port_are_said_plainly(there: StandIn, push: Push) -> None:
    nobody = push(url="http://127.0.0.1:9")
    assert nobody.exit_code == 1
    assert "does not answer" in nobody.stderr
    wrong = push(token="glsa_wrong")
    assert wrong.exit_code == 1
    assert "Unauthorized" in wrong.stderr
    assert there.writes == []


def test_one_language_alone_makes_one_folder(there: StandIn, push: Push) -> None:
    push("--language", "en", "--time-zone", "America/New_York")
    assert set(there.folders) == {"headwater-en"}
    assert {one["dashboard"]["timezone"] for one in there.dashboards.values()} == {"America/New_York"}
    assert json.dumps(there.dashboards).count("Asia/Seoul") == 0


def test_alerts_come_with_whom_they_tell_and_a_second_push_changes_nothing(
    there: StandIn, push: Push
) -> None:
    first = push("--contact-email", "desk@clinic.example", "--alerts", "en")
    assert first.exit_code == 0, first.output
    assert "desk@clinic.example" not in first.output
    assert {rule["notification_settings"]["receiver"] for rule in there.rules.values()} == {"headwater"}
    assert there.contacts["headwater-contact"]["settings"] == {"addresses": "desk@clinic.example"}
    assert len(there.rules) == len(ALERTS)
    there.writes.clear()
    assert push("--contact-email", "desk@clinic.example", "--alerts", "en").exit_code == 0
    assert there.writes == []
    assert push("--contact-email", "owner@clinic.example", "--alerts", "en").exit_code == 0
    assert there.writes == ["PUT /api/v1/provisioning/contact-points/headwater-contact"]


def test_without_a_contact_no_contact_point_is_touched_and_alerts_can_be_left_out(
    there: StandIn, push: Push
) -> None:
    assert push("--alerts", "none").exit_code == 0
    assert there.rules == {}
    assert push().exit_code == 0
    assert there.contacts == {}
    assert all("notification_settings" not in rule for rule in there.rules.values())


def test_an_alert_or_contact_point_of_others_is_left_alone(there: StandIn, push: Push) -> None:
    push()
    uid = "headwater-alert-lag-ko"
    there.rules[uid]["labels"] = {}
    refused = push()
    assert refused.exit_code == 1
    assert uid in refused.output and "did not make" in refused.output
    there.rules[uid]["labels"] = {"product": "headwater"}
    there.contacts["x"] = {"uid": "x", "name": "headwater", "type": "slack", "settings": {}}
    refused = push("--contact-webhook", "https://hooks.example/a")
    assert refused.exit_code == 1
    assert "contact point 'headwater' that headwater did not make" in refused.output
    assert there.contacts["x"]["type"] == "slack"


def test_a_push_that_failed_at_an_alert_is_finished_by_the_next(there: StandIn, push: Push) -> None:
    there.fail_at = EVERYTHING - 2
    assert push().exit_code == 1
    there.fail_at = None
    assert push().exit_code == 0
    assert len(there.rules) == len(ALERTS)
    there.rules["headwater-alert-lag-ko"]["for"] = "1h"
    there.writes.clear()
    assert push().exit_code == 0
    assert there.writes == ["PUT /api/v1/provisioning/alert-rules/headwater-alert-lag-ko"]

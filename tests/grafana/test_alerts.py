"""Alert rules: what each is made of, its runbook, and the file that Grafana is provisioned with."""

import re
from pathlib import Path

import orjson
import pytest

from clickhouse.surface import public_views
from grafana.alerts import ALERTS, Alert, alert_uid, rule_json, rules_file
from grafana.board_json import as_bytes
from grafana.boards import BOARDS
from grafana.files import ALERT_RULES
from grafana.words import LANGUAGES
from infra.alerting import Firing

RUNBOOKS = dict(
    re.findall(
        r"### (\w+)\n\n(.+?)(?=\n### |\Z)",
        (Path(__file__).resolve().parents[2] / "docs" / "runbooks.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
)


def test_the_issues_nine_are_there() -> None:
    assert {alert.slug for alert in ALERTS} == {
        "silent_site", "dead_letters_rising", "lag", "audit_old", "numbers_exhausted", "missed_calls",
        "spend_without_inquiry", "budget_overpace", "cac_above_target",
    }  # fmt: skip


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.slug)
def test_every_alert_has_a_runbook_that_says_in_both_languages_what_to_do(alert: Alert) -> None:
    paragraph = RUNBOOKS[alert.slug]
    assert len(paragraph.split()) >= 40
    assert re.search("[가-힣]{2}", paragraph) and paragraph.count(".") >= 3


def test_no_runbook_is_of_no_alert() -> None:
    assert set(RUNBOOKS) == {alert.slug for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.slug)
def test_an_alert_reads_published_views_and_nothing_that_a_person_types(alert: Alert) -> None:
    read = set(re.findall(r"headwater\.(\w+)", alert.sql))
    assert read and read <= set(public_views())
    assert "$" not in alert.sql and "{" not in alert.sql
    assert alert.board in BOARDS
    assert all(alert.title) and all(alert.said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.slug)
def test_a_rule_is_one_query_and_one_threshold(alert: Alert, language: str) -> None:
    rule = rule_json(alert, "ko" if language == "ko" else "en")
    asked, judged = rule["data"]
    assert asked["datasourceUid"] == "headwater"
    assert judged["model"]["conditions"][0]["evaluator"] == {"type": "gt", "params": [alert.above]}
    assert (rule["condition"], judged["model"]["expression"]) == ("B", "A")
    assert len(rule["uid"]) <= 40 and rule["uid"].endswith(f"-{language}")
    assert "{site}" not in rule["annotations"]["summary"] and "{value}" not in rule["annotations"]["summary"]
    assert "notification_settings" not in rule
    assert rule_json(alert, "ko", "headwater")["notification_settings"] == {"receiver": "headwater"}


def test_the_committed_file_is_what_the_rules_say() -> None:
    assert ALERT_RULES.read_bytes() == as_bytes(rules_file("ko"))
    (group,) = orjson.loads(ALERT_RULES.read_bytes())["groups"]
    assert [rule["uid"] for rule in group["rules"]] == [alert_uid(alert, "ko") for alert in ALERTS]


def test_a_firing_alert_says_for_whom_and_how_much() -> None:
    spend = next(alert for alert in ALERTS if alert.slug == "spend_without_inquiry")
    one = Firing(spend, {"site": "clinic", "channel": "flyers"}, 300_000.0)
    assert one.said_in("en") == "clinic flyers: 300,000 won in 30 days and no inquiry."
    missed = next(alert for alert in ALERTS if alert.slug == "missed_calls")
    assert (
        Firing(missed, {"site": "clinic"}, 0.254).said_in("ko")
        == "clinic: 최근 이레 동안 놓친 비율이 0.25입니다."
    )
    lag = next(alert for alert in ALERTS if alert.slug == "lag")
    assert Firing(lag, {}, None).said_in("en") == "The worker lags (–)"

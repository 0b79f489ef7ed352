"""What somebody should be told of without looking: alert rules once, for Grafana and for `headwater alerts`.

A rule's SQL gives a row for each candidate: texts that name it, and `value`, the only number. It fires where the value
is above the limit. Views only, no macro: an alert knows no period and no chosen site.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from grafana.board_json import DATA_SOURCE, TAG, query, uid_of
from grafana.words import Language, Text

Json = dict[str, Any]
Severity = Literal["now", "today"]

RUNBOOKS: Final = "docs/runbooks.md"
GROUP: Final = "headwater"
EVERY: Final = "1m"
FOLDER: Final[Mapping[Language, str]] = {"ko": "headwater-ko", "en": "headwater-en"}
FOLDER_TITLE: Final[Mapping[Language, str]] = {"ko": "Headwater 한국어", "en": "Headwater English"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule: fires where `value` stays above `above` for so many minutes; `silence_fires` when there is no row."""

    slug: str
    title: Text
    said: Text
    sql: str
    above: float
    minutes: int
    severity: Severity
    board: str
    silence_fires: bool = False


SILENT_SITE: Final = Alert(
    "silent_site",
    Text("영업시간인데 아무것도 들어오지 않음", "Open, and no events"),
    Text("{site}: 영업시간으로 두 시간 넘게 이벤트가 없습니다.", "{site}: no event for two opening hours."),
    """
SELECT label AS site, argMax(pipeline.value, at) AS value
FROM headwater.pipeline
WHERE name = 'open_minutes_silent' AND at > now() - INTERVAL 15 MINUTE
GROUP BY site
""",
    120, 0, "now", "pipeline",
)  # fmt: skip
DEAD_LETTERS_RISING: Final = Alert(
    "dead_letters_rising",
    Text("쓰지 못한 이벤트가 늘어남", "Dead letters rising"),
    Text("{site}: 한 시간에 {value}건, 평소의 세 배가 넘습니다.", "{site}: {value} in an hour, over three times the usual."),
    """
SELECT toString(site) AS site, countIf(failed_at > now() - INTERVAL 1 HOUR) AS value
FROM headwater.dead_letters
WHERE failed_at > now() - INTERVAL 25 HOUR
GROUP BY site
HAVING value > 3 * (count() - value) / 24
""",
    10, 0, "today", "pipeline",
)  # fmt: skip
LAG: Final = Alert(
    "lag",
    Text("워커가 뒤처짐", "The worker lags"),
    Text("기록에서 {value}건이 아직 계산되지 않았습니다.", "{value} events of the log are not computed yet."),
    """
SELECT argMax(pipeline.value, at) AS value
FROM headwater.pipeline
WHERE name = 'lag_events_total' AND at > now() - INTERVAL 15 MINUTE
HAVING count() > 0
""",
    10_000, 10, "now", "pipeline", silence_fires=True,
)  # fmt: skip
AUDIT_OLD: Final = Alert(
    "audit_old",
    Text("감사가 하루 넘게 없음", "No clean audit for a day"),
    Text("마지막으로 깨끗했던 감사가 {value}초 전입니다.", "The last clean audit was {value} seconds ago."),
    """
SELECT dateDiff('second', clean_at, now()) AS value
FROM
(
    SELECT if(
        count() > 0, minOrNull(audited_at),
        (SELECT minOrNull(toDateTime(at, 'UTC')) FROM headwater.pipeline WHERE name = 'lag_events_total')
    ) AS clean_at
    FROM
    (
        SELECT partition, toDateTime(maxIf(finished_at, differences = repaired), 'UTC') AS audited_at
        FROM headwater.audits GROUP BY partition
    )
)
WHERE clean_at IS NOT NULL
""",
    86_400, 0, "today", "pipeline",
)  # fmt: skip
NUMBERS_EXHAUSTED: Final = Alert(
    "numbers_exhausted",
    Text("추적 번호가 모자람", "Tracking numbers used up"),
    Text("{pool}: 최근 한 시간에 {value}번 번호가 모자랐습니다.", "{pool}: no number left {value} times in the last hour."),
    """
SELECT label AS pool, max(pipeline.value) - min(pipeline.value) AS value
FROM headwater.pipeline
WHERE name = 'numbers_exhausted_total' AND at > now() - INTERVAL 1 HOUR
GROUP BY pool
""",
    0, 0, "today", "calls",
)  # fmt: skip
MISSED_CALLS: Final = Alert(
    "missed_calls",
    Text("놓친 전화가 많음", "Many missed calls"),
    Text("{site}: 최근 이레 동안 놓친 비율이 {value}입니다.", "{site}: share missed in the last seven days {value}."),
    """
SELECT toString(site) AS site, countIf(outcome != 'answered') / count() AS value
FROM headwater.calls
WHERE run = 'live' AND counted AND started_at > now() - INTERVAL 7 DAY
GROUP BY site
HAVING count() >= 10
""",
    0.2, 0, "today", "calls",
)  # fmt: skip
_CHANNELS_OF_LATE: Final = """
    SELECT site, channel, sum(spent) AS spend, sum(asked) AS inquiries, sum(came) / 1e9 AS registrations
    FROM
    (
        SELECT site, channel, amount AS spent, 0 AS asked, 0 AS came
        FROM headwater.spend_daily
        WHERE run = 'live' AND kind IN ('media', 'agency', 'staff', 'reward') AND day > today() - {days} AND day <= today()
        UNION ALL
        SELECT site, channel, 0, inquiries_parts, registrations_parts
        FROM headwater.channel_funnel_daily
        WHERE run = 'live' AND model = 'last' AND day > today() - {days} AND day <= today()
    )
    GROUP BY site, channel
"""
SPEND_WITHOUT_INQUIRY: Final = Alert(
    "spend_without_inquiry",
    Text("비용만 나가고 문의가 없음", "Spend without any inquiry"),
    Text("{site} {channel}: 최근 30일에 {value}원을 쓰고 문의가 없습니다.", "{site} {channel}: {value} won in 30 days and no inquiry."),
    f"""
SELECT toString(site) AS site, toString(channel) AS channel, spend AS value
FROM
({_CHANNELS_OF_LATE.format(days=30)})
WHERE spend > 0 AND inquiries = 0
""",
    0, 0, "today", "channels",
)  # fmt: skip
BUDGET_OVERPACE: Final = Alert(
    "budget_overpace",
    Text("예산이 기간보다 빨리 나감", "Budget spent too fast"),
    Text("{site} {campaign}: 지난 기간에 비해 {value}배로 쓰고 있습니다.", "{site} {campaign}: {value} times the pace of its period."),
    """
SELECT toString(site) AS site, toString(campaign) AS campaign,
    spent / budget / ((today() - starts_on + 1) / (ends_on - starts_on + 1)) AS value
FROM
(
    SELECT site, campaign, budget, starts_on, ends_on
    FROM headwater.campaign_windows
    WHERE run = 'live' AND model = 'last' AND budget > 0 AND starts_on <= today() AND ends_on >= today()
) AS running
INNER JOIN
(
    SELECT site, campaign, sum(amount) AS spent FROM headwater.spend_daily
    WHERE run = 'live' AND campaign != '' AND day <= today() GROUP BY site, campaign
) AS paid USING (site, campaign)
""",
    1.2, 0, "today", "campaigns",
)  # fmt: skip
CAC_ABOVE_TARGET: Final = Alert(
    "cac_above_target",
    Text("등록 비용이 목표보다 높음", "CAC above its target"),
    Text("{site} {channel}: 최근 90일의 등록 비용이 목표의 {value}배입니다.", "{site} {channel}: CAC of 90 days is {value} times the target."),
    f"""
SELECT toString(site) AS site, toString(channel) AS channel, spend / registrations / target AS value
FROM
({_CHANNELS_OF_LATE.format(days=90)}) AS late
INNER JOIN
(SELECT site, cac_target AS target FROM headwater.sites WHERE run = 'live' AND cac_target > 0) AS wanted USING (site)
WHERE spend > 0 AND registrations >= 3
""",
    1, 0, "today", "channels",
)  # fmt: skip

ALERTS: Final = (
    SILENT_SITE, DEAD_LETTERS_RISING, LAG, AUDIT_OLD, NUMBERS_EXHAUSTED, MISSED_CALLS, SPEND_WITHOUT_INQUIRY,
    BUDGET_OVERPACE, CAC_ABOVE_TARGET,
)  # fmt: skip


def alert_uid(alert: Alert, language: Language) -> str:
    """An alert -> the uid of its rule, the same in every Grafana."""
    return uid_of(f"alert-{alert.slug.replace('_', '-')}", language)


def rule_json(alert: Alert, language: Language, receiver: str = "") -> Json:
    """An alert -> the rule as Grafana's provisioning API takes it; with a receiver it goes there by itself."""
    summary = alert.said.said_in(language)
    for name in ("site", "channel", "campaign", "pool"):
        summary = summary.replace(f"{{{name}}}", f"{{{{ $labels.{name} }}}}")
    rule: Json = {
        "uid": alert_uid(alert, language),
        "title": alert.title.said_in(language),
        "ruleGroup": GROUP,
        "folderUID": FOLDER[language],
        "orgID": 1,
        "condition": "B",
        "for": f"{alert.minutes}m",
        "noDataState": "Alerting" if alert.silence_fires else "OK",
        "execErrState": "Error",
        "isPaused": False,
        "labels": {"product": TAG, "severity": alert.severity},
        "annotations": {
            "summary": summary.replace("{value}", "{{ $values.A.Value }}"),
            "runbook": f"{RUNBOOKS}#{alert.slug}",
            "__dashboardUid__": uid_of(alert.board, language),
        },
        "data": [
            {
                "refId": "A",
                "queryType": "",
                "relativeTimeRange": {"from": 600, "to": 0},
                "datasourceUid": DATA_SOURCE["uid"],
                "model": {"refId": "A", "datasource": DATA_SOURCE, **query(alert.sql, 1)},
            },
            {
                "refId": "B",
                "queryType": "",
                "relativeTimeRange": {"from": 0, "to": 0},
                "datasourceUid": "__expr__",
                "model": {
                    "refId": "B",
                    "type": "threshold",
                    "expression": "A",
                    "datasource": {"type": "__expr__", "uid": "__expr__"},
                    "conditions": [{"evaluator": {"type": "gt", "params": [alert.above]}}],
                },
            },
        ],
    }
    return rule | ({"notification_settings": {"receiver": receiver}} if receiver else {})


def rules_file(language: Language) -> Json:
    """Every alert -> the file that Grafana's file provisioning reads."""
    rules = [
        {
            name: value
            for name, value in rule_json(alert, language).items()
            if name not in ("ruleGroup", "folderUID", "orgID")
        }
        for alert in ALERTS
    ]
    group = {"orgId": 1, "name": GROUP, "folder": FOLDER_TITLE[language], "interval": EVERY, "rules": rules}
    return {"apiVersion": 1, "groups": [group]}

"""A number is shown, the telephone rings, the CRM registers: signed requests, a killed collector, replays, ClickHouse."""

import http.client
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local import processes, stack
from infra.settings import Settings
from streams.collectors.keys import KeyKind, KeyRing
from streams.collectors.signatures import Webhooks, signed
from tests.path.conftest import headwater

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SITE, PAGE = "phone-path", "https://www.phone-path.kr"
BROWSER = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
REPLAYS = 250  # of each of four captured requests: a thousand in all
CATALOG = f"""
- {{site: {SITE}, kind: site, time_zone: Asia/Seoul}}
- {{site: {SITE}, kind: tracking_number, number: 070-1234-0001, assignments: [{{id: a, channel: paid_search, pool: web}}]}}
- {{site: {SITE}, kind: tracking_number, number: 070-1234-0002, assignments: [{{id: b, channel: flyer, campaign: spring}}]}}
"""
Request = tuple[str, bytes, dict[str, str]]


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for a condition, which is the only way this test waits."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


class Outside:
    """Who speaks to the collector: a visitor's page, a telephone system and a CRM."""

    def __init__(self, home: Settings, folder: Path) -> None:
        """Keys and sources of a site of its own."""
        self.home = home
        path = folder / "catalog.yaml"
        path.write_text(CATALOG, encoding="utf-8")
        done = headwater(home, "define", str(path))
        assert done.returncode == 0, done.stderr
        now = datetime.now(UTC)
        self.key = KeyRing(home.home).create(KeyKind.BROWSER, now=now, sites=[SITE], origins=[PAGE])[1]
        sources = Webhooks(home.home)
        self.secrets = {
            "exchange": sources.create(SITE, "exchange", "calls", now=now)[2],
            "crm": sources.create(SITE, "crm", "crm", now=now)[2],
        }

    def sent(self, connection: http.client.HTTPConnection, request: Request) -> tuple[int, dict[str, Any]]:
        """A request as it is -> status and answer."""
        path, body, headers = request
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def send(self, request: Request) -> dict[str, Any]:
        """A request on a connection of its own -> its answer, which is good."""
        connection = http.client.HTTPConnection("127.0.0.1", self.home.collector_port, timeout=30)
        try:
            status, answer = self.sent(connection, request)
        finally:
            connection.close()
        assert status in (200, 202), answer
        return answer

    def page(self, path: str, value: Any) -> Request:
        """What the script on the page sends."""
        headers = {"Content-Type": "text/plain", "Origin": PAGE, "User-Agent": BROWSER, "Accept": "*/*"}
        return f"{path}?key={self.key}", json.dumps(value).encode(), {**headers, "Accept-Language": "ko"}

    def hook(self, source: str, message_id: str, value: Any) -> Request:
        """What a system posts, signed now."""
        body = json.dumps(value).encode()
        return (
            f"/hooks/{SITE}/{source}",
            body,
            signed(self.secrets[source], message_id, datetime.now(UTC), body),
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a reader is told."""
        done = headwater(self.home, "sql", "--format", "json", sql.replace("SITE", f"'{SITE}'"))
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["data"]
        return found


def test_a_call_on_a_shown_number_is_the_visitors_and_replays_count_once(
    home: Settings, tmp_path: Path
) -> None:
    outside = Outside(home, tmp_path)
    now = datetime.now(UTC)
    landed = {
        "type": "visit_seen", "event_id": "v-1-landed", "site": SITE, "visitor_id": "v-1",
        "occurred_at": now.isoformat(), "url": f"{PAGE}/?utm_source=naver&utm_medium=cpc&utm_campaign=autumn",
    }  # fmt: skip
    outside.send(outside.page("/v1/events", landed))
    asked = outside.page("/v1/number", {"site": SITE, "visitor_id": "v-1", "url": PAGE})
    until(lambda: outside.send(asked)["number"] is not None)  # the collector follows the catalog
    shown = outside.send(asked)
    assert (shown["number"], shown["display"]) == ("+827012340001", "070-1234-0001")

    began = datetime.now(UTC)
    times = {
        "started_at": began.isoformat(),
        "answered_at": (began + timedelta(seconds=7)).isoformat(),
        "ended_at": (began + timedelta(seconds=67)).isoformat(),
    }
    joined = {
        "call_id": "pc-1",
        "status": "completed",
        "from": "010-8642-7531",
        "to": shown["display"],
        **times,
    }
    captured = [
        outside.hook("exchange", "m-1", joined),
        outside.hook("exchange", "m-2", {**joined, "call_id": "pc-2", "from": "anonymous", "to": "07012340002"}),
        outside.hook("crm", "m-3", {"type": "status_changed", "lead_id": "L-1", "phone": "01086427531",
                                    "stage": "registration", "occurred_at": (began + timedelta(hours=1)).isoformat()}),
        outside.hook("crm", "m-4", {"type": "payment_received", "lead_id": "L-1", "amount": 850_000}),
    ]  # fmt: skip
    first = [outside.send(request)["accepted"] for request in captured]
    assert all(len(accepted) == 1 for accepted in first)

    collector = processes.running("collector", home.home)
    assert collector is not None
    collector.kill()
    until(
        lambda: (
            processes.running("collector", home.home) not in (None, collector) and stack.collector_ready(home)
        )
    )

    connection = http.client.HTTPConnection("127.0.0.1", home.collector_port, timeout=30)
    statuses = set()
    for turn in range(REPLAYS):
        for request, accepted in zip(captured, first, strict=True):
            status, answer = outside.sent(connection, request)
            statuses.add(status)
            if status == 202:
                assert [*answer["accepted"], *answer["duplicate"]] == accepted, turn
    connection.close()
    assert statuses == {202}
    outside.send(outside.hook("exchange", "m-9", {**joined, "status": "ringing"}))  # late

    done = headwater(home, "wait", "--timeout", "90")
    assert done.returncode == 0, done.stderr
    calls = outside.rows(
        "SELECT call_id, number, outcome, talk_seconds, wait_seconds, channel, campaign, visitor_id, probable, counted"
        " FROM headwater.calls WHERE site = SITE AND run = 'live' ORDER BY call_id"
    )
    assert [tuple(row.values()) for row in calls] == [
        ("pc-1", "+827012340001", "answered", 60, 7, "paid_search", "autumn", "v-1", 0, 1),
        ("pc-2", "+827012340002", "answered", 60, 7, "flyer", "spring", "", 0, 1),
    ]
    (paid,) = outside.rows(
        "SELECT count() AS n, sum(amount) AS won FROM headwater.payments WHERE site = SITE AND run = 'live'"
    )
    assert (int(paid["n"]), int(paid["won"])) == (1, 850_000)
    credited = outside.rows(
        "SELECT DISTINCT channel FROM headwater.credits WHERE site = SITE AND run = 'live' AND stage = 'registration'"
        " AND model = 'last'"
    )
    assert [row["channel"] for row in credited] == ["paid_search"]  # the visit's, through the call's number
    archived = outside.rows(
        "SELECT count() AS n, countIf(position(payload, '86427531') > 0) AS plain FROM headwater.events WHERE site = SITE"
    )
    assert (int(archived[0]["n"]), int(archived[0]["plain"])) == (6, 0)

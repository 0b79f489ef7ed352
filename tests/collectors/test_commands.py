"""`headwater emit`, `define`, `keys` and `collector` as a person runs them, on a real broker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.commands.define import BadYaml, define, read_entries
from infra.commands.emit import emit
from infra.commands.keys import keys
from infra.settings import as_environment
from schemas.reading import read_entry
from streams.collectors.keys import KeyRing
from streams.collectors.privacy import Pseudonyms
from tests.collectors.conftest import Broker, Door, until
from tests.collectors.test_http import visit
from tests.ports import free_port

SITE = """
# one site, its channels and numbers
kind: site
id: clinic-{n}
call_inquiries: off
opening_hours: {{mon: [09:30-18:00]}}
holidays: [2026-01-01]
shared_identifiers: ["02-555-1234", {{email: Desk@Clinic.kr}}]
---
- {{site: clinic-{n}, kind: channel, id: naver_place, channel_kind: maps}}
- site: clinic-{n}
  kind: tracking_number
  number: 0212345670
  assignments:
    - {{id: spring, from: 2026-01-01, to: 2026-03-31, channel: flyer}}
    - {{id: summer, from: 2026-04-01, channel: bus}}
- site: clinic-{n}
  kind: tracking_number
  number: 15771577
"""


@pytest.fixture
def run(door: Door, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command against the door and the broker of these tests."""
    environment = {
        "HEADWATER_HOME": str(door.home),
        "HEADWATER_COLLECTOR_PORT": str(door.port),
        "HEADWATER_BROKERS": broker.settings.bootstrap,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def runs(command: Any, *arguments: str, given: bytes = b"") -> Result:
        return CliRunner().invoke(command, arguments, input=given)

    return runs


@pytest.mark.stack
def test_emit_sends_every_line_and_names_the_refused_ones(run: Any, broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    good = [visit() for _ in range(1203)]
    lines = [json.dumps(one) for one in good]
    lines[700:700] = ["", "{half", json.dumps(visit(phone="nobody", typ="x"))]
    file.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    result = run(emit, str(file))
    assert result.exit_code == 1
    told = result.stderr.splitlines()
    assert told[0].startswith("line 702: the body: found ")
    assert told[1].startswith(
        "line 703: phone: found 6 characters that are none; right would be a number like"
    )
    assert told[2].startswith("line 703: typ: found an unknown field")
    assert told[-1] == "1203 accepted, 0 known already, 2 refused"
    stored = {value["event_id"] for value in broker.values("headwater.events")}
    assert {one["event_id"] for one in good} <= stored
    again = run(emit, "-", given=json.dumps(good[0]).encode())
    assert (again.exit_code, again.stderr) == (0, "0 accepted, 1 known already, 0 refused\n")


@pytest.mark.stack
def test_emit_without_a_collector_says_so(run: Any) -> None:
    result = run(emit, "-", "--collector", f"http://127.0.0.1:{free_port()}", "--timeout", "0.1", given=b"{}")
    assert result.exit_code == 1
    assert "no answer" in result.stderr and "headwater up" in result.stderr


@pytest.mark.stack
def test_emit_never_sends_the_admin_key_in_the_clear(run: Any) -> None:
    assert run(emit, "-", "--collector", "http://example.kr", given=b"{}").exit_code == 2


@pytest.mark.stack
def test_define_appends_every_entry_keyed_and_normalised(
    run: Any, door: Door, broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(SITE.format(n="one"), encoding="utf-8")
    result = run(define, str(file))
    assert (result.exit_code, result.stderr) == (0, "4 defined\n")
    assert result.stdout.splitlines() == [
        "clinic-one site clinic-one",
        "clinic-one channel naver_place",
        "clinic-one tracking_number +82212345670",
        "clinic-one tracking_number +8215771577",
    ]
    stored = [read_entry(value) for _, value in broker.records("headwater.catalog") if b"clinic-one" in value]
    assert [entry.id for entry in stored] == ["clinic-one", "naver_place", "+82212345670", "+8215771577"]
    shared = stored[0].model_dump()["shared_identifiers"]
    pseudonyms = Pseudonyms(door.home)
    assert shared == [
        {"phone": pseudonyms.of("clinic-one", "+8225551234")[0]},
        {"email": pseudonyms.of("clinic-one", "desk@clinic.kr")[0]},
    ]


@pytest.mark.stack
def test_define_writes_nothing_when_anything_is_wrong(run: Any, broker: Broker, tmp_path: Path) -> None:
    before = len(broker.values("headwater.catalog"))
    file = tmp_path / "catalog.yaml"
    wrong = SITE.format(n="two").replace("2026-03-31", "2026-04-02").replace("channel_kind", "chanel_kind")
    file.write_text(wrong, encoding="utf-8")
    result = run(define, str(file))
    assert result.exit_code == 1
    assert "'spring' and 'summer' hold on the same day" in result.stderr
    assert "entry 3 (tracking_number" in result.stderr
    assert "chanel_kind: found an unknown field; right would be channel_kind" in result.stderr
    assert len(broker.values("headwater.catalog")) == before


@pytest.mark.stack
def test_define_names_both_of_two_entries_that_are_one(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("[{site: a, kind: channel, id: x}, {site: a, kind: channel, id: x, free: true}]")
    result = run(define, str(file))
    assert result.exit_code == 1
    assert (
        "entry 2 (channel x): id: found the same site, kind, id and defined_at as entry 1 (channel x)"
        in result.stderr
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no entry"),
        (b"# only a comment", "no entry"),
        (b"a: [1", "line"),
        (b"a: 1\na: 2", "'a' twice"),
        (b"a: &x [1]\nb: *x", "line 2: found an alias"),
        (b"a: !!python/object/apply:os.system ['true']", "line 1"),
        (b"a: \xff", "not UTF-8"),
        (b"a: " + b"[" * 3000, "not YAML"),
        (b"? [a]\n: 1", "not YAML"),
    ],
)
def test_yaml_that_is_not_read_is_refused_with_its_line(content: bytes, told: str) -> None:
    with pytest.raises(BadYaml, match=told):
        read_entries(content)


def test_yaml_is_read_as_people_mean_it() -> None:
    (body,) = read_entries(
        b"{a: off, b: 09:30, c: 2026-01-01, d: 0101234, e: 12, f: 1.5, g: true, h: null, i: +82}"
    )
    texts = {"a": "off", "b": "09:30", "c": "2026-01-01", "d": "0101234", "i": "+82"}
    assert body == {**texts, "e": 12, "f": 1.5, "g": True, "h": None}


@pytest.mark.stack
def test_keys_are_made_listed_and_revoked(run: Any, door: Door) -> None:
    made = run(keys, "create", "--kind", "browser", "--site", "clinic", "--origin", "https://clinic.kr")
    text = made.stdout.strip()
    assert made.exit_code == 0 and KeyRing(door.home).find(text)
    listed = json.loads(run(keys, "list", "--format", "json").stdout)
    (mine,) = [row for row in listed if row["id"] == text.split("_")[1]]
    assert text not in json.dumps(listed)
    assert mine["origins"] == ["https://clinic.kr"]
    assert run(keys, "revoke", mine["id"]).exit_code == 0
    assert KeyRing(door.home).find(text) is None
    assert run(keys, "revoke", "nobody").exit_code == 1
    assert run(keys, "create", "--kind", "browser", "--site", "*").exit_code == 2
    assert "revoked" in run(keys, "list").stdout


@pytest.mark.stack
def test_the_collector_command_ends_on_sigterm_with_nothing_lost(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **os.environ,
        **as_environment(broker.settings),
        "HEADWATER_HOME": str(tmp_path),
        "HEADWATER_COLLECTOR_PORT": str(port),
    }
    program = "from infra.commands.collector import collector; collector()"
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE)
    try:
        events = [visit() for _ in range(100)]
        sent = subprocess.run(
            [sys.executable, "-c", "from infra.commands.emit import emit; emit()", "-"],
            env=environment,
            input="\n".join(map(json.dumps, events)).encode(),
            stderr=subprocess.PIPE,
            timeout=90,
            check=False,
        )
        assert sent.returncode == 0, sent.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 0, told
    assert "collector stopped" in told and "Traceback" not in told
    stored = {value["event_id"] for value in broker.values("headwater.events")}
    until(lambda: {event["event_id"] for event in events} <= stored)

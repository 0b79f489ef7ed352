"""headwater runs: listed, shown, compared and dropped, for people and programs."""

import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.cli import headwater
from infra.live import live_label
from infra.local import stack
from infra.runs import digest_of
from infra.settings import as_environment
from streams.replay.ledger import Ledger
from tests.clickhouse.store import put
from tests.infra.conftest import RunningFront
from tests.runs.conftest import ENTRY, HOSTILE, NINE, conversion

pytestmark = pytest.mark.stack


def ask(front: RunningFront, *arguments: str, command: str = "runs") -> Result:
    """`headwater runs` with these arguments."""
    environment = {**as_environment(front.settings), "LANG": "C", "LC_ALL": ""}
    return CliRunner().invoke(headwater, [command, *arguments], env=environment)


def told(front: RunningFront, *arguments: str) -> Any:
    """What it prints as JSON."""
    answered = ask(front, *arguments, "--format", "json")
    assert (answered.exit_code, answered.stderr) == (0, "")
    return json.loads(answered.stdout, parse_constant=lambda word: pytest.fail(word))


def test_every_run_is_listed_with_what_it_was_made_of(filled: RunningFront) -> None:
    live, *replays = told(filled)
    assert (live["run"], live["settings"], live["digest"], live["status"]) == ("live", {}, None, "running")
    assert [run["run"] for run in replays] == ["narrow", "wide"]
    assert {name: replays[1][name] for name in ("settings", "catalog_hash", "code_version", "event_count", "seconds")} == {
        "settings": {"window_days": 90, "rules": [{}, {}]}, "catalog_hash": "f" * 64, "code_version": "0.1+abc",
        "event_count": 200, "seconds": 75.4,
    }  # fmt: skip
    assert replays[1]["offsets"]["events"] == {"0": [0, 120, "ab"], "1": [0, 80, "cd"]}
    assert (replays[1]["started_at"], replays[1]["digest"]) == ("2026-03-02T09:00:00Z", "d" * 64)
    line = next(line for line in ask(filled).stdout.splitlines() if line.startswith("wide"))
    for words in (
        "window_days 90; rules 2 entries",
        "1 min 15 s",
        "events 200 · catalog 3",
        "f" * 12,
        "d" * 12,
    ):
        assert words in line


def test_one_run_is_shown_with_the_catalog_that_counted(filled: RunningFront) -> None:
    shown = told(filled, "show", "wide")
    assert shown["catalog"] == [json.loads(ENTRY)]
    table = ask(filled, "show", "wide").stdout
    assert "catalog: 1" in table and "\x1b" not in table
    client = stack.writer(filled.settings)
    assert told(filled, "show", "live")["digest"] == digest_of(client, live_label(client))
    client.close()


def test_the_difference_is_by_channel_and_stage(filled: RunningFront) -> None:
    found = told(
        filled, "diff", "narrow", "wide", "--site", "clinic", "--since", "2026-03-01", "--until", "2026-03-31"
    )
    channels = {one["channel"]: one for one in found["channels"]}
    blog = channels["blog"]
    assert blog["stages"]["registration"] == {
        "credits": {"a": 2.0, "b": 1.5, "difference": -0.5},
        "revenue": {"a": 900_500, "b": 450_500, "difference": -450_000},
        "cash": {"a": 900_500, "b": 450_500, "difference": -450_000},
    }
    assert blog["cac"] == {"a": 150_000.0, "b": 200_000.0, "difference": 50_000.0}
    assert blog["roi"]["b"] == pytest.approx(0.5016667)
    assert blog["action"] == {"a": "keep", "b": "stop"}
    assert channels["email"]["roi"] == {"a": None, "b": None, "difference": None}
    assert not channels["unattributed"]["differs"] and blog["differs"]


def test_the_conversions_that_moved_come_largest_first(filled: RunningFront) -> None:
    found = told(filled, "diff", "narrow", "wide")
    assert [(one["conversion_id"], one["change"], one["amount_moved"], one["credit_moved"]) for one in found["conversions"]] == [
        ("moved:registration", "moved", 450_000, 0.5),
        ("refunded:registration", "moved", 3_000, 0.0),
        ("gone:registration", "disappeared", 70, 1.0),
        ("come=1\x1b:registration", "appeared", 60, 1.0),
    ]  # fmt: skip
    assert {share["channel"]: share["credits"]["difference"] for share in found["conversions"][0]["channels"]} == {
        "blog": -0.5, "email": 0.5,
    }  # fmt: skip
    assert found["conversions_moved"] == 4
    assert len(told(filled, "diff", "narrow", "wide", "--limit", "1")["conversions"]) == 1
    assert told(filled, "diff", "narrow", "wide", "--since", "2026-03-03")["conversions"] == []
    assert told(filled, "diff", "wide", "wide")["conversions_moved"] == 0


def test_people_read_it_in_both_languages_and_no_text_moves_their_terminal(filled: RunningFront) -> None:
    english = ask(filled, "diff", "narrow", "wide").stdout
    blog = next(line for line in english.splitlines() if " blog " in line)
    for words in (
        "2 → 1.5 (-0.5)",
        "900,500 → 450,500 (-450,000)",
        "150,000 → 200,000 (+50,000)",
        "keep → stop",
    ):
        assert words in blog
    assert "4 conversions moved" in english and "window_days 7" in english
    assert "headwater explain CONVERSION --site SITE --run wide" in english
    korean = ask(filled, "diff", "narrow", "wide", "--language", "ko").stdout
    assert "전환 4건이 움직였습니다" in korean and "이메일" in korean
    assert "\x1b" not in english + korean and HOSTILE.replace("\x1b", "\ufffd") in english


def test_the_csv_has_a_line_a_channel_and_stage_and_one_a_share_that_moved(filled: RunningFront) -> None:
    rows = list(csv.DictReader(io.StringIO(ask(filled, "diff", "narrow", "wide", "--format", "csv").stdout)))
    assert all(None not in row and None not in row.values() for row in rows)
    blog = [
        row for row in rows if (row["channel"], row["conversion_id"], row["site"]) == ("blog", "", "clinic")
    ]
    assert [(row["stage"], row["credits_difference"], row["cac_b"]) for row in blog] == [
        ("registration", "-0.5", ""), ("", "", "200000.0"),
    ]  # fmt: skip
    moved = [row for row in rows if row["conversion_id"] == "moved:registration"]
    assert {row["channel"]: row["cash_difference"] for row in moved} == {"blog": "-450000", "email": "450000"}
    assert "'=1+1" in {row["channel"] for row in rows}  # click leaves out what moves a cursor


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "widest"], "no run 'widest'; known: live, narrow, wide"),
        (["diff", "narrow", "widest"], "no run 'widest'"),
        (["diff", "narrow", "wide", "--model", "markov"], "does not have the model 'markov'; known: first, last"),
        (["drop", "widest"], "no run 'widest'"),
        (["drop", "live"], "live itself is never dropped"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_refused_and_named(filled: RunningFront, arguments: list[str], words: str) -> None:
    refused = ask(filled, *arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert words in refused.stderr


def test_the_scoreboard_refuses_a_model_that_the_run_does_not_have(filled: RunningFront) -> None:
    period = ("--site", "clinic", "--since", "2026-03-01", "--until", "2026-03-31", "--run", "wide")
    assert (
        json.loads(ask(filled, *period, "--format", "json", command="scoreboard").stdout)[0]["channel"]
        == "blog"
    )
    refused = ask(filled, *period, "--model", "markov", command="scoreboard")
    assert refused.exit_code == 1
    assert "run 'wide' does not have the model 'markov'; known: first, last" in refused.stderr


def test_a_dropped_run_is_gone_and_its_name_free_even_if_it_was_cut_short(filled: RunningFront) -> None:
    client = stack.writer(filled.settings)
    put(client, "conversion_rows", [conversion("brief", "a", ("blog", 10**9, 1))], done=False)
    put(client, "run_part_rows", [{"run": "brief", "partition": 0, "bucket": 0, "buckets": 1}])
    wide = Ledger(client).run("wide")
    assert wide is not None
    Ledger(client).write(
        wide._replace(run="brief", status="dropping"), now_us=1
    )  # a drop that was cut short here
    before = digest_of(client, "wide")
    assert ask(filled, "drop", "brief").exit_code == 0
    for table in ("conversion_rows", "run_part_rows"):
        assert client.query(f"SELECT count() FROM headwater.{table} WHERE run = 'brief'").result_rows == [
            (0,)
        ]
    assert Ledger(client).run("brief") is None
    assert [run["run"] for run in told(filled)] == ["live", "narrow", "wide"]
    assert digest_of(client, "wide") == before
    client.close()


def test_a_reader_cannot_go_round_what_may_be_seen(filled: RunningFront) -> None:
    for view in ("newest_touch_rows", "visible_runs", "fates"):
        refused = ask(filled, f"SELECT count() FROM headwater.{view}", command="sql")
        assert refused.exit_code == 1 and "is private" in refused.stderr


def test_a_drop_of_live_takes_its_unfinished_rebuild_alone(filled: RunningFront) -> None:
    client = stack.writer(filled.settings)
    run = Ledger(client).run("wide")
    assert run is not None
    for label, status in (("live~2", "done"), ("live~3", "running")):
        put(client, "touch_rows", [{"run": label, "site": "clinic", "touch_id": "t"}], done=False)
        Ledger(client).write(run._replace(run=label, status=status), now_us=1)
    client.command("INSERT INTO headwater.live_rows VALUES (2, 'live~2', '2026-03-02 09:00:00')")
    assert ask(filled, "drop", "live").stderr == "live~3 dropped\n"
    found = "SELECT DISTINCT run FROM headwater.touch_rows WHERE startsWith(run, 'live')"
    assert client.query(found).result_rows == [("live~2",)]
    client.command("TRUNCATE TABLE headwater.live_rows")
    client.close()


def test_the_digest_is_of_the_rows_that_count_under_any_label_and_sees_every_column(
    filled: RunningFront,
) -> None:
    client = stack.writer(filled.settings)
    lead = {"site": "clinic", "lead_key": "l", "inquiry_at": NINE, "paid": 5}
    for run in ("one", "other"):
        put(client, "lead_rows", [{"run": run, **lead, "paid": 4}], version=1, done=False)
        put(client, "lead_rows", [{"run": run, **lead}], version=2 if run == "one" else 9, done=False)
        put(client, "lead_rows", [{"run": run, **lead, "lead_key": "m", "deleted": 1}], done=False)
    assert digest_of(client, "one") == digest_of(client, "other") != digest_of(client, "neither")
    for name, value in (("consult_at", NINE), ("paid", 6), ("cohort", NINE.date())):
        put(client, "lead_rows", [{"run": "other", **lead, name: value}], version=10, done=False)
        assert digest_of(client, "one") != digest_of(client, "other"), name
        put(client, "lead_rows", [{"run": "other", **lead}], version=11, done=False)
        client.command("ALTER TABLE headwater.lead_rows DROP PARTITION 'other'")
        put(client, "lead_rows", [{"run": "other", **lead}], done=False)
    client.close()

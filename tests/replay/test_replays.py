"""Replays of a real log into a real ClickHouse: whole or not there at all, the same whoever works them out, or refused."""

import contextlib
import os
import signal
from contextlib import closing
from pathlib import Path

import orjson
import psutil
import pytest

from infra.local import stack
from infra.replays import alone
from infra.runs import digest_of_run
from schemas.reading import Reason
from schemas.topics import EVENTS
from tests.line.harness import PARTITIONS, Line, assert_same, until
from tests.line.records import event_record, told
from tests.published import Row, judged
from tests.reference.reference import reference
from tests.replay.conftest import Replays

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def digest_in(line: Line, name: str) -> str:
    """The digest of what is stored of a run."""
    with closing(stack.writer(line.settings)) as client:
        return digest_of_run(client, name)


def runs_seen(line: Line) -> dict[str, str]:
    """Name and status of every run, as readers see them; and which names have rows in a view."""
    return {row["run"]: row["status"] for row in line.rows("SELECT run, status FROM headwater.runs")}


def names_in(line: Line, view: str) -> set[str]:
    """The runs that a view shows rows of."""
    return {row["run"] for row in line.rows(f"SELECT DISTINCT run FROM headwater.{view}")}


def events_of(replays: Replays) -> tuple[list[Row], list[Row]]:
    """Every entry and event of the log that is of use, in order."""
    log = replays.line.log()
    unusable: dict[tuple[str, int, bytes | None], Reason] = {
        (topic, partition, one.value): Reason.NOT_JSON  # or whatever it was
        for (topic, partition), records in log.items()
        for one in records
        if one.value is not None and not _names_a_site(one.value)
    }
    _, sites = told(log, unusable)
    entries = [entry for some, _ in sites.values() for entry in some]
    return entries, [event for _, some in sites.values() for event in some]


def _names_a_site(value: bytes) -> bool:
    with contextlib.suppress(ValueError, AttributeError):
        return str(orjson.loads(value).get("site", "poisoned")) not in ("poisoned", "No Slug")
    return False


@pytest.mark.deep
def test_any_processes_hash_seed_and_zone_give_the_digest_of_live(replays: Replays) -> None:
    live = digest_in(replays.line, "live")
    assert replays.digest("check", "--settings-of", "live") == live
    alone = replays.digest("alone", "--processes", "1", PYTHONHASHSEED="2", TZ="America/New_York")
    many = replays.digest("many", "--processes", "4", PYTHONHASHSEED="77", TZ="Pacific/Kiritimati")
    assert (alone, many) == (live, live)
    assert_same(replays.line.published("'many'"), replays.line.published())


def test_two_names_with_other_settings_stand_side_by_side(replays: Replays) -> None:
    entries, events = events_of(replays)
    short = {"window_days": 7, "windows": {"registration": 30}, "half_life_days": 2.0, "told": "count"}
    replays.digest(
        "short", "--window", "7", "--window-of", "registration=30", "--half-life", "2", "--told", "count"
    )
    replays.digest("late", "--settings-of", "short", "--since", "2026-02-10", "--direct", "keep")
    late = short | {"since": "2026-02-10", "direct": "keep"}
    for name, settings in (("short", short), ("late", late)):
        expected = judged(reference(events, entries, settings))
        assert_same(replays.line.published(f"'{name}'"), expected)
        row = replays.line.rows(f"SELECT settings FROM headwater.runs WHERE run = '{name}'")[0]
        assert orjson.loads(row["settings"]) == settings
    assert {"live", "short", "late"} <= names_in(replays.line, "credits")
    assert digest_in(replays.line, "short") != digest_in(replays.line, "late")


def test_the_data_driven_models_give_the_same_digest_whoever_works_them_out(replays: Replays) -> None:
    sites = sorted({str(event["site"]) for event in events_of(replays)[1]})[:12]
    given = ("--models", "markov,markov_2,shapley,last", "--sites", ",".join(sites))
    first = replays.digest("learned", *given, "--processes", "1", PYTHONHASHSEED="5")
    assert replays.digest("learned-2", *given, "--processes", "3") == first
    seen = replays.line.rows(
        "SELECT DISTINCT model FROM headwater.credits WHERE run = 'learned' ORDER BY model"
    )
    assert [row["model"] for row in seen] == ["last", "markov", "markov_2", "shapley"]
    weights = replays.line.rows(
        "SELECT sum(weight_parts) AS parts FROM headwater.model_rows FINAL WHERE run = 'learned'"
        " GROUP BY site, stage, model"
    )
    assert {int(row["parts"]) for row in weights} == {1_000_000_000}


@pytest.fixture(scope="module")
def uncut(replays: Replays) -> str:
    """The digest of a run that nothing happened to."""
    return replays.digest("uncut", "--window", "30")


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.deep)])
def test_a_run_cut_short_is_unseen_and_goes_on_to_the_same_digest(
    replays: Replays, uncut: str, number: int
) -> None:
    line, name = replays.line, f"cut-{number}"
    process = replays.start("replay", "--run", name, "--window", "30", "--processes", "1")
    parts = f"SELECT count() AS parts FROM headwater.run_part_rows FINAL WHERE run = '{name}'"
    until(lambda: int(line.rows(parts)[0]["parts"]) > 0, 60, "one unit is in")
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    until(lambda: not any(_runs(one) for one in family), 20, "no process of it is left")
    assert process.returncode == (-number if number == signal.SIGKILL else 1)
    if number != signal.SIGKILL:
        assert "the same command goes on where it stopped" in said
    assert 0 < int(line.rows(parts)[0]["parts"]) < PARTITIONS, "it was done before it could be cut short"
    assert runs_seen(line)[name] == "running"
    assert name not in names_in(line, "touches") | names_in(line, "channel_funnel_daily")

    other = replays.run("replay", "--run", name, "--window", "31")
    assert other.code == 1
    assert "begun with other settings" in other.err
    assert runs_seen(line)[name] == "running"

    assert replays.digest(name, "--window", "30") == uncut
    assert runs_seen(line)[name] == "done"
    assert name in names_in(line, "touches")


def test_a_process_that_is_killed_ends_the_run_with_the_reason_and_it_goes_on(
    replays: Replays, uncut: str
) -> None:
    process = replays.start("replay", "--run", "orphaned", "--window", "30", "--processes", "1")
    parts = "SELECT count() AS parts FROM headwater.run_part_rows FINAL WHERE run = 'orphaned'"
    until(lambda: int(replays.line.rows(parts)[0]["parts"]) > 0, 60, "one unit is in")
    server = next(
        one for one in psutil.Process(process.pid).children() if "forkserver" in " ".join(one.cmdline())
    )
    server.children()[0].kill()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "was ended by SIGKILL" in said
    assert runs_seen(replays.line)["orphaned"] == "running"
    assert replays.digest("orphaned", "--window", "30") == uncut


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


REFUSALS = {
    "a name that is taken": (["--run", "taken"], 1, "there is a run taken already"),
    "no name of a run": (["--run", "Spring 2026"], 1, "no name of a run"),
    "live takes no settings": (["--run", "live", "--window", "7"], 1, "takes no settings"),
    "settings of nobody": (["--run", "r", "--settings-of", "nobody"], 1, "no run 'nobody'"),
    "an option that is none": (["--run", "r", "--windw", "7"], 2, "--windw"),
    "a window too long": (["--run", "r", "--window", "366"], 2, "less than or equal to 365"),
    "a window of no stage": (["--run", "r", "--window-of", "registratoin=7"], 2, "no site has a stage registratoin"),
    "a model that is none": (["--run", "r", "--models", "last,lats"], 2, "lats"),
    "an empty range": (["--run", "r", "--since", "2026-03-02", "--until", "2026-03-01"], 2, "an empty range"),
    "a range without events": (["--run", "r", "--since", "2031-01-01"], 1, "an empty range"),
    "a site that is none": (["--run", "r", "--sites", "nowhere"], 1, "nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_refused_with_the_reason_and_changes_nothing(replays: Replays, case: str) -> None:
    if "taken" not in runs_seen(replays.line):
        replays.digest("taken")
    arguments, code, reason = REFUSALS[case]
    before, seen = replays.written(), runs_seen(replays.line)
    said = replays.run("replay", *arguments)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err
    assert (replays.written(), runs_seen(replays.line)) == (before, seen)


def test_a_run_that_somebody_works_on_is_refused(replays: Replays) -> None:
    with alone(replays.line.settings, "busy"):
        said = replays.run("replay", "--run", "busy")
    assert said.code == 1
    assert f"busy is being worked on now, by process {os.getpid()}" in said.err
    assert "busy" not in runs_seen(replays.line)
    assert not list(replays.line.settings.run.glob("replay-*.lock"))


def test_rules_and_a_whole_catalog_from_files(replays: Replays, tmp_path: Path) -> None:
    entries, events = events_of(replays)
    site = str(max(entries, key=lambda entry: str(entry["site"]))["site"])
    rule = {
        "site": site, "kind": "channel", "id": "ruled", "rules": [{"field": "utm_source", "equals": "naver"}],
    }  # fmt: skip
    file = tmp_path / "rules.yaml"
    file.write_bytes(orjson.dumps([rule]))
    dated = rule | {"defined_at": "1971-01-01T00:00:00Z"}
    replays.digest("ruled", "--rules", str(file))
    replays.digest("defined", "--catalog", str(file))
    for name, settings in (("ruled", {"rules": [dated]}), ("defined", {"catalog": [dated]})):
        expected = judged(reference(events, entries, settings))
        assert_same(replays.line.published(f"'{name}'"), expected)
    catalogs = replays.line.rows("SELECT catalog FROM headwater.run_rows FINAL WHERE run = 'defined'")
    assert [orjson.loads(line)["id"] for line in catalogs[0]["catalog"].splitlines()] == ["ruled"]


def test_live_is_built_anew_beside_itself_and_swapped_in(replays: Replays, uncut: str) -> None:
    assert uncut != digest_in(replays.line, "live")
    before, live = replays.line.published(), digest_in(replays.line, "live")
    label = replays.line.rows("SELECT label FROM headwater.visible_runs WHERE run = 'live'")
    assert replays.digest("live") == live
    assert replays.line.rows("SELECT label FROM headwater.visible_runs WHERE run = 'live'") != label
    assert_same(replays.line.published(), before)
    replays.line.worker()
    replays.line.append([event_record(visit_of("swapped-in"))])
    replays.line.until_caught_up()
    replays.line.workers[-1].kill()
    assert replays.digest("after-the-swap") == digest_in(replays.line, "live") != live
    assert replays.digest("up-to-the-swap", "--offsets-of", "uncut") == live


def visit_of(site: str) -> dict[str, str]:
    """A visit to a site."""
    return {
        "event_id": "v1", "site": site, "type": "visit_seen", "occurred_at": "2026-02-01T00:00:00Z",
        "visitor_id": "v1", "url": "https://center.example/",
    }  # fmt: skip


def test_a_log_that_was_cut_or_made_anew_is_refused(replays: Replays) -> None:
    """The last of the module: nothing is left of its log."""
    line = replays.line
    number = max(range(PARTITIONS), key=lambda one: line.ends()[EVENTS.name, one])
    seen = runs_seen(line)
    line.cut_log(EVENTS.name, {number: 5})
    said = replays.run("replay", "--run", "after")
    assert (said.code, said.out) == (1, "")
    assert f"partition {number}: the log begins at offset 5" in said.err
    line.make_topics_anew()
    said = replays.run("replay", "--run", "after")
    assert (said.code, said.out) == (1, "")
    assert "made anew" in said.err
    assert runs_seen(line) == seen

"""`headwater demo` on a stack of its own: interrupted, run, run again and stopped."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.commands.scoreboard import read_scoreboard
from infra.demo.centre import BRANCHES, SINCE, SITE, UNTIL
from infra.demo.files import PLANTED
from infra.demo.running import asked_of
from infra.local import processes, stack
from infra.settings import Settings, as_environment
from tests.demo.taken_in import taken_in
from tests.infra.conftest import home_at
from tests.reference.reference import reference
from tests.reference.scoreboard import scoreboard

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
EVENTS = 3000
HEARING = "import signal; from infra.cli import main; signal.signal(signal.SIGINT, signal.default_int_handler); main()"
"""What a shell starts in the background ignores SIGINT, and so would everything that it starts."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home of this module's own, whose processes are gone afterwards."""
    made = home_at(tmp_path_factory.mktemp("demo"), workers=1)
    yield made
    stack.down(made, lambda told: None)


def started(settings: Settings, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HEARING, "demo", "--events", str(EVENTS), "--language", "en", *options],
        env={**os.environ, **as_environment(settings), "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=ROOT,
    )


def ran(settings: Settings, *options: str) -> tuple[str, str]:
    demo = started(settings, *options)
    try:
        shown, said = demo.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        demo.send_signal(signal.SIGABRT)  # faulthandler says where it stands
        shown, said = demo.communicate(timeout=60)
    assert demo.returncode == 0, said
    return shown, said


@pytest.fixture(scope="module")
def shown(settings: Settings) -> str:
    """The first demo is interrupted in the middle of an import; what a second one prints."""
    demo = started(settings)
    assert demo.stderr is not None
    for line in demo.stderr:
        if "leads.xlsx" in line:
            break
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=60)
    assert demo.returncode == 130, said
    assert "headwater down" in said or "infra.cli" in said
    return ran(settings)[0]


def test_the_screen_says_what_to_do_with_each_channel(shown: str) -> None:
    boards = {board.splitlines()[0]: board for board in re.split(r"\n(?=== )", shown)}
    assert len(boards) == len(BRANCHES) + 2
    whole = boards["== Maru Child Development Centre · all branches =="]
    for channel, action in {
        "Naver Blog": "keep, 5 of 5",
        "Naver Place": "increase, 5 of 5",
        "Banners and flyers": "stop, 5 of 5",
        "Mothers' café": "increase, 5 of 5",
        "Introductions": "strengthen, 5 of 5",
    }.items():
        line = next(line for line in whole.splitlines() if line.startswith(channel))
        assert line.endswith(action), line
    assert "Reallocation: move the 900,000 won" in whole
    assert "Beside the truth" in shown


def test_the_figures_are_the_references_over_the_archived_events(shown: str, settings: Settings) -> None:
    client = stack.reader(settings)
    try:
        archived = [
            json.loads(payload)
            for (payload,) in client.query("SELECT payload FROM headwater.events").result_rows
        ]
        found = {
            branches: read_scoreboard(client, asked_of(branches))
            for branches in ((), *((branch,) for branch in BRANCHES))
        }
        dead = client.query("SELECT count() FROM headwater.dead_letters").result_rows[0][0]
    finally:
        client.close()
    assert dead == 0
    _, entries = taken_in(settings.home / "demo", settings.home)  # the same keys, so the same pseudonyms
    expected = reference(archived, entries)
    for branches, rows in found.items():
        wanted = scoreboard(expected, [SITE], list(branches), SINCE, UNTIL)
        assert [row.channel for row in rows] == [row["channel"] for row in wanted]
        for row, want in zip(rows, wanted, strict=True):
            for column, value in row._asdict().items():
                told = (branches, row.channel, column, value, want[column])
                # counts and won to the last one; ratios but for the last bit of a double
                assert value == want[column] or math.isclose(value, want[column], rel_tol=1e-12), told


def test_what_stands_in_columns_nobody_reads_is_nowhere_behind_the_doors(
    shown: str, settings: Settings
) -> None:
    client = stack.reader(settings)
    try:
        payloads = "\n".join(
            row[0] for row in client.query("SELECT payload FROM headwater.events").result_rows
        )
    finally:
        client.close()
    assert [cell for cell in PLANTED if cell in payloads] == []
    assert re.findall(r"010-?000\d-?\d{4}|\+8210000\d", payloads) == []
    logged = [path for path in settings.home.rglob("*") if path.is_file() and path.parent.name != "demo"]
    planted = [cell.encode() for cell in PLANTED]
    for path in logged:
        with contextlib.suppress(FileNotFoundError):  # the engine merges its parts meanwhile
            content = path.read_bytes()
            assert not any(cell in content for cell in planted), path


def test_once_more_adds_nothing_shows_the_same_and_stops_everything(shown: str, settings: Settings) -> None:
    again, said = ran(settings, "--exit")
    assert again == shown
    accepted = re.findall(r"(\d[\d,]*) (?:events )?accepted", said)
    assert accepted and set(accepted) == {"0"}
    assert processes.marked(settings.home) == []


def test_another_quarter_is_refused_on_a_home_that_holds_one(shown: str, settings: Settings) -> None:
    demo = started(settings, "--seed", "2")
    _, said = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "--seed 1 --events 3000" in said

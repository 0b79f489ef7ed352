"""A backup is proven by what a replay of it comes to."""

import random
from pathlib import Path

import pytest

from infra.local import stack
from infra.runs import digest_of_run
from tests.command import headwater
from tests.line.harness import Line
from tests.line.judging import judge
from tests.line.records import big_history, mixed, poison, reasons_of
from tests.replay_line.running import replayed

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def digest_of_live(line: Line) -> str:
    """Of every row that live has now."""
    client = stack.writer(line.settings)
    try:
        return digest_of_run(client, "live")
    finally:
        client.close()


def test_replay_and_live_come_to_the_same_on_the_machine_it_was_put_back_onto(
    line: Line, tmp_path: Path
) -> None:
    poisonous = poison()
    line.append(
        mixed(random.Random(1), big_history(seed=81, events=400), [record for record, _ in poisonous])
    )
    digest = replayed(line, "proof")
    made = headwater(line.settings, "backup", tmp_path / "backup")
    assert made.returncode == 0, made.stderr
    was = line.log()

    line.empty()
    assert headwater(line.settings, "replay", "--run", "proof").returncode == 1
    back = headwater(line.settings, "restore", tmp_path / "backup")
    assert back.returncode == 0 and back.stdout == made.stdout, back.stderr
    assert line.log() == was
    assert replayed(line, "proof") == digest
    line.worker()
    line.until_caught_up()
    assert digest_of_live(line) == digest
    judge(line, reasons_of(poisonous))

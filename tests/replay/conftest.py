"""One Kafka, one ClickHouse and one worker for the tests of a module, a history in them; and the command on them."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from infra.cli import headwater
from infra.local import processes
from infra.settings import as_environment
from tests.line.harness import ROOT, Line, settings_of
from tests.line.records import big_history, mixed, poison


class Said(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


class Replays:
    """A line that holds a history, and `headwater` on it."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """`headwater …`, started."""
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                **as_environment(self.line.settings),
                "PYTHONPATH": str(ROOT),
                processes.MARK: f"replay@{self.line.settings.home}",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> Said:
        """`headwater …`, to its end; in this very process unless its environment is to be another."""
        if environment:
            process = self.start(*arguments, **environment)
            out, err = process.communicate(timeout=120)
            return Said(process.returncode, out, err)
        said = CliRunner().invoke(headwater, list(arguments), env=as_environment(self.line.settings))
        if said.exception is not None and not isinstance(said.exception, SystemExit):
            raise said.exception
        return Said(said.exit_code, said.stdout, said.stderr)

    def digest(self, name: str, *arguments: str, **environment: str) -> str:
        """The digest of a new run."""
        said = self.run("replay", "--run", name, *arguments, **environment)
        assert said.code == 0, said.err
        named, digest = said.out.split()
        assert named == name
        return digest

    def written(self) -> dict[str, int]:
        """How many rows of each label and table there are, those of runs and their units among them."""
        tables = ("touch_rows", "conversion_rows", "funnel_rows", "site_rows", "run_rows", "run_part_rows")
        every = " UNION ALL ".join(
            f"SELECT '{table} ' || run AS named, count() AS rows FROM headwater.{table} FINAL GROUP BY run"
            for table in tables
        )
        return {row["named"]: int(row["rows"]) for row in self.line.rows(every)}


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    """A history with poison in it, all written by the worker, and nothing else going on."""
    line = Line(settings_of(Path(tmp_path_factory.mktemp("replay"))))
    try:
        line.up()
        line.empty()
        worker = line.worker()
        poisonous = [record for record, _ in poison()]
        line.append(mixed(random.Random(1), big_history(seed=41, events=2_000), poisonous))
        line.until_caught_up()
        worker.kill()
        yield Replays(line)
    finally:
        line.down()
        assert processes.marked(line.settings.home) == []

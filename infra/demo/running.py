"""The demo as a user would do it: up, define, import, emit, wait, scoreboard; each step a command of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra.commands.scoreboard import Asked, Language, read_open_slots, read_scoreboard, render
from infra.demo.centre import BRANCHES, NAMES, SINCE, SITE, UNTIL
from infra.demo.files import CATALOG, IMPORTS, LIVE, files_of, write_files
from infra.demo.screen import WORDS, Credited, beside_the_truth
from infra.demo.simulator import Quarter, simulate
from infra.demo.truth import asked_alone, folded, truth_of
from infra.local import stack
from infra.settings import Settings, as_environment
from streams.domain.scoreboard import ScoreRow, reallocate

WAIT_SECONDS = 600
_END_SECONDS = 20
_ROOT = Path(__file__).resolve().parents[2]
_TOLD = (
    "SELECT channel, toFloat64(sum(weight)) FROM headwater.credits"
    " WHERE run = 'live' AND site = {site:String} AND model = 'last' AND stage = 'registration'"
    " AND touch_id NOT IN"
    " (SELECT touch_id FROM headwater.touches WHERE run = 'live' AND site = {site:String} AND told = 1)"
    " GROUP BY channel"
)


class DemoFailed(Exception):
    """Why the demo cannot go on, in words for people."""


class Asking(NamedTuple):
    """What the demo was asked for."""

    seed: int
    events: int
    language: Language
    directory: Path


Say = Callable[[str], None]


def made(asking: Asking, settings: Settings, say: Say) -> Quarter:
    """Makes the quarter and writes its files; refuses a home that holds another quarter, which would mix with it."""
    note = settings.home / "demo" / "made.json"
    wanted = {"seed": asking.seed, "events": asking.events}
    before = json.loads(note.read_text(encoding="ascii")) if note.exists() else wanted
    if before != wanted:
        options = f"--seed {before['seed']} --events {before['events']}"
        raise DemoFailed(
            f"{settings.home} holds the demo of {options}, and two would mix into one centre: run it with these"
            " options, or give this one a home of its own (HEADWATER_HOME=…)"
        )
    quarter = simulate(asking.seed, asking.events)
    write_files(files_of(quarter, asking.seed), asking.directory)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted), encoding="ascii")
    say(
        WORDS[asking.language]["made"].format(
            leads=f"{len(quarter.leads):,}",
            calls=f"{len(quarter.calls):,}",
            lines=f"{len(quarter.requests):,}",
            payments=f"{len(quarter.payments):,}",
            directory=asking.directory,
        )
    )
    return quarter


def taken_in(asking: Asking, settings: Settings, say: Say) -> None:
    """The files -> the log, by the commands a user has, while the worker runs; returns once all is in ClickHouse."""
    words, directory = WORDS[asking.language], asking.directory
    steps: list[tuple[str, Sequence[str]]] = [(words["define"], ("define", str(directory / CATALOG)))]
    for one in IMPORTS:
        asked = ("import", one.kind, str(directory / one.file), "--site", SITE, "--yes", *one.options)
        steps.append((words["import"].format(file=one.file), asked))
        if one.kind == "spend":
            steps.append((words["emit"], ("emit", str(directory / LIVE))))
    steps.append((words["wait"], ("wait", "--timeout", str(WAIT_SECONDS))))
    for number, (told, arguments) in enumerate(steps, 1):
        say(f"[{number:2}/{len(steps)}] {told}")
        outcome = _run(arguments, settings)
        if outcome:
            say(f"        {outcome}")


def _run(arguments: Sequence[str], settings: Settings) -> str:
    """Runs one command of headwater -> its last words; ends it when this process is told to end."""
    environment = {
        **os.environ,
        **as_environment(settings),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", "")))),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "infra.cli", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            _, said = child.communicate()
        except BaseException:
            child.terminate()
            try:
                child.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    if child.returncode:
        raise DemoFailed(f"headwater {' '.join(arguments)} ended with {child.returncode}:\n{said.strip()}")
    lines = said.strip().splitlines()
    return lines[-1].strip() if lines else ""


class Scoreboards(NamedTuple):
    """What ClickHouse says of the quarter."""

    whole: list[ScoreRow]
    by_branch: dict[str, list[ScoreRow]]
    path: list[ScoreRow]
    tracked: dict[str, float]
    events: int


def asked_of(branches: tuple[str, ...] = (), model: str = "last") -> Asked:
    """The quarter's scoreboard, for all branches or some."""
    return Asked(SITE, SINCE, UNTIL, branches, model)


def read_back(client: Any) -> Scoreboards:
    """A reader of ClickHouse -> the scoreboards and what the comparison with the truth needs."""
    parameters = {"site": SITE}
    counted = client.query("SELECT count() FROM headwater.events WHERE site = {site:String}", parameters=parameters)
    return Scoreboards(
        whole=read_scoreboard(client, asked_of()),
        by_branch={branch: read_scoreboard(client, asked_of((branch,))) for branch in BRANCHES},
        path=read_scoreboard(client, asked_of(model="position")),
        tracked=dict(client.query(_TOLD, parameters=parameters).result_rows),
        events=int(counted.result_rows[0][0]),
    )


def screen(quarter: Quarter, boards: Scoreboards, open_slots: float | None, language: Language) -> str:
    """Everything the demo prints on standard output: a scoreboard a branch, the whole one, and the truth beside it."""
    parts = [
        render(rows, language, asked_of((branch,)), names=NAMES, reallocation=reallocate(rows, open_slots=open_slots))
        for branch, rows in boards.by_branch.items()
    ]
    whole = reallocate(boards.whole, open_slots=open_slots)
    parts.append(render(boards.whole, language, asked_of(), names=NAMES, reallocation=whole))
    parts.append(beside_the_truth(truth_of(quarter), credited(quarter, boards), language))
    return "\n\n\n".join(parts)


def credited(quarter: Quarter, boards: Scoreboards) -> Credited:
    """The scoreboards -> what each way of knowing gives to the six channels and the rest."""
    last, path = boards.whole, boards.path
    registered = sum(row.registrations for row in last)
    tracked = {**boards.tracked, "": registered - sum(boards.tracked.values())}
    return Credited(
        inquiries=folded({row.channel: row.inquiries for row in last}),
        asked=asked_alone(quarter),
        tracked=folded(tracked),
        last=folded({row.channel: row.registrations for row in last}),
        path=folded({row.channel: row.registrations for row in path}),
        revenue=folded({row.channel: row.revenue for row in last}),
        path_revenue=folded({row.channel: row.revenue for row in path}),
    )


def demo(asking: Asking, settings: Settings, say: Say) -> str:
    """The whole demo -> the screen; says every step on the way."""
    begun = time.monotonic()
    words = WORDS[asking.language]
    quarter = made(asking, settings, say)
    say(words["up"])
    stack.up(settings, lambda told: say(f"        {told}"))
    taken_in(asking, settings, say)
    client = stack.reader(settings)
    try:
        boards = read_back(client)
        slots = read_open_slots(client, asked_of())
    finally:
        client.close()
    say(words["took"].format(events=f"{boards.events:,}", seconds=f"{time.monotonic() - begun:.0f}"))
    return screen(quarter, boards, slots, asking.language)

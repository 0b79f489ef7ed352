"""The demo as a user would do it: up, define, import, emit, wait, scoreboard; each step a command of its own."""

import contextlib
import io
import json
import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.cli import headwater
from infra.commands.scoreboard import Asked, Language, read_names, read_open_slots, read_scoreboard, render
from infra.demo.centre import BRANCH_NAMES, BRANCHES, KST, SINCE, SITE, SITE_NAMES, UNTIL
from infra.demo.files import CATALOG, IMPORTS, LIVE, files_of, write_files
from infra.demo.screen import WORDS, Credited, beside_the_truth
from infra.demo.simulator import Quarter, simulate
from infra.demo.truth import asked_alone, folded, truth_of
from infra.local import stack
from infra.previews import PreviewRefused, Wanted, write_previews
from infra.reports.asking import campaigns_of
from infra.reports.periods import campaign_of, month_of
from infra.reports.writing import write_report
from infra.settings import Settings, as_environment
from streams.collectors.keys import KeyKind, KeyRing
from streams.domain.scoreboard import ScoreRow, reallocate

WAIT_SECONDS = 600
_LABEL: Final = "demo owner"
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
        if one is IMPORTS[0]:
            steps.append((words["emit"], ("emit", str(directory / LIVE))))
    steps.append((words["wait"], ("wait", "--timeout", str(WAIT_SECONDS))))
    for number, (told, arguments) in enumerate(steps, 1):
        say(f"[{number:2}/{len(steps)}] {told}")
        with contextlib.redirect_stdout(io.StringIO()):  # what `define` lists for programs
            _run(arguments, settings)


def _run(arguments: Sequence[str], settings: Settings) -> None:
    """Runs one command of headwater in this process, as if typed; what it says goes to standard error itself."""
    name, *rest = arguments
    os.environ.update(as_environment(settings))  # the commands read their settings themselves
    try:
        command = headwater.get_command(click.Context(headwater), name)
        assert command is not None, name
        command.main(rest, prog_name=f"headwater {name}", standalone_mode=False)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as refused:
        raise DemoFailed(f"headwater {shlex.join(arguments)}: {refused.format_message()}") from None
    except SystemExit as ended:
        if ended.code:
            raise DemoFailed(f"headwater {shlex.join(arguments)} ended with {ended.code}") from None


class Scoreboards(NamedTuple):
    """What ClickHouse says of the quarter."""

    whole: list[ScoreRow]
    by_branch: dict[str, list[ScoreRow]]
    path: list[ScoreRow]
    names: Mapping[str, Mapping[str, str]]
    open_slots: float | None
    tracked: dict[str, float]
    events: int


def asked_of(branches: tuple[str, ...] = (), model: str = "last") -> Asked:
    """The quarter's scoreboard, for all branches or some."""
    return Asked(SITE, SINCE, UNTIL, branches, model)


def read_back(client: Any) -> Scoreboards:
    """A reader of ClickHouse -> the scoreboards and what the comparison with the truth needs."""
    parameters = {"site": SITE}
    counted = client.query(
        "SELECT count() FROM headwater.events WHERE site = {site:String}", parameters=parameters
    )
    return Scoreboards(
        whole=read_scoreboard(client, asked_of()),
        by_branch={branch: read_scoreboard(client, asked_of((branch,))) for branch in BRANCHES},
        path=read_scoreboard(client, asked_of(model="position")),
        names=read_names(client, asked_of()),
        open_slots=read_open_slots(client, asked_of()),
        tracked=dict(client.query(_TOLD, parameters=parameters).result_rows),
        events=int(counted.result_rows[0][0]),
    )


def screen(quarter: Quarter, boards: Scoreboards, language: Language) -> str:
    """Everything the demo prints on standard output: a scoreboard a branch, the whole one, and the truth beside it."""

    def board(rows: list[ScoreRow], title: str, branches: tuple[str, ...] = ()) -> str:
        moved = reallocate(rows, open_slots=boards.open_slots)
        drawn = render(rows, language, asked_of(branches), names=boards.names, reallocation=moved)
        return f"== {SITE_NAMES[language]} · {title} ==\n\n{drawn}"

    parts = [
        board(rows, BRANCH_NAMES[branch][language], (branch,)) for branch, rows in boards.by_branch.items()
    ]
    parts.append(board(boards.whole, WORDS[language]["everywhere"]))
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


def demo(asking: Asking, settings: Settings, say: Say) -> tuple[Quarter, str]:
    """The whole demo -> the quarter and the screen; says every step on the way."""
    begun = time.monotonic()
    words = WORDS[asking.language]
    quarter = made(asking, settings, say)
    say(words["up"])
    stack.up(settings, lambda told: say(f"        {told}"))
    taken_in(asking, settings, say)
    try:
        client = stack.reader(settings)
        try:
            boards = read_back(client)
            say(words["took"].format(events=f"{boards.events:,}", seconds=f"{time.monotonic() - begun:.0f}"))
            wanted = Wanted(SITE, SINCE, UNTIL, (asking.language,))
            now = datetime.now(UTC)
            written = write_previews(client, settings.home / "previews", wanted, now, at_once=2)
            reports = _reports(client, settings, now, asking.language)
        finally:
            client.close()
    except ClickHouseError as failed:
        raise DemoFailed(f"ClickHouse at {settings.clickhouse}: {failed}") from None
    except PreviewRefused as refused:
        raise DemoFailed(f"the dashboards' pages: {refused}") from None
    say(words["pages"].format(page=written.pages[0]))
    for path in reports:
        say(words["report"].format(page=path))
    door = f"http://127.0.0.1:{settings.collector_port}"
    say(words["sign_in"].format(manage=f"{door}/manage", desk=f"{door}/desk", key=_owner_key(settings, now)))
    return quarter, screen(quarter, boards, asking.language)


def _reports(client: Any, settings: Settings, now: datetime, language: Language) -> list[Path]:
    """The last month's summary and the campaign's report, written as the reporter does -> their pages."""
    today = now.astimezone(KST).date()
    asked = [month_of(SITE, f"{UNTIL:%Y-%m}", today)]
    asked += [campaign_of(SITE, row, today) for row in campaigns_of(client, SITE)]
    written = [write_report(client, settings.home, one, now, settings.report_elasticity) for one in asked]
    return [one.path / f"{language}.html" for one in written]


def _owner_key(settings: Settings, now: datetime) -> str:
    """A key to sign in with on this machine; the one of the demo before ends."""
    ring = KeyRing(settings.home)
    for key in ring.every_key():
        if key.label == _LABEL and key.revoked_at is None:
            ring.revoke(key.id, now=now)
    return ring.create(KeyKind.PERSON, now=now, sites=[SITE], role="owner", label=_LABEL)[1]

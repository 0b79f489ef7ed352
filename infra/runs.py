"""Runs beside live: what there is of each, its digest, taking one away, and what changed from one to another."""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Generic, NamedTuple, TypeVar

import orjson

from clickhouse.migrate import columns_of, migrations
from infra.live import live_label
from infra.settings import Settings
from streams.domain.scoreboard import ScoreRow
from streams.sinks.clickhouse_sink import LIVE

_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9_.~-]{0,79}")
_BY_RUN: Final = {"run", "version", "deleted"}
_READER_SECONDS: Final = 90.0  # longer than any reader may take (users/0001, settings.reader_seconds)
_POLL_SECONDS: Final = 0.02


class RunRefused(Exception):
    """Why nothing was done, and what there is."""


class RunSaid(NamedTuple):
    """One run as the view `runs` shows it; text that is not known yet is empty."""

    run: str
    settings: dict[str, Any]
    catalog_hash: str
    code_version: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    event_count: int
    digest: str
    offsets: dict[str, dict[str, list[Any]]]
    models: list[str]
    seconds: float


# Reading


def read_runs(client: Any) -> list[RunSaid]:
    """Every run there is, whatever its state: live first, then by when it was started."""
    found = client.query(f"SELECT {', '.join(RunSaid._fields)} FROM headwater.runs").result_rows
    runs = [_said(dict(zip(RunSaid._fields, row, strict=True))) for row in found]
    return sorted(runs, key=lambda run: (run.run != LIVE, run.started_at, run.run))


def _said(row: dict[str, Any]) -> RunSaid:
    finished_at = row["finished_at"]
    parsed = {
        "settings": orjson.loads(row["settings"] or "{}"),
        "offsets": orjson.loads(row["offsets"] or "{}"),
        "started_at": _in_utc(row["started_at"]),
        "finished_at": None if finished_at is None else _in_utc(finished_at),
    }
    return RunSaid(**{**row, **parsed})


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def find_run(client: Any, name: str) -> RunSaid:
    """A run by its name; raises RunRefused with those there are."""
    runs = {run.run: run for run in read_runs(client)}
    if name not in runs:
        raise RunRefused(f"no run {name!r}; {known(runs)}")
    return runs[name]


def known(names: Sequence[str] | Mapping[str, Any]) -> str:
    """Names -> the end of a refusal that tells them, ten at most."""
    told = list(names)
    return f"known: {', '.join(told[:10])}{', …' if len(told) > 10 else ''}" if told else "none is known yet"


def readable(client: Any, name: str, model: str) -> RunSaid:
    """A run whose figures under a model may be read; raises RunRefused, saying what there is instead."""
    run = find_run(client, name)
    if name != LIVE and run.status != "done":
        raise RunRefused(f"run {name!r} is {run.status}: its figures are seen when it is done")
    if model not in run.models:
        raise RunRefused(f"run {name!r} does not have the model {model!r}; {known(run.models)}")
    return run


def catalog_of(client: Any, name: str) -> list[dict[str, Any]]:
    """The catalog entries that counted in a replay, as they were published; none are kept of live."""
    found = client.query(
        "SELECT catalog FROM headwater.run_catalogs WHERE run = {run:String}", parameters={"run": name}
    ).result_rows
    return [orjson.loads(line) for row in found for line in row[0].splitlines()]


# The digest


def result_tables() -> list[str]:
    """The tables that hold what a run came to."""
    tables = [migration.name[5:-4] for migration in migrations()]
    return [table for table in tables if columns_of(table).keys() >= _BY_RUN and table not in _OF_THE_RUN]


_OF_THE_RUN: Final = {"run_rows", "run_part_rows"}


def digest_of(client: Any, label: str) -> str:
    """A label -> a digest of every row it has in every table: the same rows give the same, wherever they lie.

    Asks with the rights of the worker; the order and the number of the rows' versions do not matter.
    """
    lines = []
    for table in result_tables():
        hashed = ", ".join(
            f"isNull({name}), ifNull(toString({name}), '')" if declared.startswith("Nullable") else name
            for name, declared in columns_of(table).items()
            if name not in _BY_RUN
        )
        # Of sums it does not matter in which order the rows come; SipHash would cost nine times the CPU.
        counted = client.query(
            f"SELECT count(), sum(cityHash64({hashed})), sum(xxHash64({hashed}))"
            f" FROM headwater.{table} FINAL WHERE run = {{label:String}}",
            parameters={"label": label},
        ).result_rows[0]
        lines.append(f"{table} {' '.join(map(str, counted))}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def digest_of_run(client: Any, name: str) -> str:
    """As digest_of, of a run by its name: live under whatever label it has now."""
    return digest_of(client, live_label(client) if name == LIVE else name)


# Dropping


def drop(settings: Settings, client: Any, name: str) -> list[str]:
    """Take a run away, at once for readers, then its rows, then its name; or finish what was cut short of that.

    `live` is never dropped: of it the rebuilds go that were begun and not finished. Returns the labels dropped.
    """
    from infra.replays import alone
    from streams.replay.ledger import Ledger

    ledger = Ledger(client)
    with alone(settings, name):
        if name == LIVE:
            swapped = {row[0] for row in client.query("SELECT label FROM headwater.live_rows").result_rows}
            rebuilds = [label for label in ledger.labels() if label.startswith(f"{LIVE}~")]
            labels = [label for label in rebuilds if label not in swapped]
            if not labels:
                raise RunRefused("live itself is never dropped, and there is no unfinished rebuild of it")
        else:
            labels = [find_run(client, name).run]
        for label in labels:
            run = ledger.run(label)
            if run is not None:
                clear(client, run)
    return labels


def clear(client: Any, run: Any) -> None:
    """A run of the ledger -> gone: hidden by one insert before its first row goes, its name free after the last."""
    from streams.replay.ledger import DROPPING, Ledger

    ledger = Ledger(client)
    if run.status != DROPPING:
        ledger.write(run._replace(status=DROPPING), time.time_ns() // 1_000)
    drop_rows(client, run.run)
    ledger.remove(run._replace(status=DROPPING), time.time_ns() // 1_000)


def drop_rows(client: Any, label: str) -> None:
    """Remove every row of a label that no reader finds any more.

    A query that found the label just before it was hidden may still be about to open a table: those that run now are
    left to end first.
    """
    if _LABEL.fullmatch(label) is None:
        raise RunRefused(f"{label!r} is no label of a run")
    let_queries_end(client)
    for migration in migrations():
        if "\nPARTITION BY " in migration.statement:
            table = migration.name[5:-4]
            client.command(f"ALTER TABLE headwater.{table} DROP PARTITION '{label}'")


def let_queries_end(client: Any) -> None:
    """Return once the queries that run now have ended, or would have been ended."""
    running = "SELECT query_id FROM system.processes WHERE query_id != queryID() AND query_kind != 'Insert'"
    before = {row[0] for row in client.query(running).result_rows}
    deadline = time.monotonic() + _READER_SECONDS
    while before and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        before &= {row[0] for row in client.query(running).result_rows}


# What changed from one run to another

V = TypeVar("V")


class Pair(NamedTuple, Generic[V]):
    """One figure in both runs."""

    a: V
    b: V

    @property
    def differs(self) -> bool:
        """True when the runs do not agree."""
        return self.a != self.b

    @property
    def difference(self) -> Any:
        """B less A; None where one of them is undefined or infinite."""
        a: Any = self.a
        b: Any = self.b
        if a is None or b is None or isinstance(a, str):
            return None
        difference = b - a
        return difference if isfinite(difference) else None


class StageChange(NamedTuple):
    """What one stage of a channel was credited with: conversions, and won."""

    stage: str
    credits: Pair[Decimal]
    revenue: Pair[int]
    cash: Pair[int]

    @property
    def differs(self) -> bool:
        """True when any figure differs."""
        return self.credits.differs or self.revenue.differs or self.cash.differs


class ChannelChange(NamedTuple):
    """One channel of one site in both runs; figures of a channel that a run does not show are None."""

    site: str
    channel: str
    stages: list[StageChange]
    spend: Pair[int | None]
    cac: Pair[float | None]
    roi: Pair[float | None]
    action: Pair[str | None]

    @property
    def differs(self) -> bool:
        """True when any figure differs."""
        figures = (self.spend, self.cac, self.roi, self.action)
        return any(stage.differs for stage in self.stages) or any(pair.differs for pair in figures)


class ShareChange(NamedTuple):
    """What a channel has of one conversion in both runs."""

    channel: str
    credits: Pair[Decimal]
    revenue: Pair[int]
    cash: Pair[int]


class ConversionChange(NamedTuple):
    """One conversion whose credit moved: between channels, in, or out; `shares` are those that differ."""

    site: str
    conversion_id: str
    stage: str
    change: str  # moved, appeared, disappeared
    moved: Decimal
    amount: int
    shares: list[ShareChange]


class Difference(NamedTuple):
    """Two runs compared under one model over inclusive local days; the largest `conversions` of `moved` in all."""

    a: RunSaid
    b: RunSaid
    model: str
    site: str
    since: date
    until: date
    channels: list[ChannelChange]
    conversions: list[ConversionChange]
    moved: int


_STAGES: Final = ("inquiry", "consult", "registration", "re_registration", "payment")
_SHARES: Final = """
    SELECT
        site, channel, stage, {more}
        sumIf(weight, run = {{a:String}}) AS weight_a, sumIf(weight, run = {{b:String}}) AS weight_b,
        sumIf(revenue, run = {{a:String}}) AS revenue_a, sumIf(revenue, run = {{b:String}}) AS revenue_b,
        sumIf(cash, run = {{a:String}}) AS cash_a, sumIf(cash, run = {{b:String}}) AS cash_b
    FROM headwater.credits
    WHERE run IN ({{a:String}}, {{b:String}}) AND model = {{model:String}}
        AND ({{site:String}} = '' OR site = {{site:String}})
        AND day BETWEEN {{since:Date}} AND {{until:Date}}
    GROUP BY {more} site, channel, stage
"""
_BY_STAGE: Final = _SHARES.format(more="")
_MOVED: Final = f"""
SELECT
    site, conversion_id, stage,
    sum(weight_a) = 0 AS is_new, sum(weight_b) = 0 AS is_gone,
    greatest(sumIf(weight_b - weight_a, weight_b > weight_a), sumIf(weight_a - weight_b, weight_a > weight_b)) AS moved,
    greatest(sumIf(cash_b - cash_a, cash_b > cash_a), sumIf(cash_a - cash_b, cash_a > cash_b)) AS amount,
    groupArrayIf(
        (channel, weight_a, weight_b, revenue_a, revenue_b, cash_a, cash_b),
        weight_a != weight_b OR revenue_a != revenue_b OR cash_a != cash_b
    ) AS shares,
    count() OVER () AS in_all
FROM
(
{_SHARES.format(more="conversion_id,")})
GROUP BY site, conversion_id, stage
HAVING notEmpty(shares)
ORDER BY amount DESC, moved DESC, site, conversion_id, stage
LIMIT {{most:UInt32}}
"""
_BOARD: Final = (
    f"SELECT {', '.join(ScoreRow._fields)} FROM headwater.channel_scoreboard("
    "sites = {sites:Array(String)}, branches = [], since = {since:Date}, until = {until:Date}, "
    "run = {run:String}, model = {model:String})"
)


def compare(
    client: Any, a: str, b: str, *, model: str, site: str, since: date, until: date, most: int
) -> Difference:
    """Two runs -> what differs, largest first; `site` empty is all of them. Raises RunRefused."""
    runs = readable(client, a, model), readable(client, b, model)
    asked = {"a": a, "b": b, "model": model, "site": site, "since": f"{since}", "until": f"{until}"}
    stages: dict[tuple[str, str], list[StageChange]] = {}
    for row in client.query(_BY_STAGE, parameters=asked).result_rows:
        site_, channel, stage, *figures = row
        stages.setdefault((site_, channel), []).append(StageChange(stage, *_pairs(figures)))
    boards = [_board(client, run, asked) for run in (a, b)]
    channels = []
    for place in sorted({*stages, *boards[0], *boards[1]}):
        first, second = (board.get(place) for board in boards)
        channels.append(
            ChannelChange(
                *place,
                sorted(stages.get(place, ()), key=_stage_order),
                Pair(first and first.spend, second and second.spend),
                Pair(first and first.cac, second and second.cac),
                Pair(first and first.roi, second and second.roi),
                Pair(first and first.action, second and second.action),
            )
        )
    moved = client.query(_MOVED, parameters={**asked, "most": most}).result_rows
    return Difference(
        *runs,
        model,
        site,
        since,
        until,
        channels,
        [_conversion(row) for row in moved],
        moved[0][-1] if moved else 0,
    )


def _board(client: Any, run: str, asked: Mapping[str, str]) -> dict[tuple[str, str], ScoreRow]:
    sites = [asked["site"]] if asked["site"] else []
    parameters = {**{name: asked[name] for name in ("since", "until", "model")}, "sites": sites, "run": run}
    rows = (ScoreRow(*row) for row in client.query(_BOARD, parameters=parameters).result_rows)
    return {(row.site, row.channel): row for row in rows}


def _pairs(figures: Sequence[Any]) -> tuple[Pair[Decimal], Pair[int], Pair[int]]:
    weight_a, weight_b, revenue_a, revenue_b, cash_a, cash_b = figures
    return Pair(weight_a, weight_b), Pair(revenue_a, revenue_b), Pair(cash_a, cash_b)


def _conversion(row: Sequence[Any]) -> ConversionChange:
    site, conversion_id, stage, is_new, is_gone, moved, amount, shares, _ = row
    changed = [ShareChange(one[0], *_pairs(one[1:])) for one in shares]
    changed.sort(
        key=lambda share: (-abs(share.cash.difference), -abs(share.credits.difference), share.channel)
    )
    change = "appeared" if is_new else "disappeared" if is_gone else "moved"
    return ConversionChange(site, conversion_id, stage, change, moved, amount, changed)


def _stage_order(change: StageChange) -> tuple[int, str]:
    place = _STAGES.index(change.stage) if change.stage in _STAGES else len(_STAGES)
    return place, change.stage

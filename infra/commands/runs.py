"""`headwater runs`: what runs there are, all about one, what changed from one to another, and taking one away."""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import click

from infra.commands.scoreboard import (
    CHANNEL_NAMES,
    FIRST_DAY,
    LAST_DAY,
    Language,
    LocalDay,
    csv_line,
    language_of,
    printable,
    width_of,
)
from infra.runs import (
    ChannelChange,
    ConversionChange,
    Difference,
    Pair,
    RunRefused,
    RunSaid,
    catalog_of,
    compare,
    digest_of_run,
    drop,
    find_run,
    read_runs,
)
from infra.settings import Settings, load_settings
from streams.replay.settings import MODELS
from streams.sinks.clickhouse_sink import LIVE

_MOST: Final = 100_000
_CHANGES: Final = ("moved", "appeared", "disappeared")
_CSV: Final = (
    "site", "channel", "stage", "conversion_id", "change", "credits_a", "credits_b", "credits_difference", "revenue_a",
    "revenue_b", "revenue_difference", "cash_a", "cash_b", "cash_difference", "spend_a", "spend_b", "spend_difference",
    "cac_a", "cac_b", "cac_difference", "roi_a", "roi_b", "roi_difference", "action_a", "action_b",
)  # fmt: skip
_WORDS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        "title": "{a} → {b} · {site} · {period} · 모델 {model}",
        "all_sites": "전체 사이트",
        "all_days": "전체 기간",
        "settings": "설정: {a} → {b}",
        "nothing": "없음",
        "other_events": "같은 이벤트가 아닙니다: {a}은(는) {count_a}건, {b}은(는) {count_b}건을 읽었습니다.",
        "other_catalog": "카탈로그가 다릅니다.",
        "other_code": "코드 버전이 다릅니다: {code_a}, {code_b}.",
        "channels": "채널 {all}개 중 {count}개가 다릅니다.",
        "conversions": "전환 {all}건이 움직였습니다{first}.",
        "first": ", 큰 것부터 {count}건",
        "same": "전환은 하나도 움직이지 않았습니다.",
        "explain": "`headwater explain 전환 --site 사이트 --run {b}` 이(가) 한 건을 설명합니다.",
        "moved": "이동",
        "appeared": "생김",
        "disappeared": "사라짐",
    },
    "en": {
        "title": "{a} → {b} · {site} · {period} · model {model}",
        "all_sites": "all sites",
        "all_days": "all days",
        "settings": "settings: {a} → {b}",
        "nothing": "none",
        "other_events": "Not the same events: {a} has {count_a}, {b} has {count_b}.",
        "other_catalog": "Not the same catalog.",
        "other_code": "Not the same code: {code_a}, {code_b}.",
        "channels": "{count} of {all} channels differ.",
        "conversions": "{all} conversions moved{first}.",
        "first": ", the {count} largest of them",
        "same": "No conversion moved.",
        "explain": "`headwater explain CONVERSION --site SITE --run {b}` explains one.",
        "moved": "moved",
        "appeared": "appeared",
        "disappeared": "disappeared",
    },
}
_HEADINGS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "ko": {
        "runs": ("run", "상태", "설정", "모델", "이벤트", "시간", "카탈로그", "코드", "오프셋", "다이제스트"),
        "channels": ("사이트", "채널", "단계", "기여", "매출", "CAC", "ROI", "판단"),
        "conversions": ("금액", "기여", "사이트", "전환", "변화", "채널"),
    },
    "en": {
        "runs": ("Run", "Status", "Settings", "Models", "Events", "Took", "Catalog", "Code", "Offsets", "Digest"),
        "channels": ("Site", "Channel", "Stage", "Credits", "Revenue", "CAC", "ROI", "Action"),
        "conversions": ("Won", "Credit", "Site", "Conversion", "Change", "Channels"),
    },
}  # fmt: skip
_LANGUAGE = click.option(
    "--language", type=click.Choice(["ko", "en"]), help="Of the table. Default: by LANG."
)


def _form(*also: str) -> Callable[[Any], Any]:
    return click.option(
        "--format", "form", type=click.Choice(["table", "json", *also]), default="table", show_default=True
    )


@click.group(invoke_without_command=True)
@_form()
@_LANGUAGE
@click.pass_context
def runs(context: click.Context, form: str, language: Language | None) -> None:
    """List the runs: live, and every replay with its settings, offsets and digest."""
    if context.invoked_subcommand is not None:
        return
    with _asking() as (_, client):
        found = read_runs(client)
    if form == "json":
        click.echo("[" + ",\n ".join(json.dumps(as_data(run), ensure_ascii=False) for run in found) + "]")
        return
    headings = _HEADINGS[language or language_of(os.environ)]["runs"]
    for line in _table(headings, [_run_line(run) for run in found], right={4, 5}):
        click.echo(line)


@runs.command()
@click.argument("name")
@_form()
def show(name: str, form: str) -> None:
    """Show everything about one run, the catalog entries that counted in it included."""
    with _asking() as (settings, client):
        run = find_run(client, name)
        entries = catalog_of(client, name)
        if not run.digest and name == LIVE:
            run = run._replace(digest=_digest_now(settings, name))
    said = as_data(run) | {"catalog": entries if name != LIVE else None}
    if form == "json":
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for field, value in said.items():
        if field == "catalog":
            click.echo(f"catalog: {len(entries)}" if name != LIVE else "catalog: -")
            for entry in entries:
                click.echo(f"  {printable(_compact(entry))}")
        else:
            click.echo(f"{field}: {printable(value if isinstance(value, str) else _compact(value))}")


@runs.command("drop")
@click.argument("name")
def drop_run(name: str) -> None:
    """Take a run away: for readers at once, then its rows; then its name is free. Never live itself."""
    from infra.local import stack
    from infra.replays import ReplayRefused

    settings = load_settings()
    with _plain_words(), closing(stack.writer(settings)) as client:
        try:
            dropped = drop(settings, client, name)
        except ReplayRefused as refused:
            raise click.ClickException(str(refused)) from None
    click.echo(f"{', '.join(dropped)} dropped", err=True)


@runs.command()
@click.argument("a")
@click.argument("b")
@click.option("--site", default="", help="Only this business. Default: all.")
@click.option(
    "--since", type=LocalDay(), default=FIRST_DAY.isoformat(), help="First local day. Default: all."
)
@click.option("--until", type=LocalDay(), default=LAST_DAY.isoformat(), help="Last local day, included.")
@click.option("--model", type=click.Choice(MODELS), default="last", show_default=True, help="Rule of credit.")
@click.option(
    "--limit", type=click.IntRange(0, _MOST), default=20, show_default=True, help="How many conversions."
)
@_form("csv")
@_LANGUAGE
def diff(
    a: str,
    b: str,
    site: str,
    since: date,
    until: date,
    model: str,
    limit: int,
    form: str,
    language: Language | None,
) -> None:
    """Show what changed from run A to run B: per channel and stage, then the conversions that moved, largest first."""
    if since > until:
        raise click.UsageError(f"--since {since} lies after --until {until}")
    with _asking() as (_, client):
        found = compare(client, a, b, model=model, site=site, since=since, until=until, most=max(limit, 1))
    found = found._replace(conversions=found.conversions[:limit])
    if form == "json":
        click.echo(json.dumps(difference_data(found), ensure_ascii=False))
    elif form == "csv":
        click.echo("\n".join(_csv_lines(found)))
    else:
        click.echo("\n".join(render(found, language or language_of(os.environ))))


# For programs


def as_data(run: RunSaid) -> dict[str, Any]:
    """A run -> an object of JSON; what is not known yet is null."""
    return {
        name: _utc(value) if isinstance(value, datetime) else None if value == "" else value
        for name, value in run._asdict().items()
    }


def difference_data(found: Difference) -> dict[str, Any]:
    """A comparison -> an object of JSON: numbers as {a, b, difference}, infinite "inf", undefined null."""
    days = [None if day in (FIRST_DAY, LAST_DAY) else day.isoformat() for day in (found.since, found.until)]
    return {
        "a": as_data(found.a),
        "b": as_data(found.b),
        "model": found.model,
        "site": found.site or None,
        "since": days[0],
        "until": days[1],
        "channels": [
            {
                "site": one.site,
                "channel": one.channel,
                "differs": one.differs,
                "stages": {
                    stage.stage: {
                        name: _pair(getattr(stage, name)) for name in ("credits", "revenue", "cash")
                    }
                    for stage in one.stages
                },
                **{name: _pair(getattr(one, name)) for name in ("spend", "cac", "roi")},
                "action": {"a": one.action.a, "b": one.action.b},
            }
            for one in found.channels
        ],
        "conversions_moved": found.moved,
        "conversions": [
            {
                "site": one.site,
                "conversion_id": one.conversion_id,
                "stage": one.stage,
                "change": one.change,
                "credit_moved": float(one.moved),
                "amount_moved": one.amount,
                "channels": [
                    {
                        "channel": share.channel,
                        **{name: _pair(getattr(share, name)) for name in ("credits", "revenue", "cash")},
                    }
                    for share in one.shares
                ],
            }
            for one in found.conversions
        ],
    }


def _pair(pair: Pair[Any]) -> dict[str, Any]:
    return {"a": _number(pair.a), "b": _number(pair.b), "difference": _number(pair.difference)}


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _csv_lines(found: Difference) -> Iterator[str]:
    """A line a channel and stage, then one a conversion and channel of it whose share differs."""
    yield ",".join(_CSV)
    for one in found.channels:
        figures = [*_three(one.spend), *_three(one.cac), *_three(one.roi), one.action.a, one.action.b]
        for stage in one.stages:
            shares = [*_three(stage.credits), *_three(stage.revenue), *_three(stage.cash)]
            yield csv_line((one.site, one.channel, stage.stage, "", "", *shares, *[""] * len(figures)))
        yield csv_line((one.site, one.channel, "", "", "", *[""] * 9, *figures))
    for moved in found.conversions:
        place = (moved.stage, moved.conversion_id, moved.change)
        for share in moved.shares:
            shares = [*_three(share.credits), *_three(share.revenue), *_three(share.cash)]
            yield csv_line((moved.site, share.channel, *place, *shares, *[""] * 11))


def _three(pair: Pair[Any]) -> tuple[Any, Any, Any]:
    return _number(pair.a), _number(pair.b), _number(pair.difference)


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# For people


def render(found: Difference, language: Language) -> list[str]:
    """A comparison -> lines: what differs of the runs themselves, of the channels, and the conversions that moved."""
    say, headings = _WORDS[language], _HEADINGS[language]
    a, b = found.a, found.b
    names = {"a": printable(a.run), "b": printable(b.run)}
    whole = (found.since, found.until) == (FIRST_DAY, LAST_DAY)
    lines = [
        say["title"].format(
            **names,
            site=printable(found.site) or say["all_sites"],
            period=say["all_days"] if whole else f"{found.since} ~ {found.until}",
            model=found.model,
        )
    ]
    if a.settings != b.settings:
        told = {name: _settings(run) or say["nothing"] for name, run in (("a", a), ("b", b))}
        lines.append(say["settings"].format(**told))
    if a.event_count != b.event_count:
        counts = {"count_a": f"{a.event_count:,}", "count_b": f"{b.event_count:,}"}
        lines.append(say["other_events"].format(**names, **counts))
    if a.catalog_hash and b.catalog_hash and a.catalog_hash != b.catalog_hash:
        lines.append(say["other_catalog"])
    if a.code_version and b.code_version and a.code_version != b.code_version:
        codes = {"code_a": printable(a.code_version), "code_b": printable(b.code_version)}
        lines.append(say["other_code"].format(**codes))
    changed = [one for one in found.channels if one.differs]
    lines += ["", say["channels"].format(count=len(changed), all=len(found.channels))]
    if changed:
        body = [line for one in changed for line in _channel_lines(one, language)]
        lines += _table(headings["channels"], body, right={3, 4, 5, 6})
    lines.append("")
    if not found.moved:
        return [*lines, say["same"]]
    shown = len(found.conversions)
    first = say["first"].format(count=shown) if shown < found.moved else ""
    lines.append(say["conversions"].format(all=f"{found.moved:,}", first=first))
    if shown:
        body = [_conversion_line(one, language) for one in found.conversions]
        lines += _table(headings["conversions"], body, right={0, 1})
        lines.append(say["explain"].format(**names))
    return lines


def _channel_lines(one: ChannelChange, language: Language) -> Iterator[tuple[str, ...]]:
    """A line a stage that differs; CAC, ROI and action stand on the first."""
    figures = (
        _change(one.cac, _won),
        _change(one.roi, _ratio),
        _change(one.action, lambda said: said or "-"),
    )
    stages = [stage for stage in one.stages if stage.differs]
    place = (printable(one.site), _name(one.channel, language))
    if not stages:
        yield (*place, "", "", "", *figures)
    for number, stage in enumerate(stages):
        credited = (_change(stage.credits, _share), _change(stage.revenue, _won))
        yield (*place, printable(stage.stage), *credited, *(figures if not number else ("", "", "")))


def _conversion_line(one: ConversionChange, language: Language) -> tuple[str, ...]:
    shares = ", ".join(
        f"{_name(share.channel, language)} {_change(share.credits if share.credits.differs else share.cash, _share)}"
        for share in one.shares
    )
    ids = (printable(one.site), printable(one.conversion_id))
    return (f"{one.amount:,}", _share(one.moved), *ids, _WORDS[language][one.change], shares)


def _change(pair: Pair[Any], told: Callable[[Any], str]) -> str:
    """`12 → 9.5 (-2.5)`, or one figure where both are the same."""
    if not pair.differs:
        return told(pair.b)
    difference = pair.difference
    by = "" if difference is None else f" ({'+' if difference > 0 else ''}{told(difference)})"
    return f"{told(pair.a)} → {told(pair.b)}{by}"


def _share(share: Decimal | int) -> str:
    return f"{share:,.2f}".rstrip("0").rstrip(".") if share == round(share, 2) else f"{share:,.3f}"


def _won(amount: float | None) -> str:
    return "-" if amount is None else "∞" if math.isinf(amount) else f"{round(amount):,}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else "∞" if math.isinf(ratio) else f"{int(ratio * 100):,}%"


def _name(channel: str, language: Language) -> str:
    names: Mapping[str, str] = CHANNEL_NAMES.get(channel) or {}
    return printable(names.get(language, channel))


def _run_line(run: RunSaid) -> tuple[str, ...]:
    offsets = [
        f"{topic} {sum(reached[1] for reached in partitions.values()):,}"
        for topic, partitions in run.offsets.items()
    ]
    return (
        printable(run.run), printable(run.status), _settings(run) or "-", ",".join(run.models), f"{run.event_count:,}",
        _took(run.seconds), run.catalog_hash[:12] or "-", printable(run.code_version) or "-", " · ".join(offsets),
        run.digest[:12] or "-",
    )  # fmt: skip


def _settings(run: RunSaid) -> str:
    """What was set, in a line; whole catalog entries are only counted."""
    said = []
    for name, value in run.settings.items():
        if name in ("rules", "catalog"):
            value = f"{len(value)} entries"
        elif isinstance(value, list):
            value = ",".join(map(str, value))
        elif isinstance(value, dict):
            value = ",".join(f"{key}={each}" for key, each in value.items())
        said.append(f"{name} {value}")
    return printable("; ".join(said))


def _took(seconds: float) -> str:
    if not seconds:
        return "-"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


def _table(headings: Sequence[str], body: Iterable[Sequence[str]], right: set[int]) -> list[str]:
    """Cells -> lines, those columns to the right, the others to the left."""
    rows = [headings, *body]
    widths = [max(width_of(row[number]) for row in rows) for number in range(len(headings))]
    lines = []
    for row in rows:
        padded = []
        for number, cell in enumerate(row):
            gap = " " * (widths[number] - width_of(cell))
            padded.append(gap + cell if number in right else cell + gap)
        lines.append("  ".join(padded).rstrip())
    return [lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]]


# Asking


def _digest_now(settings: Settings, name: str) -> str:
    from infra.local import stack

    with closing(stack.writer(settings)) as client:
        return digest_of_run(client, name)


@contextmanager
def _asking() -> Iterator[tuple[Settings, Any]]:
    """A reader of ClickHouse."""
    from infra.local import stack

    settings = load_settings()
    with _plain_words(), closing(stack.reader(settings)) as client:
        yield settings, client


@contextmanager
def _plain_words() -> Iterator[None]:
    """What can go wrong, in a sentence and with exit code 1."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except RunRefused as refused:
        raise click.ClickException(str(refused)) from None
    except ClickHouseError as failed:
        message = str(failed)
        if "Connection refused" in message or "Max retries" in message:
            raise click.ClickException("ClickHouse does not answer; `headwater up` starts it") from None
        raise click.ClickException(message.partition("server response: ")[2] or message) from None


COMMANDS = {"runs": runs}

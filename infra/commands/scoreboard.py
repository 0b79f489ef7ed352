"""`headwater scoreboard`: every channel with its inquiries, cost, revenue and what to do, for people and programs."""

import csv
import io
import json
import math
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple

import click

from grafana.words import CHANNELS
from infra.settings import load_settings
from streams.collectors.importers.cells import not_run
from streams.domain.attribution import DATA_DRIVEN
from streams.domain.scoreboard import (
    INCREASE,
    MODELS,
    STOP,
    Reallocation,
    ScoreRow,
    add_up,
    months_between,
    rate_interval,
    reallocate,
    wasted_a_year,
)

Language = Literal["ko", "en"]
Names = Mapping[str, Mapping[str, str]]

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2149, 6, 6)

_READ_ROWS: Final = (
    f"SELECT {', '.join(ScoreRow._fields)} FROM headwater.channel_scoreboard("
    "sites = [{site:String}], branches = {branches:Array(String)}, since = {since:Date}, until = {until:Date}, "
    "run = {run:String}, model = {model:String}) ORDER BY channel"
)
_READ_SITES: Final = "SELECT DISTINCT site FROM headwater.events ORDER BY site LIMIT 11"
_READ_BRANCHES: Final = "SELECT DISTINCT branch FROM headwater.events WHERE site = {site:String} AND branch != '' ORDER BY branch LIMIT 101"
_READ_NAMES: Final = "SELECT channel, names FROM headwater.channels WHERE run = {run:String} AND site = {site:String} AND names != '{}'"
_READ_HOURS: Final = (
    "SELECT channel, hours_limit_cost FROM headwater.channels"
    " WHERE run = {run:String} AND site = {site:String} AND hours_limit_cost IS NOT NULL"
)
# The newest measure of a branch and channel whose period meets the asked one; withdrawn ones are none.
_READ_OPEN_SLOTS: Final = """
SELECT argMax(value, (period_end, period_start, occurred_at, event_id)) AS open_slots
FROM
(
    SELECT
        branch, occurred_at, event_id,
        JSONExtractFloat(payload, 'value') AS value,
        JSONExtractString(payload, 'channel') AS channel,
        toDateOrNull(JSONExtractString(payload, 'period_start')) AS period_start,
        toDateOrNull(JSONExtractString(payload, 'period_end')) AS period_end
    FROM headwater.events
    WHERE site = {site:String} AND type = 'measure_recorded' AND JSONExtractString(payload, 'metric') = 'open_slots'
        AND (empty({branches:Array(String)}) OR has({branches:Array(String)}, branch))
        AND event_id NOT IN
        (
            SELECT JSONExtractString(payload, 'withdraws')
            FROM headwater.events
            WHERE site = {site:String} AND type = 'event_withdrawn'
        )
)
WHERE period_start <= {until:Date} AND period_end >= {since:Date}
GROUP BY branch, channel
"""


class Asked(NamedTuple):
    """What a scoreboard is of; no branch means all of them."""

    site: str
    since: date
    until: date
    branches: tuple[str, ...] = ()
    model: str = "last"
    run: str = "live"


# Reading


def read_scoreboard(client: Any, asked: Asked) -> list[ScoreRow]:
    """A reader of ClickHouse -> the rows of one site, by channel; empty when the run does not know the site."""
    return [ScoreRow(*row) for row in client.query(_READ_ROWS, parameters=_parameters(asked)).result_rows]


def read_open_slots(client: Any, asked: Asked) -> float | None:
    """A reader of ClickHouse -> open slots of the branches in the period, newest measures; None when not recorded."""
    asked_for = _parameters(asked)
    parameters = {name: asked_for[name] for name in ("site", "branches", "since", "until")}
    found = client.query(_READ_OPEN_SLOTS, parameters=parameters).result_rows
    return float(sum(slots for (slots,) in found)) if found else None


def read_names(client: Any, asked: Asked) -> dict[str, dict[str, str]]:
    """A reader of ClickHouse -> channel to its name per language, as the catalog says."""
    found = client.query(_READ_NAMES, parameters={"run": asked.run, "site": asked.site}).result_rows
    return {channel: json.loads(names) for channel, names in found if names}


def read_hours_limits(client: Any, asked: Asked) -> dict[str, int]:
    """A reader of ClickHouse -> channel to what its staff hours of the asked period cost at most, in won."""
    found = client.query(_READ_HOURS, parameters={"run": asked.run, "site": asked.site}).result_rows
    months = months_between(asked.since, asked.until)
    return {channel: int(cost * months) for channel, cost in found}


def _parameters(asked: Asked) -> dict[str, Any]:
    days = {"since": asked.since.isoformat(), "until": asked.until.isoformat()}
    return {**asked._asdict(), **days, "branches": list(asked.branches)}


# For programs


def as_json(rows: Sequence[ScoreRow]) -> str:
    """Rows -> one array of objects with the contract's columns; infinite is "inf", undefined null."""
    lines = [
        json.dumps({name: _finite(value) for name, value in row._asdict().items()}, ensure_ascii=False)
        for row in rows
    ]
    return "[" + ",\n ".join(lines) + "]"


def as_csv(rows: Sequence[ScoreRow]) -> str:
    """Rows -> CSV with a header; a text that a spreadsheet would calculate gets an apostrophe in front."""
    return "\n".join([",".join(ScoreRow._fields), *(csv_line(map(_finite, row)) for row in rows)])


def csv_line(cells: Iterable[Any]) -> str:
    """Cells -> a line without its end, no text of it a formula; the writer's own \\r\\n makes it quote both."""
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in cells])
    return out.getvalue().removesuffix("\r\n")


def _finite(value: Any) -> Any:
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else "inf" if value > 0 else "-inf"


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return not_run(value) if isinstance(value, str) else value


# For people

_WORDS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        "title": "{site} · {branches} · {since} ~ {until} · 모델 {model} · run {run}",
        "all": "전체 지점",
        "total": "합계",
        "no_registration": "등록 없음",
        "no_spend": "비용 미입력",
        "agreement": "{action} · 5개 모델 중 {count}개",
        "depends": "{action} · 5개 모델 중 {count}개 (모델에 따라 다름)",
        "too_little": "{action} · 등록 {registrations} / 문의 {inquiries}, 등록률 95% 구간 {low}~{high}",
        "paid_roi": "지출이 있는 채널만의 ROI는 {roi}입니다.",
        "move": "재배분: 중단 채널({stops})의 {moved}원을 옮깁니다: {gains}. 총액은 그대로입니다.",
        "gain": "{channel} {before} → {after}원",
        "expected": "월 등록 예상: {before} → {after}건 (지출 n배에 등록 n^{elasticity}배로 가정, "
        "CAC가 그대로라면 {constant}건).",
        "agreed": "모델에 따라 다릅니다: 판단마다 5개 모델 중 적어도 {count}개가 같습니다.",
        "agreed_all": "5개 모델이 모두 같은 판단을 합니다.",
        "unplaced": "시간 한도 때문에 {unplaced}원은 배분하지 못했습니다.",
        "full": "재배분: 빈자리가 없어 증액을 보류합니다.",
        "no_stop": "재배분: 중단할 채널이 없어 옮길 지출이 없습니다.",
        "no_increase": "재배분: 늘릴 채널이 없어 지출을 옮기지 않습니다.",
        "wasted": "지금대로면 중단 채널에 1년에 {wasted}원을 씁니다.",
    },
    "en": {
        "title": "{site} · {branches} · {since} to {until} · model {model} · run {run}",
        "all": "all branches",
        "total": "Total",
        "no_registration": "no registration yet",
        "no_spend": "spend not entered",
        "agreement": "{action}, {count} of 5",
        "depends": "{action}, {count} of 5: depends on the rule",
        "too_little": "{action}: {registrations} of {inquiries} registered, 95% interval {low} to {high}",
        "paid_roi": "ROI of the channels with spend alone: {roi}.",
        "move": "Reallocation: move the {moved} won of the channels to stop ({stops}): {gains}. Same total.",
        "gain": "{channel} {before} → {after}",
        "expected": "Registrations a month to expect: {before} → {after} (n times the spend taken to bring n^{elasticity} "
        "times the registrations; {constant} at constant CAC).",
        "agreed": "It depends on the rule: at least {count} of 5 models agree on each action.",
        "agreed_all": "All 5 models agree.",
        "unplaced": "{unplaced} won found no place within the hours of staff.",
        "full": "Reallocation: full: hold the increase.",
        "no_stop": "Reallocation: no channel to stop, nothing to move.",
        "no_increase": "Reallocation: no channel to increase, nothing is moved.",
        "wasted": "At this pace {wasted} won a year go to channels to stop.",
    },
}
_HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "ko": ("채널", "지출", "방문", "스캔", "전화", "문의", "상담", "등록", "등록률", "CAC", "총 CAC", "매출", "ROI", "판단"),
    "en": (
        "Channel", "Spend", "Visits", "Scans", "Calls", "Inquiries", "Consults", "Registered", "Rate", "CAC",
        "Loaded CAC", "Revenue", "ROI", "Action",
    ),
}  # fmt: skip
_ACTIONS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        STOP: "중단", "keep": "유지", INCREASE: "증액", "strengthen": "강화", "too_little_data": "자료 부족",
        "no_spend": "비용 미입력", "no_payments": "결제 자료 없음", "none": "-",
    },
    "en": {
        STOP: "stop", "keep": "keep", INCREASE: "increase", "strengthen": "strengthen",
        "too_little_data": "too little data", "no_spend": "spend not entered", "no_payments": "no payments",
        "none": "-",
    },
}  # fmt: skip
_MODEL_NAMES: Final = {
    "first": "첫 접점",
    "last": "마지막 접점",
    "linear": "균등",
    "time_decay": "시간 감쇠",
    "position": "위치",
    "markov": "마르코프",
    "markov_2": "마르코프 2차",
    "shapley": "섀플리",
}
CHANNEL_NAMES: Final[Names] = {slug: word.text._asdict() for slug, word in CHANNELS.items()}


def render(
    rows: Sequence[ScoreRow],
    language: Language,
    asked: Asked,
    *,
    names: Names | None = None,
    reallocation: Reallocation | None = None,
) -> str:
    """Rows of one site -> a table, a total and the reallocation in words; `names` holds channel names per language."""
    say = _WORDS[language]
    moved = reallocate(rows) if reallocation is None else reallocation
    shown = {row.channel: _channel_name(row.channel, language, names or {}) for row in rows}
    total = add_up(rows)
    body = [_line(row, shown[row.channel], language) for row in sorted(rows, key=_order)]
    body.append(
        (
            say["total"], _won(total.spend), _whole(total.visits), _whole(total.scans), _whole(total.calls),
            _count(total.inquiries), _count(total.consults), _count(total.registrations),
            _percent(total.inquiry_to_registration), _won(total.cac), "", _won(total.revenue),
            _percent(total.roi), "",
        )
    )  # fmt: skip
    title = say["title"].format(
        site=printable(asked.site),
        branches=", ".join(map(printable, asked.branches)) or say["all"],
        since=asked.since,
        until=asked.until,
        model=_MODEL_NAMES[asked.model] if language == "ko" else asked.model,
        run=printable(asked.run),
    )
    return "\n".join(
        [title, "", *_table(_HEADINGS[language], body), "", *_advice(rows, moved, shown, say, asked)]
    )


def _order(row: ScoreRow) -> tuple[bool, int, float, bytes]:
    return row.channel == "unattributed", -row.spend, -row.registrations, row.channel.encode()


def _line(row: ScoreRow, name: str, language: Language) -> tuple[str, ...]:
    say = _WORDS[language]
    return (
        name, _won(row.spend), _whole(row.visits), _whole(row.scans), _whole(row.calls),
        _count(row.inquiries), _count(row.consults), _count(row.registrations),
        _percent(row.inquiry_to_registration), _cost(row.cac, row, say), _cost(row.loaded_cac, row, say),
        _won(row.revenue), _percent(row.roi), _action(row, language),
    )  # fmt: skip


def _cost(cost: float | None, row: ScoreRow, say: Mapping[str, str]) -> str:
    if cost is not None:
        return _won(cost)
    if row.action == "no_spend":
        return say["no_spend"]
    return say["no_registration"] if row.spend else "-"


def _action(row: ScoreRow, language: Language) -> str:
    say, action = _WORDS[language], _ACTIONS[language].get(row.action, row.action)
    if row.action == "none":
        return action
    if row.action == "too_little_data":
        low, high = rate_interval(row.registrations, row.inquiries)
        return say["too_little"].format(
            action=action,
            registrations=_count(row.registrations),
            inquiries=_count(row.inquiries),
            low=_percent(low),
            high=_percent(high),
        )
    form = say["agreement"] if row.action_agreement == len(MODELS) else say["depends"]
    return form.format(action=action, count=row.action_agreement)


def _advice(
    rows: Sequence[ScoreRow],
    moved: Reallocation,
    shown: Mapping[str, str],
    say: Mapping[str, str],
    asked: Asked,
) -> list[str]:
    """The paragraph under the table, a sentence a line."""
    said = []
    total = add_up(rows)
    if total.paid_roi is not None:
        said.append(say["paid_roi"].format(roi=_percent(total.paid_roi)))
    stops = [row.channel for row in rows if row.action == STOP and row.spend > 0]
    changed = {channel: won for channel, won in moved.after.items() if won > moved.before[channel]}
    if changed:
        gains = [
            say["gain"].format(channel=shown[channel], before=_won(moved.before[channel]), after=_won(won))
            for channel, won in sorted(changed.items(), key=lambda one: -one[1])
        ]
        stopped = ", ".join(shown[channel] for channel in stops)
        said.append(say["move"].format(stops=stopped, moved=_won(moved.moved), gains=", ".join(gains)))
        months = float(months_between(asked.since, asked.until))
        monthly = (moved.registrations, moved.expected, moved.expected_at_constant_cac)
        before, after, constant = (f"{count / months:.1f}" for count in monthly)
        said.append(
            say["expected"].format(before=before, after=after, constant=constant, elasticity=moved.elasticity)
        )
        agreed = "agreed_all" if moved.agreement == len(MODELS) else "agreed"
        said.append(say[agreed].format(count=moved.agreement))
    elif moved.full:
        said.append(say["full"])
    elif not stops:
        said.append(say["no_stop"])
    elif not moved.unplaced:
        said.append(say["no_increase"])
    if moved.unplaced:
        said.append(say["unplaced"].format(unplaced=_won(moved.unplaced)))
    if stops:
        said.append(say["wasted"].format(wasted=_won(wasted_a_year(rows, asked.since, asked.until))))
    return said


def _channel_name(channel: str, language: Language, names: Names) -> str:
    known = names.get(channel) or CHANNEL_NAMES.get(channel) or {}
    return printable(known.get(language) or next(iter(known.values()), channel))


def _whole(count: int) -> str:
    return f"{count:,}"


def _count(count: float) -> str:
    """Whole leads as they are, parts of leads to a tenth."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"


def _won(amount: float | None) -> str:
    if amount is None:
        return "-"
    if math.isinf(amount):
        return "∞"
    return f"{math.floor(Fraction(amount) + Fraction(1, 2)):,}"


def _percent(ratio: float | None) -> str:
    """A ratio cut to whole percent, towards zero: 1.975 is 197%. The shortest decimal is cut, so 0.29 is 29%."""
    if ratio is None:
        return "-"
    if math.isinf(ratio):
        return "∞" if ratio > 0 else "-∞"
    return f"{int(Fraction(repr(ratio)) * 100):,}%"


def width_of(text: str) -> int:
    """Columns a text takes on a terminal: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _table(headings: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Cells -> lines; the first and the last column to the left, figures to the right, the last row under a rule."""
    last = len(headings) - 1
    widths = [max(width_of(row[number]) for row in (headings, *body)) for number in range(last + 1)]

    def line(row: Sequence[str]) -> str:
        padded = []
        for number, cell in enumerate(row):
            gap = " " * (widths[number] - width_of(cell))
            padded.append(cell + gap if number in (0, last) else gap + cell)
        return "  ".join(padded).rstrip()

    rule = "-" * (sum(widths) + 2 * last)
    return [line(headings), rule, *(line(row) for row in body[:-1]), rule, line(body[-1])]


def printable(text: str) -> str:
    """A text without the control characters that would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


# The command


class LocalDay(click.ParamType):
    """YYYY-MM-DD within what ClickHouse's Date holds."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Text -> day."""
        if isinstance(value, date):
            return value
        try:
            day = datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a local day has no zone
        except ValueError:
            self.fail(f"{value!r} is no day; right would be YYYY-MM-DD, such as 2026-03-31", param, ctx)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail(f"{value} is outside {FIRST_DAY} to {LAST_DAY}", param, ctx)
        return day


def language_of(environment: Mapping[str, str]) -> Language:
    """Environment of a process -> the language its user reads, Korean or else English."""
    told = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return "ko" if told.lower().startswith("ko") else "en"


@click.command()
@click.option("--site", required=True, help="The business.")
@click.option("--branch", "branches", multiple=True, help="A branch; several may be given. Default: all.")
@click.option("--since", type=LocalDay(), required=True, help="First local day, YYYY-MM-DD.")
@click.option("--until", type=LocalDay(), required=True, help="Last local day, included.")
@click.option(
    "--model",
    type=click.Choice((*MODELS, *DATA_DRIVEN)),
    default="last",
    show_default=True,
    help="Rule of credit; the data-driven ones where the run has them.",
)
@click.option("--run", default="live", show_default=True, help="A replay's name.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.option("--language", type=click.Choice(["ko", "en"]), help="Of the table. Default: by LANG.")
def scoreboard(
    site: str,
    branches: tuple[str, ...],
    since: date,
    until: date,
    model: str,
    run: str,
    form: str,
    language: Language | None,
) -> None:
    """Show every channel of a site with its results, cost, revenue and what to do."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.local import stack

    if since > until:
        raise click.UsageError(f"--since {since} lies after --until {until}")
    asked = Asked(site, since, until, branches, model, run)
    try:
        client = stack.reader(load_settings())
        try:
            rows = read_scoreboard(client, asked)
            if not rows:
                raise click.ClickException(_why_nothing(client, asked))
            unknown = _unknown_branches(client, asked)
            slots = read_open_slots(client, asked) if form == "table" else None
            names = read_names(client, asked) if form == "table" else {}
            limits = read_hours_limits(client, asked) if form == "table" else {}
        finally:
            client.close()
    except ClickHouseError as failed:
        raise click.ClickException(_plain(str(failed))) from None
    for note in unknown:
        click.echo(f"headwater scoreboard: {note}", err=True)
    if form == "json":
        click.echo(as_json(rows))
    elif form == "csv":
        click.echo(as_csv(rows))
    else:
        moved = reallocate(rows, open_slots=slots, hours_limits=limits)
        told = language or language_of(os.environ)
        click.echo(render(rows, told, asked, names=names, reallocation=moved))
    sys.stdout.flush()


def _why_nothing(client: Any, asked: Asked) -> str:
    """A site without rows -> which of run, model and site is unknown, and what is known."""
    from infra.runs import RunRefused, readable

    try:
        readable(client, asked.run, asked.model)
    except RunRefused as refused:
        return str(refused)
    sites = [site for (site,) in client.query(_READ_SITES).result_rows]
    if asked.site not in sites:
        return f"no site {asked.site!r}; {_known(sites)}"
    return (
        f"site {asked.site!r} has no figures in run {asked.run!r} yet; `headwater wait` waits for the worker"
    )


def _unknown_branches(client: Any, asked: Asked) -> list[str]:
    if not asked.branches:
        return []
    found = [
        branch for (branch,) in client.query(_READ_BRANCHES, parameters={"site": asked.site}).result_rows
    ]
    return [
        f"no event of site {asked.site!r} names branch {branch!r}; {_known(found)}"
        for branch in asked.branches
        if branch and branch not in found
    ]


def _known(names: Sequence[str]) -> str:
    if not names:
        return "none is known yet"
    return f"known: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}"


def _plain(message: str) -> str:
    if "Connection refused" in message or "Max retries" in message:
        return "ClickHouse does not answer; `headwater up` starts it"
    return message.partition("server response: ")[2] or message


COMMANDS = {"scoreboard": scoreboard}

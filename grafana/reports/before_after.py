"""Two periods beside each other: what can be counted and what was measured, with how far chance may have moved it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana.panel import Unit
from grafana.reports import outcomes, parts
from grafana.reports.questions import BASE_COST, NAMES, SITE, THERE_IS, board, calls, recorded, within
from grafana.reports.report import (
    Block,
    Figures,
    Headline,
    Kind,
    Name,
    Number,
    Question,
    Reckoning,
    Section,
    Sentence,
    Table,
)
from grafana.reports.telling import FEWEST, Telling
from grafana.words import NOTHING, TOO_FEW, TOOL_VERDICTS, Text, Word

PERIODS: Final = (
    ("before", "before_since", "before_until"),
    ("after", "since", "until"),
    ("year_before", "year_before_since", "year_before_until"),
    ("year_after", "year_since", "year_until"),
)
COUNTS: Final = {
    "visits": Text("방문", "Visits"),
    "scans": Text("QR 스캔", "QR scans"),
    "calls": Text("전화", "Calls"),
    "inquiries": Text("문의", "Inquiries"),
    "consults": Text("상담", "Consults"),
    "registrations": Text("등록", "Registrations"),
}
RATES: Final = {
    "registration_rate": Text("등록률 (등록 ÷ 문의)", "Registration rate (registrations ÷ inquiries)"),
    "direct_rate": Text("직접 방문 비율", "Direct visit rate"),
    "known_rate": Text("출처를 아는 문의의 비율", "Inquiries whose source is known"),
    "answered_rate": Text("전화를 받은 비율", "Calls answered"),
}


def _each(select: str, where: str) -> str:
    """The same question of each period that has an answer, in the order of their names."""
    parts = "\nUNION ALL\n".join(
        f"SELECT '{name}' AS period, {select}\n{where.format(within=within(since, until))}\nHAVING count() > 0"
        for name, since, until in PERIODS
    )
    return f"SELECT *\nFROM\n(\n{parts}\n)\nORDER BY period"


COUNTED: Final = Question(
    "counted",
    Text("기간마다 센 것", "Counts of each period"),
    _each(
        "sum(funnel.visits) AS visits, sum(funnel.scans) AS scans, sum(funnel.calls) AS calls, sum(inquiries_parts) / 1000000000 AS inquiries,"
        "\n    sum(consults_parts) / 1000000000 AS consults, sum(registrations_parts) / 1000000000 AS registrations,"
        "\n    sum(funnel.revenue) AS revenue, sumIf(funnel.visits, channel = 'direct') AS direct_visits,"
        "\n    sumIf(inquiries_parts, channel != 'unattributed') / 1000000000 AS known_inquiries",
        "FROM headwater.channel_funnel_daily AS funnel\nWHERE run = {{run:String}} AND site = {{site:String}} AND model = {{model:String}} AND {within}",
    ),
)
SPENT: Final = Question(
    "spent",
    Text("기간마다 쓴 돈", "Spend of each period"),
    _each(
        "sum(amount) AS spent",
        "FROM headwater.spend_daily\nWHERE run = {{run:String}} AND site = {{site:String}} AND {within} AND "
        + BASE_COST,
    ),
)
MEASURES: Final = Question(
    "measures",
    Text("기간 안의 측정값", "Measures within each period"),
    "SELECT period, metric, branch, channel, period_start, period_end, value\nFROM\n(\n"
    + "\nUNION ALL\n".join(
        f"SELECT '{name}' AS period, metric, branch, channel, period_start, period_end, value\nFROM headwater.measures\n"
        f"WHERE site = {{site:String}} AND period_start >= {{{since}:Date}} AND period_end <= {{{until}:Date}}"
        for name, since, until in PERIODS
    )
    + "\n)\nORDER BY metric, period, period_start, branch, channel",
)
SEARCHES: Final = Question(
    "searches",
    Text("브랜드 검색량", "Search volumes of brands"),
    _each(
        "sumIf(volume, own = 1) AS own, sum(volume) AS every",
        "FROM headwater.search_volumes\nWHERE site = {{site:String}} AND {within}",
    ).replace("day BETWEEN", "month BETWEEN"),
)
WORTHS: Final = Question(
    "tool_changes",
    Text("도구가 벌고 아낀 것", "What tools brought and saved"),
    """SELECT tool, name_ko, name_en, item, metric, kind, channel, before, after, extra, unit_value, worth, worth_low, worth_high
FROM headwater.tool_changes(sites = [{site:String}], as_of = {until:Date}, run = {run:String}, model = {model:String})
WHERE item != 'index' AND ifNull(judged_from <= {until:Date}, 0) AND ifNull(judged_to >= {since:Date}, 1)
ORDER BY tool, item, place""",
    ("tool",),
)
ITEMS: Final = {
    "gain": Word(Text("번 것", "Gain"), "green"),
    "saving": Word(Text("아낀 것", "Saving"), "blue"),
}
SEASON: Final = Reckoning(
    "indexes",
    Text("지표와 그 변화", "Indexes and their change"),
    Text(
        "수는 하루 평균의 비율로, 비율은 퍼센트포인트의 차로, 측정값은 평균의 차로 견줍니다. 95% 구간: 수는 두 수를 우연한 수(포아송)로,"
        " 비율은 뉴컴의 방법으로, 측정값은 두 기간에 셋 이상씩 있을 때 웰치의 방법으로 구합니다. 지난해의 같은 주는 364일 앞입니다."
        f" 바탕이 {FEWEST}건보다 적은 비율은 내지 않습니다.",
        "Counts are compared by the ratio of daily averages, rates by their difference in percentage points, measures by the"
        " difference of means. 95% intervals: counts as chance counts (Poisson), rates by Newcombe's method, measures by"
        " Welch's where there are three or more in each period. The same weeks of last year lie 364 days earlier."
        f" No rate of fewer than {FEWEST}.",
    ),
    ("counted", "answered_before", "answered_after", "measures", "searches"),
)


def _title(tell: Telling) -> str:
    return "전과 후의 비교" if tell.language == "ko" else "Before and after"


def _headlines(figures: Figures) -> list[Headline]:
    told = []
    for row in figures.worked["indexes"]:
        unit: Unit = "percentunit" if row["kind"] == "rate" else "short"
        title = {**COUNTS, **RATES}.get(row["slug"], Text(row["slug"], row["slug"]))
        for name, ko, en in (("before", "전", "before"), ("after", "후", "after")):
            told.append(
                Headline(
                    f"{row['slug']}/{name}",
                    Text(f"{title.ko} ({ko})", f"{title.en} ({en})"),
                    row[name],
                    unit,
                    "indexes",
                )
            )
    for name, ko, en in (("before", "전", "before"), ("after", "후", "after")):
        costs = figures.worked["costs"][name]
        told.append(
            Headline(
                f"spend/{name}", Text(f"지출 ({ko})", f"Spend ({en})"), costs["spent"], "currencyKRW", "spent"
            )
        )
        told.append(
            Headline(f"cac/{name}", Text(f"CAC ({ko})", f"CAC ({en})"), costs["cac"], "currencyKRW", "costs")
        )
    return told


COSTS: Final = Reckoning(
    "costs",
    Text("한 달 평균과 CAC", "Monthly means and CAC"),
    Text("한 달 평균 = 기간의 합 ÷ 기간의 달수. CAC = 지출 ÷ 등록.", "Monthly mean = sum ÷ months of the period. CAC = spend ÷ registrations."),
    ("counted", "spent"),
)  # fmt: skip


def _summary(tell: Telling) -> Sequence[Sentence]:
    one = next(row for row in tell.worked("indexes") if row["slug"] == "registrations")
    costs = tell.worked("costs")
    told = [
        tell.sentence(
            Text("전: {before}, 후: {after}.", "Before: {before}. After: {after}."),
            before=tell.days(str(tell.day("before_since")), str(tell.day("before_until"))),
            after=tell.days(str(tell.day("since")), str(tell.day("until"))),
        )
    ]
    if not tell.row("recorded").get("before_recorded"):
        told.append(
            tell.sentence(
                Text(
                    "‘전’ 기간의 첫 주까지 기록이 닿지 않습니다. 그때의 수를 0으로 보지 않으며, 센 것은 견주지 않았습니다.",
                    "The record does not reach back to the first week of “before”. That is no zero: what is counted is not compared.",
                ),
                "careful",
            )
        )
        return [*told, *_tools(tell)]
    before, after = costs["before"], costs["after"]
    told.append(
        tell.sentence(
            Text("한 달 등록: {before} → {after}명.", "Registrations a month: {before} → {after}."),
            before=tell.count(before["registrations_a_month"], "costs"),
            after=tell.count(after["registrations_a_month"], "costs"),
        )
    )
    if before["cac"] and after["cac"]:
        told.append(
            tell.sentence(
                Text(
                    "등록 한 명의 비용: {before} → {after} ({change}).",
                    "Cost of a registration: {before} → {after} ({change}).",
                ),
                before=tell.won(before["cac"], "costs"),
                after=tell.won(after["cac"], "costs"),
                change=tell.signed(after["cac"] / before["cac"] - 1, "percentunit", "costs"),
            )
        )
    if one["interval"] is not None:
        chance = one["interval"][0] <= 0 <= one["interval"][1]
        span = tell.span(one["interval"], "percentunit", "indexes", signs=True)
        told.append(
            tell.sentence(
                Text("등록의 변화는 95% 구간이 {span}로, 우연으로도 있을 만합니다.", "The change in registrations has a 95% interval of {span}: chance alone may do that.")
                if chance
                else Text("등록의 변화는 95% 구간이 {span}로, 우연만으로 보기는 어렵습니다.", "The change in registrations has a 95% interval of {span}: more than chance."),
                "careful" if chance else "good" if one["interval"][0] > 0 else "bad",
                span=span,
            )
        )  # fmt: skip
    told += _tools(tell)
    told.append(_season(tell))
    return told


def _tools(tell: Telling) -> list[Sentence]:
    """What is to be done about the tools whose judgement falls in the period."""
    told = []
    for row in tell.rows("tools"):
        word = TOOL_VERDICTS.get(str(row["verdict"]))
        if row["roi"] is None or word is None:
            continue
        told.append(
            tell.sentence(
                Text("{tool}: 총비용 {cost}, ROI {roi} — {verdict}.", "{tool}: total cost {cost}, ROI {roi}: {verdict}."),
                "good" if row["verdict"] == "expand" else "bad" if row["verdict"] == "stop" else "careful",
                tool=outcomes.named(tell, row, "tool"),
                cost=tell.won(row["cost"], "tools"),
                roi=tell.percent(row["roi"], "tools"),
                verdict=tell.say(word.text) if tell.language == "ko" else tell.say(word.text).lower(),
            )
        )  # fmt: skip
    return told


def _worths(tell: Telling) -> list[Section]:
    """Each gain and saving of those tools: before, after, how much more, and what that is worth."""
    rows = tell.rows("tool_changes")
    if not rows:
        return []
    heads = tell.heads(
        (Text("도구", "Tool"), False, 1.6), (Text("무엇", "What"), False, 1.1), (Text("지표", "Metric"), False, 1.9),
        (Text("전", "Before"), True, 1.0), (Text("후", "After"), True, 1.0), (Text("더한 것", "Extra"), True, 1.0),
        (Text("하나의 값", "Worth of one"), True, 1.2), (Text("값", "Worth"), True, 1.4), (Text("95% 구간", "95% interval"), True, 2.2),
    )  # fmt: skip
    lines = []
    for row in rows:
        metric, unit = str(row["metric"]), outcomes.unit_of(str(row["metric"]), str(row["kind"]))
        item = ITEMS[str(row["item"])]
        name: tuple[Any, ...] = (outcomes.metric_of(tell, metric),)
        extra = None if row["extra"] is None else round(row["extra"], 1)
        bounded = row["worth_low"] is not None and row["worth_high"] is not None
        span = (row["worth_low"], row["worth_high"]) if bounded else None
        lines.append(
            (
                tell.cell(outcomes.named(tell, row, "tool")),
                tell.cell(tell.say(item.text), item.colour),
                tell.cell((*name, " · ", tell.channel(str(row["channel"]))) if row["channel"] else name),
                tell.figure(_level(tell, row["before"], unit)),
                tell.figure(_level(tell, row["after"], unit)),
                tell.figure(tell.signed(extra, "short", "tool_changes")),
                tell.figure(tell.won(row["unit_value"], "tool_changes")),
                tell.figure(tell.won(row["worth"], "tool_changes", parts.NO_RECORD)),
                tell.figure(tell.span(span, "currencyKRW", "tool_changes", signs=True)),
            )
        )
    title = tell.say(Text("도구가 벌고 아낀 것", "What tools brought and saved"))
    note = Text(
        "더한 것은 전 기간대로였다면 없었을 만큼입니다: 수는 같은 날수, 비율은 같은 바탕, 측정값은 같은 횟수로 견줍니다.",
        "Extra is what the period before would not have given: counts over as many days, rates on as many cases, measures on as many values.",
    )
    return [Section(title, (Table(title, heads, tuple(lines), tell.say(note)),))]


def _level(tell: Telling, value: float | None, unit: Unit) -> Any:
    rounded = None if value is None else round(value, 4 if unit == "percentunit" else 1)
    return tell.number(rounded, unit, "tool_changes", parts.NO_RECORD)


def _season(tell: Telling) -> Sentence:
    if tell.worked("seasons"):
        return tell.sentence(
            Text(
                "지난해 같은 주의 변화를 옆에 두었습니다. 올해의 변화가 그보다 클 때만 하신 일의 몫으로 보세요.",
                "The change of the same weeks last year stands beside it: only what goes beyond it may be what you did.",
            )
        )
    return tell.sentence(
        Text(
            "지난해 같은 주의 기록이 없어 계절의 영향을 뺄 수 없습니다. 방학이나 학기 초처럼 원래 바뀌는 때라면 그 몫이 섞여 있습니다.",
            "There is no record of the same weeks last year, so the season is not removed. Holidays or a new term may be part of the change.",
        ),
        "careful",
    )


def _indexes(tell: Telling, kinds: Sequence[str], title: Text, note: Text) -> list[Block]:
    seasons = tell.worked("seasons")
    heads = [
        (Text("지표", "Index"), False, 2.6), (Text("전", "Before"), True, 1.2), (Text("후", "After"), True, 1.2),
        (Text("변화", "Change"), True, 1.2), (Text("변화의 95% 구간", "95% interval of the change"), True, 2.2),
    ]  # fmt: skip
    if seasons:
        heads.append((Text("지난해 같은 주의 변화", "Change, same weeks last year"), True, 1.8))
    words = {**outcomes.METRICS, **COUNTS, **RATES, "share_of_search": Text("검색 점유율", "Share of search")}
    lines = []
    for row in tell.worked("indexes"):
        if row["kind"] not in kinds:
            continue
        unit: Unit = "percentunit" if row["kind"] == "rate" else "short"
        empty = TOO_FEW if row["few"] else parts.NO_RECORD
        cells = [
            tell.cell(tell.say(words[row["slug"]]) if row["slug"] in words else Name(row["slug"])),
            tell.figure(_measured(tell, row, "before", unit, empty)),
            tell.figure(_measured(tell, row, "after", unit, empty)),
            tell.figure(_moved(tell, row["kind"], row["change"])),
            tell.figure(_moved_between(tell, row["kind"], row["interval"])),
        ]
        if seasons:
            cells.append(tell.figure(_moved(tell, row["kind"], row["year_change"])))
        lines.append(tuple(cells))
    if not lines:
        return []
    return [Table(tell.say(title), tell.heads(*heads), tuple(lines), tell.say(note))]


def _measured(tell: Telling, row: Mapping[str, Any], name: str, unit: Unit, empty: Text) -> Any:
    value = row[name]
    if row["kind"] == "measure" and value is not None:
        number = tell.number(round(value, 1), "short", "indexes")
        count = row[f"{name}_count"]
        if count > 1:
            return tell.pieces(
                Text("{number} ({count}번 평균)", "{number} (mean of {count})"),
                number=number,
                count=str(count),
            )
        return number
    return tell.number(value, unit, "indexes", empty)


def _moved(tell: Telling, kind: str, change: float | None) -> Any:
    """A change as it is told: counts in percent of what was, rates in percentage points, measures in their unit."""
    if change is None:
        return tell.say(NOTHING)
    if kind == "rate":
        return Number(_points(tell, change), "indexes")
    return tell.signed(change, "percentunit" if kind == "count" else "short", "indexes")


def _moved_between(tell: Telling, kind: str, interval: Sequence[float] | None) -> Any:
    if interval is not None and kind == "rate":
        joined = (" ~ " if tell.language == "ko" else " to ").join(_points(tell, end) for end in interval)
        return Number(joined, "indexes")
    return tell.span(interval, "percentunit" if kind == "count" else "short", "indexes", signs=True)


def _points(tell: Telling, change: float) -> str:
    points = round(change * 100, 1)
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return f"{sign}{abs(points):.1f}{'%p' if tell.language == 'ko' else ' pt'}"


def _costs(tell: Telling) -> Table:
    heads = tell.heads(
        (Text("항목", "Item"), False, 2.4), (Text("전", "Before"), True, 1.4), (Text("후", "After"), True, 1.4), (Text("변화", "Change"), True, 1.2),
    )  # fmt: skip
    costs = tell.worked("costs")
    told: tuple[tuple[str, Text, Unit], ...] = (
        ("spend_a_month", Text("한 달 지출", "Spend a month"), "currencyKRW"),
        ("registrations_a_month", Text("한 달 등록", "Registrations a month"), "short"),
        ("cac", Text("등록 한 명의 비용 (CAC)", "Cost of a registration (CAC)"), "currencyKRW"),
        (
            "revenue_a_month",
            Text("한 달 매출 (등록한 분들의 결제)", "Revenue a month (of those who registered)"),
            "currencyKRW",
        ),
    )
    lines = []
    for name, title, unit in told:
        before, after = costs["before"][name], costs["after"][name]
        change = after / before - 1 if before and after is not None else None
        lines.append(
            (
                tell.cell(tell.say(title)),
                tell.figure(tell.number(before, unit, "costs")),
                tell.figure(tell.number(after, unit, "costs")),
                tell.figure(tell.signed(change, "percentunit", "costs")),
            )
        )
    note = Text(
        "매출은 그 기간에 등록한 분들이 지금까지 결제한 금액이므로, 최근 기간은 앞으로 더 자랍니다.",
        "Revenue is what those registered in the period have paid so far, so that of the recent period still grows.",
    )
    return Table(tell.say(Text("돈과 등록", "Money and registrations")), heads, tuple(lines), tell.say(note))


def _channels(tell: Telling) -> list[Section]:
    before = {str(row["channel"]): row for row in tell.rows("board_before")}
    after = {str(row["channel"]): row for row in tell.rows("board")}
    heads = tell.heads(
        (Text("채널", "Channel"), False, 2.0), (Text("지출 전", "Spend before"), True, 1.4), (Text("지출 후", "Spend after"), True, 1.4),
        (Text("문의 전", "Inquiries before"), True, 1.2), (Text("문의 후", "Inquiries after"), True, 1.2),
        (Text("등록 전", "Registered before"), True, 1.2), (Text("등록 후", "Registered after"), True, 1.2),
    )  # fmt: skip
    lines = []
    for channel in dict.fromkeys([*after, *before]):
        pair = before.get(channel, {}), after.get(channel, {})
        if not any(row.get(name) for row in pair for name in ("spend", "inquiries", "registrations")):
            continue
        cells = [tell.cell(tell.channel(channel))]
        for name in ("spend", "inquiries", "registrations"):
            for slug, row in zip(("board_before", "board"), pair, strict=True):
                value = row.get(name, 0)
                cells.append(
                    tell.figure(tell.won(value or None, slug) if name == "spend" else tell.count(value, slug))
                )
        lines.append(tuple(cells))
    title = tell.say(Text("채널마다 전과 후", "Channel by channel"))
    return [Section(title, (Table(title, heads, tuple(lines)),))] if lines else []


def _sections(tell: Telling) -> Sequence[Section]:
    beside = [*outcomes.outcomes(tell), *_worths(tell)]
    if not tell.row("recorded").get("before_recorded"):
        measured = _measures(tell)
        title = tell.say(Text("돈이 아닌 지표", "Indexes other than money"))
        return [*([Section(title, tuple(measured))] if measured else []), *beside]
    counts = _indexes(
        tell, ("count", "rate"), Text("세어 본 지표", "What can be counted"),
        Text("수의 변화는 하루 평균의 비율, 비율의 변화는 퍼센트포인트(p)입니다.", "Counts change by the ratio of daily averages, rates in percentage points (pt)."),
    )  # fmt: skip
    measured = _measures(tell) or [
        tell.sentence(
            Text(
                "두 기간에 기록해 두신 측정값(만족도나 빈자리 같은)이 없습니다. 기록해 두시면 여기에 나옵니다.",
                "No measures (satisfaction, open slots and the like) are recorded in the two periods; recorded ones would stand here.",
            )
        )
    ]
    return [
        Section(tell.say(Text("돈과 등록", "Money and registrations")), (_costs(tell),)),
        Section(tell.say(Text("돈이 아닌 지표", "Indexes other than money")), (*counts, *measured)),
        *beside,
        *_channels(tell),
    ]


def _measures(tell: Telling) -> list[Block]:
    return _indexes(
        tell, ("measure",), Text("재어 본 지표", "What was measured"),
        Text("직접 기록하신 값입니다. 두 기간에 셋 이상씩 있어야 구간을 낼 수 있습니다.", "Values you recorded. An interval needs three or more in each period."),
    )  # fmt: skip


KIND: Final = Kind(
    "before-after",
    Text("전과 후의 비교", "Before and after"),
    _title,
    (
        SITE,
        NAMES,
        recorded(
            ("before_recorded", "before_since", "before_until"),
            ("year_recorded", "year_since", "year_until"),
            ("year_before_recorded", "year_before_since", "year_before_until"),
        ),
        COUNTED,
        SPENT,
        calls("answered_before", Text("전 기간의 전화", "Calls before"), "before_since", "before_until"),
        calls("answered_after", Text("후 기간의 전화", "Calls after")),
        MEASURES,
        SEARCHES,
        board("board_before", Text("전 기간의 채널 점수판", "Scoreboard before"), "before_since", "before_until"),
        board("board", Text("후 기간의 채널 점수판", "Scoreboard after")),
        THERE_IS,
        *outcomes.QUESTIONS,
        WORTHS,
    ),
    (COSTS, SEASON),
    _headlines,
    _summary,
    _sections,
)  # fmt: skip

"""Goals set beforehand and tools paid for: what was wanted, what came of it, and what to do."""

from collections.abc import Mapping
from typing import Any, Final

from grafana.panel import Unit
from grafana.reports.report import Block, Cell, Name, Number, Piece, Question, Section, Sentence, Table
from grafana.reports.telling import Telling
from grafana.words import GOAL_VERDICTS, INDEXES, NOTHING, TOOL_VERDICTS, Text, Words

GOALS: Final = Question(
    "goal_verdicts",
    Text("미리 정한 목표와 결과", "Goals set beforehand and what came of them"),
    """SELECT
    goal, name_ko, name_en, tool, metric, kind, channel, set_beforehand, judged_from, judged_to, change_wanted, change_kind, before,
    after, change, change_low, change_high, by_chance, verdict
FROM headwater.goal_verdicts(sites = [{site:String}], as_of = {until:Date}, run = {run:String}, model = {model:String})
WHERE ifNull(judged_from <= {until:Date}, 0) AND ifNull(judged_to >= {since:Date}, 1)
ORDER BY judged_from, goal""",
    ("index_goal",),
)
TOOLS: Final = Question(
    "tools",
    Text("도구의 비용과 성과", "Cost and worth of tools"),
    """SELECT
    tool, name_ko, name_en, adopted_on, judged_from, judged_to, licence, upkeep, training, staff_time, cost, gain, saving, roi,
    roi_low, roi_high, verdict, goals, goals_reached, goals_missed, unmeasured
FROM headwater.tool_roi(sites = [{site:String}], as_of = {until:Date}, run = {run:String}, model = {model:String})
WHERE ifNull(judged_from <= {until:Date}, 0) AND ifNull(judged_to >= {since:Date}, 1)
ORDER BY adopted_on, tool""",
    ("tool",),
)
QUESTIONS: Final = (GOALS, TOOLS)
METRICS: Final = {slug: word.text for slug, word in INDEXES.items()}


def outcomes(tell: Telling) -> list[Section]:
    """Goals judged in the period and the tools whose judgement falls in it; nothing where there are none."""
    blocks: list[Block] = [*_goals(tell), *_tools(tell)]
    title = Text("목표와 도구", "Goals and tools")
    return [Section(tell.say(title), tuple(blocks))] if blocks else []


def unit_of(metric: str, kind: str) -> Unit:
    """A metric and how its figures are put together -> the unit of its values."""
    if metric == "average_talk":
        return "s"
    if kind in ("amount", "cost"):
        return "currencyKRW"
    return "percentunit" if kind in ("rate", "share") or metric == "roi" else "short"


def metric_of(tell: Telling, metric: str) -> Piece:
    """A metric by its name; a measure of the business by its slug."""
    return tell.say(METRICS[metric]) if metric in METRICS else Name(metric)


def named(tell: Telling, row: Mapping[str, Any], slug: str) -> Name:
    """A goal or tool by its name in the language, else by its slug."""
    return Name(str(row[f"name_{tell.language}"] or row["name_ko"] or row["name_en"] or row[slug]))


def verdict(tell: Telling, row: Mapping[str, Any], words: Words) -> Cell:
    """A verdict in words."""
    known = words.get(str(row["verdict"]))
    if known is None:
        return tell.cell(Name(str(row["verdict"])))
    return tell.cell(tell.say(known.text), known.colour)


def _goals(tell: Telling) -> list[Block]:
    rows = tell.rows("goal_verdicts")
    if not rows:
        return []
    heads = tell.heads(
        (Text("목표", "Goal"), False, 2.0), (Text("지표", "Metric"), False, 1.7), (Text("바라는 변화", "Wanted"), True, 1.1),
        (Text("전", "Before"), True, 1.0), (Text("후", "After"), True, 1.0), (Text("변화", "Change"), True, 1.0),
        (Text("95% 구간", "95% interval"), True, 1.7), (Text("판정", "Verdict"), False, 1.2),
    )  # fmt: skip
    lines = tuple(
        (
            tell.cell(named(tell, row, "goal")),
            tell.cell(_of_channel(tell, row)),
            tell.figure(_moved(tell, row, row["change_wanted"])),
            tell.figure(_value(tell, row, row["before"])),
            tell.figure(_value(tell, row, row["after"])),
            tell.figure(_moved(tell, row, row["change"])),
            tell.figure(_span(tell, row)),
            verdict(tell, row, GOAL_VERDICTS),
        )
        for row in rows
    )
    note = Text(
        "목표는 판정 기간이 시작되기 전에 정한 것만 목표로 봅니다. 상대 변화는 전 기간에 대한 비율, 절대 변화는 지표의 단위입니다."
        " 구간이 0을 사이에 두면 우연으로도 있을 만한 변화입니다.",
        "Only what was set before the judged period began counts as a goal. A relative change is a share of what was before,"
        " an absolute one in the metric's unit. An interval around 0 is a change that chance may make.",
    )
    return [
        Table(tell.say(Text("미리 정한 목표", "Goals set beforehand")), heads, lines, tell.say(note)),
        *_told(tell, rows),
    ]


def _told(tell: Telling, rows: Any) -> list[Sentence]:
    """What the verdicts alone would let a reader believe too soon."""
    told = []
    for row in rows:
        if row["verdict"] == "reached" and row["by_chance"]:
            told.append(
                tell.sentence(
                    Text(
                        "{name}: 목표에는 닿았지만 우연으로도 있을 만한 변화입니다. 한 기간 더 지켜보세요.",
                        "{name}: the goal is met, but chance alone may do that. Watch it for another period.",
                    ),
                    "careful",
                    name=named(tell, row, "goal"),
                )
            )
        elif row["verdict"] == "set_afterwards":
            told.append(
                tell.sentence(
                    Text(
                        "{name}: 판정 기간이 시작된 뒤에 정해서 목표로 판정하지 않았습니다.",
                        "{name}: it was set after the judged period had begun and is not judged as a goal.",
                    ),
                    "careful",
                    name=named(tell, row, "goal"),
                )
            )
    return told


def _of_channel(tell: Telling, row: Mapping[str, Any]) -> tuple[Piece, ...]:
    metric = metric_of(tell, str(row["metric"]))
    return (metric, " · ", tell.channel(str(row["channel"]))) if row["channel"] else (metric,)


def _value(tell: Telling, row: Mapping[str, Any], value: float | None) -> Piece:
    rounded = None if value is None else round(value, 4)
    return tell.number(rounded, unit_of(str(row["metric"]), str(row["kind"])), "goal_verdicts")


def _moved(tell: Telling, row: Mapping[str, Any], change: float | None) -> Piece:
    """A change in its own kind: a share of what was, points of a ratio, or the metric's unit."""
    if change is None:
        return tell.say(NOTHING)
    unit = unit_of(str(row["metric"]), str(row["kind"]))
    if row["change_kind"] == "absolute" and unit == "percentunit":
        points = round(change * 100, 1)
        sign = "+" if points > 0 else "−" if points < 0 else "±"
        return Number(f"{sign}{abs(points):.1f}{'%p' if tell.language == 'ko' else ' pt'}", "goal_verdicts")
    if row["change_kind"] == "relative":
        unit = "percentunit"
    return tell.signed(round(change, 9), unit, "goal_verdicts")


def _span(tell: Telling, row: Mapping[str, Any]) -> Piece:
    if row["change_low"] is None or row["change_high"] is None:
        return tell.say(NOTHING)
    ends = [_moved(tell, row, row[name]) for name in ("change_low", "change_high")]
    joined = (" ~ " if tell.language == "ko" else " to ").join(
        one if isinstance(one, str) else one.text for one in ends
    )
    return Number(joined, "goal_verdicts")


def _tools(tell: Telling) -> list[Block]:
    rows = tell.rows("tools")
    if not rows:
        return []
    heads = tell.heads(
        (Text("도구", "Tool"), False, 1.8), (Text("사용료", "Licence"), True, 1.3), (Text("유지", "Upkeep"), True, 1.2),
        (Text("교육", "Training"), True, 1.1), (Text("직원 시간", "Staff time"), True, 1.3), (Text("비용", "Cost"), True, 1.4),
        (Text("벌고 아낀 것", "Gain and savings"), True, 1.8), (Text("ROI", "ROI"), True, 0.8), (Text("할 일", "Action"), False, 1.2),
    )  # fmt: skip

    def won(value: Any) -> Cell:
        return tell.figure(tell.won(value or None, "tools"))

    lines = tuple(
        (
            tell.cell(named(tell, row, "tool")),
            won(row["licence"]),
            won(row["upkeep"]),
            won(row["training"]),
            won(row["staff_time"]),
            won(row["cost"]),
            tell.figure(tell.won(_worth(row), "tools")),
            tell.figure(tell.percent(row["roi"], "tools")),
            verdict(tell, row, TOOL_VERDICTS),
        )
        for row in rows
    )
    note = Text(
        "ROI = (이득 + 절감 − 총비용) ÷ 총비용. 이득과 절감은 도입 전 기간과 견준 것이며, 할 일은 채널과 같은 기준으로 정합니다.",
        "ROI = (gain + savings − total cost) ÷ total cost. Gain and savings are against the period before; the action goes by"
        " the same thresholds as those of channels.",
    )
    told: list[Block] = [
        Table(tell.say(Text("도구의 비용과 성과", "Cost and worth of tools")), heads, lines, tell.say(note))
    ]
    for row in rows:
        if (
            row["roi_low"] is not None
            and row["roi_high"] is not None
            and row["roi_low"] < 0 < row["roi_high"]
        ):
            told.append(
                tell.sentence(
                    Text(
                        "{name}: ROI의 95% 구간이 {span}로 본전 양쪽에 걸쳐 있습니다. 정하기 전에 더 재어 보세요.",
                        "{name}: the 95% interval of the ROI is {span}, on both sides of breaking even. Measure longer before deciding.",
                    ),
                    "careful",
                    name=named(tell, row, "tool"),
                    span=tell.span((row["roi_low"], row["roi_high"]), "percentunit", "tools", signs=True),
                )
            )
        if row["unmeasured"]:
            told.append(
                tell.sentence(
                    Text(
                        "{name}: 지표 {count}개는 두 기간 모두의 측정값이 없어 셈에 넣지 못했습니다.",
                        "{name}: {count} of its metrics lack a value in one of the periods and are not counted.",
                    ),
                    "careful",
                    name=named(tell, row, "tool"),
                    count=tell.count(row["unmeasured"], "tools"),
                )
            )
    return told


def _worth(row: Mapping[str, Any]) -> float | None:
    parts = [row[name] for name in ("gain", "saving") if row[name] is not None]
    return sum(parts) if parts else None

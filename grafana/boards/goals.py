"""Goals and tools: what was wanted beforehand, what came of it, what a tool cost, and any metric before and after."""

from typing import Final

from grafana.panel import Board, Column, Link, Mark, Panel, Row, Variable
from grafana.query import (
    BEFORE_SINCE,
    BEFORE_UNTIL,
    BRANCHES,
    COMMON,
    DAYS,
    FEWEST,
    IN_BRANCH,
    LANGUAGE,
    MODEL,
    OF_SITE,
    RUN,
    SINCE,
    SITE,
    TIME,
    UNTIL,
    ZONE,
    cut,
    in_words,
)
from grafana.words import GOAL_VERDICTS, INDEXES, TOO_FEW, TOOL_VERDICTS, Text, Word

TO_CHANNELS: Final = Link("channels", Text("어느 채널이 그랬을까요?", "Which channel did it?"))
TO_CAMPAIGNS: Final = Link("campaigns", Text("그때 어떤 캠페인이 있었나요?", "Which campaigns ran then?"))
TO_OWNED: Final = Link("owned", Text("자사 채널은 어떤가요?", "And owned media?"))
SHARES: Final = "(kind IN ('rate', 'share') OR metric = 'video_view_rate')"
MONEY: Final = "kind IN ('amount', 'total', 'cost')"
METRIC: Final = Column("metric", Text("지표", "Metric"), "string", INDEXES)
SEASON: Final = {
    "1": Word(Text("옆에 둠", "Beside it")),
    "0": Word(Text("빠지지 않음", "Not removed"), "orange"),
    "": Word(Text("–", "–")),
}
ITEMS: Final = {
    "gain": Word(Text("번 것", "Gain"), "green"),
    "saving": Word(Text("아낀 것", "Saving"), "blue"),
    "index": Word(Text("값 없는 지표", "Without a price")),
}
CHANCE: Final = {
    "1": Word(Text("우연일 수 있음", "Chance may do it"), "orange"),
    "0": Word(Text("우연 이상", "More than chance"), "green"),
    "": Word(Text("–", "–")),
}
NO_RECORD: Final = Text("기록 없음", "not recorded")


def _as_of(view: str) -> str:
    """A view of goals or tools as of the last day of the period."""
    return f"headwater.{view}(sites = [{SITE}], as_of = {UNTIL}, run = {RUN}, model = {MODEL})"


def _named(slug: str) -> str:
    """A goal or tool by its name in the language, else by its slug."""
    return f"multiIf({LANGUAGE} = 'ko' AND name_ko != '', name_ko, name_en != '', name_en, name_ko != '', name_ko, toString({slug}))"


def _whole(number: str) -> str:
    """A number -> whole, with commas; 1234567 is 1,234,567."""
    digits = f"reverse(replaceRegexpAll(reverse(toString(toInt64(round(abs({number}))))), '([0-9][0-9][0-9])', '\\\\1,'))"
    return f"concat(if({number} < -0.5, '−', ''), replaceRegexpOne({digits}, '^,', ''))"


def _won(number: str) -> str:
    """Won -> its text in the language."""
    return f"if({LANGUAGE} = 'ko', concat({_whole(number)}, '원'), concat('₩', {_whole(number)}))"


def _told(number: str) -> str:
    """A figure of any metric -> its text in the metric's unit."""
    return (
        f"multiIf(isNull({number}), NULL, {SHARES}, concat(toString(round(assumeNotNull({number}) * 100, 1)), '%'),"
        f" {MONEY}, {_won(f'assumeNotNull({number})')}, toString(round(assumeNotNull({number}), 2)))"
    )


def _moved(number: str) -> str:
    """A change of any metric -> its text: percent, percentage points, or the metric's own unit."""
    size = f"abs(assumeNotNull({number}))"
    return (
        f"multiIf(isNull({number}), NULL, isInfinite({number}), '∞', concat(multiIf({number} > 0, '+', {number} < 0, '−', '±'), multiIf("
        f"change_kind = 'relative', concat(toString(round({size} * 100, 1)), '%'),"
        f" {SHARES}, concat(toString(round({size} * 100, 1)), if({LANGUAGE} = 'ko', '%p', ' pt')),"
        f" {MONEY}, {_won(size)}, toString(round({size}, 2)))))"
    )


SPAN: Final = f"if(isNull(change_low), NULL, concat({_moved('change_low')}, ' ~ ', {_moved('change_high')}))"
_CHANGES: Final = (
    Column("before_told", Text("전", "Before"), "string", empty=NO_RECORD),
    Column("after_told", Text("후", "After"), "string", empty=NO_RECORD),
    Column("moved", Text("변화", "Change"), "string"),
    Column("span", Text("95% 구간", "95% interval"), "string"),
    Column("chance", Text("우연?", "Chance?"), "string", CHANCE),
    Column("season_told", Text("계절", "Season"), "string", SEASON),
)
_TOLD: Final = f"""
    {_told("before")} AS before_told, {_told("after")} AS after_told, {_moved("change")} AS moved, {SPAN} AS span,
    if(isNull(p_value), '', toString(p_value >= 0.05)) AS chance, if(isNull(change), '', toString(season)) AS season_told"""

TOOLS: Final = Panel(
    "tools",
    "table",
    Text("도구: 넓힐까, 고칠까, 멈출까", "Tools: expand, improve or stop"),
    Text(
        "기간의 끝 날까지의 모습입니다. ROI = (번 것 + 아낀 것 − 총비용) ÷ 총비용이며, 채널과 같은 기준으로 판단합니다."
        " 번 것과 아낀 것은 도구를 쓰기 전의 기준 기간과 견준 것입니다. 계절의 영향은 빠지지 않습니다.",
        "As of the last day of the period. ROI = (gain + savings − total cost) ÷ total cost, judged by the same thresholds"
        " as channels. Gain and savings are against the baseline before the tool. The season is not removed.",
    ),
    f"""
SELECT
    {_named("tool")} AS label, verdict, roi, if(isNull(roi_low), NULL,
        concat(toString(trunc(roi_low * 100)), '% ~ ', toString(trunc(roi_high * 100)), '%')) AS roi_span,
    nullIf(cost, 0) AS total_cost, gain, saving, goals_reached, goals, unmeasured,
    adopted_on, baseline_from, baseline_to, judged_from, judged_to
FROM {_as_of("tool_roi")}
ORDER BY adopted_on DESC, tool
""",
    (
        Column("label", Text("도구", "Tool"), "string"),
        Column("verdict", Text("판단", "Verdict"), "string", TOOL_VERDICTS),
        Column("roi", Text("ROI", "ROI"), "percentunit"),
        Column("roi_span", Text("ROI의 95% 구간", "95% interval of ROI"), "string"),
        Column("total_cost", Text("총비용", "Total cost"), "currencyKRW", empty=Text("비용 미입력", "not entered")),
        Column("gain", Text("번 것", "Gain"), "currencyKRW"),
        Column("saving", Text("아낀 것", "Savings"), "currencyKRW"),
        Column("goals_reached", Text("이룬 목표", "Goals reached")),
        Column("goals", Text("목표", "Goals")),
        Column("unmeasured", Text("재지 못한 것", "Unmeasured")),
        Column("adopted_on", Text("시작한 날", "Adopted"), "date"),
        Column("baseline_from", Text("기준 기간", "Baseline from"), "date"),
        Column("baseline_to", Text("~까지", "to"), "date"),
        Column("judged_from", Text("판정 기간", "Judged from"), "date"),
        Column("judged_to", Text("~까지", "to"), "date"),
    ),
    TO_CAMPAIGNS,
    height=7,
    empty=Text("정의된 도구가 없습니다. headwater define 으로 정의합니다.", "No tool is defined; headwater define defines one."),
)  # fmt: skip

COSTS: Final = Panel(
    "tool_costs",
    "bars",
    Text("도구의 총비용", "Total cost of tools"),
    Text(
        "판정 기간의 끝까지 쓴 사용료, 유지, 교육과 직원의 시간(시간 × 시급)입니다. 지출의 캠페인이 도구의 이름인 것을 셉니다.",
        "Licence, upkeep, training and staff time (hours × rate) up to the end of the judged days: spend whose campaign is the tool.",
    ),
    f"""
SELECT {_named("tool")} AS label, licence, upkeep, training, staff_time
FROM {_as_of("tool_roi")}
WHERE cost != 0
ORDER BY cost DESC, tool
LIMIT 12
""",
    (
        Column("label", Text("도구", "Tool"), "string"),
        Column("licence", Text("사용료", "Licence"), "currencyKRW"),
        Column("upkeep", Text("유지", "Upkeep"), "currencyKRW"),
        Column("training", Text("교육", "Training"), "currencyKRW"),
        Column("staff_time", Text("직원 시간", "Staff time"), "currencyKRW"),
    ),
    TO_CAMPAIGNS,
    "currencyKRW",
    width=8,
    height=11,
    stacked=True,
    empty=Text("도구에 쓴 비용이 입력되지 않았습니다.", "No cost of a tool is entered."),
)

INDEXES_OF_TOOLS: Final = Panel(
    "tool_changes",
    "table",
    Text("도구 전과 후", "Before and after each tool"),
    Text(
        "값을 매긴 것은 원으로, 값 없는 지표는 변화 그대로 나란히 봅니다. 더한 것은 기준 기간대로였다면 없었을 만큼입니다.",
        "What has a price in won, every other index as its change. Extra is what the baseline would not have given.",
    ),
    f"""
SELECT
    label, item, metric, before_told, after_told, moved, span, chance, season_told, extra, worth
FROM
(
    SELECT
        {_named("tool")} AS label, tool, item, place, metric, kind, change_kind, extra, worth, {_TOLD}
    FROM {_as_of("tool_changes")}
    WHERE item != 'index' OR (isNotNull(change) AND kind NOT IN ('amount', 'total'))
    QUALIFY item != 'index' OR countIf(item != 'index') OVER (PARTITION BY tool, metric) = 0
)
ORDER BY label, item = 'index', item, place, kind != 'mean', metric
LIMIT 60
""",
    (
        Column("label", Text("도구", "Tool"), "string"),
        Column("item", Text("무엇", "What"), "string", ITEMS),
        METRIC,
        *_CHANGES,
        Column("extra", Text("더한 것", "Extra")),
        Column("worth", Text("그 값", "Worth"), "currencyKRW"),
    ),
    TO_CHANNELS,
    width=16,
    height=11,
    empty=Text("도구를 쓰기 전과 후의 기록이 없습니다.", "Nothing is recorded before and after a tool."),
)

GOALS: Final = Panel(
    "index_goals",
    "table",
    Text("미리 정한 목표", "Goals set beforehand"),
    Text(
        "판정 기간이 시작되기 전에 정한 것만 목표로 봅니다. 판정은 마지막 날이 지난 뒤에 합니다. 우연으로도 있을 만한 변화인지 함께 보세요.",
        "Only what was set before the judged days began counts as a goal, judged when the last day is over. Look at chance too.",
    ),
    f"""
SELECT
    {_named("goal")} AS label, verdict, metric, {_moved("change_wanted")} AS wanted, {_TOLD},
    judged_from, judged_to, baseline_from, baseline_to
FROM {_as_of("goal_verdicts")}
ORDER BY judged_from DESC, goal
""",
    (
        Column("label", Text("목표", "Goal"), "string"),
        Column("verdict", Text("판정", "Verdict"), "string", GOAL_VERDICTS),
        METRIC,
        Column("wanted", Text("바라는 변화", "Wanted"), "string"),
        *_CHANGES,
        Column("judged_from", Text("판정 기간", "Judged from"), "date"),
        Column("judged_to", Text("~까지", "to"), "date"),
        Column("baseline_from", Text("기준 기간", "Baseline from"), "date"),
        Column("baseline_to", Text("~까지", "to"), "date"),
    ),
    TO_CHANNELS,
    height=7,
    empty=Text("지표의 목표가 없습니다. headwater define 으로 정의합니다.", "No goal of an index is defined; headwater define defines one."),
)  # fmt: skip

_FEW: Final = f"if({LANGUAGE} = 'ko', '{TOO_FEW.ko}', '{TOO_FEW.en}')"
BEFORE_AFTER: Final = Panel(
    "metrics_before_after",
    "table",
    Text("이 기간과 바로 앞 같은 길이의 기간", "This period against as long a one just before"),
    Text(
        f"모든 지표의 변화와 95% 구간입니다. 수와 돈은 하루 평균의 비율, 비율은 퍼센트포인트, 측정값은 평균의 차입니다. 바탕이 {FEWEST}건보다 적은 비율은 내지 않습니다."
        " 지난해 같은 주의 기록이 없으면 계절의 영향이 빠지지 않습니다. 지점을 고르면 비용 지표는 나오지 않습니다.",
        f"Every metric with its change and 95% interval: counts and won by the ratio of daily means, rates in points, measures by their means."
        f" No rate of fewer than {FEWEST}. Without last year's weeks the season is not removed. Costs have no branch of their own here.",
    ),
    f"""
SELECT
    metric,
    if(few_before, {_FEW}, before_told) AS before_told, if(few_after, {_FEW}, after_told) AS after_told,
    if(few_before OR few_after, NULL, moved) AS moved, if(few_before OR few_after, NULL, span) AS span,
    if(few_before OR few_after, '', chance) AS chance, season_told, if(few_before OR few_after, NULL, {_moved("year_change")}) AS year_moved
FROM
(
    SELECT
        metric, kind, change_kind, year_change, kind = 'rate' AND before_base > 0 AND before_base < {FEWEST} AS few_before,
        kind = 'rate' AND after_base > 0 AND after_base < {FEWEST} AS few_after, {_TOLD}
    FROM headwater.before_after(
        sites = [{SITE}], branches = {BRANCHES}, before_since = {BEFORE_SINCE}, before_until = {BEFORE_UNTIL}, since = {SINCE},
        until = {UNTIL}, run = {RUN}, model = {MODEL}
    )
    WHERE channel = ''
)
ORDER BY transform(kind, ['count', 'amount', 'total', 'cost', 'rate', 'share', 'mean'], [1, 2, 3, 4, 5, 6, 7], 8), metric
""",
    (
        METRIC,
        Column("before_told", Text("앞 기간", "Before"), "string", empty=NO_RECORD),
        Column("after_told", Text("이 기간", "Now"), "string", empty=NO_RECORD),
        *_CHANGES[2:],
        Column("year_moved", Text("지난해 같은 주", "Same weeks last year"), "string"),
    ),
    TO_CHANNELS,
    height=12,
)

CHOSEN: Final = "${metric:singlequote}"
TREND: Final = Panel(
    "trend",
    "time",
    Text("고른 지표의 흐름", "The chosen metric over time"),
    Text(
        "하루·주·달의 값입니다. 비율은 퍼센트(0~100)로, 측정값은 평균으로 봅니다. 세로선은 도구를 시작한 날입니다.",
        "By day, week or month: rates in percent (0 to 100), measures as means. A line marks the day a tool was adopted.",
    ),
    f"""
SELECT
    {TIME} AS time,
    multiIf(
        any(kind) IN ('rate', 'share'), if(sum(base) > 0, {cut("sum(series.value) / sum(base)")} * 100, NULL),
        any(kind) = 'cost', if(sum(base) > 0 AND sum(series.value) > 0, sum(series.value) / sum(base), NULL),
        any(kind) = 'mean', avg(series.value), sum(series.value)
    ) AS figure
FROM
(
    SELECT first_day AS day, kind, value, base
    FROM headwater.metric_series(sites = [{SITE}], run = {RUN}, model = {MODEL})
    WHERE metric = {CHOSEN} AND {IN_BRANCH} AND first_day BETWEEN {SINCE} - {DAYS} AND {UNTIL}
) AS series
GROUP BY time
ORDER BY time
""",
    (Column("time", Text("날짜", "Day"), "date"), Column("figure", Text("값", "Value"))),
    TO_OWNED,
    height=9,
    empty=Text("이 기간에 이 지표의 기록이 없습니다.", "Nothing of this metric is recorded in this period."),
)

BOARD: Final = Board(
    "goals",
    Text("목표와 도구", "Goals and tools"),
    Text(
        "미리 정한 목표를 이뤘는지, 도구가 값을 하는지, 무엇이 바뀌었는지.",
        "Whether goals set beforehand are reached, whether tools pay, and what has changed.",
    ),
    (
        Row(Text("목표", "Goals"), (GOALS,)),
        Row(Text("도구", "Tools"), (TOOLS, COSTS, INDEXES_OF_TOOLS)),
        Row(Text("전과 후", "Before and after"), (BEFORE_AFTER, TREND)),
    ),
    (
        *COMMON,
        Variable(
            "metric", Text("지표", "Metric"),
            sql=f"SELECT DISTINCT metric, {in_words('metric', INDEXES)} AS named FROM"
            f" headwater.metric_series(sites = [{SITE}], run = {RUN}, model = {MODEL}) ORDER BY metric",
            choices=INDEXES, default="registrations",
        ),
    ),
    (
        Mark(
            "adopted", Text("도구를 시작한 날", "Tool adopted"),
            f"SELECT toDateTime(adopted_on, {ZONE}) AS time, concat({_named('id')}, ' ▶') AS text, 'tool' AS tags FROM"
            " (SELECT id, name_ko, name_en, JSONExtract(definition, 'adopted_on', 'Nullable(Date)') AS adopted_on"
            f" FROM headwater.definitions WHERE {OF_SITE} AND kind = 'tool')"
            f" WHERE adopted_on BETWEEN {SINCE} AND {UNTIL}",
            "purple",
        ),
    ),
)  # fmt: skip

"""Experiments: what was expected and why, how each variant did beside its control, and how many people a test needs."""

from typing import Final

from grafana.panel import Board, Column, Link, Panel, Row, Variable
from grafana.query import (
    GRAIN,
    LANGUAGE,
    OF_SITE,
    PERIOD,
    RUN,
    RUN_VARIABLE,
    SITE,
    SITE_VARIABLE,
    UNTIL,
    ZONE,
    rate,
)
from grafana.words import STAGES, TOO_FEW, VERDICTS, Text, Word

TO_CALLS: Final = Link("calls", Text("전화는 무엇이 불렀나요?", "And what made people call?"))
TO_CHANNELS: Final = Link("channels", Text("채널로는 어떤가요?", "And by channel?"))
TO_JOURNEYS: Final = Link("journeys", Text("어떤 길로 왔나요?", "Which paths did they take?"))
METRICS: Final = {
    **STAGES,
    "call": Word(Text("전화", "Call")),
    "call_conversion": Word(Text("전화한 뒤 등록", "Registered after a call")),
    "opened": Word(Text("메시지 열기", "Message opened")),
    "clicked": Word(Text("메시지 클릭", "Message clicked")),
    "contact_clicked": Word(Text("연락처 누름", "Contact clicked")),
    "download": Word(Text("내려받기", "Download")),
    "video": Word(Text("영상 보기", "Video watched")),
    "": Word(Text("정하지 않음", "Not stated"), "orange"),
}
ASSIGNED_BY: Final = {
    "event": Word(Text("무작위 배정 (이벤트·메시지)", "Assigned at random (event or message)"), "green"),
    "utm_content": Word(Text("광고 버전 (무작위 아님)", "Ad version (not at random)"), "orange"),
    "landing_page": Word(Text("처음 본 페이지", "Landing page"), "orange"),
}
_NAMED: Final = (
    f"if(if({LANGUAGE} = 'ko', name_ko, name_en) = '', experiment, if({LANGUAGE} = 'ko', name_ko, name_en))"
)
_OF_NAMES: Final = f"SELECT experiment, {_NAMED} AS name FROM headwater.experiments WHERE {OF_SITE}"
_RESULTS: Final = f"headwater.experiment_results(sites = [{SITE}], run = {RUN}, as_of = {UNTIL})"
_NAME: Final = Column("name", Text("실험", "Experiment"), "string")
_VARIANT: Final = Column("variant", Text("안", "Variant"), "string")
_NONE: Final = Text("정의된 실험이 없습니다", "No experiment is defined")


def _decided(figure: str) -> str:
    """A figure that tempts to judge -> null until the verdict may be given."""
    return f"if(verdict IN ('better', 'worse', 'no_difference', 'inconclusive', 'too_few'), {figure}, NULL)"


RESULTS: Final = Panel(
    "experiment_verdicts",
    "table",
    Text("결과와 판정", "Results and verdicts"),
    Text(
        "사람마다 처음 받은 안으로 한 번 셉니다. 배정 뒤 정한 날수가 다 지난 사람만 판단에 들어갑니다. 차이, 구간, p는 계획한 사람 수를 모든 안이"
        " 채우거나 실험이 끝나기 전에는 보이지 않습니다: 중간에 보고 멈추면 우연을 결과로 읽게 됩니다. 화면에서 고른 기간의 마지막 날 기준입니다.",
        "Each person counts once, for the variant got first, and is judged when the days after the assignment are over. Difference, interval and p stay"
        " hidden until every variant has the planned people or the experiment is over: who looks earlier and stops takes chance for a result. As of"
        " the last day of the chosen period.",
    ),
    f"""
SELECT
    name, variant, verdict, subjects, waiting, judged, converted, {rate("converted", "judged")} AS converted_share,
    {_decided("round(difference * 100, 1)")} AS difference_points, {_decided("round(difference_low * 100, 1)")} AS low_points,
    {_decided("round(difference_high * 100, 1)")} AS high_points, {_decided("if(p_value < 0.001, '< 0.001', toString(round(p_value, 3)))")} AS p, planned_size, toDateTime(decides_on, {ZONE}) AS decides
FROM
(
    SELECT
        experiment, place, variant, toString(verdict) AS verdict, subjects, waiting, judged, converted, difference, difference_low, difference_high,
        p_value, planned_size, decides_on
    FROM {_RESULTS}
) AS results
INNER JOIN ({_OF_NAMES}) AS names USING (experiment)
ORDER BY name, experiment, place = 0, place, variant
""",
    (
        _NAME,
        _VARIANT,
        Column("verdict", Text("판정", "Verdict"), "string", VERDICTS),
        Column("subjects", Text("사람", "People"), bar=True),
        Column("waiting", Text("기다리는 중", "Still waiting")),
        Column("judged", Text("판단에 든 사람", "Judged")),
        Column("converted", Text("전환", "Converted")),
        Column("converted_share", Text("전환율", "Rate"), "percentunit", empty=TOO_FEW),
        Column("difference_points", Text("기준과의 차이 (%p)", "Difference (points)"), "none"),
        Column("low_points", Text("차이의 아래 끝 (%p)", "Low end (points)"), "none"),
        Column("high_points", Text("차이의 위 끝 (%p)", "High end (points)"), "none"),
        Column("p", Text("p", "p"), "string"),
        Column(
            "planned_size",
            Text("안마다 필요한 사람", "Planned, each"),
            empty=Text("계획 없음", "not planned"),
        ),
        Column(
            "decides", Text("끝나고 판단하는 날", "Decides on"), "date", empty=Text("끝이 없음", "no end")
        ),
    ),
    TO_CHANNELS,
    height=11,
    empty=_NONE,
)

PLANS: Final = Panel(
    "experiment_plans",
    "table",
    Text("가설", "Hypotheses"),
    Text(
        "카탈로그의 experiment 항목입니다. 시작하기 전에 무엇을, 왜, 어떤 지표로, 얼마만 한 차이를 찾는지 적습니다.",
        "The catalog's experiment entries: written before the start, what is expected, why, by which metric, and how large a difference is sought.",
    ),
    f"""
SELECT
    {_NAMED} AS name, hypothesis, why, if(goal_name = '', metric, goal_name) AS decided_by,
    arrayStringConcat(variants, ' · ') AS shown, control, toString(assigned_by) AS drawn_by, toDateTime(starts_on, {ZONE}) AS starts,
    toDateTime(ends_on, {ZONE}) AS ends, window_days, baseline_rate, minimal_effect * 100 AS effect_points
FROM headwater.experiments
LEFT JOIN
(
    SELECT id AS metric, if({LANGUAGE} = 'ko', name_ko, name_en) AS goal_name
    FROM headwater.definitions
    WHERE {OF_SITE} AND kind = 'goal'
) AS goals USING (metric)
WHERE {OF_SITE}
ORDER BY starts_on DESC NULLS LAST, experiment
""",
    (
        _NAME,
        Column("hypothesis", Text("가설", "Hypothesis"), "string"),
        Column("why", Text("까닭", "Why"), "string"),
        Column("decided_by", Text("지표", "Metric"), "string", METRICS),
        Column("shown", Text("안", "Variants"), "string"),
        Column("control", Text("기준", "Control"), "string"),
        Column("drawn_by", Text("나누는 방법", "Assigned by"), "string", ASSIGNED_BY),
        Column("starts", Text("시작", "Starts"), "date"),
        Column("ends", Text("끝", "Ends"), "date"),
        Column("window_days", Text("기다리는 날수", "Days counted")),
        Column("baseline_rate", Text("예상 기준 전환율", "Expected rate"), "percentunit"),
        Column("effect_points", Text("찾는 차이 (%p)", "Effect sought (points)"), "none"),
    ),
    TO_CALLS,
    height=8,
    empty=_NONE,
)

ASSIGNED: Final = Panel(
    "experiment_assigned_daily",
    "time",
    Text("배정된 사람", "People assigned"),
    Text(
        "그날 처음 배정된 사람입니다. 한 안으로 몰리면 나누기가 잘못됐을 수 있습니다.",
        "People assigned for the first time. Where one variant gets many more, look at how they are assigned.",
    ),
    f"""
SELECT toDateTime({GRAIN}, {ZONE}) AS time, concat(experiment, ': ', variant) AS label, count() AS people
FROM
(
    SELECT assigned_on AS day, experiment, variant
    FROM headwater.experiment_subjects(sites = [{SITE}], run = {RUN})
)
WHERE {PERIOD}
GROUP BY time, label
ORDER BY time, label
""",
    (
        Column("time", Text("날짜", "Day"), "date"),
        Column("label", Text("실험과 안", "Experiment and variant"), "string"),
        Column("people", Text("사람", "People")),
    ),
    TO_JOURNEYS,
    width=12,
    height=9,
    empty=Text("이 기간에 배정된 사람이 없습니다", "Nobody was assigned in this period"),
)

APART: Final = Panel(
    "experiment_apart",
    "table",
    Text("판단에서 뺀 사람", "People apart"),
    Text(
        "두 안을 다 본 사람과 배정 전에 이미 등록한 사람은 판단에서 뺍니다. 두 안을 본 사람이 많으면 같은 사람에게 같은 안이 가지 않은 것입니다.",
        "Who met two variants, and who had registered before, is apart. Many who met two: the same person does not get the same variant.",
    ),
    f"""
SELECT name, variant, subjects, crossed, customers_already
FROM (SELECT experiment, place, variant, subjects, crossed, customers_already FROM {_RESULTS}) AS results
INNER JOIN ({_OF_NAMES}) AS names USING (experiment)
ORDER BY name, experiment, place = 0, place, variant
""",
    (
        _NAME,
        _VARIANT,
        Column("subjects", Text("센 사람", "Counted")),
        Column("crossed", Text("두 안을 봄", "Met two variants"), bar=True),
        Column("customers_already", Text("이미 이용자", "Customers already")),
    ),
    TO_JOURNEYS,
    width=12,
    height=9,
    empty=_NONE,
)


# What was typed; the usual where it is no number.
_RATE: Final = "ifNull(toFloat64OrNull(replaceAll(${rate:singlequote}, '%', '')), 10)"
_VARIANTS: Final = "greatest(2, least(20, ifNull(toUInt8OrNull(${variants:singlequote}), 2)))"

SIZE: Final = Panel(
    "experiment_sizes",
    "table",
    Text("몇 명이 필요한가요", "How many people does a test need?"),
    Text(
        "위에 적은 지금 전환율과 안의 수로, 찾으려는 차이마다 안 하나에 필요한 사람입니다. 우연으로 판정할 가능성 5%, 있는 차이를 찾을 가능성 80%."
        " 작은 차이를 찾을수록 사람이 훨씬 많이 듭니다.",
        "For the present rate and number of variants typed above: people each variant needs, by the difference sought. 5% chance of a verdict where there"
        " is no difference, 80% chance of finding one that is there. Halving the difference takes about four times the people.",
    ),
    "SELECT *\nFROM\n(\n"
    + "\nUNION ALL\n".join(
        f"""SELECT {effect} AS points, {_RATE} AS now_percent, now_percent + points AS then_percent, size_each, size_together
FROM headwater.experiment_size(
    baseline_rate = {_RATE} / 100, minimal_effect = {effect} / 100, variants = {_VARIANTS}, alpha = 0.05, power = 0.8
)
WHERE (SELECT count() FROM headwater.sites WHERE {OF_SITE}) > 0"""
        for effect in ("1", "2", "3", "5", "10", "20")
    )
    + "\n)\nORDER BY points",
    (
        Column("points", Text("찾는 차이 (%p)", "Difference sought (points)"), "none"),
        Column("now_percent", Text("지금 전환율 (%)", "Rate now (%)"), "none"),
        Column("then_percent", Text("되어야 할 전환율 (%)", "Rate then (%)"), "none"),
        Column("size_each", Text("안마다 필요한 사람", "People, each variant"), bar=True),
        Column("size_together", Text("모두 합쳐", "Together")),
    ),
    TO_CHANNELS,
    height=8,
    empty=Text("0과 100 사이의 전환율을 적으세요", "Type a rate between 0 and 100"),
)

BOARD: Final = Board(
    "experiments",
    Text("실험", "Experiments"),
    Text(
        "무엇을 왜 시험했는지, 결과를 믿어도 되는지, 다음 시험에는 몇 명이 필요한지.",
        "What was tested and why, whether the result can be trusted, and how many people the next test needs.",
    ),
    (
        Row(Text("판정", "Verdicts"), (RESULTS,)),
        Row(Text("무엇을 시험하나", "What is tested"), (PLANS,)),
        Row(Text("누가 들었나", "Who is in it"), (ASSIGNED, APART)),
        Row(Text("다음 시험", "The next test"), (SIZE,)),
    ),
    (
        SITE_VARIABLE,
        RUN_VARIABLE,
        Variable("rate", Text("지금 전환율 (%)", "Rate now (%)"), default="10", typed=True),
        Variable("variants", Text("안의 수", "Variants"), default="2", typed=True),
    ),
)

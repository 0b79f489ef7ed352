"""Experiments that run or are judged in the period: what was tried, what came of each variant, and the verdict in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana.reports.outcomes import named, verdict
from grafana.reports.questions import OF_SITE
from grafana.reports.report import Block, Name, Number, Piece, Question, Section, Sentence, Table
from grafana.reports.telling import FEWEST, Telling
from grafana.words import NOTHING, VERDICTS, Text

RESULTS: Final = Question(
    "experiments",
    Text("실험과 그 결과", "Experiments and their results"),
    f"""SELECT
    experiment, name_ko, name_en, hypothesis, place, variant, is_control, subjects, judged, converted, rate, difference,
    difference_low, difference_high, p_value, results.planned_size AS planned_size, results.decides_on AS decides_on, crossed, verdict
FROM
(
    SELECT *
    FROM headwater.experiment_results(sites = [{{site:String}}], run = {{run:String}}, as_of = {{until:Date}})
) AS results
INNER JOIN
(
    SELECT experiment, name_ko, name_en, hypothesis
    FROM headwater.experiments
    WHERE {OF_SITE} AND ifNull(starts_on <= {{until:Date}}, 1) AND ifNull(decides_on >= {{since:Date}}, 1)
) AS known USING (experiment)
ORDER BY experiment, place, variant""",
    ("experiment",),
)
QUESTIONS: Final = (RESULTS,)
_DECIDED: Final = frozenset({"better", "worse", "no_difference", "inconclusive", "too_few"})
_WAITING: Final = frozenset({"not_started", "too_early", "maturing", "no_end", "too_few"})

_NOTE: Final = Text(
    "판정한 사람: 배정된 뒤 정해 둔 날수가 다 지난 사람. 미리 셈한 사람 수가 차거나 끝 날이 지나기 전에는 판정하지 않습니다."
    " {fewest}명보다 적은 비율은 내지 않습니다.",
    "Judged: whose days after the assignment are over. There is no verdict before the planned number of people or the end"
    " is reached. No rate of fewer than {fewest}.",
)


def experiments(tell: Telling) -> list[Section]:
    """What was tried and what it says so far; nothing where no experiment has a subject."""
    rows = [row for row in tell.rows("experiments") if row["subjects"] or row["verdict"] != "unlisted"]
    if not any(row["subjects"] for row in rows):
        return []
    by_experiment: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_experiment.setdefault(str(row["experiment"]), []).append(row)
    blocks: list[Block] = []
    for of_one in by_experiment.values():
        if any(row["subjects"] for row in of_one):
            blocks += [_variants(tell, of_one), *_hypothesis(tell, of_one[0]), *_said(tell, of_one)]
    blocks.append(tell.sentence(_NOTE, fewest=str(FEWEST)))
    return [Section(tell.say(Text("해 본 실험", "What was tried")), tuple(blocks))]


def _hypothesis(tell: Telling, row: Mapping[str, Any]) -> list[Sentence]:
    if not row["hypothesis"]:
        return []
    return [
        tell.sentence(
            Text("가설: {hypothesis}", "Hypothesis: {hypothesis}"),
            hypothesis=Name(str(row["hypothesis"])),
        )
    ]


def _variants(tell: Telling, rows: Sequence[Mapping[str, Any]]) -> Table:
    heads = tell.heads(
        (Text("안", "Variant"), False, 1.6), (Text("사람", "People"), True, 0.9), (Text("판정한 사람", "Judged"), True, 1.1),
        (Text("목표에 이름", "Reached"), True, 1.1), (Text("비율", "Rate"), True, 0.9), (Text("기준과의 차", "Difference"), True, 1.2),
        (Text("차의 구간", "Its interval"), True, 1.8), (Text("p", "p"), True, 0.7), (Text("판정", "Verdict"), False, 1.5),
    )  # fmt: skip
    lines = tuple(
        (
            tell.cell(
                (Name(str(row["variant"])), tell.say(Text(" (기준)", " (control)")))
                if row["is_control"]
                else Name(str(row["variant"]))
            ),
            tell.figure(tell.count(row["subjects"], "experiments")),
            tell.figure(tell.count(row["judged"], "experiments")),
            tell.figure(tell.count(row["converted"], "experiments")),
            tell.figure(tell.rate(row["converted"], row["judged"], "experiments")),
            tell.figure(_points(tell, row["difference"])),
            tell.figure(_between(tell, row)),
            tell.figure(_p(tell, row["p_value"])),
            verdict(tell, row, VERDICTS),
        )
        for row in map(_decided, rows)
    )
    head = named(tell, rows[0], "experiment")
    return Table(head.text, heads, lines)


def _decided(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A variant without what tempts to judge it while its verdict may not be given."""
    if row["verdict"] in _DECIDED:
        return row
    return {**row, **dict.fromkeys(("difference", "difference_low", "difference_high", "p_value"))}


def _points(tell: Telling, change: float | None) -> Piece:
    if change is None:
        return tell.say(NOTHING)
    points = round(change * 100, 1)
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return Number(f"{sign}{abs(points):.1f}{'%p' if tell.language == 'ko' else ' pt'}", "experiments")


def _between(tell: Telling, row: Mapping[str, Any]) -> Piece:
    ends = [_points(tell, row[name]) for name in ("difference_low", "difference_high")]
    if not all(isinstance(end, Number) for end in ends):
        return tell.say(NOTHING)
    joined = (" ~ " if tell.language == "ko" else " to ").join(
        end.text for end in ends if isinstance(end, Number)
    )
    return Number(joined, "experiments")


def _p(tell: Telling, value: float | None) -> Piece:
    if value is None:
        return tell.say(NOTHING)
    return Number("<0.001" if value < 0.001 else f"{value:.3f}", "experiments")


def _said(tell: Telling, rows: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    """The verdicts in a sentence each, and what stands in the way of one."""
    told = []
    control = next((row for row in rows if row["is_control"]), rows[0])
    for row in rows:
        if row["verdict"] not in ("better", "worse", "no_difference", "inconclusive"):
            continue
        values: dict[str, Any] = {
            "variant": Name(str(row["variant"])),
            "control": Name(str(control["variant"])),
            "change": _points(tell, row["difference"]),
            "span": _between(tell, row),
        }
        if row["verdict"] == "better":
            told.append(
                tell.sentence(
                    Text(
                        "{variant} 안이 {control} 안보다 낫습니다: {change} (구간 {span}). 이 안으로 바꾸세요.",
                        "{variant} does better than {control}: {change} (interval {span}). Change to it.",
                    ),
                    "good",
                    **values,
                )
            )
        elif row["verdict"] == "worse":
            told.append(
                tell.sentence(
                    Text(
                        "{variant} 안은 {control} 안보다 못합니다: {change} (구간 {span}). 쓰지 마세요.",
                        "{variant} does worse than {control}: {change} (interval {span}). Leave it.",
                    ),
                    "bad",
                    **values,
                )
            )
        elif row["difference"] is not None:
            told.append(
                tell.sentence(
                    Text(
                        "{variant} 안과 {control} 안은 우연을 넘는 차이가 없습니다: {change} (구간 {span}).",
                        "{variant} and {control} do not differ by more than chance: {change} (interval {span}).",
                    ),
                    **values,
                )
            )
    waiting = [row for row in rows if row["verdict"] in _WAITING]
    if waiting:
        one = waiting[0]
        if one["planned_size"] is not None:
            told.append(
                tell.sentence(
                    Text(
                        "아직 판정하지 않습니다: 안마다 {size}명이 필요합니다. 미리 보고 정하면 우연에 속습니다.",
                        "No verdict yet: it takes {size} people a variant. Who looks and decides early is fooled by chance.",
                    ),
                    "careful",
                    size=tell.count(one["planned_size"], "experiments"),
                )
            )
        elif one["decides_on"] is not None:
            told.append(
                tell.sentence(
                    Text(
                        "아직 판정하지 않습니다: {day}에 정합니다. 미리 보고 정하면 우연에 속습니다.",
                        "No verdict yet: it is due on {day}. Who looks and decides early is fooled by chance.",
                    ),
                    "careful",
                    day=str(one["decides_on"]),
                )
            )
    crossed = sum(row["crossed"] for row in rows)
    if crossed:
        told.append(
            tell.sentence(
                Text(
                    "{crossed}명은 두 안을 모두 보아 셈에서 뺐습니다.",
                    "{crossed} people saw two variants and are left out.",
                ),
                "careful",
                crossed=tell.count(crossed, "experiments"),
            )
        )
    return told

"""A campaign that ended: what was planned, what came of it, and how that compares with the time before."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana.reports import parts
from grafana.reports.goals import METRICS, goal_of, metric_of, name_of, reached_of, unit_of
from grafana.reports.questions import BASE_COST, NAMES, OF_SITE, SITE, recorded, within
from grafana.reports.report import (
    Block,
    Chart,
    Figures,
    Headline,
    Kind,
    Line,
    Name,
    Number,
    Question,
    Reckoning,
    Section,
    Sentence,
    Stat,
    Stats,
    Table,
)
from grafana.reports.telling import Telling, paid
from grafana.words import MODELS, Text

_COUNTED: Final = {
    "contacts": Text("방문·스캔·전화", "Visits, scans, calls"),
    "inquiries": Text("문의", "Inquiries"),
    "consults": Text("상담", "Consults"),
    "registrations": Text("등록", "Registrations"),
}
CAMPAIGN: Final = Question(
    "campaign",
    Text("캠페인의 계획과 결과, 모델마다", "The campaign's plan and results, under each model"),
    f"""SELECT
    campaign, name, channel, budget, starts_on, ends_on, goal_metric, goal_count, model, visits, scans, calls,
    visits + scans + calls AS contacts, inquiries, consults, registrations, revenue, cash
FROM headwater.campaign_windows
WHERE {OF_SITE} AND campaign = {{campaign:String}} AND model IN ('first', 'last', 'linear', 'time_decay', 'position')
ORDER BY model""",
)
SPENT: Final = Question(
    "spent",
    Text("캠페인에 쓴 돈", "Spent on the campaign"),
    f"""SELECT sum(amount) AS spent
FROM headwater.spend_daily
WHERE {OF_SITE} AND campaign = {{campaign:String}} AND day <= {{until:Date}} AND {BASE_COST}
HAVING count() > 0""",
)
WEEKS: Final = Question(
    "weeks",
    Text("주마다의 결과", "Results by week"),
    f"""SELECT
    toMonday(day) AS time, sum(visits + scans + calls) AS contacts, sum(inquiries_parts) / 1000000000 AS inquiries,
    sum(registrations_parts) / 1000000000 AS registrations
FROM headwater.channel_funnel_daily
WHERE {OF_SITE} AND model = {{model:String}} AND campaign = {{campaign:String}} AND {within()}
GROUP BY time
ORDER BY time""",
)
BRANCHES: Final = Question(
    "branches",
    Text("지점마다의 결과", "Results by branch"),
    f"""SELECT
    branch, sum(visits + scans + calls) AS contacts, sum(inquiries_parts) / 1000000000 AS inquiries,
    sum(registrations_parts) / 1000000000 AS registrations
FROM headwater.channel_funnel_daily
WHERE {OF_SITE} AND model = {{model:String}} AND campaign = {{campaign:String}} AND {within()}
GROUP BY branch
HAVING contacts + inquiries + registrations > 0
ORDER BY branch""",
)
BESIDE: Final = Question(
    "beside",
    Text("캠페인 채널의 전과 중", "The campaign's channel before and during"),
    f"""SELECT
    day >= {{since:Date}} AS during, sum(visits + scans + calls) AS contacts, sum(inquiries_parts) / 1000000000 AS inquiries,
    sum(consults_parts) / 1000000000 AS consults, sum(registrations_parts) / 1000000000 AS registrations
FROM headwater.channel_funnel_daily
WHERE {OF_SITE} AND model = {{model:String}} AND {within("before_since", "until")}
    AND ({{channel:String}} = '' OR channel = {{channel:String}})
GROUP BY during
ORDER BY during""",
)
MEASURED: Final = Question(
    "measured",
    Text("목표로 삼은 측정값", "The measure that is the goal"),
    """SELECT metric, value, period_start, period_end
FROM headwater.measures
WHERE site = {site:String} AND metric = {goal_metric:String} AND period_start <= {until:Date} AND period_end >= {since:Date}
ORDER BY period_end DESC, period_start DESC, recorded_at DESC
LIMIT 1""",
)
COST: Final = Reckoning(
    "cost",
    Text("예산 사용, CAC와 ROI", "Budget used, CAC and ROI"),
    Text(
        "예산 사용 = 쓴 돈 ÷ 예산. CAC = 쓴 돈 ÷ 캠페인의 등록. ROI = (캠페인에 등록한 분들의 매출 − 쓴 돈) ÷ 쓴 돈.",
        "Budget used = spent ÷ budget. CAC = spent ÷ registrations of the campaign. ROI = (revenue of those registrations −"
        " spent) ÷ spent.",
    ),
    ("campaign", "spent"),
)
MOVED: Final = Reckoning(
    "moved",
    Text("전과 중의 변화", "Change from before to during"),
    Text(
        "캠페인의 채널 전체를(채널이 없으면 모든 채널을) 캠페인 기간과 바로 앞의 같은 날수로 견줍니다. 95% 구간은 두 수를 우연한"
        " 수(포아송)로 보아 구합니다. 계절의 영향은 빠지지 않습니다.",
        "The campaign's whole channel (all channels where it names none) in its window against as many days just before. The"
        " 95% interval takes both counts as chance (Poisson). The season is not removed.",
    ),
    ("beside",),
)


def plan_of(figures: Figures) -> Mapping[str, Any]:
    """The campaign's row under the report's model; empty when the site has no such campaign."""
    model = figures.parameters.get("model")
    return next((row for row in figures.answers.get("campaign", ()) if row["model"] == model), {})


def spent_of(figures: Figures) -> float | None:
    """What was spent on it; None where nothing was entered."""
    rows = figures.answers.get("spent", ())
    return rows[0]["spent"] if rows else None


def _cac(figures: Figures) -> float | None:
    spent, registered = spent_of(figures), plan_of(figures).get("registrations")
    return spent / registered if spent and registered else None


def _roi(figures: Figures) -> float | None:
    spent = spent_of(figures)
    return (plan_of(figures)["revenue"] - spent) / spent if spent and paid(figures) else None


def _reached(figures: Figures) -> tuple[float | None, str]:
    """What was reached of the goal, and the question that says so."""
    reached = reached_of(plan_of(figures))
    if reached is not None:
        return reached, "campaign"
    rows = figures.answers.get("measured", ())
    return (float(rows[0]["value"]) if rows else None), "measured"


def _title(tell: Telling) -> str:
    name = name_of(plan_of(tell.figures)).text
    return f"캠페인 결과: {name}" if tell.language == "ko" else f"Campaign report: {name}"


def _headlines(figures: Figures) -> list[Headline]:
    plan, spent = plan_of(figures), spent_of(figures)
    told = [Headline(slug, title, plan.get(slug), "short", "campaign") for slug, title in _COUNTED.items()]
    return [
        *told,
        Headline("spent", Text("쓴 돈", "Spent"), spent, "currencyKRW", "spent"),
        Headline("revenue", Text("매출", "Revenue"), plan.get("revenue"), "currencyKRW", "campaign"),
        Headline("cac", Text("등록 한 명의 비용 (CAC)", "Cost of a registration (CAC)"), _cac(figures), "currencyKRW", "cost"),
        Headline("reached", Text("이룬 목표", "Reached of the goal"), _reached(figures)[0], "short", _reached(figures)[1]),
        Headline("budget", Text("예산", "Budget"), plan.get("budget"), "currencyKRW", "campaign"),
        Headline("goal", Text("목표", "Goal"), plan.get("goal_count"), "short", "campaign"),
    ]  # fmt: skip


def _summary(tell: Telling) -> Sequence[Sentence]:
    plan, spent = plan_of(tell.figures), spent_of(tell.figures)
    over = not tell.figures.parameters["running"]
    told = [
        tell.sentence(
            Text("{name}: {days}에 진행한 캠페인입니다.", "{name} ran {days}.")
            if over
            else Text("{name}: {days}에 진행 중인 캠페인입니다. 끝나지 않았으니 중간 결과로 보세요.", "{name} runs {days}. It is not over: read this as a state in between."),
            "plain" if over else "careful",
            name=name_of(plan),
            days=tell.days(plan["starts_on"] or "", plan["ends_on"] or ""),
        ),
        _goal(tell, plan, over=over),
        _spending(tell, plan, spent),
        tell.sentence(
            Text(
                "이 기간 캠페인에 돌아간 결과: 문의 {inquiries}건, 상담 {consults}건, 등록 {registrations}명, 매출 {revenue}.",
                "Credited to the campaign in its window: {inquiries} inquiries, {consults} consults, {registrations} registrations, {revenue} revenue.",
            ),
            inquiries=tell.count(plan["inquiries"], "campaign"),
            consults=tell.count(plan["consults"], "campaign"),
            registrations=tell.count(plan["registrations"], "campaign"),
            revenue=tell.revenue(plan["revenue"], "campaign"),
        ),
    ]  # fmt: skip
    return told


def _goal(tell: Telling, plan: Mapping[str, Any], *, over: bool) -> Sentence:
    if not plan["goal_metric"] or plan["goal_count"] is None:
        return tell.sentence(
            Text(
                "정해 둔 목표가 없어 달성 여부는 말할 수 없습니다.",
                "No goal was set, so whether it was reached cannot be said.",
            )
        )
    reached, source = _reached(tell.figures)
    unit = unit_of(plan)
    values = {"goal": goal_of(tell, plan, "campaign"), "reached": tell.number(reached, unit, source)}
    if reached is None:
        return tell.sentence(
            Text("목표({goal})의 값이 아직 기록되지 않아 달성 여부를 알 수 없습니다.", "The goal ({goal}) has no recorded value yet."),
            "careful", goal=values["goal"],
        )  # fmt: skip
    if reached >= plan["goal_count"]:
        return tell.sentence(
            Text("목표({goal})를 이루었습니다: {reached}.", "The goal ({goal}) was reached: {reached}."),
            "good",
            **values,
        )
    if over:
        return tell.sentence(
            Text(
                "목표({goal})에 닿지 못했습니다: {reached}.", "The goal ({goal}) was not reached: {reached}."
            ),
            "bad",
            **values,
        )
    return tell.sentence(
        Text(
            "목표({goal})까지 아직 남았습니다: {reached}.", "The goal ({goal}) is not reached yet: {reached}."
        ),
        "careful",
        **values,
    )


def _spending(tell: Telling, plan: Mapping[str, Any], spent: float | None) -> Sentence:
    if spent is None:
        return tell.sentence(
            Text(
                "이 캠페인에 쓴 돈이 입력되지 않아 CAC와 ROI를 낼 수 없습니다. 비용 자료에 캠페인 이름을 함께 적어 주세요.",
                "No spend names this campaign, so there is no CAC and no ROI. Please give its name with the spend.",
            ),
            "careful",
        )
    if not plan["budget"]:
        return tell.sentence(
            Text(
                "쓴 돈은 {spent}입니다. 예산은 정해 두지 않았습니다.",
                "{spent} were spent; no budget was set.",
            ),
            spent=tell.won(spent, "spent"),
        )
    used = spent / plan["budget"]
    return tell.sentence(
        Text(
            "예산 {budget} 가운데 {spent}을 썼습니다({used}).",
            "Of a budget of {budget}, {spent} were spent ({used}).",
        ),
        "careful" if used > 1.1 else "plain",
        budget=tell.won(plan["budget"], "campaign"),
        spent=tell.won(spent, "spent"),
        used=tell.percent(used, "cost"),
    )


def _glance(tell: Telling) -> Stats:
    plan, spent = plan_of(tell.figures), spent_of(tell.figures)
    reached, source = _reached(tell.figures)

    def stat(title: Text, piece: Any, beside: str = "") -> Stat:
        return Stat(
            tell.say(title), piece if isinstance(piece, Number) else Number(str(piece), "campaign"), beside
        )

    has_goal = plan["goal_metric"] and plan["goal_count"] is not None
    goal = (
        parts.plain(goal_of(tell, plan, "campaign")) if has_goal else tell.say(Text("목표 없음", "no goal"))
    )
    unit = unit_of(plan)
    budget = tell.won(plan["budget"] or None, "campaign", Text("예산 없음", "no budget"))
    return Stats(
        (
            stat(Text("이룬 것", "Reached"), tell.number(reached, unit, source), f"{tell.say(Text('목표', 'goal'))}: {goal}"),
            stat(Text("쓴 돈", "Spent"), tell.won(spent, "spent", parts.NO_SPEND), f"{tell.say(Text('예산', 'budget'))}: {parts.plain((budget,))}"),
            stat(Text("문의", "Inquiries"), tell.count(plan["inquiries"], "campaign")),
            stat(Text("등록", "Registrations"), tell.count(plan["registrations"], "campaign")),
            stat(Text("등록 한 명의 비용", "Cost of a registration"), tell.won(_cac(tell.figures), "cost")),
            stat(Text("매출", "Revenue"), tell.revenue(plan["revenue"], "campaign")),
            stat(Text("ROI", "ROI"), tell.percent(_roi(tell.figures), "cost")),
        )
    )  # fmt: skip


def _weeks(tell: Telling) -> Chart:
    rows = tell.rows("weeks")
    return Chart(
        "time",
        tell.say(Text("주마다의 문의와 등록", "Inquiries and registrations by week")),
        tuple(str(row["time"]) for row in rows),
        tuple(
            Line(tell.say(_COUNTED[name]), tuple(float(row[name]) for row in rows))
            for name in ("inquiries", "registrations")
        ),
        "weeks",
        note=tell.say(Text("날짜는 그 주의 월요일입니다.", "Each by its Monday.")),
    )


def _beside(tell: Telling) -> Section:
    title = tell.say(Text("캠페인 전과 견주면", "Against the time before"))
    moved = tell.worked("moved")
    plan = plan_of(tell.figures)
    if moved is None:
        return Section(
            title,
            (
                tell.sentence(
                    Text(
                        "캠페인 바로 앞, 같은 길이의 기간에는 첫 주부터의 기록이 없어 견주지 않았습니다.",
                        "Not compared: the record does not reach back to the first week of as many days before the campaign.",
                    ),
                    "careful",
                ),
            ),
        )
    heads = tell.heads(
        (Text("지표", "Index"), False, 2.0), (Text("캠페인 전", "Before"), True, 1.2), (Text("캠페인 중", "During"), True, 1.2),
        (Text("변화", "Change"), True, 1.2), (Text("변화의 95% 구간", "95% interval of the change"), True, 2.0),
    )  # fmt: skip
    lines = tuple(
        (
            tell.cell(tell.say(_COUNTED[name])),
            tell.figure(tell.count(one["before"], "moved")),
            tell.figure(tell.count(one["after"], "moved")),
            tell.figure(tell.signed(one["change"], "percentunit", "moved")),
            tell.figure(tell.span(one["interval"], "percentunit", "moved", signs=True)),
        )
        for name, one in moved.items()
    )
    about = (
        tell.sentence(
            Text(
                "{channel} 채널 전체를 {before}와 견주었습니다.",
                "The whole channel {channel}, against {before}.",
            ),
            channel=tell.channel(str(plan["channel"])),
            before=tell.days(str(tell.day("before_since")), str(tell.day("before_until"))),
        )
        if plan["channel"]
        else tell.sentence(
            Text("모든 채널을 {before}와 견주었습니다.", "All channels, against {before}."),
            before=tell.days(str(tell.day("before_since")), str(tell.day("before_until"))),
        )
    )
    note = Text(
        "구간이 0%를 사이에 두면 우연으로도 있을 만한 변화입니다. 계절의 영향은 빠지지 않았습니다.",
        "An interval around 0% is a change that chance may make. The season is not removed.",
    )
    return Section(title, (about, Table(title, heads, lines, tell.say(note))))


def _models(tell: Telling) -> Section:
    found = {str(row["model"]): row for row in tell.rows("campaign")}
    heads = tell.heads(
        (Text("모델", "Model"), False, 2.0), (Text("문의", "Inquiries"), True, 1.0), (Text("상담", "Consults"), True, 1.0),
        (Text("등록", "Registrations"), True, 1.2), (Text("등록률", "Rate"), True, 1.0), (Text("매출", "Revenue"), True, 1.5),
    )  # fmt: skip
    lines = tuple(
        (
            tell.cell(word.text.said_in(tell.language)),
            tell.figure(tell.count(found[model]["inquiries"], "campaign")),
            tell.figure(tell.count(found[model]["consults"], "campaign")),
            tell.figure(tell.count(found[model]["registrations"], "campaign")),
            tell.figure(tell.rate(found[model]["registrations"], found[model]["inquiries"], "campaign")),
            tell.figure(tell.revenue(found[model]["revenue"], "campaign")),
        )
        for model, word in MODELS.items()
        if model in found
    )
    about = Text(
        "한 분이 여러 곳을 거쳐 오셨을 때 공을 나누는 다섯 가지 방법입니다. 서로 비슷하면 결과를 믿어도 됩니다.",
        "Five ways of sharing out the credit when somebody came by several ways. Where they are alike, the result can be trusted.",
    )
    title = tell.say(Text("모델에 따라 달라지나요?", "Does it depend on the model?"))
    return Section(title, (tell.sentence(about), Table(title, heads, lines)))


def _branches(tell: Telling) -> list[Block]:
    rows = tell.rows("branches")
    if len(rows) < 2:
        return []
    heads = tell.heads(
        (Text("지점", "Branch"), False, 2.0), (_COUNTED["contacts"], True, 1.6), (_COUNTED["inquiries"], True, 1.2),
        (_COUNTED["registrations"], True, 1.2),
    )  # fmt: skip
    unknown = tell.say(Text("지점 모름", "Branch unknown"))
    lines = tuple(
        (
            tell.cell(Name(str(row["branch"])) if row["branch"] else unknown),
            *(
                tell.figure(tell.count(row[name], "branches"))
                for name in ("contacts", "inquiries", "registrations")
            ),
        )
        for row in rows
    )
    return [Table(tell.say(Text("지점마다", "By branch")), heads, lines)]


def _planned(tell: Telling) -> Section:
    plan, spent = plan_of(tell.figures), spent_of(tell.figures)
    reached, source = _reached(tell.figures)
    metric = str(plan["goal_metric"])
    unit = unit_of(plan)
    heads = tell.heads(
        (Text("항목", "Item"), False, 2.0), (Text("계획", "Planned"), True, 1.6), (Text("결과", "Actual"), True, 1.6), (Text("결과 ÷ 계획", "Actual ÷ planned"), True, 1.4),
    )  # fmt: skip
    lines = [
        (
            tell.cell(tell.say(Text("예산과 지출", "Budget and spend"))),
            tell.figure(tell.won(plan["budget"] or None, "campaign", Text("예산 없음", "no budget"))),
            tell.figure(tell.won(spent, "spent", parts.NO_SPEND)),
            tell.figure(
                tell.percent(spent / plan["budget"] if spent is not None and plan["budget"] else None, "cost")
            ),
        )
    ]
    if metric:
        lines.append(
            (
                tell.cell(metric_of(tell, plan) if metric in METRICS else Name(metric)),
                tell.figure(tell.number(plan["goal_count"], unit, "campaign")),
                tell.figure(tell.number(reached, unit, source, Text("기록 없음", "not recorded"))),
                tell.figure(
                    tell.percent(
                        reached / plan["goal_count"] if reached is not None and plan["goal_count"] else None,
                        source,
                    )
                ),
            )
        )
    title = tell.say(Text("계획과 결과", "Planned and actual"))
    return Section(title, (Table(title, heads, tuple(lines)),))


def _sections(tell: Telling) -> Sequence[Section]:
    glance: list[Block] = [_glance(tell)]
    if tell.rows("weeks"):
        glance.append(_weeks(tell))
    else:
        glance.append(
            tell.sentence(
                Text(
                    "이 캠페인으로 들어온 방문·스캔·전화·문의가 하나도 기록되지 않았습니다. 링크의 utm_campaign이나 QR·번호가 캠페인에 이어져 있는지 살펴보세요.",
                    "Not one visit, scan, call or inquiry was recorded for this campaign. Check that utm_campaign of its links, its codes or its numbers lead to it.",
                ),
                "careful",
            )
        )
    return [
        Section(tell.say(Text("한눈에", "At a glance")), tuple(glance)),
        _planned(tell),
        _beside(tell),
        _models(tell),
        *([Section(tell.say(Text("지점", "Branches")), tuple(found))] if (found := _branches(tell)) else []),
    ]


KIND: Final = Kind(
    "campaign",
    Text("캠페인 결과", "Campaign report"),
    _title,
    (SITE, NAMES, CAMPAIGN, SPENT, recorded(("before_recorded", "before_since", "before_until")), WEEKS, BRANCHES, BESIDE, MEASURED),
    (COST, MOVED),
    _headlines,
    _summary,
    _sections,
)  # fmt: skip

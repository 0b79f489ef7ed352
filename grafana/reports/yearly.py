"""The year's plan against what came of it. The plan is what the catalog says: budgets and goals of the year's campaigns."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from grafana.reports import parts
from grafana.reports.goals import METRICS, goal_of, name_of, reached_of, unit_of
from grafana.reports.questions import (
    BASE_COST,
    BOARD,
    NAMES,
    OF_SITE,
    SITE,
    board,
    over_time,
    recorded,
    within,
)
from grafana.reports.report import (
    Figures,
    Headline,
    Kind,
    Name,
    Question,
    Reckoning,
    Section,
    Sentence,
    Table,
)
from grafana.reports.telling import Telling
from grafana.words import Text

LAST_YEAR: Final = Text("지난해", "the year before")
PLAN: Final = Question(
    "plan",
    Text("올해 시작한 캠페인의 계획과 결과", "Plan and results of the campaigns that began in the year"),
    f"""SELECT
    campaign, name, channel, starts_on, ends_on, budget, goal_metric, goal_count, visits, scans, calls, inquiries, consults,
    registrations, revenue, to_date.won AS spent
FROM
(
    SELECT *
    FROM headwater.campaign_windows
    WHERE {OF_SITE} AND model = {{model:String}} AND ifNull({within("since", "year_end", "starts_on")}, 0)
) AS windows
LEFT JOIN
(
    SELECT campaign, sum(amount) AS won
    FROM headwater.spend_daily
    WHERE {OF_SITE} AND campaign != '' AND day <= {{until:Date}} AND {BASE_COST}
    GROUP BY campaign
) AS to_date USING (campaign)
ORDER BY starts_on, campaign""",
)
UNDATED: Final = Question(
    "undated",
    Text("시작일이 없는 캠페인", "Campaigns without a first day"),
    f"SELECT count() AS campaigns FROM headwater.campaigns WHERE {OF_SITE} AND starts_on IS NULL HAVING count() > 0",
)
SPEND: Final = Question(
    "spend_months",
    Text("달마다 쓴 돈", "Spend by month"),
    f"""SELECT toStartOfMonth(day) AS month, sum(amount) AS spent, sumIf(amount, campaign != '') AS in_campaigns
FROM headwater.spend_daily
WHERE {OF_SITE} AND {within()} AND {BASE_COST}
GROUP BY month
ORDER BY month""",
)
SUMS: Final = Reckoning(
    "plan_sums",
    Text("분기로 묶은 계획과 결과", "Plan and actual by quarter"),
    Text(
        "예산은 캠페인이 시작한 분기에 모두 둡니다. 지출과 결과는 각각의 날짜가 속한 분기의 것입니다. 캠페인 밖 지출은 캠페인 이름이 없는 지출입니다.",
        "A budget lies whole in the quarter its campaign begins. Spend and results lie in the quarter of their own days. Spend"
        " outside campaigns names none.",
    ),
    ("plan", "spend_months", "months"),
)


def _title(tell: Telling) -> str:
    year = tell.day("since").year
    return f"{year}년 계획과 결과" if tell.language == "ko" else f"Plan against actual, {year}"


def _budget(rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(row["budget"] for row in rows))


def _headlines(figures: Figures) -> list[Headline]:
    plan = figures.answers.get("plan", ())
    return [
        *parts.headlines_of_total(figures),
        Headline(
            "budget", Text("계획한 예산", "Budget planned"), _budget(plan) or None, "currencyKRW", "plan"
        ),
        Headline("campaigns", Text("계획한 캠페인", "Campaigns planned"), float(len(plan)), "short", "plan"),
    ]


def _summary(tell: Telling) -> Sequence[Sentence]:
    year = tell.day("since").year
    told = parts.opening(tell, f"{year}년" if tell.language == "ko" else str(year))
    told += parts.change(tell, "change", LAST_YEAR)
    plan, budget = tell.rows("plan"), _budget(tell.rows("plan"))
    if tell.figures.parameters["running"]:
        told.append(
            tell.sentence(
                Text("해가 아직 끝나지 않았습니다. {until}까지의 결과를 한 해의 계획과 견준 것입니다.", "The year is not over: results up to {until} against the plan of the whole year."),
                "careful",
                until=str(tell.day("until")),
            )
        )  # fmt: skip
    if not plan:
        told.append(
            tell.sentence(
                Text(
                    "견줄 계획이 없습니다. 이 보고서의 계획은 카탈로그에 적어 둔 캠페인의 예산과 목표인데, 이해에 시작한 캠페인이 없습니다.",
                    "There is no plan to compare with. The plan here is the budgets and goals of campaigns in the catalog, and none began in this year.",
                ),
                "careful",
            )
        )
    elif not budget:
        told.append(
            tell.sentence(
                Text("캠페인 {count}개에 예산이 적혀 있지 않아 돈의 계획은 견줄 수 없습니다.", "No campaign of the year ({count}) has a budget, so there is no plan of money to compare with."),
                "careful",
                count=tell.count(len(plan), "plan"),
            )
        )  # fmt: skip
    else:
        told.append(
            tell.sentence(
                Text(
                    "계획은 카탈로그에 적힌 캠페인 {count}개의 예산 {budget}입니다. 그 캠페인들에 쓴 돈: {spent}.",
                    "The plan is what the catalog has: campaigns {count}, budget {budget}. Spent on them: {spent}.",
                ),
                count=tell.count(len(plan), "plan"),
                budget=tell.won(budget, "plan"),
                spent=tell.won(sum(row["spent"] for row in plan) or None, "plan", parts.NO_SPEND),
            )
        )
    return told


def _campaigns(tell: Telling) -> Section:
    title = tell.say(Text("캠페인마다 계획과 결과", "Planned and actual, campaign by campaign"))
    rows = tell.rows("plan")
    undated = tell.row("undated")
    more = (
        [
            tell.sentence(
                Text("시작일이 없는 캠페인 {count}개는 어느 해의 계획인지 알 수 없어 뺐습니다.", "Campaigns without a first day belong to no year and are left out: {count}."),
                count=tell.count(undated["campaigns"], "undated"),
            )
        ]
        if undated
        else []
    )  # fmt: skip
    if not rows:
        return Section(
            title,
            (
                tell.sentence(Text("이해에 시작한 캠페인이 없습니다.", "No campaign began in this year.")),
                *more,
            ),
        )
    heads = tell.heads(
        (Text("캠페인", "Campaign"), False, 2.0), (Text("기간", "Days"), False, 2.3), (Text("예산", "Budget"), True, 1.5), (Text("쓴 돈", "Spent"), True, 1.5),
        (Text("사용", "Used"), True, 0.9), (Text("목표", "Goal"), False, 1.4), (Text("이룬 것", "Reached"), True, 1.1), (Text("달성", "Done"), True, 0.9),
    )  # fmt: skip
    lines = []
    for row in rows:
        reached = reached_of(row)
        done = reached / row["goal_count"] if reached is not None and row["goal_count"] else None
        lines.append(
            (
                tell.cell(name_of(row)),
                tell.cell(tell.days(row["starts_on"], row["ends_on"] or "")),
                tell.figure(tell.won(row["budget"] or None, "plan")),
                tell.figure(tell.won(row["spent"] or None, "plan", parts.NO_SPEND)),
                tell.figure(
                    tell.percent(
                        row["spent"] / row["budget"] if row["budget"] and row["spent"] else None, "plan"
                    )
                ),
                tell.cell(goal_of(tell, row, "plan")),
                tell.figure(tell.number(reached, unit_of(row), "plan")),
                tell.figure(
                    tell.percent(done, "plan"), "green" if done is not None and done >= 1 else "text"
                ),
            )
        )
    goals = _goals(tell)
    return Section(title, (Table(title, heads, tuple(lines)), *goals, *more))


def _goals(tell: Telling) -> list[Table]:
    sums: dict[str, list[float]] = {}
    for row in tell.rows("plan"):
        reached = reached_of(row)
        if reached is not None and row["goal_count"] is not None:
            wanted = sums.setdefault(str(row["goal_metric"]), [0.0, 0.0])
            wanted[0] += row["goal_count"]
            wanted[1] += reached
    if not sums:
        return []
    heads = tell.heads(
        (Text("목표", "Goal"), False, 2.0), (Text("계획", "Planned"), True, 1.2), (Text("결과", "Actual"), True, 1.2),
        (Text("달성", "Done"), True, 1.0),
    )  # fmt: skip
    lines = []
    for metric, (planned, actual) in sorted(sums.items()):
        unit = unit_of({"goal_metric": metric})
        lines.append(
            (
                tell.cell(tell.say(METRICS[metric]) if metric in METRICS else Name(metric)),
                tell.figure(tell.number(planned, unit, "plan")),
                tell.figure(tell.number(actual, unit, "plan")),
                tell.figure(tell.percent(actual / planned if planned else None, "plan")),
            )
        )
    return [Table(tell.say(Text("목표의 합", "Goals added up")), heads, tuple(lines))]


def _quarters(tell: Telling) -> Section:
    title = tell.say(Text("분기마다", "Quarter by quarter"))
    heads = tell.heads(
        (Text("분기", "Quarter"), False, 1.2), (Text("계획한 예산", "Budget planned"), True, 1.5), (Text("지출", "Spend"), True, 1.5),
        (Text("캠페인 밖 지출", "Outside campaigns"), True, 1.6), (Text("문의", "Inquiries"), True, 1.0), (Text("등록", "Registered"), True, 1.0),
    )  # fmt: skip
    sums: dict[int, dict[str, float]] = {}

    def add(day: str, name: str, value: float) -> None:
        found = sums.setdefault((date.fromisoformat(day).month + 2) // 3, {})
        found[name] = found.get(name, 0.0) + value

    for row in tell.rows("plan"):
        add(str(row["starts_on"]), "budget", row["budget"])
    for row in tell.rows("spend_months"):
        add(str(row["month"]), "spent", row["spent"])
        add(str(row["month"]), "outside", row["spent"] - row["in_campaigns"])
    for row in tell.rows("months"):
        add(str(row["time"]), "inquiries", row["inquiries"])
        add(str(row["time"]), "registrations", row["registrations"])
    lines = tuple(
        (
            tell.cell(f"{number}분기" if tell.language == "ko" else f"Q{number}"),
            tell.figure(tell.won(found.get("budget") or None, "plan_sums")),
            tell.figure(tell.won(found.get("spent"), "plan_sums", parts.NO_SPEND)),
            tell.figure(tell.won(found.get("outside"), "plan_sums")),
            tell.figure(tell.count(found.get("inquiries"), "plan_sums", parts.NO_RECORD)),
            tell.figure(tell.count(found.get("registrations"), "plan_sums", parts.NO_RECORD)),
        )
        for number, found in sorted(sums.items())
    )
    note = Text(
        "예산은 캠페인이 시작한 분기에 모두 둡니다.",
        "A budget lies whole in the quarter its campaign begins.",
    )
    months = parts.over_time(
        tell, "months", Text("달마다의 문의와 등록", "Inquiries and registrations by month")
    )
    return Section(title, (Table(title, heads, lines, tell.say(note)), months))


def _sections(tell: Telling) -> Sequence[Section]:
    glance = parts.glance(tell, tell.worked("total_before"), tell.say(Text("지난해", "year before:")))
    return [
        Section(tell.say(Text("한눈에", "At a glance")), (glance,)),
        _campaigns(tell),
        _quarters(tell),
        Section(tell.say(Text("채널마다", "Channel by channel")), (parts.scoreboard(tell, whole=True),)),
        parts.next_steps(tell),
    ]


KIND: Final = Kind(
    "yearly",
    Text("연간 계획과 결과", "Yearly plan against actual"),
    _title,
    (
        SITE,
        NAMES,
        recorded(("before_recorded", "before_since", "before_until")),
        PLAN,
        UNDATED,
        BOARD,
        board("board_before", Text("지난해의 채널 점수판", "Scoreboard of the year before"), "before_since", "before_until"),
        over_time("months", Text("달마다의 문의와 등록", "Inquiries and registrations by month"), "toStartOfMonth(day)"),
        SPEND,
    ),
    (parts.TOTAL, parts.compared("change", "board_before", "지난해", "the year before"), SUMS),
    _headlines,
    _summary,
    _sections,
)  # fmt: skip

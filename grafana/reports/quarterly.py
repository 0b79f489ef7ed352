"""The quarter reviewed: what each channel earned, what to stop and increase, and what to expect of moving the money."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana.reports import besides, parts
from grafana.reports.goals import campaigns
from grafana.reports.questions import (
    BOARD,
    CALLS,
    CAMPAIGNS,
    COHORTS,
    MODELS,
    NAMES,
    OPEN_SLOTS,
    SITE,
    board,
    over_time,
    recorded,
)
from grafana.reports.report import (
    Block,
    Chart,
    Figures,
    Headline,
    Kind,
    Line,
    Number,
    Reckoning,
    Section,
    Sentence,
    Table,
)
from grafana.reports.telling import ALL_MODELS, Telling
from grafana.words import NOTHING, Text

BEFORE: Final = Text("지난 분기", "the quarter before")
LAST_YEAR: Final = Text("지난해 같은 분기", "the same quarter last year")
MOVE: Final = Reckoning(
    "reallocation",
    Text("재배분과 기대되는 등록", "Reallocation and registrations to expect"),
    Text(
        "총액은 그대로 둡니다. ‘중단’ 채널의 지출을 ‘증액’ 채널에 지금 지출에 비례해 옮깁니다. 지출이 n배가 되면 등록은"
        " n^탄력성 배가 된다고 보고(탄력성은 설정 HEADWATER_REPORT_ELASTICITY), CAC가 그대로라면 n배입니다. 멈춘 채널의 등록은 0으로 봅니다."
        " 직원 시간으로 하는 채널은 시간 한도의 비용까지만 늘립니다. 빈자리가 0이면 옮기지 않습니다. 월평균은 기간의 달수로 나눈 것입니다."
        " 95% 구간은 지금의 등록 수를 우연한 수(포아송)로 보고 구한 것이며, 탄력성이 틀릴 가능성은 들어 있지 않습니다.",
        "The total stays. Spend of the channels to stop goes to the channels to increase in proportion to their spend. n times"
        " the spend is taken to bring n to the power of the elasticity times the registrations (setting"
        " HEADWATER_REPORT_ELASTICITY), n times at constant CAC; a channel that stops brings none. Channels of staff time take"
        " no more than their hours cost. With 0 open slots nothing moves. Monthly means are over the months of the period. The"
        " 95% intervals take today's registrations as chance counts (Poisson); that the elasticity may be wrong is not in them.",
    ),
    ("board", "names", "open_slots"),
)


def _title(tell: Telling) -> str:
    first = tell.day("since")
    number = (first.month + 2) // 3
    return (
        f"{first.year}년 {number}분기 전략 검토"
        if tell.language == "ko"
        else f"Strategy review, quarter {number} of {first.year}"
    )


def _period(tell: Telling) -> str:
    first = tell.day("since")
    number = (first.month + 2) // 3
    return f"{first.year}년 {number}분기" if tell.language == "ko" else f"quarter {number} of {first.year}"


def _headlines(figures: Figures) -> list[Headline]:
    moved = figures.worked.get("reallocation") or {}
    return [
        *parts.headlines_of_total(figures),
        Headline("wasted", Text("중단할 채널에 드는 돈 (1년)", "Spend on channels to stop, a year"), figures.worked.get("wasted"), "currencyKRW", "wasted"),
        Headline("moved", Text("옮기자고 한 돈", "Won proposed to move"), moved.get("moved"), "currencyKRW", "reallocation"),
        Headline("expected", Text("재배분 뒤 월 등록 예상", "Registrations a month to expect"), moved.get("expected"), "short", "reallocation"),
    ]  # fmt: skip


def _summary(tell: Telling) -> Sequence[Sentence]:
    told = parts.opening(tell, _period(tell))
    told += parts.change(tell, "change", BEFORE)
    if tell.worked("change_year") is not None:
        told += parts.change(tell, "change_year", LAST_YEAR)
    return told + [_proposed(tell)]


def _proposed(tell: Telling) -> Sentence:
    """The proposal in one sentence, or why there is none."""
    moved: Mapping[str, Any] = tell.worked("reallocation")
    stops, gains = (_with(tell, action) for action in ("stop", "increase"))
    if moved["full"]:
        return tell.sentence(
            Text(
                "빈자리가 {slots}이므로 증액은 보류합니다. 자리가 나면 다시 검토하세요.",
                "There are {slots} open slots: hold the increase until there is room.",
            ),
            "careful",
            slots=tell.count(moved["open_slots"], "open_slots"),
        )
    if not stops:
        return tell.sentence(
            Text(
                "중단할 채널이 없어 옮길 지출이 없습니다.", "No channel to stop, so there is nothing to move."
            )
        )
    if not gains:
        return tell.sentence(
            Text(
                "늘릴 만한 채널이 없어 지출을 옮기자고 하지 않습니다.",
                "No channel is worth an increase, so nothing is moved.",
            )
        )
    if not moved["moved"]:
        return tell.sentence(
            Text("늘릴 채널의 직원 시간이 이미 한도라서 옮길 수 없습니다.", "The channels to increase are at the limit of their hours: nothing can be moved."),
            "careful",
        )  # fmt: skip
    return tell.sentence(
        Text(
            "같은 돈으로 더 모실 수 있습니다: {won}을 옮기면 한 달 등록이 {now}명에서 {expected}명(95% 구간 {span})이 될 것으로 봅니다.",
            "The same money could do more: with {won} moved, expect {expected} registrations a month (95% interval {span}) in place of {now}.",
        ),
        "good",
        won=tell.won(moved["moved"], "reallocation"),
        now=tell.count(moved["registrations"], "reallocation"),
        expected=tell.count(moved["expected"], "reallocation"),
        span=tell.span(moved["expected_interval"], "short", "reallocation"),
    )


def _with(tell: Telling, action: str) -> list[Mapping[str, Any]]:
    return [row for row in tell.rows("board") if row["action"] == action and row["spend"] > 0]


def _reallocation(tell: Telling) -> Section:
    moved: Mapping[str, Any] = tell.worked("reallocation")
    blocks: list[Block] = [_proposed(tell)]
    wasted = tell.worked("wasted")
    if wasted:
        blocks.append(
            tell.sentence(
                Text(
                    "지금대로면 중단할 채널에 1년에 {wasted}을 씁니다.",
                    "At this pace {wasted} a year go to channels to stop.",
                ),
                "bad",
                wasted=tell.won(wasted, "wasted"),
            )
        )
    if moved["moved"]:
        blocks += [_plan(tell, moved), *_expectations(tell, moved), _plan_chart(tell, moved)]
    return Section(tell.say(Text("재배분 제안", "Proposed reallocation")), tuple(blocks))


def _plan(tell: Telling, moved: Mapping[str, Any]) -> Table:
    months = moved["months"]
    heads = tell.heads(
        (Text("채널", "Channel"), False, 2.0), (Text("할 일", "Action"), False, 2.2), (Text("지금 (한 달)", "Now (a month)"), True, 1.6),
        (Text("제안 (한 달)", "Proposed (a month)"), True, 1.8), (Text("변화", "Change"), True, 1.6),
        (Text("등록 지금", "Registrations now"), True, 1.5), (Text("등록 예상", "To expect"), True, 1.3),
    )  # fmt: skip
    lines = []
    for row in parts.shown_rows(tell):
        channel = str(row["channel"])
        before, after = moved["before"][channel] / months, moved["after"][channel] / months
        if not before and not after:
            continue
        changed = after - before
        lines.append(
            (
                tell.cell(tell.channel(channel)),
                tell.action(row),
                tell.figure(tell.won(before, "reallocation")),
                tell.figure(tell.won(after, "reallocation")),
                tell.figure(
                    tell.signed(changed, "currencyKRW", "reallocation")
                    if changed
                    else tell.say(Text("그대로", "same")),
                    "green" if changed > 0 else "red" if changed < 0 else "text",
                ),
                tell.figure(tell.count(row["registrations"] / months, "board")),
                tell.figure(tell.count(moved["expected_by_channel"][channel], "reallocation")),
            )
        )
    note = Text(
        "지출이 있는 채널만 보입니다. 총액은 한 달 {total}으로 같습니다.",
        "Channels with spend only. The total stays {total} a month.",
    )
    total = tell.won(sum(moved["before"].values()) / months, "reallocation")
    return Table(
        tell.say(Text("어디에서 어디로", "From where to where")),
        heads,
        tuple(lines),
        tell.say(note, total=parts.plain((total,))),
    )


def _expectations(tell: Telling, moved: Mapping[str, Any]) -> list[Block]:
    number = {
        name: tell.count(moved[name], "reallocation")
        for name in ("registrations", "expected", "expected_at_constant_cac")
    }
    heads = tell.heads(
        (Text("가정", "Taken as given"), False, 3.2), (Text("월 등록", "Registrations a month"), True, 1.4),
        (Text("95% 구간", "95% interval"), True, 1.6), (Text("늘어나는 수", "More than now"), True, 1.3), (Text("그 95% 구간", "Its 95% interval"), True, 1.7),
    )  # fmt: skip
    elasticity = Number(f"{moved['elasticity']:g}", "reallocation")
    lines = (
        (
            tell.cell(tell.say(Text("지금 그대로", "As it is"))),
            tell.figure(number["registrations"]),
            tell.figure(tell.span(moved["registrations_interval"], "short", "reallocation")),
            tell.figure(tell.say(NOTHING)),
            tell.figure(tell.say(NOTHING)),
        ),
        (
            tell.cell(
                tell.pieces(
                    Text("옮기고, 탄력성 {elasticity}", "Moved, elasticity {elasticity}"),
                    elasticity=elasticity,
                )
            ),
            tell.figure(number["expected"]),
            tell.figure(tell.span(moved["expected_interval"], "short", "reallocation")),
            tell.figure(tell.signed(moved["expected"] - moved["registrations"], "short", "reallocation")),
            tell.figure(tell.span(moved["gain_interval"], "short", "reallocation", signs=True)),
        ),
        (
            tell.cell(tell.say(Text("옮기고, CAC가 그대로라면", "Moved, at constant CAC"))),
            tell.figure(number["expected_at_constant_cac"]),
            tell.figure(tell.span(moved["constant_interval"], "short", "reallocation")),
            tell.figure(
                tell.signed(
                    moved["expected_at_constant_cac"] - moved["registrations"], "short", "reallocation"
                )
            ),
            tell.figure(tell.span(moved["constant_gain_interval"], "short", "reallocation", signs=True)),
        ),
    )
    note = Text(
        "돈을 두 배로 늘린다고 손님이 두 배가 되지는 않는다고 보는 것이 탄력성입니다. 구간은 지금의 등록이 우연히 많거나 적었을 가능성만 담고 있습니다.",
        "Elasticity says that twice the money does not bring twice the customers. The intervals hold only that today's counts may be luck.",
    )
    blocks: list[Block] = [
        Table(tell.say(Text("무엇을 기대할 수 있나요?", "What to expect?")), heads, lines, tell.say(note))
    ]
    if moved["gain_interval"][0] <= 0:
        blocks.append(
            tell.sentence(
                Text(
                    "늘어나는 수의 구간이 0을 사이에 둡니다. 한꺼번에 옮기지 말고 일부만 먼저 옮겨 다음 달을 보세요.",
                    "The interval of the gain lies around 0: move a part first, and look at the next month.",
                ),
                "careful",
            )
        )
    agreed = tell.count(moved["agreement"], "reallocation")
    if moved["agreement"] == ALL_MODELS:
        blocks.append(
            tell.sentence(
                Text("이 판단에는 5개 모델이 모두 같은 의견입니다.", "All 5 models agree on these actions."),
                "good",
            )
        )
    else:
        blocks.append(
            tell.sentence(
                Text(
                    "모델에 따라 다릅니다: 판단마다 5개 모델 가운데 적어도 {agreed}개가 같은 의견입니다.",
                    "It depends on the rule: at least {agreed} of 5 models agree on each action.",
                ),
                "careful",
                agreed=agreed,
            )
        )
    if moved["unplaced"]:
        blocks.append(
            tell.sentence(
                Text(
                    "직원 시간의 한도 때문에 {unplaced}은 둘 곳을 찾지 못했습니다.",
                    "{unplaced} found no place within the hours of staff.",
                ),
                "careful",
                unplaced=tell.won(moved["unplaced"], "reallocation"),
            )
        )
    if moved["open_slots"] is None:
        blocks.append(
            tell.sentence(
                Text(
                    "빈자리(open_slots)를 기록하지 않으셔서, 늘어난 분들을 모실 자리가 있는지는 확인하지 못했습니다.",
                    "Open slots are not recorded, so whether there is room for more could not be checked.",
                ),
                "careful",
            )
        )
    else:
        blocks.append(
            tell.sentence(
                Text("기록된 빈자리는 {slots}자리입니다.", "Open slots recorded: {slots}."),
                slots=tell.count(moved["open_slots"], "open_slots"),
            )
        )
    return blocks


def _plan_chart(tell: Telling, moved: Mapping[str, Any]) -> Chart:
    months = moved["months"]
    channels = [str(row["channel"]) for row in parts.shown_rows(tell) if row["spend"]]
    return Chart(
        "bars",
        tell.say(Text("한 달 지출, 지금과 제안", "Spend a month, now and proposed")),
        tuple(parts.plain((tell.channel(channel),)) for channel in channels),
        (
            Line(
                tell.say(Text("지금", "Now")),
                tuple(moved["before"][channel] / months for channel in channels),
            ),
            Line(
                tell.say(Text("제안", "Proposed")),
                tuple(moved["after"][channel] / months for channel in channels),
            ),
        ),
        "reallocation",
        "currencyKRW",
    )


def _cohorts(tell: Telling) -> list[Section]:
    rows = tell.rows("cohorts")
    if not rows:
        return []
    heads = tell.heads(
        (Text("문의한 달", "Month of inquiry"), False, 1.6), (Text("문의", "Inquiries"), True, 1.0),
        (Text("지금까지 등록", "Registered so far"), True, 1.2), (Text("1개월 안", "Within 1 month"), True, 1.2),
        (Text("2개월 안", "Within 2 months"), True, 1.2), (Text("3개월 안", "Within 3 months"), True, 1.2),
    )  # fmt: skip

    def within(row: Mapping[str, Any], name: str) -> Any:
        if row[name] is None:
            return tell.say(Text("아직", "not yet"))
        return tell.rate(row[name], row["asked"], "cohorts")

    lines = tuple(
        (
            tell.cell(str(row["cohort"])[:7]),
            tell.figure(tell.count(row["asked"], "cohorts")),
            tell.figure(tell.count(row["registered"], "cohorts")),
            *(tell.figure(within(row, f"after_{number}")) for number in (1, 2, 3)),
        )
        for row in rows
    )
    note = Text(
        "그 달에 문의한 분 가운데 1·2·3개월 안에 등록한 비율입니다. ‘아직’은 분기 말까지 기간이 다 지나지 않은 것입니다.",
        "Of those who inquired in a month, the share registered within 1, 2, 3 months. “Not yet”: the time had not passed by the end of the quarter.",
    )
    title = tell.say(Text("문의한 달마다의 등록", "Registration by month of inquiry"))
    return [
        Section(
            tell.say(Text("문의는 얼마나 지나 등록이 되나요?", "How long until an inquiry registers?")),
            (Table(title, heads, lines, tell.say(note)),),
        )
    ]


def _sections(tell: Telling) -> Sequence[Section]:
    months = parts.over_time(
        tell, "months", Text("달마다의 문의와 등록", "Inquiries and registrations by month")
    )
    glance = parts.glance(tell, tell.worked("total_before"), tell.say(Text("지난 분기", "quarter before:")))
    return [
        Section(tell.say(Text("한눈에", "At a glance")), (glance, months)),
        Section(
            tell.say(Text("채널마다", "Channel by channel")),
            (parts.scoreboard(tell, whole=True), _ltv_note(tell), *parts.judged(tell)),
        ),
        _reallocation(tell),
        parts.next_steps(tell),
        parts.models(tell),
        *_cohorts(tell),
        *campaigns(tell),
        *besides.besides(tell),
    ]


def _ltv_note(tell: Telling) -> Sentence:
    found = [row["ltv"] for row in tell.rows("board") if row["ltv"] is not None]
    if not found:
        return tell.sentence(
            Text(
                "기관 설정에 생애가치(LTV)가 없어 LTV 기준 ROI는 비어 있습니다.",
                "The site has no lifetime value set, so ROI by LTV is empty.",
            )
        )
    return tell.sentence(
        Text(
            "LTV 기준 ROI는 한 분의 생애가치를 {ltv}으로 본 것으로, 참고만 하고 판단의 근거로 삼지 않습니다.",
            "ROI by LTV takes a customer to be worth {ltv}; it is shown, and never the ground of an action.",
        ),
        ltv=tell.won(found[0], "board"),
    )


KIND: Final = Kind(
    "quarterly",
    Text("분기 전략 검토", "Quarterly strategy review"),
    _title,
    (
        SITE,
        NAMES,
        recorded(("before_recorded", "before_since", "before_until"), ("year_recorded", "year_since", "year_until")),
        BOARD,
        board("board_before", Text("지난 분기의 채널 점수판", "Scoreboard of the quarter before"), "before_since", "before_until"),
        board("board_year", Text("지난해 같은 분기의 채널 점수판", "Scoreboard of the same quarter last year"), "year_since", "year_until"),
        over_time("months", Text("달마다의 문의와 등록", "Inquiries and registrations by month"), "toStartOfMonth(day)"),
        OPEN_SLOTS,
        MODELS,
        COHORTS,
        CALLS,
        CAMPAIGNS,
        *besides.QUESTIONS,
    ),
    (
        parts.TOTAL,
        parts.RATES,
        parts.compared("change", "board_before", "지난 분기", "the quarter before"),
        parts.compared("change_year", "board_year", "지난해 같은 분기", "the same quarter last year"),
        parts.WASTED,
        MOVE,
    ),
    _headlines,
    _summary,
    _sections,
)  # fmt: skip

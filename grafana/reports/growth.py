"""AARRR of those who came first in the period: how far they went, and where most are lost."""

from collections.abc import Mapping
from typing import Any, Final

from grafana.reports.report import Block, Name, Piece, Question, Section, Sentence, Table
from grafana.reports.telling import FEWEST, Telling
from grafana.words import STAGES, Text

_OF: Final = (
    "sites = [{site:String}], branches = [], since = {since:Date}, until = {until:Date}, run = {run:String}"
)
_ADDED_UP: Final = (
    "people", "inquirers", "consulted", "registered", "payers", "customers", "repeat_payers",
    "invitations", "referrers", "referred_customers",
)  # fmt: skip
CAME: Final = Question(
    "aarrr",
    Text("처음 온 사람들의 다섯 단계", "Five stages of those who came first"),
    f"""SELECT
    if(grouping(channel) = 1, '', channel) AS came_by, {", ".join(f"sum(came.{name}) AS {name}" for name in _ADDED_UP)},
    if(customers > 0 AND invitations > 0, referred_customers / customers, NULL) AS viral_k,
    if(payers > 0, sum(came.revenue) / payers, NULL) AS arpu,
    if(payers > 0, round(sum(came.ltv_observed * came.payers) / payers), NULL) AS ltv_observed,
    any(came.ltv_assumed) AS ltv_assumed
FROM headwater.aarrr({_OF}, by = 'channel') AS came
GROUP BY GROUPING SETS ((channel), ())
HAVING people > 0
ORDER BY came_by != '', came_by = 'unattributed', people DESC, came_by
LIMIT 13""",
    ("leads",),
)
LOSSES: Final = Question(
    "losses",
    Text("단계 사이에서 잃은 사람", "Losses between the stages"),
    f"""SELECT position, from_step, to_step, entered, went_on, lost, loss_rate, is_most_lost, is_highest_rate
FROM headwater.aarrr_losses({_OF}, by = 'site')
ORDER BY position""",
    ("leads",),
)
QUESTIONS: Final = (CAME, LOSSES)
STEPS: Final = {
    "acquired": Text("처음 옴", "Came"),
    "payment": Text("첫 결제", "First payment"),
    "renewal": Text("다시 결제·재등록", "Renewal"),
    "referral": Text("소개", "Referral"),
}


def growth(tell: Telling) -> list[Section]:
    """How far those who came first in the period have gone, and the largest loss; nothing where too few came."""
    row = next((one for one in tell.rows("aarrr") if not one["came_by"]), None)
    if not row or row["people"] < FEWEST:
        return []
    blocks: list[Block] = [*_opening(tell, row), *_steps(tell), *_channels(tell), *_kept(tell, row)]
    title = Text("처음 온 분들은 어디까지 왔나요?", "How far did those go who came first?")
    return [Section(tell.say(title), tuple(blocks))]


def _opening(tell: Telling, row: Mapping[str, Any]) -> list[Sentence]:
    told = [
        tell.sentence(
            Text(
                "이 기간에 {people}명이 처음 왔고, 지금까지 {inquirers}명이 문의하고 {registered}명이 등록하고 {payers}명이 결제했습니다.",
                "{people} people came for the first time in this period; so far {inquirers} have inquired, {registered} registered and {payers} paid.",
            ),
            "plain",
            **{
                name: tell.count(row[name], "aarrr")
                for name in ("people", "inquirers", "registered", "payers")
            },
        )
    ]
    worst = next((one for one in tell.rows("losses") if one["is_most_lost"]), None)
    if worst is not None and worst["lost"]:
        told.append(
            tell.sentence(
                Text(
                    "가장 많이 잃는 곳은 ‘{from_step}’에서 ‘{to_step}’ 사이로, {entered}명 중 {lost}명이 아직 넘어오지 않았습니다 ({rate}).",
                    "Most are lost from “{from_step}” to “{to_step}”: {lost} of {entered} have not gone on ({rate}).",
                ),
                "careful",
                from_step=_step(tell, worst["from_step"]),
                to_step=_step(tell, worst["to_step"]),
                entered=tell.count(worst["entered"], "losses"),
                lost=tell.count(worst["lost"], "losses"),
                rate=tell.rate(worst["lost"], worst["entered"], "losses"),
            )
        )
    return told


def _step(tell: Telling, slug: str) -> Piece:
    if slug in STEPS:
        return tell.say(STEPS[slug])
    return tell.say(STAGES[slug].text) if slug in STAGES else Name(slug)


def _steps(tell: Telling) -> list[Table]:
    rows = tell.rows("losses")
    if not rows:
        return []
    heads = tell.heads(
        (Text("어디에서", "From"), False, 1.6), (Text("어디로", "To"), False, 1.6), (Text("여기까지 온 사람", "Came this far"), True, 1.3),
        (Text("넘어간 사람", "Went on"), True, 1.1), (Text("잃은 사람", "Did not"), True, 1.1), (Text("잃은 비율", "Lost"), True, 1.0),
    )  # fmt: skip
    lines = tuple(
        (
            tell.cell(_step(tell, row["from_step"])),
            tell.cell(_step(tell, row["to_step"])),
            tell.figure(tell.count(row["entered"], "losses")),
            tell.figure(tell.count(row["went_on"], "losses")),
            tell.figure(tell.count(row["lost"], "losses"), "orange" if row["is_most_lost"] else "text"),
            tell.figure(
                tell.rate(row["lost"], row["entered"], "losses"),
                "orange" if row["is_highest_rate"] else "text",
            ),
        )
        for row in rows
    )
    note = Text(
        "지금까지의 수입니다. 최근에 온 분들은 앞으로 더 넘어갑니다.",
        "So far: those who came lately will still go on.",
    )
    title = tell.say(Text("단계에서 단계로", "From step to step"))
    return [Table(title, heads, lines, tell.say(note))]


def _channels(tell: Telling) -> list[Table]:
    rows = [one for one in tell.rows("aarrr") if one["came_by"]]
    if not rows:
        return []
    heads = tell.heads(
        (Text("처음 온 채널", "Came by"), False, 1.9), (Text("사람", "People"), True, 0.9), (Text("문의", "Inquired"), True, 1.0),
        (Text("상담", "Consulted"), True, 1.1), (Text("첫 결제", "Paid"), True, 1.0),
        (Text("다시 결제", "Paid again"), True, 1.1), (Text("객단가 (ARPU)", "ARPU"), True, 1.3),
    )  # fmt: skip

    def rate(row: Mapping[str, Any], part: str, whole: str) -> Any:
        return tell.figure(tell.rate(row[part], row[whole], "aarrr"))

    lines = tuple(
        (
            tell.cell(tell.channel(str(row["came_by"]))),
            tell.figure(tell.count(row["people"], "aarrr")),
            rate(row, "inquirers", "people"),
            rate(row, "consulted", "people"),
            rate(row, "payers", "people"),
            rate(row, "repeat_payers", "payers"),
            tell.figure(tell.won(row["arpu"], "aarrr")),
        )
        for row in rows
    )
    note = Text(
        "사람마다 처음 온 채널로 한 번만 셉니다. 문의·상담·첫 결제는 처음 온 사람에 대한 비율, 다시 결제와"
        " 객단가는 결제한 사람에 대한 것입니다. {fewest}명보다 적으면 비율을 내지 않습니다.",
        "Everybody once, by the channel they came by first. Inquired, consulted and paid are shares of those who came,"
        " paid again and ARPU of those who paid. No rate of fewer than {fewest}.",
    )
    title = tell.say(Text("채널마다", "Channel by channel"))
    return [Table(title, heads, lines, tell.say(note, fewest=str(FEWEST)))]


def _kept(tell: Telling, row: Mapping[str, Any]) -> list[Sentence]:
    told = []
    if row["ltv_observed"] is not None:
        told.append(
            tell.sentence(
                Text(
                    "결제한 분 한 명의 매출은 지금까지 {arpu}, 관측된 생애가치는 {observed}입니다{assumed}.",
                    "Each who paid has brought {arpu} so far, an observed lifetime value of {observed}{assumed}.",
                ),
                arpu=tell.won(row["arpu"], "aarrr"),
                observed=tell.won(row["ltv_observed"], "aarrr"),
                assumed=tell.pieces(
                    Text(" (설정에 적힌 값은 {ltv})", " (the settings say {ltv})"),
                    ltv=tell.won(row["ltv_assumed"], "aarrr"),
                )
                if row["ltv_assumed"] is not None
                else (),
            )
        )
    if row["referrers"]:
        told.append(
            tell.sentence(
                Text(
                    "{referrers}명이 초대나 소개를 {invitations}번 했고, 그래서 {customers}명이 고객이 되었습니다 (바이럴 지수 K {k}).",
                    "{referrers} of them invited or referred {invitations} times, and {customers} became customers (viral index K {k}).",
                ),
                "good" if row["referred_customers"] else "plain",
                referrers=tell.count(row["referrers"], "aarrr"),
                invitations=tell.count(row["invitations"], "aarrr"),
                customers=tell.count(row["referred_customers"], "aarrr"),
                k=tell.number(row["viral_k"], "none", "aarrr"),
            )
        )
    return told

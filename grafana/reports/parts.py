"""Sections that several kinds of report share: the glance, the scoreboard, the models, calls, and what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana.panel import Unit
from grafana.reports.report import (
    Block,
    Chart,
    Figures,
    Headline,
    Line,
    Number,
    Piece,
    Reckoning,
    Section,
    Sentence,
    Stat,
    Stats,
    Table,
    Tone,
)
from grafana.reports.telling import ALL_MODELS, FEWEST, NO_PAYMENTS, Telling, paid, share
from grafana.words import MODELS, NOTHING, Text

NO_REGISTRATION: Final = Text("등록 없음", "no registration")
NO_SPEND: Final = Text("비용 미입력", "not entered")
NO_RECORD: Final = Text("기록 없음", "no record")
MANY_UNKNOWN: Final = 0.2

TOTAL: Final = Reckoning(
    "total",
    Text("모든 채널의 합계", "All channels together"),
    Text(
        "채널 점수판의 줄을 더한 것입니다. CAC = 지출 ÷ 등록. 유료 채널 ROI = (지출이 있는 채널의 매출 − 지출) ÷ 지출.",
        "The rows of the scoreboard added up. CAC = spend ÷ registrations. ROI of paid channels = (revenue of the channels"
        " with spend − spend) ÷ spend.",
    ),
    ("board",),
)
RATES: Final = Reckoning(
    "rates",
    Text("등록률의 95% 구간", "95% interval of the registration rate"),
    Text(
        "등록 ÷ 문의가 우연만으로 얼마나 흔들릴 수 있는지 윌슨 구간으로 구합니다.",
        "How far chance alone may move registrations ÷ inquiries, as a Wilson interval.",
    ),
    ("board",),
)
WASTED: Final = Reckoning(
    "wasted",
    Text("중단할 채널에 드는 돈", "Spend on channels to stop"),
    Text(
        "판단이 ‘중단’인 채널의 지출 ÷ 기간의 달수 × 12입니다.",
        "Spend of the channels whose action is stop ÷ months of the period × 12.",
    ),
    ("board",),
)


def compared(slug: str, before: str, ko: str, en: str) -> Reckoning:
    """The reckoning of a change against another period."""
    return Reckoning(
        slug,
        Text(f"{ko} 대비 변화", f"Change against {en}"),
        Text(
            "두 기간의 합계를 견줍니다. 수의 변화는 하루 평균의 비율이며, 95% 구간은 두 수를 우연한 수(포아송)로 보아 구합니다."
            " 구간이 0%를 사이에 두면 우연으로도 있을 만한 변화입니다. 견줄 기간의 첫 주부터 기록이 있어야 견줍니다.",
            "The totals of two periods. The change of a count is the ratio of daily averages; its 95% interval takes both as"
            " chance counts (Poisson). An interval around 0% is a change that chance may make. Compared only where the record"
            " reaches back to the first week of the other period.",
        ),
        ("board", before),
    )


def headlines_of_total(figures: Figures) -> list[Headline]:
    """The figures of all channels together that a reader would miss."""
    total = figures.worked.get("total") or {}
    told: tuple[tuple[str, Text, Unit], ...] = (
        ("inquiries", Text("문의", "Inquiries"), "short"),
        ("consults", Text("상담", "Consults"), "short"),
        ("registrations", Text("등록", "Registrations"), "short"),
        ("spend", Text("지출", "Spend"), "currencyKRW"),
        ("cac", Text("등록 한 명의 비용 (CAC)", "Cost of a registration (CAC)"), "currencyKRW"),
        ("revenue", Text("매출", "Revenue"), "currencyKRW"),
        ("paid_roi", Text("유료 채널 ROI", "ROI of paid channels"), "percentunit"),
    )
    return [Headline(slug, title, total.get(slug), unit, "total") for slug, title, unit in told]


def glance(tell: Telling, before: Mapping[str, Any] | None, named: str) -> Stats:
    """The large figures at the top, each with what stood there in the other period."""
    total = tell.worked("total") or {}

    def beside(slug: str, unit: Unit) -> str:
        if before is None:
            return f"{named} {tell.say(NO_RECORD)}"
        found = tell.number(before.get(slug), unit, "total")
        return f"{named} {found.text if isinstance(found, Number) else found}"

    def stat(title: Text, slug: str, unit: Unit, empty: Text = NOTHING) -> Stat:
        piece = tell.number(total.get(slug), unit, "total", empty)
        number = piece if isinstance(piece, Number) else Number(str(piece), "total")
        return Stat(tell.say(title), number, beside(slug, unit))

    total = {**total, "spend": total.get("spend") or None}
    if not paid(tell.figures):
        total["revenue"] = total["paid_roi"] = None
    return Stats(
        (
            stat(Text("문의", "Inquiries"), "inquiries", "short"),
            stat(Text("상담", "Consults"), "consults", "short"),
            stat(Text("등록", "Registrations"), "registrations", "short"),
            stat(Text("지출", "Spend"), "spend", "currencyKRW", NO_SPEND),
            stat(Text("등록 한 명의 비용", "Cost of a registration"), "cac", "currencyKRW"),
            stat(Text("매출", "Revenue"), "revenue", "currencyKRW", NO_PAYMENTS),
            stat(Text("유료 채널 ROI", "ROI of paid channels"), "paid_roi", "percentunit"),
        )
    )


def opening(tell: Telling, period: str) -> list[Sentence]:
    """The two sentences that an owner reads first: what came, and what it cost."""
    total = tell.worked("total")
    inquiries, registrations = (tell.count(total[name], "total") for name in ("inquiries", "registrations"))
    told = [
        tell.sentence(
            Text(
                "{period}에 문의 {inquiries}건이 들어왔고, {registrations}명이 등록했습니다.",
                "In {period} {inquiries} inquiries came in and {registrations} registered.",
            ),
            period=period, inquiries=inquiries, registrations=registrations,
        )
    ]  # fmt: skip
    if not total["spend"]:
        told.append(
            tell.sentence(
                Text(
                    "입력된 지출이 없어, 한 명을 모시는 데 얼마가 들었는지는 말할 수 없습니다.",
                    "No spend was entered, so what a registration cost cannot be said.",
                ),
                "careful",
            )
        )
    elif total["cac"] is None:
        told.append(
            tell.sentence(
                Text(
                    "{spend}을 썼고 아직 등록이 없어, 한 명당 비용은 말할 수 없습니다.",
                    "{spend} were spent; without a registration the cost of one cannot be said.",
                ),
                "careful",
                spend=tell.won(total["spend"], "total"),
            )
        )
    else:
        told.append(
            tell.sentence(
                Text(
                    "지출은 {spend}, 등록 한 명에 {cac}이 들었습니다.",
                    "Spend was {spend}, which is {cac} for each registration.",
                ),
                spend=tell.won(total["spend"], "total"),
                cac=tell.won(total["cac"], "total"),
            )
        )
    if total["registrations"] and total["registrations"] < FEWEST:
        told.append(
            tell.sentence(
                Text(
                    "등록이 {fewest}명보다 적어, 비율과 변화는 우연에 크게 흔들립니다. 숫자보다 방향만 보세요.",
                    "With fewer than {fewest} registrations, chance moves rates and changes a lot: look at directions, not at decimals.",
                ),
                "careful",
                fewest=str(FEWEST),
            )
        )
    return told


def change(tell: Telling, slug: str, named: Text) -> list[Sentence]:
    """How registrations moved against another period, and whether chance may have done it."""
    moved = tell.worked(slug)
    if moved is None:
        return [
            tell.sentence(
                Text(
                    "{named}의 기록이 그 첫 주까지 닿지 않아 견주지 않았습니다.",
                    "Not compared with {named}: the record does not reach back to its first week.",
                ),
                named=tell.say(named),
            )
        ]
    one = moved["registrations"]
    before, after = (tell.count(one[name], slug) for name in ("before", "after"))
    values: dict[str, Any] = {"named": tell.say(named), "before": before, "after": after}
    if one["interval"] is None:
        return [
            tell.sentence(
                Text(
                    "{named} 대비 등록: {before} → {after}명.",
                    "Registrations against {named}: {before} → {after}.",
                ),
                **values,
            )
        ]
    by_chance = one["interval"][0] <= 0 <= one["interval"][1]
    values["span"] = tell.span(one["interval"], "percentunit", slug, signs=True)
    if by_chance:
        text = Text(
            "{named} 대비 등록: {before} → {after}명. 변화의 95% 구간이 {span}이므로 우연으로도 있을 만한 차이입니다.",
            "Registrations against {named}: {before} → {after}. The 95% interval of the change is {span}: chance alone may do that.",
        )
    else:
        text = Text(
            "{named} 대비 등록: {before} → {after}명. 변화의 95% 구간이 {span}이므로 우연만으로 보기는 어렵습니다.",
            "Registrations against {named}: {before} → {after}. The 95% interval of the change is {span}: more than chance.",
        )
    tone: Tone = "plain" if by_chance else "good" if one["interval"][0] > 0 else "bad"
    return [tell.sentence(text, tone, **values)]


def shown_rows(tell: Telling, slug: str = "board") -> list[Mapping[str, Any]]:
    """The channels of a scoreboard on which anything happened."""
    counted = ("spend", "visits", "scans", "calls", "inquiries", "consults", "registrations", "revenue")
    return [row for row in tell.rows(slug) if any(row[name] for name in counted)]


def scoreboard(tell: Telling, *, whole: bool) -> Table:
    """The channels with what they cost and brought, and what to do; `whole` has what an owner needs once a quarter."""
    heads = [
        (Text("채널", "Channel"), False, 2.0),
        (Text("할 일", "Action"), False, 2.3),
        (Text("지출", "Spend"), True, 1.6),
        (Text("문의", "Inquiries"), True, 1.1),
        (Text("상담", "Consults"), True, 1.1),
        (Text("등록", "Registered"), True, 1.2),
        (Text("등록률", "Rate"), True, 1.3),
        (Text("CAC", "CAC"), True, 1.5),
        (Text("매출", "Revenue"), True, 1.7),
        (Text("ROI", "ROI"), True, 1.0),
    ]
    if whole:
        heads += [(Text("LTV 기준", "By LTV"), True, 1.1)]
    lines = []
    for row in shown_rows(tell):
        judged = row["action"] != "none"
        cells = [
            tell.cell(tell.channel(row["channel"])),
            tell.action(row),
            tell.figure(
                tell.won(row["spend"] or None, "board", NO_SPEND if row["action"] == "no_spend" else NOTHING)
            ),
            tell.figure(tell.count(row["inquiries"], "board")),
            tell.figure(tell.count(row["consults"], "board")),
            tell.figure(tell.count(row["registrations"], "board")),
            tell.figure(tell.rate(row["registrations"], row["inquiries"], "board")),
            tell.figure(tell.won(row["cac"], "board", NO_REGISTRATION if row["spend"] else NOTHING)),
            tell.figure(tell.revenue(row["revenue"], "board")),
            tell.figure(tell.percent(row["roi"] if judged else None, "board")),
        ]
        if whole:
            cells.append(tell.figure(tell.percent(row["ltv_roi"] if judged else None, "board")))
        lines.append(tuple(cells))
    total = tell.worked("total")
    last = [
        tell.cell(tell.say(Text("합계", "Total"))),
        tell.cell(""),
        tell.figure(tell.won(total["spend"] or None, "total")),
        tell.figure(tell.count(total["inquiries"], "total")),
        tell.figure(tell.count(total["consults"], "total")),
        tell.figure(tell.count(total["registrations"], "total")),
        tell.figure(tell.rate(total["registrations"], total["inquiries"], "total")),
        tell.figure(tell.won(total["cac"], "total")),
        tell.figure(tell.revenue(total["revenue"], "total")),
        tell.figure(""),
    ]
    if whole:
        last.append(tell.figure(""))
    note = Text(
        "문의·상담·등록은 ‘마지막 접점’ 모델로 나눈 수이며 매출은 이 기간에 등록한 분들이 지금까지 결제한 금액입니다."
        " ROI = (매출 − 지출) ÷ 지출. 문의가 10건보다 적은 채널의 등록률은 ‘자료 부족’입니다.",
        "Inquiries, consults and registrations as the last-touch model credits them; revenue is what those registered in"
        " the period have paid so far. ROI = (revenue − spend) ÷ spend. A rate of fewer than 10 inquiries is “too few”.",
    )
    return Table(
        tell.say(Text("채널 점수판", "Scoreboard of the channels")),
        tell.heads(*heads),
        (*lines, tuple(last)),
        tell.say(note),
        total=True,
    )


def models(tell: Telling) -> Section:
    """The registrations of each channel under the five models: whether the rule decides."""
    found: dict[str, dict[str, float]] = {}
    for row in tell.rows("models"):
        found.setdefault(str(row["channel"]), {})[str(row["model"])] = float(row["registrations"])
    kept = {channel: counts for channel, counts in found.items() if any(counts.values())}
    order = sorted(
        kept, key=lambda channel: (channel == "unattributed", -kept[channel].get("last", 0), channel)
    )
    heads = [(Text("채널", "Channel"), False, 2.0)]
    heads += [(word.text, True, 1.2) for word in MODELS.values()]
    heads += [(Text("가장 적게 ~ 많게", "Least to most"), True, 1.5)]
    lines = []
    for channel in order:
        counts = [kept[channel].get(model, 0.0) for model in MODELS]
        lines.append(
            (
                tell.cell(tell.channel(channel)),
                *(tell.figure(tell.count(count, "models")) for count in counts),
                tell.figure(tell.span((min(counts), max(counts)), "short", "models")),
            )
        )
    about = Text(
        "같은 등록을 다섯 가지 방법으로 나누어 본 것입니다. 수가 비슷하면 어느 방법을 믿어도 되고, 크게 다르면 그 채널은 길의"
        " 앞이나 뒤 한쪽에서만 일합니다.",
        "The same registrations shared out in five ways. Where the counts are alike it does not matter which to believe;"
        " where they differ much, the channel works at one end of the path only.",
    )
    blocks: list[Block] = [tell.sentence(about)]
    if lines:
        blocks.append(
            Table(
                tell.say(Text("모델마다 본 등록", "Registrations under each model")),
                tell.heads(*heads),
                tuple(lines),
            )
        )
    else:
        blocks.append(
            tell.sentence(Text("이 기간에는 등록이 없습니다.", "Nobody registered in this period."))
        )
    return Section(tell.say(Text("모델에 따라 달라지나요?", "Does it depend on the model?")), tuple(blocks))


def over_time(tell: Telling, slug: str, title: Text, note: Text | None = None) -> Chart:
    """Inquiries and registrations over time."""
    rows = tell.rows(slug)
    return Chart(
        "time",
        tell.say(title),
        tuple(str(row["time"]) for row in rows),
        (
            Line(tell.say(Text("문의", "Inquiries")), tuple(float(row["inquiries"]) for row in rows)),
            Line(tell.say(Text("등록", "Registrations")), tuple(float(row["registrations"]) for row in rows)),
        ),
        slug,
        note=tell.say(note) if note else "",
    )


def calls(tell: Telling) -> list[Sentence]:
    """What became of the telephone calls; nothing where none were recorded."""
    row = tell.row("calls")
    if not row:
        return []
    numbers = {name: tell.count(row[name], "calls") for name in ("calls", "answered", "not_reached")}
    told = [
        tell.sentence(
            Text(
                "들어온 전화 {calls}통 중 {answered}통을 받았습니다.",
                "Of {calls} inbound calls {answered} were answered.",
            ),
            calls=numbers["calls"], answered=numbers["answered"],
        )
    ]  # fmt: skip
    if row["not_reached"]:
        told.append(
            tell.sentence(
                Text(
                    "{not_reached}통은 하루 안에 다시 닿지 못했습니다. 이미 돈을 들여 얻은 문의이니, 먼저 다시 걸어 보세요.",
                    "{not_reached} were not reached again within a day. They are inquiries already paid for: call them back first.",
                ),
                "careful",
                not_reached=numbers["not_reached"],
            )
        )
    return told


def next_steps(tell: Telling, *, young: bool = False) -> Section:
    """What to do next, by rules over the scoreboard and the calls; `young`: too short a time to stop anything."""
    rows = [row for row in shown_rows(tell) if row["channel"] not in ("unattributed", "direct")]
    told: list[Sentence] = []

    def named(action: str) -> list[Piece]:
        return [tell.channel(row["channel"]) for row in rows if row["action"] == action]

    def agreed(action: str) -> list[tuple[Piece, ...]]:
        """Channels on which all models give the action, with their ROI."""
        return [
            tell.pieces(
                Text("{name} (ROI {roi})", "{name} (ROI {roi})"),
                name=tell.channel(row["channel"]),
                roi=tell.percent(row["roi"], "board"),
            )
            for row in rows
            if row["action"] == action and row["action_agreement"] == ALL_MODELS
        ]

    if stops := agreed("stop"):
        told.append(
            tell.sentence(
                Text(
                    "중단을 검토하세요: {names}. 쓴 돈의 두 배를 아직 벌어 오지 못했습니다.",
                    "Consider stopping: {names}. They have not yet brought back twice what they cost.",
                ),
                "bad",
                names=tell.listed(stops),
            )
        )
    if young and stops:
        told.append(
            tell.sentence(
                Text(
                    "다만 한 달의 판단입니다. 이 달에 등록한 분들의 결제는 앞으로 더 들어오니, 중단은 분기 검토까지 보고 정하세요.",
                    "Yet this is one month. Those who registered in it will go on paying: leave the decision to the quarter's review.",
                ),
                "careful",
            )
        )
    if gains := agreed("increase"):
        told.append(
            tell.sentence(
                Text("늘려 볼 만합니다: {names}.", "Worth increasing: {names}."),
                "good",
                names=tell.listed(gains),
            )
        )
    split = [
        row
        for row in rows
        if row["action"] in ("stop", "keep", "increase") and row["action_agreement"] < ALL_MODELS
    ]
    if split:
        listed = (
            tell.pieces(
                Text("{name} ({action})", "{name} ({action})"),
                name=tell.channel(row["channel"]),
                action=tell.action(row).pieces,
            )
            for row in split
        )
        told.append(
            tell.sentence(
                Text(
                    "모델에 따라 판단이 다릅니다: {names}. 서두르지 말고 조금 더 지켜보세요.",
                    "It depends on the model: {names}. Do not hurry; watch them a little longer.",
                ),
                "careful",
                names=tell.listed(listed),
            )
        )
    if friends := named("strengthen"):
        told.append(
            tell.sentence(
                Text(
                    "돈이 들지 않는 입소문입니다. 소개해 주신 분들께 고마움을 전해 보세요: {names}.",
                    "Word of mouth, and free. Thank those who recommend you: {names}.",
                ),
                "good",
                names=tell.listed(friends),
            )
        )
    if names := named("too_little_data"):
        told.append(
            tell.sentence(
                Text(
                    "아직 판단하기에 수가 적습니다: {names}. 조금 더 지켜보세요.",
                    "Too few to judge yet: {names}. Give them some more time.",
                ),
                "careful",
                names=tell.listed(names),
            )
        )
    waiting = [row for row in rows if row["action"] == "no_spend" and row["inquiries"] > 0]
    if waiting:
        told.append(
            tell.sentence(
                Text(
                    "비용을 입력해 주세요: {names}. 비용이 없으면 CAC도 판단도 낼 수 없습니다.",
                    "Please enter the spend of: {names}. Without it there is no CAC and no action.",
                ),
                "careful",
                names=tell.listed(tell.channel(row["channel"]) for row in waiting),
            )
        )
    if any(row["action"] == "no_payments" for row in rows):
        told.append(
            tell.sentence(
                Text(
                    "결제 자료가 없어 매출과 ROI를 낼 수 없습니다. 결제 목록을 가져오면 채널마다 할 일이 나옵니다.",
                    "Without payments there is no revenue and no ROI. Import the list of payments, and each channel gets its action.",
                ),
                "careful",
            )
        )
    total = tell.worked("total")
    unknown = sum(row["inquiries"] for row in tell.rows("board") if row["channel"] == "unattributed")
    found = share(unknown, total["inquiries"])
    if found is not None and found >= MANY_UNKNOWN:
        told.append(
            tell.sentence(
                Text(
                    "출처를 모르는 문의가 {unknown}건으로 전체 {inquiries}건의 {part}입니다. 첫 응대 때 어떻게 알고 오셨는지 꼭 여쭤봐 주세요.",
                    "The source of {unknown} of {inquiries} inquiries ({part}) is unknown. Please ask at the first contact how they heard of you.",
                ),
                "careful",
                unknown=tell.count(unknown, "board"),
                inquiries=tell.count(total["inquiries"], "total"),
                part=tell.percent(found, "board"),
            )
        )
    told += [one for one in calls(tell)[1:]]
    if not told:
        told.append(
            tell.sentence(
                Text(
                    "지금 꼭 바꿔야 할 것은 없습니다. 하시던 대로 하시면 됩니다.",
                    "Nothing has to change now. Carry on as you do.",
                ),
                "good",
            )
        )
    return Section(tell.say(Text("다음에 할 일", "What to do next")), tuple(told))


def judged(tell: Telling) -> list[Sentence]:
    """Channels with too few customers, as counts and an interval in place of an action."""
    intervals = tell.worked("rates") or {}
    told = []
    for row in shown_rows(tell):
        if row["action"] != "too_little_data" or row["channel"] not in intervals:
            continue
        told.append(
            tell.sentence(
                Text(
                    "{name}: 문의 {inquiries}건 중 {registrations}명 등록. 등록률의 95% 구간은 {span}로, 아직 아무 말도 할 수 없습니다.",
                    "{name}: {registrations} of {inquiries} registered. The 95% interval of the rate is {span}, which says nothing yet.",
                ),
                "careful",
                name=tell.channel(row["channel"]),
                inquiries=tell.count(row["inquiries"], "board"),
                registrations=tell.count(row["registrations"], "board"),
                span=tell.span(intervals[row["channel"]], "percentunit", "rates"),
            )
        )
    return told


def _plain(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece.text


def plain(pieces: Sequence[Piece]) -> str:
    """Pieces -> their text alone."""
    return "".join(map(_plain, pieces))

"""Growth: acquisition, activation, retention, referral and revenue, by channel and by cohort, and the largest loss between."""

from typing import Final

from grafana.panel import Board, Column, Link, Panel, Row, Variable
from grafana.query import (
    BRANCH_VARIABLE,
    BRANCHES,
    FEWEST,
    NAMED,
    RUN,
    RUN_VARIABLE,
    SINCE,
    SITE,
    SITE_VARIABLE,
    UNTIL,
    in_words,
    rate,
    worded,
)
from grafana.words import JOURNEY_STEPS, TOO_FEW, Text, Word, Words

TO_JOURNEYS: Final = Link("journeys", Text("어디서 떠나나요?", "Where do they leave?"))
TO_CHANNELS: Final = Link("channels", Text("그 채널의 비용은요?", "And what does the channel cost?"))
TO_TODAY: Final = Link("today", Text("오늘 할 일은요?", "What to do today?"))
GROUPED_BY: Final[Words] = {
    "channel": Word(Text("처음 온 채널", "First channel")),
    "cohort": Word(Text("처음 온 달", "Month they came")),
    "campaign": Word(Text("처음 온 캠페인", "First campaign")),
    "landing_page": Word(Text("처음 본 페이지", "First page")),
    "branch": Word(Text("지점", "Branch")),
    "service": Word(Text("서비스", "Service")),
}
GROUPED_VARIABLE: Final = Variable(
    "grouped_by", Text("나누는 기준", "Grouped by"), choices=GROUPED_BY, default="channel"
)
_BY: Final = "${grouped_by:singlequote}"


def asked(view: str, by: str) -> str:
    """A view about persons -> its call for the chosen site, branches, run and period."""
    return f"headwater.{view}(sites = [{SITE}], branches = {BRANCHES}, since = {SINCE}, until = {UNTIL}, run = {RUN}, by = {by})"


def step(source: str, target: str) -> str:
    """Two points of the journey -> the step between in words; a stage of the site's own stays its slug."""
    return f"concat({in_words(f'toString({source})', JOURNEY_STEPS)}, ' → ', {in_words(f'toString({target})', JOURNEY_STEPS)})"


_GROUP: Final = f"""multiIf(
        {_BY} = 'channel', {worded()},
        {_BY} = 'cohort', formatDateTime(cohort, '%Y-%m'),
        {_BY} = 'campaign', campaign,
        {_BY} = 'landing_page', landing_page,
        {_BY} = 'branch', branch,
        service
    )"""

TOTALS: Final = Panel(
    "stages",
    "stat",
    Text("다섯 단계 한눈에", "The five stages"),
    Text(
        "이 기간에 처음 온 사람과 그 뒤 지금까지의 결과입니다. 확보: 사람. 활성화: 문의율과 첫 결제율. 유지: 두 날 이상 결제한 비율."
        " 추천: 고객 한 명의 초대 × 초대의 전환(K). 매출: 결제한 사람 한 명의 결제액과 이용 기간 가치(관찰, 가정)."
        f" 비율은 {FEWEST}명보다 적으면 보이지 않습니다.",
        "Persons who first came in the period and what became of them so far. Acquisition: persons. Activation: inquiry and first"
        " payment rate. Retention: paid on two days or more. Referral: K, invitations a customer × their conversion. Revenue:"
        f" won a paying person and lifetime value, observed and as stated. Rates of fewer than {FEWEST} are not shown.",
    ),
    f"""
SELECT
    people, {rate("inquirers", "people")} AS inquiry_rate, {rate("payers", "people")} AS first_payment_rate,
    {rate("repeat_payers", "payers")} AS repeat_payment_rate, round(viral_k, 2) AS viral_k, round(arpu) AS arpu,
    round(ltv_observed) AS ltv_observed, ltv_assumed
FROM {asked("aarrr", "'site'")}
""",
    (
        Column("people", Text("확보: 새로 온 사람", "Acquisition: persons")),
        Column("inquiry_rate", Text("활성화: 문의율", "Activation: inquiry rate"), "percentunit", empty=TOO_FEW),
        Column("first_payment_rate", Text("첫 결제율", "First payment rate"), "percentunit", empty=TOO_FEW),
        Column("repeat_payment_rate", Text("유지: 재결제율", "Retention: paid again"), "percentunit", empty=TOO_FEW),
        Column("viral_k", Text("추천: K", "Referral: K"), "none"),
        Column("arpu", Text("매출: 객단가", "Revenue: ARPU"), "currencyKRW"),
        Column("ltv_observed", Text("LTV (관찰)", "LTV, observed"), "currencyKRW"),
        Column("ltv_assumed", Text("LTV (가정)", "LTV, as stated"), "currencyKRW"),
    ),
    TO_JOURNEYS,
    height=5,
)  # fmt: skip

LARGEST: Final = Panel(
    "largest_loss",
    "stat",
    Text("가장 많이 잃는 곳", "The largest loss"),
    Text(
        "다음 단계로 가지 않은 사람이 가장 많은 곳과, 그 비율이 가장 높은 곳입니다. 비율은 그 단계에 온 사람이"
        f" {FEWEST}명 이상일 때만 견줍니다. 최근에 온 사람은 아직 가는 중일 수 있습니다.",
        "Where most persons did not go on, and where the highest share did not, of steps that"
        f" {FEWEST} or more entered. Who came lately may still be on the way.",
    ),
    f"""
SELECT
    if(countIf(is_most_lost = 1) = 0, NULL, anyIf(named, is_most_lost = 1)) AS most,
    if(countIf(is_most_lost = 1) = 0, NULL, anyIf(lost, is_most_lost = 1)) AS lost,
    if(countIf(is_highest_rate = 1) = 0, NULL, anyIf(named, is_highest_rate = 1)) AS highest,
    if(countIf(is_highest_rate = 1) = 0, NULL, anyIf(loss_rate, is_highest_rate = 1)) AS loss_rate
FROM (SELECT *, {step("from_step", "to_step")} AS named FROM {asked("aarrr_losses", "'site'")})
HAVING count() > 0
""",
    (
        Column("most", Text("가장 많은 사람", "Most persons"), "string"),
        Column("lost", Text("사람", "Persons")),
        Column("highest", Text("가장 높은 비율", "Highest share"), "string", empty=TOO_FEW),
        Column("loss_rate", Text("비율", "Share"), "percentunit", empty=TOO_FEW),
    ),
    TO_JOURNEYS,
    height=4,
)

STEPS: Final = Panel(
    "stage_steps",
    "table",
    Text("단계에서 단계로", "From stage to stage"),
    Text(
        "각 단계에 온 사람 가운데 다음 단계에도 온 사람입니다. 순서는 묻지 않습니다. 갱신: 다른 날 다시 결제하거나 재등록한 사람."
        " 추천: 누군가를 초대하거나 소개한 사람.",
        "Of those who came to a stage, how many came to the next too, in whichever order. Renewal: paid again on a later day,"
        " or registered anew. Referral: invited or referred somebody.",
    ),
    f"""
SELECT {step("from_step", "to_step")} AS step, entered, went_on, lost, if(entered >= {FEWEST}, loss_rate, NULL) AS loss_rate
FROM {asked("aarrr_losses", "'site'")}
ORDER BY position
""",
    (
        Column("step", Text("단계", "Step"), "string"),
        Column("entered", Text("온 사람", "Came"), bar=True),
        Column("went_on", Text("다음에도", "Went on"), bar=True),
        Column("lost", Text("잃은 사람", "Lost"), bar=True),
        Column("loss_rate", Text("잃은 비율", "Lost share"), "percentunit", empty=TOO_FEW),
    ),
    TO_JOURNEYS,
)

BY_GROUP: Final = Panel(
    "stages_by",
    "table",
    Text("무엇으로 나누어도", "By whatever you ask"),
    Text(
        "위의 다섯 단계를 고른 기준으로 나눈 것입니다. 채널, 캠페인, 페이지는 그 사람이 처음 온 것입니다. 가장 큰 손실은 잃은 비율이"
        f" 가장 높은 단계입니다 ({FEWEST}명 이상).",
        "The five stages above by what is chosen. Channel, campaign and page are those a person first came by. The largest loss is"
        f" the step with the highest share lost ({FEWEST} or more).",
    ),
    f"""
WITH {NAMED}
SELECT
    {_GROUP} AS name, people, visitors,
    {rate("inquirers", "people")} AS inquiry_rate, {rate("consulted", "people")} AS consult_rate,
    {rate("payers", "people")} AS first_payment_rate, {rate("revisitors", "visitors")} AS revisit_rate,
    {rate("repeat_payers", "payers")} AS repeat_payment_rate, round(sessions_per_visitor, 1) AS sessions_per_visitor,
    referrers, round(viral_k, 2) AS viral_k, revenue, round(arpu) AS arpu, round(ltv_observed) AS ltv_observed, loss
FROM {asked("aarrr", _BY)} AS found
LEFT JOIN
(
    SELECT
        channel, cohort, campaign, landing_page, branch, service, {step("from_step", "to_step")} AS loss
    FROM {asked("aarrr_losses", _BY)}
    WHERE is_highest_rate = 1
) AS losses
ON found.channel = losses.channel AND found.campaign = losses.campaign AND found.landing_page = losses.landing_page
    AND found.branch = losses.branch AND found.service = losses.service AND found.cohort <=> losses.cohort
ORDER BY {_BY} = 'cohort' DESC, if({_BY} = 'cohort', found.cohort, NULL), people DESC, name
LIMIT 100
""",
    (
        Column("name", Text("무엇", "What"), "string", {"": Word(Text("모름", "Unknown"))}),
        Column("people", Text("사람", "Persons"), bar=True),
        Column("visitors", Text("방문자", "Visitors")),
        Column("inquiry_rate", Text("문의율", "Inquired"), "percentunit", empty=TOO_FEW),
        Column("consult_rate", Text("상담률", "Consulted"), "percentunit", empty=TOO_FEW),
        Column("first_payment_rate", Text("첫 결제율", "Paid"), "percentunit", empty=TOO_FEW),
        Column("revisit_rate", Text("재방문율", "Came back"), "percentunit", empty=TOO_FEW),
        Column("repeat_payment_rate", Text("재결제율", "Paid again"), "percentunit", empty=TOO_FEW),
        Column("sessions_per_visitor", Text("방문 횟수", "Sessions each")),
        Column("referrers", Text("추천인", "Referrers")),
        Column("viral_k", Text("K", "K"), "none"),
        Column("revenue", Text("결제액", "Paid in all"), "currencyKRW"),
        Column("arpu", Text("객단가", "ARPU"), "currencyKRW"),
        Column("ltv_observed", Text("LTV (관찰)", "LTV, observed"), "currencyKRW"),
        Column("loss", Text("가장 큰 손실", "Largest loss"), "string", {"": Word(TOO_FEW)}),
    ),
    TO_CHANNELS,
    height=11,
)  # fmt: skip


def _cohorts(slug: str, of: str, title: Text, description: Text) -> Panel:
    return Panel(
        slug,
        "matrix",
        title,
        description,
        f"""
SELECT
    concat(formatDateTime(cohort, '%Y-%m'), ' · ', toString(people)) AS cohort_people, toString(months_after) AS after,
    {rate("active", "people")} AS retention_rate
FROM {asked("retention_cohorts", "'site'")}
WHERE cohort_of = '{of}'
ORDER BY cohort, months_after
LIMIT 400
""",
        (
            Column("cohort_people", Text("처음 온 달 · 사람", "Month · persons"), "string"),
            Column("after", Text("몇 달 뒤", "Months after"), "string"),
            Column("retention_rate", Text("다시 온 비율", "There again"), "percentunit"),
        ),
        TO_JOURNEYS,
        width=12,
        height=9,
    )


CUSTOMERS: Final = _cohorts(
    "customer_cohorts",
    "customers",
    Text("결제한 사람이 다시 결제하나", "Do payers pay again?"),
    Text(
        "첫 결제를 한 달마다, 그 사람들 가운데 몇 달 뒤 그 달에 다시 결제한 비율입니다. 기간은 첫 결제의 달을 고릅니다."
        f" 기록의 마지막 달은 아직 다 차지 않았을 수 있습니다. {FEWEST}명보다 적은 달은 비율이 없습니다.",
        "Of those whose first payment fell in a month, who paid in the month so many months later. The period chooses the months of"
        f" first payment. The record's last month may be cut short. Months of fewer than {FEWEST} have no rate.",
    ),
)
VISITORS: Final = _cohorts(
    "visitor_cohorts",
    "visitors",
    Text("방문한 사람이 다시 방문하나", "Do visitors come again?"),
    Text(
        "홈페이지에 처음 온 달마다, 그 사람들 가운데 몇 달 뒤 그 달에 다시 방문한 비율입니다.",
        "Of those whose first session fell in a month, who had a session in the month so many months later.",
    ),
)

REFERRAL: Final = Panel(
    "referral",
    "stat",
    Text("추천", "Referral"),
    Text(
        "이 기간에 처음 온 사람들이 지금까지 한 초대와 소개입니다. K = 고객 한 명의 초대 × 초대 가운데 고객이 된 비율."
        " 초대로 적히지 않은 소개도 초대 하나로 셉니다. 리뷰는 측정값 reviews의 합입니다.",
        "Invitations and referrals so far by who first came in the period. K = invitations a customer × the share of them that became"
        " customers. A referral without a recorded invitation counts as one. Reviews: the measures named reviews, added up.",
    ),
    f"""
SELECT
    referrers, invitations, referrals, referred_customers, round(invitations_per_customer, 2) AS invitations_per_customer,
    {rate("referred_customers", "invitations")} AS invitation_conversion, round(viral_k, 2) AS viral_k, reviews
FROM {asked("aarrr", "'site'")}
""",
    (
        Column("referrers", Text("추천인", "Referrers")),
        Column("invitations", Text("초대", "Invitations")),
        Column("referrals", Text("소개받은 사람", "Referred")),
        Column("referred_customers", Text("그중 고객", "Of these, customers")),
        Column("invitations_per_customer", Text("고객당 초대", "Invitations a customer"), "none"),
        Column("invitation_conversion", Text("초대 전환율", "Their conversion"), "percentunit", empty=TOO_FEW),
        Column("viral_k", Text("K", "K"), "none"),
        Column("reviews", Text("리뷰", "Reviews")),
    ),
    TO_CHANNELS,
    height=5,
)  # fmt: skip

GROWTH: Final = Panel(
    "revenue_growth",
    "table",
    Text("매출은 자라나", "Does revenue grow?"),
    Text(
        "달마다 들어온 결제에서 환불을 뺀 금액과 지난달 대비 성장률입니다. 기간이 걸친 달을 통째로 셉니다."
        " 기록의 마지막 달은 다 차지 않았을 수 있습니다.",
        "Payments dated in each month less refunds, and growth on the month before. Months that the period touches count whole;"
        " the record's last month may be cut short.",
    ),
    f"""
SELECT
    formatDateTime(month, '%Y-%m') AS of_month, revenue, growth, payers, new_payers, returning_payers, round(arpu) AS arpu,
    if(complete = 1, 'complete', 'open') AS whole
FROM {asked("growth_monthly", "'site'")}
ORDER BY month
LIMIT 60
""",
    (
        Column("of_month", Text("달", "Month"), "string"),
        Column("revenue", Text("결제액", "Revenue"), "currencyKRW", bar=True),
        Column("growth", Text("성장률", "Growth"), "percentunit"),
        Column("payers", Text("결제한 사람", "Payers")),
        Column("new_payers", Text("첫 결제", "First payment")),
        Column("returning_payers", Text("다시 결제", "Again")),
        Column("arpu", Text("객단가", "ARPU"), "currencyKRW"),
        Column("whole", Text("다 찼나", "Whole?"), "string", {
            "complete": Word(Text("다 참", "Whole"), "green"), "open": Word(Text("아직", "Not yet"), "orange"),
        }),
    ),
    TO_TODAY,
)  # fmt: skip

BOARD: Final = Board(
    "growth",
    Text("성장", "Growth"),
    Text(
        "확보, 활성화, 유지, 추천, 매출. 어디서 가장 많이 잃는지.",
        "Acquisition, activation, retention, referral, revenue, and where most is lost.",
    ),
    (
        Row(Text("다섯 단계", "Five stages"), (TOTALS, LARGEST, STEPS)),
        Row(Text("채널과 처음 온 달", "By channel and cohort"), (BY_GROUP,)),
        Row(Text("유지", "Retention"), (CUSTOMERS, VISITORS)),
        Row(Text("추천", "Referral"), (REFERRAL,)),
        Row(Text("매출", "Revenue"), (GROWTH,)),
    ),
    (SITE_VARIABLE, BRANCH_VARIABLE, RUN_VARIABLE, GROUPED_VARIABLE),
)

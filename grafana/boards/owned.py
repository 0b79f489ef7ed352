"""Owned media: visits that nobody sells, the searches and contents behind them, and what they are worth."""

from typing import Final

from grafana.boards.channels import NAME, TO_ATTRIBUTION, TO_JOURNEYS
from grafana.panel import Board, Column, Link, Panel, Row, Step
from grafana.query import (
    FEWEST,
    LANGUAGE,
    MODEL,
    MODEL_VARIABLE,
    NAMED,
    OF_SITE,
    PERIOD,
    RUN,
    RUN_VARIABLE,
    SINCE,
    SITE,
    SITE_VARIABLE,
    TIME,
    UNTIL,
    ZONE,
    cut,
    name_of,
    rate,
)
from grafana.words import TOO_FEW, Text, Word

TO_CHANNELS: Final = Link("channels", Text("광고 채널과 비교하면?", "And against the paid channels?"))
NOT_SET: Final = Text("설정 없음", "not set")
NO_COST: Final = Text("비용 미입력", "cost not entered")
LISTS: Final = {
    "brand": Word(Text("브랜드", "Brand"), "green"),
    "negative": Word(Text("부정", "Negative"), "red"),
    "target": Word(Text("목표", "Target"), "blue"),
    "": Word(Text("–", "–")),
}
ENGINES: Final = {
    "": Word(Text("홈페이지 방문", "Website visits")),
    "google": Word(Text("구글", "Google")),
    "naver": Word(Text("네이버", "Naver")),
    "other": Word(Text("다른 검색엔진", "Other engine")),
}


def _of(view: str, more: str = "") -> str:
    """A view of a period -> its call for the chosen site, period and run; a website is of all branches."""
    return (
        f"headwater.{view}(sites = [{SITE}], branches = [], since = {SINCE}, until = {UNTIL},"
        f" run = {RUN}{more})"
    )


def _plain(text: str) -> str:
    """What was typed -> as keywords of a list are compared: without blanks and case."""
    return f"replaceRegexpAll(caseFoldUTF8(normalizeUTF8NFC({text})), '\\\\s+', '')"


SESSIONS: Final = _of("owned_sessions")
_NAME: Final = f"if({LANGUAGE} = 'ko', name_ko, name_en)"

VISITS: Final = Panel(
    "visits",
    "stat",
    Text("방문과 검색", "Visits and searches"),
    Text(
        "직접 방문 비율(DVR)은 직접 방문 ÷ 전체 방문, 브랜드 검색 비율(BKR)은 브랜드 검색어 방문 ÷ 검색어를 아는 자연 검색"
        f" 방문입니다. 클릭의 비율은 검색엔진이 알려 준 검색어별 클릭으로 셉니다. 바탕이 {FEWEST}건보다 적으면 비율을 보이지 않습니다.",
        "DVR is direct sessions ÷ sessions; BKR is organic sessions by a brand keyword ÷ organic sessions whose keyword"
        " is known; of clicks, as search engines told them by query. A rate of fewer than"
        f" {FEWEST} is not shown.",
    ),
    f"""
SELECT
    sessions, if(sessions >= {FEWEST}, {cut("direct_visit_rate")}, NULL) AS direct_visit_rate,
    if(keyword_sessions >= {FEWEST}, {cut("brand_keyword_rate")}, NULL) AS brand_keyword_rate,
    if(query_clicks >= {FEWEST}, {cut("brand_query_rate")}, NULL) AS brand_query_rate,
    if(keyword_sessions >= {FEWEST}, {cut("negative_keyword_rate")}, NULL) AS negative_keyword_rate,
    if(query_clicks >= {FEWEST}, {cut("negative_query_rate")}, NULL) AS negative_query_rate,
    if(sessions >= {FEWEST}, {cut("conversion_rate")}, NULL) AS conversion_rate
FROM {_of("owned_media", f", model = {MODEL}")}
WHERE sessions > 0 OR query_clicks > 0
""",
    (
        Column("sessions", Text("방문", "Sessions")),
        Column("direct_visit_rate", Text("직접 방문 비율 (DVR)", "Direct visit rate (DVR)"), "percentunit", empty=TOO_FEW),
        Column("brand_keyword_rate", Text("브랜드 검색 비율, 방문", "Brand keyword rate (BKR), visits"), "percentunit", empty=TOO_FEW),
        Column("brand_query_rate", Text("브랜드 검색 비율, 클릭", "Brand keyword rate, clicks"), "percentunit", empty=TOO_FEW),
        Column(
            "negative_keyword_rate", Text("부정 검색 비율, 방문", "Negative keyword rate, visits"), "percentunit", empty=TOO_FEW,
            steps=(Step(0, "green"), Step(0.05, "orange"), Step(0.2, "red")),
        ),
        Column(
            "negative_query_rate", Text("부정 검색 비율, 클릭", "Negative keyword rate, clicks"), "percentunit", empty=TOO_FEW,
            steps=(Step(0, "green"), Step(0.05, "orange"), Step(0.2, "red")),
        ),
        Column("conversion_rate", Text("전환율", "Conversion rate"), "percentunit", empty=TOO_FEW),
    ),
    TO_JOURNEYS,
    height=4,
)  # fmt: skip

RETURN: Final = Panel(
    "return",
    "stat",
    Text("자사 채널의 수익률 (ROMI)", "Return on owned media (ROMI)"),
    Text(
        "목표 기준은 (자사 채널 방문의 목표 가치 − 비용) ÷ 비용, 유입 포함은 (매출 + 유입 환산 가치 − 비용) ÷ 비용, 기준 매출"
        " 대비는 ((매출 − 기준 매출) × 공헌이익률 − 마케팅 비용) ÷ 마케팅 비용입니다. 비용은 자사 채널의 지출과 기간 안에 나온"
        " 콘텐츠의 제작비입니다.",
        "By goals: (goal value of visits on owned channels − cost) ÷ cost. With inflow: (revenue + inflow value − cost)"
        " ÷ cost. Against the baseline: ((revenue − baseline) × contribution margin − marketing cost) ÷ marketing cost."
        " Cost is the spend on owned channels and the cost of contents published in the period.",
    ),
    f"""
SELECT
    owned_goal_value, owned_cost, {cut("owned_romi")} AS owned_romi, inflow_value, owned_revenue,
    {cut("owned_romi_with_inflow")} AS owned_romi_with_inflow, {cut("romi")} AS romi
FROM {_of("owned_media", f", model = {MODEL}")}
WHERE sessions > 0 OR owned_cost != 0 OR cash_revenue != 0
""",
    (
        Column("owned_goal_value", Text("목표 가치", "Goal value"), "currencyKRW"),
        Column("owned_cost", Text("자사 채널 비용", "Cost of owned channels"), "currencyKRW"),
        Column("owned_romi", Text("ROMI, 목표 기준", "ROMI by goals"), "percentunit", empty=NO_COST),
        Column("inflow_value", Text("유입 환산 가치", "Inflow value"), "currencyKRW", empty=NOT_SET),
        Column("owned_revenue", Text("자사 채널 매출", "Revenue of owned channels"), "currencyKRW"),
        Column("owned_romi_with_inflow", Text("ROMI, 유입 포함", "ROMI with inflow"), "percentunit", empty=NO_COST),
        Column("romi", Text("ROMI, 기준 매출 대비", "ROMI against baseline"), "percentunit", empty=NOT_SET),
    ),
    TO_CHANNELS,
    height=5,
)  # fmt: skip

CHANNELS: Final = Panel(
    "by_channel",
    "table",
    Text("채널별 방문과 목표", "Visits and goals by channel"),
    Text(
        "홈페이지에서 목표에 이른 방문(전환)과 그 가치, 그리고 마지막은 아니었지만 길에 있던 전환(지원 전환)입니다. 한 방문의 같은"
        f" 목표는 한 번입니다. 방문이 {FEWEST}건보다 적으면 비율을 보이지 않습니다.",
        "Visits that reached a goal and what the goals are worth; assisted are conversions that the channel was on the"
        f" path of without being last. A goal counts once a visit. No rate of fewer than {FEWEST} visits.",
    ),
    f"""
WITH {NAMED}
SELECT
    {name_of()} AS name, if(max(is_owned) = 1, 'owned', '') AS owned, count() AS sessions, countIf(reached > 0) AS converting_sessions,
    {rate("converting_sessions", "sessions")} AS conversion_rate, sum(worth) AS goal_value, any(assisted) AS assisted_conversions
FROM {SESSIONS} AS session
LEFT JOIN
(
    SELECT session_id, count() AS reached, sum(ifNull(value, 0)) AS worth
    FROM {_of("goal_conversions")}
    GROUP BY session_id
) AS goals USING (session_id)
LEFT JOIN
(
    SELECT channel, count() AS assisted
    FROM
    (
        SELECT arrayJoin(arrayDistinct(channels)) AS channel, channels[-1] AS last
        FROM headwater.conversions
        WHERE {OF_SITE} AND {PERIOD} AND stage = 'registration'
    )
    WHERE channel != last
    GROUP BY channel
) AS helped USING (channel)
GROUP BY channel
ORDER BY sessions DESC, channel
""",
    (
        NAME,
        Column(
            "owned", Text("자사", "Owned"), "string",
            {"owned": Word(Text("자사", "Owned"), "green"), "": Word(Text("–", "–"))},
        ),
        Column("sessions", Text("방문", "Sessions"), bar=True),
        Column("converting_sessions", Text("전환 방문", "Converting"), bar=True),
        Column("conversion_rate", Text("전환율", "Conversion rate"), "percentunit", empty=TOO_FEW),
        Column("goal_value", Text("목표 가치", "Goal value"), "currencyKRW"),
        Column("assisted_conversions", Text("도운 등록", "Assisted registrations")),
    ),
    TO_ATTRIBUTION,
    height=9,
)  # fmt: skip

GOALS: Final = Panel(
    "goals",
    "table",
    Text("목표와 가치", "Goals and their value"),
    Text(
        "목표값은 정한 값, 월 이용료 × 개월 × 유지율, 또는 가격 × 성사율입니다. ‘–’는 값을 정하지 않은 목표입니다.",
        "A goal is worth what is stated, monthly price × months × retention, or price × close rate. – has no value set.",
    ),
    f"""
SELECT
    if({_NAME} = '', goal, {_NAME}) AS named, count() AS reached, uniqExact(person_id) AS people, max(value) AS each_value,
    sum(value) AS total_value
FROM {_of("goal_conversions")} AS reached
LEFT JOIN
(
    SELECT id AS goal, name_ko, name_en FROM headwater.definitions WHERE {OF_SITE} AND kind = 'goal'
) AS goals USING (goal)
GROUP BY goal, name_ko, name_en
ORDER BY total_value DESC NULLS LAST, reached DESC, goal
""",
    (
        Column("named", Text("목표", "Goal"), "string"),
        Column("reached", Text("이룬 방문", "Sessions"), bar=True),
        Column("people", Text("사람", "People")),
        Column("each_value", Text("목표값", "Value of one"), "currencyKRW"),
        Column("total_value", Text("가치 합계", "Value"), "currencyKRW"),
    ),
    TO_JOURNEYS,
    width=12,
    height=8,
)

PAGES: Final = Panel(
    "pages",
    "table",
    Text("페이지 가치", "Page value"),
    Text(
        "그 페이지를 본 뒤 이룬 목표의 가치 ÷ 페이지를 본 방문 수(전환하지 않은 방문도 포함)입니다. 오른쪽 값은 전환한 길에서 본"
        " 횟수를 모두 세는 방식입니다. 가치가 높은 페이지부터 다듬으세요.",
        "Value of the goals reached after the page ÷ sessions that saw it, converting or not; the last column counts"
        " every view on converting paths. Improve the most valuable pages first.",
    ),
    f"""
SELECT page, views, unique_views, converting_sessions, page_value, page_value_every_view
FROM {_of("page_values")}
ORDER BY page_value DESC, unique_views DESC, page
LIMIT 15
""",
    (
        Column("page", Text("페이지", "Page"), "string"),
        Column("views", Text("조회", "Views")),
        Column("unique_views", Text("본 방문", "Unique views"), bar=True),
        Column("converting_sessions", Text("전환 방문", "Converting")),
        Column("page_value", Text("페이지 가치", "Page value"), "currencyKRW"),
        Column("page_value_every_view", Text("조회마다 세면", "Every view counted"), "currencyKRW"),
    ),
    TO_JOURNEYS,
    width=12,
    height=8,
)

CONTENTS: Final = Panel(
    "contents",
    "table",
    Text("콘텐츠의 값어치", "What contents are worth"),
    Text(
        "목표에 맞는 자연 검색·소셜 유입 × 클릭 단가가 유입 환산 가치이고, 제작비 ÷ 한 달 유입 가치가 본전까지의 개월입니다."
        " 단가는 콘텐츠의 것, 기관의 것, 기간 안에 산 클릭의 값 순서입니다. 동영상은 평균 시청률이 90%를 넘을 때만 조회 × CPV로"
        " 칩니다.",
        "Organic and social visits on target × price of a click is the inflow value; cost ÷ its monthly value the months"
        " until it has paid for itself. The price is the content's own, else the site's, else what clicks cost in the"
        " period. A video counts as views × CPV only above 90% watched on average.",
    ),
    f"""
SELECT
    if({_NAME} = '', content, {_NAME}) AS named, sessions, inflow_sessions, reference_cpc, inflow_value,
    monthly_inflow_value, cost, break_even_months, cheaper_from_month, downloads, plays,
    {cut("view_rate")} AS view_rate, video_value
FROM {_of("content_value")}
ORDER BY inflow_value DESC NULLS LAST, plays + downloads DESC, content
LIMIT 50
""",
    (
        Column("named", Text("콘텐츠", "Content"), "string"),
        Column("sessions", Text("들어온 방문", "Landed"), bar=True),
        Column("inflow_sessions", Text("목표에 맞는 유입", "On target")),
        Column("reference_cpc", Text("클릭 단가", "CPC"), "currencyKRW"),
        Column("inflow_value", Text("유입 환산 가치", "Inflow value"), "currencyKRW"),
        Column("monthly_inflow_value", Text("한 달에", "A month"), "currencyKRW"),
        Column("cost", Text("제작비", "Cost"), "currencyKRW"),
        Column("break_even_months", Text("본전까지 (개월)", "Break-even (months)"), "none"),
        Column("cheaper_from_month", Text("광고보다 싼 달부터", "Cheaper from month")),
        Column("downloads", Text("다운로드", "Downloads")),
        Column("plays", Text("동영상 조회", "Views")),
        Column("view_rate", Text("시청률", "Watched"), "percentunit"),
        Column("video_value", Text("동영상 가치", "Video value"), "currencyKRW"),
    ),
    TO_CHANNELS,
    height=9,
)

RATES: Final = Panel(
    "rates",
    "time",
    Text("직접 방문과 브랜드 검색의 비율", "Direct visits and brand searches over time"),
    Text(
        f"마케팅이 쌓이면 직접 방문과 브랜드 검색이 늘어납니다. 바탕이 {FEWEST}건보다 적은 묶음은 비어 있습니다.",
        f"Both grow as marketing builds up. A bar of fewer than {FEWEST} is left out.",
    ),
    f"""
SELECT
    {TIME} AS time, {rate("sum(is_direct)", "count()")} AS direct_visit_rate,
    {rate("sum(is_brand)", "sum(has_keyword)")} AS brand_keyword_rate
FROM {SESSIONS}
GROUP BY time
ORDER BY time
""",
    (
        Column("time", Text("날짜", "Day"), "date"),
        Column("direct_visit_rate", Text("직접 방문 비율", "Direct visit rate"), "percentunit"),
        Column("brand_keyword_rate", Text("브랜드 검색 비율", "Brand keyword rate"), "percentunit"),
    ),
    TO_JOURNEYS,
    "percentunit",
    width=12,
    height=8,
)

SHARE: Final = Panel(
    "share_of_search",
    "time",
    Text("검색 점유율", "Share of search"),
    Text(
        "그 달에 모든 브랜드가 검색된 횟수 가운데 각 브랜드의 비율입니다. 검색량은 키워드 도구에서 가져옵니다.",
        "Each brand's part of the searches for all brands of the month, from a keyword planner's volumes.",
    ),
    f"""
SELECT toDateTime(month, {ZONE}) AS time, brand, share
FROM headwater.share_of_search
WHERE site = {SITE} AND month BETWEEN addMonths(toStartOfMonth({UNTIL}), -12) AND {UNTIL}
ORDER BY time, brand
""",
    (
        Column("time", Text("달", "Month"), "date"),
        Column("brand", Text("브랜드", "Brand"), "string"),
        Column("share", Text("점유율", "Share"), "percentunit"),
    ),
    TO_CHANNELS,
    "percentunit",
    width=12,
    height=8,
)

KEYWORDS: Final = Panel(
    "keywords",
    "table",
    Text("검색어", "Keywords"),
    Text(
        "자연 검색 방문의 검색어와, 검색엔진이 알려 준 검색어별 클릭입니다. 두 수는 서로 다른 것을 세므로 더하지 않습니다.",
        "Keywords of organic visits, and clicks by query as search engines tell them. The two count different things"
        " and do not add up.",
    ),
    f"""
WITH
    (
        SELECT groupArray((of_list, word))
        FROM
        (
            SELECT
                JSONExtractString(definition, 'list_kind') AS of_list,
                {_plain("arrayJoin(JSONExtract(definition, 'keywords', 'Array(String)'))")} AS word
            FROM headwater.definitions
            WHERE {OF_SITE} AND kind = 'keyword_list'
        )
        WHERE word != ''
    ) AS lists
SELECT engine, keyword, list, sessions, clicks
FROM
(
    SELECT
        '' AS engine, keyword,
        multiIf(max(is_negative), 'negative', max(is_brand), 'brand', max(is_target), 'target', '') AS list,
        toNullable(count()) AS sessions, NULL AS clicks, count() AS weight
    FROM {SESSIONS}
    WHERE has_keyword
    GROUP BY keyword
    UNION ALL
    SELECT
        toString(engine), query,
        arrayFirst(
            kind -> arrayExists(one -> one.1 = kind AND position({_plain("query")}, one.2) > 0, lists),
            ['negative', 'brand', 'target']
        ),
        NULL, toNullable(sum(clicks)), sum(clicks)
    FROM headwater.search_queries
    WHERE site = {SITE} AND period_start >= {SINCE} AND period_end <= {UNTIL}
    GROUP BY engine, query
)
ORDER BY weight DESC, keyword, engine
LIMIT 40
""",
    (
        Column("engine", Text("출처", "Source"), "string", ENGINES),
        Column("keyword", Text("검색어", "Keyword"), "string"),
        Column("list", Text("목록", "List"), "string", LISTS),
        Column("sessions", Text("방문", "Sessions"), bar=True),
        Column("clicks", Text("검색 결과 클릭", "Clicks on results"), bar=True),
    ),
    TO_CHANNELS,
    height=9,
)

BOARD: Final = Board(
    "owned",
    Text("자사 채널", "Owned media"),
    Text(
        "돈을 내지 않은 방문이 얼마나 되고, 어떤 검색과 콘텐츠가 이끌며, 얼마의 값어치가 있는지. 홈페이지는 모든 지점의 것입니다.",
        "How many visits nobody sells, which searches and contents bring them, and what they are worth. A website is of"
        " all branches.",
    ),
    (
        Row(Text("한눈에", "At a glance"), (VISITS, RETURN, CHANNELS)),
        Row(Text("브랜드", "The brand"), (RATES, SHARE, KEYWORDS)),
        Row(Text("목표와 페이지", "Goals and pages"), (GOALS, PAGES)),
        Row(Text("콘텐츠", "Contents"), (CONTENTS,)),
    ),
    (SITE_VARIABLE, RUN_VARIABLE, MODEL_VARIABLE),
)

"""Owned media: who comes by themselves, what the goals they reach are worth, and what each content saves."""

from collections.abc import Mapping
from typing import Any, Final

from grafana.reports.report import Block, Name, Piece, Question, Section, Sentence, Table
from grafana.reports.telling import FEWEST, Telling
from grafana.words import NOTHING, Text

_OF: Final = (
    "sites = [{site:String}], branches = [], since = {since:Date}, until = {until:Date}, run = {run:String}"
)
_GIVEN: Final = ("content", "goal", "keyword_list", "search_volume", "search_query", "content_engaged")
MEDIA: Final = Question(
    "owned_media",
    Text("자사 채널의 지표", "Figures of owned media"),
    f"""SELECT
    sessions, direct_sessions, keyword_sessions, brand_keyword_sessions, negative_keyword_sessions, query_clicks,
    brand_query_clicks, negative_query_clicks, own_search_volume, search_volume,
    leading_search_volume, converting_sessions, conversion_rate, goal_conversions, goal_value, owned_goal_value, on_target_sessions,
    inflow_value, owned_cost, owned_romi, owned_romi_with_inflow, romi
FROM headwater.owned_media({_OF}, model = {{model:String}})
ORDER BY sessions""",
    _GIVEN,
)
CONTENTS: Final = Question(
    "contents",
    Text("콘텐츠의 값", "What contents are worth"),
    f"""SELECT
    content, name_ko, name_en, published_on, cost, sessions, inflow_sessions, reference_cpc, inflow_value, break_even_months,
    downloads, plays, view_rate
FROM headwater.content_value({_OF})
WHERE sessions + downloads + plays > 0
ORDER BY inflow_value DESC NULLS LAST, sessions DESC, content
LIMIT 12""",
    ("content", "content_engaged"),
)
QUESTIONS: Final = (MEDIA, CONTENTS)


def owned(tell: Telling) -> list[Section]:
    """What owned media brought; nothing where neither a goal nor a keyword, content or search volume is recorded."""
    row = tell.row("owned_media")
    blocks: list[Block] = [*(_opening(tell, row) if row else ()), *_indexes(tell, row), *_contents(tell)]
    title = Text("자사 채널", "Owned media")
    return [Section(tell.say(title), tuple(blocks))] if blocks else []


def _opening(tell: Telling, row: Mapping[str, Any]) -> list[Sentence]:
    told = []
    if row["goal_conversions"]:
        told.append(
            tell.sentence(
                Text(
                    "방문 {sessions}번 가운데 {converting}번이 목표에 이르렀고, 이룬 목표의 값은 {value}입니다.",
                    "Of {sessions} visits {converting} reached a goal; the goals reached are worth {value}.",
                ),
                sessions=tell.count(row["sessions"], "owned_media"),
                converting=tell.count(row["converting_sessions"], "owned_media"),
                value=tell.won(row["goal_value"], "owned_media"),
            )
        )
    if row["owned_romi"] is not None:
        told.append(
            tell.sentence(
                Text(
                    "자사 채널에 {cost}을 들여 목표의 값 {value}을 얻었습니다 (ROMI {romi}).",
                    "{cost} went into owned media and brought goals worth {value} (ROMI {romi}).",
                ),
                "good" if row["owned_romi"] >= 0 else "bad",
                cost=tell.won(row["owned_cost"], "owned_media"),
                value=tell.won(row["owned_goal_value"], "owned_media"),
                romi=tell.percent(row["owned_romi"], "owned_media"),
            )
        )
    if row["inflow_value"]:
        told.append(
            tell.sentence(
                Text(
                    "검색과 소셜에서 저절로 들어온 방문 {sessions}번을 광고로 샀다면 {value}이 들었을 것입니다.",
                    "The {sessions} visits that search and social brought by themselves would have cost {value} as paid clicks.",
                ),
                sessions=tell.count(row["on_target_sessions"], "owned_media"),
                value=tell.won(row["inflow_value"], "owned_media"),
            )
        )
    return told


def _indexes(tell: Telling, row: Mapping[str, Any]) -> list[Table]:
    """Shares with the counts they rest on; only those that something is recorded for."""
    told = (
        (Text("직접 방문 비율", "Direct visit rate"), "direct_sessions", "sessions", Text("방문", "visits")),
        (Text("브랜드 검색 비율", "Brand keyword rate"), "brand_keyword_sessions", "keyword_sessions", Text("키워드를 아는 검색 방문", "search visits with a keyword")),
        (Text("부정 검색 비율", "Negative keyword rate"), "negative_keyword_sessions", "keyword_sessions", Text("키워드를 아는 검색 방문", "search visits with a keyword")),
        (Text("브랜드 검색 비율, 클릭", "Brand keyword rate, clicks"), "brand_query_clicks", "query_clicks", Text("검색엔진이 알려 준 클릭", "clicks that search engines told of")),
        (Text("부정 검색 비율, 클릭", "Negative keyword rate, clicks"), "negative_query_clicks", "query_clicks", Text("검색엔진이 알려 준 클릭", "clicks that search engines told of")),
        (Text("검색 점유율", "Share of search"), "own_search_volume", "search_volume", Text("모든 브랜드의 검색", "searches for all brands")),
        (Text("선두 대비 검색량", "Against the leading brand"), "own_search_volume", "leading_search_volume", Text("선두 브랜드의 검색", "searches for the leading brand")),
        (Text("전환율", "Conversion rate"), "converting_sessions", "sessions", Text("방문", "visits")),
    )  # fmt: skip
    if not row:
        return []
    lines = []
    for named, part, whole, of in told:
        if not row[whole] or (part == "converting_sessions" and row["conversion_rate"] is None):
            continue
        lines.append(
            (
                tell.cell(tell.say(named)),
                tell.figure(tell.rate(row[part], row[whole], "owned_media")),
                tell.figure(tell.count(row[part], "owned_media")),
                tell.figure(tell.count(row[whole], "owned_media")),
                tell.cell(tell.say(of)),
            )
        )
    if len(lines) < 2:  # visits alone are told elsewhere
        return []
    heads = tell.heads(
        (Text("지표", "Index"), False, 2.2), (Text("비율", "Rate"), True, 1.0), (Text("수", "Count"), True, 1.0),
        (Text("바탕", "Of"), True, 1.0), (Text("바탕이 되는 것", "What it is of"), False, 2.4),
    )  # fmt: skip
    note = Text("바탕이 {fewest}건보다 적은 비율은 내지 않습니다.", "No rate of fewer than {fewest}.")
    title = tell.say(Text("찾아오는 힘", "How they find you by themselves"))
    return [Table(title, heads, tuple(lines), tell.say(note, fewest=str(FEWEST)))]


def _contents(tell: Telling) -> list[Table]:
    rows = tell.rows("contents")
    if not rows:
        return []
    heads = tell.heads(
        (Text("콘텐츠", "Content"), False, 2.2), (Text("비용", "Cost"), True, 1.3), (Text("방문", "Visits"), True, 0.9),
        (Text("유입 환산 가치", "Worth as clicks"), True, 1.5), (Text("본전까지", "Breaks even in"), True, 1.3),
        (Text("다운로드", "Downloads"), True, 1.1), (Text("동영상", "Video views"), True, 1.1), (Text("시청률", "Watched"), True, 1.0),
    )  # fmt: skip

    def months(row: Mapping[str, Any]) -> Piece | tuple[Piece, ...]:
        if row["break_even_months"] is None:
            return tell.say(NOTHING)
        count = tell.count(round(row["break_even_months"], 1), "contents")
        return tell.pieces(Text("{count}개월", "{count} months"), count=count)

    lines = tuple(
        (
            tell.cell(Name(str(row[f"name_{tell.language}"] or row["content"]))),
            tell.figure(tell.won(row["cost"], "contents")),
            tell.figure(tell.count(row["sessions"], "contents")),
            tell.figure(tell.won(row["inflow_value"], "contents")),
            tell.figure(months(row)),
            tell.figure(tell.count(row["downloads"] or None, "contents")),
            tell.figure(tell.count(row["plays"] or None, "contents")),
            tell.figure(tell.percent(row["view_rate"], "contents")),
        )
        for row in rows
    )
    note = Text(
        "유입 환산 가치: 검색과 소셜에서 저절로 들어온 방문 × 클릭 단가. 본전까지: 비용 ÷ 한 달 유입 환산 가치. 시청률: 본 시간 ÷ 길이의 평균.",
        "Worth as clicks: visits from search and social that were not paid × what a click costs. Breaks even: cost ÷ that worth"
        " a month. Watched: mean of seconds watched ÷ length.",
    )
    return [Table(tell.say(Text("콘텐츠마다", "Content by content")), heads, lines, tell.say(note))]

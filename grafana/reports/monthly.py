"""The month on a page or two: what came, what it cost, what to do."""

from collections.abc import Sequence
from typing import Final

from grafana.reports import besides, parts
from grafana.reports.goals import campaigns
from grafana.reports.questions import BOARD, CALLS, CAMPAIGNS, MODELS, NAMES, SITE, board, over_time, recorded
from grafana.reports.report import Kind, Section, Sentence
from grafana.reports.telling import Telling
from grafana.words import Text

LAST_MONTH: Final = Text("지난달", "the month before")
LAST_YEAR: Final = Text("지난해 같은 달", "the same month last year")


def _title(tell: Telling) -> str:
    month = tell.month(tell.day("since"))
    return f"{month} 월간 요약" if tell.language == "ko" else f"Monthly summary, {month}"


def _summary(tell: Telling) -> Sequence[Sentence]:
    told = parts.opening(tell, tell.month(tell.day("since")))
    told += parts.change(tell, "change", LAST_MONTH)
    if tell.worked("change_year") is not None:
        told += parts.change(tell, "change_year", LAST_YEAR)
    return told + parts.calls(tell)[:1]


def _sections(tell: Telling) -> Sequence[Section]:
    weeks = parts.over_time(
        tell,
        "weeks",
        Text("주마다의 문의와 등록", "Inquiries and registrations by week"),
        Text("날짜는 그 주의 월요일이며, 첫 주와 마지막 주는 달에 잘릴 수 있습니다.", "Each by its Monday; the first and last week may be cut by the month."),
    )  # fmt: skip
    glance = parts.glance(tell, tell.worked("total_before"), tell.say(Text("지난달", "month before:")))
    return [
        Section(tell.say(Text("한눈에", "At a glance")), (glance, weeks)),
        Section(
            tell.say(Text("채널마다", "Channel by channel")),
            (parts.scoreboard(tell, whole=False), *parts.judged(tell)),
        ),
        parts.next_steps(tell, young=True),
        *campaigns(tell),
        *besides.besides(tell),
        parts.models(tell),
    ]


KIND: Final = Kind(
    "monthly",
    Text("월간 요약", "Monthly summary"),
    _title,
    (
        SITE,
        NAMES,
        recorded(("before_recorded", "before_since", "before_until"), ("year_recorded", "year_since", "year_until")),
        BOARD,
        board("board_before", Text("지난달의 채널 점수판", "Scoreboard of the month before"), "before_since", "before_until"),
        board("board_year", Text("지난해 같은 달의 채널 점수판", "Scoreboard of the same month last year"), "year_since", "year_until"),
        over_time("weeks", Text("주마다의 문의와 등록", "Inquiries and registrations by week"), "toMonday(day)"),
        CALLS,
        CAMPAIGNS,
        MODELS,
        *besides.QUESTIONS,
    ),
    (
        parts.TOTAL,
        parts.RATES,
        parts.compared("change", "board_before", "지난달", "the month before"),
        parts.compared("change_year", "board_year", "지난해 같은 달", "the same month last year"),
    ),
    parts.headlines_of_total,
    _summary,
    _sections,
)  # fmt: skip

"""A kind and its figures -> a document: title, summary, what changed since the last revision, sections, and the sources."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from grafana.reports.parts import plain, shown_rows
from grafana.reports.report import (
    Block,
    Cell,
    Document,
    Figures,
    Headline,
    Kind,
    Name,
    Number,
    Piece,
    Section,
    Source,
    Table,
)
from grafana.reports.telling import Telling
from grafana.words import MODELS, Language, Text
from grafana.writing import in_unit

_ABOUT: Final = {
    "site": Text("기관", "Business"),
    "period": Text("기간", "Period"),
    "model": Text("모델", "Model"),
    "revision": Text("판", "Revision"),
    "made": Text("만든 때", "Made at"),
}
_COMPARED: Final = ("spend", "inquiries", "registrations", "revenue")


class Edition(NamedTuple):
    """Which revision this is, when it was made, and the figures of the one before."""

    revision: int
    made_at: str
    before: Figures | None = None
    before_made_at: str = ""


def document(kind: Kind, figures: Figures, language: Language, edition: Edition) -> Document:
    """Figures of a kind -> the report in one language."""
    tell = Telling(figures, language)
    changed = _changes(kind, tell, edition)
    return Document(
        language,
        kind.title(tell),
        _about(tell, edition),
        tuple(kind.summary(tell)),
        (*changed, *kind.sections(tell)),
        _sources(kind, tell),
    )


def _about(tell: Telling, edition: Edition) -> tuple[tuple[str, Piece], ...]:
    parameters = tell.figures.parameters
    site = str(tell.row("site").get("name") or tell.figures.site)
    told: dict[str, Piece] = {
        "site": Name(site),
        "period": tell.days(str(parameters["since"]), str(parameters["until"])),
        "model": MODELS[str(parameters["model"])].text.said_in(tell.language),
        "revision": str(edition.revision),
        "made": edition.made_at,
    }
    return tuple((tell.say(_ABOUT[name]), value) for name, value in told.items())


def _sources(kind: Kind, tell: Telling) -> tuple[Source, ...]:
    asked = [
        Source(
            question.slug,
            tell.say(question.title),
            question.sql,
            tuple((name, str(tell.figures.parameters[name])) for name in question.parameters()),
        )
        for question in kind.questions
        if question.slug in tell.figures.answers
    ]
    worked = [
        Source(one.slug, tell.say(one.title), how=tell.say(one.how), of=one.of) for one in kind.reckonings
    ]
    return (*asked, *worked)


# What changed


def _changes(kind: Kind, tell: Telling, edition: Edition) -> tuple[Section, ...]:
    if edition.before is None:
        return ()
    blocks: list[Block] = [
        tell.sentence(
            Text(
                "나중에 들어온 자료로 {number}판({made}) 뒤에 숫자가 바뀌어 다시 썼습니다.",
                "Data that came in later changed figures after revision {number} ({made}), so this was written again.",
            ),
            number=str(edition.revision - 1),
            made=edition.before_made_at,
        )
    ]
    tables = [*_headlines(kind, tell, edition.before), *_channels(tell, edition.before)]
    blocks += tables
    if not tables:
        blocks.append(
            tell.sentence(
                Text("큰 숫자는 그대로이고, 바뀐 것은 다음에 있습니다: {what}.", "The main figures are the same; what changed is in: {what}."),
                what=", ".join(_questions(kind, tell, edition.before)),
            )
        )  # fmt: skip
    return (
        Section(tell.say(Text("지난 판에서 바뀐 것", "What changed since the last revision")), tuple(blocks)),
    )


def _headlines(kind: Kind, tell: Telling, before: Figures) -> list[Table]:
    earlier = {one.slug: one for one in kind.headlines(before)}
    lines = []
    for one in kind.headlines(tell.figures):
        was = earlier.get(one.slug)
        if was is not None and _same(was.value, one.value):
            continue
        old = tell.number(was.value if was else None, one.unit, one.source)
        lines.append(
            (
                tell.cell(tell.say(one.title)),
                tell.figure(old.text if isinstance(old, Number) else old),
                tell.figure(tell.number(one.value, one.unit, one.source)),
                tell.figure(_moved(tell, was, one)),
            )
        )
    if not lines:
        return []
    return [
        Table(
            tell.say(Text("바뀐 숫자", "Figures that changed")),
            _heads(tell, Text("항목", "Figure")),
            tuple(lines),
        )
    ]


def _moved(tell: Telling, was: Headline | None, one: Headline) -> Piece:
    if was is None or was.value is None or one.value is None:
        return ""
    return tell.signed(one.value - was.value, one.unit, one.source)


def _channels(tell: Telling, before: Figures) -> list[Table]:
    earlier = {str(row["channel"]): row for row in before.answers.get("board", ())}
    words = {
        "spend": Text("지출", "Spend"), "inquiries": Text("문의", "Inquiries"), "registrations": Text("등록", "Registered"), "revenue": Text("매출", "Revenue"),
        "action": Text("할 일", "Action"),
    }  # fmt: skip
    lines: list[tuple[Cell, ...]] = []
    for row in shown_rows(tell):
        was: Mapping[str, Any] = earlier.get(str(row["channel"]), {})
        for name in _COMPARED:
            old = was.get(name, 0)
            if _same(old, row[name]):
                continue
            unit = "currencyKRW" if name in ("spend", "revenue") else "short"
            lines.append(
                (
                    tell.cell((tell.channel(str(row["channel"])), " · ", tell.say(words[name]))),
                    tell.figure(in_unit(float(old), unit, tell.language)),  # type: ignore[arg-type]
                    tell.figure(tell.number(row[name], unit, "board")),  # type: ignore[arg-type]
                    tell.figure(tell.signed(row[name] - old, unit, "board")),  # type: ignore[arg-type]
                )
            )
        if was and was["action"] != row["action"]:
            old_word, new_word = (plain(tell.action(one).pieces) for one in (was, row))
            lines.append(
                (
                    tell.cell((tell.channel(str(row["channel"])), " · ", tell.say(words["action"]))),
                    tell.figure(old_word),
                    tell.figure(new_word),
                    tell.figure(""),
                )
            )
    if not lines:
        return []
    return [
        Table(
            tell.say(Text("바뀐 채널", "Channels that changed")),
            _heads(tell, Text("채널", "Channel")),
            tuple(lines),
        )
    ]


def _heads(tell: Telling, first: Text) -> Any:
    return tell.heads(
        (first, False, 2.4), (Text("지난 판", "Before"), True, 1.4), (Text("이번 판", "Now"), True, 1.4), (Text("변화", "Change"), True, 1.2),
    )  # fmt: skip


def _questions(kind: Kind, tell: Telling, before: Figures) -> list[str]:
    named = [
        tell.say(question.title)
        for question in kind.questions
        if list(before.answers.get(question.slug, ())) != list(tell.rows(question.slug))
    ]
    return named or [tell.say(Text("설정", "settings"))]


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one == other or abs(one - other) < 1e-9)

"""`headwater explain`: everything behind one conversion or payment, for people and programs."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from infra.commands.scoreboard import CHANNEL_NAMES, Language, language_of, printable, width_of
from infra.explanation.reading import NotExplained, explain, find
from infra.explanation.said import Explanation, PaymentSaid, TouchSaid, Where, as_data, instant
from infra.settings import load_settings

MOST_HITS: Final = 5  # of one session that the table names; JSON has all
_WORDS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        "title": "{site} · {conversion} · run {run}",
        "reached": "{stage} 도달 {at} · {lead}{branch}사람 {person}",
        "lead": "리드 {lead} · ",
        "branch": "지점 {branch} · ",
        "event": "근거 이벤트 {event}",
        "rules": "규칙: 기간 {window_days}일 · 반감기 {half_life_days}일 · 위치 {position} · direct {direct} · told {told}",
        "path": "경로 (시간순, 모델별 기여)",
        "money": "금액 (원, 현금 기준 / 매출 {revenue}, 현금 {cash})",
        "why": "채널을 정한 규칙",
        "left": "빠진 접점",
        "events": "접점이 되지 않은 이벤트",
        "person": "사람: {person} · 식별자 {identifiers}",
        "joined": "  {event} 이(가) 이음: {identifiers}",
        "unsearched": "이벤트가 너무 많은 사람이라 보관소 검색은 일부만 했습니다.",
        "payments": "이 전환을 따르는 결제",
        "asked": "물어본 결제",
        "none": "없음",
        "hits": "{session}: 세션 안의 조회 {count}건",
        "counted": " ({at}으로 계산)",
        "says_nothing": "출처 정보 없음",
        "by": " ← {by}",
        "split": "{model}: {won}",
    },
    "en": {
        "title": "{site} · {conversion} · run {run}",
        "reached": "{stage} reached {at} · {lead}{branch}person {person}",
        "lead": "lead {lead} · ",
        "branch": "branch {branch} · ",
        "event": "by {event}",
        "rules": "rules: window {window_days} days · half-life {half_life_days} days · position {position} · direct {direct} · "
        "told {told}",
        "path": "Path (in order of time, the share of each model)",
        "money": "Won of all its payments (revenue {revenue}, cash {cash})",
        "why": "The rule that set each channel",
        "left": "Touches left out",
        "events": "Events that became no touch",
        "person": "Person {person}: {identifiers}",
        "joined": "  {event} joined {identifiers}",
        "unsearched": "The person has too many events: the archive was searched in part only.",
        "payments": "Payments that follow it",
        "asked": "The payment asked for",
        "none": "none",
        "hits": "{session}: {count} hits within the session",
        "counted": " (counts as at {at})",
        "says_nothing": "says nothing of a source",
        "by": " ← {by}",
        "split": "{model}: {won}",
    },
}
_HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "ko": ("순서", "시각", "종류", "채널"),
    "en": ("Place", "When", "Kind", "Channel"),
}
_EVENT_HEADING: Final = {"ko": "이벤트", "en": "Event"}
_REASON_HEADING: Final = {"ko": "이유", "en": "Why"}
_REASONS: Final[dict[str, dict[str, str]]] = {
    "ko": {
        "before_window": "기간 이전",
        "after_conversion": "전환 이후",
        "direct_dropped": "다른 접점이 있어 direct 제외",
        "told_ignored": "들은 출처는 무시하는 설정",
        "told_not_needed": "추적된 접점이 있어 들은 출처는 필요 없음",
        "call_joined": "통화가 방문자와 이어짐: 방문이 접점",
        "call_outbound": "거는 전화",
        "call_spam": "스팸 통화",
        "call_wrong_number": "잘못 걸린 통화",
        "number_unknown": "그날 등록되지 않은 번호",
        "not_on_path": "경로에 없음: headwater audit로 확인",
        "withdrawn": "철회됨",
        "outside_run": "이 run의 기간 밖",
        "in_session": "세션 안의 조회",
        "scan_absorbed": "그 스캔을 실은 방문이 대신함",
        "scan_repeated": "같은 스캔을 다시 읽음",
        "message_absorbed": "같은 채널의 세션이 대신함",
        "call_superseded": "같은 통화의 새 기록이 있음",
        "own_path": "등록이 없어 결제 자체의 경로를 따름",
        "latest_registration_before": "결제 시점까지의 마지막 등록을 따름",
        "first_registration_after": "이전 등록이 없어 그 뒤 첫 등록을 따름",
        "no_registration": "매출 아님: 등록이 없음",
        "re_registration": "매출 아님: 재등록",
        "after_roi_months": "매출 아님: roi_months 이후",
        "": "매출에 포함",
    },
    "en": {
        "before_window": "before the window",
        "after_conversion": "after the conversion",
        "direct_dropped": "direct, dropped as others are there",
        "told_ignored": "told sources are ignored here",
        "told_not_needed": "told, not needed: something tracked is there",
        "call_joined": "the call is a visitor's: the visit is the touch",
        "call_outbound": "an outbound call",
        "call_spam": "a spam call",
        "call_wrong_number": "a wrong number",
        "number_unknown": "a number not catalogued that day",
        "not_on_path": "not on the path: ask headwater audit",
        "withdrawn": "withdrawn",
        "outside_run": "outside the days of the run",
        "in_session": "within a session",
        "scan_absorbed": "the visit that carries the scan is the touch",
        "scan_repeated": "another reading of the same scan",
        "message_absorbed": "a session of the same channel is the touch",
        "call_superseded": "a newer word on the same call counts",
        "own_path": "no registration: it takes its own path",
        "latest_registration_before": "the latest registration up to it",
        "first_registration_after": "no registration before it: the first after",
        "no_registration": "not in revenue: no registration",
        "re_registration": "not in revenue: a re-registration",
        "after_roi_months": "not in revenue: after roi_months",
        "": "in revenue",
    },
}


def as_json(explanation: Explanation) -> str:
    """An explanation -> JSON whose texts are whole, and hold nothing that a terminal would obey."""
    text = json.dumps(as_data(explanation), ensure_ascii=False, indent=1)
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def _escaped(letter: str) -> str:
    return json.dumps(letter, ensure_ascii=True)[1:-1] if ord(letter) != 0x7F else "\\u007f"


def render(explanation: Explanation, language: Language) -> str:
    """An explanation -> what people read."""
    say = _WORDS[language]
    zone = explanation.time_zone
    lines = [
        say["title"].format(
            site=_plain(explanation.asked.site),
            conversion=_plain(explanation.asked.conversion_id),
            run=_plain(explanation.asked.run),
        ),
        say["reached"].format(
            stage=_plain(explanation.stage),
            at=instant(explanation.at, zone),
            lead=say["lead"].format(lead=_plain(explanation.lead)) if explanation.lead else "",
            branch=say["branch"].format(branch=_plain(explanation.branch)) if explanation.branch else "",
            person=_plain(explanation.person),
        ),
        say["event"].format(event=_event(explanation.event_id, explanation.event_where)),
        say["rules"].format(**_rules(explanation.rules_of_credit)),
    ]
    path = [touch for touch in explanation.touches if touch.place]
    lines += ["", say["path"], *_path_table(explanation, path, language)]
    if explanation.cash or explanation.revenue:
        head = say["money"].format(revenue=f"{explanation.revenue:,}", cash=f"{explanation.cash:,}")
        lines += ["", head, *_money_table(explanation, path, language)]
    lines += ["", say["why"]]
    lines += [
        f"  {_short(touch)}: {_matched(touch, say)}"
        for touch in explanation.touches
        if touch.rule or touch.matched
    ]
    lines += ["", say["left"], *(_left_out(explanation, language) or [f"  {say['none']}"])]
    lines += ["", say["events"], *(_events(explanation, language) or [f"  {say['none']}"])]
    lines += _payments(explanation, language)
    lines += ["", *_person(explanation, say)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return printable(text)


def _rules(rules: Mapping[str, Any]) -> dict[str, str]:
    known = {name: rules.get(name, "-") for name in ("window_days", "half_life_days", "direct", "told")}
    shown = {name: f"{one:g}" if isinstance(one, float) else str(one) for name, one in known.items()}
    return shown | {"position": "/".join(f"{one:g}" for one in rules.get("position", ()))}


def _event(id: str, where: Where) -> str:
    if not where.topic:
        return _plain(id)
    return f"{_plain(id)} ({_plain(where.topic)} {where.partition}@{where.offset})"


def _short(touch: TouchSaid) -> str:
    return f"{touch.place or '-'} {_plain(touch.channel)} {_plain(touch.id)}"


def _channel(slug: str, language: Language) -> str:
    known = CHANNEL_NAMES.get(slug)
    return _plain(slug) if known is None or slug != "unattributed" else known[language]


def _when(touch: TouchSaid, zone: str, say: Mapping[str, str]) -> str:
    moved = say["counted"].format(at=instant(touch.counted_at, zone)) if touch.counted_at != touch.at else ""
    return instant(touch.at, zone) + moved


def _matched(touch: TouchSaid, say: Mapping[str, str]) -> str:
    found = ", ".join(f"{_plain(name)} {_plain(value)}" for name, value in touch.matched.items())
    return " · ".join(one for one in (_plain(touch.rule), found or say["says_nothing"]) if one)


def _path_table(explanation: Explanation, path: Sequence[TouchSaid], language: Language) -> list[str]:
    say = _WORDS[language]
    headings = (*_HEADINGS[language], *explanation.models, _EVENT_HEADING[language])
    body = [
        (
            str(touch.place),
            _when(touch, explanation.time_zone, say),
            _plain(touch.kind) or "-",
            _channel(touch.channel, language),
            *(_share(touch.credits[model].parts) for model in explanation.models),
            _event(touch.id, touch.where) or "-",
        )
        for touch in path
    ]
    return _table(headings, body, range(4, 4 + len(explanation.models)))


def _share(parts: int) -> str:
    """Parts of 10⁻⁹ -> percent to the last part that is not 0; nothing is rounded."""
    whole, rest = divmod(parts, 10_000_000)
    return f"{whole}.{rest:07d}".rstrip("0").rstrip(".") + "%"


def _money_table(explanation: Explanation, path: Sequence[TouchSaid], language: Language) -> list[str]:
    place, _, _, channel = _HEADINGS[language]
    headings = (place, channel, *explanation.models)
    body = [
        (
            str(touch.place),
            _channel(touch.channel, language),
            *(f"{touch.credits[model].cash:,}" for model in explanation.models),
        )
        for touch in path
    ]
    return _table(headings, body, range(2, 2 + len(explanation.models)))


def _left_out(explanation: Explanation, language: Language) -> list[str]:
    say, reasons = _WORDS[language], _REASONS[language]
    _, when, kind, channel = _HEADINGS[language]
    body = [
        (
            _when(touch, explanation.time_zone, say),
            _plain(touch.kind),
            _plain(touch.channel) or "-",
            reasons.get(touch.left_out, _plain(touch.left_out)),
            _event(touch.id, touch.where),
        )
        for touch in explanation.touches
        if not touch.place
    ]
    headings = (when, kind, channel, _REASON_HEADING[language], _EVENT_HEADING[language])
    return _table(headings, body) if body else []


def _events(explanation: Explanation, language: Language) -> list[str]:
    say, reasons = _WORDS[language], _REASONS[language]
    _, when, kind, _ = _HEADINGS[language]
    hits: dict[str, int] = {}
    body = []
    for one in explanation.left_out_events:
        if one.reason == "in_session":
            hits[one.by] = hits.get(one.by, 0) + 1
            if hits[one.by] > MOST_HITS:
                continue
        by = say["by"].format(by=_plain(one.by)) if one.by else ""
        reason = reasons.get(one.reason, _plain(one.reason))
        body.append(
            (instant(one.at, explanation.time_zone), _plain(one.type), reason + by, _event(one.id, one.where))
        )
    if not body:
        return []
    lines = _table((when, kind, _REASON_HEADING[language], _EVENT_HEADING[language]), body)
    return lines + [
        "  " + say["hits"].format(session=_plain(session), count=count)
        for session, count in hits.items()
        if count > MOST_HITS
    ]


def _payments(explanation: Explanation, language: Language) -> list[str]:
    say = _WORDS[language]
    asked = explanation.payment
    lines = []
    if asked is not None:
        lines += ["", say["asked"], *_payment(asked, explanation, language)]
        for model, split in asked.splits.items():
            won = " · ".join(f"{place} {share:,}" for place, share in enumerate(split, start=1) if share)
            lines.append("    " + say["split"].format(model=model, won=won or "0"))
    elif explanation.payments:
        lines += ["", say["payments"]]
        for one in explanation.payments:
            lines += _payment(one, explanation, language)
    return lines


def _payment(payment: PaymentSaid, explanation: Explanation, language: Language) -> list[str]:
    reasons = _REASONS[language]
    at = instant(payment.at, explanation.time_zone)
    amount = f"{payment.amount:,} {_plain(payment.currency)}"
    why = (reasons[payment.follows], reasons[payment.counts])
    return ["  " + " · ".join((at, amount, *why, _event(payment.id, payment.where)))]


def _person(explanation: Explanation, say: Mapping[str, str]) -> list[str]:
    identifiers = ", ".join(map(_plain, explanation.identifiers)) or say["none"]
    lines = [say["person"].format(person=_plain(explanation.person), identifiers=identifiers)]
    lines += [
        say["joined"].format(
            event=f"{_plain(one.type)} {_event(one.id, one.where)}",
            identifiers=", ".join(map(_plain, one.identifiers)),
        )
        for one in explanation.joins
    ]
    return lines if explanation.searched else [*lines, say["unsearched"]]


def _table(headings: Sequence[str], body: Sequence[Sequence[str]], figures: Sequence[int] = ()) -> list[str]:
    """Cells -> lines, figures to the right, the rest to the left."""
    widths = [max(width_of(row[number]) for row in (headings, *body)) for number in range(len(headings))]

    def line(row: Sequence[str]) -> str:
        padded = []
        for number, cell in enumerate(row):
            gap = " " * (widths[number] - width_of(cell))
            padded.append(gap + cell if number in figures else cell + gap)
        return ("  " + "  ".join(padded)).rstrip()

    return [line(headings), *map(line, body)]


@click.command("explain")
@click.argument("id", metavar="CONVERSION|PAYMENT")
@click.option("--run", default="live", show_default=True, help="A replay's name.")
@click.option("--site", default="", help="The business, where several have the id.")
@click.option("--language", type=click.Choice(["ko", "en"]), help="Of the table. Default: by LANG.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def explain_command(id: str, run: str, site: str, language: Language | None, form: str) -> None:
    """Explain a conversion or payment: touches, every model's credit, the rules, and what was left out and why.

    Where an id is both, `conversion=ID` and `payment=ID` say which is meant.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.local import stack

    try:
        client = stack.reader(load_settings())
        try:
            explanation = explain(client, find(client, id, run, site))
        finally:
            client.close()
    except NotExplained as refused:
        message = printable(str(refused))
        raise (click.UsageError if refused.ambiguous else click.ClickException)(message) from None
    except ClickHouseError as failed:
        raise click.ClickException(_said_by_the_engine(str(failed))) from None
    if form == "json":
        click.echo(as_json(explanation))
    else:
        click.echo(render(explanation, language or language_of(os.environ)))
    sys.stdout.flush()


def _said_by_the_engine(message: str) -> str:
    if "Connection refused" in message or "Max retries" in message:
        return "ClickHouse does not answer; `headwater up` starts it"
    return message.partition("server response: ")[2] or message


COMMANDS = {"explain": explain_command}

"""A list of costs -> spend_recorded, each over its days or month.

The spend_id is made of channel, campaign, branch, kind and period and of the nth row that has all of these, so a
corrected amount stays the same spend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from streams.collectors.importers.cells import (
    Unreadable,
    count,
    day,
    folded,
    hours,
    month,
    only_set,
    text,
    won,
    word,
)
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Occurrences, Outcome, Setting, digest
from streams.collectors.importers.records import Reader, refused_cell

SPEND_KINDS = {
    folded(said): kind
    for kind, words in {
        "media": "매체 매체비 광고 광고비 집행비 인쇄 인쇄비 제작비 게시비 현수막 전단지 media ad ads advertising print",
        "agency": "대행 대행료 대행비 외주 외주비 운영대행 agency",
        "staff": "직원 인건비 직원시간 시간 staff labour labor",
        "reward": "리워드 보상 사례 사례비 상품권 소개사례 reward",
        "sales": "영업 영업비 sales",
        "tool": "도구 솔루션 소프트웨어 구독료 이용료 tool software",
        "upkeep": "유지 유지비 유지보수 관리비 upkeep maintenance",
        "training": "교육 교육비 훈련 training",
    }.items()
    for said in words.split()
}
_VAT = {
    folded(said): vat
    for vat, words in {
        "included": "포함 부가세포함 vat포함 included incl yes y",
        "excluded": "별도 미포함 제외 부가세별도 vat별도 excluded excl no n",
    }.items()
    for said in words.split()
}
_NO_CHANNEL = frozenset({"sales", "tool", "upkeep", "training"})


def spend(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a list of costs -> spend_recorded drafts."""
    occurrences = Occurrences()
    for record in records:
        reader = Reader(record, setting)
        yield from reader.read(lambda reader=reader: _spend(reader, occurrences))  # type: ignore[misc]


def _spend(reader: Reader, occurrences: Occurrences) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    kind = reader.cell("kind", lambda value: word(value, reader.words("kind", SPEND_KINDS), "kind"))
    channel = reader.slug("channel")
    if channel is None and kind not in _NO_CHANNEL:
        fix = "a channel slug like naver_blog; only sales, tool, upkeep and training need none"
        raise refused_cell(record, "channel", Unreadable("nothing", fix))
    first, last = _period(reader)
    amount, vat = _amount(reader)
    worked = reader.cell("hours", lambda value: None if _is_dash(value) else hours(value))
    if amount is None and worked is None:
        field = next((name for name in ("amount", "net", "hours") if record.has(name)), "amount")
        raise refused_cell(record, field, Unreadable("nothing", "whole won, like 600,000, or hours"))
    branch = reader.branch()
    campaign = reader.cell("campaign", text)
    named = reader.cell("spend_id", text)
    if not named:
        key = (channel or "", campaign or "", branch or "", kind or "", first.isoformat(), last.isoformat())
        pressed = digest(b"spend", *(part.encode() for part in key))
        nth = occurrences.nth(pressed)
        named = f"spend-{pressed.hex()[:24]}" + (f"-{nth + 1}" if nth else "")
    body: dict[str, Any] = only_set(
        type="spend_recorded",
        site=setting.site,
        branch=branch,
        occurred_at=datetime(first.year, first.month, first.day, tzinfo=setting.zone).isoformat(),
        spend_id=named,
        channel=channel,
        campaign=campaign,
        period_start=first.isoformat(),
        period_end=last.isoformat(),
        amount=amount,
        hours=worked if amount is None else None,
        kind=kind,
        vat=vat,
        clicks=reader.cell("clicks", lambda value: None if _is_dash(value) else count(value)),
        impressions=reader.cell("impressions", lambda value: None if _is_dash(value) else count(value)),
    )
    yield Draft(record.line, body, (named,))


def _period(reader: Reader) -> tuple[date, date]:
    record = reader.record
    if record.get("period_start") is not None:
        first: date = reader.needed("period_start", day)
        last: date = reader.cell("period_end", day, first)
        if last < first:
            raise refused_cell(
                record, "period_end", Unreadable(f"{last} before {first}", "a day on or after the first")
            )
        return first, last
    if record.get("day") is not None:
        single: date = reader.needed("day", day)
        return single, single
    whole: tuple[date, date] = reader.needed("month" if record.has("month") else "period_start", month)
    return whole


def _amount(reader: Reader) -> tuple[int | None, str | None]:
    """The amount and whether VAT is in it: 공급가액 has none, a header or a column may say it."""
    record = reader.record
    field = "amount" if record.get("amount") is not None else "net"
    unit = record.unit(field)
    scale = {"천원": 1_000, "만원": 10_000}.get(unit, 1)
    amount = reader.cell(field, lambda value: None if _is_dash(value) else won(value, unit=scale))
    if amount is None:
        return None, None
    if field == "net":
        return amount, "excluded"
    said = reader.cell("vat", text)
    if said:
        return amount, _vat(reader, said)
    if "별도" in unit or "excl" in unit or "미포함" in unit:
        return amount, "excluded"
    if "포함" in unit or "incl" in unit:
        return amount, "included"
    return amount, None


def _vat(reader: Reader, said: str) -> str:
    """포함 or 별도, in whatever words."""
    known = reader.words("vat", _VAT)
    if folded(said) in known:
        return known[folded(said)]
    found: str = reader.needed("vat", lambda value: word(value, known, "vat (포함 or 별도)"))
    return found


def _is_dash(value: object) -> bool:
    return str(value).strip() in ("-", "–")

"""A list of payments -> payment_received, joined by 관리번호 where there is no phone; a refund is negative.

A bare date is the end of that local day. Amounts in columns of their own (본인부담, 바우처, 교육청) are payments of their
own; the total beside them is not read then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.collectors.importers.cells import Unreadable, folded, moment, only_set, phone, text, won
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Outcome, Setting
from streams.collectors.importers.records import Reader, refused_cell

FUNDINGS = {
    folded(said): funding
    for funding, words in {
        "self": "본인부담 본인부담금 자부담 본인 자비 카드 신용카드 체크카드 현금 계좌이체 이체 무통장 무통장입금 간편결제 카카오페이 네이버페이 일반 "
        "self card cash transfer private",
        "voucher": "바우처 정부지원 정부지원금 국민행복카드 발달재활바우처 발달재활 사회서비스 전자바우처 voucher",
        "education_office": "교육청 교육청지원 치료지원 치료지원비 꿈e카드 꿈이카드 education_office education",
        "other": "기타 복지관 후원 보험 other insurance",
    }.items()
    for said in words.split()
}
_REFUNDS = frozenset(
    folded(said)
    for said in [
        "환불",
        "취소",
        "승인취소",
        "결제취소",
        "부분취소",
        "부분환불",
        "반품",
        "refund",
        "refunded",
        "cancel",
        "cancelled",
    ]
)
_WIDE = ("amount_self", "amount_voucher", "amount_education_office")


def payments(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a list of payments -> payment_received drafts."""
    for record in records:
        reader = Reader(record, setting)
        yield from reader.read(lambda reader=reader: _payments(reader))  # type: ignore[misc]


def _payments(reader: Reader) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    lead_id = reader.cell("lead_id", text)
    number = reader.cell("phone", lambda value: phone(value, setting.region))
    if not lead_id and not number:
        raise refused_cell(
            record,
            "lead_id" if record.has("lead_id") else "phone",
            Unreadable("nothing", "관리번호 or 연락처"),
        )
    paid = reader.needed(
        "paid_at", lambda value: moment(value, setting.zone, end_of_day=True, time_of_day=record.get("time"))
    )
    refunded = folded(reader.cell("transaction", text, "")) in _REFUNDS
    amounts = _amounts(reader, refunded)
    if not amounts:
        column = next((field for field in ("amount", *_WIDE, "refund") if record.has(field)), "amount")
        raise refused_cell(
            record, column, Unreadable("nothing", "whole won, like 600,000 (a refund: -50,000)")
        )
    native = reader.cell("payment_id", text)
    for amount, funding, which in amounts:
        body = only_set(
            type="payment_received",
            site=setting.site,
            branch=reader.branch(),
            occurred_at=paid.at.isoformat(),
            lead_id=lead_id,
            phone=number,
            amount=amount,
            currency=reader.cell("currency", lambda value: text(value).upper()),
            funding=funding,
            service=reader.cell("service", text),
        )
        kind = "refund" if amount < 0 else ""
        yield Draft(record.line, body, (native, which, kind) if native else None)


def _amounts(reader: Reader, refunded: bool) -> list[tuple[int, str | None, str]]:
    """What the row pays: amount, funding, and which of the row's payments it is."""
    record = reader.record

    def in_won(field: str) -> int:
        unit = {"천원": 1_000, "만원": 10_000}.get(record.unit(field), 1)
        return int(reader.cell(field, lambda value: None if _is_dash(value) else won(value, unit=unit), 0))

    found: list[tuple[int, str | None, str]] = []
    if record.has(*_WIDE):
        for field in _WIDE:
            amount = in_won(field)
            if amount:
                found.append((-abs(amount) if refunded else amount, field.removeprefix("amount_"), field))
    if not found:
        funding = _funding(reader)
        amount = in_won("amount")
        if amount:
            found.append((-abs(amount) if refunded else amount, funding, ""))
        back = in_won("refund")
        if back:
            found.append((-abs(back), funding, "refund"))
    return found


def _is_dash(value: object) -> bool:
    return str(value).strip() in ("-", "–")


def _funding(reader: Reader) -> str | None:
    for field in ("funding", "method"):
        said = reader.cell(field, text)
        if said:
            own = reader.setting.values.get(field) or {}
            return own.get(folded(said)) or FUNDINGS.get(folded(said), "other")
    return None

"""A list of leads with the dates of their stages -> status_changed, person_identified, source_told.

A bare date of a stage is the end of that local day; the source told and the link to the phone are dated to the start
of the first one. 종결 (closed) after a registration is `dormant`, before one `lost`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from streams.collectors.importers.cells import Moment, Unreadable, folded, moment, only_set, phone, text, word
from streams.collectors.importers.columns import Record
from streams.collectors.importers.drafts import Draft, Occurrences, Outcome, Setting
from streams.collectors.importers.records import Reader, refused_cell, slug_of

STAGES = {
    folded(said): stage
    for stage, words in {
        "inquiry": "문의 접수 신규문의 신규 inquiry new",
        "consult": "상담 상담완료 초기상담 방문상담 상담중 consult consulted consultation",
        "waiting": "대기 대기중 대기자 대기등록 waiting",
        "registration": "등록 등록완료 이용중 이용 계약 재원 registration registered active",
        "dormant": "휴면 휴지 중단 이용중단 일시중단 dormant paused",
        "lost": "이탈 탈락 미등록 취소 포기 등록포기 lost cancelled",
        "closed": "종결 종료 이용종료 closed ended",
        "re_registration": "재등록 재이용 reregistration",
    }.items()
    for said in words.split()
}
VIAS = {
    folded(said): via
    for via, words in {
        "phone": "전화 전화문의 유선 phone call",
        "web_form": "홈페이지 온라인 온라인문의 웹폼 web form webform web_form website",
        "kakao": "카카오 카톡 카카오톡 카카오채널 톡상담 kakao",
        "naver_talk": "네이버톡톡 톡톡 navertalk",
        "naver_booking": "네이버예약 예약 naverbooking",
        "cafe_message": "카페 카페쪽지 카페댓글 cafemessage",
        "walk_in": "방문 내방 직접방문 walkin",
        "sms": "문자 문자메시지 sms",
        "email": "이메일 메일 email",
    }.items()
    for said in words.split()
}
_WORD_OF_MOUTH = ("소개", "추천", "지인", "wordofmouth", "friend", "referral")


def leads(records: Iterable[Record], setting: Setting) -> Iterator[Outcome]:
    """Rows of a list of leads -> the drafts of each."""
    said = Occurrences()
    for record in records:
        reader = Reader(record, setting)
        for outcome in reader.read(lambda reader=reader: _lead(reader)):  # type: ignore[misc]
            if isinstance(outcome, Draft) and outcome.body["type"] != "status_changed":
                undated = {name: value for name, value in outcome.body.items() if name != "occurred_at"}
                if said.nth(repr(undated).encode()):
                    continue  # a list with a line for each stage says it in each
            yield outcome


def _lead(reader: Reader) -> Iterator[Draft]:
    record, setting = reader.record, reader.setting
    lead_id = reader.cell("lead_id", text)
    number = reader.cell("phone", lambda value: phone(value, setting.region))
    if not lead_id and not number:
        raise refused_cell(
            record,
            "lead_id" if record.has("lead_id") else "phone",
            Unreadable("nothing", "관리번호 or 연락처"),
        )
    stages = _stages(reader)
    if not stages:
        fields = [column.header for field, column in record.columns.of.items() if field.startswith("at_")]
        column = fields[0] if fields else "stage"
        raise refused_cell(
            record, column, Unreadable("no date in any stage column", "a date like 2026-03-02 in one of them")
        )
    branch = reader.branch()
    service = reader.cell("service", text)
    via = reader.cell("via", lambda value: _via(value, reader))
    first = min(at for _, at, _ in stages)
    begins = first.at.replace(hour=0, minute=0, second=0, microsecond=0) if first.bare else first.at
    told = _told(reader)

    def body(**fields: Any) -> dict[str, Any]:
        whose = {"lead_id": lead_id} if lead_id else {"phone": number}
        return only_set(site=setting.site, branch=branch, **whose, **fields)

    if lead_id and number:
        joined = body(type="person_identified", occurred_at=begins.isoformat(), phone=number)
        yield Draft(record.line, joined, (lead_id,))
    if told:
        yield Draft(
            record.line,
            body(type="source_told", occurred_at=begins.isoformat(), **told),
            (lead_id,) if lead_id else None,
        )
    for stage, at, nth in stages:
        changed = body(
            type="status_changed",
            occurred_at=at.at.isoformat(),
            stage=stage,
            service=service,
            via=via if stage == "inquiry" else None,
        )
        yield Draft(record.line, changed, (lead_id, stage, service or "", nth) if lead_id else None)


def _stages(reader: Reader) -> list[tuple[str, Moment, str]]:
    """What the row says of its stages: the stage, when, and which of several of one stage it is."""
    record, zone = reader.record, reader.setting.zone

    def ends(value: object) -> Moment:
        return moment(value, zone, end_of_day=True)

    found: list[tuple[str, Moment, str]] = []
    for field in record.columns.of:
        if (
            field.startswith("at_")
            and record.get(field) is not None
            and str(record.get(field)).strip() not in ("", "-", "–")
        ):
            found.append((field.removeprefix("at_"), reader.needed(field, ends), ""))
    if record.has("stage_at") and record.get("stage") is not None:
        stage = reader.cell("stage", lambda value: _stage(value, reader))
        at = reader.needed("stage_at", ends)
        found.append((stage, at, at.at.isoformat()))
    registered = any(stage == "registration" for stage, _, _ in found)
    settled = []
    for stage, at, nth in found:
        if stage == "closed":
            stage, nth = ("dormant" if registered else "lost"), nth or "closed"
        if stage == "re_registration":
            stage, nth = "registration", nth or "again"
        settled.append((stage, at, nth))
    return settled


def _stage(value: object, reader: Reader) -> str:
    own = reader.setting.values.get("stage") or {}
    said = folded(text(value))
    if said in own:
        return own[said]
    if said in STAGES:
        return STAGES[said]
    try:
        return slug_of(value, {}, "stage")
    except Unreadable:
        return word(value, STAGES, "stage")


def _via(value: object, reader: Reader) -> str | None:
    said = folded(text(value))
    own = reader.setting.values.get("via") or {}
    return own.get(said) or VIAS.get(said) or slug_of(value, own, "via")


def _told(reader: Reader) -> dict[str, str] | None:
    """유입경로 -> a channel where its words are known (the mapping, the catalog, a slug), else a menu label of the site.

    What names a friend is `referral` whoever the friend is: the name stays outside.
    """
    setting = reader.setting
    said = reader.cell("source", text)
    if not said or said in ("-", "–"):
        return None
    key = folded(said)
    own = setting.values.get("source") or setting.values.get("answer") or {}
    if key in own:
        return {"channel": own[key]}
    if said in setting.answers:
        return {"answer": said}
    channels = setting.values.get("channel") or {}
    if key in channels:
        return {"channel": channels[key]}
    if any(part in key for part in _WORD_OF_MOUTH):
        return {"channel": "referral"}
    if said.isascii() and said == said.lower() and " " not in said:
        return {"channel": reader.cell("source", lambda value: slug_of(value, {}, "channel"))}
    if setting.answers:
        labels = ", ".join(sorted(setting.answers)[:12])
        fix = f"one of the site's answers ({labels}), a channel slug, or its meaning in a mapping: values.source"
        raise refused_cell(
            reader.record, "source", Unreadable(f"{len(said)} characters that are none of them", fix)
        )
    if len(said) > 40 or sum(c.isdigit() for c in said) >= 7:
        fix = "a short label of where they heard of you, or a channel slug"
        raise refused_cell(reader.record, "source", Unreadable(f"{len(said)} characters", fix))
    return {"answer": said}

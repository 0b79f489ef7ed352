"""Files over HTTP: an upload is looked at, then taken in; it lies on disk only while it is read."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import orjson
from aiohttp import web

from schemas.event import Event, to_json
from schemas.problems import Problem
from streams.collectors.answers import json_answer
from streams.collectors.edge import Edge
from streams.collectors.importers.business import setting_for
from streams.collectors.importers.cells import Unreadable
from streams.collectors.importers.columns import KINDS, UnknownColumns
from streams.collectors.importers.drafts import Namer
from streams.collectors.importers.files import OpenFile, open_file
from streams.collectors.importers.import_key import import_key
from streams.collectors.importers.importing import Door, Import, Report
from streams.collectors.importers.ledger import Ledger
from streams.collectors.importers.mapping import FileMapping
from streams.collectors.importers.preview import Preview, preview_of
from streams.collectors.importers.search_queries import ENGINES
from streams.collectors.importers.tables import NotATable
from streams.collectors.manage.asking import OWNER, READERS, asked, bad, business, list_in, text_in, whole_in
from streams.collectors.manage.recording import DOOR, LOT
from streams.collectors.manage.saying import NotTaken, refusal_told
from streams.collectors.manage.uploads import SPREADSHEET, Uploaded, Uploads, download
from streams.collectors.manage.workbooks import Sheet, workbook
from streams.collectors.privacy import Pseudonyms
from streams.collectors.sign_in import Person

REFUSED_LINES: Final = 1_000
_SLUG: Final = re.compile(r"[a-z0-9_-]{1,64}\Z")
_HOST: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/?\Z")


def routes(edge: Edge, uploads: Uploads) -> list[web.RouteDef]:
    """The routes of files."""

    @asked(edge, *READERS)
    async def preview(request: web.Request, person: Person) -> web.StreamResponse:
        """A file of `?kind=` -> its columns, first events (masked), counts and refused lines; nothing is kept."""
        async with uploads.file(request) as file:
            run = _Run(edge, person.site, request, file)
            return json_answer(200, await run.in_thread(run.preview))

    @asked(edge, *OWNER)
    async def take(request: web.Request, person: Person) -> web.StreamResponse:
        """The same file with the preview's `?sha256=` -> taken in: what is new is recorded, refused lines told."""
        edge.require_ready()
        async with uploads.file(request) as file:
            run = _Run(edge, person.site, request, file)
            return json_answer(200, await run.in_thread(run.taken_in))

    @asked(edge, *READERS)
    async def refused(request: web.Request, person: Person) -> web.StreamResponse:
        """Refused lines as they were told -> a sheet of them (XLSX)."""
        said = await edge.json(request)
        rows = [
            (
                whole_in(one, "line", 0, 10**9),
                text_in(one, "column", 200),
                text_in(one, "found", 500),
                text_in(one, "fix", 500),
            )
            for one in list_in(said, "refused", REFUSED_LINES)
        ]
        headings = (("줄", 8), ("열", 20), ("찾은 것", 40), ("고칠 것", 60))
        content = await asyncio.to_thread(workbook, Sheet("거부된 줄", headings, rows))
        return download(content, "headwater-refused.xlsx", SPREADSHEET)

    return [
        web.post("/manage/api/files/preview", preview),
        web.post("/manage/api/files/take", take),
        web.post("/manage/api/files/refused.xlsx", refused),
    ]


class _ThroughTheEdge:
    """The log of an import that runs in a thread of its own: every lot goes through the edge, on the edge's loop."""

    def __init__(self, edge: Edge, site: str, loop: asyncio.AbstractEventLoop) -> None:
        self._edge = edge
        self._key = edge.door_key(DOOR, site)
        self._loop = loop

    async def append_events(self, events: Sequence[Event]) -> None:
        """Events that were admitted -> safe; raises Answer when they are not."""
        for at in range(0, len(events), LOT):
            bodies = [_as_sent(event) for event in events[at : at + LOT]]
            taking = asyncio.run_coroutine_threadsafe(self._edge.take(bodies, key=self._key), self._loop)
            taken = await asyncio.wrap_future(taking)
            if taken.rejected:
                raise NotTaken(taken.rejected[0].problems[0])


class _Run:
    """One upload under one setting; everything here runs in a thread, with pseudonyms and a ledger of its own."""

    def __init__(self, edge: Edge, site: str, request: web.Request, file: Uploaded) -> None:
        kind = request.query.get("kind", "")
        if kind not in KINDS:
            raise bad("kind", "something else", f"one of {', '.join(KINDS)}")
        branch, host, number = (request.query.get(name, "") for name in ("branch", "host", "number"))
        if branch and not _SLUG.match(branch):
            raise bad("branch", "no slug", "small letters, digits, - and _")
        if host and not _HOST.match(host):
            raise bad("host", "something else", "an address like https://www.example.kr")
        since, until = (_day(request.query.get(name, ""), name) for name in ("since", "until"))
        engine = request.query.get("engine", "")
        if engine and engine not in ENGINES.values():
            raise bad("engine", "something else", "google, naver or other")
        self._edge = edge
        self._site = site
        self._kind = kind
        self._file = file
        self._said = request.query.get("sha256", "")
        self._branch = branch
        self._now = edge.clock()
        self._loop = asyncio.get_running_loop()
        self._mapping = FileMapping()
        self._setting = setting_for(
            site,
            business(edge, site),
            self._mapping,
            import_key(edge.settings.home),
            branch=branch or None,
            number=number[:32] or None,
            host=host or None,
            since=since,
            until=until,
            engine=engine or None,
        )

    async def in_thread(self, work: Any) -> dict[str, Any]:
        """Work of this run -> what it gives; a file that is no table of this kind is refused in its words."""
        try:
            result: dict[str, Any] = await asyncio.to_thread(work)
        except UnknownColumns as unknown:
            raise NotTaken(Problem("the file", "other columns", str(unknown)), code="columns") from None
        except NotATable as wrong:
            raise NotTaken(Problem("the file", "no table", str(wrong)), code="no_table") from None
        except Unreadable as wrong:
            raise NotTaken(Problem("number", wrong.found, wrong.fix)) from None
        return result

    def preview(self) -> dict[str, Any]:
        """The file -> what taking it in would do."""
        opened = self._open()
        looked = preview_of(opened, self._namer(), self._door(opened), refusals=REFUSED_LINES)
        return {**_preview_told(looked), "sha256": self._digest()}

    def taken_in(self) -> dict[str, Any]:
        """The file -> what became of it; another file than the previewed one is refused."""
        if self._said != self._digest():
            raise NotTaken(
                Problem("the file", "another file than the preview's", "preview it first"), code="other_file"
            )
        return asyncio.run(self._taken_in())

    async def _taken_in(self) -> dict[str, Any]:
        name = "|".join(part for part in (self._branch, self._file.name) if part)
        ledger = Ledger(self._edge.settings.home / "imports" / "ledger.sqlite", self._site, self._kind, name)
        try:
            opened = self._open()
            run = Import(
                self._kind,
                self._site,
                namer=self._namer(),
                door=self._door(opened),
                ledger=ledger,
                log=_ThroughTheEdge(self._edge, self._site, self._loop),
            )
            await run.take(opened.outcomes)
            await run.withdraw_replaced(None)
            ledger.accept(opened.fingerprint())
            run.report.read = opened.lines
            return _report_told(run.report)
        finally:
            ledger.close()

    def _open(self) -> OpenFile:
        return open_file(self._kind, self._file.path, self._setting, self._mapping)

    def _namer(self) -> Namer:
        return Namer(self._kind, self._setting.secret)

    def _door(self, opened: OpenFile) -> Door:
        return Door(Pseudonyms(self._edge.settings.home), self._now, opened.columns)

    def _digest(self) -> str:
        with self._file.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _day(said: str, name: str) -> str | None:
    if not said:
        return None
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError:
        raise bad(name, "no day", "a day like 2026-03-02") from None


def _as_sent(event: Event) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(to_json(event))
    del body["received_at"]
    return body


def _preview_told(preview: Preview) -> dict[str, Any]:
    columns = preview.columns
    return {
        "columns": [
            {"field": name, "header": column.header, "unit": column.unit}
            for name, column in (columns.of.items() if columns else ())
        ],
        "never_read": list(columns.ignored) if columns else [],
        "events": preview.events,
        "types": dict(preview.types),
        "skipped": dict(preview.skipped),
        "refused": [refusal_told(one) for one in preview.refusals],
        "refused_count": preview.refused,
        "whole": preview.whole,
        "looked_at": preview.looked_at,
    }


def _report_told(report: Report) -> dict[str, Any]:
    return {
        "read": report.read,
        "accepted": report.accepted,
        "known": report.known + report.repeated,
        "withdrawn": report.withdrawn,
        "kept": report.kept,
        "skipped": dict(report.skipped),
        "refused": [refusal_told(one) for one in report.refusals],
        "refused_count": report.refused,
    }

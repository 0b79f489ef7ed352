"""`/reports`: the reports that were written for a site, for its owner and analysts, as they lie under HOME/reports.

Nothing of an address becomes a path as it is: the shelf makes safe names of kind and period, a file is one of five.
"""

import asyncio
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.edge import Edge
from streams.collectors.pages import PAGE_POLICY, fixed_file
from streams.collectors.sign_in import signed_in
from streams.kept_reports import Kept, Shelf

FILES: Final = {
    "ko.html": "text/html",
    "en.html": "text/html",
    "ko.pdf": "application/pdf",
    "en.pdf": "application/pdf",
    "figures.json": "application/json",
}
_REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
)
_KINDS: Final = {
    "monthly": "월간 요약 · Month",
    "quarterly": "분기 전략 검토 · Quarter",
    "yearly": "연간 계획과 실적 · Year",
    "campaign": "캠페인 · Campaign",
    "before-after": "전후 비교 · Before and after",
}
OPENAPI: Final = {
    "/reports": {
        "get": {
            "summary": "The reports of the site of whoever is signed in, newest revisions first",
            "responses": {
                "200": {"description": "a page"},
                "303": {"description": "to the sign-in page"},
                "403": {"description": "another role"},
            },
        }
    },
}


def routes(edge: Edge) -> list[web.RouteDef]:
    """The list, the newest revision of a report, and the files of each."""

    shelf = Shelf(edge.settings.home)

    async def listed(request: web.Request) -> web.Response:
        """The reports of a site."""
        person = signed_in(edge, request, "owner", "analyst")
        found = await asyncio.to_thread(shelf.listed, person.site)
        found.sort(key=lambda one: (one.made_at, one.kind, one.period, one.revision), reverse=True)
        return web.Response(
            text=_page(found), content_type="text/html", charset="utf-8",
            headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"},
        )  # fmt: skip

    async def newest(request: web.Request) -> web.Response:
        """The newest revision of one report, in the language asked for."""
        person, asked = signed_in(edge, request, "owner", "analyst"), request.match_info
        kept = await asyncio.to_thread(shelf.newest, person.site, asked["kind"], asked["period"])
        language = "en" if request.query.get("language") == "en" else "ko"
        return await asyncio.to_thread(_file, kept.path if kept else None, f"{language}.html")

    async def file(request: web.Request) -> web.Response:
        """One file of one revision."""
        person, asked = signed_in(edge, request, "owner", "analyst"), request.match_info
        folder = shelf.revision(person.site, asked["kind"], asked["period"], asked["number"])
        return await asyncio.to_thread(_file, folder, asked["file"])

    return [
        web.get("/reports", listed),
        web.get("/reports.css", fixed_file(Path(__file__).with_name("sign_in.css"))),
        web.get("/reports/{kind}/{period}", newest),
        web.get("/reports/{kind}/{period}/{number}/{file}", file),
    ]


def _file(folder: Path | None, name: str) -> web.Response:
    path = folder / name if folder is not None and name in FILES else None
    if path is None or not path.is_file():
        raise Answer(404, Problem("the report", "no such report of this site", "one of /reports"))
    return web.Response(
        body=path.read_bytes(), content_type=FILES[name], charset="utf-8" if name.endswith("html") else None,
        headers={"Content-Security-Policy": _REPORT_POLICY, "Cache-Control": "no-store"},
    )  # fmt: skip


def _page(found: Sequence[Kept]) -> str:
    """Revisions -> the list as a page; every name in it is text."""
    lines = []
    for one in found:
        address = f"/reports/{quote(one.kind, safe='')}/{quote(one.period, safe='')}/{one.revision}"
        files = " ".join(
            f'<a href="{escape(address)}/{name}">{label}</a>'
            for name, label in (
                ("ko.html", "한국어"),
                ("ko.pdf", "PDF"),
                ("en.html", "English"),
                ("en.pdf", "PDF"),
            )
        )
        kind = _KINDS.get(one.kind, one.kind)
        lines.append(
            f"<tr><td>{escape(kind)}</td><td>{escape(one.period)}</td><td>{one.revision}</td>"
            f"<td>{escape(one.made_at[:16].replace('T', ' '))}</td><td>{files}</td></tr>"
        )
    rows = "".join(lines) or '<tr><td colspan="5">아직 보고서가 없습니다 · No report yet</td></tr>'
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>보고서 · Reports</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/reports.css">'
        "</head><body><main><h1>보고서 · Reports</h1><table><thead><tr><th>종류 · Kind</th><th>기간 · Period</th>"
        f"<th>판 · Rev.</th><th>만든 때 · Made</th><th></th></tr></thead><tbody>{rows}</tbody></table></main></body></html>"
    )

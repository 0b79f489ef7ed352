"""`/reports`: the reports that were written for a site, for its owner and analysts, as they lie under HOME/reports.

Nothing of an address ever becomes a path: what is asked for is looked up among the names that are there.
"""

import asyncio
import json
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.edge import Edge
from streams.collectors.pages import PAGE_POLICY, fixed_file
from streams.collectors.sign_in import signed_in

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


class Revision(NamedTuple):
    """One revision of a report on disk."""

    kind: str
    period: str
    number: int
    made_at: str
    folder: Path


def routes(edge: Edge) -> list[web.RouteDef]:
    """The list, the newest revision of a report, and the files of each."""

    async def listed(request: web.Request) -> web.Response:
        """The reports of a site."""
        person = signed_in(edge, request, "owner", "analyst")
        found = await asyncio.to_thread(revisions, edge.settings.home, person.site)
        return web.Response(
            text=_page(found), content_type="text/html", charset="utf-8",
            headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"},
        )  # fmt: skip

    async def newest(request: web.Request) -> web.Response:
        """The newest revision of one report, in the language asked for."""
        person = signed_in(edge, request, "owner", "analyst")
        found = await asyncio.to_thread(revisions, edge.settings.home, person.site)
        asked = (request.match_info["kind"], request.match_info["period"])
        of_it = [one for one in found if (one.kind, one.period) == asked]
        if not of_it:
            raise _absent()
        one = max(of_it, key=lambda each: each.number)
        language = "en" if request.query.get("language") == "en" else "ko"
        return await asyncio.to_thread(_file, one, f"{language}.html")

    async def file(request: web.Request) -> web.Response:
        """One file of one revision."""
        person = signed_in(edge, request, "owner", "analyst")
        asked = request.match_info
        for one in await asyncio.to_thread(revisions, edge.settings.home, person.site):
            if (one.kind, one.period, str(one.number)) == (asked["kind"], asked["period"], asked["number"]):
                return await asyncio.to_thread(_file, one, asked["file"])
        raise _absent()

    return [
        web.get("/reports", listed),
        web.get("/reports.css", fixed_file(Path(__file__).with_name("sign_in.css"))),
        web.get("/reports/{kind}/{period}", newest),
        web.get("/reports/{kind}/{period}/{number}/{file}", file),
    ]


def revisions(home: Path, site: str) -> list[Revision]:
    """A home and a site -> every revision of its reports, the last made first; what is half written is none."""
    found = []
    for figures in (home / "reports" / site).glob("*/*/*/figures.json"):
        folder = figures.parent
        if folder.name.isdigit():
            told: dict[str, Any] = json.loads(figures.read_bytes())
            if told["site"] == site:
                found.append(
                    Revision(told["kind"], told["period"], int(folder.name), told["made_at"], folder)
                )
    return sorted(found, key=lambda one: (one.made_at, one.kind, one.period, one.number), reverse=True)


def _file(one: Revision, name: str) -> web.Response:
    path = one.folder / name
    if name not in FILES or not path.is_file():
        raise _absent()
    return web.Response(
        body=path.read_bytes(), content_type=FILES[name], charset="utf-8" if name.endswith("html") else None,
        headers={"Content-Security-Policy": _REPORT_POLICY, "Cache-Control": "no-store"},
    )  # fmt: skip


def _absent() -> Answer:
    return Answer(404, Problem("the report", "no such report of this site", "one of /reports"))


def _page(found: list[Revision]) -> str:
    """Revisions -> the list as a page; every name in it is text."""
    lines = []
    for one in found:
        address = f"/reports/{quote(one.kind, safe='')}/{quote(one.period, safe='')}/{one.number}"
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
            f"<tr><td>{escape(kind)}</td><td>{escape(one.period)}</td><td>{one.number}</td>"
            f"<td>{escape(one.made_at[:16].replace('T', ' '))}</td><td>{files}</td></tr>"
        )
    rows = "".join(lines) or '<tr><td colspan="5">아직 보고서가 없습니다 · No report yet</td></tr>'
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>보고서 · Reports</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/reports.css">'
        "</head><body><main><h1>보고서 · Reports</h1><table><thead><tr><th>종류 · Kind</th><th>기간 · Period</th>"
        f"<th>판 · Rev.</th><th>만든 때 · Made</th><th></th></tr></thead><tbody>{rows}</tbody></table></main></body></html>"
    )

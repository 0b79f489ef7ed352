"""A fixed file of ours -> the answer that shows it: strict policy, no third party, asked for anew by its tag."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self';"
    " img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


def fixed_file(
    path: Path, headers: dict[str, str] | None = None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A file beside the code -> the handler that answers with it, 304 to whom has it already."""
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    all_headers = {
        "Content-Security-Policy": PAGE_POLICY,
        "Cache-Control": "no-cache",
        "ETag": tag,
        **(headers or {}),
    }

    async def answer(request: web.Request) -> web.Response:
        """A fixed file of ours."""
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=all_headers)
        return web.Response(
            body=content, content_type=_TYPES[path.suffix], charset="utf-8", headers=all_headers
        )

    return answer

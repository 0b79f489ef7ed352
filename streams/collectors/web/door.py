"""`GET /hw.js`: the tracking script, for pages of any origin; kept for minutes, then asked for by its tag."""

from pathlib import Path
from typing import Final

from aiohttp import web

from streams.collectors.edge import Edge
from streams.collectors.pages import fixed_file

PATH: Final = "/hw.js"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "public, max-age=600",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
OPENAPI: Final = {
    PATH: {
        "get": {
            "summary": "The tracking script of websites; see docs/web.md",
            "responses": {
                "200": {
                    "description": "the script",
                    "content": {"text/javascript": {"schema": {"type": "string"}}},
                },
                "304": {"description": "the copy with this ETag is the newest"},
            },
        }
    }
}


def routes(edge: Edge) -> list[web.RouteDef]:
    """The edge -> the door's route; the script is the same for everybody and knows nothing of a site."""
    return [web.get(PATH, fixed_file(Path(__file__).with_name("hw.js"), _HEADERS))]

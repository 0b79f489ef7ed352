"""A file that somebody uploads -> a file on disk for as long as it is read, and no longer; and files to download."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from aiohttp import web

from schemas.problems import Problem
from streams.collectors.answers import Answer
from streams.collectors.edge import Edge, unavailable

LARGEST_UPLOAD: Final = 16 * 1024 * 1024
UPLOADS_AT_ONCE: Final = 2
UPLOAD_SECONDS: Final = 120.0
SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES: Final = frozenset({"application/octet-stream", SPREADSHEET, "text/csv"})
_PLAIN_NAME: Final = re.compile(r"[\w가-힣 ()\-]{1,80}(\.[A-Za-z]{1,5})?", re.UNICODE)


class Uploaded(NamedTuple):
    """Where the file lies while it is read, and the name it had."""

    path: Path
    name: str


class Uploads:
    """The few uploads that may be read at once; made with the routes, after whatever a killed collector left."""

    def __init__(self, edge: Edge) -> None:
        """The edge; what was left in its home of earlier uploads is deleted."""
        self._directory = edge.settings.home / "collector" / "uploads"
        self._room = asyncio.Semaphore(UPLOADS_AT_ONCE)
        if self._directory.is_dir():
            for left in self._directory.iterdir():
                left.unlink(missing_ok=True)

    @asynccontextmanager
    async def file(self, request: web.Request) -> AsyncIterator[Uploaded]:
        """A request whose body is a file (`?name=`) -> the file; deleted at the end of the block, come what may."""
        if request.content_type not in _TYPES or "Content-Encoding" in request.headers:
            fix = "application/octet-stream, the file as it is"
            raise Answer(415, Problem("Content-Type", "another type", fix))
        if (request.content_length or 0) > LARGEST_UPLOAD:
            raise _too_large()
        if self._room.locked():
            raise unavailable()
        async with self._room:
            name = _name_of(request)
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._directory / f"{secrets.token_hex(8)}{Path(name).suffix.lower()}"
            try:
                await _received(request, path)
                yield Uploaded(path, name)
            finally:
                path.unlink(missing_ok=True)


async def _received(request: web.Request, path: Path) -> None:
    size = 0
    try:
        with _new_file(path) as file:
            async with asyncio.timeout(UPLOAD_SECONDS):
                async for piece in request.content.iter_chunked(1 << 16):
                    size += len(piece)
                    if size > LARGEST_UPLOAD:
                        raise _too_large()
                    await asyncio.to_thread(file.write, piece)
    except TimeoutError:
        fix = f"the whole file within {UPLOAD_SECONDS:.0f} seconds"
        raise Answer(408, Problem("the file", "a file that came too slowly", fix)) from None
    except web.RequestPayloadError:
        raise Answer(400, Problem("the file", "a file that ends too early", "the whole file")) from None
    if not size:
        raise Answer(400, Problem("the file", "nothing", "a CSV or XLSX file"))


def _new_file(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _too_large() -> Answer:
    fix = f"at most {LARGEST_UPLOAD >> 20} MiB; larger ones with `headwater import`"
    return Answer(413, Problem("the file", "a file that is too large", fix))


def download(content: bytes, name: str, content_type: str) -> web.Response:
    """Bytes -> the answer that a browser saves under this name, which is one of ours."""
    return web.Response(
        body=content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _name_of(request: web.Request) -> str:
    """The file's own name, where it is a plain one."""
    said = request.query.get("name", "")
    return said if _PLAIN_NAME.fullmatch(said) else "upload"

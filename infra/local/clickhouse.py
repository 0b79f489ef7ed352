"""The embedded ClickHouse engine behind ClickHouse's own HTTP interface, on loopback, as one process.

The engine allows one process on a data directory and knows no users: this front is that process. Whoever gives
the ingest secret has every right; whoever gives none is the reader, on a read-only handle with limits. Every
request has a handle of its own (opening one takes 0.4 ms), so no setting outlives its request, readers run
beside the writer, and there are no sessions: `session_id` is accepted and means nothing.
"""

import argparse
import base64
import gzip
import hmac
import json
import os
import re
import secrets
import signal
import sys
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
import zstandard

from infra.local.statements import (
    Guard,
    Insert,
    Refused,
    as_insert,
    output_format,
    refuse_engines,
    refuse_for_reader,
)
from infra.settings import Settings, load_settings

READER_NAMES = {"", "reader", "default"}
LARGEST_BODY = 1 << 30
_CONFIG = """<clickhouse>
  <timezone>UTC</timezone>
  <merge_tree><fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory></merge_tree>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
</clickhouse>
"""
_WRITER_DEFAULTS = {"async_insert": "0"}
_INSERT_DEFAULTS = _WRITER_DEFAULTS | {
    "max_threads": "1"
}  # more only cost: 10 ms of CPU an insert in place of 7
_CHANGES_NO_TABLE = ("SELECT", "WITH", "INSERT", "SHOW", "DESC", "EXISTS", "EXPLAIN", "OPTIMIZE")


class Limits(NamedTuple):
    """What one reader's query may use."""

    seconds: int
    result_rows: int
    memory_bytes: int
    threads: int

    def as_settings(self) -> dict[str, str]:
        """The engine's names for the limits."""
        return {
            "max_execution_time": str(self.seconds),
            "timeout_overflow_mode": "throw",
            "max_result_rows": str(self.result_rows),
            "max_result_bytes": str(self.memory_bytes),
            "result_overflow_mode": "throw",
            "max_memory_usage": str(self.memory_bytes),
            "max_threads": str(self.threads),
            "max_rows_to_read": "10000000000",
            "allow_introspection_functions": "0",
            "output_format_json_quote_denormals": "1",
        }


class EngineFailed(Exception):
    """An error of the engine, with the code it gave."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        found = re.search(r"Code: (\d+)", message)
        self.code = int(found.group(1)) if found else 1002


class Answer(NamedTuple):
    """Bytes of one answered query and what it read and wrote."""

    body: bytes
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    seconds: float = 0.0


class Engine:
    """The engine on one data directory; a handle for each request."""

    def __init__(self, directory: Path) -> None:
        from chdb import _chdb  # takes a second: only the process that serves pays for it

        directory.mkdir(parents=True, exist_ok=True)
        config = directory.parent / "clickhouse.xml"
        config.write_text(_CONFIG, encoding="utf-8")
        self._connect: Callable[[str], Any] = vars(_chdb)["connect"]  # a compiled module without types
        self._path = f"{directory}?config-file={config}"
        try:
            self._root = self._connect(self._path)
        except RuntimeError as failed:
            raise EngineFailed(str(failed)) from None
        self.version = self._read("SELECT version()").strip()
        self._run_command("CREATE DATABASE IF NOT EXISTS headwater")

    def close(self) -> None:
        """Lets the engine finish its parts and give up the directory."""
        self._root.close()

    def guard(self) -> Guard:
        """What readers may not name, as the engine has it: its table functions, all tables but the public views."""
        functions = self._read("SELECT lower(name) FROM system.table_functions").split()
        tables = self._read(
            "SELECT lower(name) FROM system.tables WHERE database = 'headwater'"
            " AND (engine NOT LIKE '%View' OR endsWith(comment, '(private)'))"
        ).split()
        return Guard(frozenset(functions), frozenset(tables))

    @contextmanager
    def handle(self, settings: Mapping[str, str], database: str, *, read_only: bool) -> Iterator[Any]:
        """A fresh handle with these settings; a read-only one can never be made writable again."""
        opened = self._connect(self._path)
        try:
            if settings:
                _run(opened, "SET " + ", ".join(f"{_name(k)} = {_literal(v)}" for k, v in settings.items()))
            if database and database != "default":
                _run(opened, f"USE `{database.replace('`', '')}`")
            if read_only:
                _run(opened, "SET readonly = 1")
            yield opened
        finally:
            opened.close()

    def _read(self, sql: str) -> str:
        return bytes(_run(self._root, sql).bytes()).decode()

    def _run_command(self, sql: str) -> None:
        _run(self._root, sql)


def _run(
    handle: Any, sql: str, form: str = "TabSeparated", parameters: Mapping[str, str] | None = None
) -> Any:
    try:
        return handle.query(sql, form, params=dict(parameters or {}))
    except RuntimeError as failed:
        raise EngineFailed(str(failed)) from None


def ask(handle: Any, sql: str, form: str, parameters: Mapping[str, str]) -> Answer:
    """Runs one statement to its end."""
    result = _run(handle, sql, form, parameters)
    return Answer(result.bytes(), result.rows_read(), result.bytes_read(), seconds=result.elapsed())


def insert(handle: Any, into: Insert, rows: bytes) -> Answer:
    """Writes rows, whole as they are here, in one insert; nothing is written when they cannot be read."""
    if not rows:
        return Answer(b"")
    inserter = None
    try:
        inserter = handle.send_insert(into.statement, into.format)
        handle.insert_append(inserter, rows)
        done = handle.insert_done(inserter)
    except RuntimeError as failed:
        if inserter is not None:
            _cancel(handle, inserter)
        raise EngineFailed(str(failed)) from None
    return Answer(
        b"", written_rows=done.rows_written(), written_bytes=done.bytes_written(), seconds=done.elapsed()
    )


def _cancel(handle: Any, inserter: Any) -> None:
    try:
        handle.insert_cancel(inserter)
    except RuntimeError:
        return  # it ended by itself; the first error is the one to tell


def _name(setting: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", setting, re.ASCII):
        raise Refused(f"{setting!r} is no setting", 115, "UNKNOWN_SETTING")
    return setting


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


# ---- what a request says ------------------------------------------------------------------------------------

_NOT_SETTINGS = {
    "query", "database", "default_format", "user", "password", "quota_key", "session_id", "session_timeout",
    "session_check", "close_session", "query_id", "compress", "decompress", "enable_http_compression",
    "client_protocol_version", "wait_end_of_query", "buffer_size", "http_make_head_request", "role", "stacktrace",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "add_http_cors_header",
    "cancel_http_readonly_queries_on_client_close", "http_write_exception_in_output_format",
}  # fmt: skip
_READER_LIMITS = {
    "max_execution_time", "max_result_rows", "max_result_bytes", "max_memory_usage", "max_threads",
    "max_rows_to_read",
}  # fmt: skip
_READER_SETTINGS = re.compile(
    r"(output_format_|format_csv_|format_tsv_|format_custom_|input_format_native_)\w+"
    r"|final|do_not_merge_across_partitions_select_final|join_use_nulls|max_block_size|extremes|limit|offset"
    r"|session_timezone|date_time_output_format|use_client_time_zone|max_query_size|log_comment|log_queries"
    r"|allow_experimental_\w+_type|enable_json_type|aggregate_functions_null_for_empty|union_default_mode"
    r"|prefer_column_name_to_alias|cast_keep_nullable|any_join_distinct_right_table_keys|http_receive_timeout"
    r"|http_send_timeout|receive_timeout|send_timeout|connect_timeout"
)


class Request(NamedTuple):
    """One request as the front understands it."""

    user: str
    password: str
    sql: str
    rows: bytes | None
    database: str
    form: str
    parameters: dict[str, str]
    settings: dict[str, str]
    protocol: int
    query_id: str
    encodings: str


def reader_settings(asked: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """What a reader's request may set: how answers look, and limits tighter than its own; else READONLY."""
    settings = limits.as_settings()
    for name, value in asked.items():
        if name == "readonly":
            continue
        if name in _READER_LIMITS:
            if not re.fullmatch(r"\d{1,18}(\.\d*)?", value):
                raise Refused(f"Setting {name}: {value[:40]!r} is no number", 27, "CANNOT_PARSE_INPUT")
            if 0 < float(value) < float(settings[name]):
                settings[name] = value
        elif _READER_SETTINGS.fullmatch(name):
            settings[name] = value
        else:
            raise Refused(f"Cannot modify '{name}' setting in readonly mode", 164, "READONLY")
    return settings


def unpacked(body: bytes, encoding: str) -> bytes:
    """A request body as its Content-Encoding says -> plain bytes, or Refused."""
    encoding = encoding.strip().lower()
    try:
        if encoding in ("", "identity"):
            return body
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
        if encoding == "lz4":
            return bytes(lz4.frame.decompress(body))
        if encoding == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
                return bytes(reader.read())
    except (OSError, EOFError, RuntimeError, zlib.error, zstandard.ZstdError) as broken:
        raise Refused(f"The body is not valid {encoding}: {broken}", 354, "ZLIB_INFLATE_FAILED") from None
    raise Refused(f"Content-Encoding {encoding}: known are gzip, deflate, lz4, zstd", 48, "NOT_IMPLEMENTED")


def packed(body: bytes, accepted: str) -> tuple[bytes, str]:
    """An answer and what the client accepts -> bytes and their Content-Encoding ('' = plain)."""
    offered = {part.split(";")[0].strip().lower() for part in accepted.split(",")}
    if len(body) >= 1024:
        if "zstd" in offered:
            return zstandard.ZstdCompressor(level=1).compress(body), "zstd"
        if "lz4" in offered:
            return bytes(lz4.frame.compress(body)), "lz4"
        if "gzip" in offered:
            return gzip.compress(body, 1), "gzip"
    return body, ""


# ---- the front ----------------------------------------------------------------------------------------------

_HELLO = re.compile(
    r"\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*;?\s*", re.IGNORECASE
)
_STATUS = {
    516: 403, 497: 403, 164: 403, 291: 403, 60: 404, 81: 404, 47: 404, 46: 404, 62: 400, 27: 400, 36: 400,
    115: 400, 117: 400, 33: 400, 53: 400, 6: 400, 26: 400, 41: 400, 354: 400, 43: 400, 42: 400, 456: 400, 457: 400,
    48: 501, 344: 501, 159: 408, 202: 503, 209: 503, 236: 503,
}  # fmt: skip
_CONTENT_TYPES = {
    "json": "application/json; charset=UTF-8", "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8", "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present", "native": "application/octet-stream",
    "rowbinary": "application/octet-stream", "parquet": "application/octet-stream",
    "arrow": "application/octet-stream", "arrowstream": "application/octet-stream",
    "xml": "application/xml; charset=UTF-8",
}  # fmt: skip


class Front:
    """Requests in, answers out; holds the engine, the ingest secret and the readers' limits."""

    def __init__(
        self, engine: Engine, user: str, secret: str, limits: Limits, readers_at_once: int = 4
    ) -> None:
        self.engine = engine
        self._user = user
        self._secret = secret.encode()
        self._limits = limits
        self._guard = engine.guard()
        self._readers = threading.BoundedSemaphore(readers_at_once)
        self._running = 0
        self._closing = False
        self._changed = threading.Condition()

    def may_write(self, user: str, password: str) -> bool:
        """True for the ingest secret, False for a reader, Refused for anybody else."""
        if user == self._user and hmac.compare_digest(password.encode(), self._secret):
            return True
        if user in READER_NAMES and password == "":
            return False
        raise Refused(
            f"{user}: Authentication failed: password is incorrect, or there is no user with such name",
            516,
            "AUTHENTICATION_FAILED",
        )

    def answer(self, request: Request) -> Answer:
        """Runs a request with the rights of its user."""
        writes = self.may_write(request.user, request.password)
        if not request.sql.strip():
            raise Refused("Empty query", 62, "SYNTAX_ERROR")
        if request.protocol and _HELLO.fullmatch(request.sql):
            return Answer(_hello_block(self.engine.version))
        with self._counted():
            return self._written(request) if writes else self._read(request)

    def wait_until_idle(self, seconds: float) -> bool:
        """Takes no more requests; True once none runs any more."""
        with self._changed:
            self._closing = True
            return self._changed.wait_for(lambda: self._running == 0, seconds)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._changed:
            if self._closing:
                raise Refused("The server is stopping", 236, "ABORTED")
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _read(self, request: Request) -> Answer:
        if request.rows:
            raise Refused("Readers insert nothing", 164, "READONLY")
        refuse_for_reader(request.sql, self._guard, request.parameters, request.database)
        settings = reader_settings(request.settings, self._limits)
        if not self._readers.acquire(timeout=self._limits.seconds):
            raise Refused(
                "Too many simultaneous queries of readers; try again", 202, "TOO_MANY_SIMULTANEOUS_QUERIES"
            )
        try:
            with self.engine.handle(settings, request.database, read_only=True) as handle:
                return ask(handle, request.sql, request.form, request.parameters)
        finally:
            self._readers.release()

    def _written(self, request: Request) -> Answer:
        apart = request.rows is not None
        into = as_insert(request.sql, rows_apart=apart)
        if into is None and apart:
            raise Refused("A body beside the query needs INSERT … FORMAT", 62, "SYNTAX_ERROR")
        defaults = _WRITER_DEFAULTS if into is None else _INSERT_DEFAULTS
        with self.engine.handle(defaults | request.settings, request.database, read_only=False) as handle:
            if into is not None:
                inline = request.sql[into.rows_at :].encode(errors="surrogateescape")
                return insert(handle, into, inline + (request.rows or b""))
            head = request.sql.lstrip()[:12].upper()
            if not head.startswith(("SELECT", "INSERT")):
                refuse_engines(request.sql)
            answered = ask(handle, request.sql, request.form, request.parameters)
            if not head.startswith(_CHANGES_NO_TABLE):
                self._guard = self.engine.guard()
            return answered


def _hello_block(version: str) -> bytes:
    """The block clickhouse-go asks for first, in the revision it announces; revision 0 makes it read plain Native."""

    def text(value: str) -> bytes:
        return bytes([len(value.encode())]) + value.encode()

    columns = [
        ("displayName()", "String", text("headwater")),
        ("version()", "String", text(version)),
        ("revision()", "UInt32", (0).to_bytes(4, "little")),
        ("timezone()", "String", text("UTC")),
    ]
    block = b"\x01\x00\x02\xff\xff\xff\xff\x00" + bytes([len(columns), 1])
    for name, kind, value in columns:
        block += text(name) + text(kind) + b"\x00" + value
    return block


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 600
    front: ClassVar[Front]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in ("/ping", "/replicas_status"):
            self._send(200, b"Ok.\n", {"Content-Type": "text/html; charset=UTF-8"})
        elif path in ("/", "/query"):
            self._serve(b"")
        else:
            self._send(404, b"There is no such page; queries go to /\n", {})

    def do_HEAD(self) -> None:
        self._send(200, b"", {})

    def do_POST(self) -> None:
        try:
            body = self._body()
        except Refused as refused:
            self.close_connection = True
            self._send_error(str(refused), refused.code, refused.name)
            return
        except (OSError, ValueError):
            self.close_connection = True  # the client went away with its body half sent: nothing was run
            return
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        try:
            self._refuse_strangers()
            request = self._request(body)
            if self.command == "GET" and self.front.may_write(request.user, request.password):
                request.settings.setdefault("readonly", "2")
            answered = self.front.answer(request)
        except Refused as refused:
            self._send_error(str(refused), refused.code, refused.name)
        except EngineFailed as failed:
            self._send_error(str(failed), failed.code, "")
        else:
            self._send_answer(request, answered)

    def _refuse_strangers(self) -> None:
        """A web page the user happens to read must not reach this port, by whatever name it calls it."""
        named = urlsplit("//" + self.headers.get("Host", "localhost")).hostname
        origin = self.headers.get("Origin")
        if named not in ("localhost", "127.0.0.1", "::1"):
            raise Refused(f"Host {named} is not this machine", 497, "ACCESS_DENIED")
        if origin is not None and urlsplit(origin).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise Refused(f"Requests from pages of {origin} are not answered", 497, "ACCESS_DENIED")

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts, size = [], 0
            while length := int(self.rfile.readline(64).split(b";")[0], 16):
                size += length
                if size > LARGEST_BODY:
                    raise Refused(f"A body may have {LARGEST_BODY} bytes", 53, "TOO_LARGE")
                parts.append(self._exactly(length))
                self._exactly(2)
            while self.rfile.readline(8192).strip():
                pass
            return b"".join(parts)
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= LARGEST_BODY:
            raise Refused(f"A body may have {LARGEST_BODY} bytes", 53, "TOO_LARGE")
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        read = self.rfile.read(length)
        if len(read) != length:
            raise OSError("the body ended early")
        return read

    def _request(self, body: bytes) -> Request:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = unpacked(body, self.headers.get("Content-Encoding", ""))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            raise Refused("External data and form fields are not supported here", 48, "NOT_IMPLEMENTED")
        if (
            kind.startswith("application/x-www-form-urlencoded")
            and "query" not in query
            and b"query=" in body[:512]
        ):
            query |= dict(parse_qsl(body.decode(), keep_blank_values=True))
            body = b""
        for name in ("compress", "decompress"):
            if query.get(name, "0") not in ("0", ""):
                raise Refused(f"{name}=1 is not supported here: use Content-Encoding", 48, "NOT_IMPLEMENTED")
        user, password = self._credentials(query)
        text = body.decode("utf-8", "surrogateescape")
        rows: bytes | None = None
        sql = query.get("query", "")
        if not sql:
            sql = text
        elif body and as_insert(sql, rows_apart=True) is not None:
            rows = body
        elif body:
            sql = f"{sql}\n{text}"
        elif as_insert(sql, rows_apart=True) is not None:
            rows = b""
        default = query.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        return Request(
            user=user,
            password=password,
            sql=sql,
            rows=rows,
            database=query.get("database") or self.headers.get("X-ClickHouse-Database") or "",
            form=default,
            parameters={name[6:]: value for name, value in query.items() if name.startswith("param_")},
            settings={
                name: value
                for name, value in query.items()
                if name not in _NOT_SETTINGS and not name.startswith("param_")
            },
            protocol=int(query.get("client_protocol_version") or 0),
            query_id=query.get("query_id") or str(uuid.uuid4()),
            encodings=self.headers.get("Accept-Encoding", "")
            if query.get("enable_http_compression") == "1"
            else "",
        )

    def _credentials(self, query: Mapping[str, str]) -> tuple[str, str]:
        if "X-ClickHouse-User" in self.headers or "X-ClickHouse-Key" in self.headers:
            return self.headers.get("X-ClickHouse-User", ""), self.headers.get("X-ClickHouse-Key", "")
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(given).decode().partition(":")
            except ValueError:
                raise Refused("The Authorization header is not valid", 516, "AUTHENTICATION_FAILED") from None
            return user, password
        return query.get("user", ""), query.get("password", "")

    def _send_answer(self, request: Request, answered: Answer) -> None:
        form = output_format(request.sql, request.form) if answered.body else request.form
        body, encoding = packed(answered.body, request.encodings)
        summary = {
            "read_rows": str(answered.read_rows),
            "read_bytes": str(answered.read_bytes),
            "written_rows": str(answered.written_rows),
            "written_bytes": str(answered.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": str(answered.read_rows),
            "result_bytes": str(len(answered.body)),
            "elapsed_ns": str(int(answered.seconds * 1e9)),
        }
        headers = {
            "Content-Type": _CONTENT_TYPES.get(form.lower(), "text/plain; charset=UTF-8"),
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Format": form,
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Server-Display-Name": "headwater",
            "X-ClickHouse-Summary": json.dumps(summary),
        }
        if encoding:
            headers["Content-Encoding"] = encoding
        self._send(200, body, headers)

    def _send_error(self, message: str, code: int, name: str) -> None:
        version = self.front.engine.version
        if not message.startswith("Code: "):
            message = f"Code: {code}. DB::Exception: {message}. ({name})"
        if "(version " not in message:
            message += f" (version {version} (official build))"
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Exception-Code": str(code),
            "X-ClickHouse-Server-Display-Name": "headwater",
        }
        self._send(_STATUS.get(code, 500), (message + "\n").encode(), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in headers.items()]
        lines += [
            f"Content-Length: {len(body)}",
            "Connection: close" if self.close_connection else "Connection: Keep-Alive",
        ]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        try:
            self.wfile.write(head + body if len(body) < 65536 else head)
            if len(body) >= 65536 and self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            self.close_connection = (
                True  # the client went away; the query was run, nobody waits for its answer
            )

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: their text may hold what nobody should keep."""


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\x00]", " ", value)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the client's matter; anything else belongs into the log."""
        if not isinstance(sys.exception() if sys.version_info >= (3, 11) else None, OSError):
            super().handle_error(request, client_address)


def ingest_secret(settings: Settings) -> str:
    """The password of the local ingest user: the configured one, else one made at the first start and kept."""
    if settings.clickhouse_password:
        return settings.clickhouse_password
    kept = settings.secrets / "clickhouse-ingest"
    settings.secrets.mkdir(parents=True, exist_ok=True)
    settings.secrets.chmod(0o700)
    try:
        with open(kept, "x", encoding="ascii", opener=_owner_only) as made:
            made.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return kept.read_text(encoding="ascii").strip()


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def serve(settings: Settings) -> int:
    """Opens the engine and serves it until SIGTERM or SIGINT; 0 once it is closed, 1 when it cannot be served."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    limits = Limits(
        settings.reader_seconds,
        settings.reader_result_rows,
        settings.reader_memory_megabytes << 20,
        settings.reader_threads,
    )
    address = ("127.0.0.1", settings.clickhouse_port)
    try:
        server = _Server(address, _Handler, bind_and_activate=False)
        server.server_bind()
    except OSError as taken:
        print(f"port {settings.clickhouse_port} cannot be opened: {taken}", file=sys.stderr)
        return 1
    try:
        engine = Engine(settings.home / "clickhouse" / "data")
    except EngineFailed as failed:
        print(f"the engine does not open {settings.home / 'clickhouse' / 'data'}: {failed}", file=sys.stderr)
        return 1
    front = Front(engine, settings.clickhouse_user, ingest_secret(settings), limits)
    _Handler.front = front
    server.server_activate()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    print(f"ClickHouse {engine.version} answers on http://127.0.0.1:{settings.clickhouse_port}", flush=True)
    while not stopping.wait(0.5):
        pass  # a signal that reaches a thread of the engine wakes nobody: Python hears of it when this thread runs
    server.shutdown()
    server.server_close()
    front.wait_until_idle(10)
    engine.close()
    return 0


def main() -> int:
    """Entry point of the process: `python -m infra.local.clickhouse`, told by HEADWATER_* variables."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    return serve(load_settings())


if __name__ == "__main__":
    sys.exit(main())

"""ClickHouse SQL as tokens: what a statement is, and what a reader may not ask.

A read-only handle of the embedded engine still writes files (INTO OUTFILE), reads them (file()), ends other
queries (KILL) and passes row filters (merge()). What is refused here is decided on tokens, so a word inside a
string literal is never mistaken for one, and whatever the engine's lexer and this one could read differently
(#, //, nested comments, heredocs, typographic quotes) is itself refused.
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple


class Token(NamedTuple):
    """One token: kind is word, quoted (an identifier in quotes), string, number, sign or doubtful."""

    kind: str
    text: str
    start: int
    end: int


class Refused(Exception):
    """A statement that is not run; code and name are ClickHouse's own for the nearest of its errors."""

    def __init__(self, message: str, code: int = 497, name: str = "ACCESS_DENIED") -> None:
        super().__init__(message)
        self.code = code
        self.name = name


_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n\f\v]+)
    | (?P<comment>--[^\n]*|/\*(?:(?!/\*|\*/).)*\*/)
    | (?P<string>'(?:[^'\\]|\\.|'')*')
    | (?P<quoted>"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
    | (?P<number>\d(?:[eEpP][+-]?\d|[\w.])*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<doubtful>//|\#|\$|/\*|\*/|['"`\\]|[^\x20-\x7e])
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPED = re.compile(r"\\(.)|(['\"`])\2", re.DOTALL)


def tokens(sql: str) -> Iterator[Token]:
    """SQL -> its tokens one by one, comments and white space left out; reads no further than it is asked."""
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "sign"
        if kind in ("space", "comment"):
            continue
        text = match.group()
        if kind == "quoted":
            text = _ESCAPED.sub(lambda escaped: escaped.group(1) or escaped.group(2), text[1:-1])
        yield Token(kind, text, match.start(), match.end())


class Insert(NamedTuple):
    """An INSERT whose rows follow in a format: the statement without FORMAT, the format, where the rows start."""

    statement: str
    format: str
    rows_at: int


def as_insert(sql: str, *, rows_apart: bool) -> Insert | None:
    """SQL -> Insert, or None when the engine can run it as it stands.

    `rows_apart`: the rows come in a body of their own, so that a closing VALUES names their format too.
    """
    words = tokens(sql)
    if next(words, Token("", "", 0, 0)).text.upper() != "INSERT":
        return None
    depth = 0
    for token in words:
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind != "word" or depth:
            continue
        word = token.text.upper()
        if word == "FORMAT":
            named = next(words, None)
            if named is None or named.kind != "word":
                return None
            rows = sql[named.end :].lstrip(" \t\r")
            at = len(sql) - len(rows)
            return Insert(sql[: token.start].rstrip(), named.text, at + 1 if rows.startswith("\n") else at)
        if word == "VALUES" and rows_apart and next(words, None) is None:
            return Insert(sql[: token.start].rstrip(), "Values", len(sql))
        if word in ("VALUES", "SELECT", "WITH", "WATCH"):
            return None
    return None


def output_format(sql: str, default: str) -> str:
    """The format a query's answer comes in: its own closing FORMAT, else the default."""
    found, last = default, ""
    for token in tokens(sql):
        if last == "FORMAT" and token.kind == "word":
            found = token.text
        last = token.text.upper() if token.kind == "word" else ""
    return found


_ENGINES_THAT_SPOIL = {
    "kafka", "rabbitmq", "nats", "s3queue", "azurequeue", "keepermap", "filelog", "materializedpostgresql",
    "materializedmysql", "redis", "mongodb", "hdfs", "embeddedrocksdb", "executable", "executablepool",
}  # fmt: skip


def refuse_engines(sql: str) -> None:
    """Refuses CREATE with an engine that fails here and leaves the data directory unopenable for good."""
    words = [token.text.lower() for token in tokens(sql) if token.kind != "string"]
    if not words or words[0] not in ("create", "attach", "replace"):
        return
    for at, word in enumerate(words):
        if word != "engine" or at + 1 == len(words):
            continue
        engine = words[at + 2] if words[at + 1] == "=" and at + 2 < len(words) else words[at + 1]
        if engine in _ENGINES_THAT_SPOIL or engine.startswith("replicated"):
            raise Refused(
                f"Table engine {engine} is not available in the embedded engine: its table would keep the data"
                " directory from ever opening again. Use a MergeTree engine",
                344,
                "SUPPORT_IS_DISABLED",
            )


class Guard(NamedTuple):
    """What readers may not name, as the engine itself lists it; compared in lower case."""

    table_functions: AbstractSet[str]
    private_tables: AbstractSet[str]


_FIRST_WORDS = {"select", "with", "from", "show", "describe", "desc", "explain", "exists"}
_SHOWN = {
    "tables", "databases", "create", "columns", "fields", "full", "extended", "functions", "settings",
    "setting", "changed", "index", "indexes", "indices", "keys", "dictionaries", "temporary", "view", "table",
}  # fmt: skip
_TABLE_FUNCTIONS = {
    "numbers", "numbers_mt", "zeros", "zeros_mt", "values", "null", "view", "generateseries", "generate_series",
    "format", "primes",
}  # fmt: skip
_FUNCTIONS = {
    "file", "sleep", "sleepeachrow", "logtrace", "addresstoline", "addresstolinewithinlines", "addresstosymbol",
    "demangle", "getmacro", "getserversetting", "getserverport", "tcpport", "showcertificate",
    "hascolumnintable", "catboostevaluate", "evalmlmethod", "naivebayesclassifier",
    "naivebayesclassifierwithprob", "joinget", "joingetornull", "reversednsquery", "serveruuid",
    "getclienthttpheader", "filesystemavailable", "filesystemcapacity", "filesystemunreserved",
    "zookeepersessionuptime", "chdb", "airedact", "aisimilarity", "aifilter", "aiclassify", "aiembed",
    "aiextract", "aigenerate", "aitranslate", "initializeaggregation", "getoskernelversion", "sql",
}  # fmt: skip
_SYSTEM_TABLES = {
    "tables", "columns", "databases", "settings", "functions", "one", "numbers", "numbers_mt", "zeros",
    "zeros_mt", "formats", "data_type_families", "table_functions", "table_engines", "keywords", "time_zones",
    "aggregate_function_combinators", "contributors", "licenses", "build_options", "collations", "views",
}  # fmt: skip
_DATABASES = {"", "headwater", "default", "information_schema"}


def refuse_for_reader(sql: str, guard: Guard, parameters: Mapping[str, str], database: str = "") -> None:
    """Refuses what a read-only handle would still let a reader do; says what to do instead."""
    found = list(tokens(sql))
    while found and found[-1].text == ";" and found[-1].kind == "sign":
        found.pop()
    if not found:
        raise Refused("Empty query", 62, "SYNTAX_ERROR")
    _refuse_doubtful(found)
    _refuse_other_statements(found)
    if database.lower() not in _DATABASES:
        raise Refused(f"Database {database} is not for readers: the views are in headwater")
    for at, token in enumerate(found):
        if token.kind in ("word", "quoted"):
            _refuse_name(token, found, at, guard)
    _refuse_identifiers(found, parameters, guard)


def _refuse_doubtful(found: list[Token]) -> None:
    for token in found:
        if token.kind == "doubtful":
            raise Refused(
                f"{token.text!r} at position {token.start + 1} is not allowed outside of a string:"
                " comments are -- or /* */ (not nested), strings stand in straight single quotes",
                62,
                "SYNTAX_ERROR",
            )
        if token.text == ";" and token.kind == "sign":
            raise Refused("One statement a request: nothing may follow a semicolon", 62, "SYNTAX_ERROR")


def _refuse_other_statements(found: list[Token]) -> None:
    start = next((token for token in found if token.text != "("), found[0])
    first = start.text.lower()
    if start.kind != "word" or first not in _FIRST_WORDS:
        raise Refused(
            f"{start.text[:40]} is not for readers: they may SELECT, SHOW, DESCRIBE, EXPLAIN and EXISTS"
        )
    if first == "show":
        second = found[1].text.lower() if len(found) > 1 else ""
        if second not in _SHOWN:
            raise Refused(f"SHOW {second} is not for readers")
    if first == "explain":
        for token in found:
            if token.kind == "word" and token.text.lower() in ("insert", "create", "kill", "system", "alter"):
                raise Refused("Readers may explain queries only")


def _refuse_name(token: Token, found: list[Token], at: int, guard: Guard) -> None:
    name = token.text.lower()
    after = found[at + 1] if at + 1 < len(found) else Token("", "", 0, 0)
    before = found[at - 1] if at else Token("", "", 0, 0)
    if token.kind == "word" and (name == "outfile" or (name == "infile" and before.text.lower() == "from")):
        raise Refused("Readers write and read no files: take the answer from the response")
    if after.text == "(" and after.kind == "sign":
        if name in guard.table_functions and name not in _TABLE_FUNCTIONS:
            raise Refused(f"Table function {token.text} is not for readers: read the views of headwater")
        if name in _FUNCTIONS:
            raise Refused(f"Function {token.text} is not for readers")
    if name == "system" and after.text == ".":
        table = found[at + 2].text.lower() if at + 2 < len(found) else ""
        if table not in _SYSTEM_TABLES:
            raise Refused(f"system.{table} is not for readers")
    _refuse_private(token.text, guard)


def _refuse_private(name: str, guard: Guard) -> None:
    for part in name.lower().split("."):
        if part in guard.private_tables:
            raise Refused(
                f"Table {part} is private: read the views of headwater (SHOW TABLES FROM headwater)"
            )


def _refuse_identifiers(found: list[Token], parameters: Mapping[str, str], guard: Guard) -> None:
    for at in range(len(found) - 4):
        opened, name, colon, kind, closed = found[at : at + 5]
        if (opened.text, colon.text, closed.text) != ("{", ":", "}") or kind.text.lower() != "identifier":
            continue
        value = parameters.get(name.text, "")
        parts = value.lower().split(".")
        if "system" in parts or not re.fullmatch(r"[\w.]*", value, re.ASCII):
            raise Refused(f"Parameter {name.text}: {value[:60]!r} is no identifier that readers may use")
        _refuse_private(value, guard)

"""Macros and variables of Grafana's ClickHouse data source, expanded as Grafana does, for previews and tests."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

_CONDITIONAL = "$__conditionalAll("
_MACRO = re.compile(r"\$__(\w+)(\()?")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")


class MacroRefused(Exception):
    """A macro or variable that is not known here, or is not quoted."""


class Chosen(NamedTuple):
    """The values of a variable; `everything` when All is chosen, `values` then being all options there are."""

    values: tuple[str, ...]
    everything: bool = False


class Span(NamedTuple):
    """The period of a dashboard, both ends included."""

    start: datetime
    end: datetime

    def seconds(self) -> tuple[int, int]:
        """Both ends in Unix seconds."""
        return int(self.start.timestamp()), int(self.end.timestamp())

    def millis(self) -> tuple[int, int]:
        """Both ends in Unix milliseconds."""
        return int(self.start.timestamp() * 1000), int(self.end.timestamp() * 1000)


def expand(sql: str, span: Span, chosen: Mapping[str, Chosen], interval_seconds: int = 60) -> str:
    """A panel's SQL -> what reaches ClickHouse. Variables come last, so that no value of one is read as a macro."""
    return _variables(_times(_conditions(sql, chosen), span, max(interval_seconds, 1)), chosen)


def quoted(value: str) -> str:
    """A value -> as `:singlequote` writes it, and with the backslash escaped, which Grafana forgets."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _conditions(sql: str, chosen: Mapping[str, Chosen]) -> str:
    while (start := sql.find(_CONDITIONAL)) >= 0:
        end, arguments = _arguments(sql, start + len(_CONDITIONAL))
        if len(arguments) != 2 or not re.fullmatch(r"\$\w+", arguments[1].strip()):
            raise MacroRefused(f"$__conditionalAll takes a condition and a plain variable: {arguments}")
        one = _known(arguments[1].strip()[1:], chosen)
        condition = "1=1" if one.everything or one.values in ((), ("",)) else arguments[0]
        sql = sql[:start] + condition + sql[end:]
    return sql


def _arguments(sql: str, start: int) -> tuple[int, list[str]]:
    """Where the arguments of a macro begin -> the end of the macro, and the arguments, split at its own commas."""
    depth, at, arguments = 1, start, [""]
    while at < len(sql):
        letter = sql[at]
        depth += (letter in "([{") - (letter in ")]}")
        at += 1
        if not depth:
            return at, arguments
        if letter == "," and depth == 1:
            arguments.append("")
        else:
            arguments[-1] += letter
    raise MacroRefused("a macro is not closed")


def _variables(sql: str, chosen: Mapping[str, Chosen]) -> str:
    def value(found: re.Match[str]) -> str:
        braced, form, bare = found.groups()
        if bare or form != "singlequote":
            raise MacroRefused(f"{found[0]} is not quoted; write ${{{braced or bare}:singlequote}}")
        return ",".join(map(quoted, _known(braced, chosen).values))

    return _VARIABLE.sub(value, sql)


def _known(name: str, chosen: Mapping[str, Chosen]) -> Chosen:
    if name not in chosen:
        raise MacroRefused(f"there is no variable {name}")
    return chosen[name]


def _times(sql: str, span: Span, interval: int) -> str:
    (start, end), (start_ms, end_ms) = span.seconds(), span.millis()
    first, last = (moment.astimezone(UTC).date().isoformat() for moment in span)
    constants = {
        "fromTime": f"toDateTime({start})",
        "toTime": f"toDateTime({end})",
        "fromTime_ms": f"fromUnixTimestamp64Milli({start_ms})",
        "toTime_ms": f"fromUnixTimestamp64Milli({end_ms})",
        "interval_s": str(interval),
    }
    of_column = {
        "timeFilter": f"{{0}} >= toDateTime({start}) AND {{0}} <= toDateTime({end})",
        "timeFilter_ms": f"{{0}} >= fromUnixTimestamp64Milli({start_ms}) AND {{0}} <= fromUnixTimestamp64Milli({end_ms})",
        "dateFilter": f"{{0}} >= toDate('{first}') AND {{0}} <= toDate('{last}')",
        "timeInterval": f"toStartOfInterval(toDateTime({{0}}), INTERVAL {interval} second)",
    }
    parts, at = [], 0
    for found in _MACRO.finditer(sql):
        if found.start() < at:
            continue
        name, opened = found.groups()
        parts.append(sql[at : found.start()])
        if name in of_column and opened:
            at, arguments = _arguments(sql, found.end())
            if len(arguments) != 1 or not arguments[0]:
                raise MacroRefused(f"$__{name} takes one column")
            parts.append(of_column[name].format(arguments[0]))
        elif name in constants:
            at = found.start() + len("$__") + len(name)
            parts.append(constants[name])
        else:
            raise MacroRefused(f"there is no macro $__{name}")
    return "".join([*parts, sql[at:]])

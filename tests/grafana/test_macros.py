"""Grafana's macros and variables, expanded."""

from datetime import UTC, datetime

import pytest

from grafana.macros import Chosen, MacroRefused, Span, expand, quoted

SPAN = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
CHOSEN = {
    "site": Chosen(("center",)),
    "branch": Chosen(("a", "b")),
    "every": Chosen(("a", "b"), everything=True),
    "none": Chosen((), everything=True),
    "typed": Chosen(("",)),
    "name": Chosen(("O'Neill \\' OR 1=1",)),
    "macro": Chosen(("$__fromTime ${site:singlequote}",)),
}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("${site:singlequote}", "'center'"),
        ("[${branch:singlequote}]", "['a','b']"),
        ("[${none:singlequote}]", "[]"),
        ("${typed:singlequote}", "''"),
        ("${name:singlequote}", "'O\\'Neill \\\\\\' OR 1=1'"),
        ("${macro:singlequote}", "'$__fromTime ${site:singlequote}'"),
        ("$__conditionalAll(branch IN (${branch:singlequote}), $branch)", "branch IN ('a','b')"),
        ("$__conditionalAll(branch IN (${every:singlequote}), $every) AND x", "1=1 AND x"),
        ("if($__conditionalAll(1=0, $every), [], [1])", "if(1=1, [], [1])"),
        ("$__conditionalAll(f(a, (b)) = ${typed:singlequote}, $typed)", "1=1"),
        ("toDate($__fromTime, 'UTC')", "toDate(toDateTime(1772323200), 'UTC')"),
        ("$__toTime_ms", "fromUnixTimestamp64Milli(1775001599000)"),
        ("$__timeFilter(at)", "at >= toDateTime(1772323200) AND at <= toDateTime(1775001599)"),
        ("$__dateFilter(day)", "day >= toDate('2026-03-01') AND day <= toDate('2026-03-31')"),
        ("$__timeInterval(f(at))", "toStartOfInterval(toDateTime(f(at)), INTERVAL 300 second)"),
        ("$__interval_s", "300"),
    ],
)
def test_what_is_written_and_what_is_sent(written: str, sent: str) -> None:
    assert expand(written, SPAN, CHOSEN, 300) == sent


@pytest.mark.parametrize(
    "written",
    [
        "$site", "${site}", "${site:raw}", "${site:csv}", "${nobody:singlequote}", "$__nothing", "$__timeFilter()",
        "$__timeFilter(at", "$__conditionalAll(1=1)", "$__conditionalAll(1=1, ${site:singlequote})", "$__timeFilter",
    ],
)  # fmt: skip
def test_what_grafana_would_not_understand_or_not_quote_is_refused(written: str) -> None:
    with pytest.raises(MacroRefused):
        expand(written, SPAN, CHOSEN)


def test_no_value_gets_out_of_its_quotes() -> None:
    for value in ("'", "\\", "\\'", "a\\\\'b", "'; --"):
        text = quoted(value)[1:-1]
        while text:
            assert text[0] != "'"
            text = text[2 if text[0] == "\\" else 1 :]

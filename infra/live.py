"""Which label live's rows have: a rebuild of live is swapped in by one row, and what it replaced goes later."""

from typing import Any, Final

from streams.replay.ledger import await_second, coming_second
from streams.sinks.clickhouse_sink import LIVE, LIVE_LABEL
from streams.sinks.rows import COLUMNS

_SWAP: Final = """
INSERT INTO headwater.live_rows (number, label, swapped_at)
SELECT {number:UInt32}, {label:String}, toDateTime({second:UInt32})
"""
_TABLES: Final = tuple(table for table, columns in COLUMNS.items() if "run" in columns)


def live_label(client: Any) -> str:
    """The label under which live's rows are read now."""
    return str(client.query(f"SELECT {LIVE_LABEL}").result_rows[0][0])


def number_of(label: str) -> int:
    """A label of live -> its place in their order: `live` is 1, `live~2` is 2."""
    return int(label.removeprefix(LIVE).removeprefix("~") or 1)


def swap(client: Any, label: str) -> None:
    """Let every reader and worker go over to a label whose rows and steps are all in, by one insert."""
    second = coming_second(client)
    client.command(_SWAP, parameters={"number": number_of(label), "label": label, "second": second})
    await_second(client, second)


def drop_replaced(client: Any) -> list[str]:
    """Remove the rows of labels that live had before; those labels that had any.

    A query that found the label just before the swap is left to end first. A worker that has not seen the swap yet
    may write a few more rows, which nobody sees and the next call removes. The steps stay: they say how far archive
    and fates were told.
    """
    from infra.runs import let_queries_end

    current = live_label(client)
    if current == LIVE:
        return []
    asked = " UNION DISTINCT ".join(
        f"SELECT '{table}', run FROM headwater.{table} WHERE startsWith(run, '{LIVE}')" for table in _TABLES
    )
    replaced = [
        (table, label)
        for table, label in client.query(asked).result_rows
        if label == LIVE or (label.startswith(f"{LIVE}~") and number_of(label) < number_of(current))
    ]
    if replaced:
        let_queries_end(client)
    for table, label in replaced:
        client.command(f"ALTER TABLE headwater.{table} DROP PARTITION '{label}'")
    return sorted({label for _, label in replaced})

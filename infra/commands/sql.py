"""headwater sql."""

import logging
import sys

import click

from infra.local import stack
from infra.local.statements import output_format
from infra.settings import load_settings

FORMATS = {
    "table": "PrettyCompactMonoBlock",
    "json": "JSON",
    "csv": "CSVWithNames",
    "tsv": "TabSeparatedWithNames",
}


@click.command()
@click.argument("statement")
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS]),
    help="Default: table on a terminal, tsv elsewhere.",
)
def sql(statement: str, form: str | None) -> None:
    """Ask ClickHouse as a reader: SELECT, SHOW, DESCRIBE; `-` reads the statement from standard input."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what failed is told below
    if statement == "-":
        statement = sys.stdin.read()
    chosen = form or ("table" if sys.stdout.isatty() else "tsv")
    try:
        client = stack.reader(load_settings())
        try:
            own = output_format(statement, "")
            answer = client.raw_query(statement.rstrip("; \n\t"), fmt=None if own else FORMATS[chosen])
        finally:
            client.close()
    except ClickHouseError as failed:
        click.echo(f"headwater sql: {_plain(str(failed))}", err=True)
        sys.exit(1)
    click.get_binary_stream("stdout").write(answer)


def _plain(message: str) -> str:
    if "Connection refused" in message or "Max retries" in message:
        return "ClickHouse does not answer; `headwater up` starts it"
    return message.partition("server response: ")[2] or message


COMMANDS = {"sql": sql}

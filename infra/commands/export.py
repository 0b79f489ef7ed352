"""headwater export."""

import logging
import sys
from datetime import date
from pathlib import Path

import click

from infra.commands.scoreboard import LocalDay
from infra.settings import load_settings


@click.command()
@click.argument("views", nargs=-1, metavar="[VIEW]...")
@click.option("--all", "every", is_flag=True, help="Every published view.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for VIEW.parquet or VIEW.csv.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="Kind of file.",
)
@click.option("--site", default="", help="One business. Default: all.")
@click.option("--run", default="live", show_default=True, help="A replay's name.")
@click.option("--model", default="last", show_default=True, help="Attribution model of the scoreboard.")
@click.option("--since", type=LocalDay(), help="First local day of a view that asks for a period.")
@click.option("--until", type=LocalDay(), help="Last local day of a view that asks for a period.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other parameter of a view, such as by=channel; a list's values with commas between. May be repeated.",
)
def export(
    views: tuple[str, ...], every: bool, out: Path, form: str, site: str, run: str, model: str,
    since: date | None, until: date | None, parameters: tuple[str, ...],
) -> None:  # fmt: skip
    """Write published views as Parquet or CSV for other tools; the files' paths on standard output."""
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from tqdm import tqdm

    from infra.export import Asked, ExportRefused, export_view, exportable, missing
    from infra.local import stack

    if bool(views) == every:
        raise click.UsageError("which views? name them, or --all")
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what failed is told below
    days = {"since": since, "until": until}
    chosen = {name: day.isoformat() for name, day in days.items() if day is not None}
    known = {"sites": [site] if site else [], "branches": [], "run": run, "model": model, **chosen}
    asked = Asked(site, run, {**known, **_said(parameters)})
    listed = exportable() if every else list(dict.fromkeys(views))
    for view, lacks in {view: missing(view, asked) for view in listed if every}.items():
        if lacks:
            listed.remove(view)
            click.echo(f"headwater export: {view} is left out; it needs {', '.join(lacks)}", err=True)
    client = stack.reader(load_settings())
    try:
        for view in listed:
            path = out / f"{view}.{form}"
            with tqdm(desc=view, unit=" rows", leave=False, disable=None, file=sys.stderr) as bar:

                def say(written: int, rows: int, bar: "tqdm[None]" = bar) -> None:
                    bar.total = rows
                    bar.update(written - bar.n)

                rows = export_view(client, view, path, form, asked, say)  # type: ignore[arg-type]
            click.echo(str(path))
            click.echo(f"{view}: {rows:,} rows", err=True)
    except ExportRefused as refused:
        raise click.ClickException(str(refused)) from None
    except (ClickHouseError, OSError) as failed:
        raise click.ClickException(
            f"{type(failed).__name__}: {str(failed).partition(chr(10))[0][:300]}"
        ) from None
    finally:
        client.close()


COMMANDS = {"export": export}


def _said(parameters: tuple[str, ...]) -> dict[str, str | list[str]]:
    """NAME=VALUE -> the values by name, a list's as one; raises UsageError for what no view asks for."""
    from clickhouse.surface import PARAMETERS

    forms = {name: form for asks in PARAMETERS.values() for name, form in asks.items()}
    said: dict[str, str | list[str]] = {}
    for one in parameters:
        name, equals, value = one.partition("=")
        if not equals or name not in forms:
            raise click.UsageError(f"--parameter NAME=VALUE, where NAME is one of {', '.join(sorted(forms))}")
        said[name] = [part for part in value.split(",") if part] if forms[name].startswith("Array") else value
    return said

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
@click.option("--since", type=LocalDay(), help="First local day of the scoreboard.")
@click.option("--until", type=LocalDay(), help="Last local day of the scoreboard.")
def export(
    views: tuple[str, ...], every: bool, out: Path, form: str, site: str, run: str, model: str,
    since: date | None, until: date | None,
) -> None:  # fmt: skip
    """Write published views as Parquet or CSV for other tools; the files' paths on standard output."""
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from tqdm import tqdm

    from infra.export import Asked, ExportRefused, export_view, exportable
    from infra.local import stack

    if bool(views) == every:
        raise click.UsageError("which views? name them, or --all")
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what failed is told below
    days = {"since": since, "until": until}
    chosen = {name: day.isoformat() for name, day in days.items() if day is not None}
    asked = Asked(
        site, run, {"sites": [site] if site else [], "branches": [], "run": run, "model": model, **chosen}
    )
    listed = exportable() if every else list(dict.fromkeys(views))
    if every and len(chosen) < 2:
        listed.remove("channel_scoreboard")
        click.echo("headwater export: channel_scoreboard is left out; it needs --since and --until", err=True)
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

"""The `headwater` command: a list of commands, each imported only when it is called."""

import importlib
import sys

import click

from infra import VERSION

# command -> module of infra.commands whose COMMANDS holds the click command of that name
COMMANDS = {
    "up": "stack",
    "down": "stack",
    "status": "stack",
    "doctor": "doctor",
    "worker": "worker",
    "collector": "collector",
    "demo": "demo",
    "keys": "keys",
    "forget": "forget",
    "qr": "qr",
    "define": "define",
    "emit": "emit",
    "import": "importing",
    "wait": "wait",
    "scoreboard": "scoreboard",
    "explain": "explain",
    "sql": "sql",
    "export": "export",
    "audit": "audit",
    "alerts": "alerts",
    "replay": "replay",
    "runs": "runs",
    "dashboards": "dashboards",
    "report": "report",
    "dead-letters": "dead_letters",
    "backup": "backup",
    "restore": "backup",
}


class Commands(click.Group):
    """Commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"infra.commands.{COMMANDS[cmd_name]}")
        found = module.COMMANDS[cmd_name]
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `headwater --help`, from the modules' own first lines, without importing them."""
        rows = [(name, SUMMARIES.get(name, "")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


SUMMARIES = {
    "up": "Start Kafka, ClickHouse, worker and collector; ready when it returns.",
    "down": "Stop every process of this home.",
    "status": "What runs, since when, on which port.",
    "doctor": "Check every part and say what to do.",
    "worker": "Run one worker in the foreground.",
    "collector": "Run the collector in the foreground.",
    "demo": "A quarter of a therapy centre, from raw events to the scoreboard.",
    "emit": "Send events from a file through the collector.",
    "define": "Publish catalog entries from a YAML file.",
    "import": "Take in a file: access log, calls, leads, payments, spend, messages, searches, measures.",
    "scoreboard": "Every channel with its inquiries, cost, revenue and what to do.",
    "explain": "A conversion or payment: its touches, every credit, what was left out and why.",
    "sql": "Ask ClickHouse as a reader.",
    "export": "Write published views as Parquet or CSV for other tools.",
    "replay": "Credit the whole log again under other settings, beside live.",
    "runs": "List the runs; show, compare or drop one.",
    "alerts": "What somebody should look at now.",
    "audit": "Work live out anew from the log, name what differs and put it right.",
    "wait": "Wait until everything appended before is in ClickHouse.",
    "dashboards": "Build, push or preview the dashboards of Grafana.",
    "report": "Write reports for the owner: campaign, month, quarter, year, before and after.",
    "dead-letters": "Events that could not be used: show them, requeue them.",
    "qr": "Codes for flyers and banners: make, print, lead elsewhere; personal referral codes.",
    "forget": "Forget a person: out of everything but the log, totals as they were.",
    "keys": "Keys of the collector.",
    "backup": "Copy the log and the catalog to a directory, what is new of them.",
    "restore": "Put a backup back onto an empty machine.",
}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="headwater")
def headwater() -> None:
    """Follow every customer of a service business back to the source."""


def main() -> None:
    """Entry point: exit 0 done, 1 the answer is no or the work failed, 2 wrong usage."""
    from infra.settings import SettingsRefused

    try:
        headwater(standalone_mode=True)
    except SettingsRefused as refused:
        click.echo(f"headwater: {refused}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()

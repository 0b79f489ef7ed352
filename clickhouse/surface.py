"""The public SQL surface as its files declare it: views, their columns, and what each means."""

from clickhouse.migrate import Column, declared_columns, views

PRIVATE_VIEWS = frozenset(
    {"fates", "visible_runs"} | {name for name in views() if name.startswith("newest_")}
)
PARAMETERS = {
    "channel_scoreboard": {
        "sites": "Array(String)",
        "branches": "Array(String)",
        "since": "Date",
        "until": "Date",
        "run": "String",
        "model": "String",
    },
}


def public_views() -> list[str]:
    """Names of the views that panels and people may read."""
    return [name for name in views() if name not in PRIVATE_VIEWS]


def view_columns(view: str) -> list[Column]:
    """View -> its columns in order, with type and comment."""
    return declared_columns(views()[view])


def view_comment(view: str) -> str:
    """View -> what one row of it is."""
    return views()[view].split("\n", 1)[0].removeprefix("-- One row is ").removesuffix(".")

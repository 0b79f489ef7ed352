"""The public SQL surface as its files declare it: views, their columns, and what each means."""

from clickhouse.migrate import Column, declared_columns, views

PRIVATE_VIEWS = frozenset(
    {"deeds", "fates", "judged_definitions", "metric_changes", "session_goals", "visible_runs"}
    | {name for name in views() if name.startswith("newest_")}
)
_PERIOD = {
    "sites": "Array(String)",
    "branches": "Array(String)",
    "since": "Date",
    "until": "Date",
    "run": "String",
}
_AS_OF = {"sites": "Array(String)", "as_of": "Date", "run": "String", "model": "String"}
_TWO_PERIODS = {
    "sites": "Array(String)",
    "branches": "Array(String)",
    "before_since": "Date",
    "before_until": "Date",
    "since": "Date",
    "until": "Date",
    "run": "String",
    "model": "String",
}
PARAMETERS: dict[str, dict[str, str]] = {
    "before_after": _TWO_PERIODS,
    "goal_verdicts": _AS_OF,
    "judged_definitions": {"sites": "Array(String)", "as_of": "Date", "run": "String"},
    "metric_changes": {**_TWO_PERIODS, "items": "Array(String)", "as_of": "Date"},
    "metric_series": {"sites": "Array(String)", "run": "String", "model": "String"},
    "tool_changes": _AS_OF,
    "tool_roi": _AS_OF,
    "customer_segments": _PERIOD,
    "message_funnel": {**_PERIOD, "part": "String", "goal": "String", "window_days": "UInt16"},
    "segment_members": _PERIOD,
    "channel_scoreboard": {**_PERIOD, "model": "String"},
    "owned_sessions": _PERIOD,
    "goal_conversions": _PERIOD,
    "page_values": _PERIOD,
    "content_value": _PERIOD,
    "owned_media": {**_PERIOD, "model": "String"},
    "session_goals": _PERIOD,
    "people": {"sites": "Array(String)", "branches": "Array(String)", "run": "String"},
    "aarrr": {**_PERIOD, "by": "String"},
    "aarrr_losses": {**_PERIOD, "by": "String"},
    "growth_monthly": {**_PERIOD, "by": "String"},
    "journey_edges": {**_PERIOD, "by": "String"},
    "journey_steps": {**_PERIOD, "by": "String"},
    "journeys": {**_PERIOD, "by": "String"},
    "retention_cohorts": {**_PERIOD, "by": "String"},
    "call_ab": {**_PERIOD, "compare": "String", "among": "Array(String)"},
    "experiment_results": {"sites": "Array(String)", "run": "String", "as_of": "Date"},
    "experiment_size": {
        "baseline_rate": "Float64",
        "minimal_effect": "Float64",
        "variants": "UInt8",
        "alpha": "Float64",
        "power": "Float64",
    },
    "experiment_subjects": {"sites": "Array(String)", "run": "String"},
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

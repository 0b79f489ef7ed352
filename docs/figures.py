"""What each figure means, from docs/metrics/*.yaml: definition, formula, SQL name, source; and what has none of it."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from clickhouse.surface import public_views, view_columns
from grafana.boards import BOARDS
from schemas.catalog import ENTRY_KINDS
from schemas.event import EVENT_TYPES
from schemas.generate import schema_of
from schemas.topics import TOPICS

FOLDER = Path(__file__).parent / "metrics"
ORDER = (
    "channels", "attribution", "calls", "campaigns", "owned", "before", "crm", "growth", "experiments", "pipeline",
)  # fmt: skip
PROCESSES = frozenset({"collector", "worker", "replay", "audit"})
_NUMBER = re.compile(
    r"(?:(?:Nullable|LowCardinality|SimpleAggregateFunction)\((?:\w+, )?)*(?:U?Int|Float|Decimal)"
)
_FLAG = re.compile(r"1 (?:when|where|if)\b")
_TOLD_UNITS = ("percentunit", "currencyKRW", "s")
_READ = re.compile(r"\bheadwater\.(\w+)")


class Names(BaseModel):
    """What people call it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ko: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Metric(BaseModel):
    """One figure: what it is, how it is worked out, where it stands, what it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Names
    definition: str = Field(min_length=10)
    formula: str = Field(min_length=3)
    sql: list[str] = Field(min_length=1)
    """`view.column`: the columns that are it, or that it is worked out of where only panels show it."""
    panels: list[str] = []
    """`board.panel.column`, `*` for any: where a panel works it out under a name of its own."""
    source: list[str] = Field(min_length=1)
    """Event types, catalog kinds or `kind.field`, topics; for the pipeline's own figures the process."""
    worked: str = ""


class Subject(BaseModel):
    """One file: the metrics of a subject, and numbers of its views that are no figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Names
    about: str = ""
    metrics: dict[str, Metric]
    no_figures: dict[str, str] = {}
    """`view.column` or a column's name in any view -> what it is, a place, a key, a setting."""


def subjects(folder: Path = FOLDER) -> dict[str, Subject]:
    """File name -> its subject, in the order of the page."""
    found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    ordered = [*(name for name in ORDER if name in found), *(name for name in found if name not in ORDER)]
    return {
        name: Subject.model_validate(yaml.safe_load(found[name].read_text(encoding="utf-8")))
        for name in ordered
    }


def figures_of(view: str) -> list[str]:
    """A public view -> its numeric columns, flags left out."""
    return [
        column.name
        for column in view_columns(view)
        if _NUMBER.match(column.type) and not _FLAG.match(column.comment)
    ]


def without_entry(view: str, said: dict[str, Subject]) -> list[str]:
    """A public view -> its figures that no metric names and that are not said to be none."""
    named = {sql for subject in said.values() for metric in subject.metrics.values() for sql in metric.sql}
    none = {name for subject in said.values() for name in subject.no_figures}
    return [name for name in figures_of(view) if f"{view}.{name}" not in named | none and name not in none]


def panel_figures() -> dict[str, list[str]]:
    """Rates, money and durations of every panel as `board.panel.column` -> the views its SQL reads."""
    return {
        f"{board.slug}.{panel.slug}.{column.name}": sorted(set(_READ.findall(panel.sql + panel.edges)))
        for board in BOARDS.values()
        for panel in board.panels()
        for column in panel.columns
        if column.unit in _TOLD_UNITS
    }


def panel_columns() -> set[str]:
    """Every column of every panel as `board.panel.column`."""
    return {
        f"{board.slug}.{panel.slug}.{column.name}"
        for board in BOARDS.values()
        for panel in board.panels()
        for column in panel.columns
    }


def panels_without_entry(said: dict[str, Subject]) -> list[str]:
    """Figures of panels that neither bear the name of a column of a view they read nor stand in a metric's `panels`."""
    metrics = [metric for subject in said.values() for metric in subject.metrics.values()]
    named = {sql for metric in metrics for sql in metric.sql}
    patterns = [pattern for metric in metrics for pattern in metric.panels]
    return [
        figure
        for figure, views in panel_figures().items()
        if not any(f"{view}.{figure.rsplit('.', 1)[1]}" in named for view in views)
        and not any(fnmatchcase(figure, pattern) for pattern in patterns)
    ]


def columns() -> set[str]:
    """Every `view.column` there is."""
    return {f"{view}.{column.name}" for view in public_views() for column in view_columns(view)}


def sources() -> set[str]:
    """Everything that a figure may come from."""
    fields = {f"{kind}.{field}" for kind in ENTRY_KINDS for field in schema_of(kind)["properties"]}
    return {*EVENT_TYPES, *ENTRY_KINDS, *fields, *TOPICS, *PROCESSES}


def page() -> Iterator[str]:
    """The built part of docs/metrics.md."""
    for subject in subjects().values():
        yield f"## {subject.title.en}\n\n"
        if subject.about:
            yield f"{_line(subject.about)}\n\n"
        yield "| metric | 한국어 | definition | formula | SQL | source |\n|---|---|---|---|---|---|\n"
        for slug, metric in subject.metrics.items():
            worked = f" Worked: {_line(metric.worked)}." if metric.worked else ""
            yield (
                f'| <a id="{slug}"></a>{_line(metric.name.en)} | {_line(metric.name.ko)} | {_line(metric.definition)}{worked}'
                f" | {_line(metric.formula)} | {_places(metric)} | {_codes(metric.source)} |\n"
            )
        yield "\n"


def _places(metric: Metric) -> str:
    return _codes(metric.sql) + (f"; panels {_codes(metric.panels)}" if metric.panels else "")


def _codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

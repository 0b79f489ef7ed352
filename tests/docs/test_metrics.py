"""Every figure has its entry: definition, formula, SQL name that is there, source that is there."""

import re

import pytest
from pydantic import ValidationError

from clickhouse.surface import public_views
from docs.figures import (
    ORDER,
    Metric,
    Subject,
    columns,
    figures_of,
    panel_columns,
    panels_without_entry,
    sources,
    subjects,
    without_entry,
)

SAID = subjects()
COLUMNS, SOURCES, SHOWN = columns(), sources(), panel_columns()
METRICS = {
    f"{name}.{slug}": metric for name, subject in SAID.items() for slug, metric in subject.metrics.items()
}
ENTRY = {
    "name": {"ko": "지출", "en": "Spend"},
    "definition": "What was paid out for a channel.",
    "formula": "sum of amounts",
    "sql": ["channel_scoreboard.spend"],
    "source": ["spend_recorded"],
}


@pytest.mark.parametrize("view", public_views())
def test_every_figure_of_a_view_has_an_entry(view: str) -> None:
    assert without_entry(view, SAID) == [], "write it into docs/metrics/*.yaml"


def test_every_rate_sum_and_duration_of_a_panel_has_an_entry() -> None:
    assert panels_without_entry(SAID) == [], "name them in `panels` of their metric in docs/metrics/*.yaml"


@pytest.mark.parametrize("name", METRICS)
def test_the_names_of_an_entry_are_there(name: str) -> None:
    metric = METRICS[name]
    assert [one for one in metric.sql if one not in COLUMNS] == []
    assert [one for one in metric.source if one not in SOURCES] == []
    for pattern in metric.panels:
        as_pattern = re.compile(re.escape(pattern).replace(r"\*", "[^.]*"))
        assert any(as_pattern.fullmatch(column) for column in SHOWN), f"no panel shows {pattern}"
    assert re.search("[가-힣A-Z]", metric.name.ko)
    assert not re.search("[가-힣]", metric.name.en + metric.definition + metric.formula)


def test_what_is_said_to_be_no_figure_is_there_and_is_none() -> None:
    named = {sql for metric in METRICS.values() for sql in metric.sql}
    for subject in SAID.values():
        for name, why in subject.no_figures.items():
            assert any(name in (column, column.split(".")[1]) for column in COLUMNS), name
            assert name not in named, f"{name} is a figure of a metric"
            assert why


def test_a_metric_is_defined_once() -> None:
    slugs = [name.split(".")[1] for name in METRICS]
    assert sorted({slug for slug in slugs if slugs.count(slug) > 1}) == []
    assert set(SAID) <= set(ORDER), "give the file its place in ORDER of docs/figures.py"


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("owned.share_of_search", "0.070"),
        ("owned.relative_share_of_search", "0.108"),
        ("owned.goal_value", "1,152,000"),
        ("owned.page_value_every_view", "50"),
        ("owned.inflow_value", "1,500,000"),
        ("owned.content_break_even", "= 5,"),
        ("owned.owned_romi", "0.667"),
        ("owned.view_rate", "66.7%"),
        ("growth.ltv_observed", "15,300,000"),
        ("channels.ltv", "15,300,000"),
        ("channels.cac", "285,714"),
        ("before.change", "−58.3%"),
    ],
)
def test_the_worked_figures_stand_at_their_metric(metric: str, figure: str) -> None:
    """That they come out of SQL: tests/path/test_worked_figures_path.py, tests/path/test_field_example.py."""
    assert figure in METRICS[metric].worked


# The test itself fails where it should


def test_a_figure_without_an_entry_is_found() -> None:
    assert figures_of("channel_scoreboard")[:3] == ["spend", "visits", "scans"]
    assert without_entry("channel_scoreboard", {})[0] == "spend"
    one = Subject(title={"ko": "ㄱ", "en": "a"}, metrics={"spend": ENTRY})
    assert "spend" not in without_entry("channel_scoreboard", {"x": one})
    assert "visits" in without_entry("channel_scoreboard", {"x": one})
    assert "channels.scoreboard.roi" in panels_without_entry({"x": one})
    assert "channels.totals.spend" not in panels_without_entry({"x": one})


@pytest.mark.parametrize("lacking", ["name", "definition", "formula", "sql", "source"])
@pytest.mark.parametrize("empty", [True, False])
def test_an_entry_that_lacks_something_is_refused(lacking: str, empty: bool) -> None:
    Metric.model_validate(ENTRY)
    changed = {**ENTRY, lacking: type(ENTRY[lacking])()} if empty else {**ENTRY}
    if not empty:
        del changed[lacking]
    with pytest.raises(ValidationError):
        Metric.model_validate(changed)

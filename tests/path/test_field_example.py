"""The field document's table: events -> core -> rows -> engine -> channel_scoreboard -> the figures of the page."""

import math
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from infra.commands.scoreboard import Asked, read_scoreboard, render
from streams.domain.scoreboard import MODELS, ScoreRow, reallocate, wasted_a_year
from tests.path import field_example
from tests.path.expected import check_field_example
from tests.path.published_rows import publish

SINCE, UNTIL = field_example.PERIOD
ASKED = Asked(field_example.SITE, SINCE, UNTIL, run="field")


@pytest.fixture(scope="module")
def published(engine: Client) -> Client:
    publish(engine, "field", field_example.catalog(), field_example.events())
    return engine


def rows_of(client: Client, **changed: Any) -> dict[str, ScoreRow]:
    return {row.channel: row for row in read_scoreboard(client, ASKED._replace(**changed))}


@pytest.mark.parametrize("model", MODELS)
def test_the_table_comes_out_of_the_view_under_every_model(published: Client, model: str) -> None:
    check_field_example(rows_of(published, model=model))


def test_money_moves_as_on_the_page(published: Client) -> None:
    rows = list(rows_of(published).values())
    moved = reallocate(rows)
    monthly = moved.registrations, moved.expected, moved.expected_at_constant_cac
    assert [round(count / 10, 1) for count in monthly] == [10.8, 12.2, 13.1]
    assert wasted_a_year(rows, SINCE, UNTIL) == 3_600_000


def test_people_read_the_same_figures(published: Client) -> None:
    text = render(list(rows_of(published).values()), "en", ASKED)
    assert "10.8 → 12.2" in text
    assert "13.1 at constant CAC" in text
    assert "3,600,000 won a year" in text
    assert "alone: 333%" in text


def test_first_months_alone_give_the_same_actions(engine: Client) -> None:
    catalog, events = field_example.catalog_of_first_months(), field_example.events(850_000)
    publish(engine, "first-months", catalog, events)
    rows = rows_of(engine, run="first-months")
    cut = {
        slug: int(row.roi * 100)
        for slug, row in rows.items()
        if row.roi is not None and math.isfinite(row.roi)
    }
    assert cut == {"naver_blog": 197, "naver_place": 622, "flyer": -15, "mom_cafe": 665}
    assert [rows[channel.slug].action for channel in field_example.TABLE] == [
        "keep", "increase", "stop", "increase", "strengthen",
    ]  # fmt: skip

"""What the decisions in docs/adr lean on, where no other test would notice that it has gone."""

import inspect
import re
from importlib.metadata import version

import faust.transport.consumer
import faust.transport.drivers.aiokafka
import pytest

from clickhouse.migrate import columns_of
from schemas.topics import TOPICS
from streams.app import PRIVATE_NAMES, AppSettings, BulkConsumer, BulkTransport, make_app
from streams.domain.attribution import DATA_DRIVEN
from streams.replay.widen import WIDE
from streams.sinks.clickhouse_sink import ALL_COLUMNS
from tests.docs.test_docs import ROOT

FAUST = inspect.getsource(faust.transport.consumer) + inspect.getsource(faust.transport.drivers.aiokafka)


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_0003_the_private_names_of_the_driver_are_there(name: str) -> None:
    assert re.search(rf"\b{name}\b", FAUST)


@pytest.mark.parametrize("name", ["getmany", "_add_gap", "_new_offset"])
def test_0003_what_is_overridden_takes_what_it_took(name: str) -> None:
    ours = inspect.signature(getattr(BulkConsumer, name))
    theirs = inspect.signature(getattr(BulkConsumer.__bases__[0], name))
    assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize("package", ["faust-streaming", "aiokafka"])
def test_0003_faust_and_its_driver_are_pinned_to_what_is_installed(package: str) -> None:
    assert f"{package}=={version(package)}" in (ROOT / "requirements.in").read_text("utf-8").split()


def test_0004_fausts_own_assignor_is_used_without_tables() -> None:
    app = make_app(AppSettings(bootstrap="127.0.0.1:1", instance=""))
    assert isinstance(app.transport, BulkTransport)
    assert not app.tables
    assert app.conf.table_standby_replicas == 1
    assert "table_standby_replicas" in inspect.getsource(faust.transport.drivers.aiokafka)


def test_0004_all_topics_are_dealt_out_by_the_same_number() -> None:
    assert {topic.key.partition("|")[0] for topic in TOPICS.values()} == {"site"}


@pytest.mark.parametrize("table", ALL_COLUMNS)
def test_0005_rows_have_the_columns_of_their_table_in_its_order(table: str) -> None:
    driven = {
        f"{letter}_{model}" for letter in "wrc" for model in DATA_DRIVEN
    }  # replays that have them write these
    assert list(ALL_COLUMNS[table]) == [name for name in columns_of(table) if name not in driven]
    assert sorted({**ALL_COLUMNS, **WIDE}[table]) == sorted(columns_of(table))

"""What streams.app takes for granted of Faust's insides is so in the version installed: an upgrade must pass here."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path

import faust
import pytest
from aiokafka import ConsumerRecord
from faust.transport import consumer as faust_consumer
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from schemas.topics import EVENTS
from streams import app as app_module
from streams.app import PRIVATE_NAMES, AppSettings, BulkConsumer, BulkTransport, chunk_of, make_app
from streams.worker import app_settings

SIGNATURES = {
    "getmany": ["self", "timeout"],
    "_wait_next_records": ["self", "timeout"],
    "_to_message": ["self", "tp", "record"],
    "_new_offset": ["self", "tp"],
    "_add_gap": ["self", "tp", "offset_from", "offset_to"],
}
STATE = {"_committed_offset", "_acked", "_acked_index"}


@pytest.fixture
def consumer() -> BulkConsumer:
    made = make_app(AppSettings(bootstrap="127.0.0.1:1", instance="w")).consumer
    assert isinstance(made, BulkConsumer)
    return made


def record(offset: int) -> ConsumerRecord:
    return ConsumerRecord(
        topic=EVENTS.name, partition=3, offset=offset, timestamp=1_000, timestamp_type=0, key=b"k", value=b"v",
        checksum=None, serialized_key_size=1, serialized_value_size=1, headers=(),
    )  # fmt: skip


def test_the_versions_are_the_pinned_ones() -> None:
    pinned = (Path(app_module.__file__).parents[1] / "requirements.in").read_text()
    for name in ("faust-streaming", "aiokafka"):
        assert f"{name}=={version(name)}" in pinned


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_method_takes_what_it_took(name: str) -> None:
    assert list(inspect.signature(getattr(Consumer, name)).parameters) == SIGNATURES[name]
    assert list(inspect.signature(getattr(BulkConsumer, name)).parameters) == SIGNATURES[name]


def test_the_list_of_private_names_is_whole() -> None:
    tree = ast.parse(inspect.getsource(BulkConsumer))
    used = {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute) and one.attr.startswith("_")}
    defined = {one.name for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef | ast.FunctionDef)}
    assert used | {name for name in defined if name.startswith("_")} <= set(PRIVATE_NAMES)
    assert set(PRIVATE_NAMES) <= set(SIGNATURES) | STATE


def test_the_state_that_is_read_is_there(consumer: BulkConsumer) -> None:
    for name in STATE:
        assert hasattr(consumer, name)
    assert isinstance(consumer._acked[TP("t", 0)], list)
    assert isinstance(consumer._acked_index[TP("t", 0)], set)
    assert consumer._committed_offset[TP("t", 0)] is None
    assert issubclass(BulkTransport, Transport) and BulkTransport.Consumer is BulkConsumer


def test_a_message_carries_a_whole_chunk(consumer: BulkConsumer) -> None:
    tp = TP(EVENTS.name, 3)
    records = [record(7), record(8)]
    message = consumer._to_message(tp, records[-1])
    message.value = chunk_of(records)
    assert (message.tp, message.offset) == (tp, 8)
    assert message.value.records is records


def test_the_offset_to_commit_is_after_the_last_chunk(consumer: BulkConsumer) -> None:
    tp = TP(EVENTS.name, 3)
    assert consumer._new_offset(tp) is None
    consumer._acked[tp] += [99, 42]
    consumer._acked_index[tp] |= {99, 42}
    assert consumer._new_offset(tp) == 100
    assert consumer._acked[tp] == [] and not consumer._acked_index[tp]
    assert consumer._new_offset(tp) is None


def test_faust_still_asks_these_when_it_commits() -> None:
    source = inspect.getsource(faust_consumer)
    unasked = [name for name in ("._new_offset(", "._add_gap(", "getmany(") if name not in source]
    assert unasked == []


def test_the_app_publishes_and_stores_nothing_of_its_own() -> None:
    conf = make_app(AppSettings(bootstrap="127.0.0.1:1", instance="w")).conf
    assert not conf.web_enabled and not conf.topic_allow_declare and conf.topic_disable_leader
    assert conf.broker_commit_every >= 1_000_000 and conf.stream_wait_empty is False
    assert conf.consumer_group_instance_id == "w"
    assert isinstance(make_app(AppSettings(bootstrap="127.0.0.1:1", instance="w")), faust.App)


def test_fausts_own_folder_lies_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path))
    conf = make_app(app_settings()).conf
    assert {tmp_path / "faust"} == {conf.datadir, conf.appdir.parent, conf.tabledir.parents[1]}

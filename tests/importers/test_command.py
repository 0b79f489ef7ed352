"""`headwater import` against a real broker."""

import gc
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.commands.define import define
from infra.commands.importing import import_file
from infra.settings import as_environment, load_settings
from tests.collectors.conftest import Broker
from tests.importers.given_files import FILES
from tests.ports import free_port

pytestmark = pytest.mark.stack
CATALOG = """
- {site: center, kind: site, id: center, time_zone: Asia/Seoul, branches: [{id: gangnam, name: 강남점}], answers: {네이버 블로그: naver_blog}}
- {site: center, kind: channel, id: naver_place, name: {ko: 네이버 플레이스, en: Naver Place}}
"""


@pytest.fixture(scope="module")
def importing_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    settings = load_settings(
        {},
        tmp_path_factory.mktemp("broker"),
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        partitions=4,
        kafka_heap_megabytes=256,
    )
    running = Broker(settings)
    yield running
    running.kill()


@pytest.fixture
def run(importing_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = importing_broker.settings.model_copy(update={"home": tmp_path / "home"})
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)

    def runs(*arguments: str, command: Any = import_file) -> Result:
        return CliRunner().invoke(command, arguments)

    return runs


def test_a_first_run_shows_and_a_second_takes_in(run: Any, importing_broker: Broker, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(CATALOG)
    assert run(str(catalog), command=define).exit_code == 0
    arguments = ("spend", str(FILES / "spend.csv"), "--site", "center")
    before = len(importing_broker.records("headwater.events"))
    shown = run(*arguments)
    assert shown.exit_code == 1
    assert "amount" in shown.stderr
    assert "--yes" in shown.stderr
    assert len(importing_broker.records("headwater.events")) == before
    refused = tmp_path / "refused.csv"
    taken = run(*arguments, "--yes", "--refused", str(refused))
    assert taken.exit_code == 1  # two lines are refused, the others are in
    assert "5 events accepted" in taken.stderr
    assert [line.split(",")[0] for line in refused.read_text("utf-8-sig").splitlines()] == ["line", "7", "8"]
    stored = [
        value for value in importing_broker.values("headwater.events") if value["type"] == "spend_recorded"
    ]
    assert {value.get("channel") for value in stored} == {"naver_blog", "naver_place", "mom_cafe", None}
    assert all(value["received_at"] for value in stored)
    again = run(*arguments)  # its columns are known now: no preview, no --yes
    assert "0 events accepted, 5 duplicates skipped" in again.stderr
    assert len(importing_broker.values("headwater.events")) == len(stored) + before


def test_phones_are_pseudonyms_in_the_log(run: Any, importing_broker: Broker) -> None:
    result = run("calls", str(FILES / "calls_cp949.csv"), "--site", "center", "--yes")
    assert "5 events accepted" in result.stderr
    calls = [value for value in importing_broker.values("headwater.events") if value["type"] == "call_ended"]
    phones = [value["phone"] for value in calls if "phone" in value]
    assert len(phones) == 4
    assert all(re.fullmatch(r"hmac:1:[0-9a-f]{64}", phone) for phone in phones)


def test_wrong_usage_is_two_and_says_what_is_right(run: Any, tmp_path: Path) -> None:
    log = str(FILES / "access.log")
    assert "--host" in run("access-log", log, "--site", "center", "--yes").stderr
    for arguments in (
        ("access-log", log, "--site", "center", "--yes"),
        ("calls", str(FILES / "spend.csv"), "--site", "center"),
        ("nothing", log, "--site", "center"),
        ("calls", log, "--site", "Center!"),
        ("calls", str(FILES / "calls_cp949.csv"), "--site", "center", "--replaces", "none.csv"),
        ("calls", str(tmp_path / "absent.csv"), "--site", "center"),
    ):
        assert run(*arguments).exit_code == 2, arguments


def test_a_preview_needs_no_log(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_KAFKA_PORT", str(free_port()))
    arguments = ("leads", str(FILES / "leads_cp949.csv"), "--site", "center")
    shown = run(*arguments, "--preview")
    assert shown.exit_code == 0
    assert "…5678" in shown.stderr
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        away = run(*arguments, "--yes")
        gc.collect()
    assert away.exit_code == 1
    assert "headwater up" in away.stderr
    assert [str(one.message) for one in told if "Unclosed" in str(one.message)] == []

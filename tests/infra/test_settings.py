"""Settings: where they come from, and how a wrong one is named."""

from pathlib import Path

import pytest

from infra.settings import Settings, SettingsRefused, as_environment, load_settings


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.home == tmp_path / ".headwater"
    assert (settings.kafka_port, settings.clickhouse_port, settings.collector_port) == (19092, 18123, 18080)
    assert settings.bootstrap == "127.0.0.1:19092"
    assert settings.clickhouse == "http://127.0.0.1:18123"


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    (tmp_path / "headwater.toml").write_text("kafka_port = 20000\npartitions = 4\n")
    settings = load_settings({"HEADWATER_KAFKA_PORT": "20002"}, tmp_path)
    assert (settings.kafka_port, settings.controller_port, settings.partitions) == (20002, 20003, 4)


def test_a_child_process_gets_the_same_settings(tmp_path: Path) -> None:
    settings = load_settings({"HEADWATER_HOME": "here", "HEADWATER_WORKERS": "2"}, tmp_path)
    assert load_settings(as_environment(settings), Path("/")) == settings


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HEADWATER_KAFKA_PORT": "many"}, "HEADWATER_KAFKA_PORT"),
        ({"HEADWATER_KAFKA_PORT": "80"}, "greater than or equal to 1024"),
        ({"HEADWATER_PARTITIONS": "0"}, "HEADWATER_PARTITIONS"),
        ({"HEADWATER_CLICKHOUSE_URL": "server:8123"}, "HEADWATER_CLICKHOUSE_URL"),
        ({"HEADWATER_KAFKA_SECURITY_PROTOCOL": "TLS"}, "HEADWATER_KAFKA_SECURITY_PROTOCOL"),
        ({"HEADWATER_COLLECTOR_PORT": "19093"}, "collector_port and kafka_controller_port are both 19093"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, environment: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsRefused, match=told):
        load_settings(environment, tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kafka_prot = 1\n", "did you mean kafka_port"),
        ("kafka_port = \n", "is not valid TOML"),
        ("partitions = 'x'\n", "partitions in .*headwater.toml"),
        ("nothing_alike = 1\n", "known are: home"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "headwater.toml").write_text(text)
    with pytest.raises(SettingsRefused, match=told):
        load_settings({}, tmp_path)


def test_secrets_are_never_printed() -> None:
    settings = Settings(kafka_password="s3cret", clickhouse_password="s3cret", reader_password="s3cret")
    assert "s3cret" not in repr(settings)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_no_cluster_id_looks_like_an_option() -> None:
    from infra.local.kafka import new_cluster_id

    ids = {new_cluster_id() for _ in range(500)}
    assert len(ids) == 500
    assert not any(identity.startswith("-") for identity in ids)

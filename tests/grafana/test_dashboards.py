"""The committed dashboards are those of the definitions, and the lint finds what it is there to find."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from click.testing import CliRunner

from clickhouse.surface import public_views
from grafana.alerts import FOLDER_TITLE
from grafana.board_json import DATA_SOURCE, PLUGIN, board_json, built
from grafana.boards import BOARDS
from grafana.files import COMMITTED
from grafana.lint import problems, sql_problems
from grafana.words import LANGUAGES, MODELS, Text
from infra.cli import headwater
from infra.commands.scoreboard import _ACTIONS
from infra.grafana_push import folder_uid
from streams.domain import scoreboard

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = {name: orjson.loads(content) for name, content in built(BOARDS).items()}
UIDS = [one["uid"] for one in DASHBOARDS.values()]
VIEWS = public_views()


def test_the_committed_files_are_the_definitions() -> None:
    committed = {str(path.relative_to(COMMITTED)): path.read_bytes() for path in COMMITTED.rglob("*.json")}
    assert committed == built(BOARDS), "run `headwater dashboards build`"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_dashboard_has_a_problem(name: str) -> None:
    assert problems(DASHBOARDS[name], VIEWS, UIDS) == []


def test_both_languages_ask_the_same_and_say_it_in_their_own_words() -> None:
    for slug, board in BOARDS.items():
        ko, en = (board_json(board, language) for language in LANGUAGES)
        ours = [
            [target["rawSql"] for panel in one["panels"] for target in panel.get("targets", ())]
            for one in (ko, en)
        ]
        assert ours[0] == ours[1], slug
        for mine, theirs in zip(ko["panels"], en["panels"], strict=True):
            assert re.search("[가-힣]", mine["title"] + mine.get("description", "가")), mine["title"]
            assert not re.search("[가-힣]", theirs["title"] + theirs.get("description", "")), theirs["title"]


def test_every_text_is_in_both_languages_and_every_panel_has_a_slug_of_its_own() -> None:
    slugs = [panel.slug for board in BOARDS.values() for panel in board.panels()]
    assert len(set(slugs)) == len(slugs)
    for board in BOARDS.values():
        for panel in board.panels():
            texts = [panel.title, panel.description, panel.empty, panel.next.title]
            texts += [text for column in panel.columns for text in (column.title, column.empty)]
            texts += [word.text for column in panel.columns for word in column.words.values()]
            assert all(isinstance(text, Text) and text.ko and text.en for text in texts), panel.slug


def test_a_colour_never_comes_without_words() -> None:
    for dashboard in DASHBOARDS.values():
        for panel in dashboard["panels"]:
            for override in panel.get("fieldConfig", {"overrides": []})["overrides"]:
                for one in override["properties"]:
                    if one["id"] == "mappings":
                        for mapping in one["value"]:
                            said = (
                                [mapping["options"]["result"]]
                                if mapping["type"] == "special"
                                else mapping["options"].values()
                            )
                            assert all(word["text"] for word in said)


def test_words_are_those_of_the_command_line() -> None:
    assert tuple(MODELS) == scoreboard.MODELS
    assert set(_ACTIONS["ko"]) == set(BOARDS["channels"].panels()[2].columns[1].words)


Spoil = Callable[[dict[str, Any]], object]
FIRST = 1


def _sql(change: Callable[[str], str]) -> Spoil:
    def spoil(dashboard: dict[str, Any]) -> None:
        target = dashboard["panels"][FIRST]["targets"][0]
        target["rawSql"] = change(target["rawSql"])

    return spoil


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda one: one.update(uid="Channels of Mine"), "uid"),
        (lambda one: one.update(title=""), "no title"),
        (lambda one: one.update(id=7), "Grafana's own"),
        (lambda one: one.update(tags=[]), "no tag"),
        (lambda one: one.update(links=[]), "no menu"),
        (lambda one: one["panels"][FIRST].update(description=""), "no description"),
        (lambda one: one["panels"][FIRST].update(links=[]), "no next question"),
        (lambda one: one["panels"][FIRST].update(id=1), "id twice"),
        (lambda one: one["panels"][FIRST]["gridPos"].update(w=20), "lies over"),
        (lambda one: one["panels"][FIRST]["gridPos"].update(w=30), "out of the grid"),
        (lambda one: one["panels"][FIRST]["datasource"].update(uid="other"), "another data source"),
        (lambda one: one["panels"][FIRST]["fieldConfig"]["defaults"].pop("unit"), "no unit"),
        (lambda one: one["panels"][FIRST]["links"][0].update(url="/d/nowhere?x=1"), "leads nowhere"),
        (_sql(lambda sql: sql.replace("${site:singlequote}", "${site}")), "not quoted"),
        (_sql(lambda sql: sql.replace("${site:singlequote}", "${site:raw}")), "not quoted"),
        (_sql(lambda sql: sql.replace("${site:singlequote}", "'${site:singlequote}'")), "quoted twice"),
        (_sql(lambda sql: sql.replace("${site:singlequote}", "$site")), "interpolated raw"),
        (_sql(lambda sql: sql.replace("${site:singlequote}", "${place:singlequote}")), "no variable place"),
        (_sql(lambda sql: sql.replace("$__fromTime", "$__from")), "no macro"),
        (_sql(lambda sql: sql + " SETTINGS max_threads = 1"), "change settings"),
        (_sql(lambda sql: sql + "; SELECT 1"), "more than one statement"),
        (_sql(lambda sql: sql + " UNION ALL SELECT * FROM headwater.touch_rows"), "no public view"),
        (_sql(lambda sql: sql + " UNION ALL SELECT * FROM system.tables"), "no public view"),
    ],
)  # fmt: skip
def test_the_lint_finds_each_slip(spoil: Spoil, told: str) -> None:
    dashboard = copy.deepcopy(DASHBOARDS["en/channels.json"])
    spoil(dashboard)
    assert any(told in problem for problem in problems(dashboard, VIEWS, UIDS))


def test_a_condition_takes_its_plain_variable_and_nothing_else_does() -> None:
    fine = "SELECT 1 FROM headwater.leads WHERE $__conditionalAll(branch IN (${branch:singlequote}), $branch)"
    assert list(sql_problems(fine, {"branch"}, {"leads"})) == []
    assert list(sql_problems(fine.replace("(${branch:singlequote})", "($branch)"), {"branch"}, {"leads"}))


def test_build_writes_into_a_folder_and_clears_what_no_board_stands_for(tmp_path: Path) -> None:
    (tmp_path / "ko").mkdir()
    (tmp_path / "ko" / "gone.json").write_text("{}")
    (tmp_path / "notes.json").write_text("{}")
    asked = ["dashboards", "build", "--out", str(tmp_path), "--time-zone", "Europe/Paris"]
    first, second = (CliRunner().invoke(headwater, asked) for _ in range(2))
    assert (first.exit_code, second.exit_code, second.stdout) == (0, 0, "")
    assert {path.name for path in (tmp_path / "ko").iterdir()} == {f"{slug}.json" for slug in BOARDS}
    assert (tmp_path / "notes.json").exists()
    assert orjson.loads((tmp_path / "en" / "today.json").read_bytes())["timezone"] == "Europe/Paris"
    assert CliRunner().invoke(headwater, [*asked[:-1], "Mars/Olympus"]).exit_code == 2


def test_compose_provisions_what_a_push_would_make() -> None:
    providers = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/headwater.yaml").read_text("utf-8"))[
        "providers"
    ]
    compose = yaml.safe_load((ROOT / "infra/compose.yaml").read_text("utf-8"))["services"]["grafana"]
    assert "../grafana/dashboards:/etc/grafana/dashboards:ro" in compose["volumes"]
    home = compose["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (COMMITTED / home.removeprefix("/etc/grafana/dashboards/")).exists()
    for provider, language in zip(providers, LANGUAGES, strict=True):
        assert (provider["folder"], provider["folderUid"]) == (FOLDER_TITLE[language], folder_uid(language))
        assert provider["options"]["path"] == f"/etc/grafana/dashboards/{language}"
        assert not provider["allowUiUpdates"]
    (source,) = yaml.safe_load(
        (ROOT / "grafana/provisioning/datasources/clickhouse.yaml").read_text("utf-8")
    )["datasources"]
    assert (source["type"], source["uid"]) == (PLUGIN, DATA_SOURCE["uid"])

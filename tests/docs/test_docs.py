"""The documentation against the code: every name is there, every path and link leads somewhere, nothing is stale."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from clickhouse.migrate import views
from clickhouse.surface import PRIVATE_VIEWS
from docs.build import HERE, LATER, PAGES, built, fields_named, meaning_of, meanings
from infra.cli import COMMANDS, SUMMARIES, Commands
from infra.commands.define import read_entries
from infra.settings import PREFIX, Settings
from schemas.catalog import ENTRY_KINDS
from schemas.doors import admit_event
from schemas.event import EVENT_TYPES
from schemas.reading import Reason
from schemas.topics import TOPICS
from streams.collectors.entries import admit_entries
from streams.collectors.importers.columns import KINDS
from streams.collectors.importers.mapping import read_mapping
from streams.collectors.privacy import Pseudonyms

ROOT = HERE.parent
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(HERE.rglob("*.md"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in WRITTEN}
EVERYTHING = "\n".join(TEXTS.values())
FENCES = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
A_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*\w\.(?:py|sql|md|yaml|csv|xml|jsonl|json|sh))`")
A_CALL = re.compile(r"^(?:HEADWATER_\w+=\S+ )*headwater (.+?)(?:  +#.*)?$", re.MULTILINE)
HOSTS_OF_REGISTRIES = re.compile(
    r"pypi\.|pythonhosted|repo1?\.maven|npmjs|crates\.io|docker\.io|ghcr\.io|quay\.io"
)


@pytest.mark.parametrize("page", PAGES)
def test_built_parts_are_as_the_code_says(page: str) -> None:
    text = TEXTS[f"docs/{page}"]
    assert built(text) == text, "run `python -m docs.build`"


def test_every_field_has_a_meaning_and_no_meaning_is_left_over() -> None:
    said, named = meanings(), fields_named()
    for name, field in named:
        assert meaning_of(name, field, said)
    used = {field for _, field in named} | {f"{name}.{field}" for name, field in named}
    assert set(said) <= used


@pytest.mark.parametrize("name", [*EVENT_TYPES, *ENTRY_KINDS, *Reason, *TOPICS])
def test_every_event_kind_reason_and_topic_is_named(name: str) -> None:
    assert f"`{name}`" in TEXTS["docs/events.md"]


@pytest.mark.parametrize("name", sorted(set(views()) - PRIVATE_VIEWS))
def test_every_view_is_named(name: str) -> None:
    assert f"### `{name}`" in TEXTS["docs/sql.md"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_named(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in TEXTS["docs/operations.md"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_named_and_what_is_called_later_is_not_there(name: str) -> None:
    assert f"`headwater {name}`" in TEXTS["docs/operations.md"]
    assert SUMMARIES[name].endswith(".")
    if name in LATER:
        assert Commands().get_command(None, name) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_named(kind: str) -> None:
    assert f"`{kind}`" in TEXTS["docs/importing.md"]


def test_every_variable_that_is_named_is_one() -> None:
    told = set(re.findall(r"HEADWATER_[A-Z_]+[A-Z]", EVERYTHING))
    of_settings = {PREFIX + name.upper() for name in Settings.model_fields}
    source = (ROOT / "streams" / "worker.py").read_text(encoding="utf-8")
    of_workers = {PREFIX + name for name in re.findall(r'environment\("([A-Z_]+)"', source)}
    assert told <= of_settings | of_workers


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = set(A_FILE.findall(FENCES.sub("", TEXTS[page])))
    assert {one for one in named if not (ROOT / one).exists()} == set()


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_leads_somewhere(page: str) -> None:
    text = FENCES.sub("", TEXTS[page])
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = unquote(target).partition("#")
        led_to = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        assert led_to.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", led_to.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {head.lower().replace(" ", "-") for head in heads}, target


def test_no_page_names_the_host_of_a_registry() -> None:
    assert HOSTS_OF_REGISTRIES.findall(EVERYTHING) == []


def test_the_decisions_count_from_one_and_have_their_three_parts() -> None:
    decisions = sorted((HERE / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}: ")
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_the_readme_has_the_two_commands_and_a_place_for_the_screen() -> None:
    text = TEXTS["README.md"]
    assert "make demo " in text
    assert "make test " in text
    assert re.search(r"<!-- demo:screen -->\n```\n.+\n```\n<!-- /demo:screen -->", text, re.DOTALL)


def test_targets_that_are_named_are_in_the_makefile() -> None:
    makefile = Path(ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z]+)", EVERYTHING)) | {"demo", "test", "check", "bench", "lock"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def fenced(page: str, language: str) -> list[str]:
    """The blocks of a page that are of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[page], re.DOTALL | re.MULTILINE)


def test_the_examples_of_events_and_definitions_are_taken_at_the_door(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    (event,) = fenced("docs/events.md", "json")
    assert admit_event(json.loads(event), now=now)
    (entries,) = fenced("docs/events.md", "yaml")
    assert admit_entries(read_entries(entries.encode()), Pseudonyms(tmp_path), now=now)


def test_the_example_of_a_mapping_is_one() -> None:
    (mapping,) = fenced("docs/importing.md", "yaml")
    assert read_mapping("leads", mapping.encode()).columns["lead_id"]


def test_sql_in_the_pages_reads_views_that_are_there() -> None:
    asked = set(re.findall(r"FROM headwater\.(\w+)", EVERYTHING))
    assert asked
    assert asked <= set(views()) - PRIVATE_VIEWS


CALLS = sorted({call for text in TEXTS.values() for call in A_CALL.findall("\n".join(FENCES.findall(text)))})


@pytest.mark.parametrize("call", CALLS)
def test_commands_in_the_pages_have_these_options(call: str) -> None:
    words = shlex.split(call, comments=True)
    assert words[0] in COMMANDS
    command = Commands().get_command(None, words[0])  # type: ignore[arg-type]
    if command is None:
        pytest.skip(f"headwater {words[0]} is not there yet")
    names = iter(words[1:])
    while isinstance(command, click.Group):
        command = command.commands[next(names)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known

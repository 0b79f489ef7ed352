"""`headwater define`: catalog entries from YAML into the log, all of them or none."""

import asyncio
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import yaml

from infra.commands.collector import producer_settings
from infra.settings import load_settings
from schemas.catalog import CatalogEntry
from streams.collectors.entries import EntriesRefused, admit_entries
from streams.collectors.privacy import Pseudonyms
from streams.collectors.producer import NotAcknowledged, ProducerSettings, appending
from streams.secret_files import BadSecret

LARGEST_FILE = 4 * 1024 * 1024


class BadYaml(Exception):
    """A file that is no YAML of the kind read here, with the line and the fix."""


class CatalogLoader(yaml.SafeLoader):
    """YAML as people mean it: days and 09:30 stay texts, `off` is a word, a 0 in front is kept."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the name PyYAML asks for

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuses aliases: a small file with them can stand for an endless one."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise BadYaml(
                f"line {event.start_mark.line + 1}: found an alias; right would be the text written out"
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuses a name given twice: the first would be lost in silence."""
        seen = set()
        for name, _ in node.value:
            if name.value in seen:
                line = name.start_mark.line + 1
                raise BadYaml(f"line {line}: found {name.value!r} twice in one entry; right would be once")
            seen.add(name.value)
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?", "-0123456789"),
):
    CatalogLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def define(file: Path) -> None:
    """Define what FILE (YAML; - for standard input) says: one entry, a list, or several documents."""
    settings = load_settings()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is said below, once and in words
    try:
        bodies = read_entries(
            sys.stdin.buffer.read(LARGEST_FILE + 1) if str(file) == "-" else file.read_bytes()
        )
        entries = admit_entries(bodies, Pseudonyms(settings.home), now=datetime.now(UTC))
    except FileNotFoundError:
        raise click.UsageError(f"{file}: no such file") from None
    except (BadYaml, BadSecret) as error:
        raise click.ClickException(f"{file}: {error}") from None
    except EntriesRefused as refused:
        for name, problem in refused.problems:
            click.echo(f"{name}: {problem}", err=True)
        raise click.ClickException("nothing was defined") from None
    try:
        asyncio.run(_append(producer_settings(settings), entries))
    except NotAcknowledged as error:
        raise click.ClickException(
            f"{error}; is Kafka up? `headwater status`. Defining again is harmless."
        ) from None
    for entry in entries:
        click.echo(f"{entry.site} {entry.kind} {entry.id}")
    click.echo(f"{len(entries)} defined", err=True)


def read_entries(content: bytes) -> list[object]:
    """A YAML file's bytes -> the entries of all its documents, in order; raises BadYaml with the line."""
    if len(content) > LARGEST_FILE:
        raise BadYaml(f"found more than {LARGEST_FILE} bytes; right would be several files")
    bodies: list[object] = []
    try:
        for document in yaml.load_all(content.decode("utf-8-sig"), Loader=CatalogLoader):
            if isinstance(document, list):
                bodies += document
            elif document is not None:
                bodies.append(document)
    except UnicodeDecodeError as error:
        raise BadYaml(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadYaml(f"line {line}: {error.problem or 'not YAML'}; quote texts that hold : or #") from None
    except (yaml.YAMLError, RecursionError, TypeError) as error:
        raise BadYaml(f"not YAML that is read here ({type(error).__name__})") from None
    if not bodies:
        raise BadYaml("found no entry; right would be site, kind, id and what they define")
    return bodies


async def _append(settings: ProducerSettings, entries: list[CatalogEntry]) -> None:
    async with appending(settings) as producer:
        await producer.append_entries(entries)


COMMANDS = {"define": define}

"""The small YAML for files whose headers or words are their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from streams.collectors.importers.cells import folded
from streams.collectors.importers.columns import SYNONYMS

LARGEST_BYTES = 256 * 1024
_KEYS = ("columns", "values", "defaults", "stages", "ignore", "sheet", "host", "delimiter", "encoding")
LOG_FIELDS = ("visitor_id",)


class BadMapping(ValueError):
    """A mapping file that cannot be used; the message names the key and what would be right."""


@dataclass(frozen=True)
class FileMapping:
    """What a mapping file says; all of it may be left out.

    columns: field -> header (for leads, `stages` adds the date columns of further stages) · values: field -> what a
    cell says, folded -> what is meant · defaults: field -> what holds where no cell says it · ignore: headers that
    are never read.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    sheet: str | None = None
    host: str | None = None
    delimiter: str | None = None
    encoding: str | None = None


def read_mapping(kind: str, raw: bytes) -> FileMapping:
    """The bytes of a mapping file -> what it says; unknown keys and fields are refused by name."""
    if len(raw) > LARGEST_BYTES:
        raise BadMapping(f"the mapping file has {len(raw):,} bytes; at most {LARGEST_BYTES:,}")
    try:
        said = yaml.load(
            raw.decode("utf-8-sig"), Loader=yaml.BaseLoader
        )  # every scalar is text: 0212345678 too
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadMapping(f"the mapping is not readable YAML: {str(error).splitlines()[0]}") from None
    if said in (None, ""):
        return FileMapping()
    if not isinstance(said, dict):
        raise BadMapping("the mapping must be a YAML object with the keys " + ", ".join(_KEYS))
    for key in said:
        check_known(str(key), _KEYS, "key")
    columns = words_of(said.get("columns"), "columns")
    fields = LOG_FIELDS if kind == "access-log" else tuple(SYNONYMS[kind])
    for name in columns:
        if not (kind == "leads" and name.startswith("at_")):
            check_known(name, fields, "field in columns")
    for stage, header in words_of(said.get("stages"), "stages").items():
        columns[f"at_{stage}"] = header
    values = {}
    for name, words in object_of(said.get("values"), "values").items():
        check_known(str(name), (*fields, "answer"), "field in values")
        values[str(name)] = {folded(cell): meant for cell, meant in words_of(words, f"values.{name}").items()}
    defaults = words_of(said.get("defaults"), "defaults")
    for name in defaults:
        check_known(name, fields, "field in defaults")
    ignore = said.get("ignore") or []
    if not isinstance(ignore, list):
        raise BadMapping("ignore must be a list of headers")
    single = {key: str(said[key]) for key in ("sheet", "host", "delimiter", "encoding") if said.get(key)}
    return FileMapping(columns, values, defaults, tuple(str(name) for name in ignore), **single)


def object_of(said: Any, where: str) -> dict[Any, Any]:
    """A value of a mapping -> the object it must be; nothing at all is an empty one."""
    if said in (None, ""):
        return {}
    if not isinstance(said, dict):
        raise BadMapping(f"{where} must be an object of `name: value` lines")
    return said


def words_of(said: Any, where: str) -> dict[str, str]:
    """A value of a mapping -> the words it must hold, each under its name."""
    words = {}
    for key, value in object_of(said, where).items():
        if isinstance(value, (dict, list)) or value is None:
            raise BadMapping(f"{where}.{key} must be one word or number")
        words[str(key)] = str(value)
    return words


def check_known(name: str, known: tuple[str, ...], what: str) -> None:
    """Refuses a name that is not on the list, with the nearest one that is."""
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise BadMapping(f"unknown {what}: '{name}'{hint} Known: {', '.join(known)}")

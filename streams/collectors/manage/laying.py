"""An entry as it is defined and what somebody changes -> the whole entry to define: an entry replaces its elder."""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.catalog import CatalogEntry
from schemas.event import to_json

_SAID_ANEW = ("defined_at", "v")


def body_of_entry(entry: CatalogEntry) -> dict[str, Any]:
    """An entry -> its fields as they are written, without when it was defined."""
    body: dict[str, Any] = orjson.loads(to_json(entry))
    return {name: value for name, value in body.items() if name not in _SAID_ANEW}


def laid_over(
    entry: CatalogEntry | None, kind: str, site: str, id: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The entry there is (None: a new one) and changed fields -> the body to define; a field of None goes away."""
    before = body_of_entry(entry) if entry is not None else {}
    body = {**before, "kind": kind, "site": site, "id": id, **changes}
    return {name: value for name, value in body.items() if value is not None}

"""An event as the archive keeps it: what it says of people who were forgotten since goes by the names of the forgotten."""

import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.reading import body_of
from streams.domain.forgetting import Forgettings

_KINDS: Final[Mapping[str, str]] = {
    **{kind: kind for kind in ("visitor_id", "session_id", "lead_id", "call_id")},
    "referrer_lead_id": "lead_id",
    "referrer_phone": "phone",
    **{
        f"{claimed}{kind}{aliases}": kind
        for kind in ("phone", "email")
        for claimed in ("", "claimed_")
        for aliases in ("", "_aliases")
    },
}
"""The fields that name people, and which kind of identifier each holds: a text, or a list of texts."""


def erased(value: bytes, at: int, forgettings: Forgettings) -> str:
    """An accepted event's bytes and its instant -> the archive's payload: the same, but for who was forgotten."""
    if not forgettings:
        return value.decode()
    body = body_of(value)
    renamed = {
        name: _named(body[name], kind, at, forgettings) for name, kind in _KINDS.items() if name in body
    }
    if isinstance(body.get("identifiers"), list):
        renamed["identifiers"] = [_listed(one, at, forgettings) for one in body["identifiers"]]
    if all(body[name] == said for name, said in renamed.items()):
        return value.decode()
    whole = json.loads(value)  # unlike the quicker reading it keeps every digit of a long number
    return json.dumps(whole | renamed, ensure_ascii=False, separators=(",", ":"))


def _named(said: Any, kind: str, at: int, forgettings: Forgettings) -> Any:
    if isinstance(said, list):
        named = [_named(one, kind, at, forgettings) for one in said]
        return said if named == said else list(dict.fromkeys(named))
    if not isinstance(said, str):
        return said
    return forgettings.written_name(f"{kind}:{said}", at).removeprefix(f"{kind}:")


def _listed(one: Any, at: int, forgettings: Forgettings) -> Any:
    if not isinstance(one, dict):
        return one
    return {kind: _named(said, kind, at, forgettings) for kind, said in one.items()}

"""The schemas and what each door says of itself -> the OpenAPI description of the collector, with examples."""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

from schemas.event import EVENT_TYPES

_PARAMETER = re.compile(r"{(\w+)}")
_AS_TYPED = {"phone": "010-1234-5678", "email": "name@example.kr"}
_BY_THE_DOOR = (
    "received_at",
    "bot",
    "phone_aliases",
    "email_aliases",
    *(f"claimed_{name}" for name in _AS_TYPED),
)


class Route(NamedTuple):
    """A route of the collector: its method, its path, and the first line that is said of it."""

    method: str
    path: str
    told: str


def openapi(parts: Iterable[Mapping[str, Any]] = (), routes: Iterable[Route] = ()) -> dict[str, Any]:
    """The doors' own paths and all routes -> OpenAPI 3.1; a route that no door describes gets its first line."""
    paths: dict[str, dict[str, Any]] = {}
    for part in (_PATHS, *parts):
        for path, methods in part.items():
            paths.setdefault(path, {}).update(methods)
    for method, path, told in routes:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PARAMETER.findall(path)
        ]
        stub = {"summary": told or path, "responses": {"default": {"description": "what it says"}}}
        paths.setdefault(path, {}).setdefault(
            method.lower(), stub | ({"parameters": parameters} if parameters else {})
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "headwater collector", "version": "1", "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "query", "name": "key"},
            },
        },
    }


def example_of(event_type: str) -> dict[str, Any]:
    """An event type -> an event of it as a sender says it: phone and e-mail as typed, nothing that the door adds."""
    file = files("schemas") / "examples" / event_type / "v1" / "minimal.json"
    event: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name in (*_BY_THE_DOOR, "v"):
        event.pop(name, None)
    for name in ("phone", "email", "referrer_phone"):
        if name in event:
            event[name] = _AS_TYPED[name.removeprefix("referrer_")]
    if "identifiers" in event:
        event["identifiers"] = [
            {name: _AS_TYPED.get(name, value) for name, value in one.items()} for one in event["identifiers"]
        ]
    return event


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model in EVENT_TYPES.values():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        for name in _BY_THE_DOOR:
            schema["properties"].pop(name, None)
        schema["required"] = sorted({*schema.get("required", []), "type"})
        schema["additionalProperties"] = False
        schemas[model.__name__] = schema
    schemas["AnyEvent"] = {
        "oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in EVENT_TYPES.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                name: f"#/components/schemas/{model.__name__}" for name, model in EVENT_TYPES.items()
            },
        },
    }
    schemas["Outcome"] = _OUTCOME
    return schemas


_DESCRIPTION = (
    "Answers 202 only once every accepted event is safe: acknowledged by the log (all in-sync replicas) or, while"
    " the log is away, fsynced here (`durability: spool`). Sending the same"
    " event_id again is harmless: send again after 408, 429, 5xx or no answer. Phones and e-mails become"
    " pseudonyms at this door; URLs keep only campaign parameters. A browser key sends the touches of its"
    " own visitor; a phone it gives is kept as a claim that joins nobody until a server says it."
)
_ANSWERS = {
    "202": "At least one event was accepted or is known already; all accepted ones are acknowledged",
    "400": "Nothing was accepted: malformed, or every event was refused",
    "401": "No active key",
    "403": "The key may not say any of this, or not from this origin",
    "408": "The body came too slowly",
    "413": "More than 1 MiB inflated, or more than 500 events",
    "415": "Another content type or encoding",
    "429": "Too many; see Retry-After",
    "503": "Neither log nor spool could take it; nothing may be taken as recorded: send the same events again",
}
_OUTCOME = {
    "type": "object",
    "required": ["accepted", "duplicate", "rejected"],
    "properties": {
        "durability": {"type": "string", "enum": ["spool"], "description": "only when the log is away"},
        "accepted": {"type": "array", "items": {"type": "string"}},
        "duplicate": {"type": "array", "items": {"type": "string"}},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "event_id", "problems"],
                "properties": {
                    "index": {"type": ["integer", "null"]},
                    "event_id": {"type": ["string", "null"]},
                    "problems": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "found", "fix"],
                            "properties": {
                                "field": {"type": "string"},
                                "found": {"type": "string"},
                                "fix": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    },
}


def _answer(told: str) -> dict[str, Any]:
    return {
        "description": told,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outcome"}}},
    }


_EVENT = {"$ref": "#/components/schemas/AnyEvent"}
_PATHS: dict[str, Any] = {
    "/v1/events": {
        "post": {
            "summary": "Record one event, or up to 500",
            "security": [{"bearer": []}, {"browser": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT, "maxItems": 500}]},
                        "examples": {name: {"value": example_of(name)} for name in EVENT_TYPES},
                    },
                    "application/x-ndjson": {"schema": _EVENT},
                },
            },
            "responses": {code: _answer(told) for code, told in _ANSWERS.items()},
        }
    },
    "/health": {"get": {"summary": "The process runs", "responses": {"200": {"description": "yes"}}}},
    "/ready": {
        "get": {
            "summary": "Events can be made safe, in the log or in the spool",
            "responses": {
                "200": {
                    "description": "yes",
                    "content": {"application/json": {"example": {"status": "ready", "log": "reachable"}}},
                },
                "503": {"description": "no, and why"},
            },
        }
    },
    "/metrics": {"get": {"summary": "Prometheus metrics", "responses": {"200": {"description": "text"}}}},
    "/openapi.json": {"get": {"summary": "This page", "responses": {"200": {"description": "JSON"}}}},
}

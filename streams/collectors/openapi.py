"""The schemas -> the OpenAPI description of the HTTP door; generated, so that it agrees with them."""

from typing import Any

from schemas.event import EVENT_TYPES


def openapi() -> dict[str, Any]:
    """Every event type and every answer of `POST /v1/events`, as OpenAPI 3.1."""
    schemas: dict[str, Any] = {}
    for model in EVENT_TYPES.values():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schema["properties"].pop("received_at", None)
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
    event = {"$ref": "#/components/schemas/AnyEvent"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "headwater collector", "version": "1", "description": _DESCRIPTION},
        "paths": {
            "/v1/events": {
                "post": {
                    "summary": "Record one event, or up to 500",
                    "security": [{"bearer": []}, {"browser": []}],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {
                                    "oneOf": [event, {"type": "array", "items": event, "maxItems": 500}]
                                }
                            },
                            "application/x-ndjson": {"schema": event},
                        },
                    },
                    "responses": {code: _answer(told) for code, told in _ANSWERS.items()},
                }
            },
            "/health": {"get": {"summary": "The process runs", "responses": {"200": {"description": "yes"}}}},
            "/ready": {
                "get": {
                    "summary": "Posts can be acknowledged",
                    "responses": {"200": {"description": "yes"}, "503": {"description": "no, and why"}},
                }
            },
            "/metrics": {
                "get": {"summary": "Prometheus counters", "responses": {"200": {"description": "text"}}}
            },
            "/openapi.json": {"get": {"summary": "This page", "responses": {"200": {"description": "JSON"}}}},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "query", "name": "key"},
            },
        },
    }


_DESCRIPTION = (
    "Answers 202 only once the log acknowledged every accepted event (all in-sync replicas). Sending the same"
    " event_id again is harmless: send again after 408, 429, 5xx or no answer. Phones and e-mails become"
    " pseudonyms at this door; URLs keep only campaign parameters. A browser key sends the touches of its"
    " own visitor; a phone it gives is kept as a claim and joins nobody."
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
    "503": "The log did not confirm; nothing may be taken as recorded: send the same events again",
}
_OUTCOME = {
    "type": "object",
    "required": ["accepted", "duplicate", "rejected"],
    "properties": {
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

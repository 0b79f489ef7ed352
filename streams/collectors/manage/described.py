"""The manage page's API as OpenAPI describes it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.collectors.sign_in import OWN_PAGE_PARAMETER

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "maxLength": 500}
_SLUG: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}
_DAY: Final[Schema] = {"type": "string", "format": "date"}
_MONTH: Final[Schema] = {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 10**12}
_YES: Final[Schema] = {"type": "boolean"}
_WAS: Final[Schema] = {
    "type": "string",
    "description": "`was` of the entry as it was read; 409 where somebody changed it meanwhile",
}
_KINDS: Final = ["access-log", "calls", "asterisk", "leads", "messages", "payments", "spend",
          "search-queries", "search-volumes", "measures"]  # fmt: skip
_STANDS_FOR: Final[Mapping[str, Schema]] = {
    "channel": _SLUG,
    "placement": {"type": "string", "maxLength": 120},
    "campaign": {"type": "string", "maxLength": 128},
    "branch": _SLUG,
    "keyword": {"type": "string", "maxLength": 120},
    "from": _DAY,
    "to": _DAY,
}
_LABEL: Final[Schema] = {"type": "string", "maxLength": 60}
_BUTTON: Final[dict[str, Schema]] = {
    "label": {"oneOf": [_LABEL, {"type": "object", "properties": {"ko": _LABEL, "en": _LABEL}}]},
    "channel": _SLUG,
}
_AUDIT: Final[Schema] = {
    "type": "object",
    "required": ["rows"],
    "properties": {
        "rows": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "minimum": 0, "maximum": 10_000_000},
                    **{name: _TEXT for name in ("name", "monthly_cost", "placement", "branch", "link")},
                    "way": {"enum": ["print", "link", "told"]},
                },
            },
        },
        "home_page": {"type": "string", "maxLength": 2048},
        "first_month": _MONTH,
        "months": {"type": "integer", "minimum": 1, "maximum": 24},
    },
    "example": {
        "rows": [{"name": "네이버 블로그", "monthly_cost": "600,000", "placement": "공식 블로그 글 아래"}],
        "home_page": "https://www.example.kr/",
        "first_month": "2026-03",
        "months": 12,
    },
}


def _object(properties: Mapping[str, Schema], required: Sequence[str], example: Mapping[str, Any]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "example": dict(example),
    }


_REFUSALS: Final = {
    "401": "nobody signed in",
    "403": "another role, or not from a page of this host",
    "429": "too often; see Retry-After",
}
_CHANGES: Final = {
    "400": "not what the page sends",
    "409": "somebody changed it meanwhile",
    "413": "too large",
    "415": "another content type",
    "422": "readable, and not to be done: each problem says field, found and fix",
    "503": "nothing was changed: try again later",
}


def _answers(told: str, more: Mapping[str, str] = {}) -> Schema:
    return {
        status: {"description": text} for status, text in sorted({"200": told, **_REFUSALS, **more}.items())
    }


def _read(summary: str, told: str, parameters: Sequence[Schema] = ()) -> Schema:
    return {
        "get": {"summary": summary, "parameters": list(parameters), "responses": _answers(told, _SEEN)},
    }


_SEEN: Final = {"400": "a question that is none", "404": "none of this site", "409": "no public address"}


def _change(summary: str, schema: Schema, told: str) -> Schema:
    return {
        "post": {
            "summary": summary,
            "parameters": [OWN_PAGE_PARAMETER],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": _answers(told, {**_CHANGES, "404": "none of this site"}),
        }
    }


def _file(summary: str, told: str, parameters: Sequence[Schema]) -> Schema:
    body = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "post": {
            "summary": summary,
            "parameters": [OWN_PAGE_PARAMETER, *parameters],
            "requestBody": {"required": True, "content": body},
            "responses": _answers(told, {**_CHANGES, "408": "the file came too slowly"}),
        }
    }


def _query(name: str, schema: Schema, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema}


_OF_A_FILE: Final = (
    _query("kind", {"enum": _KINDS}, required=True),
    _query("name", {"type": "string"}),
    _query("branch", _SLUG),
    _query("host", {"type": "string"}),
    _query("number", {"type": "string"}),
    _query("since", _DAY),
    _query("until", _DAY),
    _query("engine", {"enum": ["google", "naver", "other"]}),
)
OPENAPI: Final[dict[str, Any]] = {
    "/manage/api/overview": _read("The business, and what the person may do", "names, channels, menu"),
    "/manage/api/audit/template.xlsx": _read("The audit's sheet to fill in", "XLSX"),
    "/manage/api/audit/sheet": _file(
        "A filled sheet -> its lines as texts", "the lines", (_query("name", {"type": "string"}),)
    ),
    "/manage/api/audit/preview": _change("What confirming would do", _AUDIT, "rows, refused, menu, months"),
    "/manage/api/audit/confirm": _change(
        "Channels, links, codes and menu defined, months' costs recorded", _AUDIT, "what there is now"
    ),
    "/manage/api/spend": {
        **_read(
            "Each channel's cost of each month",
            "months and lines",
            (_query("from", _MONTH), _query("months", {"type": "integer", "minimum": 1, "maximum": 36})),
        ),
        **_change(
            "Corrected cells",
            _object(
                {
                    "cells": {
                        "type": "array",
                        "maxItems": 2_000,
                        "items": {
                            "type": "object",
                            "required": ["month", "channel", "amount"],
                            "properties": {
                                "month": _MONTH,
                                "channel": _SLUG,
                                "branch": _SLUG,
                                "amount": {"type": "integer", "minimum": -(10**12), "maximum": 10**12},
                            },
                        },
                    }
                },
                ["cells"],
                {"cells": [{"month": "2026-03", "channel": "naver_blog", "amount": 600_000}]},
            ),
            "how many were recorded",
        ),
    },
    "/manage/api/spend.xlsx": _read("The grid as a sheet", "XLSX"),
    "/manage/api/campaigns": {
        **_read("Every campaign", "campaigns, with what was spent"),
        **_change(
            "A campaign, new without an id",
            _object(
                {
                    "id": {"type": "string", "maxLength": 128},
                    "was": _WAS,
                    "name": {"type": "string", "maxLength": 128},
                    "channel": _SLUG,
                    "branch": _SLUG,
                    "budget": _WHOLE,
                    "starts_on": _DAY,
                    "ends_on": _DAY,
                    "goal_metric": _SLUG,
                    "goal_count": _WHOLE,
                    "utm_campaign": {"type": "array", "maxItems": 50, "items": _TEXT},
                },
                ["name"],
                {
                    "name": "봄 상담",
                    "channel": "naver_blog",
                    "budget": 800_000,
                    "starts_on": "2026-03-01",
                    "ends_on": "2026-03-31",
                    "goal_metric": "registration",
                    "goal_count": 12,
                    "utm_campaign": ["spring"],
                },
            ),
            "the campaign",
        ),
    },
    "/manage/api/places": _read("Every code and number, and what each stood for when", "codes, numbers"),
    "/manage/api/codes": _change(
        "A code's target, name, end or switch; a new code without an id",
        _object(
            {
                "id": {"type": "string", "maxLength": 64},
                "was": _WAS,
                "name": {"type": "string", "maxLength": 128},
                "destination": {"type": "string", "maxLength": 2048},
                "expires_on": _DAY,
                "disabled": _YES,
                **_STANDS_FOR,
            },
            [],
            {"destination": "https://www.example.kr/", "channel": "flyers", "placement": "정문 앞"},
        ),
        "the code",
    ),
    "/manage/api/codes/{code}.{form}": _read(
        "A code's symbol",
        "PNG or SVG",
        [
            {"name": name, "in": "path", "required": True, "schema": schema}
            for name, schema in (("code", {"type": "string"}), ("form", {"enum": ["png", "svg"]}))
        ],
    ),
    "/manage/api/codes.pdf": _read(
        "The codes in use, for the printer", "PDF", (_query("language", {"enum": ["ko", "en"]}),)
    ),
    "/manage/api/numbers": _change(
        "A telephone number of the business",
        _object(
            {
                "number": {"type": "string", "maxLength": 32},
                "name": {"type": "string", "maxLength": 128},
                "pool": _YES,
                "fallback": _YES,
                **_STANDS_FOR,
            },
            ["number"],
            {"number": "02-555-0101", "channel": "naver_place", "from": "2026-03-01"},
        ),
        "the number",
    ),
    "/manage/api/assignments": _change(
        "What a code or number stands for from when; days that are taken are refused",
        _object(
            {
                "kind": {"enum": ["qr_code", "tracking_number"]},
                "id": {"type": "string", "maxLength": 64},
                "was": _WAS,
                "ends_previous": _YES,
                "remove": {"type": "string", "description": "id of the assignment that goes"},
                **_STANDS_FOR,
            },
            ["kind", "id"],
            {
                "kind": "tracking_number",
                "id": "+8225550101",
                "channel": "flyers",
                "from": "2026-06-01",
                "ends_previous": True,
            },
        ),
        "the code or number",
    ),
    "/manage/api/menu": _change(
        "The desk's buttons in their order",
        _object(
            {
                "menu": {
                    "type": "array",
                    "maxItems": 50,
                    "items": {
                        "type": "object",
                        "required": ["label"],
                        "properties": {
                            **_BUTTON,
                            "which": {
                                "type": "array",
                                "maxItems": 50,
                                "items": {
                                    "type": "object",
                                    "required": ["label", "channel"],
                                    "properties": _BUTTON,
                                },
                            },
                        },
                    },
                },
                "was": _WAS,
            },
            ["menu"],
            {
                "menu": [
                    {"label": "전단지", "channel": "flyers"},
                    {
                        "label": {"ko": "인터넷", "en": "The internet"},
                        "which": [{"label": "블로그", "channel": "naver_blog"}],
                    },
                ]
            },
        ),
        "the menu",
    ),
    "/manage/api/links.xlsx": _read("Every place's links as a sheet", "XLSX"),
    "/manage/api/files/preview": _file("What taking the file in would do", "counts, refused", _OF_A_FILE),
    "/manage/api/files/take": _file(
        "The previewed file, taken in",
        "what became of it",
        (*_OF_A_FILE, _query("sha256", {"type": "string", "pattern": "^[0-9a-f]{64}$"}, required=True)),
    ),
    "/manage/api/files/refused.xlsx": _change(
        "Refused lines as a sheet",
        _object(
            {
                "refused": {
                    "type": "array",
                    "maxItems": 1_000,
                    "items": {
                        "type": "object",
                        "properties": {
                            "line": {"type": "integer", "minimum": 0, "maximum": 10**9},
                            **{
                                name: {"type": "string", "maxLength": 200}
                                for name in ("column", "found", "fix")
                            },
                        },
                    },
                }
            },
            ["refused"],
            {"refused": [{"line": 3, "column": "월", "found": "nothing", "fix": "a month like 2026-03"}]},
        ),
        "XLSX",
    ),
    "/manage/api/keys": {
        **_read("People's keys, never their text", "keys"),
        **_change(
            "A new key of a person; its text is in this answer alone",
            _object(
                {
                    "role": {"enum": ["owner", "desk", "analyst"]},
                    "label": {"type": "string", "maxLength": 40},
                },
                ["role"],
                {"role": "desk", "label": "창구 1"},
            ),
            "the key and its text",
        ),
    },
    "/manage/api/keys/end": _change(
        "A person's key ends at once",
        _object({"id": {"type": "string", "maxLength": 32}}, ["id"], {"id": "0123456789ab"}),
        "the key",
    ),
}

"""The figures of a report as the JSON that is kept of them, and what is the same of the same figures."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana.reports.report import Figures
from streams.kept_reports import FIGURES


def as_json(figures: Figures, revision: int, made_at: str) -> bytes:
    """Figures -> the JSON that is kept of them."""
    return json.dumps(
        {
            "kind": figures.kind,
            "site": figures.site,
            "period": figures.period,
            "revision": revision,
            "made_at": made_at,
            "digest": digest(figures),
            **_body(figures),
        },
        ensure_ascii=False,
        indent=1,
        allow_nan=False,
    ).encode()


def digest(figures: Figures) -> str:
    """Figures -> what is the same for the same figures, whenever and in whatever order they were asked."""
    text = json.dumps(
        _body(figures), ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def read_figures(path: Path) -> tuple[Figures, str, str]:
    """A revision's folder -> its figures, when it was made, and their digest."""
    told = json.loads((path / FIGURES).read_text(encoding="utf-8"))
    parts = (_read(told[name]) for name in ("parameters", "answers", "worked"))
    return Figures(told["kind"], told["site"], told["period"], *parts), told["made_at"], told["digest"]


def _body(figures: Figures) -> dict[str, Any]:
    return {
        "parameters": _written(figures.parameters),
        "answers": _written(figures.answers),
        "worked": _written(figures.worked),
    }


def _written(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}  # JSON has none of these
    if isinstance(value, Mapping):
        return {str(name): _written(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(one) for one in value]
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"}:
            return float(value["float"])
        return {name: _read(one) for name, one in value.items()}
    return [_read(one) for one in value] if isinstance(value, list) else value

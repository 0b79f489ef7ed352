"""Charts as inline SVG: text and attributes only, no style, no script, nothing from elsewhere."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from grafana.panel import Unit
from grafana.words import Language
from grafana.writing import in_unit, safe, short_number

PALETTE: Final = (
    "#2f6fb7", "#e08a2c", "#3f9d5a", "#b5467a", "#7a63b8", "#2aa1a1",
    "#b89b1d", "#8c5a3c", "#5b7c99", "#d0564f", "#6b8e23", "#9a9a9a",
)  # fmt: skip
_GRID: Final = "#e3e6ea"
_INK: Final = "#3b4351"
_PALE: Final = "#7b8494"


class Series(NamedTuple):
    """One line of values over the categories of a chart; None where there is none."""

    name: str
    values: Sequence[float | None]
    colour: int | None = None

    def colour_at(self, place: int) -> int:
        """Its own colour, else that of its place."""
        return place if self.colour is None else self.colour


def columns_chart(
    days: Sequence[str],
    series: Sequence[Series],
    unit: Unit,
    language: Language,
    *,
    width: int,
    stacked: bool,
    marks: Sequence[tuple[str, str]] = (),
) -> str:
    """Values over time as columns, on top of each other or side by side; `marks` are days with what happened then."""
    height, left, right, top, bottom = 260, 64, 8, 10, 26
    totals = [
        (sum if stacked else max)([one.values[number] or 0 for one in series] or [0])
        for number in range(len(days))
    ]
    ticks = _ticks(max(totals, default=0))
    scale = (height - top - bottom) / ticks[-1]
    slot = (width - left - right) / max(len(days), 1)
    parts = [_grid(ticks, scale, height - bottom, left, width - right, unit, language)]
    every = max(1, math.ceil(len(days) * 64 / (width - left - right)))
    for number, day in enumerate(days):
        x = left + number * slot
        if number % every == 0:
            parts.append(_text(x + slot / 2, height - 8, day[5:] if len(days) > 1 else day, "middle", _PALE))
        base, thin = 0.0, slot * 0.8 / (1 if stacked else max(len(series), 1))
        for place, one in enumerate(series):
            value = one.values[number]
            if not value or not math.isfinite(value):
                continue
            at = x + slot * 0.1 + (0 if stacked else place * thin)
            y = height - bottom - (base + value) * scale
            told = f"{day} · {one.name}: {in_unit(value, unit, language)}"
            parts.append(_bar(at, y, max(thin, 1), value * scale, _colour(one.colour_at(place)), told))
            base += value if stacked else 0
    for day, told in marks:
        place = sum(one <= day for one in days) - 1
        if place >= 0:
            x = left + (place + 0.5) * slot
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - bottom}" stroke="{_INK}" stroke-dasharray="4 3">'
                f"<title>{safe(f'{day} {told}')}</title></line>"
            )
            before = x > width * 0.75
            at, anchor = (x - 4, "end") if before else (x + 4, "start")
            parts.append(_text(at, top + 10, _shortened(told, 16), anchor, _INK, title=f"{day} {told}"))
    return _svg(width, height, parts)


def bars_chart(
    names: Sequence[str],
    series: Sequence[Series],
    unit: Unit,
    language: Language,
    *,
    width: int,
    stacked: bool = False,
) -> str:
    """Values of each name as horizontal bars; a negative one goes to the left of the zero line."""
    values = [value for one in series for value in one.values if value is not None and math.isfinite(value)]
    if stacked:
        values = [sum(one.values[number] or 0 for one in series) for number in range(len(names))]
    most, least = max([*values, 0]), min([*values, 0])
    left, right, thick = min(190, max(width // 4, 110)), 76, 14
    room = max(len(series), 1) if not stacked else 1
    slot = room * (thick + 3) + 12
    height = slot * len(names) + 8
    scale = (width - left - right) / ((most - least) or 1)
    zero = left - least * scale
    parts = [f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}" stroke="{_GRID}"/>']
    for number, name in enumerate(names):
        y = number * slot + 8
        middle = y + (slot - 12) / 2 + 4
        parts.append(_text(left - 8, middle, _shortened(name, left // 9), "end", _INK, title=name))
        base = 0.0
        for place, one in enumerate(series):
            value = one.values[number]
            if value is None or not math.isfinite(value):
                continue
            at = y + (0 if stacked else place * (thick + 3))
            start = zero + (base if value >= 0 else value) * scale
            told = f"{name} · {one.name}: {in_unit(value, unit, language)}"
            parts.append(
                _bar(start, at, max(abs(value) * scale, 1), thick, _colour(one.colour_at(place)), told)
            )
            base += value if stacked else 0
            if not stacked:
                end = zero + max(value, 0) * scale + 6
                parts.append(_text(end, at + 11, short_number(value, unit, language), "start", _INK))
        if stacked and base:
            parts.append(
                _text(zero + base * scale + 6, middle, short_number(base, unit, language), "start", _INK)
            )
    return _svg(width, height, parts)


class Node(NamedTuple):
    """A node of a graph: where it stands in the line, its name, and how much passes."""

    key: str
    step: int
    name: str
    size: float
    told: str


class Edge(NamedTuple):
    """So much goes from one node to another."""

    source: str
    target: str
    size: float
    told: str = ""


def graph_chart(nodes: Sequence[Node], edges: Sequence[Edge], *, width: int) -> str:
    """A graph in layers, from left to right; the thicker, the more pass."""
    layers: dict[int, list[Node]] = {}
    for node in sorted(nodes, key=lambda one: (one.step, -one.size, one.name)):
        layers.setdefault(node.step, []).append(node)
    order = sorted(layers)
    tallest = max((len(layer) for layer in layers.values()), default=1)
    height = max(tallest * 52 + 20, 160)
    apart = (width - 200) / max(len(order) - 1, 1)
    most = max([node.size for node in nodes] or [1]) or 1
    places: dict[str, tuple[float, float]] = {}
    for number, step in enumerate(order):
        gap = height / (len(layers[step]) + 1)
        for place, node in enumerate(layers[step]):
            places[node.key] = (40 + number * apart, gap * (place + 1))
    parts = []
    for edge in sorted(edges, key=lambda one: one.size):
        if edge.source not in places or edge.target not in places:
            continue
        (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
        bend = (x2 - x1) / 2
        thick = 1 + 12 * edge.size / most
        parts.append(
            f'<path d="M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"'
            f' fill="none" stroke="#9db7d5" stroke-opacity="0.55" stroke-width="{thick:.1f}">'
            f"<title>{safe(f'{edge.size:,.0f} {edge.told}'.strip())}</title></path>"
        )
    for node in nodes:
        x, y = places[node.key]
        radius = 5 + 12 * math.sqrt(node.size / most)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{PALETTE[0]}"><title>{safe(node.told)}</title></circle>'
        )
        parts.append(_text(x + radius + 5, y - 1, _shortened(node.name, 16), "start", _INK, title=node.told))
        parts.append(_text(x + radius + 5, y + 13, f"{node.size:,.0f}", "start", _PALE))
    return _svg(width, height, parts)


def swatch(number: int) -> str:
    """The colour of a series, for a legend."""
    return f'<svg width="10" height="10" viewBox="0 0 10 10"><rect width="10" height="10" rx="2" fill="{_colour(number)}"/></svg>'


def cell_bar(share: float) -> str:
    """A share of the greatest of a column -> a small bar."""
    return (
        '<svg class="cellbar" width="60" height="8" viewBox="0 0 60 8">'
        f'<rect width="60" height="8" fill="#eef1f5"/><rect width="{60 * min(max(share, 0), 1):.1f}" height="8" fill="#8fb3dc"/></svg>'
    )


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _shortened(text: str, letters: int) -> str:
    wide = 0
    for number, letter in enumerate(text):
        wide += 2 if ord(letter) > 0x1100 else 1
        if wide > letters * 1.25:
            return text[: max(number - 1, 1)] + "…"
    return text


def _ticks(most: float) -> list[float]:
    """The greatest value -> round marks from 0 to at least it."""
    if most <= 0:
        return [0, 1]
    raw = most / 4
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def _grid(
    ticks: Sequence[float],
    scale: float,
    floor: float,
    left: float,
    right: float,
    unit: Unit,
    language: Language,
) -> str:
    parts = []
    for tick in ticks:
        y = floor - tick * scale
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GRID}"/>')
        parts.append(_text(left - 6, y + 4, short_number(tick, unit, language), "end", _PALE))
    return "".join(parts)


def _bar(x: float, y: float, width: float, height: float, colour: str, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">'
        f"<title>{safe(told)}</title></rect>"
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str, *, title: str = "") -> str:
    more = f"<title>{safe(title)}</title>" if title and title != text else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="11" stroke="#fff"'
        f' stroke-width="3" stroke-linejoin="round" paint-order="stroke">{more}{safe(text)}</text>'
    )


def _svg(width: int, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height:.0f}" role="img" preserveAspectRatio="xMinYMin meet">'
        + "".join(parts)
        + "</svg>"
    )

"""A link -> its QR symbol: as PNG, as SVG, as squares for a page. Error level M, a margin of four modules."""

import io
from collections.abc import Iterator
from typing import Final, NamedTuple

import qrcode
from qrcode.constants import ERROR_CORRECT_M

MARGIN: Final = 4
_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}mm" height="{side}mm"'
    ' shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
    '<path fill="#000" d="{path}"/></svg>\n'
)


class Run(NamedTuple):
    """Dark modules side by side: where they begin, in which row, how many; the margin is counted in."""

    left: int
    top: int
    width: int


def modules(link: str) -> list[list[bool]]:
    """A link -> its symbol by rows, dark is true, margin included."""
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=MARGIN)
    symbol.add_data(link)
    symbol.make(fit=True)
    rows: list[list[bool]] = symbol.get_matrix()
    return rows


def runs(link: str) -> tuple[int, list[Run]]:
    """A link -> how many modules wide its symbol is with its margin, and the dark ones."""
    rows = modules(link)
    return len(rows), [run for top, row in enumerate(rows) for run in _runs_of(top, row)]


def png(link: str, *, pixels_a_module: int = 16) -> bytes:
    """A link -> a PNG of two colours."""
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=MARGIN, box_size=pixels_a_module)
    symbol.add_data(link)
    symbol.make(fit=True)
    content = io.BytesIO()
    symbol.make_image().save(content)
    return content.getvalue()


def svg(link: str) -> str:
    """A link -> an SVG of two shapes, one module a millimetre: it scales without loss."""
    side, dark = runs(link)
    path = "".join(f"M{run.left} {run.top}h{run.width}v1h-{run.width}z" for run in dark)
    return _SVG.format(side=side, path=path)


def _runs_of(top: int, row: list[bool]) -> Iterator[Run]:
    left = 0
    while left < len(row):
        if not row[left]:
            left += 1
            continue
        end = left
        while end < len(row) and row[end]:
            end += 1
        yield Run(left, top, end - left)
        left = end

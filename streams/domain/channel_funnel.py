"""What each channel did on each local day: sums of integers, kept as touches, calls and conversions come and go.

One cell is (day, branch, channel, campaign). Its values: visits, scans, calls, then for each of inquiries, consults,
registrations, re-registrations (parts), revenue and cash (won) one a model, in the order of `attribution.MODELS`.
"""

from collections.abc import Sequence
from typing import Final

from streams.domain.attribution import MODELS
from streams.domain.conversions import CONSULT, INQUIRY, RE_REGISTRATION, REGISTRATION, Conversion

Key = tuple[int, str, str, str]
Cell = list[int]

VISITS: Final = 0
SCANS: Final = 1
CALLS: Final = 2
WIDTH: Final = len(MODELS)
STAGES: Final = {
    INQUIRY: 3,
    CONSULT: 3 + WIDTH,
    REGISTRATION: 3 + 2 * WIDTH,
    RE_REGISTRATION: 3 + 3 * WIDTH,
}
REVENUE: Final = 3 + 4 * WIDTH
CASH: Final = 3 + 5 * WIDTH
SIZE: Final = 3 + 6 * WIDTH
_MODELS: Final = range(WIDTH)


class ChannelFunnel:
    """The cells of one site, and which of them changed since they were last taken."""

    def __init__(self) -> None:
        self.cells: dict[Key, Cell] = {}
        self.changed: set[Key] = set()

    def count(self, key: Key, what: int, by: int) -> None:
        """Add to a plain count of a cell."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * SIZE
        cell[what] += by
        self.changed.add(key)

    def pour(self, key: Key, what: int, amounts: Sequence[int]) -> None:
        """Add to values of a cell that follow each other."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * SIZE
        for index, amount in enumerate(amounts, what):
            cell[index] += amount
        self.changed.add(key)

    def add(self, conversion: Conversion, sign: int) -> None:
        """Add (sign 1) or take back (−1) a conversion: its stage on its day, revenue on it too, cash when paid."""
        stage = STAGES.get(conversion.stage)
        paid = conversion.paid
        if stage is None and not paid:
            return
        first, last, linear, decay, position = conversion.credit
        day, branch = conversion.day, conversion.branch
        cells, changed = self.cells, self.changed
        for index, step in enumerate(conversion.path):
            if stage is not None:
                key = (day, branch, step.channel, step.campaign)
                cell = cells.get(key)
                if cell is None:
                    cell = cells[key] = [0] * SIZE
                changed.add(key)
                cell[stage] += sign * first[index]
                cell[stage + 1] += sign * last[index]
                cell[stage + 2] += sign * linear[index]
                cell[stage + 3] += sign * decay[index]
                cell[stage + 4] += sign * position[index]
            for one in paid:
                splits = one.splits
                if one.in_revenue:
                    self._money((day, branch, step.channel, step.campaign), REVENUE, splits, index, sign)
                self._money((one.day, branch, step.channel, step.campaign), CASH, splits, index, sign)

    def _money(self, key: Key, what: int, splits: tuple[tuple[int, ...], ...], index: int, sign: int) -> None:
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * SIZE
        self.changed.add(key)
        for model in _MODELS:
            cell[what + model] += sign * splits[model][index]

    def take(self) -> dict[Key, Cell | None]:
        """The changed cells, None where nothing is left; a cell that is all zero ceases to be."""
        taken: dict[Key, Cell | None] = {}
        for key in self.changed:
            cell = self.cells.get(key)
            if cell is not None and not any(cell):
                del self.cells[key]
                cell = None
            taken[key] = cell
        self.changed = set()
        return taken

"""Campaign windows: budget, goal, and what the campaign did inside its days, by event time."""

from collections.abc import Mapping
from typing import NamedTuple

from streams.domain.catalog import Campaign, SiteCatalog
from streams.domain.channel_funnel import SIZE, Cell, Key
from streams.domain.spend import MARKETING, SpendRow, spent_in


class CampaignRow(NamedTuple):
    """A campaign as defined, won spent in its window, and the sum of its funnel cells there."""

    campaign: Campaign
    spent: int
    results: tuple[int, ...]


class CampaignWindows:
    """Sums per campaign of one site, moved by the difference of each changed cell."""

    def __init__(self) -> None:
        self.campaigns: dict[str, Campaign] = {}
        self._results: dict[str, list[int]] = {}
        self._counted: dict[Key, tuple[int, ...]] = {}
        self._spends: dict[str, dict[str, SpendRow]] = {}
        self.changed: set[str] = set()

    def define(self, catalog: SiteCatalog, cells: Mapping[Key, Cell]) -> None:
        """Begin anew with a catalog's campaigns over all cells."""
        self.changed |= set(self.campaigns) | set(catalog.campaigns)
        self.campaigns = dict(catalog.campaigns)
        self._results = {id: [0] * SIZE for id in self.campaigns}
        self._counted = {}
        if self.campaigns:
            for key, cell in cells.items():
                self.move(key, cell)

    def move(self, key: Key, cell: Cell | None) -> None:
        """Take a changed cell into the window it falls in."""
        campaign = self.campaigns.get(key[3])
        if campaign is None:
            return
        day = key[0]
        if campaign.starts_on is not None and day < campaign.starts_on:
            return
        if campaign.ends_on is not None and day > campaign.ends_on:
            return
        results = self._results[campaign.id]
        before = self._counted.pop(key, None)
        if before is not None:
            for index, value in enumerate(before):
                results[index] -= value
        if cell is not None:
            for index, value in enumerate(cell):
                results[index] += value
            self._counted[key] = tuple(cell)
        self.changed.add(campaign.id)

    def spend(self, old: SpendRow | None, new: SpendRow | None) -> None:
        """A spend changed."""
        for row, present in ((old, False), (new, True)):
            if row is None or not row.campaign:
                continue
            held = self._spends.setdefault(row.campaign, {})
            if present:
                held[row.spend_id] = row
            else:
                held.pop(row.spend_id, None)
            self.changed.add(row.campaign)

    def take(self) -> dict[str, CampaignRow | None]:
        """The changed campaigns, None for one that is no longer defined."""
        taken: dict[str, CampaignRow | None] = {}
        for id in self.changed:
            campaign = self.campaigns.get(id)
            if campaign is None:
                taken[id] = None
                continue
            spent = sum(
                spent_in(row, campaign.starts_on, campaign.ends_on)
                for row in self._spends.get(id, {}).values()
                if row.kind in MARKETING
            )
            taken[id] = CampaignRow(campaign, spent, tuple(self._results[id]))
        self.changed = set()
        return taken

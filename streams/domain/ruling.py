"""What a replay rules otherwise than the sites do: settings of credit, definitions, and which events count at all."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.catalog import CatalogEntry

Defined = tuple[CatalogEntry, bytes]  # an entry and its canonical bytes


class Ruling(NamedTuple):
    """Stands above what the sites set; None or empty: as they have it.

    `windows` are days per stage. `rules` are entries newer than any of the log, `catalog` the only ones there are.
    `since` and `until` are inclusive local days: an event outside of them is not in the set. A site's day depends on
    its entries, so with them every entry has to come before the first event.
    """

    window_days: int | None = None
    windows: Mapping[str, int] = {}
    half_life_days: float | None = None
    position: tuple[float, float, float] | None = None
    direct: str | None = None
    told: str | None = None
    rules: tuple[Defined, ...] = ()
    catalog: tuple[Defined, ...] | None = None
    sites: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None

    @property
    def attribution(self) -> dict[str, Any]:
        """Settings of credit, by name, that are ruled otherwise."""
        ruled = {
            "window_days": self.window_days,
            "windows": dict(self.windows) or None,
            "half_life_days": self.half_life_days,
            "position": self.position,
            "direct": self.direct,
            "told": self.told,
        }
        return {name: value for name, value in ruled.items() if value is not None}

    @property
    def has_range(self) -> bool:
        """Whether some days are left out."""
        return self.since is not None or self.until is not None

    def covers(self, day: int) -> bool:
        """Whether events of a local day are in the set."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def leaves_out(self, site: str) -> bool:
        """Whether nothing of a site counts."""
        return self.sites is not None and site not in self.sites


AS_DEFINED: Final = Ruling()

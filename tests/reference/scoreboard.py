"""The scoreboard and the reallocation, worked out from the rows with exact fractions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.reference.definitions import SHIPPED_CHANNELS, Row, exact
from tests.reference.splits import MODELS, PARTS, split

SPEND_KINDS = ("media", "agency", "staff", "reward")
COUNTED = ("visits", "scans", "calls")
CREDITED = ("inquiries", "consults", "registrations")


def scoreboard(
    results: Mapping[str, Sequence[Row]],
    sites: Sequence[str],
    branches: Sequence[str],
    since: date,
    until: date,
    model: str = "last",
) -> list[Row]:
    """Rows of results -> one row per site and channel of channel_scoreboard; empty sites or branches mean all."""
    rows = []
    for site in sorted(results["site_rows"], key=lambda row: row["site"].encode()):
        if sites and site["site"] not in sites:
            continue
        boards = {each: _Board(results, site, branches, since, until, MODELS.index(each)) for each in MODELS}
        for channel in boards[model].channels():
            row = boards[model].row(channel)
            row["action_agreement"] = sum(board.action(channel) == row["action"] for board in boards.values())
            rows.append(row)
    return rows


class _Board:
    """One site, period, choice of branches and model."""

    def __init__(
        self,
        results: Mapping[str, Sequence[Row]],
        site: Row,
        branches: Sequence[str],
        since: date,
        until: date,
        model: int,
    ) -> None:
        def of_site(table: str) -> list[Row]:
            return [row for row in results[table] if row["site"] == site["site"]]

        self.site, self.branches, self.model = site, branches, model
        self.kinds = {row["channel"]: row for row in of_site("channel_rows")}
        self.funnel = [row for row in of_site("funnel_rows") if since <= row["day"] <= until]
        self.spend: dict[str, int] = {}
        self.loaded: dict[str, int] = {}
        self._add_spend(of_site("spend_rows"), since, until)

    def _is_asked(self, branch: str) -> bool:
        return not self.branches or branch in self.branches

    def _inquiries(self, by: str, **only: str) -> dict[str, int]:
        """Credited inquiries in parts, by channel or branch."""
        counts: dict[str, int] = {}
        for row in self.funnel:
            if all(row[name] == value for name, value in only.items()):
                counts[row[by]] = counts.get(row[by], 0) + row["inquiries"][self.model]
        return {key: count for key, count in counts.items() if count}

    def _asked_inquiries(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for branch in {row["branch"] for row in self.funnel if self._is_asked(row["branch"])}:
            for channel, count in self._inquiries("channel", branch=branch).items():
                counts[channel] = counts.get(channel, 0) + count
        return counts

    def _add_spend(self, spend_rows: Iterable[Row], since: date, until: date) -> None:
        own: dict[tuple[str, str, bool], int] = {}  # (channel, branch, loaded) -> won in the period
        for row in spend_rows:
            won = sum(
                amount
                for place, amount in enumerate(row["amounts"])
                if since <= row["first_day"] + timedelta(days=place) <= until
            )
            key = (row["channel"], row["branch"], row["kind"] not in SPEND_KINDS)
            own[key] = own.get(key, 0) + won
        # loaded cost without channel: that of no branch over the whole site, that of asked branches over theirs
        everywhere: dict[str, int] = {}
        for (channel, branch, loaded), won in own.items():
            if loaded and not channel:
                everywhere[branch] = everywhere.get(branch, 0) + won
        shared: dict[tuple[str, bool], int] = {}  # (channel, is without branch) -> won
        if self.branches:
            for channel, won in _shared(everywhere.get("", 0), self._inquiries("channel")).items():
                shared[channel, True] = won
            asked = sum(won for branch, won in everywhere.items() if branch and branch in self.branches)
            for channel, won in _shared(asked, self._asked_inquiries()).items():
                shared[channel, False] = won
        else:
            for channel, won in _shared(sum(everywhere.values()), self._inquiries("channel")).items():
                shared[channel, False] = won
        channels = {channel for channel, _, _ in own if channel} | {channel for channel, _ in shared}
        for channel in channels:
            for loaded, kept in ((False, self.spend), (True, self.loaded)):
                of_branches = {
                    branch: won
                    for (slug, branch, is_loaded), won in own.items()
                    if slug == channel and is_loaded == loaded
                }
                total = sum(of_branches.values())
                if loaded:
                    total += shared.get((channel, False), 0) + shared.get((channel, True), 0)
                if self.branches:
                    without = of_branches.pop("", 0)
                    total = sum(won for branch, won in of_branches.items() if branch in self.branches)
                    if loaded:
                        without += shared.get((channel, True), 0)
                        total += shared.get((channel, False), 0)
                    parts = _split_by(without, self._inquiries("branch", channel=channel)) or {"": without}
                    total += sum(won for branch, won in parts.items() if branch in self.branches)
                kept[channel] = total

    def _sum(self, name: str, channel: str | None = None) -> int:
        values = [
            row[name]
            for row in self.funnel
            if self._is_asked(row["branch"]) and channel in (None, row["channel"])
        ]
        return sum(value[self.model] if isinstance(value, list) else value for value in values)

    def channels(self) -> list[str]:
        """Every channel with spend, cost or results, and unattributed always."""
        known = {"unattributed"} | {row["channel"] for row in self.funnel} | set(self.spend)
        listed = {
            channel
            for channel in known
            if channel == "unattributed"
            or self.spend.get(channel)
            or self.loaded.get(channel)
            or any(self._sum(name, channel) for name in (*COUNTED, *CREDITED, "revenue", "cash"))
        }
        return sorted(listed, key=str.encode)

    def _is_free(self, channel: str) -> bool:
        shipped = SHIPPED_CHANNELS.get(channel, {})
        return bool(self.kinds.get(channel, {}).get("free", shipped.get("free", False)))

    def _roi(self, channel: str, gain: Fraction) -> Fraction | float | None:
        """(gain - spend) / spend; a free channel that gained: infinite."""
        spend = self.spend.get(channel, 0)
        if spend:
            return (gain - spend) / spend
        return float("inf") if self._is_free(channel) and gain > 0 else None

    def _cac(self, channel: str, cost: int) -> Fraction | None:
        registrations = Fraction(self._sum("registrations", channel), PARTS)
        if cost:
            return cost / registrations if registrations else None
        return Fraction(0) if self._is_free(channel) else None

    def action(self, channel: str) -> str:
        """What to do about a channel."""
        spend = self.spend.get(channel, 0)
        registrations = Fraction(self._sum("registrations", channel), PARTS)
        if channel in ("unattributed", "direct"):
            return "none"
        if self._is_free(channel) and not spend:
            sown = self.kinds.get(channel, {}).get("kind") == "word_of_mouth"
            return "strengthen" if sown and registrations > 0 else "keep"
        if not spend:
            return "no_spend"
        if not self.site["payments"]:
            return "no_payments"
        all_spend, all_registrations = sum(self.spend.values()), Fraction(self._sum("registrations"), PARTS)
        bought = spend * all_registrations / all_spend if all_registrations and all_spend else Fraction(0)
        if max(registrations, bought) < exact(self.site["threshold_too_little"]):
            return "too_little_data"
        roi = Fraction(self._sum("revenue", channel) - spend, spend)
        if roi < exact(self.site["threshold_stop"]):
            return "stop"
        return "increase" if roi >= exact(self.site["threshold_increase"]) else "keep"

    def row(self, channel: str) -> Row:
        """The public row, doubles only at the end."""
        inquiries, consults, registrations = (Fraction(self._sum(name, channel), PARTS) for name in CREDITED)
        spend = self.spend.get(channel, 0)
        cac = self._cac(channel, spend)
        months, monthly = self.site["ltv_months"], self.site["ltv_monthly_revenue"]
        ltv = exact(months) * exact(monthly) if months is not None and monthly is not None else None
        ltv_to_cac: Any = None
        if ltv is not None and cac is not None:
            ltv_to_cac = ltv / cac if cac else float("inf")
        return {
            "site": self.site["site"],
            "channel": channel,
            "kind": self.kinds.get(channel, {}).get("kind", ""),
            "spend": spend,
            **{name: self._sum(name, channel) for name in COUNTED},
            "inquiries": float(inquiries),
            "consults": float(consults),
            "registrations": float(registrations),
            "inquiry_to_registration": _double(registrations / inquiries if inquiries else None),
            "cac": _double(cac),
            "loaded_cac": _double(self._cac(channel, spend + self.loaded.get(channel, 0))),
            "revenue": self._sum("revenue", channel),
            "cash": self._sum("cash", channel),
            "roi": _double(
                self._roi(channel, Fraction(self._sum("revenue", channel))) if self.site["payments"] else None
            ),
            "ltv": _double(ltv),
            "ltv_roi": _double(None if ltv is None else self._roi(channel, registrations * ltv)),
            "ltv_to_cac": _double(ltv_to_cac),
            "action": self.action(channel),
        }


def reallocation(
    rows: Sequence[Row],
    *,
    elasticity: float = 0.7,
    hours_cost: Mapping[str, int] | None = None,
    open_slots: int | None = None,
) -> Row:
    """Scoreboard rows -> the same total with the stop channels' spend moved to the increase channels.

    `hours_cost` caps a channel of staff time at the cost of its hours; what no channel can take stays unplaced.
    Without open slots none is proposed.
    """
    before = {row["channel"]: int(row["spend"]) for row in rows}
    registrations = {row["channel"]: exact(row["registrations"]) for row in rows}
    after, free = dict(before), 0
    if open_slots != 0:
        growing = {row["channel"] for row in rows if row["action"] == "increase"}
        free = sum(before[row["channel"]] for row in rows if row["action"] == "stop") if growing else 0
        if growing:
            after.update({row["channel"]: 0 for row in rows if row["action"] == "stop"})
        caps = hours_cost or {}
        while free and growing:
            order = sorted(growing, key=str.encode)
            given = split(free, [Fraction(before[channel]) for channel in order])
            full = {
                channel
                for channel, won in zip(order, given, strict=True)
                if channel in caps and after[channel] + won > caps[channel]
            }
            for channel, won in zip(order, given, strict=True):
                if full and channel not in full:
                    continue  # the full ones first, then the rest over the others anew
                room = max(0, caps[channel] - after[channel]) if channel in full else won
                after[channel] += room
                free -= room
            growing -= full or growing
    moved = {channel for channel in before if after[channel] != before[channel]}

    def expected(power: float) -> float:
        return sum(
            float(count) * (after[channel] / before[channel]) ** power
            if channel in moved and before[channel]
            else float(count)
            for channel, count in registrations.items()
        )

    return {
        "before": before,
        "after": after,
        "unplaced": free,
        "registrations": float(sum(registrations.values())),
        "expected": expected(elasticity),
        "expected_at_constant_cac": expected(1.0),
    }


def _split_by(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """A total over names by weight; ties by the smaller name."""
    names = sorted(weights, key=str.encode)
    return (
        dict(zip(names, split(total, [Fraction(weights[name]) for name in names]), strict=True))
        if names
        else {}
    )


def _shared(total: int, inquiries: Mapping[str, int]) -> dict[str, int]:
    """Cost without channel over channels by their inquiries; without any it is unattributed."""
    if not total:
        return {}
    return _split_by(total, inquiries) or {"unattributed": total}


def _double(number: Fraction | float | None) -> float | None:
    return None if number is None else float(number)

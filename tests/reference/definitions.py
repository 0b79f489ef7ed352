"""The catalog of one site as a careful reader sees it: newest entries, laid over what ships."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

SHIPPED_CHANNELS: dict[str, Row] = {"referral": {"free": True, "channel_kind": "word_of_mouth"}}
SHIPPED_SITE: Row = {
    "name": "",
    "branches": [],
    "time_zone": "Asia/Seoul",
    "currency": "KRW",
    "stages": ["inquiry", "consult", "registration"],
    "shared_identifiers": [],
    "answers": {},
    "call_inquiries": "off",
    "staff_hourly_rate": 0,
}
SHIPPED_ATTRIBUTION: Row = {
    "window_days": 90,
    "half_life_days": 7,
    "position": [40, 20, 40],
    "direct": "drop",
    "told": "fill",
}
SHIPPED_THRESHOLDS: Row = {"stop": 1, "increase": 3, "too_little": 3}


def canonical_bytes(entry: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no white space, UTF-8, nothing escaped that need not be."""
    said = {key: value for key, value in entry.items() if not key.startswith("_")}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def exact(number: float | str) -> Fraction:
    """The decimal a person wrote, exactly."""
    return Fraction(str(number))


class SiteDefinitions:
    """Everything the catalog says about one site, under the settings of a run."""

    def __init__(self, site: str, catalog: Iterable[Row], settings: Mapping[str, Any]) -> None:
        """Keep the greatest (defined_at, canonical bytes) of every kind and id."""
        self.site = site
        newest: dict[tuple[str, str], Row] = {}
        for entry in catalog:
            if entry["site"] != site:
                continue
            key = (entry["kind"], entry["id"])
            if key not in newest or _age(entry) > _age(newest[key]):
                newest[key] = entry
        self._newest = newest
        own = next((entry for (kind, _), entry in newest.items() if kind == "site"), {})
        self.own = {**SHIPPED_SITE, **own}
        self.zone = ZoneInfo(self.own["time_zone"])
        self.since, self.until = settings.get("since"), settings.get("until")
        attribution = {**SHIPPED_ATTRIBUTION, **(own.get("attribution") or {})}
        attribution.update(
            {key: value for key, value in settings.items() if key in attribution and value is not None}
        )
        self.window = timedelta(days=1) * int(attribution["window_days"])
        self.windows: dict[str, timedelta] = {
            stage: timedelta(days=1) * days for stage, days in (settings.get("windows") or {}).items()
        }
        self.half_life_days = exact(attribution["half_life_days"])
        self.position = [exact(share) for share in attribution["position"]]
        self.direct: str = attribution["direct"]
        self.told: str = attribution["told"]
        self.thresholds = {
            key: exact(value)
            for key, value in {**SHIPPED_THRESHOLDS, **(own.get("thresholds") or {})}.items()
        }
        self.stages: list[str] = [stage for stage in self.own["stages"] if stage not in ("lost", "dormant")]

    def window_of(self, stage: str) -> timedelta:
        """How far a conversion of this stage looks back."""
        return self.windows.get(stage, self.window)

    def entries(self, kind: str) -> list[Row]:
        """The newest entries of a kind, by id."""
        return [
            self._newest[key]
            for key in sorted(self._newest, key=lambda key: key[1].encode())
            if key[0] == kind
        ]

    def channel(self, slug: str) -> Row:
        """What is known of a channel; a slug that no entry defines is still a channel."""
        return {
            "free": False,
            "channel_kind": "",
            **SHIPPED_CHANNELS.get(slug, {}),
            **self._newest.get(("channel", slug), {}),
        }

    def is_word_of_mouth(self, slug: str) -> bool:
        """Whether what is told of this channel was sown before any tracked touch."""
        return bool(self.channel(slug)["channel_kind"] == "word_of_mouth")

    def campaign(self, raw: str) -> str:
        """A raw utm_campaign -> the smallest campaign id that lists it, else itself."""
        for entry in self.entries("campaign"):
            if raw and raw in (entry.get("utm_campaign") or []):
                return str(entry["id"])
        return raw

    def assignment(self, entry: Row | None, day: date) -> Row | None:
        """What a QR code or a tracking number stood for on a local day."""
        for assignment in (entry or {}).get("assignments") or []:
            begins, ends = assignment.get("from"), assignment.get("to")
            if (not begins or date.fromisoformat(begins) <= day) and (
                not ends or day <= date.fromisoformat(ends)
            ):
                return dict(assignment)
        return None

    def stage_order(self, stage: str) -> int:
        """Listed stages in their order, then lost, dormant, and every other."""
        if stage in self.stages:
            return self.stages.index(stage)
        return len(self.stages) + {"lost": 0, "dormant": 1}.get(stage, 2)

    def instant(self, text: str, *, end_of_day: bool = False) -> datetime:
        """RFC 3339, or a bare local day meaning its first or its last second."""
        if len(text) == 10:
            at = time(23, 59, 59) if end_of_day else time(0, 0, 0)
            return datetime.combine(date.fromisoformat(text), at, self.zone).astimezone(ZoneInfo("UTC"))
        return datetime.fromisoformat(text).astimezone(ZoneInfo("UTC"))

    def day(self, at: datetime) -> date:
        """The local day of an instant."""
        return at.astimezone(self.zone).date()

    def in_range(self, event: Mapping[str, Any]) -> bool:
        """Whether the event happened on a day that the run asks for."""
        late = event["type"] in ("status_changed", "payment_received")
        day = self.day(self.instant(event["occurred_at"], end_of_day=late)).isoformat()
        return (not self.since or self.since <= day) and (not self.until or day <= self.until)

    def is_shared(self, kind: str, value: str) -> bool:
        """Whether the site declares this identifier to be of several people."""
        said: Sequence[Any] = self.own["shared_identifiers"]
        return any({kind: value} == one or (kind == "phone" and value == one) for one in said)


def _age(entry: Row) -> tuple[datetime, bytes]:
    return datetime.fromisoformat(entry["defined_at"]), canonical_bytes(entry)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, clamped to that month's end."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(day)

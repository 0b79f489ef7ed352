"""QR scans: readings of one scan_id are one scan, the first counts; a visit that carries it takes its place."""

from streams.domain.facts import Fact
from streams.domain.sessions import ScanDay


def scan_key(fact: Fact) -> str:
    """What makes two readings one scan: the scan_id, else the event itself."""
    return fact.body.scan_id or "event:" + fact.id


class Scans:
    """Readings by scan, and the visits that carry a scan_id."""

    def __init__(self) -> None:
        self.readings: dict[str, list[Fact]] = {}
        self.visits: dict[str, list[Fact]] = {}
        self.known: dict[str, ScanDay] = {}
        self.by_code: dict[str, set[str]] = {}

    def first(self, key: str) -> Fact | None:
        """The reading that counts."""
        readings = self.readings.get(key)
        return min(readings, key=lambda fact: (fact.at, fact.id)) if readings else None

    def is_touch(self, fact: Fact) -> bool:
        """Whether this reading is the first of its scan and no visit carries it."""
        scan_id = fact.body.scan_id
        return not scan_id or (self.first(scan_id) is fact and not self.visits.get(scan_id))

    def note(self, fact: Fact, *, present: bool) -> None:
        """Add or take back a reading."""
        key = scan_key(fact)
        readings = self.readings.setdefault(key, [])
        if present:
            readings.append(fact)
        else:
            readings.remove(fact)
        first = self.first(key)
        self.by_code.setdefault(fact.body.code, set()).add(key)
        if fact.body.scan_id:
            if first is None:
                self.known.pop(key, None)
            else:
                self.known[key] = ScanDay(first.body.code, first.at)

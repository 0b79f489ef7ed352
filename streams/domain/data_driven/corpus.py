"""The journeys of one site that ended at a stage and those that did not: what the data-driven models learn from.

A conversion's journey is the path it is credited over. Whoever has none at the stage adds one journey that ends in null:
the path that a conversion at the instant of that person's last touch would have had, under the same window and the
same rules for direct and told sources. Conversions without any touch (`unattributed`) teach nothing and are left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.domain.attribution import DAY_US, AttributionSettings
from streams.domain.journeys import SECOND_US
from streams.domain.touches import DIRECT, UNATTRIBUTED

Path = tuple[str, ...]


class Seen(NamedTuple):
    """One touch of a person: epoch µs, its channel, and whether it was told rather than tracked."""

    at: int
    touch_id: str
    channel: str
    told: bool


class LedPath(NamedTuple):
    """The channels on the path to one conversion, in order, as its credit is split over them."""

    conversion_id: str
    stage: str
    person: str
    channels: Path


class Group(NamedTuple):
    """Equal journeys with the same end, and how many times there is one."""

    path: Path
    converted: bool
    times: int


class Corpus(NamedTuple):
    """Every journey towards one stage, in groups that are in order whatever order the journeys came in."""

    groups: tuple[Group, ...]
    conversions: int
    journeys: int


def corpus_of(converting: Mapping[Path, int], lost: Mapping[Path, int]) -> Corpus:
    """Paths that led to a conversion and paths that led to none, each with how often -> a corpus."""
    groups = [Group(path, True, count) for path, count in converting.items() if count]
    groups += [Group(path, False, count) for path, count in lost.items() if count]
    groups.sort()
    conversions = sum(group.times for group in groups if group.converted)
    return Corpus(tuple(groups), conversions, sum(group.times for group in groups))


def corpora(
    paths: Iterable[LedPath],
    journeys: Mapping[str, Sequence[Seen]],
    rules: AttributionSettings,
    word_of_mouth: frozenset[str],
) -> dict[str, Corpus]:
    """The corpus of every stage that somebody reached; `journeys` holds all touches of each person, in any order."""
    converting: dict[str, Counter[Path]] = {}
    reached: dict[str, set[str]] = {}
    for one in paths:
        reached.setdefault(one.stage, set()).add(one.person)
        counted = converting.setdefault(one.stage, Counter())
        if one.channels[0] != UNATTRIBUTED:
            counted[one.channels] += 1
    found: dict[str, Corpus] = {}
    windows: dict[int, dict[str, Path]] = {}
    totals: dict[int, Counter[Path]] = {}
    for stage in sorted(converting):
        days = rules.window_of(stage)
        if days not in windows:
            window_us = days * DAY_US
            last = {
                person: path
                for person, touches in journeys.items()
                if (path := last_path(touches, window_us, rules, word_of_mouth))
            }
            windows[days], totals[days] = last, Counter(last.values())
        lost = totals[days].copy()
        last = windows[days]
        lost.subtract(last[person] for person in reached[stage] if person in last)
        found[stage] = corpus_of(converting[stage], lost)
    return found


def last_path(
    touches: Sequence[Seen], window_us: int, rules: AttributionSettings, word_of_mouth: frozenset[str]
) -> Path:
    """The channels of `journeys.path_to` at a person's last touch; () where nothing could count."""
    if rules.told == "ignore":
        touches = [touch for touch in touches if not touch.told]
    if len(touches) <= 1:
        return tuple([touch.channel for touch in touches])
    touches = sorted(touches)
    since = touches[-1].at - window_us
    inside = [touch for touch in touches if touch.at >= since]
    tracked = [touch for touch in inside if not touch.told]
    if len(tracked) < len(inside):
        fills = rules.told == "count" or all(touch.channel == DIRECT for touch in tracked)
        kept = list(tracked)
        for touch in inside:
            if touch.told and touch.channel in word_of_mouth:
                before = min(touch.at, tracked[0].at - SECOND_US) if tracked else touch.at
                kept.append(touch._replace(at=before))
            elif touch.told and fills:
                kept.append(touch)
        inside = sorted(kept)
    path = [touch.channel for touch in inside]
    if rules.direct == "drop":
        path = [channel for channel in path if channel != DIRECT] or path
    return tuple(path)

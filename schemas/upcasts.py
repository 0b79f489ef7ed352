"""Old shapes to newer ones, one step a function; a published step is never edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Raw = dict[str, Any]
Upcast = Callable[[Raw], Raw]


class Upcasts:
    """The steps known: the raw object of (name, version) to that of the next version."""

    def __init__(self) -> None:
        """No step yet."""
        self._steps: dict[tuple[str, int], Upcast] = {}

    def __call__(self, name: str, from_v: int) -> Callable[[Upcast], Upcast]:
        """Declare the step from `from_v` to `from_v + 1` of an event type or entry kind."""

        def declare(step: Upcast) -> Upcast:
            if (name, from_v) in self._steps:
                raise ValueError(f"{name} {from_v} already has its upcast")
            self._steps[name, from_v] = step
            return step

        return declare

    def knows(self, name: str, from_v: int, to_v: int) -> bool:
        """Whether there is a step for every version between."""
        return all((name, v) in self._steps for v in range(from_v, to_v))

    def raised(self, raw: Raw, name: str, from_v: int, to_v: int) -> Raw:
        """The raw object as if it had been said in version `to_v`; the given one is left alone."""
        for v in range(from_v, to_v):
            raw = {**self._steps[name, v](dict(raw)), "v": v + 1}
        return raw


upcast = Upcasts()

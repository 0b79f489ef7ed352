"""The independent reference: obvious, slow, written from the pages alone, the judge of everything."""

from tests.reference.reference import Results, canonical, reference
from tests.reference.scoreboard import reallocation, scoreboard

__all__ = ["Results", "canonical", "reallocation", "reference", "scoreboard"]

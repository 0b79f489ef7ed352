"""Fates as ranges: what is wrong of what is stored, and what is missing; and the auditor as a part of the stack."""

from pathlib import Path

import pytest

from infra.audit.always import note
from infra.audit.telling import Range, right_ranges
from infra.local.stack import AUDITOR, PartStatus, parts, status
from infra.settings import Settings, load_settings

A, D = ("applied", ""), ("duplicate", "")
CODES = bytes([1, 1, 1, 2, 2, 0, 1, 1])  # the sixth offset is Kafka's own


@pytest.mark.parametrize(
    ("held", "wrong", "missing"),
    [
        ([Range(0, 2, *A), Range(3, 4, *D), Range(6, 7, *A)], [], []),
        ([Range(0, 1, *A), Range(2, 2, *A), Range(3, 4, *D), Range(6, 7, *A)], [], []),
        ([], [], [Range(0, 2, *A), Range(3, 4, *D), Range(6, 7, *A)]),
        ([Range(0, 2, *A), Range(6, 7, *A)], [], [Range(3, 4, *D)]),
        ([Range(0, 2, *D), Range(3, 4, *D), Range(6, 7, *A)], [Range(0, 2, *D)], [Range(0, 2, *A)]),
        ([Range(0, 3, *A), Range(3, 4, *D), Range(6, 7, *A)], [Range(0, 3, *A)], [Range(0, 2, *A)]),
        ([Range(0, 2, *A), Range(1, 2, *A), Range(3, 4, *D), Range(6, 7, *A)], [Range(1, 2, *A)], []),
        ([Range(0, 2, *A), Range(3, 4, *D), Range(6, 9, *A)], [Range(6, 9, *A)], [Range(6, 7, *A)]),
        ([Range(0, 2, *A), Range(3, 5, *D), Range(6, 7, *A)], [Range(3, 5, *D)], [Range(3, 4, *D)]),
        ([Range(0, 2, "eaten", ""), Range(3, 4, *D), Range(6, 7, *A)], [Range(0, 2, "eaten", "")], [Range(0, 2, *A)]),
    ],
    ids=["right", "cut finer", "none", "one gone", "another fate", "too long", "twice", "past the end", "over nothing",
         "no fate"],
)  # fmt: skip
def test_ranges_are_judged(held: list[Range], wrong: list[Range], missing: list[Range]) -> None:
    assert right_ranges(CODES, held) == (wrong, missing)


def auditor(settings: Settings) -> PartStatus:
    """The auditor's line of `headwater status`."""
    return next(part for part in status(settings) if part.name == AUDITOR)


def test_the_stack_has_an_auditor_unless_it_is_given_no_time(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert AUDITOR in [part.name for part in parts(settings)]
    assert AUDITOR not in [part.name for part in parts(settings.model_copy(update={"audit_percent": 0}))]


def test_status_says_what_the_last_round_found(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert auditor(settings).detail == "first round"
    settings.run.mkdir(parents=True)
    note(settings.run, 0)
    assert auditor(settings).detail.endswith(": all well")
    note(settings.run, 3)
    assert auditor(settings).detail.endswith(": 3 differences put right")

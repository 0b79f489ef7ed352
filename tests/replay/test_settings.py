"""Settings of a run: one canonical form however they were given, and every refusal with its reason."""

from datetime import date
from typing import Any

import pytest

from streams.replay.settings import RunSettings, SettingsRefused, changed, settings_from

RULE = {
    "site": "center", "kind": "channel", "id": "blog", "defined_at": "2026-01-01T00:00:00Z",
    "rules": [{"field": "utm_source", "equals": "blog"}],
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "window_days": 30,
    "windows": {"registration": 60, "inquiry": 7},
    "half_life_days": 3.5,
    "position": (50.0, 0.5, 49.5),
    "direct": "keep",
    "told": "count",
    "rules": [RULE],
    "catalog": [RULE | {"id": "other"}, RULE],
    "sites": ["second", "center"],
    "since": date(2026, 1, 1),
    "until": date(2026, 1, 1),
    "models": ["shapley", "last"],
}


def test_nothing_set_is_nothing_said() -> None:
    assert RunSettings().canonical() == "{}"
    assert changed(RunSettings(), **dict.fromkeys(EVERYTHING)) == RunSettings()


def test_the_canonical_form_is_one_and_gives_the_settings_back() -> None:
    given = changed(RunSettings(), **EVERYTHING)
    other = changed(
        RunSettings(),
        **EVERYTHING
        | {
            "sites": ["center", "second"],
            "models": ["last", "shapley"],
            "catalog": EVERYTHING["catalog"][::-1],
            "windows": {"inquiry": 7, "registration": 60},
        },
    )
    assert given.canonical() == other.canonical()
    again = settings_from(given.canonical())
    assert again.canonical() == given.canonical()
    assert again.ruling()._replace(catalog=None) == given.ruling()._replace(catalog=None)
    assert again.asked_models == ("last", "shapley")
    for name, value in EVERYTHING.items():
        assert settings_from(changed(RunSettings(), **{name: value}).canonical()) != RunSettings()


def test_what_is_given_stands_above_what_was_set() -> None:
    base = changed(RunSettings(), window_days=30, told="count")
    assert changed(base, told="ignore", direct=None).canonical() == '{"told":"ignore","window_days":30}'


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"window_days": 0}, "window_days: Input should be greater than or equal to 1"),
        ({"window_days": 366}, "less than or equal to 365"),
        ({"windows": {"inquiry": 400}}, "windows.inquiry"),
        ({"windows": {}}, "at least 1 item"),
        ({"half_life_days": 0.0}, "greater than 0"),
        ({"half_life_days": float("nan")}, "finite number"),
        ({"position": (0.0, 0.0, 0.0)}, "weights that add up to 0"),
        ({"position": (50.0, -1.0, 50.0)}, "greater than or equal to 0"),
        ({"direct": "both"}, "'drop' or 'keep'"),
        ({"since": date(2026, 2, 1), "until": date(2026, 1, 31)}, "an empty range"),
        ({"sites": []}, "at least 1 item"),
        ({"sites": ["No Slug"]}, "sites.0"),
        ({"models": ["lats"]}, "models.0"),
        ({"rules": [{**RULE, "kind": "site", "id": "center", "rules": None}]}, "only channel entries"),
        ({"rules": [{**RULE, "rules": 1}]}, "no catalog entry"),
        ({"catalog": [RULE], "sites": ["second"]}, "not among the sites"),
        ({"windowdays": 7}, "windowdays: Extra inputs are not permitted"),
    ],
)
def test_settings_that_no_run_can_have_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsRefused, match=reason):
        changed(RunSettings(), **given)

"""A running front with two runs in it, put there by hand."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from clickhouse.migrate import migrate
from infra.local import stack
from streams.replay.ledger import Ledger, Run
from tests.clickhouse.store import put, utc
from tests.infra.conftest import RunningFront, home_at, start_front

NINE = utc("2026-03-02T09:00:00")
DAY = date(2026, 3, 2)
MODELS = ("first", "last", "linear", "time_decay", "position")
WHOLE = 1_000_000_000
HOSTILE = "=1+1\x1b[2J"
ENTRY = '{"defined_at":"2026-01-01T00:00:00Z","id":"blog\\u001b[2J","kind":"channel","site":"clinic"}'


def conversion(
    run: str, lead: str, *shares: tuple[str, int, int], site: str = "clinic", day: date = DAY
) -> dict[str, Any]:
    """A registration whose channels have these parts and won, the same under every model."""
    channels, parts, won = map(list, zip(*shares, strict=True))
    return {
        "run": run,
        "site": site,
        "conversion_id": f"{lead}:registration",
        "stage": "registration",
        "converted_at": NINE,
        "day": day,
        "touch_ids": [f"t{number}" for number in range(len(channels))],
        "touched_at": [NINE] * len(channels),
        "channels": channels,
        "campaigns": [""] * len(channels),
        **{f"w_{model}": parts for model in MODELS},
        **{f"{letter}_{model}": won for letter in "rc" for model in MODELS},
    }


def fill(client: Any) -> None:
    """Runs `narrow` and `wide` of two sites: blog and email change places, some leads come and go."""
    half = WHOLE // 2
    put(client, "conversion_rows", [
        conversion("narrow", "same", ("blog", WHOLE, 500)),
        conversion("narrow", "moved", ("blog", WHOLE, 900_000)),
        conversion("narrow", "gone", (HOSTILE, WHOLE, 70)),
        conversion("narrow", "refunded", ("email", WHOLE, 4_000)),
        conversion("narrow", "parted", ("blog", half, 0), ("email", half, 0), site="school"),
    ], done=False)  # fmt: skip
    put(client, "conversion_rows", [
        conversion("wide", "same", ("blog", WHOLE, 500)),
        conversion("wide", "moved", ("blog", half, 450_000), ("email", half, 450_000)),
        conversion("wide", "come=1\x1b", ("email", WHOLE, 60)),
        conversion("wide", "refunded", ("email", WHOLE, 1_000)),
        conversion("wide", "parted", ("email", half, 0), ("blog", half, 0), site="school"),
    ], done=False)  # fmt: skip
    for run, blog, email in (("narrow", 2.0, 1.0), ("wide", 1.5, 2.5)):
        own = {"run": run, "site": "clinic"}
        registered = {"blog": (blog, 900_500 if run == "narrow" else 450_500), "email": (email, 4_000)}
        put(client, "funnel_rows", [
            {**own, "day": DAY, "channel": channel, "registrations": [round(count * WHOLE)] * 5, "revenue": [won] * 5}
            for channel, (count, won) in registered.items()
        ], done=False)  # fmt: skip
        put(client, "spend_rows", [{**own, "spend_id": "s", "channel": "blog", "kind": "media", "first_day": DAY,
                                    "amounts": [300_000]}], done=False)  # fmt: skip
        put(client, "site_rows", [{**own, "name": "c", "payments": 1, "threshold_stop": 1.0, "threshold_increase": 3.0,
                                   "threshold_too_little": 0.5}], done=False)  # fmt: skip
        settings = f'{{"window_days":{7 if run == "narrow" else 90},"rules":[{{}},{{}}]}}'
        offsets = '{"events":{"0":[0,120,"ab"],"1":[0,80,"cd"]},"catalog":{"0":[0,3,""],"1":[0,0,""]}}'
        Ledger(client).write(
            Run(run, settings, f"{ENTRY}\n", "f" * 64, "0.1+abc", offsets, MODELS, NINE, NINE, "done", 200, 75.4, "d" * 64),
            now_us=1,
        )  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFront]:
    """The front with the two runs."""
    settings = home_at(tmp_path_factory.mktemp("runs"))
    started = start_front(settings)
    client = stack.writer(settings)
    migrate(client, embedded=True)
    fill(client)
    client.close()
    yield RunningFront(settings)
    started.terminate()
    assert started.wait(20) == 0

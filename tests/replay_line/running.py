"""Runs as a user has them made, and what a reader sees of them all the while."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from infra.local import stack
from infra.replays import replay
from streams.replay.settings import RunSettings
from tests.command import headwater
from tests.line.harness import Line

VIEWS = (
    "touches", "conversions", "credits", "payments", "leads", "calls", "activities", "definitions", "spend_daily", "channel_funnel_daily", "campaigns",
)  # fmt: skip
Seen = dict[tuple[str, str], tuple[int, int]]  # (view, run) -> how many rows, and a digest of them


def replayed(line: Line, name: str) -> str:
    """A replay without settings to its end; its digest."""
    return replay(line.settings, name, RunSettings(), 1, lambda read, total: None, lambda: False).digest


def commanded(line: Line, name: str, *options: object) -> str:
    """A replay by command to its end; its digest."""
    done = headwater(line.settings, "replay", "--run", name, *options)
    assert done.returncode == 0, done.stderr
    return digest_told(done.stdout, name)


def digest_told(said: str, name: str) -> str:
    """The digest in what `headwater replay` printed."""
    run, digest = said.split()
    assert run == name and len(digest) == 64, said
    return digest


class Probe:
    """A reader that looks at every public view again and again until it is told to stop."""

    def __init__(self, line: Line) -> None:
        self.looks: list[Seen] = []
        self.failures: list[str] = []
        self._settings = line.settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def _look_on(self) -> None:
        client = stack.reader(self._settings)
        try:
            while not self._stopping.is_set():
                self.looks.append(seen(client))
        except Exception as failed:  # noqa: BLE001 -- a look that failed fails the test, in the test's own thread
            self.failures.append(repr(failed))
        finally:
            client.close()


def seen(client: Any) -> Seen:
    """What all public views together show, in one query, of every run but live, which moves."""
    each = (
        f"SELECT '{view}' AS view, run, count(), sum(sipHash64(toString(tuple(*)))) FROM headwater.{view}"
        " WHERE run != 'live' GROUP BY run"
        for view in VIEWS
    )
    rows = client.query(" UNION ALL ".join(each)).result_rows
    return {(view, run): (count, digest) for view, run, count, digest in rows}


class Load:
    """Somebody who goes on appending, a lot at a time, until told to stop."""

    def __init__(self, line: Line, lot: Callable[[int], list[Any]]) -> None:
        self.lots = 0
        self.failures: list[str] = []
        self._line = line
        self._lot = lot
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._append, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def _append(self) -> None:
        try:
            while not self._stopping.is_set():
                self._line.append(self._lot(self.lots))
                self.lots += 1
                time.sleep(0.1)  # a steady stream, not all that two cores can do
        except Exception as failed:  # noqa: BLE001 -- told in the test's own thread
            self.failures.append(repr(failed))

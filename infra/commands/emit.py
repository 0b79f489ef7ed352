"""`headwater emit`: events from a file or standard input through the collector."""

import http.client
import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

import click
from tqdm import tqdm

from infra.settings import load_settings
from streams.collectors.keys import local_admin_key
from streams.collectors.limits import BODY_BYTES, EVENTS

_ROOM = BODY_BYTES - 1024
_SHOWN = 200
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class _Line(NamedTuple):
    number: int
    content: bytes


class _Totals:
    """What became of the lines so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.accepted = self.duplicate = self.refused = 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--collector", "address", default="", help="Collector to send to; the local one when left out.")
@click.option(
    "--timeout", "patience", default=60.0, show_default=True, help="Seconds to go on trying a batch."
)
def emit(file: Path, address: str, patience: float) -> None:
    """Send the events of FILE (JSON, one a line; - for standard input) with the local admin key."""
    settings = load_settings()
    key = local_admin_key(settings.home, now=datetime.now(UTC))
    where = urlsplit(address or f"http://127.0.0.1:{settings.collector_port}")
    if where.scheme not in ("http", "https") or not where.hostname:
        raise click.UsageError(f"--collector {address!r}: an address like http://127.0.0.1:18080")
    if where.scheme == "http" and where.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise click.UsageError("--collector: https, or the admin key would travel in the clear")
    sender = _Sender(where.scheme, where.hostname, where.port, key, patience)
    totals = _Totals()
    try:
        if str(file) == "-":
            _send_all(sender, sys.stdin.buffer, None, totals)
        else:
            with file.open("rb") as lines:
                _send_all(sender, lines, file.stat().st_size, totals)
    except FileNotFoundError:
        raise click.UsageError(f"{file}: no such file") from None
    finally:
        sender.close()
    told = f"{totals.accepted} accepted, {totals.duplicate} known already, {totals.refused} refused"
    click.echo(told, err=True)
    if totals.refused:
        raise SystemExit(1)


def _send_all(sender: "_Sender", file: IO[bytes], size: int | None, totals: _Totals) -> None:
    terminal = sys.stderr.isatty()
    with tqdm(
        total=size, unit="B", unit_scale=True, disable=not terminal, file=sys.stderr, desc="emit"
    ) as bar:
        for batch in _batches(_lines(file, totals)):
            outcome = sender.send(b"\n".join(line.content for line in batch))
            if len(outcome["rejected"]) == 1 and outcome["rejected"][0]["index"] is None:
                problems = outcome["rejected"][0]["problems"]
                raise click.ClickException(
                    f"lines {batch[0].number} to {batch[-1].number}: {_told(problems[0])}"
                )
            totals.accepted += len(outcome["accepted"])
            totals.duplicate += len(outcome["duplicate"])
            for rejected in outcome["rejected"]:
                _tell_refused(batch[rejected["index"]].number, rejected["problems"], totals)
            bar.update(sum(len(line.content) + 1 for line in batch))


def _lines(file: Iterable[bytes], totals: _Totals) -> Iterator[_Line]:
    for number, raw in enumerate(file, start=1):
        content = (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).strip()
        if not content:
            continue
        if len(content) > _ROOM:
            fix = f"at most {_ROOM} bytes"
            _tell_refused(
                number, [{"field": "the line", "found": f"{len(content)} bytes", "fix": fix}], totals
            )
            continue
        yield _Line(number, content)


def _batches(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == EVENTS or size + len(line.content) + 1 > _ROOM):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.content) + 1
    if batch:
        yield batch


def _tell_refused(number: int, problems: list[dict[str, str]], totals: _Totals) -> None:
    totals.refused += 1
    if totals.refused > _SHOWN:
        return
    for problem in problems:
        tqdm.write(f"line {number}: {_told(problem)}", file=sys.stderr)
    if totals.refused == _SHOWN:
        tqdm.write("further refused lines are only counted", file=sys.stderr)


def _told(problem: dict[str, str]) -> str:
    return f"{problem['field']}: found {problem['found']}; right would be {problem['fix']}"


class _Sender:
    """One connection to a collector; sends a batch again until it is answered for good or patience ends."""

    def __init__(self, scheme: str, host: str, port: int | None, key: str, patience: float) -> None:
        """Where to, the key, and for how long to try."""
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=30)
        self._address = f"{scheme}://{host}:{port or ''}".rstrip(":")
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        self._patience = patience

    def send(self, body: bytes) -> Any:
        """A batch -> the collector's answer; a batch of unknown outcome is sent again, which is harmless."""
        give_up_at = time.monotonic() + self._patience
        pause = 0.25
        while True:
            trouble, told_to_wait = self._tried(body)
            if not isinstance(trouble, str):
                return trouble
            pause = min(5.0, max(told_to_wait, pause * 2))
            if time.monotonic() + pause > give_up_at:
                raise click.ClickException(
                    f"{self._address}: {trouble}; is it up? `headwater status`, `headwater up`."
                    " Sending the same file again is harmless."
                )
            time.sleep(pause)  # the server's own Retry-After, or ours

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _tried(self, body: bytes) -> tuple[Any, float]:
        try:
            self._connection.request("POST", "/v1/events", body=body, headers=self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return f"no answer ({type(error).__name__})", 0.0
        if response.status in _AGAIN:
            after = response.headers.get("Retry-After", "0")
            return f"HTTP {response.status}", float(after) if after.isdecimal() else 0.0
        try:
            outcome = json.loads(content)
        except ValueError:
            outcome = None
        if not isinstance(outcome, dict) or "rejected" not in outcome:
            raise click.ClickException(
                f"{self._address}: HTTP {response.status}, which is no collector's answer"
            )
        return outcome, 0.0


COMMANDS = {"emit": emit}

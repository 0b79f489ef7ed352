"""A run from its settings to its digest: refused with the reason, or worked out and shown whole, or taken up again."""

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from infra import VERSION
from infra.local import progress, stack
from infra.settings import Settings
from schemas.topics import CATALOG, EVENTS, partition_of
from streams.codec import decode_entry
from streams.domain.catalog import DEFAULT_STAGES
from streams.domain.conversions import PAYMENT, RE_REGISTRATION
from streams.domain.partition import Partition, Refusal
from streams.log import GLANCE_BYTES, Extent, LogDamaged, LogReader
from streams.replay.job import Interrupted, UnitFailed, run_units
from streams.replay.ledger import DONE, DROPPING, RUNNING, Ledger, Run
from streams.replay.pipe import Reach
from streams.replay.settings import RunSettings, SettingsRefused, settings_from
from streams.replay.units import Ends, Order, units_of
from streams.sinks.clickhouse_sink import LIVE, OWNERS, STEPS, ClickHouse
from streams.snapshots import code_version

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_TOPICS: Final = (EVENTS.name, CATALOG.name)

Extents = Mapping[str, Mapping[int, Extent]]
Tell = Callable[[int, int], None]  # records read so far, of how many


class ReplayRefused(Exception):
    """Why nothing was changed."""


class ReplayFailed(Exception):
    """Why it is not done; what is in stays in, and the same command goes on from there."""


class Log(NamedTuple):
    """Both topics as they lie there, and every catalog entry up to their ends, by partition."""

    extents: Extents
    entries: Mapping[int, list[bytes]]

    @property
    def partitions(self) -> int:
        """How many each topic has."""
        return len(self.extents[EVENTS.name])


def code() -> str:
    """The version of everything that decides what a run comes to."""
    return f"{VERSION}+{code_version().hex()[:12]}"


def settings_of(client: Any, name: str) -> RunSettings:
    """The settings of a run that there is; live has none of its own."""
    if name == LIVE:
        return RunSettings()
    run = Ledger(client).run(name)
    if run is None:
        known = ", ".join(sorted(Ledger(client).labels())[:10]) or "none yet"
        raise ReplayRefused(f"there is no run {name!r}; there are: live, {known}")
    return settings_from(run.settings)


def replay(
    settings: Settings,
    name: str,
    asked: RunSettings,
    processes: int,
    tell: Tell,
    stop: Callable[[], bool],
    offsets_of: str | None = None,
) -> Run:
    """Work a run out of the log, or the rest of it if it was begun before; raises ReplayRefused, ReplayFailed, Interrupted.

    It ends where the log ends now, or where another run ended (`offsets_of`).
    """
    if NAME.fullmatch(name) is None:
        raise ReplayRefused(
            f"{name!r} is no name of a run: right are small letters, digits, `_`, `.` and `-`, at most 64, such as"
            " window-30"
        )
    if name == LIVE and (asked != RunSettings() or offsets_of is not None):
        raise ReplayRefused("live is as the sites have it: a rebuild of it takes no settings")
    with alone(settings, name), contextlib.closing(stack.writer(settings)) as client:
        return _Replay(settings, name, asked, client).work(processes, tell, stop, offsets_of)


@contextlib.contextmanager
def alone(settings: Settings, name: str) -> Iterator[None]:
    """Hold a run for the length of the block; refused while another process of this home works on it."""
    settings.run.mkdir(parents=True, exist_ok=True)
    path = settings.run / f"replay-{name}.lock"
    with contextlib.ExitStack() as opened:
        held = False
        while not held:
            lock = opened.enter_context(path.open("a+"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.seek(0)
                raise ReplayRefused(f"{name} is being worked on now, by process {lock.read()}") from None
            with contextlib.suppress(FileNotFoundError):  # whoever held it before has just taken it away
                held = os.path.samestat(os.fstat(lock.fileno()), path.stat())
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            path.unlink()


class _Replay:
    """One go at a run."""

    def __init__(self, settings: Settings, name: str, asked: RunSettings, client: Any) -> None:
        self._settings = settings
        self._name = name
        self._asked = asked
        self._client = client
        self._ledger = Ledger(client)
        self._reach = reach_of(settings)

    def work(self, processes: int, tell: Tell, stop: Callable[[], bool], offsets_of: str | None) -> Run:
        """Begin or go on, to the end."""
        began = time.monotonic()
        begun = self._begun()
        read_before = self._read_before(begun, offsets_of)
        log = asyncio.run(self._look(None if read_before is None else _ends(read_before)))
        self._refuse_another_log(log.extents, read_before)
        catalog = self._catalog(log)
        self._refuse_unknown_sites(log, catalog)
        run = begun or self._announced(log, catalog, read_before)
        if run.catalog != catalog:
            raise ReplayRefused(
                "the entries of the log's catalog are not those that the run was begun with: the topic was made anew."
                f" `headwater runs drop {self._name}` clears it away"
            )
        order = Order(run.run, self._asked.ruling(), tuple(run.models), log.partitions, _ends(run))
        before = run.seconds
        try:
            events = self._units(order, processes, tell, stop)
        except BaseException:
            with contextlib.suppress(Exception):  # how long it took so far is all that would be lost
                if self._is_ours(run):
                    self._ledger.write(run._replace(seconds=before + time.monotonic() - began), _now_us())
            raise
        return self._finish(run, order, events, before + time.monotonic() - began)

    # -- before anything is written -----------------------------------------------------------------------------------

    def _begun(self) -> Run | None:
        """The run of this name that was begun and may be gone on with."""
        label = self._label() if self._name == LIVE else self._name
        run = self._ledger.run(label)
        if run is None:
            return None
        drop = f"`headwater runs drop {self._name}` clears it away"
        if run.status == DONE:
            raise ReplayRefused(
                f"there is a run {self._name} already, done {run.finished_at:%Y-%m-%d %H:%M} UTC; {drop}"
            )
        if run.status == DROPPING:
            raise ReplayRefused(f"{self._name} is being dropped; {drop}")
        given = self._asked.canonical()
        if run.settings != given:
            raise ReplayRefused(
                f"{self._name} was begun with other settings: {_shown(run.settings)}, now {_shown(given)}."
                f" The same settings go on with it; {drop}"
            )
        if run.code_version != code():
            raise ReplayRefused(
                f"{self._name} was begun by other code ({run.code_version}, now {code()}): what is in of it may not"
                f" agree with the rest; {drop}"
            )
        return run

    def _read_before(self, begun: Run | None, offsets_of: str | None) -> Run | None:
        """The run that says up to where the log is to be read: this one, begun before, or the one asked for."""
        if offsets_of is None:
            return begun
        like = self._ledger.run(offsets_of)
        if like is None:
            raise ReplayRefused(f"there is no replay {offsets_of!r} whose offsets could be taken")
        if begun is not None and begun.offsets != like.offsets:
            raise ReplayRefused(
                f"{self._name} was begun with other offsets than {offsets_of}'s;"
                f" `headwater runs drop {self._name}` clears it away"
            )
        return like

    def _label(self) -> str:
        """The hidden label of a rebuild: one that was begun by this very code, else the next."""
        rebuilds = {label for label in self._ledger.labels() if label.startswith(f"{LIVE}~")}
        swapped = {row[0] for row in self._client.query("SELECT label FROM headwater.live_rows").result_rows}
        for label in rebuilds - swapped:
            run = self._ledger.run(label)
            if run is not None and run.status == RUNNING and run.code_version == code():
                return label
        numbers = [int(label.partition("~")[2]) for label in rebuilds | swapped]
        return f"{LIVE}~{max(numbers, default=1) + 1}"

    async def _look(self, ends: Mapping[int, Ends] | None) -> Log:
        """How the log lies, and its entries up to the ends (else up to where they end now)."""
        from aiokafka.errors import KafkaError

        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what failed is told below
        reader = LogReader(self._reach.brokers(), GLANCE_BYTES)
        try:
            try:
                await reader.start()
                found = await self._partitions()
                if not all(found.values()) or len(set(map(len, found.values()))) > 1:
                    raise ReplayRefused(
                        f"the topics {' and '.join(_TOPICS)} are not there as they should be"
                        f" ({', '.join(f'{len(one)} partitions' for one in found.values())}): `headwater up` makes them"
                    )
                extents = {topic: await reader.extents(topic, found[topic]) for topic in _TOPICS}
                entries: dict[int, list[bytes]] = {}
                for number, (first, end, _) in extents[CATALOG.name].items():
                    upto = min(end, ends[number].catalog) if ends is not None and number in ends else end
                    entries[number] = [
                        record.value
                        async for records in reader.read(CATALOG.name, number, first, upto)
                        for record in records
                        if record.value is not None
                    ]
            finally:
                await reader.stop()
        except (KafkaError, OSError) as trouble:
            raise ReplayRefused(
                f"Kafka at {self._settings.bootstrap} does not answer ({type(trouble).__name__}): `headwater status`"
            ) from None
        return Log(extents, entries)

    async def _partitions(self) -> dict[str, list[int]]:
        """The partitions that each topic has; none where there is no such topic."""
        from aiokafka.admin import AIOKafkaAdminClient

        brokers = self._reach.brokers()
        admin = AIOKafkaAdminClient(bootstrap_servers=brokers.bootstrap, **brokers.security)
        await admin.start()
        try:
            described = await admin.describe_topics(list(_TOPICS))
        finally:
            await admin.close()
        known = {topic["topic"]: [one["partition"] for one in topic["partitions"]] for topic in described}
        return {topic: sorted(known.get(topic, ())) for topic in _TOPICS}

    def _refuse_another_log(self, extents: Extents, read_before: Run | None) -> None:
        """Refuse a log that is not, or not any more, the one that was read before."""
        marks, written = self._ledger.marks(), progress.written_places(self._client)
        known = orjson.loads(read_before.offsets) if read_before is not None else None
        if known is not None and len(known["events"]) != len(extents[EVENTS.name]):
            raise ReplayRefused(
                f"the log has {len(extents[EVENTS.name])} partitions, and had {len(known['events'])}: the topics were"
                " made anew"
            )
        try:
            for topic, kind in ((EVENTS.name, "events"), (CATALOG.name, "catalog")):
                for number, extent in extents[topic].items():
                    place = written.get(number)
                    reached = getattr(place, kind) if place is not None else 0
                    extent.refuse_another(topic, number, marks.get((topic, number), ""), reached)
                    if known is not None:
                        _, end, mark = known[kind][str(number)]
                        extent.refuse_another(topic, number, mark, end)
        except LogDamaged as damaged:
            raise ReplayRefused(str(damaged)) from None
        if not any(extent.end for extent in extents[EVENTS.name].values()):
            raise ReplayRefused("the log holds no event yet")

    def _catalog(self, log: Log) -> str:
        """Every entry that counts in this run, a line each; refuses settings that speak of what no site has."""
        ruling = self._asked.ruling()
        lines: list[bytes] = []
        stages = {RE_REGISTRATION, PAYMENT}
        for number in range(log.partitions):
            partition = Partition(number, log.partitions, ruling)
            for value in log.entries.get(number, ()):
                entry = decode_entry(value)
                if not isinstance(entry, Refusal):
                    partition.take_entry(*entry)
            lines += partition.definitions()
            for _ in partition.settle():
                pass
            for site in partition.sites.values():
                stages.update(site.catalog.stages)
        unknown = sorted(set(self._asked.windows or ()) - stages - set(DEFAULT_STAGES))
        if unknown:
            raise SettingsRefused(
                f"windows: no site has a stage {', '.join(unknown)}; there are: {', '.join(sorted(stages))}"
            )
        return "".join(line.decode() + "\n" for line in sorted(lines))

    def _refuse_unknown_sites(self, log: Log, catalog: str) -> None:
        """Refuse a site that neither an entry names nor an event, as far as the worker has read them."""
        wanted = set(self._asked.sites or ())
        wanted -= {orjson.loads(line)["site"] for line in catalog.splitlines()}
        if not wanted:
            return
        asked = "SELECT DISTINCT site FROM headwater.event_archive WHERE site IN {sites:Array(String)}"
        wanted -= {
            row[0] for row in self._client.query(asked, parameters={"sites": sorted(wanted)}).result_rows
        }
        written = progress.written_places(self._client)
        for site in sorted(wanted):
            number = partition_of(site, log.partitions)
            end, place = log.extents[EVENTS.name][number].end, written.get(number)
            if not end or (place is not None and place.events >= end):
                raise ReplayRefused(f"there is no site {site}: no entry and no event of the log names it")

    def _announced(self, log: Log, catalog: str, read_before: Run | None) -> Run:
        """Write that the run was begun: from here on its name is taken."""
        now = _now_us()
        self._ledger.note_marks(log.extents, now)
        events, entries = (log.extents[topic] for topic in _TOPICS)
        said = {
            "events": {str(number): list(extent) for number, extent in events.items()},
            "catalog": {str(number): list(extent) for number, extent in entries.items()},
        }
        run = Run(
            run=self._label() if self._name == LIVE else self._name,
            settings=self._asked.canonical(),
            catalog=catalog,
            catalog_hash=hashlib.sha256(catalog.encode()).hexdigest(),
            code_version=code(),
            offsets=orjson.dumps(said).decode() if read_before is None else read_before.offsets,
            models=self._asked.asked_models,
            started_at=datetime.fromtimestamp(now / 1e6, UTC),
            finished_at=None,
            status=RUNNING,
            event_count=0,
            seconds=0.0,
            digest="",
        )
        self._ledger.write(run, now)
        return run

    # -- the work -----------------------------------------------------------------------------------------------------

    def _units(self, order: Order, processes: int, tell: Tell, stop: Callable[[], bool]) -> int:
        """Work out what is not yet in; events applied in all."""
        units = units_of(order)
        done = {unit: events for unit, events in self._ledger.finished(order.label).items() if unit in units}
        total = sum(order.ends[unit.partition].events for unit in units)
        read = sum(order.ends[unit.partition].events for unit in done)
        tell(read, total)

        def moved(records: int) -> None:
            nonlocal read
            read += records
            tell(read, total)

        def finished(unit: Any, events: int) -> None:
            self._ledger.finish(order.label, unit, events, _now_us())
            done[unit] = events

        todo = [unit for unit in units if unit not in done]
        try:
            run_units(order, todo, self._reach, processes, finished, moved, stop)
        except UnitFailed as failed:
            raise ReplayFailed(
                f"{failed}. What is in stays in: the same command goes on from there."
            ) from None
        return sum(done.values())

    def _finish(self, run: Run, order: Order, events: int, seconds: float) -> Run:
        """Show the run, whole; one without any event is taken back."""
        from infra.runs import clear, digest_of

        if not events:
            clear(self._client, run)
            raise ReplayRefused("an empty range: no event of the log lies in it")
        digest = digest_of(self._client, run.run)
        if not self._is_ours(run):
            raise ReplayFailed(f"{self._name} was dropped meanwhile")
        now = _now_us()
        whole = run._replace(
            status=DONE,
            event_count=events,
            seconds=seconds,
            digest=digest,
            finished_at=datetime.fromtimestamp(now / 1e6, UTC),
        )
        if self._name == LIVE:
            self._swap(order)
        self._ledger.write(whole, now)
        if self._name == LIVE:
            from infra.live import drop_replaced

            drop_replaced(self._client)
        return whole

    def _is_ours(self, run: Run) -> bool:
        """Whether a run is still being worked out: it may have been dropped from another machine."""
        held = self._ledger.run(run.run)
        return held is not None and held.status == RUNNING and held.started_at == run.started_at

    def _swap(self, order: Order) -> None:
        """Put a rebuild of live in live's place."""
        from infra.live import swap

        at, writer = _now_us() / 1e6, f"replay:{os.getpid()}"
        owners, steps = [], []
        for number, ends in order.ends.items():
            if ends.version:
                owners.append((order.label, number, 1, writer, at))
                place = (ends.events, ends.catalog, ends.events, ends.catalog)
                steps.append((order.label, number, *place, 1, writer, 1, at, 2 * ends.version + 1))
        self._ledger.insert("owner_rows", OWNERS, owners)
        self._ledger.insert("step_rows", STEPS, steps)
        swap(self._client, order.label)


def reach_of(settings: Settings) -> Reach:
    """Settings -> how the processes of a replay reach Kafka and ClickHouse."""
    from infra.local.clickhouse import ingest_secret

    password = ingest_secret(settings) if settings.local_clickhouse else settings.clickhouse_password
    return Reach(
        settings.bootstrap,
        ClickHouse(settings.clickhouse, settings.clickhouse_user, password, settings.clickhouse_ca_file),
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_username,
        settings.kafka_password,
        settings.kafka_ca_file,
    )


def _ends(run: Run) -> dict[int, Ends]:
    offsets = orjson.loads(run.offsets)
    return {
        int(number): Ends(events[1], offsets["catalog"][number][1])
        for number, events in offsets["events"].items()
    }


def _now_us() -> int:
    return time.time_ns() // 1_000


def _shown(canonical: str) -> str:
    """Settings in a message: entries are only counted."""
    said = orjson.loads(canonical)
    for name in ("rules", "catalog"):
        if name in said:
            said[name] = f"{len(said[name])} entries"
    return ", ".join(f"{name} {value}" for name, value in said.items()) or "none"


__all__ = ["Interrupted", "ReplayFailed", "ReplayRefused", "alone", "reach_of", "replay", "settings_of"]

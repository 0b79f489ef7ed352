"""Live's rows against the same rows worked out anew under a hidden label: compared, named and put right in ClickHouse.

A row that a worker wrote after the place compared at has a version beyond that place's; its site is left out. A row
with a version beyond every step that was ever announced is nobody's, and goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from streams.replay.units import Unit
from streams.sinks.rows import COLUMNS

HIDDEN: Final = "audit~"
TABLES: Final = tuple(table for table in COLUMNS if table != "event_archive")
MOST_NAMED: Final = 1_000
MOST_EXPLAINED: Final = 20
MOST_SITES: Final = 1_000
_APART: Final = ("run", "version", "deleted")
_SETTINGS: Final = {"max_threads": 1, "mutations_sync": 2}
_WITHIN: Final = (
    "bitAnd(kafkaMurmurHash(site), 2147483647) % {partitions:UInt32} = {partition:UInt32}"
    " AND CRC32(site) % {buckets:UInt32} = {bucket:UInt32}"
)
_HELD: Final = "run = {live:String} AND site IN {sites:Array(String)}"
_RIGHT: Final = "run = {hidden:String} AND site IN {sites:Array(String)}"


Offsets = tuple[tuple[str, int, int, int], ...]  # topic, partition, first, end


class Difference(NamedTuple):
    """One thing that was not as the log says: where, in what way, and the offsets it was worked out of."""

    site: str
    table: str
    key: str
    what: str
    columns: tuple[str, ...] = ()
    offsets: Offsets = ()


class Findings:
    """Differences, the first thousand of them by name."""

    def __init__(self) -> None:
        self.named: list[Difference] = []
        self.count = 0
        self.repaired = 0
        self.skipped: set[str] = set()
        self.beyond: set[tuple[str, str]] = set()

    def add(self, found: Iterable[Difference], count: int) -> None:
        """Take differences in; `count` is how many there are."""
        self.named += list(found)[: max(0, MOST_NAMED - len(self.named))]
        self.count += count

    def locate(self, offsets: Mapping[str, Offsets]) -> None:
        """Say of each by which records of the log it was worked out; `offsets` by site, "" for any other."""
        self.named = [one._replace(offsets=offsets.get(one.site, offsets[""])) for one in self.named]

    def json(self) -> str:
        """The named ones."""
        return orjson.dumps([one._asdict() for one in self.named]).decode()


class Compared(NamedTuple):
    """What is compared: live's label, the hidden one, the version of the place, and how many partitions there are."""

    live: str
    hidden: str
    version: int
    partitions: int


class _Table(NamedTuple):
    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    key_text: str
    digest: str


class Results:
    """The run tables of one ClickHouse."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._tables = [self._table(name) for name in TABLES]

    def _table(self, name: str) -> _Table:
        found = self._client.query(
            "SELECT name, type, is_in_sorting_key FROM system.columns"
            " WHERE database = 'headwater' AND table = {table:String} ORDER BY position",
            parameters={"table": name},
        ).result_rows
        columns = [(column, type) for column, type, _ in found if column not in _APART]
        digest = f"sipHash128({', '.join(_hashed(column, type) for column, type in columns)})"
        key = tuple(column for column, _, sorts in found if sorts and column != "run")
        key_text = f"arrayStringConcat([{', '.join(f'toString({column})' for column in key)}], '|')"
        return _Table(name, key, tuple(column for column, _ in columns), key_text, digest)

    def drop_hidden(self, label: str = "") -> None:
        """Remove the rows of an audit's label; of every one there is, unless one is named."""
        asked = " UNION DISTINCT ".join(
            f"SELECT '{table.name}', run FROM headwater.{table.name} WHERE startsWith(run, '{HIDDEN}')"
            for table in self._tables
        )
        for table, found in self._client.query(asked).result_rows:
            if label in ("", found):
                sql = f"ALTER TABLE headwater.{table} DROP PARTITION {{label:String}}"
                self._client.command(sql, parameters={"label": found})

    def newest_version(self, live: str, partition: int) -> int:
        """The version of the newest step of live that was announced on a partition."""
        sql = (
            "SELECT max(last + catalog_last) FROM headwater.step_rows"
            " WHERE label = {live:String} AND partition = {partition:UInt16}"
        )
        asked = {"live": live, "partition": partition}
        return int(self._client.query(sql, parameters=asked).result_rows[0][0])

    def sites(self, what: Compared, unit: Unit) -> list[str]:
        """The sites of a unit that have a row anywhere, stored or worked out anew."""
        asked = " UNION DISTINCT ".join(
            f"SELECT site FROM headwater.{table.name} WHERE run IN ({{live:String}}, {{hidden:String}}) AND {_WITHIN}"
            for table in self._tables
        )
        return sorted(site for (site,) in self._asked(asked, what, unit))

    # -- rows of nobody -----------------------------------------------------------------------------------------------

    def remove_beyond(self, what: Compared, unit: Unit, findings: Findings, repair: bool) -> None:
        """Find and remove the rows of a unit whose version no step ever had."""
        newest = self.newest_version(what.live, unit.partition)
        asked = " UNION ALL ".join(
            f"SELECT '{table.name}', site, {table.key_text}, version, hex(sipHash128({table.key_text}, version))"
            f" FROM headwater.{table.name} WHERE run = {{live:String}} AND version > {{newest:UInt64}} AND {_WITHIN}"
            for table in self._tables
        )
        candidates = self._asked(asked, what, unit, newest=newest)
        if not candidates:
            return
        newest = self.newest_version(
            what.live, unit.partition
        )  # after the rows: a worker announces before it writes
        beyond = [row for row in candidates if row[3] > newest]
        named = [Difference(site, table, key, "version") for table, site, key, _, _ in beyond]
        findings.add(named, len(named))
        findings.beyond |= {(one.table, one.key) for one in named}
        if repair:
            for table in self._tables:
                self._delete(table, what.live, [row[4] for row in beyond if row[0] == table.name])
            findings.repaired += len(beyond)

    def _delete(self, table: _Table, live: str, hashes: list[str]) -> None:
        sql = (
            f"ALTER TABLE headwater.{table.name} DELETE WHERE run = {{live:String}}"
            f" AND hex(sipHash128({table.key_text}, version)) IN {{hashes:Array(String)}}"
        )
        for some in _lots(hashes, MOST_NAMED):
            self._client.command(sql, parameters={"live": live, "hashes": some}, settings=_SETTINGS)

    # -- rows that differ ---------------------------------------------------------------------------------------------

    def differing(self, what: Compared, unit: Unit, sites: list[str]) -> dict[str, list[str]]:
        """Table -> those of the sites whose rows there are not what was worked out, changed meanwhile or not."""
        asked = " UNION ALL ".join(
            f"SELECT '{table.name}', site FROM"
            f" (SELECT run, site, reinterpretAsUInt128({table.digest}) AS digest FROM headwater.{table.name} FINAL"
            " WHERE run IN ({live:String}, {hidden:String}) AND site IN {sites:Array(String)})"
            " GROUP BY site HAVING sumIf(digest, run = {live:String}) != sumIf(digest, run = {hidden:String})"
            " OR countIf(run = {live:String}) != countIf(run = {hidden:String})"
            for table in self._tables
        )
        found: dict[str, list[str]] = {}
        for some in _lots(sites, MOST_SITES):
            for table, site in sorted(self._asked(asked, what, unit, sites=some)):
                found.setdefault(table, []).append(site)
        return found

    def changed(self, what: Compared, unit: Unit, sites: Iterable[str]) -> set[str]:
        """Those of the sites that a worker has written rows of since."""
        newest = self.newest_version(what.live, unit.partition)
        asked = " UNION DISTINCT ".join(
            f"SELECT site FROM headwater.{table.name} WHERE run = {{live:String}}"
            " AND site IN {sites:Array(String)} AND version > {version:UInt64} AND version <= {newest:UInt64}"
            for table in self._tables
        )
        found: set[str] = set()
        for some in _lots(sorted(sites), MOST_SITES):
            found |= {site for (site,) in self._asked(asked, what, unit, newest=newest, sites=some)}
        return found

    def name(self, what: Compared, unit: Unit, name: str, sites: list[str], findings: Findings) -> None:
        """Take in every difference of some sites in one table."""
        table = next(table for table in self._tables if table.name == name)
        key = ", ".join(table.key)
        within = (
            f"(SELECT {key}, anyIf(digest, run = {{live:String}}) AS held, countIf(run = {{live:String}}) AS helds,"
            " anyIf(digest, run = {hidden:String}) AS right, countIf(run = {hidden:String}) AS rights"
            f" FROM (SELECT run, {key}, {table.digest} AS digest FROM headwater.{name} FINAL"
            " WHERE run IN ({live:String}, {hidden:String}) AND site IN {sites:Array(String)})"
            f" GROUP BY {key} HAVING helds != rights OR held != right)"
        )
        for some in _lots(sites, MOST_SITES):
            room = MOST_NAMED - len(findings.named)
            ((count,),) = self._asked(f"SELECT count() FROM {within}", what, unit, sites=some)
            sql = f"SELECT {key}, helds, rights FROM {within} ORDER BY {key} LIMIT {max(0, room)}"
            named: list[Difference] = []
            for row in self._asked(sql, what, unit, sites=some):
                helds, rights = row[-2:]
                if (name, _key(row[:-2])) in findings.beyond:
                    count -= 1  # named already
                    continue
                said = "missing" if not helds else "extra" if not rights else "differs"
                columns: tuple[str, ...] = ()
                if said == "differs" and len(named) < MOST_EXPLAINED:
                    columns = self._columns_apart(table, what, row[: len(table.key)])
                named.append(Difference(row[0], name, _key(row[:-2]), said, columns))
            findings.add(named, count)

    def _columns_apart(self, table: _Table, what: Compared, key: tuple[Any, ...]) -> tuple[str, ...]:
        """In which columns two rows of one key differ."""
        where = " AND ".join(f"toString({column}) = {{k{n}:String}}" for n, column in enumerate(table.key))
        sql = (
            f"SELECT {', '.join(table.columns)} FROM headwater.{table.name} FINAL"
            f" WHERE run IN ({{live:String}}, {{hidden:String}}) AND {where}"
        )
        asked = {f"k{n}": str(value) for n, value in enumerate(key)}
        rows = self._client.query(
            sql, parameters={"live": what.live, "hidden": what.hidden, **asked}
        ).result_rows
        if len(rows) != 2:
            return ()
        apart = zip(table.columns, *rows, strict=True)
        return tuple(column for column, one, other in apart if one != other)

    def repair(self, what: Compared, unit: Unit, name: str, sites: list[str]) -> None:
        """Write the right rows over those that differ, and say of those that should not be that they are not.

        They get the version of the place: what a worker writes later counts over them.
        """
        table = next(table for table in self._tables if table.name == name)
        key, columns = ", ".join(table.key), ", ".join(table.columns)
        held, right = (
            f"FROM headwater.{name} FINAL WHERE {_HELD}",
            f"FROM headwater.{name} FINAL WHERE {_RIGHT}",
        )
        remove = (
            f"INSERT INTO headwater.{name} (run, {key}, version, deleted)"
            f" SELECT {{live:String}}, {key}, {{version:UInt64}}, 1 {held} AND ({key}) NOT IN (SELECT {key} {right})"
        )
        write = (
            f"INSERT INTO headwater.{name} (run, {columns}, version, deleted)"
            f" SELECT {{live:String}}, {columns}, {{version:UInt64}}, 0 {right}"
            f" AND ({key}, {table.digest}) NOT IN (SELECT {key}, {table.digest} {held})"
        )
        for some in _lots(sites, MOST_SITES):
            asked = {**what._asdict(), "sites": some}
            for sql in (remove, write):
                self._client.command(sql, parameters=asked, settings=_SETTINGS)

    def _asked(self, sql: str, what: Compared, unit: Unit, **more: Any) -> list[Any]:
        asked = {**what._asdict(), **unit._asdict(), **more}
        found: list[Any] = self._client.query(sql, parameters=asked, settings=_SETTINGS).result_rows
        return found


def _hashed(column: str, type: str) -> str:
    """A digest with a NULL in it is NULL, and would compare as nothing."""
    return f"isNull({column}), ifNull(toString({column}), '')" if type.startswith("Nullable") else column


def _key(values: Iterable[Any]) -> str:
    return "|".join(str(value) for value in values)


def _lots(values: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]

"""The front on the real engine: clients unchanged, readers held to reading, errors in ClickHouse's own form."""

import asyncio
import base64
import gzip
import http.client
import json
import os
import signal
import struct
import threading
import urllib.parse
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import clickhouse_connect
import lz4.frame
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from infra.settings import Settings
from tests.infra.conftest import RunningFront, start_front
from tests.ports import free_port

pytestmark = pytest.mark.stack


class Said(NamedTuple):
    """What the front answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return self.headers.get("x-clickhouse-exception-code", "")


def say(
    front: RunningFront,
    sql: str | None = None,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    method: str = "POST",
    admin: bool = False,
    **query: Any,
) -> Said:
    """One plain HTTP request, as curl would send it."""
    if sql is not None:
        query["query"] = sql
    sent = dict(headers or {})
    if admin:
        sent |= {"X-ClickHouse-User": "ingest", "X-ClickHouse-Key": front.secret}
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=30)
    try:
        connection.request(method, "/?" + urllib.parse.urlencode(query), body, sent)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Said(answer.status, answer.read(), found)
    finally:
        connection.close()


def asked(name: str, value: str) -> dict[str, Any]:
    """One more URL parameter for `say`."""
    return {name: value}


@pytest.fixture
def writer(front: RunningFront) -> Iterator[Client]:
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=front.port, username="ingest", password=front.secret
    )
    yield client
    client.close()


@pytest.fixture
def reader(front: RunningFront) -> Iterator[Client]:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=front.port)
    yield client
    client.close()


ROWS: list[list[Any]] = [["센터", 1, ["a", "b"], None], ["it's\t\\", 2, [], 7], ["", 2**64 - 1, ["ü"], -1]]
COLUMNS = ["name", "number", "words", "maybe"]


@pytest.fixture
def seats(writer: Client) -> Iterator[str]:
    """An empty table that readers see through a view."""
    writer.command(
        "CREATE TABLE headwater.seat_rows (name LowCardinality(String), number UInt64, words Array(String),"
        " maybe Nullable(Int32)) ENGINE = MergeTree ORDER BY number"
    )
    writer.command("CREATE VIEW headwater.seats AS SELECT * FROM headwater.seat_rows")
    yield "headwater.seat_rows"
    writer.command("DROP VIEW headwater.seats")
    writer.command("DROP TABLE headwater.seat_rows")


class TestClients:
    @pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
    def test_rows_come_back_as_they_went_in(self, front: RunningFront, seats: str, compress: Any) -> None:
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=front.port, username="ingest", password=front.secret, compress=compress
        )
        client.insert(seats, ROWS, COLUMNS)
        assert client.query(f"SELECT * FROM {seats} ORDER BY number").result_rows == [
            tuple(row) for row in ROWS
        ]
        client.close()

    def test_the_async_client_reads_and_writes(self, front: RunningFront, seats: str) -> None:
        async def there_and_back() -> Any:
            client = await clickhouse_connect.get_async_client(
                host="127.0.0.1", port=front.port, username="ingest", password=front.secret
            )
            await client.insert(seats, ROWS, COLUMNS)
            rows = (await client.query(f"SELECT * FROM {seats} ORDER BY number")).result_rows
            await client.close()
            return rows

        assert asyncio.run(there_and_back()) == [tuple(row) for row in ROWS]

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("String", "it's a \\ and a\ttab\nand 한글"),
            ("Array(String)", ["it's", "\\", "한", ""]),
            ("Array(String)", []),
            ("Nullable(String)", None),
            ("Int64", -5),
        ],
    )
    def test_parameters_arrive_as_they_were(self, reader: Client, kind: str, value: Any) -> None:
        assert reader.query(f"SELECT {{asked:{kind}}}", parameters={"asked": value}).result_rows == [(value,)]

    def test_settings_hold_for_one_request(self, writer: Client) -> None:
        read = "SELECT getSetting('max_threads')"
        assert writer.query(read, settings={"max_threads": 1}).result_rows == [(1,)]
        assert writer.query(read).result_rows != [(1,)]

    def test_an_insert_reports_its_rows(self, writer: Client, seats: str) -> None:
        assert writer.insert(seats, ROWS, COLUMNS).written_rows == 3

    def test_a_repeated_token_writes_once(self, writer: Client) -> None:
        writer.command(
            "CREATE TABLE headwater.once_rows (n UInt8) ENGINE = MergeTree ORDER BY n"
            " SETTINGS non_replicated_deduplication_window = 10"
        )
        settings = {"insert_deduplicate": 1, "insert_deduplication_token": "12"}
        for _ in range(2):
            writer.insert("headwater.once_rows", [[1]], ["n"], settings=settings)
        assert writer.command("SELECT count() FROM headwater.once_rows") == 1
        writer.command("DROP TABLE headwater.once_rows")

    def test_parameterised_views_are_asked_by_name(self, writer: Client, reader: Client) -> None:
        writer.command(
            "CREATE VIEW headwater.asked AS SELECT * FROM numbers(9) WHERE has({some:Array(UInt64)}, number)"
        )
        rows = reader.query("SELECT * FROM headwater.asked(some = [3, 5])").result_rows
        writer.command("DROP VIEW headwater.asked")
        assert rows == [(3,), (5,)]

    def test_answers_are_compressed_when_asked(self, front: RunningFront) -> None:
        sql = "SELECT repeat('x', 100) FROM numbers(900) FORMAT TSV"
        unpack = {"gzip": gzip.decompress, "lz4": lz4.frame.decompress, "zstd": None}
        plain = say(front, sql).body
        for encoding, unpacked in unpack.items():
            said = say(front, sql, headers={"Accept-Encoding": encoding}, enable_http_compression="1")
            assert said.headers["content-encoding"] == encoding
            if unpacked is None:
                assert zstandard.ZstdDecompressor().decompressobj().decompress(said.body) == plain
            else:
                assert unpacked(said.body) == plain

    def test_pandas(self, reader: Client) -> None:
        assert list(reader.query_df("SELECT number FROM numbers(3)")["number"]) == [0, 1, 2]


class TestPlainHttp:
    def test_ping(self, front: RunningFront) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", front.port)
        connection.request("GET", "/ping")
        assert connection.getresponse().read() == b"Ok.\n"
        connection.close()

    def test_the_query_may_stand_in_the_url_or_the_body(self, front: RunningFront) -> None:
        assert say(front, "SELECT 1", method="GET").body == b"1\n"
        assert say(front, body=b"SELECT 1").body == b"1\n"
        assert say(front, "SELECT", body=b" 1").body == b"1\n"

    def test_a_chunked_body(self, front: RunningFront) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", front.port)
        connection.request("POST", "/", iter([b"SELECT ", b"1"]), encode_chunked=True)
        assert connection.getresponse().read() == b"1\n"
        connection.close()

    def test_the_format_is_named(self, front: RunningFront) -> None:
        said = say(front, "SELECT 1 AS one FORMAT JSONEachRow")
        assert (json.loads(said.body), said.headers["x-clickhouse-format"]) == ({"one": 1}, "JSONEachRow")
        assert say(front, "SELECT 1 AS one", default_format="CSVWithNames").body == b'"one"\n1\n'

    def test_one_connection_serves_many_requests(self, front: RunningFront) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", front.port)
        for number in range(5):
            connection.request("POST", "/", f"SELECT {number}")
            assert connection.getresponse().read() == b"%d\n" % number
        connection.close()

    @pytest.mark.parametrize(
        ("encoding", "pack"),
        [
            ("gzip", gzip.compress),
            ("deflate", zlib.compress),
            ("lz4", lz4.frame.compress),
            ("zstd", zstandard.ZstdCompressor().compress),
        ],
    )
    def test_packed_bodies(self, front: RunningFront, encoding: str, pack: Any) -> None:
        assert say(front, body=pack(b"SELECT 1"), headers={"Content-Encoding": encoding}).body == b"1\n"

    def test_rows_in_the_body_of_the_statement(self, front: RunningFront, seats: str, writer: Client) -> None:
        rows = '{"name": "a;b", "number": 1}\n{"name": "c", "number": 2}'
        said = say(front, body=f"INSERT INTO {seats} FORMAT JSONEachRow\n{rows}".encode(), admin=True)
        assert said.status == 200, said.body
        say(front, f"INSERT INTO {seats} (name, number) VALUES", b"('d', 3), ('e;', 4)", admin=True)
        say(front, f"INSERT INTO {seats} (name, number) VALUES ('f', 5)", admin=True)
        assert writer.command(f"SELECT groupArray(name) FROM (SELECT * FROM {seats} ORDER BY number)") == (
            "['a;b','c','d','e;','f']"
        )

    def test_the_go_clients_greeting_is_answered_in_its_own_revision(self, front: RunningFront) -> None:
        sql = "SELECT displayName(), version(), revision(), timezone()"
        said = say(front, sql, default_format="Native", client_protocol_version="54460")
        assert said.body.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01")
        assert b"revision()\x06UInt32\x00" + struct.pack("<I", 0) in said.body


class TestErrors:
    def test_have_clickhouses_own_form(self, front: RunningFront) -> None:
        said = say(front, "SELECT nothing_like_this")
        assert (said.status, said.code) == (404, "47")
        assert said.body.startswith(b"Code: 47. DB::Exception: ")

    def test_reach_the_client_as_its_own(self, reader: Client) -> None:
        with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
            reader.query("SELECT * FROM headwater.no_such_view")

    @pytest.mark.parametrize("rows", [b"\x01\x02garbage", b'{"name": 3'])
    def test_rows_that_cannot_be_read_write_nothing(
        self, front: RunningFront, seats: str, writer: Client, rows: bytes
    ) -> None:
        writer.insert(seats, ROWS, COLUMNS)
        assert say(front, f"INSERT INTO {seats} FORMAT Native", rows, admin=True).status >= 400
        assert writer.command(f"SELECT count() FROM {seats}") == 3

    def test_a_body_that_ends_early_writes_nothing(
        self, front: RunningFront, seats: str, writer: Client
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", front.port)
        query = urllib.parse.urlencode({"query": f"INSERT INTO {seats} (number) FORMAT TSV"})
        connection.putrequest("POST", f"/?{query}")
        connection.putheader("X-ClickHouse-User", "ingest")
        connection.putheader("X-ClickHouse-Key", front.secret)
        connection.putheader("Content-Length", "1000")
        connection.endheaders()
        connection.send(b"1\n2\n")
        connection.close()
        assert writer.command(f"SELECT count() FROM {seats}") == 0

    def test_a_broken_packing_is_named(self, front: RunningFront) -> None:
        said = say(front, body=b"no gzip", headers={"Content-Encoding": "gzip"})
        assert (said.status, said.code) == (400, "354")


REFUSED = [
    "SELECT 1 INTO OUTFILE '/tmp/out.tsv'",
    "SELECT 1 INTO/**/OUTFILE '/tmp/out.tsv'",
    "SELECT 1 into outfile '/tmp/out.tsv' TRUNCATE FORMAT CSV",
    "SELECT * FROM merge('headwater', '^seat')",
    "SELECT * FROM MERGE('headwater', '.*')",
    "SELECT * FROM `merge`('headwater', '.*')",
    "SELECT * FROM merge /* */ ('headwater', '.*')",
    "SELECT * FROM merge\n-- a comment\n('headwater', '.*')",
    "SELECT file('/etc/passwd')",
    "SELECT \"file\"('/etc/passwd')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE url('http://127.0.0.1/', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1/x')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM loop(system.one)",
    "SELECT * FROM dictionary('x')",
    "SELECT * FROM eval('SELECT 1')",
    "WITH (SELECT file('/etc/passwd')) AS x SELECT x",
    "SELECT 1 WHERE 1 IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "EXPLAIN SELECT * FROM file('/etc/passwd')",
    "SELECT 1; SELECT 2",
    "SELECT 1;SELECT 2;",
    "SELECT 1; DROP TABLE headwater.seat_rows",
    "SELECT 'a\\'; -- ' ; SELECT 2",
    "INSERT INTO headwater.seat_rows (number) VALUES (1)",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a Int') SELECT 1",
    "CREATE TABLE headwater.t (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a Int8)",
    "CREATE VIEW headwater.v AS SELECT 1",
    "CREATE FUNCTION f AS x -> x",
    "DROP TABLE headwater.seat_rows",
    "TRUNCATE TABLE headwater.seat_rows",
    "ALTER TABLE headwater.seat_rows DELETE WHERE 1",
    "DELETE FROM headwater.seat_rows WHERE 1",
    "OPTIMIZE TABLE headwater.seat_rows FINAL",
    "RENAME TABLE headwater.seat_rows TO headwater.x",
    "EXCHANGE TABLES headwater.seat_rows AND headwater.x",
    "DETACH TABLE headwater.seat_rows",
    "ATTACH TABLE headwater.seat_rows",
    "SYSTEM FLUSH LOGS",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "CHECK TABLE headwater.seat_rows",
    "BACKUP TABLE headwater.seat_rows TO File('/tmp/x')",
    "SET readonly = 0",
    "SET max_threads = 64",
    "USE system",
    "GRANT ALL ON *.* TO default",
    "CREATE USER x",
    "SHOW PROCESSLIST",
    "SHOW USERS",
    "SHOW GRANTS",
    "SHOW ACCESS",
    "SELECT * FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    'SELECT * FROM "system" . "users"',
    "SELECT * FROM SYSTEM.query_log",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.named_collections",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM headwater.seat_rows",
    "SELECT * FROM headwater.`seat_rows`",
    "SELECT * FROM (SELECT * FROM HEADWATER.SEAT_ROWS)",
    "SELECT 1 IN headwater.seat_rows",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT sleep(3)",
    "SELECT reverseDNSQuery('127.0.0.1')",
    "SELECT hasColumnInTable('127.0.0.1', 'a', 'b', 'system', 'one', 'dummy')",
    "SELECT aiGenerate('x', 'y')",
    "SELECT logTrace('x')",
    "SELECT 1 // '\n, file('/etc/passwd') // '",
    "SELECT 1 # '\n, file('/etc/passwd') # '",
    "SELECT 1 /* /* */ ' */, file('/etc/passwd') -- '",
    "SELECT $a$ ' $a$, file('/etc/passwd') AS b -- '",
    "SELECT ‘ ' ’, file('/etc/passwd') AS b -- '",
    "SELECT 'never ends",
    "SELECT 1 \x00 , 2",
    "",
    ";",
    "-- nothing",
]


class TestReaders:
    @pytest.mark.parametrize("sql", REFUSED)
    def test_are_refused(self, front: RunningFront, seats: str, writer: Client, sql: str) -> None:
        said = say(front, body=sql.encode())
        assert 400 <= said.status < 500, said.body
        assert said.code in ("62", "164", "497", "60"), said.body
        assert b"root:" not in said.body

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT 'INTO OUTFILE', 'merge(', 'file(''x'')', ';', '//', '#', '--'",
            "SELECT 1 AS merge, 2 AS file",
            "SELECT \"merge\" FROM (SELECT 1 AS merge) -- file('x'); #",
            "SELECT /* merge('a', 'b'); // */ 1",
            "SELECT 'it\\'s; ', 'it''s; '",
            "SELECT 1;",
            "(SELECT 1) UNION ALL (SELECT 2)",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "FROM numbers(3) SELECT number",
            "SELECT * FROM headwater.seats",
            "SELECT name FROM system.tables WHERE database = 'headwater'",
            "SELECT table_name FROM information_schema.tables",
            "SHOW TABLES FROM headwater",
            "SHOW CREATE VIEW headwater.seats",
            "DESCRIBE headwater.seats",
            "EXISTS headwater.seats",
            "EXPLAIN SELECT 1",
            "SELECT '가나다' AS `이름`",
            "SELECT format('{} {}', 'a', 'b'), 7 % 3, 6 / 2, [1, 2][1], (1, 2).1",
        ],
    )
    def test_may_read(self, front: RunningFront, seats: str, sql: str) -> None:
        said = say(front, body=sql.encode())
        assert said.status == 200, said.body

    @pytest.mark.parametrize(
        ("sql", "code"),
        [
            ("SELECT number FROM numbers(5001)", "396"),
            ("SELECT count() FROM numbers(9900000000) WHERE cityHash64(number) % 7 = 9", "159"),
            ("SELECT length(groupArray(number)) FROM numbers(200000000)", "241"),
        ],
    )
    def test_are_held_to_limits(self, front: RunningFront, sql: str, code: str) -> None:
        assert say(front, sql).code == code

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("max_execution_time", "100"),
            ("max_execution_time", "0"),
            ("max_result_rows", "100000"),
            ("max_memory_usage", "0"),
            ("readonly", "0"),
        ],
    )
    def test_loosen_no_limit(self, front: RunningFront, name: str, value: str) -> None:
        before = say(front, f"SELECT getSetting('{name}')").body
        assert say(front, f"SELECT getSetting('{name}')", **asked(name, value)).body == before

    def test_may_tighten_one(self, front: RunningFront) -> None:
        assert say(front, "SELECT number FROM numbers(20)", max_result_rows="10").code == "396"

    @pytest.mark.parametrize(
        "name", ["dialect", "additional_table_filters", "allow_ddl", "profile", "max_insert_threads", "a'b"]
    )
    def test_set_nothing_else(self, front: RunningFront, name: str) -> None:
        assert say(front, "SELECT 1", **asked(name, "1")).code in ("164", "115")

    @pytest.mark.parametrize("value", ["system.processes", "headwater.seat_rows", "seat_rows", "a`b"])
    def test_smuggle_no_name_in_a_parameter(self, front: RunningFront, seats: str, value: str) -> None:
        assert say(front, "SELECT * FROM {t:Identifier}", param_t=value).code == "497"

    def test_choose_no_other_database(self, front: RunningFront) -> None:
        assert say(front, "SELECT * FROM processes", database="system").code == "497"

    def test_insert_no_body(self, front: RunningFront, seats: str) -> None:
        assert say(front, f"INSERT INTO {seats} (number) FORMAT TSV", b"1\n").status == 403

    def test_a_get_never_writes(self, front: RunningFront, seats: str) -> None:
        assert say(front, f"DROP TABLE {seats}", method="GET", admin=True).code == "164"


class TestUsers:
    @pytest.mark.parametrize(
        ("user", "password"),
        [("ingest", ""), ("ingest", "wrong"), ("reader", "guess"), ("default", "x"), ("root", "")],
    )
    def test_wrong_credentials_are_refused(self, front: RunningFront, user: str, password: str) -> None:
        headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        said = say(front, "SELECT 1", headers=headers)
        assert (said.status, said.code) == (403, "516")
        assert say(front, "SELECT 1", user=user, password=password).code == "516"

    def test_basic_authorization(self, front: RunningFront) -> None:
        given = base64.b64encode(f"ingest:{front.secret}".encode()).decode()
        said = say(front, "SELECT getSetting('readonly')", headers={"Authorization": f"Basic {given}"})
        assert said.body == b"0\n"

    @pytest.mark.parametrize(
        "headers",
        [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
    )
    def test_web_pages_are_not_answered(self, front: RunningFront, headers: dict[str, str]) -> None:
        assert say(front, "SELECT 1", headers=headers).status == 403

    def test_the_secret_is_its_owners_alone(self, front: RunningFront) -> None:
        assert os.stat(front.settings.secrets / "clickhouse-ingest").st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "engine", ["Kafka", "S3Queue('x')", "RabbitMQ", "NATS", "KeeperMap('/x')", "ReplicatedMergeTree"]
)
def test_engines_that_spoil_the_directory_are_refused(front: RunningFront, engine: str) -> None:
    said = say(front, f"CREATE TABLE headwater.spoilt (a Int8) ENGINE = {engine}", admin=True)
    assert (said.status, said.code) == (501, "344")
    assert say(front, "EXISTS headwater.spoilt").body == b"0\n"


def test_readers_read_while_rows_are_written(front: RunningFront, seats: str, writer: Client) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            client = clickhouse_connect.get_client(host="127.0.0.1", port=front.port)
            while not done.is_set():
                counted = client.command("SELECT count() FROM headwater.seats")
                assert int(str(counted)) % 5000 == 0  # an insert is seen whole or not at all
            client.close()
        except BaseException as failed:  # noqa: BLE001 -- told by the thread that started it
            failures.append(failed)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for one in readers:
        one.start()
    for _ in range(10):
        writer.insert(seats, [["x", number, ["a"], None] for number in range(5000)], COLUMNS)
    done.set()
    for one in readers:
        one.join()
    assert failures == []


def test_a_killed_front_keeps_every_acknowledged_row(settings: Settings) -> None:
    started = start_front(settings)
    front = RunningFront(settings)
    say(front, "CREATE TABLE headwater.kept_rows (n UInt64) ENGINE = MergeTree ORDER BY n", admin=True)
    acknowledged = 0
    for _ in range(3):
        deadline = threading.Timer(0.5, started.send_signal, [signal.SIGKILL])
        deadline.start()
        try:
            while True:
                rows = "".join(f"{number}\n" for number in range(acknowledged, acknowledged + 100))
                said = say(front, "INSERT INTO headwater.kept_rows FORMAT TSV", rows.encode(), admin=True)
                acknowledged += 100 if said.status == 200 else 0
        except (OSError, http.client.HTTPException):
            started.wait()
        started = start_front(settings)
        counted = say(front, "SELECT uniqExact(n), min(n), max(n) FROM headwater.kept_rows", admin=True).body
        unique, _, newest = (int(part) for part in counted.split())
        assert newest + 1 >= acknowledged
        assert unique == newest + 1
        acknowledged = newest + 1
    assert acknowledged > 0
    started.terminate()
    assert started.wait(20) == 0


def test_a_second_front_on_the_same_data_says_so(settings: Settings, tmp_path: Any) -> None:
    started = start_front(settings)
    other = settings.model_copy(update={"clickhouse_port": free_port()})
    with pytest.raises(AssertionError, match="in use by another|Cannot lock|EmbeddedServer"):
        start_front(other)
    started.terminate()
    assert started.wait(20) == 0

"""The lab's TDS server, proved by clients that nobody here wrote: pyodbc with FreeTDS and with Microsoft's driver,
python-tds, tsql and fisql."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import pyodbc
import pytds
import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.sql import Database, SqlServer, axdb
from lab.tds import TdsServer
from lab.thread import LoopThread

PASSWORD = "canary-Pw.42"
MODE = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
ENABLE = "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 WHERE PARM = 'CONFIGURATIONMODE'"

FREETDS = Path("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so")
_PACKAGE = find_spec("mssql_python_odbc")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
(MICROSOFT,) = Path(_PACKAGE.origin).parent.glob("libs/linux/debian_ubuntu/x86_64/lib/libmsodbcsql-18*")

pyodbc.pooling = False


@dataclass
class Lab:
    loop: LoopThread
    authority: Authority
    sql: SqlServer
    tds: TdsServer
    # another port than the server's own, as a forwarder has
    port: int = 0
    # Closed at the end of a test: one that the garbage collector closes may be closed in the lab's own thread, where
    # the driver's farewell to the server waits for ever.
    connections: list[pyodbc.Connection] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.sql.databases["axdb"]

    def connect(
        self,
        driver: Path,
        user: str = "axdbadmin",
        password: str = PASSWORD,
        database: str = "AXDB",
        **options: str,
    ) -> pyodbc.Connection:
        port = self.port or self.tds.port
        address = f"SERVER=127.0.0.1,{port}" if driver == MICROSOFT else f"SERVER=127.0.0.1;PORT={port};TDS_Version=7.4"
        if driver == MICROSOFT:
            options = {"Encrypt": "yes", "TrustServerCertificate": "yes", **options}
        extra = "".join(f";{name}={value}" for name, value in options.items())
        text = f"DRIVER={driver};{address};DATABASE={database};UID={user};PWD={password}{extra}"
        return self.open(text)

    def open(self, text: str) -> pyodbc.Connection:
        connection = pyodbc.connect(text, timeout=5)
        self.connections.append(connection)
        return connection


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1", "sql.lab")


@pytest.fixture
def lab(loop: LoopThread, authority: Authority, certificate: tuple[Path, Path]) -> Iterator[Lab]:
    clock = Clock(20)
    sql = SqlServer("DEV01", clock)
    database = axdb(sql)
    sql.add_login("axdbadmin", PASSWORD)
    database.grant("axdbadmin", "db_owner")
    sql.add_login("reader", PASSWORD)
    database.grant("reader", "db_datareader")
    sql.add_login("stranger", PASSWORD)
    sql.add_login("DEV01\\opsadmin", PASSWORD, windows=True)
    database.grant("DEV01\\opsadmin", "db_owner")
    tds = TdsServer(sql, "127.0.0.1", 0, certificate=certificate, clock=clock)
    loop.run(tds.start())
    lab = Lab(loop, authority, sql, tds)
    yield lab
    for connection in lab.connections:
        with contextlib.suppress(pyodbc.Error):
            connection.close()
    loop.run(tds.stop())


both = pytest.mark.parametrize("driver", [pytest.param(FREETDS, id="freetds"), pytest.param(MICROSOFT, id="microsoft")])


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


# queries, parameters, transactions


@both
def test_queries_and_parameters(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    cursor = connection.cursor()
    found = cursor.execute("SELECT * FROM SQLSYSTEMVARIABLES WHERE PARM = ? AND IPARM = ?", "configurationmode", 20)
    assert [column[0] for column in found.description] == ["PARM", "VALUE", "IPARM", "IVALUE"]
    assert [tuple(row) for row in found.fetchall()] == [("CONFIGURATIONMODE", "0", 20, None)]
    row = cursor.execute("SELECT 1, CAST(2 AS bit), N'ü€', 0x0102, NULL, 1.5, CAST(N'x' AS nvarchar(max))").fetchone()
    assert tuple(row) == (1, True, "ü€", b"\x01\x02", None, 1.5, "x")
    now = cursor.execute("SELECT GETDATE()").fetchval()
    assert abs(now - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)) < datetime.timedelta(seconds=10)
    assert cursor.execute("SELECT DB_NAME(), SUSER_SNAME()").fetchone()[1] == "axdbadmin"
    for value in ("text", "ü€" * 10, "long " * 3000, 7, -(2**40), True, b"\x00\xff" * 5000, 1.25):
        assert cursor.execute("SELECT ? AS x WHERE 1 = ?", value, 1).fetchval() == value
    assert cursor.execute("SELECT ? AS x", decimal.Decimal("1.5")).fetchval() == 1.5
    # Microsoft's driver asks for the type: sp_describe_undeclared_parameters fails, it goes on
    assert cursor.execute("SELECT 1 WHERE ? IS NULL", None).fetchval() == 1
    moment = datetime.datetime.fromisoformat("2030-01-02 03:04:05.006")
    assert cursor.execute("SELECT ? AS x", moment).fetchval() == moment
    many = cursor.execute("SELECT PARM FROM SQLSYSTEMVARIABLES; SELECT N'second'")
    assert len(many.fetchall()) == 4
    assert many.nextset()
    assert many.fetchval() == "second"
    # more than one packet, both ways
    long = "SELECT N'" + "x" * 30000 + "' AS x"
    assert cursor.execute(long).fetchval() == "x" * 30000
    connection.close()


@both
def test_one_statement_is_prepared_and_run_again(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    cursor = connection.cursor()
    names = ["CONFIGURATIONMODE", "SYSTABVERSION", "NOPE"]
    query = "SELECT COUNT(*) FROM SQLSYSTEMVARIABLES WHERE PARM = ?"
    assert [cursor.execute(query, name).fetchval() for name in names] == [1, 1, 0]
    cursor.executemany("INSERT INTO SQLSYSTEMVARIABLES (PARM, VALUE) VALUES (?, ?)", [("A", "1"), ("B", None)])
    connection.commit()
    assert lab.database.rows("SQLSYSTEMVARIABLES")[-2:] == [("A", "1", None, None), ("B", None, None, None)]


@both
def test_transactions(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    cursor = connection.cursor()
    cursor.execute(ENABLE)
    assert cursor.rowcount == 1
    assert lab.database.value("CONFIGURATIONMODE") == "1"
    connection.rollback()
    assert lab.database.value("CONFIGURATIONMODE") == "0"
    cursor.execute(ENABLE)
    connection.commit()
    connection.rollback()
    assert lab.database.value("CONFIGURATIONMODE") == "1"
    # T-SQL's own transactions, on a connection that commits by itself
    alone = lab.connect(driver)
    alone.autocommit = True
    assert alone.execute("SELECT @@TRANCOUNT").fetchval() == 0
    alone.execute("BEGIN TRAN; DELETE FROM SQLSYSTEMVARIABLES; EXEC sp_addextendedproperty 'p', 'v'").close()
    assert lab.database.rows("SQLSYSTEMVARIABLES") == []
    alone.execute("ROLLBACK")
    assert lab.database.value("CONFIGURATIONMODE") == "1"
    assert lab.database.extended_property("p") is None
    # a connection that ends takes its transaction with it
    cursor.execute("UPDATE SQLSYSTEMVARIABLES SET VALUE = 'lost'")
    connection.close()
    until(lambda: lab.database.value("CONFIGURATIONMODE") == "1")


# errors


def native(failure: pyodbc.Error) -> int:
    """The number in pyodbc's text: "... (229) (SQLExecDirectW)"."""
    text = str(failure.args[1])
    return int(text.partition(" (SQL")[0].rpartition("(")[2].rstrip(")"))


ERRORS = [
    ("SELECT * FROM NOPE", 208, "42S02"),
    ("SELEC 1 FROM", 156, "42000"),
    ("SELECT 1,", 102, "42000"),
    ("SELECT nope FROM SQLSYSTEMVARIABLES", 207, "42S22"),
    (ENABLE, 229, "42000"),
    ("SELECT CAST('x' AS int)", 245, ""),
    ("THROW 51000, N'mine', 1", 51000, "42000"),
    ("DROP TABLE SQLSYSTEMVARIABLES", 50000, "42000"),
    ("EXEC sys.sp_dropextendedproperty @name = N'p'", 15135, "42000"),
]


@both
@pytest.mark.parametrize(("batch", "number", "state"), ERRORS)
def test_errors(lab: Lab, driver: Path, batch: str, number: int, state: str) -> None:
    connection = lab.connect(driver, user="reader")
    with pytest.raises(pyodbc.Error) as caught:
        connection.execute(batch)
    assert native(caught.value) == number
    if state:
        assert caught.value.args[0] == state
    # the connection is as good as before
    assert connection.execute(MODE).fetchval() == "0"


@both
def test_an_error_after_the_first_result(lab: Lab, driver: Path) -> None:
    cursor = lab.connect(driver).execute("SELECT 1; RAISERROR('later', 16, 1); SELECT 2")
    # FreeTDS loses the error if rows are left unread
    assert [tuple(row) for row in cursor.fetchall()] == [(1,)]
    with pytest.raises(pyodbc.Error, match="later"):
        cursor.nextset()


LOGINS = [
    ({"password": "wrong"}, 18456),
    ({"user": "nobody"}, 18456),
    ({"database": "NOPE"}, 4060),
    ({"user": "stranger"}, 4060),
]


@both
@pytest.mark.parametrize(("change", "number"), LOGINS)
def test_logins_refused(lab: Lab, driver: Path, change: dict[str, str], number: int) -> None:
    with pytest.raises(pyodbc.Error) as caught:
        lab.connect(driver, **change)
    # FreeTDS shows what comes last, and SQL Server says 18456 after 4060
    assert native(caught.value) == (18456 if driver == FREETDS else number)
    assert lab.sql.logins_seen[-1][2] is False
    assert PASSWORD not in str(caught.value)


@both
def test_an_offline_database(lab: Lab, driver: Path) -> None:
    lab.sql.offline_databases = {"AXDB"}
    with pytest.raises(pyodbc.Error) as caught:
        lab.connect(driver)
    assert native(caught.value) in (4060, 18456)
    lab.sql.offline_databases = set()
    assert lab.connect(driver).execute(MODE).fetchval() == "0"


@both
def test_a_deadlock_and_the_next_try(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    lab.database.deadlock_next = 1
    with pytest.raises(pyodbc.Error) as caught:
        connection.execute(ENABLE)
    assert native(caught.value) == 1205
    assert caught.value.args[0] == ("42000" if driver == FREETDS else "40001")
    connection.rollback()
    connection.execute(ENABLE)
    connection.commit()
    assert lab.database.value("CONFIGURATIONMODE") == "1"


@both
def test_locks(lab: Lab, driver: Path) -> None:
    holder, other = lab.connect(driver), lab.connect(driver)
    holder.execute(ENABLE)
    # with row versions a reader goes on with what was committed last
    assert other.execute("SET NOCOUNT ON; SET LOCK_TIMEOUT 400; " + MODE).fetchval() == "0"
    lab.database.read_committed_snapshot = False
    for batch in (MODE, ENABLE):
        with pytest.raises(pyodbc.Error) as caught:
            other.execute("SET NOCOUNT ON; SET LOCK_TIMEOUT 400; " + batch)
        assert native(caught.value) == 1222
    # without a limit it waits, and goes on when the lock is gone
    answer: list[str] = []
    waiting = threading.Thread(target=lambda: answer.append(other.execute("SET LOCK_TIMEOUT -1; " + MODE).fetchval()))
    waiting.start()
    time.sleep(0.1)
    assert answer == []
    holder.rollback()
    waiting.join(5)
    assert answer == ["0"]


@both
def test_application_locks(lab: Lab, driver: Path) -> None:
    batch = (
        "SET NOCOUNT ON; DECLARE @r int; EXEC @r = sys.sp_getapplock @Resource = N'quiesce', @LockMode = N'Exclusive', "
        "@LockOwner = N'{}', @LockTimeout = 400; SELECT @r"
    )
    holder, other = lab.connect(driver), lab.connect(driver)
    assert holder.execute(batch.format("Transaction")).fetchval() == 0
    assert other.execute(batch.format("Session")).fetchval() == -1
    holder.commit()
    assert other.execute(batch.format("Session")).fetchval() == 0
    other.execute("EXEC sp_releaseapplock N'quiesce', N'Session'")
    assert lab.database.application_locks.held == []


@both
def test_the_identity_of_the_database(lab: Lab, driver: Path) -> None:
    query = (
        "SELECT recovery_fork_guid, CAST(recovery_fork_guid AS nvarchar(36)) FROM sys.database_recovery_status "
        "WHERE database_id = DB_ID()"
    )
    row = lab.connect(driver).execute(query).fetchone()
    assert [str(each).upper() for each in row] == [lab.database.recovery_fork_guid] * 2
    lab.database.restore(lab.database.backup())
    again = lab.connect(driver).execute("SELECT ? WHERE 1 = ?", lab.database.recovery_fork_guid, 1)
    assert again.fetchval() != str(row[0]).upper()


@both
def test_a_query_that_takes_too_long_is_cancelled(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    connection.autocommit = True
    connection.timeout = 1
    lab.sql.slow_by = 3600
    cursor = connection.cursor()
    start = time.monotonic()
    with pytest.raises(pyodbc.OperationalError) as caught:
        cursor.execute(ENABLE)
    assert caught.value.args[0] == "HYT00"
    assert time.monotonic() - start < 3
    lab.sql.slow_by = 0
    # the attention was answered: the same connection goes on
    assert connection.cursor().execute(MODE).fetchval() == "0"


@both
@pytest.mark.parametrize(("xact_abort", "value"), [("ON", "0"), ("OFF", "1")])
def test_a_transaction_that_is_cancelled(lab: Lab, driver: Path, xact_abort: str, value: str) -> None:
    connection = lab.connect(driver)
    connection.autocommit = True
    connection.timeout = 1
    batch = f"SET NOCOUNT ON; SET XACT_ABORT {xact_abort}; BEGIN TRAN; {ENABLE}; WAITFOR DELAY '01:00:00'; COMMIT"
    with pytest.raises(pyodbc.OperationalError):
        connection.execute(batch)
    assert connection.execute(MODE).fetchval() == value
    assert connection.execute("SELECT @@TRANCOUNT").fetchval() == int(value)


# connections that break


@both
@pytest.mark.parametrize(("when", "value"), [("before", "0"), ("during", "1")])
def test_a_connection_dropped_in_a_batch(lab: Lab, driver: Path, when: str, value: str) -> None:
    connection = lab.connect(driver)
    connection.autocommit = True
    lab.tds.faults.drop, lab.tds.faults.drop_on = when, "UPDATE SQLSYSTEMVARIABLES"
    with pytest.raises(pyodbc.Error) as caught:
        connection.execute(ENABLE)
    assert caught.value.args[0] in ("08S01", "01000", "HY000")
    # the client cannot know whether it happened
    assert lab.database.value("CONFIGURATIONMODE") == value
    assert lab.connect(driver).execute(MODE).fetchval() == value


@both
def test_an_answer_that_is_lost(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    connection.autocommit = True
    lab.sql.lose_connection_on = "^UPDATE SQL"
    with pytest.raises(pyodbc.Error) as caught:
        connection.execute(ENABLE)
    assert caught.value.args[0] in ("08S01", "01000", "HY000")
    assert lab.connect(driver).execute(MODE).fetchval() == "1"


@both
def test_a_connection_dropped_in_a_transaction(lab: Lab, driver: Path) -> None:
    connection = lab.connect(driver)
    connection.execute(ENABLE)
    lab.tds.faults.drop, lab.tds.faults.drop_on = "before", "SELECT"
    with pytest.raises(pyodbc.Error):
        connection.execute(MODE)
    until(lambda: lab.database.value("CONFIGURATIONMODE") == "0")


@both
def test_no_connection(lab: Lab, driver: Path) -> None:
    lab.tds.faults.refuse = True
    with pytest.raises(pyodbc.Error):
        lab.connect(driver)
    lab.tds.faults.refuse = False
    # as many bytes as a login's answer has not got: the first query's answer is cut
    lab.tds.faults.drop_after_bytes = 10
    with pytest.raises(pyodbc.Error):
        lab.connect(driver).execute("SELECT N'much more than ten bytes'").fetchall()
    assert lab.connect(driver).execute(MODE).fetchval() == "0"


def test_a_login_that_is_not_answered(lab: Lab) -> None:
    lab.tds.faults.login_delay = 3600
    text = f"DRIVER={MICROSOFT};SERVER=127.0.0.1,{lab.tds.port};UID=axdbadmin;PWD={PASSWORD};Encrypt=no"
    with pytest.raises(pyodbc.OperationalError) as caught:
        pyodbc.connect(text, timeout=1)
    assert caught.value.args[0] == "HYT00"
    lab.tds.faults.login_delay = 0
    assert lab.connect(MICROSOFT).execute(MODE).fetchval() == "0"


# TLS


@pytest.fixture
def freetds_conf(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    authorities = {"verified": lab.authority, "unknown-ca": Authority(tmp_path / "other")}
    lines = []
    for name, authority in authorities.items():
        lines += [f"[{name}]", "host = 127.0.0.1", f"port = {lab.tds.port}", "tds version = 7.4"]
        lines += ["encryption = require", f"ca file = {authority.ca_file}", "check certificate hostname = yes"]
    path = tmp_path / "freetds.conf"
    path.write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("FREETDSCONF", str(path))
    return path


def by_name(lab: Lab, name: str) -> pyodbc.Connection:
    return lab.open(f"DRIVER={FREETDS};SERVERNAME={name};DATABASE=AXDB;UID=axdbadmin;PWD={PASSWORD}")


@pytest.mark.usefixtures("freetds_conf")
def test_freetds_verifies(lab: Lab) -> None:
    assert by_name(lab, "verified").execute(MODE).fetchval() == "0"
    with pytest.raises(pyodbc.Error):
        by_name(lab, "unknown-ca")
    lab.tds.certificate = lab.authority.server("another.lab")
    with pytest.raises(pyodbc.Error):
        by_name(lab, "verified")


def test_microsofts_driver_verifies(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(pyodbc.OperationalError, match="certificate verify failed"):
        lab.connect(MICROSOFT, TrustServerCertificate="no")
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.authority.ca_file))
    for encrypt in ("yes", "strict"):
        assert lab.connect(MICROSOFT, TrustServerCertificate="no", Encrypt=encrypt).execute(MODE).fetchval() == "0"
    lab.tds.certificate = lab.authority.server("another.lab")
    with pytest.raises(pyodbc.OperationalError):
        lab.connect(MICROSOFT, TrustServerCertificate="no")
    named = lab.connect(MICROSOFT, TrustServerCertificate="no", HostnameInCertificate="another.lab")
    assert named.execute(MODE).fetchval() == "0"


class Tap(threading.Thread):
    """Passes one connection on and keeps what the client sent."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sent = bytearray()

    def run(self) -> None:
        client, _unused = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        back = threading.Thread(target=self._pass, args=(server, client, bytearray()), daemon=True)
        back.start()
        self._pass(client, server, self.sent)
        back.join(5)
        self._listener.close()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket, copy: bytearray) -> None:
        try:
            while data := source.recv(65536):
                copy += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # the other direction has ended first
            return


# the client's wish, whether its statements may be read on the way
WIRES = [
    pytest.param(MICROSOFT, {"Encrypt": "yes"}, False, id="microsoft-yes"),
    pytest.param(MICROSOFT, {"Encrypt": "strict"}, False, id="microsoft-strict"),
    pytest.param(MICROSOFT, {"Encrypt": "no"}, True, id="microsoft-no"),
    pytest.param(FREETDS, {"Encryption": "require"}, False, id="freetds-require"),
    pytest.param(FREETDS, {"Encryption": "request"}, True, id="freetds-request"),
]


@pytest.mark.parametrize(("driver", "options", "readable"), WIRES)
def test_what_an_eavesdropper_sees(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, driver: Path, options: dict[str, str], readable: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.authority.ca_file))
    tap = Tap(lab.tds.port)
    tap.start()
    connection = replace(lab, port=tap.port).connect(driver, **options)
    assert connection.execute("SELECT N'eavesdrop'").fetchval() == "eavesdrop"
    connection.close()
    tap.join(5)
    # a login is encrypted in every case
    assert "axdbadmin".encode("utf-16-le") not in tap.sent
    assert ("eavesdrop".encode("utf-16-le") in tap.sent) is readable


@pytest.mark.parametrize(
    ("encryption", "driver", "options", "works"),
    [
        ("off", MICROSOFT, {"Encrypt": "yes"}, False),
        ("off", MICROSOFT, {"Encrypt": "no"}, True),
        ("off", FREETDS, {"Encryption": "require"}, False),
        ("off", FREETDS, {"Encryption": "off"}, True),
        ("required", MICROSOFT, {"Encrypt": "no"}, True),
        ("required", MICROSOFT, {"Encrypt": "yes"}, True),
        ("required", FREETDS, {"Encryption": "off"}, True),
        ("strict", MICROSOFT, {"Encrypt": "yes"}, False),
        ("strict", MICROSOFT, {"Encrypt": "strict"}, True),
        ("strict", FREETDS, {"Encryption": "require"}, False),
    ],
)
def test_what_the_server_demands(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, encryption: str, driver: Path, options: dict[str, str], works: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.authority.ca_file))
    certificate = None if encryption == "off" else lab.tds.certificate
    server = TdsServer(lab.sql, "127.0.0.1", 0, certificate=certificate, clock=lab.tds.clock, encryption=encryption)
    lab.loop.run(server.start())
    lab = replace(lab, tds=server)
    try:
        if works:
            assert lab.connect(driver, **options).execute(MODE).fetchval() == "0"
        else:
            with pytest.raises(pyodbc.Error):
                lab.connect(driver, **options)
    finally:
        lab.loop.run(server.stop())


# Windows accounts


def test_integrated_login(lab: Lab) -> None:
    connection = lab.connect(FREETDS, user="DEV01\\opsadmin")
    assert connection.execute("SELECT SUSER_SNAME()").fetchval() == "DEV01\\opsadmin"
    for change in ({"password": "wrong"}, {"user": "DEV01\\nobody"}):
        with pytest.raises(pyodbc.Error) as caught:
            lab.connect(FREETDS, **{"user": "DEV01\\opsadmin", **change})
        assert native(caught.value) == 18452
    lab.database.revoke("DEV01\\opsadmin")
    with pytest.raises(pyodbc.Error, match="18456"):
        lab.connect(FREETDS, user="DEV01\\opsadmin")


# the other clients


def test_python_tds(lab: Lab) -> None:
    options = {"port": lab.tds.port, "database": "AXDB", "user": "axdbadmin"}
    with pytds.connect("127.0.0.1", password=PASSWORD, **options) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT PARM FROM SQLSYSTEMVARIABLES WHERE VALUE = %s AND IPARM = %s", ("161", 20))
        assert cursor.fetchall() == [("SYSTABVERSION",)]
        cursor.execute("UPDATE SQLSYSTEMVARIABLES SET VALUE = %s WHERE PARM = %s", ("1", "CONFIGURATIONMODE"))
        connection.rollback()
        assert lab.database.value("CONFIGURATIONMODE") == "0"
        cursor.execute(ENABLE)
        connection.commit()
        assert lab.database.value("CONFIGURATIONMODE") == "1"
        cursor.execute("SELECT SERVERPROPERTY('ServerName'), GETDATE(), CAST(5 AS bigint), CAST('x' AS varchar(max))")
        name, now, number, text = cursor.fetchone()
        assert (name, number, text) == ("DEV01", 5, "x")
        assert isinstance(now, datetime.datetime)
        with pytest.raises(pytds.DatabaseError) as caught:
            cursor.execute("SELECT * FROM NOPE")
        assert caught.value.number == 208
    with pytest.raises(pytds.Error, match="Login failed for user"):
        pytds.connect("127.0.0.1", password="wrong", **options)


def run(program: str, conf: Path, batch: str, *more: str) -> subprocess.CompletedProcess[str]:
    line = [program, "-S", "verified", "-U", "axdbadmin", "-P", PASSWORD, *more]
    environment = {**os.environ, "FREETDSCONF": str(conf)}
    return subprocess.run(line, input=batch, text=True, capture_output=True, env=environment, timeout=20, check=False)


def test_tsql(lab: Lab, freetds_conf: Path) -> None:
    done = run("tsql", freetds_conf, f"{ENABLE}\n{MODE}\ngo\nSELECT * FROM NOPE\ngo\nexit\n", "-D", "AXDB")
    assert "\n1\n(1 row affected)" in done.stdout
    assert "Msg 208 (severity 16, state 1) from DEV01 Line 1:" in done.stderr
    assert lab.database.value("CONFIGURATIONMODE") == "1"


def test_fisql(lab: Lab, freetds_conf: Path) -> None:
    done = run("fisql", freetds_conf, f"use AXDB\ngo\n{ENABLE}\ngo\nSELECT * FROM NOPE\ngo\nexit\n")
    assert "(1 rows affected)" in done.stdout
    assert "Msg 208, Level 16, State 1:" in done.stdout + done.stderr
    assert lab.database.value("CONFIGURATIONMODE") == "1"


# what clients that mean harm send


@pytest.mark.parametrize(
    "rubbish", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x12\x01\x00\x08" + bytes(4), b"\x16\x03\x01\x00\x05hello", bytes(64)]
)
def test_rubbish_ends_its_connection_alone(lab: Lab, rubbish: bytes) -> None:
    with socket.create_connection(("127.0.0.1", lab.tds.port), timeout=5) as client:
        client.sendall(rubbish)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            continue
    assert lab.connect(FREETDS).execute(MODE).fetchval() == "0"
    until(lambda: len(lab.tds.connections) <= 1)

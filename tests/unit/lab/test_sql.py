"""The lab's SQL engine: T-SQL in, rows or SQL Server's errors out; and the TDS codecs, there and back."""

from __future__ import annotations

import asyncio
import datetime
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.clock import Clock
from lab.sql import (
    Column,
    Count,
    Database,
    Failure,
    Info,
    Result,
    Rows,
    Session,
    SqlError,
    SqlServer,
    SqlType,
    Table,
    Variable,
    axdb,
    execute_waiting,
)
from lab.sql.functions import like_expression
from lab.sql.types import INT, MAX
from lab.tds import login, packets, rpc, values

READ = """
SET NOCOUNT ON; SET LOCK_TIMEOUT 10000;
SELECT N'value' AS item, CAST(VALUE AS nvarchar(60)) AS content
  FROM dbo.SQLSYSTEMVARIABLES WHERE PARM = N'CONFIGURATIONMODE'
UNION ALL SELECT N'record', CAST(value AS nvarchar(3500))
  FROM sys.extended_properties WHERE class = 0 AND name = N'quiesce.maintenance'
UNION ALL SELECT N'database', DB_NAME()
UNION ALL SELECT N'login', SUSER_SNAME()
UNION ALL SELECT N'server', CAST(SERVERPROPERTY('ServerName') AS nvarchar(128))
UNION ALL SELECT N'may_update', CAST(HAS_PERMS_BY_NAME(N'dbo.SQLSYSTEMVARIABLES', N'OBJECT', N'UPDATE') AS nvarchar(1))
UNION ALL SELECT N'may_alter', CAST(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'ALTER') AS nvarchar(1));
"""
WRITE = """
SET NOCOUNT ON; SET XACT_ABORT ON; SET LOCK_TIMEOUT 10000;
DECLARE @record nvarchar(3500) = CAST(0x7B22613A317D AS varchar(3500));
BEGIN TRANSACTION;
UPDATE dbo.SQLSYSTEMVARIABLES SET VALUE = N'1' WHERE PARM = N'CONFIGURATIONMODE' AND VALUE = N'0';
IF @@ROWCOUNT <> 1 THROW 51000, N'the value was not 0', 1;
EXEC sys.sp_addextendedproperty @name = N'quiesce.maintenance', @value = @record;
COMMIT TRANSACTION;
"""
VENDOR = "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 WHERE PARM = 'CONFIGURATIONMODE'"


@pytest.fixture
def server() -> SqlServer:
    server = SqlServer("DEV01", Clock(100))
    database = axdb(server)
    for name, rights in (("admin", ["db_owner"]), ("reader", ["db_datareader"]), ("blind", ["UPDATE"]), ("guest", [])):
        server.add_login(name, f"{name}-pw")
        database.grant(name, *rights)
    server.add_login("stranger", "stranger-pw")
    server.add_login("DEV01\\opsadmin", windows=True)
    database.grant("DEV01\\opsadmin", "db_owner")
    return server


@pytest.fixture
def database(server: SqlServer) -> Database:
    return server.databases["axdb"]


@pytest.fixture
def session(server: SqlServer) -> Session:
    return server.login("admin", "admin-pw", "AXDB")


def results(session: Session, batch: str, parameters: dict[str, object] | None = None) -> list[Result]:
    return list(session.execute(batch, parameters))


def rows(session: Session, batch: str, parameters: dict[str, object] | None = None) -> list[tuple[object, ...]]:
    found = [each for each in results(session, batch, parameters) if isinstance(each, Rows)]
    return [row for each in found for row in each.rows]


def error(session: Session, batch: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        results(session, batch)
    return caught.value


def all_of(session: Session, batch: str) -> list[Result]:
    """Every result, errors among them."""

    async def collect() -> list[Result]:
        return [each async for each in execute_waiting(session, batch)]

    return asyncio.run(collect())


MODE = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
ANSWERS: list[tuple[str, list[tuple[object, ...]]]] = [
    ("SELECT 1", [(1,)]),
    (MODE, [("0",)]),
    ("select value from [DBO].[sqlSystemVariables] where parm = n'configurationmode  '", [("0",)]),
    ("SELECT s.VALUE FROM AXDB.dbo.SQLSYSTEMVARIABLES AS s WITH (NOLOCK) WHERE s.PARM LIKE N'CONFIG%'", [("0",)]),
    ("SELECT TOP (1) PARM FROM SQLSYSTEMVARIABLES ORDER BY PARM DESC", [("SYSTABVERSION",)]),
    ("SELECT PARM FROM SQLSYSTEMVARIABLES WHERE VALUE = 161", [("SYSTABVERSION",)]),
    ("SELECT COUNT(*) FROM SQLSYSTEMVARIABLES WHERE IVALUE IS NULL AND IPARM IN (20, 21)", [(4,)]),
    ("SELECT 1 SELECT 2; SELECT 3;;", [(1,), (2,), (3,)]),
    ("SELECT N'a' + 'b', 2 + 3, '2' + 3, 7 / 2, -7 % 4, 'x' + NULL", [("ab", 5, 5, 3, -3, None)]),
    ("SELECT CAST('abcdef' AS nvarchar(3)), CONVERT(int, ' 42 '), CAST(12 AS varchar(10)), TRY_CAST('x' AS int)",
     [("abc", 42, "12", None)]),
    ("SELECT CAST(0x7B7D AS varchar(10)), CAST(0x41004200 AS nvarchar(10)), CAST('A' AS varbinary(4))",
     [("{}", "AB", b"A")]),
    ("SELECT ISNULL(NULL, 'x'), COALESCE(NULL, 5, 6), NULLIF(1, 1), IIF(1 > 2, 'a', 'b'), CONCAT('a', NULL, 1)",
     [("x", 5, None, "b", "a1")]),
    ("SELECT CASE WHEN 'A' = 'a' THEN 'same' ELSE 'different' END, CASE 2 WHEN 2 THEN 1 END", [("same", 1)]),
    ("SELECT LEN('ab '), UPPER('a'), LTRIM(' a'), REPLACE('AbA', 'a', 'x'), SUBSTRING('abc', 2, 1), DATALENGTH(N'ab')",
     [(2, "A", "a", "xbx", "b", 4)]),
    ("SELECT DB_NAME(), SUSER_SNAME(), ORIGINAL_LOGIN(), @@SERVERNAME, @@TRANCOUNT, @@ROWCOUNT",
     [("AXDB", "admin", "admin", "DEV01", 0, 0)]),
    ("SELECT SERVERPROPERTY('ServerName'), SERVERPROPERTY('NoSuchThing')", [("DEV01", None)]),
    ("SELECT HAS_PERMS_BY_NAME('dbo.SQLSYSTEMVARIABLES', 'OBJECT', 'INSERT')", [(1,)]),
    ("SELECT HAS_PERMS_BY_NAME('dbo.X', 'OBJECT', 'INSERT'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER')",
     [(None, 1)]),
    ("SELECT 1 WHERE OBJECT_ID('dbo.SQLSYSTEMVARIABLES') IS NOT NULL AND OBJECT_ID(N'dbo.X', 'U') IS NULL", [(1,)]),
    ("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'base table'", [("SQLSYSTEMVARIABLES",)]),
    ("SELECT DATA_TYPE, CHARACTER_MAXIMUM_LENGTH FROM INFORMATION_SCHEMA.COLUMNS WHERE COLUMN_NAME = 'PARM'",
     [("nvarchar", 60)]),
    ("SELECT name FROM sys.databases ORDER BY name", [("AXDB",), ("master",)]),
    ("SELECT t.name FROM sys.tables t JOIN sys.objects o ON o.object_id = t.object_id", [("SQLSYSTEMVARIABLES",)]),
    ("DECLARE @n int, @s nvarchar(9) = N'x'; SELECT @n = COUNT(*) FROM sys.databases; SET @s = @s + 'y' SELECT @n, @s",
     [(2, "xy")]),
    ("IF EXISTS (SELECT 1 FROM SQLSYSTEMVARIABLES WHERE PARM = 'NOPE') SELECT 1 ELSE SELECT 2", [(2,)]),
    ("IF 1 = 1 BEGIN SELECT 1; IF 1 = 2 SELECT 2; ELSE BEGIN SELECT 3 END END", [(1,), (3,)]),
    ("IF 1 = 2 BEGIN SELECT 1; END; ELSE BEGIN; SELECT 2; END; SELECT 3", [(2,), (3,)]),
    ("BEGIN TRY; SELECT 1; THROW 50001, 'x', 1; END TRY BEGIN CATCH SELECT ERROR_MESSAGE(); END CATCH", [(1,), ("x",)]),
    ("IF NOT (1 = 2 OR NULL = NULL) SELECT 1 ELSE SELECT 2", [(2,)]),
    ("BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", [(245,)]),
    ("SELECT COUNT(*) FROM (SELECT 'a' AS x UNION SELECT N'A') q", [(1,)]),
    ("SELECT x FROM (SELECT VALUE AS x FROM SQLSYSTEMVARIABLES) q WHERE x = '161'", [("161",)]),
    ("SELECT PARM FROM SQLSYSTEMVARIABLES WHERE VALUE = (SELECT MIN(VALUE) FROM SQLSYSTEMVARIABLES WHERE VALUE > '0')",
     [("RUNDATAUPGRADE",)]),
    ("/* SELECT 1 */ -- SELECT 2\nSELECT 'it''s; SELECT 3'", [("it's; SELECT 3",)]),
    ("USE master; SELECT DB_NAME()", [("master",)]),
    ("EXEC sp_addextendedproperty 'p', N'v'; SELECT class_desc, name, value FROM sys.extended_properties",
     [("DATABASE", "p", "v")]),
    ("DECLARE @rc int; EXEC @rc = sys.sp_addextendedproperty @name = 'p', @value = 'v'; SELECT @rc", [(0,)]),
]  # fmt: skip


@pytest.mark.parametrize(("batch", "expected"), ANSWERS)
def test_answers(session: Session, batch: str, expected: list[tuple[object, ...]]) -> None:
    assert rows(session, batch) == expected


ERRORS = [
    ("FOO BAR", 2812),
    ("SELECT 'abc", 105),
    ("SELECT [abc", 105),
    ("SELECT 1 /* never /* closed */", 113),
    ("SELECT * FROM NOPE", 208),
    ("SELECT nope FROM SQLSYSTEMVARIABLES", 207),
    ("SELECT [nope] FROM SQLSYSTEMVARIABLES", 207),
    ('SELECT "nope" FROM SQLSYSTEMVARIABLES', 207),
    ("SELECT rowid FROM SQLSYSTEMVARIABLES", 207),
    ("UPDATE SQLSYSTEMVARIABLES SET nope = 1", 207),
    ("SELECT x.VALUE FROM SQLSYSTEMVARIABLES", 4104),
    ("SELECT VALUE FROM SQLSYSTEMVARIABLES a, SQLSYSTEMVARIABLES b", 209),
    ("SELECT 1 FROM SQLSYSTEMVARIABLES, SQLSYSTEMVARIABLES", 1013),
    ("SELECT (SELECT VALUE FROM SQLSYSTEMVARIABLES)", 512),
    ("SELECT COUNT(*), PARM FROM SQLSYSTEMVARIABLES", 8120),
    ("SELECT VALUE FROM SQLSYSTEMVARIABLES GROUP BY PARM", 8120),
    ("SELECT 1 FROM SQLSYSTEMVARIABLES WHERE COUNT(*) > 1", 147),
    ("SELECT 1 FROM (SELECT VALUE + 'x' FROM SQLSYSTEMVARIABLES) q", 8155),
    ("SELECT 1 FROM (SELECT VALUE FROM SQLSYSTEMVARIABLES ORDER BY 1) q", 1033),
    ("SELECT TOP (-1) PARM FROM SQLSYSTEMVARIABLES", 127),
    ("DECLARE @n int = -1; SELECT TOP (@n) PARM FROM SQLSYSTEMVARIABLES", 127),
    ("SELECT @nope", 137),
    ("SELECT @@nope", 137),
    ("SELECT @late; DECLARE @late int", 137),
    ("DECLARE @a int; DECLARE @a int", 134),
    ("SELECT 1 UNION ALL SELECT 1, 2", 205),
    ("SELECT 1 UNION ALL SELECT 'x'", 245),
    ("SELECT PARM FROM SQLSYSTEMVARIABLES WHERE PARM = 1", 245),
    ("SELECT CAST('99999999999' AS int)", 248),
    ("SELECT CAST('300' AS tinyint)", 244),
    ("SELECT CAST(300 AS tinyint)", 220),
    ("SELECT CAST('x' AS bigint)", 8114),
    ("SELECT CAST('x' AS uniqueidentifier)", 8169),
    ("SELECT CAST(NEWID() AS nvarchar(35))", 8170),
    ("SELECT CAST(1 AS nvarchar(0))", 1001),
    ("SELECT CAST(1 AS nvarchar(4001))", 131),
    ("SELECT CAST(1 AS nosuch)", 243),
    ("SELECT 1 / 0", 8134),
    ("SELECT NOSUCH(1)", 195),
    ("SELECT LEN()", 174),
    ("SELECT RTRIM(value) FROM sys.extended_properties", 8116),
    ("SELECT HASHBYTES('MD5', 1)", 8116),
    ("SELECT LEFT('x', -1)", 537),
    ("SELECT 'a' COLLATE nosuch", 448),
    ("SET NOSUCH ON", 195),
    ("EXEC sp_nosuch", 2812),
    ("EXEC sys.sp_addextendedproperty @nosuch = 1", 8145),
    ("EXEC sys.sp_addextendedproperty 'p', 'v', 'a', 'b', 'c', 'd', 'e', 'f', 'g'", 8144),
    ("EXEC sys.sp_addextendedproperty @name = 'p', @name = 'p'", 8143),
    ("EXEC sys.sp_addextendedproperty @value = 'v'", 201),
    ("EXEC sys.sp_addextendedproperty NULL, 'v'", 15600),
    ("EXEC sys.sp_dropextendedproperty @name = 'p'", 15217),
    ("EXEC sys.sp_updateextendedproperty @name = 'p', @value = 'v'", 15217),
    ("USE NOPE", 911),
    ("COMMIT", 3902),
    ("ROLLBACK", 3903),
    ("BEGIN TRAN a; ROLLBACK TRAN b", 6401),
    ("THROW 51000, 'mine', 3", 51000),
    ("THROW", 10704),
    ("THROW 4, 'mine', 3", 35100),
    ("RAISERROR('mine', 16, 1)", 50000),
    ("RAISERROR('mine', 19, 1)", 2754),
    ("INSERT INTO SQLSYSTEMVARIABLES (VALUE) VALUES ('1')", 515),
    ("INSERT INTO SQLSYSTEMVARIABLES (PARM, VALUE) VALUES ('x')", 109),
    ("INSERT INTO SQLSYSTEMVARIABLES (PARM, PARM) VALUES ('x', 'y')", 264),
    ("UPDATE SQLSYSTEMVARIABLES SET IPARM = 'x'", 245),
    ("UPDATE SQLSYSTEMVARIABLES WITH (NOLOCK) SET IPARM = 1", 1065),
    ("UPDATE sys.extended_properties SET value = 1", 259),
    ("DELETE FROM sys.databases", 259),
    ("SELECT PARM FROM SQLSYSTEMVARIABLES WITH (NOSUCH)", 321),
    (f"SELECT {'(' * 2000}1{')' * 2000}", 8631),
]


@pytest.mark.parametrize(("batch", "number"), ERRORS, ids=[batch[:60] for batch, _unused in ERRORS])
def test_errors(session: Session, database: Database, batch: str, number: int) -> None:
    before = database.rows("SQLSYSTEMVARIABLES")
    assert error(session, batch).number == number
    assert database.rows("SQLSYSTEMVARIABLES") == before


SOME = """
    SELECT UPDATE DELETE SET FROM WHERE VALUE PARM SQLSYSTEMVARIABLES = 1 'x' ( ) , ; IF BEGIN END ELSE EXEC THROW @a
    @@ROWCOUNT AND NOT NULL UNION ALL DECLARE int + - * CASE WHEN THEN AS . [ ] -- /* ' N'y' COMMIT TRAN IN EXISTS 0x
    TRY CATCH ORDER BY TOP INSERT VALUES CAST LIKE COUNT PRINT RAISERROR USE WAITFOR DELAY / GROUP IS BETWEEN DISTINCT
    HAVING JOIN ON LEFT WITH NOLOCK ROLLBACK COLLATE ISNULL sys.extended_properties sp_getapplock NOCOUNT
"""
WORDS = st.sampled_from(SOME.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_any_text_is_an_answer_or_an_sql_error(batch: str) -> None:
    server = SqlServer("S", Clock(100))
    server.add_login("admin", "pw", sysadmin=True)
    axdb(server)
    try:
        results(server.login("admin", "pw", "AXDB"), batch)
    except SqlError:
        return


def test_the_vendors_own_line(session: Session, database: Database) -> None:
    assert results(session, VENDOR) == [Count(1)]
    assert database.value("configurationmode") == "1"


def test_the_collections_batches(session: Session, database: Database) -> None:
    (before,) = results(session, READ)
    assert isinstance(before, Rows)
    assert [column.name for column in before.columns] == ["item", "content"]
    assert {row[0]: row[1] for row in before.rows} == {
        "value": "0", "database": "AXDB", "login": "admin", "server": "DEV01", "may_update": "1", "may_alter": "1",
    }  # fmt: skip
    # writing and reading back in one batch
    assert rows(session, WRITE + READ)[:2] == [("value", "1"), ("record", '{"a:1}')]
    assert database.extended_property("quiesce.maintenance") == '{"a:1}'
    assert error(session, WRITE).message == "the value was not 0"
    assert session.trancount == 0
    database.set_value("CONFIGURATIONMODE", "0")
    # the property is there: under XACT_ABORT the whole transaction goes
    assert error(session, WRITE).number == 15233
    assert database.value("CONFIGURATIONMODE") == "0"
    undo = WRITE.replace("N'1'", "N'9'").replace("N'0'", "N'1'").replace("N'9'", "N'0'")
    undo = undo.replace(
        "sp_addextendedproperty @name = N'quiesce.maintenance', @value = @record",
        "sp_dropextendedproperty @name = N'quiesce.maintenance'",
    )
    database.set_value("CONFIGURATIONMODE", "1")
    assert results(session, undo) == []
    assert (database.value("CONFIGURATIONMODE"), database.extended_property("quiesce.maintenance")) == ("0", None)


def test_duplicate_rows_are_possible_and_keys_are_kept(session: Session, database: Database) -> None:
    insert = "INSERT INTO SQLSYSTEMVARIABLES (PARM, VALUE, IPARM, IVALUE) VALUES ('CONFIGURATIONMODE', 1, 20, NULL)"
    assert results(session, insert) == [Count(1)]
    assert results(session, VENDOR) == [Count(2)]
    with pytest.raises(ValueError, match="2 rows"):
        database.value("CONFIGURATIONMODE")
    database.create_table(Table("dbo", "KEYED", (Column("K", SqlType("nvarchar", 5), False),), key=("K",)))
    assert results(session, "INSERT KEYED VALUES ('a')") == [Count(1)]
    problem = error(session, "INSERT KEYED VALUES ('A')")
    assert (problem.number, problem.severity) == (2627, 14)
    assert "The duplicate key value is (A)" in problem.message
    assert error(session, "INSERT KEYED VALUES ('too long')").number == 2628


def test_parameters(session: Session) -> None:
    query = "SELECT PARM FROM SQLSYSTEMVARIABLES WHERE VALUE = @v AND IPARM = @P2"
    assert rows(session, query, {"v": "161", "P2": 20}) == [("SYSTABVERSION",)]
    assert rows(session, "SELECT @a, @b, @c", {"a": None, "b": b"\x01", "c": True}) == [(None, b"\x01", 1)]
    assert rows(session, "SELECT @a + 1", {"a": Variable(INT, 41)}) == [(42,)]


def test_nocount_and_messages(session: Session) -> None:
    answers = results(
        session, f"PRINT N'hello'; SET NOCOUNT ON; {VENDOR}; SELECT @@ROWCOUNT AS n; RAISERROR('soft', 10, 2)"
    )
    assert answers[0] == Info("hello")
    assert answers[1] == Rows([Column("n", INT)], [(1,)], counted=False)
    assert answers[2] == Info("soft", 50000, 2, 10)
    assert len(answers) == 3


LOGINS = [
    ("admin", "wrong", "AXDB", 18456, 14),
    ("nobody", "x", "AXDB", 18456, 14),
    ("DEV01\\opsadmin", "x", "AXDB", 18456, 14),
    ("admin", "admin-pw", "NOPE", 4060, 11),
    ("stranger", "stranger-pw", "AXDB", 4060, 11),
]


@pytest.mark.parametrize(("user", "password", "name", "number", "severity"), LOGINS)
def test_logins_refused(server: SqlServer, user: str, password: str, name: str, number: int, severity: int) -> None:
    with pytest.raises(SqlError) as caught:
        server.login(user, password, name)
    assert (caught.value.number, caught.value.severity, caught.value.state) == (number, severity, 1)
    assert password not in str(server.logins_seen)
    assert server.logins_seen[-1][2] is False


def test_windows_accounts_and_databases(server: SqlServer, database: Database) -> None:
    session = server.login_windows("dev01\\OPSADMIN", "axdb")
    assert rows(session, "SELECT SUSER_SNAME(), DB_NAME()") == [("DEV01\\opsadmin", "AXDB")]
    with pytest.raises(SqlError, match="18456"):
        server.login_windows("DEV01\\other", "AXDB")
    server.offline_databases = {"axdb"}
    with pytest.raises(SqlError, match="4060"):
        server.login_windows("DEV01\\opsadmin", "AXDB")
    server.offline_databases = set()
    database.available = False
    with pytest.raises(SqlError, match="4060"):
        server.login("admin", "admin-pw", "AXDB")
    stranger = server.login("stranger", "stranger-pw")
    database.available = True
    assert rows(stranger, "SELECT DB_NAME()") == [("master",)]
    assert error(stranger, "USE AXDB").number == 916


PERMISSIONS = [
    ("reader", MODE, None),
    ("reader", VENDOR, "UPDATE"),
    ("reader", "DELETE SQLSYSTEMVARIABLES", "DELETE"),
    ("reader", "INSERT SQLSYSTEMVARIABLES (PARM) VALUES ('x')", "INSERT"),
    ("guest", MODE, "SELECT"),
    # an UPDATE that reads a column needs SELECT
    ("blind", VENDOR, "SELECT"),
    ("blind", "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1", None),
]


@pytest.mark.parametrize(("user", "batch", "missing"), PERMISSIONS)
def test_permissions(server: SqlServer, user: str, batch: str, missing: str | None) -> None:
    session = server.login(user, f"{user}-pw", "AXDB")
    if missing is None:
        assert results(session, batch)
        return
    problem = error(session, batch)
    assert (problem.number, problem.severity, problem.state) == (229, 14, 5)
    assert problem.message == (
        f"The {missing} permission was denied on the object 'SQLSYSTEMVARIABLES', database 'AXDB', schema 'dbo'."
    )


def test_extended_properties_need_alter(server: SqlServer, database: Database) -> None:
    session = server.login("reader", "reader-pw", "AXDB")
    assert rows(session, "SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER')") == [(0,)]
    assert error(session, "EXEC sp_addextendedproperty 'p', 'v'").number == 15135
    database.grant("reader", "ALTER")
    assert results(session, "EXEC sp_addextendedproperty 'p', 'v'") == []
    assert database.extended_property("P") == "v"


def test_transactions(server: SqlServer, session: Session, database: Database) -> None:
    results(session, f"BEGIN TRAN; {VENDOR}")
    assert database.value("CONFIGURATIONMODE") == "1"
    results(session, "ROLLBACK")
    assert database.value("CONFIGURATIONMODE") == "0"
    assert rows(
        session, f"BEGIN TRAN BEGIN TRAN; {VENDOR}; COMMIT; SELECT @@TRANCOUNT; ROLLBACK; SELECT @@TRANCOUNT"
    ) == [(1,), (0,)]
    assert database.value("CONFIGURATIONMODE") == "0"
    session.begin()
    results(session, VENDOR)
    session.commit()
    assert database.value("CONFIGURATIONMODE") == "1"
    other = server.login("admin", "admin-pw", "AXDB")
    results(other, "BEGIN TRAN; DELETE FROM SQLSYSTEMVARIABLES; EXEC sp_addextendedproperty 'p', 'v'")
    other.close()
    assert database.value("CONFIGURATIONMODE") == "1"
    assert database.extended_property("p") is None


# what goes on after an error, and what is left: (batch, rows that still come, transactions open, VALUE)
AFTER_ERRORS: list[tuple[str, int, list[object], int, str]] = [
    ("RAISERROR('x', 16, 1); SELECT 1", 50000, [1], 1, "1"),
    ("SET XACT_ABORT ON; RAISERROR('x', 16, 1); SELECT 1", 50000, [1], 1, "1"),
    ("INSERT SQLSYSTEMVARIABLES (PARM) VALUES (NULL); SELECT 1", 515, [1], 1, "1"),
    ("SET XACT_ABORT ON; INSERT SQLSYSTEMVARIABLES (PARM) VALUES (NULL); SELECT 1", 515, [], 0, "0"),
    ("THROW 50001, 'x', 1; SELECT 1", 50001, [], 1, "1"),
    ("SET XACT_ABORT ON; THROW 50001, 'x', 1; SELECT 1", 50001, [], 0, "0"),
    ("SELECT * FROM NOPE; SELECT 1", 208, [], 1, "1"),
    ("USE NOPE; SELECT 1", 911, [], 1, "1"),
    ("EXEC sp_nosuch; SELECT 1", 2812, [1], 1, "1"),
    ("EXEC sp_dropextendedproperty 'p'; SELECT 1", 15217, [], 0, "0"),
    ("SELECT 1 / 0; SELECT 1", 8134, [1], 1, "1"),
    ("SELECT CAST('x' AS int); SELECT 1", 245, [], 0, "0"),
    ("SELECT 1; SELECT nope FROM SQLSYSTEMVARIABLES", 207, [], 1, "1"),
    ("SELECT 1; SELEC 1 FROM", 102, [], 1, "1"),
]


@pytest.mark.parametrize(("batch", "number", "still", "open_transactions", "value"), AFTER_ERRORS)
def test_what_an_error_ends(
    session: Session,
    database: Database,
    batch: str,
    number: int,
    still: list[object],
    open_transactions: int,
    value: str,
) -> None:
    results(session, f"BEGIN TRAN; {VENDOR}")
    answers = all_of(session, batch)
    assert [each.error.number for each in answers if isinstance(each, Failure)] == [number]
    assert [row[0] for each in answers if isinstance(each, Rows) for row in each.rows] == still
    assert session.trancount == open_transactions
    assert database.value("CONFIGURATIONMODE") == value


def test_catch_rolls_back_and_throws_again(session: Session, database: Database) -> None:
    batch = f"""
    SET XACT_ABORT ON
    BEGIN TRY
        BEGIN TRANSACTION; {VENDOR}; INSERT SQLSYSTEMVARIABLES (PARM) VALUES (NULL); COMMIT
    END TRY
    BEGIN CATCH
        SELECT XACT_STATE(); IF @@TRANCOUNT > 0 ROLLBACK; THROW
    END CATCH"""
    answers = all_of(session, batch)
    assert [each.rows for each in answers if isinstance(each, Rows)] == [[(-1,)]]
    assert [each.error.number for each in answers if isinstance(each, Failure)] == [515]
    assert database.value("CONFIGURATIONMODE") == "0"
    answers = all_of(session, batch.replace("ROLLBACK; THROW", "COMMIT"))
    assert [each.error.number for each in answers if isinstance(each, Failure)] == [3930]
    assert database.value("CONFIGURATIONMODE") == "0"


def test_deadlock(session: Session, database: Database) -> None:
    database.deadlock_next = 1
    problem = error(session, f"BEGIN TRAN; EXEC sp_addextendedproperty 'p', 'v'; {VENDOR}; COMMIT")
    assert (problem.number, problem.severity) == (1205, 13)
    assert f"Process ID {session.spid}" in problem.message
    assert (session.trancount, database.value("CONFIGURATIONMODE")) == (0, "0")
    assert rows(session, MODE) == [("0",)]
    assert results(session, VENDOR) == [Count(1)]


def test_a_slow_server_and_a_cancelled_batch(server: SqlServer, session: Session, database: Database) -> None:
    server.slow_by = 3600

    async def scenario() -> None:
        async for _unused in execute_waiting(session, VENDOR):
            raise AssertionError("too early")

    async def cancelled() -> None:
        await asyncio.wait_for(scenario(), 0.05)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(cancelled())
    assert database.value("CONFIGURATIONMODE") == "0"
    server.slow_by = 5
    assert all_of(session, VENDOR) == [Count(1)]
    assert database.statements[-1] == VENDOR


@pytest.mark.parametrize(("xact_abort", "value", "open_transactions"), [("ON", "0", 0), ("OFF", "1", 1)])
def test_cancelling_a_batch_with_a_transaction(
    session: Session, database: Database, xact_abort: str, value: str, open_transactions: int
) -> None:
    batch = f"SET XACT_ABORT {xact_abort}; BEGIN TRAN; {VENDOR}; WAITFOR DELAY '01:00:00'; COMMIT"

    async def run() -> None:
        async for _unused in execute_waiting(session, batch):
            pass

    async def cancelled() -> None:
        await asyncio.wait_for(run(), 0.05)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(cancelled())
    assert (database.value("CONFIGURATIONMODE"), session.trancount) == (value, open_transactions)


def test_passwords_are_not_shown(server: SqlServer, session: Session) -> None:
    results(session, MODE)
    seen = login.Login(user="admin", password="admin-pw")
    assert "admin-pw" not in f"{server.logins} {server.logins_seen} {server.databases['axdb'].statements} {seen}"


def test_dates(server: SqlServer, session: Session) -> None:
    (row,) = rows(session, "SELECT CONVERT(varchar(19), GETDATE(), 126), CAST('2030-01-02T03:04:05' AS datetime2)")
    now = datetime.datetime.fromtimestamp(server.clock.time(), datetime.timezone.utc).replace(tzinfo=None)
    assert abs(datetime.datetime.fromisoformat(str(row[0])) - now) < datetime.timedelta(seconds=5)
    assert row[1] == "2030-01-02 03:04:05.0000000"
    assert error(session, "SELECT CAST('no date' AS datetime)").number == 241


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_like_without_wildcards_is_equality(text: str) -> None:
    pattern = "".join(f"!{letter}" if letter in "%_[!" else letter for letter in text)
    assert re.fullmatch(like_expression(pattern, "!"), text, re.DOTALL)


# TDS


@given(st.binary(max_size=2000), st.integers(512, 1024))
def test_packets_there_and_back(message: bytes, size: int) -> None:
    pieces = list(packets.packets(packets.RPC, message, size))
    headers = [packets.Header.parse(piece[:8]) for piece in pieces]
    assert b"".join(piece[8:] for piece in pieces) == message
    assert all(header.length == len(piece) <= size for header, piece in zip(headers, pieces, strict=True))
    assert [header.status for header in headers] == [0] * (len(pieces) - 1) + [packets.END_OF_MESSAGE]


@given(st.dictionaries(st.integers(0, 6), st.binary(max_size=20)))
def test_prelogin_there_and_back(options: dict[int, bytes]) -> None:
    assert login.prelogin(login.prelogin_message(options)) == options


@given(st.binary(max_size=64))
def test_password_there_and_back(data: bytes) -> None:
    assert login.reveal(login.obscure(data)) == data
    # MS-TDS's own example, "a" is A5 XOR (0x61 with its halves swapped)
    assert login.obscure("a".encode("utf-16-le")) == b"\xb3\xa5"


TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
TYPED: list[tuple[SqlType, st.SearchStrategy[object]]] = [
    (SqlType("tinyint"), st.integers(0, 255)),
    (SqlType("smallint"), st.integers(-(2**15), 2**15 - 1)),
    (INT, st.integers(-(2**31), 2**31 - 1)),
    (SqlType("bigint"), st.integers(-(2**63), 2**63 - 1)),
    (SqlType("bit"), st.integers(0, 1)),
    (SqlType("float"), st.floats(allow_nan=False)),
    (SqlType("nvarchar", 600), TEXT),
    (SqlType("nvarchar", MAX), TEXT),
    (SqlType("varchar", 300), st.text(st.characters(codec="ascii"), max_size=300)),
    (SqlType("varbinary", 300), st.binary(max_size=300)),
    (SqlType("varbinary", MAX), st.binary(max_size=300)),
    (SqlType("datetime2"), st.datetimes().map(lambda when: when.isoformat(" ", "microseconds") + "0")),
]


@given(st.data(), st.sampled_from(TYPED))
def test_values_there_and_back(data: st.DataObject, typed: tuple[SqlType, st.SearchStrategy[object]]) -> None:
    kind, strategy = typed
    value = data.draw(st.none() | strategy)
    assert value is None or isinstance(value, int | float | str | bytes)
    cursor = packets.Cursor(values.type_info(kind) + values.value_bytes(value, kind))
    found = values.read_parameter(cursor)
    assert cursor.done
    assert (found.type, found.value) == (kind, value)


@settings(max_examples=300)
@given(st.binary(max_size=120), st.sampled_from(("rpc", "login", "prelogin")))
def test_broken_messages_are_protocol_errors(data: bytes, kind: str) -> None:
    """Nothing that a client sends raises anything but a refusal."""
    parse = {"rpc": rpc.parse_calls, "login": login.parse_login, "prelogin": login.prelogin}[kind]
    if kind == "rpc":
        data = b"\x04\0\0\0" + data
    try:
        parse(data)
    except (packets.ProtocolError, SqlError):
        return

"""The lab's T-SQL types: what the VALUE column may be, collations, conversions, functions; and databases' identity."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from lab.clock import Clock, VirtualClock, VirtualLoop
from lab.sql import ConnectionLost, Count, Database, Rows, Session, SqlError, SqlServer, SqlType, axdb
from lab.sql.types import BIT, INT, MAX, VARIANT

VENDOR = "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 WHERE PARM = 'CONFIGURATIONMODE'"


def signed_in(server: SqlServer) -> Session:
    server.add_login("admin", "pw", sysadmin=True)
    return server.login("admin", "pw", "AXDB")


@pytest.fixture
def server() -> SqlServer:
    server = SqlServer("DEV01", Clock())
    axdb(server)
    return server


@pytest.fixture
def session(server: SqlServer) -> Session:
    return signed_in(server)


def rows(session: Session, batch: str) -> list[tuple[object, ...]]:
    return [row for each in session.execute(batch) if isinstance(each, Rows) for row in each.rows]


def number(session: Session, batch: str) -> int:
    with pytest.raises(SqlError) as caught:
        list(session.execute(batch))
    return caught.value.number


# the VALUE column: (name, type, collation, how its text begins)
VALUES = [
    ("nvarchar", SqlType("nvarchar", 255), "", "0"),
    ("varchar", SqlType("varchar", 20), "", "0"),
    ("nvarchar max", SqlType("nvarchar", MAX), "", "0"),
    ("varchar max", SqlType("varchar", MAX), "", "0"),
    ("int", INT, "", "0"),
    ("bit", BIT, "", "0"),
    ("nchar", SqlType("nchar", 10), "", "0         "),
    ("char", SqlType("char", 5), "", "0    "),
    ("case-sensitive", SqlType("nvarchar", 60), "SQL_Latin1_General_CP1_CS_AS", "0"),
    ("binary", SqlType("nvarchar", 60), "Latin1_General_BIN2", "0"),
    ("case-sensitive without accents", SqlType("varchar", 60), "Latin1_General_CS_AI", "0"),
    ("without accents", SqlType("nvarchar", 60), "Latin1_General_100_CI_AI", "0"),
]


@pytest.mark.parametrize(("kind", "collation", "text"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES])
def test_types_of_value(kind: SqlType, collation: str, text: str) -> None:
    server = SqlServer("DEV01", Clock())
    database = axdb(server, value_type=kind, collation=collation)
    session = signed_in(server)
    read = (
        "SELECT N'value' AS item, CAST(VALUE AS nvarchar(60)) AS content FROM dbo.SQLSYSTEMVARIABLES "
        "WHERE PARM = N'CONFIGURATIONMODE' UNION ALL SELECT N'database', DB_NAME() "
        "UNION ALL SELECT N'record', CAST(value AS nvarchar(3750)) FROM sys.extended_properties"
    )
    assert rows(session, read) == [("value", text), ("database", "AXDB")]
    change = "UPDATE dbo.SQLSYSTEMVARIABLES SET VALUE = N'1' WHERE PARM = N'CONFIGURATIONMODE'"
    assert list(session.execute(f"{change} AND LTRIM(RTRIM(VALUE)) = N'0'")) == [Count(1)]
    assert list(session.execute(f"{change} AND LTRIM(RTRIM(VALUE)) = N'0'")) == [Count(0)]
    assert database.value("CONFIGURATIONMODE") == "1"
    database.set_value("CONFIGURATIONMODE", "0")
    assert list(session.execute(VENDOR)) == [Count(1)]
    assert database.value("configurationmode") == "1"
    assert rows(session, "SELECT DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE COLUMN_NAME = 'VALUE'") == [
        (kind.name,)
    ]


def test_a_variant_refuses_what_sql_server_refuses() -> None:
    server = SqlServer("DEV01", Clock())
    axdb(server, value_type=VARIANT)
    session = signed_in(server)
    assert rows(session, "SELECT CAST(VALUE AS nvarchar(9)) FROM SQLSYSTEMVARIABLES WHERE IPARM = 20")[0] == ("0",)
    assert number(session, "UPDATE SQLSYSTEMVARIABLES SET VALUE = N'1' WHERE LTRIM(RTRIM(VALUE)) = N'0'") == 8116
    assert number(session, "DECLARE @v nvarchar(9); SELECT @v = VALUE FROM SQLSYSTEMVARIABLES") == 257


@pytest.mark.parametrize(
    ("collation", "found"),
    [("", 1), ("Latin1_General_CS_AS", 0), ("Latin1_General_BIN", 0), ("Latin1_General_CI_AI", 1)],
    ids=["database", "case-sensitive", "binary", "without accents"],
)
def test_case(collation: str, found: int) -> None:
    server = SqlServer("DEV01", Clock())
    axdb(server, collation=collation)
    session = signed_in(server)
    where = "FROM SQLSYSTEMVARIABLES WHERE PARM = N'configurationmode  '"
    assert rows(session, f"SELECT COUNT(*) {where}") == [(found,)]
    assert rows(session, f"SELECT COUNT(*) {where} COLLATE Latin1_General_CI_AS") == [(1,)]
    assert rows(session, "SELECT COUNT(*) FROM SQLSYSTEMVARIABLES WHERE PARM LIKE 'config%'") == [(found,)]
    if collation:
        query = "SELECT 1 FROM SQLSYSTEMVARIABLES JOIN sys.tables ON PARM = name"
        assert number(session, query) == 468


# functions and conversions: (batch, values)
FUNCTIONS: list[tuple[str, tuple[object, ...]]] = [
    ("QUOTENAME('a]b'), QUOTENAME('it''s', ''''), QUOTENAME('x', '?'), QUOTENAME(NULL)",
     ("[a]]b]", "'it''s'", None, None)),
    ("REPLICATE('ab', 3), REPLICATE('a', 0), REPLICATE('a', -1)", ("ababab", "", None)),
    ("LEFT('abc', 2), RIGHT('abc', 2), RIGHT('abc', 0), LEFT('abc', 9)", ("ab", "bc", "", "abc")),
    ("CHAR(65), NCHAR(8364), CHAR(256), NCHAR(34)", ("A", "€", None, '"')),
    ("REPLACE(N'{`a`}', NCHAR(96), NCHAR(34)), REPLACE('AbA', 'a', 'x')", ('{"a"}', "xbx")),
    ("SUBSTRING('abc', 0, 2), SUBSTRING('abc', 2, 9), UPPER(N'äß'), LEN('ab  '), DATALENGTH(N'ab ')",
     ("a", "bc", "Äß", 2, 6)),
    ("HASHBYTES('SHA2_256', 'x'), HASHBYTES('sha2_256', N'x'), HASHBYTES('NOSUCH', 'x')",
     (hashlib.sha256(b"x").digest(), hashlib.sha256(b"x\0").digest(), None)),
    ("HASHBYTES('SHA2_256', CAST(N'ü€?' AS varchar(9)))", (hashlib.sha256(b"\xfc\x80?").digest(),)),
    ("CAST('0F7E3A1C-0000-4000-8000-0123456789AB' AS uniqueidentifier)", ("0F7E3A1C-0000-4000-8000-0123456789AB",)),
    ("CONVERT(nvarchar(36), CAST('{0f7e3a1c-0000-4000-8000-0123456789ab}' AS uniqueidentifier))",
     ("0F7E3A1C-0000-4000-8000-0123456789AB",)),
    ("CAST(CAST('0F7E3A1C-0000-4000-8000-0123456789AB' AS uniqueidentifier) AS varbinary(4))", (b"\x1c\x3a\x7e\x0f",)),
    ("CONVERT(nvarchar(30), CAST('2030-01-02T03:04:05' AS datetime), 126)", ("2030-01-02T03:04:05",)),
    ("CONVERT(nvarchar(30), CAST('2030-01-02 03:04:05.006' AS datetime), 126)", ("2030-01-02T03:04:05.007",)),
    ("CONVERT(nvarchar(30), CAST('2030-01-02 03:04:05.006' AS datetime2), 126)", ("2030-01-02T03:04:05.0060000",)),
    ("CONVERT(nvarchar(30), CAST('2030-01-02 03:04:05' AS datetime))", ("Jan  2 2030  3:04AM",)),
    ("CONVERT(varchar(8), CAST('2030-01-02' AS datetime), 112)", ("20300102",)),
    ("CAST(CAST('a' AS char(3)) AS nvarchar(9)), CAST('abc' AS nchar(2)), CAST(7 AS char(3)) + 'x'",
     ("a  ", "ab", "7  x")),
    ("CAST(1e6 AS varchar(20)), CAST(0.1 AS varchar(20))", ("1e+006", "0.1")),
    ("CAST('+ 7' AS int), CAST('' AS int), CAST('-' AS int), CAST(N'  5 ' AS smallint)", (7, 0, 0, 5)),
    ("DB_NAME(DB_ID('AXDB')), DB_ID('nosuch'), DB_NAME(99)", ("AXDB", None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), FUNCTIONS, ids=[values[:50] for values, _unused in FUNCTIONS])
def test_functions(session: Session, values: str, expected: tuple[object, ...]) -> None:
    assert rows(session, f"SELECT {values}") == [expected]


def test_now_is_the_clocks() -> None:
    loop = VirtualLoop()
    session_clock = VirtualClock(loop, epoch=1_893_553_445.0)
    server = SqlServer("DEV01", session_clock)
    axdb(server)
    session = signed_in(server)
    query = "SELECT CONVERT(nvarchar(30), {}, 126)"
    for function in ("SYSUTCDATETIME()", "GETUTCDATE()", "GETDATE()", "SYSDATETIME()", "CURRENT_TIMESTAMP"):
        assert rows(session, query.format(function)) == [("2030-01-02T03:04:05",)]
    loop.close()


# HAS_PERMS_BY_NAME: (name of the database, securable, answer)
SECURABLES = [
    ("plain", "AXDB", "DB_NAME()", 1),
    ("quoted", "AXDB", "QUOTENAME(DB_NAME())", 1),
    ("dot", "a.b", "DB_NAME()", None),
    ("quoted dot", "a.b", "QUOTENAME(DB_NAME())", 1),
    ("brackets", "it's [odd] db", "DB_NAME()", None),
    ("quoted brackets", "it's [odd] db", "QUOTENAME(DB_NAME())", 1),
    ("blanks", "my db", "DB_NAME()", 1),
    ("nothing", "AXDB", "N''", None),
    ("another", "AXDB", "N'nosuch'", None),
]


@pytest.mark.parametrize(
    ("name", "securable", "answer"), [case[1:] for case in SECURABLES], ids=[case[0] for case in SECURABLES]
)
def test_a_securable_is_an_identifier(name: str, securable: str, answer: int | None) -> None:
    server = SqlServer("DEV01", Clock())
    axdb(server, name).grant("owner", "db_owner")
    server.add_login("owner", "pw")
    session = server.login("owner", "pw", name)
    assert rows(session, f"SELECT HAS_PERMS_BY_NAME({securable}, N'DATABASE', N'ALTER')") == [(answer,)]


@pytest.mark.parametrize(
    ("securable", "answer"),
    [
        ("dbo.SQLSYSTEMVARIABLES", 1),
        ("[dbo].[sqlsystemvariables]", 1),
        ("AXDB..SQLSYSTEMVARIABLES", 1),
        ('"SQLSYSTEMVARIABLES"', 1),
        ("[dbo.SQLSYSTEMVARIABLES]", None),
        ("master.dbo.SQLSYSTEMVARIABLES", None),
        ("dbo.", None),
    ],
)
def test_a_table_as_a_securable(session: Session, securable: str, answer: int | None) -> None:
    assert rows(session, f"SELECT HAS_PERMS_BY_NAME(N'{securable}', N'OBJECT', N'UPDATE')") == [(answer,)]


# identity

STATUS = (
    "SELECT CAST(database_guid AS nvarchar(36)), CAST(family_guid AS nvarchar(36)), "
    "CONVERT(nvarchar(36), recovery_fork_guid), first_recovery_fork_guid, fork_point_lsn, last_log_backup_lsn "
    "FROM sys.database_recovery_status WHERE database_id = DB_ID()"
)


def fork(session: Session) -> object:
    ((answer,),) = rows(
        session, "SELECT recovery_fork_guid FROM sys.database_recovery_status WHERE database_id = DB_ID()"
    )
    return answer


def test_identity(server: SqlServer, session: Session) -> None:
    database = server.databases["axdb"]
    ((own, family, current, first, point, log),) = rows(session, STATUS)
    assert (own, family, current) == (database.database_guid, database.family_guid, database.recovery_fork_guid)
    assert (first, point, log) == (current, None, None)
    assert len({own, family, current}) == 3
    assert str(UUID(str(current))).upper() == current
    assert fork(session) == current
    # the same in every run, another one in every database
    again = SqlServer("DEV01", Clock())
    assert axdb(again).recovery_fork_guid == current
    assert len({each.recovery_fork_guid for each in (database, server.databases["master"], axdb(server, "B"))}) == 3
    assert axdb(SqlServer("DEV02", Clock())).recovery_fork_guid != current


def test_an_offline_database_has_none(server: SqlServer, session: Session) -> None:
    axdb(server, "OTHER").available = False
    query = "SELECT recovery_fork_guid FROM sys.database_recovery_status WHERE database_id = DB_ID('OTHER')"
    assert rows(session, query) == [(None,)]


def test_without_view_any_database(server: SqlServer) -> None:
    server.databases["axdb"].grant("owner", "db_owner")
    server.add_login("owner", "pw")
    session = server.login("owner", "pw", "AXDB")
    assert rows(session, "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DATABASE')") == [(1,)]
    assert len(rows(session, "SELECT 1 FROM sys.database_recovery_status")) == 2
    server.view_any_database = False
    assert rows(session, "SELECT database_id FROM sys.database_recovery_status") == [(1,)]
    assert rows(session, "SELECT name FROM sys.databases ORDER BY name") == [("AXDB",), ("master",)]


def test_restoring(server: SqlServer, session: Session) -> None:
    database = server.databases["axdb"]
    database.set_extended_property("p", "old")
    other = signed_in(server)
    list(other.execute(f"BEGIN TRAN; {VENDOR}"))
    # what is not committed is not in it
    backup = database.backup()
    list(other.execute("COMMIT"))
    database.set_extended_property("p", "new")
    list(session.execute("DELETE FROM SQLSYSTEMVARIABLES WHERE PARM <> 'CONFIGURATIONMODE'"))
    before, created = fork(session), rows(session, "SELECT create_date FROM sys.databases WHERE name = 'AXDB'")

    database.restore(backup)
    assert (database.value("CONFIGURATIONMODE"), database.extended_property("p")) == ("0", "old")
    assert len(database.rows("SQLSYSTEMVARIABLES")) == 4
    # connections break
    with pytest.raises(ConnectionLost):
        list(session.execute("SELECT 1"))
    after = signed_in(server)
    ((own, family, current, first, point, _unused),) = rows(after, STATUS)
    assert (own, family, first) == (database.database_guid, backup.family_guid, before)
    assert current not in (before, own)
    assert point is not None
    assert rows(after, "SELECT create_date FROM sys.databases WHERE name = 'AXDB'") == created
    # and once more: another fork
    database.restore(backup)
    assert len({before, current, database.recovery_fork_guid}) == 3


def test_restoring_elsewhere(server: SqlServer, session: Session) -> None:
    clock = Clock()
    clock.advance(86400)
    sandbox = SqlServer("SANDBOX", clock)
    target = axdb(sandbox, "AXDB", value_type=SqlType("varchar", 9))
    server.databases["axdb"].set_extended_property("p", "production")
    list(session.execute(VENDOR))
    target.restore(server.databases["axdb"].backup())
    assert (target.value("CONFIGURATIONMODE"), target.extended_property("p")) == ("1", "production")
    there = signed_in(sandbox)
    assert fork(there) != fork(session)
    query = "SELECT create_date FROM sys.databases WHERE database_id = DB_ID()"
    assert rows(there, query) > rows(session, query)
    # tables come with their columns' types
    assert rows(there, "SELECT DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE COLUMN_NAME = 'VALUE'") == [
        ("nvarchar",)
    ]
    assert list(there.execute(VENDOR)) == [Count(1)]


def test_a_restore_breaks_off_an_open_transaction(server: SqlServer, session: Session) -> None:
    database: Database = server.databases["axdb"]
    backup = database.backup()
    steps = session.steps(f"BEGIN TRAN; {VENDOR}; WAITFOR DELAY '01:00:00'; COMMIT")
    while database.value("CONFIGURATIONMODE") == "0":
        next(steps)
    database.restore(backup)
    assert database.value("CONFIGURATIONMODE") == "0"
    with pytest.raises(ConnectionLost):
        list(steps)
    assert (session.trancount, database.lock) == (0, None)

"""What the lab's T-SQL takes and refuses: nothing that SQL Server refuses, and no syntax error for what it takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.clock import Clock
from lab.sql import Database, Failure, Rows, Session, SqlError, SqlServer, axdb
from lab.sql.parser import parse
from lab.sql.parser.tokens import tokens


@pytest.fixture
def server() -> SqlServer:
    server = SqlServer("DEV01", Clock(100))
    axdb(server)
    server.add_login("admin", "pw", sysadmin=True)
    return server


@pytest.fixture
def session(server: SqlServer) -> Session:
    return server.login("admin", "pw", "AXDB")


@pytest.fixture
def database(server: SqlServer) -> Database:
    return server.databases["axdb"]


def refused(session: Session, batch: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        list(session.execute(batch))
    return caught.value


# SQL Server's parser takes none of these: (name, batch, number, near what)
REFUSED = [
    ("expression as an argument", "EXEC p 1 + 1", 102, "+"),
    ("joined strings as an argument", "EXEC p N'a' + N'b'", 102, "+"),
    ("negative variable as an argument", "DECLARE @x int; EXEC p -@x", 102, "@x"),
    ("function as an argument", "EXEC p GETDATE()", 102, ")"),
    ("parentheses as an argument", "EXEC p (1)", 102, "1"),
    ("reserved word as an argument", "EXEC p TABLE", 156, "TABLE"),
    ("THROW with an expression", "THROW 50000 + 1, 'x', 1", 102, "+"),
    ("THROW with joined strings", "THROW 50001, 'a' + 'b', 1", 102, "+"),
    ("THROW with a negative number", "THROW -50001, 'x', 1", 102, "-"),
    ("THROW with too little", "THROW 50001, 'x'", 102, "x"),
    ("THROW with a number for a text", "THROW 50001, 5, 1", 102, "5"),
    ("THROW behind an open statement", "PRINT 'x' THROW 50001, 'x', 1", 102, "THROW"),
    ("THROW as an alias", "SELECT 1 THROW 50001, 'x', 1", 102, "50001"),
    ("THROW as a transaction", "BEGIN TRAN THROW 51000, N'x', 1", 102, "51000"),
    ("THROW as a savepoint", "ROLLBACK TRAN THROW 51000, N'x', 1", 102, "51000"),
    ("comma at the end of a list", "SELECT 1,", 102, ","),
    ("comma before FROM", "SELECT PARM, FROM SQLSYSTEMVARIABLES", 156, "FROM"),
    ("LIMIT", "SELECT PARM FROM SQLSYSTEMVARIABLES LIMIT 1", 102, "1"),
    ("empty TRY", "BEGIN TRY END TRY BEGIN CATCH END CATCH", 102, "TRY"),
    ("TRY without CATCH", "BEGIN TRY SELECT 1 END TRY SELECT 2", 156, "SELECT"),
    ("semicolon between TRY and CATCH", "BEGIN TRY SELECT 1 END TRY; BEGIN CATCH END CATCH", 102, ";"),
    ("empty block", "BEGIN END", 156, "END"),
    ("USE with a string", "USE 'AXDB'", 102, "AXDB"),
    ("USE with two words", "USE AXDB 1", 102, "1"),
    ("WAITFOR with a number", "WAITFOR DELAY 5", 102, "5"),
    ("RAISERROR with two arguments", "RAISERROR('x', 16)", 102, ")"),
    ("RAISERROR with an expression", "RAISERROR('x' + 'y', 16, 1)", 102, "+"),
    ("condition as a value", "SELECT 1 = 1", 102, "="),
    ("condition in parentheses as a value", "SELECT (1 = 1)", 102, "="),
    ("two comparisons", "SELECT 1 WHERE 1 = 1 = 1", 102, "="),
    ("double equals", "SELECT 1 WHERE 1 == 1", 102, "="),
    ("concatenation by bars", "SELECT 'a' || 'b'", 102, "|"),
    ("cast by colons", "SELECT 1::int", 102, "::"),
    ("question mark", "SELECT ?", 102, "?"),
    ("no list", "SELECT FROM SQLSYSTEMVARIABLES", 156, "FROM"),
    ("nothing behind FROM", "SELECT 1 FROM", 156, "FROM"),
    ("nothing behind WHERE", "SELECT 1 WHERE", 156, "WHERE"),
    ("TOP without parentheses for a variable", "DECLARE @n int; SELECT TOP @n 1", 102, "@n"),
    ("alias of a changed table", "UPDATE SQLSYSTEMVARIABLES s SET VALUE = 1", 102, "s"),
    ("derived table without an alias", "SELECT 1 FROM (SELECT 1 AS a)", 102, ")"),
    ("JOIN without ON", "SELECT 1 FROM SQLSYSTEMVARIABLES a JOIN SQLSYSTEMVARIABLES b", 102, "b"),
    ("empty IN", "SELECT 1 WHERE 1 IN ()", 102, ")"),
    ("IS with a value", "SELECT 1 WHERE 1 IS 1", 102, "1"),
    ("bare word", "SELECT 1; FOO", 102, "FOO"),
    ("nothing behind IF", "IF 1 = 1", 102, "1"),
    ("semicolon behind IF", "IF 1 = 1; SELECT 1", 102, ";"),
    ("ELSE alone", "SELECT 1 ELSE SELECT 2", 156, "ELSE"),
    ("END alone", "END", 156, "END"),
    ("open block", "BEGIN SELECT 1", 102, "1"),
    ("option with neither ON nor OFF", "SET NOCOUNT MAYBE", 102, "MAYBE"),
    ("list of an option that takes a value", "SET NOCOUNT, LOCK_TIMEOUT 5", 102, "LOCK_TIMEOUT"),
    ("DECLARE without a type", "DECLARE @a = 1", 102, "="),
    ("function that takes no parentheses", "SELECT CURRENT_TIMESTAMP()", 102, ")"),
    ("double dot at the end", "SELECT 1 FROM dbo.", 102, "."),
]


@pytest.mark.parametrize(("batch", "number", "near"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(session: Session, batch: str, number: int, near: str) -> None:
    problem = refused(session, batch)
    assert (problem.number, problem.severity, problem.origin) == (number, 15, "")
    assert f"'{near}'" in problem.message


# refused by other errors than 102 and 156: (name, batch, number)
REFUSED_OTHERWISE = [
    ("positional after named argument", "EXEC p @a = 1, 2", 119),
    ("one argument twice", "EXEC p @a = 1, @A = 2", 8143),
    ("constant as an output argument", "EXEC p 1 OUTPUT", 179),
    ("WITH behind an open statement", "SELECT 1 WITH q AS (SELECT 1 AS a) SELECT a FROM q", 319),
    ("value as a condition", "IF 1 SELECT 1", 4145),
    ("time that is none", "WAITFOR DELAY 'soon'", 148),
    ("RETURN with a value", "RETURN 5", 178),
    ("name that is too long", f"BEGIN TRAN {'x' * 33}", 103),
]


@pytest.mark.parametrize(
    ("batch", "number"), [case[1:] for case in REFUSED_OTHERWISE], ids=[case[0] for case in REFUSED_OTHERWISE]
)
def test_refused_otherwise(session: Session, batch: str, number: int) -> None:
    assert refused(session, batch).number == number


# valid T-SQL that the lab has not: it must look neither like success nor like a syntax error
NOT_SIMULATED = [
    ("common table expression", "WITH q AS (SELECT 1 AS a) SELECT a FROM q"),
    ("common table expression behind a statement", "SELECT 1; WITH q AS (SELECT 1 AS a) SELECT a FROM q"),
    ("money", "SELECT $5"),
    ("label", "again: SELECT 1"),
    ("GOTO", "GOTO again"),
    ("WHILE", "WHILE 1 = 1 SELECT 1"),
    ("transaction with a mark", "BEGIN TRANSACTION x WITH MARK"),
    ("savepoint", "SAVE TRAN x"),
    ("RAISERROR with LOG", "RAISERROR('x', 16, 1) WITH LOG"),
    ("RAISERROR with placeholders", "RAISERROR('%d', 16, 1, 5)"),
    ("DROP", "DROP TABLE SQLSYSTEMVARIABLES"),
    ("CREATE", "CREATE TABLE t (a int)"),
    ("TRUNCATE", "TRUNCATE TABLE SQLSYSTEMVARIABLES"),
    ("MERGE", "MERGE SQLSYSTEMVARIABLES AS t USING (SELECT 1 AS a) AS s ON 1 = 1 WHEN MATCHED THEN DELETE;"),
    ("GRANT", "GRANT SELECT ON SQLSYSTEMVARIABLES TO x"),
    ("SHUTDOWN", "SHUTDOWN"),
    ("ALTER DATABASE", "ALTER DATABASE AXDB SET READ_ONLY"),
    ("OUTPUT", "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 OUTPUT inserted.VALUE"),
    ("UPDATE FROM", "UPDATE s SET VALUE = 1 FROM SQLSYSTEMVARIABLES s"),
    ("DELETE TOP", "DELETE TOP (1) FROM SQLSYSTEMVARIABLES"),
    ("SELECT INTO", "SELECT VALUE INTO #t FROM SQLSYSTEMVARIABLES"),
    ("PERCENT", "SELECT TOP 50 PERCENT PARM FROM SQLSYSTEMVARIABLES"),
    ("FOR XML", "SELECT PARM FROM SQLSYSTEMVARIABLES FOR XML AUTO"),
    ("OPTION", "SELECT PARM FROM SQLSYSTEMVARIABLES OPTION (RECOMPILE)"),
    ("OFFSET", "SELECT PARM FROM SQLSYSTEMVARIABLES ORDER BY PARM OFFSET 1 ROWS"),
    ("EXCEPT", "SELECT 1 EXCEPT SELECT 2"),
    ("RIGHT JOIN", "SELECT 1 FROM SQLSYSTEMVARIABLES a RIGHT JOIN SQLSYSTEMVARIABLES b ON 1 = 1"),
    ("APPLY", "SELECT 1 FROM SQLSYSTEMVARIABLES a CROSS APPLY f(a.PARM)"),
    ("PIVOT", "SELECT 1 FROM SQLSYSTEMVARIABLES PIVOT (MAX(VALUE) FOR PARM IN ([A])) p"),
    ("window", "SELECT ROW_NUMBER() OVER (ORDER BY PARM) FROM SQLSYSTEMVARIABLES"),
    ("aggregate over a window", "SELECT COUNT(*) OVER () FROM SQLSYSTEMVARIABLES"),
    ("function of dates", "SELECT DATEADD(day, 1, GETDATE())"),
    ("user's function", "SELECT dbo.f(1)"),
    ("bits", "SELECT 1 & 3"),
    ("ALL", "SELECT 1 WHERE 1 = ALL (SELECT 1)"),
    ("ODBC escape", "SELECT {fn NOW()}"),
    ("time zone", "SELECT GETDATE() AT TIME ZONE 'UTC'"),
    ("type", "DECLARE @d decimal(10, 2)"),
    ("table variable", "DECLARE @t TABLE (a int)"),
    ("cursor", "DECLARE c CURSOR FOR SELECT 1"),
    ("dynamic SQL", "EXEC ('SELECT 1')"),
    ("sp_executesql", "EXEC sp_executesql N'SELECT 1'"),
    ("output parameter", "DECLARE @x int; EXEC p @x OUTPUT"),
    ("procedure by variable", "DECLARE @p sysname; EXEC @p"),
    ("procedure of another database", "EXEC master.sys.sp_getapplock 'x', 'Shared'"),
    ("table of another database", "SELECT 1 FROM master.dbo.t"),
    ("snapshot isolation", "SET TRANSACTION ISOLATION LEVEL SNAPSHOT"),
    ("option with an effect", "SET ROWCOUNT 5"),
    ("statistics", "SET STATISTICS IO ON"),
    ("collation of another language", "SELECT 1 WHERE 'a' = 'b' COLLATE Turkish_CI_AS"),
    ("WAITFOR TIME", "WAITFOR TIME '22:00'"),
    ("global", "SELECT @@FETCH_STATUS"),
]


@pytest.mark.parametrize("batch", [case[1] for case in NOT_SIMULATED], ids=[case[0] for case in NOT_SIMULATED])
def test_not_simulated(session: Session, database: Database, batch: str) -> None:
    before = database.rows("SQLSYSTEMVARIABLES")
    problem = refused(session, f"{batch}")
    assert (problem.number, problem.origin) == (50000, "lab")
    assert problem.message.startswith("The lab does not simulate this T-SQL: ")
    assert database.rows("SQLSYSTEMVARIABLES") == before


# valid, and it works: (name, batch, rows)
TAKEN: list[tuple[str, str, list[tuple[object, ...]]]] = [
    ("string as an alias", "SELECT 'a' 'b', 1 AS 'c'", [("a", 1)]),
    ("alias before its value", "SELECT x = 5", [(5,)]),
    ("reserved words in brackets", "SELECT [select].[FROM] FROM (SELECT 1 AS [FROM]) [select]", [(1,)]),
    ("words that are not reserved", "SELECT 1 THROW, 2 OFFSET, 3 AS [TRY]", [(1, 2, 3)]),
    ("no digits", "SELECT 0x, DATALENGTH(0x), 0xABC", [(b"", 0, b"\n\xbc")]),
    ("old comparisons", "SELECT 1 WHERE 1 !< 1 AND 1 !> 1 AND 1 != 2", [(1,)]),
    ("blanks in comparisons", "SELECT 1 WHERE 1 < = 1 AND 1 < > 2", [(1,)]),
    ("several options", "SET NOCOUNT, XACT_ABORT ON; SELECT 1", [(1,)]),
    ("RAISERROR at once", "RAISERROR('x', 5, 1) WITH NOWAIT; SELECT 1", [(1,)]),
    ("nested comments", "SELECT /* a /* b */ c */ 1", [(1,)]),
    ("continued string", "SELECT 'a\\\nb'", [("ab",)]),
    ("GO is an alias for the server", "SELECT 1\nGO\nSELECT 2", [(1,), (2,)]),
    ("named transaction", "BEGIN TRAN a; BEGIN TRAN b; ROLLBACK TRAN a; SELECT @@TRANCOUNT", [(0,)]),
    ("transaction called THROW", "BEGIN TRAN THROW; SELECT @@TRANCOUNT; COMMIT TRAN whatever", [(1,)]),
    ("THROW behind IF", "BEGIN TRY IF 1 = 1 THROW 50001, 'x', 1 END TRY BEGIN CATCH SELECT 1 END CATCH", [(1,)]),
    ("empty CATCH", "BEGIN TRY RAISERROR('x', 16, 1) END TRY BEGIN CATCH END CATCH SELECT 1", [(1,)]),
    ("compound assignment", "DECLARE @x int = 1; SET @x += 2; SELECT @x *= 5; SELECT @x", [(15,)]),
    ("DECLARE that is not reached", "IF 1 = 0 DECLARE @x int = 5; SET @x = 7; SELECT @x", [(7,)]),
    ("hint of old", "SELECT COUNT(*) FROM SQLSYSTEMVARIABLES (NOLOCK)", [(4,)]),
    ("@@ERROR is reset by IF", "RAISERROR('x', 5, 1); IF @@ERROR <> 1 SELECT @@ERROR", [(0,)]),
    ("@@ROWCOUNT of an assignment", "DECLARE @x int; SET @x = 1; SELECT @@ROWCOUNT", [(1,)]),
    ("@@ROWCOUNT behind IF", "SELECT 1 WHERE 1 = 1; IF @@ROWCOUNT = 1 SELECT @@ROWCOUNT", [(1,), (0,)]),
    ("having without groups", "SELECT COUNT(*) FROM SQLSYSTEMVARIABLES HAVING COUNT(*) > 1", [(4,)]),
]  # fmt: skip


@pytest.mark.parametrize(("batch", "expected"), [case[1:] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_taken(session: Session, batch: str, expected: list[tuple[object, ...]]) -> None:
    found = [each for each in session.execute(batch) if isinstance(each, Rows)]
    assert [row for each in found for row in each.rows] == expected


def test_double_quotes_without_quoted_identifier(session: Session) -> None:
    """As sqlcmd signs in."""
    session.quoted_identifier = False
    assert [each.rows for each in session.execute('SELECT "it\'s"') if isinstance(each, Rows)] == [[("it's",)]]
    assert list(session.execute("SET QUOTED_IDENTIFIER ON")) == []
    assert refused(session, 'SELECT "it"').number == 207


def test_a_syntax_error_names_its_line_and_keeps_the_whole_batch_back(session: Session, database: Database) -> None:
    batch = "DELETE FROM SQLSYSTEMVARIABLES;\nSELECT 1;\n  SELECT 1,"
    problem = refused(session, batch)
    assert (problem.number, problem.line) == (102, 3)
    assert len(database.rows("SQLSYSTEMVARIABLES")) == 4


def test_a_tree_is_read_only(session: Session) -> None:
    """It is shared by all who run the same text, in any order, with parameters of any type."""
    batch = "SELECT @x + 1, CASE WHEN VALUE = @x THEN 1 ELSE 0 END FROM SQLSYSTEMVARIABLES WHERE PARM = 'SYSTABVERSION'"
    for value, answer in ((161, (162, 1)), ("161", (162, 1)), (1.5, (2.5, 0)), (161, (162, 1))):
        assert [each.rows for each in session.execute(batch, {"x": value}) if isinstance(each, Rows)] == [[answer]]
    assert parse(batch) is parse(batch)


def test_the_same_text_in_another_database(server: SqlServer, session: Session) -> None:
    """What it was translated to in one database does not serve in one that is not like it."""
    batch = "SELECT DB_NAME(), COUNT(*) FROM SQLSYSTEMVARIABLES"
    assert [each.rows for each in session.execute(batch) if isinstance(each, Rows)] == [[("AXDB", 4)]]
    assert refused(session, f"USE master; {batch}").number == 208
    axdb(server, "OTHER").insert("SQLSYSTEMVARIABLES", ("X", "1", None, None))
    other = [each for each in session.execute(f"USE OTHER; {batch}") if isinstance(each, Rows)]
    assert [each.rows for each in other] == [[("OTHER", 5)]]


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="/-"), max_size=60))
def test_any_text_has_tokens_or_is_refused(text: str) -> None:
    try:
        found = tokens(text)
    except SqlError as error:
        number = error.number
    else:
        number = 0
    assert number in (0, 102, 105, 113)
    if number:
        return
    at = 0
    for each in found[:-1]:
        start = text.find(each.text, at)
        assert start >= at
        assert text.count("\n", 0, start) + 1 == each.line
        at = start + len(each.text)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_any_text_goes_through_a_string(text: str) -> None:
    server = SqlServer("S", Clock())
    server.add_login("admin", "pw", sysadmin=True)
    session = server.login("admin", "pw")
    written = text.replace("'", "''")
    expected = text.replace("\\\r\n", "").replace("\\\n", "")
    (answer,) = session.execute(f"SELECT N'{written}'")
    assert isinstance(answer, Rows)
    assert answer.rows == [(expected,)]
    failures = [each for each in session.steps(f"THROW 50001, N'{written}', 1") if isinstance(each, Failure)]
    assert [each.error.message for each in failures] == [expected]

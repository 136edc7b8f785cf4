"""The simulated sqlcmd.exe: options, output and failures as the real one has them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from lab.clock import Clock
from lab.sql import SqlServer, axdb
from lab.windows import Account, WindowsHost
from lab.windows.programs import sqlcmd

READ = "SELECT PARM, IPARM, IVALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
UPDATE = "UPDATE SQLSYSTEMVARIABLES SET VALUE = '1' WHERE PARM = 'CONFIGURATIONMODE'"
LONG = "x" * 300
DRIVER = "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : "
DENIED = (
    "Msg 229, Level 14, State 5, Server DEV01, Line 1\nThe UPDATE permission was denied on the object"
    " 'SQLSYSTEMVARIABLES', database 'AXDB', schema 'dbo'.\n"
)


@dataclass
class Bench:
    host: WindowsHost
    server: SqlServer
    out: str = ""
    err: str = ""
    code: int = -1
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def flavour(self) -> str:
        return str(vars(self.host).get("sqlcmd_flavour", "odbc17"))

    @flavour.setter
    def flavour(self, name: str) -> None:
        vars(self.host)["sqlcmd_flavour"] = name

    def run(self, line: str) -> Bench:
        printed = {"stdout": b"", "stderr": b""}

        def write(stream: str, data: bytes) -> None:
            printed[stream] += data

        async def go() -> int:
            stdin = asyncio.StreamReader()
            stdin.feed_eof()
            return await self.host.run(
                line,
                account=self.host.accounts["admin"],
                environment=self.environment,
                cwd=None,
                skip_cmd=False,
                stdin=stdin,
                write=write,
            )

        self.code = asyncio.run(go())
        self.out, self.err = (printed[stream].decode().replace("\r\n", "\n") for stream in ("stdout", "stderr"))
        return self


@pytest.fixture
def bench() -> Bench:
    clock = Clock(1000)
    server = SqlServer("DEV01", clock)
    database = axdb(server)
    server.add_login("axdbadmin", "p$w %x%")
    server.add_login("reader", "r")
    server.add_login("DEV01\\admin", windows=True)
    database.grant("axdbadmin", "db_owner")
    database.grant("DEV01\\admin", "db_owner")
    database.grant("reader", "db_datareader")
    host = WindowsHost("dev01", "127.0.0.1", clock)
    host.add_account(Account("admin", "secret"))
    host.install(sqlcmd.PATH, sqlcmd.sqlcmd)
    host.sql_servers.update({".": server, "dev01": server})
    return Bench(host, server, environment={"SQLCMDPASSWORD": "p$w %x%"})


@pytest.mark.parametrize(
    ("options", "batch", "out"),
    [
        (
            "",
            READ,
            (
                "PARM                                                         IPARM       IVALUE     \n"
                "------------------------------------------------------------ ----------- -----------\n"
                "CONFIGURATIONMODE                                                     20        NULL\n"
                "\n(1 rows affected)\n"
            ),
        ),
        ("-W", READ, "PARM IPARM IVALUE\n---- ----- ------\nCONFIGURATIONMODE 20 NULL\n\n(1 rows affected)\n"),
        ("-h -1 -W", READ, "CONFIGURATIONMODE 20 NULL\n\n(1 rows affected)\n"),
        ("-h-1 -W -s ,", "SET NOCOUNT ON; " + READ, "CONFIGURATIONMODE,20,NULL\n"),
        ("-h -1 -W -w 20", "SET NOCOUNT ON; " + READ, "CONFIGURATIONMODE 20\n NULL\n"),
        ("-b", UPDATE, "\n(1 rows affected)\n"),
        ("", "PRINT 'hello'", "hello\n"),
        ("-h -1 -W -v who=me", "SET NOCOUNT ON; SELECT '$(WHO)' AS a", "me\n"),
        ("-h -1 -W -x", "SET NOCOUNT ON; SELECT '$(WHO)' AS a", "$(WHO)\n"),
        ("-h -1 -W", "SET NOCOUNT ON; SELECT 0x01AB AS a", "0x01AB\n"),
        ("-h -1 -W -w 999", f"SET NOCOUNT ON; SELECT CAST('{LONG}' AS nvarchar(max)) AS a", LONG[:256] + "\n"),
        ("-h -1 -W -w 999", f"SET NOCOUNT ON; SELECT CAST('{LONG}' AS nvarchar(400)) AS a", LONG + "\n"),
    ],
)
def test_prints(bench: Bench, options: str, batch: str, out: str) -> None:
    if not options.startswith("-h") and "-w" not in options:
        options += " -w 200"
    bench.run(f'sqlcmd -S . -d AXDB -E {options} -Q "{batch}"')
    assert (bench.out, bench.err, bench.code) == (out, "", 0)


def test_the_update_is_done(bench: Bench) -> None:
    bench.run(f'sqlcmd.exe -S . -d AXDB -U axdbadmin -b -Q "{UPDATE}"')
    assert bench.code == 0
    assert bench.server.databases["axdb"].value("CONFIGURATIONMODE") == "1"


@pytest.mark.parametrize(
    ("line", "out", "err", "code"),
    [
        ('-S . -d AXDB -U axdbadmin -P wrong -Q "SELECT 1"', "", f"{DRIVER}Login failed for user 'axdbadmin'..\n", 1),
        ('-S . -d AXDB -U nobody -Q "SELECT 1"', "", f"{DRIVER}Login failed for user 'nobody'..\n", 1),
        (
            '-S . -d NODB -E -Q "SELECT 1"',
            "",
            (
                f'{DRIVER}Cannot open database "NODB" requested by the login. The login failed..\n'
                f"{DRIVER}Login failed for user 'DEV01\\admin'..\n"
            ),
            1,
        ),
        (f'-S . -d AXDB -U reader -P r -b -Q "{UPDATE}"', DENIED, "", 1),
        (f'-S . -d AXDB -U reader -P r -Q "{UPDATE}"', DENIED, "", 0),  # without -b nobody learns of it
        (f'-S . -d AXDB -U reader -P r -b -r1 -Q "{UPDATE}"', "", DENIED, 1),
        (
            '-S . -d AXDB -E -b -Q "SELECT * FROM NOSUCH"',
            "Msg 208, Level 16, State 1, Server DEV01, Line 1\nInvalid object name 'NOSUCH'.\n",
            "",
            1,
        ),
        (
            '-S . -E -N -Q "SELECT 1"',
            "",
            (
                f"{DRIVER}SSL Provider: The certificate chain was issued by an authority that is not trusted.\n.\n"
                f"{DRIVER}Client unable to establish connection.\n"
            ),
            1,
        ),
        ("-S . -E -Q \"SELECT '$(nosuch)'\"", "", "'nosuch' scripting variable not defined.\n", 1),
        ("-S . -j", "", "Sqlcmd: '-j': Unknown Option. Enter '-?' for help.\n", 1),
        ("-S", "", "Sqlcmd: '-S': Missing argument. Enter '-?' for help.\n", 1),
        ("-S . -w 5", "", "Sqlcmd: '-w 5': Invalid argument. Enter '-?' for help.\n", 1),
        ("-E -U me", "", "Sqlcmd: The -E and the -U/-P options are mutually exclusive.\n", 1),
        ("-E -W -y 0", "", "Sqlcmd: The -W and the -y/-Y options are mutually exclusive.\n", 1),
        ("-S . -E -i file.sql", "", "lab: sqlcmd -i is not simulated\n", 120),
    ],
)
def test_fails(bench: Bench, line: str, out: str, err: str, code: int) -> None:
    bench.run(f"sqlcmd {line}")
    assert (bench.out, bench.err, bench.code) == (out, err, code)


def test_a_server_that_is_not_there_costs_the_login_time_out(bench: Bench) -> None:
    bench.run('sqlcmd -S nowhere -E -l 3 -Q "SELECT 1"')
    assert bench.code == 1
    assert [line.split(" : ")[1][:22] for line in bench.err.splitlines()] == [
        "Named Pipes Provider: ",
        "Login timeout expired.",
        "A network-related or i",
    ]


def test_the_query_time_limit(bench: Bench) -> None:
    bench.server.slow_by = 60
    bench.run('sqlcmd -S . -E -t 5 -Q "SELECT 1"')
    assert (bench.code, bench.err) == (1, f"{DRIVER}Query timeout expired.\n")


def test_a_login_needs_its_own_windows_account(bench: Bench) -> None:
    del bench.server.logins["dev01\\admin"]
    bench.run('sqlcmd -S . -d AXDB -E -Q "SELECT 1"')
    assert (bench.code, bench.err) == (1, f"{DRIVER}Login failed for user 'DEV01\\admin'..\n")


def test_an_encrypted_connection_works_if_the_certificate_is_trusted(bench: Bench) -> None:
    bench.host.trusts_sql_certificate = True
    assert bench.run('sqlcmd -S tcp:dev01,1433 -E -N -Q "PRINT 1"').code == 0


# flavours

DRIVER18 = DRIVER.replace("17", "18")
UNTRUSTED = "SSL Provider: The certificate chain was issued by an authority that is not trusted.\n.\n"
# (flavour, options, whether it works with a certificate that is not trusted)
ENCRYPTION = [
    ("odbc17", "", True),
    ("odbc17", "-N", False),
    ("odbc17", "-N -C", True),
    ("odbc18", "", False),
    ("odbc18", "-C", True),
    ("odbc18", "-No", True),
    ("odbc18", "-Nm", False),
    ("go", "", True),
    ("go", "-N", False),
    ("go", "-N true", False),
    ("go", "-N -C", True),
    ("go", "-N optional", True),
]


@pytest.mark.parametrize(("flavour", "options", "works"), ENCRYPTION)
def test_a_certificate_that_is_not_trusted(bench: Bench, flavour: str, options: str, works: bool) -> None:
    bench.flavour = flavour
    bench.run(f'sqlcmd -S . -E {options} -Q "SET NOCOUNT ON"')
    assert bench.code == (0 if works else 1)
    assert ("not trusted" in bench.err or "unknown authority" in bench.out) is not works
    bench.host.trusts_sql_certificate = True
    assert bench.run(f'sqlcmd -S . -E {options} -Q "SET NOCOUNT ON"').code == 0


def test_odbc18_names_its_driver(bench: Bench) -> None:
    bench.flavour = "odbc18"
    bench.run('sqlcmd -S . -E -Q "SELECT 1"')
    hint = "For solutions related to encryption errors, see https://go.microsoft.com/fwlink/?linkid=2226722"
    assert bench.err == f"{DRIVER18}{UNTRUSTED}{DRIVER18}Client unable to establish connection. {hint}.\n"
    bench.run('sqlcmd -S . -C -U nobody -Q "SELECT 1"')
    assert bench.err == f"{DRIVER18}Login failed for user 'nobody'..\n"


# (name, options, batch, stdout, stderr, exit code)
GO = [
    ("rows", "-W -h -1", READ, "CONFIGURATIONMODE 20 NULL\n\n(1 row affected)\n", "", 0),
    ("rows without a number", "-W -h-1 -s ,", f"SET NOCOUNT ON; {READ}", "CONFIGURATIONMODE,20,NULL\n\n", "", 0),
    ("several rows", "-W -h -1", "SELECT 1 AS a UNION ALL SELECT 2", "1\n2\n\n(2 rows affected)\n", "", 0),
    ("change", "-b", UPDATE, "(1 row affected)\n", "", 0),
    ("change of nothing", "-b", f"{UPDATE} AND 1 = 0", "(0 rows affected)\n", "", 0),
    ("headings", "-W", "SELECT 1 AS a", "a\n-\n1\n\n(1 row affected)\n", "", 0),
    ("no wrapping", "-W -h -1", f"SET NOCOUNT ON; SELECT '{'y' * 200}'", f"{'y' * 200}\n\n", "", 0),
    ("message", "", "PRINT 'hello'", "hello\n", "", 0),
    ("guid", "-W -h -1", "SET NOCOUNT ON; SELECT CAST('0F7E3A1C-0000-4000-8000-0123456789AB' AS uniqueidentifier)",
     "0f7e3a1c-0000-4000-8000-0123456789ab\n\n", "", 0),
    ("double quotes", "-W -h -1", 'SET NOCOUNT ON; SELECT 1 AS ""a""', "1\n\n", "", 0),
    ("unknown variable", "-W -h -1", "SET NOCOUNT ON; SELECT '$(nosuch)'",
     "'nosuch' scripting variable not defined.\n$(nosuch)\n\n", "", 0),
    ("error", "", "SELECT * FROM NOSUCH",
     "Msg 208, Level 16, State 1, Server DEV01, Line 1\nInvalid object name 'NOSUCH'.\n", "", 0),
    ("error under -b", "-b", "SELECT * FROM NOSUCH",
     "Msg 208, Level 16, State 1, Server DEV01, Line 1\nInvalid object name 'NOSUCH'.\n", "", 1),
    ("what comes behind an error", "-b", "RAISERROR('a', 16, 1); PRINT 'b'; RAISERROR('c', 16, 1)",
     "Msg 50000, Level 16, State 1, Server DEV01, Line 1\na\n", "", 1),
    ("error on stderr has no heading", "-b -r1", "SELECT * FROM NOSUCH", "", "Invalid object name 'NOSUCH'.\n\n", 1),
    ("message stays with -r", "-r", "PRINT 'hello'", "hello\n", "", 0),
    ("severity as the exit code", "-V 16", "RAISERROR('a', 16, 1)",
     "Msg 50000, Level 16, State 1, Server DEV01, Line 1\na\n", "", 16),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "batch", "out", "err", "code"), [case[1:] for case in GO], ids=[case[0] for case in GO]
)
def test_go_sqlcmd(bench: Bench, options: str, batch: str, out: str, err: str, code: int) -> None:
    bench.flavour = "go"
    bench.run(f'sqlcmd -S . -d AXDB -E {options} -Q "{batch}"')
    assert (bench.out, bench.err, bench.code) == (out, err, code)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("-U nobody", "mssql: login error: Login failed for user 'nobody'."),
        ("-d NODB -E", "mssql: login error: Login failed for user 'DEV01\\admin'."),
        ("-S nowhere -E -l 3", "unable to open tcp connection with host 'nowhere:1433': dial tcp"),
    ],
    ids=["login", "database", "server"],
)
def test_go_sqlcmd_says_twice_that_it_cannot_sign_in(bench: Bench, options: str, text: str) -> None:
    bench.flavour = "go"
    server = "" if "-S" in options else "-S . "
    bench.run(f'sqlcmd {server}{options} -Q "SELECT 1"')
    assert (bench.code, bench.err) == (1, "")
    first, second = bench.out.splitlines()
    assert first == second
    assert first.startswith(text)


# (flavour, options, exit code, what is said on stdout, on stderr)
INTERRUPTED = [
    ("odbc17", "", 1, "", f"{DRIVER}Query timeout expired.\n"),
    ("odbc17", "-b", 1, "", f"{DRIVER}Query timeout expired.\n"),
    ("odbc18", "-b -C", 1, "", f"{DRIVER18}Query timeout expired.\n"),
    ("go", "-b", 0, "context deadline exceeded\n", ""),
]


@pytest.mark.parametrize(("flavour", "options", "code", "out", "err"), INTERRUPTED)
def test_the_query_time_limit_of_each(bench: Bench, flavour: str, options: str, code: int, out: str, err: str) -> None:
    bench.flavour = flavour
    bench.server.slow_by = 60
    bench.run(f'sqlcmd -S . -d AXDB -E {options} -t 5 -Q "{UPDATE}"')
    assert (bench.code, bench.out, bench.err) == (code, out, err)
    assert bench.server.databases["axdb"].value("CONFIGURATIONMODE") == "0"


@pytest.mark.parametrize(("flavour", "code"), [("odbc17", 1), ("odbc18", 1), ("go", 0)])
def test_a_connection_that_is_lost(bench: Bench, flavour: str, code: int) -> None:
    """The batch has run, nothing of its answer arrives."""
    bench.flavour = flavour
    bench.server.lose_connection_on = "SQLSYSTEMVARIABLES"
    bench.run(f'sqlcmd -S . -d AXDB -E -b -C -Q "{UPDATE}"')
    assert bench.code == code
    assert "An existing connection was forcibly closed by the remote host." in bench.out + bench.err
    assert "affected" not in bench.out
    assert bench.server.databases["axdb"].value("CONFIGURATIONMODE") == "1"
    assert bench.run(f'sqlcmd -S . -d AXDB -E -b -C -Q "{UPDATE}"').code == 0


# (language, heading of an error, of one in a procedure, under a result)
LANGUAGES = [
    ("en", "Msg 229, Level 14, State 5, Server DEV01, Line 1", ", Procedure sp_dropextendedproperty, Line 28",
     "(1 rows affected)"),
    ("fr", "Msg 229, Niveau 14, État 5, Serveur DEV01, Ligne 1", ", Procédure sp_dropextendedproperty, Ligne 28",
     "(1 lignes affectées)"),
    ("de", "Meldung 229, Ebene 14, Status 5, Server DEV01, Zeile 1", ", Prozedur sp_dropextendedproperty, Zeile 28",
     "(1 Zeilen betroffen)"),
    ("ja", "メッセージ 229、レベル 14、状態 5、サーバー DEV01、行 1", "、プロシージャ sp_dropextendedproperty、行 28",
     "(1 行処理されました)"),
    ("zh", "消息 229，级别 14，状态 5，服务器 DEV01，第 1 行", "，过程 sp_dropextendedproperty，第 28 行",
     "(1 行受影响)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "heading", "procedure", "affected"), LANGUAGES, ids=[case[0] for case in LANGUAGES]
)
def test_languages(bench: Bench, language: str, heading: str, procedure: str, affected: str) -> None:
    bench.host.language = language
    bench.run(f'sqlcmd -S . -d AXDB -U reader -P r -b -Q "{UPDATE}"')
    assert (bench.code, bench.out.splitlines()[0]) == (1, heading)
    bench.run("sqlcmd -S . -d AXDB -E -b -Q \"EXEC sp_dropextendedproperty 'p'\"")
    assert bench.out.splitlines()[0].endswith(procedure)
    assert bench.run('sqlcmd -S . -d AXDB -E -h -1 -Q "SELECT 1"').out.splitlines()[-1] == affected
    # go-sqlcmd does not ask Windows
    bench.flavour = "go"
    assert bench.run('sqlcmd -S . -E -Q "SELECT * FROM X"').out.startswith("Msg 208, Level 16,")


@pytest.mark.parametrize(
    ("options", "out"),
    [("", "it\n"), ("-I", "Msg 207, Level 16, State 1, Server DEV01, Line 1\nInvalid column name 'it'.\n")],
    ids=["off", "on"],
)
def test_double_quotes_are_strings_without_quoted_identifier(bench: Bench, options: str, out: str) -> None:
    bench.run(f'sqlcmd -S . -d AXDB -E -h -1 -W {options} -Q "SET NOCOUNT ON; SELECT ""it"""')
    assert bench.out == out

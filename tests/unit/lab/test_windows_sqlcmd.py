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

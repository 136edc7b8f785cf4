"""The simulated setup tool: what it needs, what it writes, how it fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from lab.clock import Clock
from lab.sql import Database, SqlServer, axdb
from lab.windows import Account, WindowsHost
from lab.windows.machines import TOOL, dev_machine, vhd_layout
from lab.windows.programs.setup_tool import UNHANDLED, SetupTool

PACKAGES = r"J:\AosService\PackagesLocalDirectory"
PASSWORD = "AOSWebSite@123"
PLACES = rf"--metadatadir {PACKAGES} --bindir {PACKAGES}\Bin"
LOGIN = f"--sqlserver . --sqldatabase axdb --sqluser axdbadmin --sqlpwd {PASSWORD}"
ON = "--setupmode maintenancemode --isinmaintenancemode true"
SYNC = "--setupmode sync --syncmode fullall"


@dataclass
class Ran:
    out: str
    err: str
    code: int


@dataclass
class Bench:
    host: WindowsHost
    database: Database
    tool: SetupTool

    def run(self, arguments: str, account: str = "admin", limit: float | None = None) -> Ran:
        printed = {"stdout": b"", "stderr": b""}

        def write(stream: str, data: bytes) -> None:
            printed[stream] += data

        async def go() -> int:
            stdin = asyncio.StreamReader()
            running = self.host.run(
                rf"{PACKAGES}\Bin\{TOOL} {arguments}",
                account=self.host.accounts[account],
                environment={},
                cwd=None,
                skip_cmd=False,
                stdin=stdin,
                write=write,
            )
            return await asyncio.wait_for(running, limit)

        code = asyncio.run(go())
        out, err = (printed[stream].decode().replace("\r\n", "\n") for stream in ("stdout", "stderr"))
        return Ran(out, err, code)


@pytest.fixture
def bench() -> Bench:
    clock = Clock(5000)
    server = SqlServer("VHD01", clock)
    database = axdb(server)
    server.add_login("axdbadmin", PASSWORD)
    server.add_login("reader", "r")
    database.grant("axdbadmin", "db_owner")
    database.grant("reader", "db_datareader")
    host = dev_machine("vhd01", "127.0.0.1", clock, server, layout=vhd_layout())
    host.add_account(Account("admin", "a"))
    host.add_account(Account("user", "u", elevated=False))
    assert host.setup_tool is not None
    return Bench(host, database, host.setup_tool)


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_it_sets_the_variable(bench: Bench, dashes: str) -> None:
    line = f"{PLACES} {LOGIN} {ON}".replace("--", dashes)
    ran = bench.run(line)
    assert (ran.code, ran.err) == (0, "")
    assert bench.database.value("CONFIGURATIONMODE") == "1"
    assert bench.run(line.replace("true", "False")).code == 0
    assert bench.database.value("CONFIGURATIONMODE") == "0"
    assert [run["isinmaintenancemode"] for run in bench.tool.runs] == ["true", "False"]


@pytest.mark.parametrize(
    ("line", "account", "code", "message"),
    [
        (f"{PLACES} {LOGIN} {ON}", "user", UNHANDLED, "System.UnauthorizedAccessException: "),
        (
            rf"--metadatadir K:\x --bindir {PACKAGES} {LOGIN} {ON}",
            "admin",
            UNHANDLED,
            r"System.IO.DirectoryNotFoundException: Could not find a part of the path 'K:\x'.",
        ),
        (
            f"{PLACES} {LOGIN}x {ON}",
            "admin",
            UNHANDLED,
            "System.Data.SqlClient.SqlException (0x80131904): Login failed for user 'axdbadmin'.",
        ),
        (f"{PLACES} {LOGIN} {ON}".replace("axdb ", "nodb "), "admin", UNHANDLED, 'Cannot open database "nodb"'),
        (f"{PLACES} {LOGIN} {ON}".replace(". ", "far "), "admin", UNHANDLED, "A network-related or instance-"),
        (
            f"{PLACES} --sqlserver . --sqldatabase axdb --sqluser reader --sqlpwd r {ON}",
            "admin",
            UNHANDLED,
            "The UPDATE permission was denied",
        ),
        (f"{PLACES} {LOGIN} --setupmode maintenancemode", "admin", UNHANDLED, "System.FormatException: "),
        (f"{PLACES} {LOGIN} {ON} --nosuch 1", "admin", 1, "Invalid argument: --nosuch"),
        (f"{PLACES} {LOGIN} --setupmode postsync", "admin", 120, "lab: setup mode postsync is not simulated"),
    ],
)
def test_it_fails(bench: Bench, line: str, account: str, code: int, message: str) -> None:
    ran = bench.run(line, account)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert PASSWORD not in ran.err
    assert bench.database.value("CONFIGURATIONMODE") == "0"


def test_failures_that_a_test_sets(bench: Bench) -> None:
    line = f"{PLACES} {LOGIN} {ON}"
    bench.tool.faults.crashes = "boom"
    assert bench.run(line).err.startswith("\nUnhandled Exception: System.InvalidOperationException: boom\n   at ")
    bench.tool.faults.crashes = ""
    bench.tool.faults.does_nothing = True
    assert bench.run(line).code == 0
    assert bench.database.value("CONFIGURATIONMODE") == "0"
    bench.tool.faults.does_nothing = False
    bench.tool.faults.hangs = True
    with pytest.raises(asyncio.TimeoutError):
        bench.run(line, limit=0.1)
    assert bench.host.processes.named(TOOL) == []
    assert bench.database.value("CONFIGURATIONMODE") == "0"
    bench.tool.faults.hangs = False
    bench.tool.faults.exit_code = 3
    bench.tool.faults.complains = "careful"
    bench.tool.faults.prints_arguments = True
    ran = bench.run(line)
    assert (ran.code, ran.err) == (3, "careful\n")
    assert PASSWORD in ran.out
    assert bench.database.value("CONFIGURATIONMODE") == "1"


def test_a_missing_row_is_inserted(bench: Bench) -> None:
    bench.database.set_value("CONFIGURATIONMODE", None)
    assert bench.run(f"{PLACES} {LOGIN} {ON}").code == 0
    assert bench.database.value("CONFIGURATIONMODE") == "1"


def test_synchronisation_shows_its_progress(bench: Bench) -> None:
    ran = bench.run(f"{PLACES} {LOGIN} {SYNC}")
    assert (ran.code, bench.tool.syncs) == (0, 1)
    assert len([line for line in ran.out.splitlines() if line.startswith("Database synchronization: ")]) == 11
    assert bench.database.value("CONFIGURATIONMODE") == "0"

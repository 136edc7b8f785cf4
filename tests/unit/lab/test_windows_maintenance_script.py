"""The simulated Set-MaintenanceMode.ps1 on a node: what it needs, what it does, how it fails."""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab.clock import Clock
from lab.onpremises import LOCAL_FOLDER, SHARE, OnPremises, Template, config_template, onprem_cluster
from lab.thread import LoopThread
from lab.windows import Account
from lab.windows.programs.setup_tool import UNHANDLED

POWERSHELL = "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File"
RUN = rf"cd /d {LOCAL_FOLDER} & {POWERSHELL} .\Set-MaintenanceMode.ps1"
ON = r"-ConfigurationFilePath .\ConfigTemplate.xml -Enable"


@dataclass
class Ran:
    out: str
    err: str
    code: int


@dataclass
class Bench:
    loop: LoopThread
    environment: OnPremises

    def run(self, line: str, node: str = "sf01", account: str = "admin", limit: float = 10) -> Ran:
        printed = {"stdout": b"", "stderr": b""}
        host = self.environment.hosts[node]

        def write(stream: str, data: bytes) -> None:
            printed[stream] += data

        async def go() -> int:
            running = host.run(
                line,
                account=host.accounts[account],
                environment={},
                cwd=None,
                skip_cmd=False,
                stdin=asyncio.StreamReader(),
                write=write,
            )
            return await asyncio.wait_for(running, limit)

        code = self.loop.run(go())
        out, err = (" ".join(printed[stream].decode().split()) for stream in ("stdout", "stderr"))
        return Ran(out, err, code)

    @property
    def variable(self) -> str | None:
        return self.environment.database.value("CONFIGURATIONMODE")

    @property
    def starts(self) -> list[int]:
        return [each.starts for each in self.environment.cluster.instances.values()]

    def wait_until_ready(self) -> set[bool | None]:
        deadline = time.monotonic() + 10
        while any(each.status != "Ready" for each in self.environment.cluster.placed):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return {each.maintenance_mode for each in self.environment.cluster.placed}


@pytest.fixture
def bench() -> Iterator[Bench]:
    environment = onprem_cluster("prod", ["127.0.0.1"] * 2, Clock(1000), Account("admin", "a"), sql_password="p")
    for host in environment.hosts.values():
        host.add_account(Account("user", "u", elevated=False))
        host.add_account(Account("nodb", "n"))
    with LoopThread() as loop:
        loop.run(environment.cluster.start())
        yield Bench(loop, environment)
        loop.run(environment.cluster.stop())


@pytest.mark.parametrize("node", ["sf01", "sf02"])
def test_it_runs_on_any_node(bench: Bench, node: str) -> None:
    ran = bench.run(f"{RUN} {ON}", node)
    assert (ran.err, ran.code) == ("", 0)
    assert bench.variable == "1"
    assert bench.wait_until_ready() == {True}
    assert bench.run(f"{RUN} -config:.\\ConfigTemplate.xml -DISABLE", node).code == 0
    assert (bench.variable, bench.wait_until_ready(), bench.starts) == ("0", {False}, [3, 3])


@pytest.mark.parametrize(
    ("line", "account", "message"),
    [
        (f"{RUN} {ON} -Disable", "admin", "Parameter set cannot be resolved using the specified named parameters."),
        (f"{RUN} -ConfigurationFilePath .\\ConfigTemplate.xml", "admin", "AmbiguousParameterSet"),
        (f"{RUN} -Enable", "admin", "missing mandatory parameters: ConfigurationFilePath."),
        (
            f"{RUN} -ConfigurationFilePath -Enable",
            "admin",
            "Missing an argument for parameter 'ConfigurationFilePath'.",
        ),
        (f"{RUN} {ON} -Force", "admin", "A parameter cannot be found that matches parameter name 'Force'."),
        (f"{RUN} {ON} yes", "admin", "A positional parameter cannot be found that accepts argument 'yes'."),
        (f"{RUN} {ON}", "user", '#requires" statement for running as Administrator.'),
        (f"{RUN} {ON}", "nodb", r"Invoke-Sqlcmd : Login failed for user 'SF01\nodb'."),
        (f"{RUN} {ON}".replace("ConfigT", "NoT"), "admin", "NoTemplate.xml' because it does not exist."),
        (rf"{POWERSHELL} {LOCAL_FOLDER}\Set-MaintenanceMode.ps1 {ON}", "admin", "D365FO-OP.psd1' was not loaded"),
    ],
)
def test_it_fails(bench: Bench, line: str, account: str, message: str) -> None:
    ran = bench.run(line, account=account)
    assert ran.code == 1
    assert message in ran.err
    assert (bench.variable, bench.starts) == ("0", [1, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rubbish", "InvalidCastToXmlDocument"),
        (config_template(Template(listener="nowhere")), "The server was not found"),
        (config_template(Template(database="Other")), 'Cannot open database "Other"'),
    ],
)
def test_templates_that_do_not_fit(bench: Bench, text: str, message: str) -> None:
    bench.environment.write_template(text)
    ran = bench.run(f"{RUN} {ON}")
    assert (message in ran.err, ran.code, bench.variable, bench.starts) == (True, 1, "0", [1, 1])


@pytest.mark.parametrize(
    ("faults", "code", "message", "variable", "starts"),
    [
        ({"throws": "boom"}, 1, "boom + CategoryInfo", "0", [1, 1]),
        ({"crashes": "boom"}, UNHANDLED, "Unhandled Exception: System.InvalidOperationException: boom", "0", [1, 1]),
        ({"does_nothing": True}, 0, "", "0", [1, 1]),
        ({"writes_nothing": True}, 0, "", "0", [2, 2]),
        ({"complains": "odd"}, 0, "Set-MaintenanceMode.ps1 : odd + CategoryInfo", "1", [2, 2]),
        ({"throws_before_restart": "boom"}, 1, "boom + CategoryInfo", "1", [1, 1]),
    ],
)
def test_failures_that_a_test_sets(
    bench: Bench, faults: dict[str, Any], code: int, message: str, variable: str, starts: list[int]
) -> None:
    for name, value in faults.items():
        assert hasattr(bench.environment.script.faults, name)
        setattr(bench.environment.script.faults, name, value)
    ran = bench.run(f"{RUN} {ON}")
    assert (ran.code, message in ran.err) == (code, True)
    bench.wait_until_ready()
    assert (bench.variable, bench.starts) == (variable, starts)


def test_it_hangs_until_it_is_ended(bench: Bench) -> None:
    bench.environment.script.faults.hangs = True
    with pytest.raises(asyncio.TimeoutError):
        bench.run(f"{RUN} {ON}", limit=0.1)
    assert (bench.variable, bench.environment.hosts["sf01"].processes.named("powershell.exe")) == ("0", [])


def test_a_node_is_lost_in_the_middle(bench: Bench) -> None:
    bench.environment.script.faults.loses_node = "SF02"
    assert bench.run(f"{RUN} {ON}").code == 0
    assert [each.node.name for each in bench.environment.cluster.placed] == ["SF01"]
    assert bench.wait_until_ready() == {True}


def test_the_double_hop(bench: Bench) -> None:
    bench.environment.share_scripts()
    script = rf"{SHARE}\Set-MaintenanceMode.ps1"
    assert bench.run(f"type {script}").err == "Access is denied."
    assert "to the -File parameter does not exist." in bench.run(f"{POWERSHELL} {script} {ON}").err
    bench.environment.allow_delegation()
    refused = bench.run(f"cd /d {SHARE} && {POWERSHELL} .\\Set-MaintenanceMode.ps1 {ON}")
    assert (refused.code, refused.err) == (1, f"'{SHARE}' CMD does not support UNC paths as current directories.")
    assert bench.run(f"pushd {SHARE} & {POWERSHELL} .\\Set-MaintenanceMode.ps1 {ON}").code == 0
    assert (bench.variable, bench.run(f"type {script}").err) == ("1", "")


def test_the_template_is_what_microsoft_describes(bench: Bench) -> None:
    data = bench.environment.hosts["sf01"].files.read(bench.environment.template_path)
    root = ET.fromstring(data)
    database = root.find("Databases/Database[@refName='axDB']")
    assert root.tag == "Config"
    assert database is not None
    assert database.get("dbName") == "AXDB"
    machines = [each.get("name") for each in root.findall(".//NodeType[@name='AOSNodeType']/VMList/VM")]
    assert machines == ["SF01", "SF02"]
    disabled = root.find(".//NodeType[@disabled='true']")
    assert disabled is not None
    assert disabled.get("name") == "SSISNodeType"
    assert root.findtext("SQLCluster/ListenerName") == "sql-ls"


def test_sqlcmd_on_a_node(bench: Bench) -> None:
    query = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
    line = f'sqlcmd.exe -E -S sql-ls -d AXDB -b -h -1 -W -Q "SET NOCOUNT ON; {query}"'
    ran = bench.run(line)
    assert (ran.out, ran.err, ran.code) == ("0", "", 0)
    bench.environment.allow_delegation(False)
    for each in (line, f"{RUN} {ON}"):
        ran = bench.run(each)
        assert (r"Login failed for user 'NT AUTHORITY\ANONYMOUS LOGON'." in ran.err, ran.code) == (True, 1)
    assert bench.variable == "0"

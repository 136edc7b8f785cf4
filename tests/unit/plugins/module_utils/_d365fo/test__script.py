"""Microsoft's script: the commands, the look, and how its end is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import (
    Look,
    MaintenanceScript,
    ScriptOptions,
    judge,
    look_command,
    parse_look,
    run_command,
    sql_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed

LOCAL = ScriptOptions(r"C:\infra scripts\Set-MaintenanceMode.ps1")
SHARE = ScriptOptions(r"\\files01\scripts\Set-MaintenanceMode.ps1")
ELSEWHERE = ScriptOptions(r"C:\s\Set-MaintenanceMode.ps1", template=r"D:\prod\ConfigTemplate.xml")
TEMPLATE = Template("AXPROD", "sql-ls", (("SF01", "AOSNodeType"),))
XML = (
    '<Config><Database refName="axDB" dbName="AXPROD"/><ListenerName>sql-ls</ListenerName>'
    '<NodeType name="AOSNodeType"><VM name="SF01"/></NodeType></Config>'
)
HIGH = '"Mandatory Label\\High Mandatory Level","Label","S-1-16-12288",""'
MEDIUM = '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""'


def test_look_command() -> None:
    assert look_command(LOCAL) == (
        r'whoami.exe /groups /FO CSV /NH& echo #script& (if exist "C:\infra scripts\Set-MaintenanceMode.ps1" '
        r'echo found)& echo #template& type "C:\infra scripts\ConfigTemplate.xml"'
    )
    assert look_command(ELSEWHERE).endswith(r'type "D:\prod\ConfigTemplate.xml"')


@pytest.mark.parametrize(
    ("options", "state", "folder", "policy", "template", "switch"),
    [
        (LOCAL, "enabled", r"C:\infra scripts", "", r"C:\infra scripts\ConfigTemplate.xml", "-Enable"),
        (ELSEWHERE, "disabled", r"C:\s", "", r"D:\prod\ConfigTemplate.xml", "-Disable"),
        (SHARE, "enabled", r"\\files01\scripts", "", r"\\files01\scripts\ConfigTemplate.xml", "-Enable"),
        (
            ScriptOptions(r"C:\Set-MaintenanceMode.ps1", execution_policy="Bypass"),
            "enabled",
            "C:\\",
            "-ExecutionPolicy Bypass ",
            r"C:\ConfigTemplate.xml",
            "-Enable",
        ),
    ],
)
def test_run_command(options: ScriptOptions, state: str, folder: str, policy: str, template: str, switch: str) -> None:
    assert run_command(options, state) == (
        f'pushd "{folder}" && powershell.exe -NoProfile -NonInteractive {policy}-File ".\\Set-MaintenanceMode.ps1" '
        f'-ConfigurationFilePath "{template}" {switch}'
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ScriptOptions("Set-MaintenanceMode.ps1"), "not the full path of a .ps1 file"),
        (ScriptOptions(r"C:\s\Set-MaintenanceMode.bat"), "not the full path of a .ps1 file"),
        (ScriptOptions(r"C:\s"), "not the full path"),
        (ScriptOptions(r"C:\%TEMP%\S.ps1"), "use script"),
        (ScriptOptions(r"C:\s\S.ps1", template='C:\\a" & calc "'), "use template"),
    ],
)
def test_what_cmd_would_read_as_something_else(options: ScriptOptions, message: str) -> None:
    with pytest.raises(Failure, match=message):
        look_command(options)


def looked(groups: str = HIGH, found: str = "found", template: str = XML, error: str = "") -> Completed:
    return Completed(0, f"{groups}\r\n#script\r\n{found}\r\n#template\r\n{template}\r\n", error)


def test_parse_look() -> None:
    assert parse_look(looked(), LOCAL, "sf01") == Look(TEMPLATE, elevated=True)
    assert parse_look(looked(groups=MEDIUM), LOCAL, "sf01") == Look(TEMPLATE, elevated=False)


@pytest.mark.parametrize(
    ("options", "completed", "message"),
    [
        (LOCAL, looked(found=""), r"read C:\\infra scripts\\Set-MaintenanceMode.ps1 on sf01: it is not there. Give"),
        (
            LOCAL,
            looked(template="", error="The system cannot find the file specified.\r\n"),
            r"read C:\\infra scripts\\ConfigTemplate.xml on sf01: The system cannot find the file specified.",
        ),
        (ELSEWHERE, looked(template=""), r"read D:\\prod\\ConfigTemplate.xml on sf01: it is not there"),
        (LOCAL, looked(template="<Config>"), r"template on C:\\infra.* on sf01: it is no XML"),
        (SHARE, looked(found=""), "may not see it.*double hop.*CredSSP.*delegation.*copy the scripts to the node"),
        (SHARE, looked(template="", error="Access is denied."), "Access is denied.*double hop"),
        (LOCAL, Completed(1, "", "'whoami.exe' is not recognized"), "'whoami.exe' is not recognized"),
    ],
)
def test_parse_look_refuses(options: ScriptOptions, completed: Completed, message: str) -> None:
    with pytest.raises(Failure, match=message):
        parse_look(completed, options, "sf01")


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        (Completed(0, " Maintenance mode has been enabled.\r\n", "\r\n"), ""),
        (Completed(1, "Enabling\n", "boom"), "exit code 1: Enabling boom. See what it says, and whether the AOS"),
        (Completed(0, "ok", "S.ps1 : careful"), "exit code 0, but text on stderr: ok S.ps1 : careful"),
        (Completed(-196608, "", ""), "exit code -196608: it printed nothing"),
        (Completed(-532462766, "", "x"), "an unhandled .NET exception"),
        (
            Completed(1, "", "S.ps1 kann nicht geladen werden\n + CategoryInfo : SecurityError: (:) [], X"),
            "policy forbids.*execution_policy: RemoteSigned",
        ),
    ],
)
def test_judge(completed: Completed, message: str) -> None:
    if not message:
        assert judge(completed, "run", "sf01") == "Maintenance mode has been enabled."
        return
    with pytest.raises(Failure, match=message) as caught:
        judge(completed, "run", "sf01")
    assert caught.value.details["rc"] == completed.rc


def test_the_template_names_the_database_where_the_task_does_not() -> None:
    assert sql_of(SqlcmdOptions("", ""), TEMPLATE) == SqlcmdOptions("sql-ls", "AXPROD")
    assert sql_of(SqlcmdOptions("other", ""), TEMPLATE) == SqlcmdOptions("other", "AXPROD")
    assert sql_of(SqlcmdOptions("", "OTHER"), TEMPLATE) == SqlcmdOptions("sql-ls", "OTHER")


@dataclass
class Node:
    """A node that takes any line and says what it was told to say."""

    answer: Completed
    lines: list[str] = field(default_factory=list)
    name: str = "sf01"

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        self.lines.append(line)
        return self.answer


def system(state: str = "enabled", *, force: bool = False, elevated: bool = True) -> MaintenanceScript:
    node = Node(Completed(0, "done", ""))
    return MaintenanceScript(node, LOCAL, SqlcmdOptions(), state, force=force, look=Look(TEMPLATE, elevated))


OFF, ON = Reading("disabled", None), Reading("enabled", None)


@pytest.mark.parametrize(
    ("state", "reading", "force", "runs"),
    [
        ("enabled", OFF, False, True),
        ("enabled", ON, False, False),
        ("enabled", ON, True, True),
        ("disabled", ON, False, True),
        ("disabled", OFF, False, False),
        ("disabled", OFF, True, True),
        ("enabled", Reading(None, None), False, True),
    ],
)
def test_plan(state: str, reading: Reading, force: bool, runs: bool) -> None:
    plan = system(state, force=force).plan(reading)
    assert plan.changed is runs
    assert plan.after["configuration_mode"] == state
    assert plan.before["configuration_mode"] == (reading.mode or "missing")


def test_a_forced_run_happens_once() -> None:
    script = system(force=True)
    script.apply(script.plan(ON))
    assert not script.plan(ON).changed
    assert script.plan(OFF).changed  # what it did not do is seen
    assert script.output == "done"


def test_plan_refuses_without_elevation() -> None:
    script = system(elevated=False)
    with pytest.raises(Failure, match=r"run Set-MaintenanceMode\.ps1 on sf01: .*not elevated"):
        script.plan(OFF)
    assert not script.plan(ON).changed


def test_a_database_that_is_asked_from_elsewhere() -> None:
    script = system()
    script.elsewhere = Reading("disabled", None, "AXDB")
    assert script.read() == script.elsewhere
    script.apply(script.plan(script.read()))
    assert script.read() == Reading("enabled", None, "AXDB")
    assert isinstance(script.host, Node)
    assert len(script.host.lines) == 1

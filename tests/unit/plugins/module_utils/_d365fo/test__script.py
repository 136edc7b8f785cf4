"""Microsoft's script: the commands, the look, and how its end is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import (
    Look,
    ScriptOptions,
    judge,
    look_at,
    look_command,
    parse_look,
    run_command,
    run_script,
    sql_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

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
        pytest.param(
            LOCAL, "enabled", r"C:\infra scripts", "", r"C:\infra scripts\ConfigTemplate.xml", "-Enable", id="local"
        ),
        pytest.param(
            ELSEWHERE, "disabled", r"C:\s", "", r"D:\prod\ConfigTemplate.xml", "-Disable", id="template elsewhere"
        ),
        pytest.param(
            SHARE, "enabled", r"\\files01\scripts", "", r"\\files01\scripts\ConfigTemplate.xml", "-Enable", id="share"
        ),
        pytest.param(
            ScriptOptions(r"C:\Set-MaintenanceMode.ps1", execution_policy="Bypass"),
            "enabled",
            "C:\\",
            "-ExecutionPolicy Bypass ",
            r"C:\ConfigTemplate.xml",
            "-Enable",
            id="policy",
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
        (ScriptOptions("Set-MaintenanceMode.ps1"), r"Invalid O\(script\): .*not the full path of a .ps1 file"),
        (ScriptOptions(r"C:\s\Set-MaintenanceMode.bat"), "not the full path of a .ps1 file"),
        (ScriptOptions(r"C:\s"), "not the full path"),
        (ScriptOptions(r"C:\%TEMP%\S.ps1"), r"Invalid O\(script\)"),
        (ScriptOptions(r"C:\s\S.ps1", template='C:\\a" & calc "'), r"Invalid O\(template\)"),
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
        pytest.param(
            LOCAL,
            looked(found=""),
            r"read C:\\infra scripts\\Set-MaintenanceMode.ps1 on sf01: it does not exist. Give",
            id="no script",
        ),
        pytest.param(
            LOCAL,
            looked(template="", error="The system cannot find the file specified.\r\n"),
            r"read C:\\infra scripts\\ConfigTemplate.xml on sf01: The system cannot find the file specified.",
            id="no template",
        ),
        pytest.param(
            ELSEWHERE, looked(template=""), r"read D:\\prod\\ConfigTemplate.xml on sf01", id="no template there"
        ),
        pytest.param(
            LOCAL, looked(template="<Config>"), r"template on C:\\infra.* on sf01: it is not XML", id="not XML"
        ),
        pytest.param(SHARE, looked(found=""), "may not see it.*double hop.*CredSSP.*copy the scripts", id="double hop"),
        pytest.param(SHARE, looked(template="", error="Access is denied."), "denied.*double hop", id="access denied"),
        pytest.param(LOCAL, Completed(1, "", "'whoami.exe' is not recognized"), "not recognized", id="no whoami"),
        pytest.param(LOCAL, Completed(0, "", ""), "there was no output", id="an empty answer is not: no script"),
    ],
)
def test_parse_look_refuses(options: ScriptOptions, completed: Completed, message: str) -> None:
    with pytest.raises(Failure, match=message):
        parse_look(completed, options, "sf01")


@given(st.text())
def test_any_answer_is_a_look_or_a_failure(text: str) -> None:
    with pytest.raises(Failure):
        parse_look(Completed(0, text, ""), LOCAL, "sf01")


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        pytest.param(Completed(1, "Enabling\n", "boom"), "exit code 1: Enabling boom. Check its output", id="1"),
        pytest.param(Completed(0, "ok", "careful"), "exit code 0, but text on stderr: ok careful", id="stderr"),
        pytest.param(Completed(-196608, "", ""), "exit code -196608: it printed nothing", id="nothing"),
        pytest.param(Completed(-532462766, "", "x"), "an unhandled .NET exception", id=".NET"),
        pytest.param(
            Completed(1, "", "S.ps1 kann nicht geladen werden\n + CategoryInfo : SecurityError: (:) [], X"),
            r"policy does not allow.*O\(execution_policy=RemoteSigned\)",
            id="policy",
        ),
    ],
)
def test_a_script_that_failed(completed: Completed, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        judge(completed, "run", "sf01")
    assert caught.value.details["rc"] == completed.rc


def test_a_script_that_did_not() -> None:
    assert judge(Completed(0, " Maintenance mode has been enabled.\r\n", "\r\n"), "run", "sf01") == (
        "Maintenance mode has been enabled."
    )


def test_the_template_names_the_database_where_the_task_does_not() -> None:
    assert sql_of(SqlcmdOptions("", ""), TEMPLATE) == SqlcmdOptions("sql-ls", "AXPROD")
    assert sql_of(SqlcmdOptions("other", ""), TEMPLATE) == SqlcmdOptions("other", "AXPROD")
    assert sql_of(SqlcmdOptions("", "OTHER"), TEMPLATE) == SqlcmdOptions("sql-ls", "OTHER")


@dataclass
class Node:
    """A node that takes any line and says what it was told to say."""

    answer: Completed
    asked: list[dict[str, Any]] = field(default_factory=list)
    name: str = "sf01"
    keeps_secrets: bool = True

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        self.asked.append({"line": line, "doing": doing, "limit": limit, "composite": composite, "secret": secret})
        return self.answer


def test_a_look_is_one_command_in_one_piece() -> None:
    node = Node(looked())
    assert look_at(node, LOCAL).template == TEMPLATE
    ((asked,)) = node.asked
    assert (asked["line"], asked["composite"], asked["secret"]) == (look_command(LOCAL), True, False)


def test_a_run_keeps_its_exit_code_and_its_own_time_limit() -> None:
    node = Node(Completed(0, "done", ""))
    options = ScriptOptions(LOCAL.script, limit=77)
    assert run_script(node, options, "enabled", "turn it on") == "done"
    ((asked,)) = node.asked
    assert (asked["limit"], asked["composite"], asked["doing"]) == (77, False, "turn it on")

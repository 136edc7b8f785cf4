"""The one question to a host and what its answer means. What cmd.exe makes of the question, the e2e tests show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import (
    Findings,
    Question,
    command_line,
    parse,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

SQL = SqlcmdOptions(server="", database="")

ANSWER = r"""#host
INFO: No tasks are running which match the specified criteria.
"Everyone","Well-known group","S-1-1-0","Mandatory group"
"Mandatory Label\High Mandatory Level","Label","S-1-16-12288",""
#service W3SVC

SERVICE_NAME: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        STATE              : 4  RUNNING
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 4711
        FLAGS              :
#config
[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        START_TYPE         : 2   AUTO_START
#dependents
[SC] EnumDependentServices: entriesread = 0

#service NoSuchSvc
[SC] EnumQueryServicesStatus:OpenService FAILED 1060:

The specified service does not exist as an installed service.

#config
[SC] OpenService FAILED 1060:
#dependents
[SC] OpenService FAILED 1060:
#webroot "K:\Aos Service\WebRoot"
#packages "K:\Aos Service\Packages"
#tool "K:\Aos Service\WebRoot\bin\Setup.exe"
#tool "K:\Aos Service\Packages\bin\Setup.exe"
#config
    <add key="DataAccess.Database" value="AxDB" />
    <add key="DataAccess.DbServer" value="." />
    <add key="DataAccess.SqlPwd" value="s3cret" />
    <add key="Infrastructure.HostName" value="dev01.cloudax.dynamics.com" />
#sql
value 0
database AxDB
login DEV01\ops
may_update 1
may_alter 1
"""


def asked(text: str, question: Question | None = None, stderr: str = "") -> Findings:
    """What comes of an answer with Windows' line ends."""
    return parse(Completed(0, text.replace("\n", "\r\n"), stderr), question or Question(sql=SQL))


def test_a_full_answer() -> None:
    found = asked(ANSWER)
    assert (found.web_root, found.packages_directory) == (r"K:\Aos Service\WebRoot", r"K:\Aos Service\Packages")
    assert found.setup_tool == r"K:\Aos Service\WebRoot\bin\Setup.exe"
    assert found.kind == "azure_one_box"
    assert (found.elevated, found.visual_studio, found.sql_failure) == (True, False, "")
    assert list(found.services) == ["W3SVC"]
    assert (found.services["W3SVC"].pid, found.services["W3SVC"].start_type) == (4711, "auto")
    assert found.configuration_mode is not None
    assert (found.configuration_mode.mode, found.configuration_mode.login) == ("disabled", r"DEV01\ops")
    assert "s3cret" not in str(found.result())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("INFO: No tasks", '"devenv.exe","4242","Console","1","645,120 K"\nINFO: No tasks', {"visual_studio": True}),
        ("S-1-16-12288", "S-1-16-8192", {"elevated": False}),
        ('#packages "K:\\Aos Service\\Packages"\n', "", {"packages_directory": ""}),
    ],
)
def test_variations(old: str, new: str, expected: dict[str, object]) -> None:
    assert old in ANSWER
    found = asked(ANSWER.replace(old, new))
    assert {name: getattr(found, name) for name in expected} == expected


def test_no_web_root() -> None:
    found = asked(ANSWER.partition("#webroot")[0])
    assert (found.web_root, found.settings, found.setup_tool, found.configuration_mode) == ("", {}, "", None)
    assert "web.config was not found or does not name both; give sql_server and sql_database" in found.sql_failure
    assert list(found.services) == ["W3SVC"]


@pytest.mark.parametrize(
    ("rows", "stderr", "message"),
    [
        ("Msg 229, Level 14, State 5, Server DEV01, Line 1\nDenied\n", "", "no permission"),
        ("", "Sqlcmd: Error: Login failed for user 'x'.", "login failed"),
        ("", "'sqlcmd.exe' is not recognized as an internal", "no sqlcmd.exe on its path"),
        ("", "", "no message"),
        ("value x\ndatabase AxDB\n", "", "neither 0 nor 1"),
        ("record {}\ndatabase AxDB\n", "", "does not hold a record"),
    ],
)
def test_the_database_does_not_answer(rows: str, stderr: str, message: str) -> None:
    found = asked(ANSWER.partition("#sql\n")[0] + "#sql\n" + rows, stderr=stderr)
    assert found.configuration_mode is None
    assert message in found.sql_failure
    assert "database AxDB of SQL Server ." in found.sql_failure


def test_encrypted_settings_are_said_to_be_so() -> None:
    text = ANSWER.partition("#sql\n")[0].replace('"AxDB"', f'"{"A" * 60}"') + "#sql\n"
    found = asked(text, stderr="Sqlcmd: Error: no such server")
    assert "web.config has DataAccess.Database encrypted; give sql_server" in found.sql_failure
    # what the task says itself is not looked up
    given = Question(sql=replace(SQL, database="AXDB"))
    assert "encrypted" not in asked(text, given, stderr="Sqlcmd: Error: no such server").sql_failure
    # a guess that was wrong does no harm
    right = asked(ANSWER.replace('value="AxDB"', f'value="{"A" * 60}"'))
    assert right.configuration_mode is not None


def test_not_asked() -> None:
    found = asked(ANSWER.partition("#sql\n")[0], Question(sql=None))
    assert (found.configuration_mode, found.sql_failure) == (None, "")


@pytest.mark.parametrize("path", [r'K:\a"b', r"K:\a%b", r"K:\a&b", "K:\\a\nb", r"K:\a!b"])
def test_paths_that_cmd_would_read_as_something_else(path: str) -> None:
    for question in (Question(web_root=path), Question(packages_directory=path)):
        with pytest.raises(Failure, match=r"cmd\.exe would read as something else"):
            command_line(question)


@pytest.mark.parametrize("question", [Question(), Question(sql=SQL), Question(web_root=r"D:\x", sql=SQL)])
def test_the_question_is_one_line_that_cmd_takes(question: Question) -> None:
    line = command_line(question)
    assert "\n" not in line
    assert not line.startswith('"')
    assert line.count('"') % 2 == (0 if "delims" not in line else line.count("delims") % 2)
    assert len(line) < 8191 - 1000
    assert "SqlPwd" not in line


@given(st.text())
def test_rubbish_is_findings_or_a_failure(text: str) -> None:
    found = asked(f"#host\n{text}\n#webroot {text}\n#config\n{text}\n#sql\n{text}")
    assert found.configuration_mode is None
    assert found.sql_failure

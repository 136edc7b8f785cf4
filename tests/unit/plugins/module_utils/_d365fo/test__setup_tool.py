"""The setup tool's parameters, what it may say, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._quoting import spellings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import (
    SetupTool,
    ToolOptions,
    arguments_from,
    command_line,
    environment,
    judge,
    parameters,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

PACKAGES = r"J:\AosService\PackagesLocalDirectory"
FOUND = Findings(
    packages_directory=PACKAGES,
    settings={"DataAccess.DbServer": "sql01", "DataAccess.Database": "AxDB"},
    setup_tool=rf"{PACKAGES}\bin\Setup.exe",
    elevated=True,
)
LOGIN = ToolOptions(user="axdbadmin", password="secret")
ON = {"setupmode": "maintenancemode", "isinmaintenancemode": "true"}


def with_arguments(**arguments: str | None) -> ToolOptions:
    return replace(LOGIN, arguments=arguments)


def test_the_vendors_parameters_in_the_vendors_order() -> None:
    assert list(parameters(FOUND, LOGIN, ON).items()) == [
        ("metadatadir", PACKAGES),
        ("bindir", rf"{PACKAGES}\bin"),
        ("sqlserver", "sql01"),
        ("sqldatabase", "AxDB"),
        ("sqluser", "axdbadmin"),
        ("sqlpwd", "%QUIESCE_SQLPWD%"),
        ("setupmode", "maintenancemode"),
        ("isinmaintenancemode", "true"),
    ]


@pytest.mark.parametrize(
    ("findings", "options", "expected"),
    [
        # the vendor's example where web.config says nothing
        (replace(FOUND, settings={}), LOGIN, {"sqlserver": ".", "sqldatabase": "AXDB"}),
        # what the task names goes before web.config, and what is encrypted there is no name
        (FOUND, replace(LOGIN, server="sql02", database="AXTEST"), {"sqlserver": "sql02", "sqldatabase": "AXTEST"}),
        (
            replace(FOUND, settings={"DataAccess.DbServer": "MIIB" * 20, "DataAccess.Database": "MIIB" * 20}),
            LOGIN,
            {"sqlserver": ".", "sqldatabase": "AXDB"},
        ),
        (FOUND, with_arguments(sqluser="AOSUser"), {"sqluser": "AOSUser", "sqlpwd": "%QUIESCE_SQLPWD%"}),
        (
            FOUND,
            with_arguments(logfilename=r"C:\a b.log"),
            {"logfilename": r"C:\a b.log", "setupmode": ON["setupmode"]},
        ),
        (FOUND, with_arguments(bindir=None), {"bindir": "gone"}),
        (replace(FOUND, packages_directory=""), with_arguments(metadatadir="X:", bindir=None), {"metadatadir": "X:"}),
        (FOUND, with_arguments(isinmaintenancemode="false"), {"isinmaintenancemode": "false"}),
        (FOUND, ToolOptions(arguments={"sqluser": None, "sqlpwd": None}), {"sqluser": "gone", "sqlpwd": "gone"}),
    ],
)
def test_parameters(findings: Findings, options: ToolOptions, expected: dict[str, str]) -> None:
    found = parameters(findings, options, ON)
    assert {name: found.get(name, "gone") for name in expected} == expected


@pytest.mark.parametrize(
    ("findings", "options", "message"),
    [
        (FOUND, ToolOptions(), "no value for --sqluser, --sqlpwd.*Give sql_login_user"),
        (FOUND, ToolOptions(user="axdbadmin"), "no value for --sqlpwd"),
        (replace(FOUND, packages_directory=""), LOGIN, "no value for --metadatadir, --bindir.*packages_directory"),
        (FOUND, with_arguments(**{"log file": "x"}), "'log file' is no name of a parameter"),
        (FOUND, with_arguments(**{"x & calc": "x"}), "is no name of a parameter"),
        (FOUND, with_arguments(**{"": "x"}), "'' is no name"),
    ],
)
def test_parameters_refuses(findings: Findings, options: ToolOptions, message: str) -> None:
    with pytest.raises(Failure, match=message):
        parameters(findings, options, ON)


def test_arguments_from_yaml() -> None:
    given_ = {"verbose": True, "isazuresql": False, "bindir": "", "sqlserver": None, "a": 1, "b": "c"}
    assert arguments_from(given_) == {
        "verbose": "true",
        "isazuresql": "false",
        "bindir": None,
        "sqlserver": None,
        "a": "1",
        "b": "c",
    }


def test_only_the_password_itself_is_left_to_the_shell() -> None:
    line = command_line(
        r"C:\Setup.exe", {"sqlpwd": "%QUIESCE_SQLPWD%", "metadatadir": "%QUIESCE_SQLPWD%", "sqluser": 'a"b&c'}
    )
    assert line == (
        r'@"C:\Setup.exe" --sqlpwd %QUIESCE_SQLPWD% --metadatadir ^%QUIESCE_SQLPWD^% --sqluser ^"a\^"b^&c^"'
    )
    with pytest.raises(Failure, match="use the setup tool"):
        command_line("C:\\%TEMP%\\Setup.exe", {})


def test_environment() -> None:
    assert environment("") == {}
    assert environment("a b") == {"QUIESCE_SQLPWD": '^"a b^"'}
    for broken in ("a\nb", "a\rb"):
        with pytest.raises(Failure, match="the password holds a line break") as caught:
            environment(broken)
        assert broken not in str(caught.value)


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=4).filter(lambda text: "*" not in text))
def test_no_spelling_of_the_password_survives(password: str) -> None:
    """As it is, as it stood on the command line, as it stood in the environment."""
    seen = environment(password)["QUIESCE_SQLPWD"]
    assert seen in spellings(password)
    for spelling in spellings(password):
        assert judge(Completed(0, f"[{spelling}]", ""), "run", "vhd01", password) == "[********]"
        with pytest.raises(Failure) as caught:
            judge(Completed(1, f"[{spelling}]", ""), "run", "vhd01", password)
        assert caught.value.details["output"] == "[********]"


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        (Completed(0, "done\n", ""), ""),
        (Completed(0, "done\n", " \r\n"), ""),
        (Completed(0, "done", "Warning: x"), "exit code 0, but text on stderr: done Warning: x"),
        (Completed(3, "", ""), "exit code 3: it printed nothing"),
        (
            Completed(-532462766, "", "Unhandled Exception: x"),
            r"-532462766 \(an unhandled \.NET exception\): Unhandled",
        ),
    ],
)
def test_judge(completed: Completed, message: str) -> None:
    if not message:
        assert judge(completed, "run", "vhd01", "") == "done"
        return
    with pytest.raises(Failure, match=message) as caught:
        judge(completed, "run", "vhd01", "")
    assert caught.value.details["rc"] == completed.rc


def test_only_the_end_of_a_long_output_is_kept() -> None:
    text = judge(Completed(0, "".join(f"line {number}\n" for number in range(1000)), ""), "run", "vhd01", "")
    assert len(text) <= 1500
    assert text.endswith("line 999")


def test_a_password_at_the_edge_of_the_tail_is_not_cut_in_two() -> None:
    text = judge(Completed(0, "secret" + "x" * 1497, ""), "run", "vhd01", "secret")
    assert "ret" not in text


@dataclass
class Recorder:
    """A host that must not be asked for anything but the tool."""

    lines: list[str] = field(default_factory=list)
    name: str = "vhd01"

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        self.lines.append(line)
        return Completed(0, "done", "")


def system(findings: Findings, state: str = "enabled", **options: Any) -> SetupTool:
    tool = SetupTool(Recorder(), Question(), replace(LOGIN, **options), state)
    tool._findings = findings
    return tool


def test_plan() -> None:
    off, on = Reading("disabled", None), Reading("enabled", None)
    assert not system(FOUND).plan(on).changed
    assert not system(FOUND, "disabled").plan(off).changed
    plan = system(FOUND).plan(off)
    assert plan.diff == {"before": {"configuration_mode": "disabled"}, "after": {"configuration_mode": "enabled"}}
    assert plan.steps[0]["isinmaintenancemode"] == "true"
    assert system(FOUND, "disabled").plan(on).steps[0]["isinmaintenancemode"] == "false"
    assert system(FOUND).plan(Reading(None, None)).before == {"configuration_mode": "missing"}


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        (replace(FOUND, setup_tool=""), r"Could not find the setup tool .* neither below the web root.*setup_tool"),
        (replace(FOUND, elevated=False), "not elevated, and the tool works only elevated.*Administrators"),
    ],
)
def test_plan_refuses_before_anything_is_run(findings: Findings, message: str) -> None:
    tool = system(findings)
    with pytest.raises(Failure, match=message):
        tool.plan(Reading("disabled", None))
    # nothing to do, nothing to refuse
    assert not tool.plan(Reading("enabled", None)).changed
    assert isinstance(tool.host, Recorder)
    assert tool.host.lines == []


def test_a_database_that_is_asked_from_elsewhere() -> None:
    """It is not asked on the host; after the tool the reading is what it should be, for the caller to verify."""
    tool = system(FOUND)
    tool.elsewhere = Reading("disabled", None, "AXDB")
    plan = tool.plan(tool.elsewhere)
    tool.apply(plan)
    assert tool.read() == Reading("enabled", None, "AXDB")


def test_a_given_path_needs_no_search() -> None:
    tool = system(replace(FOUND, setup_tool=""), tool=r"D:\x\Setup.exe")
    plan = tool.plan(Reading("disabled", None))
    tool.apply(plan)
    assert isinstance(tool.host, Recorder)
    assert tool.host.lines[0].startswith(r'@"D:\x\Setup.exe" --metadatadir ')
    assert "secret" not in tool.host.lines[0]

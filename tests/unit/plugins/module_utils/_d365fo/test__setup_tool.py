"""Microsoft's setup tool: its parameters, what is refused, its command line, and how its end is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import spellings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import (
    SYNCHRONISE,
    ToolOptions,
    arguments_from,
    command_line,
    environment,
    judge,
    mode_parameters,
    objections,
    run_tool,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

PACKAGES = r"J:\AosService\PackagesLocalDirectory"
TOOL = rf"{PACKAGES}\bin\Setup.exe"
FOUND = Findings(
    packages_directory=PACKAGES,
    settings={"DataAccess.DbServer": "sql01", "DataAccess.Database": "AxDB"},
    setup_tool=TOOL,
    elevated=True,
)
LOGIN = ToolOptions(user="axdbadmin", password="s3cret")
ON = mode_parameters("enabled")


def arguments(**given_: str | None) -> ToolOptions:
    return replace(LOGIN, arguments=given_)


def words(
    findings: Findings = FOUND, options: ToolOptions = LOGIN, mode: Mapping[str, str] = MappingProxyType(ON)
) -> list[str]:
    """The parts of the command line; nothing in these tests has a blank."""
    return command_line(findings, options, mode).split(" ")


def parameters(findings: Findings = FOUND, options: ToolOptions = LOGIN) -> dict[str, str]:
    found = words(findings, options)[1:]
    return dict(zip([name.removeprefix("--") for name in found[::2]], found[1::2], strict=True))


# --- parameters ---


def test_the_vendors_parameters_in_the_vendors_order() -> None:
    assert words() == [
        f'@"{TOOL}"',
        *("--metadatadir", PACKAGES),
        *("--bindir", rf"{PACKAGES}\bin"),
        *("--sqlserver", "sql01"),
        *("--sqldatabase", "AxDB"),
        *("--sqluser", "axdbadmin"),
        *("--sqlpwd", "%QUIESCE_SQLPWD%"),
        *("--setupmode", "maintenancemode"),
        *("--isinmaintenancemode", "true"),
    ]


def test_the_other_modes() -> None:
    assert mode_parameters("disabled") == {"setupmode": "maintenancemode", "isinmaintenancemode": "false"}
    assert words(mode=SYNCHRONISE)[-4:] == ["--setupmode", "sync", "--syncmode", "fullall"]


ENCRYPTED = {"DataAccess.DbServer": "MIIB" * 20, "DataAccess.Database": "MIIB" * 20}


@pytest.mark.parametrize(
    ("findings", "options", "expected"),
    [
        pytest.param(
            replace(FOUND, settings={}), LOGIN, {"sqlserver": ".", "sqldatabase": "AXDB"}, id="the vendor's example"
        ),
        pytest.param(
            FOUND,
            replace(LOGIN, server="sql02", database="AXTEST"),
            {"sqlserver": "sql02", "sqldatabase": "AXTEST"},
            id="what the task names goes before web.config",
        ),
        pytest.param(
            replace(FOUND, settings=ENCRYPTED),
            LOGIN,
            {"sqlserver": ".", "sqldatabase": "AXDB"},
            id="what is encrypted is no name",
        ),
        pytest.param(
            FOUND,
            arguments(sqluser="AOSUser"),
            {"sqluser": "AOSUser", "sqlpwd": "%QUIESCE_SQLPWD%"},
            id="another login",
        ),
        pytest.param(FOUND, arguments(logfilename="C:\\a.log"), {"logfilename": "C:\\a.log"}, id="one more"),
        pytest.param(FOUND, arguments(bindir=None), {"bindir": "gone"}, id="one taken away"),
        pytest.param(
            FOUND,
            ToolOptions(arguments={"sqluser": None, "sqlpwd": None}),
            {"sqluser": "gone", "sqlpwd": "gone"},
            id="no login",
        ),
    ],
)
def test_parameters(findings: Findings, options: ToolOptions, expected: dict[str, str]) -> None:
    found = parameters(findings, options)
    assert {name: found.get(name, "gone") for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "parameter"),
    [(True, "true"), (False, "false"), ("", None), (None, None), (1, "1"), ("c", "c"), ("a b", "a b")],
)
def test_arguments_from_yaml(value: Any, parameter: str | None) -> None:
    assert arguments_from({"verbose": value}) == {"verbose": parameter}


@pytest.mark.parametrize("name", ["sqlpwd", "SqlPwd", "SQLPWD"])
@pytest.mark.parametrize("value", ["s3cret", 4711, "%QUIESCE_SQLPWD%"])
def test_a_password_among_the_arguments_is_refused(name: str, value: Any) -> None:
    """It would be seen on cmd.exe's command line, too, and in messages."""
    with pytest.raises(
        Invalid, match=r"Invalid O\(setup_tool_arguments\): it contains sqlpwd.*O\(sql_login_password\)"
    ) as caught:
        arguments_from({"verbose": True, name: value})
    assert str(value) not in str(caught.value)


def test_but_it_may_be_taken_away() -> None:
    assert arguments_from({"sqlpwd": ""}) == {"sqlpwd": None}


@pytest.mark.parametrize("name", ["log file", "x & calc", "", "--sqluser", "a%b", "ä"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(Invalid, match=r"Invalid O\(setup_tool_arguments\): .* is not the name of a parameter"):
        arguments_from({name: "x"})


# --- objections ---


@pytest.mark.parametrize(
    ("findings", "options", "keeps", "reasons"),
    [
        pytest.param(FOUND, LOGIN, True, [], id="none"),
        pytest.param(replace(FOUND, setup_tool=""), LOGIN, True, ["not found.*O\\(setup_tool\\)"], id="no tool"),
        pytest.param(
            replace(FOUND, setup_tool=""), replace(LOGIN, tool="D:\\Setup.exe"), True, [], id="a path is given"
        ),
        pytest.param(FOUND, ToolOptions(), True, ["--sqluser, --sqlpwd.*O\\(sql_login_user\\)"], id="no login"),
        pytest.param(FOUND, ToolOptions(user="axdbadmin"), True, ["for --sqlpwd and"], id="no password"),
        pytest.param(
            replace(FOUND, packages_directory=""),
            LOGIN,
            True,
            ["--metadatadir, --bindir.*packages_directory"],
            id="no packages",
        ),
        pytest.param(
            replace(FOUND, packages_directory=""),
            arguments(metadatadir="X:", bindir=None),
            True,
            [],
            id="given otherwise",
        ),
        pytest.param(
            replace(FOUND, elevated=False),
            LOGIN,
            True,
            ["requires an elevated account.*Administrators"],
            id="not elevated",
        ),
        pytest.param(FOUND, LOGIN, False, ["no safe place.*winrm"], id="nowhere to put the password"),
        pytest.param(
            FOUND,
            ToolOptions(arguments={"sqluser": None, "sqlpwd": None}),
            False,
            [],
            id="no password, no place needed",
        ),
        pytest.param(
            Findings(),
            ToolOptions(),
            True,
            ["not found", "requires a value for --metadatadir, --bindir, --sqluser", "elevated"],
            id="all",
        ),
    ],
)
def test_objections(findings: Findings, options: ToolOptions, keeps: bool, reasons: list[str]) -> None:
    found = objections(findings, options, keeps)
    assert len(found) == len(reasons)
    for text, pattern in zip(found, reasons, strict=True):
        assert re.search(pattern, text)
    assert "s3cret" not in str(found)
    assert objections(findings, options, keeps, "Do without.") == [*found, *(["Do without."] if found else [])]


# --- the command line ---


def test_only_the_password_itself_is_left_to_the_shell() -> None:
    line = command_line(FOUND, arguments(metadatadir="%QUIESCE_SQLPWD%", sqluser='a"b&c', bindir="a b"), {})
    assert "--sqlpwd %QUIESCE_SQLPWD% " in f"{line} "
    assert "--metadatadir %^QUIESCE_SQLPWD% " in line
    assert '--bindir ^"a b^" ' in line
    assert r"""--sqluser ^"a\^"b^&c^" """ in line
    assert "s3cret" not in line


@pytest.mark.parametrize("path", ["C:\\%TEMP%\\Setup.exe", 'C:\\a"b.exe', "C:\\a&b.exe"])
def test_paths_that_cmd_would_read_as_something_else(path: str) -> None:
    with pytest.raises(Failure, match=r"Invalid O\(setup_tool\)"):
        command_line(FOUND, replace(LOGIN, tool=path), {})


def test_environment() -> None:
    assert environment("") == {}
    assert environment("a b") == {"QUIESCE_SQLPWD": '^"a b^"'}


@pytest.mark.parametrize("password", ["a\nb", "a\rb"])
def test_a_password_of_two_lines_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match=r"Invalid O\(sql_login_password\): it contains a line break") as caught:
        environment(password)
    assert password not in str(caught.value)


def test_no_password_in_a_representation() -> None:
    assert "s3cret" not in repr(LOGIN)


@dataclass
class Recorder:
    """A host that takes any line."""

    asked: list[tuple[float, bool, bool]] = field(default_factory=list)
    name: str = "vhd01"
    keeps_secrets: bool = True

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        assert "s3cret" not in line
        self.asked.append((limit, composite, secret))
        return Completed(0, "done", "")


@pytest.mark.parametrize(
    ("options", "mode", "limit", "secret"),
    [
        pytest.param(replace(LOGIN, limit=11, sync_limit=22), ON, 11, True, id="mode"),
        pytest.param(replace(LOGIN, limit=11, sync_limit=22), SYNCHRONISE, 22, True, id="synchronise"),
        pytest.param(ToolOptions(limit=11, arguments={"sqluser": None, "sqlpwd": None}), ON, 11, False, id="no login"),
    ],
)
def test_run(options: ToolOptions, mode: dict[str, str], limit: float, secret: bool) -> None:
    """Its exit code is needed, and the shell with the password only where there is one."""
    host = Recorder()
    assert run_tool(host, FOUND, options, mode, "set it") == "done"
    assert host.asked == [(limit, False, secret)]


# --- its end ---


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=4).filter(lambda text: "*" not in text))
def test_no_spelling_of_the_password_survives(password: str) -> None:
    """As it is, as it stood on the command line, as it stood in the environment."""
    assert environment(password)["QUIESCE_SQLPWD"] in spellings(password)
    for spelling in spellings(password):
        assert judge(Completed(0, f"[{spelling}]", ""), "run", "vhd01", password) == "[********]"
        with pytest.raises(Failure) as caught:
            judge(Completed(1, f"[{spelling}]", ""), "run", "vhd01", password)
        assert caught.value.details["output"] == "[********]"


@pytest.mark.parametrize("stderr", ["", " \r\n"])
def test_a_tool_that_succeeded(stderr: str) -> None:
    assert judge(Completed(0, "done\n", stderr), "run", "vhd01", "") == "done"


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        pytest.param(
            Completed(0, "done", "Warning: x"), "exit code 0, but text on stderr: done Warning: x", id="stderr"
        ),
        pytest.param(Completed(3, "", ""), "exit code 3: it printed nothing", id="3"),
        pytest.param(
            Completed(-532462766, "", "Unhandled Exception: x"),
            r"-532462766 \(an unhandled \.NET exception\): Unhandled",
            id=".NET",
        ),
    ],
)
def test_a_tool_that_failed(completed: Completed, message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        judge(completed, "run", "vhd01", "")
    assert caught.value.details["rc"] == completed.rc


def test_only_the_end_of_a_long_output_is_kept() -> None:
    text = judge(Completed(0, "".join(f"line {number}\n" for number in range(1000)), ""), "run", "vhd01", "")
    assert len(text) <= 1500
    assert text.endswith("line 999")


def test_a_password_at_the_edge_of_the_tail_is_not_cut_in_two() -> None:
    assert "ret" not in judge(Completed(0, "s3cret" + "x" * 1497, ""), "run", "vhd01", "s3cret")

"""The steps one by one: set where it differs, read back, and no work beside the whole switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _by_hand
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict

from fakes.axdb import Axdb
from fakes.machine import FakeMachine
from fakes.system import findings, foreign, on_premises, record
from fakes.way import FakeWay, fake_way

LOGIN = ToolOptions(user="axdbadmin", password="s3cret")
SCRIPT = ScriptOptions(r"C:\s\Set-MaintenanceMode.ps1")
DONE = Completed(0, "done, with s3cret", "")


# --- by SQL ---


@pytest.mark.parametrize(
    ("mode", "state", "changed"),
    [
        ("disabled", "enabled", True),
        ("enabled", "disabled", True),
        ("enabled", "enabled", False),
        ("disabled", "disabled", False),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_the_variable(mode: str, state: str, changed: bool, check: bool) -> None:
    axdb = Axdb(mode=mode)
    result = _by_hand.result(carry_out(_by_hand.Variable(axdb, state), check_mode=check))
    assert result == {
        "changed": changed,
        "mode_before": mode,
        "mode_after": state,
        "restart_required": changed,
        "diff": {"before": {"configuration_mode": mode}, "after": {"configuration_mode": state}},
    }
    assert axdb.mode == (mode if check else state)
    assert axdb.text is None, "it keeps no record"


def test_a_missing_row() -> None:
    axdb = Axdb(mode=None)
    with pytest.raises(Refused, match=r"no row CONFIGURATIONMODE.*O\(create_missing=true\)"):
        carry_out(_by_hand.Variable(axdb, "enabled"), check_mode=False)
    assert axdb.written == []
    outcome = carry_out(_by_hand.Variable(axdb, "enabled", create_missing=True), check_mode=False)
    assert (_by_hand.result(outcome)["mode_before"], axdb.mode) == ("missing", "enabled")


def test_somebody_else_writes_at_the_same_time() -> None:
    axdb = Axdb(mode="disabled")
    system = _by_hand.Variable(axdb, "enabled")
    plan = system.plan(system.read())
    axdb.text = record().text()
    with pytest.raises(Conflict):
        system.apply(plan)
    assert axdb.mode == "disabled"


# --- by a program ---


def way(axdb: Axdb, of: Findings | None = None, program: Callable[[str], Completed] | None = None) -> FakeWay:
    """A way to a system on which one program runs."""
    machine = FakeMachine({}, axdb.time, programs={r"Setup\.exe|powershell": program or (lambda line: DONE)})
    return fake_way(machine, axdb, of or findings())


def sets(axdb: Axdb, result: Completed = DONE) -> Callable[[str], Completed]:
    """A program that does what it is called for."""

    def program(line: str) -> Completed:
        axdb.mode = "enabled" if "mode true" in line or "-Enable" in line else "disabled"
        return result

    return program


def system(road: str, axdb: Axdb, state: str, **parts: Any) -> tuple[_by_hand.Program, FakeWay]:
    found = way(axdb, parts.pop("of", None) or (findings() if road == "tool" else on_premises()), **parts)
    if road == "tool":
        return _by_hand.by_setup_tool(found, LOGIN, state), found
    found = replace(found, script=SCRIPT)
    return _by_hand.by_script(found, state), found


ROADS = pytest.mark.parametrize("road", ["tool", "script"])


@ROADS
@pytest.mark.parametrize(
    ("mode", "state", "changed"),
    [("disabled", "enabled", True), ("enabled", "disabled", True), ("enabled", "enabled", False)],
)
def test_a_program_runs_where_the_variable_differs(road: str, mode: str, state: str, changed: bool) -> None:
    axdb = Axdb(mode=mode)
    program, found = system(road, axdb, state, program=sets(axdb))
    result = _by_hand.result(carry_out(program, check_mode=False), program.output)
    assert (result["changed"], result["mode_before"], result["mode_after"]) == (changed, mode, state)
    assert axdb.mode == state
    assert len(found.machine.lines) == changed
    assert axdb.written == [], "the program writes, not we"


def test_its_output_comes_without_the_password() -> None:
    axdb = Axdb()
    program, _found = system("tool", axdb, "enabled", program=sets(axdb))
    carry_out(program, check_mode=False)
    assert program.output == "done, with ********"


@ROADS
def test_check_mode_runs_nothing(road: str) -> None:
    axdb = Axdb()
    program, found = system(road, axdb, "enabled", program=sets(axdb))
    assert carry_out(program, check_mode=True).changed
    assert (axdb.mode, found.machine.lines) == ("disabled", [])


@ROADS
def test_a_program_that_reports_success_and_does_nothing_is_a_failure(road: str) -> None:
    """The system is believed, not the exit code; also of a program that prints nothing."""
    axdb = Axdb()
    program, _found = system(road, axdb, "enabled", program=lambda line: Completed(0, "", ""))
    with pytest.raises(Failure, match="verify the change on dev01"):
        carry_out(program, check_mode=False)


@ROADS
def test_a_program_that_fails(road: str) -> None:
    axdb = Axdb()
    program, _found = system(road, axdb, "enabled", program=sets(axdb, Completed(3, "no s3cret", "")))
    with pytest.raises(Failure, match="exit code 3") as caught:
        carry_out(program, check_mode=False)
    assert road == "script" or "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("road", "of", "words"),
    [
        pytest.param("tool", findings(elevated=False), "requires an elevated account", id="tool, not elevated"),
        pytest.param("tool", findings(setup_tool=""), "was not found", id="no tool"),
        pytest.param("script", on_premises(elevated=False), "not elevated on the node", id="script, not elevated"),
        pytest.param(
            "tool",
            findings(settings={"Infrastructure.HostName": "x.operations.dynamics.com"}),
            "managed by Microsoft",
            id="Microsoft's",
        ),
        pytest.param(
            "tool",
            findings(sql=SqlcmdOptions("uat.database.windows.net")),
            "a database that Microsoft manages",
            id="Microsoft's database",
        ),
    ],
)
def test_what_is_refused_before_anything_runs(road: str, of: Findings, words: str) -> None:
    axdb = Axdb()
    program, found = system(road, axdb, "enabled", of=of)
    with pytest.raises(Refused, match=f"^Refused, nothing was touched on dev01.*{words}"):
        carry_out(program, check_mode=True)
    assert found.machine.lines == []
    axdb.mode = "enabled"
    program, _found = system(road, axdb, "enabled", of=of)
    assert not carry_out(program, check_mode=False).changed, "nothing to do, nothing to refuse"


@ROADS
def test_a_database_that_does_not_answer(road: str) -> None:
    axdb = Axdb()
    axdb.read_faults = [Failure("read", "db", "SQL said no", "")]
    program, _found = system(road, axdb, "enabled")
    with pytest.raises(Failure, match=r"read the configuration mode on dev01: .*SQL said no"):
        carry_out(program, check_mode=True)


# --- synchronising ---


@pytest.mark.parametrize("check", [False, True])
def test_synchronise(check: bool) -> None:
    found = way(Axdb())
    output = _by_hand.synchronise(found, LOGIN, check_mode=check)
    assert output == ("" if check else "done, with ********")
    assert ["--setupmode sync --syncmode fullall" in line for line in found.machine.lines] == [True] * (not check)


@pytest.mark.parametrize("check", [False, True])
def test_synchronise_without_a_login(check: bool) -> None:
    found = way(Axdb())
    with pytest.raises(Refused, match="requires a value for --sqluser, --sqlpwd"):
        _by_hand.synchronise(found, ToolOptions(), check_mode=check)
    assert found.machine.lines == []


# --- beside the whole switch ---


@pytest.mark.parametrize("state", ["enabled", "disabled"])
@pytest.mark.parametrize(
    "stored",
    [record(), record("set", ()), record(windows=("CHG1", "CHG2"))],
    ids=["a window", "on its way out", "two windows"],
)
@pytest.mark.parametrize("road", ["sql", "tool", "script"])
def test_where_the_whole_switch_is_in_use_no_step_is_taken(road: str, stored: Any, state: str) -> None:
    axdb = Axdb(mode="enabled", stored=stored)
    single: Any = _by_hand.Variable(axdb, state) if road == "sql" else system(road, axdb, state)[0]
    with pytest.raises(Failure, match="d365fo_maintenance_mode is in use there") as caught:
        carry_out(single, check_mode=True)
    assert all(window.id in str(caught.value) for window in stored.windows)
    assert axdb.written == []


def test_another_machines_record_is_not_in_use_here() -> None:
    """It came with a copy of another database: the whole switch says so, and takes no notice of it."""
    axdb = Axdb(mode="enabled", stored=foreign(record()))
    program, _found = system("tool", axdb, "disabled", program=sets(axdb))
    assert carry_out(program, check_mode=False).changed


def test_a_broken_record_is_said() -> None:
    axdb = Axdb(mode="enabled")
    axdb.text = '{"version":'
    with pytest.raises(Failure, match="read the record"):
        carry_out(_by_hand.Variable(axdb, "disabled"), check_mode=True)

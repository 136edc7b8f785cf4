"""Dynamics 365: passwords as canaries, searched for in everything that is printed, returned or left behind; and
passwords that are words of everyday life, which must change nothing.

Two runs at full verbosity, shared with other files, over machines of every kind, some of which fail: on, and back.
"""

from __future__ import annotations

import contextlib
import json

import pytest

from lab.estate import Machine
from lab.windows.machines import TOOL
from lab.windows.programs.setup_tool import Faults as ToolFaults
from playbook.estate import BACKGROUND, Lab, failed, message, row
from playbook.secrets import found, left_behind
from playbook.three_runs import Part, Run, ThreeRuns

# What cmd.exe, the tool's own parser, YAML and Jinja would each like to read as something else.
CANARY = 'C4nary "two" %PATH% ^&|<>!ö\\'
WRONG = 'Wr0ngC4n "§%{x}'
# A password that is a word of the answers must not change what is read from them.
WORDS = ("running", "stopped", "e", "1", "0", "enabled", "default", "AxDB", "W3SVC", "settled", "true")
WORKING = ("sqlcmd", "sqlcmd-ntlm", "odbc", "vhd", "vhd-exec")
FAILING = (
    "wrong-sqlcmd",
    "wrong-odbc",
    "wrong-winrm",
    "broken",
    "tool-complains-loudly",
    "tool-shows-all",
    "locked-secret",
)

# a lock that is held for good: nobody asks that machine again
HELD = contextlib.ExitStack()


def login(machine: Machine, password: str, user: str = "canary") -> None:
    """Let a SQL login with a password of the test's own in."""
    machine.sql.add_login(user, password)
    machine.database.grant(user, "db_owner")
    machine.variables |= {"d365fo_sql_login_user": user, "d365fo_sql_login_password": password}


def words(lab: Lab) -> list[str]:
    names = []
    for number, word in enumerate(WORDS):
        for via in ("sqlcmd", "odbc"):
            names.append(f"word{number}-{via}")
            login(lab.add(names[-1], via=via), word)
    return names


WORD_CASES = [f"word{number}-{via}" for number in range(len(WORDS)) for via in ("sqlcmd", "odbc")]


def add(lab: Lab) -> None:
    login(lab.add("sqlcmd"), CANARY)
    login(lab.add("sqlcmd-ntlm", transport="ntlm"), CANARY)
    login(lab.add("odbc", via="odbc"), CANARY)
    login(lab.vhd("vhd"), CANARY)
    lab.vhd("vhd-exec", login=False, d365fo_run_by="exec_command")
    for name, via in (("wrong-sqlcmd", "sqlcmd"), ("wrong-odbc", "odbc")):
        lab.add(name, via=via).variables.update(d365fo_sql_login_user="axdbadmin", d365fo_sql_login_password=WRONG)
    lab.add("wrong-winrm").variables["ansible_password"] = WRONG
    login(lab.add("broken"), CANARY)
    for name in ("tool-complains-loudly", "tool-shows-all"):
        login(lab.vhd(name), CANARY)
    login(lab.add("locked-secret"), CANARY)
    assert words(lab) == WORD_CASES


def faults(lab: Lab) -> None:
    machines = lab.estate.machines
    machines["broken"].winrm.faults.drop_in = r"SET VALUE"
    for name, faults in (
        ("vhd", ToolFaults(prints_arguments=True)),
        ("tool-complains-loudly", ToolFaults(crashes=f"Login failed with {CANARY}", prints_arguments=True)),
        ("tool-shows-all", ToolFaults(exit_code=3, prints_arguments=True)),
    ):
        tool = machines[name].host.setup_tool
        assert tool is not None
        tool.faults = faults
    HELD.enter_context(machines["locked-secret"].database.hold_lock())


PART = Part(
    add,
    first=faults,
    second=lambda _lab: dict.fromkeys([*WORKING, *WORD_CASES], "disabled"),
    arguments=lambda _lab: ("-vvvvv", "--diff"),
)


def all_secrets(lab: Lab) -> set[str]:
    machines = [lab.estate.machines[name] for name in (*WORKING, *FAILING)]
    return {CANARY, WRONG, *(password for each in machines for password in (each.account.password, each.sql_password))}


@pytest.mark.parametrize("name", [*WORKING])
def test_what_works_works(first: Run, second: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert first.after[name].modes == {True}
    assert not failed(second.done, name), message(second.done, name)
    assert second.differs(name) == []


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_fails(first: Run, three_runs: ThreeRuns, name: str) -> None:
    assert failed(first.done, name)
    assert found(message(first.done, name), all_secrets(three_runs.lab)) == []


def test_nothing_is_printed(first: Run, second: Run, three_runs: ThreeRuns) -> None:
    for done in (first.done, second.done):
        assert "ansible-playbook [core" in done.output, "that was not verbose"
        assert found(done.output, all_secrets(three_runs.lab)) == []


def test_nothing_is_in_results_and_diffs(first: Run, second: Run, three_runs: ThreeRuns) -> None:
    for done in (first.done, second.done):
        assert found(json.dumps(done.results), all_secrets(three_runs.lab)) == []
        assert found(str(done.results), all_secrets(three_runs.lab)) == []


@pytest.mark.parametrize("name", [*WORKING, *FAILING])
def test_nothing_is_left_behind_on_the_host(three_runs: ThreeRuns, name: str) -> None:
    """No command line holds a password but the setup tool's own, and what is sent for that one does not either."""
    machine = three_runs.lab.estate.machines[name]
    assert machine.winrm.commands != [] or name in ("wrong-winrm", "wrong-odbc")
    assert found(left_behind(machine), all_secrets(three_runs.lab)) == []


def test_the_setup_tool_gets_its_password_as_it_is(three_runs: ThreeRuns) -> None:
    tool = three_runs.lab.estate.machines["vhd"].host.setup_tool
    assert tool is not None
    assert [run["sqlpwd"] for run in tool.runs] == [CANARY, CANARY]
    assert [run["isinmaintenancemode"] for run in tool.runs] == ["true", "false"]
    assert TOOL in three_runs.lab.estate.machines["vhd"].host.processes_started


@pytest.mark.parametrize("name", WORD_CASES)
def test_a_password_that_is_a_word_changes_nothing(first: Run, second: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert first.after[name].modes == {True}
    assert [first.after[name].services[service][0] for service in (*BACKGROUND, "W3SVC")] == ["STOPPED"] * 3 + [
        "RUNNING"
    ]
    assert not failed(second.done, name), message(second.done, name)
    assert second.differs(name) == []
    assert second.after[name].record is None


@pytest.mark.parametrize("name", WORD_CASES)
def test_names_and_states_are_not_masked(first: Run, name: str) -> None:
    shown = row(first.done, name)
    assert (shown["system"], shown["mode"], shown["verified"], shown["owner"]) == (name, "maintenance", True, "tester")
    assert [window["id"] for window in shown["windows"]] == ["default"]

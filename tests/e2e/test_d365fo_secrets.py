"""Dynamics 365: passwords as canaries, searched for in everything that is printed, returned or left behind; and
passwords that are words of everyday life, which must change nothing.

Two runs at full verbosity over machines of every kind, some of which fail: on, and back.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass

import pytest

from lab.estate import Machine
from lab.windows.machines import TOOL
from lab.windows.programs.setup_tool import Faults as ToolFaults
from playbook import Done
from playbook.estate import BACKGROUND, Lab, aos_of, failed, is_normal, message, row, running, state_of

# What cmd.exe, the tool's own parser, YAML and Jinja would each like to read as something else.
CANARY = 'C4nary "two" %PATH% ^&|<>!ö\\'
WRONG = 'Wr0ngC4n "§%{x}'
# A password that is a word of the answers must not change what is read from them.
WORDS = ("running", "stopped", "e", "1", "0", "enabled", "default", "AxDB", "W3SVC", "settled", "true")
WORKING = ("sqlcmd", "sqlcmd-ntlm", "odbc", "vhd", "vhd-exec")
FAILING = ("wrong-sqlcmd", "wrong-odbc", "wrong-winrm", "broken", "tool-complains", "tool-shows-all", "locked")


@dataclass(frozen=True)
class Secrets:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    on: Done
    ran: dict[str, dict[str, tuple[str, str]]]
    modes: dict[str, bool | None]
    back: Done


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


@pytest.fixture(scope="module")
def secrets(shared_lab: Lab) -> Secrets:
    lab = shared_lab
    login(lab.add("sqlcmd"), CANARY)
    login(lab.add("sqlcmd-ntlm", transport="ntlm"), CANARY)
    login(lab.add("odbc", via="odbc"), CANARY)
    login(lab.vhd("vhd"), CANARY)
    lab.vhd("vhd-exec", login=False, d365fo_run_by="exec_command")
    for name, via in (("wrong-sqlcmd", "sqlcmd"), ("wrong-odbc", "odbc")):
        lab.add(name, via=via).variables.update(d365fo_sql_login_user="axdbadmin", d365fo_sql_login_password=WRONG)
    lab.add("wrong-winrm").variables["ansible_password"] = WRONG
    login(lab.add("broken"), CANARY)
    for name in ("tool-complains", "tool-shows-all"):
        login(lab.vhd(name), CANARY)
    login(lab.add("locked"), CANARY)
    assert words(lab) == WORD_CASES
    lab.start()
    machines = lab.estate.machines
    machines["broken"].winrm.faults.drop_in = r"SET VALUE"
    for name, faults in (
        ("tool-complains", ToolFaults(crashes=f"Login failed with {CANARY}", prints_arguments=True)),
        ("tool-shows-all", ToolFaults(exit_code=3, prints_arguments=True)),
    ):
        tool = machines[name].host.setup_tool
        assert tool is not None
        tool.faults = faults
    vhd = machines["vhd"].host.setup_tool
    assert vhd is not None
    vhd.faults = ToolFaults(prints_arguments=True)
    before = {name: running(machine) for name, machine in machines.items()}
    with machines["locked"].database.hold_lock():
        on = lab.run("enable", "--diff", verbose=True)
    ran = {name: running(machine) for name, machine in machines.items()}
    modes = {name: aos_of(machine).maintenance_mode for name, machine in machines.items()}
    back = lab.run("disable", "--diff", "-l", ",".join([*WORKING, *WORD_CASES]), verbose=True)
    return Secrets(lab, before, on, ran, modes, back)


def spellings(secret: str) -> set[str]:
    """A secret as it is and as it could stand in a log: base64 (also PowerShell's), hexadecimal, percent-encoded..."""
    raw, wide = secret.encode(), secret.encode("utf-16-le")
    return {
        secret,
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(wide).decode().rstrip("="),
        raw.hex(),
        urllib.parse.quote(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace('"', '\\"'),
        secret.replace('"', '""'),
    }


def all_secrets(lab: Lab) -> set[str]:
    own = {CANARY, WRONG}
    for name, machine in lab.estate.machines.items():
        own |= {machine.account.password, machine.sql_password} if name not in WORD_CASES else set()
    return own


def found(text: str, secrets: set[str]) -> list[str]:
    return sorted({spelling for secret in secrets for spelling in spellings(secret) if spelling in text})


@pytest.mark.parametrize("name", [*WORKING])
def test_what_works_works(secrets: Secrets, name: str) -> None:
    assert not failed(secrets.on, name), message(secrets.on, name)
    assert secrets.modes[name] is True
    assert not failed(secrets.back, name), message(secrets.back, name)
    assert is_normal(secrets.lab.estate.machines[name], secrets.before[name]) == []


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_fails(secrets: Secrets, name: str) -> None:
    assert failed(secrets.on, name)
    assert found(message(secrets.on, name), all_secrets(secrets.lab)) == []


def test_nothing_is_printed(secrets: Secrets) -> None:
    for done in (secrets.on, secrets.back):
        assert "ansible-playbook [core" in done.output, "that was not verbose"
        assert found(done.output, all_secrets(secrets.lab)) == []


def test_nothing_is_in_results_and_diffs(secrets: Secrets) -> None:
    for done in (secrets.on, secrets.back):
        assert found(json.dumps(done.results), all_secrets(secrets.lab)) == []
        assert found(str(done.results), all_secrets(secrets.lab)) == []


@pytest.mark.parametrize("name", [*WORKING, *FAILING])
def test_nothing_is_left_behind_on_the_host(secrets: Secrets, name: str) -> None:
    """No command line holds a password but the setup tool's own, and what is sent for that one does not either."""
    machine = secrets.lab.estate.machines[name]
    left = "\n".join(
        [
            *machine.winrm.commands,
            *machine.host.processes_started,
            *machine.database.statements,
            *(event.text for event in machine.host.events),
            str(machine.sql.logins_seen),
            str(machine.database.extended_property("quiesce.maintenance")),
        ]
    )
    assert machine.winrm.commands != [] or name in ("wrong-winrm", "wrong-odbc")
    assert found(left, all_secrets(secrets.lab)) == []


def test_the_setup_tool_gets_its_password_as_it_is(secrets: Secrets) -> None:
    tool = secrets.lab.estate.machines["vhd"].host.setup_tool
    assert tool is not None
    assert [run["sqlpwd"] for run in tool.runs] == [CANARY, CANARY]
    assert [run["isinmaintenancemode"] for run in tool.runs] == ["true", "false"]
    assert TOOL in secrets.lab.estate.machines["vhd"].host.processes_started


@pytest.mark.parametrize("name", WORD_CASES)
def test_a_password_that_is_a_word_changes_nothing(secrets: Secrets, name: str) -> None:
    assert not failed(secrets.on, name), message(secrets.on, name)
    assert secrets.modes[name] is True
    assert [secrets.ran[name][service][0] for service in (*BACKGROUND, "W3SVC")] == ["STOPPED"] * 3 + ["RUNNING"]
    assert not failed(secrets.back, name), message(secrets.back, name)
    machine = secrets.lab.estate.machines[name]
    assert is_normal(machine, secrets.before[name]) == []
    assert state_of(machine)["record"] is None


@pytest.mark.parametrize("name", WORD_CASES)
def test_names_and_states_are_not_masked(secrets: Secrets, name: str) -> None:
    shown = row(secrets.on, name)
    assert (shown["system"], shown["mode"], shown["verified"], shown["owner"]) == (name, "maintenance", True, "tester")
    assert [window["id"] for window in shown["windows"]] == ["default"]

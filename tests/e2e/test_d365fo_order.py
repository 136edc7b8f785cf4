"""Dynamics 365: check, apply, again, status, check of the way back, back, again; over every road and connection.

One estate for the whole file. Each fixture is one run over all of it; they follow each other as the tests do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from lab.estate import Machine
from lab.onpremises import SQL_LOGIN
from lab.ssh import Shell
from lab.windows.machines import DMF, Layout
from playbook import Done
from playbook.estate import (
    BACKGROUND,
    BATCH,
    Lab,
    System,
    database_of,
    is_normal,
    microsoft_driver,
    modes_of,
    outcomes,
    record_of,
    row,
    running,
    runs_of,
    state_of,
    steps,
    unchanged,
)

WHY = {
    "d365fo_reason": "CHG0042 configuration keys; don't {touch} 100 %",
    "d365fo_expires": "2h",
    "d365fo_owner": "Žofie",
    "d365fo_ticket": "CHG0042",
}
OWN_NAME = "https://usnconeboxax1aos.cloud.onebox.dynamics.com:18443/"


def with_password(lab: Lab, name: str) -> System:
    """The password stands encrypted among the variables of the host."""
    machine = lab.add(name, d365fo_sql_login_user=SQL_LOGIN)
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    (lab.folder / "vault").write_text("open sesame")
    encrypted = vault.encrypt(machine.sql_password.encode()).decode().strip().replace("\n", "\n  ")
    host_vars = lab.folder / "host_vars"
    host_vars.mkdir(exist_ok=True)
    (host_vars / f"{name}.yml").write_text(f"d365fo_sql_login_password: !vault |\n  {encrypted}\n")
    return machine


def french(lab: Lab, name: str) -> System:
    machine = lab.add(name, transport="ntlm")
    machine.host.language = "fr"
    return machine


def unknown_outside(lab: Lab, name: str) -> System:
    """A VHD as it is delivered: its AOS has a name that no one else knows, and a certificate that it trusts itself."""
    machine = lab.vhd(name, login=False, layout=Layout(drive="J:", service_drive="J:", kind="vhd", host_url=OWN_NAME))
    machine.host.trusted_ca_files.append(lab.estate.authority.ca_file)
    certificate = lab.estate.authority.server(machine.host.address, "usnconeboxax1aos.cloud.onebox.dynamics.com")
    assert machine.host.aos is not None
    machine.host.aos.tls = certificate
    del machine.variables["d365fo_url_ca_path"]
    return machine


def by_ssh(shell: Shell) -> Callable[[Lab, str], System]:
    def add(lab: Lab, name: str) -> System:
        machine = lab.vhd(name, login=False) if shell == "powershell" else lab.add(name)
        lab.by_ssh(machine, shell)
        return machine

    return add


ROADS: dict[str, Callable[[Lab, str], System]] = {
    "sqlcmd-basic": lambda lab, name: lab.add(name),
    "sqlcmd-ntlm": lambda lab, name: lab.add(name, transport="ntlm"),
    "sqlcmd-ntlm-french": french,
    "sqlcmd-password": with_password,
    "odbc-freetds": lambda lab, name: lab.add(name, via="odbc", transport="ntlm", d365fo_odbc_driver="FreeTDS"),
    "odbc-microsoft": lambda lab, name: lab.add(name, via="odbc", d365fo_odbc_driver=microsoft_driver()),
    "vhd-tool": lambda lab, name: lab.vhd(name),
    "vhd-sql": unknown_outside,
    "cluster": lambda lab, name: lab.cluster(name, transport="ntlm"),
    "ssh-cmd": by_ssh("cmd"),
    "ssh-powershell": by_ssh("powershell"),
    "exec-command": lambda lab, name: lab.add(name, d365fo_run_by="exec_command"),
}
ONE_BOXES = [name for name in ROADS if name != "cluster"]
TOOLS = ("vhd-tool", "cluster")  # Microsoft's own program sets the variable
LOOKS = {"cluster": 2}  # the template first, which says where the database is

# HTTP requests: nothing to do, enable, disable.
REQUESTS = {"sqlcmd-basic": (5, 23, 20), "sqlcmd-ntlm": (8, 26, 23), "odbc-freetds": (8, 17, 17)}
SHELLS = {
    "sqlcmd-basic": 1,
    "sqlcmd-ntlm": 1,
    "sqlcmd-ntlm-french": 1,
    "odbc-freetds": 1,
    "sqlcmd-password": 2,
    "vhd-tool": 2,
}


@dataclass(frozen=True)
class Run:
    """A run over the whole estate: what each system was before and after it, and what it was asked."""

    done: Done
    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]
    asked: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Roads:
    lab: Lab
    systems: dict[str, System]
    as_it_was: dict[str, dict[str, tuple[str, str]]]

    def run(self, playbook: str, *arguments: str, **variables: Any) -> Run:
        before = {name: state_of(system) for name, system in self.systems.items()}
        counted = {name: self._asked(name) for name in self.systems}
        vault = {"ANSIBLE_VAULT_PASSWORD_FILE": str(self.lab.folder / "vault")}
        done = self.lab.run(playbook, *arguments, environment=vault, **variables)
        asked = {
            name: {what: count - counted[name][what] for what, count in self._asked(name).items()}
            for name in self.systems
        }
        return Run(done, before, {name: state_of(system) for name, system in self.systems.items()}, asked)

    def _asked(self, name: str) -> dict[str, int]:
        system = self.systems[name]
        servers = [system.winrm] if isinstance(system, Machine) else list(system.winrm.values())
        variable = [batch for batch in database_of(system).statements if "N'CONFIGURATIONMODE'" in batch]
        ssh = self.lab.ssh.get(name)
        return {
            "requests": sum(server.round_trips for server in servers),
            "shells": sum(server.requests.count("Create") for server in servers),
            "commands": sum(len(server.commands) for server in servers) + (len(ssh.commands) if ssh else 0),
            "batches": len(variable),
        }


@pytest.fixture(scope="module")
def roads(shared_lab: Lab) -> Roads:
    lab = shared_lab
    systems = {name: add(lab, name) for name, add in ROADS.items()}
    # What nobody asks for may be anything.
    systems["ssh-cmd"].variables |= {"bought": date(2024, 2, 3), "broken": "{{ lookup('file', '/nosuch') }}"}
    lab.start()
    for system in systems.values():
        if isinstance(system, Machine):
            lab.one_manual_and_stopped(system)
    return Roads(lab, systems, {name: running(system) for name, system in systems.items()})


@pytest.fixture(scope="module")
def checked(roads: Roads) -> Run:
    return roads.run("enable", "--check", "--diff", **WHY)


@pytest.fixture(scope="module")
def enabled(roads: Roads) -> Run:
    return roads.run("enable", "--diff", **WHY)


@pytest.fixture(scope="module")
def enabled_again(roads: Roads, enabled: Run) -> Run:
    assert enabled.done.code == 0, enabled.done.output[-3000:]
    return roads.run("enable", "--diff", **WHY)


@pytest.fixture(scope="module")
def status(roads: Roads, enabled: Run) -> Run:
    assert enabled.done.code == 0, enabled.done.output[-3000:]
    return roads.run("status")


@pytest.fixture(scope="module")
def back_checked(roads: Roads, enabled: Run) -> Run:
    assert enabled.done.code == 0, enabled.done.output[-3000:]
    return roads.run("disable", "--check", "--diff")


@pytest.fixture(scope="module")
def disabled(roads: Roads, enabled: Run) -> Run:
    assert enabled.done.code == 0, enabled.done.output[-3000:]
    return roads.run("disable", "--diff")


@pytest.fixture(scope="module")
def disabled_again(roads: Roads, disabled: Run) -> Run:
    assert disabled.done.code == 0, disabled.done.output[-3000:]
    return roads.run("disable", "--diff")


def diff_of(run: Run, name: str) -> dict[str, Any]:
    """The difference that the run showed."""
    (found,) = [diff for result in outcomes(run.done, name) for diff in result.get("diff", ())]
    diff: dict[str, Any] = found
    return diff


def without_times(diff: dict[str, Any]) -> str:
    """A diff without the moments of its own run."""
    windows = [{**each, "opened": "", "expires": ""} for each in diff["after"]["windows"]]
    return str({**diff, "after": {**diff["after"], "windows": windows}})


def task_of(run: Run, name: str) -> dict[str, Any]:
    """What the task that switches said."""
    found = [each for result in outcomes(run.done, name) for each in result.get("systems", {}).values()]
    assert len(found) == 1, f"{len(found)} tasks of {name}"
    result: dict[str, Any] = found[0]
    return result


@pytest.mark.parametrize("name", ROADS)
def test_check_mode_says_the_steps_and_touches_nothing(checked: Run, name: str) -> None:
    assert checked.after[name] == checked.before[name]
    assert task_of(checked, name)["changed"]
    told = "\n".join(steps(checked.done, name))
    assert "maintenance mode on" in told
    assert "recorded that it is in effect" in told
    assert all(step["seconds"] is None for step in task_of(checked, name)["steps"])


@pytest.mark.smoke
@pytest.mark.parametrize("name", ROADS)
def test_there(roads: Roads, enabled: Run, name: str) -> None:
    assert enabled.done.recap[name]["changed"] == 1
    assert modes_of(roads.systems[name]) == {True}
    assert database_of(roads.systems[name]).value("CONFIGURATIONMODE") == "1"


@pytest.mark.parametrize("name", ROADS)
def test_apply_does_what_check_mode_said(checked: Run, enabled: Run, name: str) -> None:
    assert steps(enabled.done, name) == steps(checked.done, name)
    assert without_times(diff_of(enabled, name)) == without_times(diff_of(checked, name))
    assert [step["seconds"] >= 0 for step in task_of(enabled, name)["steps"]]


@pytest.mark.parametrize("name", ONE_BOXES)
def test_what_runs_meanwhile(roads: Roads, enabled: Run, name: str) -> None:
    """The background services are stopped, IIS runs, start types are as before."""
    assert enabled.done.results
    before, now = roads.as_it_was[name], running(roads.systems[name])
    assert {service: kind for service, (_state, kind) in now.items()} == {
        service: kind for service, (_state, kind) in before.items()
    }
    assert {service: state for service, (state, _kind) in now.items()} == {
        **dict.fromkeys(BACKGROUND, "STOPPED"),
        "W3SVC": "RUNNING",
        "WAS": "RUNNING",
    }


@pytest.mark.parametrize("name", ROADS)
def test_the_record(roads: Roads, enabled: Run, name: str) -> None:
    assert enabled.done.results
    record = record_of(roads.systems[name])
    assert record is not None
    assert (record["phase"], record["lease"]) == ("settled", None)
    assert [(window["id"], window["owner"], window["reason"], window["ticket"]) for window in record["windows"]] == [
        ("default", "Žofie", WHY["d365fo_reason"], "CHG0042")
    ]
    ran = {service["name"]: service["stopped"] for service in record["services"]}
    assert ran == ({} if name == "cluster" else {"W3SVC": False, DMF: True, BATCH: True})


@pytest.mark.parametrize("name", ROADS)
def test_enabled_again_is_one_look(enabled_again: Run, name: str) -> None:
    assert unchanged(enabled_again.done)
    assert enabled_again.after[name] == enabled_again.before[name]
    assert task_of(enabled_again, name)["steps"] == []
    assert (enabled_again.asked[name]["commands"], enabled_again.asked[name]["batches"]) == (LOOKS.get(name, 1), 1)


@pytest.mark.parametrize("name", ROADS)
def test_the_status(status: Run, name: str) -> None:
    assert unchanged(status.done)
    assert status.after[name] == status.before[name]
    shown = row(status.done, name)
    assert (shown["mode"], shown["verified"], shown["managed"], shown["notes"]) == ("maintenance", True, True, [])
    assert (shown["owner"], shown["reason"], shown["overdue"]) == ("Žofie", WHY["d365fo_reason"], False)
    assert [window["id"] for window in shown["windows"]] == ["default"]


def test_the_status_warns_of_nothing(status: Run) -> None:
    """Variables that only the switch needs are no typing errors."""
    assert "[WARNING]" not in status.done.output


@pytest.mark.parametrize("name", ROADS)
def test_the_check_of_the_way_back_touches_nothing(back_checked: Run, name: str) -> None:
    assert back_checked.after[name] == back_checked.before[name]
    assert task_of(back_checked, name)["changed"]
    assert "maintenance mode off" in "\n".join(steps(back_checked.done, name))


@pytest.mark.smoke
@pytest.mark.parametrize("name", ROADS)
def test_and_back(roads: Roads, disabled: Run, name: str) -> None:
    assert disabled.done.recap[name]["changed"] == 1
    assert is_normal(roads.systems[name], roads.as_it_was[name]) == []


@pytest.mark.parametrize("name", ROADS)
def test_the_way_back_does_what_check_mode_said(back_checked: Run, disabled: Run, name: str) -> None:
    assert steps(disabled.done, name) == steps(back_checked.done, name)
    assert diff_of(disabled, name) == diff_of(back_checked, name)


@pytest.mark.parametrize("name", ROADS)
def test_disabled_again_is_one_look(disabled_again: Run, name: str) -> None:
    assert unchanged(disabled_again.done)
    assert disabled_again.after[name] == disabled_again.before[name]
    assert (disabled_again.asked[name]["commands"], disabled_again.asked[name]["batches"]) == (LOOKS.get(name, 1), 1)


@pytest.mark.parametrize("name", ROADS)
def test_who_sets_the_variable(roads: Roads, disabled: Run, name: str) -> None:
    """Microsoft's own program, once each way; or SQL."""
    assert disabled.done.results
    assert len(runs_of(roads.systems[name])) == (2 if name in TOOLS else 0)


@pytest.mark.parametrize("name", REQUESTS)
def test_how_many_requests(enabled_again: Run, enabled: Run, disabled: Run, name: str) -> None:
    """One more fails here: the way to a host may be long, and there may be two hundred of them."""
    runs = (enabled_again, enabled, disabled)
    assert tuple(run.asked[name]["requests"] for run in runs) == REQUESTS[name]


@pytest.mark.parametrize("name", SHELLS)
def test_how_many_shells(enabled_again: Run, enabled: Run, disabled: Run, name: str) -> None:
    """A shell is a logon: one a run, a second one where a password has to be in the environment of some commands."""
    assert [run.asked[name]["shells"] for run in (enabled_again, enabled, disabled)] == [SHELLS[name]] * 3


def test_no_shell_is_left_open(roads: Roads, disabled_again: Run) -> None:
    assert disabled_again.done.results
    servers = [system.winrm for system in roads.systems.values() if isinstance(system, Machine)]
    assert [server.shells_open for server in servers] == [0] * len(servers)


def test_how_many_banners(enabled: Run, enabled_again: Run, status: Run, disabled: Run) -> None:
    """What a person scrolls through: find the systems, switch, the table; on the way out also who was lost, and before
    a status whether its options can be used."""
    for run, most in ((enabled, 4), (enabled_again, 4), (status, 5), (disabled, 5)):
        banners = [line for line in run.done.output.splitlines() if line.startswith("TASK [")]
        assert len(banners) <= most, banners

"""Dynamics 365 by other connections: ssh with cmd.exe and PowerShell as its shell, exec_command over winrm.

psrp goes the same way through the code as exec_command over winrm; no lab of it exists, so it was not run.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from lab.estate import Machine
from lab.ssh import Shell, SSHServer
from playbook.estate import PROPERTY, Lab, message, mode_of, row, running, state_of, unchanged

BACKGROUND = ("DynamicsAxBatch", "MR2012ProcessService")
ENCODED = "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "


def add_vhd(lab: Lab, name: str, transport: str = "basic") -> Machine:
    """A VHD that is switched by SQL, with an integrated login."""
    machine = lab.estate.add_vhd(name, transport=transport)
    for variable in ("user", "password"):
        del machine.variables[f"d365fo_sql_login_{variable}"]
    machine.variables["d365fo_method"] = "sql"
    return machine


def decoded(command: str) -> str:
    """The script of a powershell.exe -EncodedCommand."""
    return base64.b64decode(command.rpartition(" ")[2]).decode("utf-16-le")


def test_the_whole_order(lab: Lab) -> None:
    ssh: dict[str, SSHServer] = {}

    def by_ssh(machine: Machine, shell: Shell) -> Machine:
        ssh[machine.name] = lab.estate.add_ssh(machine, default_shell=shell)
        return machine

    machines = [
        by_ssh(lab.add("dev-cmd"), "cmd"),
        by_ssh(add_vhd(lab, "vhd-powershell"), "powershell"),
        lab.add("dev-exec", d365fo_run_by="exec_command"),
        add_vhd(lab, "vhd-exec", transport="ntlm"),
    ]
    machines[-1].variables["d365fo_run_by"] = "exec_command"
    names = [machine.name for machine in machines]
    lab.start()
    before = {machine.name: running(machine) for machine in machines}

    def sent(machine: Machine) -> list[str]:
        return ssh[machine.name].commands if machine.name in ssh else machine.winrm.commands

    status = lab.run("status")
    assert unchanged(status), status.output
    assert [row(status, name)["mode"] for name in names] == ["normal"] * len(names)

    states = [state_of(machine) for machine in machines]
    check = lab.run("enable", "--check", "--diff", d365fo_reason="CHG0042")
    assert check.code == 0, check.output
    assert [state_of(machine) for machine in machines] == states

    done = lab.run("enable", "--diff", d365fo_reason="CHG0042")
    assert done.code == 0, done.output
    for machine in machines:
        assert mode_of(machine) is True
        assert [running(machine)[name][0] for name in BACKGROUND] == ["STOPPED", "STOPPED"]
        record = json.loads(machine.database.extended_property(PROPERTY) or "")
        assert (record["phase"], record["reason"]) == ("settled", "CHG0042")
        for task in ("Stop the background services", "Have the AOS take the variable over"):
            assert check.of(task, machine.name)["diff"] == done.of(task, machine.name)["diff"]

    states = [state_of(machine) for machine in machines]
    counts = [len(sent(machine)) for machine in machines]
    done = lab.run("enable")
    assert unchanged(done), done.output
    assert [len(sent(machine)) - count for machine, count in zip(machines, counts, strict=True)] == [1] * len(machines)
    assert [state_of(machine) for machine in machines] == states

    done = lab.run("disable", "--diff")
    assert done.code == 0, done.output
    for machine in machines:
        assert mode_of(machine) is False
        assert running(machine) == before[machine.name]
        assert machine.database.value("CONFIGURATIONMODE") == "0"
        assert machine.database.extended_property(PROPERTY) is None

    # what was sent: cmd.exe the line itself, PowerShell one native call; over winrm as its shell plugin does it
    assert all(server.logins for server in ssh.values())
    by_cmd, by_powershell = sent(machines[0]), sent(machines[1])
    assert by_cmd[0].startswith("echo #host& tasklist.exe ")
    assert [line for line in by_powershell if not line.startswith(ENCODED)] == []
    assert decoded(by_powershell[0]).startswith('cmd.exe --% /d /s /c "echo #host& tasklist.exe ')
    for machine in machines[-2:]:
        assert "-EncodedCommand" in sent(machine)[0]
        assert 'cmd.exe --% /d /s /c "echo #host& ' in decoded(sent(machine)[0])
        assert machine.winrm.shells_open == 0


def test_what_a_connection_can_not_do(lab: Lab) -> None:
    """A secret in the environment; a server that is not the known one; a connection that breaks; the way out."""
    login: dict[str, Any] = {"d365fo_sql_login_user": "axdbadmin"}
    secret_ssh, secret_exec = lab.add("secret-ssh", **login), lab.add("secret-exec", **login)
    secret_exec.variables["d365fo_run_by"] = "exec_command"
    for machine in (secret_ssh, secret_exec):
        machine.variables["d365fo_sql_login_password"] = machine.sql_password
    tool_ssh, odbc = lab.estate.add_vhd("tool-ssh"), lab.add("odbc", via="odbc")
    stranger, broken, slow = lab.add("stranger"), lab.add("broken"), lab.add("slow")
    by_ssh = (secret_ssh, tool_ssh, stranger, broken, slow, odbc)
    ssh = {machine.name: lab.estate.add_ssh(machine) for machine in by_ssh}
    known_hosts = lab.folder / "known_hosts"
    lines = known_hosts.read_text().splitlines(keepends=True)
    known_hosts.write_text("".join([*lines[:2], lines[2].split()[0] + " " + lines[0].partition(" ")[2], *lines[3:]]))
    ssh["broken"].faults.drop_in_command = 6
    slow.variables["d365fo_service_timeout"] = 1
    lab.start()
    slow.host.services["MR2012ProcessService"].faults.hang_on_stop = True
    machines = lab.estate.machines
    before = {name: state_of(machine) for name, machine in machines.items()}
    services = running(slow)

    done = lab.run("enable")
    refused = (
        r"Could not pass a password to a program safely on {}: the {} connection has no way to set an environment "
        r"variable.*integrated login.*via: odbc.*ansible_connection: winrm"
    )
    for name, connection in (("secret-ssh", "ssh"), ("tool-ssh", "ssh"), ("secret-exec", "winrm")):
        assert re.search(refused.format(name, connection), message(done, name)), message(done, name)
        assert machines[name].sql_password not in done.output
    assert done.recap["stranger"]["unreachable"] == 1
    assert "Host key verification failed" in message(done, "stranger")
    assert done.recap["broken"]["unreachable"] == 1
    told = message(done, "broken")
    assert re.search("The connection to broken broke while trying to stop .*run again, the next run looks first", told)
    assert "stop MR2012ProcessService within 1 s" in message(done, "slow")
    for name in ("secret-ssh", "tool-ssh", "secret-exec", "stranger"):
        assert state_of(machines[name]) == before[name]
    assert ssh["stranger"].commands == []
    assert ssh["secret-ssh"].commands == []

    # the way out for a secret: the database is asked from the controller
    assert mode_of(odbc) is True
    done = lab.run("enable", "-l", "broken,odbc")
    assert done.code == 0, done.output
    assert mode_of(broken) is True
    done = lab.run("disable", "-l", "broken,odbc")
    assert done.code == 0, done.output
    for machine in (broken, odbc):
        assert (mode_of(machine), running(machine)) == (False, services)

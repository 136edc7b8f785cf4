"""Dynamics 365: runs that are cut off at any step; the next run, whichever it is, finishes the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab.estate import Machine
from playbook import ROOT, Done
from playbook.estate import PROPERTY, Lab, message, mode_of, running

# Where the connection breaks, by the text of the command that runs then. What is started goes on, as on Windows.
# Between two of these only readings happen, and a reading that is lost leaves what the write before it left.
WAY_IN = {
    "look": r"^echo #host",
    "prepared": r"sp_addextendedproperty",
    "stopping": r"sc\.exe stop .DynamicsAxBatch",
    "set": r"UPDATE dbo\.SQLSYSTEMVARIABLES",
    "iisstop": r"sc\.exe stop .W3SVC",
    "iisstart": r"sc\.exe start .W3SVC",
    "settled": r"TRANSACTION; EXEC sys\.sp_updateextendedproperty",
}
WAY_BACK = {
    "clear": r"UPDATE dbo\.SQLSYSTEMVARIABLES",
    "backstop": r"sc\.exe stop .W3SVC",
    "backstart": r"sc\.exe start .W3SVC",
    "services": r"sc\.exe start .Microsoft\.Dynamics",
    "dropped": r"sp_dropextendedproperty",
}


def add(lab: Lab, steps: dict[str, str], ending: str) -> list[Machine]:
    """A machine for each step."""
    return [lab.add(f"{name}{ending}") for name in steps]


def break_off(machines: list[Machine], steps: dict[str, str]) -> None:
    """Let each machine's connection break at the step that its name says."""
    for machine in machines:
        machine.winrm.faults.drop_in = steps[machine.name.partition("-")[0]]


def lost(done: Done, names: list[str]) -> None:
    """Each host is unreachable, with a message that says what broke off and what to do; none failed."""
    for name in names:
        assert (done.recap[name]["unreachable"], done.recap[name]["failed"]) == (1, 0), (name, done.output)
        told = message(done, name)
        assert f"The connection to {name} broke while trying to " in told
        assert "run again, the next run looks first and finishes the work" in told


def is_normal(machine: Machine, before: dict[str, tuple[str, str]]) -> None:
    assert mode_of(machine) is False, machine.name
    assert machine.database.value("CONFIGURATIONMODE") == "0"
    assert machine.database.extended_property(PROPERTY) is None
    assert running(machine) == before, machine.name
    assert machine.winrm.shells_open <= 1  # the lost one


def test_a_connection_that_breaks_on_the_way_in(lab: Lab) -> None:
    """Most machines are enabled again, some are given up and disabled."""
    again = add(lab, WAY_IN, "-a")
    back = add(lab, {name: WAY_IN[name] for name in ("prepared", "stopping", "set")}, "-b")
    machines = [*again, *back]
    lab.start()
    before = running(machines[0])
    break_off(machines, WAY_IN)
    lost(lab.run("enable", d365fo_reason="CHG0042"), [machine.name for machine in machines])

    done = lab.run("enable", "-l", "*-a", d365fo_reason="CHG0042")
    assert done.code == 0, done.output
    for machine in again:
        assert mode_of(machine) is True, machine.name
        assert [state for state, _kind in running(machine).values()].count("RUNNING") == 2  # W3SVC and WAS
    done = lab.run("disable")
    assert done.code == 0, done.output
    for machine in machines:
        is_normal(machine, before)


def test_a_connection_that_breaks_on_the_way_back(lab: Lab) -> None:
    again = add(lab, WAY_BACK, "-a")
    on = add(lab, {name: WAY_BACK[name] for name in ("clear", "services")}, "-b")
    lab.start()
    before = running(again[0])
    done = lab.run("enable")
    assert done.code == 0, done.output
    break_off([*again, *on], WAY_BACK)
    lost(lab.run("disable"), [machine.name for machine in [*again, *on]])

    done = lab.run("disable", "-l", "*-a")
    assert done.code == 0, done.output
    for machine in again:
        is_normal(machine, before)
    # On again instead of off: what ran before the first window is not forgotten.
    done = lab.run("enable", "-l", "*-b")
    assert done.code == 0, done.output
    for machine in on:
        assert mode_of(machine) is True
    done = lab.run("disable", "-l", "*-b")
    assert done.code == 0, done.output
    for machine in on:
        is_normal(machine, before)


def test_ansible_is_killed_and_a_database_connection_breaks(lab: Lab) -> None:
    killed = lab.add("killed")
    cut = lab.add("cut", via="odbc", d365fo_odbc_driver="FreeTDS")
    lab.start()
    before = running(killed)

    # The answer to the write breaks off after it ran: the variable is set, and nobody knows.
    cut.tds.faults.drop, cut.tds.faults.drop_on = "during", "UPDATE dbo.SQLSYSTEMVARIABLES"
    done = lab.run("enable", "-l", "cut")
    assert done.recap["cut"]["failed"] == 1
    assert "finish the work" in message(done, "cut"), done.output
    assert cut.database.value("CONFIGURATIONMODE") == "1"
    # What ran before runs again, but for batch, which does not start while the flag is set.
    assert {**running(cut), "DynamicsAxBatch": before["DynamicsAxBatch"]} == before

    # SIGKILL for ansible-playbook and its workers while the services stop.
    killed.host.services["MR2012ProcessService"].stop_seconds = 500
    process = start_playbook(lab, "enable", "-l", "killed")
    deadline = time.monotonic() + 30
    while killed.host.services["MR2012ProcessService"].state.name != "STOP_PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert killed.database.extended_property(PROPERTY) is not None
    assert killed.database.value("CONFIGURATIONMODE") == "0"

    done = lab.run("enable")
    assert done.code == 0, done.output
    assert (mode_of(killed), mode_of(cut)) == (True, True)
    done = lab.run("disable")
    assert done.code == 0, done.output
    for machine in (killed, cut):
        is_normal(machine, before)


def start_playbook(lab: Lab, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a playbook in a process group of its own and don't wait for it."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return subprocess.Popen(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            str(lab.estate.inventory),
            str(ROOT / f"playbooks/{name}.yml"),
            *arguments,
        ],
        cwd=ROOT,
        env={**kept, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

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


def lost(done: Done, machines: list[Machine]) -> None:
    """Each host is unreachable, with a message that says what broke off and what to do; none failed."""
    for name in (machine.name for machine in machines):
        assert (done.recap[name]["unreachable"], done.recap[name]["failed"]) == (1, 0), (name, done.output)
        told = message(done, name)
        assert f"The connection to {name} broke while trying to " in told
        assert "run again, the next run looks first and finishes the work" in told


def is_normal(machine: Machine, before: dict[str, tuple[str, str]]) -> None:
    assert mode_of(machine) is False, machine.name
    assert machine.database.value("CONFIGURATIONMODE") == "0"
    assert machine.database.extended_property(PROPERTY) is None
    assert running(machine) == before, machine.name


def test_a_connection_that_breaks_at_any_step(lab: Lab) -> None:
    """On the way in, where most machines are enabled again and some given up; then on those, on the way back."""
    again = [lab.add(f"{name}-a") for name in WAY_IN]
    given_up = [lab.add(f"{name}-b") for name in ("prepared", "stopping", "set")]
    machines = [*again, *given_up]
    lab.start()
    before = running(machines[0])
    for machine in machines:
        machine.winrm.faults.drop_in = WAY_IN[machine.name.partition("-")[0]]
    lost(lab.run("enable", d365fo_reason="CHG0042"), machines)

    done = lab.run("enable", "-l", "*-a", d365fo_reason="CHG0042")
    assert done.code == 0, done.output
    for machine in again:
        assert mode_of(machine) is True, machine.name
        assert [state for state, _kind in running(machine).values()].count("RUNNING") == 2  # W3SVC and WAS

    breaking = dict(zip(WAY_BACK, again, strict=False))
    assert len(breaking) == len(WAY_BACK)
    for name, machine in breaking.items():
        machine.winrm.faults.drop_in = WAY_BACK[name]
    done = lab.run("disable")
    lost(done, list(breaking.values()))
    whole = [machine for machine in machines if machine not in breaking.values()]
    for machine in whole:
        assert (done.recap[machine.name]["failed"], done.recap[machine.name]["unreachable"]) == (0, 0), done.output
        is_normal(machine, before)

    # On again instead of off: what ran before the first window is not forgotten.
    on_again = [breaking["clear"], breaking["services"]]
    done = lab.run("enable", "-l", ",".join(machine.name for machine in on_again))
    assert done.code == 0, done.output
    for machine in on_again:
        assert mode_of(machine) is True
    done = lab.run("disable", "-l", ",".join(machine.name for machine in breaking.values()))
    assert done.code == 0, done.output
    for machine in breaking.values():
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
    killed.host.services["MR2012ProcessService"].stop_seconds = 200
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

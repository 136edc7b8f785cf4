"""Dynamics 365: runs that are killed or interrupted, and two runs at once on one machine.

The first run of each machine is held while it waits for a service, until the test lets it go on; so nothing here
depends on how fast anything is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.estate import Machine
from lab.windows.services import State
from playbook import Done, Running
from playbook.estate import (
    EACH_ITS_WAY,
    REPORTER,
    Lab,
    aos_of,
    failed,
    is_normal,
    message,
    mode_of,
    record_of,
    row,
    running,
)

LIMIT = 60.0  # real seconds after which something that has to happen counts as not happening
# A second run comes, in the direction named, while the first one (enable, or disable for "back-...") is at work.
SECOND = {
    "same": "enabled",
    "opposite": "disabled",
    "busy": "enabled",
    "taken": "enabled",
    "back-opposite": "enabled",
    "back-same": "disabled",
}
DIED = {"killed": "enabled", "killed-back": "disabled", "interrupted": "enabled", "waited-for": "enabled"}
ALL = [*SECOND, *DIED, "checked"]

CHECKED = """
- hosts: checked
  gather_facts: false
  tasks:
    - name: Checked
      quiesce.maintenance.d365fo_maintenance_mode:
        state: disabled
      check_mode: true
"""


def until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


def holding_service(name: str) -> str:
    """What the first run of the machine is held by: on the way back a service that hangs would only be started."""
    return "W3SVC" if name.startswith("back-") else REPORTER


def held(machine: Machine) -> bool:
    return machine.host.services[holding_service(machine.name)].state is State.STOP_PENDING


def let_go(lab: Lab, machine: Machine) -> None:
    service = machine.host.services[holding_service(machine.name)]
    service.faults.hang_on_stop = False
    lab.call(lambda: machine.host.services.crash(service.name))


def processes_of(run: Running) -> list[int]:
    """What still lives of a run, workers in sessions of their own included: by its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and str(run.record).encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def told_about(run: Running, host: str) -> bool:
    """Whether a task of the run has ended on the host with a word about the mode."""
    lines = run.record.read_text().splitlines()
    return any(f'"host": "{host}"' in line and '"status": {' in line for line in lines)


@dataclass(frozen=True)
class AtOnce:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    first: Done
    second: Done
    checked: Done
    interrupted: Done
    status: Done
    left_alive: list[int]
    after_death: dict[str, dict[str, Any] | None]
    values_after_death: dict[str, str | None]
    waited: Done
    then: Done
    modes: dict[str, bool | None]
    starts: dict[str, int]


@pytest.fixture(scope="module")
def at_once(shared_lab: Lab) -> AtOnce:
    lab = shared_lab
    for name in ALL:
        lab.add(name)
    machines = lab.estate.machines
    lab.start()
    before = {name: running(machine) for name, machine in machines.items()}
    done = lab.run("enable", "-l", "back-*", d365fo_reason="CHG0041")
    assert done.code == 0, done.output[-3000:]

    for machine in machines.values():
        machine.host.services[holding_service(machine.name)].faults.hang_on_stop = True
    for name in [*SECOND, *DIED, "checked"]:
        machines[name].variables["way"] = "disabled" if name.startswith("back-") else "enabled"
    firsts = [
        lab.begin_text(EACH_ITS_WAY, "-l", ",".join([*SECOND, "checked"]), d365fo_reason="CHG0042"),
        lab.begin_text(EACH_ITS_WAY, "-l", "killed,killed-back,waited-for", d365fo_reason="CHG0042"),
        lab.begin_text(EACH_ITS_WAY, "-l", "interrupted", d365fo_reason="CHG0042"),
    ]
    until(lambda: all(held(machine) for machine in machines.values()), "that every first run waits for its service")
    first, killed, interrupted = firsts
    killed.kill()
    interrupted.interrupt()
    interrupted_done = interrupted.wait()
    until(lambda: not processes_of(killed), "that the workers of a killed run stop by themselves")
    left_alive = processes_of(killed) + processes_of(interrupted)
    for name in DIED:
        let_go(lab, machines[name])
        lab.loop.run(machines[name].host.services.reached(REPORTER, State.STOPPED, State.RUNNING))
    after_death = {name: record_of(machines[name]) for name in DIED}
    values = {name: machines[name].database.value("CONFIGURATIONMODE") for name in DIED}
    status = lab.run("status", "-l", "busy,killed")

    # A run that died: the next one waits for the end of its lease.
    looks = {name: len(machines[name].winrm.commands) for name in [*SECOND, "waited-for"]}
    waiting = lab.begin("enable", "-l", "waited-for")

    # The second runs come while the first one is at work.
    checked = lab.play(CHECKED)
    for name, way in SECOND.items():
        machines[name].variables["way"] = way
    machines["busy"].variables["d365fo_busy_timeout"] = "1s"
    machines["taken"].variables["d365fo_take_over"] = True
    machines["taken"].host.services[REPORTER].faults.hang_on_stop = False
    second = lab.begin_text(EACH_ITS_WAY, "-l", ",".join(SECOND))
    until(lambda: all(len(machines[name].winrm.commands) > looks[name] for name in looks), "that the next runs look")
    until(lambda: told_about(second, "busy"), "that the impatient run gives up")
    for name in [*SECOND, "checked"]:
        let_go(lab, machines[name])
    first_done, second_done = first.wait(), second.wait()
    modes = {name: mode_of(machines[name]) for name in SECOND}
    starts = {name: aos_of(machines[name]).starts for name in SECOND}

    lab.estate.clock.advance(300)
    waited = waiting.wait()
    # Whoever knows that a run is dead need not wait.
    then = lab.each_its_way({name: way for name, way in DIED.items() if name != "waited-for"}, d365fo_take_over=True)
    return AtOnce(
        lab,
        before,
        first_done,
        second_done,
        checked,
        interrupted_done,
        status,
        left_alive,
        after_death,
        values,
        waited,
        then,
        modes,
        starts,
    )


@pytest.fixture(scope="module")
def all_back(at_once: AtOnce) -> Done:
    return at_once.lab.run("disable", d365fo_take_over=True)


def test_the_workers_of_a_killed_run_stop_by_themselves(at_once: AtOnce) -> None:
    assert at_once.left_alive == []
    assert at_once.values_after_death == {**dict.fromkeys(DIED, "0")}, "somebody went on"


@pytest.mark.parametrize("name", ["killed", "killed-back", "waited-for"])
def test_what_a_killed_run_was_about_to_do_is_recorded(at_once: AtOnce, name: str) -> None:
    record = at_once.after_death[name]
    assert record is not None
    assert record["phase"] == "prepared"
    assert record["lease"]["owner"] == "tester"
    assert REPORTER in [service["name"] for service in record["services"]]


def test_ctrl_c_is_no_traceback(at_once: AtOnce) -> None:
    assert at_once.interrupted.code != 0
    assert "Traceback" not in at_once.interrupted.output


@pytest.mark.parametrize("name", ["busy", "killed"])
def test_the_status_names_the_run_at_work(at_once: AtOnce, name: str) -> None:
    shown = row(at_once.status, name)
    assert shown["mode"] == "changing"
    assert re.search(r"run \w+ of tester on \S+, at work since 20\d\d", "\n".join(shown["notes"])), shown["notes"]


def test_check_mode_waits_for_nobody_and_says_so(at_once: AtOnce) -> None:
    result = at_once.checked.of("Checked", "checked")
    assert result["failed"]
    assert re.search(r"another run is at work there: run \w+ of tester on \S+", result["msg"]), result["msg"]


def test_the_second_run_is_refused_with_who_where_and_since_when(at_once: AtOnce) -> None:
    said = message(at_once.second, "busy")
    assert re.search(r"another run is at work there: run \w+ of tester on \S+", said), said
    assert re.search(r"since 20\d\d-\d\d-\d\d", said), said
    assert "take_over" in said


@pytest.mark.parametrize("name", [name for name in SECOND if name != "taken"])
def test_the_first_run_is_not_disturbed(at_once: AtOnce, name: str) -> None:
    assert not failed(at_once.first, name), message(at_once.first, name)


@pytest.mark.parametrize("name", [name for name in SECOND if name != "busy"])
def test_the_second_run_waits_and_does_its_work(at_once: AtOnce, name: str) -> None:
    assert not failed(at_once.second, name), message(at_once.second, name)
    assert at_once.modes[name] is (SECOND[name] == "enabled")
    wanted = "maintenance" if SECOND[name] == "enabled" else "normal"
    assert row(at_once.second, name)["mode"] == wanted


def test_the_second_run_in_the_same_direction_restarts_nothing(at_once: AtOnce) -> None:
    # once at boot; the machines of the way back, once more for being enabled before
    assert (at_once.starts["same"], at_once.starts["back-same"]) == (2, 3)
    assert at_once.second.recap["back-same"]["changed"] == 0


def test_a_run_whose_work_was_taken_over_claims_nothing(at_once: AtOnce) -> None:
    """It may fail, or find that the work was done; it does not say that it did what another run did."""
    assert failed(at_once.first, "taken") or row(at_once.first, "taken")["mode"] == "maintenance"


def test_the_end_of_a_lease_is_waited_for(at_once: AtOnce) -> None:
    assert not failed(at_once.waited, "waited-for"), message(at_once.waited, "waited-for")
    assert row(at_once.waited, "waited-for")["mode"] == "maintenance"
    assert re.search(r"waited-for: waiting for another run .*, run \w+ of tester on", at_once.waited.output)


@pytest.mark.parametrize("name", [name for name in DIED if name != "waited-for"])
def test_who_knows_that_a_run_is_dead_takes_over_at_once(at_once: AtOnce, name: str) -> None:
    assert not failed(at_once.then, name), message(at_once.then, name)
    assert row(at_once.then, name)["mode"] == ("maintenance" if DIED[name] == "enabled" else "normal")


@pytest.mark.parametrize("name", ALL)
def test_in_the_end_all_is_as_it_was(at_once: AtOnce, all_back: Done, name: str) -> None:
    """No service was forgotten by anybody."""
    assert not failed(all_back, name), message(all_back, name)
    assert is_normal(at_once.lab.estate.machines[name], at_once.before[name]) == []

"""Dynamics 365: runs that are killed or interrupted, and two runs at once on one machine.

The first run of each machine is held while it waits for a service, until the test lets it go on, and the test waits for
what the next run says or writes; so nothing here depends on how fast anything is.
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
# The first run enables. A second run comes, in the direction named, while the first one is at work.
SECOND = {"same": "enabled", "opposite": "disabled", "busy": "enabled", "taken": "enabled"}
# The first run dies. The second one enables too: it takes the work over at once, or waits for the end of the lease.
AT_ONCE = ("killed", "interrupted")
DIED = (*AT_ONCE, "waited-for")
ALL = (*SECOND, *DIED)

# What comes while the first run is at work: the status, a check and the second run. That the check fails is ignored:
# Ansible ends a playbook at a play that fails on all its hosts.
NEXT = f"""
- import_playbook: quiesce.maintenance.status

- hosts: opposite
  gather_facts: false
  tasks:
    - name: Check
      quiesce.maintenance.d365fo_maintenance_mode:
        state: disabled
      check_mode: true
      ignore_errors: true
{EACH_ITS_WAY}"""


def until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


def held(machine: Machine) -> bool:
    return machine.host.services[REPORTER].state is State.STOP_PENDING


def let_go(lab: Lab, machine: Machine) -> None:
    machine.host.services[REPORTER].faults.hang_on_stop = False
    lab.call(lambda: machine.host.services.crash(REPORTER))


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


def at_work(machine: Machine) -> str:
    """The id of the run that the record names."""
    record = record_of(machine)
    assert record is not None
    return str((record["lease"] or {}).get("run"))


def waits(run: Running, host: str) -> bool:
    return f"{host}: waiting for another run" in run.output.read_text(encoding="utf-8")


def has_enabled(run: Running, host: str) -> bool:
    """Whether the run's task that enables has ended on the host, well or not."""
    task = "quiesce.maintenance.d365fo : Enable maintenance mode"
    return f'"host": "{host}", "task": "{task}"' in run.record.read_text()


@dataclass(frozen=True)
class AtOnce:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    first: Done
    interrupted: Done
    second: Done
    left_alive: list[int]
    after_death: dict[str, dict[str, Any] | None]
    values_after_death: dict[str, str | None]
    modes: dict[str, bool | None]
    starts: dict[str, int]


@pytest.fixture(scope="module")
def at_once(shared_lab: Lab) -> AtOnce:
    lab = shared_lab
    for name in ALL:
        lab.add(name, way="enabled")
    machines = lab.estate.machines
    lab.start()
    before = {name: running(machine) for name, machine in machines.items()}

    for machine in machines.values():
        machine.host.services[REPORTER].faults.hang_on_stop = True
    first, killed, interrupted = [
        lab.begin_text(EACH_ITS_WAY, "-l", limit, d365fo_reason="CHG0042")
        for limit in (",".join(SECOND), "killed,waited-for", "interrupted")
    ]
    until(lambda: all(held(machine) for machine in machines.values()), "that every first run waits for its service")
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

    # The second run comes while the first one is at work.
    machines["opposite"].variables["way"] = "disabled"
    machines["busy"].variables["d365fo_busy_timeout"] = "1s"
    for name in ("taken", *AT_ONCE):
        machines[name].variables["d365fo_take_over"] = True
    machines["taken"].host.services[REPORTER].faults.hang_on_stop = False
    overtaken = at_work(machines["taken"])
    second = lab.begin_text(NEXT)
    until(lambda: all(waits(second, name) for name in ("same", "opposite", "waited-for")), "that the second run waits")
    until(lambda: has_enabled(second, "busy"), "that the impatient run gives up")
    until(lambda: at_work(machines["taken"]) != overtaken, "that the second run takes over from one at work")
    # Now, while the leases of the dead last: who knows that a run is dead need not wait for their end.
    until(lambda: all(has_enabled(second, name) for name in AT_ONCE), "that the second run takes over from the dead")
    for name in SECOND:
        let_go(lab, machines[name])
    first_done = first.wait()
    lab.estate.clock.advance(300)  # only now: the lease of the first run must last as long as it is at work
    second_done = second.wait()
    return AtOnce(
        lab,
        before,
        first_done,
        interrupted_done,
        second_done,
        left_alive,
        after_death,
        values,
        modes={name: mode_of(machine) for name, machine in machines.items()},
        starts={name: aos_of(machine).starts for name, machine in machines.items()},
    )


@pytest.fixture(scope="module")
def all_back(at_once: AtOnce) -> Done:
    return at_once.lab.run("disable")


def test_the_workers_of_a_killed_run_stop_by_themselves(at_once: AtOnce) -> None:
    assert at_once.left_alive == []
    assert at_once.values_after_death == dict.fromkeys(DIED, "0"), "somebody went on"


@pytest.mark.parametrize("name", ["killed", "waited-for"])
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
    shown = at_once.second.of("Gather the status", name)["systems"]["d365fo"]["rows"][0]
    assert shown["mode"] == "changing"
    assert re.search(r"run \w+ of tester on \S+, at work since 20\d\d", "\n".join(shown["notes"])), shown["notes"]


def test_check_mode_waits_for_nobody_and_says_so(at_once: AtOnce) -> None:
    result = at_once.second.of("Check", "opposite")
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
    assert row(at_once.second, name)["mode"] == ("maintenance" if SECOND[name] == "enabled" else "normal")


def test_the_second_run_in_the_same_direction_restarts_nothing(at_once: AtOnce) -> None:
    assert at_once.starts["same"] == 2  # once at boot, once by the first run
    assert at_once.second.recap["same"]["changed"] == 0


def test_a_run_whose_work_was_taken_over_claims_nothing(at_once: AtOnce) -> None:
    """It may fail, or find that the work was done; it does not say that it did what another run did."""
    assert failed(at_once.first, "taken") or row(at_once.first, "taken")["mode"] == "maintenance"


def test_the_end_of_a_lease_is_waited_for(at_once: AtOnce) -> None:
    assert not failed(at_once.second, "waited-for"), message(at_once.second, "waited-for")
    assert at_once.modes["waited-for"] is True
    assert row(at_once.second, "waited-for")["mode"] == "maintenance"
    assert re.search(r"waited-for: waiting for another run .*, run \w+ of tester on", at_once.second.output)


@pytest.mark.parametrize("name", AT_ONCE)
def test_who_knows_that_a_run_is_dead_takes_over_at_once(at_once: AtOnce, name: str) -> None:
    assert not failed(at_once.second, name), message(at_once.second, name)
    assert at_once.modes[name] is True
    assert row(at_once.second, name)["mode"] == "maintenance"


@pytest.mark.parametrize("name", ALL)
def test_in_the_end_all_is_as_it_was(at_once: AtOnce, all_back: Done, name: str) -> None:
    """No service was forgotten by anybody."""
    assert not failed(all_back, name), message(all_back, name)
    assert is_normal(at_once.lab.estate.machines[name], at_once.before[name]) == []

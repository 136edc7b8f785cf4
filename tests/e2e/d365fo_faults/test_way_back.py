"""Dynamics 365: what goes wrong on the way back. A service that does not start keeps no other from starting; the record
says what is left to do, and the next run does it, in either direction.

Three runs, shared with other files: on; disabled with the faults; without the faults, most again, some on again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.estate import SQL_LOGIN, Machine
from lab.windows.machines import TOOL, Layout, open_visual_studio, vhd_layout
from lab.windows.services import Service, StartType, State
from playbook.estate import (
    BATCH,
    REPORTER,
    Lab,
    failed,
    message,
    row,
    steps,
)
from playbook.faults import Act, aos_fault, both, dependent, nothing, service_fault, start_type, tool, unhang, variables
from playbook.three_runs import Part, Run, ThreeRuns


@dataclass(frozen=True)
class Case:
    """A machine in maintenance mode with one fault; what is said of it (nothing: it works all the same), and what is
    left: "off" the variable is off and in effect, "set" it is off and not in effect, "on" nothing was touched."""

    says: str = ""
    left: str = "off"
    then: str = "disabled"
    layout: Callable[[], Layout] = Layout
    login: bool = False
    variables: dict[str, Any] = field(default_factory=dict)
    before: Act = nothing
    fault: Act = nothing
    mend: Act = nothing
    differs: dict[str, tuple[str, str]] = field(default_factory=dict)  # from what ran before, in the end


def needs_another(_lab: Lab, machine: Machine) -> None:
    """The service is told during the window to depend on one that does not start."""
    needed = machine.host.services.add(Service("NeededSvc", "Needed", StartType.DEMAND, start_seconds=0.2))
    needed.faults.crash_on_start = True
    machine.host.services[REPORTER].dependencies = ("NeededSvc",)


def locked(_lab: Lab, machine: Machine) -> None:
    """Another session holds its locks until the services... never stop: the write is the first thing to be done."""
    held = contextlib.ExitStack()
    held.enter_context(machine.database.hold_lock())
    LOCKS[machine.name] = held


def unlocked(_lab: Lab, machine: Machine) -> None:
    LOCKS.pop(machine.name).close()


def locked_at_the_end(_lab: Lab, machine: Machine) -> None:
    """From the moment a background service runs again."""
    service = machine.host.services[REPORTER]
    held = LOCKS[machine.name] = contextlib.ExitStack()
    service.when_running.append(lambda: held.enter_context(machine.database.hold_lock()))


def unlocked_at_the_end(lab: Lab, machine: Machine) -> None:
    machine.host.services[REPORTER].when_running.pop()
    unlocked(lab, machine)


def without_database(_lab: Lab, machine: Machine) -> None:
    """From the moment IIS stops: the AOS starts, and finds no database."""
    machine.host.services["W3SVC"].when_stopped.append(lambda: setattr(machine.database, "available", False))


def with_database(_lab: Lab, machine: Machine) -> None:
    machine.host.services["W3SVC"].when_stopped.pop()
    machine.database.available = True


def open_studio(_lab: Lab, machine: Machine) -> None:
    open_visual_studio(machine.host)


def close_studio(_lab: Lab, machine: Machine) -> None:
    for process in list(machine.host.processes):
        if process.image == "devenv.exe":
            machine.host.processes.end(process.pid)


def set_back(_lab: Lab, machine: Machine) -> None:
    machine.database.set_value("CONFIGURATIONMODE", "0")


def quick_sync(_lab: Lab, machine: Machine) -> None:
    assert machine.host.setup_tool is not None
    machine.host.setup_tool.seconds["sync"] = 20.0


LOCKS: dict[str, contextlib.ExitStack] = {}
QUICK = {"d365fo_service_timeout": "3s"}
IMPATIENT = variables(d365fo_aos_timeout="2s")
PATIENT = variables(d365fo_aos_timeout="60s")
SYNC = {"d365fo_sync": True}
STATE = r"State now: maintenance mode is (off|not set)"

CASES = {
    # services
    "off-crashes": Case(
        rf"start {REPORTER}.*\(1067\).*event log",
        fault=service_fault(REPORTER, "crash_on_start"),
        mend=service_fault(REPORTER, "crash_on_start", False),
    ),
    "crashes-and-on-again": Case(
        rf"start {REPORTER}.*\(1067\)",
        fault=service_fault(REPORTER, "crash_on_start"),
        mend=service_fault(REPORTER, "crash_on_start", False),
        then="enabled",
    ),
    "silent": Case(
        rf"start {REPORTER}.*\(1053\)",
        fault=service_fault(REPORTER, "no_answer_on_start"),
        mend=service_fault(REPORTER, "no_answer_on_start", False),
    ),
    "off-denied": Case(
        rf"start {REPORTER}.*access denied \(5\)",
        fault=service_fault(REPORTER, "access_denied"),
        mend=service_fault(REPORTER, "access_denied", False),
    ),
    "hangs-at-start": Case(
        rf"start {REPORTER}.*after 3 s it is start_pending",
        variables=QUICK,
        fault=service_fault(REPORTER, "hang_on_start"),
        mend=unhang(REPORTER, "hang_on_start"),
    ),
    "disabled": Case(
        rf"start {REPORTER}.*now it is disabled.*just run again to leave it",
        fault=start_type(REPORTER, StartType.DISABLED),
        mend=start_type(REPORTER, StartType.AUTO),
    ),
    "disabled-for-good": Case(
        rf"start {REPORTER}.*now it is disabled.*just run again to leave it",
        fault=start_type(REPORTER, StartType.DISABLED),
        differs={REPORTER: ("STOPPED", "DISABLED")},
    ),
    "needs-another": Case(
        rf"start {REPORTER}.*\(1068\)",
        fault=needs_another,
        mend=service_fault("NeededSvc", "crash_on_start", False),
        differs={"NeededSvc": ("RUNNING", "DEMAND")},
    ),
    "removed": Case(fault=lambda _lab, machine: machine.host.services.remove(REPORTER), differs={REPORTER: ("", "")}),
    "started-meanwhile": Case(fault=lambda lab, machine: lab.service(machine, REPORTER, State.RUNNING)),
    "dependents": Case(before=both(dependent(REPORTER, "DepSvc"), dependent("W3SVC", "FtpSvc"))),
    "ends-by-itself": Case(
        rf"start {REPORTER}.*without an error",
        fault=service_fault(REPORTER, "stops_by_itself"),
        mend=service_fault(REPORTER, "stops_by_itself", False),
    ),
    # IIS and the AOS
    "off-iis-hung": Case(
        rf"stop W3SVC.*after 3 s it is stop_pending \(PID \d+\).*d365fo_kill_hung: true.*{STATE}",
        left="set",
        variables=QUICK,
        fault=service_fault("W3SVC", "hang_on_stop"),
        mend=unhang("W3SVC"),
    ),
    "iis-hung-and-on-again": Case(
        rf"stop W3SVC.*after 3 s it is stop_pending \(PID \d+\).*{STATE}",
        left="set",
        variables=QUICK,
        fault=service_fault("W3SVC", "hang_on_stop"),
        mend=unhang("W3SVC"),
        then="enabled",
    ),
    "off-iis-crashes": Case(
        rf"start W3SVC.*1067.*{STATE}",
        left="set",
        fault=service_fault("W3SVC", "crash_on_start"),
        mend=service_fault("W3SVC", "crash_on_start", False),
    ),
    "off-iis-disabled": Case(
        r"W3SVC.*disabled.*enable",
        left="on",
        fault=start_type("W3SVC", StartType.DISABLED),
        mend=start_type("W3SVC", StartType.AUTO),
    ),
    "iis-stopped-meanwhile": Case(fault=lambda lab, machine: lab.service(machine, "W3SVC", State.STOPPED)),
    "off-aos-never": Case(
        rf"the AOS at https://\S+.*HTTP 503.*{STATE}",
        left="set",
        fault=both(IMPATIENT, aos_fault("never_comes_up", True)),
        mend=both(PATIENT, aos_fault("never_comes_up", False)),
    ),
    "off-aos-never-and-on-again": Case(
        rf"the AOS at https://\S+.*HTTP 503.*{STATE}",
        left="set",
        fault=both(IMPATIENT, aos_fault("never_comes_up", True)),
        mend=both(PATIENT, aos_fault("never_comes_up", False)),
        then="enabled",
    ),
    "wrong-address": Case(
        r"nothing was touched.*nosuch\.invalid",
        left="on",
        fault=variables(d365fo_url="https://nosuch.invalid/"),
        mend=lambda _lab, machine: machine.variables.pop("d365fo_url"),
    ),
    "off-visual-studio": Case(r"nothing was touched.*devenv\.exe", left="on", fault=open_studio, mend=close_studio),
    # the database
    "off-locked": Case(r"holds a lock.*\(error 1222", left="on", fault=locked, mend=unlocked),
    "off-locked-at-the-end": Case(
        r"holds a lock.*\(error 1222",
        left="record",
        fault=locked_at_the_end,
        mend=both(unlocked_at_the_end, variables(d365fo_take_over=True)),
    ),
    "off-database-lost": Case(
        r"HTTP 503",
        left="lost",
        fault=both(IMPATIENT, without_database),
        mend=both(PATIENT, with_database, variables(d365fo_take_over=True)),
    ),
    "set-back": Case(fault=set_back),
    # Microsoft's setup tool
    "off-tool-crashes": Case(
        r"setup tool.*It is broken",
        left="on",
        layout=vhd_layout,
        login=True,
        fault=tool(crashes="It is broken"),
        mend=tool(),
    ),
    "sync": Case(login=True, fault=both(quick_sync, variables(**SYNC))),
    "sync-crashes": Case(
        rf"synchronis.*It is broken.*{STATE}",
        left="set",
        login=True,
        fault=both(quick_sync, variables(**SYNC), tool(crashes="It is broken")),
        mend=tool(),
    ),
    "sync-without-login": Case(
        r"nothing was touched.*d365fo_sql_login_user",
        left="on",
        fault=variables(**SYNC),
        mend=lambda _lab, machine: machine.variables.pop("d365fo_sync"),
    ),
    "sync-without-tool": Case(
        r"nothing was touched.*setup tool",
        left="on",
        login=True,
        layout=lambda: Layout(tool_in_packages=False, tool_in_web_root=False),
        fault=variables(**SYNC),
        mend=lambda _lab, machine: machine.variables.pop("d365fo_sync"),
    ),
}
FAILING = [name for name, case in CASES.items() if case.says]
WORKING = [name for name, case in CASES.items() if not case.says]


def add(lab: Lab) -> None:
    for name, case in CASES.items():
        machine = lab.add(name, layout=case.layout(), **case.variables)
        if case.login:
            machine.variables |= {
                "d365fo_sql_login_user": SQL_LOGIN,
                "d365fo_sql_login_password": machine.sql_password,
            }
        case.before(lab, machine)


def faults(lab: Lab) -> dict[str, str]:
    for name, case in CASES.items():
        case.fault(lab, lab.estate.machines[name])
    return dict.fromkeys(CASES, "disabled")


def mended(lab: Lab) -> dict[str, str]:
    """The faults are gone; each machine is finished, or goes on again."""
    for name, case in CASES.items():
        case.mend(lab, lab.estate.machines[name])
    return {name: CASES[name].then for name in FAILING}


PART = Part(add, second=faults, third=mended)


@pytest.mark.parametrize("name", CASES)
def test_before_that_all_are_there(first: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert (first.after[name].modes, first.after[name].phase) == ({True}, "settled")


@pytest.mark.parametrize("name", FAILING)
def test_it_fails_and_says_why(second: Run, name: str) -> None:
    said = message(second.done, name)
    assert re.search(CASES[name].says, said, re.DOTALL), said
    assert "Traceback" not in said


def is_as_before(run: Run, name: str) -> list[str]:
    before = {**run.origin[name].services, **CASES[name].differs}
    return run.after[name].differs({each: so for each, so in before.items() if so[0]})


@pytest.mark.parametrize("name", WORKING)
def test_it_works_all_the_same(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    assert is_as_before(second, name) == []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "off"])
def test_one_that_does_not_start_keeps_no_other_from_starting(second: Run, name: str) -> None:
    assert second.after[name].modes == {False}
    states = {service: state for service, (state, _kind) in second.after[name].services.items()}
    assert {service for service, state in states.items() if state != "RUNNING"} <= {REPORTER, "NeededSvc"}
    record = second.after[name].record
    assert record is not None
    assert (record["windows"], record["phase"]) == ([], "settled")


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "off"])
def test_the_status_names_what_does_not_run(second: Run, name: str) -> None:
    assert [note for note in row(second.done, name)["notes"] if REPORTER in note] != []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "set"])
def test_after_the_variable_was_cleared_it_says_in_which_state_the_system_is(second: Run, name: str) -> None:
    assert re.search(r"State now: maintenance mode is (off|not set).*stopped.*[Rr]un again", message(second.done, name))
    assert second.after[name].value in ("0", "1")
    assert second.after[name].phase == "set"
    shown = row(second.done, name)
    assert (shown["mode"], shown["verified"]) == ("changing", False)


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "on"])
def test_nothing_was_touched(second: Run, name: str) -> None:
    assert second.after[name].modes == {True}
    assert second.after[name].phase == "settled"
    assert [window["id"] for window in (second.after[name].record or {})["windows"]] == ["default"]
    assert {**second.after[name].state, "record": "", "runs": []} == {
        **second.before[name].state,
        "record": "",
        "runs": [],
    }


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "disabled"])
def test_the_next_run_finishes_it(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    assert is_as_before(third, name) == []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "enabled"])
def test_on_again_does_not_forget_what_ran_before(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    now = third.after[name]
    assert (now.modes, now.phase) == ({True}, "settled")
    assert {service["name"] for service in (now.record or {})["services"]} == set(third.origin[name].services) - {"WAS"}


def test_a_record_that_cannot_be_removed_is_all_that_is_left(second: Run) -> None:
    left, origin = second.after["off-locked-at-the-end"], second.origin["off-locked-at-the-end"]
    assert (left.services, left.modes) == (origin.services, {False})
    assert (left.record or {"windows": ["?"]})["windows"] == []


@pytest.mark.parametrize("name", [name for name in FAILING if name.startswith("sync-without")])
def test_the_way_out_of_a_synchronisation_is_one(second: Run, name: str) -> None:
    """The variable is set by SQL here as it is."""
    assert "d365fo_method: sql" not in message(second.done, name)


def test_each_service_is_started_once(second: Run) -> None:
    """Nobody is told that a service was started that ran already."""
    told = ", ".join(each for each in steps(second.done, "iis-stopped-meanwhile") if each.startswith("started"))
    assert told.count("W3SVC") == 1, told


def test_the_synchronisation_runs_between_variable_and_restart(second: Run, three_runs: ThreeRuns) -> None:
    told = " / ".join(steps(second.done, "sync"))
    assert re.search(r"maintenance mode off.*synchronised.*restarted W3SVC", told), told
    synchronised = three_runs.lab.estate.machines["sync"].host.setup_tool
    assert synchronised is not None
    assert synchronised.syncs == 1
    again = three_runs.lab.estate.machines["sync-crashes"].host.setup_tool
    assert again is not None
    assert again.syncs == 1, f"{TOOL} had to run again after it had crashed"


def test_batch_starts_when_the_mode_is_off(three_runs: ThreeRuns) -> None:
    """Started too early it ends with an exception, and Windows starts it again and again."""
    batch = three_runs.lab.estate.machines["started-meanwhile"].host.services[BATCH]
    assert [event for _moment, event in batch.log if "Exception" in event] == []

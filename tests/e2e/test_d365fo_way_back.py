"""Dynamics 365: what goes wrong on the way back. A service that does not start keeps no other from starting; the record
says what is left to do, and the next run does it, in either direction.

Three runs over many machines: all enabled; disabled with the faults; without the faults, most again, some on again.
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
from playbook import Done
from playbook.estate import (
    BATCH,
    REPORTER,
    Lab,
    failed,
    is_normal,
    message,
    mode_of,
    record_of,
    row,
    running,
    state_of,
    steps,
)
from playbook.faults import Act, aos_fault, both, dependent, nothing, service_fault, start_type, tool, unhang, variables


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
    "crashes": Case(
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
    "denied": Case(
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
        rf"start {REPORTER}.*now it is disabled.*run again as it is to leave it",
        fault=start_type(REPORTER, StartType.DISABLED),
        mend=start_type(REPORTER, StartType.AUTO),
    ),
    "disabled-for-good": Case(
        rf"start {REPORTER}.*now it is disabled.*run again as it is to leave it",
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
        rf"start {REPORTER}.*(exit code 0|by itself)",
        fault=service_fault(REPORTER, "stops_by_itself"),
        mend=service_fault(REPORTER, "stops_by_itself", False),
    ),
    # IIS and the AOS
    "iis-hung": Case(
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
    "iis-crashes": Case(
        rf"start W3SVC.*1067.*{STATE}",
        left="set",
        fault=service_fault("W3SVC", "crash_on_start"),
        mend=service_fault("W3SVC", "crash_on_start", False),
    ),
    "iis-disabled": Case(
        r"W3SVC.*disabled.*enable",
        left="on",
        fault=start_type("W3SVC", StartType.DISABLED),
        mend=start_type("W3SVC", StartType.AUTO),
    ),
    "iis-stopped-meanwhile": Case(fault=lambda lab, machine: lab.service(machine, "W3SVC", State.STOPPED)),
    "aos-never": Case(
        rf"the AOS at https://\S+.*HTTP 503.*{STATE}",
        left="set",
        fault=both(IMPATIENT, aos_fault("never_comes_up", True)),
        mend=both(PATIENT, aos_fault("never_comes_up", False)),
    ),
    "aos-never-and-on-again": Case(
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
    "visual-studio": Case(r"nothing was touched.*devenv\.exe", left="on", fault=open_studio, mend=close_studio),
    # the database
    "locked": Case(r"holds a lock.*\(error 1222", left="on", fault=locked, mend=unlocked),
    "locked-at-the-end": Case(
        r"holds a lock.*\(error 1222",
        left="record",
        fault=locked_at_the_end,
        mend=both(unlocked_at_the_end, variables(d365fo_take_over=True)),
    ),
    "database-lost": Case(
        r"HTTP 503",
        left="lost",
        fault=both(IMPATIENT, without_database),
        mend=both(PATIENT, with_database, variables(d365fo_take_over=True)),
    ),
    "set-back": Case(fault=set_back),
    # Microsoft's setup tool
    "tool-crashes": Case(
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


@dataclass(frozen=True)
class WayBack:
    """The run with the faults, and what each machine was before everything, before that run and after it."""

    lab: Lab
    done: Done
    before: dict[str, dict[str, tuple[str, str]]]
    enabled: dict[str, dict[str, Any]]
    left: dict[str, dict[str, Any]]
    now: dict[str, dict[str, tuple[str, str]]]
    modes: dict[str, bool | None]
    records: dict[str, dict[str, Any] | None]


@pytest.fixture(scope="module")
def way_back(shared_lab: Lab) -> WayBack:
    lab = shared_lab
    for name, case in CASES.items():
        machine = lab.add(name, layout=case.layout(), **case.variables)
        if case.login:
            machine.variables |= {
                "d365fo_sql_login_user": SQL_LOGIN,
                "d365fo_sql_login_password": machine.sql_password,
            }
        case.before(lab, machine)
    lab.start()
    machines = lab.estate.machines
    before = {name: running(machine) for name, machine in machines.items()}
    done = lab.run("enable", d365fo_reason="CHG0042")
    assert done.code == 0, done.output[-4000:]
    for name, case in CASES.items():
        case.fault(lab, machines[name])
    enabled = {name: state_of(machine) for name, machine in machines.items()}
    done = lab.run("disable")
    return WayBack(
        lab,
        done,
        before,
        enabled,
        {name: state_of(machine) for name, machine in machines.items()},
        {name: running(machine) for name, machine in machines.items()},
        {name: mode_of(machine) for name, machine in machines.items()},
        {name: record_of(machine) for name, machine in machines.items()},
    )


@pytest.fixture(scope="module")
def mended(way_back: WayBack) -> Done:
    for name, case in CASES.items():
        case.mend(way_back.lab, way_back.lab.estate.machines[name])
    return way_back.lab.each_its_way({name: CASES[name].then for name in FAILING})


@pytest.mark.parametrize("name", FAILING)
def test_it_fails_and_says_why(way_back: WayBack, name: str) -> None:
    said = message(way_back.done, name)
    assert re.search(CASES[name].says, said, re.DOTALL), said
    assert "Traceback" not in said


def is_as_before(way_back: WayBack, name: str) -> list[str]:
    before = {**way_back.before[name], **CASES[name].differs}
    return is_normal(way_back.lab.estate.machines[name], {each: so for each, so in before.items() if so[0]})


@pytest.mark.parametrize("name", WORKING)
def test_it_works_all_the_same(way_back: WayBack, name: str) -> None:
    assert not failed(way_back.done, name), message(way_back.done, name)
    assert is_as_before(way_back, name) == []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "off"])
def test_one_that_does_not_start_keeps_no_other_from_starting(way_back: WayBack, name: str) -> None:
    assert way_back.modes[name] is False
    states = {service: state for service, (state, _kind) in way_back.now[name].items()}
    assert {service for service, state in states.items() if state != "RUNNING"} <= {REPORTER, "NeededSvc"}
    record = way_back.records[name]
    assert record is not None
    assert (record["windows"], record["phase"]) == ([], "settled")


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "off"])
def test_the_status_names_what_does_not_run(way_back: WayBack, name: str) -> None:
    assert [note for note in row(way_back.done, name)["notes"] if REPORTER in note] != []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "set"])
def test_after_the_variable_was_cleared_it_says_in_which_state_the_system_is(way_back: WayBack, name: str) -> None:
    assert re.search(
        r"State now: maintenance mode is (off|not set).*stopped.*[Rr]un again", message(way_back.done, name)
    )
    assert way_back.lab.estate.machines[name].database.value("CONFIGURATIONMODE") in ("0", "1")
    record = way_back.records[name]
    assert record is not None
    assert record["phase"] == "set"
    shown = row(way_back.done, name)
    assert (shown["mode"], shown["verified"]) == ("changing", False)


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "on"])
def test_nothing_was_touched(way_back: WayBack, name: str) -> None:
    assert way_back.modes[name] is True
    assert (way_back.records[name] or {})["phase"] == "settled"
    assert [window["id"] for window in (way_back.records[name] or {})["windows"]] == ["default"]
    assert {**way_back.left[name], "record": "", "runs": []} == {**way_back.enabled[name], "record": "", "runs": []}


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "disabled"])
def test_the_next_run_finishes_it(way_back: WayBack, mended: Done, name: str) -> None:
    assert not failed(mended, name), message(mended, name)
    assert is_as_before(way_back, name) == []


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "enabled"])
def test_on_again_does_not_forget_what_ran_before(way_back: WayBack, mended: Done, name: str) -> None:
    assert not failed(mended, name), message(mended, name)
    machine = way_back.lab.estate.machines[name]
    assert mode_of(machine) is True
    record = record_of(machine)
    assert record is not None
    assert {service["name"] for service in record["services"]} == set(way_back.before[name]) - {"WAS"}
    assert record["phase"] == "settled"


def test_a_record_that_cannot_be_removed_is_all_that_is_left(way_back: WayBack) -> None:
    assert way_back.now["locked-at-the-end"] == way_back.before["locked-at-the-end"]
    assert way_back.modes["locked-at-the-end"] is False
    assert (way_back.records["locked-at-the-end"] or {"windows": ["?"]})["windows"] == []


@pytest.mark.parametrize("name", [name for name in FAILING if name.startswith("sync-without")])
def test_the_way_out_of_a_synchronisation_is_one(way_back: WayBack, name: str) -> None:
    """The variable is set by SQL here as it is."""
    assert "d365fo_method: sql" not in message(way_back.done, name)


def test_each_service_is_started_once(way_back: WayBack) -> None:
    """Nobody is told that a service was started that ran already."""
    told = ", ".join(each for each in steps(way_back.done, "iis-stopped-meanwhile") if each.startswith("started"))
    assert told.count("W3SVC") == 1, told


def test_the_synchronisation_runs_between_variable_and_restart(way_back: WayBack, mended: Done) -> None:
    assert mended.results
    told = " / ".join(steps(way_back.done, "sync"))
    assert re.search(r"maintenance mode off.*synchronised.*restarted W3SVC", told), told
    synchronised = way_back.lab.estate.machines["sync"].host.setup_tool
    assert synchronised is not None
    assert synchronised.syncs == 1
    again = way_back.lab.estate.machines["sync-crashes"].host.setup_tool
    assert again is not None
    assert again.syncs == 1, f"{TOOL} had to run again after it had crashed"


def test_batch_starts_when_the_mode_is_off(way_back: WayBack) -> None:
    """Started too early it ends with an exception, and Windows starts it again and again."""
    batch = way_back.lab.estate.machines["started-meanwhile"].host.services[BATCH]
    assert [event for _moment, event in batch.log if "Exception" in event] == []

"""Dynamics 365: what goes wrong on the way in. What began before the restart is taken back; what went further says in
which state the system is now; the next run goes on from there, in either direction.

Three runs, shared with other files: with the faults; without them, each machine one way or the other; all back.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.estate import Machine
from lab.windows.machines import TOOL
from lab.windows.services import State
from playbook.estate import (
    BACKGROUND,
    BATCH,
    REPORTER,
    Lab,
    aos_of,
    failed,
    message,
    outcomes,
    row,
    steps,
)
from playbook.faults import Act, aos_fault, dependent, nothing, service_fault, tool, unhang
from playbook.three_runs import REASON, Part, Run, ThreeRuns

STATE = r"State now: maintenance mode is set"


@dataclass(frozen=True)
class Case:
    """A machine with one fault: what is said of it (nothing: it works all the same), and where it goes from there."""

    says: str = ""
    left: str = "normal"  # or "set"
    then: str = "enabled"
    vhd: bool = False
    via: str = "sqlcmd"
    variables: dict[str, Any] = field(default_factory=dict)
    before: Act = nothing
    fault: Act = nothing
    mend: Act = nothing


def aos_fault_after_restart(fault: str, value: Any) -> Act:
    """From the moment IIS starts again; until then the AOS answers as usual."""

    def act(_lab: Lab, machine: Machine) -> None:
        machine.host.services["W3SVC"].when_running.append(lambda: setattr(aos_of(machine).faults, fault, value))

    return act


def aos_mended(lab: Lab, machine: Machine) -> None:
    machine.host.services["W3SVC"].when_running.pop()
    for fault in ("never_comes_up", "drip", "not_http"):
        setattr(aos_of(machine).faults, fault, False)
    aos_of(machine).faults.status = None


def when_stopped(call: Callable[[Machine], Callable[[], None]]) -> Act:
    """From the moment the background services stop until they run again."""

    def act(_lab: Lab, machine: Machine) -> None:
        machine.host.services[REPORTER].when_stopped.append(call(machine))

    return act


def nothing_runs(lab: Lab, machine: Machine) -> None:
    for name in BACKGROUND:
        lab.service(machine, name, State.STOPPED)


def when_mended(_lab: Lab, machine: Machine) -> None:
    machine.host.services[REPORTER].when_stopped.clear()
    machine.database.available = True


def locked_meanwhile(_lab: Lab, machine: Machine) -> None:
    held = contextlib.ExitStack()
    service = machine.host.services[REPORTER]
    service.when_stopped.append(lambda: held.enter_context(machine.database.hold_lock()))
    service.when_running.append(held.close)


def gone(machine: Machine) -> Callable[[], None]:
    return lambda: setattr(machine.database, "available", False)


HUNG = rf"stop {REPORTER}.*after 3 s it is stop_pending \(PID \d+\).*d365fo_kill_hung: true"
IIS_HUNG = r"stop W3SVC.*after 3 s it is stop_pending \(PID \d+\).*d365fo_kill_hung: true"
QUICK = {"d365fo_service_timeout": "3s"}
IMPATIENT = {"d365fo_aos_timeout": "2s"}

CASES = {
    # services
    "hung": Case(HUNG, variables=QUICK, fault=service_fault(REPORTER, "hang_on_stop"), mend=unhang(REPORTER)),
    "hung-killed": Case(variables=QUICK | {"d365fo_kill_hung": True}, fault=service_fault(REPORTER, "hang_on_stop")),
    "dependent": Case(before=dependent(REPORTER)),
    "dependent-hung": Case(
        r"stop DepSvc.*after 3 s it is stop_pending",
        variables=QUICK,
        before=dependent(REPORTER),
        fault=service_fault("DepSvc", "hang_on_stop"),
        mend=unhang("DepSvc"),
        then="disabled",
    ),
    "denied": Case(
        rf"stop {REPORTER}.*(denied|\(5\))",
        fault=service_fault(REPORTER, "access_denied"),
        mend=service_fault(REPORTER, "access_denied", False),
    ),
    "iis-hung": Case(
        f"{IIS_HUNG}.*{STATE}",
        left="set",
        variables=QUICK,
        fault=service_fault("W3SVC", "hang_on_stop"),
        mend=unhang("W3SVC"),
    ),
    "iis-hung-and-back": Case(
        f"{IIS_HUNG}.*{STATE}",
        left="set",
        variables=QUICK,
        fault=service_fault("W3SVC", "hang_on_stop"),
        mend=unhang("W3SVC"),
        then="disabled",
    ),
    "iis-killed": Case(variables=QUICK | {"d365fo_kill_hung": True}, fault=service_fault("W3SVC", "hang_on_stop")),
    "iis-crashes": Case(
        rf"start W3SVC.*1067.*{STATE}",
        left="set",
        fault=service_fault("W3SVC", "crash_on_start"),
        mend=service_fault("W3SVC", "crash_on_start", False),
    ),
    "iis-crashes-and-back": Case(
        rf"start W3SVC.*1067.*{STATE}",
        left="set",
        fault=service_fault("W3SVC", "crash_on_start"),
        mend=service_fault("W3SVC", "crash_on_start", False),
        then="disabled",
    ),
    "iis-silent": Case(
        rf"start W3SVC.*1053.*{STATE}",
        left="set",
        fault=service_fault("W3SVC", "no_answer_on_start"),
        mend=service_fault("W3SVC", "no_answer_on_start", False),
    ),
    "nothing-runs": Case(fault=nothing_runs),
    # the AOS
    "aos-never": Case(
        rf"the AOS at https://\S+.*HTTP 503.*{STATE}",
        left="set",
        variables=IMPATIENT,
        fault=aos_fault("never_comes_up", True),
        mend=aos_fault("never_comes_up", False),
    ),
    "aos-never-and-back": Case(
        rf"the AOS at https://\S+.*HTTP 503.*{STATE}",
        left="set",
        variables=IMPATIENT,
        fault=aos_fault("never_comes_up", True),
        mend=aos_fault("never_comes_up", False),
        then="disabled",
    ),
    "aos-late": Case(fault=aos_fault("extra_warm_up", 250.0)),
    "aos-500": Case(
        rf"HTTP 500.*{STATE}",
        left="set",
        variables=IMPATIENT,
        fault=aos_fault_after_restart("status", 500),
        mend=aos_mended,
    ),
    "aos-drips": Case(
        rf"no answer \(no end after [12] s\).*{STATE}",
        left="set",
        variables=IMPATIENT,
        fault=aos_fault_after_restart("drip", True),
        mend=aos_mended,
        then="disabled",
    ),
    "aos-no-http": Case(
        rf"not HTTP.*{STATE}",
        left="set",
        variables=IMPATIENT,
        fault=aos_fault_after_restart("not_http", True),
        mend=aos_mended,
    ),
    # the database
    "locked": Case(r"holds a lock.*\(error 1222.*blocking", fault=locked_meanwhile, mend=when_mended),
    "locked-odbc": Case(
        r"holds a lock.*\(error 1222.*blocking",
        via="odbc",
        fault=locked_meanwhile,
        mend=when_mended,
        then="disabled",
    ),
    "deadlock-once": Case(fault=lambda _lab, machine: setattr(machine.database, "deadlock_next", 1)),
    "deadlocks": Case(
        r"deadlock.*\(error 1205\)",
        fault=lambda _lab, machine: setattr(machine.database, "deadlock_next", 10),
        mend=lambda _lab, machine: setattr(machine.database, "deadlock_next", 0),
        then="disabled",
    ),
    "database-lost": Case(
        r"\(error 4060\)",
        left="record",
        fault=when_stopped(gone),
        mend=when_mended,
        then="disabled",
    ),
    "answer-lost": Case(
        fault=lambda _lab, machine: setattr(machine.sql, "lose_connection_on", r"SET VALUE|UPDATE dbo"),
    ),
    # Microsoft's setup tool
    "tool-crashes": Case(
        r"setup tool.*-532462766.*It is broken", vhd=True, fault=tool(crashes="It is broken"), mend=tool()
    ),
    "tool-does-nothing": Case(
        r"no error was reported, but CONFIGURATIONMODE is disabled",
        vhd=True,
        fault=tool(does_nothing=True),
        mend=tool(),
        then="disabled",
    ),
    "tool-complains": Case(r"Careful!", vhd=True, fault=tool(complains="Careful!"), mend=tool()),
    "tool-exits": Case(r"exit code 7", vhd=True, fault=tool(exit_code=7), mend=tool()),
    "tool-hangs": Case(
        r"setup tool.*2 s",
        vhd=True,
        variables={"d365fo_setup_tool_timeout": "2s"},
        fault=tool(hangs=True),
        mend=tool(),
    ),
}
FAILING = [name for name, case in CASES.items() if case.says]
WORKING = [name for name, case in CASES.items() if not case.says]
# and what hangs there
HANGING = {"hung": REPORTER, "dependent-hung": "DepSvc"}


def add(lab: Lab) -> None:
    for name, case in CASES.items():
        machine = lab.vhd(name, **case.variables) if case.vhd else lab.add(name, via=case.via, **case.variables)
        case.before(lab, machine)


def faults(lab: Lab) -> None:
    for name, case in CASES.items():
        case.fault(lab, lab.estate.machines[name])


def mended(lab: Lab) -> dict[str, str]:
    """The faults are gone; each machine goes on, or back."""
    for name, case in CASES.items():
        case.mend(lab, lab.estate.machines[name])
        lab.estate.machines[name].variables["d365fo_aos_timeout"] = "60s"
    return {name: CASES[name].then for name in FAILING}


PART = Part(add, first=faults, second=mended, third=lambda _lab: dict.fromkeys(CASES, "disabled"))


@pytest.mark.parametrize("name", FAILING)
def test_it_fails_and_says_why(first: Run, name: str) -> None:
    said = message(first.done, name)
    assert re.search(CASES[name].says, said, re.DOTALL), said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", WORKING)
def test_it_works_all_the_same(first: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert (first.after[name].value, first.after[name].phase) == ("1", "settled")
    assert [first.after[name].services[service][0] for service in BACKGROUND] == ["STOPPED"] * 3


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "normal" and name not in HANGING])
def test_what_did_not_get_to_the_restart_is_taken_back(first: Run, name: str) -> None:
    assert first.differs(name) == []
    assert "Maintenance mode was not turned on" in message(first.done, name) or not steps(first.done, name)
    assert row(first.done, name)["mode"] == "normal"


@pytest.mark.parametrize("name", HANGING)
def test_all_but_what_hangs_runs_again(first: Run, name: str) -> None:
    differs = {
        service
        for service, state in first.after[name].services.items()
        if state != first.before[name].services[service]
    }
    assert differs == {HANGING[name]}
    assert first.after[name].value == "0"


@pytest.mark.parametrize("name", HANGING)
def test_what_hangs_is_not_forgotten(first: Run, name: str) -> None:
    """It ran before, and will be stopped once it stops hanging: somebody has to know that it is to run again."""
    record = first.after[name].record
    assert record is not None
    assert HANGING[name] in [service["name"] for service in record["services"]]


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "set"])
def test_after_the_variable_was_set_it_says_in_which_state_the_system_is(first: Run, name: str) -> None:
    said = message(first.done, name)
    assert re.search(r"State now: maintenance mode is set, .* stopped.*[Rr]un again", said), said
    assert (first.after[name].value, first.after[name].phase) == ("1", "set")
    shown = row(first.done, name)
    assert (shown["mode"], shown["verified"]) == ("changing", False)
    assert [each["restart_required"] for each in outcomes(first.done, name) if "restart_required" in each] == [True]


def test_a_database_that_is_lost_keeps_the_record(first: Run) -> None:
    """It cannot be written; what ran before is known from it, and runs again as far as it can without a database."""
    assert first.after["database-lost"].phase == "prepared"
    assert [
        service for service, (state, _kind) in first.after["database-lost"].services.items() if state != "RUNNING"
    ] == [BATCH]


def test_the_answer_was_really_lost(first: Run, three_runs: ThreeRuns) -> None:
    assert three_runs.lab.estate.machines["answer-lost"].sql.lose_connection_on == ""
    assert first.after["answer-lost"].value == "1"


def test_a_tool_that_was_given_up_does_not_run_on(three_runs: ThreeRuns) -> None:
    """It would set the variable later, behind everybody's back."""
    images = [process.image for process in three_runs.lab.estate.machines["tool-hangs"].host.processes]
    assert "services.exe" in images
    assert TOOL not in images


def test_waiting_and_killing_are_told_as_they_happen(first: Run) -> None:
    assert re.search(r"aos-late: waiting for the AOS at https://\S+: \d+ of 900 s, HTTP 503", first.done.output)
    assert re.search(rf"hung-killed: {REPORTER} does not stop: ending its process \d+", first.done.output)


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "enabled"])
def test_the_next_run_goes_on(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    shown = row(second.done, name)
    assert (shown["mode"], shown["verified"]) == ("maintenance", True)
    assert CASES[name].left == "normal" or shown["reason"] == REASON


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "disabled"])
def test_the_next_run_takes_it_back(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    assert second.differs(name) == []


@pytest.mark.parametrize("name", CASES)
def test_in_the_end_all_is_as_it_was(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    assert third.differs(name) == []

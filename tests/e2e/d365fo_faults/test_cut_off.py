"""Dynamics 365: a connection that breaks at any step. What was started goes on, as on Windows; the next run, in either
direction, looks first and finishes the work.

Three runs, shared with other files: on the way in most connections break; those machines go on or back, and others
break on the way back; all is finished.
"""

from __future__ import annotations

import re

import pytest

from lab.estate import Machine
from playbook.estate import Lab, failed, message, outcomes, row
from playbook.three_runs import Part, Run, ThreeRuns

# Where the connection breaks, by the command that runs then. Between two of these there are only looks.
WAY_IN = {
    "look": r"#host",
    "recorded": r"sp_addextendedproperty",
    "stopping": r"sc\.exe stop .DynamicsAxBatch",
    "set": r"SET VALUE = N'1'",
    "iis-stop": r"sc\.exe stop .W3SVC",
    "iis-start": r"sc\.exe start .W3SVC",
    "settled": r"`settled`",
    "tool": r"Deployment\.Setup\.exe.*maintenancemode",
    "script": r"Set-MaintenanceMode\.ps1.*-Enable",
    "odbc": r"",
    "ntlm": r"SET VALUE = N'1'",
    "ssh": r"",
}
WAY_BACK = {
    "cleared": r"SET VALUE = N'0'",
    "iis-stop": r"sc\.exe stop .W3SVC",
    "iis-start": r"sc\.exe start .W3SVC",
    "services": r"sc\.exe start .Microsoft",
    "removed": r"sp_dropextendedproperty",
    "tool": r"Deployment\.Setup\.exe.*maintenancemode",
    "script": r"Set-MaintenanceMode\.ps1.*-Disable",
}
# A connection to the database breaks, the host is still there: the run asks again over another one, and goes on.
SURVIVES = ("odbc",)
# each once to be gone on with and once to be gone back from
IN = [f"in-{step}-{way}" for step in WAY_IN for way in ("on", "back")]
BACK = [f"back-{step}-{way}" for step in WAY_BACK for way in ("on", "back")]
LEASES_END = 2 * 3600  # three minutes, or as long as the setup tool or the script may take (15 minutes, an hour)
WAYS = {"on": "enabled", "back": "disabled"}


def step_of(name: str) -> str:
    return name.partition("-")[2].rpartition("-")[0]


def way_of(name: str) -> str:
    return WAYS[name.rpartition("-")[2]]


def add(lab: Lab, name: str) -> None:
    step = step_of(name)
    if step == "script":
        lab.cluster(name, nodes=1)
    elif step == "tool":
        lab.vhd(name)
    elif step == "odbc":
        lab.add(name, via="odbc", d365fo_odbc_driver="FreeTDS")
    else:
        machine = lab.add(name, transport="ntlm" if step == "ntlm" else "basic")
        if step == "ssh":
            lab.by_ssh(machine, "cmd")


def break_at(lab: Lab, name: str, pattern: str) -> None:
    system = lab.systems[name]
    if step_of(name) == "odbc":
        assert isinstance(system, Machine)
        # the answer to the write is lost after it ran: the variable is set, and nobody knows
        system.tds.faults.drop, system.tds.faults.drop_on = "during", "SET VALUE = N'1'"
    elif step_of(name) == "ssh":
        lab.ssh[name].faults.drop_in_command = 4
    elif isinstance(system, Machine):
        system.winrm.faults.drop_in = pattern
    else:
        for server in system.winrm.values():
            server.faults.drop_in = pattern


BROKEN = [name for name in [*IN, *BACK] if step_of(name) not in SURVIVES]


def add_all(lab: Lab) -> None:
    for name in [*IN, *BACK]:
        add(lab, name)


def way_in(lab: Lab) -> None:
    for name in IN:
        break_at(lab, name, WAY_IN[step_of(name)])


def middle(lab: Lab) -> dict[str, str]:
    """The runs that broke died, and their leases are over."""
    for name in BACK:
        break_at(lab, name, WAY_BACK[step_of(name)])
    return {**{name: way_of(name) for name in IN}, **dict.fromkeys(BACK, "disabled")}


def end(_lab: Lab) -> dict[str, str]:
    return {**dict.fromkeys(IN, "disabled"), **{name: way_of(name) for name in BACK}}


PART = Part(add_all, first=way_in, second=middle, third=end)


@pytest.mark.parametrize("name", BROKEN)
def test_it_says_that_the_connection_broke_and_what_to_do(first: Run, second: Run, name: str) -> None:
    done = (first if name in IN else second).done
    assert failed(done, name)
    said = message(done, name)
    assert re.search(r"(?i)connection|lost|broke", said), said
    assert re.search(r"[Rr]un again|[Tt]he next run looks first", said), said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", BROKEN)
def test_the_host_is_unreachable_and_not_at_fault(first: Run, second: Run, name: str) -> None:
    lost = [each.get("unreachable", False) for each in outcomes((first if name in IN else second).done, name)]
    assert any(lost)
    # the playbook counts it as failed in the end, so that the table and the verdict come all the same
    counts = (first if name in IN else second).done.recap[name]
    assert (counts["unreachable"], counts["failed"]) == ((0, 1) if name in IN else (1, 0))


@pytest.mark.parametrize("name", [name for name in IN if step_of(name) in SURVIVES])
def test_an_answer_that_is_lost_is_asked_for_over_another_connection(
    first: Run, three_runs: ThreeRuns, name: str
) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert first.after[name].phase == "settled"
    system = three_runs.lab.systems[name]
    assert isinstance(system, Machine)
    assert system.tds.faults.drop == "", "the connection did not break"


@pytest.mark.parametrize("name", [name for name in IN if way_of(name) == "enabled"])
def test_the_next_run_goes_on(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    shown = row(second.done, name)
    assert (shown["mode"], shown["verified"]) == ("maintenance", True)


@pytest.mark.parametrize("name", [name for name in IN if way_of(name) == "disabled"])
def test_the_next_run_takes_it_back(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    assert second.differs(name) == []


@pytest.mark.parametrize("name", [*IN, *[name for name in BACK if way_of(name) == "disabled"]])
def test_in_the_end_all_is_as_it_was(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    assert third.differs(name) == []


@pytest.mark.parametrize("name", [name for name in BACK if way_of(name) == "enabled"])
def test_on_again_does_not_forget_what_ran_before(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    now = third.after[name]
    assert (now.modes, now.phase) == ({True}, "settled")
    if step_of(name) != "script":
        assert {each["name"] for each in (now.record or {})["services"]} == set(third.origin[name].services) - {"WAS"}


def test_the_record_says_how_far_it_got(first: Run) -> None:
    expected = {"look": None, "recorded": "prepared", "stopping": "prepared", "set": "set", "iis-stop": "set"}
    assert {step: first.after[f"in-{step}-on"].phase for step in expected} == expected


def test_no_shell_is_left_open_for_good(three_runs: ThreeRuns) -> None:
    """A shell of a broken connection cannot be closed by us; Windows does so itself after its idle time."""
    machines = three_runs.lab.estate.machines.values()
    assert [machine.name for machine in machines if machine.winrm.shells_open > 2] == []

"""Dynamics 365: services and AOS that don't do what they should, locks and deadlocks, on the way in and back."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from lab.estate import Machine
from lab.windows.machines import DMF
from lab.windows.services import Service, StartType, State
from playbook import Done
from playbook.estate import PROPERTY, Lab, aos_of, message, mode_of, row, running, state_of

MR = "MR2012ProcessService"
BATCH = "DynamicsAxBatch"


def lock_while_stopped(machine: Machine) -> None:
    """Another session locks the tables from the moment the services stop until they run again."""
    held = contextlib.ExitStack()
    service = machine.host.services[MR]
    service.when_stopped.append(lambda: held.enter_context(machine.database.hold_lock()))
    service.when_running.append(held.close)


def complaints(lab: Lab, done: Done, expected: dict[str, str]) -> list[str]:
    """Which of the messages differ from what is expected (an empty pattern: success)."""
    wrong = []
    for name, pattern in expected.items():
        failed = done.recap[name]["failed"] or done.recap[name]["unreachable"]
        if not pattern and failed:
            wrong.append(f"{name} failed: {message(done, name)}")
        elif pattern and not failed:
            wrong.append(f"{name} did not fail with {pattern!r}")
        elif pattern and not re.search(pattern, found := message(done, name)):
            wrong.append(f"{name}: {pattern!r} not in: {found}")
    return wrong


def test_on_the_way_in(lab: Lab) -> None:
    expected: dict[str, str] = {}

    def add(name: str, pattern: str, **more: Any) -> Machine:
        expected[name] = pattern
        return lab.add(name, **more)

    hanging = add("hanging", rf"stop {MR} within 1 s.*{MR} is stop_pending \(PID \d+\).*kill_hung: true.*not turned on")
    hanging.variables["d365fo_service_timeout"] = 1
    killed = add("killed", "", d365fo_service_timeout=1, d365fo_kill_hung=True)
    locked = add("locked", r"lock time-out.*blocking_session_id.*could not be settled; run again.*before run again")
    lock_while_stopped(locked)
    add("victim1", "").database.deadlock_next = 1
    victim = add("victim3", r"deadlock victim again and again \(error 1205\).*Nothing was changed")
    victim.database.deadlock_next = 3
    never = add("never", r"the AOS at https://\S+:.*still pending: HTTP 503.*Run again", d365fo_aos_timeout=2)
    late = add("late", "", d365fo_aos_timeout=60)
    broken = add("broken", r"still pending: HTTP 500", d365fo_aos_timeout=1)
    untrusted = add(
        "untrusted", r"certificate can't be verified.*ca_path", d365fo_url_ca_path="/etc/ssl/certs/ca-certificates.crt"
    )
    without_row = add("norow", "", d365fo_create_missing=True)
    without_row.database.sqlite.execute("DELETE FROM `dbo.sqlsystemvariables` WHERE PARM = 'CONFIGURATIONMODE'")
    lab.start()
    before = {name: running(machine) for name, machine in lab.estate.machines.items()}
    for machine in (hanging, killed):
        machine.host.services[MR].faults.hang_on_stop = True
    aos_of(never).faults.never_comes_up = True
    aos_of(late).faults.extra_warm_up = 300
    aos_of(broken).faults.status = 500

    done = lab.run("enable")
    assert complaints(lab, done, expected) == []
    assert re.search(r"late: waiting for the AOS at \S+, \d+ s of 60 s: HTTP 503", done.output)
    assert re.search(r"killed: \w+ does not stop: ending its process \d+ \(kill_hung\)", done.output)
    # What did not begin is as it was, and has no record; the hanging service hangs still.
    for machine in (locked, victim):
        assert running(machine) == before[machine.name]
        assert (mode_of(machine), machine.database.value("CONFIGURATIONMODE")) == (False, "0")
    assert victim.database.extended_property(PROPERTY) is None
    # The lock was still there when the rescue looked: the next run finds the record and clears up.
    assert json.loads(locked.database.extended_property(PROPERTY) or "")["phase"] == "prepared"
    assert {**running(hanging), MR: ("RUNNING", "AUTO")} == before["hanging"]
    assert running(hanging)[MR][0] == "STOP_PENDING"
    assert hanging.database.extended_property(PROPERTY) is None
    assert hanging.database.value("CONFIGURATIONMODE") == "0"
    # What began is in maintenance mode, or says that the AOS still has to show it.
    for machine in (killed, lab.estate.machines["victim1"], late, without_row):
        assert mode_of(machine) is True
        assert json.loads(machine.database.extended_property(PROPERTY) or "")["phase"] == "settled"
    for machine in (never, broken, untrusted):
        assert json.loads(machine.database.extended_property(PROPERTY) or "")["phase"] == "set"
    assert ("CONFIGURATIONMODE", "1", 20, None) in without_row.database.rows("SQLSYSTEMVARIABLES")

    # The next run makes up for it once the fault is gone, and the way back is the usual one.
    aos_of(never).faults.never_comes_up = False
    aos_of(broken).faults.status = None
    untrusted.variables["d365fo_url_ca_path"] = str(lab.estate.authority.ca_file)
    locked.host.services[MR].when_stopped.clear()
    lab.loop.run(_end(hanging))
    hanging.host.services[MR].faults.hang_on_stop = False
    done = lab.run("enable", "-l", "never,broken,untrusted,hanging,locked")
    assert done.code == 0, done.output
    for machine in (never, broken, untrusted, hanging, locked):
        assert mode_of(machine) is True
        assert row(done, machine.name)["mode"] == "maintenance"
    done = lab.run("disable", "-l", "never,killed,norow")
    assert done.code == 0, done.output
    for machine in (never, killed, without_row):
        assert running(machine) == before[machine.name]
        assert mode_of(machine) is False


async def _end(machine: Machine) -> None:
    machine.host.services.crash(MR)


def test_on_the_way_back(lab: Lab) -> None:
    expected = {
        "crash": rf"start service {MR}.*process ended unexpectedly \(1067\).*event log",
        "silent": rf"start service {MR}.*did not answer the start request in time \(1053\)",
        "disabled": rf"start {MR}.*start type is disabled \(1058\)",
        "needs": rf"start service {MR}.*a service that it depends on did not start \(1068\)",
        "denied": rf"start service {MR}.*access denied \(5\)",
        "iishangs": r"stop W3SVC within 1 s.*W3SVC is stop_pending \(PID \d+\)",
        "iiskilled": "",
        "aosdown": r"still pending: HTTP 503",
        "gone": "",
    }
    machines = {name: lab.add(name, d365fo_aos_timeout=30) for name in expected}
    needed = Service("NeededSvc", "Needed", StartType.DEMAND, start_seconds=0.2)
    machines["needs"].host.services.add(needed)
    lab.start()
    before = {name: running(machine) for name, machine in machines.items()}
    done = lab.run("enable")
    assert done.code == 0, done.output

    machines["crash"].host.services[MR].faults.crash_on_start = True
    machines["silent"].host.services[MR].faults.no_answer_on_start = True
    machines["disabled"].host.services[MR].start_type = StartType.DISABLED
    needed.faults.crash_on_start = True
    machines["needs"].host.services[MR].dependencies = ("NeededSvc",)
    machines["denied"].host.services[MR].faults.access_denied = True
    for name in ("iishangs", "iiskilled"):
        machines[name].host.services["W3SVC"].faults.hang_on_stop = True
        machines[name].variables["d365fo_service_timeout"] = 1
    machines["iiskilled"].variables["d365fo_kill_hung"] = True
    aos = aos_of(machines["aosdown"])
    aos.faults.never_comes_up = True
    machines["aosdown"].variables["d365fo_aos_timeout"] = 1
    machines["gone"].host.services.remove(MR)

    done = lab.run("disable")
    assert complaints(lab, done, expected) == []
    for name in ("crash", "silent", "disabled", "needs", "denied"):
        # The flag is cleared and in effect; the record says that the window is not over.
        assert mode_of(machines[name]) is False
        assert json.loads(machines[name].database.extended_property(PROPERTY) or "")["target"] == "disabled"
        assert running(machines[name])["W3SVC"][0] == "RUNNING"
    status = lab.run("status", "-l", "crash")
    assert row(status, "crash")["mode"] == "switching"
    assert f"{MR} is stopped" in row(status, "crash")["notes"]

    machines["crash"].host.services[MR].faults.crash_on_start = False
    machines["silent"].host.services[MR].faults.no_answer_on_start = False
    machines["disabled"].host.services[MR].start_type = StartType.AUTO
    needed.faults.crash_on_start = False
    machines["denied"].host.services[MR].faults.access_denied = False
    aos.faults.never_comes_up = False

    async def ended() -> None:
        machines["iishangs"].host.services.crash("W3SVC")

    lab.loop.run(ended())
    machines["iishangs"].host.services["W3SVC"].faults.hang_on_stop = False
    done = lab.run("disable")
    assert done.code == 0, done.output
    for name, machine in machines.items():
        assert mode_of(machine) is False, name
        assert machine.database.extended_property(PROPERTY) is None
        if name == "needs":
            before[name]["NeededSvc"] = ("RUNNING", "DEMAND")
        if name == "gone":
            del before[name][MR]
        assert running(machine) == before[name], name


def test_the_module_by_itself(lab: Lab) -> None:
    machine = lab.add("dev01")
    lab.start()
    before = state_of(machine)

    def services(name: str, **options: Any) -> dict[str, Any]:
        return {"name": name, "quiesce.maintenance.d365fo_services": options}

    done = lab.task(
        services("missing", names=["W3SVC", "NoSuchSvc"], state="restarted"),
        services("display name", names=['Batch" & del'], state="stopped"),
        services("runs already", names=[MR, BATCH], state="started"),
        {**services("checked", names=[MR, "W3SVC"], state="stopped"), "check_mode": True},
        services("stopped", names=[MR], state="stopped"),
        services("stopped again", names=[MR], state="stopped"),
        services("started", names=[MR, DMF], state="started"),
    )
    assert re.search(r"have NoSuchSvc restarted.*no such service \(1060\).*display name", done.of("missing")["msg"])
    assert "service name holds letters" in done.of("display name")["msg"]
    assert not done.of("runs already")["changed"]
    checked = done.of("checked")
    assert checked["changed"]
    assert checked["before"] == checked["after"]
    assert checked["diff"] == {
        "before": {MR: "running", "W3SVC": "running"},
        "after": {MR: "stopped", "W3SVC": "stopped"},
    }
    assert done.of("stopped")["changed"]
    assert (done.of("stopped")["before"][MR]["state"], done.of("stopped")["after"][MR]["state"]) == (
        "running",
        "stopped",
    )
    assert not done.of("stopped again")["changed"]
    started = done.of("started")
    assert started["changed"]
    assert started["after"][MR]["pid"] == machine.host.services[MR].pid
    after = state_of(machine)
    assert machine.host.services[MR].state is State.RUNNING
    assert {**after, "services": {}} == {**before, "services": {}}

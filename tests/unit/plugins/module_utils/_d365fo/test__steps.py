"""The steps of a switch one by one: what each does to a site, and how long the lease of the run is made to last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import (
    ServiceControl,
    ServicesFailed,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Control
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    Restart,
    Site,
    Step,
    WaitForAos,
    WriteRecord,
    covered,
    set_by_script,
    set_by_tool,
    start,
    stop,
    synchronise,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease

from fakes.axdb import Axdb
from fakes.machine import FakeMachine, FakeService
from fakes.moments import NOW
from fakes.system import AOS, BATCH, DMF, MR, W3SVC, findings, lease, record

SCRIPT = ScriptOptions(r"C:\s\Set-MaintenanceMode.ps1")
TOOL = ToolOptions(user="axdbadmin", password="s3cret")


def site(axdb: Axdb | None = None, machine: FakeMachine | None = None, **more: Any) -> Site:
    """A site whose run is "run1"."""
    axdb = axdb or Axdb()
    machine = machine or FakeMachine({}, axdb.time)
    run = axdb.time.run()
    parts: dict[str, Any] = {
        "tool": TOOL,
        "script": SCRIPT,
        "patience": Patience(900, 5, run),
        "ready": lambda former: [],
        **more,
    }
    found = Site(
        name="dev01",
        run=run,
        host=machine,
        database=axdb,
        findings=findings(axdb.read()),
        services=ServiceControl(machine, run, 60),
        **parts,
    )
    run.keep = found.keep
    return found


def write(to_store: Record | None = None, **more: Any) -> WriteRecord:
    return WriteRecord(record("prepared") if to_store is None else to_store, "record the window", "recorded it", **more)


# --- the record and its lease ---


def test_a_record_is_written_with_the_lease_of_the_run() -> None:
    axdb = Axdb()
    on = site(axdb)
    write(mode="enabled").carry_out(on)
    assert (axdb.mode, axdb.record) == (
        "enabled",
        replace(record("prepared"), lease=Lease("run1", "me", "ctl01", NOW, NOW + timedelta(minutes=3))),
    )
    assert on.reading.record == axdb.record
    assert on.touched


def test_without_it_the_lease_is_given_back() -> None:
    axdb = Axdb(stored=record(lease=lease("run1")))
    write(record("set"), hold=False).carry_out(site(axdb))
    assert axdb.record == record("set")


def test_a_record_is_dropped() -> None:
    axdb = Axdb(stored=record())
    WriteRecord(None, "remove the record", "removed the record", hold=False).carry_out(site(axdb))
    assert axdb.text is None


def test_a_lease_says_since_when_the_run_works() -> None:
    axdb = Axdb()
    on = site(axdb)
    write().carry_out(on)
    axdb.time.now += 100
    write().carry_out(on)
    assert axdb.record
    assert axdb.record.lease == Lease("run1", "me", "ctl01", NOW, NOW + timedelta(seconds=280)), (
        "the server's time goes on between two readings of it"
    )


def test_a_dead_runs_lease_is_taken_over() -> None:
    axdb = Axdb(stored=record(lease=lease(alive=False)))
    write().carry_out(site(axdb))
    assert axdb.record
    assert axdb.record.lease
    assert (axdb.record.lease.run, axdb.record.lease.since) == ("run1", NOW)


def test_a_lease_covers_what_may_take_long() -> None:
    axdb = Axdb()
    write(cover=900).carry_out(site(axdb))
    assert axdb.record
    assert axdb.record.lease
    assert NOW + timedelta(seconds=900) < axdb.record.lease.until <= NOW + timedelta(seconds=960)


def test_another_run_that_wrote_meanwhile_is_a_conflict() -> None:
    axdb = Axdb(stored=record())
    on = site(axdb)
    axdb.text = record("set").text()
    with pytest.raises(Conflict):
        write().carry_out(on)
    assert not on.touched
    assert axdb.record == record("set")


# --- after a program of Microsoft's ---

FOUND: dict[str, Any] = {"mode": "enabled", "found": True}


def test_what_a_program_set_is_looked_at_and_recorded() -> None:
    axdb = Axdb()
    on = site(axdb)
    axdb.mode = "enabled"
    write(record("set"), **FOUND).carry_out(on)
    assert axdb.record
    assert (axdb.record.phase, on.reading.mode) == ("set", "enabled")


def test_a_program_that_reported_success_and_did_nothing_is_said_to() -> None:
    axdb = Axdb()
    with pytest.raises(
        Failure, match=r"verify the change on dev01: .*CONFIGURATIONMODE is disabled in place of enabled"
    ):
        write(record("set"), **FOUND).carry_out(site(axdb))
    assert axdb.written == []


def test_another_run_that_came_between_is_no_fault_of_the_program() -> None:
    axdb = Axdb()
    on = site(axdb)
    axdb.mode, axdb.text = "enabled", record("prepared", ("theirs",)).text()
    with pytest.raises(Conflict):
        write(record("set"), **FOUND).carry_out(on)
    assert not on.touched


# --- keeping the lease ---


@pytest.mark.parametrize(
    ("passed", "needs", "renewed"),
    [
        pytest.param(0, 100, False, id="it lasts long enough"),
        pytest.param(100, 60, False, id="just long enough"),
        pytest.param(100, 100, True, id="it would end before"),
        pytest.param(0, 900, True, id="a long command"),
    ],
)
def test_a_lease_is_renewed_only_where_it_would_end(passed: float, needs: float, renewed: bool) -> None:
    axdb = Axdb()
    on = site(axdb)
    write().carry_out(on)
    axdb.time.now += passed
    on.keep(needs)
    assert len(axdb.written) == 1 + renewed
    assert axdb.record
    assert axdb.record.lease
    assert axdb.record.lease.until >= NOW + timedelta(seconds=passed + needs)
    assert axdb.record.windows == record().windows


@pytest.mark.parametrize("hold", [True, False])
def test_who_holds_no_lease_renews_none(hold: bool) -> None:
    axdb = Axdb(stored=record())
    on = site(axdb)
    if not hold:
        write(hold=False).carry_out(on)
    count = len(axdb.written)
    on.keep(900)
    assert len(axdb.written) == count


def test_a_run_that_was_taken_over_learns_it_when_it_renews() -> None:
    axdb = Axdb()
    on = site(axdb)
    write().carry_out(on)
    axdb.text = record("set", lease=lease("r2")).text()
    with pytest.raises(Conflict):
        on.keep(900)


@pytest.mark.parametrize(
    ("steps", "covers"),
    [
        pytest.param([write(), write()], [0.0, 0.0], id="nothing between"),
        pytest.param([write(), set_by_tool("enabled", 900), write()], [900.0, 0.0], id="the tool"),
        pytest.param(
            [write(), set_by_tool("enabled", 900), synchronise(7200), write()], [7200.0, 0.0], id="the longest of two"
        ),
        pytest.param([write(), set_by_script("enabled", 3600)], [3600.0], id="the script, last"),
    ],
)
def test_each_record_covers_what_follows_it(steps: list[Step], covers: list[float]) -> None:
    found = covered(steps)
    assert [step.cover for step in found if isinstance(step, WriteRecord)] == covers
    assert [step.title for step in found] == [step.title for step in steps]


# --- services ---


def test_services_stop_in_order_and_are_seen() -> None:
    machine = FakeMachine({BATCH: FakeService(), MR: FakeService(), "Watcher": FakeService(needs=(BATCH,))})
    on = site(machine=machine)
    stop(["Watcher", BATCH, MR]).carry_out(on)
    assert machine.log == ["stop Watcher", f"stop {BATCH}", f"stop {MR}"]
    assert (on.findings.services[BATCH].state, on.findings.services[MR].state) == ("stopped", "stopped")
    assert "Watcher" not in on.findings.services, "only what was looked for is shown"
    assert on.touched


def test_they_start_in_order() -> None:
    names = (W3SVC, DMF, MR, BATCH, "Watcher")
    machine = FakeMachine({name: FakeService("stopped") for name in names})
    start(names).carry_out(site(machine=machine))
    assert machine.log[0] == f"start {W3SVC}"
    assert machine.log[-1] == "start Watcher"
    assert set(machine.log[1:4]) == {f"start {name}" for name in (BATCH, MR, DMF)}


def test_what_cannot_be_started_does_not_keep_the_others() -> None:
    """Neither those of the same wave nor later ones."""
    machine = FakeMachine(
        {
            W3SVC: FakeService("stopped", ends=1067),
            MR: FakeService("stopped", start_type="disabled"),
            BATCH: FakeService("stopped"),
            "Watcher": FakeService("stopped"),
        }
    )
    on = site(machine=machine)
    with pytest.raises(ServicesFailed) as caught:
        start([W3SVC, MR, BATCH, "Watcher"]).carry_out(on)
    assert list(caught.value.failures) == [W3SVC, MR]
    assert machine.states() == {W3SVC: "stopped", MR: "stopped", BATCH: "running", "Watcher": "running"}
    assert on.findings.services[BATCH].state == "running"


def test_what_cannot_be_stopped_ends_the_step() -> None:
    machine = FakeMachine({"Watcher": FakeService(refuses=[1052]), BATCH: FakeService()})
    on = site(machine=machine)
    with pytest.raises(ServicesFailed, match="stop Watcher"):
        stop(["Watcher", BATCH]).carry_out(on)
    assert machine.states()[BATCH] == "running"
    assert on.touched


def test_a_restart_takes_the_aos_over() -> None:
    machine = FakeMachine({W3SVC: FakeService(), "Ftp": FakeService(needs=(W3SVC,))})
    on = site(machine=machine)
    Restart(
        (Control("stop", ("Ftp",)), Control("stop", (W3SVC,)), Control("start", (W3SVC,)), Control("start", ("Ftp",)))
    ).carry_out(on)
    assert machine.log == ["stop Ftp", f"stop {W3SVC}", f"start {W3SVC}", "start Ftp"]
    assert on.taking_over
    assert not on.verified


@pytest.mark.parametrize(
    ("step", "title", "done"),
    [
        (stop([BATCH, MR]), f"stop {BATCH}, {MR}", f"stopped {BATCH}, {MR}"),
        (start([W3SVC]), "start W3SVC", "started W3SVC"),
        (Restart(()), "restart W3SVC", "restarted W3SVC"),
        (
            set_by_tool("disabled", 1),
            "turn maintenance mode off with the setup tool",
            "turned maintenance mode off with the setup tool",
        ),
        (
            set_by_script("enabled", 1),
            "turn maintenance mode on with the script",
            "turned maintenance mode on with the script",
        ),
        (WaitForAos(AOS), f"wait for {AOS}", f"{AOS} is ready"),
        (
            WaitForAos("the AOS instances of https://sf"),
            "wait for the AOS instances of https://sf",
            "the AOS instances of https://sf are ready",
        ),
    ],
)
def test_steps_speak_in_the_imperative_and_in_the_past(step: Step, title: str, done: str) -> None:
    assert (step.title, step.done) == (title, done)


# --- programs ---


def test_the_tool_runs_under_a_lease_that_lasts_as_long() -> None:
    axdb = Axdb()
    seen: list[Any] = []

    def tool(line: str) -> Completed:
        assert axdb.record
        assert axdb.record.lease
        seen.append(axdb.record.lease.until - NOW)
        return Completed(0, "done, password s3cret", "")

    machine = FakeMachine({}, axdb.time, programs={r"Setup\.exe": tool})
    on = site(axdb, machine)
    write().carry_out(on)
    set_by_tool("enabled", 900).carry_out(on)
    assert seen[0] > timedelta(seconds=900)
    assert on.output == "done, password ********"
    assert "--isinmaintenancemode true" in machine.lines[-1]


def test_the_script_restarts_the_aos() -> None:
    machine = FakeMachine(programs={"powershell": lambda line: Completed(0, "done", "")})
    on = site(machine=machine)
    set_by_script("disabled", 60).carry_out(on)
    assert (on.output, on.taking_over) == ("done", True)
    assert machine.lines[-1].endswith("-Disable")


def test_waiting_for_the_aos() -> None:
    axdb = Axdb()
    answers = [["HTTP 503"], ["HTTP 503"], list[str]()]
    former: list[Any] = []

    def ready(instances: Any) -> list[str]:
        former.append(instances)
        return answers.pop(0)

    on = site(axdb, ready=ready)
    write().carry_out(on)
    WaitForAos(AOS, ("1", "2")).carry_out(on)
    assert on.verified
    assert former == [("1", "2")] * 3
    assert axdb.time.now == 10


def test_an_aos_that_does_not_come() -> None:
    on = site(ready=lambda former: ["HTTP 503"])
    with pytest.raises(Failure, match=r"see the change in effect within 900 s on .*: still pending: HTTP 503"):
        WaitForAos(AOS).carry_out(on)
    assert not on.verified


def test_a_long_wait_keeps_the_lease() -> None:
    axdb = Axdb()
    on = site(axdb, ready=lambda former: ["HTTP 503"] if axdb.time.now < 600 else [])
    write().carry_out(on)
    WaitForAos(AOS).carry_out(on)
    assert axdb.record
    assert axdb.record.lease
    assert axdb.record.lease.until > NOW + timedelta(seconds=600)
    assert len(axdb.written) > 3

"""Stopping and starting on a host of a few lines: what is sent, how long it waits, what is told, what comes back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import (
    CHUNK,
    ServiceControl,
    ServicesFailed,
    ServiceStates,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Control
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned

from fakes.machine import HANGS, FakeMachine, FakeService
from fakes.system import BATCH, MR, W3SVC

STOPPED = "stopped"


def control(machine: FakeMachine, *, limit: float = 60, kill_hung: bool = False, **more: Any) -> ServiceControl:
    return ServiceControl(machine, machine.time.run(**more), limit, kill_hung)


def bring(machine: FakeMachine, state: str, *names: str, **options: Any) -> Outcome[Any, Control]:
    """Do what the module does."""
    system = ServiceStates(control(machine, **options), names or tuple(machine.services), state)
    return carry_out(system, check_mode=False, patience=machine.time.patience(60))


# --- what arrives ---


@pytest.mark.parametrize("waits", [True, False], ids=["waits on the host", "words are translated there"])
def test_starts_and_waits(waits: bool) -> None:
    machine = FakeMachine({"A": FakeService(STOPPED, start_takes=7), "B": FakeService(STOPPED)}, waits=waits)
    assert bring(machine, "started").changed
    assert machine.states() == {"A": "running", "B": "running"}
    assert sorted(machine.log) == ["start A", "start B"]
    assert 7 <= machine.time.now <= 9


def test_in_one_round_trip() -> None:
    """Read, then control and wait and look, then read back."""
    machine = FakeMachine({"A": FakeService(start_takes=30), "B": FakeService(stop_takes=20)})
    bring(machine, "stopped")
    assert len(machine.lines) == 3


def test_restart_with_a_dependent() -> None:
    machine = FakeMachine({W3SVC: FakeService(), "Ftp": FakeService(needs=(W3SVC,))})
    bring(machine, "restarted", W3SVC)
    assert machine.log == ["stop Ftp", f"stop {W3SVC}", f"start {W3SVC}", "start Ftp"]
    assert set(machine.states().values()) == {"running"}


def test_services_that_depend_on_each_other() -> None:
    machine = FakeMachine({"WAS": FakeService(), W3SVC: FakeService(needs=("WAS",))})
    bring(machine, "stopped", "WAS", W3SVC)
    assert machine.log == [f"stop {W3SVC}", "stop WAS"]


@pytest.mark.parametrize(
    ("state", "service", "code"),
    [
        pytest.param("started", FakeService(STOPPED, refuses=[1056], then="running", arrives=1), 1056, id="started"),
        pytest.param("stopped", FakeService(refuses=[1062], then=STOPPED, arrives=1), 1062, id="stopped"),
    ],
)
def test_somebody_was_faster(state: str, service: FakeService, code: int) -> None:
    machine = FakeMachine({"A": service})
    bring(machine, state)
    assert machine.log == []


@pytest.mark.parametrize("waits", [True, False], ids=["waits on the host", "words are translated there"])
@pytest.mark.parametrize("seconds", [5, 100], ids=["soon", "after more than one command"])
def test_a_control_that_comes_too_early_is_sent_again(seconds: float, waits: bool) -> None:
    """1061: it is still starting. Afterwards it takes the control."""
    machine = FakeMachine({"A": FakeService("start_pending", then="running", arrives=seconds)}, waits=waits)
    bring(machine, "stopped", limit=300)
    assert machine.log == ["stop A"]
    assert machine.states() == {"A": STOPPED}


@pytest.mark.parametrize("waits", [True, False], ids=["waits on the host", "words are translated there"])
@pytest.mark.parametrize("seconds", [5, 100], ids=["soon", "after more than one command"])
def test_a_start_that_comes_while_it_still_stops_is_sent_again(seconds: float, waits: bool) -> None:
    """A run was cut off while it stopped services; the next one starts them. Windows says 1056 until it has stopped."""
    machine = FakeMachine({"A": FakeService("stop_pending", then=STOPPED, arrives=seconds)}, waits=waits)
    bring(machine, "started", limit=300)
    assert machine.log == ["start A"]
    assert machine.states() == {"A": "running"}


# --- what refuses ---


@pytest.mark.parametrize("code", [5, 1051, 1052, 1058, 1060, 1068, 1069, 4711])
def test_refusals(code: int) -> None:
    machine = FakeMachine({"A": FakeService(refuses=[code])})
    with pytest.raises(Failure, match=rf"Could not stop A on dev01: .*{code}") as caught:
        bring(machine, "stopped")
    assert caught.value.details["win32_error"] == code
    assert caught.value.details["services"] == ["A"]


def test_a_dependent_that_nobody_named_runs() -> None:
    machine = FakeMachine({"A": FakeService(), "B": FakeService(needs=("A",))})
    with pytest.raises(Failure, match=r"stop A on dev01: other running services depend on it \(1051\)"):
        control(machine).control(Control("stop", ("A",)))


def test_no_answer_in_time_at_start() -> None:
    machine = FakeMachine({"A": FakeService(STOPPED, refuses=[1053])})
    with pytest.raises(Failure, match=r"start A on dev01: it did not answer the start request in time \(1053\)"):
        bring(machine, "started")


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        pytest.param(1067, r"its process ended unexpectedly \(1067\)", id="it crashes"),
        pytest.param(0, "it stopped again without an error", id="it stops by itself: no crash"),
        pytest.param(1077, "Win32 error 1077", id="any other exit code"),
    ],
)
def test_it_ends_again_although_the_control_succeeded(exit_code: int, words: str) -> None:
    machine = FakeMachine({"A": FakeService(STOPPED, ends=exit_code)})
    with pytest.raises(Failure, match=rf"Could not start A on dev01: {words}"):
        bring(machine, "started")


def test_a_paused_service_has_not_started() -> None:
    machine = FakeMachine({"A": FakeService("paused")})
    with pytest.raises(Failure, match=r"Could not start A on dev01: it is paused\. Continue it"):
        control(machine).control(Control("start", ("A",)))


def test_a_service_that_vanishes() -> None:
    machine = FakeMachine({"A": FakeService()})
    machine.before_line = lambda line: machine.services.clear() if "sc.exe stop" in line else None
    with pytest.raises(Failure, match=r"stop A on dev01: the service does not exist \(1060\)"):
        bring(machine, "stopped")


@pytest.mark.parametrize("order", [("A", "B", "C"), ("B", "A", "C"), ("C", "A", "B")])
def test_others_start_although_one_fails(order: tuple[str, ...]) -> None:
    machine = FakeMachine(
        {
            "A": FakeService(STOPPED, start_takes=20),
            "B": FakeService(STOPPED, refuses=[1053]),
            "C": FakeService(STOPPED),
        }
    )
    with pytest.raises(ServicesFailed, match=r"Could not start B on dev01: .*\(1053\)") as caught:
        control(machine).control(Control("start", order))
    assert machine.states() == {"A": "running", "B": STOPPED, "C": "running"}
    assert caught.value.details["services"] == ["B"]


def test_all_that_failed_are_named() -> None:
    machine = FakeMachine({"A": FakeService(STOPPED, refuses=[1069]), "B": FakeService(STOPPED, ends=1067)})
    with pytest.raises(ServicesFailed) as caught:
        control(machine).control(Control("start", ("A", "B")))
    assert list(caught.value.failures) == ["A", "B"]
    assert "A: its account could not log on (1069); B: its process ended unexpectedly (1067)" in str(caught.value)


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_what_starts_later_starts_although_an_earlier_one_fails(state: str) -> None:
    """The documentation: a service that cannot be started does not keep the others from starting."""
    now = STOPPED if state == "started" else "running"
    machine = FakeMachine({W3SVC: FakeService(now, ends=1067), MR: FakeService(now)})
    with pytest.raises(Failure, match="start W3SVC on dev01"):
        bring(machine, state)
    assert machine.states()[MR] == "running"


# --- what hangs ---


def test_hangs() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=HANGS), "B": FakeService()})
    with pytest.raises(Failure) as caught:
        bring(machine, "stopped", limit=12)
    assert str(caught.value) == (
        "Could not stop A on dev01: after 12 s it is stop_pending (PID 77). O(kill_hung=true) ends its process; find "
        "out on the host what it is waiting for, or raise O(service_timeout)."
    )
    assert 12 <= machine.time.now <= 14
    assert machine.states()["B"] == STOPPED


def test_a_start_that_hangs_is_not_ended() -> None:
    machine = FakeMachine({"A": FakeService(STOPPED, start_takes=HANGS)})
    with pytest.raises(Failure, match=r"start A on dev01: after 12 s it is start_pending"):
        bring(machine, "started", limit=12, kill_hung=True)
    assert "kill A" not in machine.log


def test_kill_hung_once_and_by_the_service_not_by_a_number() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=HANGS), "B": FakeService()})
    bring(machine, "stopped", limit=12, kill_hung=True)
    assert machine.states() == {"A": STOPPED, "B": STOPPED}
    (kill,) = (line for line in machine.lines if "taskkill" in line)
    assert kill == 'taskkill.exe /F /FI "SERVICES eq A"'
    assert any("A does not stop: ending its process 77" in line for line in machine.time.told)


def test_what_hangs_again_is_not_ended_again() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=HANGS)})

    def restarts(line: str) -> None:
        if machine.services["A"].state == STOPPED and machine.log[-1:] == ["kill A"]:
            machine.services["A"].state = "stop_pending"

    machine.before_line = restarts
    with pytest.raises(Failure, match="stop A on dev01: after 12 s it is stop_pending") as caught:
        bring(machine, "stopped", limit=12, kill_hung=True)
    assert machine.log.count("kill A") == 1
    assert "kill_hung" not in caught.value.remedy


def test_a_process_that_runs_other_services_is_not_ended() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=HANGS, shared=True)})
    with pytest.raises(Failure, match="its process 77 also runs other services"):
        bring(machine, "stopped", limit=12, kill_hung=True)
    assert "kill A" not in machine.log


def test_but_the_one_of_iis_is() -> None:
    machine = FakeMachine({W3SVC: FakeService(stop_takes=HANGS, shared=True)})
    bring(machine, "stopped", limit=12, kill_hung=True)
    assert machine.states() == {W3SVC: STOPPED}


def test_a_process_that_cannot_be_ended() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=HANGS)})
    machine.programs = {"taskkill": lambda line: Completed(128, "", "ERROR: Access is denied.\r\n")}
    with pytest.raises(
        Failure, match="stop A on dev01: it hangs, and its process could not be ended: ERROR: Access is denied"
    ):
        bring(machine, "stopped", limit=12, kill_hung=True)


# --- a restart that fails half-way ---


def test_what_a_failed_restart_stopped_is_started_again() -> None:
    machine = FakeMachine(
        {W3SVC: FakeService(stop_takes=HANGS), "Ftp": FakeService(needs=(W3SVC,)), BATCH: FakeService()}
    )
    with pytest.raises(Failure, match="stop W3SVC on dev01: after 12 s"):
        bring(machine, "restarted", BATCH, W3SVC, limit=12)
    assert machine.states()[BATCH] == "running"
    assert machine.states()["Ftp"] == "running"


def test_also_what_stopped_beside_the_one_that_hangs() -> None:
    machine = FakeMachine({"A": FakeService(), "B": FakeService(stop_takes=HANGS)})
    with pytest.raises(Failure, match="stop B on dev01: after 12 s"):
        bring(machine, "restarted", limit=12)
    assert machine.states()["A"] == "running"


def test_what_does_not_come_back_then_is_said() -> None:
    machine = FakeMachine({BATCH: FakeService(ends=1067), W3SVC: FakeService(refuses=[1052])})
    with pytest.raises(Failure) as caught:
        bring(machine, "restarted", BATCH, W3SVC)
    assert "stop W3SVC on dev01: it does not accept this control (1052)" in str(caught.value)
    assert (
        f"Some of the services that had been stopped for it did not start again: Could not start {BATCH}"
        in caught.value.state
    )
    assert "(1067)" in caught.value.state


# --- waiting ---


def test_progress_and_the_lease_while_it_waits() -> None:
    machine, kept = FakeMachine({"A": FakeService(stop_takes=150)}), list[float]()
    control(machine, limit=300, keep=kept.append).control(Control("stop", ("A",)))
    assert machine.time.told[0].startswith("stopping A: 60 of 300 s, A is stop_pending")
    assert len(machine.time.told) == 2
    assert len(kept) == len(machine.lines) == 3
    assert min(kept) >= CHUNK


def test_each_command_may_last_as_long_as_it_waits() -> None:
    machine = FakeMachine({"A": FakeService(stop_takes=150)})
    control(machine, limit=300).control(Control("stop", ("A",)))
    assert min(machine.limits) > 2 * CHUNK


def test_a_run_whose_parent_is_gone_does_not_go_on() -> None:
    def check() -> None:
        if machine.lines:
            raise Abandoned

    machine = FakeMachine({"A": FakeService(stop_takes=HANGS)})
    with pytest.raises(Abandoned):
        control(machine, limit=300, check=check).control(Control("stop", ("A",)))
    assert len(machine.lines) == 1


def test_check_mode_reads_once() -> None:
    machine = FakeMachine({"A": FakeService()})
    system = ServiceStates(control(machine), ["A"], "stopped")
    outcome = carry_out(system, check_mode=True)
    assert (outcome.changed, machine.log, len(machine.lines)) == (True, [], 1)

"""Stopping and starting on a host of a few lines: whose answer is whose, and how long to wait."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import ServiceControl
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out

STOPPED, START_PENDING, STOP_PENDING, RUNNING = 1, 2, 3, 4


@dataclass
class FakeService:
    """A service: states to come after a control, one a look (the last one stays), and the error of the control."""

    state: int = RUNNING
    to_come: list[int] = field(default_factory=list)
    refuses: list[int] = field(default_factory=list)
    exit_code: int = 0
    shared: bool = False
    looks: int = 0

    def look(self) -> str:
        self.looks += 1
        if self.to_come:
            self.state = self.to_come.pop(0)
        return (
            f"SERVICE_NAME: x\r\n T : {'20' if self.shared else '10'}  W\r\n S : {self.state}  W\r\n"
            f" E : {self.exit_code}  (0x0)\r\n E : 0\r\n C : 0x0\r\n W : 0x0\r\n PID : 77\r\n F :\r\n"
        )


@dataclass
class FakeHost:
    """Understands the lines of this module and nothing else."""

    services: dict[str, FakeService]
    name: str = "dev01"
    lines: list[str] = field(default_factory=list)
    vanishing: str = ""

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        self.lines.append(line)
        if "sc.exe stop" in line:
            self.services.pop(self.vanishing, None)
        out = ""
        for part in line.split("& "):
            if part.startswith("echo "):
                out += part[5:] + "\r\n"
            elif match := re.fullmatch(r'sc\.exe (\w+) "([^"]+)"(?: \d+)?', part):
                out += self._sc(*match.groups())
            elif re.fullmatch(r"taskkill\.exe /F /PID 77", part):
                for service in self.services.values():
                    if service.state == STOP_PENDING:
                        service.to_come = [STOPPED]
            else:
                raise AssertionError(part)
        return Completed(0, out, "")

    def _sc(self, verb: str, name: str) -> str:
        service = self.services.get(name)
        if service is None:
            return "[SC] OpenService FAILED 1060:\r\n\r\n"
        if verb in ("start", "stop"):
            error = service.refuses.pop(0) if service.refuses else 0
            return f"[SC] ControlService FAILED {error}:\r\n\r\nText.\r\n\r\n" if error else ""
        if verb == "qc":
            return "SERVICE_NAME: x\r\n T : 10\r\n START : 2  AUTO\r\n"
        return service.look() if verb == "queryex" else "\r\n"


@dataclass
class Time:
    """A clock that only sleeping moves on."""

    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def control(
    services: dict[str, FakeService],
    state: str,
    *,
    limit: float = 60,
    kill_hung: bool = False,
    names: Sequence[str] = (),
) -> tuple[Callable[[], object], FakeHost, Time, list[str]]:
    host, time, told = FakeHost(services), Time(), list[str]()
    system = ServiceControl(
        host, names or list(services), state, limit, kill_hung, told.append, time.sleep, lambda: time.now
    )
    return lambda: carry_out(system, check_mode=False), host, time, told


def test_one_refuses_beside_another() -> None:
    """The answer to the second control must not be read as the state of the first service."""
    for order in (["A", "B"], ["B", "A"]):
        services = {
            "A": FakeService(STOPPED, [STOPPED, START_PENDING, RUNNING]),
            "B": FakeService(STOPPED, [], [1053]),
        }
        go, *_rest = control(services, "started", names=order)
        with pytest.raises(Failure, match=r"start service B on dev01: it did not answer.*\(1053\)") as caught:
            go()
        assert caught.value.details == {"service": "B", "win32_error": 1053}


def test_starts_and_waits() -> None:
    services = {"A": FakeService(STOPPED, [STOPPED, START_PENDING, START_PENDING, RUNNING])}
    go, host, time, _told = control(services, "started")
    go()
    assert services["A"].state == RUNNING
    assert time.now == pytest.approx(0.7)
    assert len(host.lines) == 5  # read, start, two looks, read back


def test_crash_at_start_is_seen_although_the_control_succeeded() -> None:
    services = {"A": FakeService(STOPPED, [STOPPED, START_PENDING, STOPPED], exit_code=1067)}
    go, *_rest = control(services, "started")
    with pytest.raises(Failure, match=r"start service A on dev01: its process ended unexpectedly \(1067\)"):
        go()


def test_stops_by_itself_without_an_exit_code() -> None:
    services = {"A": FakeService(STOPPED, [STOPPED, START_PENDING, STOPPED])}
    go, *_rest = control(services, "started")
    with pytest.raises(Failure, match=r"\(1067\)"):
        go()


@pytest.mark.parametrize(("state", "now", "code"), [("started", STOPPED, 1056), ("stopped", RUNNING, 1062)])
def test_somebody_was_faster(state: str, now: int, code: int) -> None:
    services = {"A": FakeService(now, [now, RUNNING if state == "started" else STOPPED], [code])}
    go, *_rest = control(services, state)
    go()


def test_a_control_that_comes_too_early_is_sent_again() -> None:
    services = {
        "A": FakeService(START_PENDING, [START_PENDING, START_PENDING, RUNNING, STOP_PENDING, STOPPED], [1061, 1061])
    }
    go, host, *_rest = control(services, "stopped")
    go()
    assert sum('sc.exe stop "A"' in line for line in host.lines) == 3


@pytest.mark.parametrize("code", [5, 1051, 1052, 1058, 1060, 1068, 1069, 4711])
def test_other_refusals(code: int) -> None:
    services = {"A": FakeService(RUNNING, [], [code])}
    go, *_rest = control(services, "stopped")
    with pytest.raises(Failure, match=rf"stop service A on dev01: .*{code}"):
        go()


def test_hangs() -> None:
    services = {"A": FakeService(RUNNING, [RUNNING, STOP_PENDING]), "B": FakeService(RUNNING, [RUNNING, STOPPED])}
    go, _host, time, told = control(services, "stopped", limit=12)
    with pytest.raises(
        Failure, match=r"stop A within 12 s on dev01: A is stop_pending \(PID 77\).*kill_hung"
    ) as caught:
        go()
    assert caught.value.details["pid"] == 77
    assert 12 <= time.now <= 14
    assert [line.partition(",")[0] for line in told] == ["waiting for 1 of 2 to stop"] * 2


def test_kill_hung_once() -> None:
    services = {"A": FakeService(RUNNING, [RUNNING, STOP_PENDING])}
    go, host, _time, told = control(services, "stopped", limit=12, kill_hung=True)
    go()
    assert services["A"].state == STOPPED
    assert told[-1] == "A does not stop: ending its process 77 (kill_hung)"
    assert sum("taskkill" in line for line in host.lines) == 1


def test_a_shared_process_is_not_ended() -> None:
    services = {"A": FakeService(RUNNING, [RUNNING, STOP_PENDING], shared=True)}
    go, host, *_rest = control(services, "stopped", limit=12, kill_hung=True)
    with pytest.raises(Failure, match="its process 77 also runs other services"):
        go()
    assert not [line for line in host.lines if "taskkill" in line]


def test_a_service_that_vanishes() -> None:
    services = {"A": FakeService(RUNNING)}
    go, host, *_rest = control(services, "stopped")
    host.vanishing = "A"
    with pytest.raises(Failure, match=r"stop service A on dev01: there is no such service \(1060\)"):
        go()

"""A simulated service control manager.

Services move through the real states with simulated durations, answer with the real Win32 errors, and fail in the
ways that a test sets on ``service.faults``. A start or stop request returns as soon as the real one does, which is
long before the service has got there.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from lab.clock import Clock
from lab.windows.errors import Win32Error
from lab.windows.processes import ProcessTable

NEVER_STARTED = 1077
CONNECT_TIMEOUT = 30.0  # seconds that the manager gives a new process to answer, before 1053


class State(enum.IntEnum):
    """Service states with the numbers of the Windows API."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4
    CONTINUE_PENDING = 5
    PAUSE_PENDING = 6
    PAUSED = 7


class StartType(enum.Enum):
    """Start types by the words that ``sc.exe config start=`` takes."""

    AUTO = "auto"
    DELAYED_AUTO = "delayed-auto"
    DEMAND = "demand"
    DISABLED = "disabled"


@dataclass
class Faults:
    """What goes wrong with a service; a test sets it, before or while the lab runs."""

    hang_on_stop: bool = False  # stays in STOP_PENDING until its process is ended
    hang_on_start: bool = False  # stays in START_PENDING
    crash_on_start: bool = False  # START_PENDING, then STOPPED with 1067
    no_answer_on_start: bool = False  # the start request fails with 1053 after 30 s
    stops_by_itself: bool = False  # STOPPED again, exit code 0, right after it ran
    access_denied: bool = False  # start, stop and config fail with 5


@dataclass
class Service:
    """One service and its history."""

    name: str
    display_name: str
    start_type: StartType = StartType.AUTO
    dependencies: tuple[str, ...] = ()
    binary_path: str = r"C:\Windows\System32\svchost.exe -k netsvcs"
    image: str = "svchost.exe"
    account: str = "LocalSystem"
    shared_process: str | None = None  # services of one such name live in one process
    start_seconds: float = 2.0
    stop_seconds: float = 2.0
    can_pause: bool = False
    pause_seconds: float = 1.0  # so long takes pausing, and going on
    restart_after_crash: float | None = None  # seconds; the recovery action
    memory: int = 12_345
    faults: Faults = field(default_factory=Faults)
    # asked at each start: the reason why it crashes, or None
    crashes_because: Callable[[], str | None] = lambda: None
    when_running: list[Callable[[], None]] = field(default_factory=list)
    when_stopped: list[Callable[[], None]] = field(default_factory=list)

    state: State = State.STOPPED
    pid: int = 0
    exit_code: int = NEVER_STARTED
    wait_hint: int = 0  # milliseconds
    checkpoint: int = 0
    starts: int = 0
    stops: int = 0
    log: list[tuple[float, str]] = field(default_factory=list)
    _work: asyncio.Task[None] | None = None

    @property
    def type_number(self) -> int:
        """SERVICE_TYPE: 0x10 a process of its own, 0x20 a shared one."""
        return 0x20 if self.shared_process else 0x10


class ServiceManager:
    """All services of a host. Errors are Win32Error with the number that the Windows API returns."""

    def __init__(self, clock: Clock, processes: ProcessTable) -> None:
        self.clock = clock
        self.processes = processes
        self._services: dict[str, Service] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Any:
        return iter(list(self._services.values()))

    def __getitem__(self, name: str) -> Service:
        """The service, for tests; KeyError if there is none."""
        return self._services[name.lower()]

    def add(self, service: Service) -> Service:
        """Install a service; it is stopped."""
        self._services[service.name.lower()] = service
        return service

    def remove(self, name: str) -> None:
        """Uninstall a service."""
        del self._services[name.lower()]

    def open(self, name: str) -> Service:
        """The service of that name. 1060: there is none."""
        service = self._services.get(name.lower())
        if service is None:
            raise Win32Error(1060)
        return service

    def dependents(self, service: Service) -> list[Service]:
        """The services that depend on this one, directly or not, in the order in which to stop them."""
        found: list[Service] = []
        for other in self._services.values():
            if service.name.lower() in (name.lower() for name in other.dependencies):
                for one in [*self.dependents(other), other]:
                    if one not in found:
                        found.append(one)
        return found

    def boot(self) -> None:
        """Windows has started: automatic services and what they depend on run, without delay."""
        for service in self._services.values():
            if service.start_type in (StartType.AUTO, StartType.DELAYED_AUTO):
                self._boot(service)

    def _boot(self, service: Service) -> None:
        if service.state is State.RUNNING:
            return
        for name in service.dependencies:
            self._boot(self.open(name))
        self._begin(service)
        if service.crashes_because() is None:
            self._runs(service)
        else:
            self._crashed(service, "crashed while starting")

    async def start(self, name: str) -> None:
        """StartService: returns with the service in START_PENDING, or raises.

        1056 it is not stopped, 1058 disabled, 1068 a dependency did not start, 1075 a dependency is missing,
        1053 its process did not answer.
        """
        service = self.open(name)
        if service.faults.access_denied:
            raise Win32Error(5)
        if service.start_type is StartType.DISABLED:
            raise Win32Error(1058)
        if service.state is not State.STOPPED:
            raise Win32Error(1056)
        await self._start_dependencies(service)
        self._begin(service)
        if service.faults.no_answer_on_start:
            await self.clock.sleep(CONNECT_TIMEOUT)
            self._ended(service, 1053, "did not answer")
            raise Win32Error(1053)
        self._work_on(service, self._starting(service))

    async def _start_dependencies(self, service: Service) -> None:
        for name in service.dependencies:
            dependency = self._services.get(name.lower())
            if dependency is None:
                raise Win32Error(1075)
            if dependency.state is State.STOPPED:
                try:
                    await self.start(name)
                except Win32Error as error:
                    raise Win32Error(1068) from error
            if dependency.state is State.START_PENDING and dependency._work is not None:
                await asyncio.wait({dependency._work})
            if dependency.state in (State.STOPPED, State.START_PENDING, State.STOP_PENDING):
                raise Win32Error(1068)  # a paused one will do [G]

    async def stop(self, name: str) -> None:
        """ControlService(STOP): returns with the service in STOP_PENDING, or raises.

        1051 services that depend on it run, 1052 it is pausing or going on, 1061 it is starting or stopping, 1062 it
        is stopped.
        """
        service = self._controlled(name)
        if any(other.state is not State.STOPPED for other in self.dependents(service)):
            raise Win32Error(1051)
        self._pending(service, State.STOP_PENDING, service.stop_seconds)
        self._work_on(service, self._stopping(service))

    async def pause(self, name: str) -> None:
        """ControlService(PAUSE): returns with the service in PAUSE_PENDING, or raises.

        1052 it can't be paused, and as for ``stop`` 1061 and 1062. One that is paused stays so [G].
        """
        service = self._controlled(name, pausing=True)
        if service.state is State.RUNNING:
            self._pending(service, State.PAUSE_PENDING, service.pause_seconds)
            self._work_on(service, self._arriving(service, State.PAUSED))

    async def resume(self, name: str) -> None:
        """ControlService(CONTINUE): returns with the service in CONTINUE_PENDING, or raises as ``pause`` does."""
        service = self._controlled(name, pausing=True)
        if service.state is State.PAUSED:
            self._pending(service, State.CONTINUE_PENDING, service.pause_seconds)
            self._work_on(service, self._arriving(service, State.RUNNING))

    def _controlled(self, name: str, *, pausing: bool = False) -> Service:
        """The service, if it takes a control now. While it goes from running to paused or back it takes none (1052)."""
        service = self.open(name)
        if service.faults.access_denied:
            raise Win32Error(5)
        if service.state is State.STOPPED:
            raise Win32Error(1062)
        if service.state in (State.START_PENDING, State.STOP_PENDING):
            raise Win32Error(1061)
        if service.state in (State.PAUSE_PENDING, State.CONTINUE_PENDING) or (pausing and not service.can_pause):
            raise Win32Error(1052)
        return service

    def configure(self, name: str, start_type: StartType) -> None:
        """ChangeServiceConfig: the start type."""
        service = self.open(name)
        if service.faults.access_denied:
            raise Win32Error(5)
        service.start_type = start_type
        self._note(service, f"start type {start_type.value}")

    def crash(self, name: str) -> None:
        """Let a service's process end unexpectedly, as a test or a failing program does."""
        self.processes.kill(self.open(name).pid)

    def finish(self, name: str, exit_code: int = 0) -> None:
        """Let a service end by itself, as a test does: it reports STOPPED, so no recovery action follows."""
        service = self.open(name)
        if service.state is State.STOPPED:
            raise Win32Error(1062)
        if service._work is not None:
            service._work.cancel()
        self._ended(service, exit_code, "stopped by itself")

    async def reached(self, name: str, *states: State) -> None:
        """Wait until the service is in one of the states (for tests; without limit)."""
        service = self.open(name)
        while service.state not in states:
            await self.clock.sleep(0.05)

    async def shut_down(self) -> None:
        """End the simulation: nothing moves any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, service: Service) -> None:
        sharing = [
            other
            for other in self._services.values()
            if service.shared_process and other.shared_process == service.shared_process and other.pid
        ]
        if sharing:
            service.pid = sharing[0].pid
        else:
            process = self.processes.start(service.image, service.account, memory=service.memory)
            process.on_kill = lambda: self._killed(process.pid)
            service.pid = process.pid
        self._pending(service, State.START_PENDING, service.start_seconds)

    async def _starting(self, service: Service) -> None:
        if service.faults.hang_on_start:
            await asyncio.Event().wait()
        await self.clock.sleep(service.start_seconds)
        reason = "crashed while starting" if service.faults.crash_on_start else service.crashes_because()
        if reason is not None:
            self._crashed(service, reason)
            return
        self._runs(service)
        if service.faults.stops_by_itself:
            self._ended(service, 0, "stopped by itself")

    async def _stopping(self, service: Service) -> None:
        if service.faults.hang_on_stop:
            await asyncio.Event().wait()
        await self.clock.sleep(service.stop_seconds)
        service.stops += 1
        self._ended(service, 0, "stopped")

    async def _arriving(self, service: Service, state: State) -> None:
        await self.clock.sleep(service.pause_seconds)
        service.state = state
        service.wait_hint = service.checkpoint = 0
        self._note(service, "paused" if state is State.PAUSED else "continued")

    def _runs(self, service: Service) -> None:
        service.state = State.RUNNING
        service.exit_code = service.wait_hint = service.checkpoint = 0
        service.starts += 1
        self._note(service, "running")
        for call in service.when_running:
            call()

    def _pending(self, service: Service, state: State, seconds: float) -> None:
        service.state = state
        service.exit_code = 0
        service.checkpoint = 1
        service.wait_hint = int(max(seconds, 1.0) * 1000)
        self._note(service, state.name.lower().replace("_", " "))

    def _ended(self, service: Service, exit_code: int, event: str) -> None:
        pid, service.pid = service.pid, 0
        service.state = State.STOPPED
        service.exit_code = exit_code
        service.wait_hint = service.checkpoint = 0
        if not any(other.pid == pid for other in self._services.values()):
            self.processes.end(pid)
        self._note(service, event)
        for call in service.when_stopped:
            call()

    def _crashed(self, service: Service, event: str) -> None:
        self._ended(service, 1067, event)
        if service.restart_after_crash is not None:
            self._keep(self._recover(service, service.restart_after_crash))

    async def _recover(self, service: Service, seconds: float) -> None:
        await self.clock.sleep(seconds)
        if service.state is State.STOPPED and service.start_type is not StartType.DISABLED:
            self._note(service, "recovery: restart")
            self._begin(service)
            self._work_on(service, self._starting(service))

    def _killed(self, pid: int) -> None:
        for service in self._services.values():
            if service.pid == pid:
                if service._work is not None:
                    service._work.cancel()
                self._crashed(service, "process ended unexpectedly")

    def _note(self, service: Service, event: str) -> None:
        service.log.append((self.clock.time(), event))

    def _work_on(self, service: Service, work: Coroutine[Any, Any, None]) -> None:
        service._work = self._keep(work)

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

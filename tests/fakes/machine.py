"""A Windows host of a few lines: a service control manager behind sc.exe, taskkill.exe, and programs of a test's own.

It understands the lines of the collection's service control and nothing else. Time is ``Time``: a stop or start takes
as long as the service says, and the wait on the host passes that time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed

from fakes.clock import Time

NUMBERS = {
    "stopped": 1,
    "start_pending": 2,
    "stop_pending": 3,
    "running": 4,
    "continue_pending": 5,
    "pause_pending": 6,
    "paused": 7,
}
_TYPES = {"auto": 2, "manual": 3, "disabled": 4}
HANGS = math.inf

_PARTS = re.compile(
    r'echo #control (?P<mark>[^&]+)& sc\.exe (?P<verb>stop|start) "(?P<name>[^"]+)"'
    r"|for /l %i in \(1,1,(?P<seconds>\d+)\) .*?ping\.exe -n 2 127\.0\.0\.1 >nul\)\)"
    r'|for %n in \((?P<names>(?:"[^"]+" ?)+)\) do @\(echo #service %n& sc\.exe queryex %n'
    r"(?P<all>& echo #config[^)]*)?\)"
)


@dataclass
class FakeService:
    """A service. ``refuses`` are errors of its next controls (0: none), ``ends`` is the exit code with which it ends
    again right after it ran.

    ``stop_takes`` and ``start_takes`` are seconds, HANGS for ever.
    """

    state: str = "running"
    start_type: str = "auto"
    needs: tuple[str, ...] = ()
    stop_takes: float = 2.0
    start_takes: float = 2.0
    ends: int | None = None
    refuses: list[int] = field(default_factory=list)
    shared: bool = False
    exit_code: int = 0
    arrives: float = HANGS
    then: str = ""


@dataclass
class FakeMachine:
    """The host (``_host.Host``). ``log`` is what was done to its services, ``programs`` answer what they match."""

    services: dict[str, FakeService] = field(default_factory=dict)
    time: Time = field(default_factory=Time)
    name: str = "dev01"
    keeps_secrets: bool = True
    # Where Windows translates the words for states, the wait on the host does not wait.
    waits: bool = True
    lines: list[str] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    programs: dict[str, Callable[[str], Completed]] = field(default_factory=dict)
    before_line: Callable[[str], None] = lambda line: None

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        """Run a line (``Host``)."""
        self.lines.append(line)
        self.limits.append(limit)
        self.before_line(line)
        for pattern, program in self.programs.items():
            if re.search(pattern, line):
                return program(line)
        if match := re.fullmatch(r'taskkill\.exe /F /FI "SERVICES eq (.+)"', line):
            return self._kill(match[1])
        found = list(_PARTS.finditer(line))
        assert found, f"not a line for this host: {line}"
        return Completed(0, "".join(self._part(part) for part in found).replace("\n", "\r\n"), "")

    def states(self) -> dict[str, str]:
        """The state of each service now."""
        self._settle()
        return {name: service.state for name, service in self.services.items()}

    def _part(self, part: re.Match[str]) -> str:
        if part["verb"]:
            return f"#control {part['mark']}\n{self._control(part['verb'], part['name'])}"
        if part["seconds"]:
            return self._wait(int(part["seconds"]))
        names = re.findall(r'"([^"]+)"', part["names"])
        return "".join(self._look(name, bool(part["all"])) for name in names)

    def _wait(self, seconds: int) -> str:
        while self.waits and seconds and any("_pending" in state for state in self.states().values()):
            seconds -= 1
            self.time.now += 1
        return ""

    def _settle(self) -> None:
        for service in self.services.values():
            if service.then and self.time.now >= service.arrives:
                service.state, service.then, service.arrives = service.then, "", HANGS
                if service.state == "running" and service.ends is not None:
                    service.state, service.exit_code = "stopped", service.ends

    def _control(self, verb: str, name: str) -> str:
        self._settle()
        service = self.services.get(name)
        error = self._objection(verb, name, service)
        if error or service is None:
            return f"[SC] ControlService FAILED {error}:\n\nText of {error}.\n\n"
        self.log.append(f"{verb} {name}")
        takes = service.stop_takes if verb == "stop" else service.start_takes
        service.state, service.then = ("stop_pending", "stopped") if verb == "stop" else ("start_pending", "running")
        service.arrives = self.time.now + takes
        return ""

    def _objection(self, verb: str, name: str, service: FakeService | None) -> int:
        if service is None:
            return 1060
        if service.refuses:
            return service.refuses.pop(0)
        if verb == "start":
            return 1058 if service.start_type == "disabled" else 1056 if service.state != "stopped" else 0
        if "_pending" in service.state:
            return 1061
        if service.state == "stopped":
            return 1062
        return 1051 if any(other.state != "stopped" for other in self._dependents(name).values()) else 0

    def _dependents(self, name: str) -> dict[str, FakeService]:
        return {other: service for other, service in self.services.items() if name in service.needs}

    def _look(self, name: str, whole: bool) -> str:
        self._settle()
        text = f'#service "{name}"\n\n'
        service = self.services.get(name)
        if service is None:
            refused = "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\n\nNo such service.\n\n"
            return text + refused + ("#config\n#dependents\n" if whole else "")
        text += self._status(name, service) + f" PID : {0 if service.state == 'stopped' else 77}\n FLAGS :\n"
        if whole:
            text += f"#config\nSERVICE_NAME: {name}\n TYPE : 10\n START_TYPE : {_TYPES[service.start_type]}  WORD\n"
            text += "#dependents\n[SC] EnumDependentServices: entriesread = 9\n"
            for other, dependent in self._dependents(name).items():
                text += self._status(other, dependent, f"DISPLAY_NAME: {other}\n")
        return text

    def _status(self, name: str, service: FakeService, more: str = "") -> str:
        return (
            f"SERVICE_NAME: {name}\n{more} TYPE : {'20' if service.shared else '10'}  WORD\n"
            f" STATE : {NUMBERS[service.state]}  WORD\n        (STOPPABLE, NOT_PAUSABLE)\n"
            f" WIN32_EXIT_CODE : {service.exit_code}  (0x0)\n SERVICE_EXIT_CODE : 0  (0x0)\n"
            " CHECKPOINT : 0x0\n WAIT_HINT : 0x0\n"
        )

    def _kill(self, name: str) -> Completed:
        self._settle()
        service = self.services[name]
        self.log.append(f"kill {name}")
        service.state, service.then, service.exit_code = "stopped", "", 1067
        return Completed(0, "SUCCESS: The process with PID 77 has been terminated.\r\n", "")

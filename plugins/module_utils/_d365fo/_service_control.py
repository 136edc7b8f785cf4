# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Stops and starts services of a host by sc.exe, and waits on the host itself until they have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Control, Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

COMMAND_LIMIT = 120
"""Seconds for one command beside its wait: sc.exe start itself waits up to 30 s for a service that does not answer."""

CHUNK = 60
"""Seconds of waiting in one command; between two of them the run's lease is kept."""

_PAUSE = 1.0
_TOO_EARLY = (_services.CANNOT_ACCEPT_NOW, *_services.ALREADY.values())
_ARRIVED = {"stop": "stopped", "start": "running"}


class ServicesFailed(Failure):
    """Some services could not be controlled; ``failures`` holds what happened to each, by name."""

    def __init__(self, action: str, host: str, failures: dict[str, Failure]) -> None:
        first = next(iter(failures.values()))
        names = ", ".join(failures)
        answers = "; ".join(f"{name}: {each.answer}" for name, each in failures.items())
        remedies = dict.fromkeys(each.remedy for each in failures.values())
        super().__init__(
            f"{action} {names}",
            host,
            answers if len(failures) > 1 else first.answer,
            ". ".join(remedies),
            details={"services": list(failures), **first.details},
        )
        self.failures = failures


@dataclass
class ServiceControl:
    """Gives controls to services of one host. ``limit`` is in seconds, for each stop or start."""

    host: Host
    run: Run
    limit: float = 300.0
    kill_hung: bool = False
    last: dict[str, Service] = field(default_factory=dict)

    def read(self, names: Sequence[str]) -> dict[str, Service]:
        """Ask for state, configuration and dependents."""
        completed = self.host.run(
            _services.read_command(names), doing="read the services", limit=COMMAND_LIMIT, composite=True
        )
        found = _services.parse_services(completed.stdout, names)
        self.last |= found
        return found

    def carry_out(self, controls: Sequence[Control]) -> None:
        """Give one control after the other. What can't be started does not keep the others from starting.

        A stop that fails ends it: what had stopped to be restarted starts again.
        """
        failures: dict[str, Failure] = {}
        stopped: list[str] = []
        for number, control in enumerate(controls):
            try:
                self.control(control)
            except Unreachable:
                raise
            except Failure as failure:
                failed = failure.failures if isinstance(failure, ServicesFailed) else {}
                if control.action == "stop":
                    stopped += [name for name in control.names if name not in failed]
                    self._bring_back(stopped, controls[number + 1 :], failure)
                if control.action == "stop" or not failed:
                    raise
                failures |= failed
            if control.action == "stop":
                stopped += control.names
        if failures:
            raise ServicesFailed("start", self.host.name, failures)

    def _bring_back(self, stopped: Sequence[str], rest: Sequence[Control], failure: Failure) -> None:
        """Start again, in the order of the plan, what was to start again anyway."""
        again = [tuple(name for name in control.names if name in stopped) for control in rest]
        try:
            self.carry_out([Control("start", names) for names in again if names])
        except Failure as second:
            failure.state = f"Some of the services that had been stopped for it did not start again: {second}"

    def control(self, control: Control) -> None:
        """Give one control to services that don't depend on each other and wait for all of them.

        Raises ``ServicesFailed`` for those that could not be controlled, when all others have arrived.
        """
        action, failures = control.action, dict[str, Failure]()
        narrator = self.run.narrator(
            f"{action.replace('stop', 'stopp')}ing {_services.listed(control.names)}", self.limit
        )
        left, send, killed = list(control.names), list(control.names), False
        codes: dict[str, int] = {}
        while left:
            self.run.check()
            seconds = max(1, min(CHUNK, int(narrator.left)))
            self.run.keep(seconds + COMMAND_LIMIT)
            codes |= self._give(action, send, left, seconds)
            for name in list(left):
                trouble = self._trouble(action, name, codes.get(name, 0))
                if trouble or self._state(name) == _ARRIVED[action]:
                    left.remove(name)
                if trouble:
                    failures[name] = trouble
            # An earlier start or stop was still going on; now it may take the control.
            settled = [name for name in left if not self._state(name).endswith("_pending")]
            send = [name for name in settled if codes.get(name) in _TOO_EARLY]
            if left and narrator.left <= 0:
                if action != "stop" or not self.kill_hung or killed:
                    failures |= {name: self._hung(action, name) for name in left}
                    break
                killed = True
                failures |= self._kill(left)
                left = [name for name in left if name not in failures]
                narrator = self.run.narrator(f"ending {', '.join(left)}", self.limit)
            elif left:
                narrator.say(", ".join(f"{name} is {self._state(name)}" for name in left))
                self.run.sleep(_PAUSE)
        if failures:
            raise ServicesFailed(action, self.host.name, failures)

    def _give(self, action: str, send: Sequence[str], wait: Sequence[str], seconds: int) -> dict[str, int]:
        """Give the control to ``send``, wait for ``wait``, look; return sc.exe's error for each of ``send``."""
        controls = [f'echo #control {name}& sc.exe {action} "{name}"' for name in send]
        line = "& ".join([*controls, _services.wait_command(wait, seconds), _services.status_command(wait)])
        completed = self.host.run(
            line, doing=f"{action} {_services.listed(wait)}", limit=COMMAND_LIMIT + seconds * 2, composite=True
        )
        given, mark, states = completed.stdout.partition("#service ")
        found = _services.parse_services(mark + states, wait)
        for name in wait:
            self.last.pop(name, None)
        self.last |= found
        blocks = {
            block.partition("\n")[0].strip(): _services.failure_code(block) for block in given.split("#control ")[1:]
        }
        return {name: blocks.get(name, 0) for name in send}

    def _state(self, name: str) -> str:
        service = self.last.get(name)
        return service.state if service else "missing"

    def _trouble(self, action: str, name: str, code: int) -> Failure | None:
        """Return what is wrong with one service after a control with this error code; None: it has arrived or may."""
        service = self.last.get(name)
        if service is None:
            return self._refused(action, name, _services.NO_SUCH_SERVICE)
        if code and code not in _TOO_EARLY:
            return self._refused(action, name, code)
        if action == "start" and service.state == "paused":
            return Failure(f"start service {name}", self.host.name, *_services.why_not_startable(service) or ("", ""))
        if action == "start" and service.state == "stopped" and code not in _TOO_EARLY:
            return self._refused(action, name, service.exit_code)
        return None

    def _kill(self, names: Sequence[str]) -> dict[str, Failure]:
        """End the processes of services that hang; return what went wrong, by name."""
        failures = {}
        for name in names:
            service = self.last[name]
            if service.shares_process and name != _services.W3SVC:
                failures[name] = Failure(
                    f"stop {name}",
                    self.host.name,
                    f"it hangs, and its process {service.pid} also runs other services",
                    "Find out on the host what it is waiting for, or restart the host",
                )
                continue
            self.run.tell(f"{name} does not stop: ending its process {service.pid}")
            # By the service, not by the number: the process may have ended meanwhile and the number be another's.
            completed = self.host.run(
                f'taskkill.exe /F /FI "SERVICES eq {name}"',
                doing=f"end the process of {name}",
                limit=COMMAND_LIMIT,
            )
            if completed.rc != 0:
                failures[name] = Failure(
                    f"stop {name}",
                    self.host.name,
                    f"it hangs, and its process could not be ended: {completed.stderr or completed.stdout}",
                    "End it on the host, or restart the host",
                )
        return failures

    def _refused(self, action: str, name: str, code: int) -> Failure:
        return Failure(
            f"{action} service {name}",
            self.host.name,
            _services.describe_code(code),
            _services.remedy(code),
            details={"service": name, "win32_error": code},
        )

    def _hung(self, action: str, name: str) -> Failure:
        service = self.last[name]
        how = "O(kill_hung=true) ends its process; " if action == "stop" and not self.kill_hung else ""
        return Failure(
            f"{action} {name}",
            self.host.name,
            f"after {self.limit:.0f} s it is {service.state} (PID {service.pid})",
            f"{how}find out on the host what it is waiting for, or raise O(service_timeout)",
            details={"service": name, "pid": service.pid},
        )


@dataclass
class ServiceStates:
    """Some services of one host as a ``System`` of the cycle: brought to a state, read back."""

    control: ServiceControl
    names: Sequence[str]
    state: str
    _restarted: frozenset[str] = frozenset()

    def describe(self) -> str:
        return f"the services of {self.control.host.name}"

    def read(self) -> dict[str, Service]:
        return self.control.read(self.names)

    def plan(self, reading: dict[str, Service]) -> Plan[Control]:
        return _services.plan(reading, self.names, self.state, self._restarted)

    def apply(self, plan: Plan[Control]) -> None:
        self.control.carry_out(plan.steps)
        if self.state == "restarted":
            self._restarted = frozenset(self.names)

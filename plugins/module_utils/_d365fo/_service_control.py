# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Stops and starts Windows services with sc.exe and waits until they really have."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Service, Step
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

COMMAND_LIMIT = 120
"""Seconds for one command: sc.exe start itself waits up to 30 s for a service that does not answer."""

_LOOKS = (0.2, 0.5, 1.0, 2.0)
_WANTED = {"stop": "stopped", "start": "running"}


@dataclass
class ServiceControl:
    """Some services of one host as a ``System`` of the verb. Time limit in seconds, for each stop or start."""

    host: Host
    names: Sequence[str]
    state: str
    limit: float = 300.0
    kill_hung: bool = False
    tell: Callable[[str], None] = lambda line: None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    last: dict[str, Service] = field(default_factory=dict)
    _restarted: frozenset[str] = frozenset()

    def describe(self) -> str:
        return f"the services of {self.host.name}"

    def read(self) -> dict[str, Service]:
        completed = self.host.run(_services.read_command(self.names), doing="read the services", limit=COMMAND_LIMIT)
        return _services.parse_services(completed.stdout)

    def plan(self, reading: dict[str, Service]) -> Plan[Step]:
        return _services.plan(reading, self.names, self.state, self._restarted)

    def apply(self, plan: Plan[Step]) -> None:
        for step in plan.steps:
            self._control(step)
        if self.state == "restarted":
            self._restarted = frozenset(self.names)

    def _control(self, step: Step) -> None:
        """Give one control to services that don't depend on each other and wait for all of them."""
        waiting = list(step.names)
        answers = self._send(step.action, waiting)
        for name, code in answers.items():
            if code and code not in (_services.ALREADY[step.action], _services.CANNOT_ACCEPT_NOW):
                raise self._refused(step.action, name, code)
        began = said = self.now()
        looks = 0
        while waiting := self._not_yet(step.action, waiting, answers):
            waited = self.now() - began
            if waited >= self.limit:
                if step.action == "stop" and self.kill_hung:
                    self._kill(waiting)
                    began = self.now()
                    continue
                raise self._hung(step.action, waiting)
            if self.now() - said >= 5:
                said = self.now()
                states = ", ".join(f"{name} is {self.last[name].state}" for name in waiting)
                progress = f"{waited:.0f} s of {self.limit:.0f} s"
                self.tell(f"waiting for {len(waiting)} of {len(step.names)} to {step.action}, {progress}: {states}")
            self.sleep(_LOOKS[min(looks, len(_LOOKS) - 1)])
            looks += 1
            if retry := [name for name in waiting if answers[name] == _services.CANNOT_ACCEPT_NOW]:
                # Its earlier start or stop was still going on; now it may take the control.
                answers |= self._send(step.action, retry)
            else:
                self._look(waiting)

    def _send(self, action: str, names: Sequence[str]) -> dict[str, int]:
        """Give the control and look at once; return sc.exe's error for each service, 0 for none."""
        line = "& ".join(
            f'echo #control {name}& sc.exe {action} "{name}"& {_services.status_command([name])}' for name in names
        )
        completed = self.host.run(line, doing=f"{action} {', '.join(names)}", limit=COMMAND_LIMIT)
        blocks = completed.stdout.split("#control ")[1:]
        for block in blocks:  # each by itself: what the next control says is not this service's state
            self.last |= _services.parse_services(block)
        return {
            name: _services.failure_code(block.partition("#service ")[0])
            for name, block in zip(names, blocks, strict=True)
        }

    def _look(self, names: Sequence[str]) -> None:
        completed = self.host.run(
            _services.status_command(names), doing=f"read the state of {', '.join(names)}", limit=COMMAND_LIMIT
        )
        self.last |= _services.parse_services(completed.stdout)

    def _not_yet(self, action: str, names: Sequence[str], answers: dict[str, int]) -> list[str]:
        """Return those that have not arrived. Raises ``Failure`` for one that stopped where it should start."""
        for name in names:
            service = self.last.get(name)
            if service is None:
                raise self._refused(action, name, _services.NO_SUCH_SERVICE)
            if action == "start" and service.state == "stopped" and answers[name] != _services.CANNOT_ACCEPT_NOW:
                raise self._refused(action, name, service.exit_code or 1067)
        return [name for name in names if self.last[name].state != _WANTED[action]]

    def _kill(self, names: Sequence[str]) -> None:
        for name in names:
            service = self.last[name]
            if service.shares_process and name != _services.W3SVC:
                raise Failure(
                    f"end the hanging {name}",
                    self.host.name,
                    f"its process {service.pid} also runs other services",
                    "See on the host what it waits for, or restart the host",
                )
            self.tell(f"{name} does not stop: ending its process {service.pid} (kill_hung)")
            completed = self.host.run(
                f"taskkill.exe /F /PID {service.pid}", doing=f"end process {service.pid} of {name}", limit=COMMAND_LIMIT
            )
            if completed.rc != 0:
                raise Failure(
                    f"end process {service.pid} of the hanging {name}",
                    self.host.name,
                    completed.stderr or completed.stdout,
                    "End it on the host, or restart the host",
                )
        self.kill_hung = False  # once: a service that hangs again after that is a failure
        self._look(names)

    def _refused(self, action: str, name: str, code: int) -> Failure:
        return Failure(
            f"{action} service {name}",
            self.host.name,
            _services.describe_code(code),
            _services.remedy(code),
            details={"service": name, "win32_error": code},
        )

    def _hung(self, action: str, names: Sequence[str]) -> Failure:
        hanging = ", ".join(f"{name} is {self.last[name].state} (PID {self.last[name].pid})" for name in names)
        how = "kill_hung: true ends its process; " if action == "stop" else ""
        return Failure(
            f"{action} {', '.join(names)} within {self.limit:.0f} s",
            self.host.name,
            hanging,
            f"{how}see on the host what it waits for, or raise the time limit",
            details={"service": names[0], "pid": self.last[names[0]].pid},
        )

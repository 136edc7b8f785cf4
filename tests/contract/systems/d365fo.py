"""A Dynamics 365 development machine."""

from __future__ import annotations

import re
from typing import Any

from contract import lab_system
from lab.windows.services import State
from playbook.estate import REPORTER, mode_of, shot
from playbook.secrets import left_behind

TEXT = re.compile(r"'[^']*'")
CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|sp_\w+extendedproperty)\b")


class LabSystem(lab_system.LabSystem):
    """A machine whose background services run."""

    REFUSAL = r"stop MR2012ProcessService.*denied"

    def add(self) -> None:
        self.machine = self.lab.add(self.host)
        self.reporter = self.machine.host.services[REPORTER]

    def in_maintenance(self) -> bool:
        return mode_of(self.machine) is True

    def state(self) -> Any:
        now = shot(self.machine)
        return now.services, now.modes, now.value, now.record

    def requests(self) -> int:
        return self.machine.winrm.round_trips

    def writes(self) -> int:
        batches = [batch for batch in self.machine.database.statements if CHANGES.search(TEXT.sub("", batch))]
        runs: int = sum(service.starts + service.stops for service in self.machine.host.services)
        return len(batches) + runs

    def heard(self) -> str:
        return left_behind(self.machine)

    def refuse(self, on: bool) -> None:
        self.reporter.faults.access_denied = on

    def cut_off(self, on: bool) -> None:
        self.machine.winrm.faults.refuse_connections = on

    def hold(self, on: bool) -> None:
        self.reporter.faults.hang_on_stop = self.reporter.faults.hang_on_start = on
        if not on:
            services = self.machine.host.services
            self.lab.call(lambda: services.crash(REPORTER))
            self.lab.loop.run(services.reached(REPORTER, State.STOPPED, State.RUNNING))

    def held(self) -> bool:
        return self.reporter.state in (State.STOP_PENDING, State.START_PENDING)

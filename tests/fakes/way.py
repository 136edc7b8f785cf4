"""The way to a system whose parts are fakes: a machine, an AXDB, and findings of which only these two change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import FO_SERVICES, Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

from fakes.axdb import Axdb
from fakes.machine import FakeMachine
from fakes.system import service


@dataclass(frozen=True)
class FakeWay(Way):
    """Looks at a machine and an AXDB; ``looks`` counts how often."""

    machine: FakeMachine = field(default_factory=FakeMachine)
    axdb: Axdb = field(default_factory=Axdb)
    of: Findings = field(default_factory=Findings)
    looks: list[int] = field(default_factory=list)

    def look(self) -> Findings:
        """See what is there now."""
        self.looks.append(1)
        found = self.of
        if self.machine.services:
            self.machine.states()
            found = replace(found, services={name: self._service(name) for name in self._known()})
        try:
            return replace(found, reading=self.axdb.read(), sql_failure="")
        except Failure as failure:
            return replace(found, reading=None, sql_failure=str(failure))

    def database(self, findings: Findings) -> Database:
        """The AXDB."""
        return self.axdb

    def _known(self) -> list[str]:
        return [name for name in self.machine.services if name in FO_SERVICES]

    def _service(self, name: str) -> Service:
        there = self.machine.services
        dependents = tuple((other, each.state) for other, each in there.items() if name in each.needs)
        return service(name, there[name].state, there[name].start_type, *dependents)


def fake_way(machine: FakeMachine, axdb: Axdb, of: Findings, script: ScriptOptions | None = None) -> FakeWay:
    """The way to a system of these parts."""
    return FakeWay(machine, Question(), script, machine=machine, axdb=axdb, of=of)

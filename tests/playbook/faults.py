"""What goes wrong on a development machine of the lab, and what mends it again: small acts for tables of cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.estate import Machine
from lab.windows.programs.setup_tool import Faults as ToolFaults
from lab.windows.services import Service, StartType
from playbook.estate import Lab, aos_of

Act = Callable[[Lab, Machine], object]


def nothing(_lab: Lab, _machine: Machine) -> None:
    """No fault, or one that goes by itself."""


def both(*acts: Act) -> Act:
    """One act after the other."""
    return lambda lab, machine: [act(lab, machine) for act in acts]


def variables(**given: Any) -> Act:
    """Other variables in the inventory."""
    return lambda _lab, machine: machine.variables.update(given)


def service_fault(name: str, fault: str, on: bool = True) -> Act:
    """A fault of a service, on or off."""
    return lambda _lab, machine: setattr(machine.host.services[name].faults, fault, on)


def start_type(name: str, kind: StartType) -> Act:
    """Somebody sets the start type of a service."""
    return lambda _lab, machine: setattr(machine.host.services[name], "start_type", kind)


def aos_fault(fault: str, value: Any) -> Act:
    """A fault of the AOS."""
    return lambda _lab, machine: setattr(aos_of(machine).faults, fault, value)


def unhang(name: str, fault: str = "hang_on_stop") -> Act:
    """A service hangs no more: somebody ends its process."""

    def act(lab: Lab, machine: Machine) -> None:
        setattr(machine.host.services[name].faults, fault, False)
        lab.call(lambda: machine.host.services.crash(name))

    return act


def dependent(on: str, name: str = "DepSvc") -> Act:
    """Another service depends on one."""
    return lambda _lab, machine: machine.host.services.add(
        Service(name, name, dependencies=(on,), start_seconds=0.2, stop_seconds=0.2)
    )


def tool(**faults: Any) -> Act:
    """Faults of the setup tool; none: it works again."""

    def act(_lab: Lab, machine: Machine) -> None:
        assert machine.host.setup_tool is not None
        machine.host.setup_tool.faults = ToolFaults(**faults)

    return act

"""Playbooks of the collection against an estate of the lab."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab.aos import Aos
from lab.estate import Estate, Machine
from lab.thread import LoopThread
from lab.windows.machines import Layout
from playbook import ROOT, Done, run_playbook

SCALE = 100.0

PROPERTY = "quiesce.maintenance"


def state_of(machine: Machine) -> dict[str, Any]:
    """Everything about a machine that a run without a change must leave as it is."""
    aos = aos_of(machine)
    return {
        "rows": machine.database.rows("SQLSYSTEMVARIABLES"),
        "record": machine.database.extended_property(PROPERTY),
        "services": {
            service.name: (service.state.name, service.start_type.name, service.pid, service.starts, service.stops)
            for service in machine.host.services
        },
        "aos": (aos.maintenance_mode, aos.starts),
    }


def running(machine: Machine) -> dict[str, tuple[str, str]]:
    """State and start type of each service of a machine."""
    return {service.name: (service.state.name, service.start_type.name) for service in machine.host.services}


def aos_of(machine: Machine) -> Aos:
    """The machine's AOS."""
    assert machine.host.aos is not None
    return machine.host.aos


def mode_of(machine: Machine) -> bool | None:
    """What the AOS runs with: in maintenance mode or not, None while it does not run."""
    return aos_of(machine).maintenance_mode


def row(done: Done, system: str) -> dict[str, Any]:
    """The row of a system in the status table, as its last task left it."""
    results = [entry["result"] for entry in done.results if entry["host"] == system]
    rows = [result["status"] for result in results if "status" in result]
    assert rows, f"no row of {system}\n{done.output}"
    found: dict[str, Any] = rows[-1]
    return found


def message(done: Done, host: str) -> str:
    """The last message with which something failed on a host."""
    told = [
        entry["result"].get("msg", "") for entry in done.results if entry["host"] == host and entry["outcome"] != "ok"
    ]
    assert told, f"nothing failed on {host}\n{done.output}"
    return str(told[-1])


def unchanged(done: Done) -> bool:
    """Whether a run succeeded without changing anything anywhere."""
    return done.code == 0 and all(counts["changed"] == 0 for counts in done.recap.values())


def microsoft_driver() -> str:
    """Microsoft's ODBC driver as a file, as it comes with a Python package."""
    package = importlib.util.find_spec("mssql_python_odbc")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "libs/linux/debian_ubuntu"
    return str(next(folder.rglob("libmsodbcsql-18*")))


class Lab:
    """An estate that runs beside the test, and playbooks against it.

    Machines are added first; the first playbook switches the lab on, or ``start`` where the test has to prepare
    something on a running machine.
    """

    def __init__(self, folder: Path, loop: LoopThread, network: str) -> None:
        self.folder = folder
        self.loop = loop
        self.estate = Estate(folder, network=network, scale=SCALE)
        self.started = False

    def add(
        self,
        name: str = "dev01",
        *,
        via: str = "sqlcmd",
        transport: str = "basic",
        layout: Layout | None = None,
        **variables: Any,
    ) -> Machine:
        """Add a development machine; ``variables`` go into its part of the inventory."""
        machine = self.estate.add_dev_machine(name, via=via, transport=transport, layout=layout)
        machine.variables.update(variables)
        return machine

    def start(self) -> None:
        """Switch the lab on."""
        self.started = True
        self.loop.run(self.estate.start())

    def stop(self) -> None:
        """Switch the lab off."""
        if self.started:
            self.loop.run(self.estate.stop())

    def run(
        self,
        playbook: Path | str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        verbose: bool = False,
        **variables: Any,
    ) -> Done:
        """Run a playbook of the collection ("enable") or a file; ``variables`` are extra variables."""
        if not self.started:
            self.start()
        self.estate.write_inventory({"ansible_winrm_operation_timeout_sec": 5, "ansible_winrm_read_timeout_sec": 10})
        by_name = isinstance(playbook, str) and "." not in playbook
        path = ROOT / f"playbooks/{playbook}.yml" if by_name else playbook
        extra = ["-e", yaml.safe_dump(variables, default_flow_style=True, width=10**6)] if variables else []
        return run_playbook(
            self.folder,
            path,
            "-i",
            str(self.estate.inventory),
            *extra,
            *(["-vvvvv"] if verbose else []),
            *arguments,
            environment={"ANSIBLE_FORKS": "30", "USER": "tester", **(environment or {})},
        )

    def task(self, *tasks: Mapping[str, Any], hosts: str = "all", arguments: Sequence[str] = (), **play: Any) -> Done:
        """Run tasks on the machines; a failure does not keep a host from its next task."""
        content = [{"hosts": hosts, "gather_facts": False, "ignore_errors": True, **play, "tasks": list(tasks)}]
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return self.run(path, *arguments)

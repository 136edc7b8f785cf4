"""Playbooks of the collection against an estate of the lab."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.aos import Aos
from lab.estate import SQL_LOGIN, Environment, Estate, Machine
from lab.sql import Database
from lab.ssh import Shell, SSHServer
from lab.thread import LoopThread
from lab.windows.host import WindowsHost
from lab.windows.machines import DMF, Layout, vhd_layout
from lab.windows.services import StartType, State
from playbook import ROOT, Done, Running, run_playbook, start_playbook

SCALE = 100.0

# A development machine or VHD, or an on-premises environment.
System = Machine | Environment
# What a task returned.
Outcome = dict[str, Any]
# So many workers that a lab in one thread answers all of them at once, also on a busy machine.
ENVIRONMENT = {"ANSIBLE_FORKS": "12", "USER": "tester"}

PROPERTY = "quiesce.maintenance"

BATCH, REPORTER = "DynamicsAxBatch", "MR2012ProcessService"
BACKGROUND = (BATCH, REPORTER, DMF)

# Each host goes the way that its variable "way" says: some on, some back, in one run.
EACH_ITS_WAY = """
- hosts: d365fo
  gather_facts: false
  strategy: free  # those that go on do not wait for those that go back
  tasks:
    - name: Go
      ansible.builtin.include_role:
        name: quiesce.maintenance.d365fo
      vars:
        d365fo_state: "{{ way }}"
"""


def state_of(system: System) -> dict[str, Any]:
    """Everything about a system that a run without a change must leave as it is."""
    database = database_of(system)
    kept = {"rows": database.rows("SQLSYSTEMVARIABLES"), "record": database.extended_property(PROPERTY)}
    services = {
        f"{host.name}/{service.name}": (
            service.state.name,
            service.start_type.name,
            service.pid,
            service.starts,
            service.stops,
        )
        for host in hosts_of(system)
        for service in host.services
    }
    if isinstance(system, Machine):
        aos: list[Any] = [(aos_of(system).maintenance_mode, aos_of(system).starts)]
    else:
        aos = [
            (each.id, each.status, each.maintenance_mode, each.starts)
            for each in system.onprem.cluster.instances.values()
        ]
    return {**kept, "services": services, "aos": aos, "runs": runs_of(system)}


def database_of(system: System) -> Database:
    """The system's AXDB."""
    return system.database if isinstance(system, Machine) else system.onprem.database


def hosts_of(system: System) -> list[WindowsHost]:
    """The system's Windows hosts."""
    return [system.host] if isinstance(system, Machine) else list(system.onprem.hosts.values())


def runs_of(system: System) -> list[Any]:
    """How often, and how, Microsoft's own program ran: the setup tool or the script."""
    if isinstance(system, Machine):
        return list(system.host.setup_tool.runs) if system.host.setup_tool is not None else []
    return list(system.onprem.script.runs)


def running(system: System) -> dict[str, tuple[str, str]]:
    """State and start type of each service of a system."""
    return {
        service.name: (service.state.name, service.start_type.name)
        for host in hosts_of(system)
        for service in host.services
    }


def aos_of(machine: Machine) -> Aos:
    """The machine's AOS."""
    assert machine.host.aos is not None
    return machine.host.aos


def modes_of(system: System) -> set[bool | None]:
    """What each AOS of the system runs with: in maintenance mode or not, None for one that does not run."""
    if isinstance(system, Machine):
        return {aos_of(system).maintenance_mode}
    return {instance.maintenance_mode for instance in system.onprem.cluster.instances.values()}


def record_of(system: System) -> dict[str, Any] | None:
    """The record in the system's database, None without one."""
    text = database_of(system).extended_property(PROPERTY)
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def windows_of(system: System) -> list[str]:
    """The ids of the windows in the record."""
    return [window["id"] for window in (record_of(system) or {}).get("windows", [])]


def mode_of(machine: Machine) -> bool | None:
    """What the AOS runs with: in maintenance mode or not, None while it does not run."""
    return aos_of(machine).maintenance_mode


def outcomes(done: Done, host: str) -> list[Outcome]:
    """What each task came to on a host, and what each system did in a task that switches several."""
    results = [entry["result"] for entry in done.results if entry["host"] == host]
    return [each for result in results for each in (result, *result.get("systems", {}).values())]


def row(done: Done, system: str) -> dict[str, Any]:
    """The row of a system in the status table, as its last task left it."""
    told = (result.get("status") or _of_table(result.get("rows", ()), system) for result in outcomes(done, system))
    rows = [each for each in told if each]
    assert rows, f"no row of {system}\n{about(done, system)}"
    found: dict[str, Any] = rows[-1]
    return found


def _of_table(rows: Sequence[dict[str, Any]], system: str) -> dict[str, Any] | None:
    """The row of a system: one host has the table of all, in which what needs attention comes first."""
    return next((each for each in rows if each["system"] == system), rows[0] if rows else None)


def steps(done: Done, system: str) -> list[str]:
    """The steps that the last task with steps names."""
    told = [result["steps"] for result in outcomes(done, system) if "steps" in result]
    assert told, f"no steps on {system}\n{about(done, system)}"
    return [step["step"] for step in told[-1]]


def messages(done: Done, host: str) -> list[str]:
    """The messages with which something failed on a host."""
    failed = [entry["result"] for entry in done.results if entry["host"] == host and entry["outcome"] != "ok"]
    assert failed, f"nothing failed on {host}\n{about(done, host)}"
    return [str(result.get("msg", "")) for result in failed]


def message(done: Done, host: str) -> str:
    """The last message with which something failed on a host."""
    return messages(done, host)[-1]


def unchanged(done: Done) -> bool:
    """Whether a run succeeded without changing anything anywhere."""
    return done.code == 0 and all(counts["changed"] == 0 for counts in done.recap.values())


def about(done: Done, host: str) -> str:
    """What a run printed about one host, and its end: enough to see why a test failed."""
    lines = done.output.splitlines()
    return "\n".join([line for line in lines if host in line] + lines[-5:])


def failed(done: Done, host: str) -> bool:
    """Whether a host failed or was lost."""
    return bool(done.recap[host]["failed"] or done.recap[host]["unreachable"])


@dataclass(frozen=True)
class Shot:
    """A system at one moment."""

    services: dict[str, tuple[str, str]]
    modes: set[bool | None]
    value: str | None  # of the variable, None without its row
    text: str | None  # of the record, None without one
    state: dict[str, Any]

    @property
    def record(self) -> dict[str, Any] | None:
        """The record."""
        return None if self.text is None else json.loads(self.text)

    @property
    def phase(self) -> str | None:
        """How far the record says the switch is, None without a record."""
        return None if self.record is None else self.record["phase"]

    def differs(self, before: Mapping[str, tuple[str, str]]) -> list[str]:
        """What is not as it was before maintenance, in words: nothing, normally."""
        found = {
            "AOS in maintenance mode": (self.modes, {False}),
            "variable": (self.value, "0"),
            "record": (self.record, None),
            "services": (self.services, dict(before)),
        }
        return [f"{what} is {is_so}, not {should}" for what, (is_so, should) in found.items() if is_so != should]


def shot(system: System) -> Shot:
    """A system as it is now."""
    text, rows = database_of(system).extended_property(PROPERTY), database_of(system).rows("SQLSYSTEMVARIABLES")
    value = next((row[1] for row in rows if row[0] == "CONFIGURATIONMODE"), None)
    return Shot(running(system), modes_of(system), None if value is None else str(value), text, state_of(system))


def shots(systems: Mapping[str, System]) -> dict[str, Shot]:
    """Systems as they are now, by their names."""
    return {name: shot(system) for name, system in systems.items()}


def is_normal(system: System, before: Mapping[str, tuple[str, str]]) -> list[str]:
    """What of a system is not as it was before maintenance, in words: nothing, normally."""
    return shot(system).differs(before)


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
        self.ssh: dict[str, SSHServer] = {}

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

    def vhd(
        self, name: str, *, login: bool = True, transport: str = "basic", layout: Layout | None = None, **variables: Any
    ) -> Machine:
        """Add a VHD, with the SQL login that its setup tool needs or without one."""
        machine = self.add(name, transport=transport, layout=layout or vhd_layout())
        if login:
            machine.variables |= {
                "d365fo_sql_login_user": SQL_LOGIN,
                "d365fo_sql_login_password": machine.sql_password,
            }
        machine.variables.update(variables)
        return machine

    def cluster(self, name: str, *, nodes: int = 3, transport: str = "basic", **variables: Any) -> Environment:
        """Add an on-premises environment; its nodes are called after it."""
        environment = self.estate.add_cluster(name, nodes=nodes, transport=transport, prefix=f"{name}-")
        environment.variables.update(variables)
        return environment

    def by_ssh(self, machine: Machine, shell: Shell) -> SSHServer:
        """Have a machine reached by ssh."""
        self.ssh[machine.name] = self.estate.add_ssh(machine, default_shell=shell)
        return self.ssh[machine.name]

    def service(self, machine: Machine, name: str, state: State) -> None:
        """Bring a service to a state, as a person on the machine would, and wait until it is there."""
        manager = machine.host.services
        acts = {State.RUNNING: manager.start, State.STOPPED: manager.stop, State.PAUSED: manager.pause}
        self.loop.run(acts[state](name))
        self.loop.run(manager.reached(name, state))

    def one_manual_and_stopped(self, machine: Machine) -> None:
        """One background service is manual and does not run: it must not run afterwards either."""
        machine.host.services[REPORTER].start_type = StartType.DEMAND
        self.service(machine, REPORTER, State.STOPPED)

    def call(self, act: Callable[[], object]) -> None:
        """Do something on the lab's own loop, where its machines live."""

        async def run() -> None:
            act()

        self.loop.run(run())

    @property
    def systems(self) -> dict[str, System]:
        """Every Dynamics 365 system by its name."""
        return {**self.estate.machines, **self.estate.environments}

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
        path, given = self._prepared(playbook, *(["-vvvvv"] if verbose else []), *arguments, **variables)
        return run_playbook(self.folder, path, *given, environment={**ENVIRONMENT, **(environment or {})})

    def run_from(self, inventory: Path, playbook: str, *arguments: str) -> Done:
        """Run a playbook of the collection with another inventory."""
        path = ROOT / f"playbooks/{playbook}.yml"
        return run_playbook(self.folder, path, "-i", str(inventory), *arguments, environment=ENVIRONMENT)

    def begin(self, playbook: Path | str, *arguments: str, **variables: Any) -> Running:
        """Start a playbook in a process group of its own and don't wait for it."""
        path, given = self._prepared(playbook, *arguments, **variables)
        return start_playbook(self.folder, path, *given, environment=ENVIRONMENT)

    def begin_text(self, text: str, *arguments: str, **variables: Any) -> Running:
        """Start a playbook given as text and don't wait for it."""
        path = self.folder / f"{uuid.uuid4().hex}.yml"
        path.write_text(text, encoding="utf-8")
        return self.begin(path, *arguments, **variables)

    def each_its_way(self, ways: Mapping[str, str], *arguments: str, **variables: Any) -> Done:
        """Switch each of these hosts "enabled" or "disabled", all in one run."""
        for name, way in ways.items():
            self.systems[name].variables["way"] = way
        return self.play(EACH_ITS_WAY, "-l", ",".join(ways), *arguments, **variables)

    def sequences(self, todo: Mapping[str, Sequence[Mapping[str, Any]]], *arguments: str) -> dict[str, list[Outcome]]:
        """Let each of these hosts run the module with one set of options after the other, all in one run; what came of
        each, and last the module's status."""
        for name, options in todo.items():
            self.systems[name].variables["todo"] = [dict(each) for each in options]
        module = "quiesce.maintenance.d365fo_maintenance_mode"
        tasks = [
            {"name": "Switch", module: {}, "args": "{{ item }}", "loop": "{{ todo }}", "loop_control": {"label": ""}},
            {"name": "Look", f"{module}_info": {}},
        ]
        done = self.task(*tasks, hosts=":".join(todo), arguments=arguments)
        switched = {entry["host"]: entry["result"]["results"] for entry in done.results if entry["task"] == "Switch"}
        return {name: [*switched.get(name, ()), done.of("Look", name)] for name in todo}

    def play(self, text: str, *arguments: str, **variables: Any) -> Done:
        """Run a playbook given as text."""
        path = self.folder / "text.yml"
        path.write_text(text, encoding="utf-8")
        return self.run(path, *arguments, **variables)

    def _prepared(self, playbook: Path | str, *arguments: str, **variables: Any) -> tuple[Path | str, list[str]]:
        """The playbook's file, and its arguments."""
        if not self.started:
            self.start()
        self.estate.write_inventory({"ansible_winrm_operation_timeout_sec": 5, "ansible_winrm_read_timeout_sec": 10})
        by_name = isinstance(playbook, str) and "." not in playbook
        path = ROOT / f"playbooks/{playbook}.yml" if by_name else playbook
        extra = ["-e", yaml.safe_dump(variables, default_flow_style=True, width=10**6)] if variables else []
        return path, ["-i", str(self.estate.inventory), *extra, *arguments]

    def task(self, *tasks: Mapping[str, Any], hosts: str = "all", arguments: Sequence[str] = (), **play: Any) -> Done:
        """Run tasks on the machines; a failure does not keep a host from its next task."""
        return self.plays({"hosts": hosts, **play, "tasks": list(tasks)}, arguments=arguments)

    def plays(self, *plays: Mapping[str, Any], arguments: Sequence[str] = ()) -> Done:
        """Run plays, each after the other; a failure does not keep a host from its next task."""
        content = [{"gather_facts": False, "ignore_errors": True, **play} for play in plays]
        return self.play(yaml.safe_dump(content, sort_keys=False), *arguments)

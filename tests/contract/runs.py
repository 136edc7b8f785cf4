"""The runs of the contract: one estate with a system of each registered kind, one ansible-playbook after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from contract.lab_system import LabSystem, lab_system
from playbook import ROOT, Done
from playbook.estate import Lab

NAMES = tuple(register())
LIMIT = 60.0  # real seconds after which something that has to happen counts as not happening
NUMBER = 4711
TEXTS = ("reason", "ticket")  # options that hold a person's text, wherever a system has them; it may be a number

# Each system by its role, none waiting for another.
ALL_BY_ROLE = """
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - name: Switch
      ansible.builtin.include_role:
        name: quiesce.maintenance.{{ group_names[0] }}
"""


@dataclass(frozen=True)
class Look:
    """A system at one moment, as the lab knows it."""

    in_maintenance: bool
    state: Any
    requests: int
    writes: int


@dataclass(frozen=True)
class Run:
    """A run, and what each system was before and after it."""

    done: Done
    before: Mapping[str, Look]
    after: Mapping[str, Look]
    records: frozenset[str]
    """What the store holds after it."""

    def row(self, name: str) -> dict[str, Any]:
        """The one row of a system, in the table or as its role left it."""
        rows = [row for entry in self.done.results for row in _rows(entry["result"], name)]
        assert rows, f"no row of {name}\n{self.done.output[-3000:]}"
        return rows[-1]

    def requests(self, name: str) -> int:
        """How many requests arrived at a system."""
        return self.after[name].requests - self.before[name].requests

    def writes(self, name: str) -> int:
        """How many of them would have changed something."""
        return self.after[name].writes - self.before[name].writes


def _rows(result: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The rows of a kind in a result: of the table, or of the variable that the role leaves."""
    found = list(result.get("rows", ()))
    status = (result.get(f"{name}_status") or {}).get("status", [])
    found += status if isinstance(status, list) else [status]
    return [row for row in found if row["kind"] == register()[name].kind]


@dataclass
class Runs:
    """The estate, and what came of each run by its name; of those of one system alone by "name: system".

    ``held`` are the systems that were in the middle of their switch when that was interrupted.
    """

    lab: Lab
    systems: dict[str, LabSystem]
    runs: dict[str, Run] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Run:
        return self.runs[name]

    def add(self, name: str, act: Callable[[], Done]) -> None:
        """Run something, and keep what the systems were before and after it."""
        before = self._look()
        self.runs[name] = Run(act(), before, self._look(), self._records())

    def playbook(self, name: str, playbook: str, *arguments: str, **variables: Any) -> None:
        """Run a playbook of the collection on all systems."""
        self.add(name, lambda: self.lab.run(playbook, *arguments, **variables))

    def alone(self, name: str, playbook: str, *arguments: str) -> None:
        """Run a playbook of the collection on each system by itself."""
        for each, system in self.systems.items():
            self.playbook(f"{name}: {each}", playbook, "-l", system.host, *arguments)

    def roles(self, name: str, state: str, variables: Mapping[str, Any]) -> None:
        """Run the role of each system, as a play names it, and show the variable that it leaves."""
        only = {each: {"when": f"'{each}' in group_names"} for each in self.systems}
        play = {
            "hosts": "all",
            "gather_facts": False,
            "roles": [
                {"role": f"quiesce.maintenance.{each}", "vars": {f"{each}_state": state}, **when}
                for each, when in only.items()
            ],
            "post_tasks": [
                {"name": "Show", "ansible.builtin.debug": {"var": f"{each}_status"}, **when}
                for each, when in only.items()
            ],
        }
        self.add(name, lambda: self.lab.play(yaml.safe_dump([play]), "-e", json.dumps(variables)))

    def all(self, act: Callable[[LabSystem], object]) -> None:
        """Do something to every system."""
        for system in self.systems.values():
            act(system)

    def secrets(self) -> set[str]:
        """Every secret of the inventory."""
        return {secret for each in self.systems for secret in self.secrets_of(each)}

    def secrets_of(self, name: str) -> set[str]:
        """The secrets that the inventory holds for a system: what its role does not log, and the host's password."""
        variables = self.lab.estate.variables(self.systems[name].host)
        secret = {option for option, entry in role_options(name).items() if entry.get("no_log")}
        return {str(value) for variable, value in variables.items() if variable in {*secret, "ansible_password"}}

    def _records(self) -> frozenset[str]:
        store = self.lab.estate.folder / "records"
        return frozenset(file.name for file in store.glob("*") if file.suffix != ".lock")

    def _look(self) -> dict[str, Look]:
        return {
            name: Look(system.in_maintenance(), system.state(), system.requests(), system.writes())
            for name, system in self.systems.items()
        }


@cache
def role_options(name: str) -> dict[str, dict[str, Any]]:
    """The variables of a system's role."""
    text = (ROOT / f"roles/{name}/meta/argument_specs.yml").read_text(encoding="utf-8")
    options: dict[str, dict[str, Any]] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return options


def as_text(name: str, inventory: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The variables of a system as surveys and ``-e key=value`` give them: all text, blank where nothing is said.

    Booleans and numbers, of the inventory or a default, are said in text; a person's text is a number.
    """
    for variable, option in role_options(name).items():
        value = inventory.get(variable, option.get("default"))
        if variable == f"{name}_state":
            continue
        if variable.removeprefix(f"{name}_") in TEXTS:
            yield variable, NUMBER
        elif isinstance(value, (bool, int)):
            yield variable, json.dumps(value)
        elif variable not in inventory:
            yield variable, ""


def all_runs(lab: Lab) -> Runs:
    """Build the estate and do everything with it that the contract speaks of."""
    systems: dict[str, LabSystem] = {}
    for name in NAMES:
        try:
            systems[name] = lab_system(name)(lab, f"{name}01")
        except LookupError:  # the tests of this system say so
            continue
    lab.start()
    runs = Runs(lab, systems)
    _there_and_back(runs)
    _windows(runs)
    _failures(runs)
    _by_role_and_as_text(runs)
    _interrupted(runs)
    return runs


def _there_and_back(runs: Runs) -> None:
    runs.playbook("status", "status")
    runs.playbook("check", "enable", "--check", "--diff")
    runs.playbook("enable", "enable", "--diff", "-vvvvv")
    runs.playbook("enable again", "enable")
    runs.playbook("status while on", "status")
    runs.playbook("disable", "disable", "--diff", "-vvvvv")
    runs.playbook("disable again", "disable")


def _windows(runs: Runs) -> None:
    """Two people's windows that overlap."""
    ann = {"quiesce_window": "CHG1", "quiesce_owner": "ann", "quiesce_reason": "Patch day", "quiesce_expires": "2h"}
    ben = {"quiesce_window": "CHG2", "quiesce_owner": "ben", "quiesce_ticket": "T-2"}
    runs.playbook("ann's window", "enable", **ann)
    runs.playbook("ben's window", "enable", **ben)
    runs.playbook("ann's is closed", "disable", quiesce_window="CHG1")
    runs.playbook("ben's is closed", "disable", quiesce_window="CHG2")


def _failures(runs: Runs) -> None:
    runs.all(lambda system: system.cut_off(True))
    runs.playbook("status while cut off", "status", "-vvvvv")
    runs.roles("role status while cut off", "status", {})
    runs.alone("cut off", "enable")
    runs.all(lambda system: system.cut_off(False))
    runs.all(lambda system: system.refuse(True))
    runs.alone("refused", "enable", "-vvvvv")
    runs.all(lambda system: system.refuse(False))


def _by_role_and_as_text(runs: Runs) -> None:
    given = {
        variable: value
        for name, system in runs.systems.items()
        for variable, value in as_text(name, runs.lab.estate.variables(system.host))
    }
    runs.roles("role enabled", "enabled", given)
    runs.roles("role disabled", "disabled", given)


def _interrupted(runs: Runs) -> None:
    """Ctrl+C when every system is in the middle of its switch; then on, and back."""
    runs.all(lambda system: system.hold(True))

    def interrupted() -> Done:
        running = runs.lab.begin_text(ALL_BY_ROLE, quiesce_state="enabled")
        deadline = time.monotonic() + LIMIT
        while len(runs.held) < len(runs.systems) and time.monotonic() < deadline:
            time.sleep(0.05)
            runs.held |= {name for name, system in runs.systems.items() if system.held()}
        running.interrupt()
        return running.wait()

    runs.add("interrupted", interrupted)
    runs.all(lambda system: system.hold(False))
    # who knows that the run is dead need not wait for the end of its lease
    take_over = {f"{name}_take_over": True for name in runs.systems if f"{name}_take_over" in role_options(name)}
    runs.playbook("enable after that", "enable", **take_over)
    runs.playbook("disable after that", "disable")

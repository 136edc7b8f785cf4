"""Dynamics 365: task files of one's own before and after the restart.

Three runs: on with hooks, two of which fail or are missing; on again, where all but those have nothing to do; back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.estate import Machine
from playbook import Done
from playbook.estate import (
    Lab,
    System,
    aos_of,
    failed,
    is_normal,
    message,
    modes_of,
    record_of,
    row,
    running,
    state_of,
)

# Each looks at the machine; what it saw is in the run's results.
LOOK = """
- name: Look {when} the restart
  quiesce.maintenance.d365fo_maintenance_mode_info:
"""
FAIL = """
- name: Fail before the restart
  ansible.builtin.fail:
    msg: The backup did not work
  when: not backup_works
"""
HOSTS = {
    "both": ("before", "after"),
    "before": ("before", None),
    "after": (None, "after"),
    "odbc": ("before", "after"),
    "fails": ("fail", None),
    "missing": ("nosuch", None),
    "cluster": ("before", "after"),
}
HOOKED = ("both", "before", "after", "odbc")


@dataclass(frozen=True)
class Hooks:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    untouched: dict[str, Any]
    on: Done
    after_on: dict[str, dict[str, Any]]
    modes: dict[str, set[bool | None]]
    again: Done
    back: Done


@pytest.fixture(scope="module")
def hooks(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Hooks:
    lab, folder = shared_lab, tmp_path_factory.mktemp("hooks")
    files = {"before": LOOK.format(when="before"), "after": LOOK.format(when="after"), "fail": FAIL}
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    for name, (before, after) in HOSTS.items():
        system: System = (
            lab.cluster(name, nodes=1)
            if name == "cluster"
            else lab.add(name, via="odbc" if name == "odbc" else "sqlcmd")
        )
        hook(system.variables, folder, before, after)
    lab.start()
    running_before = {name: running(system) for name, system in lab.systems.items()}
    untouched = {name: state_of(system) for name, system in lab.systems.items()}
    on = lab.run("enable", d365fo_reason="CHG0042", backup_works=False)
    after_on = {name: state_of(system) for name, system in lab.systems.items()}
    modes = {name: modes_of(system) for name, system in lab.systems.items()}
    again = lab.run("enable", backup_works=True)
    del lab.systems["missing"].variables["d365fo_before_restart"]
    back = lab.run("disable", backup_works=True)
    return Hooks(lab, running_before, untouched, on, after_on, modes, again, back)


def hook(variables: dict[str, Any], folder: Path, before: str | None, after: str | None) -> None:
    for name, file in (("before", before), ("after", after)):
        if file is not None:
            variables[f"d365fo_{name}_restart"] = str(folder / f"{file}.yml")


def looks(done: Done, host: str) -> list[str]:
    """Which hooks ran on the host, in their order."""
    return [
        entry["task"].rpartition(" : ")[2].split()[1]
        for entry in done.results
        if entry["host"] == host and "Look " in entry["task"]
    ]


@pytest.mark.parametrize("name", HOOKED)
def test_the_switch_works_with_hooks(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.on, name), message(hooks.on, name)
    assert hooks.modes[name] == {True}
    shown = row(hooks.on, name)
    assert (shown["mode"], shown["verified"], shown["reason"]) == ("maintenance", True, "CHG0042")


@pytest.mark.smoke
@pytest.mark.parametrize("name", HOOKED)
def test_which_hooks_run(hooks: Hooks, name: str) -> None:
    wanted = [each for each in HOSTS[name] if each is not None]
    assert looks(hooks.on, name) == wanted
    assert looks(hooks.back, name) == wanted


@pytest.mark.parametrize("name", HOOKED)
def test_no_hook_runs_where_nothing_is_to_restart(hooks: Hooks, name: str) -> None:
    assert looks(hooks.again, name) == []
    assert hooks.again.recap[name]["changed"] == 0


@pytest.mark.parametrize("name", ["both", "odbc"])
def test_when_the_hooks_run(hooks: Hooks, name: str) -> None:
    """The first when the variable is set and before IIS restarts, the second when the AOS is ready again."""
    for done, value in ((hooks.on, "enabled"), (hooks.back, "disabled")):
        assert done.of("Look before the restart", name)["configuration_mode"]["mode"] == value
        wanted = (
            "Look before the restart",
            f"{name}: restarted W3SVC",
            f"{name}: the AOS at",
            "Look after the restart",
        )
        places = [done.output.index(each) for each in wanted]
        assert places == sorted(places), places


def test_a_hook_that_fails_stops_before_the_restart(hooks: Hooks) -> None:
    assert "The backup did not work" in message(hooks.on, "fails")
    before, after = hooks.untouched["fails"], hooks.after_on["fails"]
    assert after["aos"] == before["aos"], "nothing was restarted"
    assert '"phase":"set"' in str(after["record"])
    shown = row(hooks.on, "fails")
    assert (shown["mode"], shown["verified"]) == ("changing", False)


def test_the_next_run_goes_on_after_a_hook_that_failed(hooks: Hooks) -> None:
    assert not failed(hooks.again, "fails"), message(hooks.again, "fails")
    assert row(hooks.again, "fails")["mode"] == "maintenance"


def test_a_hook_that_is_not_there_is_found_before_anything_is_touched(hooks: Hooks) -> None:
    assert failed(hooks.on, "missing")
    assert hooks.after_on["missing"] == hooks.untouched["missing"]
    told = [entry for entry in hooks.on.results if entry["host"] == "missing" and entry["outcome"] != "ok"]
    assert re.search(r"nosuch\.yml", str(told[-1]["result"])), told[-1]


def test_on_premises_only_the_second_hook_has_a_place(hooks: Hooks) -> None:
    """The script restarts every AOS itself, right after it has set the variable."""
    assert not failed(hooks.on, "cluster"), message(hooks.on, "cluster")
    assert hooks.modes["cluster"] == {True}
    assert looks(hooks.on, "cluster") == ["after"]


@pytest.mark.parametrize("name", HOSTS)
def test_in_the_end_all_is_as_it_was(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.back, name), message(hooks.back, name)
    system = hooks.lab.systems[name]
    assert is_normal(system, hooks.before[name]) == []
    assert record_of(system) is None
    assert not isinstance(system, Machine) or aos_of(system).ready

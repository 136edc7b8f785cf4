"""Dynamics 365: task files of one's own before and after the restart, by the playbooks and by the role.

Five runs: what a check says; on with hooks, some of which fail or are no task files; two of these hosts alone, which
fail again; on again, where all but those that failed have nothing to do; back. The runs of all hosts are the
collection's playbook for most of them and a play with the role for the others.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__

from lab.estate import Machine
from playbook import Done, environment_of
from playbook.estate import (
    Lab,
    System,
    aos_of,
    failed,
    is_normal,
    message,
    messages,
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
# The host leaves the role, or the run, between the two halves of its switch.
END = """
- name: End {what}
  ansible.builtin.meta: end_{what}
  when: not backup_works
"""
LOSE = """
- name: Back up on a host that cannot be reached
  ansible.builtin.raw: backup
  delegate_to: gone
  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
  when: not backup_works
"""
RESCUES = """
- name: Look before the restart
  block:
    - name: Fail
      ansible.builtin.fail:
  rescue:
    - name: Look after a failure
      ansible.builtin.debug:
  always:
    - name: Look at last
      ansible.builtin.include_role:
        name: quiesce.maintenance.d365fo
        tasks_from: status
"""
# Somebody else takes the system out of maintenance mode while the task file runs.
MEDDLES = """
- name: Meddle
  quiesce.maintenance.d365fo_maintenance_mode:
    state: disabled
    stop_before: nothing
"""
FILES = {
    "before": LOOK.format(when="before"),
    "after": LOOK.format(when="after"),
    "fail": FAIL,
    "end-role": END.format(what="role"),
    "end-host": END.format(what="host"),
    "lose": LOSE,
    "rescues": RESCUES,
    "meddles": MEDDLES,
    "typo": "- name: [",
    "playbook": "- hosts: all\n  tasks: []\n",
    "no-module": "- name: Group\n  block:\n    - name: Call a module that nobody has\n      nobody.has.this_module:\n",
    "includes": "- name: Include a file beside this one\n  ansible.builtin.include_tasks: after.yml\n",
}
# ansible-core 2.18 is the first that has meta: end_role; an older one ends the run of all hosts at an unknown word.
if tuple(int(part) for part in __version__.split(".")[:2]) < (2, 18):
    FILES["end-role"] = END.format(what="host")
# The role has a file of that name, too.
RELATIVE = "status.yml"
HOSTS: dict[str, tuple[str | None, str | None]] = {
    "both": ("before", "after"),
    "before": ("before", None),
    "after": (None, "after"),
    "odbc": ("before", "after"),
    "fails": ("fail", None),
    "ends-role": ("end-role", None),
    "ends-host": ("end-host", None),
    "loses": ("lose", None),
    "missing": ("nosuch", None),
    "typo": ("typo", None),
    "playbook": (None, "playbook"),
    "no-module": ("no-module", None),
    "includes": (None, "includes"),
    "rescues": ("rescues", None),
    "meddled": ("meddles", "after"),
    "blank": ("", "  "),
    "cluster": (None, "after"),
    "no-place-cluster": ("before", None),
    "own": ("before", "after"),
}
BY_ROLE = {f"role-{name}": HOSTS[name] for name in ("both", "missing", "typo", "rescues", "blank", "cluster")}
BY_ROLE["role-relative"] = (None, RELATIVE)
# What a survey leaves blank, of every type.
BLANKS = ("d365fo_sync", "d365fo_aos_accept", "d365fo_sql_port", "d365fo_nodes", "d365fo_method", "d365fo_kill_hung")
NO_FILES = ("missing", "typo", "playbook", "no-module", "role-missing", "role-typo")
HOOKED = ("both", "before", "after", "odbc", "role-both")
# The role comes first: a playbook in which something failed ends with a play in which every host fails, its verdict.
BOTH_ROADS = """
- hosts: by_role
  gather_facts: false
  strategy: free  # the playbook has the other one
  tasks:
    - name: Go
      ansible.builtin.include_role:
        name: quiesce.maintenance.d365fo
      vars:
        d365fo_state: {playbook}d

- import_playbook: quiesce.maintenance.{playbook}
"""
# Before the playbook that takes the host out of maintenance mode again.
OWN_PLAY = """
- hosts: own
  gather_facts: false
  roles: [mine]
"""
OWN_ROLE = """
- name: Switch in a role of one's own
  quiesce.maintenance.d365fo_maintenance_mode:
    state: enabled
"""


@dataclass(frozen=True)
class Hooks:
    systems: dict[str, System]
    before: dict[str, dict[str, tuple[str, str]]]
    checked: Done
    untouched: dict[str, Any]
    on: Done
    after_on: dict[str, dict[str, Any]]
    modes: dict[str, set[bool | None]]
    alone: Done
    again: Done
    back: Done


@pytest.fixture(scope="module")
def hooks(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Hooks:
    lab, folder = shared_lab, tmp_path_factory.mktemp("hooks")
    for name, text in FILES.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    (lab.folder / RELATIVE).write_text(FILES["includes"].replace("after", "sub/after"), encoding="utf-8")
    (lab.folder / "sub").mkdir()
    (lab.folder / "sub/after.yml").write_text(FILES["after"], encoding="utf-8")
    role = lab.folder / "roles/mine/tasks"  # beside the playbook
    role.mkdir(parents=True)
    (role / "main.yml").write_text(OWN_ROLE, encoding="utf-8")
    systems: dict[str, System] = {}
    for name, (before, after) in {**HOSTS, **BY_ROLE}.items():
        # The lab puts every system into the group d365fo, which the playbook switches as a whole. So the hosts of the
        # role are in it by another name, and both say that they are not systems.
        known_as = f"{name}-vm" if name in BY_ROLE else name
        system: System = (
            lab.cluster(known_as, nodes=1)
            if name.endswith("cluster")
            else lab.add(known_as, via="odbc" if name == "odbc" else "sqlcmd")
        )
        systems[name] = system
        hook(system.variables, folder, before, after)
        if name in BY_ROLE:
            system.variables["quiesce_systems"] = []
            lab.estate.add_to_inventory("by_role", name, system.variables)
    systems["role-blank"].variables |= dict.fromkeys(BLANKS, "") | {"d365fo_expires": None}
    lab.start()
    systems["own"].variables["quiesce_systems"] = "{{ ['d365fo'] if with_own | default(false) else [] }}"
    on_text, back_text = BOTH_ROADS.format(playbook="enable"), OWN_PLAY + BOTH_ROADS.format(playbook="disable")
    running_before = {name: running(system) for name, system in systems.items()}
    untouched = {name: state_of(system) for name, system in systems.items()}
    checked = lab.run("enable", "--check", "-l", "both,cluster", backup_works=True)
    on = lab.play(on_text, d365fo_reason="CHG0042", backup_works=False)
    after_on = {name: state_of(system) for name, system in systems.items()}
    modes = {name: modes_of(system) for name, system in systems.items()}
    alone = lab.run("enable", "-l", "loses,fails", backup_works=False)
    again = lab.play(on_text, backup_works=True)
    for name in (*NO_FILES, "meddled", "no-place-cluster"):
        for variable in ("d365fo_before_restart", "d365fo_after_restart"):
            systems[name].variables.pop(variable, None)
    back = lab.play(back_text, with_own=True, backup_works=True)
    return Hooks(systems, running_before, checked, untouched, on, after_on, modes, alone, again, back)


def hook(variables: dict[str, Any], folder: Path, before: str | None, after: str | None) -> None:
    for name, file in (("before", before), ("after", after)):
        if file is not None:
            path = file if file == RELATIVE or not file.strip() else str(folder / f"{file}.yml")
            variables[f"d365fo_{name}_restart"] = path


def looks(done: Done, host: str) -> list[str]:
    """Which hooks ran on the host, in their order."""
    return [
        entry["task"].rpartition(" : ")[2].split()[1]
        for entry in done.results
        if entry["host"] == host and re.search("Look (before|after) the restart", entry["task"])
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
    wanted = [each for each in {**HOSTS, **BY_ROLE}[name] if each is not None]
    assert looks(hooks.on, name) == wanted
    assert looks(hooks.back, name) == wanted


@pytest.mark.parametrize("name", HOOKED)
def test_no_hook_runs_where_nothing_is_to_restart(hooks: Hooks, name: str) -> None:
    assert looks(hooks.again, name) == []
    assert not any(entry["result"].get("changed") for entry in hooks.again.results if entry["host"] == name)


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
        places = [done.output.rindex(each) for each in wanted]  # the playbook's, not the role's before it
        assert places == sorted(places), places


STOPPED = {
    "fails": "The backup did not work",
    "ends-role": "Its task file ended the switch before the restart|the host left the run",
    "ends-host": "the host left the run before it was switched completely",
    "loses": "the host left the run before it was switched completely",
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_hook_that_does_not_come_to_its_end_stops_before_the_restart(hooks: Hooks, name: str) -> None:
    before, after = hooks.untouched[name], hooks.after_on[name]
    assert after["aos"] == before["aos"], "nothing was restarted"
    assert '"phase":"set"' in str(after["record"])
    said = hooks.on.of("Report what failed", name)["msg"]
    assert re.search(STOPPED[name], said), said
    assert "run enable again to continue" in said


def test_the_table_comes_although_every_host_was_lost_in_its_task_file(hooks: Hooks) -> None:
    assert hooks.alone.code in (2, 4)
    assert {row(hooks.alone, name)["mode"] for name in ("loses", "fails")} == {"changing"}
    said = hooks.alone.of("Report what failed", "loses")["msg"]
    assert re.search(STOPPED["loses"], said), said


def test_the_row_of_a_switch_that_a_hook_stopped(hooks: Hooks) -> None:
    shown = row(hooks.on, "fails")
    assert (shown["mode"], shown["verified"]) == ("changing", False)


@pytest.mark.parametrize("name", STOPPED)
def test_the_next_run_goes_on_after_a_hook_that_did_not_come_to_its_end(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.again, name), message(hooks.again, name)
    assert row(hooks.again, name)["mode"] == "maintenance"


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_task_file_is_found_before_anything_is_touched(hooks: Hooks, name: str) -> None:
    """An error in it would end the run of everybody else too."""
    assert hooks.after_on[name] == hooks.untouched[name]
    why = r"there is no file nosuch|\S+ (cannot be read as a task file|is not a list of tasks)"
    told = f"Invalid d365fo_(before|after)_restart: ({why})"
    said = messages(hooks.on, name)
    assert any(re.search(told, each) for each in said), said


@pytest.mark.parametrize("name", ["includes", "role-relative"])
def test_a_path_means_what_it_says(hooks: Hooks, name: str) -> None:
    """Relative to the playbook, and within a task file relative to that; not a file of this collection's role."""
    assert looks(hooks.on, name) == ["after"], message(hooks.on, name)
    assert not failed(hooks.on, name)


@pytest.mark.parametrize("name", ["rescues", "role-rescues"])
def test_blocks_and_roles_work_in_a_hook(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.on, name), message(hooks.on, name)
    tasks = [entry["task"].rpartition(" : ")[2] for entry in hooks.on.results if entry["host"] == name]
    assert {"Look after a failure", "Look at last", "Gather the status", "Continue the switch"} <= {*tasks}
    assert hooks.modes[name] == {True}


@pytest.mark.parametrize("name", ["blank", "role-blank"])
def test_a_hook_that_is_left_blank_is_none(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.on, name), message(hooks.on, name)
    assert (row(hooks.on, name)["mode"], row(hooks.on, name)["verified"]) == ("maintenance", True)


def test_who_was_meddled_with_does_not_go_on(hooks: Hooks) -> None:
    """No lease is held while a task file runs: it may take hours. So the second part looks whether it is alone."""
    assert "somebody else has changed it since" in message(hooks.on, "meddled")
    assert hooks.modes["meddled"] == {False}
    assert looks(hooks.on, "meddled") == []


@pytest.mark.parametrize("name", ["both", "cluster"])
def test_a_check_shows_the_whole(hooks: Hooks, name: str) -> None:
    """And it runs the hooks as a check, too."""
    (told,) = [
        [step["step"] for step in entry["result"]["steps"]]
        for entry in hooks.checked.results
        if entry["host"] == name and entry["result"].get("steps")
    ]
    assert told[-1] == "recorded that it is in effect"
    assert looks(hooks.checked, name) == [each for each in HOSTS[name] if each is not None]


@pytest.mark.parametrize("name", ["cluster", "role-cluster"])
def test_on_premises_only_the_second_hook_has_a_place(hooks: Hooks, name: str) -> None:
    """The script restarts every AOS itself, right after it has set the variable: a first one is refused."""
    assert hooks.after_on["no-place-cluster"] == hooks.untouched["no-place-cluster"]
    said = message(hooks.on, "no-place-cluster")
    assert re.search(r"nothing between the variable and the restart.*d365fo_before_restart", said), said
    assert not failed(hooks.on, name), message(hooks.on, name)
    assert hooks.modes[name] == {True}
    assert looks(hooks.on, name) == ["after"]


def test_the_variables_of_the_role_do_not_stop_the_module_elsewhere(hooks: Hooks) -> None:
    """In a role of the user's own it does the whole switch, as it is documented."""
    assert not failed(hooks.back, "own"), message(hooks.back, "own")
    done = hooks.back.of("Switch in a role of one's own", "own")
    assert (done["status"]["mode"], done["restart_required"]) == ("maintenance", False)


@pytest.mark.parametrize("name", [*HOSTS, *BY_ROLE])
def test_in_the_end_all_is_as_it_was(hooks: Hooks, name: str) -> None:
    assert not failed(hooks.back, name), message(hooks.back, name)
    system = hooks.systems[name]
    assert is_normal(system, hooks.before[name]) == []
    assert record_of(system) is None
    assert not isinstance(system, Machine) or aos_of(system).ready


NOBODY = """
all:
  children:
    launch: {hosts: {launch01: {launch_url: "https://127.0.0.1:1", launch_token: t0ken, launch_retry_timeout: 0s}}}
    d365fo: {hosts: {dev01: {d365fo_before_restart: hooks/before.yml}}}
"""


def test_before_the_first_wave_a_file_finds_what_its_role_would(tmp_path: Path) -> None:
    """Of two systems, of which nobody answers. The working directory, unlike that of the other runs, has tasks."""
    for name in ("hooks", "tasks"):
        (tmp_path / name).mkdir()
    (tmp_path / "hooks/before.yml").write_text("- ansible.builtin.import_tasks: more.yml\n", encoding="utf-8")
    (tmp_path / "tasks/more.yml").write_text("- ansible.builtin.meta: noop\n", encoding="utf-8")
    (tmp_path / "inventory.yml").write_text(NOBODY, encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", "inventory.yml", "quiesce.maintenance.enable", "-e", f"quiesce_store_path={tmp_path / 'records'}"),
        ],
        cwd=tmp_path,
        env=environment_of(tmp_path, tmp_path / "results.jsonl", None),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PLAY [Refuse options that cannot be used]" in done.stdout
    assert "PLAY [Put the gates into maintenance mode]" in done.stdout, done.stdout

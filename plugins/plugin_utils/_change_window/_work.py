# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The work of a change window: a task file, a role, a playbook, or a person. It is looked at before anything changes.

Task files and roles run on the hosts of the window. A playbook is a process of its own, and a person is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._child_playbook import (
    ChildPlaybook,
    playbook_file,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import documents, existing, task_file

TASKS, ROLE, PLAYBOOK, PERSON = "tasks", "role", "playbook", "person"
_IN_A_COLLECTION = re.compile(r"\w+(\.\w+){2,}")
_PROMPT = "Press Enter when the work is done, Ctrl+C if it failed"


@dataclass(frozen=True)
class Work:
    """What is to be done, and what runs: the path of a task file, of a role or of a playbook, the name of one in a
    collection, or what a person is asked."""

    kind: str
    name: str

    @property
    def on_hosts(self) -> bool:
        """Whether it runs on every host of the window; else once, on the controller."""
        return self.kind in (TASKS, ROLE)

    def result(self) -> dict[str, str]:
        """Return it as a task's result."""
        return {"kind": self.kind, "name": self.name}


def work_of(action: MaintenanceAction, work: str, pause: str, child: ChildPlaybook) -> Work:
    """Return the work that the variables ``window_work`` and ``window_pause`` give.

    ``child`` runs a playbook. Raises ``Invalid`` or ``Failure`` for work that nobody can or would do.
    """
    prompt = _prompt(pause)
    if work.strip() and prompt:
        raise Invalid("pause", "there is window_work, too", "Give one of them: the work of a person, or a file")
    if prompt:
        ask_for_a_terminal(action)
        return Work(PERSON, prompt)
    if not work.strip():
        raise Invalid("work", "there is none", "Give a task file, a role or a playbook, or window_pause for a person")
    return _by_name(action, work.strip(), child)


def ask_for_a_terminal(action: MaintenanceAction) -> None:
    """Raise ``Failure`` if nobody can be asked: without a terminal, in the background of one, or in a job of AWX, which
    has one that nobody sees."""
    try:
        if action.in_a_job:
            raise AnsibleError("it is a job")
        # Ansible reads the terminal in its main process; with no time to answer, this only asks whether there is one.
        Display().prompt_until("Somebody is asked to go on when the work is done.\r", seconds=0)
    except AnsibleError as error:
        raise Failure(
            "wait for a person",
            "",
            f"there is no terminal ({error})",
            "Run it from a shell, or give the work with window_work. In AWX put an approval node between enable and "
            "disable",
        ) from error


def _prompt(pause: str) -> str:
    """Return what a person is asked. ``yes`` stands for the usual question, ``no`` and nothing for none."""
    text = pause.strip()
    if text.lower() in BOOLEANS_FALSE or not text:
        return ""
    return _PROMPT if text.lower() in BOOLEANS_TRUE else text


def _by_name(action: MaintenanceAction, name: str, child: ChildPlaybook) -> Work:
    if "/" not in name and not name.endswith((".yml", ".yaml", ".json")):
        return _without_a_path(action, name, child)
    path = existing(action, "work", name)
    if path.is_dir():
        return _role(action, _as_path(path))
    plays = documents(action, "work", str(path))
    if not plays:
        raise _no_tasks(str(path))
    if any(isinstance(play, Mapping) and _is_play(play) for play in plays):
        child.check(str(path))
        return Work(PLAYBOOK, str(path))
    return Work(TASKS, task_file(action, "work", name))


def _is_play(play: Mapping[str, Any]) -> bool:
    return "hosts" in play or any(key.rpartition(".")[2] == "import_playbook" for key in play)


def _without_a_path(action: MaintenanceAction, name: str, child: ChildPlaybook) -> Work:
    if _IN_A_COLLECTION.fullmatch(name):
        try:
            return _role(action, name)
        except Invalid as no_role:
            if playbook_file(name) is None:
                said = f"{no_role.answer}; there is no playbook of this name, either"
                raise Invalid("work", said, no_role.remedy) from no_role
            child.check(name)
            return Work(PLAYBOOK, name)
    # Not where include_role would look first: among the roles of this collection.
    places = [
        *(folder / "roles" for folder in action.folders()),
        *map(Path, vars(constants)["DEFAULT_ROLES_PATH"]),
    ]
    path = next((place / name for place in places if (place / name).is_dir()), None)
    if path is None:
        raise Invalid(
            "work",
            f'there is no role "{name}" in {", ".join(map(str, places))}',
            "Give the name of a role, or the path of a task file or a playbook",
        )
    return _role(action, _as_path(path))


def _as_path(role: Path) -> str:
    """Return the path of a role so that Ansible takes it for one. From a role of a collection, it looks among that
    collection's roles first, where an absolute path leads out of them: it would be a role of this collection, without
    the modules and filters in its own folders. The name of one in a collection has no dot alone."""
    return f"{role.parent}/./{role.name}"


def _role(action: MaintenanceAction, name: str) -> Work:
    """Return a role, read with all that it imports."""
    known = {"variable_manager": action.task_vars["hostvars"]._variable_manager, "loader": action._loader}
    try:
        play = Play.load({"hosts": "localhost"}, **known)
        include = IncludeRole.load({"ansible.builtin.include_role": {"name": name}}, role=action._task._role, **known)
        blocks, _handlers = include.get_block_list(play=play, **known)
    except AnsibleError as error:
        said = " ".join(str(error).split())[:300]
        raise Invalid(
            "work", f"{name.replace('/./', '/')} cannot be read as a role: {said}", "Correct it, or its name"
        ) from error
    if not _does_something(blocks):
        raise _no_tasks(name.replace("/./", "/"))
    return Work(ROLE, name)


def _does_something(tasks: Sequence[Block | Task]) -> bool:
    """Whether there is a task besides those that Ansible adds. For it, every folder is a role."""
    return any(_does_something(each.block) if isinstance(each, Block) else not each.implicit for each in tasks)


def _no_tasks(name: str) -> Invalid:
    return Invalid("work", f"{name} has no tasks", "Give a task file, a role or a playbook that does something")

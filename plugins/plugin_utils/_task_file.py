# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Task files of the user's, looked at before anything is switched: an error in one would end the whole run half way."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.play import Play
from ansible.playbook.role import Role
from ansible.playbook.role.include import RoleInclude
from ansible.playbook.task_include import TaskInclude
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


def found(action: MaintenanceAction, file: str) -> Path:
    """Return the path of a file: a relative one begins at the first of the user's folders that has such a file."""
    # Not where include_tasks would look first: among the files of this collection's own role.
    paths = [folder / Path(file.strip()).expanduser() for folder in action.folders()]
    return next((path for path in paths if path.exists()), paths[0])


def existing(action: MaintenanceAction, name: str, file: str) -> Path:
    """Return the path of a file as ``found`` does. Raises ``Invalid`` where there is none."""
    path = found(action, file)
    if not path.exists():
        given = Path(file.strip()).expanduser()
        folders = dict.fromkeys(str((folder / given).parent) for folder in action.folders())
        raise Invalid(
            name,
            f"there is no file {given.name} in {', '.join(folders)}",
            "Give its path; a relative one begins at the folder of the playbook or at the working directory",
        )
    return path


def documents(action: MaintenanceAction, name: str, path: str) -> list[Any]:
    """Return the list in a YAML file. ``name`` is the variable that gives it. Raises ``Invalid``."""
    load: Callable[..., object] = action._loader.load_from_file
    # Since ansible-core 2.19 only what is trusted is a template.
    trusted = {"trusted_as_template": True} if "trusted_as_template" in signature(load).parameters else {}
    try:
        content = load(path, **trusted)
    except AnsibleError as error:
        raise _unreadable(name, path, error) from error
    if not isinstance(content, list):
        raise Invalid(name, f"{path} is not a list of tasks", "Give a task file")
    return content


def task_file(action: MaintenanceAction, name: str, file: str, *, role: str = "") -> str:
    """Return the path of the task file that the variable ``name`` gives, "" if it gives none.

    ``role`` is the one that is going to run it, if it is not that of the task: Ansible looks there, too, for what the
    file imports. Raises ``Invalid`` for one that nobody can or would run.
    """
    if not file.strip():
        return ""
    path = str(existing(action, name, file))
    tasks = documents(action, name, path)
    if not all(isinstance(task, dict) and "hosts" not in task for task in tasks):
        raise Invalid(name, f"{path} is not a list of tasks", "Give a task file, not a playbook")
    known = {"variable_manager": action.task_vars["hostvars"]._variable_manager, "loader": action._loader}
    try:
        play = Play.load({"hosts": "localhost"}, **known)
        of = Role.load(RoleInclude.load(role, play=play, **known), play) if role else action._task._role
        include = TaskInclude.load({"ansible.builtin.include_tasks": path}, role=of, **known)
        # As Ansible does it, with all that the file imports; what it includes is read when it gets there.
        load_list_of_blocks(tasks, play, parent_block=include, role=include._role, **known)
    except AnsibleError as error:
        raise _unreadable(name, path, error) from error
    return path


def _unreadable(name: str, path: str, error: AnsibleError) -> Invalid:
    said = " ".join(str(error).split())[:300]
    return Invalid(
        name,
        f"{path} cannot be read as a task file: {said}",
        "Correct it, or give the path of another one",
    )

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which systems the hosts of a run are, and who switches which of them in which wave. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import translate
from typing import Any

from ansible.inventory.manager import PATTERN_WITH_SUBSCRIPT, split_host_pattern
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, System

VARIABLE = "quiesce_systems"
"""The variable in which a host says which systems it is; without it the groups that are called after them count."""


@dataclass(frozen=True)
class Member:
    """A host of the run: the systems that it is, who manages them, and which of them have task files."""

    host: str
    systems: tuple[str, ...]
    managers: Mapping[str, str] = field(default_factory=dict)
    with_task_files: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """What one host does in a wave: one system, for itself or for all ``members`` of its ``manager``.

    ``windows`` are those that are closed; none means the one that the variables name.
    """

    system: str
    members: tuple[str, ...] = ()
    manager: str = ""
    windows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estate:
    """The hosts of a run. ``lost`` failed in a play before; by ``run`` its results are told from older ones.

    ``only`` limits it to these windows, by host and system: they are closed or, on the way in, get the end ``expires``.
    ``untouched`` are systems, by host, that the change did not switch, so that no gate waits for them.
    """

    members: tuple[Member, ...]
    register: Mapping[str, System]
    lost: tuple[str, ...] = ()
    run: str = ""
    only: Mapping[str, Mapping[str, Sequence[str]]] | None = None
    untouched: Mapping[str, Sequence[str]] = field(default_factory=dict)
    expires: str = ""

    def tasks(self, wave: str, *, by_role: bool = False) -> dict[str, list[Task]]:
        """Return what each host does in a wave, by its role if it has task files, else by the module.

        The systems that one host manages are switched together, by the first of the hosts that have it as manager; if
        they have options of their own, those with the same ones.
        """
        found: dict[str, list[Task]] = {}
        managed: dict[tuple[str, str, str], list[str]] = {}
        for member in self.members:
            for system in member.systems:
                if self.register[system].wave != wave or (system in member.with_task_files) is not by_role:
                    continue
                if manager := member.managers.get(system):
                    together = (system, manager, member.options.get(system, ""))
                    managed.setdefault(together, []).append(member.host)
                else:
                    found.setdefault(member.host, []).append(Task(system))
        for (system, manager, _options), hosts in managed.items():
            found.setdefault(hosts[0], []).append(Task(system, tuple(hosts), manager))
        return found if self.only is None else _limited(found, self.only)

    def result(self) -> dict[str, Any]:
        """Return the estate as a task's result: what each host is, and what it does in each wave."""

        def shown(tasks: Mapping[str, Sequence[Task]]) -> dict[str, list[dict[str, Any]]]:
            return {
                host: [
                    {"system": task.system}
                    | ({"manager": task.manager, "members": list(task.members)} if task.manager else {})
                    | ({"windows": list(task.windows)} if task.windows else {})
                    for task in each
                ]
                for host, each in tasks.items()
            }

        return {
            "run": self.run,
            "lost": list(self.lost),
            "expires": self.expires,
            "untouched": {host: list(systems) for host, systems in self.untouched.items()},
            "hosts": {
                member.host: list(member.systems)
                for member in self.members
                if self.only is None or member.host in self.only
            },
            "waves": {
                wave: {"module": shown(self.tasks(wave)), "role": shown(self.tasks(wave, by_role=True))}
                for wave in WAVES
            },
        }


def _limited(
    tasks: Mapping[str, Sequence[Task]], only: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, list[Task]]:
    limited = {
        host: [replace(task, windows=tuple(windows)) for task in each if (windows := only[host].get(task.system))]
        for host, each in tasks.items()
        if host in only
    }
    return {host: each for host, each in limited.items() if each}


def systems_of(given: object, groups: Iterable[str], register: Mapping[str, System]) -> tuple[str, ...]:
    """Return the systems that a host is: those in its variable, a list or a text, or else its groups.

    Raises ``Invalid`` for a name that is no system.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return tuple(name for name in register if name in set(groups))
    names = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(names, Sequence):
        raise Invalid(VARIABLE, f'"{given}" is not a list of systems', f"Use a list of: {', '.join(register)}")
    for name in names:
        if name not in register:
            raise Invalid(VARIABLE, f'"{name}" is not a system', f"Use a list of: {', '.join(register)}")
    return tuple(dict.fromkeys(names))


def own_options(system: System, variables: Mapping[str, Any]) -> str:
    """Return a host's variables for a system that another one manages, as a text that tells different ones apart.

    A template is its text here: hosts of a group share it, and rendering it may be costly.
    """
    return repr(sorted((name, variables[name]) for name in variables if name not in (system.manager, system.member)))


def meaning_nobody(limit: str, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the parts of a limit that no host and no group fits: a typing error, of which Ansible only warns.

    ``groups`` are the inventory's groups with their hosts. Files (@) are Ansible's own affair.
    """
    known = [*groups, *groups["all"]]
    parts = [part.lstrip("!&") for part in split_host_pattern(limit)]
    patterns = {part: _pattern(part) for part in parts if part and not part.startswith("@")}
    return [part for part, pattern in patterns.items() if not any(pattern.match(each) for each in known)]


def _pattern(part: str) -> re.Pattern[str]:
    """Return what a part of a limit fits; a position behind it, "web[0]" or "web[1:2]", chooses among those."""
    if part.startswith("~"):
        return re.compile(part[1:])
    positions = PATTERN_WITH_SUBSCRIPT.match(part)
    return re.compile(translate(positions[1] if positions else part))


def check(
    members: Sequence[Member],
    strangers: Sequence[str],
    limit: str | None,
    nobody: Sequence[str],
    register: Mapping[str, System],
) -> None:
    """Refuse a run that would switch nothing, or not just what it was limited to. Raises ``Failure``.

    ``limit`` is None if none was given; Ansible takes a blank one for every host. ``strangers`` are hosts that are no
    system: without a limit they have a right to be in the inventory. ``nobody`` are parts of it that mean no host.
    """
    if limit is not None and not limit.strip(" ,:"):
        raise Failure(
            "find the systems",
            "a blank limit",
            "Ansible takes it for every host of the inventory",
            "Nothing was done. Name the systems in the limit, or leave it out",
        )
    if nobody:
        raise Failure(
            "find the systems",
            f"the limit {limit}",
            f"no host and no group of the inventory is called {', '.join(nobody)}",
            "Nothing was done. Correct the limit",
        )
    looked_for = f"hosts with {VARIABLE}, or in the groups {', '.join(register)}"
    if not members:
        raise Failure(
            "find a system",
            f"the limit {limit}" if limit else "the inventory",
            f"none of its hosts is one; expected {looked_for}",
            "Nothing was done. Name a host that is a system, or set quiesce_systems on it",
        )
    managers = {manager for member in members for manager in member.managers.values()}
    strangers = [host for host in strangers if host not in managers]  # it has its part in the run
    if limit and strangers:
        verb = "is not a system" if len(strangers) == 1 else "are not systems"
        raise Failure(
            "find the systems",
            f"the limit {limit}",
            f"{', '.join(strangers)} {verb}; expected {looked_for}",
            "Nothing was done. Remove these hosts from the limit",
        )
